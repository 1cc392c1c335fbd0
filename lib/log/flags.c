/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Log flags: the named switches of SPDK_INFOLOG() and SPDK_DEBUGLOG(). Those of the tree stand in a
 * generated table, sorted by name; those that outside modules register, often before main(), in a
 * list, sorted too. Walking them merges the two, so that nothing must run before the first use.
 * Flags are registered by one thread at a time; `enabled` may be switched while others read it.
 */

#include "spdk/log.h"
#include "spdk_internal/system_state.h"

#include <fnmatch.h>

extern struct spdk_log_flag *const g_log_flag_table[];

static struct {
	TAILQ_HEAD(, spdk_log_flag) outside;
} g_state SYSTEM_STATE = {
	.outside = TAILQ_HEAD_INITIALIZER(g_state.outside),
};

/* The first flag whose name is behind \p name (NULL: the first of all). */
static struct spdk_log_flag *
flag_behind(const char *name)
{
	struct spdk_log_flag *const *entry = g_log_flag_table;
	struct spdk_log_flag *flag;

	while (*entry != NULL && name != NULL && strcmp((*entry)->name, name) <= 0) {
		entry++;
	}
	TAILQ_FOREACH(flag, &g_state.outside, tailq) {
		if (name == NULL || strcmp(flag->name, name) > 0) {
			break;
		}
	}
	if (flag == NULL || (*entry != NULL && strcmp((*entry)->name, flag->name) < 0)) {
		return *entry;
	}
	return flag;
}

struct spdk_log_flag *
spdk_log_get_first_flag(void)
{
	return flag_behind(NULL);
}

struct spdk_log_flag *
spdk_log_get_next_flag(struct spdk_log_flag *flag)
{
	return flag_behind(flag->name);
}

static struct spdk_log_flag *
flag_find(const char *name)
{
	struct spdk_log_flag *flag;

	for (flag = flag_behind(NULL); flag != NULL; flag = flag_behind(flag->name)) {
		if (strcasecmp(flag->name, name) == 0) {
			return flag;
		}
	}
	return NULL;
}

void
spdk_log_register_flag(const char *name, struct spdk_log_flag *flag)
{
	struct spdk_log_flag *other;

	if (name == NULL || flag == NULL || name[0] == '\0') {
		SPDK_ERRLOG("A log flag without a name can't be registered\n");
		return;
	}
	if (flag_find(name) != NULL) {
		SPDK_ERRLOG("Log flag '%s' exists already; the second one stays off\n", name);
		return;
	}
	flag->name = name;
	TAILQ_FOREACH(other, &g_state.outside, tailq) {
		if (strcmp(other->name, name) > 0) {
			TAILQ_INSERT_BEFORE(other, flag, tailq);
			return;
		}
	}
	TAILQ_INSERT_TAIL(&g_state.outside, flag, tailq);
}

bool
spdk_log_get_flag(const char *flag)
{
	struct spdk_log_flag *found = flag_find(flag);

	return found != NULL && found->enabled;
}

/* Switch each flag that the pattern fits. */
static int
flags_switch(const char *pattern, bool enabled)
{
	struct spdk_log_flag *flag;
	bool all = strcasecmp(pattern, "all") == 0;
	int rc = all ? 0 : -EINVAL;

	for (flag = flag_behind(NULL); flag != NULL; flag = flag_behind(flag->name)) {
		if (all || fnmatch(pattern, flag->name, FNM_CASEFOLD) == 0) {
			flag->enabled = enabled;
			rc = 0;
		}
	}
	return rc;
}

int
spdk_log_set_flag(const char *flag)
{
	return flags_switch(flag, true);
}

int
spdk_log_clear_flag(const char *flag)
{
	return flags_switch(flag, false);
}

void
spdk_log_usage(FILE *f, const char *log_arg)
{
	struct spdk_log_flag *flag;

	fprintf(f, " %s, --logflag <flag>        switch a log flag on: all", log_arg);
	for (flag = flag_behind(NULL); flag != NULL; flag = flag_behind(flag->name)) {
		fprintf(f, ", %s", flag->name);
	}
	fprintf(f, "\n");
}
