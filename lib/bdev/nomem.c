/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * What a module answered with -ENOMEM waits here, in order, and is submitted again when the module
 * has completed enough, or after a millisecond: what it lacks need not be held by I/O of ours.
 * Everything here belongs to one thread; a queue is shared by the bdev channels over one channel of
 * the module, because they share what it lacks.
 */

#include "bdev_internal.h"

static int
nomem_poll(void *arg)
{
	struct bdev_shared *shared = arg;
	struct spdk_bdev_io *io = TAILQ_FIRST(&shared->nomem);

	if (io == NULL) {
		spdk_poller_pause(shared->poller);
		shared->polling = false;
		return SPDK_POLLER_IDLE;
	}
	shared->nomem_threshold = UINT32_MAX;
	bdev_nomem_retry(shared);
	return SPDK_POLLER_BUSY;
}

int
bdev_shared_get(struct spdk_bdev_channel *ch)
{
	struct poller_opts opts = {
		.name = "bdev_nomem",
		.kind = POLLER_TIMED,
		.period_us = BDEV_NOMEM_RETRY_US,
		.fd = -1,
	};
	struct bdev_mgmt_channel *mgmt = ch->mgmt;
	struct bdev_shared *shared;

	TAILQ_FOREACH(shared, &mgmt->shared, link) {
		if (shared->module_ch == ch->module_ch) {
			break;
		}
	}
	if (shared == NULL) {
		shared = calloc(1, sizeof(*shared));
		if (shared == NULL) {
			return -ENOMEM;
		}
		shared->poller = thread_poller_register(nomem_poll, shared, &opts);
		if (shared->poller == NULL) {
			free(shared);
			return -ENOMEM;
		}
		spdk_poller_pause(shared->poller);
		shared->module_ch = ch->module_ch;
		TAILQ_INIT(&shared->nomem);
		TAILQ_INIT(&shared->channels);
		TAILQ_INSERT_TAIL(&mgmt->shared, shared, link);
	}
	shared->refs++;
	ch->shared = shared;
	if (!TAILQ_EMPTY(&shared->nomem)) {
		ch->flags |= BDEV_CH_NOMEM;
	}
	TAILQ_INSERT_TAIL(&shared->channels, ch, shared_link);
	return 0;
}

void
bdev_shared_put(struct spdk_bdev_channel *ch)
{
	struct bdev_shared *shared = ch->shared;

	TAILQ_REMOVE(&shared->channels, ch, shared_link);
	ch->shared = NULL;
	if (--shared->refs > 0) {
		return;
	}
	assert(TAILQ_EMPTY(&shared->nomem) && shared->outstanding == 0);
	spdk_poller_unregister(&shared->poller);
	TAILQ_REMOVE(&ch->mgmt->shared, shared, link);
	free(shared);
}

/** The queue came to be, or is no more: tell all channels that feed it. The poller pauses itself
 *  when it finds nothing, so that a queue that comes and goes costs no pause and resume each. */
static void
set_nomem(struct bdev_shared *shared, bool on)
{
	struct spdk_bdev_channel *ch;

	TAILQ_FOREACH(ch, &shared->channels, shared_link) {
		if (on) {
			ch->flags |= BDEV_CH_NOMEM;
		} else {
			ch->flags &= ~BDEV_CH_NOMEM;
		}
	}
	if (on && !shared->polling) {
		shared->polling = true;
		spdk_poller_resume(shared->poller);
	}
}

void
bdev_nomem_queue(struct spdk_bdev_io *io, bool at_head)
{
	struct bdev_shared *shared = io->internal.ch->shared;

	if (TAILQ_EMPTY(&shared->nomem)) {
		set_nomem(shared, true);
	}
	if (at_head) {
		/* Wait until half of it, or eight, came back; then it is worth another try. */
		shared->nomem_threshold =
		        spdk_max(shared->outstanding / 2,
		                 shared->outstanding - spdk_min(shared->outstanding, 8u));
		TAILQ_INSERT_HEAD(&shared->nomem, io, internal.link);
	} else {
		TAILQ_INSERT_TAIL(&shared->nomem, io, internal.link);
	}
	io->internal.special |= BDEV_IO_WAIT_NOMEM;
}

void
bdev_nomem_remove(struct spdk_bdev_io *io)
{
	struct bdev_shared *shared = io->internal.ch->shared;

	TAILQ_REMOVE(&shared->nomem, io, internal.link);
	io->internal.special &= ~BDEV_IO_WAIT_NOMEM;
	if (TAILQ_EMPTY(&shared->nomem)) {
		set_nomem(shared, false);
	}
}

/* Ends when the queue is empty or the module refuses again, which puts the I/O back at the head. */
void
bdev_nomem_retry(struct bdev_shared *shared)
{
	struct spdk_bdev_io *io;

	if (shared->outstanding > shared->nomem_threshold) {
		return;
	}
	while ((io = TAILQ_FIRST(&shared->nomem)) != NULL) {
		bdev_nomem_remove(io);
		if (io->num_retries < UINT16_MAX) {
			io->num_retries++;
		}
		io->internal.status = SPDK_BDEV_IO_STATUS_PENDING;
		bdev_io_call_module(io->internal.ch, io);
		if (io == TAILQ_FIRST(&shared->nomem)) {
			break;
		}
	}
}
