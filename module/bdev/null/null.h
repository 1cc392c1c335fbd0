/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A bdev that throws writes away and reads nothing: for measuring what is above it. */

#ifndef BDEV_NULL_H
#define BDEV_NULL_H

#include "spdk/bdev_module.h"
#include "spdk/uuid.h"

extern struct spdk_bdev_module g_null_module;

/** What a null bdev is made of; the strings stay the caller's. Sizes in blocks unless named. */
struct null_opts {
	const char *name;
	struct spdk_uuid uuid; /* null: one is generated */
	uint64_t num_blocks;
	uint32_t block_size;
	uint32_t physical_block_size; /* 0: the block size */
	uint32_t preferred_write_alignment;
	uint32_t preferred_write_granularity;
	uint32_t optimal_write_size;
	uint32_t preferred_unmap_alignment;
	uint32_t preferred_unmap_granularity;
};

/** 0; or -EINVAL, -EEXIST, -ENOMEM, with the reason in words in \p why, or NULL where the errno
 * says it all. App thread. */
int null_create(const struct null_opts *opts, const char **why);

/** Grow one. 0, -ENODEV, -EINVAL when it is not a null bdev or would shrink, with \p why set. */
int null_resize(const char *name, uint64_t new_size_mib, const char **why);

#endif /* BDEV_NULL_H */
