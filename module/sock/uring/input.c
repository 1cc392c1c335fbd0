/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Reading, on the socket's thread.
 *
 * In a group one receive in the ring goes on by itself: what arrives lands in buffers of the
 * group's set, several at once where the system can, and waits in the socket's list for its user,
 * who copies it. Where all buffers are taken, or the system has no such receive, the next one is a
 * single one into the socket's own buffer, when that is empty; so a user who does not read stops
 * nobody else. No call of the user's reads the descriptor itself meanwhile: it would overtake what
 * is on its way.
 *
 * A socket that receives nothing ahead (and one that listens) is only watched: the ring tells once
 * that it can be read, and is asked again when the user has read.
 */

#include <poll.h>
#include <sys/socket.h>

#include "spdk/likely.h"
#include "spdk_internal/env_tcp.h"
#include "uring.h"

static bool
input_is_over(const struct uring_sock *sock)
{
	return sock->eof || sock->in_err != 0;
}

static bool
receives_ahead(const struct uring_sock *sock)
{
	return !sock->tcp.no_ahead && sock->tcp.state == SOCK_TCP_CONNECTED;
}

void
uring_pending_update(struct uring_sock *sock)
{
	bool bytes = sock->in_bytes > 0 && sock->in_bytes >= (size_t)sock->lowat;

	sock_tcp_pending_set(&sock->tcp, !sock->tcp.no_input && (bytes || input_is_over(sock) ||
	                                                         sock->poll_ready));
}

/* ---- The ring's part ---- */

static bool
watch_arm(struct uring_sock *sock)
{
	struct io_uring_sqe *sqe;

	if (sock->poll_ready || (sock->in_ring & URING_POLL)) {
		return true;
	}
	sqe = uring_sqe(sock, URING_POLL);
	if (sqe != NULL) {
		io_uring_prep_poll_add(sqe, sock->tcp.fd,
		                       sock->tcp.state == SOCK_TCP_CONNECTING ? POLLOUT : POLLIN);
		io_uring_sqe_set_data64(sqe, (uintptr_t)sock | URING_POLL);
	}
	return sqe != NULL;
}

static bool
recv_arm(struct uring_sock *sock)
{
	struct uring_group *group = uring_group_of(sock);
	bool own = sock->use_own || !group->multishot;
	struct io_uring_sqe *sqe;

	if ((sock->in_ring & URING_RECV) || (own && sock->own.len > 0)) {
		return true;
	}
	sqe = uring_sqe(sock, URING_RECV);
	if (sqe == NULL) {
		return false;
	}
	sock->recv_own = own;
	if (own) {
		io_uring_prep_recv(sqe, sock->tcp.fd, sock->own.data, URING_OWN_BYTES, 0);
	} else {
		io_uring_prep_recv_multishot(sqe, sock->tcp.fd, NULL, 0, 0);
		sqe->ioprio |= group->bundles ? IORING_RECVSEND_BUNDLE : 0;
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = 0;
	}
	io_uring_sqe_set_data64(sqe, (uintptr_t)sock | URING_RECV);
	return true;
}

bool
uring_input_arm(struct uring_sock *sock)
{
	uint32_t wanted = receives_ahead(sock) ? URING_RECV : URING_POLL;
	uint32_t unwanted = (URING_RECV | URING_POLL) & ~wanted;

	if (sock->tcp.no_input && sock->tcp.state != SOCK_TCP_CONNECTING) {
		unwanted |= wanted;
	}
	unwanted &= sock->in_ring & ~sock->cancelled;
	if (unwanted != 0 && !uring_cancel(sock, unwanted)) {
		return false;
	}
	if ((sock->tcp.no_input && sock->tcp.state != SOCK_TCP_CONNECTING) || input_is_over(sock) ||
	    sock->tcp.state == SOCK_TCP_FAILED) {
		return true;
	}
	/* One after the other: the one that was asked to end still takes what comes. */
	if (sock->in_ring & (URING_RECV | URING_POLL) & ~wanted) {
		return true;
	}
	return wanted == URING_RECV ? recv_arm(sock) : watch_arm(sock);
}

static void
input_append(struct uring_sock *sock, struct uring_buf *buf, uint32_t len)
{
	buf->pos = 0;
	buf->len = len;
	STAILQ_INSERT_TAIL(&sock->input, buf, link);
	sock->in_bytes += len;
}

/* Buffers of the set: of a bundle, those behind the first are those that were handed over behind
 * it. Their places are not taken again meanwhile: there are as many as buffers, and these are out.
 */
static void
input_append_set(struct uring_sock *sock, uint32_t id, uint32_t len)
{
	struct uring_group *group = uring_group_of(sock);
	uint16_t place = group->bufs[id].place;
	uint32_t piece;

	for (; len > 0; place++, len -= piece) {
		piece = spdk_min(len, URING_BUF_BYTES);
		input_append(sock, &group->bufs[group->order[place % URING_BUFS]], piece);
	}
}

static void
recv_failed(struct uring_sock *sock, int rc, bool from_set)
{
	switch (rc) {
	case -ENOBUFS:
		sock->use_own = true;
		break;
	case -EINVAL:
		if (from_set) {
			uring_group_of(sock)->multishot = false;
		} else {
			sock->in_err = rc;
		}
		break;
	case -EAGAIN:
	case -EINTR:
	case -ECANCELED: /* we wanted that, or the thread that submitted it is gone */
		break;
	default:
		sock->in_err = rc;
		break;
	}
}

void
uring_recv_done(struct uring_sock *sock, const struct io_uring_cqe *cqe)
{
	bool from_set = cqe->flags & IORING_CQE_F_BUFFER;
	uint32_t id = cqe->flags >> IORING_CQE_BUFFER_SHIFT;

	if (!(cqe->flags & IORING_CQE_F_MORE)) {
		sock->in_ring &= ~(uint32_t)URING_RECV;
		sock->cancelled &= ~(uint32_t)URING_RECV;
		sock_tcp_work_later(&sock->tcp);
	}
	if (cqe->res > 0 && from_set) {
		input_append_set(sock, id, (uint32_t)cqe->res);
	} else if (cqe->res > 0) {
		input_append(sock, &sock->own, (uint32_t)cqe->res);
	} else {
		if (from_set) {
			uring_buf_return(uring_group_of(sock), &uring_group_of(sock)->bufs[id]);
		}
		if (cqe->res == 0) {
			sock->eof = true;
		} else {
			recv_failed(sock, cqe->res, !sock->recv_own);
		}
	}
	if (sock->recv_own) {
		sock->use_own = false;
	}
	uring_pending_update(sock);
}

void
uring_poll_done(struct uring_sock *sock, const struct io_uring_cqe *cqe)
{
	sock->in_ring &= ~(uint32_t)URING_POLL;
	sock->cancelled &= ~(uint32_t)URING_POLL;
	if (cqe->res < 0 || sock->tcp.state == SOCK_TCP_CONNECTING || receives_ahead(sock)) {
		sock_tcp_work_later(&sock->tcp);
		return;
	}
	sock->poll_ready = true;
	uring_pending_update(sock);
}

/* ---- The user's part ---- */

/* A buffer is read: back to where it came from, which may let the ring go on. */
static void
buf_done(struct uring_sock *sock, struct uring_buf *buf)
{
	STAILQ_REMOVE_HEAD(&sock->input, link);
	buf->pos = buf->len = 0;
	if (buf->id >= 0) {
		uring_buf_return(uring_group_of(sock), buf);
	} else if (sock->tcp.base.group != NULL) {
		sock_tcp_work_later(&sock->tcp);
	}
}

static size_t
input_copy(struct uring_sock *sock, uint8_t *to, size_t len)
{
	struct uring_buf *buf;
	size_t piece, done = 0;

	while (done < len && (buf = STAILQ_FIRST(&sock->input)) != NULL) {
		piece = spdk_min(len - done, (size_t)(buf->len - buf->pos));
		memcpy(to + done, buf->data + buf->pos, piece);
		buf->pos += piece;
		done += piece;
		if (buf->pos == buf->len) {
			buf_done(sock, buf);
		}
	}
	sock->in_bytes -= done;
	return done;
}

static ssize_t
input_read(struct uring_sock *sock, struct iovec *iov, int iovcnt)
{
	size_t done = 0;
	int i;

	for (i = 0; i < iovcnt && sock->in_bytes > 0; i++) {
		done += input_copy(sock, iov[i].iov_base, iov[i].iov_len);
	}
	uring_pending_update(sock);
	return (ssize_t)done;
}

static ssize_t
fd_read(struct uring_sock *sock, struct iovec *iov, int iovcnt)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)iovcnt };
	ssize_t n = recvmsg(sock->tcp.fd, &msg, MSG_DONTWAIT);
	int err = errno;

	if (sock->tcp.base.group != NULL) {
		sock->poll_ready = false; /* the ring says anew whether there is more */
		uring_pending_update(sock);
		sock_tcp_work_later(&sock->tcp);
	}
	errno = err == EINTR || err == EWOULDBLOCK ? EAGAIN : err;
	return n;
}

ssize_t
sock_uring_readv(struct spdk_sock *_sock, struct iovec *iov, int iovcnt)
{
	struct uring_sock *sock = uring_of(_sock);

	if (spdk_likely(sock->in_bytes > 0)) {
		return input_read(sock, iov, iovcnt);
	}
	if (spdk_unlikely(input_is_over(sock))) {
		errno = -sock->in_err;
		return sock->in_err != 0 ? -1 : 0;
	}
	if (sock_tcp_is_gone(&sock->tcp) || !sock_tcp_is_up(&sock->tcp)) {
		return -1;
	}
	if (_sock->group != NULL && (receives_ahead(sock) || (sock->in_ring & URING_RECV))) {
		errno = EAGAIN;
		return -1;
	}
	return fd_read(sock, iov, iovcnt);
}

/* ---- Leaving ---- */

void
uring_input_drop(struct uring_sock *sock)
{
	struct uring_buf *buf;

	while ((buf = STAILQ_FIRST(&sock->input)) != NULL) {
		buf_done(sock, buf);
	}
	sock->in_bytes = 0;
}

void
uring_input_take_along(struct uring_sock *sock)
{
	size_t bytes = sock->in_bytes;
	uint8_t *memory;

	if (bytes == 0 ||
	    (STAILQ_FIRST(&sock->input)->id < 0 && sock->own.len - sock->own.pos == bytes)) {
		return; /* nothing, or all of it in its own already */
	}
	memory = malloc(spdk_max(bytes, (size_t)URING_OWN_BYTES));
	if (memory == NULL) {
		uring_input_drop(sock);
		sock->in_err = -ENOMEM; /* a stream with a hole is none */
		return;
	}
	(void)input_copy(sock, memory, bytes);
	free(sock->own.data);
	sock->own.data = memory;
	input_append(sock, &sock->own, (uint32_t)bytes);
}
