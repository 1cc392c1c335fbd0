/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Reset and removal with two threads: at each step of the walks over channels, and when there is no
 * memory for a walk.
 */

#include "ut_bdev.h"

static int
setup(void **state)
{
	ut_bdev_start(2, NULL);
	return 0;
}

static int
teardown(void **state)
{
	ut_bdev_stop();
	return 0;
}

static char g_buf[LEAF_BLOCK];

/** Write a block on the thread of \p o and tell what came of it. */
static enum spdk_bdev_io_status
write_block(struct ut_open *o, uint32_t thread)
{
	struct ut_io io = {};

	set_thread(thread);
	assert_int_equal(spdk_bdev_write_blocks(o->desc, o->ch, g_buf, 0, 1, ut_io_done, &io), 0);
	poll_threads();
	assert_int_equal(io.done, 1);
	set_thread(0);
	return io.status;
}

/** However far a reset is when another thread gets a channel: in the end that one does I/O. */
static void
test_channel_made_during_reset(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	struct ut_io reset;
	struct ut_open a, b;
	uint32_t steps;

	for (steps = 0; steps < 16; steps++) {
		memset(&reset, 0, sizeof(reset));
		ut_open(&a, "L");
		assert_int_equal(spdk_bdev_reset(a.desc, a.ch, ut_io_done, &reset), 0);
		poll_thread_times(0, steps);
		set_thread(1);
		ut_open(&b, "L");
		poll_threads();
		assert_int_equal(reset.done, 1);
		assert_true(reset.success);
		assert_int_equal(write_block(&b, 1), SPDK_BDEV_IO_STATUS_SUCCESS);
		assert_int_equal(write_block(&a, 0), SPDK_BDEV_IO_STATUS_SUCCESS);
		set_thread(1);
		ut_close(&b);
		set_thread(0);
		ut_close(&a);
	}
	leaf_delete(leaf);
}

/** A reset that comes when its own channel goes on already is not served by the one before. */
static void
test_reset_during_thaw(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	struct ut_io reset[3] = {}, io = {};
	struct ut_open a, b;

	ut_open(&a, "L");
	set_thread(1);
	ut_open(&b, "L");
	set_thread(0);
	leaf->hold = true;
	assert_int_equal(spdk_bdev_reset(a.desc, a.ch, ut_io_done, &reset[0]), 0);
	assert_int_equal(spdk_bdev_reset(a.desc, a.ch, ut_io_done, &reset[1]), 0);
	while (strchr(leaf->trace, '!') == NULL) {
		poll_thread(0);
		if (strchr(leaf->trace, '!') == NULL) {
			poll_thread(1);
		}
	}
	/* The thaw has been here and is on its way to thread 1. */
	poll_thread_times(0, 20);
	assert_int_equal(reset[0].done, 0);
	assert_int_equal(spdk_bdev_write_blocks(a.desc, a.ch, g_buf, 3, 1, ut_io_done, &io), 0);
	assert_string_equal(leaf->trace, "! W3+1");
	assert_int_equal(spdk_bdev_reset(a.desc, a.ch, ut_io_done, &reset[2]), 0);
	poll_threads();
	assert_string_equal(leaf->trace, "! W3+1 !");
	assert_int_equal(io.done, 1);
	assert_int_equal(io.status, SPDK_BDEV_IO_STATUS_ABORTED);
	assert_int_equal(reset[0].done, 1);
	assert_int_equal(reset[1].done, 1);
	assert_int_equal(reset[2].done, 1);
	assert_true(reset[0].success && reset[1].success && reset[2].success);
	leaf->hold = false;
	assert_int_equal(write_block(&a, 0), SPDK_BDEV_IO_STATUS_SUCCESS);
	assert_int_equal(write_block(&b, 1), SPDK_BDEV_IO_STATUS_SUCCESS);
	ut_close(&a);
	set_thread(1);
	ut_close(&b);
	set_thread(0);
	leaf_delete(leaf);
}

static void
drain_5(struct leaf *leaf)
{
	leaf->bdev.reset_io_drain_timeout = 5;
}

static void
no_reset(struct leaf *leaf)
{
	leaf->supported &= ~(1u << SPDK_BDEV_IO_TYPE_RESET);
}

/** Each allocation of a reset fails once: it ends, once and later, and I/O goes on. */
static void
test_reset_without_memory(void **state)
{
	static void (*const tunes[])(struct leaf * leaf) = { NULL, drain_5, no_reset };
	struct leaf *leaf;
	struct ut_open a, b;
	uint32_t n, i;

	for (i = 0; i < SPDK_COUNTOF(tunes); i++) {
		leaf = leaf_new("L", 64, tunes[i]);
		ut_open(&a, "L");
		set_thread(1);
		ut_open(&b, "L");
		set_thread(0);
		for (n = 1; n < 12; n++) {
			struct ut_io reset = {};
			int rc;

			env_sim_fail_nth(ENV_FAULT_HEAP, n);
			rc = spdk_bdev_reset(a.desc, a.ch, ut_io_done, &reset);
			assert_int_equal(reset.done, 0);
			poll_threads_us(1000);
			poll_threads_us(1000);
			env_sim_fail_nth(ENV_FAULT_HEAP, 0);
			assert_int_equal(reset.done, rc == 0);
			assert_true(rc == 0 || rc == -ENOMEM);
			assert_int_equal(reset.success, rc == 0 && tunes[i] != no_reset);
			assert_int_equal(write_block(&a, 0), SPDK_BDEV_IO_STATUS_SUCCESS);
			assert_int_equal(write_block(&b, 1), SPDK_BDEV_IO_STATUS_SUCCESS);
		}
		ut_close(&a);
		set_thread(1);
		ut_close(&b);
		set_thread(0);
		leaf_delete(leaf);
	}
}

static void
count_cb(void *arg, int rc)
{
	assert_int_equal(rc, 0);
	(*(uint32_t *)arg)++;
}

/** Each allocation of a removal fails once: what waited in our queue is failed all the same. */
static void
test_removal_without_memory(void **state)
{
	uint32_t n;

	for (n = 1; n < 8; n++) {
		struct leaf *leaf = leaf_new("L", 64, NULL);
		struct ut_io io = {};
		struct ut_open a;
		uint32_t gone = 0;

		ut_open(&a, "L");
		leaf->nomem = UINT32_MAX;
		spdk_bdev_write_blocks(a.desc, a.ch, g_buf, 0, 1, ut_io_done, &io);
		env_sim_fail_nth(ENV_FAULT_HEAP, n);
		spdk_bdev_unregister(&leaf->bdev, count_cb, &gone);
		poll_threads();
		env_sim_fail_nth(ENV_FAULT_HEAP, 0);
		assert_int_equal(io.done, 1);
		assert_int_equal(io.status, SPDK_BDEV_IO_STATUS_ABORTED);
		assert_int_equal(a.removes, 1);
		assert_int_equal(gone, 0);
		ut_close(&a);
		assert_int_equal(gone, 1);
		free(leaf->data);
		free(leaf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_channel_made_during_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset_during_thaw, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset_without_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removal_without_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
