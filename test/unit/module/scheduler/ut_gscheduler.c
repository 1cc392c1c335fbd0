/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* gscheduler over simulated cpufreq files: the speed of a core by its load, rounds on two simulated
 * cores, threads that stay, and machines whose speed can't be set. */

#include "../../../../lib/event/balance.h"

#include "spdk/util.h"
#include "spdk_internal/env_sim.h"

#include <setjmp.h>
#include <cmocka.h>

#define PERIOD_US 10000

static void
put(uint32_t cpu, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cpufreq/%s", cpu, name);
	assert_int_equal(env_sim_file_set(path, text, text != NULL ? strlen(text) : 0), 0);
}

static uint32_t
mhz_of(uint32_t cpu)
{
	char path[128];
	void *text;
	uint32_t khz;
	size_t len;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_max_freq", cpu);
	assert_int_equal(env_file_load(path, 64, &text, &len), 0);
	khz = (uint32_t)strtoul(text, NULL, 10);
	free(text);
	return khz / 1000;
}

static void
set_limit(uint32_t mhz)
{
	char text[16];

	snprintf(text, sizeof(text), "%u000\n", mhz);
	put(0, "scaling_max_freq", text);
	put(1, "scaling_max_freq", text);
}

static int
setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	uint32_t cpu;

	spdk_env_opts_init(&opts);
	opts.name = "ut";
	opts.core_mask = "0x3";
	assert_int_equal(spdk_env_init(&opts), 0);
	set_limit(2000);
	for (cpu = 0; cpu < 2; cpu++) {
		put(cpu, "scaling_available_frequencies",
		    "1000000 1500000 2000000 2500000 3000000\n");
	}
	assert_int_equal(reactors_init(1024), 0);
	return 0;
}

static int
teardown(void **state)
{
	struct env_sim_thread thread;
	uint32_t cpu;

	reactors_stop();
	while (env_sim_thread_take(&thread)) {
	}
	reactors_fini();
	for (cpu = 0; cpu < 2; cpu++) {
		put(cpu, "scaling_max_freq", NULL);
		put(cpu, "scaling_available_frequencies", NULL);
	}
	spdk_env_fini();
	return 0;
}

/* ---- One balance ---- */

/* From 2000 MHz, with 500 MHz a step and 3000 the highest. */
static const struct {
	uint64_t busy, idle;
	uint32_t mhz;
} g_loads[] = {
	{ 0, 1000000, 1000 },                     /* nothing to do */
	{ 999, 1000000, 1000 },                   /* less than a thousandth of it */
	{ 1000, 1000000, 1500 },                  /* a step down */
	{ 499999, 500000, 1500 },                 /* more idle than busy */
	{ 500000, 500000, 2500 },                 /* a step up */
	{ 1000000, 1000, 2500 },                  /* a rest is left */
	{ 1000000, 999, 3000 },                   /* no rest */
	{ 1000000, 0, 3000 },     { 0, 0, 2000 }, /* no time has passed */
};

static void
test_speed_by_load(void **state)
{
	struct spdk_scheduler_core_info cores[3];
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_loads); i++) {
		set_limit(2000);
		assert_int_equal(spdk_scheduler_set("gscheduler"), 0);
		memset(cores, 0, sizeof(cores));
		cores[1].lcore = 1;
		cores[1].current_busy_tsc = g_loads[i].busy;
		cores[1].current_idle_tsc = g_loads[i].idle;
		cores[2].lcore = 2; /* not ours: passed over */
		cores[2].current_busy_tsc = 1;
		spdk_scheduler_get()->balance(cores, 3);
		assert_int_equal(mhz_of(0), 2000);
		assert_int_equal(mhz_of(1), g_loads[i].mhz);
		assert_int_equal(spdk_scheduler_set(NULL), 0);
		assert_int_equal(mhz_of(1), 2000); /* given back */
	}
}

static void
test_without_speed(void **state)
{
	put(1, "scaling_max_freq", NULL);
	assert_int_equal(spdk_scheduler_set("static"), 0);
	assert_int_equal(spdk_scheduler_set("gscheduler"), -ENOENT);
	assert_string_equal(spdk_scheduler_get()->name, "static");
	assert_null(spdk_governor_get());
	set_limit(2000);
	assert_int_equal(spdk_scheduler_set("gscheduler"), 0);
	assert_string_equal(spdk_governor_get()->name, "dpdk_governor");
	assert_int_equal(spdk_scheduler_get_period(), 1000000);
	assert_null(spdk_scheduler_get()->set_opts);
	assert_int_equal(spdk_scheduler_set("static"), 0);
	assert_null(spdk_governor_get());

	/* A period that was set stays. */
	spdk_scheduler_set_period(7);
	assert_int_equal(spdk_scheduler_set("gscheduler"), 0);
	assert_int_equal(spdk_scheduler_get_period(), 7);
}

/* ---- Rounds ---- */

static uint32_t g_busy_us;

static int
be_busy(void *arg)
{
	env_sim_advance_us(g_busy_us);
	return g_busy_us > 0 ? SPDK_POLLER_BUSY : SPDK_POLLER_IDLE;
}

static void
process(uint32_t lcore)
{
	uint32_t before = env_sim_set_core(lcore);
	uint64_t next;

	reactor_process(reactor_get(lcore), 100, &next);
	env_sim_set_core(before);
}

static void
run_us(uint64_t us)
{
	uint64_t end = spdk_get_ticks() + us * 1000;

	while (spdk_get_ticks() < end) {
		process(0);
		process(1);
		env_sim_advance_us(1);
	}
}

static void
drop_poller(void *arg)
{
	spdk_poller_unregister(arg);
}

/* Both cores do all their time nothing at first; then a thread on core 1 works more than it rests.
 */
static void
test_rounds(void **state)
{
	struct spdk_thread *thread;
	struct spdk_poller *poller;
	struct spdk_cpuset mask;
	struct lw_thread *lw;

	spdk_cpuset_zero(&mask);
	spdk_cpuset_set_cpu(&mask, 1, true);
	thread = spdk_thread_create("ut", &mask);
	process(1);
	spdk_set_thread(thread);
	poller = spdk_poller_register(be_busy, NULL, 100);
	spdk_set_thread(NULL);
	assert_int_equal(spdk_scheduler_set("gscheduler"), 0);
	spdk_scheduler_set_period(PERIOD_US);
	g_busy_us = 0;
	run_us(3 * PERIOD_US);
	assert_int_equal(mhz_of(0), 1000);
	assert_int_equal(mhz_of(1), 1000);
	g_busy_us = 90;
	run_us(10 * PERIOD_US);
	assert_int_equal(mhz_of(0), 1000);
	assert_int_equal(mhz_of(1), 3000);
	lw = spdk_thread_get_ctx(thread);
	assert_int_equal(lw->reactor->lcore, 1);
	g_busy_us = 0;
	spdk_thread_send_msg(thread, drop_poller, &poller);
	reactors_stop();
	run_us(1000);
	assert_null(poller);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_speed_by_load),
		T(test_without_speed),
		T(test_rounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
