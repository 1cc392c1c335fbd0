/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The malloc and null bdevs: what is refused, and what one step of theirs does. */

#include "ut_bdev.h"

#include "../../../../../module/bdev/malloc/malloc.h"
#include "../../../../../module/bdev/null/null.h"

static int
setup(void **state)
{
	ut_bdev_start(1, NULL);
	return 0;
}

static int
teardown(void **state)
{
	ut_bdev_stop();
	return 0;
}

static void
test_refused(void **state)
{
	static const struct {
		const char *name;
		uint64_t num_blocks;
		uint32_t block_size, physical_block_size;
		int malloc_rc, null_rc;
		const char *word;
	} rows[] = {
		{ "", 8, 512, 0, -EINVAL, -EINVAL, "name" },
		{ "a", 0, 512, 0, -EINVAL, -EINVAL, "num_blocks" },
		{ "a", UINT64_MAX / 512 + 1, 512, 0, -EINVAL, -EINVAL, "num_blocks" },
		{ "a", 8, 0, 0, -EINVAL, -EINVAL, "block_size" },
		{ "a", 8, 513, 0, -EINVAL, -EINVAL, "block_size" },
		{ "a", 8, 512, 100, -EINVAL, -EINVAL, "physical_block_size" },
		{ "a", 8, 512, 4096, 0, 0, NULL },
	};
	struct spdk_bdev *bdev;
	const char *why;
	uint32_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		struct malloc_opts mo = { .name = rows[i].name,
			                  .num_blocks = rows[i].num_blocks,
			                  .block_size = rows[i].block_size,
			                  .physical_block_size = rows[i].physical_block_size,
			                  .numa_id = -1 };
		struct null_opts no = { .name = rows[i].name,
			                .num_blocks = rows[i].num_blocks,
			                .block_size = rows[i].block_size,
			                .physical_block_size = rows[i].physical_block_size };

		assert_int_equal(malloc_create(&mo, &bdev, &why), rows[i].malloc_rc);
		assert_true(rows[i].word == NULL || strstr(why, rows[i].word) != NULL);
		if (rows[i].malloc_rc == 0) {
			assert_int_equal(malloc_create(&mo, &bdev, &why), -EEXIST);
			ut_unregister("a");
		}
		assert_int_equal(null_create(&no, &why), rows[i].null_rc);
		assert_true(rows[i].word == NULL || strstr(why, rows[i].word) != NULL);
		if (rows[i].null_rc == 0) {
			ut_unregister("a");
		}
	}
}

/** Each allocation of a creation fails once: refused whole, and nothing is left. */
static void
test_create_without_memory(void **state)
{
	static const struct malloc_opts mo = { .num_blocks = 8, .block_size = 512, .numa_id = -1 };
	static const struct null_opts no = { .name = "n", .num_blocks = 8, .block_size = 512 };
	struct spdk_bdev *bdev;
	uint32_t n, failed = 0;
	const char *why;
	uint64_t live;
	int rc;

	assert_int_equal(null_create(&no, &why), 0);
	ut_unregister("n");
	env_sim_fail_nth(ENV_FAULT_MALLOC, 1);
	assert_int_equal(malloc_create(&mo, &bdev, &why), -ENOMEM);
	assert_non_null(strstr(why, "make it smaller"));
	live = env_sim_live_heap();
	for (n = 1; n < 16; n++) {
		env_sim_fail_nth(ENV_FAULT_HEAP, n);
		rc = malloc_create(&mo, &bdev, &why);
		env_sim_fail_nth(ENV_FAULT_HEAP, 0);
		assert_true(rc == 0 || rc == -ENOMEM);
		failed += rc != 0;
		if (rc == 0) {
			ut_unregister(spdk_bdev_get_name(bdev));
		}
		env_sim_fail_nth(ENV_FAULT_HEAP, n);
		rc = null_create(&no, &why);
		env_sim_fail_nth(ENV_FAULT_HEAP, 0);
		assert_true(rc == 0 || rc == -ENOMEM);
		failed += rc != 0;
		if (rc == 0) {
			ut_unregister("n");
		}
		poll_threads();
		assert_null(spdk_bdev_first());
		assert_int_equal(env_sim_live_heap(), live);
	}
	assert_true(failed >= 14);
}

/** Zeroing 8 MiB takes a step for each MiB: others have their turn between. */
static void
test_long_ranges(void **state)
{
	static const struct malloc_opts mo = {
		.name = "m", .num_blocks = 16384, .block_size = 512, .numa_id = -1
	};
	struct ut_io io[2] = {}, r = {};
	struct spdk_bdev *bdev;
	struct ut_open o;
	const char *why;
	uint32_t steps[2], i;
	char buf[512];

	assert_int_equal(malloc_create(&mo, &bdev, &why), 0);
	ut_open(&o, "m");
	memset(buf, 'x', sizeof(buf));
	for (i = 0; i < 2; i++) {
		spdk_bdev_write_blocks(o.desc, o.ch, buf, 16383, 1, ut_io_done, &r);
		poll_threads();
		assert_int_equal((i == 0 ? spdk_bdev_unmap_blocks : spdk_bdev_write_zeroes_blocks)(
		                         o.desc, o.ch, 0, 16384, ut_io_done, &io[i]),
		                 0);
		for (steps[i] = 0; io[i].done == 0; steps[i]++) {
			poll_thread(0);
		}
		assert_true(io[i].success);
		assert_true(steps[i] >= 8 && steps[i] < 12);
		spdk_bdev_read_blocks(o.desc, o.ch, buf, 16383, 1, ut_io_done, &r);
		poll_threads();
		assert_true(spdk_mem_all_zero(buf, sizeof(buf)));
		memset(buf, 'x', sizeof(buf));
	}
	ut_close(&o);
	ut_unregister("m");
}

static void
keep_io(struct spdk_bdev_io *bdev_io, bool success, void *cb_arg)
{
	assert_true(success);
	*(struct spdk_bdev_io **)cb_arg = bdev_io;
}

/** A buffer of the layer had somebody's data before: null gives it out as zeros. */
static void
test_null_read_without_buffer(void **state)
{
	static const struct malloc_opts mo = {
		.name = "m", .num_blocks = 8, .block_size = 512, .numa_id = -1
	};
	static const struct null_opts no = { .name = "n", .num_blocks = 8, .block_size = 512 };
	struct spdk_bdev_io *io = NULL;
	struct ut_open m, n;
	struct spdk_bdev *bdev;
	struct iovec *iovs;
	struct ut_io w = {};
	const char *why;
	char buf[4096];
	int iovcnt;

	assert_int_equal(malloc_create(&mo, &bdev, &why), 0);
	assert_int_equal(null_create(&no, &why), 0);
	ut_open(&m, "m");
	ut_open(&n, "n");
	memset(buf, 'x', sizeof(buf));
	spdk_bdev_write_blocks(m.desc, m.ch, buf, 0, 8, ut_io_done, &w);
	poll_threads();
	spdk_bdev_read_blocks(m.desc, m.ch, NULL, 0, 8, keep_io, &io);
	poll_threads();
	spdk_bdev_free_io(io);
	io = NULL;
	spdk_bdev_read_blocks(n.desc, n.ch, NULL, 0, 8, keep_io, &io);
	poll_threads();
	spdk_bdev_io_get_iovec(io, &iovs, &iovcnt);
	assert_int_equal(iovcnt, 1);
	assert_int_equal(iovs[0].iov_len, 4096);
	assert_true(spdk_mem_all_zero(iovs[0].iov_base, 4096));
	spdk_bdev_free_io(io);
	ut_close(&m);
	ut_close(&n);
	ut_unregister("m");
	ut_unregister("n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_create_without_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(test_null_read_without_buffer, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
