/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * In-tree subsystems: the entries of the generated table, and how a program names those it wants.
 */

#ifndef SPDK_INTERNAL_SUBSYSTEM_H
#define SPDK_INTERNAL_SUBSYSTEM_H

#include "spdk/init.h"

struct rpc_pieces;

/** An in-tree subsystem: `module/subsystem/<name>.c` defines one, `subsystems` in the build lists
 * it. */
struct subsystem_entry {
	struct spdk_subsystem subsystem;
	/** Names of those that must be up before it; NULL ends the list. */
	const char *const *depends_on;
	/** What subsystem.write_config_json writes between its brackets, in pieces; NULL: it is
	 *  always short, and written at once. `end` writes nothing, and its writer may be
	 *  NULL. \return NULL when out of memory. */
	struct rpc_pieces *(*config_pieces)(void);
};

/**
 * Name the subsystems of this program, in SPDK's order for it; without a call all that are built
 * run. Call before spdk_app_start(); \p names ends with NULL and stays the caller's.
 */
void subsystem_select(const char *const *names);

/**
 * spdk_subsystem_load_config() of a text that came from the file \p file: what is wrong is logged
 * as FILE:LINE:COLUMN: reason. The text is copied and stays the caller's.
 */
void subsystem_load_config(const char *file, const void *json, size_t json_size,
                           spdk_subsystem_init_fn cb_fn, void *cb_arg, bool stop_on_error);

/** Let each configuration that is being loaded end behind the entry that runs now: its call-back
 *  gets -ECANCELED. App thread. */
void subsystem_load_config_cancel(void);

/** Call \p fn for each subsystem of this program, in the order in which they start; \p depends_on
 *  ends with NULL. App thread. */
typedef void (*subsystem_visit_fn)(void *ctx, const struct spdk_subsystem *subsystem,
                                   const char *const *depends_on);
int subsystem_for_each(subsystem_visit_fn fn, void *ctx);

#endif /* SPDK_INTERNAL_SUBSYSTEM_H */
