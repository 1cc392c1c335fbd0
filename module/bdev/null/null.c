/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The null bdev: each I/O is done as soon as it is submitted. It keeps no data, so there is nothing
 * to flush; a read leaves the caller's buffer as it was. Created, resized and removed on the app
 * thread; I/O on any.
 */

#include "null.h"
#include "spdk/env.h"
#include "spdk/json.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk_internal/bdev.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/system_state.h"
#include "spdk_internal/thread.h"

struct null_bdev {
	struct spdk_bdev bdev;
};

/* ---- I/O ---- */

/** The buffer is the layer's and was somebody else's before: it goes out as zeros. */
static void
null_read_buf(struct spdk_io_channel *ch, struct spdk_bdev_io *io, bool success)
{
	if (!success) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
		return;
	}
	memset(io->u.bdev.iovs[0].iov_base, 0, io->u.bdev.iovs[0].iov_len);
	spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
}

static void
null_submit_request(struct spdk_io_channel *ch, struct spdk_bdev_io *io)
{
	switch (io->type) {
	case SPDK_BDEV_IO_TYPE_READ:
		if (spdk_likely(io->u.bdev.iovs[0].iov_base != NULL)) {
			spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
			return;
		}
		spdk_bdev_io_get_buf(io, null_read_buf, io->u.bdev.num_blocks * io->bdev->blocklen);
		return;
	case SPDK_BDEV_IO_TYPE_WRITE:
	case SPDK_BDEV_IO_TYPE_UNMAP:
	case SPDK_BDEV_IO_TYPE_FLUSH:
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
	case SPDK_BDEV_IO_TYPE_RESET:
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
		return;
	default:
		/* An abort comes too late, always. */
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
	}
}

static bool
null_io_type_supported(void *ctx, enum spdk_bdev_io_type type)
{
	switch (type) {
	case SPDK_BDEV_IO_TYPE_READ:
	case SPDK_BDEV_IO_TYPE_WRITE:
	case SPDK_BDEV_IO_TYPE_UNMAP:
	case SPDK_BDEV_IO_TYPE_FLUSH:
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
	case SPDK_BDEV_IO_TYPE_RESET:
	case SPDK_BDEV_IO_TYPE_ABORT:
		return true;
	default:
		return false;
	}
}

static struct spdk_io_channel *
null_get_io_channel(void *ctx)
{
	return spdk_get_io_channel(&g_null_module);
}

/* ---- Life ---- */

static int
null_destruct(void *ctx)
{
	struct null_bdev *null = ctx;

	free(null->bdev.name);
	free(null);
	return 0;
}

static void
null_write_config_json(struct spdk_bdev *bdev, struct spdk_json_write_ctx *w)
{
	rpc_write_entry_begin(w, "bdev_null_create");
	spdk_json_write_named_string(w, "name", bdev->name);
	spdk_json_write_named_uint64(w, "num_blocks", bdev->blockcnt);
	spdk_json_write_named_uint32(w, "block_size", bdev->blocklen);
	spdk_json_write_named_uint32(w, "physical_block_size", bdev->phys_blocklen);
	spdk_json_write_named_uint32(w, "md_size", 0);
	spdk_json_write_named_uint32(w, "dif_type", 0);
	spdk_json_write_named_bool(w, "dif_is_head_of_md", false);
	spdk_json_write_named_uint32(w, "dif_pi_format", 0);
	spdk_json_write_named_uuid(w, "uuid", &bdev->uuid);
	spdk_json_write_named_uint32(w, "preferred_write_granularity",
	                             bdev->preferred_write_granularity);
	spdk_json_write_named_uint32(w, "preferred_write_alignment",
	                             bdev->preferred_write_alignment);
	spdk_json_write_named_uint32(w, "optimal_write_size", bdev->optimal_write_size);
	spdk_json_write_named_uint32(w, "preferred_unmap_granularity",
	                             bdev->preferred_unmap_granularity);
	spdk_json_write_named_uint32(w, "preferred_unmap_alignment",
	                             bdev->preferred_unmap_alignment);
	rpc_write_entry_end(w);
}

static const struct spdk_bdev_fn_table g_null_fn_table = {
	.destruct = null_destruct,
	.submit_request = null_submit_request,
	.io_type_supported = null_io_type_supported,
	.get_io_channel = null_get_io_channel,
	.write_config_json = null_write_config_json,
};

static const char *
null_opts_bad(const struct null_opts *opts)
{
	if (opts->name[0] == '\0') {
		return "name must not be empty";
	}
	if (opts->block_size == 0 || opts->block_size % 512 != 0) {
		return "block_size must be a multiple of 512";
	}
	if (opts->physical_block_size % 512 != 0) {
		return "physical_block_size must be a multiple of 512";
	}
	if (opts->num_blocks == 0 || opts->num_blocks > UINT64_MAX / opts->block_size) {
		return "num_blocks must be at least 1 and the size in bytes fit 64 bits";
	}
	return NULL;
}

int
null_create(const struct null_opts *opts, const char **why)
{
	static const struct bdev_traits traits = { .fua = true,
		                                   .atomic_blocks = 1,
		                                   .reads_nothing = true };
	struct null_bdev *null;
	int rc;

	*why = null_opts_bad(opts);
	if (*why != NULL) {
		return -EINVAL;
	}
	null = calloc(1, sizeof(*null));
	if (null == NULL) {
		return -ENOMEM;
	}
	null->bdev.name = strdup(opts->name);
	if (null->bdev.name == NULL) {
		free(null);
		return -ENOMEM;
	}
	null->bdev.product_name = (char *)"Null disk";
	null->bdev.uuid = opts->uuid;
	null->bdev.blocklen = opts->block_size;
	null->bdev.phys_blocklen = opts->physical_block_size;
	null->bdev.blockcnt = opts->num_blocks;
	null->bdev.preferred_write_alignment = opts->preferred_write_alignment;
	null->bdev.preferred_write_granularity = opts->preferred_write_granularity;
	null->bdev.optimal_write_size = opts->optimal_write_size;
	null->bdev.preferred_unmap_alignment = opts->preferred_unmap_alignment;
	null->bdev.preferred_unmap_granularity = opts->preferred_unmap_granularity;
	null->bdev.ctxt = null;
	null->bdev.fn_table = &g_null_fn_table;
	null->bdev.module = &g_null_module;
	bdev_set_traits(&null->bdev, &traits);
	rc = spdk_bdev_register(&null->bdev);
	if (rc != 0) {
		null_destruct(null);
	}
	return rc;
}

int
null_resize(const char *name, uint64_t new_size_mib, const char **why)
{
	struct spdk_bdev *bdev = spdk_bdev_get_by_name(name);
	uint64_t size;

	*why = "no such bdev";
	if (bdev == NULL) {
		return -ENODEV;
	}
	*why = "it is not a null bdev";
	if (bdev->module != &g_null_module) {
		return -EINVAL;
	}
	*why = "the size in bytes must fit 64 bits";
	if (__builtin_mul_overflow(new_size_mib, 1024 * 1024, &size)) {
		return -EINVAL;
	}
	*why = "it can only grow";
	if (size / bdev->blocklen < bdev->blockcnt) {
		return -EINVAL;
	}
	return spdk_bdev_notify_blockcnt_change(bdev, size / bdev->blocklen);
}

/* ---- Module ---- */

static int
null_channel_create(void *io_device, void *ctx)
{
	return 0;
}

static void
null_channel_destroy(void *io_device, void *ctx)
{
}

static int
null_init(void)
{
	return thread_io_device_register(&g_null_module, null_channel_create, null_channel_destroy,
	                                 0, "bdev_null");
}

static void
null_gone(void *io_device)
{
	spdk_bdev_module_fini_done();
}

static void
null_fini(void)
{
	spdk_io_device_unregister(&g_null_module, null_gone);
}

struct spdk_bdev_module g_null_module SYSTEM_STATE = {
	.name = "null",
	.module_init = null_init,
	.module_fini = null_fini,
	.async_fini = true,
};
