/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* I/O through the layer: when it completes, what the module sees, what happens when things run out.
 */

#include "ut_bdev.h"

#include "../../../../module/bdev/passthru/passthru.h"

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

/* ---- Running out ---- */

static void
test_nomem_keeps_order(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	char buf[LEAF_BLOCK] = {};
	struct ut_io io[4] = {};
	struct ut_open o;
	uint32_t i;

	ut_open(&o, "L");
	leaf->nomem = 1;
	for (i = 0; i < 4; i++) {
		spdk_bdev_write_blocks(o.desc, o.ch, buf, i, 1, ut_io_done, &io[i]);
	}
	poll_threads();
	/* The first was refused; the others queued behind it. */
	assert_string_equal(leaf->trace, "");
	poll_threads_us(1000);
	assert_string_equal(leaf->trace, "W0+1 W1+1 W2+1 W3+1");
	for (i = 0; i < 4; i++) {
		assert_int_equal(io[i].done, 1);
		assert_true(io[i].success);
	}
	ut_close(&o);
	leaf_delete(leaf);
}

static void
test_nomem_retries_on_completion(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	char buf[LEAF_BLOCK] = {};
	struct ut_io io[3] = {};
	struct ut_open o;

	ut_open(&o, "L");
	leaf->hold = true;
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 0, 1, ut_io_done, &io[0]);
	leaf->nomem = 1;
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 1, 1, ut_io_done, &io[1]);
	poll_threads();
	assert_int_equal(leaf->num_held, 1);
	/* What the module lacked comes back with the I/O that it has: no timer needed. */
	leaf_release(leaf, 1);
	poll_threads();
	assert_int_equal(io[0].done, 1);
	assert_int_equal(leaf->num_held, 1);
	leaf_release(leaf, 1);
	poll_threads();
	assert_int_equal(io[1].done, 1);
	ut_close(&o);
	leaf_delete(leaf);
}

static struct ut_open *g_open;
static char g_order[16];

static void
resubmit(void *arg)
{
	struct ut_io *io = arg;
	static char buf[LEAF_BLOCK];

	snprintf(g_order + strlen(g_order), 4, "%c", (char)(uintptr_t)io->wait.pad[0]);
	assert_int_equal(
	        spdk_bdev_write_blocks(g_open->desc, g_open->ch, buf, 0, 1, ut_io_done, io), 0);
}

static void
test_io_wait(void **state)
{
	static const struct ut_bdev_opts tiny = { .pool_size = 2 };
	char buf[LEAF_BLOCK] = {};
	struct ut_io io[6] = {};
	struct leaf *leaf;
	struct ut_open o;
	uint32_t i;

	ut_bdev_stop();
	ut_bdev_start(1, &tiny);
	leaf = leaf_new("L", 64, NULL);
	ut_open(&o, "L");
	g_open = &o;
	g_order[0] = '\0';
	leaf->hold = true;
	io[5].wait.bdev = o.bdev;
	assert_int_equal(spdk_bdev_queue_io_wait(o.bdev, o.ch, &io[5].wait), -EINVAL);
	/* Two of the pool and the channel's reserve. */
	for (i = 0; i < 3; i++) {
		assert_int_equal(
		        spdk_bdev_write_blocks(o.desc, o.ch, buf, 0, 1, ut_io_done, &io[i]), 0);
	}
	for (i = 3; i < 6; i++) {
		assert_int_equal(
		        spdk_bdev_write_blocks(o.desc, o.ch, buf, 0, 1, ut_io_done, &io[i]),
		        -ENOMEM);
		io[i].wait.bdev = o.bdev;
		io[i].wait.cb_fn = resubmit;
		io[i].wait.cb_arg = &io[i];
		io[i].wait.pad[0] = (uint8_t)('0' + i);
		assert_int_equal(spdk_bdev_queue_io_wait(o.bdev, o.ch, &io[i].wait), 0);
	}
	for (i = 0; i < 6; i++) {
		leaf_release(leaf, 1);
		poll_threads();
	}
	assert_string_equal(g_order, "345");
	for (i = 0; i < 6; i++) {
		assert_int_equal(io[i].done, 1);
	}
	ut_close(&o);
	leaf_delete(leaf);
}

/* ---- A waiter that needs two: one for its bdev, one for the base ---- */

static struct ut_open g_top;

static void
read_again(void *arg)
{
	static char buf[LEAF_BLOCK];

	assert_int_equal(spdk_bdev_read_blocks(g_top.desc, g_top.ch, buf, 0, 1, ut_io_done, arg),
	                 0);
}

static void
no_event(enum spdk_bdev_event_type type, struct spdk_bdev *bdev, void *ctx)
{
}

static void
test_io_wait_needs_two(void **state)
{
	static const struct ut_bdev_opts tiny = { .pool_size = 4 };
	static const struct spdk_uuid none = {};
	char buf[LEAF_BLOCK] = {};
	struct ut_io top[2] = {}, base[3] = {}, waiter = {};
	struct spdk_io_channel *ch;
	struct spdk_bdev_desc *desc;
	struct leaf *leaf;
	uint32_t i;

	ut_bdev_stop();
	ut_bdev_start(1, &tiny);
	leaf = leaf_new("L", 64, NULL);
	leaf->hold = true;
	assert_int_equal(passthru_create("P", "L", &none), 0);
	ut_open(&g_top, "P");
	assert_int_equal(spdk_bdev_open_ext("L", false, no_event, NULL, &desc), 0);
	ch = spdk_bdev_get_io_channel(desc);
	/* Two of the pool, two of the pool, the base's reserve, the top's. */
	read_again(&top[0]);
	for (i = 0; i < 3; i++) {
		assert_int_equal(spdk_bdev_read_blocks(desc, ch, buf, 0, 1, ut_io_done, &base[i]),
		                 0);
	}
	read_again(&top[1]);
	assert_int_equal(
	        spdk_bdev_read_blocks(g_top.desc, g_top.ch, buf, 0, 1, ut_io_done, &waiter),
	        -ENOMEM);
	waiter.wait.bdev = g_top.bdev;
	waiter.wait.cb_fn = read_again;
	waiter.wait.cb_arg = &waiter;
	assert_int_equal(spdk_bdev_queue_io_wait(g_top.bdev, g_top.ch, &waiter.wait), 0);
	/* Three come back at once: one for the I/O that waits at the base, two for the waiter. */
	leaf_release(leaf, 2);
	poll_threads();
	assert_int_equal(waiter.done, 0);
	leaf_release(leaf, 4);
	poll_threads();
	assert_int_equal(waiter.done, 1);
	assert_true(waiter.success && top[0].success && top[1].success);
	assert_true(base[0].success && base[1].success && base[2].success);
	spdk_put_io_channel(ch);
	spdk_bdev_close(desc);
	ut_close(&g_top);
	ut_unregister("P");
	leaf_delete(leaf);
}

/* ---- Reset and abort ---- */

static void
test_reset(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	char buf[LEAF_BLOCK] = {};
	struct ut_io held = {}, queued = {}, late = {}, reset[2] = {}, after = {};
	struct ut_open o;

	ut_open(&o, "L");
	leaf->hold = true;
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 0, 1, ut_io_done, &held);
	leaf->nomem = 1;
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 1, 1, ut_io_done, &queued);
	assert_int_equal(spdk_bdev_reset(o.desc, o.ch, ut_io_done, &reset[0]), 0);
	assert_int_equal(spdk_bdev_reset(o.desc, o.ch, ut_io_done, &reset[1]), 0);
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 2, 1, ut_io_done, &late);
	assert_int_equal(reset[0].done, 0);
	poll_threads();
	assert_int_equal(held.status, SPDK_BDEV_IO_STATUS_ABORTED);
	assert_int_equal(queued.status, SPDK_BDEV_IO_STATUS_ABORTED);
	assert_int_equal(late.done, 1);
	assert_int_equal(reset[0].done, 1);
	assert_int_equal(reset[1].done, 1);
	assert_true(reset[0].success && reset[1].success);
	/* One reset served both. */
	assert_non_null(strstr(leaf->trace, "!"));
	assert_null(strstr(strstr(leaf->trace, "!") + 1, "!"));
	leaf->hold = false;
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 2, 1, ut_io_done, &after);
	poll_threads();
	assert_true(after.success);
	ut_close(&o);
	leaf_delete(leaf);
}

static void
drain_5(struct leaf *leaf)
{
	leaf->bdev.reset_io_drain_timeout = 5;
}

static void
test_reset_drains(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, drain_5);
	char buf[LEAF_BLOCK] = {};
	struct ut_io held = {}, reset = {};
	struct ut_open o;

	ut_open(&o, "L");
	leaf->hold = true;
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 0, 1, ut_io_done, &held);
	spdk_bdev_reset(o.desc, o.ch, ut_io_done, &reset);
	poll_threads_us(2000);
	assert_int_equal(reset.done, 0);
	leaf_release(leaf, 1);
	poll_threads_us(2000);
	/* All I/O ended by itself: the module needs no reset. */
	assert_true(held.success);
	assert_true(reset.success);
	assert_string_equal(leaf->trace, "W0+1");
	ut_close(&o);
	leaf_delete(leaf);
}

static void
test_abort(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	char buf[LEAF_BLOCK] = {};
	struct ut_io a = {}, b = {}, queued = {}, abort[3] = {};
	struct ut_open o;

	ut_open(&o, "L");
	leaf->hold = true;
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 0, 1, ut_io_done, &a);
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 1, 1, ut_io_done, &a);
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 2, 1, ut_io_done, &b);
	assert_int_equal(spdk_bdev_abort(o.desc, o.ch, NULL, ut_io_done, &abort[0]), -EINVAL);
	assert_int_equal(spdk_bdev_abort(o.desc, o.ch, &a, ut_io_done, &abort[0]), 0);
	assert_int_equal(abort[0].done + a.done, 0);
	poll_threads();
	assert_true(abort[0].success);
	assert_int_equal(a.done, 2);
	assert_int_equal(a.status, SPDK_BDEV_IO_STATUS_ABORTED);
	assert_int_equal(b.done, 0);
	/* In our own queue: no module needed. */
	leaf->nomem = 1;
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 3, 1, ut_io_done, &queued);
	assert_int_equal(spdk_bdev_abort(o.desc, o.ch, &queued, ut_io_done, &abort[1]), 0);
	poll_threads();
	assert_true(abort[1].success);
	assert_int_equal(queued.status, SPDK_BDEV_IO_STATUS_ABORTED);
	/* Nothing of that name. */
	assert_int_equal(spdk_bdev_abort(o.desc, o.ch, &a, ut_io_done, &abort[2]), 0);
	poll_threads();
	assert_int_equal(abort[2].done, 1);
	assert_false(abort[2].success);
	leaf_release(leaf, 1);
	poll_threads();
	assert_true(b.success);
	ut_close(&o);
	leaf_delete(leaf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nomem_keeps_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nomem_retries_on_completion, setup, teardown),
		cmocka_unit_test_setup_teardown(test_io_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_io_wait_needs_two, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset_drains, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abort, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
