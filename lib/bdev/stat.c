/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * I/O statistics. A channel counts on its thread (complete.c); what a channel counted goes into the
 * bdev's own sum when it is destroyed, under the registry lock. A device's figure is that sum and
 * all channels.
 */

#include "bdev_internal.h"
#include "spdk/assert.h"
#include "spdk/json.h"

void
bdev_stat_init(struct spdk_bdev_io_stat *stat, struct spdk_bdev_io_error_stat *errors)
{
	memset(stat, 0, sizeof(*stat));
	stat->io_error = errors;
	if (errors != NULL) {
		memset(errors, 0, sizeof(*errors));
	}
	spdk_bdev_reset_io_stat(stat, SPDK_BDEV_RESET_STAT_ALL);
}

struct spdk_bdev_io_stat *
bdev_stat_alloc(void)
{
	struct {
		struct spdk_bdev_io_stat stat;
		struct spdk_bdev_io_error_stat errors;
	} *both = calloc(1, sizeof(*both));

	if (both == NULL) {
		return NULL;
	}
	bdev_stat_init(&both->stat, &both->errors);
	return &both->stat;
}

void
bdev_stat_free(struct spdk_bdev_io_stat *stat)
{
	free(stat);
}

void
bdev_stat_count_error(struct spdk_bdev_channel *ch, const struct spdk_bdev_io *io)
{
	int8_t status = io->internal.status;

	if (status < 0 && status >= SPDK_MIN_BDEV_IO_STATUS) {
		ch->errors.error_status[-status - 1]++;
	}
}

void
spdk_bdev_reset_io_stat(struct spdk_bdev_io_stat *stat, enum spdk_bdev_reset_stat_mode mode)
{
	struct spdk_bdev_io_error_stat *errors = stat->io_error;

	if (mode == SPDK_BDEV_RESET_STAT_NONE) {
		return;
	}
	if (mode == SPDK_BDEV_RESET_STAT_ALL) {
		memset(stat, 0, sizeof(*stat));
		stat->io_error = errors;
	}
	if (mode == SPDK_BDEV_RESET_STAT_ALL || mode == SPDK_BDEV_RESET_STAT_MAXMIN) {
		stat->max_read_latency_ticks = stat->max_write_latency_ticks = 0;
		stat->max_unmap_latency_ticks = stat->max_copy_latency_ticks = 0;
		stat->min_read_latency_ticks = stat->min_write_latency_ticks = UINT64_MAX;
		stat->min_unmap_latency_ticks = stat->min_copy_latency_ticks = UINT64_MAX;
	}
	if (mode != SPDK_BDEV_RESET_STAT_MAXMIN && errors != NULL) {
		memset(errors, 0, sizeof(*errors));
	}
}

void
spdk_bdev_add_io_stat(struct spdk_bdev_io_stat *total, struct spdk_bdev_io_stat *add)
{
	size_t i;

#define ADD(field) total->field += add->field
#define MAX(field) total->field = spdk_max(total->field, add->field)
#define MIN(field) total->field = spdk_min(total->field, add->field)
#define ADD_KIND(bytes, ops, kind) \
	ADD(bytes); \
	ADD(ops); \
	ADD(kind##_latency_ticks); \
	MAX(max_##kind##_latency_ticks); \
	MIN(min_##kind##_latency_ticks)
	ADD_KIND(bytes_read, num_read_ops, read);
	ADD_KIND(bytes_written, num_write_ops, write);
	ADD_KIND(bytes_unmapped, num_unmap_ops, unmap);
	ADD_KIND(bytes_copied, num_copy_ops, copy);
#undef ADD_KIND
#undef MIN
#undef MAX
#undef ADD
	if (total->io_error == NULL || add->io_error == NULL) {
		return;
	}
	for (i = 0; i < SPDK_COUNTOF(total->io_error->error_status); i++) {
		total->io_error->error_status[i] += add->io_error->error_status[i];
	}
}

/** A minimum that nothing has touched reads as 0. */
static void
write_min(struct spdk_json_write_ctx *w, const char *name, uint64_t min)
{
	spdk_json_write_named_uint64(w, name, min == UINT64_MAX ? 0 : min);
}

static const char *const g_status_names[] = {
	"failed",     "nvme_error",         "scsi_error", "nomem",
	"miscompare", "first_fused_failed", "aborted",    "aio_error",
};
SPDK_STATIC_ASSERT(SPDK_COUNTOF(g_status_names) == -SPDK_MIN_BDEV_IO_STATUS, "a name each");

void
spdk_bdev_dump_io_stat_json(struct spdk_bdev_io_stat *stat, struct spdk_json_write_ctx *w)
{
	size_t i;

	spdk_json_write_named_uint64(w, "bytes_read", stat->bytes_read);
	spdk_json_write_named_uint64(w, "num_read_ops", stat->num_read_ops);
	spdk_json_write_named_uint64(w, "bytes_written", stat->bytes_written);
	spdk_json_write_named_uint64(w, "num_write_ops", stat->num_write_ops);
	spdk_json_write_named_uint64(w, "bytes_unmapped", stat->bytes_unmapped);
	spdk_json_write_named_uint64(w, "num_unmap_ops", stat->num_unmap_ops);
	spdk_json_write_named_uint64(w, "bytes_copied", stat->bytes_copied);
	spdk_json_write_named_uint64(w, "num_copy_ops", stat->num_copy_ops);
#define KIND(kind) \
	spdk_json_write_named_uint64(w, #kind "_latency_ticks", stat->kind##_latency_ticks); \
	spdk_json_write_named_uint64(w, "max_" #kind "_latency_ticks", \
	                             stat->max_##kind##_latency_ticks); \
	write_min(w, "min_" #kind "_latency_ticks", stat->min_##kind##_latency_ticks)
	KIND(read);
	KIND(write);
	KIND(unmap);
	KIND(copy);
#undef KIND
	if (stat->io_error == NULL) {
		return;
	}
	spdk_json_write_named_object_begin(w, "io_error");
	for (i = 0; i < SPDK_COUNTOF(g_status_names); i++) {
		if (stat->io_error->error_status[i] != 0) {
			spdk_json_write_named_uint32(w, g_status_names[i],
			                             stat->io_error->error_status[i]);
		}
	}
	spdk_json_write_object_end(w);
}

void
spdk_bdev_get_io_stat(struct spdk_bdev *bdev, struct spdk_io_channel *_ch,
                      struct spdk_bdev_io_stat *stat, enum spdk_bdev_reset_stat_mode reset_mode)
{
	struct spdk_bdev_channel *ch = spdk_io_channel_get_ctx(_ch);
	struct spdk_bdev_io_error_stat *errors = stat->io_error;

	*stat = ch->stat;
	stat->io_error = errors;
	stat->ticks_rate = spdk_get_ticks_hz();
	if (errors != NULL) {
		*errors = ch->errors;
	}
	spdk_bdev_reset_io_stat(&ch->stat, reset_mode);
}

/* ---- A device ---- */

struct device_stat {
	struct spdk_bdev_io_stat *stat;
	enum spdk_bdev_reset_stat_mode mode;
	spdk_bdev_get_device_stat_cb cb;
	void *cb_arg;
};

static void
device_stat_channel(struct spdk_bdev_channel_iter *i, struct spdk_bdev *bdev,
                    struct spdk_io_channel *_ch, void *ctx)
{
	struct spdk_bdev_channel *ch = spdk_io_channel_get_ctx(_ch);
	struct device_stat *ds = ctx;

	spdk_bdev_add_io_stat(ds->stat, &ch->stat);
	spdk_bdev_reset_io_stat(&ch->stat, ds->mode);
	spdk_bdev_for_each_channel_continue(i, 0);
}

static void
device_stat_done(struct spdk_bdev *bdev, void *ctx, int status)
{
	struct device_stat *ds = ctx;

	ds->cb(bdev, ds->stat, ds->cb_arg, status);
	free(ds);
}

void
spdk_bdev_get_device_stat(struct spdk_bdev *bdev, struct spdk_bdev_io_stat *stat,
                          enum spdk_bdev_reset_stat_mode reset_mode,
                          spdk_bdev_get_device_stat_cb cb, void *cb_arg)
{
	struct device_stat *ds = calloc(1, sizeof(*ds));

	if (ds == NULL) {
		cb(bdev, stat, cb_arg, -ENOMEM);
		return;
	}
	ds->stat = stat;
	ds->mode = reset_mode;
	ds->cb = cb;
	ds->cb_arg = cb_arg;
	bdev_stat_init(stat, stat->io_error);
	stat->ticks_rate = spdk_get_ticks_hz();
	bdev_lock();
	spdk_bdev_add_io_stat(stat, bdev->internal.stat);
	spdk_bdev_reset_io_stat(bdev->internal.stat, reset_mode);
	bdev_unlock();
	spdk_bdev_for_each_channel(bdev, device_stat_channel, ds, device_stat_done);
}
