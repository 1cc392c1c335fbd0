/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A thread's side of iobuf: channels with a cache, the queue of those that wait, and what each
 * stacking depth owns. All on the channel's thread.
 *
 *	get: cache -> ring (a batch) -> the depth's own buffer -> the thread's queue
 *	put: own buffer back to its depth -> the first in the queue -> cache -> ring
 *
 * First come, first served within a thread: while its queue is not empty, nobody passes it but by
 * the own buffer of a depth that has nobody waiting. Between threads buffers go by turns. While
 * anybody waits, caches are off (cache_size 0), so that no buffer lies idle; that also makes put
 * take its slow way, which knows own buffers from others. Own buffers are why nothing hangs: at
 * every depth one request of a thread has a buffer, its child has one of the next depth, and the
 * deepest completes.
 *
 * Call-backs of entries run at the end of the step, not inside the put that served them, so that
 * put never recurses; until then the buffer's head says whose it is. */

#include "iobuf_internal.h"

#include "spdk_internal/system_state.h"

#define IOBUF_BATCH_MAX 32

static struct {
	pthread_mutex_t lock;
	TAILQ_HEAD(, iobuf_thread) threads; /* under the lock */
} g_iobuf_threads SYSTEM_STATE = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.threads = TAILQ_HEAD_INITIALIZER(g_iobuf_threads.threads),
};

static inline struct spdk_iobuf_pool_cache *
channel_cache(struct spdk_iobuf_channel *ch, enum iobuf_size size)
{
	return size == IOBUF_SMALL ? &ch->cache[0].small : &ch->cache[0].large;
}

static inline struct iobuf_owner *
channel_owner(struct spdk_iobuf_channel *ch)
{
	return (struct iobuf_owner *)ch->module;
}

static inline void
cache_push(struct spdk_iobuf_pool_cache *cache, void *buf)
{
	STAILQ_INSERT_HEAD(&cache->cache, (struct spdk_iobuf_buffer *)buf, stailq);
	cache->cache_count++;
}

static inline void *
cache_pop(struct spdk_iobuf_pool_cache *cache)
{
	struct spdk_iobuf_buffer *buf = STAILQ_FIRST(&cache->cache);

	STAILQ_REMOVE_HEAD(&cache->cache, stailq);
	cache->cache_count--;
	return buf;
}

/* Give `count` buffers of a cache to all. */
static void
cache_give(struct spdk_iobuf_pool_cache *cache, enum iobuf_size size, uint32_t count)
{
	void *bufs[IOBUF_BATCH_MAX];
	uint32_t n;

	while (count > 0) {
		for (n = 0; n < spdk_min(count, IOBUF_BATCH_MAX); n++) {
			bufs[n] = cache_pop(cache);
		}
		iobuf_pool_give(iobuf_get_pool(size), bufs, n);
		count -= n;
	}
}

static bool
owner_has_lane_out(const struct iobuf_owner *owner, enum iobuf_size size)
{
	uint32_t i;

	for (i = 0; i < owner->num_lanes; i++) {
		if (owner->lanes[i].out[size]) {
			return true;
		}
	}
	return false;
}

static void
owner_update_cache(struct iobuf_owner *owner, enum iobuf_size size)
{
	bool off = owner->thr->pressure[size] || owner_has_lane_out(owner, size);

	channel_cache(owner->ch, size)->cache_size = off ? 0 : owner->cache_size[size];
}

static void
thread_set_pressure(struct iobuf_thread *thr, enum iobuf_size size, bool on)
{
	struct spdk_iobuf_pool_cache *cache;
	struct iobuf_owner *owner;

	thr->pressure[size] = on;
	TAILQ_FOREACH(owner, &thr->owners, link) {
		cache = channel_cache(owner->ch, size);
		owner_update_cache(owner, size);
		if (on) {
			cache_give(cache, size, cache->cache_count);
		}
	}
}

/* ---- Serving those that wait ---- */

static void
grants_run(void *arg)
{
	struct iobuf_thread *thr = arg;
	struct iobuf_grant *grant;
	uint32_t count = 0;

	STAILQ_FOREACH(grant, &thr->grants, link) {
		count++;
	}
	/* What call-backs add waits for the next step; they may also abort what is ahead. */
	while (count-- > 0 && (grant = STAILQ_FIRST(&thr->grants)) != NULL) {
		STAILQ_REMOVE_HEAD(&thr->grants, link);
		grant->entry->cb_fn(grant->entry, grant);
	}
}

static void
entry_grant(struct iobuf_thread *thr, enum iobuf_size size, struct spdk_iobuf_entry *entry,
            void *buf)
{
	struct iobuf_grant *grant = buf;

	STAILQ_REMOVE(&thr->queue[size], entry, spdk_iobuf_entry, stailq);
	grant->entry = entry;
	grant->size = size;
	STAILQ_INSERT_TAIL(&thr->grants, grant, link);
	thread_defer(&thr->deferred);
	if (STAILQ_EMPTY(&thr->queue[size])) {
		iobuf_pool_stop_waiting(iobuf_get_pool(size), &thr->wait[size]);
	}
}

/* As many of the queue as the ring has buffers for. */
static void
thread_serve(struct iobuf_thread *thr, enum iobuf_size size)
{
	struct spdk_iobuf_entry *entry;
	void *buf;

	while ((entry = STAILQ_FIRST(&thr->queue[size])) != NULL &&
	       iobuf_pool_take(iobuf_get_pool(size), &buf, 1) == 1) {
		entry_grant(thr, size, entry, buf);
	}
}

void
iobuf_serve_msg(void *arg)
{
	struct iobuf_thread *thr = thread_current()->iobuf;
	enum iobuf_size size = (enum iobuf_size)(uintptr_t)arg;
	bool waited;

	if (thr == NULL) {
		return;
	}
	waited = !STAILQ_EMPTY(&thr->queue[size]);
	thread_serve(thr, size);
	if (!waited &&
	    atomic_load_explicit(&iobuf_get_pool(size)->num_waiters, memory_order_relaxed) != 0) {
		/* Not in need any more: pass the word on. */
		iobuf_pool_give(iobuf_get_pool(size), NULL, 0);
	}
}

static void
pressure_msg(void *arg)
{
	struct iobuf_thread *thr = thread_current()->iobuf;

	if (thr != NULL) {
		thread_set_pressure(thr, (enum iobuf_size)(uintptr_t)arg, true);
	}
}

static void
broadcast_pressure(enum iobuf_size size)
{
	struct iobuf_thread *thr;

	pthread_mutex_lock(&g_iobuf_threads.lock);
	TAILQ_FOREACH(thr, &g_iobuf_threads.threads, link) {
		if (thr->thread != thread_current()) {
			msg_post(thr->thread, pressure_msg, (void *)(uintptr_t)size);
		}
	}
	pthread_mutex_unlock(&g_iobuf_threads.lock);
}

/* ---- Get ---- */

static void
entry_enqueue(struct iobuf_lane *lane, enum iobuf_size size, struct spdk_iobuf_entry *entry,
              spdk_iobuf_get_cb cb_fn)
{
	struct iobuf_thread *thr = lane->owner->thr;

	entry->cb_fn = cb_fn;
	entry->module = lane;
	STAILQ_INSERT_TAIL(&thr->queue[size], entry, stailq);
	channel_cache(lane->owner->ch, size)->stats.retry++;
	if (!thr->pressure[size]) {
		thread_set_pressure(thr, size, true);
	}
	if (iobuf_pool_wait(iobuf_get_pool(size), &thr->wait[size])) {
		broadcast_pressure(size);
	}
	/* Buffers given between the look at the ring and the place in the queue. */
	thread_serve(thr, size);
}

static uint32_t
batch_size(const struct spdk_iobuf_pool_cache *cache, const struct iobuf_pool *pool)
{
	uint64_t batch = spdk_min(pool->cap / 256, IOBUF_BATCH_MAX);

	return spdk_max(spdk_min(batch, cache->cache_size), 1);
}

static void *
get_slow(struct spdk_iobuf_channel *ch, uint32_t depth, enum iobuf_size size,
         struct spdk_iobuf_entry *entry, spdk_iobuf_get_cb cb_fn)
{
	struct spdk_iobuf_pool_cache *cache = channel_cache(ch, size);
	struct iobuf_owner *owner = channel_owner(ch);
	struct iobuf_pool *pool = iobuf_get_pool(size);
	struct iobuf_lane *lane;
	void *bufs[IOBUF_BATCH_MAX];
	uint32_t n;

	if (STAILQ_EMPTY(&owner->thr->queue[size])) {
		n = iobuf_pool_take(pool, bufs, batch_size(cache, pool));
		if (n > 0) {
			while (n > 1) {
				cache_push(cache, bufs[--n]);
			}
			cache->stats.main++;
			return bufs[0];
		}
	}
	assert(depth < owner->num_lanes);
	lane = &owner->lanes[depth];
	if (!lane->out[size]) {
		lane->out[size] = true;
		cache->cache_size = 0;
		cache->stats.main++;
		return lane->buf[size];
	}
	if (entry != NULL) {
		entry_enqueue(lane, size, entry, cb_fn);
	}
	return NULL;
}

void *
iobuf_get_at_depth(struct spdk_iobuf_channel *ch, uint32_t depth, uint64_t len,
                   struct spdk_iobuf_entry *entry, spdk_iobuf_get_cb cb_fn)
{
	struct spdk_iobuf_node_cache *node = &ch->cache[0];
	struct spdk_iobuf_pool_cache *cache = &node->small;

	if (len > cache->bufsize) {
		cache = &node->large;
		if (spdk_unlikely(len > cache->bufsize)) {
			SPDK_ERRLOG("An I/O buffer of %" PRIu64 " bytes can never be had; the "
			            "largest has %u\n",
			            len, cache->bufsize);
			return NULL;
		}
	}
	if (spdk_likely(cache->cache_count > 0)) {
		cache->stats.cache++;
		return cache_pop(cache);
	}
	return get_slow(ch, depth, cache == &node->small ? IOBUF_SMALL : IOBUF_LARGE, entry, cb_fn);
}

void *
spdk_iobuf_get(struct spdk_iobuf_channel *ch, uint64_t len, struct spdk_iobuf_entry *entry,
               spdk_iobuf_get_cb cb_fn)
{
	return iobuf_get_at_depth(ch, 0, len, entry, cb_fn);
}

/* ---- Put ---- */

static struct iobuf_lane *
owner_find_lane(struct iobuf_owner *owner, enum iobuf_size size, const void *buf)
{
	uint32_t i;

	for (i = 0; i < owner->num_lanes; i++) {
		if (owner->lanes[i].buf[size] == buf) {
			return &owner->lanes[i];
		}
	}
	return NULL;
}

/* An own buffer goes to the first of its depth that waits, else back to its place. */
static void
put_own(struct iobuf_lane *lane, enum iobuf_size size)
{
	struct iobuf_thread *thr = lane->owner->thr;
	struct spdk_iobuf_entry *entry;

	assert(lane->out[size]);
	STAILQ_FOREACH(entry, &thr->queue[size], stailq) {
		if (entry->module == lane) {
			entry_grant(thr, size, entry, lane->buf[size]);
			return;
		}
	}
	lane->out[size] = false;
	owner_update_cache(lane->owner, size);
}

/* Whether this buffer goes to the thread's own queue, or to another thread whose turn it is. */
static bool
is_own_turn(struct iobuf_thread *thr, enum iobuf_size size)
{
	if (STAILQ_EMPTY(&thr->queue[size])) {
		return false;
	}
	return iobuf_pool_take_turn(iobuf_get_pool(size), &thr->wait[size]);
}

static void
put_slow(struct spdk_iobuf_channel *ch, enum iobuf_size size, void *buf)
{
	struct spdk_iobuf_pool_cache *cache = channel_cache(ch, size);
	struct iobuf_owner *owner = channel_owner(ch);
	struct iobuf_pool *pool = iobuf_get_pool(size);
	struct iobuf_thread *thr = owner->thr;
	struct iobuf_lane *lane = owner_find_lane(owner, size, buf);

	if (lane != NULL) {
		put_own(lane, size);
		return;
	}
	if (is_own_turn(thr, size)) {
		entry_grant(thr, size, STAILQ_FIRST(&thr->queue[size]), buf);
		return;
	}
	if (thr->pressure[size] &&
	    atomic_load_explicit(&pool->num_waiters, memory_order_relaxed) == 0) {
		thread_set_pressure(thr, size, false);
	}
	if (cache->cache_size > 0 && cache->cache_count >= cache->cache_size) {
		cache_give(cache, size, batch_size(cache, pool));
	}
	if (cache->cache_count < cache->cache_size) {
		cache_push(cache, buf);
	} else {
		iobuf_pool_give(pool, &buf, 1);
	}
}

void
spdk_iobuf_put(struct spdk_iobuf_channel *ch, void *buf, uint64_t len)
{
	struct spdk_iobuf_node_cache *node = &ch->cache[0];
	struct spdk_iobuf_pool_cache *cache =
	        len <= node->small.bufsize ? &node->small : &node->large;

	/* While somebody waits, or an own buffer is out, cache_size is 0. */
	if (spdk_likely(cache->cache_count < cache->cache_size)) {
		cache_push(cache, buf);
		return;
	}
	put_slow(ch, cache == &node->small ? IOBUF_SMALL : IOBUF_LARGE, buf);
}

/* ---- Entries that wait ---- */

static struct iobuf_grant *
grant_of(struct iobuf_thread *thr, const struct spdk_iobuf_entry *entry)
{
	struct iobuf_grant *grant;

	STAILQ_FOREACH(grant, &thr->grants, link) {
		if (grant->entry == entry) {
			break;
		}
	}
	return grant;
}

void
spdk_iobuf_entry_abort(struct spdk_iobuf_channel *ch, struct spdk_iobuf_entry *entry, uint64_t len)
{
	enum iobuf_size size = len <= ch->cache[0].small.bufsize ? IOBUF_SMALL : IOBUF_LARGE;
	struct iobuf_thread *thr = channel_owner(ch)->thr;
	struct spdk_iobuf_entry *other;
	struct iobuf_grant *grant;

	STAILQ_FOREACH(other, &thr->queue[size], stailq) {
		if (other == entry) {
			STAILQ_REMOVE(&thr->queue[size], entry, spdk_iobuf_entry, stailq);
			if (STAILQ_EMPTY(&thr->queue[size])) {
				iobuf_pool_stop_waiting(iobuf_get_pool(size), &thr->wait[size]);
			}
			return;
		}
	}
	grant = grant_of(thr, entry);
	if (grant != NULL) {
		STAILQ_REMOVE(&thr->grants, grant, iobuf_grant, link);
		spdk_iobuf_put(ch, grant, len);
	}
}

int
spdk_iobuf_for_each_entry(struct spdk_iobuf_channel *ch, spdk_iobuf_for_each_entry_fn cb_fn,
                          void *cb_ctx)
{
	struct iobuf_owner *owner = channel_owner(ch);
	struct spdk_iobuf_entry *entry, *next;
	struct iobuf_grant *grant, *next_grant;
	int size, rc;

	/* The function may abort the entry it gets. */
	STAILQ_FOREACH_SAFE(grant, &owner->thr->grants, link, next_grant) {
		if (((const struct iobuf_lane *)grant->entry->module)->owner == owner) {
			rc = cb_fn(ch, grant->entry, cb_ctx);
			if (rc != 0) {
				return rc;
			}
		}
	}
	for (size = 0; size < IOBUF_NUM_SIZES; size++) {
		STAILQ_FOREACH_SAFE(entry, &owner->thr->queue[size], stailq, next) {
			if (((const struct iobuf_lane *)entry->module)->owner != owner) {
				continue;
			}
			rc = cb_fn(ch, entry, cb_ctx);
			if (rc != 0) {
				return rc;
			}
		}
	}
	return 0;
}

/* ---- Channels ---- */

int
iobuf_thread_create(void *io_device, void *ctx_buf)
{
	struct iobuf_thread *thr = ctx_buf;
	int size;

	thr->thread = thread_current();
	thr->deferred.fn = grants_run;
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
	struct iobuf_owner *owner = channel_owner(ch);
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
	struct spdk_iobuf_pool_cache *cache = channel_cache(owner->ch, size);

	STAILQ_INIT(&cache->cache);
	cache->pool = iobuf_get_pool(size)->ring;
	cache->queue = &owner->thr->queue[size];
	cache->bufsize = iobuf_get_pool(size)->bufsize;
	cache->stats.cache_size = cache_size;
	owner->cache_size[size] = cache_size;
	owner_update_cache(owner, size);
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
	struct iobuf_owner *owner = channel_owner(ch);
	int size;
	uint32_t i;

	assert(spdk_io_channel_get_thread(ch->parent) == thread_current());
	/* An entry that still waits would be called after its owner is gone. */
	assert(spdk_iobuf_for_each_entry(ch, entry_is_left, NULL) == 0);
	for (size = 0; size < IOBUF_NUM_SIZES; size++) {
		assert(!owner_has_lane_out(owner, size));
		cache_give(channel_cache(ch, size), size, channel_cache(ch, size)->cache_count);
	}
	for (i = 0; i < owner->num_lanes; i++) {
		lane_free(&owner->lanes[i]);
	}
	TAILQ_REMOVE(&owner->thr->owners, owner, link);
	spdk_put_io_channel(ch->parent);
	memset(ch, 0, sizeof(*ch));
	free(owner);
}
