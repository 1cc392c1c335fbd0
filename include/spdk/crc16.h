/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * CRC-16 of the T10 Data Integrity Field: polynomial 0x8BB7, not reflected (SBC-4, 4.22.4). Pure
 * functions; any thread.
 */

#ifndef SPDK_CRC16_H
#define SPDK_CRC16_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_T10DIF_CRC16_POLYNOMIAL 0x8bb7u

/**
 * \param init_crc 0 at first, the last result to go on.
 */
uint16_t spdk_crc16_t10dif(uint16_t init_crc, const void *buf, size_t len);

/**
 * As spdk_crc16_t10dif(), and copy the bytes while they are in the cache.
 * \param dst does not overlap \p src.
 */
uint16_t spdk_crc16_t10dif_copy(uint16_t init_crc, uint8_t *dst, uint8_t *src, size_t len);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_CRC16_H */
