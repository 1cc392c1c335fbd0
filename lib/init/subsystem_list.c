/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Which subsystems a program has, and the order in which they start. In-tree ones come from the
 * generated table, of which a program may select some by name; those of outside modules are
 * registered before main(). The order: each comes behind those it depends on, else as they were
 * named. App thread, but for registration in constructors. */

#include "init_internal.h"
#include "spdk/log.h"
#include "spdk_internal/system_state.h"

extern struct subsystem_entry *const g_subsystem_table[];

static SYSTEM_STATE struct {
	TAILQ_HEAD(, spdk_subsystem) added;
	TAILQ_HEAD(, spdk_subsystem_depend) depends;
	const char *const *selected; /* the program's; NULL: all */
} g_subsystems = {
	.added = TAILQ_HEAD_INITIALIZER(g_subsystems.added),
	.depends = TAILQ_HEAD_INITIALIZER(g_subsystems.depends),
};

void
spdk_add_subsystem(struct spdk_subsystem *subsystem)
{
	TAILQ_INSERT_TAIL(&g_subsystems.added, subsystem, tailq);
}

void
spdk_add_subsystem_depend(struct spdk_subsystem_depend *depend)
{
	TAILQ_INSERT_TAIL(&g_subsystems.depends, depend, tailq);
}

void
subsystem_select(const char *const *names)
{
	g_subsystems.selected = names;
}

static struct subsystem_entry *
find_entry(const char *name)
{
	struct subsystem_entry *const *entry;

	for (entry = g_subsystem_table; *entry != NULL; entry++) {
		if (strcmp((*entry)->subsystem.name, name) == 0) {
			return *entry;
		}
	}
	return NULL;
}

const struct subsystem_entry *
subsystem_get_entry(const struct spdk_subsystem *subsystem)
{
	const struct subsystem_entry *entry = find_entry(subsystem->name);

	return entry != NULL && &entry->subsystem == subsystem ? entry : NULL;
}

bool
subsystem_list_has(const struct subsystem_list *list, const char *name)
{
	size_t i;

	for (i = 0; i < list->num; i++) {
		if (strcmp(list->nodes[i].subsystem->name, name) == 0) {
			return true;
		}
	}
	return false;
}

static int
add_depend(struct subsystem_node *node, const char *name)
{
	const char **depends_on;

	depends_on = realloc(node->depends_on, (node->num_depends + 2) * sizeof(*depends_on));
	if (depends_on == NULL) {
		return -ENOMEM;
	}
	depends_on[node->num_depends++] = name;
	depends_on[node->num_depends] = NULL;
	node->depends_on = depends_on;
	return 0;
}

/* A node with all that its subsystem depends on, by its entry and by outside registrations. */
static int
add_node(struct subsystem_list *list, struct spdk_subsystem *subsystem,
         const char *const *depends_on)
{
	struct subsystem_node *node, *nodes;
	struct spdk_subsystem_depend *depend;
	int rc = 0;

	nodes = realloc(list->nodes, (list->num + 1) * sizeof(*nodes));
	if (nodes == NULL) {
		return -ENOMEM;
	}
	list->nodes = nodes;
	node = &nodes[list->num++];
	memset(node, 0, sizeof(*node));
	node->subsystem = subsystem;
	for (; depends_on != NULL && *depends_on != NULL && rc == 0; depends_on++) {
		rc = add_depend(node, *depends_on);
	}
	TAILQ_FOREACH(depend, &g_subsystems.depends, tailq) {
		if (rc == 0 && strcmp(depend->name, subsystem->name) == 0) {
			rc = add_depend(node, depend->depends_on);
		}
	}
	return rc;
}

static int
add_entry(struct subsystem_list *list, struct subsystem_entry *entry)
{
	if (entry == NULL || subsystem_list_has(list, entry->subsystem.name)) {
		return 0; /* not built, or there already */
	}
	return add_node(list, &entry->subsystem, entry->depends_on);
}

/* What the program has, in no order yet. A selected subsystem brings those it depends on. */
static int
collect(struct subsystem_list *list)
{
	struct subsystem_entry *const *entry;
	struct spdk_subsystem *subsystem;
	const char *const *name;
	size_t i, k;
	int rc = 0;

	if (g_subsystems.selected == NULL) {
		for (entry = g_subsystem_table; *entry != NULL && rc == 0; entry++) {
			rc = add_entry(list, *entry);
		}
	} else {
		for (name = g_subsystems.selected; *name != NULL && rc == 0; name++) {
			rc = add_entry(list, find_entry(*name));
		}
	}
	TAILQ_FOREACH(subsystem, &g_subsystems.added, tailq) {
		if (rc == 0 && subsystem_list_has(list, subsystem->name)) {
			SPDK_ERRLOG("there are two subsystems %s\n", subsystem->name);
			rc = -EEXIST;
		}
		rc = rc != 0 ? rc : add_node(list, subsystem, NULL);
	}
	for (i = 0; i < list->num && rc == 0; i++) {
		for (k = 0; k < list->nodes[i].num_depends && rc == 0; k++) {
			rc = add_entry(list, find_entry(list->nodes[i].depends_on[k]));
		}
	}
	return rc;
}

/* Whether all that \p node needs stands among the first \p num. */
static bool
is_ready(const struct subsystem_list *list, size_t num, const struct subsystem_node *node)
{
	struct subsystem_list first = { .nodes = list->nodes, .num = num };
	size_t k;

	for (k = 0; k < node->num_depends; k++) {
		if (!subsystem_list_has(&first, node->depends_on[k])) {
			return false;
		}
	}
	return true;
}

static int
report_unmet(const struct subsystem_list *list, const struct subsystem_node *node)
{
	size_t k;

	for (k = 0; k < node->num_depends; k++) {
		if (!subsystem_list_has(list, node->depends_on[k])) {
			SPDK_ERRLOG("subsystem %s needs %s, which this program does not have\n",
			            node->subsystem->name, node->depends_on[k]);
			return -EINVAL;
		}
	}
	SPDK_ERRLOG("subsystem %s depends on itself by way of others\n", node->subsystem->name);
	return -EINVAL;
}

/* Stable: of those that could be next, the first that was named. */
static int
sort(struct subsystem_list *list)
{
	struct subsystem_node node;
	size_t i, k;

	for (i = 0; i < list->num; i++) {
		for (k = i; k < list->num && !is_ready(list, i, &list->nodes[k]); k++) {
		}
		if (k == list->num) {
			return report_unmet(list, &list->nodes[i]);
		}
		node = list->nodes[k];
		memmove(&list->nodes[i + 1], &list->nodes[i], (k - i) * sizeof(node));
		list->nodes[i] = node;
	}
	return 0;
}

void
subsystem_list_free(struct subsystem_list *list)
{
	size_t i;

	for (i = 0; i < list->num; i++) {
		free(list->nodes[i].depends_on);
	}
	free(list->nodes);
	memset(list, 0, sizeof(*list));
}

int
subsystem_list_make(struct subsystem_list *list)
{
	int rc;

	memset(list, 0, sizeof(*list));
	rc = collect(list);
	if (rc == 0) {
		rc = sort(list);
	}
	if (rc != 0) {
		subsystem_list_free(list);
	}
	return rc;
}
