/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What handlers have in common: short answers, and entries of a configuration. The thread of the
 * request. */

#include "rpc_internal.h"
#include "spdk/string.h"

void
rpc_error(struct spdk_jsonrpc_request *request, int code, const char *fmt, ...)
{
	char text[RPC_ERROR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	spdk_jsonrpc_send_error_response(request, code, text);
}

void
rpc_answer_string(struct spdk_jsonrpc_request *request, const char *text)
{
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_result(request);

	spdk_json_write_string(w, text);
	spdk_jsonrpc_end_result(request, w);
}

void
rpc_answer_done(void *_request, int rc)
{
	struct spdk_jsonrpc_request *request = _request;
	const struct spdk_json_val *method = jsonrpc_request_get_method(request);

	if (rc == 0) {
		spdk_jsonrpc_send_bool_response(request, true);
	} else {
		rpc_error(request, rc, "%.*s: %s", (int)method->len, (const char *)method->start,
		          spdk_strerror(-rc));
	}
}

void
rpc_write_entry_begin(struct spdk_json_write_ctx *w, const char *method)
{
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "method", method);
	spdk_json_write_named_object_begin(w, "params");
}

void
rpc_write_entry_end(struct spdk_json_write_ctx *w)
{
	spdk_json_write_object_end(w);
	spdk_json_write_object_end(w);
}
