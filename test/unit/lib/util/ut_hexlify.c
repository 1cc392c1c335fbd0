/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/hexlify.h: all bytes there and back, both cases, wrong texts, no memory. */

#include "spdk/hexlify.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

static void
test_all_bytes(void **state)
{
	char bin[256], *hex, *back;
	int i;

	for (i = 0; i < 256; i++) {
		bin[i] = (char)i;
	}
	hex = spdk_hexlify(bin, sizeof(bin));
	assert_int_equal(strlen(hex), 512);
	assert_memory_equal(hex, "000102030405060708090a0b0c0d0e0f10", 34);
	assert_string_equal(hex + 508, "feff");
	back = spdk_unhexlify(hex);
	assert_memory_equal(back, bin, sizeof(bin));
	free(back);
	free(hex);
}

static void
test_texts(void **state)
{
	static const char *const wrong[] = { "a",  "abc", "0g", "g0", " 0",
		                             "0x", "@0",  "`0", "a/", "a:" };
	char *bin;
	size_t i;

	bin = spdk_unhexlify("aBcD");
	assert_memory_equal(bin, "\xab\xcd", 2);
	free(bin);
	bin = spdk_unhexlify("");
	assert_non_null(bin);
	free(bin);
	for (i = 0; i < SPDK_COUNTOF(wrong); i++) {
		assert_null(spdk_unhexlify(wrong[i]));
	}
}

static void
test_no_memory(void **state)
{
	fail_alloc_after(0);
	assert_null(spdk_hexlify("a", 1));
	fail_alloc_after(0);
	assert_null(spdk_unhexlify("61"));
	fail_alloc_after(-1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_bytes),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
