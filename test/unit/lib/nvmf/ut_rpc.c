/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* nvmf_get_subsystems and the configuration of a target, in pieces, while subsystems come and go
 * between the pieces by way of the library: what stays is listed exactly once, whole, in its order;
 * nothing that is gone is touched; and the text is JSON. */

#include "ut_nvmf.h"

#include "spdk/json.h"
#include "spdk/rpc.h"
#include "spdk_internal/jsonrpc.h"
#include "spdk_internal/nvmf.h"
#include "spdk_internal/rpc.h"
#include "spdk_internal/rpc_pieces.h"

#define NUM 60
#define HOSTS 40 /* of each: more than a piece has */
#define TEXT_MAX (1024 * 1024)

static const struct bdev_traits g_durable = { .atomic_blocks = 8 };

static struct {
	struct spdk_nvmf_tgt *tgt; /* "walk", beside that of ut_nvmf.c */
	struct spdk_nvmf_subsystem *s[NUM];
	uint32_t answers;
	size_t len;
	char text[TEXT_MAX];
} g;

static const char *
nqn_of(uint32_t i)
{
	static char nqn[SPDK_NVMF_NQN_MAX_LEN + 1];

	snprintf(nqn, sizeof(nqn), "nqn.2026-01.io.basalt:walk%03u", i);
	return nqn;
}

static struct spdk_nvmf_subsystem *
create(uint32_t i)
{
	struct spdk_nvmf_subsystem *s =
	        spdk_nvmf_subsystem_create_ext(g.tgt, nqn_of(i), SPDK_NVMF_SUBTYPE_NVME, NULL);
	char host[64];
	uint32_t k;

	assert_non_null(s);
	for (k = 0; k < HOSTS; k++) {
		snprintf(host, sizeof(host), "nqn.2026-01.io.basalt:host%03u", k);
		assert_int_equal(spdk_nvmf_subsystem_add_host(s, host, NULL), 0);
	}
	return s;
}

static void
destroy(uint32_t i)
{
	assert_int_equal(spdk_nvmf_subsystem_destroy(g.s[i], NULL, NULL), 0);
	g.s[i] = NULL;
}

static int
setup(void **state)
{
	struct spdk_nvmf_target_opts opts = { .size = sizeof(opts),
		                              .name = "walk",
		                              .max_subsystems = NUM };
	uint32_t i;

	memset(&g, 0, sizeof(g));
	ut_start(&g_durable);
	set_thread(0);
	spdk_rpc_set_state(SPDK_RPC_RUNTIME);
	g.tgt = spdk_nvmf_tgt_create(&opts);
	assert_non_null(g.tgt);
	for (i = 0; i < NUM; i++) {
		g.s[i] = create(i);
	}
	return 0;
}

static int
teardown(void **state)
{
	uint32_t i;

	set_thread(0);
	for (i = 0; i < NUM; i++) {
		if (g.s[i] != NULL) {
			destroy(i);
		}
	}
	spdk_nvmf_tgt_destroy(g.tgt, NULL, NULL);
	poll_threads();
	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	ut_stop();
	return 0;
}

static void
answered(void *ctx, const struct jsonrpc_answer *answer)
{
	assert_int_equal(answer->error_code, 0);
	assert_in_range(answer->text_len_bytes, 1, TEXT_MAX - 1);
	g.answers++;
	memcpy(g.text, answer->text, answer->text_len_bytes + 1);
}

static void
call_with(const char *method, const char *params_text)
{
	const struct spdk_json_val name = { .start = (void *)(uintptr_t)method,
		                            .len = (uint32_t)strlen(method),
		                            .type = SPDK_JSON_VAL_STRING };
	static char text[256];
	static struct spdk_json_val params[8]; /* lives as long as the request */

	snprintf(text, sizeof(text), "%s", params_text);
	assert_in_range(spdk_json_parse(text, strlen(text), params, 8, NULL,
	                                SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE),
	                4, 8);
	assert_int_equal(jsonrpc_local_call(rpc_dispatch, &name, params, answered, NULL), 0);
}

static void
call(const char *method)
{
	call_with(method, "{\"tgt_name\":\"walk\"}");
}

static uint32_t
count(const char *what)
{
	const char *at = g.text;
	uint32_t num = 0;

	while ((at = strstr(at, what)) != NULL) {
		num++;
		at++;
	}
	return num;
}

static uint32_t
listed(uint32_t i)
{
	char member[300];

	snprintf(member, sizeof(member), "{\"nqn\":\"%s\",", nqn_of(i));
	return count(member);
}

static void
check_json(const char *text)
{
	assert_true(spdk_json_parse((void *)(uintptr_t)text, strlen(text), NULL, 0, NULL, 0) > 0);
}

/* All, whole: more than a slice, so it takes several steps. */
static void
test_all(void **state)
{
	uint32_t i, steps;

	call("nvmf_get_subsystems");
	for (steps = 0; g.answers == 0; steps++) {
		assert_in_range(steps, 0, 1000);
		poll_thread(0);
	}
	assert_in_range(steps, 5, 1000);
	for (i = 0; i < NUM; i++) {
		assert_int_equal(listed(i), 1);
	}
	assert_int_equal(count("basalt:host039"), NUM);
	assert_int_equal(count("basalt:host000"), NUM);
	check_json(g.text);
}

struct gone {
	uint32_t steps; /* before */
	uint32_t first, step;
};

/* Those before, at and behind where it stands go, or all. */
static void
check_gone(const struct gone *gone)
{
	uint32_t i;

	call("nvmf_get_subsystems");
	poll_thread_times(0, gone->steps);
	assert_int_equal(g.answers, 0);
	for (i = gone->first; i < NUM; i += gone->step) {
		destroy(i);
	}
	while (g.answers == 0) {
		assert_true(poll_thread(0));
	}
	check_json(g.text);
	for (i = 0; i < NUM; i++) {
		assert_in_range(listed(i), g.s[i] != NULL ? 1 : 0, 1);
	}
	/* Each that stayed has all of its hosts. */
	assert_true(count("basalt:host039") >= count("\"namespaces\":"));
}

static void
test_every_third_goes(void **state)
{
	check_gone(&(struct gone){ .steps = 3, .first = 0, .step = 3 });
	assert_int_equal(listed(NUM - 3), 0);
}

static void
test_all_go(void **state)
{
	check_gone(&(struct gone){ .steps = 2, .first = 0, .step = 1 });
	assert_int_equal(listed(NUM - 1), 0);
}

/* A new one in the place of the one at hand is another one. */
static void
test_come_again(void **state)
{
	uint32_t i;

	call("nvmf_get_subsystems");
	poll_thread_times(0, 3);
	for (i = 0; i < NUM; i++) {
		destroy(i);
		g.s[i] = create(i);
	}
	while (g.answers == 0) {
		assert_true(poll_thread(0));
	}
	check_json(g.text);
	assert_int_equal(listed(NUM - 1), 1);
	for (i = 0; i < NUM; i++) {
		assert_in_range(listed(i), 1, 2); /* the old one, too, if it was written */
	}
}

static int
append(void *ctx, const void *data, size_t size)
{
	assert_in_range(g.len + size, 0, TEXT_MAX - 1);
	memcpy(g.text + g.len, data, size);
	g.len += size;
	g.text[g.len] = '\0';
	return 0;
}

/* The configuration: at once, and in slices between which subsystems go. */
static void
test_config(void **state)
{
	struct spdk_json_write_ctx *w = spdk_json_write_begin(append, NULL, 0);
	struct rpc_pieces *pieces = nvmf_tgt_config_pieces(g.tgt);
	uint32_t i;

	spdk_json_write_array_begin(w);
	assert_true(rpc_write_slice(w, pieces));
	for (i = 0; i < NUM; i += 2) {
		destroy(i);
	}
	rpc_write_pieces(w, pieces);
	spdk_json_write_array_end(w);
	assert_int_equal(spdk_json_write_end(w), 0);
	check_json(g.text);
	assert_in_range(count("nvmf_create_subsystem"), NUM / 2, NUM);
	assert_int_equal(listed(NUM - 1), 1 + HOSTS);
	assert_int_equal(listed(NUM - 2), 0);
	assert_int_equal(count("nvmf_set_crdt"), 1);

	g.len = 0;
	w = spdk_json_write_begin(append, NULL, 0);
	spdk_json_write_array_begin(w);
	spdk_nvmf_tgt_write_config_json(w, g.tgt);
	spdk_json_write_array_end(w);
	assert_int_equal(spdk_json_write_end(w), 0);
	assert_int_equal(count("nvmf_create_subsystem"), NUM / 2);
	assert_int_equal(count("nvmf_subsystem_add_host"), NUM / 2 * HOSTS);
}

/* Who was connected when it was asked is listed, also when the connections go before it is written.
 */
static void
check_connected(const char *method, uint32_t num, const char *member)
{
	memset(&g, 0, sizeof(g));
	ut_begin(&g_durable, 0);
	set_thread(0);
	spdk_rpc_set_state(SPDK_RPC_RUNTIME);
	call_with(method, "{\"nqn\":\"" UT_NQN "\"}");
	/* The group's visit, and back: what is listed is copied, and nothing of it written. */
	poll_thread(1);
	poll_thread(0);
	assert_int_equal(g.answers, 0);
	set_thread(1);
	ut_end();
	assert_int_equal(g.answers, 1);
	check_json(g.text);
	assert_int_equal(count("{\"cntlid\":"), num);
	assert_int_equal(count("\"hostnqn\":\"" UT_HOST "\""), num);
	assert_int_equal(count(member), 1);
	spdk_rpc_set_state(SPDK_RPC_STARTUP);
}

static void
test_controllers(void **state)
{
	check_connected("nvmf_subsystem_get_controllers", 1, "\"num_io_qpairs\":1}");
}

static void
test_qpairs(void **state)
{
	check_connected("nvmf_subsystem_get_qpairs", 2, "\"qid\":1,\"state\":\"enabled\"");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_all),
		T(test_every_third_goes),
		T(test_all_go),
		T(test_come_again),
		T(test_config),
		cmocka_unit_test(test_controllers),
		cmocka_unit_test(test_qpairs),
	};

	return cmocka_run_group_tests_name("nvmf_rpc", tests, NULL, NULL);
}
