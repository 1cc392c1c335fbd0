/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The io_uring sockets on rings that are too small, or that the system does not take entries of,
 * and with entries that end without having done what they were for.
 */

#include <poll.h>

#include "../posix/faults.h"

enum {
	PAIRS = 24,
	LEN = 5000
};

static uint8_t g_out[LEN];

static int
setup(void **state)
{
	size_t i;

	for (i = 0; i < LEN; i++) {
		g_out[i] = (uint8_t)(i * 7 + (i >> 8));
	}
	return 0;
}

static int
teardown(void **state)
{
	g_ring_entries = g_ring_cq_entries = 0;
	script_set(&g_submit, NULL);
	script_set(&g_send, NULL);
	script_set(&g_read, NULL);
	return 0;
}

/* Poll as one who sleeps on the descriptor: it must be woken, or the counter not be 0. */
static void
poll_woken(struct spdk_sock_group *group)
{
	struct pollfd pfd = { .fd = sock_group_get_fd(group), .events = POLLIN };

	if (*sock_group_get_counter(group) == 0) {
		assert_int_equal(poll(&pfd, 1, 10000), 1);
	}
	assert_true(spdk_sock_group_poll(group) >= 0);
}

/* Each of the servers in one group gets LEN bytes and sends LEN. */
static void
exchange(struct pair *pairs, int num)
{
	static uint8_t in[PAIRS][LEN], back[PAIRS][LEN];
	static struct req reqs[PAIRS];
	size_t have[PAIRS] = { 0 };
	int i, left;
	ssize_t n;

	for (i = 0; i < num; i++) {
		pairs[i].take_max = 777;
		pairs[i].into = in[i];
		pairs[i].taken = 0;
		send_all(pairs[i].client, g_out, LEN);
		req_submit(pairs[i].server, &reqs[i], g_out, LEN);
	}
	do {
		poll_woken(pairs[0].group);
		for (i = 0, left = 0; i < num; i++) {
			n = spdk_sock_recv(pairs[i].client, back[i] + have[i], LEN - have[i]);
			have[i] += n > 0 ? (size_t)n : 0;
			left += have[i] < LEN || pairs[i].taken < LEN || reqs[i].err == 1;
		}
	} while (left > 0);
	for (i = 0; i < num; i++) {
		assert_int_equal(reqs[i].err, 0);
		assert_memory_equal(in[i], g_out, LEN);
		assert_memory_equal(back[i], g_out, LEN);
	}
}

/* All servers in the group of the first. */
static void
pairs_open(struct pair *pairs, int num)
{
	int i;

	for (i = 0; i < num; i++) {
		pair_open(&pairs[i], "127.0.0.1");
		if (i > 0) {
			assert_int_equal(
			        spdk_sock_group_remove_sock(pairs[i].group, pairs[i].server), 0);
			assert_int_equal(spdk_sock_group_close(&pairs[i].group), 0);
			assert_int_equal(spdk_sock_group_add_sock(pairs[0].group, pairs[i].server,
			                                          server_ready, &pairs[i]),
			                 0);
		}
	}
}

static void
pairs_close(struct pair *pairs, int num)
{
	int i;

	for (i = num - 1; i >= 0; i--) {
		assert_int_equal(spdk_sock_group_remove_sock(pairs[0].group, pairs[i].server), 0);
		assert_int_equal(spdk_sock_close(&pairs[i].server), 0);
		assert_int_equal(spdk_sock_close(&pairs[i].client), 0);
		assert_int_equal(spdk_sock_close(&pairs[i].listener), 0);
	}
	assert_int_equal(*sock_group_get_counter(pairs[0].group), 0);
	assert_int_equal(spdk_sock_group_close(&pairs[0].group), 0);
}

/* More sockets than entries and than places for completions: nothing is lost. */
static void
test_small_rings(void **state)
{
	static const struct {
		unsigned int entries, cq;
	} rows[] = { { 1, 1 }, { 1, 2 }, { 2, 4 }, { 8, 8 }, { 64, 64 } };
	static struct pair pairs[PAIRS];
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		g_ring_entries = rows[i].entries;
		g_ring_cq_entries = rows[i].cq;
		pairs_open(pairs, PAIRS);
		exchange(pairs, PAIRS);
		exchange(pairs, PAIRS);
		pairs_close(pairs, PAIRS);
	}
}

/* The system takes no entries, some times in a row, of a ring with room and of one without: they go
 * later. */
static void
test_submit_fails(void **state)
{
	static const int errs[] = { EAGAIN, EBUSY, EINTR, ENOMEM };
	static struct pair pairs[2];
	int steps[SCRIPT_MAX] = { 0 };
	size_t i, j, times;

	for (i = 0; i < SPDK_COUNTOF(errs); i++) {
		for (times = 1; times < 20; times += 3) {
			for (j = 0; j < times; j++) {
				steps[j] = errs[i];
			}
			steps[times] = 0;
			g_ring_entries = times % 2;
			g_ring_cq_entries = 2;
			script_set(&g_submit, steps);
			pairs_open(pairs, 2);
			exchange(pairs, 2);
			script_set(&g_submit, steps);
			exchange(pairs, 2);
			script_set(&g_submit, steps);
			pairs_close(pairs, 2);
		}
	}
}

/* Entries that were cancelled, found no buffers or were not taken: asked again, and nothing is told
 * of it. */
static void
test_entries_end(void **state)
{
	static const int errs[] = { ECANCELED, EAGAIN, EINTR, ENOBUFS };
	static struct pair pairs[2];
	int steps[4] = { 0 };
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(errs); i++) {
		steps[0] = steps[1] = steps[2] = errs[i];
		script_set(&g_send, NULL);
		script_set(&g_read, steps);
		pairs_open(pairs, 2);
		exchange(pairs, 2);
		/* Not before: what the clients send would be spoiled too. */
		assert_int_equal(g_read.at, 3);
		pairs_close(pairs, 2);
	}
}

/* Without a copy: the same of what becomes of a send; and notices of no bytes. */
static void
test_zcopy_entries_end(void **state)
{
	static const int errs[] = { ECANCELED, EAGAIN, ENOBUFS, ENOMEM, EOPNOTSUPP };
	struct spdk_sock_impl_opts opts, saved;
	size_t len = sizeof(saved), i;
	static struct req req;
	uint8_t in[LEN];
	struct pair p;
	int n;

	assert_int_equal(spdk_sock_impl_get_opts("uring", &saved, &len), 0);
	opts = saved;
	opts.enable_zerocopy_send_server = true;
	assert_int_equal(spdk_sock_impl_set_opts("uring", &opts, sizeof(opts)), 0);
	for (i = 0; i < SPDK_COUNTOF(errs); i++) {
		pair_open(&p, "127.0.0.1");
		/* After the last one it copies, and that can't be "not supported". */
		script_set(&g_send,
		           (const int[]){ -7, errs[i], -100,
		                          i + 1 < SPDK_COUNTOF(errs) ? errs[i] : EINTR, 0 });
		req_submit(p.server, &req, g_out, LEN);
		assert_int_equal(client_read_all(&p, in, LEN), LEN);
		assert_memory_equal(in, g_out, LEN);
		for (n = 0; req.err == 1 && n < TRIES; n++) {
			assert_true(poll_group(&p) >= 0);
		}
		assert_int_equal(req.err, 0);
		assert_int_equal(p.server->zcopy_low, p.server->zcopy_next);
		pair_close(&p);
	}
	assert_int_equal(spdk_sock_impl_set_opts("uring", &saved, sizeof(saved)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_small_rings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_submit_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_entries_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_zcopy_entries_end, setup, teardown),
	};

	setenv("SOCK_IMPL", "uring", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
