/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The envelope, order, limits and life of connections. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/json.h"
#include "spdk/log.h"
#include "spdk/util.h"

#include "peer.h"

#define ADDR "/rpc/ut.sock"
#define SLOW_MAX 2048
#define BATCH_ROOM (40 * 1024 * 1024)

static struct {
	struct spdk_jsonrpc_server *server;
	struct peer peer;
	struct spdk_jsonrpc_request *slow[SLOW_MAX];
	size_t num_slow;
	size_t num_calls;
	char big[JSONRPC_REQUEST_SIZE_MAX + 16];
} g;

/* "echo": the parameters; "slow": later; "fail": an error; "long": a result of 100,000 bytes. */
static void
handle(struct spdk_jsonrpc_request *request, const struct spdk_json_val *method,
       const struct spdk_json_val *params)
{
	struct spdk_json_write_ctx *w;
	int i;

	g.num_calls++;
	if (spdk_json_strequal(method, "slow")) {
		assert_in_range(g.num_slow, 0, SLOW_MAX - 1);
		g.slow[g.num_slow++] = request;
	} else if (spdk_json_strequal(method, "fail")) {
		spdk_jsonrpc_send_error_response_fmt(request, -EEXIST, "no \"%s\"\n", "x\\");
	} else if (spdk_json_strequal(method, "cut")) {
		spdk_jsonrpc_send_error_response(request, -EINVAL, "caf\xc3\xa9\xe2\x82!\xc3");
	} else if (spdk_json_strequal(method, "echo")) {
		w = spdk_jsonrpc_begin_result(request);
		if (params != NULL) {
			spdk_json_write_val(w, params);
		} else {
			spdk_json_write_bool(w, true);
		}
		spdk_jsonrpc_end_result(request, w);
	} else if (spdk_json_strequal(method, "long")) {
		w = spdk_jsonrpc_begin_result(request);
		spdk_json_write_array_begin(w);
		for (i = 0; i < 10000; i++) {
			spdk_json_write_string(w, "1234567");
		}
		spdk_json_write_array_end(w);
		spdk_jsonrpc_end_result(request, w);
	} else {
		jsonrpc_request_reject(request, SPDK_JSONRPC_ERROR_METHOD_NOT_FOUND, NULL);
	}
}

static int
setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	assert_int_equal(spdk_env_init(&opts), 0);
	g.num_slow = 0;
	g.num_calls = 0;
	assert_int_equal(jsonrpc_server_listen(ADDR, handle, &g.server), 0);
	peer_open(&g.peer, ADDR);
	return 0;
}

static int
teardown(void **state)
{
	env_stream_close(g.peer.fd);
	spdk_jsonrpc_server_shutdown(g.server);
	assert_int_equal(env_sim_fd_count(), 0);
	spdk_env_fini();
	return 0;
}

#define OK(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":true}"
#define ERR(id, code, text) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" text "\"" \
	"}}"
#define BAD(id, why) ERR(id, "-32600", "Invalid Request: " why)
#define BAD_ID BAD("null", "\\\"id\\\" is no string and no number")
#define BAD_VERSION BAD("null", "\\\"jsonrpc\\\" is not \\\"2.0\\\"")
#define BAD_MEMBERS BAD("null", "jsonrpc, method, params and id are its members, each once")
#define BAD_METHOD BAD("null", "\\\"method\\\" is missing or no string")
#define BAD_PARAMS BAD("1", "\\\"params\\\" is no object and no array")
#define NO_OBJECT BAD("null", "it is no object")
#define NOT_FOUND(id) ERR(id, "-32601", "Method not found")
#define REQ(id) "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":" id "}"

struct exchange {
	const char *request;
	const char *answer;
};

static const struct exchange exchanges[] = {
	{ REQ("1"), OK("1") "\n" },
	{ " \r\n\t" REQ("1") "\n \n", OK("1") "\n" },
	{ REQ("1") REQ("2") "\n" REQ("3"), OK("1") "\n" OK("2") "\n" OK("3") "\n" },
	{ "{\"method\":\"echo\",\"id\":1}", OK("1") "\n" },
	{ "{\"m\\u0065thod\":\"\\u0065cho\",\"id\":1}", OK("1") "\n" },
	/* ids come back as written */
	{ REQ("\"\""), OK("\"\"") "\n" },
	{ REQ("\"a\\u20acb\\n\""), OK("\"a\xe2\x82\xac"
	                              "b\\n\"") "\n" },
	{ REQ("-1.50e+3"), OK("-1.50e+3") "\n" },
	{ REQ("36893488147419103232"), OK("36893488147419103232") "\n" },
	{ REQ("null"), "" },
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}", "" },
	{ REQ("true"), BAD_ID "\n" },
	{ REQ("[1]"), BAD_ID "\n" },
	{ REQ("{}"), BAD_ID "\n" },
	/* members */
	{ "{\"jsonrpc\":\"1.0\",\"method\":\"echo\",\"id\":1}", BAD_VERSION "\n" },
	{ "{\"jsonrpc\":2.0,\"method\":\"echo\",\"id\":1}", BAD_VERSION "\n" },
	{ "{\"method\":\"echo\",\"id\":1,\"x\":1}", BAD_MEMBERS "\n" },
	{ "{\"method\":\"echo\",\"id\":1,\"id\":1}", BAD_MEMBERS "\n" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1}", BAD_METHOD "\n" },
	{ "{\"method\":7,\"id\":1}", BAD_METHOD "\n" },
	{ "{\"method\":\"nix\",\"id\":1}", NOT_FOUND("1") "\n" },
	{ "{\"method\":\"nix\"}", NOT_FOUND("null") "\n" },
	{ "{\"method\":\"fail\",\"id\":1}", ERR("1", "-17", "no \\\"x\\\\\\\"\\u000a") "\n" },
	{ "{\"method\":\"fail\"}", "" },
	/* params */
	{ "{\"method\":\"echo\",\"id\":1,\"params\":{\"a\":[1,\"\\n\"]}}",
	  "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":[1,\"\\n\"]}}\n" },
	{ "{\"method\":\"echo\",\"id\":1,\"params\":[]}",
	  "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[]}\n" },
	{ "{\"method\":\"echo\",\"id\":1,\"params\":null}", OK("1") "\n" },
	{ "{\"method\":\"echo\",\"id\":1,\"params\":\"x\"}", BAD_PARAMS "\n" },
	{ "{\"method\":\"echo\",\"id\":1,\"params\":1}", BAD_PARAMS "\n" },
	{ "{\"method\":\"echo\",\"id\":1,\"params\":false}", BAD_PARAMS "\n" },
	/* batches */
	{ "[]", NO_OBJECT "\n" },
	{ "[" REQ("1") "]", "[" OK("1") "]\n" },
	{ "[" REQ("1") ",7,[" REQ("2") "],{}," REQ("null") ",{\"method\":\"nix\",\"id\":3}]",
	  "[" OK("1") "," NO_OBJECT "," NO_OBJECT "," BAD_METHOD "," NOT_FOUND("3") "]\n" },
	{ "[" REQ("null") "," REQ("null") "]", "" },
	/* scalars */
	{ "7 ", NO_OBJECT "\n" },
	{ "\"x\"", NO_OBJECT "\n" },
	{ "null", NO_OBJECT "\n" },
};

static void
test_envelope(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(exchanges); i++) {
		assert_string_equal(peer_ask(g.server, &g.peer, exchanges[i].request),
		                    exchanges[i].answer);
		assert_false(g.peer.closed);
	}
}

/* Cut at each place, the answer is the same. */
static void
test_split(void **state)
{
	static const char text[] =
	        "{\"id\":\"}\\\"]\",\"method\":\"echo\",\"params\":{\"a\":[1]}}\n";
	static const char answer[] =
	        "{\"jsonrpc\":\"2.0\",\"id\":\"}\\\"]\",\"result\":{\"a\":[1]}}\n";
	size_t cut, len = sizeof(text) - 1;

	for (cut = 1; cut < len - 1; cut++) {
		g.peer.len = 0;
		peer_send(g.server, &g.peer, text, cut);
		peer_settle(g.server, &g.peer);
		assert_int_equal(g.peer.len, 0);
		assert_string_equal(peer_ask(g.server, &g.peer, text + cut), answer);
	}
}

#define NO_JSON(at, why) ERR("null", "-32700", "not JSON, " at " of the request: " why) "\n"
#define NO_VALUE(at) NO_JSON(at, "a value is expected here")
#define NO_NAME(at) NO_JSON(at, "a name in double quotes is expected here")

static const struct exchange not_json[] = {
	{ "{\"method\" \"echo\"}", NO_JSON("line 1, column 11", "':' is expected here") },
	{ "// c\n", NO_VALUE("line 1, column 1") },
	{ "{\"method\":\"echo\",}", NO_NAME("line 1, column 18") },
	{ "{\n{'method':'echo'}", NO_NAME("line 2, column 1") },
	{ "\xef\xbb\xbf{}", NO_VALUE("line 1, column 1") },
	{ "\"\xff\"", NO_JSON("line 1, column 2", "not valid UTF-8") },
	{ "]", NO_VALUE("line 1, column 1") },
	{ "{\"a\":1]", NO_JSON("line 1, column 7", "',' or '}' is expected here") },
	{ "hello\n", NO_VALUE("line 1, column 1") },
	{ "\"\\ud800\"", NO_JSON("line 1, column 8", "a high surrogate without a low one") },
	/* what came before is answered */
	{ REQ("1") "nix" REQ("2"),
	  OK("1") "\n" NO_JSON("line 1, column 1", "not a JSON word (true, "
	                                           "false, null)") },
};

static void
expect_closed(const char *answer)
{
	peer_settle(g.server, &g.peer);
	assert_string_equal(g.peer.text, answer);
	assert_true(g.peer.closed);
	env_stream_close(g.peer.fd);
	peer_open(&g.peer, ADDR);
}

static void
test_parse_error_closes(void **state)
{
	char nested[200];
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(not_json); i++) {
		peer_ask(g.server, &g.peer, not_json[i].request);
		expect_closed(not_json[i].answer);
	}
	peer_send(g.server, &g.peer, REQ("1") "\0", sizeof(REQ("1")));
	expect_closed(OK("1") "\n" NO_VALUE("line 1, column 1"));

	/* 63 levels of parameters are good, 64 are not. */
	for (i = 63; i <= 64; i++) {
		snprintf(nested, sizeof(nested), "{\"method\":\"echo\",\"id\":1,\"params\":");
		memset(nested + strlen(nested) + i, 0, 1);
		memset(nested + strlen(nested), '[', i);
		peer_ask(g.server, &g.peer, nested);
		memset(nested, ']', i);
		strcpy(nested + i, "}");
		peer_ask(g.server, &g.peer, nested);
		assert_int_equal(g.peer.closed, i == 64);
	}
}

/* Fill g.big with one request of \p size bytes. */
static void
make_big(size_t size)
{
	static const char head[] = "{\"method\":\"fail\",\"id\":1,\"params\":[\"";

	memset(g.big, 'x', sizeof(g.big));
	memcpy(g.big, head, sizeof(head) - 1);
	memcpy(g.big + size - 3, "\"]}", 3);
}

static void
test_largest_request(void **state)
{
	make_big(JSONRPC_REQUEST_SIZE_MAX);
	peer_send(g.server, &g.peer, g.big, JSONRPC_REQUEST_SIZE_MAX);
	peer_settle(g.server, &g.peer);
	assert_false(g.peer.closed);
	assert_int_equal(g.num_calls, 1);
	make_big(JSONRPC_REQUEST_SIZE_MAX + 1);
	peer_send(g.server, &g.peer, g.big, JSONRPC_REQUEST_SIZE_MAX + 1);
	peer_settle(g.server, &g.peer);
	assert_true(g.peer.closed);
	assert_string_equal(strchr(g.peer.text, '\n') + 1,
	                    ERR("null", "-32600", "the request is longer than 262144 bytes") "\n");
	assert_int_equal(g.num_calls, 1);
}

/* A batch is run a part at a time; who shares the thread gets its turn between the parts. */
static void
test_long_batch(void **state)
{
	static struct peer other;
	size_t i;
	char *p = g.big;

	p += sprintf(p, "[");
	for (i = 0; i < 1000; i++) {
		p += sprintf(p, "%s{\"method\":\"echo\",\"id\":%zu}", i > 0 ? "," : "", i);
	}
	sprintf(p, "]");
	peer_open(&other, ADDR);
	peer_send(g.server, &g.peer, g.big, strlen(g.big));
	assert_int_equal(g.num_calls, 0);
	jsonrpc_server_step(g.server); /* accepts, and takes a first part */
	assert_in_range(g.num_calls, 1, 2 * JSONRPC_REQUESTS_PER_POLL);
	assert_int_equal(*jsonrpc_server_get_counter(g.server), 1);
	assert_string_equal(peer_ask(g.server, &other, REQ("9")), OK("9") "\n");
	peer_settle(g.server, &g.peer);
	assert_int_equal(g.num_calls, 1001);
	assert_ptr_equal(strstr(g.peer.text, "[" OK("0") "," OK("1") ","), g.peer.text);
	assert_int_equal(g.peer.len, 1000 * sizeof(OK("")) + 10 + 90 * 2 + 900 * 3 + 2);
	env_stream_close(other.fd);
}

/* The rest of a batch whose peer is gone is not run, and not leaked. */
static void
test_long_batch_closed(void **state)
{
	uint64_t live;
	size_t i;
	char *p = g.big;

	env_stream_close(g.peer.fd);
	spdk_jsonrpc_server_shutdown(g.server);
	live = env_sim_live_heap();
	assert_int_equal(jsonrpc_server_listen(ADDR, handle, &g.server), 0);
	p += sprintf(p, "[1");
	for (i = 0; i < 1000; i++) {
		p += sprintf(p, ",{\"method\":\"echo\",\"id\":1}");
	}
	sprintf(p, "]");
	peer_open(&g.peer, ADDR);
	env_stream_send(g.peer.fd, g.big, strlen(g.big));
	jsonrpc_server_step(g.server);
	spdk_jsonrpc_server_shutdown(g.server);
	assert_in_range(g.num_calls, 1, 2 * JSONRPC_REQUESTS_PER_POLL);
	env_stream_close(g.peer.fd);
	assert_int_equal(env_sim_live_heap(), live);
	assert_int_equal(jsonrpc_server_listen(ADDR, handle, &g.server), 0);
	peer_open(&g.peer, ADDR);
}

/* All answers of a batch together have a bound; what is above it is an error. */
static void
test_batch_answer_limit(void **state)
{
	static char text[64 * 1024];
	char *all = malloc(BATCH_ROOM), *p = text;
	size_t i, len = 0, results = 0, errors = 0;

	p += sprintf(p, "[");
	for (i = 0; i < 400; i++) {
		p += sprintf(p, "%s{\"method\":\"long\",\"id\":1}", i > 0 ? "," : "");
	}
	sprintf(p, "]");
	peer_send(g.server, &g.peer, text, strlen(text));
	for (i = 0; i < 100000 && (len == 0 || all[len - 1] != '\n'); i++) {
		g.peer.len = 0;
		jsonrpc_server_step(g.server);
		peer_take(&g.peer);
		assert_in_range(len + g.peer.len, 0, BATCH_ROOM - 1);
		memcpy(all + len, g.peer.text, g.peer.len + 1);
		len += g.peer.len;
	}
	assert_false(g.peer.closed);
	for (p = all; (p = strstr(p, "\"result\":")) != NULL; p++) {
		results++;
	}
	for (p = all; (p = strstr(p, "\"code\":-27,")) != NULL; p++) {
		errors++;
	}
	assert_in_range(results, JSONRPC_ANSWER_SIZE_MAX / 100100 - 2,
	                JSONRPC_ANSWER_SIZE_MAX / 100000);
	assert_int_equal(results + errors, 400);
	free(all);
}

/* A text of a method that is no UTF-8 makes no answer that isn't. */
static void
test_error_text(void **state)
{
	assert_string_equal(
	        peer_ask(g.server, &g.peer, "{\"method\":\"cut\",\"id\":1}"),
	        ERR("1", "-22", "caf\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd!\xef\xbf\xbd") "\n");
}

static void
test_thousand(void **state)
{
	size_t i;
	char *p = g.big;
	const char *answer;

	for (i = 0; i < 1000; i++) {
		p += sprintf(p, "{\"method\":\"echo\",\"id\":%zu}", i);
	}
	answer = peer_ask(g.server, &g.peer, g.big);
	for (i = 0; i < 1000; i++) {
		char line[64];
		int n = snprintf(line, sizeof(line), OK("%zu") "\n", i);

		assert_memory_equal(answer, line, n);
		answer += n;
	}
	assert_string_equal(answer, "");
}

static void
test_order_of_completion(void **state)
{
	assert_string_equal(
	        peer_ask(g.server, &g.peer,
	                 "{\"method\":\"slow\",\"id\":1}"
	                 "[{\"method\":\"slow\",\"id\":2},{\"method\":\"echo\",\"id\":3}]"
	                 "{\"method\":\"echo\",\"id\":4}"),
	        OK("4") "\n");
	g.peer.len = 0;
	spdk_jsonrpc_send_bool_response(g.slow[1], true);
	peer_settle(g.server, &g.peer);
	assert_string_equal(g.peer.text, "[" OK("2") "," OK("3") "]\n");
	g.peer.len = 0;
	spdk_jsonrpc_send_bool_response(g.slow[0], true);
	peer_settle(g.server, &g.peer);
	assert_string_equal(g.peer.text, OK("1") "\n");
}

/* A half request on one connection does not hold up another. */
static void
test_half_request(void **state)
{
	static struct peer other;

	assert_string_equal(peer_ask(g.server, &g.peer, "{\"method\":"), "");
	peer_open(&other, ADDR);
	assert_string_equal(peer_ask(g.server, &other, REQ("9")), OK("9") "\n");
	env_stream_close(other.fd);
	assert_string_equal(peer_ask(g.server, &g.peer, "\"echo\",\"id\":1}"), OK("1") "\n");
}

#define HALF "{\"method\":"
#define TOO_LATE ERR("null", "-32700", "the end of a request did not come in 30 s") "\n"

static void
pass_seconds(uint64_t s)
{
	env_sim_advance(s * ENV_SIM_TICKS_HZ);
}

/* From the first byte on; more of them don't help, only the end does. */
static void
test_request_deadline(void **state)
{
	static struct peer other;
	uint64_t began;

	assert_true(jsonrpc_server_get_deadline(g.server) == UINT64_MAX);
	assert_string_equal(peer_ask(g.server, &g.peer, REQ("1") " \n "), OK("1") "\n");
	assert_true(jsonrpc_server_get_deadline(g.server) == UINT64_MAX);
	began = spdk_get_ticks();
	peer_ask(g.server, &g.peer, "{");
	assert_true(jsonrpc_server_get_deadline(g.server) == began + 30 * ENV_SIM_TICKS_HZ);
	pass_seconds(29);
	assert_string_equal(peer_ask(g.server, &g.peer, "\"method\":\"echo\",\"id\":1}" HALF),
	                    OK("1") "\n");
	assert_true(jsonrpc_server_get_deadline(g.server) ==
	            spdk_get_ticks() + 30 * ENV_SIM_TICKS_HZ);
	pass_seconds(15);
	peer_open(&other, ADDR);
	assert_string_equal(peer_ask(g.server, &g.peer, "\"e"), "");
	env_sim_advance(15 * ENV_SIM_TICKS_HZ - 1);
	assert_string_equal(peer_ask(g.server, &g.peer, "c"), "");
	assert_string_equal(peer_ask(g.server, &other, HALF), "");
	env_sim_advance(1);
	assert_true(jsonrpc_server_step(g.server) > 0);
	expect_closed(TOO_LATE);
	assert_string_equal(peer_ask(g.server, &other, "\"echo\",\"id\":2}"), OK("2") "\n");
	assert_true(jsonrpc_server_get_deadline(g.server) == UINT64_MAX);
	env_stream_close(other.fd);
}

/* While the server does not read it is not the peer's fault that the end is missing. */
static void
test_request_deadline_paused(void **state)
{
	size_t i;

	for (i = 0; i < JSONRPC_CONN_MESSAGES_MAX; i++) {
		peer_ask(g.server, &g.peer, "{\"method\":\"slow\",\"id\":1}");
	}
	peer_ask(g.server, &g.peer, HALF);
	assert_int_equal(g.num_slow, JSONRPC_CONN_MESSAGES_MAX);
	assert_true(jsonrpc_server_get_deadline(g.server) == UINT64_MAX);
	pass_seconds(1000);
	for (i = 0; i < g.num_slow; i++) {
		spdk_jsonrpc_send_bool_response(g.slow[i], true);
	}
	peer_settle(g.server, &g.peer);
	assert_true(jsonrpc_server_get_deadline(g.server) ==
	            spdk_get_ticks() + 30 * ENV_SIM_TICKS_HZ);
	pass_seconds(30);
	peer_settle(g.server, &g.peer);
	assert_true(g.peer.closed);
}

/* The end of the stream behind half a request is told, too. */
static void
test_half_request_eof(void **state)
{
	assert_string_equal(peer_ask(g.server, &g.peer, HALF), "");
	env_stream_close(g.peer.fd);
	peer_settle(g.server, NULL);
	assert_true(jsonrpc_server_get_deadline(g.server) == UINT64_MAX);
	peer_open(&g.peer, ADDR);
}

/* Each answer has its own time; who takes none is parted with, and holds up nobody. */
static void
test_answer_deadline(void **state)
{
	static struct peer other;
	size_t i;

	for (i = 0; i < 20; i++) {
		assert_int_equal(env_stream_send(g.peer.fd, "{\"method\":\"long\",\"id\":1}", 24),
		                 24);
		jsonrpc_server_step(g.server);
	}
	peer_settle(g.server, NULL);
	assert_true(jsonrpc_server_get_deadline(g.server) ==
	            spdk_get_ticks() + 60 * ENV_SIM_TICKS_HZ);
	pass_seconds(50);
	peer_take(&g.peer); /* the first, at least */
	peer_settle(g.server, NULL);
	assert_true(jsonrpc_server_get_deadline(g.server) ==
	            spdk_get_ticks() + 60 * ENV_SIM_TICKS_HZ);
	pass_seconds(59);
	peer_open(&other, ADDR);
	assert_string_equal(peer_ask(g.server, &other, REQ("2")), OK("2") "\n");
	pass_seconds(1);
	peer_settle(g.server, NULL);
	assert_true(jsonrpc_server_get_deadline(g.server) == UINT64_MAX);
	peer_take(&g.peer);
	peer_take(&g.peer);
	assert_true(g.peer.closed);
	assert_string_equal(peer_ask(g.server, &other, REQ("3")), OK("3") "\n");
	env_stream_close(other.fd);
}

/* All places are taken: who was idle for longest, and for a minute, makes room. */
static void
test_idle_makes_room(void **state)
{
	static struct peer peers[JSONRPC_CONNS_MAX], late;
	size_t i;

	peers[0] = g.peer;
	peer_ask(g.server, &peers[0], "{\"method\":\"slow\",\"id\":1}");
	for (i = 1; i < JSONRPC_CONNS_MAX; i++) {
		peer_open(&peers[i], ADDR);
		peer_ask(g.server, &peers[i], REQ("1"));
		env_sim_advance(1);
	}
	pass_seconds(20);
	peer_ask(g.server, &peers[1], REQ("1"));
	assert_true(jsonrpc_server_get_deadline(g.server) == UINT64_MAX); /* nobody waits */
	peer_open(&late, ADDR);
	assert_string_equal(peer_ask(g.server, &late, REQ("2")), "");
	assert_int_equal(jsonrpc_server_step(g.server), 0);
	assert_in_range(jsonrpc_server_get_deadline(g.server) - spdk_get_ticks(),
	                40 * ENV_SIM_TICKS_HZ - 1000, 40 * ENV_SIM_TICKS_HZ);
	pass_seconds(40);
	peer_settle(g.server, &late);
	assert_string_equal(late.text, OK("2") "\n");
	for (i = 0; i < JSONRPC_CONNS_MAX; i++) {
		peer_take(&peers[i]);
		assert_int_equal(peers[i].closed, i == 2);
		env_stream_close(peers[i].fd);
	}
	spdk_jsonrpc_send_bool_response(g.slow[0], true);
	g.peer = late;
}

/* No descriptor for a connection: no busy loop, another attempt a second later. */
static void
test_accept_pause(void **state)
{
	static struct peer other;

	peer_settle(g.server, &g.peer);
	peer_open(&other, ADDR);
	env_sim_fail_nth(ENV_FAULT_STREAM, 1);
	peer_settle(g.server, NULL);
	env_fault_clear();
	assert_string_equal(peer_ask(g.server, &other, REQ("1")), "");
	assert_int_equal(jsonrpc_server_step(g.server), 0);
	assert_true(jsonrpc_server_get_deadline(g.server) == spdk_get_ticks() + ENV_SIM_TICKS_HZ);
	pass_seconds(1);
	peer_settle(g.server, &other);
	assert_string_equal(other.text, OK("1") "\n");
	assert_true(jsonrpc_server_get_deadline(g.server) == UINT64_MAX);
	env_stream_close(other.fd);
}

/* A peer that takes no answers is not read from for ever, and gets all of them later. */
static void
test_slow_taker(void **state)
{
	size_t sent = 0, lines = 0, i;
	ssize_t n = 0;

	while (sent < 200) {
		n = env_stream_send(g.peer.fd, "{\"method\":\"long\",\"id\":1}", 24);
		assert_int_equal(n, 24);
		sent++;
		jsonrpc_server_step(g.server);
	}
	assert_in_range(g.num_calls, JSONRPC_CONN_UNSENT_MAX / 100003,
	                JSONRPC_CONN_UNSENT_MAX / 100000 + JSONRPC_REQUESTS_PER_POLL);
	for (i = 0; i < 10000 && lines < 200; i++) {
		g.peer.len = 0;
		peer_take(&g.peer);
		for (n = 0; n < (ssize_t)g.peer.len; n++) {
			lines += g.peer.text[n] == '\n';
		}
		jsonrpc_server_step(g.server);
	}
	assert_int_equal(lines, 200);
}

static void
test_connection_limit(void **state)
{
	static struct peer peers[JSONRPC_CONNS_MAX];
	size_t i;

	/* One is open already. */
	for (i = 0; i < JSONRPC_CONNS_MAX; i++) {
		peer_open(&peers[i], ADDR);
		peer_ask(g.server, &peers[i], REQ("1"));
		assert_int_equal(peers[i].len > 0, i < JSONRPC_CONNS_MAX - 1);
	}
	assert_int_equal(jsonrpc_server_step(g.server), 0); /* the one that waits wakes nobody */
	env_stream_close(peers[0].fd);
	peer_settle(g.server, &peers[JSONRPC_CONNS_MAX - 1]);
	assert_string_equal(peers[JSONRPC_CONNS_MAX - 1].text, OK("1") "\n");
	for (i = 1; i < JSONRPC_CONNS_MAX; i++) {
		env_stream_close(peers[i].fd);
	}
}

static size_t g_closed;

static void
conn_closed(struct spdk_jsonrpc_server_conn *conn, void *arg)
{
	assert_ptr_equal(arg, &g_closed);
	g_closed++;
}

/* The method runs on; its answer goes nowhere. */
static void
test_client_gone(void **state)
{
	struct spdk_jsonrpc_server_conn *conn;

	g_closed = 0;
	peer_ask(g.server, &g.peer, "{\"method\":\"slow\",\"id\":1}");
	conn = spdk_jsonrpc_get_conn(g.slow[0]);
	assert_non_null(conn);
	assert_int_equal(spdk_jsonrpc_conn_add_close_cb(conn, conn_closed, &g_closed), 0);
	assert_int_equal(spdk_jsonrpc_conn_add_close_cb(conn, conn_closed, &g_closed), -EEXIST);
	assert_int_equal(spdk_jsonrpc_conn_del_close_cb(conn, conn_closed, NULL), -ENOENT);
	env_stream_send(g.peer.fd, "{\"method\":\"echo\"}", 17);
	env_stream_close(g.peer.fd);
	peer_settle(g.server, NULL);
	assert_int_equal(g.num_calls, 2);
	/* The simulated peer is gone for sending, too. */
	assert_int_equal(g_closed, 1);
	assert_null(spdk_jsonrpc_get_conn(g.slow[0]));
	spdk_jsonrpc_send_bool_response(g.slow[0], true);
	peer_settle(g.server, NULL);
	peer_open(&g.peer, ADDR);
}

/* An answer that comes after the server is gone is the last use of its memory. */
static void
test_shutdown_with_requests(void **state)
{
	peer_ask(g.server, &g.peer,
	         "{\"method\":\"slow\",\"id\":1}[{\"method\":\"slow\",\"id\":2}]");
	spdk_jsonrpc_server_shutdown(g.server);
	peer_take(&g.peer);
	assert_true(g.peer.closed);
	spdk_jsonrpc_send_bool_response(g.slow[0], true);
	spdk_jsonrpc_send_error_response(g.slow[1], -EIO, "x");
	assert_int_equal(jsonrpc_server_listen(ADDR, handle, &g.server), 0);
}

static void
test_listen_twice(void **state)
{
	struct spdk_jsonrpc_server *other;

	assert_int_equal(jsonrpc_server_listen(ADDR, handle, &other), -EADDRINUSE);
}

struct local {
	int code;
	char text[200];
	int calls;
};

static void
local_done(void *ctx, const struct jsonrpc_answer *answer)
{
	struct local *l = ctx;

	l->calls++;
	l->code = answer->error_code;
	snprintf(l->text, sizeof(l->text), "%s",
	         answer->error_code != 0 ? answer->message : answer->text);
}

static void
test_local(void **state)
{
	char text[] = "[\"echo\",\"fail\",\"slow\"]";
	struct spdk_json_val v[8];
	struct local l = { 0 };

	spdk_json_parse(text, strlen(text), v, 8, NULL, SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE);
	assert_int_equal(jsonrpc_local_call(handle, &v[1], NULL, local_done, &l), 0);
	assert_int_equal(l.calls, 1);
	assert_string_equal(l.text, OK("null"));
	assert_int_equal(jsonrpc_local_call(handle, &v[2], NULL, local_done, &l), 0);
	assert_int_equal(l.code, -EEXIST);
	assert_string_equal(l.text, "no \"x\\\"\n");
	assert_int_equal(jsonrpc_local_call(handle, &v[3], NULL, local_done, &l), 0);
	assert_int_equal(l.calls, 2);
	assert_non_null(jsonrpc_request_alloc(g.slow[0], 1000));
	spdk_jsonrpc_send_bool_response(g.slow[0], true);
	assert_int_equal(l.calls, 3);
	assert_int_equal(l.code, 0);
}

static const char *const heap_texts[] = {
	REQ("\"an id of some length\""),
	"[" REQ("1") ",7,{\"method\":\"long\",\"id\":2},{\"method\":\"fail\",\"id\":3}]",
	"{\"method\":\"slow\",\"id\":1}" REQ("2"),
};

/* Ask with the n-th allocation failing. False when that many were not made. */
static bool
ask_without_memory(const char *text, uint64_t n)
{
	bool hit;

	g.num_slow = 0;
	env_sim_fail_nth(ENV_FAULT_HEAP, n);
	peer_ask(g.server, &g.peer, text);
	if (g.num_slow > 0) {
		spdk_jsonrpc_send_bool_response(g.slow[0], true);
		peer_settle(g.server, &g.peer);
	}
	hit = env_fault_count(ENV_FAULT_HEAP) >= n;
	env_fault_clear();
	pass_seconds(JSONRPC_ACCEPT_PAUSE_S); /* it may not have been accepted at once */
	peer_settle(g.server, &g.peer);
	/* An answer, an error, or an end: no peer waits for ever. */
	assert_true(g.peer.closed || g.peer.len > 0);
	env_stream_close(g.peer.fd);
	peer_settle(g.server, NULL);
	return hit;
}

static void
test_no_memory(void **state)
{
	uint64_t live, n, failures = 0;
	size_t i;

	env_stream_close(g.peer.fd);
	peer_settle(g.server, NULL);
	live = env_sim_live_heap();
	for (i = 0; i < SPDK_COUNTOF(heap_texts); i++) {
		for (n = 1;; n++) {
			peer_open(&g.peer, ADDR);
			if (!ask_without_memory(heap_texts[i], n)) {
				break;
			}
			failures++;
			assert_int_equal(env_sim_live_heap(), live);
		}
	}
	assert_in_range(failures, 30, 1000);
	peer_open(&g.peer, ADDR);
	assert_string_equal(peer_ask(g.server, &g.peer, REQ("1")), OK("1") "\n");
}

static void
test_listen_faults(void **state)
{
	static const enum env_fault_class classes[] = { ENV_FAULT_HEAP, ENV_FAULT_WAITER,
		                                        ENV_FAULT_STREAM };
	struct spdk_jsonrpc_server *other;
	uint64_t live = env_sim_live_heap(), n;
	uint32_t fds = env_sim_fd_count();
	size_t i;
	int rc;

	for (i = 0; i < SPDK_COUNTOF(classes); i++) {
		for (n = 1; n < 100; n++) {
			env_sim_fail_nth(classes[i], n);
			rc = jsonrpc_server_listen("/rpc/other.sock", handle, &other);
			env_fault_clear();
			if (rc == 0) {
				spdk_jsonrpc_server_shutdown(other);
			}
			assert_int_equal(env_sim_live_heap(), live);
			assert_int_equal(env_sim_fd_count(), fds);
			if (rc == 0) {
				break;
			}
			assert_true(rc < 0);
		}
		assert_in_range(n, 2, 99);
	}
}

int
main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_envelope),
		T(test_split),
		T(test_parse_error_closes),
		T(test_largest_request),
		T(test_long_batch),
		T(test_long_batch_closed),
		T(test_batch_answer_limit),
		T(test_error_text),
		T(test_request_deadline),
		T(test_request_deadline_paused),
		T(test_half_request_eof),
		T(test_answer_deadline),
		T(test_idle_makes_room),
		T(test_accept_pause),
		T(test_thousand),
		T(test_order_of_completion),
		T(test_half_request),
		T(test_slow_taker),
		T(test_connection_limit),
		T(test_client_gone),
		T(test_shutdown_with_requests),
		T(test_listen_twice),
		T(test_local),
		T(test_no_memory),
		T(test_listen_faults),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("jsonrpc:server", tests, NULL, NULL);
}
