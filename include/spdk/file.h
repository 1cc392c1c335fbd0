/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Whole files in memory. These block: not for a thread that does I/O.
 */

#ifndef SPDK_FILE_H
#define SPDK_FILE_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * Read from where \p file stands to its end.
 * \param size set to the number of bytes.
 * \return to be freed by the caller, no zero at the end; NULL on error, with errno.
 */
void *spdk_posix_file_load(FILE *file, size_t *size);

/** Open, spdk_posix_file_load(), and close. NULL on error, with errno. */
void *spdk_posix_file_load_from_name(const char *file_name, size_t *size);

/**
 * The first line of a small file, without its newline.
 * \param attribute to be freed by the caller; set on success.
 * \param path_format of the path, as for printf.
 * \return 0; -errno of opening or reading; -ENOMEM; -ENAMETOOLONG.
 */
int spdk_read_sysfs_attribute(char **attribute, const char *path_format, ...)
        __attribute__((format(printf, 2, 3)));

/**
 * As spdk_read_sysfs_attribute(), for a number: decimal, or hexadecimal behind 0x.
 * \return also -EINVAL for what is no number of 32 bits.
 */
int spdk_read_sysfs_attribute_uint32(uint32_t *attribute, const char *path_format, ...)
        __attribute__((format(printf, 2, 3)));

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_FILE_H */
