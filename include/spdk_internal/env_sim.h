/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The simulated environment: what a test or the simulator does to it. Nothing has to be set up but
 * spdk_env_init(): time stands at 1 s, the seed is 1, one core. All of it is for one OS thread.
 *
 *	spdk_env_init(&opts);
 *	env_sim_fail_nth(ENV_FAULT_MALLOC, 3);	// the third spdk_malloc() from here returns NULL
 *	env_sim_advance_us(1000);		// virtual time
 *	env_sim_run_work(UINT32_MAX);		// blocking work that was submitted
 *	assert_int_equal(env_sim_live(), 0);	// nothing leaked
 */

#ifndef SPDK_INTERNAL_ENV_SIM_H
#define SPDK_INTERNAL_ENV_SIM_H

#include "spdk_internal/env.h"
#include "spdk_internal/env_fault.h"

/** Ticks a second of the simulated clock: a tick is a nanosecond. */
#define ENV_SIM_TICKS_HZ 1000000000ull

/* ---- Time ---- */

/** Let virtual time pass. */
void env_sim_advance(uint64_t ticks);
static inline void
env_sim_advance_us(uint64_t us)
{
	env_sim_advance(us * 1000);
}

/**
 * What a wait does when nothing is ready. True (after init): submitted work runs, then time jumps
 * to the deadline; a wait without a deadline counts in env_sim_stuck() and returns. False: it
 * returns at once, and whoever steps the threads moves the time, to env_sim_next_deadline().
 */
void env_sim_set_wait_advances(bool advances);

/** The earliest deadline of the last waits that returned without an event; UINT64_MAX: none. */
uint64_t env_sim_next_deadline(void);

/** Move time to env_sim_next_deadline() and forget it. False when there is none. */
bool env_sim_run_to_deadline(void);

/** Waits that could never have ended. */
uint64_t env_sim_stuck(void);

/* ---- Randomness ---- */

/** Seed all streams anew; before the first draw, or at any time. spdk_env_init() seeds with 1, or
 *  with what was given before it. */
void env_sim_seed(uint64_t seed);

/**
 * The next number of the stream called \p name. Each name is a stream of its own: drawing from one
 * never changes another. env_random() is the stream "env".
 */
uint64_t env_sim_rand(const char *name);

/** A number from 0 to \p bound - 1 of the stream \p name, without bias. \p bound is at least 1. */
uint64_t env_sim_rand_below(const char *name, uint64_t bound);

/* ---- Nodes ---- */

/** Which NUMA nodes the machine has, as a mask, until spdk_env_fini(); 3 without. After
 *  spdk_env_init(). */
void env_sim_set_numa_mask(uint32_t mask);

/* ---- Threads ---- */

/** What spdk_env_thread_launch_pinned() recorded. */
struct env_sim_thread {
	uint32_t core;
	thread_start_fn fn;
	void *arg;
};

/** The next recorded thread in the order of launch, which leaves the record. False when none is. */
bool env_sim_thread_take(struct env_sim_thread *thread);

/** The core that spdk_env_get_current_core() answers, for a thread stepped by hand;
 *  SPDK_ENV_LCORE_ID_ANY: none. Returns the one before. */
uint32_t env_sim_set_core(uint32_t core);

/* ---- Blocking work ---- */

/** Run up to \p max pieces of submitted work, in order, each with its done. Returns how many. */
uint32_t env_sim_run_work(uint32_t max);

/** Pieces of work that wait. */
uint32_t env_sim_pending_work(void);

/* ---- Descriptors ---- */

/** A simulated descriptor, ready for nothing; -EMFILE. Close it with env_event_close(). */
int env_sim_fd_create(void);

/** Say for which of EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP \p fd is ready from now on. */
void env_sim_fd_set_ready(int fd, uint32_t events);

/** Simulated descriptors that are open: waiters, events, streams, env_sim_fd_create(). */
uint32_t env_sim_fd_count(void);

/* ---- Files ---- */

/** Give the file at \p path a content that env_file_load() finds there; NULL removes it. Files not
 *  given so are read from the machine. 0, -ENOMEM. */
int env_sim_file_set(const char *path, const void *data, size_t len_bytes);

/** So many bytes more can files take; UINT64_MAX (after init): no end. */
void env_sim_file_set_space(uint64_t bytes);

/**
 * The machine crashes, as far as files go: names that were not synced are as before, or, by the
 * stream "disk", as they would be; of content that was not synced some, all or nothing is there,
 * with holes of zeros. Descriptors stay open, and are to be closed.
 */
void env_sim_file_crash(void);

/* ---- Faults and leaks ---- */

/** Let the \p nth call (1: the next) of a class fail, once. See env_fault.h. */
static inline void
env_sim_fail_nth(enum env_fault_class fault_class, uint64_t nth)
{
	env_fault_nth(fault_class, nth);
}

/** Buffers of spdk_malloc() and its relatives that were not freed: rings, pools and zones too. */
uint64_t env_sim_live(void);

/**
 * Blocks of malloc(), calloc(), strdup() and so on that library and test have not freed. Counted
 * where the program is linked with the heap's wrappers, as unit tests are.
 */
uint64_t env_sim_live_heap(void);

#endif /* SPDK_INTERNAL_ENV_SIM_H */
