/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Where spdk_bdev_io come from, and who waits for them.
 *
 * A thread has a cache: a stack of free I/Os, with no lock. Behind it is a pool for all threads,
 * under a lock, from which a cache fills and to which it spills in batches. The pool begins empty
 * and is allocated a batch at a time, as used, up to bdev_io_pool_size.
 *
 * Each bdev channel owns one I/O beyond the pool, the reserve. It is what makes a stack of bdevs
 * progress when I/Os of the upper levels hold the whole pool: the lowest bdev always completes what
 * it has, its reserve comes back, the first who waits on that channel gets it, completes in turn,
 * and so on upwards.
 *
 * Who found nothing waits on its channel, first come first served; channels take turns. While
 * anybody waits the cache limit is 0, so that each I/O that is freed leads to the slow path, which
 * holds it back from the cache: no newcomer overtakes. Waiters are called from thread_defer(), not
 * from within spdk_bdev_free_io(), so that a chain of failures can't recurse.
 */

#include "bdev_internal.h"
#include "spdk_internal/system_state.h"

struct io_chunk {
	struct io_chunk *next;
};

static struct {
	pthread_mutex_t lock;
	struct spdk_bdev_io *free;
	uint32_t num_free;
	uint32_t num_allocated;
	size_t io_size_bytes; /* set once at init */
	struct io_chunk *chunks;
} g_pool SYSTEM_STATE = { .lock = PTHREAD_MUTEX_INITIALIZER };

void
bdev_pool_init(size_t ctx_size_bytes)
{
	g_pool.io_size_bytes = SPDK_ALIGN_CEIL(sizeof(struct spdk_bdev_io) + ctx_size_bytes,
	                                       (size_t)SPDK_CACHE_LINE_SIZE);
}

size_t
bdev_pool_ctx_size(void)
{
	return g_pool.io_size_bytes == 0 ? 0 : g_pool.io_size_bytes - sizeof(struct spdk_bdev_io);
}

void
bdev_pool_fini(void)
{
	struct io_chunk *chunk;

	while ((chunk = g_pool.chunks) != NULL) {
		g_pool.chunks = chunk->next;
		free(chunk);
	}
	g_pool.free = NULL;
	g_pool.num_free = 0;
	g_pool.num_allocated = 0;
	g_pool.io_size_bytes = 0;
}

/** Add up to a batch of new I/Os to the pool; pool lock held. */
static void
pool_grow_locked(void)
{
	uint32_t i, count = spdk_min(BDEV_IO_BATCH,
	                             g_bdev.opts.bdev_io_pool_size - g_pool.num_allocated);
	struct spdk_bdev_io *io;
	void *mem;

	if (count == 0 || posix_memalign(&mem, SPDK_CACHE_LINE_SIZE,
	                                 SPDK_CACHE_LINE_SIZE + count * g_pool.io_size_bytes)) {
		return;
	}
	memset(mem, 0, SPDK_CACHE_LINE_SIZE + count * g_pool.io_size_bytes);
	((struct io_chunk *)mem)->next = g_pool.chunks;
	g_pool.chunks = mem;
	for (i = 0; i < count; i++) {
		io = (void *)((char *)mem + SPDK_CACHE_LINE_SIZE + i * g_pool.io_size_bytes);
		io->internal.next = g_pool.free;
		g_pool.free = io;
	}
	g_pool.num_free += count;
	g_pool.num_allocated += count;
}

/** Move up to \p count I/Os from the pool to the cache. */
static void
cache_fill(struct bdev_mgmt_channel *mgmt, uint32_t count)
{
	struct spdk_bdev_io *io;

	pthread_mutex_lock(&g_pool.lock);
	if (g_pool.free == NULL) {
		pool_grow_locked();
	}
	while (count-- > 0 && (io = g_pool.free) != NULL) {
		g_pool.free = io->internal.next;
		g_pool.num_free--;
		io->internal.next = mgmt->cache;
		mgmt->cache = io;
		mgmt->cache_count++;
	}
	pthread_mutex_unlock(&g_pool.lock);
}

/** Move I/Os from the cache to the pool until \p keep are left. */
static void
cache_spill(struct bdev_mgmt_channel *mgmt, uint32_t keep)
{
	struct spdk_bdev_io *io;

	pthread_mutex_lock(&g_pool.lock);
	while (mgmt->cache_count > keep) {
		io = mgmt->cache;
		mgmt->cache = io->internal.next;
		mgmt->cache_count--;
		io->internal.next = g_pool.free;
		g_pool.free = io;
		g_pool.num_free++;
	}
	pthread_mutex_unlock(&g_pool.lock);
}

/** Keep what is free from newcomers. */
static void
cache_hold(struct bdev_mgmt_channel *mgmt)
{
	struct spdk_bdev_io *io;

	while ((io = mgmt->cache) != NULL) {
		mgmt->cache = io->internal.next;
		mgmt->cache_count--;
		io->internal.next = mgmt->held;
		mgmt->held = io;
	}
}

/** Put up to \p count of those that are held back where bdev_io_get() finds them. */
static void
cache_release(struct bdev_mgmt_channel *mgmt, uint32_t count)
{
	struct spdk_bdev_io *io;

	while (count-- > 0 && (io = mgmt->held) != NULL) {
		mgmt->held = io->internal.next;
		io->internal.next = mgmt->cache;
		mgmt->cache = io;
		mgmt->cache_count++;
	}
}

void
bdev_pool_drain(struct bdev_mgmt_channel *mgmt)
{
	cache_release(mgmt, UINT32_MAX);
	cache_spill(mgmt, 0);
}

struct spdk_bdev_io *
bdev_io_alloc_reserve(struct spdk_bdev_channel *ch)
{
	struct spdk_bdev_io *io = NULL;

	if (posix_memalign((void **)&io, SPDK_CACHE_LINE_SIZE, g_pool.io_size_bytes) != 0) {
		return NULL;
	}
	memset(io, 0, g_pool.io_size_bytes);
	io->internal.reserved = true;
	io->internal.ch = ch;
	return io;
}

static struct spdk_bdev_io *
take_reserve(struct spdk_bdev_channel *ch)
{
	if (ch->reserve_out) {
		return NULL;
	}
	ch->reserve_out = true;
	return ch->reserve;
}

struct spdk_bdev_io *
bdev_io_get_slow(struct spdk_bdev_channel *ch)
{
	struct bdev_mgmt_channel *mgmt = ch->mgmt;
	struct spdk_bdev_io *io;

	if (TAILQ_EMPTY(&mgmt->waiting)) {
		/* The last who waited may need another one: they are held for nobody else. */
		cache_release(mgmt, UINT32_MAX);
	} else if (!mgmt->waking) {
		return NULL;
	}
	if (mgmt->cache == NULL) {
		cache_fill(mgmt,
		           spdk_min(BDEV_IO_BATCH, spdk_max(1u, g_bdev.opts.bdev_io_cache_size)));
	}
	io = mgmt->cache;
	if (io == NULL) {
		return take_reserve(ch);
	}
	mgmt->cache = io->internal.next;
	mgmt->cache_count--;
	return io;
}

/** Whether there is an I/O for who waits on this channel; what is free is held from now on. */
static bool
hold_available(struct spdk_bdev_channel *ch)
{
	struct bdev_mgmt_channel *mgmt = ch->mgmt;

	if (mgmt->cache == NULL && mgmt->held == NULL) {
		cache_fill(mgmt, 1);
	}
	cache_hold(mgmt);
	return mgmt->held != NULL || !ch->reserve_out;
}

int
spdk_bdev_queue_io_wait(struct spdk_bdev *bdev, struct spdk_io_channel *_ch,
                        struct spdk_bdev_io_wait_entry *entry)
{
	struct spdk_bdev_channel *ch = spdk_io_channel_get_ctx(_ch);
	struct bdev_mgmt_channel *mgmt = ch->mgmt;

	if (bdev != entry->bdev || bdev != ch->bdev) {
		SPDK_ERRLOG("bdev %s: entry and channel must be of the bdev that is waited for\n",
		            bdev->name);
		return -EINVAL;
	}
	if (TAILQ_EMPTY(&mgmt->waiting) && (mgmt->cache != NULL || !ch->reserve_out)) {
		SPDK_ERRLOG("bdev %s: an I/O is free: submit instead of waiting\n", bdev->name);
		return -EINVAL;
	}
	if (entry->dep_unblock) {
		/* Others depend on this one: it goes first. */
		TAILQ_INSERT_HEAD(&ch->waiters, entry, link);
	} else {
		TAILQ_INSERT_TAIL(&ch->waiters, entry, link);
	}
	if (!ch->is_waiting) {
		ch->is_waiting = true;
		TAILQ_INSERT_TAIL(&mgmt->waiting, ch, wait_link);
	}
	mgmt->cache_limit = 0;
	if (hold_available(ch)) {
		/* Others were first and their turn is under way, or another thread gave one back
		 * after ours was refused. */
		thread_defer(&mgmt->wake);
	}
	return 0;
}

/** Call the first waiter of \p ch; it may queue again, at the end. */
static void
wake_one(struct bdev_mgmt_channel *mgmt, struct spdk_bdev_channel *ch)
{
	struct spdk_bdev_io_wait_entry *entry = TAILQ_FIRST(&ch->waiters);

	TAILQ_REMOVE(&ch->waiters, entry, link);
	TAILQ_REMOVE(&mgmt->waiting, ch, wait_link);
	ch->is_waiting = !TAILQ_EMPTY(&ch->waiters);
	if (ch->is_waiting) {
		TAILQ_INSERT_TAIL(&mgmt->waiting, ch, wait_link); /* the others' turn first */
	}
	cache_release(mgmt, 1);
	entry->cb_fn(entry->cb_arg);
	cache_hold(mgmt);
}

/** The next channel that waits and for which there is an I/O. */
static struct spdk_bdev_channel *
next_to_wake(struct bdev_mgmt_channel *mgmt)
{
	struct spdk_bdev_channel *ch;

	TAILQ_FOREACH(ch, &mgmt->waiting, wait_link) {
		if (hold_available(ch)) {
			return ch;
		}
	}
	return NULL;
}

/* A waiter that submits nothing leaves its I/O to the next; one that finds that it needs two
 * queues again. The bound keeps a step finite: what is left is woken in the next one. */
void
bdev_wake_waiters(void *arg)
{
	struct bdev_mgmt_channel *mgmt = arg;
	struct spdk_bdev_channel *ch = NULL;
	uint32_t budget = 256;

	mgmt->waking = true;
	while (budget-- > 0 && (ch = next_to_wake(mgmt)) != NULL) {
		wake_one(mgmt, ch);
	}
	mgmt->waking = false;
	if (TAILQ_EMPTY(&mgmt->waiting)) {
		mgmt->cache_limit = g_bdev.opts.bdev_io_cache_size;
		cache_release(mgmt, UINT32_MAX);
	} else if (ch != NULL) {
		thread_defer(&mgmt->wake);
	}
}

void
bdev_io_put_slow(struct bdev_mgmt_channel *mgmt)
{
	if (!TAILQ_EMPTY(&mgmt->waiting)) {
		if (!mgmt->waking) {
			cache_hold(mgmt);
		}
		thread_defer(&mgmt->wake);
		return;
	}
	mgmt->cache_limit = g_bdev.opts.bdev_io_cache_size;
	if (mgmt->cache_count > mgmt->cache_limit + BDEV_IO_BATCH) {
		cache_spill(mgmt, mgmt->cache_limit);
	}
}

void
spdk_bdev_free_io(struct spdk_bdev_io *io)
{
	struct spdk_bdev_channel *ch = io->internal.ch;
	struct bdev_mgmt_channel *mgmt = ch->mgmt;

	assert(io->internal.status != SPDK_BDEV_IO_STATUS_PENDING);
	if (spdk_unlikely(io->internal.special & BDEV_IO_HAS_BUF)) {
		bdev_io_put_buf(io);
	}
	if (spdk_unlikely(io->internal.reserved)) {
		ch->reserve_out = false;
		bdev_io_put_slow(mgmt);
		return;
	}
	io->internal.next = mgmt->cache;
	mgmt->cache = io;
	if (spdk_unlikely(++mgmt->cache_count > mgmt->cache_limit)) {
		bdev_io_put_slow(mgmt);
	}
}
