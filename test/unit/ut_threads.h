/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * SPDK threads for unit tests, stepped by hand on the simulated environment:
 *
 *	ut_threads_start(2);
 *	set_thread(0);
 *	spdk_io_device_register(...);
 *	poll_threads();			// until nobody has work
 *	poll_threads_us(1000);		// the same, 1 ms later
 *	ut_threads_stop();		// all exited, nothing leaked, or the test fails
 *
 * Thread 0 is the app thread. Add `dependencies: [ut_threads_dep, sim_dep, cmocka]` to the test.
 */

#ifndef TEST_UNIT_UT_THREADS_H
#define TEST_UNIT_UT_THREADS_H

#include "spdk/stdinc.h"
#include "spdk/thread.h"

/** Start the simulated environment, the thread library and \p num threads; none is current. */
void ut_threads_start(uint32_t num);

/** The same on a machine of which the program has these cores. */
void ut_threads_start_on(uint32_t num, const char *core_mask);

/** Let all threads exit, end the library and the environment. Fails the test when a thread does
 *  not come to rest, or memory of env or the heap was not given back since ut_threads_start(). */
void ut_threads_stop(void);

/** As spdk_set_thread() of thread \p i; UINT32_MAX: none. */
void set_thread(uint32_t i);

/** Thread \p i. */
struct spdk_thread *ut_thread(uint32_t i);

/** One step of thread \p i; true when it did anything. The current thread stays as it was. */
bool poll_thread(uint32_t i);

/** Up to \p times steps of thread \p i, until it has no work; how many did any. */
uint32_t poll_thread_times(uint32_t i, uint32_t times);

/** Step all threads, and run blocking work, until nobody has work. Fails the test after 100,000
 *  rounds. */
void poll_threads(void);

/** Let \p us of virtual time pass at once, then poll_threads(). */
void poll_threads_us(uint64_t us);

#endif /* TEST_UNIT_UT_THREADS_H */
