/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Commands and their data on the way out, on the queue pair's thread.
 *
 * A request has one send structure: first the capsule uses it, then each H2CData PDU in turn. So at
 * most one write of a request is with the socket; the data of an R2T that arrives before the
 * call-back of the write before it waits for that (r2t_left). A request is complete when it is
 * answered and its write is back, since until then the socket may still read its buffers.
 */

#include "tcp.h"

static void
treq_free(struct nvme_tcp_req *treq)
{
	treq->req = NULL;
	SLIST_INSERT_HEAD(&treq->tqpair->free, treq, free_link);
}

void
nvme_tcp_req_complete(struct nvme_tcp_req *treq)
{
	struct nvme_tcp_qpair *tqpair = treq->tqpair;
	struct nvme_request *req = treq->req;
	struct spdk_nvme_cpl cpl = treq->cpl;

	if (spdk_unlikely(trace_group_mask(TRACE_GROUP_NVME_TCP) != 0)) {
		nvme_tcp_trace_complete(treq);
	}
	TAILQ_REMOVE(&tqpair->outstanding, treq, link);
	/* Free first: the call-back may send another command. */
	treq_free(treq);
	tqpair->stats->nvme_completions++;
	nvme_request_complete(req, &cpl);
}

static void send_h2c_data(struct nvme_tcp_req *treq);

/* The socket gives `send` back: all sent, or the connection is over. */
static void
send_done(void *arg, int err)
{
	struct nvme_tcp_req *treq = arg;

	treq->flags &= (uint8_t)~NVME_TCP_REQ_SENDING;
	if (spdk_unlikely(treq->req == NULL)) {
		/* Aborted meanwhile: its user was told. Now the struct is free for the next one. */
		treq_free(treq);
		return;
	}
	if (spdk_unlikely(err != 0)) {
		/* The queue pair finds out by itself, and aborts what is outstanding. */
		return;
	}
	treq->tqpair->stats->socket_completions++;
	if (spdk_unlikely(treq->r2t_left > 0)) {
		/* Behind a TermReq nothing may follow. */
		if (treq->tqpair->link.phase == WIRE_READY) {
			send_h2c_data(treq);
		}
	} else if (spdk_unlikely((treq->flags & NVME_TCP_REQ_ANSWERED) != 0)) {
		nvme_tcp_req_complete(treq);
	}
}

void
nvme_tcp_req_init(struct nvme_tcp_req *treq, struct nvme_tcp_qpair *tqpair, uint16_t cid)
{
	treq->tqpair = tqpair;
	treq->cid = cid;
	treq->send.iov[0].iov_base = treq->hdr;
	treq->send.sock_req.cb_fn = send_done;
	treq->send.sock_req.cb_arg = treq;
}

/* ---- H2CData ---- */

/* Vectors for the bytes [offset, + len) of the payload, behind the header in send.iov. */
static int
send_add_payload(struct nvme_tcp_req *treq, uint32_t offset, uint32_t len)
{
	struct iovec *out = &treq->send.iov[1];
	int i, n = 0;

	for (i = 0; i < treq->iovcnt && len > 0; i++) {
		const struct iovec *iov = &treq->iov[i];
		size_t piece;

		if (offset >= iov->iov_len) {
			offset -= (uint32_t)iov->iov_len;
			continue;
		}
		piece = spdk_min(iov->iov_len - offset, (size_t)len);
		out[n].iov_base = (uint8_t *)iov->iov_base + offset;
		out[n].iov_len = piece;
		n++;
		len -= (uint32_t)piece;
		offset = 0;
	}
	assert(len == 0);
	return n;
}

static inline void
send_start(struct nvme_tcp_req *treq, int iovcnt)
{
	treq->send.sock_req.iovcnt = iovcnt;
	treq->flags |= NVME_TCP_REQ_SENDING;
	spdk_sock_writev_async(treq->tqpair->sock, &treq->send.sock_req);
}

static int
send_add_digest(struct nvme_tcp_req *treq, uint32_t offset, uint32_t len, int iovcnt)
{
	uint32_t crc =
	        wire_ddgst_update_iov(WIRE_DDGST_START, treq->iov, treq->iovcnt, offset, len);

	wire_ddgst_put(crc, treq->ddgst);
	treq->send.iov[iovcnt].iov_base = treq->ddgst;
	treq->send.iov[iovcnt].iov_len = sizeof(treq->ddgst);
	return iovcnt + 1;
}

static void
send_h2c_data(struct nvme_tcp_req *treq)
{
	struct nvme_tcp_qpair *tqpair = treq->tqpair;
	uint32_t len = spdk_min(treq->r2t_left, tqpair->link.h2c_bytes_max);
	struct wire_data data = {
		.cid = treq->cid,
		.ttag = treq->ttag,
		.offset_bytes = treq->r2t_offset,
		.len_bytes = len,
		.last = len == treq->r2t_left,
	};
	int iovcnt;

	treq->send.iov[0].iov_len = wire_build_h2c_data(&tqpair->link, treq->hdr, &data);
	iovcnt = 1 + send_add_payload(treq, treq->r2t_offset, len);
	if (tqpair->link.ddgst) {
		iovcnt = send_add_digest(treq, treq->r2t_offset, len, iovcnt);
	}
	treq->r2t_offset += len;
	treq->r2t_left -= len;
	if (treq->r2t_left == 0) {
		/* All of it is with the socket; the target may ask for more. */
		wire_xfer_r2t_done(&treq->xfer);
	}
	send_start(treq, iovcnt);
}

void
nvme_tcp_send_r2t_data(struct nvme_tcp_req *treq)
{
	if ((treq->flags & NVME_TCP_REQ_SENDING) == 0) {
		send_h2c_data(treq);
	}
}

/* ---- Commands ---- */

/* SGL 1, and how much of the data goes in the capsule. */
static uint32_t
submit_set_sgl(struct nvme_tcp_qpair *tqpair, struct nvme_request *req, enum wire_dir dir)
{
	struct wire_sgl sgl = { .kind = WIRE_SGL_NONE, .len_bytes = req->payload_size };
	uint32_t limit = tqpair->in_capsule_bytes_max;

	if (req->payload_size > 0) {
		if ((req->flags & NVME_REQ_CONNECT) != 0) {
			limit = NVME_TCP_ADMIN_IN_CAPSULE_BYTES;
		}
		sgl.kind = dir == WIRE_TO_CONTROLLER && req->payload_size <= limit
		                   ? WIRE_SGL_IN_CAPSULE
		                   : WIRE_SGL_TRANSPORT;
	}
	wire_sgl_encode(&req->cmd, &sgl);
	return sgl.kind == WIRE_SGL_IN_CAPSULE ? req->payload_size : 0;
}

/* A new use of the request's place, so that an answer to an old one is noticed. */
static inline uint16_t
next_cid(const struct nvme_tcp_req *treq)
{
	if (spdk_unlikely(treq->tqpair->num_reqs > 1u << NVME_TCP_CID_INDEX_BITS)) {
		return treq->cid;
	}
	/* 0xffff is what error log entries use for "no command". */
	if (treq->cid + (2u << NVME_TCP_CID_INDEX_BITS) > UINT16_MAX) {
		return treq->cid & ((1u << NVME_TCP_CID_INDEX_BITS) - 1);
	}
	return (uint16_t)(treq->cid + (1u << NVME_TCP_CID_INDEX_BITS));
}

/* nvme_request_to_iov(), with the short way for contiguous memory. */
static inline int
payload_to_iov(struct nvme_request *req, struct iovec *iov)
{
	const struct nvme_payload *payload = &req->payload;

	if (spdk_unlikely(payload->reset_sgl_fn != NULL || payload->iovcnt > 0 ||
	                  payload->base == NULL)) {
		return nvme_request_to_iov(req, iov, NVME_TCP_SGES_MAX);
	}
	iov[0].iov_base = (uint8_t *)payload->base + req->payload_offset;
	iov[0].iov_len = req->payload_size;
	return 1;
}

int
nvme_tcp_submit(struct spdk_nvme_qpair *qpair, struct nvme_request *req)
{
	struct nvme_tcp_qpair *tqpair = nvme_tcp_qpair(qpair);
	struct nvme_tcp_req *treq = SLIST_FIRST(&tqpair->free);
	enum wire_dir dir = WIRE_NO_DATA;
	uint32_t in_capsule_bytes;
	int iovcnt = 1;

	if (spdk_unlikely(treq == NULL)) {
		tqpair->stats->queued_requests++;
		return -EAGAIN;
	}
	treq->iovcnt = 0;
	if (req->payload_size > 0) {
		dir = wire_cmd_dir(&req->cmd);
		if (spdk_unlikely(dir == WIRE_NO_DATA)) {
			return -EINVAL;
		}
		treq->iovcnt = payload_to_iov(req, treq->iov);
		if (spdk_unlikely(treq->iovcnt < 0)) {
			return treq->iovcnt == -E2BIG ? -EINVAL : treq->iovcnt;
		}
	}
	treq->cid = next_cid(treq);
	req->cmd.cid = treq->cid;
	in_capsule_bytes = submit_set_sgl(tqpair, req, dir);
	treq->req = req;
	treq->flags = 0;
	treq->r2t_left = 0;
	/* Data that goes along is neither to be asked for nor to come. */
	wire_xfer_begin(&treq->xfer, in_capsule_bytes > 0 ? WIRE_NO_DATA : dir, treq->cid,
	                in_capsule_bytes > 0 ? 0 : req->payload_size);

	treq->send.iov[0].iov_len =
	        wire_build_cmd(&tqpair->link, treq->hdr, &req->cmd, in_capsule_bytes);
	if (in_capsule_bytes > 0) {
		/* Mostly one: then without the call that the compiler makes of the loop. */
		treq->send.iov[1] = treq->iov[0];
		for (iovcnt = 2; spdk_unlikely(iovcnt <= treq->iovcnt); iovcnt++) {
			treq->send.iov[iovcnt] = treq->iov[iovcnt - 1];
		}
		if (tqpair->link.ddgst) {
			iovcnt = send_add_digest(treq, 0, in_capsule_bytes, iovcnt);
		}
	}
	SLIST_REMOVE_HEAD(&tqpair->free, free_link);
	TAILQ_INSERT_TAIL(&tqpair->outstanding, treq, link);
	tqpair->stats->submitted_requests++;
	if (spdk_unlikely(trace_group_mask(TRACE_GROUP_NVME_TCP) != 0)) {
		nvme_tcp_trace_submit(treq);
	}
	send_start(treq, iovcnt);
	return 0;
}

/* ---- ICReq and TermReq ---- */

static void
ctl_done(void *arg, int err)
{
	struct nvme_tcp_qpair *tqpair = arg;

	tqpair->ctl_sending = false;
}

void
nvme_tcp_send_ctl(struct nvme_tcp_qpair *tqpair, size_t len_bytes)
{
	struct nvme_tcp_send *send = &tqpair->ctl_send;

	send->iov[0].iov_base = tqpair->ctl_hdr;
	send->iov[0].iov_len = len_bytes;
	send->sock_req.iovcnt = 1;
	send->sock_req.cb_fn = ctl_done;
	send->sock_req.cb_arg = tqpair;
	tqpair->ctl_sending = true;
	spdk_sock_writev_async(tqpair->sock, &send->sock_req);
}
