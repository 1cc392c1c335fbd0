/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * TCP sockets over io_uring: the table of the implementation, its options, and how its sockets come
 * and go. input.c has reading, output.c writing, zcopy.c sends without a copy, group.c polling,
 * ring.c the ring; what it shares with others is in lib/sock.
 *
 * A descriptor blocks once it is connected: the ring gives up at once on one that does not, instead
 * of waiting. All plain calls say MSG_DONTWAIT.
 */

#include "spdk/assert.h"
#include "spdk_internal/env_tcp.h"
#include "spdk_internal/system_state.h"
#include "uring.h"

static struct spdk_sock_impl_opts g_opts SYSTEM_STATE = SOCK_TCP_OPTS_DEFAULT;

extern struct spdk_net_impl g_uring_net_impl;

static int
uring_init(struct tcp_sock *tcp)
{
	struct uring_sock *sock = uring_of(&tcp->base);

	STAILQ_INIT(&sock->input);
	sock->own.id = -1;
	if (tcp->state == SOCK_TCP_LISTENING) {
		return 0;
	}
	if (!tcp->no_ahead) {
		sock->own.data = malloc(URING_OWN_BYTES);
		if (sock->own.data == NULL) {
			return -ENOMEM;
		}
	}
	if (tcp->state == SOCK_TCP_CONNECTED) {
		(void)env_tcp_set_blocking(tcp->fd, true);
	}
	return 0;
}

static void
uring_fini(struct tcp_sock *tcp)
{
	struct uring_sock *sock = uring_of(&tcp->base);

	assert(sock->in_ring == 0);
	uring_input_drop(sock);
	uring_zcopy_close(sock);
	free(sock->own.data);
}

static void
uring_settled(struct tcp_sock *tcp)
{
	if (tcp->state == SOCK_TCP_CONNECTED) {
		(void)env_tcp_set_blocking(tcp->fd, true);
	}
	uring_pending_update(uring_of(&tcp->base));
}

static const struct sock_tcp_ops g_ops = {
	.impl = &g_uring_net_impl,
	.size_bytes = sizeof(struct uring_sock),
	.init = uring_init,
	.fini = uring_fini,
	.settled = uring_settled,
};

static struct spdk_sock *
sock_uring_connect(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	return sock_tcp_connect(&g_ops, ip, port, opts);
}

static struct spdk_sock *
sock_uring_connect_async(const char *ip, int port, const struct spdk_sock_opts *opts,
                         spdk_sock_connect_cb_fn cb_fn, void *cb_arg)
{
	return sock_tcp_connect_async(&g_ops, ip, port, opts, cb_fn, cb_arg);
}

static struct spdk_sock *
sock_uring_listen(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	return sock_tcp_listen(&g_ops, ip, port, opts);
}

static struct spdk_sock *
sock_uring_accept(struct spdk_sock *_sock)
{
	struct uring_sock *listener = uring_of(_sock);
	struct spdk_sock *sock = sock_tcp_accept(_sock);
	int err = errno;

	if (_sock->group != NULL) {
		listener->poll_ready = false; /* the ring says anew whether there is one more */
		uring_pending_update(listener);
		sock_tcp_work_later(&listener->tcp);
	}
	errno = err;
	return sock;
}

static int
sock_uring_set_recvlowat(struct spdk_sock *_sock, int nbytes)
{
	struct uring_sock *sock = uring_of(_sock);
	int rc = sock_tcp_set_recvlowat(_sock, nbytes);

	if (rc == 0) {
		sock->lowat = nbytes;
		uring_pending_update(sock);
	}
	return rc;
}

static bool
sock_uring_is_connected(struct spdk_sock *_sock)
{
	return sock_tcp_is_connected(_sock) && !uring_of(_sock)->eof &&
	       uring_of(_sock)->in_err == 0;
}

struct spdk_net_impl g_uring_net_impl SYSTEM_STATE = {
	.name = "uring",
	.priority = 0,
	.opts = &g_opts,
	.probe = sock_uring_probe,
	SOCK_TCP_TABLE,
	.connect = sock_uring_connect,
	.connect_async = sock_uring_connect_async,
	.listen = sock_uring_listen,
	.accept = sock_uring_accept,
	.let_go = sock_uring_let_go,
	.readv = sock_uring_readv,
	.writev = sock_uring_writev,
	.writev_async = sock_uring_writev_async,
	.flush = sock_uring_flush,
	.set_recvlowat = sock_uring_set_recvlowat,
	.is_connected = sock_uring_is_connected,
	.group_create = sock_uring_group_create,
	.group_add_sock = sock_uring_group_add_sock,
	.group_remove_sock = sock_uring_group_remove_sock,
	.group_poll = sock_uring_group_poll,
	.group_get_fd = sock_uring_group_get_fd,
	.group_close = sock_uring_group_close,
	.want_input = sock_uring_want_input,
};
