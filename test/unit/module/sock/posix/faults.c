/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * See faults.h. An entry of a ring that is to fail becomes one that does nothing, and its
 * completion gets the error afterwards; one that is to take fewer bytes gets a shorter list of
 * them.
 */

#include "faults.h"

#include <liburing.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define IOVS_MAX 128

struct script g_send, g_read, g_accept, g_poll, g_epoll_wait, g_epoll_create, g_submit;
int g_alloc_fail, g_allocs;
unsigned int g_ring_entries, g_ring_cq_entries;
static uint64_t g_ticks; /* added to the clock: polls that fail take 1 ms each */

/* Entries that do nothing in place of others. */
#define SPOILED_MAX 16
static struct {
	uint64_t data;
	int res;
} g_spoiled[SPOILED_MAX];
static int g_num_spoiled;

bool
ut_is_uring(void)
{
	return strcmp(ut_impl(), "uring") == 0;
}

static int
script_next(struct script *s)
{
	s->calls++;
	if (s->forever != 0) {
		return s->forever;
	}
	return s->at < SCRIPT_MAX && s->steps[s->at] != 0 ? s->steps[s->at++] : 0;
}

void
script_set(struct script *s, const int *steps)
{
	memset(s, 0, sizeof(*s));
	for (s->at = 0; steps != NULL && steps[s->at] != 0; s->at++) {
		s->steps[s->at] = steps[s->at];
	}
	s->at = 0;
}

size_t
script_allowed(const struct script *s)
{
	size_t bytes = 0;
	int i;

	if (s->calls > s->at) {
		return SIZE_MAX;
	}
	for (i = 0; i < s->at; i++) {
		bytes += s->steps[i] < 0 ? (size_t)-s->steps[i] : 0;
	}
	return bytes;
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

/* The first \p left bytes of a list. */
static size_t
iov_cut(const struct iovec *from, size_t num, struct iovec *to, size_t left)
{
	size_t i;

	for (i = 0; i < num && left > 0; i++) {
		to[i] = from[i];
		to[i].iov_len = spdk_min(to[i].iov_len, left);
		left -= to[i].iov_len;
	}
	return i;
}

/* ---- Calls ---- */

ssize_t __real_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t
__wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	int step = script_next(&g_send);
	struct msghdr cut = *msg;
	struct iovec iov[IOVS_MAX];

	if (step > 0) {
		errno = step;
		return -1;
	}
	if (step == 0) {
		return __real_sendmsg(fd, msg, flags);
	}
	cut.msg_iov = iov;
	cut.msg_iovlen = iov_cut(msg->msg_iov, msg->msg_iovlen, iov, (size_t)-step);
	return __real_sendmsg(fd, &cut, flags);
}

ssize_t __real_readv(int fd, const struct iovec *iov, int iovcnt);
ssize_t __wrap_readv(int fd, const struct iovec *iov, int iovcnt);
ssize_t
__wrap_readv(int fd, const struct iovec *iov, int iovcnt)
{
	struct iovec cut[IOVS_MAX];
	int step = script_next(&g_read);

	if (step > 0) {
		errno = step;
		return -1;
	}
	if (step == 0) {
		return __real_readv(fd, iov, iovcnt);
	}
	return __real_readv(fd, cut, (int)iov_cut(iov, (size_t)iovcnt, cut, (size_t)-step));
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

/* ---- Rings ---- */

static void
entry_fail(struct io_uring_sqe *sqe, int err)
{
	uint64_t data = sqe->user_data;

	assert_true(g_num_spoiled < SPOILED_MAX);
	g_spoiled[g_num_spoiled].data = data;
	g_spoiled[g_num_spoiled++].res = -err;
	io_uring_prep_nop(sqe);
	io_uring_sqe_set_data64(sqe, data);
}

static void
entry_spoil_send(struct io_uring_sqe *sqe)
{
	/* The system takes its copy when the entry is submitted. */
	static struct msghdr msgs[SPOILED_MAX];
	static struct iovec iovs[SPOILED_MAX][IOVS_MAX];
	static int n;
	const struct msghdr *msg = (const struct msghdr *)(uintptr_t)sqe->addr;
	int step = script_next(&g_send);

	if (step > 0) {
		entry_fail(sqe, step);
	} else if (step < 0) {
		n = (n + 1) % SPOILED_MAX;
		msgs[n] = *msg;
		msgs[n].msg_iov = iovs[n];
		msgs[n].msg_iovlen = iov_cut(msg->msg_iov, msg->msg_iovlen, iovs[n], (size_t)-step);
		sqe->addr = (uintptr_t)&msgs[n];
	}
}

/* A receive that goes on can't take less: it finds no buffers, and a single one comes after it. */
static void
entry_spoil_recv(struct io_uring_sqe *sqe)
{
	int step;

	if ((sqe->flags & IOSQE_BUFFER_SELECT) && g_read.steps[g_read.at] < 0) {
		entry_fail(sqe, ENOBUFS);
		return;
	}
	step = script_next(&g_read);
	if (step > 0) {
		entry_fail(sqe, step);
	} else if (step < 0) {
		sqe->len = spdk_min(sqe->len, (unsigned int)-step);
	}
}

static void
ring_spoil(struct io_uring *ring)
{
	struct io_uring_sqe *sqe;
	unsigned int i;

	for (i = ring->sq.sqe_head; i != ring->sq.sqe_tail; i++) {
		sqe = &ring->sq.sqes[i & ring->sq.ring_mask];
		if (sqe->opcode == IORING_OP_SENDMSG || sqe->opcode == IORING_OP_SENDMSG_ZC) {
			entry_spoil_send(sqe);
		} else if (sqe->opcode == IORING_OP_RECV) {
			entry_spoil_recv(sqe);
		}
	}
}

static void
ring_mend(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	unsigned int head;
	int i;

	io_uring_for_each_cqe(ring, head, cqe)
	{
		for (i = 0; i < g_num_spoiled; i++) {
			if (g_spoiled[i].data == cqe->user_data) {
				cqe->res = g_spoiled[i].res;
				g_spoiled[i] = g_spoiled[--g_num_spoiled];
				break;
			}
		}
	}
}

int __real_io_uring_submit(struct io_uring *ring);
int __wrap_io_uring_submit(struct io_uring *ring);
int
__wrap_io_uring_submit(struct io_uring *ring)
{
	int rc;

	if (script_fails(&g_submit)) {
		return -errno;
	}
	ring_spoil(ring);
	rc = __real_io_uring_submit(ring);
	ring_mend(ring);
	return rc;
}

int __real_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
                                      struct io_uring_params *params);
int __wrap_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
                                      struct io_uring_params *params);
int
__wrap_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
                                  struct io_uring_params *params)
{
	if (g_ring_entries != 0) {
		entries = g_ring_entries;
		params->cq_entries = g_ring_cq_entries;
	}
	return __real_io_uring_queue_init_params(entries, ring, params);
}
