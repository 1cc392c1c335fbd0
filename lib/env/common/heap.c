/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The heap's lower half: runs of 4 KiB pages out of arenas that the machine gives.
 *
 * Any thread; the mutex of the arenas guards all tables. Free runs stand in a tree by (length, age
 * of the arena, place), so that the choice is a best fit and never depends on an address.
 * Neighbours join when a run is given back, found through the descriptors of the run's first and
 * last page.
 *
 * An empty arena goes back to the machine, but for one, so that a caller who takes and
 * gives the same buffer does not map and unmap each time. */

#include "machine.h"

#include "spdk/log.h"
#include "spdk_internal/env_fault.h"

#define DISCARD_MIN_PAGES 256

static int
page_cmp(struct env_page *a, struct env_page *b)
{
	if (a->num_pages != b->num_pages) {
		return a->num_pages < b->num_pages ? -1 : 1;
	}
	if (a->arena->id != b->arena->id) {
		return a->arena->id < b->arena->id ? -1 : 1;
	}
	/* One array: the order of the pages in the arena. */
	return a < b ? -1 : a > b;
}

RB_HEAD(free_tree, env_page);

static struct {
	struct free_tree free; /* by page_cmp; the arenas' lock */
} g_runs SYSTEM_STATE = { .free = RB_INITIALIZER(0) };

RB_GENERATE_STATIC(free_tree, env_page, free_link, page_cmp)

void *
env_page_addr(const struct env_page *page)
{
	return page->arena->base + (size_t)(page - page->arena->pages) * ENV_PAGE_BYTES;
}

struct env_page *
env_heap_find(const void *addr)
{
	struct env_arena *arena = env_arena_find(addr);

	if (arena == NULL) {
		return NULL;
	}
	return &arena->pages[((const uint8_t *)addr - arena->base) / ENV_PAGE_BYTES];
}

static void
run_insert(struct env_arena *arena, size_t first, uint32_t num_pages, bool zero)
{
	struct env_page *head = &arena->pages[first];
	struct env_page *tail = head + num_pages - 1;

	tail->arena = head->arena = arena;
	tail->num_pages = head->num_pages = num_pages;
	tail->kind = head->kind = ENV_PAGE_FREE;
	tail->zero = head->zero = zero;
	RB_INSERT(free_tree, &g_runs.free, head);
}

static void
run_mark_used(struct env_arena *arena, size_t first, uint32_t num_pages, uint8_t kind)
{
	struct env_page *head = &arena->pages[first];
	struct env_page *tail = head + num_pages - 1;
	uint32_t i;

	tail->kind = ENV_PAGE_INNER;
	tail->num_pages = num_pages;
	head->arena = arena;
	head->num_pages = num_pages;
	head->kind = kind;
	head->slab = NULL;
	if (kind == ENV_PAGE_SLAB) {
		for (i = 0; i < num_pages; i++) {
			head[i].arena = arena;
			head[i].kind = kind;
		}
	}
}

/* Where a run of \p num_pages could begin inside the free run \p page; false when it can't. */
static bool
run_fits(const struct env_page *page, uint32_t num_pages, size_t align_bytes, size_t *first)
{
	uintptr_t addr = (uintptr_t)env_page_addr(page);
	uintptr_t aligned = (addr + align_bytes - 1) & ~(uintptr_t)(align_bytes - 1);
	size_t skip = (aligned - addr) / ENV_PAGE_BYTES;

	if (page->num_pages < num_pages || page->num_pages - num_pages < skip) {
		return false;
	}
	*first = (size_t)(page - page->arena->pages) + skip;
	return true;
}

/* Cut [first, first + num_pages) out of the free run \p page. */
static void
run_cut(struct env_page *page, size_t first, uint32_t num_pages, uint8_t kind)
{
	struct env_arena *arena = page->arena;
	size_t begin = (size_t)(page - arena->pages);
	size_t end = begin + page->num_pages;
	bool zero = page->zero;

	RB_REMOVE(free_tree, &g_runs.free, page);
	page->kind = ENV_PAGE_INNER;
	arena->pages[end - 1].kind = ENV_PAGE_INNER;
	if (first > begin) {
		run_insert(arena, begin, (uint32_t)(first - begin), zero);
	}
	if (first + num_pages < end) {
		run_insert(arena, first + num_pages, (uint32_t)(end - first - num_pages), zero);
	}
	run_mark_used(arena, first, num_pages, kind);
	env_arena_use(arena, num_pages);
}

static struct env_page *
take_locked(uint32_t num_pages, size_t align_bytes, int32_t numa_id, uint8_t kind, bool *zero)
{
	/* A key that sorts before every run of num_pages: no arena has id 0. */
	struct env_arena none = { .id = 0 };
	struct env_page key = { .num_pages = num_pages, .arena = &none };
	struct env_page *page;
	size_t first;

	for (page = RB_NFIND(free_tree, &g_runs.free, &key); page != NULL;
	     page = RB_NEXT(free_tree, &g_runs.free, page)) {
		struct env_arena *arena = page->arena;

		if (numa_id != SPDK_ENV_NUMA_ID_ANY && numa_id != arena->numa_id) {
			continue;
		}
		if (run_fits(page, num_pages, align_bytes, &first)) {
			*zero = page->zero;
			run_cut(page, first, num_pages, kind);
			return &arena->pages[first];
		}
	}
	return NULL;
}

/* Give an arena back that is kept though it is empty; false when there is none. */
static bool
reclaim_one(void)
{
	struct env_arena *arena;

	env_heap_lock();
	arena = env_arena_first_empty();
	if (arena != NULL) {
		RB_REMOVE(free_tree, &g_runs.free, &arena->pages[0]);
		env_arena_remove(arena);
	}
	env_heap_unlock();
	if (arena != NULL) {
		env_arena_give_back(arena);
	}
	return arena != NULL;
}

static struct env_arena *
grow_or_reclaim(size_t need_bytes, int32_t numa_id)
{
	struct env_arena *arena = NULL;
	struct env_mem_stats stats;
	int rc;

	do {
		rc = env_arena_grow(need_bytes, numa_id, &arena);
	} while (rc != 0 && reclaim_one());
	if (rc == 0) {
		return arena;
	}
	env_mem_get_stats(&stats);
	if (rc == -ENOSPC) {
		SPDK_ERRLOG_RATELIMIT("No memory for %zu KiB more: %" PRIu64 " of at most %" PRIu64
		                      " MiB are in use; raise --mem-size or free memory\n",
		                      need_bytes >> 10, stats.arena_bytes >> 20,
		                      stats.cap_bytes >> 20);
	} else {
		SPDK_ERRLOG_RATELIMIT("The system gives no memory for %zu KiB more (%s), %" PRIu64
		                      " MiB are in use: see ulimit -v, ulimit -n and the limit of "
		                      "the cgroup\n",
		                      need_bytes >> 10, strerror(-rc), stats.arena_bytes >> 20);
	}
	return NULL;
}

struct env_page *
env_heap_take(uint32_t num_pages, size_t align_bytes, int32_t numa_id, uint8_t kind, bool *zero)
{
	size_t need = (size_t)num_pages * ENV_PAGE_BYTES;
	struct env_arena *arena;
	struct env_page *page;
	int rc;

	assert(num_pages > 0 && spdk_u64_is_pow2(align_bytes));
	env_heap_lock();
	page = take_locked(num_pages, align_bytes, numa_id, kind, zero);
	env_heap_unlock();
	if (page != NULL) {
		return page;
	}
	/* Arenas are aligned to 2 MiB: only what asks for more may have to skip a part. */
	need += align_bytes > ENV_ARENA_ALIGN ? align_bytes : 0;
	need = SPDK_ALIGN_CEIL(need, (size_t)ENV_ARENA_ALIGN);
	arena = grow_or_reclaim(need, numa_id);
	if (arena == NULL) {
		return NULL;
	}
	env_heap_lock();
	rc = env_arena_insert(arena);
	if (rc == 0) {
		run_insert(arena, 0, (uint32_t)(arena->size_bytes / ENV_PAGE_BYTES), true);
		/* From the new one or one that came meanwhile: this can't fail unless the machine
		 * gave memory of another node than the one asked for. */
		page = take_locked(num_pages, align_bytes, numa_id, kind, zero);
		if (page == NULL) {
			page = take_locked(num_pages, align_bytes, SPDK_ENV_NUMA_ID_ANY, kind,
			                   zero);
		}
	}
	env_heap_unlock();
	if (rc != 0) {
		env_arena_give_back(arena);
	}
	return page;
}

/* Join the free run [first, first + num_pages) with its neighbours and insert it. */
static void
run_join(struct env_arena *arena, size_t first, uint32_t num_pages, bool zero)
{
	size_t end = first + num_pages;

	if (first > 0 && arena->pages[first - 1].kind == ENV_PAGE_FREE) {
		struct env_page *prev = &arena->pages[first - arena->pages[first - 1].num_pages];

		RB_REMOVE(free_tree, &g_runs.free, prev);
		arena->pages[first - 1].kind = ENV_PAGE_INNER;
		first -= prev->num_pages;
		zero = zero && prev->zero;
	}
	if (end < arena->size_bytes / ENV_PAGE_BYTES && arena->pages[end].kind == ENV_PAGE_FREE) {
		struct env_page *next = &arena->pages[end];

		RB_REMOVE(free_tree, &g_runs.free, next);
		next->kind = ENV_PAGE_INNER;
		end += next->num_pages;
		zero = zero && next->zero;
	}
	run_insert(arena, first, (uint32_t)(end - first), zero);
}

bool
env_heap_discard(const struct env_page *page)
{
	/* Who hears of new memory may have pinned its pages for a device: then the same addresses
	 * must keep the same pages. */
	if (page->num_pages < DISCARD_MIN_PAGES || page->arena->huge ||
	    env_region_has_listeners()) {
		return false;
	}
	return machine_arena_discard(page->arena, env_page_addr(page),
	                             (size_t)page->num_pages * ENV_PAGE_BYTES);
}

void
env_heap_give(struct env_page *page)
{
	struct env_arena *arena = page->arena;
	uint32_t num_pages = page->num_pages;
	size_t first = (size_t)(page - arena->pages);
	size_t quantum = machine_arena_quantum();
	bool drop = false;
	bool zero;
	uint32_t i;

	/* The run is still the caller's: nobody else looks at it. */
	zero = env_heap_discard(page);
	env_poison(env_page_addr(page), (size_t)num_pages * ENV_PAGE_BYTES);
	env_heap_lock();
	assert(page->kind == ENV_PAGE_LARGE || page->kind == ENV_PAGE_SLAB);
	assert(arena->num_used_pages >= num_pages);
	if (page->kind == ENV_PAGE_SLAB) {
		for (i = 0; i < num_pages; i++) {
			page[i].kind = ENV_PAGE_INNER;
			page[i].slab = NULL;
		}
	}
	page->kind = ENV_PAGE_INNER;
	run_join(arena, first, num_pages, zero);
	if (env_arena_use(arena, -(int64_t)num_pages) > 1 || arena->size_bytes > quantum) {
		drop = arena->num_used_pages == 0;
	}
	if (drop) {
		RB_REMOVE(free_tree, &g_runs.free, &arena->pages[0]);
		env_arena_remove(arena);
	}
	env_heap_unlock();
	if (drop) {
		env_arena_give_back(arena);
	}
}

void
env_heap_walk(const struct env_arena *arena, env_run_fn fn, void *arg)
{
	size_t at, num = arena->size_bytes / ENV_PAGE_BYTES;

	for (at = 0; at < num; at += arena->pages[at].num_pages) {
		const struct env_page *page = &arena->pages[at];
		struct env_run run = { .numa_id = arena->numa_id };

		assert(page->num_pages > 0 && page->kind != ENV_PAGE_INNER);
		run.len_bytes = (size_t)page->num_pages * ENV_PAGE_BYTES;
		run.in_use = page->kind != ENV_PAGE_FREE;
		if (page->kind == ENV_PAGE_LARGE) {
			run.num_objs = 1;
		} else if (page->kind == ENV_PAGE_SLAB && page->slab != NULL) {
			run.num_objs = env_slab_num_used(page->slab);
		}
		fn(&run, arg);
	}
}

int
env_heap_init(const struct spdk_env_opts *opts)
{
	return env_arena_init(opts);
}

void
env_heap_fini(void)
{
	env_slab_fini();
	RB_INIT(&g_runs.free);
	env_arena_fini();
}
