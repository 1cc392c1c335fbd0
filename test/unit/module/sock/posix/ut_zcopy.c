/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Sends without a copy: that the options choose them, that call-backs wait for the network to let
 * go, keep the order between copied and not copied ones, and come at close, reset and move, too.
 */

#include <poll.h>
#include <sys/socket.h>

#include "pair.h"

enum {
	LEN = 300000,
	REQS = 40
};

static struct spdk_sock_impl_opts g_saved;

static void
zcopy_set(bool server, bool client, uint32_t threshold)
{
	struct spdk_sock_impl_opts opts = g_saved;

	opts.enable_zerocopy_send_server = server;
	opts.enable_zerocopy_send_client = client;
	opts.zerocopy_threshold = threshold;
	assert_int_equal(spdk_sock_impl_set_opts(ut_impl(), &opts, sizeof(opts)), 0);
}

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

/* Which end sends without a copy is said by the option of its kind, and by opts.zcopy of the
 * socket; how large a send has to be by the threshold. */
static void
test_chosen(void **state)
{
	static const struct {
		bool server, client;
		uint32_t threshold;
		size_t len;
		bool by_server, by_client;
	} rows[] = {
		{ false, false, 0, LEN, false, false },     { true, false, 0, LEN, true, false },
		{ false, true, 0, LEN, false, true },       { true, true, LEN, LEN, true, true },
		{ true, true, LEN + 1, LEN, false, false },
	};
	static uint8_t out[LEN], in[LEN];
	static struct req req;
	struct pair p;
	size_t i;
	int n;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		zcopy_set(rows[i].server, rows[i].client, rows[i].threshold);
		pair_open(&p, "127.0.0.1");
		req_submit(p.server, &req, out, rows[i].len);
		assert_int_equal(client_read_all(&p, in, rows[i].len), rows[i].len);
		for (n = 0; req.err == 1 && n < TRIES; n++) {
			assert_true(poll_group(&p) >= 0);
		}
		assert_int_equal(req.err, 0);
		assert_int_equal(p.server->zcopy_next > 0, rows[i].by_server);
		assert_int_equal(p.server->zcopy_low, p.server->zcopy_next);
		p.take_max = 65536;
		req_submit(p.client, &req, out, rows[i].len);
		for (n = 0; req.err == 1 && n < 100 * TRIES; n++) {
			(void)spdk_sock_flush(p.client);
			assert_true(spdk_sock_group_poll(p.group) >= 0);
		}
		assert_int_equal(req.err, 0);
		/* A client outside of a group may copy: whether it can do otherwise is its own. */
		assert_true(rows[i].by_client || p.client->zcopy_next == 0);
		pair_close(&p);
	}
}

static void
test_socket_says_no(void **state)
{
	struct spdk_sock_opts opts = { .opts_size = sizeof(opts) };
	static uint8_t out[LEN], in[LEN];
	static struct req req;
	struct pair p;
	int n;

	zcopy_set(true, true, 0);
	spdk_sock_get_default_opts(&opts);
	assert_true(opts.zcopy);
	opts.zcopy = false;
	memset(&p, 0, sizeof(p));
	p.listener = spdk_sock_listen_ext("127.0.0.1", 0, ut_impl(), &opts);
	assert_int_equal(spdk_sock_getaddr(p.listener, NULL, 0, &p.port, NULL, 0, NULL), 0);
	p.client = spdk_sock_connect("127.0.0.1", p.port, ut_impl());
	p.server = accept_wait(p.listener);
	p.group = spdk_sock_group_create(NULL);
	assert_int_equal(spdk_sock_group_add_sock(p.group, p.server, server_ready, &p), 0);
	req_submit(p.server, &req, out, LEN);
	assert_int_equal(client_read_all(&p, in, LEN), LEN);
	for (n = 0; req.err == 1 && n < TRIES; n++) {
		assert_true(poll_group(&p) >= 0);
	}
	assert_int_equal(req.err, 0);
	assert_int_equal(p.server->zcopy_next, 0);
	pair_close(&p);
}

/* Small ones are copied, large ones not: the order of call-backs is that of the submits. */
static void
test_order(void **state)
{
	static uint8_t out[LEN], in[LEN];
	static struct req reqs[REQS];
	struct pair p;
	size_t total = 0, len;
	int i, n;

	for (i = 0; i < LEN; i++) {
		out[i] = (uint8_t)(i * 3 + (i >> 9));
	}
	zcopy_set(true, false, 4096);
	pair_open(&p, "127.0.0.1");
	g_done = 0;
	for (i = 0, n = 0; i < REQS; i++) {
		len = i % 3 == 0 ? 10000 : 100;
		req_submit(p.server, &reqs[i], out + total, len);
		total += len;
		if (i % 2 != 0) {
			assert_true(spdk_sock_group_poll(p.group) >= 0);
		}
	}
	assert_int_equal(client_read_all(&p, in, total), total);
	assert_memory_equal(in, out, total);
	for (n = 0; g_done < REQS && n < TRIES; n++) {
		assert_true(poll_group(&p) >= 0);
	}
	for (i = 0; i < REQS; i++) {
		assert_int_equal(reqs[i].err, 0);
		assert_int_equal(reqs[i].order, i + 1);
	}
	assert_true(p.server->zcopy_next > 0);
	assert_int_equal(*sock_group_get_counter(p.group), 0);
	pair_close(&p);
}

/* Blocked, then closed, or the peer resets: each is told once, in order. */
static void
test_ends(void **state)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	uint8_t *out = calloc(1, 16 * LEN);
	static struct req reqs[REQS];
	struct pair p;
	int i, n, how;

	for (how = 0; how < 2; how++) {
		zcopy_set(true, false, 0);
		pair_open(&p, "127.0.0.1");
		g_done = 0;
		for (i = 0; i < REQS; i++) {
			req_submit(p.server, &reqs[i], out, 16 * LEN);
		}
		for (i = 0; i < 10; i++) {
			assert_true(spdk_sock_group_poll(p.group) >= 0);
		}
		assert_true(g_done < REQS);
		if (how == 0) {
			assert_int_equal(spdk_sock_group_remove_sock(p.group, p.server), 0);
			assert_int_equal(spdk_sock_close(&p.server), 0);
		} else {
			assert_int_equal(setsockopt(sock_get_fd(p.client), SOL_SOCKET, SO_LINGER,
			                            &now, sizeof(now)),
			                 0);
			assert_int_equal(spdk_sock_close(&p.client), 0);
		}
		for (n = 0; g_done < REQS && n < TRIES; n++) {
			assert_true(poll_group(&p) >= 0);
		}
		assert_int_equal(g_done, REQS);
		for (i = 0; i < REQS; i++) {
			assert_int_equal(reqs[i].order, i + 1);
		}
		assert_true(reqs[REQS - 1].err < 0);
		pair_close(&p);
	}
	free(out);
}

enum where {
	TO_OTHER,   /* group */
	TO_NONE,    /* and stays out of groups */
	TO_AND_FRO, /* out of its group, and back */
	WHERES
};

/* Where what is out is told of from now on. False: the socket is in no group. */
static bool
move(struct pair *p, enum where where, struct spdk_sock_group **old)
{
	assert_int_equal(spdk_sock_group_remove_sock(p->group, p->server), 0);
	if (where == TO_OTHER) {
		*old = p->group;
		p->group = spdk_sock_group_create(NULL);
	}
	if (where != TO_NONE) {
		assert_int_equal(spdk_sock_group_add_sock(p->group, p->server, server_ready, p), 0);
	}
	return where != TO_NONE;
}

/* What a thread does that sleeps on the group's descriptor: it must be woken. */
static void
serve(struct pair *p, bool grouped)
{
	struct pollfd pfd = { .events = POLLIN };

	if (!grouped) {
		(void)spdk_sock_flush(p->server);
		return;
	}
	if (*sock_group_get_counter(p->group) == 0) {
		pfd.fd = sock_group_get_fd(p->group);
		assert_int_equal(poll(&pfd, 1, 10000), 1);
	}
	assert_true(spdk_sock_group_poll(p->group) >= 0);
}

/* A socket that leaves its group while the network still holds sends loses nothing: each byte
 * arrives, and each request is told once, in order, with success. */
static void
test_moves(void **state)
{
	static uint8_t out[16 * LEN], in[16 * LEN];
	static struct req reqs[3];
	struct spdk_sock_group *old = NULL;
	struct pair p;
	bool grouped;
	size_t have;
	ssize_t n;
	int where, i;

	for (i = 0; i < 16 * LEN; i++) {
		out[i] = (uint8_t)(i * 3 + (i >> 9));
	}
	for (where = 0; where < WHERES; where++) {
		zcopy_set(true, false, 0);
		pair_open(&p, "127.0.0.1");
		g_done = 0;
		for (i = 0; i < 3; i++) {
			req_submit(p.server, &reqs[i], out + i * 5 * LEN, 5 * LEN);
		}
		for (i = 0; i < 100; i++) {
			assert_true(spdk_sock_group_poll(p.group) >= 0);
		}
		assert_true(p.server->zcopy_low != p.server->zcopy_next);
		grouped = move(&p, where, &old);
		for (have = 0; have < 15 * LEN;) {
			n = spdk_sock_recv(p.client, in + have, 15 * LEN - have);
			have += n > 0 ? (size_t)n : 0;
			assert_true(n > 0 || errno == EAGAIN);
			assert_true(!grouped || spdk_sock_group_poll(p.group) >= 0);
			(void)spdk_sock_flush(p.server);
		}
		while (g_done < 3) {
			serve(&p, grouped);
		}
		assert_memory_equal(in, out, 15 * LEN);
		for (i = 0; i < 3; i++) {
			assert_int_equal(reqs[i].err, 0);
			assert_int_equal(reqs[i].order, i + 1);
		}
		assert_true(spdk_sock_is_connected(p.server));
		if (!grouped) {
			assert_int_equal(
			        spdk_sock_group_add_sock(p.group, p.server, server_ready, &p), 0);
		}
		pair_close(&p);
		if (old != NULL) {
			assert_int_equal(spdk_sock_group_close(&old), 0);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_chosen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_socket_says_no, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moves, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
