/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The bdev layer on simulated threads, with a leaf device that a test commands.
 *
 *	ut_bdev_start(1, NULL);			// threads, iobuf, lib/bdev with all modules
 *	leaf = leaf_new("L", 64, NULL);	// 64 blocks of 512 bytes
 *	leaf->hold = true;			// I/O waits for leaf_release()
 *	...
 *	leaf_delete(leaf);
 *	ut_bdev_stop();				// nothing leaked, or the test fails
 */

#ifndef UT_BDEV_H
#define UT_BDEV_H

#include "ut_threads.h"

#include <setjmp.h>
#include <cmocka.h>

#include "spdk/bdev_module.h"
#include "spdk/env.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/bdev.h"
#include "spdk_internal/env_sim.h"

#define LEAF_BLOCK 512u
#define LEAF_HELD_MAX 1024

struct leaf {
	struct spdk_bdev bdev;
	char *data;
	/* Commands. */
	bool hold;                       /* keep I/O until leaf_release() */
	uint32_t nomem;                  /* answer the next so many with NOMEM */
	uint32_t supported;              /* a bit an I/O type */
	enum spdk_bdev_io_status status; /* what I/O ends with */
	bool async_destruct;
	/* What it saw: "W8+4 F0+64 ...", type letter, first block, blocks. */
	char trace[4096];
	struct spdk_bdev_io *held[LEAF_HELD_MAX];
	uint32_t num_held;
	uint32_t misaligned; /* I/O with buffers off the alignment asked for */
	uint32_t destructed;
};

struct ut_bdev_opts {
	uint32_t pool_size;  /* 0: default */
	uint32_t small_bufs; /* iobuf; 0: default */
	uint32_t large_bufs;
};

void ut_bdev_start(uint32_t num_threads, const struct ut_bdev_opts *opts);
void ut_bdev_stop(void);
/** Start lib/bdev again after a test's own spdk_bdev_finish(). */
void ut_bdev_restart(void);

/** A registered leaf; \p tune (NULL: none) changes the bdev before. */
struct leaf *leaf_new(const char *name, uint64_t num_blocks, void (*tune)(struct leaf *leaf));
/** Complete up to \p count of what is held, oldest first. */
void leaf_release(struct leaf *leaf, uint32_t count);
/** Unregister and free. */
void leaf_delete(struct leaf *leaf);

/** An open bdev with a channel on the current thread. */
struct ut_open {
	struct spdk_bdev_desc *desc;
	struct spdk_bdev *bdev;
	struct spdk_io_channel *ch;
	uint32_t removes;
	uint32_t resizes;
};
void ut_open(struct ut_open *open, const char *name);
void ut_close(struct ut_open *open);

/** The end of an I/O. */
struct ut_io {
	uint32_t done;
	bool success;
	enum spdk_bdev_io_status status;
	int result; /* the status as an errno */
	struct spdk_bdev_io_wait_entry wait;
};
void ut_io_done(struct spdk_bdev_io *bdev_io, bool success, void *cb_arg);

/** Create and delete bdevs of the in-tree modules by their internal functions. */
void ut_unregister(const char *name);

#endif /* UT_BDEV_H */
