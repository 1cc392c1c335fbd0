/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs of schedulers and governors, and what save_config says of them. App thread. */

#include "balance.h"

#include "spdk/json.h"
#include "spdk/string.h"
#include "spdk_internal/rpc_table.h"

#define NAME_SHOWN_BYTES 64
#define OPTS_KEPT_BYTES 1024
#define OPTS_KEPT_VALUES 64

/* ---- framework_set_scheduler ---- */

struct set_scheduler {
	char *name;
	uint64_t period_us;
	bool period_given;
	/* Checked here, taken by the scheduler from all parameters together. */
	uint8_t load_limit;
	uint8_t core_limit;
	uint8_t core_busy;
	char *mappings;
	const struct spdk_json_val *all;
};

static const struct rpc_param set_scheduler_params[] = {
	RPC_PARAM(struct set_scheduler, name, RPC_STRING, .required = true,
	          .help = "Name of the scheduler: static, dynamic, gscheduler",
	          .cli = RPC_POSITIONAL),
	RPC_PARAM_AS("period", struct set_scheduler, period_us, RPC_UINT64, .unit = "us",
	             RPC_GIVEN(struct set_scheduler, period_given),
	             .help = "Time from one round of scheduling to the next; 0: none",
	             .cli = RPC_OPTION("-p/--period")),
	RPC_PARAM(struct set_scheduler, load_limit, RPC_UINT8,
	          .help = "dynamic: below this load, in percent, a thread counts as idle",
	          .cli = RPC_OPTION("--load-limit")),
	RPC_PARAM(struct set_scheduler, core_limit, RPC_UINT8,
	          .help = "dynamic: above this load, in percent, a core gives threads away",
	          .cli = RPC_OPTION("--core-limit")),
	RPC_PARAM(struct set_scheduler, core_busy, RPC_UINT8,
	          .help = "dynamic: from this load on, in percent, a core runs at full speed",
	          .cli = RPC_OPTION("--core-busy")),
	RPC_PARAM(struct set_scheduler, mappings, RPC_STRING,
	          .help = "static: threads to move now, as id:core,id:core",
	          .cli = RPC_OPTION("--mappings")),
};

/* Whether anything but the name and the period was given. */
static bool
has_options(const struct spdk_json_val *all)
{
	const struct spdk_json_val *name, *end = all + 1 + all->len;

	for (name = all + 1; name != end; name += 1 + spdk_json_val_len(name + 1)) {
		if (!spdk_json_strequal(name, "name") && !spdk_json_strequal(name, "period")) {
			return true;
		}
	}
	return false;
}

static int
set_options(const struct spdk_json_val *all)
{
	struct spdk_scheduler *scheduler = spdk_scheduler_get();
	int rc;

	if (!has_options(all)) {
		return 0;
	}
	if (scheduler->set_opts == NULL) {
		return -EINVAL;
	}
	scheduler_lock();
	rc = scheduler->set_opts(all);
	scheduler_unlock();
	return rc;
}

/* What to say of a member that only an outside scheduler could know; "" when there is none. */
static void
describe_unknown(const struct spdk_json_val *all, char *text, size_t size)
{
	const struct spdk_json_val *name, *end = all + 1 + all->len;
	size_t i, len;

	text[0] = '\0';
	for (name = all + 1; name != end; name += 1 + spdk_json_val_len(name + 1)) {
		for (i = 0; i < SPDK_COUNTOF(set_scheduler_params); i++) {
			if (spdk_json_strequal(name, set_scheduler_params[i].name)) {
				break;
			}
		}
		if (i == SPDK_COUNTOF(set_scheduler_params)) {
			len = spdk_min(name->len, NAME_SHOWN_BYTES);
			/* Not inside a character. */
			while (len < name->len &&
			       (((const uint8_t *)name->start)[len] & 0xc0) == 0x80) {
				len--;
			}
			snprintf(text, size, "; parameter '%.*s' is not known", (int)len,
			         (const char *)name->start);
			return;
		}
	}
}

/* The scheduler that is in use, with its options as JSON. */
struct kept_scheduler {
	const char *name; /* NULL: none */
	uint64_t period_us;
	size_t len;
	char opts[OPTS_KEPT_BYTES];
};

static int
keep_text(void *ctx, const void *data, size_t size)
{
	struct kept_scheduler *kept = ctx;

	if (size > sizeof(kept->opts) - kept->len) {
		return -1;
	}
	memcpy(kept->opts + kept->len, data, size);
	kept->len += size;
	return 0;
}

static void
keep_scheduler(struct kept_scheduler *kept)
{
	struct spdk_scheduler *scheduler = spdk_scheduler_get();
	struct spdk_json_write_ctx *w;

	kept->name = scheduler != NULL ? scheduler->name : NULL;
	kept->period_us = spdk_scheduler_get_period();
	kept->len = 0;
	if (scheduler == NULL || scheduler->get_opts == NULL || scheduler->set_opts == NULL) {
		return;
	}
	w = spdk_json_write_begin(keep_text, kept, 0);
	if (w != NULL) {
		spdk_json_write_object_begin(w);
		scheduler->get_opts(w);
		spdk_json_write_object_end(w);
		kept->len = spdk_json_write_end(w) == 0 ? kept->len : 0;
	}
}

/* Its successor was refused. */
static void
set_back(struct kept_scheduler *kept)
{
	struct spdk_json_val values[OPTS_KEPT_VALUES];
	struct spdk_scheduler *scheduler;

	spdk_scheduler_set(kept->name);
	spdk_scheduler_set_period(kept->period_us);
	scheduler = spdk_scheduler_get();
	if (kept->len > 0 && scheduler != NULL &&
	    spdk_json_parse(kept->opts, kept->len, values, OPTS_KEPT_VALUES, NULL, 0) > 0) {
		scheduler_lock();
		scheduler->set_opts(values);
		scheduler_unlock();
	}
}

static void
rpc_framework_set_scheduler(struct spdk_jsonrpc_request *request, void *arg)
{
	const struct set_scheduler *params = arg;
	struct kept_scheduler before;
	char unknown[NAME_SHOWN_BYTES + 64];
	int rc;

	describe_unknown(params->all, unknown, sizeof(unknown));
	keep_scheduler(&before);
	rc = spdk_scheduler_set(params->name);
	if (rc != 0) {
		set_back(&before);
		rpc_error(
		        request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		        "name: scheduler '%s' can't be used: %s; built in are static, dynamic and "
		        "gscheduler%s",
		        params->name, spdk_strerror(-rc), unknown);
		return;
	}
	if (params->period_given) {
		spdk_scheduler_set_period(params->period_us);
	}
	rc = set_options(params->all);
	if (rc != 0) {
		set_back(&before);
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "scheduler '%s' does not take these options (%s): all is as it was%s",
		          params->name, spdk_strerror(-rc), unknown);
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

/* ---- framework_get_scheduler, framework_get_governor ---- */

static void
rpc_framework_get_scheduler(struct spdk_jsonrpc_request *request, void *params)
{
	struct spdk_scheduler *scheduler = spdk_scheduler_get();
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_result(request);

	spdk_json_write_object_begin(w);
	if (scheduler != NULL) {
		spdk_json_write_named_string(w, "scheduler_name", scheduler->name);
	}
	spdk_json_write_named_uint64(w, "scheduler_period", spdk_scheduler_get_period());
	spdk_json_write_named_string(w, "isolated_core_mask",
	                             spdk_cpuset_fmt((void *)scheduler_get_isolated()));
	spdk_json_write_named_uint32(w, "scheduling_core", spdk_scheduler_get_scheduling_lcore());
	if (scheduler != NULL && scheduler->get_opts != NULL) {
		scheduler->get_opts(w);
	}
	spdk_json_write_object_end(w);
	spdk_jsonrpc_end_result(request, w);
}

static void
rpc_framework_get_governor(struct spdk_jsonrpc_request *request, void *params)
{
	struct spdk_governor *governor = spdk_governor_get();
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_result(request);

	spdk_json_write_object_begin(w);
	if (governor != NULL) {
		spdk_json_write_named_string(w, "governor_name", governor->name);
		if (governor->dump_info_json != NULL) {
			governor->dump_info_json(w);
		}
	}
	spdk_json_write_object_end(w);
	spdk_jsonrpc_end_result(request, w);
}

/* ---- scheduler_set_options ---- */

struct set_options {
	uint32_t scheduling_core;
	bool core_given;
	char *isolated_core_mask;
};

static const struct rpc_param set_options_params[] = {
	RPC_PARAM(struct set_options, scheduling_core, RPC_UINT32,
	          RPC_GIVEN(struct set_options, core_given),
	          .help = "Core that decides where threads run",
	          .cli = RPC_OPTION("-s/--scheduling-core")),
	RPC_PARAM(
	        struct set_options, isolated_core_mask, RPC_STRING,
	        .help = "Cores whose threads stay, and to which none is moved: a mask or a [list]",
	        .cli = RPC_OPTION("-i/--isolated-core-mask")),
};

/* Name what is wrong; false: nothing was changed. */
static bool
check_options(struct spdk_jsonrpc_request *request, const struct set_options *params,
              struct spdk_cpuset *mask)
{
	uint32_t core = params->core_given ? params->scheduling_core
	                                   : spdk_scheduler_get_scheduling_lcore();
	uint32_t lcore;

	*mask = *scheduler_get_isolated();
	if (params->isolated_core_mask != NULL &&
	    spdk_cpuset_parse(mask, params->isolated_core_mask) != 0) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		          "isolated_core_mask: '%s' is no core mask: use 0x3 or [0,1]",
		          params->isolated_core_mask);
		return false;
	}
	for (lcore = 0; lcore < SPDK_CPUSET_SIZE; lcore++) {
		if (spdk_cpuset_get_cpu(mask, lcore) && reactor_get(lcore) == NULL) {
			rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
			          "isolated_core_mask: core %u is not one of this program's",
			          lcore);
			return false;
		}
	}
	if (reactor_get(core) == NULL || spdk_cpuset_get_cpu(mask, core)) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		          "scheduling_core: core %u %s: choose another one", core,
		          reactor_get(core) == NULL ? "is not one of this program's"
		                                    : "is isolated");
		return false;
	}
	return true;
}

static void
rpc_scheduler_set_options(struct spdk_jsonrpc_request *request, void *arg)
{
	const struct set_options *params = arg;
	struct spdk_cpuset mask;

	if (!check_options(request, params, &mask)) {
		return;
	}
	scheduler_set_isolated(&mask);
	if (params->core_given) {
		spdk_scheduler_set_scheduling_lcore(params->scheduling_core);
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

/* ---- save_config ---- */

static void
write_options(struct spdk_json_write_ctx *w)
{
	const struct spdk_cpuset *isolated = scheduler_get_isolated();
	uint32_t core = spdk_scheduler_get_scheduling_lcore();

	if (core == spdk_env_get_main_core() && spdk_cpuset_count(isolated) == 0) {
		return;
	}
	rpc_write_entry_begin(w, "scheduler_set_options");
	spdk_json_write_named_uint32(w, "scheduling_core", core);
	if (spdk_cpuset_count(isolated) > 0) {
		spdk_json_write_named_string_fmt(w, "isolated_core_mask", "0x%s",
		                                 spdk_cpuset_fmt((void *)isolated));
	}
	rpc_write_entry_end(w);
}

void
scheduler_write_config(struct spdk_json_write_ctx *w)
{
	struct spdk_scheduler *scheduler = spdk_scheduler_get();

	spdk_json_write_array_begin(w);
	write_options(w);
	if (scheduler != NULL) {
		rpc_write_entry_begin(w, "framework_set_scheduler");
		spdk_json_write_named_string(w, "name", scheduler->name);
		if (spdk_scheduler_get_period() != 0) {
			spdk_json_write_named_uint64(w, "period", spdk_scheduler_get_period());
		}
		if (scheduler->get_opts != NULL) {
			scheduler->get_opts(w);
		}
		rpc_write_entry_end(w);
	}
	spdk_json_write_array_end(w);
}

static const struct rpc_method scheduler_methods[] = {
	{
	        .name = "framework_set_scheduler",
	        .states = SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        .changes_config = true,
	        RPC_PARAMS(struct set_scheduler, set_scheduler_params),
	        .all_params_offset = offsetof(struct set_scheduler, all) + 1,
	        .handler = rpc_framework_set_scheduler,
	        .result = RPC_RESULT_BOOL,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .unknown_code = SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
	        .help = "Choose who decides on which core each thread runs",
	},
	{
	        .name = "framework_get_scheduler",
	        .states = SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_framework_get_scheduler,
	        .result = RPC_RESULT_OBJECT,
	        .help = "Show the scheduler and its options",
	},
	{
	        .name = "framework_get_governor",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_framework_get_governor,
	        .result = RPC_RESULT_OBJECT,
	        .help = "Show who sets how fast cores run, and how fast they do",
	},
	{
	        .name = "scheduler_set_options",
	        .states = SPDK_RPC_STARTUP,
	        .role = RPC_ROLE_ADMIN,
	        .changes_config = true,
	        RPC_PARAMS(struct set_options, set_options_params),
	        .handler = rpc_scheduler_set_options,
	        .result = RPC_RESULT_BOOL,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "Say which core schedules, and which cores are left alone",
	},
};

extern const struct rpc_table scheduler_rpc_table;
const struct rpc_table scheduler_rpc_table = RPC_TABLE(scheduler_methods);
