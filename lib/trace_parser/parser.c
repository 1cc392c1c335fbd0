/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Records of a trace file by time. The file is read into memory once and checked as a whole
 * (check.c); then all records that count are listed and sorted. Reading may meet a writer: a record
 * with time 0 is being written, and one whose arguments do not follow it was half overwritten; both
 * are left out.
 */

#include "parser_internal.h"

#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/env.h"

#define FILE_BYTES_MAX (4ull << 30)
#define BUFFER_BYTES sizeof(((struct spdk_trace_entry_buffer *)0)->data)

struct record {
	uint64_t tsc;
	uint64_t at; /* in its ring */
	uint16_t lcore;
};

struct spdk_trace_parser {
	struct spdk_trace_file *file;
	struct record *records; /* by tsc */
	uint64_t num_records;
	uint64_t next;
	uint64_t first_tsc; /* records before it are left out */
	uint64_t counts[SPDK_TRACE_MAX_LCORE];
	struct trace_objects *objects;
};

/* ---- Which records there are ---- */

static bool
is_buffer(const struct spdk_trace_entry *entry)
{
	return entry->tpoint_id == SPDK_TRACE_MAX_TPOINT_ID;
}

static size_t
args_bytes(const struct spdk_trace_tpoint *tpoint)
{
	size_t bytes = 0;
	int i;

	for (i = 0; i < tpoint->num_args; i++) {
		bytes += tpoint->args[i].size;
	}
	return bytes;
}

static const struct spdk_trace_tpoint *
tpoint_of(const struct spdk_trace_parser *parser, const struct spdk_trace_entry *entry)
{
	return &spdk_trace_get_tpoint_section(parser->file)->tpoint[entry->tpoint_id];
}

/* Whether a whole record begins at this entry of a ring. */
static bool
is_record(const struct spdk_trace_parser *parser, struct spdk_trace_history *ring, uint64_t at)
{
	struct spdk_trace_entry *entry = spdk_trace_history_get_entry(ring, at), *more;
	size_t left, bytes;
	uint64_t i;

	if (entry->tsc == 0 || entry->tpoint_id >= SPDK_TRACE_MAX_TPOINT_ID ||
	    tpoint_of(parser, entry)->name[0] == '\0') {
		return false;
	}
	bytes = args_bytes(tpoint_of(parser, entry));
	left = bytes > sizeof(entry->args) ? bytes - sizeof(entry->args) : 0;
	for (i = 1; left > 0; i++) {
		more = spdk_trace_history_get_entry(ring, at + i);
		if (i >= ring->num_entries || !is_buffer(more) || more->tsc != entry->tsc) {
			return false;
		}
		left -= spdk_min(left, BUFFER_BYTES);
	}
	return true;
}

/* Count the records of a ring, and list them where there is a list. */
static uint64_t
ring_list(struct spdk_trace_parser *parser, uint16_t lcore, struct record *out)
{
	struct spdk_trace_history *ring = spdk_get_per_lcore_history(parser->file, lcore);
	uint64_t clear_tsc = spdk_trace_get_main_section(parser->file)->clear_tsc;
	uint64_t i, tsc, num = 0;

	for (i = 0; ring != NULL && i < ring->num_entries; i++) {
		tsc = spdk_trace_history_get_entry(ring, i)->tsc;
		if (tsc <= clear_tsc || tsc < parser->first_tsc || !is_record(parser, ring, i)) {
			continue;
		}
		if (out != NULL) {
			out[num] = (struct record){ .tsc = tsc, .at = i, .lcore = lcore };
		}
		num++;
	}
	return num;
}

/* Where a ring has lost records, what others have from that time tells half a story. */
static void
find_first_tsc(struct spdk_trace_parser *parser, uint16_t lcore)
{
	struct spdk_trace_history *ring = spdk_get_per_lcore_history(parser->file, lcore);
	uint64_t i, oldest = UINT64_MAX;

	if (ring == NULL || ring->next_entry <= ring->num_entries) {
		return;
	}
	for (i = 0; i < ring->num_entries; i++) {
		if (is_record(parser, ring, i)) {
			oldest = spdk_min(oldest, spdk_trace_history_get_entry(ring, i)->tsc);
		}
	}
	if (oldest != UINT64_MAX) {
		parser->first_tsc = spdk_max(parser->first_tsc, oldest);
	}
}

static int
record_compare(const void *_a, const void *_b)
{
	const struct record *a = _a, *b = _b;

	if (a->tsc != b->tsc) {
		return a->tsc < b->tsc ? -1 : 1;
	}
	if (a->lcore != b->lcore) {
		return a->lcore < b->lcore ? -1 : 1;
	}
	return a->at < b->at ? -1 : a->at > b->at;
}

/* Of one ring at one time the order is that of writing, which a ring's end may have turned. */
static uint64_t
age_in_ring(const struct spdk_trace_history *ring, uint64_t at)
{
	uint64_t head = ring->next_entry % ring->num_entries;

	return at >= head ? at - head : at + ring->num_entries - head;
}

static int
parser_list(struct spdk_trace_parser *parser, uint16_t first, uint16_t last)
{
	uint64_t num = 0, i;
	uint16_t lcore;

	for (lcore = first; lcore <= last; lcore++) {
		find_first_tsc(parser, lcore);
	}
	for (lcore = first; lcore <= last; lcore++) {
		parser->counts[lcore] = ring_list(parser, lcore, NULL);
		num += parser->counts[lcore];
	}
	parser->records = calloc(spdk_max(num, 1), sizeof(*parser->records));
	if (parser->records == NULL) {
		return -ENOMEM;
	}
	for (lcore = first; lcore <= last; lcore++) {
		parser->num_records +=
		        ring_list(parser, lcore, parser->records + parser->num_records);
	}
	assert(parser->num_records == num);
	for (i = 0; i < num; i++) {
		parser->records[i].at = age_in_ring(
		        spdk_get_per_lcore_history(parser->file, parser->records[i].lcore),
		        parser->records[i].at);
	}
	qsort(parser->records, num, sizeof(*parser->records), record_compare);
	return 0;
}

/* ---- Life ---- */

static int
parser_load(const struct spdk_trace_parser_opts *opts, void **data, size_t *len_bytes)
{
	bool is_shm = opts->mode == SPDK_TRACE_PARSER_MODE_SHM;
	char path[PATH_MAX];
	int rc;

	rc = snprintf(path, sizeof(path), "%s%s", is_shm ? "/dev/shm" : "", opts->filename);
	if (rc < 0 || (size_t)rc >= sizeof(path)) {
		SPDK_ERRLOG("The name of the trace file is too long\n");
		return -ENAMETOOLONG;
	}
	rc = env_file_load(path, FILE_BYTES_MAX, data, len_bytes);
	if (rc != 0) {
		SPDK_ERRLOG("The trace file %s can't be read: %s%s\n", path, spdk_strerror(-rc),
		            rc == -ENOENT && is_shm ? ". Does the program run under this name, "
		                                      "process and instance?"
		                                    : "");
	}
	return rc;
}

static int
parser_fill(struct spdk_trace_parser *parser, uint16_t lcore)
{
	parser->objects = trace_objects_create();
	if (parser->objects == NULL) {
		return -ENOMEM;
	}
	if (lcore >= SPDK_TRACE_MAX_LCORE) {
		return parser_list(parser, 0, SPDK_TRACE_MAX_LCORE - 1);
	}
	if (spdk_get_per_lcore_history(parser->file, lcore) == NULL) {
		SPDK_ERRLOG("The trace file has no records of core %u\n", lcore);
		return -ENOENT;
	}
	return parser_list(parser, lcore, lcore);
}

struct spdk_trace_parser *
trace_parser_create(void *data, size_t len_bytes, uint16_t lcore, const char *name)
{
	const char *why = trace_file_check(data, len_bytes);
	struct spdk_trace_parser *parser = NULL;

	if (why == NULL) {
		parser = calloc(1, sizeof(*parser));
		why = "no memory";
	}
	if (parser == NULL) {
		SPDK_ERRLOG("%s is no trace file that can be read: %s\n", name, why);
		free(data);
		return NULL;
	}
	parser->file = data;
	if (parser_fill(parser, lcore) != 0) {
		spdk_trace_parser_cleanup(parser);
		return NULL;
	}
	return parser;
}

struct spdk_trace_parser *
spdk_trace_parser_init(const struct spdk_trace_parser_opts *opts)
{
	size_t len_bytes;
	void *data;

	if (opts == NULL || opts->filename == NULL ||
	    (opts->mode != SPDK_TRACE_PARSER_MODE_FILE &&
	     opts->mode != SPDK_TRACE_PARSER_MODE_SHM)) {
		SPDK_ERRLOG("A trace parser needs a file and how to find it\n");
		return NULL;
	}
	if (parser_load(opts, &data, &len_bytes) != 0) {
		return NULL;
	}
	return trace_parser_create(data, len_bytes, opts->lcore, opts->filename);
}

void
spdk_trace_parser_cleanup(struct spdk_trace_parser *parser)
{
	if (parser == NULL) {
		return;
	}
	trace_objects_destroy(parser->objects);
	free(parser->records);
	free(parser->file);
	free(parser);
}

const struct spdk_trace_file *
spdk_trace_parser_get_file(const struct spdk_trace_parser *parser)
{
	return parser->file;
}

uint64_t
spdk_trace_parser_get_tsc_offset(const struct spdk_trace_parser *parser)
{
	return parser->num_records > 0 ? parser->records[0].tsc : 0;
}

uint64_t
spdk_trace_parser_get_entry_count(const struct spdk_trace_parser *parser, uint16_t lcore)
{
	return lcore < SPDK_TRACE_MAX_LCORE ? parser->counts[lcore] : 0;
}

/* ---- Decoding one ---- */

/* Where the next byte of a record's arguments is. */
struct cursor {
	struct spdk_trace_history *ring;
	uint64_t at;
	const uint8_t *pos;
	size_t left;
};

static void
take(struct cursor *c, void *_dst, size_t len_bytes)
{
	struct spdk_trace_entry_buffer *buffer;
	uint8_t *dst = _dst;
	size_t len;

	while (len_bytes > 0) {
		if (c->left == 0) {
			buffer = (void *)spdk_trace_history_get_entry(c->ring, ++c->at);
			c->pos = buffer->data;
			c->left = sizeof(buffer->data);
		}
		len = spdk_min(len_bytes, c->left);
		memcpy(dst, c->pos, len);
		c->pos += len;
		c->left -= len;
		dst += len;
		len_bytes -= len;
	}
}

static void
decode_args(struct cursor *c, const struct spdk_trace_tpoint *tpoint,
            struct spdk_trace_parser_entry *out)
{
	const struct spdk_trace_argument *arg;
	int i;

	for (i = 0; i < tpoint->num_args; i++) {
		arg = &tpoint->args[i];
		if (arg->type == SPDK_TRACE_ARG_TYPE_STR) {
			take(c, out->args[i].u.string, arg->size);
			out->args[i].u.string[arg->size] = '\0';
		} else {
			/* Little-endian, so the narrow ones are its first bytes. */
			out->args[i].u.integer = 0;
			take(c, &out->args[i].u.integer, arg->size);
		}
	}
}

/* The object that an argument names, the first that has begun. */
static void
find_relation(struct spdk_trace_parser *parser, const struct spdk_trace_tpoint *tpoint,
              struct spdk_trace_parser_entry *out)
{
	uint64_t start;
	uint8_t type, arg;
	int i;

	for (i = 0; i < SPDK_TRACE_MAX_RELATIONS; i++) {
		type = tpoint->related_objects[i].object_type;
		arg = tpoint->related_objects[i].arg_index;
		if (type == OBJECT_NONE) {
			return;
		}
		if (arg < tpoint->num_args && tpoint->args[arg].type != SPDK_TRACE_ARG_TYPE_STR &&
		    trace_objects_find(parser->objects, type, out->args[arg].u.integer,
		                       &out->related_index, &start)) {
			out->related_type = type;
			out->args[arg].is_related = true;
			return;
		}
	}
}

bool
spdk_trace_parser_next_entry(struct spdk_trace_parser *parser,
                             struct spdk_trace_parser_entry *entry)
{
	const struct spdk_trace_tpoint *tpoint;
	const struct record *record;
	struct cursor c = { 0 };

	if (parser->next >= parser->num_records) {
		return false;
	}
	record = &parser->records[parser->next++];
	c.ring = spdk_get_per_lcore_history(parser->file, record->lcore);
	c.at = record->at + c.ring->next_entry % c.ring->num_entries;
	memset(entry, 0, sizeof(*entry));
	entry->entry = spdk_trace_history_get_entry(c.ring, c.at);
	entry->lcore = record->lcore;
	entry->tname = c.ring->tname;
	entry->object_index = UINT64_MAX;
	entry->object_start = UINT64_MAX;
	entry->related_index = UINT64_MAX;
	tpoint = tpoint_of(parser, entry->entry);
	c.pos = entry->entry->args;
	c.left = sizeof(entry->entry->args);
	decode_args(&c, tpoint, entry);
	find_relation(parser, tpoint, entry);
	if (tpoint->object_type == OBJECT_NONE) {
		return true;
	}
	if (tpoint->new_object) {
		entry->object_start = entry->entry->tsc;
		entry->object_index =
		        trace_objects_begin(parser->objects, tpoint->object_type,
		                            entry->entry->object_id, entry->entry->tsc);
	} else {
		trace_objects_find(parser->objects, tpoint->object_type, entry->entry->object_id,
		                   &entry->object_index, &entry->object_start);
	}
	return true;
}
