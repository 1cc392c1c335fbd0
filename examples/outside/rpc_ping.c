/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * An RPC method that answers later: it sends a message to each SPDK thread and tells how many came
 * back, and how long the slowest took.
 *
 * A handler runs on the app thread, which it must not keep waiting. It owns the request until it
 * has answered, which it does exactly once.
 */

#include "spdk/env.h"
#include "spdk/json.h"
#include "spdk/jsonrpc.h"
#include "spdk/rpc.h"
#include "spdk/thread.h"
#include "spdk/util.h"

/** The name of the method; also a symbol by which a linker finds this file in an archive. */
extern const char rpc_ping_name[];
const char rpc_ping_name[] = "outside_ping_threads";

/** One call, while it is under way. */
struct ping {
	struct spdk_jsonrpc_request *request;
	bool names;
	struct spdk_json_write_ctx *result;
	uint64_t sent_ticks;
	uint64_t slowest_ticks;
	uint32_t num_threads;
};

static const struct spdk_json_object_decoder g_ping_decoders[] = {
	/* The last field says that it may be left out. */
	{ "names", offsetof(struct ping, names), spdk_json_decode_bool, true },
};

/* On each thread in turn: only one touches the struct at a time. */
static void
ping_on_thread(void *ctx)
{
	struct ping *ping = ctx;
	uint64_t now = spdk_get_ticks();

	ping->num_threads++;
	ping->slowest_ticks = spdk_max(ping->slowest_ticks, now - ping->sent_ticks);
	ping->sent_ticks = now;
	if (ping->names) {
		spdk_json_write_string(ping->result, spdk_thread_get_name(spdk_get_thread()));
	}
}

/* On the app thread again. */
static void
ping_done(void *ctx)
{
	struct ping *ping = ctx;

	if (ping->names) {
		spdk_json_write_array_end(ping->result);
	}
	spdk_json_write_named_uint32(ping->result, "threads", ping->num_threads);
	spdk_json_write_named_uint64(ping->result, "slowest_us",
	                             ping->slowest_ticks * SPDK_SEC_TO_USEC / spdk_get_ticks_hz());
	spdk_json_write_object_end(ping->result);
	spdk_jsonrpc_end_result(ping->request, ping->result);
	free(ping);
}

static void
rpc_outside_ping_threads(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	struct ping *ping = (struct ping *)calloc(1, sizeof(*ping));

	if (ping == NULL) {
		spdk_jsonrpc_send_error_response(request, -ENOMEM, "no memory");
		return;
	}
	if (params != NULL && spdk_json_decode_object(params, g_ping_decoders,
	                                              SPDK_COUNTOF(g_ping_decoders), ping) != 0) {
		spdk_jsonrpc_send_error_response(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		                                 "wanted: names (boolean), or nothing");
		free(ping);
		return;
	}
	ping->request = request;
	ping->result = spdk_jsonrpc_begin_result(request);
	spdk_json_write_object_begin(ping->result);
	if (ping->names) {
		spdk_json_write_named_array_begin(ping->result, "names");
	}
	ping->sent_ticks = spdk_get_ticks();
	spdk_for_each_thread(ping_on_thread, ping, ping_done);
}
SPDK_RPC_REGISTER("outside_ping_threads", rpc_outside_ping_threads, SPDK_RPC_RUNTIME)
