/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Strings: UTF-8 and escapes, checked and decoded. Overlong forms, surrogates, and values above
 * U+10FFFF are refused, and so are control characters and half surrogate pairs in escapes. A
 * decoded string is never longer than its text, so that it can take its text's place. Any thread;
 * pure. */

#include "json_internal.h"

int
json_utf8_len(const uint8_t *p, size_t avail)
{
	uint8_t lo = 0x80, hi = 0xBF;
	size_t i, len;

	if (p[0] < 0x80) {
		return 1;
	} else if (p[0] >= 0xC2 && p[0] <= 0xDF) {
		len = 2;
	} else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
		len = 3;
		lo = p[0] == 0xE0 ? 0xA0 : lo; /* overlong */
		hi = p[0] == 0xED ? 0x9F : hi; /* surrogates */
	} else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
		len = 4;
		lo = p[0] == 0xF0 ? 0x90 : lo; /* overlong */
		hi = p[0] == 0xF4 ? 0x8F : hi; /* above U+10FFFF */
	} else {
		return 0;
	}

	for (i = 1; i < len; i++) {
		if (i == avail) {
			return -1;
		}
		if (p[i] < lo || p[i] > hi) {
			return 0;
		}
		lo = 0x80;
		hi = 0xBF;
	}
	return (int)len;
}

size_t
json_utf8_encode(uint8_t *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xC0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xE0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
		out[2] = (uint8_t)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (uint8_t)(0xF0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
	out[3] = (uint8_t)(0x80 | (c & 0x3F));
	return 4;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	} else if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	} else if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

static int
fail(struct json_string *s, const char *reason)
{
	s->reason = reason;
	return SPDK_JSON_PARSE_INVALID;
}

/* The four digits at s->pos. */
static int
scan_hex4(struct json_string *s, uint32_t *value)
{
	int i, digit;

	*value = 0;
	for (i = 0; i < 4; i++, s->pos++) {
		if (s->pos == s->end) {
			return SPDK_JSON_PARSE_INCOMPLETE;
		}
		digit = hex_digit(*s->pos);
		if (digit < 0) {
			return fail(s, "four hexadecimal digits are expected behind \\u");
		}
		*value = *value << 4 | (uint32_t)digit;
	}
	return 0;
}

/* Behind "\u". A pair of surrogates makes one character. */
static int
scan_unicode(struct json_string *s, uint32_t *c)
{
	uint32_t low;
	int rc;

	rc = scan_hex4(s, c);
	if (rc != 0 || *c < 0xD800 || *c > 0xDFFF) {
		return rc;
	}
	if (*c >= 0xDC00) {
		return fail(s, "a low surrogate without a high one");
	}
	if (s->pos == s->end || (s->end - s->pos == 1 && s->pos[0] == '\\')) {
		return SPDK_JSON_PARSE_INCOMPLETE;
	}
	if (s->pos[0] != '\\' || s->pos[1] != 'u') {
		return fail(s, "a high surrogate without a low one");
	}
	s->pos += 2;
	rc = scan_hex4(s, &low);
	if (rc != 0) {
		return rc;
	}
	if (low < 0xDC00 || low > 0xDFFF) {
		return fail(s, "a high surrogate without a low one");
	}
	*c = 0x10000 + ((*c - 0xD800) << 10) + (low - 0xDC00);
	return 0;
}

/* At the backslash. */
static int
scan_escape(struct json_string *s, uint32_t *c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (s->end - s->pos < 2) {
		return SPDK_JSON_PARSE_INCOMPLETE;
	}
	if (s->pos[1] == 'u') {
		s->pos += 2;
		return scan_unicode(s, c);
	}
	found = s->pos[1] == '\0' ? NULL : strchr(from, s->pos[1]);
	if (found == NULL) {
		return fail(s, "not an escape that JSON knows");
	}
	*c = (uint8_t)to[found - from];
	s->pos += 2;
	return 0;
}

static int
scan(struct json_string *s)
{
	uint32_t c;
	int rc, len;

	while (s->pos < s->end && *s->pos != '"') {
		if (*s->pos == '\\') {
			rc = scan_escape(s, &c);
			if (rc != 0) {
				return rc;
			}
			if (s->out != NULL) {
				s->out += json_utf8_encode(s->out, c);
			}
			continue;
		}
		if (*s->pos < 0x20) {
			return fail(s, "a control character in a string");
		}
		len = json_utf8_len(s->pos, (size_t)(s->end - s->pos));
		if (len <= 0) {
			return len < 0 ? SPDK_JSON_PARSE_INCOMPLETE : fail(s, "not valid UTF-8");
		}
		if (s->out != NULL) {
			memmove(s->out, s->pos, (size_t)len);
			s->out += len;
		}
		s->pos += len;
	}
	return s->pos == s->end ? SPDK_JSON_PARSE_INCOMPLETE : 0;
}

int
json_string_scan(struct json_string *s)
{
	struct json_string check = { .pos = s->pos, .end = s->end };
	int rc;

	rc = scan(&check);
	if (rc == 0 && s->out != NULL) {
		return scan(s);
	}
	s->pos = check.pos;
	s->reason = check.reason;
	return rc;
}
