/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The parameters of a change as they are recorded: with what was made up filled in. App thread;
 * memory is that of the request. */

#include "spdk/util.h"
#include "spdk_internal/jsonrpc.h"
#include "spdk_internal/rpc.h"
#include "state_internal.h"

/* What a record is longer than its request: a UUID, a name that is made up, numbers, the sum. */
#define RECORD_EXTRA 2048

const struct spdk_json_val *
state_parse_result(struct spdk_jsonrpc_request *request)
{
	struct spdk_json_val *values;
	size_t len;
	const char *text = jsonrpc_request_get_result(request, &len);
	ssize_t num = spdk_json_parse((void *)(uintptr_t)text, len, NULL, 0, NULL, 0);
	char *copy;

	assert(num > 0);
	copy = jsonrpc_request_alloc(request, len);
	values = jsonrpc_request_alloc(request, (size_t)num * sizeof(*values));
	if (copy == NULL || values == NULL) {
		return NULL;
	}
	memcpy(copy, text, len);
	spdk_json_parse(copy, len, values, (size_t)num, NULL, SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE);
	return values;
}

int
state_complete_params(struct state_change *change, const struct spdk_json_val *result)
{
	struct spdk_jsonrpc_request *request = change->request;
	struct state_buf buf = { NULL };
	struct spdk_json_write_ctx *w;
	struct spdk_json_val *values = NULL;
	char *text = NULL;
	ssize_t num = -1;

	w = state_buf_write_begin(&buf);
	if (w == NULL) {
		return -ENOMEM;
	}
	rpc_write_completed(w, change->method, change->params, result);
	if (spdk_json_write_end(w) == 0 && !buf.failed) {
		num = spdk_json_parse(buf.data, buf.len, NULL, 0, NULL, 0);
		assert(num > 0);
		text = jsonrpc_request_alloc(request, buf.len);
		values = jsonrpc_request_alloc(request, (size_t)num * sizeof(*values));
	}
	if (text != NULL && values != NULL) {
		memcpy(text, buf.data, buf.len);
		spdk_json_parse(text, buf.len, values, (size_t)num, NULL,
		                SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE);
		change->params = values->type == SPDK_JSON_VAL_NULL ? NULL : values;
	}
	state_buf_free(&buf);
	return text != NULL && values != NULL ? 0 : -ENOMEM;
}

size_t
state_record_bound(const struct state_change *change)
{
	const struct spdk_json_val *val = change->params;
	size_t i, num = val != NULL ? spdk_json_val_len(val) : 0, bound = RECORD_EXTRA;

	for (i = 0; i < num; i++) {
		/* A byte of a string becomes six at most, as \u0000; quotes, comma, colon. */
		bound += (val[i].type & (SPDK_JSON_VAL_ARRAY_BEGIN | SPDK_JSON_VAL_OBJECT_BEGIN |
		                         SPDK_JSON_VAL_ARRAY_END | SPDK_JSON_VAL_OBJECT_END)) != 0
		                 ? 2
		                 : 6 * (size_t)val[i].len + 4;
	}
	return bound;
}
