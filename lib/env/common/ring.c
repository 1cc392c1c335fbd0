/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Bounded queues of pointers between threads. No call waits for another thread. (Between processes:
 * ring_shared.c.)
 *
 * A position is a 64-bit number that only grows; its slot is position % size, its lap is
 * position - position % size. Each slot says in `state` what it holds:
 *
 *	lap          free, for the position of that lap
 *	lap + 1      full, with the object of that position
 *	lap + size   taken; that is: free for the next lap
 *
 * so that a ring of zero bytes is an empty one, and a big ring touches no memory before its use. A
 * producer looks at the slots from `head` on, and if all that it needs are free, claims them by
 * moving `head`; a consumer looks at the slots from `tail` on and claims the full ones. Between its
 * look and its claim nobody else can use those slots: only who moves `head` from that very value
 * may fill them (only who moves `tail` may empty them), and head never comes back to a value. So
 * the look stays true, and a claim that succeeds needs no second look. When there is one producer
 * (consumer) the claim is a plain store.
 *
 * A producer that is interrupted between claim and publication holds up nobody who enqueues; who
 * dequeues sees the ring end before its slots.
 *
 * Pairs: state_publish() (release) with state_look() (acquire) hands the object over, from
 * producer to consumer, and its slot back, from consumer to producer. head and tail are relaxed:
 * they order nothing. */

#include "ring.h"

#include "spdk_internal/env_fault.h"

#define MAX_COUNT (1ull << 30)

static inline uint64_t
state_look(const struct slot *slot)
{
	/* Pairs with state_publish(). */
	return atomic_load_explicit((_Atomic uint64_t *)&slot->state, memory_order_acquire);
}

static inline void
state_publish(struct slot *slot, uint64_t state)
{
	/* Pairs with state_look(). */
	atomic_store_explicit(&slot->state, state, memory_order_release);
}

static inline uint64_t
load(const _Atomic uint64_t *pos)
{
	return atomic_load_explicit((_Atomic uint64_t *)pos, memory_order_relaxed);
}

/* Move \p pos from \p from by \p num; false when somebody else moved it. */
static inline bool
claim(_Atomic uint64_t *pos, uint64_t from, uint64_t num, bool alone)
{
	if (alone) {
		atomic_store_explicit(pos, from + num, memory_order_relaxed);
		return true;
	}
	return atomic_compare_exchange_weak_explicit(pos, &from, from + num, memory_order_relaxed,
	                                             memory_order_relaxed);
}

struct spdk_ring *
spdk_ring_create(enum spdk_ring_type type, size_t count, int numa_id)
{
	uint64_t size = spdk_max(spdk_align64pow2(count), 2);
	struct spdk_ring *ring;

	if (count == 0 || count > MAX_COUNT || type < SPDK_RING_TYPE_SP_SC ||
	    type > SPDK_RING_TYPE_MP_MC || env_fault(ENV_FAULT_RING_CREATE)) {
		return NULL;
	}
	ring = spdk_zmalloc(sizeof(*ring) + size * sizeof(struct slot), SPDK_CACHE_LINE_SIZE, NULL,
	                    numa_id, SPDK_MALLOC_SHARE);
	if (ring != NULL) {
		ring->size = size;
		ring->type = type;
		ring->shared = env_shared() != NULL;
	}
	return ring;
}

void
spdk_ring_free(struct spdk_ring *ring)
{
	spdk_free(ring);
}

size_t
spdk_ring_count(struct spdk_ring *ring)
{
	/* tail first: it never passes the head that is read after it... but both move meanwhile. */
	uint64_t tail = load(&ring->tail);
	uint64_t head = load(&ring->head);

	return head <= tail ? 0 : spdk_min(head - tail, ring->size);
}

size_t
spdk_ring_enqueue(struct spdk_ring *ring, void **objs, size_t count, size_t *free_space)
{
	bool alone = ring->type == SPDK_RING_TYPE_SP_SC;
	uint64_t mask = ring->size - 1;
	uint64_t head;
	size_t i;

	if (spdk_unlikely(ring->shared)) {
		return ring_shared_enqueue(ring, objs, count, free_space);
	}
	if (count > ring->size) {
		count = 0;
	}
	do {
		head = load(&ring->head);
		for (i = 0; i < count; i++) {
			uint64_t pos = head + i;

			if (state_look(&ring->slots[pos & mask]) != (pos & ~mask)) {
				break;
			}
		}
		if (i < count && head == load(&ring->head)) {
			/* Nobody moved head meanwhile, so the slot is truly not free. */
			count = 0;
		}
		/* With i < count a slower claim is lost: look again from the new head. */
	} while (count > 0 && (i < count || !claim(&ring->head, head, count, alone)));

	for (i = 0; i < count; i++) {
		struct slot *slot = &ring->slots[(head + i) & mask];

		slot->obj = objs[i];
		state_publish(slot, ((head + i) & ~mask) + 1);
	}
	if (free_space != NULL) {
		*free_space = ring->size - spdk_ring_count(ring);
	}
	return count;
}

size_t
spdk_ring_dequeue(struct spdk_ring *ring, void **objs, size_t count)
{
	bool alone = ring->type != SPDK_RING_TYPE_MP_MC;
	uint64_t mask = ring->size - 1;
	uint64_t tail;
	size_t i, num;

	if (spdk_unlikely(ring->shared)) {
		return ring_shared_dequeue(ring, objs, count);
	}
	do {
		tail = load(&ring->tail);
		for (num = 0; num < count && num <= mask; num++) {
			uint64_t pos = tail + num;

			if (state_look(&ring->slots[pos & mask]) != (pos & ~mask) + 1) {
				break;
			}
		}
		if (num == 0 && (count == 0 || tail == load(&ring->tail))) {
			return 0;
		}
	} while (num == 0 || !claim(&ring->tail, tail, num, alone));

	for (i = 0; i < num; i++) {
		struct slot *slot = &ring->slots[(tail + i) & mask];

		objs[i] = slot->obj;
		state_publish(slot, ((tail + i) & ~mask) + ring->size);
	}
	return num;
}
