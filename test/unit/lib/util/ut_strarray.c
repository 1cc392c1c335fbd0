/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/string.h: arrays of strings, also when memory runs out at any point. */

#include "spdk/string.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct {
	const char *in, *delim;
	const char *out[5];
} g_cases[] = {
	{ "a,b,c", ",", { "a", "b", "c" } },
	{ "one", ",", { "one" } },
	{ "", ",", { "" } },
	{ ",", ",", { "", "" } },
	{ "a,,b", ",", { "a", "", "b" } },
	{ "a,b;c", ",;", { "a", "b", "c" } },
	{ "a,b", "", { "a,b" } },
	{ ",a,", ",", { "", "a", "" } },
};

static void
expect_equal(char **array, const char *const *want)
{
	size_t i;

	assert_non_null(array);
	for (i = 0; want[i] != NULL; i++) {
		assert_non_null(array[i]);
		assert_string_equal(array[i], want[i]);
	}
	assert_null(array[i]);
}

static void
test_split(void **state)
{
	char **array, **dup;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_cases); i++) {
		array = spdk_strarray_from_string(g_cases[i].in, g_cases[i].delim);
		expect_equal(array, g_cases[i].out);
		dup = spdk_strarray_dup((const char **)array);
		expect_equal(dup, g_cases[i].out);
		assert_ptr_not_equal(dup[0], array[0]);
		spdk_strarray_free(array);
		spdk_strarray_free(dup);
	}
	spdk_strarray_free(NULL);
	assert_int_equal(fail_alloc_held(), 0);
}

static void
test_no_memory(void **state)
{
	const char *in[] = { "a", "b", "c", NULL };
	int n;

	for (n = 0; n < 4; n++) {
		fail_alloc_after(n);
		assert_null(spdk_strarray_from_string("a,b,c", ","));
		assert_true(fail_alloc_happened());
		fail_alloc_after(n);
		assert_null(spdk_strarray_dup(in));
		assert_true(fail_alloc_happened());
		assert_int_equal(fail_alloc_held(), 0);
	}
	fail_alloc_after(-1);
}

static void
test_empty_dup(void **state)
{
	const char *none[] = { NULL };
	char **array = spdk_strarray_dup(none);

	assert_non_null(array);
	assert_null(array[0]);
	spdk_strarray_free(array);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_empty_dup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
