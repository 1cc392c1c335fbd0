/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

#include "suite.h"

#include <sched.h>

void
suite_run_work(const uint32_t *counter, uint32_t value)
{
	while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) != value) {
		sched_yield();
	}
}

static char g_dir[64];

static void
dir_remove(void)
{
	rmdir(g_dir);
}

const char *
suite_dir(void)
{
	if (g_dir[0] == '\0') {
		snprintf(g_dir, sizeof(g_dir), "/tmp/ut_env.XXXXXX");
		assert_non_null(mkdtemp(g_dir));
		atexit(dir_remove);
	}
	return g_dir;
}

bool
suite_has_cpu(uint32_t cpu)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_ISSET(cpu, &set);
}

uint64_t
suite_live_heap(void)
{
	return 0;
}

bool
suite_can_fail_heap(void)
{
	return false;
}
