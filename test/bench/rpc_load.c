/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A target whose one core is full of I/O, and that knows how long its reactor was away: for
 * rpc_latency.py.
 *
 *	rpc_load CONFIG SOCKET DEPTH
 *
 * Reads 4 KiB at DEPTH from bdev "load", on the app thread. A poller that runs in each step looks
 * at the thread's processor time: what passes between two runs is one step, whatever else runs on
 * the machine meanwhile; sleeping in a system call shows as a voluntary context switch. The method
 * rpc_load_take answers what was seen since it was last called, and forgets it: how many steps took
 * how many microseconds, from STEP_MIN_US on.
 */

#include <sys/resource.h>
#include <time.h>

#include "spdk/bdev.h"
#include "spdk/env.h"
#include "spdk/event.h"
#include "spdk/json.h"
#include "spdk/jsonrpc.h"
#include "spdk/rpc.h"
#include "spdk/thread.h"
#include "spdk/util.h"

enum {
	IO_BYTES = 4096,
	STEP_MIN_US = 5,
	STEP_MAX_US = 50000
};

static struct {
	uint32_t depth;
	bool stopping;
	uint32_t num_under_way;
	struct spdk_bdev_desc *desc;
	struct spdk_io_channel *ch;
	void *buf;
	uint64_t num_blocks; /* of an I/O */
	uint64_t num_ios;
	uint64_t num_failed;
	struct spdk_poller *poller;
	uint64_t last_ns;
	uint32_t steps[STEP_MAX_US + 1]; /* by length in microseconds */
	long sleeps;                     /* voluntary context switches at the last take */
} g_load;

static uint64_t
processor_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static long
sleeps(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

static int
look(void *arg)
{
	uint64_t now_ns = processor_ns();
	uint64_t us = (now_ns - g_load.last_ns) / 1000;

	if (us >= STEP_MIN_US && g_load.last_ns != 0) {
		g_load.steps[spdk_min(us, (uint64_t)STEP_MAX_US)]++;
	}
	g_load.last_ns = now_ns;
	return SPDK_POLLER_IDLE;
}

static void
rpc_take(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_result(request);
	long num_sleeps = sleeps();
	uint32_t us;

	spdk_json_write_object_begin(w);
	spdk_json_write_named_array_begin(w, "steps");
	for (us = STEP_MIN_US; us <= STEP_MAX_US; us++) {
		if (g_load.steps[us] != 0) {
			spdk_json_write_array_begin(w);
			spdk_json_write_uint32(w, us);
			spdk_json_write_uint32(w, g_load.steps[us]);
			spdk_json_write_array_end(w);
		}
	}
	spdk_json_write_array_end(w);
	spdk_json_write_named_uint64(w, "sleeps", (uint64_t)(num_sleeps - g_load.sleeps));
	spdk_json_write_named_uint64(w, "num_ios", g_load.num_ios);
	spdk_json_write_named_uint64(w, "num_failed", g_load.num_failed);
	spdk_json_write_object_end(w);
	spdk_jsonrpc_end_result(request, w);
	memset(g_load.steps, 0, sizeof(g_load.steps));
	g_load.num_ios = 0;
	g_load.sleeps = num_sleeps;
	g_load.last_ns = 0; /* this step is ours */
}
SPDK_RPC_REGISTER("rpc_load_take", rpc_take, SPDK_RPC_RUNTIME)

static void
finish(void)
{
	if (g_load.stopping && g_load.num_under_way == 0) {
		spdk_poller_unregister(&g_load.poller);
		spdk_put_io_channel(g_load.ch);
		spdk_bdev_close(g_load.desc);
		spdk_dma_free(g_load.buf);
		spdk_app_stop(g_load.num_failed == 0 ? 0 : 1);
	}
}

static void submit(void);

static void
read_done(struct spdk_bdev_io *bdev_io, bool success, void *arg)
{
	spdk_bdev_free_io(bdev_io);
	g_load.num_under_way--;
	g_load.num_ios++;
	g_load.num_failed += !success;
	if (g_load.stopping) {
		finish();
	} else {
		submit();
	}
}

static void
submit(void)
{
	if (spdk_bdev_read_blocks(g_load.desc, g_load.ch, g_load.buf, 0, g_load.num_blocks,
	                          read_done, NULL) == 0) {
		g_load.num_under_way++;
	} else {
		g_load.num_failed++;
	}
}

static void
bdev_event(enum spdk_bdev_event_type type, struct spdk_bdev *bdev, void *ctx)
{
}

static void
start(void *arg)
{
	uint32_t i;

	if (spdk_bdev_open_ext("load", false, bdev_event, NULL, &g_load.desc) != 0) {
		fprintf(stderr, "rpc_load: the configuration has no bdev \"load\"\n");
		spdk_app_stop(1);
		return;
	}
	g_load.num_blocks =
	        IO_BYTES / spdk_bdev_get_block_size(spdk_bdev_desc_get_bdev(g_load.desc));
	g_load.ch = spdk_bdev_get_io_channel(g_load.desc);
	g_load.buf = spdk_dma_zmalloc(IO_BYTES, IO_BYTES, NULL);
	g_load.poller = spdk_poller_register(look, NULL, 0);
	if (g_load.ch == NULL || g_load.buf == NULL || g_load.poller == NULL) {
		fprintf(stderr, "rpc_load: no memory\n");
		exit(1);
	}
	for (i = 0; i < g_load.depth; i++) {
		submit();
	}
}

static void
stop(void)
{
	g_load.stopping = true;
	finish();
}

int
main(int argc, char **argv)
{
	struct spdk_app_opts opts;
	int rc;

	if (argc != 4) {
		fprintf(stderr, "usage: rpc_load CONFIG SOCKET DEPTH\n");
		return 2;
	}
	g_load.depth = (uint32_t)atoi(argv[3]);
	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "rpc_load";
	opts.json_config_file = argv[1];
	opts.rpc_addr = argv[2];
	opts.reactor_mask = "0x1";
	opts.shutdown_cb = stop;
	rc = spdk_app_start(&opts, start, NULL);
	spdk_app_fini();
	return rc == 0 ? 0 : 1;
}
