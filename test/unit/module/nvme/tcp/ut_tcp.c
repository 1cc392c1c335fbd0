/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The NVMe/TCP host against a target made of bytes (mem_target.h): good exchanges, and a corpus of
 * hostile ones: each must end the queue pair with the right reason, abort the command, and touch no
 * byte around the command's buffer.
 */

#include "mem_target.h"

#define GUARD 64
#define BUF_BYTES 32768

static struct {
	struct spdk_nvme_ctrlr *ctrlr;
	uint16_t cid; /* of the command under test */
	uint8_t buf[GUARD + BUF_BYTES + GUARD];
	uint32_t num_done;
	struct spdk_nvme_cpl cpl;
} g_test;

static int32_t
poll_adminq(void)
{
	return spdk_nvme_qpair_process_completions(g_test.ctrlr->adminq, 0);
}

/* Play the target up to a connected admin queue. */
static void
connect_adminq(bool hdgst, bool ddgst)
{
	struct wire_ic_opts ours = { .hdgst = hdgst, .ddgst = ddgst, .h2c_bytes_max = 4096 };
	struct wire_fault fault;
	struct wire_ic_resp resp;
	struct wire_pdu pdu;
	uint8_t hdr[WIRE_TX_HDR_BYTES_MAX];
	struct spdk_nvme_cmd cmd;

	assert_int_equal(nvme_qpair_connect(g_test.ctrlr->adminq), 0);
	assert_int_equal(poll_adminq(), 0);
	assert_int_equal(poll_adminq(), 0);
	/* ICReq */
	assert_int_equal(g_net->tx_len, 128);
	wire_link_init(&g_net->link, WIRE_CONTROLLER, 8192);
	assert_int_equal(wire_pdu_begin(&g_net->link, g_net->tx, &pdu, &fault), 0);
	assert_int_equal(wire_pdu_decode(&g_net->link, g_net->tx, &pdu, &fault), 0);
	assert_int_equal(pdu.ic_req.hdgst, hdgst);
	assert_int_equal(wire_ic_accept(&g_net->link, &pdu.ic_req, &ours, &resp, &fault), 0);
	put(hdr, wire_build_ic_resp(hdr, &resp));
	g_net->tx_len = 0;
	assert_int_equal(poll_adminq(), 0);
	assert_int_equal(poll_adminq(), 0);
	/* Connect: the capsule with 1,024 bytes of data. */
	assert_true(g_net->tx_len >= 72 + 1024);
	memcpy(&cmd, g_net->tx + 8, sizeof(cmd));
	assert_int_equal(cmd.opc, SPDK_NVME_OPC_FABRIC);
	put_resp(cmd.cid, 0, 0);
	g_net->tx_len = 0;
	assert_true(poll_adminq() >= 0);
	assert_true(spdk_nvme_qpair_is_connected(g_test.ctrlr->adminq));
}

/* ---- The command under test ---- */

static void
cmd_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	g_test.num_done++;
	g_test.cpl = *cpl;
}

enum cmd_kind {
	CMD_READ,  /* 8,192 bytes to the host */
	CMD_WRITE, /* 16,384 bytes, more than a capsule takes */
	CMD_NONE,  /* no data */
};

static const struct {
	uint8_t opc;
	uint32_t len;
} g_cmds[] = {
	[CMD_READ] = { SPDK_NVME_OPC_IDENTIFY, 8192 },
	[CMD_WRITE] = { SPDK_NVME_OPC_FIRMWARE_IMAGE_DOWNLOAD, 16384 },
	[CMD_NONE] = { SPDK_NVME_OPC_ABORT, 0 },
};

static void
submit(enum cmd_kind kind)
{
	struct spdk_nvme_cmd cmd = { .opc = g_cmds[kind].opc };
	uint32_t i;

	memset(g_test.buf, 0xee, sizeof(g_test.buf));
	for (i = 0; kind == CMD_WRITE && i < g_cmds[kind].len; i++) {
		g_test.buf[GUARD + i] = (uint8_t)(i * 7);
	}
	g_test.num_done = 0;
	assert_int_equal(spdk_nvme_ctrlr_cmd_admin_raw(g_test.ctrlr, &cmd, g_test.buf + GUARD,
	                                               g_cmds[kind].len, cmd_done, NULL),
	                 0);
	/* Nothing completes inside submit. */
	assert_int_equal(g_test.num_done, 0);
	assert_int_equal(poll_adminq(), 0);
	memcpy(&cmd, g_net->tx + 8, sizeof(cmd));
	g_test.cid = cmd.cid;
	g_net->tx_len = 0;
}

static bool
all_bytes(const uint8_t *p, size_t len, uint8_t value)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (p[i] != value) {
			return false;
		}
	}
	return true;
}

static void
check_guards(uint32_t len)
{
	assert_true(all_bytes(g_test.buf, GUARD, 0xee));
	assert_true(all_bytes(g_test.buf + GUARD + len, sizeof(g_test.buf) - GUARD - len, 0xee));
}

static void
start(bool hdgst, bool ddgst)
{
	mem_reset();
	g_test.ctrlr = mem_ctrlr_new(hdgst, ddgst);
	assert_non_null(g_test.ctrlr);
	connect_adminq(hdgst, ddgst);
}

static void
stop(void)
{
	nvme_ctrlr_destruct(g_test.ctrlr);
	assert_null(g_net->sock);
}

/* ---- Good exchanges ---- */

static void
read_in_two_pdus(void **state)
{
	uint32_t i;

	start(true, true);
	submit(CMD_READ);
	put_data(g_test.cid, 0, 4096, false, false, false);
	assert_int_equal(poll_adminq(), 0);
	assert_int_equal(g_test.num_done, 0);
	put_data(g_test.cid, 4096, 4096, true, false, false);
	put_resp(g_test.cid, 0, 0);
	assert_int_equal(poll_adminq(), 1);
	assert_int_equal(g_test.num_done, 1);
	assert_true(spdk_nvme_cpl_is_success(&g_test.cpl));
	for (i = 0; i < 8192; i++) {
		assert_int_equal(g_test.buf[GUARD + i], (uint8_t)i);
	}
	check_guards(8192);
	stop();
}

static void
read_byte_by_byte(void **state)
{
	size_t end;

	start(false, true);
	submit(CMD_READ);
	put_data(g_test.cid, 0, 8192, true, true, false);
	end = g_net->rx_len;
	/* A stream has no borders: every prefix must wait for the rest. */
	for (g_net->rx_len = g_net->rx_pos; g_net->rx_len < end;) {
		assert_int_equal(g_test.num_done, 0);
		g_net->rx_len++;
		assert_true(poll_adminq() >= 0);
	}
	assert_int_equal(g_test.num_done, 1);
	assert_int_equal(g_test.buf[GUARD + 8191], 8191 & 0xff);
	check_guards(8192);
	stop();
}

static void
write_by_r2t(void **state)
{
	size_t pos = 0;
	uint32_t got = 0;

	start(false, false);
	submit(CMD_WRITE);
	put_r2t(g_test.cid, 5, 0, 10000);
	assert_int_equal(poll_adminq(), 0);
	while (poll_adminq() == 0 && got < 16384 && pos < g_net->tx_len) {
		struct spdk_nvme_tcp_h2c_data_hdr h2c;

		memcpy(&h2c, g_net->tx + pos, sizeof(h2c));
		assert_int_equal(h2c.common.pdu_type, SPDK_NVME_TCP_PDU_TYPE_H2C_DATA);
		assert_int_equal(h2c.cccid, g_test.cid);
		assert_int_equal(h2c.ttag, got < 10000 ? 5 : 6);
		assert_int_equal(h2c.datao, got);
		assert_true(h2c.datal <= 4096);
		assert_memory_equal(g_net->tx + pos + h2c.common.pdo, g_test.buf + GUARD + got,
		                    h2c.datal);
		got += h2c.datal;
		assert_int_equal((h2c.common.flags & SPDK_NVME_TCP_H2C_DATA_FLAGS_LAST_PDU) != 0,
		                 got == 10000 || got == 16384);
		pos += h2c.common.plen;
		if (got == 10000) {
			put_r2t(g_test.cid, 6, 10000, 6384);
			assert_int_equal(poll_adminq(), 0);
		}
	}
	assert_int_equal(got, 16384);
	put_resp(g_test.cid, 0, 0);
	assert_int_equal(poll_adminq(), 1);
	assert_true(spdk_nvme_cpl_is_success(&g_test.cpl));
	stop();
}

static void
bad_data_digest_fails_the_command_only(void **state)
{
	start(false, true);
	submit(CMD_READ);
	put_data(g_test.cid, 0, 8192, true, true, true);
	assert_int_equal(poll_adminq(), 1);
	assert_int_equal(g_test.num_done, 1);
	assert_int_equal(g_test.cpl.status.sct, SPDK_NVME_SCT_GENERIC);
	assert_int_equal(g_test.cpl.status.sc, SPDK_NVME_SC_COMMAND_TRANSIENT_TRANSPORT_ERROR);
	assert_true(spdk_nvme_qpair_is_connected(g_test.ctrlr->adminq));
	check_guards(8192);
	stop();
}

/* Whoever reads what Identify left in the buffer must not be told that it succeeded. */
static void
identify_without_data_is_an_error(void **state)
{
	start(false, false);
	submit(CMD_READ);
	put_data(g_test.cid, 0, 4096, false, false, false);
	put_resp(g_test.cid, 0, 0);
	assert_int_equal(poll_adminq(), 1);
	assert_int_equal(g_test.num_done, 1);
	assert_int_equal(g_test.cpl.status.sct, SPDK_NVME_SCT_GENERIC);
	assert_int_equal(g_test.cpl.status.sc, SPDK_NVME_SC_DATA_TRANSFER_ERROR);
	stop();
}

/* Answered while its capsule is still with the socket: not complete before that is back. */
static void
answer_waits_for_the_send(void **state)
{
	struct spdk_nvme_cmd cmd = { .opc = SPDK_NVME_OPC_ABORT };

	start(false, false);
	submit(CMD_NONE);
	put_resp(g_test.cid, 0, 0);
	assert_int_equal(poll_adminq(), 1);

	g_net->tx_blocked = true;
	g_test.num_done = 0;
	assert_int_equal(spdk_nvme_ctrlr_cmd_admin_raw(g_test.ctrlr, &cmd, NULL, 0, cmd_done, NULL),
	                 0);
	/* The same place again, in its next use. */
	put_resp((uint16_t)(g_test.cid + 0x1000), 0, 0);
	assert_int_equal(poll_adminq(), 1);
	assert_int_equal(g_test.num_done, 0);
	g_net->tx_blocked = false;
	assert_int_equal(poll_adminq(), 0);
	assert_int_equal(g_test.num_done, 1);
	assert_true(spdk_nvme_cpl_is_success(&g_test.cpl));
	stop();
}

static void
disconnect_aborts(void **state)
{
	start(false, false);
	submit(CMD_READ);
	nvme_qpair_disconnect(g_test.ctrlr->adminq);
	assert_int_equal(g_test.num_done, 1);
	assert_true(spdk_nvme_cpl_is_aborted_sq_deletion(&g_test.cpl));
	assert_int_equal(poll_adminq(), -ENXIO);
	/* And up again. */
	mem_reset();
	connect_adminq(false, false);
	submit(CMD_NONE);
	put_resp(g_test.cid, 0, 0);
	assert_int_equal(poll_adminq(), 1);
	stop();
}

/* ---- The corpus of hostile targets ---- */

static void
bad_type(void)
{
	static const uint8_t pdu[24] = { 0x0f, 0, 24, 0, 24 };

	put(pdu, sizeof(pdu));
}

static void
host_type(void)
{
	static const uint8_t pdu[24] = { SPDK_NVME_TCP_PDU_TYPE_H2C_DATA, 0, 24, 24, 24 };

	put(pdu, sizeof(pdu));
}

static void
bad_hlen(void)
{
	static const uint8_t pdu[24] = { SPDK_NVME_TCP_PDU_TYPE_CAPSULE_RESP, 0, 255, 0, 24 };

	put(pdu, sizeof(pdu));
}

static void
bad_plen(void)
{
	static const uint8_t pdu[24] = { SPDK_NVME_TCP_PDU_TYPE_CAPSULE_RESP, 0, 24, 0, 8 };

	put(pdu, sizeof(pdu));
}

static void
resp_unknown_cid(void)
{
	put_resp(0x0fff, 0, 0);
}

static void
resp_old_cid(void)
{
	/* The same place, an earlier use. */
	put_resp((uint16_t)(g_test.cid ^ 0x1000), 0, 0);
}

static void
resp_twice(void)
{
	put_resp(g_test.cid, 0, 0);
	put_resp(g_test.cid, 0, 0);
}

static void
r2t_for_read(void)
{
	put_r2t(g_test.cid, 1, 0, 4096);
}

static void
r2t_beyond(void)
{
	put_r2t(g_test.cid, 1, 0, 16385);
}

static void
r2t_offset_wraps(void)
{
	put_r2t(g_test.cid, 1, 0xfffff000, 8192);
}

static void
r2t_twice(void)
{
	put_r2t(g_test.cid, 1, 0, 8192);
	put_r2t(g_test.cid, 2, 8192, 8192);
}

static void
r2t_unknown_cid(void)
{
	put_r2t(0x0fff, 1, 0, 4096);
}

static void
resp_during_r2t(void)
{
	put_r2t(g_test.cid, 1, 0, 16384);
	put_resp(g_test.cid, 0, 0);
}

static void
data_beyond(void)
{
	put_data(g_test.cid, 0, 8193, true, false, false);
}

static void
data_in_two_beyond(void)
{
	put_data(g_test.cid, 0, 8192, false, false, false);
	put_data(g_test.cid, 8192, 4, true, false, false);
}

static void
data_wrong_offset(void)
{
	put_data(g_test.cid, 4096, 4096, true, false, false);
}

static void
data_offset_wraps(void)
{
	put_data(g_test.cid, 0xffffff00, 0x200, true, false, false);
}

static void
data_unasked(void)
{
	put_data(g_test.cid, 0, 4096, true, false, false);
}

static void
data_unknown_cid(void)
{
	put_data(0x0fff, 0, 4096, true, false, false);
}

static void
second_ic_resp(void)
{
	struct wire_ic_resp resp = { .h2c_bytes_max = 4096 };
	uint8_t hdr[WIRE_TX_HDR_BYTES_MAX];

	put(hdr, wire_build_ic_resp(hdr, &resp));
}

static void
hang_up(void)
{
	g_net->rx_eof = true;
}

static void
half_a_header(void)
{
	static const uint8_t pdu[4] = { SPDK_NVME_TCP_PDU_TYPE_CAPSULE_RESP, 0, 24, 0 };

	put(pdu, sizeof(pdu));
	g_net->rx_eof = true;
}

static void
term_req(void)
{
	struct wire_fault fault = { .fes = SPDK_NVME_TCP_TERM_REQ_FES_PDU_SEQUENCE_ERROR };
	uint8_t buf[WIRE_TERM_REQ_BYTES_MAX];
	uint8_t hdr[24] = { 0 };

	put(buf, wire_build_term_req(&g_net->link, buf, &fault, hdr, sizeof(hdr)));
}

static void
bad_header_digest(void)
{
	put_resp(g_test.cid, 0, 0);
	g_net->rx[g_net->rx_len - 1] ^= 1;
}

static const struct hostile {
	const char *name;
	void (*play)(void);
	enum cmd_kind cmd;
	uint8_t reason; /* spdk_nvme_qp_failure_reason */
	bool hdgst;
	bool answers; /* the command is answered before the fault */
} g_hostile[] = {
	{ "bad type", bad_type, CMD_READ, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "a host's PDU", host_type, CMD_READ, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "bad hlen", bad_hlen, CMD_READ, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "bad plen", bad_plen, CMD_READ, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "response, unknown id", resp_unknown_cid, CMD_NONE, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "response, old id", resp_old_cid, CMD_NONE, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "response twice", resp_twice, CMD_NONE, SPDK_NVME_QPAIR_FAILURE_UNKNOWN, false, true },
	{ "R2T for a read", r2t_for_read, CMD_READ, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "R2T without data", r2t_for_read, CMD_NONE, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "R2T beyond the end", r2t_beyond, CMD_WRITE, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "R2T that wraps", r2t_offset_wraps, CMD_WRITE, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "two R2Ts", r2t_twice, CMD_WRITE, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "R2T, unknown id", r2t_unknown_cid, CMD_WRITE, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "response during R2T", resp_during_r2t, CMD_WRITE, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "data beyond the end", data_beyond, CMD_READ, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "data beyond, in two", data_in_two_beyond, CMD_READ, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "data out of order", data_wrong_offset, CMD_READ, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "data that wraps", data_offset_wraps, CMD_READ, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "data for a write", data_unasked, CMD_WRITE, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "data for none", data_unasked, CMD_NONE, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "data, unknown id", data_unknown_cid, CMD_READ, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "second ICResp", second_ic_resp, CMD_READ, SPDK_NVME_QPAIR_FAILURE_UNKNOWN },
	{ "hang-up", hang_up, CMD_READ, SPDK_NVME_QPAIR_FAILURE_REMOTE },
	{ "half a header", half_a_header, CMD_READ, SPDK_NVME_QPAIR_FAILURE_REMOTE },
	{ "TermReq", term_req, CMD_READ, SPDK_NVME_QPAIR_FAILURE_REMOTE },
	{ "header digest", bad_header_digest, CMD_NONE, SPDK_NVME_QPAIR_FAILURE_UNKNOWN, true },
};

static void
hostile_one(const struct hostile *h)
{
	struct spdk_nvme_qpair *adminq;
	int32_t rc = 0;
	int i;

	start(h->hdgst, false);
	adminq = g_test.ctrlr->adminq;
	submit(h->cmd);
	h->play();
	for (i = 0; i < 3 && rc >= 0; i++) {
		rc = poll_adminq();
	}
	assert_int_equal(rc, -ENXIO);
	assert_false(spdk_nvme_qpair_is_connected(adminq));
	assert_int_equal(spdk_nvme_qpair_get_failure_reason(adminq), h->reason);
	assert_int_equal(g_test.num_done, 1);
	assert_int_equal(spdk_nvme_cpl_is_aborted_sq_deletion(&g_test.cpl), !h->answers);
	assert_int_equal(spdk_nvme_qpair_get_num_outstanding_reqs(adminq), 0);
	assert_null(g_net->sock);
	check_guards(g_cmds[h->cmd].len);
	/* A fault is told to the target in a TermReq, the last PDU of the host. */
	if (h->reason == SPDK_NVME_QPAIR_FAILURE_UNKNOWN) {
		size_t pos = 0;
		uint8_t type = 0;

		while (pos < g_net->tx_len) {
			struct spdk_nvme_tcp_common_pdu_hdr ch;

			memcpy(&ch, g_net->tx + pos, sizeof(ch));
			type = ch.pdu_type;
			pos += ch.plen;
		}
		assert_int_equal(type, SPDK_NVME_TCP_PDU_TYPE_H2C_TERM_REQ);
	}
	stop();
}

static void
hostile_targets(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_hostile); i++) {
		print_message("# %s\n", g_hostile[i].name);
		hostile_one(&g_hostile[i]);
	}
}

/* ---- Memory that runs out ---- */

static void
connect_without_memory(enum env_fault_class fault_class, uint64_t nth)
{
	uint64_t live = env_sim_live(), heap = env_sim_live_heap();
	struct spdk_nvme_ctrlr *ctrlr;
	int i;

	mem_reset();
	env_sim_fail_nth(fault_class, nth);
	ctrlr = mem_ctrlr_new(false, false);
	for (i = 0; ctrlr != NULL && i < 4; i++) {
		/* Nobody answers: it goes as far as ICReq. */
		nvme_ctrlr_process_init(ctrlr);
	}
	env_sim_fail_nth(fault_class, 0);
	if (ctrlr != NULL) {
		nvme_ctrlr_destruct(ctrlr);
	}
	assert_null(g_net->sock);
	assert_int_equal(env_sim_live(), live);
	assert_int_equal(env_sim_live_heap(), heap);
}

static void
each_allocation_can_fail(void **state)
{
	uint64_t nth;

	/* The last ones are beyond what is allocated: then nothing fails. */
	for (nth = 1; nth <= 10; nth++) {
		connect_without_memory(ENV_FAULT_MALLOC, nth);
		connect_without_memory(ENV_FAULT_HEAP, nth);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_in_two_pdus),
		cmocka_unit_test(read_byte_by_byte),
		cmocka_unit_test(write_by_r2t),
		cmocka_unit_test(bad_data_digest_fails_the_command_only),
		cmocka_unit_test(identify_without_data_is_an_error),
		cmocka_unit_test(answer_waits_for_the_send),
		cmocka_unit_test(disconnect_aborts),
		cmocka_unit_test(hostile_targets),
		cmocka_unit_test(each_allocation_can_fail),
	};

	return cmocka_run_group_tests(tests, mem_setup, mem_teardown);
}
