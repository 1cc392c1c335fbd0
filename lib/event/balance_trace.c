/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Tracepoints of scheduling: how busy each core and each thread was when a round asked, and which
 * thread went where. Told to the trace file when it is made. */

#include "spdk/util.h"
#include "spdk_internal/trace.h"

static void
scheduler_trace_register(void)
{
	static const struct spdk_trace_tpoint_opts opts[] = {
		{ "SCHEDULER_CORE_STATS",
		  TRACE_SCHEDULER_CORE_STATS,
		  OWNER_TYPE_NONE,
		  OBJECT_NONE,
		  0,
		  { { "busy", SPDK_TRACE_ARG_TYPE_INT, 8 },
		    { "idle", SPDK_TRACE_ARG_TYPE_INT, 8 } } },
		{ "SCHEDULER_THREAD_STATS",
		  TRACE_SCHEDULER_THREAD_STATS,
		  OWNER_TYPE_NONE,
		  OBJECT_NONE,
		  0,
		  { { "thread", SPDK_TRACE_ARG_TYPE_INT, 8 },
		    { "busy", SPDK_TRACE_ARG_TYPE_INT, 8 },
		    { "idle", SPDK_TRACE_ARG_TYPE_INT, 8 } } },
		{ "SCHEDULER_MOVE_THREAD",
		  TRACE_SCHEDULER_MOVE_THREAD,
		  OWNER_TYPE_NONE,
		  OBJECT_NONE,
		  0,
		  { { "thread", SPDK_TRACE_ARG_TYPE_INT, 8 },
		    { "from", SPDK_TRACE_ARG_TYPE_INT, 4 },
		    { "to", SPDK_TRACE_ARG_TYPE_INT, 4 } } },
	};

	spdk_trace_register_description_ext(opts, SPDK_COUNTOF(opts));
}

extern const struct spdk_trace_register_fn scheduler_trace_group;
const struct spdk_trace_register_fn scheduler_trace_group = { "scheduler", TRACE_GROUP_SCHEDULER,
	                                                      scheduler_trace_register, NULL };
