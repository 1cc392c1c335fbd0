/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The socket layer on an implementation made of memory: options, requests, groups, and what
 * call-backs may do to sockets.
 */

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>

#include "spdk/assert.h"
#include "spdk/util.h"
#include "spdk_internal/sock_module.h"

/* ---- An implementation: sockets that are told what happens to them ---- */

struct mem_sock {
	struct spdk_sock base;
	int port;
	bool ready;
};

static struct spdk_sock_impl_opts g_mem_opts = { .recv_buf_size = 4711 };
static struct spdk_sock_opts g_seen; /* what the last open got */
static struct spdk_sock_impl_opts g_seen_impl;
static int g_open_socks, g_open_groups, g_fail_group_create;
extern struct spdk_net_impl g_mem_impl;

static struct spdk_sock *
mem_open(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	struct mem_sock *s = calloc(1, sizeof(*s));

	g_seen = *opts;
	g_seen_impl = *opts->impl_opts;
	basalt_sock_init(&s->base, &g_mem_impl, opts);
	s->port = port;
	g_open_socks++;
	return &s->base;
}

static int
mem_close(struct spdk_sock *sock)
{
	assert_true(TAILQ_EMPTY(&sock->queued) && TAILQ_EMPTY(&sock->done));
	g_open_socks--;
	free(sock);
	return 0;
}

static void
mem_writev_async(struct spdk_sock *sock, struct spdk_sock_request *req)
{
	sock_request_queue(sock, req);
}

/* "Sends" all there is. */
static int
mem_flush(struct spdk_sock *sock)
{
	struct iovec iov[8];
	size_t total, sent = 0;

	while (basalt_sock_gather(sock, iov, 8, &total) > 0) {
		basalt_sock_sent(sock, total, false);
		sent += total;
	}
	(void)basalt_sock_complete_done(sock);
	return sent;
}

static struct spdk_sock_group_impl *
mem_group_create(void)
{
	if (g_fail_group_create) {
		errno = EMFILE;
		return NULL;
	}
	g_open_groups++;
	return calloc(1, sizeof(struct spdk_sock_group_impl));
}

static int
mem_group_add(struct spdk_sock_group_impl *group, struct spdk_sock *sock)
{
	return 0;
}

static int
mem_group_poll(struct spdk_sock_group_impl *group)
{
	struct spdk_sock *sock;

	group->num_ready = 0;
	TAILQ_FOREACH(sock, &group->socks, link) {
		if (SPDK_CONTAINEROF(sock, struct mem_sock, base)->ready) {
			group->ready[group->num_ready++] = sock;
			sock->ready_idx = group->num_ready;
		}
	}
	return group->num_ready;
}

static int
mem_group_get_fd(struct spdk_sock_group_impl *group)
{
	return -ENOTSUP;
}

static int
mem_group_close(struct spdk_sock_group_impl *group)
{
	g_open_groups--;
	free(group);
	return 0;
}

struct spdk_net_impl g_mem_impl = {
	.name = "mem",
	.priority = 0,
	.opts = &g_mem_opts,
	.connect = mem_open,
	.listen = mem_open,
	.close = mem_close,
	.writev_async = mem_writev_async,
	.flush = mem_flush,
	.group_create = mem_group_create,
	.group_add_sock = mem_group_add,
	.group_remove_sock = mem_group_add,
	.group_poll = mem_group_poll,
	.group_get_fd = mem_group_get_fd,
	.group_close = mem_group_close,
};

static struct spdk_sock *
mem_sock(int port)
{
	struct spdk_sock *sock = spdk_sock_connect("127.0.0.1", port, "mem");

	assert_non_null(sock);
	return sock;
}

static void
set_ready(struct spdk_sock *sock, bool ready)
{
	SPDK_CONTAINEROF(sock, struct mem_sock, base)->ready = ready;
}

/* ---- Requests ---- */

#define REQ_IOVS 4

struct req {
	struct spdk_sock_request r;
	struct iovec iov[REQ_IOVS];
	int err; /* 1: not called back */
	int order;
	void (*then)(struct req *req);
	struct spdk_sock *sock;
};
SPDK_STATIC_ASSERT(offsetof(struct req, iov) == sizeof(struct spdk_sock_request), "iovs follow");

static int g_order;

static void
req_done(void *cb_arg, int err)
{
	struct req *req = cb_arg;

	assert_int_equal(req->err, 1);
	req->err = err;
	req->order = ++g_order;
	if (req->then != NULL) {
		req->then(req);
	}
}

/* Vectors of the lengths given, which end with -1, over one buffer. */
static void
req_init(struct req *req, char *buf, const int *lens)
{
	memset(req, 0, sizeof(*req));
	req->err = 1;
	req->r.cb_fn = req_done;
	req->r.cb_arg = req;
	for (; lens[req->r.iovcnt] >= 0; req->r.iovcnt++) {
		req->iov[req->r.iovcnt].iov_base = buf;
		req->iov[req->r.iovcnt].iov_len = lens[req->r.iovcnt];
		buf += lens[req->r.iovcnt];
	}
}

/* Sent in steps of every size, what is gathered is always the rest, and the order is kept. */
static void
test_requests(void **state)
{
	static const int lens[3][REQ_IOVS] = { { 3, 0, 5, -1 }, { 0, -1 }, { 1, 7, 2, -1 } };
	char text[] = "abcdefghijklmnopqr", got[32];
	struct spdk_sock *sock = mem_sock(1);
	struct iovec iov[3];
	struct req reqs[3];
	size_t step, total, have, piece;
	int i, n;

	for (step = 1; step <= 18; step++) {
		req_init(&reqs[0], text, lens[0]);
		req_init(&reqs[1], text + 8, lens[1]);
		req_init(&reqs[2], text + 8, lens[2]);
		g_order = 0;
		for (i = 0; i < 3; i++) {
			spdk_sock_writev_async(sock, &reqs[i].r);
		}
		for (have = 0; !TAILQ_EMPTY(&sock->queued); have += piece) {
			n = basalt_sock_gather(sock, iov, 3, &total);
			piece = spdk_min(step, total);
			for (i = 0, total = 0; i < n; i++) {
				memcpy(got + have + total, iov[i].iov_base, iov[i].iov_len);
				total += iov[i].iov_len;
			}
			basalt_sock_sent(sock, piece, false);
			assert_int_equal(g_order, 0);
		}
		assert_int_equal(have, 18);
		assert_memory_equal(got, text, 18);
		assert_int_equal(sock->queued_iovcnt, 0);
		assert_int_equal(basalt_sock_complete_done(sock), 3);
		for (i = 0; i < 3; i++) {
			assert_int_equal(reqs[i].err, 0);
			assert_int_equal(reqs[i].order, i + 1);
		}
	}
	spdk_sock_close(&sock);
}

static const int g_len4[] = { 4, -1 };

static void
test_close_fails_queued(void **state)
{
	struct spdk_sock *sock = mem_sock(1);
	char text[] = "abcdefgh";
	struct req a, b;

	req_init(&a, text, g_len4);
	req_init(&b, text, g_len4);
	spdk_sock_writev_async(sock, &a.r);
	spdk_sock_writev_async(sock, &b.r);
	basalt_sock_sent(sock, 5, false);
	assert_int_equal(a.err, 1);
	assert_int_equal(spdk_sock_close(&sock), 0);
	assert_null(sock);
	assert_int_equal(a.err, 0); /* it was out */
	assert_int_equal(b.err, -ECANCELED);
	assert_int_equal(g_open_socks, 0);
	assert_int_equal(spdk_sock_close(&sock), -1);
	assert_int_equal(errno, EBADF);
}

static void
then_close(struct req *req)
{
	assert_int_equal(spdk_sock_close(&req->sock), 0);
	assert_int_equal(g_open_socks, 1); /* not yet: its call-back runs */
}

static void
then_resubmit(struct req *req)
{
	req->then = NULL;
	req->err = 1;
	spdk_sock_writev_async(req->sock, &req->r);
	assert_int_equal(req->err, 1); /* never inside submit */
}

static void
test_close_in_completion(void **state)
{
	struct spdk_sock *sock = mem_sock(1);
	char text[] = "abcdefgh";
	struct req a, b;

	req_init(&a, text, g_len4);
	req_init(&b, text, g_len4);
	a.then = then_close;
	a.sock = sock;
	spdk_sock_writev_async(sock, &a.r);
	spdk_sock_writev_async(sock, &b.r);
	basalt_sock_sent(sock, 4, false);
	assert_int_equal(basalt_sock_complete_done(sock), -1);
	assert_int_equal(a.err, 0);
	assert_int_equal(b.err, -ECANCELED);
	assert_int_equal(g_open_socks, 0);
}

static void
test_submit_in_completion(void **state)
{
	struct spdk_sock *sock = mem_sock(1), *copy = sock;
	char text[] = "abcdefgh";
	struct req a;

	req_init(&a, text, g_len4);
	a.then = then_resubmit;
	a.sock = sock;
	spdk_sock_writev_async(sock, &a.r);
	assert_int_equal(spdk_sock_flush(sock), 4);
	assert_int_equal(a.err, 1);
	/* A request that comes while the socket closes is told too, and never inside submit. */
	a.then = then_resubmit;
	a.sock = copy;
	spdk_sock_close(&sock);
	assert_int_equal(a.err, -EBADF);
	assert_int_equal(g_open_socks, 0);
}

static uint32_t g_depth, g_depth_max;

static void
then_flush(struct req *req)
{
	g_depth++;
	g_depth_max = spdk_max(g_depth_max, g_depth);
	(void)spdk_sock_flush(req->sock);
	g_depth--;
}

/* Call-backs that flush: all are told, in order, and none runs inside another. */
static void
test_flush_in_completion(void **state)
{
	enum {
		MANY = 1000
	};
	struct spdk_sock *sock = mem_sock(1);
	char text[] = "abcd";
	struct req *reqs = calloc(MANY, sizeof(*reqs));
	int i;

	assert_non_null(reqs);
	g_order = 0;
	for (i = 0; i < MANY; i++) {
		req_init(&reqs[i], text, g_len4);
		reqs[i].then = then_flush;
		reqs[i].sock = sock;
		spdk_sock_writev_async(sock, &reqs[i].r);
	}
	assert_int_equal(spdk_sock_flush(sock), 4 * MANY);
	assert_int_equal(g_depth_max, 1);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(reqs[i].err, 0);
		assert_int_equal(reqs[i].order, i + 1);
	}
	free(reqs);
	spdk_sock_close(&sock);
}

/* Each request is told its own error, whatever comes before it is told. */
static void
test_errors_stay(void **state)
{
	struct spdk_sock *sock = mem_sock(1);
	char text[] = "abcdefgh";
	struct req r[4];
	int i;

	for (i = 0; i < 4; i++) {
		req_init(&r[i], text, g_len4);
	}
	spdk_sock_writev_async(sock, &r[0].r);
	basalt_sock_sent(sock, 4, false);
	spdk_sock_writev_async(sock, &r[1].r);
	basalt_sock_fail_queued(sock, -EPIPE);
	spdk_sock_writev_async(sock, &r[2].r);
	basalt_sock_fail_queued(sock, -ECONNRESET);
	spdk_sock_writev_async(sock, &r[3].r);
	spdk_sock_close(&sock);
	assert_int_equal(r[0].err, 0);
	assert_int_equal(r[1].err, -EPIPE);
	assert_int_equal(r[2].err, -ECONNRESET);
	assert_int_equal(r[3].err, -ECANCELED);
}

/* ---- Options ---- */

static void
test_opts_sizes(void **state)
{
	struct spdk_sock_opts opts;
	struct spdk_sock_impl_opts impl_opts = { .recv_buf_size = 1, .send_buf_size = 2 };
	struct spdk_sock *sock;

	memset(&opts, 0xff, sizeof(opts));
	opts.opts_size = offsetof(struct spdk_sock_opts, zcopy);
	spdk_sock_get_default_opts(&opts);
	assert_int_equal(opts.priority, 0);
	assert_int_equal(opts.ack_timeout, UINT32_MAX); /* beyond what the caller has */
	assert_int_equal(opts.opts_size, offsetof(struct spdk_sock_opts, zcopy));

	/* A short struct: what it lacks is the default. */
	opts.priority = 3;
	sock = spdk_sock_connect_ext("127.0.0.1", 1, "mem", &opts);
	assert_int_equal(g_seen.priority, 3);
	assert_int_equal(g_seen.ack_timeout, 0);
	assert_int_equal(g_seen_impl.recv_buf_size, 4711);
	spdk_sock_close(&sock);

	opts.opts_size = sizeof(opts);
	spdk_sock_get_default_opts(&opts);
	assert_true(opts.zcopy);
	opts.impl_opts = &impl_opts;
	opts.impl_opts_size = sizeof(uint32_t); /* only recv_buf_size */
	sock = spdk_sock_connect_ext("127.0.0.1", 1, "mem", &opts);
	assert_int_equal(g_seen_impl.recv_buf_size, 1);
	assert_int_equal(g_seen_impl.send_buf_size, 0);
	spdk_sock_close(&sock);

	opts.opts_size = 0;
	spdk_sock_get_default_opts(&opts); /* nothing to fill */
	assert_null(spdk_sock_connect_ext("127.0.0.1", 1, "mem", &opts));
	assert_int_equal(errno, EINVAL);
}

static void
test_open_refused(void **state)
{
	assert_null(spdk_sock_connect("127.0.0.1", -1, "mem"));
	assert_int_equal(errno, EINVAL);
	assert_null(spdk_sock_listen("127.0.0.1", 65536, "mem"));
	assert_int_equal(errno, EINVAL);
	assert_null(spdk_sock_connect(NULL, 1, "mem"));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(spdk_sock_connect("127.0.0.1", 1, "nobody"));
	assert_int_equal(errno, EINVAL);
}

static void
test_impl_opts(void **state)
{
	struct spdk_sock_impl_opts opts;
	size_t len = sizeof(uint32_t);

	memset(&opts, 0xff, sizeof(opts));
	assert_int_equal(spdk_sock_impl_get_opts("mem", &opts, &len), 0);
	assert_int_equal(opts.recv_buf_size, 4711);
	assert_int_equal(opts.send_buf_size, UINT32_MAX);
	assert_int_equal(len, sizeof(uint32_t));
	opts.recv_buf_size = 4712;
	assert_int_equal(spdk_sock_impl_set_opts("mem", &opts, sizeof(uint32_t)), 0);
	len = 1000;
	assert_int_equal(spdk_sock_impl_get_opts("mem", &opts, &len), 0);
	assert_int_equal(len, sizeof(opts));
	assert_int_equal(opts.recv_buf_size, 4712);
	assert_int_equal(opts.send_buf_size, 0);
	opts.enable_placement_id = PLACEMENT_MARK + 1;
	assert_int_equal(spdk_sock_impl_set_opts("mem", &opts, sizeof(opts)), -1);
	assert_int_equal(errno, ENOTSUP);
	assert_int_equal(spdk_sock_impl_set_opts("mem", &opts, 0), -1);
	assert_int_equal(spdk_sock_impl_set_opts("nobody", &opts, sizeof(opts)), -1);
	assert_int_equal(spdk_sock_impl_get_opts("nobody", &opts, &len), -1);
	assert_int_equal(spdk_sock_impl_get_opts("mem", NULL, &len), -1);
	assert_int_equal(errno, EINVAL);
	g_mem_opts.recv_buf_size = 4711;
}

static void
test_default_impl(void **state)
{
	struct spdk_sock *sock;

	assert_string_equal(spdk_sock_get_default_impl(), "posix");
	assert_int_equal(spdk_sock_set_default_impl("nobody"), -1);
	assert_int_equal(spdk_sock_set_default_impl(NULL), -1);
	assert_string_equal(spdk_sock_get_default_impl(), "posix");
	assert_int_equal(spdk_sock_set_default_impl("mem"), 0);
	sock = spdk_sock_listen("127.0.0.1", 7, NULL);
	assert_string_equal(spdk_sock_get_impl_name(sock), "mem");
	spdk_sock_close(&sock);
	assert_int_equal(spdk_sock_set_default_impl("posix"), 0);
}

/* ---- Groups ---- */

#define SOCKS 4

static struct spdk_sock *g_socks[SOCKS];
static int g_called[SOCKS];
static int g_victim; /* whom call-back 1 takes out and closes; -1: nobody */

static void
sock_ready(void *arg, struct spdk_sock_group *group, struct spdk_sock *sock)
{
	int i = (int)(intptr_t)arg;

	assert_ptr_equal(sock, g_socks[i]);
	g_called[i]++;
	if (i == 1 && g_victim >= 0) {
		assert_int_equal(spdk_sock_close(&g_socks[g_victim]), -1);
		assert_int_equal(errno, EBUSY);
		assert_int_equal(spdk_sock_group_remove_sock(group, g_socks[g_victim]), 0);
		assert_int_equal(spdk_sock_close(&g_socks[g_victim]), 0);
	}
}

static void
group_round(int victim)
{
	struct spdk_sock_group *group = spdk_sock_group_create(&g_called);
	int i;

	assert_ptr_equal(spdk_sock_group_get_ctx(group), &g_called);
	memset(g_called, 0, sizeof(g_called));
	g_victim = victim;
	for (i = 0; i < SOCKS; i++) {
		g_socks[i] = mem_sock(i);
		set_ready(g_socks[i], i != 3);
		assert_int_equal(spdk_sock_group_add_sock(group, g_socks[i], sock_ready,
		                                          (void *)(intptr_t)i),
		                 0);
	}
	assert_int_equal(spdk_sock_group_poll(group), 3);
	assert_int_equal(g_called[0], 1);
	assert_int_equal(g_called[1], 1);
	assert_int_equal(g_called[2], victim == 2 ? 0 : 1);
	assert_int_equal(g_called[3], 0);
	assert_int_equal(g_open_socks, victim >= 0 ? SOCKS - 1 : SOCKS);
	assert_int_equal(spdk_sock_group_close(&group), -1);
	assert_int_equal(errno, EBUSY);
	for (i = 0; i < SOCKS; i++) {
		if (g_socks[i] != NULL) {
			assert_int_equal(spdk_sock_group_remove_sock(group, g_socks[i]), 0);
			assert_int_equal(spdk_sock_close(&g_socks[i]), 0);
		}
	}
	assert_int_equal(spdk_sock_group_poll(group), 0);
	assert_int_equal(*sock_group_get_counter(group), 0);
	assert_int_equal(spdk_sock_group_close(&group), 0);
	assert_null(group);
	assert_int_equal(g_open_socks + g_open_groups, 0);
}

static void
test_group(void **state)
{
	int victim;

	for (victim = -1; victim < SOCKS; victim++) {
		group_round(victim);
	}
}

static struct spdk_sock_group *g_polled;

/* The last of its group takes itself out, and tries what would free what the poll walks over. */
static void
sock_ready_meddles(void *arg, struct spdk_sock_group *group, struct spdk_sock *sock)
{
	g_called[0]++;
	assert_int_equal(spdk_sock_group_poll(group), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(spdk_sock_group_remove_sock(group, sock), 0);
	assert_int_equal(spdk_sock_group_close(&g_polled), -1);
	assert_int_equal(errno, EBUSY);
	assert_non_null(g_polled);
	assert_int_equal(spdk_sock_group_add_sock(group, sock, sock_ready_meddles, NULL), 0);
}

static void
test_group_meddling(void **state)
{
	struct spdk_sock *sock = mem_sock(1);

	g_polled = spdk_sock_group_create(NULL);
	set_ready(sock, true);
	memset(g_called, 0, sizeof(g_called));
	assert_int_equal(spdk_sock_group_add_sock(g_polled, sock, sock_ready_meddles, NULL), 0);
	assert_int_equal(spdk_sock_group_poll(g_polled), 1);
	assert_int_equal(spdk_sock_group_poll(g_polled), 1); /* it was not forgotten */
	assert_int_equal(g_called[0], 2);
	assert_int_equal(spdk_sock_group_remove_sock(g_polled, sock), 0);
	assert_int_equal(spdk_sock_group_close(&g_polled), 0);
	spdk_sock_close(&sock);
}

static void
test_group_refused(void **state)
{
	struct spdk_sock_group *group, *other;
	struct spdk_sock *sock = mem_sock(1);

	group = spdk_sock_group_create(NULL);
	/* The part of an implementation that is not the default comes with its first socket. */
	g_fail_group_create = 1;
	assert_int_equal(spdk_sock_group_add_sock(group, sock, sock_ready, NULL), -1);
	assert_int_equal(errno, EMFILE);
	assert_int_equal(spdk_sock_set_default_impl("mem"), 0);
	assert_null(spdk_sock_group_create(NULL));
	assert_int_equal(errno, EMFILE);
	g_fail_group_create = 0;
	assert_int_equal(spdk_sock_set_default_impl("posix"), 0);
	other = spdk_sock_group_create(NULL);
	assert_int_equal(spdk_sock_group_add_sock(group, sock, NULL, NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(spdk_sock_group_remove_sock(group, sock), -1);
	assert_int_equal(spdk_sock_group_add_sock(group, sock, sock_ready, NULL), 0);
	assert_int_equal(spdk_sock_group_add_sock(other, sock, sock_ready, NULL), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(spdk_sock_group_remove_sock(other, sock), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(spdk_sock_group_remove_sock(group, sock), 0);
	spdk_sock_close(&sock);
	spdk_sock_group_close(&group);
	spdk_sock_group_close(&other);
	assert_int_equal(spdk_sock_group_close(&group), -1);
	assert_int_equal(errno, EBADF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_close_fails_queued),
		cmocka_unit_test(test_close_in_completion),
		cmocka_unit_test(test_submit_in_completion),
		cmocka_unit_test(test_flush_in_completion),
		cmocka_unit_test(test_errors_stay),
		cmocka_unit_test(test_opts_sizes),
		cmocka_unit_test(test_open_refused),
		cmocka_unit_test(test_impl_opts),
		cmocka_unit_test(test_default_impl),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_group_meddling),
		cmocka_unit_test(test_group_refused),
	};

	spdk_net_impl_register(&g_mem_impl);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
