/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Tracepoints as the tree records them: the masks stand where a tracepoint that is off costs one
 * test of a byte, and its jump.
 */

#ifndef SPDK_INTERNAL_TRACE_H
#define SPDK_INTERNAL_TRACE_H

#include "spdk/likely.h"
#include "spdk_internal/trace_defs.h"

/** The masks of the trace file, group by group; all 0 without one. lib/trace writes them, any
 *  thread reads them (relaxed: a record more or less at the switch does no harm). */
extern uint64_t g_trace_on[SPDK_TRACE_MAX_GROUP_ID] __attribute__((visibility("hidden")));

/** Name of the shared memory, with a slash in front; NULL: there is no trace file. */
const char *trace_get_name(void);

/** Whether a tracepoint, by a constant, is on. */
#define trace_is_on(tpoint_id) \
	spdk_unlikely((__atomic_load_n(&g_trace_on[(tpoint_id) / 64], __ATOMIC_RELAXED) & \
	               (1ULL << ((tpoint_id) % 64))) != 0)

/** What of a group, by a constant, is on: to be ORed to what is tested anyhow for being 0. */
#define trace_group_mask(group_id) __atomic_load_n(&g_trace_on[(group_id)], __ATOMIC_RELAXED)

/** Of a function that records: out of line, so that a caller with tracing off needs no frame. */
#define TRACE_COLD __attribute__((cold, noinline))

/** spdk_trace_record() of the tree. Arguments are evaluated only when the tracepoint is on. */
#define trace_record(tpoint_id, owner_id, size, object_id, ...) \
	do { \
		if (trace_is_on(tpoint_id)) { \
			_spdk_trace_record(0, tpoint_id, owner_id, size, object_id, \
			                   spdk_trace_num_args(__VA_ARGS__), ##__VA_ARGS__); \
		} \
	} while (0)

#endif /* SPDK_INTERNAL_TRACE_H */
