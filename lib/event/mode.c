/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A core between interrupts and polling, in a program that asked for interrupt mode: its threads,
 * and those that come, are told which. On the core, by the scheduler's round or by an event of
 * whoever asks. */

#include "reactor_internal.h"

struct mode_change {
	struct spdk_thread *thread; /* that asked; it stays until it was told */
	void (*cb_fn)(void *arg);
	void *cb_arg;
};

void
reactor_tell_mode(struct spdk_thread *thread, bool in_interrupt)
{
	spdk_set_thread(thread);
	spdk_thread_set_interrupt_mode(in_interrupt);
	spdk_set_thread(NULL);
}

void
reactor_switch_mode(struct reactor *reactor, bool in_interrupt)
{
	struct lw_thread *lw;

	if (!spdk_interrupt_mode_is_enabled()) {
		return;
	}
	reactor->in_interrupt = in_interrupt;
	TAILQ_FOREACH(lw, &reactor->threads, link) {
		reactor_tell_mode(lw->thread, in_interrupt);
	}
}

/* On the thread that asked. */
static void
change_done(void *arg)
{
	struct mode_change *change = arg;
	void (*cb_fn)(void *arg) = change->cb_fn;
	void *cb_arg = change->cb_arg;

	free(change);
	cb_fn(cb_arg);
}

static void
change_to_interrupts(void *arg1, void *arg2)
{
	struct mode_change *change = arg2;

	reactor_switch_mode(arg1, true);
	spdk_thread_send_msg(change->thread, change_done, change);
}

static void
change_to_polling(void *arg1, void *arg2)
{
	struct mode_change *change = arg2;

	reactor_switch_mode(arg1, false);
	spdk_thread_send_msg(change->thread, change_done, change);
}

int
reactor_set_interrupt_mode(uint32_t lcore, bool in_interrupt, void (*cb_fn)(void *arg),
                           void *cb_arg)
{
	struct reactor *reactor = reactor_get(lcore);
	struct mode_change *change;
	struct spdk_event *event;

	if (reactor == NULL) {
		return -EINVAL;
	}
	if (!spdk_interrupt_mode_is_enabled()) {
		return -ENOTSUP;
	}
	change = calloc(1, sizeof(*change));
	if (change == NULL) {
		return -ENOMEM;
	}
	change->thread = spdk_get_thread();
	change->cb_fn = cb_fn;
	change->cb_arg = cb_arg;
	event = spdk_event_allocate(lcore, in_interrupt ? change_to_interrupts : change_to_polling,
	                            reactor, change);
	if (event == NULL) {
		free(change);
		return -ENOMEM;
	}
	spdk_event_call(event);
	return 0;
}
