/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Parity by ISA-L where the buffers are aligned as it demands, word by word elsewhere. Pure. */

#include "spdk/util.h"
#include "spdk/xor.h"

#include <isa-l/raid.h>

#define XOR_ALIGN 32 /* of ISA-L's xor_gen() */
#define XOR_SOURCES_MAX 256

static bool
all_aligned(const void *dest, void **sources, uint32_t n, uint32_t len)
{
	uintptr_t bits = (uintptr_t)dest | len;
	uint32_t i;

	for (i = 0; i < n; i++) {
		bits |= (uintptr_t)sources[i];
	}
	return bits % XOR_ALIGN == 0;
}

static void
xor_into(uint8_t *dest, const uint8_t *src, uint32_t len)
{
	uint32_t i = 0;
	uint64_t a, b;

	for (; len - i >= sizeof(a); i += sizeof(a)) {
		memcpy(&a, dest + i, sizeof(a));
		memcpy(&b, src + i, sizeof(b));
		a ^= b;
		memcpy(dest + i, &a, sizeof(a));
	}
	for (; i < len; i++) {
		dest[i] ^= src[i];
	}
}

/* In pieces, so that the destination stays in the cache, and so that a source that is also the
 * destination is read before it is written. */
static void
xor_words(uint8_t *dest, void **sources, uint32_t n, uint32_t len)
{
	uint8_t sum[256];
	uint32_t i, at, piece;

	for (at = 0; at < len; at += piece) {
		piece = spdk_min(len - at, (uint32_t)sizeof(sum));
		memcpy(sum, (uint8_t *)sources[0] + at, piece);
		for (i = 1; i < n; i++) {
			xor_into(sum, (uint8_t *)sources[i] + at, piece);
		}
		memcpy(dest + at, sum, piece);
	}
}

int
spdk_xor_gen(void *dest, void **sources, uint32_t n, uint32_t len)
{
	void *all[XOR_SOURCES_MAX + 1];

	if (n < 2 || n > XOR_SOURCES_MAX) {
		return -EINVAL;
	}
	if (len > INT32_MAX || !all_aligned(dest, sources, n, len)) {
		xor_words(dest, sources, n, len);
		return 0;
	}
	memcpy(all, sources, n * sizeof(all[0]));
	all[n] = dest;
	return xor_gen((int)n + 1, (int)len, all) == 0 ? 0 : -EINVAL;
}

size_t
spdk_xor_get_optimal_alignment(void)
{
	return XOR_ALIGN;
}
