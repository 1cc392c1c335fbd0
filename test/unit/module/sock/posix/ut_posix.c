/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The posix implementation on real sockets over loopback. */

#include "pair.h"

static void
test_addresses(void **state)
{
	static const struct {
		const char *ip;
		bool v6;
	} rows[] = { { "127.0.0.1", false }, { "::1", true }, { "[::1]", true } };
	char saddr[64], caddr[64];
	uint16_t sport, cport;
	struct pair p;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		struct spdk_sock *probe = spdk_sock_listen(rows[i].ip, 0, ut_impl());

		if (probe == NULL && rows[i].v6) {
			continue; /* a machine without IPv6 */
		}
		spdk_sock_close(&probe);
		pair_open(&p, rows[i].ip);
		assert_int_equal(spdk_sock_getaddr(p.server, saddr, sizeof(saddr), &sport, caddr,
		                                   sizeof(caddr), &cport),
		                 0);
		assert_string_equal(saddr, rows[i].v6 ? "::1" : "127.0.0.1");
		assert_string_equal(caddr, saddr);
		assert_int_equal(sport, p.port);
		assert_int_not_equal(cport, p.port);
		assert_int_equal(spdk_sock_getaddr(p.server, saddr, 3, NULL, NULL, 0, NULL), -1);
		assert_int_equal(errno, ENOSPC);
		assert_int_equal(spdk_sock_is_ipv6(p.client), rows[i].v6);
		assert_int_equal(spdk_sock_is_ipv4(p.server), !rows[i].v6);
		assert_string_equal(spdk_sock_get_interface_name(p.server), "lo");
		assert_int_equal(spdk_sock_get_numa_id(p.server), -1);
		pair_close(&p);
	}
}

static void
test_open_refused(void **state)
{
	struct spdk_sock *a = spdk_sock_listen("127.0.0.1", 0, ut_impl());
	uint16_t port;

	assert_int_equal(spdk_sock_getaddr(a, NULL, 0, &port, NULL, 0, NULL), 0);
	assert_null(spdk_sock_listen("127.0.0.1", port, ut_impl()));
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(spdk_sock_close(&a), 0);
	assert_null(spdk_sock_connect("127.0.0.1", port, ut_impl()));
	assert_int_equal(errno, ECONNREFUSED);
	assert_null(spdk_sock_listen("no.such.host", 0, ut_impl()));
	assert_int_equal(errno, EINVAL);
	assert_null(spdk_sock_listen("192.0.2.1", 0, ut_impl()));
	assert_int_equal(errno, EADDRNOTAVAIL);
	assert_null(spdk_sock_connect("[]", port, ut_impl()));
	assert_int_equal(errno, EINVAL);
}

/* The user takes 7 bytes a call-back of 1,000 that came at once: all arrive, and the group's
 * counter is the only thing that says so after the first read. */
static void
test_read_ahead(void **state)
{
	uint8_t out[1000], in[1000];
	struct pair p;
	int i;

	for (i = 0; i < 1000; i++) {
		out[i] = i * 7;
	}
	pair_open(&p, "127.0.0.1");
	p.take_max = 7;
	p.into = in;
	send_all(p.client, out, sizeof(out));
	poll_until_taken(&p, 7);
	assert_int_equal(*sock_group_get_counter(p.group), 1);
	poll_until_taken(&p, 1000);
	assert_memory_equal(in, out, 1000);
	assert_int_equal(spdk_sock_group_poll(p.group), 0);
	assert_int_equal(*sock_group_get_counter(p.group), 0);
	assert_true(p.called >= 143);
	pair_close(&p);
}

/* Bytes received ahead move with the socket to another group. */
static void
test_read_ahead_moves(void **state)
{
	uint8_t out[100] = { 1, 2, 3 }, in[100];
	struct spdk_sock_group *other = spdk_sock_group_create(NULL);
	struct pair p;

	pair_open(&p, "127.0.0.1");
	p.take_max = 1;
	p.into = in;
	send_all(p.client, out, sizeof(out));
	poll_until_taken(&p, 1);
	assert_int_equal(spdk_sock_group_remove_sock(p.group, p.server), 0);
	assert_int_equal(*sock_group_get_counter(p.group), 0);
	assert_int_equal(spdk_sock_group_add_sock(other, p.server, server_ready, &p), 0);
	assert_true(*sock_group_get_counter(other) > 0);
	assert_int_equal(spdk_sock_group_poll(other), 1);
	assert_int_equal(p.taken, 2);
	assert_int_equal(spdk_sock_group_remove_sock(other, p.server), 0);
	assert_int_equal(spdk_sock_group_close(&other), 0);
	assert_int_equal(spdk_sock_group_add_sock(p.group, p.server, server_ready, &p), 0);
	poll_until_taken(&p, 100);
	assert_memory_equal(in, out, 100);
	pair_close(&p);
}

/* After a read that took all there was, one answer costs no system call; then it asks again. */
static void
test_drained(void **state)
{
	char out[10] = "abcdefghi", in[10];
	struct pair p;
	ssize_t n = -1;
	int i;

	pair_open(&p, "127.0.0.1");
	send_all(p.client, out, 10);
	assert_int_equal(poll_group(&p), 1);
	assert_int_equal(spdk_sock_recv(p.server, in, 10), 10);
	send_all(p.client, out, 10);
	assert_int_equal(spdk_sock_recv(p.server, in, 10), -1);
	assert_int_equal(errno, EAGAIN);
	for (i = 0; n < 0 && i < TRIES; i++) {
		assert_true(poll_group(&p) >= 0);
		n = spdk_sock_recv(p.server, in, 10);
	}
	assert_int_equal(n, 10);
	pair_close(&p);
}

static void
test_end_of_stream(void **state)
{
	char out[10] = "abcdefghi", in[20];
	struct pair p;
	int i;

	pair_open(&p, "127.0.0.1");
	assert_true(spdk_sock_is_connected(p.server));
	send_all(p.client, out, 10);
	assert_int_equal(spdk_sock_close(&p.client), 0);
	/* What came before the end is read first, even byte by byte. */
	p.take_max = 1;
	poll_until_taken(&p, 10);
	p.take_max = 0;
	for (i = p.called; p.called == i;) {
		assert_true(poll_group(&p) >= 0);
	}
	assert_int_equal(spdk_sock_recv(p.server, in, sizeof(in)), 0);
	assert_false(spdk_sock_is_connected(p.server));
	pair_close(&p);
}

/* ---- Asynchronous writes ---- */

/* Few requests leave at the next poll, many at once; none completes inside its submit. */
static void
test_async_counts(void **state)
{
	static const int counts[] = { 1, 2, 63, 64, 65, 300 };
	static struct req reqs[300];
	static uint8_t out[300 * 24], in[300 * 24];
	struct pair p;
	size_t i;
	int n;

	for (i = 0; i < sizeof(out); i++) {
		out[i] = i * 31;
	}
	pair_open(&p, "127.0.0.1");
	for (i = 0; i < SPDK_COUNTOF(counts); i++) {
		g_done = 0;
		for (n = 0; n < counts[i]; n++) {
			req_submit(p.server, &reqs[n], out + n * 24, 24);
		}
		assert_int_equal(g_done, 0);
		assert_int_equal(*sock_group_get_counter(p.group), 1);
		assert_int_equal(client_read_all(&p, in, counts[i] * 24), counts[i] * 24);
		assert_memory_equal(in, out, counts[i] * 24);
		assert_int_equal(g_done, counts[i]);
		assert_int_equal(*sock_group_get_counter(p.group), 0);
	}
	pair_close(&p);
}

/* More than the network takes: the group sleeps on its descriptor meanwhile, and goes on by itself.
 */
static void
test_async_blocked(void **state)
{
	enum {
		LEN = 32 * 1024 * 1024
	};
	uint8_t *out = malloc(LEN), *in = calloc(1, LEN);
	static struct req reqs[16];
	struct pair p;
	int i;

	for (i = 0; i < LEN; i++) {
		out[i] = i * 13 + (i >> 12);
	}
	pair_open(&p, "127.0.0.1");
	g_done = 0;
	for (i = 0; i < 16; i++) {
		req_submit(p.server, &reqs[i], out + i * (LEN / 16), LEN / 16);
	}
	for (i = 0; i < 100; i++) {
		assert_true(spdk_sock_group_poll(p.group) >= 0);
	}
	assert_true(g_done < 16);
	assert_int_equal(*sock_group_get_counter(p.group), 0); /* may sleep */
	errno = 0;
	assert_int_equal(spdk_sock_writev(p.server, &(struct iovec){ out, 1 }, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(client_read_all(&p, in, LEN), LEN);
	assert_int_equal(memcmp(in, out, LEN), 0);
	assert_int_equal(spdk_sock_group_poll(p.group) >= 0, true);
	assert_int_equal(g_done, 16);
	free(out);
	free(in);
	pair_close(&p);
}

static void
test_async_without_group(void **state)
{
	static struct req req;
	uint8_t out[100] = { 5 }, in[100];
	struct pair p;

	pair_open(&p, "127.0.0.1");
	g_done = 0;
	req_submit(p.client, &req, out, sizeof(out));
	assert_int_equal(g_done, 0);
	assert_int_equal(spdk_sock_flush(p.client), 100);
	assert_int_equal(g_done, 1);
	assert_int_equal(req.err, 0);
	assert_int_equal(spdk_sock_flush(p.client), 0);
	p.take_max = 100;
	p.into = in;
	poll_until_taken(&p, 100);
	assert_memory_equal(in, out, 100);
	pair_close(&p);
}

/* The peer is gone: every request is told, the first ones possibly with success. */
static void
test_async_peer_gone(void **state)
{
	static struct req reqs[1000];
	uint8_t out[64] = { 0 };
	struct pair p;
	int i, n;

	pair_open(&p, "127.0.0.1");
	send_all(p.server, out, 1);
	wait_fd(sock_get_fd(p.client));
	assert_int_equal(spdk_sock_close(&p.client), 0); /* with unread data: a reset */
	g_done = 0;
	for (n = 0; n < 1000 && (n == 0 || reqs[n - 1].err == 0); n++) {
		req_submit(p.server, &reqs[n], out, sizeof(out));
		for (i = 0; reqs[n].err == 1 && i < TRIES; i++) {
			assert_true(poll_group(&p) >= 0);
		}
	}
	assert_int_equal(g_done, n);
	assert_true(reqs[n - 1].err == -EPIPE || reqs[n - 1].err == -ECONNRESET);
	pair_close(&p);
}

/* ---- Asynchronous connect ---- */

static int g_connect_status;
static int g_connect_calls;

static void
connected(void *arg, int status)
{
	g_connect_calls++;
	g_connect_status = status;
}

static struct spdk_sock *
connect_start(const char *ip, int port, uint32_t timeout_ms)
{
	struct spdk_sock_opts opts = { .opts_size = sizeof(opts) };
	struct spdk_sock *sock;

	spdk_sock_get_default_opts(&opts);
	opts.connect_timeout = timeout_ms;
	g_connect_calls = 0;
	sock = spdk_sock_connect_async(ip, port, ut_impl(), &opts, connected, NULL);
	assert_int_equal(g_connect_calls, 0);
	return sock;
}

static void
test_connect_async(void **state)
{
	struct spdk_sock *listener = spdk_sock_listen("127.0.0.1", 0, ut_impl()), *c, *s;
	static struct req req;
	uint8_t buf[8] = { 0 };
	uint16_t port;
	int i, with_flush;

	assert_int_equal(spdk_sock_getaddr(listener, NULL, 0, &port, NULL, 0, NULL), 0);
	for (with_flush = 0; with_flush < 2; with_flush++) {
		struct spdk_sock_group *group = spdk_sock_group_create(NULL);
		struct pair p = { .group = group };

		c = connect_start("127.0.0.1", port, 0);
		assert_non_null(c);
		req_submit(c, &req, buf, sizeof(buf)); /* waits for the connection */
		if (!with_flush) {
			assert_int_equal(spdk_sock_group_add_sock(group, c, server_ready, &p), 0);
		}
		for (i = 0; req.err == 1 && i < TRIES; i++) {
			(void)(with_flush ? spdk_sock_flush(c) : poll_group(&p));
		}
		assert_int_equal(g_connect_calls, 1);
		assert_int_equal(g_connect_status, 0);
		assert_int_equal(req.err, 0);
		assert_true(spdk_sock_is_connected(c));
		s = accept_wait(listener);
		(void)spdk_sock_group_remove_sock(group, c);
		assert_int_equal(*sock_group_get_counter(group), 0);
		spdk_sock_close(&c);
		spdk_sock_close(&s);
		spdk_sock_group_close(&group);
	}
	spdk_sock_close(&listener);
}

static void
test_connect_async_refused(void **state)
{
	struct spdk_sock *listener = spdk_sock_listen("127.0.0.1", 0, ut_impl()), *c;
	static struct req req;
	uint8_t buf[8];
	uint16_t port;
	int i;

	assert_int_equal(spdk_sock_getaddr(listener, NULL, 0, &port, NULL, 0, NULL), 0);
	spdk_sock_close(&listener);
	c = connect_start("127.0.0.1", port, 1000);
	if (c == NULL) {
		assert_int_equal(errno, ECONNREFUSED);
		return;
	}
	req_submit(c, &req, buf, sizeof(buf));
	for (i = 0; g_connect_calls == 0 && i < TRIES; i++) {
		(void)spdk_sock_flush(c);
	}
	assert_int_equal(g_connect_calls, 1);
	assert_int_equal(g_connect_status, -ECONNREFUSED);
	assert_int_equal(req.err, -ECONNREFUSED);
	assert_false(spdk_sock_is_connected(c));
	assert_int_equal(spdk_sock_recv(c, buf, 8), -1);
	assert_int_equal(errno, ECONNREFUSED);
	/* What comes later is told too, at the next flush. */
	req_submit(c, &req, buf, sizeof(buf));
	assert_int_equal(spdk_sock_flush(c), -1);
	assert_int_equal(req.err, -ECONNREFUSED);
	spdk_sock_close(&c);
}

/* A listener whose backlog is full lets connects hang: the deadline ends them. */
static void
test_connect_timeout(void **state)
{
	struct spdk_sock_group *group = spdk_sock_group_create(NULL);
	int fd = socket(AF_INET, SOCK_STREAM, 0), i, fill[4];
	struct sockaddr_in sa = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	struct pair p = { .group = group };
	struct spdk_sock *c;

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	for (i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fill[i], (struct sockaddr *)&sa, len);
	}
	c = connect_start("127.0.0.1", ntohs(sa.sin_port), 20);
	assert_non_null(c);
	assert_int_equal(spdk_sock_group_add_sock(group, c, server_ready, &p), 0);
	assert_true(*sock_group_get_counter(group) > 0); /* must not sleep */
	while (g_connect_calls == 0) {
		assert_true(spdk_sock_group_poll(group) >= 0);
	}
	assert_int_equal(g_connect_status, -ETIMEDOUT);
	assert_int_equal(spdk_sock_group_remove_sock(group, c), 0);
	spdk_sock_close(&c);
	assert_int_equal(*sock_group_get_counter(group), 0);
	spdk_sock_group_close(&group);
	for (i = 0; i < 4; i++) {
		close(fill[i]);
	}
	close(fd);
}

static void
test_options(void **state)
{
	struct spdk_sock_impl_opts impl_opts;
	size_t len = sizeof(impl_opts);
	struct spdk_sock_opts opts = { .opts_size = sizeof(opts) };
	struct spdk_sock *c;
	struct pair p;

	assert_int_equal(spdk_sock_impl_get_opts(ut_impl(), &impl_opts, &len), 0);
	assert_true(impl_opts.enable_recv_pipe);
	assert_int_equal(impl_opts.enable_placement_id, PLACEMENT_NONE);
	pair_open(&p, "127.0.0.1");
	assert_int_equal(spdk_sock_set_recvbuf(p.server, 65536), 0);
	assert_int_equal(spdk_sock_set_sendbuf(p.server, 65536), 0);
	assert_int_equal(spdk_sock_set_recvlowat(p.server, 1), 0);
	assert_int_equal(spdk_sock_set_recvbuf(p.server, -1), -1);
	assert_int_equal(errno, EINVAL);

	spdk_sock_get_default_opts(&opts);
	impl_opts.enable_recv_pipe = false;
	opts.impl_opts = &impl_opts;
	opts.impl_opts_size = sizeof(impl_opts);
	opts.src_addr = "127.0.0.2";
	opts.ack_timeout = 1000;
	opts.connect_timeout = 1000;
	c = spdk_sock_connect_ext("127.0.0.1", p.port, ut_impl(), &opts);
	assert_non_null(c);
	spdk_sock_close(&c);
	opts.src_addr = "::1";
	assert_null(spdk_sock_connect_ext("127.0.0.1", p.port, ut_impl(), &opts));
	assert_int_equal(errno, EAFNOSUPPORT);
	pair_close(&p);
}

/* Sockets of one CPU go to one group, when the option says so. */
static void
test_placement(void **state)
{
	struct spdk_sock_impl_opts opts, saved;
	struct spdk_sock_group *got, *hint;
	size_t len = sizeof(opts);
	struct pair p;

	pair_open(&p, "127.0.0.1");
	hint = spdk_sock_group_create(NULL);
	assert_int_equal(spdk_sock_get_optimal_sock_group(p.server, &got, hint), 0);
	assert_null(got);
	pair_close(&p);

	assert_int_equal(spdk_sock_impl_get_opts(ut_impl(), &saved, &len), 0);
	opts = saved;
	opts.enable_placement_id = PLACEMENT_CPU;
	assert_int_equal(spdk_sock_impl_set_opts(ut_impl(), &opts, len), 0);
	pair_open(&p, "127.0.0.1");
	assert_int_equal(spdk_sock_get_optimal_sock_group(p.server, &got, hint), 0);
	assert_true(got == p.group || got == hint);
	pair_close(&p);
	assert_int_equal(spdk_sock_impl_set_opts(ut_impl(), &saved, len), 0);
	spdk_sock_group_close(&hint);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_open_refused),
		cmocka_unit_test(test_read_ahead),
		cmocka_unit_test(test_read_ahead_moves),
		cmocka_unit_test(test_drained),
		cmocka_unit_test(test_end_of_stream),
		cmocka_unit_test(test_async_counts),
		cmocka_unit_test(test_async_blocked),
		cmocka_unit_test(test_async_without_group),
		cmocka_unit_test(test_async_peer_gone),
		cmocka_unit_test(test_connect_async),
		cmocka_unit_test(test_connect_async_refused),
		cmocka_unit_test(test_connect_timeout),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_placement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
