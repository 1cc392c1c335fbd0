/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The writer: exact text, and errors that stick. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <float.h>
#include <math.h>
#include <cmocka.h>

#include "spdk/util.h"
#include "spdk/uuid.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/json.h"

struct sink {
	char text[16384];
	size_t len;
	size_t calls;
	size_t fail_at; /* the call that fails; 0: none */
};

static int
sink_write(void *ctx, const void *data, size_t size)
{
	struct sink *s = ctx;

	if (++s->calls == s->fail_at) {
		return -1;
	}
	assert_in_range(s->len + size, 0, sizeof(s->text) - 1);
	memcpy(s->text + s->len, data, size);
	s->len += size;
	s->text[s->len] = '\0';
	return 0;
}

static struct sink g_sink;

static struct spdk_json_write_ctx *
begin(uint32_t flags)
{
	struct spdk_json_write_ctx *w;

	memset(&g_sink, 0, sizeof(g_sink));
	w = spdk_json_write_begin(sink_write, &g_sink, flags);
	assert_non_null(w);
	return w;
}

#define assert_text(w, expected) \
	do { \
		assert_int_equal(spdk_json_write_end(w), 0); \
		assert_string_equal(g_sink.text, expected); \
	} while (0)

static void
write_sample(struct spdk_json_write_ctx *w)
{
	spdk_json_write_object_begin(w);
	spdk_json_write_named_array_begin(w, "a");
	spdk_json_write_uint8(w, 255);
	spdk_json_write_array_begin(w);
	spdk_json_write_array_end(w);
	spdk_json_write_array_end(w);
	spdk_json_write_named_object_begin(w, "o");
	spdk_json_write_named_bool(w, "t", true);
	spdk_json_write_named_null(w, "n");
	spdk_json_write_object_end(w);
	spdk_json_write_named_object_begin(w, "e");
	spdk_json_write_object_end(w);
	spdk_json_write_object_end(w);
}

static void
test_layout(void **state)
{
	struct spdk_json_write_ctx *w = begin(0);

	write_sample(w);
	assert_text(w, "{\"a\":[255,[]],\"o\":{\"t\":true,\"n\":null},\"e\":{}}");
	w = begin(SPDK_JSON_WRITE_FLAG_FORMATTED);
	write_sample(w);
	assert_text(w, "{\n  \"a\": [\n    255,\n    []\n  ],\n  \"o\": {\n    \"t\": true,\n"
	               "    \"n\": null\n  },\n  \"e\": {}\n}");
}

static void
test_numbers(void **state)
{
	struct spdk_json_write_ctx *w = begin(0);

	spdk_json_write_array_begin(w);
	spdk_json_write_uint16(w, UINT16_MAX);
	spdk_json_write_int32(w, INT32_MIN);
	spdk_json_write_uint32(w, UINT32_MAX);
	spdk_json_write_int64(w, INT64_MIN);
	spdk_json_write_uint64(w, UINT64_MAX);
	spdk_json_write_uint128(w, 0, 0);
	spdk_json_write_uint128(w, 0, 1);
	spdk_json_write_uint128(w, UINT64_MAX, UINT64_MAX);
	spdk_json_write_double(w, 0.5);
	spdk_json_write_double(w, NAN);
	spdk_json_write_double(w, -INFINITY);
	spdk_json_write_array_end(w);
	assert_text(w, "[65535,-2147483648,4294967295,-9223372036854775808,18446744073709551615,0,"
	               "18446744073709551616,340282366920938463463374607431768211455,0.5,null,"
	               "null]");
}

static void
test_strings(void **state)
{
	static const uint16_t utf16[] = { 'a', 0x20ac, 0xd83d, 0xde00, 0xdc00, 0xd800, 0 };
	struct spdk_json_write_ctx *w = begin(0);
	struct spdk_uuid uuid;

	spdk_uuid_parse(&uuid, "01234567-89AB-cdef-0123-456789abcdef");
	spdk_json_write_array_begin(w);
	spdk_json_write_string(w, "\"\\/\b\f\n\r\t\x01\x1f\x7f");
	spdk_json_write_string(w, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	spdk_json_write_string(w, "a\xff"
	                          "b\xc3");
	spdk_json_write_string_raw(w, "x\0y", 3);
	spdk_json_write_string_utf16le(w, utf16);
	spdk_json_write_string_fmt(w, "%d-%s", 7, "z");
	spdk_json_write_bytearray(w, "\x00\xaf", 2);
	spdk_json_write_uuid(w, &uuid);
	spdk_json_write_array_end(w);
	assert_text(w, "[\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\","
	               "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",\"a\xef\xbf\xbd"
	               "b\xef\xbf\xbd\","
	               "\"x\\u0000y\",\"a\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd\","
	               "\"7-z\",\"00AF\",\"01234567-89ab-cdef-0123-456789abcdef\"]");
}

static void
test_values(void **state)
{
	char text[] = "{\"a\":[1.50,\"\\u0041\\n\",{}],\"b\":{\"c\":null}}";
	struct spdk_json_val v[16];
	struct spdk_json_write_ctx *w = begin(0);

	assert_int_equal(spdk_json_parse(text, strlen(text), v, 16, NULL,
	                                 SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE),
	                 14);
	spdk_json_write_val(w, v);
	assert_text(w, "{\"a\":[1.50,\"A\\n\",{}],\"b\":{\"c\":null}}");
}

static void
test_batches(void **state)
{
	struct spdk_json_write_ctx *w;
	uint32_t flags;

	for (flags = 0; flags <= SPDK_JSON_WRITE_FLAG_FLATTEN_BATCHES;
	     flags += SPDK_JSON_WRITE_FLAG_FLATTEN_BATCHES) {
		w = begin(0);
		spdk_json_write_add_flags(w, flags);
		spdk_json_write_array_begin(w);
		spdk_json_write_batch_begin(w);
		spdk_json_write_uint32(w, 1);
		spdk_json_write_uint32(w, 2);
		spdk_json_write_batch_end(w);
		spdk_json_write_array_end(w);
		assert_text(w, flags == 0 ? "[[1,2]]" : "[1,2]");
	}
}

static void
test_errors(void **state)
{
	struct spdk_json_write_ctx *w;

	w = begin(0);
	assert_int_equal(spdk_json_write_object_end(w), -1);
	assert_int_equal(spdk_json_write_null(w), -1);
	assert_int_equal(spdk_json_write_end(w), -1);
	w = begin(0);
	assert_int_equal(spdk_json_write_batch_end(w), -1);
	assert_int_equal(spdk_json_write_end(w), -1);
	w = begin(0);
	spdk_json_write_array_begin(w);
	assert_int_equal(spdk_json_write_end(w), -1);
	w = begin(0);
	spdk_json_write_array_end(w);
	spdk_json_write_reset(w);
	spdk_json_write_null(w);
	assert_text(w, "null");
	assert_int_equal(spdk_json_write_end(NULL), 0);
}

/* A long text arrives whole; a sink that fails once makes the writer fail, whichever call it is. */
static void
test_sink(void **state)
{
	struct spdk_json_write_ctx *w;
	size_t i, fail_at, calls = 0;
	int rc;

	for (fail_at = 0; fail_at <= calls; fail_at++) {
		w = begin(0);
		g_sink.fail_at = fail_at;
		spdk_json_write_array_begin(w);
		for (i = 0; i < 1000; i++) {
			spdk_json_write_string(w, "0123456789");
		}
		spdk_json_write_array_end(w);
		rc = spdk_json_write_end(w);
		assert_int_equal(rc, fail_at == 0 ? 0 : -1);
		if (fail_at == 0) {
			calls = g_sink.calls;
			assert_int_equal(g_sink.len, 1000 * 13 + 1);
			assert_int_equal(calls, 4);
		}
	}
}

static void
test_no_memory(void **state)
{
	struct spdk_json_write_ctx *w;
	uint64_t live = env_sim_live_heap();

	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	assert_null(spdk_json_write_begin(sink_write, &g_sink, 0));
	env_fault_clear();
	w = begin(0);
	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	assert_int_equal(spdk_json_write_string_fmt(w, "%d", 1), -1);
	env_fault_clear();
	assert_int_equal(spdk_json_write_null(w), -1);
	assert_int_equal(spdk_json_write_end(w), -1);
	assert_int_equal(env_sim_live_heap(), live);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),  cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_values),
		cmocka_unit_test(test_batches), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_sink),    cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests_name("json:write", tests, NULL, NULL);
}
