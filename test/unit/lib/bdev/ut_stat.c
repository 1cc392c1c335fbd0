/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* I/O statistics: their sums, their text, and the figures of a device of several channels. */

#include "ut_bdev.h"

#include "spdk/json.h"

#include "../../../../lib/bdev/bdev_internal.h"

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

static struct spdk_bdev_io_error_stat *
errors_new(void)
{
	struct spdk_bdev_io_error_stat *errors = test_calloc(1, sizeof(*errors));

	assert_non_null(errors);
	return errors;
}

static void
test_sum(void **state)
{
	struct spdk_bdev_io_stat total = {
		.bytes_read = 1,
		.num_read_ops = 2,
		.read_latency_ticks = 3,
		.max_read_latency_ticks = 10,
		.min_read_latency_ticks = 5,
		.bytes_written = 4,
		.min_write_latency_ticks = UINT64_MAX,
		.ticks_rate = 77,
		.io_error = errors_new(),
	};
	struct spdk_bdev_io_stat add = {
		.bytes_read = 100,
		.num_read_ops = 200,
		.read_latency_ticks = 300,
		.max_read_latency_ticks = 9,
		.min_read_latency_ticks = 6,
		.bytes_written = 400,
		.num_unmap_ops = 500,
		.num_copy_ops = 600,
		.min_write_latency_ticks = 8,
		.ticks_rate = 78,
		.io_error = errors_new(),
	};

	total.io_error->error_status[0] = 1;
	add.io_error->error_status[0] = 2;
	add.io_error->error_status[7] = 3;
	spdk_bdev_add_io_stat(&total, &add);
	assert_int_equal(total.bytes_read, 101);
	assert_int_equal(total.num_read_ops, 202);
	assert_int_equal(total.read_latency_ticks, 303);
	assert_int_equal(total.max_read_latency_ticks, 10);
	assert_int_equal(total.min_read_latency_ticks, 5);
	assert_int_equal(total.bytes_written, 404);
	assert_int_equal(total.min_write_latency_ticks, 8);
	assert_int_equal(total.num_unmap_ops, 500);
	assert_int_equal(total.num_copy_ops, 600);
	assert_int_equal(total.ticks_rate, 77);
	assert_int_equal(total.io_error->error_status[0], 3);
	assert_int_equal(total.io_error->error_status[7], 3);
	test_free(add.io_error);
	add.io_error = NULL;
	spdk_bdev_add_io_stat(&total, &add);
	assert_int_equal(total.bytes_read, 201);
	assert_int_equal(total.io_error->error_status[0], 3);
	test_free(total.io_error);
}

static int
collect(void *ctx, const void *data, size_t size)
{
	strncat(ctx, data, size);
	return 0;
}

/* A minimum that no I/O has touched is 0; of errors only those that there were are named. */
static void
test_text(void **state)
{
	struct spdk_bdev_io_stat stat = { .io_error = errors_new() };
	struct spdk_json_write_ctx *w;
	char text[1024] = "";

	spdk_bdev_reset_io_stat(&stat, SPDK_BDEV_RESET_STAT_ALL);
	stat.bytes_read = 4096;
	stat.num_read_ops = 1;
	stat.read_latency_ticks = stat.max_read_latency_ticks = stat.min_read_latency_ticks = 7;
	stat.io_error->error_status[-SPDK_BDEV_IO_STATUS_ABORTED - 1] = 2;
	w = spdk_json_write_begin(collect, text, 0);
	spdk_json_write_object_begin(w);
	spdk_bdev_dump_io_stat_json(&stat, w);
	spdk_json_write_object_end(w);
	assert_int_equal(spdk_json_write_end(w), 0);
	assert_string_equal(text, "{\"bytes_read\":4096,\"num_read_ops\":1,\"bytes_written\":0,"
	                          "\"num_write_ops\":0,\"bytes_unmapped\":0,\"num_unmap_ops\":0,"
	                          "\"bytes_copied\":0,\"num_copy_ops\":0,\"read_latency_ticks\":7,"
	                          "\"max_read_latency_ticks\":7,\"min_read_latency_ticks\":7,"
	                          "\"write_latency_ticks\":0,\"max_write_latency_ticks\":0,"
	                          "\"min_write_latency_ticks\":0,\"unmap_latency_ticks\":0,"
	                          "\"max_unmap_latency_ticks\":0,\"min_unmap_latency_ticks\":0,"
	                          "\"copy_latency_ticks\":0,\"max_copy_latency_ticks\":0,"
	                          "\"min_copy_latency_ticks\":0,\"io_error\":{\"aborted\":2}}");
	test_free(stat.io_error);
}

static void
device_stat(struct spdk_bdev *bdev, struct spdk_bdev_io_stat *stat, void *arg, int rc)
{
	*(int *)arg = rc;
}

static void
read_some(struct ut_open *o, uint64_t num_blocks)
{
	static char buf[LEAF_BLOCK * 8];
	struct ut_io io = {};

	assert_int_equal(spdk_bdev_read_blocks(o->desc, o->ch, buf, 0, num_blocks, ut_io_done, &io),
	                 0);
	poll_threads();
	assert_int_equal(io.done, 1);
}

static void
get_stat(struct spdk_bdev *bdev, struct spdk_bdev_io_stat *stat,
         enum spdk_bdev_reset_stat_mode mode, uint64_t bytes)
{
	int rc = 1;

	spdk_bdev_get_device_stat(bdev, stat, mode, device_stat, &rc);
	poll_threads();
	assert_int_equal(rc, 0);
	assert_int_equal(stat->bytes_read, bytes);
}

/* What open and closed channels counted; a reset reaches all of them. */
static void
test_device(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	struct spdk_bdev_io_stat stat = {};
	struct ut_open a, b, closed;

	ut_open(&closed, "L");
	read_some(&closed, 1);
	ut_close(&closed);
	ut_open(&a, "L");
	read_some(&a, 2);
	set_thread(1);
	ut_open(&b, "L");
	read_some(&b, 4);
	set_thread(0);
	get_stat(&leaf->bdev, &stat, SPDK_BDEV_RESET_STAT_NONE, 7 * LEAF_BLOCK);
	assert_int_equal(stat.num_read_ops, 3);
	assert_int_equal(stat.ticks_rate, spdk_get_ticks_hz());
	get_stat(&leaf->bdev, &stat, SPDK_BDEV_RESET_STAT_ALL, 7 * LEAF_BLOCK);
	get_stat(&leaf->bdev, &stat, SPDK_BDEV_RESET_STAT_NONE, 0);
	read_some(&a, 1);
	get_stat(&leaf->bdev, &stat, SPDK_BDEV_RESET_STAT_NONE, LEAF_BLOCK);
	set_thread(1);
	ut_close(&b);
	set_thread(0);
	ut_close(&a);
	leaf_delete(leaf);
}

static void
test_names(void **state)
{
	static const struct {
		enum spdk_bdev_claim_type type;
		const char *name;
	} claims[] = {
		{ SPDK_BDEV_CLAIM_NONE, "not_claimed" },
		{ SPDK_BDEV_CLAIM_EXCL_WRITE, "exclusive_write" },
		{ SPDK_BDEV_CLAIM_READ_MANY_WRITE_ONE, "read_many_write_one" },
		{ SPDK_BDEV_CLAIM_READ_MANY_WRITE_NONE, "read_many_write_none" },
		{ SPDK_BDEV_CLAIM_READ_MANY_WRITE_SHARED, "read_many_write_shared" },
		{ (enum spdk_bdev_claim_type)99, "invalid_claim" },
	};
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(claims); i++) {
		assert_string_equal(spdk_bdev_claim_get_name(claims[i].type), claims[i].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_text),
		cmocka_unit_test_setup_teardown(test_device, setup, teardown),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
