/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What a file descriptor is: its size, its block, its flags. No state; any thread. */

#include "spdk/fd.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

uint64_t
spdk_fd_get_size(int fd)
{
	uint64_t size = 0;
	struct stat st;

	if (fstat(fd, &st) != 0) {
		return 0;
	}
	if (S_ISREG(st.st_mode)) {
		return (uint64_t)st.st_size;
	}
	if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, &size) == 0) {
		return size;
	}
	return 0;
}

uint32_t
spdk_fd_get_blocklen(int fd)
{
	struct stat st;
	int blocklen;

	if (fstat(fd, &st) != 0) {
		return 0;
	}
	if (S_ISBLK(st.st_mode)) {
		return ioctl(fd, BLKSSZGET, &blocklen) == 0 ? (uint32_t)blocklen : 0;
	}
	return (uint32_t)st.st_blksize;
}

static int
change_flags(int fd, int set, int clear)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0) {
		return -errno;
	}
	return fcntl(fd, F_SETFL, (flags | set) & ~clear) == 0 ? 0 : -errno;
}

int
spdk_fd_set_nonblock(int fd)
{
	return change_flags(fd, O_NONBLOCK, 0);
}

int
spdk_fd_clear_nonblock(int fd)
{
	return change_flags(fd, 0, O_NONBLOCK);
}
