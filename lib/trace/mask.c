/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Which tracepoints are on: one 64-bit mask a group, in the trace file for SPDK's macros and for
 * readers, and once more in g_trace_on for the tree's. Switched by any thread under a lock, read by
 * all without.
 */

#include "trace_internal.h"

uint64_t g_trace_on[SPDK_TRACE_MAX_GROUP_ID] SYSTEM_STATE;

static struct {
	pthread_mutex_t lock; /* who writes the masks */
} g_state SYSTEM_STATE = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint64_t *
file_mask(uint32_t group_id)
{
	return &spdk_trace_get_tpoint_mask_section(g_trace_file)->tpoint_mask[group_id];
}

static bool
group_is_legal(uint32_t group_id)
{
	if (group_id >= SPDK_TRACE_MAX_GROUP_ID) {
		SPDK_ERRLOG("There is no trace group %u\n", group_id);
		return false;
	}
	return true;
}

uint64_t
spdk_trace_get_tpoint_mask(uint32_t group_id)
{
	if (!group_is_legal(group_id)) {
		return 0;
	}
	return __atomic_load_n(&g_trace_on[group_id], __ATOMIC_RELAXED);
}

static void
group_set(uint32_t group_id, uint64_t mask)
{
	/* Relaxed, and one behind the other: a record more or less does no harm. */
	__atomic_store_n(file_mask(group_id), mask, __ATOMIC_RELAXED);
	__atomic_store_n(&g_trace_on[group_id], mask, __ATOMIC_RELAXED);
}

void
spdk_trace_set_tpoints(uint32_t group_id, uint64_t tpoint_mask)
{
	if (!group_is_legal(group_id)) {
		return;
	}
	if (g_trace_file == NULL) {
		SPDK_ERRLOG("Tracepoints can't be switched on: there is no trace file. Start with "
		            "--num-trace-entries\n");
		return;
	}
	pthread_mutex_lock(&g_state.lock);
	if (tpoint_mask != 0 && trace_reserve_rings() == 0) {
		group_set(group_id, g_trace_on[group_id] | tpoint_mask);
	}
	pthread_mutex_unlock(&g_state.lock);
}

void
spdk_trace_clear_tpoints(uint32_t group_id, uint64_t tpoint_mask)
{
	if (!group_is_legal(group_id) || g_trace_file == NULL) {
		return;
	}
	pthread_mutex_lock(&g_state.lock);
	group_set(group_id, g_trace_on[group_id] & ~tpoint_mask);
	pthread_mutex_unlock(&g_state.lock);
}

uint64_t
spdk_trace_get_tpoint_group_mask(void)
{
	uint64_t mask = 0;
	uint32_t i;

	for (i = 0; i < SPDK_TRACE_MAX_GROUP_ID; i++) {
		if (spdk_trace_get_tpoint_mask(i) != 0) {
			mask |= 1ull << i;
		}
	}
	return mask;
}

void
spdk_trace_set_tpoint_group_mask(uint64_t tpoint_group_mask)
{
	uint32_t i;

	for (i = 0; i < SPDK_TRACE_MAX_GROUP_ID; i++) {
		if (tpoint_group_mask & (1ull << i)) {
			spdk_trace_set_tpoints(i, UINT64_MAX);
		}
	}
}

void
spdk_trace_clear_tpoint_group_mask(uint64_t tpoint_group_mask)
{
	uint32_t i;

	for (i = 0; i < SPDK_TRACE_MAX_GROUP_ID; i++) {
		if (tpoint_group_mask & (1ull << i)) {
			spdk_trace_clear_tpoints(i, UINT64_MAX);
		}
	}
}

void
trace_masks_fini(void)
{
	memset(g_trace_on, 0, sizeof(g_trace_on));
	memset(file_mask(0), 0, SPDK_TRACE_MAX_GROUP_ID * sizeof(uint64_t));
}
