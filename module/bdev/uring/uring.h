/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A bdev on a file or block device, through io_uring. */

#ifndef BDEV_URING_H
#define BDEV_URING_H

#include "spdk/bdev_module.h"
#include "spdk/uuid.h"
#include "spdk_internal/env.h"

#define URING_WHY_MAX 512

extern struct spdk_bdev_module g_uring_module;

/** What a uring bdev is made of; the strings stay the caller's. */
struct uring_opts {
	const char *name;
	const char *filename;
	uint32_t block_size;   /* 0: what suits the file */
	struct spdk_uuid uuid; /* null: made from the file's identity */
};

/** A file opened for a bdev, and what it can do; uring_file.c. */
struct uring_file {
	int fd;
	bool is_blk;
	bool direct;        /* O_DIRECT: no page cache */
	bool punch;         /* fallocate() can punch holes */
	uint8_t align_log2; /* of buffers */
	uint32_t block_size;
	dev_t dev; /* the device itself, or where the file is */
	ino_t ino; /* 0 for a device */
	uint64_t size_bytes;
	struct spdk_uuid identity; /* the same for the same file after each start; null: unknown */
};

/** Open what \p opts name and find out what it can do.
 *  0, or a negative errno and the reason in words in \p why. */
int
uring_file_open(const struct uring_opts *opts, struct uring_file *file, char why[URING_WHY_MAX]);
/** Its size in bytes now, or a negative errno. */
int uring_file_size(const struct uring_file *file, uint64_t *size_bytes);
/** Whether both are one file or device, whatever the path. */
bool uring_file_same(const struct uring_file *a, const struct uring_file *b);
void uring_file_close(struct uring_file *file);

/** 0 and the bdev, or a negative errno and the reason in words in \p why. App thread. */
int uring_create(const struct uring_opts *opts, char why[URING_WHY_MAX]);

/** Take over a new size of the file. 0, -ENODEV, or a negative errno and \p why. App thread. */
int uring_rescan(const char *name, char why[URING_WHY_MAX]);

#endif /* BDEV_URING_H */
