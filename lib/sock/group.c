/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Groups of sockets: one part per implementation, polled together on the group's thread.
 *
 * An implementation's poll fills ready[]; the call-backs run from here, afterwards. Whoever takes a
 * socket out of the group meanwhile also takes it out of ready[] (ready_idx says where), so a
 * call-back never sees a socket that left. A group is not polled, nor closed, from inside its own
 * poll: that would pull ready[] from under the loop.
 */

#include <sys/epoll.h>

#include "spdk/assert.h"
#include "spdk/likely.h"
#include "spdk_internal/env.h"
#include "sock_internal.h"

/* With several implementations the group's descriptor is a set of theirs. */
static int
group_join_fds(struct spdk_sock_group *group)
{
	struct spdk_sock_group_impl *gi;
	int fd, rc, count = 0;

	STAILQ_FOREACH(gi, &group->impls, link) {
		count += gi->net_impl->group_get_fd(gi) >= 0;
	}
	if (count < 2) {
		return 0;
	}
	rc = env_waiter_create(&group->waiter);
	if (rc != 0) {
		return rc;
	}
	STAILQ_FOREACH(gi, &group->impls, link) {
		fd = gi->net_impl->group_get_fd(gi);
		rc = fd >= 0 ? env_waiter_add(group->waiter, fd, EPOLLIN, gi) : 0;
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

static void
group_free(struct spdk_sock_group *group)
{
	struct spdk_sock_group_impl *gi;

	env_waiter_destroy(group->waiter);
	while ((gi = STAILQ_FIRST(&group->impls)) != NULL) {
		STAILQ_REMOVE_HEAD(&group->impls, link);
		gi->net_impl->group_close(gi);
	}
	free(group);
}

struct spdk_sock_group *
spdk_sock_group_create(void *ctx)
{
	struct spdk_sock_group *group = calloc(1, sizeof(*group));
	struct spdk_net_impl *impl;
	struct spdk_sock_group_impl *gi;
	int rc;

	if (group == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	group->ctx = ctx;
	STAILQ_INIT(&group->impls);
	for (impl = sock_impl_next(NULL); impl != NULL; impl = sock_impl_next(impl)) {
		gi = impl->group_create();
		if (gi == NULL) {
			rc = -errno;
			goto fail;
		}
		gi->net_impl = impl;
		gi->group = group;
		TAILQ_INIT(&gi->socks);
		STAILQ_INSERT_TAIL(&group->impls, gi, link);
	}
	rc = group_join_fds(group);
	if (rc == 0) {
		return group;
	}
fail:
	group_free(group);
	errno = -rc;
	return NULL;
}

void *
spdk_sock_group_get_ctx(struct spdk_sock_group *group)
{
	return group->ctx;
}

static struct spdk_sock_group_impl *
group_part(struct spdk_sock_group *group, const struct spdk_net_impl *impl)
{
	struct spdk_sock_group_impl *gi;

	STAILQ_FOREACH(gi, &group->impls, link) {
		if (gi->net_impl == impl) {
			return gi;
		}
	}
	return NULL;
}

int
spdk_sock_group_add_sock(struct spdk_sock_group *group, struct spdk_sock *sock, spdk_sock_cb cb_fn,
                         void *cb_arg)
{
	struct spdk_sock_group_impl *gi = group_part(group, sock->net_impl);

	if (cb_fn == NULL || gi == NULL) {
		errno = EINVAL;
		return -1;
	}
	if (sock->group != NULL) {
		errno = EBUSY;
		return -1;
	}
	sock->group = gi;
	sock->cb_fn = cb_fn;
	sock->cb_arg = cb_arg;
	if (gi->net_impl->group_add_sock(gi, sock) != 0) {
		sock->group = NULL;
		sock->cb_fn = NULL;
		return -1;
	}
	TAILQ_INSERT_TAIL(&gi->socks, sock, link);
	return 0;
}

int
spdk_sock_group_remove_sock(struct spdk_sock_group *group, struct spdk_sock *sock)
{
	struct spdk_sock_group_impl *gi = sock->group;

	if (gi == NULL || gi->group != group) {
		errno = EINVAL;
		return -1;
	}
	(void)gi->net_impl->group_remove_sock(gi, sock);
	TAILQ_REMOVE(&gi->socks, sock, link);
	if (sock->ready_idx > 0) {
		gi->ready[sock->ready_idx - 1] = NULL;
		sock->ready_idx = 0;
	}
	sock->group = NULL;
	sock->cb_fn = NULL;
	sock->cb_arg = NULL;
	return 0;
}

static int
group_part_poll(struct spdk_sock_group_impl *gi)
{
	struct spdk_sock *sock;
	int i, num;

	num = gi->net_impl->group_poll(gi);
	for (i = 0; i < num; i++) {
		sock = gi->ready[i];
		if (spdk_unlikely(sock == NULL)) {
			continue; /* left meanwhile */
		}
		sock->ready_idx = 0;
		sock_callback_begin(sock);
		sock->cb_fn(sock->cb_arg, gi->group, sock);
		(void)sock_callback_end(sock);
	}
	gi->num_ready = 0;
	return num;
}

int
spdk_sock_group_poll(struct spdk_sock_group *group)
{
	struct spdk_sock_group_impl *gi;
	int rc, num = 0, err = 0;

	if (spdk_unlikely(group->polling)) {
		errno = EBUSY;
		return -1;
	}
	group->polling = true;
	STAILQ_FOREACH(gi, &group->impls, link) {
		if (TAILQ_EMPTY(&gi->socks)) {
			continue;
		}
		rc = group_part_poll(gi);
		if (spdk_unlikely(rc < 0)) {
			err = errno;
		} else {
			num += rc;
		}
	}
	group->polling = false;
	if (spdk_unlikely(err != 0)) {
		errno = err;
		return -1;
	}
	return num;
}

int
spdk_sock_group_close(struct spdk_sock_group **_group)
{
	struct spdk_sock_group *group = *_group;
	struct spdk_sock_group_impl *gi;

	if (group == NULL) {
		errno = EBADF;
		return -1;
	}
	if (group->polling) {
		errno = EBUSY;
		return -1;
	}
	STAILQ_FOREACH(gi, &group->impls, link) {
		if (!TAILQ_EMPTY(&gi->socks)) {
			errno = EBUSY;
			return -1;
		}
	}
	*_group = NULL;
	assert(group->counter == 0);
	group_free(group);
	return 0;
}

int
spdk_sock_get_optimal_sock_group(struct spdk_sock *sock, struct spdk_sock_group **group,
                                 struct spdk_sock_group *hint)
{
	if (sock == NULL || group == NULL) {
		errno = EINVAL;
		return -1;
	}
	*group = sock->net_impl->group_get_optimal(sock, hint);
	return 0;
}

void
sock_want_input(struct spdk_sock *sock, bool wanted)
{
	if (sock->group != NULL && sock->net_impl->want_input != NULL) {
		sock->net_impl->want_input(sock, wanted);
	}
}

int
sock_group_get_fd(struct spdk_sock_group *group)
{
	struct spdk_sock_group_impl *gi;
	int fd;

	if (group->waiter != NULL) {
		return env_waiter_fd(group->waiter);
	}
	STAILQ_FOREACH(gi, &group->impls, link) {
		fd = gi->net_impl->group_get_fd(gi);
		if (fd >= 0) {
			return fd;
		}
	}
	return -ENOTSUP;
}

const uint32_t *
sock_group_get_counter(struct spdk_sock_group *group)
{
	return &group->counter;
}
