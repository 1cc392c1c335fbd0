/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Buffers in the memory that processes share: what spdk_malloc() is for a process with a
 * shared-memory id. Any thread of any process.
 *
 * A buffer begins its life as a run that is its maker's and goes with it. What takes long (pages of
 * the file system, zeros) happens then, without the lock. Last of all it becomes one that outlives
 * its maker, if that was asked for (SPDK_MALLOC_SHARE). Freeing goes the same way back. So a
 * process that is killed in between leaves nothing that nobody owns: what is its own is freed when
 * its death is found (shm_reap()), at the latest before memory runs out.
 *
 * An arena that another process added is registered here when something of it is met: by an
 * allocation of this process, a translation that misses, or a new memory map (shm_sync()). */

#include "shm.h"

#include "spdk/log.h"

static void
report(size_t size_bytes, int rc)
{
	struct shm *s = shm_get();

	if (rc == -ENOSPC || rc == -ENOMEM) {
		SPDK_ERRLOG_RATELIMIT("No memory for %zu KiB more: %s has room for %" PRIu64
		                      " MiB at most; free memory, raise --mem-size of the first "
		                      "process, or the size of that file system\n",
		                      size_bytes >> 10, s->data_path, s->data_bytes >> 20);
	} else {
		SPDK_ERRLOG_RATELIMIT("No memory for %zu KiB more in %s: %s\n", size_bytes >> 10,
		                      s->data_path, strerror(-rc));
	}
}

bool
shm_reap(void)
{
	struct shm *s = shm_get();
	bool found = false;
	uint32_t i;

	for (i = 0; i < SHM_PROCS; i++) {
		struct shm_proc *proc = &s->ctl->procs[i];
		uint64_t serial = atomic_load_explicit(&proc->serial, memory_order_relaxed);

		if (serial == 0 || shm_slot_alive(i)) {
			continue;
		}
		shm_lock();
		/* Unless the slot has a new process: that one locks its byte before it takes the
		 * serial, and the serial with this lock. */
		if (atomic_load_explicit(&proc->serial, memory_order_relaxed) == serial &&
		    !shm_slot_alive(i)) {
			shm_heap_reap(i);
			atomic_store_explicit(&proc->num_listeners, 0, memory_order_relaxed);
			atomic_store_explicit(&proc->serial, 0, memory_order_relaxed);
			found = true;
		}
		shm_unlock();
	}
	return found;
}

/* ---- Arenas that others added ---- */

int
shm_sync(void)
{
	struct shm *s = shm_get();
	int rc = 0;

	/* Acquire, both: pair with arena_add() and with the release below. */
	if (spdk_likely(atomic_load_explicit(&s->num_registered, memory_order_acquire) ==
	                atomic_load_explicit(&s->ctl->num_arenas, memory_order_acquire))) {
		return 0;
	}
	env_region_lock();
	/* A notify function may allocate: then this runs again inside, and goes on with the next.
	 */
	while (rc == 0 && s->num_begun < atomic_load(&s->ctl->num_arenas)) {
		const struct shm_arena *arena = &s->ctl->arenas[s->num_begun];
		uint32_t begun = s->num_begun++;

		rc = spdk_mem_register(shm_page_addr(arena->first_page),
		                       (size_t)arena->num_pages * ENV_PAGE_BYTES);
		if (rc != 0) {
			SPDK_ERRLOG_RATELIMIT("Shared memory of %u MiB can't be registered: %s\n",
			                      arena->num_pages >> 8, strerror(-rc));
			s->num_begun = begun;
		} else {
			atomic_fetch_add_explicit(&s->num_registered, 1, memory_order_release);
		}
	}
	env_region_unlock();
	return rc;
}

/* ---- Buffers ---- */

/* A run of this process's; its flags tell about zeros and holes. */
static uint32_t
run_take(uint32_t num_pages, size_t align_bytes, int32_t numa_id, size_t size_bytes)
{
	struct shm *s = shm_get();
	uint32_t page;

	do {
		shm_lock();
		page = shm_run_take(num_pages, align_bytes, numa_id);
		if (page == SHM_NO_PAGE && numa_id >= 0 && !s->enforce_numa) {
			page = shm_run_take(num_pages, align_bytes, SPDK_ENV_NUMA_ID_ANY);
		}
		if (page != SHM_NO_PAGE) {
			s->pages[page].size_bytes = size_bytes;
			s->ctl->live_bytes += size_bytes;
		}
		shm_unlock();
	} while (page == SHM_NO_PAGE && shm_reap());
	return page;
}

static void
run_undo(uint32_t page)
{
	shm_lock();
	shm_run_give(page, shm_word(&shm_get()->pages[page]) & SHM_WORD_HOLE);
	shm_unlock();
}

/* A run with pages of the file system behind it; SHM_NO_PAGE: there are none, and that is said. */
static uint32_t
run_make(uint32_t num_pages, size_t align_bytes, int32_t numa_id, size_t size_bytes)
{
	uint32_t page = run_take(num_pages, align_bytes, numa_id, size_bytes);
	int rc = -ENOSPC;

	if (page != SHM_NO_PAGE) {
		bool hole = (shm_word(&shm_get()->pages[page]) & SHM_WORD_HOLE) != 0;

		rc = hole ? shm_run_back(page, num_pages) : 0;
		if (rc == 0) {
			rc = shm_sync();
		}
		if (rc == 0) {
			return page;
		}
		run_undo(page);
	}
	report((size_t)num_pages * ENV_PAGE_BYTES, rc);
	return SHM_NO_PAGE;
}

static void *
large_alloc(size_t size, size_t align, int32_t numa_id, bool want_zero, bool share)
{
	struct shm *s = shm_get();
	uint32_t num_pages = (uint32_t)SPDK_CEIL_DIV(size, (size_t)ENV_PAGE_BYTES);
	uint64_t flags = (uint64_t)s->slot << SHM_WORD_OWNER_SHIFT;
	uint32_t page;

	page = run_make(num_pages, spdk_max(align, (size_t)ENV_PAGE_BYTES), numa_id, size);
	if (page == SHM_NO_PAGE) {
		return NULL;
	}
	if (want_zero && (shm_word(&s->pages[page]) & SHM_WORD_ZERO) == 0) {
		memset(shm_page_addr(page), 0, size);
	}
	/* Without the lock: nobody else changes the word of a run that lives. */
	flags |= share ? SHM_WORD_SHARE : 0;
	shm_word_set(&s->pages[page], shm_word_make(SHM_LARGE, num_pages, flags));
	return shm_page_addr(page);
}

static void *
small_alloc(size_t size, size_t align, int32_t numa_id, bool share)
{
	uint32_t page;
	void *obj;

	shm_lock();
	obj = shm_slab_take(size, align, numa_id, share);
	shm_unlock();
	if (obj == NULL) {
		page = run_make(SHM_SLAB_PAGES, SHM_SLAB_PAGES * ENV_PAGE_BYTES, numa_id, 0);
		if (page == SHM_NO_PAGE) {
			return NULL;
		}
		shm_lock();
		shm_slab_make(page, size, align, share);
		/* It is the first in its list. */
		obj = shm_slab_take(size, align, SPDK_ENV_NUMA_ID_ANY, share);
		shm_unlock();
	}
	if (shm_sync() != 0) {
		shm_free(obj);
		return NULL;
	}
	return obj;
}

void *
shm_alloc(size_t size, size_t align, int32_t numa_id, bool want_zero, bool share)
{
	void *obj;

	if (size > ENV_SLAB_MAX_BYTES || align > ENV_SLAB_MAX_BYTES) {
		return large_alloc(size, align, numa_id, want_zero, share);
	}
	obj = small_alloc(size, align, numa_id, share);
	if (obj != NULL && want_zero) {
		memset(obj, 0, size);
	}
	return obj;
}

/* The first page of the run or slab in which a buffer begins at buf, and its size; 0: none. */
static size_t
look_locked(const void *buf, uint32_t *page)
{
	struct shm *s = shm_get();
	uint32_t at = shm_page_find(buf);
	enum shm_kind kind;

	if (at == SHM_NO_PAGE) {
		return 0;
	}
	kind = shm_word_kind(shm_word(&s->pages[at]));
	if (kind == SHM_LARGE && shm_page_addr(at) == buf) {
		*page = at;
		return s->pages[at].size_bytes;
	}
	*page = at - at % SHM_SLAB_PAGES;
	if (kind == SHM_SLAB && shm_word_kind(shm_word(&s->pages[*page])) == SHM_SLAB) {
		return shm_slab_size(*page, buf);
	}
	return 0;
}

size_t
shm_size(const void *buf, bool *share)
{
	uint32_t page;
	size_t size;

	shm_lock();
	size = look_locked(buf, &page);
	*share = size != 0 && (shm_word(&shm_get()->pages[page]) & SHM_WORD_SHARE) != 0;
	shm_unlock();
	return size;
}

bool
shm_free(void *buf)
{
	struct shm *s = shm_get();
	uint32_t page, num_pages;
	bool punched;
	size_t size;

	shm_lock();
	size = look_locked(buf, &page);
	if (size == 0) {
		shm_unlock();
		return false;
	}
	if (shm_word_kind(shm_word(&s->pages[page])) == SHM_SLAB) {
		shm_slab_give(page, buf);
		shm_unlock();
		return true;
	}
	num_pages = shm_word_pages(shm_word(&s->pages[page]));
	/* From here on it is this process's, and goes with it. */
	shm_word_set(&s->pages[page], shm_word_make(SHM_LARGE, num_pages,
	                                            (uint64_t)s->slot << SHM_WORD_OWNER_SHIFT));
	shm_unlock();
	punched = shm_run_punch(page, num_pages);
	shm_lock();
	shm_run_give(page, punched ? SHM_WORD_ZERO : 0);
	shm_unlock();
	return true;
}

void *
shm_resize(void *buf, size_t size)
{
	struct shm *s = shm_get();
	void *same = NULL;
	uint32_t page;
	size_t room;

	shm_lock();
	if (look_locked(buf, &page) != 0 && shm_word_kind(shm_word(&s->pages[page])) == SHM_LARGE) {
		room = (size_t)shm_word_pages(shm_word(&s->pages[page])) * ENV_PAGE_BYTES;
		if (size <= room && size >= room / 2) {
			s->ctl->live_bytes += size - s->pages[page].size_bytes;
			s->pages[page].size_bytes = size;
			same = buf;
		}
	}
	shm_unlock();
	return same;
}

/* ---- What the common part asks ---- */

static bool
shared_covers(uint64_t addr)
{
	return addr - (uint64_t)(uintptr_t)shm_get()->data < shm_get()->data_bytes;
}

static bool
shared_is_primary(void)
{
	return shm_get()->slot == 0;
}

static void
shared_stats(struct env_mem_stats *stats)
{
	struct shm_ctl *ctl = shm_get()->ctl;
	uint32_t i;

	memset(stats, 0, sizeof(*stats));
	shm_lock();
	stats->num_arenas = atomic_load_explicit(&ctl->num_arenas, memory_order_relaxed);
	for (i = 0; i < stats->num_arenas; i++) {
		stats->arena_bytes += (uint64_t)ctl->arenas[i].num_pages * ENV_PAGE_BYTES;
	}
	stats->cap_bytes = shm_get()->data_bytes;
	stats->num_live = ctl->num_live;
	stats->live_bytes = ctl->live_bytes;
	shm_unlock();
}

struct each {
	env_run_fn fn;
	void *arg;
};

static void
each_run(uint32_t page, uint64_t word, void *arg)
{
	const struct each *each = arg;
	struct env_run run = { .numa_id = shm_arena_of(page)->numa_id };

	run.len_bytes = (size_t)shm_word_pages(word) * ENV_PAGE_BYTES;
	run.in_use = shm_word_kind(word) != SHM_FREE;
	if (run.in_use) {
		run.num_objs = shm_word_kind(word) == SHM_SLAB ? shm_slab_num_used(page) : 1;
	}
	each->fn(&run, each->arg);
}

static void
shared_each(env_run_fn fn, void *arg)
{
	struct each each = { .fn = fn, .arg = arg };

	shm_lock();
	shm_run_each(each_run, &each);
	shm_unlock();
}

static int
shared_fd(const void *addr, uint64_t *offset)
{
	if (shm_page_find(addr) == SHM_NO_PAGE) {
		return -EINVAL;
	}
	*offset = (uint64_t)((const uint8_t *)addr - shm_get()->data);
	return shm_get()->data_fd;
}

static int32_t
shared_numa(const void *addr, uint64_t *size)
{
	uint32_t page = shm_page_find(addr);
	const struct shm_arena *arena;
	uint64_t left;

	if (page == SHM_NO_PAGE) {
		return SPDK_ENV_NUMA_ID_ANY;
	}
	arena = shm_arena_of(page);
	left = (uint64_t)((uint8_t *)shm_page_addr(arena->first_page + arena->num_pages) -
	                  (const uint8_t *)addr);
	if (size != NULL && *size > left) {
		*size = left;
	}
	return arena->numa_id;
}

static void
shared_listeners(uint32_t num)
{
	struct shm *s = shm_get();

	atomic_store_explicit(&s->ctl->procs[s->slot].num_listeners, num, memory_order_relaxed);
}

const struct env_shared g_shm_shared = {
	.alloc = shm_alloc,
	.free = shm_free,
	.size = shm_size,
	.resize = shm_resize,
	.covers = shared_covers,
	.sync = shm_sync,
	.is_primary = shared_is_primary,
	.stats = shared_stats,
	.fd = shared_fd,
	.numa = shared_numa,
	.each = shared_each,
	.listeners = shared_listeners,
	.name_publish = shm_name_publish,
	.name_find = shm_name_find,
	.name_retire = shm_name_retire,
	.name_dump = shm_name_dump,
	.spin_lock = shm_spin_lock,
	.spin_unlock = shm_spin_unlock,
};
