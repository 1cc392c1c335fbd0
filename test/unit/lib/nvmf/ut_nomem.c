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
		cmocka_unit_test(test_drained_queue_is_left_alone),
	};

	return cmocka_run_group_tests_name("nvmf nomem", tests, NULL, NULL);
}
