/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The option struct of a program: SPDK's defaults, and reading one of another size than ours. */

#include "app_internal.h"

#include "spdk/init.h"
#include "spdk/log.h"
#include "spdk/util.h"

#define NUM_TRACE_ENTRIES (32 * 1024)
#define BASE_VIRTADDR 0x200000000000

static const struct spdk_app_opts g_defaults = {
	.shm_id = -1,
	.enable_coredump = true,
	.mem_channel = -1,
	.main_core = -1,
	.mem_size = -1,
	.print_level = SPDK_LOG_INFO,
	.rpc_addr = SPDK_DEFAULT_RPC_ADDR,
	.num_entries = NUM_TRACE_ENTRIES,
	.base_virtaddr = BASE_VIRTADDR,
	.msg_mempool_size = SPDK_DEFAULT_MSG_MEMPOOL_SIZE,
	.rpc_log_level = SPDK_LOG_DISABLED,
	.opts_size = sizeof(struct spdk_app_opts),
};

void
spdk_app_opts_init(struct spdk_app_opts *opts, size_t opts_size)
{
	size_t known = spdk_min(opts_size, sizeof(g_defaults));

	if (opts == NULL || opts_size < SPDK_SIZEOF(opts, opts_size)) {
		SPDK_ERRLOG("The program's options need a place, and its size\n");
		return;
	}
	memset(opts, 0, opts_size);
	memcpy(opts, &g_defaults, known);
	opts->opts_size = opts_size;
}

void
app_opts_copy(struct spdk_app_opts *dst, const struct spdk_app_opts *src)
{
	*dst = g_defaults;
	memcpy(dst, src, spdk_min(src->opts_size, sizeof(*dst)));
	dst->opts_size = sizeof(*dst);
}
