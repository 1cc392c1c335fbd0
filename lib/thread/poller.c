/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Pollers: register, unregister, pause, resume; and the tree of timed ones.
 *
 * Runs on the poller's thread only. WAITING -> RUNNING -> WAITING; PAUSING and UNREGISTERED are
 * marks on a poller that stands in the active list, which may be walked right now: the end of the
 * step moves or frees it (poller_reap()). Timed pollers leave their tree at once; the one that runs
 * is out of the tree meanwhile. */

#include "thread_internal.h"

#include "spdk_internal/usdt.h"

int
poller_tree_cmp(struct spdk_poller *a, struct spdk_poller *b)
{
	if (a->next_run_ticks != b->next_run_ticks) {
		return a->next_run_ticks < b->next_run_ticks ? -1 : 1;
	}
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_GENERATE_STATIC(poller_tree, spdk_poller, node, poller_tree_cmp)

static void
timed_refresh(struct spdk_thread *thread)
{
	struct spdk_poller *first = RB_MIN(poller_tree, &thread->timed);

	thread->next_timed_ticks = first != NULL ? first->next_run_ticks : UINT64_MAX;
}

static void
timed_insert(struct spdk_poller *poller, uint64_t now)
{
	struct spdk_thread *thread = poller->thread;

	poller->next_run_ticks = now + poller->period_ticks;
	RB_INSERT(poller_tree, &thread->timed, poller);
	if (poller->next_run_ticks < thread->next_timed_ticks) {
		thread->next_timed_ticks = poller->next_run_ticks;
	}
}

static void
timed_remove(struct spdk_poller *poller)
{
	RB_REMOVE(poller_tree, &poller->thread->timed, poller);
	timed_refresh(poller->thread);
}

static void
poller_fd_ready(struct thread_fd *tfd)
{
	SPDK_CONTAINEROF(tfd, struct spdk_poller, tfd)->fd_ready = true;
}

static void
poller_free(struct spdk_poller *poller)
{
	free(poller);
}

/* After the run of a timed poller: back in the tree, or where its run has sent it. */
static void
timed_ran(struct spdk_thread *thread, struct spdk_poller *poller, uint64_t now)
{
	switch (poller->state) {
	case POLLER_UNREGISTERED:
		poller_free(poller);
		break;
	case POLLER_PAUSING:
		poller->state = POLLER_PAUSED;
		TAILQ_INSERT_TAIL(&thread->paused, poller, link);
		break;
	default:
		poller->state = POLLER_WAITING;
		timed_insert(poller, now);
		break;
	}
}

int
poller_run_timed(struct spdk_thread *thread, uint64_t now)
{
	struct spdk_poller *poller;
	int rc, busy = 0;

	/* Each runs once: its next time is after now, the period being at least one tick. */
	while ((poller = RB_MIN(poller_tree, &thread->timed)) != NULL &&
	       poller->next_run_ticks <= now) {
		RB_REMOVE(poller_tree, &thread->timed, poller);
		timed_refresh(thread);
		poller->state = POLLER_RUNNING;
		USDT_PROBE2(timerfd_exec, poller->fn, poller->arg);
		rc = poller->fn(poller->arg);
		poller->run_count++;
		if (rc > 0) {
			poller->busy_count++;
			busy = THREAD_DID_TIMED;
		}
		timed_ran(thread, poller, now);
	}
	return busy;
}

/* Who polls the thread, asleep, hears of a change that was made outside of its steps. */
static void
disturb(struct spdk_thread *thread)
{
	if (thread->depth == 0 && thread->loop != NULL) {
		loop_disturb(thread);
	}
}

static bool
poller_opts_are_valid(const struct poller_opts *opts)
{
	switch (opts->kind) {
	case POLLER_UNKNOWN:
		return opts->period_us == 0 && opts->fd < 0;
	case POLLER_TIMED:
		return opts->period_us > 0 && opts->fd < 0;
	case POLLER_FD:
		return opts->fd >= 0;
	case POLLER_COUNTED:
		return opts->counter != NULL;
	}
	return false;
}

static uint64_t
period_to_ticks(uint64_t period_us)
{
	uint64_t hz = spdk_get_ticks_hz(), s = period_us / SPDK_SEC_TO_USEC,
	         us = period_us % SPDK_SEC_TO_USEC;
	uint64_t ticks = s * hz + us * hz / SPDK_SEC_TO_USEC;

	return period_us != 0 ? spdk_max(ticks, 1) : 0;
}

static void
poller_set_up(struct spdk_poller *poller, struct spdk_thread *thread,
              const struct poller_opts *opts)
{
	poller->thread = thread;
	poller->id = thread->next_poller_id++;
	poller->kind = opts->kind;
	poller->counter = opts->counter;
	poller->period_ticks = period_to_ticks(opts->period_us);
	if (opts->kind == POLLER_COUNTED) {
		poller->gate |= GATE_COUNTER;
	}
	if (opts->kind != POLLER_TIMED && opts->period_us > 0) {
		poller->gate |= GATE_PERIOD;
	}
	poller->tfd.fd = opts->fd;
	poller->tfd.events = EPOLLIN;
	poller->tfd.ready = poller_fd_ready;
	poller->tfd.thread = thread;
	if (opts->name != NULL) {
		snprintf(poller->name, sizeof(poller->name), "%s", opts->name);
	} else {
		snprintf(poller->name, sizeof(poller->name), "poller_%" PRIu64, poller->id);
	}
}

struct spdk_poller *
thread_poller_register(spdk_poller_fn fn, void *arg, const struct poller_opts *opts)
{
	struct spdk_thread *thread = thread_current();
	struct spdk_poller *poller;
	int rc;

	assert(thread != NULL && fn != NULL && poller_opts_are_valid(opts));
	poller =
	        aligned_alloc(CACHE_LINE_BYTES, SPDK_ALIGN_CEIL(sizeof(*poller), CACHE_LINE_BYTES));
	if (poller == NULL) {
		SPDK_ERRLOG("No memory for a poller of thread %s\n", thread->name);
		return NULL;
	}
	memset(poller, 0, sizeof(*poller));
	poller->fn = fn;
	poller->arg = arg;
	poller_set_up(poller, thread, opts);
	if (poller->tfd.fd >= 0) {
		rc = thread_fd_watch(thread, &poller->tfd);
		if (rc != 0) {
			SPDK_ERRLOG("Poller %s: can't wait for its descriptor %d: %s\n",
			            poller->name, opts->fd, strerror(-rc));
			poller_free(poller);
			return NULL;
		}
	}
	if (poller->kind == POLLER_TIMED) {
		timed_insert(poller, spdk_get_ticks());
		thread->num_timed++;
	} else {
		poller->next_run_ticks = spdk_get_ticks() + poller->period_ticks;
		TAILQ_INSERT_TAIL(&thread->active, poller, link);
		thread->num_active++;
	}
	disturb(thread);
	return poller;
}

struct spdk_poller *
spdk_poller_register_named(spdk_poller_fn fn, void *arg, uint64_t period_microseconds,
                           const char *name)
{
	struct poller_opts opts = {
		.name = name,
		.kind = period_microseconds > 0 ? POLLER_TIMED : POLLER_UNKNOWN,
		.period_us = period_microseconds,
		.fd = -1,
	};

	if (thread_current() == NULL) {
		SPDK_ERRLOG("A poller can only be registered on an SPDK thread\n");
		assert(false);
		return NULL;
	}
	return thread_poller_register(fn, arg, &opts);
}

struct spdk_poller *
spdk_poller_register(spdk_poller_fn fn, void *arg, uint64_t period_microseconds)
{
	return spdk_poller_register_named(fn, arg, period_microseconds, NULL);
}

/* Move or free what was marked in the active list. No walk of it is under way. */
void
poller_reap(struct spdk_thread *thread)
{
	struct spdk_poller *poller, *next;

	thread->attention &= ~ATTENTION_REAP;
	TAILQ_FOREACH_SAFE(poller, &thread->active, link, next) {
		if (poller->state == POLLER_UNREGISTERED) {
			TAILQ_REMOVE(&thread->active, poller, link);
			poller_free(poller);
		} else if (poller->state == POLLER_PAUSING) {
			TAILQ_REMOVE(&thread->active, poller, link);
			TAILQ_INSERT_TAIL(&thread->paused, poller, link);
			poller->state = POLLER_PAUSED;
		}
	}
}

static void
reap_soon(struct spdk_thread *thread)
{
	thread->attention |= ATTENTION_REAP;
	if (thread->depth == 0) {
		poller_reap(thread);
	}
}

void
spdk_poller_unregister(struct spdk_poller **ppoller)
{
	struct spdk_poller *poller = *ppoller;
	struct spdk_thread *thread;
	uint8_t was;

	*ppoller = NULL;
	if (poller == NULL) {
		return;
	}
	thread = poller->thread;
	assert(thread_current() == thread);
	assert(poller->state != POLLER_UNREGISTERED);
	thread_fd_unwatch(&poller->tfd);
	was = poller->state;
	poller->state = POLLER_UNREGISTERED;
	if (was == POLLER_PAUSED || was == POLLER_PAUSING) {
		thread->num_paused--;
	} else if (poller->kind == POLLER_TIMED) {
		thread->num_timed--;
	} else {
		thread->num_active--;
	}
	if (was == POLLER_PAUSED) {
		TAILQ_REMOVE(&thread->paused, poller, link);
		poller_free(poller);
	} else if (poller->kind != POLLER_TIMED) {
		reap_soon(thread);
	} else if (was == POLLER_WAITING) {
		timed_remove(poller);
		poller_free(poller);
	} /* else it runs now, and timed_ran() frees it */
}

void
spdk_poller_pause(struct spdk_poller *poller)
{
	struct spdk_thread *thread = poller->thread;
	uint8_t was = poller->state;

	assert(thread_current() == thread);
	if (was != POLLER_WAITING && was != POLLER_RUNNING) {
		return;
	}
	thread_fd_unwatch(&poller->tfd);
	thread->num_paused++;
	poller->state = POLLER_PAUSING;
	if (poller->kind != POLLER_TIMED) {
		thread->num_active--;
		reap_soon(thread);
		return;
	}
	thread->num_timed--;
	if (was == POLLER_WAITING) {
		timed_remove(poller);
		poller->state = POLLER_PAUSED;
		TAILQ_INSERT_TAIL(&thread->paused, poller, link);
	}
}

/* The descriptor was taken out at the pause. When it can't be put back the poller goes on without
 * it, at the price of a core that does not sleep. */
static void
poller_watch_again(struct spdk_poller *poller)
{
	int rc;

	if (poller->tfd.fd < 0) {
		return;
	}
	rc = thread_fd_watch(poller->thread, &poller->tfd);
	if (rc != 0) {
		SPDK_ERRLOG("Poller %s: can't wait for its descriptor any more (%s): it is polled "
		            "all the time\n",
		            poller->name, strerror(-rc));
		poller->kind = POLLER_UNKNOWN;
		poller->gate &= ~GATE_COUNTER;
	}
}

void
spdk_poller_resume(struct spdk_poller *poller)
{
	struct spdk_thread *thread = poller->thread;
	uint8_t was = poller->state;

	assert(thread_current() == thread);
	if (was != POLLER_PAUSING && was != POLLER_PAUSED) {
		return;
	}
	thread->num_paused--;
	/* A timed one that is only marked runs right now, out of its tree. */
	poller->state = was == POLLER_PAUSING && poller->kind == POLLER_TIMED ? POLLER_RUNNING
	                                                                      : POLLER_WAITING;
	poller_watch_again(poller);
	disturb(thread);
	if (was == POLLER_PAUSED) {
		TAILQ_REMOVE(&thread->paused, poller, link);
	}
	if (poller->kind == POLLER_TIMED) {
		thread->num_timed++;
		if (was == POLLER_PAUSED) {
			timed_insert(poller, spdk_get_ticks());
		} /* else it runs now, and timed_ran() puts it back */
		return;
	}
	thread->num_active++;
	poller->next_run_ticks = spdk_get_ticks() + poller->period_ticks;
	if (was == POLLER_PAUSED) {
		TAILQ_INSERT_TAIL(&thread->active, poller, link);
	}
}

void
spdk_poller_register_interrupt(struct spdk_poller *poller, spdk_poller_set_interrupt_mode_cb cb_fn,
                               void *cb_arg)
{
	assert(poller != NULL && thread_current() == poller->thread);
	poller->interrupt_cb = cb_fn;
	poller->interrupt_arg = cb_arg;
	poller->interrupt = true;
	if (cb_fn != NULL && spdk_interrupt_mode_is_enabled()) {
		poller->told_mode = poller->thread->in_interrupt;
		cb_fn(poller, cb_arg, poller->told_mode);
	}
}

static bool
is_untold(const struct spdk_poller *poller, bool mode)
{
	return poller->interrupt_cb != NULL && poller->told_mode != mode &&
	       poller->state != POLLER_UNREGISTERED;
}

struct spdk_poller *
poller_find_untold(struct spdk_thread *thread, bool mode)
{
	struct spdk_poller *poller;

	TAILQ_FOREACH(poller, &thread->active, link) {
		if (is_untold(poller, mode)) {
			return poller;
		}
	}
	RB_FOREACH(poller, poller_tree, &thread->timed) {
		if (is_untold(poller, mode)) {
			return poller;
		}
	}
	TAILQ_FOREACH(poller, &thread->paused, link) {
		if (is_untold(poller, mode)) {
			return poller;
		}
	}
	return NULL;
}

void
poller_destroy_all(struct spdk_thread *thread)
{
	struct spdk_poller *poller;

	while ((poller = TAILQ_FIRST(&thread->active)) != NULL) {
		TAILQ_REMOVE(&thread->active, poller, link);
		thread_fd_unwatch(&poller->tfd);
		poller_free(poller);
	}
	while ((poller = TAILQ_FIRST(&thread->paused)) != NULL) {
		TAILQ_REMOVE(&thread->paused, poller, link);
		poller_free(poller);
	}
	while ((poller = RB_MIN(poller_tree, &thread->timed)) != NULL) {
		RB_REMOVE(poller_tree, &thread->timed, poller);
		poller_free(poller);
	}
}

static void
poller_tell(const struct spdk_poller *poller,
            void (*fn)(void *arg, const struct thread_poller_info *info), void *arg)
{
	static const char *const names[] = {
		[POLLER_WAITING] = "waiting",           [POLLER_RUNNING] = "running",
		[POLLER_PAUSING] = "pausing",           [POLLER_PAUSED] = "paused",
		[POLLER_UNREGISTERED] = "unregistered",
	};
	struct thread_poller_info info = {
		.name = poller->name,
		.state = names[poller->state],
		.kind = poller->kind,
		.id = poller->id,
		.run_count = poller->run_count,
		.busy_count = poller->busy_count,
		.period_ticks = poller->period_ticks,
	};

	fn(arg, &info);
}

void
thread_for_each_poller(struct spdk_thread *thread, enum thread_poller_list list,
                       void (*fn)(void *arg, const struct thread_poller_info *info), void *arg)
{
	struct spdk_poller *poller;

	assert(thread_current() == thread);
	switch (list) {
	case THREAD_POLLERS_ACTIVE:
		TAILQ_FOREACH(poller, &thread->active, link) {
			poller_tell(poller, fn, arg);
		}
		break;
	case THREAD_POLLERS_TIMED:
		RB_FOREACH(poller, poller_tree, &thread->timed) {
			poller_tell(poller, fn, arg);
		}
		break;
	case THREAD_POLLERS_PAUSED:
		TAILQ_FOREACH(poller, &thread->paused, link) {
			poller_tell(poller, fn, arg);
		}
		break;
	}
}

uint32_t
thread_count_pollers(const struct spdk_thread *thread, enum thread_poller_list list)
{
	switch (list) {
	case THREAD_POLLERS_ACTIVE:
		return thread->num_active;
	case THREAD_POLLERS_TIMED:
		return thread->num_timed;
	case THREAD_POLLERS_PAUSED:
		return thread->num_paused;
	}
	return 0;
}
