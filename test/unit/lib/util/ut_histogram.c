/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/histogram_data.h: which bucket counts which value, at every border. */

#include "spdk/histogram_data.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

struct walk {
	uint64_t end, sum, num, hit_start, hit_end, total;
};

static void
walk_bucket(void *ctx, uint64_t start, uint64_t end, uint64_t count, uint64_t total,
            uint64_t so_far)
{
	struct walk *w = ctx;

	/* Buckets leave no gap, and none is empty of values. */
	assert_true(w->num == 0 || start == w->end);
	assert_true(start < end);
	w->sum += count;
	assert_int_equal(so_far, w->sum);
	if (count > 0) {
		w->hit_start = start;
		w->hit_end = end;
	}
	w->end = end;
	w->total = total;
	w->num++;
}

/* Every power of two, and its neighbours, in coarse and fine histograms: the bucket holds it and is
 * at most value / 2^granularity wide. */
static void
test_borders(void **state)
{
	static const uint32_t granularities[] = { 1, 4, 7, 10 };
	struct spdk_histogram_data *h;
	struct walk w;
	uint64_t value;
	int bit, delta;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(granularities); i++) {
		h = spdk_histogram_data_alloc_sized(granularities[i]);
		for (bit = 0; bit < 64; bit += 3) {
			for (delta = -1; delta <= 1; delta++) {
				value = (1ull << bit) + (uint64_t)(int64_t)delta;
				spdk_histogram_data_reset(h);
				spdk_histogram_data_tally(h, value);
				memset(&w, 0, sizeof(w));
				spdk_histogram_data_iterate(h, walk_bucket, &w);
				assert_int_equal(w.total, 1);
				assert_true(w.hit_start <= value && value < w.hit_end);
				assert_true(w.hit_end - w.hit_start <=
				            spdk_max(1, w.hit_start >> granularities[i]));
			}
		}
		assert_int_equal(w.end, UINT64_MAX);
		assert_int_equal(w.num, (65ull - granularities[i]) << granularities[i]);
		spdk_histogram_data_free(h);
	}
}

static void
test_extremes(void **state)
{
	struct spdk_histogram_data *h = spdk_histogram_data_alloc();
	uint64_t last = SPDK_HISTOGRAM_NUM_BUCKETS(h) - 1;

	assert_int_equal(SPDK_HISTOGRAM_NUM_BUCKETS(h), 58 * 128);
	spdk_histogram_data_tally(h, 0);
	spdk_histogram_data_tally(h, UINT64_MAX);
	assert_int_equal(h->bucket[0], 1);
	assert_int_equal(h->bucket[last], 1);
	assert_int_equal(__spdk_histogram_get_count(h, 57, 127), 1);
	assert_int_equal(__spdk_histogram_get_count(h, 57, 126), 0);
	spdk_histogram_data_free(h);
	spdk_histogram_data_free(NULL);
	/* The number of buckets would be 2^64. */
	assert_null(spdk_histogram_data_alloc_sized(63));
	assert_null(spdk_histogram_data_alloc_sized(0));
}

/* A histogram of some ranges only: what is outside counts at the ends. */
static void
test_sized(void **state)
{
	struct spdk_histogram_data *h = spdk_histogram_data_alloc_sized_ext(7, 1000, 100000);
	struct walk w = { 0 };

	assert_int_equal(h->min_range, 3);  /* 512 to 1023 */
	assert_int_equal(h->max_range, 10); /* 65536 to 131071 */
	assert_int_equal(SPDK_HISTOGRAM_NUM_BUCKETS(h), 8 * 128);
	spdk_histogram_data_tally(h, 511);
	spdk_histogram_data_tally(h, 512);
	spdk_histogram_data_tally(h, 131071);
	spdk_histogram_data_tally(h, 131072);
	assert_int_equal(h->bucket[0], 2);
	assert_int_equal(h->bucket[8 * 128 - 1], 2);
	spdk_histogram_data_iterate(h, walk_bucket, &w);
	assert_int_equal(w.end, 131072);
	assert_int_equal(w.total, 4);
	spdk_histogram_data_free(h);
	assert_null(spdk_histogram_data_alloc_sized_ext(7, 2, 1));
	assert_null(spdk_histogram_data_alloc_sized(0));
	assert_null(spdk_histogram_data_alloc_sized(64));
}

static void
test_merge(void **state)
{
	struct spdk_histogram_data *a = spdk_histogram_data_alloc();
	struct spdk_histogram_data *b = spdk_histogram_data_alloc();
	struct spdk_histogram_data *c = spdk_histogram_data_alloc_sized(6);
	struct spdk_histogram_data *d = spdk_histogram_data_alloc_sized_ext(7, 1, 100000);

	spdk_histogram_data_tally(a, 5);
	spdk_histogram_data_tally(b, 5);
	spdk_histogram_data_tally(b, 6);
	assert_int_equal(spdk_histogram_data_merge(a, b), 0);
	assert_int_equal(a->bucket[5], 2);
	assert_int_equal(a->bucket[6], 1);
	assert_int_equal(b->bucket[5], 1);
	assert_int_equal(spdk_histogram_data_merge(a, c), -EINVAL);
	assert_int_equal(spdk_histogram_data_merge(a, d), -EINVAL);
	spdk_histogram_data_free(a);
	spdk_histogram_data_free(b);
	spdk_histogram_data_free(c);
	spdk_histogram_data_free(d);
}

static void
test_user_borders(void **state)
{
	uint64_t borders[] = { 10, 100, 1024 };
	static const uint64_t values[] = { 0, 9, 10, 99, 100, 101, 1023, 1024, UINT64_MAX };
	static const uint64_t want[] = { 2, 2, 3, 2 };
	struct spdk_histogram_data *h = spdk_histogram_data_alloc();
	struct spdk_histogram_borders *ctx;
	size_t i;

	ctx = spdk_histogram_get_borders_count_alloc_ctx(borders, SPDK_COUNTOF(borders));
	for (i = 0; i < SPDK_COUNTOF(values); i++) {
		spdk_histogram_data_tally(h, values[i]);
	}
	spdk_histogram_get_borders_count(h, ctx);
	for (i = 0; i < SPDK_COUNTOF(want); i++) {
		assert_int_equal(ctx->border_count[i], want[i]);
	}
	spdk_histogram_get_borders_count_free_ctx(ctx);
	spdk_histogram_data_free(h);
}

static void
test_no_memory(void **state)
{
	uint64_t border = 1;
	int n;

	for (n = 0; n < 2; n++) {
		fail_alloc_after(n);
		assert_null(spdk_histogram_data_alloc());
		assert_true(fail_alloc_happened());
	}
	fail_alloc_after(0);
	assert_null(spdk_histogram_get_borders_count_alloc_ctx(&border, 1));
	fail_alloc_after(-1);
	assert_int_equal(fail_alloc_held(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_borders),      cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_sized),        cmocka_unit_test(test_merge),
		cmocka_unit_test(test_user_borders), cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
