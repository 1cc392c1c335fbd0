/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Answers. Each is one queued write: header, data, and what follows the data; lib/sock gathers
 * those of one round into one system call. The data stays in the request's buffer until it was
 * sent.
 */

#include "tcp.h"

static void
tx_begin(struct tcp_conn *conn, struct tcp_tx *tx, int iovcnt, void (*cb_fn)(void *cb_arg, int err),
         void *cb_arg)
{
	tx->sock_req.cb_fn = cb_fn;
	tx->sock_req.cb_arg = cb_arg;
	tx->sock_req.iovcnt = iovcnt;
	if (conn->tx_pending++ == 0) {
		conn->tx_since_s = conn->group->now_s;
	}
	spdk_sock_writev_async(conn->sock, &tx->sock_req);
}

/** \return false when the connection is lost. */
static bool
tx_end(struct tcp_conn *conn, int err)
{
	assert(conn->tx_pending > 0);
	conn->tx_pending--;
	conn->tx_since_s = conn->group->now_s;
	if (spdk_unlikely(err != 0)) {
		tcp_conn_close(conn);
		return false;
	}
	return true;
}

static TRACE_COLD void
response_sent_special(struct tcp_req *treq, int err)
{
	tcp_req_trace(treq, TRACE_NVMF_TCP_COMPLETED);
	tx_end(treq->conn, err);
	tcp_req_release(treq);
}

static void
response_sent(void *arg, int err)
{
	struct tcp_req *treq = arg;

	if (spdk_unlikely((trace_group_mask(TRACE_GROUP_NVMF_TCP) | (uint64_t)err) != 0)) {
		response_sent_special(treq, err);
		return;
	}
	tx_end(treq->conn, 0);
	tcp_req_release(treq);
}

/** The response behind the data, unless the data says "success". */
static size_t
build_tail(struct tcp_req *treq, bool with_response)
{
	struct wire_link *link = &treq->conn->link;
	size_t len = 0;
	uint32_t crc;

	if (link->ddgst) {
		crc = wire_ddgst_update_iov(WIRE_DDGST_START, treq->req.iov, treq->req.iovcnt, 0,
		                            treq->req.length);
		wire_ddgst_put(crc, treq->tx_tail);
		len = WIRE_DIGEST_BYTES;
	}
	if (with_response) {
		len += wire_build_resp(link, treq->tx_tail + len, &treq->rsp.nvme_cpl);
	}
	return len;
}

static void
send_data(struct tcp_req *treq)
{
	struct tcp_conn *conn = treq->conn;
	const struct spdk_nvme_cpl *cpl = &treq->rsp.nvme_cpl;
	struct wire_data data = {
		.cid = cpl->cid,
		.len_bytes = treq->req.length,
		.last = true,
		.success =
		        tcp_conn_transport(conn)->c2h_success && cpl->cdw0 == 0 && cpl->cdw1 == 0,
	};
	struct iovec *iov = treq->tx.iov;
	int iovcnt = 2;
	size_t tail;

	iov[0].iov_base = treq->tx_hdr;
	iov[0].iov_len = wire_build_c2h_data(&conn->link, treq->tx_hdr, &data);
	iov[1].iov_base = treq->req.iov[0].iov_base;
	iov[1].iov_len = treq->req.length;
	tail = build_tail(treq, !data.success);
	if (tail > 0) {
		iov[2].iov_base = treq->tx_tail;
		iov[2].iov_len = tail;
		iovcnt = 3;
	}
	tx_begin(conn, &treq->tx, iovcnt, response_sent, treq);
}

void
tcp_send_response(struct tcp_req *treq)
{
	struct tcp_conn *conn = treq->conn;
	const struct spdk_nvme_cpl *cpl = &treq->rsp.nvme_cpl;

	treq->state = TCP_REQ_SENDING;
	if (treq->req.xfer == SPDK_NVME_DATA_CONTROLLER_TO_HOST && treq->req.length > 0 &&
	    cpl->status.sc == 0 && cpl->status.sct == 0) {
		send_data(treq);
		return;
	}
	treq->tx.iov[0].iov_base = treq->tx_hdr;
	treq->tx.iov[0].iov_len = wire_build_resp(&conn->link, treq->tx_hdr, cpl);
	tx_begin(conn, &treq->tx, 1, response_sent, treq);
}

static void
r2t_sent(void *arg, int err)
{
	struct tcp_req *treq = arg;

	tx_end(treq->conn, err);
}

/** One R2T for all of the data: the host cuts it into PDUs of our MAXH2CDATA. */
void
tcp_send_r2t(struct tcp_req *treq)
{
	struct tcp_conn *conn = treq->conn;
	struct wire_r2t r2t = {
		.cid = treq->cmd.nvme_cmd.cid,
		.ttag = treq->ttag,
		.len_bytes = treq->req.length,
	};

	if (spdk_unlikely(trace_group_mask(TRACE_GROUP_NVMF_TCP) != 0)) {
		tcp_req_trace(treq, TRACE_NVMF_TCP_H2C);
	}
	treq->state = TCP_REQ_R2T;
	treq->since_s = conn->group->now_s;
	TAILQ_INSERT_TAIL(&conn->r2t_reqs, treq, link);
	wire_xfer_begin_r2t(&treq->xfer, &r2t);
	treq->r2t_tx.iov[0].iov_base = treq->r2t_hdr;
	treq->r2t_tx.iov[0].iov_len = wire_build_r2t(&conn->link, treq->r2t_hdr, &r2t);
	tx_begin(conn, &treq->r2t_tx, 1, r2t_sent, treq);
}

static void
ctl_sent(void *arg, int err)
{
	struct tcp_conn *conn = arg;

	conn->ctl_pending = false;
	tx_end(conn, err);
}

void
tcp_conn_send_ctl(struct tcp_conn *conn, size_t len)
{
	assert(!conn->ctl_pending);
	conn->ctl_pending = true;
	conn->ctl_tx.iov[0].iov_base = conn->ctl_buf;
	conn->ctl_tx.iov[0].iov_len = len;
	tx_begin(conn, &conn->ctl_tx, 1, ctl_sent, conn);
}
