/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The bdev subsystem: starts and stops lib/bdev with the program. */

#include "spdk/bdev.h"
#include "spdk_internal/bdev.h"
#include "spdk_internal/subsystem.h"
#include "spdk_internal/system_state.h"

extern struct subsystem_entry g_bdev_subsystem;

static void
bdev_started(void *cb_arg, int rc)
{
	spdk_subsystem_init_next(rc);
}

static void
bdev_subsystem_init(void)
{
	spdk_bdev_initialize(bdev_started, NULL);
}

static void
bdev_stopped(void *cb_arg)
{
	spdk_subsystem_fini_next();
}

static void
bdev_subsystem_fini(void)
{
	spdk_bdev_finish(bdev_stopped, NULL);
}

static const char *const g_depends_on[] = { "iobuf", NULL };

struct subsystem_entry g_bdev_subsystem SYSTEM_STATE = {
	.subsystem = {
		.name = "bdev",
		.init = bdev_subsystem_init,
		.fini = bdev_subsystem_fini,
		.write_config_json = spdk_bdev_subsystem_config_json,
	},
	.depends_on = g_depends_on,
	.config_pieces = bdev_config_pieces,
};
