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
 */

#include "spdk/assert.h"
#include "spdk/likely.h"
#include "spdk/util.h"
#include "sock_internal.h"

void
sock_init(struct spdk_sock *sock, struct spdk_net_impl *impl, const struct spdk_sock_opts *opts)
{
	sock->net_impl = impl;
	sock->opts = *opts;
	sock->impl_opts = *opts->impl_opts;
	sock->opts.impl_opts = &sock->impl_opts;
	sock->opts.src_addr = NULL; /* the caller's; used up by connect */
	TAILQ_INIT(&sock->queued);
	TAILQ_INIT(&sock->done);
}

int
sock_gather(struct spdk_sock *sock, struct iovec *iov, int iov_max, size_t *total)
{
	struct spdk_sock_request *req;
	const struct iovec *from;
	size_t skip, bytes = 0;
	int i, n = 0;

	TAILQ_FOREACH(req, &sock->queued, internal.link) {
		skip = req->internal.offset;
		for (i = 0; i < req->iovcnt; i++) {
			from = SPDK_SOCK_REQUEST_IOV(req, i);
			if (spdk_unlikely(skip >= from->iov_len)) {
				skip -= from->iov_len;
				continue;
			}
			if (n == iov_max) {
				goto out;
			}
			iov[n].iov_base = (char *)from->iov_base + skip;
			iov[n].iov_len = from->iov_len - skip;
			bytes += iov[n].iov_len;
			skip = 0;
			n++;
		}
	}
out:
	*total = bytes;
	return n;
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

static void
request_done(struct spdk_sock *sock, struct spdk_sock_request *req)
{
	TAILQ_REMOVE(&sock->queued, req, internal.link);
	sock->queued_iovcnt -= req->iovcnt;
	TAILQ_INSERT_TAIL(&sock->done, req, internal.link);
}

void
sock_sent(struct spdk_sock *sock, size_t sent)
{
	struct spdk_sock_request *req;
	size_t rest;

	while ((req = TAILQ_FIRST(&sock->queued)) != NULL) {
		rest = request_rest(req);
		if (rest > sent) {
			req->internal.offset += sent;
			return;
		}
		sent -= rest;
		request_done(sock, req);
	}
	assert(sent == 0);
}

void
sock_fail_queued(struct spdk_sock *sock, int err)
{
	struct spdk_sock_request *req;

	assert(err < 0);
	/* Those before, sent or failed, keep what befell them: they are told first. */
	while ((req = TAILQ_FIRST(&sock->queued)) != NULL) {
		request_done(sock, req);
		req->internal.zcopy_idx = (uint32_t)-err;
	}
}

static int
done_drain(struct spdk_sock *sock)
{
	struct spdk_sock_request *req;
	int n = 0;

	while ((req = TAILQ_FIRST(&sock->done)) != NULL) {
		TAILQ_REMOVE(&sock->done, req, internal.link);
		n++;
		req->cb_fn(req->cb_arg, -(int)req->internal.zcopy_idx);
	}
	return n;
}

bool
sock_callback_end(struct spdk_sock *sock)
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
sock_complete_done(struct spdk_sock *sock)
{
	int n;

	if (spdk_unlikely(sock->draining)) {
		return 0; /* inside one of these call-backs: who called it goes on with the rest */
	}
	sock_callback_begin(sock);
	sock->draining = true;
	n = done_drain(sock);
	sock->draining = false;
	return sock_callback_end(sock) ? n : -1;
}
