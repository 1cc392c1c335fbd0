/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Fuzzes lib/trace_parser: any bytes are refused, or give records whose names end and whose
 * arguments are there. The first byte says how the rest is meant: 0: the file itself; else changes
 * of a good file, 8 bytes each: an offset of 4, a value of 4. */

#include "parser_internal.h"

#include "spdk/log.h"

#define CHECK(x) \
	do { \
		if (!(x)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); \
			abort(); \
		} \
	} while (0)

#define NUM_ENTRIES 8
#define NUM_OWNERS 2
#define OWNER_BYTES 32
#define RING_BYTES (sizeof(struct spdk_trace_history) + NUM_ENTRIES * 32)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t
put_section(struct spdk_trace_file *f, int type, uint64_t pos, size_t head, uint16_t count,
            size_t item)
{
	f->section_offsets[type] = pos;
	memcpy((uint8_t *)f + pos, &count, sizeof(count));
	return (pos + head + count * item + 7) / 8 * 8;
}

static void
put_tpoint(struct spdk_trace_file *f, uint16_t id, const char *name, uint8_t new_object)
{
	struct spdk_trace_tpoint *t = &spdk_trace_get_tpoint_section(f)->tpoint[id];

	snprintf(t->name, sizeof(t->name), "%s", name);
	t->tpoint_id = id;
	t->object_type = 1;
	t->new_object = new_object;
	t->num_args = 2;
	t->args[0] = (struct spdk_trace_argument){ "num", SPDK_TRACE_ARG_TYPE_INT, 8 };
	t->args[1] = (struct spdk_trace_argument){ "text", SPDK_TRACE_ARG_TYPE_STR, 40 };
	t->related_objects[0].object_type = 1;
}

/* A good file in memory of the heap: one ring that has lost its first records. */
static struct spdk_trace_file *
good_file(size_t *size)
{
	struct spdk_trace_file *f = calloc(1, 256 * 1024);
	struct spdk_trace_history *ring;
	struct spdk_trace_entry *e;
	uint64_t pos = sizeof(*f), i;

	CHECK(f != NULL);
	f->num_sections = SPDK_TRACE_NUM_SECTIONS;
	pos = put_section(f, SPDK_TRACE_SECTION_MAIN, pos, 512, 0, 0);
	spdk_trace_get_main_section(f)->tsc_rate = 1000;
	pos = put_section(f, SPDK_TRACE_SECTION_OWNER, pos, 128, NUM_OWNERS, 9 + OWNER_BYTES);
	spdk_trace_get_owner_section(f)->owner_description_size = OWNER_BYTES;
	pos = put_section(f, SPDK_TRACE_SECTION_TPOINT_MASK, pos, 128, 20, 8);
	pos = put_section(f, SPDK_TRACE_SECTION_OWNER_TYPE, pos, 128, 256, 2);
	pos = put_section(f, SPDK_TRACE_SECTION_OBJECT, pos, 128, 256, 2);
	pos = put_section(f, SPDK_TRACE_SECTION_TPOINT, pos, 128, 1280,
	                  sizeof(struct spdk_trace_tpoint));
	pos = put_section(f, SPDK_TRACE_SECTION_LCORE_OFFSETS, pos, 128, 1024, 8);
	put_tpoint(f, 3, "NEW", 1);
	put_tpoint(f, 4, "OLD", 0);
	spdk_trace_get_lcore_offsets_section(f)->lcore_offsets[5] = pos;
	ring = spdk_get_per_lcore_history(f, 5);
	*ring = (struct spdk_trace_history){ .lcore = 5, .num_entries = NUM_ENTRIES };
	ring->next_entry = NUM_ENTRIES + 3;
	for (i = 0; i < NUM_ENTRIES; i++) {
		e = spdk_trace_history_get_entry(ring, i);
		/* Records of 3 entries, the last one turned at the ring's end. */
		e->tsc = 100 + i / 3;
		e->tpoint_id = i % 3 == 0 ? (uint16_t)(3 + i / 3 % 2) : SPDK_TRACE_MAX_TPOINT_ID;
		e->object_id = i / 6;
	}
	*size = pos + RING_BYTES;
	f->file_size = *size;
	return f;
}

static void
look_at(struct spdk_trace_parser *parser)
{
	const struct spdk_trace_file *f = spdk_trace_parser_get_file(parser);
	struct spdk_trace_parser_entry entry;
	uint64_t last = 0, num = 0, sum = 0, i;
	const struct spdk_trace_tpoint *t;

	while (spdk_trace_parser_next_entry(parser, &entry)) {
		CHECK(entry.entry->tsc >= last && entry.lcore < SPDK_TRACE_MAX_LCORE);
		CHECK(entry.entry->tpoint_id < SPDK_TRACE_MAX_TPOINT_ID);
		last = entry.entry->tsc;
		t = &spdk_trace_get_tpoint_section(f)->tpoint[entry.entry->tpoint_id];
		CHECK(strnlen(t->name, sizeof(t->name)) < sizeof(t->name) && t->num_args <= 8);
		CHECK(strnlen(entry.tname, SPDK_TRACE_THREAD_NAME_LEN) <
		      SPDK_TRACE_THREAD_NAME_LEN);
		for (i = 0; i < t->num_args; i++) {
			if (t->args[i].type == SPDK_TRACE_ARG_TYPE_STR) {
				CHECK(strnlen(entry.args[i].u.string, 256) <= t->args[i].size);
			}
		}
		num++;
	}
	for (i = 0; i < SPDK_TRACE_MAX_LCORE; i++) {
		sum += spdk_trace_parser_get_entry_count(parser, (uint16_t)i);
	}
	CHECK(sum == num && (num == 0) == (spdk_trace_parser_get_tsc_offset(parser) == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spdk_trace_parser *parser;
	struct spdk_trace_file *f;
	size_t file_bytes, i;
	uint32_t offset;

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	if (size < 1) {
		return 0;
	}
	if (data[0] == 0) {
		file_bytes = size - 1;
		f = malloc(file_bytes > 0 ? file_bytes : 1);
		CHECK(f != NULL);
		memcpy(f, data + 1, file_bytes);
	} else {
		f = good_file(&file_bytes);
		for (i = 1; i + 8 <= size; i += 8) {
			memcpy(&offset, data + i, sizeof(offset));
			offset %= (uint32_t)(file_bytes - 3);
			memcpy((uint8_t *)f + offset, data + i + 4, 4);
		}
	}
	parser = trace_parser_create(f, file_bytes, SPDK_TRACE_MAX_LCORE, "fuzz");
	CHECK(parser != NULL || data[0] == 0 || size >= 9);
	if (parser != NULL) {
		look_at(parser);
	}
	spdk_trace_parser_cleanup(parser);
	return 0;
}
