/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Requests of a connection:
 *
 *	FREE -> [BUFFER] -> CAPSULE ----------> RUNNING -> SENDING -> FREE
 *	             \----> R2T ------------/
 *	             \----> RUNNING (reads, and commands without data)
 *
 * A command whose data comes in the capsule can't be begun without a buffer, since the stream can't
 * go on before the data was placed: the connection stalls. One that reads, or asks for its data by
 * R2T, waits for a buffer beside the stream.
 */

#include "tcp.h"

void
tcp_req_init(struct tcp_conn *conn, struct tcp_req *treq, uint16_t ttag)
{
	treq->conn = conn;
	treq->ttag = ttag;
	treq->req.qpair = &conn->qpair;
	treq->req.cmd = &treq->cmd;
	treq->req.rsp = &treq->rsp;
	treq->state = TCP_REQ_FREE;
	STAILQ_INSERT_TAIL(&conn->free_reqs, treq, free_link);
}

struct tcp_req *
tcp_conn_find_req(struct tcp_conn *conn, uint16_t ttag)
{
	if (ttag < TCP_REQS_AT_FIRST) {
		return &conn->first_reqs[ttag];
	}
	if ((uint32_t)ttag - TCP_REQS_AT_FIRST < conn->num_more_reqs) {
		return &conn->more_reqs[ttag - TCP_REQS_AT_FIRST];
	}
	return NULL;
}

/** Connect says how deep the queue is: have a request for each entry. From here on a capsule of an
 *  I/O queue carries what IOCCSZ says. A depth that lib/nvmf refuses changes nothing; one that was
 *  refused for another reason stays, so that trying again can't ask for more. Generic status. */
static uint8_t
conn_grow_reqs(struct tcp_conn *conn, const struct spdk_nvmf_fabric_connect_cmd *cmd)
{
	const struct spdk_nvmf_transport_opts *opts = &conn->qpair.transport->opts;
	uint32_t depth_max = cmd->qid == 0 ? opts->max_aq_depth : opts->max_queue_depth;
	uint32_t i, depth = (uint32_t)cmd->sqsize + 1;

	if (cmd->sqsize == 0 || depth > depth_max) {
		return SPDK_NVME_SC_SUCCESS;
	}
	if (conn->more_reqs != NULL) {
		return depth <= conn->num_more_reqs ? SPDK_NVME_SC_SUCCESS
		                                    : SPDK_NVME_SC_COMMAND_SEQUENCE_ERROR;
	}
	conn->more_reqs = calloc(depth, sizeof(*conn->more_reqs));
	if (conn->more_reqs == NULL) {
		return SPDK_NVME_SC_INTERNAL_DEVICE_ERROR;
	}
	conn->num_more_reqs = depth;
	if (cmd->qid != 0) {
		conn->link.in_capsule_bytes_max = opts->in_capsule_data_size;
	}
	for (i = 0; i < depth; i++) {
		tcp_req_init(conn, &conn->more_reqs[i], (uint16_t)(TCP_REQS_AT_FIRST + i));
	}
	return SPDK_NVME_SC_SUCCESS;
}

/* ---- End ---- */

static void
req_free_buffer(struct tcp_req *treq)
{
	struct tcp_conn *conn = treq->conn;

	if (treq->buf_bytes == 0) {
		return;
	}
	treq->req.iov[0].iov_len = treq->buf_bytes;
	treq->buf_bytes = 0;
	spdk_nvmf_request_free_buffers(&treq->req, &conn->group->group, conn->qpair.transport);
}

void
tcp_req_release(struct tcp_req *treq)
{
	struct tcp_conn *conn = treq->conn;

	if (treq->state == TCP_REQ_R2T) {
		TAILQ_REMOVE(&conn->r2t_reqs, treq, link);
	}
	req_free_buffer(treq);
	treq->state = TCP_REQ_FREE;
	STAILQ_INSERT_HEAD(&conn->free_reqs, treq, free_link);
	if (spdk_unlikely(conn->rx_state == TCP_RX_STALLED)) {
		tcp_conn_resume(conn);
	}
}

void
tcp_req_free(struct spdk_nvmf_request *req)
{
	tcp_req_release(tcp_req_of(req));
}

void
tcp_req_complete(struct spdk_nvmf_request *req)
{
	struct tcp_req *treq = tcp_req_of(req);

	assert(treq->state == TCP_REQ_RUNNING);
	if (spdk_unlikely(trace_group_mask(TRACE_GROUP_NVMF_TCP) != 0)) {
		tcp_req_trace(treq, TRACE_NVMF_TCP_EXECUTED);
	}
	if (spdk_likely(treq->conn->state == TCP_CONN_READY)) {
		tcp_send_response(treq);
	} else {
		tcp_req_release(treq);
	}
}

static void
req_drop_if_waiting(struct tcp_req *treq)
{
	if (treq->state == TCP_REQ_BUFFER || treq->state == TCP_REQ_CAPSULE ||
	    treq->state == TCP_REQ_R2T) {
		tcp_req_release(treq);
	}
}

void
tcp_conn_free_waiting(struct tcp_conn *conn)
{
	uint32_t i;

	conn->rx_req = NULL;
	for (i = 0; i < TCP_REQS_AT_FIRST; i++) {
		req_drop_if_waiting(&conn->first_reqs[i]);
	}
	for (i = 0; i < conn->num_more_reqs; i++) {
		req_drop_if_waiting(&conn->more_reqs[i]);
	}
}

/* ---- Begin ---- */

/** Answer a command that lib/nvmf never sees. It counts in the submission queue all the same. */
static void
req_refuse(struct tcp_req *treq, uint8_t sc)
{
	struct spdk_nvmf_qpair *qpair = &treq->conn->qpair;
	struct spdk_nvme_cpl *cpl = &treq->rsp.nvme_cpl;

	if (qpair->sq_head_max != UINT16_MAX) {
		qpair->sq_head = qpair->sq_head == qpair->sq_head_max ? 0 : qpair->sq_head + 1;
	}
	memset(cpl, 0, sizeof(*cpl));
	cpl->cid = treq->cmd.nvme_cmd.cid;
	cpl->sqhd = qpair->sq_head;
	cpl->status.sc = sc;
	/* Damage on the way heals by trying again, a wrong command does not. */
	cpl->status.dnr = sc != SPDK_NVME_SC_COMMAND_TRANSIENT_TRANSPORT_ERROR;
	if (treq->conn->state == TCP_CONN_READY) {
		tcp_send_response(treq);
	} else {
		tcp_req_release(treq);
	}
}

void
tcp_req_run(struct tcp_req *treq)
{
	struct spdk_nvmf_request *req = &treq->req;

	if (treq->state == TCP_REQ_R2T) {
		TAILQ_REMOVE(&treq->conn->r2t_reqs, treq, link);
	}
	treq->state = TCP_REQ_RUNNING;
	if (spdk_unlikely((treq->sc | trace_group_mask(TRACE_GROUP_NVMF_TCP)) != 0)) {
		tcp_req_trace(treq, TRACE_NVMF_TCP_EXECUTE);
		if (treq->sc != 0) {
			req_refuse(treq, treq->sc);
			return;
		}
	}
	if (spdk_unlikely(treq->sgl_offset != 0)) {
		memmove(req->iov[0].iov_base, (uint8_t *)req->iov[0].iov_base + treq->sgl_offset,
		        req->length);
	}
	if (req->iovcnt > 0) {
		req->iov[0].iov_len = req->length;
	}
	spdk_nvmf_request_exec(req);
}

static void
req_have_buffer(struct tcp_req *treq)
{
	if (treq->in_capsule) {
		treq->state = TCP_REQ_CAPSULE;
	} else if (treq->req.xfer == SPDK_NVME_DATA_HOST_TO_CONTROLLER) {
		tcp_send_r2t(treq);
	} else {
		tcp_req_run(treq);
	}
}

void
tcp_req_get_buffers_done(struct spdk_nvmf_request *req)
{
	struct tcp_req *treq = tcp_req_of(req);
	struct tcp_conn *conn = treq->conn;

	assert(treq->state == TCP_REQ_BUFFER);
	if (treq->in_capsule) {
		treq->state = TCP_REQ_CAPSULE;
		tcp_conn_resume(conn);
	} else {
		req_have_buffer(treq);
	}
}

/** The length that the command names, or why it can't be. */
static uint8_t
req_decode_sgl(struct tcp_req *treq, const struct wire_pdu *pdu)
{
	struct spdk_nvmf_transport *transport = treq->conn->qpair.transport;
	enum wire_dir dir = wire_cmd_dir(&pdu->cmd);
	struct wire_sgl sgl;
	uint8_t sc;

	treq->req.length = 0;
	treq->req.xfer = SPDK_NVME_DATA_NONE;
	if (dir == WIRE_NO_DATA || pdu->cmd.dptr.sgl1.unkeyed.length == 0) {
		return 0; /* a descriptor of nothing has no type that could be wrong */
	}
	sc = wire_sgl_decode(&pdu->cmd, dir, pdu->data_bytes, &sgl);
	if (sc != 0 || sgl.kind == WIRE_SGL_NONE) {
		return sc;
	}
	if (sgl.kind != WIRE_SGL_IN_CAPSULE && pdu->data_bytes > 0) {
		return SPDK_NVME_SC_INVALID_FIELD; /* data that the command does not name */
	}
	if (sgl.len_bytes > spdk_max(transport->opts.max_io_size, TCP_ADMIN_IN_CAPSULE_BYTES) ||
	    sgl.len_bytes > transport->large_bufsize) {
		return SPDK_NVME_SC_DATA_SGL_LENGTH_INVALID;
	}
	treq->req.length = sgl.len_bytes;
	treq->req.xfer = dir == WIRE_TO_HOST ? SPDK_NVME_DATA_CONTROLLER_TO_HOST
	                                     : SPDK_NVME_DATA_HOST_TO_CONTROLLER;
	treq->in_capsule = sgl.kind == WIRE_SGL_IN_CAPSULE;
	treq->sgl_offset = treq->in_capsule ? sgl.offset_bytes : 0;
	return 0;
}

static struct tcp_req *
conn_take_req(struct tcp_conn *conn)
{
	struct tcp_req *treq = STAILQ_FIRST(&conn->free_reqs);

	if (spdk_unlikely(treq == NULL)) {
		return NULL;
	}
	STAILQ_REMOVE_HEAD(&conn->free_reqs, free_link);
	treq->cmd.nvme_cmd = conn->pdu.cmd;
	treq->in_capsule = false;
	treq->sgl_offset = 0;
	treq->sc = req_decode_sgl(treq, &conn->pdu);
	return treq;
}

/** Begin a command that needs data; true when its buffer is there. */
static bool
req_get_buffer(struct tcp_req *treq, uint32_t bytes)
{
	struct tcp_conn *conn = treq->conn;
	int rc;

	treq->state = TCP_REQ_BUFFER;
	treq->buf_bytes = bytes;
	rc = spdk_nvmf_request_get_buffers(&treq->req, &conn->group->group, conn->qpair.transport,
	                                   bytes);
	assert(rc == 0 || rc == -EINPROGRESS);
	if (spdk_likely(rc == 0)) {
		return true;
	}
	tcp_req_trace(treq, TRACE_NVMF_TCP_NEED_BUFFER);
	return false;
}

int
tcp_req_begin(struct tcp_conn *conn)
{
	struct wire_pdu *pdu = &conn->pdu;
	struct tcp_req *treq = conn_take_req(conn);

	if (treq == NULL) {
		return -EAGAIN;
	}
	if (spdk_unlikely(trace_group_mask(TRACE_GROUP_NVMF_TCP) != 0)) {
		tcp_req_trace(treq, TRACE_NVMF_TCP_NEW);
	}
	if (spdk_unlikely(pdu->cmd.opc == SPDK_NVME_OPC_FABRIC && conn->qpair.ctrlr == NULL &&
	                  treq->cmd.nvmf_cmd.fctype == SPDK_NVMF_FABRIC_COMMAND_CONNECT &&
	                  treq->sc == 0)) {
		treq->sc = conn_grow_reqs(conn, &treq->cmd.connect_cmd);
	}
	if (treq->req.length == 0 || treq->sc != 0) {
		treq->req.iovcnt = 0;
		treq->req.length = 0;
		if (pdu->data_bytes > 0) {
			/* Answer when the data that came along was thrown away. */
			treq->state = TCP_REQ_CAPSULE;
			treq->in_capsule = true;
			conn->rx_req = treq;
			return 0;
		}
		tcp_req_run(treq);
		return 0;
	}
	if (treq->in_capsule) {
		conn->rx_req = treq;
		return req_get_buffer(treq, pdu->data_bytes) ? (req_have_buffer(treq), 0)
		                                             : -EINPROGRESS;
	}
	if (req_get_buffer(treq, treq->req.length)) {
		req_have_buffer(treq);
	}
	return 0;
}
