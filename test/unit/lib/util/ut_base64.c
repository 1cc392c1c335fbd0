/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/base64.h: the vectors of RFC 4648, section 10, both alphabets, every length, wrong texts. */

#include "spdk/base64.h"
#include "spdk/util.h"

#include <setjmp.h>
#include <cmocka.h>

static void
test_vectors(void **state)
{
	static const struct {
		const char *raw, *text;
	} rows[] = {
		{ "f", "Zg==" },        { "fo", "Zm8=" },        { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
	};
	char text[16], raw[16];
	size_t i, len;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		assert_int_equal(spdk_base64_encode(text, rows[i].raw, strlen(rows[i].raw)), 0);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(spdk_base64_get_encoded_strlen(strlen(rows[i].raw)),
		                 strlen(rows[i].text));
		memset(raw, 0, sizeof(raw));
		assert_int_equal(spdk_base64_decode(raw, &len, rows[i].text), 0);
		assert_string_equal(raw, rows[i].raw);
		assert_int_equal(len, strlen(rows[i].raw));
		assert_true(spdk_base64_get_decoded_len(strlen(rows[i].text)) >= len);
	}
}

static void
test_alphabets(void **state)
{
	static const uint8_t raw[] = { 0xfb, 0xff, 0xbf };
	uint8_t back[3];
	char text[8];

	assert_int_equal(spdk_base64_encode(text, raw, sizeof(raw)), 0);
	assert_string_equal(text, "+/+/");
	assert_int_equal(spdk_base64_urlsafe_encode(text, raw, sizeof(raw)), 0);
	assert_string_equal(text, "-_-_");
	assert_int_equal(spdk_base64_urlsafe_decode(back, NULL, "-_-_"), 0);
	assert_memory_equal(back, raw, sizeof(raw));
	assert_int_equal(spdk_base64_decode(back, NULL, "-_-_"), -EINVAL);
	assert_int_equal(spdk_base64_urlsafe_decode(back, NULL, "+/+/"), -EINVAL);
}

static void
test_every_length(void **state)
{
	uint8_t raw[200], back[200];
	char text[300];
	size_t len, n;

	for (n = 0; n < sizeof(raw); n++) {
		raw[n] = (uint8_t)(n * 73 + 11);
	}
	for (n = 1; n <= sizeof(raw); n++) {
		assert_int_equal(spdk_base64_encode(text, raw, n), 0);
		assert_int_equal(strlen(text), spdk_base64_get_encoded_strlen(n));
		assert_int_equal(spdk_base64_decode(NULL, &len, text), 0);
		assert_int_equal(len, n);
		memset(back, 0xee, sizeof(back));
		assert_int_equal(spdk_base64_decode(back, NULL, text), 0);
		assert_memory_equal(back, raw, n);
		assert_true(n == sizeof(raw) || back[n] == 0xee);
	}
}

static void
test_wrong(void **state)
{
	static const char *const texts[] = { "",      "Z",          "Zg",      "Zg=",  "====",
		                             "Z===",  "Z=g=",       "Zg=a",    "Zm9?", "Zm9 ",
		                             "Z\n9v", "\xc3\xa9Zg", "Zg==Zg==" };
	uint8_t out[16];
	size_t i, len = 77;
	char text[8];

	memset(out, 0xee, sizeof(out));
	for (i = 0; i < SPDK_COUNTOF(texts); i++) {
		assert_int_equal(spdk_base64_decode(out, &len, texts[i]), -EINVAL);
		assert_int_equal(out[0], 0xee);
		assert_int_equal(len, 77);
	}
	assert_int_equal(spdk_base64_decode(out, &len, NULL), -EINVAL);
	assert_int_equal(spdk_base64_encode(text, "a", 0), -EINVAL);
	assert_int_equal(spdk_base64_encode(text, NULL, 1), -EINVAL);
	assert_int_equal(spdk_base64_encode(NULL, "a", 1), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_alphabets),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
