/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The way back of an I/O: from the module's spdk_bdev_io_complete() to the caller's call-back, on
 * the I/O's thread.
 *
 * While any submit_request() runs on this thread, completions go on the done list, which the same
 * step runs when the message or poller that submitted has returned: the call-back of an I/O can't
 * run before its submit returned, and submit, complete, submit never nest.
 */

#include "bdev_internal.h"

/** One part of a special I/O is over. True: the I/O is, and as the caller gave it. */
static bool
part_end(struct spdk_bdev_io *io)
{
	uint32_t special = io->internal.special;

	if (special & BDEV_IO_RESET) {
		bdev_reset_done(io);
		return false;
	}
	if (special & BDEV_IO_ABORT) {
		return bdev_abort_done(io);
	}
	if (special & BDEV_IO_FUA_FLUSH) {
		io->type = SPDK_BDEV_IO_TYPE_WRITE;
		io->internal.special &= ~BDEV_IO_FUA_FLUSH;
		return true;
	}
	if ((special & BDEV_IO_PIECES) && !bdev_pieces_done(io)) {
		return false;
	}
	if (special & BDEV_IO_FUA) {
		io->internal.special &= ~BDEV_IO_FUA;
		if (io->internal.status == SPDK_BDEV_IO_STATUS_SUCCESS) {
			io->internal.special |= BDEV_IO_FUA_FLUSH;
			io->internal.status = SPDK_BDEV_IO_STATUS_PENDING;
			io->type = SPDK_BDEV_IO_TYPE_FLUSH;
			bdev_io_to_module(io);
			return false;
		}
	}
	return true;
}

/* Out of line: io_finish() needs no frame for it. */
static __attribute__((noinline)) bool
special_end(struct spdk_bdev_io *io)
{
	if (!part_end(io)) {
		return false;
	}
	if (io->internal.special & BDEV_IO_TRACED) {
		io->internal.special &= ~BDEV_IO_TRACED;
		trace_record(TRACE_BDEV_IO_DONE, io->bdev->internal.trace_id, 0, (uintptr_t)io,
		             (uint64_t)(uintptr_t)io->internal.caller_ctx,
		             (uint32_t)io->internal.status);
	}
	return true;
}

/** Count an I/O of one kind in the statistics \p st. */
#define STAT_ADD(st, bytes, ops, kind, len, ticks) \
	do { \
		(st)->bytes += (len); \
		(st)->ops++; \
		(st)->kind##_latency_ticks += (ticks); \
		(st)->max_##kind##_latency_ticks = \
		        spdk_max((st)->max_##kind##_latency_ticks, (ticks)); \
		(st)->min_##kind##_latency_ticks = \
		        spdk_min((st)->min_##kind##_latency_ticks, (ticks)); \
	} while (0)

/** Count an I/O that succeeded. */
static inline void
stat_count(struct spdk_bdev_channel *ch, const struct spdk_bdev_io *io, uint64_t now)
{
	struct spdk_bdev_io_stat *st = &ch->stat;
	uint64_t len = io->u.bdev.num_blocks * io->bdev->blocklen;
	uint64_t ticks = now - io->internal.submit_tsc;

	switch (io->type) {
	case SPDK_BDEV_IO_TYPE_READ:
		STAT_ADD(st, bytes_read, num_read_ops, read, len, ticks);
		break;
	case SPDK_BDEV_IO_TYPE_WRITE:
		STAT_ADD(st, bytes_written, num_write_ops, write, len, ticks);
		break;
	case SPDK_BDEV_IO_TYPE_UNMAP:
		STAT_ADD(st, bytes_unmapped, num_unmap_ops, unmap, len, ticks);
		break;
	default:
		break;
	}
}

static inline void
io_finish(struct spdk_bdev_io *io, uint64_t now)
{
	struct spdk_bdev_channel *ch = io->internal.ch;

	ch->shared->outstanding--;
	if (spdk_unlikely(ch->flags & BDEV_CH_NOMEM)) {
		bdev_nomem_retry(ch->shared);
	}
	if (spdk_unlikely(io->internal.special & BDEV_IO_SPECIAL_END) && !special_end(io)) {
		return;
	}
	TAILQ_REMOVE(&ch->submitted, io, internal.ch_link);
	if (spdk_unlikely(io->internal.status != SPDK_BDEV_IO_STATUS_SUCCESS)) {
		bdev_stat_count_error(ch, io);
		io->internal.cb(io, false, io->internal.caller_ctx);
		return;
	}
	stat_count(ch, io, now);
	io->internal.cb(io, true, io->internal.caller_ctx);
}

/* What call-backs submit and modules complete meanwhile is deferred anew, to the next step. */
void
bdev_done_run(void *arg)
{
	struct bdev_mgmt_channel *mgmt = arg;
	struct spdk_bdev_io *next, *io = mgmt->done_first;
	uint64_t now = spdk_get_ticks();

	mgmt->done_first = NULL;
	for (; io != NULL; io = next) {
		next = io->internal.next;
		io_finish(io, now);
	}
}

/** The module lacks memory: true when the I/O now waits for another try. */
static bool
retry_later(struct spdk_bdev_io *io)
{
	struct spdk_bdev_channel *ch = io->internal.ch;

	if ((io->internal.special & (BDEV_IO_RESET | BDEV_IO_ABORT)) ||
	    (ch->flags & BDEV_CH_RESET)) {
		return false;
	}
	ch->shared->outstanding--;
	bdev_nomem_queue(io, true);
	return true;
}

void
spdk_bdev_io_complete(struct spdk_bdev_io *io, enum spdk_bdev_io_status status)
{
	struct bdev_mgmt_channel *mgmt = io->internal.ch->mgmt;

	if (spdk_unlikely(io->internal.status != SPDK_BDEV_IO_STATUS_PENDING)) {
		SPDK_ERRLOG("bdev %s: module %s completed an I/O twice: ignored\n", io->bdev->name,
		            io->bdev->module->name);
		return;
	}
	if (spdk_unlikely(status == SPDK_BDEV_IO_STATUS_NOMEM)) {
		if (retry_later(io)) {
			return;
		}
		status = SPDK_BDEV_IO_STATUS_ABORTED;
	}
	io->internal.status = status;
	if (mgmt->in_submit > 0) {
		bdev_done_push(mgmt, io);
	} else {
		io_finish(io, spdk_get_ticks());
	}
}
