/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/cpuset.h: set algebra, both text forms, borders. */

#include "spdk/cpuset.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct {
	const char *text;
	int rc;
	uint32_t count;
	const char *fmt;
} g_parse_cases[] = {
	{ "0x1", 0, 1, "1" },
	{ "1", 0, 1, "1" },
	{ "0XfF", 0, 8, "ff" },
	{ "0", 0, 0, "0" },
	{ "0x000f0", 0, 4, "f0" },
	{ "1,00000000", 0, 1, "100000000" },
	{ "[0]", 0, 1, "1" },
	{ "[0-3,8]", 0, 5, "10f" },
	{ "[ 1 , 3 - 5 ] ", 0, 4, "3a" },
	{ " [5,5,4-6]", 0, 3, "70" },
	{ "[1023]", 0, 1, NULL },
	{ "[0-1023]", 0, 1024, NULL },
	{ "[1024]", -EINVAL, 0, NULL },
	{ "[4294967296]", -EINVAL, 0, NULL },
	{ "[3-1]", -EINVAL, 0, NULL },
	{ "[]", -EINVAL, 0, NULL },
	{ "[1", -EINVAL, 0, NULL },
	{ "[1,]", -EINVAL, 0, NULL },
	{ "[1-]", -EINVAL, 0, NULL },
	{ "[-1]", -EINVAL, 0, NULL },
	{ "[1]x", -EINVAL, 0, NULL },
	{ "[1 2]", -EINVAL, 0, NULL },
	{ "", -EINVAL, 0, NULL },
	{ "0x", -EINVAL, 0, NULL },
	{ ",", -EINVAL, 0, NULL },
	{ "0xg", -EINVAL, 0, NULL },
	{ "1 ", -EINVAL, 0, NULL },
};

static void
test_parse(void **state)
{
	struct spdk_cpuset set;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_parse_cases); i++) {
		spdk_cpuset_zero(&set);
		spdk_cpuset_set_cpu(&set, 77, true);
		assert_int_equal(spdk_cpuset_parse(&set, g_parse_cases[i].text),
		                 g_parse_cases[i].rc);
		if (g_parse_cases[i].rc != 0) {
			assert_true(spdk_cpuset_get_cpu(&set, 77)); /* as it was */
			continue;
		}
		assert_int_equal(spdk_cpuset_count(&set), g_parse_cases[i].count);
		if (g_parse_cases[i].fmt != NULL) {
			assert_string_equal(spdk_cpuset_fmt(&set), g_parse_cases[i].fmt);
		}
	}
	assert_int_equal(spdk_cpuset_parse(NULL, "1"), -EINVAL);
	assert_int_equal(spdk_cpuset_parse(&set, NULL), -EINVAL);
}

/* The longest mask, one digit more, and leading zeros. */
static void
test_mask_length(void **state)
{
	struct spdk_cpuset set, again;
	char text[300];
	size_t i;

	memset(text, 'f', sizeof(text));
	text[256] = '\0';
	assert_int_equal(spdk_cpuset_parse(&set, text), 0);
	assert_int_equal(spdk_cpuset_count(&set), SPDK_CPUSET_SIZE);
	assert_string_equal(spdk_cpuset_fmt(&set), text);
	text[256] = 'f';
	text[257] = '\0';
	assert_int_equal(spdk_cpuset_parse(&set, text), -EINVAL);
	text[0] = '0';
	assert_int_equal(spdk_cpuset_parse(&set, text), 0);
	assert_int_equal(spdk_cpuset_count(&set), SPDK_CPUSET_SIZE);
	for (i = 0; i < SPDK_CPUSET_SIZE; i++) {
		spdk_cpuset_zero(&set);
		spdk_cpuset_set_cpu(&set, (uint32_t)i, true);
		assert_int_equal(spdk_cpuset_parse(&again, spdk_cpuset_fmt(&set)), 0);
		assert_true(spdk_cpuset_equal(&set, &again));
	}
}

static const struct {
	void (*fn)(struct spdk_cpuset *dst, const struct spdk_cpuset *src);
	const char *result; /* of 0xc and 0xa */
} g_algebra_cases[] = {
	{ spdk_cpuset_and, "8" },
	{ spdk_cpuset_or, "e" },
	{ spdk_cpuset_xor, "6" },
	{ spdk_cpuset_copy, "a" },
};

static void
test_algebra(void **state)
{
	struct spdk_cpuset a, b;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_algebra_cases); i++) {
		spdk_cpuset_parse(&a, "c");
		spdk_cpuset_parse(&b, "a");
		assert_false(spdk_cpuset_equal(&a, &b));
		g_algebra_cases[i].fn(&a, &b);
		assert_string_equal(spdk_cpuset_fmt(&a), g_algebra_cases[i].result);
		assert_string_equal(spdk_cpuset_fmt(&b), "a");
	}
	assert_true(spdk_cpuset_equal(&a, &b));
	spdk_cpuset_negate(&a);
	assert_int_equal(spdk_cpuset_count(&a), SPDK_CPUSET_SIZE - 2);
	spdk_cpuset_zero(&a);
	assert_int_equal(spdk_cpuset_count(&a), 0);
}

static void
sum_up(void *ctx, uint32_t cpu)
{
	*(uint32_t *)ctx = *(uint32_t *)ctx * 2000 + cpu;
}

static void
test_single(void **state)
{
	struct spdk_cpuset *set = spdk_cpuset_alloc();
	uint32_t sum = 0;

	assert_int_equal(spdk_cpuset_count(set), 0);
	spdk_cpuset_set_cpu(set, 1023, true);
	spdk_cpuset_set_cpu(set, 1024, true);
	spdk_cpuset_set_cpu(set, 3, true);
	assert_true(spdk_cpuset_get_cpu(set, 1023));
	assert_false(spdk_cpuset_get_cpu(set, 1024));
	assert_false(spdk_cpuset_get_cpu(set, UINT32_MAX));
	spdk_cpuset_for_each_cpu(set, sum_up, &sum);
	assert_int_equal(sum, 3 * 2000 + 1023);
	spdk_cpuset_set_cpu(set, 1023, false);
	assert_int_equal(spdk_cpuset_count(set), 1);
	spdk_cpuset_free(set);
	spdk_cpuset_free(NULL);
	fail_alloc_after(0);
	assert_null(spdk_cpuset_alloc());
	fail_alloc_after(-1);
	assert_int_equal(fail_alloc_held(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_mask_length),
		cmocka_unit_test(test_algebra),
		cmocka_unit_test(test_single),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
