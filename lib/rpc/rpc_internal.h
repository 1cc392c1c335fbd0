/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the files of lib/rpc share. */

#ifndef RPC_INTERNAL_H
#define RPC_INTERNAL_H

#include "spdk/json.h"
#include "spdk_internal/env.h"
#include "spdk_internal/jsonrpc.h"
#include "spdk_internal/rpc.h"

/* A method of either kind. */
struct rpc_entry {
	const char *name;
	uint32_t states;
	const struct rpc_method *method; /* from a table; else: */
	spdk_rpc_method_handler func;
	const char *alias_of; /* not NULL: another name, and deprecated */
};

typedef void (*rpc_entry_fn)(void *ctx, const struct rpc_entry *entry);

/* Find what \p name means; an alias leads to its method, entry->alias_of then names it. */
bool rpc_find(const char *name, size_t len, struct rpc_entry *entry);

/* The n-th of all, in the order of rpc_for_each(); without a name: an alias of nothing. False:
 * there are not so many. */
bool rpc_entry_at(size_t n, struct rpc_entry *entry);

/* Call \p fn for each method and then each alias: tables first, in their order. */
void rpc_for_each(rpc_entry_fn fn, void *ctx);

/* Whether the allow-list, if there is one, has \p name. */
bool rpc_is_listed(const char *name);

#define RPC_ERROR_TEXT_MAX 1024

/* Why parameters don't decode. */
struct rpc_decode_error {
	int code; /* for the answer */
	char text[RPC_ERROR_TEXT_MAX];
};

/*
 * Decode \p params (NULL: absent) for \p method into memory of \p request.
 * 0 and *out (NULL when the method has no parameters), or -EINVAL or -ENOMEM and *error.
 */
int rpc_decode(struct spdk_jsonrpc_request *request, const struct rpc_method *method,
               const struct spdk_json_val *params, void **out, struct rpc_decode_error *error);

/* What each element of an array has to be, as a parameter. */
struct rpc_param rpc_array_element(const struct rpc_param *p);

/* The inclusive limits of a number of \p p's type. */
void rpc_param_limits(const struct rpc_param *p, int64_t *min, uint64_t *max);

/* "a whole number from 1 to 8 (blocks)" */
void rpc_describe_param(const struct rpc_param *p, char *buf, size_t size);

const char *rpc_type_name(enum rpc_type type);

/* dispatch.c: run a method whose parameters are decoded, unless the state has changed. */
void rpc_run_decoded(struct spdk_jsonrpc_request *request, const struct rpc_method *method,
                     void *params);

/*
 * pieces.c: a change to the configuration waits while a long answer is being written. True: it is
 * run later, by rpc_run_decoded(), or has been refused.
 */
bool
rpc_wait_turn(struct spdk_jsonrpc_request *request, const struct rpc_method *method, void *params);

/* role.c: what a peer may do: an enum rpc_role, or -EACCES. */
int rpc_role_of(int fd, const struct env_peer *peer);
const char *rpc_role_name(enum rpc_role role);
/* Whether a rule names a user or a group. */
bool rpc_roles_have_others(void);

/* schema.c: what stands before the entries of methods, each of them, and what stands behind. */
void rpc_write_schema_begin(struct spdk_json_write_ctx *w);
void rpc_write_schema_entry(struct spdk_json_write_ctx *w, const struct rpc_entry *entry);
void rpc_write_schema_end(struct spdk_json_write_ctx *w);

/* schema_cli.c: the "cli" member of a method. */
void rpc_write_cli(struct spdk_json_write_ctx *w, const struct rpc_method *method);

#endif /* RPC_INTERNAL_H */
