/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk_spinlock: a spinlock that knows which SPDK thread holds it. Any SPDK thread.
 *
 * A misuse is our own logic at fault and would end in a deadlock: it is named and ends the process,
 * also in release builds. That none is held across the end of a step is asserted in thread_step(),
 * once for all messages and pollers of the step. */

#include "thread_internal.h"

static void
spin_require(bool condition, const char *what)
{
	if (spdk_unlikely(!condition)) {
		SPDK_ERRLOG("Spinlock misused: %s\n", what);
		abort();
	}
}

void
spdk_spin_init(struct spdk_spinlock *sspin)
{
	int rc;

	memset(sspin, 0, sizeof(*sspin));
	rc = pthread_spin_init(&sspin->spinlock, PTHREAD_PROCESS_PRIVATE);
	spin_require(rc == 0, "it can't be initialized");
	sspin->initialized = true;
}

void
spdk_spin_destroy(struct spdk_spinlock *sspin)
{
	spin_require(sspin->initialized && !sspin->destroyed, "destroyed but not initialized");
	spin_require(sspin->thread == NULL, "destroyed while it is held");
	sspin->destroyed = true;
	pthread_spin_destroy(&sspin->spinlock);
}

void
spdk_spin_lock(struct spdk_spinlock *sspin)
{
	struct spdk_thread *thread = thread_current();

	spin_require(sspin->initialized && !sspin->destroyed, "locked but not initialized");
	spin_require(thread != NULL, "locked outside of an SPDK thread");
	spin_require(sspin->thread != thread, "locked twice by one thread");
	pthread_spin_lock(&sspin->spinlock);
	sspin->thread = thread;
	thread->lock_count++;
}

void
spdk_spin_unlock(struct spdk_spinlock *sspin)
{
	struct spdk_thread *thread = thread_current();

	spin_require(sspin->initialized && !sspin->destroyed, "unlocked but not initialized");
	spin_require(thread != NULL && sspin->thread == thread, "unlocked by another thread");
	thread->lock_count--;
	sspin->thread = NULL;
	pthread_spin_unlock(&sspin->spinlock);
}

bool
spdk_spin_held(struct spdk_spinlock *sspin)
{
	spin_require(thread_current() != NULL, "asked about outside of an SPDK thread");
	return sspin->thread == thread_current();
}
