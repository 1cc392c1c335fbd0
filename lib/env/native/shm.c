/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Named shared memory that this process writes for others to read: files of /dev/shm. Control
 * plane; no state but the caller's struct. */

#include "spdk_internal/env.h"
#include "spdk_internal/env_fault.h"

#include <fcntl.h>
#include <sys/mman.h>

/* The file, which nobody else has open. */
static int
shm_make(struct env_shm *shm, const char *name)
{
	char *copy = strdup(name);

	if (copy == NULL) {
		return -ENOMEM;
	}
	/* What a dead process left is not written over: someone may have it mapped. */
	if (shm_unlink(name) == 0 || errno == ENOENT) {
		shm->fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	}
	if (shm->fd < 0) {
		int rc = -errno;

		free(copy);
		return rc;
	}
	shm->name = copy;
	return ftruncate(shm->fd, (off_t)shm->size_bytes) == 0 ? 0 : -errno;
}

int
env_shm_create(struct env_shm *shm, const char *name, uint64_t size_bytes)
{
	int rc;

	*shm = (struct env_shm){ .fd = -1, .size_bytes = size_bytes };
	if (name == NULL || name[0] != '/' || name[1] == '\0' || strchr(name + 1, '/') != NULL) {
		return -EINVAL;
	}
	if (env_fault(ENV_FAULT_SHM)) {
		return -ENOMEM;
	}
	rc = shm_make(shm, name);
	if (rc == 0) {
		shm->addr = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, shm->fd, 0);
		if (shm->addr == MAP_FAILED) {
			rc = -errno;
			shm->addr = NULL;
		}
	}
	if (rc != 0) {
		env_shm_destroy(shm, true);
	}
	return rc;
}

int
env_shm_reserve(struct env_shm *shm, uint64_t offset, uint64_t len_bytes)
{
	if (env_fault(ENV_FAULT_SHM)) {
		return -ENOSPC;
	}
	return -posix_fallocate(shm->fd, (off_t)offset, (off_t)len_bytes);
}

void
env_shm_destroy(struct env_shm *shm, bool unlink)
{
	if (shm->addr != NULL) {
		munmap(shm->addr, shm->size_bytes);
	}
	if (shm->name != NULL) {
		close(shm->fd);
	}
	if (unlink && shm->name != NULL) {
		shm_unlink(shm->name);
	}
	free(shm->name);
	memset(shm, 0, sizeof(*shm));
}
