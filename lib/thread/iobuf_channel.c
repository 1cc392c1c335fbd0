/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Channels of iobuf and what they own: caches, the own buffers of each stacking depth, a thread's
 * part with the list of those. All on the channel's thread; the list of threads is under its lock.
 * How buffers are got and put: iobuf_io.c. */

#include "iobuf_internal.h"

#include "spdk_internal/system_state.h"

static struct {
	pthread_mutex_t lock;
	TAILQ_HEAD(, iobuf_thread) threads; /* under the lock */
} g_iobuf_threads SYSTEM_STATE = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.threads = TAILQ_HEAD_INITIALIZER(g_iobuf_threads.threads),
};

/* Give `count` buffers of a cache to all. */
void
iobuf_cache_give(struct spdk_iobuf_pool_cache *cache, enum iobuf_size size, uint32_t count)
{
	void *bufs[IOBUF_BATCH_MAX];
	uint32_t n;

	while (count > 0) {
		for (n = 0; n < spdk_min(count, IOBUF_BATCH_MAX); n++) {
			bufs[n] = iobuf_cache_pop(cache);
		}
		iobuf_pool_give(iobuf_get_pool(size), bufs, n);
		count -= n;
	}
}

bool
iobuf_owner_has_lane_out(const struct iobuf_owner *owner, enum iobuf_size size)
{
	uint32_t i;

	for (i = 0; i < owner->num_lanes; i++) {
		if (owner->lanes[i].out[size]) {
			return true;
		}
	}
	return false;
}

void
iobuf_owner_update_cache(struct iobuf_owner *owner, enum iobuf_size size)
{
	bool off = owner->thr->pressure[size] || iobuf_owner_has_lane_out(owner, size);

	iobuf_channel_cache(owner->ch, size)->cache_size = off ? 0 : owner->cache_size[size];
}

void
iobuf_broadcast_pressure(enum iobuf_size size)
{
	struct iobuf_thread *thr;

	pthread_mutex_lock(&g_iobuf_threads.lock);
	TAILQ_FOREACH(thr, &g_iobuf_threads.threads, link) {
		if (thr->thread != thread_current()) {
			msg_post(thr->thread, iobuf_pressure_msg, (void *)(uintptr_t)size);
		}
	}
	pthread_mutex_unlock(&g_iobuf_threads.lock);
}

/* ---- Channels ---- */

int
iobuf_thread_create(void *io_device, void *ctx_buf)
{
	struct iobuf_thread *thr = ctx_buf;
	int size;

	thr->thread = thread_current();
	thr->deferred.fn = iobuf_grants_run;
	thr->deferred.arg = thr;
	STAILQ_INIT(&thr->grants);
	TAILQ_INIT(&thr->owners);
	for (size = 0; size < IOBUF_NUM_SIZES; size++) {
		STAILQ_INIT(&thr->queue[size]);
		thr->wait[size].thr = thr;
	}
	thr->thread->iobuf = thr;
	pthread_mutex_lock(&g_iobuf_threads.lock);
	TAILQ_INSERT_TAIL(&g_iobuf_threads.threads, thr, link);
	pthread_mutex_unlock(&g_iobuf_threads.lock);
	return 0;
}

void
iobuf_thread_destroy(void *io_device, void *ctx_buf)
{
	struct iobuf_thread *thr = ctx_buf;

	assert(TAILQ_EMPTY(&thr->owners) && STAILQ_EMPTY(&thr->grants));
	assert(STAILQ_EMPTY(&thr->queue[IOBUF_SMALL]) && STAILQ_EMPTY(&thr->queue[IOBUF_LARGE]));
	pthread_mutex_lock(&g_iobuf_threads.lock);
	TAILQ_REMOVE(&g_iobuf_threads.threads, thr, link);
	if (TAILQ_EMPTY(&g_iobuf_threads.threads)) {
		TAILQ_INIT(&g_iobuf_threads.threads);
	}
	pthread_mutex_unlock(&g_iobuf_threads.lock);
	thr->thread->iobuf = NULL;
	/* Word that is on its way to this thread finds nobody. */
	iobuf_pool_pass_on(iobuf_get_pool(IOBUF_SMALL));
	iobuf_pool_pass_on(iobuf_get_pool(IOBUF_LARGE));
}

static void
lane_free(struct iobuf_lane *lane)
{
	spdk_free(lane->buf[IOBUF_SMALL]);
	spdk_free(lane->buf[IOBUF_LARGE]);
	memset(lane, 0, sizeof(*lane));
}

static int
lane_init(struct iobuf_lane *lane, struct iobuf_owner *owner)
{
	int size;

	lane->owner = owner;
	for (size = 0; size < IOBUF_NUM_SIZES; size++) {
		lane->buf[size] = spdk_malloc(iobuf_get_pool(size)->bufsize, 4096, NULL,
		                              SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
		if (lane->buf[size] == NULL) {
			lane_free(lane);
			return -ENOMEM;
		}
	}
	return 0;
}

int
iobuf_channel_set_depths(struct spdk_iobuf_channel *ch, uint32_t num_depths)
{
	struct iobuf_owner *owner = iobuf_channel_owner(ch);
	int rc;

	if (num_depths == 0 || num_depths > IOBUF_DEPTH_MAX) {
		return -EINVAL;
	}
	while (owner->num_lanes < num_depths) {
		rc = lane_init(&owner->lanes[owner->num_lanes], owner);
		if (rc != 0) {
			return rc;
		}
		owner->num_lanes++;
	}
	return 0;
}

static void
channel_cache_init(struct iobuf_owner *owner, enum iobuf_size size, uint32_t cache_size)
{
	struct spdk_iobuf_pool_cache *cache = iobuf_channel_cache(owner->ch, size);

	STAILQ_INIT(&cache->cache);
	cache->pool = iobuf_get_pool(size)->ring;
	cache->queue = &owner->thr->queue[size];
	cache->bufsize = iobuf_get_pool(size)->bufsize;
	cache->stats.cache_size = cache_size;
	owner->cache_size[size] = cache_size;
	iobuf_owner_update_cache(owner, size);
}

int
spdk_iobuf_channel_init(struct spdk_iobuf_channel *ch, const char *name, uint32_t small_cache_size,
                        uint32_t large_cache_size)
{
	struct iobuf_module *module = iobuf_find_module(name);
	struct iobuf_owner *owner;
	int rc;

	if (module == NULL) {
		SPDK_ERRLOG("iobuf has no module %s: spdk_iobuf_register_module() comes first\n",
		            name);
		return -ENODEV;
	}
	owner = calloc(1, sizeof(*owner));
	if (owner == NULL) {
		return -ENOMEM;
	}
	memset(ch, 0, sizeof(*ch));
	ch->parent = iobuf_get_thread_channel();
	if (ch->parent == NULL) {
		free(owner);
		return -ENOMEM;
	}
	owner->module = module;
	owner->thr = spdk_io_channel_get_ctx(ch->parent);
	owner->ch = ch;
	ch->module = owner;
	rc = iobuf_channel_set_depths(ch, 1);
	if (rc != 0) {
		spdk_put_io_channel(ch->parent);
		free(owner);
		memset(ch, 0, sizeof(*ch));
		return rc;
	}
	channel_cache_init(owner, IOBUF_SMALL, small_cache_size);
	channel_cache_init(owner, IOBUF_LARGE, large_cache_size);
	TAILQ_INSERT_TAIL(&owner->thr->owners, owner, link);
	return 0;
}

static int
entry_is_left(struct spdk_iobuf_channel *ch, struct spdk_iobuf_entry *entry, void *ctx)
{
	return 1;
}

void
spdk_iobuf_channel_fini(struct spdk_iobuf_channel *ch)
{
	struct iobuf_owner *owner = iobuf_channel_owner(ch);
	int size;
	uint32_t i;

	assert(spdk_io_channel_get_thread(ch->parent) == thread_current());
	/* An entry that still waits would be called after its owner is gone. */
	assert(spdk_iobuf_for_each_entry(ch, entry_is_left, NULL) == 0);
	for (size = 0; size < IOBUF_NUM_SIZES; size++) {
		assert(!iobuf_owner_has_lane_out(owner, size));
		iobuf_cache_give(iobuf_channel_cache(ch, size), size,
		                 iobuf_channel_cache(ch, size)->cache_count);
	}
	for (i = 0; i < owner->num_lanes; i++) {
		lane_free(&owner->lanes[i]);
	}
	TAILQ_REMOVE(&owner->thr->owners, owner, link);
	spdk_put_io_channel(ch->parent);
	memset(ch, 0, sizeof(*ch));
	free(owner);
}
