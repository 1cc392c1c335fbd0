/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The bdev layer on simulated threads, with a leaf device that a test commands. */

#include "ut_bdev.h"

static struct spdk_bdev_module g_leaf_module;

/* ---- The leaf's I/O ---- */

static char
type_letter(uint8_t type)
{
	switch (type) {
	case SPDK_BDEV_IO_TYPE_READ:
		return 'R';
	case SPDK_BDEV_IO_TYPE_WRITE:
		return 'W';
	case SPDK_BDEV_IO_TYPE_FLUSH:
		return 'F';
	case SPDK_BDEV_IO_TYPE_UNMAP:
		return 'U';
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
		return 'Z';
	case SPDK_BDEV_IO_TYPE_RESET:
		return '!';
	default:
		return 'A';
	}
}

static void
leaf_trace(struct leaf *leaf, const struct spdk_bdev_io *io)
{
	size_t len = strlen(leaf->trace);
	bool ranged = io->type != SPDK_BDEV_IO_TYPE_RESET && io->type != SPDK_BDEV_IO_TYPE_ABORT;

	if (ranged) {
		snprintf(leaf->trace + len, sizeof(leaf->trace) - len, "%s%c%" PRIu64 "+%" PRIu64,
		         len ? " " : "", type_letter(io->type), io->u.bdev.offset_blocks,
		         io->u.bdev.num_blocks);
	} else {
		snprintf(leaf->trace + len, sizeof(leaf->trace) - len, "%s%c", len ? " " : "",
		         type_letter(io->type));
	}
}

static void
leaf_copy(struct leaf *leaf, struct spdk_bdev_io *io)
{
	char *data = leaf->data + io->u.bdev.offset_blocks * leaf->bdev.blocklen;
	uint64_t align = 1ull << leaf->bdev.required_alignment, sum = 0;
	struct iovec *v;
	int i;

	for (i = 0; i < io->u.bdev.iovcnt; i++) {
		v = &io->u.bdev.iovs[i];
		leaf->misaligned += ((uintptr_t)v->iov_base & (align - 1)) != 0;
		if (io->type == SPDK_BDEV_IO_TYPE_READ) {
			memcpy(v->iov_base, data + sum, v->iov_len);
		} else {
			memcpy(data + sum, v->iov_base, v->iov_len);
		}
		sum += v->iov_len;
	}
	assert_int_equal(sum, io->u.bdev.num_blocks * leaf->bdev.blocklen);
}

static void
leaf_finish(struct leaf *leaf, struct spdk_bdev_io *io)
{
	uint64_t blocklen = leaf->bdev.blocklen;

	if (leaf->status == SPDK_BDEV_IO_STATUS_SUCCESS) {
		if (io->type == SPDK_BDEV_IO_TYPE_READ || io->type == SPDK_BDEV_IO_TYPE_WRITE) {
			leaf_copy(leaf, io);
		} else if (io->type == SPDK_BDEV_IO_TYPE_UNMAP ||
		           io->type == SPDK_BDEV_IO_TYPE_WRITE_ZEROES) {
			memset(leaf->data + io->u.bdev.offset_blocks * blocklen, 0,
			       io->u.bdev.num_blocks * blocklen);
		}
	}
	spdk_bdev_io_complete(io, leaf->status);
}

void
leaf_release(struct leaf *leaf, uint32_t count)
{
	struct spdk_bdev_io *io;

	while (count-- > 0 && leaf->num_held > 0) {
		io = leaf->held[0];
		memmove(leaf->held, leaf->held + 1, --leaf->num_held * sizeof(io));
		leaf_finish(leaf, io);
	}
}

/** An abort takes its target out of those held. */
static void
leaf_abort(struct leaf *leaf, struct spdk_bdev_io *io)
{
	struct spdk_bdev_io *target = io->u.abort.bio_to_abort;
	uint32_t i;

	for (i = 0; i < leaf->num_held && leaf->held[i] != target; i++) {
	}
	if (i == leaf->num_held) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
		return;
	}
	memmove(&leaf->held[i], &leaf->held[i + 1], (--leaf->num_held - i) * sizeof(io));
	spdk_bdev_io_complete(target, SPDK_BDEV_IO_STATUS_ABORTED);
	spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
}

static void
leaf_reset(struct leaf *leaf, struct spdk_bdev_io *io)
{
	uint32_t i, num = leaf->num_held;

	leaf->num_held = 0;
	for (i = 0; i < num; i++) {
		spdk_bdev_io_complete(leaf->held[i], SPDK_BDEV_IO_STATUS_ABORTED);
	}
	spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
}

static void
leaf_start(struct spdk_io_channel *ch, struct spdk_bdev_io *io, bool success)
{
	struct leaf *leaf = io->bdev->ctxt;

	if (!success) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
	} else if (leaf->hold) {
		assert_true(leaf->num_held < LEAF_HELD_MAX);
		leaf->held[leaf->num_held++] = io;
	} else {
		leaf_finish(leaf, io);
	}
}

static void
leaf_submit(struct spdk_io_channel *ch, struct spdk_bdev_io *io)
{
	struct leaf *leaf = io->bdev->ctxt;

	if (leaf->nomem > 0) {
		leaf->nomem--;
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
		return;
	}
	leaf_trace(leaf, io);
	if (io->type == SPDK_BDEV_IO_TYPE_ABORT) {
		leaf_abort(leaf, io);
	} else if (io->type == SPDK_BDEV_IO_TYPE_RESET) {
		leaf_reset(leaf, io);
	} else if (io->type == SPDK_BDEV_IO_TYPE_READ) {
		spdk_bdev_io_get_buf(io, leaf_start, io->u.bdev.num_blocks * leaf->bdev.blocklen);
	} else {
		leaf_start(ch, io, true);
	}
}

/* ---- The leaf's life ---- */

static bool
leaf_supports(void *ctx, enum spdk_bdev_io_type type)
{
	struct leaf *leaf = ctx;

	return (leaf->supported & (1u << type)) != 0;
}

static struct spdk_io_channel *
leaf_get_io_channel(void *ctx)
{
	return spdk_get_io_channel(&g_leaf_module);
}

static void
destruct_later(void *arg)
{
	struct leaf *leaf = arg;

	leaf->destructed++;
	spdk_bdev_destruct_done(&leaf->bdev, 0);
}

static int
leaf_destruct(void *ctx)
{
	struct leaf *leaf = ctx;

	if (leaf->async_destruct) {
		spdk_thread_send_msg(spdk_get_thread(), destruct_later, leaf);
		return 1;
	}
	leaf->destructed++;
	return 0;
}

static const struct spdk_bdev_fn_table g_leaf_table = {
	.destruct = leaf_destruct,
	.submit_request = leaf_submit,
	.io_type_supported = leaf_supports,
	.get_io_channel = leaf_get_io_channel,
};

struct leaf *
leaf_new(const char *name, uint64_t num_blocks, void (*tune)(struct leaf *leaf))
{
	struct leaf *leaf = calloc(1, sizeof(*leaf));

	assert_non_null(leaf);
	leaf->status = SPDK_BDEV_IO_STATUS_SUCCESS;
	leaf->supported = ~0u;
	leaf->bdev.name = (char *)name;
	leaf->bdev.product_name = (char *)"leaf";
	leaf->bdev.blocklen = LEAF_BLOCK;
	leaf->bdev.blockcnt = num_blocks;
	leaf->bdev.ctxt = leaf;
	leaf->bdev.fn_table = &g_leaf_table;
	leaf->bdev.module = &g_leaf_module;
	if (tune != NULL) {
		tune(leaf);
	}
	leaf->data = calloc(num_blocks, leaf->bdev.blocklen);
	assert_non_null(leaf->data);
	assert_int_equal(spdk_bdev_register(&leaf->bdev), 0);
	return leaf;
}

static void
count_cb(void *arg, int rc)
{
	uint32_t *count = arg;

	assert_int_equal(rc, 0);
	(*count)++;
}

void
leaf_delete(struct leaf *leaf)
{
	uint32_t count = 0;

	spdk_bdev_unregister(&leaf->bdev, count_cb, &count);
	poll_threads();
	assert_int_equal(count, 1);
	assert_int_equal(leaf->destructed, 1);
	free(leaf->data);
	free(leaf);
}

void
ut_unregister(const char *name)
{
	struct spdk_bdev *bdev = spdk_bdev_get_by_name(name);
	uint32_t count = 0;

	assert_non_null(bdev);
	spdk_bdev_unregister(bdev, count_cb, &count);
	poll_threads();
	assert_int_equal(count, 1);
}

static int
no_channel(void *io_device, void *ctx)
{
	return 0;
}

static void
no_channel_end(void *io_device, void *ctx)
{
}

static int
leaf_init(void)
{
	spdk_io_device_register(&g_leaf_module, no_channel, no_channel_end, 0, "leaf");
	return 0;
}

static void
leaf_fini(void)
{
	spdk_io_device_unregister(&g_leaf_module, NULL);
}

static struct spdk_bdev_module g_leaf_module = {
	.name = "leaf",
	.module_init = leaf_init,
	.module_fini = leaf_fini,
};

/* ---- The layer ---- */

static void
started(void *arg, int rc)
{
	assert_int_equal(rc, 0);
	*(bool *)arg = true;
}

static void
stopped(void *arg)
{
	*(bool *)arg = true;
}

static void
iobuf_stopped(void *arg)
{
	*(bool *)arg = true;
}

void
ut_bdev_restart(void)
{
	bool up = false;

	spdk_bdev_initialize(started, &up);
	poll_threads();
	assert_true(up);
}

void
ut_bdev_start(uint32_t num_threads, const struct ut_bdev_opts *opts)
{
	struct spdk_bdev_opts bdev_opts = {};
	struct spdk_iobuf_opts iobuf_opts = {};
	static bool listed;

	ut_threads_start(num_threads);
	set_thread(0);
	spdk_iobuf_get_opts(&iobuf_opts, sizeof(iobuf_opts));
	iobuf_opts.small_pool_count = opts && opts->small_bufs ? opts->small_bufs : 64;
	iobuf_opts.large_pool_count = opts && opts->large_bufs ? opts->large_bufs : 8;
	assert_int_equal(spdk_iobuf_set_opts(&iobuf_opts), 0);
	assert_int_equal(spdk_iobuf_initialize(), 0);
	spdk_bdev_get_opts(&bdev_opts, sizeof(bdev_opts));
	bdev_opts.bdev_io_pool_size = opts && opts->pool_size ? opts->pool_size : 65535;
	bdev_opts.bdev_io_cache_size = opts && opts->pool_size ? 0 : 256;
	bdev_opts.bdev_auto_examine = true;
	assert_int_equal(spdk_bdev_set_opts(&bdev_opts), 0);
	if (!listed) {
		spdk_bdev_module_list_add(&g_leaf_module);
		listed = true;
	}
	ut_bdev_restart();
}

void
ut_bdev_stop(void)
{
	bool down = false;

	set_thread(0);
	spdk_bdev_finish(stopped, &down);
	poll_threads();
	assert_true(down);
	down = false;
	spdk_iobuf_finish(iobuf_stopped, &down);
	poll_threads();
	assert_true(down);
	ut_threads_stop();
}

static void
open_event(enum spdk_bdev_event_type type, struct spdk_bdev *bdev, void *ctx)
{
	struct ut_open *open = ctx;

	open->removes += type == SPDK_BDEV_EVENT_REMOVE;
	open->resizes += type == SPDK_BDEV_EVENT_RESIZE;
}

void
ut_open(struct ut_open *open, const char *name)
{
	memset(open, 0, sizeof(*open));
	assert_int_equal(spdk_bdev_open_ext(name, true, open_event, open, &open->desc), 0);
	open->bdev = spdk_bdev_desc_get_bdev(open->desc);
	open->ch = spdk_bdev_get_io_channel(open->desc);
	assert_non_null(open->ch);
}

void
ut_close(struct ut_open *open)
{
	spdk_put_io_channel(open->ch);
	spdk_bdev_close(open->desc);
	poll_threads();
}

void
ut_io_done(struct spdk_bdev_io *bdev_io, bool success, void *cb_arg)
{
	struct ut_io *io = cb_arg;

	io->done++;
	io->success = success;
	io->status = (enum spdk_bdev_io_status)bdev_io->internal.status;
	spdk_bdev_io_get_aio_status(bdev_io, &io->result);
	spdk_bdev_free_io(bdev_io);
}
