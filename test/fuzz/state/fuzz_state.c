/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Any bytes as a state file. Beyond not crashing: what is refused says line, reason and remedy;
 * what is read, written again, gives the same lines; and what follows a good file does not change
 * what was read of it.
 */

#include "spdk/log.h"
#include "state_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond) \
	do { \
		if (!(cond)) { \
			abort(); \
		} \
	} while (0)

static void
check_error(const struct state_error *error, const struct state_content *content)
{
	CHECK(error->line > 0 && error->reason[0] != '\0' && error->remedy[0] != '\0');
	CHECK(memchr(error->reason, '\0', sizeof(error->reason)) != NULL);
	CHECK(content->records == NULL && content->num_records == 0);
}

/* Lines as this program writes them come out byte by byte as they came in; others (with blanks,
 * say) by what they mean. */
static void
check_content(const char *data, size_t size, const struct state_content *content)
{
	struct state_content again;
	struct state_error error;
	struct state_buf buf = { NULL };
	size_t i;

	CHECK(content->gen > 0 && content->good_bytes <= size);
	CHECK(content->torn_line == 0 || content->torn_line == content->num_records + 2);
	CHECK(content->torn_line != 0 || content->good_bytes == size);
	state_append_header(&buf, content->gen);
	for (i = 0; i < content->num_records; i++) {
		CHECK(content->records[i].line == i + 2);
		state_append_record(&buf, i + 1, content->records[i].method,
		                    content->records[i].params);
	}
	CHECK(!buf.failed);
	CHECK(state_read("FILE", buf.data, buf.len, &again, &error) == 0);
	CHECK(again.num_records == content->num_records && again.gen == content->gen);
	CHECK(again.torn_line == 0);
	for (i = 0; i < again.num_records; i++) {
		CHECK(again.records[i].method->len == content->records[i].method->len);
		CHECK((again.records[i].params == NULL) == (content->records[i].params == NULL));
	}
	state_content_free(&again);
	state_buf_free(&buf);
}

/* The whole lines of a file alone say the same as with what is torn behind them. */
static void
check_cut(const char *data, const struct state_content *content)
{
	struct state_content cut;
	struct state_error error;

	CHECK(state_read("FILE", data, content->good_bytes, &cut, &error) == 0);
	CHECK(cut.num_records == content->num_records && cut.torn_line == 0);
	state_content_free(&cut);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state_content content;
	struct state_error error;
	int rc;

	rc = state_read("FILE", (const char *)data, size, &content, &error);
	if (size == 0) {
		/* The caller takes an empty file as none. */
		CHECK(rc == 0);
		state_content_free(&content);
		return 0;
	}
	if (rc != 0) {
		CHECK(rc == -EINVAL);
		check_error(&error, &content);
		return 0;
	}
	check_content((const char *)data, size, &content);
	check_cut((const char *)data, &content);
	state_content_free(&content);
	return 0;
}
