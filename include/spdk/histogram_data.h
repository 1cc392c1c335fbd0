/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Histograms of 64-bit values, such as latencies in ticks: ranges that double, each of the same
 * number of buckets, so that every value is counted to within the same fraction of itself. A
 * histogram belongs to one thread.
 */

#ifndef SPDK_HISTOGRAM_DATA_H
#define SPDK_HISTOGRAM_DATA_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_HISTOGRAM_GRANULARITY_DEFAULT 7

/** log2 of the number of buckets in a range. */
#define SPDK_HISTOGRAM_GRANULARITY(h) ((h)->granularity)
/** Number of the highest range that 64-bit values can fall into. */
#define SPDK_HISTOGRAM_BUCKET_LSB(h) (64 - SPDK_HISTOGRAM_GRANULARITY(h))
#define SPDK_HISTOGRAM_NUM_BUCKETS_PER_RANGE(h) (1ULL << SPDK_HISTOGRAM_GRANULARITY(h))
#define SPDK_HISTOGRAM_BUCKET_MASK(h) (SPDK_HISTOGRAM_NUM_BUCKETS_PER_RANGE(h) - 1)
#define SPDK_HISTOGRAM_NUM_BUCKET_RANGES(h) ((h)->max_range - (h)->min_range + 1)
#define SPDK_HISTOGRAM_NUM_BUCKETS(h) \
	(SPDK_HISTOGRAM_NUM_BUCKETS_PER_RANGE(h) * SPDK_HISTOGRAM_NUM_BUCKET_RANGES(h))

struct spdk_histogram_borders;
struct spdk_histogram_data;

struct spdk_histogram_data {
	uint32_t granularity;
	uint32_t min_range;
	uint32_t max_range;
	/** SPDK_HISTOGRAM_NUM_BUCKETS() counts, range by range from min_range on. */
	uint64_t *bucket;
};

/** Counts of the values between given borders; see spdk_histogram_get_borders_count(). */
struct spdk_histogram_borders {
	uint64_t *borders;
	size_t index;
	size_t num_borders_count;
	/** [i]: values below borders[i] and not below borders[i - 1]; one more element behind the
	 *  last border's: values not below it. */
	uint64_t border_count[0];
};

/**
 * Gets one bucket of a histogram.
 * \param start smallest value that the bucket counts.
 * \param end first value above it; UINT64_MAX for the last bucket of all values.
 * \param count values in this bucket.
 * \param total values in the whole histogram.
 * \param so_far values in this bucket and all before it.
 */
typedef void (*spdk_histogram_data_fn)(void *ctx, uint64_t start, uint64_t end, uint64_t count,
                                       uint64_t total, uint64_t so_far);

/** The count of bucket \p index of \p range, to be read or changed. */
static inline uint64_t *
__spdk_histogram_get_bucket(const struct spdk_histogram_data *h, uint32_t range, uint32_t index)
{
	return &h->bucket[((uint64_t)(range - h->min_range) << h->granularity) + index];
}

/** Add one to a bucket. */
static inline void
__spdk_histogram_increment(struct spdk_histogram_data *h, uint32_t range, uint32_t index)
{
	(*__spdk_histogram_get_bucket(h, range, index))++;
}

/** The count of a bucket. */
static inline uint64_t
__spdk_histogram_get_count(const struct spdk_histogram_data *h, uint32_t range, uint32_t index)
{
	return *__spdk_histogram_get_bucket(h, range, index);
}

/** Set all counts to 0. */
static inline void
spdk_histogram_data_reset(struct spdk_histogram_data *histogram)
{
	memset(histogram->bucket, 0, SPDK_HISTOGRAM_NUM_BUCKETS(histogram) * sizeof(uint64_t));
}

/** The range that \p datapoint falls into, whether the histogram keeps it or not. */
static inline uint32_t
__spdk_histogram_data_get_bucket_range(struct spdk_histogram_data *h, uint64_t datapoint)
{
	uint32_t top_bit = 63 - (uint32_t)__builtin_clzll(datapoint | 1);

	return top_bit < h->granularity ? 0 : top_bit - h->granularity + 1;
}

/** The bucket of \p datapoint within its \p range. */
static inline uint32_t
__spdk_histogram_data_get_bucket_index(struct spdk_histogram_data *h, uint64_t datapoint,
                                       uint32_t range)
{
	/* Range 0 and 1 have buckets one wide; from there on each is twice as wide as the last. */
	uint32_t shift = range == 0 ? 0 : range - 1;

	return (uint32_t)((datapoint >> shift) & SPDK_HISTOGRAM_BUCKET_MASK(h));
}

/** Count \p datapoint; what is out of the histogram's ranges counts in the nearest bucket. */
static inline void
spdk_histogram_data_tally(struct spdk_histogram_data *histogram, uint64_t datapoint)
{
	uint32_t range = __spdk_histogram_data_get_bucket_range(histogram, datapoint);
	uint32_t index;

	if (range < histogram->min_range) {
		range = histogram->min_range;
		index = 0;
	} else if (range > histogram->max_range) {
		range = histogram->max_range;
		index = (uint32_t)SPDK_HISTOGRAM_BUCKET_MASK(histogram);
	} else {
		index = __spdk_histogram_data_get_bucket_index(histogram, datapoint, range);
	}
	__spdk_histogram_increment(histogram, range, index);
}

/** The smallest value of a bucket. */
static inline uint64_t
__spdk_histogram_data_get_bucket_start(const struct spdk_histogram_data *h, uint32_t range,
                                       uint32_t index)
{
	if (range == 0) {
		return index;
	}
	return (SPDK_HISTOGRAM_NUM_BUCKETS_PER_RANGE(h) + index) << (range - 1);
}

/** Call \p fn for each bucket, from the smallest values up. */
static inline void
spdk_histogram_data_iterate(const struct spdk_histogram_data *histogram, spdk_histogram_data_fn fn,
                            void *ctx)
{
	uint64_t num = SPDK_HISTOGRAM_NUM_BUCKETS(histogram);
	uint64_t total = 0, so_far = 0, i, start, end;
	uint32_t range, index;

	for (i = 0; i < num; i++) {
		total += histogram->bucket[i];
	}
	for (i = 0; i < num; i++) {
		range = histogram->min_range + (uint32_t)(i >> histogram->granularity);
		index = (uint32_t)(i & SPDK_HISTOGRAM_BUCKET_MASK(histogram));
		start = __spdk_histogram_data_get_bucket_start(histogram, range, index);
		end = start + (1ULL << (range == 0 ? 0 : range - 1));
		so_far += histogram->bucket[i];
		/* Behind the highest value of all the sum wraps to 0. */
		fn(ctx, start, end != 0 ? end : UINT64_MAX, histogram->bucket[i], total, so_far);
	}
}

/** Add the counts of \p src to those of \p dst. 0, or -EINVAL when they count differently. */
static inline int
spdk_histogram_data_merge(const struct spdk_histogram_data *dst,
                          const struct spdk_histogram_data *src)
{
	uint64_t i;

	if (dst->granularity != src->granularity || dst->min_range != src->min_range ||
	    dst->max_range != src->max_range) {
		return -EINVAL;
	}
	for (i = 0; i < SPDK_HISTOGRAM_NUM_BUCKETS(dst); i++) {
		dst->bucket[i] += src->bucket[i];
	}
	return 0;
}

/**
 * A new histogram, all counts 0, that keeps the ranges from that of \p min_val to that of
 * \p max_val.
 * \param granularity log2 of the buckets in a range, 1 to 62: more of them are finer and larger.
 * \return NULL when out of memory or the parameters make no sense; to be freed by
 * spdk_histogram_data_free().
 */
static inline struct spdk_histogram_data *
spdk_histogram_data_alloc_sized_ext(uint32_t granularity, uint64_t min_val, uint64_t max_val)
{
	struct spdk_histogram_data *h;

	if (granularity == 0 || granularity > 62 || min_val > max_val) {
		return NULL;
	}
	h = (struct spdk_histogram_data *)calloc(1, sizeof(*h));
	if (h == NULL) {
		return NULL;
	}
	h->granularity = granularity;
	h->min_range = __spdk_histogram_data_get_bucket_range(h, min_val);
	h->max_range = __spdk_histogram_data_get_bucket_range(h, max_val);
	h->bucket = (uint64_t *)calloc(SPDK_HISTOGRAM_NUM_BUCKETS(h), sizeof(uint64_t));
	if (h->bucket == NULL) {
		free(h);
		return NULL;
	}
	return h;
}

/** As spdk_histogram_data_alloc_sized_ext(), for all values. */
static inline struct spdk_histogram_data *
spdk_histogram_data_alloc_sized(uint32_t granularity)
{
	return spdk_histogram_data_alloc_sized_ext(granularity, 0, UINT64_MAX);
}

/** As spdk_histogram_data_alloc_sized(), with 128 buckets a range: each value to within 1 %. */
static inline struct spdk_histogram_data *
spdk_histogram_data_alloc(void)
{
	return spdk_histogram_data_alloc_sized(SPDK_HISTOGRAM_GRANULARITY_DEFAULT);
}

/** Free a histogram; NULL is allowed. */
static inline void
spdk_histogram_data_free(struct spdk_histogram_data *h)
{
	if (h != NULL) {
		free(h->bucket);
		free(h);
	}
}

/** The step of spdk_histogram_get_borders_count(); \p _ctx is a struct spdk_histogram_borders. */
static inline void
__spdk_histogram_get_borders_count_cb(void *_ctx, uint64_t start, uint64_t end, uint64_t count,
                                      uint64_t total, uint64_t so_far)
{
	struct spdk_histogram_borders *ctx = (struct spdk_histogram_borders *)_ctx;

	(void)end;
	(void)total;
	(void)so_far;
	while (ctx->index < ctx->num_borders_count && start >= ctx->borders[ctx->index]) {
		ctx->index++;
	}
	ctx->border_count[ctx->index] += count;
}

/**
 * Sum up the buckets between the borders of \p ctx, a bucket by its smallest value. The counts are
 * added to those that \p ctx has.
 */
static inline void
spdk_histogram_get_borders_count(struct spdk_histogram_data *h, struct spdk_histogram_borders *ctx)
{
	ctx->index = 0;
	spdk_histogram_data_iterate(h, __spdk_histogram_get_borders_count_cb, ctx);
}

/**
 * Make what spdk_histogram_get_borders_count() works with, all counts 0.
 * \param borders ascending; stays the caller's and must outlive the result.
 * \return NULL when out of memory; to be freed by spdk_histogram_get_borders_count_free_ctx().
 */
static inline struct spdk_histogram_borders *
spdk_histogram_get_borders_count_alloc_ctx(uint64_t *borders, size_t num_borders)
{
	struct spdk_histogram_borders *ctx;

	ctx = (struct spdk_histogram_borders *)calloc(1, sizeof(*ctx) + (num_borders + 1) *
	                                                                        sizeof(uint64_t));
	if (ctx != NULL) {
		ctx->borders = borders;
		ctx->num_borders_count = num_borders;
	}
	return ctx;
}

/** Free what spdk_histogram_get_borders_count_alloc_ctx() made; NULL is allowed. */
static inline void
spdk_histogram_get_borders_count_free_ctx(struct spdk_histogram_borders *ctx)
{
	free(ctx);
}

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_HISTOGRAM_DATA_H */
