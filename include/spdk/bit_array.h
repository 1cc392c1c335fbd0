/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * TODO(doc)
 */

#ifndef SPDK_BIT_ARRAY_H
#define SPDK_BIT_ARRAY_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct spdk_bit_array;

uint32_t spdk_bit_array_capacity(const struct spdk_bit_array *ba);

struct spdk_bit_array *spdk_bit_array_create(uint32_t num_bits);

void spdk_bit_array_free(struct spdk_bit_array **bap);

int spdk_bit_array_resize(struct spdk_bit_array **bap, uint32_t num_bits);

bool spdk_bit_array_get(const struct spdk_bit_array *ba, uint32_t bit_index);

int spdk_bit_array_set(struct spdk_bit_array *ba, uint32_t bit_index);

void spdk_bit_array_clear(struct spdk_bit_array *ba, uint32_t bit_index);

uint32_t spdk_bit_array_find_first_set(const struct spdk_bit_array *ba, uint32_t start_bit_index);

uint32_t spdk_bit_array_find_first_clear(const struct spdk_bit_array *ba, uint32_t start_bit_index);

uint32_t spdk_bit_array_count_set(const struct spdk_bit_array *ba);

uint32_t spdk_bit_array_count_clear(const struct spdk_bit_array *ba);

void spdk_bit_array_store_mask(const struct spdk_bit_array *ba, void *mask);

void spdk_bit_array_load_mask(struct spdk_bit_array *ba, const void *mask);

void spdk_bit_array_clear_mask(struct spdk_bit_array *ba);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_BIT_ARRAY_H */
