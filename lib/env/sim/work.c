/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Blocking work of the simulated machine: it waits in a list until a test steps it, or until a wait
 * finds nothing else to do. */

#include "sim.h"

#include "spdk_internal/env_fault.h"

static struct {
	struct env_work *first;
	struct env_work *last;
	uint32_t num_pending;
} g_work SYSTEM_STATE;

int
env_work_submit(struct env_work *work)
{
	assert(work->fn != NULL && work->done != NULL);
	if (env_fault(ENV_FAULT_WORK)) {
		return -ENOMEM;
	}
	work->next = NULL;
	if (g_work.first == NULL) {
		g_work.first = work;
	} else {
		g_work.last->next = work;
	}
	g_work.last = work;
	g_work.num_pending++;
	return 0;
}

uint32_t
env_sim_run_work(uint32_t max)
{
	uint32_t core = env_sim_set_core(SPDK_ENV_LCORE_ID_ANY);
	struct spdk_thread *thread = g_env_local.thread;
	struct env_work *work;
	uint32_t num;

	/* As on a helper thread, which is no core and runs no spdk_thread. */
	g_env_local.thread = NULL;
	for (num = 0; num < max && g_work.first != NULL; num++) {
		work = g_work.first;
		g_work.first = work->next;
		g_work.num_pending--;
		work->fn(work);
		work->done(work);
	}
	g_env_local.thread = thread;
	env_sim_set_core(core);
	return num;
}

uint32_t
env_sim_pending_work(void)
{
	return g_work.num_pending;
}

void
env_work_drain(void)
{
	env_sim_run_work(UINT32_MAX);
}

void
sim_work_fini(void)
{
	env_sim_run_work(UINT32_MAX);
	memset(&g_work, 0, sizeof(g_work));
}
