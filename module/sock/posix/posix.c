/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * TCP sockets of the kernel: the table of the implementation, and its options. connect.c has how
 * sockets come and go, io.c reading and writing, zcopy.c sends without a copy, group.c polling;
 * what it shares with others is in lib/sock.
 */

#include "spdk_internal/system_state.h"
#include "posix.h"

#define BUF_BYTES_DEFAULT (2 * 1024 * 1024)

static struct spdk_sock_impl_opts g_opts SYSTEM_STATE = {
	.recv_buf_size = BUF_BYTES_DEFAULT,
	.send_buf_size = BUF_BYTES_DEFAULT,
	.enable_recv_pipe = true,
};

struct spdk_net_impl g_posix_net_impl SYSTEM_STATE = {
	.name = "posix",
	.priority = 1,
	.opts = &g_opts,
	.getaddr = sock_tcp_getaddr,
	.get_interface_name = sock_tcp_get_interface_name,
	.get_numa_id = sock_tcp_get_numa_id,
	.connect = posix_connect,
	.connect_async = posix_connect_async,
	.listen = posix_listen,
	.accept = posix_accept,
	.close = posix_close,
	.let_go = posix_let_go,
	.readv = posix_readv,
	.writev = posix_writev,
	.writev_async = posix_writev_async,
	.flush = posix_flush,
	.set_recvlowat = sock_tcp_set_recvlowat,
	.set_recvbuf = posix_set_recvbuf,
	.set_sendbuf = sock_tcp_set_sendbuf,
	.is_ipv6 = sock_tcp_is_ipv6,
	.is_ipv4 = sock_tcp_is_ipv4,
	.is_connected = posix_is_connected,
	.get_fd = sock_tcp_get_fd,
	.group_create = posix_group_create,
	.group_get_optimal = sock_tcp_get_optimal,
	.group_add_sock = posix_group_add_sock,
	.group_remove_sock = posix_group_remove_sock,
	.group_poll = posix_group_poll,
	.group_get_fd = posix_group_get_fd,
	.group_watch = posix_group_watch,
	.group_close = posix_group_close,
	.want_input = posix_want_input,
};
