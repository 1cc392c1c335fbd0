/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A pool of I/O buffers that all threads, or those on one NUMA node, share: a ring of free buffers
 * of one size, which starts small and grows to its cap.
 *
 * The I/O path takes from the ring and gives to it, without a lock. When few are left it asks a
 * helper thread (env_work) for another arena; never more than one growth is under way, and after a
 * failure the next comes a second later. Threads that found the ring empty stand in `waiters`,
 * which has a mutex that only those who wait, and who give while somebody waits, take.
 *
 * First come, first served between threads: while any waits, buffers leave the ring only by turns
 * of those who wait, one a turn, and who comes goes to the end. Whoever puts buffers on the ring
 * sends word to the first; who has had its turn, or needs none any more, passes the word on while
 * buffers are left. So whenever there are both buffers and waiters a message is on its way to one
 * of them, and nothing lies idle. */

#include "iobuf_internal.h"

#include "spdk/string.h"

/* What a pool starts with, and grows by. */
#define ARENA_BYTES (2 * 1024 * 1024)
#define IOBUF_ALIGN_BYTES 4096

static void pool_grow(struct env_work *work);
static void pool_grow_done(struct env_work *work);

/* Another arena, on the ring. The caller has the right to grow. */
static int
pool_add_arena(struct iobuf_pool *pool)
{
	uint64_t total = atomic_load_explicit(&pool->total, memory_order_relaxed);
	uint64_t i, count = spdk_max(ARENA_BYTES / pool->bufsize, 1);
	struct iobuf_arena *arena;
	void *buf;

	count = spdk_min(count, pool->cap - total);
	if (count == 0) {
		return 0;
	}
	arena = malloc(sizeof(*arena));
	if (arena == NULL) {
		return -ENOMEM;
	}
	arena->memory = spdk_malloc(count * pool->bufsize, IOBUF_ALIGN_BYTES, NULL, pool->numa_id,
	                            SPDK_MALLOC_DMA);
	if (arena->memory == NULL ||
	    iobuf_nodes_add_memory(pool, arena->memory, count * pool->bufsize) != 0) {
		spdk_free(arena->memory);
		free(arena);
		return -ENOMEM;
	}
	arena->next = pool->arenas;
	pool->arenas = arena;
	for (i = 0; i < count; i++) {
		buf = (uint8_t *)arena->memory + i * pool->bufsize;
		spdk_ring_enqueue(pool->ring, &buf, 1, NULL);
	}
	atomic_store_explicit(&pool->total, total + count, memory_order_relaxed);
	return 0;
}

int
iobuf_pool_create(struct iobuf_pool **out, enum iobuf_size size, uint64_t cap, uint32_t bufsize,
                  int32_t numa_id)
{
	struct iobuf_pool *pool;
	int rc;

	pool = calloc(1, sizeof(*pool));
	if (pool == NULL) {
		SPDK_ERRLOG("No memory for the pools of I/O buffers\n");
		return -ENOMEM;
	}
	pool->size = size;
	pool->cap = cap;
	pool->numa_id = numa_id;
	pool->bufsize = SPDK_ALIGN_CEIL(bufsize, IOBUF_ALIGN_BYTES);
	pool->owner = thread_current();
	pool->work.fn = pool_grow;
	pool->work.done = pool_grow_done;
	pthread_mutex_init(&pool->lock, NULL);
	TAILQ_INIT(&pool->waiters);
	/* A ring holds one less than its size. */
	pool->ring = spdk_ring_create(SPDK_RING_TYPE_MP_MC, spdk_align64pow2(cap + 1), numa_id);
	rc = pool->ring != NULL ? pool_add_arena(pool) : -ENOMEM;
	if (rc != 0) {
		/* The environment has said so. */
		iobuf_pool_destroy(pool);
		return rc;
	}
	*out = pool;
	return 0;
}

void
iobuf_pool_destroy(struct iobuf_pool *pool)
{
	struct iobuf_arena *arena;
	uint64_t total, count;

	if (pool == NULL) {
		return;
	}
	assert(TAILQ_EMPTY(&pool->waiters));
	if (pool->ring != NULL) {
		total = atomic_load_explicit(&pool->total, memory_order_relaxed);
		count = spdk_ring_count(pool->ring);
		if (count != total) {
			SPDK_ERRLOG("%" PRIu64 " I/O buffers of %u bytes were not given back\n",
			            total - count, pool->bufsize);
		}
		spdk_ring_free(pool->ring);
	}
	while ((arena = pool->arenas) != NULL) {
		pool->arenas = arena->next;
		spdk_free(arena->memory);
		free(arena);
	}
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

bool
iobuf_pool_is_growing(struct iobuf_pool *pool)
{
	return atomic_load_explicit(&pool->growing, memory_order_relaxed) != 0;
}

/* Let the one that waits longest look at the ring. */
static void
pool_notify(struct iobuf_pool *pool)
{
	struct iobuf_wait *wait;

	pthread_mutex_lock(&pool->lock);
	wait = TAILQ_FIRST(&pool->waiters);
	if (wait != NULL) {
		msg_post(wait->thr->thread, iobuf_serve_msg, pool);
	}
	pthread_mutex_unlock(&pool->lock);
}

/* On a helper thread. */
static void
pool_grow(struct env_work *work)
{
	struct iobuf_pool *pool = SPDK_CONTAINEROF(work, struct iobuf_pool, work);

	pool->grow_error = pool_add_arena(pool);
	/* Pairs with the fence in iobuf_pool_wait(): either we see the waiter, or it the buffers.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	if (iobuf_pool_has_waiters(pool) && pool->grow_error == 0) {
		pool_notify(pool);
	}
}

/* On the pool's owner. */
static void
pool_growth_ended(void *arg)
{
	struct iobuf_pool *pool = arg;

	if (pool->grow_error != 0) {
		SPDK_ERRLOG("No memory for more I/O buffers of %u bytes, there are %" PRIu64
		            " of at most %" PRIu64 ": %s\n",
		            pool->bufsize, atomic_load_explicit(&pool->total, memory_order_relaxed),
		            pool->cap, spdk_strerror(-pool->grow_error));
		atomic_store_explicit(&pool->grow_not_before,
		                      spdk_get_ticks() + spdk_get_ticks_hz(), memory_order_relaxed);
	}
	atomic_store_explicit(&pool->growing, 0, memory_order_release);
	iobuf_growth_ended(pool);
}

/* On a helper thread; the last use of the work. */
static void
pool_grow_done(struct env_work *work)
{
	struct iobuf_pool *pool = SPDK_CONTAINEROF(work, struct iobuf_pool, work);

	msg_post(pool->owner, pool_growth_ended, pool);
}

static void
pool_want_more(struct iobuf_pool *pool)
{
	if (atomic_load_explicit(&pool->total, memory_order_relaxed) >= pool->cap ||
	    atomic_load_explicit(&pool->growing, memory_order_relaxed) != 0 ||
	    spdk_get_ticks() < atomic_load_explicit(&pool->grow_not_before, memory_order_relaxed)) {
		return;
	}
	/* Acquire pairs with the release in pool_growth_ended(): the last growth's stores. */
	if (atomic_exchange_explicit(&pool->growing, 1, memory_order_acquire) != 0) {
		return;
	}
	if (env_work_submit(&pool->work) != 0) {
		atomic_store_explicit(&pool->grow_not_before,
		                      spdk_get_ticks() + spdk_get_ticks_hz(), memory_order_relaxed);
		atomic_store_explicit(&pool->growing, 0, memory_order_release);
	}
}

/* Ask for another arena when few are left. */
static void
pool_check_level(struct iobuf_pool *pool)
{
	uint64_t total = atomic_load_explicit(&pool->total, memory_order_relaxed);

	if (total < pool->cap && spdk_ring_count(pool->ring) < spdk_max(total / 4, 1)) {
		pool_want_more(pool);
	}
}

uint32_t
iobuf_pool_take(struct iobuf_pool *pool, void **bufs, uint32_t max)
{
	uint32_t count = spdk_ring_dequeue(pool->ring, bufs, max);

	pool_check_level(pool);
	return count;
}

void
iobuf_pool_give(struct iobuf_pool *pool, void **bufs, uint32_t count)
{
	size_t put = spdk_ring_enqueue(pool->ring, bufs, count, NULL);

	assert(put == count);
	(void)put;
	/* Pairs with the fence in iobuf_pool_wait(). */
	atomic_thread_fence(memory_order_seq_cst);
	if (spdk_unlikely(iobuf_pool_has_waiters(pool))) {
		pool_notify(pool);
	}
}

void
iobuf_pool_pass_on(struct iobuf_pool *pool)
{
	if (iobuf_pool_has_waiters(pool) && spdk_ring_count(pool->ring) > 0) {
		pool_notify(pool);
	}
}

bool
iobuf_pool_wait(struct iobuf_pool *pool, struct iobuf_wait *wait)
{
	bool is_first = false;

	if (!wait->queued) {
		pthread_mutex_lock(&pool->lock);
		is_first = TAILQ_EMPTY(&pool->waiters);
		TAILQ_INSERT_TAIL(&pool->waiters, wait, link);
		wait->queued = true;
		atomic_fetch_add_explicit(&pool->num_waiters, 1, memory_order_relaxed);
		pthread_mutex_unlock(&pool->lock);
	}
	/* The caller looks at the ring once more after this; pairs with iobuf_pool_give(). */
	atomic_thread_fence(memory_order_seq_cst);
	return is_first;
}

/* Under the lock. */
static void
turn_end(struct iobuf_pool *pool, struct iobuf_wait *wait)
{
	TAILQ_REMOVE(&pool->waiters, wait, link);
	TAILQ_INSERT_TAIL(&pool->waiters, wait, link);
}

bool
iobuf_pool_take_turn(struct iobuf_pool *pool, struct iobuf_wait *wait)
{
	bool is_first;

	pthread_mutex_lock(&pool->lock);
	is_first = TAILQ_FIRST(&pool->waiters) == wait;
	if (is_first) {
		turn_end(pool, wait);
	}
	pthread_mutex_unlock(&pool->lock);
	return is_first;
}

void *
iobuf_pool_take_in_turn(struct iobuf_pool *pool, struct iobuf_wait *wait)
{
	void *buf = NULL;

	pthread_mutex_lock(&pool->lock);
	if (TAILQ_FIRST(&pool->waiters) == wait && spdk_ring_dequeue(pool->ring, &buf, 1) == 1) {
		turn_end(pool, wait);
	}
	pthread_mutex_unlock(&pool->lock);
	pool_check_level(pool);
	return buf;
}

void
iobuf_pool_stop_waiting(struct iobuf_pool *pool, struct iobuf_wait *wait)
{
	if (!wait->queued) {
		return;
	}
	pthread_mutex_lock(&pool->lock);
	TAILQ_REMOVE(&pool->waiters, wait, link);
	wait->queued = false;
	atomic_fetch_sub_explicit(&pool->num_waiters, 1, memory_order_relaxed);
	pthread_mutex_unlock(&pool->lock);
}
