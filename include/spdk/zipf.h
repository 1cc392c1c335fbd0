/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Numbers of a Zipf distribution, for workloads in which few blocks are hot. A generator belongs to
 * one thread.
 */

#ifndef SPDK_ZIPF_H
#define SPDK_ZIPF_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct spdk_zipf;

/**
 * A new generator of numbers from 0 to \p range - 1, number n with a share that falls as
 * (n + 1)^-theta. Equal seeds give equal numbers.
 * \param theta not negative, not 1.
 * \return NULL when out of memory, \p range is 0, or \p theta is not as said; to be freed by
 * spdk_zipf_free().
 */
struct spdk_zipf *spdk_zipf_create(uint64_t range, double theta, uint32_t seed);

/** Free *zipfp and set it to NULL; *zipfp may be NULL. */
void spdk_zipf_free(struct spdk_zipf **zipfp);

/** The next number. */
uint64_t spdk_zipf_generate(struct spdk_zipf *zipf);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_ZIPF_H */
