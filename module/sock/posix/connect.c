/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * How posix sockets come and go, on the thread that uses them: lib/sock's, and a pipe for what is
 * received ahead.
 */

#include "spdk/assert.h"
#include "spdk_internal/env_tcp.h"
#include "posix.h"

static void
sock_free(struct posix_sock *sock)
{
	free(sock->pipe);
	sock_tcp_free(&sock->tcp);
}

/* NULL, with errno kept, when there is none; freed, ENOMEM, when it gets no pipe. */
static struct posix_sock *
sock_complete(struct tcp_sock *tcp)
{
	struct posix_sock *sock;

	if (tcp == NULL) {
		return NULL;
	}
	sock = posix_of(&tcp->base);
	if (tcp->state != SOCK_TCP_LISTENING && tcp->base.impl_opts.enable_recv_pipe) {
		sock->pipe = malloc(POSIX_PIPE_BYTES);
		if (sock->pipe == NULL) {
			sock_free(sock);
			errno = ENOMEM;
			return NULL;
		}
	}
	if (tcp->zcopy && tcp->state != SOCK_TCP_LISTENING &&
	    env_tcp_set_int(tcp->fd, SOL_SOCKET, SO_ZEROCOPY, 1) != 0) {
		tcp->zcopy = false;
	}
	return sock;
}

int
posix_close(struct spdk_sock *_sock)
{
	sock_free(posix_of(_sock));
	return 0;
}

struct spdk_sock *
posix_connect(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	struct posix_sock *sock =
	        sock_complete(sock_tcp_connect(&g_posix_net_impl, sizeof(*sock), ip, port, opts));
	int rc;

	if (sock == NULL) {
		return NULL;
	}
	rc = sock_tcp_connect_wait(&sock->tcp, ip, port);
	if (rc != 0) {
		sock_free(sock);
		errno = -rc;
		return NULL;
	}
	return &sock->tcp.base;
}

struct spdk_sock *
posix_connect_async(const char *ip, int port, const struct spdk_sock_opts *opts,
                    spdk_sock_connect_cb_fn cb_fn, void *cb_arg)
{
	struct posix_sock *sock =
	        sock_complete(sock_tcp_connect(&g_posix_net_impl, sizeof(*sock), ip, port, opts));

	if (sock == NULL) {
		return NULL;
	}
	sock_tcp_connect_notify(&sock->tcp, cb_fn, cb_arg);
	return &sock->tcp.base;
}

bool
posix_connect_progress(struct posix_sock *sock)
{
	int rc = sock_tcp_connect_look(&sock->tcp);

	if (rc == -EAGAIN) {
		return true;
	}
	if (sock->tcp.base.group != NULL) {
		posix_unlist(sock);
		posix_group_rearm(sock);
		posix_flush_later(sock);
	}
	return sock_tcp_connect_tell(&sock->tcp, rc);
}

struct spdk_sock *
posix_listen(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	struct tcp_sock *sock =
	        sock_tcp_listen(&g_posix_net_impl, sizeof(struct posix_sock), ip, port, opts);

	return sock != NULL ? &sock->base : NULL;
}

struct spdk_sock *
posix_accept(struct spdk_sock *_sock)
{
	struct posix_sock *sock =
	        sock_complete(sock_tcp_accept(&posix_of(_sock)->tcp, sizeof(struct posix_sock)));

	return sock != NULL ? &sock->tcp.base : NULL;
}

int
posix_set_recvbuf(struct spdk_sock *_sock, int sz)
{
	struct posix_sock *sock = posix_of(_sock);

	if (sz != 0) {
		return sock_tcp_set_recvbuf(_sock, sz);
	}
	sock->no_pipe = true; /* what is in it is read first */
	return 0;
}

bool
posix_is_connected(struct spdk_sock *_sock)
{
	struct posix_sock *sock = posix_of(_sock);

	if (sock->tcp.state == SOCK_TCP_CONNECTING && !posix_connect_progress(sock)) {
		return false;
	}
	return sock->tcp.state == SOCK_TCP_CONNECTED && env_tcp_is_up(sock->tcp.fd);
}
