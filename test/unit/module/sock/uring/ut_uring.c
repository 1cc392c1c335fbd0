/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * What only the io_uring sockets have: a system that forbids io_uring, buffers that are all taken,
 * no memory at each step, sockets of both implementations in one group. The linker puts the
 * functions below before the system's (--wrap). The common table runs on its own.
 */

#include <liburing.h>
#include <poll.h>

#include "../../../../../module/sock/uring/uring.h"
#include "../posix/pair.h"

static int g_ring_rc;              /* what making a ring gives; 0: it is made */
static int g_alloc_fail, g_allocs; /* which allocation fails, counted from 1; 0: none */
static uint32_t g_features_lost;   /* what the system says it can, but for these */

int __real_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
                                      struct io_uring_params *params);
int __wrap_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
                                      struct io_uring_params *params);
int
__wrap_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
                                  struct io_uring_params *params)
{
	int rc = g_ring_rc;

	if (rc == 0) {
		rc = __real_io_uring_queue_init_params(entries, ring, params);
		ring->features &= ~g_features_lost;
	}
	return rc;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *
__wrap_malloc(size_t size)
{
	return ++g_allocs == g_alloc_fail ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *
__wrap_calloc(size_t n, size_t size)
{
	return ++g_allocs == g_alloc_fail ? NULL : __real_calloc(n, size);
}

int __real_posix_memalign(void **out, size_t align, size_t size);
int __wrap_posix_memalign(void **out, size_t align, size_t size);
int
__wrap_posix_memalign(void **out, size_t align, size_t size)
{
	return ++g_allocs == g_alloc_fail ? ENOMEM : __real_posix_memalign(out, align, size);
}

/* Each errno that a container, a kernel or a limit gives: nothing of it works, posix does. */
static void
test_forbidden(void **state)
{
	static const int rcs[] = { -EPERM, -EACCES, -ENOSYS, -ENOMEM, -EMFILE };
	struct spdk_sock *sock;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rcs); i++) {
		g_ring_rc = rcs[i];
		assert_null(spdk_sock_listen("127.0.0.1", 0, "uring"));
		assert_int_equal(errno, ENOTSUP);
		assert_null(spdk_sock_connect("127.0.0.1", 1, "uring"));
		assert_int_equal(errno, ENOTSUP);
		assert_int_equal(spdk_sock_set_default_impl("uring"), -1);
		assert_int_equal(errno, ENOTSUP);
		assert_string_equal(spdk_sock_get_default_impl(), "posix");
		sock = spdk_sock_listen("127.0.0.1", 0, NULL);
		assert_string_equal(spdk_sock_get_impl_name(sock), "posix");
		spdk_sock_close(&sock);
	}
	g_ring_rc = 0;
}

/* A ring that can't be had later: the socket joins no group, and another one can be made. */
static void
test_no_ring_for_group(void **state)
{
	struct pair p;

	pair_open(&p, "127.0.0.1");
	assert_int_equal(spdk_sock_group_remove_sock(p.group, p.server), 0);
	assert_int_equal(spdk_sock_group_close(&p.group), 0);
	p.group = spdk_sock_group_create(NULL);
	g_ring_rc = -EMFILE;
	assert_int_equal(spdk_sock_group_add_sock(p.group, p.server, server_ready, &p), -1);
	assert_int_equal(errno, EMFILE);
	g_ring_rc = 0;
	assert_int_equal(spdk_sock_group_add_sock(p.group, p.server, server_ready, &p), 0);
	pair_close(&p);
}

/* Each allocation of a group's first socket fails in turn: ENOMEM, or it goes on with less. */
static void
test_no_memory(void **state)
{
	uint8_t byte = 1, in[4];
	struct pair p;
	int nth, rc;

	for (nth = 1; nth <= 4; nth++) { /* the group's part, two of its buffers, and none */
		pair_open(&p, "127.0.0.1");
		assert_int_equal(spdk_sock_group_remove_sock(p.group, p.server), 0);
		assert_int_equal(spdk_sock_group_close(&p.group), 0);
		p.group = spdk_sock_group_create(NULL);
		g_allocs = 0;
		g_alloc_fail = nth;
		rc = spdk_sock_group_add_sock(p.group, p.server, server_ready, &p);
		g_alloc_fail = 0;
		assert_int_equal(g_allocs >= nth, nth <= 3);
		assert_int_equal(rc, nth == 1 ? -1 : 0);
		if (rc != 0) {
			assert_int_equal(errno, ENOMEM);
			assert_int_equal(
			        spdk_sock_group_add_sock(p.group, p.server, server_ready, &p), 0);
		}
		p.take_max = 4;
		p.into = in;
		send_all(p.client, &byte, 1);
		poll_until_taken(&p, 1);
		pair_close(&p);
	}
}

/* No ring for a socket of its own, or no memory for it: it sends with copies, and all arrives. */
static void
test_no_own_ring(void **state)
{
	struct spdk_sock_impl_opts opts, saved;
	static uint8_t out[200000], in[200000];
	size_t len = sizeof(saved);
	static struct req req;
	struct pair p;
	int how, n;

	assert_int_equal(spdk_sock_impl_get_opts("uring", &saved, &len), 0);
	opts = saved;
	opts.enable_zerocopy_send_server = true;
	assert_int_equal(spdk_sock_impl_set_opts("uring", &opts, sizeof(opts)), 0);
	for (how = 0; how < 3; how++) {
		pair_open(&p, "127.0.0.1");
		g_ring_rc = how == 1 ? -EMFILE : 0;
		g_allocs = 0;
		g_alloc_fail = how == 2 ? 1 : 0;
		req_submit(p.server, &req, out, sizeof(out));
		assert_true(spdk_sock_group_poll(p.group) >= 0);
		g_ring_rc = g_alloc_fail = 0;
		assert_int_equal(client_read_all(&p, in, sizeof(out)), sizeof(out));
		for (n = 0; req.err == 1 && n < TRIES; n++) {
			assert_true(poll_group(&p) >= 0);
		}
		assert_int_equal(req.err, 0);
		assert_int_equal(p.server->zcopy_next > 0, how == 0);
		pair_close(&p);
	}
	assert_int_equal(spdk_sock_impl_set_opts("uring", &saved, sizeof(saved)), 0);
}

enum {
	HOARD = 4 * 1024 * 1024 /* more than all buffers of a group hold */
};

/* One socket's user does not read: it takes all buffers of the group. The other goes on, and so
 * does the first when it reads at last. */
static void
test_hoarder(void **state)
{
	static uint8_t out[HOARD], in[HOARD];
	static struct req req;
	struct pair a, b;
	size_t i, sent = 0;
	ssize_t n;

	for (i = 0; i < HOARD; i++) {
		out[i] = (uint8_t)(i * 7 + (i >> 11));
	}
	pair_open(&a, "127.0.0.1");
	pair_open(&b, "127.0.0.1");
	assert_int_equal(spdk_sock_group_remove_sock(b.group, b.server), 0);
	assert_int_equal(spdk_sock_group_add_sock(a.group, b.server, server_ready, &b), 0);
	for (i = 0; i < TRIES && sent < HOARD; i++) {
		struct iovec iov = { out + sent, HOARD - sent };

		n = spdk_sock_writev(a.client, &iov, 1);
		sent += n > 0 ? (size_t)n : 0;
		assert_true(spdk_sock_group_poll(a.group) >= 0);
	}
	assert_true(sent > 2 * 1024 * 1024);
	b.take_max = 65536;
	b.into = in;
	for (i = 0; i < 10; i++) {
		req_submit(b.client, &req, out + i * 100000, 100000);
		while (req.err == 1) {
			(void)spdk_sock_flush(b.client);
			assert_true(spdk_sock_group_poll(a.group) >= 0);
		}
		for (n = 0; b.taken < (i + 1) * 100000 && n < TRIES; n++) {
			assert_true(spdk_sock_group_poll(a.group) >= 0);
		}
		assert_int_equal(b.taken, (i + 1) * 100000);
	}
	assert_memory_equal(in, out, 1000000);
	a.take_max = 65536;
	a.into = in;
	poll_until_taken(&a, sent);
	assert_int_equal(memcmp(in, out, sent), 0);
	assert_int_equal(spdk_sock_group_remove_sock(a.group, b.server), 0);
	assert_int_equal(spdk_sock_group_add_sock(b.group, b.server, server_ready, &b), 0);
	pair_close(&a);
	pair_close(&b);
}

/* Each of two clients sends all of \p out to its server, who reads in pieces of changing size,
 * and not all the time. */
static void
flood(struct pair *p, uint8_t *out, size_t len, uint8_t *in)
{
	size_t sent[2] = { 0, 0 };
	struct iovec iov;
	ssize_t n;
	int k, round;

	p[0].into = in;
	p[1].into = in + len;
	for (round = 0; p[0].taken < len || p[1].taken < len; round++) {
		for (k = 0; k < 2; k++) {
			iov.iov_base = out + sent[k];
			iov.iov_len = len - sent[k];
			n = iov.iov_len > 0 ? spdk_sock_writev(p[k].client, &iov, 1) : 0;
			sent[k] += n > 0 ? (size_t)n : 0;
			/* Now one reads, now the other. */
			p[k].take_max = round / 8 % 2 == k ? (size_t)round * 7919 % 60000 + 1 : 0;
		}
		assert_true(spdk_sock_group_poll(p[0].group) >= 0);
	}
}

/* Much that arrives at once takes several buffers in one go, where the system can: the bytes are
 * the same with and without, also when buffers come back in another order than they went. */
static void
test_bundles(void **state)
{
	static uint8_t out[4000000], in[2 * sizeof(out)];
	struct uring_group *group;
	struct pair p[2];
	size_t i;
	int with;

	for (i = 0; i < sizeof(out); i++) {
		out[i] = (uint8_t)(i * 7 + (i >> 10));
	}
	for (with = 0; with < 2; with++) {
		g_features_lost = with ? 0 : IORING_FEAT_RECVSEND_BUNDLE;
		pair_open(&p[0], "127.0.0.1");
		pair_open(&p[1], "127.0.0.1");
		assert_int_equal(spdk_sock_group_remove_sock(p[1].group, p[1].server), 0);
		assert_int_equal(
		        spdk_sock_group_add_sock(p[0].group, p[1].server, server_ready, &p[1]), 0);
		group = SPDK_CONTAINEROF(p[0].server->group, struct uring_group, tcp.base);
		assert_true(with || !group->bundles);
		memset(in, 0, sizeof(in));
		flood(p, out, sizeof(out), in);
		assert_memory_equal(in, out, sizeof(out));
		assert_memory_equal(in + sizeof(out), out, sizeof(out));
		assert_int_equal(spdk_sock_group_remove_sock(p[0].group, p[1].server), 0);
		assert_int_equal(
		        spdk_sock_group_add_sock(p[1].group, p[1].server, server_ready, &p[1]), 0);
		pair_close(&p[0]);
		pair_close(&p[1]);
	}
	g_features_lost = 0;
}

/* What arrived moves with the socket, all of it, to another group and out of any. */
static void
test_moves_with_bytes(void **state)
{
	static uint8_t out[300000], in[300000];
	struct spdk_sock_group *other = spdk_sock_group_create(NULL);
	struct pair p;
	size_t i, have = 0;
	ssize_t n;

	for (i = 0; i < sizeof(out); i++) {
		out[i] = (uint8_t)(i * 3 + (i >> 8));
	}
	pair_open(&p, "127.0.0.1");
	send_all(p.client, out, sizeof(out));
	for (i = 0; i < 100; i++) {
		assert_true(spdk_sock_group_poll(p.group) >= 0);
	}
	assert_int_equal(spdk_sock_recv(p.server, in, 1000), 1000);
	assert_int_equal(spdk_sock_group_remove_sock(p.group, p.server), 0);
	assert_int_equal(spdk_sock_recv(p.server, in + 1000, 1000), 1000);
	p.into = in;
	p.taken = 2000;
	p.take_max = 999;
	assert_int_equal(spdk_sock_group_add_sock(other, p.server, server_ready, &p), 0);
	while (p.taken < 100000) {
		assert_true(spdk_sock_group_poll(other) >= 0);
	}
	assert_int_equal(spdk_sock_group_remove_sock(other, p.server), 0);
	for (i = 0, have = p.taken; have < sizeof(out) && i < 100 * TRIES; i++) {
		n = spdk_sock_recv(p.server, in + have, sizeof(in) - have);
		have += n > 0 ? (size_t)n : 0;
	}
	assert_int_equal(have, sizeof(out));
	assert_memory_equal(in, out, sizeof(out));
	assert_int_equal(spdk_sock_group_close(&other), 0);
	assert_int_equal(spdk_sock_group_add_sock(p.group, p.server, server_ready, &p), 0);
	pair_close(&p);
}

/* The group's descriptor, which was handed out before, tells of the second implementation too. */
static void
test_both_in_a_group(void **state)
{
	uint8_t byte = 1;
	struct pair a, b;
	int i, fd;

	setenv("SOCK_IMPL", "posix", 1);
	pair_open(&a, "127.0.0.1");
	setenv("SOCK_IMPL", "uring", 1);
	pair_open(&b, "127.0.0.1");
	fd = sock_group_get_fd(a.group);
	assert_int_equal(spdk_sock_group_remove_sock(b.group, b.server), 0);
	assert_int_equal(spdk_sock_group_add_sock(a.group, b.server, server_ready, &b), 0);
	assert_int_equal(sock_group_get_fd(a.group), fd);
	a.take_max = b.take_max = 1;
	for (i = 0; i < 10; i++) {
		send_all(i % 2 ? a.client : b.client, &byte, 1);
		while (a.taken + b.taken < (size_t)i + 1) {
			if (*sock_group_get_counter(a.group) == 0) {
				struct pollfd pfd = { .fd = fd, .events = POLLIN };

				assert_int_equal(poll(&pfd, 1, 10000), 1);
			}
			assert_true(spdk_sock_group_poll(a.group) >= 0);
		}
	}
	assert_int_equal(a.taken, 5);
	assert_int_equal(spdk_sock_group_remove_sock(a.group, b.server), 0);
	assert_int_equal(spdk_sock_group_add_sock(b.group, b.server, server_ready, &b), 0);
	pair_close(&a);
	pair_close(&b);
}

/* As the default: what names none is over io_uring, in a group that was made for it. */
static void
test_default(void **state)
{
	struct spdk_sock_group *group;
	struct spdk_sock *sock;

	assert_int_equal(spdk_sock_set_default_impl("uring"), 0);
	sock = spdk_sock_listen("127.0.0.1", 0, NULL);
	assert_string_equal(spdk_sock_get_impl_name(sock), "uring");
	group = spdk_sock_group_create(NULL);
	assert_true(sock_group_get_fd(group) >= 0);
	assert_int_equal(spdk_sock_group_close(&group), 0);
	assert_int_equal(spdk_sock_close(&sock), 0);
	assert_int_equal(spdk_sock_set_default_impl("posix"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forbidden),        cmocka_unit_test(test_no_ring_for_group),
		cmocka_unit_test(test_no_memory),        cmocka_unit_test(test_no_own_ring),
		cmocka_unit_test(test_hoarder),          cmocka_unit_test(test_bundles),
		cmocka_unit_test(test_moves_with_bytes), cmocka_unit_test(test_both_in_a_group),
		cmocka_unit_test(test_default),
	};

	setenv("SOCK_IMPL", "uring", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
