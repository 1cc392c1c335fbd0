/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A map from virtual addresses to numbers that mean something to its owner: device addresses,
 * memory keys. Four levels of 512, as a processor's page tables:
 *
 *	47      39 38      30 29      21 20     12 11     0
 *	| root    | node     | big      | leaf    | offset |
 *
 * A `big` entry holds one number for its 2 MiB, or has a leaf with one for each 4 KiB. Any thread:
 * writers take the map's mutex; readers take no lock, for tables are only added while the map
 * lives, each published with release order (publish()) and read with acquire order (table_load()).
 * Only a miss where processes share memory waits, while what another one added is registered.
 */

#include "machine.h"

#include "spdk/memory.h"

#include <stdatomic.h>

#define FANOUT 512
#define ADDR_BITS 48

struct leaf {
	_Atomic uint64_t value[FANOUT];
};

struct big {
	_Atomic uint64_t value[FANOUT];
	_Atomic(void *) leaf[FANOUT]; /* struct leaf; then it counts, not the value */
};

struct node {
	_Atomic(void *) table[FANOUT]; /* of the root: struct node; of a node: struct big */
};

struct spdk_mem_map {
	struct node root;
	pthread_mutex_t lock;
	uint64_t unset; /* set once at creation, as the two below */
	struct spdk_mem_map_ops ops;
	void *cb_ctx;
};

static void *
table_load(const _Atomic(void *) *slot)
{
	/* Pairs with publish(): the table's contents are seen. */
	return atomic_load_explicit((_Atomic(void *) *)slot, memory_order_acquire);
}

static void
publish(_Atomic(void *) *slot, void *table)
{
	/* Pairs with table_load(). */
	atomic_store_explicit(slot, table, memory_order_release);
}

static uint64_t
value_load(const _Atomic uint64_t *value)
{
	/* Relaxed: who translates an address knows by other means that it was registered. */
	return atomic_load_explicit((_Atomic uint64_t *)value, memory_order_relaxed);
}

static void
values_fill(_Atomic uint64_t *value, uint64_t v, size_t num)
{
	size_t i;

	for (i = 0; i < num; i++) {
		atomic_store_explicit(&value[i], v, memory_order_relaxed);
	}
}

static size_t
index_of(uint64_t addr, unsigned shift)
{
	return (addr >> shift) % FANOUT;
}

static struct big *
big_make(struct spdk_mem_map *map, uint64_t addr)
{
	_Atomic(void *) *slot = &map->root.table[index_of(addr, 39)];
	struct node *node = table_load(slot);
	struct big *big;

	if (node == NULL) {
		node = calloc(1, sizeof(*node));
		if (node == NULL) {
			return NULL;
		}
		publish(slot, node);
	}
	slot = &node->table[index_of(addr, 30)];
	big = table_load(slot);
	if (big == NULL) {
		big = calloc(1, sizeof(*big));
		if (big == NULL) {
			return NULL;
		}
		values_fill(big->value, map->unset, FANOUT);
		publish(slot, big);
	}
	return big;
}

static struct leaf *
leaf_make(struct big *big, size_t idx)
{
	struct leaf *leaf = table_load(&big->leaf[idx]);

	if (leaf == NULL) {
		leaf = malloc(sizeof(*leaf));
		if (leaf != NULL) {
			values_fill(leaf->value, value_load(&big->value[idx]), FANOUT);
			publish(&big->leaf[idx], leaf);
		}
	}
	return leaf;
}

/* Set what of [addr, end) lies in one 2 MiB unit. 0 or -ENOMEM. */
static int
unit_set(struct spdk_mem_map *map, uint64_t addr, uint64_t end, uint64_t value)
{
	struct big *big = big_make(map, addr);
	size_t idx = index_of(addr, SHIFT_2MB);
	struct leaf *leaf;

	if (big == NULL) {
		return -ENOMEM;
	}
	if (end - addr == VALUE_2MB && table_load(&big->leaf[idx]) == NULL) {
		values_fill(&big->value[idx], value, 1);
		return 0;
	}
	leaf = leaf_make(big, idx);
	if (leaf == NULL) {
		return -ENOMEM;
	}
	values_fill(&leaf->value[index_of(addr, SHIFT_4KB)], value, (end - addr) >> SHIFT_4KB);
	return 0;
}

int
spdk_mem_map_set_translation(struct spdk_mem_map *map, uint64_t vaddr, uint64_t size,
                             uint64_t translation)
{
	uint64_t addr = vaddr;
	uint64_t end = vaddr + size;
	int rc = 0;

	if ((vaddr & MASK_4KB) != 0 || (size & MASK_4KB) != 0 || end < vaddr ||
	    end > (1ull << ADDR_BITS)) {
		return -EINVAL;
	}
	pthread_mutex_lock(&map->lock);
	while (rc == 0 && addr < end) {
		uint64_t next = spdk_min((addr & ~MASK_2MB) + VALUE_2MB, end);

		rc = unit_set(map, addr, next, translation);
		addr = next;
	}
	pthread_mutex_unlock(&map->lock);
	return rc;
}

int
spdk_mem_map_clear_translation(struct spdk_mem_map *map, uint64_t vaddr, uint64_t size)
{
	return spdk_mem_map_set_translation(map, vaddr, size, map->unset);
}

/* The number for the unit in which \p addr lies, and where that unit ends. */
static uint64_t
lookup(const struct spdk_mem_map *map, uint64_t addr, uint64_t *unit_end)
{
	const struct node *node;
	const struct big *big;
	const struct leaf *leaf;
	size_t idx;

	*unit_end = (addr & ~MASK_2MB) + VALUE_2MB;
	if (spdk_unlikely(addr >> ADDR_BITS != 0)) {
		return map->unset;
	}
	node = table_load(&map->root.table[index_of(addr, 39)]);
	if (node == NULL) {
		return map->unset;
	}
	big = table_load(&node->table[index_of(addr, 30)]);
	if (big == NULL) {
		return map->unset;
	}
	idx = index_of(addr, SHIFT_2MB);
	leaf = table_load(&big->leaf[idx]);
	if (spdk_likely(leaf == NULL)) {
		return value_load(&big->value[idx]);
	}
	*unit_end = (addr & ~MASK_4KB) + VALUE_4KB;
	return value_load(&leaf->value[index_of(addr, SHIFT_4KB)]);
}

/* As lookup(), but not before what other processes have added is registered here. */
static uint64_t
lookup_known(const struct spdk_mem_map *map, uint64_t addr, uint64_t *unit_end)
{
	const struct env_shared *shared = env_shared();
	uint64_t value = lookup(map, addr, unit_end);

	if (spdk_unlikely(value == map->unset) && shared != NULL && shared->covers(addr) &&
	    shared->sync() == 0) {
		value = lookup(map, addr, unit_end);
	}
	return value;
}

uint64_t
spdk_mem_map_translate(const struct spdk_mem_map *map, uint64_t vaddr, uint64_t *size)
{
	uint64_t unit_end, next_end, value, prev, next;

	value = lookup_known(map, vaddr, &unit_end);
	if (size == NULL || *size <= unit_end - vaddr) {
		return value;
	}
	if (map->ops.are_contiguous != NULL && value != map->unset) {
		prev = value;
		while (unit_end - vaddr < *size) {
			next = lookup_known(map, unit_end, &next_end);
			if (next == map->unset || !map->ops.are_contiguous(prev, next)) {
				break;
			}
			prev = next;
			unit_end = next_end;
		}
	}
	*size = spdk_min(*size, unit_end - vaddr);
	return value;
}

int
env_mem_map_notify(struct spdk_mem_map *map, enum spdk_mem_map_notify_action action, void *addr,
                   size_t len_bytes)
{
	return map->ops.notify_cb(map->cb_ctx, map, action, addr, len_bytes);
}

struct spdk_mem_map *
spdk_mem_map_alloc(uint64_t default_translation, const struct spdk_mem_map_ops *ops, void *cb_ctx)
{
	struct spdk_mem_map *map = calloc(1, sizeof(*map));

	if (map == NULL) {
		return NULL;
	}
	pthread_mutex_init(&map->lock, NULL);
	map->unset = default_translation;
	map->cb_ctx = cb_ctx;
	if (ops != NULL) {
		map->ops = *ops;
	}
	if (map->ops.notify_cb != NULL && env_region_attach(map) != 0) {
		map->ops.notify_cb = NULL;
		spdk_mem_map_free(&map);
	}
	return map;
}

static void
big_free(struct big *big)
{
	size_t i;

	for (i = 0; big != NULL && i < FANOUT; i++) {
		free(table_load(&big->leaf[i]));
	}
	free(big);
}

void
spdk_mem_map_free(struct spdk_mem_map **pmap)
{
	struct spdk_mem_map *map = pmap != NULL ? *pmap : NULL;
	size_t i, j;

	if (map == NULL) {
		return;
	}
	if (map->ops.notify_cb != NULL) {
		env_region_detach(map);
	}
	for (i = 0; i < FANOUT; i++) {
		struct node *node = table_load(&map->root.table[i]);

		for (j = 0; node != NULL && j < FANOUT; j++) {
			big_free(table_load(&node->table[j]));
		}
		free(node);
	}
	pthread_mutex_destroy(&map->lock);
	free(map);
	*pmap = NULL;
}
