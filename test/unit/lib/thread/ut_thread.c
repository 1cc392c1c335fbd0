/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Threads: life, messages, deferred work, post-poller handlers, visits of each thread. */

#include "ut_threads.h"

#include <setjmp.h>
#include <cmocka.h>

#include "spdk/trace.h"
#include "spdk_internal/env_sim.h"
#include "spdk/cpuset.h"
#include "spdk_internal/thread.h"

static char g_trace[256];

static void
trace_reset(void)
{
	g_trace[0] = '\0';
}

static void
trace(const char *what)
{
	size_t len = strlen(g_trace);

	snprintf(g_trace + len, sizeof(g_trace) - len, "%s", what);
}

static void
msg_trace(void *arg)
{
	trace(arg);
}

static int
setup(void **state)
{
	trace_reset();
	ut_threads_start(3);
	return 0;
}

static int
teardown(void **state)
{
	ut_threads_stop();
	return 0;
}

static void
test_ids_and_names(void **state)
{
	struct spdk_thread *unnamed;

	assert_int_equal(spdk_thread_get_count(), 3);
	assert_int_equal(spdk_thread_get_id(ut_thread(0)), 1);
	assert_int_equal(spdk_thread_get_id(ut_thread(2)), 3);
	assert_string_equal(spdk_thread_get_name(ut_thread(1)), "ut_thread_1");
	assert_ptr_equal(spdk_thread_get_by_id(2), ut_thread(1));
	assert_null(spdk_thread_get_by_id(0));
	assert_null(spdk_thread_get_by_id(4));
	assert_ptr_equal(spdk_thread_get_app_thread(), ut_thread(0));
	assert_true(spdk_thread_is_app_thread(ut_thread(0)));
	assert_false(spdk_thread_is_app_thread(ut_thread(1)));
	set_thread(0);
	assert_true(spdk_thread_is_app_thread(NULL));

	unnamed = spdk_thread_create(NULL, NULL);
	assert_non_null(unnamed);
	assert_string_equal(spdk_thread_get_name(unnamed), "thread_4");
	spdk_set_thread(unnamed);
	assert_int_equal(spdk_thread_exit(unnamed), 0);
	assert_false(spdk_thread_is_running(unnamed));
	assert_false(spdk_thread_is_exited(unnamed));
	spdk_thread_poll(unnamed, 0, 0);
	assert_true(spdk_thread_is_exited(unnamed));
	spdk_thread_destroy(unnamed);
	assert_null(spdk_get_thread());
	assert_int_equal(spdk_thread_get_count(), 3);
}

static void
test_order_of_a_sender(void **state)
{
	set_thread(0);
	spdk_thread_send_msg(ut_thread(1), msg_trace, "a");
	spdk_thread_send_msg(ut_thread(1), msg_trace, "b");
	set_thread(UINT32_MAX); /* as a POSIX thread that is none of ours */
	spdk_thread_send_msg(ut_thread(1), msg_trace, "c");
	assert_false(poll_thread(0));
	assert_string_equal(g_trace, "");
	assert_true(poll_thread(1));
	assert_string_equal(g_trace, "abc");
	assert_false(poll_thread(1));
}

/* At once on the thread itself, else as a message. */
static void
test_exec(void **state)
{
	set_thread(0);
	assert_int_equal(spdk_thread_exec_msg(ut_thread(0), msg_trace, "a"), 0);
	assert_string_equal(g_trace, "a");
	assert_int_equal(spdk_thread_exec_msg(ut_thread(1), msg_trace, "b"), 0);
	assert_string_equal(g_trace, "a");
	poll_threads();
	assert_string_equal(g_trace, "ab");
}

static void
msg_send_again(void *arg)
{
	trace("1");
	spdk_thread_send_msg(spdk_get_thread(), msg_trace, "2");
}

static void
test_a_step_is_bounded(void **state)
{
	char digits[40][2];
	int i;

	set_thread(0);
	/* What a message sends waits for the next step. */
	spdk_thread_send_msg(ut_thread(0), msg_send_again, NULL);
	poll_thread(0);
	assert_string_equal(g_trace, "1");
	poll_thread(0);
	assert_string_equal(g_trace, "12");

	trace_reset();
	for (i = 0; i < 40; i++) {
		snprintf(digits[i], sizeof(digits[i]), "%d", i % 10);
		spdk_thread_send_msg(ut_thread(0), msg_trace, digits[i]);
	}
	assert_int_equal(spdk_thread_poll(ut_thread(0), 3, 0), 1);
	assert_string_equal(g_trace, "012");
	spdk_thread_send_msg(ut_thread(0), msg_trace, "x");
	poll_thread(0);
	assert_int_equal(strlen(g_trace), 35); /* 32 a step unless told */
	poll_threads();
	assert_string_equal(g_trace + 35, "56789x");
}

static void
msg_critical(void *arg)
{
	assert_null(arg);
	trace("!");
}

static void
test_critical(void **state)
{
	assert_int_equal(spdk_thread_send_critical_msg(ut_thread(1), msg_critical), 0);
	assert_int_equal(spdk_thread_send_critical_msg(ut_thread(1), msg_critical), -EIO);
	poll_threads();
	assert_string_equal(g_trace, "!");
	assert_int_equal(spdk_thread_send_critical_msg(ut_thread(1), msg_critical), 0);
	poll_threads();
	assert_string_equal(g_trace, "!!");
}

static void
msg_trace_thread(void *arg)
{
	trace(spdk_thread_get_name(spdk_get_thread()) + strlen("ut_thread_"));
}

static void
msg_trace_done(void *arg)
{
	assert_ptr_equal(spdk_get_thread(), ut_thread(1));
	trace("done");
}

static void
test_each_thread(void **state)
{
	set_thread(1);
	spdk_for_each_thread(msg_trace_thread, NULL, msg_trace_done);
	assert_string_equal(g_trace, "");
	poll_threads();
	assert_string_equal(g_trace, "012done");

	/* One that exits meanwhile is left out. */
	trace_reset();
	spdk_for_each_thread(msg_trace_thread, NULL, msg_trace_done);
	set_thread(2);
	spdk_thread_exit(ut_thread(2));
	poll_threads();
	assert_string_equal(g_trace, "01done");
}

static uint32_t g_slices;

static bool
trace_slice(void *arg)
{
	msg_trace_thread(arg);
	return ++g_slices % 3 != 0;
}

/* Each thread until it says that it is done, every time from a message of its own. */
static void
test_each_in_slices(void **state)
{
	set_thread(1);
	g_slices = 0;
	thread_for_each_in_slices(trace_slice, NULL, msg_trace_done);
	assert_string_equal(g_trace, "");
	poll_thread(0);
	assert_string_equal(g_trace, "0");
	/* It exits behind its last slice. */
	set_thread(2);
	spdk_thread_exit(ut_thread(2));
	poll_threads();
	assert_string_equal(g_trace, "000111done");
}

static struct thread_deferred g_deferred;
static uint32_t g_deferred_runs;

static void
deferred_run(void *arg)
{
	g_deferred_runs++;
	if (arg != NULL && g_deferred_runs < 3) {
		thread_defer(&g_deferred);
		thread_defer(&g_deferred); /* once only */
	}
}

static void
msg_defer(void *arg)
{
	thread_defer(&g_deferred);
	assert_int_equal(g_deferred_runs, 0);
}

static void
test_defer(void **state)
{
	memset(&g_deferred, 0, sizeof(g_deferred));
	g_deferred_runs = 0;
	g_deferred.fn = deferred_run;
	g_deferred.arg = &g_deferred;
	spdk_thread_send_msg(ut_thread(0), msg_defer, NULL);
	assert_true(poll_thread(0));
	assert_int_equal(g_deferred_runs, 1); /* in the same step; the next in the next */
	assert_true(poll_thread(0));
	assert_true(poll_thread(0));
	assert_int_equal(g_deferred_runs, 3);
	assert_false(poll_thread(0));
}

static void
msg_post_handlers(void *arg)
{
	int i;

	for (i = 0; i < 20; i++) { /* more than fit */
		spdk_thread_register_post_poller_handler(msg_trace, "p");
	}
	trace("m");
}

static void
test_post_handlers(void **state)
{
	spdk_thread_send_msg(ut_thread(0), msg_post_handlers, NULL);
	poll_thread(0);
	assert_string_equal(g_trace, "mpppppppppppppppp");
	poll_threads();
	assert_string_equal(g_trace, "mpppppppppppppppppppp");
}

static void
test_send_without_memory(void **state)
{
	int i;

	/* 128 nodes of the pool, then the heap, which fails, then the reserve. */
	set_thread(UINT32_MAX);
	for (i = 0; i < 200; i++) {
		env_sim_fail_nth(ENV_FAULT_HEAP, 1);
		assert_int_equal(spdk_thread_send_msg(ut_thread(0), msg_trace, ""), 0);
	}
	env_sim_fail_nth(ENV_FAULT_HEAP, 0);
	poll_threads();
}

static int
poller_idle(void *arg)
{
	return SPDK_POLLER_IDLE;
}

static void
test_exit_waits(void **state)
{
	struct spdk_poller *poller;

	set_thread(2);
	poller = spdk_poller_register(poller_idle, NULL, 1000);
	assert_non_null(poller);
	assert_int_equal(spdk_thread_exit(ut_thread(2)), 0);
	assert_int_equal(spdk_thread_exit(ut_thread(2)), 0); /* said twice is said once */
	poll_threads_us(1000000);
	assert_false(spdk_thread_is_exited(ut_thread(2)));
	set_thread(2);
	spdk_poller_unregister(&poller);
	assert_null(poller);
	poll_threads();
	assert_true(spdk_thread_is_exited(ut_thread(2)));
	assert_int_equal(spdk_thread_send_msg(ut_thread(2), msg_trace, "x"), -EIO);
}

static void
test_exit_by_force(void **state)
{
	int i;

	set_thread(2);
	assert_non_null(spdk_poller_register(poller_idle, NULL, 1000));
	spdk_thread_exit(ut_thread(2));
	poll_threads_us(4999999);
	assert_false(spdk_thread_is_exited(ut_thread(2)));
	/* Messages that it has no time for, from the pool and from the heap, are given back. */
	for (i = 0; i < 300; i++) {
		spdk_thread_send_msg(ut_thread(2), msg_trace, "");
	}
	poll_threads_us(1);
	assert_true(spdk_thread_is_exited(ut_thread(2)));
}

static void
test_stats(void **state)
{
	struct spdk_thread_stats stats;

	set_thread(UINT32_MAX);
	assert_int_equal(spdk_thread_get_stats(&stats), -EINVAL);
	set_thread(0);
	assert_int_equal(spdk_thread_get_stats(NULL), -EINVAL);
	assert_int_equal(spdk_thread_get_stats(&stats), 0);
	assert_int_equal(stats.busy_tsc, 0);
	env_sim_advance(100);
	/* `now` of the caller lies in the past by 100 ticks: they count as idle. */
	assert_int_equal(spdk_thread_poll(ut_thread(0), 0, spdk_get_ticks() - 100), 0);
	spdk_thread_send_msg(ut_thread(0), msg_trace, "");
	assert_int_equal(spdk_thread_poll(ut_thread(0), 0, spdk_get_ticks() - 30), 1);
	assert_int_equal(spdk_thread_get_stats(&stats), 0);
	assert_int_equal(stats.idle_tsc, 100);
	assert_int_equal(stats.busy_tsc, 30);
	assert_int_equal(spdk_thread_get_last_tsc(NULL), spdk_get_ticks());
}

static void
test_cpumask(void **state)
{
	struct spdk_cpuset *mask = spdk_thread_get_cpumask(ut_thread(0));
	uint64_t id = spdk_thread_get_id(ut_thread(0));

	assert_int_equal(spdk_cpuset_count(mask), SPDK_CPUSET_SIZE); /* none given: any */
	set_thread(0);
	assert_int_equal(spdk_thread_set_cpumask(mask), -ENOTSUP); /* nobody here can move it */
	assert_false(spdk_thread_is_bound(ut_thread(0)));
	assert_true(thread_may_run_on(id, 5));
	assert_false(thread_may_run_on(id + 1000, 5));
	spdk_thread_bind(ut_thread(0), true);
	assert_true(spdk_thread_is_bound(ut_thread(0)));
	assert_false(thread_may_run_on(id, 5));
	spdk_thread_bind(ut_thread(0), false);
	spdk_cpuset_set_cpu(mask, 5, false);
	assert_false(thread_may_run_on(id, 5));
	assert_true(thread_may_run_on(id, 4));
	spdk_cpuset_set_cpu(mask, 5, true);
}

static void
test_spinlock(void **state)
{
	struct spdk_spinlock lock;

	set_thread(0);
	spdk_spin_init(&lock);
	assert_false(spdk_spin_held(&lock));
	spdk_spin_lock(&lock);
	assert_true(spdk_spin_held(&lock));
	set_thread(1);
	assert_false(spdk_spin_held(&lock));
	set_thread(0);
	spdk_spin_unlock(&lock);
	assert_false(spdk_spin_held(&lock));
	assert_false(lock.destroyed);
	spdk_spin_destroy(&lock);
	assert_true(lock.destroyed);
}

static void
end_thread(struct spdk_thread *thread)
{
	spdk_set_thread(thread);
	assert_int_equal(spdk_thread_exit(thread), 0);
	while (!spdk_thread_is_exited(thread)) {
		spdk_thread_poll(thread, 0, 0);
	}
	spdk_thread_destroy(thread);
}

/* While there is a trace each thread is an owner in it. */
static void
test_trace_id(void **state)
{
	struct spdk_thread *a, *b;

	assert_int_equal(spdk_thread_get_trace_id(ut_thread(0)), 0);
	assert_int_equal(spdk_trace_init("/ut_thread", 4, 0), 0);
	a = spdk_thread_create("a", NULL);
	b = spdk_thread_create("b", NULL);
	assert_int_not_equal(spdk_thread_get_trace_id(a), 0);
	assert_int_not_equal(spdk_thread_get_trace_id(b), 0);
	assert_int_not_equal(spdk_thread_get_trace_id(a), spdk_thread_get_trace_id(b));
	end_thread(a);
	end_thread(b);
	spdk_trace_cleanup();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ids_and_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order_of_a_sender, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exec, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_step_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_critical, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_thread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_in_slices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_defer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_post_handlers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_send_without_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exit_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exit_by_force, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stats, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cpumask, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spinlock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trace_id, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
