/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * SPDK threads inside an io_uring loop, with SPDK's names alone: each thread has an interrupt
 * descriptor, and spdk_thread_poll() is called when it is readable. The ring waits for them by poll
 * requests, beside what the program submits itself:
 *
 *	ring --+-- IORING_OP_POLL_ADD on the descriptor of "reader"   -> spdk_thread_poll(reader)
 *	       +-- IORING_OP_POLL_ADD on the descriptor of "adder"    -> spdk_thread_poll(adder)
 *	       +-- IORING_OP_WRITE into a pipe                        -> the program's own work
 *
 * The program writes numbers into a pipe, one by one, by the ring. The thread "reader" has the
 * other end as an interrupt and sends each number to "adder". After the last one both exit.
 *
 *	build/examples/thread_io_uring -n 20
 *	20 written, 20 read, sum 210, 61 wake-ups
 */

#include "spdk/env.h"
#include "spdk/thread.h"

#include <fcntl.h>
#include <getopt.h>
#include <liburing.h>
#include <poll.h>

#define RING_ENTRIES 8
/* user_data of requests: 0 and 1 are the threads. */
#define NUM_THREADS 2
#define WRITTEN NUM_THREADS

static struct {
	uint32_t numbers_max;
	struct io_uring ring;
	struct spdk_thread *threads[NUM_THREADS]; /* reader, adder */
	struct spdk_interrupt *intr;
	int pipe_fds[2];
	uint32_t number;  /* that is being written */
	uint32_t written; /* main */
	uint32_t read;    /* reader */
	uint32_t sum;     /* adder */
} g = { .numbers_max = 20 };

static void
add(void *arg)
{
	g.sum += (uint32_t)(uintptr_t)arg;
	if ((uintptr_t)arg == g.numbers_max) {
		spdk_thread_exit(spdk_get_thread());
	}
}

/** On "reader": its end of the pipe is readable. */
static int
pipe_readable(void *arg)
{
	uint32_t number;

	if (read(g.pipe_fds[0], &number, sizeof(number)) != sizeof(number)) {
		return SPDK_POLLER_IDLE;
	}
	g.read++;
	spdk_thread_send_msg(g.threads[1], add, (void *)(uintptr_t)number);
	if (number == g.numbers_max) {
		spdk_interrupt_unregister(&g.intr);
		spdk_thread_exit(spdk_get_thread());
	}
	return SPDK_POLLER_BUSY;
}

static void
reader_start(void *arg)
{
	g.intr = SPDK_INTERRUPT_REGISTER(g.pipe_fds[0], pipe_readable, NULL);
}

/** Wait once for the descriptor of thread \p i. */
static void
ring_poll(uint32_t i)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&g.ring);

	io_uring_prep_poll_add(sqe, spdk_thread_get_interrupt_fd(g.threads[i]), POLLIN);
	io_uring_sqe_set_data64(sqe, i);
}

static void
ring_write_next(void)
{
	struct io_uring_sqe *sqe;

	if (g.number == g.numbers_max) {
		return;
	}
	g.number++;
	sqe = io_uring_get_sqe(&g.ring);
	io_uring_prep_write(sqe, g.pipe_fds[1], &g.number, sizeof(g.number), 0);
	io_uring_sqe_set_data64(sqe, WRITTEN);
}

/** What a completion is for. The ring has room: each of the three has one request at most. */
static int
serve(uint64_t user_data, int result)
{
	if (result < 0) {
		fprintf(stderr, "io_uring: %s\n", strerror(-result));
		return 1;
	}
	if (user_data == WRITTEN) {
		g.written++;
		ring_write_next();
		return 0;
	}
	spdk_thread_poll(g.threads[user_data], 0, 0);
	if (!spdk_thread_is_exited(g.threads[user_data])) {
		ring_poll((uint32_t)user_data);
	}
	return 0;
}

/** The program's event loop. */
static int
run(void)
{
	struct io_uring_cqe *cqe;
	uint32_t wakeups = 0;
	uint64_t user_data;
	int rc = 0, result;

	while (rc == 0 && (!spdk_thread_is_exited(g.threads[0]) ||
	                   !spdk_thread_is_exited(g.threads[1]) || g.written < g.numbers_max)) {
		io_uring_submit_and_wait(&g.ring, 1);
		wakeups++;
		while (rc == 0 && io_uring_peek_cqe(&g.ring, &cqe) == 0) {
			user_data = io_uring_cqe_get_data64(cqe);
			result = cqe->res;
			io_uring_cqe_seen(&g.ring, cqe);
			rc = serve(user_data, result);
		}
	}
	if (rc == 0) {
		printf("%u written, %u read, sum %u, %u wake-ups\n", g.written, g.read, g.sum,
		       wakeups);
	}
	return rc;
}

static int
run_threads(void)
{
	static const char *const names[NUM_THREADS] = { "reader", "adder" };
	uint32_t i;
	int rc;

	for (i = 0; i < NUM_THREADS; i++) {
		g.threads[i] = spdk_thread_create(names[i], NULL);
		if (g.threads[i] == NULL || spdk_thread_get_interrupt_fd(g.threads[i]) < 0) {
			return 1;
		}
		ring_poll(i);
	}
	ring_write_next();
	spdk_thread_send_msg(g.threads[0], reader_start, NULL);
	rc = run();
	if (rc == 0) {
		spdk_thread_destroy(g.threads[1]);
		spdk_thread_destroy(g.threads[0]);
	}
	return rc;
}

static int
run_ring(void)
{
	int rc = io_uring_queue_init(RING_ENTRIES, &g.ring, 0);

	if (rc != 0) {
		fprintf(stderr, "The kernel gives no io_uring: %s\n", strerror(-rc));
		return 1;
	}
	rc = 1;
	if (pipe2(g.pipe_fds, O_NONBLOCK | O_CLOEXEC) == 0) {
		rc = run_threads();
		close(g.pipe_fds[0]);
		close(g.pipe_fds[1]);
	}
	io_uring_queue_exit(&g.ring);
	return rc;
}

int
main(int argc, char **argv)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	int ch, rc = 1;

	while ((ch = getopt(argc, argv, "n:")) != -1) {
		g.numbers_max = ch == 'n' ? (uint32_t)atoi(optarg) : 0;
	}
	if (g.numbers_max == 0) {
		fprintf(stderr, "usage: %s [-n NUMBERS]\n", argv[0]);
		return 1;
	}
	spdk_env_opts_init(&opts);
	opts.name = "thread_io_uring";
	if (spdk_env_init(&opts) != 0) {
		return 1;
	}
	if (spdk_thread_lib_init(NULL, 0) == 0) {
		rc = run_ring();
		spdk_thread_lib_fini();
	}
	spdk_env_fini();
	return rc;
}
