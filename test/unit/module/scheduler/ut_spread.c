/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Where the dynamic scheduler sends threads: rows of cores and threads with their load, and where
 * each thread should be after one round, or after several. */

#include "spdk/stdinc.h"
#include "spdk/env.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"

#include "../../../../module/scheduler/dynamic/dynamic.h"

#include <setjmp.h>
#include <cmocka.h>

#define CORES 4
#define THREADS 6
#define TICKS 1000u

/* Of 1000 ticks of its core, how many a thread was busy and how many idle. */
struct ut_thread {
	uint32_t core;
	uint32_t busy;
	uint32_t idle;
	uint32_t may; /* mask of cores; 0: any */
};

struct row {
	const char *what;
	struct ut_thread threads[THREADS]; /* until one without ticks */
	uint32_t isolated;                 /* mask of cores */
	uint32_t absent;
	uint32_t rounds;
	uint32_t expect[THREADS];
};

static const struct row *g_row;
static struct spread g_spread;

static bool
may_run(uint64_t thread_id, uint32_t lcore)
{
	uint32_t may = g_row->threads[thread_id - 1].may;

	return may == 0 || (may >> lcore & 1) != 0;
}

static const struct row g_rows[] = {
	{ "a busy thread alone stays", { { 0, 1000, 0, 0 } }, 0, 0, 5, { 0 } },
	{ "two busy threads part", { { 0, 500, 0, 0 }, { 0, 500, 0, 0 } }, 0, 0, 1, { 1, 0 } },
	{ "each to its own core", { { 2, 500, 0, 0 }, { 2, 500, 0, 0 } }, 0, 0, 1, { 0, 2 } },
	{ "three on one of four",
	  { { 0, 333, 0, 0 }, { 0, 333, 0, 0 }, { 0, 333, 0, 0 } },
	  0,
	  0,
	  1,
	  { 1, 2, 0 } },
	{ "no better place: all are full",
	  { { 0, 500, 0, 0 },
	    { 0, 500, 0, 0 },
	    { 1, 1000, 0, 0 },
	    { 2, 1000, 0, 0 },
	    { 3, 1000, 0, 0 } },
	  0,
	  0,
	  3,
	  { 0, 0, 1, 2, 3 } },
	{ "three and one of two: evened out",
	  { { 0, 333, 0, 0 }, { 0, 333, 0, 0 }, { 0, 333, 0, 0 }, { 1, 1000, 0, 0 } },
	  0,
	  0xc,
	  1,
	  { 1, 0, 0, 1 } },
	{ "below core_limit nothing moves",
	  { { 0, 390, 110, 0 }, { 0, 390, 110, 0 } },
	  0,
	  0,
	  5,
	  { 0, 0 } },
	{ "above it one goes", { { 0, 420, 80, 0 }, { 0, 410, 90, 0 } }, 0, 0, 1, { 1, 0 } },
	{ "an idle one beside a busy one stays",
	  { { 1, 900, 50, 0 }, { 1, 5, 45, 0 } },
	  0,
	  0,
	  9,
	  { 1, 1 } },
	{ "the busy one leaves where it may",
	  { { 0, 500, 0, 0x9 }, { 0, 500, 0, 0x1 } },
	  0,
	  0,
	  1,
	  { 3, 0 } },
	{ "nobody may leave", { { 0, 500, 0, 0x1 }, { 0, 500, 0, 0x1 } }, 0, 0, 3, { 0, 0 } },
	{ "not to an isolated core", { { 0, 500, 0, 0 }, { 0, 500, 0, 0 } }, 0x2, 0, 1, { 2, 0 } },
	{ "not from an isolated core",
	  { { 1, 500, 0, 0 }, { 1, 500, 0, 0 } },
	  0x2,
	  0,
	  9,
	  { 1, 1 } },
	{ "not to a core that is not ours",
	  { { 0, 500, 0, 0 }, { 0, 500, 0, 0 } },
	  0,
	  0xe,
	  1,
	  { 0, 0 } },
	{ "who asks for nothing evens nothing out",
	  { { 0, 850, 100, 0x1 }, { 0, 5, 0, 0 } },
	  0,
	  0,
	  3,
	  { 0, 0 } },
	{ "idle ones are not gathered at once",
	  { { 1, 10, 900, 0 }, { 2, 0, 900, 0 } },
	  0,
	  0,
	  2,
	  { 1, 2 } },
	{ "after three rounds they are",
	  { { 1, 10, 900, 0 }, { 2, 0, 900, 0 } },
	  0,
	  0,
	  3,
	  { 0, 0 } },
	{ "not when one may not go",
	  { { 1, 10, 400, 0 }, { 1, 10, 400, 0x2 } },
	  0,
	  0,
	  9,
	  { 1, 1 } },
	{ "not onto a core that is full",
	  { { 0, 790, 200, 0 }, { 1, 100, 900, 0 } },
	  0,
	  0,
	  9,
	  { 0, 1 } },
	{ "onto one that has room", { { 0, 690, 300, 0 }, { 1, 100, 900, 0 } }, 0, 0, 3, { 0, 0 } },
	{ "not from an isolated core, idle", { { 1, 10, 900, 0 } }, 0x2, 0, 9, { 1 } },
	{ "not to an isolated scheduling core", { { 1, 10, 900, 0 } }, 0x1, 0, 9, { 1 } },
};

static uint32_t
num_threads(const struct row *row)
{
	uint32_t i;

	for (i = 0; i < THREADS && row->threads[i].busy + row->threads[i].idle != 0; i++) {
	}
	return i;
}

/* The cores as they are before a round, with each thread where `at` says. */
static void
fill(const struct row *row, struct spdk_scheduler_core_info *cores,
     struct spdk_scheduler_thread_info (*infos)[THREADS], const uint32_t *at)
{
	struct spdk_scheduler_core_info *core;
	uint32_t i;

	memset(cores, 0, CORES * sizeof(cores[0]));
	for (i = 0; i < CORES; i++) {
		cores[i].lcore = i;
		cores[i].thread_infos = infos[i];
		cores[i].isolated = (row->isolated >> i & 1) != 0;
		if ((row->absent >> i & 1) == 0) {
			cores[i].current_idle_tsc = TICKS;
		}
	}
	for (i = 0; i < num_threads(row); i++) {
		core = &cores[at[i]];
		infos[at[i]][core->threads_count++] = (struct spdk_scheduler_thread_info){
			.lcore = at[i],
			.thread_id = i + 1,
			.current_stats = { .busy_tsc = row->threads[i].busy,
			                   .idle_tsc = row->threads[i].idle },
		};
		core->current_busy_tsc += row->threads[i].busy;
		core->current_idle_tsc -= row->threads[i].busy;
	}
}

static void
run_round(const struct row *row, uint32_t *at, bool full)
{
	struct spdk_scheduler_thread_info infos[CORES][THREADS], *info;
	struct spdk_scheduler_core_info cores[CORES];
	uint32_t i, j;

	fill(row, cores, infos, at);
	assert_int_equal(spread(&g_spread, cores, CORES, full), 0);
	for (i = 0; i < CORES; i++) {
		for (j = 0; j < cores[i].threads_count; j++) {
			info = &infos[i][j];
			at[info->thread_id - 1] = info->lcore;
		}
	}
}

static void
spread_start(const struct row *row, uint32_t *at)
{
	const struct spread fresh = {
		.limits = { .load = 20, .core = 80, .core_busy = 95 },
		.may_run = may_run,
	};
	uint32_t i;

	free(g_spread.quiet);
	g_spread = fresh;
	g_row = row;
	for (i = 0; i < THREADS; i++) {
		at[i] = row->threads[i].core;
	}
}

static void
test_rows(void **state)
{
	uint32_t at[THREADS], i, t, r;

	for (i = 0; i < SPDK_COUNTOF(g_rows); i++) {
		spread_start(&g_rows[i], at);
		for (r = 0; r < g_rows[i].rounds; r++) {
			run_round(&g_rows[i], at, true);
		}
		for (t = 0; t < num_threads(&g_rows[i]); t++) {
			if (at[t] != g_rows[i].expect[t]) {
				fail_msg("%s: thread %u is on core %u, not %u", g_rows[i].what, t,
				         at[t], g_rows[i].expect[t]);
			}
		}
	}
}

/* Rounds before their time say nothing of who is idle; an active round begins the count anew. */
static void
test_quiet(void **state)
{
	static const struct row idle = { "", { { 1, 10, 900, 0 } }, 0, 0, 0, { 0 } };
	static const struct row active = { "", { { 1, 300, 600, 0 } }, 0, 0, 0, { 0 } };
	uint32_t at[THREADS], i;

	spread_start(&idle, at);
	for (i = 0; i < 9; i++) {
		run_round(&idle, at, false);
	}
	run_round(&idle, at, true);
	run_round(&idle, at, true);
	assert_int_equal(at[0], 1);
	run_round(&active, at, true);
	run_round(&idle, at, true);
	run_round(&idle, at, true);
	assert_int_equal(at[0], 1);
	run_round(&idle, at, true);
	assert_int_equal(at[0], 0);
}

static void
test_no_memory(void **state)
{
	struct spdk_scheduler_thread_info infos[CORES][THREADS];
	struct spdk_scheduler_core_info cores[CORES];
	uint64_t heap, nth;
	uint32_t at[THREADS];
	int rc = -1;

	spread_start(&g_rows[1], at);
	for (nth = 1; rc != 0; nth++) {
		fill(&g_rows[1], cores, infos, at);
		heap = env_sim_live_heap();
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		rc = spread(&g_spread, cores, CORES, true);
		env_fault_clear();
		if (rc != 0) {
			assert_int_equal(rc, -ENOMEM);
			assert_int_equal(env_sim_live_heap(), heap);
			assert_int_equal(infos[0][0].lcore, 0);
		}
	}
	assert_int_equal(nth, 5);
}

static void
test_percent(void **state)
{
	assert_int_equal(spread_percent(0, 0), 0);
	assert_int_equal(spread_percent(1, 3), 33);
	assert_int_equal(spread_percent(UINT64_MAX, UINT64_MAX), 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_percent),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	free(g_spread.quiet);
	return rc;
}
