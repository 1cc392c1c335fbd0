/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the files of the state file share. doc/state.md has the format. */

#ifndef STATE_INTERNAL_H
#define STATE_INTERNAL_H

#include "init_internal.h"
#include "spdk/json.h"
#include "spdk/queue.h"
#include "spdk_internal/env.h"
#include "spdk_internal/state.h"

struct rpc_method;
struct spdk_jsonrpc_request;

/* The format that this program writes, and the newest that it reads. */
#define STATE_VERSION 1
/* Longest line. A request is 256 KiB at most; escapes may make it longer. */
#define STATE_LINE_MAX (2 * 1024 * 1024)
#define STATE_FILE_MAX (256 * 1024 * 1024)

struct state_buf {
	char *data;
	size_t len;
	size_t cap;
	bool failed; /* memory was short: what is in it is not whole */
};

void state_buf_append(struct state_buf *buf, const void *data, size_t len);
/* A JSON writer into the buffer; NULL when out of memory. */
struct spdk_json_write_ctx *state_buf_write_begin(struct state_buf *buf);
void state_buf_free(struct state_buf *buf);

/* ---- state_text.c: lines. Pure ---- */

struct state_record {
	uint32_t line; /* from 1 */
	char *text;    /* `values` point into it */
	struct spdk_json_val *values;
	const struct spdk_json_val *method;
	const struct spdk_json_val *params; /* NULL: none */
	/* Set by the replay: */
	bool second_pass; /* runs in RUNTIME */
	bool left_out;    /* it can't run */
};

struct state_content {
	uint64_t gen;
	struct state_record *records;
	size_t num_records;
	size_t good_bytes;  /* up to the end of the last whole line */
	uint32_t torn_line; /* its number; 0: the file ends with a whole line */
};

/* What is wrong with a text, and what to do. */
struct state_error {
	uint32_t line;
	char reason[200];
	char remedy[200];
};

/*
 * Read a whole file. 0 and *content, for state_content_free(), or -EINVAL and *error, or -ENOMEM.
 * *content is empty then. \p path is for the remedy only.
 */
int state_read(const char *path, const char *data, size_t len, struct state_content *content,
               struct state_error *error);
void state_content_free(struct state_content *content);

/* The first line. */
void state_append_header(struct state_buf *out, uint64_t gen);
/* A line for a change; \p params may be NULL. */
void state_append_record(struct state_buf *out, uint64_t seq, const struct spdk_json_val *method,
                         const struct spdk_json_val *params);

/* ---- state_store.c: the file. Blocks: at start or on a helper thread, one call at a time ---- */

struct state_store {
	char *path;
	char *new_path; /* while it is rewritten */
	char *lock_path;
	int lock_fd;
	int fd;             /* -1: the file is not there yet */
	uint64_t gen;       /* 0: none */
	uint64_t next_seq;  /* of the next record */
	uint64_t len;       /* bytes; all of them good */
	uint64_t space_end; /* so long it may grow without -ENOSPC */
	/* The end of the file, or its name, is not known to be good: only a rewrite helps. */
	bool uncertain;
};

/* 0 with *content, empty when there is no file; else logged. */
int state_store_open(struct state_store *store, const char *path, struct state_content *content);
void state_store_close(struct state_store *store);
/* Set space aside for one more record of \p len bytes. 0, -ENOSPC and so on. */
int state_store_reserve(struct state_store *store, size_t len);
/* Write one record at the end, durably. It is the only one not synced, ever: what a crash can tear
 * is the last line. */
int state_store_append(struct state_store *store, const struct state_buf *line);
/* Put \p text in place of the file, durably, at once or not at all. It has \p num_records. */
int
state_store_rewrite(struct state_store *store, const struct state_buf *text, uint64_t num_records);

/* ---- state_params.c: the parameters of a change, in memory of its request ---- */

struct state_change {
	struct spdk_jsonrpc_request *request;
	const struct rpc_method *method;
	const struct spdk_json_val *params; /* completed before it runs; NULL: none */
	STAILQ_ENTRY(state_change) link;
};

/* The result of a held request as a value. NULL when memory is short. */
const struct spdk_json_val *state_parse_result(struct spdk_jsonrpc_request *request);
/* The parameters as if all had been given: with what is made up before the change (result NULL), or
 * by it. 0, -ENOMEM. */
int state_complete_params(struct state_change *change, const struct spdk_json_val *result);
/* How long the record of a change may get, in bytes. */
size_t state_record_bound(const struct state_change *change);

/* ---- state_config.c ---- */

/* Where the writing of a whole file stands, with what brings the program into its present state. */
struct state_config {
	struct state_buf *out;
	struct subsystem_list list;
	size_t next;               /* of them */
	struct rpc_pieces *pieces; /* of that; NULL: not begun */
	uint64_t seq;              /* of the next record */
	int rc;
};

/* 0, or -ENOMEM and so on: end it all the same. */
int state_config_begin(struct state_config *config, struct state_buf *out, uint64_t gen);
/* What one step may do; whether there is more. */
bool state_config_slice(struct state_config *config);
/* 0 and the number of records, or why it failed: -EINVAL, -ENOMEM. */
int state_config_end(struct state_config *config, uint64_t *num_records);

/* ---- state_replay.c ---- */

struct state_replay {
	const char *path;
	struct state_content content;
	bool sorted;     /* second_pass of each record is known */
	bool any_failed; /* and was left out */
	bool calling;    /* the dispatcher runs for us */
	/* While it runs: */
	struct spdk_thread *thread;
	spdk_subsystem_init_fn cb_fn; /* NULL: it does not run */
	void *cb_arg;
	bool stop_on_error;
	bool waiting; /* for what the last change set off, before the next */
	int rc;
	size_t next;
};

void state_replay_start(struct state_replay *replay, spdk_subsystem_init_fn cb_fn, void *cb_arg,
                        bool stop_on_error);

/* ---- state.c, and its deadline in state_busy.c ---- */

enum state_phase {
	STATE_REST,
	STATE_RESERVING,
	STATE_CHANGING,
	STATE_APPENDING,
	STATE_REWRITING,
};

struct state {
	struct state_store store;
	struct state_replay replay;
	struct spdk_thread *thread;
	enum state_phase phase;
	uint64_t phase_began;      /* ticks */
	bool told;                 /* the log knows that this phase is long */
	struct spdk_poller *timer; /* NULL: nobody waited at the last look */
	bool fresh;
	bool begin_empty; /* the first file has no records */
	bool recording;   /* begun, and not ended */
	STAILQ_HEAD(, state_change) waiting;
	struct state_change *current;
	struct env_work work;
	int work_rc;
	struct state_buf buf;       /* of the work: a record, or a whole file */
	size_t reserve_bytes;       /* of the work */
	struct state_config config; /* of the rewrite, until its text is complete */
	uint64_t num_records;       /* of the rewrite */
	uint64_t rewritten_len;     /* bytes, after the last rewrite or attempt; 0: none yet */
	spdk_subsystem_init_fn replayed_fn;
	void *replayed_arg;
	spdk_subsystem_init_fn begin_fn; /* NULL: nobody waits */
	spdk_subsystem_fini_fn end_fn;   /* NULL: nobody waits */
	void *cb_arg;
};

/* A change waits: look once a second whether it waits too long. */
void state_watch_busy(struct state *s);
/* Refuse a new one if it would wait too long already; whether it was. */
bool state_refuse_busy(struct state *s, struct spdk_jsonrpc_request *request,
                       const struct rpc_method *method);

#endif /* STATE_INTERNAL_H */
