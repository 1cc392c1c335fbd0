/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Groups: one epoll set, level-triggered, looked at once per poll; and lists of sockets that have
 * work which the set does not show. On the group's thread.
 *
 * No call-back of the user's runs between epoll_wait() and the end of the poll: a socket that can
 * be written again only goes on the work list, so no event can point to a socket that is gone.
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
	sock_tcp_group_init(&group->tcp);
	return &group->tcp.base;
}

int
posix_group_close(struct spdk_sock_group_impl *_group)
{
	struct posix_group *group = posix_group_of(_group);

	close(group->epfd);
	free(group);
	return 0;
}

int
posix_group_get_fd(struct spdk_sock_group_impl *_group)
{
	return posix_group_of(_group)->epfd;
}

/* Without a socket: only to wake who waits. */
int
posix_group_watch(struct spdk_sock_group_impl *_group, int fd)
{
	struct posix_group *group = posix_group_of(_group);
	struct epoll_event ev = { .events = EPOLLIN };

	return epoll_ctl(group->epfd, EPOLL_CTL_ADD, fd, &ev) == 0 ? 0 : -errno;
}

static struct epoll_event
sock_event(struct posix_sock *sock)
{
	bool out = sock->blocked || sock->tcp.state == SOCK_TCP_CONNECTING;
	uint32_t in = sock->tcp.no_input ? 0 : EPOLLIN;
	struct epoll_event ev = { .events = in | (out ? EPOLLOUT : 0) };

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
	group = posix_group_of(sock->tcp.base.group);
	(void)epoll_ctl(group->epfd, EPOLL_CTL_MOD, sock->tcp.fd, &ev);
}

void
posix_want_input(struct spdk_sock *_sock, bool wanted)
{
	struct posix_sock *sock = posix_of(_sock);
	struct posix_group *group = posix_group_of(_sock->group);
	struct epoll_event ev;

	if (sock->tcp.no_input == !wanted) {
		return;
	}
	sock->tcp.no_input = !wanted;
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
	sock_tcp_work_later(&sock->tcp);
}

int
posix_group_add_sock(struct spdk_sock_group_impl *_group, struct spdk_sock *_sock)
{
	struct posix_group *group = posix_group_of(_group);
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
		sock_tcp_work_later(&sock->tcp);
	}
	sock_tcp_group_join(&sock->tcp, _group);
	return 0;
}

int
posix_group_remove_sock(struct spdk_sock_group_impl *_group, struct spdk_sock *_sock)
{
	struct posix_group *group = posix_group_of(_group);
	struct posix_sock *sock = posix_of(_sock);

	sock_tcp_group_leave(&sock->tcp);
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
	struct tcp_sock *sock;
	uint32_t n;

	for (n = group->tcp.num_work; n > 0; n--) {
		sock = sock_tcp_work_take(&group->tcp);
		if (sock == NULL) {
			return; /* call-backs closed or moved others */
		}
		(void)posix_flush(&sock->base);
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
		sock_tcp_work_later(&sock->tcp);
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
		sock_tcp_work_later(&sock->tcp);
		return;
	}
	if (spdk_unlikely(events & EPOLLERR) && sock->tcp.zcopy) {
		events = sock_take_notices(sock, events);
	}
	if (spdk_unlikely(events & EPOLLOUT) && sock->blocked) {
		sock->blocked = false;
		posix_group_rearm(sock);
		sock_tcp_work_later(&sock->tcp);
	}
	if (spdk_unlikely(sock->tcp.no_input)) {
		if (events & (EPOLLERR | EPOLLHUP)) {
			group_hang_up(group, sock);
		}
		return;
	}
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
		sock->drained = false;
		sock_tcp_ready_add(&group->tcp, &sock->tcp);
	}
}

int
posix_group_poll(struct spdk_sock_group_impl *_group)
{
	struct posix_group *group = posix_group_of(_group);
	struct epoll_event events[EVENTS_MAX];
	int i, n;

	if (spdk_unlikely(!TAILQ_EMPTY(&group->tcp.connecting))) {
		sock_tcp_check_deadlines(&group->tcp);
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
	sock_tcp_take_pending(&group->tcp, EVENTS_MAX);
	return _group->num_ready;
}
