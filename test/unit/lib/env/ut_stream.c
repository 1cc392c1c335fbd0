/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Control streams and randomness: what holds on every environment. */

#include "suite.h"

#include "spdk/log.h"

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", suite_dir(), name);
	return path;
}

/* Wait until \p fd is readable: TCP on loopback may take a moment. */
static void
wait_readable(int fd)
{
	struct env_wait_event ev;
	struct env_waiter *w;

	assert_int_equal(env_waiter_create(&w), 0);
	assert_int_equal(env_waiter_add(w, fd, EPOLLIN, NULL), 0);
	assert_int_equal(env_waiter_wait(w, spdk_get_ticks() + 5 * spdk_get_ticks_hz(), &ev, 1), 1);
	env_waiter_destroy(w);
}

static void
talk(const char *addr, bool local)
{
	struct env_peer peer = { 0 };
	char buf[16];
	int l, c, s;

	l = env_stream_listen(addr);
	assert_true(l >= 0);
	assert_int_equal(env_stream_accept(l, &peer), -EAGAIN);
	c = env_stream_connect(addr);
	assert_true(c >= 0);
	wait_readable(l);
	s = env_stream_accept(l, &peer);
	assert_true(s >= 0);
	assert_true(local ? peer.pid > 0 && peer.uid >= 0 && peer.gid >= 0
	                  : peer.pid == -1 && peer.uid == -1 && peer.gid == -1);
	assert_int_equal(env_stream_accept(l, NULL), -EAGAIN);

	assert_int_equal(env_stream_recv(s, buf, sizeof(buf)), -EAGAIN);
	assert_int_equal(env_stream_send(c, "ping", 4), 4);
	wait_readable(s);
	assert_int_equal(env_stream_recv(s, buf, 2), 2);
	assert_memory_equal(buf, "pi", 2);
	assert_int_equal(env_stream_recv(s, buf, sizeof(buf)), 2);
	assert_memory_equal(buf, "ng", 2);
	assert_int_equal(env_stream_send(s, "pong!", 5), 5);
	wait_readable(c);
	env_stream_close(s);
	assert_int_equal(env_stream_recv(c, buf, sizeof(buf)), 5);
	wait_readable(c);
	assert_int_equal(env_stream_recv(c, buf, sizeof(buf)), 0);
	env_stream_close(c);
	env_stream_unlisten(l, addr);
}

static void
test_talk(void **state)
{
	talk(path_of("talk"), true);
	talk("127.0.0.1:20811", false);
	talk("[::1]:20812", false);
}

static void
test_addr_in_use(void **state)
{
	const char *addr = path_of("used");
	int l = env_stream_listen(addr);

	assert_true(l >= 0);
	assert_int_equal(env_stream_listen(addr), -EADDRINUSE);
	env_stream_unlisten(l, addr);
	l = env_stream_listen(addr);
	assert_true(l >= 0);
	env_stream_unlisten(l, addr);
	l = env_stream_listen("127.0.0.1:20813");
	assert_true(l >= 0);
	assert_int_equal(env_stream_listen("127.0.0.1:20813"), -EADDRINUSE);
	env_stream_unlisten(l, "127.0.0.1:20813");
}

static void
test_refused(void **state)
{
	char name[200];

	assert_int_equal(env_stream_listen(NULL), -EINVAL);
	assert_int_equal(env_stream_listen(""), -EINVAL);
	memset(name, 'x', sizeof(name));
	name[0] = '/';
	name[108] = '\0';
	assert_int_equal(env_stream_listen(name), -ENAMETOOLONG);
	assert_int_equal(env_stream_connect(name), -ENAMETOOLONG);
	assert_int_equal(env_stream_listen("127.0.0.1:"), -EINVAL);
	assert_int_equal(env_stream_listen("127.0.0.1:65536"), -EINVAL);
	assert_int_equal(env_stream_listen("127.0.0.1:http"), -EINVAL);
	assert_int_equal(env_stream_connect("127.0.0.1:65536"), -EINVAL);
	assert_int_equal(env_stream_connect(path_of("nobody")), -ENOENT);
	env_fault_nth(ENV_FAULT_STREAM, 1);
	assert_int_equal(env_stream_listen(path_of("fault")), -EMFILE);
}

/* Send until it blocks; what was taken arrives, whole and in order. */
static void
test_backpressure(void **state)
{
	const char *addr = path_of("full");
	uint8_t out[4096], in[4096];
	size_t sent = 0, got = 0, i;
	int l, c, s;
	ssize_t n;

	l = env_stream_listen(addr);
	c = env_stream_connect(addr);
	s = env_stream_accept(l, NULL);
	assert_true(s >= 0);
	for (;;) {
		for (i = 0; i < sizeof(out); i++) {
			out[i] = (uint8_t)((sent + i) * 31 >> 3);
		}
		n = env_stream_send(c, out, sizeof(out));
		if (n < 0) {
			break;
		}
		sent += (size_t)n;
		assert_true(sent < 64 << 20);
	}
	assert_int_equal(n, -EAGAIN);
	while (got < sent) {
		n = env_stream_recv(s, in, sizeof(in));
		assert_true(n > 0);
		for (i = 0; i < (size_t)n; i++) {
			assert_int_equal(in[i], (uint8_t)((got + i) * 31 >> 3));
		}
		got += (size_t)n;
	}
	assert_int_equal(env_stream_recv(s, in, sizeof(in)), -EAGAIN);
	assert_int_equal(env_stream_send(c, out, 1), 1);
	env_stream_close(s);
	assert_int_equal(env_stream_send(c, out, 1), -EPIPE);
	env_stream_close(c);
	env_stream_unlisten(l, addr);
}

static void
test_random(void **state)
{
	uint8_t a[37], b[37] = { 0 }, zero[37] = { 0 };

	memset(a, 0, sizeof(a));
	env_random(a, 36);
	env_random(b, 36);
	assert_memory_not_equal(a, b, 36);
	assert_memory_not_equal(a, zero, 36);
	/* Not a byte more. */
	assert_int_equal(a[36], 0);
	env_random(a, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ENV_TEST(test_talk),   ENV_TEST(test_addr_in_use),  ENV_TEST(test_refused),
		ENV_TEST(test_random), ENV_TEST(test_backpressure),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_stream", tests, NULL, NULL);
}
