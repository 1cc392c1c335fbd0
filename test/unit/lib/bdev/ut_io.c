/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* I/O through the layer: when it completes, what the module sees.
 */

#include "ut_bdev.h"

#include "spdk/nvme_spec.h"

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
keep_io(struct spdk_bdev_io *bdev_io, bool success, void *cb_arg)
{
	assert_true(success);
	*(struct spdk_bdev_io **)cb_arg = bdev_io;
}

static void
test_completes_after_submit(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	char buf[LEAF_BLOCK] = "hello", back[LEAF_BLOCK] = "";
	struct ut_io w = {}, r = {};
	struct ut_open o;

	ut_open(&o, "L");
	assert_int_equal(spdk_bdev_write(o.desc, o.ch, buf, 512, 512, ut_io_done, &w), 0);
	assert_int_equal(spdk_bdev_read(o.desc, o.ch, back, 512, 512, ut_io_done, &r), 0);
	/* The module has completed both; the call-backs must still wait. */
	assert_string_equal(leaf->trace, "W1+1 R1+1");
	assert_int_equal(w.done + r.done, 0);
	poll_threads();
	assert_int_equal(w.done, 1);
	assert_int_equal(r.done, 1);
	assert_true(w.success && r.success);
	assert_string_equal(back, "hello");
	ut_close(&o);
	leaf_delete(leaf);
}

static void
test_completed_twice(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	char buf[LEAF_BLOCK] = {};
	struct spdk_bdev_io *io;
	struct ut_io w = {};
	struct ut_open o;

	ut_open(&o, "L");
	leaf->hold = true;
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 0, 1, keep_io, &io);
	spdk_bdev_io_complete(leaf->held[0], SPDK_BDEV_IO_STATUS_SUCCESS);
	assert_ptr_equal(io, leaf->held[0]);
	/* The mistake of a module that may be an outside one: said, and nothing more. */
	io = NULL;
	spdk_bdev_io_complete(leaf->held[0], SPDK_BDEV_IO_STATUS_FAILED);
	assert_null(io);
	spdk_bdev_free_io(leaf->held[0]);
	leaf->num_held = 0;
	leaf->hold = false;
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 0, 1, ut_io_done, &w);
	poll_threads();
	assert_true(w.success);
	ut_close(&o);
	leaf_delete(leaf);
}

static void
test_ranges_and_modes(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	static const struct {
		uint64_t offset, count;
		int rc;
	} rows[] = {
		{ 0, 0, -EINVAL }, { 64, 1, -EINVAL },         { 63, 2, -EINVAL },
		{ 63, 1, 0 },      { UINT64_MAX, 1, -EINVAL }, { 1, UINT64_MAX, -EINVAL },
		{ 0, 64, 0 },      { 0, 65, -EINVAL },
	};
	char *buf = calloc(64, LEAF_BLOCK);
	struct spdk_bdev_desc *ro;
	struct ut_open o;
	struct ut_io io = {};
	uint32_t i, expected = 0;

	ut_open(&o, "L");
	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		assert_int_equal(spdk_bdev_read_blocks(o.desc, o.ch, buf, rows[i].offset,
		                                       rows[i].count, ut_io_done, &io),
		                 rows[i].rc);
		assert_int_equal(spdk_bdev_unmap_blocks(o.desc, o.ch, rows[i].offset, rows[i].count,
		                                        ut_io_done, &io),
		                 rows[i].rc);
		expected += rows[i].rc == 0 ? 2 : 0;
	}
	assert_int_equal(spdk_bdev_read(o.desc, o.ch, buf, 1, 512, ut_io_done, &io), -EINVAL);
	assert_int_equal(spdk_bdev_write(o.desc, o.ch, buf, 0, 511, ut_io_done, &io), -EINVAL);
	poll_threads();
	assert_int_equal(io.done, expected);

	assert_int_equal(spdk_bdev_open_ext("L", false, NULL, NULL, &ro), -EINVAL);
	ut_close(&o);
	free(buf);
	leaf_delete(leaf);
}

static void
no_event(enum spdk_bdev_event_type type, struct spdk_bdev *bdev, void *ctx)
{
}

static void
test_read_only(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	struct spdk_bdev_desc *desc;
	struct spdk_io_channel *ch;
	char buf[LEAF_BLOCK];

	assert_int_equal(spdk_bdev_open_ext("L", false, no_event, NULL, &desc), 0);
	ch = spdk_bdev_get_io_channel(desc);
	assert_int_equal(spdk_bdev_write_blocks(desc, ch, buf, 0, 1, ut_io_done, NULL), -EBADF);
	assert_int_equal(spdk_bdev_flush_blocks(desc, ch, 0, 1, ut_io_done, NULL), -EBADF);
	assert_int_equal(spdk_bdev_unmap_blocks(desc, ch, 0, 1, ut_io_done, NULL), -EBADF);
	assert_int_equal(spdk_bdev_write_zeroes_blocks(desc, ch, 0, 1, ut_io_done, NULL), -EBADF);
	assert_int_equal(spdk_bdev_reset(desc, ch, ut_io_done, NULL), -EBADF);
	spdk_put_io_channel(ch);
	spdk_bdev_close(desc);
	leaf_delete(leaf);
}

/* ---- Durability ---- */

static void
no_cache(struct leaf *leaf)
{
	bdev_set_traits(&leaf->bdev, &(struct bdev_traits){ .volatile_cache = false });
}

static void
no_cache_no_flush(struct leaf *leaf)
{
	no_cache(leaf);
	leaf->supported &= ~(1u << SPDK_BDEV_IO_TYPE_FLUSH);
}

static void
native_fua(struct leaf *leaf)
{
	bdev_set_traits(&leaf->bdev, &(struct bdev_traits){ .volatile_cache = true, .fua = true });
}

static void
no_flush(struct leaf *leaf)
{
	leaf->supported &= ~(1u << SPDK_BDEV_IO_TYPE_FLUSH);
}

static void
test_fua(void **state)
{
	static const struct {
		void (*tune)(struct leaf *leaf);
		int rc;
		const char *trace;
	} rows[] = {
		{ NULL, 0, "W4+2 F4+2" }, /* unknown is volatile: write, then flush */
		{ no_cache, 0, "W4+2" },    { native_fua, 0, "W4+2" },
		{ no_flush, -ENOTSUP, "" }, { no_cache_no_flush, 0, "W4+2" },
	};
	struct spdk_bdev_ext_io_opts opts = { .size = sizeof(opts) };
	char buf[2 * LEAF_BLOCK] = {};
	struct iovec iov = { buf, sizeof(buf) };
	struct leaf *leaf;
	struct ut_open o;
	uint32_t i;

	opts.nvme_cdw12.raw = SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS;
	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		struct ut_io io = {};

		leaf = leaf_new("L", 64, rows[i].tune);
		ut_open(&o, "L");
		assert_int_equal(spdk_bdev_writev_blocks_ext(o.desc, o.ch, &iov, 1, 4, 2,
		                                             ut_io_done, &io, &opts),
		                 rows[i].rc);
		poll_threads();
		assert_string_equal(leaf->trace, rows[i].trace);
		assert_int_equal(io.done, rows[i].rc == 0);
		assert_true(io.success || rows[i].rc != 0);
		ut_close(&o);
		leaf_delete(leaf);
	}
}

static void
test_fua_waits_for_flush(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	struct spdk_bdev_ext_io_opts opts = { .size = sizeof(opts) };
	char buf[LEAF_BLOCK] = {};
	struct iovec iov = { buf, sizeof(buf) };
	struct ut_io io = {};
	struct ut_open o;

	opts.nvme_cdw12.raw = SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS;
	ut_open(&o, "L");
	leaf->hold = true;
	spdk_bdev_writev_blocks_ext(o.desc, o.ch, &iov, 1, 0, 1, ut_io_done, &io, &opts);
	leaf_release(leaf, 1);
	poll_threads();
	assert_string_equal(leaf->trace, "W0+1 F0+1");
	assert_int_equal(io.done, 0);
	leaf->status = SPDK_BDEV_IO_STATUS_FAILED;
	leaf_release(leaf, 1);
	poll_threads();
	/* A write whose flush failed is not durable: it failed. */
	assert_int_equal(io.done, 1);
	assert_false(io.success);
	ut_close(&o);
	leaf->status = SPDK_BDEV_IO_STATUS_SUCCESS;
	leaf_delete(leaf);
}

static void
test_flush(void **state)
{
	static const struct {
		void (*tune)(struct leaf *leaf);
		int rc;
		const char *trace;
	} rows[] = {
		{ NULL, 0, "F0+64" },
		{ no_cache, 0, "F0+64" },
		{ no_flush, -ENOTSUP, "" },
		{ no_cache_no_flush, 0, "" },
	};
	struct leaf *leaf;
	struct ut_open o;
	uint32_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		struct ut_io io = {};

		leaf = leaf_new("L", 64, rows[i].tune);
		ut_open(&o, "L");
		assert_int_equal(spdk_bdev_flush_blocks(o.desc, o.ch, 0, 64, ut_io_done, &io),
		                 rows[i].rc);
		assert_int_equal(io.done, 0);
		poll_threads();
		assert_string_equal(leaf->trace, rows[i].trace);
		assert_int_equal(io.done, rows[i].rc == 0);
		ut_close(&o);
		leaf_delete(leaf);
	}
}

/* ---- Pieces ---- */

static void
boundary_8(struct leaf *leaf)
{
	leaf->bdev.split_on_optimal_io_boundary = true;
	leaf->bdev.optimal_io_boundary = 8;
}

static void
two_segments_of_1k(struct leaf *leaf)
{
	leaf->bdev.max_num_segments = 2;
	leaf->bdev.max_segment_size = 1024;
}

static void
max_3(struct leaf *leaf)
{
	leaf->bdev.max_rw_size = 3;
	leaf->bdev.max_unmap = 10;
	leaf->bdev.max_unmap_segments = 2;
	leaf->bdev.max_write_zeroes = 24;
}

static void
no_zeroes(struct leaf *leaf)
{
	leaf->supported &= ~(1u << SPDK_BDEV_IO_TYPE_WRITE_ZEROES);
}

static void
test_pieces(void **state)
{
	static const struct {
		void (*tune)(struct leaf *leaf);
		char op;
		uint64_t offset, count;
		const char *trace;
	} rows[] = {
		{ boundary_8, 'R', 0, 8, "R0+8" },
		{ boundary_8, 'R', 7, 2, "R7+1 R8+1" },
		{ boundary_8, 'W', 3, 16, "W3+5 W8+8 W16+3" },
		{ two_segments_of_1k, 'W', 0, 4, "W0+4" },
		{ two_segments_of_1k, 'W', 0, 9, "W0+4 W4+4 W8+1" },
		{ max_3, 'R', 1, 7, "R1+3 R4+3 R7+1" },
		{ max_3, 'U', 0, 50, "U0+20 U20+20 U40+10" },
		{ max_3, 'Z', 0, 50, "Z0+24 Z24+24 Z48+2" },
		{ no_zeroes, 'Z', 5, 50, "W5+50" },
		{ NULL, 'Z', 5, 50, "Z5+50" },
	};
	char *buf = malloc(64 * LEAF_BLOCK);
	struct leaf *leaf;
	struct ut_open o;
	uint32_t i;

	memset(buf, 'x', 64 * LEAF_BLOCK);
	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		uint64_t offset = rows[i].offset, count = rows[i].count;
		struct ut_io io = {};
		int rc = -1;

		leaf = leaf_new("L", 64, rows[i].tune);
		memset(leaf->data, 'y', 64 * LEAF_BLOCK);
		ut_open(&o, "L");
		switch (rows[i].op) {
		case 'R':
			rc = spdk_bdev_read_blocks(o.desc, o.ch, buf, offset, count, ut_io_done,
			                           &io);
			break;
		case 'W':
			rc = spdk_bdev_write_blocks(o.desc, o.ch, buf, offset, count, ut_io_done,
			                            &io);
			break;
		case 'U':
			rc = spdk_bdev_unmap_blocks(o.desc, o.ch, offset, count, ut_io_done, &io);
			break;
		case 'Z':
			rc = spdk_bdev_write_zeroes_blocks(o.desc, o.ch, offset, count, ut_io_done,
			                                   &io);
			assert_int_equal(rc, 0);
			poll_threads();
			assert_true(spdk_mem_all_zero(leaf->data + offset * LEAF_BLOCK,
			                              count * LEAF_BLOCK));
			assert_int_equal(leaf->data[(offset + count) * LEAF_BLOCK], 'y');
			break;
		}
		assert_int_equal(rc, 0);
		poll_threads();
		assert_string_equal(leaf->trace, rows[i].trace);
		assert_int_equal(io.done, 1);
		assert_true(io.success);
		ut_close(&o);
		leaf_delete(leaf);
	}
	free(buf);
}

static void
test_piece_fails(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, boundary_8);
	char *buf = calloc(64, LEAF_BLOCK);
	struct ut_io io = {};
	struct ut_open o;

	ut_open(&o, "L");
	leaf->hold = true;
	assert_int_equal(spdk_bdev_write_blocks(o.desc, o.ch, buf, 0, 24, ut_io_done, &io), 0);
	leaf_release(leaf, 1);
	leaf->status = SPDK_BDEV_IO_STATUS_FAILED;
	leaf_release(leaf, 1);
	poll_threads();
	/* The second of three failed: no third, and one call-back. */
	assert_string_equal(leaf->trace, "W0+8 W8+8");
	assert_int_equal(io.done, 1);
	assert_false(io.success);
	leaf->status = SPDK_BDEV_IO_STATUS_SUCCESS;
	ut_close(&o);
	free(buf);
	leaf_delete(leaf);
}

/* ---- Statistics, buffers ---- */

static void
test_stat(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	char buf[4 * LEAF_BLOCK] = {};
	struct spdk_bdev_io_stat stat = {};
	struct ut_io io = {};
	struct ut_open o;

	ut_open(&o, "L");
	leaf->hold = true;
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 0, 4, ut_io_done, &io);
	spdk_bdev_read_blocks(o.desc, o.ch, buf, 0, 1, ut_io_done, &io);
	env_sim_advance_us(7);
	leaf_release(leaf, 2);
	poll_threads();
	spdk_bdev_get_io_stat(o.bdev, o.ch, &stat, SPDK_BDEV_RESET_STAT_MAXMIN);
	assert_int_equal(stat.bytes_written, 4 * LEAF_BLOCK);
	assert_int_equal(stat.num_write_ops, 1);
	assert_int_equal(stat.bytes_read, LEAF_BLOCK);
	assert_int_equal(stat.max_write_latency_ticks, 7000);
	assert_int_equal(stat.min_read_latency_ticks, 7000);
	spdk_bdev_get_io_stat(o.bdev, o.ch, &stat, SPDK_BDEV_RESET_STAT_ALL);
	assert_int_equal(stat.num_write_ops, 1);
	assert_int_equal(stat.max_write_latency_ticks, 0);
	spdk_bdev_get_io_stat(o.bdev, o.ch, &stat, SPDK_BDEV_RESET_STAT_NONE);
	assert_int_equal(stat.num_write_ops, 0);
	ut_close(&o);
	leaf_delete(leaf);
}

static void
test_buffer_of_the_layer(void **state)
{
	struct leaf *leaf = leaf_new("L", 2048, NULL);
	struct spdk_bdev_io *io = NULL;
	struct ut_io big = {};
	struct iovec *iovs;
	struct ut_open o;
	int iovcnt;

	ut_open(&o, "L");
	snprintf(leaf->data, 16, "from the leaf");
	assert_int_equal(spdk_bdev_read_blocks(o.desc, o.ch, NULL, 0, 8, keep_io, &io), 0);
	poll_threads();
	assert_non_null(io);
	spdk_bdev_io_get_iovec(io, &iovs, &iovcnt);
	assert_int_equal(iovcnt, 1);
	assert_int_equal(iovs[0].iov_len, 8 * LEAF_BLOCK);
	assert_string_equal(iovs[0].iov_base, "from the leaf");
	spdk_bdev_free_io(io);
	/* More than the largest buffer: refused, not waited for. */
	assert_int_equal(spdk_bdev_read_blocks(o.desc, o.ch, NULL, 0, 2048, ut_io_done, &big), 0);
	poll_threads();
	assert_int_equal(big.done, 1);
	assert_false(big.success);
	ut_close(&o);
	leaf_delete(leaf);
}

static void
count_timeout(void *ctx, struct spdk_bdev_io *bdev_io)
{
	(*(uint32_t *)ctx)++;
}

static void
test_timeout(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	char buf[LEAF_BLOCK] = {};
	struct ut_io io = {};
	struct ut_open o;
	uint32_t count = 0, i;

	ut_open(&o, "L");
	assert_int_equal(spdk_bdev_set_timeout(o.desc, 3, count_timeout, &count), 0);
	leaf->hold = true;
	spdk_bdev_write_blocks(o.desc, o.ch, buf, 0, 1, ut_io_done, &io);
	for (i = 0; i < 2; i++) {
		poll_threads_us(1000000);
	}
	assert_int_equal(count, 0);
	poll_threads_us(1000000);
	poll_threads_us(1000000);
	assert_int_not_equal(count, 0);
	leaf_release(leaf, 1);
	poll_threads();
	ut_close(&o);
	leaf_delete(leaf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_completes_after_submit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_completed_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ranges_and_modes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fua, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fua_waits_for_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_piece_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stat, setup, teardown),
		cmocka_unit_test_setup_teardown(test_buffer_of_the_layer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeout, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
