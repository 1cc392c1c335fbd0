/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* framework_get_subsystems and framework_get_config: what runs, and how to come to the same state
 * again. App thread. */

#include "init_internal.h"
#include "spdk/json.h"
#include "spdk_internal/json.h"
#include "spdk_internal/jsonrpc.h"
#include "spdk_internal/rpc_pieces.h"
#include "spdk_internal/rpc_table.h"

static void
write_subsystem(void *ctx, const struct spdk_subsystem *subsystem, const char *const *depends_on)
{
	struct spdk_json_write_ctx *w = ctx;

	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "subsystem", subsystem->name);
	spdk_json_write_named_array_begin(w, "depends_on");
	for (; *depends_on != NULL; depends_on++) {
		spdk_json_write_string(w, *depends_on);
	}
	spdk_json_write_array_end(w);
	spdk_json_write_object_end(w);
}

static void
rpc_framework_get_subsystems(struct spdk_jsonrpc_request *request, void *params)
{
	struct spdk_json_write_ctx *w;

	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_array_begin(w);
	subsystem_for_each(write_subsystem, w);
	spdk_json_write_array_end(w);
	spdk_jsonrpc_end_result(request, w);
}

struct get_config {
	char *name;
	bool with_batches;
};

static const struct rpc_param get_config_params[] = {
	RPC_PARAM(struct get_config, name, RPC_STRING, .required = true,
	          .help = "Name of the subsystem", .cli = RPC_POSITIONAL),
	RPC_PARAM(struct get_config, with_batches, RPC_BOOL,
	          .help = "Keep entries that belong together in arrays of their own",
	          .cli = { .kind = RPC_CLI_OPTION,
	                   .flags = "--with-batches",
	                   .action = "boolean_optional",
	                   .dflt = "false" }),
};

struct find_ctx {
	const char *name;
	const struct spdk_subsystem *subsystem;
};

static void
find_subsystem(void *_ctx, const struct spdk_subsystem *subsystem, const char *const *depends_on)
{
	struct find_ctx *ctx = _ctx;

	if (strcmp(subsystem->name, ctx->name) == 0) {
		ctx->subsystem = subsystem;
	}
}

/** A configuration, with the brackets that its entries don't bring. */
struct config_pieces {
	struct rpc_pieces pieces;
	struct rpc_pieces *entries;
};

static bool
config_next(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct config_pieces *c = SPDK_CONTAINEROF(pieces, struct config_pieces, pieces);

	return c->entries->next(c->entries, w);
}

static void
config_end(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct config_pieces *c = SPDK_CONTAINEROF(pieces, struct config_pieces, pieces);

	c->entries->end(c->entries, w);
	spdk_json_write_array_end(w);
}

/* Long ones. False: no memory; the answer is still to be written. */
static bool
answer_in_pieces(struct spdk_jsonrpc_request *request, struct spdk_json_write_ctx *w,
                 const struct subsystem_entry *entry)
{
	struct config_pieces *c = jsonrpc_request_alloc(request, sizeof(*c));

	if (c != NULL) {
		c->entries = entry->config_pieces();
	}
	if (c == NULL || c->entries == NULL) {
		return false;
	}
	c->pieces.next = config_next;
	c->pieces.end = config_end;
	spdk_json_write_array_begin(w);
	rpc_answer_in_pieces(request, w, &c->pieces);
	return true;
}

static void
rpc_framework_get_config(struct spdk_jsonrpc_request *request, void *_params)
{
	const struct get_config *params = _params;
	const struct subsystem_entry *entry;
	struct find_ctx ctx = { .name = params->name };
	struct spdk_json_write_ctx *w;

	subsystem_for_each(find_subsystem, &ctx);
	if (ctx.subsystem == NULL) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		          "there is no subsystem '%s'; framework_get_subsystems lists them",
		          params->name);
		return;
	}
	w = spdk_jsonrpc_begin_result(request);
	if (!params->with_batches) {
		spdk_json_write_add_flags(w, SPDK_JSON_WRITE_FLAG_FLATTEN_BATCHES);
	}
	entry = subsystem_get_entry(ctx.subsystem);
	if (entry != NULL && entry->config_pieces != NULL) {
		if (answer_in_pieces(request, w, entry)) {
			return;
		}
		json_write_fail(w);
	} else if (ctx.subsystem->write_config_json != NULL) {
		ctx.subsystem->write_config_json(w);
	} else {
		spdk_json_write_null(w);
	}
	spdk_jsonrpc_end_result(request, w);
}

static const struct rpc_method methods[] = {
	{
	        .name = "framework_get_subsystems",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_framework_get_subsystems,
	        .result = RPC_RESULT_ARRAY,
	        .help = "List the subsystems in the order in which they start",
	},
	{
	        .name = "framework_get_config",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        RPC_PARAMS(struct get_config, get_config_params),
	        .handler = rpc_framework_get_config,
	        .result = RPC_RESULT_ARRAY,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "Show the methods that bring a subsystem into its present state",
	},
};

const struct rpc_table init_rpc_table = RPC_TABLE(methods);
