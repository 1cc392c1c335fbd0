/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Numbers, decoders, and walking over values. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/util.h"
#include "spdk/uuid.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/json.h"

#define ROOM 64

struct parsed {
	char text[256];
	struct spdk_json_val v[ROOM];
};

static struct spdk_json_val *
parse(struct parsed *p, const char *text)
{
	snprintf(p->text, sizeof(p->text), "%s", text);
	assert_in_range(spdk_json_parse(p->text, strlen(p->text), p->v, ROOM, NULL,
	                                SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE),
	                1, ROOM);
	return p->v;
}

struct number {
	const char *text;
	int rc8, rc16, rc32, rc64, rci32;
	uint64_t value;
};

#define R (-ERANGE)
static const struct number numbers[] = {
	{ "0", 0, 0, 0, 0, 0, 0 },
	{ "-0", 0, 0, 0, 0, 0, 0 },
	{ "-0.0e99999999999999999999", 0, 0, 0, 0, 0, 0 },
	{ "255", 0, 0, 0, 0, 0, 255 },
	{ "256", R, 0, 0, 0, 0, 256 },
	{ "65535", R, 0, 0, 0, 0, 65535 },
	{ "65536", R, R, 0, 0, 0, 65536 },
	{ "2147483647", R, R, 0, 0, 0, 2147483647 },
	{ "2147483648", R, R, 0, 0, R, 2147483648 },
	{ "4294967295", R, R, 0, 0, R, 4294967295 },
	{ "4294967296", R, R, R, 0, R, 4294967296 },
	{ "18446744073709551615", R, R, R, 0, R, UINT64_MAX },
	{ "18446744073709551616", R, R, R, R, R, 0 },
	{ "36893488147419103232", R, R, R, R, R, 0 },
	{ "-1", R, R, R, R, 0, (uint64_t)-1 },
	{ "-2147483648", R, R, R, R, 0, (uint64_t)INT32_MIN },
	{ "-2147483649", R, R, R, R, R, 0 },
	{ "1e1", 0, 0, 0, 0, 0, 10 },
	{ "10.0", 0, 0, 0, 0, 0, 10 },
	{ "0.00100e+5", 0, 0, 0, 0, 0, 100 },
	{ "1000e-3", 0, 0, 0, 0, 0, 1 },
	{ "1.5", R, R, R, R, R, 0 },
	{ "15e-1", R, R, R, R, R, 0 },
	{ "1e20", R, R, R, R, R, 0 },
	{ "1e-99999999999999999999", R, R, R, R, R, 0 },
	{ "1e99999999999999999999", R, R, R, R, R, 0 },
	{ "100000000000000000000000000000000000000e-38", 0, 0, 0, 0, 0, 1 },
};
#undef R

static void
test_numbers(void **state)
{
	struct parsed p;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(numbers); i++) {
		const struct number *n = &numbers[i];
		uint8_t u8 = 77;
		uint16_t u16 = 77;
		uint32_t u32 = 77;
		uint64_t u64 = 77;
		int32_t i32 = 77;

		parse(&p, n->text);
		assert_int_equal(spdk_json_number_to_uint8(p.v, &u8), n->rc8);
		assert_int_equal(spdk_json_number_to_uint16(p.v, &u16), n->rc16);
		assert_int_equal(spdk_json_number_to_uint32(p.v, &u32), n->rc32);
		assert_int_equal(spdk_json_number_to_uint64(p.v, &u64), n->rc64);
		assert_int_equal(spdk_json_number_to_int32(p.v, &i32), n->rci32);
		assert_int_equal(u8, n->rc8 == 0 ? (uint8_t)n->value : 77);
		assert_int_equal(u16, n->rc16 == 0 ? (uint16_t)n->value : 77);
		assert_int_equal(u32, n->rc32 == 0 ? (uint32_t)n->value : 77);
		assert_int_equal(u64, n->rc64 == 0 ? n->value : 77);
		assert_int_equal(i32, n->rci32 == 0 ? (int32_t)n->value : 77);
	}
	parse(&p, "\"1\"");
	assert_int_equal(spdk_json_number_to_uint64(p.v, &(uint64_t){ 0 }), -EINVAL);
}

struct object {
	char *name;
	bool flag;
	uint32_t count;
	struct spdk_uuid uuid;
};

static const struct spdk_json_object_decoder decoders[] = {
	{ "name", offsetof(struct object, name), spdk_json_decode_string },
	{ "flag", offsetof(struct object, flag), spdk_json_decode_bool, true },
	{ "count", offsetof(struct object, count), spdk_json_decode_uint32, true },
	{ "uuid", offsetof(struct object, uuid), spdk_json_decode_uuid, true },
};

static void
test_object(void **state)
{
	static const struct {
		const char *text;
		int rc, relaxed;
	} rows[] = {
		{ "{\"name\":\"a\",\"flag\":true,\"count\":3,"
		  "\"uuid\":\"01234567-89ab-cdef-0123-456789abcdef\"}",
		  0, 0 },
		{ "{\"name\":\"a\"}", 0, 0 },
		{ "{\"name\":\"a\",\"x\":[1,{\"name\":2}],\"flag\":false}", -EINVAL, 0 },
		{ "{}", -EINVAL, -EINVAL },
		{ "{\"name\":\"a\",\"name\":\"b\"}", -EINVAL, -EINVAL },
		{ "{\"name\":null}", -EINVAL, -EINVAL },
		{ "{\"name\":\"a\",\"flag\":1}", -EINVAL, -EINVAL },
		{ "{\"name\":\"a\",\"count\":\"3\"}", -EINVAL, -EINVAL },
		{ "{\"name\":\"a\",\"uuid\":\"01234567-89ab-cdef-0123-456789abcdeg\"}", -EINVAL,
		  -EINVAL },
		{ "{\"name\":\"a\\u0000b\"}", -EINVAL, -EINVAL },
		{ "[]", -EINVAL, -EINVAL },
		{ "7", -EINVAL, -EINVAL },
	};
	struct parsed p;
	struct object o;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		parse(&p, rows[i].text);
		memset(&o, 0, sizeof(o));
		assert_int_equal(spdk_json_decode_object(p.v, decoders, 4, &o), rows[i].rc);
		spdk_json_free_object(decoders, 4, &o);
		assert_null(o.name);
		assert_int_equal(spdk_json_decode_object_relaxed(p.v, decoders, 4, &o),
		                 rows[i].relaxed);
		spdk_json_free_object(decoders, 4, &o);
	}
	assert_int_equal(spdk_json_decode_object(NULL, decoders, 4, &o), -EINVAL);
}

static void
test_array(void **state)
{
	struct parsed p;
	uint16_t out[3] = { 0 };
	size_t n = 9;

	parse(&p, "[1,2,3]");
	assert_int_equal(spdk_json_decode_array(p.v, spdk_json_decode_uint16, out, 3, &n, 2), 0);
	assert_int_equal(n, 3);
	assert_int_equal(out[2], 3);
	assert_int_equal(spdk_json_decode_array(p.v, spdk_json_decode_uint16, out, 2, &n, 2),
	                 -ENOSPC);
	assert_int_equal(n, 2);
	parse(&p, "[1,65536]");
	assert_int_equal(spdk_json_decode_array(p.v, spdk_json_decode_uint16, out, 3, &n, 2),
	                 -ERANGE);
	assert_int_equal(n, 1);
	parse(&p, "{}");
	assert_int_equal(spdk_json_decode_array(p.v, spdk_json_decode_uint16, out, 3, &n, 2),
	                 -EINVAL);
	assert_int_equal(n, 0);
}

static void
test_find(void **state)
{
	struct parsed p;
	struct spdk_json_val *key = NULL, *val = NULL;

	parse(&p, "{\"a\":{\"b\":1},\"b\":\"x\",\"c\":[1,[2],3],\"d\":1,\"d\":2}");
	assert_int_equal(spdk_json_find_string(p.v, "b", &key, &val), 0);
	assert_true(spdk_json_strequal(val, "x"));
	assert_ptr_equal(val, key + 1);
	assert_int_equal(spdk_json_find_array(p.v, "b", NULL, NULL), -EDOM);
	assert_int_equal(spdk_json_find(p.v, "e", NULL, NULL, SPDK_JSON_VAL_ANY), -ENOENT);
	assert_int_equal(spdk_json_find(p.v, "d", NULL, NULL, SPDK_JSON_VAL_ANY), -EINVAL);
	assert_int_equal(spdk_json_find(p.v + 1, "d", NULL, NULL, SPDK_JSON_VAL_ANY), -EINVAL);
	assert_int_equal(spdk_json_find(NULL, "d", NULL, NULL, SPDK_JSON_VAL_ANY), -EINVAL);
	assert_int_equal(spdk_json_find_array(p.v, "c", NULL, &val), 0);
	assert_int_equal(spdk_json_array_count(val), 3);
	val = spdk_json_array_first(val);
	val = spdk_json_next(val);
	assert_int_equal(val->type, SPDK_JSON_VAL_ARRAY_BEGIN);
	val = spdk_json_next(val);
	assert_memory_equal(val->start, "3", 1);
	assert_null(spdk_json_next(val));
	assert_null(spdk_json_array_first(p.v));
}

static void
test_next_name(void **state)
{
	static const char *const names[] = { "a", "bb", "c" };
	struct parsed p;
	struct spdk_json_val *name;
	size_t i = 0;

	parse(&p, "{\"a\":{\"x\":1},\"bb\":[],\"c\":null}");
	for (name = spdk_json_object_first(p.v); name != NULL; name = spdk_json_next(name)) {
		assert_true(spdk_json_strequal(name, names[i]));
		i++;
	}
	assert_int_equal(i, 3);
	assert_null(spdk_json_object_first(parse(&p, "{}")));
	assert_null(spdk_json_object_first(NULL));
}

#define MANY 70

/* More decoders than fit on the stack; and each allocation failing. */
static void
test_no_memory(void **state)
{
	struct spdk_json_object_decoder many[MANY];
	char names[MANY][4];
	struct parsed p;
	struct object o = { NULL };
	uint64_t live = env_sim_live_heap();
	size_t i;

	for (i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "%zu", i);
		many[i] = (struct spdk_json_object_decoder){
			.name = names[i],
			.offset = offsetof(struct object, name),
			.decode_func = spdk_json_decode_string,
			.optional = true,
		};
	}
	parse(&p, "{\"69\":\"x\"}");
	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	assert_int_equal(spdk_json_decode_object(p.v, many, MANY, &o), -ENOMEM);
	env_sim_fail_nth(ENV_FAULT_HEAP, 2);
	assert_int_equal(spdk_json_decode_object(p.v, many, MANY, &o), -EINVAL);
	assert_null(o.name);
	env_fault_clear();
	assert_int_equal(spdk_json_decode_object(p.v, many, MANY, &o), 0);
	assert_string_equal(o.name, "x");
	free(o.name);
	assert_int_equal(env_sim_live_heap(), live);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),   cmocka_unit_test(test_object),
		cmocka_unit_test(test_array),     cmocka_unit_test(test_find),
		cmocka_unit_test(test_next_name), cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests_name("json:value", tests, NULL, NULL);
}
