/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* One request and its answer. The writer and room for any error are there before the handler runs,
 * so that answering can't fail: a result that runs out of memory becomes an error. A handler runs
 * on the server's thread and may answer on any thread.
 *
 * States: NEW -> RUNNING -> (WRITING ->) (HELD ->) ANSWERED. */

#include "jsonrpc_internal.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/json.h"

/* Longest text of an error, in bytes of JSON, and what stands around it. */
#define ERROR_TEXT_MAX 1536
#define ERROR_ROOM (ERROR_TEXT_MAX + 64)
#define OUT_OF_MEMORY_TEXT "out of memory while the result was written"
#define RESULT ",\"result\":"
#define PREFIX "{\"jsonrpc\":\"2.0\",\"id\":"
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

int
jsonrpc_buf_append(struct jsonrpc_buf *buf, const void *data, size_t len, size_t max)
{
	size_t need, cap;
	char *p;

	if (__builtin_add_overflow(buf->len, len, &need) || need > max) {
		return -EFBIG;
	}
	if (need > buf->cap) {
		cap = spdk_max(need, buf->cap + buf->cap / 2);
		p = realloc(buf->data, cap);
		if (p == NULL) {
			return -ENOMEM;
		}
		buf->data = p;
		buf->cap = cap;
	}
	if (len > 0) {
		memcpy(buf->data + buf->len, data, len);
	}
	buf->len = need;
	return 0;
}

static int
write_to_answer(void *ctx, const void *data, size_t size)
{
	struct spdk_jsonrpc_request *request = ctx;
	size_t others = atomic_load_explicit(&request->msg->answer_bytes, memory_order_relaxed);
	size_t max = others < JSONRPC_ANSWER_SIZE_MAX ? JSONRPC_ANSWER_SIZE_MAX - others : 0;
	int rc;

	rc = jsonrpc_buf_append(&request->answer, data, size, max);
	request->too_long |= rc == -EFBIG;
	return rc;
}

/* The id is as long as its request at most. */
static int
write_id(void *ctx, const void *data, size_t size)
{
	struct spdk_jsonrpc_request *request = ctx;

	return jsonrpc_buf_append(&request->answer, data, size, SIZE_MAX);
}

/* `{"jsonrpc":"2.0","id":7` */
static int
write_prefix(struct spdk_jsonrpc_request *request)
{
	struct spdk_json_write_ctx *w;
	int rc;

	w = spdk_json_write_begin(write_id, request, 0);
	if (w == NULL) {
		return -ENOMEM;
	}
	rc = jsonrpc_buf_append(&request->answer, PREFIX, sizeof(PREFIX) - 1, SIZE_MAX);
	if (request->id == NULL) {
		spdk_json_write_null(w);
	} else {
		spdk_json_write_val(w, request->id);
	}
	return spdk_json_write_end(w) != 0 || rc != 0 ? -ENOMEM : 0;
}

int
jsonrpc_request_start(struct spdk_jsonrpc_request *request)
{
	char room[ERROR_ROOM] = { 0 };

	if (write_prefix(request) != 0) {
		return -ENOMEM;
	}
	request->prefix_len = request->answer.len;
	if (jsonrpc_buf_append(&request->answer, room, sizeof(room), SIZE_MAX) != 0) {
		return -ENOMEM;
	}
	request->answer.len = request->prefix_len;
	request->writer = spdk_json_write_begin(write_to_answer, request, 0);
	return request->writer != NULL ? 0 : -ENOMEM;
}

/* The writer's end_result() may have consumed it already. */
static void
free_writer(struct spdk_jsonrpc_request *request)
{
	struct spdk_json_write_ctx *w = request->writer;

	request->writer = NULL;
	if (w != NULL) {
		spdk_json_write_reset(w); /* nothing of it is to be flushed */
		spdk_json_write_end(w);
	}
}

void
jsonrpc_request_free(struct spdk_jsonrpc_request *request)
{
	struct jsonrpc_chunk *chunk;

	free_writer(request);
	while ((chunk = request->chunks) != NULL) {
		request->chunks = chunk->next;
		free(chunk);
	}
	free(request->answer.data);
	request->answer.data = NULL;
}

void *
jsonrpc_request_alloc(struct spdk_jsonrpc_request *request, size_t size_bytes)
{
	struct jsonrpc_chunk *chunk;

	if (size_bytes > SIZE_MAX - sizeof(*chunk)) {
		return NULL;
	}
	chunk = calloc(1, sizeof(*chunk) + size_bytes);
	if (chunk == NULL) {
		return NULL;
	}
	chunk->next = request->chunks;
	request->chunks = chunk;
	return chunk->data;
}

int
jsonrpc_request_get_rights(const struct spdk_jsonrpc_request *request)
{
	return request->msg->rights;
}

const struct spdk_json_val *
jsonrpc_request_get_method(const struct spdk_jsonrpc_request *request)
{
	return request->method;
}

/* Give back the room that an answer did not need: a batch has many. */
static void
shrink(struct jsonrpc_buf *buf)
{
	char *p = realloc(buf->data, buf->len);

	if (p != NULL) {
		buf->data = p;
		buf->cap = buf->len;
	}
}

/* The answer goes out, or is dropped. */
static void
finish(struct spdk_jsonrpc_request *request)
{
	struct jsonrpc_message *msg = request->msg;

	request->state = REQUEST_ANSWERED;
	if (request->drop) {
		free(request->answer.data);
		memset(&request->answer, 0, sizeof(request->answer));
	} else if (msg->batch) {
		shrink(&request->answer);
		atomic_fetch_add_explicit(&msg->answer_bytes, request->answer.len,
		                          memory_order_relaxed);
	}
	jsonrpc_message_put(msg);
}

/* The answer is complete, or to be dropped. */
static void
answered(struct spdk_jsonrpc_request *request, bool drop)
{
	jsonrpc_hold_fn hold_fn = request->hold_fn;

	assert(request->state != REQUEST_HELD && request->state != REQUEST_ANSWERED);
	free_writer(request);
	request->drop = drop;
	if (hold_fn == NULL) {
		finish(request);
		return;
	}
	request->hold_fn = NULL;
	request->state = REQUEST_HELD;
	hold_fn(request->hold_ctx, request);
}

void
jsonrpc_request_hold(struct spdk_jsonrpc_request *request, jsonrpc_hold_fn hold_fn, void *ctx)
{
	assert(request->state == REQUEST_RUNNING);
	request->hold_fn = hold_fn;
	request->hold_ctx = ctx;
}

void
jsonrpc_request_release(struct spdk_jsonrpc_request *request)
{
	assert(request->state == REQUEST_HELD);
	finish(request);
}

int
jsonrpc_request_get_error(const struct spdk_jsonrpc_request *request)
{
	return request->error_code;
}

const char *
jsonrpc_request_get_result(const struct spdk_jsonrpc_request *request, size_t *len_bytes)
{
	assert(request->state == REQUEST_HELD);
	if (request->error_code != 0) {
		*len_bytes = 0;
		return NULL;
	}
	*len_bytes = request->answer.len - request->prefix_len - (sizeof(RESULT) - 1) - 1;
	return request->answer.data + request->prefix_len + sizeof(RESULT) - 1;
}

static const char *
generic_text(int code)
{
	switch (code) {
	case SPDK_JSONRPC_ERROR_PARSE_ERROR:
		return "Parse error";
	case SPDK_JSONRPC_ERROR_INVALID_REQUEST:
		return "Invalid Request";
	case SPDK_JSONRPC_ERROR_METHOD_NOT_FOUND:
		return "Method not found";
	case SPDK_JSONRPC_ERROR_INVALID_PARAMS:
		return "Invalid parameters";
	case SPDK_JSONRPC_ERROR_INTERNAL_ERROR:
		return "Internal error";
	default:
		return code < 0 && code > -4096 ? spdk_strerror(-code) : "Error";
	}
}

/* Copy \p msg as the inside of a JSON string, cut where the room ends. What is no UTF-8, as where a
 * text was cut before, is replaced: the answer is good JSON whatever a method says. */
static size_t
escape(char *out, size_t room, const char *msg)
{
	const uint8_t *p = (const uint8_t *)msg, *end = p + strlen(msg);
	size_t len = 0;
	int n;

	for (; p < end && len + 6 <= room; p += spdk_max(n, 1)) {
		n = json_utf8_len(p, (size_t)(end - p));
		if (n <= 0) {
			memcpy(out + len, REPLACEMENT, sizeof(REPLACEMENT) - 1);
			len += sizeof(REPLACEMENT) - 1;
		} else if (*p == '"' || *p == '\\') {
			out[len++] = '\\';
			out[len++] = (char)*p;
		} else if (*p < 0x20) {
			len += (size_t)sprintf(out + len, "\\u%04x", *p);
		} else {
			memcpy(out + len, p, (size_t)n);
			len += (size_t)n;
		}
	}
	return len;
}

/* Into the room that jsonrpc_request_start() made. */
static void
write_error(struct spdk_jsonrpc_request *request, int code, const char *msg)
{
	struct jsonrpc_buf *buf = &request->answer;
	char *p = buf->data + request->prefix_len;

	assert(buf->cap - request->prefix_len >= ERROR_ROOM);
	p += sprintf(p, ",\"error\":{\"code\":%d,\"message\":\"", code);
	p += escape(p, ERROR_TEXT_MAX - 64, msg);
	memcpy(p, "\"}}", 3);
	buf->len = (size_t)(p + 3 - buf->data);
}

static void
keep_error(struct spdk_jsonrpc_request *request, int code, const char *msg)
{
	char *copy;

	request->error_code = code != 0 ? code : SPDK_JSONRPC_ERROR_INTERNAL_ERROR;
	request->error_message = generic_text(code);
	if (request->msg->server == NULL) {
		copy = jsonrpc_request_alloc(request, strlen(msg) + 1);
		if (copy != NULL) {
			memcpy(copy, msg, strlen(msg));
			request->error_message = copy;
		}
	}
}

static void
answer_error(struct spdk_jsonrpc_request *request, int code, const char *msg, bool drop)
{
	msg = msg != NULL ? msg : generic_text(code);
	keep_error(request, code, msg);
	write_error(request, request->error_code, msg);
	answered(request, drop);
}

void
jsonrpc_request_release_error(struct spdk_jsonrpc_request *request, int error_code, const char *msg)
{
	assert(request->state == REQUEST_HELD);
	keep_error(request, error_code, msg);
	write_error(request, request->error_code, msg);
	finish(request);
}

void
jsonrpc_request_reject(struct spdk_jsonrpc_request *request, int error_code, const char *msg)
{
	answer_error(request, error_code, msg, false);
}

void
spdk_jsonrpc_send_error_response(struct spdk_jsonrpc_request *request, int error_code,
                                 const char *msg)
{
	answer_error(request, error_code, msg,
	             request->notification && request->msg->server != NULL);
}

void
spdk_jsonrpc_send_error_response_fmt(struct spdk_jsonrpc_request *request, int error_code,
                                     const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	spdk_jsonrpc_send_error_response(request, error_code, text);
}

struct spdk_json_write_ctx *
spdk_jsonrpc_begin_result(struct spdk_jsonrpc_request *request)
{
	assert(request->state == REQUEST_RUNNING);
	request->state = REQUEST_WRITING;
	write_to_answer(request, RESULT, sizeof(RESULT) - 1); /* there is room */
	return request->writer;
}

void
spdk_jsonrpc_end_result(struct spdk_jsonrpc_request *request, struct spdk_json_write_ctx *w)
{
	int rc;

	assert(request->state == REQUEST_WRITING);
	assert(w == request->writer);
	request->writer = NULL;
	rc = spdk_json_write_end(w);
	rc = rc != 0 ? rc : write_to_answer(request, "}", 1);
	if (request->too_long) {
		spdk_jsonrpc_send_error_response_fmt(request, -EFBIG,
		                                     "the result is longer than %d bytes",
		                                     JSONRPC_ANSWER_SIZE_MAX);
		return;
	}
	if (rc != 0) {
		SPDK_ERRLOG("JSON-RPC: no memory for a result of %zu bytes\n", request->answer.len);
		spdk_jsonrpc_send_error_response(request, -ENOMEM, OUT_OF_MEMORY_TEXT);
		return;
	}
	answered(request, request->notification && request->msg->server != NULL);
}

void
spdk_jsonrpc_send_bool_response(struct spdk_jsonrpc_request *request, bool value)
{
	struct spdk_json_write_ctx *w;

	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_bool(w, value);
	spdk_jsonrpc_end_result(request, w);
}
