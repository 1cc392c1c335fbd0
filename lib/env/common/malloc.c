/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk_malloc() and its relatives: small objects come from slabs, big ones are runs of pages.
 *
 * Any thread. Nothing about an object is stored in it or beside it; its size is found through the
 * descriptor of its page. A pointer that is not ours, or freed already, is named in a log
 * line and ends the process: whose memory that is nobody knows any more. */

#include "machine.h"

#include "spdk/log.h"
#include "spdk_internal/env_fault.h"

#define MIN_ALIGN_BYTES 64

static void *
run_alloc(size_t size_bytes, size_t align_bytes, int32_t numa_id, bool want_zero)
{
	size_t num_pages = SPDK_CEIL_DIV(size_bytes + ENV_REDZONE_BYTES, (size_t)ENV_PAGE_BYTES);
	struct env_page *page;
	bool zero;
	void *buf;

	align_bytes = spdk_max(align_bytes, (size_t)ENV_PAGE_BYTES);
	page = env_heap_take((uint32_t)num_pages, align_bytes, numa_id, ENV_PAGE_LARGE, &zero);
	if (page == NULL) {
		return NULL;
	}
	buf = env_page_addr(page);
	env_heap_lock();
	page->size_bytes = size_bytes;
	env_heap_count(1, (int64_t)size_bytes);
	env_heap_unlock();
	env_unpoison(buf, size_bytes);
	if (want_zero && !zero && !env_heap_discard(page)) {
		memset(buf, 0, size_bytes);
	}
	return buf;
}

static void *
buf_alloc(size_t size, size_t align, int32_t numa_id, bool want_zero, bool share)
{
	const struct env_shared *shared = env_shared();
	size_t align_bytes = spdk_max(align, (size_t)MIN_ALIGN_BYTES);
	void *buf;

	if (size == 0 || size > ENV_MALLOC_MAX_BYTES || align > ENV_MALLOC_MAX_BYTES ||
	    (align & (align - 1)) != 0 || env_fault(ENV_FAULT_MALLOC)) {
		return NULL;
	}
	if (shared != NULL) {
		return shared->alloc(size, align_bytes, numa_id, want_zero, share);
	}
	if (size + ENV_REDZONE_BYTES > ENV_SLAB_MAX_BYTES || align_bytes > ENV_SLAB_MAX_BYTES) {
		return run_alloc(size, align_bytes, numa_id, want_zero);
	}
	buf = env_slab_alloc(size, align_bytes, numa_id);
	if (buf != NULL && want_zero) {
		memset(buf, 0, size);
	}
	return buf;
}

void *
spdk_malloc(size_t size, size_t align, uint64_t *unused, int numa_id, uint32_t flags)
{
	if (flags == 0 || unused != NULL) {
		return NULL;
	}
	return buf_alloc(size, align, numa_id, false, (flags & SPDK_MALLOC_SHARE) != 0);
}

void *
spdk_zmalloc(size_t size, size_t align, uint64_t *unused, int numa_id, uint32_t flags)
{
	if (flags == 0 || unused != NULL) {
		return NULL;
	}
	return buf_alloc(size, align, numa_id, true, (flags & SPDK_MALLOC_SHARE) != 0);
}

/* What \p buf is: its size in bytes (0: nothing of ours that is in use), its slab if it has one,
 * and how much it could grow where it is. */
static size_t
buf_look(const void *buf, struct env_page **page, struct env_slab **slab)
{
	size_t size_bytes = 0;

	*slab = NULL;
	env_heap_lock();
	*page = env_heap_find(buf);
	if (*page != NULL && (*page)->kind == ENV_PAGE_SLAB && (*page)->slab != NULL) {
		*slab = (*page)->slab;
		size_bytes = env_slab_obj_size(*slab, buf);
	} else if (*page != NULL && (*page)->kind == ENV_PAGE_LARGE &&
	           env_page_addr(*page) == buf) {
		size_bytes = (*page)->size_bytes;
	}
	env_heap_unlock();
	return size_bytes;
}

static void
free_refuse(const void *buf)
{
	SPDK_ERRLOG("spdk_free(%p): no buffer in use begins there\n", buf);
	assert(false);
}

void
spdk_free(void *buf)
{
	struct env_page *page;
	struct env_slab *slab;
	size_t size_bytes;

	if (buf == NULL) {
		return;
	}
	if (env_shared() != NULL) {
		if (!env_shared()->free(buf)) {
			free_refuse(buf);
		}
		return;
	}
	size_bytes = buf_look(buf, &page, &slab);
	if (size_bytes == 0) {
		free_refuse(buf);
		return;
	}
	if (slab != NULL) {
		env_slab_free(slab, buf);
		return;
	}
	env_heap_lock();
	env_heap_count(-1, -(int64_t)size_bytes);
	env_heap_unlock();
	env_heap_give(page);
}

/* Whether \p buf of a run of its own can have \p size bytes without moving. */
static bool
run_resize(struct env_page *page, void *buf, size_t old_size, size_t size)
{
	size_t room = (size_t)page->num_pages * ENV_PAGE_BYTES - ENV_REDZONE_BYTES;

	/* Not when that would leave more than half unused. */
	if (size > room || size < room / 2) {
		return false;
	}
	env_heap_lock();
	page->size_bytes = size;
	env_heap_count(0, (int64_t)size - (int64_t)old_size);
	env_heap_unlock();
	env_poison(buf, room);
	env_unpoison(buf, size);
	return true;
}

static void *
realloc_refuse(const void *buf)
{
	SPDK_ERRLOG("spdk_realloc(%p): no buffer in use begins there\n", buf);
	assert(false);
	return NULL;
}

/* Another buffer of `size` bytes with what fits of the content of `buf`, which is freed. */
static void *
move(void *buf, size_t old_size, size_t size, size_t align, int32_t numa_id, bool share)
{
	void *moved = buf_alloc(size, align, numa_id, false, share);

	if (moved != NULL) {
		memcpy(moved, buf, spdk_min(old_size, size));
		spdk_free(buf);
	}
	return moved;
}

static void *
shared_realloc(const struct env_shared *shared, void *buf, size_t size, size_t align)
{
	void *same = NULL;
	bool share;
	size_t old_size = shared->size(buf, &share);

	if (old_size == 0) {
		return realloc_refuse(buf);
	}
	if (align == 0 || ((uintptr_t)buf & (align - 1)) == 0) {
		same = shared->resize(buf, size);
	}
	return same != NULL ? same
	                    : move(buf, old_size, size, align, shared->numa(buf, NULL), share);
}

void *
spdk_realloc(void *buf, size_t size, size_t align)
{
	struct env_page *page;
	struct env_slab *slab;
	size_t old_size;

	if (buf == NULL) {
		return buf_alloc(size, align, SPDK_ENV_NUMA_ID_ANY, false, true);
	}
	if (size == 0) {
		spdk_free(buf);
		return NULL;
	}
	if (env_shared() != NULL) {
		return shared_realloc(env_shared(), buf, size, align);
	}
	old_size = buf_look(buf, &page, &slab);
	if (old_size == 0) {
		return realloc_refuse(buf);
	}
	if (slab == NULL && (align == 0 || ((uintptr_t)buf & (align - 1)) == 0) &&
	    run_resize(page, buf, old_size, size)) {
		return buf;
	}
	return move(buf, old_size, size, align, page->arena->numa_id, false);
}

void *
spdk_dma_malloc_socket(size_t size, size_t align, uint64_t *unused, int numa_id)
{
	return spdk_malloc(size, align, unused, numa_id, SPDK_MALLOC_DMA | SPDK_MALLOC_SHARE);
}

void *
spdk_dma_zmalloc_socket(size_t size, size_t align, uint64_t *unused, int numa_id)
{
	return spdk_zmalloc(size, align, unused, numa_id, SPDK_MALLOC_DMA | SPDK_MALLOC_SHARE);
}

void *
spdk_dma_malloc(size_t size, size_t align, uint64_t *unused)
{
	return spdk_dma_malloc_socket(size, align, unused, SPDK_ENV_NUMA_ID_ANY);
}

void *
spdk_dma_zmalloc(size_t size, size_t align, uint64_t *unused)
{
	return spdk_dma_zmalloc_socket(size, align, unused, SPDK_ENV_NUMA_ID_ANY);
}

void *
spdk_dma_realloc(void *buf, size_t size, size_t align, uint64_t *unused)
{
	return unused != NULL ? NULL : spdk_realloc(buf, size, align);
}

void
spdk_dma_free(void *buf)
{
	spdk_free(buf);
}
