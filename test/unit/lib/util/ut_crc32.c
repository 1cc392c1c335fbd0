/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/crc32.h against published check values: RFC 3720 B.4 for CRC-32C, the usual "123456789",
 * and the table of the NVM Command Set specification for its 32-bit guard.
 */

#include "spdk/crc32.h"
#include "spdk/util.h"

#include <setjmp.h>
#include <cmocka.h>

enum pattern {
	ZEROS,
	ONES,
	UP,
	DOWN,
	DIGITS
};

static const struct {
	enum pattern pattern;
	size_t len;
	uint32_t ieee, castagnoli; /* 0: not checked */
} g_cases[] = {
	{ DIGITS, 9, 0xcbf43926, 0xe3069283 }, { ZEROS, 32, 0x190a55ad, 0x8a9136aa },
	{ ONES, 32, 0, 0x62a8ab43 },           { UP, 32, 0, 0x46dd794e },
	{ DOWN, 32, 0, 0x113fdb5c },           { ZEROS, 4096, 0, 0x98f94189 },
	{ ONES, 4096, 0, 0x25c1fe13 },         { UP, 4096, 0, 0x9c71fe32 },
	{ DOWN, 4096, 0, 0x214941a8 },         { ZEROS, 0, 0, 0 },
};

static void
fill(uint8_t *buf, size_t len, enum pattern pattern)
{
	size_t i;

	for (i = 0; i < len; i++) {
		switch (pattern) {
		case ZEROS:
			buf[i] = 0;
			break;
		case ONES:
			buf[i] = 0xff;
			break;
		case UP:
			buf[i] = (uint8_t)i;
			break;
		case DOWN:
			buf[i] = (uint8_t)(len - 1 - i);
			break;
		case DIGITS:
			buf[i] = (uint8_t)('1' + i);
			break;
		}
	}
}

static void
test_published(void **state)
{
	uint8_t buf[4096];
	uint32_t crc;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_cases); i++) {
		fill(buf, g_cases[i].len, g_cases[i].pattern);
		crc = ~spdk_crc32c_update(buf, g_cases[i].len, ~0u);
		assert_int_equal(crc, g_cases[i].castagnoli);
		assert_int_equal(spdk_crc32c_nvme(buf, g_cases[i].len, 0), g_cases[i].castagnoli);
		crc = ~spdk_crc32_ieee_update(buf, g_cases[i].len, ~0u);
		if (g_cases[i].ieee != 0) {
			assert_int_equal(crc, g_cases[i].ieee);
		}
	}
}

/* In two parts, at every border: the same. */
static void
test_split(void **state)
{
	uint8_t buf[100];
	struct iovec iov[4];
	uint32_t whole, ieee;
	size_t i;

	fill(buf, sizeof(buf), UP);
	whole = spdk_crc32c_update(buf, sizeof(buf), ~0u);
	ieee = spdk_crc32_ieee_update(buf, sizeof(buf), ~0u);
	for (i = 0; i <= sizeof(buf); i++) {
		assert_int_equal(
		        spdk_crc32c_update(buf + i, 100 - i, spdk_crc32c_update(buf, i, ~0u)),
		        whole);
		assert_int_equal(spdk_crc32_ieee_update(buf + i, 100 - i,
		                                        spdk_crc32_ieee_update(buf, i, ~0u)),
		                 ieee);
		assert_int_equal(spdk_crc32c_nvme(buf + i, 100 - i, spdk_crc32c_nvme(buf, i, 0)),
		                 ~whole);
		iov[0] = (struct iovec){ buf, i };
		iov[1] = (struct iovec){ NULL, 0 };
		iov[2] = (struct iovec){ buf + i, 100 - i };
		iov[3] = (struct iovec){ buf, 0 };
		assert_int_equal(spdk_crc32c_iov_update(iov, 4, ~0u), whole);
	}
	assert_int_equal(spdk_crc32c_iov_update(NULL, 3, 17), 17);
	assert_int_equal(spdk_crc32c_iov_update(iov, 0, 17), 17);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
