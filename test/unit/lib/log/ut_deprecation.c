/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Deprecations: registering, counting, warning at their own rate. */

#include "ut_log.h"

SPDK_LOG_DEPRECATION_REGISTER(ut_always, "the old way", "v27.01", SPDK_LOG_DEPRECATION_ALWAYS)
SPDK_LOG_DEPRECATION_REGISTER(ut_daily, "the other way", "v27.05", SPDK_LOG_DEPRECATION_EVERY_24H)

static void
test_registered(void **state)
{
	struct spdk_deprecation *dep = spdk_log_deprecation_find_by_tag("ut_always");

	assert_ptr_equal(dep, deprecation_ut_always);
	assert_string_equal(spdk_deprecation_get_tag(dep), "ut_always");
	assert_string_equal(spdk_deprecation_get_description(dep), "the old way");
	assert_string_equal(spdk_deprecation_get_remove_release(dep), "v27.01");
	assert_int_equal(spdk_deprecation_get_hits(dep), 0);
	assert_null(spdk_log_deprecation_find_by_tag("ut_alway"));
}

static void
test_register_errors(void **state)
{
	struct spdk_deprecation *dep = NULL;

	assert_int_equal(spdk_log_deprecation_register("ut_always", "d", "r", 0, &dep), -EEXIST);
	assert_int_equal(spdk_log_deprecation_register(NULL, "d", "r", 0, &dep), -EINVAL);
	assert_int_equal(spdk_log_deprecation_register("t", NULL, "r", 0, &dep), -EINVAL);
	assert_int_equal(spdk_log_deprecation_register("t", "d", NULL, 0, &dep), -EINVAL);
	assert_int_equal(spdk_log_deprecation_register("t", "d", "r", 0, NULL), -EINVAL);
	fail_alloc_after(0);
	assert_int_equal(spdk_log_deprecation_register("t", "d", "r", 0, &dep), -ENOMEM);
	fail_alloc_after(-1);
	assert_null(dep);
	assert_null(spdk_log_deprecation_find_by_tag("t"));
}

static void
test_always(void **state)
{
	int i;

	for (i = 1; i <= 3; i++) {
		SPDK_LOG_DEPRECATED(ut_always);
		assert_non_null(
		        strstr(log_taken(), "*WARNING*: ut_always: the old way is deprecated"));
		assert_int_equal(spdk_deprecation_get_hits(deprecation_ut_always), i);
	}
}

static void
test_rate(void **state)
{
	SPDK_LOG_DEPRECATED(ut_daily);
	assert_non_null(strstr(log_taken(), "ut_daily: the other way is deprecated"));
	SPDK_LOG_DEPRECATED(ut_daily);
	g_now_ns += 86400ull * 1000000000 - 1;
	SPDK_LOG_DEPRECATED(ut_daily);
	assert_string_equal(log_taken(), "");
	g_now_ns++;
	SPDK_LOG_DEPRECATED(ut_daily);
	assert_non_null(
	        strstr(log_taken(), "ut_daily: used 2 more times since the last warning\n"));
	assert_int_equal(spdk_deprecation_get_hits(deprecation_ut_daily), 4);
	spdk_log_deprecated(NULL, "f.c", 1, "fn");
	assert_non_null(strstr(log_taken(), "fn() uses a deprecation that was never registered"));
}

static int
count_until(void *ctx, struct spdk_deprecation *deprecation)
{
	int *left = ctx;

	return --*left == 0 ? -ECANCELED : 0;
}

static void
test_for_each(void **state)
{
	int left = 3;

	assert_int_equal(spdk_log_for_each_deprecation(&left, count_until), 0);
	assert_int_equal(left, 1); /* two of them */
	left = 1;
	assert_int_equal(spdk_log_for_each_deprecation(&left, count_until), -ECANCELED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_registered, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_register_errors, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_always, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_rate, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_for_each, log_setup, log_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
