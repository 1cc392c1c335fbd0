/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Memory that several processes share: what lies in the files, and what the shm_*.c files share
 * with one another.
 *
 * Two files a session, mapped side by side at the same address in every process:
 *
 *	base                       base + ctl_bytes
 *	| shm_ctl | pages | slabs  | data: max_pages of 4 KiB, sparse        |
 *
 * Nothing in them depends on a process but procs[]. A process may be killed between any two
 * instructions, so each thing has one word that is the truth and is written once, last:
 *
 *	a run of pages      the word of its first page; the runs of an arena follow one another
 *	an arena            num_arenas
 *	an object of a slab its bit in `used`
 *	a zone or pool      `kind` of its name
 *	a process           the kernel's lock on its byte of the control file
 *
 * All else (free lists, counts, `back`) is derived and built anew by whoever gets the lock after an
 * owner that died (shm_heap_rebuild()). Times, positions and texts are never read without bounds.
 */

#ifndef LIB_ENV_SHM_H
#define LIB_ENV_SHM_H

#include "native.h"

#include <stdatomic.h>

#define SHM_MAGIC 0x314d485354534142ull /* "BASTSHM1" */
#define SHM_LAYOUT 1u
#define SHM_PROCS 64
#define SHM_NAMES 4096
#define SHM_ARENAS 4096
#define SHM_BINS 32
#define SHM_CLASSES 16
#define SHM_SLAB_PAGES 4
#define SHM_SLAB_WORDS 4
#define SHM_SLAB_OBJS 256
#define SHM_PATH_BYTES 256
/* Where in the control file the kernel's locks are: far behind its end. */
#define SHM_LOCK_BASE (1ll << 40)

/** The part that every layout begins with, so that any version can say what it sees. */
struct shm_head {
	uint64_t magic;
	uint32_t layout;
	uint32_t ctl_size; /* of struct shm_ctl */
	char version[32];
	uint64_t base;
	uint64_t ctl_bytes;
	uint64_t data_bytes;
	uint64_t granule; /* bytes of a page of the data file's file system */
	char data_path[SHM_PATH_BYTES];
	_Atomic uint32_t ready; /* all else is set */
	int32_t primary_pid;
};

struct shm_proc {
	_Atomic uint64_t serial; /* never the same twice; 0: free */
	int32_t pid;
	_Atomic uint32_t num_listeners; /* maps that hear of memory: its pages may be pinned */
};

/** A stretch of the data that is in use. All processes register it when they learn of it. */
struct shm_arena {
	uint32_t first_page;
	uint32_t num_pages;
	int32_t numa_id;
	uint32_t pad;
};

/** The words of a run's first page. */
enum shm_kind {
	SHM_INNER = 0, /* not the first page of a run */
	SHM_FREE,
	SHM_LARGE,
	SHM_SLAB, /* in all of a slab's pages */
};

#define SHM_WORD_KIND 7ull
#define SHM_WORD_SHARE (1ull << 3) /* outlives its process */
#define SHM_WORD_ZERO (1ull << 4)  /* free: every byte is 0 */
#define SHM_WORD_HOLE (1ull << 5)  /* the file system may have no pages for a part of it */
#define SHM_WORD_OWNER_SHIFT 8     /* slot of the process that took it */

struct shm_page {
	_Atomic uint64_t word; /* the truth: kind, flags, owner, number of pages */
	uint64_t size_bytes;   /* asked for; written before the word */
	/* Derived: */
	uint32_t prev, next; /* of its free list: page + 1 */
	uint32_t back;       /* in the last page of a run: how many pages it has */
	uint32_t pad;
};

/** What describes the slab whose first page is 4 * its index. */
struct shm_slab {
	_Atomic uint64_t used[SHM_SLAB_WORDS]; /* the truth; bits without an object are set */
	uint16_t sizes[SHM_SLAB_OBJS];         /* asked for; written before the bit */
	uint32_t class_idx;
	/* Derived: */
	uint32_t num_free;
	uint32_t prev, next; /* of the list of slabs with room: index + 1 */
};

enum shm_name_kind {
	SHM_NAME_NONE = 0,
	SHM_NAME_ZONE,
	SHM_NAME_POOL
};

struct shm_name {
	_Atomic uint32_t kind; /* the truth */
	uint32_t page;
	uint64_t len_bytes;
	char name[SPDK_MAX_MEMZONE_NAME_LEN];
};

struct shm_ctl {
	struct shm_head head;
	pthread_mutex_t lock; /* robust; guards all below unless said otherwise */
	uint64_t last_serial; /* the gate's lock */
	_Atomic uint32_t num_arenas;
	uint32_t num_recoveries; /* how often the lock's owner had died */
	uint32_t num_names; /* entries of names[] that were ever used; grows before the entry */
	uint64_t num_live;  /* derived, as live_bytes, bins, partial */
	uint64_t live_bytes;
	uint32_t bins[SHM_BINS];                      /* page + 1, by log2 of the pages */
	uint32_t partial[SHM_CLASSES][SHM_PROCS + 1]; /* slab + 1; 0: shared, else by owner */
	struct shm_proc procs[SHM_PROCS];             /* set with the gate; 0: the primary */
	struct shm_arena arenas[SHM_ARENAS];
	struct shm_name names[SHM_NAMES];
};

/** What this process knows of its session. */
struct shm {
	struct shm_ctl *ctl;
	struct shm_page *pages;
	struct shm_slab *slabs;
	uint8_t *data;
	uint64_t base;
	uint64_t ctl_bytes;
	uint64_t data_bytes;
	uint64_t granule;
	int ctl_fd;
	int data_fd;
	int shm_id;
	uint32_t slot;
	uint64_t token; /* of this process in a spin lock: serial and slot */
	bool enforce_numa;
	char dir[SHM_PATH_BYTES];
	char ctl_path[SHM_PATH_BYTES];
	char data_path[SHM_PATH_BYTES];
	uint32_t num_begun; /* arenas that this process registers or has; region.c's lock */
	_Atomic uint32_t num_registered; /* that it has registered; written under that lock */
};

/** NULL while nothing is shared. */
struct shm *shm_get(void);

/* ---- shm_map.c ---- */

/** Make the memory's file and give both their sizes. 0 or a negative errno, which is said.
 *  \param hugedir folder with huge pages; NULL: none. \param stem what its name begins with. */
int shm_files_make(struct shm *s, const char *hugedir, const char *stem);
/** Map both. 0 or a negative errno, which is said. */
int shm_map(struct shm *s);
void shm_unmap(struct shm *s);
/** Take back what shm_sync() registered. */
void shm_unregister(struct shm *s);

/* ---- shm_lock.c ---- */

/** The session's lock, with tables that are right again if its last owner died. Any thread. */
void shm_lock(void);
void shm_unlock(void);
int shm_lock_init(struct shm_ctl *ctl);
/** Lock bytes of a file for this process: 0, -EAGAIN when another has one, or another errno. */
int shm_bytes_lock(int fd, int64_t at, int64_t num);
int shm_bytes_unlock(int fd, int64_t at, int64_t num);
/** The pid of another process that has one of these bytes locked; 0: none. */
int32_t shm_bytes_holder(int fd, int64_t at, int64_t num);
/** Whether the process of a slot lives. */
bool shm_slot_alive(uint32_t slot);
/** A lock in shared memory for a few instructions; who finds its owner dead takes it over. */
void shm_spin_lock(_Atomic uint64_t *word);
void shm_spin_unlock(_Atomic uint64_t *word);

/* ---- shm_run.c: runs of pages; all with the lock unless said otherwise ---- */

#define SHM_NO_PAGE UINT32_MAX

static inline uint64_t
shm_word(const struct shm_page *page)
{
	/* Acquire: pairs with shm_word_set(). */
	return atomic_load_explicit((_Atomic uint64_t *)&page->word, memory_order_acquire);
}

static inline void
shm_word_set(struct shm_page *page, uint64_t word)
{
	/* Release: what the word promises is written before. Pairs with shm_word(). */
	atomic_store_explicit(&page->word, word, memory_order_release);
}

static inline uint64_t
shm_word_make(enum shm_kind kind, uint32_t num_pages, uint64_t flags)
{
	return (uint64_t)kind | flags | (uint64_t)num_pages << 32;
}

static inline enum shm_kind
shm_word_kind(uint64_t word)
{
	return (enum shm_kind)(word & SHM_WORD_KIND);
}

static inline uint32_t
shm_word_pages(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

static inline uint32_t
shm_word_owner(uint64_t word)
{
	return (word >> SHM_WORD_OWNER_SHIFT) & 0xff;
}

/**
 * A run of pages that this process owns, as SHM_LARGE and not to outlive it, growing when need be.
 * Its word keeps SHM_WORD_ZERO and SHM_WORD_HOLE. SHM_NO_PAGE when all is used up.
 */
uint32_t shm_run_take(uint32_t num_pages, size_t align_bytes, int32_t numa_id);
void shm_run_give(uint32_t page, uint64_t flags);
/** Make free lists and counts from what is true, after an owner of the lock died. */
void shm_heap_rebuild(void);
/** Free what the process of a slot leaves that is not to outlive it. Returns how many runs. */
uint32_t shm_heap_reap(uint32_t slot);
/** Make room where the file system has none yet: 0 or a negative errno. Without the lock. */
int shm_run_back(uint32_t page, uint32_t num_pages);
/** Give pages back to the file system, if no device may know them; false when not. Without the
 *  lock, by the owner of the run. */
bool shm_run_punch(uint32_t page, uint32_t num_pages);
/** Call \p fn for each run, in order. */
void shm_run_each(void (*fn)(uint32_t page, uint64_t word, void *arg), void *arg);
void *shm_page_addr(uint32_t page);
/** The page of \p addr in an arena; SHM_NO_PAGE: none. */
uint32_t shm_page_find(const void *addr);
struct shm_arena *shm_arena_of(uint32_t page);

/* ---- shm_slab.c: small objects; with the lock ---- */

/** NULL when no slab has room; then shm_slab_make() one. */
void *shm_slab_take(size_t size_bytes, size_t align_bytes, int32_t numa_id, bool share);
/** Make a slab for such objects out of a run of SHM_SLAB_PAGES that this process owns. */
void shm_slab_make(uint32_t page, size_t size_bytes, size_t align_bytes, bool share);
/** Bytes of the object in use that begins at \p obj; 0: there is none. */
size_t shm_slab_size(uint32_t page, const void *obj);
void shm_slab_give(uint32_t page, const void *obj);
uint32_t shm_slab_num_used(uint32_t page);
/** Whether no object of the slab is in use, by what is true. */
bool shm_slab_is_empty(uint32_t page);
/** Count a slab that is found during a rebuild, and list it if it has room. */
void shm_slab_rebuild(uint32_t page, uint64_t word);

/* ---- shm_heap.c, shm_name.c: what common/ calls ---- */

extern const struct env_shared g_shm_shared;

void *shm_alloc(size_t size, size_t align, int32_t numa_id, bool want_zero, bool share);
bool shm_free(void *buf);
size_t shm_size(const void *buf, bool *share);
void *shm_resize(void *buf, size_t size);
int shm_sync(void);
int shm_name_publish(uint32_t kind, const char *name, void *buf, size_t len_bytes);
void *shm_name_find(uint32_t kind, const char *name);
void *shm_name_retire(uint32_t kind, const char *name);
void shm_name_dump(uint32_t kind, FILE *f);
/** Let what has a name outlive its process. With the lock. */
void shm_name_rebuild(void);
/** Free what dead processes left. Returns whether there was any. Without the lock. */
bool shm_reap(void);

#endif /* LIB_ENV_SHM_H */
