/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Floor 0 knows no clock, no randomness and no stack of its own: the environment fills these in
 * when it starts, and takes them back when it ends. Before and after, each has a harmless default.
 */

#ifndef SPDK_INTERNAL_MACHINE_HOOKS_H
#define SPDK_INTERNAL_MACHINE_HOOKS_H

#include "spdk/stdinc.h"

struct machine_hooks {
	/** Monotonic nanoseconds; default: 0. */
	uint64_t (*monotonic_ns)(void);
	/** Wall clock; default: the epoch. */
	void (*wall_clock)(struct timespec *now);
	/** Unpredictable bytes; default: abort(), since a predictable identifier is worse. */
	void (*random)(void *buf, size_t len_bytes);
	/** \p fn for each call that leads here, innermost first; default: for none. NULL: as that.
	 */
	void (*backtrace)(void (*fn)(void *arg, const char *call), void *arg);
};

/** Install \p hooks (copied), or with NULL the defaults. Before other threads run. */
void machine_hooks_set(const struct machine_hooks *hooks);

/** The ones installed now. */
const struct machine_hooks *machine_hooks_get(void);

#endif /* SPDK_INTERNAL_MACHINE_HOOKS_H */
