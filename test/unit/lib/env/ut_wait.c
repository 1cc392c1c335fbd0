/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The clock, waiting, events, blocking work, threads and fd groups. */

#include "suite.h"

#include "spdk/fd_group.h"
#include "spdk/log.h"

static uint64_t
in_us(uint64_t us)
{
	return spdk_get_ticks() + us * spdk_get_ticks_hz() / 1000000;
}

static void
test_clock(void **state)
{
	uint64_t before = spdk_get_ticks();
	uint64_t hz = spdk_get_ticks_hz();
	uint64_t passed;

	assert_true(hz >= 1000000);
	spdk_delay_us(1000);
	passed = spdk_get_ticks() - before;
	assert_true(passed >= hz / 1000 - hz / 100000);
	spdk_pause();
}

static void
test_wait_deadline(void **state)
{
	struct env_wait_event ev;
	struct env_waiter *w;
	uint64_t deadline;

	assert_int_equal(env_waiter_create(&w), 0);
	assert_int_equal(env_waiter_wait(w, 0, &ev, 1), 0);
	assert_int_equal(env_waiter_wait(w, 1, &ev, 1), 0);
	deadline = in_us(500);
	assert_int_equal(env_waiter_wait(w, deadline, &ev, 1), 0);
	assert_true(spdk_get_ticks() >= deadline);
	env_waiter_destroy(w);
	env_waiter_destroy(NULL);
}

static void
test_wait_kick(void **state)
{
	struct env_wait_event ev;
	struct env_waiter *w;

	assert_int_equal(env_waiter_create(&w), 0);
	env_waiter_kick(w);
	env_waiter_kick(w);
	assert_int_equal(env_waiter_wait(w, UINT64_MAX, &ev, 1), 0);
	/* Both kicks counted as one: the next wait is not disturbed. */
	assert_int_equal(env_waiter_wait(w, in_us(100), &ev, 1), 0);
	env_waiter_destroy(w);
}

static void
test_timer(void **state)
{
	int fd, tag;
	struct env_wait_event ev;
	struct env_waiter *w;
	uint64_t deadline;

	assert_int_equal(env_waiter_create(&w), 0);
	fd = env_timer_create();
	assert_true(fd >= 0);
	assert_int_equal(env_waiter_add(w, fd, EPOLLIN, &tag), 0);
	assert_int_equal(env_waiter_wait(w, in_us(100), &ev, 1), 0);
	deadline = in_us(500);
	env_timer_set(fd, deadline);
	assert_int_equal(env_waiter_wait(w, UINT64_MAX, &ev, 1), 1);
	assert_ptr_equal(ev.tag, &tag);
	assert_true(spdk_get_ticks() + spdk_get_ticks_hz() / 10000 >= deadline);
	/* Due until it is set anew. */
	assert_int_equal(env_waiter_wait(w, 0, &ev, 1), 1);
	env_timer_set(fd, in_us(1000000));
	assert_int_equal(env_waiter_wait(w, 0, &ev, 1), 0);
	env_timer_set(fd, 0);
	assert_int_equal(env_waiter_wait(w, in_us(100000), &ev, 1), 1);
	env_timer_set(fd, UINT64_MAX);
	assert_int_equal(env_waiter_wait(w, in_us(100), &ev, 1), 0);
	assert_int_equal(env_waiter_remove(w, fd), 0);
	env_timer_close(fd);
	env_fault_nth(ENV_FAULT_WAITER, 1);
	assert_int_equal(env_timer_create(), -EMFILE);
	env_fault_clear();
	env_waiter_destroy(w);
}

static void
test_wait_events(void **state)
{
	struct env_wait_event ev[4];
	struct env_waiter *w;
	int a = env_event_create();
	int b = env_event_create();

	assert_true(a >= 0 && b >= 0 && a != b);
	assert_int_equal(env_waiter_create(&w), 0);
	assert_int_equal(env_waiter_add(w, a, EPOLLIN, &a), 0);
	assert_int_equal(env_waiter_add(w, a, EPOLLIN, &a), -EEXIST);
	assert_int_equal(env_waiter_add(w, b, EPOLLIN, &b), 0);
	assert_int_equal(env_waiter_add(w, -1, EPOLLIN, NULL), -EBADF);
	assert_int_equal(env_waiter_wait(w, 0, ev, 4), 0);
	env_event_set(a);
	/* Level: as often as one looks. */
	assert_int_equal(env_waiter_wait(w, UINT64_MAX, ev, 4), 1);
	assert_ptr_equal(ev[0].tag, &a);
	assert_int_equal(ev[0].events, EPOLLIN);
	assert_int_equal(env_waiter_wait(w, 0, ev, 4), 1);
	env_event_set(b);
	assert_int_equal(env_waiter_wait(w, 0, ev, 4), 2);
	assert_int_equal(env_waiter_wait(w, 0, ev, 1), 1);
	env_event_clear(a);
	env_event_clear(a);
	assert_int_equal(env_waiter_wait(w, 0, ev, 4), 1);
	assert_ptr_equal(ev[0].tag, &b);
	assert_int_equal(env_waiter_modify(w, b, 0, &b), 0);
	assert_int_equal(env_waiter_wait(w, 0, ev, 4), 0);
	assert_int_equal(env_waiter_modify(w, b, EPOLLIN, &a), 0);
	assert_int_equal(env_waiter_wait(w, 0, ev, 4), 1);
	assert_ptr_equal(ev[0].tag, &a);
	assert_int_equal(env_waiter_remove(w, b), 0);
	assert_int_equal(env_waiter_remove(w, b), -ENOENT);
	assert_int_equal(env_waiter_modify(w, b, EPOLLIN, &b), -ENOENT);
	assert_int_equal(env_waiter_wait(w, 0, ev, 4), 0);
	env_waiter_destroy(w);
	env_event_close(a);
	env_event_close(b);
}

static void
test_wait_edge(void **state)
{
	struct env_wait_event ev;
	struct env_waiter *w;
	int a = env_event_create();

	assert_int_equal(env_waiter_create(&w), 0);
	env_event_set(a);
	assert_int_equal(env_waiter_add(w, a, EPOLLIN | EPOLLET, &a), 0);
	assert_int_equal(env_waiter_wait(w, 0, &ev, 1), 1);
	assert_int_equal(env_waiter_wait(w, 0, &ev, 1), 0);
	env_event_set(a);
	assert_int_equal(env_waiter_wait(w, 0, &ev, 1), 1);
	assert_int_equal(env_waiter_wait(w, 0, &ev, 1), 0);
	env_waiter_destroy(w);
	env_event_close(a);
}

static void
test_wait_nested(void **state)
{
	struct env_wait_event ev;
	struct env_waiter *outer, *inner;

	assert_int_equal(env_waiter_create(&outer), 0);
	assert_int_equal(env_waiter_create(&inner), 0);
	assert_int_equal(env_waiter_add(outer, env_waiter_fd(inner), EPOLLIN, inner), 0);
	assert_int_equal(env_waiter_wait(outer, 0, &ev, 1), 0);
	env_waiter_kick(inner);
	assert_int_equal(env_waiter_wait(outer, UINT64_MAX, &ev, 1), 1);
	assert_ptr_equal(ev.tag, inner);
	assert_int_equal(env_waiter_wait(inner, 0, &ev, 1), 0);
	assert_int_equal(env_waiter_wait(outer, 0, &ev, 1), 0);
	assert_int_equal(env_waiter_remove(outer, env_waiter_fd(inner)), 0);
	env_waiter_destroy(inner);
	env_waiter_destroy(outer);
}

static void
test_wait_faults(void **state)
{
	struct env_waiter *w;
	uint64_t heap = suite_live_heap();
	uint64_t n;

	for (n = 1; n < 4; n++) {
		env_fault_nth(ENV_FAULT_WAITER, n);
		if (env_waiter_create(&w) == 0) {
			env_waiter_destroy(w);
		} else {
			assert_true(env_fault_count(ENV_FAULT_WAITER) >= n);
		}
	}
	for (n = 1; suite_can_fail_heap() && n < 4; n++) {
		env_fault_nth(ENV_FAULT_HEAP, n);
		if (env_waiter_create(&w) == 0) {
			env_waiter_destroy(w);
		}
		env_fault_clear();
	}
	assert_int_equal(suite_live_heap(), heap);
	env_fault_nth(ENV_FAULT_WAITER, 1);
	assert_int_equal(env_event_create(), -EMFILE);
}

/* ---- Work ---- */

struct job {
	struct env_work work;
	uint32_t ran;
};

static uint32_t g_done;

static void
job_run(struct env_work *work)
{
	struct job *job = SPDK_CONTAINEROF(work, struct job, work);

	assert_int_equal(spdk_env_get_current_core(), SPDK_ENV_LCORE_ID_ANY);
	job->ran++;
}

static void
job_done(struct env_work *work)
{
	__atomic_add_fetch(&g_done, 1, __ATOMIC_RELEASE);
}

static void
test_work(void **state)
{
	struct job jobs[50];
	int i, round;

	for (round = 0; round < 3; round++) {
		memset(jobs, 0, sizeof(jobs));
		g_done = 0;
		for (i = 0; i < 50; i++) {
			jobs[i].work.fn = job_run;
			jobs[i].work.done = job_done;
			assert_int_equal(env_work_submit(&jobs[i].work), 0);
		}
		suite_run_work(&g_done, 50);
		for (i = 0; i < 50; i++) {
			assert_int_equal(jobs[i].ran, 1);
		}
	}
	env_fault_nth(ENV_FAULT_WORK, 1);
	assert_int_equal(env_work_submit(&jobs[0].work), -ENOMEM);
	assert_int_equal(env_work_submit(&jobs[0].work), 0);
	suite_run_work(&g_done, 51);
}

static void
test_work_drain(void **state)
{
	struct job jobs[20];
	int i;

	env_work_drain();
	memset(jobs, 0, sizeof(jobs));
	g_done = 0;
	for (i = 0; i < 20; i++) {
		jobs[i].work.fn = job_run;
		jobs[i].work.done = job_done;
		assert_int_equal(env_work_submit(&jobs[i].work), 0);
	}
	env_work_drain();
	/* Nobody but this thread is at work any more, so a plain read is right. */
	assert_int_equal(g_done, 20);
	env_work_drain();
}

/* What is submitted when env stops still runs, also what its done submits. */
static struct job g_second;

static void
job_done_submit(struct env_work *work)
{
	g_second.work.fn = job_run;
	g_second.work.done = job_done;
	assert_int_equal(env_work_submit(&g_second.work), 0);
}

static void
test_work_at_stop(void **state)
{
	struct job first = { .work = { .fn = job_run, .done = job_done_submit } };

	g_second.ran = 0;
	g_done = 0;
	assert_int_equal(env_work_submit(&first.work), 0);
	spdk_env_fini();
	assert_int_equal(first.ran, 1);
	assert_int_equal(g_second.ran, 1);
	assert_int_equal(g_done, 1);
	assert_int_equal(suite_env_start(NULL, -1), 0);
}

/* ---- Threads of cores ---- */

static uint32_t g_seen_core;

static int
core_fn(void *arg)
{
	env_thread_set_name("a_rather_long_thread_name");
	g_seen_core = spdk_env_get_current_core();
	*(uint32_t *)arg += 1;
	return 0;
}

static void
test_threads(void **state)
{
	uint32_t num = 0;

	if (!suite_has_cpu(0) || !suite_has_cpu(1)) {
		skip();
	}
	spdk_env_fini();
	assert_int_equal(suite_env_start("0x3", -1), 0);
	assert_int_equal(spdk_env_thread_launch_pinned(0, core_fn, &num), -EBUSY);
	assert_int_equal(spdk_env_thread_launch_pinned(2, core_fn, &num), -EINVAL);
	assert_int_equal(spdk_env_thread_launch_pinned(1, NULL, &num), -EINVAL);
	env_fault_nth(ENV_FAULT_THREAD, 1);
	assert_int_equal(spdk_env_thread_launch_pinned(1, core_fn, &num), -EAGAIN);
	assert_int_equal(spdk_env_thread_launch_pinned(1, core_fn, &num), 0);
	spdk_env_thread_wait_all();
	assert_int_equal(num, 1);
	assert_int_equal(g_seen_core, 1);
	assert_int_equal(spdk_env_get_current_core(), 0);
	assert_int_equal(spdk_env_thread_launch_pinned(1, core_fn, &num), 0);
	spdk_env_thread_wait_all();
	assert_int_equal(num, 2);
	spdk_env_thread_wait_all();
	assert_true(spdk_get_tid() > 0);
}

static void *
unpinned(void *arg)
{
	return (char *)arg + 1;
}

static void
test_unaffinitized(void **state)
{
	char c;

	assert_ptr_equal(spdk_call_unaffinitized(unpinned, &c), &c + 1);
	assert_null(spdk_call_unaffinitized(NULL, &c));
	spdk_unaffinitize_thread();
}

/* ---- fd groups ---- */

struct fd_ctx {
	int fd;
	int num_calls;
	bool clear;                        /* in the handler */
	uint32_t events;                   /* of the last call */
	struct spdk_fd_group *remove_from; /* in the handler: remove remove_fd */
	int remove_fd;
};

static char g_trail[128];

static int
fd_fn(void *arg)
{
	struct fd_ctx *c = arg;
	struct epoll_event ev;

	c->num_calls++;
	assert_int_equal(spdk_fd_group_get_epoll_event(&ev), 0);
	c->events = ev.events;
	if (c->clear) {
		env_event_clear(c->fd);
	}
	if (c->remove_from != NULL) {
		spdk_fd_group_remove(c->remove_from, c->remove_fd);
		c->remove_from = NULL;
	}
	strcat(g_trail, "f");
	return 0;
}

static void
ctx_open(struct fd_ctx *c)
{
	memset(c, 0, sizeof(*c));
	c->fd = env_event_create();
	c->clear = true;
	assert_true(c->fd >= 0);
	g_trail[0] = '\0';
}

static void
test_group_basic(void **state)
{
	struct epoll_event ev;
	struct spdk_fd_group *g;
	struct fd_ctx a, b;

	ctx_open(&a);
	ctx_open(&b);
	assert_int_equal(spdk_fd_group_create(NULL), -EINVAL);
	assert_int_equal(spdk_fd_group_create(&g), 0);
	assert_true(spdk_fd_group_get_fd(g) >= 0);
	assert_int_equal(SPDK_FD_GROUP_ADD(g, a.fd, fd_fn, &a), 0);
	assert_int_equal(SPDK_FD_GROUP_ADD(g, a.fd, fd_fn, &a), -EEXIST);
	assert_int_equal(SPDK_FD_GROUP_ADD(g, -1, fd_fn, &a), -EINVAL);
	assert_int_equal(spdk_fd_group_add(g, b.fd, NULL, &b, "b"), -EINVAL);
	assert_int_equal(spdk_fd_group_add_for_events(g, b.fd, 0, fd_fn, &b, "b"), 0);
	assert_int_equal(spdk_fd_group_wait(g, 0), 0);
	assert_int_equal(spdk_fd_group_wait(g, 1), 0);
	env_event_set(a.fd);
	env_event_set(b.fd);
	assert_int_equal(spdk_fd_group_wait(g, -1), 1);
	assert_int_equal(a.num_calls, 1);
	assert_int_equal(a.events, EPOLLIN);
	assert_int_equal(spdk_fd_group_get_epoll_event(&ev), -EINVAL);
	assert_int_equal(spdk_fd_group_event_modify(g, b.fd, EPOLLIN), 0);
	assert_int_equal(spdk_fd_group_event_modify(g, 9999, EPOLLIN), -EINVAL);
	assert_int_equal(spdk_fd_group_wait(g, 0), 1);
	assert_int_equal(b.num_calls, 1);
	spdk_fd_group_remove(g, a.fd);
	env_event_set(a.fd);
	assert_int_equal(spdk_fd_group_wait(g, 0), 0);
	spdk_fd_group_destroy(g);
	env_event_close(a.fd);
	env_event_close(b.fd);
}

static void
test_group_eventfd(void **state)
{
	struct spdk_event_handler_opts opts;
	struct spdk_fd_group *g;
	struct fd_ctx a;

	ctx_open(&a);
	a.clear = false;
	spdk_fd_group_get_default_event_handler_opts(&opts, sizeof(opts));
	assert_int_equal(opts.events, EPOLLIN);
	assert_int_equal(opts.fd_type, SPDK_FD_TYPE_DEFAULT);
	assert_int_equal(opts.opts_size, sizeof(opts));
	assert_int_equal(spdk_fd_group_create(&g), 0);
	opts.fd_type = SPDK_FD_TYPE_EVENTFD;
	assert_int_equal(SPDK_FD_GROUP_ADD_EXT(g, a.fd, fd_fn, &a, &opts), 0);
	env_event_set(a.fd);
	assert_int_equal(spdk_fd_group_wait(g, 0), 1);
	assert_int_equal(spdk_fd_group_wait(g, 0), 0);
	assert_int_equal(a.num_calls, 1);
	opts.opts_size = 0;
	spdk_fd_group_remove(g, a.fd);
	assert_int_equal(SPDK_FD_GROUP_ADD_EXT(g, a.fd, fd_fn, &a, &opts), -EINVAL);
	/* A caller that knows only the size: defaults for the rest. */
	opts.opts_size = sizeof(size_t);
	assert_int_equal(SPDK_FD_GROUP_ADD_EXT(g, a.fd, fd_fn, &a, &opts), 0);
	spdk_fd_group_destroy(g);
	env_event_close(a.fd);
}

/* A handler that removes itself, or another one whose event was already fetched. */
static void
test_group_remove_inside(void **state)
{
	struct spdk_fd_group *g;
	struct fd_ctx a, b;

	ctx_open(&a);
	ctx_open(&b);
	assert_int_equal(spdk_fd_group_create(&g), 0);
	assert_int_equal(SPDK_FD_GROUP_ADD(g, a.fd, fd_fn, &a), 0);
	assert_int_equal(SPDK_FD_GROUP_ADD(g, b.fd, fd_fn, &b), 0);
	a.remove_from = b.remove_from = g;
	a.remove_fd = b.fd;
	b.remove_fd = a.fd;
	env_event_set(a.fd);
	env_event_set(b.fd);
	spdk_fd_group_wait(g, 0);
	assert_int_equal(a.num_calls + b.num_calls, 1);
	if (a.num_calls == 1) {
		a.remove_from = g;
		a.remove_fd = a.fd;
		env_event_set(a.fd);
	} else {
		b.remove_from = g;
		b.remove_fd = b.fd;
		env_event_set(b.fd);
	}
	assert_int_equal(spdk_fd_group_wait(g, 0), 1);
	assert_int_equal(spdk_fd_group_wait(g, 0), 0);
	spdk_fd_group_destroy(g);
	env_event_close(a.fd);
	env_event_close(b.fd);
}

static int
wrap(void *ctx, spdk_fd_fn fn, void *arg)
{
	int rc;

	strcat(g_trail, ctx);
	rc = fn(arg);
	strcat(g_trail, ctx);
	return rc;
}

static void
test_group_nest(void **state)
{
	struct spdk_fd_group *top, *mid, *leaf;
	struct fd_ctx a, b;

	ctx_open(&a);
	ctx_open(&b);
	assert_int_equal(spdk_fd_group_create(&top), 0);
	assert_int_equal(spdk_fd_group_create(&mid), 0);
	assert_int_equal(spdk_fd_group_create(&leaf), 0);
	assert_int_equal(SPDK_FD_GROUP_ADD(leaf, a.fd, fd_fn, &a), 0);
	assert_int_equal(spdk_fd_group_nest(mid, leaf), 0);
	assert_int_equal(spdk_fd_group_nest(mid, leaf), -EINVAL);
	assert_int_equal(spdk_fd_group_nest(leaf, mid), -EINVAL);
	assert_int_equal(spdk_fd_group_nest(top, mid), 0);
	assert_int_equal(spdk_fd_group_get_fd(leaf), spdk_fd_group_get_fd(top));
	/* Added when nested already. */
	assert_int_equal(SPDK_FD_GROUP_ADD(leaf, b.fd, fd_fn, &b), 0);
	assert_int_equal(SPDK_FD_GROUP_ADD(top, b.fd, fd_fn, &b), -EEXIST);
	assert_int_equal(spdk_fd_group_wait(leaf, 0), -EINVAL);
	env_event_set(a.fd);
	env_event_set(b.fd);
	assert_int_equal(spdk_fd_group_wait(top, 0), 2);
	assert_int_equal(a.num_calls, 1);
	assert_int_equal(b.num_calls, 1);

	assert_int_equal(spdk_fd_group_set_wrapper(leaf, wrap, "l"), 0);
	assert_int_equal(spdk_fd_group_set_wrapper(leaf, wrap, "l"), -EEXIST);
	assert_int_equal(spdk_fd_group_set_wrapper(top, wrap, "t"), 0);
	g_trail[0] = '\0';
	env_event_set(a.fd);
	assert_int_equal(spdk_fd_group_wait(top, 0), 1);
	assert_string_equal(g_trail, "tlflt");
	assert_int_equal(spdk_fd_group_set_wrapper(leaf, NULL, NULL), 0);

	assert_int_equal(spdk_fd_group_unnest(top, leaf), -EINVAL);
	assert_int_equal(spdk_fd_group_unnest(top, mid), 0);
	env_event_set(a.fd);
	assert_int_equal(spdk_fd_group_wait(top, 0), 0);
	g_trail[0] = '\0';
	assert_int_equal(spdk_fd_group_wait(mid, 0), 1);
	assert_string_equal(g_trail, "f");
	/* The middle goes: its child is a root again. */
	spdk_fd_group_destroy(mid);
	env_event_set(b.fd);
	assert_int_equal(spdk_fd_group_wait(leaf, 0), 1);
	spdk_fd_group_destroy(leaf);
	spdk_fd_group_destroy(top);
	spdk_fd_group_destroy(NULL);
	env_event_close(a.fd);
	env_event_close(b.fd);
}

static void
test_group_nest_conflict(void **state)
{
	struct spdk_fd_group *top, *child;
	struct fd_ctx a;

	ctx_open(&a);
	assert_int_equal(spdk_fd_group_create(&top), 0);
	assert_int_equal(spdk_fd_group_create(&child), 0);
	assert_int_equal(SPDK_FD_GROUP_ADD(top, a.fd, fd_fn, &a), 0);
	assert_int_equal(SPDK_FD_GROUP_ADD(child, a.fd, fd_fn, &a), 0);
	assert_int_equal(spdk_fd_group_nest(top, child), -EEXIST);
	/* Nothing changed. */
	env_event_set(a.fd);
	a.clear = false;
	assert_int_equal(spdk_fd_group_wait(top, 0), 1);
	assert_int_equal(spdk_fd_group_wait(child, 0), 1);
	/* A fault half way through a move leaves both as they were. */
	spdk_fd_group_remove(top, a.fd);
	env_fault_nth(ENV_FAULT_WAITER, 1);
	assert_int_equal(spdk_fd_group_nest(top, child), -ENOMEM);
	assert_int_equal(spdk_fd_group_wait(top, 0), 0);
	assert_int_equal(spdk_fd_group_wait(child, 0), 1);
	spdk_fd_group_destroy(child);
	spdk_fd_group_destroy(top);
	env_event_close(a.fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ENV_TEST(test_clock),         ENV_TEST(test_wait_deadline),
		ENV_TEST(test_wait_kick),     ENV_TEST(test_timer),
		ENV_TEST(test_wait_events),   ENV_TEST(test_wait_edge),
		ENV_TEST(test_wait_nested),   ENV_TEST(test_wait_faults),
		ENV_TEST(test_work),          ENV_TEST(test_work_drain),
		ENV_TEST(test_work_at_stop),  ENV_TEST(test_threads),
		ENV_TEST(test_unaffinitized), ENV_TEST(test_group_basic),
		ENV_TEST(test_group_eventfd), ENV_TEST(test_group_remove_inside),
		ENV_TEST(test_group_nest),    ENV_TEST(test_group_nest_conflict),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_wait", tests, NULL, NULL);
}
