/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs of notifications: which types there are, and the last events. On the app thread. */

#include "spdk/notify.h"
#include "spdk_internal/rpc_table.h"

static int
write_type(const struct spdk_notify_type *type, void *w)
{
	spdk_json_write_string(w, spdk_notify_type_get_name(type));
	return 0;
}

static void
rpc_notify_get_types(struct spdk_jsonrpc_request *request, void *params)
{
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_result(request);

	spdk_json_write_array_begin(w);
	spdk_notify_foreach_type(write_type, w);
	spdk_json_write_array_end(w);
	spdk_jsonrpc_end_result(request, w);
}

struct get_notifications {
	uint64_t id;
	uint64_t max;
};

static const struct rpc_param get_notifications_params[] = {
	RPC_PARAM(struct get_notifications, id, RPC_UINT64,
	          .help = "Number of the first event; older ones than are kept are left out",
	          .cli = RPC_OPTION("-i/--id")),
	RPC_PARAM(struct get_notifications, max, RPC_UINT64, .dflt = "18446744073709551615",
	          .help = "At most so many", .cli = RPC_OPTION("-n/--max")),
};

static int
write_event(uint64_t idx, const struct spdk_notify_event *event, void *w)
{
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "type", event->type);
	spdk_json_write_named_string(w, "ctx", event->ctx);
	spdk_json_write_named_uint64(w, "id", idx);
	spdk_json_write_object_end(w);
	return 0;
}

static void
rpc_notify_get_notifications(struct spdk_jsonrpc_request *request, void *_params)
{
	struct get_notifications *params = _params;
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_result(request);

	spdk_json_write_array_begin(w);
	spdk_notify_foreach_event(params->id, params->max, write_event, w);
	spdk_json_write_array_end(w);
	spdk_jsonrpc_end_result(request, w);
}

static const struct rpc_method notify_methods[] = {
	{ .name = "notify_get_types",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_OBSERVE,
	  .handler = rpc_notify_get_types,
	  .result = RPC_RESULT_ARRAY,
	  .help = "List the types of notifications" },
	{ .name = "notify_get_notifications",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_OBSERVE,
	  RPC_PARAMS(struct get_notifications, get_notifications_params),
	  .handler = rpc_notify_get_notifications,
	  .result = RPC_RESULT_ARRAY,
	  .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	  .help = "Show the last notifications, the oldest first" },
};

extern const struct rpc_table notify_rpc_table;
const struct rpc_table notify_rpc_table = RPC_TABLE(notify_methods);
