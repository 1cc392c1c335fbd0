/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Requests follow one another on a stream without any framing: a request ends where its JSON text
 * ends. A text that comes in many small pieces must not be parsed anew for each of them, or a peer
 * could make n bytes cost n * n; so the bytes are counted through once, and the parser is asked
 * only when the brackets say that the text is complete, or when the buffer has grown by half
 * (so that an error is found before the end). Pure. */

#include "jsonrpc_internal.h"
#include "spdk/util.h"

#define RETRY_MIN 1024
/* A text without brackets is parsed anew as long as it is no longer than this. */
#define SCALAR_MAX 256

/* Go on to the end of the buffer, or to the bracket that closes the text. */
static bool
scan(struct jsonrpc_frame *f, const char *buf, size_t len)
{
	for (; f->pos < len; f->pos++) {
		char c = buf[f->pos];

		if (f->escaped) {
			f->escaped = false;
		} else if (f->in_string) {
			f->escaped = c == '\\';
			f->in_string = c != '"';
		} else if (c == '"') {
			f->in_string = true;
		} else if (c == '{' || c == '[') {
			f->depth++;
		} else if (c == '}' || c == ']') {
			if (f->depth <= 1) {
				return true;
			}
			f->depth--;
		}
	}
	return false;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

ssize_t
jsonrpc_frame_find(struct jsonrpc_frame *f, const char *buf, size_t len, size_t *start)
{
	size_t first = 0;
	void *end;
	ssize_t rc;

	while (first < len && is_space(buf[first])) {
		first++;
	}
	*start = first;
	if (first == len) {
		return 0;
	}
	if (!scan(f, buf, len) && len < f->retry_len && (f->depth > 0 || len > SCALAR_MAX)) {
		return 0;
	}
	/* Nothing is written without values. */
	rc = spdk_json_parse((void *)(uintptr_t)(buf + first), len - first, NULL, 0, &end, 0);
	if (rc == SPDK_JSON_PARSE_INCOMPLETE) {
		f->retry_len = len + spdk_max(len / 2, (size_t)RETRY_MIN);
		return 0;
	}
	if (rc < 0) {
		return -EILSEQ;
	}
	memset(f, 0, sizeof(*f));
	return (const char *)end - buf;
}
