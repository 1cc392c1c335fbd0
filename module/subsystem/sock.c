/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The sock subsystem: nothing to start or stop, a configuration to write. On the app thread.
 */

#include "spdk/sock.h"
#include "spdk_internal/subsystem.h"
#include "spdk_internal/system_state.h"

static void
sock_subsystem_init(void)
{
	spdk_subsystem_init_next(0);
}

static void
sock_subsystem_fini(void)
{
	spdk_subsystem_fini_next();
}

extern struct subsystem_entry g_sock_subsystem;
struct subsystem_entry g_sock_subsystem SYSTEM_STATE = {
	.subsystem = {
		.name = "sock",
		.init = sock_subsystem_init,
		.fini = sock_subsystem_fini,
		.write_config_json = spdk_sock_write_config_json,
	},
};
