/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The methods about methods. App thread. */

#include "rpc_internal.h"
#include "spdk/util.h"
#include "spdk/version.h"
#include "spdk_internal/rpc_pieces.h"

struct get_methods {
	bool current;
	bool include_aliases;
};

static const struct rpc_param get_methods_params[] = {
	RPC_PARAM(struct get_methods, current, RPC_BOOL,
	          .help = "Only those that may be called in the current state",
	          .cli = RPC_OPTION("-c/--current")),
	RPC_PARAM(struct get_methods, include_aliases, RPC_BOOL,
	          .help = "With deprecated names of methods",
	          .cli = RPC_OPTION("-i/--include-aliases")),
};

struct get_methods_ctx {
	const struct get_methods *params;
	struct spdk_json_write_ctx *w;
};

static void
write_name(void *_ctx, const struct rpc_entry *entry)
{
	struct get_methods_ctx *ctx = _ctx;

	if (!rpc_is_listed(entry->name) ||
	    (entry->alias_of != NULL && !ctx->params->include_aliases) ||
	    (ctx->params->current && (entry->states & spdk_rpc_get_state()) == 0)) {
		return;
	}
	spdk_json_write_string(ctx->w, entry->name);
}

static void
rpc_get_methods(struct spdk_jsonrpc_request *request, void *params)
{
	struct get_methods_ctx ctx = { .params = params };

	ctx.w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_array_begin(ctx.w);
	rpc_for_each(write_name, &ctx);
	spdk_json_write_array_end(ctx.w);
	spdk_jsonrpc_end_result(request, ctx.w);
}

struct schema_pieces {
	struct rpc_pieces pieces;
	size_t next; /* entry */
};

static bool
schema_next(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct schema_pieces *s = SPDK_CONTAINEROF(pieces, struct schema_pieces, pieces);
	struct rpc_entry entry;

	if (!rpc_entry_at(s->next, &entry)) {
		return false;
	}
	s->next++;
	rpc_write_schema_entry(w, &entry);
	return true;
}

static void
schema_end(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	rpc_write_schema_end(w);
}

static void
rpc_get_schema(struct spdk_jsonrpc_request *request, void *params)
{
	struct schema_pieces *s = jsonrpc_request_alloc(request, sizeof(*s));
	struct spdk_json_write_ctx *w;

	if (s == NULL) {
		rpc_error(request, -ENOMEM, "no memory for the schema");
		return;
	}
	s->pieces.next = schema_next;
	s->pieces.end = schema_end;
	w = spdk_jsonrpc_begin_result(request);
	rpc_write_schema_begin(w);
	rpc_answer_in_pieces(request, w, &s->pieces);
}

static void
rpc_get_version(struct spdk_jsonrpc_request *request, void *params)
{
	struct spdk_json_write_ctx *w;

	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "version", SPDK_VERSION_STRING);
	spdk_json_write_named_object_begin(w, "fields");
	spdk_json_write_named_uint32(w, "major", SPDK_VERSION_MAJOR);
	spdk_json_write_named_uint32(w, "minor", SPDK_VERSION_MINOR);
	spdk_json_write_named_uint32(w, "patch", SPDK_VERSION_PATCH);
	spdk_json_write_named_string(w, "suffix", SPDK_VERSION_SUFFIX);
	spdk_json_write_named_string(w, "commit", SPDK_GIT_COMMIT_STRING_SHA1);
	spdk_json_write_object_end(w);
	spdk_json_write_object_end(w);
	spdk_jsonrpc_end_result(request, w);
}

static const struct rpc_method methods[] = {
	{
	        .name = "rpc_get_methods",
	        .states = SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        RPC_PARAMS(struct get_methods, get_methods_params),
	        .handler = rpc_get_methods,
	        .result = RPC_RESULT_ARRAY,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "List the methods of this program",
	},
	{
	        .name = "rpc_get_schema",
	        .states = SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_get_schema,
	        .result = RPC_RESULT_OBJECT,
	        .help = "Show all methods with their parameters, limits and command lines",
	},
	{
	        .name = "spdk_get_version",
	        .states = SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_get_version,
	        .result = RPC_RESULT_OBJECT,
	        .cli_output = "string",
	        .help = "Show the version of this program",
	},
};

const struct rpc_table rpc_rpc_table = RPC_TABLE(methods);
