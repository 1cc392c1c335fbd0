/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * TCP sockets of the kernel: the table of the implementation, its options, and the questions about
 * a socket that are not on the I/O path. connect.c has how sockets come and go, io.c reading and
 * writing, group.c polling, placement.c the choice of a group.
 */

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "spdk/assert.h"
#include "spdk/env.h"
#include "spdk/util.h"
#include "spdk_internal/env.h"
#include "spdk_internal/system_state.h"
#include "posix.h"

#define BUF_BYTES_DEFAULT (2 * 1024 * 1024)

/* Zero-copy sends are not built: both options are accepted, off by default, and change nothing. */
static struct spdk_sock_impl_opts g_opts SYSTEM_STATE = {
	.recv_buf_size = BUF_BYTES_DEFAULT,
	.send_buf_size = BUF_BYTES_DEFAULT,
	.enable_recv_pipe = true,
};

/* Address as text and port. 0 or -1 with errno. */
static int
addr_put(const struct sockaddr_storage *sa, char *text, int len, uint16_t *port)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
	const void *addr;

	switch (sa->ss_family) {
	case AF_INET:
		addr = &in4->sin_addr;
		break;
	case AF_INET6:
		addr = &in6->sin6_addr;
		break;
	default:
		errno = EAFNOSUPPORT;
		return -1;
	}
	if (port != NULL) {
		*port = ntohs(sa->ss_family == AF_INET ? in4->sin_port : in6->sin6_port);
	}
	if (text != NULL && inet_ntop(sa->ss_family, addr, text, len) == NULL) {
		return -1;
	}
	return 0;
}

static int
posix_getaddr(struct spdk_sock *_sock, char *saddr, int slen, uint16_t *sport, char *caddr,
              int clen, uint16_t *cport)
{
	struct posix_sock *sock = SPDK_CONTAINEROF(_sock, struct posix_sock, base);
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);

	if (getsockname(sock->fd, (struct sockaddr *)&sa, &len) != 0 ||
	    addr_put(&sa, saddr, slen, sport) != 0) {
		return -1;
	}
	if (caddr == NULL && cport == NULL) {
		return 0;
	}
	len = sizeof(sa);
	if (getpeername(sock->fd, (struct sockaddr *)&sa, &len) != 0) {
		return -1;
	}
	return addr_put(&sa, caddr, clen, cport);
}

static bool
addr_is_same(const struct sockaddr *a, const struct sockaddr_storage *b)
{
	if (a == NULL || a->sa_family != b->ss_family) {
		return false;
	}
	if (a->sa_family == AF_INET) {
		return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
	}
	return a->sa_family == AF_INET6 &&
	       memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
	              &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

static const char *
posix_get_interface_name(struct spdk_sock *_sock)
{
	struct posix_sock *sock = SPDK_CONTAINEROF(_sock, struct posix_sock, base);
	struct sockaddr_storage sa = { 0 };
	struct ifaddrs *all, *ifa;
	socklen_t len = sizeof(sa);

	if (sock->interface_name != NULL) {
		return sock->interface_name;
	}
	if (getsockname(sock->fd, (struct sockaddr *)&sa, &len) != 0 || getifaddrs(&all) != 0) {
		return NULL;
	}
	for (ifa = all; ifa != NULL; ifa = ifa->ifa_next) {
		if (addr_is_same(ifa->ifa_addr, &sa)) {
			sock->interface_name = strdup(ifa->ifa_name);
			break;
		}
	}
	freeifaddrs(all);
	return sock->interface_name;
}

static int32_t
posix_get_numa_id(struct spdk_sock *_sock)
{
	const char *name = posix_get_interface_name(_sock);
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
posix_set_int(struct spdk_sock *_sock, int option, int value)
{
	struct posix_sock *sock = SPDK_CONTAINEROF(_sock, struct posix_sock, base);

	if (value < 0) {
		errno = EINVAL;
		return -1;
	}
	return setsockopt(sock->fd, SOL_SOCKET, option, &value, sizeof(value));
}

static int
posix_set_recvlowat(struct spdk_sock *_sock, int nbytes)
{
	return posix_set_int(_sock, SO_RCVLOWAT, nbytes);
}

static int
posix_set_recvbuf(struct spdk_sock *_sock, int sz)
{
	return posix_set_int(_sock, SO_RCVBUF, sz);
}

static int
posix_set_sendbuf(struct spdk_sock *_sock, int sz)
{
	return posix_set_int(_sock, SO_SNDBUF, sz);
}

static bool
posix_is_ipv6(struct spdk_sock *_sock)
{
	return SPDK_CONTAINEROF(_sock, struct posix_sock, base)->family == AF_INET6;
}

static bool
posix_is_ipv4(struct spdk_sock *_sock)
{
	return SPDK_CONTAINEROF(_sock, struct posix_sock, base)->family == AF_INET;
}

static bool
posix_is_connected(struct spdk_sock *_sock)
{
	struct posix_sock *sock = SPDK_CONTAINEROF(_sock, struct posix_sock, base);
	uint8_t byte;
	ssize_t n;

	if (sock->state == POSIX_CONNECTING && !posix_connect_progress(sock)) {
		return false;
	}
	if (sock->state != POSIX_CONNECTED) {
		return false;
	}
	n = recv(sock->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

static int
posix_get_fd(struct spdk_sock *_sock)
{
	return SPDK_CONTAINEROF(_sock, struct posix_sock, base)->fd;
}

struct spdk_net_impl g_posix_net_impl SYSTEM_STATE = {
	.name = "posix",
	.priority = 1,
	.opts = &g_opts,
	.getaddr = posix_getaddr,
	.get_interface_name = posix_get_interface_name,
	.get_numa_id = posix_get_numa_id,
	.connect = posix_connect,
	.connect_async = posix_connect_async,
	.listen = posix_listen,
	.accept = posix_accept,
	.close = posix_close,
	.readv = posix_readv,
	.writev = posix_writev,
	.writev_async = posix_writev_async,
	.flush = posix_flush,
	.set_recvlowat = posix_set_recvlowat,
	.set_recvbuf = posix_set_recvbuf,
	.set_sendbuf = posix_set_sendbuf,
	.is_ipv6 = posix_is_ipv6,
	.is_ipv4 = posix_is_ipv4,
	.is_connected = posix_is_connected,
	.get_fd = posix_get_fd,
	.group_create = posix_group_create,
	.group_get_optimal = posix_group_get_optimal,
	.group_add_sock = posix_group_add_sock,
	.group_remove_sock = posix_group_remove_sock,
	.group_poll = posix_group_poll,
	.group_get_fd = posix_group_get_fd,
	.group_close = posix_group_close,
	.want_input = posix_want_input,
};
