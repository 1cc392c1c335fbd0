/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Lock files that keep two programs from spinning on one core: SPDK's /var/tmp/spdk_cpu_lock_NNN,
 * one a core. Only for a program that named its cores; one that did not is not pinned and harms
 * nobody. Main thread, at start and end, and the app thread for the two RPCs.
 *
 * A file that belongs to another user can't be opened: then our own, with the uid behind the name,
 * is taken, so that a second user's program runs. */

#include "app_internal.h"

#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk_internal/system_state.h"

#define LOCK_PATH_BYTES 64

struct core_lock {
	struct core_lock *next;
	int fd;
	char path[LOCK_PATH_BYTES];
};

static struct {
	struct core_lock *locks; /* newest first */
} g_core_lock SYSTEM_STATE;

static int
core_lock_open(struct core_lock *lock, uint32_t lcore, int32_t *holder)
{
	snprintf(lock->path, sizeof(lock->path), "/var/tmp/spdk_cpu_lock_%03u", lcore);
	lock->fd = env_lock_acquire(lock->path, holder);
	if (lock->fd == -EACCES || lock->fd == -EPERM) {
		snprintf(lock->path, sizeof(lock->path), "/var/tmp/spdk_cpu_lock_%03u.%u", lcore,
		         env_get_uid());
		lock->fd = env_lock_acquire(lock->path, holder);
	}
	return lock->fd < 0 ? lock->fd : 0;
}

static int
app_claim_core(uint32_t lcore)
{
	struct core_lock *lock;
	int32_t holder = 0;
	int rc;

	lock = calloc(1, sizeof(*lock));
	if (lock == NULL) {
		SPDK_ERRLOG("No memory to lock core %u\n", lcore);
		return -ENOMEM;
	}
	rc = core_lock_open(lock, lcore, &holder);
	if (rc == -EBUSY) {
		SPDK_ERRLOG("Core %u is used by process %d (%s): choose other cores with -m, or "
		            "share it with --disable-cpumask-locks\n",
		            lcore, holder, lock->path);
	} else if (rc != 0) {
		SPDK_ERRLOG("Core %u can't be locked (%s): %s; --disable-cpumask-locks does "
		            "without\n",
		            lcore, lock->path, spdk_strerror(-rc));
	}
	if (rc != 0) {
		free(lock);
		return rc;
	}
	lock->next = g_core_lock.locks;
	g_core_lock.locks = lock;
	return 0;
}

int
app_claim_cores(void)
{
	uint32_t lcore;
	int rc;

	if (g_core_lock.locks != NULL) {
		return 0;
	}
	SPDK_ENV_FOREACH_CORE(lcore) {
		rc = app_claim_core(lcore);
		if (rc != 0) {
			app_release_cores();
			return rc;
		}
	}
	return 0;
}

void
app_release_cores(void)
{
	struct core_lock *lock;

	while ((lock = g_core_lock.locks) != NULL) {
		g_core_lock.locks = lock->next;
		env_lock_release(lock->fd, lock->path);
		free(lock);
	}
}
