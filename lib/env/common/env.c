/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Start and stop of the environment, as often as one likes. The order: the machine (clock, CPUs),
 * what floor 0 needs of it, cores, memory, the processes to share it with; back in reverse.
 * spdk_env_init() and spdk_env_fini() are for the thread that becomes the main core's. */

#include "machine.h"

#include "spdk/log.h"
#include "spdk_internal/machine_hooks.h"

static struct {
	bool started;
	bool regions;
	bool machine;
	const struct env_shared *shared; /* set by start, before other threads run */
} g_env SYSTEM_STATE;

static void
env_stop(void)
{
	if (g_env.machine) {
		machine_quiesce();
	}
	env_run_fini_hooks();
	env_mempool_fini();
	env_memzone_fini();
	machine_unshare();
	if (g_env.regions) {
		env_heap_fini();
		env_region_fini();
	}
	env_cores_fini();
	machine_hooks_set(NULL);
	if (g_env.machine) {
		machine_stop();
	}
	memset(&g_env, 0, sizeof(g_env));
}

static int
env_start(const struct spdk_env_opts *opts)
{
	static const struct machine_hooks hooks = {
		.monotonic_ns = machine_monotonic_ns,
		.wall_clock = env_wall_clock,
		.random = env_random,
		.backtrace = machine_backtrace,
	};
	int rc;

	rc = machine_start(opts);
	if (rc != 0) {
		return rc;
	}
	g_env.machine = true;
	machine_hooks_set(&hooks);
	rc = env_cores_init(opts);
	if (rc != 0) {
		return rc;
	}
	rc = env_region_init();
	if (rc != 0) {
		SPDK_ERRLOG("No memory for the map of registered memory\n");
		return rc;
	}
	g_env.regions = true;
	rc = env_heap_init(opts);
	return rc == 0 ? machine_share(opts) : rc;
}

int
spdk_env_init(const struct spdk_env_opts *opts)
{
	struct env_opts_copy *copy;
	int rc;

	if (g_env.started) {
		SPDK_ERRLOG("The environment runs already: call spdk_env_fini() first\n");
		return -EALREADY;
	}
	if (opts == NULL) {
		if (g_env_local.last_opts == NULL) {
			SPDK_ERRLOG(
			        "spdk_env_init(NULL) starts again; this thread never started the "
			        "environment before\n");
			return -EINVAL;
		}
		opts = &g_env_local.last_opts->opts;
	}
	rc = env_opts_copy(opts, &copy);
	if (rc != 0) {
		return rc;
	}
	rc = env_start(&copy->opts);
	if (rc != 0) {
		env_stop();
		env_opts_free(copy);
		return rc;
	}
	env_opts_inform(&copy->opts);
	env_opts_free(g_env_local.last_opts);
	g_env_local.last_opts = copy;
	g_env.started = true;
	return 0;
}

void
spdk_env_fini(void)
{
	if (g_env.started) {
		env_stop();
	}
}

bool
spdk_process_is_primary(void)
{
	/* Who shares with nobody is its own primary. */
	return g_env.shared == NULL || g_env.shared->is_primary();
}

const struct env_shared *
env_shared(void)
{
	return g_env.shared;
}

void
env_shared_set(const struct env_shared *shared)
{
	g_env.shared = shared;
}
