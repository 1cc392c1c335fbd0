/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Any bytes through the parser, the walkers, the numbers and the writer. Beyond not crashing: the
 * passes agree, the text is untouched without values, and what is written again parses to the same
 * number of values.
 */

#include "spdk/stdinc.h"
#include "spdk_internal/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct out {
	char *text;
	size_t len;
	size_t cap;
};

#define CHECK(cond) \
	do { \
		if (!(cond)) { \
			abort(); \
		} \
	} while (0)

static int
append(void *ctx, const void *data, size_t size)
{
	struct out *out = ctx;

	if (out->len + size > out->cap) {
		out->cap = (out->len + size) * 2;
		out->text = realloc(out->text, out->cap);
		CHECK(out->text != NULL);
	}
	memcpy(out->text + out->len, data, size);
	out->len += size;
	return 0;
}

static void
look_at(struct spdk_json_val *val)
{
	uint64_t u64;
	uint8_t u8;
	int32_t i32;

	if (spdk_json_number_to_uint8(val, &u8) == 0) {
		CHECK(spdk_json_number_to_uint64(val, &u64) == 0 && u64 == u8);
		CHECK(spdk_json_number_to_int32(val, &i32) == 0 && i32 == u8);
	}
	free(spdk_json_strdup(val));
	CHECK(spdk_json_array_count(val) <= val->len);
	spdk_json_find(val, "a", NULL, NULL, SPDK_JSON_VAL_ANY);
	for (val = spdk_json_array_first(val); val != NULL; val = spdk_json_next(val)) {
		CHECK(val->type != SPDK_JSON_VAL_INVALID);
	}
}

static void
write_again(struct spdk_json_val *values, ssize_t num, uint32_t flags)
{
	struct out out = { NULL };
	struct spdk_json_write_ctx *w = spdk_json_write_begin(append, &out, flags);

	CHECK(w != NULL);
	CHECK(spdk_json_write_val(w, values) == 0);
	CHECK(spdk_json_write_end(w) == 0);
	CHECK(spdk_json_parse(out.text, out.len, NULL, 0, NULL, 0) == num);
	free(out.text);
}

static void
parse_all(const uint8_t *data, size_t size, uint32_t flags)
{
	struct json_result result;
	struct spdk_json_val *values;
	uint8_t *copy = malloc(size); /* not a byte more: a sanitizer sees the first too many */
	ssize_t num, i;

	CHECK(copy != NULL);
	memcpy(copy, data, size);
	num = json_parse(copy, size, NULL, 0, flags, &result);
	CHECK(memcmp(copy, data, size) == 0);
	CHECK(result.offset <= size && num != 0);
	if (num < 0) {
		CHECK(result.reason != NULL && result.line > 0 && result.column > 0);
		free(copy);
		return;
	}
	values = calloc((size_t)num, sizeof(*values));
	CHECK(values != NULL);
	CHECK(spdk_json_parse(copy, size, values, (size_t)num, NULL,
	                      flags | SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE) == num);
	CHECK(spdk_json_val_len(values) == (size_t)num);
	for (i = 0; i < num; i++) {
		look_at(&values[i]);
	}
	write_again(values, num, 0);
	write_again(values, num, SPDK_JSON_WRITE_FLAG_FORMATTED);
	free(values);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse_all(data, size, 0);
	parse_all(data, size, SPDK_JSON_PARSE_FLAG_ALLOW_COMMENTS);
	return 0;
}
