/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Words of zoned block devices.
 */

#ifndef SPDK_BDEV_ZONE_H
#define SPDK_BDEV_ZONE_H

#include "spdk/stdinc.h"
#include "spdk/bdev.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct spdk_bdev;
struct spdk_bdev_desc;
struct spdk_bdev_io;
struct spdk_bdev_zone_info;
struct spdk_io_channel;

enum spdk_bdev_zone_type {
	SPDK_BDEV_ZONE_TYPE_CNV = 1,
	SPDK_BDEV_ZONE_TYPE_SEQWR = 2,
	SPDK_BDEV_ZONE_TYPE_SEQWP = 3,
};

enum spdk_bdev_zone_action {
	SPDK_BDEV_ZONE_CLOSE = 0,
	SPDK_BDEV_ZONE_FINISH = 1,
	SPDK_BDEV_ZONE_OPEN = 2,
	SPDK_BDEV_ZONE_RESET = 3,
	SPDK_BDEV_ZONE_OFFLINE = 4,
};

enum spdk_bdev_zone_state {
	SPDK_BDEV_ZONE_STATE_EMPTY = 0,
	SPDK_BDEV_ZONE_STATE_IMP_OPEN = 1,
	SPDK_BDEV_ZONE_STATE_OPEN = 1,
	SPDK_BDEV_ZONE_STATE_FULL = 2,
	SPDK_BDEV_ZONE_STATE_CLOSED = 3,
	SPDK_BDEV_ZONE_STATE_READ_ONLY = 4,
	SPDK_BDEV_ZONE_STATE_OFFLINE = 5,
	SPDK_BDEV_ZONE_STATE_EXP_OPEN = 6,
	SPDK_BDEV_ZONE_STATE_NOT_WP = 7,
};

struct spdk_bdev_zone_info {
	uint64_t zone_id;
	uint64_t write_pointer;
	uint64_t capacity;
	enum spdk_bdev_zone_state state;
	enum spdk_bdev_zone_type type;
};

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_BDEV_ZONE_H */
