/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Log flags: those of the tree and those registered from outside, walked as one sorted list. The
 * tree's table is the real one, so the tests speak only of their own flags' places in it.
 */

#include "ut_log.h"

/* Before main(), as outside modules do. */
SPDK_LOG_REGISTER_COMPONENT(ut_beta)
SPDK_LOG_REGISTER_COMPONENT(ut_alpha)
SPDK_LOG_REGISTER_COMPONENT(zz_last)

static void
test_order(void **state)
{
	struct spdk_log_flag *flag, *prev = NULL;
	int own = 0;

	for (flag = spdk_log_get_first_flag(); flag != NULL; flag = spdk_log_get_next_flag(flag)) {
		assert_true(prev == NULL || strcmp(prev->name, flag->name) < 0);
		own += flag == &SPDK_LOG_ut_alpha || flag == &SPDK_LOG_ut_beta ||
		       flag == &SPDK_LOG_zz_last;
		prev = flag;
	}
	assert_int_equal(own, 3);
	assert_ptr_equal(prev, &SPDK_LOG_zz_last);
}

static const struct {
	const char *pattern;
	int rc;
	bool alpha, beta;
} g_switch_cases[] = {
	{ "ut_alpha", 0, true, false },
	{ "UT_Beta", 0, false, true },
	{ "ut_*", 0, true, true },
	{ "all", 0, true, true },
	{ "ALL", 0, true, true },
	{ "ut_alph", -EINVAL, false, false },
	{ "ut_alphax", -EINVAL, false, false },
	{ "", -EINVAL, false, false },
	{ "nothing*", -EINVAL, false, false },
};

static void
test_switch(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(g_switch_cases) / sizeof(g_switch_cases[0]); i++) {
		assert_int_equal(spdk_log_set_flag(g_switch_cases[i].pattern),
		                 g_switch_cases[i].rc);
		assert_int_equal(spdk_log_get_flag("ut_alpha"), g_switch_cases[i].alpha);
		assert_int_equal(spdk_log_get_flag("UT_BETA"), g_switch_cases[i].beta);
		assert_int_equal(spdk_log_clear_flag(g_switch_cases[i].pattern),
		                 g_switch_cases[i].rc);
		assert_false(SPDK_LOG_ut_alpha.enabled);
		assert_false(SPDK_LOG_ut_beta.enabled);
	}
	assert_false(spdk_log_get_flag("no_such_flag"));
}

static void
test_infolog(void **state)
{
	spdk_log_set_print_level(SPDK_LOG_INFO);
	SPDK_INFOLOG(ut_alpha, "hidden\n");
	assert_string_equal(log_taken(), "");
	assert_int_equal(spdk_log_set_flag("ut_alpha"), 0);
	SPDK_INFOLOG(ut_alpha, "shown\n");
	assert_non_null(strstr(log_taken(), "test_infolog: *INFO*: shown\n"));
	assert_int_equal(spdk_log_clear_flag("ut_alpha"), 0);
}

/* A second flag of a name, or one without: said, and left out. */
static void
test_bad_register(void **state)
{
	static struct spdk_log_flag flag;

	spdk_log_register_flag("ut_alpha", &flag);
	assert_non_null(strstr(log_taken(), "'ut_alpha' exists already"));
	spdk_log_register_flag("", &flag);
	spdk_log_register_flag(NULL, &flag);
	spdk_log_register_flag("x", NULL);
	assert_non_null(strstr(log_taken(), "without a name"));
	assert_int_equal(spdk_log_set_flag("all"), 0);
	assert_false(flag.enabled);
	assert_int_equal(spdk_log_clear_flag("all"), 0);
}

static void
test_usage(void **state)
{
	const char *text, *alpha, *beta;

	spdk_log_usage(stderr, "-L");
	text = log_taken();
	assert_int_equal(strncmp(text, " -L, --logflag <flag> ", 22), 0);
	alpha = strstr(text, ", ut_alpha");
	beta = strstr(text, ", ut_beta");
	assert_true(alpha != NULL && beta != NULL && alpha < beta);
	assert_string_equal(text + strlen(text) - strlen(", zz_last\n"), ", zz_last\n");
}

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* The names of before v18.10 do the same. */
static void
test_removed(void **state)
{
	char *text = NULL, *want = NULL;
	size_t size;
	FILE *f;

	assert_int_equal(spdk_log_set_trace_flag("no such"), -EINVAL);
	assert_int_equal(spdk_log_set_trace_flag("all"), 0);
	assert_true(spdk_log_get_flag(spdk_log_get_first_flag()->name));
	assert_true(spdk_log_get_trace_flag(spdk_log_get_first_flag()->name));
	assert_int_equal(spdk_log_clear_trace_flag("no such"), -EINVAL);
	assert_int_equal(spdk_log_clear_trace_flag("all"), 0);
	assert_false(spdk_log_get_flag(spdk_log_get_first_flag()->name));
	assert_false(spdk_log_get_trace_flag(spdk_log_get_first_flag()->name));
	f = open_memstream(&text, &size);
	spdk_tracelog_usage(f, "-L");
	spdk_trace_dump(f, "label", "abc", 3);
	fclose(f);
	f = open_memstream(&want, &size);
	spdk_log_usage(f, "-L");
	spdk_log_dump(f, "label", "abc", 3);
	fclose(f);
	assert_true(strlen(want) > 20);
	assert_string_equal(text, want);
	(free)(text);
	(free)(want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_switch, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_infolog, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_bad_register, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_usage, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_removed, log_setup, log_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
