/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Linux AIO, fallocate() and fdatasync() that a test commands. Notes have a capital letter for an
 * operation on some buffers, and an h before one on a helper thread. */

#ifndef AIO_KERNEL_H
#define AIO_KERNEL_H

#include "../ut_disk.h"

#include "../../../../../module/bdev/aio/aio_internal.h"

#define RING_SIZE 7u /* not a power of two: places wrap by comparing */

struct aio_ring {
	uint32_t id, nr, head, tail, magic, compat, incompat, header_bytes;
	struct io_event events[RING_SIZE];
};

extern struct aio_kernel {
	int setup_rc;
	int contexts;
	bool hold; /* nothing completes */
	struct iocb *held[AIO_ENTRIES];
	uint32_t num_held, max_held;
	/* What each io_submit() in turn gives: > 0: at most so many; else the result. */
	int submits[8];
	uint32_t num_submits, next_submit;
	struct aio_ring ring;
	int event;
	uint32_t getevents;
	uint32_t helpers; /* reads and writes on a helper thread */
	int nowait_rc;    /* of the probe; 0: it works */
	uint32_t syncs;
	bool fail_sync;
} g_kernel;

/** Complete as many as may and fit in the ring. */
void complete_some(void);

#endif /* AIO_KERNEL_H */
