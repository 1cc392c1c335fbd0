/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Parity: exclusive or of buffers. Pure functions; any thread.
 */

#ifndef SPDK_XOR_H
#define SPDK_XOR_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * dest = sources[0] ^ sources[1] ^ ...
 * \param dest \p len bytes; may be one of the sources.
 * \param n how many sources: from 2 to 256.
 * \param len bytes of each.
 * \return 0; -EINVAL for another number of sources.
 */
int spdk_xor_gen(void *dest, void **sources, uint32_t n, uint32_t len);

/** Bytes to which all buffers of spdk_xor_gen() should be aligned for it to be fast. */
size_t spdk_xor_get_optimal_alignment(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_XOR_H */
