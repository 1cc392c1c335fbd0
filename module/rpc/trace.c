/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The RPCs of lib/trace: which tracepoints are on, and where the file is. App thread. */

#include "spdk/json.h"
#include "spdk/trace.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/trace.h"

struct group_name {
	char *name;
};

static const struct rpc_param group_name_params[] = {
	RPC_PARAM(struct group_name, name, RPC_STRING, .required = true,
	          .help = "Name of the group, or all", .cli = RPC_POSITIONAL),
};

/* True: go on. Else the request was answered with what is wrong. */
static bool
need_file(struct spdk_jsonrpc_request *request)
{
	if (g_trace_file == NULL) {
		rpc_error(request, -ENODEV,
		          "there is no trace file: start with --num-trace-entries");
		return false;
	}
	return true;
}

static void
answer_unknown(struct spdk_jsonrpc_request *request)
{
	/* SPDK's text of this code: clients may compare it. */
	spdk_jsonrpc_send_error_response(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	                                 "Invalid parameters");
}

static void
rpc_trace_enable_tpoint_group(struct spdk_jsonrpc_request *request, void *_params)
{
	const struct group_name *params = _params;
	uint64_t groups = spdk_trace_create_tpoint_group_mask(params->name);

	if (groups == 0) {
		answer_unknown(request);
	} else if (need_file(request)) {
		spdk_trace_enable_tpoint_group(params->name);
		if (spdk_trace_get_tpoint_group_mask() == 0) {
			rpc_error(request, -ENOSPC, "no memory for the records in /dev/shm");
			return;
		}
		spdk_jsonrpc_send_bool_response(request, true);
	}
}

static void
rpc_trace_disable_tpoint_group(struct spdk_jsonrpc_request *request, void *_params)
{
	const struct group_name *params = _params;

	if (spdk_trace_disable_tpoint_group(params->name) != 0) {
		answer_unknown(request);
	} else {
		spdk_jsonrpc_send_bool_response(request, true);
	}
}

struct tpoint_mask {
	char *name;
	uint64_t tpoint_mask;
};

static const struct rpc_param tpoint_mask_params[] = {
	RPC_PARAM(struct tpoint_mask, name, RPC_STRING, .required = true,
	          .help = "Name of the group", .cli = RPC_POSITIONAL),
	RPC_PARAM(struct tpoint_mask, tpoint_mask, RPC_UINT64, .required = true,
	          .help = "Its tracepoints, bit by bit",
	          .cli = { .kind = RPC_CLI_POSITIONAL, .conv = "hex" }),
};

/* The group of a name, or NULL. */
static const struct spdk_trace_register_fn *
group_find(const char *name)
{
	struct spdk_trace_register_fn *fn;

	for (fn = spdk_trace_get_first_register_fn(); fn != NULL;
	     fn = spdk_trace_get_next_register_fn(fn)) {
		if (strcmp(fn->name, name) == 0) {
			return fn;
		}
	}
	return NULL;
}

static void
rpc_trace_set_tpoint_mask(struct spdk_jsonrpc_request *request, void *_params)
{
	const struct tpoint_mask *params = _params;
	const struct spdk_trace_register_fn *group = group_find(params->name);
	uint64_t mask = params->tpoint_mask;

	if (group == NULL) {
		answer_unknown(request);
	} else if (need_file(request)) {
		spdk_trace_set_tpoints(group->tgroup_id, mask);
		if ((spdk_trace_get_tpoint_mask(group->tgroup_id) & mask) != mask) {
			rpc_error(request, -ENOSPC, "no memory for the records in /dev/shm");
			return;
		}
		spdk_jsonrpc_send_bool_response(request, true);
	}
}

static void
rpc_trace_clear_tpoint_mask(struct spdk_jsonrpc_request *request, void *_params)
{
	const struct tpoint_mask *params = _params;
	const struct spdk_trace_register_fn *group = group_find(params->name);

	if (group == NULL) {
		answer_unknown(request);
		return;
	}
	spdk_trace_clear_tpoints(group->tgroup_id, params->tpoint_mask);
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
write_tpoints(struct spdk_json_write_ctx *w, uint32_t group_id, uint64_t mask)
{
	const struct spdk_trace_tpoint *tpoint;
	uint32_t i;

	spdk_json_write_named_array_begin(w, "tpoints");
	for (i = 0; i < 64 && g_trace_file != NULL; i++) {
		tpoint = &spdk_trace_get_tpoint_section(g_trace_file)
		                  ->tpoint[SPDK_TPOINT_ID(group_id, i)];
		if (tpoint->name[0] == '\0') {
			continue;
		}
		spdk_json_write_object_begin(w);
		spdk_json_write_named_string(w, "name", tpoint->name);
		spdk_json_write_named_uint32(w, "tpoint_id", tpoint->tpoint_id);
		spdk_json_write_named_bool(w, "enabled", (mask & (1ull << i)) != 0);
		spdk_json_write_object_end(w);
	}
	spdk_json_write_array_end(w);
}

static void
write_group(struct spdk_json_write_ctx *w, const struct spdk_trace_register_fn *group,
            bool with_tpoints)
{
	uint64_t mask = spdk_trace_get_tpoint_mask(group->tgroup_id);

	spdk_json_write_named_object_begin(w, group->name);
	if (with_tpoints) {
		spdk_json_write_named_bool(w, "enabled", mask != 0);
	}
	spdk_json_write_named_string_fmt(w, "mask", "0x%llx", 1ull << group->tgroup_id);
	spdk_json_write_named_string_fmt(w, "tpoint_mask", "0x%" PRIx64, mask);
	if (with_tpoints) {
		write_tpoints(w, group->tgroup_id, mask);
	}
	spdk_json_write_object_end(w);
}

static void
write_groups(struct spdk_jsonrpc_request *request, const char *path, bool with_tpoints)
{
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_result(request);
	struct spdk_trace_register_fn *fn;

	spdk_json_write_object_begin(w);
	if (path != NULL) {
		spdk_json_write_named_string(w, "tpoint_shm_path", path);
	}
	spdk_json_write_named_string_fmt(w, "tpoint_group_mask", "0x%" PRIx64,
	                                 spdk_trace_get_tpoint_group_mask());
	for (fn = spdk_trace_get_first_register_fn(); fn != NULL;
	     fn = spdk_trace_get_next_register_fn(fn)) {
		write_group(w, fn, with_tpoints);
	}
	spdk_json_write_object_end(w);
	spdk_jsonrpc_end_result(request, w);
}

static void
rpc_trace_get_tpoint_group_mask(struct spdk_jsonrpc_request *request, void *params)
{
	write_groups(request, NULL, true);
}

static void
rpc_trace_get_info(struct spdk_jsonrpc_request *request, void *params)
{
	char path[PATH_MAX] = "";
	const char *name = trace_get_name();

	if (name != NULL) {
		snprintf(path, sizeof(path), "/dev/shm%s", name);
	}
	write_groups(request, path, false);
}

static void
rpc_trace_clear(struct spdk_jsonrpc_request *request, void *params)
{
	spdk_trace_clear();
	spdk_jsonrpc_send_bool_response(request, true);
}

#define ANY_STATE (SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME)

static const struct rpc_method methods[] = {
	{
	        .name = "trace_enable_tpoint_group",
	        .states = ANY_STATE,
	        .role = RPC_ROLE_OPERATE,
	        RPC_PARAMS(struct group_name, group_name_params),
	        .handler = rpc_trace_enable_tpoint_group,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "Switch all tracepoints of a group on",
	},
	{
	        .name = "trace_disable_tpoint_group",
	        .states = ANY_STATE,
	        .role = RPC_ROLE_OPERATE,
	        RPC_PARAMS(struct group_name, group_name_params),
	        .handler = rpc_trace_disable_tpoint_group,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "Switch all tracepoints of a group off",
	},
	{
	        .name = "trace_set_tpoint_mask",
	        .states = ANY_STATE,
	        .role = RPC_ROLE_OPERATE,
	        RPC_PARAMS(struct tpoint_mask, tpoint_mask_params),
	        .handler = rpc_trace_set_tpoint_mask,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "Switch some tracepoints of a group on",
	},
	{
	        .name = "trace_clear_tpoint_mask",
	        .states = ANY_STATE,
	        .role = RPC_ROLE_OPERATE,
	        RPC_PARAMS(struct tpoint_mask, tpoint_mask_params),
	        .handler = rpc_trace_clear_tpoint_mask,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "Switch some tracepoints of a group off",
	},
	{
	        .name = "trace_get_tpoint_group_mask",
	        .states = ANY_STATE,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_trace_get_tpoint_group_mask,
	        .result = RPC_RESULT_OBJECT,
	        .help = "Show all tracepoints, and which are on",
	},
	{
	        .name = "trace_clear",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OPERATE,
	        .handler = rpc_trace_clear,
	        .help = "Forget all records up to now",
	},
	{
	        .name = "trace_get_info",
	        .states = ANY_STATE,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_trace_get_info,
	        .result = RPC_RESULT_OBJECT,
	        .help = "Show the name of the trace file, and which groups are on",
	},
};

extern const struct rpc_table trace_rpc_table;
const struct rpc_table trace_rpc_table = RPC_TABLE(methods);
