/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * NVMe Qualified Names (NVMe Base 2.0, 4.5): either
 *	nqn.2014-08.org.nvmexpress:uuid:<uuid>
 * or	nqn.<yyyy>-<mm>.<reverse domain>:<any UTF-8, not empty>
 * of 11 to 223 bytes. Pure functions; any thread.
 */

#include "spdk_internal/nvme_wire.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 8-4-4-4-12 hexadecimal digits and nothing behind. */
static bool
uuid_is_valid(const char *s)
{
	int i;

	for (i = 0; i < SPDK_NVMF_UUID_STRING_LEN; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' : !is_hex(s[i])) {
			return false;
		}
	}
	return s[i] == '\0';
}

/* "yyyy-mm." */
static bool
date_is_valid(const char *s)
{
	int i;

	for (i = 0; i < 7; i++) {
		if (i == 4 ? s[i] != '-' : !is_digit(s[i])) {
			return false;
		}
	}
	return s[7] == '.';
}

/* Labels of letters, digits and '-', joined by '.', up to ':'. Returns what is behind it, or NULL.
 */
static const char *
domain_skip(const char *s)
{
	const char *label = s;

	for (;; s++) {
		if (*s == '.' || *s == ':') {
			if (s == label || s - label > SPDK_DOMAIN_LABEL_MAX_LEN || s[-1] == '-') {
				return NULL;
			}
			if (*s == ':') {
				return s + 1;
			}
			label = s + 1;
		} else if (s == label ? !is_letter(*s)
		                      : !is_letter(*s) && !is_digit(*s) && *s != '-') {
			return NULL;
		}
	}
}

/* Length of the UTF-8 character at \p s, 0 when it is none. */
static int
utf8_len(const unsigned char *s)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max;
		int len;
	} forms[] = {
		{ 0x01, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t f;
	int i;

	for (f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
		if (s[0] < forms[f].first_min || s[0] > forms[f].first_max) {
			continue;
		}
		if (forms[f].len == 1) {
			return 1;
		}
		if (s[1] < forms[f].second_min || s[1] > forms[f].second_max) {
			return 0;
		}
		for (i = 2; i < forms[f].len; i++) {
			if ((s[i] & 0xc0) != 0x80) {
				return 0;
			}
		}
		return forms[f].len;
	}
	return 0;
}

static bool
utf8_is_valid(const char *s)
{
	int len;

	while (*s != '\0') {
		len = utf8_len((const unsigned char *)s);
		if (len == 0) {
			return false;
		}
		s += len;
	}
	return true;
}

bool
wire_nqn_is_valid(const char *nqn)
{
	size_t len = strnlen(nqn, SPDK_NVMF_NQN_MAX_LEN + 1);
	const char *rest;

	if (len < SPDK_NVMF_NQN_MIN_LEN || len > SPDK_NVMF_NQN_MAX_LEN || !utf8_is_valid(nqn)) {
		return false;
	}
	if (strncmp(nqn, SPDK_NVMF_NQN_UUID_PRE, SPDK_NVMF_NQN_UUID_PRE_LEN) == 0) {
		return uuid_is_valid(nqn + SPDK_NVMF_NQN_UUID_PRE_LEN);
	}
	if (strcmp(nqn, SPDK_NVMF_DISCOVERY_NQN) == 0) {
		return true;
	}
	if (strncmp(nqn, "nqn.", 4) != 0 || len < 12 || !date_is_valid(nqn + 4)) {
		return false;
	}
	rest = domain_skip(nqn + 12);
	return rest != NULL && *rest != '\0';
}
