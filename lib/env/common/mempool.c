/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Pools of objects of one size. get and put: any thread; create, free and lookup: any thread, under
 * a mutex.
 *
 * Objects lie in one buffer and are known by number. Free ones are on a stack (last in, first out:
 * the same few stay in the processor's cache, and memory that was never needed is never touched).
 * The stack is a list of numbers beside the objects, `next`, and one 64-bit word `top`: the number
 * of the first plus 1 in the low half, a change counter in the high half. Who takes num objects
 * reads top, walks num links, and exchanges top; if the stack changed meanwhile the counter did
 * too, and what was read from `next` (which may be stale, but is always readable) is thrown away.
 * The counter would have to pass 2^32 changes between one thread's read and exchange to be fooled.
 * Objects that were never on the stack are those from number `fresh` on.
 *
 * Each link also says how many objects are on the stack from it down, so that the count of free
 * ones is part of what one exchange of top changes, whoever dies when.
 *
 * The thread of each core has a cache of objects in front of the stack; other threads have none.
 *
 * A pool that processes share is one buffer that has its name: this struct, the links, the objects.
 * It has no caches, for what is in one would go with its process. */

#include "machine.h"

#include "spdk_internal/env_fault.h"

#define MAX_COUNT (UINT32_MAX - 1)
#define DEFAULT_CACHE 512
#define MAX_CACHE 1024

struct cache {
	/* Written by the core's thread; read by spdk_mempool_count(). Relaxed: a count. */
	_Atomic uint32_t num;
	void *objs[]; /* core's thread; 2 * cache_size */
} __attribute__((aligned(SPDK_CACHE_LINE_SIZE)));

struct spdk_mempool {
	/* Set once at creation: */
	uint8_t *objs;
	size_t stride_bytes;
	size_t ele_bytes;
	uint32_t count;
	uint32_t cache_size;
	uint32_t num_cores; /* highest core + 1 */
	/* Low half: number + 1 of the next one; high: objects from here down. Relaxed, ordered by
	 * top. */
	_Atomic uint64_t *next;
	TAILQ_ENTRY(spdk_mempool) link; /* the list's lock */
	char name[SPDK_MAX_MEMPOOL_NAME_LEN];
	struct {
		_Atomic uint64_t top;
		_Atomic uint32_t fresh; /* relaxed: a counter */
	} __attribute__((aligned(SPDK_CACHE_LINE_SIZE)));
	struct cache *caches[]; /* by core; NULL without a cache */
};

TAILQ_HEAD(mempool_list, spdk_mempool);

static struct {
	pthread_mutex_t lock;
	struct mempool_list pools;
} g_pools SYSTEM_STATE = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.pools = TAILQ_HEAD_INITIALIZER(g_pools.pools),
};

static void *
obj_at(const struct spdk_mempool *mp, uint32_t idx)
{
	return mp->objs + (size_t)idx * mp->stride_bytes;
}

static uint32_t
obj_index(const struct spdk_mempool *mp, const void *obj)
{
	size_t off = (size_t)((const uint8_t *)obj - mp->objs);

	assert(off / mp->stride_bytes < mp->count && off % mp->stride_bytes == 0);
	return (uint32_t)(off / mp->stride_bytes);
}

static uint64_t
next_get(const struct spdk_mempool *mp, uint32_t idx)
{
	return atomic_load_explicit(&mp->next[idx], memory_order_relaxed);
}

static void
next_set(struct spdk_mempool *mp, uint32_t idx, uint32_t next_plus_1, uint64_t num)
{
	atomic_store_explicit(&mp->next[idx], num << 32 | next_plus_1, memory_order_relaxed);
}

/* Objects on the stack whose top that is. */
static uint64_t
stack_num(const struct spdk_mempool *mp, uint64_t top)
{
	return (uint32_t)top == 0 ? 0 : next_get(mp, (uint32_t)top - 1) >> 32;
}

/* Take up to \p num objects off the stack. */
static size_t
stack_pop(struct spdk_mempool *mp, void **objs, size_t num)
{
	/* Acquire, here and below: pairs with stack_push(), for the links and the objects'
	 * contents. */
	uint64_t top = atomic_load_explicit(&mp->top, memory_order_acquire);
	size_t i;

	for (;;) {
		uint32_t idx_plus_1 = (uint32_t)top;
		uint64_t changes = (top >> 32) + 1;

		for (i = 0; i < num && idx_plus_1 != 0; i++) {
			objs[i] = obj_at(mp, idx_plus_1 - 1);
			idx_plus_1 = (uint32_t)next_get(mp, idx_plus_1 - 1);
		}
		if (i == 0 || atomic_compare_exchange_weak_explicit(
		                      &mp->top, &top, changes << 32 | idx_plus_1,
		                      memory_order_acquire, memory_order_acquire)) {
			return i;
		}
	}
}

static void
stack_push(struct spdk_mempool *mp, void **objs, size_t num)
{
	uint64_t top = atomic_load_explicit(&mp->top, memory_order_relaxed);
	uint64_t changes, below;
	uint32_t next;
	size_t i;

	do {
		/* If top has changed since, the number may be stale: then the exchange fails. */
		below = stack_num(mp, top);
		next = (uint32_t)top;
		for (i = num; i-- > 0;) {
			uint32_t idx = obj_index(mp, objs[i]);

			next_set(mp, idx, next, ++below);
			next = idx + 1;
		}
		changes = (top >> 32) + 1;
		/* Release: pairs with the acquires in stack_pop(). */
	} while (!atomic_compare_exchange_weak_explicit(
	        &mp->top, &top, changes << 32 | next, memory_order_release, memory_order_relaxed));
}

/* Take up to \p num objects that were never used. */
static size_t
fresh_take(struct spdk_mempool *mp, void **objs, size_t num)
{
	uint32_t at = atomic_load_explicit(&mp->fresh, memory_order_relaxed);
	uint32_t got, i;

	do {
		got = spdk_min((uint32_t)num, mp->count - at);
		if (got == 0) {
			return 0;
		}
	} while (!atomic_compare_exchange_weak_explicit(
	        &mp->fresh, &at, at + got, memory_order_relaxed, memory_order_relaxed));
	for (i = 0; i < got; i++) {
		objs[i] = obj_at(mp, at + i);
	}
	return got;
}

static void
shared_put(struct spdk_mempool *mp, void **objs, size_t num)
{
	if (num > 0) {
		stack_push(mp, objs, num);
	}
}

/* Up to \p num from what all threads share. */
static size_t
shared_get(struct spdk_mempool *mp, void **objs, size_t num)
{
	size_t got = stack_pop(mp, objs, num);

	if (got < num) {
		got += fresh_take(mp, objs + got, num - got);
	}
	return got;
}

/* The calling thread's cache; NULL when it has none. */
static inline struct cache *
cache_mine(struct spdk_mempool *mp)
{
	uint32_t core_plus_1 = g_env_local.core_plus_1;

	return core_plus_1 != 0 && core_plus_1 <= mp->num_cores ? mp->caches[core_plus_1 - 1]
	                                                        : NULL;
}

static inline uint32_t
cache_num(const struct cache *cache)
{
	return atomic_load_explicit(&((struct cache *)cache)->num, memory_order_relaxed);
}

static inline void
cache_set_num(struct cache *cache, uint32_t num)
{
	atomic_store_explicit(&cache->num, num, memory_order_relaxed);
}

/* All \p count objects or none. */
static bool
get_shared_all(struct spdk_mempool *mp, void **objs, size_t count)
{
	size_t got = shared_get(mp, objs, count);

	if (got < count) {
		shared_put(mp, objs, got);
		return false;
	}
	return true;
}

int
spdk_mempool_get_bulk(struct spdk_mempool *mp, void **ele_arr, size_t count)
{
	struct cache *cache = cache_mine(mp);
	uint32_t num;

	if (env_fault(ENV_FAULT_MEMPOOL_GET)) {
		return -ENOMEM;
	}
	if (count == 0) {
		return 0;
	}
	if (cache == NULL) {
		return get_shared_all(mp, ele_arr, count) ? 0 : -ENOMEM;
	}
	num = cache_num(cache);
	if (spdk_unlikely(num < count)) {
		if (count > mp->cache_size) {
			/* More than a cache is meant to hold: what is missing comes directly. */
			if (!get_shared_all(mp, ele_arr + num, count - num)) {
				return -ENOMEM;
			}
			memcpy(ele_arr, cache->objs, num * sizeof(void *));
			cache_set_num(cache, 0);
			return 0;
		}
		num += (uint32_t)shared_get(mp, &cache->objs[num], mp->cache_size - num);
		cache_set_num(cache, num);
		if (num < count) {
			return -ENOMEM;
		}
	}
	num -= (uint32_t)count;
	memcpy(ele_arr, &cache->objs[num], count * sizeof(void *));
	cache_set_num(cache, num);
	return 0;
}

void *
spdk_mempool_get(struct spdk_mempool *mp)
{
	void *obj;

	return spdk_mempool_get_bulk(mp, &obj, 1) == 0 ? obj : NULL;
}

void
spdk_mempool_put_bulk(struct spdk_mempool *mp, void **ele_arr, size_t count)
{
	struct cache *cache = cache_mine(mp);
	uint32_t num;

	if (cache == NULL || count > mp->cache_size) {
		shared_put(mp, ele_arr, count);
		return;
	}
	num = cache_num(cache);
	if (spdk_unlikely(num + count > 2 * mp->cache_size)) {
		/* Full: the older half goes to all, so that the next puts and gets find room. */
		shared_put(mp, cache->objs, mp->cache_size);
		num -= mp->cache_size;
		memmove(cache->objs, &cache->objs[mp->cache_size], num * sizeof(void *));
	}
	memcpy(&cache->objs[num], ele_arr, count * sizeof(void *));
	cache_set_num(cache, num + (uint32_t)count);
}

void
spdk_mempool_put(struct spdk_mempool *mp, void *ele)
{
	spdk_mempool_put_bulk(mp, &ele, 1);
}

size_t
spdk_mempool_count(const struct spdk_mempool *pool)
{
	/* Acquire: pairs with stack_push(), for the number in the link. */
	uint64_t top =
	        atomic_load_explicit(&((struct spdk_mempool *)pool)->top, memory_order_acquire);
	uint64_t num = pool->count - atomic_load_explicit(&((struct spdk_mempool *)pool)->fresh,
	                                                  memory_order_relaxed);
	uint32_t i;

	num += stack_num(pool, top);

	for (i = 0; i < pool->num_cores; i++) {
		if (pool->caches[i] != NULL) {
			num += cache_num(pool->caches[i]);
		}
	}
	/* Counts are read one after another: keep the sum within what is possible. */
	return (size_t)spdk_min(num, (uint64_t)pool->count);
}

static void
pool_destroy(struct spdk_mempool *mp)
{
	uint32_t i;

	for (i = 0; i < mp->num_cores; i++) {
		free(mp->caches[i]);
	}
	spdk_free(mp->objs);
	free(mp->next);
	free(mp);
}

static int
pool_make_caches(struct spdk_mempool *mp)
{
	uint32_t core;

	if (mp->cache_size == 0) {
		return 0;
	}
	SPDK_ENV_FOREACH_CORE(core) {
		size_t size = sizeof(struct cache) + 2 * mp->cache_size * sizeof(void *);

		size = SPDK_ALIGN_CEIL(size, (size_t)SPDK_CACHE_LINE_SIZE);
		mp->caches[core] = aligned_alloc(SPDK_CACHE_LINE_SIZE, size);
		if (mp->caches[core] == NULL) {
			return -ENOMEM;
		}
		cache_set_num(mp->caches[core], 0);
	}
	return 0;
}

/* Objects that lie in other threads' caches can't be got: all caches together, twice filled, hold
 * at most half of the pool. */
static uint32_t
cache_clamp(size_t count, size_t cache_size)
{
	size_t max = count / (4 * (size_t)spdk_max(1, spdk_env_get_core_count()));

	if (cache_size == (size_t)SPDK_MEMPOOL_DEFAULT_CACHE_SIZE) {
		cache_size = DEFAULT_CACHE;
	}
	return (uint32_t)spdk_min(spdk_min(cache_size, (size_t)MAX_CACHE), max);
}

static struct spdk_mempool *
pool_create(const char *name, size_t count, size_t ele_size, size_t cache_size, int numa_id)
{
	uint32_t num_cores = spdk_env_get_core_count() == 0 ? 0 : spdk_env_get_last_core() + 1;
	size_t size = sizeof(struct spdk_mempool) + num_cores * sizeof(struct cache *);
	struct spdk_mempool *mp;
	size_t total;

	mp = aligned_alloc(SPDK_CACHE_LINE_SIZE,
	                   SPDK_ALIGN_CEIL(size, (size_t)SPDK_CACHE_LINE_SIZE));
	if (mp == NULL) {
		return NULL;
	}
	memset(mp, 0, size);
	snprintf(mp->name, sizeof(mp->name), "%s", name);
	mp->count = (uint32_t)count;
	mp->ele_bytes = ele_size;
	mp->stride_bytes = SPDK_ALIGN_CEIL(ele_size, (size_t)SPDK_CACHE_LINE_SIZE);
	mp->cache_size = cache_clamp(count, cache_size);
	mp->num_cores = num_cores;
	if (!__builtin_mul_overflow(mp->stride_bytes, count, &total)) {
		mp->objs = spdk_zmalloc(total, ENV_PAGE_BYTES, NULL, numa_id,
		                        SPDK_MALLOC_DMA | SPDK_MALLOC_SHARE);
	}
	if (mp->objs == NULL) {
		pool_destroy(mp);
		return NULL;
	}
	mp->next = calloc(count, sizeof(*mp->next));
	if (mp->next == NULL || pool_make_caches(mp) != 0) {
		pool_destroy(mp);
		return NULL;
	}
	return mp;
}

/* A pool without a name yet, in memory that processes share. */
static struct spdk_mempool *
shared_create(const char *name, size_t count, size_t ele_size, int numa_id)
{
	size_t stride = SPDK_ALIGN_CEIL(ele_size, (size_t)SPDK_CACHE_LINE_SIZE);
	size_t head = SPDK_ALIGN_CEIL(sizeof(struct spdk_mempool) + count * sizeof(uint64_t),
	                              (size_t)ENV_PAGE_BYTES);
	struct spdk_mempool *mp;
	size_t total;

	if (__builtin_mul_overflow(stride, count, &total) ||
	    __builtin_add_overflow(total, head, &total) || total > ENV_MALLOC_MAX_BYTES ||
	    env_fault(ENV_FAULT_MALLOC)) {
		return NULL;
	}
	mp = env_shared()->alloc(total, ENV_PAGE_BYTES, numa_id, true, false);
	if (mp == NULL) {
		return NULL;
	}
	snprintf(mp->name, sizeof(mp->name), "%s", name);
	mp->count = (uint32_t)count;
	mp->ele_bytes = ele_size;
	mp->stride_bytes = stride;
	mp->next = (_Atomic uint64_t *)(mp + 1);
	mp->objs = (uint8_t *)mp + head;
	return mp;
}

static struct spdk_mempool *
find_locked(const char *name)
{
	struct spdk_mempool *mp;

	TAILQ_FOREACH(mp, &g_pools.pools, link) {
		if (strcmp(mp->name, name) == 0) {
			return mp;
		}
	}
	return NULL;
}

struct spdk_mempool *
spdk_mempool_create_ctor(const char *name, size_t count, size_t ele_size, size_t cache_size,
                         int numa_id, spdk_mempool_obj_cb_t *obj_init, void *obj_init_arg)
{
	struct spdk_mempool *mp;
	bool taken;

	if (name == NULL || strlen(name) >= SPDK_MAX_MEMPOOL_NAME_LEN || count == 0 ||
	    count > MAX_COUNT || ele_size == 0 || ele_size > SIZE_MAX / 2 ||
	    env_fault(ENV_FAULT_MEMPOOL_CREATE)) {
		return NULL;
	}
	if (env_shared() != NULL) {
		mp = shared_create(name, count, ele_size, numa_id);
		if (mp != NULL && obj_init != NULL) {
			spdk_mempool_obj_iter(mp, obj_init, obj_init_arg);
		}
		/* Last, for whoever finds it uses it. */
		if (mp != NULL && env_shared()->name_publish(ENV_NAME_POOL, name, mp, 0) != 0) {
			env_shared()->free(mp);
			mp = NULL;
		}
		return mp;
	}
	mp = pool_create(name, count, ele_size, cache_size, numa_id);
	if (mp == NULL) {
		return NULL;
	}
	pthread_mutex_lock(&g_pools.lock);
	taken = find_locked(name) != NULL;
	if (!taken) {
		TAILQ_INSERT_TAIL(&g_pools.pools, mp, link);
	}
	pthread_mutex_unlock(&g_pools.lock);
	if (taken) {
		pool_destroy(mp);
		return NULL;
	}
	if (obj_init != NULL) {
		spdk_mempool_obj_iter(mp, obj_init, obj_init_arg);
	}
	return mp;
}

struct spdk_mempool *
spdk_mempool_create(const char *name, size_t count, size_t ele_size, size_t cache_size, int numa_id)
{
	return spdk_mempool_create_ctor(name, count, ele_size, cache_size, numa_id, NULL, NULL);
}

char *
spdk_mempool_get_name(struct spdk_mempool *mp)
{
	return mp->name;
}

void
spdk_mempool_free(struct spdk_mempool *mp)
{
	if (mp == NULL) {
		return;
	}
	if (env_shared() != NULL) {
		if (env_shared()->name_retire(ENV_NAME_POOL, mp->name) != NULL) {
			env_shared()->free(mp);
		}
		return;
	}
	pthread_mutex_lock(&g_pools.lock);
	TAILQ_REMOVE(&g_pools.pools, mp, link);
	pthread_mutex_unlock(&g_pools.lock);
	pool_destroy(mp);
}

struct spdk_mempool *
spdk_mempool_lookup(const char *name)
{
	struct spdk_mempool *mp;

	if (env_shared() != NULL) {
		return env_shared()->name_find(ENV_NAME_POOL, name);
	}
	pthread_mutex_lock(&g_pools.lock);
	mp = find_locked(name);
	pthread_mutex_unlock(&g_pools.lock);
	return mp;
}

uint32_t
spdk_mempool_obj_iter(struct spdk_mempool *mp, spdk_mempool_obj_cb_t obj_cb, void *obj_cb_arg)
{
	uint32_t i;

	for (i = 0; i < mp->count; i++) {
		obj_cb(mp, obj_cb_arg, obj_at(mp, i), i);
	}
	return mp->count;
}

uint32_t
spdk_mempool_mem_iter(struct spdk_mempool *mp, spdk_mempool_mem_cb_t mem_cb, void *mem_cb_arg)
{
	mem_cb(mp, mem_cb_arg, mp->objs, spdk_vtophys(mp->objs, NULL), mp->stride_bytes * mp->count,
	       0);
	return 1;
}

void
env_mempool_fini(void)
{
	struct spdk_mempool *mp;

	while ((mp = TAILQ_FIRST(&g_pools.pools)) != NULL) {
		spdk_mempool_free(mp);
	}
}
