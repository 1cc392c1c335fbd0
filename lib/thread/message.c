/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Messages between threads.
 *
 * A thread's inbox is a list that any POSIX thread pushes to (newest first, one compare-and-swap)
 * and that the owner takes whole and turns round, so each sender's messages keep their order: what
 * one sender pushed earlier lies deeper in the list. The owner reads one word when nothing came.
 *
 * Sending never fails. A node comes from the sender's own cache, then from the pool (in batches,
 * under a mutex), then, beyond the pool's cap, from the heap; when the heap has none, from a
 * reserve that was set aside at start. Who consumes a node puts it in its own cache, and a full
 * cache gives half of it back to the pool. */

#include "thread_internal.h"

#include "spdk_internal/usdt.h"

#include "spdk_internal/system_state.h"

#define MSG_SLAB 128  /* nodes that the pool grows by */
#define MSG_REFILL 64 /* nodes that move between a cache and the pool at once */
#define MSG_CACHE_MAX 512
#define MSG_RESERVE 256

struct msg_slab {
	struct msg_slab *next;
	struct msg nodes[MSG_SLAB];
};

/* All under `lock`. */
static struct {
	pthread_mutex_t lock;
	struct msg *free;
	struct msg_slab *slabs;
	size_t total;
	size_t cap;
	struct msg *reserve;
	struct msg *reserve_nodes;
} g_msg SYSTEM_STATE = { .lock = PTHREAD_MUTEX_INITIALIZER };

int
msg_pool_init(size_t cap)
{
	uint32_t i;

	g_msg.reserve_nodes = calloc(MSG_RESERVE, sizeof(struct msg));
	if (g_msg.reserve_nodes == NULL) {
		return -ENOMEM;
	}
	for (i = 0; i < MSG_RESERVE; i++) {
		g_msg.reserve_nodes[i].next = g_msg.reserve;
		g_msg.reserve = &g_msg.reserve_nodes[i];
	}
	g_msg.cap = cap;
	return 0;
}

void
msg_pool_fini(void)
{
	struct msg_slab *slab;

	while ((slab = g_msg.slabs) != NULL) {
		g_msg.slabs = slab->next;
		free(slab);
	}
	free(g_msg.reserve_nodes);
	g_msg.reserve_nodes = NULL;
	g_msg.reserve = NULL;
	g_msg.free = NULL;
	g_msg.total = 0;
	g_msg.cap = 0;
}

static void
pool_grow_locked(void)
{
	struct msg_slab *slab;
	uint32_t i;

	if (g_msg.total >= g_msg.cap) {
		return;
	}
	slab = calloc(1, sizeof(*slab));
	if (slab == NULL) {
		return;
	}
	slab->next = g_msg.slabs;
	g_msg.slabs = slab;
	for (i = 0; i < MSG_SLAB; i++) {
		slab->nodes[i].next = g_msg.free;
		g_msg.free = &slab->nodes[i];
	}
	g_msg.total += MSG_SLAB;
}

/* Up to max nodes; the list of them, how many in *count. */
static struct msg *
pool_take(uint32_t max, uint32_t *count)
{
	struct msg *first = NULL, *node;
	uint32_t n = 0;

	pthread_mutex_lock(&g_msg.lock);
	if (g_msg.free == NULL) {
		pool_grow_locked();
	}
	while (n < max && (node = g_msg.free) != NULL) {
		g_msg.free = node->next;
		node->next = first;
		first = node;
		n++;
	}
	pthread_mutex_unlock(&g_msg.lock);
	*count = n;
	return first;
}

/* Beyond the pool: the heap, then the reserve. */
static struct msg *
msg_get_last_resort(void)
{
	struct msg *node = malloc(sizeof(*node));

	if (node != NULL) {
		node->heap = true;
		return node;
	}
	pthread_mutex_lock(&g_msg.lock);
	node = g_msg.reserve;
	if (node != NULL) {
		g_msg.reserve = node->next;
	}
	pthread_mutex_unlock(&g_msg.lock);
	if (node == NULL) {
		/* The caller relies on delivery: going on would lose an I/O in silence. */
		SPDK_ERRLOG("No memory for a message between threads, and the reserve of %d is "
		            "used up: ending the process\n",
		            MSG_RESERVE);
		abort();
	}
	return node;
}

static struct msg *
msg_get(struct spdk_thread *self)
{
	struct msg *node;
	uint32_t count;

	if (spdk_likely(self != NULL && self->msg_cache != NULL)) {
		node = self->msg_cache;
		self->msg_cache = node->next;
		self->msg_cache_count--;
		return node;
	}
	node = pool_take(self != NULL ? MSG_REFILL : 1, &count);
	if (node == NULL) {
		return msg_get_last_resort();
	}
	if (self != NULL) {
		self->msg_cache = node->next;
		self->msg_cache_count = count - 1;
	}
	return node;
}

static void
pool_give(struct msg *first, struct msg *last)
{
	pthread_mutex_lock(&g_msg.lock);
	last->next = g_msg.free;
	g_msg.free = first;
	pthread_mutex_unlock(&g_msg.lock);
}

/* Give the newest `count` nodes of the cache back to the pool. */
static void
msg_cache_give(struct spdk_thread *thread, uint32_t count)
{
	struct msg *first = thread->msg_cache, *last = first;
	uint32_t i;

	for (i = 1; i < count; i++) {
		last = last->next;
	}
	thread->msg_cache = last->next;
	thread->msg_cache_count -= count;
	pool_give(first, last);
}

static void
msg_cache_flush(struct spdk_thread *thread)
{
	if (thread->msg_cache_count > 0) {
		msg_cache_give(thread, thread->msg_cache_count);
	}
}

static bool
msg_is_reserve(const struct msg *node)
{
	return node >= g_msg.reserve_nodes && node < g_msg.reserve_nodes + MSG_RESERVE;
}

static void
msg_put_odd(struct spdk_thread *thread, struct msg *node)
{
	if (node == &thread->critical_msg) {
		/* Free for the next one; pairs with the acquire in send_critical_msg. */
		atomic_store_explicit(&thread->critical_fn, NULL, memory_order_release);
	} else {
		free(node);
	}
}

static inline void
msg_put(struct spdk_thread *thread, struct msg *node)
{
	if (spdk_unlikely(node->heap)) {
		msg_put_odd(thread, node);
		return;
	}
	if (spdk_unlikely(msg_is_reserve(node))) {
		pthread_mutex_lock(&g_msg.lock);
		node->next = g_msg.reserve;
		g_msg.reserve = node;
		pthread_mutex_unlock(&g_msg.lock);
		return;
	}
	node->next = thread->msg_cache;
	thread->msg_cache = node;
	if (spdk_unlikely(++thread->msg_cache_count > MSG_CACHE_MAX)) {
		msg_cache_give(thread, MSG_CACHE_MAX / 2);
	}
}

static void
inbox_push(struct spdk_thread *thread, struct msg *node)
{
	struct msg *head = atomic_load_explicit(&thread->inbox, memory_order_relaxed);

	do {
		node->next = head;
		/* Release: the owner's acquire in inbox_take() sees the node's content. */
	} while (!atomic_compare_exchange_weak_explicit(
	        &thread->inbox, &head, node, memory_order_release, memory_order_relaxed));
	/* G2 and G3 of sleep.c; acquire: what the sleeper points to was written before. */
	atomic_thread_fence(memory_order_seq_cst);
	sleeper_kick(atomic_load_explicit(&thread->sleeper, memory_order_acquire));
}

/* Everything in the inbox, oldest first. */
static struct msg *
inbox_take(struct spdk_thread *thread)
{
	struct msg *node, *next, *first = NULL;

	node = atomic_exchange_explicit(&thread->inbox, NULL, memory_order_acquire);
	while (node != NULL) {
		next = node->next;
		node->next = first;
		first = node;
		node = next;
	}
	return first;
}

void
msg_drop_all(struct spdk_thread *thread)
{
	struct msg *node, *next;
	int i;

	for (i = 0; i < 2; i++) {
		for (node = thread->pending; node != NULL; node = next) {
			next = node->next;
			msg_put(thread, node);
		}
		thread->pending = inbox_take(thread);
	}
	msg_cache_flush(thread);
}

int
msg_run_batch(struct spdk_thread *thread, uint32_t max)
{
	struct msg *node;
	spdk_msg_fn fn;
	void *ctx;
	uint32_t n = 0;

	while (n < max) {
		node = thread->pending;
		if (node == NULL) {
			if (n > 0) {
				/* What came meanwhile waits for the next step. */
				break;
			}
			node = inbox_take(thread);
			if (node == NULL) {
				break;
			}
		}
		thread->pending = node->next;
		fn = node->fn;
		ctx = node->ctx;
		msg_put(thread, node);
		USDT_PROBE2(msg_exec, fn, ctx);
		fn(ctx);
		n++;
	}
	return n > 0;
}

void
msg_post(struct spdk_thread *thread, spdk_msg_fn fn, void *ctx)
{
	struct msg *node = msg_get(thread_current());

	node->fn = fn;
	node->ctx = ctx;
	inbox_push(thread, node);
}

int
spdk_thread_send_msg(const struct spdk_thread *thread, spdk_msg_fn fn, void *ctx)
{
	struct spdk_thread *target = (struct spdk_thread *)thread;

	assert(thread != NULL && fn != NULL);
	if (spdk_unlikely(atomic_load_explicit(&target->state, memory_order_relaxed) ==
	                  THREAD_EXITED)) {
		SPDK_ERRLOG("Message to thread %s, which has exited\n", target->name);
		return -EIO;
	}
	msg_post(target, fn, ctx);
	return 0;
}

int
spdk_thread_send_critical_msg(struct spdk_thread *thread, spdk_msg_fn fn)
{
	spdk_msg_fn none = NULL;

	/* Acquire pairs with the release in msg_put_odd(): the node is out of the list. */
	if (!atomic_compare_exchange_strong_explicit(&thread->critical_fn, &none, fn,
	                                             memory_order_acquire, memory_order_relaxed)) {
		return -EIO;
	}
	thread->critical_msg.fn = fn;
	thread->critical_msg.ctx = NULL;
	thread->critical_msg.heap = true;
	inbox_push(thread, &thread->critical_msg);
	return 0;
}

/* ---- One message to each thread, one after the other ---- */

struct each_thread {
	spdk_msg_fn fn;
	bool (*slice_fn)(void *ctx); /* instead of fn: again while it returns true */
	void *ctx;
	spdk_msg_fn cpl;
	struct spdk_thread *origin;
	struct spdk_thread
	        *current; /* alive: it runs each_thread_visit(), or the message is in it */
};

static void each_thread_visit(void *arg);

/* Send to the first thread from `thread` on that still runs; else back to the origin. */
static void
each_thread_next_locked(struct each_thread *each, struct spdk_thread *thread)
{
	for (; thread != NULL; thread = TAILQ_NEXT(thread, link)) {
		if (thread->state == THREAD_RUNNING) {
			each->current = thread;
			msg_post(thread, each_thread_visit, each);
			return;
		}
	}
	each->current = NULL;
	msg_post(each->origin, each_thread_visit, each);
}

static void
each_thread_visit(void *arg)
{
	struct each_thread *each = arg;

	if (each->current == NULL) {
		each->cpl(each->ctx);
		free(each);
		return;
	}
	if (each->slice_fn == NULL) {
		each->fn(each->ctx);
	} else if (each->slice_fn(each->ctx)) {
		msg_post(each->current, each_thread_visit, each);
		return;
	}
	thread_lib_lock();
	each_thread_next_locked(each, TAILQ_NEXT(each->current, link));
	thread_lib_unlock();
}

static void
each_thread_begin(const struct each_thread *what)
{
	struct each_thread *each;

	assert(thread_current() != NULL);
	each = malloc(sizeof(*each));
	if (each == NULL) {
		SPDK_ERRLOG("No memory to visit each thread; none was visited\n");
		what->cpl(what->ctx);
		return;
	}
	*each = *what;
	each->origin = thread_current();
	thread_lib_lock();
	each_thread_next_locked(each, TAILQ_FIRST(thread_lib_threads()));
	thread_lib_unlock();
}

void
spdk_for_each_thread(spdk_msg_fn fn, void *ctx, spdk_msg_fn cpl)
{
	each_thread_begin(&(struct each_thread){ .fn = fn, .ctx = ctx, .cpl = cpl });
}

void
thread_for_each_in_slices(bool (*fn)(void *ctx), void *ctx, spdk_msg_fn cpl)
{
	each_thread_begin(&(struct each_thread){ .slice_fn = fn, .ctx = ctx, .cpl = cpl });
}
