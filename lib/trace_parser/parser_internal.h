/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Between the files of lib/trace_parser.
 */

#ifndef LIB_TRACE_PARSER_INTERNAL_H
#define LIB_TRACE_PARSER_INTERNAL_H

#include "spdk/trace_parser.h"

/**
 * Whether a file in memory can be read through SPDK's macros: all sections and rings lie in it,
 * have the sizes that we know, and names end. Cuts names that don't. \param data aligned as a
 * struct spdk_trace_file. \return NULL, or what is wrong.
 */
const char *trace_file_check(void *data, size_t len_bytes);

/**
 * A parser of a file in memory.
 * \param data from malloc(); the parser's, and freed when there is none.
 * \param name for the log.
 */
struct spdk_trace_parser *
trace_parser_create(void *data, size_t len_bytes, uint16_t lcore, const char *name);

/* objects.c: which objects have begun. */
struct trace_objects;

struct trace_objects *trace_objects_create(void);
void trace_objects_destroy(struct trace_objects *objects);
/* An object begins: its index, UINT64_MAX without memory. */
uint64_t
trace_objects_begin(struct trace_objects *objects, uint8_t type, uint64_t id, uint64_t tsc);
/* The last one of that type and id that began; false: none. */
bool trace_objects_find(struct trace_objects *objects, uint8_t type, uint64_t id, uint64_t *index,
                        uint64_t *start);

#endif /* LIB_TRACE_PARSER_INTERNAL_H */
