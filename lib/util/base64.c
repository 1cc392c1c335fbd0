/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Base64 (RFC 4648), both alphabets, with padding. A decode checks the whole text before it writes,
 * so a wrong one leaves the destination alone. Bits behind the last byte are not looked at. Pure.
 */

#include "spdk/base64.h"

static const char g_standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char g_urlsafe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int
encode(const char *alphabet, char *dst, const void *src, size_t src_len)
{
	const uint8_t *in = src;
	uint32_t group;
	size_t i;

	if (dst == NULL || src == NULL || src_len == 0) {
		return -EINVAL;
	}
	for (i = 0; i < src_len; i += 3) {
		group = (uint32_t)in[i] << 16;
		group |= i + 1 < src_len ? (uint32_t)in[i + 1] << 8 : 0;
		group |= i + 2 < src_len ? in[i + 2] : 0;
		*dst++ = alphabet[group >> 18];
		*dst++ = alphabet[group >> 12 & 63];
		*dst++ = i + 1 < src_len ? alphabet[group >> 6 & 63] : '=';
		*dst++ = i + 2 < src_len ? alphabet[group & 63] : '=';
	}
	*dst = '\0';
	return 0;
}

/* 0 to 63, or -1. */
static int
value_of(const char *alphabet, char c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	if (c == alphabet[62]) {
		return 62;
	}
	return c == alphabet[63] ? 63 : -1;
}

static int
decode(const char *alphabet, void *dst, size_t *dst_len, const char *src)
{
	size_t chars, digits, bytes, i;
	uint32_t group = 0;
	uint8_t *out = dst;

	chars = src != NULL ? strlen(src) : 0;
	if (chars == 0 || chars % 4 != 0) {
		return -EINVAL;
	}
	digits = chars - (src[chars - 1] == '=') - (src[chars - 1] == '=' && src[chars - 2] == '=');
	for (i = 0; i < digits; i++) {
		if (value_of(alphabet, src[i]) < 0) {
			return -EINVAL;
		}
	}
	bytes = digits * 6 / 8;
	if (dst_len != NULL) {
		*dst_len = bytes;
	}
	if (out == NULL) {
		return 0;
	}
	for (i = 0; i < digits; i++) {
		group = group << 6 | (uint32_t)value_of(alphabet, src[i]);
		if (i % 4 != 0) {
			*out++ = (uint8_t)(group >> (6 - 2 * (i % 4)));
		}
	}
	return 0;
}

int
spdk_base64_encode(char *dst, const void *src, size_t src_len)
{
	return encode(g_standard, dst, src, src_len);
}

int
spdk_base64_urlsafe_encode(char *dst, const void *src, size_t src_len)
{
	return encode(g_urlsafe, dst, src, src_len);
}

int
spdk_base64_decode(void *dst, size_t *dst_len, const char *src)
{
	return decode(g_standard, dst, dst_len, src);
}

int
spdk_base64_urlsafe_decode(void *dst, size_t *dst_len, const char *src)
{
	return decode(g_urlsafe, dst, dst_len, src);
}
