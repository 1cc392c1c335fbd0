/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * What the files of spdk_nvme_perf share.
 *
 *	targets.c   controllers and namespaces
 *	worker.c    one for each core: queue pairs, I/O, time
 *	task.c      one I/O: offset, submit, completion, check
 *	report.c    the tables
 *	options.c   the command line; values.c: what its values may be
 */

#ifndef PERF_H
#define PERF_H

#include "spdk/env.h"
#include "spdk/histogram_data.h"
#include "spdk/nvme.h"
#include "spdk/queue.h"
#include "spdk/util.h"
#include "spdk/zipf.h"

#define PERF_NAME_MAX 1024
#define PERF_TRIDS_MAX 16

struct perf_trid {
	struct spdk_nvme_transport_id trid;
	uint32_t nsid; /* 0: all */
	char hostnqn[SPDK_NVMF_NQN_MAX_LEN + 1];
	struct spdk_nvme_host_id host; /* empty: any address */
};

struct perf_opts {
	struct perf_trid trids[PERF_TRIDS_MAX];
	uint32_t num_trids;
	uint32_t io_size_bytes;
	uint32_t io_unit_bytes; /* -O; 0: contiguous */
	uint32_t queue_depth;
	uint32_t num_qpairs;
	uint32_t num_unused_qpairs;
	uint32_t io_queue_size; /* 0: as the depth needs */
	uint32_t read_percent;
	uint32_t buffer_align;
	uint32_t completions_per_poll;
	uint32_t keep_alive_ms;
	uint32_t quiet_count; /* -Q: continue, log each Nth error */
	uint64_t time_s;
	uint64_t warmup_s;
	uint64_t num_ios; /* 0: by time */
	uint32_t num_ios_percent;
	uint32_t io_flags;
	uint32_t latency_level; /* 1: summary, 2: histogram */
	double zipf_theta;
	uint8_t transport_tos;
	bool is_random;
	bool continue_on_error;
	bool header_digest;
	bool data_digest;
	bool no_shn;
	bool use_every_core;
	bool cpu_usage;
	bool transport_stats;
	bool disable_sq_flow_control;
	bool disable_sq_cmb;
	bool verify;
	const char *workload;
};

struct perf_ctrlr {
	struct spdk_nvme_ctrlr *ctrlr;
	struct spdk_nvme_qpair **unused_qpairs;
	TAILQ_ENTRY(perf_ctrlr) link;
};

struct perf_ns {
	struct spdk_nvme_ctrlr *ctrlr;
	struct spdk_nvme_ns *ns;
	uint64_t num_ios; /* places of io_size in it */
	uint32_t blocks_per_io;
	uint32_t block_bytes;
	struct spdk_zipf *zipf;
	char name[PERF_NAME_MAX];
	TAILQ_ENTRY(perf_ns) link;
};

struct perf_ns_worker;

/** One I/O in flight; submitted again and again. */
struct perf_task {
	struct perf_ns_worker *nsw;
	struct spdk_nvme_qpair *qpair;
	uint8_t *buf;
	struct iovec *iovs; /* -O: pieces of buf */
	uint32_t iovcnt;
	uint32_t iov_pos; /* of the walk in progress */
	uint32_t iov_offset;
	uint32_t index;
	uint64_t place; /* which io_size of the namespace */
	uint64_t stamp; /* what --verify wrote */
	uint64_t submit_tsc;
	bool is_read;
	bool checks; /* a read back of --verify */
};

/** A namespace on a core. Owned by the worker's thread. */
struct perf_ns_worker {
	struct perf_ns *ns;
	struct perf_worker *worker;
	struct spdk_nvme_poll_group *group;
	struct spdk_nvme_qpair **qpairs;
	struct perf_task *tasks;
	uint32_t num_tasks;
	uint32_t outstanding;
	bool is_draining;
	uint64_t random;
	uint64_t next_place;
	uint64_t ios_left; /* -d */

	/* Since the warm-up ended. */
	uint64_t ios_done;
	uint64_t errors;
	uint64_t total_tsc;
	uint64_t min_tsc;
	uint64_t max_tsc;
	struct spdk_histogram_data *histogram;
	struct spdk_nvme_tcp_stat tcp_stat; /* --transport-stats */
	TAILQ_ENTRY(perf_ns_worker) link;
};

struct perf_worker {
	uint32_t lcore;
	TAILQ_HEAD(, perf_ns_worker) ns_workers;
	uint64_t start_tsc;   /* of the measured time */
	uint64_t elapsed_tsc; /* its length */
	uint64_t busy_polls;
	uint64_t idle_polls;
	int status;
	bool has_ended; /* relaxed: read by the main thread meanwhile */
	TAILQ_ENTRY(perf_worker) link;
};
TAILQ_HEAD(perf_workers, perf_worker);
TAILQ_HEAD(perf_namespaces, perf_ns);

extern struct perf_opts g_opts;
extern struct perf_namespaces g_namespaces;
extern struct perf_workers g_workers;
extern volatile bool g_stop;

/* options.c: -1 to go on, else the exit status */
int perf_parse_args(int argc, char **argv, struct spdk_env_opts *env_opts);

/* targets.c */
int perf_attach_all(void);
void perf_detach_all(void);
void perf_poll_admin(void);

/* worker.c */
int perf_workers_create(void);
void perf_workers_free(void);
int perf_worker_run(void *arg);
/** Main thread: keep the controllers alive until every worker has ended. */
void perf_workers_wait(void);

/* task.c */
int perf_tasks_create(struct perf_ns_worker *nsw);
void perf_tasks_free(struct perf_ns_worker *nsw);
void perf_tasks_start(struct perf_ns_worker *nsw);

/* report.c */
void perf_report(void);
void perf_print_line_of(char c, int count);

#endif /* PERF_H */
