/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Text from users and configurations into values: numbers, capacities, addresses. A text is taken
 * whole or refused; pure; any thread.
 */

#include "spdk/string.h"

long int
spdk_strtol(const char *nptr, int base)
{
	long int value;
	char *end;

	errno = 0;
	value = strtol(nptr, &end, base);
	if (end == nptr || *end != '\0') {
		return -EINVAL;
	}
	/* Negative results are errors, so negative numbers can't be. */
	return errno != 0 || value < 0 ? -ERANGE : value;
}

long long int
spdk_strtoll(const char *nptr, int base)
{
	long long int value;
	char *end;

	errno = 0;
	value = strtoll(nptr, &end, base);
	if (end == nptr || *end != '\0') {
		return -EINVAL;
	}
	return errno != 0 || value < 0 ? -ERANGE : value;
}

/* The power of two that a suffix stands for, and what follows it; -1 for a letter that is none. */
static int
suffix_shift(const char **pos)
{
	static const char letters[] = "kmgtp";
	const char *letter;

	if (**pos == '\0') {
		return 0;
	}
	letter = strchr(letters, tolower((unsigned char)**pos));
	if (letter == NULL) {
		return -1;
	}
	(*pos)++;
	if ((*pos)[0] == 'i' && (*pos)[1] == 'B') {
		*pos += 2;
	} else if ((*pos)[0] == 'B') {
		*pos += 1;
	}
	return (int)(letter - letters + 1) * 10;
}

int
spdk_parse_capacity(const char *cap_str, uint64_t *cap, bool *has_prefix)
{
	unsigned long long value;
	char *end;
	const char *pos;
	int shift;

	/* strtoull() would take blanks and a minus sign. */
	if (!isdigit((unsigned char)cap_str[0])) {
		return -EINVAL;
	}
	errno = 0;
	value = strtoull(cap_str, &end, 10);
	if (errno != 0) {
		return -ERANGE;
	}
	pos = end;
	shift = suffix_shift(&pos);
	if (shift < 0 || *pos != '\0') {
		return -EINVAL;
	}
	if (value > UINT64_MAX >> shift) {
		return -ERANGE;
	}
	*cap = (uint64_t)value << shift;
	if (has_prefix != NULL) {
		*has_prefix = shift != 0;
	}
	return 0;
}

int
spdk_parse_ip_addr(char *ip, char **host, char **port)
{
	char *end;

	if (ip == NULL) {
		return -EINVAL;
	}
	*host = NULL;
	*port = NULL;
	if (ip[0] == '[') {
		end = strchr(ip, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
			return -EINVAL;
		}
		ip++;
		*end++ = '\0';
	} else {
		end = strchr(ip, ':');
	}
	*host = ip;
	if (end != NULL && *end == ':') {
		*end++ = '\0';
		if (*end != '\0') {
			*port = end;
		}
	}
	return 0;
}
