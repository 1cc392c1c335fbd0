/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The keyring subsystem: starts and stops the modules, writes their configuration. App thread. */

#include "spdk/keyring.h"
#include "spdk_internal/subsystem.h"
#include "spdk_internal/system_state.h"

static void
keyring_subsystem_init(void)
{
	spdk_subsystem_init_next(spdk_keyring_init());
}

static void
keyring_subsystem_fini(void)
{
	spdk_keyring_cleanup();
	spdk_subsystem_fini_next();
}

extern struct subsystem_entry g_keyring_subsystem;
struct subsystem_entry g_keyring_subsystem SYSTEM_STATE = {
	.subsystem = {
		.name = "keyring",
		.init = keyring_subsystem_init,
		.fini = keyring_subsystem_fini,
		.write_config_json = spdk_keyring_write_config,
	},
};
