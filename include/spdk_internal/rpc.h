/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * RPC beyond spdk/rpc.h: the dispatcher, servers with an errno and a descriptor, the schema.
 */

#ifndef SPDK_INTERNAL_RPC_H
#define SPDK_INTERNAL_RPC_H

#include "spdk/rpc.h"
#include "spdk_internal/rpc_table.h"

struct spdk_json_write_ctx;

/**
 * Run \p method: look it up in the tables and among the registered ones, check the allow-list and
 * the state, decode \p params, and call its handler; or answer with the error. App thread.
 * \param params NULL when absent.
 */
void rpc_dispatch(struct spdk_jsonrpc_request *request, const struct spdk_json_val *method,
                  const struct spdk_json_val *params);

/**
 * Whether \p method could be called.
 * \return 0, -ENOENT for one that does not exist or is not on the allow-list, -EPERM when none of
 * its states is in \p state_mask.
 */
int rpc_method_check(const char *method, uint32_t state_mask);

/** 1 when a method changes the configuration, 0 when it does not, -ENOENT when no table has it, as
 *  for those of outside modules. Any thread. */
int rpc_changes_config(const char *method);

/* ---- A gate before what changes the configuration ---- */

/** Sees to it that rpc_run() is called, or \p request is answered with an error. App thread. */
typedef void (*rpc_gate_fn)(struct spdk_jsonrpc_request *request, const struct rpc_method *method,
                            const struct spdk_json_val *params);

/** Let \p gate have each request for a method that changes the configuration, once its name, state
 *  and role are checked. NULL: they run at once. App thread. */
void rpc_set_gate(rpc_gate_fn gate);

/** Check the state, decode and run: what follows the gate. App thread. */
void rpc_run(struct spdk_jsonrpc_request *request, const struct rpc_method *method,
             const struct spdk_json_val *params);

/**
 * Write \p params (NULL: absent) with what \p method would make up. Any thread.
 * \param result NULL: UUIDs are made up, before it runs; else names and ids are taken from its
 * result.
 */
void rpc_write_completed(struct spdk_json_write_ctx *w, const struct rpc_method *method,
                         const struct spdk_json_val *params, const struct spdk_json_val *result);

/** The name of a secret parameter that was given; NULL: none. Any thread. */
const char *rpc_find_secret(const struct rpc_method *method, const struct spdk_json_val *params);

/* ---- Servers ---- */

/**
 * Add a rule of who may call what, before the servers start: "user:NAME=ROLE", "group:NAME=ROLE"
 * (or their numbers), "tcp=ROLE"; the roles are observe, operate and admin.
 * \return 0, -EINVAL, -ENOENT for a name that the machine does not know, -ENOSPC, -ENOMEM.
 */
int rpc_role_add(const char *spec);

/** Forget the rules. */
void rpc_roles_clear(void);

/**
 * Listen at \p addr: a path or "host:port".
 * \return 0 or a negative errno, as jsonrpc_server_listen().
 */
int rpc_server_listen(const char *addr, struct spdk_rpc_server **server);

/** For a POLLER_FD poller that calls rpc_server_step(). */
int rpc_server_get_fd(struct spdk_rpc_server *server);
const uint32_t *rpc_server_get_counter(struct spdk_rpc_server *server);

/** Serve what has come. \return 0 when there was nothing. */
int rpc_server_step(struct spdk_rpc_server *server);

/** As jsonrpc_server_get_deadline(). */
uint64_t rpc_server_get_deadline(const struct spdk_rpc_server *server);

/** Write all methods with their parameters as the value of rpc_get_schema. Any thread. */
void rpc_write_schema(struct spdk_json_write_ctx *w);

/** The servers are closed: forget the jobs that have ended. App thread. */
void rpc_jobs_stop(void);

#endif /* SPDK_INTERNAL_RPC_H */
