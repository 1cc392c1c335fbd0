/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * CRC-32 checksums. Pure functions; any thread. The update functions work on the bare register:
 * start with ~0 and invert the result where the format says so.
 */

#ifndef SPDK_CRC32_H
#define SPDK_CRC32_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_CRC32_SIZE_BYTES 4

/**
 * CRC-32 with the polynomial of IEEE 802.3 (0x04C11DB7, reflected).
 * \param crc the register so far.
 * \return the register behind \p buf.
 */
uint32_t spdk_crc32_ieee_update(const void *buf, size_t len, uint32_t crc);

/**
 * CRC-32C, the polynomial of Castagnoli (0x1EDC6F41, reflected): iSCSI, NVMe/TCP digests.
 * \param crc the register so far.
 * \return the register behind \p buf.
 */
uint32_t spdk_crc32c_update(const void *buf, size_t len, uint32_t crc);

/**
 * As spdk_crc32c_update() over a vector; elements without a buffer are skipped.
 * \param iov NULL: \p crc32c comes back.
 */
uint32_t spdk_crc32c_iov_update(struct iovec *iov, int iovcnt, uint32_t crc32c);

/**
 * CRC-32C as the 32-bit guard of NVMe protection information has it: inverted at both ends.
 * \param crc 0 at first, the last result to go on.
 */
uint32_t spdk_crc32c_nvme(const void *buf, size_t len, uint32_t crc);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_CRC32_H */
