/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A kernel of the year 2020 under the io_uring sockets: no sets of buffers, no sends without a
 * copy, no ring that leaves completions to who enters it. Linked before liburing (--wrap).
 */

#include "spdk/stdinc.h"
#include <liburing.h>

int __wrap_io_uring_register_buf_ring(struct io_uring *ring, struct io_uring_buf_reg *reg,
                                      unsigned int flags);
int
__wrap_io_uring_register_buf_ring(struct io_uring *ring, struct io_uring_buf_reg *reg,
                                  unsigned int flags)
{
	return -EINVAL;
}

struct io_uring_probe *__wrap_io_uring_get_probe_ring(struct io_uring *ring);
struct io_uring_probe *
__wrap_io_uring_get_probe_ring(struct io_uring *ring)
{
	return NULL;
}

int __real_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
                                      struct io_uring_params *params);
int __wrap_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
                                      struct io_uring_params *params);
int
__wrap_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
                                  struct io_uring_params *params)
{
	if (params->flags & (IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG)) {
		return -EINVAL;
	}
	return __real_io_uring_queue_init_params(entries, ring, params);
}
