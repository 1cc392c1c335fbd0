/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * File descriptors: sizes and flags. Any thread.
 */

#ifndef SPDK_FD_H
#define SPDK_FD_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * Bytes in a regular file or a block device.
 * \return 0 also for other kinds, and on error.
 */
uint64_t spdk_fd_get_size(int fd);

/**
 * Bytes of a logical block of a block device; of other files, the size that suits their file
 * system. \return 0 on error.
 */
uint32_t spdk_fd_get_blocklen(int fd);

/** Set O_NONBLOCK. \return 0 or -errno. */
int spdk_fd_set_nonblock(int fd);

/** Clear O_NONBLOCK. \return 0 or -errno. */
int spdk_fd_clear_nonblock(int fd);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_FD_H */
