/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The uring bdev: what it says of itself, and its life, on the app thread. Its I/O is uring_io.c,
 * its file uring_file.c. Timers: none.
 *
 * Durability: the traits say "volatile, no FUA", with the page cache or without it, because neither
 * a disk's cache nor a file's metadata is safe before fdatasync().
 */

#include "uring_internal.h"
#include "spdk/json.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/bdev.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/system_state.h"

#define DRAIN_TIMEOUT_SEC 30

/* ---- Table ---- */

static bool
uring_io_type_supported(void *ctx, enum spdk_bdev_io_type type)
{
	struct uring_bdev *ub = ctx;

	switch (type) {
	case SPDK_BDEV_IO_TYPE_READ:
	case SPDK_BDEV_IO_TYPE_WRITE:
	case SPDK_BDEV_IO_TYPE_FLUSH:
	case SPDK_BDEV_IO_TYPE_RESET:
		return true;
	case SPDK_BDEV_IO_TYPE_UNMAP:
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
		return ub->file.punch;
	default:
		return false;
	}
}

static int
channel_create(void *io_device, void *ctx)
{
	struct uring_channel *uc = ctx;

	uc->group_ch = spdk_get_io_channel(&g_uring_module);
	if (uc->group_ch == NULL) {
		return -ENOMEM;
	}
	uc->group = spdk_io_channel_get_ctx(uc->group_ch);
	return 0;
}

static void
channel_destroy(void *io_device, void *ctx)
{
	struct uring_channel *uc = ctx;

	spdk_put_io_channel(uc->group_ch);
}

static struct spdk_io_channel *
uring_get_io_channel(void *ctx)
{
	return spdk_get_io_channel(ctx);
}

static int
uring_dump_info_json(void *ctx, struct spdk_json_write_ctx *w)
{
	struct uring_bdev *ub = ctx;

	spdk_json_write_named_object_begin(w, "uring");
	spdk_json_write_named_string(w, "filename", ub->filename);
	spdk_json_write_object_end(w);
	return 0;
}

static void
uring_write_config_json(struct spdk_bdev *bdev, struct spdk_json_write_ctx *w)
{
	struct uring_bdev *ub = bdev->ctxt;

	rpc_write_entry_begin(w, "bdev_uring_create");
	spdk_json_write_named_string(w, "name", bdev->name);
	spdk_json_write_named_uint32(w, "block_size", bdev->blocklen);
	spdk_json_write_named_string(w, "filename", ub->filename);
	spdk_json_write_named_uuid(w, "uuid", &bdev->uuid);
	rpc_write_entry_end(w);
}

/* ---- Life ---- */

static void
uring_free(struct uring_bdev *ub)
{
	uring_file_close(&ub->file);
	pthread_mutex_destroy(&ub->sync.lock);
	free(ub->filename);
	free(ub->bdev.name);
	free(ub);
}

static void
uring_channels_gone(void *io_device)
{
	struct uring_bdev *ub = io_device;

	/* Who hears that the bdev is gone may use the file. */
	uring_file_close(&ub->file);
	spdk_bdev_destruct_done(&ub->bdev, 0);
	uring_free(ub);
}

static int
uring_destruct(void *ctx)
{
	spdk_io_device_unregister(ctx, uring_channels_gone);
	return 1;
}

static const struct spdk_bdev_fn_table g_uring_fn_table = {
	.destruct = uring_destruct,
	.submit_request = uring_submit_request,
	.io_type_supported = uring_io_type_supported,
	.get_io_channel = uring_get_io_channel,
	.dump_info_json = uring_dump_info_json,
	.write_config_json = uring_write_config_json,
};

static void
bdev_fill(struct uring_bdev *ub, const struct uring_opts *opts)
{
	static const struct bdev_traits traits = { .volatile_cache = true, .atomic_blocks = 1 };
	char uuid[SPDK_UUID_STRING_LEN];

	ub->bdev.product_name = (char *)"URING bdev";
	ub->bdev.uuid = opts->uuid;
	if (spdk_uuid_is_null(&opts->uuid)) {
		/* A file of another file system may have the same number and birth. */
		spdk_uuid_fmt_lower(uuid, sizeof(uuid), &ub->file.identity);
		if (spdk_bdev_get_by_name(uuid) == NULL) {
			ub->bdev.uuid = ub->file.identity;
		}
	}
	ub->bdev.write_cache = 1;
	ub->bdev.blocklen = ub->file.block_size;
	ub->bdev.blockcnt = ub->file.size_bytes / ub->file.block_size;
	ub->bdev.required_alignment = ub->file.align_log2;
	ub->bdev.reset_io_drain_timeout = DRAIN_TIMEOUT_SEC;
	ub->bdev.ctxt = ub;
	ub->bdev.fn_table = &g_uring_fn_table;
	ub->bdev.module = &g_uring_module;
	bdev_set_traits(&ub->bdev, &traits);
	atomic_init(&ub->flush_failed, false);
	atomic_init(&ub->zero_mode, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE);
}

/** Two bdevs on one file would write over each other's data: the one that has it, or NULL. */
static struct uring_bdev *
bdev_by_file(const struct uring_file *file)
{
	struct spdk_bdev *bdev;
	struct uring_bdev *ub;

	for (bdev = spdk_bdev_first(); bdev != NULL; bdev = spdk_bdev_next(bdev)) {
		ub = bdev->module == &g_uring_module ? bdev->ctxt : NULL;
		if (ub != NULL && uring_file_same(&ub->file, file)) {
			return ub;
		}
	}
	return NULL;
}

static int
open_unused(const struct uring_opts *opts, struct uring_file *file, char why[URING_WHY_MAX])
{
	struct uring_bdev *other;
	int rc = uring_file_open(opts, file, why);

	if (rc != 0) {
		return rc;
	}
	other = bdev_by_file(file);
	if (other != NULL) {
		snprintf(why, URING_WHY_MAX,
		         "%s is the file of bdev %s already: use that one, or delete it first",
		         opts->filename, other->bdev.name);
		return -EBUSY;
	}
	return 0;
}

/** Without rings no thread could get a channel: better said now than by each of them. */
static int
ring_works(char why[URING_WHY_MAX])
{
	int rc = uring_group_probe();

	if (rc != 0) {
		snprintf(why, URING_WHY_MAX, "io_uring does not work here: %s: %s",
		         spdk_strerror(-rc), uring_group_remedy(rc));
	}
	return rc;
}

static int
register_bdev(struct uring_bdev *ub, char why[URING_WHY_MAX])
{
	int rc;

	rc = thread_io_device_register(ub, channel_create, channel_destroy,
	                               sizeof(struct uring_channel), ub->bdev.name);
	if (rc == 0) {
		rc = spdk_bdev_register(&ub->bdev);
		if (rc != 0) {
			spdk_io_device_unregister(ub, NULL);
		}
	}
	if (rc == -EEXIST) {
		snprintf(why, URING_WHY_MAX,
		         "%s: a bdev of that name or uuid exists: choose another, or delete that "
		         "one",
		         ub->filename);
	}
	return rc;
}

int
uring_create(const struct uring_opts *opts, char why[URING_WHY_MAX])
{
	struct uring_bdev *ub = calloc(1, sizeof(*ub));
	int rc = -ENOMEM;

	snprintf(why, URING_WHY_MAX, "there is no memory for it: end something, and try again");
	if (ub == NULL) {
		return rc;
	}
	ub->file.fd = -1;
	uring_sync_init(ub);
	ub->bdev.name = strdup(opts->name);
	ub->filename = strdup(opts->filename);
	if (ub->bdev.name == NULL || ub->filename == NULL) {
		goto fail;
	}
	rc = open_unused(opts, &ub->file, why);
	if (rc == 0) {
		rc = ring_works(why);
	}
	if (rc == 0) {
		bdev_fill(ub, opts);
		rc = register_bdev(ub, why);
	}
	if (rc != 0) {
		goto fail;
	}
	if (!ub->file.direct) {
		SPDK_NOTICELOG(
		        "bdev %s: %s goes through the page cache: O_DIRECT does not work there "
		        "with blocks of %u bytes\n",
		        opts->name, opts->filename, ub->file.block_size);
	}
	return 0;
fail:
	uring_free(ub);
	return rc;
}

int
uring_rescan(const char *name, char why[URING_WHY_MAX])
{
	struct spdk_bdev *bdev = spdk_bdev_get_by_name(name);
	struct uring_bdev *ub;
	uint64_t size;
	int rc;

	if (bdev == NULL || bdev->module != &g_uring_module) {
		snprintf(why, URING_WHY_MAX, "no uring bdev is named %s", name);
		return -ENODEV;
	}
	ub = SPDK_CONTAINEROF(bdev, struct uring_bdev, bdev);
	rc = uring_file_size(&ub->file, &size);
	if (rc != 0) {
		snprintf(why, URING_WHY_MAX, "%s does not tell its size: %s", ub->filename,
		         spdk_strerror(-rc));
		return rc;
	}
	if (size < bdev->blocklen || size % bdev->blocklen != 0) {
		snprintf(why, URING_WHY_MAX,
		         "%s has an odd size: %" PRIu64 " bytes are not whole blocks of %u",
		         ub->filename, size, bdev->blocklen);
		return -EINVAL;
	}
	rc = spdk_bdev_notify_blockcnt_change(bdev, size / bdev->blocklen);
	if (rc != 0) {
		snprintf(why, URING_WHY_MAX,
		         "%s shrank while bdev %s is in use: give the file its size back, or close "
		         "the bdev first",
		         ub->filename, name);
		return rc;
	}
	ub->file.size_bytes = size;
	return 0;
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
	return sizeof(struct uring_io);
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
