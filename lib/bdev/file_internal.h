/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What file.c, file_open.c and file_io.c know of each other. */

#ifndef BDEV_FILE_INTERNAL_H
#define BDEV_FILE_INTERNAL_H

#include "spdk_internal/bdev_file.h"

/** Open what \p opts name and find out what it can do; the descriptor is closed by who frees
 *  \p file, also after an error. 0, or a negative errno and \p why. */
int bdev_file_probe(const struct bdev_file_opts *opts, struct bdev_file *file,
                    char why[BDEV_FILE_WHY_MAX]);

/** Its size in bytes now, or a negative errno. */
int bdev_file_size(const struct bdev_file *file, uint64_t *size_bytes);

/** Before the first FLUSH; and the opposite. */
void bdev_file_sync_init(struct bdev_file *file);
void bdev_file_sync_fini(struct bdev_file *file);

#endif /* BDEV_FILE_INTERNAL_H */
