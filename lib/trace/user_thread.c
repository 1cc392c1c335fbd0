/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Rings for POSIX threads that are no core's: each thread that asks has one for itself until it
 * gives it back. Which one it has stands in env's thread-local struct. It is its own only while
 * the table here says so too: the file that it was in may have been closed meanwhile.
 */

#include "trace_internal.h"

static struct {
	pthread_mutex_t lock;
	uint32_t first; /* set once with the file, as num */
	uint32_t num;
	int32_t *takers; /* thread ids, 0: free; written under the lock, read by the taker */
} g_state SYSTEM_STATE = { .lock = PTHREAD_MUTEX_INITIALIZER };

int
trace_user_threads_init(uint32_t first, uint32_t num)
{
	g_state.takers = calloc(spdk_max(num, 1), sizeof(*g_state.takers));
	if (g_state.takers == NULL) {
		return -ENOMEM;
	}
	g_state.first = first;
	g_state.num = num;
	return 0;
}

void
trace_user_threads_fini(void)
{
	free(g_state.takers);
	g_state.takers = NULL;
	g_state.first = 0;
	g_state.num = 0;
}

uint32_t
trace_user_ring(void)
{
	uint32_t ring = g_env_local.trace_ring;

	if (ring == 0 || ring < g_state.first || ring - g_state.first >= g_state.num ||
	    g_state.takers[ring - g_state.first] != g_env_local.trace_tid) {
		return 0;
	}
	return ring;
}

static int
check_thread(void)
{
	if (spdk_env_get_current_core() != SPDK_ENV_LCORE_ID_ANY) {
		SPDK_ERRLOG("The thread of a core has its trace ring already\n");
		return -EINVAL;
	}
	return g_trace_file != NULL ? 0 : -ENODEV;
}

int
spdk_trace_register_user_thread(void)
{
	struct spdk_trace_history *history;
	uint32_t i;
	int rc = check_thread();

	if (rc != 0 || trace_user_ring() != 0) {
		return rc;
	}
	rc = -ENOENT;
	pthread_mutex_lock(&g_state.lock);
	for (i = 0; i < g_state.num && rc != 0; i++) {
		if (g_state.takers[i] == 0) {
			g_env_local.trace_tid = spdk_get_tid();
			g_env_local.trace_ring = g_state.first + i;
			g_state.takers[i] = g_env_local.trace_tid;
			history = spdk_get_per_lcore_history(g_trace_file, g_state.first + i);
			env_thread_get_name(history->tname);
			rc = 0;
		}
	}
	pthread_mutex_unlock(&g_state.lock);
	return rc;
}

int
spdk_trace_unregister_user_thread(void)
{
	uint32_t ring = trace_user_ring();
	int rc = check_thread();

	if (rc != 0 || ring == 0) {
		return rc != 0 ? rc : -ENOENT;
	}
	pthread_mutex_lock(&g_state.lock);
	g_state.takers[ring - g_state.first] = 0;
	pthread_mutex_unlock(&g_state.lock);
	g_env_local.trace_ring = 0;
	g_env_local.trace_tid = 0;
	return 0;
}
