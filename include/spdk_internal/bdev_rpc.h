/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What RPC methods of bdev modules share.
 */

#ifndef SPDK_INTERNAL_BDEV_RPC_H
#define SPDK_INTERNAL_BDEV_RPC_H

#include "spdk_internal/rpc_table.h"

/** Parameters of a method that takes the name of a bdev, positional, and nothing else. */
struct bdev_rpc_name {
	char *name;
};
extern const struct rpc_param bdev_rpc_name_params[1];

#endif /* SPDK_INTERNAL_BDEV_RPC_H */
