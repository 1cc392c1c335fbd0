/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* SPDK's view of what a thread waits for: one descriptor, or one fd group, per thread. Runs on the
 * POSIX thread that polls the thread.
 *
 * A thread that is polled by hand: its group holds the descriptor of its own loop (loop.c), with a
 * function that polls the thread, and whatever the program adds. A program may nest the group in
 * one of its own; a wait there then runs the thread.
 *
 * A thread of a reactor, or of a basalt_loop: its descriptor is that of who polls it. Its group
 * holds what the program adds, inside a group of ours that is an interrupt of the thread; so it is
 * nested already, as with SPDK, and a program can't nest it again. */

#include "thread_internal.h"

struct thread_group {
	struct spdk_fd_group *group;
	struct spdk_fd_group *root; /* around it, of a thread of a reactor; NULL: by hand */
	bool polling; /* inside spdk_thread_poll(), which stepped the thread already */
	bool stepped; /* the function that runs now is that of the thread itself */
};

/* Who adds descriptors to the group wants its functions to run on the thread. */
static int
group_wrapper(void *arg, spdk_fd_fn fn, void *fn_arg)
{
	struct spdk_thread *previous = thread_current(), *thread = arg;
	struct thread_group *group = thread->group;
	int rc;

	group->stepped = false;
	g_env_local.thread = thread;
	rc = fn(fn_arg);
	g_env_local.thread = previous;
	if (thread->loop != NULL && !group->stepped && !group->polling) {
		loop_disturb(thread); /* it may have given the thread work */
	}
	return rc;
}

/* The descriptor of the thread's own loop is ready. */
static int
group_step(void *arg)
{
	struct spdk_thread *thread = arg;
	struct thread_group *group = thread->group;

	group->stepped = true;
	if (group->polling) {
		return 0;
	}
	return spdk_thread_poll(thread, 0, 0);
}

bool
group_poll(struct spdk_thread *thread)
{
	struct thread_group *group = thread->group;
	int rc;

	if (group->root != NULL || group->polling) {
		return false;
	}
	group->polling = true;
	/* -EINVAL inside a group of the program's, whose wait finds what is ready. */
	rc = spdk_fd_group_wait(group->group, 0);
	group->polling = false;
	return rc > 1;
}

void
group_destroy(struct spdk_thread *thread)
{
	struct thread_group *group = thread->group;

	if (group == NULL) {
		return;
	}
	thread->group = NULL;
	if (group->group != NULL) {
		spdk_fd_group_set_wrapper(group->group, NULL, NULL);
	}
	spdk_fd_group_destroy(group->group);
	spdk_fd_group_destroy(group->root);
	free(group);
}

static int
group_run_root(void *arg)
{
	return spdk_fd_group_wait(arg, 0);
}

/* Inside a group of ours, which is an interrupt of the thread. */
static int
group_enter_thread(struct spdk_thread *thread, struct thread_group *group)
{
	int rc;

	rc = spdk_fd_group_create(&group->root);
	if (rc == 0) {
		rc = spdk_fd_group_nest(group->root, group->group);
	}
	if (rc == 0 && interrupt_register_own(thread, spdk_fd_group_get_fd(group->root),
	                                      group_run_root, group->root, "group") == NULL) {
		rc = -ENOMEM;
	}
	return rc;
}

static int
group_create(struct spdk_thread *thread, bool by_hand)
{
	struct thread_group *group = calloc(1, sizeof(*group));
	int rc;

	if (group == NULL) {
		return -ENOMEM;
	}
	thread->group = group;
	rc = spdk_fd_group_create(&group->group);
	if (rc == 0) {
		rc = spdk_fd_group_set_wrapper(group->group, group_wrapper, thread);
	}
	if (rc == 0 && by_hand) {
		rc = SPDK_FD_GROUP_ADD(group->group, loop_fd(thread->loop), group_step, thread);
	} else if (rc == 0) {
		rc = group_enter_thread(thread, group);
	}
	if (rc != 0) {
		group_destroy(thread);
	}
	return rc;
}

/* Whether the thread is polled by spdk_thread_poll(), on a loop of its own. */
static bool
is_by_hand(struct spdk_thread *thread)
{
	if (thread->loop == NULL &&
	    atomic_load_explicit(&thread->sleeper, memory_order_relaxed) == NULL) {
		return loop_get_own(thread) != NULL;
	}
	return thread->loop != NULL && loop_is_own(thread->loop);
}

int
spdk_thread_get_interrupt_fd(struct spdk_thread *thread)
{
	bool by_hand = is_by_hand(thread);
	struct thread_sleeper *sleeper;

	if (by_hand && thread->group != NULL) {
		return spdk_fd_group_get_fd(thread->group->group);
	}
	sleeper = atomic_load_explicit(&thread->sleeper, memory_order_relaxed);
	return sleeper != NULL ? env_waiter_fd(sleeper->waiter) : -1;
}

struct spdk_fd_group *
spdk_thread_get_interrupt_fd_group(struct spdk_thread *thread)
{
	bool by_hand = is_by_hand(thread);
	int rc;

	if (atomic_load_explicit(&thread->sleeper, memory_order_relaxed) == NULL) {
		return NULL;
	}
	if (thread->group == NULL) {
		rc = group_create(thread, by_hand);
		if (rc != 0) {
			SPDK_ERRLOG("Thread %s gets no group of descriptors: %s\n", thread->name,
			            strerror(-rc));
			return NULL;
		}
	}
	return thread->group->group;
}
