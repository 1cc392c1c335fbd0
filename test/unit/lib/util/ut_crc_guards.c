/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/crc16.h and spdk/crc64.h: the published check values, a division bit by bit as the model,
 * and going on from any split. */

#include "spdk/crc16.h"
#include "spdk/crc64.h"
#include "spdk/util.h"

#include <setjmp.h>
#include <cmocka.h>

#define BYTES 100

static uint8_t g_data[BYTES];

static uint16_t
model_crc16(uint16_t crc, const uint8_t *buf, size_t len)
{
	int bit;

	for (; len > 0; len--) {
		crc ^= (uint16_t)(*buf++ << 8);
		for (bit = 0; bit < 8; bit++) {
			crc = (uint16_t)(crc << 1 ^
			                 (crc & 0x8000 ? SPDK_T10DIF_CRC16_POLYNOMIAL : 0));
		}
	}
	return crc;
}

static uint64_t
model_crc64(const uint8_t *buf, size_t len)
{
	uint64_t crc = UINT64_MAX;
	int bit;

	for (; len > 0; len--) {
		crc ^= *buf++;
		for (bit = 0; bit < 8; bit++) {
			crc = crc >> 1 ^ (crc & 1 ? 0x9a6c9329ac4bc9b5ull : 0);
		}
	}
	return ~crc;
}

static void
test_check_values(void **state)
{
	static const uint8_t zeros[4096];

	assert_int_equal(spdk_crc16_t10dif(0, "123456789", 9), 0xd0db);
	assert_int_equal(spdk_crc64_nvme("123456789", 9, 0), 0xae8b14860a799888ull);
	/* NVM Command Set Specification, the table of 64-bit CRC test cases. */
	assert_int_equal(spdk_crc64_nvme(zeros, sizeof(zeros), 0), 0x6482d367eb22b64eull);
}

static void
test_splits(void **state)
{
	uint8_t copy[BYTES];
	size_t len, at;
	uint16_t crc16;
	uint64_t crc64;

	for (len = 0; len <= BYTES; len++) {
		crc16 = model_crc16(0x1234, g_data, len);
		crc64 = model_crc64(g_data, len);
		for (at = 0; at <= len; at += 7) {
			assert_int_equal(spdk_crc16_t10dif(spdk_crc16_t10dif(0x1234, g_data, at),
			                                   g_data + at, len - at),
			                 crc16);
			assert_int_equal(spdk_crc64_nvme(g_data + at, len - at,
			                                 spdk_crc64_nvme(g_data, at, 0)),
			                 crc64);
		}
		memset(copy, 0, sizeof(copy));
		assert_int_equal(spdk_crc16_t10dif_copy(0x1234, copy, g_data, len), crc16);
		assert_memory_equal(copy, g_data, len);
		assert_true(len == BYTES || copy[len] == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_values),
		cmocka_unit_test(test_splits),
	};
	size_t i;

	for (i = 0; i < BYTES; i++) {
		g_data[i] = (uint8_t)(i * 167 + 91);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
