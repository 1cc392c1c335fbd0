/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The decoder of tables: each type at its borders, each way to be wrong, each allocation failing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk/uuid.h"
#include "spdk_internal/env_sim.h"

#include "rpc_internal.h"

struct inner {
	char *host;
	uint16_t port;
};

struct all {
	bool b;
	int32_t i32;
	int32_t small;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	bool u32_given;
	uint64_t u64;
	char *s;
	char *key;
	struct spdk_uuid uuid;
	int32_t color;
	uint32_t mask;
	struct inner inner;
	struct rpc_array names;
	struct rpc_array portals;
	const struct spdk_json_val *rest;
};

static const struct rpc_enum_value colors[] = { { "red", 1 }, { "blue", 7 }, { NULL } };
static const struct rpc_enum_value bits[] = { { "x", 0 }, { "y", 5 }, { NULL } };

static const struct rpc_param inner_params[] = {
	RPC_PARAM(struct inner, host, RPC_STRING, .required = true, .min = 1, .max = 8),
	RPC_PARAM(struct inner, port, RPC_UINT16, .dflt = "4420", .min = 1),
};
static const struct rpc_object inner_object = { inner_params, SPDK_COUNTOF(inner_params),
	                                        sizeof(struct inner) };

static const struct rpc_param all_params[] = {
	RPC_PARAM(struct all, b, RPC_BOOL, .dflt = "true"),
	RPC_PARAM(struct all, i32, RPC_INT32),
	RPC_PARAM(struct all, small, RPC_INT32, .min = (uint64_t)-1, .max = 3),
	RPC_PARAM(struct all, u8, RPC_UINT8),
	RPC_PARAM(struct all, u16, RPC_UINT16, .min = 10, .max = 20, .unit = "us"),
	RPC_PARAM(struct all, u32, RPC_UINT32, .dflt = "9", RPC_GIVEN(struct all, u32_given)),
	RPC_PARAM(struct all, u64, RPC_UINT64),
	RPC_PARAM(struct all, s, RPC_STRING, .required = true),
	RPC_PARAM(struct all, key, RPC_STRING, .secret = true, .max = 3),
	RPC_PARAM(struct all, uuid, RPC_UUID),
	RPC_PARAM(struct all, color, RPC_ENUM, .values = colors, .dflt = "\"blue\""),
	RPC_PARAM(struct all, mask, RPC_BITMASK, .values = bits),
	RPC_PARAM(struct all, inner, RPC_OBJECT, .object = &inner_object),
	RPC_PARAM(struct all, names, RPC_ARRAY, .element = RPC_STRING, .max = 2),
	RPC_PARAM(struct all, portals, RPC_ARRAY, .element = RPC_OBJECT, .object = &inner_object),
	RPC_PARAM(struct all, rest, RPC_JSON),
};

static const struct rpc_method all_method = {
	.name = "all",
	RPC_PARAMS(struct all, all_params),
	.decode_code = -7,
	.unknown_code = -8,
};
static const struct rpc_method plain_method = { .name = "plain",
	                                        RPC_PARAMS(struct inner, inner_params) };
static const struct rpc_method no_params_method = { .name = "none" };
static const struct rpc_method careless_method = { .name = "careless", .ignores_params = true };

static struct {
	const struct rpc_method *method;
	void (*check)(const struct all *all);
	int rc;
	struct rpc_decode_error error;
} g;

static void
decode_handler(struct spdk_jsonrpc_request *request, const struct spdk_json_val *method,
               const struct spdk_json_val *params)
{
	void *out = (void *)1;

	g.rc = rpc_decode(request, g.method, params, &out, &g.error);
	if (g.rc == 0) {
		assert_int_equal(out != NULL, g.method->num_params > 0);
		if (g.check != NULL) {
			g.check(out);
		}
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
nothing_done(void *ctx, const struct jsonrpc_answer *answer)
{
}

/* Decode \p text for \p method; g.rc and g.error say how it went. -ENOMEM: it did not even start.
 */
static int
decode(const struct rpc_method *method, const char *text)
{
	char *copy = NULL;
	struct spdk_json_val v[256],
	        name = { .start = "m", .len = 1, .type = SPDK_JSON_VAL_STRING };
	char buf[2048];
	int rc;

	g.method = method;
	g.rc = 1;
	memset(&g.error, 0, sizeof(g.error));
	if (text != NULL) {
		snprintf(buf, sizeof(buf), "%s", text);
		copy = buf;
		assert_in_range(spdk_json_parse(copy, strlen(copy), v, SPDK_COUNTOF(v), NULL,
		                                SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE),
		                1, SPDK_COUNTOF(v));
	}
	rc = jsonrpc_local_call(decode_handler, &name, text != NULL ? v : NULL, nothing_done, NULL);
	return rc != 0 ? rc : g.rc;
}

static void
check_defaults(const struct all *a)
{
	assert_true(a->b);
	assert_int_equal(a->i32, 0);
	assert_int_equal(a->u32, 9);
	assert_false(a->u32_given);
	assert_string_equal(a->s, "");
	assert_null(a->key);
	assert_int_equal(a->color, 7);
	assert_int_equal(a->names.count, 0);
	assert_null(a->rest);
}

static void
check_all(const struct all *a)
{
	const struct inner *portals = a->portals.items;
	char **names = a->names.items;
	char uuid[SPDK_UUID_STRING_LEN];

	assert_false(a->b);
	assert_int_equal(a->i32, INT32_MIN);
	assert_int_equal(a->small, -1);
	assert_int_equal(a->u8, 255);
	assert_int_equal(a->u16, 10);
	assert_true(a->u32_given);
	assert_true(a->u64 == UINT64_MAX);
	assert_string_equal(a->s, "a\nb");
	assert_string_equal(a->key, "xyz");
	spdk_uuid_fmt_lower(uuid, sizeof(uuid), &a->uuid);
	assert_string_equal(uuid, "01234567-89ab-cdef-0123-456789abcdef");
	assert_int_equal(a->color, 1);
	assert_int_equal(a->mask, 33);
	assert_string_equal(a->inner.host, "h");
	assert_int_equal(a->inner.port, 4420);
	assert_int_equal(a->names.count, 2);
	assert_string_equal(names[1], "n2");
	assert_int_equal(a->portals.count, 2);
	assert_int_equal(portals[0].port, 1);
	assert_int_equal(portals[1].port, 4420);
	assert_int_equal(a->rest->type, SPDK_JSON_VAL_OBJECT_BEGIN);
}

static const char full[] =
        "{\"b\":false,\"i32\":-2147483648,\"small\":-1,\"u8\":255,\"u16\":1e1,\"u32\":0,"
        "\"u64\":18446744073709551615,\"s\":\"a\\nb\",\"key\":\"xyz\","
        "\"uuid\":\"01234567-89ab-cdef-0123-456789abcdef\",\"color\":\"red\",\"mask\":[\"y\",\"x\"]"
        ","
        "\"inner\":{\"host\":\"h\"},\"names\":[\"n1\",\"n2\"],"
        "\"portals\":[{\"host\":\"p\",\"port\":1},{\"host\":\"q\"}],\"rest\":{\"z\":null}}";

static void
test_good(void **state)
{
	g.check = check_defaults;
	assert_int_equal(decode(&all_method, "{\"s\":\"\"}"), 0);
	g.check = check_all;
	assert_int_equal(decode(&all_method, full), 0);
	g.check = NULL;
	assert_int_equal(decode(&no_params_method, NULL), 0);
	assert_int_equal(decode(&careless_method, "{\"x\":1}"), 0);
}

struct bad {
	const struct rpc_method *method;
	const char *text;
	int code;
	const char *error;
};

#define ALL(key, value) &all_method, "{\"s\":\"\",\"" key "\":" value "}", -7
#define OF(key) "parameter '" key "' of all: "

static const struct bad bads[] = {
	{ &all_method, NULL, -7, "parameter 's' of all is missing: a string is expected" },
	{ &all_method, "{}", -7, "parameter 's' of all is missing: a string is expected" },
	{ &all_method, "[]", -7,
	  "all takes its parameters by name, in an object; an array was given" },
	{ &all_method, "{\"s\":\"\",\"sx\":1}", -8,
	  "parameter 'sx' is not known to all, which takes: b, i32, small, u8, u16, u32, u64, s, "
	  "key, "
	  "uuid, color, mask, inner, names, portals, rest" },
	{ &all_method, "{\"s\":\"\",\"s\":\"\"}", -7, "parameter 's' of all is given twice" },
	{ &all_method, "{\"s\":null}", -7, OF("s") "null was given, a string is expected" },
	{ &all_method, "{\"s\":\"a\\u0000b\"}", -7,
	  OF("s") "a string with a NUL in it was given, a string is expected" },
	{ &all_method, "{\"s\\u0000x\":\"\",\"s\":\"\"}", -8, NULL },
	{ ALL("b", "1"), OF("b") "1 was given, true or false is expected" },
	{ ALL("b", "\"true\""), OF("b") "\"true\" was given, true or false is expected" },
	{ ALL("i32", "2147483648"),
	  OF("i32") "2147483648 was given, a whole number from -2147483648 "
	            "to 2147483647 is expected" },
	{ ALL("i32", "true"), OF("i32") "true was given, a whole number from -2147483648 to "
	                                "2147483647 is expected" },
	{ ALL("small", "-2"), OF("small") "-2 was given, a whole number from -1 to 3 is expected" },
	{ ALL("small", "4"), OF("small") "4 was given, a whole number from -1 to 3 is expected" },
	{ ALL("u8", "256"), OF("u8") "256 was given, a whole number from 0 to 255 is expected" },
	{ ALL("u8", "-1"), OF("u8") "-1 was given, a whole number from 0 to 255 is expected" },
	{ ALL("u8", "1.5"), OF("u8") "1.5 was given, a whole number from 0 to 255 is expected" },
	{ ALL("u8", "\"1\""),
	  OF("u8") "\"1\" was given, a whole number from 0 to 255 is expected" },
	{ ALL("u8", "[]"), OF("u8") "an array of 0 was given, a whole number from 0 to 255 is "
	                            "expected" },
	{ ALL("u16", "9"), OF("u16") "9 was given, a whole number from 10 to 20 (us) is expected" },
	{ ALL("u16", "21"), OF("u16") "21 was given, a whole number from 10 to 20 (us) is "
	                              "expected" },
	{ ALL("u64", "18446744073709551616"), OF("u64") "18446744073709551616 was given, a whole "
	                                                "number from 0 to 18446744073709551615 is "
	                                                "expected" },
	{ ALL("key", "\"wxyz\""), OF("key") "a string was given, a string of at most 3 bytes is "
	                                    "expected" },
	{ ALL("key", "1234"), OF("key") "a number was given, a string of at most 3 bytes is "
	                                "expected" },
	{ ALL("uuid", "\"0\""),
	  OF("uuid") "\"0\" was given, a UUID (8-4-4-4-12 hexadecimal digits) "
	             "is expected" },
	{ ALL("color", "\"green\""), OF("color") "\"green\" was given, one of red, blue is "
	                                         "expected" },
	{ ALL("color", "1"), OF("color") "1 was given, one of red, blue is expected" },
	{ ALL("mask", "\"x\""), OF("mask") "\"x\" was given, an array of names out of x, y is "
	                                   "expected" },
	{ ALL("mask", "[\"z\"]"), OF("mask") "\"z\" was given, an array of names out of x, y is "
	                                     "expected" },
	{ ALL("inner", "1"), OF("inner") "1 was given, an object is expected" },
	{ ALL("inner", "{}"),
	  "parameter 'inner.host' of all is missing: a string of 1 to 8 bytes is "
	  "expected" },
	{ &all_method, "{\"s\":\"\",\"inner\":{\"hots\":1}}", -8,
	  "parameter 'inner.hots' is not known to all, which takes: host, port" },
	{ ALL("names", "[\"a\",7]"), OF("names[1]") "7 was given, a string is expected" },
	{ ALL("names", "[\"a\",\"b\",\"c\"]"),
	  OF("names") "an array of 3 was given, an array of at most 2 elements (each a string) is "
	              "expected" },
	{ ALL("portals", "[{\"host\":\"a\"},{\"host\":\"a\",\"port\":0}]"),
	  OF("portals[1].port") "0 was given, a whole number from 1 to 65535 is expected" },
	{ &plain_method, "{}", -32603, NULL },
	{ &no_params_method, "{}", -32602, "none takes no parameters" },
	{ &no_params_method, "{\"a\":1}", -32602, "none takes no parameters" },
};

static void
test_bad(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(bads); i++) {
		assert_int_equal(decode(bads[i].method, bads[i].text), -EINVAL);
		assert_int_equal(g.error.code, bads[i].code);
		if (bads[i].error != NULL) {
			assert_string_equal(g.error.text, bads[i].error);
		}
	}
}

/* What is too long for a message is cut, not overrun. */
static void
test_long(void **state)
{
	char text[2000];

	snprintf(text, sizeof(text), "{\"s\":\"\",\"color\":\"%0500d\"}", 7);
	assert_int_equal(decode(&all_method, text), -EINVAL);
	assert_non_null(strstr(g.error.text, "000...\" was given"));
	snprintf(text, sizeof(text), "{\"s\":\"\",\"%0500d\":1}", 7);
	assert_int_equal(decode(&all_method, text), -EINVAL);
	assert_in_range(strlen(g.error.text), 64, 300);
}

/* Cut between characters: 39 bytes are shown, not 40. */
static void
test_long_utf8(void **state)
{
	assert_int_equal(decode(&all_method,
	                        "{\"s\":\"\",\"color\":\"012345678901234567890123456789012345678"
	                        "\xc3\xa9t\xc3\xa9\"}"),
	                 -EINVAL);
	assert_non_null(strstr(g.error.text, "345678...\" was given"));
}

/* The n-th allocation fails: -ENOMEM, and nothing is left. */
static void
test_no_memory(void **state)
{
	uint64_t live = env_sim_live_heap(), n;
	int rc = -ENOMEM;

	g.check = check_all;
	for (n = 1; rc == -ENOMEM && n < 100; n++) {
		env_sim_fail_nth(ENV_FAULT_HEAP, n);
		rc = decode(&all_method, full);
		env_fault_clear();
		assert_int_equal(env_sim_live_heap(), live);
		if (g.rc == -ENOMEM) {
			assert_int_equal(g.error.code, -ENOMEM);
			assert_string_equal(g.error.text, "all: no memory for the parameters");
		}
	}
	assert_int_equal(rc, 0);
	assert_in_range(n, 12, 40); /* the request, and each string, array and default */
	g.check = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),      cmocka_unit_test(test_bad),
		cmocka_unit_test(test_long),      cmocka_unit_test(test_long_utf8),
		cmocka_unit_test(test_no_memory),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("rpc:decode", tests, NULL, NULL);
}
