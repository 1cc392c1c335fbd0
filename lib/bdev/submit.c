/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The slow half of a submit: an I/O whose channel or self has something special. Runs on the I/O's
 * thread. The fast half is bdev_io_submit() in bdev_internal.h.
 */

#include "bdev_internal.h"

uint32_t
bdev_limit_flags(const struct spdk_bdev *bdev)
{
	uint32_t flags = 0;

	if ((bdev->split_on_optimal_io_boundary && bdev->optimal_io_boundary != 0) ||
	    (bdev->split_on_write_unit && bdev->write_unit_size > 1) || bdev->max_rw_size != 0 ||
	    bdev->max_segment_size != 0 || bdev->max_num_segments != 0) {
		flags |= BDEV_CH_SPLIT;
	}
	if (bdev->required_alignment > 0) {
		flags |= BDEV_CH_ALIGN;
	}
	return flags;
}

void
bdev_io_end(struct spdk_bdev_io *io, enum spdk_bdev_io_status status)
{
	struct spdk_bdev_channel *ch = io->internal.ch;

	/* The end of an I/O takes it out of the count of those in the module. */
	ch->shared->outstanding++;
	io->internal.status = status;
	bdev_done_push(ch->mgmt, io);
}

void
bdev_io_to_module(struct spdk_bdev_io *io)
{
	struct spdk_bdev_channel *ch = io->internal.ch;

	if (ch->flags & BDEV_CH_RESET) {
		bdev_io_end(io, SPDK_BDEV_IO_STATUS_ABORTED);
	} else if (ch->flags & BDEV_CH_NOMEM) {
		bdev_nomem_queue(io, false);
	} else {
		bdev_io_call_module(ch, io);
	}
}

static void
trace_start(struct spdk_bdev_io *io)
{
	if (trace_is_on(TRACE_BDEV_IO_DONE)) {
		io->internal.special |= BDEV_IO_TRACED;
	}
	if (trace_is_on(TRACE_BDEV_IO_START)) {
		_spdk_trace_record(
		        io->internal.submit_tsc, TRACE_BDEV_IO_START, io->bdev->internal.trace_id,
		        (uint32_t)io->u.bdev.num_blocks, (uintptr_t)io, 3, (uint64_t)io->type,
		        (uint64_t)(uintptr_t)io->internal.caller_ctx, io->u.bdev.offset_blocks);
	}
}

void
bdev_io_submit_special(struct spdk_bdev_io *io)
{
	if (trace_group_mask(TRACE_GROUP_BDEV) != 0) {
		trace_start(io);
	}
	if (bdev_pieces_needed(io)) {
		bdev_pieces_start(io);
	} else {
		bdev_io_to_module(io);
	}
}
