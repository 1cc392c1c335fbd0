/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Placement of TCP sockets: those whose packets arrive on the same NAPI queue or CPU go to the same
 * group, or each group has a mark of its own that its sockets send with, so that the machine can
 * steer their packets; when the option says so (it is off by default). The map from such an id to a
 * group is shared by all threads and implementations behind a short lock, taken when a socket joins
 * or leaves a group, never on the I/O path.
 */

#include <pthread.h>

#include "spdk/util.h"
#include "spdk_internal/env_tcp.h"
#include "spdk_internal/sock_tcp.h"
#include "spdk_internal/system_state.h"

struct placement {
	uint32_t mode;
	int id;
	uint32_t refs; /* sockets of it in the group */
	struct spdk_sock_group *group;
	struct placement *next;
};

static struct {
	pthread_mutex_t lock;
	struct placement *all; /* under the lock; gone when refs gets 0 */
} g_state SYSTEM_STATE = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* What the socket has by itself; -1: nothing. */
static int
sock_placement(const struct tcp_sock *sock)
{
	uint32_t mode = sock->base.impl_opts.enable_placement_id;
	int option, id = -1;

	switch (mode) {
	case PLACEMENT_NAPI:
		option = SO_INCOMING_NAPI_ID;
		break;
	case PLACEMENT_CPU:
		option = SO_INCOMING_CPU;
		break;
	case PLACEMENT_MARK:
		option = SO_MARK;
		break;
	default:
		return -1;
	}
	if (sock->state != SOCK_TCP_CONNECTED ||
	    env_tcp_get_int(sock->fd, SOL_SOCKET, option, &id) != 0) {
		return -1;
	}
	/* NAPI id 0: nothing came from a device yet, as on loopback; mark 0: none. */
	return id == 0 && mode != PLACEMENT_CPU ? -1 : id;
}

static struct placement **
find_locked(uint32_t mode, int id)
{
	struct placement **p;

	for (p = &g_state.all; *p != NULL && ((*p)->mode != mode || (*p)->id != id);
	     p = &(*p)->next) {
	}
	return p;
}

/* The mark of \p group, or the lowest that is free. */
static int
mark_locked(const struct spdk_sock_group *group)
{
	const struct placement *p;
	int id = 1;

	for (p = g_state.all; p != NULL; p = p->next) {
		if (p->mode == PLACEMENT_MARK && p->group == group) {
			return p->id;
		}
	}
	while (*find_locked(PLACEMENT_MARK, id) != NULL) {
		id++;
	}
	return id;
}

struct spdk_sock_group *
sock_tcp_get_optimal(struct spdk_sock *_sock, struct spdk_sock_group *hint)
{
	struct tcp_sock *sock = SPDK_CONTAINEROF(_sock, struct tcp_sock, base);
	int id = sock_placement(sock);
	struct spdk_sock_group *group;
	struct placement *p;

	if (id < 0) {
		return NULL;
	}
	pthread_mutex_lock(&g_state.lock);
	p = *find_locked(_sock->impl_opts.enable_placement_id, id);
	group = p != NULL ? p->group : hint;
	pthread_mutex_unlock(&g_state.lock);
	return group;
}

static void
join_locked(struct tcp_sock *sock, struct spdk_sock_group *group, int id)
{
	uint32_t mode = sock->base.impl_opts.enable_placement_id;
	struct placement **at = find_locked(mode, id), *p;

	if (*at == NULL) {
		p = calloc(1, sizeof(*p));
		if (p != NULL) {
			p->mode = mode;
			p->id = id;
			p->group = group;
			*at = p;
		}
	}
	/* Out of memory, or another group has this id: the socket simply does not count. */
	if (*at != NULL && (*at)->group == group) {
		(*at)->refs++;
		sock->placement_id = id;
	}
}

void
sock_tcp_placement_join(struct tcp_sock *sock, struct spdk_sock_group *group)
{
	uint32_t mode = sock->base.impl_opts.enable_placement_id;
	int id, rc;

	if (spdk_likely(mode == PLACEMENT_NONE) || sock->state == SOCK_TCP_LISTENING) {
		return;
	}
	id = sock_placement(sock);
	pthread_mutex_lock(&g_state.lock);
	if (mode == PLACEMENT_MARK) {
		id = mark_locked(group);
		rc = env_tcp_set_int(sock->fd, SOL_SOCKET, SO_MARK, id);
		if (rc != 0) {
			SPDK_ERRLOG_RATELIMIT("a socket gets no mark (errno %d): that needs "
			                      "CAP_NET_ADMIN\n",
			                      -rc);
			id = -1;
		}
	}
	if (id >= 0) {
		join_locked(sock, group, id);
	}
	pthread_mutex_unlock(&g_state.lock);
}

void
sock_tcp_placement_leave(struct tcp_sock *sock)
{
	struct placement **at, *p;

	if (spdk_likely(sock->placement_id < 0)) {
		return;
	}
	pthread_mutex_lock(&g_state.lock);
	at = find_locked(sock->base.impl_opts.enable_placement_id, sock->placement_id);
	p = *at;
	assert(p != NULL && p->refs > 0);
	if (--p->refs == 0) {
		*at = p->next;
		free(p);
	}
	pthread_mutex_unlock(&g_state.lock);
	sock->placement_id = -1;
}
