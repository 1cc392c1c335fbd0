/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Memory that is found by name. Any thread; a mutex guards the list. A process that shares its
 * memory keeps zones where all find them. */

#include "machine.h"

#include "spdk_internal/env_fault.h"

struct memzone {
	TAILQ_ENTRY(memzone) link;
	void *addr;
	size_t len_bytes;
	char name[SPDK_MAX_MEMZONE_NAME_LEN];
};

TAILQ_HEAD(memzone_list, memzone);

static struct {
	pthread_mutex_t lock;
	struct memzone_list zones;
} g_memzones SYSTEM_STATE = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.zones = TAILQ_HEAD_INITIALIZER(g_memzones.zones),
};

static struct memzone *
find_locked(const char *name)
{
	struct memzone *zone;

	TAILQ_FOREACH(zone, &g_memzones.zones, link) {
		if (strcmp(zone->name, name) == 0) {
			return zone;
		}
	}
	return NULL;
}

static void *
shared_reserve(const struct env_shared *shared, const char *name, size_t len, int numa_id,
               unsigned align)
{
	/* A run of its own, for that is what has a name. */
	size_t size = spdk_max(len, (size_t)ENV_PAGE_BYTES);
	void *addr = NULL;

	if (len != 0 && (align & (align - 1)) == 0) {
		addr = shared->alloc(size, align, numa_id, true, false);
	}
	if (addr != NULL && shared->name_publish(ENV_NAME_ZONE, name, addr, len) != 0) {
		shared->free(addr);
		addr = NULL;
	}
	return addr;
}

void *
spdk_memzone_reserve_aligned(const char *name, size_t len, int numa_id, unsigned flags,
                             unsigned align)
{
	struct memzone *zone;
	void *addr = NULL;

	if (name == NULL || strlen(name) >= SPDK_MAX_MEMZONE_NAME_LEN ||
	    env_fault(ENV_FAULT_MEMZONE)) {
		return NULL;
	}
	if (env_shared() != NULL) {
		return shared_reserve(env_shared(), name, len, numa_id, align);
	}
	zone = calloc(1, sizeof(*zone));
	if (zone == NULL) {
		return NULL;
	}
	zone->addr = spdk_zmalloc(len, align, NULL, numa_id, SPDK_MALLOC_DMA | SPDK_MALLOC_SHARE);
	zone->len_bytes = len;
	snprintf(zone->name, sizeof(zone->name), "%s", name);
	pthread_mutex_lock(&g_memzones.lock);
	if (zone->addr != NULL && find_locked(name) == NULL) {
		TAILQ_INSERT_TAIL(&g_memzones.zones, zone, link);
		addr = zone->addr;
	}
	pthread_mutex_unlock(&g_memzones.lock);
	if (addr == NULL) {
		spdk_free(zone->addr);
		free(zone);
	}
	return addr;
}

void *
spdk_memzone_reserve(const char *name, size_t len, int numa_id, unsigned flags)
{
	return spdk_memzone_reserve_aligned(name, len, numa_id, flags, SPDK_CACHE_LINE_SIZE);
}

void *
spdk_memzone_lookup(const char *name)
{
	struct memzone *zone;
	void *addr;

	if (env_shared() != NULL) {
		return env_shared()->name_find(ENV_NAME_ZONE, name);
	}
	pthread_mutex_lock(&g_memzones.lock);
	zone = find_locked(name);
	addr = zone != NULL ? zone->addr : NULL;
	pthread_mutex_unlock(&g_memzones.lock);
	return addr;
}

int
spdk_memzone_free(const char *name)
{
	struct memzone *zone;
	void *addr;

	if (env_shared() != NULL) {
		addr = env_shared()->name_retire(ENV_NAME_ZONE, name);
		return addr != NULL && env_shared()->free(addr) ? 0 : -1;
	}
	pthread_mutex_lock(&g_memzones.lock);
	zone = find_locked(name);
	if (zone != NULL) {
		TAILQ_REMOVE(&g_memzones.zones, zone, link);
	}
	pthread_mutex_unlock(&g_memzones.lock);
	if (zone == NULL) {
		return -1;
	}
	spdk_free(zone->addr);
	free(zone);
	return 0;
}

void
spdk_memzone_dump(FILE *f)
{
	struct memzone *zone;

	if (env_shared() != NULL) {
		env_shared()->name_dump(ENV_NAME_ZONE, f);
		return;
	}
	pthread_mutex_lock(&g_memzones.lock);
	TAILQ_FOREACH(zone, &g_memzones.zones, link) {
		fprintf(f, "zone %s: %zu bytes at %p\n", zone->name, zone->len_bytes, zone->addr);
	}
	pthread_mutex_unlock(&g_memzones.lock);
}

void
env_memzone_fini(void)
{
	struct memzone *zone;

	while ((zone = TAILQ_FIRST(&g_memzones.zones)) != NULL) {
		TAILQ_REMOVE(&g_memzones.zones, zone, link);
		spdk_free(zone->addr);
		free(zone);
	}
}
