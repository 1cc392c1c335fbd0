/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * What asynchronous writes promise: each completes once, in order, never inside its submit,
 * whatever becomes of the connection; and what is written arrives, in order, whatever the sizes.
 */

#include <sys/socket.h>

#include "pair.h"

#define SMALL 10000

static void
fill(uint8_t *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		buf[i] = (uint8_t)(i * 7 + (i >> 8) * 13);
	}
}

static void
assert_all_told(const struct req *reqs, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		assert_int_not_equal(reqs[i].err, 1);
		assert_int_equal(reqs[i].order, i + 1);
	}
}

/* 10,000 writes of 1 to 16 bytes, submitted in bursts. */
static void
test_small_writes(void **state)
{
	static struct req reqs[SMALL];
	static uint8_t out[SMALL * 16], in[SMALL * 16];
	size_t at = 0, len;
	struct pair p;
	int i;

	fill(out, sizeof(out));
	pair_open(&p, "127.0.0.1");
	g_done = 0;
	for (i = 0; i < SMALL; i++) {
		len = i % 16 + 1;
		req_submit(p.server, &reqs[i], out + at, len);
		at += len;
		if (i % 1000 == 999) {
			assert_true(spdk_sock_group_poll(p.group) >= 0);
		}
	}
	assert_int_equal(client_read_all(&p, in, at), at);
	assert_memory_equal(in, out, at);
	for (i = 0; g_done < SMALL && i < TRIES; i++) {
		assert_true(poll_group(&p) >= 0);
	}
	assert_int_equal(g_done, SMALL);
	assert_all_told(reqs, SMALL);
	assert_int_equal(reqs[SMALL - 1].err, 0);
	pair_close(&p);
}

#define VECS 3000

static struct {
	struct spdk_sock_request r;
	struct iovec iov[VECS];
	int err; /* 1: not called back */
} g_vecs;

static void
vecs_done(void *arg, int err)
{
	assert_int_equal(g_vecs.err, 1);
	g_vecs.err = err;
}

/* More vectors than one system call takes (IOV_MAX), in one request, with empty ones between. */
static void
test_many_vectors(void **state)
{
	static uint8_t out[VECS], in[VECS];
	struct pair p;
	size_t bytes = 0;
	int i;

	fill(out, sizeof(out));
	pair_open(&p, "127.0.0.1");
	g_vecs.err = 1;
	g_vecs.r.cb_fn = vecs_done;
	g_vecs.r.iovcnt = VECS;
	for (i = 0; i < VECS; i++) {
		g_vecs.iov[i].iov_base = out + bytes;
		g_vecs.iov[i].iov_len = i % 3 != 0;
		bytes += g_vecs.iov[i].iov_len;
	}
	spdk_sock_writev_async(p.server, &g_vecs.r);
	assert_int_equal(g_vecs.err, 1);
	assert_int_equal(client_read_all(&p, in, bytes), bytes);
	assert_memory_equal(in, out, bytes);
	for (i = 0; g_vecs.err == 1 && i < TRIES; i++) {
		assert_true(poll_group(&p) >= 0);
	}
	assert_int_equal(g_vecs.err, 0);
	pair_close(&p);
}

enum {
	BIG = 8 * 1024 * 1024,
	BIGS = 8
};

/* Writes that block, to a peer that reads a little: then the socket is closed, or taken to another
 * group, or the peer goes. Whoever was wholly sent before has succeeded, nobody after a failure. */
static void
big_writes(struct pair *p, struct req *reqs, uint8_t *out, size_t read_first)
{
	static uint8_t in[1 << 20];
	int i;

	pair_open(p, "127.0.0.1");
	g_done = 0;
	for (i = 0; i < BIGS; i++) {
		req_submit(p->server, &reqs[i], out, BIG);
	}
	for (; read_first > 0; read_first -= spdk_min(read_first, sizeof(in))) {
		size_t want = spdk_min(read_first, sizeof(in));

		assert_int_equal(client_read_all(p, in, want), want);
	}
}

static void
assert_told_by(const struct req *reqs, int err_a, int err_b)
{
	bool failed = false;
	int i;

	assert_int_equal(g_done, BIGS);
	assert_all_told(reqs, BIGS);
	for (i = 0; i < BIGS; i++) {
		failed = failed || reqs[i].err != 0;
		if (failed) {
			assert_true(reqs[i].err == err_a || reqs[i].err == err_b);
		}
	}
	assert_true(failed);
}

static void
test_close_with_writes(void **state)
{
	static const size_t reads[] = { 0, 1 << 20, 2 * BIG + 12345 };
	uint8_t *out = calloc(1, BIG);
	static struct req reqs[BIGS];
	struct pair p;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(reads); i++) {
		big_writes(&p, reqs, out, reads[i]);
		assert_int_equal(spdk_sock_group_remove_sock(p.group, p.server), 0);
		assert_int_equal(*sock_group_get_counter(p.group), 0);
		assert_int_equal(spdk_sock_close(&p.server), 0);
		assert_told_by(reqs, -ECANCELED, -ECANCELED);
		pair_close(&p);
	}
	free(out);
}

static void
test_reset_with_writes(void **state)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	uint8_t *out = calloc(1, BIG);
	static struct req reqs[BIGS];
	struct pair p;
	int i;

	big_writes(&p, reqs, out, BIG + 1);
	assert_int_equal(
	        setsockopt(sock_get_fd(p.client), SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	assert_int_equal(spdk_sock_close(&p.client), 0);
	for (i = 0; g_done < BIGS && i < TRIES; i++) {
		assert_true(poll_group(&p) >= 0);
	}
	assert_told_by(reqs, -ECONNRESET, -EPIPE);
	pair_close(&p);
	free(out);
}

/* A socket that moves to another group in the middle of its writes goes on there. */
static void
test_move_with_writes(void **state)
{
	struct spdk_sock_group *other = spdk_sock_group_create(NULL), *first;
	uint8_t *out = malloc(BIG), *in = malloc(BIG);
	static struct req reqs[BIGS];
	struct pair p;
	int i;

	fill(out, BIG);
	big_writes(&p, reqs, out, 1000);
	assert_int_equal(spdk_sock_group_remove_sock(p.group, p.server), 0);
	assert_int_equal(*sock_group_get_counter(p.group), 0);
	first = p.group;
	p.group = other;
	assert_int_equal(spdk_sock_group_add_sock(other, p.server, server_ready, &p), 0);
	assert_int_equal(client_read_all(&p, in, BIG - 1000), BIG - 1000);
	assert_memory_equal(in, out + 1000, BIG - 1000);
	for (i = 1; i < BIGS; i++) {
		assert_int_equal(client_read_all(&p, in, BIG), BIG);
		assert_memory_equal(in, out, BIG);
	}
	for (i = 0; g_done < BIGS && i < TRIES; i++) {
		assert_true(poll_group(&p) >= 0);
	}
	assert_all_told(reqs, BIGS);
	assert_int_equal(reqs[BIGS - 1].err, 0);
	pair_close(&p);
	assert_int_equal(spdk_sock_group_close(&first), 0);
	free(out);
	free(in);
}

/* A request without bytes completes too, in its turn. */
static void
test_empty_requests(void **state)
{
	static struct req reqs[3];
	uint8_t out[8] = { 1, 2, 3 }, in[8];
	struct pair p;
	int i;

	pair_open(&p, "127.0.0.1");
	g_done = 0;
	req_submit(p.server, &reqs[0], out, 0);
	req_submit(p.server, &reqs[1], out, 8);
	req_submit(p.server, &reqs[2], out, 0);
	assert_int_equal(client_read_all(&p, in, 8), 8);
	for (i = 0; g_done < 3 && i < TRIES; i++) {
		assert_true(poll_group(&p) >= 0);
	}
	assert_all_told(reqs, 3);
	g_done = 0;
	req_submit(p.server, &reqs[0], out, 0);
	for (i = 0; g_done < 1 && i < TRIES; i++) {
		assert_true(poll_group(&p) >= 0);
	}
	assert_int_equal(reqs[0].err, 0);
	pair_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_writes),      cmocka_unit_test(test_many_vectors),
		cmocka_unit_test(test_close_with_writes), cmocka_unit_test(test_reset_with_writes),
		cmocka_unit_test(test_move_with_writes),  cmocka_unit_test(test_empty_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
