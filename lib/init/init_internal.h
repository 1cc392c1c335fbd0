/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the files of lib/init share. */

#ifndef INIT_INTERNAL_H
#define INIT_INTERNAL_H

#include "spdk/init.h"
#include "spdk_internal/subsystem.h"

struct subsystem_node {
	struct spdk_subsystem *subsystem;
	const char **depends_on; /* ends with NULL; NULL: none */
	size_t num_depends;
};

struct subsystem_list {
	struct subsystem_node *nodes; /* in the order of starting */
	size_t num;
};

/* The subsystems of this program. 0, -ENOMEM, -EEXIST, or -EINVAL for what can't be met (logged).
 */
int subsystem_list_make(struct subsystem_list *list);
void subsystem_list_free(struct subsystem_list *list);
bool subsystem_list_has(const struct subsystem_list *list, const char *name);

/* The entry of an in-tree subsystem; NULL for one of an outside module. */
const struct subsystem_entry *subsystem_get_entry(const struct spdk_subsystem *subsystem);

#endif /* INIT_INTERNAL_H */
