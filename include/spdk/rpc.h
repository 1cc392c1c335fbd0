/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * TODO(doc)
 */

#ifndef SPDK_RPC_H
#define SPDK_RPC_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_RPC_STARTUP 1
#define SPDK_RPC_RUNTIME 2

/** Register \p func for \p method before main(). For modules outside the library. */
#define SPDK_RPC_REGISTER(method, func, state_mask) \
	static void __attribute__((constructor(1000))) rpc_register_##func(void) \
	{ \
		spdk_rpc_register_method(method, func, state_mask); \
	}
/** Let \p alias call \p method, with a warning. */
#define SPDK_RPC_REGISTER_ALIAS_DEPRECATED(method, alias) \
	static void __attribute__((constructor(1001))) rpc_register_##alias(void) \
	{ \
		spdk_rpc_register_alias_deprecated(#method, #alias); \
	}

struct spdk_json_val;
struct spdk_jsonrpc_request;
struct spdk_rpc_server;

typedef void (*spdk_rpc_method_handler)(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params);

bool spdk_rpc_verify_methods(void);

struct spdk_rpc_server *spdk_rpc_server_listen(const char *listen_addr);

void spdk_rpc_server_accept(struct spdk_rpc_server *server);

void spdk_rpc_server_close(struct spdk_rpc_server *server);

void spdk_rpc_register_method(const char *method, spdk_rpc_method_handler func, uint32_t state_mask);

void spdk_rpc_register_alias_deprecated(const char *method, const char *alias);

int spdk_rpc_is_method_allowed(const char *method, uint32_t state_mask);

int spdk_rpc_get_method_state_mask(const char *method, uint32_t *state_mask);

void spdk_rpc_set_state(uint32_t state_mask);

uint32_t spdk_rpc_get_state(void);

void spdk_rpc_set_allowlist(const char **rpc_allowlist);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_RPC_H */
