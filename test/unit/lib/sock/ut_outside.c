/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Socket implementations from outside of the tree: this program is linked with libspdk.so and uses
 * only what is installed. Two of them, pipes in memory: one registers itself before main(), one
 * while groups and sockets exist. Then what the library does for tables with holes.
 */

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>

#include "spdk/sock.h"
#include "spdk/util.h"
#include "spdk_internal/sock_module.h"

#define PIPE_BYTES 4096

/* One end: what was written to it waits for the other's reads. */
struct end {
	struct spdk_sock base;
	struct end *other;
	uint8_t bytes[PIPE_BYTES];
	size_t len;
};

static struct spdk_sock_impl_opts g_opts = { .recv_buf_size = 17 };
static struct spdk_net_impl g_early, g_late;
static struct end *g_waiting; /* connected, not accepted yet */

static struct end *
end_of(struct spdk_sock *sock)
{
	return SPDK_CONTAINEROF(sock, struct end, base);
}

static struct end *
end_new(struct spdk_net_impl *impl, const struct spdk_sock_opts *opts)
{
	struct end *end = calloc(1, sizeof(*end));

	basalt_sock_init(&end->base, impl, opts);
	return end;
}

static struct spdk_sock *
early_open(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	struct end *end = end_new(&g_early, opts);

	if (port == 1) { /* a client */
		g_waiting = end_new(&g_early, opts);
		g_waiting->other = end;
		end->other = g_waiting;
	}
	return &end->base;
}

static struct spdk_sock *
late_open(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	return &end_new(&g_late, opts)->base;
}

static struct spdk_sock *
mem_accept(struct spdk_sock *listener)
{
	struct end *end = g_waiting;

	g_waiting = NULL;
	errno = EAGAIN;
	return end != NULL ? &end->base : NULL;
}

static int
mem_close(struct spdk_sock *sock)
{
	if (end_of(sock)->other != NULL) {
		end_of(sock)->other->other = NULL;
	}
	free(end_of(sock));
	return 0;
}

static ssize_t
mem_readv(struct spdk_sock *sock, struct iovec *iov, int iovcnt)
{
	struct end *from = end_of(sock)->other;
	size_t n;

	if (from == NULL || from->len == 0) {
		errno = EAGAIN;
		return from == NULL ? 0 : -1;
	}
	n = spdk_min(iov[0].iov_len, from->len);
	memcpy(iov[0].iov_base, from->bytes, n);
	memmove(from->bytes, from->bytes + n, from->len - n);
	from->len -= n;
	return (ssize_t)n;
}

static void
mem_writev_async(struct spdk_sock *sock, struct spdk_sock_request *req)
{
	sock_request_queue(sock, req);
	if (sock->group != NULL) {
		sock_group_work_add(sock->group->group);
	}
}

static int
mem_flush(struct spdk_sock *sock)
{
	struct end *end = end_of(sock);
	struct iovec iov[4];
	size_t total, sent = 0;
	int i, n;

	while ((n = basalt_sock_gather(sock, iov, 4, &total)) > 0) {
		for (i = 0; i < n; i++) {
			assert_true(end->len + iov[i].iov_len <= PIPE_BYTES);
			memcpy(end->bytes + end->len, iov[i].iov_base, iov[i].iov_len);
			end->len += iov[i].iov_len;
		}
		basalt_sock_sent(sock, total, false);
		sent += total;
	}
	(void)basalt_sock_complete_done(sock);
	return (int)sent;
}

static struct spdk_sock_group_impl *
mem_group_create(void)
{
	return calloc(1, sizeof(struct spdk_sock_group_impl));
}

static int
mem_group_poll(struct spdk_sock_group_impl *group)
{
	struct spdk_sock *sock;

	group->num_ready = 0;
	while (group->group->counter > 0) {
		sock_group_work_sub(group->group);
	}
	TAILQ_FOREACH(sock, &group->socks, link) {
		if (!TAILQ_EMPTY(&sock->queued)) {
			(void)mem_flush(sock);
		}
		if (end_of(sock)->other != NULL && end_of(sock)->other->len > 0) {
			group->ready[group->num_ready++] = sock;
			sock->ready_idx = group->num_ready;
		}
	}
	return group->num_ready;
}

static int
mem_group_close(struct spdk_sock_group_impl *group)
{
	free(group);
	return 0;
}

static struct spdk_net_impl g_early = {
	.name = "early",
	.opts = &g_opts,
	.connect = early_open,
	.listen = early_open,
	.accept = mem_accept,
	.close = mem_close,
	.readv = mem_readv,
	.writev_async = mem_writev_async,
	.flush = mem_flush,
	.group_create = mem_group_create,
	.group_poll = mem_group_poll,
	.group_close = mem_group_close,
};

SPDK_NET_IMPL_REGISTER(early, &g_early);

/* As little as the library takes. */
static struct spdk_net_impl g_late = {
	.name = "late",
	.opts = &g_opts,
	.connect = late_open,
	.close = mem_close,
	.group_create = mem_group_create,
	.group_poll = mem_group_poll,
	.group_close = mem_group_close,
};

/* ---- */

static int g_told, g_done, g_err;

static void
readable(void *arg, struct spdk_sock_group *group, struct spdk_sock *sock)
{
	g_told++;
}

static void
sent(void *arg, int err)
{
	g_done++;
	g_err = err;
}

static struct {
	struct spdk_sock_request req;
	struct iovec iov;
} g_out = { .req = { .cb_fn = sent, .iovcnt = 1 } };

static void
submit(struct spdk_sock *sock, char *text)
{
	g_out.iov.iov_base = text;
	g_out.iov.iov_len = strlen(text);
	g_done = 0;
	spdk_sock_writev_async(sock, &g_out.req);
	assert_int_equal(g_done, 0);
}

/* The one that was there before main(): found by name, with its options; a connection works. */
static void
test_before_start(void **state)
{
	struct spdk_sock *listener, *client, *server;
	struct spdk_sock_group *group = spdk_sock_group_create(NULL);
	struct spdk_sock_impl_opts opts;
	size_t len = sizeof(opts);
	char in[16] = "";

	assert_ptr_equal(spdk_net_impl_get_by_name("early"), &g_early);
	assert_non_null(spdk_net_impl_get_by_name("posix"));
	assert_null(spdk_net_impl_get_by_name("late"));
	assert_null(spdk_net_impl_get_by_name(NULL));
	assert_int_equal(spdk_sock_impl_get_opts("early", &opts, &len), 0);
	assert_int_equal(opts.recv_buf_size, 17);
	listener = spdk_sock_listen("x", 0, "early");
	assert_null(spdk_sock_accept(listener));
	client = spdk_sock_connect("x", 1, "early");
	server = spdk_sock_accept(listener);
	assert_string_equal(spdk_sock_get_impl_name(server), "early");
	assert_int_equal(spdk_sock_group_add_sock(group, server, readable, NULL), 0);
	submit(client, "hello");
	assert_int_equal(spdk_sock_flush(client), 5);
	assert_int_equal(g_done, 1);
	assert_int_equal(spdk_sock_group_poll(group), 1);
	assert_int_equal(g_told, 1);
	assert_int_equal(spdk_sock_recv(server, in, sizeof(in)), 5);
	assert_string_equal(in, "hello");
	submit(server, "back");
	assert_int_equal(*sock_group_get_counter(group), 1);
	assert_int_equal(spdk_sock_group_poll(group), 0);
	assert_int_equal(g_done, 1);
	assert_int_equal(spdk_sock_recv(client, in, sizeof(in)), 4);
	assert_int_equal(spdk_sock_group_remove_sock(group, server), 0);
	spdk_sock_close(&server);
	spdk_sock_close(&client);
	spdk_sock_close(&listener);
	assert_int_equal(spdk_sock_group_close(&group), 0);
}

/* A second one, while a group and sockets of others exist: that group takes its sockets. What its
 * table leaves out says so. */
static void
test_after_start(void **state)
{
	struct spdk_sock_group *group = spdk_sock_group_create(NULL), *best = group;
	struct spdk_sock *old = spdk_sock_connect("x", 0, "early"), *sock;
	struct iovec iov = { "x", 1 };
	char in[4];

	assert_int_equal(spdk_sock_group_add_sock(group, old, readable, NULL), 0);
	assert_null(spdk_sock_connect("x", 0, "late"));
	spdk_net_impl_register(&g_late);
	sock = spdk_sock_connect("x", 0, "late");
	assert_non_null(sock);
	assert_int_equal(spdk_sock_group_add_sock(group, sock, readable, NULL), 0);
	assert_int_equal(spdk_sock_recv(sock, in, 4), -1);
	assert_int_equal(errno, ENOTSUP);
	assert_int_equal(spdk_sock_writev(sock, &iov, 1), -1);
	assert_int_equal(spdk_sock_set_recvbuf(sock, 1), -1);
	assert_int_equal(spdk_sock_set_priority(sock, 1), -1);
	assert_int_equal(errno, ENOTSUP);
	assert_int_equal(spdk_sock_getaddr(sock, NULL, 0, NULL, NULL, 0, NULL), -1);
	assert_null(spdk_sock_get_interface_name(sock));
	assert_int_equal(spdk_sock_get_numa_id(sock), -1);
	assert_false(spdk_sock_is_connected(sock));
	assert_int_equal(spdk_sock_get_optimal_sock_group(sock, &best, group), 0);
	assert_null(best);
	assert_int_equal(sock_get_fd(sock), -ENOTSUP);
	sock_want_input(sock, false);
	assert_null(spdk_sock_accept(sock));
	assert_null(spdk_sock_listen("x", 0, "late"));
	assert_null(spdk_sock_connect_async("x", 0, "late", NULL, NULL, NULL));
	assert_int_equal(errno, ENOTSUP);
	submit(sock, "x");
	assert_int_equal(spdk_sock_flush(sock), 1);
	assert_int_equal(g_err, -ENOTSUP);
	assert_int_equal(spdk_sock_group_remove_sock(group, sock), 0);
	assert_int_equal(spdk_sock_group_remove_sock(group, old), 0);
	spdk_sock_close(&sock);
	spdk_sock_close(&old);
	assert_int_equal(spdk_sock_group_close(&group), 0);
}

/* Tables that can't work are left out, and harm nobody. */
static void
test_refused(void **state)
{
	static struct spdk_net_impl nameless, headless = { .name = "headless", .opts = &g_opts };
	static struct spdk_net_impl twin;

	spdk_net_impl_register(NULL);
	spdk_net_impl_register(&nameless);
	spdk_net_impl_register(&headless);
	assert_null(spdk_net_impl_get_by_name("headless"));
	twin = g_early;
	spdk_net_impl_register(&twin);
	assert_ptr_equal(spdk_net_impl_get_by_name("early"), &g_early);
	twin.name = "posix";
	spdk_net_impl_register(&twin);
	assert_ptr_not_equal(spdk_net_impl_get_by_name("posix"), &twin);
}

static int
unlikely_probe(void)
{
	return -EPERM;
}

/* One that says that it can't work here. */
static void
test_probe(void **state)
{
	static struct spdk_net_impl shy;

	shy = g_late;
	shy.name = "shy";
	shy.probe = unlikely_probe;
	spdk_net_impl_register(&shy);
	assert_null(spdk_sock_connect("x", 0, "shy"));
	assert_int_equal(errno, ENOTSUP);
	assert_int_equal(spdk_sock_set_default_impl("shy"), -1);
	assert_int_equal(errno, ENOTSUP);
	assert_string_equal(spdk_sock_get_default_impl(), "posix");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_start),
		cmocka_unit_test(test_after_start),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
