/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Sets of processor numbers: pure operations on a fixed bitmap, and their two text forms, a
 * hexadecimal mask and a list such as "[0-3,8]". A set belongs to its caller.
 */

#include "spdk/cpuset.h"

#define NUM_BYTES (SPDK_CPUSET_SIZE / 8)

struct spdk_cpuset *
spdk_cpuset_alloc(void)
{
	return calloc(1, sizeof(struct spdk_cpuset));
}

void
spdk_cpuset_free(struct spdk_cpuset *set)
{
	free(set);
}

bool
spdk_cpuset_equal(const struct spdk_cpuset *set1, const struct spdk_cpuset *set2)
{
	return memcmp(set1->cpus, set2->cpus, NUM_BYTES) == 0;
}

void
spdk_cpuset_copy(struct spdk_cpuset *dst, const struct spdk_cpuset *src)
{
	memmove(dst->cpus, src->cpus, NUM_BYTES);
}

void
spdk_cpuset_and(struct spdk_cpuset *dst, const struct spdk_cpuset *src)
{
	int i;

	for (i = 0; i < NUM_BYTES; i++) {
		dst->cpus[i] &= src->cpus[i];
	}
}

void
spdk_cpuset_or(struct spdk_cpuset *dst, const struct spdk_cpuset *src)
{
	int i;

	for (i = 0; i < NUM_BYTES; i++) {
		dst->cpus[i] |= src->cpus[i];
	}
}

void
spdk_cpuset_xor(struct spdk_cpuset *dst, const struct spdk_cpuset *src)
{
	int i;

	for (i = 0; i < NUM_BYTES; i++) {
		dst->cpus[i] ^= src->cpus[i];
	}
}

void
spdk_cpuset_negate(struct spdk_cpuset *set)
{
	int i;

	for (i = 0; i < NUM_BYTES; i++) {
		set->cpus[i] = (uint8_t)~set->cpus[i];
	}
}

void
spdk_cpuset_zero(struct spdk_cpuset *set)
{
	memset(set->cpus, 0, NUM_BYTES);
}

void
spdk_cpuset_set_cpu(struct spdk_cpuset *set, uint32_t cpu, bool state)
{
	uint8_t bit = (uint8_t)(1u << (cpu % 8));

	if (cpu >= SPDK_CPUSET_SIZE) {
		return;
	}
	if (state) {
		set->cpus[cpu / 8] |= bit;
	} else {
		set->cpus[cpu / 8] &= (uint8_t)~bit;
	}
}

bool
spdk_cpuset_get_cpu(const struct spdk_cpuset *set, uint32_t cpu)
{
	return cpu < SPDK_CPUSET_SIZE && (set->cpus[cpu / 8] >> (cpu % 8) & 1) != 0;
}

void
spdk_cpuset_for_each_cpu(const struct spdk_cpuset *set, void (*fn)(void *ctx, uint32_t cpu),
                         void *ctx)
{
	uint32_t cpu;

	for (cpu = 0; cpu < SPDK_CPUSET_SIZE; cpu++) {
		if (spdk_cpuset_get_cpu(set, cpu)) {
			fn(ctx, cpu);
		}
	}
}

uint32_t
spdk_cpuset_count(const struct spdk_cpuset *set)
{
	uint32_t count = 0;
	int i;

	for (i = 0; i < NUM_BYTES; i++) {
		count += (uint32_t)__builtin_popcount(set->cpus[i]);
	}
	return count;
}

const char *
spdk_cpuset_fmt(struct spdk_cpuset *set)
{
	static const char digits[] = "0123456789abcdef";
	char *out = set->str;
	int i = NUM_BYTES - 1;

	while (i > 0 && set->cpus[i] == 0) {
		i--;
	}
	if (set->cpus[i] >= 0x10) {
		*out++ = digits[set->cpus[i] >> 4];
	}
	*out++ = digits[set->cpus[i] & 0xf];
	while (--i >= 0) {
		*out++ = digits[set->cpus[i] >> 4];
		*out++ = digits[set->cpus[i] & 0xf];
	}
	*out = '\0';
	return set->str;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "0x1F", "1f", "ff,ffffffff" as the kernel writes masks: from the last digit to the first. */
static int
parse_mask(struct spdk_cpuset *set, const char *mask)
{
	uint32_t cpu = 0;
	size_t len;
	int value, bit;

	if (mask[0] == '0' && (mask[1] == 'x' || mask[1] == 'X')) {
		mask += 2;
	}
	len = strlen(mask);
	if (len == 0) {
		return -EINVAL;
	}
	while (len-- > 0) {
		if (mask[len] == ',') {
			continue;
		}
		value = hex_value(mask[len]);
		if (value < 0 || (value != 0 && cpu >= SPDK_CPUSET_SIZE)) {
			return -EINVAL;
		}
		for (bit = 0; bit < 4; bit++, cpu++) {
			spdk_cpuset_set_cpu(set, cpu, (value >> bit & 1) != 0);
		}
	}
	return cpu > 0 ? 0 : -EINVAL;
}

static const char *
skip_blanks(const char *s)
{
	while (isblank((unsigned char)*s)) {
		s++;
	}
	return s;
}

/* A processor number; moves *pos behind it and behind blanks. */
static int
parse_cpu(const char **pos, uint32_t *cpu)
{
	const char *s = skip_blanks(*pos);
	uint32_t value = 0;

	if (!isdigit((unsigned char)*s)) {
		return -EINVAL;
	}
	for (; isdigit((unsigned char)*s); s++) {
		value = value * 10 + (uint32_t)(*s - '0');
		if (value >= SPDK_CPUSET_SIZE) {
			return -EINVAL;
		}
	}
	*cpu = value;
	*pos = skip_blanks(s);
	return 0;
}

/* "[0-3, 8]" */
static int
parse_list(struct spdk_cpuset *set, const char *list)
{
	const char *pos = list;
	uint32_t first, last;

	do {
		pos++; /* '[' or ',' */
		if (parse_cpu(&pos, &first) != 0) {
			return -EINVAL;
		}
		last = first;
		if (*pos == '-') {
			pos++;
			if (parse_cpu(&pos, &last) != 0 || last < first) {
				return -EINVAL;
			}
		}
		for (; first <= last; first++) {
			spdk_cpuset_set_cpu(set, first, true);
		}
	} while (*pos == ',');
	return *pos == ']' && *skip_blanks(pos + 1) == '\0' ? 0 : -EINVAL;
}

int
spdk_cpuset_parse(struct spdk_cpuset *set, const char *mask)
{
	struct spdk_cpuset parsed = { 0 };
	int rc;

	if (set == NULL || mask == NULL) {
		return -EINVAL;
	}
	mask = skip_blanks(mask);
	rc = mask[0] == '[' ? parse_list(&parsed, mask) : parse_mask(&parsed, mask);
	if (rc == 0) {
		spdk_cpuset_copy(set, &parsed);
	}
	return rc;
}
