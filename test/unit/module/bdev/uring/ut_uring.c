/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The uring bdev on a ring and an fdatasync() that a test commands: short counts, refusals for the
 * moment, failures, and what a failed flush means for all that comes after it.
 */

#include "../ut_disk.h"

#include <fcntl.h>
#include <liburing.h>

#include "../../../../../module/bdev/passthru/passthru.h"
#include "../../../../../module/bdev/uring/uring.h"

/* ---- The kernel ---- */

static struct {
	int init_rc; /* of io_uring_queue_init() */
	int rings;
	bool hold; /* nothing completes */
	struct io_uring_sqe sqes[512];
	struct io_uring_cqe cqes[1024];
	unsigned sq_head, cq_head, cq_tail;
	/* fdatasync() */
	uint32_t syncs;
	uint32_t fail_sync; /* the so-many-th, once */
	void (*in_sync)(void);
} g_kernel;

int
io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags)
{
	if (g_kernel.init_rc != 0) {
		return g_kernel.init_rc;
	}
	memset(ring, 0, sizeof(*ring));
	ring->sq.khead = &g_kernel.sq_head;
	ring->sq.sqes = g_kernel.sqes;
	ring->sq.sqe_head = ring->sq.sqe_tail = g_kernel.sq_head;
	ring->sq.ring_entries = 512;
	ring->sq.ring_mask = 511;
	ring->cq.khead = &g_kernel.cq_head;
	ring->cq.ktail = &g_kernel.cq_tail;
	ring->ring_fd = env_sim_fd_create();
	g_kernel.rings++;
	return 0;
}

void
io_uring_queue_exit(struct io_uring *ring)
{
	env_event_close(ring->ring_fd);
	g_kernel.rings--;
}

static int
perform(const struct io_uring_sqe *sqe)
{
	struct iovec one = { (void *)(uintptr_t)sqe->addr, sqe->len };
	bool v = sqe->opcode == IORING_OP_READV || sqe->opcode == IORING_OP_WRITEV;
	bool read = sqe->opcode == IORING_OP_READV || sqe->opcode == IORING_OP_READ;
	const struct iovec *iovs = v ? (const struct iovec *)(uintptr_t)sqe->addr : &one;

	if (sqe->opcode == IORING_OP_FALLOCATE) {
		return disk_fallocate((int)sqe->len, sqe->off, sqe->addr);
	}
	return disk_rw(read ? 'r' : 'w', iovs, v ? sqe->len : 1, sqe->off, read);
}

int
io_uring_submit(struct io_uring *ring)
{
	int count = 0;
	struct io_uring_cqe *cqe;

	for (; ring->sq.sqe_head != ring->sq.sqe_tail; ring->sq.sqe_head++, count++) {
		struct io_uring_sqe *sqe = &g_kernel.sqes[ring->sq.sqe_head & 511];

		cqe = &g_kernel.cqes[g_kernel.cq_tail++ & 1023];
		cqe->user_data = sqe->user_data;
		cqe->res = perform(sqe);
	}
	g_kernel.sq_head = ring->sq.sqe_head;
	return count;
}

unsigned
io_uring_peek_batch_cqe(struct io_uring *ring, struct io_uring_cqe **cqes, unsigned count)
{
	unsigned n = 0;

	while (!g_kernel.hold && n < count && g_kernel.cq_head + n != g_kernel.cq_tail) {
		cqes[n] = &g_kernel.cqes[(g_kernel.cq_head + n) & 1023];
		n++;
	}
	return n;
}

int
fdatasync(int fd)
{
	g_kernel.syncs++;
	if (g_kernel.in_sync != NULL) {
		g_kernel.in_sync();
	}
	if (g_kernel.syncs == g_kernel.fail_sync) {
		errno = EIO;
		return -1;
	}
	return 0;
}

/* ---- A uring bdev of 128 blocks of 512 bytes ---- */

static struct ut_open g_u;

static int
create(char why[BDEV_FILE_WHY_MAX])
{
	static const struct bdev_file_opts opts = {
		.name = "u", .filename = g_disk.path, .block_size = 512, .fallocate = true
	};

	return uring_create(&opts, why);
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
	assert_int_equal(g_kernel.rings, 0);
	disk_teardown();
	return 0;
}

static void
open_uring(void)
{
	char why[BDEV_FILE_WHY_MAX];

	assert_int_equal(create(why), 0);
	ut_open(&g_u, "u");
}

static void
close_uring(void)
{
	ut_close(&g_u);
	ut_unregister("u");
}

/* ---- Counts ---- */

static uint8_t g_bufs[2][8192] __attribute__((aligned(4096)));

static void
test_short_counts(void **state)
{
	static const struct {
		int answers[3];
		const char *offsets; /* of the operations that 4096 bytes at 512 take */
	} rows[] = {
		{ { WHOLE, WHOLE, WHOLE }, "512+4096" },
		{ { 512, WHOLE, WHOLE }, "512+4096 1024+512 1536+3072" },
		{ { 1024, WHOLE, WHOLE }, "512+4096 1536+3072" },
		{ { 1500, WHOLE, WHOLE }, "512+4096 2012+2596" },
		{ { 1, 1023, WHOLE }, "512+4096 513+1023 1536+3072" },
		{ { 4095, WHOLE, WHOLE }, "512+4096 4607+1" },
	};
	struct iovec iovs[2] = { { g_bufs[0], 1024 }, { g_bufs[1], 3072 } };
	char expected[128];
	uint32_t i, n, read;
	size_t len;

	open_uring();
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
		/* A letter before each operation. */
		for (len = 0, n = 0; rows[i / 2].offsets[n] != '\0'; n++) {
			if (n == 0 || rows[i / 2].offsets[n - 1] == ' ') {
				expected[len++] = read ? 'r' : 'w';
			}
			expected[len++] = rows[i / 2].offsets[n];
		}
		expected[len] = '\0';
		assert_string_equal(g_disk.trace, expected);
		assert_memory_equal(g_bufs[0], g_disk.data + 512, 1024);
		assert_memory_equal(g_bufs[1], g_disk.data + 1536, 3072);
		assert_int_equal(g_disk.data[4608], (uint8_t)(4608 * 7 + i));
	}
	close_uring();
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
		{ { -ENOMEM, WHOLE, WHOLE }, 0, "r0+512 r0+512" },
		{ { 100, -EAGAIN, WHOLE }, 0, "r0+512 r100+412 r0+512" },
		{ { -EIO, WHOLE, WHOLE }, -EIO, "r0+512" },
		{ { -ENOSPC, WHOLE, WHOLE }, -ENOSPC, "r0+512" },
		{ { 0, WHOLE, WHOLE }, -EIO, "r0+512" },
		{ { 100, 0, WHOLE }, -EIO, "r0+512 r100+412" },
		{ { 100, -EBADF, WHOLE }, -EBADF, "r0+512 r100+412" },
	};
	uint32_t i, t;

	open_uring();
	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		const int *a = rows[i].answers;
		struct ut_io io = {};

		disk_answers(a[0], a[1], a[2]);
		spdk_bdev_read_blocks(g_u.desc, g_u.ch, g_bufs[0], 0, 1, ut_io_done, &io);
		for (t = 0; t < 3; t++) {
			poll_threads_us(1000);
		}
		assert_int_equal(io.done, 1);
		assert_int_equal(io.success, rows[i].result == 0);
		assert_int_equal(io.result, rows[i].result);
		assert_string_equal(g_disk.trace, rows[i].trace);
	}
	close_uring();
}

static void
test_fallocate(void **state)
{
	struct ut_io io[3] = {};

	open_uring();
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
	close_uring();
}

/* ---- Durability ---- */

static void
test_flush_after_failed_flush(void **state)
{
	struct ut_io f[3] = {}, w = {}, z = {}, r = {};

	open_uring();
	/* The kernel tells of a write-back error once: the second fdatasync() would be good. */
	g_kernel.fail_sync = 1;
	spdk_bdev_flush_blocks(g_u.desc, g_u.ch, 0, 128, ut_io_done, &f[0]);
	spdk_bdev_flush_blocks(g_u.desc, g_u.ch, 0, 128, ut_io_done, &f[1]);
	poll_threads();
	assert_int_equal(f[0].result, -EIO);
	assert_int_equal(f[1].result, -EIO);
	assert_int_equal(g_kernel.syncs, 1);
	spdk_bdev_flush_blocks(g_u.desc, g_u.ch, 0, 128, ut_io_done, &f[2]);
	spdk_bdev_write_blocks(g_u.desc, g_u.ch, g_bufs[0], 0, 1, ut_io_done, &w);
	spdk_bdev_write_zeroes_blocks(g_u.desc, g_u.ch, 0, 1, ut_io_done, &z);
	spdk_bdev_read_blocks(g_u.desc, g_u.ch, g_bufs[0], 0, 1, ut_io_done, &r);
	poll_threads();
	assert_int_equal(f[2].result, -EIO);
	assert_int_equal(w.result, -EIO);
	assert_int_equal(z.result, -EIO);
	assert_true(r.success);
	assert_string_equal(g_disk.trace, "r0+512");
	assert_int_equal(g_kernel.syncs, 1);
	close_uring();
}

static struct ut_io g_late;

static void
flush_during_sync(void)
{
	struct spdk_thread *was = spdk_get_thread();

	g_kernel.in_sync = NULL;
	set_thread(0);
	spdk_bdev_flush_blocks(g_u.desc, g_u.ch, 0, 128, ut_io_done, &g_late);
	spdk_set_thread(was);
}

/** Those that wait together need one fdatasync(); one that comes during it needs its own. */
static void
test_flushes_together(void **state)
{
	struct ut_io f[3] = {};
	uint32_t i;

	open_uring();
	memset(&g_late, 0, sizeof(g_late));
	g_kernel.in_sync = flush_during_sync;
	for (i = 0; i < 3; i++) {
		spdk_bdev_flush_blocks(g_u.desc, g_u.ch, 0, 128, ut_io_done, &f[i]);
	}
	poll_threads();
	assert_true(f[0].success && f[1].success && f[2].success && g_late.success);
	assert_int_equal(g_kernel.syncs, 2);
	spdk_bdev_flush_blocks(g_u.desc, g_u.ch, 0, 128, ut_io_done, &f[0]);
	poll_threads();
	assert_int_equal(g_kernel.syncs, 3);
	close_uring();
}

/** No helper can be had: those that wait are sent again by the layer, each is answered once. */
static void
test_flush_without_helpers(void **state)
{
	struct ut_io f[3] = {};
	uint32_t n, i;

	open_uring();
	/* The first time, and when the one that came during an fdatasync() wants its own. */
	for (n = 1; n <= 2; n++) {
		memset(f, 0, sizeof(f));
		memset(&g_late, 0, sizeof(g_late));
		g_kernel.syncs = 0;
		g_kernel.in_sync = flush_during_sync;
		env_sim_fail_nth(ENV_FAULT_WORK, n);
		for (i = 0; i < 3; i++) {
			spdk_bdev_flush_blocks(g_u.desc, g_u.ch, 0, 128, ut_io_done, &f[i]);
		}
		for (i = 0; i < 5; i++) {
			poll_threads_us(1000);
		}
		env_sim_fail_nth(ENV_FAULT_WORK, 0);
		assert_true(f[0].success && f[1].success && f[2].success && g_late.success);
		assert_true(f[0].done == 1 && f[1].done == 1 && f[2].done == 1);
		assert_int_equal(g_late.done, 1);
		/* The one that was refused alone comes late to those behind it. */
		assert_int_equal(g_kernel.syncs, n == 1 ? 3 : 2);
	}
	close_uring();
}

/** FUA through a passthru: written, then synced; not durable when the sync fails. */
static void
test_fua_through_passthru(void **state)
{
	static const struct spdk_uuid none = {};
	struct spdk_bdev_ext_io_opts opts = { .size = sizeof(opts) };
	struct iovec iov = { g_bufs[0], 512 };
	struct ut_io io[2] = {};
	struct ut_open p;
	char why[BDEV_FILE_WHY_MAX];

	opts.nvme_cdw12.raw = SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS;
	assert_int_equal(create(why), 0);
	assert_int_equal(passthru_create("p", "u", &none), 0);
	ut_open(&p, "p");
	spdk_bdev_writev_blocks_ext(p.desc, p.ch, &iov, 1, 0, 1, ut_io_done, &io[0], &opts);
	poll_threads();
	assert_true(io[0].success);
	assert_string_equal(g_disk.trace, "w0+512");
	assert_int_equal(g_kernel.syncs, 1);
	g_kernel.fail_sync = 2;
	spdk_bdev_writev_blocks_ext(p.desc, p.ch, &iov, 1, 0, 1, ut_io_done, &io[1], &opts);
	poll_threads();
	assert_int_equal(io[1].done, 1);
	assert_int_equal(io[1].result, -EIO);
	ut_close(&p);
	ut_unregister("p");
	ut_unregister("u");
}

/* ---- Life ---- */

static void
test_no_rings(void **state)
{
	static const struct {
		int rc;
		const char *word;
	} rows[] = {
		{ -EPERM, "kernel.io_uring_disabled" },
		{ -ENOSYS, "kernel" },
		{ -ENOMEM, "ulimit -l" },
		{ -EMFILE, "ulimit -n" },
	};
	char why[BDEV_FILE_WHY_MAX];
	uint32_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		g_kernel.init_rc = rows[i].rc;
		assert_int_equal(create(why), rows[i].rc);
		assert_non_null(strstr(why, "io_uring does not work here"));
		assert_non_null(strstr(why, spdk_strerror(-rows[i].rc)));
		assert_non_null(strstr(why, rows[i].word));
		assert_null(spdk_bdev_get_by_name("u"));
	}
	g_kernel.init_rc = 0;
	open_uring();
	close_uring();
}

/** Each allocation of a creation fails once: it is refused whole, and the next try succeeds. */
static void
test_create_without_memory(void **state)
{
	char why[BDEV_FILE_WHY_MAX];
	uint32_t n, failed = 0;
	uint64_t live;
	int rc;

	open_uring();
	close_uring();
	live = env_sim_live_heap();
	for (n = 1; n < 20; n++) {
		env_sim_fail_nth(ENV_FAULT_HEAP, n);
		rc = create(why);
		env_sim_fail_nth(ENV_FAULT_HEAP, 0);
		poll_threads();
		if (rc != 0) {
			assert_int_equal(rc, -ENOMEM);
			assert_null(spdk_bdev_get_by_name("u"));
			assert_non_null(strstr(why, "no memory"));
			failed++;
		} else {
			ut_unregister("u");
		}
		assert_int_equal(env_sim_live_heap(), live);
	}
	assert_true(failed >= 9); /* one more where O_DIRECT is tried */
}

/** Removed and reset while the kernel has I/O: both wait for it, and each call-back comes once. */
static void
test_io_in_the_ring(void **state)
{
	struct ut_io io[2] = {}, reset[2] = {};
	uint32_t t;

	open_uring();
	g_kernel.hold = true;
	spdk_bdev_write_blocks(g_u.desc, g_u.ch, g_bufs[0], 0, 1, ut_io_done, &io[0]);
	spdk_bdev_reset(g_u.desc, g_u.ch, ut_io_done, &reset[0]);
	for (t = 0; t < 31; t++) {
		poll_threads_us(1000000);
	}
	/* The kernel keeps it for more than 30 s: not a success, and the I/O is still out. */
	assert_int_equal(reset[0].done, 1);
	assert_false(reset[0].success);
	assert_int_equal(io[0].done, 0);
	spdk_bdev_reset(g_u.desc, g_u.ch, ut_io_done, &reset[1]);
	spdk_bdev_unregister(g_u.bdev, NULL, NULL);
	poll_threads();
	assert_int_equal(g_u.removes, 1);
	assert_int_equal(reset[1].done, 0);
	g_kernel.hold = false;
	poll_threads_us(1000);
	assert_int_equal(io[0].done, 1);
	assert_true(io[0].success);
	assert_int_equal(reset[1].done, 1);
	assert_true(reset[1].success);
	ut_close(&g_u);
	assert_null(spdk_bdev_first());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_short_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_results, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fallocate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush_after_failed_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flushes_together, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush_without_helpers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fua_through_passthru, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_rings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_create_without_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_io_in_the_ring, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
