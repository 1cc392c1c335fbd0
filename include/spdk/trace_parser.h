/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Reading a trace file: of a program that runs, of one that died, or what spdk_trace_record wrote.
 * A parser holds a copy of the file as it was when the parser was made, so whoever writes it can't
 * change it any more. Nothing in the file is trusted: what can't be is refused, or left out. A
 * parser is for one thread at a time.
 */

#ifndef SPDK_TRACE_PARSER_H
#define SPDK_TRACE_PARSER_H

#include "spdk/stdinc.h"
#include "spdk/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

enum spdk_trace_parser_mode {
	/** filename is a path. */
	SPDK_TRACE_PARSER_MODE_FILE,
	/** filename is the name of shared memory, with a slash in front. */
	SPDK_TRACE_PARSER_MODE_SHM,
};

struct spdk_trace_parser_opts {
	const char *filename;
	int mode; /* enum spdk_trace_parser_mode */
	/** Records of this core, or ring, only; SPDK_TRACE_MAX_LCORE: of all. */
	uint16_t lcore;
};

/** A record, decoded. */
struct spdk_trace_parser_entry {
	/** The record itself; until the parser is gone. */
	struct spdk_trace_entry *entry;
	/** Which object of its type it is, counted from 0; UINT64_MAX: the file does not have its
	 *  beginning, or the record has no object. */
	uint64_t object_index;
	/** When the object began; UINT64_MAX: unknown. */
	uint64_t object_start;
	uint16_t lcore;
	/** Name of the thread; until the parser is gone. */
	const char *tname;
	/** The object that it belongs to, as object_index, and its type; UINT64_MAX: none. */
	uint64_t related_index;
	uint8_t related_type;
	struct {
		/** It is the address of the related object. */
		bool is_related;
		union {
			uint64_t integer;
			void *pointer;
			char string[UINT8_MAX + 1];
		} u;
	} args[SPDK_TRACE_MAX_ARGS_COUNT];
};

struct spdk_trace_parser;

/**
 * Read a trace file.
 * \return NULL, with the reason in the log, when it can't be read, is none of ours, is cut short,
 * or has no ring of the core asked for.
 */
struct spdk_trace_parser *spdk_trace_parser_init(const struct spdk_trace_parser_opts *opts);

/** Free a parser. */
void spdk_trace_parser_cleanup(struct spdk_trace_parser *parser);

/** The copy of the file, whose sections and rings lie within it; until the parser is gone. */
const struct spdk_trace_file *spdk_trace_parser_get_file(const struct spdk_trace_parser *parser);

/** Time of the first record that the parser gives; 0 when there is none. */
uint64_t spdk_trace_parser_get_tsc_offset(const struct spdk_trace_parser *parser);

/**
 * The next record by time, over all cores. Where a ring has lost records, those that other rings
 * have from before its first one are left out.
 * \return false when there are no more.
 */
bool spdk_trace_parser_next_entry(struct spdk_trace_parser *parser,
                                  struct spdk_trace_parser_entry *entry);

/** Records of a core that the parser gives in all. */
uint64_t spdk_trace_parser_get_entry_count(const struct spdk_trace_parser *parser, uint16_t lcore);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_TRACE_PARSER_H */
