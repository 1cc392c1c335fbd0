/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Threads in a foreign event loop: the descriptor of a basalt_loop, and that of one thread, is
 * readable exactly when a call would find work, whatever kind of work it is and however it came. */

#include "ut_threads.h"

#include <setjmp.h>
#include <cmocka.h>

#include "basalt/loop.h"
#include "spdk/fd_group.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/thread.h"

static int
setup(void **state)
{
	ut_threads_start(2);
	return 0;
}

static int
teardown(void **state)
{
	ut_threads_stop();
	return 0;
}

static bool
readable(int fd)
{
	struct env_wait_event event;
	struct env_waiter *waiter;
	int rc;

	assert_int_equal(env_waiter_create(&waiter), 0);
	assert_int_equal(env_waiter_add(waiter, fd, EPOLLIN, NULL), 0);
	rc = env_waiter_wait(waiter, 0, &event, 1);
	env_waiter_destroy(waiter);
	return rc > 0;
}

static void
count(void *arg)
{
	(*(uint32_t *)arg)++;
}

static int
count_poll(void *arg)
{
	(*(uint32_t *)arg)++;
	return SPDK_POLLER_IDLE;
}

/* ---- A loop ---- */

/* Kinds of work, each given and taken back outside of the thread's steps. */
struct work {
	uint32_t runs;
	uint32_t counter;
	int fd;
	struct spdk_poller *poller;
	struct spdk_interrupt *intr;
	struct thread_deferred deferred;
};

static void
poller(struct work *w, enum poller_kind kind, uint64_t period_us)
{
	struct poller_opts opts = { .name = "ut",
		                    .kind = kind,
		                    .period_us = period_us,
		                    .counter = kind == POLLER_COUNTED ? &w->counter : NULL,
		                    .fd = kind == POLLER_FD ? w->fd : -1 };

	w->poller = thread_poller_register(count_poll, w, &opts);
	assert_non_null(w->poller);
}

static void
give_message(struct work *w)
{
	spdk_thread_send_msg(ut_thread(0), count, w);
}

static void
give_timed(struct work *w)
{
	poller(w, POLLER_TIMED, 1000);
	env_sim_advance_us(999);
	assert_int_equal(w->runs, 0);
	env_sim_advance_us(1);
}

static void
give_fd(struct work *w)
{
	poller(w, POLLER_FD, 0);
	env_sim_fd_set_ready(w->fd, EPOLLIN);
}

static void
give_interrupt(struct work *w)
{
	w->intr = SPDK_INTERRUPT_REGISTER(w->fd, count_poll, w);
	env_sim_fd_set_ready(w->fd, EPOLLIN);
}

static void
give_counted(struct work *w)
{
	poller(w, POLLER_COUNTED, 0);
	w->counter = 1; /* noticed when the caller is the thread no more */
}

static void
give_deferred(struct work *w)
{
	w->deferred.fn = count;
	w->deferred.arg = w;
	thread_defer(&w->deferred);
}

static void
give_unknown(struct work *w)
{
	w->poller = spdk_poller_register(count_poll, w, 0);
}

static void
give_resumed(struct work *w)
{
	poller(w, POLLER_TIMED, 1000);
	spdk_poller_pause(w->poller);
	env_sim_advance_us(5000);
	spdk_poller_resume(w->poller);
	env_sim_advance_us(1000);
}

static const struct {
	void (*give)(struct work *w);
	bool stays; /* there is always more */
} g_kinds[] = {
	{ give_message, false },   { give_timed, false },   { give_fd, false },
	{ give_interrupt, false }, { give_counted, true },  { give_deferred, false },
	{ give_unknown, true },    { give_resumed, false },
};

static void
take_back(struct work *w)
{
	set_thread(0);
	spdk_poller_unregister(&w->poller);
	spdk_interrupt_unregister(&w->intr);
	set_thread(UINT32_MAX);
}

static void
test_loop_work(void **state)
{
	struct basalt_loop *loop;
	struct work w;
	size_t i;
	int fd;

	assert_int_equal(basalt_loop_create(&loop), 0);
	fd = basalt_loop_get_fd(loop);
	assert_false(readable(fd));
	basalt_loop_add_thread(loop, ut_thread(0));
	assert_int_equal(basalt_loop_process(loop, 8), 0);
	assert_false(readable(fd));
	for (i = 0; i < SPDK_COUNTOF(g_kinds); i++) {
		memset(&w, 0, sizeof(w));
		w.fd = env_sim_fd_create();
		set_thread(0);
		g_kinds[i].give(&w);
		set_thread(UINT32_MAX);
		basalt_loop_process(loop, 1); /* what was given by hand is known now */
		if (w.runs == 0) {
			assert_true(readable(fd));
			basalt_loop_process(loop, 1);
		}
		assert_int_equal(w.runs >= 1, 1);
		env_sim_fd_set_ready(w.fd, 0);
		assert_int_equal(basalt_loop_process(loop, 8), g_kinds[i].stays);
		assert_int_equal(readable(fd), g_kinds[i].stays);
		take_back(&w);
		assert_int_equal(basalt_loop_process(loop, 8), 0);
		assert_false(readable(fd));
		env_event_close(w.fd);
	}
	basalt_loop_destroy(loop);
}

/* Work that comes while the foreign loop waits makes the descriptor readable by itself. */
static void
test_loop_wakes(void **state)
{
	struct basalt_loop *loop;
	struct work w;
	size_t i;
	int fd;

	assert_int_equal(basalt_loop_create(&loop), 0);
	fd = basalt_loop_get_fd(loop);
	basalt_loop_add_thread(loop, ut_thread(0));
	assert_true(readable(fd)); /* an arrival is work */
	for (i = 0; i < SPDK_COUNTOF(g_kinds); i++) {
		memset(&w, 0, sizeof(w));
		w.fd = env_sim_fd_create();
		basalt_loop_process(loop, 8);
		assert_false(readable(fd));
		set_thread(0);
		g_kinds[i].give(&w);
		set_thread(UINT32_MAX);
		assert_true(readable(fd));
		assert_int_equal(w.runs, 0);
		take_back(&w);
		basalt_loop_process(loop, 8);
		env_event_close(w.fd);
	}
	basalt_loop_destroy(loop);
}

/* A thread that keeps giving itself work is bounded by max_steps. */
static void
again(void *arg)
{
	uint32_t *runs = arg;

	if (++*runs < 5) {
		spdk_thread_send_msg(spdk_get_thread(), again, runs);
	}
}

static void
test_loop_bounds(void **state)
{
	struct basalt_loop *loop;
	uint32_t runs = 0;
	int fd;

	assert_int_equal(basalt_loop_create(&loop), 0);
	fd = basalt_loop_get_fd(loop);
	basalt_loop_add_thread(loop, ut_thread(0));
	basalt_loop_add_thread(loop, ut_thread(1));
	spdk_thread_send_msg(ut_thread(1), again, &runs);
	assert_int_equal(basalt_loop_process(loop, 3), 1);
	assert_int_equal(runs, 3);
	assert_true(readable(fd));
	/* Out of the loop nobody polls it. */
	basalt_loop_remove_thread(loop, ut_thread(1));
	assert_int_equal(basalt_loop_process(loop, 3), 0);
	assert_int_equal(runs, 3);
	assert_false(readable(fd));
	basalt_loop_add_thread(loop, ut_thread(1));
	basalt_loop_process(loop, 1);
	assert_int_equal(runs, 4);
	assert_int_equal(basalt_loop_process(loop, 8), 0); /* the last message is not left behind */
	assert_int_equal(runs, 5);
	basalt_loop_destroy(loop);
	basalt_loop_destroy(NULL);
}

static void
test_loop_exit(void **state)
{
	struct basalt_loop *loop;
	struct spdk_thread *thread;
	uint32_t i;

	thread = spdk_thread_create("goes", NULL);
	assert_int_equal(basalt_loop_create(&loop), 0);
	basalt_loop_add_thread(loop, thread);
	basalt_loop_process(loop, 8);
	spdk_set_thread(thread);
	spdk_thread_exit(thread);
	spdk_set_thread(NULL);
	for (i = 0; i < 4 && !spdk_thread_is_exited(thread); i++) {
		assert_true(readable(basalt_loop_get_fd(loop)));
		basalt_loop_process(loop, 1);
	}
	assert_true(spdk_thread_is_exited(thread));
	assert_int_equal(basalt_loop_process(loop, 8), 0);
	spdk_thread_destroy(thread);

	/* One that is destroyed in its loop leaves it. */
	basalt_loop_add_thread(loop, ut_thread(0));
	basalt_loop_process(loop, 8);
	basalt_loop_destroy(loop);
}

static void
test_loop_idle(void **state)
{
	struct spdk_thread_stats stats;
	struct basalt_loop *loop;

	assert_int_equal(basalt_loop_create(&loop), 0);
	basalt_loop_add_thread(loop, ut_thread(0));
	basalt_loop_process(loop, 1);
	env_sim_advance_us(700);
	basalt_loop_process(loop, 1);
	set_thread(0);
	assert_int_equal(spdk_thread_get_stats(&stats), 0);
	set_thread(UINT32_MAX);
	assert_int_equal(stats.idle_tsc, 700 * 1000);
	assert_int_equal(stats.busy_tsc, 0);
	basalt_loop_destroy(loop);
}

static void
test_loop_failures(void **state)
{
	static const enum env_fault_class classes[] = { ENV_FAULT_HEAP, ENV_FAULT_WAITER };
	uint64_t heap = env_sim_live_heap();
	uint32_t fds = env_sim_fd_count(), failed = 0;
	struct basalt_loop *loop;
	uint64_t nth;
	size_t i;
	int rc;

	for (i = 0; i < SPDK_COUNTOF(classes); i++) {
		for (nth = 1, rc = -1; rc != 0; nth++) {
			env_sim_fail_nth(classes[i], nth);
			rc = basalt_loop_create(&loop);
			env_fault_clear();
			failed += rc != 0;
			if (rc == 0) {
				basalt_loop_destroy(loop);
			}
			assert_true(rc == 0 || rc == -ENOMEM || rc == -EMFILE);
			assert_int_equal(env_sim_live_heap(), heap);
			assert_int_equal(env_sim_fd_count(), fds);
		}
	}
	assert_true(failed >= 6);
}

/* ---- The descriptor of one thread ---- */

static void
test_thread_fd(void **state)
{
	struct spdk_thread *thread = ut_thread(0);
	struct work w;
	size_t i;
	int fd;

	fd = spdk_thread_get_interrupt_fd(thread);
	assert_true(fd >= 0);
	assert_int_equal(spdk_thread_get_interrupt_fd(thread), fd);
	assert_false(readable(fd));
	for (i = 0; i < SPDK_COUNTOF(g_kinds); i++) {
		memset(&w, 0, sizeof(w));
		w.fd = env_sim_fd_create();
		set_thread(0);
		g_kinds[i].give(&w);
		set_thread(UINT32_MAX);
		assert_true(readable(fd));
		assert_int_equal(w.runs, 0);
		spdk_thread_poll(thread, 0, 0);
		spdk_thread_poll(thread, 0, 0);
		assert_int_equal(w.runs >= 1, 1);
		env_sim_fd_set_ready(w.fd, 0);
		spdk_thread_poll(thread, 0, 0);
		assert_int_equal(readable(fd), g_kinds[i].stays);
		take_back(&w);
		spdk_thread_poll(thread, 0, 0);
		assert_false(readable(fd));
		env_event_close(w.fd);
	}
}

static void
test_thread_fd_in_loop(void **state)
{
	struct basalt_loop *loop;

	assert_int_equal(basalt_loop_create(&loop), 0);
	basalt_loop_add_thread(loop, ut_thread(0));
	basalt_loop_process(loop, 1);
	assert_int_equal(spdk_thread_get_interrupt_fd(ut_thread(0)), basalt_loop_get_fd(loop));
	basalt_loop_destroy(loop);
}

static void
test_thread_fd_failures(void **state)
{
	struct spdk_fd_group *group = NULL;
	uint64_t nth;
	int fd = -1;

	for (nth = 1; fd < 0; nth++) {
		env_sim_fail_nth(ENV_FAULT_WAITER, nth);
		fd = spdk_thread_get_interrupt_fd(ut_thread(0));
		env_fault_clear();
	}
	assert_true(nth > 3);
	for (nth = 1; group == NULL; nth++) {
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		group = spdk_thread_get_interrupt_fd_group(ut_thread(0));
		env_fault_clear();
	}
	assert_true(nth > 3);
	assert_ptr_equal(spdk_thread_get_interrupt_fd_group(ut_thread(0)), group);
	assert_int_equal(spdk_thread_get_interrupt_fd(ut_thread(0)), spdk_fd_group_get_fd(group));
}

/* ---- The group of one thread ---- */

struct added {
	uint32_t runs;
	struct spdk_thread *on;
	bool send;
	uint32_t messages;
};

static int
added_run(void *arg)
{
	struct added *added = arg;

	added->runs++;
	added->on = spdk_get_thread();
	if (added->send) {
		spdk_thread_send_msg(added->on, count, &added->messages);
	}
	return 0;
}

static void
test_group_by_hand(void **state)
{
	struct spdk_thread *thread = ut_thread(0);
	struct added added = { .send = true };
	struct spdk_fd_group *group, *outer;
	uint32_t runs = 0;
	int fd = env_sim_fd_create();

	group = spdk_thread_get_interrupt_fd_group(thread);
	assert_non_null(group);
	assert_int_equal(SPDK_FD_GROUP_ADD(group, fd, added_run, &added), 0);

	/* Waited for by itself: the thread's messages, and what was added. */
	assert_false(readable(spdk_fd_group_get_fd(group)));
	spdk_thread_send_msg(thread, count, &runs);
	assert_true(readable(spdk_fd_group_get_fd(group)));
	assert_int_equal(spdk_fd_group_wait(group, 0), 1);
	assert_int_equal(runs, 1);
	assert_int_equal(spdk_fd_group_wait(group, 0), 0);
	env_sim_fd_set_ready(fd, EPOLLIN);
	assert_int_equal(spdk_fd_group_wait(group, 0), 1);
	assert_ptr_equal(added.on, thread);
	assert_null(spdk_get_thread());
	env_sim_fd_set_ready(fd, 0);
	assert_true(readable(spdk_thread_get_interrupt_fd(thread)));
	assert_int_equal(spdk_fd_group_wait(group, 0), 1); /* the message it sent */
	assert_int_equal(added.messages, 1);

	/* spdk_thread_poll() runs what was added, too. */
	env_sim_fd_set_ready(fd, EPOLLIN);
	spdk_thread_poll(thread, 0, 0);
	assert_int_equal(added.runs, 2);
	env_sim_fd_set_ready(fd, 0);
	spdk_thread_poll(thread, 0, 0);
	assert_int_equal(added.messages, 2);

	/* Inside a group of the program's. */
	assert_int_equal(spdk_fd_group_create(&outer), 0);
	assert_int_equal(spdk_fd_group_nest(outer, group), 0);
	spdk_thread_send_msg(thread, count, &runs);
	assert_int_equal(spdk_fd_group_wait(outer, 0), 1);
	assert_int_equal(runs, 2);
	assert_int_equal(spdk_thread_get_interrupt_fd(thread), spdk_fd_group_get_fd(outer));
	spdk_thread_send_msg(thread, count, &runs);
	spdk_thread_poll(thread, 0, 0);
	assert_int_equal(runs, 3);
	assert_int_equal(spdk_fd_group_unnest(outer, group), 0);
	spdk_fd_group_destroy(outer);
	spdk_fd_group_remove(group, fd);
	env_event_close(fd);
}

static void
test_group_in_loop(void **state)
{
	struct spdk_fd_group *group, *outer;
	struct added added = { 0 };
	struct basalt_loop *loop;
	int fd = env_sim_fd_create();

	assert_int_equal(basalt_loop_create(&loop), 0);
	basalt_loop_add_thread(loop, ut_thread(0));
	basalt_loop_process(loop, 1);
	group = spdk_thread_get_interrupt_fd_group(ut_thread(0));
	assert_non_null(group);
	assert_int_equal(SPDK_FD_GROUP_ADD(group, fd, added_run, &added), 0);
	assert_int_equal(spdk_fd_group_create(&outer), 0);
	assert_int_equal(spdk_fd_group_nest(outer, group), -EINVAL); /* it is nested already */
	spdk_fd_group_destroy(outer);
	env_sim_fd_set_ready(fd, EPOLLIN);
	assert_true(readable(basalt_loop_get_fd(loop)));
	basalt_loop_process(loop, 1);
	assert_int_equal(added.runs, 1);
	assert_ptr_equal(added.on, ut_thread(0));
	env_sim_fd_set_ready(fd, 0);
	spdk_fd_group_remove(group, fd);
	basalt_loop_destroy(loop);
	env_event_close(fd);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_loop_work),     T(test_loop_wakes),        T(test_loop_bounds),
		T(test_loop_exit),     T(test_loop_idle),         T(test_loop_failures),
		T(test_thread_fd),     T(test_thread_fd_in_loop), T(test_thread_fd_failures),
		T(test_group_by_hand), T(test_group_in_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
