/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * SPDK threads without a framework and without an event loop: POSIX threads of the program poll
 * them, as fast as they can. The smallest way to use spdk/thread.h; thread_epoll, thread_libuv and
 * thread_io_uring show how to sleep instead.
 *
 *	POSIX "left"  polls  SPDK "app", "worker0"
 *	POSIX "right" polls  SPDK "worker1", "worker2"
 *
 * What they do, each step started by a message:
 *
 *	1. "app" registers an io_device, a counter with one channel for each thread.
 *	2. Each worker takes its channel and registers a poller, which counts in the channel
 *	   without lock or atomic, for only its own thread sees it.
 *	3. A worker that has counted far enough stops its poller and tells "app".
 *	4. "app", when all have told, sums up by a visit to each channel on its thread, and
 *	   unregisters the device, which ends when the last channel is put.
 *	5. All exit; the program ends when each POSIX thread has seen its SPDK threads exited.
 *
 *	build/examples/thread
 *	worker0 counted 1000 on left, worker1 counted 1000 on right, worker2 counted 1000 on right
 *	3 channels, 3000 in all
 */

#include "spdk/env.h"
#include "spdk/thread.h"
#include "spdk/util.h"

#include <getopt.h>
#include <pthread.h>

#define WORKERS 3
#define COUNT_TO 1000

/** What a thread has of the device. */
struct counter_channel {
	uint32_t count;
};

struct worker {
	struct spdk_thread *thread;
	struct spdk_io_channel *channel;
	struct spdk_poller *poller;
	const char *polled_by; /* written on its thread, read by "app" after its message */
	uint32_t counted;
};

/** A POSIX thread and those whom it polls. */
struct runner {
	const char *name;
	struct spdk_thread *threads[2];
	pthread_t posix;
};

static struct {
	struct spdk_thread *app;
	struct worker workers[WORKERS];
	struct runner runners[2];
	/* Of "app": */
	uint32_t done;
	uint32_t channels;
	uint32_t sum;
	int device; /* its address names the io_device */
} g;

static __thread const char *g_posix_name;

/* ---- The device ---- */

static int
channel_create(void *io_device, void *ctx)
{
	return 0; /* ctx is a counter_channel, zeroed; there is nothing to add */
}

static void
channel_destroy(void *io_device, void *ctx)
{
}

/* ---- The workers, each on its thread ---- */

static void
worker_exit(void *arg)
{
	struct worker *worker = arg;

	if (worker->channel != NULL) {
		spdk_put_io_channel(worker->channel);
	}
	spdk_thread_exit(spdk_get_thread());
}

static void worker_told(void *arg);

/** Tell "app". Messages order memory: it sees what was written before. */
static void
worker_stop(struct worker *worker)
{
	worker->polled_by = g_posix_name;
	spdk_thread_send_msg(g.app, worker_told, worker);
}

/** The poller: as often as the thread is polled. */
static int
worker_count(void *arg)
{
	struct worker *worker = arg;
	struct counter_channel *channel = spdk_io_channel_get_ctx(worker->channel);

	channel->count++;
	if (channel->count == COUNT_TO) {
		spdk_poller_unregister(&worker->poller);
		worker->counted = channel->count;
		worker_stop(worker);
	}
	return SPDK_POLLER_BUSY;
}

static void
worker_start(void *arg)
{
	struct worker *worker = arg;

	worker->channel = spdk_get_io_channel(&g.device);
	if (worker->channel != NULL) {
		worker->poller = SPDK_POLLER_REGISTER(worker_count, worker, 0);
	}
	if (worker->poller == NULL) {
		worker_stop(worker);
	}
}

/* ---- "app" ---- */

static void
device_gone(void *io_device)
{
	printf("%u channels, %u in all\n", g.channels, g.sum);
	spdk_thread_exit(spdk_get_thread());
}

/** On the thread of each channel, one after the other. */
static void
channel_visit(struct spdk_io_channel_iter *iter)
{
	struct spdk_io_channel *ch = spdk_io_channel_iter_get_channel(iter);
	struct counter_channel *channel = spdk_io_channel_get_ctx(ch);

	g.channels++;
	g.sum += channel->count;
	spdk_for_each_channel_continue(iter, 0);
}

/** All were visited; back on "app". */
static void
channels_visited(struct spdk_io_channel_iter *iter, int status)
{
	size_t i;

	spdk_io_device_unregister(&g.device, device_gone);
	for (i = 0; i < WORKERS; i++) {
		spdk_thread_send_msg(g.workers[i].thread, worker_exit, &g.workers[i]);
	}
}

static void
worker_told(void *arg)
{
	struct worker *worker;
	size_t i;

	if (++g.done < WORKERS) {
		return;
	}
	for (i = 0; i < WORKERS; i++) {
		worker = &g.workers[i];
		printf("%s%s counted %u on %s", i > 0 ? ", " : "",
		       spdk_thread_get_name(worker->thread), worker->counted, worker->polled_by);
	}
	printf("\n");
	spdk_for_each_channel(&g.device, channel_visit, NULL, channels_visited);
}

static void
app_start(void *arg)
{
	size_t i;

	spdk_io_device_register(&g.device, channel_create, channel_destroy,
	                        sizeof(struct counter_channel), "counter");
	for (i = 0; i < WORKERS; i++) {
		spdk_thread_send_msg(g.workers[i].thread, worker_start, &g.workers[i]);
	}
}

/* ---- POSIX threads ---- */

/** Poll my SPDK threads until each has exited. One POSIX thread polls an SPDK thread at a time. */
static void *
run(void *arg)
{
	struct runner *runner = arg;
	size_t i, running;

	g_posix_name = runner->name;
	do {
		running = 0;
		for (i = 0; i < SPDK_COUNTOF(runner->threads); i++) {
			if (!spdk_thread_is_exited(runner->threads[i])) {
				spdk_thread_poll(runner->threads[i], 0, 0);
				running++;
			}
		}
	} while (running > 0);
	return NULL;
}

static int
run_all(void)
{
	static const char *const names[WORKERS] = { "worker0", "worker1", "worker2" };
	size_t i, j;

	g.app = spdk_thread_create("app", NULL);
	for (i = 0; i < WORKERS; i++) {
		g.workers[i].thread = spdk_thread_create(names[i], NULL);
		if (g.app == NULL || g.workers[i].thread == NULL) {
			fprintf(stderr, "no memory for a thread\n");
			return 1;
		}
	}
	g.runners[0] = (struct runner){ "left", { g.app, g.workers[0].thread } };
	g.runners[1] = (struct runner){ "right", { g.workers[1].thread, g.workers[2].thread } };
	spdk_thread_send_msg(g.app, app_start, NULL);
	if (pthread_create(&g.runners[1].posix, NULL, run, &g.runners[1]) != 0) {
		fprintf(stderr, "no POSIX thread can be made\n");
		return 1;
	}
	run(&g.runners[0]); /* the program's first thread is "left" */
	pthread_join(g.runners[1].posix, NULL);
	for (i = 0; i < SPDK_COUNTOF(g.runners); i++) {
		for (j = 0; j < SPDK_COUNTOF(g.runners[i].threads); j++) {
			spdk_thread_destroy(g.runners[i].threads[j]);
		}
	}
	/* Less, where there was no memory for a channel or a poller. */
	return g.sum == WORKERS * COUNT_TO ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	int ch, rc = 1;

	while ((ch = getopt(argc, argv, "h")) != -1) {
		fprintf(ch == 'h' ? stdout : stderr,
		        "usage: %s\n"
		        "\t-h  print this and end\n",
		        argv[0]);
		return ch == 'h' ? 0 : 1;
	}
	spdk_env_opts_init(&opts);
	opts.name = "thread";
	if (spdk_env_init(&opts) != 0) {
		return 1;
	}
	if (spdk_thread_lib_init(NULL, 0) == 0) {
		rc = run_all();
		spdk_thread_lib_fini();
	}
	spdk_env_fini();
	return rc;
}
