/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Records as one compact JSON object: the clock, the tracepoints that are known, the owners, and
 * the records by time. */

#include "print.h"

#include "spdk/json.h"

static int
write_out(void *ctx, const void *data, size_t size)
{
	return fwrite(data, 1, size, stdout) == size ? 0 : -1;
}

static void
write_tpoint(struct spdk_json_write_ctx *w, const struct spdk_trace_tpoint *tpoint)
{
	int i;

	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "name", tpoint->name);
	spdk_json_write_named_uint32(w, "id", tpoint->tpoint_id);
	spdk_json_write_named_bool(w, "new_object", tpoint->new_object);
	spdk_json_write_named_array_begin(w, "args");
	for (i = 0; i < tpoint->num_args; i++) {
		spdk_json_write_object_begin(w);
		spdk_json_write_named_string(w, "name", tpoint->args[i].name);
		spdk_json_write_named_uint32(w, "type", tpoint->args[i].type);
		spdk_json_write_named_uint32(w, "size", tpoint->args[i].size);
		spdk_json_write_object_end(w);
	}
	spdk_json_write_array_end(w);
	spdk_json_write_object_end(w);
}

static void
write_tpoints(struct spdk_json_write_ctx *w, const struct spdk_trace_file *f)
{
	const struct spdk_trace_tpoint *tpoints = spdk_trace_get_tpoint_section(f)->tpoint;
	uint32_t i;

	spdk_json_write_named_array_begin(w, "tpoints");
	for (i = 0; i < SPDK_TRACE_MAX_TPOINT_ID; i++) {
		if (tpoints[i].name[0] != '\0') {
			write_tpoint(w, &tpoints[i]);
		}
	}
	spdk_json_write_array_end(w);
}

static void
write_owners(struct spdk_json_write_ctx *w, const struct spdk_trace_file *f)
{
	uint16_t num = spdk_trace_get_owner_section(f)->num_owners, i;
	const struct spdk_trace_owner *owner;

	spdk_json_write_named_array_begin(w, "owners");
	for (i = 1; i < num; i++) {
		owner = spdk_get_trace_owner(f, i);
		if (owner->tsc == 0) {
			continue; /* the number was never used */
		}
		spdk_json_write_object_begin(w);
		spdk_json_write_named_uint32(w, "id", i);
		spdk_json_write_named_uint32(w, "type", owner->type);
		spdk_json_write_named_string(w, "description", owner->description);
		spdk_json_write_named_uint64(w, "tsc", owner->tsc);
		spdk_json_write_object_end(w);
	}
	spdk_json_write_array_end(w);
}

static void
write_object(struct spdk_json_write_ctx *w, const struct spdk_trace_file *f,
             const struct spdk_trace_tpoint *tpoint, const struct spdk_trace_parser_entry *entry)
{
	spdk_json_write_named_object_begin(w, "object");
	if (entry->object_index != UINT64_MAX) {
		spdk_json_write_named_string_fmt(w, "id", "%c%" PRIu64,
		                                 print_object_prefix(f, tpoint->object_type),
		                                 entry->object_index);
		spdk_json_write_named_uint64(w, "time", entry->entry->tsc - entry->object_start);
	}
	spdk_json_write_named_uint64(w, "value", entry->entry->object_id);
	spdk_json_write_object_end(w);
}

static void
write_args(struct spdk_json_write_ctx *w, const struct spdk_trace_file *f,
           const struct spdk_trace_tpoint *tpoint, const struct spdk_trace_parser_entry *entry)
{
	char text[UINT8_MAX + 1];
	int i;

	spdk_json_write_named_array_begin(w, "args");
	for (i = 0; i < tpoint->num_args; i++) {
		if (entry->args[i].is_related) {
			spdk_json_write_string_fmt(w, "%c%" PRIu64,
			                           print_object_prefix(f, entry->related_type),
			                           entry->related_index);
		} else if (tpoint->args[i].type == SPDK_TRACE_ARG_TYPE_STR) {
			print_copy_clean(text, entry->args[i].u.string, sizeof(text));
			spdk_json_write_string(w, text);
		} else {
			spdk_json_write_uint64(w, entry->args[i].u.integer);
		}
	}
	spdk_json_write_array_end(w);
}

static void
write_entry(struct spdk_json_write_ctx *w, const struct spdk_trace_file *f,
            const struct spdk_trace_parser_entry *entry)
{
	const struct spdk_trace_entry *e = entry->entry;
	const struct spdk_trace_tpoint *tpoint = print_tpoint(f, e);
	const struct spdk_trace_owner *owner = print_owner(f, e);

	spdk_json_write_object_begin(w);
	spdk_json_write_named_uint32(w, "lcore", entry->lcore);
	spdk_json_write_named_uint32(w, "tpoint", e->tpoint_id);
	spdk_json_write_named_uint64(w, "tsc", e->tsc);
	if (e->owner_id != OWNER_ID_NONE) {
		spdk_json_write_named_string_fmt(w, "poller", "%c%02u",
		                                 print_owner_prefix(f, tpoint->owner_type),
		                                 e->owner_id);
	}
	if (owner != NULL) {
		spdk_json_write_named_string(w, "owner", owner->description);
	}
	if (e->size != 0) {
		spdk_json_write_named_uint32(w, "size", e->size);
	}
	if (tpoint->object_type != OBJECT_NONE) {
		write_object(w, f, tpoint, entry);
	}
	if (tpoint->num_args > 0) {
		write_args(w, f, tpoint, entry);
	}
	spdk_json_write_object_end(w);
}

int
trace_json(struct spdk_trace_parser *parser)
{
	const struct spdk_trace_file *f = spdk_trace_parser_get_file(parser);
	struct spdk_trace_parser_entry entry;
	struct spdk_json_write_ctx *w;
	int rc;

	w = spdk_json_write_begin(write_out, NULL, 0);
	if (w == NULL) {
		return -ENOMEM;
	}
	spdk_json_write_object_begin(w);
	spdk_json_write_named_uint64(w, "tsc_rate", spdk_trace_get_tsc_rate(f));
	write_tpoints(w, f);
	write_owners(w, f);
	spdk_json_write_named_array_begin(w, "entries");
	while (spdk_trace_parser_next_entry(parser, &entry)) {
		write_entry(w, f, &entry);
	}
	spdk_json_write_array_end(w);
	spdk_json_write_object_end(w);
	rc = spdk_json_write_end(w);
	printf("\n");
	return rc != 0 ? -EIO : 0;
}
