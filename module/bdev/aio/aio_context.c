/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A thread's AIO context: made and ended, and its completions without a system call.
 *
 * The kernel takes tens of milliseconds to end a context (it waits for other cores), so a helper
 * thread does that. Timers: none.
 *
 * A context's id is the address of a page that the kernel shares with the process, with a ring of
 * events behind a header:
 *
 *	| id | nr | head | tail | magic | compat | incompat | header_length | event 0 | 1 ... nr-1 |
 *
 * The kernel fills the event at tail, then moves tail on; who takes events moves head on. One
 * thread owns a context, so nobody else takes. A kernel with another layout says so by its magic
 * or in incompat; then events come by io_getevents().
 */

#include "aio_internal.h"

#define RING_MAGIC 0xa10a10a1u

struct ring {
	uint32_t id;
	uint32_t nr;
	_Atomic uint32_t head; /* ours */
	_Atomic uint32_t tail; /* the kernel's */
	uint32_t magic;
	uint32_t compat_features;
	uint32_t incompat_features;
	uint32_t header_bytes;
	struct io_event events[];
};
SPDK_STATIC_ASSERT(sizeof(struct ring) == 32, "the kernel's layout");

int
aio_context_create(struct aio_context **out)
{
	struct aio_context *context = calloc(1, sizeof(*context));
	int rc = context == NULL ? -ENOMEM : aio_sys_setup(AIO_ENTRIES, &context->id);

	if (rc != 0) {
		free(context);
		return rc;
	}
	*out = context;
	return 0;
}

static void
destroy_work(struct env_work *work)
{
	aio_sys_destroy(SPDK_CONTAINEROF(work, struct aio_context, destroy)->id);
}

static void
destroy_done(struct env_work *work)
{
	free(SPDK_CONTAINEROF(work, struct aio_context, destroy));
}

void
aio_context_destroy(struct aio_context *context)
{
	context->destroy.fn = destroy_work;
	context->destroy.done = destroy_done;
	if (env_work_submit(&context->destroy) != 0) {
		destroy_work(&context->destroy);
		destroy_done(&context->destroy);
	}
}

uint32_t
aio_ring_take(aio_context_t ctx, struct io_event *events, uint32_t max)
{
	struct ring *ring = (struct ring *)(uintptr_t)ctx;
	uint32_t head, tail, n;
	int rc;

	if (spdk_unlikely(ring->magic != RING_MAGIC || ring->incompat_features != 0 ||
	                  ring->header_bytes != sizeof(*ring))) {
		rc = aio_sys_getevents(ctx, (long)max, events);
		return rc > 0 ? (uint32_t)rc : 0;
	}
	head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	/* Pairs with the kernel's barrier between an event and the tail behind it. */
	tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	for (n = 0; n < max && head != tail; n++) {
		events[n] = ring->events[head];
		head = head + 1 == ring->nr ? 0 : head + 1;
	}
	if (n > 0) {
		/* Release: the kernel may fill the places when it sees this. */
		atomic_store_explicit(&ring->head, head, memory_order_release);
	}
	return n;
}
