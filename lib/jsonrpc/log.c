/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Requests and answers in the log, or in a file of the application, on request. Set at start. */

#include "jsonrpc_internal.h"
#include "spdk/log.h"
#include "spdk_internal/system_state.h"

static SYSTEM_STATE struct {
	FILE *file; /* the application's */
	enum spdk_log_level level;
} g_jsonrpc_log = { .level = SPDK_LOG_DISABLED };

void
spdk_jsonrpc_set_log_level(enum spdk_log_level level)
{
	g_jsonrpc_log.level = level;
}

void
spdk_jsonrpc_set_log_file(FILE *file)
{
	g_jsonrpc_log.file = file;
}

bool
jsonrpc_log_enabled(void)
{
	return g_jsonrpc_log.file != NULL || g_jsonrpc_log.level != SPDK_LOG_DISABLED;
}

void
jsonrpc_log(const char *what, const char *text, size_t len)
{
	if (len > INT_MAX) {
		len = INT_MAX;
	}
	if (g_jsonrpc_log.level != SPDK_LOG_DISABLED) {
		spdk_log(g_jsonrpc_log.level, NULL, 0, NULL, "%s%.*s\n", what, (int)len, text);
	}
	if (g_jsonrpc_log.file != NULL) {
		fprintf(g_jsonrpc_log.file, "%s%.*s\n", what, (int)len, text);
		fflush(g_jsonrpc_log.file);
	}
}
