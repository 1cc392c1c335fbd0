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

/**
 * When a poller can have something to do. A reactor sleeps only when no poller of its threads can;
 * in-tree pollers are never UNKNOWN.
 */
enum poller_kind {
	/** Period 0 and nothing declared: it may have work at any time, so its reactor never sleeps.
	 *  What spdk_poller_register(fn, arg, 0) gives. */
	POLLER_UNKNOWN,
	/** Runs every period_us. */
	POLLER_TIMED,
	/** Has work when `fd` is readable, or `*counter` is not 0. Awake, it runs at every step
	 *  (period_us 0) or every period_us; asleep, the descriptor wakes its reactor and it runs at
	 *  once. While `*counter` is not 0 the reactor does not sleep: for bytes already taken from
	 *  the descriptor. */
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
struct spdk_poller *thread_poller_register(spdk_poller_fn fn, void *arg,
					   const struct poller_opts *opts);

/**
 * Something to do before the current step of a thread ends, at no cost per use: completions that
 * must not run inside the call that caused them. The owner embeds it, zeroed, and sets fn and arg.
 */
struct thread_deferred {
	void (*fn)(void *arg);
	void *arg;
	struct thread_deferred *next; /* the thread's */
	bool queued; /* the thread's; cleared before fn runs */
};

/**
 * Run \p d on the current thread, after the message or poller that runs now and in the same step.
 * Nothing when it is queued already. What fn defers anew runs in the next step, so that a step is
 * bounded.
 */
void thread_defer(struct thread_deferred *d);

#endif /* SPDK_INTERNAL_THREAD_H */
