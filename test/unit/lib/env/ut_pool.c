/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Rings, pools and zones, on one thread. */

#include "suite.h"

#include "spdk/log.h"

#define ANY SPDK_ENV_NUMA_ID_ANY

static void *
num_ptr(uintptr_t num)
{
	return (void *)num;
}

/* ---- Rings ---- */

static void
ring_laps(enum spdk_ring_type type, size_t size)
{
	struct spdk_ring *ring = spdk_ring_create(type, size, ANY);
	uintptr_t in = 1, out = 1;
	void *objs[16];
	size_t lap, i, num, room;

	assert_non_null(ring);
	for (lap = 0; lap < 50; lap++) {
		num = lap % size + 1;
		for (i = 0; i < num; i++) {
			objs[i] = num_ptr(in++);
		}
		assert_int_equal(spdk_ring_enqueue(ring, objs, num, &room), num);
		assert_int_equal(room, size - num);
		assert_int_equal(spdk_ring_count(ring), num);
		assert_int_equal(spdk_ring_dequeue(ring, objs, 16), num);
		for (i = 0; i < num; i++) {
			assert_ptr_equal(objs[i], num_ptr(out++));
		}
	}
	assert_int_equal(spdk_ring_count(ring), 0);
	assert_int_equal(spdk_ring_dequeue(ring, objs, 1), 0);
	spdk_ring_free(ring);
}

static void
test_ring_order(void **state)
{
	static const size_t sizes[] = { 2, 4, 8, 16 };
	int type;
	size_t i;

	for (type = SPDK_RING_TYPE_SP_SC; type <= SPDK_RING_TYPE_MP_MC; type++) {
		for (i = 0; i < SPDK_COUNTOF(sizes); i++) {
			ring_laps((enum spdk_ring_type)type, sizes[i]);
		}
	}
}

/* All or nothing in, as many as there are out. */
static void
ring_full(enum spdk_ring_type type)
{
	struct spdk_ring *ring = spdk_ring_create(type, 8, ANY);
	void *objs[16] = { num_ptr(1), num_ptr(2), num_ptr(3), num_ptr(4), num_ptr(5) };
	void *out[16];
	size_t room = 99;

	assert_int_equal(spdk_ring_enqueue(ring, objs, 9, &room), 0);
	assert_int_equal(room, 8);
	assert_int_equal(spdk_ring_enqueue(ring, objs, 5, NULL), 5);
	assert_int_equal(spdk_ring_enqueue(ring, objs, 4, &room), 0);
	assert_int_equal(room, 3);
	assert_int_equal(spdk_ring_enqueue(ring, objs, 3, &room), 3);
	assert_int_equal(room, 0);
	assert_int_equal(spdk_ring_enqueue(ring, objs, 1, NULL), 0);
	assert_int_equal(spdk_ring_enqueue(ring, objs, 0, &room), 0);
	assert_int_equal(spdk_ring_dequeue(ring, out, 0), 0);
	assert_int_equal(spdk_ring_dequeue(ring, out, 3), 3);
	assert_ptr_equal(out[2], num_ptr(3));
	assert_int_equal(spdk_ring_dequeue(ring, out, 16), 5);
	assert_ptr_equal(out[4], num_ptr(3));
	spdk_ring_free(ring);
}

static void
test_ring_full(void **state)
{
	ring_full(SPDK_RING_TYPE_SP_SC);
	ring_full(SPDK_RING_TYPE_MP_SC);
	ring_full(SPDK_RING_TYPE_MP_MC);
}

static void
test_ring_refused(void **state)
{
	struct spdk_ring *ring;
	void *objs[3] = { NULL };

	assert_null(spdk_ring_create(SPDK_RING_TYPE_MP_MC, 0, ANY));
	assert_null(spdk_ring_create(SPDK_RING_TYPE_MP_MC, SIZE_MAX, ANY));
	assert_null(spdk_ring_create((enum spdk_ring_type)3, 8, ANY));
	/* What is no power of two has room for at least that much. */
	ring = spdk_ring_create(SPDK_RING_TYPE_MP_MC, 3, ANY);
	assert_int_equal(spdk_ring_enqueue(ring, objs, 3, NULL), 3);
	spdk_ring_free(ring);
	env_fault_nth(ENV_FAULT_RING_CREATE, 1);
	assert_null(spdk_ring_create(SPDK_RING_TYPE_MP_MC, 8, ANY));
	env_fault_nth(ENV_FAULT_MALLOC, 1);
	assert_null(spdk_ring_create(SPDK_RING_TYPE_MP_MC, 8, ANY));
	spdk_ring_free(NULL);
}

/* ---- Pools ---- */

static void
obj_mark(struct spdk_mempool *mp, void *arg, void *obj, unsigned idx)
{
	uint32_t *num = arg;

	assert_int_equal(idx, *num);
	assert_int_equal((uintptr_t)obj % 64, 0);
	memcpy(obj, &idx, sizeof(idx));
	(*num)++;
}

static void
test_pool_take_all(void **state)
{
	static const size_t caches[] = { 0, 4, (size_t)SPDK_MEMPOOL_DEFAULT_CACHE_SIZE };
	void *objs[100];
	size_t c, i;

	for (c = 0; c < SPDK_COUNTOF(caches); c++) {
		uint32_t num = 0, seen[100] = { 0 }, idx;
		struct spdk_mempool *mp =
		        spdk_mempool_create_ctor("p", 100, 100, caches[c], ANY, obj_mark, &num);

		assert_non_null(mp);
		assert_int_equal(num, 100);
		for (i = 0; i < 100; i++) {
			assert_int_equal(spdk_mempool_count(mp), 100 - i);
			objs[i] = spdk_mempool_get(mp);
			assert_non_null(objs[i]);
			memcpy(&idx, objs[i], sizeof(idx));
			assert_true(idx < 100);
			seen[idx]++;
		}
		assert_null(spdk_mempool_get(mp));
		assert_int_equal(spdk_mempool_count(mp), 0);
		for (i = 0; i < 100; i++) {
			assert_int_equal(seen[i], 1);
			spdk_mempool_put(mp, objs[i]);
			assert_int_equal(spdk_mempool_count(mp), i + 1);
		}
		spdk_mempool_free(mp);
	}
}

static void
test_pool_bulk(void **state)
{
	struct spdk_mempool *mp = spdk_mempool_create("bulk", 100, 8, 8, ANY);
	void *objs[101];

	assert_int_equal(spdk_mempool_get_bulk(mp, objs, 101), -ENOMEM);
	assert_int_equal(spdk_mempool_count(mp), 100);
	assert_int_equal(spdk_mempool_get_bulk(mp, objs, 100), 0);
	assert_int_equal(spdk_mempool_get_bulk(mp, objs, 1), -ENOMEM);
	assert_int_equal(spdk_mempool_get_bulk(mp, objs, 0), 0);
	spdk_mempool_put_bulk(mp, objs, 99);
	assert_int_equal(spdk_mempool_count(mp), 99);
	assert_int_equal(spdk_mempool_get_bulk(mp, objs, 100), -ENOMEM);
	assert_int_equal(spdk_mempool_count(mp), 99);
	spdk_mempool_put_bulk(mp, &objs[99], 1);
	assert_int_equal(spdk_mempool_get_bulk(mp, objs, 7), 0);
	spdk_mempool_put_bulk(mp, objs, 0);
	spdk_mempool_put_bulk(mp, objs, 7);
	assert_int_equal(spdk_mempool_count(mp), 100);
	spdk_mempool_free(mp);
}

static void
mem_note(struct spdk_mempool *mp, void *opaque, void *addr, uint64_t iova, size_t len, unsigned idx)
{
	assert_int_equal(idx, 0);
	assert_true(iova == (uintptr_t)addr);
	*(size_t *)opaque += len;
}

static void
test_pool_iter(void **state)
{
	struct spdk_mempool *mp = spdk_mempool_create("iter", 10, 65, 0, ANY);
	uint32_t num = 0;
	size_t len = 0;

	assert_int_equal(spdk_mempool_obj_iter(mp, obj_mark, &num), 10);
	assert_int_equal(num, 10);
	assert_int_equal(spdk_mempool_mem_iter(mp, mem_note, &len), 1);
	assert_int_equal(len, 10 * 128);
	assert_string_equal(spdk_mempool_get_name(mp), "iter");
	assert_ptr_equal(spdk_mempool_lookup("iter"), mp);
	assert_null(spdk_mempool_lookup("ite"));
	spdk_mempool_free(mp);
	assert_null(spdk_mempool_lookup("iter"));
	spdk_mempool_free(NULL);
}

static void
test_pool_refused(void **state)
{
	char name[] = "12345678901234567890123456789"; /* 29 */
	struct spdk_mempool *mp;
	int i;

	assert_null(spdk_mempool_create(name, 10, 10, 0, ANY));
	assert_null(spdk_mempool_create(NULL, 10, 10, 0, ANY));
	assert_null(spdk_mempool_create("p", 0, 10, 0, ANY));
	assert_null(spdk_mempool_create("p", 10, 0, 0, ANY));
	assert_null(spdk_mempool_create("p", SIZE_MAX, 10, 0, ANY));
	assert_null(spdk_mempool_create("p", 10, SIZE_MAX, 0, ANY));
	assert_null(spdk_mempool_create("p", 1ull << 31, 1ull << 40, 0, ANY));
	name[28] = '\0';
	mp = spdk_mempool_create(name, 10, 10, 0, ANY);
	assert_non_null(mp);
	assert_null(spdk_mempool_create(name, 10, 10, 0, ANY));
	env_fault_nth(ENV_FAULT_MEMPOOL_GET, 2);
	assert_non_null(spdk_mempool_get(mp));
	assert_null(spdk_mempool_get(mp));
	assert_non_null(spdk_mempool_get(mp));
	assert_int_equal(spdk_mempool_count(mp), 8);
	env_fault_nth(ENV_FAULT_MEMPOOL_CREATE, 1);
	assert_null(spdk_mempool_create("q", 10, 10, 0, ANY));
	env_fault_nth(ENV_FAULT_MALLOC, 1);
	assert_null(spdk_mempool_create("q", 10, 10, 0, ANY));
	env_fault_clear();
	for (i = 1; suite_can_fail_heap() && i < 10; i++) {
		struct spdk_mempool *q;

		env_fault_nth(ENV_FAULT_HEAP, i);
		q = spdk_mempool_create("q", 1000, 10, 8, ANY);
		assert_true((q == NULL) == (env_fault_count(ENV_FAULT_HEAP) >= (uint64_t)i));
		env_fault_clear();
		spdk_mempool_free(q);
	}
	spdk_mempool_free(mp);
}

/* ---- Zones ---- */

static void
test_zones(void **state)
{
	char name[] = "12345678901234567890123456789012"; /* 32 */
	uint8_t *zone;
	int i;

	assert_null(spdk_memzone_reserve(name, 10, ANY, 0));
	name[31] = '\0';
	zone = spdk_memzone_reserve(name, 1000, ANY, SPDK_MEMZONE_NO_IOVA_CONTIG);
	assert_non_null(zone);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(zone[i], 0);
	}
	assert_ptr_equal(spdk_memzone_lookup(name), zone);
	assert_null(spdk_memzone_lookup("other"));
	assert_null(spdk_memzone_reserve(name, 10, ANY, 0));
	assert_null(spdk_memzone_reserve("zero", 0, ANY, 0));
	assert_null(spdk_memzone_reserve_aligned("odd", 10, ANY, 0, 3));
	zone = spdk_memzone_reserve_aligned("aligned", 10, ANY, 0, 8192);
	assert_int_equal((uintptr_t)zone % 8192, 0);
	env_fault_nth(ENV_FAULT_MEMZONE, 1);
	assert_null(spdk_memzone_reserve("f", 10, ANY, 0));
	env_fault_nth(ENV_FAULT_MALLOC, 1);
	assert_null(spdk_memzone_reserve("f", 10, ANY, 0));
	assert_int_equal(spdk_memzone_free("other"), -1);
	assert_int_equal(spdk_memzone_free(name), 0);
	assert_int_equal(spdk_memzone_free(name), -1);
	assert_int_equal(spdk_memzone_free("aligned"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ENV_TEST(test_ring_order),    ENV_TEST(test_ring_full), ENV_TEST(test_ring_refused),
		ENV_TEST(test_pool_take_all), ENV_TEST(test_pool_bulk), ENV_TEST(test_pool_iter),
		ENV_TEST(test_pool_refused),  ENV_TEST(test_zones),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_pool", tests, NULL, NULL);
}
