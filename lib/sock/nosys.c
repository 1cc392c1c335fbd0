/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * What an implementation from outside the tree leaves out: functions that say so, so that nobody
 * else has to ask. No state.
 */

#include "spdk/env.h"
#include "sock_internal.h"

static int
nosys_getaddr(struct spdk_sock *sock, char *saddr, int slen, uint16_t *sport, char *caddr, int clen,
              uint16_t *cport)
{
	errno = ENOTSUP;
	return -1;
}

static const char *
nosys_get_interface_name(struct spdk_sock *sock)
{
	return NULL;
}

static int32_t
nosys_get_numa_id(struct spdk_sock *sock)
{
	return SPDK_ENV_NUMA_ID_ANY;
}

static struct spdk_sock *
nosys_open(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	errno = ENOTSUP;
	return NULL;
}

static struct spdk_sock *
nosys_connect_async(const char *ip, int port, const struct spdk_sock_opts *opts,
                    spdk_sock_connect_cb_fn cb_fn, void *cb_arg)
{
	errno = ENOTSUP;
	return NULL;
}

static struct spdk_sock *
nosys_accept(struct spdk_sock *sock)
{
	errno = ENOTSUP;
	return NULL;
}

static void
nosys_let_go(struct spdk_sock *sock)
{
}

static ssize_t
nosys_io(struct spdk_sock *sock, struct iovec *iov, int iovcnt)
{
	errno = ENOTSUP;
	return -1;
}

/* Its call-back comes with the next that the implementation completes, or with the close. */
static void
nosys_writev_async(struct spdk_sock *sock, struct spdk_sock_request *req)
{
	sock_request_queue(sock, req);
	basalt_sock_fail_queued(sock, -ENOTSUP);
}

static int
nosys_flush(struct spdk_sock *sock)
{
	return basalt_sock_complete_done(sock);
}

static int
nosys_set(struct spdk_sock *sock, int value)
{
	errno = ENOTSUP;
	return -1;
}

static bool
nosys_is(struct spdk_sock *sock)
{
	return false;
}

static int
nosys_get_fd(struct spdk_sock *sock)
{
	return -ENOTSUP;
}

static struct spdk_sock_group *
nosys_group_get_optimal(struct spdk_sock *sock, struct spdk_sock_group *hint)
{
	return NULL;
}

static int
nosys_group_change(struct spdk_sock_group_impl *group, struct spdk_sock *sock)
{
	return 0;
}

static int
nosys_group_get_fd(struct spdk_sock_group_impl *group)
{
	return -ENOTSUP;
}

static void
nosys_want_input(struct spdk_sock *sock, bool wanted)
{
}

#define COMPLETE(field, nosys) impl->field = impl->field != NULL ? impl->field : (nosys)

void
sock_impl_complete(struct spdk_net_impl *impl)
{
	COMPLETE(getaddr, nosys_getaddr);
	COMPLETE(get_interface_name, nosys_get_interface_name);
	COMPLETE(get_numa_id, nosys_get_numa_id);
	COMPLETE(connect, nosys_open);
	COMPLETE(connect_async, nosys_connect_async);
	COMPLETE(listen, nosys_open);
	COMPLETE(accept, nosys_accept);
	COMPLETE(let_go, nosys_let_go);
	COMPLETE(readv, nosys_io);
	COMPLETE(writev, nosys_io);
	COMPLETE(writev_async, nosys_writev_async);
	COMPLETE(flush, nosys_flush);
	COMPLETE(set_recvlowat, nosys_set);
	COMPLETE(set_recvbuf, nosys_set);
	COMPLETE(set_sendbuf, nosys_set);
	COMPLETE(is_ipv6, nosys_is);
	COMPLETE(is_ipv4, nosys_is);
	COMPLETE(is_connected, nosys_is);
	COMPLETE(get_fd, nosys_get_fd);
	COMPLETE(group_get_optimal, nosys_group_get_optimal);
	COMPLETE(group_add_sock, nosys_group_change);
	COMPLETE(group_remove_sock, nosys_group_change);
	COMPLETE(group_get_fd, nosys_group_get_fd);
	COMPLETE(want_input, nosys_want_input);
}
