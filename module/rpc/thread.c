/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs of lib/thread: statistics, pollers and channels of each thread, core masks. A handler visits
 * the threads one after the other, each writes its part, and the app thread ends the answer. */

#include "spdk/cpuset.h"
#include "spdk/env.h"
#include "spdk/json.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/thread.h"

struct visit {
	struct spdk_jsonrpc_request *request;
	struct spdk_json_write_ctx *w;
};

static void
visit_done(void *arg)
{
	struct visit *visit = arg;

	spdk_json_write_array_end(visit->w);
	spdk_json_write_object_end(visit->w);
	spdk_jsonrpc_end_result(visit->request, visit->w);
	free(visit);
}

static void
visit_threads(struct spdk_jsonrpc_request *request, spdk_msg_fn fn)
{
	struct visit *visit = calloc(1, sizeof(*visit));

	if (visit == NULL) {
		rpc_error(request, -ENOMEM, "no memory to ask the threads");
		return;
	}
	visit->request = request;
	visit->w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_object_begin(visit->w);
	spdk_json_write_named_uint64(visit->w, "tick_rate", spdk_get_ticks_hz());
	spdk_json_write_named_array_begin(visit->w, "threads");
	spdk_for_each_thread(fn, visit, visit_done);
}

/* ---- thread_get_stats ---- */

static void
write_stats(void *arg)
{
	struct spdk_json_write_ctx *w = ((struct visit *)arg)->w;
	struct spdk_thread *thread = spdk_get_thread();
	struct spdk_thread_stats stats;

	if (spdk_thread_get_stats(&stats) != 0) {
		return;
	}
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "name", spdk_thread_get_name(thread));
	spdk_json_write_named_uint64(w, "id", spdk_thread_get_id(thread));
	spdk_json_write_named_string(w, "cpumask",
	                             spdk_cpuset_fmt(spdk_thread_get_cpumask(thread)));
	spdk_json_write_named_uint64(w, "busy", stats.busy_tsc);
	spdk_json_write_named_uint64(w, "idle", stats.idle_tsc);
	spdk_json_write_named_uint64(w, "active_pollers_count",
	                             thread_count_pollers(thread, THREAD_POLLERS_ACTIVE));
	spdk_json_write_named_uint64(w, "timed_pollers_count",
	                             thread_count_pollers(thread, THREAD_POLLERS_TIMED));
	spdk_json_write_named_uint64(w, "paused_pollers_count",
	                             thread_count_pollers(thread, THREAD_POLLERS_PAUSED));
	spdk_json_write_object_end(w);
}

static void
rpc_thread_get_stats(struct spdk_jsonrpc_request *request, void *params)
{
	visit_threads(request, write_stats);
}

/* ---- thread_get_pollers ---- */

static void
write_poller(void *arg, const struct thread_poller_info *info)
{
	struct spdk_json_write_ctx *w = arg;

	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "name", info->name);
	spdk_json_write_named_uint64(w, "id", info->id);
	spdk_json_write_named_string(w, "state", info->state);
	spdk_json_write_named_uint64(w, "run_count", info->run_count);
	spdk_json_write_named_uint64(w, "busy_count", info->busy_count);
	if (info->period_ticks > 0) {
		spdk_json_write_named_uint64(w, "period_ticks", info->period_ticks);
	}
	spdk_json_write_object_end(w);
}

static void
write_pollers(void *arg)
{
	static const struct {
		const char *key;
		enum thread_poller_list list;
	} lists[] = {
		{ "active_pollers", THREAD_POLLERS_ACTIVE },
		{ "timed_pollers", THREAD_POLLERS_TIMED },
		{ "paused_pollers", THREAD_POLLERS_PAUSED },
	};
	struct spdk_json_write_ctx *w = ((struct visit *)arg)->w;
	struct spdk_thread *thread = spdk_get_thread();
	size_t i;

	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "name", spdk_thread_get_name(thread));
	spdk_json_write_named_uint64(w, "id", spdk_thread_get_id(thread));
	for (i = 0; i < SPDK_COUNTOF(lists); i++) {
		spdk_json_write_named_array_begin(w, lists[i].key);
		thread_for_each_poller(thread, lists[i].list, write_poller, w);
		spdk_json_write_array_end(w);
	}
	spdk_json_write_object_end(w);
}

static void
rpc_thread_get_pollers(struct spdk_jsonrpc_request *request, void *params)
{
	visit_threads(request, write_pollers);
}

/* ---- thread_get_io_channels ---- */

static void
write_channel(void *arg, const char *name, uint32_t ref)
{
	struct spdk_json_write_ctx *w = arg;

	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "name", name);
	spdk_json_write_named_uint32(w, "ref", ref);
	spdk_json_write_object_end(w);
}

static void
write_channels(void *arg)
{
	struct spdk_json_write_ctx *w = ((struct visit *)arg)->w;
	struct spdk_thread *thread = spdk_get_thread();

	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "name", spdk_thread_get_name(thread));
	spdk_json_write_named_array_begin(w, "io_channels");
	thread_for_each_channel(thread, write_channel, w);
	spdk_json_write_array_end(w);
	spdk_json_write_object_end(w);
}

static void
rpc_thread_get_io_channels(struct spdk_jsonrpc_request *request, void *params)
{
	visit_threads(request, write_channels);
}

/* ---- thread_set_cpumask ---- */

struct cpumask_params {
	uint64_t id;
	char *cpumask;
};

static const struct rpc_param cpumask_params[] = {
	RPC_PARAM(struct cpumask_params, id, RPC_UINT64, .required = true, .help = "Thread's id",
	          .cli = RPC_OPTION("-i/--id")),
	RPC_PARAM(struct cpumask_params, cpumask, RPC_STRING, .required = true,
	          .help = "Cores that it may run on: a mask or a [list]",
	          .cli = RPC_OPTION("-m/--cpumask")),
};

struct cpumask_change {
	struct spdk_jsonrpc_request *request;
	struct spdk_cpuset mask;
	int rc;
};

static void
cpumask_changed(void *arg)
{
	struct cpumask_change *change = arg;

	if (change->rc == 0) {
		spdk_jsonrpc_send_bool_response(change->request, true);
	} else {
		rpc_error(change->request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "the thread can't be moved: %s", spdk_strerror(-change->rc));
	}
	free(change);
}

static void
cpumask_change(void *arg)
{
	struct cpumask_change *change = arg;

	change->rc = spdk_thread_set_cpumask(&change->mask);
	spdk_thread_send_msg(spdk_thread_get_app_thread(), cpumask_changed, change);
}

/* The mask of `text`, and whether a core of it is ours. */
static bool
cpumask_parse(struct spdk_jsonrpc_request *request, const char *text, struct spdk_cpuset *mask)
{
	struct spdk_cpuset ours;

	if (spdk_cpuset_parse(mask, text) != 0) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "cpumask: '%s' is no core mask: use 0x3 or [0,1]", text);
		return false;
	}
	spdk_env_get_cpuset(&ours);
	spdk_cpuset_and(&ours, mask);
	if (spdk_cpuset_count(&ours) == 0) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "cpumask: none of the cores of '%s' is one of this program's", text);
		return false;
	}
	return true;
}

static void
rpc_thread_set_cpumask(struct spdk_jsonrpc_request *request, void *arg)
{
	const struct cpumask_params *params = arg;
	struct spdk_thread *thread = spdk_thread_get_by_id(params->id);
	struct cpumask_change *change;

	if (thread == NULL) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		          "id: there is no thread %" PRIu64 "; thread_get_stats lists them",
		          params->id);
		return;
	}
	change = calloc(1, sizeof(*change));
	if (change == NULL) {
		rpc_error(request, -ENOMEM, "no memory to move a thread");
		return;
	}
	if (!cpumask_parse(request, params->cpumask, &change->mask)) {
		free(change);
		return;
	}
	change->request = request;
	if (spdk_thread_send_msg(thread, cpumask_change, change) != 0) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		          "id: thread %" PRIu64 " has just exited", params->id);
		free(change);
	}
}

static const struct rpc_method thread_methods[] = {
	{
	        .name = "thread_get_stats",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_thread_get_stats,
	        .result = RPC_RESULT_OBJECT,
	        .help = "Threads, how busy they are, how many pollers they have",
	},
	{
	        .name = "thread_get_pollers",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_thread_get_pollers,
	        .result = RPC_RESULT_OBJECT,
	        .help = "Pollers of all threads",
	},
	{
	        .name = "thread_get_io_channels",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_thread_get_io_channels,
	        .result = RPC_RESULT_OBJECT,
	        .help = "I/O channels of all threads",
	},
	{
	        .name = "thread_set_cpumask",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OPERATE,
	        RPC_PARAMS(struct cpumask_params, cpumask_params),
	        .handler = rpc_thread_set_cpumask,
	        .result = RPC_RESULT_BOOL,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "Say on which cores a thread may run",
	},
};

extern const struct rpc_table thread_rpc_table;
const struct rpc_table thread_rpc_table = RPC_TABLE(thread_methods);
