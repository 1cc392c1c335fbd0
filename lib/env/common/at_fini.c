/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What runs when the environment ends: for libs that have state but no end of their own. The list
 * may grow on any thread, and is emptied by spdk_env_fini() when the others are gone. */

#include "machine.h"

#include "spdk_internal/system_state.h"

static struct {
	pthread_mutex_t lock;
	struct env_fini_hook *hooks; /* under lock */
} g_at_fini SYSTEM_STATE = { .lock = PTHREAD_MUTEX_INITIALIZER };

void
env_at_fini(struct env_fini_hook *hook)
{
	pthread_mutex_lock(&g_at_fini.lock);
	if (!hook->registered) {
		hook->registered = true;
		hook->next = g_at_fini.hooks;
		g_at_fini.hooks = hook;
	}
	pthread_mutex_unlock(&g_at_fini.lock);
}

void
env_run_fini_hooks(void)
{
	struct env_fini_hook *hook;

	while ((hook = g_at_fini.hooks) != NULL) {
		g_at_fini.hooks = hook->next;
		hook->next = NULL;
		hook->registered = false;
		hook->fn();
	}
}
