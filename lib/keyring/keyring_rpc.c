/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The RPC of the keyring: which keys there are, never what. On the app thread. */

#include "keyring_internal.h"

#include "spdk/json.h"
#include "spdk_internal/rpc_table.h"

static void
write_key(void *ctx, struct spdk_key *key)
{
	struct spdk_json_write_ctx *w = ctx;

	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "name", key->name);
	spdk_json_write_named_string(w, "module", key->module->name);
	spdk_json_write_named_bool(w, "removed", key->removed);
	spdk_json_write_named_bool(w, "probed", key->probed);
	spdk_json_write_named_uint32(w, "refcnt", key->refcnt - 1); /* but for this walk */
	if (!key->removed && key->module->dump_info != NULL) {
		key->module->dump_info(key, w);
	}
	spdk_json_write_object_end(w);
}

static void
rpc_keyring_get_keys(struct spdk_jsonrpc_request *request, void *params)
{
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_result(request);

	spdk_json_write_array_begin(w);
	spdk_keyring_for_each_key(NULL, w, write_key, SPDK_KEYRING_FOR_EACH_ALL);
	spdk_json_write_array_end(w);
	spdk_jsonrpc_end_result(request, w);
}

static const struct rpc_method keyring_methods[] = {
	{ .name = "keyring_get_keys",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_OBSERVE,
	  .handler = rpc_keyring_get_keys,
	  .result = RPC_RESULT_ARRAY,
	  .ignores_params = true,
	  .help = "List the keys, also removed ones that are still held; never their secrets" },
};

extern const struct rpc_table keyring_rpc_table;
const struct rpc_table keyring_rpc_table = RPC_TABLE(keyring_methods);
