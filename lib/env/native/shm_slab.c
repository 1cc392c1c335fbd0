/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Small objects in the memory that processes share: slabs of 16 KiB, as in common/slab.c, but known
 * by number, so that the tables are the same in every process. Any thread of any process, with the
 * session's lock.
 *
 * What is true of an object is its bit, what is true of a slab the word of its run. A slab holds
 * either objects that outlive their process, of anybody, or those of one process; then all of it
 * goes when that process has ended. */

#include "shm.h"

static const uint16_t g_class_bytes[SHM_CLASSES] = { 64,  128, 192, 256,  320,  384,  448,  512,
	                                             640, 768, 896, 1024, 1280, 1536, 1792, 2048 };

#define SLAB_BYTES (SHM_SLAB_PAGES * ENV_PAGE_BYTES)

static struct shm_slab *
slab_at(uint32_t page)
{
	return &shm_get()->slabs[page / SHM_SLAB_PAGES];
}

static uint32_t
slab_page(const struct shm_slab *slab)
{
	return (uint32_t)(slab - shm_get()->slabs) * SHM_SLAB_PAGES;
}

static uint32_t
class_of(size_t size_bytes, size_t align_bytes)
{
	uint32_t i;

	if (align_bytes > 64) {
		size_bytes = spdk_align64pow2(spdk_max(size_bytes, align_bytes));
	}
	for (i = 0; g_class_bytes[i] < size_bytes; i++) {
		assert(i + 1 < SHM_CLASSES);
	}
	return i;
}

static uint32_t
class_objs(uint32_t class_idx)
{
	return SLAB_BYTES / g_class_bytes[class_idx];
}

static uint64_t
used_get(const struct shm_slab *slab, uint32_t w)
{
	/* Acquire: pairs with used_set(), for the size of an object that is in use. */
	return atomic_load_explicit((_Atomic uint64_t *)&slab->used[w], memory_order_acquire);
}

static void
used_set(struct shm_slab *slab, uint32_t w, uint64_t bits)
{
	/* Release: pairs with used_get(). */
	atomic_store_explicit(&slab->used[w], bits, memory_order_release);
}

/* The bits of a slab that stand for no object. */
static uint64_t
used_none(uint32_t class_idx, uint32_t w)
{
	uint32_t num = class_objs(class_idx);

	if (num >= (w + 1) * 64) {
		return 0;
	}
	return num <= w * 64 ? UINT64_MAX : UINT64_MAX << (num - w * 64);
}

static uint32_t *
list_of(uint32_t class_idx, uint64_t word)
{
	struct shm_ctl *ctl = shm_get()->ctl;

	return (word & SHM_WORD_SHARE) != 0 ? &ctl->partial[class_idx][0]
	                                    : &ctl->partial[class_idx][1 + shm_word_owner(word)];
}

static void
list_insert(struct shm_slab *slab, uint32_t *list)
{
	struct shm *s = shm_get();
	uint32_t num = (uint32_t)(slab - s->slabs) + 1;

	slab->prev = 0;
	slab->next = *list;
	if (*list != 0) {
		s->slabs[*list - 1].prev = num;
	}
	*list = num;
}

static void
list_remove(struct shm_slab *slab, uint32_t *list)
{
	struct shm *s = shm_get();

	if (slab->prev != 0) {
		s->slabs[slab->prev - 1].next = slab->next;
	} else {
		*list = slab->next;
	}
	if (slab->next != 0) {
		s->slabs[slab->next - 1].prev = slab->prev;
	}
}

static void *
slab_take_obj(struct shm_slab *slab, size_t size_bytes, uint32_t *list)
{
	struct shm *s = shm_get();
	uint32_t w, idx;

	for (w = 0; used_get(slab, w) == UINT64_MAX; w++) {
		assert(w + 1 < SHM_SLAB_WORDS);
	}
	idx = w * 64 + (uint32_t)__builtin_ctzll(~used_get(slab, w));
	slab->sizes[idx] = (uint16_t)size_bytes;
	used_set(slab, w, used_get(slab, w) | 1ull << (idx % 64));
	if (--slab->num_free == 0) {
		list_remove(slab, list);
	}
	s->ctl->num_live++;
	s->ctl->live_bytes += size_bytes;
	return (uint8_t *)shm_page_addr(slab_page(slab)) + idx * g_class_bytes[slab->class_idx];
}

void *
shm_slab_take(size_t size_bytes, size_t align_bytes, int32_t numa_id, bool share)
{
	struct shm *s = shm_get();
	uint64_t key = share ? SHM_WORD_SHARE : (uint64_t)s->slot << SHM_WORD_OWNER_SHIFT;
	uint32_t class_idx = class_of(size_bytes, align_bytes);
	uint32_t *list = list_of(class_idx, key);
	uint32_t at;

	for (at = *list; at != 0; at = s->slabs[at - 1].next) {
		struct shm_slab *slab = &s->slabs[at - 1];

		if (numa_id < 0 || shm_arena_of(slab_page(slab))->numa_id == numa_id) {
			return slab_take_obj(slab, size_bytes, list);
		}
	}
	return NULL;
}

void
shm_slab_make(uint32_t page, size_t size_bytes, size_t align_bytes, bool share)
{
	struct shm *s = shm_get();
	struct shm_slab *slab = slab_at(page);
	uint64_t flags = (uint64_t)s->slot << SHM_WORD_OWNER_SHIFT;
	uint64_t word =
	        shm_word_make(SHM_SLAB, SHM_SLAB_PAGES, share ? flags | SHM_WORD_SHARE : flags);
	uint32_t i;

	assert(page % SHM_SLAB_PAGES == 0);
	slab->class_idx = class_of(size_bytes, align_bytes);
	slab->num_free = class_objs(slab->class_idx);
	for (i = 0; i < SHM_SLAB_WORDS; i++) {
		used_set(slab, i, used_none(slab->class_idx, i));
	}
	for (i = 1; i < SHM_SLAB_PAGES; i++) {
		shm_word_set(&s->pages[page + i], shm_word_make(SHM_SLAB, 0, 0));
	}
	/* It was counted as a run; from here on its objects are. */
	s->ctl->num_live--;
	shm_word_set(&s->pages[page], word);
	list_insert(slab, list_of(slab->class_idx, word));
}

/* The index of the object in use that begins at obj; UINT32_MAX: none. */
static uint32_t
obj_index(const struct shm_slab *slab, const void *obj)
{
	size_t off = (size_t)((const uint8_t *)obj - (uint8_t *)shm_page_addr(slab_page(slab)));
	uint32_t idx;

	idx = (uint32_t)(off / g_class_bytes[slab->class_idx]);
	if (off % g_class_bytes[slab->class_idx] != 0 || idx >= class_objs(slab->class_idx) ||
	    (used_get(slab, idx / 64) & (1ull << (idx % 64))) == 0) {
		return UINT32_MAX;
	}
	return idx;
}

size_t
shm_slab_size(uint32_t page, const void *obj)
{
	struct shm_slab *slab = slab_at(page);
	uint32_t idx = obj_index(slab, obj);

	return idx == UINT32_MAX ? 0 : slab->sizes[idx];
}

void
shm_slab_give(uint32_t page, const void *obj)
{
	struct shm *s = shm_get();
	struct shm_slab *slab = slab_at(page);
	uint32_t *list = list_of(slab->class_idx, shm_word(&s->pages[page]));
	uint32_t idx = obj_index(slab, obj);

	used_set(slab, idx / 64, used_get(slab, idx / 64) & ~(1ull << (idx % 64)));
	s->ctl->num_live--;
	s->ctl->live_bytes -= slab->sizes[idx];
	if (slab->num_free++ == 0) {
		list_insert(slab, list);
	}
	if (slab->num_free == class_objs(slab->class_idx)) {
		list_remove(slab, list);
		shm_run_give(page, 0);
	}
}

uint32_t
shm_slab_num_used(uint32_t page)
{
	struct shm_slab *slab = slab_at(page);

	return class_objs(slab->class_idx) - slab->num_free;
}

bool
shm_slab_is_empty(uint32_t page)
{
	struct shm_slab *slab = slab_at(page);
	uint32_t w;

	for (w = 0; w < SHM_SLAB_WORDS; w++) {
		if (used_get(slab, w) != used_none(slab->class_idx, w)) {
			return false;
		}
	}
	return true;
}

void
shm_slab_rebuild(uint32_t page, uint64_t word)
{
	struct shm *s = shm_get();
	struct shm_slab *slab = slab_at(page);
	uint32_t i;

	slab->num_free = 0;
	for (i = 0; i < class_objs(slab->class_idx); i++) {
		if ((used_get(slab, i / 64) & (1ull << (i % 64))) == 0) {
			slab->num_free++;
		} else {
			s->ctl->num_live++;
			s->ctl->live_bytes += slab->sizes[i];
		}
	}
	if (slab->num_free > 0) {
		list_insert(slab, list_of(slab->class_idx, word));
	}
}
