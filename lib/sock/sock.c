/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Sockets as the user sees them: options made whole, arguments checked, the rest is the
 * implementation's. A socket lives from connect, listen or accept to close, or, when it is closed
 * inside a call-back of its own, to the end of that.
 */

#include "spdk/assert.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk_internal/env_tcp.h"
#include "sock_internal.h"

SPDK_STATIC_ASSERT(sizeof(struct spdk_sock_opts) == 56, "spdk_sock_opts is 56 bytes");

static const struct spdk_sock_opts g_default_opts = {
	.opts_size = sizeof(struct spdk_sock_opts),
	.zcopy = true,
};

void
spdk_sock_get_default_opts(struct spdk_sock_opts *opts)
{
	size_t size = opts->opts_size;

	if (size < SPDK_SIZEOF(opts, opts_size)) {
		SPDK_ERRLOG("opts_size of socket options is %zu: set it first\n", size);
		return;
	}
	memcpy(opts, &g_default_opts, spdk_min(size, sizeof(*opts)));
	opts->opts_size = size;
}

/* Whole options from those that the user gave, whose struct may be an older, shorter one. */
static int
opts_complete(const struct spdk_net_impl *impl, const struct spdk_sock_opts *given,
              struct spdk_sock_opts *opts, struct spdk_sock_impl_opts *impl_opts)
{
	*opts = g_default_opts;
	*impl_opts = *impl->opts;
	if (given != NULL) {
		if (given->opts_size == 0) {
			SPDK_ERRLOG("opts_size of socket options is 0\n");
			return -EINVAL;
		}
		memcpy(opts, given, spdk_min(given->opts_size, sizeof(*opts)));
		opts->opts_size = sizeof(*opts);
	}
	if (opts->impl_opts != NULL) {
		memcpy(impl_opts, opts->impl_opts,
		       spdk_min(opts->impl_opts_size, sizeof(*impl_opts)));
	}
	opts->impl_opts = impl_opts;
	opts->impl_opts_size = sizeof(*impl_opts);
	return 0;
}

struct open_opts {
	struct spdk_sock_opts opts;
	struct spdk_sock_impl_opts impl_opts; /* what opts points to */
};

/* The implementation and whole options for a new socket; NULL with errno when they are wrong. */
static struct spdk_net_impl *
open_prepare(const char *ip, int port, const char *impl_name, const struct spdk_sock_opts *given,
             struct open_opts *whole)
{
	struct spdk_net_impl *impl = sock_impl_find(impl_name);

	if (impl == NULL) {
		SPDK_ERRLOG("there is no socket implementation named \"%s\"\n",
		            impl_name != NULL ? impl_name : "");
	}
	if (impl != NULL && sock_impl_probe(impl) != 0) {
		errno = ENOTSUP;
		return NULL;
	}
	if (impl == NULL || ip == NULL || port < 0 || port > UINT16_MAX ||
	    opts_complete(impl, given, &whole->opts, &whole->impl_opts) != 0) {
		errno = EINVAL;
		return NULL;
	}
	return impl;
}

struct spdk_sock *
spdk_sock_connect(const char *ip, int port, const char *impl_name)
{
	return spdk_sock_connect_ext(ip, port, impl_name, NULL);
}

struct spdk_sock *
spdk_sock_connect_ext(const char *ip, int port, const char *impl_name, struct spdk_sock_opts *opts)
{
	struct open_opts whole;
	struct spdk_net_impl *impl = open_prepare(ip, port, impl_name, opts, &whole);

	return impl != NULL ? impl->connect(ip, port, &whole.opts) : NULL;
}

struct spdk_sock *
spdk_sock_connect_async(const char *ip, int port, const char *impl_name,
                        struct spdk_sock_opts *opts, spdk_sock_connect_cb_fn cb_fn, void *cb_arg)
{
	struct open_opts whole;
	struct spdk_net_impl *impl = open_prepare(ip, port, impl_name, opts, &whole);

	return impl != NULL ? impl->connect_async(ip, port, &whole.opts, cb_fn, cb_arg) : NULL;
}

struct spdk_sock *
spdk_sock_listen(const char *ip, int port, const char *impl_name)
{
	return spdk_sock_listen_ext(ip, port, impl_name, NULL);
}

struct spdk_sock *
spdk_sock_listen_ext(const char *ip, int port, const char *impl_name, struct spdk_sock_opts *opts)
{
	struct open_opts whole;
	struct spdk_net_impl *impl = open_prepare(ip, port, impl_name, opts, &whole);

	return impl != NULL ? impl->listen(ip, port, &whole.opts) : NULL;
}

struct spdk_sock *
spdk_sock_accept(struct spdk_sock *sock)
{
	return sock->net_impl->accept(sock);
}

int
spdk_sock_close(struct spdk_sock **_sock)
{
	struct spdk_sock *sock = *_sock;

	if (sock == NULL) {
		errno = EBADF;
		return -1;
	}
	if (sock->group != NULL) {
		errno = EBUSY;
		return -1;
	}
	*_sock = NULL;
	assert(!sock->closed);
	sock->closed = true;
	basalt_sock_fail_queued(sock, -ECANCELED);
	if (spdk_unlikely(!TAILQ_EMPTY(&sock->sent))) {
		sock->net_impl->let_go(sock);
		sock_fail_sent(sock, -ECANCELED);
	}
	/* The outermost call-back of this socket, or else this very call, frees it. */
	if (sock->callbacks == 0) {
		(void)basalt_sock_complete_done(sock);
	}
	return 0;
}

int
spdk_sock_getaddr(struct spdk_sock *sock, char *saddr, int slen, uint16_t *sport, char *caddr,
                  int clen, uint16_t *cport)
{
	return sock->net_impl->getaddr(sock, saddr, slen, sport, caddr, clen, cport);
}

const char *
spdk_sock_get_impl_name(struct spdk_sock *sock)
{
	return sock->net_impl->name;
}

const char *
spdk_sock_get_interface_name(struct spdk_sock *sock)
{
	return sock->net_impl->get_interface_name(sock);
}

int32_t
spdk_sock_get_numa_id(struct spdk_sock *sock)
{
	return sock->net_impl->get_numa_id(sock);
}

int
spdk_sock_flush(struct spdk_sock *sock)
{
	if (spdk_unlikely(sock->closed)) {
		errno = EBADF;
		return -1;
	}
	return sock->net_impl->flush(sock);
}

ssize_t
spdk_sock_recv(struct spdk_sock *sock, void *buf, size_t len)
{
	struct iovec iov = { buf, len };

	return spdk_sock_readv(sock, &iov, 1);
}

ssize_t
spdk_sock_readv(struct spdk_sock *sock, struct iovec *iov, int iovcnt)
{
	if (spdk_unlikely(sock->closed)) {
		errno = EBADF;
		return -1;
	}
	return sock->net_impl->readv(sock, iov, iovcnt);
}

ssize_t
spdk_sock_writev(struct spdk_sock *sock, struct iovec *iov, int iovcnt)
{
	if (spdk_unlikely(sock->closed)) {
		errno = EBADF;
		return -1;
	}
	return sock->net_impl->writev(sock, iov, iovcnt);
}

/* A write with something special: it is recorded, or the socket closed. */
static TRACE_COLD void
writev_async_special(struct spdk_sock *sock, struct spdk_sock_request *req)
{
	trace_record(TRACE_SOCK_REQ_QUEUE, OWNER_ID_NONE, 0, (uintptr_t)req,
	             (uint64_t)(uintptr_t)req->cb_arg);
	if (!sock->closed) {
		sock->net_impl->writev_async(sock, req);
		return;
	}
	/* Inside a call-back that still runs: told with the others when that ends. */
	sock_request_queue(sock, req);
	basalt_sock_fail_queued(sock, -EBADF);
}

void
spdk_sock_writev_async(struct spdk_sock *sock, struct spdk_sock_request *req)
{
	assert(req->cb_fn != NULL && req->iovcnt >= 0);
	if (spdk_unlikely((trace_group_mask(TRACE_GROUP_SOCK) | sock->closed) != 0)) {
		writev_async_special(sock, req);
		return;
	}
	sock->net_impl->writev_async(sock, req);
}

int
spdk_sock_set_recvlowat(struct spdk_sock *sock, int nbytes)
{
	return sock->net_impl->set_recvlowat(sock, nbytes);
}

int
spdk_sock_set_recvbuf(struct spdk_sock *sock, int sz)
{
	return sock->net_impl->set_recvbuf(sock, sz);
}

int
spdk_sock_set_sendbuf(struct spdk_sock *sock, int sz)
{
	return sock->net_impl->set_sendbuf(sock, sz);
}

int
spdk_sock_set_priority(struct spdk_sock *sock, int priority)
{
	int fd = sock->net_impl->get_fd(sock);
	int rc = fd < 0 ? -ENOTSUP : env_tcp_set_int(fd, SOL_SOCKET, SO_PRIORITY, priority);

	errno = -rc;
	return rc == 0 ? 0 : -1;
}

bool
spdk_sock_is_ipv6(struct spdk_sock *sock)
{
	return sock->net_impl->is_ipv6(sock);
}

bool
spdk_sock_is_ipv4(struct spdk_sock *sock)
{
	return sock->net_impl->is_ipv4(sock);
}

bool
spdk_sock_is_connected(struct spdk_sock *sock)
{
	return sock->net_impl->is_connected(sock);
}
