/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Reactors on the real machine, two cores: messages between threads, from a POSIX thread that is
 * none of ours, and threads that move, while the reactors fall asleep again and again. A wake-up
 * that got lost would leave the program waiting for ever, and the runner would end it. */

#include "spdk/stdinc.h"
#include "spdk/cpuset.h"
#include "spdk/env.h"
#include "spdk/event.h"
#include "spdk/thread.h"
#include "spdk_internal/env_fault.h"

#include <setjmp.h>
#include <cmocka.h>

#define NUM_THREADS 4
#define ROUNDS 3000
#define OUTSIDE_MESSAGES 2000

struct ut_thread {
	struct spdk_thread *thread;
	uint32_t from[NUM_THREADS + 1]; /* the next number expected of each sender */
	uint32_t left;                  /* rounds to start */
};

struct ut_msg {
	struct ut_thread *to;
	uint32_t sender;
	uint32_t number;
};

static struct ut_thread g_threads[NUM_THREADS];
static pthread_t g_outside;
static _Atomic uint32_t g_done;
static bool g_two_cores;

static void
maybe_done(void)
{
	/* Each thread's last round, and the outside sender's last message. */
	if (++g_done == NUM_THREADS + 1) {
		spdk_app_stop(0);
	}
}

static void
receive(void *arg)
{
	struct ut_msg *msg = arg;

	assert_ptr_equal(spdk_get_thread(), msg->to->thread);
	assert_int_equal(msg->to->from[msg->sender], msg->number);
	msg->to->from[msg->sender]++;
	if (msg->sender == NUM_THREADS && msg->number == OUTSIDE_MESSAGES - 1) {
		maybe_done();
	}
	free(msg);
}

static void
send_to(struct ut_thread *to, uint32_t sender, uint32_t number)
{
	struct ut_msg *msg = calloc(1, sizeof(*msg));

	assert_non_null(msg);
	msg->to = to;
	msg->sender = sender;
	msg->number = number;
	assert_int_equal(spdk_thread_send_msg(to->thread, receive, msg), 0);
}

static void
move(uint32_t round)
{
	struct spdk_cpuset mask;

	if (g_two_cores) {
		spdk_cpuset_zero(&mask);
		spdk_cpuset_set_cpu(&mask, round % 2, true);
		assert_int_equal(spdk_thread_set_cpumask(&mask), 0);
	}
}

static void
run_round(void *arg)
{
	struct ut_thread *self = arg;
	uint32_t i, me = (uint32_t)(self - g_threads), number = ROUNDS - self->left;

	for (i = 0; i < NUM_THREADS; i++) {
		send_to(&g_threads[i], me, number);
	}
	if (number % 97 == 96) {
		move(number / 97 + me);
	}
	if (--self->left == 0) {
		maybe_done();
		return;
	}
	spdk_thread_send_msg(self->thread, run_round, self);
}

static void *
outside(void *arg)
{
	uint32_t i;

	for (i = 0; i < OUTSIDE_MESSAGES; i++) {
		send_to(&g_threads[0], NUM_THREADS, i);
		/* Long enough for a reactor to fall asleep, now and then. */
		usleep(i % 50 == 0 ? 500 : 1);
	}
	return NULL;
}

static void
started(void *arg)
{
	uint32_t i;

	for (i = 0; i < NUM_THREADS; i++) {
		g_threads[i].thread = spdk_thread_create("ut", NULL);
		assert_non_null(g_threads[i].thread);
		g_threads[i].left = ROUNDS;
	}
	for (i = 0; i < NUM_THREADS; i++) {
		spdk_thread_send_msg(g_threads[i].thread, run_round, &g_threads[i]);
	}
	assert_int_equal(pthread_create(&g_outside, NULL, outside, NULL), 0);
}

static void
test_messages(void **state)
{
	struct spdk_app_opts opts;

	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "ut_reactors";
	opts.rpc_addr = NULL;
	opts.print_level = SPDK_LOG_WARN;
	g_two_cores = sysconf(_SC_NPROCESSORS_ONLN) >= 2;
	opts.reactor_mask = g_two_cores ? "0x3" : "0x1";
	opts.disable_cpumask_locks = true;
	assert_int_equal(spdk_app_start(&opts, started, NULL), 0);
	pthread_join(g_outside, NULL);
	spdk_app_fini();
	assert_int_equal(g_done, NUM_THREADS + 1);
}

static void
never(void *arg)
{
	fail();
}

/* A core that gets no POSIX thread: the start fails at once, and the next one works. */
static void
test_core_without_thread(void **state)
{
	struct spdk_app_opts opts;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		skip();
	}
	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "ut_reactors";
	opts.rpc_addr = NULL;
	opts.print_level = SPDK_LOG_DISABLED;
	opts.reactor_mask = "0x3";
	opts.disable_cpumask_locks = true;
	env_fault_nth(ENV_FAULT_THREAD, 1);
	assert_int_equal(spdk_app_start(&opts, never, NULL), 1);
	assert_int_equal(env_fault_count(ENV_FAULT_THREAD), 1);
	env_fault_clear();
	spdk_app_fini();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_core_without_thread),
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
