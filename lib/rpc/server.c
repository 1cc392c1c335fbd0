/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* An RPC server: a JSON-RPC server whose requests go to the dispatcher. App thread. */

#include "rpc_internal.h"
#include "spdk/log.h"
#include "spdk/string.h"

struct spdk_rpc_server {
	struct spdk_jsonrpc_server *jsonrpc;
};

int
rpc_server_listen(const char *addr, struct spdk_rpc_server **_server)
{
	struct spdk_rpc_server *server;
	int rc;

	server = calloc(1, sizeof(*server));
	if (server == NULL) {
		return -ENOMEM;
	}
	rc = jsonrpc_server_listen(addr, rpc_dispatch, &server->jsonrpc);
	if (rc != 0) {
		free(server);
		return rc;
	}
	jsonrpc_server_set_authorize(server->jsonrpc, rpc_role_of);
	if (rpc_roles_have_others()) {
		rc = env_stream_open_to_all(addr);
	}
	if (rc != 0) {
		spdk_rpc_server_close(server);
		return rc;
	}
	*_server = server;
	return 0;
}

struct spdk_rpc_server *
spdk_rpc_server_listen(const char *listen_addr)
{
	struct spdk_rpc_server *server;
	int rc = rpc_server_listen(listen_addr, &server);

	if (rc != 0) {
		SPDK_ERRLOG("RPC: can't listen at %s: %s\n", listen_addr, spdk_strerror(-rc));
		return NULL;
	}
	return server;
}

void
spdk_rpc_server_accept(struct spdk_rpc_server *server)
{
	jsonrpc_server_step(server->jsonrpc);
}

int
rpc_server_step(struct spdk_rpc_server *server)
{
	return jsonrpc_server_step(server->jsonrpc);
}

uint64_t
rpc_server_get_deadline(const struct spdk_rpc_server *server)
{
	return jsonrpc_server_get_deadline(server->jsonrpc);
}

int
rpc_server_get_fd(struct spdk_rpc_server *server)
{
	return jsonrpc_server_get_fd(server->jsonrpc);
}

const uint32_t *
rpc_server_get_counter(struct spdk_rpc_server *server)
{
	return jsonrpc_server_get_counter(server->jsonrpc);
}

void
spdk_rpc_server_close(struct spdk_rpc_server *server)
{
	spdk_jsonrpc_server_shutdown(server->jsonrpc);
	free(server);
}
