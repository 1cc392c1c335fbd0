/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The heap's upper half for small objects: slabs of 16 KiB that hold objects of one size class.
 *
 * Any thread; guarded by the heap's lock. Which objects are in use stands in a bitmap beside the
 * slab, never in the objects: a device that still writes to a freed buffer damages no list. An
 * object of a power-of-two class is aligned to its size, so an alignment asks for such a class. */

#include "machine.h"

#define SLAB_PAGES 4
#define SLAB_BYTES (SLAB_PAGES * ENV_PAGE_BYTES)
#define SLAB_WORDS 4 /* of 64 objects: SLAB_BYTES / 64 / 64 */

struct env_slab {
	LIST_ENTRY(env_slab) link; /* in its class's list while it has a free object */
	LIST_ENTRY(env_slab) all_link;
	struct env_page *page;
	uint32_t class_idx;
	uint32_t num_free;
	uint64_t used[SLAB_WORDS];
	uint16_t sizes[]; /* bytes asked for, per object */
};

static const uint16_t g_class_bytes[] = { 64,  128, 192, 256,  320,  384,  448,  512,
	                                  640, 768, 896, 1024, 1280, 1536, 1792, 2048 };
#define NUM_CLASSES SPDK_COUNTOF(g_class_bytes)

LIST_HEAD(slab_list, env_slab);

static struct {
	struct slab_list partial[NUM_CLASSES];
	struct slab_list all;
} g_slabs SYSTEM_STATE;

static uint32_t
class_of(size_t size_bytes, size_t align_bytes)
{
	uint32_t i;

	if (align_bytes > 64) {
		size_bytes = spdk_align64pow2(spdk_max(size_bytes, align_bytes));
	}
	for (i = 0; g_class_bytes[i] < size_bytes; i++) {
		assert(i + 1 < NUM_CLASSES);
	}
	return i;
}

static uint32_t
class_objs(uint32_t class_idx)
{
	return SLAB_BYTES / g_class_bytes[class_idx];
}

static uint32_t
slab_take_bit(struct env_slab *slab)
{
	uint32_t w;

	for (w = 0; w < SLAB_WORDS; w++) {
		if (slab->used[w] != UINT64_MAX) {
			uint32_t bit = (uint32_t)__builtin_ctzll(~slab->used[w]);

			slab->used[w] |= 1ull << bit;
			return w * 64 + bit;
		}
	}
	assert(false);
	return 0;
}

/* Take an object of a slab that has one. With the lock. */
static void *
slab_take(struct env_slab *slab, size_t size_bytes)
{
	uint32_t idx = slab_take_bit(slab);
	uint8_t *obj = (uint8_t *)env_page_addr(slab->page) + idx * g_class_bytes[slab->class_idx];

	assert(slab->num_free > 0 && idx < class_objs(slab->class_idx));
	if (--slab->num_free == 0) {
		LIST_REMOVE(slab, link);
	}
	slab->sizes[idx] = (uint16_t)size_bytes;
	env_heap_count(1, (int64_t)size_bytes);
	env_unpoison(obj, size_bytes);
	return obj;
}

static struct env_slab *
slab_create(uint32_t class_idx, int32_t numa_id)
{
	uint32_t num = class_objs(class_idx);
	struct env_slab *slab = calloc(1, sizeof(*slab) + num * sizeof(slab->sizes[0]));
	bool zero;
	uint32_t i;

	if (slab == NULL) {
		return NULL;
	}
	slab->page = env_heap_take(SLAB_PAGES, ENV_PAGE_BYTES, numa_id, ENV_PAGE_SLAB, &zero);
	if (slab->page == NULL) {
		free(slab);
		return NULL;
	}
	slab->class_idx = class_idx;
	slab->num_free = num;
	/* Bits without an object count as in use. */
	memset(slab->used, 0xff, sizeof(slab->used));
	for (i = 0; i < num; i++) {
		slab->used[i / 64] &= ~(1ull << (i % 64));
	}
	return slab;
}

static void *
partial_take(uint32_t class_idx, size_t size_bytes, int32_t numa_id)
{
	struct env_slab *slab;

	LIST_FOREACH(slab, &g_slabs.partial[class_idx], link) {
		if (numa_id == SPDK_ENV_NUMA_ID_ANY || slab->page->arena->numa_id == numa_id) {
			return slab_take(slab, size_bytes);
		}
	}
	return NULL;
}

void *
env_slab_alloc(size_t size_bytes, size_t align_bytes, int32_t numa_id)
{
	uint32_t class_idx = class_of(size_bytes + ENV_REDZONE_BYTES, align_bytes);
	struct env_slab *slab;
	uint32_t i;
	void *obj;

	env_heap_lock();
	obj = partial_take(class_idx, size_bytes, numa_id);
	env_heap_unlock();
	if (obj != NULL) {
		return obj;
	}
	slab = slab_create(class_idx, numa_id);
	if (slab == NULL) {
		return NULL;
	}
	env_heap_lock();
	for (i = 0; i < SLAB_PAGES; i++) {
		slab->page[i].slab = slab;
	}
	LIST_INSERT_HEAD(&g_slabs.all, slab, all_link);
	LIST_INSERT_HEAD(&g_slabs.partial[class_idx], slab, link);
	obj = slab_take(slab, size_bytes);
	env_heap_unlock();
	return obj;
}

/* The object's index, UINT32_MAX when \p obj is not the start of one in use. */
static uint32_t
slab_index(const struct env_slab *slab, const void *obj)
{
	size_t off = (size_t)((const uint8_t *)obj - (uint8_t *)env_page_addr(slab->page));
	uint32_t idx = (uint32_t)(off / g_class_bytes[slab->class_idx]);

	if (off % g_class_bytes[slab->class_idx] != 0 || idx >= class_objs(slab->class_idx) ||
	    (slab->used[idx / 64] & (1ull << (idx % 64))) == 0) {
		return UINT32_MAX;
	}
	return idx;
}

uint32_t
env_slab_num_used(const struct env_slab *slab)
{
	return class_objs(slab->class_idx) - slab->num_free;
}

size_t
env_slab_obj_size(struct env_slab *slab, const void *obj)
{
	uint32_t idx = slab_index(slab, obj);

	return idx == UINT32_MAX ? 0 : slab->sizes[idx];
}

bool
env_slab_free(struct env_slab *slab, void *obj)
{
	bool empty = false;
	uint32_t idx;

	env_heap_lock();
	idx = slab_index(slab, obj);
	if (idx == UINT32_MAX) {
		env_heap_unlock();
		return false;
	}
	slab->used[idx / 64] &= ~(1ull << (idx % 64));
	env_heap_count(-1, -(int64_t)slab->sizes[idx]);
	env_poison(obj, g_class_bytes[slab->class_idx]);
	if (slab->num_free++ == 0) {
		LIST_INSERT_HEAD(&g_slabs.partial[slab->class_idx], slab, link);
	}
	if (slab->num_free == class_objs(slab->class_idx)) {
		LIST_REMOVE(slab, link);
		LIST_REMOVE(slab, all_link);
		empty = true;
	}
	env_heap_unlock();
	if (empty) {
		/* In no list: nobody but us knows it. */
		env_heap_give(slab->page);
		free(slab);
	}
	return true;
}

void
env_slab_fini(void)
{
	struct env_slab *slab;

	/* The arenas go away with the objects in them; here only what describes those. */
	while ((slab = LIST_FIRST(&g_slabs.all)) != NULL) {
		LIST_REMOVE(slab, all_link);
		free(slab);
	}
	memset(&g_slabs, 0, sizeof(g_slabs));
}
