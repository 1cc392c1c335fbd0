/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* One step of a thread: messages, pollers, timed pollers, then whatever asked for attention, each
 * bounded; and the look that says whether a thread can have work. Runs on the POSIX thread that
 * polls the spdk_thread. An empty step reads the first cache line of the thread, its inbox, and the
 * first cache line of each poller that is not timed; it writes no shared line and has no atomic
 * read-modify-write. */

#include "thread_internal.h"

/* Why the poller does not run now; only for those that are not simply to be run. */
static bool
poller_is_due(struct spdk_poller *poller, uint64_t now)
{
	if (poller->state != POLLER_WAITING) {
		return false;
	}
	if (spdk_unlikely(poller->fd_ready)) {
		poller->fd_ready = false;
	} else if ((poller->gate & GATE_COUNTER) != 0 && *poller->counter == 0) {
		return false;
	} else if ((poller->gate & GATE_PERIOD) != 0 && now < poller->next_run_ticks) {
		return false;
	}
	poller->next_run_ticks = now + poller->period_ticks;
	return true;
}

static inline int
thread_run_active(struct spdk_thread *thread, uint64_t now)
{
	struct spdk_poller *poller, *next;
	int rc, busy = 0;

	/* Nothing leaves this list while it is walked: see ATTENTION_REAP. */
	TAILQ_FOREACH_SAFE(poller, &thread->active, link, next) {
		if (spdk_unlikely((poller->state | poller->gate) != 0) &&
		    !poller_is_due(poller, now)) {
			continue;
		}
		poller->fd_ready = false; /* also of one that runs in every step */
		poller->state = POLLER_RUNNING;
		rc = poller->fn(poller->arg);
		poller->run_count++;
		if (rc > 0) {
			poller->busy_count++;
			busy = THREAD_DID_WORK;
		}
		if (spdk_likely(poller->state == POLLER_RUNNING)) {
			poller->state = POLLER_WAITING;
		}
	}
	return busy;
}

void
thread_defer(struct thread_deferred *d)
{
	struct spdk_thread *thread = thread_current();

	assert(thread != NULL && d->fn != NULL);
	if (d->queued) {
		return;
	}
	d->queued = true;
	d->next = NULL;
	*thread->deferred_tail = d;
	thread->deferred_tail = &d->next;
	thread->attention |= ATTENTION_DEFERRED;
	if (spdk_unlikely(thread->depth == 0) && thread->loop != NULL) {
		loop_disturb(thread);
	}
}

static void
thread_run_deferred(struct spdk_thread *thread)
{
	struct thread_deferred *d = thread->deferred_head, *next;

	/* What these defer anew goes on a new list, for the next step. */
	thread->deferred_head = NULL;
	thread->deferred_tail = &thread->deferred_head;
	thread->attention &= ~ATTENTION_DEFERRED;
	for (; d != NULL; d = next) {
		next = d->next;
		d->queued = false;
		d->fn(d->arg);
	}
}

void
spdk_thread_register_post_poller_handler(spdk_post_poller_fn fn, void *fn_arg)
{
	struct spdk_thread *thread = thread_current();

	assert(thread != NULL);
	if (thread->num_post == POST_HANDLERS_MAX) {
		/* Later than asked, but never lost. */
		msg_post(thread, fn, fn_arg);
		return;
	}
	thread->post[thread->num_post].fn = fn;
	thread->post[thread->num_post].arg = fn_arg;
	thread->num_post++;
	thread->attention |= ATTENTION_POST;
}

static void
thread_run_post(struct spdk_thread *thread)
{
	struct post_handler handlers[POST_HANDLERS_MAX];
	uint32_t i, count = thread->num_post;

	memcpy(handlers, thread->post, count * sizeof(handlers[0]));
	thread->num_post = 0;
	thread->attention &= ~ATTENTION_POST;
	for (i = 0; i < count; i++) {
		handlers[i].fn(handlers[i].arg);
	}
}

/* Whether an exiting thread has nothing left that could call it back. */
static bool
thread_is_at_rest(struct spdk_thread *thread)
{
	if (msg_waiting(thread) || thread->deferred_head != NULL || thread->num_post != 0) {
		return false;
	}
	if (thread->num_active + thread->num_timed + thread->num_paused != 0) {
		return false;
	}
	return thread->num_interrupts == thread->num_own_interrupts &&
	       thread->pending_unregister == 0 && TAILQ_EMPTY(&thread->channel_list);
}

static int
thread_try_exit(struct spdk_thread *thread, uint64_t now)
{
	int did = 0;

	if (!thread_is_at_rest(thread)) {
		if (now < thread->exit_deadline_ticks) {
			return 0;
		}
		SPDK_ERRLOG("Thread %s did not come to rest in %d s after its exit (%u pollers, "
		            "%u interrupts, %u devices, channels: %s): ended by force\n",
		            thread->name, THREAD_EXIT_TIMEOUT_S,
		            thread->num_active + thread->num_timed + thread->num_paused,
		            thread->num_interrupts - thread->num_own_interrupts,
		            thread->pending_unregister,
		            TAILQ_EMPTY(&thread->channel_list) ? "none" : "some");
	}
	/* Under the lock, in which spdk_for_each_*() choose a thread and send to it. */
	thread_lib_lock();
	if (!msg_waiting(thread) || now >= thread->exit_deadline_ticks) {
		thread->state = THREAD_EXITED;
		thread->attention &= ~ATTENTION_EXITING;
		did = THREAD_DID_EXIT;
	}
	thread_lib_unlock();
	return did;
}

/* Rare; out of line so that an empty step saves few registers. */
static __attribute__((noinline)) int
thread_attend(struct spdk_thread *thread, uint64_t now)
{
	int did = 0;

	if (spdk_likely(thread->attention == ATTENTION_DEFERRED)) {
		/* The usual: completions. What they ask for is looked at in the next step. */
		thread_run_deferred(thread);
		return THREAD_DID_WORK;
	}
	if (thread->attention & ATTENTION_INTERRUPT) {
		did |= interrupt_run_ready(thread);
	}
	if (thread->attention & ATTENTION_POST) {
		thread_run_post(thread);
		did |= THREAD_DID_WORK;
	}
	if (thread->attention & ATTENTION_DEFERRED) {
		thread_run_deferred(thread);
		did |= THREAD_DID_WORK;
	}
	if ((thread->attention & ATTENTION_REAP) && thread->depth == 1) {
		poller_reap(thread);
	}
	if (thread->attention & ATTENTION_EXITING) {
		did |= thread_try_exit(thread, now);
	}
	return did;
}

int
thread_step(struct spdk_thread *thread, uint32_t max_msgs, uint64_t now)
{
	struct spdk_thread *previous = g_env_local.thread;
	uint64_t end;
	int did = 0;

	g_env_local.thread = thread;
	thread->depth++;
	if (spdk_unlikely(msg_waiting(thread))) {
		did = msg_run_batch(thread, max_msgs != 0 ? max_msgs : STEP_MSG_BATCH)
		              ? THREAD_DID_WORK
		              : 0;
	}
	did |= thread_run_active(thread, now);
	if (spdk_unlikely(thread->next_timed_ticks <= now)) {
		did |= poller_run_timed(thread, now);
	}
	if (thread->attention != 0) {
		did |= thread_attend(thread, now);
	}
	assert(thread->lock_count == 0);
	thread->depth--;
	g_env_local.thread = previous;

	end = spdk_get_ticks();
	if (did != 0) {
		thread->busy_tsc += end - now;
	} else {
		thread->idle_tsc += end - now;
	}
	thread->tsc_last = end;
	return did;
}

int
spdk_thread_poll(struct spdk_thread *thread, uint32_t max_msgs, uint64_t now)
{
	if (now == 0) {
		now = spdk_get_ticks();
	}
	if (spdk_unlikely(thread->loop != NULL)) {
		return loop_poll_own(thread, max_msgs, now) ? 1 : 0;
	}
	return thread_step(thread, max_msgs, now) != 0 ? 1 : 0;
}

int
spdk_thread_get_stats(struct spdk_thread_stats *stats)
{
	struct spdk_thread *thread = thread_current();

	if (thread == NULL || stats == NULL) {
		return -EINVAL;
	}
	stats->busy_tsc = thread->busy_tsc;
	stats->idle_tsc = thread->idle_tsc;
	return 0;
}

uint64_t
spdk_thread_get_last_tsc(struct spdk_thread *thread)
{
	if (thread == NULL) {
		thread = thread_current();
	}
	return thread->tsc_last;
}

void
thread_add_idle(struct spdk_thread *thread, uint64_t ticks)
{
	thread->idle_tsc += ticks;
}

uint64_t
spdk_thread_next_poller_expiration(struct spdk_thread *thread)
{
	return thread->next_timed_ticks == UINT64_MAX ? 0 : thread->next_timed_ticks;
}

int
spdk_thread_has_active_pollers(struct spdk_thread *thread)
{
	return thread->num_active != 0;
}

bool
spdk_thread_has_pollers(struct spdk_thread *thread)
{
	return thread->num_active + thread->num_timed != 0;
}

bool
spdk_thread_is_idle(struct spdk_thread *thread)
{
	return !msg_waiting(thread) && !spdk_thread_has_pollers(thread);
}

/* What a poller says about sleeping. */
static enum thread_rest
poller_look(const struct spdk_poller *poller)
{
	bool counted = poller->counter != NULL && *poller->counter != 0;

	if (poller->state != POLLER_WAITING) {
		return THREAD_REST_SLEEP;
	}
	switch (poller->kind) {
	case POLLER_FD:
		return counted || poller->fd_ready ? THREAD_REST_NONE : THREAD_REST_SLEEP;
	case POLLER_COUNTED:
		return counted && poller->tfd.fd < 0 ? THREAD_REST_NONE : THREAD_REST_SLEEP;
	default:
		return interrupt_stands_for(poller) ? THREAD_REST_SLEEP : THREAD_REST_NAP;
	}
}

enum thread_rest
thread_look(struct spdk_thread *thread, uint64_t *deadline_ticks)
{
	enum thread_rest one, rest = THREAD_REST_SLEEP;
	struct spdk_poller *poller;

	if (msg_waiting(thread) || thread->attention != 0) {
		return THREAD_REST_NONE;
	}
	if (spdk_unlikely(thread->num_unwatched > 0)) {
		rest = THREAD_REST_NAP;
	}
	TAILQ_FOREACH(poller, &thread->active, link) {
		one = poller_look(poller);
		if (one < rest) {
			rest = one;
			if (rest == THREAD_REST_NONE) {
				return rest;
			}
		}
	}
	if (thread->next_timed_ticks < *deadline_ticks) {
		*deadline_ticks = thread->next_timed_ticks;
	}
	return rest;
}

uint32_t
thread_count_unknown(const struct spdk_thread *thread)
{
	struct spdk_poller *poller;
	uint32_t count = 0;

	TAILQ_FOREACH(poller, &thread->active, link) {
		count += poller->kind == POLLER_UNKNOWN && !interrupt_stands_for(poller) &&
		         poller->state <= POLLER_RUNNING;
	}
	return count;
}

void
thread_name_unknown(struct spdk_thread *thread)
{
	struct spdk_poller *poller;

	TAILQ_FOREACH(poller, &thread->active, link) {
		if (poller->named || poller_look(poller) != THREAD_REST_NAP) {
			continue;
		}
		poller->named = true;
		SPDK_NOTICELOG("Poller %s of thread %s can have work at any time, so its core does "
		               "not sleep; spdk_poller_register_interrupt() or "
		               "--busy-poller-sleep-us would let it\n",
		               poller->name, thread->name);
	}
}
