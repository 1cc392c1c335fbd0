/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Blocking work, run by up to four helper threads that are started when work waits and no helper is
 * free. They stay until env stops, which finishes what waits. Submitted by any thread; a mutex
 * guards the list. */

#include "native.h"

#include "spdk/log.h"
#include "spdk_internal/env_fault.h"

#define MAX_HELPERS 4
/* Name service modules of the C library are generous with stack. */
#define HELPER_STACK_BYTES (512 * 1024)

static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake;    /* of helpers: work, or the end */
	pthread_cond_t drained; /* of env_work_drain(): nothing waits or runs */
	struct env_work *first;
	struct env_work *last;
	uint32_t num_waiting; /* pieces of work in the list */
	uint32_t num_running;
	uint32_t num_idle;
	uint32_t num_helpers;
	bool stop;
	pthread_t helpers[MAX_HELPERS];
} g_work SYSTEM_STATE = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.wake = PTHREAD_COND_INITIALIZER,
	.drained = PTHREAD_COND_INITIALIZER,
};

/* The next piece; NULL when there is none and env stops. With the lock. */
static struct env_work *
next_locked(void)
{
	struct env_work *work;

	while (g_work.first == NULL && !g_work.stop) {
		g_work.num_idle++;
		pthread_cond_wait(&g_work.wake, &g_work.lock);
		g_work.num_idle--;
	}
	work = g_work.first;
	if (work != NULL) {
		g_work.first = work->next;
		g_work.num_waiting--;
	}
	return work;
}

static void *
helper_run(void *arg)
{
	struct env_work *work;

	env_thread_set_name("env_work");
	spdk_unaffinitize_thread();
	pthread_mutex_lock(&g_work.lock);
	while ((work = next_locked()) != NULL) {
		g_work.num_running++;
		pthread_mutex_unlock(&g_work.lock);
		work->fn(work);
		work->done(work);
		pthread_mutex_lock(&g_work.lock);
		if (--g_work.num_running == 0 && g_work.first == NULL) {
			pthread_cond_broadcast(&g_work.drained);
		}
	}
	pthread_mutex_unlock(&g_work.lock);
	return NULL;
}

/* One helper more if none is free and there may be: none at the end, when they are counted without
 * the lock and the submitter is a helper that stays for its own. With the lock. 0, or a negative
 * errno when there is no helper at all. */
static int
helper_start_locked(void)
{
	int rc;

	if (g_work.num_waiting < g_work.num_idle || g_work.num_helpers == MAX_HELPERS ||
	    (g_work.stop && g_work.num_helpers > 0)) {
		return 0;
	}
	rc = native_thread_start(&g_work.helpers[g_work.num_helpers], HELPER_STACK_BYTES,
	                         helper_run, NULL);
	if (rc == 0) {
		g_work.num_helpers++;
	}
	return g_work.num_helpers > 0 ? 0 : rc;
}

int
env_work_submit(struct env_work *work)
{
	int rc;

	assert(work->fn != NULL && work->done != NULL);
	if (env_fault(ENV_FAULT_WORK)) {
		return -ENOMEM;
	}
	work->next = NULL;
	pthread_mutex_lock(&g_work.lock);
	rc = helper_start_locked();
	if (rc == 0) {
		if (g_work.first == NULL) {
			g_work.first = work;
		} else {
			g_work.last->next = work;
		}
		g_work.last = work;
		g_work.num_waiting++;
		pthread_cond_signal(&g_work.wake);
	}
	pthread_mutex_unlock(&g_work.lock);
	return rc;
}

void
env_work_drain(void)
{
	pthread_mutex_lock(&g_work.lock);
	while (g_work.first != NULL || g_work.num_running > 0) {
		pthread_cond_wait(&g_work.drained, &g_work.lock);
	}
	pthread_mutex_unlock(&g_work.lock);
}

/* A condition variable holds sequence numbers: back to how it began. */
static void
cond_reset(pthread_cond_t *cond)
{
	pthread_cond_destroy(cond);
	*cond = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
}

void
native_work_fini(void)
{
	uint32_t i;

	pthread_mutex_lock(&g_work.lock);
	g_work.stop = true;
	pthread_cond_broadcast(&g_work.wake);
	pthread_mutex_unlock(&g_work.lock);
	/* What is submitted by a `done` meanwhile is run as well: a helper ends only when nothing
	 * waits, and the submitter is such a helper. */
	for (i = 0; i < g_work.num_helpers; i++) {
		pthread_join(g_work.helpers[i], NULL);
	}
	assert(g_work.first == NULL && g_work.num_waiting == 0 && g_work.num_idle == 0);
	g_work.last = NULL;
	g_work.stop = false;
	g_work.num_helpers = 0;
	memset(g_work.helpers, 0, sizeof(g_work.helpers));
	cond_reset(&g_work.wake);
	cond_reset(&g_work.drained);
}
