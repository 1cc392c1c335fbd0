/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/xor.h against a byte-wise model: numbers of sources, lengths, alignments, in place. */

#include "spdk/util.h"
#include "spdk/xor.h"

#include <setjmp.h>
#include <cmocka.h>

#define SOURCES 256
#define BYTES 1024

static uint8_t g_src[SOURCES][BYTES + 64] __attribute__((aligned(64)));
static uint8_t g_dest[BYTES + 64] __attribute__((aligned(64)));

static void
expect_xor(uint32_t n, uint32_t len, uint32_t shift, bool in_place)
{
	uint8_t want[BYTES], keep[BYTES];
	void *sources[SOURCES], *dest;
	uint32_t i, at;

	for (i = 0; i < n; i++) {
		sources[i] = &g_src[i][shift];
	}
	for (at = 0; at < len; at++) {
		want[at] = 0;
		for (i = 0; i < n; i++) {
			want[at] ^= g_src[i][shift + at];
		}
	}
	memcpy(keep, &g_src[1][shift], sizeof(keep));
	memset(g_dest, 0xee, sizeof(g_dest));
	dest = in_place ? sources[1] : &g_dest[shift];
	assert_int_equal(spdk_xor_gen(dest, sources, n, len), 0);
	assert_memory_equal(dest, want, len);
	assert_int_equal(((uint8_t *)dest)[len], in_place ? keep[len] : 0xee);
	memcpy(&g_src[1][shift], keep, sizeof(keep));
}

static void
test_model(void **state)
{
	static const uint32_t lens[] = {
		0, 1, 7, 8, 31, 32, 63, 64, 255, 256, 257, 512, BYTES - 1
	};
	static const uint32_t counts[] = { 2, 3, 4, 17, SOURCES };
	static const uint32_t shifts[] = { 0, 32, 1, 8 };
	size_t i, j, k;

	for (i = 0; i < SPDK_COUNTOF(counts); i++) {
		for (j = 0; j < SPDK_COUNTOF(lens); j++) {
			for (k = 0; k < SPDK_COUNTOF(shifts); k++) {
				expect_xor(counts[i], lens[j], shifts[k], false);
				expect_xor(counts[i], lens[j], shifts[k], true);
			}
		}
	}
}

static void
test_wrong(void **state)
{
	void *sources[SOURCES + 1];
	uint32_t i;

	for (i = 0; i <= SOURCES; i++) {
		sources[i] = g_src[0];
	}
	assert_int_equal(spdk_xor_gen(g_dest, sources, 0, 32), -EINVAL);
	assert_int_equal(spdk_xor_gen(g_dest, sources, 1, 32), -EINVAL);
	assert_int_equal(spdk_xor_gen(g_dest, sources, SOURCES + 1, 32), -EINVAL);
	assert_int_equal(spdk_xor_get_optimal_alignment(), 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_wrong),
	};
	size_t i, j;

	for (i = 0; i < SOURCES; i++) {
		for (j = 0; j < sizeof(g_src[i]); j++) {
			g_src[i][j] = (uint8_t)(i * 31 + j * 7 + (i ^ j) / 3);
		}
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
