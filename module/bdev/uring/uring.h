/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A bdev on a file or block device, through io_uring. */

#ifndef BDEV_URING_H
#define BDEV_URING_H

#include "spdk_internal/bdev_file.h"

extern struct spdk_bdev_module g_uring_module;

/** 0 and the bdev, or a negative errno and the reason in words in \p why. App thread. */
int uring_create(const struct bdev_file_opts *opts, char why[BDEV_FILE_WHY_MAX]);

/** Take over a new size of the file. 0, -ENODEV, or a negative errno and \p why. App thread. */
int uring_rescan(const char *name, char why[BDEV_FILE_WHY_MAX]);

#endif /* BDEV_URING_H */
