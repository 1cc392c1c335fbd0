/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What the tree knows of a bdev beyond SPDK's fields: the durability of its writes.
 */

#ifndef SPDK_INTERNAL_BDEV_H
#define SPDK_INTERNAL_BDEV_H

#include "spdk/bdev_module.h"

/** The block contract of a device. What never said otherwise is volatile, without FUA, and writes
 *  one block at a time. */
struct bdev_traits {
	/** A completed write may be lost in a power cut until a FLUSH. */
	bool volatile_cache;
	/** The module honours SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS in u.bdev.nvme_cdw12. */
	bool fua;
	/** A write of so many aligned blocks is never half-visible after a power cut; at least 1.
	 */
	uint32_t atomic_blocks;
	/** A read leaves the buffer as it is: who hands the buffer to somebody else clears it
	 *  before. */
	bool reads_nothing;
};

/** Declare the traits of \p bdev, before spdk_bdev_register(). Copied. */
void bdev_set_traits(struct spdk_bdev *bdev, const struct bdev_traits *traits);

/** The traits of \p bdev, declared or default. Any thread. */
void bdev_get_traits(const struct spdk_bdev *bdev, struct bdev_traits *traits);

struct rpc_pieces;

/** The entries of spdk_bdev_subsystem_config_json(), without the brackets around them, in pieces.
 *  App thread. \return NULL when out of memory. */
struct rpc_pieces *bdev_config_pieces(void);

#endif /* SPDK_INTERNAL_BDEV_H */
