/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Start, stop, options and cores. */

#include "suite.h"

#include "spdk/log.h"
#include "spdk_internal/machine_hooks.h"
#include "spdk_internal/system_state.h"

#include <sys/random.h>

static void
test_opts_defaults(void **state)
{
	struct spdk_env_opts opts;

	memset(&opts, 0xff, sizeof(opts));
	opts.opts_size = sizeof(opts);
	spdk_env_opts_init(&opts);
	assert_string_equal(opts.name, "spdk");
	assert_null(opts.core_mask);
	assert_null(opts.lcore_map);
	assert_int_equal(opts.shm_id, -1);
	assert_int_equal(opts.mem_channel, -1);
	assert_int_equal(opts.main_core, -1);
	assert_int_equal(opts.mem_size, -1);
	assert_false(opts.no_pci);
	assert_false(opts.no_huge);
	assert_true(opts.base_virtaddr == 0x200000000000ull);
	assert_int_equal(opts.opts_size, sizeof(opts));
	assert_false(opts.enforce_numa);
	spdk_env_opts_init(NULL);
}

/* Programs from before opts_size existed have whatever was on their stack there. */
static void
test_opts_garbage_size(void **state)
{
	struct spdk_env_opts opts;

	memset(&opts, 0xa5, sizeof(opts));
	spdk_env_opts_init(&opts);
	assert_int_equal(opts.opts_size, sizeof(opts));
	assert_false(opts.enforce_numa);
	opts.opts_size = 0;
	spdk_env_opts_init(&opts);
	assert_int_equal(opts.opts_size, sizeof(opts));
}

static void
test_opts_smaller(void **state)
{
	struct spdk_env_opts opts;
	size_t size = offsetof(struct spdk_env_opts, enforce_numa);

	memset(&opts, 0xff, sizeof(opts));
	opts.opts_size = size;
	spdk_env_opts_init(&opts);
	assert_int_equal(opts.opts_size, size);
	assert_int_equal(*(uint8_t *)&opts.enforce_numa, 0xff);
	assert_int_equal(spdk_env_init(&opts), 0);
	spdk_env_fini();
}

static void
test_init_twice(void **state)
{
	assert_int_equal(suite_env_start(NULL, -1), 0);
	assert_int_equal(suite_env_start(NULL, -1), -EALREADY);
	assert_true(spdk_process_is_primary());
	spdk_env_fini();
	spdk_env_fini();
}

static void
test_reinit(void **state)
{
	assert_int_equal(suite_env_start("0x1", 64), 0);
	spdk_env_fini();
	assert_int_equal(spdk_env_init(NULL), 0);
	assert_int_equal(spdk_env_get_core_count(), 1);
	assert_int_equal(spdk_env_get_main_core(), 0);
	spdk_env_fini();
	assert_int_equal(spdk_env_init(NULL), 0);
	spdk_env_fini();
}

static void
test_state_restored(void **state)
{
	size_t size;
	void *base, *before, *buf;

	assert_int_equal(suite_env_start(NULL, -1), 0);
	spdk_env_fini();
	system_state_get(&base, &size);
	before = malloc(size);
	assert_non_null(before);
	memcpy(before, base, size);
	assert_int_equal(suite_env_start("[0]", 128), 0);
	buf = spdk_malloc(3 << 20, 0, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	assert_non_null(buf);
	assert_non_null(spdk_memzone_reserve("zone", 100, SPDK_ENV_NUMA_ID_ANY, 0));
	assert_non_null(spdk_mempool_create("pool", 10, 10, 0, SPDK_ENV_NUMA_ID_ANY));
	spdk_env_fini();
	assert_memory_equal(before, base, size);
	free(before);
}

static void
test_hooks(void **state)
{
	uint64_t a[2] = { 0 };
	struct timespec ts = { 0 };

	assert_int_equal(suite_env_start(NULL, -1), 0);
	assert_true(machine_hooks_get()->monotonic_ns() > 0);
	machine_hooks_get()->wall_clock(&ts);
	assert_true(ts.tv_sec > 1600000000);
	machine_hooks_get()->random(a, sizeof(a));
	assert_true(a[0] != 0 && a[0] != a[1]);
	spdk_env_fini();
	assert_true(machine_hooks_get()->monotonic_ns() == 0);
}

static void
test_no_mask(void **state)
{
	uint32_t i, num = 0;

	assert_int_equal(spdk_env_get_current_core(), SPDK_ENV_LCORE_ID_ANY);
	assert_int_equal(spdk_env_get_core_count(), 0);
	assert_int_equal(suite_env_start(NULL, -1), 0);
	assert_int_equal(spdk_env_get_core_count(), 1);
	assert_int_equal(spdk_env_get_current_core(), spdk_env_get_main_core());
	SPDK_ENV_FOREACH_CORE(i) {
		assert_int_equal(i, spdk_env_get_main_core());
		num++;
	}
	assert_int_equal(num, 1);
	spdk_env_fini();
	assert_int_equal(spdk_env_get_current_core(), SPDK_ENV_LCORE_ID_ANY);
	assert_int_equal(spdk_env_get_first_core(), UINT32_MAX);
	assert_int_equal(spdk_env_get_last_core(), UINT32_MAX);
}

struct core_row {
	const char *mask; /* of these two one */
	const char *map;
	int main_core;
	int rc;
	const char *cores; /* with rc 0: as a mask */
	uint32_t expect_main;
};

static const struct core_row g_core_rows[] = {
	{ "0x1", NULL, -1, 0, "0x1", 0 },
	{ "1", NULL, -1, 0, "0x1", 0 },
	{ "0x3", NULL, -1, 0, "0x3", 0 },
	{ "0x3", NULL, 1, 0, "0x3", 1 },
	{ "[0]", NULL, -1, 0, "0x1", 0 },
	{ "[0,1]", NULL, -1, 0, "0x3", 0 },
	{ "[0-1]", NULL, -1, 0, "0x3", 0 },
	{ NULL, "0", -1, 0, "0x1", 0 },
	{ NULL, "0-1", -1, 0, "0x3", 0 },
	{ NULL, "5@0,7@1", -1, 0, "0xa0", 5 },
	{ NULL, "5@0,7@1", 7, 0, "0xa0", 7 },
	{ NULL, "(0,1)", -1, 0, "0x3", 0 },
	{ NULL, "(2-3)@0", -1, 0, "0xc", 2 },
	{ NULL, "3@(0,1),9@0", -1, 0, "0x208", 3 },
	{ NULL, " 0 , 1 @ ( 0 , 1 ) ", -1, 0, "0x3", 0 },
	/* What can't be. */
	{ "0x0", NULL, -1, -EINVAL, NULL, 0 },
	{ "", NULL, -1, -EINVAL, NULL, 0 },
	{ "[", NULL, -1, -EINVAL, NULL, 0 },
	{ "[0", NULL, -1, -EINVAL, NULL, 0 },
	{ "[1-0]", NULL, -1, -EINVAL, NULL, 0 },
	{ "xyz", NULL, -1, -EINVAL, NULL, 0 },
	{ "[1000]", NULL, -1, -EINVAL, NULL, 0 },
	{ "0x1", NULL, 1, -EINVAL, NULL, 0 },
	{ NULL, "", -1, -EINVAL, NULL, 0 },
	{ NULL, "0,0", -1, -EINVAL, NULL, 0 },
	{ NULL, "0@", -1, -EINVAL, NULL, 0 },
	{ NULL, "0@(1", -1, -EINVAL, NULL, 0 },
	{ NULL, "(0", -1, -EINVAL, NULL, 0 },
	{ NULL, "0,", -1, -EINVAL, NULL, 0 },
	{ NULL, "0;1", -1, -EINVAL, NULL, 0 },
	{ NULL, "1-0", -1, -EINVAL, NULL, 0 },
	{ NULL, "1024", -1, -EINVAL, NULL, 0 },
	{ NULL, "99999999999", -1, -EINVAL, NULL, 0 },
	{ NULL, "0@1000", -1, -EINVAL, NULL, 0 },
	{ "0x1", "0", -1, -EINVAL, NULL, 0 },
};

static void
core_row_check(const struct core_row *row)
{
	struct spdk_cpuset expect = { 0 }, have = { 0 };
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	uint32_t i, num = 0, last = 0;
	int rc;

	spdk_env_opts_init(&opts);
	opts.core_mask = row->mask;
	opts.lcore_map = row->map;
	opts.main_core = row->main_core;
	rc = spdk_env_init(&opts);
	if (rc != row->rc) {
		fail_msg("mask '%s' map '%s': %d, not %d", row->mask, row->map, rc, row->rc);
	}
	if (rc != 0) {
		assert_int_equal(spdk_env_get_core_count(), 0);
		return;
	}
	assert_int_equal(spdk_cpuset_parse(&expect, row->cores), 0);
	spdk_env_get_cpuset(&have);
	assert_true(spdk_cpuset_equal(&expect, &have));
	assert_int_equal(spdk_env_get_core_count(), spdk_cpuset_count(&expect));
	SPDK_ENV_FOREACH_CORE(i) {
		assert_true(spdk_cpuset_get_cpu(&expect, i));
		assert_true(num == 0 || i > last);
		last = i;
		num++;
	}
	assert_int_equal(num, spdk_env_get_core_count());
	assert_int_equal(last, spdk_env_get_last_core());
	assert_int_equal(spdk_env_get_main_core(), row->expect_main);
	assert_int_equal(spdk_env_get_current_core(), row->expect_main);
	spdk_env_fini();
}

static void
test_cores(void **state)
{
	size_t i;

	if (!suite_has_cpu(0) || !suite_has_cpu(1)) {
		skip();
	}
	for (i = 0; i < SPDK_COUNTOF(g_core_rows); i++) {
		core_row_check(&g_core_rows[i]);
	}
}

static void
test_numa(void **state)
{
	struct spdk_cpuset smt = { 0 };
	int32_t id, last = -1;
	uint32_t num = 0;

	assert_int_equal(suite_env_start("0x1", -1), 0);
	SPDK_ENV_FOREACH_NUMA_ID(id) {
		assert_true(id > last);
		last = id;
		num++;
	}
	assert_true(num >= 1);
	assert_int_equal(spdk_env_get_last_numa_id(), last);
	assert_true(spdk_env_get_numa_id(0) >= 0 && spdk_env_get_numa_id(0) <= last);
	assert_int_equal(spdk_env_get_numa_id(1023), SPDK_ENV_NUMA_ID_ANY);
	assert_int_equal(spdk_env_get_socket_id(0), spdk_env_get_numa_id(0));
	assert_int_equal(spdk_env_get_socket_id(1023), UINT32_MAX);
	assert_true(spdk_env_core_get_smt_cpuset(&smt, 0));
	assert_true(spdk_cpuset_get_cpu(&smt, 0));
	assert_false(spdk_env_core_get_smt_cpuset(&smt, 1023));
	spdk_env_fini();
}

static void
test_options_accepted(void **state)
{
	struct spdk_pci_addr addrs[2] = { { .bus = 1 }, { .bus = 2 } };
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	opts.name = "some_name";
	assert_int_equal(getrandom(&opts.shm_id, sizeof(opts.shm_id), 0), sizeof(opts.shm_id));
	opts.shm_id &= INT_MAX;
	opts.mem_channel = 4;
	opts.mem_size = 32;
	opts.no_pci = true;
	opts.hugepage_single_segments = true;
	opts.unlink_hugepage = true;
	opts.no_huge = true;
	opts.num_pci_addr = 2;
	opts.hugedir = "/nonexistent";
	opts.pci_allowed = addrs;
	opts.iova_mode = "pa";
	opts.env_context = "--whatever";
	opts.vf_token = "token";
	assert_int_equal(spdk_env_init(&opts), 0);
	spdk_env_fini();
	/* A copy was taken. */
	memset(&opts, 0, sizeof(opts));
	assert_int_equal(spdk_env_init(NULL), 0);
	spdk_env_fini();
	assert_int_equal(spdk_env_init(&opts), -EINVAL);
}

static void
test_mem_size_limits(void **state)
{
	assert_int_equal(suite_env_start(NULL, INT_MAX), -ENOMEM);
	assert_int_equal(suite_env_start(NULL, 1), 0);
	spdk_env_fini();
	assert_int_equal(suite_env_start(NULL, 0), 0);
	spdk_env_fini();
}

static void
test_cycles_leave_nothing(void **state)
{
	uint64_t heap = suite_live_heap();
	int i;

	for (i = 0; i < 100; i++) {
		assert_int_equal(suite_env_start("0x1", -1), 0);
		assert_non_null(spdk_malloc(5000, 0, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA));
		assert_non_null(spdk_zmalloc(10, 0, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA));
		spdk_env_fini();
		assert_int_equal(suite_live_heap(), heap);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opts_defaults),
		cmocka_unit_test(test_opts_garbage_size),
		cmocka_unit_test(test_opts_smaller),
		cmocka_unit_test(test_init_twice),
		cmocka_unit_test(test_reinit),
		cmocka_unit_test(test_state_restored),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_no_mask),
		cmocka_unit_test(test_cores),
		cmocka_unit_test(test_numa),
		cmocka_unit_test(test_options_accepted),
		cmocka_unit_test(test_mem_size_limits),
		cmocka_unit_test(test_cycles_leave_nothing),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_init", tests, NULL, NULL);
}
