/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Bytes as hexadecimal digits, and back. Pure but for the memory of the result. */

#include "spdk/hexlify.h"

char *
spdk_hexlify(const char *bin, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *hex = malloc(2 * len + 1);
	size_t i;

	if (hex == NULL) {
		return NULL;
	}
	for (i = 0; i < len; i++) {
		hex[2 * i] = digits[(uint8_t)bin[i] >> 4];
		hex[2 * i + 1] = digits[(uint8_t)bin[i] & 15];
	}
	hex[2 * len] = '\0';
	return hex;
}

/* 0 to 15, or -1. */
static int
value_of(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *
spdk_unhexlify(const char *hex)
{
	size_t len = strlen(hex), i;
	int high, low;
	char *bin;

	if (len % 2 != 0) {
		return NULL;
	}
	bin = malloc(len / 2 + 1);
	for (i = 0; bin != NULL && i < len; i += 2) {
		high = value_of(hex[i]);
		low = value_of(hex[i + 1]);
		if (high < 0 || low < 0) {
			free(bin);
			return NULL;
		}
		bin[i / 2] = (char)(high << 4 | low);
	}
	return bin;
}
