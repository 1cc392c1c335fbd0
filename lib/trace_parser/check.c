/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Is this a trace file, and whole? One pass over everything that has an offset, a count or a name,
 * before anything else looks at it. Pure functions.
 */

#include "parser_internal.h"

#include "spdk/util.h"

struct section {
	size_t head_bytes;
	uint64_t count_max; /* what the numbers of the file's other parts can reach */
	size_t item_bytes;
};

static const struct section g_sections[SPDK_TRACE_NUM_SECTIONS] = {
	[SPDK_TRACE_SECTION_MAIN] = { sizeof(struct spdk_trace_section_main), 0, 0 },
	[SPDK_TRACE_SECTION_OWNER] = { sizeof(struct spdk_trace_section_owner), UINT16_MAX,
	                               sizeof(struct spdk_trace_owner) },
	[SPDK_TRACE_SECTION_TPOINT_MASK] = { sizeof(struct spdk_trace_section_tpoint_mask),
	                                     SPDK_TRACE_MAX_GROUP_ID, sizeof(uint64_t) },
	[SPDK_TRACE_SECTION_OWNER_TYPE] = { sizeof(struct spdk_trace_section_owner_type),
	                                    SPDK_TRACE_MAX_OWNER_TYPE,
	                                    sizeof(struct spdk_trace_owner_type) },
	[SPDK_TRACE_SECTION_OBJECT] = { sizeof(struct spdk_trace_section_object),
	                                SPDK_TRACE_MAX_OBJECT, sizeof(struct spdk_trace_object) },
	[SPDK_TRACE_SECTION_TPOINT] = { sizeof(struct spdk_trace_section_tpoint),
	                                SPDK_TRACE_MAX_TPOINT_ID,
	                                sizeof(struct spdk_trace_tpoint) },
	[SPDK_TRACE_SECTION_LCORE_OFFSETS] = { sizeof(struct spdk_trace_section_lcore_offsets),
	                                       SPDK_TRACE_MAX_LCORE, sizeof(uint64_t) },
};

static bool
fits(uint64_t offset, uint64_t len_bytes, uint64_t size_bytes)
{
	return offset <= size_bytes && len_bytes <= size_bytes - offset;
}

/* Numbers of rings, tracepoints and types index these sections, so none may have fewer. */
static const char *
check_section(const struct spdk_trace_file *f, int type, uint64_t size)
{
	const struct section *want = &g_sections[type];
	uint64_t offset = f->section_offsets[type], item_bytes = want->item_bytes;
	const struct spdk_trace_section_owner *owners;
	uint16_t count;

	if (offset < sizeof(*f) || offset % 8 != 0 || !fits(offset, want->head_bytes, size)) {
		return "a section lies outside of the file: it is cut short, or no trace file";
	}
	if (item_bytes == 0) {
		return NULL;
	}
	/* The count is the first field of each. */
	memcpy(&count, spdk_trace_get_section(f, (enum spdk_trace_section_type)type),
	       sizeof(count));
	if (type == SPDK_TRACE_SECTION_OWNER) {
		owners = spdk_trace_get_owner_section(f);
		item_bytes += owners->owner_description_size;
		if (count > 0 && owners->owner_description_size == 0) {
			return "its owners have no descriptions";
		}
	} else if (count != want->count_max) {
		return "its tables have other sizes than ours: another version wrote it";
	}
	if (!fits(offset + want->head_bytes, count * item_bytes, size)) {
		return "a section is longer than the file: it is cut short";
	}
	return NULL;
}

static const char *
check_ring(struct spdk_trace_file *f, uint32_t lcore, uint64_t size)
{
	uint64_t offset = spdk_trace_get_lcore_offsets_section(f)->lcore_offsets[lcore];
	struct spdk_trace_history *ring;
	uint64_t room;

	if (offset == 0) {
		return NULL;
	}
	if (offset % 8 != 0 || offset < sizeof(*f) || !fits(offset, sizeof(*ring), size)) {
		return "a ring lies outside of the file: it is cut short";
	}
	ring = spdk_get_per_lcore_history(f, lcore);
	room = size - offset - sizeof(*ring);
	if (ring->num_tpoint_ids > SPDK_TRACE_MAX_TPOINT_ID ||
	    ring->num_tpoint_ids * sizeof(uint64_t) > room) {
		return "a ring counts more tracepoints than there can be";
	}
	room -= ring->num_tpoint_ids * sizeof(uint64_t);
	if (ring->num_entries == 0 || ring->num_entries > room / sizeof(struct spdk_trace_entry)) {
		return "a ring is longer than the file: it is cut short";
	}
	return NULL;
}

static bool
arg_is_legal(const struct spdk_trace_argument *arg)
{
	switch (arg->type) {
	case SPDK_TRACE_ARG_TYPE_INT:
	case SPDK_TRACE_ARG_TYPE_PTR:
		return arg->size >= 1 && arg->size <= sizeof(uint64_t);
	case SPDK_TRACE_ARG_TYPE_STR:
		return arg->size >= 1;
	default:
		return false;
	}
}

static const char *
check_tpoints(struct spdk_trace_file *f)
{
	struct spdk_trace_tpoint *tpoint = spdk_trace_get_tpoint_section(f)->tpoint;
	uint32_t i, j;

	for (i = 0; i < SPDK_TRACE_MAX_TPOINT_ID; i++, tpoint++) {
		if (tpoint->name[0] == '\0') {
			continue;
		}
		if (tpoint->num_args > SPDK_TRACE_MAX_ARGS_COUNT || tpoint->tpoint_id != i) {
			return "a tracepoint has an impossible number or too many arguments";
		}
		for (j = 0; j < tpoint->num_args; j++) {
			if (!arg_is_legal(&tpoint->args[j])) {
				return "an argument of a tracepoint has an impossible type or "
				       "size";
			}
		}
	}
	return NULL;
}

/* All that has an offset, a count or a type. Reads only. */
static const char *
check_all(struct spdk_trace_file *f, uint64_t size)
{
	const char *why = NULL;
	uint32_t i;

	for (i = 0; i < SPDK_TRACE_NUM_SECTIONS && why == NULL; i++) {
		why = check_section(f, (int)i, size);
	}
	for (i = 0; i < SPDK_TRACE_MAX_LCORE && why == NULL; i++) {
		why = check_ring(f, i, size);
	}
	if (why == NULL && spdk_trace_get_main_section(f)->tsc_rate == 0) {
		why = "its clock has no rate: the program had not begun to trace";
	}
	return why != NULL ? why : check_tpoints(f);
}

/* End a name, and take out of it what a terminal or JSON would stumble over. False: it was so. */
static bool
clean_name(char *name, size_t size)
{
	bool changed = name[size - 1] != '\0';
	size_t i;

	name[size - 1] = '\0';
	for (i = 0; name[i] != '\0'; i++) {
		if (name[i] < ' ' || name[i] > '~') {
			name[i] = '.';
			changed = true;
		}
	}
	return changed;
}

static bool
clean_descriptions(struct spdk_trace_file *f)
{
	struct spdk_trace_section_owner *section = spdk_trace_get_owner_section(f);
	size_t room = section->owner_description_size;
	size_t size = sizeof(struct spdk_trace_owner) + room;
	uint32_t i, num = section->num_owners;
	bool changed = false;

	for (i = 0; i < num; i++) {
		changed |= clean_name(
		        (char *)section->data + i * size + sizeof(struct spdk_trace_owner), room);
	}
	return changed;
}

/*
 * Where parts of a hostile file lie upon one another, cleaning one changes another: where names
 * are, how long and how many. So nothing here trusts what was checked but the head of the file,
 * which no part overlaps; sizes are read once; all is checked again behind it; and it is clean only
 * when a second time changes nothing.
 */
static bool
clean_names(struct spdk_trace_file *f, uint64_t size)
{
	struct spdk_trace_tpoint *tpoint = spdk_trace_get_tpoint_section(f)->tpoint;
	struct spdk_trace_history *ring;
	uint64_t offset;
	uint32_t i, j;
	bool changed = clean_descriptions(f);

	for (i = 0; i < SPDK_TRACE_MAX_TPOINT_ID; i++, tpoint++) {
		changed |= clean_name(tpoint->name, sizeof(tpoint->name));
		for (j = 0; j < SPDK_TRACE_MAX_ARGS_COUNT; j++) {
			changed |= clean_name(tpoint->args[j].name, sizeof(tpoint->args[j].name));
		}
	}
	for (i = 0; i < SPDK_TRACE_MAX_LCORE; i++) {
		offset = spdk_trace_get_lcore_offsets_section(f)->lcore_offsets[i];
		if (offset >= sizeof(*f) && offset % 8 == 0 && fits(offset, sizeof(*ring), size)) {
			ring = (struct spdk_trace_history *)(void *)((uint8_t *)f + offset);
			changed |= clean_name(ring->tname, sizeof(ring->tname));
		}
	}
	return changed;
}

const char *
trace_file_check(void *data, size_t len_bytes)
{
	struct spdk_trace_file *f = data;
	const char *why;

	if (len_bytes < sizeof(*f)) {
		return "it is shorter than the head of a trace file";
	}
	if (f->num_sections != SPDK_TRACE_NUM_SECTIONS) {
		return "it has another number of sections: another version wrote it, or it is no "
		       "trace file";
	}
	if (f->file_size > len_bytes) {
		return "it is shorter than it says itself: it is cut short";
	}
	why = check_all(f, f->file_size);
	if (why == NULL) {
		(void)clean_names(f, f->file_size);
		why = check_all(f, f->file_size);
	}
	if (why == NULL && clean_names(f, f->file_size)) {
		why = "its parts lie upon one another";
	}
	return why;
}
