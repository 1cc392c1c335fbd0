/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Tracepoints of sockets: each asynchronous write is an object. Told to the trace file when it is
 * made. */

#include "spdk/util.h"
#include "spdk_internal/trace.h"

static void
sock_trace_register(void)
{
	static const struct spdk_trace_tpoint_opts opts[] = {
		{ "SOCK_REQ_QUEUE",
		  TRACE_SOCK_REQ_QUEUE,
		  OWNER_TYPE_NONE,
		  OBJECT_SOCK_REQ,
		  1,
		  { { "ctx", SPDK_TRACE_ARG_TYPE_PTR, 8 } } },
		{ "SOCK_REQ_COMPLETE",
		  TRACE_SOCK_REQ_COMPLETE,
		  OWNER_TYPE_NONE,
		  OBJECT_SOCK_REQ,
		  0,
		  { { "ctx", SPDK_TRACE_ARG_TYPE_PTR, 8 },
		    { "err", SPDK_TRACE_ARG_TYPE_INT, 4 } } },
	};

	spdk_trace_register_object(OBJECT_SOCK_REQ, 's');
	spdk_trace_register_description_ext(opts, SPDK_COUNTOF(opts));
}

extern const struct spdk_trace_register_fn sock_trace_group;
const struct spdk_trace_register_fn sock_trace_group = { "sock", TRACE_GROUP_SOCK,
	                                                 sock_trace_register, NULL };
