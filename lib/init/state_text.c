/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The lines of a state file. Pure.
 *
 *	{"v":1,"gen":3}
 *	{"seq":1,"method":"bdev_null_create","params":{...},"crc32c":3735928559}
 *	{"seq":2,...
 *
 * The CRC-32C is of the line's bytes up to ',"crc32c"'. Numbers count up from 1, so a line that is
 * missing or there twice is seen. One record at a time is written and synced, so of what a crash
 * tears there is at most one, at the end: without its newline, or with zeros where a page of it did
 * not reach the disk. JSON has neither. Anything else that is wrong was not done by a crash, and is
 * an error with its line. */

#include "spdk/crc32.h"
#include "spdk/util.h"
#include "spdk_internal/json.h"
#include "state_internal.h"

#define CRC_MEMBER ",\"crc32c\":"

void
state_buf_append(struct state_buf *buf, const void *data, size_t len)
{
	size_t need = buf->len + len, cap;
	char *p;

	if (buf->failed) {
		return;
	}
	if (need > buf->cap) {
		cap = spdk_max(need, buf->cap + buf->cap / 2);
		p = realloc(buf->data, cap);
		if (p == NULL) {
			buf->failed = true;
			return;
		}
		buf->data = p;
		buf->cap = cap;
	}
	if (len > 0) {
		memcpy(buf->data + buf->len, data, len);
	}
	buf->len = need;
}

static int
write_to_buf(void *ctx, const void *data, size_t size)
{
	struct state_buf *buf = ctx;

	state_buf_append(buf, data, size);
	return buf->failed ? -ENOMEM : 0;
}

struct spdk_json_write_ctx *
state_buf_write_begin(struct state_buf *buf)
{
	return spdk_json_write_begin(write_to_buf, buf, 0);
}

void
state_buf_free(struct state_buf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}

/* ---- Writing ---- */

static uint32_t
crc_of(const void *data, size_t len)
{
	return ~spdk_crc32c_update(data, len, ~UINT32_C(0));
}

void
state_append_header(struct state_buf *out, uint64_t gen)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "{\"v\":%d,\"gen\":%" PRIu64 "}\n", STATE_VERSION,
	                   gen);

	state_buf_append(out, line, (size_t)len);
}

void
state_append_record(struct state_buf *out, uint64_t seq, const struct spdk_json_val *method,
                    const struct spdk_json_val *params)
{
	struct spdk_json_write_ctx *w;
	size_t start = out->len;
	char end[32];
	int len;

	w = state_buf_write_begin(out);
	if (w == NULL) {
		out->failed = true;
		return;
	}
	spdk_json_write_object_begin(w);
	spdk_json_write_named_uint64(w, "seq", seq);
	spdk_json_write_name(w, "method");
	spdk_json_write_val(w, method);
	spdk_json_write_name(w, "params");
	if (params != NULL) {
		spdk_json_write_val(w, params);
	} else {
		spdk_json_write_null(w);
	}
	spdk_json_write_object_end(w);
	if (spdk_json_write_end(w) != 0 || out->failed) {
		out->failed = true;
		return;
	}
	out->len--; /* the brace */
	len = snprintf(end, sizeof(end), CRC_MEMBER "%" PRIu32 "}\n",
	               crc_of(out->data + start, out->len - start));
	state_buf_append(out, end, (size_t)len);
}

/* ---- Reading ---- */

struct reader {
	const char *path;
	struct state_error *error;
	uint32_t line;
};

static int __attribute__((format(printf, 2, 3))) bad_line(struct reader *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->error->reason, sizeof(r->error->reason), fmt, args);
	va_end(args);
	r->error->line = r->line;
	if (r->line == 1) {
		snprintf(r->error->remedy, sizeof(r->error->remedy),
		         "give a state file, or restore it from a copy");
	} else {
		snprintf(
		        r->error->remedy, sizeof(r->error->remedy),
		        "restore it from a copy, or keep only what comes before: head -n %u %.100s",
		        r->line - 1, r->path);
	}
	return -EINVAL;
}

/* A private copy of a line, parsed. 0, -EINVAL and the reason, -ENOMEM. */
static int
parse_line(struct reader *r, const char *line, size_t len, char **text,
           struct spdk_json_val **values)
{
	struct json_result result;
	ssize_t num;

	num = json_parse((void *)(uintptr_t)line, len, NULL, 0, 0, &result);
	if (num < 0) {
		return bad_line(r, "column %u: %s", result.column,
		                result.reason != NULL ? result.reason : "no JSON");
	}
	if ((const char *)result.end != line + len) {
		return bad_line(r, "something stands behind the object");
	}
	*text = malloc(len);
	*values = calloc((size_t)num, sizeof(**values));
	if (*text == NULL || *values == NULL) {
		free(*text);
		free(*values);
		*text = NULL;
		*values = NULL;
		return -ENOMEM;
	}
	memcpy(*text, line, len);
	spdk_json_parse(*text, len, *values, (size_t)num, NULL,
	                SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE);
	return 0;
}

/* The values of an object that has just these members, in this order. */
static bool
take_members(const struct spdk_json_val *object, const char *const *names,
             const struct spdk_json_val **out, size_t num)
{
	const struct spdk_json_val *name, *end;
	size_t i = 0;

	if (object->type != SPDK_JSON_VAL_OBJECT_BEGIN) {
		return false;
	}
	end = object + 1 + object->len;
	for (name = object + 1; name < end; name += 1 + spdk_json_val_len(name + 1)) {
		if (i == num || !spdk_json_strequal(name, names[i])) {
			return false;
		}
		out[i++] = name + 1;
	}
	return i == num;
}

static int
read_header(struct reader *r, const char *line, size_t len, uint64_t *gen)
{
	static const char *const names[] = { "v", "gen" };
	const struct spdk_json_val *m[2];
	struct spdk_json_val *values = NULL, *val;
	char *text = NULL;
	uint64_t version = 0;
	int rc;

	rc = parse_line(r, line, len, &text, &values);
	if (rc != 0) {
		return rc;
	}
	if (values->type != SPDK_JSON_VAL_OBJECT_BEGIN ||
	    spdk_json_find(values, "v", NULL, &val, SPDK_JSON_VAL_NUMBER) != 0 ||
	    spdk_json_number_to_uint64(val, &version) != 0 || version == 0) {
		rc = bad_line(r, "it is no state file: {\"v\":%d,\"gen\":N} is expected first",
		              STATE_VERSION);
	} else if (version > STATE_VERSION) {
		rc = bad_line(r, "a newer version wrote it: format %" PRIu64 ", and %d is known",
		              version, STATE_VERSION);
		snprintf(r->error->remedy, sizeof(r->error->remedy),
		         "start the version that wrote it, or give another file");
	} else if (!take_members(values, names, m, SPDK_COUNTOF(names)) ||
	           spdk_json_number_to_uint64(m[1], gen) != 0 || *gen == 0) {
		rc = bad_line(r, "{\"v\":%d,\"gen\":N} is expected, and N from 1 on",
		              STATE_VERSION);
	}
	free(text);
	free(values);
	return rc;
}

/* Before anything is believed: the sum over all but itself. */
static int
check_crc(struct reader *r, const char *line, size_t len)
{
	const char *p, *found = NULL;
	uint64_t want = 0;
	size_t n = sizeof(CRC_MEMBER) - 1;

	for (p = line; (p = memmem(p, (size_t)(line + len - p), CRC_MEMBER, n)) != NULL; p++) {
		found = p;
	}
	if (found == NULL || line[len - 1] != '}') {
		return bad_line(r, "\"crc32c\" is missing at its end");
	}
	for (p = found + n; p < line + len - 1; p++) {
		if (*p < '0' || *p > '9' || want > UINT32_MAX) {
			return bad_line(r, "\"crc32c\" is no sum");
		}
		want = want * 10 + (uint64_t)(*p - '0');
	}
	if (want != crc_of(line, (size_t)(found - line))) {
		return bad_line(r, "it was changed: its sum is %" PRIu32 ", not %" PRIu64,
		                crc_of(line, (size_t)(found - line)), want);
	}
	return 0;
}

static int
read_record(struct reader *r, const char *line, size_t len, struct state_record *record)
{
	static const char *const names[] = { "seq", "method", "params", "crc32c" };
	const struct spdk_json_val *m[4];
	uint64_t seq;
	int rc;

	if (len > STATE_LINE_MAX) {
		return bad_line(r, "it is longer than %d bytes", STATE_LINE_MAX);
	}
	if (len == 0) {
		return bad_line(r, "it is empty");
	}
	rc = check_crc(r, line, len);
	if (rc != 0) {
		return rc;
	}
	rc = parse_line(r, line, len, &record->text, &record->values);
	if (rc != 0) {
		return rc;
	}
	if (!take_members(record->values, names, m, SPDK_COUNTOF(names)) ||
	    spdk_json_number_to_uint64(m[0], &seq) != 0 || m[1]->type != SPDK_JSON_VAL_STRING) {
		return bad_line(r, "seq, method, params and crc32c are expected, in this order");
	}
	if (seq != r->line - 1) {
		return bad_line(r,
		                "its number is %" PRIu64 ", and %u is the next: a line is "
		                "missing, or there twice",
		                seq, r->line - 1);
	}
	record->line = r->line;
	record->method = m[1];
	record->params = m[2]->type == SPDK_JSON_VAL_NULL ? NULL : m[2];
	return 0;
}

static size_t
count_lines(const char *data, size_t len)
{
	const char *p = data, *end = data + len;
	size_t num = 0;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		num++;
		p++;
	}
	return num;
}

static int
read_lines(struct reader *r, const char *data, size_t len, struct state_content *c)
{
	const char *line = data, *end = data + len, *newline;
	size_t n;
	int rc = 0;

	while (line < end && rc == 0) {
		newline = memchr(line, '\n', (size_t)(end - line));
		n = newline != NULL ? (size_t)(newline - line) : (size_t)(end - line);
		r->line++;
		if (r->line > 1 &&
		    (newline == NULL || (newline + 1 == end && memchr(line, '\0', n) != NULL))) {
			c->torn_line = r->line;
			return 0;
		}
		if (r->line > 1) {
			rc = read_record(r, line, n, &c->records[c->num_records++]);
		} else if (newline != NULL) {
			rc = read_header(r, line, n, &c->gen);
		} else {
			rc = bad_line(r, "it is no state file: its first line has no end");
		}
		line += n + 1;
		c->good_bytes = (size_t)(line - data);
	}
	return rc;
}

int
state_read(const char *path, const char *data, size_t len, struct state_content *content,
           struct state_error *error)
{
	struct reader r = { .path = path, .error = error };
	int rc;

	memset(content, 0, sizeof(*content));
	memset(error, 0, sizeof(*error));
	content->records = calloc(count_lines(data, len) + 1, sizeof(*content->records));
	if (content->records == NULL) {
		return -ENOMEM;
	}
	rc = read_lines(&r, data, len, content);
	if (rc != 0) {
		state_content_free(content);
	}
	return rc;
}

void
state_content_free(struct state_content *content)
{
	size_t i;

	for (i = 0; i < content->num_records; i++) {
		free(content->records[i].text);
		free(content->records[i].values);
	}
	free(content->records);
	memset(content, 0, sizeof(*content));
}
