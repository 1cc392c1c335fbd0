/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Registered memory and maps of it. The addresses are made up: nothing is ever read there. */

#include "suite.h"

#include "spdk/log.h"

#define K4 ((uint64_t)4096)
#define M2 ((uint64_t)2 << 20)
#define BASE ((uint64_t)0x100000000000)

static void *
ptr(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

/* ---- Maps by themselves ---- */

static int
equal(uint64_t a, uint64_t b)
{
	return a == b;
}

static const struct spdk_mem_map_ops g_equal_ops = { .are_contiguous = equal };

static uint64_t
translate(struct spdk_mem_map *map, uint64_t addr, uint64_t *size)
{
	return spdk_mem_map_translate(map, addr, size);
}

static void
test_map_translate(void **state)
{
	struct spdk_mem_map *map = spdk_mem_map_alloc(77, &g_equal_ops, NULL);

	assert_non_null(map);
	assert_int_equal(translate(map, BASE, NULL), 77);
	assert_int_equal(translate(map, 0, NULL), 77);
	assert_int_equal(translate(map, UINT64_MAX, NULL), 77);
	assert_int_equal(spdk_mem_map_set_translation(map, BASE, M2, 1), 0);
	assert_int_equal(spdk_mem_map_set_translation(map, BASE + M2, K4, 2), 0);
	assert_int_equal(translate(map, BASE - 1, NULL), 77);
	assert_int_equal(translate(map, BASE, NULL), 1);
	assert_int_equal(translate(map, BASE + M2 - 1, NULL), 1);
	assert_int_equal(translate(map, BASE + M2, NULL), 2);
	assert_int_equal(translate(map, BASE + M2 + K4 - 1, NULL), 2);
	assert_int_equal(translate(map, BASE + M2 + K4, NULL), 77);
	/* A hole in a unit that was set whole. */
	assert_int_equal(spdk_mem_map_clear_translation(map, BASE + K4, K4), 0);
	assert_int_equal(translate(map, BASE, NULL), 1);
	assert_int_equal(translate(map, BASE + K4, NULL), 77);
	assert_int_equal(translate(map, BASE + 2 * K4, NULL), 1);
	assert_int_equal(spdk_mem_map_clear_translation(map, BASE, 2 * M2), 0);
	assert_int_equal(translate(map, BASE, NULL), 77);
	assert_int_equal(translate(map, BASE + M2, NULL), 77);
	spdk_mem_map_free(&map);
	assert_null(map);
	spdk_mem_map_free(&map);
	spdk_mem_map_free(NULL);
}

struct size_row {
	uint64_t addr;
	uint64_t asked;
	uint64_t got;
};

/* Set: [0, 4 MiB) to 1, 8 KiB more to 1, then 4 KiB to 2. */
static const struct size_row g_size_rows[] = {
	{ 0, 1, 1 },
	{ 0, M2, M2 },
	{ 0, M2 + 1, M2 + 1 },
	{ 5, 3 * M2, 2 * M2 + 2 * K4 - 5 },
	{ 2 * M2 + K4, M2, K4 },
	{ 2 * M2 + 2 * K4, M2, K4 },
	{ 2 * M2 + 2 * K4 + 100, K4 - 100, K4 - 100 },
	{ 2 * M2 + 2 * K4 + 100, K4, K4 - 100 },
};

static void
test_map_sizes(void **state)
{
	struct spdk_mem_map *map = spdk_mem_map_alloc(0, &g_equal_ops, NULL);
	struct spdk_mem_map *plain = spdk_mem_map_alloc(0, NULL, NULL);
	uint64_t size;
	size_t i;

	assert_int_equal(spdk_mem_map_set_translation(map, BASE, 2 * M2 + 2 * K4, 1), 0);
	assert_int_equal(spdk_mem_map_set_translation(map, BASE + 2 * M2 + 2 * K4, K4, 2), 0);
	for (i = 0; i < SPDK_COUNTOF(g_size_rows); i++) {
		size = g_size_rows[i].asked;
		assert_true(translate(map, BASE + g_size_rows[i].addr, &size) != 0);
		assert_int_equal(size, g_size_rows[i].got);
	}
	/* Without a function that joins, a unit is all. */
	assert_int_equal(spdk_mem_map_set_translation(plain, BASE, 2 * M2, 1), 0);
	size = 2 * M2;
	assert_int_equal(translate(plain, BASE + 10, &size), 1);
	assert_int_equal(size, M2 - 10);
	spdk_mem_map_free(&map);
	spdk_mem_map_free(&plain);
}

static void
test_map_refused(void **state)
{
	struct spdk_mem_map *map = spdk_mem_map_alloc(0, NULL, NULL);

	assert_int_equal(spdk_mem_map_set_translation(map, BASE + 1, K4, 1), -EINVAL);
	assert_int_equal(spdk_mem_map_set_translation(map, BASE, K4 - 1, 1), -EINVAL);
	assert_int_equal(spdk_mem_map_set_translation(map, UINT64_MAX - K4 + 1, 2 * K4, 1),
	                 -EINVAL);
	assert_int_equal(spdk_mem_map_set_translation(map, 1ull << 48, K4, 1), -EINVAL);
	assert_int_equal(spdk_mem_map_set_translation(map, (1ull << 48) - K4, K4, 1), 0);
	assert_int_equal(spdk_mem_map_set_translation(map, BASE, 0, 1), 0);
	assert_int_equal(spdk_mem_map_clear_translation(map, BASE, 100), -EINVAL);
	spdk_mem_map_free(&map);
}

/* ---- Registrations ---- */

static void
test_register(void **state)
{
	uint64_t size;

	assert_true(spdk_vtophys(ptr(BASE), NULL) == SPDK_VTOPHYS_ERROR);
	assert_int_equal(spdk_mem_register(ptr(BASE), 3 * K4), 0);
	assert_true(spdk_vtophys(ptr(BASE + 5), NULL) == BASE + 5);
	size = 10 * K4;
	assert_true(spdk_vtophys(ptr(BASE + 5), &size) == BASE + 5);
	assert_int_equal(size, 3 * K4 - 5);
	assert_true(spdk_vtophys(ptr(BASE + 3 * K4), NULL) == SPDK_VTOPHYS_ERROR);

	assert_int_equal(spdk_mem_register(ptr(BASE + 1), K4), -EINVAL);
	assert_int_equal(spdk_mem_register(ptr(BASE), K4 + 1), -EINVAL);
	assert_int_equal(spdk_mem_register(ptr(BASE), K4), -EBUSY);
	assert_int_equal(spdk_mem_register(ptr(BASE - K4), 2 * K4), -EBUSY);
	assert_int_equal(spdk_mem_register(ptr(BASE + 2 * K4), 2 * K4), -EBUSY);
	assert_int_equal(spdk_mem_register(ptr(BASE), 0), 0);
	assert_int_equal(spdk_mem_register(ptr(BASE + 3 * K4), K4), 0);

	assert_int_equal(spdk_mem_unregister(ptr(BASE - K4), K4), -EINVAL);
	assert_int_equal(spdk_mem_unregister(ptr(BASE + K4), 2 * K4), -ERANGE);
	assert_int_equal(spdk_mem_unregister(ptr(BASE), 2 * K4), -ERANGE);
	assert_int_equal(spdk_mem_unregister(ptr(BASE), 5 * K4), -EINVAL);
	assert_int_equal(spdk_mem_unregister(ptr(BASE), 100), -EINVAL);
	/* Two regions side by side in one call. */
	assert_int_equal(spdk_mem_unregister(ptr(BASE), 4 * K4), 0);
	assert_true(spdk_vtophys(ptr(BASE), NULL) == SPDK_VTOPHYS_ERROR);
	assert_int_equal(spdk_mem_unregister(ptr(BASE), 4 * K4), -EINVAL);
}

static void
test_reserve(void **state)
{
	assert_int_equal(spdk_mem_reserve(ptr(BASE + 1), K4), -EINVAL);
	assert_int_equal(spdk_mem_reserve(ptr(BASE), M2), 0);
	assert_true(spdk_vtophys(ptr(BASE), NULL) == SPDK_VTOPHYS_ERROR);
	assert_int_equal(spdk_mem_register(ptr(BASE), M2), 0);
	assert_int_equal(spdk_mem_reserve(ptr(BASE), M2), -EBUSY);
	assert_int_equal(spdk_mem_unregister(ptr(BASE), M2), 0);
}

/* A map that writes down what it hears. */
struct heard {
	char log[1024];
	int refuse_at; /* refuse the n-th registration; 0: none */
	int num_register;
};

static int
hear(void *ctx, struct spdk_mem_map *map, enum spdk_mem_map_notify_action action, void *vaddr,
     size_t size)
{
	struct heard *h = ctx;
	uint64_t addr = (uintptr_t)vaddr;
	size_t len = strlen(h->log);
	bool reg = action == SPDK_MEM_MAP_NOTIFY_REGISTER;

	if (addr < BASE || addr >= BASE + (1ull << 40)) {
		return 0;
	}
	if (reg && ++h->num_register == h->refuse_at) {
		return -ENOSPC;
	}
	snprintf(h->log + len, sizeof(h->log) - len, "%c%" PRIu64 "+%" PRIu64 " ", reg ? 'r' : 'u',
	         (addr - BASE) / K4, size / K4);
	return reg ? spdk_mem_map_set_translation(map, addr, size, 1)
	           : spdk_mem_map_clear_translation(map, addr, size);
}

static const struct spdk_mem_map_ops g_hear_ops = { .notify_cb = hear, .are_contiguous = equal };

static void
test_notify(void **state)
{
	struct heard h = { .refuse_at = 0 };
	struct spdk_mem_map *map;

	assert_int_equal(spdk_mem_register(ptr(BASE + 8 * K4), 2 * K4), 0);
	assert_int_equal(spdk_mem_register(ptr(BASE), K4), 0);
	map = spdk_mem_map_alloc(0, &g_hear_ops, &h);
	assert_non_null(map);
	assert_string_equal(h.log, "r0+1 r8+2 ");
	assert_int_equal(translate(map, BASE + 9 * K4, NULL), 1);
	h.log[0] = '\0';
	assert_int_equal(spdk_mem_register(ptr(BASE + K4), 7 * K4), 0);
	assert_string_equal(h.log, "r1+7 ");
	h.log[0] = '\0';
	assert_int_equal(spdk_mem_unregister(ptr(BASE), 8 * K4), 0);
	assert_string_equal(h.log, "u0+1 u1+7 ");
	h.log[0] = '\0';
	spdk_mem_map_free(&map);
	assert_string_equal(h.log, "u8+2 ");
	assert_int_equal(spdk_mem_unregister(ptr(BASE + 8 * K4), 2 * K4), 0);
}

static void
test_notify_refused(void **state)
{
	struct heard first = { .refuse_at = 0 }, second = { .refuse_at = 1 };
	struct spdk_mem_map *a, *b;

	a = spdk_mem_map_alloc(0, &g_hear_ops, &first);
	b = spdk_mem_map_alloc(0, &g_hear_ops, &second);
	assert_non_null(b);
	assert_int_equal(spdk_mem_register(ptr(BASE), K4), -ENOSPC);
	assert_string_equal(first.log, "r0+1 u0+1 ");
	assert_string_equal(second.log, "");
	assert_true(spdk_vtophys(ptr(BASE), NULL) == SPDK_VTOPHYS_ERROR);
	assert_int_equal(spdk_mem_register(ptr(BASE), K4), 0);
	assert_int_equal(spdk_mem_unregister(ptr(BASE), K4), 0);
	spdk_mem_map_free(&a);
	spdk_mem_map_free(&b);
}

/* A new map that refuses the second region is told to forget the first. */
static void
test_attach_refused(void **state)
{
	struct heard h = { .refuse_at = 2 };

	assert_int_equal(spdk_mem_register(ptr(BASE), K4), 0);
	assert_int_equal(spdk_mem_register(ptr(BASE + 2 * K4), K4), 0);
	assert_null(spdk_mem_map_alloc(0, &g_hear_ops, &h));
	assert_string_equal(h.log, "r0+1 u0+1 ");
	assert_int_equal(spdk_mem_unregister(ptr(BASE), K4), 0);
	assert_int_equal(spdk_mem_unregister(ptr(BASE + 2 * K4), K4), 0);
	assert_string_equal(h.log, "r0+1 u0+1 ");
}

/* A map hears of the heap's memory, may allocate in its function, and its own pages never move. */
struct heap_listener {
	uint64_t bytes;
	void *inner;
	bool nested;
};

static int
heap_hear(void *ctx, struct spdk_mem_map *map, enum spdk_mem_map_notify_action action, void *vaddr,
          size_t size)
{
	struct heap_listener *l = ctx;

	if (action == SPDK_MEM_MAP_NOTIFY_UNREGISTER) {
		l->bytes -= size;
		return 0;
	}
	l->bytes += size;
	if (!l->nested) {
		l->nested = true;
		l->inner = spdk_malloc(70 << 20, 0, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	}
	return 0;
}

static void
test_heap_is_heard(void **state)
{
	const struct spdk_mem_map_ops ops = { .notify_cb = heap_hear };
	struct heap_listener l = { .bytes = 0 };
	struct env_mem_stats stats;
	struct spdk_mem_map *map = spdk_mem_map_alloc(0, &ops, &l);
	void *buf = spdk_malloc(100, 0, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);

	assert_non_null(buf);
	assert_non_null(l.inner);
	env_mem_get_stats(&stats);
	assert_int_equal(l.bytes, stats.arena_bytes);
	spdk_free(l.inner);
	spdk_free(buf);
	env_mem_get_stats(&stats);
	assert_int_equal(l.bytes, stats.arena_bytes);
	spdk_mem_map_free(&map);
	assert_int_equal(l.bytes, 0);
}

/* A region that is registered while a new map hears of the old ones is told once. */
static int
hear_and_register(void *ctx, struct spdk_mem_map *map, enum spdk_mem_map_notify_action action,
                  void *vaddr, size_t size)
{
	struct heard *h = ctx;
	int rc = hear(ctx, map, action, vaddr, size);

	if (action == SPDK_MEM_MAP_NOTIFY_REGISTER && h->num_register == 1) {
		assert_int_equal(spdk_mem_register(ptr(BASE + 4 * K4), K4), 0);
	}
	return rc;
}

static void
test_register_while_attaching(void **state)
{
	const struct spdk_mem_map_ops ops = { .notify_cb = hear_and_register };
	struct heard h = { .refuse_at = 0 };
	struct spdk_mem_map *map;

	assert_int_equal(spdk_mem_register(ptr(BASE), K4), 0);
	assert_int_equal(spdk_mem_register(ptr(BASE + 8 * K4), K4), 0);
	map = spdk_mem_map_alloc(0, &ops, &h);
	assert_non_null(map);
	assert_string_equal(h.log, "r0+1 r4+1 r8+1 ");
	spdk_mem_map_free(&map);
	assert_int_equal(spdk_mem_unregister(ptr(BASE), K4), 0);
	assert_int_equal(spdk_mem_unregister(ptr(BASE + 4 * K4), K4), 0);
	assert_int_equal(spdk_mem_unregister(ptr(BASE + 8 * K4), K4), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ENV_TEST(test_map_translate),  ENV_TEST(test_map_sizes),
		ENV_TEST(test_map_refused),    ENV_TEST(test_register),
		ENV_TEST(test_reserve),        ENV_TEST(test_notify),
		ENV_TEST(test_notify_refused), ENV_TEST(test_attach_refused),
		ENV_TEST(test_heap_is_heard),  ENV_TEST(test_register_while_attaching),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_map", tests, NULL, NULL);
}
