/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * zipf THETA RANGE COUNT: draw COUNT numbers below RANGE of a Zipf distribution, and show how often
 * the ten most frequent came, beside what it is in theory. With THETA at 0 all numbers
 * are equally likely; the nearer to 1 it is, the more of all draws go to the first few.
 *
 *	build/examples/zipf 0.8 1000 1000000
 */

#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk/zipf.h"

#include <math.h>

#define SHOWN 10u
#define SEED 1u
#define RANGE_MAX (1u << 24)

struct draw {
	double theta;
	uint64_t range;
	uint64_t count;
};

static int
usage(const char *program)
{
	fprintf(stderr,
	        "Usage: %s THETA RANGE COUNT\n"
	        "  THETA  how uneven: 0 or more, and less than 1\n"
	        "  RANGE  numbers from 0 to RANGE - 1; at most %u\n"
	        "  COUNT  how many to draw\n",
	        program, RANGE_MAX);
	return 1;
}

static bool
parse(char **args, struct draw *draw)
{
	long long range = spdk_strtoll(args[1], 10), count = spdk_strtoll(args[2], 10);
	char *end;

	draw->theta = strtod(args[0], &end);
	draw->range = (uint64_t)range;
	draw->count = (uint64_t)count;
	return end != args[0] && *end == '\0' && draw->theta >= 0 && draw->theta < 1 && range > 0 &&
	       range <= RANGE_MAX && count > 0;
}

static int
show(const struct draw *draw)
{
	struct spdk_zipf *zipf = spdk_zipf_create(draw->range, draw->theta, SEED);
	uint64_t *seen = calloc(draw->range, sizeof(*seen));
	double sum = 0;
	uint64_t i;

	if (zipf == NULL || seen == NULL) {
		fprintf(stderr, "There is no memory for %" PRIu64 " numbers.\n", draw->range);
		spdk_zipf_free(&zipf);
		free(seen);
		return 1;
	}
	for (i = 0; i < draw->count; i++) {
		seen[spdk_zipf_generate(zipf)]++;
	}
	for (i = 0; i < draw->range; i++) {
		sum += 1 / pow((double)(i + 1), draw->theta);
	}
	printf("%10s %12s %9s %10s\n", "number", "times", "share", "in theory");
	for (i = 0; i < spdk_min(SHOWN, draw->range); i++) {
		printf("%10" PRIu64 " %12" PRIu64 " %8.4f%% %9.4f%%\n", i, seen[i],
		       100.0 * (double)seen[i] / (double)draw->count,
		       100.0 / pow((double)(i + 1), draw->theta) / sum);
	}
	spdk_zipf_free(&zipf);
	free(seen);
	return 0;
}

int
main(int argc, char **argv)
{
	struct draw draw;

	if (argc != 4 || !parse(argv + 1, &draw)) {
		return usage(argv[0]);
	}
	return show(&draw);
}
