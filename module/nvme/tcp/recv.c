/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Everything that comes in, on the queue pair's thread. Bytes land in rx_buf, many PDUs in one
 * read; only the bulk of data that is longer than what rx_buf holds of it is read straight to its
 * place, with rx_buf behind it for what follows.
 *
 *	COMMON -> HEADER -> [SKIP] -> [DATA -> [DIGEST]] -> COMMON
 *
 * lib/nvme_wire checks each PDU, and each piece of data against the transfer that it belongs to,
 * before a byte of it is stored; so no peer writes outside the buffers of a command that reads. A
 * fault ends the connection. Call-backs run between PDUs; they may poll, disconnect, and even
 * connect anew: `generation` tells.
 */

#include "tcp.h"

void
nvme_tcp_recv_reset(struct nvme_tcp_qpair *tqpair)
{
	tqpair->rx_state = NVME_TCP_RX_COMMON;
	tqpair->rx_begin = 0;
	tqpair->rx_end = 0;
	tqpair->rx_left = 0;
	tqpair->rx_req = NULL;
	tqpair->rx_stopped = false;
}

/* ---- Reading ---- */

static ssize_t
recv_result(struct nvme_tcp_qpair *tqpair, ssize_t n)
{
	if (spdk_likely(n > 0)) {
		return n;
	}
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
		return -EAGAIN;
	}
	if (n < 0 && errno == ENOTCONN && tqpair->state == NVME_TCP_SOCK_CONNECTING) {
		return -EAGAIN;
	}
	/* A hang-up: the peer's doing. */
	if (tqpair->qpair.failure_reason == SPDK_NVME_QPAIR_FAILURE_NONE) {
		tqpair->qpair.failure_reason = SPDK_NVME_QPAIR_FAILURE_REMOTE;
	}
	return -ECONNRESET;
}

/* More into rx_buf; what is there is moved to its front when little room is left. */
static ssize_t
recv_fill(struct nvme_tcp_qpair *tqpair)
{
	struct iovec iov;
	ssize_t n;

	if (tqpair->rx_begin == tqpair->rx_end) {
		tqpair->rx_begin = 0;
		tqpair->rx_end = 0;
	} else if (tqpair->rx_begin > 0) {
		memmove(tqpair->rx_buf, tqpair->rx_buf + tqpair->rx_begin,
		        tqpair->rx_end - tqpair->rx_begin);
		tqpair->rx_end -= tqpair->rx_begin;
		tqpair->rx_begin = 0;
	}
	assert(tqpair->rx_end < NVME_TCP_RX_BYTES);
	iov.iov_base = tqpair->rx_buf + tqpair->rx_end;
	iov.iov_len = NVME_TCP_RX_BYTES - tqpair->rx_end;
	n = recv_result(tqpair, spdk_sock_readv(tqpair->sock, &iov, 1));
	if (n > 0) {
		/* A short read: no need to ask for EAGAIN. */
		tqpair->rx_drained = (size_t)n < iov.iov_len;
		tqpair->rx_end += (uint32_t)n;
	}
	return n;
}

/* Vectors for the rest of the data PDU that is coming in. */
static int
recv_data_iov(const struct nvme_tcp_qpair *tqpair, struct iovec *iov)
{
	const struct nvme_tcp_req *treq = tqpair->rx_req;
	size_t offset = tqpair->rx_offset;
	size_t left = tqpair->rx_left;
	int i, n = 0;

	for (i = 0; i < treq->iovcnt && left > 0; i++) {
		size_t len;

		if (offset >= treq->iov[i].iov_len) {
			offset -= treq->iov[i].iov_len;
			continue;
		}
		len = spdk_min(treq->iov[i].iov_len - offset, left);
		iov[n].iov_base = (uint8_t *)treq->iov[i].iov_base + offset;
		iov[n].iov_len = len;
		n++;
		left -= len;
		offset = 0;
	}
	assert(left == 0);
	return n;
}

/* `len` bytes of data are at their place. */
static void
recv_data_advance(struct nvme_tcp_qpair *tqpair, uint32_t len)
{
	if (tqpair->rx_pdu.ddgst) {
		tqpair->rx_crc =
		        wire_ddgst_update_iov(tqpair->rx_crc, tqpair->rx_req->iov,
		                              tqpair->rx_req->iovcnt, tqpair->rx_offset, len);
	}
	tqpair->rx_offset += len;
	tqpair->rx_left -= len;
}

static void
recv_data_copy(struct nvme_tcp_qpair *tqpair, uint32_t len)
{
	struct iovec iov[NVME_TCP_SGES_MAX];
	const uint8_t *from = tqpair->rx_buf + tqpair->rx_begin;
	uint32_t left = len;
	int iovcnt = recv_data_iov(tqpair, iov);
	int i;

	for (i = 0; i < iovcnt && left > 0; i++) {
		uint32_t piece = (uint32_t)spdk_min(iov[i].iov_len, (size_t)left);

		memcpy(iov[i].iov_base, from, piece);
		from += piece;
		left -= piece;
	}
	tqpair->rx_begin += len;
	recv_data_advance(tqpair, len);
}

static ssize_t
recv_data_direct(struct nvme_tcp_qpair *tqpair)
{
	struct iovec iov[NVME_TCP_SGES_MAX + 1];
	uint32_t in_data;
	ssize_t n;
	int iovcnt;

	assert(tqpair->rx_begin == tqpair->rx_end);
	tqpair->rx_begin = 0;
	tqpair->rx_end = 0;
	iovcnt = recv_data_iov(tqpair, iov);
	iov[iovcnt].iov_base = tqpair->rx_buf;
	iov[iovcnt].iov_len = NVME_TCP_RX_BYTES;
	n = recv_result(tqpair, spdk_sock_readv(tqpair->sock, iov, iovcnt + 1));
	if (n > 0) {
		in_data = (uint32_t)spdk_min((size_t)n, (size_t)tqpair->rx_left);
		tqpair->rx_end = (uint32_t)n - in_data;
		tqpair->rx_drained = tqpair->rx_end < NVME_TCP_RX_BYTES;
		recv_data_advance(tqpair, in_data);
	}
	return n;
}

/* ---- PDUs ---- */

/* The request that a PDU names, if it is out. */
static inline struct nvme_tcp_req *
find_req(struct nvme_tcp_qpair *tqpair, uint16_t cid)
{
	uint32_t index = cid;
	struct nvme_tcp_req *treq;

	if (spdk_likely(tqpair->num_reqs <= 1u << NVME_TCP_CID_INDEX_BITS)) {
		index &= (1u << NVME_TCP_CID_INDEX_BITS) - 1;
	}
	if (spdk_unlikely(index >= tqpair->num_reqs)) {
		return NULL;
	}
	treq = &tqpair->reqs[index];
	if (spdk_unlikely(treq->req == NULL || treq->cid != cid ||
	                  (treq->flags & NVME_TCP_REQ_ANSWERED) != 0)) {
		return NULL;
	}
	return treq;
}

static __attribute__((cold, noinline)) int
pdu_fault(struct nvme_tcp_qpair *tqpair, const struct wire_fault *fault)
{
	return nvme_tcp_qpair_fault(tqpair, fault, tqpair->rx_buf + tqpair->rx_hdr,
	                            tqpair->rx_pdu.hlen);
}

static __attribute__((cold, noinline)) int
pdu_unknown_cid(struct nvme_tcp_qpair *tqpair)
{
	struct wire_fault fault;

	wire_fault_unknown_tag(tqpair->rx_pdu.type, false, &fault);
	return pdu_fault(tqpair, &fault);
}

/*
 * Data that the controller did not move although it reports success, or that is damaged, would go
 * unnoticed by the user: that becomes an error. Of admin commands only Identify always fills its
 * buffer.
 */
static __attribute__((cold, noinline)) void
req_judge_data(struct nvme_tcp_req *treq)
{
	const struct nvme_request *req = treq->req;

	if ((treq->flags & NVME_TCP_REQ_BAD_DATA) != 0) {
		treq->cpl.status.sct = SPDK_NVME_SCT_GENERIC;
		treq->cpl.status.sc = SPDK_NVME_SC_COMMAND_TRANSIENT_TRANSPORT_ERROR;
	} else if (spdk_nvme_cpl_is_success(&treq->cpl) &&
	           (req->qpair->id != 0 || req->cmd.opc == SPDK_NVME_OPC_IDENTIFY)) {
		SPDK_ERRLOG_RATELIMIT("%s: queue %u: command %02x reported done, but %u of %u "
		                      "bytes moved\n",
		                      req->qpair->ctrlr->trid.subnqn, req->qpair->id, req->cmd.opc,
		                      treq->xfer.next_bytes, treq->xfer.end_bytes);
		treq->cpl.status.sct = SPDK_NVME_SCT_GENERIC;
		treq->cpl.status.sc = SPDK_NVME_SC_DATA_TRANSFER_ERROR;
	}
}

/* The controller is through with a command. */
static inline void
req_answered(struct nvme_tcp_req *treq)
{
	if (spdk_unlikely((treq->flags & NVME_TCP_REQ_BAD_DATA) != 0 ||
	                  treq->xfer.next_bytes != treq->xfer.end_bytes)) {
		req_judge_data(treq);
	}
	treq->flags |= NVME_TCP_REQ_ANSWERED;
	if (spdk_likely((treq->flags & NVME_TCP_REQ_SENDING) == 0)) {
		nvme_tcp_req_complete(treq);
	}
}

static int
pdu_resp(struct nvme_tcp_qpair *tqpair)
{
	const struct spdk_nvme_cpl *cpl = &tqpair->rx_pdu.cpl;
	struct nvme_tcp_req *treq = find_req(tqpair, cpl->cid);

	if (spdk_unlikely(treq == NULL)) {
		return pdu_unknown_cid(tqpair);
	}
	if (spdk_unlikely(treq->r2t_left > 0)) {
		struct wire_fault fault = {
			.fes = SPDK_NVME_TCP_TERM_REQ_FES_PDU_SEQUENCE_ERROR,
			.what = "response while the data that an R2T asked for is being sent",
		};

		return pdu_fault(tqpair, &fault);
	}
	treq->cpl = *cpl;
	treq->cpl.sqid = tqpair->qpair.id;
	req_answered(treq);
	return 1;
}

static int
pdu_r2t(struct nvme_tcp_qpair *tqpair)
{
	const struct wire_r2t *r2t = &tqpair->rx_pdu.r2t;
	struct nvme_tcp_req *treq = find_req(tqpair, r2t->cid);
	struct wire_fault fault;

	if (spdk_unlikely(treq == NULL)) {
		return pdu_unknown_cid(tqpair);
	}
	if (spdk_unlikely(wire_xfer_r2t(&tqpair->link, &treq->xfer, r2t, &fault) != 0)) {
		return pdu_fault(tqpair, &fault);
	}
	treq->ttag = r2t->ttag;
	treq->r2t_offset = r2t->offset_bytes;
	treq->r2t_left = r2t->len_bytes;
	nvme_tcp_send_r2t_data(treq);
	return 0;
}

static int
pdu_c2h_data(struct nvme_tcp_qpair *tqpair)
{
	const struct wire_data *data = &tqpair->rx_pdu.data;
	struct nvme_tcp_req *treq = find_req(tqpair, data->cid);
	struct wire_fault fault;

	if (spdk_unlikely(treq == NULL)) {
		return pdu_unknown_cid(tqpair);
	}
	if (spdk_unlikely(wire_xfer_c2h_data(&treq->xfer, data, &fault) != 0)) {
		return pdu_fault(tqpair, &fault);
	}
	tqpair->rx_req = treq;
	tqpair->rx_offset = data->offset_bytes;
	tqpair->rx_crc = WIRE_DDGST_START;
	return 0;
}

/* All of a data PDU is there. 1 when it completed its command. */
static int
c2h_data_end(struct nvme_tcp_qpair *tqpair)
{
	struct nvme_tcp_req *treq = tqpair->rx_req;

	tqpair->rx_req = NULL;
	if (!tqpair->rx_pdu.data.success) {
		return 0;
	}
	memset(&treq->cpl, 0, sizeof(treq->cpl));
	treq->cpl.cid = treq->cid;
	treq->cpl.sqid = tqpair->qpair.id;
	req_answered(treq);
	return 1;
}

static __attribute__((cold, noinline)) int
pdu_ic_resp(struct nvme_tcp_qpair *tqpair)
{
	const struct spdk_nvme_ctrlr_opts *opts = &tqpair->qpair.ctrlr->opts;
	struct wire_ic_opts ours = {
		.hdgst = opts->header_digest,
		.ddgst = opts->data_digest,
		.r2t_max = NVME_TCP_R2T_MAX,
	};
	struct wire_fault fault;

	if (wire_ic_confirm(&tqpair->link, &tqpair->rx_pdu.ic_resp, &ours, &fault) != 0) {
		return pdu_fault(tqpair, &fault);
	}
	return nvme_tcp_qpair_connect_step(tqpair);
}

static __attribute__((cold, noinline)) int
pdu_term_req(struct nvme_tcp_qpair *tqpair)
{
	const struct wire_term_req *term = &tqpair->rx_pdu.term_req;

	SPDK_ERRLOG_RATELIMIT("%s: queue %u: the target ends the connection: error %u, field %u\n",
	                      tqpair->qpair.ctrlr->trid.subnqn, tqpair->qpair.id, term->fes,
	                      term->fei);
	tqpair->link.phase = WIRE_TERMINATED;
	tqpair->qpair.failure_reason = SPDK_NVME_QPAIR_FAILURE_REMOTE;
	return -ECONNRESET;
}

/* A whole header was checked: what it says. 1: a command ended; 0; or a negative errno. */
static inline int
pdu_handle(struct nvme_tcp_qpair *tqpair)
{
	if (spdk_likely(tqpair->rx_pdu.type == SPDK_NVME_TCP_PDU_TYPE_CAPSULE_RESP)) {
		return pdu_resp(tqpair);
	}
	switch (tqpair->rx_pdu.type) {
	case SPDK_NVME_TCP_PDU_TYPE_C2H_DATA:
		return pdu_c2h_data(tqpair);
	case SPDK_NVME_TCP_PDU_TYPE_R2T:
		return pdu_r2t(tqpair);
	case SPDK_NVME_TCP_PDU_TYPE_IC_RESP:
		return pdu_ic_resp(tqpair);
	case SPDK_NVME_TCP_PDU_TYPE_C2H_TERM_REQ:
		return pdu_term_req(tqpair);
	default:
		/* wire_pdu_begin() lets nothing else pass. */
		assert(false);
		return -EPROTO;
	}
}

/* ---- The states. Each returns 1 when a command ended, 0 to go on, -EAGAIN for want of bytes,
 * or another negative errno. ---- */

static inline uint32_t
rx_have(const struct nvme_tcp_qpair *tqpair)
{
	return tqpair->rx_end - tqpair->rx_begin;
}

static int
rx_header(struct nvme_tcp_qpair *tqpair)
{
	struct wire_pdu *pdu = &tqpair->rx_pdu;
	uint32_t generation = tqpair->generation;
	struct wire_fault fault;
	int rc;

	if (rx_have(tqpair) < pdu->hdr_bytes) {
		return -EAGAIN;
	}
	tqpair->rx_hdr = tqpair->rx_begin;
	if (spdk_unlikely(wire_pdu_decode(&tqpair->link, tqpair->rx_buf + tqpair->rx_hdr, pdu,
	                                  &fault) != 0)) {
		return pdu_fault(tqpair, &fault);
	}
	/* Taken before it is handled: its call-back may poll, and so receive the next. */
	tqpair->rx_begin += pdu->hdr_bytes;
	tqpair->rx_left = pdu->pad_bytes;
	tqpair->rx_state = pdu->data_bytes == 0 ? NVME_TCP_RX_COMMON : NVME_TCP_RX_SKIP;
	rc = pdu_handle(tqpair);
	if (spdk_unlikely(rc < 0)) {
		return rc;
	}
	return spdk_likely(tqpair->generation == generation) ? rc : -ENOTCONN;
}

static int
rx_common(struct nvme_tcp_qpair *tqpair)
{
	struct wire_fault fault;

	if (rx_have(tqpair) < WIRE_PDU_CH_BYTES) {
		return -EAGAIN;
	}
	if (spdk_unlikely(wire_pdu_begin(&tqpair->link, tqpair->rx_buf + tqpair->rx_begin,
	                                 &tqpair->rx_pdu, &fault) != 0)) {
		return nvme_tcp_qpair_fault(tqpair, &fault, tqpair->rx_buf + tqpair->rx_begin,
		                            WIRE_PDU_CH_BYTES);
	}
	tqpair->rx_state = NVME_TCP_RX_HEADER;
	return rx_header(tqpair);
}

static int
rx_skip(struct nvme_tcp_qpair *tqpair)
{
	uint32_t len = spdk_min(rx_have(tqpair), tqpair->rx_left);

	tqpair->rx_begin += len;
	tqpair->rx_left -= len;
	if (tqpair->rx_left > 0) {
		return -EAGAIN;
	}
	tqpair->rx_left = tqpair->rx_pdu.data_bytes;
	tqpair->rx_state = NVME_TCP_RX_DATA;
	return 0;
}

static int
rx_data(struct nvme_tcp_qpair *tqpair)
{
	uint32_t generation = tqpair->generation;
	uint32_t len = spdk_min(rx_have(tqpair), tqpair->rx_left);
	int rc;

	/* TermReq ended the connection; only C2HData gets here. */
	assert(tqpair->rx_req != NULL);
	if (len > 0) {
		recv_data_copy(tqpair, len);
	}
	if (tqpair->rx_left > 0) {
		return -EAGAIN;
	}
	if (tqpair->rx_pdu.ddgst) {
		tqpair->rx_state = NVME_TCP_RX_DIGEST;
		return 0;
	}
	tqpair->rx_state = NVME_TCP_RX_COMMON;
	rc = c2h_data_end(tqpair);
	return tqpair->generation == generation ? rc : -ENOTCONN;
}

static int
rx_digest(struct nvme_tcp_qpair *tqpair)
{
	uint32_t generation = tqpair->generation;
	int rc;

	if (rx_have(tqpair) < WIRE_DIGEST_BYTES) {
		return -EAGAIN;
	}
	if (spdk_unlikely(!wire_ddgst_match(tqpair->rx_crc, tqpair->rx_buf + tqpair->rx_begin))) {
		SPDK_ERRLOG_RATELIMIT("%s: queue %u: the digest of received data is wrong\n",
		                      tqpair->qpair.ctrlr->trid.subnqn, tqpair->qpair.id);
		tqpair->rx_req->flags |= NVME_TCP_REQ_BAD_DATA;
	}
	tqpair->rx_begin += WIRE_DIGEST_BYTES;
	tqpair->rx_state = NVME_TCP_RX_COMMON;
	rc = c2h_data_end(tqpair);
	return tqpair->generation == generation ? rc : -ENOTCONN;
}

static int
rx_step(struct nvme_tcp_qpair *tqpair)
{
	switch (tqpair->rx_state) {
	case NVME_TCP_RX_COMMON:
		return rx_common(tqpair);
	case NVME_TCP_RX_HEADER:
		return rx_header(tqpair);
	case NVME_TCP_RX_SKIP:
		return rx_skip(tqpair);
	case NVME_TCP_RX_DATA:
		return rx_data(tqpair);
	case NVME_TCP_RX_DIGEST:
		return rx_digest(tqpair);
	}
	return -EPROTO;
}

int32_t
nvme_tcp_recv(struct nvme_tcp_qpair *tqpair, uint32_t max)
{
	uint32_t count = 0;
	ssize_t n;
	int rc;

	tqpair->rx_drained = false;
	while (count < max) {
		rc = rx_step(tqpair);
		if (spdk_likely(rc >= 0)) {
			count += (uint32_t)rc;
			continue;
		}
		if (rc != -EAGAIN) {
			return rc;
		}
		if (tqpair->rx_drained) {
			break;
		}
		n = tqpair->rx_state == NVME_TCP_RX_DATA ? recv_data_direct(tqpair)
		                                         : recv_fill(tqpair);
		if (n == -EAGAIN) {
			break;
		}
		if (spdk_unlikely(n < 0)) {
			return (int32_t)n;
		}
	}
	/* Stopped by the limit: the socket knows nothing of what is here. */
	tqpair->rx_stopped = count >= max && tqpair->rx_begin != tqpair->rx_end;
	return (int32_t)count;
}
