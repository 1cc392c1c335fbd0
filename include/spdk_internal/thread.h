/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Threads as the rest of the tree uses them beyond spdk/thread.h: pollers that say when they can
 * have work, and the questions a reactor asks before it sleeps.
 */

#ifndef SPDK_INTERNAL_THREAD_H
#define SPDK_INTERNAL_THREAD_H

#include "spdk/thread.h"

struct env_wait_event;

/**
 * When a poller can have something to do. A reactor sleeps only when no poller of its threads can;
 * in-tree pollers are never UNKNOWN.
 */
enum poller_kind {
	/** Period 0 and nothing declared: it may have work at any time, so its reactor never
	 * sleeps. What spdk_poller_register(fn, arg, 0) gives. */
	POLLER_UNKNOWN,
	/** Runs every period_us. */
	POLLER_TIMED,
	/** Has work when `fd` is readable, or `*counter` is not 0. Awake, it runs at every step
	 *  (period_us 0) or every period_us; asleep, the descriptor wakes its reactor and it runs
	 * at once. While `*counter` is not 0 the reactor does not sleep: for bytes already taken
	 * from the descriptor. */
	POLLER_FD,
	/** Can have work only while `*counter` is not 0: requests outstanding. It does not run
	 *  otherwise. Without an fd the reactor does not sleep meanwhile; with one it may, and the
	 *  descriptor wakes it. */
	POLLER_COUNTED,
};

struct poller_opts {
	const char *name;
	enum poller_kind kind;
	uint64_t period_us;
	/** Written by the poller's thread only. Outlives the poller. NULL: none. */
	const uint32_t *counter;
	/** -1: none. Watched level-triggered for EPOLLIN; added once. Stays the caller's, which
	 *  unregisters the poller before it closes the descriptor. */
	int fd;
};

/**
 * Register a poller of a declared kind on the current thread.
 * \return NULL when out of memory or the descriptor can't be watched.
 */
struct spdk_poller *
thread_poller_register(spdk_poller_fn fn, void *arg, const struct poller_opts *opts);

/**
 * Something to do before the current step of a thread ends, at no cost per use: completions that
 * must not run inside the call that caused them. The owner embeds it, zeroed, and sets fn and arg.
 */
struct thread_deferred {
	void (*fn)(void *arg);
	void *arg;
	struct thread_deferred *next; /* the thread's */
	bool queued;                  /* the thread's; cleared before fn runs */
};

/**
 * Run \p d on the current thread, after the message or poller that runs now and in the same step.
 * Nothing when it is queued already. What fn defers anew runs in the next step, so that a step is
 * bounded.
 */
void thread_defer(struct thread_deferred *d);

/* ---- For those who poll threads: reactors, tests ---- */

struct env_waiter;

/**
 * Someone who polls threads and sleeps when none can have work. Any thread that gives one of them
 * work wakes it; how that never fails is proven in lib/thread/sleep.c.
 */
struct thread_sleeper {
	/** Set by the owner before it looks for the last time; cleared by the first who kicks. */
	_Atomic uint32_t sleeping;
	struct env_waiter *waiter;
	/** Descriptors in the waiter; the owner's POSIX thread. */
	LIST_HEAD(, thread_fd) watched;
};

/** What a look at a thread says about sleeping, least first. */
enum thread_rest {
	THREAD_REST_NONE,  /* there is work now */
	THREAD_REST_NAP,   /* no known work; a poller that says nothing of itself may have some */
	THREAD_REST_SLEEP, /* none, until a message, a descriptor or the deadline */
};

/** Bits of what a step did. */
enum {
	THREAD_DID_TIMED = 1, /* a timed poller found work */
	THREAD_DID_WORK = 2,  /* messages, other pollers, deferred work */
	THREAD_DID_EXIT = 4,  /* it has exited: it may be destroyed */
};

/**
 * Let \p sleeper be the one to wake when \p thread gets work, and put the descriptors of its
 * pollers in its waiter. Called by the sleeper's own POSIX thread.
 */
void thread_attach(struct spdk_thread *thread, struct thread_sleeper *sleeper);

/** The opposite, by the same POSIX thread. */
void thread_detach(struct spdk_thread *thread);

/**
 * One bounded step of \p thread: some messages, each poller that is due, what was deferred.
 * \param now ticks, at or after the last step's end.
 * \return THREAD_DID_* bits.
 */
int thread_step(struct spdk_thread *thread, uint32_t max_msgs, uint64_t now);

/**
 * Whether \p thread can have work now; lowers \p *deadline_ticks to its next timed poller. By the
 * POSIX thread that polls it, outside of steps.
 */
enum thread_rest thread_look(struct spdk_thread *thread, uint64_t *deadline_ticks);

/** How many descriptors of spdk_interrupt_register() the thread has: they need a look at the
 *  waiter also while it is awake. */
uint32_t thread_num_interrupts(const struct spdk_thread *thread);

/** What spdk_thread_set_interrupt_mode() said last. By who polls it. */
bool thread_in_interrupt(const struct spdk_thread *thread);

/** Whether the thread of that number, if it is still there, is not bound and its mask has \p lcore.
 *  Any thread: what spdk_thread_get_by_id() gives could end meanwhile. */
bool thread_may_run_on(uint64_t id, uint32_t lcore);

/** Account \p ticks that the poller of \p thread slept. */
void thread_add_idle(struct spdk_thread *thread, uint64_t ticks);

/** Name in the log, once each, the pollers that make thread_look() answer NAP. */
void thread_name_unknown(struct spdk_thread *thread);

/** Unpaused pollers of \p thread of kind POLLER_UNKNOWN. */
uint32_t thread_count_unknown(const struct spdk_thread *thread);

/* ---- For those who show threads: RPCs. On the thread itself. ---- */

enum thread_poller_list {
	THREAD_POLLERS_ACTIVE, /* without a tree: period 0, or with a descriptor or counter */
	THREAD_POLLERS_TIMED,
	THREAD_POLLERS_PAUSED,
};

struct thread_poller_info {
	const char *name;
	const char *state; /* SPDK's word */
	enum poller_kind kind;
	uint64_t id; /* on its thread */
	uint64_t run_count;
	uint64_t busy_count;
	uint64_t period_ticks;
};

void
thread_for_each_poller(struct spdk_thread *thread, enum thread_poller_list list,
                       void (*fn)(void *arg, const struct thread_poller_info *info), void *arg);
uint32_t thread_count_pollers(const struct spdk_thread *thread, enum thread_poller_list list);

/** \p name is the device's, \p ref the gets that were not put. Oldest first. */
void thread_for_each_channel(struct spdk_thread *thread,
                             void (*fn)(void *arg, const char *name, uint32_t ref), void *arg);

/**
 * The same, \p max of them; the thread may run before the rest.
 * \param held NULL inside before the first; the next one meanwhile, which can't go.
 * \return whether there are more: the caller goes on until there are none.
 */
bool thread_walk_channels(struct spdk_thread *thread, struct spdk_io_channel **held, uint32_t max,
                          void (*fn)(void *arg, const char *name, uint32_t ref), void *arg);

/**
 * spdk_for_each_thread() with long visits: \p fn runs again, from another message, while it
 * returns true; only then comes the next thread.
 */
void thread_for_each_in_slices(bool (*fn)(void *ctx), void *ctx, spdk_msg_fn cpl);

/* ---- */

/** Note an event of the waiter of \p sleeper, which thread_attach() filled, for all who watch that
 *  descriptor. Runs no code of theirs: their thread does, at its next step. */
void thread_fd_event(struct thread_sleeper *sleeper, const struct env_wait_event *event);

/**
 * The sleeper's half of the rule. Say "sleeping", look once more, wait, say "awake".
 * \param look asked after "sleeping" is visible to all; it may lower the deadline.
 * \return events stored; 0 after a kick or at the deadline; -EAGAIN when look() found work; other
 * negative errno of env_waiter_wait().
 */
int thread_sleep(struct thread_sleeper *sleeper,
                 enum thread_rest (*look)(void *arg, uint64_t *deadline_ticks), void *arg,
                 struct env_wait_event *events, int max_events);

/** The giver's half: call after the work is where look() finds it. Any thread, signal handlers
 *  too. Has the full fence that the rule asks for. */
void thread_wake(struct thread_sleeper *sleeper);

/** Tell \p thread that it is polled on another core from now on: it turns to I/O buffers of that
 *  core's NUMA node. On that core, not inside a step. */
void thread_moved(struct spdk_thread *thread);

/* ---- For those who own devices ---- */

/**
 * spdk_io_device_register() that tells.
 * \return 0, -ENOMEM, -EEXIST. After an error there is nothing to unregister.
 */
int thread_io_device_register(void *io_device, spdk_io_channel_create_cb create_cb,
                              spdk_io_channel_destroy_cb destroy_cb, uint32_t ctx_size,
                              const char *name);

#endif /* SPDK_INTERNAL_THREAD_H */
