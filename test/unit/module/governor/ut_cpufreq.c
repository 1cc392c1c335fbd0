/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The cpufreq governor over files that a test gives: steps, limits, what comes back at the end,
 * cores mapped to other CPUs, and machines that have no such files. */

#include "spdk/stdinc.h"
#include "spdk/env.h"
#include "spdk/scheduler.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"

#include <setjmp.h>
#include <cmocka.h>

static void
put(uint32_t cpu, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cpufreq/%s", cpu, name);
	assert_int_equal(env_sim_file_set(path, text, text != NULL ? strlen(text) : 0), 0);
}

static uint32_t
limit_of(uint32_t cpu)
{
	char path[128];
	void *text;
	uint32_t khz;
	size_t len;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_max_freq", cpu);
	assert_int_equal(env_file_load(path, 64, &text, &len), 0);
	khz = (uint32_t)strtoul(text, NULL, 10);
	free(text);
	return khz;
}

static int
setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	opts.name = "ut";
	opts.core_mask = "0x3";
	assert_int_equal(spdk_env_init(&opts), 0);
	put(0, "scaling_max_freq", "3000000\n");
	put(0, "scaling_cur_freq", "2900000\n");
	put(0, "scaling_available_frequencies", "1000000 3000000 2000000 \n");
	put(0, "scaling_driver", "acpi-cpufreq\n");
	put(1, "scaling_max_freq", "1450000\n");
	put(1, "scaling_cur_freq", "1200000\n");
	put(1, "cpuinfo_max_freq", "1550000\n");
	put(1, "cpuinfo_min_freq", "1200000\n");
	return 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = {
		"scaling_max_freq", "scaling_cur_freq", "scaling_available_frequencies",
		"scaling_driver",   "cpuinfo_max_freq", "cpuinfo_min_freq"
	};
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(names); i++) {
		put(0, names[i], NULL);
		put(1, names[i], NULL);
	}
	spdk_env_fini();
	return 0;
}

static struct spdk_governor *
governor_start(void)
{
	assert_int_equal(spdk_governor_set("dpdk_governor"), 0);
	assert_non_null(spdk_governor_get());
	assert_string_equal(spdk_governor_get()->name, "dpdk_governor");
	return spdk_governor_get();
}

static void
test_frequencies(void **state)
{
	static const uint32_t listed[] = { 3000000, 2000000, 1000000 };
	static const uint32_t made[] = { 1550000, 1450000, 1350000, 1250000, 1200000 };
	struct spdk_governor_capabilities caps;
	struct spdk_governor *governor = governor_start();
	uint32_t khz[SPDK_MAX_LCORE_FREQS] = { 0 };

	assert_int_equal(governor->get_core_avail_freqs(0, khz, SPDK_MAX_LCORE_FREQS), 3);
	assert_memory_equal(khz, listed, sizeof(listed));
	assert_int_equal(governor->get_core_avail_freqs(1, khz, SPDK_MAX_LCORE_FREQS), 5);
	assert_memory_equal(khz, made, sizeof(made));
	memset(khz, 0, sizeof(khz));
	assert_int_equal(governor->get_core_avail_freqs(1, khz, 2), 5);
	assert_int_equal(khz[2], 0);
	assert_int_equal(governor->get_core_avail_freqs(2, khz, 2), 0);
	assert_int_equal(governor->get_core_curr_freq(0), 2900000);
	assert_int_equal(governor->get_core_curr_freq(2), 0);
	assert_int_equal(governor->get_core_capabilities(0, &caps), 0);
	assert_true(caps.priority);
	assert_int_equal(governor->get_core_capabilities(1, &caps), 0);
	assert_false(caps.priority);
	assert_int_equal(governor->get_core_capabilities(2, &caps), -EINVAL);
	assert_int_equal(spdk_governor_set(NULL), 0);
	assert_null(spdk_governor_get());
}

static void
test_steps(void **state)
{
	struct spdk_governor *governor = governor_start();

	assert_int_equal(governor->core_freq_up(0), 0);
	assert_int_equal(governor->core_freq_down(0), 1);
	assert_int_equal(limit_of(0), 2000000);
	assert_int_equal(governor->core_freq_down(0), 1);
	assert_int_equal(limit_of(0), 1000000);
	assert_int_equal(governor->core_freq_down(0), 0);
	assert_int_equal(governor->core_freq_up(0), 1);
	assert_int_equal(limit_of(0), 2000000);
	assert_int_equal(governor->set_core_freq_min(0), 1);
	assert_int_equal(limit_of(0), 1000000);
	assert_int_equal(governor->set_core_freq_max(0), 1);
	assert_int_equal(governor->set_core_freq_max(0), 0);
	assert_int_equal(limit_of(0), 3000000);

	/* The other core began below its highest. */
	assert_int_equal(limit_of(1), 1450000);
	assert_int_equal(governor->core_freq_up(1), 1);
	assert_int_equal(limit_of(1), 1550000);
	assert_int_equal(governor->set_core_freq_min(1), 1);
	assert_int_equal(limit_of(1), 1200000);
	assert_int_equal(governor->set_core_freq_min(2), -EINVAL);

	/* One that can't be written says why and stays. */
	env_sim_fail_nth(ENV_FAULT_FILE, 1);
	assert_int_equal(governor->core_freq_up(1), -EIO);
	env_fault_clear();
	assert_int_equal(governor->core_freq_up(1), 1);
	assert_int_equal(limit_of(1), 1250000);

	/* Each gets back what it had. */
	spdk_governor_set(NULL);
	assert_int_equal(limit_of(0), 3000000);
	assert_int_equal(limit_of(1), 1450000);
}

static int
collect(void *arg, const void *data, size_t size)
{
	strncat(arg, data, size);
	return 0;
}

static void
test_dump(void **state)
{
	struct spdk_governor *governor = governor_start();
	struct spdk_json_write_ctx *w;
	char text[512] = "";

	w = spdk_json_write_begin(collect, text, 0);
	spdk_json_write_object_begin(w);
	assert_int_equal(governor->dump_info_json(w), 0);
	spdk_json_write_object_end(w);
	assert_int_equal(spdk_json_write_end(w), 0);
	assert_string_equal(text, "{\"cores\":[{\"lcore_id\":0,\"current_frequency\":2900000},"
	                          "{\"lcore_id\":1,\"current_frequency\":1200000}],"
	                          "\"env\":\"acpi-cpufreq\"}");
	spdk_governor_set(NULL);
}

static void
test_absent(void **state)
{
	uint64_t heap = env_sim_live_heap();
	uint64_t nth;
	int rc = -1;

	assert_int_equal(spdk_governor_set("no_governor"), -EINVAL);
	for (nth = 1; rc != 0; nth++) {
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		rc = spdk_governor_set("dpdk_governor");
		env_fault_clear();
		spdk_governor_set(NULL);
		assert_null(spdk_governor_get());
		/* The simulated file may be lost instead. */
		put(0, "scaling_max_freq", "3000000\n");
		put(1, "scaling_max_freq", "1450000\n");
		assert_int_equal(env_sim_live_heap(), heap);
	}
	assert_true(nth > 5);
	put(1, "cpuinfo_max_freq", NULL);
	assert_int_equal(spdk_governor_set("dpdk_governor"), -ENOENT);
	put(1, "scaling_max_freq", NULL);
	assert_int_equal(spdk_governor_set("dpdk_governor"), -ENOENT);
	assert_null(spdk_governor_get());
	assert_int_equal(limit_of(0), 3000000);
}

/* ---- Cores on other CPUs than those of their numbers ---- */

static void
restart(const char *lcore_map)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_fini();
	spdk_env_opts_init(&opts);
	opts.name = "ut";
	opts.lcore_map = lcore_map;
	assert_int_equal(spdk_env_init(&opts), 0);
}

static void
test_mapped(void **state)
{
	struct spdk_governor *governor;
	uint32_t cpu, khz[8];

	restart("0@1,5@(0,2)");
	for (cpu = 0; cpu < 3; cpu++) {
		put(cpu, "scaling_max_freq", "3000000\n");
		put(cpu, "scaling_cur_freq", cpu == 1 ? "1100000\n" : "2200000\n");
		put(cpu, "scaling_available_frequencies", "1000000 3000000 2000000 \n");
	}
	put(2, "scaling_available_frequencies", "2500000 3000000\n");
	governor = governor_start();
	assert_int_equal(governor->get_core_curr_freq(0), 1100000);
	assert_int_equal(governor->get_core_curr_freq(5), 2200000);
	assert_int_equal(governor->get_core_avail_freqs(5, khz, SPDK_COUNTOF(khz)), 3);
	assert_int_equal(governor->core_freq_down(1), -EINVAL);
	assert_int_equal(governor->set_core_freq_min(0), 1);
	assert_int_equal(limit_of(0), 3000000);
	assert_int_equal(limit_of(1), 1000000);

	/* Both CPUs of core 5 step, each by its own list. */
	assert_int_equal(governor->core_freq_down(5), 1);
	assert_int_equal(limit_of(0), 2000000);
	assert_int_equal(limit_of(2), 2500000);
	assert_int_equal(governor->core_freq_down(5), 1);
	assert_int_equal(limit_of(0), 1000000);
	assert_int_equal(limit_of(2), 2500000);
	assert_int_equal(governor->core_freq_down(5), 0);
	assert_int_equal(governor->set_core_freq_max(5), 1);
	assert_int_equal(limit_of(0), 3000000);
	assert_int_equal(limit_of(2), 3000000);
	assert_int_equal(limit_of(1), 1000000);
	spdk_governor_set(NULL);
	assert_int_equal(limit_of(1), 3000000);
	for (cpu = 0; cpu < 3; cpu++) {
		put(cpu, "scaling_max_freq", NULL);
		put(cpu, "scaling_cur_freq", NULL);
		put(cpu, "scaling_available_frequencies", NULL);
	}
}

/* A core's load says nothing of a CPU that another core has too, or of CPUs it may leave. */
static void
test_not_its_own(void **state)
{
	static const struct {
		const char *map;
		int rc;
	} cases[] = {
		{ "0@0,1@(0,1)", -ENOTSUP },
		{ "0@0,1@1", 0 },
		{ NULL, -ENOTSUP },
	};
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(cases); i++) {
		restart(cases[i].map);
		put(0, "scaling_max_freq", "3000000\n");
		put(0, "scaling_available_frequencies", "3000000\n");
		put(1, "scaling_max_freq", "3000000\n");
		put(1, "scaling_available_frequencies", "3000000\n");
		assert_int_equal(spdk_governor_set("dpdk_governor"), cases[i].rc);
		assert_int_equal(spdk_governor_get() != NULL, cases[i].rc == 0);
		spdk_governor_set(NULL);
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_frequencies), T(test_steps),  T(test_dump),
		T(test_absent),      T(test_mapped), T(test_not_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
