/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Runs of 4 KiB pages in the memory that processes share. Any thread of any process, with the
 * session's lock.
 *
 * What is true of a run is one word, that of its first page; the runs of an arena follow one
 * another without a gap. Each change is a sequence of single stores after each of which that holds,
 * so that a process may be killed between any two:
 *
 *	cut [a,n) at k    write the word of a+k as free (nobody sees it: a's run covers it),
 *	                  then a's word with k pages: one store makes two runs
 *	join [a,n) [b,m)  a's word with n+m pages: one store makes one run
 *
 * `back` in the last page of every run says where it begins, so that a run that becomes free finds
 * its neighbour below. Like the free lists it is derived: shm_heap_rebuild() makes it anew.
 *
 * The file is sparse. A run that was never used, or was punched, has SHM_WORD_HOLE: who takes it
 * asks the file system for the pages first, so that a full one is an answer and no SIGBUS. */

#include "shm.h"

#include "spdk/log.h"

#include <linux/mempolicy.h>
#include <sys/syscall.h>

#define ARENA_BYTES (64ull << 20)
#define PUNCH_MIN_PAGES 256
#define WORD_FREE_FLAGS (SHM_WORD_ZERO | SHM_WORD_HOLE)

void *
shm_page_addr(uint32_t page)
{
	return shm_get()->data + (uint64_t)page * ENV_PAGE_BYTES;
}

struct shm_arena *
shm_arena_of(uint32_t page)
{
	struct shm_ctl *ctl = shm_get()->ctl;
	/* Acquire: pairs with the release in arena_add(). */
	uint32_t lo = 0, hi = atomic_load_explicit(&ctl->num_arenas, memory_order_acquire);

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		struct shm_arena *arena = &ctl->arenas[mid];

		if (page < arena->first_page) {
			hi = mid;
		} else if (page >= arena->first_page + arena->num_pages) {
			lo = mid + 1;
		} else {
			return arena;
		}
	}
	return NULL;
}

uint32_t
shm_page_find(const void *addr)
{
	struct shm *s = shm_get();
	uint64_t off = (uint64_t)((uintptr_t)addr - (uintptr_t)s->data);

	if ((uintptr_t)addr < (uintptr_t)s->data || off >= s->data_bytes ||
	    shm_arena_of((uint32_t)(off / ENV_PAGE_BYTES)) == NULL) {
		return SHM_NO_PAGE;
	}
	return (uint32_t)(off / ENV_PAGE_BYTES);
}

/* ---- The free lists: derived ---- */

static uint32_t *
bin_of(uint32_t num_pages)
{
	return &shm_get()->ctl->bins[31 - __builtin_clz(num_pages)];
}

static void
free_insert(uint32_t page, uint32_t num_pages)
{
	struct shm_page *pages = shm_get()->pages;
	uint32_t *bin = bin_of(num_pages);

	pages[page].prev = 0;
	pages[page].next = *bin;
	if (*bin != 0) {
		pages[*bin - 1].prev = page + 1;
	}
	*bin = page + 1;
}

static void
free_remove(uint32_t page, uint32_t num_pages)
{
	struct shm_page *pages = shm_get()->pages;
	struct shm_page *p = &pages[page];

	if (p->prev != 0) {
		pages[p->prev - 1].next = p->next;
	} else {
		assert(*bin_of(num_pages) == page + 1);
		*bin_of(num_pages) = p->next;
	}
	if (p->next != 0) {
		pages[p->next - 1].prev = p->prev;
	}
}

static void
back_set(uint32_t page, uint32_t num_pages)
{
	shm_get()->pages[page + num_pages - 1].back = num_pages;
}

/* ---- Taking ---- */

/* How many pages to skip in the free run so that what follows is aligned; UINT32_MAX: it is too
 * short. */
static uint32_t
run_skip(uint32_t page, uint32_t have, uint32_t num_pages, size_t align_bytes)
{
	uintptr_t addr = (uintptr_t)shm_page_addr(page);
	uintptr_t aligned = (addr + align_bytes - 1) & ~(uintptr_t)(align_bytes - 1);
	uint64_t skip = (aligned - addr) / ENV_PAGE_BYTES;

	return have >= num_pages && have - num_pages >= skip ? (uint32_t)skip : UINT32_MAX;
}

/* Cut [page + skip, num_pages) out of a free run. */
static uint32_t
run_cut(uint32_t page, uint32_t skip, uint32_t num_pages)
{
	struct shm *s = shm_get();
	uint64_t word = shm_word(&s->pages[page]);
	uint32_t have = shm_word_pages(word);
	uint64_t flags = word & WORD_FREE_FLAGS;
	uint32_t first = page + skip, rest = have - skip - num_pages;

	free_remove(page, have);
	if (skip > 0) {
		shm_word_set(&s->pages[first], shm_word_make(SHM_FREE, have - skip, flags));
		shm_word_set(&s->pages[page], shm_word_make(SHM_FREE, skip, flags));
		back_set(page, skip);
		free_insert(page, skip);
	}
	if (rest > 0) {
		shm_word_set(&s->pages[first + num_pages], shm_word_make(SHM_FREE, rest, flags));
		back_set(first + num_pages, rest);
		free_insert(first + num_pages, rest);
	}
	back_set(first, num_pages);
	s->pages[first].size_bytes = 0;
	flags |= (uint64_t)s->slot << SHM_WORD_OWNER_SHIFT;
	shm_word_set(&s->pages[first], shm_word_make(SHM_LARGE, num_pages, flags));
	s->ctl->num_live++;
	return first;
}

static uint32_t
run_find(uint32_t num_pages, size_t align_bytes, int32_t numa_id)
{
	struct shm *s = shm_get();
	uint32_t bin, at, skip;

	for (bin = (uint32_t)(31 - __builtin_clz(num_pages)); bin < SHM_BINS; bin++) {
		for (at = s->ctl->bins[bin]; at != 0; at = s->pages[at - 1].next) {
			uint32_t have = shm_word_pages(shm_word(&s->pages[at - 1]));

			if (numa_id >= 0 && shm_arena_of(at - 1)->numa_id != numa_id) {
				continue;
			}
			skip = run_skip(at - 1, have, num_pages, align_bytes);
			if (skip != UINT32_MAX) {
				return run_cut(at - 1, skip, num_pages);
			}
		}
	}
	return SHM_NO_PAGE;
}

/* Ask for memory of a node, for the file: all processes get it. */
static int
arena_bind(const struct shm_arena *arena)
{
	struct shm *s = shm_get();
	int mode = s->enforce_numa ? MPOL_BIND : MPOL_PREFERRED;
	unsigned long mask;

	if (arena->numa_id >= ENV_NUMA_MAX) {
		return -EINVAL;
	}
	mask = 1ul << arena->numa_id;
	if (syscall(SYS_mbind, shm_page_addr(arena->first_page),
	            (uint64_t)arena->num_pages * ENV_PAGE_BYTES, mode, &mask, ENV_NUMA_MAX + 1,
	            0) != 0 &&
	    s->enforce_numa) {
		return -errno;
	}
	return 0;
}

/* A stretch of the data more, one free run. */
static int
arena_add(uint64_t need_bytes, int32_t numa_id)
{
	struct shm *s = shm_get();
	uint32_t num = atomic_load_explicit(&s->ctl->num_arenas, memory_order_relaxed);
	struct shm_arena *arena = &s->ctl->arenas[num];
	uint64_t align = spdk_max(s->granule, (uint64_t)ENV_ARENA_ALIGN);
	uint64_t first = 0, room, bytes;
	int rc;

	if (num > 0) {
		first = (uint64_t)arena[-1].first_page + arena[-1].num_pages;
	}
	room = s->data_bytes - first * ENV_PAGE_BYTES;
	bytes = spdk_min(SPDK_ALIGN_CEIL(spdk_max(need_bytes, ARENA_BYTES), align), room);
	if (bytes < need_bytes || bytes == 0 || num == SHM_ARENAS) {
		return -ENOSPC;
	}
	arena->first_page = (uint32_t)first;
	arena->num_pages = (uint32_t)(bytes / ENV_PAGE_BYTES);
	arena->numa_id = spdk_max(numa_id, 0);
	rc = numa_id >= 0 ? arena_bind(arena) : 0;
	if (rc != 0) {
		return rc;
	}
	shm_word_set(&s->pages[first], shm_word_make(SHM_FREE, arena->num_pages, WORD_FREE_FLAGS));
	back_set(arena->first_page, arena->num_pages);
	/* Release: pairs with the acquires of those who look at arenas without the lock. */
	atomic_store_explicit(&s->ctl->num_arenas, num + 1, memory_order_release);
	free_insert(arena->first_page, arena->num_pages);
	return 0;
}

uint32_t
shm_run_take(uint32_t num_pages, size_t align_bytes, int32_t numa_id)
{
	uint64_t need = (uint64_t)num_pages * ENV_PAGE_BYTES;
	uint32_t page = run_find(num_pages, align_bytes, numa_id);

	if (page != SHM_NO_PAGE) {
		return page;
	}
	need += align_bytes > ENV_ARENA_ALIGN ? align_bytes : 0;
	if (arena_add(need, numa_id) != 0) {
		return SHM_NO_PAGE;
	}
	return run_find(num_pages, align_bytes, numa_id);
}

/* ---- Giving back ---- */

/* The run [page, num_pages), which is free but in no list, becomes one with its neighbours. */
static void
run_join(uint32_t page, uint32_t num_pages, uint64_t flags)
{
	struct shm *s = shm_get();
	struct shm_arena *arena = shm_arena_of(page);
	uint32_t next = page + num_pages;
	uint64_t word;

	if (next < arena->first_page + arena->num_pages) {
		word = shm_word(&s->pages[next]);
		if (shm_word_kind(word) == SHM_FREE) {
			free_remove(next, shm_word_pages(word));
			num_pages += shm_word_pages(word);
			flags = (flags & word & SHM_WORD_ZERO) | ((flags | word) & SHM_WORD_HOLE);
			shm_word_set(&s->pages[page], shm_word_make(SHM_FREE, num_pages, flags));
			shm_word_set(&s->pages[next], SHM_INNER);
		}
	}
	if (page > arena->first_page) {
		uint32_t prev = page - s->pages[page - 1].back;

		word = shm_word(&s->pages[prev]);
		if (shm_word_kind(word) == SHM_FREE) {
			free_remove(prev, shm_word_pages(word));
			num_pages += shm_word_pages(word);
			flags = (flags & word & SHM_WORD_ZERO) | ((flags | word) & SHM_WORD_HOLE);
			shm_word_set(&s->pages[prev], shm_word_make(SHM_FREE, num_pages, flags));
			shm_word_set(&s->pages[page], SHM_INNER);
			page = prev;
		}
	}
	back_set(page, num_pages);
	free_insert(page, num_pages);
}

void
shm_run_give(uint32_t page, uint64_t flags)
{
	struct shm *s = shm_get();
	uint64_t word = shm_word(&s->pages[page]);
	uint32_t i, num_pages = shm_word_pages(word);

	assert(shm_word_kind(word) == SHM_LARGE || shm_word_kind(word) == SHM_SLAB);
	if (shm_word_kind(word) == SHM_LARGE) {
		s->ctl->num_live--;
		s->ctl->live_bytes -= s->pages[page].size_bytes;
	}
	flags |= word & SHM_WORD_HOLE;
	shm_word_set(&s->pages[page], shm_word_make(SHM_FREE, num_pages, flags));
	if (shm_word_kind(word) == SHM_SLAB) {
		for (i = 1; i < num_pages; i++) {
			shm_word_set(&s->pages[page + i], SHM_INNER);
		}
	}
	run_join(page, num_pages, flags);
}

/* Whether a map of any process hears of memory: it may have pinned pages for a device. */
static bool
any_listeners(void)
{
	struct shm_ctl *ctl = shm_get()->ctl;
	uint32_t i;

	for (i = 0; i < SHM_PROCS; i++) {
		if (atomic_load_explicit(&ctl->procs[i].num_listeners, memory_order_relaxed) != 0) {
			return true;
		}
	}
	return false;
}

bool
shm_run_punch(uint32_t page, uint32_t num_pages)
{
	struct shm *s = shm_get();
	off_t at = (off_t)page * ENV_PAGE_BYTES, len = (off_t)num_pages * ENV_PAGE_BYTES;

	if (num_pages < PUNCH_MIN_PAGES || s->granule != ENV_PAGE_BYTES || any_listeners()) {
		return false;
	}
	/* First the mark, then the hole: who takes it after a crash asks for pages again. */
	shm_word_set(&s->pages[page], shm_word(&s->pages[page]) | SHM_WORD_HOLE);
	return fallocate(s->data_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, len) == 0;
}

int
shm_run_back(uint32_t page, uint32_t num_pages)
{
	struct shm *s = shm_get();
	uint64_t at = (uint64_t)page * ENV_PAGE_BYTES;
	uint64_t end = SPDK_ALIGN_CEIL(at + (uint64_t)num_pages * ENV_PAGE_BYTES, s->granule);
	int rc;

	at &= ~(s->granule - 1);
	do {
		rc = fallocate(s->data_fd, 0, (off_t)at, (off_t)(end - at)) == 0 ? 0 : -errno;
	} while (rc == -EINTR);
	/* A file system that can't say beforehand. */
	return rc == -EOPNOTSUPP ? 0 : rc;
}

/* ---- After a death ---- */

void
shm_run_each(void (*fn)(uint32_t page, uint64_t word, void *arg), void *arg)
{
	struct shm *s = shm_get();
	uint32_t i, num = atomic_load_explicit(&s->ctl->num_arenas, memory_order_relaxed);

	for (i = 0; i < num; i++) {
		uint32_t page = s->ctl->arenas[i].first_page;
		uint32_t end = page + s->ctl->arenas[i].num_pages;

		while (page < end) {
			uint64_t word = shm_word(&s->pages[page]);
			uint32_t len = shm_word_pages(word);

			/* Ours, never a foreign value: only a stray write makes it wrong. */
			assert(len > 0 && len <= end - page);
			fn(page, word, arg);
			page += len;
		}
	}
}

struct rebuild {
	uint32_t last_free; /* page + 1 of the run before this one, if that is free */
	uint32_t last_end;
};

static void
rebuild_run(uint32_t page, uint64_t word, void *arg)
{
	struct shm *s = shm_get();
	struct shm_page *p = &s->pages[page];

	back_set(page, shm_word_pages(word));
	switch (shm_word_kind(word)) {
	case SHM_LARGE:
		s->ctl->num_live++;
		s->ctl->live_bytes += p->size_bytes;
		break;
	case SHM_SLAB:
		shm_slab_rebuild(page, word);
		break;
	default:
		free_insert(page, shm_word_pages(word));
		break;
	}
}

/* Neighbours that an interrupted join left apart, and a slab whose last object went. */
static void
rebuild_join(uint32_t page, uint64_t word, void *arg)
{
	struct rebuild *r = arg;
	struct shm_page *pages = shm_get()->pages;

	if (shm_word_kind(word) == SHM_SLAB && shm_slab_is_empty(page)) {
		word = shm_word_make(SHM_FREE, SHM_SLAB_PAGES, word & SHM_WORD_HOLE);
		shm_word_set(&pages[page], word);
	}
	if (shm_word_kind(word) != SHM_FREE || r->last_end != page) {
		r->last_free = shm_word_kind(word) == SHM_FREE ? page + 1 : 0;
		r->last_end = shm_word_kind(word) == SHM_FREE ? page + shm_word_pages(word) : 0;
		return;
	}
	if (shm_arena_of(r->last_free - 1) == shm_arena_of(page)) {
		uint64_t before = shm_word(&pages[r->last_free - 1]);
		uint64_t flags =
		        (before & word & SHM_WORD_ZERO) | ((before | word) & SHM_WORD_HOLE);

		shm_word_set(&pages[r->last_free - 1],
		             shm_word_make(SHM_FREE, shm_word_pages(before) + shm_word_pages(word),
		                           flags));
		shm_word_set(&pages[page], SHM_INNER);
	} else {
		r->last_free = page + 1;
	}
	r->last_end = page + shm_word_pages(word);
}

void
shm_heap_rebuild(void)
{
	struct shm_ctl *ctl = shm_get()->ctl;
	struct rebuild r = { 0 };

	memset(ctl->bins, 0, sizeof(ctl->bins));
	memset(ctl->partial, 0, sizeof(ctl->partial));
	ctl->num_live = 0;
	ctl->live_bytes = 0;
	shm_run_each(rebuild_join, &r);
	shm_run_each(rebuild_run, NULL);
	shm_name_rebuild();
}

struct reap {
	uint32_t slot;
	uint32_t num;
};

static void
reap_run(uint32_t page, uint64_t word, void *arg)
{
	struct reap *reap = arg;
	enum shm_kind kind = shm_word_kind(word);

	if ((kind == SHM_LARGE || kind == SHM_SLAB) && (word & SHM_WORD_SHARE) == 0 &&
	    shm_word_owner(word) == reap->slot) {
		shm_word_set(&shm_get()->pages[page],
		             shm_word_make(SHM_FREE, shm_word_pages(word), word & SHM_WORD_HOLE));
		reap->num++;
	}
}

uint32_t
shm_heap_reap(uint32_t slot)
{
	struct reap reap = { .slot = slot };

	shm_run_each(reap_run, &reap);
	if (reap.num > 0) {
		/* Joins them, and lists and counts what is left. */
		shm_heap_rebuild();
	}
	return reap.num;
}
