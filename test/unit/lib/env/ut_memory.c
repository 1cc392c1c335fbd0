/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk_malloc() and its relatives against a model. */

#include "suite.h"

#include "spdk/env_dpdk.h"
#include "spdk/log.h"

#define ANY SPDK_ENV_NUMA_ID_ANY
/* Room for the redzone behind a buffer where a sanitizer wants one. */
#define SLACK_BYTES 64
#define MODEL_BUFS 200
#define MODEL_STEPS 20000

static void
test_alignment(void **state)
{
	static const size_t sizes[] = { 1,    63,   64,   65,    128,    2047,     2048,
		                        2049, 4095, 4096, 65536, 100001, 3u << 20, 1 };
	static const size_t aligns[] = { 0,    1,     2,       64,      128,    2048,
		                         4096, 65536, 1 << 20, 2 << 20, 8 << 20 };
	size_t i, j;

	for (i = 0; i < SPDK_COUNTOF(sizes); i++) {
		for (j = 0; j < SPDK_COUNTOF(aligns); j++) {
			size_t align = spdk_max(aligns[j], 64);
			void *buf = spdk_malloc(sizes[i], aligns[j], NULL, ANY, SPDK_MALLOC_DMA);

			assert_non_null(buf);
			assert_int_equal((uintptr_t)buf & (align - 1), 0);
			memset(buf, 0x5a, sizes[i]);
			assert_true(spdk_vtophys(buf, NULL) == (uintptr_t)buf);
			spdk_free(buf);
		}
	}
}

static void
test_refused(void **state)
{
	uint64_t unused = 0;
	void *buf;

	assert_null(spdk_malloc(0, 0, NULL, ANY, SPDK_MALLOC_DMA));
	assert_null(spdk_malloc(10, 3, NULL, ANY, SPDK_MALLOC_DMA));
	assert_null(spdk_malloc(10, 96, NULL, ANY, SPDK_MALLOC_DMA));
	assert_null(spdk_malloc(10, 0, NULL, ANY, 0));
	assert_null(spdk_malloc(10, 0, &unused, ANY, SPDK_MALLOC_DMA));
	assert_null(spdk_zmalloc(10, 0, NULL, ANY, 0));
	assert_null(spdk_malloc(SIZE_MAX, 0, NULL, ANY, SPDK_MALLOC_DMA));
	/* As many pages as 32 bits count, and one less. */
	assert_null(spdk_malloc(1ull << 44, 0, NULL, ANY, SPDK_MALLOC_DMA));
	assert_null(spdk_malloc((1ull << 44) - 4096, 0, NULL, ANY, SPDK_MALLOC_DMA));
	assert_null(spdk_malloc(SIZE_MAX - 4095, 0, NULL, ANY, SPDK_MALLOC_DMA));
	assert_null(spdk_malloc(10, 1ull << 63, NULL, ANY, SPDK_MALLOC_DMA));
	spdk_free(NULL);
	spdk_dma_free(NULL);
	buf = spdk_dma_zmalloc(100, 0, NULL);
	assert_non_null(buf);
	assert_null(spdk_dma_realloc(buf, 200, 0, &unused));
	spdk_dma_free(buf);
}

static bool
all_zero(const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (p[i] != 0) {
			return false;
		}
	}
	return true;
}

static void
test_zmalloc(void **state)
{
	static const size_t sizes[] = { 1, 64, 2048, 4096, 1 << 20, 5 << 20 };
	size_t i;
	int round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < SPDK_COUNTOF(sizes); i++) {
			uint8_t *buf = spdk_zmalloc(sizes[i], 0, NULL, ANY, SPDK_MALLOC_DMA);
			uint8_t *next = spdk_malloc(sizes[i], 0, NULL, ANY, SPDK_MALLOC_DMA);

			assert_non_null(buf);
			assert_non_null(next);
			assert_true(all_zero(buf, sizes[i]));
			memset(buf, 0xff, sizes[i]);
			memset(next, 0xff, sizes[i]);
			spdk_free(next);
			spdk_free(buf);
		}
	}
}

/* Memory that is known to be 0 joins memory that is not, on either side: the whole is not. */
static void
test_zmalloc_joined(void **state)
{
	static const size_t sizes[][2] = {
		{ 64 << 10, 2 << 20 },
		{ 2 << 20, 64 << 10 },
	};
	size_t total = (2 << 20) + (64 << 10);
	uint8_t *bufs[2], *whole;
	size_t row, i, big;

	for (row = 0; row < 2; row++) {
		/* A fresh arena, in which all else is 0. */
		spdk_env_fini();
		assert_int_equal(suite_env_start(NULL, -1), 0);
		for (i = 0; i < 2; i++) {
			bufs[i] = spdk_malloc(sizes[row][i] - SLACK_BYTES, 0, NULL, ANY,
			                      SPDK_MALLOC_DMA);
			assert_non_null(bufs[i]);
			memset(bufs[i], 0xff, sizes[row][i] - SLACK_BYTES);
		}
		/* The big one goes last: its memory is given back and so 0 again. */
		big = sizes[row][0] > sizes[row][1] ? 0 : 1;
		spdk_free(bufs[1 - big]);
		spdk_free(bufs[big]);
		whole = spdk_zmalloc(total - SLACK_BYTES, 0, NULL, ANY, SPDK_MALLOC_DMA);
		assert_true(all_zero(whole, total - SLACK_BYTES));
		spdk_free(whole);
	}
}

/* The names with dma: each gives what its relative gives, registered. */
static void
test_dma_names(void **state)
{
	uint64_t unused = 0;
	uint8_t *bufs[4];
	size_t i;

	bufs[0] = spdk_dma_malloc(5000, 8192, NULL);
	bufs[1] = spdk_dma_malloc_socket(5000, 8192, NULL, 0);
	bufs[2] = spdk_dma_zmalloc(5000, 8192, NULL);
	bufs[3] = spdk_dma_zmalloc_socket(5000, 8192, NULL, 0);
	for (i = 0; i < SPDK_COUNTOF(bufs); i++) {
		assert_non_null(bufs[i]);
		assert_int_equal((uintptr_t)bufs[i] % 8192, 0);
		assert_true(spdk_vtophys(bufs[i], NULL) == (uintptr_t)bufs[i]);
		assert_true(i < 2 || (bufs[i][0] == 0 && bufs[i][4999] == 0));
		memset(bufs[i], (int)(i + 1), 5000);
	}
	assert_int_equal(spdk_mem_get_numa_id(bufs[1], NULL), 0);
	assert_int_equal(spdk_mem_get_numa_id(bufs[3], NULL), 0);
	assert_null(spdk_dma_malloc(100, 0, &unused));
	assert_null(spdk_dma_malloc_socket(100, 0, &unused, ANY));
	assert_null(spdk_dma_zmalloc_socket(100, 0, &unused, ANY));
	bufs[0] = spdk_dma_realloc(bufs[0], 100000, 4096, NULL);
	assert_non_null(bufs[0]);
	assert_true(bufs[0][0] == 1 && bufs[0][4999] == 1);
	for (i = 0; i < SPDK_COUNTOF(bufs); i++) {
		spdk_dma_free(bufs[i]);
	}
	assert_false(spdk_iommu_is_enabled());
}

/* The same numbers as were asked for, and what is not in use is free. */
static void
test_mem_stats(void **state)
{
	struct spdk_env_dpdk_mem_stats stats = { .free_count = 99 }, after;
	void *small, *large;
	char text[512] = "";
	FILE *f;

	assert_int_equal(spdk_env_dpdk_get_mem_stats(&stats, 99), -EINVAL);
	assert_int_equal(spdk_env_dpdk_get_mem_stats(&stats, UINT32_MAX), -EINVAL);
	assert_int_equal(stats.free_count, 99);
	assert_int_equal(spdk_env_dpdk_get_mem_stats(&stats, 0), 0);
	assert_int_equal(stats.heap_totalsz_bytes, 0);
	assert_int_equal(stats.free_count, 0);
	small = spdk_malloc(10, 0, NULL, 0, SPDK_MALLOC_DMA);
	large = spdk_malloc(100000, 0, NULL, 0, SPDK_MALLOC_DMA);
	assert_int_equal(spdk_env_dpdk_get_mem_stats(&stats, 0), 0);
	assert_int_equal(stats.alloc_count, 2);
	/* A slab of 16 KiB, and 25 pages or one more with a red zone. */
	assert_in_range(stats.heap_allocsz_bytes, 16384 + 102400, 16384 + 102400 + 4096);
	assert_int_equal(stats.heap_totalsz_bytes,
	                 stats.heap_allocsz_bytes + stats.heap_freesz_bytes);
	assert_int_equal(stats.free_count, 1);
	assert_int_equal(stats.greatest_free_size, stats.heap_freesz_bytes);
	f = fmemopen(text, sizeof(text), "w");
	spdk_env_dpdk_dump_mem_stats(f);
	fclose(f);
	assert_non_null(strstr(text, "node 0: "));
	assert_non_null(strstr(text, "for 2 buffers"));
	spdk_free(small);
	spdk_free(large);
	assert_int_equal(spdk_env_dpdk_get_mem_stats(&after, 0), 0);
	assert_int_equal(after.alloc_count, 0);
	assert_int_equal(after.heap_allocsz_bytes, 0);
}

static void
test_realloc_keeps(void **state)
{
	static const size_t sizes[] = { 1,    100,  64,     2048,    3000,  4096, 5000,
		                        4097, 1000, 100000, 1 << 20, 90000, 10 };
	uint8_t *buf = NULL;
	size_t old = 0;
	size_t i, j;

	for (i = 0; i < SPDK_COUNTOF(sizes); i++) {
		uint8_t *moved = spdk_realloc(buf, sizes[i], 0);

		assert_non_null(moved);
		for (j = 0; j < spdk_min(old, sizes[i]); j++) {
			assert_int_equal(moved[j], (uint8_t)(j * 7));
		}
		for (j = 0; j < sizes[i]; j++) {
			moved[j] = (uint8_t)(j * 7);
		}
		buf = moved;
		old = sizes[i];
	}
	buf = spdk_realloc(buf, 10, 4096);
	assert_int_equal((uintptr_t)buf & 4095, 0);
	assert_null(spdk_realloc(buf, 0, 0));
}

static void
test_realloc_fails(void **state)
{
	uint8_t *buf = spdk_zmalloc(100, 0, NULL, ANY, SPDK_MALLOC_DMA);

	buf[99] = 42;
	env_fault_nth(ENV_FAULT_MALLOC, 1);
	assert_null(spdk_realloc(buf, 100000, 0));
	assert_int_equal(buf[99], 42);
	spdk_free(buf);
}

static void
test_cap(void **state)
{
	void *bufs[64];
	size_t i, num = 0;
	void *big;

	spdk_env_fini();
	assert_int_equal(suite_env_start(NULL, 8), 0);
	assert_null(spdk_malloc(9 << 20, 0, NULL, ANY, SPDK_MALLOC_DMA));
	while (num < SPDK_COUNTOF(bufs) &&
	       (bufs[num] = spdk_malloc(1000000, 0, NULL, ANY, SPDK_MALLOC_DMA)) != NULL) {
		num++;
	}
	assert_in_range(num, 7, 8);
	/* What is given back can be had again, also in one piece. */
	for (i = 0; i < num; i++) {
		spdk_free(bufs[i]);
	}
	big = spdk_malloc((8 << 20) - 65536, 0, NULL, ANY, SPDK_MALLOC_DMA);
	assert_non_null(big);
	spdk_free(big);
}

/* Empty arenas go back, but for one. */
static void
test_arenas_returned(void **state)
{
	struct env_mem_stats stats;
	void *bufs[8];
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(bufs); i++) {
		bufs[i] = spdk_malloc(100 << 20, 0, NULL, ANY, SPDK_MALLOC_DMA);
		assert_non_null(bufs[i]);
	}
	env_mem_get_stats(&stats);
	assert_true(stats.arena_bytes >= 800 << 20);
	assert_int_equal(stats.num_live, 8);
	assert_int_equal(stats.live_bytes, 800 << 20);
	for (i = 0; i < SPDK_COUNTOF(bufs); i++) {
		spdk_free(bufs[i]);
	}
	env_mem_get_stats(&stats);
	assert_true(stats.num_arenas <= 1);
	assert_true(stats.arena_bytes <= 64 << 20);
}

static void
test_numa_and_fd(void **state)
{
	uint64_t size = 100, offset = 0;
	void *buf = spdk_malloc(100, 0, NULL, 0, SPDK_MALLOC_DMA);
	int fd, on_stack;

	assert_non_null(buf);
	assert_int_equal(spdk_mem_get_numa_id(buf, &size), 0);
	assert_int_equal(size, 100);
	size = UINT64_MAX;
	assert_int_equal(spdk_mem_get_numa_id(buf, &size), 0);
	assert_true(size >= 100 && size <= 64 << 20);
	fd = spdk_mem_get_fd_and_offset(buf, &offset);
	if (fd >= 0) {
		char tag[] = "seen through the file";
		char back[sizeof(tag)];

		memcpy(buf, tag, sizeof(tag));
		assert_int_equal(pread(fd, back, sizeof(back), (off_t)offset), sizeof(back));
		assert_string_equal(back, tag);
	}
	assert_int_equal(spdk_mem_get_numa_id(&on_stack, NULL), SPDK_ENV_NUMA_ID_ANY);
	assert_int_equal(spdk_mem_get_fd_and_offset(&on_stack, &offset), -EINVAL);
	spdk_free(buf);
}

/* ---- Random calls against a model that knows each buffer and its content ---- */

struct model_buf {
	uint8_t *addr;
	size_t size;
	uint8_t fill;
};

static struct model_buf g_model[MODEL_BUFS];
static uint64_t g_rng;

static size_t
random_size(void)
{
	switch (spdk_rand_xorshift64(&g_rng) % 8) {
	case 0:
		return 1 + spdk_rand_xorshift64(&g_rng) % (512 << 10);
	case 1:
	case 2:
		return 1 + spdk_rand_xorshift64(&g_rng) % 20000;
	default:
		return 1 + spdk_rand_xorshift64(&g_rng) % 2200;
	}
}

/* The whole of a small buffer; of a big one both ends, for speed. */
static void
model_check(const struct model_buf *m)
{
	size_t part = spdk_min(m->size, 512);
	size_t i;

	for (i = 0; i < part; i++) {
		assert_int_equal(m->addr[i], m->fill);
		assert_int_equal(m->addr[m->size - 1 - i], m->fill);
	}
}

static void
model_no_overlap(const struct model_buf *m)
{
	size_t i;

	for (i = 0; i < MODEL_BUFS; i++) {
		const struct model_buf *o = &g_model[i];

		if (o != m && o->addr != NULL) {
			assert_true(m->addr + m->size <= o->addr || o->addr + o->size <= m->addr);
		}
	}
}

static void
model_put(struct model_buf *m, uint8_t *addr, size_t size)
{
	assert_non_null(addr);
	m->addr = addr;
	m->size = size;
	m->fill = (uint8_t)spdk_rand_xorshift64(&g_rng);
	memset(addr, m->fill, size);
	model_no_overlap(m);
}

static void
model_step(struct model_buf *m)
{
	size_t align = (size_t)1 << (spdk_rand_xorshift64(&g_rng) % 15);
	size_t size = random_size();
	uint8_t *addr;

	if (m->addr == NULL) {
		addr = spdk_malloc(size, align, NULL, ANY, SPDK_MALLOC_DMA);
		assert_int_equal((uintptr_t)addr & (align - 1), 0);
		model_put(m, addr, size);
		return;
	}
	model_check(m);
	if (spdk_rand_xorshift64(&g_rng) % 4 != 0) {
		spdk_free(m->addr);
		m->addr = NULL;
		return;
	}
	addr = spdk_realloc(m->addr, size, align);
	assert_int_equal((uintptr_t)addr & (align - 1), 0);
	m->addr = addr;
	m->size = spdk_min(m->size, size);
	model_check(m);
	model_put(m, addr, size);
}

static void
test_model(void **state)
{
	struct env_mem_stats stats;
	uint64_t bytes = 0, num = 0;
	size_t i;

	g_rng = 12345;
	for (i = 0; i < MODEL_STEPS; i++) {
		model_step(&g_model[spdk_rand_xorshift64(&g_rng) % MODEL_BUFS]);
	}
	for (i = 0; i < MODEL_BUFS; i++) {
		num += g_model[i].addr != NULL;
		bytes += g_model[i].addr != NULL ? g_model[i].size : 0;
	}
	env_mem_get_stats(&stats);
	assert_int_equal(stats.num_live, num);
	assert_int_equal(stats.live_bytes, bytes);
	for (i = 0; i < MODEL_BUFS; i++) {
		if (g_model[i].addr != NULL) {
			model_check(&g_model[i]);
			spdk_free(g_model[i].addr);
			g_model[i].addr = NULL;
		}
	}
	env_mem_get_stats(&stats);
	assert_true(stats.num_arenas <= 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ENV_TEST(test_alignment),     ENV_TEST(test_refused),
		ENV_TEST(test_zmalloc),       ENV_TEST(test_zmalloc_joined),
		ENV_TEST(test_dma_names),     ENV_TEST(test_mem_stats),
		ENV_TEST(test_realloc_keeps), ENV_TEST(test_realloc_fails),
		ENV_TEST(test_cap),           ENV_TEST(test_arenas_returned),
		ENV_TEST(test_numa_and_fd),   ENV_TEST(test_model),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_memory", tests, NULL, NULL);
}
