/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Schedulers, which decide now and then on which core each thread runs, and governors, which set
 * how fast a core runs. One of each is in use at a time. Modules outside register theirs by the
 * macros below, before main() or later.
 */

#ifndef SPDK_SCHEDULER_H
#define SPDK_SCHEDULER_H

#include "spdk/stdinc.h"
#include "spdk/json.h"
#include "spdk/queue.h"
#include "spdk/thread.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/** Most frequencies of a core that get_core_avail_freqs() is asked for. */
#define SPDK_MAX_LCORE_FREQS 64

struct spdk_governor_capabilities {
	bool priority; /* some cores may run faster than others */
};

/** How fast cores run. The functions are called by the scheduler, on the scheduling core, but for
 *  init and deinit, which run where spdk_governor_set() is called. */
struct spdk_governor {
	const char *name;
	/** Store up to \p num frequencies in kHz, highest first; how many there are, 0: unknown. */
	uint32_t (*get_core_avail_freqs)(uint32_t lcore_id, uint32_t *freqs, uint32_t num);
	/** In kHz; 0: unknown. */
	uint32_t (*get_core_curr_freq)(uint32_t lcore_id);
	/** One step. 1: changed; 0: it was at the end; or a negative errno. So the next three. */
	int (*core_freq_up)(uint32_t lcore_id);
	int (*core_freq_down)(uint32_t lcore_id);
	int (*set_core_freq_max)(uint32_t lcore_id);
	int (*set_core_freq_min)(uint32_t lcore_id);
	/** 0 or a negative errno. */
	int (*get_core_capabilities)(uint32_t lcore_id,
	                             struct spdk_governor_capabilities *capabilities);
	/** Write members into the object that framework_get_governor answers; NULL: none. */
	int (*dump_info_json)(struct spdk_json_write_ctx *w);
	/** 0 or a negative errno: it can't be used here. */
	int (*init)(void);
	void (*deinit)(void);
	TAILQ_ENTRY(spdk_governor) link; /* the registry's */
};

/** Use the governor \p name from now on, NULL: none; the one before is ended first. When the new
 * one can't start none is in use. App thread, or a scheduler's init and deinit. \return 0, -EINVAL
 * when there is none of that name, or what its init gave. */
int spdk_governor_set(const char *name);

/** The governor in use; NULL: none. */
struct spdk_governor *spdk_governor_get(void);

/** Add a governor, which stays the caller's and must not go away. A name that is taken is logged
 * and changes nothing. Before main(), or on the app thread. */
void spdk_governor_register(struct spdk_governor *governor);

/** Register \p governor, a struct spdk_governor, before main(). */
#define SPDK_GOVERNOR_REGISTER(governor) \
	static void __attribute__((constructor)) spdk_governor_register_##governor(void) \
	{ \
		spdk_governor_register(&governor); \
	}

/** A thread, as a scheduler sees it. Ticks. */
struct spdk_scheduler_thread_info {
	uint32_t lcore; /* where it runs; the scheduler writes where it should */
	uint64_t thread_id;
	struct spdk_thread_stats total_stats;   /* since it was made */
	struct spdk_thread_stats current_stats; /* since the last balance */
};

/** A core, as a scheduler sees it. Ticks. */
struct spdk_scheduler_core_info {
	uint64_t total_idle_tsc; /* since the start; sleeping is idle */
	uint64_t total_busy_tsc;
	uint64_t current_idle_tsc; /* since the last balance */
	uint64_t current_busy_tsc;
	uint32_t lcore;
	uint32_t threads_count; /* of thread_infos */
	bool interrupt_mode;    /* as it is; the scheduler may write what it should be */
	struct spdk_scheduler_thread_info *thread_infos;
	bool isolated; /* no thread is moved to it or away */
};

struct spdk_scheduler {
	const char *name;
	/** It is in use from now on. 0 or a negative errno. NULL: nothing to do. */
	int (*init)(void);
	/** It is not in use any more; never together with balance(). NULL: nothing to do. */
	void (*deinit)(void);
	/** Look at all cores and write into the thread_infos where threads should run. On the
	 *  scheduling core, each period. \p core_info is an array by core number; entries of cores
	 *  that are not ours have no threads and no ticks. \p count its length. */
	void (*balance)(struct spdk_scheduler_core_info *core_info, uint32_t count);
	/** Take options: the parameters of framework_set_scheduler, name and period among them.
	 *  0 or a negative errno. NULL: it has no options. */
	int (*set_opts)(const struct spdk_json_val *opts);
	/** Write the options as members of an object; NULL: it has none. */
	void (*get_opts)(struct spdk_json_write_ctx *ctx);
	TAILQ_ENTRY(spdk_scheduler) link; /* the registry's */
};

/** Use the scheduler \p name from now on, NULL: none; the one before is ended first, and taken
 * again when the new one can't start. App thread. \return 0, also when it is in use; -EINVAL when
 * there is none of that name; what its init gave. */
int spdk_scheduler_set(const char *name);

/** The scheduler in use; NULL: none. */
struct spdk_scheduler *spdk_scheduler_get(void);

/** Balance each \p period microseconds from now on; 0: never. Any thread of ours. */
void spdk_scheduler_set_period(uint64_t period);

/** The period in microseconds. */
uint64_t spdk_scheduler_get_period(void);

/** Add a scheduler, which stays the caller's and must not go away. A name that is taken is logged
 *  and changes nothing. Before main(), or on the app thread. */
void spdk_scheduler_register(struct spdk_scheduler *scheduler);

/** The core that runs balance(): the main core, unless another was set. */
uint32_t spdk_scheduler_get_scheduling_lcore(void);

/** Let \p lcore run balance(). App thread, after the start. \return false when it is not one of
 * this program's cores, or isolated. */
bool spdk_scheduler_set_scheduling_lcore(uint32_t lcore);

/** Register \p scheduler, a struct spdk_scheduler, before main(). */
#define SPDK_SCHEDULER_REGISTER(scheduler) \
	static void __attribute__((constructor)) spdk_scheduler_register_##scheduler(void) \
	{ \
		spdk_scheduler_register(&scheduler); \
	}

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_SCHEDULER_H */
