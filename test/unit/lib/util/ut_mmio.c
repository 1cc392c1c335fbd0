/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/mmio.h: each width reads and writes its own bytes, and none beside them. */

#include "spdk/mmio.h"

#include <setjmp.h>
#include <cmocka.h>

/* The register stands in the middle of 0xa5 bytes. */
static union {
	uint8_t bytes[24];
	uint64_t aligned;
} g_device;
#define REG 8

static const uint8_t g_value[8] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };

static int
setup(void **state)
{
	memset(&g_device, 0xa5, sizeof(g_device));
	return 0;
}

static void
check_written(size_t width)
{
	size_t i;

	for (i = 0; i < sizeof(g_device.bytes); i++) {
		assert_int_equal(g_device.bytes[i],
		                 i >= REG && i < REG + width ? g_value[i - REG] : 0xa5);
	}
}

static void
test_8_bits(void **state)
{
	volatile uint8_t *reg = &g_device.bytes[REG];

	assert_int_equal(spdk_mmio_read_1(reg), 0xa5);
	spdk_mmio_write_1(reg, 0x11);
	check_written(1);
	assert_int_equal(spdk_mmio_read_1(reg), 0x11);
}

static void
test_16_bits(void **state)
{
	volatile uint16_t *reg = (volatile void *)&g_device.bytes[REG];

	assert_int_equal(spdk_mmio_read_2(reg), 0xa5a5);
	spdk_mmio_write_2(reg, 0x2211);
	check_written(2);
	assert_int_equal(spdk_mmio_read_2(reg), 0x2211);
}

static void
test_32_bits(void **state)
{
	volatile uint32_t *reg = (volatile void *)&g_device.bytes[REG];

	assert_int_equal(spdk_mmio_read_4(reg), 0xa5a5a5a5);
	spdk_mmio_write_4(reg, 0x44332211);
	check_written(4);
	assert_int_equal(spdk_mmio_read_4(reg), 0x44332211);
}

static void
test_64_bits(void **state)
{
	volatile uint64_t *reg = (volatile void *)&g_device.bytes[REG];

	assert_true(spdk_mmio_read_8(reg) == 0xa5a5a5a5a5a5a5a5);
	spdk_mmio_write_8(reg, 0x8877665544332211);
	check_written(8);
	assert_true(spdk_mmio_read_8(reg) == 0x8877665544332211);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_8_bits, setup),
		cmocka_unit_test_setup(test_16_bits, setup),
		cmocka_unit_test_setup(test_32_bits, setup),
		cmocka_unit_test_setup(test_64_bits, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
