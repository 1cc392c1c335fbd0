/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * bdevperf: I/O of one kind on block devices, and what came of it.
 *
 * A job is one bdev driven from one spdk_thread. The app thread makes jobs, starts them together,
 * and prints; each job belongs to its own thread from job_open() to job_close(). Counters that the
 * app thread prints while a job runs are read without a lock: a figure may be a moment old.
 */

#ifndef BDEVPERF_H
#define BDEVPERF_H

#include "spdk/bdev.h"
#include "spdk/cpuset.h"
#include "spdk/histogram_data.h"
#include "spdk/stdinc.h"
#include "spdk/thread.h"
#include "spdk/zipf.h"

/** What an I/O of a workload is. */
enum workload_kind {
	KIND_RW,     /* reads, writes or a mix */
	KIND_VERIFY, /* write, read back, compare */
	KIND_UNMAP,
	KIND_FLUSH,
	KIND_WRITE_ZEROES,
};

struct workload {
	const char *name;
	enum workload_kind kind;
	bool random;
	int read_percent; /* -1: as -M says */
	bool resets;      /* the device is reset now and then */
};

/** Command line and RPC. */
struct options {
	const struct workload *workload;
	int queue_depth;
	uint64_t io_size;
	int time_sec;
	int read_percent; /* -1: not given */
	int timeout_sec;
	int show_period_sec; /* 0: one line, each second */
	int ema_periods;
	int latency; /* 1: percentiles, 2: histogram too */
	double zipf_theta;
	uint64_t io_count;      /* of each job; 0: until the time is over */
	uint64_t buffer_offset; /* bytes that buffers are off their alignment */
	const char *bdev_name;
	bool wait_for_rpc;
	bool continue_on_failure;
	bool every_core;
	bool share_thread;
	bool plain_memory;
	bool abort_on_timeout;
	bool no_repeat;
	bool unique_writes;
	bool hide_metadata;
};
extern struct options g_options;

const struct workload *workload_find(const char *name);

struct job;

struct task {
	struct job *job;
	struct iovec iov;
	void *buf; /* as allocated */
	void *verify_buf;
	uint64_t offset_blocks;
	enum spdk_bdev_io_type type;
	struct spdk_bdev_io_wait_entry wait;
	TAILQ_ENTRY(task) link;
};

struct job {
	char *name; /* of the bdev */
	struct spdk_thread *thread;
	bool owns_thread;
	uint32_t core;
	char core_mask[SPDK_CPUSET_SIZE / 4 + 1]; /* in hexadecimal */
	int status;                               /* the first failure, a negative errno */

	/* The job's thread. */
	struct spdk_bdev_desc *desc;
	struct spdk_io_channel *ch;
	uint32_t block_size;
	uint32_t io_blocks;
	uint64_t first_unit; /* the job's range of the bdev, in units of one I/O */
	uint64_t num_units;
	uint64_t next_unit;
	uint64_t rand_state;
	struct spdk_zipf *zipf;
	uint64_t *used; /* -D: a bit a unit of this round */
	uint64_t num_used;
	uint64_t *busy; /* verify: a bit a unit that is being written or read back */
	int depth;      /* I/O under way */
	bool draining;
	bool finished;
	bool resetting;
	uint64_t stamp; /* -U */
	struct spdk_poller *end_timer;
	struct spdk_poller *reset_timer;
	TAILQ_HEAD(, task) tasks;

	uint64_t submitted;
	uint64_t completed;
	uint64_t failed;
	uint64_t timed_out;
	uint64_t start_tsc;
	uint64_t run_ticks;
	struct spdk_bdev_io_stat stat;         /* of the run */
	struct spdk_histogram_data *histogram; /* ticks */

	/* App thread. */
	uint64_t prev_completed;
	double ema_iops;
	TAILQ_ENTRY(job) link;
};
TAILQ_HEAD(job_list, job);

/* job.c: on the job's thread, but for job_new() and job_free() */
struct job *job_new(const char *bdev_name, uint32_t core, uint32_t part, uint32_t num_parts);
void job_open(void *job);  /* answers by jobs_opened() */
void job_run(void *job);   /* answers by job_finished() */
void job_close(void *job); /* answers by job_closed() */
void job_drain(struct job *job);
void job_free(struct job *job);

/* io.c: on the job's thread */
int task_new(struct job *job);
void task_free(struct task *task);
/** Submit the next I/O of the job with \p task, or let it rest when the job drains. */
void task_submit(struct task *task);

/* run.c: app thread */
/** Run the present options on all jobs; \p done on the app thread. */
void run_tests(void (*done)(void *arg, int rc), void *arg);
void job_opened(void *job);
void job_finished(void *job);
void job_closed(void *job);
bool run_is_active(void);
/** Let it end as soon as the I/O under way has. */
void run_stop(void);
/** I/Os with io_count, else microseconds. */
void run_get_progress(uint64_t *done, uint64_t *total);
extern struct job_list g_jobs;

/* report.c: app thread */
void report_progress(uint64_t period_ticks);
void report_final(void);
struct spdk_json_write_ctx;
void report_json(struct spdk_json_write_ctx *w);

/* rpc.c */
void rpc_register(void);

#endif /* BDEVPERF_H */
