/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs of keys in files. On the app thread. */

#include "spdk/module/keyring/file.h"
#include "spdk_internal/rpc_table.h"

struct file_add_key {
	char *name;
	char *path;
};

static const struct rpc_param file_add_key_params[] = {
	RPC_PARAM(struct file_add_key, name, RPC_STRING, .required = true,
	          .help = "Name of the key", .cli = RPC_POSITIONAL),
	RPC_PARAM(struct file_add_key, path, RPC_STRING, .required = true,
	          .help = "Absolute path of its file, of mode 0600", .cli = RPC_POSITIONAL),
};

static void
rpc_keyring_file_add_key(struct spdk_jsonrpc_request *request, void *_params)
{
	struct file_add_key *params = _params;
	int rc = spdk_keyring_file_add_key(params->name, params->path);

	if (rc != 0) {
		rpc_error(request, rc, "the key \"%s\" in %s: %s; the log says more", params->name,
		          params->path, strerror(-rc));
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

struct file_remove_key {
	char *name;
};

static const struct rpc_param file_remove_key_params[] = {
	RPC_PARAM(struct file_remove_key, name, RPC_STRING, .required = true,
	          .help = "Name of the key", .cli = RPC_POSITIONAL),
};

static void
rpc_keyring_file_remove_key(struct spdk_jsonrpc_request *request, void *_params)
{
	struct file_remove_key *params = _params;
	int rc = spdk_keyring_file_remove_key(params->name);

	if (rc == -ENOKEY) {
		rpc_error(request, rc, "name: there is no key \"%s\"", params->name);
		return;
	}
	if (rc != 0) {
		rpc_error(request, rc, "name: the key \"%s\" is not in a file", params->name);
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static const struct rpc_method keyring_file_methods[] = {
	{ .name = "keyring_file_add_key",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct file_add_key, file_add_key_params),
	  .handler = rpc_keyring_file_add_key,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	  .unknown_code = -EPERM,
	  .help = "Add a key whose secret is in a file" },
	{ .name = "keyring_file_remove_key",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct file_remove_key, file_remove_key_params),
	  .handler = rpc_keyring_file_remove_key,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	  .help = "Remove a key that is in a file; who holds it may keep it" },
};

extern const struct rpc_table keyring_file_rpc_table;
const struct rpc_table keyring_file_rpc_table = RPC_TABLE(keyring_file_methods);
