/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Each option of a socket, and of its implementation, seen where it takes effect: in the system's
 * own answer about the descriptor, or in what the socket does.
 */

#include <netinet/tcp.h>
#include <sys/socket.h>

#include "pair.h"

static struct spdk_sock_impl_opts g_saved;

static int
setup(void **state)
{
	size_t len = sizeof(g_saved);

	return spdk_sock_impl_get_opts(ut_impl(), &g_saved, &len);
}

static int
teardown(void **state)
{
	return spdk_sock_impl_set_opts(ut_impl(), &g_saved, sizeof(g_saved));
}

static int
fd_int(struct spdk_sock *sock, int level, int option)
{
	socklen_t len = sizeof(int);
	int value = -1;

	assert_int_equal(getsockopt(sock_get_fd(sock), level, option, &value, &len), 0);
	return value;
}

static uint16_t
port_of(struct spdk_sock *sock)
{
	uint16_t port;

	assert_int_equal(spdk_sock_getaddr(sock, NULL, 0, &port, NULL, 0, NULL), 0);
	return port;
}

/* A client with \p opts and what accepts it, whose listener has them too. */
static void
both_ends(struct spdk_sock_opts *opts, struct spdk_sock *ends[3])
{
	ends[0] = spdk_sock_listen_ext("127.0.0.1", 0, ut_impl(), opts);
	assert_non_null(ends[0]);
	ends[1] = spdk_sock_connect_ext("127.0.0.1", port_of(ends[0]), ut_impl(), opts);
	assert_non_null(ends[1]);
	ends[2] = accept_wait(ends[0]);
}

static void
ends_close(struct spdk_sock *ends[3])
{
	int i;

	for (i = 2; i >= 0; i--) {
		assert_int_equal(spdk_sock_close(&ends[i]), 0);
	}
}

/* The system doubles a buffer's size for its own books. */
static void
test_buffers(void **state)
{
	struct spdk_sock_impl_opts impl = g_saved;
	struct spdk_sock *ends[3];
	int i;

	impl.recv_buf_size = 20000;
	impl.send_buf_size = 30000;
	assert_int_equal(spdk_sock_impl_set_opts(ut_impl(), &impl, sizeof(impl)), 0);
	both_ends(NULL, ends);
	for (i = 1; i < 3; i++) {
		assert_int_equal(fd_int(ends[i], SOL_SOCKET, SO_RCVBUF), 40000);
		assert_int_equal(fd_int(ends[i], SOL_SOCKET, SO_SNDBUF), 60000);
		assert_int_equal(fd_int(ends[i], IPPROTO_TCP, TCP_NODELAY), 1);
		assert_int_equal(spdk_sock_set_recvbuf(ends[i], 10000), 0);
		assert_int_equal(fd_int(ends[i], SOL_SOCKET, SO_RCVBUF), 20000);
		assert_int_equal(spdk_sock_set_sendbuf(ends[i], 11000), 0);
		assert_int_equal(fd_int(ends[i], SOL_SOCKET, SO_SNDBUF), 22000);
		assert_int_equal(spdk_sock_set_recvlowat(ends[i], 77), 0);
		assert_int_equal(fd_int(ends[i], SOL_SOCKET, SO_RCVLOWAT), 77);
	}
	ends_close(ends);
}

static void
test_quickack(void **state)
{
	struct spdk_sock_impl_opts impl = g_saved;
	struct spdk_sock *ends[3];

	impl.enable_quickack = true;
	assert_int_equal(spdk_sock_impl_set_opts(ut_impl(), &impl, sizeof(impl)), 0);
	both_ends(NULL, ends);
	assert_int_equal(fd_int(ends[1], IPPROTO_TCP, TCP_QUICKACK), 1);
	assert_int_equal(fd_int(ends[2], IPPROTO_TCP, TCP_QUICKACK), 1);
	ends_close(ends);
}

/* Of one socket: its own, and its implementation's given with it, in a shorter struct, too. */
static void
test_of_a_socket(void **state)
{
	struct spdk_sock_opts opts = { .opts_size = sizeof(opts) };
	struct spdk_sock_impl_opts impl = g_saved;
	struct spdk_sock *ends[3];
	int i;

	spdk_sock_get_default_opts(&opts);
	opts.priority = 5;
	opts.ack_timeout = 4321;
	impl.recv_buf_size = 21000;
	impl.send_buf_size = 31000;
	opts.impl_opts = &impl;
	opts.impl_opts_size = sizeof(uint32_t); /* recv_buf_size only */
	both_ends(&opts, ends);
	for (i = 1; i < 3; i++) {
		assert_int_equal(fd_int(ends[i], SOL_SOCKET, SO_PRIORITY), 5);
		assert_int_equal(spdk_sock_set_priority(ends[i], 3), 0);
		assert_int_equal(fd_int(ends[i], SOL_SOCKET, SO_PRIORITY), 3);
		assert_int_equal(fd_int(ends[i], IPPROTO_TCP, TCP_USER_TIMEOUT), 4321);
		assert_int_equal(fd_int(ends[i], SOL_SOCKET, SO_RCVBUF), 42000);
		assert_int_not_equal(fd_int(ends[i], SOL_SOCKET, SO_SNDBUF), 62000);
	}
	ends_close(ends);
}

/* Without read-ahead a socket takes what is asked for and leaves the rest with the system. */
static void
assert_read_ahead(struct pair *p, bool ahead)
{
	uint8_t bytes[100] = { 0 }, in[10];
	int i;

	send_all(p->client, bytes, sizeof(bytes));
	for (i = 0; p->called == 0 && i < TRIES; i++) {
		assert_true(poll_group(p) >= 0);
	}
	assert_int_equal(spdk_sock_recv(p->server, in, 10), 10);
	assert_int_equal(
	        recv(sock_get_fd(p->server), bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT),
	        ahead ? -1 : 90);
	p->take_max = 90;
	p->taken = 0;
	poll_until_taken(p, 90);
}

static void
test_recv_pipe(void **state)
{
	struct spdk_sock_impl_opts impl = g_saved;
	struct pair p;

	assert_true(impl.enable_recv_pipe);
	pair_open(&p, "127.0.0.1");
	assert_read_ahead(&p, true);
	pair_close(&p);
	impl.enable_recv_pipe = false;
	assert_int_equal(spdk_sock_impl_set_opts(ut_impl(), &impl, sizeof(impl)), 0);
	pair_open(&p, "127.0.0.1");
	assert_read_ahead(&p, false);
	pair_close(&p);
	/* Or of one socket, later. */
	assert_int_equal(spdk_sock_impl_set_opts(ut_impl(), &g_saved, sizeof(g_saved)), 0);
	pair_open(&p, "127.0.0.1");
	assert_int_equal(spdk_sock_set_recvbuf(p.server, 0), 0);
	assert_read_ahead(&p, false);
	pair_close(&p);
}

static void
test_source(void **state)
{
	struct spdk_sock_opts opts = { .opts_size = sizeof(opts) };
	struct spdk_sock *listener = spdk_sock_listen("127.0.0.1", 0, ut_impl()), *c, *s;
	char saddr[64], caddr[64];

	spdk_sock_get_default_opts(&opts);
	opts.src_addr = "127.0.0.2";
	c = spdk_sock_connect_ext("127.0.0.1", port_of(listener), ut_impl(), &opts);
	s = accept_wait(listener);
	assert_int_equal(
	        spdk_sock_getaddr(s, saddr, sizeof(saddr), NULL, caddr, sizeof(caddr), NULL), 0);
	assert_string_equal(caddr, "127.0.0.2");
	opts.src_addr = "::1";
	assert_null(spdk_sock_connect_ext("127.0.0.1", port_of(listener), ut_impl(), &opts));
	assert_int_equal(errno, EAFNOSUPPORT);
	spdk_sock_close(&c);
	spdk_sock_close(&s);
	spdk_sock_close(&listener);
}

/* ---- Placement ---- */

static void
placement_set(uint32_t mode)
{
	struct spdk_sock_impl_opts impl = g_saved;

	impl.enable_placement_id = mode;
	assert_int_equal(spdk_sock_impl_set_opts(ut_impl(), &impl, sizeof(impl)), 0);
}

static void
test_placement_off(void **state)
{
	struct spdk_sock_group *hint = spdk_sock_group_create(NULL), *got = hint;
	struct pair p;

	pair_open(&p, "127.0.0.1");
	assert_int_equal(spdk_sock_get_optimal_sock_group(p.server, &got, hint), 0);
	assert_null(got);
	assert_int_equal(spdk_sock_get_optimal_sock_group(NULL, &got, hint), -1);
	assert_int_equal(errno, EINVAL);
	pair_close(&p);
	spdk_sock_group_close(&hint);
}

/* By CPU: the first goes where the hint says, and while it is there those of its CPU follow. */
static void
test_placement_cpu(void **state)
{
	struct spdk_sock_group *hint = spdk_sock_group_create(NULL), *got;
	struct pair p;

	placement_set(PLACEMENT_CPU);
	pair_open(&p, "127.0.0.1");
	assert_int_equal(spdk_sock_get_optimal_sock_group(p.server, &got, hint), 0);
	assert_true(got == p.group || got == hint);
	pair_close(&p);
	spdk_sock_group_close(&hint);
}

/* By NAPI id: nothing on loopback has one. */
static void
test_placement_napi(void **state)
{
	struct spdk_sock_group *hint = spdk_sock_group_create(NULL), *got = hint;
	struct pair p;

	placement_set(PLACEMENT_NAPI);
	pair_open(&p, "127.0.0.1");
	assert_int_equal(spdk_sock_get_optimal_sock_group(p.server, &got, hint), 0);
	assert_null(got);
	pair_close(&p);
	spdk_sock_group_close(&hint);
}

/* By mark: each group has its own, which its sockets carry as long as they are in it. */
static void
test_placement_mark(void **state)
{
	struct spdk_sock_group *hint = spdk_sock_group_create(NULL), *got;
	int probe = socket(AF_INET, SOCK_STREAM, 0), one = 1, can, marks[2], i;
	struct pair p[2];

	can = setsockopt(probe, SOL_SOCKET, SO_MARK, &one, sizeof(one)) == 0;
	close(probe);
	placement_set(PLACEMENT_MARK);
	for (i = 0; i < 2; i++) {
		pair_open(&p[i], "127.0.0.1");
		marks[i] = fd_int(p[i].server, SOL_SOCKET, SO_MARK);
		assert_int_equal(spdk_sock_get_optimal_sock_group(p[i].server, &got, hint), 0);
		/* Who may not set marks goes on without. */
		assert_ptr_equal(got, can ? p[i].group : NULL);
	}
	assert_int_equal(marks[0] != 0 && marks[1] != 0 && marks[0] != marks[1], can);
	pair_close(&p[0]);
	pair_close(&p[1]);
	spdk_sock_group_close(&hint);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_buffers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quickack, setup, teardown),
		cmocka_unit_test_setup_teardown(test_of_a_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_recv_pipe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_placement_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_placement_cpu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_placement_napi, setup, teardown),
		cmocka_unit_test_setup_teardown(test_placement_mark, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
