/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What RPC methods of bdev modules share: the parameter, the answer to a creation, the deletion by
 * name.
 */

#ifndef SPDK_INTERNAL_BDEV_RPC_H
#define SPDK_INTERNAL_BDEV_RPC_H

#include "spdk/bdev_module.h"
#include "spdk_internal/rpc_table.h"

/** The parameters of a method that takes the name of a bdev and nothing else. */
struct bdev_rpc_name {
	char *name;
};
extern const struct rpc_param bdev_rpc_name_params[1];

/**
 * Answer \p request for the creation of the bdev \p name (NULL: it has none yet).
 * \param rc 0: the name is the answer; else the code of the error.
 * \param why the reason and the remedy in words; NULL: they follow from rc. App thread.
 */
void
bdev_rpc_created(struct spdk_jsonrpc_request *request, const char *name, int rc, const char *why);

/** Remove the bdev \p name of \p module and answer \p request. App thread. */
void bdev_rpc_delete(struct spdk_jsonrpc_request *request, const char *name,
                     struct spdk_bdev_module *module);

/** The same for a module that removes by itself: \p rc of its call, whose call-back is
 *  rpc_answer_done() with \p request. App thread. */
void bdev_rpc_deleting(struct spdk_jsonrpc_request *request, const char *name,
                       const struct spdk_bdev_module *module, int rc);

#endif /* SPDK_INTERNAL_BDEV_RPC_H */
