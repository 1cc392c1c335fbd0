/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * CRC-64 of the NVM command set, for 64-bit guards. Pure functions; any thread.
 */

#ifndef SPDK_CRC64_H
#define SPDK_CRC64_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * NVM Command Set Specification 1.0, 5.2.1.3.4: polynomial 0xAD93D23594C93659, reflected, inverted
 * at both ends. \param crc 0 at first, the last result to go on.
 */
uint64_t spdk_crc64_nvme(const void *buf, size_t len, uint64_t crc);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_CRC64_H */
