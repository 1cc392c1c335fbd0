/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * TODO(doc)
 */

#ifndef SPDK_HISTOGRAM_DATA_H
#define SPDK_HISTOGRAM_DATA_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_HISTOGRAM_GRANULARITY_DEFAULT 7

/* TODO macros by hand:
   SPDK_HISTOGRAM_GRANULARITY(h)   [] 
   SPDK_HISTOGRAM_BUCKET_LSB(h)   [] 
   SPDK_HISTOGRAM_NUM_BUCKETS_PER_RANGE(h)   [] 
   SPDK_HISTOGRAM_BUCKET_MASK(h)   [] 
   SPDK_HISTOGRAM_NUM_BUCKET_RANGES(h)   [] 
   SPDK_HISTOGRAM_NUM_BUCKETS(h)   [] 
*/

struct spdk_histogram_borders;
struct spdk_histogram_data;

struct spdk_histogram_data {
	uint32_t granularity;
	uint32_t min_range;
	uint32_t max_range;
	uint64_t *bucket;
};

struct spdk_histogram_borders {
	uint64_t *borders;
	size_t index;
	size_t num_borders_count;
	uint64_t border_count[0];
};

typedef void (*spdk_histogram_data_fn)(void *ctx, uint64_t start, uint64_t end, uint64_t count, uint64_t total, uint64_t so_far);

/* TODO inline: static inline void __spdk_histogram_increment(struct spdk_histogram_data *h, uint32_t range, uint32_t index) */

/* TODO inline: static inline uint64_t __spdk_histogram_get_count(const struct spdk_histogram_data *h, uint32_t range, uint32_t index) */

/* TODO inline: static inline uint64_t * __spdk_histogram_get_bucket(const struct spdk_histogram_data *h, uint32_t range, uint32_t index) */

/* TODO inline: static inline void spdk_histogram_data_reset(struct spdk_histogram_data *histogram) */

/* TODO inline: static inline uint32_t __spdk_histogram_data_get_bucket_range(struct spdk_histogram_data *h, uint64_t datapoint) */

/* TODO inline: static inline uint32_t __spdk_histogram_data_get_bucket_index(struct spdk_histogram_data *h, uint64_t datapoint, uint32_t range) */

/* TODO inline: static inline void spdk_histogram_data_tally(struct spdk_histogram_data *histogram, uint64_t datapoint) */

/* TODO inline: static inline uint64_t __spdk_histogram_data_get_bucket_start(const struct spdk_histogram_data *h, uint32_t range, uint32_t index) */

/* TODO inline: static inline void spdk_histogram_data_iterate(const struct spdk_histogram_data *histogram, spdk_histogram_data_fn fn, void *ctx) */

/* TODO inline: static inline int spdk_histogram_data_merge(const struct spdk_histogram_data *dst, const struct spdk_histogram_data *src) */

/* TODO inline: static inline struct spdk_histogram_data * spdk_histogram_data_alloc_sized_ext(uint32_t granularity, uint64_t min_val, uint64_t max_val) */

/* TODO inline: static inline struct spdk_histogram_data * spdk_histogram_data_alloc_sized(uint32_t granularity) */

/* TODO inline: static inline struct spdk_histogram_data * spdk_histogram_data_alloc(void) */

/* TODO inline: static inline void spdk_histogram_data_free(struct spdk_histogram_data *h) */

/* TODO inline: static inline void __spdk_histogram_get_borders_count_cb(void *_ctx, uint64_t start, uint64_t end, uint64_t count, uint64_t total, uint64_t so_far) */

/* TODO inline: static inline void spdk_histogram_get_borders_count(struct spdk_histogram_data *h, struct spdk_histogram_borders *ctx) */

/* TODO inline: static inline struct spdk_histogram_borders * spdk_histogram_get_borders_count_alloc_ctx(uint64_t *borders, size_t num_borders) */

/* TODO inline: static inline void spdk_histogram_get_borders_count_free_ctx(struct spdk_histogram_borders *ctx) */

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_HISTOGRAM_DATA_H */
