/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Between the parts of lib/env: what lib/env/common asks of a machine (lib/env/native or
 * lib/env/sim give one implementation each), and what its files share with one another.
 */

#ifndef LIB_ENV_MACHINE_H
#define LIB_ENV_MACHINE_H

#include "spdk/assert.h"
#include "spdk/cpuset.h"
#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/queue.h"
#include "spdk/string.h"
#include "spdk/tree.h"
#include "spdk/util.h"
#include "spdk_internal/env.h"
#include "spdk_internal/system_state.h"

#include <stdatomic.h>

/* Where AddressSanitizer can be told which bytes of an arena belong to nobody. */
#if defined(__SANITIZE_ADDRESS__)
#define ENV_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ENV_ASAN 1
#endif
#endif
#ifdef ENV_ASAN
#include <sanitizer/asan_interface.h>
#define ENV_REDZONE_BYTES 64
#define env_poison(addr, len) ASAN_POISON_MEMORY_REGION(addr, len)
#define env_unpoison(addr, len) ASAN_UNPOISON_MEMORY_REGION(addr, len)
#else
#define ENV_REDZONE_BYTES 0
#define env_poison(addr, len) ((void)(addr), (void)(len))
#define env_unpoison(addr, len) ((void)(addr), (void)(len))
#endif

#define ENV_PAGE_BYTES 4096
#define ENV_ARENA_ALIGN (2u * 1024 * 1024)
#define ENV_NUMA_MAX 32
/* 4 TiB: the pages of an object and of its alignment together fit in 32 bits. */
#define ENV_MALLOC_MAX_BYTES (1ull << 42)

/* ---- opts.c ---- */

/** An own copy of the options with all strings. */
struct env_opts_copy {
	struct spdk_env_opts opts;
};

/** Copy what \p src's size covers, defaults for the rest. 0, -EINVAL, -ENOMEM. */
int env_opts_copy(const struct spdk_env_opts *src, struct env_opts_copy **copy);
void env_opts_free(struct env_opts_copy *copy);
/** How many blocks of the heap the copy consists of; NULL: 0. */
uint64_t env_opts_count_blocks(const struct env_opts_copy *copy);
/** An INFO line for each option that is given and means nothing on this machine. */
void env_opts_inform(const struct spdk_env_opts *opts);

/* ---- cores.c ---- */

/** One logical core: where the thread of that number may run. */
struct env_core {
	uint32_t lcore;
	struct spdk_cpuset cpus;
};

int env_cores_init(const struct spdk_env_opts *opts);
void env_cores_fini(void);
/** NULL when \p lcore is none of ours. */
const struct env_core *env_core_find(uint32_t lcore);
/** Whether the user asked for cores, so that threads are pinned. */
bool env_cores_pinned(void);
/** "0-3,8" for a log line; \p buf is returned. */
const char *env_cpuset_list(const struct spdk_cpuset *set, char *buf, size_t size_bytes);
/** Parse "0-3,8" as the kernel prints it. 0, -EINVAL. */
int env_cpuset_parse_list(const char *text, struct spdk_cpuset *set);

/* ---- What the heap consists of ---- */

struct env_slab;
struct env_arena;

enum env_page_kind {
	ENV_PAGE_INNER = 0, /* inside a run, or never used */
	ENV_PAGE_FREE,
	ENV_PAGE_LARGE, /* first page of one big allocation */
	ENV_PAGE_SLAB,  /* any page of a slab */
};

/** One 4 KiB page of an arena. Only the first and last page of a run are kept up to date, so
 *  that a big arena touches few descriptors. Guarded by the heap's lock. */
struct env_page {
	RB_ENTRY(env_page) free_link;
	struct env_arena *arena;
	struct env_slab *slab; /* of ENV_PAGE_SLAB */
	size_t size_bytes;     /* asked for, of ENV_PAGE_LARGE */
	uint32_t num_pages;    /* of the run that begins or ends here */
	uint8_t kind;
	bool zero; /* of a free run: every byte is 0 */
};

/** A piece of memory from the machine, a multiple of 2 MiB and aligned so. */
struct env_arena {
	uint8_t *base;
	size_t size_bytes;
	int fd; /* -1: the machine gives none */
	int32_t numa_id;
	bool huge;
	void *handle; /* the machine's */
	/* The heap's: */
	uint64_t id; /* in the order of creation */
	size_t num_used_pages;
	struct env_page *pages;
};

/* ---- arena.c: the arenas; with the heap's lock unless said otherwise ---- */

void env_heap_lock(void);
void env_heap_unlock(void);
int env_arena_init(const struct spdk_env_opts *opts);
void env_arena_fini(void);
/** A mapped and registered arena with room for a run of \p need_bytes, in no table yet. 0, -ENOSPC
 *  when the cap leaves no room, or why the machine gave none. Without the lock. */
int env_arena_grow(size_t need_bytes, int32_t numa_id, struct env_arena **out);
/** Undo env_arena_grow(). In no table, without the lock. */
void env_arena_give_back(struct env_arena *arena);
/** Put a new arena in the table, or take it out. 0 or -ENOMEM. */
int env_arena_insert(struct env_arena *arena);
void env_arena_remove(struct env_arena *arena);
/** The arena in which \p addr lies; NULL: none. */
struct env_arena *env_arena_find(const void *addr);
/** An arena without a page in use; NULL: none. */
struct env_arena *env_arena_first_empty(void);
/** Count pages that come (> 0) or go out of use. How many arenas are empty now. */
uint32_t env_arena_use(struct env_arena *arena, int64_t num_pages);

/* ---- heap.c: runs of pages in them ---- */

int env_heap_init(const struct spdk_env_opts *opts);
void env_heap_fini(void);
/**
 * Take a run of pages, growing the heap when need be.
 * \param align_bytes power of two.
 * \param zero out: whether the pages are known to hold only 0 bytes.
 * \return NULL when the cap or the machine's memory is used up. Call without the lock.
 */
struct env_page *
env_heap_take(uint32_t num_pages, size_t align_bytes, int32_t numa_id, uint8_t kind, bool *zero);
/** Give a run back by its first page. Call without the lock. */
void env_heap_give(struct env_page *page);
/** The page in which \p addr lies, NULL when in no arena. Call with the lock. */
struct env_page *env_heap_find(const void *addr);
void *env_page_addr(const struct env_page *page);
/** Make the bytes 0 by giving the memory back to the machine; false when that can't be done. */
bool env_heap_discard(const struct env_page *page);
/** Count an allocation made (+1) or freed (-1), with its size. Call with the lock. */
void env_heap_count(int num, int64_t size_bytes);

/** A piece of memory, for statistics. */
struct env_run {
	size_t len_bytes;
	int32_t numa_id;
	uint32_t num_objs; /* in use */
	bool in_use;
};

typedef void (*env_run_fn)(const struct env_run *run, void *arg);

/** Call \p fn for each run of pages of an arena; with the lock. */
void env_heap_walk(const struct env_arena *arena, env_run_fn fn, void *arg);
/** The same for all arenas; takes the lock. */
void env_heap_each(env_run_fn fn, void *arg);

/* ---- slab.c: small objects; both with the lock of the heap free ---- */

#define ENV_SLAB_MAX_BYTES 2048

/** \p size_bytes and \p align_bytes at most ENV_SLAB_MAX_BYTES. NULL when out of memory. */
void *env_slab_alloc(size_t size_bytes, size_t align_bytes, int32_t numa_id);
/** Free \p obj of \p slab; false when it is not one that is in use. */
bool env_slab_free(struct env_slab *slab, void *obj);
/** Bytes that \p obj may use; 0 when it is not one that is in use. With the lock. */
size_t env_slab_obj_size(struct env_slab *slab, const void *obj);
/** Objects in use; with the lock. */
uint32_t env_slab_num_used(const struct env_slab *slab);
void env_slab_fini(void);

/* ---- Memory that several processes share ---- */

#define ENV_NAME_ZONE 1
#define ENV_NAME_POOL 2

/** What a machine does for a process with a shared-memory id. Any thread. */
struct env_shared {
	/** As spdk_malloc(); \p share: it outlives this process. */
	void *(*alloc)(size_t size, size_t align, int32_t numa_id, bool want_zero, bool share);
	/** False when no buffer in use begins there. */
	bool (*free)(void *buf);
	/** Bytes that were asked for; 0: no buffer in use begins there. \p share out: as for alloc.
	 */
	size_t (*size)(const void *buf, bool *share);
	/** The same buffer with another size, where that can be; else NULL. */
	void *(*resize)(void *buf, size_t size);
	/** Give a buffer of at least a page, which must not outlive this process yet, a name; then
	 * it does. 0, -EEXIST, -ENOSPC when there are too many. */
	int (*name_publish)(uint32_t kind, const char *name, void *buf, size_t len_bytes);
	/** The buffer of that name; NULL: none. */
	void *(*name_find)(uint32_t kind, const char *name);
	/** Take the name away: the buffer is the caller's. NULL: none. */
	void *(*name_retire)(uint32_t kind, const char *name);
	void (*name_dump)(uint32_t kind, FILE *f);
	/** Whether \p addr is where shared memory is or may be. */
	bool (*covers)(uint64_t addr);
	/** Register what other processes have added. 0 or a negative errno. */
	int (*sync)(void);
	bool (*is_primary)(void);
	void (*stats)(struct env_mem_stats *stats);
	/** As spdk_mem_get_fd_and_offset() and spdk_mem_get_numa_id(). */
	int (*fd)(const void *addr, uint64_t *offset);
	int32_t (*numa)(const void *addr, uint64_t *size);
	/** Call \p fn for each run of pages. */
	void (*each)(env_run_fn fn, void *arg);
	/** How many maps of this process hear of memory. */
	void (*listeners)(uint32_t num);
	/** A lock for a few instructions, which a process that dies in between does not keep. */
	void (*spin_lock)(_Atomic uint64_t *word);
	void (*spin_unlock)(_Atomic uint64_t *word);
};

/** NULL: this process shares none. Set once by start. */
const struct env_shared *env_shared(void);
void env_shared_set(const struct env_shared *shared);
/** Join the processes of opts->shm_id, if that is given, and call env_shared_set(). 0 or a negative
 *  errno, which was said. After the heap's start. */
int machine_share(const struct spdk_env_opts *opts);
/** Leave them. */
void machine_unshare(void);

/* ---- region.c, mem_map.c ---- */

/** The lock of what is registered; may be taken again by its owner. */
void env_region_lock(void);
void env_region_unlock(void);

/** Whether anybody hears of memory that comes and goes, and so may have pinned its pages. */
bool env_region_has_listeners(void);
void env_region_fini(void);
int env_region_init(void);
/** Call \p map's notify function for all that is registered, and from now on. */
int env_region_attach(struct spdk_mem_map *map);
void env_region_detach(struct spdk_mem_map *map);
int env_mem_map_notify(struct spdk_mem_map *map, enum spdk_mem_map_notify_action action, void *addr,
                       size_t len_bytes);

/** Whether \p port is one that TCP has; the C library takes greater numbers modulo 65536. */
static inline bool
env_port_is_valid(const char *port)
{
	long number = spdk_strtol(port, 10);

	return number >= 0 && number <= UINT16_MAX;
}

/** As env_file_load(), from the machine's file system. */
int env_file_read(const char *path, size_t max_bytes, void **data, size_t *len_bytes);

void env_memzone_fini(void);
void env_mempool_fini(void);

/* ---- The machine ---- */

/** Learn what the machine has: clock, CPUs. Before all else. 0 or a negative errno. */
int machine_start(const struct spdk_env_opts *opts);
/** Finish all blocking work and end the helper threads. Before memory goes away. */
void machine_quiesce(void);
/** Give everything else back. After all else. */
void machine_stop(void);
/** CPUs that this process may run on. */
void machine_cpus(struct spdk_cpuset *set);
/** Run the calling thread only on \p cpus. 0 or a negative errno. */
int machine_pin(const struct spdk_cpuset *cpus);
/** Bytes of memory that this process may have of the machine's. */
uint64_t machine_memory_bytes(void);
/** How much to add at least when the heap grows. */
size_t machine_arena_quantum(void);
/** Get memory for \p arena, whose size_bytes and numa_id (or -1) are set; sets the rest, all bytes
 *  0. 0, -ENOMEM or another negative errno. */
int machine_arena_map(struct env_arena *arena);
void machine_arena_unmap(struct env_arena *arena);
/** Give the pages back; they read as 0 afterwards. False when that can't be done. */
bool machine_arena_discard(struct env_arena *arena, void *addr, size_t len_bytes);
uint64_t machine_monotonic_ns(void);
/** \p fn for each call that leads here, innermost first, as text without newline. Any thread. */
void machine_backtrace(void (*fn)(void *arg, const char *call), void *arg);
/** NUMA node of a CPU, and the nodes as a mask. */
int32_t machine_cpu_numa(uint32_t cpu);
uint32_t machine_numa_mask(void);

/* Run and forget what env_at_fini() collected. */
void env_run_fini_hooks(void);

#endif /* LIB_ENV_MACHINE_H */
