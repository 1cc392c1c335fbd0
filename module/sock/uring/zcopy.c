/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Sends without a copy, on the socket's thread. Each has two completions: what became of it, and,
 * perhaps much later, when the peer acknowledged it, that the system let go of its memory. The
 * second comes to the ring that the send was submitted to; a socket may leave its group in between,
 * for one of another thread or for none. So these sends go by a small ring of the socket's own,
 * made with the first of them, which moves with it; the group's ring only watches its descriptor
 * while it owes something.
 *
 *     sent            what became of it        let go
 *     |-- URING_SEND, send_own --|-- zcopy_low ... zcopy_next --|     URING_NOTICE: all the time
 *
 * One number can't be out twice, and the completion queue has a place for each that is out.
 */

#include <poll.h>
#include <sys/socket.h>

#include "spdk/assert.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk_internal/env_tcp.h"
#include "uring.h"

static bool
own_open(struct uring_sock *sock)
{
	struct uring_group *group = uring_group_of(sock);
	int rc = -ENOMEM;

	if (sock->own_ring != NULL) {
		return true;
	}
	sock->own_ring = malloc(sizeof(*sock->own_ring));
	if (sock->own_ring != NULL) {
		rc = uring_own_open(sock->own_ring);
		if (rc == 0) {
			return true;
		}
		free(sock->own_ring);
		sock->own_ring = NULL;
	}
	sock->tcp.zcopy = false;
	if (!group->own_failed) {
		SPDK_WARNLOG("no io_uring for a socket of its own (%s): it sends with copies, as "
		             "others may: raise the limits of open files and locked memory\n",
		             spdk_strerror(-rc));
		group->own_failed = true;
	}
	return false;
}

static bool
own_owes(const struct uring_sock *sock)
{
	return sock->send_own || sock->tcp.base.zcopy_low != sock->tcp.base.zcopy_next;
}

bool
uring_zcopy_send(struct uring_sock *sock)
{
	struct io_uring_sqe *sqe = own_open(sock) ? io_uring_get_sqe(sock->own_ring) : NULL;

	if (sqe == NULL) {
		return false;
	}
	io_uring_prep_sendmsg_zc(sqe, sock->tcp.fd, &sock->msg, MSG_NOSIGNAL);
	sock->send_data = (uint64_t)sock->tcp.base.zcopy_next << URING_OP_BITS | URING_SEND;
	io_uring_sqe_set_data64(sqe, sock->send_data);
	sock->in_ring |= URING_SEND;
	sock->send_own = true;
	uring_zcopy_turn(sock);
	sock_tcp_work_later(&sock->tcp); /* which has the ring watched, whoever turned it */
	return true;
}

static void
own_take(struct uring_sock *sock, const struct io_uring_cqe *cqe)
{
	uint32_t number = (uint32_t)(cqe->user_data >> URING_OP_BITS);

	if (cqe->flags & IORING_CQE_F_NOTIF) {
		basalt_sock_zcopy_done(&sock->tcp.base, number, number);
		if (!TAILQ_EMPTY(&sock->tcp.base.done)) {
			sock_tcp_work_later(&sock->tcp);
		}
	} else if (cqe->user_data != URING_CANCEL) {
		uring_send_done(sock, cqe);
	}
}

void
uring_zcopy_turn(struct uring_sock *sock)
{
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;

	(void)io_uring_submit(sock->own_ring);
	io_uring_for_each_cqe(sock->own_ring, head, cqe)
	{
		own_take(sock, cqe);
		n++;
	}
	io_uring_cq_advance(sock->own_ring, n);
	if (spdk_unlikely(io_uring_sq_ready(sock->own_ring) > 0)) {
		sock_tcp_work_later(&sock->tcp); /* the system had no room */
	}
}

bool
uring_zcopy_arm(struct uring_sock *sock)
{
	struct io_uring_sqe *sqe;

	if (spdk_likely(!own_owes(sock)) || (sock->in_ring & URING_NOTICE)) {
		return true;
	}
	sqe = uring_sqe(sock, URING_NOTICE);
	if (sqe != NULL) {
		io_uring_prep_poll_add(sqe, sock->own_ring->ring_fd, POLLIN);
		io_uring_sqe_set_data64(sqe, (uintptr_t)sock | URING_NOTICE);
	}
	return sqe != NULL;
}

void
uring_zcopy_stop(struct uring_sock *sock)
{
	struct io_uring_sqe *sqe;

	while (sock->send_own) {
		sqe = sock->cancelled & URING_SEND ? NULL : io_uring_get_sqe(sock->own_ring);
		if (sqe != NULL) {
			io_uring_prep_cancel64(sqe, sock->send_data, 0);
			io_uring_sqe_set_data64(sqe, URING_CANCEL);
			sock->cancelled |= URING_SEND;
		}
		(void)io_uring_submit_and_wait(sock->own_ring, 1);
		uring_zcopy_turn(sock);
	}
}

void
uring_zcopy_close(struct uring_sock *sock)
{
	if (sock->own_ring != NULL) {
		io_uring_queue_exit(sock->own_ring);
		free(sock->own_ring);
	}
}

void
sock_uring_let_go(struct spdk_sock *_sock)
{
	struct uring_sock *sock = uring_of(_sock);

	if (sock->own_ring != NULL) {
		uring_zcopy_turn(sock);
	}
	if (!TAILQ_EMPTY(&_sock->sent)) {
		env_tcp_abort(sock->tcp.fd);
	}
}
