/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The simulated machine itself: 64 CPUs on two NUMA nodes, 1 TiB of memory that malloc's family
 * gives, no threads but the caller. Functions of other cores are recorded and run by hand. */

#include "sim.h"

#include "spdk_internal/env_fault.h"

#define SIM_CPUS 64
#define SIM_NUMA_MASK 3
#define SIM_MEMORY_BYTES (1ull << 40)

struct launched {
	TAILQ_ENTRY(launched) link;
	struct env_sim_thread thread;
};

TAILQ_HEAD(launched_list, launched);

static struct {
	struct launched_list launched;
	uint32_t numa_mask; /* 0: as it is */
} g_sim SYSTEM_STATE = { .launched = TAILQ_HEAD_INITIALIZER(g_sim.launched) };

int
machine_start(const struct spdk_env_opts *opts)
{
	sim_clock_init();
	sim_rand_init();
	return 0;
}

int
machine_share(const struct spdk_env_opts *opts)
{
	/* One process: opts.c says so. */
	return 0;
}

void
machine_unshare(void)
{
}

void
machine_quiesce(void)
{
	sim_work_fini();
}

void
machine_stop(void)
{
	sim_thread_fini();
	g_sim.numa_mask = 0;
	sim_stream_fini();
	sim_fd_fini();
	sim_file_fini();
	sim_rand_fini();
	sim_clock_fini();
	env_fault_clear();
}

/* ---- CPUs ---- */

void
machine_cpus(struct spdk_cpuset *set)
{
	uint32_t i;

	spdk_cpuset_zero(set);
	for (i = 0; i < SIM_CPUS; i++) {
		spdk_cpuset_set_cpu(set, i, true);
	}
}

int
machine_pin(const struct spdk_cpuset *cpus)
{
	return 0;
}

void
spdk_unaffinitize_thread(void)
{
}

void *
spdk_call_unaffinitized(void *cb(void *arg), void *arg)
{
	return cb != NULL ? cb(arg) : NULL;
}

int32_t
machine_cpu_numa(uint32_t cpu)
{
	return cpu < SIM_CPUS ? (int32_t)(cpu / (SIM_CPUS / 2)) : SPDK_ENV_NUMA_ID_ANY;
}

uint32_t
machine_numa_mask(void)
{
	return g_sim.numa_mask != 0 ? g_sim.numa_mask : SIM_NUMA_MASK;
}

void
env_sim_set_numa_mask(uint32_t mask)
{
	g_sim.numa_mask = mask;
}

bool
spdk_env_core_get_smt_cpuset(struct spdk_cpuset *cpuset, uint32_t core)
{
	spdk_cpuset_zero(cpuset);
	if (core >= SIM_CPUS) {
		return false;
	}
	spdk_cpuset_set_cpu(cpuset, core, true);
	return true;
}

/* ---- Memory ---- */

uint64_t
machine_memory_bytes(void)
{
	return SIM_MEMORY_BYTES;
}

size_t
machine_arena_quantum(void)
{
	return ENV_ARENA_ALIGN;
}

int
machine_arena_map(struct env_arena *arena)
{
	/* calloc() of much memory touches none of it. */
	uint8_t *base = calloc(1, arena->size_bytes + ENV_ARENA_ALIGN);

	if (base == NULL) {
		return -ENOMEM;
	}
	arena->handle = base;
	arena->base = (uint8_t *)SPDK_ALIGN_CEIL((uintptr_t)base, (uintptr_t)ENV_ARENA_ALIGN);
	arena->fd = -1;
	arena->numa_id = spdk_max(arena->numa_id, 0);
	return 0;
}

void
machine_arena_unmap(struct env_arena *arena)
{
	free(arena->handle);
}

bool
machine_arena_discard(struct env_arena *arena, void *addr, size_t len_bytes)
{
	return false;
}

/* ---- Threads ---- */

int
spdk_env_thread_launch_pinned(uint32_t core, thread_start_fn fn, void *arg)
{
	struct launched *l;

	if (env_core_find(core) == NULL || fn == NULL) {
		return -EINVAL;
	}
	if (core == spdk_env_get_main_core()) {
		return -EBUSY;
	}
	TAILQ_FOREACH(l, &g_sim.launched, link) {
		if (l->thread.core == core) {
			return -EBUSY;
		}
	}
	if (env_fault(ENV_FAULT_THREAD)) {
		return -EAGAIN;
	}
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		return -ENOMEM;
	}
	l->thread.core = core;
	l->thread.fn = fn;
	l->thread.arg = arg;
	TAILQ_INSERT_TAIL(&g_sim.launched, l, link);
	return 0;
}

bool
env_sim_thread_take(struct env_sim_thread *thread)
{
	struct launched *l = TAILQ_FIRST(&g_sim.launched);

	if (l == NULL) {
		return false;
	}
	TAILQ_REMOVE(&g_sim.launched, l, link);
	*thread = l->thread;
	free(l);
	return true;
}

void
spdk_env_thread_wait_all(void)
{
	struct env_sim_thread thread;

	while (env_sim_thread_take(&thread)) {
		uint32_t before = env_sim_set_core(thread.core);

		thread.fn(thread.arg);
		env_sim_set_core(before);
	}
}

void
sim_thread_fini(void)
{
	struct env_sim_thread thread;

	while (env_sim_thread_take(&thread)) {
	}
}

uint32_t
env_sim_set_core(uint32_t core)
{
	uint32_t before = spdk_env_get_current_core();

	/* The id for "none" plus 1 is 0. */
	g_env_local.core_plus_1 = core + 1;
	return before;
}

void
env_thread_set_name(const char *name)
{
}

void
env_thread_get_name(char *name)
{
	strncpy(name, "sim", ENV_THREAD_NAME_BYTES);
}

int
spdk_get_tid(void)
{
	return 1;
}

uint64_t
env_sim_live(void)
{
	struct env_mem_stats stats;

	env_mem_get_stats(&stats);
	return stats.num_live;
}
