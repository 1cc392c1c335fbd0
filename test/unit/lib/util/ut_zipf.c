/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/zipf.h: the shares of the first numbers against the exact ones, borders, huge ranges. */

#include "spdk/zipf.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <math.h>
#include <setjmp.h>
#include <cmocka.h>

#define DRAWS 200000

static const struct {
	uint64_t range;
	double theta;
} g_cases[] = {
	{ 10, 0.5 }, { 1000, 0.9 }, { 100000, 0.99 }, { 5000, 1.2 }, { 3000, 0.0 },
};

/* The first two are drawn with exactly their share; the rest follows the curve roughly. */
static void
test_shares(void **state)
{
	struct spdk_zipf *zipf;
	double sum, share;
	uint64_t n, j, v, first, second;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_cases); i++) {
		zipf = spdk_zipf_create(g_cases[i].range, g_cases[i].theta, 42);
		assert_non_null(zipf);
		sum = 0;
		for (j = 1; j <= g_cases[i].range; j++) {
			sum += pow((double)j, -g_cases[i].theta);
		}
		first = second = 0;
		for (n = 0; n < DRAWS; n++) {
			v = spdk_zipf_generate(zipf);
			assert_true(v < g_cases[i].range);
			first += v == 0;
			second += v == 1;
		}
		/* Within five standard deviations. */
		share = 1 / sum;
		assert_true(fabs((double)first - share * DRAWS) < 5 * sqrt(share * DRAWS) + 1);
		share = pow(2, -g_cases[i].theta) / sum;
		assert_true(fabs((double)second - share * DRAWS) < 5 * sqrt(share * DRAWS) + 1);
		spdk_zipf_free(&zipf);
		assert_null(zipf);
	}
}

static void
test_borders(void **state)
{
	static const uint64_t ranges[] = { 1, 2, 3, 1ull << 32, UINT64_MAX };
	struct spdk_zipf *zipf, *same;
	uint64_t v;
	size_t i;
	int n;

	for (i = 0; i < SPDK_COUNTOF(ranges); i++) {
		zipf = spdk_zipf_create(ranges[i], 0.8, 0);
		same = spdk_zipf_create(ranges[i], 0.8, 0);
		for (n = 0; n < 1000; n++) {
			v = spdk_zipf_generate(zipf);
			assert_true(v < ranges[i]);
			assert_int_equal(v, spdk_zipf_generate(same)); /* the seed decides */
		}
		spdk_zipf_free(&zipf);
		spdk_zipf_free(&same);
	}
	assert_null(spdk_zipf_create(0, 0.5, 1));
	assert_null(spdk_zipf_create(10, 1, 1));
	assert_null(spdk_zipf_create(10, -0.1, 1));
	assert_null(spdk_zipf_create(10, NAN, 1));
	assert_null(spdk_zipf_create(10, INFINITY, 1));
	fail_alloc_after(0);
	assert_null(spdk_zipf_create(10, 0.5, 1));
	fail_alloc_after(-1);
	assert_int_equal(fail_alloc_held(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_borders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
