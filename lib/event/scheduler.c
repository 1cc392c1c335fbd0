/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Which scheduler is in use, how often it balances, on which core, and which cores it leaves alone.
 * The app thread writes; the scheduling core reads.
 *
 * In-tree schedulers come from the generated table, those of outside modules are registered. The
 * lock keeps a scheduler from being ended while it balances (balance.c): it is held over init,
 * deinit, set_opts and balance, and over nothing that waits. */

#include "balance.h"

#include "spdk/log.h"
#include "spdk_internal/system_state.h"

extern struct spdk_scheduler *const g_scheduler_table[];

static struct {
	TAILQ_HEAD(, spdk_scheduler) added;
	_Atomic(struct spdk_scheduler *) current; /* written by the app thread, under the lock */
	_Atomic uint64_t period_us;
	_Atomic uint32_t lcore_plus_1; /* 0: the main core */
	struct spdk_cpuset isolated;   /* written by the app thread, under the lock */
	pthread_mutex_t lock;
} g_scheduler SYSTEM_STATE = {
	.added = TAILQ_HEAD_INITIALIZER(g_scheduler.added),
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

void
scheduler_lock(void)
{
	pthread_mutex_lock(&g_scheduler.lock);
}

void
scheduler_unlock(void)
{
	pthread_mutex_unlock(&g_scheduler.lock);
}

static struct spdk_scheduler *
scheduler_find(const char *name)
{
	struct spdk_scheduler *const *entry, *scheduler;

	for (entry = g_scheduler_table; *entry != NULL; entry++) {
		if (strcmp((*entry)->name, name) == 0) {
			return *entry;
		}
	}
	TAILQ_FOREACH(scheduler, &g_scheduler.added, link) {
		if (strcmp(scheduler->name, name) == 0) {
			break;
		}
	}
	return scheduler;
}

void
spdk_scheduler_register(struct spdk_scheduler *scheduler)
{
	if (scheduler_find(scheduler->name) != NULL) {
		SPDK_ERRLOG("There is a scheduler '%s' already: this one is left out\n",
		            scheduler->name);
		return;
	}
	TAILQ_INSERT_TAIL(&g_scheduler.added, scheduler, link);
}

/* 0 or a negative errno; under the lock. */
static int
scheduler_start(struct spdk_scheduler *scheduler)
{
	int rc = 0;

	if (scheduler != NULL && scheduler->init != NULL) {
		rc = scheduler->init();
	}
	atomic_store_explicit(&g_scheduler.current, rc == 0 ? scheduler : NULL,
	                      memory_order_relaxed);
	return rc;
}

static int
scheduler_replace(struct spdk_scheduler *next)
{
	struct spdk_scheduler *before = spdk_scheduler_get();
	int rc;

	if (before == next) {
		return 0;
	}
	atomic_store_explicit(&g_scheduler.current, NULL, memory_order_relaxed);
	if (before != NULL && before->deinit != NULL) {
		before->deinit();
	}
	rc = scheduler_start(next);
	if (rc != 0) {
		SPDK_ERRLOG("Scheduler %s can't be used here: %s\n", next->name, strerror(-rc));
		if (scheduler_start(before) != 0) {
			SPDK_ERRLOG("Nor %s, as before: there is none now\n", before->name);
		}
	}
	return rc;
}

int
spdk_scheduler_set(const char *name)
{
	struct spdk_scheduler *next = NULL;
	int rc;

	if (name != NULL) {
		next = scheduler_find(name);
		if (next == NULL) {
			SPDK_ERRLOG("There is no scheduler '%s'\n", name);
			return -EINVAL;
		}
	}
	scheduler_lock();
	rc = scheduler_replace(next);
	scheduler_unlock();
	balance_plan();
	return rc;
}

struct spdk_scheduler *
spdk_scheduler_get(void)
{
	return atomic_load_explicit(&g_scheduler.current, memory_order_relaxed);
}

void
spdk_scheduler_set_period(uint64_t period)
{
	atomic_store_explicit(&g_scheduler.period_us, period, memory_order_relaxed);
	balance_plan();
}

uint64_t
spdk_scheduler_get_period(void)
{
	return atomic_load_explicit(&g_scheduler.period_us, memory_order_relaxed);
}

uint32_t
spdk_scheduler_get_scheduling_lcore(void)
{
	uint32_t plus_1 = atomic_load_explicit(&g_scheduler.lcore_plus_1, memory_order_relaxed);

	return plus_1 != 0 ? plus_1 - 1 : spdk_env_get_main_core();
}

bool
spdk_scheduler_set_scheduling_lcore(uint32_t lcore)
{
	if (reactor_get(lcore) == NULL) {
		SPDK_ERRLOG("Core %u can't schedule: it is not one of this program's\n", lcore);
		return false;
	}
	if (scheduler_is_isolated(lcore)) {
		SPDK_ERRLOG("Core %u can't schedule: it is isolated\n", lcore);
		return false;
	}
	atomic_store_explicit(&g_scheduler.lcore_plus_1, lcore + 1, memory_order_relaxed);
	balance_plan();
	return true;
}

bool
scheduler_set_isolated(const struct spdk_cpuset *mask)
{
	uint32_t lcore;

	for (lcore = 0; lcore < SPDK_CPUSET_SIZE; lcore++) {
		if (spdk_cpuset_get_cpu(mask, lcore) && reactor_get(lcore) == NULL) {
			SPDK_ERRLOG("Core %u can't be isolated: it is not one of this program's\n",
			            lcore);
			return false;
		}
	}
	scheduler_lock();
	spdk_cpuset_copy(&g_scheduler.isolated, mask);
	scheduler_unlock();
	return true;
}

const struct spdk_cpuset *
scheduler_get_isolated(void)
{
	return &g_scheduler.isolated;
}

bool
scheduler_is_isolated(uint32_t lcore)
{
	bool isolated;

	scheduler_lock();
	isolated = spdk_cpuset_get_cpu(&g_scheduler.isolated, lcore);
	scheduler_unlock();
	return isolated;
}

void
scheduler_fini(void)
{
	spdk_scheduler_set(NULL);
	governor_fini();
	balance_fini();
	atomic_store_explicit(&g_scheduler.period_us, 0, memory_order_relaxed);
	atomic_store_explicit(&g_scheduler.lcore_plus_1, 0, memory_order_relaxed);
	spdk_cpuset_zero(&g_scheduler.isolated);
}
