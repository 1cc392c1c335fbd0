/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The heap's lower half: runs of 4 KiB pages out of arenas that the machine gives.
 *
 * Any thread; one mutex guards all tables. Free runs stand in a tree by (length, age of the arena,
 * place), so that the choice is a best fit and never depends on an address. Neighbours join when a
 * run is given back, found through the descriptors of the run's first and last page.
 *
 * Arenas are mapped and unmapped without the lock: that tells the memory maps, whose owners may
 * allocate. An empty arena goes back to the machine, but for one, so that a caller who takes and
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
	pthread_mutex_t lock;
	struct free_tree free;     /* by page_cmp */
	struct env_arena **arenas; /* ascending by base */
	size_t num_arenas;
	size_t max_arenas;
	uint64_t cap_bytes;
	uint64_t mapped_bytes; /* with those that are being mapped */
	uint64_t next_id;
	uint64_t num_live;
	uint64_t live_bytes;
	uint32_t num_empty; /* arenas without a page in use */
} g_heap SYSTEM_STATE = { .lock = PTHREAD_MUTEX_INITIALIZER, .free = RB_INITIALIZER(0) };

RB_GENERATE_STATIC(free_tree, env_page, free_link, page_cmp)

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

void *
env_page_addr(const struct env_page *page)
{
	return page->arena->base + (size_t)(page - page->arena->pages) * ENV_PAGE_BYTES;
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

static struct env_arena *
arena_find(const void *addr)
{
	size_t above = arena_above(addr);
	struct env_arena *arena;

	if (above == 0) {
		return NULL;
	}
	arena = g_heap.arenas[above - 1];
	return (const uint8_t *)addr < arena->base + arena->size_bytes ? arena : NULL;
}

struct env_page *
env_heap_find(const void *addr)
{
	struct env_arena *arena = arena_find(addr);

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
	RB_INSERT(free_tree, &g_heap.free, head);
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

	RB_REMOVE(free_tree, &g_heap.free, page);
	page->kind = ENV_PAGE_INNER;
	arena->pages[end - 1].kind = ENV_PAGE_INNER;
	if (first > begin) {
		run_insert(arena, begin, (uint32_t)(first - begin), zero);
	}
	if (first + num_pages < end) {
		run_insert(arena, first + num_pages, (uint32_t)(end - first - num_pages), zero);
	}
	run_mark_used(arena, first, num_pages, kind);
	if (arena->num_used_pages == 0) {
		g_heap.num_empty--;
	}
	arena->num_used_pages += num_pages;
}

static struct env_page *
take_locked(uint32_t num_pages, size_t align_bytes, int32_t numa_id, uint8_t kind, bool *zero)
{
	/* A key that sorts before every run of num_pages: no arena has id 0. */
	struct env_arena none = { .id = 0 };
	struct env_page key = { .num_pages = num_pages, .arena = &none };
	struct env_page *page;
	size_t first;

	for (page = RB_NFIND(free_tree, &g_heap.free, &key); page != NULL;
	     page = RB_NEXT(free_tree, &g_heap.free, page)) {
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
static struct env_arena *
arena_create(size_t size_bytes, int32_t numa_id)
{
	struct env_arena *arena = calloc(1, sizeof(*arena));

	if (arena == NULL) {
		return NULL;
	}
	arena->fd = -1;
	arena->size_bytes = size_bytes;
	arena->numa_id = numa_id;
	arena->pages = calloc(size_bytes / ENV_PAGE_BYTES, sizeof(*arena->pages));
	if (arena->pages == NULL || machine_arena_map(arena) != 0) {
		arena->base = NULL;
		goto fail;
	}
	assert(((uintptr_t)arena->base & (ENV_ARENA_ALIGN - 1)) == 0);
	if (spdk_mem_register(arena->base, size_bytes) != 0) {
		goto fail;
	}
	env_poison(arena->base, size_bytes);
	return arena;

fail:
	arena_destroy(arena);
	return NULL;
}

/* Put a new arena in the tables. Call with the lock. 0 or -ENOMEM. */
static int
arena_add(struct env_arena *arena)
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
	run_insert(arena, 0, (uint32_t)(arena->size_bytes / ENV_PAGE_BYTES), true);
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

/* An arena in which a run of \p need_bytes is certain to fit; NULL when there is no memory. */
static struct env_arena *
arena_grow(size_t need_bytes, int32_t numa_id)
{
	size_t got = cap_reserve(need_bytes, spdk_max(need_bytes, machine_arena_quantum()));
	struct env_arena *arena;

	if (got == 0) {
		return NULL;
	}
	arena = arena_create(got, numa_id);
	if (arena == NULL && got > need_bytes) {
		cap_release(got - need_bytes);
		got = need_bytes;
		arena = arena_create(got, numa_id);
	}
	if (arena == NULL) {
		cap_release(got);
	}
	return arena;
}

static void
arena_give_back(struct env_arena *arena)
{
	size_t size_bytes = arena->size_bytes;
	int rc = spdk_mem_unregister(arena->base, size_bytes);

	assert(rc == 0);
	(void)rc;
	arena_destroy(arena);
	cap_release(size_bytes);
}

/* Take the empty \p arena out of the tables. */
static void
arena_remove(struct env_arena *arena)
{
	size_t i = arena_above(arena->base) - 1;

	assert(g_heap.arenas[i] == arena && arena->num_used_pages == 0);
	RB_REMOVE(free_tree, &g_heap.free, &arena->pages[0]);
	g_heap.num_arenas--;
	memmove(&g_heap.arenas[i], &g_heap.arenas[i + 1],
	        (g_heap.num_arenas - i) * sizeof(*g_heap.arenas));
	g_heap.num_empty--;
}

/* Give an arena back that is kept though it is empty; false when there is none. */
static bool
reclaim_one(void)
{
	struct env_arena *arena = NULL;
	size_t i;

	env_heap_lock();
	for (i = 0; i < g_heap.num_arenas; i++) {
		if (g_heap.arenas[i]->num_used_pages == 0) {
			arena = g_heap.arenas[i];
			arena_remove(arena);
			break;
		}
	}
	env_heap_unlock();
	if (arena != NULL) {
		arena_give_back(arena);
	}
	return arena != NULL;
}

static struct env_arena *
arena_grow_or_reclaim(size_t need_bytes, int32_t numa_id)
{
	struct env_arena *arena;

	do {
		arena = arena_grow(need_bytes, numa_id);
	} while (arena == NULL && reclaim_one());
	if (arena == NULL) {
		SPDK_ERRLOG_RATELIMIT("No memory for %zu KiB more: %" PRIu64 " of at most %" PRIu64
		                      " MiB are in use; raise --mem-size or free memory\n",
		                      need_bytes >> 10, g_heap.mapped_bytes >> 20,
		                      g_heap.cap_bytes >> 20);
	}
	return arena;
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
	arena = arena_grow_or_reclaim(need, numa_id);
	if (arena == NULL) {
		return NULL;
	}
	env_heap_lock();
	rc = arena_add(arena);
	if (rc == 0) {
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
		arena_give_back(arena);
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

		RB_REMOVE(free_tree, &g_heap.free, prev);
		arena->pages[first - 1].kind = ENV_PAGE_INNER;
		first -= prev->num_pages;
		zero = zero && prev->zero;
	}
	if (end < arena->size_bytes / ENV_PAGE_BYTES && arena->pages[end].kind == ENV_PAGE_FREE) {
		struct env_page *next = &arena->pages[end];

		RB_REMOVE(free_tree, &g_heap.free, next);
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
	arena->num_used_pages -= num_pages;
	if (arena->num_used_pages == 0) {
		g_heap.num_empty++;
		drop = g_heap.num_empty > 1 || arena->size_bytes > machine_arena_quantum();
		if (drop) {
			arena_remove(arena);
		}
	}
	env_heap_unlock();
	if (drop) {
		arena_give_back(arena);
	}
}

void
env_heap_count(int num, int64_t size_bytes)
{
	g_heap.num_live += (uint64_t)(int64_t)num;
	g_heap.live_bytes += (uint64_t)size_bytes;
}

void
env_mem_get_stats(struct env_mem_stats *stats)
{
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

	env_heap_lock();
	arena = arena_find(vaddr);
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

	env_heap_lock();
	arena = arena_find(buf);
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
env_heap_init(const struct spdk_env_opts *opts)
{
	uint64_t have = machine_memory_bytes();

	assert(g_heap.num_arenas == 0 && g_heap.mapped_bytes == 0);
	g_heap.cap_bytes = have & ~(uint64_t)(ENV_ARENA_ALIGN - 1);
	if (opts->mem_size > 0) {
		uint64_t asked = (uint64_t)opts->mem_size << 20;

		if (asked > have) {
			SPDK_ERRLOG("Memory of %d MiB was asked for; the system has %" PRIu64
			            " MiB: lower --mem-size or leave it out\n",
			            opts->mem_size, have >> 20);
			return -ENOMEM;
		}
		g_heap.cap_bytes = SPDK_ALIGN_CEIL(asked, (uint64_t)ENV_ARENA_ALIGN);
	}
	return 0;
}

void
env_heap_fini(void)
{
	if (g_heap.num_live > 0) {
		SPDK_INFOLOG(env,
		             "%" PRIu64 " buffers of %" PRIu64 " bytes in all were not freed\n",
		             g_heap.num_live, g_heap.live_bytes);
	}
	env_slab_fini();
	while (g_heap.num_arenas > 0) {
		struct env_arena *arena = g_heap.arenas[--g_heap.num_arenas];

		arena_give_back(arena);
	}
	free(g_heap.arenas);
	g_heap.arenas = NULL;
	g_heap.max_arenas = 0;
	RB_INIT(&g_heap.free);
	g_heap.cap_bytes = 0;
	g_heap.next_id = 0;
	g_heap.num_live = 0;
	g_heap.live_bytes = 0;
	g_heap.num_empty = 0;
	assert(g_heap.mapped_bytes == 0);
}
