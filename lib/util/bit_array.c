/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Arrays of bits that can be searched. Bits beyond the capacity in the last word are always 0, so
 * that counting needs no mask. An array belongs to its caller and has no lock.
 */

#include "spdk/bit_array.h"
#include "spdk/util.h"

#define WORD_BITS 64u
/* "None" is the answer of a failed search, so no bit may have that number. */
#define NO_BIT UINT32_MAX

struct spdk_bit_array {
	uint32_t num_bits;
	uint64_t words[];
};

static size_t
num_words(uint32_t num_bits)
{
	return ((size_t)num_bits + WORD_BITS - 1) / WORD_BITS;
}

static size_t
size_bytes(uint32_t num_bits)
{
	return sizeof(struct spdk_bit_array) + num_words(num_bits) * sizeof(uint64_t);
}

/* The bits of the last word that exist. */
static uint64_t
tail_mask(uint32_t num_bits)
{
	return num_bits % WORD_BITS == 0 ? UINT64_MAX : (1ull << (num_bits % WORD_BITS)) - 1;
}

uint32_t
spdk_bit_array_capacity(const struct spdk_bit_array *ba)
{
	return ba->num_bits;
}

struct spdk_bit_array *
spdk_bit_array_create(uint32_t num_bits)
{
	struct spdk_bit_array *ba = NULL;

	spdk_bit_array_resize(&ba, num_bits);
	return ba;
}

void
spdk_bit_array_free(struct spdk_bit_array **bap)
{
	if (bap != NULL) {
		free(*bap);
		*bap = NULL;
	}
}

int
spdk_bit_array_resize(struct spdk_bit_array **bap, uint32_t num_bits)
{
	struct spdk_bit_array *ba;
	uint32_t old_bits;

	if (bap == NULL || num_bits == NO_BIT) {
		return -EINVAL;
	}
	old_bits = *bap != NULL ? (*bap)->num_bits : 0;
	ba = realloc(*bap, size_bytes(num_bits));
	if (ba == NULL) {
		return -ENOMEM;
	}
	if (num_words(num_bits) > num_words(old_bits)) {
		memset(&ba->words[num_words(old_bits)], 0,
		       (num_words(num_bits) - num_words(old_bits)) * sizeof(uint64_t));
	} else if (num_bits > 0) {
		ba->words[num_words(num_bits) - 1] &= tail_mask(num_bits);
	}
	ba->num_bits = num_bits;
	*bap = ba;
	return 0;
}

bool
spdk_bit_array_get(const struct spdk_bit_array *ba, uint32_t bit_index)
{
	return bit_index < ba->num_bits &&
	       (ba->words[bit_index / WORD_BITS] >> (bit_index % WORD_BITS) & 1) != 0;
}

int
spdk_bit_array_set(struct spdk_bit_array *ba, uint32_t bit_index)
{
	if (bit_index >= ba->num_bits) {
		return -EINVAL;
	}
	ba->words[bit_index / WORD_BITS] |= 1ull << (bit_index % WORD_BITS);
	return 0;
}

void
spdk_bit_array_clear(struct spdk_bit_array *ba, uint32_t bit_index)
{
	if (bit_index < ba->num_bits) {
		ba->words[bit_index / WORD_BITS] &= ~(1ull << (bit_index % WORD_BITS));
	}
}

/* The first 1 bit of the words, each xor'ed with \p flip, from \p start on. */
static uint32_t
find_first(const struct spdk_bit_array *ba, uint32_t start, uint64_t flip)
{
	size_t word = start / WORD_BITS;
	uint64_t bits, found;

	if (start >= ba->num_bits) {
		return NO_BIT;
	}
	bits = (ba->words[word] ^ flip) & (UINT64_MAX << (start % WORD_BITS));
	while (bits == 0) {
		if (++word == num_words(ba->num_bits)) {
			return NO_BIT;
		}
		bits = ba->words[word] ^ flip;
	}
	found = word * WORD_BITS + (uint64_t)__builtin_ctzll(bits);
	return found < ba->num_bits ? (uint32_t)found : NO_BIT;
}

uint32_t
spdk_bit_array_find_first_set(const struct spdk_bit_array *ba, uint32_t start_bit_index)
{
	return find_first(ba, start_bit_index, 0);
}

uint32_t
spdk_bit_array_find_first_clear(const struct spdk_bit_array *ba, uint32_t start_bit_index)
{
	return find_first(ba, start_bit_index, UINT64_MAX);
}

uint32_t
spdk_bit_array_count_set(const struct spdk_bit_array *ba)
{
	uint32_t count = 0;
	size_t i;

	for (i = 0; i < num_words(ba->num_bits); i++) {
		count += (uint32_t)__builtin_popcountll(ba->words[i]);
	}
	return count;
}

uint32_t
spdk_bit_array_count_clear(const struct spdk_bit_array *ba)
{
	return ba->num_bits - spdk_bit_array_count_set(ba);
}

static size_t
mask_bytes(const struct spdk_bit_array *ba)
{
	return ((size_t)ba->num_bits + 7) / 8;
}

void
spdk_bit_array_store_mask(const struct spdk_bit_array *ba, void *mask)
{
	/* Processors are little-endian here, so words and bytes number bits alike. */
	memcpy(mask, ba->words, mask_bytes(ba));
}

void
spdk_bit_array_load_mask(struct spdk_bit_array *ba, const void *mask)
{
	memcpy(ba->words, mask, mask_bytes(ba));
	if (ba->num_bits > 0) {
		ba->words[num_words(ba->num_bits) - 1] &= tail_mask(ba->num_bits);
	}
}

void
spdk_bit_array_clear_mask(struct spdk_bit_array *ba)
{
	memset(ba->words, 0, num_words(ba->num_bits) * sizeof(uint64_t));
}
