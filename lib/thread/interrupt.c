/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Descriptors that wake a thread's reactor: those of pollers, and those that a program registers
 * with a function of its own (interrupts).
 *
 * Everything runs on the thread. A descriptor is in thread->fds from watch to unwatch; it is in a
 * waiter only while the thread is attached to a sleeper.
 *
 * A waiter holds a descriptor once. Several that watch the same one on one reactor, of one thread
 * or of several, share the entry: it waits for what any of them waits for, carries the tag of one,
 * and wakes all of those whose events came. Rare, so they find each other by a walk. */

#include "thread_internal.h"

#include "spdk_internal/system_state.h"

/* All fields: the thread's. */
struct spdk_interrupt {
	struct thread_fd tfd;
	spdk_interrupt_fn fn;
	void *arg;
	bool is_ready;
	bool running;
	bool unregistered;           /* by its own function */
	bool own;                    /* the library's: does not keep the thread from exiting */
	bool clears;                 /* an eventfd that is read before the function runs */
	struct spdk_fd_group *child; /* of spdk_interrupt_register_fd_group(); NULL: none */
	struct spdk_fd_group *root;  /* around the child, so that it has one wait */
	TAILQ_ENTRY(spdk_interrupt) link;
	char name[THREAD_NAME_BYTES];
};

static struct {
	bool mode_enabled;
} g_interrupt SYSTEM_STATE;

static struct thread_sleeper *
thread_sleeper_of(struct spdk_thread *thread)
{
	return atomic_load_explicit(&thread->sleeper, memory_order_relaxed);
}

/* What those who share a descriptor wait for, together. */
static uint32_t
shared_events(const struct thread_sleeper *sleeper, int fd)
{
	const struct thread_fd *tfd;
	uint32_t events = 0, edge = EPOLLET;

	LIST_FOREACH(tfd, &sleeper->watched, watched_link) {
		if (tfd->fd == fd) {
			events |= tfd->events;
			edge &= tfd->events;
		}
	}
	/* One that wants levels would lose them by another's edges, not the other way round. */
	return (events & ~(uint32_t)EPOLLET) | edge;
}

static struct thread_fd *
watched_find(const struct thread_sleeper *sleeper, int fd)
{
	struct thread_fd *tfd;

	LIST_FOREACH(tfd, &sleeper->watched, watched_link) {
		if (tfd->fd == fd) {
			break;
		}
	}
	return tfd;
}

/* Join those that watch the same descriptor; -EEXIST: it is in the waiter for another reason. */
static int
watched_share(struct thread_sleeper *sleeper, struct thread_fd *tfd)
{
	struct thread_fd *other = watched_find(sleeper, tfd->fd);
	int rc;

	if (other == NULL) {
		return -EEXIST;
	}
	LIST_INSERT_HEAD(&sleeper->watched, tfd, watched_link);
	rc = env_waiter_modify(sleeper->waiter, tfd->fd, shared_events(sleeper, tfd->fd), other);
	if (rc != 0) {
		LIST_REMOVE(tfd, watched_link);
		return rc;
	}
	tfd->shared = true;
	other->shared = true;
	return 0;
}

static int
sleeper_watch(struct thread_sleeper *sleeper, struct thread_fd *tfd)
{
	int rc;

	rc = env_waiter_add(sleeper->waiter, tfd->fd, tfd->events, tfd);
	if (rc == -EEXIST) {
		rc = watched_share(sleeper, tfd);
	} else if (rc == 0) {
		LIST_INSERT_HEAD(&sleeper->watched, tfd, watched_link);
	}
	tfd->watched = rc == 0;
	return rc;
}

static void
sleeper_unwatch(struct thread_sleeper *sleeper, struct thread_fd *tfd)
{
	struct thread_fd *other;

	LIST_REMOVE(tfd, watched_link);
	tfd->watched = false;
	other = tfd->shared ? watched_find(sleeper, tfd->fd) : NULL;
	tfd->shared = false;
	if (other == NULL) {
		env_waiter_remove(sleeper->waiter, tfd->fd);
	} else if (env_waiter_modify(sleeper->waiter, tfd->fd, shared_events(sleeper, tfd->fd),
	                             other) != 0) {
		SPDK_ERRLOG("Descriptor %d was closed before all that wait for it let go of it\n",
		            tfd->fd);
	}
}

int
thread_fd_watch(struct spdk_thread *thread, struct thread_fd *tfd)
{
	struct thread_sleeper *sleeper = thread_sleeper_of(thread);
	int rc = 0;

	if (sleeper != NULL) {
		rc = sleeper_watch(sleeper, tfd);
	}
	if (rc == 0) {
		tfd->thread = thread;
		TAILQ_INSERT_TAIL(&thread->fds, tfd, link);
	}
	return rc;
}

void
thread_fd_unwatch(struct thread_fd *tfd)
{
	if (tfd->fd < 0 || tfd->link.tqe_prev == NULL) {
		return;
	}
	if (tfd->watched) {
		sleeper_unwatch(thread_sleeper_of(tfd->thread), tfd);
	} else if (thread_sleeper_of(tfd->thread) != NULL) {
		tfd->thread->num_unwatched--;
	}
	TAILQ_REMOVE(&tfd->thread->fds, tfd, link);
	tfd->link.tqe_prev = NULL;
}

void
thread_attach(struct spdk_thread *thread, struct thread_sleeper *sleeper)
{
	struct thread_fd *tfd;
	int rc;

	assert(thread_sleeper_of(thread) == NULL);
	/* S0 of sleep.c; release: the giver's acquire sees the sleeper whole. */
	atomic_store_explicit(&thread->sleeper, sleeper, memory_order_release);
	TAILQ_FOREACH(tfd, &thread->fds, link) {
		rc = sleeper_watch(sleeper, tfd);
		if (rc != 0) {
			SPDK_ERRLOG("Thread %s: can't wait for descriptor %d here (%s): its core "
			            "does not sleep\n",
			            thread->name, tfd->fd, strerror(-rc));
			thread->num_unwatched++;
		}
	}
}

void
thread_detach(struct spdk_thread *thread)
{
	struct thread_sleeper *sleeper = thread_sleeper_of(thread);
	struct thread_fd *tfd;

	assert(sleeper != NULL);
	TAILQ_FOREACH(tfd, &thread->fds, link) {
		if (tfd->watched) {
			sleeper_unwatch(sleeper, tfd);
		}
	}
	thread->num_unwatched = 0;
	atomic_store_explicit(&thread->sleeper, NULL, memory_order_relaxed);
}

void
thread_fd_event(struct thread_sleeper *sleeper, const struct env_wait_event *event)
{
	const uint32_t always = EPOLLERR | EPOLLHUP;
	struct thread_fd *tfd = event->tag, *other;

	if (spdk_likely(!tfd->shared)) {
		tfd->ready(tfd);
		return;
	}
	LIST_FOREACH(other, &sleeper->watched, watched_link) {
		if (other->fd == tfd->fd && (event->events & (other->events | always)) != 0) {
			other->ready(other);
		}
	}
}

/* ---- Interrupts ---- */

static void
interrupt_ready(struct thread_fd *tfd)
{
	SPDK_CONTAINEROF(tfd, struct spdk_interrupt, tfd)->is_ready = true;
	tfd->thread->attention |= ATTENTION_INTERRUPT;
}

static struct spdk_interrupt *
interrupt_first_ready(struct spdk_thread *thread)
{
	struct spdk_interrupt *intr;

	TAILQ_FOREACH(intr, &thread->interrupts, link) {
		if (intr->is_ready) {
			break;
		}
	}
	return intr;
}

static void
interrupt_free(struct spdk_interrupt *intr)
{
	if (intr->child != NULL && spdk_fd_group_unnest(intr->root, intr->child) != 0) {
		SPDK_ERRLOG("Interrupt %s: its group can't be waited for by itself any more\n",
		            intr->name);
	}
	spdk_fd_group_destroy(intr->root);
	free(intr);
}

int
interrupt_run_ready(struct spdk_thread *thread)
{
	struct spdk_interrupt *intr;
	int did = 0;

	thread->attention &= ~ATTENTION_INTERRUPT;
	/* Its function may unregister any of them, so the search starts anew after each. Nobody
	 * marks one meanwhile: each runs once. */
	while ((intr = interrupt_first_ready(thread)) != NULL) {
		intr->is_ready = false;
		intr->running = true;
		if (intr->clears) {
			env_event_clear(intr->tfd.fd);
		}
		intr->fn(intr->arg);
		did = THREAD_DID_WORK;
		intr->running = false;
		if (intr->unregistered) {
			interrupt_free(intr);
		}
	}
	return did;
}

/* Who said spdk_poller_register_interrupt() is believed when the program asked for interrupts, for
 * then its callback was told to use them. Otherwise it may well have none: outside code says so in
 * either mode and registers a descriptor in one. Then only an interrupt of the same owner counts,
 * which is who gave the same argument: another module's would let the thread sleep over work that
 * nothing announces. */
bool
interrupt_stands_for(const struct spdk_poller *poller)
{
	const struct spdk_interrupt *intr;

	if (!poller->interrupt) {
		return false;
	}
	if (spdk_interrupt_mode_is_enabled()) {
		return poller->thread->in_interrupt;
	}
	TAILQ_FOREACH(intr, &poller->thread->interrupts, link) {
		if (intr->arg == poller->arg && (intr->arg != NULL || intr->fn == poller->fn)) {
			return true;
		}
	}
	return false;
}

/* What is registered, put together; interrupt_add() has it waited for. */
static struct spdk_interrupt *
interrupt_alloc(int efd, uint32_t events, spdk_interrupt_fn fn, void *arg, const char *name)
{
	struct spdk_interrupt *intr;

	if (thread_current() == NULL) {
		SPDK_ERRLOG("An interrupt can only be registered on an SPDK thread\n");
		return NULL;
	}
	intr = calloc(1, sizeof(*intr));
	if (intr == NULL) {
		SPDK_ERRLOG("No memory for interrupt %s\n", name != NULL ? name : "");
		return NULL;
	}
	intr->fn = fn;
	intr->arg = arg;
	intr->tfd.fd = efd;
	intr->tfd.events = events;
	intr->tfd.ready = interrupt_ready;
	snprintf(intr->name, sizeof(intr->name), "%s", name != NULL ? name : "");
	return intr;
}

/* Takes intr; NULL: it could not be waited for, and was freed. */
static struct spdk_interrupt *
interrupt_add(struct spdk_thread *thread, struct spdk_interrupt *intr)
{
	int rc = thread_fd_watch(thread, &intr->tfd);

	if (rc != 0) {
		SPDK_ERRLOG("Interrupt %s: can't wait for descriptor %d: %s\n", intr->name,
		            intr->tfd.fd, strerror(-rc));
		interrupt_free(intr);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&thread->interrupts, intr, link);
	thread->num_interrupts++;
	thread->num_own_interrupts += intr->own;
	return intr;
}

struct spdk_interrupt *
spdk_interrupt_register(int efd, spdk_interrupt_fn fn, void *arg, const char *name)
{
	return spdk_interrupt_register_for_events(efd, SPDK_INTERRUPT_EVENT_IN, fn, arg, name);
}

struct spdk_interrupt *
spdk_interrupt_register_for_events(int efd, uint32_t events, spdk_interrupt_fn fn, void *arg,
                                   const char *name)
{
	struct spdk_interrupt *intr = interrupt_alloc(efd, events, fn, arg, name);

	return intr != NULL ? interrupt_add(thread_current(), intr) : NULL;
}

struct spdk_interrupt *
spdk_interrupt_register_ext(int efd, spdk_interrupt_fn fn, void *arg, const char *name,
                            struct spdk_event_handler_opts *opts)
{
	struct spdk_event_handler_opts o;
	struct spdk_interrupt *intr;

	if (opts != NULL && opts->opts_size == 0) {
		SPDK_ERRLOG("Interrupt %s: its options lack their size\n",
		            name != NULL ? name : "");
		return NULL;
	}
	spdk_fd_group_get_default_event_handler_opts(&o, sizeof(o));
	if (opts != NULL) {
		memcpy(&o, opts, spdk_min(opts->opts_size, sizeof(o)));
	}
	intr = interrupt_alloc(efd, o.events, fn, arg, name);
	if (intr == NULL) {
		return NULL;
	}
	intr->clears = o.fd_type == SPDK_FD_TYPE_EVENTFD;
	return interrupt_add(thread_current(), intr);
}

static int
interrupt_run_group(void *arg)
{
	return spdk_fd_group_wait(arg, 0);
}

/* The group stands inside one of ours, whose wait runs its functions: so it has one owner, as a
 * group that is nested elsewhere has. */
struct spdk_interrupt *
spdk_interrupt_register_fd_group(struct spdk_fd_group *fgrp, const char *name)
{
	struct spdk_fd_group *root;
	struct spdk_interrupt *intr;
	int rc;

	rc = fgrp != NULL ? spdk_fd_group_create(&root) : -EINVAL;
	if (rc != 0) {
		SPDK_ERRLOG("Interrupt %s: no group: %s\n", name != NULL ? name : "",
		            strerror(-rc));
		return NULL;
	}
	intr = interrupt_alloc(spdk_fd_group_get_fd(root), EPOLLIN, interrupt_run_group, root,
	                       name);
	if (intr == NULL) {
		spdk_fd_group_destroy(root);
		return NULL;
	}
	intr->root = root;
	rc = spdk_fd_group_nest(root, fgrp);
	if (rc != 0) {
		SPDK_ERRLOG("Interrupt %s: the group can't be waited for: %s\n", intr->name,
		            strerror(-rc));
		interrupt_free(intr);
		return NULL;
	}
	intr->child = fgrp;
	return interrupt_add(thread_current(), intr);
}

struct spdk_interrupt *
interrupt_register_own(struct spdk_thread *thread, int efd, spdk_interrupt_fn fn, void *arg,
                       const char *name)
{
	struct spdk_thread *previous = thread_current();
	struct spdk_interrupt *intr;

	g_env_local.thread = thread;
	intr = interrupt_alloc(efd, EPOLLIN, fn, arg, name);
	if (intr != NULL) {
		intr->own = true;
		intr = interrupt_add(thread, intr);
	}
	g_env_local.thread = previous;
	return intr;
}

void
spdk_interrupt_unregister(struct spdk_interrupt **pintr)
{
	struct spdk_interrupt *intr = *pintr;
	struct spdk_thread *thread;

	*pintr = NULL;
	if (intr == NULL) {
		return;
	}
	thread = intr->tfd.thread;
	assert(thread_current() == thread);
	thread_fd_unwatch(&intr->tfd);
	TAILQ_REMOVE(&thread->interrupts, intr, link);
	thread->num_interrupts--;
	if (intr->running) {
		intr->unregistered = true;
	} else {
		interrupt_free(intr);
	}
}

void
interrupt_destroy_all(struct spdk_thread *thread)
{
	struct spdk_interrupt *intr;

	while ((intr = TAILQ_FIRST(&thread->interrupts)) != NULL) {
		TAILQ_REMOVE(&thread->interrupts, intr, link);
		interrupt_free(intr);
	}
}

int
spdk_interrupt_set_event_types(struct spdk_interrupt *intr,
                               enum spdk_interrupt_event_types event_types)
{
	struct thread_sleeper *sleeper;
	uint32_t before;
	int rc = 0;

	if (intr == NULL) {
		return -EINVAL;
	}
	assert(thread_current() == intr->tfd.thread);
	sleeper = thread_sleeper_of(intr->tfd.thread);
	before = intr->tfd.events;
	intr->tfd.events = event_types;
	if (intr->tfd.watched) {
		rc = env_waiter_modify(sleeper->waiter, intr->tfd.fd,
		                       shared_events(sleeper, intr->tfd.fd), &intr->tfd);
	}
	if (rc != 0) {
		intr->tfd.events = before;
	}
	return rc;
}

uint32_t
thread_num_interrupts(const struct spdk_thread *thread)
{
	return thread->num_interrupts;
}

int
spdk_interrupt_mode_enable(void)
{
	if (spdk_thread_get_count() != 0) {
		SPDK_ERRLOG("Interrupt mode is asked for before the first thread is made\n");
		return -EINVAL;
	}
	g_interrupt.mode_enabled = true;
	return 0;
}

bool
spdk_interrupt_mode_is_enabled(void)
{
	return g_interrupt.mode_enabled;
}

bool
thread_in_interrupt(const struct spdk_thread *thread)
{
	return thread->in_interrupt;
}

void
spdk_thread_set_interrupt_mode(bool enable_interrupt)
{
	struct spdk_thread *thread = thread_current();
	struct spdk_poller *poller;

	assert(thread != NULL);
	if (!spdk_interrupt_mode_is_enabled()) {
		SPDK_ERRLOG("Thread %s: the program did not ask for interrupt mode\n",
		            thread->name);
		return;
	}
	thread->in_interrupt = enable_interrupt;
	/* A call-back may register and unregister pollers: the search starts anew after each. */
	while ((poller = poller_find_untold(thread, enable_interrupt)) != NULL) {
		poller->told_mode = enable_interrupt;
		poller->interrupt_cb(poller, poller->interrupt_arg, enable_interrupt);
	}
}

void
interrupt_lib_fini(void)
{
	g_interrupt.mode_enabled = false;
}
