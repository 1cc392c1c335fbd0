/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The locks of a session, and who of it lives.
 *
 * A process lives as long as the kernel holds its lock on its byte of the control file: these locks
 * end with the process, however it ends, and a pid that is used again means nothing. The tables are
 * guarded by one robust mutex: when its owner dies, the next one is told, and builds the derived
 * part of the tables anew before anybody reads it. */

#include "shm.h"

#include "spdk/log.h"

#include <sched.h>

#define SPINS_PER_YIELD 64
#define YIELDS_PER_LOOK 16

int
shm_lock_init(struct shm_ctl *ctl)
{
	pthread_mutexattr_t attr;
	int rc = pthread_mutexattr_init(&attr);

	if (rc != 0) {
		return -rc;
	}
	rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (rc == 0) {
		rc = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	}
	if (rc == 0) {
		rc = pthread_mutex_init(&ctl->lock, &attr);
	}
	pthread_mutexattr_destroy(&attr);
	return -rc;
}

void
shm_lock(void)
{
	struct shm_ctl *ctl = shm_get()->ctl;
	int rc = pthread_mutex_lock(&ctl->lock);

	if (rc == EOWNERDEAD) {
		/* If this process dies here the next one is told the same and begins again. */
		shm_heap_rebuild();
		ctl->num_recoveries++;
		rc = pthread_mutex_consistent(&ctl->lock);
	}
	assert(rc == 0);
	(void)rc;
}

void
shm_unlock(void)
{
	pthread_mutex_unlock(&shm_get()->ctl->lock);
}

int
shm_bytes_lock(int fd, int64_t at, int64_t num)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	lock.l_start = at;
	lock.l_len = num;
	if (fcntl(fd, F_SETLK, &lock) == 0) {
		return 0;
	}
	return errno == EACCES ? -EAGAIN : -errno;
}

int
shm_bytes_unlock(int fd, int64_t at, int64_t num)
{
	struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	lock.l_start = at;
	lock.l_len = num;
	return fcntl(fd, F_SETLK, &lock) == 0 ? 0 : -errno;
}

int32_t
shm_bytes_holder(int fd, int64_t at, int64_t num)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	lock.l_start = at;
	lock.l_len = num;
	if (fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) {
		return 0;
	}
	/* A holder that this process may not see, of another pid namespace, has pid 0. */
	return lock.l_pid > 0 ? lock.l_pid : 1;
}

bool
shm_slot_alive(uint32_t slot)
{
	struct shm *s = shm_get();

	return slot == s->slot || shm_bytes_holder(s->ctl_fd, SHM_LOCK_BASE + slot, 1) != 0;
}

/* Whether the process of that token is gone: its slot is free, has another one, or no lock. */
static bool
token_is_dead(uint64_t token)
{
	uint32_t slot = (uint32_t)(token & 0xff);
	uint64_t serial = token >> 8;

	/* Relaxed: a process that took the lock has set its serial long before. */
	return slot >= SHM_PROCS ||
	       atomic_load_explicit(&shm_get()->ctl->procs[slot].serial, memory_order_relaxed) !=
	               serial ||
	       !shm_slot_alive(slot);
}

void
shm_spin_lock(_Atomic uint64_t *word)
{
	uint64_t mine = shm_get()->token;
	uint32_t spins = 0;

	for (;;) {
		uint64_t seen = 0;

		/* Acquire: pairs with the release of shm_spin_unlock(). */
		if (atomic_compare_exchange_weak_explicit(word, &seen, mine, memory_order_acquire,
		                                          memory_order_relaxed)) {
			return;
		}
		spdk_pause();
		if (++spins % SPINS_PER_YIELD != 0) {
			continue;
		}
		sched_yield();
		if (spins % (SPINS_PER_YIELD * YIELDS_PER_LOOK) == 0 && seen != 0 &&
		    token_is_dead(seen) &&
		    atomic_compare_exchange_strong_explicit(word, &seen, mine, memory_order_acquire,
		                                            memory_order_relaxed)) {
			return;
		}
	}
}

void
shm_spin_unlock(_Atomic uint64_t *word)
{
	/* Release: pairs with the acquires of shm_spin_lock(). */
	atomic_store_explicit(word, 0, memory_order_release);
}
