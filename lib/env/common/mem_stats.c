/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* How memory is used, by a walk over all of it. Any thread; with the heap's lock. */

#include "machine.h"

#include "spdk/env_dpdk.h"

struct walk {
	struct spdk_env_dpdk_mem_stats *stats;
	int32_t numa_id;
};

static void
run_count(const struct env_run *run, void *arg)
{
	struct walk *walk = arg;
	struct spdk_env_dpdk_mem_stats *stats = walk->stats;

	if (run->numa_id != walk->numa_id) {
		return;
	}
	stats->heap_totalsz_bytes += run->len_bytes;
	if (run->in_use) {
		stats->heap_allocsz_bytes += run->len_bytes;
		stats->alloc_count += run->num_objs;
	} else {
		stats->heap_freesz_bytes += run->len_bytes;
		stats->free_count++;
		stats->greatest_free_size = spdk_max(stats->greatest_free_size, run->len_bytes);
	}
}

int
spdk_env_dpdk_get_mem_stats(struct spdk_env_dpdk_mem_stats *stats, uint32_t numa_id)
{
	struct walk walk = { .stats = stats, .numa_id = (int32_t)numa_id };

	if (numa_id >= ENV_NUMA_MAX || (machine_numa_mask() & (1u << numa_id)) == 0) {
		return -EINVAL;
	}
	memset(stats, 0, sizeof(*stats));
	if (env_shared() != NULL) {
		env_shared()->each(run_count, &walk);
	} else {
		env_heap_each(run_count, &walk);
	}
	return 0;
}

void
spdk_env_dpdk_dump_mem_stats(FILE *file)
{
	struct spdk_env_dpdk_mem_stats stats;
	int32_t id;

	SPDK_ENV_FOREACH_NUMA_ID(id) {
		if (spdk_env_dpdk_get_mem_stats(&stats, (uint32_t)id) == 0) {
			fprintf(file,
			        "node %" PRId32 ": %" PRIu64 " bytes, %" PRIu64 " free in %" PRIu32
			        " pieces, the greatest of %" PRIu64 ", %" PRIu64
			        " in use for %" PRIu32 " buffers\n",
			        id, stats.heap_totalsz_bytes, stats.heap_freesz_bytes,
			        stats.free_count, stats.greatest_free_size,
			        stats.heap_allocsz_bytes, stats.alloc_count);
		}
	}
}
