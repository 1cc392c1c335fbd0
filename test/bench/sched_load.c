/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Threads that compute, under a scheduler: how much they get done. Two cores.
 *
 *	sched_load static|dynamic steady|crowd|bursts|uneven|pairs SECONDS
 *
 * steady: two threads, always busy. crowd: six. bursts: two, busy for 300 ms of each 600 ms.
 * uneven: one always busy, five now and then. pairs: two pairs of threads that send each other
 * messages. Begins after 1.5 s without load, in which a scheduler may gather threads. Prints units
 * of work, or messages. */

#include "spdk/stdinc.h"
#include "spdk/env.h"
#include "spdk/event.h"
#include "spdk/scheduler.h"
#include "spdk/thread.h"

#define THREADS_MAX 6
#define UNIT_ROUNDS 1500 /* some 2 us */
#define WARM_UP_US 1500000
#define PHASE_US 300000

struct worker {
	struct spdk_thread *thread;
	struct spdk_poller *poller;
	struct worker *peer; /* pairs */
	uint64_t units;
	uint32_t number;
	bool active;
};

static struct {
	struct worker workers[THREADS_MAX];
	uint32_t num;
	const char *scheduler;
	const char *load;
	uint32_t seconds;
	struct spdk_poller *timer;
	uint64_t start_ticks; /* of the load; 0: it has not begun */
	_Atomic bool loaded;
	_Atomic bool over;
	uint32_t left;
} g;

static volatile uint64_t g_sink;

static void
compute(void)
{
	uint64_t x = g_sink;
	uint32_t i;

	for (i = 0; i < UNIT_ROUNDS; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
	}
	g_sink = x;
}

static bool
is_active(const struct worker *w)
{
	uint64_t us = (spdk_get_ticks() - g.start_ticks) * 1000000 / spdk_get_ticks_hz();

	if (!g.loaded || g.over) {
		return false;
	}
	if (strcmp(g.load, "bursts") == 0) {
		return us / PHASE_US % 2 == 0;
	}
	if (strcmp(g.load, "uneven") == 0) {
		return w->number == 0 || us / 1000 % 20 == w->number;
	}
	return true;
}

static int
work(void *arg)
{
	struct worker *w = arg;

	if (!is_active(w)) {
		return SPDK_POLLER_IDLE;
	}
	compute();
	w->units++;
	return SPDK_POLLER_BUSY;
}

static void
ball(void *arg)
{
	struct worker *w = arg;

	if (!g.over) {
		compute();
		w->units++;
		spdk_thread_send_msg(w->peer->thread, ball, w->peer);
	}
}

/* ---- Start and end ---- */

static void
worker_start(void *arg)
{
	struct worker *w = arg;

	w->poller = spdk_poller_register(work, w, 0);
}

static void
worker_stopped(void *arg)
{
	uint64_t units = 0;
	uint32_t i;

	if (--g.left > 0) {
		return;
	}
	for (i = 0; i < g.num; i++) {
		units += g.workers[i].units;
	}
	printf("%" PRIu64 "\n", units);
	spdk_app_stop(0);
}

static void
worker_stop(void *arg)
{
	struct worker *w = arg;

	spdk_poller_unregister(&w->poller);
	spdk_thread_exit(w->thread);
	spdk_thread_send_msg(spdk_thread_get_app_thread(), worker_stopped, w);
}

static int
load_ends(void *arg)
{
	uint32_t i;

	spdk_poller_unregister(&g.timer);
	g.over = true;
	g.left = g.num;
	for (i = 0; i < g.num; i++) {
		spdk_thread_send_msg(g.workers[i].thread, worker_stop, &g.workers[i]);
	}
	return SPDK_POLLER_BUSY;
}

static int
load_begins(void *arg)
{
	uint32_t i;

	spdk_poller_unregister(&g.timer);
	g.start_ticks = spdk_get_ticks();
	g.loaded = true;
	for (i = 0; i < g.num; i += 2) {
		if (g.workers[i].peer != NULL) {
			spdk_thread_send_msg(g.workers[i].thread, ball, &g.workers[i]);
		}
	}
	g.timer = spdk_poller_register(load_ends, NULL, g.seconds * 1000000ull);
	return SPDK_POLLER_BUSY;
}

static void
start(void *arg)
{
	bool pairs = strcmp(g.load, "pairs") == 0;
	struct worker *w;
	uint32_t i;

	if (spdk_scheduler_set(g.scheduler) != 0) {
		spdk_app_stop(1);
		return;
	}
	for (i = 0; i < g.num; i++) {
		w = &g.workers[i];
		w->number = i;
		w->peer = pairs ? &g.workers[i ^ 1] : NULL;
		w->thread = spdk_thread_create("worker", NULL);
		if (w->thread == NULL) {
			spdk_app_stop(1);
			return;
		}
		if (!pairs) {
			spdk_thread_send_msg(w->thread, worker_start, w);
		}
	}
	g.timer = spdk_poller_register(load_begins, NULL, WARM_UP_US);
}

static uint32_t
threads_of(const char *load)
{
	static const struct {
		const char *load;
		uint32_t num;
	} loads[] = {
		{ "steady", 2 }, { "crowd", 6 }, { "bursts", 2 }, { "uneven", 6 }, { "pairs", 4 }
	};
	size_t i;

	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		if (strcmp(loads[i].load, load) == 0) {
			return loads[i].num;
		}
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct spdk_app_opts opts;
	int rc;

	if (argc != 4 || threads_of(argv[2]) == 0) {
		fprintf(stderr, "usage: %s SCHEDULER steady|crowd|bursts|uneven|pairs SECONDS\n",
		        argv[0]);
		return 1;
	}
	g.scheduler = argv[1];
	g.load = argv[2];
	g.num = threads_of(g.load);
	g.seconds = (uint32_t)atoi(argv[3]);
	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "sched_load";
	opts.rpc_addr = NULL;
	opts.reactor_mask = "0x3";
	opts.disable_cpumask_locks = true;
	opts.print_level = SPDK_LOG_WARN;
	rc = spdk_app_start(&opts, start, NULL);
	spdk_app_fini();
	return rc;
}
