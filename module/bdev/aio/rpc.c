/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs of the aio bdev. */

#include "aio.h"
#include "spdk_internal/bdev_rpc.h"

extern const struct rpc_table aio_rpc_table;

struct rpc_aio_create {
	char *filename;
	char *name;
	uint32_t block_size;
	bool readonly;
	bool fallocate;
	struct spdk_uuid uuid;
	bool nowait;
};

static const struct rpc_param g_create_params[] = {
	RPC_PARAM(struct rpc_aio_create, filename, RPC_STRING, .required = true, .min = 1,
	          .help = "Path of a file or block device that exists", .cli = RPC_POSITIONAL),
	RPC_PARAM(struct rpc_aio_create, name, RPC_STRING, .required = true, .min = 1,
	          .help = "Name of the bdev", .cli = RPC_POSITIONAL),
	RPC_PARAM(
	        struct rpc_aio_create, block_size, RPC_UINT32, .unit = "bytes",
	        .help = "Bytes a block, a power of two; required for a file, by default a device's "
	                "own",
	        .cli = RPC_POSITIONAL),
	RPC_PARAM(struct rpc_aio_create, readonly, RPC_BOOL, .help = "Open it for reading only",
	          .cli = RPC_OPTION("-r/--readonly")),
	RPC_PARAM(struct rpc_aio_create, fallocate, RPC_BOOL,
	          .help = "UNMAP and WRITE ZEROES by fallocate(), where the file can",
	          .cli = RPC_OPTION("--fallocate")),
	RPC_PARAM(struct rpc_aio_create, uuid, RPC_UUID,
	          .help = "Identifier; made from the file's identity by default",
	          .cli = RPC_OPTION("-u/--uuid")),
	RPC_PARAM(struct rpc_aio_create, nowait, RPC_BOOL,
	          .help = "Let a helper thread do what would make the core wait",
	          .cli = RPC_OPTION("--no-wait")),
};

static void
rpc_bdev_aio_create(struct spdk_jsonrpc_request *request, void *params)
{
	struct rpc_aio_create *p = params;
	struct bdev_file_opts opts = {
		.name = p->name,
		.filename = p->filename,
		.block_size = p->block_size,
		.uuid = p->uuid,
		.readonly = p->readonly,
		.fallocate = p->fallocate,
	};
	char why[BDEV_FILE_WHY_MAX];
	int rc = aio_create(&opts, p->nowait, why);

	bdev_rpc_created(request, p->name, rc, why);
}

static void
rpc_bdev_aio_delete(struct spdk_jsonrpc_request *request, void *params)
{
	struct bdev_rpc_name *p = params;

	bdev_rpc_delete(request, p->name, &g_aio_module);
}

static void
rpc_bdev_aio_rescan(struct spdk_jsonrpc_request *request, void *params)
{
	struct bdev_rpc_name *p = params;
	char why[BDEV_FILE_WHY_MAX];
	int rc = aio_rescan(p->name, why);

	if (rc != 0) {
		rpc_error(request, rc, "bdev %s: %s", p->name, why);
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static const struct rpc_method g_methods[] = {
	{
	        .name = "bdev_aio_create",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        .changes_config = true,
	        RPC_PARAMS(struct rpc_aio_create, g_create_params),
	        .handler = rpc_bdev_aio_create,
	        .result = RPC_RESULT_STRING,
	        .help = "Make a bdev on a file or block device by Linux AIO",
	},
	{
	        .name = "bdev_aio_rescan",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        RPC_PARAMS(struct bdev_rpc_name, bdev_rpc_name_params),
	        .handler = rpc_bdev_aio_rescan,
	        .result = RPC_RESULT_BOOL,
	        .cli_output = "json",
	        .help = "Take over a new size of the file",
	},
	{
	        .name = "bdev_aio_delete",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        .changes_config = true,
	        RPC_PARAMS(struct bdev_rpc_name, bdev_rpc_name_params),
	        .handler = rpc_bdev_aio_delete,
	        .result = RPC_RESULT_BOOL,
	        .help = "Remove an aio bdev; the file stays",
	},
};

const struct rpc_table aio_rpc_table = RPC_TABLE(g_methods);
