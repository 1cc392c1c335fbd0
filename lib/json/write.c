/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The writer: values become text, which goes to a call-back in pieces of up to BUF_SIZE bytes. An
 * error sticks: what is written after it is dropped, and write_end() says so. The caller nests
 * begin and end; an end without a begin is an error, not a crash. One thread at a time. */

#include "json_internal.h"
#include "spdk/likely.h"
#include "spdk/util.h"
#include "write_internal.h"

#define INDENT_WIDTH 2

struct spdk_json_write_ctx *
spdk_json_write_begin(spdk_json_write_cb write_cb, void *cb_ctx, uint32_t flags)
{
	struct spdk_json_write_ctx *w;

	w = calloc(1, sizeof(*w));
	if (w == NULL) {
		return NULL;
	}
	w->write_cb = write_cb;
	w->cb_ctx = cb_ctx;
	w->flags = flags;
	spdk_json_write_reset(w);
	return w;
}

void
spdk_json_write_reset(struct spdk_json_write_ctx *w)
{
	w->depth = 0;
	w->batch_depth = 0;
	w->first_value = true;
	w->after_name = true; /* no comma and no new line before the first value */
	w->failed = false;
	w->flushed = 0;
	w->buf_filled = 0;
}

void
spdk_json_write_add_flags(struct spdk_json_write_ctx *w, uint32_t flags)
{
	w->flags |= flags;
}

static int
fail(struct spdk_json_write_ctx *w)
{
	w->failed = true;
	return -1;
}

int64_t
json_write_tell(const struct spdk_json_write_ctx *w)
{
	return w->failed ? -1 : w->flushed + (int64_t)w->buf_filled;
}

void
json_write_fail(struct spdk_json_write_ctx *w)
{
	fail(w);
}

static int
flush(struct spdk_json_write_ctx *w)
{
	size_t filled = w->buf_filled;

	w->buf_filled = 0;
	w->flushed += (int64_t)filled;
	if (filled > 0 && w->write_cb(w->cb_ctx, w->buf, filled) != 0) {
		return fail(w);
	}
	return 0;
}

int
json_write_emit(struct spdk_json_write_ctx *w, const void *data, size_t size)
{
	const char *p = data;
	size_t n;

	/* Nearly always it fits: a text of 90 KB is 50,000 pieces, and a core waits meanwhile. */
	if (spdk_likely(!w->failed && size < sizeof(w->buf) - w->buf_filled)) {
		if (size == 1) {
			w->buf[w->buf_filled++] = *p;
		} else {
			memcpy(w->buf + w->buf_filled, p, size);
			w->buf_filled += size;
		}
		return 0;
	}
	while (size > 0) {
		if (w->failed) {
			return -1;
		}
		n = spdk_min(size, sizeof(w->buf) - w->buf_filled);
		memcpy(w->buf + w->buf_filled, p, n);
		w->buf_filled += n;
		p += n;
		size -= n;
		if (w->buf_filled == sizeof(w->buf) && flush(w) != 0) {
			return -1;
		}
	}
	return w->failed ? -1 : 0;
}

int
spdk_json_write_end(struct spdk_json_write_ctx *w)
{
	bool failed;

	if (w == NULL) {
		return 0;
	}
	if (!w->failed && w->depth == 0) {
		flush(w);
	}
	failed = w->failed || w->depth != 0;
	free(w);
	return failed ? -1 : 0;
}

static int
new_line(struct spdk_json_write_ctx *w)
{
	static const char blanks[] = "                                ";
	size_t n = w->depth * INDENT_WIDTH, step;

	if ((w->flags & SPDK_JSON_WRITE_FLAG_FORMATTED) == 0) {
		return 0;
	}
	json_write_emit(w, "\n", 1);
	for (; n > 0; n -= step) {
		step = spdk_min(n, sizeof(blanks) - 1);
		json_write_emit(w, blanks, step);
	}
	return w->failed ? -1 : 0;
}

int
json_write_start_value(struct spdk_json_write_ctx *w)
{
	if (w->failed) {
		return -1;
	}
	if (w->after_name) {
		w->after_name = false;
	} else {
		if (!w->first_value) {
			json_write_emit(w, ",", 1);
		}
		new_line(w);
	}
	w->first_value = false;
	return w->failed ? -1 : 0;
}

int
json_write_end_name(struct spdk_json_write_ctx *w)
{
	bool formatted = (w->flags & SPDK_JSON_WRITE_FLAG_FORMATTED) != 0;

	w->after_name = true;
	return json_write_emit(w, ": ", formatted ? 2 : 1);
}

static int
open_container(struct spdk_json_write_ctx *w, const char *bracket)
{
	if (json_write_start_value(w) != 0) {
		return -1;
	}
	w->depth++;
	w->first_value = true;
	return json_write_emit(w, bracket, 1);
}

static int
close_container(struct spdk_json_write_ctx *w, const char *bracket)
{
	bool empty = w->first_value;

	if (w->depth == 0) {
		return fail(w);
	}
	w->depth--;
	w->first_value = false;
	w->after_name = false;
	if (!empty && new_line(w) != 0) {
		return -1;
	}
	return json_write_emit(w, bracket, 1);
}

int
spdk_json_write_array_begin(struct spdk_json_write_ctx *w)
{
	return open_container(w, "[");
}

int
spdk_json_write_array_end(struct spdk_json_write_ctx *w)
{
	return close_container(w, "]");
}

int
spdk_json_write_object_begin(struct spdk_json_write_ctx *w)
{
	return open_container(w, "{");
}

int
spdk_json_write_object_end(struct spdk_json_write_ctx *w)
{
	return close_container(w, "}");
}

int
spdk_json_write_batch_begin(struct spdk_json_write_ctx *w)
{
	w->batch_depth++;
	if ((w->flags & SPDK_JSON_WRITE_FLAG_FLATTEN_BATCHES) != 0) {
		return w->failed ? -1 : 0;
	}
	return spdk_json_write_array_begin(w);
}

int
spdk_json_write_batch_end(struct spdk_json_write_ctx *w)
{
	if (w->batch_depth == 0) {
		return fail(w);
	}
	w->batch_depth--;
	if ((w->flags & SPDK_JSON_WRITE_FLAG_FLATTEN_BATCHES) != 0) {
		return w->failed ? -1 : 0;
	}
	return spdk_json_write_array_end(w);
}

int
spdk_json_write_val_raw(struct spdk_json_write_ctx *w, const void *data, size_t len)
{
	if (json_write_start_value(w) != 0) {
		return -1;
	}
	return json_write_emit(w, data, len);
}

/* One token of a parsed value. */
static int
write_token(struct spdk_json_write_ctx *w, const struct spdk_json_val *val)
{
	switch (val->type) {
	case SPDK_JSON_VAL_NULL:
	case SPDK_JSON_VAL_TRUE:
	case SPDK_JSON_VAL_FALSE:
	case SPDK_JSON_VAL_NUMBER:
		return spdk_json_write_val_raw(w, val->start, val->len);
	case SPDK_JSON_VAL_STRING:
		return spdk_json_write_string_raw(w, val->start, val->len);
	case SPDK_JSON_VAL_NAME:
		return spdk_json_write_name_raw(w, val->start, val->len);
	case SPDK_JSON_VAL_ARRAY_BEGIN:
		return spdk_json_write_array_begin(w);
	case SPDK_JSON_VAL_ARRAY_END:
		return spdk_json_write_array_end(w);
	case SPDK_JSON_VAL_OBJECT_BEGIN:
		return spdk_json_write_object_begin(w);
	case SPDK_JSON_VAL_OBJECT_END:
		return spdk_json_write_object_end(w);
	default:
		return fail(w);
	}
}

int
spdk_json_write_val(struct spdk_json_write_ctx *w, const struct spdk_json_val *val)
{
	const struct spdk_json_val *end = val + spdk_json_val_len(val);

	for (; val < end; val++) {
		if (write_token(w, val) != 0) {
			return -1;
		}
	}
	return 0;
}
