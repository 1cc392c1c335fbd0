/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Queue pairs that end, and commands that are aborted, while the bdev keeps what it was given. */

#include "ut_nvmf.h"

static const struct bdev_traits g_durable = { .atomic_blocks = 1 };

static void
wait_s(uint32_t s)
{
	while (s-- > 0) {
		poll_threads_us(1000000);
	}
}

static void
write_fill(struct ut_req *req, uint16_t cid)
{
	memset(req, 0, sizeof(*req));
	req->cmd.nvme_cmd.opc = SPDK_NVME_OPC_WRITE;
	req->cmd.nvme_cmd.cid = cid;
	req->cmd.nvme_cmd.nsid = 1;
}

/** Two writes that the bdev keeps. */
static void
hang(struct ut_req req[2], enum ut_abort abort, bool reset_works)
{
	ut_begin(&g_durable, 0);
	g_ut.hold = true;
	g_ut.abort = abort;
	g_ut.reset_works = reset_works;
	write_fill(&req[0], 7);
	write_fill(&req[1], 8);
	ut_exec(g_ut.q, &req[0], 512);
	ut_exec(g_ut.q, &req[1], 512);
	poll_threads();
	assert_int_equal(g_ut.num_held, 2);
}

struct row {
	const char *name;
	enum ut_abort abort;
	bool reset_works;
	/* at 14 s, at 21 s, at 100 s: aborts and resets so far, and is the queue gone */
	uint32_t aborts[3];
	uint32_t resets[3];
	bool gone[3];
};

static const struct row g_rows[] = {
	{ "the bdev aborts",
	  UT_ABORT_WORKS,
	  false,
	  { 0, 2, 2 },
	  { 0, 0, 0 },
	  { false, true, true } },
	{ "it can't abort, but be reset",
	  UT_ABORT_NONE,
	  true,
	  { 0, 0, 0 },
	  { 0, 1, 1 },
	  { false, true, true } },
	{ "it does not abort, but can be reset",
	  UT_ABORT_FAILS,
	  true,
	  { 0, 2, 2 },
	  { 0, 1, 1 },
	  { false, true, true } },
	{ "nothing helps: one reset, and patience",
	  UT_ABORT_NONE,
	  false,
	  { 0, 0, 0 },
	  { 0, 1, 1 },
	  { false, false, false } },
};

static void
test_ladder(void **state)
{
	static const uint32_t steps[3] = { 14, 7, 79 };
	struct ut_req req[2];
	size_t i, at;

	for (i = 0; i < SPDK_COUNTOF(g_rows); i++) {
		const struct row *row = &g_rows[i];

		hang(req, row->abort, row->reset_works);
		ut_disconnect(g_ut.q);
		for (at = 0; at < 3; at++) {
			wait_s(steps[at]);
			if (g_ut.num_aborts != row->aborts[at] ||
			    g_ut.num_resets != row->resets[at] || g_ut.q->fini != row->gone[at]) {
				fail_msg("%s, look %zu: %u aborts, %u resets, gone %d", row->name,
				         at, g_ut.num_aborts, g_ut.num_resets, g_ut.q->fini);
			}
		}
		ut_release(true);
		assert_true(g_ut.q->fini);
		assert_int_equal(req[0].completed, 1);
		assert_int_equal(req[1].completed, 1);
		ut_end();
	}
}

/** The command comes back before its abort: the queue waits for that too, which uses the channel.
 */
static void
test_abort_holds(void **state)
{
	struct ut_req req[2];

	hang(req, UT_ABORT_HELD, false);
	ut_disconnect(g_ut.q);
	wait_s(17);
	assert_int_equal(g_ut.num_aborts, 2);
	ut_release(true);
	assert_false(g_ut.q->fini);
	assert_int_equal(req[0].completed, 0);
	ut_release_aborts();
	assert_true(g_ut.q->fini);
	assert_int_equal(req[0].completed, 1);
	ut_end();
}

/** The whole controller: silence, while a command hangs. */
static void
test_keep_alive(void **state)
{
	struct ut_req req;

	ut_begin(&g_durable, 10000);
	g_ut.hold = true;
	g_ut.abort = UT_ABORT_WORKS;
	write_fill(&req, 7);
	ut_exec(g_ut.q, &req, 512);
	wait_s(14);
	assert_true(g_ut.admin->fini);
	assert_false(g_ut.q->fini);
	assert_false(TAILQ_EMPTY(&g_ut.subsystem->ctrlrs));
	wait_s(17);
	assert_true(g_ut.q->fini);
	assert_true(TAILQ_EMPTY(&g_ut.subsystem->ctrlrs));
	ut_end();
}

/** A deallocation is several I/Os under another name. */
static void
test_dsm(void **state)
{
	struct spdk_nvme_dsm_range range = { .length = 4 };
	struct ut_req req = {};

	ut_begin(&g_durable, 0);
	g_ut.hold = true;
	g_ut.abort = UT_ABORT_WORKS;
	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_DATASET_MANAGEMENT;
	req.cmd.nvme_cmd.nsid = 1;
	req.cmd.nvme_cmd.cdw11 = SPDK_NVME_DSM_ATTR_DEALLOCATE;
	memcpy(req.data, &range, sizeof(range));
	ut_exec(g_ut.q, &req, sizeof(range));
	poll_threads();
	assert_int_equal(g_ut.num_held, 1);
	ut_disconnect(g_ut.q);
	wait_s(17);
	assert_int_equal(g_ut.num_aborts, 1);
	assert_true(g_ut.q->fini);
	ut_end();
}

/** No memory for the abort at first: the next look has it. */
static void
test_no_memory(void **state)
{
	struct ut_req req[2];

	hang(req, UT_ABORT_NONE, true);
	ut_disconnect(g_ut.q);
	wait_s(19);
	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	wait_s(10);
	env_fault_clear();
	wait_s(60);
	assert_true(g_ut.q->fini);
	ut_end();
}

struct abort_row {
	const char *name;
	enum ut_abort abort;
	uint16_t cid;
	uint32_t cdw0;
	uint32_t completed; /* of the command with CID 7 */
	uint16_t status;
};

static const struct abort_row g_aborts[] = {
	{ "the bdev aborts it", UT_ABORT_WORKS, 7, 0, 1, 0x007 },
	{ "the bdev does not", UT_ABORT_FAILS, 7, 1, 0, 0 },
	{ "the bdev can't", UT_ABORT_NONE, 7, 1, 0, 0 },
	{ "there is none", UT_ABORT_WORKS, 9, 1, 0, 0 },
};

/** The host's Abort command. */
static void
test_abort_command(void **state)
{
	struct ut_req req[2], abort;
	uint32_t i;

	for (i = 0; i < SPDK_COUNTOF(g_aborts); i++) {
		const struct abort_row *row = &g_aborts[i];

		hang(req, row->abort, false);
		memset(&abort, 0, sizeof(abort));
		abort.cmd.nvme_cmd.opc = SPDK_NVME_OPC_ABORT;
		abort.cmd.nvme_cmd.cdw10 = 1 | (uint32_t)row->cid << 16;
		if (ut_run(g_ut.admin, &abort, 0) != 0 || abort.rsp.nvme_cpl.cdw0 != row->cdw0 ||
		    req[0].completed != row->completed || req[1].completed != 0) {
			fail_msg("%s: cdw0 %u, completed %u %u", row->name, abort.rsp.nvme_cpl.cdw0,
			         req[0].completed, req[1].completed);
		}
		if (row->completed) {
			assert_int_equal(req[0].rsp.nvme_cpl.status.sc, row->status);
		}
		ut_release(true);
		ut_end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ladder),     cmocka_unit_test(test_abort_holds),
		cmocka_unit_test(test_keep_alive), cmocka_unit_test(test_dsm),
		cmocka_unit_test(test_no_memory),  cmocka_unit_test(test_abort_command),
	};

	return cmocka_run_group_tests_name("nvmf drain", tests, NULL, NULL);
}
