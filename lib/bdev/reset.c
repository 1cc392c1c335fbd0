/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Reset of a bdev. One at a time: those that come before the thaw end with the one that runs, later
 * ones with the next.
 *
 *	submit -> freeze (each channel: refuse new I/O, fail what is queued)
 *	       -> drain  (only with reset_io_drain_timeout: wait until the module has nothing left;
 *	                  then there is nothing to reset)
 *	       -> module (its RESET ends all I/O that it has)
 *	       -> thaw   (each channel)
 *	       -> the call-backs of all whom it served; the next reset
 *
 * Threads: each step on the thread of the running reset's channel; freeze and thaw visit the
 * others. internal.reset_in_progress, frozen and the two lists of resets are under the registry
 * lock. Timers: the drain poller, 1 ms, until reset_io_drain_timeout seconds are over. A walk for
 * which there is no memory is begun again, by a message, until there is: a channel that is not
 * thawed would refuse I/O for ever.
 */

#include "bdev_internal.h"

#define DRAIN_POLL_US 1000u

static void
reset_ended(struct spdk_bdev_io *io, enum spdk_bdev_io_status status)
{
	io->internal.status = status;
	io->internal.special &= ~BDEV_IO_RESET;
	spdk_put_io_channel(io->u.reset.ch_ref);
	io->u.reset.ch_ref = NULL;
	io->internal.cb(io, status == SPDK_BDEV_IO_STATUS_SUCCESS, io->internal.caller_ctx);
}

static void
served_ended(void *arg)
{
	struct spdk_bdev_io *io = arg;

	reset_ended(io, (enum spdk_bdev_io_status)io->internal.status);
}

/* ---- Thaw ---- */

static void freeze(void *arg);
static void thaw(void *arg);

/** The next one that waits, NULL: none; registry lock held. */
static struct spdk_bdev_io *
next_reset_locked(struct spdk_bdev *bdev)
{
	struct spdk_bdev_io *io = TAILQ_FIRST(&bdev->internal.queued_resets);

	if (io != NULL) {
		TAILQ_REMOVE(&bdev->internal.queued_resets, io, internal.link);
	}
	bdev->internal.reset_in_progress = io;
	bdev->internal.frozen = io != NULL;
	return io;
}

static void
thaw_done(struct spdk_bdev *bdev, void *ctx, int status)
{
	struct spdk_bdev_io *io = ctx, *other, *next;
	bdev_io_tailq_t served = TAILQ_HEAD_INITIALIZER(served);
	int8_t result = io->internal.status;

	if (status == -ENOMEM) {
		spdk_thread_send_msg(spdk_get_thread(), thaw, io);
		return;
	}
	bdev_lock();
	TAILQ_CONCAT(&served, &bdev->internal.served_resets, internal.link);
	next = next_reset_locked(bdev);
	bdev_unlock();
	if (next != NULL) {
		spdk_thread_send_msg(spdk_bdev_io_get_thread(next), freeze, next);
	}
	reset_ended(io, (enum spdk_bdev_io_status)result);
	while ((other = TAILQ_FIRST(&served)) != NULL) {
		TAILQ_REMOVE(&served, other, internal.link);
		other->internal.status = result;
		spdk_thread_send_msg(spdk_bdev_io_get_thread(other), served_ended, other);
	}
}

static void
thaw_channel(struct spdk_bdev_channel_iter *i, struct spdk_bdev *bdev, struct spdk_io_channel *_ch,
             void *ctx)
{
	struct spdk_bdev_channel *ch = spdk_io_channel_get_ctx(_ch);

	ch->flags &= ~BDEV_CH_RESET;
	spdk_bdev_for_each_channel_continue(i, 0);
}

static void
thaw(void *arg)
{
	struct spdk_bdev_io *io = arg;

	spdk_bdev_for_each_channel(io->bdev, thaw_channel, io, thaw_done);
}

void
bdev_reset_done(struct spdk_bdev_io *io)
{
	struct spdk_bdev *bdev = io->bdev;

	bdev_lock();
	bdev->internal.frozen = false;
	TAILQ_CONCAT(&bdev->internal.served_resets, &bdev->internal.queued_resets, internal.link);
	bdev_unlock();
	thaw(io);
}

static void
reset_send(struct spdk_bdev_io *io)
{
	bdev_io_call_module(io->internal.ch, io);
}

/* ---- Drain ---- */

static void
drain_channel(struct spdk_bdev_channel_iter *i, struct spdk_bdev *bdev, struct spdk_io_channel *_ch,
              void *ctx)
{
	struct spdk_bdev_channel *ch = spdk_io_channel_get_ctx(_ch);

	spdk_bdev_for_each_channel_continue(i, TAILQ_EMPTY(&ch->submitted) ? 0 : -EBUSY);
}

static void drain_look_done(struct spdk_bdev *bdev, void *ctx, int status);

static int
drain_poll(void *arg)
{
	struct spdk_bdev_io *io = arg;

	spdk_poller_unregister(&io->u.reset.wait_poller.poller);
	spdk_bdev_for_each_channel(io->bdev, drain_channel, io, drain_look_done);
	return SPDK_POLLER_BUSY;
}

static void
drain_look_done(struct spdk_bdev *bdev, void *ctx, int status)
{
	struct poller_opts opts = {
		.name = "bdev_reset_drain",
		.kind = POLLER_TIMED,
		.period_us = DRAIN_POLL_US,
		.fd = -1,
	};
	struct spdk_bdev_io *io = ctx;

	if (status == 0) {
		/* The module has nothing: as good as reset. */
		io->internal.status = SPDK_BDEV_IO_STATUS_SUCCESS;
		bdev_reset_done(io);
		return;
	}
	if (spdk_get_ticks() < io->u.reset.wait_poller.stop_time_tsc) {
		io->u.reset.wait_poller.poller = thread_poller_register(drain_poll, io, &opts);
		if (io->u.reset.wait_poller.poller != NULL) {
			return;
		}
	}
	if (spdk_bdev_io_type_supported(bdev, SPDK_BDEV_IO_TYPE_RESET)) {
		reset_send(io);
		return;
	}
	SPDK_ERRLOG("bdev %s: I/O did not end within %u s and the module can't reset\n", bdev->name,
	            bdev->reset_io_drain_timeout);
	io->internal.status = SPDK_BDEV_IO_STATUS_FAILED;
	bdev_reset_done(io);
}

/* ---- Freeze ---- */

static void
freeze_channel(struct spdk_bdev_channel_iter *i, struct spdk_bdev *bdev,
               struct spdk_io_channel *_ch, void *ctx)
{
	struct spdk_bdev_channel *ch = spdk_io_channel_get_ctx(_ch);

	ch->flags |= BDEV_CH_RESET;
	bdev_channel_abort_queued(ch);
	spdk_bdev_for_each_channel_continue(i, 0);
}

static void
freeze_done(struct spdk_bdev *bdev, void *ctx, int status)
{
	struct spdk_bdev_io *io = ctx;

	if (status == -ENOMEM) {
		spdk_thread_send_msg(spdk_get_thread(), freeze, io);
	} else if (bdev->reset_io_drain_timeout > 0) {
		io->u.reset.wait_poller.stop_time_tsc =
		        spdk_get_ticks() + bdev->reset_io_drain_timeout * spdk_get_ticks_hz();
		spdk_bdev_for_each_channel(bdev, drain_channel, io, drain_look_done);
	} else if (spdk_bdev_io_type_supported(bdev, SPDK_BDEV_IO_TYPE_RESET)) {
		reset_send(io);
	} else {
		io->internal.status = SPDK_BDEV_IO_STATUS_FAILED;
		bdev_reset_done(io);
	}
}

static void
freeze(void *arg)
{
	struct spdk_bdev_io *io = arg;

	spdk_bdev_for_each_channel(io->bdev, freeze_channel, io, freeze_done);
}

int
spdk_bdev_reset(struct spdk_bdev_desc *desc, struct spdk_io_channel *_ch,
                spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	struct spdk_bdev_channel *ch = spdk_io_channel_get_ctx(_ch);
	struct spdk_bdev *bdev = desc->bdev;
	struct spdk_bdev_io *io;
	bool first;

	if (!desc->write) {
		return -EBADF;
	}
	io = bdev_io_get(ch);
	if (io == NULL) {
		return -ENOMEM;
	}
	io->bdev = bdev;
	io->type = SPDK_BDEV_IO_TYPE_RESET;
	io->num_retries = 0;
	memset(&io->u, 0, sizeof(io->u));
	io->internal.ch = ch;
	io->internal.desc = desc;
	io->internal.cb = cb;
	io->internal.caller_ctx = cb_arg;
	io->internal.special = BDEV_IO_RESET;
	io->internal.status = SPDK_BDEV_IO_STATUS_PENDING;
	io->internal.submit_tsc = spdk_get_ticks();
	/* Keeps the channel while only the walks know of this I/O. */
	io->u.reset.ch_ref = spdk_io_channel_ref(_ch);
	bdev_lock();
	first = bdev->internal.reset_in_progress == NULL;
	if (first) {
		bdev->internal.reset_in_progress = io;
		bdev->internal.frozen = true;
	} else {
		TAILQ_INSERT_TAIL(&bdev->internal.queued_resets, io, internal.link);
	}
	bdev_unlock();
	if (first) {
		freeze(io);
	}
	return 0;
}
