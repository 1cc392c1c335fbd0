/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs of the passthru bdev. */

#include "passthru.h"
#include "spdk_internal/bdev_rpc.h"

extern const struct rpc_table passthru_rpc_table;

struct rpc_passthru_create {
	char *name;
	char *base_bdev_name;
	struct spdk_uuid uuid;
};

static const struct rpc_param g_create_params[] = {
	RPC_PARAM(struct rpc_passthru_create, base_bdev_name, RPC_STRING, .required = true,
	          .min = 1, .help = "Name of the bdev below, which may come later",
	          .cli = RPC_OPTION("-b/--base-bdev-name")),
	RPC_PARAM(struct rpc_passthru_create, name, RPC_STRING, .required = true, .min = 1,
	          .help = "Name of the bdev", .cli = RPC_OPTION("-p/--name")),
	RPC_PARAM(struct rpc_passthru_create, uuid, RPC_UUID,
	          .help = "Identifier; made from that of the bdev below by default",
	          .cli = RPC_OPTION("-u/--uuid")),
};

static void
rpc_bdev_passthru_create(struct spdk_jsonrpc_request *request, void *params)
{
	struct rpc_passthru_create *p = params;
	int rc = passthru_create(p->name, p->base_bdev_name, &p->uuid);

	bdev_rpc_created(
	        request, p->name, rc,
	        rc == -EPERM
	                ? "the bdev below is claimed or awaited by another: choose another, or "
	                  "delete that one"
	                : NULL);
}

static void
rpc_bdev_passthru_delete(struct spdk_jsonrpc_request *request, void *params)
{
	struct bdev_rpc_name *p = params;

	bdev_rpc_deleting(request, p->name, &g_passthru_module,
	                  passthru_delete(p->name, rpc_answer_done, request));
}

static const struct rpc_method g_methods[] = {
	{
	        .name = "bdev_passthru_create",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        .changes_config = true,
	        RPC_PARAMS(struct rpc_passthru_create, g_create_params),
	        .handler = rpc_bdev_passthru_create,
	        .result = RPC_RESULT_STRING,
	        .help = "Make a bdev that hands its I/O to another",
	},
	{
	        .name = "bdev_passthru_delete",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        .changes_config = true,
	        RPC_PARAMS(struct bdev_rpc_name, bdev_rpc_name_params),
	        .handler = rpc_bdev_passthru_delete,
	        .result = RPC_RESULT_BOOL,
	        .help = "Remove a passthru bdev",
	},
};

const struct rpc_table passthru_rpc_table = RPC_TABLE(g_methods);
