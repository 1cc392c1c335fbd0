/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Writing, on the socket's thread.
 *
 * In a group the queue leaves gathered, by one send at a time in the ring, which also waits while
 * the network takes no more: so bytes keep their order, and nothing has to be watched. Large sends
 * go without a copy where the options say so and the system can: zcopy.c. Outside of a group, and
 * for writev(), plain calls.
 */

#include <sys/socket.h>

#include "spdk/likely.h"
#include "uring.h"

/* ---- The ring's part ---- */

/* What is left of the queue has no bytes: done. */
static bool
queue_is_empty(struct uring_sock *sock, int iovcnt)
{
	if (spdk_unlikely(iovcnt == 0)) {
		basalt_sock_sent(&sock->tcp.base, 0, false);
		sock_tcp_work_later(&sock->tcp);
	}
	return iovcnt == 0;
}

bool
uring_output_arm(struct uring_sock *sock)
{
	struct spdk_sock *base = &sock->tcp.base;
	struct uring_group *group = uring_group_of(sock);
	struct io_uring_sqe *sqe;
	size_t total;
	int iovcnt;

	if (TAILQ_EMPTY(&base->queued) || (sock->in_ring & URING_SEND) ||
	    sock->tcp.state != SOCK_TCP_CONNECTED) {
		return true;
	}
	iovcnt = basalt_sock_gather(base, sock->iov, URING_SEND_IOVS, &total);
	if (queue_is_empty(sock, iovcnt)) {
		return true;
	}
	memset(&sock->msg, 0, sizeof(sock->msg));
	sock->msg.msg_iov = sock->iov;
	sock->msg.msg_iovlen = (size_t)iovcnt;
	if (group->zcopy && !sock->copy_once && sock_tcp_use_zcopy(&sock->tcp, total) &&
	    uring_zcopy_send(sock)) {
		return true;
	}
	sqe = uring_sqe(sock, URING_SEND);
	if (sqe == NULL) {
		return false;
	}
	io_uring_prep_sendmsg(sqe, sock->tcp.fd, &sock->msg, MSG_NOSIGNAL);
	io_uring_sqe_set_data64(sqe, (uintptr_t)sock | URING_SEND);
	sock->copy_once = false;
	return true;
}

static void
send_failed(struct uring_sock *sock, int rc)
{
	switch (rc) {
	case -ENOBUFS:
	case -ENOMEM:
		sock->copy_once = true;
		break;
	case -EAGAIN:
	case -EINTR:
	case -ECANCELED:
		break;
	case -EOPNOTSUPP:
		if (sock->tcp.zcopy) {
			sock->tcp.zcopy = false; /* this kind of socket can't */
			break;
		}
		/* fallthrough */
	default:
		sock->out_err = rc;
		basalt_sock_fail_queued(&sock->tcp.base, rc);
		break;
	}
}

void
uring_send_done(struct uring_sock *sock, const struct io_uring_cqe *cqe)
{
	struct spdk_sock *base = &sock->tcp.base;

	sock->in_ring &= ~(uint32_t)URING_SEND;
	sock->cancelled &= ~(uint32_t)URING_SEND;
	sock->send_own = false;
	if (spdk_likely(cqe->res >= 0)) {
		sock->out_bytes += (uint32_t)cqe->res;
		basalt_sock_sent(base, (size_t)cqe->res, cqe->flags & IORING_CQE_F_MORE);
	} else {
		/* A notice may follow of what went out of nothing: it has a number, too. */
		if (cqe->flags & IORING_CQE_F_MORE) {
			basalt_sock_sent(base, 0, true);
		}
		send_failed(sock, cqe->res);
	}
	if (!TAILQ_EMPTY(&base->done) || !TAILQ_EMPTY(&base->queued)) {
		sock_tcp_work_later(&sock->tcp);
	}
}

/* ---- The user's part ---- */

/* Without a group. Bytes sent, or -1 with errno. */
static ssize_t
queue_send(struct uring_sock *sock)
{
	struct spdk_sock *base = &sock->tcp.base;
	ssize_t n, sent = 0;
	size_t total;
	int iovcnt;

	while (!TAILQ_EMPTY(&base->queued)) {
		iovcnt = basalt_sock_gather(base, sock->iov, URING_SEND_IOVS, &total);
		n = iovcnt > 0 ? sock_tcp_send(&sock->tcp, sock->iov, iovcnt) : 0;
		if (n < 0) {
			if (errno != EAGAIN) {
				basalt_sock_fail_queued(base, -errno);
				return -1;
			}
			return sent > 0 ? sent : -1;
		}
		basalt_sock_sent(base, (size_t)n, false);
		sent += n;
		if ((size_t)n < total) {
			break;
		}
	}
	return sent;
}

/* Turn the ring as long as it takes bytes of the queue. The same result. */
static ssize_t
queue_turn(struct uring_sock *sock)
{
	struct spdk_sock *base = &sock->tcp.base;
	uint64_t before = sock->out_bytes, last;

	sock->out_err = 0;
	do {
		last = sock->out_bytes;
		(void)uring_output_arm(sock);
		uring_turn(uring_group_of(sock));
	} while (!TAILQ_EMPTY(&base->queued) && sock->out_bytes != last);
	if (sock->out_err != 0) {
		errno = -sock->out_err;
		return -1;
	}
	if (sock->out_bytes == before && !TAILQ_EMPTY(&base->queued)) {
		errno = EAGAIN;
		return -1;
	}
	return (ssize_t)(sock->out_bytes - before);
}

static ssize_t
queue_go(struct tcp_sock *tcp)
{
	struct uring_sock *sock = uring_of(&tcp->base);

	return tcp->base.group != NULL ? queue_turn(sock) : queue_send(sock);
}

static void
notices_take(struct tcp_sock *tcp)
{
	if (spdk_unlikely(uring_of(&tcp->base)->own_ring != NULL)) {
		uring_zcopy_turn(uring_of(&tcp->base));
	}
}

int
sock_uring_flush(struct spdk_sock *_sock)
{
	return sock_tcp_flush(sock_tcp_of(_sock), queue_go, notices_take);
}

ssize_t
sock_uring_writev(struct spdk_sock *_sock, struct iovec *iov, int iovcnt)
{
	return sock_tcp_writev(sock_tcp_of(_sock), iov, iovcnt, queue_go);
}

void
sock_uring_writev_async(struct spdk_sock *_sock, struct spdk_sock_request *req)
{
	struct uring_sock *sock = uring_of(_sock);

	if (sock_tcp_queue(&sock->tcp, req) && !(sock->in_ring & URING_SEND)) {
		sock_tcp_work_later(&sock->tcp); /* else what is in the ring goes on with it */
	}
}
