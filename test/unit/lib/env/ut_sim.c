/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What only the simulated environment has: virtual time, seeds, threads by hand, faults, leaks. */

#include "suite.h"

#include "spdk/log.h"
#include "spdk_internal/env_sim.h"

static void
test_time(void **state)
{
	struct timespec a, b;
	uint64_t now = spdk_get_ticks();

	assert_int_equal(now, ENV_SIM_TICKS_HZ);
	assert_int_equal(spdk_get_ticks_hz(), ENV_SIM_TICKS_HZ);
	env_wall_clock(&a);
	env_sim_advance(5);
	assert_int_equal(spdk_get_ticks(), now + 5);
	env_sim_advance_us(3);
	assert_int_equal(spdk_get_ticks(), now + 3005);
	spdk_delay_us(1);
	assert_int_equal(spdk_get_ticks(), now + 4005);
	env_wall_clock(&b);
	assert_int_equal(b.tv_sec - a.tv_sec, 0);
	assert_int_equal(b.tv_nsec - a.tv_nsec, 4005);
}

static void
test_wait_moves_time(void **state)
{
	struct env_wait_event ev;
	struct env_waiter *w;
	uint64_t now = spdk_get_ticks();

	assert_int_equal(env_waiter_create(&w), 0);
	assert_int_equal(env_waiter_wait(w, now + 100, &ev, 1), 0);
	assert_int_equal(spdk_get_ticks(), now + 100);
	assert_int_equal(env_waiter_wait(w, UINT64_MAX, &ev, 1), 0);
	assert_int_equal(env_sim_stuck(), 1);
	assert_int_equal(spdk_get_ticks(), now + 100);

	env_sim_set_wait_advances(false);
	assert_false(env_sim_run_to_deadline());
	assert_int_equal(env_waiter_wait(w, now + 500, &ev, 1), 0);
	assert_int_equal(env_waiter_wait(w, now + 300, &ev, 1), 0);
	assert_int_equal(env_waiter_wait(w, UINT64_MAX, &ev, 1), 0);
	assert_int_equal(spdk_get_ticks(), now + 100);
	assert_int_equal(env_sim_next_deadline(), now + 300);
	assert_true(env_sim_run_to_deadline());
	assert_int_equal(spdk_get_ticks(), now + 300);
	assert_int_equal(env_sim_next_deadline(), UINT64_MAX);
	env_waiter_destroy(w);
}

static struct env_waiter *g_waiter;
static uint32_t g_ran;

static void
work_fn(struct env_work *work)
{
	g_ran++;
}

static void
work_kick(struct env_work *work)
{
	env_waiter_kick(g_waiter);
}

/* A wait runs submitted work before it lets time pass. */
static void
test_wait_runs_work(void **state)
{
	struct env_work a = { .fn = work_fn, .done = work_kick };
	struct env_work b = { .fn = work_fn, .done = work_kick };
	struct env_wait_event ev;
	uint64_t now = spdk_get_ticks();

	g_ran = 0;
	assert_int_equal(env_waiter_create(&g_waiter), 0);
	assert_int_equal(env_work_submit(&a), 0);
	assert_int_equal(env_work_submit(&b), 0);
	assert_int_equal(env_sim_pending_work(), 2);
	assert_int_equal(env_waiter_wait(g_waiter, now + 100, &ev, 1), 0);
	assert_int_equal(g_ran, 1);
	assert_int_equal(spdk_get_ticks(), now);
	assert_int_equal(env_sim_run_work(5), 1);
	assert_int_equal(env_sim_pending_work(), 0);
	env_waiter_destroy(g_waiter);
}

static void
test_fds(void **state)
{
	struct env_wait_event ev;
	struct env_waiter *w;
	uint32_t before = env_sim_fd_count();
	int fd = env_sim_fd_create();

	assert_int_equal(env_waiter_create(&w), 0);
	assert_int_equal(env_waiter_add(w, fd, EPOLLIN | EPOLLOUT, NULL), 0);
	assert_int_equal(env_waiter_wait(w, 0, &ev, 1), 0);
	env_sim_fd_set_ready(fd, EPOLLOUT);
	assert_int_equal(env_waiter_wait(w, 0, &ev, 1), 1);
	assert_int_equal(ev.events, EPOLLOUT);
	env_sim_fd_set_ready(fd, EPOLLHUP);
	assert_int_equal(env_waiter_modify(w, fd, 0, NULL), 0);
	assert_int_equal(env_waiter_wait(w, 0, &ev, 1), 1);
	assert_int_equal(ev.events, EPOLLHUP);
	/* A closed descriptor leaves the set. */
	env_event_close(fd);
	assert_int_equal(env_waiter_wait(w, 0, &ev, 1), 0);
	env_waiter_destroy(w);
	assert_int_equal(env_sim_fd_count(), before);
}

/* Many ready at once: each gets its turn, however few are taken. */
static void
test_fair(void **state)
{
	int fds[5], num[5] = { 0 }, i;
	struct env_wait_event ev;
	struct env_waiter *w;

	assert_int_equal(env_waiter_create(&w), 0);
	for (i = 0; i < 5; i++) {
		fds[i] = env_sim_fd_create();
		env_sim_fd_set_ready(fds[i], EPOLLIN);
		assert_int_equal(env_waiter_add(w, fds[i], EPOLLIN, &num[i]), 0);
	}
	for (i = 0; i < 50; i++) {
		assert_int_equal(env_waiter_wait(w, 0, &ev, 1), 1);
		(*(int *)ev.tag)++;
	}
	for (i = 0; i < 5; i++) {
		assert_int_equal(num[i], 10);
		env_event_close(fds[i]);
	}
	env_waiter_destroy(w);
}

static void
test_seed(void **state)
{
	uint64_t a[3], b;
	int i;

	env_sim_seed(5);
	for (i = 0; i < 3; i++) {
		a[i] = env_sim_rand("disk");
	}
	assert_true(a[0] != a[1] && a[1] != a[2]);
	/* The same again; what other streams draw in between does not matter. */
	env_sim_seed(5);
	for (i = 0; i < 3; i++) {
		env_sim_rand("net");
		env_random(&b, sizeof(b));
		assert_true(env_sim_rand("disk") == a[i]);
	}
	assert_true(env_sim_rand("net") != env_sim_rand("disk"));
	env_sim_seed(6);
	assert_true(env_sim_rand("disk") != a[0]);
	for (i = 0; i < 1000; i++) {
		assert_true(env_sim_rand_below("disk", 10) < 10);
		assert_int_equal(env_sim_rand_below("disk", 1), 0);
	}
}

/* Two runs without a seed are the same run. */
static void
test_default_seed(void **state)
{
	uint64_t first = env_sim_rand("x"), bytes, again;

	env_random(&bytes, sizeof(bytes));
	spdk_env_fini();
	assert_int_equal(suite_env_start(NULL, -1), 0);
	env_random(&again, sizeof(again));
	assert_true(bytes == again);
	assert_true(env_sim_rand("x") == first);
}

static int
record_fn(void *arg)
{
	*(uint32_t *)arg = spdk_env_get_current_core();
	return 0;
}

static void
test_threads_by_hand(void **state)
{
	struct env_sim_thread t;
	uint32_t core = 99;

	spdk_env_fini();
	assert_int_equal(suite_env_start("0x7", -1), 0);
	assert_false(env_sim_thread_take(&t));
	assert_int_equal(spdk_env_thread_launch_pinned(2, record_fn, &core), 0);
	assert_int_equal(spdk_env_thread_launch_pinned(1, record_fn, &core), 0);
	assert_int_equal(spdk_env_thread_launch_pinned(2, record_fn, &core), -EBUSY);
	assert_int_equal(core, 99);
	assert_true(env_sim_thread_take(&t));
	assert_int_equal(t.core, 2);
	assert_int_equal(env_sim_set_core(t.core), 0);
	t.fn(t.arg);
	assert_int_equal(core, 2);
	assert_int_equal(env_sim_set_core(0), 2);
	spdk_env_thread_wait_all();
	assert_int_equal(core, 1);
	assert_int_equal(spdk_env_get_current_core(), 0);
}

/* What a crash leaves of a record that was appended and not synced: between nothing and all. */
static size_t
crash_once(uint64_t seed)
{
	char text[1500];
	size_t len, i, zeros = 0;
	void *data;
	int fd;

	env_sim_seed(seed);
	memset(text, 'x', sizeof(text));
	assert_int_equal(env_sim_file_set("/sim/log", "abc", 3), 0);
	fd = env_file_open("/sim/log");
	assert_int_equal(env_file_append(fd, "def", 3), 0);
	assert_int_equal(env_file_sync(fd), 0);
	assert_int_equal(env_file_append(fd, text, sizeof(text)), 0);
	env_sim_file_crash();
	env_file_close(fd);
	assert_int_equal(env_file_load("/sim/log", 10000, &data, &len), 0);
	assert_in_range(len, 6, 6 + sizeof(text));
	assert_memory_equal(data, "abcdef", 6);
	for (i = 6; i < len; i++) {
		zeros += ((char *)data)[i] == 0;
		assert_true(((char *)data)[i] == 0 || ((char *)data)[i] == 'x');
	}
	free(data);
	return len + (zeros > 0 ? 1000000 : 0);
}

static void
test_file_crash(void **state)
{
	bool torn = false, zeros = false;
	uint64_t seed;
	size_t got;

	for (seed = 1; seed <= 60; seed++) {
		got = crash_once(seed);
		torn |= got % 1000000 < 1506;
		zeros |= got > 1000000;
	}
	assert_true(torn && zeros);
}

/* Whether a name that was changed, but not synced, is as before after a crash. */
static bool
name_is_lost(uint64_t seed, bool synced)
{
	bool lost;
	size_t len;
	void *data;
	int fd;

	env_sim_seed(seed);
	env_sim_file_set("/sim/a", "old", 3);
	env_sim_file_set("/sim/b", NULL, 0);
	fd = env_file_create("/sim/b");
	assert_int_equal(env_file_append(fd, "new", 3), 0);
	assert_int_equal(env_file_sync(fd), 0);
	env_file_close(fd);
	assert_int_equal(env_file_rename("/sim/b", "/sim/a"), 0);
	if (synced) {
		assert_int_equal(env_file_sync_folder("/sim/a"), 0);
	}
	env_sim_file_crash();
	assert_int_equal(env_file_load("/sim/a", 10, &data, &len), 0);
	lost = strcmp(data, "old") == 0;
	assert_true(lost || strcmp(data, "new") == 0);
	free(data);
	return lost;
}

static void
test_file_crash_names(void **state)
{
	uint64_t seed;
	int lost = 0;

	for (seed = 1; seed <= 50; seed++) {
		lost += name_is_lost(seed, false);
		assert_false(name_is_lost(seed, true));
	}
	assert_in_range(lost, 5, 45);
}

static void
test_file_space(void **state)
{
	size_t len;
	void *data;
	int fd;

	fd = env_file_create("/sim/full");
	assert_int_equal(env_file_append(fd, "1234", 4), 0);
	env_sim_file_set_space(6);
	assert_int_equal(env_file_reserve(fd, 9), 0);
	assert_int_equal(env_file_append(fd, "56789", 5), 0); /* reserved */
	assert_int_equal(env_file_append(fd, "abc", 3), -ENOSPC);
	assert_int_equal(env_file_reserve(fd, 11), -ENOSPC);
	assert_int_equal(env_file_load("/sim/full", 100, &data, &len), 0);
	assert_string_equal(data, "123456789a");
	free(data);
	assert_int_equal(env_file_truncate(fd, 2), 0);
	assert_int_equal(env_file_append(fd, "cdefghij", 8), 0);
	assert_int_equal(env_file_append(fd, "k", 1), -ENOSPC);
	env_sim_file_set_space(UINT64_MAX);
	assert_int_equal(env_file_append(fd, "k", 1), 0);
	env_file_close(fd);
}

static void
test_files(void **state)
{
	size_t len;
	void *data;

	assert_int_equal(env_sim_file_set("/sim/a", "abc", 3), 0);
	assert_int_equal(env_file_load("/sim/a", 3, &data, &len), 0);
	assert_int_equal(len, 3);
	assert_string_equal(data, "abc");
	free(data);
	assert_int_equal(env_file_load("/sim/a", 2, &data, &len), -EFBIG);
	env_fault_nth(ENV_FAULT_FILE, 1);
	assert_int_equal(env_file_load("/sim/a", 3, &data, &len), -EIO);
	assert_int_equal(env_sim_file_set("/sim/a", NULL, 0), 0);
	assert_int_equal(env_file_load("/sim/a", 3, &data, &len), -ENOENT);
}

static void
test_heap_counts(void **state)
{
	uint64_t before = env_sim_live_heap();
	char *a = malloc(10), *b = strdup("text"), *c = NULL;

	assert_int_equal(asprintf(&c, "%d %s", 42, "words"), 8);
	assert_string_equal(c, "42 words");
	assert_int_equal(env_sim_live_heap(), before + 3);
	a = realloc(a, 1000);
	assert_int_equal(env_sim_live_heap(), before + 3);
	free(a);
	free(b);
	free(c);
	assert_int_equal(env_sim_live_heap(), before);
	env_sim_fail_nth(ENV_FAULT_HEAP, 2);
	a = malloc(1);
	assert_non_null(a);
	assert_null(malloc(1));
	b = calloc(1, 1);
	assert_non_null(b);
	free(a);
	free(b);
	assert_int_equal(env_sim_live_heap(), before);
}

/* Each function of the environment, with each of its allocations failed in turn. */
static bool
try_init(void)
{
	spdk_env_fini();
	return suite_env_start("0x3", -1) == 0;
}

static bool
try_malloc(void)
{
	void *buf = spdk_malloc(200, 0, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);

	spdk_free(buf);
	return buf != NULL;
}

static bool
try_big(void)
{
	void *buf = spdk_malloc(20 << 20, 0, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);

	spdk_free(buf);
	return buf != NULL;
}

static bool
try_ring(void)
{
	struct spdk_ring *ring =
	        spdk_ring_create(SPDK_RING_TYPE_MP_MC, 1 << 20, SPDK_ENV_NUMA_ID_ANY);

	spdk_ring_free(ring);
	return ring != NULL;
}

static bool
try_zone(void)
{
	bool ok = spdk_memzone_reserve("z", 5 << 20, SPDK_ENV_NUMA_ID_ANY, 0) != NULL;

	spdk_memzone_free("z");
	return ok;
}

static bool
try_register(void)
{
	void *addr = (void *)0x7000001000;
	bool ok = spdk_mem_register(addr, 4096) == 0;

	if (ok) {
		assert_int_equal(spdk_mem_unregister(addr, 4096), 0);
	} else {
		assert_true(spdk_vtophys(addr, NULL) == SPDK_VTOPHYS_ERROR);
	}
	return ok;
}

static bool
try_stream(void)
{
	int l = env_stream_listen("/sim/s");
	int c = l >= 0 ? env_stream_connect("/sim/s") : -1;
	bool ok = c >= 0;

	if (c >= 0) {
		env_stream_close(c);
	}
	if (l >= 0) {
		env_stream_unlisten(l, "/sim/s");
	}
	return ok;
}

static bool
try_launch(void)
{
	uint32_t core;
	bool ok = spdk_env_thread_launch_pinned(1, record_fn, &core) == 0;

	spdk_env_thread_wait_all();
	return ok;
}

static bool (*const g_tries[])(void) = {
	try_malloc, try_big, try_ring, try_zone, try_register, try_stream, try_launch, try_init,
};

static void
test_each_allocation_fails(void **state)
{
	uint64_t before, n, reached;
	size_t i;
	bool ok;

	/* An environment that has nothing yet, so that each grows its own tables. */
	for (i = 0; i < SPDK_COUNTOF(g_tries); i++) {
		reached = 1;
		for (n = 1; reached >= n && n < 100; n++) {
			spdk_env_fini();
			assert_int_equal(suite_env_start("0x3", -1), 0);
			before = env_sim_live_heap();
			env_sim_fail_nth(ENV_FAULT_HEAP, n);
			ok = g_tries[i]();
			reached = env_fault_count(ENV_FAULT_HEAP);
			env_fault_clear();
			assert_true(ok || reached >= n);
			assert_int_equal(env_sim_live(), 0);
			if (g_tries[i] != try_init && !ok) {
				/* Tables may have grown; nothing else may stay. */
				assert_true(env_sim_live_heap() <= before + 8);
			}
		}
		assert_true(n < 100);
	}
	spdk_env_fini();
	assert_int_equal(suite_env_start(NULL, -1), 0);
}

/* Nodes need not begin at 0, nor follow one another. */
static void
test_numa_nodes(void **state)
{
	int32_t id, num = 0;

	env_sim_set_numa_mask(0x94);
	assert_int_equal(spdk_env_get_first_numa_id(), 2);
	assert_int_equal(spdk_env_get_next_numa_id(2), 4);
	assert_int_equal(spdk_env_get_next_numa_id(3), 4);
	assert_int_equal(spdk_env_get_next_numa_id(7), INT32_MAX);
	assert_int_equal(spdk_env_get_last_numa_id(), 7);
	SPDK_ENV_FOREACH_NUMA_ID(id) {
		num++;
	}
	assert_int_equal(num, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ENV_TEST(test_numa_nodes),
		ENV_TEST(test_time),
		ENV_TEST(test_wait_moves_time),
		ENV_TEST(test_wait_runs_work),
		ENV_TEST(test_fds),
		ENV_TEST(test_fair),
		ENV_TEST(test_seed),
		ENV_TEST(test_default_seed),
		ENV_TEST(test_threads_by_hand),
		ENV_TEST(test_files),
		ENV_TEST(test_file_crash),
		ENV_TEST(test_file_crash_names),
		ENV_TEST(test_file_space),
		ENV_TEST(test_heap_counts),
		ENV_TEST(test_each_allocation_fails),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_sim", tests, NULL, NULL);
}
