/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* nvmf_tgt: the NVMe over Fabrics target and the block devices behind it. */

#include "spdk/event.h"
#include "spdk_internal/subsystem.h"

static void
nvmf_tgt_started(void *arg)
{
}

int
main(int argc, char **argv)
{
	static const char *const subsystems[] = { "scheduler", "sock", "iobuf", "keyring",
		                                  "bdev",      "nvmf", NULL };
	struct spdk_app_opts opts;
	int rc;

	subsystem_select(subsystems);
	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "nvmf";
	rc = spdk_app_parse_args(argc, argv, &opts, "", NULL, NULL, NULL);
	if (rc != SPDK_APP_PARSE_ARGS_SUCCESS) {
		return rc;
	}
	rc = spdk_app_start(&opts, nvmf_tgt_started, NULL);
	spdk_app_fini();
	return rc;
}
