/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * One suite for all environments: what a test can't do the same way on each, by machine_sim.c or
 * machine_native.c.
 */

#ifndef TEST_ENV_SUITE_H
#define TEST_ENV_SUITE_H

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/cpuset.h"
#include "spdk/env.h"
#include "spdk/util.h"
#include "spdk_internal/env.h"
#include "spdk_internal/env_fault.h"

/** Let submitted work run until \p counter is \p value. */
void suite_run_work(const uint32_t *counter, uint32_t value);

/** A folder for sockets and files. */
const char *suite_dir(void);

/** Whether the machine has a CPU of that number for us. */
bool suite_has_cpu(uint32_t cpu);

/** Blocks of the heap in use; 0 always where that can't be counted. */
uint64_t suite_live_heap(void);

/** Whether ENV_FAULT_HEAP works here. */
bool suite_can_fail_heap(void);

static inline int
suite_env_start(const char *core_mask, int mem_size_mib)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	opts.core_mask = core_mask;
	opts.mem_size = mem_size_mib;
	return spdk_env_init(&opts);
}

static inline int
suite_setup(void **state)
{
	return suite_env_start(NULL, -1);
}

static inline int
suite_teardown(void **state)
{
	struct env_mem_stats stats;

	env_fault_clear();
	env_mem_get_stats(&stats);
	spdk_env_fini();
	return stats.num_live == 0 && stats.live_bytes == 0 ? 0 : -1;
}

/** A test that starts with a running environment, and fails when it leaves a buffer behind. */
#define ENV_TEST(fn) cmocka_unit_test_setup_teardown(fn, suite_setup, suite_teardown)

#endif /* TEST_ENV_SUITE_H */
