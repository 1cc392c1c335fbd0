/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A thread's side of iobuf: getting and putting buffers, and the queue of those that wait. All on
 * the channel's thread.
 *
 *	get: cache -> ring (a batch) -> the channel's own buffer -> the thread's queue
 *	put: own buffer back to its channel -> the first in the queue -> cache -> ring
 *
 * First come, first served within a thread: while its queue is not empty, nobody passes it but by
 * the own buffer of a channel that has nobody waiting. Between threads buffers go by turns, and who
 * comes while any thread waits stands behind it: only what its cache holds until it hears of that,
 * at its next step, and its own buffer are still its. While anybody waits, caches are off
 * (cache_size 0), so that no buffer lies idle; that also makes put take its slow way, which knows
 * own buffers from others. Own buffers are why nothing hangs: whoever holds them all, one request
 * of each channel gets on.
 *
 * Call-backs of entries run at the end of the step, not inside the put that served them, so that
 * put never recurses; until then the buffer's head says whose it is. */

#include "iobuf_internal.h"

static void
thread_set_pressure(struct iobuf_thread *thr, enum iobuf_size size, bool on)
{
	struct spdk_iobuf_pool_cache *cache;
	struct iobuf_owner *owner;

	thr->pressure[size] = on;
	TAILQ_FOREACH(owner, &thr->owners, link) {
		cache = iobuf_channel_cache(owner->ch, size);
		iobuf_owner_update_cache(owner, size);
		if (on) {
			iobuf_cache_give(thr->pool[size], cache, cache->cache_count);
		}
	}
}

/* ---- Serving those that wait ---- */

void
iobuf_grants_run(void *arg)
{
	struct iobuf_thread *thr = arg;
	struct iobuf_grant *grant;
	uint32_t count = 0;

	if (thr->moved) {
		iobuf_thread_moved(thr);
	}
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
queue_is_empty(struct iobuf_thread *thr, enum iobuf_size size)
{
	iobuf_pool_stop_waiting(thr->pool[size], &thr->wait[size]);
	if (thr->moved) {
		thread_defer(&thr->deferred); /* not amid a walk over the pool */
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
		queue_is_empty(thr, size);
	}
}

/* As many of the queue as have their turn and find a buffer; the rest of the ring is for others. */
static void
thread_serve(struct iobuf_thread *thr, struct iobuf_pool *pool)
{
	enum iobuf_size size = pool->size;
	struct spdk_iobuf_entry *entry;
	void *buf;

	while (pool == thr->pool[size] && (entry = STAILQ_FIRST(&thr->queue[size])) != NULL &&
	       (buf = iobuf_pool_take_in_turn(pool, &thr->wait[size])) != NULL) {
		entry_grant(thr, size, entry, buf);
	}
	iobuf_pool_pass_on(pool);
}

void
iobuf_serve_msg(void *arg)
{
	struct iobuf_thread *thr = thread_current()->iobuf;

	/* NULL: gone, and what it was sent for was passed on when it went. */
	if (thr != NULL && iobuf_nodes_have(arg)) {
		thread_serve(thr, arg);
	}
}

void
iobuf_pressure_msg(void *arg)
{
	struct iobuf_thread *thr = thread_current()->iobuf;
	struct iobuf_pool *pool = arg;

	if (thr != NULL && (thr->pool[IOBUF_SMALL] == pool || thr->pool[IOBUF_LARGE] == pool)) {
		thread_set_pressure(thr, pool->size, true);
	}
}

/* ---- Get ---- */

static void
entry_enqueue(struct iobuf_owner *owner, enum iobuf_size size, struct spdk_iobuf_entry *entry,
              spdk_iobuf_get_cb cb_fn)
{
	struct iobuf_thread *thr = owner->thr;

	entry->cb_fn = cb_fn;
	entry->module = owner;
	STAILQ_INSERT_TAIL(&thr->queue[size], entry, stailq);
	iobuf_channel_cache(owner->ch, size)->stats.retry++;
	if (!thr->pressure[size]) {
		thread_set_pressure(thr, size, true);
	}
	if (iobuf_pool_wait(thr->pool[size], &thr->wait[size])) {
		iobuf_broadcast_pressure(thr->pool[size]);
	}
	/* Buffers given between the look at the ring and the place in the queue; they may be those
	 * of who stands before us. */
	thread_serve(thr, thr->pool[size]);
}

static uint32_t
batch_size(const struct iobuf_owner *owner, const struct iobuf_pool *pool)
{
	uint64_t batch = spdk_min(pool->cap / 256, IOBUF_BATCH_MAX);

	return spdk_max(spdk_min(batch, iobuf_owner_cache_limit(owner, pool->size)), 1);
}

static void *
get_slow(struct spdk_iobuf_channel *ch, enum iobuf_size size, struct spdk_iobuf_entry *entry,
         spdk_iobuf_get_cb cb_fn)
{
	struct spdk_iobuf_pool_cache *cache = iobuf_channel_cache(ch, size);
	struct iobuf_owner *owner = iobuf_channel_owner(ch);
	struct iobuf_pool *pool = owner->thr->pool[size];
	void *bufs[IOBUF_BATCH_MAX];
	uint32_t n;

	if (!iobuf_pool_has_waiters(pool)) {
		n = iobuf_pool_take(pool, bufs, batch_size(owner, pool));
		if (n > 0) {
			while (n > 1) {
				iobuf_cache_push(cache, bufs[--n]);
			}
			cache->stats.main++;
			return bufs[0];
		}
	}
	if (!owner->own_out[size]) {
		owner->own_out[size] = true;
		cache->cache_size = 0;
		cache->stats.main++;
		return owner->own[size];
	}
	if (entry != NULL) {
		entry_enqueue(owner, size, entry, cb_fn);
	}
	return NULL;
}

void *
spdk_iobuf_get(struct spdk_iobuf_channel *ch, uint64_t len, struct spdk_iobuf_entry *entry,
               spdk_iobuf_get_cb cb_fn)
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
		return iobuf_cache_pop(cache);
	}
	return get_slow(ch, cache == &node->small ? IOBUF_SMALL : IOBUF_LARGE, entry, cb_fn);
}

/* ---- Put ---- */

/* An own buffer goes to the first of its channel that waits, else back to its place. */
static void
put_own(struct iobuf_owner *owner, enum iobuf_size size)
{
	struct iobuf_thread *thr = owner->thr;
	struct spdk_iobuf_entry *entry;

	assert(owner->own_out[size]);
	STAILQ_FOREACH(entry, &thr->queue[size], stailq) {
		if (entry->module == owner) {
			entry_grant(thr, size, entry, owner->own[size]);
			return;
		}
	}
	owner->own_out[size] = false;
	iobuf_owner_update_cache(owner, size);
}

/* Whether this buffer goes to the thread's own queue, or to another thread whose turn it is. */
static bool
is_own_turn(struct iobuf_thread *thr, enum iobuf_size size)
{
	if (STAILQ_EMPTY(&thr->queue[size])) {
		return false;
	}
	return iobuf_pool_take_turn(thr->pool[size], &thr->wait[size]);
}

static void
put_slow(struct spdk_iobuf_channel *ch, enum iobuf_size size, void *buf)
{
	struct spdk_iobuf_pool_cache *cache = iobuf_channel_cache(ch, size);
	struct iobuf_owner *owner = iobuf_channel_owner(ch);
	struct iobuf_thread *thr = owner->thr;
	struct iobuf_pool *pool = thr->pool[size];
	uint32_t limit;

	if (buf == owner->own[size]) {
		put_own(owner, size);
		return;
	}
	if (thr->mixed && iobuf_pool_of(buf) != pool) {
		iobuf_pool_give(iobuf_pool_of(buf), &buf, 1);
		return;
	}
	if (is_own_turn(thr, size)) {
		entry_grant(thr, size, STAILQ_FIRST(&thr->queue[size]), buf);
		return;
	}
	if (thr->pressure[size] && !iobuf_pool_has_waiters(pool)) {
		thread_set_pressure(thr, size, false);
	}
	limit = iobuf_owner_cache_limit(owner, size);
	if (limit > 0 && cache->cache_count >= limit) {
		iobuf_cache_give(pool, cache, batch_size(owner, pool));
	}
	if (cache->cache_count < limit) {
		iobuf_cache_push(cache, buf);
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

	/* While somebody waits, an own buffer is out, or some are of another node, it is 0. */
	if (spdk_likely(cache->cache_count < cache->cache_size)) {
		iobuf_cache_push(cache, buf);
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
	struct iobuf_thread *thr = iobuf_channel_owner(ch)->thr;
	struct spdk_iobuf_entry *other;
	struct iobuf_grant *grant;

	STAILQ_FOREACH(other, &thr->queue[size], stailq) {
		if (other == entry) {
			STAILQ_REMOVE(&thr->queue[size], entry, spdk_iobuf_entry, stailq);
			if (STAILQ_EMPTY(&thr->queue[size])) {
				queue_is_empty(thr, size);
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
	struct iobuf_owner *owner = iobuf_channel_owner(ch);
	struct spdk_iobuf_entry *entry, *next;
	struct iobuf_grant *grant, *next_grant;
	int size, rc;

	/* The function may abort the entry it gets. */
	STAILQ_FOREACH_SAFE(grant, &owner->thr->grants, link, next_grant) {
		if (grant->entry->module == owner) {
			rc = cb_fn(ch, grant->entry, cb_ctx);
			if (rc != 0) {
				return rc;
			}
		}
	}
	for (size = 0; size < IOBUF_NUM_SIZES; size++) {
		STAILQ_FOREACH_SAFE(entry, &owner->thr->queue[size], stailq, next) {
			if (entry->module != owner) {
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
