/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Groups: one epoll set, level-triggered, looked at once per poll; and lists of sockets that have
 * work which the set does not show. On the group's thread.
 *
 * No call-back of the user's runs between epoll_wait() and the end of the poll: a socket that can
 * be written again only goes on the flush list, so no event can point to a socket that is gone.
 */

#include <sys/epoll.h>

#include "spdk/assert.h"
#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/util.h"
#include "posix.h"

/* Half of ready[] for what the set shows, half for bytes received ahead: neither starves. */
#define EVENTS_MAX (SOCK_GROUP_READY_MAX / 2)

struct spdk_sock_group_impl *
posix_group_create(void)
{
	struct posix_group *group = calloc(1, sizeof(*group));
	int err;

	if (group == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	group->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (group->epfd < 0) {
		err = errno;
		free(group);
		errno = err;
		return NULL;
	}
	TAILQ_INIT(&group->flush);
	TAILQ_INIT(&group->pending);
	TAILQ_INIT(&group->connecting);
	return &group->base;
}

int
posix_group_close(struct spdk_sock_group_impl *_group)
{
	struct posix_group *group = SPDK_CONTAINEROF(_group, struct posix_group, base);

	close(group->epfd);
	free(group);
	return 0;
}

int
posix_group_get_fd(struct spdk_sock_group_impl *_group)
{
	return SPDK_CONTAINEROF(_group, struct posix_group, base)->epfd;
}

/* Without a socket: only to wake who waits. */
int
posix_group_watch(struct spdk_sock_group_impl *_group, int fd)
{
	struct posix_group *group = SPDK_CONTAINEROF(_group, struct posix_group, base);
	struct epoll_event ev = { .events = EPOLLIN };

	return epoll_ctl(group->epfd, EPOLL_CTL_ADD, fd, &ev) == 0 ? 0 : -errno;
}

static struct epoll_event
sock_event(struct posix_sock *sock)
{
	bool out = sock->blocked || sock->tcp.state == SOCK_TCP_CONNECTING;
	struct epoll_event ev = { .events = (sock->no_input ? 0 : EPOLLIN) | (out ? EPOLLOUT : 0) };

	ev.data.ptr = sock;
	return ev;
}

void
posix_group_rearm(struct posix_sock *sock)
{
	struct epoll_event ev = sock_event(sock);
	struct posix_group *group;

	if (sock->tcp.base.group == NULL || sock->hung_up) {
		return;
	}
	group = SPDK_CONTAINEROF(sock->tcp.base.group, struct posix_group, base);
	(void)epoll_ctl(group->epfd, EPOLL_CTL_MOD, sock->tcp.fd, &ev);
}

void
posix_want_input(struct spdk_sock *_sock, bool wanted)
{
	struct posix_sock *sock = posix_of(_sock);
	struct posix_group *group = SPDK_CONTAINEROF(_sock->group, struct posix_group, base);
	struct epoll_event ev;

	if (sock->no_input == !wanted) {
		return;
	}
	sock->no_input = !wanted;
	sock->drained = false;
	posix_pending_update(sock);
	if (sock->hung_up) {
		sock->hung_up = false;
		ev = sock_event(sock);
		(void)epoll_ctl(group->epfd, EPOLL_CTL_ADD, sock->tcp.fd, &ev);
	} else {
		posix_group_rearm(sock);
	}
}

/** The set tells of a hang-up always: out of it, until somebody wants to hear. What is queued to be
 *  sent learns of it by trying. */
static void
group_hang_up(struct posix_group *group, struct posix_sock *sock)
{
	sock->hung_up = true;
	(void)epoll_ctl(group->epfd, EPOLL_CTL_DEL, sock->tcp.fd, NULL);
	sock->blocked = false;
	posix_flush_later(sock);
}

int
posix_group_add_sock(struct spdk_sock_group_impl *_group, struct spdk_sock *_sock)
{
	struct posix_group *group = SPDK_CONTAINEROF(_group, struct posix_group, base);
	struct posix_sock *sock = posix_of(_sock);
	struct epoll_event ev = sock_event(sock);

	if (epoll_ctl(group->epfd, EPOLL_CTL_ADD, sock->tcp.fd, &ev) != 0) {
		return -1;
	}
	sock->drained = false;
	posix_pending_update(sock);
	if ((!TAILQ_EMPTY(&_sock->queued) && !sock->blocked &&
	     sock->tcp.state != SOCK_TCP_CONNECTING) ||
	    !TAILQ_EMPTY(&_sock->done)) {
		posix_flush_later(sock);
	}
	if (sock->tcp.state == SOCK_TCP_CONNECTING && sock->tcp.deadline_ticks != 0) {
		sock->on_connecting = true;
		TAILQ_INSERT_TAIL(&group->connecting, sock, connecting_link);
		sock_group_work_add(_group->group);
	}
	sock_tcp_placement_join(&sock->tcp, _group->group);
	return 0;
}

int
posix_group_remove_sock(struct spdk_sock_group_impl *_group, struct spdk_sock *_sock)
{
	struct posix_group *group = SPDK_CONTAINEROF(_group, struct posix_group, base);
	struct posix_sock *sock = posix_of(_sock);

	sock_tcp_placement_leave(&sock->tcp);
	posix_unlist(sock);
	sock->no_input = false;
	if (sock->hung_up) {
		sock->hung_up = false;
		return 0;
	}
	return epoll_ctl(group->epfd, EPOLL_CTL_DEL, sock->tcp.fd, NULL);
}

/* Each that is on the list now, once; what call-backs add waits for the next poll. */
static void
group_flush(struct posix_group *group)
{
	struct posix_sock *sock;
	uint32_t n;

	for (n = group->num_flush; n > 0; n--) {
		sock = TAILQ_FIRST(&group->flush);
		if (sock == NULL) {
			return; /* call-backs closed or moved others */
		}
		TAILQ_REMOVE(&group->flush, sock, flush_link);
		sock->on_flush = false;
		group->num_flush--;
		sock_group_work_sub(group->base.group);
		(void)posix_flush(&sock->tcp.base);
	}
}

static void
group_check_deadlines(struct posix_group *group)
{
	uint64_t now = spdk_get_ticks();
	struct posix_sock *sock;

	TAILQ_FOREACH(sock, &group->connecting, connecting_link) {
		if (now >= sock->tcp.deadline_ticks) {
			posix_flush_later(sock); /* whose progress finds it too late */
		}
	}
}

static void
ready_add(struct posix_group *group, struct posix_sock *sock)
{
	struct spdk_sock_group_impl *base = &group->base;

	if (sock->tcp.base.ready_idx == 0) {
		base->ready[base->num_ready++] = &sock->tcp.base;
		sock->tcp.base.ready_idx = base->num_ready;
	}
}

/* EPOLLERR may only mean that sends without a copy were let go of. The events that remain. */
static uint32_t
sock_take_notices(struct posix_sock *sock, uint32_t events)
{
	if (posix_zcopy_take(sock) == 0) {
		return events;
	}
	if (!TAILQ_EMPTY(&sock->tcp.base.done)) {
		posix_flush_later(sock);
	}
	if (events & EPOLLHUP) {
		return events;
	}
	/* An error of the connection itself stays readable: the next look finds nothing else. */
	return events & ~(uint32_t)EPOLLERR;
}

static void
group_take_event(struct posix_group *group, const struct epoll_event *ev)
{
	struct posix_sock *sock = ev->data.ptr;
	uint32_t events = ev->events;

	if (spdk_unlikely(sock == NULL)) {
		return; /* another implementation's part is polled after this */
	}
	if (spdk_unlikely(sock->tcp.state == SOCK_TCP_CONNECTING)) {
		posix_flush_later(sock);
		return;
	}
	if (spdk_unlikely(events & EPOLLERR) && sock->tcp.zcopy) {
		events = sock_take_notices(sock, events);
	}
	if (spdk_unlikely(events & EPOLLOUT) && sock->blocked) {
		sock->blocked = false;
		posix_group_rearm(sock);
		posix_flush_later(sock);
	}
	if (spdk_unlikely(sock->no_input)) {
		if (events & (EPOLLERR | EPOLLHUP)) {
			group_hang_up(group, sock);
		}
		return;
	}
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
		sock->drained = false;
		ready_add(group, sock);
	}
}

/* Sockets with bytes in their pipes, in turn. */
static void
group_take_pending(struct posix_group *group)
{
	struct posix_sock *sock;
	uint32_t n = spdk_min(group->num_pending, EVENTS_MAX);

	for (; n > 0; n--) {
		sock = TAILQ_FIRST(&group->pending);
		TAILQ_REMOVE(&group->pending, sock, pending_link);
		TAILQ_INSERT_TAIL(&group->pending, sock, pending_link);
		ready_add(group, sock);
	}
}

int
posix_group_poll(struct spdk_sock_group_impl *_group)
{
	struct posix_group *group = SPDK_CONTAINEROF(_group, struct posix_group, base);
	struct epoll_event events[EVENTS_MAX];
	int i, n;

	if (spdk_unlikely(!TAILQ_EMPTY(&group->connecting))) {
		group_check_deadlines(group);
	}
	group_flush(group);
	_group->num_ready = 0;
	n = epoll_wait(group->epfd, events, EVENTS_MAX, 0);
	if (spdk_unlikely(n < 0)) {
		if (errno != EINTR) {
			return -1;
		}
		n = 0;
	}
	for (i = 0; i < n; i++) {
		group_take_event(group, &events[i]);
	}
	group_take_pending(group);
	return _group->num_ready;
}
