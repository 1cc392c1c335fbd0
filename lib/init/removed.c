/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What SPDK has dropped of init.h. App thread. */

#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk_internal/env.h"
#include "spdk_internal/subsystem.h"

#define CONFIG_BYTES_MAX (64u * 1024 * 1024)

void
spdk_subsystem_init_from_json_config(const char *json_config_file, const char *rpc_addr,
                                     spdk_subsystem_init_fn cb_fn, void *cb_arg, bool stop_on_error)
{
	size_t len_bytes;
	void *text;
	int rc;

	rc = json_config_file != NULL
	             ? env_file_load(json_config_file, CONFIG_BYTES_MAX, &text, &len_bytes)
	             : -EINVAL;
	if (rc != 0) {
		SPDK_ERRLOG("The configuration file %s can't be read: %s\n",
		            json_config_file != NULL ? json_config_file : "(none)",
		            spdk_strerror(-rc));
		cb_fn(rc, cb_arg);
		return;
	}
	subsystem_load_config(json_config_file, text, len_bytes, cb_fn, cb_arg, stop_on_error);
	free(text);
}
