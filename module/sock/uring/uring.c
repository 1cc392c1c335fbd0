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

#define BUF_BYTES_DEFAULT (2 * 1024 * 1024)

static struct spdk_sock_impl_opts g_opts SYSTEM_STATE = {
	.recv_buf_size = BUF_BYTES_DEFAULT,
	.send_buf_size = BUF_BYTES_DEFAULT,
	.enable_recv_pipe = true,
};

static void
sock_free(struct uring_sock *sock)
{
	uring_input_drop(sock);
	uring_zcopy_close(sock);
	free(sock->own.data);
	sock_tcp_free(&sock->tcp);
}

/* NULL, with errno kept, when there is none; freed, ENOMEM, when it gets no buffer. */
static struct uring_sock *
sock_complete(struct tcp_sock *tcp)
{
	struct uring_sock *sock;

	if (tcp == NULL) {
		return NULL;
	}
	sock = uring_of(&tcp->base);
	STAILQ_INIT(&sock->input);
	sock->own.id = -1;
	sock->no_ahead = !tcp->base.impl_opts.enable_recv_pipe;
	if (tcp->state == SOCK_TCP_LISTENING) {
		return sock;
	}
	if (!sock->no_ahead) {
		sock->own.data = malloc(URING_OWN_BYTES);
		if (sock->own.data == NULL) {
			sock_free(sock);
			errno = ENOMEM;
			return NULL;
		}
	}
	if (tcp->state == SOCK_TCP_CONNECTED) {
		(void)env_tcp_set_blocking(tcp->fd, true);
	}
	return sock;
}

static struct spdk_sock *
sock_uring_connect(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	struct uring_sock *sock =
	        sock_complete(sock_tcp_connect(&g_uring_net_impl, sizeof(*sock), ip, port, opts));
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
	(void)env_tcp_set_blocking(sock->tcp.fd, true);
	return &sock->tcp.base;
}

static struct spdk_sock *
sock_uring_connect_async(const char *ip, int port, const struct spdk_sock_opts *opts,
                         spdk_sock_connect_cb_fn cb_fn, void *cb_arg)
{
	struct uring_sock *sock =
	        sock_complete(sock_tcp_connect(&g_uring_net_impl, sizeof(*sock), ip, port, opts));

	if (sock == NULL) {
		return NULL;
	}
	sock_tcp_connect_notify(&sock->tcp, cb_fn, cb_arg);
	return &sock->tcp.base;
}

bool
uring_connect_progress(struct uring_sock *sock)
{
	int rc = sock_tcp_connect_look(&sock->tcp);

	if (rc == -EAGAIN) {
		return true;
	}
	if (rc == 0) {
		(void)env_tcp_set_blocking(sock->tcp.fd, true);
	}
	if (sock->tcp.base.group != NULL) {
		uring_unlist(sock);
		uring_pending_update(sock);
		uring_work_later(sock);
	}
	return sock_tcp_connect_tell(&sock->tcp, rc);
}

static struct spdk_sock *
sock_uring_listen(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	struct uring_sock *sock =
	        sock_complete(sock_tcp_listen(&g_uring_net_impl, sizeof(*sock), ip, port, opts));

	return sock != NULL ? &sock->tcp.base : NULL;
}

static struct spdk_sock *
sock_uring_accept(struct spdk_sock *_sock)
{
	struct uring_sock *listener = uring_of(_sock);
	struct uring_sock *sock =
	        sock_complete(sock_tcp_accept(&listener->tcp, sizeof(struct uring_sock)));
	int err = errno;

	if (_sock->group != NULL) {
		listener->poll_ready = false; /* the ring says anew whether there is one more */
		uring_pending_update(listener);
		uring_work_later(listener);
	}
	errno = err;
	return sock != NULL ? &sock->tcp.base : NULL;
}

static int
sock_uring_close(struct spdk_sock *_sock)
{
	struct uring_sock *sock = uring_of(_sock);

	assert(sock->in_ring == 0);
	sock_free(sock);
	return 0;
}

static int
sock_uring_set_recvbuf(struct spdk_sock *_sock, int sz)
{
	struct uring_sock *sock = uring_of(_sock);

	if (sz != 0) {
		return sock_tcp_set_recvbuf(_sock, sz);
	}
	sock->no_ahead = true; /* what came ahead is read first */
	uring_work_later(sock);
	return 0;
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
	struct uring_sock *sock = uring_of(_sock);

	if (sock->tcp.state == SOCK_TCP_CONNECTING && !uring_connect_progress(sock)) {
		return false;
	}
	return sock->tcp.state == SOCK_TCP_CONNECTED && !sock->eof && sock->in_err == 0 &&
	       env_tcp_is_up(sock->tcp.fd);
}

struct spdk_net_impl g_uring_net_impl SYSTEM_STATE = {
	.name = "uring",
	.priority = 0,
	.opts = &g_opts,
	.probe = sock_uring_probe,
	.getaddr = sock_tcp_getaddr,
	.get_interface_name = sock_tcp_get_interface_name,
	.get_numa_id = sock_tcp_get_numa_id,
	.connect = sock_uring_connect,
	.connect_async = sock_uring_connect_async,
	.listen = sock_uring_listen,
	.accept = sock_uring_accept,
	.close = sock_uring_close,
	.let_go = sock_uring_let_go,
	.readv = sock_uring_readv,
	.writev = sock_uring_writev,
	.writev_async = sock_uring_writev_async,
	.flush = sock_uring_flush,
	.set_recvlowat = sock_uring_set_recvlowat,
	.set_recvbuf = sock_uring_set_recvbuf,
	.set_sendbuf = sock_tcp_set_sendbuf,
	.is_ipv6 = sock_tcp_is_ipv6,
	.is_ipv4 = sock_tcp_is_ipv4,
	.is_connected = sock_uring_is_connected,
	.get_fd = sock_tcp_get_fd,
	.group_create = sock_uring_group_create,
	.group_get_optimal = sock_tcp_get_optimal,
	.group_add_sock = sock_uring_group_add_sock,
	.group_remove_sock = sock_uring_group_remove_sock,
	.group_poll = sock_uring_group_poll,
	.group_get_fd = sock_uring_group_get_fd,
	.group_close = sock_uring_group_close,
	.want_input = sock_uring_want_input,
};
