/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* I/O commands: what reaches the bdev, and what the host is told. */

#include "ut_nvmf.h"

#define FUA (1u << 30)
#define R SPDK_BDEV_IO_TYPE_READ
#define W SPDK_BDEV_IO_TYPE_WRITE
#define F SPDK_BDEV_IO_TYPE_FLUSH
#define U SPDK_BDEV_IO_TYPE_UNMAP
#define Z SPDK_BDEV_IO_TYPE_WRITE_ZEROES

struct row {
	const char *name;
	uint8_t opc;
	uint32_t nsid;
	uint64_t lba;
	uint32_t cdw12; /* NLB, 0's based, and flags */
	uint32_t len;
	uint16_t status;
	uint32_t num_ios;
	struct ut_io ios[3];
};

static const struct row g_rows[] = {
	{ "read", 2, 1, 0, 7, 4096, 0, 1, { { R, 0, 8 } } },
	{ "read of the last block", 2, 1, 1023, 0, 512, 0, 1, { { R, 1023, 1 } } },
	{ "read behind the end", 2, 1, 1024, 0, 512, 0x080 },
	{ "read across the end", 2, 1, 1023, 1, 1024, 0x080 },
	{ "read that wraps", 2, 1, UINT64_MAX, 1, 1024, 0x080 },
	{ "read, SGL too short", 2, 1, 0, 7, 4095, 0x00f },
	{ "read, SGL too long", 2, 1, 0, 7, 4097, 0x00f },
	{ "read, NSID 0", 2, 0, 0, 0, 512, 0x00b },
	{ "read, no such NSID", 2, 2, 0, 0, 512, 0x00b },
	{ "read, NSID too large", 2, 33, 0, 0, 512, 0x00b },
	{ "read, broadcast", 2, UINT32_MAX, 0, 0, 512, 0x00b },
	{ "FUA read flushes first", 2, 1, 4, FUA, 512, 0, 2, { { F, 0, 1024 }, { R, 4, 1 } } },
	{ "write", 1, 1, 8, 7, 4096, 0, 1, { { W, 8, 8 } } },
	{ "FUA write", 1, 1, 8, 7 | FUA, 4096, 0, 1, { { W, 8, 8, true } } },
	{ "write behind the end", 1, 1, 1024, 0, 512, 0x080 },
	{ "flush", 0, 1, 0, 0, 0, 0, 1, { { F, 0, 1024 } } },
	{ "flush, broadcast", 0, UINT32_MAX, 0, 0, 0, 0x00b },
	{ "write zeroes", 8, 1, 16, 15, 0, 0, 1, { { Z, 16, 16 } } },
	{ "FUA write zeroes flushes then",
	  8,
	  1,
	  16,
	  15 | FUA,
	  0,
	  0,
	  2,
	  { { Z, 16, 16 }, { F, 0, 1024 } } },
	{ "write zeroes across the end", 8, 1, 1020, 7, 0, 0x080 },
	{ "compare is not offered", 5, 1, 0, 0, 512, 0x001 },
	{ "verify is not offered", 0x0c, 1, 0, 0, 0, 0x001 },
	{ "copy is not offered", 0x19, 1, 0, 0, 512, 0x001 },
	{ "vendor", 0xc1, 1, 0, 0, 512, 0x001 },
};

static const struct bdev_traits g_volatile = { .volatile_cache = true,
	                                       .fua = true,
	                                       .atomic_blocks = 1 };

static void
run_row(struct ut_qpair *q, const struct row *row)
{
	struct ut_req req = {};
	uint32_t i;

	req.cmd.nvme_cmd.opc = row->opc;
	req.cmd.nvme_cmd.cid = 77;
	req.cmd.nvme_cmd.nsid = row->nsid;
	req.cmd.nvme_cmd.cdw10 = (uint32_t)row->lba;
	req.cmd.nvme_cmd.cdw11 = (uint32_t)(row->lba >> 32);
	req.cmd.nvme_cmd.cdw12 = row->cdw12;
	g_ut.num_ios = 0;
	if (ut_run(q, &req, row->len) != row->status || g_ut.num_ios != row->num_ios) {
		fail_msg("%s: status %x, %u I/Os", row->name, req.rsp.nvme_cpl.status_raw >> 1,
		         g_ut.num_ios);
	}
	for (i = 0; i < row->num_ios; i++) {
		if (g_ut.ios[i].type != row->ios[i].type ||
		    g_ut.ios[i].offset != row->ios[i].offset ||
		    g_ut.ios[i].num_blocks != row->ios[i].num_blocks ||
		    g_ut.ios[i].fua != row->ios[i].fua) {
			fail_msg("%s: I/O %u is type %d, %" PRIu64 " + %" PRIu64 ", FUA %d",
			         row->name, i, g_ut.ios[i].type, g_ut.ios[i].offset,
			         g_ut.ios[i].num_blocks, g_ut.ios[i].fua);
		}
	}
}

static void
test_commands(void **state)
{
	size_t i;

	ut_begin(&g_volatile, 0);
	for (i = 0; i < SPDK_COUNTOF(g_rows); i++) {
		run_row(g_ut.q, &g_rows[i]);
	}
	ut_end();
}

/* A write cache that is off makes each write FUA; without a volatile cache nothing flushes. */
static void
test_write_cache(void **state)
{
	static const struct row off = { "write, cache off",   1, 1, 0, 0, 512, 0, 1,
		                        { { W, 0, 1, true } } };
	static const struct row on = { "write, cache on",     1, 1, 0, 0, 512, 0, 1,
		                       { { W, 0, 1, false } } };
	struct ut_req req = {};

	ut_begin(&g_volatile, 0);
	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_SET_FEATURES;
	req.cmd.nvme_cmd.cdw10 = SPDK_NVME_FEAT_VOLATILE_WRITE_CACHE;
	assert_int_equal(ut_run(g_ut.admin, &req, 0), 0);
	run_row(g_ut.q, &off);
	req.cmd.nvme_cmd.cdw11 = 1;
	assert_int_equal(ut_run(g_ut.admin, &req, 0), 0);
	run_row(g_ut.q, &on);
	ut_end();
}

/* Deallocation: range after range, all checked before the first. */
static void
test_dsm(void **state)
{
	struct spdk_nvme_dsm_range ranges[3] = {
		{ .length = 4, .starting_lba = 8 },
		{ .length = 0, .starting_lba = 0 },
		{ .length = 1, .starting_lba = 1023 },
	};
	struct ut_req req = {};

	ut_begin(&g_volatile, 0);
	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_DATASET_MANAGEMENT;
	req.cmd.nvme_cmd.nsid = 1;
	req.cmd.nvme_cmd.cdw10 = 2;
	req.cmd.nvme_cmd.cdw11 = SPDK_NVME_DSM_ATTR_DEALLOCATE;
	memcpy(req.data, ranges, sizeof(ranges));
	assert_int_equal(ut_run(g_ut.q, &req, sizeof(ranges)), 0);
	assert_int_equal(g_ut.num_ios, 2);
	assert_int_equal(g_ut.ios[0].type, U);
	assert_int_equal(g_ut.ios[0].offset, 8);
	assert_int_equal(g_ut.ios[1].offset, 1023);
	assert_int_equal(ut_run(g_ut.q, &req, sizeof(ranges) - 1), 0x00f);
	ranges[2].length = 2;
	memcpy(req.data, ranges, sizeof(ranges));
	g_ut.num_ios = 0;
	assert_int_equal(ut_run(g_ut.q, &req, sizeof(ranges)), 0x080);
	assert_int_equal(g_ut.num_ios, 0);
	ut_end();
}

/* The status of the bdev goes to the host as it is. */
static void
test_failure(void **state)
{
	struct ut_req req = {};
	uint8_t opc;

	ut_begin(&g_volatile, 0);
	g_ut.fail_sc = SPDK_NVME_SC_CAPACITY_EXCEEDED;
	for (opc = 0; opc <= 2; opc++) {
		req.cmd.nvme_cmd.opc = opc;
		req.cmd.nvme_cmd.nsid = 1;
		assert_int_equal(ut_run(g_ut.q, &req, opc == 0 ? 0 : 512), 0x081);
	}
	ut_end();
}

/* A disconnect ends only when nothing of the queue is in the bdev any more. */
static void
test_disconnect_waits(void **state)
{
	struct ut_req req = {};

	ut_begin(&g_volatile, 0);
	g_ut.hold = true;
	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_WRITE;
	req.cmd.nvme_cmd.nsid = 1;
	ut_exec(g_ut.q, &req, 512);
	poll_threads();
	assert_int_equal(g_ut.num_held, 1);
	ut_disconnect(g_ut.admin);
	assert_true(g_ut.admin->fini);
	assert_false(g_ut.q->fini);
	assert_int_equal(req.completed, 0);
	ut_release(true);
	assert_int_equal(req.completed, 1);
	assert_true(g_ut.q->fini);
	assert_true(TAILQ_EMPTY(&g_ut.subsystem->ctrlrs));
	ut_end();
}

/* After the disconnect began the second half of a command is not submitted. */
static void
test_disconnect_fences(void **state)
{
	struct ut_req req = {};

	ut_begin(&g_volatile, 0);
	g_ut.hold = true;
	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_READ;
	req.cmd.nvme_cmd.nsid = 1;
	req.cmd.nvme_cmd.cdw12 = FUA;
	ut_exec(g_ut.q, &req, 512);
	poll_threads();
	assert_int_equal(g_ut.num_ios, 1); /* the flush */
	ut_disconnect(g_ut.q);
	ut_release(true);
	assert_int_equal(g_ut.num_ios, 1); /* no read */
	assert_true(g_ut.q->fini);
	ut_end();
}

static void
op_ran(struct spdk_nvmf_subsystem *subsystem, void *arg, int status)
{
	*(int *)arg = status;
}

/* A pause waits for what runs; what comes meanwhile runs afterwards, in order. */
static void
test_pause(void **state)
{
	struct ut_req first = {}, second = {};
	int status = 1;

	ut_begin(&g_volatile, 0);
	g_ut.hold = true;
	first.cmd.nvme_cmd.opc = SPDK_NVME_OPC_WRITE;
	first.cmd.nvme_cmd.nsid = 1;
	second.cmd = first.cmd;
	ut_exec(g_ut.q, &first, 512);
	poll_threads();
	assert_int_equal(nvmf_subsystem_run_paused(g_ut.subsystem, 1, op_ran, &status), 0);
	poll_threads();
	assert_int_equal(status, 1);
	ut_exec(g_ut.q, &second, 512);
	poll_threads();
	assert_int_equal(g_ut.num_ios, 1);
	g_ut.hold = false;
	ut_release(true);
	assert_int_equal(status, 0);
	assert_int_equal(first.completed, 1);
	assert_int_equal(second.completed, 1);
	ut_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_write_cache),
		cmocka_unit_test(test_dsm),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_disconnect_waits),
		cmocka_unit_test(test_disconnect_fences),
		cmocka_unit_test(test_pause),
	};

	return cmocka_run_group_tests_name("nvmf io", tests, NULL, NULL);
}
