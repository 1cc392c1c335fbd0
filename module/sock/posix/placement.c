/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Placement: sockets whose packets arrive on the same NAPI queue or CPU go to the same group, when
 * the option says so (it is off by default). The map from such an id to a group is shared by all
 * threads behind a short lock, taken when a socket joins or leaves a group, never on the I/O path.
 */

#include <pthread.h>
#include <sys/socket.h>

#include "spdk/assert.h"
#include "spdk/util.h"
#include "spdk_internal/system_state.h"
#include "posix.h"

struct placement {
	int id;
	uint32_t refs; /* sockets of it in the group */
	struct spdk_sock_group *group;
	struct placement *next;
};

static struct {
	pthread_mutex_t lock;
	struct placement *all; /* under the lock; gone when refs gets 0 */
} g_state SYSTEM_STATE = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int
sock_placement(const struct posix_sock *sock)
{
	int option, id = -1;
	socklen_t len = sizeof(id);

	switch (sock->base.impl_opts.enable_placement_id) {
	case PLACEMENT_NAPI:
		option = SO_INCOMING_NAPI_ID;
		break;
	case PLACEMENT_CPU:
		option = SO_INCOMING_CPU;
		break;
	default:
		return -1;
	}
	if (sock->state != POSIX_CONNECTED ||
	    getsockopt(sock->fd, SOL_SOCKET, option, &id, &len) != 0) {
		return -1;
	}
	/* NAPI id 0: nothing came from a device yet, as on loopback. */
	return id == 0 && option == SO_INCOMING_NAPI_ID ? -1 : id;
}

static struct placement **
placement_find_locked(int id)
{
	struct placement **p;

	for (p = &g_state.all; *p != NULL && (*p)->id != id; p = &(*p)->next) {
	}
	return p;
}

struct spdk_sock_group *
posix_group_get_optimal(struct spdk_sock *_sock, struct spdk_sock_group *hint)
{
	struct posix_sock *sock = SPDK_CONTAINEROF(_sock, struct posix_sock, base);
	int id = sock_placement(sock);
	struct spdk_sock_group *group;
	struct placement *p;

	if (id < 0) {
		return NULL;
	}
	pthread_mutex_lock(&g_state.lock);
	p = *placement_find_locked(id);
	group = p != NULL ? p->group : hint;
	pthread_mutex_unlock(&g_state.lock);
	return group;
}

void
posix_placement_join(struct posix_sock *sock, struct spdk_sock_group *group)
{
	struct placement **at, *p;
	int id = sock_placement(sock);

	if (id < 0) {
		return;
	}
	pthread_mutex_lock(&g_state.lock);
	at = placement_find_locked(id);
	if (*at == NULL) {
		p = calloc(1, sizeof(*p));
		if (p != NULL) {
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
	pthread_mutex_unlock(&g_state.lock);
}

void
posix_placement_leave(struct posix_sock *sock)
{
	struct placement **at, *p;

	if (sock->placement_id < 0) {
		return;
	}
	pthread_mutex_lock(&g_state.lock);
	at = placement_find_locked(sock->placement_id);
	p = *at;
	assert(p != NULL && p->refs > 0);
	if (--p->refs == 0) {
		*at = p->next;
		free(p);
	}
	pthread_mutex_unlock(&g_state.lock);
	sock->placement_id = -1;
}
