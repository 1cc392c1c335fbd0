/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * See spdk_internal/sock_tcp.h. A connect is always begun without blocking. The synchronous one
 * then waits; the asynchronous one is looked at by whatever call touches the socket, and by its
 * group when the descriptor turns writable or the deadline passes.
 */

#include "spdk/env.h"
#include "spdk/net.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/env.h"
#include "spdk_internal/env_tcp.h"
#include "spdk_internal/sock_tcp.h"

static struct env_tcp_opts
fd_opts(const struct spdk_sock_opts *opts)
{
	struct env_tcp_opts out = {
		.recv_buf_size = opts->impl_opts->recv_buf_size,
		.send_buf_size = opts->impl_opts->send_buf_size,
		.priority = opts->priority,
		.ack_timeout_ms = opts->ack_timeout,
		.quickack = opts->impl_opts->enable_quickack,
		.src_addr = opts->src_addr,
		.src_port = opts->src_port,
	};

	return out;
}

/* Around \p fd, which is closed on failure. */
static struct tcp_sock *
sock_alloc(const struct sock_tcp_ops *ops, int fd, const struct spdk_sock_opts *opts)
{
	struct tcp_sock *sock = calloc(1, ops->size_bytes);

	if (sock == NULL) {
		env_tcp_close(fd);
		errno = ENOMEM;
		return NULL;
	}
	basalt_sock_init(&sock->base, ops->impl, opts);
	sock->ops = ops;
	sock->fd = fd;
	sock->no_ahead = !sock->base.impl_opts.enable_recv_pipe;
	sock->placement_id = -1;
	return sock;
}

static void
sock_free(struct tcp_sock *sock)
{
	assert(sock->base.group == NULL && TAILQ_EMPTY(&sock->base.queued) &&
	       TAILQ_EMPTY(&sock->base.sent) && TAILQ_EMPTY(&sock->base.done));
	sock->ops->fini(sock);
	env_tcp_close(sock->fd);
	free(sock->interface_name);
	free(sock);
}

int
sock_tcp_close(struct spdk_sock *sock)
{
	sock_free(sock_tcp_of(sock));
	return 0;
}

/* Add the implementation's part, in its state; freed, with errno, when that fails. */
static struct tcp_sock *
sock_complete(struct tcp_sock *sock, enum sock_tcp_state state, int family)
{
	int rc;

	sock->state = state;
	sock->family = family;
	rc = sock->ops->init(sock);
	if (rc == 0) {
		return sock;
	}
	sock_free(sock);
	errno = -rc;
	return NULL;
}

static void
connect_log(const char *ip, int port, int rc)
{
	SPDK_ERRLOG("connecting to %s port %d failed: %s%s\n", ip, port, spdk_strerror(-rc),
	            env_tcp_advice(-rc, false));
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

/* Begin to connect; NULL with errno (logged). */
static struct tcp_sock *
connect_begin(const struct sock_tcp_ops *ops, const char *ip, int port,
              const struct spdk_sock_opts *opts)
{
	struct env_tcp_opts how = fd_opts(opts);
	struct tcp_sock *sock;
	int family = 0, fd = env_tcp_connect(ip, port, &how, &family);

	if (fd < 0) {
		connect_log(ip, port, fd);
		errno = -fd;
		return NULL;
	}
	sock = sock_alloc(ops, fd, opts);
	if (sock == NULL) {
		return NULL;
	}
	sock->zcopy = opts->zcopy && opts->impl_opts->enable_zerocopy_send_client;
	sock->deadline_ticks = deadline_in_ms(opts->connect_timeout);
	return sock_complete(sock, SOCK_TCP_CONNECTING, family);
}

struct spdk_sock *
sock_tcp_connect(const struct sock_tcp_ops *ops, const char *ip, int port,
                 const struct spdk_sock_opts *opts)
{
	struct tcp_sock *sock = connect_begin(ops, ip, port, opts);
	int rc, left_ms;

	if (sock == NULL) {
		return NULL;
	}
	do {
		left_ms = deadline_left_ms(sock->deadline_ticks);
		rc = env_tcp_connect_result(sock->fd, left_ms);
	} while (rc == -EAGAIN && left_ms != 0);
	if (rc == 0) {
		sock->state = SOCK_TCP_CONNECTED;
		ops->settled(sock);
		return &sock->base;
	}
	rc = rc == -EAGAIN ? -ETIMEDOUT : rc;
	connect_log(ip, port, rc);
	sock_free(sock);
	errno = -rc;
	return NULL;
}

struct spdk_sock *
sock_tcp_connect_async(const struct sock_tcp_ops *ops, const char *ip, int port,
                       const struct spdk_sock_opts *opts, spdk_sock_connect_cb_fn cb_fn,
                       void *cb_arg)
{
	struct tcp_sock *sock = connect_begin(ops, ip, port, opts);

	if (sock == NULL) {
		return NULL;
	}
	sock->connect_cb = cb_fn;
	sock->connect_arg = cb_arg;
	return &sock->base;
}

/* The user's call-back. False when the socket is gone. */
static bool
connect_tell(struct tcp_sock *sock, int status)
{
	if (sock->connect_cb == NULL) {
		return true;
	}
	sock_callback_begin(&sock->base);
	sock->connect_cb(sock->connect_arg, status);
	return basalt_sock_callback_end(&sock->base);
}

bool
sock_tcp_connect_progress(struct tcp_sock *sock)
{
	int rc;

	assert(sock->state == SOCK_TCP_CONNECTING);
	rc = env_tcp_connect_result(sock->fd, 0);
	if (rc == -EAGAIN) {
		if (sock->deadline_ticks == 0 || spdk_get_ticks() < sock->deadline_ticks) {
			return true;
		}
		rc = -ETIMEDOUT;
	}
	sock->state = rc == 0 ? SOCK_TCP_CONNECTED : SOCK_TCP_FAILED;
	sock->err = rc;
	if (rc != 0) {
		basalt_sock_fail_queued(&sock->base, rc);
	}
	sock_tcp_connecting_end(sock);
	sock->ops->settled(sock);
	sock_tcp_work_later(sock);
	return connect_tell(sock, rc);
}

struct spdk_sock *
sock_tcp_listen(const struct sock_tcp_ops *ops, const char *ip, int port,
                const struct spdk_sock_opts *opts)
{
	struct env_tcp_opts how = fd_opts(opts);
	struct tcp_sock *sock;
	int family = 0, fd = env_tcp_listen(ip, port, &how, &family);

	if (fd < 0) {
		SPDK_ERRLOG("listening at %s port %d failed: %s%s\n", ip, port, spdk_strerror(-fd),
		            env_tcp_advice(-fd, true));
		errno = -fd;
		return NULL;
	}
	sock = sock_alloc(ops, fd, opts);
	if (sock != NULL) {
		sock = sock_complete(sock, SOCK_TCP_LISTENING, family);
	}
	return sock != NULL ? &sock->base : NULL;
}

struct spdk_sock *
sock_tcp_accept(struct spdk_sock *_listener)
{
	struct tcp_sock *listener = sock_tcp_of(_listener), *sock;
	const struct spdk_sock_opts *opts = &_listener->opts;
	struct env_tcp_opts how = fd_opts(opts);
	int fd;

	if (listener->state != SOCK_TCP_LISTENING) {
		errno = EINVAL;
		return NULL;
	}
	fd = env_tcp_accept(listener->fd);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	env_tcp_setup(fd, listener->family, &how);
	sock = sock_alloc(listener->ops, fd, opts);
	if (sock == NULL) {
		return NULL;
	}
	sock->zcopy = opts->zcopy && opts->impl_opts->enable_zerocopy_send_server;
	sock = sock_complete(sock, SOCK_TCP_CONNECTED, listener->family);
	return sock != NULL ? &sock->base : NULL;
}

/* ---- Questions ---- */

int
sock_tcp_getaddr(struct spdk_sock *sock, char *saddr, int slen, uint16_t *sport, char *caddr,
                 int clen, uint16_t *cport)
{
	return spdk_net_getaddr(sock_tcp_of(sock)->fd, saddr, slen, sport, caddr, clen, cport);
}

const char *
sock_tcp_get_interface_name(struct spdk_sock *_sock)
{
	struct tcp_sock *sock = sock_tcp_of(_sock);
	char ip[64], name[64];

	if (sock->interface_name == NULL &&
	    spdk_net_getaddr(sock->fd, ip, sizeof(ip), NULL, NULL, 0, NULL) == 0 &&
	    spdk_net_get_interface_name(ip, name, sizeof(name)) == 0) {
		sock->interface_name = strdup(name);
	}
	return sock->interface_name;
}

int32_t
sock_tcp_get_numa_id(struct spdk_sock *sock)
{
	const char *name = sock_tcp_get_interface_name(sock);
	int32_t id = SPDK_ENV_NUMA_ID_ANY;
	char path[128];
	size_t len;
	void *text;

	if (name == NULL) {
		return id;
	}
	snprintf(path, sizeof(path), "/sys/class/net/%s/device/numa_node", name);
	if (env_file_load(path, 64, &text, &len) == 0) {
		id = strtol(text, NULL, 10);
		free(text);
	}
	return id;
}

static int
set_int(struct spdk_sock *sock, int option, int value)
{
	int rc = value < 0 ? -EINVAL
	                   : env_tcp_set_int(sock_tcp_of(sock)->fd, SOL_SOCKET, option, value);

	errno = -rc;
	return rc == 0 ? 0 : -1;
}

int
sock_tcp_set_recvlowat(struct spdk_sock *sock, int nbytes)
{
	return set_int(sock, SO_RCVLOWAT, nbytes);
}

int
sock_tcp_set_recvbuf(struct spdk_sock *sock, int sz)
{
	if (sz != 0) {
		return set_int(sock, SO_RCVBUF, sz);
	}
	sock_tcp_of(sock)->no_ahead = true; /* what came ahead is read first */
	sock_tcp_work_later(sock_tcp_of(sock));
	return 0;
}

int
sock_tcp_set_sendbuf(struct spdk_sock *sock, int sz)
{
	return set_int(sock, SO_SNDBUF, sz);
}

bool
sock_tcp_is_ipv6(struct spdk_sock *sock)
{
	return sock_tcp_of(sock)->family == AF_INET6;
}

bool
sock_tcp_is_ipv4(struct spdk_sock *sock)
{
	return sock_tcp_of(sock)->family == AF_INET;
}

bool
sock_tcp_is_connected(struct spdk_sock *_sock)
{
	struct tcp_sock *sock = sock_tcp_of(_sock);

	return !sock_tcp_is_gone(sock) && sock->state == SOCK_TCP_CONNECTED &&
	       env_tcp_is_up(sock->fd);
}

int
sock_tcp_get_fd(struct spdk_sock *sock)
{
	return sock_tcp_of(sock)->fd;
}
