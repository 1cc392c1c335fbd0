/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A scheduler: it gathers threads on as few cores as their work needs, the first ones, and leaves
 * the others asleep.
 *
 *	framework_set_scheduler {"name": "gather", "period": 100000, "full_percent": 80}
 *
 * Each period it is shown all cores with their threads, and how long each of them worked since the
 * last time. It writes into a thread's info where the thread should run. It moves nothing by
 * itself, and a thread whose mask forbids the core stays. All calls come from one core at a time.
 */

#include "spdk/json.h"
#include "spdk/log.h"
#include "spdk/scheduler.h"
#include "spdk/util.h"

/** Also a symbol by which a linker finds this file in an archive. */
extern struct spdk_scheduler scheduler_gather;

static struct {
	uint32_t full_percent; /* of a core's time: more is not put on it */
} g_gather = { .full_percent = 80 };

static const struct spdk_json_object_decoder g_opts_decoders[] = {
	{ "full_percent", 0, spdk_json_decode_uint32, true },
};

/** \p opts are all parameters of framework_set_scheduler, those of others among them. */
static int
gather_set_opts(const struct spdk_json_val *opts)
{
	uint32_t percent = g_gather.full_percent;

	if (opts != NULL &&
	    spdk_json_decode_object_relaxed(opts, g_opts_decoders, SPDK_COUNTOF(g_opts_decoders),
	                                    &percent) != 0) {
		return -EINVAL;
	}
	if (percent < 1 || percent > 100) {
		SPDK_ERRLOG("full_percent %u: choose 1 to 100\n", percent);
		return -EINVAL;
	}
	g_gather.full_percent = percent;
	return 0;
}

static void
gather_get_opts(struct spdk_json_write_ctx *w)
{
	spdk_json_write_named_uint32(w, "full_percent", g_gather.full_percent);
}

/** Share of a core that a thread needs, in percent, rounded up. */
static uint32_t
load_of(const struct spdk_scheduler_thread_info *thread)
{
	uint64_t busy = thread->current_stats.busy_tsc;
	uint64_t all = busy + thread->current_stats.idle_tsc;

	return all == 0 ? 0 : (uint32_t)spdk_divide_round_up(busy * 100, all);
}

/** The next core from \p lcore on that is ours to use; \p count when there is none. */
static uint32_t
next_core(const struct spdk_scheduler_core_info *cores, uint32_t count, uint32_t lcore)
{
	while (lcore < count &&
	       (cores[lcore].isolated ||
	        cores[lcore].current_idle_tsc + cores[lcore].current_busy_tsc == 0)) {
		lcore++;
	}
	return lcore;
}

/** First fit: core by core, as long as there is room. */
static void
gather_balance(struct spdk_scheduler_core_info *cores, uint32_t count)
{
	uint32_t core = next_core(cores, count, 0), used = 0, i, t, load, next;

	if (core == count) {
		return;
	}
	for (i = 0; i < count; i++) {
		if (cores[i].isolated) {
			continue;
		}
		for (t = 0; t < cores[i].threads_count; t++) {
			load = load_of(&cores[i].thread_infos[t]);
			if (used + load > g_gather.full_percent && used > 0) {
				next = next_core(cores, count, core + 1);
				/* The last core takes the rest. */
				core = next < count ? next : core;
				used = next < count ? 0 : used;
			}
			used += load;
			cores[i].thread_infos[t].lcore = core;
		}
	}
}

struct spdk_scheduler scheduler_gather = {
	.name = "gather",
	.balance = gather_balance,
	.set_opts = gather_set_opts,
	.get_opts = gather_get_opts,
};

SPDK_SCHEDULER_REGISTER(scheduler_gather)
