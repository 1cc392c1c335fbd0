/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs of the uring bdev. */

#include "uring.h"
#include "spdk_internal/bdev_rpc.h"

extern const struct rpc_table uring_rpc_table;

struct rpc_uring_create {
	char *filename;
	char *name;
	uint32_t block_size;
	struct spdk_uuid uuid;
};

static const struct rpc_param g_create_params[] = {
	RPC_PARAM(struct rpc_uring_create, filename, RPC_STRING, .required = true, .min = 1,
	          .help = "Path of a file or block device that exists", .cli = RPC_POSITIONAL),
	RPC_PARAM(struct rpc_uring_create, name, RPC_STRING, .required = true, .min = 1,
	          .help = "Name of the bdev", .cli = RPC_POSITIONAL),
	RPC_PARAM(struct rpc_uring_create, block_size, RPC_UINT32, .unit = "bytes",
	          .help = "Bytes a block, a power of two; by default the device's, or 4096 for a "
	                  "file",
	          .cli = RPC_POSITIONAL),
	RPC_PARAM(struct rpc_uring_create, uuid, RPC_UUID,
	          .help = "Identifier; made from the file's identity by default",
	          .cli = RPC_OPTION("-u/--uuid")),
};

static void
rpc_bdev_uring_create(struct spdk_jsonrpc_request *request, void *params)
{
	struct rpc_uring_create *p = params;
	struct bdev_file_opts opts = {
		.name = p->name,
		.filename = p->filename,
		.block_size = p->block_size,
		.uuid = p->uuid,
		.fallocate = true,
	};
	char why[BDEV_FILE_WHY_MAX];
	int rc = uring_create(&opts, why);

	bdev_rpc_created(request, p->name, rc == 0 ? 0 : SPDK_JSONRPC_ERROR_INTERNAL_ERROR, why);
}

static void
rpc_bdev_uring_delete(struct spdk_jsonrpc_request *request, void *params)
{
	struct bdev_rpc_name *p = params;

	bdev_rpc_delete(request, p->name, &g_uring_module);
}

static void
rpc_bdev_uring_rescan(struct spdk_jsonrpc_request *request, void *params)
{
	struct bdev_rpc_name *p = params;
	char why[BDEV_FILE_WHY_MAX];
	int rc = uring_rescan(p->name, why);

	if (rc != 0) {
		rpc_error(request, rc, "bdev %s: %s", p->name, why);
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static const struct rpc_method g_methods[] = {
	{
	        .name = "bdev_uring_create",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        .changes_config = true,
	        RPC_PARAMS(struct rpc_uring_create, g_create_params),
	        .handler = rpc_bdev_uring_create,
	        .result = RPC_RESULT_STRING,
	        .help = "Make a bdev on a file or block device",
	},
	{
	        .name = "bdev_uring_rescan",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        RPC_PARAMS(struct bdev_rpc_name, bdev_rpc_name_params),
	        .handler = rpc_bdev_uring_rescan,
	        .result = RPC_RESULT_BOOL,
	        .cli_output = "json",
	        .help = "Take over a new size of the file",
	},
	{
	        .name = "bdev_uring_delete",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        .changes_config = true,
	        RPC_PARAMS(struct bdev_rpc_name, bdev_rpc_name_params),
	        .handler = rpc_bdev_uring_delete,
	        .result = RPC_RESULT_BOOL,
	        .help = "Remove a uring bdev; the file stays",
	},
};

const struct rpc_table uring_rpc_table = RPC_TABLE(g_methods);
