/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the bdev (uring.c) and its I/O (uring_io.c) have in common. */

#ifndef BDEV_URING_INTERNAL_H
#define BDEV_URING_INTERNAL_H

#include "uring.h"
#include "spdk_internal/thread.h"

#include <liburing.h>
#include <stdatomic.h>

STAILQ_HEAD(uring_flushes, uring_io);

struct uring_bdev {
	struct spdk_bdev bdev;
	char *filename;
	struct uring_file file; /* set once at create, but for size_bytes */
	/* fdatasync() of the file, one at a time; uring_io.c says why. */
	struct {
		pthread_mutex_t lock;         /* short: never held over a system call */
		struct uring_flushes waiting; /* for the next one; under lock */
		bool running;                 /* the work is with the helpers; under lock */
		struct uring_flushes now;     /* what the running one is for; the work's */
		int result;                   /* the work's */
		struct env_work work;
	} sync;
	/* Set once, by the work; relaxed: it only has to be seen some day, by I/O that begins
	 * after the failed flush was answered, which the answer's message orders. */
	_Atomic bool flush_failed;
	/* fallocate() mode that writes zeros; only ever goes from ZERO_RANGE to PUNCH_HOLE;
	 * relaxed: either value is right. */
	_Atomic int zero_mode;
};

/** A thread's ring. */
struct uring_group {
	struct io_uring ring;
	uint32_t outstanding; /* in the ring, or on the way into it */
	struct thread_deferred submit;
	struct spdk_poller *poller;
};

struct uring_channel {
	struct uring_group *group;
	struct spdk_io_channel *group_ch;
};

struct uring_io {
	struct uring_group *group;
	uint64_t len_bytes;  /* all of it; 0 for fallocate */
	uint64_t done_bytes; /* of len_bytes, before what is in the ring now */
	int mode;            /* of fallocate */
	/* A FLUSH. */
	STAILQ_ENTRY(uring_io) flush_link;
	struct spdk_thread *thread;
	int result;
};

/** An io_channel's constructor and destructor: the ring of a thread, which all uring bdevs use. */
int uring_group_create(void *io_device, void *ctx);
void uring_group_destroy(void *io_device, void *ctx);

/** Whether a ring can be made: 0 or a negative errno. */
int uring_group_probe(void);
/** What to do about \p rc of a ring that can't be made, in words. */
const char *uring_group_remedy(int rc);

/** Before the first FLUSH of \p ub; its lock ends with the bdev. */
void uring_sync_init(struct uring_bdev *ub);

/** The bdev's submit_request(); \p ch has a struct uring_channel. On the channel's thread. */
void uring_submit_request(struct spdk_io_channel *ch, struct spdk_bdev_io *io);

#endif /* BDEV_URING_INTERNAL_H */
