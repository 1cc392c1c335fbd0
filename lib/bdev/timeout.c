/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * I/O that takes too long, of one descriptor. Timer: one poller a descriptor with a timeout, each
 * second on the descriptor's thread; it walks over the bdev's channels and calls back on theirs.
 * A walk holds a reference to the descriptor: it may be closed meanwhile.
 */

#include "bdev_internal.h"

#define TIMEOUT_POLL_US 1000000u

static bool
desc_is_open(struct spdk_bdev_desc *desc)
{
	bool open;

	bdev_lock();
	open = !desc->closed;
	bdev_unlock();
	return open;
}

/* Oldest first: the first that is young enough ends the search. The next one is found before the
 * call-back, which may abort, but completions never run within it. */
static void
look_at_channel(struct spdk_bdev_channel_iter *i, struct spdk_bdev *bdev,
                struct spdk_io_channel *_ch, void *ctx)
{
	struct spdk_bdev_channel *ch = spdk_io_channel_get_ctx(_ch);
	struct spdk_bdev_desc *desc = ctx;
	struct spdk_bdev_io *io, *tmp;
	uint64_t now = spdk_get_ticks();

	if (!desc_is_open(desc)) {
		spdk_bdev_for_each_channel_continue(i, -ENODEV);
		return;
	}
	TAILQ_FOREACH_SAFE(io, &ch->submitted, internal.ch_link, tmp) {
		if (now - io->internal.submit_tsc < desc->timeout_ticks) {
			break;
		}
		if (io->internal.desc == desc &&
		    io->internal.status == SPDK_BDEV_IO_STATUS_PENDING) {
			desc->timeout_cb(desc->timeout_ctx, io);
		}
	}
	spdk_bdev_for_each_channel_continue(i, 0);
}

static void
look_done(struct spdk_bdev *bdev, void *ctx, int status)
{
	struct spdk_bdev_desc *desc = ctx;

	desc->timeout_walk = false;
	bdev_desc_unref(desc);
}

static int
timeout_poll(void *arg)
{
	struct spdk_bdev_desc *desc = arg;

	if (desc->timeout_walk) {
		return SPDK_POLLER_IDLE;
	}
	desc->timeout_walk = true;
	bdev_lock();
	desc->refs++;
	bdev_unlock();
	spdk_bdev_for_each_channel(desc->bdev, look_at_channel, desc, look_done);
	return SPDK_POLLER_BUSY;
}

int
spdk_bdev_set_timeout(struct spdk_bdev_desc *desc, uint64_t timeout_in_sec,
                      spdk_bdev_io_timeout_cb cb_fn, void *cb_arg)
{
	struct poller_opts opts = {
		.name = "bdev_timeout",
		.kind = POLLER_TIMED,
		.period_us = TIMEOUT_POLL_US,
		.fd = -1,
	};

	assert(desc->thread == spdk_get_thread());
	bdev_desc_stop_timeout(desc);
	if (timeout_in_sec == 0) {
		return 0;
	}
	desc->timeout_ticks = timeout_in_sec * spdk_get_ticks_hz();
	desc->timeout_cb = cb_fn;
	desc->timeout_ctx = cb_arg;
	desc->timeout_poller = thread_poller_register(timeout_poll, desc, &opts);
	return desc->timeout_poller == NULL ? -ENOMEM : 0;
}

void
bdev_desc_stop_timeout(struct spdk_bdev_desc *desc)
{
	if (desc->timeout_poller != NULL) {
		spdk_poller_unregister(&desc->timeout_poller);
	}
}
