/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A bdev on a file or block device, through Linux native AIO. */

#ifndef BDEV_AIO_H
#define BDEV_AIO_H

#include "spdk_internal/bdev_file.h"

extern struct spdk_bdev_module g_aio_module;

/**
 * Make a bdev.
 * \param nowait I/O whose submission would wait goes to a helper thread instead.
 * \return 0, or a negative errno and the reason in words in \p why. App thread.
 */
int aio_create(const struct bdev_file_opts *opts, bool nowait, char why[BDEV_FILE_WHY_MAX]);

/** Take over a new size of the file. 0, -ENODEV, or a negative errno and \p why. App thread. */
int aio_rescan(const char *name, char why[BDEV_FILE_WHY_MAX]);

#endif /* BDEV_AIO_H */
