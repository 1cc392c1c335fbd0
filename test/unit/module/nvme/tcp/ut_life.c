/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The life of an I/O queue pair over TCP: deadlines of connecting, and what call-backs may do to
 * the queue pair in whose poll they run: free it, disconnect it, connect it again, poll it.
 * Whatever happens, each command is told exactly once, and nothing leaks.
 */

#include "mem_target.h"

#define CMDS_MAX 8

static struct {
	struct spdk_nvme_ctrlr *ctrlr;
	struct spdk_nvme_poll_group *group; /* NULL: queue pairs are polled alone */
	struct spdk_nvme_qpair *qpairs[2];
	uint64_t live, heap;
	uint32_t num_done[CMDS_MAX];
	struct spdk_nvme_cpl cpl[CMDS_MAX];
	/* What the call-back of the first command does, and that of an aborted one. */
	void (*first)(void);
	void (*aborted)(void);
	uint32_t num_told; /* time-outs; disconnected queue pairs */
} g_life;

static void
start(bool with_group)
{
	memset(&g_life, 0, sizeof(g_life));
	mem_reset();
	mem_answer_all();
	g_life.live = env_sim_live();
	g_life.heap = env_sim_live_heap();
	g_life.ctrlr = mem_ctrlr_new(false, false);
	assert_non_null(g_life.ctrlr);
	/* Nothing here needs the admin queue. */
	g_life.ctrlr->init.state = NVME_CTRLR_READY;
	if (with_group) {
		g_life.group = spdk_nvme_poll_group_create(NULL, NULL);
		assert_non_null(g_life.group);
	}
}

static void
stop(void)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_life.qpairs); i++) {
		spdk_nvme_ctrlr_free_io_qpair(g_life.qpairs[i]);
		assert_null(g_nets[i].sock);
	}
	if (g_life.group != NULL) {
		assert_int_equal(spdk_nvme_poll_group_destroy(g_life.group), 0);
	}
	assert_true(TAILQ_EMPTY(&g_life.ctrlr->io_qpairs));
	nvme_ctrlr_destruct(g_life.ctrlr);
	assert_int_equal(env_sim_live(), g_life.live);
	assert_int_equal(env_sim_live_heap(), g_life.heap);
}

static void
disconnected(struct spdk_nvme_qpair *qpair, void *group_ctx)
{
	g_life.num_told++;
}

static int64_t
poll_all(void)
{
	return g_life.group != NULL
	               ? spdk_nvme_poll_group_process_completions(g_life.group, 0, disconnected)
	               : spdk_nvme_qpair_process_completions(g_life.qpairs[0], 0);
}

static void
qpair_new(int i, bool async)
{
	struct spdk_nvme_io_qpair_opts opts;

	spdk_nvme_ctrlr_get_default_io_qpair_opts(g_life.ctrlr, &opts, sizeof(opts));
	opts.create_only = true;
	opts.async_mode = async;
	g_life.qpairs[i] = spdk_nvme_ctrlr_alloc_io_qpair(g_life.ctrlr, &opts, sizeof(opts));
	assert_non_null(g_life.qpairs[i]);
	if (g_life.group != NULL) {
		assert_int_equal(spdk_nvme_poll_group_add(g_life.group, g_life.qpairs[i]), 0);
	}
}

static void
qpair_up(int i)
{
	int polls = 0;

	qpair_new(i, true);
	assert_int_equal(spdk_nvme_ctrlr_connect_io_qpair(g_life.ctrlr, g_life.qpairs[i]), 0);
	while (!spdk_nvme_qpair_is_connected(g_life.qpairs[i])) {
		assert_true(polls++ < 10);
		env_sim_advance_us(1000);
		assert_true(poll_all() >= 0);
	}
}

static void
cmd_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	uintptr_t i = (uintptr_t)arg;
	void (*what)(void) = g_life.aborted;

	g_life.num_done[i]++;
	g_life.cpl[i] = *cpl;
	if (!spdk_nvme_cpl_is_aborted_sq_deletion(cpl)) {
		what = i == 0 ? g_life.first : NULL;
	}
	if (what != NULL) {
		what();
	}
}

/* Flushes numbered from 0 on, `count` of them. */
static void
submit(int qpair, uintptr_t first, uintptr_t count)
{
	struct spdk_nvme_cmd cmd = { .opc = SPDK_NVME_OPC_FLUSH, .nsid = 1 };
	uintptr_t i;

	for (i = first; i < first + count; i++) {
		assert_int_equal(spdk_nvme_ctrlr_cmd_io_raw(g_life.ctrlr, g_life.qpairs[qpair],
		                                            &cmd, NULL, 0, cmd_done, (void *)i),
		                 0);
	}
	assert_int_equal(poll_all(), 0);
}

/* Commands [0, good) succeeded, [good, all) were aborted; each was told once. */
static void
check_told(uint32_t good, uint32_t all)
{
	uint32_t i;

	for (i = 0; i < all; i++) {
		assert_int_equal(g_life.num_done[i], 1);
		assert_int_equal(spdk_nvme_cpl_is_success(&g_life.cpl[i]), i < good);
		assert_int_equal(spdk_nvme_cpl_is_aborted_sq_deletion(&g_life.cpl[i]), i >= good);
	}
	for (; i < CMDS_MAX; i++) {
		assert_int_equal(g_life.num_done[i], 0);
	}
}

/* ---- What call-backs do ---- */

static void
free_first(void)
{
	spdk_nvme_ctrlr_free_io_qpair(g_life.qpairs[0]);
}

static void
free_second(void)
{
	spdk_nvme_ctrlr_free_io_qpair(g_life.qpairs[1]);
	g_life.qpairs[1] = NULL;
	g_life.aborted = NULL;
}

static void
disconnect_first(void)
{
	spdk_nvme_ctrlr_disconnect_io_qpair(g_life.qpairs[0]);
}

static void
poll_again(void)
{
	assert_true(spdk_nvme_qpair_process_completions(g_life.qpairs[0], 0) >= 0);
}

static void
reconnect_first(void)
{
	disconnect_first();
	assert_int_equal(spdk_nvme_ctrlr_reconnect_io_qpair(g_life.qpairs[0]), 0);
}

static const struct callback_case {
	const char *name;
	void (*first)(void);
	void (*aborted)(void);
	uint32_t num_good; /* of three commands, of which two are answered */
	uint32_t num_told;
	bool stays;
	bool is_connected;
} g_callbacks[] = {
	{ "frees", free_first, NULL, 2, 3, false, false },
	{ "frees, and so does what that aborts", free_first, free_first, 2, 3, false, false },
	{ "disconnects", disconnect_first, NULL, 1, 3, true, false },
	{ "disconnects; what that aborts frees", disconnect_first, free_first, 1, 3, false, false },
	{ "connects anew", reconnect_first, NULL, 1, 3, true, false },
	{ "polls", poll_again, NULL, 2, 2, true, true },
};

static void
callback_one(const struct callback_case *c, bool with_group)
{
	start(with_group);
	qpair_up(0);
	submit(0, 0, 3);
	g_life.first = c->first;
	g_life.aborted = c->aborted;
	put_resp(g_net->cids[0], 0, 0);
	put_resp(g_net->cids[1], 0, 0);
	poll_all();
	check_told(c->num_good, c->num_told);
	if (!c->stays) {
		g_life.qpairs[0] = NULL;
		assert_true(TAILQ_EMPTY(&g_life.ctrlr->io_qpairs));
		assert_null(g_net->sock);
	} else {
		assert_int_equal(spdk_nvme_qpair_is_connected(g_life.qpairs[0]), c->is_connected);
	}
	g_life.first = g_life.aborted = NULL;
	stop();
}

static void
callbacks_may_do_all(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_callbacks); i++) {
		print_message("# a call-back that %s\n", g_callbacks[i].name);
		callback_one(&g_callbacks[i], false);
		callback_one(&g_callbacks[i], true);
	}
}

/* The group frees the first when its poll ends; what that aborts frees the second. */
static void
a_free_frees_another(void **state)
{
	start(true);
	qpair_up(0);
	qpair_up(1);
	submit(0, 0, 2);
	submit(1, 2, 1);
	g_life.first = free_first;
	g_life.aborted = free_second;
	put_resp(g_net->cids[0], 0, 0);
	poll_all();
	g_life.qpairs[0] = NULL;
	check_told(1, 3);
	stop();
}

/* ---- Connecting ---- */

/* By default a connect waits, here within the poll of the group that found the connection lost. */
static void
reconnect_disconnected(struct spdk_nvme_qpair *qpair, void *group_ctx)
{
	uint64_t before = spdk_get_ticks();

	g_life.num_told++;
	assert_int_equal(spdk_nvme_ctrlr_reconnect_io_qpair(qpair), 0);
	assert_true(spdk_get_ticks() - before < ENV_SIM_TICKS_HZ / 1000);
}

static void
waits_for_a_connect_in_a_poll(void **state)
{
	start(true);
	qpair_new(0, false);
	assert_int_equal(spdk_nvme_ctrlr_connect_io_qpair(g_life.ctrlr, g_life.qpairs[0]), 0);
	assert_true(spdk_nvme_qpair_is_connected(g_life.qpairs[0]));
	g_net->rx_eof = true;
	spdk_nvme_poll_group_process_completions(g_life.group, 0, reconnect_disconnected);
	assert_int_equal(g_life.num_told, 1);
	assert_true(spdk_nvme_qpair_is_connected(g_life.qpairs[0]));
	submit(0, 0, 1);
	put_resp(g_net->cids[0], 0, 0);
	assert_int_equal(poll_all(), 1);
	check_told(1, 1);
	stop();
}

/* A group knows whether all are connected, and counts. */
static void
group_facts(void **state)
{
	struct spdk_nvme_poll_group_stat *stat = NULL;
	struct spdk_nvme_poll_group *group = spdk_nvme_poll_group_create(&g_life, NULL);

	assert_ptr_equal(spdk_nvme_poll_group_get_ctx(group), &g_life);
	assert_int_equal(spdk_nvme_poll_group_get_stats(group, &stat), -ENOTSUP);
	assert_int_equal(spdk_nvme_poll_group_get_stats(group, NULL), -EINVAL);
	assert_int_equal(spdk_nvme_poll_group_destroy(group), 0);
	start(true);
	assert_int_equal(spdk_nvme_poll_group_all_connected(g_life.group), 0);
	qpair_new(0, true);
	assert_int_equal(spdk_nvme_poll_group_all_connected(g_life.group), -EIO);
	assert_int_equal(spdk_nvme_ctrlr_connect_io_qpair(g_life.ctrlr, g_life.qpairs[0]), 0);
	assert_int_equal(spdk_nvme_poll_group_all_connected(g_life.group), -EAGAIN);
	while (!spdk_nvme_qpair_is_connected(g_life.qpairs[0])) {
		env_sim_advance_us(1000);
		assert_true(poll_all() >= 0);
	}
	assert_int_equal(spdk_nvme_poll_group_all_connected(g_life.group), 0);
	submit(0, 0, 1);
	put_resp(g_net->cids[0], 0, 0);
	assert_int_equal(poll_all(), 1);
	assert_int_equal(spdk_nvme_poll_group_get_stats(g_life.group, &stat), 0);
	assert_int_equal(stat->num_transports, 1);
	assert_int_equal(stat->transport_stat[0]->trtype, SPDK_NVME_TRANSPORT_TCP);
	assert_int_equal(stat->transport_stat[0]->tcp.nvme_completions, 2); /* with Connect */
	spdk_nvme_poll_group_free_stats(g_life.group, stat);
	stop(); /* which counts what is left */
}

static const struct deadline_case {
	const char *name;
	bool connects;
	bool answers_ic;
	uint64_t timeout_ms;
} g_deadlines[] = {
	{ "no connection", false, false, 30000 },
	{ "no ICResp", true, false, 10000 },
	{ "no answer to Connect", true, true, 500 },
};

static void
deadline_one(const struct deadline_case *c)
{
	struct spdk_nvme_qpair *qpair;
	int i;

	start(false);
	g_net->never_connects = !c->connects;
	g_net->answers_ic = c->answers_ic;
	g_net->answers_connect = false;
	qpair_new(0, true);
	qpair = g_life.qpairs[0];
	assert_int_equal(spdk_nvme_ctrlr_connect_io_qpair(g_life.ctrlr, qpair), 0);
	for (i = 0; i < 5; i++) {
		assert_int_equal(poll_all(), 0);
	}
	env_sim_advance_us(c->timeout_ms * 1000 - 1);
	assert_int_equal(poll_all(), 0);
	env_sim_advance_us(2);
	assert_int_equal(poll_all(), -ENXIO);
	assert_false(spdk_nvme_qpair_is_connected(qpair));
	assert_null(g_net->sock);
	assert_int_equal(spdk_nvme_qpair_get_num_outstanding_reqs(qpair), 0);
	stop();
}

static void
each_step_has_a_deadline(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_deadlines); i++) {
		print_message("# %s\n", g_deadlines[i].name);
		deadline_one(&g_deadlines[i]);
	}
}

/* What is submitted while it connects waits, and goes out when it is up. */
static void
commands_wait_for_the_connection(void **state)
{
	struct spdk_nvme_cmd cmd = { .opc = SPDK_NVME_OPC_FLUSH, .nsid = 1 };
	int polls = 0;

	start(false);
	qpair_new(0, true);
	assert_int_equal(spdk_nvme_ctrlr_connect_io_qpair(g_life.ctrlr, g_life.qpairs[0]), 0);
	assert_int_equal(spdk_nvme_ctrlr_cmd_io_raw(g_life.ctrlr, g_life.qpairs[0], &cmd, NULL, 0,
	                                            cmd_done, NULL),
	                 0);
	while (g_net->num_cids == 0) {
		assert_true(polls++ < 10);
		assert_true(poll_all() >= 0);
	}
	assert_true(spdk_nvme_qpair_is_connected(g_life.qpairs[0]));
	put_resp(g_net->cids[0], 0, 0);
	assert_int_equal(poll_all(), 1);
	check_told(1, 1);
	stop();
}

/* ---- Time-outs, closing ---- */

/* The call-back polls, which completes the commands behind the one that is late. */
static void
late(void *arg, struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair, uint16_t cid)
{
	g_life.num_told++;
	assert_int_equal(cid, g_net->cids[0]);
	put_resp(g_net->cids[1], 0, 0);
	put_resp(g_net->cids[2], 0, 0);
	poll_again();
	assert_int_equal(g_life.num_done[1] + g_life.num_done[2], 2);
}

static void
a_time_out_may_poll(void **state)
{
	start(false);
	qpair_up(0);
	spdk_nvme_ctrlr_register_timeout_callback(g_life.ctrlr, 5000, 0, late, NULL);
	submit(0, 0, 3);
	env_sim_advance_us(5001);
	assert_int_equal(poll_all(), 0);
	assert_int_equal(g_life.num_told, 1);
	put_resp(g_net->cids[0], 0, 0);
	assert_int_equal(poll_all(), 1);
	check_told(3, 3);
	stop();
}

static uint8_t g_write_buf[16384];

static void
submit_write(void)
{
	struct spdk_nvme_cmd cmd = { .opc = SPDK_NVME_OPC_WRITE, .nsid = 1 };

	assert_int_equal(spdk_nvme_ctrlr_cmd_io_raw(g_life.ctrlr, g_life.qpairs[0], &cmd,
	                                            g_write_buf, sizeof(g_write_buf), cmd_done,
	                                            (void *)(uintptr_t)2),
	                 0);
}

static void
second_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	disconnect_first();
}

/*
 * A write's capsule is out but the socket has not said so yet, its R2T is here, and then the
 * connection is closed: what the socket gives back must not be followed by the data.
 */
static void
no_data_into_a_closed_socket(void **state)
{
	struct spdk_nvme_cmd cmd = { .opc = SPDK_NVME_OPC_FLUSH, .nsid = 1 };

	start(false);
	qpair_up(0);
	submit(0, 0, 1);
	assert_int_equal(spdk_nvme_ctrlr_cmd_io_raw(g_life.ctrlr, g_life.qpairs[0], &cmd, NULL, 0,
	                                            second_done, NULL),
	                 0);
	assert_int_equal(poll_all(), 0);
	g_net->tx_eager = true;
	g_life.first = submit_write;
	put_resp(g_net->cids[0], 0, 0);
	/* The write takes the place that the first gave back. */
	put_r2t((uint16_t)(g_net->cids[0] + 0x1000), 1, 0, sizeof(g_write_buf));
	put_resp(g_net->cids[1], 0, 0);
	poll_all();
	assert_null(g_net->sock);
	assert_int_equal(g_life.num_done[2], 1);
	assert_true(spdk_nvme_cpl_is_aborted_sq_deletion(&g_life.cpl[2]));
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(callbacks_may_do_all),
		cmocka_unit_test(a_free_frees_another),
		cmocka_unit_test(waits_for_a_connect_in_a_poll),
		cmocka_unit_test(group_facts),
		cmocka_unit_test(each_step_has_a_deadline),
		cmocka_unit_test(commands_wait_for_the_connection),
		cmocka_unit_test(a_time_out_may_poll),
		cmocka_unit_test(no_data_into_a_closed_socket),
	};

	return cmocka_run_group_tests(tests, mem_setup, mem_teardown);
}
