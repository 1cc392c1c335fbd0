/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The NVMe host library over a transport that the tests play: each table states the commands that
 * must come, to the byte where it matters, and the completions given back.
 */

#include "ut_fake.h"

static void
comes_up(void **state)
{
	struct spdk_nvme_ns *ns;

	bring_up();
	assert_int_equal(g_fake.ctrlr.opts.num_io_queues, 4);
	assert_int_equal(g_fake.ctrlr.opts.io_queue_size, 256);
	assert_int_equal(g_fake.ctrlr.opts.keep_alive_timeout_ms, 2000);
	assert_int_equal(spdk_nvme_ctrlr_get_max_xfer_size(&g_fake.ctrlr), 131072);
	assert_int_equal(spdk_nvme_ctrlr_get_first_active_ns(&g_fake.ctrlr), 3);
	assert_int_equal(spdk_nvme_ctrlr_get_next_active_ns(&g_fake.ctrlr, 3), 0);
	assert_false(spdk_nvme_ctrlr_is_active_ns(&g_fake.ctrlr, 1));
	assert_null(spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 9));
	ns = spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 3);
	assert_int_equal(spdk_nvme_ns_get_sector_size(ns), 512);
	assert_int_equal(spdk_nvme_ns_get_flags(ns), SPDK_NVME_NS_FLUSH_SUPPORTED);
	assert_int_equal(spdk_nvme_ns_get_uuid(ns)->u.raw[15], 0xab);
	stop();
}

/* Each command of the way up fails in its turn: that ends it, and nothing leaks. */
static void
every_step_can_fail(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_init_steps); i++) {
		const struct init_step *step = &g_init_steps[i];
		/* These are refused by controllers that do without. */
		bool optional = step->opc == SPDK_NVME_OPC_GET_FEATURES ||
		                step->opc == SPDK_NVME_OPC_SET_FEATURES ||
		                (step->opc == SPDK_NVME_OPC_IDENTIFY && step->nsid == 3);

		start();
		play_init(i);
		while (g_fake.num_out == 0) {
			nvme_ctrlr_process_init(&g_fake.ctrlr);
		}
		answer(SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_INTERNAL_DEVICE_ERROR, 0, 0);
		/* Behind the last one, which is optional, the controller is ready. */
		assert_int_equal(nvme_ctrlr_process_init(&g_fake.ctrlr),
		                 i + 1 == SPDK_COUNTOF(g_init_steps) ? 0
		                 : optional                          ? -EAGAIN
		                                                     : -EIO);
		stop();
	}
}

static void
every_step_has_a_deadline(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_init_steps); i++) {
		start();
		play_init(i);
		while (g_fake.num_out == 0) {
			nvme_ctrlr_process_init(&g_fake.ctrlr);
		}
		spdk_delay_us((NVME_ADMIN_TIMEOUT_MS_DFLT + 1) * 1000u);
		assert_int_equal(nvme_ctrlr_process_init(&g_fake.ctrlr), -ETIMEDOUT);
		assert_int_equal(g_fake.num_out, 0);
		stop();
	}
}

/* A list that would name namespaces twice, or some that no handle can be had for. */
static void
list_of_namespaces_is_checked(void **state)
{
	static const uint32_t lists[][3] = {
		{ 3, 3, 0 },
		{ 3, 2, 0 },
		{ 9, 0, 0 },
		{ 1, 0xffffffff, 0 },
	};
	size_t i, step = 0;

	while (strcmp(g_init_steps[step].what, "namespaces") != 0) {
		step++;
	}
	for (i = 0; i < SPDK_COUNTOF(lists); i++) {
		start();
		play_init(step);
		while (g_fake.num_out == 0) {
			nvme_ctrlr_process_init(&g_fake.ctrlr);
		}
		memcpy(g_fake.out[0]->payload.base, lists[i], sizeof(lists[i]));
		answer(0, 0, 0, 0);
		assert_int_equal(nvme_ctrlr_process_init(&g_fake.ctrlr), -EPROTO);
		assert_int_equal(spdk_nvme_ctrlr_get_first_active_ns(&g_fake.ctrlr), 0);
		stop();
	}
}

/* ---- Reads and writes ---- */

static uint32_t g_done;
static struct spdk_nvme_cpl g_cpl;

static void
io_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	g_done++;
	g_cpl = *cpl;
}

static const struct split_case {
	const char *what;
	uint64_t lba;
	uint32_t count;
	uint32_t boundary;
	int rc;
	struct {
		uint64_t lba;
		uint32_t count;
	} pieces[8];
} g_split_cases[] = {
	{ "one", 5, 1, 0, 0, { { 5, 1 } } },
	{ "just fits", 0, 256, 0, 0, { { 0, 256 } } },
	{ "one too many", 0, 257, 0, 0, { { 0, 256 }, { 256, 1 } } },
	{ "three", 100, 768, 0, 0, { { 100, 256 }, { 356, 256 }, { 612, 256 } } },
	{ "at a boundary", 8, 8, 8, 0, { { 8, 8 } } },
	{ "over a boundary", 7, 2, 8, 0, { { 7, 1 }, { 8, 1 } } },
	{ "over 32 bits", 0xfffffffe, 4, 0, 0, { { 0xfffffffe, 4 } } },
	{ "nothing", 0, 0, 0, -EINVAL, { { 0, 0 } } },
	{ "more than there are requests", 0, 256 * 16, 0, -EINVAL, { { 0, 0 } } },
	{ "4 GiB", 0, 1u << 23, 0, -EINVAL, { { 0, 0 } } },
};

static void
split_one(const struct split_case *c)
{
	static uint8_t buf[512];
	struct spdk_nvme_ns *ns = spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 3);
	uint32_t base = g_fake.num_out, i, n;
	uint64_t offset = 0;

	ns->sectors_per_boundary = c->boundary;
	g_done = 0;
	assert_int_equal(spdk_nvme_ns_cmd_read(ns, &g_fake.ioq, buf, c->lba, c->count, io_done,
	                                       NULL, SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS),
	                 c->rc);
	for (n = 0; n < SPDK_COUNTOF(c->pieces) && c->pieces[n].count != 0; n++) {
		const struct nvme_request *req = g_fake.out[base + n];

		assert_int_equal(req->cmd.opc, SPDK_NVME_OPC_READ);
		assert_int_equal(req->cmd.nsid, 3);
		assert_int_equal(req->cmd.cdw10, (uint32_t)c->pieces[n].lba);
		assert_int_equal(req->cmd.cdw11, c->pieces[n].lba >> 32);
		assert_int_equal(req->cmd.cdw12, (c->pieces[n].count - 1) | 1u << 30);
		assert_int_equal(req->payload_offset, offset);
		offset += req->payload_size;
	}
	assert_int_equal(offset, c->rc == 0 ? c->count * 512ull : 0);
	assert_int_equal(g_fake.num_out, base + n);
	while (base-- > 0) {
		/* The event requests go behind, so that the pieces are answered first. */
		struct nvme_request *first = g_fake.out[0];

		memmove(g_fake.out, g_fake.out + 1, (g_fake.num_out - 1) * sizeof(first));
		g_fake.out[g_fake.num_out - 1] = first;
	}
	for (i = 0; i < n; i++) {
		assert_int_equal(g_done, 0);
		answer(0, i == 1 ? SPDK_NVME_SC_LBA_OUT_OF_RANGE : 0, 0, 0);
	}
	assert_int_equal(g_done, n > 0);
	if (n > 1) {
		assert_int_equal(g_cpl.status.sc, SPDK_NVME_SC_LBA_OUT_OF_RANGE);
	}
	assert_int_equal(g_fake.ioq.num_outstanding, 0);
}

static void
splits(void **state)
{
	size_t i;

	bring_up();
	for (i = 0; i < SPDK_COUNTOF(g_split_cases); i++) {
		print_message("# %s\n", g_split_cases[i].what);
		split_one(&g_split_cases[i]);
	}
	stop();
}

/* Segments limit, too: 4 a command. Blocks never straddle two commands. */
static void
splits_by_segments(void **state)
{
	static uint8_t mem[16][2048];
	struct iovec iov[12];
	struct spdk_nvme_ns *ns;
	uint32_t base, i;

	bring_up();
	ns = spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 3);
	base = g_fake.num_out;
	/* Every other KiB, so that no two are neighbours: 12 KiB, 24 blocks. */
	for (i = 0; i < 12; i++) {
		iov[i].iov_base = mem[i];
		iov[i].iov_len = 1024;
	}
	assert_int_equal(
	        spdk_nvme_ns_cmd_write_iov(ns, &g_fake.ioq, 0, 24, io_done, NULL, iov, 12, NULL),
	        0);
	assert_int_equal(g_fake.num_out, base + 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(g_fake.out[base + i]->cmd.cdw10, i * 8);
		assert_int_equal(g_fake.out[base + i]->cmd.cdw12, 7);
	}
	/* 100-byte segments: 4 of them are not even one block. */
	for (i = 0; i < 12; i++) {
		iov[i].iov_len = 100;
	}
	assert_int_equal(
	        spdk_nvme_ns_cmd_write_iov(ns, &g_fake.ioq, 0, 2, io_done, NULL, iov, 12, NULL),
	        -EINVAL);
	/* Shorter than the blocks say. */
	assert_int_equal(
	        spdk_nvme_ns_cmd_write_iov(ns, &g_fake.ioq, 0, 8, io_done, NULL, iov, 2, NULL),
	        -EFAULT);
	stop();
}

/* ---- Queueing, errors, life ---- */

static void
waits_for_room_in_order(void **state)
{
	static uint8_t buf[512];
	struct spdk_nvme_ns *ns;
	uint32_t base, i;

	bring_up();
	ns = spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 3);
	base = g_fake.num_out;
	g_fake.depth = base + 1;
	g_done = 0;
	for (i = 0; i < 16; i++) {
		assert_int_equal(
		        spdk_nvme_ns_cmd_write(ns, &g_fake.ioq, buf, i, 1, io_done, NULL, 0), 0);
	}
	/* The requests of the queue pair are all in use. */
	assert_int_equal(spdk_nvme_ns_cmd_write(ns, &g_fake.ioq, buf, i, 1, io_done, NULL, 0),
	                 -ENOMEM);
	for (i = 0; i < 16; i++) {
		struct nvme_request *req = g_fake.out[base];
		struct spdk_nvme_cpl cpl = { .cdw0 = 0 };

		assert_int_equal(g_fake.num_out, base + 1);
		assert_int_equal(req->cmd.cdw10, i);
		g_fake.num_out--;
		nvme_request_complete(req, &cpl);
		spdk_nvme_qpair_process_completions(&g_fake.ioq, 0);
	}
	assert_int_equal(g_done, 16);
	stop();
}

static void
disconnect_aborts_all(void **state)
{
	static uint8_t buf[512];
	struct spdk_nvme_ns *ns;
	uint32_t i;

	bring_up();
	ns = spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 3);
	g_fake.depth = g_fake.num_out + 2;
	g_done = 0;
	for (i = 0; i < 5; i++) {
		assert_int_equal(
		        spdk_nvme_ns_cmd_read(ns, &g_fake.ioq, buf, i, 1, io_done, NULL, 0), 0);
	}
	spdk_nvme_ctrlr_disconnect_io_qpair(&g_fake.ioq);
	assert_int_equal(g_done, 5);
	assert_true(spdk_nvme_cpl_is_aborted_sq_deletion(&g_cpl));
	assert_int_equal(spdk_nvme_ns_cmd_read(ns, &g_fake.ioq, buf, 0, 1, io_done, NULL, 0),
	                 -ENXIO);
	assert_int_equal(spdk_nvme_qpair_process_completions(&g_fake.ioq, 0), -ENXIO);
	assert_int_equal(spdk_nvme_qpair_get_failure_reason(&g_fake.ioq),
	                 SPDK_NVME_QPAIR_FAILURE_LOCAL);
	assert_int_equal(spdk_nvme_ctrlr_reconnect_io_qpair(&g_fake.ioq), 0);
	assert_true(spdk_nvme_qpair_is_connected(&g_fake.ioq));
	stop();
}

static void
refused_submit_calls_nobody(void **state)
{
	static uint8_t buf[512];
	struct spdk_nvme_ns *ns;

	bring_up();
	ns = spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 3);
	g_done = 0;
	g_fake.submit_rc = -EFAULT;
	assert_int_equal(spdk_nvme_ns_cmd_read(ns, &g_fake.ioq, buf, 0, 1, io_done, NULL, 0),
	                 -EFAULT);
	assert_int_equal(spdk_nvme_ns_cmd_read(ns, &g_fake.ioq, buf, 0, 600, io_done, NULL, 0),
	                 -EFAULT);
	assert_int_equal(g_done, 0);
	assert_int_equal(g_fake.ioq.num_outstanding, 0);
	g_fake.submit_rc = 0;
	stop();
}

/* Half of the 2 s that the controller granted; no answer for all of it is the end. */
static void
keep_alive_works_both_ways(void **state)
{
	uint32_t base;

	bring_up();
	base = g_fake.num_out;
	spdk_delay_us(999 * 1000);
	assert_int_equal(spdk_nvme_ctrlr_process_admin_completions(&g_fake.ctrlr), 0);
	assert_int_equal(g_fake.num_out, base);
	spdk_delay_us(2 * 1000);
	assert_int_equal(spdk_nvme_ctrlr_process_admin_completions(&g_fake.ctrlr), 0);
	assert_int_equal(g_fake.num_out, base + 1);
	assert_int_equal(g_fake.out[base]->cmd.opc, SPDK_NVME_OPC_KEEP_ALIVE);
	spdk_delay_us(1999 * 1000);
	assert_int_equal(spdk_nvme_ctrlr_process_admin_completions(&g_fake.ctrlr), 0);
	assert_false(spdk_nvme_ctrlr_is_failed(&g_fake.ctrlr));
	spdk_delay_us(2 * 1000);
	assert_int_equal(spdk_nvme_ctrlr_process_admin_completions(&g_fake.ctrlr), -ENXIO);
	assert_true(spdk_nvme_ctrlr_is_failed(&g_fake.ctrlr));
	stop();
}

/* A controller that answers nothing while users fill the admin queue is noticed, too. */
static void
keep_alive_has_a_request(void **state)
{
	struct spdk_nvme_cmd cmd = { .opc = SPDK_NVME_OPC_ABORT };
	uint32_t count = 0;

	bring_up();
	g_done = 0;
	while (spdk_nvme_ctrlr_cmd_admin_raw(&g_fake.ctrlr, &cmd, NULL, 0, io_done, NULL) == 0) {
		count++;
	}
	assert_true(count >= g_fake.ctrlr.opts.admin_queue_size);
	spdk_delay_us(1001 * 1000);
	assert_int_equal(spdk_nvme_ctrlr_process_admin_completions(&g_fake.ctrlr), 0);
	assert_int_equal(g_fake.out[g_fake.num_out - 1]->cmd.opc, SPDK_NVME_OPC_KEEP_ALIVE);
	spdk_delay_us(2001 * 1000);
	assert_int_equal(spdk_nvme_ctrlr_process_admin_completions(&g_fake.ctrlr), -ENXIO);
	assert_true(spdk_nvme_ctrlr_is_failed(&g_fake.ctrlr));
	assert_int_equal(g_done, count);
	stop();
}

/* ---- Reset ---- */

/* I/O and an admin command are out; the reset aborts them, once each, and all comes up again. */
static void
resets(void **state)
{
	struct spdk_nvme_ctrlr *ctrlr = &g_fake.ctrlr;
	struct spdk_nvme_cmd cmd = { .opc = SPDK_NVME_OPC_ABORT };
	static uint8_t buf[512];
	struct spdk_nvme_ns *ns;

	bring_up();
	ns = spdk_nvme_ctrlr_get_ns(ctrlr, 3);
	g_done = 0;
	assert_int_equal(spdk_nvme_ns_cmd_read(ns, &g_fake.ioq, buf, 0, 1, io_done, NULL, 0), 0);
	assert_int_equal(spdk_nvme_ctrlr_cmd_admin_raw(ctrlr, &cmd, NULL, 0, io_done, NULL), 0);

	assert_int_equal(spdk_nvme_ctrlr_disconnect(ctrlr), 0);
	/* The admin queue is down at once; the I/O queue is its owner's to take down. */
	assert_int_equal(g_done, 1);
	assert_int_equal(spdk_nvme_ctrlr_disconnect(ctrlr), -EBUSY);
	assert_int_equal(spdk_nvme_ctrlr_reset(ctrlr), 0);
	assert_int_equal(spdk_nvme_ctrlr_cmd_admin_raw(ctrlr, &cmd, NULL, 0, io_done, NULL),
	                 -ENXIO);
	assert_int_equal(spdk_nvme_ctrlr_reconnect_io_qpair(&g_fake.ioq), -EAGAIN);
	assert_int_equal(spdk_nvme_qpair_process_completions(&g_fake.ioq, 0), -ENXIO);
	assert_int_equal(g_done, 2);
	assert_true(spdk_nvme_cpl_is_aborted_sq_deletion(&g_cpl));
	assert_int_equal(spdk_nvme_qpair_get_failure_reason(&g_fake.ioq),
	                 SPDK_NVME_QPAIR_FAILURE_RESET);
	assert_int_equal(g_fake.num_out, 0);

	spdk_nvme_ctrlr_reconnect_async(ctrlr);
	play_init(SPDK_COUNTOF(g_init_steps));
	while (spdk_nvme_ctrlr_reconnect_poll_async(ctrlr) == -EAGAIN) {
	}
	assert_int_equal(ctrlr->init.state, NVME_CTRLR_READY);
	assert_int_equal(g_fake.num_out, 2);
	/* The handle of a namespace stays good. */
	assert_ptr_equal(spdk_nvme_ctrlr_get_ns(ctrlr, 3), ns);
	assert_int_equal(spdk_nvme_ctrlr_reconnect_io_qpair(&g_fake.ioq), 0);
	assert_int_equal(spdk_nvme_ns_cmd_read(ns, &g_fake.ioq, buf, 0, 1, io_done, NULL, 0), 0);
	assert_int_equal(g_done, 2);
	stop();
	assert_int_equal(g_done, 3);
}

/* A reset that fails, at each step: the controller has failed, admits nothing, and the next reset
 * brings it up. */
static void
reset_can_fail(void **state)
{
	struct spdk_nvme_ctrlr *ctrlr = &g_fake.ctrlr;
	struct spdk_nvme_ctrlr_reset_ctx *reset;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_init_steps); i++) {
		int rc;

		bring_up();
		assert_int_equal(spdk_nvme_ctrlr_disconnect(ctrlr), 0);
		spdk_nvme_ctrlr_reconnect_async(ctrlr);
		play_init(i);
		while (g_fake.num_out == 0) {
			rc = spdk_nvme_ctrlr_reconnect_poll_async(ctrlr);
			assert_int_equal(rc, -EAGAIN);
		}
		spdk_delay_us((NVME_ADMIN_TIMEOUT_MS_DFLT + 1) * 1000u);
		assert_int_equal(spdk_nvme_ctrlr_reconnect_poll_async(ctrlr), -ENXIO);
		assert_true(spdk_nvme_ctrlr_is_failed(ctrlr));
		assert_int_equal(spdk_nvme_ctrlr_process_admin_completions(ctrlr), -ENXIO);
		assert_int_equal(spdk_nvme_qpair_process_completions(&g_fake.ioq, 0), -ENXIO);
		assert_int_equal(spdk_nvme_ctrlr_reconnect_io_qpair(&g_fake.ioq), -ENXIO);
		assert_int_equal(g_fake.num_out, 0);

		/* In one call, as programs for older versions have it. */
		assert_int_equal(spdk_nvme_ctrlr_reset_async(ctrlr, &reset), 0);
		play_init(SPDK_COUNTOF(g_init_steps));
		while ((rc = spdk_nvme_ctrlr_reset_poll_async(reset)) == -EAGAIN) {
		}
		assert_int_equal(rc, 0);
		assert_false(spdk_nvme_ctrlr_is_failed(ctrlr));
		assert_int_equal(spdk_nvme_ctrlr_reconnect_io_qpair(&g_fake.ioq), 0);
		stop();
	}
}

/* ---- Abort ---- */

static void
event_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	*(uint32_t *)arg = cpl->cdw0;
}

/* Pieces of a split I/O: one is with the controller, two wait. Those that wait are over at once,
 * the first when the controller says so, and then the whole. */
static void
aborts_all_pieces(void **state)
{
	struct spdk_nvme_ns *ns;
	static uint8_t buf[512];
	uint32_t base, aborts = 0;
	struct nvme_request *piece;
	struct spdk_nvme_cpl cpl = { .status = { .sc = SPDK_NVME_SC_ABORTED_BY_REQUEST } };

	bring_up();
	ns = spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 3);
	base = g_fake.num_out;
	g_fake.depth = base + 1;
	g_done = 0;
	assert_int_equal(spdk_nvme_ns_cmd_read(ns, &g_fake.ioq, buf, 0, 768, io_done, &g_done, 0),
	                 0);
	piece = g_fake.out[base];
	g_fake.depth = OUT_MAX;
	assert_int_equal(spdk_nvme_ctrlr_cmd_abort_ext(&g_fake.ctrlr, &g_fake.ioq, &g_done,
	                                               event_done, &aborts),
	                 0);
	assert_int_equal(g_fake.num_out, base + 2);
	assert_int_equal(g_fake.out[base + 1]->cmd.opc, SPDK_NVME_OPC_ABORT);
	assert_int_equal(g_fake.out[base + 1]->cmd.cdw10, piece->cmd.cid << 16 | 1);
	/* Nothing of it may go out any more. */
	spdk_nvme_qpair_process_completions(&g_fake.ioq, 0);
	assert_int_equal(g_fake.num_out, base + 2);
	assert_int_equal(g_fake.ioq.num_outstanding, 2);
	assert_int_equal(g_done, 0);
	g_fake.out[base] = g_fake.out[base + 1];
	g_fake.num_out--;
	nvme_request_complete(piece, &cpl);
	assert_int_equal(g_done, 1);
	assert_int_equal(g_cpl.status.sc, SPDK_NVME_SC_ABORTED_BY_REQUEST);
	stop();
}

/* A notice: the log is read, the namespaces are read anew, then the user hears; and the event
 * request is sent again at once. */
static void
namespace_notice(void **state)
{
	const uint32_t notice = SPDK_NVME_LOG_CHANGED_NS_LIST << 16 |
	                        SPDK_NVME_ASYNC_EVENT_NS_ATTR_CHANGED << 8 |
	                        SPDK_NVME_ASYNC_EVENT_TYPE_NOTICE;
	uint32_t seen = 0;
	int i;

	bring_up();
	spdk_nvme_ctrlr_register_aer_callback(&g_fake.ctrlr, event_done, &seen);
	answer(0, 0, notice, 0);
	assert_int_equal(g_fake.num_out, 3);
	assert_int_equal(g_fake.out[1]->cmd.opc, SPDK_NVME_OPC_GET_LOG_PAGE);
	assert_int_equal(g_fake.out[1]->cmd.cdw10 & 0xff, SPDK_NVME_LOG_CHANGED_NS_LIST);
	assert_int_equal(g_fake.out[2]->cmd.opc, SPDK_NVME_OPC_ASYNC_EVENT_REQUEST);
	/* Answer whatever is not an event request: log, list, namespace, ids. */
	for (i = 0; i < 4; i++) {
		uint32_t k = 0;
		struct nvme_request *req;

		while (g_fake.out[k]->cmd.opc == SPDK_NVME_OPC_ASYNC_EVENT_REQUEST) {
			k++;
		}
		assert_int_equal(seen, 0);
		req = g_fake.out[k];
		g_fake.out[k] = g_fake.out[0];
		g_fake.out[0] = req;
		fill_payload(req);
		answer(0, 0, 0, 0);
	}
	assert_int_equal(seen, notice);
	assert_int_equal(g_fake.num_out, 2);
	stop();
}

/* The controller tells of a change, and keeps alive, but answers no question: first not for the
 * log, then not for the list. */
static void
a_notice_has_a_deadline(void **state)
{
	const uint32_t notice =
	        SPDK_NVME_ASYNC_EVENT_NS_ATTR_CHANGED << 8 | SPDK_NVME_ASYNC_EVENT_TYPE_NOTICE;
	int answered;

	for (answered = 0; answered < 2; answered++) {
		bring_up();
		g_fake.ctrlr.keep_alive_interval_ticks = 0;
		answer(0, 0, notice, 0);
		if (answered == 1) {
			/* The other event request goes behind. */
			g_fake.out[3] = g_fake.out[0];
			memmove(g_fake.out, g_fake.out + 1, 3 * sizeof(g_fake.out[0]));
			answer(0, 0, 0, 0);
			assert_int_equal(g_fake.out[2]->cmd.opc, SPDK_NVME_OPC_IDENTIFY);
		}
		spdk_delay_us(NVME_ADMIN_TIMEOUT_MS_DFLT * 1000u - 1);
		assert_int_equal(spdk_nvme_ctrlr_process_admin_completions(&g_fake.ctrlr), 0);
		spdk_delay_us(2);
		assert_int_equal(spdk_nvme_ctrlr_process_admin_completions(&g_fake.ctrlr), -ENXIO);
		assert_true(spdk_nvme_ctrlr_is_failed(&g_fake.ctrlr));
		assert_int_equal(g_fake.num_out, 0);
		stop();
	}
}

static uint32_t g_timeouts;

static void
timed_out(void *arg, struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair, uint16_t cid)
{
	g_timeouts++;
	assert_ptr_equal(qpair, &g_fake.ioq);
}

static void
timeout_is_told_once(void **state)
{
	static uint8_t buf[512];
	struct nvme_request *req;

	bring_up();
	spdk_nvme_ctrlr_register_timeout_callback(&g_fake.ctrlr, 5000, 0, timed_out, NULL);
	assert_int_equal(spdk_nvme_ns_cmd_read(spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 3),
	                                       &g_fake.ioq, buf, 0, 1, io_done, NULL, 0),
	                 0);
	req = g_fake.out[g_fake.num_out - 1];
	spdk_delay_us(4999);
	assert_int_equal(nvme_request_check_timeout(req, 1, spdk_get_ticks()),
	                 NVME_TIMEOUT_NOT_YET);
	spdk_delay_us(2);
	assert_int_equal(nvme_request_check_timeout(req, 1, spdk_get_ticks()), NVME_TIMEOUT_TOLD);
	assert_int_equal(nvme_request_check_timeout(req, 1, spdk_get_ticks()), NVME_TIMEOUT_PASS);
	assert_int_equal(g_timeouts, 1);
	stop();
}

/* ---- Transport ids ---- */

static const struct {
	const char *text;
	int rc;
	const char *traddr;
	const char *trsvcid;
	const char *subnqn;
} g_trids[] = {
	{ "trtype:TCP adrfam:IPv4 traddr:1.2.3.4 trsvcid:4420 subnqn:nqn.x", 0, "1.2.3.4", "4420",
	  "nqn.x" },
	{ " trtype=tcp\tadrfam=ipv6\ntraddr=::1  trsvcid=1 ", 0, "::1", "1", "" },
	{ "", 0, "", "", "" },
	{ "traddr", -EINVAL, "", "", "" },
	{ "traddr:", -EINVAL, "", "", "" },
	{ ":x", -EINVAL, "", "", "" },
	{ "adrfam:IPv5", -EINVAL, "", "", "" },
	{ "priority:12345", -EINVAL, "", "", "" },
	{ "priority:x", -EINVAL, "", "", "" },
	{ "trsvcid:123456789012345678901234567890123", -EINVAL, "", "", "" },
	{ "hostnqn:nqn.h ns:3", 0, "", "", "" },
};

static void
transport_ids(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_trids); i++) {
		struct spdk_nvme_transport_id trid = { .priority = 0 };

		assert_int_equal(spdk_nvme_transport_id_parse(&trid, g_trids[i].text),
		                 g_trids[i].rc);
		if (g_trids[i].rc == 0) {
			assert_string_equal(trid.traddr, g_trids[i].traddr);
			assert_string_equal(trid.trsvcid, g_trids[i].trsvcid);
			assert_string_equal(trid.subnqn, g_trids[i].subnqn);
			assert_int_equal(spdk_nvme_transport_id_compare(&trid, &trid), 0);
		}
	}
}

static int
setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	return spdk_env_init(&opts);
}

static int
teardown(void **state)
{
	spdk_env_fini();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_up),
		cmocka_unit_test(every_step_can_fail),
		cmocka_unit_test(every_step_has_a_deadline),
		cmocka_unit_test(list_of_namespaces_is_checked),
		cmocka_unit_test(splits),
		cmocka_unit_test(splits_by_segments),
		cmocka_unit_test(waits_for_room_in_order),
		cmocka_unit_test(disconnect_aborts_all),
		cmocka_unit_test(refused_submit_calls_nobody),
		cmocka_unit_test(keep_alive_works_both_ways),
		cmocka_unit_test(keep_alive_has_a_request),
		cmocka_unit_test(resets),
		cmocka_unit_test(reset_can_fail),
		cmocka_unit_test(aborts_all_pieces),
		cmocka_unit_test(namespace_notice),
		cmocka_unit_test(a_notice_has_a_deadline),
		cmocka_unit_test(timeout_is_told_once),
		cmocka_unit_test(transport_ids),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
