/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The machine: memory, cores, threads, time, queues between threads.
 *
 * spdk_env_init() comes first. Unless said otherwise a function may be called by any thread between
 * spdk_env_init() and spdk_env_fini(), and never blocks on another thread for longer than a short
 * mutex. Memory is found by its virtual address everywhere: devices use it as their address too.
 */

#ifndef SPDK_ENV_H
#define SPDK_ENV_H

#include "basalt/deprecated.h"
#include "spdk/assert.h"
#include "spdk/stdinc.h"
#include "spdk/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/** No wish for a NUMA node; as an answer: not known. */
#define SPDK_ENV_NUMA_ID_ANY (-1)
#define SPDK_ENV_SOCKET_ID_ANY SPDK_ENV_NUMA_ID_ANY
/** As an answer: the thread is none of our cores. */
#define SPDK_ENV_LCORE_ID_ANY UINT32_MAX

/** For DMA by devices. All memory is; a call needs at least one of these two flags. */
#define SPDK_MALLOC_DMA 1
/** For other processes of the same spdk_env_opts.shm_id: it outlives this one. */
#define SPDK_MALLOC_SHARE 2

/** Sizes of names, with the 0 byte. */
#define SPDK_MAX_MEMZONE_NAME_LEN 32
#define SPDK_MAX_MEMPOOL_NAME_LEN 29

/** A zone need not be contiguous for devices; it always is. */
#define SPDK_MEMZONE_NO_IOVA_CONTIG 1048576
#define SPDK_MEMPOOL_DEFAULT_CACHE_SIZE SIZE_MAX
/** spdk_vtophys() of memory that is not registered. */
#define SPDK_VTOPHYS_ERROR UINT64_MAX

#define SPDK_PCI_DRIVER_NEED_MAPPING 1
#define SPDK_PCI_DRIVER_WC_ACTIVATE 2

/** Each core that the environment was given, ascending. */
#define SPDK_ENV_FOREACH_CORE(i) \
	for ((i) = spdk_env_get_first_core(); (i) < UINT32_MAX; (i) = spdk_env_get_next_core(i))
/** Each NUMA node that has memory or a core of ours. */
#define SPDK_ENV_FOREACH_NUMA_ID(i) \
	for ((i) = spdk_env_get_first_numa_id(); (i) < INT32_MAX; \
	     (i) = spdk_env_get_next_numa_id(i))

struct spdk_cpuset;
struct spdk_env_opts;
struct spdk_mem_map;
struct spdk_mem_map_ops;
struct spdk_mempool;
struct spdk_pci_addr;
struct spdk_pci_device;
struct spdk_pci_device_provider;
struct spdk_pci_driver;
struct spdk_pci_event;
struct spdk_pci_id;
struct spdk_ring;

/** How many threads may enqueue (P) and dequeue (C) at the same time: single or multi. */
enum spdk_ring_type {
	SPDK_RING_TYPE_SP_SC = 0,
	SPDK_RING_TYPE_MP_SC = 1,
	SPDK_RING_TYPE_MP_MC = 2,
};

enum spdk_mem_map_notify_action {
	SPDK_MEM_MAP_NOTIFY_REGISTER = 0,
	SPDK_MEM_MAP_NOTIFY_UNREGISTER = 1,
};

enum spdk_pci_event_type {
	SPDK_UEVENT_ADD = 0,
	SPDK_UEVENT_REMOVE = 1,
};

/** What spdk_env_init() is told. All that is SPDK's is accepted; what means nothing on this machine
 *  is named in an INFO line of log flag `env`. */
struct spdk_env_opts {
	const char *name; /* of the program */
	/** Cores: a hexadecimal mask ("0x5") or a list ("[0,2-4]"). NULL, with lcore_map too: one
	 *  core, whose thread is not pinned. */
	const char *core_mask;
	/** Cores and where each may run: "lcores[@cpus],...", "0@1,(1,2)@(4-7)". */
	const char *lcore_map;
	int shm_id; /* >= 0: share memory with all processes of this user that give it */
	int mem_channel;
	int main_core; /* core of the calling thread; -1: the first */
	int mem_size;  /* cap in MiB for spdk_malloc(); <= 0: what the system has */
	bool no_pci;
	bool hugepage_single_segments;
	bool unlink_hugepage;
	bool no_huge; /* plain pages, even where huge ones are free */
	uint32_t reserved;
	size_t num_pci_addr;
	const char *hugedir; /* folder of a hugetlbfs to use; NULL: none needed */
	struct spdk_pci_addr *pci_blocked;
	struct spdk_pci_addr *pci_allowed;
	const char *iova_mode;
	/** Where memory is placed if the kernel can; the default: anywhere. With a shm_id exactly
	 *  there, the default too. */
	uint64_t base_virtaddr;
	void *env_context;
	const char *vf_token;
	size_t opts_size;  /* bytes of this struct that the caller knows; set before opts_init */
	bool enforce_numa; /* memory of another node than the one asked for is refused */
	uint8_t reserved2[7];
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_env_opts) == 128, "the size is interface");

struct spdk_pci_addr {
	uint32_t domain;
	uint8_t bus;
	uint8_t dev;
	uint8_t func;
};

struct spdk_pci_id {
	uint32_t class_id;
	uint16_t vendor_id;
	uint16_t device_id;
	uint16_t subvendor_id;
	uint16_t subdevice_id;
};

struct spdk_pci_device {
	struct spdk_pci_device *parent;
	void *dev_handle;
	struct spdk_pci_addr addr;
	struct spdk_pci_id id;
	union {
		int numa_id;
		int socket_id;
	};
	const char *type;
	int (*map_bar)(struct spdk_pci_device *dev, uint32_t bar, void **mapped_addr,
	               uint64_t *phys_addr, uint64_t *size);
	int (*unmap_bar)(struct spdk_pci_device *dev, uint32_t bar, void *addr);
	int (*cfg_read)(struct spdk_pci_device *dev, void *value, uint32_t len, uint32_t offset);
	int (*cfg_write)(struct spdk_pci_device *dev, void *value, uint32_t len, uint32_t offset);
	struct _spdk_pci_device_internal {
		struct spdk_pci_driver *driver;
		bool attached;
		int claim_fd;
		bool pending_removal;
		bool removed;
		TAILQ_ENTRY(spdk_pci_device) tailq;
	} internal;
};

struct spdk_pci_device_provider {
	const char *name;
	int (*attach_cb)(const struct spdk_pci_addr *addr);
	void (*detach_cb)(struct spdk_pci_device *dev);
	TAILQ_ENTRY(spdk_pci_device_provider) tailq;
};

/**
 * Memory came or goes. Called on the thread that registers or unregisters, which waits; it may
 * allocate, register and set translations.
 * \param vaddr start, \param size bytes: multiples of 4 KiB, a region as it was registered.
 * \return 0, or a negative errno that refuses a registration; of an unregistration it is ignored.
 */
typedef int (*spdk_mem_map_notify_cb)(void *cb_ctx, struct spdk_mem_map *map,
                                      enum spdk_mem_map_notify_action action, void *vaddr,
                                      size_t size);

/** Whether translation \p addr_2 goes on where \p addr_1 ends: 0 for no. */
typedef int (*spdk_mem_map_contiguous_translations)(uint64_t addr_1, uint64_t addr_2);

struct spdk_mem_map_ops {
	spdk_mem_map_notify_cb notify_cb;                    /* NULL: not told */
	spdk_mem_map_contiguous_translations are_contiguous; /* NULL: never */
};

struct spdk_pci_event {
	enum spdk_pci_event_type action;
	struct spdk_pci_addr traddr;
};

/** Called for object number \p obj_idx of a pool. */
typedef void(spdk_mempool_obj_cb_t)(struct spdk_mempool *mp, void *opaque, void *obj,
                                    unsigned obj_idx);

/** Called for each piece of memory that a pool's objects lie in. */
typedef void(spdk_mempool_mem_cb_t)(struct spdk_mempool *mp, void *opaque, void *addr,
                                    uint64_t iova, size_t len, unsigned mem_idx);

/** A core's thread; what it returns is ignored. */
typedef int (*thread_start_fn)(void *);

typedef int (*spdk_pci_enum_cb)(void *enum_ctx, struct spdk_pci_device *dev);

typedef void (*spdk_pci_error_handler)(const void *failure_addr, void *ctx);

/* ---- Memory ---- */

/**
 * Allocate memory that devices may reach, aligned to at least 64 bytes. May ask the system for
 * more, so it is not for the I/O path. \param size bytes, at least 1. \param align power of two;
 * 0: 64. \param unused NULL. \param numa_id node to take it from, SPDK_ENV_NUMA_ID_ANY: any. A
 * wish, but with enforce_numa. \param flags SPDK_MALLOC_DMA, SPDK_MALLOC_SHARE or both. \return the
 * caller's, to be given to spdk_free(); NULL for a bad parameter, at the cap of
 * spdk_env_opts.mem_size, or when the system has no memory.
 */
void *spdk_malloc(size_t size, size_t align, uint64_t *unused, int numa_id, uint32_t flags);

/** As spdk_malloc(), filled with 0 bytes. */
void *spdk_zmalloc(size_t size, size_t align, uint64_t *unused, int numa_id, uint32_t flags);

/**
 * Change the size of \p buf, keeping what fits of its content; it may move.
 * \param buf of spdk_malloc() and so on; NULL: as spdk_malloc().
 * \param size 0: as spdk_free(), and NULL comes back.
 * \return NULL when out of memory: then \p buf stays as it was.
 */
void *spdk_realloc(void *buf, size_t size, size_t align);

/** Give memory of spdk_malloc() and so on back. NULL is allowed. */
void spdk_free(void *buf);

/** spdk_malloc() for devices, on any node. */
void *spdk_dma_malloc(size_t size, size_t align, uint64_t *unused);

/** spdk_malloc() for devices. */
void *spdk_dma_malloc_socket(size_t size, size_t align, uint64_t *unused, int numa_id);

/** spdk_zmalloc() for devices, on any node. */
void *spdk_dma_zmalloc(size_t size, size_t align, uint64_t *unused);

/** spdk_zmalloc() for devices. */
void *spdk_dma_zmalloc_socket(size_t size, size_t align, uint64_t *unused, int numa_id);

/** spdk_realloc(); NULL also when \p unused is not NULL. */
void *spdk_dma_realloc(void *buf, size_t size, size_t align, uint64_t *unused);

/** spdk_free(). */
void spdk_dma_free(void *buf);

/* ---- Start and stop ---- */

/** Fill \p opts with the defaults, as far as its opts_size goes. Set that before; a size that can't
 *  be one counts as that of this header. Any thread, any time. */
void spdk_env_opts_init(struct spdk_env_opts *opts);

/**
 * Start the environment. The calling thread becomes the main core's, and is pinned to it if the
 * options name cores. Takes about a millisecond; may be called again after spdk_env_fini().
 * \param opts copied; NULL: as the last time on this thread.
 * \return 0; -EINVAL for options that can't be (a log line says which); -EALREADY when it runs;
 * -ENOMEM, also when mem_size is more than the system has; with a shm_id -EPROTONOSUPPORT for a
 * primary of another version, -EEXIST when the addresses are in use, -EUSERS above 64 processes,
 * -ETIMEDOUT when another one hangs in here; another negative errno of the system.
 */
int spdk_env_init(const struct spdk_env_opts *opts);

/** Stop the environment: ends helper threads, waits for the cores' threads, gives all memory back
 *  and the thread its affinity. The thread of spdk_env_init(); nothing when it does not run. */
void spdk_env_fini(void);

/* ---- Memory by name ---- */

/**
 * Reserve zeroed memory under a name that no other zone has.
 * \param name at most 31 bytes; copied.
 * \param flags 0 or SPDK_MEMZONE_NO_IOVA_CONTIG; ignored.
 * \return NULL when the name is taken or too long, \p len is 0, or there is no memory. It lives
 * until spdk_memzone_free() or spdk_env_fini().
 */
void *spdk_memzone_reserve(const char *name, size_t len, int numa_id, unsigned flags);

/** spdk_memzone_reserve(), aligned to \p align bytes, a power of two. */
void *spdk_memzone_reserve_aligned(const char *name, size_t len, int numa_id, unsigned flags,
                                   unsigned align);

/** The address of the zone called \p name; NULL: none. */
void *spdk_memzone_lookup(const char *name);

/** Give the zone called \p name back. 0, or -1 when there is none. */
int spdk_memzone_free(const char *name);

/** Write one line for each zone to \p f. */
void spdk_memzone_dump(FILE *f);

/* ---- Pools of objects of one size ---- */

/**
 * Make a pool. Its memory is taken now, and touched as it is used. Threads of cores keep some free
 * objects for themselves; all of them together never more than half.
 * \param name that no other pool has, at most 28 bytes; copied.
 * \param count objects, at least 1.
 * \param ele_size bytes of one; each begins at a multiple of 64.
 * \param cache_size objects that a core's thread may keep, SPDK_MEMPOOL_DEFAULT_CACHE_SIZE, or 0.
 * \return NULL when the name is taken or too long, a parameter is bad, or there is no memory.
 */
struct spdk_mempool *spdk_mempool_create(const char *name, size_t count, size_t ele_size,
                                         size_t cache_size, int numa_id);

/** spdk_mempool_create(), which calls \p obj_init for each object before it returns; NULL: none. */
struct spdk_mempool *
spdk_mempool_create_ctor(const char *name, size_t count, size_t ele_size, size_t cache_size,
                         int numa_id, spdk_mempool_obj_cb_t *obj_init, void *obj_init_arg);

/** The name; the pool's. */
char *spdk_mempool_get_name(struct spdk_mempool *mp);

/** Give the pool and all its objects back, wherever they are. NULL is allowed. */
void spdk_mempool_free(struct spdk_mempool *mp);

/** Take an object, with the content it was given back with; 0 bytes the first time. NULL: none is
 *  free. */
void *spdk_mempool_get(struct spdk_mempool *mp);

/** Take \p count objects. 0, or -ENOMEM: then none was taken. */
int spdk_mempool_get_bulk(struct spdk_mempool *mp, void **ele_arr, size_t count);

/** Give an object back. Any thread, not only the one that took it. */
void spdk_mempool_put(struct spdk_mempool *mp, void *ele);

/** Give \p count objects back. */
void spdk_mempool_put_bulk(struct spdk_mempool *mp, void **ele_arr, size_t count);

/** Free objects, those that threads keep included; a snapshot while others take and give. */
size_t spdk_mempool_count(const struct spdk_mempool *pool);

/** Call \p obj_cb for each object, free or not, in order. Returns how many. */
uint32_t
spdk_mempool_obj_iter(struct spdk_mempool *mp, spdk_mempool_obj_cb_t obj_cb, void *obj_cb_arg);

/** Call \p mem_cb for each piece of memory of the pool. Returns how many. */
uint32_t
spdk_mempool_mem_iter(struct spdk_mempool *mp, spdk_mempool_mem_cb_t mem_cb, void *mem_cb_arg);

/** The pool called \p name; NULL: none. */
struct spdk_mempool *spdk_mempool_lookup(const char *name);

/* ---- Cores ---- */

/** Cores that were chosen; 0 before init. */
uint32_t spdk_env_get_core_count(void);

/** The core that the calling thread is; SPDK_ENV_LCORE_ID_ANY: none of ours. */
uint32_t spdk_env_get_current_core(void);

/** The core of the thread that called spdk_env_init(). */
uint32_t spdk_env_get_main_core(void);

/** The lowest core; UINT32_MAX: none. */
uint32_t spdk_env_get_first_core(void);

/** The highest core; UINT32_MAX: none. */
uint32_t spdk_env_get_last_core(void);

/** The lowest core above \p prev_core; UINT32_MAX: none. */
uint32_t spdk_env_get_next_core(uint32_t prev_core);

/** The NUMA node of \p core; SPDK_ENV_NUMA_ID_ANY when it is none of ours. */
int32_t spdk_env_get_numa_id(uint32_t core);

/** The lowest NUMA node. */
int32_t spdk_env_get_first_numa_id(void);

/** The highest NUMA node. */
int32_t spdk_env_get_last_numa_id(void);

/** The lowest NUMA node above \p prev_numa_id; INT32_MAX: none. */
int32_t spdk_env_get_next_numa_id(int32_t prev_numa_id);

/** Store the cores that were chosen. */
void spdk_env_get_cpuset(struct spdk_cpuset *cpuset);

/** Store the CPUs that share a physical core with CPU \p core, itself included; false when the
 * system doesn't say. */
bool spdk_env_core_get_smt_cpuset(struct spdk_cpuset *cpuset, uint32_t core);

/**
 * Run \p fn on a new thread as core \p core, pinned if the options named cores.
 * \return 0; -EINVAL when \p core is none of ours or \p fn NULL; -EBUSY when a thread runs on it,
 * the main core included; -EAGAIN or -ENOMEM when the system gives no thread.
 */
int spdk_env_thread_launch_pinned(uint32_t core, thread_start_fn fn, void *arg);

/** Wait until all threads of spdk_env_thread_launch_pinned() returned. The main thread. */
void spdk_env_thread_wait_all(void);

/** Whether this process is the first of its shared-memory id, or shares with none. */
bool spdk_process_is_primary(void);

/* ---- Time ---- */

/** The clock: rises steadily, at spdk_get_ticks_hz() a second. Any thread, any time. */
uint64_t spdk_get_ticks(void);

/** Ticks a second. Changes only in spdk_env_init() and spdk_env_fini(). */
uint64_t spdk_get_ticks_hz(void);

/** Keep the processor busy for \p us microseconds. */
void spdk_delay_us(unsigned int us);

/** Tell the processor that this is a loop that waits. */
void spdk_pause(void);

/* ---- Queues of pointers between threads ---- */

/**
 * Make a queue of \p count pointers; a count that is no power of two is rounded up.
 * \return NULL for a bad type or count (1 to 2^30), or when there is no memory.
 */
struct spdk_ring *spdk_ring_create(enum spdk_ring_type type, size_t count, int numa_id);

/** Give the queue back; what is in it is forgotten. NULL is allowed. */
void spdk_ring_free(struct spdk_ring *ring);

/** Pointers in the queue; a snapshot while others use it. */
size_t spdk_ring_count(struct spdk_ring *ring);

/**
 * Put all \p count pointers in the queue, or none. As many threads at once as the type allows.
 * \param free_space out: room that is left; NULL: not asked.
 * \return \p count, or 0 when there is too little room.
 */
size_t spdk_ring_enqueue(struct spdk_ring *ring, void **objs, size_t count, size_t *free_space);

/** Take up to \p count pointers, in order. As many threads at once as the type allows. Returns how
 *  many. */
size_t spdk_ring_dequeue(struct spdk_ring *ring, void **objs, size_t count);

/* ---- Addresses for devices ---- */

/** Whether devices are kept to registered memory by an IOMMU: never, since none is driven. */
bool spdk_iommu_is_enabled(void);

/**
 * The address that a device uses for \p buf, which is \p buf.
 * \param size in: bytes wanted; out: bytes of these that are registered in one piece. NULL: not
 * asked. \return SPDK_VTOPHYS_ERROR when \p buf is not registered.
 */
uint64_t spdk_vtophys(const void *buf, uint64_t *size);

/** Let the calling thread run on all CPUs that the process had when the environment started. */
void spdk_unaffinitize_thread(void);

/** Call \p cb on this thread while it may run on all CPUs; NULL: nothing. Returns what it returned.
 */
void *spdk_call_unaffinitized(void *cb(void *arg), void *arg);

/**
 * Make a map from addresses to numbers.
 * \param default_translation of what is not set.
 * \param ops copied; NULL: none. A notify_cb is called for all that is registered before this
 * returns, and from then on.
 * \return NULL when out of memory, or when notify_cb refused; then it was told to forget the rest.
 */
struct spdk_mem_map *
spdk_mem_map_alloc(uint64_t default_translation, const struct spdk_mem_map_ops *ops, void *cb_ctx);

/** Give a map back and set *pmap to NULL; notify_cb hears that all that is registered goes. */
void spdk_mem_map_free(struct spdk_mem_map **pmap);

/**
 * Set the number for [vaddr, vaddr + size).
 * \return 0; -EINVAL when these are not multiples of 4 KiB or above 2^48; -ENOMEM: then a part may
 * be set.
 */
int spdk_mem_map_set_translation(struct spdk_mem_map *map, uint64_t vaddr, uint64_t size,
                                 uint64_t translation);

/** Set the default for [vaddr, vaddr + size). As spdk_mem_map_set_translation(). */
int spdk_mem_map_clear_translation(struct spdk_mem_map *map, uint64_t vaddr, uint64_t size);

/**
 * The number for \p vaddr; takes no lock.
 * \param size in: bytes wanted; out: bytes of these to which it applies, by are_contiguous; without
 * that at most up to the next multiple of 2 MiB. NULL: not asked.
 */
uint64_t spdk_mem_map_translate(const struct spdk_mem_map *map, uint64_t vaddr, uint64_t *size);

/**
 * Let devices reach memory of the caller's, and tell all maps. What spdk_malloc() gives is
 * registered. \param vaddr, \param len multiples of 4 KiB. \return 0; -EINVAL; -EBUSY when a part
 * is registered; -ENOMEM; what a map answered. After a failure nothing is registered.
 */
int spdk_mem_register(void *vaddr, size_t len);

/**
 * Undo spdk_mem_register(): of one region or of several side by side.
 * \return 0; -EINVAL when a part is not registered; -ERANGE when it would cut a region.
 */
int spdk_mem_unregister(void *vaddr, size_t len);

/** Prepare for memory that will be registered later, so that the tables of spdk_vtophys() need no
 *  memory then. As spdk_mem_register(), but nothing is registered. */
int spdk_mem_reserve(void *vaddr, size_t len);

/** The NUMA node of \p buf of spdk_malloc(); SPDK_ENV_NUMA_ID_ANY when it is not ours. \p size as
 * in spdk_vtophys(). */
int32_t spdk_mem_get_numa_id(const void *buf, uint64_t *size);

/** The file behind \p vaddr of spdk_malloc(), to be mapped by another process; the environment's.
 *  \param offset out: of \p vaddr in it. A descriptor, or -EINVAL when there is none. */
int spdk_mem_get_fd_and_offset(void *vaddr, uint64_t *offset);

/** The system's number of the calling thread. */
int spdk_get_tid(void);

/* ---- Dropped by SPDK ---- */

/** spdk_env_get_numa_id(), without a sign. */
uint32_t spdk_env_get_socket_id(uint32_t core) BASALT_DEPRECATED("spdk_env_get_numa_id()");

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_ENV_H */
