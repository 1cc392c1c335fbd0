/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Connect, properties, admin commands, events, keep-alive. */

#include "ut_nvmf.h"

static const struct bdev_traits g_durable = { .atomic_blocks = 8 };

struct connect_row {
	const char *name;
	const char *subnqn;
	uint16_t qid;
	uint16_t cntlid;
	uint16_t sqsize;
	uint32_t len;
	uint16_t status;
	uint32_t where; /* IPO | IATTR << 16 */
};

static const struct connect_row g_connects[] = {
	{ "no such subsystem", "nqn.2026-01.io.basalt:x", 0, 0xffff, 31, 1024, 0x182, 0x10100 },
	{ "static controller", UT_NQN, 0, 5, 31, 1024, 0x182, 0x10010 },
	{ "I/O queue of no controller", UT_NQN, 1, 5, 31, 1024, 0x182, 0x10010 },
	{ "sqsize 0", UT_NQN, 0, 0xffff, 0, 1024, 0x182, 44 },
	{ "sqsize too large", UT_NQN, 0, 0xffff, 32, 1024, 0x182, 44 },
	{ "data too short", UT_NQN, 0, 0xffff, 31, 1023, 0x002, 0 },
};

static void
test_connect(void **state)
{
	struct ut_qpair *uq;
	struct ut_req req;
	size_t i;

	ut_start(&g_durable);
	for (i = 0; i < SPDK_COUNTOF(g_connects); i++) {
		const struct connect_row *row = &g_connects[i];

		uq = ut_qpair_new();
		ut_connect_fill(&req, row->subnqn, row->qid, row->cntlid);
		req.cmd.connect_cmd.sqsize = row->sqsize;
		if (ut_run(uq, &req, row->len) != row->status ||
		    req.rsp.nvme_cpl.cdw0 != row->where) {
			fail_msg("%s: status %x at %x", row->name, req.rsp.nvme_cpl.status_raw >> 1,
			         req.rsp.nvme_cpl.cdw0);
		}
		ut_disconnect(uq);
		ut_qpair_free(uq);
	}
	assert_true(TAILQ_EMPTY(&g_ut.subsystem->ctrlrs));
	ut_stop();
}

/* The queue goes while its Connect is on the way: the controller is made, and goes too. */
static void
test_connect_then_gone(void **state)
{
	struct ut_qpair *uq;
	struct ut_req req;

	ut_start(&g_durable);
	uq = ut_qpair_new();
	ut_connect_fill(&req, UT_NQN, 0, 0xffff);
	ut_exec(uq, &req, 1024);
	ut_disconnect(uq);
	assert_int_equal(req.completed, 1);
	assert_true(uq->fini);
	assert_true(TAILQ_EMPTY(&g_ut.subsystem->ctrlrs));
	ut_qpair_free(uq);
	ut_stop();
}

static void
test_duplicate_queue(void **state)
{
	struct ut_qpair *q2;
	struct ut_req req;

	ut_begin(&g_durable, 0);
	q2 = ut_qpair_new();
	ut_connect_fill(&req, UT_NQN, 1, g_ut.cntlid);
	assert_int_equal(ut_run(q2, &req, 1024), 0x101);
	ut_connect_fill(&req, UT_NQN, 4, g_ut.cntlid);
	assert_int_equal(ut_run(q2, &req, 1024), 0x182);
	ut_connect_fill(&req, UT_NQN, 2, g_ut.cntlid);
	assert_int_equal(ut_run(q2, &req, 1024), 0);
	ut_disconnect(g_ut.admin);
	ut_qpair_free(q2);
	ut_end();
}

struct admin_row {
	const char *name;
	uint8_t opc;
	uint32_t nsid;
	uint32_t cdw10;
	uint32_t cdw11;
	uint32_t len;
	uint16_t status;
	uint32_t cdw0;
};

static const struct admin_row g_admin[] = {
	{ "identify controller", 6, 0, 1, 0, 4096, 0 },
	{ "identify, buffer too small", 6, 0, 1, 0, 4092, 0x00f },
	{ "identify, larger buffer", 6, 0, 1, 0, 8192, 0 },
	{ "identify namespace", 6, 1, 0, 0, 4096, 0 },
	{ "identify a hole", 6, 2, 0, 0, 4096, 0 },
	{ "identify NSID 0", 6, 0, 0, 0, 4096, 0x00b },
	{ "identify beyond", 6, 33, 0, 0, 4096, 0x00b },
	{ "list from 0xfffffffe", 6, 0xfffffffe, 2, 0, 4096, 0x00b },
	{ "unknown CNS", 6, 0, 0xff, 0, 4096, 0x002 },
	{ "command set of another kind", 6, 1, 5, 1u << 24, 4096, 0x002 },
	{ "get arbitration", 10, 0, 1, 0, 0, 0, 7 },
	{ "get number of queues", 10, 0, 7, 0, 0, 0, 2 | 2 << 16 },
	{ "set number of queues", 9, 0, 7, 0x00ff00ff, 0, 0, 2 | 2 << 16 },
	{ "64 Ki queues", 9, 0, 7, 0xffff, 0, 0x002 },
	{ "unknown feature", 10, 0, 0x7f, 0, 0, 0x002 },
	{ "saved feature", 9, 0, 0x80000001, 0, 0, 0x10d },
	{ "host identifier of 64 bits", 10, 0, 0x81, 0, 16, 0x002 },
	{ "host identifier", 10, 0, 0x81, 1, 16, 0 },
	{ "host identifier, too small", 10, 0, 0x81, 1, 8, 0x00f },
	{ "set host identifier", 9, 0, 0x81, 1, 16, 0x00c },
	{ "SMART log", 2, UINT32_MAX, 2 | 127 << 16, 0, 512, 0 },
	{ "SMART log, too small", 2, UINT32_MAX, 2 | 128 << 16, 0, 512, 0x00f },
	{ "unknown log", 2, 0, 0x55 | 1 << 16, 0, 512, 0x109 },
	{ "keep alive without a timeout", 0x18, 0, 0, 0, 0, 0x01a },
	{ "abort of nothing", 8, 0, 9 << 16 | 1, 0, 0, 0, 1 },
	{ "format", 0x80, 1, 0, 0, 0, 0x001 },
	{ "create I/O queue", 1, 0, 0, 0, 0, 0x001 },
	{ "namespace management", 0x0d, 0, 0, 0, 4096, 0x001 },
};

static void
test_admin(void **state)
{
	size_t i;

	ut_begin_admin(&g_durable);
	for (i = 0; i < SPDK_COUNTOF(g_admin); i++) {
		const struct admin_row *row = &g_admin[i];
		struct ut_req req = {};

		memset(req.data, 0xa5, sizeof(req.data));
		req.cmd.nvme_cmd.opc = row->opc;
		req.cmd.nvme_cmd.nsid = row->nsid;
		req.cmd.nvme_cmd.cdw10 = row->cdw10;
		req.cmd.nvme_cmd.cdw11 = row->cdw11;
		if (ut_run(g_ut.admin, &req, row->len) != row->status ||
		    (row->status == 0 && req.rsp.nvme_cpl.cdw0 != row->cdw0)) {
			fail_msg("%s: status %x, %x", row->name, req.rsp.nvme_cpl.status_raw >> 1,
			         req.rsp.nvme_cpl.cdw0);
		}
		/* No byte of what the buffer held before goes out. */
		if (row->status == 0 && row->len > 0 && req.data[row->len - 1] == 0xa5) {
			fail_msg("%s: the buffer's end was not written", row->name);
		}
	}
	ut_end();
}

/* Traits of the bdev show in Identify. */
static void
test_identify_traits(void **state)
{
	struct spdk_nvme_ctrlr_data *cdata;
	struct spdk_nvme_ns_data *nsdata;
	struct ut_req req = {};

	ut_begin_admin(&g_durable);
	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_IDENTIFY;
	req.cmd.nvme_cmd.nsid = 1;
	assert_int_equal(ut_run(g_ut.admin, &req, 4096), 0);
	nsdata = (struct spdk_nvme_ns_data *)req.data;
	assert_int_equal(nsdata->nsze, UT_BLOCKS);
	assert_int_equal(nsdata->nawupf, 7);
	assert_int_equal(nsdata->lbaf[0].lbads, 9);
	req.cmd.nvme_cmd.cdw10 = SPDK_NVME_IDENTIFY_CTRLR;
	assert_int_equal(ut_run(g_ut.admin, &req, 4096), 0);
	cdata = (struct spdk_nvme_ctrlr_data *)req.data;
	assert_int_equal(cdata->vwc.present, 0);
	assert_int_equal(cdata->cntlid, g_ut.cntlid);
	assert_int_equal(cdata->mdts, 5);
	ut_end();
}

static void
aer_fill(struct ut_req *req)
{
	memset(req, 0, sizeof(*req));
	req->cmd.nvme_cmd.opc = SPDK_NVME_OPC_ASYNC_EVENT_REQUEST;
}

/* One notice until the log was read; one more that was missed comes then. */
static void
test_events(void **state)
{
	struct ut_req aer[2], req = {};

	ut_begin_admin(&g_durable);
	aer_fill(&aer[0]);
	ut_exec(g_ut.admin, &aer[0], 0);
	nvmf_subsystem_ns_changed(g_ut.subsystem, 5);
	poll_threads();
	assert_int_equal(aer[0].completed, 1);
	assert_int_equal(aer[0].rsp.nvme_cpl.cdw0, 0x040002);
	aer_fill(&aer[1]);
	ut_exec(g_ut.admin, &aer[1], 0);
	nvmf_subsystem_ns_changed(g_ut.subsystem, 3);
	poll_threads();
	assert_int_equal(aer[1].completed, 0);
	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_GET_LOG_PAGE;
	req.cmd.nvme_cmd.cdw10 = SPDK_NVME_LOG_CHANGED_NS_LIST | 1023u << 16;
	assert_int_equal(ut_run(g_ut.admin, &req, 4096), 0);
	assert_int_equal(((uint32_t *)req.data)[0], 3);
	assert_int_equal(((uint32_t *)req.data)[1], 5);
	assert_int_equal(((uint32_t *)req.data)[2], 0);
	assert_int_equal(aer[1].completed, 1);
	/* One that waits goes back without an answer. */
	aer_fill(&aer[0]);
	ut_exec(g_ut.admin, &aer[0], 0);
	ut_disconnect(g_ut.admin);
	assert_int_equal(aer[0].completed, 0);
	assert_int_equal(aer[0].freed, 1);
	ut_end();
}

/* Silence for longer than the timeout ends the controller; a Keep Alive in time does not. */
static void
test_keep_alive(void **state)
{
	struct ut_req req = {};
	int i;

	ut_begin(&g_durable, 10000);
	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_KEEP_ALIVE;
	for (i = 0; i < 5; i++) {
		poll_threads_us(6000000);
		assert_int_equal(ut_run(g_ut.admin, &req, 0), 0);
	}
	poll_threads_us(2500000);
	poll_threads_us(2500000);
	poll_threads_us(2500000);
	assert_false(g_ut.admin->fini);
	for (i = 0; i < 3; i++) {
		poll_threads_us(2500000);
	}
	assert_true(g_ut.admin->fini);
	assert_true(g_ut.q->fini);
	assert_true(TAILQ_EMPTY(&g_ut.subsystem->ctrlrs));
	ut_end();
}

/* Before CC.EN the timeout does not count; but a controller that is never enabled goes. */
static void
test_never_enabled(void **state)
{
	struct ut_qpair *uq;
	struct ut_req req;
	int i;

	ut_start(&g_durable);
	uq = ut_qpair_new();
	ut_connect_fill(&req, UT_NQN, 0, 0xffff);
	req.cmd.connect_cmd.kato = 10000;
	assert_int_equal(ut_run(uq, &req, 1024), 0);
	assert_int_equal(req.rsp.nvme_cpl.sqhd, 1);
	for (i = 0; i < 119; i++) {
		poll_threads_us(1000000);
	}
	assert_false(uq->fini);
	poll_threads_us(2000000);
	assert_true(uq->fini);
	ut_qpair_free(uq);
	ut_stop();
}

static void
nothing(struct spdk_nvmf_subsystem *subsystem, void *arg, int status)
{
}

/* A pause waits for a slow bdev; Keep Alive does not wait for the pause. */
static void
test_keep_alive_in_pause(void **state)
{
	struct ut_req write = {}, req = {};

	ut_begin(&g_durable, 10000);
	g_ut.hold = true;
	write.cmd.nvme_cmd.opc = SPDK_NVME_OPC_WRITE;
	write.cmd.nvme_cmd.nsid = 1;
	ut_exec(g_ut.q, &write, 512);
	assert_int_equal(nvmf_subsystem_run_paused(g_ut.subsystem, 1, nothing, NULL), 0);
	poll_threads();
	assert_int_equal(g_ut.subsystem->state, NVMF_SUBSYSTEM_PAUSING);
	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_KEEP_ALIVE;
	assert_int_equal(ut_run(g_ut.admin, &req, 0), 0);
	ut_release(true);
	assert_int_equal(g_ut.subsystem->state, NVMF_SUBSYSTEM_ACTIVE);
	ut_end();
}

/* CC.EN 1 -> 0 takes the I/O queues down, then CSTS.RDY falls; the admin queue stays. */
static void
test_reset(void **state)
{
	struct ut_req req = {};

	ut_begin(&g_durable, 0);
	g_ut.hold = true;
	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_WRITE;
	req.cmd.nvme_cmd.nsid = 1;
	ut_exec(g_ut.q, &req, 512);
	poll_threads();
	assert_int_equal(ut_set_cc(g_ut.admin, 0x00460000), 0);
	assert_int_equal(ut_get_prop(g_ut.admin, 0x1c) & 1, 1); /* I/O runs */
	ut_release(true);
	assert_true(g_ut.q->fini);
	assert_int_equal(ut_get_prop(g_ut.admin, 0x1c), 0);
	assert_int_equal(ut_set_cc(g_ut.admin, 0x00460001), 0);
	assert_int_equal(ut_get_prop(g_ut.admin, 0x1c) & 1, 1);
	ut_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect),         cmocka_unit_test(test_connect_then_gone),
		cmocka_unit_test(test_duplicate_queue), cmocka_unit_test(test_admin),
		cmocka_unit_test(test_identify_traits), cmocka_unit_test(test_events),
		cmocka_unit_test(test_keep_alive),      cmocka_unit_test(test_never_enabled),
		cmocka_unit_test(test_reset),           cmocka_unit_test(test_keep_alive_in_pause),
	};

	return cmocka_run_group_tests_name("nvmf ctrlr", tests, NULL, NULL);
}
