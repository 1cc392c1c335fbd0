/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A round of scheduling: all cores say how busy they and their threads were, the scheduler says
 * where threads should run, and the cores hand them over.
 *
 *	scheduling core: due -> core 0 gathers -> core 1 gathers ... -> scheduling core: balance()
 *	                     -> core 0 hands over -> ... -> the next round is planned
 *
 * Each arrow is an event, so that each core reads and writes what is its own, and only while the
 * round is there. One round at a time. A round that finds no memory ends, and the next one tries
 * again. Handing a thread over is reactor_hand_over(), which loses no wake-up.
 *
 * Rounds come each period. A scheduler may also ask for early ones (reactors_set_early_balance()):
 * a core with several threads that is busy all of a window of 10 ms calls for a round at once, so
 * that a load that sets in is spread before it is felt, and again 20 ms later: the first of them
 * still sees what was before the load. */

#include "balance.h"

#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk_internal/system_state.h"
#include "spdk_internal/trace.h"

#define WINDOW_US 10000
#define WINDOW_BUSY_PERCENT 95
#define EARLY_US 20000

static struct {
	struct spdk_scheduler_core_info *infos; /* by core number; the round's */
	uint32_t num_infos;
	_Atomic uint64_t next_ticks; /* UINT64_MAX: no round is planned. 0: not planned yet */
	_Atomic uint64_t early_not_before_ticks;
	_Atomic bool under_way;
	_Atomic bool early; /* the scheduler asked for early rounds */
} g_balance SYSTEM_STATE;

static uint64_t
us_to_ticks(uint64_t us)
{
	return (uint64_t)((unsigned __int128)us * spdk_get_ticks_hz() / SPDK_SEC_TO_USEC);
}

/* ---- When ---- */

static void
plan_at(uint64_t ticks)
{
	struct reactor *reactor = reactor_get(spdk_scheduler_get_scheduling_lcore());

	atomic_store_explicit(&g_balance.next_ticks, ticks, memory_order_relaxed);
	if (reactor != NULL) {
		thread_wake(&reactor->sleeper); /* has the fence before it looks again */
	}
}

void
balance_plan(void)
{
	uint64_t period_us = spdk_scheduler_get_period();

	if (period_us == 0 || spdk_scheduler_get() == NULL) {
		plan_at(UINT64_MAX);
	} else {
		plan_at(spdk_get_ticks() + us_to_ticks(period_us));
	}
}

uint64_t
balance_deadline(const struct reactor *reactor)
{
	uint64_t next = atomic_load_explicit(&g_balance.next_ticks, memory_order_relaxed);

	if (next == 0 || reactor->lcore != spdk_scheduler_get_scheduling_lcore() ||
	    atomic_load_explicit(&g_balance.under_way, memory_order_relaxed)) {
		return UINT64_MAX;
	}
	return next;
}

void
reactors_set_early_balance(bool enabled)
{
	atomic_store_explicit(&g_balance.early, enabled, memory_order_relaxed);
}

/* A window has ended: whether the core kept up in it. */
static void
check_window(struct reactor *reactor)
{
	uint64_t busy = reactor->busy_tsc - reactor->window_busy_tsc;
	uint64_t ticks = reactor->now_ticks - reactor->window_start_ticks;
	bool slow = busy >= ticks / 100 * WINDOW_BUSY_PERCENT;

	reactor->window_start_ticks = reactor->now_ticks;
	reactor->window_busy_tsc = reactor->busy_tsc;
	if (slow && reactor->num_threads > 1 && spdk_scheduler_get_period() != 0 &&
	    reactor->now_ticks >=
	            atomic_load_explicit(&g_balance.early_not_before_ticks, memory_order_relaxed) &&
	    !atomic_load_explicit(&g_balance.under_way, memory_order_relaxed)) {
		plan_at(reactor->now_ticks);
	}
}

/* ---- The round ---- */

static void
round_over(void *arg1, void *arg2)
{
	atomic_store_explicit(&g_balance.early_not_before_ticks,
	                      spdk_get_ticks() + us_to_ticks(EARLY_US), memory_order_relaxed);
	atomic_store_explicit(&g_balance.under_way, false, memory_order_relaxed);
	balance_plan();
}

/* Go on with fn on a core; without memory the round is over. */
static void
round_visit(uint32_t lcore, spdk_event_fn fn)
{
	struct spdk_event *event = spdk_event_allocate(lcore, fn, reactor_get(lcore), NULL);

	if (event == NULL) {
		SPDK_ERRLOG("No memory for a round of scheduling: the next one tries again\n");
		round_over(NULL, NULL);
		return;
	}
	spdk_event_call(event);
}

static void
info_fill_thread(struct spdk_scheduler_thread_info *info, struct lw_thread *lw, uint32_t lcore)
{
	spdk_set_thread(lw->thread);
	spdk_thread_get_stats(&info->total_stats);
	spdk_set_thread(NULL);
	info->lcore = lcore;
	info->thread_id = spdk_thread_get_id(lw->thread);
	info->current_stats.busy_tsc = info->total_stats.busy_tsc - lw->last_stats.busy_tsc;
	info->current_stats.idle_tsc = info->total_stats.idle_tsc - lw->last_stats.idle_tsc;
	lw->last_stats = info->total_stats;
	trace_record(TRACE_SCHEDULER_THREAD_STATS, OWNER_ID_NONE, 0, 0, info->thread_id,
	             info->current_stats.busy_tsc, info->current_stats.idle_tsc);
}

/* -ENOMEM: nothing was changed. */
static int
info_fill(struct spdk_scheduler_core_info *info, struct reactor *reactor)
{
	struct spdk_scheduler_thread_info *threads;
	struct lw_thread *lw;

	threads =
	        realloc(info->thread_infos, spdk_max(reactor->num_threads, 1) * sizeof(threads[0]));
	if (threads == NULL) {
		return -ENOMEM;
	}
	info->thread_infos = threads;
	info->threads_count = 0;
	TAILQ_FOREACH(lw, &reactor->threads, link) {
		info_fill_thread(&threads[info->threads_count++], lw, reactor->lcore);
	}
	info->lcore = reactor->lcore;
	info->total_busy_tsc = reactor->busy_tsc;
	info->total_idle_tsc = reactor->idle_tsc;
	info->current_busy_tsc = reactor->busy_tsc - reactor->last_busy_tsc;
	info->current_idle_tsc = reactor->idle_tsc - reactor->last_idle_tsc;
	info->interrupt_mode = reactor->in_interrupt;
	info->isolated = scheduler_is_isolated(reactor->lcore);
	reactor->last_busy_tsc = reactor->busy_tsc;
	reactor->last_idle_tsc = reactor->idle_tsc;
	trace_record(TRACE_SCHEDULER_CORE_STATS, OWNER_ID_NONE, 0, 0, info->current_busy_tsc,
	             info->current_idle_tsc);
	return 0;
}

/* Whether a thread may go from one core to another; a scheduler of outside may want anything. */
static bool
may_move(struct spdk_thread *thread, uint32_t from, uint32_t to)
{
	return reactor_get(to) != NULL && !scheduler_is_isolated(from) &&
	       !scheduler_is_isolated(to) && !spdk_thread_is_bound(thread) &&
	       spdk_cpuset_get_cpu(spdk_thread_get_cpumask(thread), to);
}

static void
hand_over_thread(struct reactor *reactor, const struct spdk_scheduler_thread_info *info)
{
	struct lw_thread *lw, *next;

	TAILQ_FOREACH_SAFE(lw, &reactor->threads, link, next) {
		if (spdk_thread_get_id(lw->thread) != info->thread_id) {
			continue;
		}
		if (may_move(lw->thread, reactor->lcore, info->lcore)) {
			trace_record(TRACE_SCHEDULER_MOVE_THREAD, OWNER_ID_NONE, 0, 0,
			             info->thread_id, reactor->lcore, info->lcore);
			reactor_hand_over(reactor, lw, reactor_get(info->lcore));
		}
		return;
	}
}

/* On each core, one after the other: hand over what goes. */
static void
core_hands_over(void *arg1, void *arg2)
{
	struct reactor *reactor = arg1;
	struct spdk_scheduler_core_info *info = &g_balance.infos[reactor->lcore];
	uint32_t i, next = spdk_env_get_next_core(reactor->lcore);

	for (i = 0; i < info->threads_count && !reactor->stopping; i++) {
		if (info->thread_infos[i].lcore != reactor->lcore) {
			hand_over_thread(reactor, &info->thread_infos[i]);
		}
	}
	if (info->interrupt_mode != reactor->in_interrupt) {
		reactor_switch_mode(reactor, info->interrupt_mode);
	}
	if (next != UINT32_MAX) {
		round_visit(next, core_hands_over);
	} else {
		round_visit(spdk_scheduler_get_scheduling_lcore(), round_over);
	}
}

/* On the scheduling core: all have told. */
static void
round_balance(void *arg1, void *arg2)
{
	struct spdk_scheduler *scheduler;

	scheduler_lock();
	scheduler = spdk_scheduler_get();
	if (scheduler != NULL && scheduler->balance != NULL) {
		scheduler->balance(g_balance.infos, g_balance.num_infos);
	}
	scheduler_unlock();
	round_visit(spdk_env_get_first_core(), core_hands_over);
}

/* On each core, one after the other: tell. */
static void
core_gathers(void *arg1, void *arg2)
{
	struct reactor *reactor = arg1;
	uint32_t next = spdk_env_get_next_core(reactor->lcore);

	if (info_fill(&g_balance.infos[reactor->lcore], reactor) != 0) {
		SPDK_ERRLOG("No memory for a round of scheduling: the next one tries again\n");
		round_over(NULL, NULL);
	} else if (next != UINT32_MAX) {
		round_visit(next, core_gathers);
	} else {
		round_visit(spdk_scheduler_get_scheduling_lcore(), round_balance);
	}
}

static void
round_begin(void)
{
	if (g_balance.infos == NULL) {
		g_balance.num_infos = spdk_env_get_last_core() + 1;
		g_balance.infos = calloc(g_balance.num_infos, sizeof(g_balance.infos[0]));
	}
	if (g_balance.infos == NULL) {
		balance_plan();
		return;
	}
	atomic_store_explicit(&g_balance.under_way, true, memory_order_relaxed);
	round_visit(spdk_env_get_first_core(), core_gathers);
}

void
balance_check(struct reactor *reactor)
{
	if (reactor->now_ticks >= balance_deadline(reactor) && !reactor->stopping) {
		round_begin();
	}
	if (atomic_load_explicit(&g_balance.early, memory_order_relaxed) &&
	    reactor->now_ticks - reactor->window_start_ticks >= us_to_ticks(WINDOW_US)) {
		check_window(reactor);
	}
}

void
balance_fini(void)
{
	uint32_t i;

	for (i = 0; i < g_balance.num_infos; i++) {
		free(g_balance.infos[i].thread_infos);
	}
	free(g_balance.infos);
	g_balance.infos = NULL;
	g_balance.num_infos = 0;
	atomic_store_explicit(&g_balance.next_ticks, 0, memory_order_relaxed);
	atomic_store_explicit(&g_balance.early_not_before_ticks, 0, memory_order_relaxed);
	atomic_store_explicit(&g_balance.under_way, false, memory_order_relaxed);
	atomic_store_explicit(&g_balance.early, false, memory_order_relaxed);
}
