/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * TCP sockets where the system does less than it was asked, or nothing: writes and reads cut at
 * each byte, errors of each call, no memory, no descriptors, signals. One table for all
 * implementations; faults.c spoils the calls and the entries of rings.
 */

#include <sys/socket.h>

#include "faults.h"

/* ---- Writes ---- */

#define REQS 3
#define REQ_BYTES 7
#define ALL_BYTES (REQS * REQ_BYTES)

static void
submit_all(struct pair *p, struct req *reqs, uint8_t *out)
{
	int i;

	g_done = 0;
	for (i = 0; i < ALL_BYTES; i++) {
		out[i] = (uint8_t)(i * 11 + 1);
	}
	for (i = 0; i < REQS; i++) {
		req_submit(p->server, &reqs[i], out + i * REQ_BYTES, REQ_BYTES);
	}
}

/* Cut at each pair of places, blocked in between as the errno says: every byte comes once, and
 * every request is told once, in order, not before its last byte is out. */
static void
test_cut_everywhere(void **state)
{
	static const int blocks[] = { EAGAIN, EINTR, ENOBUFS };
	uint8_t out[ALL_BYTES], in[ALL_BYTES];
	struct req reqs[REQS];
	struct pair p;
	int a, b, i;

	pair_open(&p, "127.0.0.1");
	for (a = 1; a < ALL_BYTES; a++) {
		for (b = 1; a + b <= ALL_BYTES; b++) {
			int err = blocks[(a + b) % SPDK_COUNTOF(blocks)];

			script_set(&g_send, (const int[]){ -a, err, -b, err, 0 });
			submit_all(&p, reqs, out);
			assert_true(spdk_sock_group_poll(p.group) >= 0);
			/* A ring goes on in the same poll. */
			assert_true((size_t)g_done <= script_allowed(&g_send) / REQ_BYTES);
			assert_true(ut_is_uring() || g_done == a / REQ_BYTES);
			memset(in, 0, sizeof(in));
			assert_int_equal(client_read_all(&p, in, ALL_BYTES), ALL_BYTES);
			assert_memory_equal(in, out, ALL_BYTES);
			for (i = 0; i < TRIES && g_done < REQS; i++) {
				assert_true(poll_group(&p) >= 0);
			}
			for (i = 0; i < REQS; i++) {
				assert_int_equal(reqs[i].err, 0);
				assert_int_equal(reqs[i].order, i + 1);
			}
			assert_int_equal(*sock_group_get_counter(p.group), 0);
		}
	}
	script_set(&g_send, NULL);
	pair_close(&p);
}

/* The connection breaks after each number of bytes: who was out by then has succeeded. */
static void
test_broken_everywhere(void **state)
{
	static const int errs[] = { EPIPE, ECONNRESET, ETIMEDOUT };
	uint8_t out[ALL_BYTES];
	struct req reqs[REQS];
	struct pair p;
	int a, i;

	for (a = 1; a < ALL_BYTES; a++) {
		int err = errs[a % SPDK_COUNTOF(errs)];

		pair_open(&p, "127.0.0.1");
		script_set(&g_send, (const int[]){ -a, err, 0 });
		submit_all(&p, reqs, out);
		for (i = 0; i < TRIES && g_done < REQS; i++) {
			assert_true(poll_group(&p) >= 0);
		}
		for (i = 0; i < REQS; i++) {
			assert_int_equal(reqs[i].err, (i + 1) * REQ_BYTES <= a ? 0 : -err);
			assert_int_equal(reqs[i].order, i + 1);
		}
		pair_close(&p);
	}
	script_set(&g_send, NULL);
}

/* Many queued vectors: the posix sockets send them inside submit, and what happens there is told by
 * the next poll. */
static void
test_full_queue(void **state)
{
	static const int results[] = { -5, EAGAIN, EPIPE };
	static struct req reqs[64];
	static uint8_t out[64 * 24], in[64 * 24];
	struct pair p;
	size_t r, i;

	for (r = 0; r < SPDK_COUNTOF(results); r++) {
		pair_open(&p, "127.0.0.1");
		script_set(&g_send, (const int[]){ results[r], 0 });
		g_done = 0;
		for (i = 0; i < 64; i++) {
			req_submit(p.server, &reqs[i], out + i * 24, 24);
		}
		assert_int_equal(g_send.calls, ut_is_uring() ? 0 : 1);
		if (results[r] == EPIPE) {
			assert_int_equal(*sock_group_get_counter(p.group), 1);
			assert_true(spdk_sock_group_poll(p.group) >= 0);
		} else {
			assert_int_equal(client_read_all(&p, in, sizeof(in)), sizeof(in));
			assert_memory_equal(in, out, sizeof(in));
			assert_true(spdk_sock_group_poll(p.group) >= 0);
		}
		assert_int_equal(g_done, 64);
		assert_int_equal(reqs[63].err, results[r] == EPIPE ? -EPIPE : 0);
		pair_close(&p);
	}
	script_set(&g_send, NULL);
}

/* writev() goes behind the queue, and says what stopped it. */
static void
test_writev_behind_queue(void **state)
{
	static const struct {
		int steps[3];
		int err; /* 0: it goes */
		int told;
		int ring_err; /* to whom a short send only is one */
	} rows[] = {
		{ { 0 }, 0, 0, 0 },
		{ { -5, 0 }, EAGAIN, 0, 0 },
		{ { EAGAIN, 0 }, EAGAIN, 0, EAGAIN },
		{ { EPIPE, 0 }, EPIPE, -EPIPE, EPIPE },
	};
	uint8_t out[ALL_BYTES];
	struct iovec iov = { out, 4 };
	struct req reqs[REQS];
	struct pair p;
	size_t i, n;
	int err;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		err = ut_is_uring() ? rows[i].ring_err : rows[i].err;
		pair_open(&p, "127.0.0.1");
		submit_all(&p, reqs, out);
		script_set(&g_send, rows[i].steps);
		errno = 0;
		assert_int_equal(spdk_sock_writev(p.server, &iov, 1), err != 0 ? -1 : 4);
		assert_int_equal(errno, err);
		assert_int_equal(g_done, 0);
		for (n = 0; n < TRIES && g_done < REQS; n++) {
			assert_true(poll_group(&p) >= 0);
		}
		assert_int_equal(reqs[REQS - 1].err, rows[i].told);
		pair_close(&p);
	}
	script_set(&g_send, NULL);
}

/* The network takes nothing for long: nothing is told, no poll spins, and then all goes. */
static void
test_stall(void **state)
{
	static const int errs[] = { EAGAIN, EINTR, ENOBUFS };
	uint8_t out[ALL_BYTES], in[ALL_BYTES];
	struct req reqs[REQS];
	struct pair p;
	size_t e;
	int i;

	for (e = 0; e < SPDK_COUNTOF(errs); e++) {
		pair_open(&p, "127.0.0.1");
		script_set(&g_send, NULL);
		g_send.forever = errs[e];
		submit_all(&p, reqs, out);
		for (i = 0; i < 50; i++) {
			assert_true(spdk_sock_group_poll(p.group) >= 0);
		}
		assert_int_equal(g_done, 0);
		assert_in_range(g_send.calls, 1, 50 * 4);
		script_set(&g_send, NULL);
		assert_int_equal(client_read_all(&p, in, ALL_BYTES), ALL_BYTES);
		for (i = 0; i < TRIES && g_done < REQS; i++) {
			assert_true(poll_group(&p) >= 0);
		}
		assert_int_equal(reqs[REQS - 1].err, 0);
		pair_close(&p);
	}
}

/* ---- Reads and polls ---- */

/* Reads that get less than there is, or nothing for the moment: each byte comes once, in order. */
static void
test_short_reads(void **state)
{
	static const int steps[] = { -1, EAGAIN, -2, -3, EINTR, EINTR, -7, -1, EAGAIN, -50, 0 };
	uint8_t out[500], in[500];
	struct pair p;
	size_t i, max;

	for (i = 0; i < sizeof(out); i++) {
		out[i] = (uint8_t)(i * 5 + 1);
	}
	for (max = 1; max <= 500; max += 37) {
		pair_open(&p, "127.0.0.1");
		p.take_max = max;
		p.into = in;
		script_set(&g_read, steps);
		send_all(p.client, out, sizeof(out));
		poll_until_taken(&p, sizeof(out));
		assert_memory_equal(in, out, sizeof(out));
		assert_int_equal(g_read.at, SPDK_COUNTOF(steps) - 1);
		pair_close(&p);
	}
	script_set(&g_read, NULL);
}

/* A connection that breaks while it is read. */
static void
test_read_fails(void **state)
{
	static const int errs[] = { ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENOMEM };
	uint8_t byte = 1;
	struct pair p;
	size_t i;
	int n;

	for (i = 0; i < SPDK_COUNTOF(errs); i++) {
		pair_open(&p, "127.0.0.1");
		script_set(&g_read, (const int[]){ errs[i], 0 });
		send_all(p.client, &byte, 1);
		for (n = 0; n < TRIES && p.called == 0; n++) {
			assert_true(poll_group(&p) >= 0);
		}
		assert_int_equal(spdk_sock_recv(p.server, &byte, 1), -1);
		assert_int_equal(errno, errs[i]);
		pair_close(&p);
	}
	script_set(&g_read, NULL);
}

/* One end says that it sends no more: what it said comes first, and the other one may still send.
 */
static void
test_half_close(void **state)
{
	uint8_t out[ALL_BYTES], in[ALL_BYTES];
	struct req reqs[REQS];
	struct pair p;
	int i;

	pair_open(&p, "127.0.0.1");
	script_set(&g_read, (const int[]){ -3, EAGAIN, -3, 0 });
	send_all(p.client, "abcdefgh", 8);
	assert_int_equal(shutdown(sock_get_fd(p.client), SHUT_WR), 0);
	p.take_max = 8;
	p.into = in;
	poll_until_taken(&p, 8);
	assert_memory_equal(in, "abcdefgh", 8);
	for (i = 0; i < TRIES && spdk_sock_recv(p.server, in, 1) != 0; i++) {
		assert_int_equal(errno, EAGAIN);
		assert_true(spdk_sock_group_poll(p.group) >= 0);
	}
	p.take_max = 0;
	script_set(&g_send, (const int[]){ -4, EAGAIN, 0 });
	submit_all(&p, reqs, out);
	assert_int_equal(client_read_all(&p, in, ALL_BYTES), ALL_BYTES);
	assert_memory_equal(in, out, ALL_BYTES);
	for (i = 0; i < TRIES && g_done < REQS; i++) {
		assert_true(poll_group(&p) >= 0);
	}
	assert_int_equal(reqs[REQS - 1].err, 0);
	pair_close(&p);
	script_set(&g_read, NULL);
	script_set(&g_send, NULL);
}

/* What only epoll can. */
static void
test_interrupted(void **state)
{
	uint8_t out[100] = { 1, 2, 3 }, in[100];
	struct pair p;

	if (ut_is_uring()) {
		return;
	}

	pair_open(&p, "127.0.0.1");
	p.take_max = 100;
	p.into = in;
	send_all(p.client, out, sizeof(out));
	wait_fd(sock_group_get_fd(p.group));
	script_set(&g_read, (const int[]){ EINTR, EAGAIN, 0 });
	script_set(&g_epoll_wait, (const int[]){ EINTR, 0 });
	assert_int_equal(spdk_sock_group_poll(p.group), 0);
	poll_until_taken(&p, 100);
	assert_memory_equal(in, out, 100);
	script_set(&g_epoll_wait, (const int[]){ EBADF, 0 });
	assert_int_equal(spdk_sock_group_poll(p.group), -1);
	assert_int_equal(errno, EBADF);
	script_set(&g_read, (const int[]){ ECONNRESET, 0 });
	assert_int_equal(spdk_sock_set_recvlowat(p.server, 1), 0);
	while (spdk_sock_recv(p.server, in, 1) < 0 && errno == EAGAIN) {
	}
	assert_int_equal(errno, ECONNRESET);
	pair_close(&p);
}

/* ---- Accept ---- */

static void
test_accept_errors(void **state)
{
	/* One connection died in the queue: the next is taken by the same call. */
	static const int peers[] = { EINTR,     ECONNABORTED, EPROTO,       ENOPROTOOPT, ENETDOWN,
		                     EHOSTDOWN, ENONET,       EHOSTUNREACH, ENETUNREACH, EPERM };
	/* We can't: nothing is tried again. */
	static const int ours[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM, EBADF };
	struct spdk_sock *listener = spdk_sock_listen("127.0.0.1", 0, ut_impl()), *c, *s;
	uint16_t port;
	size_t i;

	assert_int_equal(spdk_sock_getaddr(listener, NULL, 0, &port, NULL, 0, NULL), 0);
	for (i = 0; i < SPDK_COUNTOF(peers); i++) {
		c = spdk_sock_connect("127.0.0.1", port, ut_impl());
		wait_fd(sock_get_fd(listener));
		script_set(&g_accept, (const int[]){ peers[i], peers[i], 0 });
		s = spdk_sock_accept(listener);
		assert_non_null(s);
		assert_int_equal(g_accept.calls, 3);
		spdk_sock_close(&s);
		spdk_sock_close(&c);
	}
	for (i = 0; i < SPDK_COUNTOF(ours); i++) {
		script_set(&g_accept, (const int[]){ ours[i], 0 });
		assert_null(spdk_sock_accept(listener));
		assert_int_equal(errno, ours[i]);
		assert_int_equal(g_accept.calls, 1);
	}
	script_set(&g_accept, NULL);
	g_accept.forever = ECONNABORTED;
	assert_null(spdk_sock_accept(listener));
	assert_int_equal(errno, EAGAIN);
	assert_true(g_accept.calls <= 16);
	script_set(&g_accept, NULL);
	spdk_sock_close(&listener);
}

/* ---- Connect ---- */

/* Signals that keep coming don't move the deadline. */
static void
test_connect_under_signals(void **state)
{
	struct spdk_sock *listener = spdk_sock_listen("127.0.0.1", 0, ut_impl());
	struct spdk_sock_opts opts = { .opts_size = sizeof(opts) };
	uint16_t port;

	assert_int_equal(spdk_sock_getaddr(listener, NULL, 0, &port, NULL, 0, NULL), 0);
	spdk_sock_get_default_opts(&opts);
	opts.connect_timeout = 50;
	script_set(&g_poll, NULL);
	g_poll.forever = EINTR;
	assert_null(spdk_sock_connect_ext("127.0.0.1", port, ut_impl(), &opts));
	assert_int_equal(errno, ETIMEDOUT);
	assert_in_range(g_poll.calls, 1, 52);
	script_set(&g_poll, (const int[]){ EINTR, EINTR, 0 });
	{
		struct spdk_sock *c = spdk_sock_connect("127.0.0.1", port, ut_impl());

		assert_non_null(c); /* without a deadline they don't end the wait either */
		spdk_sock_close(&c);
	}
	spdk_sock_close(&listener);
}

/* ---- Memory and descriptors ---- */

static int
count_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++) {
		n += fcntl(fd, F_GETFD) >= 0;
	}
	return n;
}

enum maker {
	MAKE_LISTEN,
	MAKE_CONNECT,
	MAKE_CONNECT_ASYNC,
	MAKE_ACCEPT,
	MAKE_GROUP,
	MAKERS
};

static void
connect_done(void *arg, int status)
{
}

/* Make one thing and let it go. False: it could not be made. */
static bool
make(enum maker what, struct spdk_sock *listener, uint16_t port)
{
	struct spdk_sock_group *group;
	struct spdk_sock *sock = NULL;

	switch (what) {
	case MAKE_LISTEN:
		sock = spdk_sock_listen("127.0.0.1", 0, ut_impl());
		break;
	case MAKE_CONNECT:
		sock = spdk_sock_connect("127.0.0.1", port, ut_impl());
		break;
	case MAKE_CONNECT_ASYNC:
		sock = spdk_sock_connect_async("127.0.0.1", port, ut_impl(), NULL, connect_done,
		                               NULL);
		break;
	case MAKE_ACCEPT:
		sock = spdk_sock_accept(listener);
		break;
	default:
		group = spdk_sock_group_create(NULL);
		return group != NULL && spdk_sock_group_close(&group) == 0;
	}
	return sock != NULL && spdk_sock_close(&sock) == 0;
}

/* Each allocation of each of them fails in turn: ENOMEM, nothing is left open. */
static void
test_no_memory(void **state)
{
	struct spdk_sock *listener = spdk_sock_listen("127.0.0.1", 0, ut_impl()), *c;
	uint16_t port;
	int what, nth, before;
	bool made;

	assert_int_equal(spdk_sock_getaddr(listener, NULL, 0, &port, NULL, 0, NULL), 0);
	for (what = 0; what < MAKERS; what++) {
		for (nth = 1, made = false; !made; nth++) {
			c = spdk_sock_connect("127.0.0.1", port, ut_impl());
			wait_fd(sock_get_fd(listener));
			before = count_fds();
			g_allocs = 0;
			g_alloc_fail = nth;
			made = make(what, listener, port);
			g_alloc_fail = 0;
			assert_true(made || errno == ENOMEM);
			assert_int_equal(made, g_allocs < nth);
			assert_int_equal(count_fds(), before);
			spdk_sock_close(&c);
			while ((c = spdk_sock_accept(listener)) != NULL) {
				spdk_sock_close(&c);
			}
			assert_true(nth < 10);
		}
		assert_true(nth > 2); /* something was allocated */
	}
	spdk_sock_close(&listener);
}

static void
test_no_descriptors(void **state)
{
	script_set(&g_epoll_create, (const int[]){ EMFILE, 0 });
	assert_null(spdk_sock_group_create(NULL));
	assert_int_equal(errno, EMFILE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_broken_everywhere),
		cmocka_unit_test(test_full_queue),
		cmocka_unit_test(test_writev_behind_queue),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_short_reads),
		cmocka_unit_test(test_read_fails),
		cmocka_unit_test(test_half_close),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_accept_errors),
		cmocka_unit_test(test_connect_under_signals),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
