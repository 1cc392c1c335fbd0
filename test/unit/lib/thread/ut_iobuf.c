/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* iobuf: options and their limits, growth off the I/O path, waiting in order, between threads and
 * own buffers, aborts, statistics, failures. */

#include "ut_threads.h"

#include <setjmp.h>
#include <cmocka.h>

#include "spdk_internal/env_sim.h"

#define NUM_THREADS 3
#define SMALL 4096
#define LARGE 8192

struct ut_entry {
	struct spdk_iobuf_entry entry;
	void *buf; /* what the call-back brought */
	uint32_t order;
};

static struct spdk_iobuf_channel g_ch[NUM_THREADS];
static uint32_t g_order;

static void
got(struct spdk_iobuf_entry *entry, void *buf)
{
	struct ut_entry *e = (struct ut_entry *)entry;

	assert_null(e->buf);
	e->buf = buf;
	e->order = ++g_order;
}

static void
start(uint64_t small_count, uint64_t large_count, uint32_t cache)
{
	struct spdk_iobuf_opts opts;
	uint32_t i;

	g_order = 0;
	ut_threads_start(NUM_THREADS);
	set_thread(0);
	spdk_iobuf_get_opts(&opts, sizeof(opts));
	opts.small_pool_count = small_count;
	opts.large_pool_count = large_count;
	opts.small_bufsize = SMALL;
	opts.large_bufsize = LARGE;
	assert_int_equal(spdk_iobuf_set_opts(&opts), 0);
	assert_int_equal(spdk_iobuf_initialize(), 0);
	assert_int_equal(spdk_iobuf_register_module("ut"), 0);
	for (i = 0; i < NUM_THREADS; i++) {
		set_thread(i);
		assert_int_equal(spdk_iobuf_channel_init(&g_ch[i], "ut", cache, cache), 0);
	}
	set_thread(0);
}

static void
finished(void *arg)
{
	*(bool *)arg = true;
}

static void
stop(void)
{
	bool done = false;
	uint32_t i;

	for (i = 0; i < NUM_THREADS; i++) {
		set_thread(i);
		spdk_iobuf_channel_fini(&g_ch[i]);
	}
	poll_threads();
	set_thread(0);
	spdk_iobuf_finish(finished, &done);
	poll_threads();
	assert_true(done);
	ut_threads_stop();
}

static void *
get(uint32_t thread, uint64_t len, struct ut_entry *e)
{
	set_thread(thread);
	if (e != NULL) {
		memset(e, 0, sizeof(*e));
	}
	return spdk_iobuf_get(&g_ch[thread], len, e != NULL ? &e->entry : NULL, got);
}

static void
put(uint32_t thread, void *buf, uint64_t len)
{
	set_thread(thread);
	spdk_iobuf_put(&g_ch[thread], buf, len);
}

static void
test_options(void **state)
{
	static const struct {
		uint64_t small_count, large_count;
		uint32_t small_size, large_size;
		int rc;
	} rows[] = {
		{ 1, 1, 4096, 8192, 0 },
		{ 0, 1, 4096, 8192, -EINVAL },
		{ 1, 0, 4096, 8192, -EINVAL },
		{ 1, 1, 4095, 8192, -EINVAL },
		{ 1, 1, 4096, 8191, -EINVAL },
		{ 1, 1, 8193, 8192, -EINVAL },
		{ 1, 1, 8192, 8192, 0 },
		{ 1ull << 24, 1ull << 24, 64 << 20, 64 << 20, 0 },
		{ (1ull << 24) + 1, 1, 4096, 8192, -EINVAL },
		{ 1, (1ull << 24) + 1, 4096, 8192, -EINVAL },
		{ 1, 1, 4096, (64 << 20) + 1, -EINVAL },
	};
	struct spdk_iobuf_opts before, opts, after;
	size_t i;

	spdk_iobuf_get_opts(&before, sizeof(before));
	assert_int_equal(before.small_pool_count, 8192);
	assert_int_equal(before.large_pool_count, 1024);
	assert_int_equal(before.small_bufsize, 8192);
	assert_int_equal(before.large_bufsize, 135168);
	assert_int_equal(before.opts_size, sizeof(before));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		opts = before;
		opts.small_pool_count = rows[i].small_count;
		opts.large_pool_count = rows[i].large_count;
		opts.small_bufsize = rows[i].small_size;
		opts.large_bufsize = rows[i].large_size;
		assert_int_equal(spdk_iobuf_set_opts(&opts), rows[i].rc);
		spdk_iobuf_get_opts(&after, sizeof(after));
		assert_int_equal(after.small_pool_count,
		                 rows[i].rc == 0 ? opts.small_pool_count : 8192);
		assert_int_equal(spdk_iobuf_set_opts(&before), 0);
	}
	/* A smaller struct: the rest stays. No size: refused. */
	opts = before;
	opts.small_pool_count = 7;
	opts.large_pool_count = 7;
	opts.opts_size = offsetof(struct spdk_iobuf_opts, large_pool_count);
	assert_int_equal(spdk_iobuf_set_opts(&opts), 0);
	spdk_iobuf_get_opts(&after, sizeof(after));
	assert_int_equal(after.small_pool_count, 7);
	assert_int_equal(after.large_pool_count, 1024);
	opts.opts_size = 0;
	assert_int_equal(spdk_iobuf_set_opts(&opts), -EINVAL);
	assert_int_equal(spdk_iobuf_set_opts(NULL), -EINVAL);
	assert_int_equal(spdk_iobuf_set_opts(&before), 0);
}

static void
test_cache(void **state)
{
	void *a, *b;

	start(8, 8, 2);
	a = get(0, SMALL, NULL);
	b = get(0, 1, NULL);
	assert_true(a != NULL && b != NULL && a != b);
	assert_int_equal((uintptr_t)a % 4096, 0);
	put(0, a, SMALL);
	put(0, b, 1);
	assert_ptr_equal(get(0, 100, NULL), b); /* the last one back, still warm */
	put(0, b, 100);
	a = get(0, SMALL + 1, NULL); /* large */
	assert_non_null(a);
	memset(a, 0xa5, LARGE);
	put(0, a, SMALL + 1);
	assert_null(get(0, LARGE + 1, NULL)); /* can never be served */
	stop();
}

static void
test_wait_in_order(void **state)
{
	struct ut_entry e[3];
	void *bufs[3];
	int i;

	start(2, 2, 0);
	for (i = 0; i < 3; i++) {
		bufs[i] = get(0, SMALL, NULL); /* two of the pool, the channel's own */
		assert_non_null(bufs[i]);
	}
	assert_null(get(0, SMALL, NULL));
	for (i = 0; i < 3; i++) {
		assert_null(get(0, SMALL, &e[i]));
	}
	put(0, bufs[0], SMALL);
	assert_null(e[0].buf); /* not inside the put */
	poll_threads();
	assert_ptr_equal(e[0].buf, bufs[0]);
	assert_null(e[1].buf);
	put(0, bufs[1], SMALL);
	put(0, bufs[2], SMALL);
	poll_threads();
	assert_int_equal(e[1].order, 2);
	assert_int_equal(e[2].order, 3);
	for (i = 0; i < 3; i++) {
		put(0, e[i].buf, SMALL);
	}
	/* All are back: as many as before can be had. */
	for (i = 0; i < 3; i++) {
		bufs[i] = get(0, SMALL, NULL);
		assert_non_null(bufs[i]);
	}
	for (i = 0; i < 3; i++) {
		put(0, bufs[i], SMALL);
	}
	stop();
}

static void
test_wait_for_another_thread(void **state)
{
	struct ut_entry e, f;
	void *a, *b, *own;

	start(2, 2, 4);
	a = get(0, SMALL, NULL);
	b = get(0, SMALL, NULL);
	own = get(1, SMALL, NULL); /* the pool is empty: the own buffer of thread 1 */
	assert_non_null(own);
	assert_null(get(1, SMALL, &e));
	assert_null(get(1, SMALL, &f));
	poll_threads();
	assert_null(e.buf);
	put(0, a, SMALL); /* goes past the cache of thread 0, to who waits */
	poll_threads();
	assert_ptr_equal(e.buf, a);
	put(0, b, SMALL);
	poll_threads();
	assert_ptr_equal(f.buf, b);
	put(1, own, SMALL);
	put(1, a, SMALL);
	put(1, b, SMALL);
	stop();
}

static void
test_idle_caches_are_given_up(void **state)
{
	struct ut_entry e;
	void *bufs[2], *own;

	start(2, 2, 4);
	bufs[0] = get(0, SMALL, NULL);
	bufs[1] = get(0, SMALL, NULL);
	put(0, bufs[0], SMALL);
	put(0, bufs[1], SMALL); /* both lie in the cache of thread 0 */
	own = get(1, SMALL, NULL);
	assert_null(get(1, SMALL, &e));
	poll_threads();
	assert_non_null(e.buf);
	put(1, e.buf, SMALL);
	put(1, own, SMALL);
	stop();
}

static void
test_threads_take_turns(void **state)
{
	struct ut_entry mine[4], theirs;
	void *bufs[2], *own[2];
	int i;

	start(2, 2, 0);
	bufs[0] = get(0, SMALL, NULL);
	bufs[1] = get(0, SMALL, NULL);
	own[0] = get(0, SMALL, NULL);
	own[1] = get(1, SMALL, NULL);
	for (i = 0; i < 4; i++) {
		assert_null(get(0, SMALL, &mine[i]));
	}
	assert_null(get(1, SMALL, &theirs));
	put(0, bufs[0], SMALL);
	put(0, bufs[1], SMALL);
	poll_threads();
	/* Thread 0 recycles its buffers, but each second one goes to others. */
	assert_non_null(mine[0].buf);
	assert_null(mine[1].buf);
	assert_non_null(theirs.buf);
	put(1, theirs.buf, SMALL);
	put(1, own[1], SMALL);
	poll_threads();
	put(0, own[0], SMALL);
	for (i = 0; i < 4; i++) {
		poll_threads();
		assert_non_null(mine[i].buf);
		put(0, mine[i].buf, SMALL);
	}
	stop();
}

/* A buffer that comes back for a thread that waits is not for one that comes later and is faster
 * at the ring. */
static void
test_nobody_passes_who_waits(void **state)
{
	struct ut_entry first, late;
	void *a, *b, *own[2];

	start(2, 2, 0);
	a = get(2, SMALL, NULL);
	b = get(2, SMALL, NULL);
	own[1] = get(1, SMALL, NULL);
	assert_null(get(1, SMALL, &first));
	put(2, a, SMALL); /* on the ring, word to thread 1, which has not looked yet */
	own[0] = get(0, SMALL, NULL);
	assert_non_null(own[0]);
	assert_ptr_not_equal(own[0], a);
	assert_null(get(0, SMALL, NULL)); /* who would not wait gets none either */
	assert_null(get(0, SMALL, &late));
	assert_null(late.buf);
	poll_threads();
	assert_ptr_equal(first.buf, a);
	assert_null(late.buf);
	put(2, b, SMALL);
	poll_threads();
	assert_ptr_equal(late.buf, b);
	/* Nobody waits any more: the ring is open to all. */
	put(1, a, SMALL);
	assert_ptr_equal(get(2, SMALL, NULL), a);
	put(2, a, SMALL);
	put(0, b, SMALL);
	put(0, own[0], SMALL);
	put(1, own[1], SMALL);
	stop();
}

/* Two buffers at once are for two threads that wait, though one message is sent. */
static void
test_word_is_passed_on(void **state)
{
	struct ut_entry e[2], gone;
	void *bufs[2], *own[2];

	start(2, 2, 4);
	bufs[0] = get(2, SMALL, NULL);
	bufs[1] = get(2, SMALL, NULL);
	own[0] = get(0, SMALL, NULL);
	own[1] = get(1, SMALL, NULL);
	assert_null(get(0, SMALL, &gone));
	assert_null(get(1, SMALL, &e[1]));
	assert_null(get(0, SMALL, &e[0]));
	put(2, bufs[0], SMALL);
	put(2, bufs[1], SMALL); /* both in the cache of thread 2, which gives it up as one */
	set_thread(0);
	spdk_iobuf_entry_abort(&g_ch[0], &gone.entry, SMALL);
	poll_threads();
	assert_null(gone.buf);
	assert_non_null(e[0].buf);
	assert_non_null(e[1].buf);
	put(0, e[0].buf, SMALL);
	put(1, e[1].buf, SMALL);
	put(0, own[0], SMALL);
	put(1, own[1], SMALL);
	stop();
}

static void
test_own_buffer(void **state)
{
	struct ut_entry e;
	void *pool, *own;

	start(1, 1, 0);
	pool = get(1, SMALL, NULL);
	own = get(0, SMALL, NULL); /* though another thread holds all that there is */
	assert_non_null(own);
	assert_null(get(0, SMALL, &e));
	put(0, own, SMALL); /* to the first of its channel */
	assert_null(e.buf); /* never inside the put */
	poll_threads();
	assert_ptr_equal(e.buf, own);
	put(0, own, SMALL);
	put(1, pool, SMALL);
	stop();
}

static int
abort_it(struct spdk_iobuf_channel *ch, struct spdk_iobuf_entry *entry, void *ctx)
{
	spdk_iobuf_entry_abort(ch, entry, SMALL);
	return ++*(int *)ctx == 2 ? -EINTR : 0;
}

static void
test_abort(void **state)
{
	struct ut_entry e[3];
	void *pool, *own;
	int i, count = 0;

	start(1, 1, 0);
	pool = get(0, SMALL, NULL);
	own = get(0, SMALL, NULL);
	for (i = 0; i < 3; i++) {
		assert_null(get(0, SMALL, &e[i]));
	}
	put(0, pool, SMALL); /* promised to e[0], whose call-back has not run */
	assert_int_equal(spdk_iobuf_for_each_entry(&g_ch[0], abort_it, &count), -EINTR);
	assert_int_equal(count, 2); /* e[0], which passed the buffer on, and the next */
	poll_threads();
	assert_null(e[0].buf);
	assert_int_equal((e[1].buf != NULL) + (e[2].buf != NULL), 1);
	put(0, pool, SMALL);
	put(0, own, SMALL);
	stop();
}

static void
test_growth(void **state)
{
	enum {
		COUNT = 1500
	}; /* 2 MiB hold 512 small ones */
	static void *bufs[COUNT];
	struct ut_entry e;
	uint32_t i, n = 0;

	start(1400, 4, 0);
	/* More than there are: growth is asked for, done by a helper, and serves who waits. */
	while (n < 512) {
		bufs[n] = get(0, SMALL, NULL);
		assert_non_null(bufs[n++]);
	}
	assert_int_equal(env_sim_pending_work(), 1);
	bufs[n] = get(0, SMALL, NULL);
	assert_non_null(bufs[n++]); /* own */
	assert_null(get(0, SMALL, &e));
	poll_threads();
	assert_non_null(e.buf);
	bufs[n++] = e.buf;
	while (n < COUNT && (bufs[n] = get(0, SMALL, NULL)) != NULL) {
		n++;
		poll_threads();
	}
	assert_int_equal(n, 1401); /* the cap, and the own one */
	for (i = 0; i < n; i++) {
		put(0, bufs[i], SMALL);
	}
	stop();
}

static void
test_growth_fails(void **state)
{
	static void *bufs[600];
	struct ut_entry e;
	uint32_t i, n = 0;

	start(1400, 4, 0);
	while (n < 513) {
		bufs[n] = get(0, SMALL, NULL);
		assert_non_null(bufs[n++]);
	}
	env_sim_fail_nth(ENV_FAULT_MALLOC, 1);
	assert_null(get(0, SMALL, &e));
	poll_threads();
	assert_null(e.buf);
	put(0, bufs[--n], SMALL); /* who waits is served by what comes back */
	poll_threads();
	assert_ptr_equal(e.buf, bufs[n]);
	/* For a second nobody tries again. */
	assert_null(get(0, SMALL, &e));
	assert_int_equal(env_sim_pending_work(), 0);
	env_sim_advance_us(1000000);
	spdk_iobuf_entry_abort(&g_ch[0], &e.entry, SMALL);
	assert_null(get(0, SMALL, &e));
	poll_threads();
	assert_non_null(e.buf);
	put(0, e.buf, SMALL);
	put(0, bufs[n], SMALL);
	for (i = 0; i < n; i++) {
		put(0, bufs[i], SMALL);
	}
	stop();
}

static void
test_finish_waits_for_growth(void **state)
{
	static void *bufs[512];
	bool done = false;
	uint32_t i;

	start(1400, 4, 0);
	for (i = 0; i < 512; i++) {
		bufs[i] = get(0, SMALL, NULL);
	}
	for (i = 0; i < 512; i++) {
		put(0, bufs[i], SMALL);
	}
	assert_int_equal(env_sim_pending_work(), 1);
	for (i = 0; i < NUM_THREADS; i++) {
		set_thread(i);
		spdk_iobuf_channel_fini(&g_ch[i]);
	}
	set_thread(0);
	spdk_iobuf_finish(finished, &done);
	for (i = 0; i < 10; i++) {
		poll_thread(0);
		poll_thread(1);
		poll_thread(2);
	}
	assert_false(done);
	poll_threads();
	assert_true(done);
	ut_threads_stop();
}

static void
see_stats(struct spdk_iobuf_module_stats *modules, uint32_t num_modules, void *arg)
{
	assert_int_equal(num_modules, 2);
	assert_string_equal(modules[0].module, "ut");
	assert_string_equal(modules[1].module, "other");
	assert_int_equal(modules[0].small_pool.main, 3);
	assert_int_equal(modules[0].small_pool.cache, 1);
	assert_int_equal(modules[0].small_pool.retry, 1);
	assert_int_equal(modules[0].small_pool.cache_size, 3);
	assert_int_equal(modules[0].large_pool.main, 1);
	assert_int_equal(modules[1].large_pool.main, 0);
	*(bool *)arg = true;
}

static void
test_stats(void **state)
{
	struct ut_entry e;
	void *a, *b, *c;
	bool seen = false;

	start(2, 2, 1);
	assert_int_equal(spdk_iobuf_register_module("ut"), -EEXIST);
	assert_int_equal(spdk_iobuf_register_module("other"), 0);
	assert_int_equal(spdk_iobuf_unregister_module("none"), -ENOENT);
	a = get(0, SMALL, NULL);
	put(0, a, SMALL);
	a = get(0, SMALL, NULL); /* from the cache */
	b = get(0, SMALL, NULL);
	c = get(0, SMALL, NULL); /* own */
	assert_null(get(0, SMALL, &e));
	spdk_iobuf_entry_abort(&g_ch[0], &e.entry, SMALL);
	put(0, c, SMALL);
	c = get(1, LARGE, NULL);
	set_thread(2);
	assert_int_equal(spdk_iobuf_get_stats(see_stats, &seen), 0);
	/* The answer has it all the same. */
	assert_int_equal(spdk_iobuf_unregister_module("other"), 0);
	poll_threads();
	assert_true(seen);
	put(1, c, LARGE);
	put(0, a, SMALL);
	put(0, b, SMALL);
	stop();
}

/* Let the nth allocation fail. The last one is the device's, which has no result: then there are
 * no channels, and the end comes all the same. False when there are not as many. */
static bool
init_fails(int nth)
{
	struct spdk_iobuf_channel ch;
	bool done = false, hit;

	env_sim_fail_nth(ENV_FAULT_HEAP, nth);
	if (spdk_iobuf_initialize() != 0) {
		return true;
	}
	hit = env_fault_count(ENV_FAULT_HEAP) >= (uint64_t)nth;
	env_fault_clear();
	assert_int_equal(spdk_iobuf_register_module("ut"), 0);
	assert_int_equal(spdk_iobuf_channel_init(&ch, "ut", 0, 0), hit ? -ENOMEM : 0);
	if (!hit) {
		spdk_iobuf_channel_fini(&ch);
	}
	poll_threads();
	spdk_iobuf_finish(finished, &done);
	poll_threads();
	assert_true(done);
	return hit;
}

static void
test_init_fails_at_each_step(void **state)
{
	static const enum env_fault_class classes[] = { ENV_FAULT_HEAP, ENV_FAULT_MALLOC,
		                                        ENV_FAULT_RING_CREATE };
	struct spdk_iobuf_channel ch;
	bool done = false;
	size_t i;
	int nth;

	ut_threads_start(1);
	set_thread(0);
	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		for (nth = 1; nth <= 2; nth++) {
			env_sim_fail_nth(classes[i], nth);
			assert_int_equal(spdk_iobuf_initialize(), -ENOMEM);
		}
	}
	env_fault_clear();
	for (nth = 1; init_fails(nth); nth++) {
	}
	assert_true(nth > 4);
	assert_int_equal(spdk_iobuf_initialize(), 0);
	assert_int_equal(spdk_iobuf_channel_init(&ch, "none", 0, 0), -ENODEV);
	for (nth = 1; nth <= 2; nth++) {
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		assert_int_equal(spdk_iobuf_register_module("ut"), -ENOMEM);
	}
	assert_int_equal(spdk_iobuf_register_module("ut"), 0);
	for (nth = 1; nth <= 2; nth++) {
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		assert_int_equal(spdk_iobuf_channel_init(&ch, "ut", 0, 0), -ENOMEM);
		env_sim_fail_nth(ENV_FAULT_HEAP, 0);
		env_sim_fail_nth(ENV_FAULT_MALLOC, nth);
		assert_int_equal(spdk_iobuf_channel_init(&ch, "ut", 0, 0), -ENOMEM);
		poll_threads();
	}
	spdk_iobuf_finish(finished, &done);
	poll_threads();
	assert_true(done);
	done = false;
	spdk_iobuf_finish(finished, &done); /* not started: at once */
	assert_true(done);
	ut_threads_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_wait_in_order),
		cmocka_unit_test(test_wait_for_another_thread),
		cmocka_unit_test(test_idle_caches_are_given_up),
		cmocka_unit_test(test_threads_take_turns),
		cmocka_unit_test(test_nobody_passes_who_waits),
		cmocka_unit_test(test_word_is_passed_on),
		cmocka_unit_test(test_own_buffer),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_growth_fails),
		cmocka_unit_test(test_finish_waits_for_growth),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_init_fails_at_each_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
