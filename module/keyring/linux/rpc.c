/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The RPC of the kernel's keys. On the app thread. */

#include "keyring_linux.h"

#include "spdk_internal/rpc_table.h"

struct linux_set_options {
	bool enable;
	bool has_enable;
};

static const struct rpc_param linux_set_options_params[] = {
	RPC_PARAM(struct linux_set_options, enable, RPC_BOOL,
	          RPC_GIVEN(struct linux_set_options, has_enable),
	          .help = "Look for keys in the kernel's session keyring",
	          .cli = RPC_OPTION("-e/--enable")),
};

static void
rpc_keyring_linux_set_options(struct spdk_jsonrpc_request *request, void *_params)
{
	struct linux_set_options *params = _params;

	if (params->has_enable) {
		keyring_linux_enable(params->enable);
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static const struct rpc_method keyring_linux_methods[] = {
	{ .name = "keyring_linux_set_options",
	  .states = SPDK_RPC_STARTUP,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct linux_set_options, linux_set_options_params),
	  .handler = rpc_keyring_linux_set_options,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	  .help = "Set whether keys are looked for in the kernel's session keyring" },
};

extern const struct rpc_table keyring_linux_rpc_table;
const struct rpc_table keyring_linux_rpc_table = RPC_TABLE(keyring_linux_methods);
