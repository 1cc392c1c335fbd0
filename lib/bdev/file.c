/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Bdevs on files: what they say of themselves, and their life, on the app thread. No two of them
 * have one file, whatever module moves the data, unless all only read. Timers: none.
 *
 * Durability: the traits say "volatile, no FUA", with the page cache or without it, because neither
 * a disk's cache nor a file's metadata is safe before fdatasync().
 */

#include "file_internal.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/bdev.h"
#include "spdk_internal/system_state.h"
#include "spdk_internal/thread.h"

#define DRAIN_TIMEOUT_SEC 30

static struct {
	LIST_HEAD(, bdev_file) files;
} g_file SYSTEM_STATE;

/* ---- Table ---- */

bool
bdev_file_io_type_supported(void *ctx, enum spdk_bdev_io_type type)
{
	struct bdev_file *file = ctx;

	switch (type) {
	case SPDK_BDEV_IO_TYPE_READ:
	case SPDK_BDEV_IO_TYPE_FLUSH:
	case SPDK_BDEV_IO_TYPE_RESET:
		return true;
	case SPDK_BDEV_IO_TYPE_WRITE:
		return !file->readonly;
	case SPDK_BDEV_IO_TYPE_UNMAP:
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
		return file->punch;
	default:
		return false;
	}
}

static int
channel_create(void *io_device, void *ctx)
{
	struct bdev_file *file = io_device;
	struct bdev_file_channel *ch = ctx;

	ch->group_ch = spdk_get_io_channel(file->kind->module);
	if (ch->group_ch == NULL) {
		return -ENOMEM;
	}
	ch->group = spdk_io_channel_get_ctx(ch->group_ch);
	return 0;
}

static void
channel_destroy(void *io_device, void *ctx)
{
	struct bdev_file_channel *ch = ctx;

	spdk_put_io_channel(ch->group_ch);
}

struct spdk_io_channel *
bdev_file_get_io_channel(void *ctx)
{
	return spdk_get_io_channel(ctx);
}

/* ---- Life ---- */

static void
file_close(struct bdev_file *file)
{
	if (file->fd >= 0) {
		close(file->fd);
		file->fd = -1;
		LIST_REMOVE(file, link);
	}
}

void
bdev_file_free(struct bdev_file *file)
{
	file_close(file);
	bdev_file_sync_fini(file);
	free(file->filename);
	free(file->bdev.name);
	free(file);
}

static void
channels_gone(void *io_device)
{
	struct bdev_file *file = io_device;

	/* Who hears that the bdev is gone may use the file. */
	file_close(file);
	spdk_bdev_destruct_done(&file->bdev, 0);
	bdev_file_free(file);
}

int
bdev_file_destruct(void *ctx)
{
	spdk_io_device_unregister(ctx, channels_gone);
	return 1;
}

static void
bdev_fill(struct bdev_file *file, const struct bdev_file_opts *opts)
{
	static const struct bdev_traits traits = { .volatile_cache = true, .atomic_blocks = 1 };
	char uuid[SPDK_UUID_STRING_LEN];

	file->bdev.product_name = (char *)file->kind->product_name;
	file->bdev.uuid = opts->uuid;
	if (spdk_uuid_is_null(&opts->uuid)) {
		/* A file of another file system may have the same number and birth. */
		spdk_uuid_fmt_lower(uuid, sizeof(uuid), &file->identity);
		if (spdk_bdev_get_by_name(uuid) == NULL) {
			file->bdev.uuid = file->identity;
		}
	}
	file->bdev.write_cache = 1;
	file->bdev.blocklen = file->block_size;
	file->bdev.blockcnt = file->size_bytes / file->block_size;
	file->bdev.required_alignment = file->align_log2;
	file->bdev.reset_io_drain_timeout = DRAIN_TIMEOUT_SEC;
	file->bdev.ctxt = file;
	file->bdev.fn_table = file->kind->fn_table;
	file->bdev.module = file->kind->module;
	bdev_set_traits(&file->bdev, &traits);
	atomic_init(&file->flush_failed, false);
	atomic_init(&file->zero_mode, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE);
}

/** Two bdevs on one file would write over each other's data: the one that has it, or NULL. */
static struct bdev_file *
other_of_file(const struct bdev_file *file)
{
	struct bdev_file *other;

	LIST_FOREACH(other, &g_file.files, link) {
		if (other != file && other->is_blk == file->is_blk && other->dev == file->dev &&
		    other->ino == file->ino && !(other->readonly && file->readonly)) {
			return other;
		}
	}
	return NULL;
}

static int
open_unused(const struct bdev_file_opts *opts, struct bdev_file *file, char why[BDEV_FILE_WHY_MAX])
{
	struct bdev_file *other;
	int rc = bdev_file_probe(opts, file, why);

	if (file->fd >= 0) {
		LIST_INSERT_HEAD(&g_file.files, file, link);
	}
	other = rc == 0 ? other_of_file(file) : NULL;
	if (other != NULL) {
		snprintf(why, BDEV_FILE_WHY_MAX,
		         "%s is the file of bdev %s already: use that one, or delete it first",
		         opts->filename, other->bdev.name);
		return -EBUSY;
	}
	return rc;
}

int
bdev_file_open(const struct bdev_file_kind *kind, const struct bdev_file_opts *opts,
               struct bdev_file **out, char why[BDEV_FILE_WHY_MAX])
{
	struct bdev_file *file = calloc(1, kind->size_bytes);
	int rc = -ENOMEM;

	snprintf(why, BDEV_FILE_WHY_MAX, "there is no memory for it: end something, and try again");
	if (file == NULL) {
		return rc;
	}
	file->kind = kind;
	file->fd = -1;
	bdev_file_sync_init(file);
	file->bdev.name = strdup(opts->name);
	file->filename = strdup(opts->filename);
	if (file->bdev.name != NULL && file->filename != NULL) {
		rc = open_unused(opts, file, why);
	}
	if (rc != 0) {
		bdev_file_free(file);
		return rc;
	}
	bdev_fill(file, opts);
	*out = file;
	return 0;
}

int
bdev_file_register(struct bdev_file *file, char why[BDEV_FILE_WHY_MAX])
{
	int rc;

	snprintf(why, BDEV_FILE_WHY_MAX, "there is no memory for it: end something, and try again");
	rc = thread_io_device_register(file, channel_create, channel_destroy,
	                               sizeof(struct bdev_file_channel), file->bdev.name);
	if (rc == 0) {
		rc = spdk_bdev_register(&file->bdev);
		if (rc != 0) {
			spdk_io_device_unregister(file, NULL);
		}
	}
	if (rc == -EEXIST) {
		snprintf(why, BDEV_FILE_WHY_MAX,
		         "%s: a bdev of that name or uuid exists: choose another, or delete that "
		         "one",
		         file->filename);
	}
	if (rc != 0) {
		bdev_file_free(file);
		return rc;
	}
	if (!file->direct) {
		SPDK_NOTICELOG(
		        "bdev %s: %s goes through the page cache: O_DIRECT does not work there "
		        "with blocks of %u bytes\n",
		        file->bdev.name, file->filename, file->block_size);
	}
	return 0;
}

/** The file of the bdev \p name, NULL when it is not one of \p kind. */
static struct bdev_file *
find(const struct bdev_file_kind *kind, const char *name)
{
	struct spdk_bdev *bdev = spdk_bdev_get_by_name(name);

	return bdev != NULL && bdev->module == kind->module ? bdev->ctxt : NULL;
}

int
bdev_file_rescan(const struct bdev_file_kind *kind, const char *name, char why[BDEV_FILE_WHY_MAX])
{
	struct bdev_file *file = find(kind, name);
	uint32_t block_size;
	uint64_t size;
	int rc;

	if (file == NULL) {
		snprintf(why, BDEV_FILE_WHY_MAX, "no %s bdev is named %s", kind->module->name,
		         name);
		return -ENODEV;
	}
	block_size = file->bdev.blocklen;
	rc = bdev_file_size(file, &size);
	if (rc != 0) {
		snprintf(why, BDEV_FILE_WHY_MAX, "%s does not tell its size: %s", file->filename,
		         spdk_strerror(-rc));
		return rc;
	}
	if (size < block_size || size % block_size != 0) {
		snprintf(why, BDEV_FILE_WHY_MAX,
		         "%s has an odd size: %" PRIu64 " bytes are not whole blocks of %u",
		         file->filename, size, block_size);
		return -EINVAL;
	}
	rc = spdk_bdev_notify_blockcnt_change(&file->bdev, size / block_size);
	if (rc != 0) {
		snprintf(why, BDEV_FILE_WHY_MAX,
		         "%s shrank while bdev %s is in use: give the file its size back, or close "
		         "the bdev first",
		         file->filename, name);
		return rc;
	}
	file->size_bytes = size;
	return 0;
}
