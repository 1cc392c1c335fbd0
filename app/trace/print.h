/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Between the files of spdk_trace.
 */

#ifndef APP_TRACE_PRINT_H
#define APP_TRACE_PRINT_H

#include "spdk/trace_parser.h"

struct print_opts {
	bool ticks;    /* times also in ticks */
	bool relative; /* times since the record before */
};

/** Write all records to stdout as lines. 0. */
int trace_text(struct spdk_trace_parser *parser, const struct print_opts *opts);
/** Write all to stdout as one JSON object. 0 or a negative errno. */
int trace_json(struct spdk_trace_parser *parser);

/** The letter of a type; '?' for one that nobody named. */
char print_object_prefix(const struct spdk_trace_file *f, uint8_t type);
/** The same of a type of owners. */
char print_owner_prefix(const struct spdk_trace_file *f, uint8_t type);
/** The owner of a record if it was the one at that time; NULL: nobody, or gone. */
const struct spdk_trace_owner *
print_owner(const struct spdk_trace_file *f, const struct spdk_trace_entry *e);
/** Copy a text of an argument; what can't be printed is a dot. */
void print_copy_clean(char *dst, const char *src, size_t size);
/** The tracepoint of a record. */
const struct spdk_trace_tpoint *
print_tpoint(const struct spdk_trace_file *f, const struct spdk_trace_entry *e);

#endif /* APP_TRACE_PRINT_H */
