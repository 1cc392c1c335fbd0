/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Waiting: an epoll set and an eventfd for kicks. The set is its owner's; a kick is anybody's.
 *
 * A kick is never lost: the eventfd keeps it until a wait reads it, whether that wait began before
 * or after. One read takes all kicks that came so far. */

#include "native.h"

#include "spdk_internal/env_fault.h"

#include <sys/syscall.h>

#define MAX_EVENTS 64
#define NS_PER_S 1000000000ull
/* Longer than any program runs; keeps the arithmetic of the kernel far from its limits. */
#define MAX_WAIT_S (10ull * 365 * 24 * 3600)

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

struct env_waiter {
	int epfd;
	int kick_fd;
	bool no_pwait2; /* owner's thread: the kernel is older than 5.11 */
};

static uint64_t
ticks_to_ns(uint64_t ticks)
{
	uint64_t hz = spdk_get_ticks_hz();

	if (ticks / hz >= MAX_WAIT_S) {
		return MAX_WAIT_S * NS_PER_S;
	}
	/* Rounded up: to wake before the deadline would mean to wait again. */
	return (uint64_t)(((unsigned __int128)ticks * NS_PER_S + hz - 1) / hz);
}

int
env_event_create(void)
{
	int fd;

	if (env_fault(ENV_FAULT_WAITER)) {
		return -EMFILE;
	}
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return fd >= 0 ? fd : -errno;
}

void
env_event_set(int fd)
{
	uint64_t one = 1;
	int before = errno;
	ssize_t rc;

	/* EAGAIN: the counter is at its limit, so it is readable. */
	do {
		rc = write(fd, &one, sizeof(one));
	} while (rc < 0 && errno == EINTR);
	/* A signal handler leaves errno as it was. */
	errno = before;
}

void
env_event_clear(int fd)
{
	uint64_t count;
	ssize_t rc;

	do {
		rc = read(fd, &count, sizeof(count));
	} while (rc < 0 && errno == EINTR);
}

void
env_event_close(int fd)
{
	close(fd);
}

int
env_waiter_create(struct env_waiter **out)
{
	struct env_waiter *w;
	int rc;

	w = calloc(1, sizeof(*w));
	if (w == NULL) {
		return -ENOMEM;
	}
	w->epfd = -1;
	w->kick_fd = env_event_create();
	if (w->kick_fd < 0) {
		rc = w->kick_fd;
		goto fail;
	}
	w->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epfd < 0) {
		rc = -errno;
		goto fail;
	}
	/* A tag that no user has: an address inside the waiter. */
	rc = env_waiter_add(w, w->kick_fd, EPOLLIN, &w->kick_fd);
	if (rc != 0) {
		goto fail;
	}
	*out = w;
	return 0;

fail:
	env_waiter_destroy(w);
	return rc;
}

void
env_waiter_destroy(struct env_waiter *w)
{
	if (w == NULL) {
		return;
	}
	if (w->epfd >= 0) {
		close(w->epfd);
	}
	if (w->kick_fd >= 0) {
		close(w->kick_fd);
	}
	free(w);
}

static int
set_control(struct env_waiter *w, int op, int fd, uint32_t events, void *tag)
{
	struct epoll_event ev = { .events = events, .data = { .ptr = tag } };

	return epoll_ctl(w->epfd, op, fd, &ev) == 0 ? 0 : -errno;
}

int
env_waiter_add(struct env_waiter *w, int fd, uint32_t events, void *tag)
{
	if (env_fault(ENV_FAULT_WAITER)) {
		return -ENOMEM;
	}
	return set_control(w, EPOLL_CTL_ADD, fd, events, tag);
}

int
env_waiter_modify(struct env_waiter *w, int fd, uint32_t events, void *tag)
{
	return set_control(w, EPOLL_CTL_MOD, fd, events, tag);
}

int
env_waiter_remove(struct env_waiter *w, int fd)
{
	return set_control(w, EPOLL_CTL_DEL, fd, 0, NULL);
}

void
env_waiter_kick(struct env_waiter *w)
{
	env_event_set(w->kick_fd);
}

int
env_waiter_fd(struct env_waiter *w)
{
	return w->epfd;
}

/* As epoll_wait(), with nanoseconds; NULL: no limit. */
static int
wait_ns(struct env_waiter *w, struct epoll_event *evs, int max, const struct timespec *ts)
{
	struct pollfd p = { .fd = w->epfd, .events = POLLIN };
	int num;

	if (!w->no_pwait2) {
		num = (int)syscall(SYS_epoll_pwait2, w->epfd, evs, max, ts, NULL, (size_t)0);
		if (num >= 0 || errno != ENOSYS) {
			return num;
		}
		w->no_pwait2 = true;
	}
	/* ppoll() on the set has nanoseconds since ever. */
	num = ppoll(&p, 1, ts, NULL);
	return num <= 0 ? num : epoll_wait(w->epfd, evs, max, 0);
}

/* Until the deadline at most; how many events, or a negative errno. */
static int
wait_once(struct env_waiter *w, uint64_t deadline_ticks, struct epoll_event *evs, int max)
{
	struct timespec ts = { 0 };
	uint64_t now, ns;
	int num;

	if (deadline_ticks == UINT64_MAX) {
		num = wait_ns(w, evs, max, NULL);
		return num >= 0 ? num : -errno;
	}
	now = deadline_ticks == 0 ? 0 : spdk_get_ticks();
	if (deadline_ticks <= now) {
		num = epoll_wait(w->epfd, evs, max, 0);
		return num >= 0 ? num : -errno;
	}
	ns = ticks_to_ns(deadline_ticks - now);
	ts.tv_sec = (time_t)(ns / NS_PER_S);
	ts.tv_nsec = (long)(ns % NS_PER_S);
	num = wait_ns(w, evs, max, &ts);
	return num >= 0 ? num : -errno;
}

int
env_waiter_wait(struct env_waiter *w, uint64_t deadline_ticks, struct env_wait_event *events,
                int max_events)
{
	struct epoll_event evs[MAX_EVENTS];
	bool kicked = false;
	int got, i, num;

	assert(max_events > 0);
	do {
		got = wait_once(w, deadline_ticks, evs, spdk_min(max_events, MAX_EVENTS));
		num = 0;
		for (i = 0; i < got; i++) {
			if (evs[i].data.ptr == &w->kick_fd) {
				env_event_clear(w->kick_fd);
				kicked = true;
				continue;
			}
			events[num].tag = evs[i].data.ptr;
			events[num].events = evs[i].events;
			num++;
		}
		/* The counter and the kernel's clock may differ by a little. */
	} while (got == 0 && !kicked && deadline_ticks != 0 && spdk_get_ticks() < deadline_ticks);
	return got < 0 ? got : num;
}
