/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The configuration that a program is started with, read before the reactors run. No state. */

#include "app_internal.h"

#include "spdk/log.h"
#include "spdk/string.h"

#define CONFIG_BYTES_MAX (256 * 1024 * 1024)

int
app_config_load(const struct spdk_app_opts *opts, void **config, size_t *bytes, const char **name)
{
	int rc;

	*name = "configuration";
	if (opts->json_data != NULL) {
		*config = malloc(opts->json_data_size + 1);
		if (*config == NULL) {
			SPDK_ERRLOG("No memory for a configuration of %zu bytes\n",
			            opts->json_data_size);
			return -ENOMEM;
		}
		memcpy(*config, opts->json_data, opts->json_data_size);
		*bytes = opts->json_data_size;
		return 0;
	}
	if (opts->json_config_file == NULL) {
		return 0;
	}
	*name = opts->json_config_file;
	rc = env_file_load(opts->json_config_file, CONFIG_BYTES_MAX, config, bytes);
	if (rc != 0) {
		SPDK_ERRLOG("The configuration file %s can't be read: %s\n", opts->json_config_file,
		            spdk_strerror(-rc));
	}
	return rc;
}
