/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Numbers handed out, the lowest free first: a bit array, and the lowest that may be free. */

#include "spdk/bit_array.h"
#include "spdk/bit_pool.h"
#include "spdk/util.h"

struct spdk_bit_pool {
	struct spdk_bit_array *array;
	uint32_t lowest_free; /* no free number is below it */
	uint32_t num_free;
};

static void
pool_count(struct spdk_bit_pool *pool)
{
	pool->lowest_free = 0;
	pool->num_free = spdk_bit_array_count_clear(pool->array);
}

uint32_t
spdk_bit_pool_capacity(const struct spdk_bit_pool *pool)
{
	return spdk_bit_array_capacity(pool->array);
}

struct spdk_bit_pool *
spdk_bit_pool_create(uint32_t num_bits)
{
	struct spdk_bit_pool *pool = NULL;

	spdk_bit_pool_resize(&pool, num_bits);
	return pool;
}

struct spdk_bit_pool *
spdk_bit_pool_create_from_array(struct spdk_bit_array *array)
{
	struct spdk_bit_pool *pool = calloc(1, sizeof(*pool));

	if (pool != NULL) {
		pool->array = array;
		pool_count(pool);
	}
	return pool;
}

void
spdk_bit_pool_free(struct spdk_bit_pool **pool)
{
	if (pool != NULL && *pool != NULL) {
		spdk_bit_array_free(&(*pool)->array);
		free(*pool);
		*pool = NULL;
	}
}

int
spdk_bit_pool_resize(struct spdk_bit_pool **ppool, uint32_t num_bits)
{
	struct spdk_bit_array *array = NULL;
	struct spdk_bit_pool *pool;
	int rc;

	if (ppool == NULL) {
		return -EINVAL;
	}
	if (*ppool != NULL) {
		rc = spdk_bit_array_resize(&(*ppool)->array, num_bits);
		if (rc == 0) {
			pool_count(*ppool);
		}
		return rc;
	}
	rc = spdk_bit_array_resize(&array, num_bits);
	if (rc != 0) {
		return rc;
	}
	pool = spdk_bit_pool_create_from_array(array);
	if (pool == NULL) {
		spdk_bit_array_free(&array);
		return -ENOMEM;
	}
	*ppool = pool;
	return 0;
}

bool
spdk_bit_pool_is_allocated(const struct spdk_bit_pool *pool, uint32_t bit_index)
{
	return spdk_bit_array_get(pool->array, bit_index);
}

uint32_t
spdk_bit_pool_allocate_bit(struct spdk_bit_pool *pool)
{
	uint32_t bit = spdk_bit_array_find_first_clear(pool->array, pool->lowest_free);

	if (bit == UINT32_MAX) {
		pool->lowest_free = spdk_bit_pool_capacity(pool);
		return bit;
	}
	spdk_bit_array_set(pool->array, bit);
	pool->lowest_free = bit + 1;
	pool->num_free--;
	return bit;
}

int
spdk_bit_pool_set_bit_allocated(struct spdk_bit_pool *pool, uint32_t bit_index)
{
	if (spdk_bit_array_get(pool->array, bit_index) ||
	    spdk_bit_array_set(pool->array, bit_index) != 0) {
		return -EINVAL;
	}
	pool->num_free--;
	return 0;
}

void
spdk_bit_pool_free_bit(struct spdk_bit_pool *pool, uint32_t bit_index)
{
	if (spdk_bit_array_get(pool->array, bit_index)) {
		spdk_bit_array_clear(pool->array, bit_index);
		pool->lowest_free = spdk_min(pool->lowest_free, bit_index);
		pool->num_free++;
	}
}

uint32_t
spdk_bit_pool_count_allocated(const struct spdk_bit_pool *pool)
{
	return spdk_bit_pool_capacity(pool) - pool->num_free;
}

uint32_t
spdk_bit_pool_count_free(const struct spdk_bit_pool *pool)
{
	return pool->num_free;
}

void
spdk_bit_pool_store_mask(const struct spdk_bit_pool *pool, void *mask)
{
	spdk_bit_array_store_mask(pool->array, mask);
}

void
spdk_bit_pool_load_mask(struct spdk_bit_pool *pool, const void *mask)
{
	spdk_bit_array_load_mask(pool->array, mask);
	pool_count(pool);
}

void
spdk_bit_pool_free_all_bits(struct spdk_bit_pool *pool)
{
	spdk_bit_array_clear_mask(pool->array);
	pool_count(pool);
}
