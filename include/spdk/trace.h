/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Tracepoints: what happened when, on which core, kept in a file of shared memory that spdk_trace
 * decodes, also after the program has died. Each core and each registered user thread has a ring of
 * its own, so recording takes no lock. A tracepoint that is off costs a load and a test.
 *
 * The file is a struct spdk_trace_file, whose offsets lead to sections, and behind these one struct
 * spdk_trace_history a core:
 *
 *	file | main | owners | masks | owner types | objects | tracepoints | offsets | histories ...
 */

#ifndef SPDK_TRACE_H
#define SPDK_TRACE_H

#include "spdk/stdinc.h"
#include "spdk/assert.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/** The shared memory is called "/<program>", this, and "pid<process>" or the number of -i. */
#define SPDK_TRACE_SHM_NAME_BASE "_trace."
#define SPDK_DEFAULT_NUM_TRACE_ENTRIES (32 * 1024)

#define SPDK_TRACE_MAX_OWNER_TYPE (UINT8_MAX + 1)
#define SPDK_TRACE_MAX_OBJECT (UINT8_MAX + 1)
#define SPDK_TRACE_THREAD_NAME_LEN 16
#define SPDK_TRACE_MAX_GROUP_ID 20
#define SPDK_TRACE_MAX_TPOINT_ID (SPDK_TRACE_MAX_GROUP_ID * 64)
/** The number of tracepoint \p tpoint (0 to 63) of group \p group. */
#define SPDK_TPOINT_ID(group, tpoint) ((group)*64 + (tpoint))

#define SPDK_TRACE_ARG_TYPE_INT 0
#define SPDK_TRACE_ARG_TYPE_PTR 1
#define SPDK_TRACE_ARG_TYPE_STR 2

#define SPDK_TRACE_MAX_ARGS_COUNT 8
#define SPDK_TRACE_MAX_RELATIONS 16
#define SPDK_TRACE_MAX_LCORE 1024

#define OWNER_ID_NONE 0
#define OWNER_TYPE_NONE 0
#define OBJECT_NONE 0

enum spdk_trace_section_type {
	SPDK_TRACE_SECTION_MAIN,
	SPDK_TRACE_SECTION_OWNER,
	SPDK_TRACE_SECTION_TPOINT_MASK,
	SPDK_TRACE_SECTION_OWNER_TYPE,
	SPDK_TRACE_SECTION_OBJECT,
	SPDK_TRACE_SECTION_TPOINT,
	SPDK_TRACE_SECTION_LCORE_OFFSETS,
	SPDK_TRACE_NUM_SECTIONS,
};

/** A record. Arguments stand in `args` one behind the other without gaps; those that don't fit go
 *  on in the buffers that follow in the ring. */
struct spdk_trace_entry {
	uint64_t tsc; /* 0: never written */
	uint16_t tpoint_id;
	uint16_t owner_id;
	uint32_t size;
	uint64_t object_id;
	uint8_t args[8];
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_trace_entry) == 32, "the size is interface");

/** More arguments of the record in front of it, whose tsc it carries. */
struct spdk_trace_entry_buffer {
	uint64_t tsc;
	uint16_t tpoint_id; /* SPDK_TRACE_MAX_TPOINT_ID, which is no tracepoint's */
	uint8_t data[22];
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_trace_entry_buffer) == sizeof(struct spdk_trace_entry),
                   "both lie in one ring");

struct spdk_trace_owner_type {
	uint8_t type;
	char id_prefix;
};

/** Who an event belongs to: a connection, a thread. */
struct spdk_trace_owner {
	uint64_t tsc; /* when it came */
	uint8_t type;
	char description[];
} __attribute__((packed));
SPDK_STATIC_ASSERT(sizeof(struct spdk_trace_owner) == 9, "the size is interface");

struct spdk_trace_object {
	uint8_t type;
	char id_prefix;
};

struct spdk_trace_argument {
	char name[14];
	uint8_t type; /* SPDK_TRACE_ARG_TYPE_* */
	uint8_t size; /* bytes */
};

struct spdk_trace_tpoint {
	char name[24];
	uint16_t tpoint_id;
	uint8_t owner_type;
	uint8_t object_type;
	uint8_t new_object; /* 1: an object begins here */
	uint8_t num_args;
	struct spdk_trace_argument args[SPDK_TRACE_MAX_ARGS_COUNT];
	/** What objects arguments name; OBJECT_NONE ends the list. */
	struct {
		uint8_t object_type;
		uint8_t arg_index;
	} related_objects[SPDK_TRACE_MAX_RELATIONS];
};

/** The ring of a core, or of a user thread. */
struct spdk_trace_history {
	int lcore;
	char tname[SPDK_TRACE_THREAD_NAME_LEN];
	uint64_t num_entries;    /* a power of two where it is written live */
	uint64_t num_tpoint_ids; /* counters at the head of data */
	uint64_t next_entry;     /* entries ever written; modulo num_entries: where the next goes */
	/** uint64_t records[num_tpoint_ids], how often each tracepoint was met, then
	 *  struct spdk_trace_entry entries[num_entries]. */
	uint8_t data[0];
};

struct spdk_trace_section_main {
	uint64_t tsc_rate;
	uint64_t clear_tsc; /* what is older was cleared */
	uint8_t reserved[496];
};

struct spdk_trace_section_owner {
	uint16_t num_owners;
	uint16_t owner_description_size;
	uint8_t reserved[124];
	uint8_t data[0]; /* num_owners times a struct spdk_trace_owner and its description */
};

struct spdk_trace_section_tpoint_mask {
	uint16_t count; /* of groups */
	uint8_t reserved[126];
	uint64_t tpoint_mask[0];
};

struct spdk_trace_section_owner_type {
	uint16_t count;
	uint8_t reserved[126];
	struct spdk_trace_owner_type owner_type[0];
};

struct spdk_trace_section_object {
	uint16_t count;
	uint8_t reserved[126];
	struct spdk_trace_object object[0];
};

struct spdk_trace_section_tpoint {
	uint16_t count;
	uint8_t reserved[126];
	struct spdk_trace_tpoint tpoint[0];
};

struct spdk_trace_section_lcore_offsets {
	uint16_t count;
	uint8_t reserved[126];
	uint64_t lcore_offsets[0]; /* of a history in the file; 0: the core has none */
};

struct spdk_trace_file {
	uint64_t file_size;
	uint16_t num_sections;
	uint8_t reserved[6];
	uint64_t section_offsets[SPDK_TRACE_NUM_SECTIONS];
};

/** A tracepoint as it is registered. */
struct spdk_trace_tpoint_opts {
	const char *name; /* at most 23 characters */
	uint16_t tpoint_id;
	uint8_t owner_type;
	uint8_t object_type;
	uint8_t new_object;
	/** The first without a name ends the list. */
	struct {
		const char *name; /* at most 13 characters */
		uint8_t type;     /* SPDK_TRACE_ARG_TYPE_* */
		uint8_t size;     /* bytes: 1, 2, 4 or 8; of a string at most UINT8_MAX */
	} args[SPDK_TRACE_MAX_ARGS_COUNT];
};

/** A group of tracepoints, and what registers them. */
struct spdk_trace_register_fn {
	const char *name;
	uint8_t tgroup_id;
	void (*reg_fn)(void);
	struct spdk_trace_register_fn *next;
};

/** The file, as this process writes it; NULL while there is none. Read it through the macros. */
extern struct spdk_trace_file *g_trace_file;

/** Entry number \p offset, modulo the size of the ring. */
static inline struct spdk_trace_entry *
spdk_trace_history_get_entry(struct spdk_trace_history *history, uint64_t offset)
{
	uint8_t *entries = history->data + history->num_tpoint_ids * sizeof(uint64_t);

	return (struct spdk_trace_entry *)(void *)entries + offset % history->num_entries;
}

/** Bytes of a history of so many entries. */
static inline uint64_t
spdk_get_trace_history_size(uint64_t num_entries, uint64_t num_tpoint_ids)
{
	return sizeof(struct spdk_trace_history) + num_tpoint_ids * sizeof(uint64_t) +
	       num_entries * sizeof(struct spdk_trace_entry);
}

/** The section of a type in a file that is known to be whole. */
static inline void *
spdk_trace_get_section(const struct spdk_trace_file *f, enum spdk_trace_section_type type)
{
	return (void *)((uintptr_t)f + (uintptr_t)f->section_offsets[type]);
}

#define spdk_trace_get_main_section(f) \
	((struct spdk_trace_section_main *)spdk_trace_get_section((f), SPDK_TRACE_SECTION_MAIN))
#define spdk_trace_get_owner_section(f) \
	((struct spdk_trace_section_owner *)spdk_trace_get_section((f), SPDK_TRACE_SECTION_OWNER))
#define spdk_trace_get_tpoint_mask_section(f) \
	((struct spdk_trace_section_tpoint_mask *)spdk_trace_get_section( \
	        (f), SPDK_TRACE_SECTION_TPOINT_MASK))
#define spdk_trace_get_owner_type_section(f) \
	((struct spdk_trace_section_owner_type *)spdk_trace_get_section( \
	        (f), SPDK_TRACE_SECTION_OWNER_TYPE))
#define spdk_trace_get_object_section(f) \
	((struct spdk_trace_section_object *)spdk_trace_get_section((f), SPDK_TRACE_SECTION_OBJECT))
#define spdk_trace_get_tpoint_section(f) \
	((struct spdk_trace_section_tpoint *)spdk_trace_get_section((f), SPDK_TRACE_SECTION_TPOINT))
#define spdk_trace_get_lcore_offsets_section(f) \
	((struct spdk_trace_section_lcore_offsets *)spdk_trace_get_section( \
	        (f), SPDK_TRACE_SECTION_LCORE_OFFSETS))

/** Ticks a second of the times in the file. */
static inline uint64_t
spdk_trace_get_tsc_rate(const struct spdk_trace_file *trace_file)
{
	return spdk_trace_get_main_section(trace_file)->tsc_rate;
}

/** Bytes of the whole file. */
static inline uint64_t
spdk_get_trace_file_size(struct spdk_trace_file *trace_file)
{
	return trace_file->file_size;
}

/** Bytes from the beginning of the file to the end of its last section: all but the histories. */
static inline uint64_t
spdk_trace_file_get_sections_size(const struct spdk_trace_file *f)
{
	return f->section_offsets[SPDK_TRACE_SECTION_LCORE_OFFSETS] +
	       sizeof(struct spdk_trace_section_lcore_offsets) +
	       spdk_trace_get_lcore_offsets_section(f)->count * sizeof(uint64_t);
}

/** The ring of a core, or of a user thread by its number; NULL when there is none. */
static inline struct spdk_trace_history *
spdk_get_per_lcore_history(struct spdk_trace_file *trace_file, unsigned lcore)
{
	uint64_t offset;

	if (lcore >= SPDK_TRACE_MAX_LCORE) {
		return NULL;
	}
	offset = spdk_trace_get_lcore_offsets_section(trace_file)->lcore_offsets[lcore];
	if (offset == 0) {
		return NULL;
	}
	return (struct spdk_trace_history *)(void *)((uint8_t *)trace_file + offset);
}

/** The owner of a number, also one that is gone; NULL when the file has no such number. */
static inline struct spdk_trace_owner *
spdk_get_trace_owner(const struct spdk_trace_file *trace_file, uint16_t owner_id)
{
	struct spdk_trace_section_owner *section = spdk_trace_get_owner_section(trace_file);
	size_t size = sizeof(struct spdk_trace_owner) + section->owner_description_size;

	if (owner_id >= section->num_owners) {
		return NULL;
	}
	return (struct spdk_trace_owner *)(void *)(section->data + owner_id * size);
}

/** Whether a tracepoint is on. Any thread. */
#define spdk_trace_tpoint_enabled(tpoint_id) \
	(g_trace_file != NULL && \
	 (spdk_trace_get_tpoint_mask_section(g_trace_file)->tpoint_mask[(tpoint_id) >> 6] & \
	  (1ULL << ((tpoint_id)&0x3F))) != 0)

/**
 * Write a record, whether or not the tracepoint is on; the macros ask before. On a thread of a core
 * of ours or a registered user thread; of others nothing is recorded.
 * \param tsc ticks; 0: now.
 * \param num_args as many as the tracepoint was registered with, else nothing is recorded. Numbers
 * of 8 bytes as uint64_t, smaller ones as uint32_t, strings as const char * (NULL: an empty one).
 */
void _spdk_trace_record(uint64_t tsc, uint16_t tpoint_id, uint16_t owner_id, uint32_t size,
                        uint64_t object_id, int num_args, ...);

#define _spdk_trace_record_tsc(tsc, tpoint_id, owner_id, size, object_id, num_args, ...) \
	do { \
		assert((tpoint_id) < SPDK_TRACE_MAX_TPOINT_ID); \
		if (spdk_trace_tpoint_enabled(tpoint_id)) { \
			_spdk_trace_record(tsc, tpoint_id, owner_id, size, object_id, num_args, \
			                   ##__VA_ARGS__); \
		} \
	} while (0)

/** How many arguments there are, at most 8. */
#define spdk_trace_num_args(...) _spdk_trace_num_args(, ##__VA_ARGS__)
#define _spdk_trace_num_args(...) __spdk_trace_num_args(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define __spdk_trace_num_args(v, a1, a2, a3, a4, a5, a6, a7, a8, count, ...) count

/** Write a record of time \p tsc if the tracepoint is on. */
#define spdk_trace_record_tsc(tsc, tpoint_id, owner_id, size, object_id, ...) \
	_spdk_trace_record_tsc(tsc, tpoint_id, owner_id, size, object_id, \
	                       spdk_trace_num_args(__VA_ARGS__), ##__VA_ARGS__)

/** Write a record of now if the tracepoint is on. */
#define spdk_trace_record(tpoint_id, owner_id, size, object_id, ...) \
	spdk_trace_record_tsc(0, tpoint_id, owner_id, size, object_id, ##__VA_ARGS__)

/** Which tracepoints of a group are on, bit by bit; 0 for a group that can't be. Any thread. */
uint64_t spdk_trace_get_tpoint_mask(uint32_t group_id);

/** Switch tracepoints of a group on; the others stay as they are. Any thread. Nothing, with a log
 *  line, without a trace file or when the machine lacks memory for the records. */
void spdk_trace_set_tpoints(uint32_t group_id, uint64_t tpoint_mask);

/** Switch tracepoints of a group off; the others stay as they are. Any thread. */
void spdk_trace_clear_tpoints(uint32_t group_id, uint64_t tpoint_mask);

/** Bit by bit the groups in which any tracepoint is on. Any thread. */
uint64_t spdk_trace_get_tpoint_group_mask(void);

/** Switch all tracepoints of these groups on; other groups stay as they are. Any thread. */
void spdk_trace_set_tpoint_group_mask(uint64_t tpoint_group_mask);

/** Switch all tracepoints of these groups off. Any thread. */
void spdk_trace_clear_tpoint_group_mask(uint64_t tpoint_group_mask);

/**
 * Make the trace file, with a ring for each core, and register all groups. One thread, after
 * spdk_env_init().
 * \param shm_name name of the shared memory, with a slash in front.
 * \param num_entries records a core, a power of two; 0: no tracing, nothing is made.
 * \param num_threads rings for user threads.
 * \return 0, -EINVAL, -EALREADY when there is one, -ENOMEM, -ENOSPC, or why the file can't be made.
 */
int spdk_trace_init(const char *shm_name, uint64_t num_entries, uint32_t num_threads);

/**
 * Give the calling POSIX thread, which is no core's, a ring of its own; it carries the thread's
 * name. \return 0 (again, too), -EINVAL on a thread of a core, -ENODEV without a trace file,
 * -ENOENT when all rings are taken.
 */
int spdk_trace_register_user_thread(void);

/** The opposite, on the same thread; what was recorded stays. 0, -EINVAL on a thread of a core,
 *  -ENODEV without a trace file, -ENOENT when it has none. */
int spdk_trace_unregister_user_thread(void);

/** Close the file when nobody records any more. It is removed unless it has a record. */
void spdk_trace_cleanup(void);

/** Forget all records up to now. Any thread. */
void spdk_trace_clear(void);

/** Name a type of owners by a letter. From a function that registers a group. */
void spdk_trace_register_owner_type(uint8_t type, char id_prefix);

/**
 * A new owner. Any thread. Numbers of owners that are gone come back as late as can be.
 * \param description cut to what the file has room for.
 * \return its number; 0 without a trace file, for a type that is unknown, or when there are too
 * many.
 */
uint16_t spdk_trace_register_owner(uint8_t owner_type, const char *description);

/** Say anew what an owner is. Any thread. Nothing for owner 0. */
void spdk_trace_owner_set_description(uint16_t owner_id, const char *description);

/** Add a blank and more words to what an owner is. Any thread. Nothing for owner 0. */
void spdk_trace_owner_append_description(uint16_t owner_id, const char *description);

/** The owner is gone; its description stays until the number is used again. Any thread. */
void spdk_trace_unregister_owner(uint16_t owner_id);

/** Name a type of objects by a letter. From a function that registers a group. */
void spdk_trace_register_object(uint8_t type, char id_prefix);

/**
 * Register a tracepoint with one argument of 8 bytes (of a string 8 characters), or with
 * \p arg1_name NULL with none. From a function that registers a group.
 */
void spdk_trace_register_description(const char *name, uint16_t tpoint_id, uint8_t owner_type,
                                     uint8_t object_type, uint8_t new_object, uint8_t arg1_type,
                                     const char *arg1_name);

/** Register tracepoints. From a function that registers a group. One that can't be is left out,
 *  with a log line. */
void
spdk_trace_register_description_ext(const struct spdk_trace_tpoint_opts *opts, size_t num_opts);

/** The first group; NULL: there is none. */
struct spdk_trace_register_fn *spdk_trace_get_first_register_fn(void);

/** The group behind \p register_fn; NULL behind the last. */
struct spdk_trace_register_fn *
spdk_trace_get_next_register_fn(struct spdk_trace_register_fn *register_fn);

/**
 * Say that argument \p arg_index (from 0) of a registered tracepoint is the number of an object of
 * \p object_type, to which the object of the record belongs. From a function that registers a
 * group. A relation too many is left out, with a log line.
 */
void
spdk_trace_tpoint_register_relation(uint16_t tpoint_id, uint8_t object_type, uint8_t arg_index);

/** Switch all tracepoints of a group by its name, or with "all" of all groups, on. Any thread.
 *  0, -EINVAL for a name that is unknown. */
int spdk_trace_enable_tpoint_group(const char *group_name);

/** As spdk_trace_enable_tpoint_group(), off. */
int spdk_trace_disable_tpoint_group(const char *group_name);

/** Write to \p f what option \p tmask_arg takes, for a usage text. */
void spdk_trace_mask_usage(FILE *f, const char *tmask_arg);

/** The group's bit; for "all" all bits; 0 for a name that is unknown. */
uint64_t spdk_trace_create_tpoint_group_mask(const char *group_name);

/** The bit of a tracepoint in its group; 0 for a name that is unknown or without a trace file. */
uint64_t spdk_trace_create_tpoint_mask(uint32_t group_id, const char *tpoint_name);

/** Add a group; SPDK_TRACE_REGISTER_FN() does it. One thread at a time, at any time. \p reg_fn
 * lives as long as the program. A second one of a number is left out, with a log line. */
void spdk_trace_add_register_fn(struct spdk_trace_register_fn *reg_fn);

/** Let \p fn, a static void function (void) that stands above, register the group \p name_str with
 *  number \p _tgroup_id. For modules outside the library. */
#define SPDK_TRACE_REGISTER_FN(fn, name_str, _tgroup_id) \
	static struct spdk_trace_register_fn reg_##fn = { \
		name_str, \
		_tgroup_id, \
		fn, \
		NULL, \
	}; \
	__attribute__((constructor)) static void add_##fn(void) \
	{ \
		spdk_trace_add_register_fn(&reg_##fn); \
	}

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_TRACE_H */
