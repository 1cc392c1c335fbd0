/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Threads of cores. Launched and awaited by the thread that called spdk_env_init(); a mutex guards
 * the list all the same, for outside programs launch from where they like. */

#include "native.h"

#include "spdk_internal/env_fault.h"

struct core_thread {
	TAILQ_ENTRY(core_thread) link;
	pthread_t thread;
	const struct env_core *core;
	thread_start_fn fn;
	void *arg;
};

TAILQ_HEAD(core_thread_list, core_thread);

static struct {
	pthread_mutex_t lock;
	struct core_thread_list threads;
} g_threads SYSTEM_STATE = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.threads = TAILQ_HEAD_INITIALIZER(g_threads.threads),
};

int
native_thread_start(pthread_t *thread, size_t stack_bytes, void *(*fn)(void *arg), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int rc;

	rc = pthread_attr_init(&attr);
	if (rc != 0) {
		return -rc;
	}
	if (stack_bytes != 0) {
		pthread_attr_setstacksize(&attr, stack_bytes);
	}
	/* Signals are for the thread that handles them: a new thread inherits this mask. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(thread, &attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -rc;
}

static void *
core_thread_run(void *arg)
{
	struct core_thread *t = arg;

	/* The cores were checked at start; if the CPU is gone by now the thread runs anywhere. */
	if (env_cores_pinned()) {
		machine_pin(&t->core->cpus);
	}
	g_env_local.core_plus_1 = t->core->lcore + 1;
	t->fn(t->arg);
	return NULL;
}

static bool
core_is_busy(const struct env_core *core)
{
	struct core_thread *t;

	if (core->lcore == spdk_env_get_main_core()) {
		return true;
	}
	TAILQ_FOREACH(t, &g_threads.threads, link) {
		if (t->core == core) {
			return true;
		}
	}
	return false;
}

int
spdk_env_thread_launch_pinned(uint32_t core, thread_start_fn fn, void *arg)
{
	const struct env_core *c = env_core_find(core);
	struct core_thread *t;
	int rc;

	if (c == NULL || fn == NULL) {
		return -EINVAL;
	}
	t = calloc(1, sizeof(*t));
	if (t == NULL) {
		return -ENOMEM;
	}
	t->core = c;
	t->fn = fn;
	t->arg = arg;
	pthread_mutex_lock(&g_threads.lock);
	if (core_is_busy(c)) {
		rc = -EBUSY;
	} else if (env_fault(ENV_FAULT_THREAD)) {
		rc = -EAGAIN;
	} else {
		rc = native_thread_start(&t->thread, 0, core_thread_run, t);
	}
	if (rc == 0) {
		TAILQ_INSERT_TAIL(&g_threads.threads, t, link);
	}
	pthread_mutex_unlock(&g_threads.lock);
	if (rc != 0) {
		free(t);
	}
	return rc;
}

void
spdk_env_thread_wait_all(void)
{
	struct core_thread *t;

	for (;;) {
		pthread_mutex_lock(&g_threads.lock);
		t = TAILQ_FIRST(&g_threads.threads);
		pthread_mutex_unlock(&g_threads.lock);
		if (t == NULL) {
			return;
		}
		pthread_join(t->thread, NULL);
		pthread_mutex_lock(&g_threads.lock);
		TAILQ_REMOVE(&g_threads.threads, t, link);
		pthread_mutex_unlock(&g_threads.lock);
		free(t);
	}
}

void
native_thread_fini(void)
{
	spdk_env_thread_wait_all();
}
