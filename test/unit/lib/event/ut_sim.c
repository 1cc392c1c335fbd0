/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A reactor in the simulator, driven as a foreign loop drives it: when it wants to be called, who
 * wakes it, how long it spins, naps, threads that move and end. */

#include "../../../../lib/event/reactor.c"

#include "spdk/cpuset.h"
#include "spdk_internal/env_sim.h"

#include <setjmp.h>
#include <cmocka.h>

static uint32_t g_runs;
static struct spdk_poller *g_poller;
static struct spdk_thread *g_ut_thread;

static void
start(uint32_t nap_us)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	opts.name = "ut";
	opts.core_mask = "0x3";
	assert_int_equal(spdk_env_init(&opts), 0);
	reactors_set_nap_us(nap_us);
	assert_int_equal(reactors_init(1024), 0);
	g_runs = 0;
}

static int
process(uint32_t lcore, uint64_t *next_ticks)
{
	uint32_t before = env_sim_set_core(lcore);
	int rc = reactor_process(reactor_get(lcore), 100, next_ticks);

	env_sim_set_core(before);
	return rc;
}

static void
stop(void)
{
	uint64_t next;
	int i;

	reactors_stop();
	for (i = 0; i < 100; i++) {
		process(0, &next);
		process(1, &next);
	}
	assert_int_equal(reactor_get(0)->num_threads, 0);
	assert_int_equal(reactor_get(1)->num_threads, 0);
	reactors_fini();
	assert_int_equal(env_sim_live(), 0);
	spdk_env_fini();
}

static int
count(void *arg)
{
	g_runs++;
	return SPDK_POLLER_IDLE;
}

static void
count_msg(void *arg)
{
	g_runs++;
}

/* A thread that only core `lcore` may run, arrived there. */
static void
make_thread(uint32_t lcore)
{
	struct spdk_cpuset mask;
	uint64_t next;

	spdk_cpuset_zero(&mask);
	spdk_cpuset_set_cpu(&mask, lcore, true);
	g_ut_thread = spdk_thread_create("ut", &mask);
	assert_non_null(g_ut_thread);
	assert_int_equal(process(lcore, &next), 0);
	assert_int_equal(next, UINT64_MAX);
	assert_int_equal(reactor_get(lcore)->num_threads, 1);
}

static void
make_poller(uint64_t period_us)
{
	spdk_set_thread(g_ut_thread);
	g_poller = spdk_poller_register(count, NULL, period_us);
	spdk_set_thread(NULL);
}

static void
drop_poller(void)
{
	spdk_set_thread(g_ut_thread);
	spdk_poller_unregister(&g_poller);
	spdk_set_thread(NULL);
}

static void
test_spin(void **state)
{
	static const struct {
		uint64_t before_us, slept_us;
		bool by_io;
		uint64_t after_us;
	} rows[] = {
		{ 50, 1499, true, 100 },  { 50, 1500, true, 50 },   { 50, 1499, false, 50 },
		{ 2500, 1, true, 4000 },  { 4000, 1, true, 4000 },  { 50, 2000, true, 50 },
		{ 50, 2001, true, 25 },   { 50, 2001, false, 25 },  { 25, 2001, true, 20 },
		{ 20, 100000, true, 20 }, { 16000, 1, true, 4000 }, { 16000, 2001, true, 2000 },
	};
	struct reactor *reactor;
	size_t i;

	start(0);
	reactor = reactor_get(0);
	assert_int_equal(reactor->spin_ticks, us_to_ticks(reactor, 50));
	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		reactor->spin_ticks = us_to_ticks(reactor, rows[i].before_us);
		reactor_adapt_spin(reactor, us_to_ticks(reactor, rows[i].slept_us), rows[i].by_io);
		assert_int_equal(reactor->spin_ticks, us_to_ticks(reactor, rows[i].after_us));
	}
	stop();
}

static void
test_spin_earned(void **state)
{
	static const struct {
		uint64_t before_us, awake_us, after_us;
	} rows[] = {
		{ 50, 0, 50 },
		{ 50, 3200, 50 },
		{ 50, 6400, 100 },
		{ 4000, 256000, 4000 },
		{ 4000, 640000, 10000 },
		{ 4000, 2048000, 32000 },
		{ 4000, 3600000000, 32000 },
	};
	struct reactor *reactor;
	size_t i;

	start(0);
	reactor = reactor_get(0);
	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		reactor->spin_ticks = us_to_ticks(reactor, rows[i].before_us);
		reactor->now_ticks =
		        reactor->awake_since_ticks + us_to_ticks(reactor, rows[i].awake_us);
		reactor_earn_spin(reactor);
		assert_int_equal(reactor->spin_ticks, us_to_ticks(reactor, rows[i].after_us));
	}
	reactor->now_ticks = spdk_get_ticks();
	stop();
}

static void
test_message_wakes(void **state)
{
	struct reactor *reactor;
	uint64_t next;

	start(0);
	reactor = reactor_get(1);
	make_thread(1);
	assert_int_equal(reactor->sleeper.sleeping, 1);
	spdk_thread_send_msg(g_ut_thread, count_msg, NULL);
	assert_int_equal(reactor->sleeper.sleeping, 0); /* kicked, once */
	spdk_thread_send_msg(g_ut_thread, count_msg, NULL);
	assert_int_equal(process(1, &next), 0);
	assert_int_equal(g_runs, 2);
	assert_int_equal(reactor->sleeper.sleeping, 1);
	stop();
}

static void
test_timer(void **state)
{
	uint64_t next, begin;

	start(0);
	make_thread(0);
	begin = spdk_get_ticks();
	make_poller(1000);
	assert_int_equal(process(0, &next), 0);
	assert_int_equal(next, begin + 1000000);
	env_sim_advance(999999);
	assert_int_equal(process(0, &next), 0);
	assert_int_equal(g_runs, 0);
	env_sim_advance(1);
	assert_int_equal(process(0, &next), 0);
	assert_int_equal(g_runs, 1);
	assert_int_equal(next, begin + 2000000);
	drop_poller();
	stop();
}

static void
test_unknown_poller(void **state)
{
	uint64_t next;

	start(0);
	make_thread(0);
	make_poller(0);
	assert_int_equal(process(0, &next), 1); /* never sleeps */
	assert_int_equal(next, spdk_get_ticks());
	assert_int_equal(reactor_get(0)->sleeper.sleeping, 0);
	assert_int_equal(g_runs, 1);
	drop_poller();
	stop();

	start(100);
	make_thread(0);
	make_poller(0);
	assert_int_equal(process(0, &next), 0); /* unless naps are allowed */
	assert_int_equal(next, spdk_get_ticks() + 100000);
	drop_poller();
	stop();
}

static void
move_to_0(void *arg)
{
	struct spdk_cpuset mask;

	spdk_cpuset_zero(&mask);
	spdk_cpuset_set_cpu(&mask, 0, true);
	assert_int_equal(spdk_thread_set_cpumask(&mask), 0);
}

static void
test_move(void **state)
{
	uint64_t next;

	start(0);
	make_thread(1);
	spdk_thread_send_msg(g_ut_thread, move_to_0, NULL);
	process(1, &next);
	assert_int_equal(reactor_get(1)->num_threads, 0);
	/* On its way: a message wakes nobody yet, and is found on arrival. */
	spdk_thread_send_msg(g_ut_thread, count_msg, NULL);
	process(0, &next);
	assert_int_equal(reactor_get(0)->num_threads, 1);
	process(0, &next);
	assert_int_equal(g_runs, 1);
	stop();
}

static void
test_no_core_of_the_mask(void **state)
{
	struct spdk_cpuset mask;

	start(0);
	spdk_cpuset_zero(&mask);
	spdk_cpuset_set_cpu(&mask, 7, true);
	assert_null(spdk_thread_create("ut", &mask));
	assert_int_equal(spdk_thread_get_count(), 0);
	assert_null(spdk_event_allocate(7, NULL, NULL, NULL));
	stop();
}

static void
count_event(void *arg1, void *arg2)
{
	g_runs = g_runs * 10 + (uint32_t)(uintptr_t)arg1 + (uint32_t)(uintptr_t)arg2;
}

static void
test_events(void **state)
{
	uint64_t next;

	start(0);
	process(1, &next);
	spdk_event_call(spdk_event_allocate(1, count_event, (void *)1, (void *)0));
	spdk_event_call(spdk_event_allocate(1, count_event, (void *)1, (void *)1));
	spdk_event_call(spdk_event_allocate(1, count_event, (void *)2, (void *)1));
	process(0, &next);
	assert_int_equal(g_runs, 0);
	process(1, &next);
	assert_int_equal(g_runs, 123);
	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	assert_null(spdk_event_allocate(1, count_event, NULL, NULL));
	/* One that never runs is freed at the end. */
	reactors_stop();
	spdk_event_call(spdk_event_allocate(1, count_event, NULL, NULL));
	reactors_fini();
	spdk_env_fini();
}

static void
test_init_fails_at_each_step(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	int nth;

	spdk_env_opts_init(&opts);
	opts.core_mask = "0x3";
	assert_int_equal(spdk_env_init(&opts), 0);
	for (nth = 1; nth <= 4; nth++) {
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		assert_int_equal(reactors_init(1024), -ENOMEM);
	}
	env_fault_clear();
	for (nth = 1; nth <= 2; nth++) {
		env_sim_fail_nth(ENV_FAULT_WAITER, nth);
		assert_true(reactors_init(1024) < 0);
	}
	env_fault_clear();
	assert_int_equal(reactors_init(1024), 0);
	reactors_fini();
	reactors_fini();
	spdk_env_fini();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spin),
		cmocka_unit_test(test_spin_earned),
		cmocka_unit_test(test_message_wakes),
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_unknown_poller),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_no_core_of_the_mask),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_init_fails_at_each_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
