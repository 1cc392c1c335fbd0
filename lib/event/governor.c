/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Which governor is in use. App thread, but for registration before main(); a scheduler that
 * balances uses the one that its init chose, and the lock of scheduler.c keeps that one from ending
 * meanwhile. In-tree governors come from the generated table. */

#include "balance.h"

#include "spdk/log.h"
#include "spdk_internal/system_state.h"

extern struct spdk_governor *const g_governor_table[];

static struct {
	TAILQ_HEAD(, spdk_governor) added;
	struct spdk_governor *current;
} g_governor SYSTEM_STATE = {
	.added = TAILQ_HEAD_INITIALIZER(g_governor.added),
};

static struct spdk_governor *
governor_find(const char *name)
{
	struct spdk_governor *const *entry, *governor;

	for (entry = g_governor_table; *entry != NULL; entry++) {
		if (strcmp((*entry)->name, name) == 0) {
			return *entry;
		}
	}
	TAILQ_FOREACH(governor, &g_governor.added, link) {
		if (strcmp(governor->name, name) == 0) {
			break;
		}
	}
	return governor;
}

void
spdk_governor_register(struct spdk_governor *governor)
{
	if (governor_find(governor->name) != NULL) {
		SPDK_ERRLOG("There is a governor '%s' already: this one is left out\n",
		            governor->name);
		return;
	}
	TAILQ_INSERT_TAIL(&g_governor.added, governor, link);
}

int
spdk_governor_set(const char *name)
{
	struct spdk_governor *next = name != NULL ? governor_find(name) : NULL;
	struct spdk_governor *before = g_governor.current;
	int rc = 0;

	if (name != NULL && next == NULL) {
		SPDK_ERRLOG("There is no governor '%s'\n", name);
		return -EINVAL;
	}
	if (next == before) {
		return 0;
	}
	g_governor.current = NULL;
	if (before != NULL && before->deinit != NULL) {
		before->deinit();
	}
	if (next != NULL && next->init != NULL) {
		rc = next->init();
	}
	if (rc == 0) {
		g_governor.current = next;
	}
	return rc;
}

struct spdk_governor *
spdk_governor_get(void)
{
	return g_governor.current;
}

void
governor_fini(void)
{
	spdk_governor_set(NULL);
}
