/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The functions by which floor 0 learns the time and who called it, and gets random bytes. The
 * environment installs its own when it starts; before and after, the clocks stand still at 0,
 * nobody called, and asking for randomness ends the program, since an identifier that can be
 * guessed does silent harm. Written before other threads run, read by all.
 */

#include "spdk/log.h"
#include "spdk_internal/machine_hooks.h"
#include "spdk_internal/system_state.h"

static uint64_t
no_clock(void)
{
	return 0;
}

static void
no_wall_clock(struct timespec *now)
{
	now->tv_sec = 0;
	now->tv_nsec = 0;
}

static void
no_random(void *buf, size_t len_bytes)
{
	SPDK_ERRLOG("Random bytes are needed before the environment is up: call spdk_env_init() "
	            "first\n");
	abort();
}

static void
no_backtrace(void (*fn)(void *arg, const char *call), void *arg)
{
}

static const struct machine_hooks g_no_machine = {
	.monotonic_ns = no_clock,
	.wall_clock = no_wall_clock,
	.random = no_random,
	.backtrace = no_backtrace,
};

static struct {
	struct machine_hooks hooks; /* all NULL: none installed */
} g_state SYSTEM_STATE;

void
machine_hooks_set(const struct machine_hooks *hooks)
{
	if (hooks == NULL) {
		memset(&g_state.hooks, 0, sizeof(g_state.hooks));
		return;
	}
	assert(hooks->monotonic_ns != NULL && hooks->wall_clock != NULL && hooks->random != NULL);
	g_state.hooks = *hooks;
	if (hooks->backtrace == NULL) {
		g_state.hooks.backtrace = no_backtrace;
	}
}

const struct machine_hooks *
machine_hooks_get(void)
{
	return g_state.hooks.random != NULL ? &g_state.hooks : &g_no_machine;
}
