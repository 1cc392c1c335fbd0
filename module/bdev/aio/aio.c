/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The aio bdev: its table, create and rescan, on the app thread. Its I/O is aio_io.c, its file and
 * the rest of its life lib/bdev's (file.c). Timers: none.
 */

#include "aio_internal.h"
#include "spdk/json.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/system_state.h"

/* ---- Table ---- */

static struct aio_bdev *
aio_bdev_of(void *ctx)
{
	return SPDK_CONTAINEROF((struct bdev_file *)ctx, struct aio_bdev, file);
}

static int
aio_dump_info_json(void *ctx, struct spdk_json_write_ctx *w)
{
	struct aio_bdev *ab = aio_bdev_of(ctx);

	spdk_json_write_named_object_begin(w, "aio");
	spdk_json_write_named_string(w, "filename", ab->file.filename);
	spdk_json_write_named_bool(w, "block_size_override", ab->file.block_size_given);
	spdk_json_write_named_bool(w, "readonly", ab->file.readonly);
	spdk_json_write_named_bool(w, "fallocate", ab->file.fallocate);
	spdk_json_write_named_bool(w, "nowait", ab->nowait);
	spdk_json_write_object_end(w);
	return 0;
}

static void
aio_write_config_json(struct spdk_bdev *bdev, struct spdk_json_write_ctx *w)
{
	struct aio_bdev *ab = aio_bdev_of(bdev->ctxt);

	rpc_write_entry_begin(w, "bdev_aio_create");
	spdk_json_write_named_string(w, "name", bdev->name);
	if (ab->file.block_size_given) {
		spdk_json_write_named_uint32(w, "block_size", bdev->blocklen);
	}
	spdk_json_write_named_string(w, "filename", ab->file.filename);
	spdk_json_write_named_bool(w, "readonly", ab->file.readonly);
	spdk_json_write_named_bool(w, "fallocate", ab->file.fallocate);
	spdk_json_write_named_uuid(w, "uuid", &bdev->uuid);
	spdk_json_write_named_bool(w, "nowait", ab->nowait);
	rpc_write_entry_end(w);
}

static const struct spdk_bdev_fn_table g_aio_fn_table = {
	.destruct = bdev_file_destruct,
	.submit_request = aio_submit_request,
	.io_type_supported = bdev_file_io_type_supported,
	.get_io_channel = bdev_file_get_io_channel,
	.dump_info_json = aio_dump_info_json,
	.write_config_json = aio_write_config_json,
};

static const struct bdev_file_kind g_aio_kind = {
	.size_bytes = sizeof(struct aio_bdev),
	.module = &g_aio_module,
	.product_name = "AIO disk",
	.rescan = "bdev_aio_rescan",
	.fn_table = &g_aio_fn_table,
	.block_size_required = true,
	.rw = aio_rw,
	.fallocate = aio_fallocate,
};

/* ---- Create, rescan ---- */

/** Whether the file knows I/O that gives up where it would wait. */
static int
probe_nowait(struct aio_bdev *ab, char why[BDEV_FILE_WHY_MAX])
{
	struct iovec iov = { .iov_len = ab->file.block_size };
	ssize_t n;

	if (posix_memalign(&iov.iov_base, 4096, iov.iov_len) != 0) {
		snprintf(why, BDEV_FILE_WHY_MAX, "no memory to try what the file can do");
		return -ENOMEM;
	}
	n = aio_sys_rw(true, ab->file.fd, &iov, 1, 0, RWF_NOWAIT);
	free(iov.iov_base);
	ab->nowait_works = n >= 0 || n == -EAGAIN;
	if (!ab->nowait_works) {
		SPDK_NOTICELOG("bdev %s: nowait changes nothing: %s does not know it (%s)\n",
		               ab->file.bdev.name, ab->file.filename, spdk_strerror((int)-n));
	}
	return 0;
}

/** Without contexts no thread could get a channel: better said now than by each of them. */
static int
context_works(char why[BDEV_FILE_WHY_MAX])
{
	struct aio_context *context;
	int rc = aio_context_create(&context);

	if (rc == 0) {
		aio_context_destroy(context);
	} else {
		snprintf(why, BDEV_FILE_WHY_MAX, "AIO does not work here: %s: %s",
		         spdk_strerror(-rc), aio_group_remedy(rc));
	}
	return rc;
}

int
aio_create(const struct bdev_file_opts *opts, bool nowait, char why[BDEV_FILE_WHY_MAX])
{
	struct bdev_file *file;
	int rc = bdev_file_open(&g_aio_kind, opts, &file, why);

	if (rc != 0) {
		return rc;
	}
	rc = context_works(why);
	aio_bdev_of(file)->nowait = nowait;
	if (rc == 0 && nowait) {
		rc = probe_nowait(aio_bdev_of(file), why);
	}
	if (rc != 0) {
		bdev_file_free(file);
		return rc;
	}
	return bdev_file_register(file, why);
}

int
aio_rescan(const char *name, char why[BDEV_FILE_WHY_MAX])
{
	return bdev_file_rescan(&g_aio_kind, name, why);
}

/* ---- Module ---- */

static int
aio_init(void)
{
	return thread_io_device_register(&g_aio_module, aio_group_create, aio_group_destroy,
	                                 sizeof(struct aio_group), "bdev_aio");
}

static int
aio_get_ctx_size(void)
{
	return sizeof(struct aio_io);
}

static void
aio_gone(void *io_device)
{
	spdk_bdev_module_fini_done();
}

static void
aio_fini(void)
{
	spdk_io_device_unregister(&g_aio_module, aio_gone);
}

struct spdk_bdev_module g_aio_module SYSTEM_STATE = {
	.name = "aio",
	.module_init = aio_init,
	.module_fini = aio_fini,
	.get_ctx_size = aio_get_ctx_size,
	.async_fini = true,
};
