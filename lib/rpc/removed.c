/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What SPDK has dropped of rpc.h: one server of the process, where now each has a handle. App
 * thread. */

#include "spdk/rpc.h"
#include "spdk_internal/system_state.h"

static struct {
	struct spdk_rpc_server *server; /* NULL: closed */
} g_only SYSTEM_STATE;

int
spdk_rpc_listen(const char *listen_addr)
{
	if (g_only.server == NULL) {
		g_only.server = spdk_rpc_server_listen(listen_addr);
	}
	return g_only.server != NULL ? 0 : -1;
}

void
spdk_rpc_accept(void)
{
	if (g_only.server != NULL) {
		spdk_rpc_server_accept(g_only.server);
	}
}

void
spdk_rpc_close(void)
{
	if (g_only.server != NULL) {
		spdk_rpc_server_close(g_only.server);
		g_only.server = NULL;
	}
}
