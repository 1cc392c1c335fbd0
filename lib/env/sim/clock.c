/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Virtual time. It begins at 1 s, so that no valid time is 0, and moves only when told to, when a
 * wait finds nothing, or in spdk_delay_us(). */

#include "sim.h"

#define START_TICKS ENV_SIM_TICKS_HZ
/* 2026-01-01 00:00:00 UTC is virtual second 0. */
#define EPOCH_S 1767225600

static struct {
	uint64_t now_ticks;
	uint64_t next_deadline;
	uint64_t num_stuck;
	bool wait_returns; /* the opposite of env_sim_set_wait_advances() */
} g_clock SYSTEM_STATE;

void
sim_clock_init(void)
{
	g_clock.now_ticks = START_TICKS;
	g_clock.next_deadline = UINT64_MAX;
	g_clock.num_stuck = 0;
	g_clock.wait_returns = false;
}

void
sim_clock_fini(void)
{
	memset(&g_clock, 0, sizeof(g_clock));
}

uint64_t
spdk_get_ticks(void)
{
	return g_clock.now_ticks;
}

uint64_t
spdk_get_ticks_hz(void)
{
	return ENV_SIM_TICKS_HZ;
}

void
spdk_delay_us(unsigned int us)
{
	env_sim_advance_us(us);
}

void
spdk_pause(void)
{
}

uint64_t
machine_monotonic_ns(void)
{
	return g_clock.now_ticks;
}

void
env_wall_clock(struct timespec *now)
{
	now->tv_sec = (time_t)(EPOCH_S + g_clock.now_ticks / ENV_SIM_TICKS_HZ);
	now->tv_nsec = (long)(g_clock.now_ticks % ENV_SIM_TICKS_HZ);
}

void
env_sim_advance(uint64_t ticks)
{
	assert(g_clock.now_ticks + ticks >= ticks);
	g_clock.now_ticks += ticks;
}

void
env_sim_set_wait_advances(bool advances)
{
	g_clock.wait_returns = !advances;
}

uint64_t
env_sim_next_deadline(void)
{
	return g_clock.next_deadline;
}

bool
env_sim_run_to_deadline(void)
{
	uint64_t deadline = g_clock.next_deadline;

	g_clock.next_deadline = UINT64_MAX;
	if (deadline == UINT64_MAX) {
		return false;
	}
	g_clock.now_ticks = spdk_max(g_clock.now_ticks, deadline);
	return true;
}

uint64_t
env_sim_stuck(void)
{
	return g_clock.num_stuck;
}

bool
sim_wait_idle(uint64_t deadline_ticks)
{
	if (deadline_ticks <= g_clock.now_ticks) {
		return false;
	}
	if (g_clock.wait_returns) {
		g_clock.next_deadline = spdk_min(g_clock.next_deadline, deadline_ticks);
		return false;
	}
	if (env_sim_run_work(1) > 0) {
		return true;
	}
	if (deadline_ticks == UINT64_MAX) {
		g_clock.num_stuck++;
	} else {
		g_clock.now_ticks = deadline_ticks;
	}
	return false;
}
