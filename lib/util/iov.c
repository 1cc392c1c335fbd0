/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Walking several I/O vectors in step, and moving bytes between vectors and buffers. All state is
 * the caller's; empty elements are skipped; nothing reads or writes past the shorter side.
 */

#include "spdk/util.h"

/*
 * The walkers of the vectors. By way of bytes: `iters` has no elements by its type, and gcc 12
 * takes a loop over it for one that can't be.
 */
static struct spdk_single_ioviter *
singles(struct spdk_ioviter *iter)
{
	return (struct spdk_single_ioviter *)((uint8_t *)iter +
	                                      offsetof(struct spdk_ioviter, iters));
}

/* Move to the next element that has bytes. False at the end of the vector. */
static bool
single_load(struct spdk_single_ioviter *it)
{
	while (it->iov_len == 0) {
		if (it->idx + 1 >= it->iovcnt) {
			return false;
		}
		it->idx++;
		it->iov_base = it->iov[it->idx].iov_base;
		it->iov_len = it->iov[it->idx].iov_len;
	}
	return true;
}

static void
single_init(struct spdk_single_ioviter *it, struct iovec *iov, size_t iovcnt)
{
	it->iov = iov;
	it->iovcnt = iovcnt;
	it->idx = 0;
	it->iov_len = iovcnt > 0 ? iov[0].iov_len : 0;
	it->iov_base = iovcnt > 0 ? iov[0].iov_base : NULL;
}

size_t
spdk_ioviter_first(struct spdk_ioviter *iter, struct iovec *siov, size_t siovcnt,
                   struct iovec *diov, size_t diovcnt, void **src, void **dst)
{
	struct iovec *iovs[2] = { siov, diov };
	size_t iovcnts[2] = { siovcnt, diovcnt };
	void *out[2] = { NULL, NULL };
	size_t len;

	len = spdk_ioviter_firstv(iter, 2, iovs, iovcnts, out);
	*src = out[0];
	*dst = out[1];
	return len;
}

size_t
spdk_ioviter_firstv(struct spdk_ioviter *iter, uint32_t count, struct iovec **iov, size_t *iovcnt,
                    void **out)
{
	struct spdk_single_ioviter *its = singles(iter);
	uint32_t i;

	iter->count = count;
	for (i = 0; i < count; i++) {
		single_init(&its[i], iov[i], iovcnt[i]);
	}
	return spdk_ioviter_nextv(iter, out);
}

size_t
spdk_ioviter_next(struct spdk_ioviter *iter, void **src, void **dst)
{
	void *out[2] = { NULL, NULL };
	size_t len;

	len = spdk_ioviter_nextv(iter, out);
	*src = out[0];
	*dst = out[1];
	return len;
}

size_t
spdk_ioviter_nextv(struct spdk_ioviter *iter, void **out)
{
	struct spdk_single_ioviter *its = singles(iter);
	size_t len = SIZE_MAX;
	uint32_t i;

	if (iter->count == 0) {
		return 0;
	}
	for (i = 0; i < iter->count; i++) {
		if (!single_load(&its[i])) {
			return 0;
		}
		len = spdk_min(len, its[i].iov_len);
	}
	for (i = 0; i < iter->count; i++) {
		out[i] = its[i].iov_base;
		its[i].iov_base += len;
		its[i].iov_len -= len;
	}
	return len;
}

void
spdk_iov_memset(struct iovec *iovs, int iovcnt, int c)
{
	int i;

	for (i = 0; i < iovcnt; i++) {
		if (iovs[i].iov_len > 0) {
			memset(iovs[i].iov_base, c, iovs[i].iov_len);
		}
	}
}

size_t
spdk_iovcpy(struct iovec *siov, size_t siovcnt, struct iovec *diov, size_t diovcnt)
{
	struct spdk_ioviter iter;
	size_t len, total = 0;
	void *src, *dst;

	for (len = spdk_ioviter_first(&iter, siov, siovcnt, diov, diovcnt, &src, &dst); len != 0;
	     len = spdk_ioviter_next(&iter, &src, &dst)) {
		memcpy(dst, src, len);
		total += len;
	}
	return total;
}

size_t
spdk_iovmove(struct iovec *siov, size_t siovcnt, struct iovec *diov, size_t diovcnt)
{
	struct spdk_ioviter iter;
	size_t len, total = 0;
	void *src, *dst;

	for (len = spdk_ioviter_first(&iter, siov, siovcnt, diov, diovcnt, &src, &dst); len != 0;
	     len = spdk_ioviter_next(&iter, &src, &dst)) {
		memmove(dst, src, len);
		total += len;
	}
	return total;
}

void
spdk_iov_xfer_init(struct spdk_iov_xfer *ix, struct iovec *iovs, int iovcnt)
{
	ix->iovs = iovs;
	ix->iovcnt = iovcnt;
	ix->cur_iov_idx = 0;
	ix->cur_iov_offset = 0;
}

/* Up to \p want bytes that lie in one piece at the current position, which moves behind them. */
static size_t
xfer_take(struct spdk_iov_xfer *ix, size_t want, uint8_t **piece)
{
	struct iovec *iov;
	size_t len;

	while (ix->cur_iov_idx < ix->iovcnt) {
		iov = &ix->iovs[ix->cur_iov_idx];
		len = spdk_min(want, iov->iov_len - ix->cur_iov_offset);
		if (len > 0) {
			*piece = (uint8_t *)iov->iov_base + ix->cur_iov_offset;
			ix->cur_iov_offset += len;
			return len;
		}
		ix->cur_iov_idx++;
		ix->cur_iov_offset = 0;
	}
	return 0;
}

size_t
spdk_iov_xfer_from_buf(struct spdk_iov_xfer *ix, const void *buf, size_t buf_len)
{
	size_t len, done = 0;
	uint8_t *piece;

	while (done < buf_len && (len = xfer_take(ix, buf_len - done, &piece)) > 0) {
		memcpy(piece, (const uint8_t *)buf + done, len);
		done += len;
	}
	return done;
}

size_t
spdk_iov_xfer_to_buf(struct spdk_iov_xfer *ix, const void *buf, size_t buf_len)
{
	/* SPDK's prototype says const; the buffer is written all the same. */
	uint8_t *out = (uint8_t *)(uintptr_t)buf;
	size_t len, done = 0;
	uint8_t *piece;

	while (done < buf_len && (len = xfer_take(ix, buf_len - done, &piece)) > 0) {
		memcpy(out + done, piece, len);
		done += len;
	}
	return done;
}

void
spdk_copy_iovs_to_buf(void *buf, size_t buf_len, struct iovec *iovs, int iovcnt)
{
	struct spdk_iov_xfer ix;

	spdk_iov_xfer_init(&ix, iovs, iovcnt);
	spdk_iov_xfer_to_buf(&ix, buf, buf_len);
}

void
spdk_copy_buf_to_iovs(struct iovec *iovs, int iovcnt, void *buf, size_t buf_len)
{
	struct spdk_iov_xfer ix;

	spdk_iov_xfer_init(&ix, iovs, iovcnt);
	spdk_iov_xfer_from_buf(&ix, buf, buf_len);
}
