/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/string.h: formatting, trimming, padding, fields, replacing. */

#include "spdk/string.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

static void
test_sprintf(void **state)
{
	char *s, *grown;

	s = spdk_sprintf_alloc("%s-%d", "a", 7);
	assert_string_equal(s, "a-7");
	s = spdk_sprintf_append_realloc(s, "+%0*d", 300, 1);
	assert_int_equal(strlen(s), 304);
	assert_int_equal(strncmp(s, "a-7+0", 5), 0);
	fail_alloc_after(0);
	grown = spdk_sprintf_append_realloc(s, "more");
	fail_alloc_after(-1);
	assert_null(grown);
	assert_int_equal(strlen(s), 304); /* kept */
	free(s);
	fail_alloc_after(0);
	assert_null(spdk_sprintf_alloc("x"));
	fail_alloc_after(-1);
	s = spdk_sprintf_alloc("%s", "");
	assert_string_equal(s, "");
	free(s);
	assert_int_equal(fail_alloc_held(), 0);
}

static const struct {
	const char *in;
	const char *fields[5]; /* NULL: the end */
} g_sepq_cases[] = {
	{ "a b c", { "a", "b", "c" } },
	{ "  a\t b  ", { "a", "b" } },
	{ "one", { "one" } },
	{ "", { "" } },
	{ "   ", { "" } },
	{ "\"a b\" c", { "a b", "c" } },
	{ "'a b' \"it's\"", { "a b", "it's" } },
	{ "x'y z'w v", { "xy zw", "v" } },
	{ "'a\\'b' c", { "a'b", "c" } },
	{ "\"a\\\\b\"", { "a\\b" } },
	{ "a\\ b", { "a\\", "b" } },
	{ "'open end", { "open end" } },
	{ "'' x", { "", "x" } },
	{ "'end\\", { "end\\" } },
};

static void
test_strsepq(void **state)
{
	char buf[64], *pos, *field;
	size_t i, n;

	for (i = 0; i < SPDK_COUNTOF(g_sepq_cases); i++) {
		snprintf(buf, sizeof(buf), "%s", g_sepq_cases[i].in);
		pos = buf;
		for (n = 0; g_sepq_cases[i].fields[n] != NULL; n++) {
			field = spdk_strsepq(&pos, " \t");
			assert_non_null(field);
			assert_string_equal(field, g_sepq_cases[i].fields[n]);
		}
		assert_null(spdk_strsepq(&pos, " \t"));
	}
}

static const struct {
	const char *in, *trimmed, *chomped;
	size_t num_chomped;
} g_trim_cases[] = {
	{ "", "", "", 0 },
	{ "a", "a", "a", 0 },
	{ " a b\t\n", "a b", " a b\t", 1 },
	{ "\r\n", "", "", 2 },
	{ "x\r\n\n", "x", "x", 3 },
	{ "\nx", "x", "\nx", 0 },
	{ " \v\f ", "", " \v\f ", 0 },
};

static void
test_trim(void **state)
{
	char buf[32];
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_trim_cases); i++) {
		snprintf(buf, sizeof(buf), "%s", g_trim_cases[i].in);
		assert_ptr_equal(spdk_str_trim(buf), buf);
		assert_string_equal(buf, g_trim_cases[i].trimmed);
		snprintf(buf, sizeof(buf), "%s", g_trim_cases[i].in);
		assert_int_equal(spdk_str_chomp(buf), g_trim_cases[i].num_chomped);
		assert_string_equal(buf, g_trim_cases[i].chomped);
	}
	assert_null(spdk_str_trim(NULL));
	assert_null(spdk_strlwr(NULL));
	snprintf(buf, sizeof(buf), "AbC-9Z");
	assert_string_equal(spdk_strlwr(buf), "abc-9z");
}

static void
test_pad(void **state)
{
	char buf[9] = "########";

	spdk_strcpy_pad(buf, "abc", 8, ' ');
	assert_string_equal(buf, "abc     ");
	assert_int_equal(spdk_strlen_pad(buf, 8, ' '), 3);
	spdk_strcpy_pad(buf, "abcdefghij", 8, ' ');
	assert_string_equal(buf, "abcdefgh");
	assert_int_equal(spdk_strlen_pad(buf, 8, ' '), 8);
	spdk_strcpy_pad(buf, "", 8, 0);
	assert_int_equal(spdk_strlen_pad(buf, 8, 0), 0);
	assert_int_equal(spdk_strlen_pad(buf, 0, 0), 0);
	assert_int_equal(spdk_strlen_pad("a b  ", 5, ' '), 3);
}

static void
test_strerror(void **state)
{
	char buf[64], small[5];

	assert_string_equal(spdk_strerror(ENOENT), "No such file or directory");
	spdk_strerror_r(EINVAL, buf, sizeof(buf));
	assert_string_equal(buf, "Invalid argument");
	spdk_strerror_r(EINVAL, small, sizeof(small));
	assert_string_equal(small, "Inva");
	assert_non_null(strstr(spdk_strerror(99999), "99999"));
	spdk_strerror_r(EINVAL, NULL, 0);
}

static void
test_all_zero(void **state)
{
	uint8_t buf[67] = { 0 };
	size_t len, i;

	for (len = 0; len <= sizeof(buf); len++) {
		assert_true(spdk_mem_all_zero(buf, len));
		for (i = 0; i < len; i++) {
			buf[i] = 0x80;
			assert_false(spdk_mem_all_zero(buf, len));
			buf[i] = 0;
		}
	}
	memset(buf, 1, sizeof(buf));
	assert_false(spdk_mem_all_zero(buf, sizeof(buf)));
}

static const struct {
	const char *src, *search, *replace;
	size_t size;
	int rc;
	const char *dst;
} g_replace_cases[] = {
	{ "abcabc", "b", "XY", 9, 0, "aXYcaXYc" },
	{ "abcabc", "b", "XY", 8, -EINVAL, NULL },
	{ "abc", "abc", "", 1, 0, "" },
	{ "aaa", "aa", "b", 8, 0, "ba" },
	{ "abc", "x", "y", 4, 0, "abc" },
	{ "abc", "x", "y", 3, -EINVAL, NULL },
	{ "", "x", "y", 1, 0, "" },
	{ "", "x", "y", 0, -EINVAL, NULL },
	{ "abc", "", "y", 8, -EINVAL, NULL },
	{ NULL, "x", "y", 8, -EINVAL, NULL },
	{ "abc", NULL, "y", 8, -EINVAL, NULL },
	{ "abc", "a", NULL, 8, -EINVAL, NULL },
	{ "xbx", "x", "long", 10, 0, "longblong" },
};

static void
test_replace(void **state)
{
	char buf[16];
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_replace_cases); i++) {
		memset(buf, '#', sizeof(buf));
		assert_int_equal(
		        spdk_strcpy_replace(buf, g_replace_cases[i].size, g_replace_cases[i].src,
		                            g_replace_cases[i].search, g_replace_cases[i].replace),
		        g_replace_cases[i].rc);
		assert_int_equal(buf[g_replace_cases[i].size], '#'); /* nothing behind it */
		if (g_replace_cases[i].rc == 0) {
			assert_string_equal(buf, g_replace_cases[i].dst);
		}
	}
	assert_int_equal(spdk_strcpy_replace(NULL, 1, "a", "b", "c"), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sprintf),  cmocka_unit_test(test_strsepq),
		cmocka_unit_test(test_trim),     cmocka_unit_test(test_pad),
		cmocka_unit_test(test_strerror), cmocka_unit_test(test_all_zero),
		cmocka_unit_test(test_replace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
