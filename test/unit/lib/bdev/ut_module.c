/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Start and stop of modules from outside, one of which takes its time for each step. A trace keeps
 * the order: I and i start, C and c hear that all have, S and s hear that the end begins, F and f
 * end; capitals are the slow one's. The other one examines bdevs, e, and so comes first. */

#include "ut_bdev.h"

static char g_trace[32];
static bool g_slow; /* else it is done within each call */

static struct spdk_bdev_module g_slow_module;

static void
trace(char c)
{
	size_t len = strlen(g_trace);

	assert_true(len + 1 < sizeof(g_trace));
	g_trace[len] = c;
	g_trace[len + 1] = '\0';
}

static int
slow_init(void)
{
	trace('I');
	if (!g_slow) {
		spdk_bdev_module_init_done(&g_slow_module);
	}
	return 0;
}

static void
slow_complete(void)
{
	trace('C');
}

static void
slow_fini_start(void)
{
	trace('S');
	if (!g_slow) {
		spdk_bdev_module_fini_start_done();
	}
}

static void
slow_fini(void)
{
	trace('F');
	if (!g_slow) {
		spdk_bdev_module_finish_done();
	}
}

static struct spdk_bdev_module g_slow_module = {
	.name = "slow",
	.module_init = slow_init,
	.init_complete = slow_complete,
	.fini_start = slow_fini_start,
	.module_fini = slow_fini,
	.async_init = true,
	.async_fini_start = true,
	.async_fini = true,
};

static int
quick_init(void)
{
	trace('i');
	return 0;
}

static void
quick_complete(void)
{
	trace('c');
}

static void
quick_fini_start(void)
{
	trace('s');
}

static void
quick_fini(void)
{
	trace('f');
}

static struct spdk_bdev_module g_quick_module;

static void
quick_examine(struct spdk_bdev *bdev)
{
	trace('e');
	spdk_bdev_module_examine_done(&g_quick_module);
}

static struct spdk_bdev_module g_quick_module = {
	.name = "quick",
	.examine_config = quick_examine,
	.module_init = quick_init,
	.init_complete = quick_complete,
	.fini_start = quick_fini_start,
	.module_fini = quick_fini,
};

static void
started(void *arg, int rc)
{
	*(int *)arg = rc;
}

static void
stopped(void *arg)
{
	*(bool *)arg = true;
}

static void
stop_layer(void)
{
	bool down = false;

	spdk_bdev_finish(stopped, &down);
	poll_threads();
	assert_true(down);
}

/* The layer is down, and both modules are listed. */
static int
setup(void **state)
{
	g_slow = false;
	ut_bdev_start(1, NULL);
	stop_layer();
	if (spdk_bdev_module_list_find("slow") == NULL) {
		spdk_bdev_module_list_add(&g_slow_module);
		spdk_bdev_module_list_add(&g_quick_module);
	}
	assert_ptr_equal(spdk_bdev_module_list_find("slow"), &g_slow_module);
	assert_null(spdk_bdev_module_list_find("slo"));
	g_trace[0] = '\0';
	return 0;
}

/* Once more, quickly. */
static int
teardown(void **state)
{
	g_slow = false;
	ut_bdev_restart();
	ut_bdev_stop();
	return 0;
}

static void
test_done_within_each_call(void **state)
{
	ut_bdev_restart();
	assert_string_equal(g_trace, "iIcC");
	stop_layer();
	assert_string_equal(g_trace, "iIcCSsFf");
}

static void
test_done_later(void **state)
{
	bool down = false;
	int rc = 1;

	g_slow = true;
	spdk_bdev_initialize(started, &rc);
	poll_threads();
	assert_string_equal(g_trace, "iI");
	assert_int_equal(rc, 1);
	spdk_bdev_module_init_done(&g_slow_module);
	poll_threads();
	assert_string_equal(g_trace, "iIcC");
	assert_int_equal(rc, 0);
	spdk_bdev_finish(stopped, &down);
	poll_threads();
	assert_string_equal(g_trace, "iIcCS");
	spdk_bdev_module_fini_start_done();
	poll_threads();
	assert_string_equal(g_trace, "iIcCSsF");
	assert_false(down);
	spdk_bdev_module_finish_done();
	poll_threads();
	assert_string_equal(g_trace, "iIcCSsFf");
	assert_true(down);
}

/* Without auto_examine only those are shown that are named, before they come or after. */
static void
test_examine(void **state)
{
	struct spdk_bdev_opts opts;
	struct leaf *a, *b;

	ut_bdev_restart();
	assert_int_equal(spdk_bdev_examine("A"), -EINVAL);
	spdk_bdev_get_opts(&opts, sizeof(opts));
	opts.bdev_auto_examine = false;
	assert_int_equal(spdk_bdev_set_opts(&opts), 0);
	a = leaf_new("A", 8, NULL);
	assert_string_equal(g_trace, "iIcC");
	assert_int_equal(spdk_bdev_examine("A"), 0);
	assert_string_equal(g_trace, "iIcCe");
	assert_int_equal(spdk_bdev_examine("A"), -EEXIST);
	assert_int_equal(spdk_bdev_examine("B"), 0);
	assert_string_equal(g_trace, "iIcCe");
	b = leaf_new("B", 8, NULL);
	assert_string_equal(g_trace, "iIcCee");
	leaf_delete(a);
	leaf_delete(b);
	stop_layer();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_done_within_each_call, setup, teardown),
		cmocka_unit_test_setup_teardown(test_done_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_examine, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
