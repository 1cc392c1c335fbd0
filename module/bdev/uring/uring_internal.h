/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the bdev (uring.c) and its I/O (uring_io.c) have in common. */

#ifndef BDEV_URING_INTERNAL_H
#define BDEV_URING_INTERNAL_H

#include "uring.h"
#include "spdk_internal/thread.h"

#include <liburing.h>

/** A thread's ring. */
struct uring_group {
	struct io_uring ring;
	uint32_t outstanding; /* in the ring, or on the way into it */
	struct thread_deferred submit;
	struct spdk_poller *poller;
};

/** An io_channel's constructor and destructor: the ring of a thread, which all uring bdevs use. */
int uring_group_create(void *io_device, void *ctx);
void uring_group_destroy(void *io_device, void *ctx);

/** Whether a ring can be made: 0 or a negative errno. */
int uring_group_probe(void);
/** What to do about \p rc of a ring that can't be made, in words. */
const char *uring_group_remedy(int rc);

/** The bdev's submit_request(); \p ch has a struct bdev_file_channel. On the channel's thread. */
void uring_submit_request(struct spdk_io_channel *ch, struct spdk_bdev_io *io);

/** The parts of the struct bdev_file_kind. */
bool uring_rw(struct spdk_bdev_io *io, const struct iovec *iovs, int iovcnt, uint64_t done);
bool uring_fallocate(struct spdk_bdev_io *io, int mode);

#endif /* BDEV_URING_INTERNAL_H */
