/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the files of the writer share. */

#ifndef JSON_WRITE_INTERNAL_H
#define JSON_WRITE_INTERNAL_H

#include "json_internal.h"

struct spdk_json_write_ctx {
	spdk_json_write_cb write_cb;
	void *cb_ctx;
	uint32_t flags;
	uint32_t depth;       /* open arrays and objects */
	uint32_t batch_depth; /* open batches */
	bool first_value;     /* nothing in the innermost container yet */
	bool after_name;      /* the next value follows a name */
	bool failed;
	int64_t flushed; /* bytes that have left buf */
	size_t buf_filled;
	char buf[4096];
};

/* Append bytes as they are. 0, or -1 when the writer has failed. */
int json_write_emit(struct spdk_json_write_ctx *w, const void *data, size_t size);

/* What stands before a value: comma, new line, indentation. */
int json_write_start_value(struct spdk_json_write_ctx *w);

/* What stands between a name and its value. */
int json_write_end_name(struct spdk_json_write_ctx *w);

#endif /* JSON_WRITE_INTERNAL_H */
