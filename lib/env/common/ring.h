/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Between ring.c and ring_shared.c.
 */

#ifndef LIB_ENV_RING_H
#define LIB_ENV_RING_H

#include "machine.h"

struct slot {
	_Atomic uint64_t state; /* ring.c's */
	void *obj;              /* handed over by state, or by head and tail */
};

struct spdk_ring {
	uint64_t size; /* power of two, at least 2; set once, as the two below */
	enum spdk_ring_type type;
	bool shared; /* between processes: ring_shared.c */
	struct {
		_Atomic uint64_t head; /* producers */
		_Atomic uint64_t head_lock;
	} __attribute__((aligned(SPDK_CACHE_LINE_SIZE)));
	struct {
		_Atomic uint64_t tail; /* consumers */
		_Atomic uint64_t tail_lock;
	} __attribute__((aligned(SPDK_CACHE_LINE_SIZE)));
	struct slot slots[] __attribute__((aligned(SPDK_CACHE_LINE_SIZE)));
};

/** As the functions without "shared". */
size_t ring_shared_enqueue(struct spdk_ring *ring, void **objs, size_t count, size_t *free_space);
size_t ring_shared_dequeue(struct spdk_ring *ring, void **objs, size_t count);

#endif /* LIB_ENV_RING_H */
