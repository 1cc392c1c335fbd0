/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Arenas from the kernel: an unnamed file each, mapped shared, so that a peer process can be given
 * the descriptor. Huge pages where the system gives them, by --huge-dir's file system or a memfd;
 * else plain pages, which count only once they are touched. Any thread. */

#include "native.h"

#include "spdk/log.h"

#include <linux/mempolicy.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#define HUGE_QUANTUM (16ull << 20)
#define PLAIN_QUANTUM (64ull << 20)
#define GROUPS_BYTES 8192 /* of /proc/self/cgroup */

#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB (21u << 26)
#endif

static struct {
	/* Set once by init: */
	char *hugedir;
	bool no_huge;
	bool enforce_numa;
	uint64_t hint;            /* where the user wants arenas; 0: anywhere */
	_Atomic bool huge_failed; /* relaxed: a hint */
} g_arena SYSTEM_STATE;

/* SPDK's default, which means: the user did not choose. */
#define DEFAULT_VIRTADDR 0x200000000000ull

void
native_arena_init(const struct spdk_env_opts *opts)
{
	g_arena.hugedir = opts->hugedir != NULL ? strdup(opts->hugedir) : NULL;
	g_arena.no_huge = opts->no_huge;
	g_arena.enforce_numa = opts->enforce_numa;
	g_arena.hint = opts->base_virtaddr == DEFAULT_VIRTADDR ? 0 : opts->base_virtaddr;
}

void
native_arena_fini(void)
{
	free(g_arena.hugedir);
	memset(&g_arena, 0, sizeof(g_arena));
}

uint64_t
machine_memory_bytes(void)
{
	long pages = sysconf(_SC_PHYS_PAGES);
	long page_bytes = sysconf(_SC_PAGESIZE);
	uint64_t bytes = 1ull << 40;
	char groups[GROUPS_BYTES];

	if (pages > 0 && page_bytes > 0) {
		bytes = (uint64_t)pages * (uint64_t)page_bytes;
	}
	if (native_read_text("/proc/self/cgroup", groups, sizeof(groups))) {
		bytes = spdk_min(bytes, native_cgroup_memory_bytes("/sys/fs/cgroup", groups));
	}
	return bytes;
}

/* Whether to ask for huge pages: not again once there were too few. */
static bool
huge_wanted(void)
{
	return !g_arena.no_huge &&
	       !atomic_load_explicit(&g_arena.huge_failed, memory_order_relaxed);
}

size_t
machine_arena_quantum(void)
{
	return huge_wanted() ? HUGE_QUANTUM : PLAIN_QUANTUM;
}

static int
huge_file(void)
{
	int fd;

	if (g_arena.hugedir != NULL) {
		fd = open(g_arena.hugedir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		return fd;
	}
	return memfd_create("basalt-huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
}

/* Reserve size_bytes of addresses, aligned to 2 MiB; NULL when there are none. */
static void *
addr_reserve(size_t size_bytes)
{
	size_t total = size_bytes + ENV_ARENA_ALIGN;
	uint8_t *base, *aligned;
	size_t head;

	base = mmap((void *)(uintptr_t)g_arena.hint, total, PROT_NONE,
	            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED) {
		return NULL;
	}
	aligned = (uint8_t *)SPDK_ALIGN_CEIL((uintptr_t)base, (uintptr_t)ENV_ARENA_ALIGN);
	head = (size_t)(aligned - base);
	if (head > 0) {
		munmap(base, head);
	}
	if (total - head > size_bytes) {
		munmap(aligned + size_bytes, total - head - size_bytes);
	}
	return aligned;
}

/* Ask for memory of the arena's node, by preference or strictly; none is touched yet. */
static int
bind_numa(const struct env_arena *arena)
{
	unsigned long mask;
	int mode = g_arena.enforce_numa ? MPOL_BIND : MPOL_PREFERRED;

	if (arena->numa_id < 0) {
		return 0;
	}
	if (arena->numa_id >= ENV_NUMA_MAX) {
		return -EINVAL;
	}
	mask = 1ul << arena->numa_id;
	if (syscall(SYS_mbind, arena->base, arena->size_bytes, mode, &mask, ENV_NUMA_MAX + 1, 0) !=
	            0 &&
	    g_arena.enforce_numa) {
		return -errno;
	}
	return 0;
}

/* Map \p fd's pages over the reserved addresses. 0 or a negative errno, then nothing is mapped. */
static int
map_file(struct env_arena *arena, int fd)
{
	void *addr;
	int rc;

	if (ftruncate(fd, (off_t)arena->size_bytes) != 0) {
		return -errno;
	}
	addr = addr_reserve(arena->size_bytes);
	if (addr == NULL) {
		return -ENOMEM;
	}
	/* With huge pages this is where the kernel sets them aside, or says that it has too few. */
	if (mmap(addr, arena->size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
	    MAP_FAILED) {
		rc = -errno;
		munmap(addr, arena->size_bytes);
		return rc;
	}
	arena->base = addr;
	rc = bind_numa(arena);
	if (rc != 0) {
		munmap(addr, arena->size_bytes);
		arena->base = NULL;
		return rc;
	}
	madvise(addr, arena->size_bytes, MADV_DONTDUMP);
	return 0;
}

static int
map_with(struct env_arena *arena, int fd, bool huge)
{
	int rc;

	if (fd < 0) {
		return -errno;
	}
	rc = map_file(arena, fd);
	if (rc != 0) {
		close(fd);
		return rc;
	}
	arena->fd = fd;
	arena->huge = huge;
	return 0;
}

int
machine_arena_map(struct env_arena *arena)
{
	int rc;

	if (huge_wanted()) {
		if (map_with(arena, huge_file(), true) == 0) {
			arena->numa_id = spdk_max(arena->numa_id, 0);
			return 0;
		}
		if (g_arena.hugedir != NULL) {
			SPDK_WARNLOG("No huge pages for %zu MiB in %s: plain pages are used\n",
			             arena->size_bytes >> 20, g_arena.hugedir);
		}
		SPDK_INFOLOG(env, "No huge pages for %zu MiB: plain pages are used\n",
		             arena->size_bytes >> 20);
		atomic_store_explicit(&g_arena.huge_failed, true, memory_order_relaxed);
	}
	rc = map_with(arena, memfd_create("basalt", MFD_CLOEXEC), false);
	if (rc == 0) {
		arena->numa_id = spdk_max(arena->numa_id, 0);
	}
	return rc;
}

void
machine_arena_unmap(struct env_arena *arena)
{
	munmap(arena->base, arena->size_bytes);
	close(arena->fd);
	arena->fd = -1;
}

bool
machine_arena_discard(struct env_arena *arena, void *addr, size_t len_bytes)
{
	/* As MADV_REMOVE, which qemu-user takes for a hint. */
	return fallocate(arena->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	                 (off_t)((uint8_t *)addr - arena->base), (off_t)len_bytes) == 0;
}
