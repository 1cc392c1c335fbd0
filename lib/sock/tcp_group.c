/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The lists of a group of TCP sockets, see spdk_internal/sock_tcp.h: who has work, who has bytes
 * that wait for their user, who connects against time. On the group's thread.
 */

#include "spdk/env.h"
#include "spdk_internal/sock_tcp.h"

void
sock_tcp_group_init(struct tcp_group *group)
{
	TAILQ_INIT(&group->work);
	TAILQ_INIT(&group->pending);
	TAILQ_INIT(&group->connecting);
}

void
sock_tcp_group_join(struct tcp_sock *sock, struct spdk_sock_group_impl *_group)
{
	struct tcp_group *group = SPDK_CONTAINEROF(_group, struct tcp_group, base);

	if (sock->state == SOCK_TCP_CONNECTING && sock->deadline_ticks != 0) {
		sock->on_connecting = true;
		TAILQ_INSERT_TAIL(&group->connecting, sock, connecting_link);
		sock_group_work_add(_group->group);
	}
	sock_tcp_placement_join(sock, _group->group);
}

void
sock_tcp_connecting_end(struct tcp_sock *sock)
{
	struct tcp_group *group;

	if (sock->on_connecting) {
		group = sock_tcp_group_of(sock);
		TAILQ_REMOVE(&group->connecting, sock, connecting_link);
		sock->on_connecting = false;
		sock_group_work_sub(group->base.group);
	}
}

void
sock_tcp_group_leave(struct tcp_sock *sock)
{
	struct tcp_group *group = sock_tcp_group_of(sock);

	sock_tcp_placement_leave(sock);
	sock_tcp_connecting_end(sock);
	sock_tcp_pending_set(sock, false);
	if (sock->on_work) {
		TAILQ_REMOVE(&group->work, sock, work_link);
		sock->on_work = false;
		group->num_work--;
		sock_group_work_sub(group->base.group);
	}
	sock->no_input = false;
}

void
sock_tcp_check_deadlines(struct tcp_group *group)
{
	uint64_t now = spdk_get_ticks();
	struct tcp_sock *sock;

	TAILQ_FOREACH(sock, &group->connecting, connecting_link) {
		if (now >= sock->deadline_ticks) {
			sock_tcp_work_later(sock); /* whose progress finds it too late */
		}
	}
}

void
sock_tcp_take_pending(struct tcp_group *group, uint32_t max)
{
	uint32_t n = spdk_min(group->num_pending, max);
	struct tcp_sock *sock;

	for (; n > 0; n--) {
		sock = TAILQ_FIRST(&group->pending);
		TAILQ_REMOVE(&group->pending, sock, pending_link);
		TAILQ_INSERT_TAIL(&group->pending, sock, pending_link);
		sock_tcp_ready_add(group, sock);
	}
}
