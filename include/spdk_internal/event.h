/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Reactors for those who drive one themselves: a foreign event loop, the simulator. A program on
 * spdk_app_start() needs none of this.
 */

#ifndef SPDK_INTERNAL_EVENT_H
#define SPDK_INTERNAL_EVENT_H

#include "spdk/stdinc.h"

/** Polls the threads of one core, a bounded step at a time. */
struct reactor;

/**
 * Make a reactor for each core of the environment, and let them run the threads that
 * spdk_thread_create() makes from now on. After spdk_env_init(); starts the thread library.
 * \param msg_pool_size for spdk_thread_lib_init_ext().
 * \return 0, -ENOMEM, -EMFILE.
 */
int reactors_init(size_t msg_pool_size);

/** Undo reactors_init(), after all threads were destroyed; harmless without it. */
void reactors_fini(void);

/**
 * Start the POSIX threads of all cores but the main one, before the first SPDK thread is made.
 * reactors_fini() ends them when reactors_run() is never reached.
 * \return 0, or a negative errno when a core's POSIX thread can't be started.
 */
int reactors_launch(void);

/** Run the main core's reactor on the calling POSIX thread. Returns when reactors_stop() was called
 *  and all threads on all cores have exited. */
void reactors_run(void);

/** Let all threads exit and reactors_run() return. Any thread. */
void reactors_stop(void);

/** The reactor of \p lcore; NULL: none. */
struct reactor *reactor_get(uint32_t lcore);

/**
 * For a foreign loop: a descriptor that is readable when reactor_process() should be called. It
 * belongs to the reactor.
 */
int reactor_fd(struct reactor *reactor);

/**
 * For a foreign loop: do what there is to do, at most \p max_steps steps. Call when reactor_fd() is
 * readable and when the time comes.
 * \param next_ticks when it wants to be called though the descriptor is quiet; UINT64_MAX: never.
 * \return 1 when there is more to do now; 0 when waiting is right.
 */
int reactor_process(struct reactor *reactor, uint32_t max_steps, uint64_t *next_ticks);

/** How long a reactor may nap though a poller that says nothing of itself could have work; 0: it
 *  never sleeps then. Before reactors_run(). */
void reactors_set_nap_us(uint32_t nap_us);

/** What framework_get_reactors tells. */
struct reactor_info {
	uint32_t lcore;
	int32_t tid;
	uint64_t busy_tsc;
	uint64_t idle_tsc;
	bool in_interrupt;
};

/**
 * Let the threads of \p lcore, and those that come to it, use interrupts, or poll. On a thread,
 * which stays until \p cb_fn ran on it.
 * \return 0; -EINVAL: not one of our cores; -ENOTSUP: the program did not ask for interrupt mode;
 * -ENOMEM.
 */
int reactor_set_interrupt_mode(uint32_t lcore, bool in_interrupt, void (*cb_fn)(void *arg),
                               void *cb_arg);

void reactor_get_info(const struct reactor *reactor, struct reactor_info *info);

/** Name, id and so on of each thread on \p reactor; from its own thread. */
struct spdk_thread;
void
reactor_for_each_thread(struct reactor *reactor,
                        void (*fn)(void *arg, struct spdk_thread *thread, uint64_t start_ticks),
                        void *arg);

/** For a scheduler: whether it wants to balance also before the period has passed, when a core with
 *  several threads can't keep up. False at first, and again after its deinit, which says so. */
void reactors_set_early_balance(bool enabled);

/** Write the methods that bring the scheduler into its present state, as an array. App thread. */
struct spdk_json_write_ctx;
void scheduler_write_config(struct spdk_json_write_ctx *w);

/** The reactor that the calling POSIX thread runs; NULL: none. */
struct reactor *reactor_current(void);

/** File that keeps another process of this user off a core. See lib/event/core_lock.c. */
int app_claim_cores(void);
void app_release_cores(void);

#endif /* SPDK_INTERNAL_EVENT_H */
