/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The process in the simulator: alone on its machine, so every lock is free. No state. */

#include "../common/machine.h"

void
env_thread_usage(struct env_thread_usage *usage)
{
	memset(usage, 0, sizeof(*usage));
}

void
env_core_times(uint32_t lcore, struct env_core_times *times)
{
	memset(times, 0, sizeof(*times));
}

/* Addresses differ from run to run; a simulated run is the same each time. */
void
machine_backtrace(void (*fn)(void *arg, const char *call), void *arg)
{
}

int
env_lock_acquire(const char *path, int32_t *holder)
{
	*holder = 0;
	return 0;
}

void
env_lock_release(int fd, const char *path)
{
}

void
env_allow_core_dump(void)
{
}

uint32_t
env_get_uid(void)
{
	return 0;
}

int32_t
env_get_pid(void)
{
	return 1;
}

int
env_find_user(const char *name, int64_t *uid)
{
	return -ENOENT;
}

int
env_find_group(const char *name, int64_t *gid)
{
	return -ENOENT;
}
