/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The RPCs of lib/log: levels, flags, time stamps. App thread. */

#include "spdk/json.h"
#include "spdk/log.h"
#include "spdk_internal/rpc_table.h"

static const struct rpc_enum_value levels[] = {
	{ "ERROR", SPDK_LOG_ERROR }, { "WARNING", SPDK_LOG_WARN }, { "NOTICE", SPDK_LOG_NOTICE },
	{ "INFO", SPDK_LOG_INFO },   { "DEBUG", SPDK_LOG_DEBUG },  { NULL },
};

struct set_level {
	int32_t level;
};

static const struct rpc_param set_level_params[] = {
	RPC_PARAM(struct set_level, level, RPC_ENUM, .required = true, .values = levels,
	          .help = "Lines above this level are dropped", .cli = RPC_POSITIONAL),
};

static void
write_level(struct spdk_jsonrpc_request *request, enum spdk_log_level level)
{
	const struct rpc_enum_value *v;
	const char *name = "DISABLED";

	for (v = levels; v->name != NULL; v++) {
		if (v->value == (int32_t)level) {
			name = v->name;
		}
	}
	rpc_answer_string(request, name);
}

static void
rpc_log_set_level(struct spdk_jsonrpc_request *request, void *_params)
{
	const struct set_level *params = _params;

	spdk_log_set_level((enum spdk_log_level)params->level);
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
rpc_log_get_level(struct spdk_jsonrpc_request *request, void *params)
{
	write_level(request, spdk_log_get_level());
}

static void
rpc_log_set_print_level(struct spdk_jsonrpc_request *request, void *_params)
{
	const struct set_level *params = _params;

	spdk_log_set_print_level((enum spdk_log_level)params->level);
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
rpc_log_get_print_level(struct spdk_jsonrpc_request *request, void *params)
{
	write_level(request, spdk_log_get_print_level());
}

struct set_flag {
	char *flag;
};

static const struct rpc_param set_flag_params[] = {
	RPC_PARAM(struct set_flag, flag, RPC_STRING, .required = true,
	          .help = "Name of the flag, or all; log_get_flags lists them",
	          .cli = RPC_POSITIONAL),
};

static void
answer_flag(struct spdk_jsonrpc_request *request, const struct set_flag *params, int rc)
{
	if (rc != 0) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		          "there is no log flag '%s'; log_get_flags lists them", params->flag);
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
rpc_log_set_flag(struct spdk_jsonrpc_request *request, void *_params)
{
	const struct set_flag *params = _params;

	answer_flag(request, params, spdk_log_set_flag(params->flag));
}

static void
rpc_log_clear_flag(struct spdk_jsonrpc_request *request, void *_params)
{
	const struct set_flag *params = _params;

	answer_flag(request, params, spdk_log_clear_flag(params->flag));
}

static void
rpc_log_get_flags(struct spdk_jsonrpc_request *request, void *params)
{
	struct spdk_json_write_ctx *w;
	struct spdk_log_flag *flag;

	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_object_begin(w);
	for (flag = spdk_log_get_first_flag(); flag != NULL; flag = spdk_log_get_next_flag(flag)) {
		spdk_json_write_named_bool(w, flag->name, flag->enabled);
	}
	spdk_json_write_object_end(w);
	spdk_jsonrpc_end_result(request, w);
}

struct enable_timestamps {
	bool enabled;
};

static const struct rpc_param enable_timestamps_params[] = {
	RPC_PARAM(struct enable_timestamps, enabled, RPC_BOOL, .required = true,
	          .help = "Whether a line starts with the time",
	          .cli = { .kind = RPC_CLI_OPTION,
	                   .flags = "--timestamps",
	                   .action = "boolean_optional" }),
};

static void
rpc_log_enable_timestamps(struct spdk_jsonrpc_request *request, void *_params)
{
	const struct enable_timestamps *params = _params;

	spdk_log_enable_timestamps(params->enabled);
	spdk_jsonrpc_send_bool_response(request, true);
}

#define ANY_STATE (SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME)

static const struct rpc_method methods[] = {
	{
	        .name = "log_set_level",
	        .states = ANY_STATE,
	        .role = RPC_ROLE_OPERATE,
	        RPC_PARAMS(struct set_level, set_level_params),
	        .handler = rpc_log_set_level,
	        .help = "Set the level up to which lines go to the log",
	},
	{
	        .name = "log_get_level",
	        .states = ANY_STATE,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_log_get_level,
	        .result = RPC_RESULT_STRING,
	        .cli_output = "json",
	        .help = "Show the level up to which lines go to the log",
	},
	{
	        .name = "log_set_print_level",
	        .states = ANY_STATE,
	        .role = RPC_ROLE_OPERATE,
	        RPC_PARAMS(struct set_level, set_level_params),
	        .handler = rpc_log_set_print_level,
	        .help = "Set the level up to which lines go to standard error",
	},
	{
	        .name = "log_get_print_level",
	        .states = ANY_STATE,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_log_get_print_level,
	        .result = RPC_RESULT_STRING,
	        .cli_output = "json",
	        .help = "Show the level up to which lines go to standard error",
	},
	{
	        .name = "log_set_flag",
	        .states = ANY_STATE,
	        .role = RPC_ROLE_OPERATE,
	        RPC_PARAMS(struct set_flag, set_flag_params),
	        .handler = rpc_log_set_flag,
	        .help = "Let a part of the program log in detail",
	},
	{
	        .name = "log_clear_flag",
	        .states = ANY_STATE,
	        .role = RPC_ROLE_OPERATE,
	        RPC_PARAMS(struct set_flag, set_flag_params),
	        .handler = rpc_log_clear_flag,
	        .help = "Let a part of the program log no details",
	},
	{
	        .name = "log_get_flags",
	        .states = ANY_STATE,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_log_get_flags,
	        .result = RPC_RESULT_OBJECT,
	        .help = "List the parts of the program that can log in detail",
	},
	{
	        .name = "log_enable_timestamps",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OPERATE,
	        RPC_PARAMS(struct enable_timestamps, enable_timestamps_params),
	        .handler = rpc_log_enable_timestamps,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "Start lines with the time, or not",
	},
};

const struct rpc_table log_rpc_table = RPC_TABLE(methods);
