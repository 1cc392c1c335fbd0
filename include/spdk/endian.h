/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Integers of a given byte order at any address.
 */

#ifndef SPDK_ENDIAN_H
#define SPDK_ENDIAN_H

#include "spdk/stdinc.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Basalt runs on little-endian processors"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** The 16-bit big-endian number at \p ptr. */
static inline uint16_t
from_be16(const void *ptr)
{
	uint16_t v;

	memcpy(&v, ptr, sizeof(v));
	return __builtin_bswap16(v);
}

/** Write \p in to \p out as 16 bits, big-endian. */
static inline void
to_be16(void *out, uint16_t in)
{
	uint16_t v = __builtin_bswap16(in);

	memcpy(out, &v, sizeof(v));
}

/** The 32-bit big-endian number at \p ptr. */
static inline uint32_t
from_be32(const void *ptr)
{
	uint32_t v;

	memcpy(&v, ptr, sizeof(v));
	return __builtin_bswap32(v);
}

/** Write \p in to \p out as 32 bits, big-endian. */
static inline void
to_be32(void *out, uint32_t in)
{
	uint32_t v = __builtin_bswap32(in);

	memcpy(out, &v, sizeof(v));
}

/** The 64-bit big-endian number at \p ptr. */
static inline uint64_t
from_be64(const void *ptr)
{
	uint64_t v;

	memcpy(&v, ptr, sizeof(v));
	return __builtin_bswap64(v);
}

/** Write \p in to \p out as 64 bits, big-endian. */
static inline void
to_be64(void *out, uint64_t in)
{
	uint64_t v = __builtin_bswap64(in);

	memcpy(out, &v, sizeof(v));
}

/** The 16-bit little-endian number at \p ptr. */
static inline uint16_t
from_le16(const void *ptr)
{
	uint16_t v;

	memcpy(&v, ptr, sizeof(v));
	return v;
}

/** Write \p in to \p out as 16 bits, little-endian. */
static inline void
to_le16(void *out, uint16_t in)
{
	uint16_t v = in;

	memcpy(out, &v, sizeof(v));
}

/** The 32-bit little-endian number at \p ptr. */
static inline uint32_t
from_le32(const void *ptr)
{
	uint32_t v;

	memcpy(&v, ptr, sizeof(v));
	return v;
}

/** Write \p in to \p out as 32 bits, little-endian. */
static inline void
to_le32(void *out, uint32_t in)
{
	uint32_t v = in;

	memcpy(out, &v, sizeof(v));
}

/** The 64-bit little-endian number at \p ptr. */
static inline uint64_t
from_le64(const void *ptr)
{
	uint64_t v;

	memcpy(&v, ptr, sizeof(v));
	return v;
}

/** Write \p in to \p out as 64 bits, little-endian. */
static inline void
to_le64(void *out, uint64_t in)
{
	uint64_t v = in;

	memcpy(out, &v, sizeof(v));
}

#ifdef __cplusplus
}
#endif

#endif /* SPDK_ENDIAN_H */
