/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Files of the control plane. Any thread; blocks. */

#include "native.h"

#include "spdk_internal/env_fault.h"

#include <fcntl.h>
#include <sys/stat.h>

int
env_file_load(const char *path, size_t max_bytes, void **data, size_t *len_bytes)
{
	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	return env_file_read(path, max_bytes, data, len_bytes);
}

int
env_file_write(const char *path, const char *text)
{
	ssize_t len = (ssize_t)strlen(text), rc;
	int fd, err;

	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	rc = write(fd, text, (size_t)len);
	err = rc < 0 ? -errno : rc == len ? 0 : -EIO;
	close(fd);
	return err;
}

static int
open_append(const char *path, int flags)
{
	int fd;

	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0600);
	return fd >= 0 ? fd : -errno;
}

int
env_file_create(const char *path)
{
	return open_append(path, O_CREAT | O_TRUNC);
}

int
env_file_open(const char *path)
{
	return open_append(path, 0);
}

int
env_file_append(int fd, const void *data, size_t len_bytes)
{
	const uint8_t *p = data;
	ssize_t num;

	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	while (len_bytes > 0) {
		num = write(fd, p, len_bytes);
		if (num < 0 && errno == EINTR) {
			continue;
		}
		if (num <= 0) {
			return num < 0 ? -errno : -EIO;
		}
		p += num;
		len_bytes -= (size_t)num;
	}
	return 0;
}

int
env_file_reserve(int fd, uint64_t end_bytes)
{
	struct rlimit limit;
	int rc;

	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	/* fallocate() does not ask for it while the length stays; the write behind it would fail.
	 */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && end_bytes > limit.rlim_cur) {
		return -EFBIG;
	}
	do {
		rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)end_bytes);
	} while (rc != 0 && errno == EINTR);
	if (rc == 0) {
		return 0;
	}
	return errno == ENOSYS ? -EOPNOTSUPP : -errno;
}

int
env_file_truncate(int fd, uint64_t len_bytes)
{
	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	return ftruncate(fd, (off_t)len_bytes) == 0 ? 0 : -errno;
}

int
env_file_sync(int fd)
{
	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	return fsync(fd) == 0 ? 0 : -errno;
}

void
env_file_close(int fd)
{
	close(fd);
}

int
env_file_rename(const char *from, const char *to)
{
	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	return rename(from, to) == 0 ? 0 : -errno;
}

int
env_file_remove(const char *path)
{
	return unlink(path) == 0 ? 0 : -errno;
}

int
env_file_sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int fd, rc;

	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	folder = slash == NULL ? strdup(".")
	                       : strndup(path, slash > path ? (size_t)(slash - path) : 1);
	if (folder == NULL) {
		return -ENOMEM;
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = fd >= 0 && fsync(fd) == 0 ? 0 : -errno;
	if (fd >= 0) {
		close(fd);
	}
	free(folder);
	return rc;
}
