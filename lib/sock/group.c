/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Groups of sockets: one part per implementation, polled together on the group's thread. The
 * default implementation's part is made with the group, each other when its first socket comes.
 *
 * The group's descriptor is that of its first part, which watches those of later ones. Where it
 * can't, and in interrupt mode, they are joined in a waiter: then the descriptor has to show what
 * the counter counts, too, so there is an event that is set while that is not 0.
 *
 * An implementation's poll fills ready[]; the call-backs run from here, afterwards. Whoever takes a
 * socket out of the group meanwhile also takes it out of ready[] (ready_idx says where), so a
 * call-back never sees a socket that left. A group is not polled, nor closed, from inside its own
 * poll: that would pull ready[] from under the loop.
 */

#include <sys/epoll.h>

#include "spdk/assert.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk_internal/env.h"
#include "spdk_internal/system_state.h"
#include "sock_internal.h"

static struct {
	bool interrupt_mode; /* of groups created from now on */
} g_state SYSTEM_STATE;

void
spdk_sock_get_default_initialize_opts(struct spdk_sock_initialize_opts *opts, size_t opts_size)
{
	struct spdk_sock_initialize_opts defaults = { .opts_size = opts_size };

	if (opts == NULL || opts_size < SPDK_SIZEOF(opts, opts_size)) {
		SPDK_ERRLOG("no options to fill, or their size is wrong (%zu)\n", opts_size);
		return;
	}
	memcpy(opts, &defaults, spdk_min(opts_size, sizeof(defaults)));
}

int
spdk_sock_initialize(struct spdk_sock_initialize_opts *opts)
{
	struct spdk_sock_initialize_opts whole = { 0 };

	if (opts == NULL || opts->opts_size < SPDK_SIZEOF(opts, opts_size)) {
		SPDK_ERRLOG("no options of the socket layer, or opts_size is not set\n");
		return -EINVAL;
	}
	memcpy(&whole, opts, spdk_min(opts->opts_size, sizeof(whole)));
	g_state.interrupt_mode = whole.enable_interrupt_mode;
	return 0;
}

/* Add a part's descriptor to the group's. 0 or a negative errno. */
static int
group_join_fd(struct spdk_sock_group *group, struct spdk_sock_group_impl *gi)
{
	struct spdk_sock_group_impl *first = STAILQ_FIRST(&group->impls);
	int fd = gi->net_impl->group_get_fd(gi);

	if (fd < 0) {
		return 0;
	}
	if (group->waiter != NULL) {
		return env_waiter_add(group->waiter, fd, EPOLLIN, gi);
	}
	return gi == first ? 0 : first->net_impl->group_watch(first, fd);
}

static int
group_part_create(struct spdk_sock_group *group, struct spdk_net_impl *impl,
                  struct spdk_sock_group_impl **part)
{
	struct spdk_sock_group_impl *gi = impl->group_create();

	if (gi == NULL) {
		return -errno;
	}
	gi->net_impl = impl;
	gi->group = group;
	TAILQ_INIT(&gi->socks);
	STAILQ_INSERT_TAIL(&group->impls, gi, link);
	*part = gi;
	return 0;
}

static void
group_free(struct spdk_sock_group *group)
{
	struct spdk_sock_group_impl *gi;

	env_waiter_destroy(group->waiter);
	if (group->event >= 0) {
		env_event_close(group->event);
	}
	while ((gi = STAILQ_FIRST(&group->impls)) != NULL) {
		STAILQ_REMOVE_HEAD(&group->impls, link);
		gi->net_impl->group_close(gi);
	}
	free(group);
}

/* A waiter for the parts' descriptors, and in interrupt mode for the counter's event. */
static int
group_waiter_create(struct spdk_sock_group *group)
{
	int rc = env_waiter_create(&group->waiter);

	if (rc != 0 || !g_state.interrupt_mode) {
		return rc;
	}
	group->event = env_event_create();
	if (group->event < 0) {
		return group->event;
	}
	return env_waiter_add(group->waiter, group->event, EPOLLIN, group);
}

struct spdk_sock_group *
spdk_sock_group_create(void *ctx)
{
	struct spdk_sock_group *group = calloc(1, sizeof(*group));
	struct spdk_net_impl *impl = sock_impl_find(NULL);
	struct spdk_sock_group_impl *gi = NULL;
	int rc = 0;

	if (group == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	group->ctx = ctx;
	group->event = -1;
	STAILQ_INIT(&group->impls);
	if (g_state.interrupt_mode || impl == NULL || impl->group_watch == NULL) {
		rc = group_waiter_create(group);
	}
	if (rc == 0 && impl != NULL) {
		rc = group_part_create(group, impl, &gi);
		if (rc == 0) {
			rc = group_join_fd(group, gi);
		}
	}
	if (rc == 0) {
		group->fd = group->waiter != NULL ? env_waiter_fd(group->waiter)
		                                  : impl->group_get_fd(gi);
		return group;
	}
	group_free(group);
	errno = -rc;
	return NULL;
}

void *
spdk_sock_group_get_ctx(struct spdk_sock_group *group)
{
	return group->ctx;
}

/* The part of \p impl, made when it is the first time. NULL with errno. */
static struct spdk_sock_group_impl *
group_part(struct spdk_sock_group *group, struct spdk_net_impl *impl)
{
	struct spdk_sock_group_impl *gi = NULL;
	int rc;

	STAILQ_FOREACH(gi, &group->impls, link) {
		if (gi->net_impl == impl) {
			return gi;
		}
	}
	rc = group_part_create(group, impl, &gi);
	if (rc == 0) {
		rc = group_join_fd(group, gi);
		if (rc != 0) {
			STAILQ_REMOVE(&group->impls, gi, spdk_sock_group_impl, link);
			impl->group_close(gi);
		}
	}
	errno = -rc;
	return rc == 0 ? gi : NULL;
}

int
spdk_sock_group_add_sock(struct spdk_sock_group *group, struct spdk_sock *sock, spdk_sock_cb cb_fn,
                         void *cb_arg)
{
	struct spdk_sock_group_impl *gi;

	if (cb_fn == NULL) {
		errno = EINVAL;
		return -1;
	}
	if (sock->group != NULL) {
		errno = EBUSY;
		return -1;
	}
	gi = group_part(group, sock->net_impl);
	if (gi == NULL) {
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

/* Call back at most \p max of the sockets that can be read; the others are told of again. */
static int
group_part_poll(struct spdk_sock_group_impl *gi, int max)
{
	struct spdk_sock *sock;
	int i, num;

	num = gi->net_impl->group_poll(gi);
	for (i = max; spdk_unlikely(i < num); i++) {
		gi->ready[i]->ready_idx = 0;
	}
	num = spdk_min(num, max);
	for (i = 0; i < num; i++) {
		sock = gi->ready[i];
		if (spdk_unlikely(sock == NULL)) {
			continue; /* left meanwhile */
		}
		sock->ready_idx = 0;
		sock_callback_begin(sock);
		sock->cb_fn(sock->cb_arg, gi->group, sock);
		(void)basalt_sock_callback_end(sock);
	}
	gi->num_ready = 0;
	return num;
}

int
spdk_sock_group_poll(struct spdk_sock_group *group)
{
	return spdk_sock_group_poll_count(group, INT_MAX);
}

int
spdk_sock_group_poll_count(struct spdk_sock_group *group, int max_events)
{
	struct spdk_sock_group_impl *gi;
	int rc, num = 0, err = 0;

	if (spdk_unlikely(group->polling || max_events < 1)) {
		errno = group->polling ? EBUSY : EINVAL;
		return -1;
	}
	group->polling = true;
	if (spdk_unlikely(group->event >= 0)) {
		env_event_clear(group->event);
	}
	STAILQ_FOREACH(gi, &group->impls, link) {
		if (TAILQ_EMPTY(&gi->socks)) {
			continue;
		}
		rc = group_part_poll(gi, max_events - num);
		if (spdk_unlikely(rc < 0)) {
			err = errno;
		} else {
			num += rc;
		}
	}
	group->polling = false;
	if (spdk_unlikely(group->event >= 0) && group->counter > 0) {
		env_event_set(group->event);
	}
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

int
spdk_sock_group_get_interruptfd(struct spdk_sock_group *group)
{
	if (group->event < 0) {
		errno = ENOTSUP;
		return -1;
	}
	return group->fd;
}

void
basalt_sock_group_wake(struct spdk_sock_group *group)
{
	env_event_set(group->event);
}

/* ---- Buffers for spdk_sock_recv_next() ---- */

/* Kept in the first bytes of the buffer, which may begin anywhere: copied in and out. */
struct provided {
	size_t len;
	void *ctx;
	void *next;
};
SPDK_STATIC_ASSERT(sizeof(struct provided) <= SOCK_PROVIDED_MIN, "as spdk/sock.h says");

int
spdk_sock_group_provide_buf(struct spdk_sock_group *group, void *buf, size_t len, void *ctx)
{
	struct provided node = { .len = len, .ctx = ctx };

	if (group == NULL || buf == NULL || len < SOCK_PROVIDED_MIN) {
		errno = EINVAL;
		return -1;
	}
	memcpy(buf, &node, sizeof(node));
	if (group->bufs_last != NULL) {
		memcpy((char *)group->bufs_last + offsetof(struct provided, next), &buf,
		       sizeof(buf));
	} else {
		group->bufs_first = buf;
	}
	group->bufs_last = buf;
	return 0;
}

static void *
bufs_take(struct spdk_sock_group *group, struct provided *node)
{
	void *buf = group->bufs_first;

	memcpy(node, buf, sizeof(*node));
	group->bufs_first = node->next;
	if (node->next == NULL) {
		group->bufs_last = NULL;
	}
	return buf;
}

static void
bufs_put_back(struct spdk_sock_group *group, void *buf, struct provided *node)
{
	node->next = group->bufs_first;
	memcpy(buf, node, sizeof(*node));
	group->bufs_first = buf;
	if (node->next == NULL) {
		group->bufs_last = buf;
	}
}

int
spdk_sock_recv_next(struct spdk_sock *sock, void **buf, void **ctx)
{
	struct spdk_sock_group *group;
	struct provided node;
	struct iovec iov;
	bool polling;
	ssize_t n;

	if (buf == NULL || sock->group == NULL) {
		errno = EINVAL;
		return -1;
	}
	group = sock->group->group;
	if (group->bufs_first == NULL) {
		errno = ENOBUFS;
		return -1;
	}
	/* Off the list meanwhile: a call-back of a connect inside may take the next one. */
	iov.iov_base = bufs_take(group, &node);
	iov.iov_len = spdk_min(node.len, (size_t)INT_MAX);
	polling = group->polling;
	group->polling = true; /* nor may it end the group */
	n = spdk_sock_readv(sock, &iov, 1);
	group->polling = polling;
	if (n <= 0) {
		bufs_put_back(group, iov.iov_base, &node);
		return (int)n;
	}
	*buf = iov.iov_base;
	if (ctx != NULL) {
		*ctx = node.ctx;
	}
	return (int)n;
}
