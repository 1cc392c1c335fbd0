/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The parser: one pass over the bytes, no recursion, no allocation. It turns a text into a flat
 * list of values whose start pointers lie in the text; strings are decoded in place on request,
 * which never makes them longer. Any bytes are safe: each read is preceded by a check against the
 * end, nesting is bounded by a stack of JSON_DEPTH_MAX entries, and a value that has no room in the
 * list is only counted. Any thread; pure.
 *
 * What may follow is one of six states:
 *   VALUE          a value                              (start, after "[x," and after "name:")
 *   VALUE_OR_END   a value or ']'                       (after '[')
 *   NAME           a name                               (after "{x:y,")
 *   NAME_OR_END    a name or '}'                        (after '{')
 *   COLON          ':'                                  (after a name)
 *   COMMA_OR_END   ',' or the end of the container      (after a value)
 */

#include "json_internal.h"

enum expect {
	VALUE,
	VALUE_OR_END,
	NAME,
	NAME_OR_END,
	COLON,
	COMMA_OR_END,
};

struct container {
	size_t begin; /* index of its *_BEGIN value */
	bool object;
};

struct parser {
	uint8_t *text;
	uint8_t *pos;
	uint8_t *end;
	struct spdk_json_val *values;
	size_t num_values; /* room */
	size_t count;      /* seen */
	uint32_t flags;
	enum expect expect;
	size_t depth;
	struct container stack[JSON_DEPTH_MAX];
	const char *reason;
	bool empty; /* no value at all */
};

static int
fail(struct parser *p, uint8_t *at, const char *reason)
{
	p->pos = at;
	p->reason = reason;
	return SPDK_JSON_PARSE_INVALID;
}

static int
incomplete(struct parser *p, const char *reason)
{
	p->pos = p->end;
	p->reason = reason;
	return SPDK_JSON_PARSE_INCOMPLETE;
}

static bool
has_room(const struct parser *p)
{
	return p->values != NULL && p->count < p->num_values;
}

static void
add_value(struct parser *p, enum spdk_json_val_type type, uint8_t *start, size_t len)
{
	if (has_room(p)) {
		p->values[p->count].start = start;
		p->values[p->count].len = (uint32_t)len;
		p->values[p->count].type = type;
	}
	p->count++;
}

static int
skip_comment(struct parser *p)
{
	uint8_t *start = p->pos;

	if (p->end - p->pos < 2) {
		return incomplete(p, "the text ends inside a comment");
	}
	p->pos += 2;
	if (start[1] == '/') {
		while (p->pos < p->end && *p->pos != '\n') {
			p->pos++;
		}
		return 0;
	}
	if (start[1] != '*') {
		return fail(p, start, "'/' starts no value");
	}
	for (; p->end - p->pos >= 2; p->pos++) {
		if (p->pos[0] == '*' && p->pos[1] == '/') {
			p->pos += 2;
			return 0;
		}
	}
	return incomplete(p, "the text ends inside a comment");
}

/* Go to the next byte that means something. 0, or an error inside a comment. */
static int
skip_space(struct parser *p)
{
	while (p->pos < p->end) {
		switch (*p->pos) {
		case ' ':
		case '\t':
		case '\r':
		case '\n':
			p->pos++;
			break;
		case '/':
			if ((p->flags & SPDK_JSON_PARSE_FLAG_ALLOW_COMMENTS) == 0) {
				return 0;
			} else {
				int rc = skip_comment(p);
				if (rc != 0) {
					return rc;
				}
			}
			break;
		default:
			return 0;
		}
	}
	return 0;
}

static int
parse_literal(struct parser *p, const char *word, enum spdk_json_val_type type)
{
	uint8_t *start = p->pos;
	size_t len = strlen(word), i;

	for (i = 0; i < len; i++) {
		if (start + i == p->end) {
			return incomplete(p, "the text ends inside a word");
		}
		if (start[i] != (uint8_t)word[i]) {
			return fail(p, start, "not a JSON word (true, false, null)");
		}
	}
	add_value(p, type, start, len);
	p->pos += len;
	return 0;
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* At least one digit at *pos. */
static int
skip_digits(struct parser *p, uint8_t **pos)
{
	if (*pos == p->end) {
		return incomplete(p, "the text ends inside a number");
	}
	if (!is_digit(**pos)) {
		return fail(p, *pos, "a digit is missing in the number");
	}
	while (*pos < p->end && is_digit(**pos)) {
		(*pos)++;
	}
	return 0;
}

static int
parse_number(struct parser *p)
{
	uint8_t *start = p->pos, *pos = start;
	int rc;

	if (*pos == '-') {
		pos++;
	}
	if (pos < p->end && *pos == '0') {
		pos++;
		if (pos < p->end && is_digit(*pos)) {
			return fail(p, pos, "a number can't start with 0");
		}
	} else if ((rc = skip_digits(p, &pos)) != 0) {
		return rc;
	}
	if (pos < p->end && *pos == '.') {
		pos++;
		rc = skip_digits(p, &pos);
		if (rc != 0) {
			return rc;
		}
	}
	if (pos < p->end && (*pos == 'e' || *pos == 'E')) {
		pos++;
		if (pos < p->end && (*pos == '+' || *pos == '-')) {
			pos++;
		}
		rc = skip_digits(p, &pos);
		if (rc != 0) {
			return rc;
		}
	}
	add_value(p, SPDK_JSON_VAL_NUMBER, start, (size_t)(pos - start));
	p->pos = pos;
	return 0;
}

static int
parse_string(struct parser *p, enum spdk_json_val_type type)
{
	struct json_string s = { .pos = p->pos + 1, .end = p->end };
	uint8_t *start = s.pos;
	bool decode = (p->flags & SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE) != 0 && has_room(p);
	int rc;

	s.out = decode ? start : NULL;
	rc = json_string_scan(&s);
	if (rc == SPDK_JSON_PARSE_INCOMPLETE) {
		return incomplete(p, "the text ends inside a string");
	} else if (rc != 0) {
		return fail(p, s.pos, s.reason);
	}
	add_value(p, type, start, decode ? (size_t)(s.out - start) : (size_t)(s.pos - start));
	p->pos = s.pos + 1;
	return 0;
}

static int
open_container(struct parser *p, bool object)
{
	if (p->depth == JSON_DEPTH_MAX) {
		p->reason = "more than 64 arrays and objects inside each other";
		return SPDK_JSON_PARSE_MAX_DEPTH_EXCEEDED;
	}
	p->stack[p->depth].begin = p->count;
	p->stack[p->depth].object = object;
	p->depth++;
	add_value(p, object ? SPDK_JSON_VAL_OBJECT_BEGIN : SPDK_JSON_VAL_ARRAY_BEGIN, p->pos, 0);
	p->expect = object ? NAME_OR_END : VALUE_OR_END;
	p->pos++;
	return 0;
}

static void
close_container(struct parser *p)
{
	struct container *c = &p->stack[--p->depth];

	if (p->values != NULL && c->begin < p->num_values) {
		p->values[c->begin].len = (uint32_t)(p->count - c->begin - 1);
	}
	add_value(p, c->object ? SPDK_JSON_VAL_OBJECT_END : SPDK_JSON_VAL_ARRAY_END, p->pos, 1);
	p->pos++;
	p->expect = COMMA_OR_END;
}

static int
parse_value(struct parser *p)
{
	p->expect = COMMA_OR_END;
	switch (*p->pos) {
	case '{':
		return open_container(p, true);
	case '[':
		return open_container(p, false);
	case '"':
		return parse_string(p, SPDK_JSON_VAL_STRING);
	case 't':
		return parse_literal(p, "true", SPDK_JSON_VAL_TRUE);
	case 'f':
		return parse_literal(p, "false", SPDK_JSON_VAL_FALSE);
	case 'n':
		return parse_literal(p, "null", SPDK_JSON_VAL_NULL);
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return parse_number(p);
	default:
		return fail(p, p->pos, "a value is expected here");
	}
}

static int
parse_comma_or_end(struct parser *p)
{
	bool object = p->stack[p->depth - 1].object;

	if (*p->pos == ',') {
		p->pos++;
		p->expect = object ? NAME : VALUE;
		return 0;
	}
	if (*p->pos == (object ? '}' : ']')) {
		close_container(p);
		return 0;
	}
	return fail(p, p->pos,
	            object ? "',' or '}' is expected here" : "',' or ']' is expected here");
}

static int
parse_step(struct parser *p)
{
	switch (p->expect) {
	case VALUE_OR_END:
		if (*p->pos == ']') {
			close_container(p);
			return 0;
		}
	/* fallthrough */
	case VALUE:
		return parse_value(p);
	case NAME_OR_END:
		if (*p->pos == '}') {
			close_container(p);
			return 0;
		}
	/* fallthrough */
	case NAME:
		if (*p->pos != '"') {
			return fail(p, p->pos, "a name in double quotes is expected here");
		}
		p->expect = COLON;
		return parse_string(p, SPDK_JSON_VAL_NAME);
	case COLON:
		if (*p->pos != ':') {
			return fail(p, p->pos, "':' is expected here");
		}
		p->pos++;
		p->expect = VALUE;
		return 0;
	case COMMA_OR_END:
		return parse_comma_or_end(p);
	}
	return SPDK_JSON_PARSE_INVALID;
}

static int
parse_text(struct parser *p)
{
	int rc;

	do {
		rc = skip_space(p);
		if (rc != 0) {
			return rc;
		}
		if (p->pos == p->end) {
			p->empty = p->count == 0;
			return incomplete(p, p->empty ? "the text is empty"
			                              : "the text ends inside a value");
		}
		rc = parse_step(p);
		if (rc != 0) {
			return rc;
		}
	} while (p->depth > 0 || p->expect != COMMA_OR_END);

	return 0;
}

ssize_t
json_parse(void *json, size_t size, struct spdk_json_val *values, size_t num_values, uint32_t flags,
           struct json_result *result)
{
	struct parser p = {
		.text = json,
		.pos = json,
		.values = values,
		.num_values = num_values,
		.flags = flags,
		.expect = VALUE,
	};
	int rc;

	if (size > UINT32_MAX) {
		p.reason = "longer than 4 GiB";
		rc = SPDK_JSON_PARSE_INVALID;
	} else {
		p.end = size > 0 ? p.pos + size : p.pos;
		rc = parse_text(&p);
	}
	memset(result, 0, sizeof(*result));
	result->end = p.pos;
	result->offset = (size_t)(p.pos - p.text);
	if (rc == 0) {
		return (ssize_t)p.count;
	}
	result->reason = p.reason;
	result->empty = p.empty;
	json_locate(json, size, result->offset, &result->line, &result->column);
	return rc;
}

ssize_t
spdk_json_parse(void *json, size_t size, struct spdk_json_val *values, size_t num_values,
                void **end, uint32_t flags)
{
	struct json_result result;
	ssize_t rc = json_parse(json, size, values, num_values, flags, &result);

	if (end != NULL) {
		*end = result.end;
	}
	return rc;
}

void
json_locate(const void *json, size_t size, size_t offset, uint32_t *line, uint32_t *column)
{
	const char *text = json;
	size_t i, line_start = 0;

	*line = 1;
	for (i = 0; i < offset && i < size; i++) {
		if (text[i] == '\n') {
			(*line)++;
			line_start = i + 1;
		}
	}
	*column = (uint32_t)(i - line_start) + 1;
}
