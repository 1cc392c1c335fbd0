/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What the files of lib/trace share.
 */

#ifndef LIB_TRACE_INTERNAL_H
#define LIB_TRACE_INTERNAL_H

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/trace.h"
#include "spdk/util.h"
#include "spdk_internal/env.h"
#include "spdk_internal/system_state.h"
#include "spdk_internal/trace.h"

#define TRACE_GROUP_TPOINTS 64

/* The groups of the tree, generated. */
extern const struct spdk_trace_register_fn *const g_trace_group_table[];

/* owner.c. With a new file; 0 or -ENOMEM. */
int trace_owners_init(void);
void trace_owners_fini(void);

/* user_thread.c. Rings [first, first + num) are for user threads. */
int trace_user_threads_init(uint32_t first, uint32_t num); /* 0 or -ENOMEM */
void trace_user_threads_fini(void);
/* Number of the calling user thread's ring; 0: it has none. */
uint32_t trace_user_ring(void);

#define OWNER_DESCRIPTION_BYTES 119 /* with the owner's own 9 bytes 128 */

/* memory.c; file.c makes it. */
struct trace_memory {
	struct env_shm shm;
	uint64_t owners_offset;
	uint64_t rings_offset;
	bool rings_reserved; /* set under the lock of mask.c */
};
extern struct trace_memory g_trace_memory;

/* Memory for the rings, before the first tracepoint goes on. 0 or -ENOSPC. */
int trace_reserve_rings(void);

/* The same for some owners, before the first of them. */
int trace_reserve_owners(uint32_t first, uint32_t num);

/* mask.c: all off, as a new file has it. */
void trace_masks_fini(void);

/* register.c: call what registers each group. */
void trace_register_all(void);

/* describe.c: the tracepoint of a number, NULL with a log line when there can't be one. */
struct spdk_trace_tpoint *trace_tpoint_find(uint16_t tpoint_id, const char *what);

#endif /* LIB_TRACE_INTERNAL_H */
