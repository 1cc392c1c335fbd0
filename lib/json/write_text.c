/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Scalars and strings of the writer. What is not valid Unicode comes out as U+FFFD, so that the
 * text is valid JSON whatever a peer's name contains. One thread at a time. */

#include "write_internal.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk/uuid.h"

#define REPLACEMENT 0xFFFDu

int
spdk_json_write_null(struct spdk_json_write_ctx *w)
{
	return spdk_json_write_val_raw(w, "null", 4);
}

int
spdk_json_write_bool(struct spdk_json_write_ctx *w, bool val)
{
	return val ? spdk_json_write_val_raw(w, "true", 4) : spdk_json_write_val_raw(w, "false", 5);
}

int
spdk_json_write_uint8(struct spdk_json_write_ctx *w, uint8_t val)
{
	return spdk_json_write_uint64(w, val);
}

int
spdk_json_write_uint16(struct spdk_json_write_ctx *w, uint16_t val)
{
	return spdk_json_write_uint64(w, val);
}

int
spdk_json_write_int32(struct spdk_json_write_ctx *w, int32_t val)
{
	return spdk_json_write_int64(w, val);
}

int
spdk_json_write_uint32(struct spdk_json_write_ctx *w, uint32_t val)
{
	return spdk_json_write_uint64(w, val);
}

int
spdk_json_write_int64(struct spdk_json_write_ctx *w, int64_t val)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%" PRId64, val);

	return spdk_json_write_val_raw(w, text, (size_t)n);
}

int
spdk_json_write_uint64(struct spdk_json_write_ctx *w, uint64_t val)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%" PRIu64, val);

	return spdk_json_write_val_raw(w, text, (size_t)n);
}

int
spdk_json_write_uint128(struct spdk_json_write_ctx *w, uint64_t low_val, uint64_t high_val)
{
	unsigned __int128 val = (unsigned __int128)high_val << 64 | low_val;
	char text[40], *p = text + sizeof(text);

	do {
		*--p = (char)('0' + (int)(val % 10));
		val /= 10;
	} while (val != 0);
	return spdk_json_write_val_raw(w, p, (size_t)(text + sizeof(text) - p));
}

int
spdk_json_write_double(struct spdk_json_write_ctx *w, double val)
{
	char text[40];
	int n;

	if (val != val || val - val != 0) {
		return spdk_json_write_null(w); /* JSON has no NaN and no infinity */
	}
	n = snprintf(text, sizeof(text), "%.17g", val);
	return spdk_json_write_val_raw(w, text, (size_t)n);
}

/* One character of a string, escaped where JSON wants it. */
static int
write_char(struct spdk_json_write_ctx *w, uint32_t c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	uint8_t utf8[8];
	const char *found;
	size_t n;

	found = c > 0 && c < 0x80 ? strchr(from, (int)c) : NULL;
	if (found != NULL) {
		utf8[0] = '\\';
		utf8[1] = (uint8_t)to[found - from];
		n = 2;
	} else if (c < 0x20) {
		n = (size_t)snprintf((char *)utf8, sizeof(utf8), "\\u%04x", c);
	} else {
		n = json_utf8_encode(utf8, c);
	}
	return json_write_emit(w, utf8, n);
}

/* A run of plain bytes goes out at once; anything else one by one. */
static int
write_quoted(struct spdk_json_write_ctx *w, const char *val, size_t len)
{
	const uint8_t *p = (const uint8_t *)val, *end = p + len, *plain;
	int n;

	json_write_emit(w, "\"", 1);
	while (p < end) {
		plain = p;
		n = 1;
		while (p < end && *p >= 0x20 && *p != '"' && *p != '\\') {
			if (*p >= 0x80) {
				n = json_utf8_len(p, (size_t)(end - p));
				if (n <= 0) {
					break;
				}
				p += n - 1;
			}
			p++;
		}
		json_write_emit(w, plain, (size_t)(p - plain));
		if (p < end) {
			write_char(w, n <= 0 ? REPLACEMENT : *p);
			p++;
		}
	}
	return json_write_emit(w, "\"", 1);
}

int
spdk_json_write_string_raw(struct spdk_json_write_ctx *w, const char *val, size_t len)
{
	if (json_write_start_value(w) != 0) {
		return -1;
	}
	return write_quoted(w, val, len);
}

int
spdk_json_write_string(struct spdk_json_write_ctx *w, const char *val)
{
	return spdk_json_write_string_raw(w, val, strlen(val));
}

int
spdk_json_write_name_raw(struct spdk_json_write_ctx *w, const char *name, size_t len)
{
	if (json_write_start_value(w) != 0 || write_quoted(w, name, len) != 0) {
		return -1;
	}
	return json_write_end_name(w);
}

int
spdk_json_write_name(struct spdk_json_write_ctx *w, const char *name)
{
	return spdk_json_write_name_raw(w, name, strlen(name));
}

int
spdk_json_write_string_utf16le_raw(struct spdk_json_write_ctx *w, const uint16_t *val, size_t len)
{
	size_t i;
	uint32_t c;

	if (json_write_start_value(w) != 0) {
		return -1;
	}
	json_write_emit(w, "\"", 1);
	for (i = 0; i < len; i++) {
		c = le16toh(val[i]);
		if (c >= 0xD800 && c <= 0xDBFF && i + 1 < len &&
		    (le16toh(val[i + 1]) & 0xFC00) == 0xDC00) {
			i++;
			c = 0x10000 + ((c - 0xD800) << 10) + (le16toh(val[i]) - 0xDC00u);
		} else if (c >= 0xD800 && c <= 0xDFFF) {
			c = REPLACEMENT;
		}
		write_char(w, c);
	}
	return json_write_emit(w, "\"", 1);
}

int
spdk_json_write_string_utf16le(struct spdk_json_write_ctx *w, const uint16_t *val)
{
	size_t len = 0;

	while (val[len] != 0) {
		len++;
	}
	return spdk_json_write_string_utf16le_raw(w, val, len);
}

int
spdk_json_write_string_fmt_v(struct spdk_json_write_ctx *w, const char *fmt, va_list args)
{
	char *text = spdk_vsprintf_alloc(fmt, args);
	int rc;

	if (text == NULL) {
		w->failed = true;
		return -1;
	}
	rc = spdk_json_write_string(w, text);
	free(text);
	return rc;
}

int
spdk_json_write_string_fmt(struct spdk_json_write_ctx *w, const char *fmt, ...)
{
	va_list args;
	int rc;

	va_start(args, fmt);
	rc = spdk_json_write_string_fmt_v(w, fmt, args);
	va_end(args);
	return rc;
}

int
spdk_json_write_bytearray(struct spdk_json_write_ctx *w, const void *val, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	const uint8_t *p = val;
	char pair[2];
	size_t i;

	if (json_write_start_value(w) != 0) {
		return -1;
	}
	json_write_emit(w, "\"", 1);
	for (i = 0; i < len; i++) {
		pair[0] = digits[p[i] >> 4];
		pair[1] = digits[p[i] & 0xF];
		json_write_emit(w, pair, 2);
	}
	return json_write_emit(w, "\"", 1);
}

int
spdk_json_write_uuid(struct spdk_json_write_ctx *w, const struct spdk_uuid *uuid)
{
	char text[SPDK_UUID_STRING_LEN];

	if (spdk_uuid_fmt_lower(text, sizeof(text), uuid) != 0) {
		w->failed = true;
		return -1;
	}
	return spdk_json_write_string(w, text);
}
