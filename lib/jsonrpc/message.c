/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A message: one JSON text, taken apart into requests as the JSON-RPC 2.0 envelope says, run, and
 * its answers put together again. What is not a request is answered with "Invalid Request" in its
 * place, with its id where that is usable.
 *
 * Life: created (pending = 1) -> dispatched, a part at a time: each request that runs adds 1 ->
 * each answer, and the end of the dispatch, take 1 away -> 0: done, handed to the server, or to the
 * local caller. */

#include "jsonrpc_internal.h"
#include "spdk/log.h"

/* The members of a request, each at most once. */
struct envelope {
	const struct spdk_json_val *jsonrpc;
	const struct spdk_json_val *method;
	const struct spdk_json_val *params;
	const struct spdk_json_val *id;
};

static bool
take_member(struct envelope *e, const struct spdk_json_val *name)
{
	const struct spdk_json_val **slot;

	if (spdk_json_strequal(name, "jsonrpc")) {
		slot = &e->jsonrpc;
	} else if (spdk_json_strequal(name, "method")) {
		slot = &e->method;
	} else if (spdk_json_strequal(name, "params")) {
		slot = &e->params;
	} else if (spdk_json_strequal(name, "id")) {
		slot = &e->id;
	} else {
		return false;
	}
	if (*slot != NULL) {
		return false;
	}
	*slot = name + 1;
	return true;
}

static bool
has_type(const struct spdk_json_val *val, uint32_t types)
{
	return val == NULL || (val->type & types) != 0;
}

/* What is wrong with the members but for the parameters; NULL: nothing. */
static const char *
check_envelope(const struct envelope *e)
{
	if (e->jsonrpc != NULL &&
	    (e->jsonrpc->type != SPDK_JSON_VAL_STRING || !spdk_json_strequal(e->jsonrpc, "2.0"))) {
		return "Invalid Request: \"jsonrpc\" is not \"2.0\"";
	}
	if (e->method == NULL || e->method->type != SPDK_JSON_VAL_STRING) {
		return "Invalid Request: \"method\" is missing or no string";
	}
	if (!has_type(e->id, SPDK_JSON_VAL_NULL | SPDK_JSON_VAL_STRING | SPDK_JSON_VAL_NUMBER)) {
		return "Invalid Request: \"id\" is no string and no number";
	}
	return NULL;
}

/* Fill in the request. NULL, or why it is none; its id, when the envelope is good but for the
 * parameters, is kept. */
static const char *
parse_request(struct spdk_jsonrpc_request *request, const struct spdk_json_val *val)
{
	struct envelope e = { NULL };
	const struct spdk_json_val *name, *end;
	const char *reason;

	request->notification = true;
	if (val->type != SPDK_JSON_VAL_OBJECT_BEGIN) {
		return "Invalid Request: it is no object";
	}
	end = val + 1 + val->len;
	for (name = val + 1; name < end; name += 1 + spdk_json_val_len(name + 1)) {
		if (!take_member(&e, name)) {
			return "Invalid Request: jsonrpc, method, params and id are its members, "
			       "each once";
		}
	}
	reason = check_envelope(&e);
	if (reason != NULL) {
		return reason;
	}
	request->method = e.method;
	if (e.id != NULL && e.id->type != SPDK_JSON_VAL_NULL) {
		request->id = e.id;
		request->notification = false;
	}
	if (!has_type(e.params, SPDK_JSON_VAL_NULL | SPDK_JSON_VAL_OBJECT_BEGIN |
	                                SPDK_JSON_VAL_ARRAY_BEGIN)) {
		return "Invalid Request: \"params\" is no object and no array";
	}
	if (e.params != NULL && e.params->type != SPDK_JSON_VAL_NULL) {
		request->params = e.params;
	}
	return NULL;
}

/* The number of requests in a message; an empty array counts as one bad request. */
static uint32_t
count_requests(const struct spdk_json_val *values)
{
	size_t count = 1;

	if (values->type == SPDK_JSON_VAL_ARRAY_BEGIN && values->len > 0) {
		count = spdk_json_array_count(values);
	}
	return (uint32_t)count;
}

int
jsonrpc_parse_text(const char *text, size_t size, char **copy, struct spdk_json_val **values)
{
	ssize_t num;

	num = spdk_json_parse((void *)(uintptr_t)text, size, NULL, 0, NULL, 0);
	if (num <= 0) {
		return -EINVAL;
	}
	*copy = malloc(size);
	*values = calloc((size_t)num, sizeof(**values));
	if (*copy == NULL || *values == NULL) {
		free(*copy);
		free(*values);
		*copy = NULL;
		*values = NULL;
		return -ENOMEM;
	}
	memcpy(*copy, text, size);
	spdk_json_parse(*copy, size, *values, (size_t)num, NULL,
	                SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE);
	return 0;
}

static struct jsonrpc_message *
message_alloc(uint32_t num_requests)
{
	struct jsonrpc_message *msg;
	uint32_t i;

	msg = calloc(1, sizeof(*msg) + num_requests * sizeof(msg->requests[0]));
	if (msg == NULL) {
		return NULL;
	}
	msg->num_requests = num_requests;
	atomic_init(&msg->pending, 1);
	for (i = 0; i < num_requests; i++) {
		msg->requests[i].msg = msg;
	}
	return msg;
}

struct jsonrpc_message *
jsonrpc_message_create(const char *text, size_t size)
{
	struct jsonrpc_message *msg;
	struct spdk_json_val *values;
	char *copy;

	if (jsonrpc_parse_text(text, size, &copy, &values) != 0) {
		return NULL;
	}
	msg = message_alloc(count_requests(values));
	if (msg == NULL) {
		free(copy);
		free(values);
		return NULL;
	}
	msg->text = copy;
	msg->values = values;
	msg->batch = values->type == SPDK_JSON_VAL_ARRAY_BEGIN && values->len > 0;
	msg->next_val = msg->batch ? values + 1 : values;
	return msg;
}

struct jsonrpc_message *
jsonrpc_message_create_error(void)
{
	struct jsonrpc_message *msg = message_alloc(1);

	if (msg == NULL) {
		return NULL;
	}
	if (jsonrpc_request_start(&msg->requests[0]) != 0) {
		jsonrpc_message_free(msg);
		return NULL;
	}
	return msg;
}

void
jsonrpc_message_free(struct jsonrpc_message *msg)
{
	uint32_t i;

	if (msg == NULL) {
		return;
	}
	for (i = 0; i < msg->num_requests; i++) {
		jsonrpc_request_free(&msg->requests[i]);
	}
	free(msg->out.data);
	free(msg->values);
	free(msg->text);
	free(msg);
}

static void
dispatch_one(struct spdk_jsonrpc_request *request, const struct spdk_json_val *val,
             spdk_jsonrpc_handle_request_fn handle_request)
{
	const char *reason = parse_request(request, val);

	atomic_fetch_add_explicit(&request->msg->pending, 1, memory_order_relaxed);
	if (jsonrpc_request_start(request) != 0) {
		request->msg->broken = true;
		request->state = REQUEST_ANSWERED;
		jsonrpc_message_put(request->msg);
		return;
	}
	request->state = REQUEST_RUNNING;
	if (reason == NULL) {
		handle_request(request, request->method, request->params);
	} else {
		jsonrpc_request_reject(request, SPDK_JSONRPC_ERROR_INVALID_REQUEST, reason);
	}
}

static bool
is_blocked(const struct jsonrpc_message *msg)
{
	return msg->conn != NULL && jsonrpc_conn_is_blocked(msg->conn);
}

bool
jsonrpc_message_dispatch(struct jsonrpc_message *msg, spdk_jsonrpc_handle_request_fn handle_request,
                         uint32_t *budget)
{
	for (; msg->next<msg->num_requests && * budget> 0 && !is_blocked(msg); (*budget)--) {
		dispatch_one(&msg->requests[msg->next++], msg->next_val, handle_request);
		msg->next_val += spdk_json_val_len(msg->next_val);
	}
	if (msg->next < msg->num_requests) {
		return false;
	}
	jsonrpc_message_put(msg);
	return true;
}

static void
local_done(struct jsonrpc_message *msg)
{
	struct spdk_jsonrpc_request *request = &msg->requests[0];
	struct jsonrpc_answer answer = {
		.error_code = request->error_code,
		.message = request->error_message != NULL ? request->error_message : "",
		.text = request->answer.data,
		.text_len_bytes = request->answer.len,
	};

	if (jsonrpc_buf_append(&request->answer, "", 1, SIZE_MAX) != 0) {
		answer.text = "";
		answer.text_len_bytes = 0;
	} else {
		answer.text = request->answer.data;
	}
	msg->local_done(msg->local_ctx, &answer);
	jsonrpc_message_free(msg);
}

void
jsonrpc_message_put(struct jsonrpc_message *msg)
{
	/* Pairs with itself: the last one sees what all the others wrote. */
	if (atomic_fetch_sub_explicit(&msg->pending, 1, memory_order_acq_rel) == 1) {
		msg->done(msg);
	}
}

int
jsonrpc_message_assemble(struct jsonrpc_message *msg)
{
	struct jsonrpc_buf *out = &msg->out;
	uint32_t i;
	int rc = 0;

	if (!msg->batch) {
		*out = msg->requests[0].answer;
		memset(&msg->requests[0].answer, 0, sizeof(*out));
	} else {
		for (i = 0; i < msg->num_requests && rc == 0; i++) {
			struct jsonrpc_buf *answer = &msg->requests[i].answer;

			if (answer->len == 0) {
				continue;
			}
			rc = jsonrpc_buf_append(out, out->len == 0 ? "[" : ",", 1, SIZE_MAX);
			rc = rc != 0 ? rc
			             : jsonrpc_buf_append(out, answer->data, answer->len, SIZE_MAX);
			free(answer->data);
			memset(answer, 0, sizeof(*answer));
		}
		if (rc == 0 && out->len > 0) {
			rc = jsonrpc_buf_append(out, "]", 1, SIZE_MAX);
		}
	}
	if (rc == 0 && out->len > 0) {
		rc = jsonrpc_buf_append(out, "\n", 1, SIZE_MAX);
	}
	return rc;
}

int
jsonrpc_local_call(spdk_jsonrpc_handle_request_fn handle_request,
                   const struct spdk_json_val *method, const struct spdk_json_val *params,
                   jsonrpc_local_done_fn done, void *ctx)
{
	struct jsonrpc_message *msg;
	struct spdk_jsonrpc_request *request;

	msg = message_alloc(1);
	if (msg == NULL) {
		return -ENOMEM;
	}
	request = &msg->requests[0];
	request->method = method;
	request->params = params;
	msg->done = local_done;
	msg->local_done = done;
	msg->local_ctx = ctx;
	msg->rights = INT_MAX;
	if (jsonrpc_request_start(request) != 0) {
		jsonrpc_message_free(msg);
		return -ENOMEM;
	}
	atomic_fetch_add_explicit(&msg->pending, 1, memory_order_relaxed);
	request->state = REQUEST_RUNNING;
	handle_request(request, method, params);
	jsonrpc_message_put(msg);
	return 0;
}
