/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * How posix sockets come and go: connect, listen, accept, close. On the thread that uses the
 * socket.
 *
 * A connect is always begun without blocking. The synchronous one then waits in poll(2); the
 * asynchronous one is looked at by whatever call touches the socket, and by the group's poll when
 * its descriptor turns writable or its deadline passes.
 */

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "spdk/assert.h"
#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "posix.h"

#define LISTEN_BACKLOG 512
/* Connections that died in the backlog which one accept passes over. */
#define ACCEPT_TRIES 16

static struct posix_sock *
sock_alloc(int fd, int family, enum posix_state state, const struct spdk_sock_opts *opts)
{
	struct posix_sock *sock = calloc(1, sizeof(*sock));

	if (sock == NULL) {
		return NULL;
	}
	if (state != POSIX_LISTENING && opts->impl_opts->enable_recv_pipe) {
		sock->pipe = malloc(POSIX_PIPE_BYTES);
		if (sock->pipe == NULL) {
			free(sock);
			return NULL;
		}
	}
	sock_init(&sock->base, &g_posix_net_impl, opts);
	sock->fd = fd;
	sock->family = family;
	sock->state = state;
	sock->placement_id = -1;
	return sock;
}

static void
sock_free(struct posix_sock *sock)
{
	close(sock->fd);
	free(sock->interface_name);
	free(sock->pipe);
	free(sock);
}

int
posix_close(struct spdk_sock *_sock)
{
	assert(_sock->group == NULL && TAILQ_EMPTY(&_sock->queued) && TAILQ_EMPTY(&_sock->done));
	sock_free(SPDK_CONTAINEROF(_sock, struct posix_sock, base));
	return 0;
}

/* An option that makes the connection better but not possible: a failure is no error. */
static void
fd_wish(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)) != 0) {
		SPDK_DEBUGLOG(sock_posix, "setsockopt(%d, %d) failed, errno %d\n", level, option,
		              errno);
	}
}

/* What to do about an errno, for the end of a line in the log. */
static const char *
advice(int err, bool listening)
{
	switch (err) {
	case EINVAL:
		return "; it must be a numeric IPv4 or IPv6 address (no name is looked up), a "
		       "link-local one with its interface, as fe80::1%eth0";
	case EADDRINUSE:
		return "; something else has this port (ss -tlnp shows what): choose another one";
	case EADDRNOTAVAIL:
		return listening ? "; no interface of this machine has this address (see ip addr)"
		                 : "; no such source address, or no local port is free";
	case EACCES:
		return listening ? "; ports below 1024 need root or CAP_NET_BIND_SERVICE" : "";
	case ECONNREFUSED:
		return "; nobody listens there";
	case EMFILE:
		return "; raise the limit of open files (ulimit -n)";
	default:
		return "";
	}
}

static void
fd_set_options(int fd, int family, const struct spdk_sock_opts *opts)
{
	fd_wish(fd, SOL_SOCKET, SO_RCVBUF, opts->impl_opts->recv_buf_size);
	fd_wish(fd, SOL_SOCKET, SO_SNDBUF, opts->impl_opts->send_buf_size);
	fd_wish(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (opts->impl_opts->enable_quickack) {
		fd_wish(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
	}
	if (opts->priority != 0) {
		fd_wish(fd, SOL_SOCKET, SO_PRIORITY, opts->priority);
	}
	if (opts->ack_timeout != 0) {
		fd_wish(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, opts->ack_timeout);
	}
	if (family == AF_INET6) {
		fd_wish(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	}
}

/* A numeric address, IPv6 also in brackets. 0 or a negative errno; free with freeaddrinfo(). */
static int
addr_parse(const char *ip, int port, struct addrinfo **ai)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
		                  .ai_socktype = SOCK_STREAM,
		                  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	char host[NI_MAXHOST], service[8];
	size_t len = strlen(ip);

	if (len >= 2 && ip[0] == '[' && ip[len - 1] == ']') {
		ip++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(host)) {
		return -EINVAL;
	}
	memcpy(host, ip, len);
	host[len] = '\0';
	snprintf(service, sizeof(service), "%d", port);
	return getaddrinfo(host, service, &hints, ai) == 0 ? 0 : -EINVAL;
}

static int
fd_bind(int fd, int family, const char *ip, int port)
{
	struct addrinfo *ai;
	int rc = addr_parse(ip, port, &ai);

	if (rc != 0) {
		return rc;
	}
	if (ai->ai_family != family) {
		rc = -EAFNOSUPPORT;
	} else if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0) {
		rc = -errno;
	}
	freeaddrinfo(ai);
	return rc;
}

/* A descriptor with its options set. */
static int
fd_open(int family, const struct spdk_sock_opts *opts)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd < 0) {
		return -errno;
	}
	/* A port of before in TIME_WAIT is no obstacle: a restart, a reconnect from src_port. */
	fd_wish(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	fd_set_options(fd, family, opts);
	return fd;
}

/* Begin to connect: a descriptor, or a negative errno. */
static int
fd_connect(const char *ip, int port, const struct spdk_sock_opts *opts, int *family)
{
	struct addrinfo *ai;
	int fd, rc = addr_parse(ip, port, &ai);

	if (rc != 0) {
		return rc;
	}
	*family = ai->ai_family;
	fd = rc = fd_open(ai->ai_family, opts);
	if (fd < 0) {
		goto out;
	}
	if (opts->src_addr != NULL || opts->src_port != 0) {
		rc = fd_bind(fd, *family,
		             opts->src_addr != NULL ? opts->src_addr
		             : *family == AF_INET6  ? "::"
		                                    : "0.0.0.0",
		             opts->src_port);
	}
	if (rc >= 0 && connect(fd, ai->ai_addr, ai->ai_addrlen) != 0 && errno != EINPROGRESS) {
		rc = -errno;
	}
	if (rc < 0) {
		close(fd);
	}
out:
	freeaddrinfo(ai);
	return rc < 0 ? rc : fd;
}

static void
connect_log(const char *ip, int port, int rc)
{
	SPDK_ERRLOG("connecting to %s port %d failed: %s%s\n", ip, port, spdk_strerror(-rc),
	            advice(-rc, false));
}

static struct posix_sock *
connect_begin(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	struct posix_sock *sock;
	int fd, family = AF_UNSPEC;

	fd = fd_connect(ip, port, opts, &family);
	if (fd < 0) {
		connect_log(ip, port, fd);
		errno = -fd;
		return NULL;
	}
	sock = sock_alloc(fd, family, POSIX_CONNECTING, opts);
	if (sock == NULL) {
		close(fd);
		errno = ENOMEM;
	}
	return sock;
}

/* -EAGAIN while undecided, else 0 or the reason. Waits up to \p timeout_ms, -1: as long as it
 * takes, but not longer than to the next signal. */
static int
connect_look(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int rc, err = 0;

	rc = poll(&pfd, 1, timeout_ms);
	if (rc < 0 && errno != EINTR) {
		return -errno;
	}
	if (rc <= 0) {
		return -EAGAIN;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0) {
		return -errno;
	}
	return -err;
}

/* 0: none. */
static uint64_t
deadline_in_ms(uint32_t timeout_ms)
{
	return timeout_ms == 0
	               ? 0
	               : spdk_get_ticks() + spdk_get_ticks_hz() * timeout_ms / SPDK_SEC_TO_MSEC;
}

/* As poll(2) wants it: -1 without a deadline, 0 when it is over. */
static int
deadline_left_ms(uint64_t deadline_ticks)
{
	uint64_t now = spdk_get_ticks();

	if (deadline_ticks == 0) {
		return -1;
	}
	if (now >= deadline_ticks) {
		return 0;
	}
	return (int)spdk_min((deadline_ticks - now) * SPDK_SEC_TO_MSEC / spdk_get_ticks_hz() + 1,
	                     (uint64_t)INT_MAX);
}

struct spdk_sock *
posix_connect(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	struct posix_sock *sock = connect_begin(ip, port, opts);
	uint64_t deadline = deadline_in_ms(opts->connect_timeout);
	int rc, left_ms;

	if (sock == NULL) {
		return NULL;
	}
	do {
		left_ms = deadline_left_ms(deadline);
		rc = connect_look(sock->fd, left_ms);
	} while (rc == -EAGAIN && left_ms != 0);
	if (rc != 0) {
		rc = rc == -EAGAIN ? -ETIMEDOUT : rc;
		connect_log(ip, port, rc);
		sock_free(sock);
		errno = -rc;
		return NULL;
	}
	sock->state = POSIX_CONNECTED;
	return &sock->base;
}

struct spdk_sock *
posix_connect_async(const char *ip, int port, const struct spdk_sock_opts *opts,
                    spdk_sock_connect_cb_fn cb_fn, void *cb_arg)
{
	struct posix_sock *sock = connect_begin(ip, port, opts);

	if (sock == NULL) {
		return NULL;
	}
	sock->connect_cb = cb_fn;
	sock->connect_arg = cb_arg;
	sock->deadline_ticks = deadline_in_ms(opts->connect_timeout);
	return &sock->base;
}

bool
posix_connect_progress(struct posix_sock *sock)
{
	spdk_sock_connect_cb_fn cb_fn = sock->connect_cb;
	int rc;

	assert(sock->state == POSIX_CONNECTING);
	rc = connect_look(sock->fd, 0);
	if (rc == -EAGAIN) {
		if (sock->deadline_ticks == 0 || spdk_get_ticks() < sock->deadline_ticks) {
			return true;
		}
		rc = -ETIMEDOUT;
	}
	sock->state = rc == 0 ? POSIX_CONNECTED : POSIX_FAILED;
	sock->err = rc;
	if (rc != 0) {
		sock_fail_queued(&sock->base, rc);
	}
	if (sock->base.group != NULL) {
		posix_unlist(sock);
		posix_group_rearm(sock);
		posix_flush_later(sock);
	}
	if (cb_fn == NULL) {
		return true;
	}
	sock_callback_begin(&sock->base);
	cb_fn(sock->connect_arg, rc);
	return sock_callback_end(&sock->base);
}

struct spdk_sock *
posix_listen(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	struct posix_sock *sock = NULL;
	struct addrinfo *ai;
	int fd = -1, rc, family;

	rc = addr_parse(ip, port, &ai);
	if (rc != 0) {
		goto fail;
	}
	family = ai->ai_family;
	freeaddrinfo(ai);
	fd = rc = fd_open(family, opts);
	if (rc < 0) {
		goto fail;
	}
	rc = fd_bind(fd, family, ip, port);
	if (rc == 0 && listen(fd, LISTEN_BACKLOG) != 0) {
		rc = -errno;
	}
	if (rc == 0) {
		sock = sock_alloc(fd, family, POSIX_LISTENING, opts);
		rc = sock == NULL ? -ENOMEM : 0;
	}
	if (rc == 0) {
		return &sock->base;
	}
fail:
	if (fd >= 0) {
		close(fd);
	}
	SPDK_ERRLOG("listening at %s port %d failed: %s%s\n", ip, port, spdk_strerror(-rc),
	            advice(-rc, true));
	errno = -rc;
	return NULL;
}

/* What befell one connection while it waited (accept(2)): the listener is well, the next one may be
 * too. */
static bool
is_peers_error(int err)
{
	switch (err) {
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case ENOPROTOOPT:
	case EPERM:
	case ENETDOWN:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return true;
	default:
		return false;
	}
}

struct spdk_sock *
posix_accept(struct spdk_sock *_sock)
{
	struct posix_sock *listener = SPDK_CONTAINEROF(_sock, struct posix_sock, base);
	struct posix_sock *sock;
	int fd = -1, tries;

	if (listener->state != POSIX_LISTENING) {
		errno = EINVAL;
		return NULL;
	}
	errno = EINTR;
	for (tries = 0; fd < 0 && is_peers_error(errno) && tries < ACCEPT_TRIES; tries++) {
		fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	}
	if (fd < 0) {
		errno = is_peers_error(errno) ? EAGAIN : errno;
		return NULL;
	}
	fd_set_options(fd, listener->family, &_sock->opts);
	sock = sock_alloc(fd, listener->family, POSIX_CONNECTED, &_sock->opts);
	if (sock == NULL) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	return &sock->base;
}
