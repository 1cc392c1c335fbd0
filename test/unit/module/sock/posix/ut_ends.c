/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * How posix sockets end: half-closed, reset, closed and removed inside call-backs of every kind,
 * with events, bytes and writes still pending.
 */

#include <poll.h>
#include <sys/socket.h>

#include "pair.h"

/* A peer that is no socket of ours: what the kernel does to it is up to the test. */
struct raw {
	struct pair p;
	int fd;
};

static void
raw_open(struct raw *r)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	memset(r, 0, sizeof(*r));
	r->p.listener = spdk_sock_listen("127.0.0.1", 0, ut_impl());
	assert_int_equal(spdk_sock_getaddr(r->p.listener, NULL, 0, &r->p.port, NULL, 0, NULL), 0);
	sa.sin_port = htons(r->p.port);
	r->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(r->fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	r->p.server = accept_wait(r->p.listener);
	r->p.group = spdk_sock_group_create(NULL);
	assert_int_equal(spdk_sock_group_add_sock(r->p.group, r->p.server, server_ready, &r->p), 0);
}

static void
raw_close(struct raw *r)
{
	if (r->fd >= 0) {
		close(r->fd);
	}
	pair_close(&r->p);
}

/* The peer sends no more, but still reads. */
static void
test_half_close(void **state)
{
	static struct req req;
	char text[20] = "nineteen characters", in[20];
	struct raw r;
	ssize_t n = -1;
	int i;

	raw_open(&r);
	assert_int_equal(write(r.fd, text, 10), 10);
	assert_int_equal(shutdown(r.fd, SHUT_WR), 0);
	r.p.take_max = 10;
	poll_until_taken(&r.p, 10);
	for (i = 0; n < 0 && i < TRIES; i++) {
		assert_true(poll_group(&r.p) >= 0);
		n = spdk_sock_recv(r.p.server, in, sizeof(in));
	}
	assert_int_equal(n, 0);
	assert_int_equal(spdk_sock_recv(r.p.server, in, sizeof(in)), 0); /* and stays so */
	g_done = 0;
	req_submit(r.p.server, &req, text, sizeof(text));
	for (i = 0; g_done == 0 && i < TRIES; i++) {
		assert_true(spdk_sock_group_poll(r.p.group) >= 0);
	}
	assert_int_equal(req.err, 0);
	assert_int_equal(recv(r.fd, in, sizeof(in), MSG_WAITALL), sizeof(in));
	assert_memory_equal(in, text, sizeof(in));
	raw_close(&r);
}

/* The peer resets, with writes of ours blocked: the group says so, reading tells ECONNRESET once
 * and the writes fail. */
static void
test_reset(void **state)
{
	enum {
		LEN = 16 * 1024 * 1024
	};
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	uint8_t *out = calloc(1, LEN), byte;
	static struct req req;
	struct raw r;
	ssize_t n;
	int i;

	raw_open(&r);
	g_done = 0;
	req_submit(r.p.server, &req, out, LEN);
	for (i = 0; i < 10; i++) {
		assert_true(spdk_sock_group_poll(r.p.group) >= 0);
	}
	assert_int_equal(g_done, 0);
	assert_int_equal(*sock_group_get_counter(r.p.group), 0); /* blocked: sleeps */
	assert_true(spdk_sock_is_connected(r.p.server));
	assert_int_equal(setsockopt(r.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(r.fd);
	r.fd = -1;
	for (i = 0; (r.p.called == 0 || g_done == 0) && i < TRIES; i++) {
		assert_true(poll_group(&r.p) >= 0);
	}
	assert_true(r.p.called > 0);
	assert_int_equal(g_done, 1);
	assert_true(req.err == -ECONNRESET || req.err == -EPIPE);
	n = spdk_sock_recv(r.p.server, &byte, 1);
	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
	assert_false(spdk_sock_is_connected(r.p.server));
	free(out);
	raw_close(&r);
}

/* ---- Closing inside the call-back of a connect ---- */

static struct spdk_sock *g_connecting;
static int g_connect_calls;

static void
connected_closes(void *arg, int status)
{
	g_connect_calls++;
	if (g_connecting->group != NULL) {
		assert_int_equal(spdk_sock_group_remove_sock(arg, g_connecting), 0);
	}
	assert_int_equal(spdk_sock_close(&g_connecting), 0);
}

static int
by_recv(struct spdk_sock *sock)
{
	char byte;

	return (int)spdk_sock_recv(sock, &byte, 1);
}

static int
by_writev(struct spdk_sock *sock)
{
	struct iovec iov = { "x", 1 };

	return (int)spdk_sock_writev(sock, &iov, 1);
}

static int
by_asking(struct spdk_sock *sock)
{
	errno = EBADF;
	return spdk_sock_is_connected(sock) ? 0 : -1;
}

/* Whatever call finds that the connection is up, or refused, survives that its socket goes. */
static void
test_close_in_connect_callback(void **state)
{
	static int (*const calls[])(struct spdk_sock * sock) = { by_recv, by_writev, by_asking,
		                                                 spdk_sock_flush };
	struct spdk_sock *listener = spdk_sock_listen("127.0.0.1", 0, ut_impl());
	static struct req req;
	struct pollfd pfd = { .events = POLLOUT };
	uint16_t port;
	size_t i;

	assert_int_equal(spdk_sock_getaddr(listener, NULL, 0, &port, NULL, 0, NULL), 0);
	for (i = 0; i < 2 * SPDK_COUNTOF(calls); i++) {
		if (i == SPDK_COUNTOF(calls)) {
			spdk_sock_close(&listener); /* from here on refused */
		}
		g_connect_calls = g_done = 0;
		g_connecting = spdk_sock_connect_async("127.0.0.1", port, ut_impl(), NULL,
		                                       connected_closes, NULL);
		if (g_connecting == NULL) {
			assert_int_equal(errno, ECONNREFUSED);
			continue;
		}
		req_submit(g_connecting, &req, "four", 4);
		pfd.fd = sock_get_fd(g_connecting);
		assert_int_equal(poll(&pfd, 1, 10000), 1);
		assert_int_equal(calls[i % SPDK_COUNTOF(calls)](g_connecting), -1);
		assert_int_equal(errno, EBADF);
		assert_null(g_connecting);
		assert_int_equal(g_connect_calls, 1);
		assert_int_equal(g_done, 1);
		assert_true(req.err < 0);
	}
}

static void
test_close_in_connect_callback_of_group(void **state)
{
	struct spdk_sock *listener = spdk_sock_listen("127.0.0.1", 0, ut_impl());
	struct pair p = { .group = spdk_sock_group_create(NULL) };
	uint16_t port;
	int i;

	assert_int_equal(spdk_sock_getaddr(listener, NULL, 0, &port, NULL, 0, NULL), 0);
	g_connect_calls = 0;
	g_connecting = spdk_sock_connect_async("127.0.0.1", port, ut_impl(), NULL, connected_closes,
	                                       p.group);
	assert_int_equal(spdk_sock_group_add_sock(p.group, g_connecting, server_ready, &p), 0);
	for (i = 0; g_connect_calls == 0 && i < TRIES; i++) {
		assert_true(poll_group(&p) >= 0);
	}
	assert_int_equal(g_connect_calls, 1);
	assert_int_equal(*sock_group_get_counter(p.group), 0);
	assert_int_equal(spdk_sock_group_poll(p.group), 0);
	assert_int_equal(spdk_sock_group_close(&p.group), 0);
	spdk_sock_close(&listener);
}

/* ---- Leaving with something pending ---- */

#define PAIRS 5

static struct pair g_pairs[PAIRS];
static struct spdk_sock_group *g_group;
static struct req g_reqs[PAIRS];
static bool g_armed;
static int g_first; /* who was called back first, and threw the others out; -1: nobody yet */

static void
throw_out(int i)
{
	assert_int_equal(spdk_sock_group_remove_sock(g_group, g_pairs[i].server), 0);
	assert_int_equal(spdk_sock_close(&g_pairs[i].server), 0);
}

static void
ready_throws_out(void *arg, struct spdk_sock_group *group, struct spdk_sock *sock)
{
	struct pair *p = arg;
	char byte;
	int i;

	if (!g_armed) {
		/* Some are read a little: the rest waits in the pipe. The others not at all. */
		if ((p - g_pairs) % 2 == 0 && p->called++ == 0) {
			assert_int_equal(spdk_sock_recv(sock, &byte, 1), 1);
		}
		return;
	}
	assert_int_equal(g_first, -1);
	g_first = (int)(p - g_pairs);
	for (i = 0; i < PAIRS; i++) {
		throw_out(i);
	}
}

/* All have bytes to read, in the socket or in the pipe, and a queued write: the first call-back of
 * a poll removes and closes all of them, itself too. No other is called, each write is told. */
static void
test_remove_all_in_callback(void **state)
{
	static uint8_t bytes[64];
	int i;

	g_group = spdk_sock_group_create(NULL);
	g_armed = false;
	g_first = -1;
	g_done = 0;
	for (i = 0; i < PAIRS; i++) {
		pair_open(&g_pairs[i], "127.0.0.1");
		assert_int_equal(spdk_sock_group_remove_sock(g_pairs[i].group, g_pairs[i].server),
		                 0);
		assert_int_equal(spdk_sock_group_add_sock(g_group, g_pairs[i].server,
		                                          ready_throws_out, &g_pairs[i]),
		                 0);
		send_all(g_pairs[i].client, bytes, sizeof(bytes));
	}
	for (i = 0; i < TRIES && spdk_sock_group_poll(g_group) < PAIRS; i++) {
		wait_fd(sock_group_get_fd(g_group));
	}
	assert_true(*sock_group_get_counter(g_group) >= (PAIRS + 1) / 2);
	g_armed = true;
	for (i = 0; i < PAIRS; i++) {
		req_submit(g_pairs[i].server, &g_reqs[i], bytes, sizeof(bytes));
	}
	assert_int_equal(spdk_sock_group_poll(g_group), PAIRS);
	assert_int_not_equal(g_first, -1);
	assert_int_equal(g_done, PAIRS);
	assert_int_equal(*sock_group_get_counter(g_group), 0);
	assert_int_equal(spdk_sock_group_poll(g_group), 0);
	assert_int_equal(spdk_sock_group_close(&g_group), 0);
	for (i = 0; i < PAIRS; i++) {
		pair_close(&g_pairs[i]);
	}
}

/* The poll with a limit: so many are called back, the others by the next. */
static void
test_poll_count(void **state)
{
	static uint8_t byte;
	int i, told = 0;

	g_group = spdk_sock_group_create(NULL);
	for (i = 0; i < PAIRS; i++) {
		pair_open(&g_pairs[i], "127.0.0.1");
		assert_int_equal(spdk_sock_group_remove_sock(g_pairs[i].group, g_pairs[i].server),
		                 0);
		assert_int_equal(spdk_sock_group_add_sock(g_group, g_pairs[i].server, server_ready,
		                                          &g_pairs[i]),
		                 0);
		g_pairs[i].take_max = 1;
		send_all(g_pairs[i].client, &byte, 1);
	}
	assert_int_equal(spdk_sock_group_poll_count(g_group, 0), -1);
	assert_int_equal(errno, EINVAL);
	for (i = 0; i < TRIES && told < PAIRS; i++) {
		int n = spdk_sock_group_poll_count(g_group, 2);

		assert_in_range(n, 0, 2);
		told += n;
	}
	for (i = 0; i < PAIRS; i++) {
		assert_int_equal(g_pairs[i].taken, 1);
		assert_int_equal(spdk_sock_group_remove_sock(g_group, g_pairs[i].server), 0);
		assert_int_equal(spdk_sock_close(&g_pairs[i].server), 0);
		pair_close(&g_pairs[i]);
	}
	assert_int_equal(spdk_sock_group_close(&g_group), 0);
}

static void
done_throws_out(void *cb_arg, int err)
{
	int i;

	g_done++;
	for (i = 0; i < PAIRS; i++) {
		if (g_pairs[i].server != NULL) {
			throw_out(i);
		}
	}
}

/* The same from the call-back of a write, while the group flushes one after the other. */
static void
test_remove_all_in_completion(void **state)
{
	static uint8_t bytes[64];
	int i;

	g_group = spdk_sock_group_create(NULL);
	g_done = 0;
	g_armed = true;
	g_first = -1;
	for (i = 0; i < PAIRS; i++) {
		pair_open(&g_pairs[i], "127.0.0.1");
		assert_int_equal(spdk_sock_group_remove_sock(g_pairs[i].group, g_pairs[i].server),
		                 0);
		assert_int_equal(spdk_sock_group_add_sock(g_group, g_pairs[i].server,
		                                          ready_throws_out, &g_pairs[i]),
		                 0);
		req_submit(g_pairs[i].server, &g_reqs[i], bytes, sizeof(bytes));
		g_reqs[i].r.cb_fn = done_throws_out;
	}
	assert_int_equal(spdk_sock_group_poll(g_group), 0);
	assert_int_equal(g_done, PAIRS);
	assert_int_equal(g_first, -1);
	assert_int_equal(*sock_group_get_counter(g_group), 0);
	assert_int_equal(spdk_sock_group_close(&g_group), 0);
	for (i = 0; i < PAIRS; i++) {
		pair_close(&g_pairs[i]);
	}
}

/* ---- An owner that takes no input ---- */

/* Once the group has seen what it was told. */
static bool
group_is_quiet(struct pair *p)
{
	struct pollfd pfd = { .fd = sock_group_get_fd(p->group), .events = POLLIN };
	int i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(spdk_sock_group_poll(p->group), 0);
	}
	return *sock_group_get_counter(p->group) == 0 && poll(&pfd, 1, 0) == 0;
}

/* Neither bytes in the socket nor in the pipe keep the group awake, and all are there afterwards.
 */
static void
test_no_input_wanted(void **state)
{
	uint8_t out[100] = { 1, 2, 3 }, in[200];
	static struct req req;
	struct pair p;

	pair_open(&p, "127.0.0.1");
	p.take_max = 10;
	p.into = in;
	send_all(p.client, out, sizeof(out));
	poll_until_taken(&p, 10);
	assert_int_equal(*sock_group_get_counter(p.group), 1); /* the rest is in the pipe */
	sock_want_input(p.server, false);
	send_all(p.client, out, sizeof(out));
	assert_true(group_is_quiet(&p));
	assert_int_equal(spdk_sock_group_poll(p.group), 0);
	assert_int_equal(p.taken, 10);
	/* Writes go on. */
	g_done = 0;
	req_submit(p.server, &req, out, sizeof(out));
	assert_int_equal(spdk_sock_group_poll(p.group), 0);
	assert_int_equal(req.err, 0);
	assert_true(group_is_quiet(&p));
	sock_want_input(p.server, true);
	poll_until_taken(&p, 200);
	assert_memory_equal(in, out, 100);
	assert_memory_equal(in + 100, out, 100);
	pair_close(&p);
}

/* A peer that goes meanwhile does not wake it either; blocked writes fail, and whoever wants input
 * again is told of the end. */
static void
test_gone_while_no_input_wanted(void **state)
{
	enum {
		LEN = 16 * 1024 * 1024
	};
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	uint8_t *out = calloc(1, LEN), byte;
	static struct req req;
	struct raw r;
	int i;

	raw_open(&r);
	g_done = 0;
	req_submit(r.p.server, &req, out, LEN);
	for (i = 0; i < 10; i++) {
		assert_true(spdk_sock_group_poll(r.p.group) >= 0);
	}
	sock_want_input(r.p.server, false);
	assert_int_equal(setsockopt(r.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(r.fd);
	r.fd = -1;
	for (i = 0; g_done == 0 && i < TRIES; i++) {
		assert_int_equal(poll_group(&r.p), 0);
	}
	assert_true(req.err < 0);
	assert_int_equal(spdk_sock_group_poll(r.p.group), 0);
	assert_true(group_is_quiet(&r.p));
	assert_int_equal(r.p.called, 0);
	sock_want_input(r.p.server, true);
	for (i = 0; r.p.called == 0 && i < TRIES; i++) {
		assert_true(poll_group(&r.p) >= 0);
	}
	assert_true(spdk_sock_recv(r.p.server, &byte, 1) <= 0);
	free(out);
	raw_close(&r);
}

/* ---- Ports ---- */

/* A connection from a chosen port can be made anew at once. */
static void
test_same_source_port(void **state)
{
	struct spdk_sock_opts opts = { .opts_size = sizeof(opts) };
	struct spdk_sock *listener = spdk_sock_listen("127.0.0.1", 0, ut_impl()), *c, *s;
	uint16_t port, own = 0, got;
	int i;

	assert_int_equal(spdk_sock_getaddr(listener, NULL, 0, &port, NULL, 0, NULL), 0);
	spdk_sock_get_default_opts(&opts);
	opts.src_addr = "127.0.0.3";
	for (i = 0; i < 3; i++) {
		opts.src_port = own;
		c = spdk_sock_connect_ext("127.0.0.1", port, ut_impl(), &opts);
		assert_non_null(c);
		s = accept_wait(listener);
		assert_int_equal(spdk_sock_getaddr(c, NULL, 0, &got, NULL, 0, NULL), 0);
		assert_true(own == 0 || own == got);
		own = got;
		spdk_sock_close(&c); /* first: TIME_WAIT stays on this side */
		spdk_sock_close(&s);
	}
	spdk_sock_close(&listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_half_close),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_close_in_connect_callback),
		cmocka_unit_test(test_close_in_connect_callback_of_group),
		cmocka_unit_test(test_remove_all_in_callback),
		cmocka_unit_test(test_poll_count),
		cmocka_unit_test(test_remove_all_in_completion),
		cmocka_unit_test(test_no_input_wanted),
		cmocka_unit_test(test_gone_while_no_input_wanted),
		cmocka_unit_test(test_same_source_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
