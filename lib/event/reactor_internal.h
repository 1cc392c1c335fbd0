/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The objects of the reactors, for lib/event only.
 */

#ifndef LIB_EVENT_REACTOR_INTERNAL_H
#define LIB_EVENT_REACTOR_INTERNAL_H

#include "spdk/env.h"
#include "spdk/event.h"
#include "spdk/likely.h"
#include "spdk/queue.h"
#include "spdk/thread.h"
#include "spdk_internal/env.h"
#include "spdk_internal/event.h"
#include "spdk_internal/thread.h"

#include <stdatomic.h>

/* Freed after it ran; until then in the reactor's list. */
struct spdk_event {
	struct spdk_event *next;
	struct reactor *reactor;
	spdk_event_fn fn;
	void *arg1;
	void *arg2;
};

/* A thread as its reactor sees it: the context behind struct spdk_thread. The reactor's. */
struct lw_thread {
	TAILQ_ENTRY(lw_thread) link;
	struct spdk_thread *thread;
	struct reactor *reactor;
	uint64_t start_ticks;
	struct spdk_thread_stats last_stats; /* at the last round of scheduling */
	bool move;                           /* its core mask has changed */
	bool exit_sent;
};

TAILQ_HEAD(lw_thread_list, lw_thread);

struct reactor {
	/* Written by whoever gives work. */
	_Atomic(struct spdk_event *) events; /* newest first */
	struct thread_sleeper sleeper;

	/* The reactor's own. */
	struct lw_thread_list threads __attribute__((aligned(64)));
	uint64_t now_ticks;
	uint64_t spin_until_ticks;
	uint64_t check_at_ticks; /* the next look at what is rare */
	uint64_t busy_tsc;
	uint64_t idle_tsc;
	bool attention; /* a thread wants to move or has exited */
	bool stopping;
	bool in_interrupt; /* its threads were told to use interrupts */

	uint64_t spin_ticks __attribute__((aligned(64)));
	uint64_t deadline_ticks; /* of the last look */
	uint64_t awake_since_ticks;
	uint32_t num_threads;
	uint32_t lcore; /* set once */
	int32_t tid;
	uint64_t hz; /* set once */
	uint64_t monitor_at_ticks;
	uint64_t last_switches;
	uint64_t last_busy_tsc; /* at the last round of scheduling */
	uint64_t last_idle_tsc;
	uint64_t window_start_ticks; /* see balance.c */
	uint64_t window_busy_tsc;
};

/* reactor.c */
int reactor_init(struct reactor *reactor, uint32_t lcore);
void reactor_fini(struct reactor *reactor);
void reactor_loop(struct reactor *reactor);
/* An event: a thread (arg2) that reactors_begin_move() counted has come to a reactor (arg1). */
void reactor_thread_arrives(void *arg1, void *arg2);
void reactor_send(struct spdk_event *event);
/* Move a thread to another core. On its reactor, outside of steps. False: it stays (logged). */
bool reactor_hand_over(struct reactor *reactor, struct lw_thread *lw, struct reactor *target);
/* reactors.c */
bool reactors_are_stopping(void);
/* Before a thread is sent to a core; false: all stop, it must not be. Any thread. */
bool reactors_begin_move(void);
/* It has arrived. */
void reactors_end_move(void);
/* Whether any is on its way. */
bool reactors_move_threads(void);
uint64_t reactors_nap_ticks(void);
/* A reactor for the thread, by its core mask and in turns; NULL: none of its cores is ours. */
struct reactor *reactors_choose(struct spdk_thread *thread);
/* A thread that exited while all stop; destroyed when no core sends messages any more. */
void reactors_keep_dead(struct lw_thread *lw);
/* mode.c: tell all threads here, and those that come, to use interrupts or to poll. On the reactor.
 */
void reactor_switch_mode(struct reactor *reactor, bool in_interrupt);
/* Tell one thread, which is here and in no step. */
void reactor_tell_mode(struct spdk_thread *thread, bool in_interrupt);
/* monitor.c */
void reactor_monitor(struct reactor *reactor);

#endif /* LIB_EVENT_REACTOR_INTERNAL_H */
