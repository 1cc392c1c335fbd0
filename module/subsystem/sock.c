/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The sock subsystem: groups have a descriptor to wait for where the program runs in interrupt
 * mode; and a configuration to write. On the app thread.
 */

#include "spdk/sock.h"
#include "spdk/thread.h"
#include "spdk_internal/subsystem.h"
#include "spdk_internal/system_state.h"

static int
sock_set_mode(bool interrupt_mode)
{
	struct spdk_sock_initialize_opts opts;

	spdk_sock_get_default_initialize_opts(&opts, sizeof(opts));
	opts.enable_interrupt_mode = interrupt_mode;
	return spdk_sock_initialize(&opts);
}

static void
sock_subsystem_init(void)
{
	spdk_subsystem_init_next(sock_set_mode(spdk_interrupt_mode_is_enabled()));
}

static void
sock_subsystem_fini(void)
{
	(void)sock_set_mode(false);
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
