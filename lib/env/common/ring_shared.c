/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Rings between processes, any of which may be killed at any instruction.
 *
 * ring.c's rings would keep for ever a slot that was claimed by a process that is gone. Here one
 * store of head puts all objects of a call in, and one store of tail takes them out: before it
 * nothing happened, after it all did. Several producers (consumers) take turns by a lock that is
 * taken over from a dead owner, which needs no repair for just that reason.
 *
 * Pairs: the release of head with the acquire of it hands objects over; that of tail with its
 * acquire hands slots back. Each side's lock orders its own side. */

#include "ring.h"

static void
side_lock(const struct spdk_ring *ring, enum spdk_ring_type several, _Atomic uint64_t *lock)
{
	if (ring->type >= several) {
		env_shared()->spin_lock(lock);
	}
}

static void
side_unlock(const struct spdk_ring *ring, enum spdk_ring_type several, _Atomic uint64_t *lock)
{
	if (ring->type >= several) {
		env_shared()->spin_unlock(lock);
	}
}

size_t
ring_shared_enqueue(struct spdk_ring *ring, void **objs, size_t count, size_t *free_space)
{
	uint64_t head, tail, room;
	size_t i;

	side_lock(ring, SPDK_RING_TYPE_MP_SC, &ring->head_lock);
	head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	room = ring->size - (head - tail);
	if (count > room) {
		count = 0;
	}
	for (i = 0; i < count; i++) {
		ring->slots[(head + i) & (ring->size - 1)].obj = objs[i];
	}
	atomic_store_explicit(&ring->head, head + count, memory_order_release);
	side_unlock(ring, SPDK_RING_TYPE_MP_SC, &ring->head_lock);
	if (free_space != NULL) {
		*free_space = room - count;
	}
	return count;
}

size_t
ring_shared_dequeue(struct spdk_ring *ring, void **objs, size_t count)
{
	uint64_t head, tail;
	size_t i;

	side_lock(ring, SPDK_RING_TYPE_MP_MC, &ring->tail_lock);
	tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	head = atomic_load_explicit(&ring->head, memory_order_acquire);
	count = spdk_min(count, (size_t)(head - tail));
	for (i = 0; i < count; i++) {
		objs[i] = ring->slots[(tail + i) & (ring->size - 1)].obj;
	}
	atomic_store_explicit(&ring->tail, tail + count, memory_order_release);
	side_unlock(ring, SPDK_RING_TYPE_MP_MC, &ring->tail_lock);
	return count;
}
