/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A target that never sleeps: an outside poller that declares nothing keeps its reactor polling, as
 * in SPDK. The other half of the paired runs that show what sleeping costs under load.
 *
 *	busy_tgt CONFIG SOCKET [sleep]
 */

#include "spdk/event.h"
#include "spdk/thread.h"

static struct spdk_poller *g_poller;

static int
nothing(void *arg)
{
	return SPDK_POLLER_IDLE;
}

static void
start(void *arg)
{
	if (arg != NULL) {
		g_poller = spdk_poller_register(nothing, NULL, 0);
	}
}

static void
stop(void)
{
	spdk_poller_unregister(&g_poller);
	spdk_app_stop(0);
}

int
main(int argc, char **argv)
{
	struct spdk_app_opts opts;
	int rc;

	if (argc < 3) {
		fprintf(stderr, "usage: busy_tgt CONFIG SOCKET [sleep]\n");
		return 2;
	}
	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "busy_tgt";
	opts.json_config_file = argv[1];
	opts.rpc_addr = argv[2];
	opts.reactor_mask = "0x1";
	opts.shutdown_cb = stop;
	rc = spdk_app_start(&opts, start, argc > 3 ? NULL : &opts);
	spdk_app_fini();
	return rc == 0 ? 0 : 1;
}
