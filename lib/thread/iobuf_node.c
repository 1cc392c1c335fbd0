/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Which pools there are: one of each size, or, with enable_numa, one of each size for each NUMA
 * node that a core of ours is on; and which of them a thread and a buffer belong to.
 *
 * A thread takes from, waits at and gives to the pools of the node that its core is on. When it has
 * come to another node its caches go back and it turns to the pools there, as soon as nobody of it
 * waits. From then on it looks, for each buffer that it puts, where that is from: some are out that
 * belong to the node it left. Threads that never change nodes look for nothing.
 *
 * What lies where is a sorted array of ranges, looked at without a lock. Who grows a pool puts a
 * new array in its place; the old ones stay until the end, since a thread may still look at them.
 * Start and end run on the app thread, without channels. */

#include "iobuf_internal.h"

#include "spdk_internal/system_state.h"

#define NODES_MAX 32

struct range {
	uintptr_t begin, end;
	struct iobuf_pool *pool;
};

struct ranges {
	struct ranges *before; /* the array whose place this one took */
	uint32_t num;
	struct range range[]; /* ascending */
};

static struct {
	struct iobuf_pool *pools[NODES_MAX][IOBUF_NUM_SIZES];
	int32_t numa_ids[NODES_MAX];
	uint32_t num_nodes;              /* 0: iobuf is not up */
	_Atomic(struct ranges *) ranges; /* NULL: with one node nobody asks */
	pthread_mutex_t lock;            /* who grows */
} g_iobuf_nodes SYSTEM_STATE = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int32_t
node_of_core(uint32_t core)
{
	return spdk_max(spdk_env_get_numa_id(core), 0);
}

/* ---- Start and end ---- */

static int
node_add(const struct spdk_iobuf_opts *opts, int32_t numa_id)
{
	struct iobuf_pool **pools = g_iobuf_nodes.pools[g_iobuf_nodes.num_nodes];
	int rc;

	g_iobuf_nodes.numa_ids[g_iobuf_nodes.num_nodes++] = numa_id;
	rc = iobuf_pool_create(&pools[IOBUF_SMALL], IOBUF_SMALL, opts->small_pool_count,
	                       opts->small_bufsize, numa_id);
	if (rc == 0) {
		rc = iobuf_pool_create(&pools[IOBUF_LARGE], IOBUF_LARGE, opts->large_pool_count,
		                       opts->large_bufsize, numa_id);
	}
	return rc;
}

/* The index of a node, num_nodes when it has no pools. */
static uint32_t
node_find(int32_t numa_id)
{
	uint32_t i;

	for (i = 0; i < g_iobuf_nodes.num_nodes; i++) {
		if (g_iobuf_nodes.numa_ids[i] == numa_id) {
			break;
		}
	}
	return i;
}

int
iobuf_nodes_create(const struct spdk_iobuf_opts *opts)
{
	uint32_t core;
	int32_t numa_id;
	int rc = 0;

	assert(g_iobuf_nodes.num_nodes == 0);
	if (!opts->enable_numa) {
		rc = node_add(opts, SPDK_ENV_NUMA_ID_ANY);
	}
	SPDK_ENV_FOREACH_CORE(core) {
		numa_id = node_of_core(core);
		if (opts->enable_numa && rc == 0 && g_iobuf_nodes.num_nodes < NODES_MAX &&
		    node_find(numa_id) == g_iobuf_nodes.num_nodes) {
			rc = node_add(opts, numa_id);
		}
	}
	if (rc != 0) {
		iobuf_nodes_destroy();
	}
	return rc;
}

void
iobuf_nodes_destroy(void)
{
	struct ranges *ranges, *before;
	uint32_t i;
	int size;

	for (i = 0; i < g_iobuf_nodes.num_nodes; i++) {
		for (size = 0; size < IOBUF_NUM_SIZES; size++) {
			iobuf_pool_destroy(g_iobuf_nodes.pools[i][size]);
			g_iobuf_nodes.pools[i][size] = NULL;
		}
		g_iobuf_nodes.numa_ids[i] = 0;
	}
	g_iobuf_nodes.num_nodes = 0;
	ranges = atomic_exchange_explicit(&g_iobuf_nodes.ranges, NULL, memory_order_relaxed);
	for (; ranges != NULL; ranges = before) {
		before = ranges->before;
		free(ranges);
	}
}

bool
iobuf_nodes_are_up(void)
{
	return g_iobuf_nodes.num_nodes != 0;
}

bool
iobuf_nodes_are_growing(void)
{
	uint32_t i;
	int size;

	for (i = 0; i < g_iobuf_nodes.num_nodes; i++) {
		for (size = 0; size < IOBUF_NUM_SIZES; size++) {
			if (iobuf_pool_is_growing(g_iobuf_nodes.pools[i][size])) {
				return true;
			}
		}
	}
	return false;
}

bool
iobuf_nodes_have(const struct iobuf_pool *pool)
{
	uint32_t i;

	for (i = 0; i < g_iobuf_nodes.num_nodes; i++) {
		if (pool == g_iobuf_nodes.pools[i][IOBUF_SMALL] ||
		    pool == g_iobuf_nodes.pools[i][IOBUF_LARGE]) {
			return true;
		}
	}
	return false;
}

/* ---- Whose a buffer is ---- */

static struct ranges *
ranges_with(struct ranges *before, const struct range *added)
{
	uint32_t i, num = before != NULL ? before->num : 0;
	struct ranges *ranges = malloc(sizeof(*ranges) + (num + 1) * sizeof(ranges->range[0]));

	if (ranges == NULL) {
		return NULL;
	}
	for (i = 0; i < num && before->range[i].begin < added->begin; i++) {
		ranges->range[i] = before->range[i];
	}
	ranges->range[i] = *added;
	for (; i < num; i++) {
		ranges->range[i + 1] = before->range[i];
	}
	ranges->num = num + 1;
	ranges->before = before;
	return ranges;
}

int
iobuf_nodes_add_memory(struct iobuf_pool *pool, void *memory, uint64_t len)
{
	struct range added = { (uintptr_t)memory, (uintptr_t)memory + len, pool };
	struct ranges *ranges;

	if (pool->numa_id == SPDK_ENV_NUMA_ID_ANY) {
		return 0;
	}
	pthread_mutex_lock(&g_iobuf_nodes.lock);
	ranges = ranges_with(atomic_load_explicit(&g_iobuf_nodes.ranges, memory_order_relaxed),
	                     &added);
	if (ranges != NULL) {
		/* Pairs with the acquire in iobuf_pool_of(). */
		atomic_store_explicit(&g_iobuf_nodes.ranges, ranges, memory_order_release);
	}
	pthread_mutex_unlock(&g_iobuf_nodes.lock);
	return ranges != NULL ? 0 : -ENOMEM;
}

struct iobuf_pool *
iobuf_pool_of(const void *buf)
{
	const struct ranges *ranges =
	        atomic_load_explicit(&g_iobuf_nodes.ranges, memory_order_acquire);
	uint32_t low = 0, high = ranges->num, mid;

	/* The last range that does not begin behind it. */
	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if ((uintptr_t)buf < ranges->range[mid].begin) {
			high = mid;
		} else {
			low = mid;
		}
	}
	assert((uintptr_t)buf >= ranges->range[low].begin &&
	       (uintptr_t)buf < ranges->range[low].end);
	return ranges->range[low].pool;
}

/* ---- Where a thread is ---- */

static struct iobuf_pool **
pools_here(void)
{
	uint32_t node = node_find(node_of_core(spdk_env_get_current_core()));

	/* Else a core that is none of ours, or one pool for all. */
	return g_iobuf_nodes.pools[node < g_iobuf_nodes.num_nodes ? node : 0];
}

void
iobuf_thread_settle(struct iobuf_thread *thr)
{
	memcpy(thr->pool, pools_here(), sizeof(thr->pool));
}

static void
owner_turn_to(struct iobuf_owner *owner, struct iobuf_pool *pool)
{
	struct spdk_iobuf_pool_cache *cache = iobuf_channel_cache(owner->ch, pool->size);

	iobuf_cache_give(owner->thr->pool[pool->size], cache, cache->cache_count);
	cache->pool = pool->ring;
	iobuf_owner_update_cache(owner, pool->size);
}

void
iobuf_thread_moved(struct iobuf_thread *thr)
{
	struct iobuf_pool **pools = pools_here();
	struct iobuf_owner *owner;
	int size;

	thr->moved = false;
	if (pools[0] == thr->pool[0]) {
		return;
	}
	if (!STAILQ_EMPTY(&thr->queue[IOBUF_SMALL]) || !STAILQ_EMPTY(&thr->queue[IOBUF_LARGE])) {
		thr->moved = true; /* when these have got theirs */
		return;
	}
	thr->mixed = true;
	for (size = 0; size < IOBUF_NUM_SIZES; size++) {
		/* Who began to wait there while this thread was elsewhere told it nothing; word of
		 * later ones comes as a message. */
		thr->pressure[size] = iobuf_pool_has_waiters(pools[size]);
		TAILQ_FOREACH(owner, &thr->owners, link) {
			owner_turn_to(owner, pools[size]);
		}
		thr->pool[size] = pools[size];
	}
}

void
thread_moved(struct spdk_thread *thread)
{
	if (thread->iobuf != NULL) {
		iobuf_thread_moved(thread->iobuf);
	}
}
