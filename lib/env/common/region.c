/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Which memory devices may reach: regions that were registered, at a granularity of 4 KiB, and the
 * maps that are told of each. The address a device uses is the virtual address, so vtophys only
 * asks whether memory is registered.
 *
 * Any thread. One recursive mutex guards regions and the list of maps, for a map's notify function
 * may allocate, and thereby register. Lookups (spdk_vtophys) take no lock: they read the map of
 * registered pages. A region has a serial number, so that a map that is being attached is told of
 * each exactly once, also of those that come while it is being told. */

#include "machine.h"

#include "spdk/memory.h"

struct region {
	uint64_t addr;
	uint64_t len_bytes;
	uint64_t serial;
};

struct listener {
	TAILQ_ENTRY(listener) link;
	struct spdk_mem_map *map;
};

TAILQ_HEAD(listener_list, listener);

static struct {
	pthread_mutex_t lock;
	struct region *regions; /* ascending, apart */
	size_t num_regions;
	size_t max_regions;
	uint64_t next_serial;
	struct listener_list listeners;
	struct spdk_mem_map *registered; /* 1 for each registered page */
	uint32_t num_listeners;          /* read without the lock: a hint */
} g_region SYSTEM_STATE = {
	.lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP,
	.listeners = TAILQ_HEAD_INITIALIZER(g_region.listeners),
};

bool
env_region_has_listeners(void)
{
	return __atomic_load_n(&g_region.num_listeners, __ATOMIC_RELAXED) != 0;
}

void
env_region_lock(void)
{
	pthread_mutex_lock(&g_region.lock);
}

void
env_region_unlock(void)
{
	pthread_mutex_unlock(&g_region.lock);
}

/* One listener more or less. With the lock. */
static void
listeners_count(int num)
{
	uint32_t now = __atomic_add_fetch(&g_region.num_listeners, num, __ATOMIC_RELAXED);

	if (env_shared() != NULL) {
		env_shared()->listeners(now);
	}
}

static int
same_translation(uint64_t addr_1, uint64_t addr_2)
{
	return addr_1 == addr_2;
}

int
env_region_init(void)
{
	static const struct spdk_mem_map_ops ops = { .are_contiguous = same_translation };

	g_region.registered = spdk_mem_map_alloc(0, &ops, NULL);
	return g_region.registered != NULL ? 0 : -ENOMEM;
}

void
env_region_fini(void)
{
	struct listener *l;

	spdk_mem_map_free(&g_region.registered);
	while ((l = TAILQ_FIRST(&g_region.listeners)) != NULL) {
		TAILQ_REMOVE(&g_region.listeners, l, link);
		free(l);
	}
	free(g_region.regions);
	g_region.regions = NULL;
	g_region.num_regions = 0;
	g_region.max_regions = 0;
	g_region.next_serial = 0;
	g_region.num_listeners = 0;
}

/* Index of the first region that ends above \p addr. */
static size_t
region_at(uint64_t addr)
{
	size_t lo = 0, hi = g_region.num_regions;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (g_region.regions[mid].addr + g_region.regions[mid].len_bytes <= addr) {
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return lo;
}

static int
range_check(uint64_t addr, uint64_t len_bytes)
{
	if ((addr & MASK_4KB) != 0 || (len_bytes & MASK_4KB) != 0 || addr + len_bytes < addr) {
		return -EINVAL;
	}
	return 0;
}

/* Tell each map up to and without \p end (NULL: all). Stops at the first that refuses. */
static int
notify_all(enum spdk_mem_map_notify_action action, const struct region *r, struct listener **end)
{
	struct listener *l, *tmp;
	int rc;

	TAILQ_FOREACH_SAFE(l, &g_region.listeners, link, tmp) {
		if (l == *end) {
			break;
		}
		rc = env_mem_map_notify(l->map, action, (void *)(uintptr_t)r->addr, r->len_bytes);
		if (rc != 0 && action == SPDK_MEM_MAP_NOTIFY_REGISTER) {
			*end = l;
			return rc;
		}
	}
	return 0;
}

static int
region_insert(size_t at, const struct region *r)
{
	if (g_region.num_regions == g_region.max_regions) {
		size_t max = spdk_max(16, g_region.max_regions * 2);
		struct region *grown = realloc(g_region.regions, max * sizeof(*grown));

		if (grown == NULL) {
			return -ENOMEM;
		}
		g_region.regions = grown;
		g_region.max_regions = max;
	}
	memmove(&g_region.regions[at + 1], &g_region.regions[at],
	        (g_region.num_regions - at) * sizeof(*g_region.regions));
	g_region.regions[at] = *r;
	g_region.num_regions++;
	return 0;
}

static void
region_erase(uint64_t addr)
{
	size_t at = region_at(addr);

	assert(at < g_region.num_regions && g_region.regions[at].addr == addr);
	g_region.num_regions--;
	memmove(&g_region.regions[at], &g_region.regions[at + 1],
	        (g_region.num_regions - at) * sizeof(*g_region.regions));
}

static int
register_locked(uint64_t addr, uint64_t len_bytes)
{
	struct region r = { .addr = addr, .len_bytes = len_bytes };
	size_t at = region_at(addr);
	struct listener *end = NULL;
	int rc;

	if (g_region.registered == NULL) {
		return -EINVAL;
	}
	if (at < g_region.num_regions && g_region.regions[at].addr < addr + len_bytes) {
		return -EBUSY;
	}
	r.serial = ++g_region.next_serial;
	rc = spdk_mem_map_set_translation(g_region.registered, addr, len_bytes, 1);
	if (rc != 0) {
		return rc;
	}
	rc = region_insert(at, &r);
	if (rc == 0) {
		rc = notify_all(SPDK_MEM_MAP_NOTIFY_REGISTER, &r, &end);
		if (rc != 0) {
			/* Those that agreed are told the opposite; the one that refused is not. */
			notify_all(SPDK_MEM_MAP_NOTIFY_UNREGISTER, &r, &end);
			region_erase(addr);
		}
	}
	if (rc != 0) {
		spdk_mem_map_clear_translation(g_region.registered, addr, len_bytes);
	}
	return rc;
}

int
spdk_mem_register(void *vaddr, size_t len)
{
	int rc = range_check((uintptr_t)vaddr, len);

	if (rc != 0 || len == 0) {
		return rc;
	}
	pthread_mutex_lock(&g_region.lock);
	rc = register_locked((uintptr_t)vaddr, len);
	pthread_mutex_unlock(&g_region.lock);
	return rc;
}

/* Whether [addr, end) consists of whole regions without a gap. 0, -EINVAL, -ERANGE. */
static int
whole_regions(uint64_t addr, uint64_t end)
{
	size_t at = region_at(addr);

	if (at == g_region.num_regions || g_region.regions[at].addr > addr) {
		return -EINVAL;
	}
	if (g_region.regions[at].addr != addr) {
		return -ERANGE;
	}
	while (addr < end) {
		if (at == g_region.num_regions || g_region.regions[at].addr != addr) {
			return -EINVAL;
		}
		addr += g_region.regions[at].len_bytes;
		at++;
	}
	return addr == end ? 0 : -ERANGE;
}

int
spdk_mem_unregister(void *vaddr, size_t len)
{
	uint64_t addr = (uintptr_t)vaddr;
	uint64_t end = addr + len;
	int rc = range_check(addr, len);

	if (rc != 0 || len == 0) {
		return rc;
	}
	pthread_mutex_lock(&g_region.lock);
	rc = whole_regions(addr, end);
	while (rc == 0 && addr < end) {
		struct region r = g_region.regions[region_at(addr)];
		struct listener *none = NULL;

		/* First from the table and the lookups, then from the maps. */
		region_erase(r.addr);
		spdk_mem_map_clear_translation(g_region.registered, r.addr, r.len_bytes);
		notify_all(SPDK_MEM_MAP_NOTIFY_UNREGISTER, &r, &none);
		addr = r.addr + r.len_bytes;
	}
	pthread_mutex_unlock(&g_region.lock);
	return rc;
}

int
spdk_mem_reserve(void *vaddr, size_t len)
{
	int rc = range_check((uintptr_t)vaddr, len);
	size_t at;

	if (rc != 0 || len == 0) {
		return rc;
	}
	pthread_mutex_lock(&g_region.lock);
	at = region_at((uintptr_t)vaddr);
	if (g_region.registered == NULL) {
		rc = -EINVAL;
	} else if (at < g_region.num_regions &&
	           g_region.regions[at].addr < (uintptr_t)vaddr + len) {
		rc = -EBUSY;
	} else {
		/* Builds the tables that a later registration needs. */
		rc = spdk_mem_map_set_translation(g_region.registered, (uintptr_t)vaddr, len, 0);
	}
	pthread_mutex_unlock(&g_region.lock);
	return rc;
}

/* Tell \p map of the regions that are older than it, lowest address first. */
static int
attach_existing(struct spdk_mem_map *map, uint64_t serial_max,
                enum spdk_mem_map_notify_action action, uint64_t end, uint64_t *reached)
{
	uint64_t addr = 0;
	size_t at;
	int rc;

	while ((at = region_at(addr)) < g_region.num_regions && g_region.regions[at].addr < end) {
		struct region r = g_region.regions[at];

		*reached = r.addr;
		addr = r.addr + r.len_bytes;
		if (r.serial > serial_max) {
			continue;
		}
		rc = env_mem_map_notify(map, action, (void *)(uintptr_t)r.addr, r.len_bytes);
		if (rc != 0 && action == SPDK_MEM_MAP_NOTIFY_REGISTER) {
			return rc;
		}
	}
	return 0;
}

int
env_region_attach(struct spdk_mem_map *map)
{
	struct listener *l = calloc(1, sizeof(*l));
	uint64_t reached = 0, ignored;
	uint64_t serial_max;
	int rc;

	if (l == NULL) {
		return -ENOMEM;
	}
	l->map = map;
	/* What other processes have added is there already, too. */
	rc = env_shared() != NULL ? env_shared()->sync() : 0;
	if (rc != 0) {
		free(l);
		return rc;
	}
	pthread_mutex_lock(&g_region.lock);
	serial_max = g_region.next_serial;
	TAILQ_INSERT_TAIL(&g_region.listeners, l, link);
	listeners_count(1);
	rc = attach_existing(map, serial_max, SPDK_MEM_MAP_NOTIFY_REGISTER, UINT64_MAX, &reached);
	if (rc != 0) {
		TAILQ_REMOVE(&g_region.listeners, l, link);
		listeners_count(-1);
		free(l);
		attach_existing(map, serial_max, SPDK_MEM_MAP_NOTIFY_UNREGISTER, reached, &ignored);
	}
	pthread_mutex_unlock(&g_region.lock);
	return rc;
}

void
env_region_detach(struct spdk_mem_map *map)
{
	uint64_t ignored;
	struct listener *l;

	pthread_mutex_lock(&g_region.lock);
	TAILQ_FOREACH(l, &g_region.listeners, link) {
		if (l->map == map) {
			TAILQ_REMOVE(&g_region.listeners, l, link);
			listeners_count(-1);
			free(l);
			attach_existing(map, UINT64_MAX, SPDK_MEM_MAP_NOTIFY_UNREGISTER, UINT64_MAX,
			                &ignored);
			break;
		}
	}
	pthread_mutex_unlock(&g_region.lock);
}

uint64_t
spdk_vtophys(const void *buf, uint64_t *size)
{
	/* Before init there is no map, and nothing is registered. */
	if (g_region.registered == NULL ||
	    spdk_mem_map_translate(g_region.registered, (uintptr_t)buf, size) == 0) {
		return (uint64_t)SPDK_VTOPHYS_ERROR;
	}
	return (uintptr_t)buf;
}

bool
spdk_iommu_is_enabled(void)
{
	/* No device is driven through an IOMMU by this environment. */
	return false;
}
