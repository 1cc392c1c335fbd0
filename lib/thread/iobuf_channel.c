/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Channels of iobuf and what they own: caches, a buffer of each size, a thread's part with the list
 * of those. All on the channel's thread; the list of threads is under its lock.
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

void
iobuf_cache_give(struct iobuf_pool *pool, struct spdk_iobuf_pool_cache *cache, uint32_t count)
{
	void *bufs[IOBUF_BATCH_MAX];
	uint32_t n;

	while (count > 0) {
		for (n = 0; n < spdk_min(count, IOBUF_BATCH_MAX); n++) {
			bufs[n] = iobuf_cache_pop(cache);
		}
		iobuf_pool_give(pool, bufs, n);
		count -= n;
	}
}

uint32_t
iobuf_owner_cache_limit(const struct iobuf_owner *owner, enum iobuf_size size)
{
	bool off = owner->thr->pressure[size] || owner->own_out[size];

	return off ? 0 : owner->cache_size[size];
}

void
iobuf_owner_update_cache(struct iobuf_owner *owner, enum iobuf_size size)
{
	iobuf_channel_cache(owner->ch, size)->cache_size =
	        owner->thr->mixed ? 0 : iobuf_owner_cache_limit(owner, size);
}

void
iobuf_broadcast_pressure(struct iobuf_pool *pool)
{
	struct iobuf_thread *thr;

	pthread_mutex_lock(&g_iobuf_threads.lock);
	TAILQ_FOREACH(thr, &g_iobuf_threads.threads, link) {
		if (thr->thread != thread_current()) {
			msg_post(thr->thread, iobuf_pressure_msg, pool);
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
	iobuf_thread_settle(thr);
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
	iobuf_pool_pass_on(thr->pool[IOBUF_SMALL]);
	iobuf_pool_pass_on(thr->pool[IOBUF_LARGE]);
}

static void
owner_free(struct iobuf_owner *owner)
{
	spdk_free(owner->own[IOBUF_SMALL]);
	spdk_free(owner->own[IOBUF_LARGE]);
	free(owner);
}

static struct iobuf_owner *
owner_alloc(struct iobuf_thread *thr)
{
	struct iobuf_owner *owner = calloc(1, sizeof(*owner));
	int size;

	for (size = 0; owner != NULL && size < IOBUF_NUM_SIZES; size++) {
		owner->own[size] = spdk_malloc(thr->pool[size]->bufsize, 4096, NULL,
		                               thr->pool[size]->numa_id, SPDK_MALLOC_DMA);
		if (owner->own[size] == NULL) {
			owner_free(owner);
			return NULL;
		}
	}
	return owner;
}

static void
channel_cache_init(struct iobuf_owner *owner, enum iobuf_size size, uint32_t cache_size)
{
	struct spdk_iobuf_pool_cache *cache = iobuf_channel_cache(owner->ch, size);

	STAILQ_INIT(&cache->cache);
	cache->pool = owner->thr->pool[size]->ring;
	cache->queue = &owner->thr->queue[size];
	cache->bufsize = owner->thr->pool[size]->bufsize;
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

	if (module == NULL) {
		SPDK_ERRLOG("iobuf has no module %s: spdk_iobuf_register_module() comes first\n",
		            name);
		return -ENODEV;
	}
	memset(ch, 0, sizeof(*ch));
	ch->parent = iobuf_get_thread_channel();
	if (ch->parent == NULL) {
		return -ENOMEM;
	}
	owner = owner_alloc(spdk_io_channel_get_ctx(ch->parent));
	if (owner == NULL) {
		spdk_put_io_channel(ch->parent);
		memset(ch, 0, sizeof(*ch));
		return -ENOMEM;
	}
	owner->module = module;
	owner->thr = spdk_io_channel_get_ctx(ch->parent);
	owner->ch = ch;
	ch->module = owner;
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

	assert(spdk_io_channel_get_thread(ch->parent) == thread_current());
	/* An entry that still waits would be called after its owner is gone. */
	assert(spdk_iobuf_for_each_entry(ch, entry_is_left, NULL) == 0);
	for (size = 0; size < IOBUF_NUM_SIZES; size++) {
		assert(!owner->own_out[size]);
		iobuf_cache_give(owner->thr->pool[size], iobuf_channel_cache(ch, size),
		                 iobuf_channel_cache(ch, size)->cache_count);
	}
	TAILQ_REMOVE(&owner->thr->owners, owner, link);
	spdk_put_io_channel(ch->parent);
	memset(ch, 0, sizeof(*ch));
	owner_free(owner);
}
