/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the files of lib/json share. */

#ifndef JSON_INTERNAL_H
#define JSON_INTERNAL_H

#include "spdk_internal/json.h"

/* Scanning the inside of a string. */
struct json_string {
	uint8_t *pos; /* in: behind the opening quote; out: the closing quote, or the bad byte */
	uint8_t *end;
	uint8_t *out; /* where to write decoded bytes, at most at pos; NULL: nowhere. Advanced. */
	const char *reason;
};

/* Check, and decode when asked, up to the closing quote. 0 or SPDK_JSON_PARSE_*. Nothing is written
 * before the whole string is known to be good. */
int json_string_scan(struct json_string *s);

/* Write \p c (a Unicode scalar value) as UTF-8; 1 to 4 bytes. */
size_t json_utf8_encode(uint8_t *out, uint32_t c);

#endif /* JSON_INTERNAL_H */
