/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Each allocation of an operation fails in turn: a clean error or success, then everything can be
 * taken down and nothing leaked (ut_stop() looks).
 */

#include "ut_nvmf.h"

#define NQN2 "nqn.2026-01.io.basalt:nomem"
#define FAULTS_MAX 200
#define RETRY_US 10000

static const struct bdev_traits g_durable = { .atomic_blocks = 8 };

static void
note(void *arg, int status)
{
	*(int *)arg = status;
}

static void
note_state(struct spdk_nvmf_subsystem *subsystem, void *arg, int status)
{
	*(int *)arg = status;
}

/** Run \p op with its first, second ... allocation failing, until one run met no failure; that one
 *  must have succeeded. At least \p least runs must have failed. */
static void
each_allocation(void (*op)(bool may_fail, uint32_t *failed), uint32_t least)
{
	uint32_t failed = 0;
	uint64_t nth;

	ut_start(&g_durable);
	for (nth = 1; nth < FAULTS_MAX; nth++) {
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		op(true, &failed);
		if (env_fault_count(ENV_FAULT_HEAP) < nth) {
			break;
		}
	}
	env_sim_fail_nth(ENV_FAULT_HEAP, 0);
	assert_true(nth < FAULTS_MAX);
	assert_true(failed >= least);
	op(false, &failed);
	ut_stop();
}

/* ---- The operations ---- */

static void
op_subsystem(bool may_fail, uint32_t *failed)
{
	struct spdk_nvmf_subsystem *subsystem;

	subsystem = spdk_nvmf_subsystem_create_ext(g_ut.tgt, NQN2, SPDK_NVMF_SUBTYPE_NVME, NULL);
	assert_true(subsystem != NULL || may_fail);
	assert_ptr_equal(spdk_nvmf_tgt_find_subsystem(g_ut.tgt, NQN2), subsystem);
	*failed += subsystem == NULL;
	if (subsystem != NULL) {
		assert_int_equal(spdk_nvmf_subsystem_destroy(subsystem, NULL, NULL), 0);
	}
	poll_threads();
}

/** Remove the namespace and put it back: pause, remove, add, resume. */
static void
op_namespace(bool may_fail, uint32_t *failed)
{
	int paused = 1, resumed = 1;
	uint32_t nsid;

	assert_int_equal(spdk_nvmf_subsystem_pause(g_ut.subsystem, 1, note_state, &paused), 0);
	poll_threads();
	if (paused != 0) {
		/* As if nobody had asked. */
		assert_true(may_fail);
		assert_int_equal(paused, -ENOMEM);
		assert_int_equal(spdk_nvmf_subsystem_remove_ns(g_ut.subsystem, 1), -EBUSY);
		(*failed)++;
		return;
	}
	assert_int_equal(spdk_nvmf_subsystem_remove_ns(g_ut.subsystem, 1), 0);
	nsid = spdk_nvmf_subsystem_add_ns_ext(g_ut.subsystem, "ut0", NULL, 0, NULL);
	if (nsid == 0) {
		assert_true(may_fail);
		(*failed)++;
		nsid = spdk_nvmf_subsystem_add_ns_ext(g_ut.subsystem, "ut0", NULL, 0, NULL);
	}
	assert_int_equal(nsid, 1);
	assert_int_equal(spdk_nvmf_subsystem_resume(g_ut.subsystem, note_state, &resumed), 0);
	poll_threads();
	poll_threads_us(RETRY_US); /* without memory it is tried again */
	assert_true(resumed == 0 || (may_fail && resumed == -ENOMEM));
	*failed += resumed != 0;
	assert_int_equal(g_ut.subsystem->state, NVMF_SUBSYSTEM_ACTIVE);
}

static void
op_listener(bool may_fail, uint32_t *failed)
{
	struct spdk_nvme_transport_id trid = { .trstring = "UT", .traddr = "there" };
	int rc, added = 1;

	rc = spdk_nvmf_tgt_listen_ext(g_ut.tgt, &trid, NULL);
	if (rc != 0) {
		assert_true(may_fail && rc == -ENOMEM);
		(*failed)++;
		return;
	}
	spdk_nvmf_subsystem_add_listener(g_ut.subsystem, &trid, note, &added);
	poll_threads();
	if (added == 0) {
		assert_int_equal(spdk_nvmf_subsystem_remove_listener(g_ut.subsystem, &trid), 0);
	} else {
		assert_true(may_fail && added == -ENOMEM);
		(*failed)++;
	}
	assert_int_equal(spdk_nvmf_tgt_stop_listen(g_ut.tgt, &trid), 0);
	assert_true(TAILQ_EMPTY(&g_ut.transport->listeners));
	poll_threads();
}

/** Connect with keep-alive, and end; the end never fails. */
static void
op_connect(bool may_fail, uint32_t *failed)
{
	struct ut_qpair *uq = ut_qpair_new();
	struct ut_req req;
	uint16_t status;

	ut_connect_fill(&req, UT_NQN, 0, 0xffff);
	req.cmd.connect_cmd.kato = 10000;
	status = ut_run(uq, &req, 1024);
	assert_true(status == 0 || may_fail);
	*failed += status != 0;
	if (!uq->fini) {
		ut_disconnect(uq);
	}
	ut_qpair_free(uq);
	assert_true(TAILQ_EMPTY(&g_ut.subsystem->ctrlrs));
}

/* ---- Tests ---- */

static void
test_subsystem(void **state)
{
	each_allocation(op_subsystem, 2);
}

static void
test_namespace(void **state)
{
	each_allocation(op_namespace, 2);
}

static void
test_listener(void **state)
{
	each_allocation(op_listener, 2);
}

static void
test_connect(void **state)
{
	each_allocation(op_connect, 3);
}

/** The n-th allocation of the stop alone fails; what came before it had its memory. */
static void
test_stop(void **state)
{
	struct ut_qpair *admin, *q;
	uint16_t cntlid;
	uint64_t nth;
	int status;

	for (nth = 1; nth <= 8; nth++) {
		ut_start(&g_durable);
		admin = ut_admin(UT_NQN, &cntlid, 0);
		q = ut_io_queue(cntlid, 1);
		status = 1;
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		spdk_nvmf_subsystem_stop(g_ut.subsystem, note_state, &status);
		poll_threads();
		env_fault_clear();
		poll_threads_us(RETRY_US);
		poll_threads_us(RETRY_US);
		assert_int_equal(status, 0);
		assert_true(admin->fini && q->fini);
		ut_qpair_free(admin);
		ut_qpair_free(q);
		ut_stop();
	}
}

/* ---- Namespaces ---- */

static uint16_t
read_nsid(uint32_t nsid, uint64_t lba)
{
	struct ut_req req = {};

	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_READ;
	req.cmd.nvme_cmd.nsid = nsid;
	req.cmd.nvme_cmd.cdw10 = (uint32_t)lba;
	return ut_run(g_ut.q, &req, 512);
}

static void
pause_all(void)
{
	int status = 1;

	assert_int_equal(spdk_nvmf_subsystem_pause(g_ut.subsystem, SPDK_NVME_GLOBAL_NS_TAG,
	                                           note_state, &status),
	                 0);
	poll_threads();
	assert_int_equal(status, 0);
}

static int
resume(void)
{
	int status = 1;

	assert_int_equal(spdk_nvmf_subsystem_resume(g_ut.subsystem, note_state, &status), 0);
	poll_threads();
	return status;
}

/** A group can't open namespace 1 any more: namespace 2, which went in the same pause, is gone in
 *  that group too. It would answer from a descriptor that is closed. */
static void
test_removed_behind_failed(void **state)
{
	struct spdk_nvmf_ns_opts opts;

	ut_begin(&g_durable, 0);
	spdk_nvmf_ns_opts_get_defaults(&opts, sizeof(opts));
	opts.nsid = 2;
	pause_all();
	assert_int_equal(
	        spdk_nvmf_subsystem_add_ns_ext(g_ut.subsystem, "ut1", &opts, sizeof(opts), NULL),
	        2);
	assert_int_equal(resume(), 0);
	assert_int_equal(read_nsid(2, 0), 0);
	pause_all();
	assert_int_equal(spdk_nvmf_subsystem_remove_ns(g_ut.subsystem, 1), 0);
	assert_int_equal(resume(), 0);
	pause_all();
	g_ut.no_channel = &g_ut.bdev;
	assert_int_equal(spdk_nvmf_subsystem_remove_ns(g_ut.subsystem, 2), 0);
	assert_int_equal(spdk_nvmf_subsystem_add_ns_ext(g_ut.subsystem, "ut0", NULL, 0, NULL), 1);
	assert_int_equal(resume(), -ENOMEM);
	assert_int_equal(read_nsid(1, 0), 0x00b);
	assert_int_equal(read_nsid(2, 0), 0x00b);
	pause_all();
	g_ut.no_channel = NULL;
	assert_int_equal(resume(), 0);
	assert_int_equal(read_nsid(1, 0), 0);
	ut_end();
}

static void
unregistered(void *arg, int rc)
{
	*(int *)arg = rc;
}

/** The bdev goes while there is no memory, for twenty tries: its namespace goes as soon as there
 *  is some, and the bdev, which waits for that. */
static void
test_hot_removal(void **state)
{
	int i, gone = 1;

	ut_begin(&g_durable, 0);
	g_ut.bdev_gone = true;
	spdk_bdev_unregister(&g_ut.bdev, unregistered, &gone);
	for (i = 0; i < 20; i++) {
		env_sim_fail_nth(ENV_FAULT_HEAP, 1);
		poll_threads_us(RETRY_US);
		assert_int_equal(env_fault_count(ENV_FAULT_HEAP) >= 1, 1);
		assert_int_equal(gone, 1);
	}
	env_fault_clear();
	poll_threads_us(RETRY_US);
	assert_int_equal(gone, 0);
	assert_null(spdk_nvmf_subsystem_get_ns(g_ut.subsystem, 1));
	assert_int_equal(read_nsid(1, 0), 0x00b);
	ut_end();
}

/** The same when the subsystem is stopped meanwhile: the removal finds it inactive. */
static void
test_hot_removal_and_stop(void **state)
{
	int gone = 1, stopped = 1;

	ut_begin(&g_durable, 0);
	g_ut.bdev_gone = true;
	spdk_bdev_unregister(&g_ut.bdev, unregistered, &gone);
	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	poll_threads();
	spdk_nvmf_subsystem_stop(g_ut.subsystem, note_state, &stopped);
	poll_threads();
	assert_int_equal(stopped, 0);
	env_fault_clear();
	poll_threads_us(RETRY_US);
	assert_int_equal(gone, 0);
	ut_end();
}

/** An operation that comes while somebody has paused the subsystem runs after the resume; nothing
 *  looks for it meanwhile (poll_threads() would not end). */
static void
test_operation_waits(void **state)
{
	int status = 1;

	ut_begin(&g_durable, 0);
	pause_all();
	assert_int_equal(nvmf_subsystem_run_paused(g_ut.subsystem, 1, note_state, &status), 0);
	poll_threads();
	assert_int_equal(status, 1);
	assert_int_equal(resume(), 0);
	poll_threads();
	assert_int_equal(status, 0);
	assert_int_equal(g_ut.subsystem->state, NVMF_SUBSYSTEM_ACTIVE);
	ut_end();
}

static void
test_resize(void **state)
{
	ut_begin(&g_durable, 0);
	assert_int_equal(read_nsid(1, UT_BLOCKS), 0x080);
	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	assert_int_equal(spdk_bdev_notify_blockcnt_change(&g_ut.bdev, UT_BLOCKS + 1), 0);
	poll_threads();
	env_fault_clear();
	assert_int_equal(read_nsid(1, UT_BLOCKS), 0);
	ut_end();
}

/** No memory for the number of the namespace that changed: "too many to name". */
static void
test_notice(void **state)
{
	struct ut_req aer = {}, req = {};

	ut_begin_admin(&g_durable);
	aer.cmd.nvme_cmd.opc = SPDK_NVME_OPC_ASYNC_EVENT_REQUEST;
	ut_exec(g_ut.admin, &aer, 0);
	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	nvmf_subsystem_ns_changed(g_ut.subsystem, 1);
	env_fault_clear();
	poll_threads();
	assert_int_equal(aer.completed, 1);
	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_GET_LOG_PAGE;
	req.cmd.nvme_cmd.cdw10 = SPDK_NVME_LOG_CHANGED_NS_LIST | 1023u << 16;
	assert_int_equal(ut_run(g_ut.admin, &req, 4096), 0);
	assert_int_equal(((uint32_t *)req.data)[0], UINT32_MAX);
	assert_int_equal(((uint32_t *)req.data)[1], 0);
	ut_end();
}

/** Waiting for a host to go: an error at once when there is no memory to begin, and no time limit
 *  otherwise. */
static void
test_disconnect_host(void **state)
{
	int status = 1, rc;
	uint64_t nth;

	for (nth = 1; nth <= 3; nth++) {
		ut_begin(&g_durable, 0);
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		status = 1;
		rc = spdk_nvmf_subsystem_disconnect_host(g_ut.subsystem, UT_HOST, note, &status, 0);
		poll_threads();
		env_fault_clear();
		assert_int_equal(rc, nth == 1 ? -ENOMEM : 0);
		assert_int_equal(status, nth == 1 ? 1 : nth == 2 ? -ENOMEM : 0);
		assert_int_equal(g_ut.admin->fini, nth == 3);
		if (nth < 3) {
			ut_disconnect(g_ut.admin);
		}
		ut_end();
	}
}

/** A queue that has drained may name a controller that is freed: nobody may look at it. */
static void
test_drained_queue_is_left_alone(void **state)
{
	struct spdk_nvmf_ctrlr *gone = test_malloc(sizeof(*gone));
	struct spdk_nvmf_qpair qpair = { .ctrlr = gone, .state = SPDK_NVMF_QPAIR_ERROR };

	memset(gone, 0, sizeof(*gone));
	ut_start(&g_durable);
	gone->subsys = g_ut.subsystem;
	qpair.group = g_ut.group;
	assert_false(nvmf_qpair_is_of(&qpair, g_ut.subsystem));
	qpair.state = SPDK_NVMF_QPAIR_ENABLED;
	assert_true(nvmf_qpair_is_of(&qpair, g_ut.subsystem));
	test_free(gone);
	ut_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subsystem),
		cmocka_unit_test(test_namespace),
		cmocka_unit_test(test_listener),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_removed_behind_failed),
		cmocka_unit_test(test_hot_removal),
		cmocka_unit_test(test_hot_removal_and_stop),
		cmocka_unit_test(test_operation_waits),
		cmocka_unit_test(test_resize),
		cmocka_unit_test(test_notice),
		cmocka_unit_test(test_disconnect_host),
		cmocka_unit_test(test_drained_queue_is_left_alone),
	};

	return cmocka_run_group_tests_name("nvmf nomem", tests, NULL, NULL);
}
