/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Arrays of bits, numbered from 0, that can be searched. An array belongs to its caller; there is
 * no lock in it, so one thread uses it at a time.
 */

#ifndef SPDK_BIT_ARRAY_H
#define SPDK_BIT_ARRAY_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct spdk_bit_array;

/** Number of bits in \p ba. */
uint32_t spdk_bit_array_capacity(const struct spdk_bit_array *ba);

/**
 * A new array of \p num_bits bits, all 0.
 * \param num_bits below UINT32_MAX; 0 is allowed.
 * \return NULL when out of memory or too many; to be freed by spdk_bit_array_free().
 */
struct spdk_bit_array *spdk_bit_array_create(uint32_t num_bits);

/** Free *bap and set it to NULL; NULL in either place is allowed. */
void spdk_bit_array_free(struct spdk_bit_array **bap);

/**
 * Change the number of bits. Those that are kept keep their values, new ones are 0. The array may
 * move.
 * \param bap the array; made when *bap is NULL.
 * \return 0; -EINVAL for a NULL \p bap or UINT32_MAX bits; -ENOMEM, and the array is as before.
 */
int spdk_bit_array_resize(struct spdk_bit_array **bap, uint32_t num_bits);

/** Whether a bit is 1; false for one beyond the end. */
bool spdk_bit_array_get(const struct spdk_bit_array *ba, uint32_t bit_index);

/** Set a bit to 1. 0, or -EINVAL for one beyond the end. */
int spdk_bit_array_set(struct spdk_bit_array *ba, uint32_t bit_index);

/** Set a bit to 0; nothing for one beyond the end. */
void spdk_bit_array_clear(struct spdk_bit_array *ba, uint32_t bit_index);

/** The first bit from \p start_bit_index on that is 1; UINT32_MAX when there is none. */
uint32_t spdk_bit_array_find_first_set(const struct spdk_bit_array *ba, uint32_t start_bit_index);

/** The first bit from \p start_bit_index on that is 0; UINT32_MAX when there is none. */
uint32_t spdk_bit_array_find_first_clear(const struct spdk_bit_array *ba, uint32_t start_bit_index);

/** How many bits are 1. */
uint32_t spdk_bit_array_count_set(const struct spdk_bit_array *ba);

/** How many bits are 0. */
uint32_t spdk_bit_array_count_clear(const struct spdk_bit_array *ba);

/**
 * Write the bits to \p mask, bit n to bit n % 8 of byte n / 8; unused bits of the last byte are 0.
 * \param mask has room for the capacity in bits, rounded up to whole bytes.
 */
void spdk_bit_array_store_mask(const struct spdk_bit_array *ba, void *mask);

/** Read the bits from \p mask, which is laid out as spdk_bit_array_store_mask() writes it. */
void spdk_bit_array_load_mask(struct spdk_bit_array *ba, const void *mask);

/** Set all bits to 0. */
void spdk_bit_array_clear_mask(struct spdk_bit_array *ba);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_BIT_ARRAY_H */
