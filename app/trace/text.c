/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Records as lines, in the columns that scripts know: core, time, owner, event, size, arguments. */

#include "print.h"

#include "spdk/util.h"

#define CORE_WIDTH 19
#define OWNER_WIDTH 64
#define EVENT_WIDTH 24
#define BYTES_WIDTH 6
#define NAME_WIDTH 7
#define FIELD_WIDTH 24
#define US_PER_S 1000000.0

char
print_object_prefix(const struct spdk_trace_file *f, uint8_t type)
{
	char prefix = spdk_trace_get_object_section(f)->object[type].id_prefix;

	return prefix > ' ' && prefix <= '~' ? prefix : '?';
}

char
print_owner_prefix(const struct spdk_trace_file *f, uint8_t type)
{
	char prefix = spdk_trace_get_owner_type_section(f)->owner_type[type].id_prefix;

	return prefix > ' ' && prefix <= '~' ? prefix : '?';
}

const struct spdk_trace_owner *
print_owner(const struct spdk_trace_file *f, const struct spdk_trace_entry *e)
{
	const struct spdk_trace_owner *owner = spdk_get_trace_owner(f, e->owner_id);

	/* A number is used again: an owner that came later is not the one of this record. */
	if (e->owner_id == OWNER_ID_NONE || owner == NULL || owner->tsc > e->tsc) {
		return NULL;
	}
	return owner;
}

const struct spdk_trace_tpoint *
print_tpoint(const struct spdk_trace_file *f, const struct spdk_trace_entry *e)
{
	return &spdk_trace_get_tpoint_section(f)->tpoint[e->tpoint_id];
}

void
print_copy_clean(char *dst, const char *src, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size && src[i] != '\0'; i++) {
		dst[i] = src[i] >= ' ' && src[i] <= '~' ? src[i] : '.';
	}
	dst[i] = '\0';
}

/* One field of the arguments: "name: value", and a blank at least. */
static void
field(const char *name, const char *value)
{
	char label[sizeof(((struct spdk_trace_argument *)0)->name) + 2];
	int used;

	snprintf(label, sizeof(label), "%s:", name);
	used = printf("%-*s%s", NAME_WIDTH, label, value);
	printf("%*s", used < FIELD_WIDTH ? FIELD_WIDTH - used : 1, "");
}

static void
print_id(const struct spdk_trace_file *f, const struct spdk_trace_parser_entry *entry,
         uint8_t object_type)
{
	char number[24], parent[28] = "", value[64];
	int used;

	if (entry->object_index == UINT64_MAX) {
		snprintf(number, sizeof(number), "N/A");
	} else {
		snprintf(number, sizeof(number), "%c%" PRIu64, print_object_prefix(f, object_type),
		         entry->object_index);
	}
	if (entry->related_index != UINT64_MAX) {
		snprintf(parent, sizeof(parent), " (%c%" PRIu64 ")",
		         print_object_prefix(f, entry->related_type), entry->related_index);
	}
	snprintf(value, sizeof(value), "%6s%s", number, parent);
	used = printf("id:%s", value);
	printf("%*s", used < FIELD_WIDTH ? FIELD_WIDTH - used : 1, "");
}

static void
print_args(const struct spdk_trace_tpoint *tpoint, const struct spdk_trace_parser_entry *entry)
{
	char value[UINT8_MAX + 1];
	int i;

	for (i = 0; i < tpoint->num_args; i++) {
		switch (tpoint->args[i].type) {
		case SPDK_TRACE_ARG_TYPE_PTR:
			snprintf(value, sizeof(value), "0x%" PRIx64, entry->args[i].u.integer);
			break;
		case SPDK_TRACE_ARG_TYPE_INT:
			snprintf(value, sizeof(value), "%" PRIu64, entry->args[i].u.integer);
			break;
		default:
			print_copy_clean(value, entry->args[i].u.string, sizeof(value));
		}
		field(tpoint->args[i].name, value);
	}
}

/* Microseconds between two times, the later one first. */
static double
us(uint64_t from, uint64_t to, uint64_t rate)
{
	return (double)(to - from) * US_PER_S / (double)rate;
}

static void
print_record(const struct spdk_trace_file *f, const struct spdk_trace_parser_entry *entry,
             uint64_t base_tsc, const struct print_opts *opts)
{
	const struct spdk_trace_entry *e = entry->entry;
	const struct spdk_trace_tpoint *tpoint = print_tpoint(f, e);
	const struct spdk_trace_owner *owner = print_owner(f, e);
	uint64_t rate = spdk_trace_get_tsc_rate(f);
	char size[32] = "", time[24];

	printf("%*u: %10.3f ", CORE_WIDTH, entry->lcore, us(base_tsc, e->tsc, rate));
	if (opts->ticks) {
		printf("(%9" PRIu64 ") ", e->tsc - base_tsc);
	}
	printf("%-*s ", OWNER_WIDTH, owner != NULL ? owner->description : "");
	printf("%-*s ", EVENT_WIDTH, tpoint->name);
	if (e->size > 0) {
		snprintf(size, sizeof(size), "size: %*" PRIu32, BYTES_WIDTH, e->size);
	}
	printf("%-*s ", (int)sizeof("size:") + BYTES_WIDTH, size);
	if (tpoint->object_type != OBJECT_NONE) {
		print_id(f, entry, tpoint->object_type);
		if (!tpoint->new_object && entry->object_start != UINT64_MAX) {
			snprintf(time, sizeof(time), "%.3f", us(entry->object_start, e->tsc, rate));
			field("time", time);
		}
	}
	print_args(tpoint, entry);
	printf("\n");
}

int
trace_text(struct spdk_trace_parser *parser, const struct print_opts *opts)
{
	const struct spdk_trace_file *f = spdk_trace_parser_get_file(parser);
	uint64_t base_tsc = spdk_trace_parser_get_tsc_offset(parser), count;
	struct spdk_trace_parser_entry entry;
	uint16_t i;

	printf("TSC Rate: %" PRIu64 "\n", spdk_trace_get_tsc_rate(f));
	for (i = 0; i < SPDK_TRACE_MAX_LCORE; i++) {
		count = spdk_trace_parser_get_entry_count(parser, i);
		if (count > 0) {
			printf("Trace Size of lcore (%u): %" PRIu64 "\n", i, count);
		}
	}
	while (spdk_trace_parser_next_entry(parser, &entry)) {
		print_record(f, &entry, base_tsc, opts);
		if (opts->relative) {
			base_tsc = entry.entry->tsc;
		}
	}
	return 0;
}
