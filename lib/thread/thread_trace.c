/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Tracepoints of threads: each SPDK thread is an owner. Told to the trace file when it is made. */

#include "spdk/util.h"
#include "spdk_internal/trace.h"

static void
thread_trace_register(void)
{
	static const struct spdk_trace_tpoint_opts opts[] = {
		{ "THREAD_IOCH_GET",
		  TRACE_THREAD_IOCH_GET,
		  OWNER_TYPE_THREAD,
		  OBJECT_NONE,
		  0,
		  { { "refcnt", SPDK_TRACE_ARG_TYPE_INT, 4 } } },
		{ "THREAD_IOCH_PUT",
		  TRACE_THREAD_IOCH_PUT,
		  OWNER_TYPE_THREAD,
		  OBJECT_NONE,
		  0,
		  { { "refcnt", SPDK_TRACE_ARG_TYPE_INT, 4 } } },
	};

	spdk_trace_register_owner_type(OWNER_TYPE_THREAD, 't');
	spdk_trace_register_description_ext(opts, SPDK_COUNTOF(opts));
}

extern const struct spdk_trace_register_fn thread_trace_group;
const struct spdk_trace_register_fn thread_trace_group = { "thread", TRACE_GROUP_THREAD,
	                                                   thread_trace_register, NULL };
