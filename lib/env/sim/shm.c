/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Named shared memory in the simulator: memory of the heap, which nobody else sees. No state but
 * the caller's struct. */

#include "spdk_internal/env.h"
#include "spdk_internal/env_fault.h"

int
env_shm_create(struct env_shm *shm, const char *name, uint64_t size_bytes)
{
	*shm = (struct env_shm){ .fd = -1, .size_bytes = size_bytes };
	if (name == NULL || name[0] != '/' || name[1] == '\0' || strchr(name + 1, '/') != NULL) {
		return -EINVAL;
	}
	shm->addr = env_fault(ENV_FAULT_SHM) ? NULL : calloc(1, size_bytes);
	shm->name = strdup(name);
	if (shm->addr == NULL || shm->name == NULL) {
		env_shm_destroy(shm, true);
		return -ENOMEM;
	}
	return 0;
}

int
env_shm_reserve(struct env_shm *shm, uint64_t offset, uint64_t len_bytes)
{
	return env_fault(ENV_FAULT_SHM) ? -ENOSPC : 0;
}

void
env_shm_destroy(struct env_shm *shm, bool unlink)
{
	free(shm->addr);
	free(shm->name);
	memset(shm, 0, sizeof(*shm));
}
