/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * SPDK threads inside an epoll loop that is the program's own: no reactors, no spdk_app_start().
 * All threads together are one descriptor in the set, beside the program's own descriptors:
 *
 *	epoll set --+-- basalt_loop_get_fd()  -> basalt_loop_process()   threads "ticker", "adder"
 *	            +-- a timerfd             -> the program's own work
 *
 * "ticker" has a timed poller; each tick it sends a message to "adder", which sums up the numbers.
 * A POSIX thread that knows nothing of SPDK sends one, too. After the last tick both threads exit.
 * The program sleeps in epoll_wait() and nowhere else:
 *
 *	build/examples/thread_epoll -n 20 -p 5
 *	20 ticks, 21 messages, sum 1210, 4 beats of our own, 52 wake-ups
 */

#include "basalt/loop.h"
#include "spdk/env.h"
#include "spdk/thread.h"

#include <getopt.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#define BEAT_MS 25
#define STEPS_MAX 16
#define FROM_OUTSIDE 1000

static struct {
	uint32_t ticks_max;
	uint32_t period_ms;
	struct basalt_loop *loop;
	struct spdk_thread *ticker;
	struct spdk_thread *adder;
	struct spdk_poller *poller;
	uint32_t ticks;    /* ticker */
	uint32_t messages; /* adder */
	uint32_t sum;      /* adder */
} g = { .ticks_max = 20, .period_ms = 5 };

/** On "adder": a number to add. */
static void
add(void *arg)
{
	g.messages++;
	g.sum += (uint32_t)(uintptr_t)arg;
}

static void
adder_exit(void *arg)
{
	spdk_thread_exit(spdk_get_thread());
}

/** On "ticker", by its poller. Messages of one sender keep their order: the exit comes last. */
static int
tick(void *arg)
{
	spdk_thread_send_msg(g.adder, add, (void *)(uintptr_t)++g.ticks);
	if (g.ticks == g.ticks_max) {
		spdk_poller_unregister(&g.poller);
		spdk_thread_send_msg(g.adder, adder_exit, NULL);
		spdk_thread_exit(g.ticker);
	}
	return SPDK_POLLER_BUSY;
}

static void
ticker_start(void *arg)
{
	g.poller = SPDK_POLLER_REGISTER(tick, NULL, g.period_ms * 1000);
}

/** A POSIX thread of the program's. Any of them may send messages. */
static void *
outsider(void *arg)
{
	spdk_thread_send_msg(g.adder, add, (void *)(uintptr_t)FROM_OUTSIDE);
	return NULL;
}

/** Called by spdk_thread_create(), also when an SPDK thread makes another one: who polls it. */
static int
new_thread(struct spdk_thread *thread)
{
	basalt_loop_add_thread(g.loop, thread);
	return 0;
}

static int
watch(int epoll_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data = { .fd = fd } };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int
start_beat(int epoll_fd)
{
	struct itimerspec beat = { .it_interval.tv_nsec = BEAT_MS * 1000000,
		                   .it_value.tv_nsec = BEAT_MS * 1000000 };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd >= 0 && (timerfd_settime(fd, 0, &beat, NULL) != 0 || watch(epoll_fd, fd) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/** The program's event loop. */
static int
run(int epoll_fd, int beat_fd)
{
	uint32_t beats = 0, wakeups = 0;
	struct epoll_event event;
	uint64_t expired;

	basalt_loop_process(g.loop, STEPS_MAX); /* before the first wait */
	while (!spdk_thread_is_exited(g.ticker) || !spdk_thread_is_exited(g.adder)) {
		if (epoll_wait(epoll_fd, &event, 1, -1) != 1) {
			return 1;
		}
		wakeups++;
		if (event.data.fd == beat_fd) {
			beats += read(beat_fd, &expired, sizeof(expired)) == sizeof(expired);
		} else {
			/* What is left to do keeps the descriptor readable. */
			basalt_loop_process(g.loop, STEPS_MAX);
		}
	}
	printf("%u ticks, %u messages, sum %u, %u beats of our own, %u wake-ups\n", g.ticks,
	       g.messages, g.sum, beats, wakeups);
	return 0;
}

static int
run_threads(void)
{
	int rc = 1, beat_fd = -1, epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	pthread_t posix_thread;

	g.ticker = spdk_thread_create("ticker", NULL);
	g.adder = spdk_thread_create("adder", NULL);
	if (g.ticker == NULL || g.adder == NULL || epoll_fd < 0) {
		return 1;
	}
	if (watch(epoll_fd, basalt_loop_get_fd(g.loop)) == 0) {
		beat_fd = start_beat(epoll_fd);
	}
	if (beat_fd >= 0 && pthread_create(&posix_thread, NULL, outsider, NULL) == 0) {
		pthread_join(posix_thread, NULL);
		spdk_thread_send_msg(g.ticker, ticker_start, NULL);
		rc = run(epoll_fd, beat_fd);
	}
	if (rc == 0) {
		spdk_thread_destroy(g.adder);
		spdk_thread_destroy(g.ticker);
	}
	close(beat_fd);
	close(epoll_fd);
	return rc;
}

int
main(int argc, char **argv)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	int ch, rc = 1;

	while ((ch = getopt(argc, argv, "n:p:")) != -1) {
		switch (ch) {
		case 'n':
			g.ticks_max = (uint32_t)atoi(optarg);
			break;
		case 'p':
			g.period_ms = (uint32_t)atoi(optarg);
			break;
		default:
			g.period_ms = 0;
		}
	}
	if (g.ticks_max == 0 || g.period_ms == 0) {
		fprintf(stderr, "usage: %s [-n TICKS] [-p PERIOD_MS]\n", argv[0]);
		return 1;
	}
	spdk_env_opts_init(&opts);
	opts.name = "thread_epoll";
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
