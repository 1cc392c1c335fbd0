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
sock_alloc(struct spdk_net_impl *impl, size_t size_bytes, int fd, const struct spdk_sock_opts *opts)
{
	struct tcp_sock *sock = calloc(1, size_bytes);

	if (sock == NULL) {
		env_tcp_close(fd);
		errno = ENOMEM;
		return NULL;
	}
	basalt_sock_init(&sock->base, impl, opts);
	sock->fd = fd;
	sock->placement_id = -1;
	return sock;
}

void
sock_tcp_free(struct tcp_sock *sock)
{
	assert(sock->base.group == NULL && TAILQ_EMPTY(&sock->base.queued) &&
	       TAILQ_EMPTY(&sock->base.sent) && TAILQ_EMPTY(&sock->base.done));
	env_tcp_close(sock->fd);
	free(sock->interface_name);
	free(sock);
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

struct tcp_sock *
sock_tcp_connect(struct spdk_net_impl *impl, size_t size_bytes, const char *ip, int port,
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
	sock = sock_alloc(impl, size_bytes, fd, opts);
	if (sock != NULL) {
		sock->family = family;
		sock->state = SOCK_TCP_CONNECTING;
		sock->zcopy = opts->zcopy && opts->impl_opts->enable_zerocopy_send_client;
		sock->deadline_ticks = deadline_in_ms(opts->connect_timeout);
	}
	return sock;
}

void
sock_tcp_connect_notify(struct tcp_sock *sock, spdk_sock_connect_cb_fn cb_fn, void *cb_arg)
{
	sock->connect_cb = cb_fn;
	sock->connect_arg = cb_arg;
}

int
sock_tcp_connect_wait(struct tcp_sock *sock, const char *ip, int port)
{
	int rc, left_ms;

	do {
		left_ms = deadline_left_ms(sock->deadline_ticks);
		rc = env_tcp_connect_result(sock->fd, left_ms);
	} while (rc == -EAGAIN && left_ms != 0);
	if (rc == 0) {
		sock->state = SOCK_TCP_CONNECTED;
		return 0;
	}
	rc = rc == -EAGAIN ? -ETIMEDOUT : rc;
	connect_log(ip, port, rc);
	return rc;
}

int
sock_tcp_connect_look(struct tcp_sock *sock)
{
	int rc;

	assert(sock->state == SOCK_TCP_CONNECTING);
	rc = env_tcp_connect_result(sock->fd, 0);
	if (rc == -EAGAIN) {
		if (sock->deadline_ticks == 0 || spdk_get_ticks() < sock->deadline_ticks) {
			return rc;
		}
		rc = -ETIMEDOUT;
	}
	sock->state = rc == 0 ? SOCK_TCP_CONNECTED : SOCK_TCP_FAILED;
	sock->err = rc;
	if (rc != 0) {
		basalt_sock_fail_queued(&sock->base, rc);
	}
	return rc;
}

bool
sock_tcp_connect_tell(struct tcp_sock *sock, int status)
{
	if (sock->connect_cb == NULL) {
		return true;
	}
	sock_callback_begin(&sock->base);
	sock->connect_cb(sock->connect_arg, status);
	return basalt_sock_callback_end(&sock->base);
}

struct tcp_sock *
sock_tcp_listen(struct spdk_net_impl *impl, size_t size_bytes, const char *ip, int port,
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
	sock = sock_alloc(impl, size_bytes, fd, opts);
	if (sock != NULL) {
		sock->family = family;
		sock->state = SOCK_TCP_LISTENING;
	}
	return sock;
}

struct tcp_sock *
sock_tcp_accept(struct tcp_sock *listener, size_t size_bytes)
{
	const struct spdk_sock_opts *opts = &listener->base.opts;
	struct env_tcp_opts how = fd_opts(opts);
	struct tcp_sock *sock;
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
	sock = sock_alloc(listener->base.net_impl, size_bytes, fd, opts);
	if (sock != NULL) {
		sock->family = listener->family;
		sock->state = SOCK_TCP_CONNECTED;
		sock->zcopy = opts->zcopy && opts->impl_opts->enable_zerocopy_send_server;
	}
	return sock;
}

/* ---- Questions ---- */

static struct tcp_sock *
tcp_of(struct spdk_sock *sock)
{
	return SPDK_CONTAINEROF(sock, struct tcp_sock, base);
}

int
sock_tcp_getaddr(struct spdk_sock *sock, char *saddr, int slen, uint16_t *sport, char *caddr,
                 int clen, uint16_t *cport)
{
	return spdk_net_getaddr(tcp_of(sock)->fd, saddr, slen, sport, caddr, clen, cport);
}

const char *
sock_tcp_get_interface_name(struct spdk_sock *_sock)
{
	struct tcp_sock *sock = tcp_of(_sock);
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
	int rc = value < 0 ? -EINVAL : env_tcp_set_int(tcp_of(sock)->fd, SOL_SOCKET, option, value);

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
	return set_int(sock, SO_RCVBUF, sz);
}

int
sock_tcp_set_sendbuf(struct spdk_sock *sock, int sz)
{
	return set_int(sock, SO_SNDBUF, sz);
}

bool
sock_tcp_is_ipv6(struct spdk_sock *sock)
{
	return tcp_of(sock)->family == AF_INET6;
}

bool
sock_tcp_is_ipv4(struct spdk_sock *sock)
{
	return tcp_of(sock)->family == AF_INET;
}

int
sock_tcp_get_fd(struct spdk_sock *sock)
{
	return tcp_of(sock)->fd;
}
