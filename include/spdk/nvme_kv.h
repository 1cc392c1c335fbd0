/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Limits of the NVMe key-value command set. Its commands are not built yet.
 */

#ifndef SPDK_NVME_KV_H
#define SPDK_NVME_KV_H

#include "spdk/nvme.h"
#include "spdk/stdinc.h"

/** Bytes of a key. */
#define SPDK_NVME_KV_KEY_MIN_LEN 1
#define SPDK_NVME_KV_KEY_MAX_LEN 16

#endif /* SPDK_NVME_KV_H */
