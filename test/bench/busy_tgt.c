/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A target that never sleeps, or with `sleep` may: the two halves of the paired runs that show what
 * sleeping costs under load. Both run the same poller, so that their steps are alike; its counter
 * says that there is always work, or that there never is.
 *
 *	busy_tgt CONFIG SOCKET [sleep]
 */

#include <sys/eventfd.h>

#include "spdk/event.h"
#include "spdk_internal/thread.h"

static struct spdk_poller *g_poller;
static uint32_t g_work;
static int g_fd;

static int
nothing(void *arg)
{
	return SPDK_POLLER_IDLE;
}

static void
start(void *arg)
{
	struct poller_opts opts = {
		.name = "nothing", .kind = POLLER_FD, .counter = &g_work, .fd = g_fd
	};

	g_poller = thread_poller_register(nothing, NULL, &opts);
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
	g_work = argc > 3 ? 0 : 1;
	g_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = spdk_app_start(&opts, start, NULL);
	spdk_app_fini();
	close(g_fd);
	return rc == 0 ? 0 : 1;
}
