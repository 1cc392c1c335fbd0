/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The malloc bdev: blocks in memory. An I/O is a copy, done within submit_request(); the layer
 * completes it later in the same step. Nothing survives the process, so there is nothing to flush.
 * Created and removed on the app thread; I/O on any, with no lock: as on a disk, overlapping I/O
 * that is under way at the same time has no order.
 */

#include "malloc.h"
#include "spdk/env.h"
#include "spdk/json.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk_internal/bdev.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/system_state.h"
#include "spdk_internal/thread.h"

/** Bytes set to zero at once: the thread that does it does nothing else meanwhile. */
#define ZERO_BYTES_MAX (1024u * 1024)

struct malloc_bdev {
	struct spdk_bdev bdev;
	char *data;
};

static struct {
	uint32_t next_number; /* of names that we choose */
} g_malloc SYSTEM_STATE;

/* ---- I/O ---- */

/** Copy between \p data and the buffers of an I/O; false when those are too short. */
static bool
malloc_copy(const struct spdk_bdev_io *io, char *data, uint64_t len, bool to_buffers)
{
	const struct iovec *iovs = io->u.bdev.iovs;
	uint64_t part, sum = 0;
	int i;

	for (i = 0; i < io->u.bdev.iovcnt; i++) {
		sum += iovs[i].iov_len;
	}
	if (spdk_unlikely(sum < len)) {
		return false;
	}
	for (i = 0; len > 0; i++) {
		part = spdk_min(len, iovs[i].iov_len);
		if (to_buffers) {
			memcpy(iovs[i].iov_base, data, part);
		} else {
			memcpy(data, iovs[i].iov_base, part);
		}
		data += part;
		len -= part;
	}
	return true;
}

static void
malloc_rw(struct spdk_bdev_io *io, bool read)
{
	struct malloc_bdev *mb = io->bdev->ctxt;
	uint32_t blocklen = io->bdev->blocklen;
	bool ok = malloc_copy(io, mb->data + io->u.bdev.offset_blocks * blocklen,
	                      io->u.bdev.num_blocks * blocklen, read);

	spdk_bdev_io_complete(io, ok ? SPDK_BDEV_IO_STATUS_SUCCESS : SPDK_BDEV_IO_STATUS_FAILED);
}

static void
malloc_read_buf(struct spdk_io_channel *ch, struct spdk_bdev_io *io, bool success)
{
	if (!success) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
		return;
	}
	malloc_rw(io, true);
}

static void
malloc_submit_request(struct spdk_io_channel *ch, struct spdk_bdev_io *io)
{
	struct malloc_bdev *mb = io->bdev->ctxt;
	uint64_t blocklen = io->bdev->blocklen;

	switch (io->type) {
	case SPDK_BDEV_IO_TYPE_READ:
		if (spdk_likely(io->u.bdev.iovs[0].iov_base != NULL)) {
			malloc_rw(io, true);
			return;
		}
		spdk_bdev_io_get_buf(io, malloc_read_buf, io->u.bdev.num_blocks * blocklen);
		return;
	case SPDK_BDEV_IO_TYPE_WRITE:
		malloc_rw(io, false);
		return;
	case SPDK_BDEV_IO_TYPE_UNMAP:
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
		memset(mb->data + io->u.bdev.offset_blocks * blocklen, 0,
		       io->u.bdev.num_blocks * blocklen);
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
		return;
	case SPDK_BDEV_IO_TYPE_FLUSH:
	case SPDK_BDEV_IO_TYPE_RESET:
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
		return;
	default:
		/* An abort comes too late, always. */
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
	}
}

static bool
malloc_io_type_supported(void *ctx, enum spdk_bdev_io_type type)
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
malloc_get_io_channel(void *ctx)
{
	return spdk_get_io_channel(&g_malloc_module);
}

/* ---- Life ---- */

static int
malloc_destruct(void *ctx)
{
	struct malloc_bdev *mb = ctx;

	spdk_free(mb->data);
	free(mb->bdev.name);
	free(mb);
	return 0;
}

static void
malloc_write_config_json(struct spdk_bdev *bdev, struct spdk_json_write_ctx *w)
{
	rpc_write_entry_begin(w, "bdev_malloc_create");
	spdk_json_write_named_string(w, "name", bdev->name);
	spdk_json_write_named_uint64(w, "num_blocks", bdev->blockcnt);
	spdk_json_write_named_uint32(w, "block_size", bdev->blocklen);
	spdk_json_write_named_uint32(w, "physical_block_size", bdev->phys_blocklen);
	spdk_json_write_named_uuid(w, "uuid", &bdev->uuid);
	spdk_json_write_named_uint32(w, "optimal_io_boundary", bdev->optimal_io_boundary);
	spdk_json_write_named_uint32(w, "md_size", 0);
	spdk_json_write_named_uint32(w, "dif_type", 0);
	spdk_json_write_named_bool(w, "dif_is_head_of_md", false);
	spdk_json_write_named_uint32(w, "dif_pi_format", 0);
	spdk_json_write_named_int32(w, "numa_id", spdk_bdev_get_numa_id(bdev));
	rpc_write_entry_end(w);
}

static const struct spdk_bdev_fn_table g_malloc_fn_table = {
	.destruct = malloc_destruct,
	.submit_request = malloc_submit_request,
	.io_type_supported = malloc_io_type_supported,
	.get_io_channel = malloc_get_io_channel,
	.write_config_json = malloc_write_config_json,
};

static const char *
malloc_opts_bad(const struct malloc_opts *opts)
{
	if (opts->name != NULL && opts->name[0] == '\0') {
		return "name must not be empty";
	}
	if (opts->block_size == 0 || opts->block_size % 512 != 0) {
		return "block_size must be a multiple of 512";
	}
	if (opts->physical_block_size % 512 != 0) {
		return "physical_block_size must be a multiple of 512";
	}
	if (opts->num_blocks == 0 || opts->num_blocks > SIZE_MAX / 2 / opts->block_size) {
		return "num_blocks must be at least 1 and the size in bytes fit 63 bits";
	}
	return NULL;
}

/** A name that no bdev has. */
static char *
malloc_pick_name(void)
{
	char *name;

	for (;;) {
		name = spdk_sprintf_alloc("Malloc%u", g_malloc.next_number++);
		if (name == NULL || spdk_bdev_get_by_name(name) == NULL) {
			return name;
		}
		free(name);
	}
}

static void
malloc_fill(struct malloc_bdev *mb, const struct malloc_opts *opts)
{
	static const struct bdev_traits traits = { .fua = true, .atomic_blocks = 1 };

	mb->bdev.product_name = (char *)"Malloc disk";
	mb->bdev.uuid = opts->uuid;
	mb->bdev.blocklen = opts->block_size;
	mb->bdev.phys_blocklen = opts->physical_block_size;
	mb->bdev.blockcnt = opts->num_blocks;
	mb->bdev.optimal_io_boundary = opts->optimal_io_boundary;
	mb->bdev.split_on_optimal_io_boundary = opts->optimal_io_boundary != 0;
	mb->bdev.max_unmap = spdk_max(1u, ZERO_BYTES_MAX / opts->block_size);
	mb->bdev.max_write_zeroes = mb->bdev.max_unmap;
	if (opts->numa_id != SPDK_ENV_NUMA_ID_ANY) {
		mb->bdev.numa.id_valid = 1;
		mb->bdev.numa.id = opts->numa_id;
	}
	mb->bdev.ctxt = mb;
	mb->bdev.fn_table = &g_malloc_fn_table;
	mb->bdev.module = &g_malloc_module;
	bdev_set_traits(&mb->bdev, &traits);
}

int
malloc_create(const struct malloc_opts *opts, struct spdk_bdev **bdev, const char **why)
{
	struct malloc_bdev *mb;
	int rc = -ENOMEM;

	*why = malloc_opts_bad(opts);
	if (*why != NULL) {
		return -EINVAL;
	}
	mb = calloc(1, sizeof(*mb));
	if (mb == NULL) {
		return rc;
	}
	mb->bdev.name = opts->name != NULL ? strdup(opts->name) : malloc_pick_name();
	if (mb->bdev.name == NULL) {
		goto fail;
	}
	mb->data = spdk_zmalloc(opts->num_blocks * opts->block_size, 4096, NULL, opts->numa_id,
	                        SPDK_MALLOC_DMA);
	if (mb->data == NULL) {
		*why = "there is no memory for its data: make it smaller, or allow the program "
		       "more "
		       "(-s)";
		goto fail;
	}
	malloc_fill(mb, opts);
	rc = spdk_bdev_register(&mb->bdev);
	if (rc != 0) {
		goto fail;
	}
	*bdev = &mb->bdev;
	return 0;
fail:
	malloc_destruct(mb);
	return rc;
}

/* ---- Module ---- */

static int
malloc_channel_create(void *io_device, void *ctx)
{
	return 0;
}

static void
malloc_channel_destroy(void *io_device, void *ctx)
{
}

static int
malloc_init(void)
{
	return thread_io_device_register(&g_malloc_module, malloc_channel_create,
	                                 malloc_channel_destroy, 0, "bdev_malloc");
}

static void
malloc_gone(void *io_device)
{
	memset(&g_malloc, 0, sizeof(g_malloc));
	spdk_bdev_module_fini_done();
}

static void
malloc_fini(void)
{
	spdk_io_device_unregister(&g_malloc_module, malloc_gone);
}

struct spdk_bdev_module g_malloc_module SYSTEM_STATE = {
	.name = "malloc",
	.module_init = malloc_init,
	.module_fini = malloc_fini,
	.async_fini = true,
};
