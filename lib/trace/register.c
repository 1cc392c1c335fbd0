/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Groups of tracepoints by name. Those of the tree stand in a generated table; those of outside
 * modules in a list, in which they may be before anything of ours ran. A group that comes when
 * there is a trace file already is told to it at once. Groups come by one thread at a time.
 */

#include "trace_internal.h"

static struct {
	struct spdk_trace_register_fn *first;
	struct spdk_trace_register_fn *last;
} g_outside SYSTEM_STATE;

/* SPDK's walk gives pointers that one could write through; nobody does. */
static struct spdk_trace_register_fn *
table_entry(const struct spdk_trace_register_fn *const *entry)
{
	return *entry != NULL ? (struct spdk_trace_register_fn *)(uintptr_t)*entry
	                      : g_outside.first;
}

struct spdk_trace_register_fn *
spdk_trace_get_first_register_fn(void)
{
	return table_entry(g_trace_group_table);
}

struct spdk_trace_register_fn *
spdk_trace_get_next_register_fn(struct spdk_trace_register_fn *register_fn)
{
	const struct spdk_trace_register_fn *const *entry;

	for (entry = g_trace_group_table; *entry != NULL; entry++) {
		if (*entry == register_fn) {
			return table_entry(entry + 1);
		}
	}
	return register_fn->next;
}

static struct spdk_trace_register_fn *
find(const char *name, uint32_t group_id)
{
	struct spdk_trace_register_fn *fn;

	for (fn = spdk_trace_get_first_register_fn(); fn != NULL;
	     fn = spdk_trace_get_next_register_fn(fn)) {
		if (name != NULL ? strcmp(fn->name, name) == 0 : fn->tgroup_id == group_id) {
			return fn;
		}
	}
	return NULL;
}

void
spdk_trace_add_register_fn(struct spdk_trace_register_fn *reg_fn)
{
	struct spdk_trace_register_fn *other;

	if (reg_fn->name == NULL || reg_fn->reg_fn == NULL ||
	    reg_fn->tgroup_id >= SPDK_TRACE_MAX_GROUP_ID) {
		SPDK_ERRLOG("Trace group %s with number %u can't be\n",
		            reg_fn->name != NULL ? reg_fn->name : "(null)", reg_fn->tgroup_id);
		return;
	}
	other = find(NULL, reg_fn->tgroup_id);
	if (other == NULL) {
		other = find(reg_fn->name, 0);
	}
	if (other != NULL) {
		SPDK_ERRLOG("Trace group %s (%u): there is group %s (%u) already\n", reg_fn->name,
		            reg_fn->tgroup_id, other->name, other->tgroup_id);
		return;
	}
	reg_fn->next = NULL;
	if (g_outside.first == NULL) {
		g_outside.first = reg_fn;
	} else {
		g_outside.last->next = reg_fn;
	}
	g_outside.last = reg_fn;
	if (g_trace_file != NULL) {
		reg_fn->reg_fn();
	}
}

void
trace_register_all(void)
{
	struct spdk_trace_register_fn *fn;

	for (fn = spdk_trace_get_first_register_fn(); fn != NULL;
	     fn = spdk_trace_get_next_register_fn(fn)) {
		fn->reg_fn();
	}
}

uint64_t
spdk_trace_create_tpoint_group_mask(const char *group_name)
{
	struct spdk_trace_register_fn *fn;

	if (group_name == NULL) {
		return 0;
	}
	if (strcmp(group_name, "all") == 0) {
		return UINT64_MAX;
	}
	fn = find(group_name, 0);
	return fn != NULL ? 1ull << fn->tgroup_id : 0;
}

uint64_t
spdk_trace_create_tpoint_mask(uint32_t group_id, const char *tpoint_name)
{
	struct spdk_trace_tpoint *tpoint;
	uint32_t i;

	if (g_trace_file == NULL || tpoint_name == NULL || group_id >= SPDK_TRACE_MAX_GROUP_ID) {
		return 0;
	}
	tpoint = &spdk_trace_get_tpoint_section(g_trace_file)->tpoint[SPDK_TPOINT_ID(group_id, 0)];
	for (i = 0; i < TRACE_GROUP_TPOINTS; i++) {
		if (tpoint[i].name[0] != '\0' && strcmp(tpoint[i].name, tpoint_name) == 0) {
			return 1ull << i;
		}
	}
	return 0;
}

int
spdk_trace_enable_tpoint_group(const char *group_name)
{
	uint64_t mask = spdk_trace_create_tpoint_group_mask(group_name);

	if (mask == 0) {
		return -EINVAL;
	}
	spdk_trace_set_tpoint_group_mask(mask);
	return 0;
}

int
spdk_trace_disable_tpoint_group(const char *group_name)
{
	uint64_t mask = spdk_trace_create_tpoint_group_mask(group_name);

	if (mask == 0) {
		return -EINVAL;
	}
	spdk_trace_clear_tpoint_group_mask(mask);
	return 0;
}

void
spdk_trace_mask_usage(FILE *f, const char *tmask_arg)
{
	struct spdk_trace_register_fn *fn;

	fprintf(f, " %s, --tpoint-group <group>[:<tracepoint>][,...]\n", tmask_arg);
	fprintf(f, "                           tracepoints to switch on. A group by name or hex "
	           "mask:\n                           ");
	for (fn = spdk_trace_get_first_register_fn(); fn != NULL;
	     fn = spdk_trace_get_next_register_fn(fn)) {
		fprintf(f, "%s, ", fn->name);
	}
	fprintf(f, "all;\n                           of a single group, one tracepoint by name, "
	           "or some by hex mask\n");
}
