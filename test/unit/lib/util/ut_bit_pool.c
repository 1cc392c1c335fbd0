/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/bit_pool.h against an array of bools under random calls; masks, resizing, no memory. */

#include "spdk/bit_array.h"
#include "spdk/bit_pool.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

#define BITS 130

static void
expect_model(const struct spdk_bit_pool *pool, const bool *model, uint32_t num)
{
	uint32_t i, taken = 0;

	for (i = 0; i < num; i++) {
		assert_int_equal(spdk_bit_pool_is_allocated(pool, i), model[i]);
		taken += model[i];
	}
	assert_false(spdk_bit_pool_is_allocated(pool, num));
	assert_int_equal(spdk_bit_pool_capacity(pool), num);
	assert_int_equal(spdk_bit_pool_count_allocated(pool), taken);
	assert_int_equal(spdk_bit_pool_count_free(pool), num - taken);
}

static uint32_t
model_lowest(const bool *model)
{
	uint32_t i;

	for (i = 0; i < BITS && model[i]; i++) {
	}
	return i < BITS ? i : UINT32_MAX;
}

static void
test_model(void **state)
{
	struct spdk_bit_pool *pool = spdk_bit_pool_create(BITS);
	bool model[BITS] = { false };
	uint32_t step, bit, want;
	uint64_t rnd = 7;

	for (step = 0; step < 5000; step++) {
		rnd = rnd * 6364136223846793005ull + 1442695040888963407ull;
		bit = (uint32_t)(rnd >> 33) % (BITS + 1);
		if (rnd >> 62 <= 1) {
			want = model_lowest(model);
			assert_int_equal(spdk_bit_pool_allocate_bit(pool), want);
			bit = want == UINT32_MAX ? BITS : want;
		} else if (rnd >> 62 == 2) {
			want = bit == BITS || model[bit];
			assert_int_equal(spdk_bit_pool_set_bit_allocated(pool, bit),
			                 want ? -EINVAL : 0);
		} else {
			spdk_bit_pool_free_bit(pool, bit);
		}
		if (bit < BITS) {
			model[bit] = rnd >> 62 != 3;
		}
		expect_model(pool, model, BITS);
	}
	spdk_bit_pool_free(&pool);
	assert_null(pool);
	spdk_bit_pool_free(&pool);
	spdk_bit_pool_free(NULL);
}

static void
test_masks(void **state)
{
	struct spdk_bit_pool *pool = spdk_bit_pool_create(BITS);
	bool model[2 * BITS] = { [3] = true, [129] = true };
	uint8_t mask[(BITS + 7) / 8] = { 1 << 3 }, back[sizeof(mask)];

	mask[16] = 1 << 1;
	spdk_bit_pool_load_mask(pool, mask);
	expect_model(pool, model, BITS);
	spdk_bit_pool_store_mask(pool, back);
	assert_memory_equal(back, mask, sizeof(mask));
	assert_int_equal(spdk_bit_pool_resize(&pool, 2 * BITS), 0);
	expect_model(pool, model, 2 * BITS);
	assert_int_equal(spdk_bit_pool_resize(&pool, 3), 0);
	memset(model, 0, sizeof(model));
	expect_model(pool, model, 3);
	assert_int_equal(spdk_bit_pool_allocate_bit(pool), 0);
	spdk_bit_pool_free_all_bits(pool);
	expect_model(pool, model, 3);
	assert_int_equal(spdk_bit_pool_allocate_bit(pool), 0);
	assert_int_equal(spdk_bit_pool_resize(&pool, UINT32_MAX), -EINVAL);
	assert_int_equal(spdk_bit_pool_resize(NULL, 1), -EINVAL);
	assert_int_equal(spdk_bit_pool_capacity(pool), 3);
	spdk_bit_pool_free(&pool);
}

static void
test_from_array(void **state)
{
	struct spdk_bit_array *array = spdk_bit_array_create(4);
	struct spdk_bit_pool *pool;

	spdk_bit_array_set(array, 0);
	spdk_bit_array_set(array, 2);
	fail_alloc_after(0);
	assert_null(spdk_bit_pool_create_from_array(array));
	fail_alloc_after(-1);
	pool = spdk_bit_pool_create_from_array(array);
	assert_int_equal(spdk_bit_pool_count_free(pool), 2);
	assert_int_equal(spdk_bit_pool_allocate_bit(pool), 1);
	assert_int_equal(spdk_bit_pool_allocate_bit(pool), 3);
	assert_int_equal(spdk_bit_pool_allocate_bit(pool), UINT32_MAX);
	spdk_bit_pool_free(&pool);
}

static void
test_no_memory(void **state)
{
	struct spdk_bit_pool *pool;
	int nth;

	for (nth = 1; nth <= 2; nth++) {
		fail_alloc_after(nth - 1);
		assert_null(spdk_bit_pool_create(8));
	}
	fail_alloc_after(-1);
	pool = spdk_bit_pool_create(8);
	fail_alloc_after(0);
	assert_int_equal(spdk_bit_pool_resize(&pool, 1u << 20), -ENOMEM);
	fail_alloc_after(-1);
	assert_int_equal(spdk_bit_pool_capacity(pool), 8);
	assert_null(spdk_bit_pool_create(UINT32_MAX));
	spdk_bit_pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_from_array),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
