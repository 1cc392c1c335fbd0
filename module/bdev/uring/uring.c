/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The uring bdev: its table, create and rescan, on the app thread. Its I/O is uring_io.c, its file
 * and the rest of its life lib/bdev's (file.c). Timers: none.
 */

#include "uring_internal.h"
#include "spdk/json.h"
#include "spdk/string.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/system_state.h"

/* ---- Table ---- */

static int
uring_dump_info_json(void *ctx, struct spdk_json_write_ctx *w)
{
	struct bdev_file *file = ctx;

	spdk_json_write_named_object_begin(w, "uring");
	spdk_json_write_named_string(w, "filename", file->filename);
	spdk_json_write_object_end(w);
	return 0;
}

static void
uring_write_config_json(struct spdk_bdev *bdev, struct spdk_json_write_ctx *w)
{
	struct bdev_file *file = bdev->ctxt;

	rpc_write_entry_begin(w, "bdev_uring_create");
	spdk_json_write_named_string(w, "name", bdev->name);
	spdk_json_write_named_uint32(w, "block_size", bdev->blocklen);
	spdk_json_write_named_string(w, "filename", file->filename);
	spdk_json_write_named_uuid(w, "uuid", &bdev->uuid);
	rpc_write_entry_end(w);
}

static const struct spdk_bdev_fn_table g_uring_fn_table = {
	.destruct = bdev_file_destruct,
	.submit_request = uring_submit_request,
	.io_type_supported = bdev_file_io_type_supported,
	.get_io_channel = bdev_file_get_io_channel,
	.dump_info_json = uring_dump_info_json,
	.write_config_json = uring_write_config_json,
};

static const struct bdev_file_kind g_uring_kind = {
	.size_bytes = sizeof(struct bdev_file),
	.module = &g_uring_module,
	.product_name = "URING bdev",
	.rescan = "bdev_uring_rescan",
	.fn_table = &g_uring_fn_table,
	.rw = uring_rw,
	.fallocate = uring_fallocate,
};

/* ---- Create, rescan ---- */

int
uring_create(const struct bdev_file_opts *opts, char why[BDEV_FILE_WHY_MAX])
{
	struct bdev_file *file;
	int rc = bdev_file_open(&g_uring_kind, opts, &file, why);

	if (rc != 0) {
		return rc;
	}
	/* Without rings no thread could get a channel: better said now than by each of them. */
	rc = uring_group_probe();
	if (rc != 0) {
		snprintf(why, BDEV_FILE_WHY_MAX, "io_uring does not work here: %s: %s",
		         spdk_strerror(-rc), uring_group_remedy(rc));
		bdev_file_free(file);
		return rc;
	}
	return bdev_file_register(file, why);
}

int
uring_rescan(const char *name, char why[BDEV_FILE_WHY_MAX])
{
	return bdev_file_rescan(&g_uring_kind, name, why);
}

/* ---- Module ---- */

static int
uring_init(void)
{
	return thread_io_device_register(&g_uring_module, uring_group_create, uring_group_destroy,
	                                 sizeof(struct uring_group), "bdev_uring");
}

static int
uring_get_ctx_size(void)
{
	return sizeof(struct bdev_file_io);
}

static void
uring_gone(void *io_device)
{
	spdk_bdev_module_fini_done();
}

static void
uring_fini(void)
{
	spdk_io_device_unregister(&g_uring_module, uring_gone);
}

struct spdk_bdev_module g_uring_module SYSTEM_STATE = {
	.name = "uring",
	.module_init = uring_init,
	.module_fini = uring_fini,
	.get_ctx_size = uring_get_ctx_size,
	.async_fini = true,
};
