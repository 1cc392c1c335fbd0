/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * RPC methods: registering, states, and serving them.
 */

#ifndef SPDK_RPC_H
#define SPDK_RPC_H

#include "basalt/deprecated.h"
#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/** Before framework_start_init. */
#define SPDK_RPC_STARTUP 1
/** After it. */
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

/** Runs a method; \p params is NULL when there are none. */
typedef void (*spdk_rpc_method_handler)(struct spdk_jsonrpc_request *request,
                                        const struct spdk_json_val *params);

/**
 * False when a registration was refused: a name that was taken, or short memory. App thread.
 */
bool spdk_rpc_verify_methods(void);

/**
 * Serve the methods at a path or at "host:port". App thread, which then calls
 * spdk_rpc_server_accept().
 * \return NULL when that is not possible; the reason is in the log.
 */
struct spdk_rpc_server *spdk_rpc_server_listen(const char *listen_addr);

/** Accept, receive, run and send what can be now; never waits. App thread. */
void spdk_rpc_server_accept(struct spdk_rpc_server *server);

/** Stop serving and free the server. App thread. */
void spdk_rpc_server_close(struct spdk_rpc_server *server);

/**
 * Add a method of an outside module, for the life of the process. Before main() or on the app
 * thread.
 * \param method copied. A name that is taken is refused; see spdk_rpc_verify_methods().
 * \param func runs on the app thread and answers exactly once, now or later; its parameters live
 * until then.
 * \param state_mask SPDK_RPC_STARTUP, SPDK_RPC_RUNTIME, or both.
 */
void
spdk_rpc_register_method(const char *method, spdk_rpc_method_handler func, uint32_t state_mask);

/** Let \p alias mean \p method, with a warning at each use. As spdk_rpc_register_method(). */
void spdk_rpc_register_alias_deprecated(const char *method, const char *alias);

/**
 * Whether a method may be called in one of the states. App thread. 0; -ENOENT when there is
 * none, or the allow-list lacks it; -EPERM.
 */
int spdk_rpc_is_method_allowed(const char *method, uint32_t state_mask);

/** The states in which a method may be called. App thread. 0 or -ENOENT. */
int spdk_rpc_get_method_state_mask(const char *method, uint32_t *state_mask);

/**
 * Set the state of the program: SPDK_RPC_STARTUP (the first) or SPDK_RPC_RUNTIME. App thread.
 */
void spdk_rpc_set_state(uint32_t state_mask);

/** The state of the program. App thread. */
uint32_t spdk_rpc_get_state(void);

/**
 * Let only these methods be called; all others are as if they did not exist. App thread.
 * \param rpc_allowlist names, copied, with NULL at the end; NULL: all methods.
 */
void spdk_rpc_set_allowlist(const char **rpc_allowlist);

/* ---- Dropped by SPDK ---- */

/** Open the one server of the process at \p listen_addr; nothing when it is open. 0, or -1, and the
 *  log says why. App thread. */
int spdk_rpc_listen(const char *listen_addr) BASALT_DEPRECATED("spdk_rpc_server_listen()");

/** Serve what has come to it; call it often. */
void spdk_rpc_accept(void) BASALT_DEPRECATED("spdk_rpc_server_accept()");

/** Close it. */
void spdk_rpc_close(void) BASALT_DEPRECATED("spdk_rpc_server_close()");

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_RPC_H */
