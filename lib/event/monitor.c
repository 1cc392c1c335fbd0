/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The context-switch monitor: tells, once a second and only while the reactor is awake, how often
 * the kernel took the core away from it. Voluntary switches are its own sleeps and not told. */

#include "reactor_internal.h"

#include "spdk/log.h"
#include "spdk_internal/system_state.h"

static struct {
	_Atomic bool disabled;
} g_monitor SYSTEM_STATE;

void
spdk_framework_enable_context_switch_monitor(bool enabled)
{
	atomic_store_explicit(&g_monitor.disabled, !enabled, memory_order_relaxed);
}

bool
spdk_framework_context_switch_monitor_enabled(void)
{
	return !atomic_load_explicit(&g_monitor.disabled, memory_order_relaxed);
}

void
reactor_monitor(struct reactor *reactor)
{
	struct env_thread_usage usage;

	if (reactor->now_ticks < reactor->monitor_at_ticks ||
	    !spdk_framework_context_switch_monitor_enabled()) {
		return;
	}
	reactor->monitor_at_ticks = reactor->now_ticks + reactor->hz;
	env_thread_usage(&usage);
	if (usage.involuntary_switches > reactor->last_switches && reactor->last_switches != 0) {
		SPDK_INFOLOG(reactor,
		             "Reactor %u: the kernel took its core away %" PRIu64
		             " times since the last line\n",
		             reactor->lcore, usage.involuntary_switches - reactor->last_switches);
	}
	reactor->last_switches = usage.involuntary_switches;
}
