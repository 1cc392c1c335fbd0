/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Numbers of a Zipf distribution by the method of Gray et al., "Quickly Generating Billion-Record
 * Synthetic Databases" (SIGMOD 1994), section 3.2. A generator belongs to one thread.
 *
 * The method needs the sum of i^-theta over the range. The first terms are added one by one, the
 * rest by the Euler-Maclaurin formula, whose error is then far below what a double holds: creating
 * a generator takes the same short time for any range.
 */

#include "spdk/zipf.h"
#include "spdk/util.h"

#include <math.h>

#define EXACT_TERMS 1024u

struct spdk_zipf {
	uint64_t range;
	double theta;
	double alpha;
	double eta;
	double zetan;
	double second;  /* upper border of the share of the second number */
	uint64_t state; /* of the xorshift generator */
};

static double
zeta(uint64_t range, double theta)
{
	uint64_t exact = spdk_min(range, EXACT_TERMS);
	double sum = 0, a = (double)exact, b = (double)range;
	uint64_t i;

	for (i = 1; i <= exact; i++) {
		sum += pow((double)i, -theta);
	}
	if (range > exact) {
		/* The terms from exact + 1 to range: integral, half the difference of the ends, and
		 * the first derivative term. */
		sum += (pow(b, 1 - theta) - pow(a, 1 - theta)) / (1 - theta);
		sum += (pow(b, -theta) - pow(a, -theta)) / 2;
		sum += theta * (pow(a, -theta - 1) - pow(b, -theta - 1)) / 12;
	}
	return sum;
}

struct spdk_zipf *
spdk_zipf_create(uint64_t range, double theta, uint32_t seed)
{
	struct spdk_zipf *zipf;

	/* At 1 the method divides by zero. */
	if (range == 0 || !isfinite(theta) || theta < 0 || theta == 1) {
		return NULL;
	}
	zipf = calloc(1, sizeof(*zipf));
	if (zipf == NULL) {
		return NULL;
	}
	zipf->range = range;
	zipf->theta = theta;
	zipf->alpha = 1 / (1 - theta);
	zipf->zetan = zeta(range, theta);
	zipf->second = zeta(2, theta);
	zipf->eta = (1 - pow(2.0 / (double)range, 1 - theta)) / (1 - zipf->second / zipf->zetan);
	zipf->state = (uint64_t)seed << 32 | 0x9e3779b9u; /* never 0 */
	return zipf;
}

void
spdk_zipf_free(struct spdk_zipf **zipfp)
{
	free(*zipfp);
	*zipfp = NULL;
}

uint64_t
spdk_zipf_generate(struct spdk_zipf *zipf)
{
	/* 53 bits fill the mantissa: 0 <= u < 1. */
	double u = (double)(spdk_rand_xorshift64(&zipf->state) >> 11) * 0x1p-53;
	double uz = u * zipf->zetan;
	double value;

	if (uz < 1) {
		return 0;
	}
	if (uz < zipf->second) {
		return zipf->range > 1 ? 1 : 0;
	}
	value = (double)zipf->range * pow(zipf->eta * u - zipf->eta + 1, zipf->alpha);
	/* Rounding may reach the range itself. */
	return value < (double)zipf->range ? (uint64_t)value : zipf->range - 1;
}
