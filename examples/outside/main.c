/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A target with whatever modules are linked to it. It has no word of them: each registers itself
 * before main() runs, by its SPDK_..._REGISTER() macro, and is then as good as those of the tree:
 *
 *	./outside_tgt -r /tmp/outside.sock &
 *	rpc() { PYTHONPATH=. rpc.py -s /tmp/outside.sock --plugin rpc_plugin "$@"; }
 *	rpc bdev_ram_create ram0 2048
 *	rpc bdev_count_create ram0 count0
 *	rpc bdev_get_bdevs
 */

#include "spdk/event.h"
#include "spdk/log.h"

static void
started(void *arg)
{
	SPDK_NOTICELOG("ready; Ctrl-C ends it\n");
}

int
main(int argc, char **argv)
{
	struct spdk_app_opts opts;
	int rc;

	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "outside_tgt";
	rc = spdk_app_parse_args(argc, argv, &opts, NULL, NULL, NULL, NULL);
	if (rc != SPDK_APP_PARSE_ARGS_SUCCESS) {
		return rc;
	}
	rc = spdk_app_start(&opts, started, NULL);
	spdk_app_fini();
	return rc;
}
