/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The scheduler that moves no thread and only sets how fast cores run: lowest for one that does
 * nothing, highest for one that has no rest, a step down or up in between. It needs a governor, and
 * is refused where there is none.
 *
 * balance() runs on the scheduling core, all else on the app thread; lib/event holds its lock over
 * each of them. No state of its own. */

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/scheduler.h"
#include "spdk_internal/system_state.h"

#define GOVERNOR "dpdk_governor"
#define PERIOD_US 1000000
/* Busy or idle for less than one part in so many is not at all. */
#define NOTHING 1000

extern struct spdk_scheduler g_gscheduler;

static int
gscheduler_init(void)
{
	int rc = spdk_governor_set(GOVERNOR);

	if (rc != 0) {
		SPDK_ERRLOG("gscheduler sets the speed of cores, which can't be done here (%s): "
		            "use static or dynamic\n",
		            strerror(-rc));
		return rc;
	}
	if (spdk_scheduler_get_period() == 0) {
		spdk_scheduler_set_period(PERIOD_US);
	}
	return 0;
}

static void
gscheduler_deinit(void)
{
	spdk_governor_set(NULL);
}

static int
set_speed(const struct spdk_governor *governor, const struct spdk_scheduler_core_info *core)
{
	uint64_t busy = core->current_busy_tsc, idle = core->current_idle_tsc;

	if (busy < idle / NOTHING) {
		return governor->set_core_freq_min(core->lcore);
	}
	if (busy < idle) {
		return governor->core_freq_down(core->lcore);
	}
	if (idle < busy / NOTHING) {
		return governor->set_core_freq_max(core->lcore);
	}
	return governor->core_freq_up(core->lcore);
}

static void
gscheduler_balance(struct spdk_scheduler_core_info *cores, uint32_t count)
{
	const struct spdk_governor *governor = spdk_governor_get();
	uint32_t i;
	int rc;

	for (i = 0; i < count && governor != NULL; i++) {
		if (cores[i].current_busy_tsc + cores[i].current_idle_tsc == 0) {
			continue; /* not ours, or no time has passed */
		}
		rc = set_speed(governor, &cores[i]);
		if (rc < 0) {
			SPDK_DEBUGLOG(scheduler, "The speed of core %u stays: %s\n", i,
			              strerror(-rc));
		}
	}
}

struct spdk_scheduler g_gscheduler SYSTEM_STATE = {
	.name = "gscheduler",
	.init = gscheduler_init,
	.deinit = gscheduler_deinit,
	.balance = gscheduler_balance,
};
