/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Requests of the JSON-RPC client: one JSON text each, or an array of them as a batch, written by
 * the caller's own hand between begin and end. What goes wrong on the way (short memory, an end
 * without a begin) is kept, and told by the function that sends it. */

#include "client_internal.h"

struct spdk_jsonrpc_client_request *
spdk_jsonrpc_client_create_request(void)
{
	return calloc(1, sizeof(struct spdk_jsonrpc_client_request));
}

void
spdk_jsonrpc_client_free_request(struct spdk_jsonrpc_client_request *req)
{
	if (req == NULL) {
		return;
	}
	if (req->writer != NULL) {
		spdk_json_write_reset(req->writer);
		spdk_json_write_end(req->writer);
	}
	free(req->buf.data);
	free(req);
}

static void
append(struct spdk_jsonrpc_client_request *req, const char *text)
{
	int rc = jsonrpc_buf_append(&req->buf, text, strlen(text), SIZE_MAX);

	req->failed = req->failed != 0 ? req->failed : rc;
}

static int
write_to_request(void *ctx, const void *data, size_t size)
{
	struct spdk_jsonrpc_client_request *req = ctx;

	return jsonrpc_buf_append(&req->buf, data, size, SIZE_MAX);
}

int
spdk_jsonrpc_begin_batch(struct spdk_jsonrpc_client_request *request)
{
	if (request->batch || request->writer != NULL || request->buf.len > 0) {
		return -EINVAL;
	}
	append(request, "[");
	request->batch = request->failed == 0;
	return request->failed;
}

void
spdk_jsonrpc_end_batch(struct spdk_jsonrpc_client_request *request)
{
	if (!request->batch || request->writer != NULL) {
		request->failed = -EINVAL;
		return;
	}
	request->batch = false;
	append(request, "]\n");
}

struct spdk_json_write_ctx *
spdk_jsonrpc_begin_request(struct spdk_jsonrpc_client_request *request, int32_t id,
                           const char *method)
{
	struct spdk_json_write_ctx *w;

	if (request->writer != NULL) {
		return NULL;
	}
	if (request->num_in_batch > 0 && request->batch) {
		append(request, ",");
	}
	w = spdk_json_write_begin(write_to_request, request, 0);
	if (w == NULL) {
		request->failed = -ENOMEM;
		return NULL;
	}
	request->writer = w;
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "jsonrpc", "2.0");
	if (id >= 0) {
		spdk_json_write_named_int32(w, "id", id);
	}
	if (method != NULL) {
		spdk_json_write_named_string(w, "method", method);
	}
	return w;
}

void
spdk_jsonrpc_end_request(struct spdk_jsonrpc_client_request *request, struct spdk_json_write_ctx *w)
{
	if (w == NULL || w != request->writer) {
		request->failed = -EINVAL;
		return;
	}
	request->writer = NULL;
	spdk_json_write_object_end(w);
	if (spdk_json_write_end(w) != 0 && request->failed == 0) {
		request->failed = -ENOMEM;
	}
	if (request->batch) {
		request->num_in_batch++;
	} else {
		append(request, "\n");
	}
}
