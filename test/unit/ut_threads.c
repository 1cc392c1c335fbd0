/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* SPDK threads for unit tests, stepped by hand. One OS thread. */

#include "ut_threads.h"

#include <setjmp.h>
#include <cmocka.h>

#include "spdk_internal/env_sim.h"

#define ROUNDS_MAX 100000
#define EXIT_STEP_US 100000
#define EXIT_STEPS 40

static struct spdk_thread **g_threads;
static uint32_t g_num_threads;
static uint64_t g_heap_before;

void
ut_threads_start(uint32_t num)
{
	ut_threads_start_on(num, NULL);
}

void
ut_threads_start_on(uint32_t num, const char *core_mask)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	char name[32];
	uint32_t i;

	assert_null(g_threads);
	g_heap_before = env_sim_live_heap();
	spdk_env_opts_init(&opts);
	opts.name = "unit";
	opts.core_mask = core_mask;
	assert_int_equal(spdk_env_init(&opts), 0);
	assert_int_equal(spdk_thread_lib_init(NULL, 0), 0);
	g_threads = calloc(num, sizeof(g_threads[0]));
	assert_non_null(g_threads);
	g_num_threads = num;
	for (i = 0; i < num; i++) {
		snprintf(name, sizeof(name), "ut_thread_%u", i);
		g_threads[i] = spdk_thread_create(name, NULL);
		assert_non_null(g_threads[i]);
	}
}

static bool
all_exited(void)
{
	uint32_t i;

	for (i = 0; i < g_num_threads; i++) {
		if (!spdk_thread_is_exited(g_threads[i])) {
			return false;
		}
	}
	return true;
}

void
ut_threads_stop(void)
{
	uint32_t i;

	for (i = 0; i < g_num_threads; i++) {
		set_thread(i);
		spdk_thread_exit(g_threads[i]);
	}
	/* 4 s: less than after what a thread that does not come to rest is ended by force. */
	for (i = 0; i < EXIT_STEPS && !all_exited(); i++) {
		poll_threads_us(EXIT_STEP_US);
	}
	if (!all_exited()) {
		fail_msg("a thread did not come to rest: pollers, channels or devices are left");
	}
	for (i = 0; i < g_num_threads; i++) {
		spdk_thread_destroy(g_threads[i]);
	}
	free(g_threads);
	g_threads = NULL;
	g_num_threads = 0;
	spdk_set_thread(NULL);
	spdk_thread_lib_fini();
	assert_int_equal(env_sim_live(), 0);
	spdk_env_fini();
	assert_int_equal(env_sim_live_heap(), g_heap_before);
}

struct spdk_thread *
ut_thread(uint32_t i)
{
	assert_true(i < g_num_threads);
	return g_threads[i];
}

void
set_thread(uint32_t i)
{
	spdk_set_thread(i == UINT32_MAX ? NULL : ut_thread(i));
}

bool
poll_thread(uint32_t i)
{
	if (spdk_thread_is_exited(ut_thread(i))) {
		return false;
	}
	return spdk_thread_poll(ut_thread(i), 0, 0) > 0;
}

uint32_t
poll_thread_times(uint32_t i, uint32_t times)
{
	uint32_t busy = 0;

	while (times-- > 0 && poll_thread(i)) {
		busy++;
	}
	return busy;
}

void
poll_threads(void)
{
	uint32_t i, round;
	bool busy = true;

	for (round = 0; busy; round++) {
		if (round == ROUNDS_MAX) {
			fail_msg("threads have work for ever");
		}
		busy = env_sim_run_work(UINT32_MAX) > 0;
		for (i = 0; i < g_num_threads; i++) {
			busy |= poll_thread(i);
		}
	}
}

void
poll_threads_us(uint64_t us)
{
	env_sim_advance_us(us);
	poll_threads();
}
