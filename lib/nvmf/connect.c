/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Fabrics Connect: three threads take turns, each with what it owns, while the request stays
 * outstanding and so keeps its queue pair.
 *
 *	queue's thread    decode command and data
 *	target thread     subsystem, host, listener; admin: make a controller; I/O: find it
 *	controller thread I/O: may this queue join?   (admin: the queue's own thread)
 *	queue's thread    enable the queue and answer
 *
 * A controller that was found can't be freed before the message that goes to its thread: see
 * ctrlr.c. A queue whose disconnect began meanwhile joins all the same, and leaves at once by the
 * ordinary way when the request completes.
 */

#include "nvmf_internal.h"
#include "spdk_internal/usdt.h"
#include "spdk/trace.h"

struct connect {
	struct spdk_nvmf_request *req;
	struct spdk_nvmf_qpair *qpair;
	struct spdk_thread *thread; /* of the queue */
	struct spdk_nvmf_tgt *tgt;
	struct wire_connect_cmd cmd;
	struct wire_connect_data data;
	struct spdk_nvme_transport_id listen_trid;
	struct spdk_nvmf_ctrlr *ctrlr;
	struct wire_status status;
};

static bool
connect_refuse(struct connect *c, uint8_t sct, uint8_t sc)
{
	c->status.sct = sct;
	c->status.sc = sc;
	return false;
}

/** Connect Invalid Parameters, with the place. */
static bool
connect_invalid(struct connect *c, bool in_data, size_t offset)
{
	c->status.in_data = in_data;
	c->status.offset = (uint16_t)offset;
	return connect_refuse(c, SPDK_NVME_SCT_COMMAND_SPECIFIC, SPDK_NVMF_FABRIC_SC_INVALID_PARAM);
}

#define INVALID_CMD(c, field) \
	connect_invalid(c, false, offsetof(struct spdk_nvmf_fabric_connect_cmd, field))
#define INVALID_DATA(c, field) \
	connect_invalid(c, true, offsetof(struct spdk_nvmf_fabric_connect_data, field))

/* ---- Back on the queue's thread ---- */

static void
connect_enable(struct connect *c)
{
	struct spdk_nvmf_qpair *qpair = c->qpair;
	struct spdk_nvmf_poll_group *group = qpair->group;

	qpair->ctrlr = c->ctrlr;
	qpair->qid = c->cmd.qid;
	USDT_PROBE5(nvmf_ctrlr_add_qpair, qpair, qpair->qid, qpair->ctrlr->subsys->nqn,
	            qpair->ctrlr->hostnqn, spdk_get_ticks());
	group->current_unassociated_qpairs--;
	if (qpair->qid == 0) {
		group->stat.admin_qpairs++;
		group->stat.current_admin_qpairs++;
	} else {
		group->stat.io_qpairs++;
		group->stat.current_io_qpairs++;
	}
	if (qpair->disconnect_started) {
		return;
	}
	qpair->queue_depth = c->cmd.sqsize + 1;
	qpair->sq_head_max = c->cmd.sqsize;
	qpair->sq_head = 1; /* Connect is the first entry of the queue that it makes */
	if (c->cmd.cattr & 1 << 2) {
		qpair->sq_head_max = UINT16_MAX;
		qpair->sq_head = UINT16_MAX;
	}
	qpair->state = SPDK_NVMF_QPAIR_ENABLED;
}

/** An admin queue's controller lives on this thread. */
static int
connect_start_ctrlr(struct connect *c)
{
	int rc;

	if (c->cmd.qid != 0) {
		return 0;
	}
	rc = nvmf_ctrlr_start(c->ctrlr, c->qpair, c->cmd.kato_ms);
	if (c->qpair->disconnect_started) {
		nvmf_ctrlr_kill(c->ctrlr, NULL);
	}
	return rc;
}

/** Last turn: queue's thread. The queue pair is there until the transport's own message frees it.
 */
static void
connect_finish(void *arg)
{
	struct connect *c = arg;
	struct spdk_nvmf_request *req = c->req;
	struct spdk_nvmf_qpair *qpair = c->qpair;
	bool close = false;

	if (c->ctrlr != NULL) {
		connect_enable(c);
		if (connect_start_ctrlr(c) != 0) {
			connect_refuse(c, SPDK_NVME_SCT_GENERIC,
			               SPDK_NVME_SC_INTERNAL_DEVICE_ERROR);
			close = true;
		}
		/* It began to die while the answer was on its way here. */
		close = close || c->ctrlr->dying;
	} else {
		qpair->connect_received = false;
	}
	wire_status_to_cpl(&c->status, &req->rsp->nvme_cpl);
	if (c->status.sct == 0 && c->status.sc == 0 && c->ctrlr != NULL) {
		req->rsp->connect_rsp.status_code_specific.raw = c->ctrlr->cntlid;
	}
	free(c);
	spdk_nvmf_request_complete(req);
	if (close) {
		spdk_nvmf_qpair_disconnect(qpair);
	}
}

static void
connect_answer(struct connect *c)
{
	spdk_thread_send_msg(c->thread, connect_finish, c);
}

/* ---- Controller thread: an I/O queue joins ---- */

static bool
connect_may_join(struct connect *c)
{
	struct spdk_nvmf_ctrlr *ctrlr = c->ctrlr;

	if (ctrlr->dying || ctrlr->stop != NVMF_CTRLR_RUNNING) {
		return INVALID_DATA(c, cntlid);
	}
	if (ctrlr->discovery) {
		return INVALID_CMD(c, qid);
	}
	if (!ctrlr->regs.cc.bits.en || !ctrlr->regs.csts.bits.rdy) {
		return connect_refuse(c, SPDK_NVME_SCT_GENERIC,
		                      SPDK_NVME_SC_COMMAND_SEQUENCE_ERROR);
	}
	if (c->qpair->transport != ctrlr->transport) {
		return connect_refuse(c, SPDK_NVME_SCT_COMMAND_SPECIFIC,
		                      SPDK_NVMF_FABRIC_SC_INVALID_HOST);
	}
	if (c->cmd.qid >= spdk_bit_array_capacity(ctrlr->qpair_mask)) {
		return INVALID_CMD(c, qid);
	}
	if (spdk_bit_array_get(ctrlr->qpair_mask, c->cmd.qid)) {
		return connect_refuse(c, SPDK_NVME_SCT_COMMAND_SPECIFIC,
		                      SPDK_NVME_SC_INVALID_QUEUE_IDENTIFIER);
	}
	return true;
}

static void
connect_join(void *arg)
{
	struct connect *c = arg;

	if (connect_may_join(c)) {
		spdk_bit_array_set(c->ctrlr->qpair_mask, c->cmd.qid);
		c->ctrlr->num_qpairs++;
	} else {
		c->ctrlr = NULL;
	}
	connect_answer(c);
}

/* ---- Target thread ---- */

static bool
connect_subsystem_open(struct connect *c, struct spdk_nvmf_subsystem *subsystem)
{
	if (subsystem == NULL) {
		return INVALID_DATA(c, subnqn);
	}
	if (!nvmf_subsystem_is_active(subsystem) || c->tgt->destroying) {
		return connect_refuse(c, SPDK_NVME_SCT_COMMAND_SPECIFIC,
		                      SPDK_NVMF_FABRIC_SC_CONTROLLER_BUSY);
	}
	if (!spdk_nvmf_subsystem_host_allowed(subsystem, c->data.hostnqn) ||
	    !spdk_nvmf_subsystem_listener_allowed(subsystem, &c->listen_trid)) {
		return connect_refuse(c, SPDK_NVME_SCT_COMMAND_SPECIFIC,
		                      SPDK_NVMF_FABRIC_SC_INVALID_HOST);
	}
	return true;
}

static bool
connect_is_duplicate_host(struct connect *c, struct spdk_nvmf_subsystem *subsystem)
{
	struct spdk_nvmf_ctrlr *ctrlr;

	if (c->tgt->dup_host_policy == SPDK_NVMF_SUBSYSTEM_DUP_HOST_POLICY_ALLOW) {
		return false;
	}
	TAILQ_FOREACH(ctrlr, &subsystem->ctrlrs, link) {
		if (strcmp(ctrlr->hostnqn, c->data.hostnqn) == 0 &&
		    nvmf_trid_equal(&ctrlr->listen_trid, &c->listen_trid)) {
			return true;
		}
	}
	return false;
}

static bool
connect_make_ctrlr(struct connect *c, struct spdk_nvmf_subsystem *subsystem)
{
	if (c->data.cntlid != 0xffff) {
		return INVALID_DATA(c, cntlid);
	}
	if (connect_is_duplicate_host(c, subsystem)) {
		return connect_refuse(c, SPDK_NVME_SCT_COMMAND_SPECIFIC,
		                      SPDK_NVMF_FABRIC_SC_CONTROLLER_BUSY);
	}
	c->ctrlr = nvmf_ctrlr_alloc(subsystem, c->qpair, &c->data);
	if (c->ctrlr == NULL) {
		return connect_refuse(c, SPDK_NVME_SCT_COMMAND_SPECIFIC,
		                      SPDK_NVMF_FABRIC_SC_CONTROLLER_BUSY);
	}
	c->ctrlr->listen_trid = c->listen_trid;
	c->ctrlr->thread = c->thread;
	return true;
}

static bool
connect_find_ctrlr(struct connect *c, struct spdk_nvmf_subsystem *subsystem)
{
	struct spdk_nvmf_ctrlr *ctrlr;

	TAILQ_FOREACH(ctrlr, &subsystem->ctrlrs, link) {
		if (ctrlr->cntlid == c->data.cntlid) {
			break;
		}
	}
	if (ctrlr == NULL) {
		return INVALID_DATA(c, cntlid);
	}
	if (strcmp(ctrlr->hostnqn, c->data.hostnqn) != 0) {
		return INVALID_DATA(c, hostnqn);
	}
	if (memcmp(ctrlr->hostid.u.raw, c->data.hostid, sizeof(c->data.hostid)) != 0) {
		return INVALID_DATA(c, hostid);
	}
	c->ctrlr = ctrlr;
	return true;
}

static void
connect_on_target(void *arg)
{
	struct connect *c = arg;
	struct spdk_nvmf_subsystem *subsystem;

	subsystem = spdk_nvmf_tgt_find_subsystem(c->tgt, c->data.subnqn);
	if (!connect_subsystem_open(c, subsystem)) {
		connect_answer(c);
	} else if (c->cmd.qid == 0) {
		(void)connect_make_ctrlr(c, subsystem);
		connect_answer(c);
	} else if (connect_find_ctrlr(c, subsystem)) {
		spdk_thread_send_msg(c->ctrlr->thread, connect_join, c);
	} else {
		connect_answer(c);
	}
}

/* ---- First turn: queue's thread ---- */

/** The host's name goes into log lines and JSON: UTF-8, and nothing that moves the cursor. */
static bool
hostnqn_is_printable(const char *nqn)
{
	const unsigned char *p;
	bool ascii = true;

	for (p = (const unsigned char *)nqn; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7f) {
			return false;
		}
		ascii = ascii && *p < 0x80;
	}
	return ascii || wire_nqn_is_valid(nqn);
}

static bool
connect_decode(struct connect *c)
{
	struct spdk_nvmf_request *req = c->req;
	const struct spdk_nvmf_transport_opts *opts = &c->qpair->transport->opts;
	uint8_t data[WIRE_CONNECT_DATA_BYTES];
	uint32_t depth;

	depth = req->cmd->connect_cmd.qid == 0 ? opts->max_aq_depth : opts->max_queue_depth;
	if (wire_connect_cmd_decode(&req->cmd->nvme_cmd, depth - 1, &c->cmd, &c->status) != 0) {
		return false;
	}
	if (req->length < sizeof(data)) {
		return connect_refuse(c, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_INVALID_FIELD);
	}
	spdk_nvmf_request_copy_to_buf(req, data, sizeof(data));
	if (wire_connect_data_decode(data, sizeof(data), &c->data, &c->status) != 0) {
		return false;
	}
	return hostnqn_is_printable(c->data.hostnqn) || INVALID_DATA(c, hostnqn);
}

enum spdk_nvmf_request_exec_status
nvmf_connect_exec(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_qpair *qpair = req->qpair;
	struct connect *c;
	char name[200];

	if (qpair->connect_received) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_COMMAND_SEQUENCE_ERROR);
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		nvmf_rsp_set(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_INTERNAL_DEVICE_ERROR);
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	c->req = req;
	c->qpair = qpair;
	c->thread = spdk_get_thread();
	c->tgt = qpair->transport->tgt;
	if (!connect_decode(c) || spdk_nvmf_qpair_get_listen_trid(qpair, &c->listen_trid) != 0) {
		wire_status_to_cpl(&c->status, &req->rsp->nvme_cpl);
		free(c);
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	qpair->connect_received = true;
	snprintf(name, sizeof(name), "%.80s %.60s:%.8s qid:%u", c->data.subnqn,
	         c->listen_trid.traddr, c->listen_trid.trsvcid, c->cmd.qid);
	spdk_trace_owner_append_description(qpair->trace_id, name);
	spdk_thread_send_msg(c->tgt->thread, connect_on_target, c);
	return SPDK_NVMF_REQUEST_EXEC_STATUS_ASYNCHRONOUS;
}
