/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The client against our own server, and against a peer that says what it likes: in pieces, too
 * much, nonsense, or nothing. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/json.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/jsonrpc.h"

#define ADDR "/rpc/ut.sock"
#define RAW_ADDR "/rpc/raw.sock"

static struct {
	struct spdk_jsonrpc_server *server;
	struct spdk_jsonrpc_client *client;
	int listen_fd; /* of the raw peer */
	int peer_fd;   /* its connection */
	int num_notified;
} g;

/* "echo": the parameters, or true; "fail": an error; "note": counted. */
static void
handle(struct spdk_jsonrpc_request *request, const struct spdk_json_val *method,
       const struct spdk_json_val *params)
{
	struct spdk_json_write_ctx *w;

	if (spdk_json_strequal(method, "fail")) {
		spdk_jsonrpc_send_error_response(request, -EEXIST, "there already");
	} else if (params == NULL) {
		g.num_notified += spdk_json_strequal(method, "note");
		spdk_jsonrpc_send_bool_response(request, true);
	} else {
		w = spdk_jsonrpc_begin_result(request);
		spdk_json_write_val(w, params);
		spdk_jsonrpc_end_result(request, w);
	}
}

static int
setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	memset(&g, 0, sizeof(g));
	spdk_env_opts_init(&opts);
	assert_int_equal(spdk_env_init(&opts), 0);
	assert_int_equal(jsonrpc_server_listen(ADDR, handle, &g.server), 0);
	g.listen_fd = env_stream_listen(RAW_ADDR);
	assert_true(g.listen_fd >= 0);
	g.peer_fd = -1;
	return 0;
}

static int
teardown(void **state)
{
	if (g.client != NULL) {
		spdk_jsonrpc_client_close(g.client);
	}
	if (g.peer_fd >= 0) {
		env_stream_close(g.peer_fd);
	}
	env_stream_unlisten(g.listen_fd, RAW_ADDR);
	spdk_jsonrpc_server_shutdown(g.server);
	assert_int_equal(env_sim_fd_count(), 0);
	spdk_env_fini();
	return 0;
}

static void
open_client(const char *addr)
{
	g.client = spdk_jsonrpc_client_connect(addr, AF_UNIX);
	assert_non_null(g.client);
	if (strcmp(addr, RAW_ADDR) == 0) {
		g.peer_fd = env_stream_accept(g.listen_fd, NULL);
		assert_true(g.peer_fd >= 0);
	}
}

/* Give client and server their turns until there are answers, or an error. */
static int
settle(void)
{
	int rc = 0, i;

	for (i = 0; i < 2000 && rc == 0; i++) {
		rc = spdk_jsonrpc_client_poll(g.client, 0);
		jsonrpc_server_step(g.server);
	}
	return rc;
}

static struct spdk_jsonrpc_client_request *
make_request(int32_t id, const char *method)
{
	struct spdk_jsonrpc_client_request *req = spdk_jsonrpc_client_create_request();
	struct spdk_json_write_ctx *w;

	assert_non_null(req);
	w = spdk_jsonrpc_begin_request(req, id, method);
	assert_non_null(w);
	spdk_jsonrpc_end_request(req, w);
	return req;
}

static void
add_call(struct spdk_jsonrpc_client_request *req, int32_t id, const char *method, int32_t value)
{
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_request(req, id, method);

	assert_non_null(w);
	spdk_json_write_named_object_begin(w, "params");
	spdk_json_write_named_int32(w, "value", value);
	spdk_json_write_object_end(w);
	spdk_jsonrpc_end_request(req, w);
}

static int32_t
number(const struct spdk_json_val *val)
{
	int32_t n = INT32_MIN;

	assert_non_null(val);
	assert_int_equal(spdk_json_number_to_int32(val, &n), 0);
	return n;
}

/* The next answer is a result {"value": value} of request \p id. */
static void
want_value(int32_t id, int32_t value)
{
	struct spdk_jsonrpc_client_response *resp = spdk_jsonrpc_client_get_response(g.client);
	struct spdk_json_val *val;

	assert_non_null(resp);
	assert_true(spdk_json_strequal(resp->version, "2.0"));
	assert_int_equal(number(resp->id), id);
	assert_null(resp->error);
	assert_int_equal(spdk_json_find(resp->result, "value", NULL, &val, SPDK_JSON_VAL_NUMBER),
	                 0);
	assert_int_equal(number(val), value);
	spdk_jsonrpc_client_free_response(resp);
}

static void
want_error(int32_t id, int32_t code)
{
	struct spdk_jsonrpc_client_response *resp = spdk_jsonrpc_client_get_response(g.client);
	struct spdk_json_val *val;

	assert_non_null(resp);
	assert_int_equal(number(resp->id), id);
	assert_null(resp->result);
	assert_int_equal(spdk_json_find(resp->error, "code", NULL, &val, SPDK_JSON_VAL_NUMBER), 0);
	assert_int_equal(number(val), code);
	spdk_jsonrpc_client_free_response(resp);
}

static void
test_call(void **state)
{
	struct spdk_jsonrpc_client_request *req = spdk_jsonrpc_client_create_request();

	open_client(ADDR);
	add_call(req, 7, "echo", -5);
	assert_int_equal(spdk_jsonrpc_client_send_request(g.client, req), 0);
	assert_null(spdk_jsonrpc_client_get_response(g.client));
	assert_int_equal(settle(), 1);
	want_value(7, -5);
	assert_int_equal(spdk_jsonrpc_client_send_request(g.client, make_request(8, "fail")), 0);
	assert_int_equal(settle(), 1);
	want_error(8, -EEXIST);
}

/* Several under way, several texts in one request, and a notification. */
static void
test_many(void **state)
{
	struct spdk_jsonrpc_client_request *req;
	int i;

	open_client(ADDR);
	for (i = 0; i < 64; i++) {
		req = spdk_jsonrpc_client_create_request();
		add_call(req, i, "echo", i * i);
		assert_int_equal(spdk_jsonrpc_client_send_request(g.client, req), 0);
	}
	req = make_request(-1, "note");
	assert_int_equal(spdk_jsonrpc_client_send_request(g.client, req), -ENOSPC);
	for (i = 0; i < 64; i++) {
		assert_in_range(settle(), 1, 64);
		want_value(i, i * i);
	}
	assert_int_equal(spdk_jsonrpc_client_send_request(g.client, req), 0);
	req = spdk_jsonrpc_client_create_request();
	add_call(req, 1, "echo", 10);
	add_call(req, 2, "echo", 20);
	assert_int_equal(spdk_jsonrpc_client_send_request(g.client, req), 0);
	assert_in_range(settle(), 1, 2);
	want_value(1, 10);
	assert_int_equal(settle(), 1);
	want_value(2, 20);
	assert_int_equal(g.num_notified, 1);
}

static void
test_batch(void **state)
{
	struct spdk_jsonrpc_client_request *req = spdk_jsonrpc_client_create_request();
	struct spdk_jsonrpc_client_response *kept;
	struct spdk_json_write_ctx *w;

	open_client(ADDR);
	assert_int_equal(spdk_jsonrpc_begin_batch(req), 0);
	assert_int_equal(spdk_jsonrpc_begin_batch(req), -EINVAL);
	add_call(req, 1, "echo", 11);
	add_call(req, -1, "note", 0);
	w = spdk_jsonrpc_begin_request(req, 2, "fail");
	assert_null(spdk_jsonrpc_begin_request(req, 3, "echo")); /* the one before is open */
	spdk_jsonrpc_end_request(req, w);
	add_call(req, 3, "echo", 33);
	assert_int_equal(spdk_jsonrpc_client_send_request(g.client, req), -EINVAL);
	spdk_jsonrpc_end_batch(req);
	assert_int_equal(spdk_jsonrpc_client_send_request(g.client, req), 0);
	assert_int_equal(settle(), 3);
	want_value(1, 11);
	want_error(2, -EEXIST);
	kept = spdk_jsonrpc_client_get_response(g.client);
	spdk_jsonrpc_client_close(g.client); /* an answer outlives its client */
	g.client = NULL;
	assert_int_equal(number(kept->id), 3);
	spdk_jsonrpc_client_free_response(kept);
	spdk_jsonrpc_client_free_response(NULL);
}

/* What was written badly is told when it is sent, and stays the caller's. */
static void
test_bad_requests(void **state)
{
	struct spdk_jsonrpc_client_request *req = spdk_jsonrpc_client_create_request();
	struct spdk_json_write_ctx *w;

	open_client(ADDR);
	assert_int_equal(spdk_jsonrpc_client_send_request(g.client, req), -EINVAL);
	w = spdk_jsonrpc_begin_request(req, 1, NULL);
	assert_int_equal(spdk_jsonrpc_client_send_request(g.client, req), -EINVAL);
	spdk_json_write_named_string(w, "method", "echo");
	spdk_jsonrpc_end_request(req, w);
	assert_int_equal(spdk_jsonrpc_begin_batch(req), -EINVAL);
	assert_int_equal(spdk_jsonrpc_client_send_request(g.client, req), 0);
	assert_int_equal(settle(), 1);
	spdk_jsonrpc_client_free_response(spdk_jsonrpc_client_get_response(g.client));
	req = make_request(1, "echo");
	spdk_jsonrpc_end_request(req, NULL);
	assert_int_equal(spdk_jsonrpc_client_send_request(g.client, req), -EINVAL);
	spdk_jsonrpc_client_free_request(req);
	req = make_request(1, "echo");
	spdk_jsonrpc_end_batch(req);
	assert_int_equal(spdk_jsonrpc_client_send_request(g.client, req), -EINVAL);
	spdk_jsonrpc_client_free_request(req);
	req = spdk_jsonrpc_client_create_request();
	assert_non_null(spdk_jsonrpc_begin_request(req, 1, "echo"));
	spdk_jsonrpc_client_free_request(req); /* with its writer */
	spdk_jsonrpc_client_free_request(NULL);
}

static void
raw_send(const char *text)
{
	assert_int_equal(env_stream_send(g.peer_fd, text, strlen(text)), strlen(text));
}

/* An answer that comes byte by byte. */
static void
test_pieces(void **state)
{
	static const char answer[] = " {\"jsonrpc\":\"2.0\",\"id\":1,\"x\":[1],\"result\":"
	                             "{\"value\":3}}\n";
	size_t i;

	open_client(RAW_ADDR);
	for (i = 0; i < sizeof(answer) - 1; i++) {
		assert_int_equal(env_stream_send(g.peer_fd, &answer[i], 1), 1);
		assert_int_equal(spdk_jsonrpc_client_poll(g.client, 0),
		                 i >= sizeof(answer) - 3 ? 1 : 0);
	}
	want_value(1, 3);
	assert_int_equal(spdk_jsonrpc_client_poll(g.client, 0), 0);
}

#define GOOD "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"value\":3}}"

static const char *const malformed[] = {
	"x",
	"7",
	"\"text\"",
	"[]",
	"[" GOOD ",7]",
	("[" GOOD),
	"{}",
	"{\"jsonrpc\":\"2.0\",\"id\":1}",
	"{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":1}",
	"{\"jsonrpc\":2,\"id\":1,\"result\":1}",
	"{\"id\":1,\"result\":1}",
	"{\"jsonrpc\":\"2.0\",\"result\":1}",
	"{\"jsonrpc\":\"2.0\",\"id\":[],\"result\":1}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"result\":1}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{\"code\":1,\"message\":\"m\"}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":7}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"message\":\"m\"}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":\"1\",\"message\":\"m\"}}",
};

/* The good answer before it is handed out; then the connection is as good as gone. */
static void
test_malformed(void **state)
{
	struct spdk_jsonrpc_client_request *req;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(malformed); i++) {
		open_client(RAW_ADDR);
		raw_send(GOOD "\n");
		raw_send(malformed[i]);
		raw_send("}\n");
		assert_int_equal(spdk_jsonrpc_client_poll(g.client, 0), 1);
		want_value(1, 3);
		assert_int_equal(spdk_jsonrpc_client_poll(g.client, 0), -EINVAL);
		assert_int_equal(spdk_jsonrpc_client_poll(g.client, -1), -EINVAL);
		req = make_request(1, "echo");
		assert_int_equal(spdk_jsonrpc_client_send_request(g.client, req), -EINVAL);
		spdk_jsonrpc_client_free_request(req);
		spdk_jsonrpc_client_close(g.client);
		env_stream_close(g.peer_fd);
	}
	g.client = NULL;
	g.peer_fd = -1;
}

/* An answer about no request in particular. */
static void
test_null_id(void **state)
{
	struct spdk_jsonrpc_client_response *resp;

	open_client(RAW_ADDR);
	raw_send("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"\"}}");
	assert_int_equal(spdk_jsonrpc_client_poll(g.client, 0), 1);
	resp = spdk_jsonrpc_client_get_response(g.client);
	assert_int_equal(resp->id->type, SPDK_JSON_VAL_NULL);
	spdk_jsonrpc_client_free_response(resp);
}

/* Longer than any answer may be: refused, whatever would have come next. */
static void
test_oversize(void **state)
{
	static char piece[32768];
	size_t sent = 0;
	int rc = 0;

	open_client(RAW_ADDR);
	memset(piece, 'x', sizeof(piece));
	raw_send("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"");
	while (rc == 0 && sent < 80 * 1024 * 1024) {
		sent += (size_t)env_stream_send(g.peer_fd, piece, sizeof(piece));
		rc = spdk_jsonrpc_client_poll(g.client, 0);
	}
	assert_int_equal(rc, -EMSGSIZE);
	assert_in_range(sent, 64 * 1024 * 1024, 64 * 1024 * 1024 + 2 * sizeof(piece));
}

/* More answers than are kept for who takes none: the rest waits, nothing is lost. */
static void
test_many_answers(void **state)
{
	char text[128];
	int i, sent = 0, taken = 0;

	open_client(RAW_ADDR);
	for (i = 0; taken < 6000; i++) {
		snprintf(text, sizeof(text),
		         "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{\"value\":%d}}\n", sent, sent);
		if (sent < 6000 && env_stream_send(g.peer_fd, text, strlen(text)) > 0) {
			sent++;
		}
		if (i % 3 == 2 || sent == 6000) {
			assert_in_range(spdk_jsonrpc_client_poll(g.client, 0), 1, 4097);
			want_value(taken, taken);
			taken++;
		}
	}
	assert_int_equal(spdk_jsonrpc_client_poll(g.client, 0), 0);
}

static void
test_server_gone(void **state)
{
	open_client(RAW_ADDR);
	raw_send(GOOD "{\"jsonrpc\":");
	env_stream_close(g.peer_fd);
	g.peer_fd = -1;
	assert_int_equal(spdk_jsonrpc_client_send_request(g.client, make_request(1, "echo")), 0);
	assert_int_equal(spdk_jsonrpc_client_poll(g.client, -1), 1);
	want_value(1, 3);
	assert_int_equal(spdk_jsonrpc_client_poll(g.client, -1), -EIO);
	assert_int_equal(spdk_jsonrpc_client_poll(g.client, 0), -EIO);
}

/* The time that a poll waits for an answer, in milliseconds. */
static void
test_timeout(void **state)
{
	uint64_t before;

	open_client(RAW_ADDR);
	assert_int_equal(spdk_jsonrpc_client_poll(g.client, 0), 0);
	before = spdk_get_ticks();
	assert_int_equal(spdk_jsonrpc_client_poll(g.client, 0), 0);
	assert_int_equal(spdk_get_ticks() - before, 0);
	assert_int_equal(spdk_jsonrpc_client_poll(g.client, 250), 0);
	assert_int_equal(spdk_get_ticks() - before, 250 * (ENV_SIM_TICKS_HZ / 1000));
}

struct address {
	const char *addr;
	int family;
	const char *listen; /* NULL: refused with err */
	int err;
};

static const struct address addresses[] = {
	{ "/rpc/ut.sock", AF_UNIX, "/rpc/ut.sock", 0 },
	{ "here:1", AF_UNIX, "./here:1", 0 },
	{ "127.0.0.1:5", AF_INET, "127.0.0.1:5", 0 },
	{ "127.0.0.1", AF_INET, "127.0.0.1:5260", 0 },
	{ "::1", AF_INET6, "[::1]:5260", 0 },
	{ "[::1]", AF_INET6, "[::1]:5260", 0 },
	{ "[::1]:77", AF_INET6, "[::1]:77", 0 },
	{ "host", AF_INET6, "host:5260", 0 },
	{ "", AF_UNIX, NULL, EINVAL },
	{ "", AF_INET, NULL, EINVAL },
	{ "::1", AF_INET, NULL, EINVAL },
	{ "[::1]:5", AF_INET, NULL, EINVAL },
	{ "127.0.0.1:nix", AF_INET, NULL, EINVAL },
	{ "a", AF_UNSPEC, NULL, EAFNOSUPPORT },
	{ "/rpc/nobody.sock", AF_UNIX, NULL, ENOENT },
	{ "127.0.0.1:9", AF_INET, NULL, ECONNREFUSED },
};

static void
test_addresses(void **state)
{
	struct spdk_jsonrpc_client *client;
	size_t i;
	int fd;

	for (i = 0; i < SPDK_COUNTOF(addresses); i++) {
		const struct address *a = &addresses[i];

		fd = a->listen != NULL && i > 0 ? env_stream_listen(a->listen) : -1;
		errno = 0;
		client = spdk_jsonrpc_client_connect(a->addr, a->family);
		if (a->listen == NULL) {
			assert_null(client);
			assert_int_equal(errno, a->err);
			continue;
		}
		assert_non_null(client);
		spdk_jsonrpc_client_close(client);
		if (fd >= 0) {
			env_stream_unlisten(fd, a->listen);
		}
	}
}

/* One call from connect to close; 0, or the errno that it ended with. */
static int
whole_call(void)
{
	struct spdk_jsonrpc_client_request *req;
	struct spdk_json_write_ctx *w;
	int rc;

	g.client = spdk_jsonrpc_client_connect(ADDR, AF_UNIX);
	if (g.client == NULL) {
		return -errno;
	}
	req = spdk_jsonrpc_client_create_request();
	rc = req != NULL ? spdk_jsonrpc_begin_batch(req) : -ENOMEM;
	if (rc == 0) {
		w = spdk_jsonrpc_begin_request(req, 1, "echo");
		if (w != NULL) {
			spdk_jsonrpc_end_request(req, w);
		}
		spdk_jsonrpc_end_batch(req);
		rc = spdk_jsonrpc_client_send_request(g.client, req);
	}
	if (rc != 0) {
		spdk_jsonrpc_client_free_request(req);
	} else {
		rc = settle();
		rc = rc > 0 ? 0 : -EAGAIN;
	}
	spdk_jsonrpc_client_close(g.client);
	g.client = NULL;
	while (jsonrpc_server_step(g.server) > 0) {
	}
	return rc;
}

/* Each allocation of the client fails in turn; the server's do too, which ends the connection. */
static void
test_no_memory(void **state)
{
	static const enum env_fault_class classes[] = { ENV_FAULT_HEAP, ENV_FAULT_WAITER,
		                                        ENV_FAULT_STREAM };
	uint64_t live, nth;
	size_t i;
	int rc = whole_call();

	live = env_sim_live_heap();
	for (i = 0; i < SPDK_COUNTOF(classes); i++) {
		for (nth = 1; nth < 100; nth++) {
			env_sim_fail_nth(classes[i], nth);
			rc = whole_call();
			if (env_fault_count(classes[i]) < nth) {
				break;
			}
			env_sim_fail_nth(classes[i], 0);
			assert_true(rc <= 0);
			env_sim_advance_us(2000000); /* the server accepts again */
			while (jsonrpc_server_step(g.server) > 0) {
			}
			assert_int_equal(env_sim_live_heap(), live);
		}
		assert_int_equal(rc, 0);
		assert_in_range(nth, 2, 99);
		env_sim_fail_nth(classes[i], 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_call, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_null_id, setup, teardown),
		cmocka_unit_test_setup_teardown(test_oversize, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_server_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests_name("jsonrpc_client", tests, NULL, NULL);
}
