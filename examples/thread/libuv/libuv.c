/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * SPDK threads inside a libuv loop: what thread_epoll does, for programs that have libuv already.
 * One uv_poll_t stands for all SPDK threads:
 *
 *	uv_run() --+-- uv_poll_t on basalt_loop_get_fd()  -> basalt_loop_process()
 *	           +-- a uv_timer_t                       -> the program's own work
 *
 * Two threads play ping-pong: "server" returns each ball at once, "client" waits a moment (a timed
 * poller) before it serves the next. When the last ball came back both exit, the handles are
 * closed, and uv_run() returns.
 *
 *	build/examples/thread_libuv -n 20 -p 5
 *	20 balls served, 20 returned, 4 beats of our own, 43 wake-ups
 */

#include "basalt/loop.h"
#include "spdk/env.h"
#include "spdk/thread.h"

#include <getopt.h>
#include <uv.h>

#define BEAT_MS 25
#define STEPS_MAX 16

static struct {
	uint32_t balls_max;
	uint32_t period_ms;
	struct basalt_loop *loop;
	struct spdk_thread *client;
	struct spdk_thread *server;
	struct spdk_poller *poller;
	uint32_t served;   /* client */
	uint32_t returned; /* client */
	uint32_t beats;
	uint32_t wakeups;
	uv_poll_t poll;
	uv_timer_t beat;
} g = { .balls_max = 20, .period_ms = 5 };

static void
thread_exit(void *arg)
{
	spdk_thread_exit(spdk_get_thread());
}

/** On "client". */
static void
ball_returned(void *arg)
{
	if (++g.returned == g.balls_max) {
		spdk_poller_unregister(&g.poller);
		spdk_thread_send_msg(g.server, thread_exit, NULL);
		spdk_thread_exit(g.client);
	}
}

/** On "server". */
static void
ball_arrived(void *arg)
{
	spdk_thread_send_msg(g.client, ball_returned, NULL);
}

/** On "client", by its poller. */
static int
serve(void *arg)
{
	if (g.served == g.balls_max) {
		return SPDK_POLLER_IDLE;
	}
	g.served++;
	spdk_thread_send_msg(g.server, ball_arrived, NULL);
	return SPDK_POLLER_BUSY;
}

static void
client_start(void *arg)
{
	g.poller = SPDK_POLLER_REGISTER(serve, NULL, g.period_ms * 1000);
}

static int
new_thread(struct spdk_thread *thread)
{
	basalt_loop_add_thread(g.loop, thread);
	return 0;
}

static void
on_beat(uv_timer_t *timer)
{
	g.beats++;
}

/** The SPDK threads have work. libuv looks at levels: what is left to do calls this again. */
static void
on_readable(uv_poll_t *poll, int status, int events)
{
	g.wakeups++;
	basalt_loop_process(g.loop, STEPS_MAX);
	if (spdk_thread_is_exited(g.client) && spdk_thread_is_exited(g.server)) {
		uv_close((uv_handle_t *)&g.poll, NULL);
		uv_close((uv_handle_t *)&g.beat, NULL);
	}
}

static int
run_threads(void)
{
	uv_loop_t *uv = uv_default_loop();

	g.client = spdk_thread_create("client", NULL);
	g.server = spdk_thread_create("server", NULL);
	if (g.client == NULL || g.server == NULL) {
		return 1;
	}
	if (uv_poll_init(uv, &g.poll, basalt_loop_get_fd(g.loop)) != 0 ||
	    uv_poll_start(&g.poll, UV_READABLE, on_readable) != 0 ||
	    uv_timer_init(uv, &g.beat) != 0 ||
	    uv_timer_start(&g.beat, on_beat, BEAT_MS, BEAT_MS) != 0) {
		fprintf(stderr, "libuv does not take the descriptor\n");
		return 1;
	}
	spdk_thread_send_msg(g.client, client_start, NULL);
	uv_run(uv, UV_RUN_DEFAULT);
	uv_loop_close(uv);
	printf("%u balls served, %u returned, %u beats of our own, %u wake-ups\n", g.served,
	       g.returned, g.beats, g.wakeups);
	spdk_thread_destroy(g.server);
	spdk_thread_destroy(g.client);
	return 0;
}

int
main(int argc, char **argv)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	int ch, rc = 1;

	while ((ch = getopt(argc, argv, "n:p:")) != -1) {
		switch (ch) {
		case 'n':
			g.balls_max = (uint32_t)atoi(optarg);
			break;
		case 'p':
			g.period_ms = (uint32_t)atoi(optarg);
			break;
		default:
			g.period_ms = 0;
		}
	}
	if (g.balls_max == 0 || g.period_ms == 0) {
		fprintf(stderr, "usage: %s [-n BALLS] [-p PERIOD_MS]\n", argv[0]);
		return 1;
	}
	spdk_env_opts_init(&opts);
	opts.name = "thread_libuv";
	if (spdk_env_init(&opts) != 0) {
		return 1;
	}
	if (spdk_thread_lib_init(new_thread, 0) == 0) {
		if (basalt_loop_create(&g.loop) == 0) {
			rc = run_threads();
			basalt_loop_destroy(g.loop);
		}
		spdk_thread_lib_fini();
	}
	spdk_env_fini();
	return rc;
}
