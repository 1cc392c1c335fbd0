/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A sock implementation: NVMe/TCP, or whatever uses spdk/sock.h, over sockets of the Unix domain.
 * "Address and port" become the name of an abstract socket, so nothing is to be set up and nobody
 * on the network can reach it. What an implementation has:
 *
 *	1. its socket, which begins with struct spdk_sock
 *	2. opening: listen, accept, connect
 *	3. data: now (readv, writev) and queued (writev_async)
 *	4. its part of a group: which sockets can be read, and sending what is queued
 *	5. its table, and the registration
 *
 * The rules that are easy to miss:
 *	- nothing waits: -1 with EAGAIN is the answer
 *	- queued requests go out in order, and a direct write goes behind them
 *	- a request's call-back never runs inside the submit: it counts as work of the group, and
 *	  is called in the next poll
 *	- a call-back may close the socket
 *
 * The header is not one of spdk/, as with SPDK: what it has may change with a release.
 */

#include "spdk_internal/sock_module.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"

#include <sys/epoll.h>
#include <sys/un.h>

#define IOVS_MAX 64
#define EVENTS_MAX SOCK_GROUP_READY_MAX

/* ---- 1. Socket ---- */

struct unix_sock {
	struct spdk_sock base;
	int fd;
	int port;
	char ip[64];
	bool busy; /* in its group's list of those with something queued, or a call-back due */
	TAILQ_ENTRY(unix_sock) busy_link;
};

struct unix_group {
	struct spdk_sock_group_impl base;
	int epoll;
	uint32_t num_busy;
	TAILQ_HEAD(, unix_sock) busy;
};

static struct spdk_net_impl g_unix_impl;

static struct unix_sock *
unix_of(struct spdk_sock *sock)
{
	return SPDK_CONTAINEROF(sock, struct unix_sock, base);
}

static struct unix_group *
group_of(struct spdk_sock_group_impl *group)
{
	return SPDK_CONTAINEROF(group, struct unix_group, base);
}

static struct spdk_sock *
unix_new(int fd, const char *ip, int port, const struct spdk_sock_opts *opts)
{
	struct unix_sock *sock = calloc(1, sizeof(*sock));

	if (sock == NULL) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	basalt_sock_init(&sock->base, &g_unix_impl, opts);
	sock->fd = fd;
	sock->port = port;
	snprintf(sock->ip, sizeof(sock->ip), "%s", ip);
	return &sock->base;
}

static int
unix_close(struct spdk_sock *sock)
{
	close(unix_of(sock)->fd);
	free(unix_of(sock));
	return 0;
}

/* ---- 2. Opening ---- */

/** An abstract name: it begins with a zero byte, and goes when its socket does. */
static socklen_t
name_of(const char *ip, int port, struct sockaddr_un *addr)
{
	int len;

	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	len = snprintf(addr->sun_path + 1, sizeof(addr->sun_path) - 1, "sock_unix:%s:%d", ip, port);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	                   spdk_min((size_t)len, sizeof(addr->sun_path) - 2));
}

static struct spdk_sock *
unix_open(const char *ip, int port, const struct spdk_sock_opts *opts, bool server)
{
	struct sockaddr_un addr;
	socklen_t len = name_of(ip, port, &addr);
	int rc, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return NULL;
	}
	if (server) {
		rc = bind(fd, (struct sockaddr *)&addr, len);
		rc = rc == 0 ? listen(fd, 128) : rc;
	} else {
		/* To a listening socket with room this does not wait. */
		rc = connect(fd, (struct sockaddr *)&addr, len);
	}
	if (rc != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
		rc = errno;
		close(fd);
		errno = rc;
		return NULL;
	}
	return unix_new(fd, ip, port, opts);
}

static struct spdk_sock *
unix_listen(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	return unix_open(ip, port, opts, true);
}

static struct spdk_sock *
unix_connect(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	return unix_open(ip, port, opts, false);
}

static struct spdk_sock *
unix_accept(struct spdk_sock *_sock)
{
	struct unix_sock *sock = unix_of(_sock);
	int fd = accept4(sock->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	return fd < 0 ? NULL : unix_new(fd, sock->ip, sock->port, &_sock->opts);
}

static int
unix_getaddr(struct spdk_sock *_sock, char *saddr, int slen, uint16_t *sport, char *caddr, int clen,
             uint16_t *cport)
{
	struct unix_sock *sock = unix_of(_sock);

	if (saddr != NULL) {
		snprintf(saddr, (size_t)slen, "%s", sock->ip);
	}
	if (caddr != NULL) {
		snprintf(caddr, (size_t)clen, "%s", sock->ip);
	}
	if (sport != NULL) {
		*sport = (uint16_t)sock->port;
	}
	if (cport != NULL) {
		*cport = 0;
	}
	return 0;
}

static bool
unix_is_ipv4(struct spdk_sock *sock)
{
	return true; /* that is what it stands for */
}

static bool
unix_is_connected(struct spdk_sock *sock)
{
	struct pollfd fd = { .fd = unix_of(sock)->fd };

	return poll(&fd, 1, 0) >= 0 && (fd.revents & (POLLHUP | POLLERR)) == 0;
}

static int
unix_get_fd(struct spdk_sock *sock)
{
	return unix_of(sock)->fd;
}

/* ---- 3. Data ---- */

static ssize_t
unix_readv(struct spdk_sock *sock, struct iovec *iov, int iovcnt)
{
	return readv(unix_of(sock)->fd, iov, iovcnt);
}

/** Count the socket among what its group has to do in a poll, or don't. */
static void
set_busy(struct unix_sock *sock, bool busy)
{
	struct unix_group *group;

	if (sock->base.group == NULL || busy == sock->busy) {
		return;
	}
	group = group_of(sock->base.group);
	sock->busy = busy;
	if (busy) {
		TAILQ_INSERT_TAIL(&group->busy, sock, busy_link);
		group->num_busy++;
		sock_group_work_add(group->base.group);
	} else {
		TAILQ_REMOVE(&group->busy, sock, busy_link);
		group->num_busy--;
		sock_group_work_sub(group->base.group);
	}
}

static void
update_busy(struct unix_sock *sock)
{
	set_busy(sock, !TAILQ_EMPTY(&sock->base.queued) || !TAILQ_EMPTY(&sock->base.done));
}

/** Send what is queued, as much as goes now. Call-backs come later. */
static int
send_queued(struct unix_sock *sock)
{
	struct iovec iovs[IOVS_MAX];
	struct msghdr msg = { .msg_iov = iovs };
	size_t total;
	ssize_t n = 0;

	while (!TAILQ_EMPTY(&sock->base.queued) && n >= 0) {
		msg.msg_iovlen = (size_t)basalt_sock_gather(&sock->base, iovs, IOVS_MAX, &total);
		n = sendmsg(sock->fd, &msg, MSG_NOSIGNAL);
		if (n >= 0) {
			basalt_sock_sent(&sock->base, (size_t)n, false);
		} else if (errno != EAGAIN) {
			basalt_sock_fail_queued(&sock->base, -errno);
		}
	}
	update_busy(sock);
	return TAILQ_EMPTY(&sock->base.queued) ? 0 : -1;
}

static ssize_t
unix_writev(struct spdk_sock *sock, struct iovec *iov, int iovcnt)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)iovcnt };

	if (send_queued(unix_of(sock)) != 0) {
		errno = EAGAIN;
		return -1;
	}
	return sendmsg(unix_of(sock)->fd, &msg, MSG_NOSIGNAL);
}

static void
unix_writev_async(struct spdk_sock *sock, struct spdk_sock_request *req)
{
	sock_request_queue(sock, req);
	update_busy(unix_of(sock));
}

static int
unix_flush(struct spdk_sock *sock)
{
	return send_queued(unix_of(sock));
}

/* ---- 4. Group ---- */

static struct spdk_sock_group_impl *
unix_group_create(void)
{
	struct unix_group *group = calloc(1, sizeof(*group));

	if (group == NULL) {
		return NULL;
	}
	TAILQ_INIT(&group->busy);
	group->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (group->epoll < 0) {
		free(group);
		return NULL;
	}
	return &group->base;
}

static int
unix_group_close(struct spdk_sock_group_impl *group)
{
	close(group_of(group)->epoll);
	free(group_of(group));
	return 0;
}

static int
unix_group_add_sock(struct spdk_sock_group_impl *group, struct spdk_sock *sock)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = sock };

	if (epoll_ctl(group_of(group)->epoll, EPOLL_CTL_ADD, unix_of(sock)->fd, &event) != 0) {
		return -1;
	}
	update_busy(unix_of(sock));
	return 0;
}

static int
unix_group_remove_sock(struct spdk_sock_group_impl *group, struct spdk_sock *sock)
{
	set_busy(unix_of(sock), false);
	return epoll_ctl(group_of(group)->epoll, EPOLL_CTL_DEL, unix_of(sock)->fd, NULL);
}

/** Send, and call back, for each busy socket once. A call-back may close any socket of the group:
 *  the list is asked anew each time. One that can't send stays in the list, behind the others, and
 *  the group is polled until there is room. */
static void
poll_busy(struct unix_group *group)
{
	uint32_t left = group->num_busy;
	struct unix_sock *sock;

	for (; left > 0 && !TAILQ_EMPTY(&group->busy); left--) {
		sock = TAILQ_FIRST(&group->busy);
		TAILQ_REMOVE(&group->busy, sock, busy_link);
		TAILQ_INSERT_TAIL(&group->busy, sock, busy_link);
		send_queued(sock);
		if (basalt_sock_complete_done(&sock->base) >= 0) {
			update_busy(sock);
		}
	}
}

static int
unix_group_poll(struct spdk_sock_group_impl *group)
{
	struct epoll_event events[EVENTS_MAX];
	int i, n;

	poll_busy(group_of(group));
	n = epoll_wait(group_of(group)->epoll, events, EVENTS_MAX, 0);
	if (n < 0) {
		return errno == EINTR ? 0 : -1;
	}
	for (i = 0; i < n; i++) {
		group->ready[i] = events[i].data.ptr;
		group->ready[i]->ready_idx = i + 1;
	}
	group->num_ready = n;
	return n;
}

static int
unix_group_get_fd(struct spdk_sock_group_impl *group)
{
	return group_of(group)->epoll;
}

/* ---- 5. Table ---- */

static struct spdk_sock_impl_opts g_unix_opts;

static struct spdk_net_impl g_unix_impl = {
	.name = "unix",
	.priority = 0, /* only for who asks for it by name */
	.opts = &g_unix_opts,
	.getaddr = unix_getaddr,
	.connect = unix_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.close = unix_close,
	.readv = unix_readv,
	.writev = unix_writev,
	.writev_async = unix_writev_async,
	.flush = unix_flush,
	.is_ipv4 = unix_is_ipv4,
	.is_connected = unix_is_connected,
	.get_fd = unix_get_fd,
	.group_create = unix_group_create,
	.group_add_sock = unix_group_add_sock,
	.group_remove_sock = unix_group_remove_sock,
	.group_poll = unix_group_poll,
	.group_get_fd = unix_group_get_fd,
	.group_close = unix_group_close,
};

/** A symbol by which a linker finds this file in an archive. */
extern const char sock_unix_name[];
const char sock_unix_name[] = "unix";

SPDK_NET_IMPL_REGISTER(sock_unix, &g_unix_impl)
