/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

#include "suite.h"

#include "spdk_internal/env_sim.h"

void
suite_run_work(const uint32_t *counter, uint32_t value)
{
	env_sim_run_work(UINT32_MAX);
	assert_int_equal(*counter, value);
}

const char *
suite_dir(void)
{
	return "/sim";
}

bool
suite_has_cpu(uint32_t cpu)
{
	return cpu < 64;
}

uint64_t
suite_live_heap(void)
{
	return env_sim_live_heap();
}

bool
suite_can_fail_heap(void)
{
	return true;
}
