/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Asynchronous writes: the queue of a socket, what of it goes into one system call, and the
 * call-backs. On the socket's thread.
 *
 * A request is in `queued` until all its bytes are out, then in `done` until its call-back. `done`
 * is emptied from its head, one at a time, by the outermost call only: a call-back may queue, flush
 * and close, and the stack stays flat however many requests wait.
 *
 * Between the two it is in `sent` while the network uses its memory (a send without a copy), or
 * while one before it does: call-backs keep the order. Such sends are numbered, and may be let go
 * in any order:
 *
 *     let go       | in the map: 1 let go, 0 not yet | not sent yet
 *     ------------ low ---------------------------- next
 *
 * The errno of a request that failed stands in internal.offset, which nobody else needs by then.
 */

#include "spdk/assert.h"
#include "spdk/likely.h"
#include "spdk/util.h"
#include "sock_internal.h"

void
basalt_sock_init(struct spdk_sock *sock, struct spdk_net_impl *impl,
                 const struct spdk_sock_opts *opts)
{
	sock->net_impl = impl;
	sock->opts = *opts;
	sock->impl_opts = *opts->impl_opts;
	sock->opts.impl_opts = &sock->impl_opts;
	sock->opts.src_addr = NULL; /* the caller's; used up by connect */
	TAILQ_INIT(&sock->queued);
	TAILQ_INIT(&sock->sent);
	TAILQ_INIT(&sock->done);
}

int
basalt_sock_gather(struct spdk_sock *sock, struct iovec *iov, int iov_max, size_t *total)
{
	struct spdk_sock_request *req = TAILQ_FIRST(&sock->queued);
	struct iovec *out = iov, *end = iov + iov_max;
	const struct iovec *from, *last;
	size_t skip = 0, bytes = 0;

	if (req != NULL) {
		skip = req->internal.offset; /* of later ones nothing was sent yet */
	}
	for (; req != NULL; req = TAILQ_NEXT(req, internal.link)) {
		from = SPDK_SOCK_REQUEST_IOV(req, 0);
		last = from + req->iovcnt;
		if (spdk_unlikely(bytes == 0)) {
			for (; from < last && skip >= from->iov_len; from++) {
				skip -= from->iov_len;
			}
		}
		for (; from < last; from++) {
			if (spdk_unlikely(from->iov_len == 0)) {
				continue;
			}
			if (out == end) {
				goto out;
			}
			*out++ = *from;
			bytes += from->iov_len;
		}
	}
out:
	if (bytes > 0) {
		iov->iov_base = (char *)iov->iov_base + skip;
		iov->iov_len -= skip;
		bytes -= skip;
	}
	*total = bytes;
	return (int)(out - iov);
}

static size_t
request_rest(struct spdk_sock_request *req)
{
	size_t len = 0;
	int i;

	for (i = 0; i < req->iovcnt; i++) {
		len += SPDK_SOCK_REQUEST_IOV(req, i)->iov_len;
	}
	return len - req->internal.offset;
}

/* Does the network use its memory still? */
static bool
request_is_held(const struct spdk_sock *sock, const struct spdk_sock_request *req)
{
	return req->internal.pending_zcopy &&
	       (int32_t)(req->internal.zcopy_idx - sock->zcopy_low) >= 0;
}

/* Off the queue, with its result: to `done`, or behind those whose memory is still in use. */
static void
request_leave(struct spdk_sock *sock, struct spdk_sock_request *req, int err)
{
	TAILQ_REMOVE(&sock->queued, req, internal.link);
	sock->queued_iovcnt -= req->iovcnt;
	req->internal.offset = (uint32_t)-err;
	/* The first test is the others' short form: with no send out, nothing is held, or behind.
	 */
	if (spdk_unlikely(sock->zcopy_low != sock->zcopy_next) &&
	    (request_is_held(sock, req) || !TAILQ_EMPTY(&sock->sent))) {
		TAILQ_INSERT_TAIL(&sock->sent, req, internal.link);
	} else {
		TAILQ_INSERT_TAIL(&sock->done, req, internal.link);
	}
}

/* The next send goes without a copy: the requests that \p sent bytes of it are of. */
static void
zcopy_number(struct spdk_sock *sock, size_t sent)
{
	struct spdk_sock_request *req = TAILQ_FIRST(&sock->queued);

	assert(sock_zcopy_has_room(sock));
	while (sent > 0) {
		req->internal.pending_zcopy = true;
		req->internal.zcopy_idx = sock->zcopy_next;
		sent -= spdk_min(sent, request_rest(req));
		req = TAILQ_NEXT(req, internal.link);
	}
	sock->zcopy_next++;
}

void
basalt_sock_sent(struct spdk_sock *sock, size_t sent, bool zcopy)
{
	struct spdk_sock_request *req;
	size_t rest;

	if (spdk_unlikely(zcopy)) {
		zcopy_number(sock, sent);
	}
	while ((req = TAILQ_FIRST(&sock->queued)) != NULL) {
		rest = request_rest(req);
		if (rest > sent) {
			req->internal.offset += sent;
			sent = 0;
			break;
		}
		sent -= rest;
		request_leave(sock, req, 0);
	}
	assert(sent == 0);
}

/* From the head of `sent`: all that nobody holds any more. */
static void
sent_let_go(struct spdk_sock *sock)
{
	struct spdk_sock_request *req;

	while ((req = TAILQ_FIRST(&sock->sent)) != NULL) {
		if (request_is_held(sock, req)) {
			return;
		}
		TAILQ_REMOVE(&sock->sent, req, internal.link);
		TAILQ_INSERT_TAIL(&sock->done, req, internal.link);
	}
}

void
basalt_sock_zcopy_done(struct spdk_sock *sock, uint32_t first, uint32_t last)
{
	uint32_t i, out = sock->zcopy_next - sock->zcopy_low;

	for (i = 0; i < out; i++) {
		if (sock->zcopy_low + i - first <= last - first) {
			sock->zcopy_map |= 1ULL << i;
		}
	}
	while (sock->zcopy_map & 1) {
		sock->zcopy_map >>= 1;
		sock->zcopy_low++;
	}
	sent_let_go(sock);
}

void
basalt_sock_fail_queued(struct spdk_sock *sock, int err)
{
	struct spdk_sock_request *req;

	assert(err < 0);
	/* Those before, sent or failed, keep what befell them: they are told first. */
	while ((req = TAILQ_FIRST(&sock->queued)) != NULL) {
		request_leave(sock, req, err);
	}
}

void
sock_fail_sent(struct spdk_sock *sock, int err)
{
	struct spdk_sock_request *req;

	while ((req = TAILQ_FIRST(&sock->sent)) != NULL) {
		TAILQ_REMOVE(&sock->sent, req, internal.link);
		if (req->internal.offset == 0) {
			req->internal.offset = (uint32_t)-err;
		}
		TAILQ_INSERT_TAIL(&sock->done, req, internal.link);
	}
}

static TRACE_COLD void
trace_complete(const struct spdk_sock_request *req)
{
	trace_record(TRACE_SOCK_REQ_COMPLETE, OWNER_ID_NONE, 0, (uintptr_t)req,
	             (uint64_t)(uintptr_t)req->cb_arg, (uint32_t)req->internal.offset);
}

static int
done_drain(struct spdk_sock *sock)
{
	struct spdk_sock_request *req;
	int n = 0;

	while ((req = TAILQ_FIRST(&sock->done)) != NULL) {
		TAILQ_REMOVE(&sock->done, req, internal.link);
		n++;
		if (spdk_unlikely(trace_group_mask(TRACE_GROUP_SOCK) != 0)) {
			trace_complete(req);
		}
		req->cb_fn(req->cb_arg, -(int)req->internal.offset);
	}
	return n;
}

bool
basalt_sock_callback_end(struct spdk_sock *sock)
{
	assert(sock->callbacks > 0);
	if (spdk_likely(sock->callbacks > 1 || !sock->closed)) {
		sock->callbacks--;
		return true;
	}
	/* Still counted: what is told now may not free the socket under us. */
	(void)done_drain(sock);
	sock->callbacks--;
	sock->net_impl->close(sock);
	return false;
}

int
basalt_sock_complete_done(struct spdk_sock *sock)
{
	int n;

	if (spdk_unlikely(sock->draining)) {
		return 0; /* inside one of these call-backs: who called it goes on with the rest */
	}
	sock_callback_begin(sock);
	sock->draining = true;
	n = done_drain(sock);
	sock->draining = false;
	return basalt_sock_callback_end(sock) ? n : -1;
}
