/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What only real threads show: queues, pools, the heap and kicks under load. */

#include "suite.h"

#include "spdk/log.h"

#include <sched.h>
#include <stdatomic.h>

#define ANY SPDK_ENV_NUMA_ID_ANY

/* ---- Rings under load ---- */

#define STRESS_OBJS 60000
#define MAX_PEERS 4

struct stress {
	struct spdk_ring *ring;
	uint32_t num_producers;
	bool never_full; /* all objects fit at once */
	_Atomic uint32_t num_taken;
	/* Counts each (producer, number) once. */
	_Atomic uint8_t seen[MAX_PEERS][STRESS_OBJS];
	_Atomic bool wrong;
};

struct peer {
	struct stress *s;
	uint32_t id;
	pthread_t thread;
};

static void *
obj_of(uint32_t producer, uint32_t num)
{
	return (void *)(((uintptr_t)producer << 32 | num) + 1);
}

static void *
producer_run(void *arg)
{
	struct peer *p = arg;
	void *objs[8];
	uint32_t at = 0, num, i;

	while (at < STRESS_OBJS) {
		num = spdk_min(at % 8 + 1, STRESS_OBJS - at);
		for (i = 0; i < num; i++) {
			objs[i] = obj_of(p->id, at + i);
		}
		if (spdk_ring_enqueue(p->s->ring, objs, num, NULL) == num) {
			at += num;
		} else if (p->s->never_full) {
			/* There is room for all of all: a lost race is no reason to refuse. */
			atomic_store(&p->s->wrong, true);
		} else {
			sched_yield();
		}
	}
	return NULL;
}

static void *
consumer_run(void *arg)
{
	struct peer *c = arg;
	struct stress *s = c->s;
	/* One consumer sees each producer's numbers ascend. */
	uint32_t next[MAX_PEERS] = { 0 };
	void *objs[16];
	size_t num, i;

	while (atomic_load(&s->num_taken) < s->num_producers * STRESS_OBJS) {
		num = spdk_ring_dequeue(s->ring, objs, 1 + c->id * 5 % 16);
		if (num == 0) {
			sched_yield();
			continue;
		}
		for (i = 0; i < num; i++) {
			uintptr_t v = (uintptr_t)objs[i] - 1;
			uint32_t producer = (uint32_t)(v >> 32), n = (uint32_t)v;

			if (producer >= MAX_PEERS || n >= STRESS_OBJS || n < next[producer] ||
			    atomic_fetch_add(&s->seen[producer][n], 1) != 0) {
				atomic_store(&s->wrong, true);
			}
			next[producer % MAX_PEERS] = n + 1;
		}
		atomic_fetch_add(&s->num_taken, (uint32_t)num);
	}
	return NULL;
}

static void
stress(enum spdk_ring_type type, uint32_t num_producers, uint32_t num_consumers, size_t size)
{
	struct stress *s = calloc(1, sizeof(*s));
	struct peer peers[2 * MAX_PEERS];
	uint32_t i, num = num_producers + num_consumers;

	s->num_producers = num_producers;
	s->never_full = size >= (size_t)num_producers * STRESS_OBJS;
	s->ring = spdk_ring_create(type, size, ANY);
	for (i = 0; i < num; i++) {
		bool produce = i < num_producers;

		peers[i].s = s;
		peers[i].id = produce ? i : i - num_producers;
		assert_int_equal(pthread_create(&peers[i].thread, NULL,
		                                produce ? producer_run : consumer_run, &peers[i]),
		                 0);
	}
	for (i = 0; i < num; i++) {
		pthread_join(peers[i].thread, NULL);
	}
	assert_false(s->wrong);
	assert_int_equal(s->num_taken, num_producers * STRESS_OBJS);
	assert_int_equal(spdk_ring_count(s->ring), 0);
	spdk_ring_free(s->ring);
	free(s);
}

static void
test_ring_stress(void **state)
{
	stress(SPDK_RING_TYPE_SP_SC, 1, 1, 64);
	stress(SPDK_RING_TYPE_SP_SC, 1, 1, 8);
	stress(SPDK_RING_TYPE_MP_SC, 4, 1, 64);
	stress(SPDK_RING_TYPE_MP_MC, 3, 3, 64);
	stress(SPDK_RING_TYPE_MP_MC, 4, 4, 8);
	stress(SPDK_RING_TYPE_MP_MC, 1, 4, 1024);
	stress(SPDK_RING_TYPE_MP_SC, 4, 1, 4 * STRESS_OBJS);
}

/* ---- Pools under load: each object has one holder ---- */

static struct spdk_mempool *g_pool;
static _Atomic bool g_pool_wrong;

static void *
pool_run(void *arg)
{
	_Atomic uint32_t *objs[20];
	int i, j, num;

	/* Threads with a cache and threads without one. */
	g_env_local.core_plus_1 = (uint32_t)(uintptr_t)arg;
	for (i = 0; i < 20000; i++) {
		num = 1 + i % 20;
		if (spdk_mempool_get_bulk(g_pool, (void **)objs, (size_t)num) != 0) {
			continue;
		}
		for (j = 0; j < num; j++) {
			if (atomic_exchange(objs[j], 1) != 0) {
				atomic_store(&g_pool_wrong, true);
			}
		}
		for (j = 0; j < num; j++) {
			atomic_store(objs[j], 0);
		}
		spdk_mempool_put_bulk(g_pool, (void **)objs, (size_t)num);
	}
	return NULL;
}

static void
test_pool_stress(void **state)
{
	pthread_t threads[4];
	void *objs[100];
	uintptr_t i;

	spdk_env_fini();
	assert_int_equal(suite_env_start(suite_has_cpu(1) ? "0x3" : "0x1", -1), 0);
	g_pool = spdk_mempool_create("stress", 100, 64, 8, ANY);
	assert_non_null(g_pool);
	for (i = 0; i < 4; i++) {
		uintptr_t core_plus_1 = i < spdk_env_get_core_count() ? i + 1 : 0;

		assert_int_equal(pthread_create(&threads[i], NULL, pool_run, (void *)core_plus_1),
		                 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
	assert_false(g_pool_wrong);
	assert_int_equal(spdk_mempool_count(g_pool), 100);
	/* Caches hold back at most half. */
	g_env_local.core_plus_1 = 0;
	assert_int_equal(spdk_mempool_get_bulk(g_pool, objs, 50), 0);
	spdk_mempool_put_bulk(g_pool, objs, 50);
	g_env_local.core_plus_1 = 1;
	spdk_mempool_free(g_pool);
}

/* Few objects, no cache, much coming and going: what a stack without change counter gets wrong. */
static void *
pool_few_run(void *arg)
{
	_Atomic uint32_t *objs[2];
	int i, j, num;

	for (i = 0; i < 400000; i++) {
		num = 1 + (i + (int)(uintptr_t)arg) % 2;
		if (spdk_mempool_get_bulk(g_pool, (void **)objs, (size_t)num) != 0) {
			continue;
		}
		for (j = 0; j < num; j++) {
			if (atomic_exchange(objs[j], 1) != 0) {
				atomic_store(&g_pool_wrong, true);
			}
			atomic_store(objs[j], 0);
		}
		/* In the other order, so that the links change. */
		for (j = num - 1; j >= 0; j--) {
			spdk_mempool_put(g_pool, objs[j]);
		}
	}
	return NULL;
}

static void
test_pool_few(void **state)
{
	pthread_t threads[4];
	uintptr_t i;

	g_pool = spdk_mempool_create("few", 4, 64, 0, ANY);
	assert_non_null(g_pool);
	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, pool_few_run, (void *)i), 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
	assert_false(g_pool_wrong);
	assert_int_equal(spdk_mempool_count(g_pool), 4);
	spdk_mempool_free(g_pool);
}

/* ---- The allocator from several threads ---- */

static void *
heap_run(void *arg)
{
	uint64_t rng = (uintptr_t)arg + 1;
	uint8_t *bufs[32] = { NULL };
	size_t sizes[32], i, slot;

	for (i = 0; i < 3000; i++) {
		slot = spdk_rand_xorshift64(&rng) % 32;
		if (bufs[slot] != NULL) {
			assert_int_equal(bufs[slot][0], (uint8_t)slot);
			assert_int_equal(bufs[slot][sizes[slot] - 1], (uint8_t)slot);
			spdk_free(bufs[slot]);
			bufs[slot] = NULL;
			continue;
		}
		sizes[slot] = 1 + spdk_rand_xorshift64(&rng) % (i % 100 == 0 ? 3 << 20 : 6000);
		bufs[slot] = spdk_malloc(sizes[slot], 0, NULL, ANY, SPDK_MALLOC_DMA);
		assert_non_null(bufs[slot]);
		bufs[slot][0] = bufs[slot][sizes[slot] - 1] = (uint8_t)slot;
	}
	for (i = 0; i < 32; i++) {
		spdk_free(bufs[i]);
	}
	return NULL;
}

static void
test_heap_threads(void **state)
{
	pthread_t threads[4];
	uintptr_t i;

	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, heap_run, (void *)i), 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
}

/* ---- Kicks from another thread ---- */

static struct env_waiter *g_waiter;
static _Atomic uint32_t g_turn;

static void *
kick_run(void *arg)
{
	uint32_t i;

	for (i = 0; i < 5000; i++) {
		while (atomic_load(&g_turn) != i) {
			sched_yield();
		}
		env_waiter_kick(g_waiter);
	}
	return NULL;
}

/* A wait without deadline after each request for a kick: one lost kick hangs it. */
static void
test_kick_threads(void **state)
{
	struct env_wait_event ev;
	pthread_t thread;
	uint32_t i;

	assert_int_equal(env_waiter_create(&g_waiter), 0);
	atomic_store(&g_turn, UINT32_MAX);
	assert_int_equal(pthread_create(&thread, NULL, kick_run, NULL), 0);
	for (i = 0; i < 5000; i++) {
		atomic_store(&g_turn, i);
		assert_int_equal(env_waiter_wait(g_waiter, UINT64_MAX, &ev, 1), 0);
	}
	pthread_join(thread, NULL);
	env_waiter_destroy(g_waiter);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ENV_TEST(test_ring_stress),  ENV_TEST(test_pool_stress),  ENV_TEST(test_pool_few),
		ENV_TEST(test_heap_threads), ENV_TEST(test_kick_threads),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_stress", tests, NULL, NULL);
}
