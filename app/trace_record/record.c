/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Following the rings of a live trace file. The file was checked by a parser at the start; where
 * its rings are and how long is taken from that checked copy, never from the live file. The live
 * file is read by pread(), so nothing that its writer does can harm us.
 *
 * The writer may overtake a read. So next_entry is looked at again behind it: what the writer may
 * have written over by then, and the record that it may be writing now, count as lost.
 */

#include "record.h"

#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"

#include <fcntl.h>
#include <unistd.h>

#define BATCH_ENTRIES 4096

struct ring {
	uint64_t head_offset; /* of the struct spdk_trace_history; 0: there is none */
	uint64_t entries_offset;
	uint64_t num_entries;
	uint64_t next;      /* number of the next entry to take */
	uint64_t num_taken; /* entries in `taken` */
	FILE *taken;
};

struct recorder {
	int fd;
	struct spdk_trace_parser *parser; /* the file as it was at the start */
	uint64_t num_lost;
	uint64_t record_entries_max; /* that the writer may be writing beyond next_entry */
	struct ring rings[SPDK_TRACE_MAX_LCORE];
	struct spdk_trace_entry batch[BATCH_ENTRIES];
};

static int
read_at(struct recorder *recorder, void *buf, size_t len_bytes, uint64_t offset)
{
	ssize_t len = pread(recorder->fd, buf, len_bytes, (off_t)offset);

	if (len < 0) {
		return -errno;
	}
	if ((size_t)len != len_bytes) {
		SPDK_ERRLOG("The trace file became shorter while it was read\n");
		return -EIO;
	}
	return 0;
}

static int
read_next_entry(struct recorder *recorder, const struct ring *ring, uint64_t *next)
{
	return read_at(recorder, next, sizeof(*next),
	               ring->head_offset + offsetof(struct spdk_trace_history, next_entry));
}

static int
ring_open(struct ring *ring, struct spdk_trace_file *f, uint32_t lcore)
{
	const struct spdk_trace_history *history = spdk_get_per_lcore_history(f, lcore);

	if (history == NULL) {
		return 0;
	}
	ring->head_offset = (uint64_t)((const uint8_t *)history - (const uint8_t *)f);
	ring->num_entries = history->num_entries;
	ring->entries_offset =
	        ring->head_offset + sizeof(*history) + history->num_tpoint_ids * sizeof(uint64_t);
	ring->taken = tmpfile();
	return ring->taken != NULL ? 0 : -errno;
}

/* Entries of the longest record that there is. */
static uint64_t
longest_record(const struct spdk_trace_file *f)
{
	const struct spdk_trace_tpoint *tpoint = spdk_trace_get_tpoint_section(f)->tpoint;
	size_t in_buffer = sizeof(((struct spdk_trace_entry_buffer *)0)->data);
	size_t bytes, max = 0;
	uint32_t i, j;

	for (i = 0; i < SPDK_TRACE_MAX_TPOINT_ID; i++, tpoint++) {
		for (j = 0, bytes = 0; j < tpoint->num_args && tpoint->name[0] != '\0'; j++) {
			bytes += tpoint->args[j].size;
		}
		max = spdk_max(max, bytes);
	}
	return 1 + SPDK_CEIL_DIV(max, in_buffer);
}

int
recorder_open(const char *shm_name, struct recorder **out)
{
	struct spdk_trace_parser_opts opts = { .filename = shm_name,
		                               .mode = SPDK_TRACE_PARSER_MODE_SHM,
		                               .lcore = SPDK_TRACE_MAX_LCORE };
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	char path[PATH_MAX];
	uint32_t i;
	int rc = 0;

	if (recorder == NULL) {
		return -ENOMEM;
	}
	*out = recorder;
	recorder->fd = -1;
	recorder->parser = spdk_trace_parser_init(&opts);
	if (recorder->parser == NULL) {
		return -EINVAL;
	}
	recorder->record_entries_max = longest_record(spdk_trace_parser_get_file(recorder->parser));
	snprintf(path, sizeof(path), "/dev/shm%s", shm_name);
	recorder->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (recorder->fd < 0) {
		return -errno;
	}
	for (i = 0; i < SPDK_TRACE_MAX_LCORE && rc == 0; i++) {
		rc = ring_open(&recorder->rings[i],
		               (struct spdk_trace_file *)(uintptr_t)spdk_trace_parser_get_file(
		                       recorder->parser),
		               i);
	}
	return rc;
}

void
recorder_close(struct recorder *recorder)
{
	uint32_t i;

	if (recorder == NULL) {
		return;
	}
	for (i = 0; i < SPDK_TRACE_MAX_LCORE; i++) {
		if (recorder->rings[i].taken != NULL) {
			fclose(recorder->rings[i].taken);
		}
	}
	if (recorder->fd >= 0) {
		close(recorder->fd);
	}
	spdk_trace_parser_cleanup(recorder->parser);
	free(recorder);
}

/* Number of the first entry that the writer can't have touched while it was read. */
static uint64_t
first_safe(const struct recorder *recorder, const struct ring *ring, uint64_t next_entry)
{
	uint64_t writing = next_entry + recorder->record_entries_max;

	return writing > ring->num_entries ? writing - ring->num_entries : 0;
}

/* Take entries up to the ring's end or `end`. */
static int
take_batch(struct recorder *recorder, struct ring *ring, uint64_t end)
{
	uint64_t at = ring->next % ring->num_entries, num, next, safe, skip;
	int rc;

	num = spdk_min(end - ring->next, ring->num_entries - at);
	num = spdk_min(num, BATCH_ENTRIES);
	rc = read_at(recorder, recorder->batch, num * sizeof(recorder->batch[0]),
	             ring->entries_offset + at * sizeof(recorder->batch[0]));
	if (rc == 0) {
		rc = read_next_entry(recorder, ring, &next);
	}
	if (rc != 0) {
		return rc;
	}
	safe = first_safe(recorder, ring, next);
	skip = safe > ring->next ? spdk_min(safe - ring->next, num) : 0;
	recorder->num_lost += skip;
	if (fwrite(&recorder->batch[skip], sizeof(recorder->batch[0]), num - skip, ring->taken) !=
	    num - skip) {
		return -EIO;
	}
	ring->num_taken += num - skip;
	ring->next += num;
	return 0;
}

static int
ring_poll(struct recorder *recorder, struct ring *ring)
{
	uint64_t end, safe;
	int rc = read_next_entry(recorder, ring, &end);

	if (rc != 0) {
		return rc;
	}
	if (end < ring->next) {
		SPDK_ERRLOG("The trace file went back in time\n");
		return -EIO;
	}
	safe = end > ring->num_entries ? end - ring->num_entries : 0;
	if (safe > ring->next) {
		recorder->num_lost += ring->num_taken > 0 ? safe - ring->next : 0;
		ring->next = safe;
	}
	while (rc == 0 && ring->next < end) {
		rc = take_batch(recorder, ring, end);
	}
	return rc;
}

int
recorder_poll(struct recorder *recorder)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; i < SPDK_TRACE_MAX_LCORE && rc == 0; i++) {
		if (recorder->rings[i].head_offset != 0) {
			rc = ring_poll(recorder, &recorder->rings[i]);
		}
	}
	return rc;
}

uint64_t
recorder_num_entries(const struct recorder *recorder)
{
	uint64_t num = 0;
	uint32_t i;

	for (i = 0; i < SPDK_TRACE_MAX_LCORE; i++) {
		num += recorder->rings[i].num_taken;
	}
	return num;
}

uint64_t
recorder_num_lost(const struct recorder *recorder)
{
	return recorder->num_lost;
}

/* ---- The file ---- */

static bool
copy_taken(struct recorder *recorder, struct ring *ring, FILE *out)
{
	size_t num;

	rewind(ring->taken);
	do {
		num = fread(recorder->batch, sizeof(recorder->batch[0]), BATCH_ENTRIES,
		            ring->taken);
		if (fwrite(recorder->batch, sizeof(recorder->batch[0]), num, out) != num) {
			return false;
		}
	} while (num > 0);
	if (ring->num_taken == 0) {
		memset(recorder->batch, 0, sizeof(recorder->batch[0]));
		return fwrite(recorder->batch, sizeof(recorder->batch[0]), 1, out) == 1;
	}
	return ferror(ring->taken) == 0;
}

/* The ring's head and counters as they are now, its length that of what was taken. */
static int
write_ring(struct recorder *recorder, struct ring *ring, FILE *out)
{
	size_t len = ring->entries_offset - ring->head_offset;
	struct spdk_trace_history *head = malloc(len);
	int rc = -ENOMEM;

	if (head != NULL) {
		rc = read_at(recorder, head, len, ring->head_offset);
	}
	if (rc == 0) {
		/* As it was checked: the live one is not. */
		head->num_tpoint_ids = (len - sizeof(*head)) / sizeof(uint64_t);
		head->num_entries = spdk_max(ring->num_taken, 1);
		head->next_entry = ring->num_taken;
		if (fwrite(head, 1, len, out) != len || !copy_taken(recorder, ring, out)) {
			rc = -EIO;
		}
	}
	free(head);
	return rc;
}

/* Sections as they are now, with owners and tracepoints that came since the start. */
static int
write_sections(struct recorder *recorder, FILE *out)
{
	const struct spdk_trace_file *checked = spdk_trace_parser_get_file(recorder->parser);
	size_t len = SPDK_ALIGN_CEIL(spdk_trace_file_get_sections_size(checked), (size_t)8);
	struct spdk_trace_section_lcore_offsets *offsets;
	struct spdk_trace_file *f = calloc(1, len);
	uint64_t pos = len;
	uint32_t i;
	int rc = -ENOMEM;

	if (f != NULL) {
		rc = read_at(recorder, f, spdk_trace_file_get_sections_size(checked), 0);
	}
	if (rc == 0) {
		memcpy(f, checked, sizeof(*f));
		offsets = spdk_trace_get_lcore_offsets_section(f);
		for (i = 0; i < SPDK_TRACE_MAX_LCORE; i++) {
			struct ring *ring = &recorder->rings[i];

			offsets->lcore_offsets[i] = ring->head_offset != 0 ? pos : 0;
			pos += ring->entries_offset - ring->head_offset;
			pos += ring->head_offset != 0 ? spdk_max(ring->num_taken, 1) *
			                                        sizeof(struct spdk_trace_entry)
			                              : 0;
		}
		f->file_size = pos;
		rc = fwrite(f, 1, len, out) == len ? 0 : -EIO;
	}
	free(f);
	return rc;
}

int
recorder_write(struct recorder *recorder, const char *path)
{
	FILE *out = fopen(path, "we");
	uint32_t i;
	int rc;

	if (out == NULL) {
		rc = -errno;
		SPDK_ERRLOG("%s can't be written: %s\n", path, spdk_strerror(-rc));
		return rc;
	}
	rc = write_sections(recorder, out);
	for (i = 0; i < SPDK_TRACE_MAX_LCORE && rc == 0; i++) {
		if (recorder->rings[i].head_offset != 0) {
			rc = write_ring(recorder, &recorder->rings[i], out);
		}
	}
	if (fclose(out) != 0 && rc == 0) {
		rc = -errno;
	}
	if (rc != 0) {
		SPDK_ERRLOG("%s was not written whole: %s\n", path, spdk_strerror(-rc));
	}
	return rc;
}
