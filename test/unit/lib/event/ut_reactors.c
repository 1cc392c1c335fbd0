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
#include "spdk/scheduler.h"
#include "spdk/thread.h"
#include "spdk_internal/env_fault.h"

#include <sys/eventfd.h>

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

/* ---- Threads that a scheduler moves all the time ---- */

#define MOVED_THREADS 4
#define MOVED_ROUNDS 400

/* Each has a timed poller, a descriptor and messages of the next one; all of them must go on. */
struct moved {
	struct spdk_thread *thread;
	struct spdk_poller *timed;
	struct spdk_interrupt *intr;
	struct moved *next;
	int fd;
	uint32_t ticks, events, messages;
	uint32_t cores; /* mask of where it ran */
	bool done;
};

static struct moved g_moved[MOVED_THREADS];
static _Atomic uint32_t g_moved_left;

static void
moved_stop(void *arg)
{
	struct moved *m = arg;

	spdk_interrupt_unregister(&m->intr);
	spdk_poller_unregister(&m->timed);
}

static void
moved_check(struct moved *m)
{
	uint32_t i;

	m->cores |= 1u << spdk_env_get_current_core();
	if (m->done || m->ticks < MOVED_ROUNDS || m->events < MOVED_ROUNDS ||
	    m->messages < MOVED_ROUNDS) {
		return;
	}
	m->done = true;
	if (--g_moved_left == 0) {
		for (i = 0; i < MOVED_THREADS; i++) {
			spdk_thread_send_msg(g_moved[i].thread, moved_stop, &g_moved[i]);
		}
		spdk_app_stop(0);
	}
}

static void
moved_message(void *arg)
{
	struct moved *m = arg;

	assert_ptr_equal(spdk_get_thread(), m->thread);
	m->messages++;
	moved_check(m);
}

static int
moved_tick(void *arg)
{
	struct moved *m = arg;
	uint64_t one = 1;

	assert_ptr_equal(spdk_get_thread(), m->thread);
	m->ticks++;
	assert_int_equal(write(m->next->fd, &one, sizeof(one)), sizeof(one));
	spdk_thread_send_msg(m->next->thread, moved_message, m->next);
	moved_check(m);
	return SPDK_POLLER_BUSY;
}

static int
moved_event(void *arg)
{
	struct moved *m = arg;
	uint64_t count;

	assert_ptr_equal(spdk_get_thread(), m->thread);
	if (read(m->fd, &count, sizeof(count)) == sizeof(count)) {
		m->events += (uint32_t)count;
	}
	moved_check(m);
	return SPDK_POLLER_BUSY;
}

static void
moved_start(void *arg)
{
	struct moved *m = arg;

	m->intr = SPDK_INTERRUPT_REGISTER(m->fd, moved_event, m);
	m->timed = spdk_poller_register(moved_tick, m, 300);
}

/* To the other core, all of them, each round. */
static void
restless_balance(struct spdk_scheduler_core_info *cores, uint32_t count)
{
	uint32_t i, j;

	for (i = 0; i < count; i++) {
		for (j = 0; j < cores[i].threads_count; j++) {
			cores[i].thread_infos[j].lcore = (i + 1) % count;
		}
	}
}

static struct spdk_scheduler g_restless = { .name = "restless", .balance = restless_balance };
SPDK_SCHEDULER_REGISTER(g_restless)

/* What the framework tells of itself, on the app thread of a program on cores 0 and 1. */
static void
check_questions(void)
{
	struct spdk_cpuset mask;

	assert_int_equal(spdk_app_get_shm_id(), -1);
	assert_int_equal(spdk_cpuset_count(spdk_app_get_core_mask()), 2);
	assert_true(spdk_cpuset_get_cpu(spdk_app_get_core_mask(), 1));
	spdk_cpuset_zero(&mask);
	assert_int_equal(spdk_app_parse_core_mask("[1-5]", &mask), 0);
	assert_int_equal(spdk_cpuset_count(&mask), 1); /* of these, those that are ours */
	assert_true(spdk_cpuset_get_cpu(&mask, 1));
	assert_true(spdk_app_parse_core_mask("none", &mask) < 0);
	assert_true(spdk_framework_context_switch_monitor_enabled());
	spdk_framework_enable_context_switch_monitor(false);
	assert_false(spdk_framework_context_switch_monitor_enabled());
	spdk_framework_enable_context_switch_monitor(true);
}

static void
moved_started(void *arg)
{
	uint32_t i;

	check_questions();
	g_moved_left = MOVED_THREADS;
	for (i = 0; i < MOVED_THREADS; i++) {
		g_moved[i].fd = eventfd(0, EFD_NONBLOCK);
		g_moved[i].next = &g_moved[(i + 1) % MOVED_THREADS];
		g_moved[i].thread = spdk_thread_create("moved", NULL);
		assert_non_null(g_moved[i].thread);
	}
	for (i = 0; i < MOVED_THREADS; i++) {
		spdk_thread_send_msg(g_moved[i].thread, moved_start, &g_moved[i]);
	}
	assert_int_equal(spdk_scheduler_set("restless"), 0);
	spdk_scheduler_set_period(500);
}

static void
test_moved(void **state)
{
	struct spdk_app_opts opts;
	uint32_t i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		skip();
	}
	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "ut_reactors";
	opts.rpc_addr = NULL;
	opts.print_level = SPDK_LOG_WARN;
	opts.reactor_mask = "0x3";
	opts.disable_cpumask_locks = true;
	assert_int_equal(spdk_app_start(&opts, moved_started, NULL), 0);
	spdk_app_fini();
	for (i = 0; i < MOVED_THREADS; i++) {
		assert_true(g_moved[i].done);
		assert_int_equal(g_moved[i].cores, 3);
		close(g_moved[i].fd);
	}
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
		cmocka_unit_test(test_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
