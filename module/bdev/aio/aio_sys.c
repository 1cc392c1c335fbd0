/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The system calls of Linux native AIO, for which the C library has no functions. No state; any
 * thread.
 */

#include "aio_internal.h"

#include <sys/syscall.h>

static int
result(long rc)
{
	return rc < 0 ? -errno : (int)rc;
}

int
aio_sys_setup(unsigned entries, aio_context_t *ctx)
{
	*ctx = 0;
	return result(syscall(SYS_io_setup, entries, ctx));
}

int
aio_sys_destroy(aio_context_t ctx)
{
	return result(syscall(SYS_io_destroy, ctx));
}

int
aio_sys_submit(aio_context_t ctx, long num, struct iocb **iocbs)
{
	return result(syscall(SYS_io_submit, ctx, num, iocbs));
}

int
aio_sys_getevents(aio_context_t ctx, long max, struct io_event *events)
{
	struct timespec now = { 0, 0 };

	return result(syscall(SYS_io_getevents, ctx, 0L, max, events, &now));
}

ssize_t
aio_sys_rw(bool read, int fd, const struct iovec *iovs, int iovcnt, uint64_t offset, int flags)
{
	ssize_t n = read ? preadv2(fd, iovs, iovcnt, (off_t)offset, flags)
	                 : pwritev2(fd, iovs, iovcnt, (off_t)offset, flags);

	return n < 0 ? -errno : n;
}
