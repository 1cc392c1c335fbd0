/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Members of objects by type, and the decoders of whole numbers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/json.h"
#include "spdk/stdinc.h"
#include "spdk/uuid.h"

static char g_out[2048];

static int
take(void *ctx, const void *data, size_t size)
{
	strncat(g_out, data, size);
	return 0;
}

static int __attribute__((format(printf, 3, 4)))
write_fmt(struct spdk_json_write_ctx *w, const char *name, const char *fmt, ...)
{
	va_list args;
	int rc;

	va_start(args, fmt);
	rc = spdk_json_write_named_string_fmt_v(w, name, fmt, args);
	va_end(args);
	return rc;
}

static void
test_named(void **state)
{
	struct spdk_json_write_ctx *w;
	struct spdk_uuid uuid;

	g_out[0] = '\0';
	assert_int_equal(spdk_uuid_parse(&uuid, "01234567-89ab-cdef-0123-456789abcdef"), 0);
	w = spdk_json_write_begin(take, NULL, 0);
	assert_non_null(w);
	assert_int_equal(spdk_json_write_object_begin(w), 0);
	assert_int_equal(spdk_json_write_named_uint8(w, "u8", UINT8_MAX), 0);
	assert_int_equal(spdk_json_write_named_uint16(w, "u16", UINT16_MAX), 0);
	assert_int_equal(spdk_json_write_named_int64(w, "i64", INT64_MIN), 0);
	assert_int_equal(spdk_json_write_named_uint64(w, "u64", UINT64_MAX), 0);
	assert_int_equal(spdk_json_write_named_uint128(w, "u128", 0, 1), 0);
	assert_int_equal(spdk_json_write_named_double(w, "d", 0.5), 0);
	assert_int_equal(write_fmt(w, "fmt", "%d%%", 7), 0);
	assert_int_equal(spdk_json_write_named_bytearray(w, "bytes", "\x01\xab\xff", 3), 0);
	assert_int_equal(spdk_json_write_named_uuid(w, "uuid", &uuid), 0);
	assert_int_equal(spdk_json_write_object_end(w), 0);
	assert_int_equal(spdk_json_write_end(w), 0);
	assert_true(strtod(strstr(g_out, "\"d\":") + 4, NULL) == 0.5);
	assert_non_null(strstr(g_out, "{\"u8\":255,\"u16\":65535,\"i64\":-9223372036854775808,"
	                              "\"u64\":18446744073709551615,"
	                              "\"u128\":18446744073709551616,\"d\":"));
	assert_non_null(strstr(g_out, ",\"fmt\":\"7%\",\"bytes\":\"01ABFF\",\"uuid\":"
	                              "\"01234567-89ab-cdef-0123-456789abcdef\"}"));
}

static struct spdk_json_val
number(const char *text)
{
	return (struct spdk_json_val){ .start = (void *)(uintptr_t)text,
		                       .len = (uint32_t)strlen(text),
		                       .type = SPDK_JSON_VAL_NUMBER };
}

static void
test_decode(void **state)
{
	struct spdk_json_val val;
	uint64_t u64 = 7;
	int32_t i32 = 7;
	uint8_t u8 = 7;

	val = number("255");
	assert_int_equal(spdk_json_decode_uint8(&val, &u8), 0);
	assert_int_equal(u8, 255);
	val = number("-2147483648");
	assert_int_equal(spdk_json_decode_int32(&val, &i32), 0);
	assert_int_equal(i32, INT32_MIN);
	val = number("18446744073709551615");
	assert_int_equal(spdk_json_decode_uint64(&val, &u64), 0);
	assert_true(u64 == UINT64_MAX);
	val = number("256");
	assert_int_not_equal(spdk_json_decode_uint8(&val, &u8), 0);
	val = number("2147483648");
	assert_int_not_equal(spdk_json_decode_int32(&val, &i32), 0);
	val = number("18446744073709551616");
	assert_int_not_equal(spdk_json_decode_uint64(&val, &u64), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_decode),
	};

	return cmocka_run_group_tests_name("json_named", tests, NULL, NULL);
}
