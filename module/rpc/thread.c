/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs of lib/thread: statistics, pollers and channels of each thread, core masks. A handler visits
 * the threads one after the other, each writes its part, in slices where that may be long, and the
 * app thread ends the answer. */

#include "spdk/cpuset.h"
#include "spdk/env.h"
#include "spdk/json.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk_internal/json.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/thread.h"

/* Pollers or channels that are written in one step. */
#define PER_SLICE 128u

/* A poller as it was when its thread was asked; the list has another order a moment later. */
struct poller_copy {
	struct thread_poller_info info;
	uint32_t list; /* of g_lists */
	char name[256];
};

/* Belongs to the thread that is visited. */
struct visit {
	struct spdk_jsonrpc_request *request;
	struct spdk_json_write_ctx *w;
	bool begun; /* the entry of this thread */
	struct spdk_io_channel *held;
	struct poller_copy *pollers;
	uint32_t num_pollers;
	uint32_t max_pollers;
	uint32_t next_poller;
	uint32_t list; /* of g_lists: whose array is open */
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

static struct visit *
visit_begin(struct spdk_jsonrpc_request *request)
{
	struct visit *visit = calloc(1, sizeof(*visit));

	if (visit == NULL) {
		rpc_error(request, -ENOMEM, "no memory to ask the threads");
		return NULL;
	}
	visit->request = request;
	visit->w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_object_begin(visit->w);
	spdk_json_write_named_uint64(visit->w, "tick_rate", spdk_get_ticks_hz());
	spdk_json_write_named_array_begin(visit->w, "threads");
	return visit;
}

static void
visit_in_slices(struct spdk_jsonrpc_request *request, bool (*fn)(void *arg))
{
	struct visit *visit = visit_begin(request);

	if (visit != NULL) {
		thread_for_each_in_slices(fn, visit, visit_done);
	}
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
	struct visit *visit = visit_begin(request);

	if (visit != NULL) {
		spdk_for_each_thread(write_stats, visit, visit_done);
	}
}

/* ---- thread_get_pollers ---- */

static const struct {
	const char *key;
	enum thread_poller_list list;
} g_lists[] = {
	{ "active_pollers", THREAD_POLLERS_ACTIVE },
	{ "timed_pollers", THREAD_POLLERS_TIMED },
	{ "paused_pollers", THREAD_POLLERS_PAUSED },
};

static void
write_poller(struct spdk_json_write_ctx *w, const struct poller_copy *p)
{
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "name", p->name);
	spdk_json_write_named_uint64(w, "id", p->info.id);
	spdk_json_write_named_string(w, "state", p->info.state);
	spdk_json_write_named_uint64(w, "run_count", p->info.run_count);
	spdk_json_write_named_uint64(w, "busy_count", p->info.busy_count);
	if (p->info.period_ticks > 0) {
		spdk_json_write_named_uint64(w, "period_ticks", p->info.period_ticks);
	}
	spdk_json_write_object_end(w);
}

static void
copy_poller(void *arg, const struct thread_poller_info *info)
{
	struct visit *visit = arg;
	struct poller_copy *p = &visit->pollers[visit->num_pollers];

	if (visit->num_pollers == visit->max_pollers) {
		return;
	}
	visit->num_pollers++;
	p->info = *info;
	p->list = visit->list;
	snprintf(p->name, sizeof(p->name), "%s", info->name);
}

/* The head of a thread's entry, and its pollers as they are now. */
static void
begin_pollers(struct visit *visit, struct spdk_thread *thread)
{
	uint32_t i, num = 0;

	for (i = 0; i < SPDK_COUNTOF(g_lists); i++) {
		num += thread_count_pollers(thread, g_lists[i].list);
	}
	visit->begun = true;
	visit->num_pollers = visit->next_poller = 0;
	visit->pollers = malloc((num + 1) * sizeof(*visit->pollers));
	visit->max_pollers = visit->pollers != NULL ? num : 0;
	if (visit->pollers == NULL) {
		json_write_fail(visit->w);
	}
	for (visit->list = 0; visit->list < SPDK_COUNTOF(g_lists); visit->list++) {
		thread_for_each_poller(thread, g_lists[visit->list].list, copy_poller, visit);
	}
	visit->list = 0;
	spdk_json_write_object_begin(visit->w);
	spdk_json_write_named_string(visit->w, "name", spdk_thread_get_name(thread));
	spdk_json_write_named_uint64(visit->w, "id", spdk_thread_get_id(thread));
	spdk_json_write_named_array_begin(visit->w, g_lists[0].key);
}

/* Whether this thread has more; then it is called again. */
static bool
write_pollers(void *arg)
{
	struct visit *visit = arg;
	uint32_t num = 0;

	if (!visit->begun) {
		begin_pollers(visit, spdk_get_thread());
	}
	while (num < PER_SLICE && visit->list < SPDK_COUNTOF(g_lists)) {
		const struct poller_copy *p = &visit->pollers[visit->next_poller];

		if (visit->next_poller < visit->num_pollers && p->list == visit->list) {
			write_poller(visit->w, p);
			visit->next_poller++;
			num++;
			continue;
		}
		spdk_json_write_array_end(visit->w);
		if (++visit->list < SPDK_COUNTOF(g_lists)) {
			spdk_json_write_named_array_begin(visit->w, g_lists[visit->list].key);
		}
	}
	if (visit->list < SPDK_COUNTOF(g_lists)) {
		return true;
	}
	spdk_json_write_object_end(visit->w);
	free(visit->pollers);
	visit->begun = false;
	return false;
}

static void
rpc_thread_get_pollers(struct spdk_jsonrpc_request *request, void *params)
{
	visit_in_slices(request, write_pollers);
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

/* Whether this thread has more; then it is called again. */
static bool
write_channels(void *arg)
{
	struct visit *visit = arg;
	struct spdk_thread *thread = spdk_get_thread();

	if (!visit->begun) {
		visit->begun = true;
		spdk_json_write_object_begin(visit->w);
		spdk_json_write_named_string(visit->w, "name", spdk_thread_get_name(thread));
		spdk_json_write_named_array_begin(visit->w, "io_channels");
	}
	if (thread_walk_channels(thread, &visit->held, PER_SLICE, write_channel, visit->w)) {
		return true;
	}
	spdk_json_write_array_end(visit->w);
	spdk_json_write_object_end(visit->w);
	visit->begun = false;
	return false;
}

static void
rpc_thread_get_io_channels(struct spdk_jsonrpc_request *request, void *params)
{
	visit_in_slices(request, write_channels);
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
