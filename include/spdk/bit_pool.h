/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Numbers from 0 that are handed out and taken back, the lowest that is free first. A pool belongs
 * to its caller; there is no lock in it, so one thread uses it at a time. Finding a free one goes
 * on from the last, so it is quick.
 */

#ifndef SPDK_BIT_POOL_H
#define SPDK_BIT_POOL_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct spdk_bit_array;
struct spdk_bit_pool;

/** How many numbers there are. */
uint32_t spdk_bit_pool_capacity(const struct spdk_bit_pool *pool);

/**
 * A new pool, all free.
 * \param num_bits below UINT32_MAX.
 * \return NULL when out of memory or too many; to be freed by spdk_bit_pool_free().
 */
struct spdk_bit_pool *spdk_bit_pool_create(uint32_t num_bits);

/**
 * A new pool out of an array, in which a 1 is a number taken. The array is the pool's from then on.
 * \return NULL when out of memory; then the array stays the caller's.
 */
struct spdk_bit_pool *spdk_bit_pool_create_from_array(struct spdk_bit_array *array);

/** Free *pool and set it to NULL; NULL in either place is allowed. */
void spdk_bit_pool_free(struct spdk_bit_pool **pool);

/**
 * Change how many numbers there are; new ones are free.
 * \param pool made when *pool is NULL.
 * \return 0; -EINVAL for a NULL \p pool or UINT32_MAX numbers; -ENOMEM, and the pool is as before.
 */
int spdk_bit_pool_resize(struct spdk_bit_pool **pool, uint32_t num_bits);

/** Whether a number is taken; false for one beyond the end. */
bool spdk_bit_pool_is_allocated(const struct spdk_bit_pool *pool, uint32_t bit_index);

/** Take the lowest free number; UINT32_MAX when there is none. */
uint32_t spdk_bit_pool_allocate_bit(struct spdk_bit_pool *pool);

/** Take a certain number. 0, or -EINVAL when it is beyond the end or taken. */
int spdk_bit_pool_set_bit_allocated(struct spdk_bit_pool *pool, uint32_t bit_index);

/** Give a number back; nothing for one that is free or beyond the end. */
void spdk_bit_pool_free_bit(struct spdk_bit_pool *pool, uint32_t bit_index);

/** How many numbers are taken. */
uint32_t spdk_bit_pool_count_allocated(const struct spdk_bit_pool *pool);

/** How many numbers are free. */
uint32_t spdk_bit_pool_count_free(const struct spdk_bit_pool *pool);

/** Write the pool as a mask of capacity / 8 bytes, rounded up; bit 0 of byte 0 is number 0. */
void spdk_bit_pool_store_mask(const struct spdk_bit_pool *pool, void *mask);

/** Take over a mask as spdk_bit_pool_store_mask() writes it. */
void spdk_bit_pool_load_mask(struct spdk_bit_pool *pool, const void *mask);

/** Give all numbers back. */
void spdk_bit_pool_free_all_bits(struct spdk_bit_pool *pool);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_BIT_POOL_H */
