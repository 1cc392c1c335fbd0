/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * TCP sockets of the kernel: the table of the implementation, its options, and what its sockets
 * have beyond those of lib/sock: a pipe for what is received ahead. io.c has reading and writing,
 * zcopy.c sends without a copy, group.c polling.
 */

#include "spdk_internal/env_tcp.h"
#include "spdk_internal/system_state.h"
#include "posix.h"

static struct spdk_sock_impl_opts g_opts SYSTEM_STATE = SOCK_TCP_OPTS_DEFAULT;

extern struct spdk_net_impl g_posix_net_impl;

static int
posix_init(struct tcp_sock *tcp)
{
	struct posix_sock *sock = posix_of(&tcp->base);

	if (tcp->state == SOCK_TCP_LISTENING) {
		return 0;
	}
	if (!tcp->no_ahead) {
		sock->pipe = malloc(POSIX_PIPE_BYTES);
		if (sock->pipe == NULL) {
			return -ENOMEM;
		}
	}
	if (tcp->zcopy && env_tcp_set_int(tcp->fd, SOL_SOCKET, SO_ZEROCOPY, 1) != 0) {
		tcp->zcopy = false;
	}
	return 0;
}

static void
posix_fini(struct tcp_sock *tcp)
{
	free(posix_of(&tcp->base)->pipe);
}

static void
posix_settled(struct tcp_sock *tcp)
{
	posix_group_rearm(posix_of(&tcp->base));
}

static const struct sock_tcp_ops g_ops = {
	.impl = &g_posix_net_impl,
	.size_bytes = sizeof(struct posix_sock),
	.init = posix_init,
	.fini = posix_fini,
	.settled = posix_settled,
};

static struct spdk_sock *
posix_connect(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	return sock_tcp_connect(&g_ops, ip, port, opts);
}

static struct spdk_sock *
posix_connect_async(const char *ip, int port, const struct spdk_sock_opts *opts,
                    spdk_sock_connect_cb_fn cb_fn, void *cb_arg)
{
	return sock_tcp_connect_async(&g_ops, ip, port, opts, cb_fn, cb_arg);
}

static struct spdk_sock *
posix_listen(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	return sock_tcp_listen(&g_ops, ip, port, opts);
}

struct spdk_net_impl g_posix_net_impl SYSTEM_STATE = {
	.name = "posix",
	.priority = 1,
	.opts = &g_opts,
	SOCK_TCP_TABLE,
	.connect = posix_connect,
	.connect_async = posix_connect_async,
	.listen = posix_listen,
	.accept = sock_tcp_accept,
	.let_go = posix_let_go,
	.readv = posix_readv,
	.writev = posix_writev,
	.writev_async = posix_writev_async,
	.flush = posix_flush,
	.set_recvlowat = sock_tcp_set_recvlowat,
	.is_connected = sock_tcp_is_connected,
	.group_create = posix_group_create,
	.group_add_sock = posix_group_add_sock,
	.group_remove_sock = posix_group_remove_sock,
	.group_poll = posix_group_poll,
	.group_get_fd = posix_group_get_fd,
	.group_watch = posix_group_watch,
	.group_close = posix_group_close,
	.want_input = posix_want_input,
};
