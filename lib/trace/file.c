/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The trace file of this process: a piece of named shared memory, laid out once at start. One
 * thread makes it before others trace, and closes it when they have ended. Rings take memory only
 * when the first tracepoint goes on; it is set aside before, so that a full machine is an answer
 * then and not a signal later.
 */

#include "trace_internal.h"

#define NUM_OWNERS (16 * 1024)
#define SECTION_ALIGN 64
#define ENTRIES_MAX (1ull << 32)

static const uint64_t g_section_bytes[SPDK_TRACE_NUM_SECTIONS] = {
	[SPDK_TRACE_SECTION_MAIN] = sizeof(struct spdk_trace_section_main),
	[SPDK_TRACE_SECTION_OWNER] =
	        sizeof(struct spdk_trace_section_owner) +
	        NUM_OWNERS * (sizeof(struct spdk_trace_owner) + OWNER_DESCRIPTION_BYTES),
	[SPDK_TRACE_SECTION_TPOINT_MASK] = sizeof(struct spdk_trace_section_tpoint_mask) +
	                                   SPDK_TRACE_MAX_GROUP_ID * sizeof(uint64_t),
	[SPDK_TRACE_SECTION_OWNER_TYPE] =
	        sizeof(struct spdk_trace_section_owner_type) +
	        SPDK_TRACE_MAX_OWNER_TYPE * sizeof(struct spdk_trace_owner_type),
	[SPDK_TRACE_SECTION_OBJECT] = sizeof(struct spdk_trace_section_object) +
	                              SPDK_TRACE_MAX_OBJECT * sizeof(struct spdk_trace_object),
	[SPDK_TRACE_SECTION_TPOINT] = sizeof(struct spdk_trace_section_tpoint) +
	                              SPDK_TRACE_MAX_TPOINT_ID * sizeof(struct spdk_trace_tpoint),
	[SPDK_TRACE_SECTION_LCORE_OFFSETS] = sizeof(struct spdk_trace_section_lcore_offsets) +
	                                     SPDK_TRACE_MAX_LCORE * sizeof(uint64_t),
};

static uint64_t
ring_bytes(uint64_t num_entries)
{
	return SPDK_ALIGN_CEIL(spdk_get_trace_history_size(num_entries, SPDK_TRACE_MAX_TPOINT_ID),
	                       (uint64_t)SECTION_ALIGN);
}

/* Offsets of all sections; the bytes up to the first ring. */
static uint64_t
layout_sections(uint64_t offsets[SPDK_TRACE_NUM_SECTIONS])
{
	uint64_t pos = SPDK_ALIGN_CEIL(sizeof(struct spdk_trace_file), (uint64_t)SECTION_ALIGN);
	int i;

	for (i = 0; i < SPDK_TRACE_NUM_SECTIONS; i++) {
		offsets[i] = pos;
		pos = SPDK_ALIGN_CEIL(pos + g_section_bytes[i], (uint64_t)SECTION_ALIGN);
	}
	return pos;
}

static void
fill_sections(struct spdk_trace_file *f)
{
	struct spdk_trace_section_owner *owners = spdk_trace_get_owner_section(f);

	spdk_trace_get_main_section(f)->tsc_rate = spdk_get_ticks_hz();
	owners->num_owners = NUM_OWNERS;
	owners->owner_description_size = OWNER_DESCRIPTION_BYTES;
	spdk_trace_get_tpoint_mask_section(f)->count = SPDK_TRACE_MAX_GROUP_ID;
	/* These counts are one too many for the number of a type, which has 8 bits. */
	spdk_trace_get_owner_type_section(f)->count = SPDK_TRACE_MAX_OWNER_TYPE;
	spdk_trace_get_object_section(f)->count = SPDK_TRACE_MAX_OBJECT;
	spdk_trace_get_tpoint_section(f)->count = SPDK_TRACE_MAX_TPOINT_ID;
	spdk_trace_get_lcore_offsets_section(f)->count = SPDK_TRACE_MAX_LCORE;
}

/* The head of a ring is written now, the rest when a tracepoint is on. */
static int
add_ring(struct spdk_trace_file *f, uint32_t lcore, uint64_t *offset, uint64_t num_entries)
{
	struct spdk_trace_history *history;
	int rc = env_shm_reserve(&g_trace_memory.shm, *offset, sizeof(*history));

	if (rc != 0) {
		return rc;
	}
	spdk_trace_get_lcore_offsets_section(f)->lcore_offsets[lcore] = *offset;
	history = spdk_get_per_lcore_history(f, lcore);
	history->lcore = (int)lcore;
	history->num_entries = num_entries;
	history->num_tpoint_ids = SPDK_TRACE_MAX_TPOINT_ID;
	*offset += ring_bytes(num_entries);
	return 0;
}

/* A ring for each core, then those for user threads. */
static int
add_rings(struct spdk_trace_file *f, uint64_t *offset, uint64_t num_entries, uint32_t num_threads)
{
	uint32_t first_user = spdk_env_get_last_core() + 1, i;
	int rc = 0;

	SPDK_ENV_FOREACH_CORE(i) {
		rc = add_ring(f, i, offset, num_entries);
		if (rc != 0) {
			return rc;
		}
		snprintf(spdk_get_per_lcore_history(f, i)->tname, SPDK_TRACE_THREAD_NAME_LEN,
		         "reactor_%u", i % SPDK_TRACE_MAX_LCORE);
	}
	for (i = 0; i < num_threads && rc == 0; i++) {
		rc = add_ring(f, first_user + i, offset, num_entries);
	}
	return rc;
}

static int
check_args(uint64_t num_entries, uint32_t num_threads)
{
	uint32_t last = spdk_env_get_last_core();

	if (g_trace_file != NULL) {
		SPDK_ERRLOG("There is a trace file already\n");
		return -EALREADY;
	}
	if (!spdk_u64_is_pow2(num_entries) || num_entries > ENTRIES_MAX) {
		SPDK_ERRLOG("A trace ring of %" PRIu64 " entries can't be: give a power of two, "
		            "at most %llu\n",
		            num_entries, ENTRIES_MAX);
		return -EINVAL;
	}
	if (last >= SPDK_TRACE_MAX_LCORE - 1 || num_threads > SPDK_TRACE_MAX_LCORE - 1 - last) {
		SPDK_ERRLOG("%u cores and %u user threads are more rings than the %d of a trace "
		            "file\n",
		            last + 1, num_threads, SPDK_TRACE_MAX_LCORE);
		return -EINVAL;
	}
	return 0;
}

static int
file_make(const char *shm_name, uint64_t num_entries, uint32_t num_threads)
{
	uint64_t offsets[SPDK_TRACE_NUM_SECTIONS];
	struct spdk_trace_file *f;
	uint64_t pos, owners;
	int rc;

	pos = layout_sections(offsets);
	owners = offsets[SPDK_TRACE_SECTION_OWNER];
	g_trace_memory.owners_offset = owners;
	g_trace_memory.rings_offset = pos;
	rc = env_shm_create(&g_trace_memory.shm, shm_name,
	                    pos + (spdk_env_get_core_count() + num_threads) *
	                                    ring_bytes(num_entries));
	if (rc != 0) {
		return rc;
	}
	/* What is written from here on: all sections but the owners, which come as they do. */
	rc = env_shm_reserve(&g_trace_memory.shm, 0,
	                     owners + sizeof(struct spdk_trace_section_owner));
	if (rc == 0) {
		rc = env_shm_reserve(&g_trace_memory.shm, offsets[SPDK_TRACE_SECTION_TPOINT_MASK],
		                     pos - offsets[SPDK_TRACE_SECTION_TPOINT_MASK]);
	}
	f = g_trace_memory.shm.addr;
	if (rc != 0) {
		return rc;
	}
	f->num_sections = SPDK_TRACE_NUM_SECTIONS;
	memcpy(f->section_offsets, offsets, sizeof(offsets));
	fill_sections(f);
	rc = add_rings(f, &pos, num_entries, num_threads);
	if (rc != 0) {
		return rc;
	}
	assert(pos == g_trace_memory.shm.size_bytes);
	f->file_size = pos;
	g_trace_file = f;
	rc = trace_owners_init();
	return rc != 0 ? rc : trace_user_threads_init(spdk_env_get_last_core() + 1, num_threads);
}

int
spdk_trace_init(const char *shm_name, uint64_t num_entries, uint32_t num_threads)
{
	int rc;

	if (num_entries == 0) {
		return 0;
	}
	rc = check_args(num_entries, num_threads);
	if (rc != 0) {
		return rc;
	}
	rc = file_make(shm_name, num_entries, num_threads);
	if (rc != 0) {
		SPDK_ERRLOG("The trace file %s can't be made: %s\n",
		            shm_name != NULL ? shm_name : "(null)", spdk_strerror(-rc));
		trace_user_threads_fini();
		trace_owners_fini();
		g_trace_file = NULL;
		env_shm_destroy(&g_trace_memory.shm, true);
		memset(&g_trace_memory, 0, sizeof(g_trace_memory));
		return rc;
	}
	trace_register_all();
	return 0;
}

static bool
has_records(struct spdk_trace_file *f)
{
	struct spdk_trace_history *history;
	uint32_t i;

	for (i = 0; i < SPDK_TRACE_MAX_LCORE; i++) {
		history = spdk_get_per_lcore_history(f, i);
		if (history != NULL && history->next_entry > 0) {
			return true;
		}
	}
	return false;
}

void
spdk_trace_cleanup(void)
{
	struct spdk_trace_file *f = g_trace_file;

	if (f == NULL) {
		return;
	}
	trace_masks_fini();
	trace_user_threads_fini();
	trace_owners_fini();
	g_trace_file = NULL;
	env_shm_destroy(&g_trace_memory.shm, !has_records(f));
	memset(&g_trace_memory, 0, sizeof(g_trace_memory));
}

const char *
trace_get_name(void)
{
	return g_trace_file != NULL ? g_trace_memory.shm.name : NULL;
}

void
spdk_trace_clear(void)
{
	if (g_trace_file != NULL) {
		/* Readers take it together with what is older; one word, so relaxed. */
		__atomic_store_n(&spdk_trace_get_main_section(g_trace_file)->clear_tsc,
		                 spdk_get_ticks(), __ATOMIC_RELAXED);
	}
}
