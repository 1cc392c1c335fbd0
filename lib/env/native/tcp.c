/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * TCP descriptors: connect, listen, accept, and the options of each. No state; any thread. A
 * connect is always begun without blocking; who wants to wait does so in env_tcp_connect_result().
 */

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "spdk/log.h"
#include "spdk_internal/env_tcp.h"

#define LISTEN_BACKLOG 512
/* Connections that died in the backlog which one accept passes over. */
#define ACCEPT_TRIES 16

int
env_tcp_set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0 ? 0 : -errno;
}

int
env_tcp_get_int(int fd, int level, int option, int *value)
{
	socklen_t len = sizeof(*value);

	return getsockopt(fd, level, option, value, &len) == 0 ? 0 : -errno;
}

/* An option that makes the connection better but not possible: a failure is no error. */
static void
fd_wish(int fd, int level, int option, int value)
{
	int rc = env_tcp_set_int(fd, level, option, value);

	if (rc != 0) {
		SPDK_DEBUGLOG(env, "setsockopt(%d, %d) failed, errno %d\n", level, option, -rc);
	}
}

const char *
env_tcp_advice(int err, bool listening)
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

void
env_tcp_setup(int fd, int family, const struct env_tcp_opts *opts)
{
	fd_wish(fd, SOL_SOCKET, SO_RCVBUF, opts->recv_buf_size);
	fd_wish(fd, SOL_SOCKET, SO_SNDBUF, opts->send_buf_size);
	fd_wish(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (opts->quickack) {
		fd_wish(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
	}
	if (opts->priority != 0) {
		fd_wish(fd, SOL_SOCKET, SO_PRIORITY, opts->priority);
	}
	if (opts->ack_timeout_ms != 0) {
		fd_wish(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, opts->ack_timeout_ms);
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
fd_open(int family, const struct env_tcp_opts *opts)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd < 0) {
		return -errno;
	}
	/* A port of before in TIME_WAIT is no obstacle: a restart, a reconnect from src_port. */
	fd_wish(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	env_tcp_setup(fd, family, opts);
	return fd;
}

int
env_tcp_connect(const char *ip, int port, const struct env_tcp_opts *opts, int *family)
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

int
env_tcp_connect_result(int fd, int timeout_ms)
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

int
env_tcp_listen(const char *ip, int port, const struct env_tcp_opts *opts, int *family)
{
	struct addrinfo *ai;
	int fd, rc = addr_parse(ip, port, &ai);

	if (rc != 0) {
		return rc;
	}
	*family = ai->ai_family;
	freeaddrinfo(ai);
	fd = fd_open(*family, opts);
	if (fd < 0) {
		return fd;
	}
	rc = fd_bind(fd, *family, ip, port);
	if (rc == 0 && listen(fd, LISTEN_BACKLOG) != 0) {
		rc = -errno;
	}
	if (rc != 0) {
		close(fd);
		return rc;
	}
	return fd;
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

int
env_tcp_accept(int listener)
{
	int fd = -1, tries;

	errno = EINTR;
	for (tries = 0; fd < 0 && is_peers_error(errno) && tries < ACCEPT_TRIES; tries++) {
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	}
	if (fd < 0) {
		return is_peers_error(errno) ? -EAGAIN : -errno;
	}
	return fd;
}

int
env_tcp_set_blocking(int fd, bool blocking)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0) {
		return -errno;
	}
	flags = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) == 0 ? 0 : -errno;
}

bool
env_tcp_is_up(int fd)
{
	uint8_t byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

void
env_tcp_abort(int fd)
{
	struct sockaddr sa = { .sa_family = AF_UNSPEC };

	if (connect(fd, &sa, sizeof(sa)) != 0) {
		SPDK_DEBUGLOG(env, "aborting a connection failed, errno %d\n", errno);
	}
}

void
env_tcp_close(int fd)
{
	close(fd);
}
