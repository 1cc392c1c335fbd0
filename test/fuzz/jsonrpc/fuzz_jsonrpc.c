/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Any bytes to a JSON-RPC server that decodes the parameters of every method, and runs none. Beyond
 * not crashing: each line of the answer is good JSON; nothing is left when the connection is gone;
 * and the answers are the same however the bytes were cut into pieces.
 */

#include "rpc_internal.h"
#include "spdk_internal/env_sim.h"
#include "spdk/log.h"
#include "spdk/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ADDR "/rpc/fuzz.sock"
#define PIECE_MAX 65536

struct answers {
	char *text;
	size_t len;
	bool closed;
};

#define CHECK(cond) \
	do { \
		if (!(cond)) { \
			abort(); \
		} \
	} while (0)

static void
handle(struct spdk_jsonrpc_request *request, const struct spdk_json_val *method,
       const struct spdk_json_val *params)
{
	struct rpc_decode_error error;
	struct rpc_entry entry;
	void *decoded;

	if (!rpc_find(method->start, method->len, &entry) || entry.method == NULL) {
		jsonrpc_request_reject(request, SPDK_JSONRPC_ERROR_METHOD_NOT_FOUND, NULL);
	} else if (rpc_decode(request, entry.method, params, &decoded, &error) != 0) {
		CHECK(error.code != 0 && error.text[0] != '\0');
		spdk_jsonrpc_send_error_response(request, error.code, error.text);
	} else {
		spdk_jsonrpc_send_bool_response(request, true);
	}
}

static void
take(int fd, struct answers *a)
{
	ssize_t n;

	do {
		a->text = realloc(a->text, a->len + PIECE_MAX);
		CHECK(a->text != NULL);
		n = env_stream_recv(fd, a->text + a->len, PIECE_MAX);
		a->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	a->closed = n == 0;
}

static void
settle(struct spdk_jsonrpc_server *server, int fd, struct answers *a)
{
	int idle = 0;

	while (idle < 2) {
		idle = jsonrpc_server_step(server) > 0 ? 0 : idle + 1;
		take(fd, a);
	}
}

/* The answers to \p data, sent in pieces of up to \p piece bytes and then waited for. */
static struct answers
ask(const uint8_t *data, size_t size, size_t piece)
{
	struct answers a = { NULL };
	struct spdk_jsonrpc_server *server;
	size_t at = 0, len;
	ssize_t n = 0;
	int fd;

	CHECK(jsonrpc_server_listen(ADDR, handle, &server) == 0);
	fd = env_stream_connect(ADDR);
	CHECK(fd >= 0);
	while (at < size && n != -EPIPE) {
		len = size - at < piece ? size - at : piece;
		n = env_stream_send(fd, data + at, len);
		at += n > 0 ? (size_t)n : 0;
		settle(server, fd, &a);
	}
	/* What is half must end, too. */
	env_sim_advance(JSONRPC_REQUEST_TIMEOUT_S * ENV_SIM_TICKS_HZ);
	settle(server, fd, &a);
	CHECK(jsonrpc_server_get_deadline(server) == UINT64_MAX);
	env_stream_close(fd);
	spdk_jsonrpc_server_shutdown(server);
	CHECK(env_sim_fd_count() == 0);
	return a;
}

static void
check_lines(struct answers *a)
{
	char *p = a->text, *end = a->text + a->len, *line_end;
	void *json_end;

	for (; p < end; p = line_end + 1) {
		line_end = memchr(p, '\n', (size_t)(end - p));
		CHECK(line_end != NULL);
		CHECK(spdk_json_parse(p, (size_t)(line_end - p), NULL, 0, &json_end, 0) > 0);
		CHECK(json_end == line_end);
	}
}

/* A scalar ends where its piece ends: `12` is a text, and the start of `123`. */
static bool
has_scalars(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	void *next;

	while (p < end) {
		if (strchr(" \t\r\n", *p) != NULL && *p != '\0') {
			p++;
			continue;
		}
		if (*p != '{' && *p != '[') {
			return true;
		}
		if (spdk_json_parse((void *)(uintptr_t)p, (size_t)(end - p), NULL, 0, &next, 0) <
		    0) {
			return false;
		}
		p = next;
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	struct answers whole, pieces;
	size_t piece = size > 0 ? data[size - 1] % 7 + 1 : 1;

	if (!started) {
		spdk_log_set_print_level(SPDK_LOG_DISABLED);
		spdk_env_opts_init(&opts);
		CHECK(spdk_env_init(&opts) == 0);
		started = true;
	}
	whole = ask(data, size, PIECE_MAX);
	check_lines(&whole);
	pieces = ask(data, size, spdk_max(piece, size / 16)); /* long ones in few pieces */
	check_lines(&pieces);
	if (!has_scalars(data, size)) {
		CHECK(whole.len == pieces.len && whole.closed == pieces.closed);
		CHECK(memcmp(whole.text, pieces.text, whole.len) == 0);
	}
	free(whole.text);
	free(pieces.text);
	return 0;
}
