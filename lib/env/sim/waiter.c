/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Simulated descriptors and the sets that wait for them. A wait is a look through the set; when
 * nothing is ready, sim_wait_idle() says what happens. Descriptors of the machine in a set are
 * asked with poll() and a timeout of 0, so that tests of code with real sockets run here too. */

#include "sim.h"

#include "spdk_internal/env_fault.h"

#include <poll.h>

#define MAX_FDS 65536

struct watch {
	TAILQ_ENTRY(watch) link;
	int fd;
	uint32_t events;
	void *tag;
	uint64_t seen_edges; /* of EPOLLET: the fd's edges that were reported */
};

TAILQ_HEAD(watch_list, watch);

struct env_waiter {
	struct watch_list watches;
	struct sim_fd *fd;
	bool kicked;
};

TAILQ_HEAD(sim_fd_list, sim_fd);

static struct {
	struct sim_fd_list fds; /* ascending */
	uint32_t num_fds;
} g_fds SYSTEM_STATE = { .fds = TAILQ_HEAD_INITIALIZER(g_fds.fds) };

/* ---- Descriptors ---- */

struct sim_fd *
sim_fd_new(enum sim_fd_kind kind, void *obj)
{
	struct sim_fd *f = calloc(1, sizeof(*f));
	struct sim_fd *after = NULL;
	struct sim_fd *other;
	int fd = SIM_FD_BASE;

	if (f == NULL) {
		return NULL;
	}
	/* The lowest that is free, as the machine does. */
	TAILQ_FOREACH(other, &g_fds.fds, link) {
		if (other->fd != fd) {
			break;
		}
		after = other;
		fd++;
	}
	f->fd = fd;
	f->kind = kind;
	f->obj = obj;
	if (after != NULL) {
		TAILQ_INSERT_AFTER(&g_fds.fds, after, f, link);
	} else {
		TAILQ_INSERT_HEAD(&g_fds.fds, f, link);
	}
	g_fds.num_fds++;
	return f;
}

struct sim_fd *
sim_fd_find(int fd)
{
	struct sim_fd *f;

	if (fd < SIM_FD_BASE) {
		return NULL;
	}
	TAILQ_FOREACH(f, &g_fds.fds, link) {
		if (f->fd == fd) {
			return f;
		}
	}
	return NULL;
}

void
sim_fd_delete(struct sim_fd *f)
{
	TAILQ_REMOVE(&g_fds.fds, f, link);
	g_fds.num_fds--;
	free(f);
}

void
sim_fd_set(struct sim_fd *f, uint32_t ready)
{
	if ((ready & ~f->ready) != 0) {
		f->edges++;
	}
	f->ready = ready;
}

void
sim_fd_fini(void)
{
	struct sim_fd *f;

	/* What a test forgot to close; leak checks count it before. */
	while ((f = TAILQ_FIRST(&g_fds.fds)) != NULL) {
		sim_fd_delete(f);
	}
}

static int
machine_fd_ready(int fd, uint32_t *ready)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	if (fd < 0 || poll(&p, 1, 0) < 0 || (p.revents & POLLNVAL) != 0) {
		return -EBADF;
	}
	/* poll() and epoll use the same bits. */
	*ready = (uint32_t)p.revents;
	return 0;
}

int
sim_fd_ready(int fd, uint32_t *ready)
{
	struct sim_fd *f = sim_fd_find(fd);

	if (f == NULL) {
		return machine_fd_ready(fd, ready);
	}
	*ready = f->ready;
	if (f->kind == SIM_FD_WAITER) {
		*ready = sim_waiter_ready(f->obj) ? EPOLLIN : 0;
	} else if (f->kind == SIM_FD_TIMER) {
		*ready = spdk_get_ticks() >= f->deadline_ticks ? EPOLLIN : 0;
	}
	return 0;
}

int
env_sim_fd_create(void)
{
	struct sim_fd *f = g_fds.num_fds < MAX_FDS ? sim_fd_new(SIM_FD_PLAIN, NULL) : NULL;

	return f != NULL ? f->fd : -EMFILE;
}

void
env_sim_fd_set_ready(int fd, uint32_t events)
{
	struct sim_fd *f = sim_fd_find(fd);

	assert(f != NULL && f->kind == SIM_FD_PLAIN);
	sim_fd_set(f, events);
}

uint32_t
env_sim_fd_count(void)
{
	return g_fds.num_fds;
}

/* ---- Events ---- */

int
env_event_create(void)
{
	struct sim_fd *f;

	if (g_fds.num_fds >= MAX_FDS || env_fault(ENV_FAULT_WAITER)) {
		return -EMFILE;
	}
	f = sim_fd_new(SIM_FD_EVENT, NULL);
	if (f == NULL) {
		return -ENOMEM;
	}
	f->ready = EPOLLOUT;
	return f->fd;
}

void
env_event_set(int fd)
{
	struct sim_fd *f = sim_fd_find(fd);

	if (f == NULL) {
		ssize_t rc = write(fd, &(uint64_t){ 1 }, sizeof(uint64_t));

		(void)rc;
		return;
	}
	assert(f->kind == SIM_FD_EVENT);
	/* Setting it again is an edge too, as with an eventfd. */
	f->edges++;
	f->ready |= EPOLLIN;
}

void
env_event_clear(int fd)
{
	struct sim_fd *f = sim_fd_find(fd);
	uint64_t count;

	if (f == NULL) {
		ssize_t rc = read(fd, &count, sizeof(count));

		(void)rc;
		return;
	}
	f->ready &= ~(uint32_t)EPOLLIN;
}

void
env_event_close(int fd)
{
	struct sim_fd *f = sim_fd_find(fd);

	if (f != NULL) {
		assert(f->kind == SIM_FD_EVENT || f->kind == SIM_FD_PLAIN);
		sim_fd_delete(f);
	}
}

/* ---- Timers ---- */

int
env_timer_create(void)
{
	struct sim_fd *f;

	if (g_fds.num_fds >= MAX_FDS || env_fault(ENV_FAULT_WAITER)) {
		return -EMFILE;
	}
	f = sim_fd_new(SIM_FD_TIMER, NULL);
	if (f == NULL) {
		return -ENOMEM;
	}
	f->deadline_ticks = UINT64_MAX;
	return f->fd;
}

void
env_timer_set(int fd, uint64_t deadline_ticks)
{
	struct sim_fd *f = sim_fd_find(fd);

	assert(f != NULL && f->kind == SIM_FD_TIMER);
	f->deadline_ticks = deadline_ticks;
	f->edges++;
}

void
env_timer_close(int fd)
{
	struct sim_fd *f = sim_fd_find(fd);

	assert(f != NULL && f->kind == SIM_FD_TIMER);
	sim_fd_delete(f);
}

/* ---- Sets ---- */

int
env_waiter_create(struct env_waiter **out)
{
	struct env_waiter *w;

	if (env_fault(ENV_FAULT_WAITER)) {
		return -EMFILE;
	}
	w = calloc(1, sizeof(*w));
	if (w == NULL) {
		return -ENOMEM;
	}
	TAILQ_INIT(&w->watches);
	w->fd = sim_fd_new(SIM_FD_WAITER, w);
	if (w->fd == NULL) {
		free(w);
		return -ENOMEM;
	}
	*out = w;
	return 0;
}

void
env_waiter_destroy(struct env_waiter *w)
{
	struct watch *watch;

	if (w == NULL) {
		return;
	}
	while ((watch = TAILQ_FIRST(&w->watches)) != NULL) {
		TAILQ_REMOVE(&w->watches, watch, link);
		free(watch);
	}
	sim_fd_delete(w->fd);
	free(w);
}

static struct watch *
watch_find(struct env_waiter *w, int fd)
{
	struct watch *watch;

	TAILQ_FOREACH(watch, &w->watches, link) {
		if (watch->fd == fd) {
			return watch;
		}
	}
	return NULL;
}

/* Whether a regular file or folder, which epoll refuses. */
static bool
is_file(int fd)
{
	struct stat st;

	return fd < SIM_FD_BASE && fstat(fd, &st) == 0 &&
	       (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

int
env_waiter_add(struct env_waiter *w, int fd, uint32_t events, void *tag)
{
	struct watch *watch;
	uint32_t ready;
	int rc;

	if (env_fault(ENV_FAULT_WAITER)) {
		return -ENOMEM;
	}
	rc = sim_fd_ready(fd, &ready);
	if (rc != 0) {
		return rc;
	}
	if (is_file(fd)) {
		return -EPERM;
	}
	if (fd == w->fd->fd) {
		return -EINVAL;
	}
	if (watch_find(w, fd) != NULL) {
		return -EEXIST;
	}
	watch = calloc(1, sizeof(*watch));
	if (watch == NULL) {
		return -ENOMEM;
	}
	watch->fd = fd;
	watch->events = events;
	watch->tag = tag;
	watch->seen_edges = UINT64_MAX;
	TAILQ_INSERT_TAIL(&w->watches, watch, link);
	return 0;
}

int
env_waiter_modify(struct env_waiter *w, int fd, uint32_t events, void *tag)
{
	struct watch *watch = watch_find(w, fd);

	if (watch == NULL) {
		return -ENOENT;
	}
	watch->events = events;
	watch->tag = tag;
	watch->seen_edges = UINT64_MAX;
	return 0;
}

int
env_waiter_remove(struct env_waiter *w, int fd)
{
	struct watch *watch = watch_find(w, fd);

	if (watch == NULL) {
		return -ENOENT;
	}
	TAILQ_REMOVE(&w->watches, watch, link);
	free(watch);
	return 0;
}

void
env_waiter_kick(struct env_waiter *w)
{
	w->kicked = true;
}

int
env_waiter_fd(struct env_waiter *w)
{
	return w->fd->fd;
}

/* Which events \p watch has to report; \p take: and count them as reported. */
static uint32_t
watch_events(struct watch *watch, bool take)
{
	struct sim_fd *f = sim_fd_find(watch->fd);
	uint32_t ready = 0;

	/* A descriptor that was closed leaves every set, as epoll's do. */
	if (sim_fd_ready(watch->fd, &ready) != 0) {
		return 0;
	}
	ready &= watch->events | EPOLLERR | EPOLLHUP;
	if (ready == 0 || f == NULL || (watch->events & EPOLLET) == 0) {
		return ready;
	}
	if (f->edges == watch->seen_edges) {
		return 0;
	}
	if (take) {
		watch->seen_edges = f->edges;
	}
	return ready;
}

bool
sim_waiter_ready(struct env_waiter *w)
{
	struct watch *watch;

	if (w->kicked) {
		return true;
	}
	TAILQ_FOREACH(watch, &w->watches, link) {
		if (watch_events(watch, false) != 0) {
			return true;
		}
	}
	return false;
}

/* Store what is ready. What was reported goes to the end, so that nobody starves. */
static int
collect(struct env_waiter *w, struct env_wait_event *events, int max_events)
{
	struct watch *last = TAILQ_LAST(&w->watches, watch_list);
	struct watch *watch, *tmp;
	int num = 0;

	TAILQ_FOREACH_SAFE(watch, &w->watches, link, tmp) {
		uint32_t ready;

		if (num == max_events) {
			break;
		}
		ready = watch_events(watch, true);
		if (ready != 0) {
			events[num].tag = watch->tag;
			events[num].events = ready;
			num++;
			TAILQ_REMOVE(&w->watches, watch, link);
			TAILQ_INSERT_TAIL(&w->watches, watch, link);
		}
		if (watch == last) {
			break;
		}
	}
	return num;
}

/* The earliest deadline of the timers in a set, and in the sets in it. */
static uint64_t
first_timer(const struct env_waiter *w)
{
	uint64_t first = UINT64_MAX, one;
	struct watch *watch;
	struct sim_fd *f;

	TAILQ_FOREACH(watch, &w->watches, link) {
		f = sim_fd_find(watch->fd);
		if (f != NULL && f->kind == SIM_FD_TIMER) {
			first = spdk_min(first, f->deadline_ticks);
		} else if (f != NULL && f->kind == SIM_FD_WAITER) {
			one = first_timer(f->obj);
			first = spdk_min(first, one);
		}
	}
	return first;
}

int
env_waiter_wait(struct env_waiter *w, uint64_t deadline_ticks, struct env_wait_event *events,
                int max_events)
{
	uint64_t timer_ticks;
	bool kicked, again;
	int num;

	assert(max_events > 0);
	do {
		num = collect(w, events, max_events);
		kicked = w->kicked;
		w->kicked = false;
		if (num != 0 || kicked || deadline_ticks == 0) {
			break;
		}
		timer_ticks = first_timer(w);
		again = sim_wait_idle(spdk_min(deadline_ticks, timer_ticks));
	} while (again || (timer_ticks < deadline_ticks && spdk_get_ticks() >= timer_ticks));
	return num;
}
