/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The RPC perform_tests: run with the options of the command line, but for those given here. The
 * run is a job, which job_get_jobs shows and job_cancel ends: then the answer is of what was done.
 */

#include "bdevperf.h"

#include "basalt/job.h"
#include "spdk/event.h"
#include "spdk/json.h"
#include "spdk/jsonrpc.h"
#include "spdk/rpc.h"
#include "spdk/string.h"
#include "spdk/util.h"

struct test_params {
	int32_t time_in_sec;
	char *workload_type;
	uint32_t queue_depth;
	char *io_size;
	int32_t rw_percentage;
};

static const struct spdk_json_object_decoder g_decoders[] = {
	{ "time_in_sec", offsetof(struct test_params, time_in_sec), spdk_json_decode_int32, true },
	{ "workload_type", offsetof(struct test_params, workload_type), spdk_json_decode_string,
	  true },
	{ "queue_depth", offsetof(struct test_params, queue_depth), spdk_json_decode_uint32, true },
	{ "io_size", offsetof(struct test_params, io_size), spdk_json_decode_string, true },
	{ "rw_percentage", offsetof(struct test_params, rw_percentage), spdk_json_decode_int32,
	  true },
};

/** Take over \p p; the reason when it makes no sense, NULL when it does. */
static const char *
apply(const struct test_params *p)
{
	struct options opts = g_options;
	bool prefix;

	if (p->workload_type != NULL) {
		opts.workload = workload_find(p->workload_type);
	}
	if (p->io_size != NULL && (spdk_parse_capacity(p->io_size, &opts.io_size, &prefix) != 0)) {
		return "io_size is no size in bytes";
	}
	opts.queue_depth = p->queue_depth != 0 ? (int)p->queue_depth : opts.queue_depth;
	opts.time_sec = p->time_in_sec != 0 ? p->time_in_sec : opts.time_sec;
	opts.read_percent = p->rw_percentage >= 0 ? p->rw_percentage : opts.read_percent;
	if (opts.workload == NULL) {
		return "workload_type is missing or unknown";
	}
	if (opts.io_size == 0 || opts.queue_depth <= 0 || opts.queue_depth > 1000000) {
		return "io_size or queue_depth is missing or out of range";
	}
	if (opts.time_sec <= 0 && opts.io_count == 0) {
		return "time_in_sec is missing or out of range";
	}
	if (opts.read_percent > 100 || (opts.workload->kind == KIND_RW &&
	                                opts.workload->read_percent < 0 && opts.read_percent < 0)) {
		return "rw_percentage is missing or above 100";
	}
	g_options = opts;
	return NULL;
}

static struct basalt_job *g_job;

static void
get_progress(void *ctx, uint64_t *done, uint64_t *total)
{
	run_get_progress(done, total);
}

static void
cancel(void *ctx)
{
	run_stop();
}

static int
begin_job(void)
{
	struct basalt_job_opts opts = {
		.opts_size = sizeof(opts),
		.name = "perform_tests",
		.unit = g_options.io_count != 0 ? "I/Os" : "us",
		.get_progress = get_progress,
		.cancel = cancel,
	};
	char text[128];

	snprintf(text, sizeof(text), "%s, %" PRIu64 " bytes, depth %d, on %s",
	         g_options.workload->name, g_options.io_size, g_options.queue_depth,
	         g_options.bdev_name != NULL ? g_options.bdev_name : "all bdevs");
	opts.description = text;
	return basalt_job_begin(&opts, &g_job);
}

static void
answer(void *arg, int rc)
{
	struct spdk_jsonrpc_request *request = arg;
	struct spdk_json_write_ctx *w;

	basalt_job_end(g_job, rc == 0 && basalt_job_is_canceled(g_job) ? -ECANCELED : rc);
	g_job = NULL;
	if (rc != 0) {
		spdk_jsonrpc_send_error_response_fmt(request, rc, "the run failed: %s",
		                                     spdk_strerror(-rc));
		return;
	}
	w = spdk_jsonrpc_begin_result(request);
	report_json(w);
	spdk_jsonrpc_end_result(request, w);
}

static void
perform_tests(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	struct test_params p = { .rw_percentage = -1 };
	const char *why = "the parameters do not decode";

	if (run_is_active()) {
		spdk_jsonrpc_send_error_response(request, -EBUSY, "a run is under way");
		return;
	}
	if (params == NULL ||
	    spdk_json_decode_object(params, g_decoders, SPDK_COUNTOF(g_decoders), &p) == 0) {
		why = apply(&p);
	}
	free(p.workload_type);
	free(p.io_size);
	if (why != NULL) {
		spdk_jsonrpc_send_error_response(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS, why);
		return;
	}
	if (begin_job() != 0) {
		spdk_jsonrpc_send_error_response(request, -ENOMEM, "no memory for a job");
		return;
	}
	run_tests(answer, request);
}

void
rpc_register(void)
{
	spdk_rpc_register_method("perform_tests", perform_tests, SPDK_RPC_RUNTIME);
}
