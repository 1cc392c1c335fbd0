/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* From a name to a handler: states, allow-list, registered methods, aliases, and the answers of the
 * methods about methods and about the log. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/json.h"
#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/jsonrpc.h"
#include "spdk_internal/rpc.h"

#define ANSWER_ROOM (2 * 1024 * 1024)

static struct {
	int calls;
	int code;
	char answer[ANSWER_ROOM];
} g;

static void
done(void *ctx, const struct jsonrpc_answer *answer)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":";

	g.calls++;
	g.code = answer->error_code;
	if (answer->error_code != 0) {
		snprintf(g.answer, sizeof(g.answer), "%s", answer->message);
	} else {
		assert_memory_equal(answer->text, head, sizeof(head) - 1);
		assert_in_range(answer->text_len_bytes, sizeof(head), ANSWER_ROOM);
		snprintf(g.answer, sizeof(g.answer), "%.*s",
		         (int)(answer->text_len_bytes - sizeof(head)),
		         answer->text + sizeof(head) - 1);
	}
}

/* The result as JSON, or the text of the error with its code in g.code. */
static const char *
call(const char *method, const char *params)
{
	struct spdk_json_val name = {
		.start = (void *)(uintptr_t)method,
		.len = (uint32_t)strlen(method),
		.type = SPDK_JSON_VAL_STRING,
	};
	struct spdk_json_val v[64];
	char buf[512];

	if (params != NULL) {
		snprintf(buf, sizeof(buf), "%s", params);
		assert_in_range(spdk_json_parse(buf, strlen(buf), v, 64, NULL,
		                                SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE),
		                1, 64);
	}
	g.calls = 0;
	assert_int_equal(
	        jsonrpc_local_call(rpc_dispatch, &name, params != NULL ? v : NULL, done, NULL), 0);
	assert_int_equal(g.calls, 1);
	return g.answer;
}

static void
outside_method(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	spdk_jsonrpc_send_bool_response(request, params == NULL);
}

static int
setup(void **state)
{
	spdk_rpc_set_state(SPDK_RPC_RUNTIME);
	return 0;
}

struct row {
	const char *method;
	const char *params;
	int code;
	const char *answer; /* NULL: any */
};

static const struct row rows[] = {
	{ "log_set_level", "{\"level\":\"DEBUG\"}", 0, "true" },
	{ "log_get_level", NULL, 0, "\"DEBUG\"" },
	{ "log_set_level", "{\"level\":\"debug\"}", -32603,
	  "parameter 'level' of log_set_level: \"debug\" was given, one of ERROR, WARNING, NOTICE, "
	  "INFO, DEBUG is expected" },
	{ "log_set_level", "{\"level\":\"NOTICE\"}", 0, "true" },
	{ "log_set_level", NULL, -32603, NULL },
	{ "log_get_level", "{}", -32602, "log_get_level takes no parameters" },
	{ "log_get_level", NULL, 0, "\"NOTICE\"" },
	{ "log_get_print_level", NULL, 0, "\"DISABLED\"" },
	{ "log_set_flag", "{\"flag\":\"nix\"}", -32602,
	  "there is no log flag 'nix'; log_get_flags lists them" },
	{ "log_clear_flag", "{\"flag\":\"nix\"}", -32602,
	  "there is no log flag 'nix'; log_get_flags lists them" },
	{ "log_enable_timestamps", "{\"enabled\":true}", 0, "true" },
	{ "log_enable_timestamps", "{\"enabled\":1}", -32602, NULL },
	{ "rpc_get_methods", "{\"current\":1}", -32602, NULL },
	{ "rpc_get_methods", "{\"nix\":1}", -32602, NULL },
	{ "nix", NULL, -32601,
	  "Method not found: there is no 'nix' in this program; rpc_get_methods lists what there "
	  "is" },
	{ "", NULL, -32601, NULL },
	{ "spdk_get_version", NULL, 0,
	  "{\"version\":\"SPDK v26.09-pre\",\"fields\":{\"major\":26,\"minor\":9,\"patch\":0,"
	  "\"suffix\":\"-pre\",\"commit\":\"\"}}" },
};

static void
test_rows(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		call(rows[i].method, rows[i].params);
		assert_int_equal(g.code, rows[i].code);
		if (rows[i].answer != NULL) {
			assert_string_equal(g.answer, rows[i].answer);
		}
	}
}

/* A name with a NUL in it is no other name, and nothing behind its text is read. */
static void
test_name_with_nul(void **state)
{
	static char name[200 * 1024] = "log_get_level";
	struct spdk_json_val val = { .start = name, .type = SPDK_JSON_VAL_STRING };
	static const uint32_t lens[] = { 14, 15, sizeof(name) };
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(lens); i++) {
		val.len = lens[i];
		g.calls = 0;
		assert_int_equal(jsonrpc_local_call(rpc_dispatch, &val, NULL, done, NULL), 0);
		assert_int_equal(g.calls, 1);
		assert_int_equal(g.code, -32601);
	}
}

static void
test_states(void **state)
{
	uint32_t mask;

	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	assert_int_equal(spdk_rpc_get_state(), SPDK_RPC_STARTUP);
	call("log_enable_timestamps", "{\"nix\":1}"); /* the state comes before the parameters */
	assert_int_equal(g.code, -1);
	assert_string_equal(g.answer,
	                    "log_enable_timestamps may only be called after framework_start_init");
	assert_null(strstr(call("rpc_get_methods", "{\"current\":true}"), "log_enable_timestamps"));
	assert_non_null(strstr(call("rpc_get_methods", NULL), "\"log_enable_timestamps\""));
	assert_int_equal(spdk_rpc_get_method_state_mask("log_enable_timestamps", &mask), 0);
	assert_int_equal(mask, SPDK_RPC_RUNTIME);
	assert_int_equal(spdk_rpc_get_method_state_mask("nix", &mask), -ENOENT);
	assert_int_equal(spdk_rpc_is_method_allowed("log_enable_timestamps", SPDK_RPC_STARTUP),
	                 -EPERM);
	assert_int_equal(spdk_rpc_is_method_allowed("log_enable_timestamps", SPDK_RPC_RUNTIME), 0);
}

static void
test_registered(void **state)
{
	spdk_rpc_register_method("ut_outside", outside_method, SPDK_RPC_STARTUP);
	spdk_rpc_register_alias_deprecated("ut_outside", "ut_old");
	spdk_rpc_register_alias_deprecated("log_get_level", "ut_get_level");
	assert_true(spdk_rpc_verify_methods());
	call("ut_outside", NULL);
	assert_int_equal(g.code, -1);
	assert_string_equal(g.answer, "ut_outside may only be called before framework_start_init "
	                              "(start with --wait-for-rpc)");
	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	assert_string_equal(call("ut_outside", NULL), "true");
	assert_string_equal(call("ut_old", "{}"), "false");
	assert_string_equal(call("ut_get_level", NULL), "\"NOTICE\"");
	assert_null(strstr(call("rpc_get_methods", NULL), "ut_old"));
	assert_non_null(
	        strstr(call("rpc_get_methods", "{\"include_aliases\":true}"), "\"ut_old\""));
	assert_non_null(
	        strstr(call("rpc_get_schema", NULL),
	               "{\"name\":\"ut_outside\",\"states\":[\"STARTUP\"],\"opaque\":true}"));
}

static void
test_allowlist(void **state)
{
	const char *list[] = { "log_get_level", "rpc_get_methods", NULL };

	spdk_rpc_set_allowlist(list);
	assert_string_equal(call("log_get_level", NULL), "\"NOTICE\"");
	call("spdk_get_version", NULL);
	assert_int_equal(g.code, -32601);
	assert_string_equal(call("rpc_get_methods", NULL),
	                    "[\"rpc_get_methods\",\"log_get_level\"]");
	assert_int_equal(spdk_rpc_is_method_allowed("spdk_get_version", SPDK_RPC_RUNTIME), -ENOENT);
	spdk_rpc_set_allowlist(NULL);
	call("spdk_get_version", NULL);
	assert_int_equal(g.code, 0);
}

static const struct {
	const char *part;
} schema_parts[] = {
	{ "{\"name\":\"rpc_get_methods\",\"states\":[\"STARTUP\",\"RUNTIME\"],\"role\":"
	  "\"observe\"" },
	{ "{\"kind\":\"option\",\"short\":\"-c\",\"long\":\"--current\",\"dest\":\"current\","
	  "\"action\":\"store_true\",\"required\":false,\"default\":false,\"param\":\"current\"" },
	{ "{\"kind\":\"positional\",\"dest\":\"level\",\"action\":\"store\",\"type\":\"str\","
	  "\"required\":true,\"choices\":[\"ERROR\",\"WARNING\",\"NOTICE\",\"INFO\",\"DEBUG\"],"
	  "\"param\":\"level\"" },
	{ "\"long\":\"--timestamps\",\"long_other\":[\"--no-timestamps\"],\"dest\":\"enabled\","
	  "\"action\":\"boolean_optional\",\"required\":true,\"param\":\"enabled\"" },
};

static void
test_schema(void **state)
{
	const char *schema = call("rpc_get_schema", NULL);
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(schema_parts); i++) {
		assert_non_null(strstr(schema, schema_parts[i].part));
	}
}

/* The last: it leaves the registry marked as broken. */
static void
test_bad_registrations(void **state)
{
	assert_true(spdk_rpc_verify_methods());
	spdk_rpc_register_method("log_get_level", outside_method, SPDK_RPC_STARTUP);
	assert_false(spdk_rpc_verify_methods());
	assert_string_equal(call("log_get_level", NULL), "\"NOTICE\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_rows, setup),
		cmocka_unit_test_setup(test_name_with_nul, setup),
		cmocka_unit_test_setup(test_states, setup),
		cmocka_unit_test_setup(test_registered, setup),
		cmocka_unit_test_setup(test_allowlist, setup),
		cmocka_unit_test_setup(test_schema, setup),
		cmocka_unit_test_setup(test_bad_registrations, setup),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("rpc:dispatch", tests, NULL, NULL);
}
