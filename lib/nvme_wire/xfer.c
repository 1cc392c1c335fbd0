/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * What two sides agree on when they connect, and how far the data of a command has got. The structs
 * belong to the caller's queue pair and request. Pure functions but for those; any thread.
 *
 * A connection: AWAIT_IC --accept or confirm--> READY --TermReq, by the caller--> TERMINATED.
 * A transfer moves its next_bytes from start_bytes to end_bytes, never back: data that comes twice,
 * early, late or for nobody is refused before a byte of it is stored.
 */

#include "spdk/assert.h"
#include "spdk_internal/nvme_wire.h"

static int
refuse(struct wire_fault *fault, uint16_t fes, uint32_t fei, const char *what)
{
	fault->fes = fes;
	fault->fei = fei;
	fault->what = what;
	return -EPROTO;
}

void
wire_link_init(struct wire_link *link, enum wire_role role, uint32_t in_capsule_bytes_max)
{
	memset(link, 0, sizeof(*link));
	link->role = role;
	link->phase = WIRE_AWAIT_IC;
	link->rx_align = 4;
	link->tx_align = 4;
	link->in_capsule_bytes_max = in_capsule_bytes_max;
	link->h2c_bytes_max = WIRE_MAXH2CDATA_MIN;
	link->r2t_max = 1;
}

static uint8_t
pda_to_bytes(uint8_t pda)
{
	return (pda + 1) * 4;
}

int
wire_ic_accept(struct wire_link *link, const struct wire_ic_req *req,
               const struct wire_ic_opts *ours, struct wire_ic_resp *resp, struct wire_fault *fault)
{
	assert(link->role == WIRE_CONTROLLER && link->phase == WIRE_AWAIT_IC);
	assert(ours->pda <= WIRE_PDA_MAX && ours->h2c_bytes_max >= WIRE_MAXH2CDATA_MIN);
	if (req->pfv != 0) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_INVALID_DATA_UNSUPPORTED_PARAMETER,
		              8, "host asks for a PDU format that we don't know");
	}
	if (req->hpda > WIRE_PDA_MAX) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_INVALID_HEADER_FIELD, 10,
		              "HPDA is above 31");
	}
	link->hdgst = req->hdgst && ours->hdgst;
	link->ddgst = req->ddgst && ours->ddgst;
	link->rx_align = pda_to_bytes(ours->pda);
	link->tx_align = pda_to_bytes(req->hpda);
	link->h2c_bytes_max = ours->h2c_bytes_max;
	link->r2t_max = req->r2t_max;
	link->phase = WIRE_READY;
	resp->pfv = 0;
	resp->cpda = ours->pda;
	resp->hdgst = link->hdgst;
	resp->ddgst = link->ddgst;
	resp->h2c_bytes_max = ours->h2c_bytes_max;
	return 0;
}

int
wire_ic_confirm(struct wire_link *link, const struct wire_ic_resp *resp,
                const struct wire_ic_opts *ours, struct wire_fault *fault)
{
	assert(link->role == WIRE_HOST && link->phase == WIRE_AWAIT_IC);
	if (resp->pfv != 0) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_INVALID_DATA_UNSUPPORTED_PARAMETER,
		              8, "controller answers with a PDU format that we did not ask for");
	}
	if (resp->cpda > WIRE_PDA_MAX) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_INVALID_HEADER_FIELD, 10,
		              "CPDA is above 31");
	}
	if ((resp->hdgst && !ours->hdgst) || (resp->ddgst && !ours->ddgst)) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_INVALID_HEADER_FIELD, 11,
		              "controller turns on a digest that we did not offer");
	}
	if (resp->h2c_bytes_max < WIRE_MAXH2CDATA_MIN || resp->h2c_bytes_max % 4 != 0) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_INVALID_HEADER_FIELD, 12,
		              "MAXH2CDATA is below 4096 or not a multiple of 4");
	}
	link->hdgst = resp->hdgst;
	link->ddgst = resp->ddgst;
	link->rx_align = pda_to_bytes(ours->pda);
	link->tx_align = pda_to_bytes(resp->cpda);
	link->h2c_bytes_max = resp->h2c_bytes_max;
	link->r2t_max = ours->r2t_max;
	link->phase = WIRE_READY;
	return 0;
}

void
wire_xfer_begin(struct wire_xfer *xfer, enum wire_dir dir, uint16_t cid, uint32_t len_bytes)
{
	memset(xfer, 0, sizeof(*xfer));
	xfer->dir = dir;
	xfer->cid = cid;
	xfer->end_bytes = len_bytes;
}

void
wire_xfer_begin_r2t(struct wire_xfer *xfer, const struct wire_r2t *r2t)
{
	assert(r2t->len_bytes > 0 && r2t->len_bytes <= UINT32_MAX - r2t->offset_bytes);
	memset(xfer, 0, sizeof(*xfer));
	xfer->dir = WIRE_TO_CONTROLLER;
	xfer->cid = r2t->cid;
	xfer->ttag = r2t->ttag;
	xfer->start_bytes = r2t->offset_bytes;
	xfer->next_bytes = r2t->offset_bytes;
	xfer->end_bytes = r2t->offset_bytes + r2t->len_bytes;
}

/* Offset and length of a piece against what is still to come. */
static int
piece_check(const struct wire_xfer *xfer, uint32_t offset_bytes, uint32_t len_bytes,
            struct wire_fault *fault)
{
	if (offset_bytes != xfer->next_bytes) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_DATA_TRANSFER_OUT_OF_RANGE, 0,
		              "data is not at the offset that comes next");
	}
	if (len_bytes > xfer->end_bytes - xfer->next_bytes) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_DATA_TRANSFER_OUT_OF_RANGE, 0,
		              "data beyond the end of the transfer");
	}
	return 0;
}

int
wire_xfer_h2c_data(struct wire_xfer *xfer, const struct wire_data *data, struct wire_fault *fault)
{
	int rc;

	if (xfer->dir != WIRE_TO_CONTROLLER || xfer->ttag != data->ttag) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_INVALID_HEADER_FIELD, 10,
		              "TTAG is of no R2T that waits for data");
	}
	if (xfer->cid != data->cid) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_INVALID_HEADER_FIELD, 8,
		              "CCCID is not that of the R2T");
	}
	rc = piece_check(xfer, data->offset_bytes, data->len_bytes, fault);
	if (rc != 0) {
		return rc;
	}
	if (data->last != (data->len_bytes == xfer->end_bytes - xfer->next_bytes)) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_INVALID_HEADER_FIELD, 1,
		              "LAST_PDU is not on the last PDU of the R2T");
	}
	xfer->next_bytes += data->len_bytes;
	return 0;
}

int
wire_xfer_c2h_data(struct wire_xfer *xfer, const struct wire_data *data, struct wire_fault *fault)
{
	int rc;

	if (xfer->dir != WIRE_TO_HOST || xfer->cid != data->cid) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_INVALID_HEADER_FIELD, 8,
		              "CCCID is of no command that reads");
	}
	if (xfer->last_seen) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_PDU_SEQUENCE_ERROR, 0,
		              "data after LAST_PDU");
	}
	rc = piece_check(xfer, data->offset_bytes, data->len_bytes, fault);
	if (rc != 0) {
		return rc;
	}
	xfer->next_bytes += data->len_bytes;
	xfer->last_seen = data->last;
	return 0;
}

int
wire_xfer_r2t(const struct wire_link *link, struct wire_xfer *xfer, const struct wire_r2t *r2t,
              struct wire_fault *fault)
{
	int rc;

	if (xfer->dir != WIRE_TO_CONTROLLER || xfer->cid != r2t->cid) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_INVALID_HEADER_FIELD, 8,
		              "CCCID is of no command that writes");
	}
	if (xfer->r2t_outstanding >= link->r2t_max) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_R2T_LIMIT_EXCEEDED, 0,
		              "more R2Ts than MAXR2T");
	}
	rc = piece_check(xfer, r2t->offset_bytes, r2t->len_bytes, fault);
	if (rc != 0) {
		return rc;
	}
	xfer->next_bytes += r2t->len_bytes;
	xfer->r2t_outstanding++;
	return 0;
}

void
wire_xfer_r2t_done(struct wire_xfer *xfer)
{
	assert(xfer->r2t_outstanding > 0);
	xfer->r2t_outstanding--;
}

void
wire_fault_unknown_tag(uint8_t type, bool is_ttag, struct wire_fault *fault)
{
	/* CapsuleResp carries its CID in the completion, the others right behind the common header.
	 */
	uint32_t cid_offset = type == SPDK_NVME_TCP_PDU_TYPE_CAPSULE_RESP
	                              ? WIRE_PDU_CH_BYTES + offsetof(struct spdk_nvme_cpl, cid)
	                              : 8;

	(void)refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_INVALID_HEADER_FIELD,
	             is_ttag ? 10 : cid_offset,
	             is_ttag ? "TTAG is of no R2T that waits for data"
	                     : "CID is of no command that is in flight");
}
