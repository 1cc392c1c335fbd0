/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/bit_array.h against an array of bools, at the borders of words, and when memory runs out. */

#include "spdk/bit_array.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

#define MODEL_BITS 200

static const uint32_t g_sizes[] = { 0, 1, 63, 64, 65, 127, 128, 129, MODEL_BITS };

static uint32_t
model_find(const bool *model, uint32_t num, uint32_t start, bool want)
{
	for (; start < num; start++) {
		if (model[start] == want) {
			return start;
		}
	}
	return UINT32_MAX;
}

static void
expect_model(const struct spdk_bit_array *ba, const bool *model, uint32_t num)
{
	uint32_t i, set = 0;

	for (i = 0; i < num; i++) {
		assert_int_equal(spdk_bit_array_get(ba, i), model[i]);
		set += model[i];
	}
	for (i = 0; i <= num; i++) {
		assert_int_equal(spdk_bit_array_find_first_set(ba, i),
		                 model_find(model, num, i, true));
		assert_int_equal(spdk_bit_array_find_first_clear(ba, i),
		                 model_find(model, num, i, false));
	}
	assert_int_equal(spdk_bit_array_capacity(ba), num);
	assert_int_equal(spdk_bit_array_count_set(ba), set);
	assert_int_equal(spdk_bit_array_count_clear(ba), num - set);
}

static void
test_model(void **state)
{
	bool model[MODEL_BITS] = { false };
	struct spdk_bit_array *ba;
	uint64_t rnd = 1;
	uint32_t num, bit;
	size_t i, step;

	for (i = 0; i < SPDK_COUNTOF(g_sizes); i++) {
		num = g_sizes[i];
		memset(model, 0, sizeof(model));
		ba = spdk_bit_array_create(num);
		assert_non_null(ba);
		expect_model(ba, model, num);
		for (step = 0; step < num; step++) {
			bit = (uint32_t)(spdk_rand_xorshift64(&rnd) % num);
			model[bit] = (spdk_rand_xorshift64(&rnd) & 3) != 0;
			if (model[bit]) {
				assert_int_equal(spdk_bit_array_set(ba, bit), 0);
			} else {
				spdk_bit_array_clear(ba, bit);
			}
		}
		expect_model(ba, model, num);
		assert_int_equal(spdk_bit_array_set(ba, num), -EINVAL);
		assert_false(spdk_bit_array_get(ba, num));
		spdk_bit_array_clear(ba, num);
		spdk_bit_array_free(&ba);
		assert_null(ba);
	}
	assert_int_equal(fail_alloc_held(), 0);
}

/* All bits set; each size to each other: what is kept stays, what is new is 0. */
static void
test_resize(void **state)
{
	bool model[MODEL_BITS];
	struct spdk_bit_array *ba;
	size_t from, to;
	uint32_t i;

	for (from = 0; from < SPDK_COUNTOF(g_sizes); from++) {
		for (to = 0; to < SPDK_COUNTOF(g_sizes); to++) {
			ba = spdk_bit_array_create(g_sizes[from]);
			for (i = 0; i < g_sizes[from]; i++) {
				spdk_bit_array_set(ba, i);
			}
			assert_int_equal(spdk_bit_array_resize(&ba, g_sizes[to]), 0);
			for (i = 0; i < MODEL_BITS; i++) {
				model[i] = i < g_sizes[from];
			}
			expect_model(ba, model, g_sizes[to]);
			assert_int_equal(spdk_bit_array_resize(&ba, MODEL_BITS), 0);
			for (i = 0; i < MODEL_BITS; i++) {
				model[i] = i < spdk_min(g_sizes[from], g_sizes[to]);
			}
			expect_model(ba, model, MODEL_BITS);
			spdk_bit_array_free(&ba);
		}
	}
}

static void
test_mask(void **state)
{
	uint8_t mask[3] = { 0x01, 0x80, 0xff }, out[4] = { 0x5a, 0x5a, 0x5a, 0x5a };
	struct spdk_bit_array *ba = spdk_bit_array_create(18);

	spdk_bit_array_load_mask(ba, mask);
	assert_int_equal(spdk_bit_array_count_set(ba), 4); /* 0, 15, 16, 17: not 18 to 23 */
	assert_int_equal(spdk_bit_array_find_first_set(ba, 1), 15);
	spdk_bit_array_store_mask(ba, out);
	assert_int_equal(out[0], 0x01);
	assert_int_equal(out[1], 0x80);
	assert_int_equal(out[2], 0x03);
	assert_int_equal(out[3], 0x5a);
	spdk_bit_array_clear_mask(ba);
	assert_int_equal(spdk_bit_array_count_set(ba), 0);
	assert_int_equal(spdk_bit_array_count_clear(ba), 18);
	spdk_bit_array_free(&ba);
}

static void
test_errors(void **state)
{
	struct spdk_bit_array *ba, *same;

	assert_null(spdk_bit_array_create(UINT32_MAX));
	assert_int_equal(spdk_bit_array_resize(NULL, 1), -EINVAL);
	fail_alloc_after(0);
	assert_null(spdk_bit_array_create(1));
	fail_alloc_after(-1);
	ba = same = spdk_bit_array_create(10);
	spdk_bit_array_set(ba, 9);
	fail_alloc_after(0);
	assert_int_equal(spdk_bit_array_resize(&ba, 1000), -ENOMEM);
	fail_alloc_after(-1);
	assert_ptr_equal(ba, same);
	assert_int_equal(spdk_bit_array_capacity(ba), 10);
	assert_true(spdk_bit_array_get(ba, 9));
	spdk_bit_array_free(&ba);
	spdk_bit_array_free(&ba);
	spdk_bit_array_free(NULL);
	assert_int_equal(fail_alloc_held(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_resize),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
