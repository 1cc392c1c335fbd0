/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * JSON beyond spdk/json.h: where a text is broken and why.
 */

#ifndef SPDK_INTERNAL_JSON_H
#define SPDK_INTERNAL_JSON_H

#include "spdk/json.h"

/** Arrays and objects inside each other that the parser takes. */
#define JSON_DEPTH_MAX 64

/** Where a parse ended and, when it failed, why. */
struct json_result {
	void *end;          /* behind the value, or the first byte that can't be part of it */
	size_t offset;      /* of `end` in the text */
	uint32_t line;      /* from 1; this and the next two after a failure only */
	uint32_t column;    /* from 1, in bytes */
	const char *reason; /* static text, no full stop */
	bool empty;         /* there was nothing but white space and comments */
};

/**
 * spdk_json_parse() that says what is wrong. Line and column hold when \p json has not been decoded
 * in place before, so ask with \p values NULL first. Any thread; pure.
 */
ssize_t json_parse(void *json, size_t size, struct spdk_json_val *values, size_t num_values,
                   uint32_t flags, struct json_result *result);

/**
 * The line and column of the byte at \p offset of an unchanged text. Any thread; pure.
 * \param offset at most \p size.
 */
void json_locate(const void *json, size_t size, size_t offset, uint32_t *line, uint32_t *column);

/**
 * The length in bytes of the UTF-8 sequence at \p p, which has \p avail > 0 bytes: 1 to 4, 0 when
 * it is not valid, -1 when it is cut off. Any thread; pure.
 */
int json_utf8_len(const uint8_t *p, size_t avail);

/** What a value is, for messages: "null", "a number", "an object" and so on. Any thread; pure. */
const char *json_type_name(enum spdk_json_val_type type);

/**
 * How many bytes have been written, formatting included; a negative value when the writer has
 * failed, which it says itself at its end. The writer's thread.
 */
int64_t json_write_tell(const struct spdk_json_write_ctx *w);

/** Let the writer fail: what it was to write can't be had. The writer's thread. */
void json_write_fail(struct spdk_json_write_ctx *w);

#endif /* SPDK_INTERNAL_JSON_H */
