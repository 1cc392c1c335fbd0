/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A data buffer from iobuf for an I/O whose caller gave none. It lives until spdk_bdev_free_io(),
 * because the caller reads it in its call-back. Runs on the I/O's thread.
 */

#include "bdev_internal.h"

static void
buf_ready(struct spdk_bdev_io *io, void *buf)
{
	io->internal.buf.ptr = buf;
	io->internal.special |= BDEV_IO_HAS_BUF;
	io->internal.special &= ~BDEV_IO_BUF_FOR_MODULE;
	spdk_bdev_io_set_buf(io, buf, io->internal.buf.len);
	io->internal.get_buf_cb(io->internal.ch->module_ch, io, true);
}

static void
buf_cb(struct spdk_iobuf_entry *entry, void *buf)
{
	struct spdk_bdev_io *io = SPDK_CONTAINEROF(entry, struct spdk_bdev_io, internal.iobuf);

	io->internal.special &= ~BDEV_IO_WAIT_BUF;
	buf_ready(io, buf);
}

void
bdev_io_take_buf(struct spdk_bdev_io *io, spdk_bdev_io_get_buf_cb cb, uint64_t len_bytes)
{
	struct bdev_mgmt_channel *mgmt = io->internal.ch->mgmt;
	void *buf;

	if (len_bytes > mgmt->large_bufsize) {
		SPDK_ERRLOG("bdev %s: an I/O of %" PRIu64
		            " bytes without a buffer exceeds the largest "
		            "iobuf buffer (%u)\n",
		            io->bdev->name, len_bytes, mgmt->large_bufsize);
		io->internal.special &= ~BDEV_IO_BUF_FOR_MODULE;
		cb(io->internal.ch->module_ch, io, false);
		return;
	}
	io->internal.get_buf_cb = cb;
	io->internal.buf.len = len_bytes;
	buf = spdk_iobuf_get(&mgmt->iobuf, len_bytes, &io->internal.iobuf, buf_cb);
	if (buf != NULL) {
		buf_ready(io, buf);
	} else {
		io->internal.special |= BDEV_IO_WAIT_BUF;
	}
}

void
spdk_bdev_io_get_buf(struct spdk_bdev_io *io, spdk_bdev_io_get_buf_cb cb, uint64_t len)
{
	if (io->u.bdev.iovs != NULL && io->u.bdev.iovcnt > 0 &&
	    io->u.bdev.iovs[0].iov_base != NULL) {
		cb(io->internal.ch->module_ch, io, true);
		return;
	}
	io->internal.special |= BDEV_IO_BUF_FOR_MODULE;
	bdev_io_take_buf(io, cb, len);
}

void
spdk_bdev_io_set_buf(struct spdk_bdev_io *io, void *buf, size_t len)
{
	io->iov.iov_base = buf;
	io->iov.iov_len = len;
	io->u.bdev.iovs = &io->iov;
	io->u.bdev.iovcnt = 1;
}

void
spdk_bdev_io_set_md_buf(struct spdk_bdev_io *io, void *md_buf, size_t len)
{
	assert(len >= io->u.bdev.num_blocks * spdk_bdev_get_md_size(io->bdev));
	io->u.bdev.md_buf = md_buf;
}

void
bdev_io_put_buf(struct spdk_bdev_io *io)
{
	spdk_iobuf_put(&io->internal.ch->mgmt->iobuf, io->internal.buf.ptr, io->internal.buf.len);
	io->internal.special &= ~BDEV_IO_HAS_BUF;
	io->internal.buf.ptr = NULL;
}

bool
bdev_io_abort_buf_wait(struct spdk_bdev_io *io)
{
	struct spdk_bdev_channel *ch = io->internal.ch;
	bool own = io->internal.get_buf_cb != NULL;

	if (!(io->internal.special & BDEV_IO_WAIT_BUF)) {
		return false;
	}
	spdk_iobuf_entry_abort(&ch->mgmt->iobuf, &io->internal.iobuf,
	                       own ? io->internal.buf.len : io->internal.piece.buf_len);
	if (io->internal.special & BDEV_IO_BUF_FOR_MODULE) {
		/* The module has it, but waits for nothing else: it will not hear of it again. */
		ch->shared->outstanding--;
	}
	io->internal.special &= ~(BDEV_IO_WAIT_BUF | BDEV_IO_BUF_FOR_MODULE);
	return true;
}
