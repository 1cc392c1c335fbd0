/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Buffers that a group is given and its sockets hand out filled, and the descriptor of a group in
 * interrupt mode.
 */

#include "pair.h"
#include <poll.h>

/* ---- spdk_sock_recv_next() ---- */

/* A pair whose call-backs read nothing by themselves, with the bytes arrived. */
static void
pair_with_bytes(struct pair *p, const void *data, size_t len)
{
	int i;

	pair_open(p, "127.0.0.1");
	send_all(p->client, data, len);
	for (i = 0; p->called == 0 && i < TRIES; i++) {
		assert_true(poll_group(p) >= 0);
	}
	assert_true(p->called > 0);
}

/* Buffers come back in the order they were given, each with its own ctx, filled as far as they
 * reach, wherever they begin; then there are none. */
static void
test_recv_next(void **state)
{
	static const size_t sizes[] = { 32, 100, 33 };
	uint8_t out[200], memory[3][200];
	void *buf = NULL, *ctx = NULL;
	size_t i, have = 0;
	struct pair p;

	for (i = 0; i < sizeof(out); i++) {
		out[i] = (uint8_t)(i * 5 + 3);
	}
	pair_with_bytes(&p, out, sizeof(out));
	assert_int_equal(spdk_sock_recv_next(p.server, &buf, &ctx), -1);
	assert_int_equal(errno, ENOBUFS);
	for (i = 0; i < SPDK_COUNTOF(sizes); i++) {
		assert_int_equal(spdk_sock_group_provide_buf(p.group, memory[i] + i, sizes[i],
		                                             &memory[2 - i]),
		                 0);
	}
	for (i = 0; i < SPDK_COUNTOF(sizes); i++) {
		assert_int_equal(spdk_sock_recv_next(p.server, &buf, &ctx), sizes[i]);
		assert_ptr_equal(buf, memory[i] + i);
		assert_ptr_equal(ctx, &memory[2 - i]);
		assert_memory_equal(buf, out + have, sizes[i]);
		have += sizes[i];
	}
	assert_int_equal(spdk_sock_recv_next(p.server, &buf, NULL), -1);
	assert_int_equal(errno, ENOBUFS);
	/* The rest, without asking for the ctx. */
	assert_int_equal(spdk_sock_group_provide_buf(p.group, memory[0], 200, NULL), 0);
	assert_int_equal(spdk_sock_recv_next(p.server, &buf, NULL), sizeof(out) - have);
	assert_memory_equal(buf, out + have, sizeof(out) - have);
	pair_close(&p);
}

/* Nothing there, the end, no group: no buffer is lost. */
static void
test_recv_next_keeps_buffers(void **state)
{
	uint8_t memory[2][64], byte = 7;
	void *buf = NULL, *ctx;
	struct pair p;
	int i, n = -1;

	pair_open(&p, "127.0.0.1");
	assert_int_equal(spdk_sock_recv_next(p.client, &buf, &ctx), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(spdk_sock_group_provide_buf(p.group, memory[0], 31, NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(spdk_sock_group_provide_buf(p.group, NULL, 64, NULL), -1);
	assert_int_equal(spdk_sock_group_provide_buf(NULL, memory[0], 64, NULL), -1);
	for (i = 0; i < 2; i++) {
		assert_int_equal(spdk_sock_group_provide_buf(p.group, memory[i], 64, memory[i]), 0);
	}
	for (i = 0; i < 3; i++) {
		assert_int_equal(spdk_sock_recv_next(p.server, &buf, &ctx), -1);
		assert_int_equal(errno, EAGAIN);
	}
	send_all(p.client, &byte, 1);
	assert_int_equal(spdk_sock_close(&p.client), 0);
	for (i = 0; n < 0 && i < TRIES; i++) {
		assert_true(poll_group(&p) >= 0);
		n = spdk_sock_recv_next(p.server, &buf, &ctx);
	}
	assert_int_equal(n, 1);
	assert_ptr_equal(buf, memory[0]);
	for (i = 0, n = -1; n < 0 && i < TRIES; i++) {
		assert_true(poll_group(&p) >= 0);
		n = spdk_sock_recv_next(p.server, &buf, &ctx);
	}
	assert_int_equal(n, 0); /* the end: the second is still the group's */
	assert_int_equal(spdk_sock_group_provide_buf(p.group, memory[0], 64, NULL), 0);
	pair_close(&p);
}

/* ---- Interrupt mode ---- */

static int
interrupt_mode(bool on)
{
	struct spdk_sock_initialize_opts opts;

	memset(&opts, 0xff, sizeof(opts));
	spdk_sock_get_default_initialize_opts(&opts, sizeof(opts));
	assert_int_equal(opts.opts_size, sizeof(opts));
	assert_false(opts.enable_interrupt_mode);
	opts.enable_interrupt_mode = on;
	return spdk_sock_initialize(&opts);
}

static void
test_initialize(void **state)
{
	struct spdk_sock_initialize_opts opts = { .opts_size = 4, .enable_interrupt_mode = true };
	struct spdk_sock_group *group;

	spdk_sock_get_default_initialize_opts(&opts, 4);
	assert_true(opts.enable_interrupt_mode); /* too small for itself: nothing */
	spdk_sock_get_default_initialize_opts(&opts, sizeof(size_t));
	assert_int_equal(opts.opts_size, sizeof(size_t));
	assert_true(opts.enable_interrupt_mode); /* beyond what was asked for */
	assert_int_equal(spdk_sock_initialize(NULL), -EINVAL);
	opts.opts_size = 0;
	assert_int_equal(spdk_sock_initialize(&opts), -EINVAL);
	opts.opts_size = sizeof(size_t);
	assert_int_equal(spdk_sock_initialize(&opts), 0); /* an older struct: the default */
	group = spdk_sock_group_create(NULL);
	assert_int_equal(spdk_sock_group_get_interruptfd(group), -1);
	assert_int_equal(errno, ENOTSUP);
	assert_int_equal(spdk_sock_group_close(&group), 0);
}

static bool
readable(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, timeout_ms) == 1;
}

/* Poll only when the descriptor says so, as a program in interrupt mode; until \p until. */
static void
serve(struct pair *p, const int *what, int until)
{
	int i, fd = spdk_sock_group_get_interruptfd(p->group);

	for (i = 0; *what < until && i < TRIES; i++) {
		assert_true(readable(fd, 10000));
		assert_true(spdk_sock_group_poll(p->group) >= 0);
	}
	assert_int_equal(*what, until);
}

/* Then it is quiet: what remains to be seen is seen by a few polls, and no more comes. */
static void
assert_quiet(struct pair *p)
{
	int i, fd = spdk_sock_group_get_interruptfd(p->group);

	for (i = 0; i < 10 && readable(fd, WAIT_MS); i++) {
		assert_true(spdk_sock_group_poll(p->group) >= 0);
	}
	assert_false(readable(fd, 0));
}

/* Bytes in the socket, bytes received ahead, queued writes: each makes it readable. */
static void
test_interruptfd(void **state)
{
	static struct req req;
	uint8_t bytes[100] = { 0 };
	struct pair p;
	int taken;

	assert_int_equal(interrupt_mode(true), 0);
	pair_open(&p, "127.0.0.1");
	assert_true(spdk_sock_group_get_interruptfd(p.group) >= 0);
	assert_quiet(&p);
	p.take_max = 10;
	send_all(p.client, bytes, sizeof(bytes));
	for (taken = 10; taken <= 100; taken += 10) {
		serve(&p, (const int *)&p.taken, taken);
	}
	assert_quiet(&p);
	g_done = 0;
	req_submit(p.server, &req, bytes, sizeof(bytes));
	serve(&p, &g_done, 1);
	assert_quiet(&p);
	pair_close(&p);
	assert_int_equal(interrupt_mode(false), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recv_next),
		cmocka_unit_test(test_recv_next_keeps_buffers),
		cmocka_unit_test(test_initialize),
		cmocka_unit_test(test_interruptfd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
