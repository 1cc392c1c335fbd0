/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* iobuf with a pool for each of two NUMA nodes: where buffers lie, caps and waiting of each node,
 * threads that go to the other node with buffers out, in caches, or while they wait. */

#include "ut_threads.h"

#include "spdk/env.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/thread.h"

#include <setjmp.h>
#include <cmocka.h>

#define NUM_THREADS 3
#define SMALL 4096
#define LARGE 8192
/* The simulated machine has node 0 from CPU 0 on, node 1 from CPU 32 on. */
#define CORE_0 0
#define CORE_1 32

struct ut_entry {
	struct spdk_iobuf_entry entry;
	void *buf;
};

static struct spdk_iobuf_channel g_ch[NUM_THREADS];
static uint32_t g_core[NUM_THREADS];

static void
be(uint32_t thread)
{
	env_sim_set_core(g_core[thread]);
	set_thread(thread);
}

static void
poll_all(void)
{
	uint32_t i;
	bool work;

	do {
		work = false;
		for (i = 0; i < NUM_THREADS; i++) {
			env_sim_set_core(g_core[i]);
			work |= poll_thread(i);
		}
	} while (work);
	be(0);
}

/* Threads 0 and 2 are on node 0, thread 1 on node 1. */
static void
start(bool numa, uint64_t count, uint32_t cache, const char *cores)
{
	struct spdk_iobuf_opts opts;
	uint32_t i;

	ut_threads_start_on(NUM_THREADS, cores);
	g_core[0] = CORE_0;
	g_core[1] = CORE_1;
	g_core[2] = CORE_0;
	be(0);
	spdk_iobuf_get_opts(&opts, sizeof(opts));
	opts.small_pool_count = count;
	opts.large_pool_count = count;
	opts.small_bufsize = SMALL;
	opts.large_bufsize = LARGE;
	opts.enable_numa = numa;
	assert_int_equal(spdk_iobuf_set_opts(&opts), 0);
	assert_int_equal(spdk_iobuf_initialize(), 0);
	assert_int_equal(spdk_iobuf_register_module("ut"), 0);
	for (i = 0; i < NUM_THREADS; i++) {
		be(i);
		assert_int_equal(spdk_iobuf_channel_init(&g_ch[i], "ut", cache, cache), 0);
	}
	be(0);
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
		be(i);
		spdk_iobuf_channel_fini(&g_ch[i]);
	}
	poll_all();
	spdk_iobuf_finish(finished, &done);
	poll_all();
	poll_threads();
	assert_true(done);
	ut_threads_stop();
}

static void
got(struct spdk_iobuf_entry *entry, void *buf)
{
	((struct ut_entry *)entry)->buf = buf;
}

static void *
get(uint32_t thread, uint64_t len, struct ut_entry *e)
{
	be(thread);
	if (e != NULL) {
		memset(e, 0, sizeof(*e));
	}
	return spdk_iobuf_get(&g_ch[thread], len, e != NULL ? &e->entry : NULL, got);
}

static void
put(uint32_t thread, void *buf, uint64_t len)
{
	be(thread);
	spdk_iobuf_put(&g_ch[thread], buf, len);
}

static void
go(uint32_t thread, uint32_t core)
{
	g_core[thread] = core;
	env_sim_set_core(core);
	set_thread(UINT32_MAX);
	thread_moved(ut_thread(thread));
}

/* How many can be had at once, all given back. Each lies on that node, but the last: the own one
 * lies where the channel was made. */
static uint32_t
count_free(uint32_t thread, uint64_t len, int32_t node)
{
	void *bufs[64];
	uint32_t n = 0, i;

	while (n < SPDK_COUNTOF(bufs) && (bufs[n] = get(thread, len, NULL)) != NULL) {
		n++;
	}
	for (i = 0; i < n; i++) {
		assert_true(i + 1 == n || spdk_mem_get_numa_id(bufs[i], NULL) == node);
		put(thread, bufs[i], len);
	}
	return n;
}

/* Each node has as many as the counts say; a thread takes only from the node that it is on. */
static void
test_each_from_its_node(void **state)
{
	struct ut_entry e;
	void *bufs[5], *other;
	uint32_t i;

	start(true, 4, 0, "[0,32]");
	assert_int_equal(count_free(0, SMALL, 0), 5);
	assert_int_equal(count_free(1, SMALL, 1), 5);
	assert_int_equal(count_free(0, LARGE, 0), 5);
	assert_int_equal(count_free(1, LARGE, 1), 5);
	for (i = 0; i < 5; i++) {
		bufs[i] = get(0, SMALL, NULL);
	}
	assert_null(get(0, SMALL, &e));
	other = get(1, SMALL, NULL);
	assert_non_null(other);
	put(1, other, SMALL);
	poll_all();
	assert_null(e.buf); /* not from there */
	put(0, bufs[0], SMALL);
	poll_all();
	assert_non_null(e.buf);
	assert_int_equal(spdk_mem_get_numa_id(e.buf, NULL), 0);
	put(0, e.buf, SMALL);
	for (i = 1; i < 5; i++) {
		put(0, bufs[i], SMALL);
	}
	stop();
}

/* Without the option, and where all cores are on one node, there is one pool for all. */
static void
test_one_pool(void **state)
{
	static const struct {
		bool numa;
		const char *cores;
	} rows[] = { { false, "[0,32]" }, { true, "[0,1]" } };
	void *bufs[5], *own;
	uint32_t i, row;

	for (row = 0; row < SPDK_COUNTOF(rows); row++) {
		start(rows[row].numa, 4, 0, rows[row].cores);
		for (i = 0; i < 5; i++) {
			bufs[i] = get(1, SMALL, NULL);
			assert_non_null(bufs[i]);
		}
		own = get(0, SMALL, NULL);
		assert_non_null(own);
		assert_null(get(0, SMALL, NULL));
		put(0, own, SMALL);
		for (i = 0; i < 5; i++) {
			put(1, bufs[i], SMALL);
		}
		stop();
	}
}

/* Buffers that are out go back to the node they are from, those in the cache at once. */
static void
test_moves_with_buffers(void **state)
{
	void *a, *b, *c, *cached;

	start(true, 4, 2, "[0,32]");
	a = get(0, SMALL, NULL);
	b = get(0, SMALL, NULL);
	cached = get(0, SMALL, NULL);
	put(0, cached, SMALL);
	assert_int_equal(count_free(2, SMALL, 0), 2);
	go(0, CORE_1);
	assert_int_equal(count_free(2, SMALL, 0), 3); /* with the one of the cache */
	c = get(0, SMALL, NULL);
	assert_int_equal(spdk_mem_get_numa_id(c, NULL), 1);
	put(0, a, SMALL);
	assert_int_equal(count_free(2, SMALL, 0), 4);
	put(0, b, SMALL);
	assert_int_equal(count_free(2, SMALL, 0), 5);
	put(0, c, SMALL); /* into the cache: the next get finds it */
	assert_ptr_equal(get(0, SMALL, NULL), c);
	put(0, c, SMALL);
	go(0, CORE_0);
	assert_int_equal(count_free(1, SMALL, 1), 5);
	a = get(0, SMALL, NULL);
	assert_int_equal(spdk_mem_get_numa_id(a, NULL), 0);
	put(0, a, SMALL);
	stop();
}

/* One that waits gets its buffer where it asked for it; then it turns to the other node. */
static void
test_moves_while_waiting(void **state)
{
	void *bufs[4], *own, *mine;
	struct ut_entry e;
	uint32_t i;

	start(true, 4, 1, "[0,32]");
	for (i = 0; i < 4; i++) {
		bufs[i] = get(2, SMALL, NULL);
	}
	own = get(0, SMALL, NULL);
	assert_non_null(own);
	assert_null(get(0, SMALL, &e));
	go(0, CORE_1);
	poll_all();
	assert_null(e.buf);
	put(2, bufs[0], SMALL);
	poll_all();
	assert_ptr_equal(e.buf, bufs[0]);
	poll_all();
	mine = get(0, SMALL, NULL);
	assert_int_equal(spdk_mem_get_numa_id(mine, NULL), 1);
	put(0, mine, SMALL);
	put(0, e.buf, SMALL);
	put(0, own, SMALL);
	for (i = 1; i < 4; i++) {
		put(2, bufs[i], SMALL);
	}
	poll_all();
	assert_int_equal(count_free(2, SMALL, 0), 5);
	stop();
}

/* Word of a free buffer that reaches a thread after it went goes to the next that waits. */
static void
test_word_follows_nobody(void **state)
{
	void *bufs[4], *own_0, *own_2;
	struct ut_entry first, second;
	uint32_t i;

	start(true, 4, 0, "[0,32]");
	be(1);
	g_core[1] = CORE_0;
	go(1, CORE_0);
	for (i = 0; i < 4; i++) {
		bufs[i] = get(1, SMALL, NULL);
	}
	own_0 = get(0, SMALL, NULL);
	assert_null(get(0, SMALL, &first));
	own_2 = get(2, SMALL, NULL);
	assert_null(get(2, SMALL, &second));
	poll_all();
	put(1, bufs[0], SMALL); /* word to thread 0 */
	put(0, own_0, SMALL);   /* which serves itself meanwhile, and goes */
	be(0);
	poll_thread(0);
	go(0, CORE_1);
	poll_all();
	assert_non_null(first.buf);
	assert_non_null(second.buf);
	put(0, first.buf, SMALL);
	put(2, second.buf, SMALL);
	put(2, own_2, SMALL);
	for (i = 1; i < 4; i++) {
		put(1, bufs[i], SMALL);
	}
	poll_all();
	stop();
}

/* Who comes back to a node where others began to wait meanwhile keeps no buffer from them. */
static void
test_comes_back_to_who_waits(void **state)
{
	void *bufs[4], *own;
	struct ut_entry e;
	uint32_t i;

	start(true, 4, 2, "[0,32]");
	for (i = 0; i < 4; i++) {
		bufs[i] = get(0, SMALL, NULL);
	}
	go(0, CORE_1);
	go(2, CORE_0);
	own = get(2, SMALL, NULL);
	assert_null(get(2, SMALL, &e));
	poll_all();
	go(0, CORE_0);
	put(0, bufs[0], SMALL);
	poll_all();
	assert_ptr_equal(e.buf, bufs[0]);
	put(2, e.buf, SMALL);
	put(2, own, SMALL);
	for (i = 1; i < 4; i++) {
		put(0, bufs[i], SMALL);
	}
	poll_all();
	stop();
}

/* ---- Random ---- */

static uint64_t g_seed;

static uint32_t
draw(uint32_t below)
{
	g_seed = g_seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(g_seed >> 33) % below;
}

struct held {
	uint32_t thread;
	bool waits;
	struct ut_entry e;
};

static void
random_get(struct held *h, uint32_t thread)
{
	void *buf;

	h->thread = thread;
	buf = get(thread, SMALL, &h->e);
	h->waits = buf == NULL;
	h->e.buf = buf;
}

/* Gets, puts, aborts and moves in any order: nobody waits for ever, and nothing is lost. */
static void
test_random(void **state)
{
	static struct held held[24];
	uint32_t n, i;

	g_seed = 3;
	memset(held, 0, sizeof(held));
	start(true, 4, 2, "[0,32]");
	for (n = 0; n < 40000; n++) {
		i = draw(SPDK_COUNTOF(held));
		if (draw(20) == 0) {
			go(i % NUM_THREADS, draw(2) == 0 ? CORE_0 : CORE_1);
		} else if (held[i].e.buf == NULL && !held[i].waits) {
			random_get(&held[i], draw(NUM_THREADS));
		} else if (held[i].e.buf != NULL) {
			put(held[i].thread, held[i].e.buf, SMALL);
			memset(&held[i], 0, sizeof(held[i]));
		} else if (draw(4) == 0) {
			be(held[i].thread);
			spdk_iobuf_entry_abort(&g_ch[held[i].thread], &held[i].e.entry, SMALL);
			memset(&held[i], 0, sizeof(held[i]));
		}
		if (draw(3) == 0) {
			poll_all();
		}
		held[i].waits = held[i].waits && held[i].e.buf == NULL;
	}
	for (n = 0; n < SPDK_COUNTOF(held); n++) {
		for (i = 0; i < SPDK_COUNTOF(held); i++) {
			if (held[i].e.buf != NULL) {
				put(held[i].thread, held[i].e.buf, SMALL);
				memset(&held[i], 0, sizeof(held[i]));
			}
		}
		poll_all();
		for (i = 0; i < SPDK_COUNTOF(held); i++) {
			held[i].waits = held[i].waits && held[i].e.buf == NULL;
		}
	}
	for (i = 0; i < SPDK_COUNTOF(held); i++) {
		assert_false(held[i].waits);
	}
	/* Who leaves a node leaves nothing there: all of it is to be had. */
	for (n = 0; n < 2; n++) {
		for (i = 0; i < NUM_THREADS; i++) {
			go(i, n == 0 ? CORE_0 : CORE_1);
		}
		poll_all();
		go(1, n == 0 ? CORE_1 : CORE_0);
		assert_int_equal(count_free(1, SMALL, n == 0 ? 1 : 0), 5);
	}
	stop();
}

/* ---- Failures ---- */

static void
test_init_fails_at_each_step(void **state)
{
	struct spdk_iobuf_opts opts;
	bool done = false;
	uint64_t nth;
	int rc = -1;

	ut_threads_start_on(1, "[0,32]");
	set_thread(0);
	spdk_iobuf_get_opts(&opts, sizeof(opts));
	opts.enable_numa = true;
	assert_int_equal(spdk_iobuf_set_opts(&opts), 0);
	for (nth = 1; rc != 0; nth++) {
		assert_true(nth < 100);
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		rc = spdk_iobuf_initialize();
		env_fault_clear();
		assert_true(rc == 0 || rc == -ENOMEM);
	}
	assert_true(nth > 10);
	spdk_iobuf_finish(finished, &done);
	poll_threads();
	assert_true(done);
	ut_threads_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_from_its_node),
		cmocka_unit_test(test_one_pool),
		cmocka_unit_test(test_moves_with_buffers),
		cmocka_unit_test(test_moves_while_waiting),
		cmocka_unit_test(test_word_follows_nobody),
		cmocka_unit_test(test_comes_back_to_who_waits),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_init_fails_at_each_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
