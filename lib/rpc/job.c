/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Jobs, and the methods about them. App thread.
 *
 *	begin -> RUNNING -> (job_cancel) CANCELING -> end -> DONE, FAILED or CANCELED
 *
 * A job that runs belongs to who began it; one that has ended to the list of those, which keeps the
 * last few. When the servers are gone nobody can ask: that list is emptied then, and what ends
 * later is freed at once.
 */

#include "basalt/job.h"
#include "rpc_internal.h"
#include "spdk/env.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/rpc.h"
#include "spdk_internal/rpc_pieces.h"
#include "spdk_internal/system_state.h"

extern const struct rpc_table job_rpc_table;

enum job_state {
	JOB_RUNNING,
	JOB_CANCELING,
	JOB_DONE,
	JOB_FAILED,
	JOB_CANCELED,
};

static const char *const g_state_names[] = {
	[JOB_RUNNING] = "running", [JOB_CANCELING] = "canceling", [JOB_DONE] = "done",
	[JOB_FAILED] = "failed",   [JOB_CANCELED] = "canceled",
};

struct basalt_job {
	uint64_t id;
	enum job_state state;
	int rc; /* of the end */
	char *name;
	char *description; /* NULL: none */
	char *unit;        /* NULL: none */
	void (*get_progress)(void *ctx, uint64_t *done, uint64_t *total);
	void (*cancel)(void *ctx);
	void *ctx;
	uint64_t begin_ticks;
	/* What it was at the end. */
	uint64_t ticks;
	uint64_t done;
	uint64_t total;
	TAILQ_ENTRY(basalt_job) link;
};
TAILQ_HEAD(job_list, basalt_job);

static SYSTEM_STATE struct {
	struct job_list running;
	struct job_list ended; /* the oldest first */
	uint32_t num_ended;
	uint64_t last_id;
	bool stopped; /* with jobs that run: nobody will ask any more */
} g_jobs = {
	.running = TAILQ_HEAD_INITIALIZER(g_jobs.running),
	.ended = TAILQ_HEAD_INITIALIZER(g_jobs.ended),
};

static void
job_free(struct basalt_job *job)
{
	if (job != NULL) {
		free(job->name);
		free(job->description);
		free(job->unit);
		free(job);
	}
}

/* A copy of what may be NULL. False: no memory. */
static bool
copy_text(char **copy, const char *text)
{
	*copy = text != NULL ? strdup(text) : NULL;
	return text == NULL || *copy != NULL;
}

/* The caller's options, NULL for those that are newer than it. */
static int
opts_read(const struct basalt_job_opts *opts, struct basalt_job_opts *whole)
{
	if (opts == NULL || opts->opts_size < SPDK_SIZEOF(opts, opts_size)) {
		return -EINVAL;
	}
	memset(whole, 0, sizeof(*whole));
	memcpy(whole, opts, spdk_min(opts->opts_size, sizeof(*whole)));
	return whole->name != NULL ? 0 : -EINVAL;
}

int
basalt_job_begin(const struct basalt_job_opts *_opts, struct basalt_job **_job)
{
	struct basalt_job_opts opts;
	struct basalt_job *job;

	if (opts_read(_opts, &opts) != 0) {
		return -EINVAL;
	}
	job = calloc(1, sizeof(*job));
	if (job == NULL || !copy_text(&job->name, opts.name) ||
	    !copy_text(&job->description, opts.description) || !copy_text(&job->unit, opts.unit)) {
		job_free(job);
		return -ENOMEM;
	}
	job->id = ++g_jobs.last_id;
	job->get_progress = opts.get_progress;
	job->cancel = opts.cancel;
	job->ctx = opts.ctx;
	job->begin_ticks = spdk_get_ticks();
	TAILQ_INSERT_TAIL(&g_jobs.running, job, link);
	*_job = job;
	return 0;
}

uint64_t
basalt_job_get_id(const struct basalt_job *job)
{
	return job->id;
}

bool
basalt_job_is_canceled(const struct basalt_job *job)
{
	return job->state == JOB_CANCELING;
}

static bool
job_is_running(const struct basalt_job *job)
{
	return job->state == JOB_RUNNING || job->state == JOB_CANCELING;
}

/* How long it has run and how far it is, as of now. */
static void
job_look(struct basalt_job *job)
{
	if (job_is_running(job)) {
		job->ticks = spdk_get_ticks() - job->begin_ticks;
		if (job->get_progress != NULL) {
			job->get_progress(job->ctx, &job->done, &job->total);
		}
	}
}

static void
ended_drop_oldest(void)
{
	struct basalt_job *job = TAILQ_FIRST(&g_jobs.ended);

	TAILQ_REMOVE(&g_jobs.ended, job, link);
	g_jobs.num_ended--;
	job_free(job);
}

void
basalt_job_end(struct basalt_job *job, int rc)
{
	assert(job_is_running(job) && rc <= 0);
	job_look(job);
	job->state = rc == 0 ? JOB_DONE : rc == -ECANCELED ? JOB_CANCELED : JOB_FAILED;
	job->rc = rc;
	TAILQ_REMOVE(&g_jobs.running, job, link);
	if (g_jobs.stopped) {
		job_free(job);
		g_jobs.stopped = !TAILQ_EMPTY(&g_jobs.running);
		g_jobs.last_id = g_jobs.stopped ? g_jobs.last_id : 0;
		return;
	}
	TAILQ_INSERT_TAIL(&g_jobs.ended, job, link);
	if (++g_jobs.num_ended > BASALT_JOBS_ENDED_MAX) {
		ended_drop_oldest();
	}
}

void
rpc_jobs_stop(void)
{
	while (!TAILQ_EMPTY(&g_jobs.ended)) {
		ended_drop_oldest();
	}
	g_jobs.stopped = !TAILQ_EMPTY(&g_jobs.running);
	g_jobs.last_id = g_jobs.stopped ? g_jobs.last_id : 0;
}

/* ---- job_get_jobs ---- */

struct get_jobs {
	uint64_t id;
};

static const struct rpc_param get_jobs_params[] = {
	RPC_PARAM(struct get_jobs, id, RPC_UINT64, .min = 1, .max = INT64_MAX,
	          .help = "Only the job of this number", .cli = RPC_OPTION("-i/--id")),
};

static struct basalt_job *
list_find(const struct job_list *list, uint64_t id)
{
	struct basalt_job *job;

	TAILQ_FOREACH(job, list, link) {
		if (job->id == id) {
			return job;
		}
	}
	return NULL;
}

static struct basalt_job *
job_find(uint64_t id)
{
	struct basalt_job *job = list_find(&g_jobs.running, id);

	return job != NULL ? job : list_find(&g_jobs.ended, id);
}

static void
no_such_job(struct spdk_jsonrpc_request *request, uint64_t id)
{
	rpc_error(request, -ENOENT,
	          "there is no job %" PRIu64 ": job_get_jobs lists those that run and the last %d "
	          "that ended",
	          id, BASALT_JOBS_ENDED_MAX);
}

static uint64_t
ticks_to_us(uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * SPDK_SEC_TO_USEC / spdk_get_ticks_hz());
}

static void
write_job(struct spdk_json_write_ctx *w, struct basalt_job *job)
{
	job_look(job);
	spdk_json_write_object_begin(w);
	spdk_json_write_named_uint64(w, "id", job->id);
	spdk_json_write_named_string(w, "name", job->name);
	if (job->description != NULL) {
		spdk_json_write_named_string(w, "description", job->description);
	}
	spdk_json_write_named_string(w, "state", g_state_names[job->state]);
	spdk_json_write_named_uint64(w, "elapsed_us", ticks_to_us(job->ticks));
	if (job->get_progress != NULL) {
		spdk_json_write_named_object_begin(w, "progress");
		spdk_json_write_named_uint64(w, "done", job->done);
		if (job->total != 0) {
			spdk_json_write_named_uint64(w, "total", job->total);
		}
		if (job->unit != NULL) {
			spdk_json_write_named_string(w, "unit", job->unit);
		}
		spdk_json_write_object_end(w);
	}
	spdk_json_write_named_bool(w, "can_cancel",
	                           job->state == JOB_RUNNING && job->cancel != NULL);
	if (job->state == JOB_FAILED) {
		spdk_json_write_named_int32(w, "error", job->rc);
		spdk_json_write_named_string(w, "message", spdk_strerror(-job->rc));
	}
	spdk_json_write_object_end(w);
}

/* All jobs by number: a job that ends between two pieces is met in the other list. */
struct jobs_pieces {
	struct rpc_pieces pieces;
	uint64_t last; /* written */
};

static struct basalt_job *
list_after(const struct job_list *list, uint64_t id)
{
	struct basalt_job *job, *next = NULL;

	TAILQ_FOREACH(job, list, link) {
		if (job->id > id && (next == NULL || job->id < next->id)) {
			next = job;
		}
	}
	return next;
}

static bool
jobs_next(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct jobs_pieces *all = SPDK_CONTAINEROF(pieces, struct jobs_pieces, pieces);
	struct basalt_job *running = list_after(&g_jobs.running, all->last);
	struct basalt_job *job = list_after(&g_jobs.ended, all->last);

	if (job == NULL || (running != NULL && running->id < job->id)) {
		job = running;
	}
	if (job == NULL) {
		return false;
	}
	all->last = job->id;
	write_job(w, job);
	return true;
}

static void
jobs_end(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	spdk_json_write_array_end(w);
}

static void
answer_all(struct spdk_jsonrpc_request *request)
{
	struct jobs_pieces *all = jsonrpc_request_alloc(request, sizeof(*all));
	struct spdk_json_write_ctx *w;

	if (all == NULL) {
		rpc_error(request, -ENOMEM, "no memory to list the jobs");
		return;
	}
	all->pieces.next = jobs_next;
	all->pieces.end = jobs_end;
	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_array_begin(w);
	rpc_answer_in_pieces(request, w, &all->pieces);
}

static void
job_get_jobs(struct spdk_jsonrpc_request *request, void *_params)
{
	struct get_jobs *params = _params;
	struct spdk_json_write_ctx *w;
	struct basalt_job *job;

	if (params->id == 0) {
		answer_all(request);
		return;
	}
	job = job_find(params->id);
	if (job == NULL) {
		no_such_job(request, params->id);
		return;
	}
	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_array_begin(w);
	write_job(w, job);
	spdk_json_write_array_end(w);
	spdk_jsonrpc_end_result(request, w);
}

/* ---- job_cancel ---- */

struct cancel {
	uint64_t id;
};

static const struct rpc_param cancel_params[] = {
	RPC_PARAM(struct cancel, id, RPC_UINT64, .required = true, .min = 1, .max = INT64_MAX,
	          .help = "Number of the job, from job_get_jobs", .cli = RPC_POSITIONAL),
};

static void
job_cancel(struct spdk_jsonrpc_request *request, void *_params)
{
	struct cancel *params = _params;
	struct basalt_job *job = job_find(params->id);

	if (job == NULL) {
		no_such_job(request, params->id);
		return;
	}
	if (!job_is_running(job)) {
		rpc_error(request, -EALREADY, "job %" PRIu64 " (%s) has ended: %s", job->id,
		          job->name, g_state_names[job->state]);
		return;
	}
	if (job->cancel == NULL) {
		rpc_error(request, -ENOTSUP,
		          "job %" PRIu64 " (%s) can't be ended early: wait for it", job->id,
		          job->name);
		return;
	}
	if (job->state == JOB_RUNNING) {
		job->state = JOB_CANCELING;
		job->cancel(job->ctx);
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static const struct rpc_method methods[] = {
	{
	        .name = "job_get_jobs",
	        .states = SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        RPC_PARAMS(struct get_jobs, get_jobs_params),
	        .handler = job_get_jobs,
	        .result = RPC_RESULT_ARRAY,
	        .help = "List long work that is under way, and the last that ended",
	},
	{
	        .name = "job_cancel",
	        .states = SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OPERATE,
	        RPC_PARAMS(struct cancel, cancel_params),
	        .handler = job_cancel,
	        .result = RPC_RESULT_BOOL,
	        .help = "Ask long work to end early",
	},
};

const struct rpc_table job_rpc_table = RPC_TABLE(methods);
