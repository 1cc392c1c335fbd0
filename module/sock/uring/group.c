/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Groups: one ring, entered at most once a round however many sockets have something to do; and
 * lists of sockets that have work which the ring does not show. On the group's thread.
 *
 * Work (arm, send, tell) is done from a list, in rounds: prepare entries, submit them all, take
 * what is complete, which only marks sockets and puts them on lists. No call-back of the user's
 * runs while completions are taken, and a socket leaves only when nothing of it is in the ring: so
 * no completion can point to a socket that is gone.
 */

#include "spdk/assert.h"
#include "spdk/env.h"
#include "spdk/likely.h"
#include "uring.h"

/* ---- The ring ---- */

struct io_uring_sqe *
uring_sqe(struct uring_sock *sock, enum uring_op op)
{
	struct io_uring *ring = &uring_group_of(sock)->ring;
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (spdk_unlikely(sqe == NULL)) {
		(void)io_uring_submit(ring);
		sqe = io_uring_get_sqe(ring);
	}
	if (sqe != NULL) {
		sock->in_ring |= op;
	}
	return sqe;
}

bool
uring_cancel(struct uring_sock *sock, enum uring_op op)
{
	struct io_uring_sqe *sqe = uring_sqe(sock, URING_CANCEL);

	assert(sock->in_ring & op);
	if (sqe == NULL) {
		return false;
	}
	io_uring_prep_cancel64(sqe, (uintptr_t)sock | op, 0);
	io_uring_sqe_set_data64(sqe, URING_CANCEL);
	sock->cancelled |= op;
	return true;
}

static void
cqe_take(const struct io_uring_cqe *cqe)
{
	struct uring_sock *sock = (struct uring_sock *)(uintptr_t)(cqe->user_data & ~URING_OP_MASK);

	switch (cqe->user_data & URING_OP_MASK) {
	case URING_RECV:
		uring_recv_done(sock, cqe);
		break;
	case URING_SEND:
		uring_send_done(sock, cqe);
		break;
	case URING_POLL:
		uring_poll_done(sock, cqe);
		break;
	case URING_NOTICE:
		sock->in_ring &= ~(uint32_t)URING_NOTICE;
		sock->cancelled &= ~(uint32_t)URING_NOTICE;
		sock_tcp_work_later(&sock->tcp);
		break;
	default:
		break; /* a cancel: what it ended tells by itself */
	}
}

static void
ring_take(struct uring_group *group)
{
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;

	io_uring_for_each_cqe(&group->ring, head, cqe)
	{
		cqe_take(cqe);
		n++;
	}
	io_uring_cq_advance(&group->ring, n);
}

void
uring_turn(struct uring_group *group)
{
	bool stuck;

	(void)io_uring_submit(&group->ring); /* enters only when there is a reason */
	ring_take(group);
	stuck = io_uring_sq_ready(&group->ring) > 0;
	if (spdk_unlikely(stuck != group->stuck)) {
		group->stuck = stuck;
		if (stuck) {
			sock_group_work_add(group->tcp.base.group);
		} else {
			sock_group_work_sub(group->tcp.base.group);
		}
	}
}

/* ---- Life ---- */

struct spdk_sock_group_impl *
sock_uring_group_create(void)
{
	struct uring_group *group = calloc(1, sizeof(*group));
	int rc;

	if (group == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	sock_tcp_group_init(&group->tcp);
	rc = uring_ring_open(group);
	if (rc != 0) {
		free(group);
		errno = -rc;
		return NULL;
	}
	return &group->tcp.base;
}

int
sock_uring_group_close(struct spdk_sock_group_impl *_group)
{
	struct uring_group *group = SPDK_CONTAINEROF(_group, struct uring_group, tcp.base);

	uring_ring_close(group);
	free(group);
	return 0;
}

int
sock_uring_group_get_fd(struct spdk_sock_group_impl *_group)
{
	return SPDK_CONTAINEROF(_group, struct uring_group, tcp.base)->ring.ring_fd;
}

int
sock_uring_group_add_sock(struct spdk_sock_group_impl *_group, struct spdk_sock *_sock)
{
	struct uring_sock *sock = uring_of(_sock);

	sock_tcp_work_later(&sock->tcp);
	uring_pending_update(sock);
	sock_tcp_group_join(&sock->tcp, _group);
	return 0;
}

/* Nothing of it is in the ring afterwards. Each entry ends at once when it is asked to. */
static void
ring_leave(struct uring_group *group, struct uring_sock *sock)
{
	static const enum uring_op ops[] = { URING_RECV, URING_SEND, URING_POLL, URING_NOTICE };
	uint32_t left;
	size_t i;

	uring_zcopy_stop(sock);
	while (sock->in_ring != 0) {
		for (i = 0; i < SPDK_COUNTOF(ops); i++) {
			left = sock->in_ring & ~sock->cancelled;
			if (left & ops[i]) {
				(void)uring_cancel(sock, ops[i]);
			}
		}
		(void)io_uring_submit_and_wait(&group->ring, sock->in_ring != 0);
		ring_take(group);
	}
	uring_turn(group);
}

int
sock_uring_group_remove_sock(struct spdk_sock_group_impl *_group, struct spdk_sock *_sock)
{
	struct uring_group *group = SPDK_CONTAINEROF(_group, struct uring_group, tcp.base);
	struct uring_sock *sock = uring_of(_sock);

	ring_leave(group, sock);
	uring_input_take_along(sock);
	sock_tcp_group_leave(&sock->tcp);
	sock->poll_ready = false;
	return 0;
}

void
sock_uring_want_input(struct spdk_sock *_sock, bool wanted)
{
	struct uring_sock *sock = uring_of(_sock);

	if (sock->tcp.no_input == !wanted) {
		return;
	}
	sock->tcp.no_input = !wanted;
	sock->poll_ready = false;
	uring_pending_update(sock);
	sock_tcp_work_later(&sock->tcp);
}

/* ---- Polling ---- */

static void
sock_work(struct uring_sock *sock)
{
	if (sock_tcp_is_gone(&sock->tcp)) {
		return;
	}
	if (spdk_unlikely(sock->tcp.base.group == NULL)) {
		return; /* the call-back of the connect took it out */
	}
	if (spdk_unlikely(sock->own_ring != NULL)) {
		uring_zcopy_turn(sock);
	}
	if (spdk_unlikely(!uring_input_arm(sock) || !uring_output_arm(sock) ||
	                  !uring_zcopy_arm(sock))) {
		sock_tcp_work_later(&sock->tcp); /* when the ring has room */
	}
	if (!TAILQ_EMPTY(&sock->tcp.base.done)) {
		(void)basalt_sock_complete_done(&sock->tcp.base);
	}
}

/* Each that is on the list now, once; what that adds waits for the next round. */
static void
group_work(struct uring_group *group)
{
	struct tcp_sock *sock;
	uint32_t n;

	for (n = group->tcp.num_work; n > 0; n--) {
		sock = sock_tcp_work_take(&group->tcp);
		if (sock == NULL) {
			return; /* call-backs closed or moved others */
		}
		sock_work(uring_of(&sock->base));
	}
}

int
sock_uring_group_poll(struct spdk_sock_group_impl *_group)
{
	struct uring_group *group = SPDK_CONTAINEROF(_group, struct uring_group, tcp.base);
	int round = 0;

	if (spdk_unlikely(!TAILQ_EMPTY(&group->tcp.connecting))) {
		sock_tcp_check_deadlines(&group->tcp);
	}
	do {
		group_work(group);
		uring_turn(group);
	} while (++round < URING_ROUNDS && group->tcp.num_work > 0);
	_group->num_ready = 0;
	sock_tcp_take_pending(&group->tcp, SOCK_GROUP_READY_MAX);
	return _group->num_ready;
}
