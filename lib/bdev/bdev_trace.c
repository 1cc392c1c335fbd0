/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Tracepoints of the bdev layer: each bdev is an owner, each I/O an object. Told to the trace file
 * when it is made. */

#include "spdk/util.h"
#include "spdk_internal/trace.h"

static void
bdev_trace_register(void)
{
	static const struct spdk_trace_tpoint_opts opts[] = {
		{ "BDEV_IO_START",
		  TRACE_BDEV_IO_START,
		  OWNER_TYPE_BDEV,
		  OBJECT_BDEV_IO,
		  1,
		  { { "type", SPDK_TRACE_ARG_TYPE_INT, 8 },
		    { "ctx", SPDK_TRACE_ARG_TYPE_PTR, 8 },
		    { "offset", SPDK_TRACE_ARG_TYPE_INT, 8 } } },
		{ "BDEV_IO_DONE",
		  TRACE_BDEV_IO_DONE,
		  OWNER_TYPE_BDEV,
		  OBJECT_BDEV_IO,
		  0,
		  { { "ctx", SPDK_TRACE_ARG_TYPE_PTR, 8 },
		    { "status", SPDK_TRACE_ARG_TYPE_INT, 4 } } },
		{ "BDEV_IOCH_CREATE",
		  TRACE_BDEV_IOCH_CREATE,
		  OWNER_TYPE_BDEV,
		  OBJECT_NONE,
		  0,
		  { { "tid", SPDK_TRACE_ARG_TYPE_INT, 4 } } },
		{ "BDEV_IOCH_DESTROY",
		  TRACE_BDEV_IOCH_DESTROY,
		  OWNER_TYPE_BDEV,
		  OBJECT_NONE,
		  0,
		  { { "tid", SPDK_TRACE_ARG_TYPE_INT, 4 } } },
	};

	spdk_trace_register_owner_type(OWNER_TYPE_BDEV, 'b');
	spdk_trace_register_object(OBJECT_BDEV_IO, 'b');
	spdk_trace_register_description_ext(opts, SPDK_COUNTOF(opts));
}

extern const struct spdk_trace_register_fn bdev_trace_group;
const struct spdk_trace_register_fn bdev_trace_group = { "bdev", TRACE_GROUP_BDEV,
	                                                 bdev_trace_register, NULL };
