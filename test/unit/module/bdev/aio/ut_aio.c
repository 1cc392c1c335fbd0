/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The aio bdev on a context that a test commands: what is sent, what the kernel refuses, what would
 * wait, the ring of completions and the event that wakes.
 */

#include "aio_kernel.h"

/* ---- An aio bdev of 128 blocks of 512 bytes ---- */

static struct ut_open g_u;
static uint8_t g_bufs[2][8192] __attribute__((aligned(4096)));

static int
create_with(bool nowait, bool readonly, char why[BDEV_FILE_WHY_MAX])
{
	const struct bdev_file_opts opts = { .name = "a",
		                             .filename = g_disk.path,
		                             .block_size = 512,
		                             .readonly = readonly,
		                             .fallocate = true };

	return aio_create(&opts, nowait, why);
}

static int
setup(void **state)
{
	memset(&g_kernel, 0, sizeof(g_kernel));
	disk_setup();
	ut_bdev_start(1, NULL);
	return 0;
}

static int
teardown(void **state)
{
	ut_bdev_stop();
	assert_int_equal(g_kernel.contexts, 0);
	disk_teardown();
	return 0;
}

static void
open_aio(bool nowait)
{
	char why[BDEV_FILE_WHY_MAX];

	assert_int_equal(create_with(nowait, false, why), 0);
	ut_open(&g_u, "a");
}

static void
close_aio(void)
{
	ut_close(&g_u);
	ut_unregister("a");
}

static void
submits(int a, int b, int c)
{
	g_kernel.submits[0] = a;
	g_kernel.submits[1] = b;
	g_kernel.submits[2] = c;
	g_kernel.num_submits = 3;
	g_kernel.next_submit = 0;
}

static void
read_block(uint64_t block, struct ut_io *io)
{
	assert_int_equal(
	        spdk_bdev_read_blocks(g_u.desc, g_u.ch, g_bufs[0], block, 1, ut_io_done, io), 0);
}

/* ---- What is sent ---- */

static void
test_short_counts(void **state)
{
	static const struct {
		int answers[3];
		const char *trace[2]; /* of a write and a read of 4096 bytes at 512 */
	} rows[] = {
		{ { WHOLE, WHOLE, WHOLE }, { "W512+4096", "R512+4096" } },
		{ { 512, WHOLE, WHOLE },
		  { "W512+4096 w1024+512 w1536+3072", "R512+4096 r1024+512 r1536+3072" } },
		{ { 1500, WHOLE, WHOLE }, { "W512+4096 w2012+2596", "R512+4096 r2012+2596" } },
		{ { 4095, WHOLE, WHOLE }, { "W512+4096 w4607+1", "R512+4096 r4607+1" } },
	};
	struct iovec iovs[2] = { { g_bufs[0], 1024 }, { g_bufs[1], 3072 } };
	uint32_t i, n, read;

	open_aio(false);
	for (i = 0; i < 2 * SPDK_COUNTOF(rows); i++) {
		const int *a = rows[i / 2].answers;
		struct ut_io io = {};

		read = i % 2;
		for (n = 0; n < FILE_BYTES; n++) {
			g_disk.data[n] = (uint8_t)(n * 7 + i);
		}
		memset(g_bufs, 0xa5, sizeof(g_bufs));
		disk_answers(a[0], a[1], a[2]);
		assert_int_equal((read ? spdk_bdev_readv_blocks : spdk_bdev_writev_blocks)(
		                         g_u.desc, g_u.ch, iovs, 2, 1, 8, ut_io_done, &io),
		                 0);
		poll_threads();
		assert_int_equal(io.done, 1);
		assert_true(io.success);
		assert_string_equal(g_disk.trace, rows[i / 2].trace[read]);
		assert_memory_equal(g_bufs[0], g_disk.data + 512, 1024);
		assert_memory_equal(g_bufs[1], g_disk.data + 1536, 3072);
		assert_int_equal(g_disk.data[4608], (uint8_t)(4608 * 7 + i));
	}
	close_aio();
}

static void
test_results(void **state)
{
	static const struct {
		int answers[3];
		int result; /* of the I/O */
		const char *trace;
	} rows[] = {
		{ { -EAGAIN, WHOLE, WHOLE }, 0, "r0+512 r0+512" },
		{ { -EINTR, -EAGAIN, WHOLE }, 0, "r0+512 r0+512 r0+512" },
		{ { 100, -EAGAIN, WHOLE }, 0, "r0+512 r100+412 r0+512" },
		{ { -EIO, WHOLE, WHOLE }, -EIO, "r0+512" },
		{ { -EOPNOTSUPP, WHOLE, WHOLE }, -EOPNOTSUPP, "r0+512" },
		{ { 0, WHOLE, WHOLE }, -EIO, "r0+512" },
		{ { 100, -EBADF, WHOLE }, -EBADF, "r0+512 r100+412" },
	};
	uint32_t i, t;

	open_aio(false);
	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		const int *a = rows[i].answers;
		struct ut_io io = {};

		disk_answers(a[0], a[1], a[2]);
		read_block(0, &io);
		for (t = 0; t < 3; t++) {
			poll_threads_us(1000);
		}
		assert_int_equal(io.done, 1);
		assert_int_equal(io.success, rows[i].result == 0);
		assert_int_equal(io.result, rows[i].result);
		assert_string_equal(g_disk.trace, rows[i].trace);
	}
	close_aio();
}

/** The kernel takes a part, none for the moment, or finds the first one bad: the others go. */
static void
test_refused_submits(void **state)
{
	static const struct {
		int submits[3];
		int results[4]; /* of four reads, sent together */
	} rows[] = {
		{ { 1, 2, WHOLE }, { 0, 0, 0, 0 } },
		{ { -EAGAIN, -EINTR, 3 }, { 0, 0, 0, 0 } },
		{ { -ENOMEM, 0, WHOLE }, { 0, 0, 0, 0 } },
		{ { -EBADF, WHOLE, WHOLE }, { -EBADF, 0, 0, 0 } },
		{ { 2, -EINVAL, WHOLE }, { 0, 0, -EINVAL, 0 } },
		{ { -EIO, -EBADF, -EIO }, { -EIO, -EBADF, -EIO, 0 } },
	};
	uint32_t i, n;

	open_aio(false);
	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		struct ut_io io[4] = {};

		submits(rows[i].submits[0], rows[i].submits[1], rows[i].submits[2]);
		for (n = 0; n < 4; n++) {
			read_block(n, &io[n]);
		}
		for (n = 0; n < 5; n++) {
			poll_threads_us(1000);
		}
		for (n = 0; n < 4; n++) {
			assert_int_equal(io[n].done, 1);
			assert_int_equal(io[n].result, rows[i].results[n]);
		}
	}
	close_aio();
}

/** More than a context holds: the rest waits in the layer, and all are done. */
static void
test_full_context(void **state)
{
	static struct ut_io io[AIO_ENTRIES + 100];
	uint32_t n;

	memset(io, 0, sizeof(io));
	open_aio(false);
	g_kernel.hold = true;
	for (n = 0; n < SPDK_COUNTOF(io); n++) {
		read_block(n % 128, &io[n]);
	}
	poll_threads();
	assert_int_equal(g_kernel.num_held, AIO_ENTRIES);
	g_kernel.hold = false;
	for (n = 0; n < 2000 && g_kernel.num_held > 0; n++) {
		complete_some();
		poll_threads();
	}
	for (n = 0; n < SPDK_COUNTOF(io); n++) {
		assert_int_equal(io[n].done, 1);
		assert_true(io[n].success);
	}
	assert_int_equal(g_kernel.max_held, AIO_ENTRIES);
	close_aio();
}

/* ---- Helper threads ---- */

static void
test_fallocate(void **state)
{
	struct ut_io io[3] = {};

	open_aio(false);
	memset(g_disk.data, 0xa5, FILE_BYTES);
	/* 3: a hole, the size stays; 17: zeros, the size stays. */
	disk_answers(WHOLE, -EOPNOTSUPP, WHOLE);
	spdk_bdev_unmap_blocks(g_u.desc, g_u.ch, 0, 1, ut_io_done, &io[0]);
	spdk_bdev_write_zeroes_blocks(g_u.desc, g_u.ch, 2, 1, ut_io_done, &io[1]);
	poll_threads();
	assert_string_equal(g_disk.trace, "f3:0+512 f17:1024+512 f3:1024+512");
	/* From now on holes at once; and a device without discard does nothing. */
	disk_answers(WHOLE, -EOPNOTSUPP, WHOLE);
	spdk_bdev_write_zeroes_blocks(g_u.desc, g_u.ch, 3, 1, ut_io_done, &io[1]);
	spdk_bdev_unmap_blocks(g_u.desc, g_u.ch, 4, 1, ut_io_done, &io[2]);
	poll_threads();
	assert_string_equal(g_disk.trace, "f3:1536+512 f3:2048+512");
	assert_int_equal(io[0].done, 1);
	assert_int_equal(io[1].done, 2);
	assert_true(io[0].success && io[1].success && io[2].success);
	assert_int_equal(g_disk.data[1024], 0);
	assert_int_equal(g_disk.data[2048], 0xa5);
	disk_answers(-ENOSPC, WHOLE, WHOLE);
	spdk_bdev_unmap_blocks(g_u.desc, g_u.ch, 4, 1, ut_io_done, &io[2]);
	poll_threads();
	assert_int_equal(io[2].result, -ENOSPC);
	close_aio();
}

/** The helpers serve others too: of many only a few are with them at once; and without helpers the
 *  layer sends again. */
static void
test_few_works(void **state)
{
	struct ut_io io[20] = {};
	uint32_t n;

	open_aio(false);
	env_sim_run_work(UINT32_MAX); /* the probe's context goes by a helper too */
	for (n = 0; n < 20; n++) {
		spdk_bdev_unmap_blocks(g_u.desc, g_u.ch, n, 1, ut_io_done, &io[n]);
	}
	assert_int_equal(env_sim_pending_work(), 4);
	poll_threads();
	for (n = 0; n < 20; n++) {
		assert_true(io[n].done == 1 && io[n].success);
	}
	memset(io, 0, sizeof(io));
	env_sim_fail_nth(ENV_FAULT_WORK, 2);
	for (n = 0; n < 6; n++) {
		spdk_bdev_unmap_blocks(g_u.desc, g_u.ch, n, 1, ut_io_done, &io[n]);
		assert_int_equal(io[n].done, 0);
	}
	for (n = 0; n < 3; n++) {
		poll_threads_us(1000);
	}
	env_sim_fail_nth(ENV_FAULT_WORK, 0);
	for (n = 0; n < 6; n++) {
		assert_true(io[n].done == 1 && io[n].success);
	}
	close_aio();
}

/** With nowait, what the kernel would wait for, or can't say so, is done by a helper. */
static void
test_nowait(void **state)
{
	static const struct {
		int answers[3];
		int result;
		const char *trace;
	} rows[] = {
		{ { WHOLE, WHOLE, WHOLE }, 0, "w512+512" },
		{ { -EAGAIN, WHOLE, WHOLE }, 0, "w512+512 hw512" },
		{ { -EOPNOTSUPP, WHOLE, WHOLE }, 0, "w512+512 hw512" },
		{ { 100, -EAGAIN, WHOLE }, 0, "w512+512 w612+412 hw612" },
		{ { -EAGAIN, 100, WHOLE }, 0, "w512+512 hw512 w612+412" },
		{ { -EAGAIN, -EIO, WHOLE }, -EIO, "w512+512 hw512" },
		{ { -EIO, WHOLE, WHOLE }, -EIO, "w512+512" },
	};
	struct ut_io io;
	uint32_t i;

	open_aio(true);
	memset(g_bufs, 0x5a, sizeof(g_bufs));
	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		memset(&io, 0, sizeof(io));
		memset(g_disk.data, 0, FILE_BYTES);
		disk_answers(rows[i].answers[0], rows[i].answers[1], rows[i].answers[2]);
		spdk_bdev_write_blocks(g_u.desc, g_u.ch, g_bufs[0], 1, 1, ut_io_done, &io);
		poll_threads();
		assert_int_equal(io.done, 1);
		assert_int_equal(io.result, rows[i].result);
		assert_string_equal(g_disk.trace, rows[i].trace);
		if (io.result == 0) {
			assert_memory_equal(g_disk.data + 512, g_bufs[0], 512);
		}
		assert_int_equal(g_disk.data[1024], 0);
	}
	close_aio();
	/* A file that doesn't know it: as without, not an error of each I/O. */
	g_kernel.nowait_rc = -EOPNOTSUPP;
	open_aio(true);
	memset(&io, 0, sizeof(io));
	disk_answers(-EAGAIN, WHOLE, WHOLE);
	read_block(0, &io);
	for (i = 0; i < 3; i++) {
		poll_threads_us(1000);
	}
	assert_string_equal(g_disk.trace, "r0+512 r0+512");
	close_aio();
}

static void
test_failed_flush(void **state)
{
	struct ut_io f[2] = {}, w = {}, u = {}, r = {};

	open_aio(false);
	spdk_bdev_flush_blocks(g_u.desc, g_u.ch, 0, 128, ut_io_done, &f[0]);
	poll_threads();
	assert_true(f[0].success);
	assert_int_equal(g_kernel.syncs, 1);
	g_kernel.fail_sync = true;
	spdk_bdev_flush_blocks(g_u.desc, g_u.ch, 0, 128, ut_io_done, &f[1]);
	poll_threads();
	assert_int_equal(f[1].result, -EIO);
	spdk_bdev_write_blocks(g_u.desc, g_u.ch, g_bufs[0], 0, 1, ut_io_done, &w);
	spdk_bdev_unmap_blocks(g_u.desc, g_u.ch, 0, 1, ut_io_done, &u);
	read_block(0, &r);
	poll_threads();
	assert_int_equal(w.result, -EIO);
	assert_int_equal(u.result, -EIO);
	assert_true(r.success);
	assert_string_equal(g_disk.trace, "r0+512");
	close_aio();
}

/* ---- Completions ---- */

/** A kernel with another ring: events come by io_getevents(). */
static void
test_other_ring(void **state)
{
	struct ut_io io[3] = {};
	uint32_t i;

	open_aio(false);
	for (i = 0; i < 3; i++) {
		g_kernel.ring.magic = i == 0 ? 0 : 0xa10a10a1;
		g_kernel.ring.incompat = i == 1;
		g_kernel.ring.header_bytes = i == 2 ? 64 : 32;
		g_kernel.getevents = 0;
		read_block(i, &io[i]);
		poll_threads();
		assert_true(io[i].success);
		assert_true(g_kernel.getevents > 0);
	}
	close_aio();
}

/** The event is taken back after a while without completions, so that a reactor can sleep, and
 *  what comes later sets it again. */
static void
test_event(void **state)
{
	struct env_waiter *waiter;
	struct env_wait_event event;
	struct ut_io io[2] = {};
	uint32_t i;

	open_aio(false);
	assert_int_equal(env_waiter_create(&waiter), 0);
	read_block(0, &io[0]);
	poll_threads();
	assert_int_equal(io[0].done, 1);
	assert_int_equal(env_waiter_add(waiter, g_kernel.event, EPOLLIN, NULL), 0);
	assert_int_equal(env_waiter_wait(waiter, 0, &event, 1), 1);
	g_kernel.hold = true;
	read_block(1, &io[1]);
	for (i = 0; i < 20; i++) {
		poll_threads();
	}
	assert_int_equal(io[1].done, 0);
	assert_int_equal(env_waiter_wait(waiter, 0, &event, 1), 0);
	g_kernel.hold = false;
	complete_some();
	assert_int_equal(env_waiter_wait(waiter, 0, &event, 1), 1);
	poll_threads();
	assert_int_equal(io[1].done, 1);
	env_waiter_remove(waiter, g_kernel.event);
	env_waiter_destroy(waiter);
	close_aio();
}

/* ---- Life ---- */

static void
test_no_contexts(void **state)
{
	static const struct {
		int rc;
		const char *word;
	} rows[] = {
		{ -EAGAIN, "fs.aio-max-nr" },
		{ -ENOSYS, "kernel" },
		{ -EPERM, "seccomp" },
		{ -ENOMEM, "try again" },
	};
	char why[BDEV_FILE_WHY_MAX];
	uint32_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		g_kernel.setup_rc = rows[i].rc;
		assert_int_equal(create_with(false, false, why), rows[i].rc);
		assert_non_null(strstr(why, "AIO does not work here"));
		assert_non_null(strstr(why, rows[i].word));
		assert_null(spdk_bdev_get_by_name("a"));
	}
	g_kernel.setup_rc = 0;
	open_aio(false);
	close_aio();
}

static void
test_readonly(void **state)
{
	char why[BDEV_FILE_WHY_MAX];
	struct ut_io io = {}, w = {};

	assert_int_equal(create_with(false, true, why), 0);
	ut_open(&g_u, "a");
	assert_int_equal(spdk_bdev_write_blocks(g_u.desc, g_u.ch, g_bufs[0], 0, 1, ut_io_done, &w),
	                 0);
	assert_int_equal(w.done, 0);
	poll_threads();
	assert_int_equal(w.status, SPDK_BDEV_IO_STATUS_NVME_ERROR);
	assert_int_equal(spdk_bdev_unmap_blocks(g_u.desc, g_u.ch, 0, 1, ut_io_done, &io), -ENOTSUP);
	assert_int_equal(spdk_bdev_write_zeroes_blocks(g_u.desc, g_u.ch, 0, 1, ut_io_done, &io),
	                 -ENOTSUP);
	read_block(0, &io);
	poll_threads();
	assert_string_equal(g_disk.trace, "r0+512");
	assert_int_equal(io.done, 1);
	close_aio();
}

static void
test_rescan(void **state)
{
	char why[BDEV_FILE_WHY_MAX];

	open_aio(false);
	assert_int_equal(aio_rescan("nix", why), -ENODEV);
	assert_int_equal(ftruncate(g_disk.memfd, 2 * FILE_BYTES), 0);
	assert_int_equal(aio_rescan("a", why), 0);
	assert_int_equal(spdk_bdev_get_num_blocks(g_u.bdev), 256);
	poll_threads();
	assert_int_equal(g_u.resizes, 1);
	assert_int_equal(ftruncate(g_disk.memfd, FILE_BYTES + 1), 0);
	assert_int_equal(aio_rescan("a", why), -EINVAL);
	assert_non_null(strstr(why, "odd size"));
	close_aio();
}

/** Each allocation of a creation fails once: it is refused whole, and the next try succeeds. */
static void
test_create_without_memory(void **state)
{
	char why[BDEV_FILE_WHY_MAX];
	uint32_t n, failed = 0;
	uint64_t live;
	int rc;

	open_aio(true);
	close_aio();
	live = env_sim_live_heap();
	for (n = 1; n < 20; n++) {
		env_sim_fail_nth(ENV_FAULT_HEAP, n);
		rc = create_with(true, false, why);
		env_sim_fail_nth(ENV_FAULT_HEAP, 0);
		poll_threads();
		if (rc != 0) {
			assert_int_equal(rc, -ENOMEM);
			assert_null(spdk_bdev_get_by_name("a"));
			failed++;
		} else {
			ut_unregister("a");
		}
		assert_int_equal(env_sim_live_heap(), live);
	}
	assert_true(failed >= 10);
}

static void
event_ignored(enum spdk_bdev_event_type type, struct spdk_bdev *bdev, void *ctx)
{
}

/** Each allocation of a channel fails once: none is left half made. */
static void
test_channel_without_memory(void **state)
{
	char why[BDEV_FILE_WHY_MAX];
	struct spdk_bdev_desc *desc;
	struct spdk_io_channel *ch = NULL;
	uint32_t n, failed = 0;

	assert_int_equal(create_with(false, false, why), 0);
	ut_open(&g_u, "a");
	ut_close(&g_u);
	for (n = 1; n < 60 && ch == NULL; n++) {
		assert_int_equal(spdk_bdev_open_ext("a", true, event_ignored, NULL, &desc), 0);
		env_sim_fail_nth(ENV_FAULT_HEAP, n);
		ch = spdk_bdev_get_io_channel(desc);
		env_sim_fail_nth(ENV_FAULT_HEAP, 0);
		failed += ch == NULL;
		if (ch != NULL) {
			spdk_put_io_channel(ch);
		}
		spdk_bdev_close(desc);
		poll_threads();
		assert_int_equal(g_kernel.contexts, 0);
	}
	assert_true(failed >= 3);
	ut_unregister("a");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_short_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_results, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_submits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_context, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fallocate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_few_works, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nowait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(test_event, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_contexts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_readonly, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rescan, setup, teardown),
		cmocka_unit_test_setup_teardown(test_create_without_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_channel_without_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
