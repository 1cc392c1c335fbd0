/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The scheduler subsystem: a program has the static scheduler, unless another was chosen before its
 * subsystems start. */

#include "spdk/scheduler.h"
#include "spdk_internal/event.h"
#include "spdk_internal/subsystem.h"
#include "spdk_internal/system_state.h"

extern struct subsystem_entry g_scheduler_subsystem;

static void
scheduler_subsystem_init(void)
{
	int rc = 0;

	if (spdk_scheduler_get() == NULL) {
		rc = spdk_scheduler_set("static");
	}
	spdk_subsystem_init_next(rc);
}

static void
scheduler_subsystem_fini(void)
{
	spdk_scheduler_set(NULL);
	spdk_subsystem_fini_next();
}

static const char *const g_depends_on[] = { NULL };

struct subsystem_entry g_scheduler_subsystem SYSTEM_STATE = {
	.subsystem = {
		.name = "scheduler",
		.init = scheduler_subsystem_init,
		.fini = scheduler_subsystem_fini,
		.write_config_json = scheduler_write_config,
	},
	.depends_on = g_depends_on,
};
