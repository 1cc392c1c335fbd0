/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Lines of a state file: what is written is read again; each way to be wrong has its line and
 * reason; and of any file, cut at any byte, either the beginning is found or it is refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/util.h"
#include "state_internal.h"

#define HEAD "{\"v\":1,\"gen\":7}\n"
/* Sums by an independent program. */
#define ONE "{\"seq\":1,\"method\":\"m\",\"params\":null,\"crc32c\":2387380169}\n"
#define TWO "{\"seq\":2,\"method\":\"n\",\"params\":{\"a\":[1,\"b\"]},\"crc32c\":2589919582}\n"

static struct state_content g_content;
static struct state_error g_error;

static int
read_text(const char *text, size_t len)
{
	/* In a block of just its size, so that a sanitizer sees the first byte too many. */
	char *copy = malloc(len > 0 ? len : 1);
	int rc;

	memcpy(copy, text, len);
	rc = state_read("FILE", copy, len, &g_content, &g_error);
	free(copy);
	return rc;
}

static void
append(struct state_buf *buf, uint64_t seq, const char *method, const char *params)
{
	struct spdk_json_val name = { .start = (void *)(uintptr_t)method,
		                      .len = (uint32_t)strlen(method),
		                      .type = SPDK_JSON_VAL_STRING };
	struct spdk_json_val values[16];
	char text[256];

	if (params != NULL) {
		strcpy(text, params);
		assert_true(spdk_json_parse(text, strlen(text), values, 16, NULL,
		                            SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE) > 0);
	}
	state_append_record(buf, seq, &name, params != NULL ? values : NULL);
}

static void
test_write(void **state)
{
	struct state_buf buf = { NULL };

	state_append_header(&buf, 7);
	append(&buf, 1, "m", NULL);
	append(&buf, 2, "n", "{ \"a\" : [1, \"b\"] }");
	assert_false(buf.failed);
	assert_int_equal(buf.len, strlen(HEAD ONE TWO));
	assert_memory_equal(buf.data, HEAD ONE TWO, buf.len);
	state_buf_free(&buf);
	assert_null(buf.data);
}

static void
test_read(void **state)
{
	assert_int_equal(read_text(HEAD ONE TWO, strlen(HEAD ONE TWO)), 0);
	assert_int_equal(g_content.gen, 7);
	assert_int_equal(g_content.num_records, 2);
	assert_int_equal(g_content.torn_line, 0);
	assert_int_equal(g_content.good_bytes, strlen(HEAD ONE TWO));
	assert_int_equal(g_content.records[0].line, 2);
	assert_true(spdk_json_strequal(g_content.records[0].method, "m"));
	assert_null(g_content.records[0].params);
	assert_int_equal(g_content.records[1].line, 3);
	assert_int_equal(g_content.records[1].params->type, SPDK_JSON_VAL_OBJECT_BEGIN);
	state_content_free(&g_content);
	assert_int_equal(g_content.num_records, 0);
	assert_int_equal(read_text(HEAD, strlen(HEAD)), 0);
	assert_int_equal(g_content.num_records, 0);
	state_content_free(&g_content);
}

/* Bytes that JSON has to escape come back as they were. */
static void
test_escapes(void **state)
{
	static const char text[] = "{\"\\u0000\\n\\\"\":\"\\u20ac\\ud834\\udd1e,\\\"crc32c\\\":\"}";
	struct state_buf buf = { NULL };

	state_append_header(&buf, 1);
	append(&buf, 1, "a\"b\n", text);
	assert_int_equal(read_text(buf.data, buf.len), 0);
	assert_true(spdk_json_strequal(g_content.records[0].method, "a\"b\n"));
	assert_int_equal(g_content.records[0].params[1].len, 3);
	assert_memory_equal(g_content.records[0].params[1].start, "\0\n\"", 3);
	state_content_free(&g_content);
	state_buf_free(&buf);
}

/* A file cut at each byte: in the header it is refused, behind it whole lines are kept. */
static void
test_cut(void **state)
{
	static const char text[] = HEAD ONE TWO;
	const size_t head = strlen(HEAD), one = strlen(HEAD ONE);
	size_t len;

	for (len = 1; len < sizeof(text) - 1; len++) {
		if (len < head) {
			assert_int_equal(read_text(text, len), -EINVAL);
			assert_int_equal(g_error.line, 1);
			continue;
		}
		assert_int_equal(read_text(text, len), 0);
		assert_int_equal(g_content.num_records, len < one ? 0 : 1);
		assert_int_equal(g_content.good_bytes, len < one ? head : one);
		assert_int_equal(g_content.torn_line,
		                 len == head || len == one ? 0 : (len < one ? 2 : 3));
		state_content_free(&g_content);
	}
}

/* Each bit of a line that is whole is guarded. */
static void
test_flipped(void **state)
{
	char text[] = HEAD ONE TWO;
	const size_t head = strlen(HEAD);
	size_t i, len = strlen(text);
	int bit, rc;

	for (i = head; i < strlen(HEAD ONE); i++) {
		for (bit = 0; bit < 8; bit++) {
			text[i] = (char)(text[i] ^ (1 << bit));
			rc = read_text(text, len);
			text[i] = (char)(text[i] ^ (1 << bit));
			assert_int_equal(rc, -EINVAL);
			assert_int_equal(g_error.line, 2);
			assert_true(g_error.reason[0] != '\0' && g_error.remedy[0] != '\0');
		}
	}
}

struct bad {
	const char *text;
	uint32_t line;
	const char *reason;
};

static const struct bad bad_texts[] = {
	{ "\n", 1, "no JSON" },
	{ "7\n", 1, "no state file" },
	{ "[]\n", 1, "no state file" },
	{ "{\"gen\":1,\"v\":1}\n", 1, "gen\":N} is expected" },
	{ "{\"v\":0,\"gen\":1}\n", 1, "no state file" },
	{ "{\"v\":\"1\",\"gen\":1}\n", 1, "no state file" },
	{ "{\"v\":1,\"gen\":-1}\n", 1, "N from 1 on" },
	{ "{\"v\":1,\"gen\":1,\"x\":1}\n", 1, "gen\":N} is expected" },
	{ "{\"v\":2}\n", 1, "newer version" },
	{ "{\"v\":1,\"gen\":1} x\n", 1, "something stands behind" },
	{ HEAD "\n" ONE, 2, "it is empty" },
	{ HEAD TWO, 2, "its number is 2, and 1 is the next" },
	{ HEAD ONE ONE, 3, "its number is 1, and 2 is the next" },
	{ HEAD "{\"seq\":1,\"crc32c\":x}\n" ONE, 2, "no sum" },
	{ HEAD "{\"seq\":1,\"crc32c\":99999999999}\n" ONE, 2, "no sum" },
	{ HEAD "{\"seq\":1,\"crc32c\":1}\n" ONE, 2, "was changed" },
	/* Good sums of what is no change. */
	{ HEAD "{\"seq\":1,\"crc32c\":1049569019}\n", 2, "in this order" },
	{ HEAD "x,\"crc32c\":2839306131}\n", 2, "column 1" },
};

static void
test_bad(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(bad_texts); i++) {
		const struct bad *b = &bad_texts[i];

		assert_int_equal(read_text(b->text, strlen(b->text)), -EINVAL);
		assert_int_equal(g_error.line, b->line);
		if (strstr(g_error.reason, b->reason) == NULL && b->line > 1) {
			fail_msg("%s: %s", b->text, g_error.reason);
		}
		assert_non_null(strstr(g_error.remedy, b->line > 1 ? "head -n" : " file"));
		assert_int_equal(g_content.num_records, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),   cmocka_unit_test(test_read),
		cmocka_unit_test(test_escapes), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_flipped), cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests_name("state_text", tests, NULL, NULL);
}
