/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the bdev (aio.c), its I/O (aio_io.c), the context (aio_context.c) and the system calls
 * (aio_sys.c) know of each other. */

#ifndef BDEV_AIO_INTERNAL_H
#define BDEV_AIO_INTERNAL_H

#include "aio.h"
#include "spdk_internal/thread.h"

#include <linux/aio_abi.h>

#define AIO_ENTRIES 512u

struct aio_bdev {
	struct bdev_file file;
	/* Set once, before the bdev is registered. */
	bool nowait;       /* as the user wanted */
	bool nowait_works; /* and the file knows it */
};

/** The driver context of an I/O. */
struct aio_io {
	struct bdev_file_io file; /* first */
	struct iocb iocb;
	struct iovec one;     /* what an operation on one buffer points at */
	struct env_work work; /* what io_submit() has no way for, or would wait for */
	uint32_t num_iovs;    /* of the operation */
	const struct iovec *iovs;
};

struct aio_context {
	aio_context_t id;
	struct env_work destroy;
};

/** What a thread has for all aio bdevs. */
struct aio_group {
	struct aio_context *context;
	int event;            /* readable after completions; -1: none */
	bool event_maybe_set; /* completions came since it was cleared */
	uint32_t num_empty;   /* polls in a row that found nothing */
	uint32_t outstanding; /* with the kernel, or on the way there */
	uint32_t num_queued;
	struct iocb *queued[AIO_ENTRIES]; /* for the next io_submit() */
	struct thread_deferred submit;
	struct spdk_poller *poller;
	uint32_t num_works;             /* with the helpers */
	struct bdev_file_flushes works; /* that wait to be */
};

/* ---- aio_io.c ---- */

/** An io_channel's constructor and destructor: the context of a thread, which all aio bdevs use. */
int aio_group_create(void *io_device, void *ctx);
void aio_group_destroy(void *io_device, void *ctx);

/** What to do about \p rc of a context that can't be made, in words. */
const char *aio_group_remedy(int rc);

/** The bdev's submit_request(); \p ch has a struct bdev_file_channel. On the channel's thread. */
void aio_submit_request(struct spdk_io_channel *ch, struct spdk_bdev_io *io);

/** The parts of the struct bdev_file_kind. */
bool aio_rw(struct spdk_bdev_io *io, const struct iovec *iovs, int iovcnt, uint64_t done);
bool aio_fallocate(struct spdk_bdev_io *io, int mode);

/* ---- aio_context.c ---- */

/** 0, or a negative errno: -EAGAIN, -ENOSYS, -ENOMEM. */
int aio_context_create(struct aio_context **context);
/** Nothing may be outstanding. */
void aio_context_destroy(struct aio_context *context);

/** Take up to \p max events that are there already; never waits. */
uint32_t aio_ring_take(aio_context_t ctx, struct io_event *events, uint32_t max);

/* ---- aio_sys.c: the system calls, each 0 or more, or a negative errno ---- */

int aio_sys_setup(unsigned entries, aio_context_t *ctx);
int aio_sys_destroy(aio_context_t ctx);
int aio_sys_submit(aio_context_t ctx, long num, struct iocb **iocbs);
/** Without waiting. */
int aio_sys_getevents(aio_context_t ctx, long max, struct io_event *events);
/** preadv() or pwritev() at \p offset; -EAGAIN with RWF_NOWAIT in \p flags where it would wait. */
ssize_t
aio_sys_rw(bool read, int fd, const struct iovec *iovs, int iovcnt, uint64_t offset, int flags);

#endif /* BDEV_AIO_INTERNAL_H */
