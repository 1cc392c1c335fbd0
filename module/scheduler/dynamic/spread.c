/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Where threads should run, from how busy they and their cores were: pure, but for the memory of
 * one round. Cores sleep when they are idle, whoever is on them, so nothing is won by packing
 * threads that work; threads move for two reasons only.
 *
 * Relieve: a core whose threads want more than core_limit gives active ones (load_limit and more)
 * to the core that is asked for least, as long as that evens the two out. On a core that is busy
 * all the time a thread's own load says how much it wants, on others its share of the core does.
 *
 * Gather: a core on which all threads were idle for three full rounds gives them to the scheduling
 * core, if that stays below core_limit: then it is never woken. A core with an active thread keeps
 * what it has. */

#include "dynamic.h"

#include "spdk/util.h"
#include "spdk_internal/usdt.h"

#define SATURATED_PERCENT 95
#define QUIET_ROUNDS 3
/* A move has to even two cores out by this much, or threads would wander to and fro. */
#define GAIN_PERCENT 10

struct item {
	struct spdk_scheduler_thread_info *info;
	uint32_t want; /* of a core, in percent */
	uint32_t quiet_rounds;
	bool active;
};

struct work {
	struct spread *spread;
	struct spdk_scheduler_core_info *cores;
	uint32_t count;
	uint32_t *demand; /* what the threads of a core want together, in percent */
	struct item *items;
	size_t num_items;
};

uint32_t
spread_percent(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : (uint32_t)((unsigned __int128)part * 100 / whole);
}

/* Whether the core is one of the program's, with threads that may come and go. */
static bool
core_is_open(const struct spdk_scheduler_core_info *core)
{
	return !core->isolated &&
	       (core->current_busy_tsc + core->current_idle_tsc != 0 || core->threads_count > 0);
}

static uint32_t
quiet_before(const struct spread *spread, uint64_t thread_id)
{
	size_t i;

	for (i = 0; i < spread->num_quiet; i++) {
		if (spread->quiet[i].thread_id == thread_id) {
			return spread->quiet[i].rounds;
		}
	}
	return 0;
}

static void
item_fill(struct work *work, struct item *item, const struct spdk_scheduler_core_info *core,
          struct spdk_scheduler_thread_info *info, bool full)
{
	uint64_t ticks = core->current_busy_tsc + core->current_idle_tsc;
	uint64_t busy = info->current_stats.busy_tsc;
	uint32_t load = spread_percent(busy, busy + info->current_stats.idle_tsc);

	item->info = info;
	item->active = load >= work->spread->limits.load;
	item->want = spdk_min(spread_percent(busy, ticks), 100);
	if (item->active && spread_percent(core->current_busy_tsc, ticks) >= SATURATED_PERCENT) {
		item->want = spdk_max(item->want, load);
	}
	item->quiet_rounds =
	        item->active ? 0 : quiet_before(work->spread, info->thread_id) + (full ? 1 : 0);
}

static void
work_fill(struct work *work, bool full)
{
	struct spdk_scheduler_core_info *core;
	struct item *item = work->items;
	uint32_t i, j;

	for (i = 0; i < work->count; i++) {
		core = &work->cores[i];
		for (j = 0; j < core->threads_count; j++, item++) {
			item_fill(work, item, core, &core->thread_infos[j], full);
			work->demand[i] += item->want;
		}
	}
}

static void
item_move(struct work *work, struct item *item, uint32_t to)
{
	USDT_PROBE2(dynsched_move, item->info, to);
	work->demand[item->info->lcore] -= item->want;
	work->demand[to] += item->want;
	item->info->lcore = to;
}

/* The open core, other than its own, on which the thread may run and that is asked for least;
 * UINT32_MAX: none. */
static uint32_t
least_asked(const struct work *work, const struct item *item)
{
	uint32_t i, best = UINT32_MAX;

	for (i = 0; i < work->count; i++) {
		if (i == item->info->lcore || !core_is_open(&work->cores[i]) ||
		    !work->spread->may_run(item->info->thread_id, i)) {
			continue;
		}
		if (best == UINT32_MAX || work->demand[i] < work->demand[best]) {
			best = i;
		}
	}
	return best;
}

/* Move the thread of a core that evens out most; false: none does. */
static bool
relieve_once(struct work *work, uint32_t lcore)
{
	uint32_t to, best_to = UINT32_MAX;
	struct item *item, *best = NULL;
	size_t i;

	for (i = 0; i < work->num_items; i++) {
		item = &work->items[i];
		if (item->info->lcore != lcore || !item->active || item->want == 0) {
			continue;
		}
		to = least_asked(work, item);
		if (to == UINT32_MAX ||
		    work->demand[to] + item->want + GAIN_PERCENT > work->demand[lcore]) {
			continue;
		}
		if (best == NULL || item->want > best->want) {
			best = item;
			best_to = to;
		}
	}
	if (best == NULL) {
		return false;
	}
	item_move(work, best, best_to);
	return true;
}

static void
relieve(struct work *work)
{
	uint32_t lcore;

	for (lcore = 0; lcore < work->count; lcore++) {
		if (work->cores[lcore].isolated) {
			continue;
		}
		/* Each move brings two demands closer together by 10 or more, so it ends. */
		while (work->demand[lcore] > work->spread->limits.core &&
		       relieve_once(work, lcore)) {
		}
	}
}

/* Whether all threads of a core can go to the scheduling core, and it has some. */
static bool
can_gather(const struct work *work, uint32_t lcore)
{
	uint32_t to = work->spread->scheduling_lcore;
	const struct item *item;
	size_t i, num = 0;

	for (i = 0; i < work->num_items; i++) {
		item = &work->items[i];
		if (item->info->lcore != lcore) {
			continue;
		}
		if (item->quiet_rounds < QUIET_ROUNDS ||
		    !work->spread->may_run(item->info->thread_id, to)) {
			return false;
		}
		num++;
	}
	return num > 0 && work->demand[to] + work->demand[lcore] <= work->spread->limits.core;
}

static void
gather(struct work *work)
{
	uint32_t lcore, to = work->spread->scheduling_lcore;
	size_t i;

	if (to >= work->count || work->cores[to].isolated) {
		return;
	}
	for (lcore = 0; lcore < work->count; lcore++) {
		if (lcore == to || work->cores[lcore].isolated || !can_gather(work, lcore)) {
			continue;
		}
		for (i = 0; i < work->num_items; i++) {
			if (work->items[i].info->lcore == lcore) {
				item_move(work, &work->items[i], to);
			}
		}
	}
}

static void
remember(struct work *work, struct spread_quiet *quiet)
{
	size_t i;

	for (i = 0; i < work->num_items; i++) {
		quiet[i].thread_id = work->items[i].info->thread_id;
		quiet[i].rounds = work->items[i].quiet_rounds;
	}
	free(work->spread->quiet);
	work->spread->quiet = quiet;
	work->spread->num_quiet = work->num_items;
}

int
spread(struct spread *spread, struct spdk_scheduler_core_info *cores, uint32_t count, bool full)
{
	struct work work = { .spread = spread, .cores = cores, .count = count };
	struct spread_quiet *quiet;
	uint32_t i;

	for (i = 0; i < count; i++) {
		work.num_items += cores[i].threads_count;
	}
	work.demand = calloc(count, sizeof(work.demand[0]));
	work.items = calloc(work.num_items + 1, sizeof(work.items[0]));
	quiet = calloc(work.num_items + 1, sizeof(quiet[0]));
	if (work.demand == NULL || work.items == NULL || quiet == NULL) {
		free(quiet);
	} else {
		work_fill(&work, full);
		relieve(&work);
		gather(&work);
		remember(&work, quiet);
	}
	free(work.items);
	free(work.demand);
	return quiet != NULL && work.items != NULL && work.demand != NULL ? 0 : -ENOMEM;
}
