/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Channels: a thread's handle to the layer (mgmt: its cache of I/Os and its iobuf channel) and to
 * one bdev. All of it belongs to its thread. A bdev channel holds the module's channel and the mgmt
 * channel; both outlive it.
 */

#include "bdev_internal.h"
#include "spdk_internal/system_state.h"

static int
mgmt_create(void *io_device, void *ctx)
{
	struct bdev_mgmt_channel *mgmt = ctx;
	struct spdk_iobuf_opts opts = {};
	int rc;

	memset(mgmt, 0, sizeof(*mgmt));
	TAILQ_INIT(&mgmt->waiting);
	TAILQ_INIT(&mgmt->shared);
	mgmt->cache_limit = g_bdev.opts.bdev_io_cache_size;
	mgmt->done.fn = bdev_done_run;
	mgmt->done.arg = mgmt;
	mgmt->wake.fn = bdev_wake_waiters;
	mgmt->wake.arg = mgmt;
	spdk_iobuf_get_opts(&opts, sizeof(opts));
	mgmt->small_bufsize = opts.small_bufsize;
	mgmt->large_bufsize = opts.large_bufsize;
	rc = spdk_iobuf_channel_init(&mgmt->iobuf, "bdev", g_bdev.opts.iobuf_small_cache_size,
	                             g_bdev.opts.iobuf_large_cache_size);
	if (rc != 0) {
		SPDK_ERRLOG("no iobuf channel for the bdev layer: %s\n", spdk_strerror(-rc));
	}
	return rc;
}

static void
mgmt_destroy(void *io_device, void *ctx)
{
	struct bdev_mgmt_channel *mgmt = ctx;

	assert(TAILQ_EMPTY(&mgmt->shared));
	assert(mgmt->done_first == NULL && TAILQ_EMPTY(&mgmt->waiting));
	bdev_pool_drain(mgmt);
	spdk_iobuf_channel_fini(&mgmt->iobuf);
}

int
bdev_mgmt_init(void)
{
	int rc = spdk_iobuf_register_module("bdev");

	if (rc != 0) {
		return rc;
	}
	rc = thread_io_device_register(&g_bdev, mgmt_create, mgmt_destroy,
	                               sizeof(struct bdev_mgmt_channel), "bdev_mgr");
	if (rc != 0) {
		spdk_iobuf_unregister_module("bdev");
	}
	return rc;
}

void
bdev_mgmt_fini(spdk_io_device_unregister_cb cb_fn)
{
	spdk_iobuf_unregister_module("bdev");
	spdk_io_device_unregister(&g_bdev, cb_fn);
}

/** The one way out of a channel, whole or half made. */
static void
channel_free(struct spdk_bdev_channel *ch)
{
	if (ch->shared != NULL) {
		bdev_shared_put(ch);
	}
	free(ch->reserve);
	spdk_free(ch->own_buf);
	if (ch->mgmt_ch != NULL) {
		spdk_put_io_channel(ch->mgmt_ch);
	}
	if (ch->module_ch != NULL) {
		spdk_put_io_channel(ch->module_ch);
	}
}

/** What the channel must have to make progress when the pools are empty. */
static int
channel_alloc_own(struct spdk_bdev_channel *ch)
{
	ch->reserve = bdev_io_alloc_reserve(ch);
	if (ch->reserve == NULL) {
		return -ENOMEM;
	}
	if (ch->flags == 0) {
		return 0;
	}
	ch->own_buf_len = (uint32_t)spdk_round_up(ch->bdev->blocklen, 4096);
	ch->own_buf =
	        spdk_malloc(ch->own_buf_len, 4096, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	return ch->own_buf == NULL ? -ENOMEM : 0;
}

int
bdev_channel_create(void *io_device, void *ctx)
{
	struct spdk_bdev *bdev = bdev_from_io_device(io_device);
	struct spdk_bdev_channel *ch = ctx;

	memset(ch, 0, sizeof(*ch));
	TAILQ_INIT(&ch->submitted);
	TAILQ_INIT(&ch->waiters);
	bdev_stat_init(&ch->stat, &ch->errors);
	ch->bdev = bdev;
	ch->submit = bdev->fn_table->submit_request;
	ch->flags = bdev->internal.channel_flags;
	ch->module_ch = bdev->fn_table->get_io_channel(bdev->ctxt);
	ch->mgmt_ch = spdk_get_io_channel(&g_bdev);
	if (ch->module_ch == NULL || ch->mgmt_ch == NULL || channel_alloc_own(ch) != 0) {
		channel_free(ch);
		return -ENOMEM;
	}
	ch->mgmt = spdk_io_channel_get_ctx(ch->mgmt_ch);
	if (bdev_shared_get(ch) != 0) {
		channel_free(ch);
		return -ENOMEM;
	}
	bdev_lock();
	if (bdev->internal.frozen) {
		/* The walk that thaws comes by: it begins after frozen is cleared, and a channel
		 * is visible to walks before it is made. */
		ch->flags |= BDEV_CH_RESET;
	}
	bdev_unlock();
	trace_record(TRACE_BDEV_IOCH_CREATE, bdev->internal.trace_id, 0, (uintptr_t)ch,
	             (uint32_t)spdk_thread_get_id(spdk_get_thread()));
	return 0;
}

void
bdev_channel_destroy(void *io_device, void *ctx)
{
	struct spdk_bdev_channel *ch = ctx;
	struct spdk_bdev *bdev = ch->bdev;

	assert(TAILQ_EMPTY(&ch->submitted) && TAILQ_EMPTY(&ch->waiters));
	assert(!ch->reserve_out);
	bdev_lock();
	spdk_bdev_add_io_stat(bdev->internal.stat, &ch->stat);
	bdev_unlock();
	trace_record(TRACE_BDEV_IOCH_DESTROY, bdev->internal.trace_id, 0, (uintptr_t)ch,
	             (uint32_t)spdk_thread_get_id(spdk_get_thread()));
	channel_free(ch);
}

struct spdk_io_channel *
spdk_bdev_get_io_channel(struct spdk_bdev_desc *desc)
{
	return spdk_get_io_channel(bdev_to_io_device(desc->bdev));
}

void
bdev_channel_abort_queued(struct spdk_bdev_channel *ch)
{
	struct spdk_bdev_io *io, *tmp;

	TAILQ_FOREACH_SAFE(io, &ch->submitted, internal.ch_link, tmp) {
		if (io->internal.special & BDEV_IO_WAIT_NOMEM) {
			bdev_nomem_remove(io);
			bdev_io_end(io, SPDK_BDEV_IO_STATUS_ABORTED);
		} else if (bdev_io_abort_buf_wait(io)) {
			bdev_io_end(io, SPDK_BDEV_IO_STATUS_ABORTED);
		}
	}
}

/* ---- A walk over all channels of a bdev ---- */

struct spdk_bdev_channel_iter {
	spdk_bdev_for_each_channel_msg fn;
	spdk_bdev_for_each_channel_done cpl;
	struct spdk_io_channel_iter *i;
	struct spdk_bdev *bdev;
	void *ctx;
};

static void
walk_one(struct spdk_io_channel_iter *i)
{
	struct spdk_bdev_channel_iter *iter = spdk_io_channel_iter_get_ctx(i);

	iter->i = i;
	iter->fn(iter, iter->bdev, spdk_io_channel_iter_get_channel(i), iter->ctx);
}

static void
walk_done(struct spdk_io_channel_iter *i, int status)
{
	struct spdk_bdev_channel_iter *iter = spdk_io_channel_iter_get_ctx(i);

	if (iter->cpl != NULL) {
		iter->cpl(iter->bdev, iter->ctx, status);
	}
	free(iter);
}

void
spdk_bdev_for_each_channel_continue(struct spdk_bdev_channel_iter *iter, int status)
{
	spdk_for_each_channel_continue(iter->i, status);
}

void
spdk_bdev_for_each_channel(struct spdk_bdev *bdev, spdk_bdev_for_each_channel_msg fn, void *ctx,
                           spdk_bdev_for_each_channel_done cpl)
{
	struct spdk_bdev_channel_iter *iter = calloc(1, sizeof(*iter));

	if (iter == NULL) {
		SPDK_ERRLOG("bdev %s: no memory to walk over its channels\n", bdev->name);
		if (cpl != NULL) {
			cpl(bdev, ctx, -ENOMEM);
		}
		return;
	}
	iter->fn = fn;
	iter->cpl = cpl;
	iter->bdev = bdev;
	iter->ctx = ctx;
	spdk_for_each_channel(bdev_to_io_device(bdev), walk_one, iter, walk_done);
}
