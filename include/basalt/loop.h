/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * SPDK threads in an event loop of your own: epoll, libuv, io_uring, any that can wait for a
 * descriptor. A basalt_loop has one descriptor for all its threads together, which is readable when
 * a call of basalt_loop_process() would find work: messages from any POSIX thread, timed pollers
 * that are due, descriptors that are ready. Nothing else has to be watched, and no timer be kept.
 *
 * A loop and its threads belong to the POSIX thread that calls basalt_loop_process(). Programs on
 * spdk_app_start() have reactors for this and need none.
 */

#ifndef BASALT_LOOP_H
#define BASALT_LOOP_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct spdk_thread;

/** Threads that one POSIX thread runs. */
struct basalt_loop;

/** Make a loop without threads, after spdk_thread_lib_init(); *loop is the caller's.
 *  \return 0, -ENOMEM, -EMFILE. */
int basalt_loop_create(struct basalt_loop **loop);

/** Give a loop back, not inside of basalt_loop_process(). Threads that are in it stay, and nobody
 *  polls them. NULL is allowed. */
void basalt_loop_destroy(struct basalt_loop *loop);

/** Let \p loop poll \p thread, which nobody polls yet, from its next basalt_loop_process() on, for
 *  which the descriptor is readable now. Any POSIX thread: it can be the whole of a function for
 *  spdk_thread_lib_init(). */
void basalt_loop_add_thread(struct basalt_loop *loop, struct spdk_thread *thread);

/** Poll \p thread no more. On the loop's POSIX thread, not inside of basalt_loop_process(). A
 * thread that has exited leaves its loop by itself: spdk_thread_is_exited() tells, and its owner
 * calls spdk_thread_destroy(). */
void basalt_loop_remove_thread(struct basalt_loop *loop, struct spdk_thread *thread);

/** The descriptor to wait for, readable (level-triggered). It belongs to the loop. */
int basalt_loop_get_fd(const struct basalt_loop *loop);

/** Do what there is to do: up to \p max_steps steps of all threads, fewer when there is no more
 *  work. Call it when the descriptor is readable, once before the first wait, and once after a
 *  thread was made current by spdk_set_thread() and stayed so.
 *  \return 1 when there is more to do now, and the descriptor is readable; 0: wait for it. */
int basalt_loop_process(struct basalt_loop *loop, uint32_t max_steps);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* BASALT_LOOP_H */
