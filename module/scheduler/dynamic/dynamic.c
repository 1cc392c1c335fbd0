/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The scheduler that spreads load: options, rounds, and the speed of cores. Where threads go is
 * decided in spread.c.
 *
 * balance() runs on the scheduling core, all else on the app thread; lib/event holds its lock over
 * each of them. It asks for rounds before their time when a core can't keep up. With a governor it
 * lets a core that is busy (core_busy) run at full speed at once, and an idle one get slower step
 * by step; without one, which is usual in virtual machines, speeds are left alone. */

#include "dynamic.h"

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk_internal/event.h"
#include "spdk_internal/system_state.h"
#include "spdk_internal/thread.h"
#include "spdk_internal/usdt.h"

#define LOAD_LIMIT 20
#define CORE_LIMIT 80
#define CORE_BUSY 95
#define PERIOD_US 1000000
#define GOVERNOR "dpdk_governor"

static struct {
	struct spread spread;
	bool governed;
} g_dynamic SYSTEM_STATE = {
	.spread.limits = { .load = LOAD_LIMIT, .core = CORE_LIMIT, .core_busy = CORE_BUSY },
};

extern struct spdk_scheduler g_dynamic_scheduler;

static int
dynamic_init(void)
{
	g_dynamic.spread.may_run = thread_may_run_on;
	g_dynamic.governed = spdk_governor_set(GOVERNOR) == 0;
	if (!g_dynamic.governed) {
		SPDK_INFOLOG(scheduler, "The speed of cores can't be set here\n");
	}
	if (spdk_scheduler_get_period() == 0) {
		spdk_scheduler_set_period(PERIOD_US);
	}
	reactors_set_early_balance(true);
	return 0;
}

static void
dynamic_deinit(void)
{
	const struct spread_limits dflt = { LOAD_LIMIT, CORE_LIMIT, CORE_BUSY };

	reactors_set_early_balance(false);
	if (g_dynamic.governed) {
		spdk_governor_set(NULL);
	}
	free(g_dynamic.spread.quiet);
	memset(&g_dynamic, 0, sizeof(g_dynamic));
	g_dynamic.spread.limits = dflt;
}

/* ---- Speed ---- */

static void
govern_core(const struct spdk_governor *governor, const struct spdk_scheduler_core_info *core)
{
	uint32_t load = spread_percent(core->current_busy_tsc,
	                               core->current_busy_tsc + core->current_idle_tsc);
	int rc = 0;

	if (load >= g_dynamic.spread.limits.core_busy) {
		rc = governor->set_core_freq_max(core->lcore);
	} else if (load > g_dynamic.spread.limits.core) {
		rc = governor->core_freq_up(core->lcore);
	} else if (load < g_dynamic.spread.limits.load) {
		rc = governor->core_freq_down(core->lcore);
	}
	if (rc < 0) {
		SPDK_DEBUGLOG(scheduler, "The speed of core %u stays: %s\n", core->lcore,
		              strerror(-rc));
	}
}

static void
govern(const struct spdk_scheduler_core_info *cores, uint32_t count)
{
	const struct spdk_governor *governor = spdk_governor_get();
	uint32_t i;

	for (i = 0; i < count && governor != NULL; i++) {
		if (cores[i].current_busy_tsc + cores[i].current_idle_tsc != 0) {
			govern_core(governor, &cores[i]);
		}
	}
}

static void
dynamic_balance(struct spdk_scheduler_core_info *cores, uint32_t count)
{
	uint32_t self = spdk_scheduler_get_scheduling_lcore();
	uint64_t period = (uint64_t)((unsigned __int128)spdk_scheduler_get_period() *
	                             spdk_get_ticks_hz() / SPDK_SEC_TO_USEC);
	bool full = cores[self].current_busy_tsc + cores[self].current_idle_tsc >= period / 2;

	USDT_PROBE1(dynsched_balance, count);
	g_dynamic.spread.scheduling_lcore = self;
	if (spread(&g_dynamic.spread, cores, count, full) != 0) {
		SPDK_ERRLOG("No memory to schedule: all threads stay where they are\n");
	}
	govern(cores, count);
}

/* ---- Options ---- */

static int
decode_percent(const struct spdk_json_val *val, void *out)
{
	uint8_t percent;

	if (spdk_json_number_to_uint8(val, &percent) != 0 || percent > 100) {
		return -EINVAL;
	}
	*(uint8_t *)out = percent;
	return 0;
}

static int
decode_nothing(const struct spdk_json_val *val, void *out)
{
	return 0;
}

static int
dynamic_set_opts(const struct spdk_json_val *opts)
{
	static const struct spdk_json_object_decoder decoders[] = {
		{ "name", offsetof(struct spread_limits, load), decode_nothing, true },
		{ "period", offsetof(struct spread_limits, load), decode_nothing, true },
		{ "load_limit", offsetof(struct spread_limits, load), decode_percent, true },
		{ "core_limit", offsetof(struct spread_limits, core), decode_percent, true },
		{ "core_busy", offsetof(struct spread_limits, core_busy), decode_percent, true },
	};
	struct spread_limits limits = g_dynamic.spread.limits;

	if (spdk_json_decode_object(opts, decoders, SPDK_COUNTOF(decoders), &limits) != 0) {
		SPDK_ERRLOG("The dynamic scheduler takes load_limit, core_limit and core_busy, "
		            "each from 0 to 100\n");
		return -EINVAL;
	}
	g_dynamic.spread.limits = limits;
	return 0;
}

static void
dynamic_get_opts(struct spdk_json_write_ctx *w)
{
	spdk_json_write_named_uint8(w, "load_limit", g_dynamic.spread.limits.load);
	spdk_json_write_named_uint8(w, "core_limit", g_dynamic.spread.limits.core);
	spdk_json_write_named_uint8(w, "core_busy", g_dynamic.spread.limits.core_busy);
}

struct spdk_scheduler g_dynamic_scheduler SYSTEM_STATE = {
	.name = "dynamic",
	.init = dynamic_init,
	.deinit = dynamic_deinit,
	.balance = dynamic_balance,
	.set_opts = dynamic_set_opts,
	.get_opts = dynamic_get_opts,
};
