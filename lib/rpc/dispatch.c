/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* From a request to its handler: name, allow-list, role, state, parameters, in this order, so that
 * each error is about the first thing that is wrong. App thread. */

#include "rpc_internal.h"
#include "spdk/log.h"
#include "spdk_internal/system_state.h"
#include "text.h"

static SYSTEM_STATE struct {
	rpc_gate_fn gate; /* NULL: none */
} g_dispatch;

static void
run_table_method(struct spdk_jsonrpc_request *request, const struct rpc_method *method,
                 const struct spdk_json_val *params)
{
	struct rpc_decode_error error;
	void *decoded;

	if (rpc_decode(request, method, params, &decoded, &error) != 0) {
		spdk_jsonrpc_send_error_response(request, error.code, error.text);
	} else if (!method->changes_config || !rpc_wait_turn(request, method, decoded)) {
		method->handler(request, decoded);
	}
}

static void
reject_name(struct spdk_jsonrpc_request *request, const struct spdk_json_val *method)
{
	char text[256];

	snprintf(text, sizeof(text),
	         "Method not found: there is no '%.*s' in this program; rpc_get_methods lists what "
	         "there is",
	         rpc_cut(method, NAME_SHOWN_MAX), (const char *)method->start);
	jsonrpc_request_reject(request, SPDK_JSONRPC_ERROR_METHOD_NOT_FOUND, text);
}

static void
reject_state(struct spdk_jsonrpc_request *request, const char *name, uint32_t states)
{
	if ((states & SPDK_RPC_STARTUP) != 0) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_STATE,
		          "%s may only be called before framework_start_init (start with "
		          "--wait-for-rpc)",
		          name);
	} else {
		rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_STATE,
		          "%s may only be called after framework_start_init", name);
	}
}

void
rpc_run_decoded(struct spdk_jsonrpc_request *request, const struct rpc_method *method, void *params)
{
	if ((method->states & spdk_rpc_get_state()) == 0) {
		reject_state(request, method->name, method->states);
	} else {
		method->handler(request, params);
	}
}

/* Whether the peer's role is enough; else the request is answered. What an outside module
 * registered says nothing of what it does: it takes an admin. */
static bool
check_role(struct spdk_jsonrpc_request *request, const struct rpc_entry *entry)
{
	enum rpc_role need = entry->method != NULL ? entry->method->role : RPC_ROLE_ADMIN;
	int has = jsonrpc_request_get_rights(request);

	if (has >= (int)need) {
		return true;
	}
	rpc_error(request, -EACCES,
	          "%s needs the role %s, and this user has %s: see --rpc-role of the program",
	          entry->name, rpc_role_name(need), rpc_role_name((enum rpc_role)has));
	return false;
}

void
rpc_dispatch(struct spdk_jsonrpc_request *request, const struct spdk_json_val *method,
             const struct spdk_json_val *params)
{
	struct rpc_entry entry;

	if (!rpc_find(method->start, method->len, &entry) || !rpc_is_listed(entry.name)) {
		reject_name(request, method);
		return;
	}
	if (entry.alias_of != NULL) {
		SPDK_WARNLOG("RPC method %s is deprecated: use %s\n", entry.name, entry.alias_of);
	}
	if (!check_role(request, &entry)) {
		return;
	}
	if ((entry.states & spdk_rpc_get_state()) == 0) {
		reject_state(request, entry.name, entry.states);
	} else if (entry.method == NULL) {
		entry.func(request, params);
	} else if (g_dispatch.gate != NULL && entry.method->changes_config) {
		g_dispatch.gate(request, entry.method, params);
	} else {
		run_table_method(request, entry.method, params);
	}
}

void
rpc_set_gate(rpc_gate_fn gate)
{
	g_dispatch.gate = gate;
}

void
rpc_run(struct spdk_jsonrpc_request *request, const struct rpc_method *method,
        const struct spdk_json_val *params)
{
	if ((method->states & spdk_rpc_get_state()) == 0) {
		reject_state(request, method->name, method->states);
	} else {
		run_table_method(request, method, params);
	}
}

int
rpc_changes_config(const char *method)
{
	struct rpc_entry entry;

	if (!rpc_find(method, strlen(method), &entry) || entry.method == NULL) {
		return -ENOENT;
	}
	return entry.method->changes_config ? 1 : 0;
}
