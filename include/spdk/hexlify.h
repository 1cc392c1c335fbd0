/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Bytes as pairs of hexadecimal digits, and back. Any thread.
 */

#ifndef SPDK_HEXLIFY_H
#define SPDK_HEXLIFY_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * Two lower-case digits for each byte, and a zero at the end.
 * \return to be freed by the caller; NULL when out of memory.
 */
char *spdk_hexlify(const char *bin, size_t len);

/**
 * The bytes that a text of digits, of either case, stands for: half as many as it has digits.
 * \return to be freed by the caller, no zero at the end; NULL when out of memory, for an odd number
 * of digits, or a character that is none.
 */
char *spdk_unhexlify(const char *hex);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_HEXLIFY_H */
