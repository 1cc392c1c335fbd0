/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What programs ask of SPDK's default environment beyond spdk/env.h. There is no DPDK behind it
 * here: what starts or stops DPDK is absent.
 */

#ifndef SPDK_ENV_DPDK_H
#define SPDK_ENV_DPDK_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/** Memory of one NUMA node, of this process or of all that share it. A piece is free memory in a
 *  row, or a buffer. */
struct spdk_env_dpdk_mem_stats {
	uint64_t heap_totalsz_bytes; /* of address space; memory is taken as it is touched */
	uint64_t heap_freesz_bytes;
	uint64_t greatest_free_size; /* bytes of the greatest free piece */
	uint64_t heap_allocsz_bytes;
	uint32_t free_count;  /* free pieces */
	uint32_t alloc_count; /* buffers in use */
};

/**
 * Write one line for each NUMA node with the numbers of spdk_env_dpdk_get_mem_stats() to \p file.
 * Any thread; nobody allocates meanwhile.
 */
void spdk_env_dpdk_dump_mem_stats(FILE *file);

/**
 * How the memory of a NUMA node is used. Any thread; nobody allocates meanwhile.
 * \param stats out.
 * \return 0; -EINVAL when the machine has no such node: then nothing is written.
 */
int spdk_env_dpdk_get_mem_stats(struct spdk_env_dpdk_mem_stats *stats, uint32_t numa_id);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_ENV_DPDK_H */
