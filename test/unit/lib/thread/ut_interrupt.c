/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Interrupts with options, groups of descriptors as interrupts, and interrupt mode, in which
 * threads switch and their pollers are told. */

#include "ut_threads.h"

#include <setjmp.h>
#include <cmocka.h>

#include "spdk/fd_group.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/thread.h"

static int
setup(void **state)
{
	ut_threads_start(1);
	set_thread(0);
	return 0;
}

static int
teardown(void **state)
{
	ut_threads_stop();
	return 0;
}

/* One step, with what its descriptors say. */
static void
step(void)
{
	int fd = spdk_thread_get_interrupt_fd(ut_thread(0));

	assert_true(fd >= 0);
	spdk_thread_poll(ut_thread(0), 0, 0);
}

static int
count(void *arg)
{
	(*(uint32_t *)arg)++;
	return 0;
}

static bool
is_set(int fd)
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
test_ext_events(void **state)
{
	struct spdk_event_handler_opts opts;
	struct spdk_interrupt *intr;
	uint32_t runs = 0;
	int fd = env_sim_fd_create();

	spdk_fd_group_get_default_event_handler_opts(&opts, sizeof(opts));
	opts.events = SPDK_INTERRUPT_EVENT_OUT;
	intr = SPDK_INTERRUPT_REGISTER_EXT(fd, count, &runs, &opts);
	assert_non_null(intr);
	env_sim_fd_set_ready(fd, EPOLLIN);
	step();
	assert_int_equal(runs, 0);
	env_sim_fd_set_ready(fd, EPOLLOUT);
	step();
	assert_int_equal(runs, 1);
	spdk_interrupt_unregister(&intr);

	/* Of a caller that knows the size alone: the defaults. */
	opts.opts_size = sizeof(opts.opts_size);
	intr = SPDK_INTERRUPT_REGISTER_EXT(fd, count, &runs, &opts);
	step();
	assert_int_equal(runs, 1);
	env_sim_fd_set_ready(fd, EPOLLIN);
	step();
	assert_int_equal(runs, 2);
	spdk_interrupt_unregister(&intr);

	intr = SPDK_INTERRUPT_REGISTER_EXT(fd, count, &runs, NULL);
	step();
	assert_int_equal(runs, 3);
	spdk_interrupt_unregister(&intr);
	opts.opts_size = 0;
	assert_null(SPDK_INTERRUPT_REGISTER_EXT(fd, count, &runs, &opts));
	env_event_close(fd);
}

static void
test_ext_eventfd(void **state)
{
	struct spdk_event_handler_opts opts;
	struct spdk_interrupt *intr;
	uint32_t runs = 0;
	int fd = env_event_create();

	spdk_fd_group_get_default_event_handler_opts(&opts, sizeof(opts));
	opts.fd_type = SPDK_FD_TYPE_EVENTFD;
	intr = SPDK_INTERRUPT_REGISTER_EXT(fd, count, &runs, &opts);
	env_event_set(fd);
	step();
	assert_int_equal(runs, 1);
	assert_false(is_set(fd)); /* read before the function ran */
	step();
	assert_int_equal(runs, 1);
	spdk_interrupt_unregister(&intr);

	/* Without the type it is the function's to read. */
	intr = SPDK_INTERRUPT_REGISTER(fd, count, &runs);
	env_event_set(fd);
	step();
	assert_true(is_set(fd));
	spdk_interrupt_unregister(&intr);
	env_event_close(fd);
}

static void
test_ext_failures(void **state)
{
	struct spdk_interrupt *intr = NULL;
	uint64_t heap = env_sim_live_heap();
	uint32_t runs = 0;
	int fd = env_sim_fd_create();

	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	assert_null(spdk_interrupt_register_ext(fd, count, &runs, NULL, NULL));
	env_fault_clear();
	spdk_set_thread(NULL);
	assert_null(spdk_interrupt_register_ext(fd, count, &runs, NULL, NULL));
	assert_null(spdk_interrupt_register_fd_group(NULL, NULL));
	set_thread(0);
	assert_true(spdk_thread_get_interrupt_fd(ut_thread(0)) >= 0);
	heap = env_sim_live_heap() - heap;
	env_sim_fail_nth(ENV_FAULT_WAITER, 1);
	assert_null(spdk_interrupt_register_ext(fd, count, &runs, "ut", NULL));
	env_fault_clear();
	spdk_interrupt_unregister(&intr);
	env_event_close(fd);
}

/* ---- Groups ---- */

struct member {
	struct spdk_interrupt **intr; /* to unregister inside the run; NULL: nothing */
	struct spdk_thread *on;
	uint32_t runs;
};

static int
member_run(void *arg)
{
	struct member *member = arg;

	member->runs++;
	member->on = spdk_get_thread();
	if (member->intr != NULL) {
		spdk_interrupt_unregister(member->intr);
	}
	return 0;
}

static void
test_fd_group(void **state)
{
	struct spdk_fd_group *group;
	struct spdk_interrupt *intr;
	struct member member = { 0 };
	int fd = env_sim_fd_create();

	assert_int_equal(spdk_fd_group_create(&group), 0);
	assert_int_equal(SPDK_FD_GROUP_ADD(group, fd, member_run, &member), 0);
	intr = spdk_interrupt_register_fd_group(group, "ut");
	assert_non_null(intr);
	step();
	assert_int_equal(member.runs, 0);
	env_sim_fd_set_ready(fd, EPOLLIN);
	step();
	assert_int_equal(member.runs, 1);
	assert_ptr_equal(member.on, ut_thread(0));
	/* It is the thread's to wait for. */
	assert_int_equal(spdk_fd_group_wait(group, 0), -EINVAL);
	assert_null(spdk_interrupt_register_fd_group(group, "again"));
	/* One that unregisters inside its run, and the group is the caller's again. */
	member.intr = &intr;
	step();
	assert_null(intr);
	assert_int_equal(member.runs, 2);
	step();
	assert_int_equal(member.runs, 2);
	member.intr = NULL;
	assert_int_equal(spdk_fd_group_wait(group, 0), 1);
	assert_int_equal(member.runs, 3);
	spdk_fd_group_destroy(group);
	env_event_close(fd);
}

static void
test_fd_group_failures(void **state)
{
	struct spdk_interrupt *intr = NULL;
	struct spdk_fd_group *group;
	uint32_t fds, classes;
	uint64_t heap, nth;
	struct member member = { 0 };
	int fd = env_sim_fd_create();

	assert_true(spdk_thread_get_interrupt_fd(ut_thread(0)) >= 0);
	assert_int_equal(spdk_fd_group_create(&group), 0);
	assert_int_equal(SPDK_FD_GROUP_ADD(group, fd, member_run, &member), 0);
	for (classes = 0; classes < 2; classes++) {
		for (nth = 1, intr = NULL; intr == NULL; nth++) {
			heap = env_sim_live_heap();
			fds = env_sim_fd_count();
			env_sim_fail_nth(classes == 0 ? ENV_FAULT_HEAP : ENV_FAULT_WAITER, nth);
			intr = spdk_interrupt_register_fd_group(group, NULL);
			env_fault_clear();
			if (intr == NULL) {
				assert_int_equal(env_sim_live_heap(), heap);
				assert_int_equal(env_sim_fd_count(), fds);
			}
		}
		assert_true(nth > 3);
		spdk_interrupt_unregister(&intr);
	}
	spdk_fd_group_destroy(group);
	env_event_close(fd);
}

/* ---- Interrupt mode ---- */

struct told {
	struct spdk_poller *poller;
	struct told *unregisters;
	uint32_t times;
	bool mode;
};

static void
tell(struct spdk_poller *poller, void *arg, bool mode)
{
	struct told *told = arg;

	assert_ptr_equal(poller, told->poller);
	told->times++;
	told->mode = mode;
	if (told->unregisters != NULL) {
		spdk_poller_unregister(&told->unregisters->poller);
	}
}

static int
nothing(void *arg)
{
	return SPDK_POLLER_IDLE;
}

static void
make(struct told *told, uint64_t period_us)
{
	memset(told, 0, sizeof(*told));
	told->poller = spdk_poller_register(nothing, told, period_us);
	spdk_poller_register_interrupt(told->poller, tell, told);
}

static void
test_mode_not_asked_for(void **state)
{
	struct told told;

	make(&told, 0);
	spdk_thread_set_interrupt_mode(true);
	spdk_thread_set_interrupt_mode(false);
	assert_int_equal(told.times, 0);
	spdk_poller_unregister(&told.poller);
}

static void
mode_start(void)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	opts.name = "unit";
	assert_int_equal(spdk_env_init(&opts), 0);
	assert_int_equal(spdk_thread_lib_init(NULL, 0), 0);
	assert_int_equal(spdk_interrupt_mode_enable(), 0);
	assert_true(spdk_interrupt_mode_is_enabled());
}

static void
mode_stop(struct spdk_thread *thread)
{
	spdk_thread_exit(thread);
	while (!spdk_thread_is_exited(thread)) {
		spdk_thread_poll(thread, 0, 0);
	}
	spdk_thread_destroy(thread);
	spdk_thread_lib_fini();
	assert_false(spdk_interrupt_mode_is_enabled());
	spdk_env_fini();
}

static void
test_mode_switch(void **state)
{
	struct told told[4];
	struct spdk_thread *thread;
	uint64_t deadline = UINT64_MAX;
	size_t i;

	mode_start();
	thread = spdk_thread_create("ut", NULL);
	spdk_set_thread(thread);
	make(&told[0], 0);
	make(&told[1], 1000);
	make(&told[2], 0);
	make(&told[3], 2000);
	spdk_poller_pause(told[2].poller);
	for (i = 0; i < 4; i++) {
		assert_int_equal(told[i].times, 1);
		assert_true(told[i].mode);
	}
	/* With interrupts who has no period may be slept over; polling it may not. */
	assert_int_equal(thread_look(thread, &deadline), THREAD_REST_SLEEP);
	spdk_thread_set_interrupt_mode(false);
	for (i = 0; i < 4; i++) {
		assert_int_equal(told[i].times, 2);
		assert_false(told[i].mode);
	}
	assert_int_equal(thread_look(thread, &deadline), THREAD_REST_NAP);
	/* Nothing new; and one that unregisters another before that hears of it. */
	spdk_thread_set_interrupt_mode(false);
	assert_int_equal(told[0].times, 2);
	told[1].unregisters = &told[3];
	spdk_thread_set_interrupt_mode(true);
	assert_null(told[3].poller);
	assert_int_equal(told[3].times, 2);
	assert_true(told[0].mode && told[1].mode && told[2].mode);
	assert_int_equal(thread_look(thread, &deadline), THREAD_REST_SLEEP);
	for (i = 0; i < 3; i++) {
		spdk_poller_unregister(&told[i].poller);
	}
	mode_stop(thread);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_ext_events),
		T(test_ext_eventfd),
		T(test_ext_failures),
		T(test_fd_group),
		T(test_fd_group_failures),
		T(test_mode_not_asked_for),
		cmocka_unit_test(test_mode_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
