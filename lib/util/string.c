/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Strings: formatting into memory of the right size, trimming, padding, replacing. Everything works
 * on the caller's memory or returns memory from malloc(); any thread.
 */

#include "spdk/string.h"
#include "spdk/util.h"

char *
spdk_vsprintf_append_realloc(char *buffer, const char *format, va_list args)
{
	size_t old_len = buffer != NULL ? strlen(buffer) : 0;
	va_list copy;
	char *grown;
	int len;

	va_copy(copy, args);
	len = vsnprintf(NULL, 0, format, copy);
	va_end(copy);
	if (len < 0) {
		return NULL;
	}
	grown = realloc(buffer, old_len + (size_t)len + 1);
	if (grown == NULL) {
		return NULL;
	}
	vsnprintf(grown + old_len, (size_t)len + 1, format, args);
	return grown;
}

char *
spdk_sprintf_append_realloc(char *buffer, const char *format, ...)
{
	va_list args;
	char *ret;

	va_start(args, format);
	ret = spdk_vsprintf_append_realloc(buffer, format, args);
	va_end(args);
	return ret;
}

char *
spdk_vsprintf_alloc(const char *format, va_list args)
{
	return spdk_vsprintf_append_realloc(NULL, format, args);
}

char *
spdk_sprintf_alloc(const char *format, ...)
{
	va_list args;
	char *ret;

	va_start(args, format);
	ret = spdk_vsprintf_alloc(format, args);
	va_end(args);
	return ret;
}

char *
spdk_strlwr(char *s)
{
	char *p;

	if (s == NULL) {
		return NULL;
	}
	for (p = s; *p != '\0'; p++) {
		*p = (char)tolower((unsigned char)*p);
	}
	return s;
}

/*
 * Move *in behind one character of a field and say whether it belongs to it. Outside quotes a
 * quote opens them; inside, the same quote closes them and a backslash takes the next character as
 * it is.
 */
static bool
field_char(const char **in, char *quote, char *c)
{
	*c = *(*in)++;
	if (*quote == '\0') {
		if (*c == '"' || *c == '\'') {
			*quote = *c;
			return false;
		}
		return true;
	}
	if (*c == *quote) {
		*quote = '\0';
		return false;
	}
	if (*c == '\\' && **in != '\0') {
		*c = *(*in)++;
	}
	return true;
}

char *
spdk_strsepq(char **stringp, const char *delim)
{
	const char *in;
	char *start = *stringp, *out;
	char quote = '\0', c;

	if (start == NULL) {
		return NULL;
	}
	start += strspn(start, delim);
	/* The field is written over itself, without its quotes: out is never ahead of in. */
	for (in = out = start; *in != '\0';) {
		if (quote == '\0' && strchr(delim, *in) != NULL) {
			break;
		}
		if (field_char(&in, &quote, &c)) {
			*out++ = c;
		}
	}
	if (*in == '\0') {
		*stringp = NULL;
	} else {
		in++;
		in += strspn(in, delim);
		*stringp = *in != '\0' ? start + (in - start) : NULL;
	}
	*out = '\0';
	return start;
}

char *
spdk_str_trim(char *s)
{
	char *begin = s, *end;

	if (s == NULL) {
		return NULL;
	}
	while (isspace((unsigned char)*begin)) {
		begin++;
	}
	end = begin + strlen(begin);
	while (end > begin && isspace((unsigned char)end[-1])) {
		end--;
	}
	memmove(s, begin, (size_t)(end - begin));
	s[end - begin] = '\0';
	return s;
}

void
spdk_strerror_r(int errnum, char *buf, size_t buflen)
{
	if (buflen > 0) {
		snprintf(buf, buflen, "%s", spdk_strerror(errnum));
	}
}

const char *
spdk_strerror(int errnum)
{
	/* The C library keeps the text of an unknown number in the thread's own memory. */
	return strerror(errnum);
}

size_t
spdk_str_chomp(char *s)
{
	size_t len = strlen(s), removed = 0;

	while (len > 0 && (s[len - 1] == '\n' || s[len - 1] == '\r')) {
		s[--len] = '\0';
		removed++;
	}
	return removed;
}

void
spdk_strcpy_pad(void *dst, const char *src, size_t size, int pad)
{
	size_t len = strnlen(src, size);

	memcpy(dst, src, len);
	memset((char *)dst + len, pad, size - len);
}

size_t
spdk_strlen_pad(const void *str, size_t size, int pad)
{
	const uint8_t *bytes = str;

	while (size > 0 && bytes[size - 1] == (uint8_t)pad) {
		size--;
	}
	return size;
}

bool
spdk_mem_all_zero(const void *data, size_t size)
{
	const uint8_t *bytes = data;

	/* All bytes equal the one before them, and the first is 0. */
	return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

int
spdk_strcpy_replace(char *dst, size_t size, const char *src, const char *search,
                    const char *replace)
{
	size_t search_len, piece, used = 0;
	const char *hit, *part;

	if (dst == NULL || src == NULL || search == NULL || replace == NULL || search[0] == '\0') {
		return -EINVAL;
	}
	search_len = strlen(search);
	while (*src != '\0') {
		hit = strstr(src, search);
		/* Either what is before the hit, or the replacement for it. */
		if (hit == src) {
			part = replace;
			piece = strlen(replace);
			src += search_len;
		} else {
			part = src;
			piece = hit != NULL ? (size_t)(hit - src) : strlen(src);
			src += piece;
		}
		if (piece >= size - spdk_min(used, size)) {
			return -EINVAL;
		}
		memcpy(dst + used, part, piece);
		used += piece;
	}
	if (used >= size) {
		return -EINVAL;
	}
	dst[used] = '\0';
	return 0;
}
