/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Tables and values in words, for errors. All write at most size bytes with a 0 at the end. */

#ifndef RPC_TEXT_H
#define RPC_TEXT_H

#include "rpc_internal.h"
#include "spdk_internal/json.h"

/* `-1`, `"abc"`, "an array"; of a secret only its kind. */
void rpc_describe_given(const struct spdk_json_val *val, bool secret, char *buf, size_t size);

/* Bytes of a name that messages show. */
#define NAME_SHOWN_MAX 64

/* How many bytes of a string to show, \p max at most, whole characters. */
int rpc_cut(const struct spdk_json_val *val, int max);

/* "name, block_size, num_blocks" */
void rpc_list_params(const struct rpc_object *object, char *buf, size_t size);

#endif /* RPC_TEXT_H */
