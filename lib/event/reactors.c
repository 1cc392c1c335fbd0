/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* All reactors of the process: one a core, made at start, run, stopped together; which one gets a
 * new thread; events.
 *
 * The array is written at init and fini only. A thread that exits while all stop is kept (dead)
 * until reactors_fini(), because another core, a helper or a signal may still send it a message. */

#include "balance.h"

#include "spdk/cpuset.h"
#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk_internal/system_state.h"

static struct {
	struct reactor **by_lcore; /* num_lcores pointers; NULL: not ours */
	uint32_t num_lcores;
	uint32_t next_lcore; /* whose turn it is; under the lock */
	uint32_t nap_us;
	uint64_t nap_ticks;
	bool thread_lib; /* started by reactors_init() */
	bool launched;   /* cores but the main one run */
	_Atomic bool stopping;
	_Atomic uint32_t in_flight; /* threads on their way to a core */
	pthread_mutex_t lock;
	struct lw_thread_list dead; /* under the lock */
} g_reactors SYSTEM_STATE = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.dead = TAILQ_HEAD_INITIALIZER(g_reactors.dead),
};

struct reactor *
reactor_get(uint32_t lcore)
{
	return lcore < g_reactors.num_lcores ? g_reactors.by_lcore[lcore] : NULL;
}

bool
reactors_are_stopping(void)
{
	return atomic_load_explicit(&g_reactors.stopping, memory_order_relaxed);
}

uint64_t
reactors_nap_ticks(void)
{
	return g_reactors.nap_ticks;
}

void
reactors_set_nap_us(uint32_t nap_us)
{
	g_reactors.nap_us = nap_us;
}

struct reactor *
reactor_current(void)
{
	return reactor_get(spdk_env_get_current_core());
}

/* ---- Threads ---- */

struct reactor *
reactors_choose(struct spdk_thread *thread)
{
	struct spdk_cpuset *mask = spdk_thread_get_cpumask(thread);
	struct reactor *chosen = NULL;
	uint32_t i, lcore;

	pthread_mutex_lock(&g_reactors.lock);
	for (i = 0; i < g_reactors.num_lcores && chosen == NULL; i++) {
		lcore = (g_reactors.next_lcore + i) % g_reactors.num_lcores;
		if (g_reactors.by_lcore[lcore] != NULL && spdk_cpuset_get_cpu(mask, lcore)) {
			chosen = g_reactors.by_lcore[lcore];
			g_reactors.next_lcore = (lcore + 1) % g_reactors.num_lcores;
		}
	}
	pthread_mutex_unlock(&g_reactors.lock);
	return chosen;
}

/* A reactor ends when all stop, it has no threads, and none is on its way to any. Either it sees
 * the count, or who counted up sees that all stop and does not send: both are sequentially
 * consistent, and each writes its own word before it reads the other's. */
bool
reactors_begin_move(void)
{
	atomic_fetch_add(&g_reactors.in_flight, 1);
	if (atomic_load(&g_reactors.stopping)) {
		reactors_end_move();
		return false;
	}
	return true;
}

void
reactors_end_move(void)
{
	atomic_fetch_sub(&g_reactors.in_flight, 1);
}

bool
reactors_move_threads(void)
{
	return atomic_load(&g_reactors.in_flight) != 0;
}

static int
thread_op_new(struct spdk_thread *thread)
{
	struct lw_thread *lw = spdk_thread_get_ctx(thread);
	struct reactor *reactor = reactors_choose(thread);
	struct spdk_event *event;

	if (reactor == NULL) {
		SPDK_ERRLOG("Thread %s: none of the cores of its mask (%s) runs a reactor\n",
		            spdk_thread_get_name(thread),
		            spdk_cpuset_fmt(spdk_thread_get_cpumask(thread)));
		return -EINVAL;
	}
	if (!reactors_begin_move()) {
		return -ESHUTDOWN;
	}
	lw->thread = thread;
	lw->start_ticks = spdk_get_ticks();
	event = spdk_event_allocate(reactor->lcore, reactor_thread_arrives, reactor, lw);
	if (event == NULL) {
		reactors_end_move();
		return -ENOMEM;
	}
	spdk_event_call(event);
	return 0;
}

/* On the thread itself, so on its reactor. */
static int
thread_op_resched(struct spdk_thread *thread)
{
	struct lw_thread *lw = spdk_thread_get_ctx(thread);

	if (lw->reactor == NULL) {
		return 0; /* not arrived anywhere yet */
	}
	if (!spdk_cpuset_get_cpu(spdk_thread_get_cpumask(thread), lw->reactor->lcore)) {
		lw->move = true;
		lw->reactor->attention = true;
	}
	return 0;
}

static int
thread_op(struct spdk_thread *thread, enum spdk_thread_op op)
{
	switch (op) {
	case SPDK_THREAD_OP_NEW:
		return thread_op_new(thread);
	case SPDK_THREAD_OP_RESCHED:
		return thread_op_resched(thread);
	}
	return -ENOTSUP;
}

static bool
thread_op_supported(enum spdk_thread_op op)
{
	return op == SPDK_THREAD_OP_NEW || op == SPDK_THREAD_OP_RESCHED;
}

void
reactors_keep_dead(struct lw_thread *lw)
{
	pthread_mutex_lock(&g_reactors.lock);
	TAILQ_INSERT_TAIL(&g_reactors.dead, lw, link);
	pthread_mutex_unlock(&g_reactors.lock);
}

static void
reactors_destroy_dead(void)
{
	struct lw_thread *lw;

	while ((lw = TAILQ_FIRST(&g_reactors.dead)) != NULL) {
		TAILQ_REMOVE(&g_reactors.dead, lw, link);
		spdk_thread_destroy(lw->thread);
	}
	TAILQ_INIT(&g_reactors.dead);
}

/* ---- Start and end ---- */

static int
reactors_make(void)
{
	struct reactor *reactor;
	uint32_t lcore;
	int rc;

	SPDK_ENV_FOREACH_CORE(lcore) {
		reactor = aligned_alloc(64, SPDK_ALIGN_CEIL(sizeof(*reactor), 64));
		if (reactor == NULL) {
			return -ENOMEM;
		}
		rc = reactor_init(reactor, lcore);
		if (rc != 0) {
			free(reactor);
			return rc;
		}
		g_reactors.by_lcore[lcore] = reactor;
	}
	return 0;
}

int
reactors_init(size_t msg_pool_size)
{
	int rc;

	assert(g_reactors.by_lcore == NULL);
	g_reactors.num_lcores = spdk_env_get_last_core() + 1;
	g_reactors.by_lcore = calloc(g_reactors.num_lcores, sizeof(g_reactors.by_lcore[0]));
	if (g_reactors.by_lcore == NULL) {
		g_reactors.num_lcores = 0;
		return -ENOMEM;
	}
	g_reactors.nap_ticks = g_reactors.nap_us * spdk_get_ticks_hz() / 1000000;
	g_reactors.next_lcore = spdk_env_get_first_core();
	rc = spdk_thread_lib_init_ext(thread_op, thread_op_supported, sizeof(struct lw_thread),
	                              msg_pool_size);
	if (rc == 0) {
		g_reactors.thread_lib = true;
		rc = reactors_make();
	}
	if (rc != 0) {
		SPDK_ERRLOG("The reactors can't be made: %s\n", strerror(-rc));
		reactors_fini();
	}
	return rc;
}

void
reactors_fini(void)
{
	uint32_t i;

	if (g_reactors.launched) {
		/* The program did not come as far as reactors_run(). */
		reactors_stop();
		spdk_env_thread_wait_all();
	}
	/* A helper may still be between the message it sent, which was the last that a thread
	 * waited for, and the wake that follows: it reads the thread and its reactor. */
	env_work_drain();
	reactors_destroy_dead();
	scheduler_fini();
	if (g_reactors.thread_lib) {
		spdk_thread_lib_fini();
	}
	for (i = 0; i < g_reactors.num_lcores; i++) {
		if (g_reactors.by_lcore[i] != NULL) {
			reactor_fini(g_reactors.by_lcore[i]);
			free(g_reactors.by_lcore[i]);
		}
	}
	free(g_reactors.by_lcore);
	g_reactors.by_lcore = NULL;
	g_reactors.num_lcores = 0;
	g_reactors.next_lcore = 0;
	g_reactors.nap_us = 0;
	g_reactors.nap_ticks = 0;
	g_reactors.thread_lib = false;
	g_reactors.launched = false;
	atomic_store_explicit(&g_reactors.stopping, false, memory_order_relaxed);
	atomic_store_explicit(&g_reactors.in_flight, 0, memory_order_relaxed);
}

static int
reactor_main(void *arg)
{
	reactor_loop(arg);
	return 0;
}

int
reactors_launch(void)
{
	uint32_t lcore, main_core = spdk_env_get_main_core();
	int rc;

	SPDK_ENV_FOREACH_CORE(lcore) {
		/* Known only now: threads begin with interrupts when the program asked for them. */
		reactor_get(lcore)->in_interrupt = spdk_interrupt_mode_is_enabled();
	}
	SPDK_ENV_FOREACH_CORE(lcore) {
		if (lcore == main_core) {
			continue;
		}
		/* Set first: those that run end in reactors_fini() when this one can't. */
		g_reactors.launched = true;
		rc = spdk_env_thread_launch_pinned(lcore, reactor_main, reactor_get(lcore));
		if (rc != 0) {
			SPDK_ERRLOG("Core %u gets no thread (%s): name fewer cores, or raise the "
			            "limit of processes (ulimit -u)\n",
			            lcore, strerror(-rc));
			return rc;
		}
	}
	return 0;
}

void
reactors_run(void)
{
	reactor_loop(reactor_get(spdk_env_get_main_core()));
	spdk_env_thread_wait_all();
	g_reactors.launched = false;
}

void
reactors_stop(void)
{
	uint32_t i;

	atomic_store(&g_reactors.stopping, true); /* see reactors_begin_move() */
	/* Each wake has the full fence that makes the flag visible to a look after it. */
	for (i = 0; i < g_reactors.num_lcores; i++) {
		if (g_reactors.by_lcore[i] != NULL) {
			thread_wake(&g_reactors.by_lcore[i]->sleeper);
		}
	}
}

/* ---- Events ---- */

struct spdk_event *
spdk_event_allocate(uint32_t lcore, spdk_event_fn fn, void *arg1, void *arg2)
{
	struct reactor *reactor = reactor_get(lcore);
	struct spdk_event *event;

	if (reactor == NULL) {
		SPDK_ERRLOG("Core %u has no reactor to run an event\n", lcore);
		return NULL;
	}
	event = calloc(1, sizeof(*event));
	if (event == NULL) {
		return NULL;
	}
	event->reactor = reactor;
	event->fn = fn;
	event->arg1 = arg1;
	event->arg2 = arg2;
	return event;
}

void
spdk_event_call(struct spdk_event *event)
{
	assert(event != NULL && event->reactor != NULL);
	reactor_send(event);
}
