/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * sock_want_input() of the posix implementation, over loopback: a socket whose owner takes no input
 * is silent, whatever comes, and so is its group's descriptor; writes go on.
 */

#include "pair.h"
#include <poll.h>

static struct {
	struct spdk_sock *listener, *server;
	struct spdk_sock_group *group;
	int client; /* a plain descriptor: it can also hang up rudely */
	int told;
	int write_err; /* 1: not called back */
} g;

static bool
fd_is_ready(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, timeout_ms) == 1;
}

static void
told(void *arg, struct spdk_sock_group *group, struct spdk_sock *sock)
{
	g.told++;
}

static int
setup(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	uint16_t port;
	int i;

	memset(&g, 0, sizeof(g));
	g.listener = spdk_sock_listen("127.0.0.1", 0, ut_impl());
	assert_non_null(g.listener);
	assert_int_equal(spdk_sock_getaddr(g.listener, NULL, 0, &port, NULL, 0, NULL), 0);
	addr.sin_port = htons(port);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	g.client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(g.client, (struct sockaddr *)&addr, sizeof(addr)), 0);
	for (i = 0; g.server == NULL && i < TRIES; i++) {
		(void)fd_is_ready(sock_get_fd(g.listener), WAIT_MS);
		g.server = spdk_sock_accept(g.listener);
	}
	g.group = spdk_sock_group_create(NULL);
	assert_int_equal(spdk_sock_group_add_sock(g.group, g.server, told, NULL), 0);
	return 0;
}

static int
teardown(void **state)
{
	if (g.client >= 0) {
		close(g.client);
	}
	assert_int_equal(spdk_sock_group_remove_sock(g.group, g.server), 0);
	assert_int_equal(spdk_sock_close(&g.server), 0);
	assert_int_equal(spdk_sock_group_close(&g.group), 0);
	assert_int_equal(spdk_sock_close(&g.listener), 0);
	return 0;
}

static void
client_send(const char *text)
{
	assert_int_equal(send(g.client, text, strlen(text), 0), strlen(text));
}

static void
client_hang_up(void)
{
	struct linger linger = { .l_onoff = 1 };

	assert_int_equal(setsockopt(g.client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	close(g.client);
	g.client = -1;
}

/** Nothing to do: no call-back, and nothing that would wake a reactor, once what came was seen. */
static void
assert_quiet(void)
{
	int i;

	for (i = 0; i < 3; i++) {
		(void)fd_is_ready(sock_group_get_fd(g.group), WAIT_MS);
		assert_int_equal(spdk_sock_group_poll(g.group), 0);
	}
	assert_int_equal(g.told, 0);
	assert_false(fd_is_ready(sock_group_get_fd(g.group), WAIT_MS));
	assert_int_equal(*sock_group_get_counter(g.group), 0);
}

static void
assert_told(void)
{
	int i;

	for (i = 0; g.told == 0 && i < TRIES; i++) {
		if (*sock_group_get_counter(g.group) == 0) {
			(void)fd_is_ready(sock_group_get_fd(g.group), WAIT_MS);
		}
		assert_true(spdk_sock_group_poll(g.group) >= 0);
	}
	assert_true(g.told > 0);
}

static void
test_bytes(void **state)
{
	char buf[8];

	sock_want_input(g.server, false);
	client_send("abc");
	assert_quiet();
	sock_want_input(g.server, true);
	assert_told();
	assert_int_equal(spdk_sock_recv(g.server, buf, sizeof(buf)), 3);
}

/** Bytes that were received ahead count only while somebody wants them. */
static void
test_ahead(void **state)
{
	char buf[8];

	client_send("abcdef");
	assert_told();
	assert_int_equal(spdk_sock_recv(g.server, buf, 2), 2);
	g.told = 0;
	sock_want_input(g.server, false);
	assert_quiet();
	sock_want_input(g.server, true);
	assert_told();
	assert_int_equal(spdk_sock_recv(g.server, buf, sizeof(buf)), 4);
}

static void
test_fin(void **state)
{
	char buf[8];

	sock_want_input(g.server, false);
	close(g.client);
	g.client = -1;
	assert_quiet();
	sock_want_input(g.server, true);
	assert_told();
	assert_int_equal(spdk_sock_recv(g.server, buf, sizeof(buf)), 0);
}

/** The system tells of a hang-up whatever was asked for. */
static void
test_hang_up(void **state)
{
	char buf[8];

	sock_want_input(g.server, false);
	client_hang_up();
	assert_quiet();
	sock_want_input(g.server, true);
	assert_told();
	assert_int_equal(spdk_sock_recv(g.server, buf, sizeof(buf)), -1);
	assert_int_equal(errno, ECONNRESET);
}

struct write {
	struct spdk_sock_request req;
	struct iovec iov[1];
};
SPDK_STATIC_ASSERT(offsetof(struct write, iov) == sizeof(struct spdk_sock_request), "iovs follow");

static void
written(void *arg, int err)
{
	g.write_err = err;
}

static void
write_begin(struct write *w, void *data, size_t len)
{
	memset(w, 0, sizeof(*w));
	w->req.cb_fn = written;
	w->req.iovcnt = 1;
	w->iov[0].iov_base = data;
	w->iov[0].iov_len = len;
	g.write_err = 1;
	spdk_sock_writev_async(g.server, &w->req);
}

/** More than the network takes at once, to a host that reads: all of it leaves. */
static void
test_writes_go_on(void **state)
{
	static char data[16 * 1024 * 1024], buf[65536];
	struct write w;
	int i;

	sock_want_input(g.server, false);
	client_send("abc");
	write_begin(&w, data, sizeof(data));
	for (i = 0; g.write_err == 1 && i < 100000; i++) {
		assert_int_equal(spdk_sock_group_poll(g.group), 0);
		(void)recv(g.client, buf, sizeof(buf), MSG_DONTWAIT);
	}
	assert_int_equal(g.write_err, 0);
	assert_int_equal(g.told, 0);
}

/** And when the host hangs up instead, the write ends with that. */
static void
test_write_then_hang_up(void **state)
{
	static char data[16 * 1024 * 1024];
	struct write w;
	int i;

	sock_want_input(g.server, false);
	write_begin(&w, data, sizeof(data));
	for (i = 0; i < 10; i++) {
		assert_int_equal(spdk_sock_group_poll(g.group), 0);
	}
	assert_int_equal(g.write_err, 1);
	client_hang_up();
	for (i = 0; g.write_err == 1 && i < TRIES; i++) {
		(void)fd_is_ready(sock_group_get_fd(g.group), WAIT_MS);
		assert_int_equal(spdk_sock_group_poll(g.group), 0);
	}
	assert_true(g.write_err < 0);
	assert_quiet();
}

/** In no group: nothing. What one group was told the next does not know. */
static void
test_groups(void **state)
{
	sock_want_input(g.server, false);
	client_send("abc");
	assert_quiet();
	assert_int_equal(spdk_sock_group_remove_sock(g.group, g.server), 0);
	sock_want_input(g.server, false);
	assert_int_equal(spdk_sock_group_add_sock(g.group, g.server, told, NULL), 0);
	assert_told();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ahead, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hang_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_writes_go_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_then_hang_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
	};

	return cmocka_run_group_tests_name("sock posix input", tests, NULL, NULL);
}
