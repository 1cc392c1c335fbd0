/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A bdev module: disks in memory. What a module has, from top to bottom:
 *
 *	1. its state: a struct that embeds struct spdk_bdev
 *	2. its I/O: submit_request(), on any thread that has a channel
 *	3. its table: what the bdev layer may ask
 *	4. create and delete, on the app thread
 *	5. the module itself, and its registration
 *	6. its RPC methods
 *
 * The rules that are easy to miss:
 *	- each I/O is completed exactly once; it may be at once, the layer sees to it that the
 *	  caller's call-back does not run inside the caller's submit
 *	- a read may come without buffers: spdk_bdev_io_get_buf() gets them, and calls back
 *	- a channel belongs to one thread, so its fields need no lock
 *	- destruct() is called when nobody has the bdev open; channels may still be there
 */

#include "spdk/bdev_module.h"
#include "spdk/env.h"
#include "spdk/json.h"
#include "spdk/jsonrpc.h"
#include "spdk/log.h"
#include "spdk/rpc.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk/util.h"

SPDK_LOG_REGISTER_COMPONENT(bdev_ram)

#define RAM_BLOCK_BYTES 512u

/* ---- 1. State ---- */

struct ram_disk {
	struct spdk_bdev bdev;
	char *data;
};

/** A thread's handle. This module needs nothing in it; one with hardware has its queue here. */
struct ram_channel {
	uint64_t num_ios;
};

extern struct spdk_bdev_module bdev_ram_module;

/* ---- 2. I/O ---- */

static char *
place_of(struct ram_disk *disk, const struct spdk_bdev_io *io)
{
	return disk->data + io->u.bdev.offset_blocks * RAM_BLOCK_BYTES;
}

static void
ram_read(struct spdk_io_channel *ch, struct spdk_bdev_io *io, bool success)
{
	struct ram_disk *disk = io->bdev->ctxt;

	if (!success) {
		/* There is no memory for buffers, now or ever. */
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
		return;
	}
	spdk_copy_buf_to_iovs(io->u.bdev.iovs, io->u.bdev.iovcnt, place_of(disk, io),
	                      io->u.bdev.num_blocks * RAM_BLOCK_BYTES);
	spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
}

static void
ram_submit_request(struct spdk_io_channel *ch, struct spdk_bdev_io *io)
{
	struct ram_channel *channel = spdk_io_channel_get_ctx(ch);
	struct ram_disk *disk = io->bdev->ctxt;
	uint64_t len = io->u.bdev.num_blocks * RAM_BLOCK_BYTES;

	channel->num_ios++;
	switch (io->type) {
	case SPDK_BDEV_IO_TYPE_READ:
		spdk_bdev_io_get_buf(io, ram_read, len);
		return;
	case SPDK_BDEV_IO_TYPE_WRITE:
		spdk_copy_iovs_to_buf(place_of(disk, io), len, io->u.bdev.iovs, io->u.bdev.iovcnt);
		break;
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
	case SPDK_BDEV_IO_TYPE_UNMAP:
		memset(place_of(disk, io), 0, len);
		break;
	case SPDK_BDEV_IO_TYPE_FLUSH: /* memory is as durable as it gets */
	case SPDK_BDEV_IO_TYPE_RESET: /* nothing is ever under way */
		break;
	default:
		/* io_type_supported() said so before. */
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
		return;
	}
	spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
}

/* ---- 3. Table ---- */

static bool
ram_io_type_supported(void *ctx, enum spdk_bdev_io_type type)
{
	switch (type) {
	case SPDK_BDEV_IO_TYPE_READ:
	case SPDK_BDEV_IO_TYPE_WRITE:
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
	case SPDK_BDEV_IO_TYPE_UNMAP:
	case SPDK_BDEV_IO_TYPE_FLUSH:
	case SPDK_BDEV_IO_TYPE_RESET:
		return true;
	default:
		return false;
	}
}

static struct spdk_io_channel *
ram_get_io_channel(void *ctx)
{
	return spdk_get_io_channel(ctx);
}

/** What save_config writes: the call that makes the bdev again. */
static void
ram_write_config_json(struct spdk_bdev *bdev, struct spdk_json_write_ctx *w)
{
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "method", "bdev_ram_create");
	spdk_json_write_named_object_begin(w, "params");
	spdk_json_write_named_string(w, "name", bdev->name);
	spdk_json_write_named_uint64(w, "num_blocks", bdev->blockcnt);
	spdk_json_write_object_end(w);
	spdk_json_write_object_end(w);
}

static int
ram_channel_create(void *io_device, void *ctx)
{
	struct ram_channel *channel = ctx;

	channel->num_ios = 0;
	return 0;
}

static void
ram_channel_destroy(void *io_device, void *ctx)
{
	struct ram_channel *channel = ctx;

	SPDK_INFOLOG(bdev_ram, "a channel ends after %" PRIu64 " I/Os\n", channel->num_ios);
}

static void
ram_free(struct ram_disk *disk)
{
	spdk_free(disk->data);
	free(disk->bdev.name);
	free(disk);
}

/* All channels are gone: now nothing can reach the disk. */
static void
ram_unregistered(void *io_device)
{
	struct ram_disk *disk = io_device;

	spdk_bdev_destruct_done(&disk->bdev, 0);
	ram_free(disk);
}

/** 1: spdk_bdev_destruct_done() follows. */
static int
ram_destruct(void *ctx)
{
	spdk_io_device_unregister(ctx, ram_unregistered);
	return 1;
}

static const struct spdk_bdev_fn_table g_ram_fn_table = {
	.destruct = ram_destruct,
	.submit_request = ram_submit_request,
	.io_type_supported = ram_io_type_supported,
	.get_io_channel = ram_get_io_channel,
	.write_config_json = ram_write_config_json,
};

/* ---- 4. Create ---- */

static int
ram_create(const char *name, uint64_t num_blocks)
{
	struct ram_disk *disk = calloc(1, sizeof(*disk));
	int rc;

	if (disk == NULL) {
		return -ENOMEM;
	}
	disk->bdev.name = strdup(name);
	disk->data = num_blocks > SIZE_MAX / RAM_BLOCK_BYTES
	                     ? NULL
	                     : spdk_zmalloc(num_blocks * RAM_BLOCK_BYTES, 4096, NULL,
	                                    SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	if (disk->bdev.name == NULL || disk->data == NULL) {
		ram_free(disk);
		return -ENOMEM;
	}
	disk->bdev.product_name = (char *)"RAM disk";
	disk->bdev.blocklen = RAM_BLOCK_BYTES;
	disk->bdev.blockcnt = num_blocks;
	disk->bdev.ctxt = disk;
	disk->bdev.fn_table = &g_ram_fn_table;
	disk->bdev.module = &bdev_ram_module;
	/* The device of the channels first: who hears of the bdev may want one at once. */
	spdk_io_device_register(disk, ram_channel_create, ram_channel_destroy,
	                        sizeof(struct ram_channel), name);
	rc = spdk_bdev_register(&disk->bdev);
	if (rc != 0) {
		spdk_io_device_unregister(disk, NULL);
		ram_free(disk);
	}
	return rc;
}

/* ---- 5. Module ---- */

static int
ram_init(void)
{
	return 0;
}

struct spdk_bdev_module bdev_ram_module = {
	.module_init = ram_init,
	.name = "ram",
};

SPDK_BDEV_MODULE_REGISTER(ram, &bdev_ram_module)

/* ---- 6. RPC ---- */

struct rpc_ram_create {
	char *name;
	uint64_t num_blocks;
};

static const struct spdk_json_object_decoder g_ram_create_decoders[] = {
	{ "name", offsetof(struct rpc_ram_create, name), spdk_json_decode_string },
	{ "num_blocks", offsetof(struct rpc_ram_create, num_blocks), spdk_json_decode_uint64 },
};

static void
rpc_bdev_ram_create(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	struct rpc_ram_create req = {};
	struct spdk_json_write_ctx *w;
	int rc;

	if (params == NULL ||
	    spdk_json_decode_object(params, g_ram_create_decoders,
	                            SPDK_COUNTOF(g_ram_create_decoders), &req) != 0) {
		spdk_jsonrpc_send_error_response(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		                                 "wanted: name, num_blocks");
		free(req.name);
		return;
	}
	rc = req.num_blocks == 0 ? -EINVAL : ram_create(req.name, req.num_blocks);
	if (rc != 0) {
		spdk_jsonrpc_send_error_response_fmt(request, rc, "RAM disk %s: %s", req.name,
		                                     spdk_strerror(-rc));
	} else {
		w = spdk_jsonrpc_begin_result(request);
		spdk_json_write_string(w, req.name);
		spdk_jsonrpc_end_result(request, w);
	}
	free(req.name);
}
SPDK_RPC_REGISTER("bdev_ram_create", rpc_bdev_ram_create, SPDK_RPC_RUNTIME)

static void
rpc_ram_deleted(void *cb_arg, int rc)
{
	struct spdk_jsonrpc_request *request = cb_arg;

	if (rc == 0) {
		spdk_jsonrpc_send_bool_response(request, true);
	} else {
		spdk_jsonrpc_send_error_response(request, rc, spdk_strerror(-rc));
	}
}

static const struct spdk_json_object_decoder g_ram_delete_decoders[] = {
	{ "name", 0, spdk_json_decode_string },
};

static void
rpc_bdev_ram_delete(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	char *name = NULL;
	int rc;

	if (params == NULL ||
	    spdk_json_decode_object(params, g_ram_delete_decoders, 1, &name) != 0) {
		spdk_jsonrpc_send_error_response(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		                                 "wanted: name");
		free(name);
		return;
	}
	/* 0: the call-back will run; else it never does. */
	rc = spdk_bdev_unregister_by_name(name, &bdev_ram_module, rpc_ram_deleted, request);
	if (rc != 0) {
		rpc_ram_deleted(request, rc);
	}
	free(name);
}
SPDK_RPC_REGISTER("bdev_ram_delete", rpc_bdev_ram_delete, SPDK_RPC_RUNTIME)
