/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A reactor: polls the threads of one core, and sleeps when none can have work.
 *
 * The step is a bounded amount of work. Its three callers are the core loop below, a foreign event
 * loop (reactor_process()) and the simulator. All runs on the reactor's POSIX thread but
 * reactor_send(); the rule by which a sleeping reactor never misses work is in lib/thread/sleep.c.
 *
 * Before it sleeps a reactor spins, for as long as pays: from 50 us; when I/O wakes it within 1.5
 * ms of falling asleep, twice as long, up to 4 ms; when it slept longer than 2 ms, half as long,
 * down to 20 us. After a wake-up by its own timer alone it does not spin. So a steady stream of
 * I/O, from depth 1 down to one request in a millisecond or so, is polled for as if there were no
 * sleep, and a quiet program costs next to nothing: a wake-up now and then, and 20 us after it. In
 * a virtual machine whose hypervisor gives idle cores away a wake-up takes milliseconds: that is
 * why 4 ms of spin behind a load are the cheaper side (doc/performance.md).
 *
 * A reactor that stays awake earns more: 1/64 of the time since it last slept, up to 32 ms. Behind
 * a load of seconds it outlasts a host that stalls, whose requests would else meet a sleeper on top
 * of the stall; and what it spins in vain stays below 1.6 % of what it worked.
 *
 * Timers: spin_until (when to try to sleep), check_at (while busy: descriptors of interrupts, the
 * context-switch monitor, a round of scheduling that is due: balance.c). */

#include "balance.h"

#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk_internal/usdt.h"

#define SPIN_START_US 50
#define SPIN_MIN_US 20
#define SPIN_MAX_US 4000
#define WAKE_SOON_US 1500
#define SLEEP_LONG_US 2000
#define SPIN_EARNED_SHIFT 6
#define SPIN_EARNED_MAX_US 32000
#define CHECK_US 1000
#define CHECK_INTERRUPTS_US 20
#define WAIT_EVENTS_MAX 32

static inline uint64_t
us_to_ticks(const struct reactor *reactor, uint64_t us)
{
	return us * reactor->hz / 1000000;
}

int
reactor_init(struct reactor *reactor, uint32_t lcore)
{
	memset(reactor, 0, sizeof(*reactor));
	TAILQ_INIT(&reactor->threads);
	reactor->lcore = lcore;
	reactor->hz = spdk_get_ticks_hz();
	reactor->spin_ticks = us_to_ticks(reactor, SPIN_START_US);
	reactor->now_ticks = spdk_get_ticks();
	reactor->awake_since_ticks = reactor->now_ticks;
	reactor->window_start_ticks = reactor->now_ticks;
	reactor->in_interrupt = spdk_interrupt_mode_is_enabled();
	return env_waiter_create(&reactor->sleeper.waiter);
}

void
reactor_fini(struct reactor *reactor)
{
	struct spdk_event *event, *next;

	event = atomic_exchange_explicit(&reactor->events, NULL, memory_order_acquire);
	for (; event != NULL; event = next) {
		next = event->next;
		free(event);
	}
	env_waiter_destroy(reactor->sleeper.waiter);
}

/* ---- Events ---- */

void
reactor_send(struct spdk_event *event)
{
	struct reactor *reactor = event->reactor;
	struct spdk_event *head = atomic_load_explicit(&reactor->events, memory_order_relaxed);

	do {
		event->next = head;
		/* Release: reactor_run_events() acquires. */
	} while (!atomic_compare_exchange_weak_explicit(
	        &reactor->events, &head, event, memory_order_release, memory_order_relaxed));
	thread_wake(&reactor->sleeper);
}

static __attribute__((noinline)) void
reactor_run_events(struct reactor *reactor)
{
	struct spdk_event *event, *next, *first = NULL;

	event = atomic_exchange_explicit(&reactor->events, NULL, memory_order_acquire);
	for (; event != NULL; event = next) {
		next = event->next;
		event->next = first;
		first = event;
	}
	/* What these send anew waits for the next step. */
	for (event = first; event != NULL; event = next) {
		next = event->next;
		USDT_PROBE2(event_exec, event->fn, event->arg1);
		event->fn(event->arg1, event->arg2);
		free(event);
	}
}

/* ---- Threads ---- */

static void
reactor_add_thread(struct reactor *reactor, struct lw_thread *lw)
{
	lw->reactor = reactor;
	lw->move = false;
	TAILQ_INSERT_TAIL(&reactor->threads, lw, link);
	reactor->num_threads++;
	thread_attach(lw->thread, &reactor->sleeper);
	if (thread_in_interrupt(lw->thread) != reactor->in_interrupt) {
		reactor_tell_mode(lw->thread, reactor->in_interrupt);
	}
	if (reactor->stopping) {
		reactor->attention = true;
	}
}

static void
reactor_remove_thread(struct reactor *reactor, struct lw_thread *lw)
{
	thread_detach(lw->thread);
	TAILQ_REMOVE(&reactor->threads, lw, link);
	reactor->num_threads--;
}

void
reactor_thread_arrives(void *arg1, void *arg2)
{
	struct lw_thread *lw = arg2;

	reactor_add_thread(arg1, lw);
	thread_moved(lw->thread);
	reactors_end_move();
}

bool
reactor_hand_over(struct reactor *reactor, struct lw_thread *lw, struct reactor *target)
{
	struct spdk_event *event;

	if (!reactors_begin_move()) {
		return false; /* the other may have ended */
	}
	event = spdk_event_allocate(target->lcore, reactor_thread_arrives, target, lw);
	if (event == NULL) {
		reactors_end_move();
		SPDK_ERRLOG("No memory to move thread %s to core %u: it stays on core %u\n",
		            spdk_thread_get_name(lw->thread), target->lcore, reactor->lcore);
		return false;
	}
	reactor_remove_thread(reactor, lw);
	spdk_event_call(event);
	return true;
}

static void
reactor_move_thread(struct reactor *reactor, struct lw_thread *lw)
{
	struct reactor *target = reactors_choose(lw->thread);

	lw->move = false;
	if (target != NULL && target != reactor) {
		reactor_hand_over(reactor, lw, target);
	}
}

/* At the end of the program each thread is told to exit, once. */
static void
thread_tell_exit(struct lw_thread *lw)
{
	if (lw->exit_sent || !spdk_thread_is_running(lw->thread)) {
		return;
	}
	lw->exit_sent = true;
	spdk_set_thread(lw->thread);
	spdk_thread_exit(lw->thread);
	spdk_set_thread(NULL);
}

static __attribute__((noinline)) void
reactor_attend(struct reactor *reactor)
{
	struct lw_thread *lw, *next;

	reactor->attention = false;
	TAILQ_FOREACH_SAFE(lw, &reactor->threads, link, next) {
		if (spdk_thread_is_exited(lw->thread)) {
			reactor_remove_thread(reactor, lw);
			if (reactor->stopping) {
				reactors_keep_dead(lw);
			} else {
				spdk_thread_destroy(lw->thread);
			}
		} else if (reactor->stopping) {
			thread_tell_exit(lw); /* not moved any more: the other may have ended */
		} else if (lw->move) {
			reactor_move_thread(reactor, lw);
		}
	}
}

/* ---- The step ---- */

static int
reactor_step(struct reactor *reactor)
{
	uint64_t start = reactor->now_ticks, now = start;
	struct lw_thread *lw;
	int did = 0;

	if (spdk_unlikely(atomic_load_explicit(&reactor->events, memory_order_relaxed) != NULL)) {
		reactor_run_events(reactor);
		did = THREAD_DID_WORK;
	}
	TAILQ_FOREACH(lw, &reactor->threads, link) {
		did |= thread_step(lw->thread, 0, now);
		now = spdk_thread_get_last_tsc(lw->thread);
	}
	if (spdk_unlikely(reactor->attention || (did & THREAD_DID_EXIT) != 0)) {
		reactor_attend(reactor);
		did |= THREAD_DID_WORK;
	}
	if (spdk_unlikely(now == start)) {
		now = spdk_get_ticks(); /* no thread here yet */
	}
	if (did != 0) {
		reactor->busy_tsc += now - start;
	} else {
		reactor->idle_tsc += now - start;
	}
	reactor->now_ticks = now;
	return did;
}

/* ---- Sleep ---- */

static enum thread_rest
reactor_look(void *arg, uint64_t *deadline_ticks)
{
	enum thread_rest one, rest = THREAD_REST_SLEEP;
	struct reactor *reactor = arg;
	uint64_t balance_ticks;
	struct lw_thread *lw;

	if (atomic_load_explicit(&reactor->events, memory_order_relaxed) != NULL ||
	    reactor->attention || reactors_are_stopping() != reactor->stopping ||
	    (reactor->stopping && reactors_move_threads())) {
		return THREAD_REST_NONE;
	}
	TAILQ_FOREACH(lw, &reactor->threads, link) {
		one = thread_look(lw->thread, deadline_ticks);
		if (one == THREAD_REST_NONE) {
			return THREAD_REST_NONE;
		}
		if (one == THREAD_REST_NAP) {
			thread_name_unknown(lw->thread);
			rest = THREAD_REST_NAP;
		}
	}
	if (rest == THREAD_REST_NAP) {
		if (reactors_nap_ticks() == 0) {
			return THREAD_REST_NONE;
		}
		*deadline_ticks =
		        spdk_min(*deadline_ticks, reactor->now_ticks + reactors_nap_ticks());
	}
	balance_ticks = balance_deadline(reactor);
	*deadline_ticks = spdk_min(*deadline_ticks, balance_ticks);
	reactor->deadline_ticks = *deadline_ticks;
	return *deadline_ticks > reactor->now_ticks ? rest : THREAD_REST_NONE;
}

static void
reactor_fd_events(struct reactor *reactor, const struct env_wait_event *events, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		thread_fd_event(&reactor->sleeper, &events[i]);
	}
}

/* How the last sleep went decides how long to spin before the next. */
static void
reactor_adapt_spin(struct reactor *reactor, uint64_t slept, bool by_io)
{
	uint64_t min = us_to_ticks(reactor, SPIN_MIN_US), max = us_to_ticks(reactor, SPIN_MAX_US);

	/* What was earned has been spent. */
	reactor->spin_ticks = spdk_min(reactor->spin_ticks, max);
	if (by_io && slept < us_to_ticks(reactor, WAKE_SOON_US)) {
		reactor->spin_ticks = spdk_min(reactor->spin_ticks * 2, max);
	} else if (slept > us_to_ticks(reactor, SLEEP_LONG_US)) {
		reactor->spin_ticks = spdk_max(reactor->spin_ticks / 2, min);
	}
}

/* A long time awake earns a long spin. */
static void
reactor_earn_spin(struct reactor *reactor)
{
	uint64_t earned = (reactor->now_ticks - reactor->awake_since_ticks) >> SPIN_EARNED_SHIFT;

	earned = spdk_min(earned, us_to_ticks(reactor, SPIN_EARNED_MAX_US));
	reactor->spin_ticks = spdk_max(reactor->spin_ticks, earned);
}

static void
reactor_account_sleep(struct reactor *reactor, uint64_t slept)
{
	struct lw_thread *lw;

	reactor->idle_tsc += slept;
	TAILQ_FOREACH(lw, &reactor->threads, link) {
		thread_add_idle(lw->thread, slept / reactor->num_threads);
	}
}

static __attribute__((noinline)) void
reactor_rest(struct reactor *reactor)
{
	struct env_wait_event events[WAIT_EVENTS_MAX];
	uint64_t start = reactor->now_ticks, slept;
	bool by_io;
	int rc;

	rc = thread_sleep(&reactor->sleeper, reactor_look, reactor, events, WAIT_EVENTS_MAX);
	if (rc == -EAGAIN) {
		/* Something may have work, and says nothing of when: ask again after a spin. */
		reactor->spin_until_ticks = start + reactor->spin_ticks;
		return;
	}
	reactor->now_ticks = spdk_get_ticks();
	reactor->awake_since_ticks = reactor->now_ticks;
	slept = reactor->now_ticks - start;
	reactor_fd_events(reactor, events, spdk_max(rc, 0));
	reactor_account_sleep(reactor, slept);
	by_io = rc > 0 || reactor->now_ticks < reactor->deadline_ticks;
	reactor_adapt_spin(reactor, slept, by_io);
	reactor->spin_until_ticks = reactor->now_ticks + (by_io ? reactor->spin_ticks : 0);
}

/* ---- The core loop ---- */

/* What a busy reactor looks at now and then: descriptors of interrupts, which nobody polls. */
static __attribute__((noinline)) void
reactor_check(struct reactor *reactor)
{
	struct env_wait_event events[WAIT_EVENTS_MAX];
	uint64_t interval_us = CHECK_US, balance_ticks;
	struct lw_thread *lw;
	bool interrupts = false;
	int rc;

	TAILQ_FOREACH(lw, &reactor->threads, link) {
		interrupts |= thread_num_interrupts(lw->thread) > 0;
	}
	if (interrupts) {
		interval_us = CHECK_INTERRUPTS_US;
		rc = env_waiter_wait(reactor->sleeper.waiter, 0, events, WAIT_EVENTS_MAX);
		reactor_fd_events(reactor, events, spdk_max(rc, 0));
	}
	reactor_earn_spin(reactor);
	reactor_monitor(reactor);
	balance_check(reactor);
	balance_ticks = balance_deadline(reactor);
	reactor->check_at_ticks = reactor->now_ticks + us_to_ticks(reactor, interval_us);
	reactor->check_at_ticks = spdk_min(reactor->check_at_ticks, balance_ticks);
	if (reactors_are_stopping() && !reactor->stopping) {
		reactor->stopping = true;
		reactor->attention = true;
	}
}

void
reactor_loop(struct reactor *reactor)
{
	int did;

	reactor->tid = spdk_get_tid();
	reactor->now_ticks = spdk_get_ticks();
	while (!reactor->stopping || reactor->num_threads > 0 || reactors_move_threads() ||
	       atomic_load_explicit(&reactor->events, memory_order_relaxed) != NULL) {
		did = reactor_step(reactor);
		if (spdk_unlikely(reactor->now_ticks >= reactor->check_at_ticks)) {
			reactor_check(reactor);
		}
		if ((did & THREAD_DID_WORK) != 0) {
			reactor->spin_until_ticks = reactor->now_ticks + reactor->spin_ticks;
		} else if (reactor->now_ticks >= reactor->spin_until_ticks) {
			reactor_rest(reactor);
		}
	}
}

/* ---- Foreign loops ---- */

int
reactor_fd(struct reactor *reactor)
{
	return env_waiter_fd(reactor->sleeper.waiter);
}

int
reactor_process(struct reactor *reactor, uint32_t max_steps, uint64_t *next_ticks)
{
	struct env_wait_event events[WAIT_EVENTS_MAX];
	uint64_t before = reactor->now_ticks;
	uint32_t i;
	int rc;

	/* The foreign loop is awake; S5 of lib/thread/sleep.c. */
	atomic_store_explicit(&reactor->sleeper.sleeping, 0, memory_order_relaxed);
	rc = env_waiter_wait(reactor->sleeper.waiter, 0, events, WAIT_EVENTS_MAX);
	reactor_fd_events(reactor, events, spdk_max(rc, 0));
	reactor->now_ticks = spdk_get_ticks();
	reactor_account_sleep(reactor, reactor->now_ticks - before);
	reactor_check(reactor);
	for (i = 0; i < max_steps && reactor_step(reactor) != 0; i++) {
	}
	/* S1 to S3 there; the wait, S4, is the foreign loop's. */
	*next_ticks = UINT64_MAX;
	atomic_store_explicit(&reactor->sleeper.sleeping, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (reactor_look(reactor, next_ticks) != THREAD_REST_NONE) {
		return 0;
	}
	atomic_store_explicit(&reactor->sleeper.sleeping, 0, memory_order_relaxed);
	*next_ticks = reactor->now_ticks;
	return 1;
}

void
reactor_get_info(const struct reactor *reactor, struct reactor_info *info)
{
	info->lcore = reactor->lcore;
	info->tid = reactor->tid;
	info->busy_tsc = reactor->busy_tsc;
	info->idle_tsc = reactor->idle_tsc;
	info->in_interrupt = reactor->in_interrupt;
}

void
reactor_for_each_thread(struct reactor *reactor,
                        void (*fn)(void *arg, struct spdk_thread *thread, uint64_t start_ticks),
                        void *arg)
{
	struct lw_thread *lw;

	TAILQ_FOREACH(lw, &reactor->threads, link) {
		fn(arg, lw->thread, lw->start_ticks);
	}
}
