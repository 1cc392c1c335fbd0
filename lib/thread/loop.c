/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Threads in somebody else's event loop: one descriptor, and a call that does what there is to do.
 *
 * The loop is a sleeper as a reactor is one, and follows the same rule (sleep.c); only its wait,
 * S4, is the foreign loop's. Its descriptor is that of its waiter, which holds the descriptors of
 * the threads, the kicks of those who send messages, and a timer for the first timed poller. When
 * there is work at the end of a process call the loop kicks itself, so that the descriptor stays
 * readable.
 *
 * A loop belongs to the POSIX thread that processes it; only the list of arrivals is anybody's. A
 * thread that is polled by spdk_thread_poll() gets a loop of its own when somebody asks for its
 * interrupt descriptor. */

#include "thread_internal.h"

#define LOOP_EVENTS_MAX 32

TAILQ_HEAD(loop_threads, spdk_thread);

struct basalt_loop {
	struct thread_sleeper sleeper;
	int timer_fd;
	uint64_t armed_ticks; /* the timer's deadline; UINT64_MAX: none */
	struct loop_threads threads;
	bool own; /* of the one thread in it, made for spdk_thread_get_interrupt_fd() */

	_Atomic uint32_t num_arrivals; /* written under the lock */
	pthread_mutex_t lock;
	struct loop_threads arrivals; /* under the lock */
};

int
basalt_loop_create(struct basalt_loop **out)
{
	struct basalt_loop *loop = calloc(1, sizeof(*loop));
	int rc;

	if (loop == NULL) {
		return -ENOMEM;
	}
	TAILQ_INIT(&loop->threads);
	TAILQ_INIT(&loop->arrivals);
	pthread_mutex_init(&loop->lock, NULL);
	loop->armed_ticks = UINT64_MAX;
	loop->timer_fd = -1;
	/* Asleep: whoever comes first makes the descriptor readable. */
	atomic_init(&loop->sleeper.sleeping, 1);
	rc = env_waiter_create(&loop->sleeper.waiter);
	if (rc == 0) {
		loop->timer_fd = env_timer_create();
		rc = spdk_min(loop->timer_fd, 0);
	}
	if (rc == 0) {
		rc = env_waiter_add(loop->sleeper.waiter, loop->timer_fd, EPOLLIN, NULL);
	}
	if (rc != 0) {
		basalt_loop_destroy(loop);
		return rc;
	}
	*out = loop;
	return 0;
}

static void
loop_take_arrivals(struct basalt_loop *loop)
{
	struct spdk_thread *thread;

	if (atomic_load_explicit(&loop->num_arrivals, memory_order_relaxed) == 0) {
		return; /* or it comes just now, and its wake makes the loop look again */
	}
	pthread_mutex_lock(&loop->lock);
	while ((thread = TAILQ_FIRST(&loop->arrivals)) != NULL) {
		TAILQ_REMOVE(&loop->arrivals, thread, loop_link);
		TAILQ_INSERT_TAIL(&loop->threads, thread, loop_link);
		thread->loop = loop;
		thread_attach(thread, &loop->sleeper);
	}
	atomic_store_explicit(&loop->num_arrivals, 0, memory_order_relaxed);
	pthread_mutex_unlock(&loop->lock);
}

void
basalt_loop_destroy(struct basalt_loop *loop)
{
	struct spdk_thread *thread;

	if (loop == NULL) {
		return;
	}
	loop_take_arrivals(loop);
	while ((thread = TAILQ_FIRST(&loop->threads)) != NULL) {
		basalt_loop_remove_thread(loop, thread);
	}
	env_waiter_destroy(loop->sleeper.waiter);
	if (loop->timer_fd >= 0) {
		env_timer_close(loop->timer_fd);
	}
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

void
basalt_loop_add_thread(struct basalt_loop *loop, struct spdk_thread *thread)
{
	pthread_mutex_lock(&loop->lock);
	TAILQ_INSERT_TAIL(&loop->arrivals, thread, loop_link);
	atomic_fetch_add_explicit(&loop->num_arrivals, 1, memory_order_relaxed);
	/* G1 to G4 of sleep.c; under the lock, so that the loop is not destroyed meanwhile by an
	 * owner who has seen the arrival. */
	thread_wake(&loop->sleeper);
	pthread_mutex_unlock(&loop->lock);
}

void
basalt_loop_remove_thread(struct basalt_loop *loop, struct spdk_thread *thread)
{
	loop_take_arrivals(loop);
	assert(thread->loop == loop && thread->depth == 0);
	thread_detach(thread);
	TAILQ_REMOVE(&loop->threads, thread, loop_link);
	thread->loop = NULL;
}

int
loop_fd(const struct basalt_loop *loop)
{
	return env_waiter_fd(loop->sleeper.waiter);
}

bool
loop_is_own(const struct basalt_loop *loop)
{
	return loop->own;
}

int
basalt_loop_get_fd(const struct basalt_loop *loop)
{
	return loop_fd(loop);
}

/* ---- Processing ---- */

/* Awake, S5 of sleep.c; what became ready meanwhile is noted for the threads. */
static void
loop_begin(struct basalt_loop *loop, uint64_t now)
{
	struct env_wait_event events[LOOP_EVENTS_MAX];
	int i, count;

	atomic_store_explicit(&loop->sleeper.sleeping, 0, memory_order_relaxed);
	count = env_waiter_wait(loop->sleeper.waiter, 0, events, LOOP_EVENTS_MAX);
	for (i = 0; i < count; i++) {
		if (events[i].tag != NULL) {
			thread_fd_event(&loop->sleeper, &events[i]);
		}
	}
	if (now >= loop->armed_ticks) {
		env_timer_set(loop->timer_fd, UINT64_MAX);
		loop->armed_ticks = UINT64_MAX;
	}
}

static enum thread_rest
loop_look(struct basalt_loop *loop, uint64_t *deadline_ticks)
{
	struct spdk_thread *thread;
	enum thread_rest one;

	if (atomic_load_explicit(&loop->num_arrivals, memory_order_relaxed) != 0) {
		return THREAD_REST_NONE;
	}
	TAILQ_FOREACH(thread, &loop->threads, loop_link) {
		one = thread_look(thread, deadline_ticks);
		if (one == THREAD_REST_NAP) {
			thread_name_unknown(thread);
		}
		if (one != THREAD_REST_SLEEP) {
			return THREAD_REST_NONE;
		}
	}
	return THREAD_REST_SLEEP;
}

/* S1 to S3 of sleep.c; the descriptor says how it went. True: there is work now. */
static bool
loop_end(struct basalt_loop *loop)
{
	uint64_t deadline_ticks = UINT64_MAX;

	atomic_store_explicit(&loop->sleeper.sleeping, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (loop_look(loop, &deadline_ticks) == THREAD_REST_NONE) {
		atomic_store_explicit(&loop->sleeper.sleeping, 0, memory_order_relaxed);
		env_waiter_kick(loop->sleeper.waiter);
		return true;
	}
	if (deadline_ticks != loop->armed_ticks) {
		env_timer_set(loop->timer_fd, deadline_ticks);
		loop->armed_ticks = deadline_ticks;
	}
	return deadline_ticks <= spdk_get_ticks();
}

/* One step of each thread; bits of what they did. */
static int
loop_step(struct basalt_loop *loop, uint64_t *now)
{
	struct spdk_thread *thread, *next;
	int one, did = 0;

	TAILQ_FOREACH_SAFE(thread, &loop->threads, loop_link, next) {
		/* What it waited since its last step, it was idle. */
		thread_add_idle(thread, *now - spdk_min(*now, thread->tsc_last));
		one = thread_step(thread, 0, *now);
		*now = thread->tsc_last;
		if ((one & THREAD_DID_EXIT) != 0) {
			basalt_loop_remove_thread(loop, thread);
		}
		did |= one;
	}
	return did;
}

int
basalt_loop_process(struct basalt_loop *loop, uint32_t max_steps)
{
	uint64_t now = spdk_get_ticks();
	uint32_t i;

	loop_begin(loop, now);
	loop_take_arrivals(loop);
	for (i = 0; i < max_steps && loop_step(loop, &now) != 0; i++) {
	}
	return loop_end(loop) ? 1 : 0;
}

/* ---- The loop of one thread, which is polled by spdk_thread_poll() ---- */

struct basalt_loop *
loop_get_own(struct spdk_thread *thread)
{
	struct basalt_loop *loop;

	if (basalt_loop_create(&loop) != 0) {
		return NULL;
	}
	loop->own = true;
	basalt_loop_add_thread(loop, thread);
	loop_begin(loop, 0); /* takes the kick of the arrival */
	loop_take_arrivals(loop);
	loop_end(loop);
	return loop;
}

bool
loop_poll_own(struct spdk_thread *thread, uint32_t max_msgs, uint64_t now)
{
	struct basalt_loop *loop = thread->loop;
	bool did;

	if (!loop->own || thread->depth > 0) {
		return thread_step(thread, max_msgs, now) != 0;
	}
	loop_begin(loop, now);
	thread_add_idle(thread, now - spdk_min(now, thread->tsc_last));
	did = thread_step(thread, max_msgs, now) != 0;
	if (thread->group != NULL) {
		did |= group_poll(thread);
	}
	loop_end(loop);
	return did;
}

void
loop_disturb(struct spdk_thread *thread)
{
	/* Its own POSIX thread, outside of steps: so the loop does not process now. */
	thread_wake(&thread->loop->sleeper);
}

void
loop_forget(struct spdk_thread *thread)
{
	struct basalt_loop *loop = thread->loop;

	if (loop == NULL) {
		return;
	}
	basalt_loop_remove_thread(loop, thread);
	if (loop->own) {
		basalt_loop_destroy(loop);
	}
}
