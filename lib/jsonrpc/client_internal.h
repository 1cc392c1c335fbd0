/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the files of the JSON-RPC client share. A client and all that it holds belong to one thread,
 * which needs no spdk_thread. */

#ifndef JSONRPC_CLIENT_INTERNAL_H
#define JSONRPC_CLIENT_INTERNAL_H

#include "jsonrpc_internal.h"

/* Requests handed over and not yet sent; one more is -ENOSPC. */
#define CLIENT_REQUESTS_MAX 64
/* Answers that wait to be taken; then nothing more is read. */
#define CLIENT_RESPONSES_MAX 4096
/* Longest answer, or array of answers; our own server's are half as long at most. */
#define CLIENT_ANSWER_SIZE_MAX (64 * 1024 * 1024)
/* Where a TCP address without a port leads. */
#define CLIENT_DEFAULT_PORT "5260"

struct spdk_jsonrpc_client_request {
	STAILQ_ENTRY(spdk_jsonrpc_client_request) link; /* client->requests */
	struct jsonrpc_buf buf;
	size_t sent;
	struct spdk_json_write_ctx *writer; /* NULL: no request is being written */
	uint32_t num_in_batch;
	bool batch; /* between begin and end */
	int failed; /* -errno: it can't be sent */
};

/* A text from the server that one or more responses point into. */
struct client_text {
	uint32_t refs;
	char *text;
	struct spdk_json_val *values;
};

struct client_response {
	struct spdk_jsonrpc_client_response out;
	struct client_text *text;
	STAILQ_ENTRY(client_response) link; /* client->responses */
};

STAILQ_HEAD(client_response_list, client_response);

/* client_response.c: take a complete text apart into one response, or one for each element of an
 * array. How many, -EINVAL when it is no answer of JSON-RPC, -ENOMEM. */
int jsonrpc_client_take_text(struct client_response_list *list, const char *text, size_t size);

#endif /* JSONRPC_CLIENT_INTERNAL_H */
