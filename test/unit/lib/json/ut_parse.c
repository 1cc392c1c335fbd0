/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The parser: what it takes, what it refuses, where and why. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/util.h"
#include "spdk_internal/json.h"

#define ANY_ROOM 64

struct good {
	const char *text;
	ssize_t values;
	enum spdk_json_val_type first;
	size_t used; /* 0: all */
};

static const struct good goods[] = {
	{ "0", 1, SPDK_JSON_VAL_NUMBER },
	{ "-0", 1, SPDK_JSON_VAL_NUMBER },
	{ " \t\r\n10.5e+3", 1, SPDK_JSON_VAL_NUMBER },
	{ "1E-2 x", 1, SPDK_JSON_VAL_NUMBER, 4 },
	{ "true", 1, SPDK_JSON_VAL_TRUE },
	{ "false,", 1, SPDK_JSON_VAL_FALSE, 5 },
	{ "null", 1, SPDK_JSON_VAL_NULL },
	{ "\"\"", 1, SPDK_JSON_VAL_STRING },
	{ "\"a\\u00e9\\ud83d\\ude00\\n\"", 1, SPDK_JSON_VAL_STRING },
	{ "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", 1, SPDK_JSON_VAL_STRING },
	{ "[]", 2, SPDK_JSON_VAL_ARRAY_BEGIN },
	{ "[1,[2],{}]", 8, SPDK_JSON_VAL_ARRAY_BEGIN },
	{ "{}{}", 2, SPDK_JSON_VAL_OBJECT_BEGIN, 2 },
	{ "{\"a\":{\"b\":null}, \"a\" : 1}", 9, SPDK_JSON_VAL_OBJECT_BEGIN },
};

static void
test_good(void **state)
{
	struct spdk_json_val values[ANY_ROOM];
	char text[128];
	void *end;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(goods); i++) {
		const struct good *g = &goods[i];
		size_t len = strlen(g->text), used = g->used != 0 ? g->used : len;

		memcpy(text, g->text, len);
		assert_int_equal(spdk_json_parse(text, len, NULL, 0, &end, 0), g->values);
		assert_ptr_equal(end, text + used);
		assert_memory_equal(text, g->text, len);
		assert_int_equal(spdk_json_parse(text, len, values, ANY_ROOM, &end,
		                                 SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE),
		                 g->values);
		assert_int_equal(values[0].type, g->first);
		assert_int_equal(spdk_json_val_len(values), g->values);
	}
}

struct bad {
	const char *text;
	int rc;
	uint32_t line, column;
	const char *reason; /* part of it */
};

#define INVALID SPDK_JSON_PARSE_INVALID
#define INCOMPLETE SPDK_JSON_PARSE_INCOMPLETE

static const struct bad bads[] = {
	{ "", INCOMPLETE, 1, 1, "empty" },
	{ " \n ", INCOMPLETE, 2, 2, "empty" },
	{ "[", INCOMPLETE, 1, 2, "inside a value" },
	{ "{\"a\"", INCOMPLETE, 1, 5, "inside a value" },
	{ "tr", INCOMPLETE, 1, 3, "word" },
	{ "trux", INVALID, 1, 1, "word" },
	{ "nulL", INVALID, 1, 1, "word" },
	{ "-", INCOMPLETE, 1, 2, "number" },
	{ "1.", INCOMPLETE, 1, 3, "number" },
	{ "1e", INCOMPLETE, 1, 3, "number" },
	{ "1e+", INCOMPLETE, 1, 4, "number" },
	{ "01", INVALID, 1, 2, "start with 0" },
	{ "-a", INVALID, 1, 2, "digit" },
	{ "1.e", INVALID, 1, 3, "digit" },
	{ "+1", INVALID, 1, 1, "value" },
	{ ".5", INVALID, 1, 1, "value" },
	{ "'a'", INVALID, 1, 1, "value" },
	{ "NaN", INVALID, 1, 1, "value" },
	{ "[1,]", INVALID, 1, 4, "value" },
	{ "[1 2]", INVALID, 1, 4, "']'" },
	{ "[1}", INVALID, 1, 3, "']'" },
	{ "{\"a\":1,}", INVALID, 1, 8, "name" },
	{ "{a:1}", INVALID, 1, 2, "name" },
	{ "{\"a\" 1}", INVALID, 1, 6, "':'" },
	{ "{\"a\":1]", INVALID, 1, 7, "'}'" },
	{ "{\n \"a\": 1\n \"b\": 2\n}", INVALID, 3, 2, "'}'" },
	{ "\"a", INCOMPLETE, 1, 3, "string" },
	{ "\"a\\", INCOMPLETE, 1, 4, "string" },
	{ "\"\\u12", INCOMPLETE, 1, 6, "string" },
	{ "\"\\ud83d\\", INCOMPLETE, 1, 9, "string" },
	{ "\"\xc3", INCOMPLETE, 1, 3, "string" },
	{ "\"\\x\"", INVALID, 1, 2, "escape" },
	{ "\"\\u12g4\"", INVALID, 1, 6, "hexadecimal" },
	{ "\"\\udc00\"", INVALID, 1, 8, "surrogate" },
	{ "\"\\ud800x\"", INVALID, 1, 8, "surrogate" },
	{ "\"\\ud800\\u0041\"", INVALID, 1, 14, "surrogate" },
	{ "\"a\nb\"", INVALID, 1, 3, "control" },
	{ "\"\x80\"", INVALID, 1, 2, "UTF-8" },
	{ "\"\xc0\x80\"", INVALID, 1, 2, "UTF-8" },
	{ "\"\xe0\x9f\x80\"", INVALID, 1, 2, "UTF-8" },
	{ "\"\xed\xa0\x80\"", INVALID, 1, 2, "UTF-8" },
	{ "\"\xf0\x8f\x80\x80\"", INVALID, 1, 2, "UTF-8" },
	{ "\"\xf4\x90\x80\x80\"", INVALID, 1, 2, "UTF-8" },
	{ "\"\xf5\"", INVALID, 1, 2, "UTF-8" },
	{ "/* c */1", INVALID, 1, 1, "value" },
	{ "\xef\xbb\xbf{}", INVALID, 1, 1, "value" },
};

static void
test_bad(void **state)
{
	struct spdk_json_val values[ANY_ROOM];
	struct json_result error;
	char text[128];
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(bads); i++) {
		const struct bad *b = &bads[i];
		size_t len = strlen(b->text);

		memcpy(text, b->text, len);
		assert_int_equal(json_parse(text, len, NULL, 0, 0, &error), b->rc);
		assert_int_equal(error.line, b->line);
		assert_int_equal(error.column, b->column);
		assert_non_null(strstr(error.reason, b->reason));
		assert_int_equal(spdk_json_parse(text, len, values, ANY_ROOM, NULL,
		                                 SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE),
		                 b->rc);
	}
}

/* Every good text, cut anywhere inside, waits for more. */
static void
test_prefixes(void **state)
{
	static const char text[] = "{\"a\\u00e9\xe2\x82\xac\":[true,false,null,-1.5e3,\"\\ud83d\\"
	                           "ude00\"]}";
	size_t len;
	char *copy; /* of the exact size, so that a checker sees a read past it */

	for (len = 0; len < sizeof(text) - 1; len++) {
		copy = malloc(len + 1);
		memcpy(copy, text, len);
		copy = realloc(copy, len > 0 ? len : 1);
		assert_int_equal(spdk_json_parse(copy, len, NULL, 0, NULL, 0),
		                 SPDK_JSON_PARSE_INCOMPLETE);
		free(copy);
	}
	assert_int_equal(spdk_json_parse((void *)(uintptr_t)text, len, NULL, 0, NULL, 0), 10);
}

static void
test_depth(void **state)
{
	char text[2 * (JSON_DEPTH_MAX + 1)];
	struct json_result error;
	void *end;

	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_int_equal(spdk_json_parse(text + 1, 2 * JSON_DEPTH_MAX, NULL, 0, &end, 0),
	                 2 * JSON_DEPTH_MAX);
	assert_int_equal(json_parse(text, sizeof(text), NULL, 0, 0, &error),
	                 SPDK_JSON_PARSE_MAX_DEPTH_EXCEEDED);
	assert_int_equal(error.column, JSON_DEPTH_MAX + 1);
}

static void
test_decode_in_place(void **state)
{
	char text[] = "{\"k\\u0065y\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u20ac\\u0000\"}";
	struct spdk_json_val v[4];

	assert_int_equal(spdk_json_parse(text, strlen(text), v, 4, NULL,
	                                 SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE),
	                 4);
	assert_true(spdk_json_strequal(&v[1], "key"));
	assert_int_equal(v[2].len, 12);
	assert_memory_equal(v[2].start, "\"\\/\b\f\n\r\t\xe2\x82\xac\0", 12);
	assert_null(spdk_json_strdup(&v[2])); /* a 0 inside */
}

static void
test_too_few_values(void **state)
{
	char text[] = "[\"\\n\",\"\\n\",[]]";
	struct spdk_json_val v[2] = { { 0 } };

	assert_int_equal(spdk_json_parse(text, strlen(text), v, 2, NULL,
	                                 SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE),
	                 6);
	assert_int_equal(v[0].len, 4);
	assert_int_equal(v[1].len, 1);
	assert_string_equal(text + 6, "\"\\n\",[]]"); /* the second was left alone */
}

static void
test_comments(void **state)
{
	static const struct {
		const char *text;
		ssize_t rc;
	} rows[] = {
		{ "// a\n[1, /* b ** / */ 2]//", 4 },
		{ "/**/1", 1 },
		{ "[1//", INCOMPLETE },
		{ "/*", INCOMPLETE },
		{ "/* *", INCOMPLETE },
		{ "/", INCOMPLETE },
		{ "/x", INVALID },
	};
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		assert_int_equal(spdk_json_parse((void *)(uintptr_t)rows[i].text,
		                                 strlen(rows[i].text), NULL, 0, NULL,
		                                 SPDK_JSON_PARSE_FLAG_ALLOW_COMMENTS),
		                 rows[i].rc);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_decode_in_place),
		cmocka_unit_test(test_too_few_values),
		cmocka_unit_test(test_comments),
	};

	return cmocka_run_group_tests_name("json:parse", tests, NULL, NULL);
}
