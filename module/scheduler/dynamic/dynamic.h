/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Between the files of the dynamic scheduler.
 */

#ifndef MODULE_SCHEDULER_DYNAMIC_H
#define MODULE_SCHEDULER_DYNAMIC_H

#include "spdk/scheduler.h"

/** In percent. */
struct spread_limits {
	uint8_t load;      /* a thread below it is idle */
	uint8_t core;      /* a core above it gives threads away */
	uint8_t core_busy; /* a core from it on runs at full speed */
};

/** How many rounds in a row a thread was idle. */
struct spread_quiet {
	uint64_t thread_id;
	uint32_t rounds;
};

struct spread {
	struct spread_limits limits;
	uint32_t scheduling_lcore;
	/** Whether \p lcore may run the thread. */
	bool (*may_run)(uint64_t thread_id, uint32_t lcore);
	struct spread_quiet *quiet; /* of the last round; spread() replaces it */
	size_t num_quiet;
};

/** Write into \p cores where threads should run. \p full: the round covers a period, so that who
 * was idle in it counts as quiet. \return 0, -ENOMEM: nothing was written. */
int
spread(struct spread *spread, struct spdk_scheduler_core_info *cores, uint32_t count, bool full);

/** \p part of \p whole in percent; 0 of 0 is 0. */
uint32_t spread_percent(uint64_t part, uint64_t whole);

#endif /* MODULE_SCHEDULER_DYNAMIC_H */
