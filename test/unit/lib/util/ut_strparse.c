/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/string.h: numbers, capacities and addresses from text. */

#include "spdk/string.h"
#include "spdk/util.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct {
	const char *in;
	int base;
	long long value;
} g_number_cases[] = {
	{ "0", 10, 0 },
	{ "123", 10, 123 },
	{ "0x1f", 0, 31 },
	{ "1f", 16, 31 },
	{ "010", 0, 8 },
	{ " 7", 10, 7 },
	{ "9223372036854775807", 10, LLONG_MAX },
	{ "9223372036854775808", 10, -ERANGE },
	{ "-1", 10, -ERANGE },
	{ "-9223372036854775809", 10, -ERANGE },
	{ "", 10, -EINVAL },
	{ "x", 10, -EINVAL },
	{ "12x", 10, -EINVAL },
	{ "12 ", 10, -EINVAL },
	{ "8", 8, -EINVAL },
};

static void
test_numbers(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_number_cases); i++) {
		assert_int_equal(spdk_strtol(g_number_cases[i].in, g_number_cases[i].base),
		                 g_number_cases[i].value);
		assert_int_equal(spdk_strtoll(g_number_cases[i].in, g_number_cases[i].base),
		                 g_number_cases[i].value);
	}
}

static const struct {
	const char *in;
	int rc;
	uint64_t cap;
	bool has_prefix;
} g_capacity_cases[] = {
	{ "0", 0, 0, false },
	{ "512", 0, 512, false },
	{ "4k", 0, 4096, true },
	{ "4K", 0, 4096, true },
	{ "3M", 0, 3ull << 20, true },
	{ "3m", 0, 3ull << 20, true },
	{ "10G", 0, 10ull << 30, true },
	{ "10GB", 0, 10ull << 30, true },
	{ "10GiB", 0, 10ull << 30, true },
	{ "2T", 0, 2ull << 40, true },
	{ "16383P", 0, 16383ull << 50, true },
	{ "16384P", -ERANGE, 0, false },
	{ "18446744073709551615", 0, UINT64_MAX, false },
	{ "18446744073709551616", -ERANGE, 0, false },
	{ "18014398509481983k", 0, 18014398509481983ull << 10, true },
	{ "18014398509481984k", -ERANGE, 0, false },
	{ "", -EINVAL, 0, false },
	{ "k", -EINVAL, 0, false },
	{ "-1", -EINVAL, 0, false },
	{ " 1", -EINVAL, 0, false },
	{ "1X", -EINVAL, 0, false },
	{ "1kk", -EINVAL, 0, false },
	{ "1.5G", -EINVAL, 0, false },
	{ "1Gi", -EINVAL, 0, false },
};

static void
test_capacity(void **state)
{
	uint64_t cap;
	bool has_prefix;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_capacity_cases); i++) {
		cap = 77;
		has_prefix = !g_capacity_cases[i].has_prefix;
		assert_int_equal(spdk_parse_capacity(g_capacity_cases[i].in, &cap, &has_prefix),
		                 g_capacity_cases[i].rc);
		if (g_capacity_cases[i].rc == 0) {
			assert_int_equal(cap, g_capacity_cases[i].cap);
			assert_int_equal(has_prefix, g_capacity_cases[i].has_prefix);
		} else {
			assert_int_equal(cap, 77);
		}
	}
	assert_int_equal(spdk_parse_capacity("1k", &cap, NULL), 0);
}

static const struct {
	const char *in;
	int rc;
	const char *host, *port;
} g_address_cases[] = {
	{ "1.2.3.4:80", 0, "1.2.3.4", "80" },
	{ "1.2.3.4", 0, "1.2.3.4", NULL },
	{ "1.2.3.4:", 0, "1.2.3.4", NULL },
	{ "[::1]:4420", 0, "::1", "4420" },
	{ "[::1]", 0, "::1", NULL },
	{ "[::1]:", 0, "::1", NULL },
	{ "[::1", -EINVAL, NULL, NULL },
	{ "[::1]x", -EINVAL, NULL, NULL },
	{ "*:1", 0, "*", "1" },
	{ "", 0, "", NULL },
};

static void
test_address(void **state)
{
	char buf[32], *host, *port;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_address_cases); i++) {
		snprintf(buf, sizeof(buf), "%s", g_address_cases[i].in);
		assert_int_equal(spdk_parse_ip_addr(buf, &host, &port), g_address_cases[i].rc);
		if (g_address_cases[i].rc != 0) {
			continue;
		}
		assert_string_equal(host, g_address_cases[i].host);
		if (g_address_cases[i].port == NULL) {
			assert_null(port);
		} else {
			assert_string_equal(port, g_address_cases[i].port);
		}
	}
	assert_int_equal(spdk_parse_ip_addr(NULL, &host, &port), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
