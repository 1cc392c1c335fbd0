/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The objects of iobuf, for its own files only.
 */

#ifndef LIB_THREAD_IOBUF_INTERNAL_H
#define LIB_THREAD_IOBUF_INTERNAL_H

#include "thread_internal.h"

enum iobuf_size {
	IOBUF_SMALL,
	IOBUF_LARGE,
	IOBUF_NUM_SIZES,
};

struct iobuf_arena {
	struct iobuf_arena *next;
	void *memory;
};

struct iobuf_thread;
TAILQ_HEAD(iobuf_waiters, iobuf_wait);

/* A thread's place in the queue of threads that wait for buffers of one size. */
struct iobuf_wait {
	struct iobuf_thread *thr;
	bool queued;                  /* pool's lock */
	TAILQ_ENTRY(iobuf_wait) link; /* pool's lock */
};

/* One size of buffers, of all threads. */
struct iobuf_pool {
	struct spdk_ring *ring;           /* free buffers; any thread */
	uint64_t cap;                     /* set once */
	uint32_t bufsize;                 /* set once */
	enum iobuf_size size;             /* set once */
	int32_t numa_id;                  /* set once; SPDK_ENV_NUMA_ID_ANY: for all nodes */
	struct spdk_thread *owner;        /* set once: whose messages end a growth */
	_Atomic uint64_t total;           /* buffers made; written by who grows */
	_Atomic uint32_t growing;         /* taken by exchange; given back by the owner */
	_Atomic uint32_t num_waiters;     /* written under the lock */
	_Atomic uint64_t grow_not_before; /* ticks; after a failure */
	int grow_error;                   /* helper, then owner */
	struct env_work work;
	pthread_mutex_t lock;
	struct iobuf_waiters waiters; /* longest waiting first; under the lock */
	struct iobuf_arena *arenas;   /* who grows */
};

/* What stands behind one struct spdk_iobuf_channel. All fields: its thread's. */
struct iobuf_owner {
	struct iobuf_module *module;
	struct iobuf_thread *thr;
	struct spdk_iobuf_channel *ch;
	uint32_t cache_size[IOBUF_NUM_SIZES]; /* as asked for */
	void *own[IOBUF_NUM_SIZES];           /* beyond the pools */
	bool own_out[IOBUF_NUM_SIZES];
	TAILQ_ENTRY(iobuf_owner) link;
};

/* The head of a free buffer that was given to an entry whose call-back has not run yet. */
struct iobuf_grant {
	STAILQ_ENTRY(iobuf_grant) link;
	struct spdk_iobuf_entry *entry;
	enum iobuf_size size;
};

/* A thread's part: the context of its channel of the iobuf device. All fields: the thread's. */
struct iobuf_thread {
	struct spdk_thread *thread;
	spdk_iobuf_entry_stailq_t queue[IOBUF_NUM_SIZES];
	STAILQ_HEAD(, iobuf_grant) grants;
	struct thread_deferred deferred;          /* runs the call-backs of the grants */
	struct iobuf_pool *pool[IOBUF_NUM_SIZES]; /* of the node that it is on */
	struct iobuf_wait wait[IOBUF_NUM_SIZES];  /* at these pools */
	bool pressure[IOBUF_NUM_SIZES];           /* caches are off: somebody waits */
	bool moved; /* it is on another node, but could not leave its pools yet */
	bool mixed; /* buffers of other nodes may be out */
	TAILQ_HEAD(, iobuf_owner) owners;
	TAILQ_ENTRY(iobuf_thread) link; /* of the list of them, under its lock */
};

struct iobuf_module {
	TAILQ_ENTRY(iobuf_module) link;
	char *name;
};

/* Buffers that move between a cache and the ring at once. */
#define IOBUF_BATCH_MAX 32

static inline struct spdk_iobuf_pool_cache *
iobuf_channel_cache(struct spdk_iobuf_channel *ch, enum iobuf_size size)
{
	return size == IOBUF_SMALL ? &ch->cache[0].small : &ch->cache[0].large;
}

static inline struct iobuf_owner *
iobuf_channel_owner(struct spdk_iobuf_channel *ch)
{
	return (struct iobuf_owner *)ch->module;
}

static inline void
iobuf_cache_push(struct spdk_iobuf_pool_cache *cache, void *buf)
{
	STAILQ_INSERT_HEAD(&cache->cache, (struct spdk_iobuf_buffer *)buf, stailq);
	cache->cache_count++;
}

static inline void *
iobuf_cache_pop(struct spdk_iobuf_pool_cache *cache)
{
	struct spdk_iobuf_buffer *buf = STAILQ_FIRST(&cache->cache);

	STAILQ_REMOVE_HEAD(&cache->cache, stailq);
	cache->cache_count--;
	return buf;
}

/* iobuf_pool.c */
int iobuf_pool_create(struct iobuf_pool **pool, enum iobuf_size size, uint64_t cap,
                      uint32_t bufsize, int32_t numa_id);
void iobuf_pool_destroy(struct iobuf_pool *pool);
bool iobuf_pool_is_growing(struct iobuf_pool *pool);
/* Up to max buffers off the ring, for who has nobody to wait behind; asks for more memory when few
 * are left. */
uint32_t iobuf_pool_take(struct iobuf_pool *pool, void **bufs, uint32_t max);
/* Whether any thread waits; who comes later stands behind it. Relaxed: who just begins to wait may
 * be passed by who is at the ring already. */
static inline bool
iobuf_pool_has_waiters(const struct iobuf_pool *pool)
{
	return atomic_load_explicit(&pool->num_waiters, memory_order_relaxed) != 0;
}
/* Buffers back on the ring, and word to who waits longest. */
void iobuf_pool_give(struct iobuf_pool *pool, void **bufs, uint32_t count);
/* Put the thread at the end of the queue of those that wait; true: it was the first. */
bool iobuf_pool_wait(struct iobuf_pool *pool, struct iobuf_wait *wait);
/* Whether the thread, which waits, is the one to serve next; then its turn is over. */
bool iobuf_pool_take_turn(struct iobuf_pool *pool, struct iobuf_wait *wait);
/* A buffer off the ring, if it is the thread's turn and there is one; NULL: not now. */
void *iobuf_pool_take_in_turn(struct iobuf_pool *pool, struct iobuf_wait *wait);
/* What is on the ring is for others: word to who waits longest. */
void iobuf_pool_pass_on(struct iobuf_pool *pool);
void iobuf_pool_stop_waiting(struct iobuf_pool *pool, struct iobuf_wait *wait);

/* iobuf_node.c */
/* 0 or a negative errno; then there are none. */
int iobuf_nodes_create(const struct spdk_iobuf_opts *opts);
void iobuf_nodes_destroy(void);
bool iobuf_nodes_are_up(void);
bool iobuf_nodes_are_growing(void);
/* Whether it is one of the pools, not one of an iobuf before this one. */
bool iobuf_nodes_have(const struct iobuf_pool *pool);
/* Buffers of the pool lie here from now on. Who grows it. 0, -ENOMEM. */
int iobuf_nodes_add_memory(struct iobuf_pool *pool, void *memory, uint64_t len);
/* The pool that a buffer is from; only with enable_numa. */
struct iobuf_pool *iobuf_pool_of(const void *buf);
/* A new thread's part turns to the pools of the node it is on; one that moved turns to others, now
 * or, with `moved` set, later. */
void iobuf_thread_settle(struct iobuf_thread *thr);
void iobuf_thread_moved(struct iobuf_thread *thr);

/* iobuf.c */
/* The growth of a pool has ended; on the pool's owner. */
void iobuf_growth_ended(struct iobuf_pool *pool);
struct iobuf_module *iobuf_find_module(const char *name);
/* This thread's channel of the iobuf device. */
struct spdk_io_channel *iobuf_get_thread_channel(void);

/* iobuf_io.c: messages; the argument is a pool: it may have a buffer for who waits; somebody waits
 * at it. */
void iobuf_serve_msg(void *arg);
void iobuf_pressure_msg(void *arg);
/* Deferred: run the call-backs of entries that got a buffer; its argument is the thread's part. */
void iobuf_grants_run(void *arg);

/* iobuf_channel.c */
/* Give `count` buffers of a cache to all, on the pool that they are from. */
void iobuf_cache_give(struct iobuf_pool *pool, struct spdk_iobuf_pool_cache *cache, uint32_t count);
/* How many buffers the cache may hold: none while somebody waits or an own buffer is in use. */
uint32_t iobuf_owner_cache_limit(const struct iobuf_owner *owner, enum iobuf_size size);
/* That limit, or 0 where each put has to look more closely, goes into the cache. */
void iobuf_owner_update_cache(struct iobuf_owner *owner, enum iobuf_size size);
/* Ask all other threads of the pool to give up their caches. */
void iobuf_broadcast_pressure(struct iobuf_pool *pool);
int iobuf_thread_create(void *io_device, void *ctx_buf);
void iobuf_thread_destroy(void *io_device, void *ctx_buf);

#endif /* LIB_THREAD_IOBUF_INTERNAL_H */
