/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Intrusive lists: FreeBSD's queue macros and tests whether an element is on a TAILQ.
 */

#ifndef SPDK_QUEUE_H
#define SPDK_QUEUE_H

#include "spdk/queue_extras.h"

/** True when \p elm is on a TAILQ, given that it was cleared before it was first inserted. */
#define TAILQ_ENTRY_ENQUEUED(elm, field) ((elm)->field.tqe_prev != NULL)
#define TAILQ_ENTRY_NOT_ENQUEUED(elm, field) (!TAILQ_ENTRY_ENQUEUED(elm, field))

/** Mark \p elm as not on a TAILQ. */
#define TAILQ_ENTRY_CLEAR(elm, field) \
	do { \
		(elm)->field.tqe_next = NULL; \
		(elm)->field.tqe_prev = NULL; \
	} while (0)

/** Remove \p elm and mark it as not on a TAILQ. */
#define TAILQ_REMOVE_CLEAR(head, elm, field) \
	do { \
		TAILQ_REMOVE(head, elm, field); \
		TAILQ_ENTRY_CLEAR(elm, field); \
	} while (0)

#endif /* SPDK_QUEUE_H */
