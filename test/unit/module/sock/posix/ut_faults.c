/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The posix implementation where the system does less than it was asked, or nothing: writes cut at
 * each byte, errors of each call, no memory, no descriptors, signals. The linker puts the functions
 * below before the system's (--wrap); what they are not told to spoil goes through.
 */

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "pair.h"

#define SCRIPT_MAX 32

/* What the next calls of one function do: an errno, or, negative, bytes that it takes at most. */
struct script {
	int steps[SCRIPT_MAX]; /* 0 behind the last: go through */
	int at;
	int calls;
	int forever; /* errno of all calls */
};

static struct script g_send, g_accept, g_epoll_wait, g_read, g_poll, g_epoll_create;
static uint64_t g_ticks;           /* added to the clock: polls that fail take 1 ms each */
static int g_alloc_fail, g_allocs; /* which allocation fails, counted from 1; 0: none */

static int
script_next(struct script *s)
{
	s->calls++;
	if (s->forever != 0) {
		return s->forever;
	}
	return s->at < SCRIPT_MAX && s->steps[s->at] != 0 ? s->steps[s->at++] : 0;
}

static void
script_set(struct script *s, const int *steps)
{
	memset(s, 0, sizeof(*s));
	for (s->at = 0; steps != NULL && steps[s->at] != 0; s->at++) {
		s->steps[s->at] = steps[s->at];
	}
	s->at = 0;
}

/* True when the call fails, with errno. */
static bool
script_fails(struct script *s)
{
	int step = script_next(s);

	if (step > 0) {
		errno = step;
	}
	return step > 0;
}

ssize_t __real_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t
__wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	int step = script_next(&g_send);
	struct msghdr cut = *msg;
	struct iovec iov[128];
	size_t left = -step, i;

	if (step > 0) {
		errno = step;
		return -1;
	}
	if (step == 0) {
		return __real_sendmsg(fd, msg, flags);
	}
	for (i = 0; i < msg->msg_iovlen && left > 0; i++) {
		iov[i] = msg->msg_iov[i];
		iov[i].iov_len = spdk_min(iov[i].iov_len, left);
		left -= iov[i].iov_len;
	}
	cut.msg_iov = iov;
	cut.msg_iovlen = i;
	return __real_sendmsg(fd, &cut, flags);
}

ssize_t __real_readv(int fd, const struct iovec *iov, int iovcnt);
ssize_t __wrap_readv(int fd, const struct iovec *iov, int iovcnt);
ssize_t
__wrap_readv(int fd, const struct iovec *iov, int iovcnt)
{
	return script_fails(&g_read) ? -1 : __real_readv(fd, iov, iovcnt);
}

int __real_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
int
__wrap_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	return script_fails(&g_accept) ? -1 : __real_accept4(fd, addr, len, flags);
}

int __real_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);
int
__wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	return script_fails(&g_epoll_wait) ? -1 : __real_epoll_wait(fd, events, max, timeout);
}

int __real_epoll_create1(int flags);
int __wrap_epoll_create1(int flags);
int
__wrap_epoll_create1(int flags)
{
	return script_fails(&g_epoll_create) ? -1 : __real_epoll_create1(flags);
}

int __real_poll(struct pollfd *fds, nfds_t nfds, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t nfds, int timeout);
int
__wrap_poll(struct pollfd *fds, nfds_t nfds, int timeout)
{
	if (script_fails(&g_poll)) {
		g_ticks += spdk_get_ticks_hz() / 1000;
		return -1;
	}
	return __real_poll(fds, nfds, timeout);
}

uint64_t __real_spdk_get_ticks(void);
uint64_t __wrap_spdk_get_ticks(void);
uint64_t
__wrap_spdk_get_ticks(void)
{
	return __real_spdk_get_ticks() + g_ticks;
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
			assert_int_equal(g_done, a / REQ_BYTES);
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

/* Many queued vectors go out inside submit, and what happens there is told by the next poll. */
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
		assert_int_equal(g_send.calls, 1);
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
	} rows[] = {
		{ { 0 }, 0, 0 },
		{ { -5, 0 }, EAGAIN, 0 },
		{ { EAGAIN, 0 }, EAGAIN, 0 },
		{ { EPIPE, 0 }, EPIPE, -EPIPE },
	};
	uint8_t out[ALL_BYTES];
	struct iovec iov = { out, 4 };
	struct req reqs[REQS];
	struct pair p;
	size_t i, n;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		pair_open(&p, "127.0.0.1");
		submit_all(&p, reqs, out);
		script_set(&g_send, rows[i].steps);
		errno = 0;
		assert_int_equal(spdk_sock_writev(p.server, &iov, 1), rows[i].err != 0 ? -1 : 4);
		assert_int_equal(errno, rows[i].err);
		assert_int_equal(g_done, 0);
		for (n = 0; n < TRIES && g_done < REQS; n++) {
			assert_true(poll_group(&p) >= 0);
		}
		assert_int_equal(reqs[REQS - 1].err, rows[i].told);
		pair_close(&p);
	}
	script_set(&g_send, NULL);
}

/* ---- Reads and polls ---- */

static void
test_interrupted(void **state)
{
	uint8_t out[100] = { 1, 2, 3 }, in[100];
	struct pair p;

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
	struct spdk_sock *listener = spdk_sock_listen("127.0.0.1", 0, "posix"), *c, *s;
	uint16_t port;
	size_t i;

	assert_int_equal(spdk_sock_getaddr(listener, NULL, 0, &port, NULL, 0, NULL), 0);
	for (i = 0; i < SPDK_COUNTOF(peers); i++) {
		c = spdk_sock_connect("127.0.0.1", port, "posix");
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
	struct spdk_sock *listener = spdk_sock_listen("127.0.0.1", 0, "posix");
	struct spdk_sock_opts opts = { .opts_size = sizeof(opts) };
	uint16_t port;

	assert_int_equal(spdk_sock_getaddr(listener, NULL, 0, &port, NULL, 0, NULL), 0);
	spdk_sock_get_default_opts(&opts);
	opts.connect_timeout = 50;
	script_set(&g_poll, NULL);
	g_poll.forever = EINTR;
	assert_null(spdk_sock_connect_ext("127.0.0.1", port, "posix", &opts));
	assert_int_equal(errno, ETIMEDOUT);
	assert_in_range(g_poll.calls, 1, 52);
	script_set(&g_poll, (const int[]){ EINTR, EINTR, 0 });
	{
		struct spdk_sock *c = spdk_sock_connect("127.0.0.1", port, "posix");

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
		sock = spdk_sock_listen("127.0.0.1", 0, "posix");
		break;
	case MAKE_CONNECT:
		sock = spdk_sock_connect("127.0.0.1", port, "posix");
		break;
	case MAKE_CONNECT_ASYNC:
		sock = spdk_sock_connect_async("127.0.0.1", port, "posix", NULL, connect_done,
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
	struct spdk_sock *listener = spdk_sock_listen("127.0.0.1", 0, "posix"), *c;
	uint16_t port;
	int what, nth, before;
	bool made;

	assert_int_equal(spdk_sock_getaddr(listener, NULL, 0, &port, NULL, 0, NULL), 0);
	for (what = 0; what < MAKERS; what++) {
		for (nth = 1, made = false; !made; nth++) {
			c = spdk_sock_connect("127.0.0.1", port, "posix");
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
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_accept_errors),
		cmocka_unit_test(test_connect_under_signals),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
