/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Requests: from the transport to the handler of its command, and back. On the queue's thread.
 *
 * A request is in its queue's `outstanding` from exec to complete, and counted in the sgroup while
 * it runs, so that a pause knows when nothing does; what comes during a pause waits there.
 * Completing is the last use of a request here: the transport sends the answer and reuses it.
 */

#include "nvmf_internal.h"

static void
request_uncount(struct spdk_nvmf_request *req, struct spdk_nvmf_subsystem_poll_group *sgroup)
{
	if (req->rsvd == NVMF_REQ_IO) {
		sgroup->ns[req->cmd->nvme_cmd.nsid - 1].io_outstanding--;
	} else {
		assert(req->rsvd == NVMF_REQ_MGMT && sgroup->mgmt_outstanding > 0);
		sgroup->mgmt_outstanding--;
	}
	req->rsvd = NVMF_REQ_UNCOUNTED;
}

/** Take the request out of its queue: whoever waits for the queue or for a pause goes on. */
static void
request_leave(struct spdk_nvmf_request *req, void (*give_back)(struct spdk_nvmf_request *))
{
	struct spdk_nvmf_qpair *qpair = req->qpair;
	struct spdk_nvmf_subsystem_poll_group *sgroup = NULL;

	if (req->rsvd != NVMF_REQ_UNCOUNTED) {
		sgroup = nvmf_qpair_sgroup(qpair);
		request_uncount(req, sgroup);
	}
	TAILQ_REMOVE(&qpair->outstanding, req, link);
	give_back(req);
	if (sgroup != NULL && spdk_unlikely(sgroup->pause_iter != NULL)) {
		nvmf_sgroup_check_paused(sgroup);
	}
	nvmf_qpair_check_drained(qpair);
}

void
nvmf_request_drop(struct spdk_nvmf_request *req)
{
	request_leave(req, req->qpair->transport->ops->req_free);
}

int
spdk_nvmf_request_free(struct spdk_nvmf_request *req)
{
	nvmf_request_drop(req);
	return 0;
}

int
spdk_nvmf_request_complete(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_qpair *qpair = req->qpair;
	struct spdk_nvme_cpl *rsp = &req->rsp->nvme_cpl;

	assert(qpair->group->thread == spdk_get_thread());
	if (spdk_unlikely(req->rsvd == NVMF_REQ_IO_HELD)) {
		req->rsvd = NVMF_REQ_IO_DONE;
		return 0;
	}
	rsp->sqid = 0;
	rsp->status.p = 0;
	rsp->cid = req->cmd->nvme_cmd.cid;
	rsp->sqhd = qpair->sq_head;
	qpair->group->stat.completed_nvme_io += qpair->qid != 0;
	request_leave(req, qpair->transport->ops->req_complete);
	return 0;
}

/** The slot is consumed: SQHD of the next answer says so. With flow control off it stays FFFFh. */
static void
qpair_advance_sq_head(struct spdk_nvmf_qpair *qpair)
{
	if (spdk_likely(qpair->sq_head_max != UINT16_MAX)) {
		qpair->sq_head = qpair->sq_head == qpair->sq_head_max ? 0 : qpair->sq_head + 1;
	}
}

static void
request_queue(struct spdk_nvmf_request *req, struct spdk_nvmf_subsystem_poll_group *sgroup)
{
	req->rsvd = NVMF_REQ_QUEUED;
	STAILQ_INSERT_TAIL(&sgroup->queued, req, reservation_link);
}

static enum spdk_nvmf_request_exec_status
request_run_io(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_subsystem_poll_group *sgroup = nvmf_qpair_sgroup(req->qpair);
	uint32_t nsid = req->cmd->nvme_cmd.nsid;
	struct nvmf_sgroup_ns *ns;

	if (spdk_unlikely(nsid - 1 >= sgroup->num_ns)) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_NAMESPACE_OR_FORMAT);
	}
	ns = &sgroup->ns[nsid - 1];
	if (spdk_unlikely(ns->paused)) {
		request_queue(req, sgroup);
		return SPDK_NVMF_REQUEST_EXEC_STATUS_ASYNCHRONOUS;
	}
	if (spdk_unlikely(ns->channel == NULL)) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_NAMESPACE_OR_FORMAT);
	}
	ns->io_outstanding++;
	req->rsvd = NVMF_REQ_IO;
	return nvmf_ctrlr_io_exec(req, ns);
}

static enum spdk_nvmf_request_exec_status
request_run_admin(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_subsystem_poll_group *sgroup = nvmf_qpair_sgroup(req->qpair);

	/* Keep Alive touches nothing of the subsystem, and a pause may last. */
	if (sgroup->state == NVMF_SGROUP_PAUSED &&
	    req->cmd->nvme_cmd.opc != SPDK_NVME_OPC_KEEP_ALIVE) {
		request_queue(req, sgroup);
		return SPDK_NVMF_REQUEST_EXEC_STATUS_ASYNCHRONOUS;
	}
	if (req->cmd->nvme_cmd.opc == SPDK_NVME_OPC_ASYNC_EVENT_REQUEST) {
		/* It may wait for ever, which a pause must not. */
		return nvmf_ctrlr_async_event_request(req);
	}
	sgroup->mgmt_outstanding++;
	req->rsvd = NVMF_REQ_MGMT;
	return nvmf_ctrlr_admin_exec(req);
}

static enum spdk_nvmf_request_exec_status
request_run_fabrics(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_qpair *qpair = req->qpair;
	uint8_t fctype = req->cmd->nvmf_cmd.fctype;

	if (qpair->ctrlr == NULL) {
		if (fctype == SPDK_NVMF_FABRIC_COMMAND_CONNECT) {
			return nvmf_connect_exec(req);
		}
		return nvmf_rsp_generic(req, SPDK_NVME_SC_COMMAND_SEQUENCE_ERROR);
	}
	switch (fctype) {
	case SPDK_NVMF_FABRIC_COMMAND_PROPERTY_GET:
	case SPDK_NVMF_FABRIC_COMMAND_PROPERTY_SET:
		if (nvmf_qpair_is_admin(qpair)) {
			return nvmf_property_exec(req);
		}
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_OPCODE);
	case SPDK_NVMF_FABRIC_COMMAND_CONNECT:
		return nvmf_rsp_generic(req, SPDK_NVME_SC_COMMAND_SEQUENCE_ERROR);
	default:
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_OPCODE);
	}
}

static enum spdk_nvmf_request_exec_status
request_dispatch(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_qpair *qpair = req->qpair;

	if (spdk_unlikely(qpair->state == SPDK_NVMF_QPAIR_DEACTIVATING)) {
		nvmf_rsp_set(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_ABORTED_SQ_DELETION);
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	if (spdk_unlikely(req->cmd->nvme_cmd.opc == SPDK_NVME_OPC_FABRIC)) {
		return request_run_fabrics(req);
	}
	if (spdk_unlikely(qpair->ctrlr == NULL)) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_COMMAND_SEQUENCE_ERROR);
	}
	if (spdk_unlikely(req->cmd->nvme_cmd.fuse != SPDK_NVME_CMD_FUSE_NONE)) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	if (nvmf_qpair_is_admin(qpair)) {
		return request_run_admin(req);
	}
	return request_run_io(req);
}

void
nvmf_request_run(struct spdk_nvmf_request *req)
{
	if (request_dispatch(req) == SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE) {
		spdk_nvmf_request_complete(req);
	}
}

void
spdk_nvmf_request_exec(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_qpair *qpair = req->qpair;

	memset(req->rsp, 0, sizeof(*req->rsp));
	req->rsvd = NVMF_REQ_UNCOUNTED;
	TAILQ_INSERT_TAIL(&qpair->outstanding, req, link);
	qpair_advance_sq_head(qpair);
	nvmf_request_run(req);
}

/* ---- The data of a request ---- */

size_t
spdk_nvmf_request_copy_from_buf(struct spdk_nvmf_request *req, void *buf, size_t buflen)
{
	struct spdk_iov_xfer ix;

	spdk_iov_xfer_init(&ix, req->iov, req->iovcnt);
	return spdk_iov_xfer_from_buf(&ix, buf, buflen);
}

size_t
spdk_nvmf_request_copy_to_buf(struct spdk_nvmf_request *req, void *buf, size_t buflen)
{
	struct spdk_iov_xfer ix;

	spdk_iov_xfer_init(&ix, req->iov, req->iovcnt);
	return spdk_iov_xfer_to_buf(&ix, buf, buflen);
}

void
nvmf_request_put_data(struct spdk_nvmf_request *req, const void *data, size_t len, uint64_t offset)
{
	struct spdk_iov_xfer ix;

	if (offset < len) {
		spdk_iov_xfer_init(&ix, req->iov, req->iovcnt);
		spdk_iov_xfer_from_buf(&ix, (const uint8_t *)data + offset, len - offset);
	}
}

/* ---- What handlers from outside ask ---- */

struct spdk_nvmf_ctrlr *
spdk_nvmf_request_get_ctrlr(struct spdk_nvmf_request *req)
{
	return req->qpair->ctrlr;
}

struct spdk_nvmf_subsystem *
spdk_nvmf_request_get_subsystem(struct spdk_nvmf_request *req)
{
	return req->qpair->ctrlr->subsys;
}

struct spdk_nvme_cmd *
spdk_nvmf_request_get_cmd(struct spdk_nvmf_request *req)
{
	return &req->cmd->nvme_cmd;
}

struct spdk_nvme_cpl *
spdk_nvmf_request_get_response(struct spdk_nvmf_request *req)
{
	return &req->rsp->nvme_cpl;
}
