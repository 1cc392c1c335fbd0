/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * An I/O as a row of pieces, one after the other, with the same bdev_io: I/O larger than the bdev
 * takes at once, I/O with buffers that it can't use (bounced through iobuf), and zeros written for
 * a bdev that knows no WRITE_ZEROES. Runs on the I/O's thread.
 *
 * A row, not a fan, on purpose: a piece needs no second bdev_io and holds at most one buffer, and
 * while it holds it, it waits for nothing but its module. A level below may have to bounce the same
 * data again, where its own limits cut it at an odd place; so each channel that may bounce owns one
 * buffer beyond iobuf. That of the lowest level always comes back, goes to the first who waits on
 * that channel, and so on upwards: every I/O of any size progresses, however small iobuf is.
 *
 *	caller's iovs  |-----------|----------------------|   cursor: behind done_blocks
 *	pieces         |=====|=====|=====|=====|=====|====|   u.bdev shows the present one
 */

#include "bdev_internal.h"

static void piece_next(struct spdk_bdev_io *io);

static inline bool
is_rw(uint8_t type)
{
	return type == SPDK_BDEV_IO_TYPE_READ || type == SPDK_BDEV_IO_TYPE_WRITE;
}

/** Base and length of one buffer fit the bdev's alignment. The length must be one that keeps a
 *  device happy that transfers whole sectors: of the alignment, or of the block if that is less. */
static inline bool
buffer_aligned(const struct spdk_bdev *bdev, uintptr_t base, size_t len_bytes)
{
	uint64_t align = 1ull << bdev->required_alignment;
	uint64_t sector = bdev->blocklen & -(uint64_t)bdev->blocklen;

	return (base & (align - 1)) == 0 && (len_bytes & (spdk_min(align, sector) - 1)) == 0;
}

static bool
rw_aligned(const struct spdk_bdev_io *io)
{
	const struct iovec *iovs = io->u.bdev.iovs;
	int i;

	for (i = 0; i < io->u.bdev.iovcnt; i++) {
		if (!buffer_aligned(io->bdev, (uintptr_t)iovs[i].iov_base, iovs[i].iov_len)) {
			return false;
		}
	}
	return true;
}

/** Blocks between multiples of which no I/O of this type may cross; 0: none. */
static inline uint64_t
boundary_blocks(const struct spdk_bdev *bdev, uint8_t type)
{
	if (type == SPDK_BDEV_IO_TYPE_WRITE && bdev->split_on_write_unit) {
		return bdev->write_unit_size;
	}
	if (is_rw(type) && bdev->split_on_optimal_io_boundary) {
		return bdev->optimal_io_boundary;
	}
	return 0;
}

/** Most blocks of this type at once; UINT64_MAX: no limit. */
static uint64_t
size_limit_blocks(const struct spdk_bdev *bdev, uint8_t type)
{
	uint64_t limit = 0;

	switch (type) {
	case SPDK_BDEV_IO_TYPE_READ:
	case SPDK_BDEV_IO_TYPE_WRITE:
		limit = bdev->max_rw_size;
		break;
	case SPDK_BDEV_IO_TYPE_UNMAP:
		limit = (uint64_t)bdev->max_unmap * spdk_max(1u, bdev->max_unmap_segments);
		break;
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
		limit = bdev->max_write_zeroes;
		break;
	default:
		break;
	}
	return limit == 0 ? UINT64_MAX : limit;
}

/** Most blocks from here that one piece may have. */
static uint64_t
piece_limit(const struct spdk_bdev *bdev, uint8_t type, uint64_t offset, uint64_t left)
{
	uint64_t boundary = boundary_blocks(bdev, type);

	left = spdk_min(left, size_limit_blocks(bdev, type));
	if (boundary != 0) {
		left = spdk_min(left, boundary - offset % boundary);
	}
	return left;
}

static bool
segments_fit(const struct spdk_bdev_io *io)
{
	const struct spdk_bdev *bdev = io->bdev;
	int i;

	if (bdev->max_num_segments != 0 && (uint32_t)io->u.bdev.iovcnt > bdev->max_num_segments) {
		return false;
	}
	for (i = 0; bdev->max_segment_size != 0 && i < io->u.bdev.iovcnt; i++) {
		if (io->u.bdev.iovs[i].iov_len > bdev->max_segment_size) {
			return false;
		}
	}
	return true;
}

bool
bdev_pieces_needed(const struct spdk_bdev_io *io)
{
	const struct spdk_bdev *bdev = io->bdev;
	uint32_t flags = io->internal.ch->flags;

	if (io->internal.special & (BDEV_IO_ZEROES | BDEV_IO_LONG)) {
		return true;
	}
	if (!is_rw(io->type)) {
		return false;
	}
	if ((flags & BDEV_CH_ALIGN) && !rw_aligned(io)) {
		return true;
	}
	if (!(flags & BDEV_CH_SPLIT)) {
		return false;
	}
	return piece_limit(bdev, io->type, io->u.bdev.offset_blocks, io->u.bdev.num_blocks) <
	               io->u.bdev.num_blocks ||
	       !segments_fit(io);
}

/* Asked at submit rather than by a flag of the channel: reads and writes don't pay for it. */
bool
bdev_range_is_long(const struct spdk_bdev_io *io)
{
	return size_limit_blocks(io->bdev, io->type) < io->u.bdev.num_blocks;
}

/** Forget \p bytes at the end of \p iovs; the number of entries left. */
static int
iovs_trim(struct iovec *iovs, int iovcnt, uint64_t bytes)
{
	while (bytes > 0) {
		struct iovec *last = &iovs[iovcnt - 1];

		if (last->iov_len > bytes) {
			last->iov_len -= bytes;
			break;
		}
		bytes -= last->iov_len;
		iovcnt--;
	}
	return iovcnt;
}

/** Let child_iov show the caller's buffers from the cursor on, as far as the bdev can use them.
 *  Moves the cursor over what it took. Returns blocks, 0 when not one fits. */
static uint64_t
piece_from_caller(struct spdk_bdev_io *io, uint64_t limit_blocks)
{
	const struct spdk_bdev *bdev = io->bdev;
	struct spdk_iov_xfer at = io->internal.piece.cursor;
	uint64_t want = limit_blocks * bdev->blocklen, have = 0, excess;
	uint64_t seg_max = bdev->max_segment_size == 0 ? UINT64_MAX : bdev->max_segment_size;
	int n = 0, max = (int)bdev_segments_max(bdev);

	while (n < max && have < want && at.cur_iov_idx < at.iovcnt) {
		struct iovec *v = &at.iovs[at.cur_iov_idx];
		uint64_t len = spdk_min(v->iov_len - at.cur_iov_offset, want - have);
		char *base = (char *)v->iov_base + at.cur_iov_offset;

		len = spdk_min(len, seg_max);
		if (len > 0 && !buffer_aligned(bdev, (uintptr_t)base, len)) {
			break;
		}
		if (len > 0) {
			io->child_iov[n].iov_base = base;
			io->child_iov[n++].iov_len = len;
		}
		have += len;
		at.cur_iov_offset += len;
		if (at.cur_iov_offset == v->iov_len) {
			at.cur_iov_idx++;
			at.cur_iov_offset = 0;
		}
	}
	excess = have % bdev->blocklen;
	io->u.bdev.iovcnt = iovs_trim(io->child_iov, n, excess);
	return have / bdev->blocklen;
}

/** Let child_iov show one buffer of \p len bytes, or when \p repeat the zero buffer over and over.
 */
static uint64_t
piece_from_buffer(struct spdk_bdev_io *io, char *buf, uint64_t len, bool repeat)
{
	const struct spdk_bdev *bdev = io->bdev;
	uint64_t seg_max = repeat ? BDEV_ZERO_BUF_SIZE : len, have = 0;
	int n = 0, max = (int)bdev_segments_max(bdev);

	if (bdev->max_segment_size != 0) {
		seg_max = spdk_min(seg_max, bdev->max_segment_size);
	}
	while (n < max && have < len) {
		uint64_t part = spdk_min(seg_max, len - have);

		io->child_iov[n].iov_base = repeat ? buf : buf + have;
		io->child_iov[n++].iov_len = part;
		have += part;
	}
	io->u.bdev.iovcnt = iovs_trim(io->child_iov, n, have % bdev->blocklen);
	return have / bdev->blocklen;
}

/** Skip \p bytes of the caller's buffers. */
static void
cursor_skip(struct spdk_iov_xfer *at, uint64_t bytes)
{
	while (bytes > 0) {
		uint64_t part = at->iovs[at->cur_iov_idx].iov_len - at->cur_iov_offset;

		if (part > bytes) {
			at->cur_iov_offset += bytes;
			break;
		}
		bytes -= part;
		at->cur_iov_idx++;
		at->cur_iov_offset = 0;
	}
}

/** Send the piece of now_blocks, whose buffers u.bdev shows. */
static void
piece_send(struct spdk_bdev_io *io)
{
	uint64_t done = io->internal.piece.done_blocks;

	io->u.bdev.offset_blocks = io->internal.piece.offset_blocks + done;
	io->u.bdev.num_blocks = io->internal.piece.now_blocks;
	if (io->internal.piece.md_buf != NULL) {
		io->u.bdev.md_buf = (char *)io->internal.piece.md_buf + done * io->bdev->md_len;
	}
	io->internal.status = SPDK_BDEV_IO_STATUS_PENDING;
	bdev_io_to_module(io);
}

/** The bounce buffer is there: fill it and send it. */
static void
piece_have_buf(struct spdk_bdev_io *io, void *buf)
{
	uint64_t len = io->internal.piece.buf_len;

	io->internal.piece.buf = buf;
	io->internal.piece.bounce = true;
	io->internal.piece.now_blocks = piece_from_buffer(io, buf, len, false);
	len = io->internal.piece.now_blocks * io->bdev->blocklen;
	if (io->type == SPDK_BDEV_IO_TYPE_WRITE) {
		spdk_iov_xfer_to_buf(&io->internal.piece.cursor, buf, len);
	}
	piece_send(io);
}

/** The channel's own buffer is back: the first who waits on this channel gets it. */
static void
own_buf_put(struct spdk_bdev_channel *ch)
{
	struct spdk_bdev_io *io;

	ch->own_buf_out = false;
	TAILQ_FOREACH(io, &ch->submitted, internal.ch_link) {
		if ((io->internal.special & BDEV_IO_WAIT_BUF) && io->internal.get_buf_cb == NULL) {
			spdk_iobuf_entry_abort(&ch->mgmt->iobuf, &io->internal.iobuf,
			                       io->internal.piece.buf_len);
			io->internal.special &= ~BDEV_IO_WAIT_BUF;
			ch->own_buf_out = true;
			io->internal.piece.buf_len =
			        spdk_min(io->internal.piece.buf_len, ch->own_buf_len);
			piece_have_buf(io, ch->own_buf);
			return;
		}
	}
}

static void
piece_buf_cb(struct spdk_iobuf_entry *entry, void *buf)
{
	struct spdk_bdev_io *io = SPDK_CONTAINEROF(entry, struct spdk_bdev_io, internal.iobuf);

	io->internal.special &= ~BDEV_IO_WAIT_BUF;
	piece_have_buf(io, buf);
}

/** Take a buffer for up to \p limit_blocks, or wait for it. */
static void
piece_bounce(struct spdk_bdev_io *io, uint64_t limit_blocks)
{
	struct spdk_bdev_channel *ch = io->internal.ch;
	struct bdev_mgmt_channel *mgmt = ch->mgmt;
	uint64_t max = mgmt->large_bufsize / io->bdev->blocklen;
	void *buf;

	if (max == 0) {
		SPDK_ERRLOG("bdev %s: a block of %u bytes does not fit a large iobuf buffer (%u), "
		            "so an "
		            "unaligned I/O can't be done: raise large_bufsize\n",
		            io->bdev->name, io->bdev->blocklen, mgmt->large_bufsize);
		bdev_io_end(io, SPDK_BDEV_IO_STATUS_FAILED);
		return;
	}
	io->internal.piece.buf_len = spdk_min(max, limit_blocks) * io->bdev->blocklen;
	io->internal.get_buf_cb = NULL;
	buf = spdk_iobuf_get(&mgmt->iobuf, io->internal.piece.buf_len,
	                     ch->own_buf_out ? &io->internal.iobuf : NULL, piece_buf_cb);
	if (buf == NULL && !ch->own_buf_out) {
		ch->own_buf_out = true;
		buf = ch->own_buf;
		io->internal.piece.buf_len = spdk_min(io->internal.piece.buf_len, ch->own_buf_len);
	}
	if (buf != NULL) {
		piece_have_buf(io, buf);
	} else {
		io->internal.special |= BDEV_IO_WAIT_BUF;
	}
}

static void
piece_next(struct spdk_bdev_io *io)
{
	uint64_t done = io->internal.piece.done_blocks;
	uint64_t blocks = piece_limit(io->bdev, io->type, io->internal.piece.offset_blocks + done,
	                              io->internal.piece.num_blocks - done);

	io->internal.piece.bounce = false;
	if (io->internal.special & BDEV_IO_ZEROES) {
		io->u.bdev.iovs = io->child_iov;
		blocks = piece_from_buffer(io, g_bdev.zero_buf, blocks * io->bdev->blocklen, true);
	} else if (is_rw(io->type)) {
		uint64_t direct;

		io->u.bdev.iovs = io->child_iov;
		direct = piece_from_caller(io, blocks);
		if (direct == 0) {
			piece_bounce(io, blocks);
			return;
		}
		blocks = direct;
		cursor_skip(&io->internal.piece.cursor, blocks * io->bdev->blocklen);
	}
	io->internal.piece.now_blocks = blocks;
	piece_send(io);
}

static void
start_with_buf(struct spdk_io_channel *ch, struct spdk_bdev_io *io, bool success)
{
	if (success) {
		bdev_pieces_start(io);
	} else {
		bdev_io_end(io, SPDK_BDEV_IO_STATUS_FAILED);
	}
}

void
bdev_pieces_start(struct spdk_bdev_io *io)
{
	struct iovec *iovs = io->u.bdev.iovs;

	if (is_rw(io->type) && iovs != NULL && iovs[0].iov_base == NULL &&
	    !(io->internal.special & BDEV_IO_ZEROES)) {
		/* The caller wants a buffer of ours: one for all pieces. */
		bdev_io_take_buf(io, start_with_buf, io->u.bdev.num_blocks * io->bdev->blocklen);
		return;
	}
	io->internal.piece.iovs = iovs;
	io->internal.piece.iovcnt = io->u.bdev.iovcnt;
	io->internal.piece.type = io->type;
	io->internal.piece.md_buf = io->u.bdev.md_buf;
	io->internal.piece.offset_blocks = io->u.bdev.offset_blocks;
	io->internal.piece.num_blocks = io->u.bdev.num_blocks;
	io->internal.piece.done_blocks = 0;
	io->internal.piece.now_blocks = 0;
	io->internal.piece.buf = NULL;
	io->internal.special |= BDEV_IO_PIECES;
	if (io->internal.special & BDEV_IO_ZEROES) {
		io->type = SPDK_BDEV_IO_TYPE_WRITE;
	} else if (is_rw(io->type)) {
		spdk_iov_xfer_init(&io->internal.piece.cursor, iovs, io->u.bdev.iovcnt);
	}
	piece_next(io);
}

void
bdev_pieces_end(struct spdk_bdev_io *io)
{
	io->u.bdev.iovs = io->internal.piece.iovs;
	io->u.bdev.iovcnt = io->internal.piece.iovcnt;
	io->u.bdev.md_buf = io->internal.piece.md_buf;
	io->u.bdev.offset_blocks = io->internal.piece.offset_blocks;
	io->u.bdev.num_blocks = io->internal.piece.num_blocks;
	io->type = io->internal.piece.type;
	io->internal.special &= ~(BDEV_IO_PIECES | BDEV_IO_ZEROES | BDEV_IO_LONG);
}

bool
bdev_pieces_done(struct spdk_bdev_io *io)
{
	struct bdev_mgmt_channel *mgmt = io->internal.ch->mgmt;
	bool ok = io->internal.status == SPDK_BDEV_IO_STATUS_SUCCESS;
	void *buf = io->internal.piece.buf;

	if (buf != NULL) {
		if (ok && io->type == SPDK_BDEV_IO_TYPE_READ) {
			spdk_iov_xfer_from_buf(&io->internal.piece.cursor, buf,
			                       io->internal.piece.now_blocks * io->bdev->blocklen);
		}
		io->internal.piece.buf = NULL;
		if (buf == io->internal.ch->own_buf) {
			own_buf_put(io->internal.ch);
		} else {
			spdk_iobuf_put(&mgmt->iobuf, buf, io->internal.piece.buf_len);
		}
	}
	io->internal.piece.done_blocks += io->internal.piece.now_blocks;
	if (!ok || io->internal.piece.done_blocks == io->internal.piece.num_blocks) {
		bdev_pieces_end(io);
		return true;
	}
	piece_next(io);
	return false;
}
