/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A program on the JSON-RPC client alone: no environment is started and no thread of ours runs.
 *	rpc_client unix|tcp4|tcp6 ADDRESS TIMEOUT_MS METHOD...
 * sends each METHOD ("A,B,C": a batch of three) as one request and prints an answer a line: its id
 * and "result" or the error's code. The last line is what the last poll returned. Exit status 0
 * when all were answered.
 */

#include "spdk/json.h"
#include "spdk/jsonrpc.h"
#include "spdk/stdinc.h"

static int g_next_id = 1;

static void
add_call(struct spdk_jsonrpc_client_request *req, const char *method)
{
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_request(req, g_next_id++, method);

	spdk_jsonrpc_end_request(req, w);
}

static int
send_methods(struct spdk_jsonrpc_client *client, char *methods)
{
	struct spdk_jsonrpc_client_request *req = spdk_jsonrpc_client_create_request();
	char *method, *rest;
	int rc;

	if (strchr(methods, ',') == NULL) {
		add_call(req, methods);
	} else {
		spdk_jsonrpc_begin_batch(req);
		for (method = strtok_r(methods, ",", &rest); method != NULL;
		     method = strtok_r(NULL, ",", &rest)) {
			add_call(req, method);
		}
		spdk_jsonrpc_end_batch(req);
	}
	rc = spdk_jsonrpc_client_send_request(client, req);
	if (rc != 0) {
		spdk_jsonrpc_client_free_request(req);
	}
	return rc;
}

static void
print_response(const struct spdk_jsonrpc_client_response *resp)
{
	struct spdk_json_val *code;

	printf("%.*s ", (int)resp->id->len, (const char *)resp->id->start);
	if (resp->result != NULL) {
		printf("result\n");
	} else if (spdk_json_find(resp->error, "code", NULL, &code, SPDK_JSON_VAL_NUMBER) == 0) {
		printf("%.*s\n", (int)code->len, (const char *)code->start);
	}
}

/* Poll until so many answers came, or an error. */
static int
wait_answers(struct spdk_jsonrpc_client *client, int timeout_ms, int num)
{
	struct spdk_jsonrpc_client_response *resp;
	int rc;

	do {
		rc = spdk_jsonrpc_client_poll(client, timeout_ms);
		while ((resp = spdk_jsonrpc_client_get_response(client)) != NULL) {
			print_response(resp);
			spdk_jsonrpc_client_free_response(resp);
			num--;
		}
	} while (rc > 0 && num > 0);
	printf("%d\n", rc);
	return num;
}

int
main(int argc, char **argv)
{
	struct spdk_jsonrpc_client *client;
	int i, rc = 0, family;

	if (argc < 5) {
		return 2;
	}
	family = strcmp(argv[1], "unix") == 0 ? AF_UNIX
	                                      : (strcmp(argv[1], "tcp4") == 0 ? AF_INET : AF_INET6);
	client = spdk_jsonrpc_client_connect(argv[2], family);
	if (client == NULL) {
		printf("connect %d\n", -errno);
		return 1;
	}
	for (i = 4; i < argc && rc == 0; i++) {
		rc = send_methods(client, argv[i]);
	}
	if (rc == 0) {
		rc = wait_answers(client, atoi(argv[3]), g_next_id - 1);
	}
	spdk_jsonrpc_client_close(client);
	return rc != 0;
}
