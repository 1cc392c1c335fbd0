/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Abort of I/O by its cb_arg, on the channel's thread. One bdev_io serves for all I/O that matches:
 * what waits in queues of the layer is ended here, what is in the module goes to the module's
 * ABORT, one after the other. The abort succeeds when every match ended as aborted.
 */

#include "bdev_internal.h"

static bool
matches(const struct spdk_bdev_io *abort, const struct spdk_bdev_io *io)
{
	return io->type != SPDK_BDEV_IO_TYPE_ABORT && !(io->internal.special & BDEV_IO_ABORTING) &&
	       io->internal.status == SPDK_BDEV_IO_STATUS_PENDING &&
	       io->internal.caller_ctx == abort->internal.abort_cb_arg;
}

/** End matching I/O that waits in our queues; the number. */
static uint32_t
abort_queued(struct spdk_bdev_io *abort)
{
	struct spdk_bdev_io *io, *tmp;
	uint32_t count = 0;

	TAILQ_FOREACH_SAFE(io, &abort->internal.ch->submitted, internal.ch_link, tmp) {
		if (!matches(abort, io)) {
			continue;
		}
		if (io->internal.special & BDEV_IO_WAIT_NOMEM) {
			bdev_nomem_remove(io);
		} else if (!bdev_io_abort_buf_wait(io)) {
			continue;
		}
		bdev_io_end(io, SPDK_BDEV_IO_STATUS_ABORTED);
		count++;
	}
	return count;
}

/** Ask the module to abort the next match; false when there is none. */
static bool
abort_next(struct spdk_bdev_io *abort)
{
	struct spdk_bdev_io *io;

	TAILQ_FOREACH(io, &abort->internal.ch->submitted, internal.ch_link) {
		if (matches(abort, io)) {
			break;
		}
	}
	if (io == NULL) {
		return false;
	}
	/* A module may end the abort before the I/O: the mark keeps us from asking twice. */
	io->internal.special |= BDEV_IO_ABORTING;
	abort->u.abort.bio_to_abort = io;
	abort->internal.status = SPDK_BDEV_IO_STATUS_PENDING;
	bdev_io_call_module(abort->internal.ch, abort);
	return true;
}

bool
bdev_abort_done(struct spdk_bdev_io *abort)
{
	if (abort->internal.status == SPDK_BDEV_IO_STATUS_SUCCESS && abort_next(abort)) {
		return false;
	}
	abort->internal.special &= ~BDEV_IO_ABORT;
	return true;
}

int
spdk_bdev_abort(struct spdk_bdev_desc *desc, struct spdk_io_channel *_ch, void *bio_cb_arg,
                spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	struct spdk_bdev_channel *ch = spdk_io_channel_get_ctx(_ch);
	struct spdk_bdev *bdev = desc->bdev;
	struct spdk_bdev_io *io;
	uint32_t count;

	if (bio_cb_arg == NULL) {
		return -EINVAL;
	}
	if (!spdk_bdev_io_type_supported(bdev, SPDK_BDEV_IO_TYPE_ABORT)) {
		return -ENOTSUP;
	}
	io = bdev_io_get(ch);
	if (io == NULL) {
		return -ENOMEM;
	}
	io->bdev = bdev;
	io->type = SPDK_BDEV_IO_TYPE_ABORT;
	io->num_retries = 0;
	memset(&io->u, 0, sizeof(io->u));
	io->internal.ch = ch;
	io->internal.desc = desc;
	io->internal.cb = cb;
	io->internal.caller_ctx = cb_arg;
	io->internal.abort_cb_arg = bio_cb_arg;
	io->internal.special = BDEV_IO_ABORT;
	io->internal.status = SPDK_BDEV_IO_STATUS_PENDING;
	io->internal.submit_tsc = spdk_get_ticks();
	TAILQ_INSERT_TAIL(&ch->submitted, io, internal.ch_link);
	count = abort_queued(io);
	if (!abort_next(io)) {
		io->internal.special = 0;
		bdev_io_end(io,
		            count > 0 ? SPDK_BDEV_IO_STATUS_SUCCESS : SPDK_BDEV_IO_STATUS_FAILED);
	}
	return 0;
}
