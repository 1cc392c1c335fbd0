/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Configurations: which entries run in which state, in which order; each way to be broken with its
 * line, column and reason. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/json.h"
#include "spdk/jsonrpc.h"
#include "spdk/log.h"
#include "spdk/rpc.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/subsystem.h"
#include "ut_threads.h"

static struct {
	char trace[128]; /* the methods' letters, in order */
	char log[4096];
	int rc; /* 1: no answer yet */
	struct spdk_jsonrpc_request *slow;
} g;

static void
called(char c)
{
	size_t len = strlen(g.trace);

	g.trace[len] = c;
	g.trace[len + 1] = '\0';
}

static void
ut_start(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	called('s');
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
ut_run(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	called('r');
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
ut_both(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	called('b');
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
ut_fail(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	called('f');
	rpc_error(request, -ENODEV, "the reason");
}

static void
ut_slow(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	called('w');
	g.slow = request;
}

static void
ut_params(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	assert_non_null(params);
	assert_int_equal(params->type, SPDK_JSON_VAL_OBJECT_BEGIN);
	assert_true(spdk_json_strequal(&params[2], "a\nb"));
	called('p');
	spdk_jsonrpc_send_bool_response(request, true);
}

SPDK_RPC_REGISTER("ut_start", ut_start, SPDK_RPC_STARTUP)
SPDK_RPC_REGISTER("ut_run", ut_run, SPDK_RPC_RUNTIME)
SPDK_RPC_REGISTER("ut_both", ut_both, SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME)
SPDK_RPC_REGISTER("ut_fail", ut_fail, SPDK_RPC_RUNTIME)
SPDK_RPC_REGISTER("ut_slow", ut_slow, SPDK_RPC_RUNTIME)
SPDK_RPC_REGISTER("ut_params", ut_params, SPDK_RPC_RUNTIME)

static struct spdk_subsystem ut = { .name = "ut" };
SPDK_SUBSYSTEM_REGISTER(ut)
static const char *const none[] = { NULL };

static void
take_log(int level, const char *file, const int line, const char *func, const char *format,
         va_list args)
{
	size_t len = strlen(g.log);

	vsnprintf(g.log + len, sizeof(g.log) - len, format, args);
}

static int
setup(void **state)
{
	memset(&g, 0, sizeof(g));
	ut_threads_start(1);
	set_thread(0);
	subsystem_select(none);
	spdk_rpc_set_state(SPDK_RPC_RUNTIME);
	return 0;
}

static int
teardown(void **state)
{
	ut_threads_stop();
	return 0;
}

static void
config_done(int rc, void *ctx)
{
	assert_ptr_equal(ctx, &g);
	assert_int_equal(g.rc, 1);
	g.rc = rc;
}

static int
load(const char *text, bool stop_on_error)
{
	g.rc = 1;
	g.trace[0] = '\0';
	g.log[0] = '\0';
	subsystem_load_config("f.json", text, strlen(text), config_done, &g, stop_on_error);
	poll_threads();
	return g.rc;
}

#define CONFIG(entries) "{\"subsystems\":[{\"subsystem\":\"ut\",\"config\":[" entries "]}]}"
#define M(name) "{\"method\":\"" name "\"}"

static void
test_states(void **state)
{
	static const char text[] = CONFIG(M("ut_run") ",[" M("ut_both") "," M("ut_start") "]," M(
	        "ut_run") "," M("ut_start") ",[]");

	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	assert_int_equal(load(text, true), 0);
	assert_string_equal(g.trace, "bss");
	spdk_rpc_set_state(SPDK_RPC_RUNTIME);
	assert_int_equal(load(text, true), 0);
	assert_string_equal(g.trace, "rr");
	assert_string_equal(g.log, "");
}

static void
test_params(void **state)
{
	assert_int_equal(
	        load(CONFIG("{\"params\":{\"x\":\"a\\nb\"},\"method\":\"ut_params\"}"), true), 0);
	assert_string_equal(g.trace, "p");
	assert_int_equal(load(CONFIG("{\"method\":\"log_get_level\",\"params\":null}"), true), 0);
	assert_string_equal(g.log, "");
}

static void
test_one_after_the_other(void **state)
{
	assert_int_equal(load(CONFIG(M("ut_slow") "," M("ut_run")), true), 1);
	assert_string_equal(g.trace, "w");
	spdk_jsonrpc_send_bool_response(g.slow, true);
	poll_threads();
	assert_int_equal(g.rc, 0);
	assert_string_equal(g.trace, "wr");
}

/* What may be a typing mistake is told, once of the two passes. */
static void
test_unknown_members(void **state)
{
	static const char text[] =
	        "{\"subsystems\":[{\"subsystem\":\"ut\",\n \"confg\":[" M("ut_run") "]}],\"x\":1}";

	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	assert_int_equal(load(text, true), 0);
	assert_string_equal(g.log, "");
	spdk_rpc_set_state(SPDK_RPC_RUNTIME);
	assert_int_equal(load(text, true), 0);
	assert_string_equal(g.trace, "");
	assert_string_equal(g.log, "f.json:2:34: \"x\" means nothing here and is left out\n"
	                           "f.json:2:2: \"confg\" means nothing here and is left out\n");
}

struct bad {
	const char *text;
	int rc;
	const char *log;
	const char *trace; /* what ran before */
};

static const struct bad bads[] = {
	{ "", -EINVAL, "f.json:1:1: the text is empty\n", "" },
	{ "{\n\t\"subsystems\": [\n\t}\n}", -EINVAL, "f.json:3:2: a value is expected here\n", "" },
	{ "{} x", -EINVAL, "f.json:1:4: something stands behind the configuration\n", "" },
	{ "[]", -EINVAL, "f.json:1:1: an object with \"subsystems\" is expected, not an array\n",
	  "" },
	{ "{}", -EINVAL, "f.json:1:1: \"subsystems\" with an array is missing\n", "" },
	{ "{\"subsystems\":[7]}", -EINVAL,
	  "f.json:1:16: an object with \"subsystem\" is expected, not a number\n", "" },
	{ "{\"subsystems\":[{}]}", -EINVAL, "f.json:1:16: \"subsystem\" with a name is missing\n",
	  "" },
	{ "{\"subsystems\":[\n{\"subsystem\":\"nix\",\"config\":[{}]}]}", -EINVAL,
	  "f.json:2:14: there is no subsystem 'nix' in this program\n", "" },
	{ "{\"subsystems\":[{\"subsystem\":\"ut\",\"config\":7}]}", -EINVAL,
	  "f.json:1:43: an array of methods or null is expected, not a number\n", "" },
	{ CONFIG("\n7"), -EINVAL,
	  "f.json:2:1: an object with \"method\" and \"params\" is expected, not a number\n", "" },
	{ CONFIG("\n{}"), -EINVAL, "f.json:2:1: \"method\" is missing\n", "" },
	{ CONFIG("\n{\"method\":7}"), -EINVAL, "f.json:2:11: the name of a method is expected\n",
	  "" },
	{ CONFIG("\n{\"method\":\"ut_run\",\"x\":7}"), -EINVAL,
	  "f.json:2:20: \"method\" and \"params\" are expected here, once each\n", "" },
	/* An unknown name stops it before anything has run. */
	{ CONFIG(M("ut_run") ",\n" M("nix")), -ENOENT,
	  "f.json:2:11: there is no method 'nix' in this program\n", "" },
	{ CONFIG(M("ut_run") ",\n" M("ut_fail") "," M("ut_run")), -EINVAL,
	  "f.json:2:11: ut_fail: the reason\n", "rf" },
	{ CONFIG("[" M("ut_run") ",\n[]]"), -EINVAL,
	  "f.json:2:1: an object with \"method\" and \"params\" is expected, not an array\n", "" },
};

static void
test_bad(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(bads); i++) {
		assert_int_equal(load(bads[i].text, true), bads[i].rc);
		assert_string_equal(g.log, bads[i].log);
		assert_string_equal(g.trace, bads[i].trace);
	}
}

static const struct bad ignored[] = {
	{ "{", -EINVAL, "f.json:1:2: the text ends inside a value\n", "" },
	{ CONFIG(M("ut_run") "," M("nix") "," M("ut_fail") "," M("ut_run")), 0, NULL, "rfr" },
	{ "{\"subsystems\":[{\"subsystem\":\"nix\",\"config\":[{}]},"
	  "{\"subsystem\":\"ut\",\"config\":[" M("ut_run") "]}]}",
	  0, NULL, "r" },
};

static void
test_go_on(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(ignored); i++) {
		assert_int_equal(load(ignored[i].text, false), ignored[i].rc);
		assert_string_equal(g.trace, ignored[i].trace);
		assert_string_not_equal(g.log, "");
	}
}

static void
test_nothing_to_do(void **state)
{
	assert_int_equal(
	        load("// nothing\n{\"subsystems\":[{\"subsystem\":\"nix\",\"config\":null},"
	             "{\"subsystem\":\"nix\"},{\"subsystem\":\"nix\",\"config\":[]}]}\n/* end */ "
	             "// x",
	             true),
	        0);
	g.rc = 1;
	spdk_subsystem_load_config(NULL, 0, config_done, &g, true);
	assert_int_equal(g.rc, -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_states, setup, teardown),
		cmocka_unit_test_setup_teardown(test_params, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_members, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_after_the_other, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
		cmocka_unit_test_setup_teardown(test_go_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_to_do, setup, teardown),
	};

	spdk_log_open(take_log);
	return cmocka_run_group_tests_name("init:config", tests, NULL, NULL);
}
