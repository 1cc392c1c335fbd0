/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The memory of the trace file. Apart from file.c, which makes it and lets all groups of the tree
 * register: code that only records must not bring those groups, and what they describe, into a
 * program.
 */

#include "trace_internal.h"

struct spdk_trace_file *g_trace_file;
struct trace_memory g_trace_memory SYSTEM_STATE;

int
trace_reserve_rings(void)
{
	int rc;

	if (g_trace_memory.rings_reserved) {
		return 0;
	}
	rc = env_shm_reserve(&g_trace_memory.shm, g_trace_memory.rings_offset,
	                     g_trace_memory.shm.size_bytes - g_trace_memory.rings_offset);
	if (rc != 0) {
		SPDK_ERRLOG("No memory for trace records (%" PRIu64 " KiB of /dev/shm): start with "
		            "a smaller --num-trace-entries, or make room\n",
		            (g_trace_memory.shm.size_bytes - g_trace_memory.rings_offset) / 1024);
		return rc;
	}
	g_trace_memory.rings_reserved = true;
	return 0;
}

int
trace_reserve_owners(uint32_t first, uint32_t num)
{
	uint64_t size = sizeof(struct spdk_trace_owner) + OWNER_DESCRIPTION_BYTES;

	return env_shm_reserve(&g_trace_memory.shm,
	                       g_trace_memory.owners_offset +
	                               sizeof(struct spdk_trace_section_owner) + first * size,
	                       num * size);
}
