/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/util.h and spdk/endian.h: the small functions and macros, at their borders. */

#include "spdk/util.h"
#include "spdk/endian.h"
#include "spdk_internal/machine_hooks.h"
#include "spdk_internal/system_state.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct {
	uint64_t x, log2, pow2;
	bool is_pow2;
} g_cases[] = {
	{ 0, 0, 0, false },
	{ 1, 0, 1, true },
	{ 2, 1, 2, true },
	{ 3, 1, 4, false },
	{ 4, 2, 4, true },
	{ 5, 2, 8, false },
	{ 0x7fffffff, 30, 0x80000000, false },
	{ 0x80000000, 31, 0x80000000, true },
	{ 0x80000001, 31, 0x100000000, false },
	{ 0xffffffff, 31, 0x100000000, false },
	{ 0x100000000, 32, 0x100000000, true },
	{ 1ull << 63, 63, 1ull << 63, true },
	{ (1ull << 63) + 1, 63, 0, false },
	{ UINT64_MAX, 63, 0, false },
};

static void
test_logs(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_cases); i++) {
		assert_int_equal(spdk_u64log2(g_cases[i].x), g_cases[i].log2);
		assert_int_equal(spdk_align64pow2(g_cases[i].x), g_cases[i].pow2);
		assert_int_equal(spdk_u64_is_pow2(g_cases[i].x), g_cases[i].is_pow2);
		if (g_cases[i].x > UINT32_MAX) {
			continue;
		}
		assert_int_equal(spdk_u32log2((uint32_t)g_cases[i].x), g_cases[i].log2);
		assert_int_equal(spdk_align32pow2((uint32_t)g_cases[i].x),
		                 (uint32_t)g_cases[i].pow2);
		assert_int_equal(spdk_u32_is_pow2((uint32_t)g_cases[i].x), g_cases[i].is_pow2);
	}
}

static void
test_rounding(void **state)
{
	assert_int_equal(spdk_divide_round_up(0, 3), 0);
	assert_int_equal(spdk_divide_round_up(3, 3), 1);
	assert_int_equal(spdk_divide_round_up(4, 3), 2);
	assert_int_equal(spdk_divide_round_up(UINT64_MAX, 2), 1ull << 63);
	assert_int_equal(spdk_round_up(4, 3), 6);
	assert_int_equal(SPDK_CEIL_DIV(7, 4), 2);
	assert_int_equal(SPDK_CEIL_DIV(8, 4), 2);
	assert_int_equal(SPDK_ALIGN_CEIL(4097u, 4096u), 8192);
	assert_int_equal(SPDK_ALIGN_FLOOR(4097u, 4096u), 4096);
	assert_int_equal(SPDK_ALIGN_CEIL((uint64_t)1 << 40, 512), (uint64_t)1 << 40);
	assert_int_equal(SPDK_BIT(35), 1ull << 35);
}

static const struct {
	uint32_t a, b;
	bool lt, gt;
} g_serial_cases[] = {
	{ 0, 0, false, false },          { 0, 1, true, false },
	{ 1, 0, false, true },           { UINT32_MAX, 0, true, false },
	{ 0, UINT32_MAX, false, true },  { 0, 0x7fffffff, true, false },
	{ 0, 0x80000000, false, false }, { 0, 0x80000001, false, true },
	{ 0x80000000, 0, false, false },
};

static void
test_serial(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_serial_cases); i++) {
		assert_int_equal(spdk_sn32_lt(g_serial_cases[i].a, g_serial_cases[i].b),
		                 g_serial_cases[i].lt);
		assert_int_equal(spdk_sn32_gt(g_serial_cases[i].a, g_serial_cases[i].b),
		                 g_serial_cases[i].gt);
	}
	assert_int_equal(spdk_sn32_add(UINT32_MAX, 2), 1);
	assert_int_equal(spdk_sn32_add(5, 2), 7);
}

struct sized {
	size_t size;
	uint32_t a;
	uint64_t b;
};

static void
test_fields(void **state)
{
	struct sized s = { .size = offsetof(struct sized, b), .a = 5, .b = 6 };

	assert_true(SPDK_FIELD_VALID(&s, a));
	assert_false(SPDK_FIELD_VALID(&s, b));
	assert_true(SPDK_FIELD_VALID(&s, b, sizeof(s)));
	assert_int_equal(SPDK_GET_FIELD(&s, a, 9u), 5);
	assert_int_equal(SPDK_GET_FIELD(&s, b, 9u), 9);
	s.size = sizeof(s);
	assert_int_equal(SPDK_GET_FIELD(&s, b, 9u), 6);
	assert_int_equal(SPDK_SIZEOF(&s, a), offsetof(struct sized, a) + 4);
	assert_int_equal(SPDK_SIZEOF_MEMBER(struct sized, b), 8);
	assert_ptr_equal(SPDK_CONTAINEROF(&s.b, struct sized, b), &s);
}

/* So many bytes behind the first, and no others; all are 0 again. */
static void
check_written(uint8_t *out, const uint8_t *expected, size_t len)
{
	static const uint8_t zeroes[10];

	assert_memory_equal(out, expected, 1 + len);
	assert_memory_equal(out + 1 + len, zeroes, 9 - len);
	memset(out, 0, 10);
}

static void
test_endian(void **state)
{
	uint8_t b[9] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 }, out[10] = { 0 };

	assert_int_equal(from_be16(b + 1), 0x0102);
	assert_int_equal(from_le16(b + 1), 0x0201);
	assert_int_equal(from_be32(b + 1), 0x01020304);
	assert_int_equal(from_le32(b + 1), 0x04030201);
	assert_int_equal(from_be64(b + 1), 0x0102030405060708);
	assert_int_equal(from_le64(b + 1), 0x0807060504030201);
	to_be64(out + 1, 0x0102030405060708);
	check_written(out, b, 8);
	to_le64(out + 1, 0x0807060504030201);
	check_written(out, b, 8);
	to_be32(out + 1, 0x01020304);
	check_written(out, b, 4);
	to_le32(out + 1, 0x04030201);
	check_written(out, b, 4);
	to_be16(out + 1, 0x0102);
	check_written(out, b, 2);
	to_le16(out + 1, 0x0201);
	check_written(out, b, 2);
}

static void
test_seeds(void **state)
{
	uint64_t seeds[64], s;
	size_t i, j;

	/* The clock stands still, the seeds differ all the same. */
	for (i = 0; i < SPDK_COUNTOF(seeds); i++) {
		seeds[i] = spdk_rand_xorshift64_seed();
		assert_int_not_equal(seeds[i], 0);
		for (j = 0; j < i; j++) {
			assert_int_not_equal(seeds[i], seeds[j]);
		}
	}
	s = 1;
	assert_int_equal(spdk_rand_xorshift64(&s), 0x40822041); /* by hand: 1 ^ 1<<13, >>7, <<17 */
}

static void
test_memset_s(void **state)
{
	uint8_t b[4] = { 1, 1, 1, 1 };

	spdk_memset_s(b, 3, 7, 10);
	assert_memory_equal(b, "\7\7\7\1", 4);
	spdk_memset_s(b, 4, 0, 1);
	assert_memory_equal(b, "\0\7\7\1", 4);
}

static void
test_state_section(void **state)
{
	void *base;
	size_t size;

	system_state_get(&base, &size);
	assert_non_null(base);
	assert_in_range(size, 1, 64 * 1024);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logs),     cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_serial),   cmocka_unit_test(test_fields),
		cmocka_unit_test(test_endian),   cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_memset_s), cmocka_unit_test(test_state_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
