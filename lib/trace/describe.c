/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the numbers in records mean, told in the trace file: types of owners and of objects,
 * tracepoints and their arguments, and which argument names another object. Written by the
 * functions that register groups: at the start, or on the thread that loads an outside module.
 */

#include "trace_internal.h"

void
spdk_trace_register_owner_type(uint8_t type, char id_prefix)
{
	struct spdk_trace_owner_type *entry;

	if (g_trace_file == NULL || type == OWNER_TYPE_NONE) {
		return;
	}
	entry = &spdk_trace_get_owner_type_section(g_trace_file)->owner_type[type];
	if (entry->type != OWNER_TYPE_NONE && entry->id_prefix != id_prefix) {
		SPDK_WARNLOG("Trace owner type %u was '%c' and is '%c' now\n", type,
		             entry->id_prefix, id_prefix);
	}
	entry->type = type;
	entry->id_prefix = id_prefix;
}

void
spdk_trace_register_object(uint8_t type, char id_prefix)
{
	struct spdk_trace_object *entry;

	if (g_trace_file == NULL || type == OBJECT_NONE) {
		return;
	}
	entry = &spdk_trace_get_object_section(g_trace_file)->object[type];
	if (entry->type != OBJECT_NONE && entry->id_prefix != id_prefix) {
		SPDK_WARNLOG("Trace object type %u was '%c' and is '%c' now\n", type,
		             entry->id_prefix, id_prefix);
	}
	entry->type = type;
	entry->id_prefix = id_prefix;
}

struct spdk_trace_tpoint *
trace_tpoint_find(uint16_t tpoint_id, const char *what)
{
	if (tpoint_id >= SPDK_TRACE_MAX_TPOINT_ID) {
		SPDK_ERRLOG("Tracepoint number %u of %s is too great\n", tpoint_id, what);
		return NULL;
	}
	return &spdk_trace_get_tpoint_section(g_trace_file)->tpoint[tpoint_id];
}

static bool
arg_is_legal(uint8_t type, uint8_t size)
{
	if (type == SPDK_TRACE_ARG_TYPE_STR) {
		return size > 0;
	}
	return (type == SPDK_TRACE_ARG_TYPE_INT || type == SPDK_TRACE_ARG_TYPE_PTR) &&
	       (size == 1 || size == 2 || size == 4 || size == 8);
}

/* Copy what fits; a name that was cut is still one. */
static void
put_name(char *dst, size_t size, const char *name)
{
	if (strlen(name) >= size) {
		SPDK_WARNLOG("Trace name %s is cut to %zu characters\n", name, size - 1);
	}
	snprintf(dst, size, "%s", name);
}

static void
describe(const struct spdk_trace_tpoint_opts *opts)
{
	struct spdk_trace_tpoint *tpoint = trace_tpoint_find(opts->tpoint_id, opts->name);
	int i;

	if (tpoint == NULL) {
		return;
	}
	for (i = 0; i < SPDK_TRACE_MAX_ARGS_COUNT && opts->args[i].name != NULL; i++) {
		if (!arg_is_legal(opts->args[i].type, opts->args[i].size)) {
			SPDK_ERRLOG("Tracepoint %s: argument %s can't be of type %u and %u bytes\n",
			            opts->name, opts->args[i].name, opts->args[i].type,
			            opts->args[i].size);
			return;
		}
	}
	if (tpoint->name[0] != '\0' && strncmp(tpoint->name, opts->name, 23) != 0) {
		SPDK_WARNLOG("Tracepoint %u was %s and is %s now\n", opts->tpoint_id, tpoint->name,
		             opts->name);
	}
	/* Relations may have been registered before, by a group that knows this one. */
	memset(tpoint, 0, offsetof(struct spdk_trace_tpoint, related_objects));
	put_name(tpoint->name, sizeof(tpoint->name), opts->name);
	tpoint->tpoint_id = opts->tpoint_id;
	tpoint->owner_type = opts->owner_type;
	tpoint->object_type = opts->object_type;
	tpoint->new_object = opts->new_object;
	for (i = 0; i < SPDK_TRACE_MAX_ARGS_COUNT && opts->args[i].name != NULL; i++) {
		put_name(tpoint->args[i].name, sizeof(tpoint->args[i].name), opts->args[i].name);
		tpoint->args[i].type = opts->args[i].type;
		tpoint->args[i].size = opts->args[i].size;
	}
	tpoint->num_args = (uint8_t)i;
}

void
spdk_trace_register_description_ext(const struct spdk_trace_tpoint_opts *opts, size_t num_opts)
{
	size_t i;

	if (g_trace_file == NULL) {
		return;
	}
	for (i = 0; i < num_opts; i++) {
		if (opts[i].name == NULL) {
			SPDK_ERRLOG("Tracepoint %u has no name\n", opts[i].tpoint_id);
		} else {
			describe(&opts[i]);
		}
	}
}

void
spdk_trace_register_description(const char *name, uint16_t tpoint_id, uint8_t owner_type,
                                uint8_t object_type, uint8_t new_object, uint8_t arg1_type,
                                const char *arg1_name)
{
	struct spdk_trace_tpoint_opts opts = {
		.name = name,
		.tpoint_id = tpoint_id,
		.owner_type = owner_type,
		.object_type = object_type,
		.new_object = new_object,
		.args = { { .name = arg1_name, .type = arg1_type, .size = sizeof(uint64_t) } },
	};

	spdk_trace_register_description_ext(&opts, 1);
}

void
spdk_trace_tpoint_register_relation(uint16_t tpoint_id, uint8_t object_type, uint8_t arg_index)
{
	struct spdk_trace_tpoint *tpoint;
	int i;

	if (g_trace_file == NULL || object_type == OBJECT_NONE) {
		return;
	}
	tpoint = trace_tpoint_find(tpoint_id, "a relation");
	if (tpoint == NULL) {
		return;
	}
	if (arg_index >= (tpoint->name[0] != '\0' ? tpoint->num_args : SPDK_TRACE_MAX_ARGS_COUNT)) {
		SPDK_ERRLOG("Tracepoint %u has no argument %u for a relation\n", tpoint_id,
		            arg_index);
		return;
	}
	for (i = 0; i < SPDK_TRACE_MAX_RELATIONS; i++) {
		if (tpoint->related_objects[i].object_type == OBJECT_NONE) {
			tpoint->related_objects[i].arg_index = arg_index;
			tpoint->related_objects[i].object_type = object_type;
			return;
		}
	}
	SPDK_ERRLOG("Tracepoint %s has %d relations already\n", tpoint->name,
	            SPDK_TRACE_MAX_RELATIONS);
}
