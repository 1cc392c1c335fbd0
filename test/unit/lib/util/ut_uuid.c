/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/uuid.h: text form, the RFC's own examples of name-based ones, random ones. */

#include "spdk/uuid.h"
#include "spdk/util.h"
#include "spdk_internal/machine_hooks.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct {
	const char *in;
	int rc;
} g_parse_cases[] = {
	{ "00112233-4455-6677-8899-aabbccddeeff", 0 },
	{ "00112233-4455-6677-8899-AABBCCDDEEFF", 0 },
	{ "", -EINVAL },
	{ "00112233-4455-6677-8899-aabbccddeef", -EINVAL },
	{ "00112233-4455-6677-8899-aabbccddeeff0", -EINVAL },
	{ "00112233445566778899aabbccddeeff", -EINVAL },
	{ "0011223g-4455-6677-8899-aabbccddeeff", -EINVAL },
	{ "{00112233-4455-6677-8899-aabbccddeeff}", -EINVAL },
};

static void
test_parse(void **state)
{
	static const uint8_t want[16] = { 0,    0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		                          0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	struct spdk_uuid uuid;
	char text[SPDK_UUID_STRING_LEN];
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_parse_cases); i++) {
		memset(&uuid, 0x5a, sizeof(uuid));
		assert_int_equal(spdk_uuid_parse(&uuid, g_parse_cases[i].in), g_parse_cases[i].rc);
		if (g_parse_cases[i].rc != 0) {
			assert_int_equal(uuid.u.raw[0], 0x5a);
			continue;
		}
		assert_memory_equal(uuid.u.raw, want, 16);
		assert_int_equal(spdk_uuid_fmt_lower(text, sizeof(text), &uuid), 0);
		assert_string_equal(text, g_parse_cases[0].in);
	}
	assert_int_equal(spdk_uuid_fmt_lower(text, SPDK_UUID_STRING_LEN - 1, &uuid), -EINVAL);
}

static void
test_sha1(void **state)
{
	struct spdk_uuid dns, uuid;
	char text[SPDK_UUID_STRING_LEN];

	assert_int_equal(spdk_uuid_parse(&dns, "6ba7b810-9dad-11d1-80b4-00c04fd430c8"), 0);
	assert_int_equal(spdk_uuid_generate_sha1(&uuid, &dns, "www.example.com", 15), 0);
	spdk_uuid_fmt_lower(text, sizeof(text), &uuid);
	assert_string_equal(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2"); /* RFC 9562, A.4 */
	assert_int_equal(spdk_uuid_generate_sha1(&uuid, &dns, "www.widgets.com", 15), 0);
	spdk_uuid_fmt_lower(text, sizeof(text), &uuid);
	assert_string_equal(text, "21f7f8de-8051-5b89-8680-0195ef798b6a"); /* RFC 4122, errata */
}

static uint8_t g_fill;

static uint64_t
no_time(void)
{
	return 1;
}

static void
no_wall(struct timespec *now)
{
	now->tv_sec = 0;
	now->tv_nsec = 0;
}

static void
fill(void *buf, size_t len_bytes)
{
	assert_int_equal(len_bytes, 16);
	memset(buf, g_fill, len_bytes);
}

static void
test_random(void **state)
{
	static const struct machine_hooks hooks = { no_time, no_wall, fill };
	struct spdk_uuid uuid;
	char text[SPDK_UUID_STRING_LEN];

	machine_hooks_set(&hooks);
	g_fill = 0x00;
	spdk_uuid_generate(&uuid);
	spdk_uuid_fmt_lower(text, sizeof(text), &uuid);
	assert_string_equal(text, "00000000-0000-4000-8000-000000000000");
	g_fill = 0xff;
	spdk_uuid_generate(&uuid);
	spdk_uuid_fmt_lower(text, sizeof(text), &uuid);
	assert_string_equal(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
	machine_hooks_set(NULL);
}

static void
test_compare(void **state)
{
	struct spdk_uuid a = { { { 0 } } }, b;

	assert_true(spdk_uuid_is_null(&a));
	a.u.raw[15] = 1;
	assert_false(spdk_uuid_is_null(&a));
	spdk_uuid_copy(&b, &a);
	assert_int_equal(spdk_uuid_compare(&a, &b), 0);
	b.u.raw[0] = 0x80;
	assert_true(spdk_uuid_compare(&a, &b) < 0);
	assert_true(spdk_uuid_compare(&b, &a) > 0);
	spdk_uuid_set_null(&b);
	assert_true(spdk_uuid_is_null(&b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_sha1),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
