/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The objects of lib/thread, for its own files only.
 */

#ifndef LIB_THREAD_INTERNAL_H
#define LIB_THREAD_INTERNAL_H

#include "spdk/assert.h"
#include "spdk/cpuset.h"
#include "spdk/env.h"
#include "spdk/fd_group.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/tree.h"
#include "spdk/util.h"
#include "basalt/loop.h"
#include "spdk_internal/env.h"
#include "spdk_internal/thread.h"
#include "spdk_internal/trace.h"

#include <stdatomic.h>

#define CACHE_LINE_BYTES 64
#define THREAD_NAME_BYTES 256

/* Messages that one step runs when the caller names no number. */
#define STEP_MSG_BATCH 32
/* A thread that does not come to rest in this time after spdk_thread_exit() is ended by force. */
#define THREAD_EXIT_TIMEOUT_S 5
#define POST_HANDLERS_MAX 16

struct msg {
	struct msg *next;
	spdk_msg_fn fn;
	void *ctx;
	bool heap; /* set once: beyond the pool's cap, or part of a struct: not for the free lists
	            */
};

enum poller_state {
	POLLER_WAITING = 0,
	POLLER_RUNNING,
	POLLER_PAUSING, /* paused while it stood in a list that may be walked */
	POLLER_PAUSED,
	POLLER_UNREGISTERED, /* freed at the end of the step */
};

enum poller_gate {
	GATE_OPEN = 0,    /* runs at each step */
	GATE_PERIOD = 1,  /* only at next_run_ticks */
	GATE_COUNTER = 2, /* only while *counter is not 0 */
};

/* A descriptor that wakes the reactor of its thread. All fields: the thread's. */
struct thread_fd {
	int fd;
	uint32_t events;
	bool watched; /* in the waiter of thread->sleeper, and in its list */
	bool shared;  /* another of that list has the same fd, or had */
	struct spdk_thread *thread;
	/* Notes that the descriptor is ready; runs no code of others. */
	void (*ready)(struct thread_fd *tfd);
	TAILQ_ENTRY(thread_fd) link;
	LIST_ENTRY(thread_fd) watched_link;
};

/* All fields: the thread's. The first cache line is all that a step touches. */
struct spdk_poller {
	TAILQ_ENTRY(spdk_poller) link; /* active or paused list */
	spdk_poller_fn fn;
	void *arg;
	uint8_t state;
	uint8_t gate;
	uint8_t kind;
	bool fd_ready;  /* run once whatever the counter says */
	bool named;     /* in the log, as the one that keeps its reactor awake */
	bool interrupt; /* spdk_poller_register_interrupt() was called */
	bool told_mode; /* what interrupt_cb heard last */
	uint8_t spare;
	const uint32_t *counter;
	uint64_t run_count;
	uint64_t busy_count;

	uint64_t next_run_ticks __attribute__((aligned(CACHE_LINE_BYTES)));
	uint64_t period_ticks;
	RB_ENTRY(spdk_poller) node; /* timed pollers */
	uint64_t id;
	struct spdk_thread *thread;
	struct thread_fd tfd; /* fd -1: none */
	spdk_poller_set_interrupt_mode_cb interrupt_cb;
	void *interrupt_arg;
	char name[THREAD_NAME_BYTES];
};

SPDK_STATIC_ASSERT(offsetof(struct spdk_poller, next_run_ticks) == CACHE_LINE_BYTES,
                   "what a step reads of a poller is one cache line");

enum thread_state {
	THREAD_RUNNING,
	THREAD_EXITING,
	THREAD_EXITED,
};

/* Reasons to look beyond messages and pollers at the end of a step. */
enum {
	ATTENTION_DEFERRED = 1,
	ATTENTION_POST = 2,
	ATTENTION_INTERRUPT = 4,
	ATTENTION_REAP = 8,
	ATTENTION_EXITING = 16,
};

struct post_handler {
	spdk_post_poller_fn fn;
	void *arg;
};

struct iobuf_thread;

RB_HEAD(poller_tree, spdk_poller);
RB_HEAD(channel_tree, spdk_io_channel);
TAILQ_HEAD(poller_list, spdk_poller);

struct spdk_thread {
	/* The thread's own; read at every step. */
	struct poller_list active;
	uint64_t next_timed_ticks; /* of the first in the tree; UINT64_MAX: none */
	struct msg *pending;       /* taken from the inbox, oldest first */
	uint32_t attention;
	uint16_t depth;      /* steps of this thread on the stack */
	uint16_t lock_count; /* spdk_spinlocks held */
	uint64_t busy_tsc;
	uint64_t idle_tsc;

	/* Any thread's. Newest first. */
	_Atomic(struct msg *) inbox __attribute__((aligned(CACHE_LINE_BYTES)));
	_Atomic(struct thread_sleeper *) sleeper; /* written by the reactor that polls the thread */
	_Atomic(spdk_msg_fn) critical_fn;
	struct msg critical_msg;
	_Atomic uint32_t state; /* enum thread_state; leaves RUNNING under the library's lock */

	/* The thread's own; colder. */
	uint64_t tsc_last __attribute__((aligned(CACHE_LINE_BYTES)));
	struct msg *msg_cache;
	uint32_t msg_cache_count;
	uint32_t num_active; /* pollers of `active` that are not unregistered */
	uint32_t num_timed;
	uint32_t num_paused;
	uint32_t num_interrupts;
	uint32_t num_own_interrupts; /* of these, the library's */
	uint32_t num_unwatched;      /* descriptors that could not be put in the waiter */
	uint32_t num_post;
	uint32_t pending_unregister; /* io_devices whose unregistering ends here */
	struct poller_tree timed;
	struct poller_list paused;
	struct thread_deferred *deferred_head;
	struct thread_deferred **deferred_tail;
	TAILQ_HEAD(, thread_fd) fds;
	TAILQ_HEAD(, spdk_interrupt) interrupts;
	struct channel_tree channels;               /* by io_device */
	TAILQ_HEAD(, spdk_io_channel) channel_list; /* oldest first */
	struct iobuf_thread *iobuf;                 /* its part of iobuf; NULL: none */
	struct post_handler post[POST_HANDLERS_MAX];
	uint64_t next_poller_id;
	uint64_t exit_deadline_ticks;
	struct basalt_loop *loop; /* that polls it; NULL: a reactor, or nobody yet */
	struct thread_group
	        *group;    /* of spdk_thread_get_interrupt_fd_group(); NULL: nobody asked */
	bool in_interrupt; /* its pollers were told to use interrupts */
	bool bound;        /* under the library's lock */
	uint16_t trace_id; /* set once: the owner of its trace records; 0: none */

	uint64_t id;                        /* set once */
	TAILQ_ENTRY(spdk_thread) link;      /* under the library's lock */
	TAILQ_ENTRY(spdk_thread) loop_link; /* the loop's */
	struct spdk_cpuset cpumask;
	char name[THREAD_NAME_BYTES];
	uint8_t ctx[] __attribute__((aligned(CACHE_LINE_BYTES)));
};

SPDK_STATIC_ASSERT(offsetof(struct spdk_thread, inbox) == CACHE_LINE_BYTES,
                   "what an empty step reads of a thread is one cache line and the inbox");

/* All under the library's lock but what is set once at register. */
struct io_device {
	void *io_device;
	spdk_io_channel_create_cb create_cb;
	spdk_io_channel_destroy_cb destroy_cb;
	spdk_io_device_unregister_cb unregister_cb;
	struct spdk_thread *unregister_thread;
	uint32_t ctx_size;
	uint32_t num_channels;
	uint32_t num_iterations; /* spdk_for_each_channel() under way */
	bool unregistered;
	bool pending_unregister; /* asked for during an iteration */
	RB_ENTRY(io_device) node;
	char name[THREAD_NAME_BYTES];
};

/* Followed by the device's context, so its size is part of the interface. */
struct spdk_io_channel {
	struct spdk_thread *thread;            /* set once */
	struct io_device *dev;                 /* set once */
	uint32_t ref;                          /* thread */
	uint32_t destroy_ref;                  /* thread: messages under way that may destroy it */
	RB_ENTRY(spdk_io_channel) node;        /* thread */
	TAILQ_ENTRY(spdk_io_channel) link;     /* thread; read by others under the library's lock */
	spdk_io_channel_destroy_cb destroy_cb; /* set once */
	uint8_t spare[SPDK_IO_CHANNEL_STRUCT_SIZE - 72];
};

SPDK_STATIC_ASSERT(sizeof(struct spdk_io_channel) == SPDK_IO_CHANNEL_STRUCT_SIZE,
                   "spdk_io_channel_get_ctx() is inline in programs");

RB_HEAD(io_device_tree, io_device);
TAILQ_HEAD(thread_list, spdk_thread);

/* The lock of the registries: threads, io_devices and who has a channel. Never on the I/O path. */
void thread_lib_lock(void);
void thread_lib_unlock(void);
/* All threads, oldest first; under the lock. */
struct thread_list *thread_lib_threads(void);

static inline struct spdk_thread *
thread_current(void)
{
	return g_env_local.thread;
}

/* Whether the thread has messages; its own POSIX thread. Relaxed: who must not miss one has a fence
 * before, see sleep.c. */
static inline bool
msg_waiting(struct spdk_thread *thread)
{
	return atomic_load_explicit(&thread->inbox, memory_order_relaxed) != NULL ||
	       thread->pending != NULL;
}

/* message.c */
int msg_pool_init(size_t cap);
void msg_pool_fini(void);
/* Give back all messages that were not run, and the cache. The thread has exited. */
void msg_drop_all(struct spdk_thread *thread);
int msg_run_batch(struct spdk_thread *thread, uint32_t max);
/* As spdk_thread_send_msg(), whatever the state of the thread; under the lock it can't go away. */
void msg_post(struct spdk_thread *thread, spdk_msg_fn fn, void *ctx);

/* sleep.c: G4 of the rule there. NULL: nobody sleeps. */
void sleeper_kick(struct thread_sleeper *sleeper);

/* poller.c */
int poller_tree_cmp(struct spdk_poller *a, struct spdk_poller *b);
int poller_run_timed(struct spdk_thread *thread, uint64_t now);
void poller_reap(struct spdk_thread *thread);
void poller_destroy_all(struct spdk_thread *thread);
/* A poller whose call-back heard another mode last; NULL: none. */
struct spdk_poller *poller_find_untold(struct spdk_thread *thread, bool mode);

/* interrupt.c */
int thread_fd_watch(struct spdk_thread *thread, struct thread_fd *tfd);
void thread_fd_unwatch(struct thread_fd *tfd);
int interrupt_run_ready(struct spdk_thread *thread);
/* Whether the poller may be slept over: its owner has a descriptor that wakes the thread. */
bool interrupt_stands_for(const struct spdk_poller *poller);
void interrupt_lib_fini(void);
/* An interrupt that is the library's own: it does not keep its thread from exiting. */
struct spdk_interrupt *interrupt_register_own(struct spdk_thread *thread, int efd,
                                              spdk_interrupt_fn fn, void *arg, const char *name);
/* Free those that are left. The thread is detached. */
void interrupt_destroy_all(struct spdk_thread *thread);

/* loop.c */
/* spdk_thread_poll() of a thread with a loop of its own; whether anything was done. */
bool loop_poll_own(struct spdk_thread *thread, uint32_t max_msgs, uint64_t now);
/* The thread goes: out of its loop; one of its own is destroyed. */
void loop_forget(struct spdk_thread *thread);
/* The thread got work outside of its steps: its loop looks again. */
void loop_disturb(struct spdk_thread *thread);
/* The loop of the thread's own, made when it has none; NULL: no memory or descriptors. */
struct basalt_loop *loop_get_own(struct spdk_thread *thread);
int loop_fd(const struct basalt_loop *loop);
bool loop_is_own(const struct basalt_loop *loop);

/* group.c */
/* What a program put in the group of a thread that is polled by hand; whether any ran. */
bool group_poll(struct spdk_thread *thread);
void group_destroy(struct spdk_thread *thread);

/* io_device.c, channel.c */
void io_device_lib_fini(void);
struct io_device *io_device_find_locked(void *io_device);
/* Drop a channel of \p dev; the device too when it was the last of an unregistered one. */
void io_device_put_channel(struct io_device *dev);
void io_device_iteration_done(struct io_device *dev);

#endif /* LIB_THREAD_INTERNAL_H */
