/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Long answers: a slice in each step and never more, one answer after the other, changes and what
 * a connection sends behind one in their order, and connections that go away meanwhile. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/init.h"
#include "spdk/json.h"
#include "spdk/rpc.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/json.h"
#include "spdk_internal/jsonrpc.h"
#include "spdk_internal/rpc.h"
#include "spdk_internal/rpc_pieces.h"
#include "ut_threads.h"

#define ADDR "/sim/pieces"
#define ROOM (256 * 1024)
#define TEXT_LEN 1000 /* of a piece, quotes and comma not counted */

/* What happened, a letter each: C the change, N the quick method, E the end of a long answer. */
static struct {
	char log[64];
	uint32_t pieces; /* written since the last look */
	uint32_t live;   /* long answers that have not ended */
	uint32_t num;    /* pieces of the next long answer */
	uint32_t fail_at;
	bool empty;
} g;

static void
note(char c)
{
	size_t len = strlen(g.log);

	assert_in_range(len, 0, sizeof(g.log) - 2);
	g.log[len] = c;
	g.log[len + 1] = '\0';
}

struct texts {
	struct rpc_pieces pieces;
	uint32_t left;
};

static bool
texts_next(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct texts *t = SPDK_CONTAINEROF(pieces, struct texts, pieces);
	char text[TEXT_LEN + 1];

	if (t->left == 0) {
		return false;
	}
	g.pieces++;
	if (g.fail_at != 0 && t->left == g.fail_at) {
		json_write_fail(w);
	}
	t->left--;
	memset(text, 'x', TEXT_LEN);
	text[TEXT_LEN] = '\0';
	if (!g.empty) {
		spdk_json_write_string(w, text);
	}
	return true;
}

static void
texts_end(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	spdk_json_write_array_end(w);
	note('E');
	g.live--;
}

static void
rpc_texts(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	struct texts *t = jsonrpc_request_alloc(request, sizeof(*t));
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_result(request);

	t->pieces.next = texts_next;
	t->pieces.end = texts_end;
	t->left = g.num;
	g.live++;
	spdk_json_write_array_begin(w);
	rpc_answer_in_pieces(request, w, &t->pieces);
}
SPDK_RPC_REGISTER("texts", rpc_texts, SPDK_RPC_RUNTIME)

static void
rpc_quick(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	note('N');
	spdk_jsonrpc_send_bool_response(request, true);
}
SPDK_RPC_REGISTER("quick", rpc_quick, SPDK_RPC_RUNTIME)

static void
handle_change(struct spdk_jsonrpc_request *request, void *params)
{
	note('C');
	spdk_jsonrpc_send_bool_response(request, true);
}

static const struct rpc_method g_change = {
	.name = "change",
	.states = SPDK_RPC_RUNTIME,
	.changes_config = true,
	.handler = handle_change,
};

/* As a method of a table that changes the configuration. */
static void
rpc_change(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	rpc_run(request, &g_change, NULL);
}
SPDK_RPC_REGISTER("change", rpc_change, SPDK_RPC_RUNTIME)

static int
setup(void **state)
{
	memset(&g, 0, sizeof(g));
	ut_threads_start(1);
	set_thread(0);
	spdk_rpc_set_state(SPDK_RPC_RUNTIME);
	assert_int_equal(spdk_rpc_initialize(ADDR, NULL), 0);
	return 0;
}

static int
teardown(void **state)
{
	spdk_rpc_finish();
	poll_threads();
	assert_int_equal(g.live, 0);
	assert_int_equal(env_sim_fd_count(), 0);
	ut_threads_stop();
	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	return 0;
}

struct peer {
	int fd;
	size_t len;
	char text[ROOM];
};

static struct peer g_a, g_b;

static void
open_peer(struct peer *p)
{
	p->fd = env_stream_connect(ADDR);
	p->len = 0;
	assert_true(p->fd >= 0);
}

static void
send_text(struct peer *p, const char *text)
{
	assert_int_equal(env_stream_send(p->fd, text, strlen(text)), strlen(text));
}

static void
take(struct peer *p)
{
	ssize_t n;

	do {
		n = env_stream_recv(p->fd, p->text + p->len, ROOM - 1 - p->len);
		p->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	p->text[p->len] = '\0';
}

/* One step, at a time at which the server looks at its sockets. */
static bool
step(void)
{
	env_sim_advance_us(1000);
	return poll_thread(0);
}

/* Step until both have what there is; no step may write more than a slice. */
static void
settle(void)
{
	int idle = 0;

	while (idle < 3) {
		g.pieces = 0;
		idle = step() ? 0 : idle + 1;
		assert_in_range(g.pieces, 0, g.empty ? RPC_SLICE_BYTES / 64 : 17);
		take(&g_a);
		take(&g_b);
	}
}

static uint32_t
count(const struct peer *p, const char *what)
{
	const char *at = p->text;
	uint32_t num = 0;

	while ((at = strstr(at, what)) != NULL) {
		num++;
		at++;
	}
	return num;
}

#define TEXTS "{\"id\":1,\"method\":\"texts\"}"
#define QUICK "{\"id\":2,\"method\":\"quick\"}"
#define CHANGE "{\"id\":3,\"method\":\"change\"}"
#define XX "\"xxxxx"
#define TRUE2 "\"id\":2,\"result\":true}"
#define TRUE3 "\"id\":3,\"result\":true}"

/* Sizes around the border of a slice; each answer whole. */
static void
test_whole(void **state)
{
	static const uint32_t nums[] = { 0, 1, 16, 17, 18, 33, 150 };
	size_t i;

	open_peer(&g_a);
	open_peer(&g_b);
	for (i = 0; i < SPDK_COUNTOF(nums); i++) {
		g.num = nums[i];
		g_a.len = 0;
		send_text(&g_a, TEXTS);
		settle();
		assert_int_equal(count(&g_a, XX), nums[i]);
		assert_int_equal(g_a.len, strlen("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[]}\n") +
		                                  nums[i] * (TEXT_LEN + 3) - (nums[i] > 0));
	}
	env_stream_close(g_a.fd);
	env_stream_close(g_b.fd);
}

struct order {
	const char *a, *b;
	const char *log;
};

/* Who waits for whom. The second is received in the step after the first. */
static void
test_order(void **state)
{
	static const struct order orders[] = {
		/* A connection's requests, and a batch's, in their order. */
		{ TEXTS QUICK, "", "EN" },
		{ "[" TEXTS "," CHANGE "," QUICK "]", "", "ECN" },
		{ QUICK CHANGE TEXTS TEXTS QUICK, "", "NCEEN" },
		/* Others': what only reads goes on, changes and long answers wait. */
		{ TEXTS, QUICK, "NE" },
		{ TEXTS, CHANGE, "EC" },
		{ TEXTS QUICK, CHANGE QUICK TEXTS, "ENCNE" },
		{ TEXTS, TEXTS CHANGE QUICK, "EECN" },
	};
	size_t i;

	open_peer(&g_a);
	open_peer(&g_b);
	g.num = 100;
	for (i = 0; i < SPDK_COUNTOF(orders); i++) {
		g.log[0] = '\0';
		g_a.len = g_b.len = 0;
		send_text(&g_a, orders[i].a);
		step();
		step();
		send_text(&g_b, orders[i].b);
		settle();
		assert_string_equal(g.log, orders[i].log);
		assert_int_equal(count(&g_a, XX) + count(&g_b, XX),
		                 100 * (strchr(strchr(orders[i].log, 'E') + 1, 'E') ? 2 : 1));
		assert_null(strstr(g_a.text, "error"));
		assert_null(strstr(g_b.text, "error"));
	}
	env_stream_close(g_a.fd);
	env_stream_close(g_b.fd);
}

/* A peer that goes away: what it sent before is run, nobody writes for it to the end, and what it
 * held up goes on. */
static void
test_peer_gone(void **state)
{
	open_peer(&g_a);
	open_peer(&g_b);
	g.num = 1000;
	send_text(&g_a, TEXTS CHANGE);
	step();
	step();
	send_text(&g_b, CHANGE TEXTS);
	step();
	assert_int_equal(g.live, 1);
	env_stream_close(g_a.fd);
	settle();
	/* The order of the two changes is that of their arrival. */
	assert_string_equal(g.log, "ECCE");
	assert_int_equal(count(&g_b, TRUE3), 1);
	env_stream_close(g_b.fd);
}

/* The servers close: what is written ends, what waits is refused, nothing comes later. */
static void
test_stop(void **state)
{
	open_peer(&g_a);
	open_peer(&g_b);
	g.num = 1000;
	send_text(&g_a, TEXTS CHANGE);
	step();
	step();
	send_text(&g_b, CHANGE);
	step();
	assert_int_equal(g.live, 1);
	spdk_rpc_finish();
	assert_int_equal(g.live, 0);
	assert_string_equal(g.log, "E");
	poll_threads();
	assert_string_equal(g.log, "E");
	env_stream_close(g_a.fd);
	env_stream_close(g_b.fd);
}

/* A writer that fails ends the answer at once, with an error; so does memory that is short. */
static void
test_failure(void **state)
{
	open_peer(&g_a);
	open_peer(&g_b);
	g.num = 1000;
	g.fail_at = 990;
	send_text(&g_a, TEXTS QUICK);
	settle();
	assert_string_equal(g.log, "EN");
	assert_non_null(strstr(g_a.text, "\"id\":1,\"error\":{\"code\":-12"));
	assert_non_null(strstr(g_a.text, TRUE2));
	env_stream_close(g_a.fd);
	env_stream_close(g_b.fd);
}

/* Pieces that write nothing count too. */
static void
test_empty_pieces(void **state)
{
	open_peer(&g_a);
	open_peer(&g_b);
	g.empty = true;
	g.num = 5 * RPC_SLICE_BYTES / 64;
	send_text(&g_a, TEXTS);
	settle();
	assert_string_equal(g.log, "E");
	assert_non_null(strstr(g_a.text, "\"result\":[]}"));
	env_stream_close(g_a.fd);
	env_stream_close(g_b.fd);
}

/* Before its turn comes the state may change: then it is refused like any other. */
static void
test_state_changes(void **state)
{
	open_peer(&g_a);
	open_peer(&g_b);
	g.num = 100;
	send_text(&g_a, TEXTS);
	step();
	step();
	send_text(&g_b, CHANGE);
	step();
	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	settle();
	assert_string_equal(g.log, "E");
	assert_non_null(strstr(g_b.text, "\"code\":-1,"));
	env_stream_close(g_a.fd);
	env_stream_close(g_b.fd);
}

static char g_local[ROOM];

static void
local_done(void *ctx, const struct jsonrpc_answer *answer)
{
	snprintf(g_local, sizeof(g_local), "%s", answer->text);
}

/* Without a thread there is no step to be short: all at once. */
static void
test_no_thread(void **state)
{
	struct spdk_json_val name = { .start = (void *)(uintptr_t) "texts",
		                      .len = 5,
		                      .type = SPDK_JSON_VAL_STRING };

	g.num = 100;
	set_thread(UINT32_MAX);
	assert_int_equal(jsonrpc_local_call(rpc_dispatch, &name, NULL, local_done, NULL), 0);
	set_thread(0);
	assert_string_equal(g.log, "E");
	assert_int_equal(strlen(g_local),
	                 strlen("{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":[]}") +
	                         100 * (TEXT_LEN + 3) - 1);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_whole),   T(test_order),        T(test_peer_gone),     T(test_stop),
		T(test_failure), T(test_empty_pieces), T(test_state_changes), T(test_no_thread),
	};

	return cmocka_run_group_tests_name("rpc_pieces", tests, NULL, NULL);
}
