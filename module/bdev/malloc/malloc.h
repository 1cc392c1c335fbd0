/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A bdev in memory. */

#ifndef BDEV_MALLOC_H
#define BDEV_MALLOC_H

#include "spdk/bdev_module.h"
#include "spdk/uuid.h"

extern struct spdk_bdev_module g_malloc_module;

/** What a malloc bdev is made of; the strings stay the caller's. */
struct malloc_opts {
	const char *name;      /* NULL: "Malloc" and a number */
	struct spdk_uuid uuid; /* null: one is generated */
	uint64_t num_blocks;
	uint32_t block_size;
	uint32_t physical_block_size; /* 0: the block size */
	uint32_t optimal_io_boundary; /* blocks; 0: none */
	int32_t numa_id;
};

/** 0 and the new one in \p bdev; or -EINVAL, -EEXIST, -ENOMEM, with the reason in words in \p why,
 * or NULL where the errno says it all. App thread. */
int malloc_create(const struct malloc_opts *opts, struct spdk_bdev **bdev, const char **why);

#endif /* BDEV_MALLOC_H */
