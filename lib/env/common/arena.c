/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The heap's arenas: memory that the machine gave, under the cap, and what is known of all of it.
 *
 * Any thread. The mutex here guards the tables of all of the heap. Arenas are mapped and unmapped
 * without it: that tells the memory maps, whose owners may allocate. */

#include "machine.h"

#include "spdk/log.h"

static struct {
	pthread_mutex_t lock;
	struct env_arena **arenas; /* ascending by base */
	size_t num_arenas;
	size_t max_arenas;
	uint64_t cap_bytes;
	uint64_t mapped_bytes; /* with those that are being mapped */
	uint64_t next_id;
	uint64_t num_live;
	uint64_t live_bytes;
	uint32_t num_empty; /* arenas without a page in use */
} g_heap SYSTEM_STATE = { .lock = PTHREAD_MUTEX_INITIALIZER };

void
env_heap_lock(void)
{
	pthread_mutex_lock(&g_heap.lock);
}

void
env_heap_unlock(void)
{
	pthread_mutex_unlock(&g_heap.lock);
}

/* Index of the first arena that begins above \p addr. */
static size_t
arena_above(const void *addr)
{
	size_t lo = 0, hi = g_heap.num_arenas;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (g_heap.arenas[mid]->base <= (const uint8_t *)addr) {
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return lo;
}

struct env_arena *
env_arena_find(const void *addr)
{
	size_t above = arena_above(addr);
	struct env_arena *arena;

	if (above == 0) {
		return NULL;
	}
	arena = g_heap.arenas[above - 1];
	return (const uint8_t *)addr < arena->base + arena->size_bytes ? arena : NULL;
}

static void
arena_destroy(struct env_arena *arena)
{
	if (arena->base != NULL) {
		env_unpoison(arena->base, arena->size_bytes);
		machine_arena_unmap(arena);
	}
	free(arena->pages);
	free(arena);
}

/* A mapped and registered arena that stands in no table yet. */
static int
arena_create(size_t size_bytes, int32_t numa_id, struct env_arena **out)
{
	struct env_arena *arena = calloc(1, sizeof(*arena));
	int rc = -ENOMEM;

	if (arena == NULL) {
		return rc;
	}
	arena->fd = -1;
	arena->size_bytes = size_bytes;
	arena->numa_id = numa_id;
	arena->pages = calloc(size_bytes / ENV_PAGE_BYTES, sizeof(*arena->pages));
	if (arena->pages == NULL) {
		goto fail;
	}
	rc = machine_arena_map(arena);
	if (rc != 0) {
		arena->base = NULL;
		goto fail;
	}
	assert(((uintptr_t)arena->base & (ENV_ARENA_ALIGN - 1)) == 0);
	rc = spdk_mem_register(arena->base, size_bytes);
	if (rc != 0) {
		goto fail;
	}
	env_poison(arena->base, size_bytes);
	*out = arena;
	return 0;

fail:
	arena_destroy(arena);
	return rc;
}

int
env_arena_insert(struct env_arena *arena)
{
	size_t i;

	if (g_heap.num_arenas == g_heap.max_arenas) {
		size_t max = spdk_max(16, g_heap.max_arenas * 2);
		struct env_arena **grown = realloc(g_heap.arenas, max * sizeof(*grown));

		if (grown == NULL) {
			return -ENOMEM;
		}
		g_heap.arenas = grown;
		g_heap.max_arenas = max;
	}
	i = arena_above(arena->base);
	memmove(&g_heap.arenas[i + 1], &g_heap.arenas[i],
	        (g_heap.num_arenas - i) * sizeof(*g_heap.arenas));
	g_heap.arenas[i] = arena;
	g_heap.num_arenas++;
	arena->id = ++g_heap.next_id;
	g_heap.num_empty++;
	return 0;
}

/* Reserve room under the cap: \p want_bytes, or what is left of it if that is \p need_bytes. 0 when
 * it is not. */
static size_t
cap_reserve(size_t need_bytes, size_t want_bytes)
{
	uint64_t got;

	env_heap_lock();
	got = spdk_min(want_bytes, g_heap.cap_bytes - g_heap.mapped_bytes);
	if (got < need_bytes) {
		got = 0;
	}
	g_heap.mapped_bytes += got;
	env_heap_unlock();
	return got;
}

static void
cap_release(size_t size_bytes)
{
	env_heap_lock();
	assert(g_heap.mapped_bytes >= size_bytes);
	g_heap.mapped_bytes -= size_bytes;
	env_heap_unlock();
}

int
env_arena_grow(size_t need_bytes, int32_t numa_id, struct env_arena **out)
{
	size_t got = cap_reserve(need_bytes, spdk_max(need_bytes, machine_arena_quantum()));
	int rc;

	if (got == 0) {
		return -ENOSPC;
	}
	rc = arena_create(got, numa_id, out);
	if (rc != 0 && got > need_bytes) {
		cap_release(got - need_bytes);
		got = need_bytes;
		rc = arena_create(got, numa_id, out);
	}
	if (rc != 0) {
		cap_release(got);
	}
	return rc;
}

void
env_arena_give_back(struct env_arena *arena)
{
	size_t size_bytes = arena->size_bytes;
	int rc = spdk_mem_unregister(arena->base, size_bytes);

	assert(rc == 0);
	(void)rc;
	arena_destroy(arena);
	cap_release(size_bytes);
}

void
env_arena_remove(struct env_arena *arena)
{
	size_t i = arena_above(arena->base) - 1;

	assert(g_heap.arenas[i] == arena && arena->num_used_pages == 0);
	g_heap.num_arenas--;
	memmove(&g_heap.arenas[i], &g_heap.arenas[i + 1],
	        (g_heap.num_arenas - i) * sizeof(*g_heap.arenas));
	g_heap.num_empty--;
}

struct env_arena *
env_arena_first_empty(void)
{
	size_t i;

	for (i = 0; i < g_heap.num_arenas; i++) {
		if (g_heap.arenas[i]->num_used_pages == 0) {
			return g_heap.arenas[i];
		}
	}
	return NULL;
}

uint32_t
env_arena_use(struct env_arena *arena, int64_t num_pages)
{
	bool was_empty = arena->num_used_pages == 0;

	arena->num_used_pages = (size_t)((int64_t)arena->num_used_pages + num_pages);
	if (was_empty && arena->num_used_pages != 0) {
		g_heap.num_empty--;
	} else if (!was_empty && arena->num_used_pages == 0) {
		g_heap.num_empty++;
	}
	return g_heap.num_empty;
}

void
env_heap_count(int num, int64_t size_bytes)
{
	g_heap.num_live += (uint64_t)(int64_t)num;
	g_heap.live_bytes += (uint64_t)size_bytes;
}

void
env_heap_each(env_run_fn fn, void *arg)
{
	size_t i;

	env_heap_lock();
	for (i = 0; i < g_heap.num_arenas; i++) {
		env_heap_walk(g_heap.arenas[i], fn, arg);
	}
	env_heap_unlock();
}

void
env_mem_get_stats(struct env_mem_stats *stats)
{
	if (env_shared() != NULL) {
		env_shared()->stats(stats);
		return;
	}
	env_heap_lock();
	stats->num_arenas = g_heap.num_arenas;
	stats->arena_bytes = g_heap.mapped_bytes;
	stats->cap_bytes = g_heap.cap_bytes;
	stats->num_live = g_heap.num_live;
	stats->live_bytes = g_heap.live_bytes;
	env_heap_unlock();
}

int
spdk_mem_get_fd_and_offset(void *vaddr, uint64_t *offset)
{
	struct env_arena *arena;
	int fd = -EINVAL;

	if (env_shared() != NULL) {
		return env_shared()->fd(vaddr, offset);
	}
	env_heap_lock();
	arena = env_arena_find(vaddr);
	if (arena != NULL && arena->fd >= 0) {
		fd = arena->fd;
		*offset = (uint64_t)((uint8_t *)vaddr - arena->base);
	}
	env_heap_unlock();
	return fd;
}

int32_t
spdk_mem_get_numa_id(const void *buf, uint64_t *size)
{
	struct env_arena *arena;
	int32_t numa_id = SPDK_ENV_NUMA_ID_ANY;

	if (env_shared() != NULL) {
		return env_shared()->numa(buf, size);
	}
	env_heap_lock();
	arena = env_arena_find(buf);
	if (arena != NULL) {
		uint64_t left = arena->size_bytes - (uint64_t)((const uint8_t *)buf - arena->base);

		numa_id = arena->numa_id;
		if (size != NULL && *size > left) {
			*size = left;
		}
	}
	env_heap_unlock();
	return numa_id;
}

int
env_arena_init(const struct spdk_env_opts *opts)
{
	uint64_t have = machine_memory_bytes();

	assert(g_heap.num_arenas == 0 && g_heap.mapped_bytes == 0);
	g_heap.cap_bytes = have & ~(uint64_t)(ENV_ARENA_ALIGN - 1);
	if (opts->mem_size > 0) {
		uint64_t asked = (uint64_t)opts->mem_size << 20;

		if (asked > have) {
			SPDK_ERRLOG(
			        "Memory of %d MiB was asked for; the system, or the cgroup, has "
			        "%" PRIu64 " MiB: lower --mem-size or leave it out\n",
			        opts->mem_size, have >> 20);
			return -ENOMEM;
		}
		g_heap.cap_bytes = SPDK_ALIGN_CEIL(asked, (uint64_t)ENV_ARENA_ALIGN);
	}
	return 0;
}

void
env_arena_fini(void)
{
	if (g_heap.num_live > 0) {
		SPDK_INFOLOG(env,
		             "%" PRIu64 " buffers of %" PRIu64 " bytes in all were not freed\n",
		             g_heap.num_live, g_heap.live_bytes);
	}
	while (g_heap.num_arenas > 0) {
		env_arena_give_back(g_heap.arenas[--g_heap.num_arenas]);
	}
	free(g_heap.arenas);
	g_heap.arenas = NULL;
	g_heap.max_arenas = 0;
	g_heap.cap_bytes = 0;
	g_heap.next_id = 0;
	g_heap.num_live = 0;
	g_heap.live_bytes = 0;
	g_heap.num_empty = 0;
	assert(g_heap.mapped_bytes == 0);
}
