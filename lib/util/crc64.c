/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* CRC-64 of the NVM command set, eight bytes a round ("slicing by 8"): table k has the effect of a
 * byte that k more bytes follow, so the eight of a word are looked up side by side. The ISA-L of
 * Debian 12 does not know this polynomial. The tables come from scripts/gen_crc64.py. Pure. */

#include "spdk/crc64.h"

#include "crc64_tables.h"

uint64_t
spdk_crc64_nvme(const void *buf, size_t len, uint64_t crc)
{
	const uint8_t *pos = buf;
	uint64_t word;

	crc = ~crc;
	for (; len >= sizeof(word); len -= sizeof(word), pos += sizeof(word)) {
		memcpy(&word, pos, sizeof(word));
		crc ^= word;
		crc = g_crc64_table[7][crc & 0xff] ^ g_crc64_table[6][crc >> 8 & 0xff] ^
		      g_crc64_table[5][crc >> 16 & 0xff] ^ g_crc64_table[4][crc >> 24 & 0xff] ^
		      g_crc64_table[3][crc >> 32 & 0xff] ^ g_crc64_table[2][crc >> 40 & 0xff] ^
		      g_crc64_table[1][crc >> 48 & 0xff] ^ g_crc64_table[0][crc >> 56];
	}
	for (; len > 0; len--, pos++) {
		crc = crc >> 8 ^ g_crc64_table[0][(crc ^ *pos) & 0xff];
	}
	return ~crc;
}
