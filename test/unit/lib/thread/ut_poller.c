/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Pollers of the four kinds: when they run, pause, resume, unregister from inside and outside a
 * run; descriptors and interrupts; what a look at the thread says about sleeping. */

#include "ut_threads.h"

#include <setjmp.h>
#include <cmocka.h>

#include "spdk_internal/env_sim.h"
#include "spdk_internal/thread.h"

struct ut_poller {
	struct spdk_poller *poller;
	uint32_t runs;
	int rc;
	/* What it does inside a run, to `other`. */
	void (*act)(struct ut_poller *other);
	struct ut_poller *other;
};

static int
run(void *arg)
{
	struct ut_poller *p = arg;

	p->runs++;
	if (p->act != NULL) {
		p->act(p->other);
	}
	return p->rc;
}

static void
act_unregister(struct ut_poller *p)
{
	spdk_poller_unregister(&p->poller);
}

static void
act_pause(struct ut_poller *p)
{
	spdk_poller_pause(p->poller);
}

static void
act_pause_resume(struct ut_poller *p)
{
	spdk_poller_pause(p->poller);
	spdk_poller_resume(p->poller);
}

static void
act_pause_resume_unregister(struct ut_poller *p)
{
	if (p->poller != NULL) {
		act_pause_resume(p);
		act_unregister(p);
	}
}

static void
make(struct ut_poller *p, uint64_t period_us)
{
	memset(p, 0, sizeof(*p));
	p->poller = spdk_poller_register(run, p, period_us);
	assert_non_null(p->poller);
}

static void
make_kind(struct ut_poller *p, enum poller_kind kind, uint64_t period_us, const uint32_t *counter,
          int fd)
{
	struct poller_opts opts = {
		.name = "ut", .kind = kind, .period_us = period_us, .counter = counter, .fd = fd
	};

	memset(p, 0, sizeof(*p));
	p->poller = thread_poller_register(run, p, &opts);
	assert_non_null(p->poller);
}

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

static enum thread_rest
look(uint64_t *deadline)
{
	*deadline = UINT64_MAX;
	return thread_look(ut_thread(0), deadline);
}

static void
assert_counts(uint32_t active, uint32_t timed, uint32_t paused)
{
	assert_int_equal(thread_count_pollers(ut_thread(0), THREAD_POLLERS_ACTIVE), active);
	assert_int_equal(thread_count_pollers(ut_thread(0), THREAD_POLLERS_TIMED), timed);
	assert_int_equal(thread_count_pollers(ut_thread(0), THREAD_POLLERS_PAUSED), paused);
}

static void
test_unknown_runs_each_step(void **state)
{
	struct ut_poller p;
	uint64_t deadline;

	make(&p, 0);
	assert_int_equal(thread_count_unknown(ut_thread(0)), 1);
	assert_int_equal(look(&deadline), THREAD_REST_NAP);
	assert_false(poll_thread(0));
	p.rc = SPDK_POLLER_BUSY;
	assert_true(poll_thread(0));
	assert_int_equal(p.runs, 2);
	assert_counts(1, 0, 0);
	assert_true(spdk_thread_has_active_pollers(ut_thread(0)));
	assert_false(spdk_thread_is_idle(ut_thread(0)));
	spdk_poller_unregister(&p.poller);
	assert_false(poll_thread(0));
	assert_int_equal(p.runs, 2);
	assert_int_equal(thread_count_unknown(ut_thread(0)), 0);
	assert_true(spdk_thread_is_idle(ut_thread(0)));
	spdk_poller_unregister(&p.poller); /* NULL by now: nothing */
}

static void
test_timed(void **state)
{
	struct ut_poller a, b;
	uint64_t start = spdk_get_ticks(), deadline;

	make(&a, 10);
	make(&b, 25);
	assert_int_equal(spdk_thread_next_poller_expiration(ut_thread(0)), start + 10000);
	assert_int_equal(look(&deadline), THREAD_REST_SLEEP);
	assert_int_equal(deadline, start + 10000);
	env_sim_advance(9999);
	poll_thread(0);
	assert_int_equal(a.runs, 0);
	env_sim_advance(1);
	poll_thread(0);
	assert_int_equal(a.runs, 1);
	poll_thread(0);
	assert_int_equal(a.runs, 1);
	env_sim_advance_us(40); /* late: each runs once, not once for each period missed */
	poll_thread(0);
	assert_int_equal(a.runs, 2);
	assert_int_equal(b.runs, 1);
	assert_int_equal(spdk_thread_next_poller_expiration(ut_thread(0)), start + 60000);
	assert_counts(0, 2, 0);
	assert_false(spdk_thread_has_active_pollers(ut_thread(0)));
	assert_true(spdk_thread_has_pollers(ut_thread(0)));
	spdk_poller_unregister(&a.poller);
	assert_int_equal(spdk_thread_next_poller_expiration(ut_thread(0)), start + 75000);
	spdk_poller_unregister(&b.poller);
	assert_int_equal(spdk_thread_next_poller_expiration(ut_thread(0)), 0);
	assert_false(spdk_thread_has_pollers(ut_thread(0)));
}

/* Each thing that a run can do to itself or to another poller, of each kind, by period. */
static void
test_acts_inside_a_run(void **state)
{
	static const struct {
		void (*act)(struct ut_poller *other);
		bool on_itself;
		uint64_t period_us;
		uint32_t runs_of_other; /* after three steps 10 us apart */
	} rows[] = {
		{ act_unregister, true, 0, 1 },
		{ act_unregister, true, 10, 1 },
		{ act_pause, true, 0, 1 },
		{ act_pause, true, 10, 1 },
		{ act_pause_resume, true, 0, 3 },
		{ act_pause_resume, true, 10, 3 },
		{ act_pause_resume, false, 0, 3 },
		{ act_pause_resume, false, 10, 0 },
		{ act_pause_resume_unregister, true, 0, 1 },
		{ act_pause_resume_unregister, true, 10, 1 },
		{ act_pause_resume_unregister, false, 0, 0 },
		{ act_pause_resume_unregister, false, 10, 0 },
	};
	struct ut_poller actor, other, *subject;
	size_t i, step;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(&actor, rows[i].period_us);
		make(&other, rows[i].period_us);
		subject = rows[i].on_itself ? &actor : &other;
		actor.act = rows[i].act;
		actor.other = subject;
		for (step = 0; step < 3; step++) {
			poll_threads_us(10);
		}
		assert_int_equal(subject->runs, rows[i].runs_of_other);
		actor.act = NULL;
		spdk_poller_unregister(&actor.poller);
		spdk_poller_unregister(&other.poller);
		assert_counts(0, 0, 0);
	}
}

static void
test_unregister_the_next(void **state)
{
	static const uint64_t periods[] = { 0, 10 };
	struct ut_poller a, b;
	size_t i;

	for (i = 0; i < 2; i++) {
		make(&a, periods[i]);
		make(&b, periods[i]);
		a.act = act_unregister;
		a.other = &b;
		poll_threads_us(10);
		assert_int_equal(a.runs, 1);
		assert_int_equal(b.runs, 0);
		a.act = NULL;
		spdk_poller_unregister(&a.poller);
	}
}

static void
test_pause_from_outside(void **state)
{
	static const uint64_t periods[] = { 0, 10 };
	struct ut_poller p;
	uint64_t deadline;
	size_t i;

	for (i = 0; i < 2; i++) {
		make(&p, periods[i]);
		spdk_poller_pause(p.poller);
		spdk_poller_pause(p.poller);
		assert_counts(0, 0, 1);
		assert_int_equal(thread_count_unknown(ut_thread(0)), 0);
		assert_int_equal(look(&deadline), THREAD_REST_SLEEP);
		assert_int_equal(deadline, UINT64_MAX);
		poll_threads_us(100);
		assert_int_equal(p.runs, 0);
		spdk_poller_resume(p.poller);
		spdk_poller_resume(p.poller);
		assert_counts(periods[i] == 0, periods[i] != 0, 0);
		poll_threads_us(10);
		assert_int_equal(p.runs, 1);
		spdk_poller_pause(p.poller);
		spdk_poller_unregister(&p.poller); /* while paused */
		assert_counts(0, 0, 0);
	}
}

static void
test_counted(void **state)
{
	uint32_t counter = 0;
	struct ut_poller p;
	uint64_t deadline;

	make_kind(&p, POLLER_COUNTED, 0, &counter, -1);
	poll_thread(0);
	assert_int_equal(p.runs, 0);
	assert_int_equal(look(&deadline), THREAD_REST_SLEEP);
	counter = 1;
	assert_int_equal(look(&deadline), THREAD_REST_NONE);
	poll_thread(0);
	assert_int_equal(p.runs, 1);
	counter = 0;
	poll_thread(0);
	assert_int_equal(p.runs, 1);
	spdk_poller_unregister(&p.poller);

	/* By the period as well. */
	make_kind(&p, POLLER_COUNTED, 100, &counter, -1);
	counter = 7;
	poll_threads_us(99);
	assert_int_equal(p.runs, 0);
	poll_threads_us(1);
	assert_int_equal(p.runs, 1);
	spdk_poller_unregister(&p.poller);
}

/* The waiter of a sleeper, as a reactor has it. */
static struct thread_sleeper g_sleeper;

static void
attach(void)
{
	memset(&g_sleeper, 0, sizeof(g_sleeper));
	assert_int_equal(env_waiter_create(&g_sleeper.waiter), 0);
	thread_attach(ut_thread(0), &g_sleeper);
}

static void
detach(void)
{
	thread_detach(ut_thread(0));
	env_waiter_destroy(g_sleeper.waiter);
}

static int
take_events(void)
{
	struct env_wait_event events[8];
	int i, rc;

	rc = env_waiter_wait(g_sleeper.waiter, 0, events, 8);
	for (i = 0; i < rc; i++) {
		thread_fd_event(&g_sleeper, &events[i]);
	}
	return rc;
}

static void
test_fd_with_period(void **state)
{
	uint32_t counter = 0;
	struct ut_poller p;
	int fd = env_sim_fd_create();
	uint64_t deadline;

	attach();
	make_kind(&p, POLLER_FD, 1000, &counter, fd);
	poll_thread(0);
	assert_int_equal(p.runs, 0);
	/* Its period wakes nobody. */
	assert_int_equal(look(&deadline), THREAD_REST_SLEEP);
	assert_int_equal(deadline, UINT64_MAX);
	assert_int_equal(take_events(), 0);
	env_sim_fd_set_ready(fd, EPOLLIN);
	assert_int_equal(take_events(), 1);
	assert_int_equal(look(&deadline), THREAD_REST_NONE);
	poll_thread(0);
	assert_int_equal(p.runs, 1); /* at once */
	env_sim_fd_set_ready(fd, 0);
	poll_threads_us(1000);
	assert_int_equal(p.runs, 2); /* awake, by the period */
	counter = 1;
	assert_int_equal(look(&deadline), THREAD_REST_NONE);
	counter = 0;

	/* Paused, its descriptor wakes nobody. */
	spdk_poller_pause(p.poller);
	env_sim_fd_set_ready(fd, EPOLLIN);
	assert_int_equal(take_events(), 0);
	spdk_poller_resume(p.poller);
	assert_int_equal(take_events(), 1);
	spdk_poller_unregister(&p.poller);
	assert_int_equal(take_events(), 0);
	detach();
	env_event_close(fd);
}

static void
test_counted_with_fd(void **state)
{
	uint32_t counter = 0;
	struct ut_poller p;
	int fd = env_sim_fd_create();
	uint64_t deadline;

	make_kind(&p, POLLER_COUNTED, 0, &counter, fd);
	attach(); /* after the poller was made */
	counter = 3;
	/* It may sleep over its requests: the descriptor wakes it. */
	assert_int_equal(look(&deadline), THREAD_REST_SLEEP);
	counter = 0;
	env_sim_fd_set_ready(fd, EPOLLIN);
	assert_int_equal(take_events(), 1);
	poll_thread(0);
	assert_int_equal(p.runs, 1); /* once though the counter is 0: else it would wake for ever */
	poll_thread(0);
	assert_int_equal(p.runs, 1);
	detach();
	assert_int_equal(g_sleeper.sleeping, 0);
	spdk_poller_unregister(&p.poller);
	env_event_close(fd);
}

static void
test_fd_that_cannot_be_watched(void **state)
{
	struct poller_opts opts = { .name = "ut", .kind = POLLER_FD };
	struct ut_poller p = { NULL };
	uint64_t deadline;

	opts.fd = env_sim_fd_create();
	attach();
	env_sim_fail_nth(ENV_FAULT_WAITER, 1);
	assert_null(thread_poller_register(run, &p, &opts));
	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	assert_null(thread_poller_register(run, &p, &opts));
	assert_counts(0, 0, 0);
	p.poller = thread_poller_register(run, &p, &opts);
	assert_non_null(p.poller);
	/* When it can't be put back, the poller goes on as one that never lets its core sleep. */
	spdk_poller_pause(p.poller);
	env_sim_fail_nth(ENV_FAULT_WAITER, 1);
	spdk_poller_resume(p.poller);
	assert_int_equal(look(&deadline), THREAD_REST_NAP);
	poll_thread(0);
	assert_int_equal(p.runs, 1);
	spdk_poller_unregister(&p.poller);

	/* The same when the thread comes to a reactor. */
	detach();
	p.poller = thread_poller_register(run, &p, &opts);
	assert_int_equal(env_waiter_create(&g_sleeper.waiter), 0);
	env_sim_fail_nth(ENV_FAULT_WAITER, 1);
	thread_attach(ut_thread(0), &g_sleeper);
	assert_int_equal(look(&deadline), THREAD_REST_NAP);
	/* Once it has gone nothing keeps the core awake. */
	spdk_poller_unregister(&p.poller);
	assert_int_equal(look(&deadline), THREAD_REST_SLEEP);
	detach();
	env_event_close(opts.fd);
}

static int
interrupt_count(void *arg)
{
	(*(uint32_t *)arg)++;
	return 0;
}

/* Descriptors that are the same: all who watch one are served, and one may leave. */
static void
test_shared_fd(void **state)
{
	struct spdk_interrupt *out;
	struct ut_poller a, b;
	uint32_t runs = 0;
	int fd = env_sim_fd_create();

	make_kind(&a, POLLER_FD, 0, NULL, fd);
	attach();
	make_kind(&b, POLLER_FD, 0, NULL, fd);
	out = SPDK_INTERRUPT_REGISTER_FOR_EVENTS(fd, SPDK_INTERRUPT_EVENT_OUT, interrupt_count,
	                                         &runs);
	assert_non_null(out);
	env_sim_fd_set_ready(fd, EPOLLIN);
	assert_int_equal(take_events(), 1);
	poll_thread(0);
	assert_int_equal(runs, 0); /* waits for another event */
	env_sim_fd_set_ready(fd, EPOLLOUT);
	assert_int_equal(take_events(), 1);
	poll_thread(0);
	assert_int_equal(runs, 1);
	spdk_interrupt_unregister(&out);
	assert_int_equal(take_events(), 0);

	/* The one whose tag the waiter holds leaves: the other goes on. */
	env_sim_fd_set_ready(fd, EPOLLIN);
	spdk_poller_unregister(&a.poller);
	b.runs = 0;
	assert_int_equal(take_events(), 1);
	poll_thread(0);
	assert_int_equal(b.runs, 1);
	detach();
	attach();
	assert_int_equal(take_events(), 1);
	spdk_poller_unregister(&b.poller);
	assert_int_equal(take_events(), 0);

	/* Anew, alone. */
	make_kind(&a, POLLER_FD, 0, NULL, fd);
	assert_int_equal(take_events(), 1);
	spdk_poller_unregister(&a.poller);
	detach();
	env_event_close(fd);
}

static int
interrupt_run(void *arg)
{
	struct spdk_interrupt **intr = arg;

	spdk_interrupt_unregister(intr); /* inside its own run */
	return 0;
}

static void
test_interrupts(void **state)
{
	struct spdk_interrupt *once, *counting;
	uint32_t runs = 0;
	int fds[2] = { env_sim_fd_create(), env_sim_fd_create() };
	uint64_t deadline;

	attach();
	once = SPDK_INTERRUPT_REGISTER(fds[0], interrupt_run, &once);
	counting = SPDK_INTERRUPT_REGISTER_FOR_EVENTS(fds[1], SPDK_INTERRUPT_EVENT_OUT,
	                                              interrupt_count, &runs);
	assert_non_null(once);
	assert_non_null(counting);
	assert_int_equal(thread_num_interrupts(ut_thread(0)), 2);
	env_sim_fd_set_ready(fds[0], EPOLLIN);
	env_sim_fd_set_ready(fds[1], EPOLLIN);
	assert_int_equal(take_events(), 1);
	assert_int_equal(look(&deadline), THREAD_REST_NONE);
	assert_true(poll_thread(0));
	assert_null(once);
	assert_int_equal(runs, 0);
	assert_int_equal(spdk_interrupt_set_event_types(counting, SPDK_INTERRUPT_EVENT_IN), 0);
	assert_int_equal(take_events(), 1);
	assert_true(poll_thread(0));
	assert_int_equal(runs, 1);
	assert_int_equal(spdk_interrupt_set_event_types(NULL, SPDK_INTERRUPT_EVENT_IN), -EINVAL);
	spdk_interrupt_unregister(&counting);
	spdk_interrupt_unregister(&counting);
	assert_int_equal(thread_num_interrupts(ut_thread(0)), 0);
	detach();
	env_event_close(fds[0]);
	env_event_close(fds[1]);
}

static void
interrupt_mode_set(struct spdk_poller *poller, void *arg, bool on)
{
	*(bool *)arg = on;
}

static void
test_register_interrupt(void **state)
{
	struct spdk_interrupt *intr;
	struct ut_poller p;
	uint64_t deadline;
	uint32_t runs = 0;
	bool on = false;
	int fd = env_sim_fd_create();

	assert_false(spdk_interrupt_mode_is_enabled());
	assert_int_equal(spdk_interrupt_mode_enable(), -EINVAL); /* there are threads */
	make(&p, 0);
	spdk_poller_register_interrupt(p.poller, interrupt_mode_set, &on);
	assert_false(on); /* nobody asked for interrupts */
	/* Without any descriptor nothing would wake it. */
	assert_int_equal(look(&deadline), THREAD_REST_NAP);
	assert_int_equal(thread_count_unknown(ut_thread(0)), 1);
	/* Another's descriptor says nothing of this poller's work. */
	intr = SPDK_INTERRUPT_REGISTER(fd, interrupt_count, &runs);
	assert_int_equal(look(&deadline), THREAD_REST_NAP);
	assert_int_equal(thread_count_unknown(ut_thread(0)), 1);
	spdk_interrupt_unregister(&intr);
	intr = SPDK_INTERRUPT_REGISTER(fd, interrupt_count, &p);
	assert_int_equal(look(&deadline), THREAD_REST_SLEEP);
	assert_int_equal(thread_count_unknown(ut_thread(0)), 0);
	spdk_interrupt_unregister(&intr);
	assert_int_equal(look(&deadline), THREAD_REST_NAP);
	spdk_poller_unregister(&p.poller);
	env_event_close(fd);
}

struct seen {
	uint32_t count;
	char text[256];
};

static void
see(void *arg, const struct thread_poller_info *info)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->text);

	seen->count++;
	snprintf(seen->text + len, sizeof(seen->text) - len, "%s:%s:%" PRIu64 ":%" PRIu64 " ",
	         info->name, info->state, info->run_count, info->busy_count);
}

static void
test_tell(void **state)
{
	struct ut_poller a, b;
	struct seen seen = { 0 };

	make(&a, 0);
	b.poller = SPDK_POLLER_REGISTER(run, &b, 10);
	memset((uint8_t *)&b + sizeof(b.poller), 0, sizeof(b) - sizeof(b.poller));
	b.rc = 1;
	poll_threads_us(10);
	thread_for_each_poller(ut_thread(0), THREAD_POLLERS_ACTIVE, see, &seen);
	thread_for_each_poller(ut_thread(0), THREAD_POLLERS_TIMED, see, &seen);
	spdk_poller_pause(b.poller);
	thread_for_each_poller(ut_thread(0), THREAD_POLLERS_TIMED, see, &seen);
	thread_for_each_poller(ut_thread(0), THREAD_POLLERS_PAUSED, see, &seen);
	assert_string_equal(seen.text, "poller_1:waiting:2:0 run:waiting:1:1 run:paused:1:1 ");
	spdk_poller_unregister(&a.poller);
	spdk_poller_unregister(&b.poller);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_unknown_runs_each_step),
		T(test_timed),
		T(test_acts_inside_a_run),
		T(test_unregister_the_next),
		T(test_pause_from_outside),
		T(test_counted),
		T(test_fd_with_period),
		T(test_counted_with_fd),
		T(test_fd_that_cannot_be_watched),
		T(test_shared_fd),
		T(test_interrupts),
		T(test_register_interrupt),
		T(test_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
