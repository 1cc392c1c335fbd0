/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs of the framework: reactors, start, stop, core locks. Handlers run on the app thread; the
 * reactors are visited one after the other, each on its own core. */

#include "app_internal.h"

#include "spdk/cpuset.h"
#include "spdk/json.h"
#include "spdk/string.h"
#include "spdk_internal/rpc_table.h"

#include <signal.h>

/* ---- framework_get_reactors ---- */

struct visit {
	struct spdk_jsonrpc_request *request;
	struct spdk_json_write_ctx *w;
	struct reactor *reactor; /* the one visited now */
};

static void
write_unknown_poller(void *arg, const struct thread_poller_info *info)
{
	if (info->kind == POLLER_UNKNOWN) {
		spdk_json_write_string(arg, info->name);
	}
}

static void
write_thread(void *arg, struct spdk_thread *thread, uint64_t start_ticks)
{
	struct spdk_json_write_ctx *w = arg;

	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "name", spdk_thread_get_name(thread));
	spdk_json_write_named_uint64(w, "id", spdk_thread_get_id(thread));
	spdk_json_write_named_string(w, "cpumask",
	                             spdk_cpuset_fmt(spdk_thread_get_cpumask(thread)));
	spdk_json_write_named_uint64(w, "elapsed", spdk_get_ticks() - start_ticks);
	if (thread_count_unknown(thread) > 0) {
		/* What keeps this core from sleeping. */
		spdk_json_write_named_array_begin(w, "busy_pollers");
		spdk_set_thread(thread);
		thread_for_each_poller(thread, THREAD_POLLERS_ACTIVE, write_unknown_poller, w);
		spdk_set_thread(NULL);
		spdk_json_write_array_end(w);
	}
	spdk_json_write_object_end(w);
}

static void
write_reactor(struct spdk_json_write_ctx *w, struct reactor *reactor)
{
	struct env_core_times times;
	struct reactor_info info;

	reactor_get_info(reactor, &info);
	env_core_times(info.lcore, &times);
	spdk_json_write_object_begin(w);
	spdk_json_write_named_uint32(w, "lcore", info.lcore);
	spdk_json_write_named_int32(w, "numa_id", spdk_env_get_numa_id(info.lcore));
	spdk_json_write_named_int32(w, "tid", info.tid);
	spdk_json_write_named_uint64(w, "busy", info.busy_tsc);
	spdk_json_write_named_uint64(w, "idle", info.idle_tsc);
	spdk_json_write_named_bool(w, "in_interrupt", info.in_interrupt);
	spdk_json_write_named_uint64(w, "irq", times.irq);
	spdk_json_write_named_uint64(w, "sys", times.sys);
	spdk_json_write_named_uint64(w, "usr", times.usr);
	spdk_json_write_named_array_begin(w, "lw_threads");
	reactor_for_each_thread(reactor, write_thread, w);
	spdk_json_write_array_end(w);
	spdk_json_write_object_end(w);
}

/* Back on the app thread. */
static void
visit_done(void *arg)
{
	struct visit *visit = arg;

	spdk_json_write_array_end(visit->w);
	spdk_json_write_object_end(visit->w);
	spdk_jsonrpc_end_result(visit->request, visit->w);
	free(visit);
}

static void visit_next(struct visit *visit, uint32_t lcore);

/* On the core of the reactor. */
static void
visit_reactor(void *arg1, void *arg2)
{
	struct visit *visit = arg1;
	struct reactor_info info;

	write_reactor(visit->w, visit->reactor);
	reactor_get_info(visit->reactor, &info);
	visit_next(visit, spdk_env_get_next_core(info.lcore));
}

static void
visit_next(struct visit *visit, uint32_t lcore)
{
	struct spdk_event *event;

	for (; lcore != UINT32_MAX; lcore = spdk_env_get_next_core(lcore)) {
		visit->reactor = reactor_get(lcore);
		event = spdk_event_allocate(lcore, visit_reactor, visit, NULL);
		if (event != NULL) {
			spdk_event_call(event);
			return;
		}
	}
	spdk_thread_send_msg(spdk_thread_get_app_thread(), visit_done, visit);
}

static void
rpc_framework_get_reactors(struct spdk_jsonrpc_request *request, void *params)
{
	struct visit *visit = calloc(1, sizeof(*visit));

	if (visit == NULL) {
		rpc_error(request, -ENOMEM, "no memory to ask the reactors");
		return;
	}
	visit->request = request;
	visit->w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_object_begin(visit->w);
	spdk_json_write_named_uint64(visit->w, "tick_rate", spdk_get_ticks_hz());
	spdk_json_write_named_uint64(visit->w, "pid", env_get_pid());
	spdk_json_write_named_array_begin(visit->w, "reactors");
	visit_next(visit, spdk_env_get_first_core());
}

/* ---- framework_monitor_context_switch ---- */

struct monitor_params {
	bool enabled;
	bool given;
};

static const struct rpc_param monitor_params[] = {
	RPC_PARAM(struct monitor_params, enabled, RPC_BOOL, RPC_GIVEN(struct monitor_params, given),
	          .help = "Watch for cores taken away by the kernel; left out: only ask",
	          .cli = { .kind = RPC_CLI_OPTION,
	                   .flags = "--monitor",
	                   .dest = "enabled",
	                   .action = "boolean_optional" }),
};

static void
rpc_framework_monitor_context_switch(struct spdk_jsonrpc_request *request, void *arg)
{
	const struct monitor_params *params = arg;
	struct spdk_json_write_ctx *w;

	if (params->given) {
		spdk_framework_enable_context_switch_monitor(params->enabled);
	}
	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_object_begin(w);
	spdk_json_write_named_bool(w, "enabled", spdk_framework_context_switch_monitor_enabled());
	spdk_json_write_object_end(w);
	spdk_jsonrpc_end_result(request, w);
}

/* ---- spdk_kill_instance ---- */

struct kill_params {
	int32_t sig_name;
};

static const struct rpc_enum_value kill_signals[] = {
	{ "SIGINT", SIGINT }, { "SIGTERM", SIGTERM }, { "SIGQUIT", SIGQUIT },
	{ "SIGHUP", SIGHUP }, { "SIGKILL", SIGKILL }, { "SIGUSR1", SIGUSR1 },
	{ NULL, 0 },
};

static const struct rpc_param kill_params[] = {
	RPC_PARAM(struct kill_params, sig_name, RPC_ENUM, .required = true, .values = kill_signals,
	          .help = "Signal that the program sends itself", .cli = RPC_POSITIONAL),
};

static void
rpc_spdk_kill_instance(struct spdk_jsonrpc_request *request, void *arg)
{
	const struct kill_params *params = arg;

	if (app_signal_self(params->sig_name)) {
		spdk_jsonrpc_send_bool_response(request, true);
	} else {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "the signal could not be sent");
	}
}

/* ---- framework_start_init, framework_wait_init ---- */

static void
init_answer(void *arg, int rc)
{
	struct spdk_jsonrpc_request *request = arg;

	if (rc == 0) {
		spdk_jsonrpc_send_bool_response(request, true);
	} else {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "the subsystems did not start: %s", spdk_strerror(-rc));
	}
}

/* Whether the request waits now; else it has its answer. */
static bool
answer_when_ready(struct spdk_jsonrpc_request *request)
{
	int rc = app_when_ready(init_answer, request);

	if (rc == -EDEADLK) {
		rpc_error(request, rc,
		          "a configuration can't wait for its own end: leave this entry out");
	} else if (rc != 0) {
		rpc_error(request, rc, "no memory to wait for the start");
	}
	return rc == 0;
}

static void
rpc_framework_wait_init(struct spdk_jsonrpc_request *request, void *params)
{
	answer_when_ready(request);
}

static void
rpc_framework_start_init(struct spdk_jsonrpc_request *request, void *params)
{
	if (answer_when_ready(request)) {
		/* A second call while the start is under way waits for the same end. */
		app_begin_init();
	}
}

/* ---- Core locks ---- */

static void
rpc_framework_enable_cpumask_locks(struct spdk_jsonrpc_request *request, void *params)
{
	int rc = app_claim_cores();

	if (rc == 0) {
		spdk_jsonrpc_send_bool_response(request, true);
	} else {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "a core can't be locked (%s): the log says which", spdk_strerror(-rc));
	}
}

static void
rpc_framework_disable_cpumask_locks(struct spdk_jsonrpc_request *request, void *params)
{
	app_release_cores();
	spdk_jsonrpc_send_bool_response(request, true);
}

static const struct rpc_method event_methods[] = {
	{
	        .name = "spdk_kill_instance",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        RPC_PARAMS(struct kill_params, kill_params),
	        .handler = rpc_spdk_kill_instance,
	        .result = RPC_RESULT_BOOL,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "Send this program a signal",
	},
	{
	        .name = "framework_monitor_context_switch",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OPERATE,
	        RPC_PARAMS(struct monitor_params, monitor_params),
	        .handler = rpc_framework_monitor_context_switch,
	        .result = RPC_RESULT_OBJECT,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "Ask about or switch the log of cores taken away by the kernel",
	},
	{
	        .name = "framework_start_init",
	        .states = SPDK_RPC_STARTUP,
	        .role = RPC_ROLE_ADMIN,
	        .handler = rpc_framework_start_init,
	        .result = RPC_RESULT_BOOL,
	        .help = "Start the subsystems that --wait-for-rpc held back",
	},
	{
	        .name = "framework_wait_init",
	        .states = SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_framework_wait_init,
	        .result = RPC_RESULT_BOOL,
	        .ignores_params = true,
	        .help = "Answer once all subsystems are up",
	},
	{
	        .name = "framework_get_reactors",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_framework_get_reactors,
	        .result = RPC_RESULT_OBJECT,
	        .help = "Reactors, how busy they are, and their threads",
	},
	{
	        .name = "framework_enable_cpumask_locks",
	        .states = SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        .handler = rpc_framework_enable_cpumask_locks,
	        .result = RPC_RESULT_BOOL,
	        .help = "Lock this program's cores against others",
	},
	{
	        .name = "framework_disable_cpumask_locks",
	        .states = SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        .handler = rpc_framework_disable_cpumask_locks,
	        .result = RPC_RESULT_BOOL,
	        .help = "Let others use this program's cores",
	},
};

extern const struct rpc_table event_rpc_table;
const struct rpc_table event_rpc_table = RPC_TABLE(event_methods);
