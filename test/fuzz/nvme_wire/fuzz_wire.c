/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A peer's bytes, in one direction, through everything that reads them. WIRE_FUZZ_ROLE says who we
 * are: WIRE_CONTROLLER or WIRE_HOST.
 *
 * Input: byte 0 sets up the connection (bits 0-1: digests, 2: already connected, 3-7: alignment);
 * the rest is the stream. Header digests are put right on the way in, so that the bytes behind them
 * are reached; an odd byte 1 leaves them wrong.
 */

#include "spdk/stdinc.h"
#include "spdk/endian.h"
#include "spdk/util.h"
#include "spdk_internal/nvme_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Our own invariants: what the parser promises of whatever it accepts. */
#define MUST(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "broken promise: %s\n", #cond); \
			abort(); \
		} \
	} while (0)

struct stream {
	const uint8_t *p;
	size_t left;
};

static void
check_fault(const struct wire_link *link, const struct wire_fault *fault, const uint8_t *hdr,
            size_t len)
{
	uint8_t buf[WIRE_TERM_REQ_BYTES_MAX];
	size_t n;

	MUST(fault->fes >= 1 && fault->fes <= 6 && fault->what != NULL);
	n = wire_build_term_req(link, buf, fault, hdr, len);
	MUST(n >= WIRE_DATA_HLEN && n <= sizeof(buf) && from_le32(buf + 4) == n);
}

static void
feed_command(const struct wire_pdu *pdu, const uint8_t *payload)
{
	enum wire_dir dir = wire_cmd_dir(&pdu->cmd);
	struct wire_connect_data cd;
	struct wire_connect_cmd cc;
	struct wire_status status;
	struct wire_prop prop;
	struct wire_sgl sgl;

	if (wire_sgl_decode(&pdu->cmd, dir, pdu->data_bytes, &sgl) == 0 &&
	    sgl.kind == WIRE_SGL_IN_CAPSULE) {
		MUST((uint64_t)sgl.offset_bytes + sgl.len_bytes <= pdu->data_bytes);
	}
	if (wire_connect_cmd_decode(&pdu->cmd, 127, &cc, &status) == 0) {
		MUST(cc.sqsize > 0 && cc.sqsize <= 127);
	}
	if (wire_prop_decode(&pdu->cmd, &prop, &status) == 0) {
		MUST(prop.offset % prop.size_bytes == 0);
	}
	if (wire_connect_data_decode(payload, pdu->data_bytes, &cd, &status) == 0) {
		MUST(strlen(cd.subnqn) < sizeof(cd.subnqn) && cd.hostnqn[0] != '\0');
		(void)wire_nqn_is_valid(cd.subnqn);
		(void)wire_nqn_is_valid(cd.hostnqn);
	}
}

static void
feed_payload_to_host(const struct wire_pdu *pdu, const uint8_t *payload)
{
	struct wire_disc_header header;
	struct wire_disc_entry entry;

	if (wire_disc_header_decode(payload, pdu->data_bytes, &header) == 0) {
		MUST(header.recfmt == 0 && header.numrec <= UINT32_MAX);
	}
	if (wire_disc_entry_decode(payload, pdu->data_bytes, &entry) == 0) {
		MUST(strlen(entry.traddr) < sizeof(entry.traddr));
		MUST(strlen(entry.trsvcid) < sizeof(entry.trsvcid));
		MUST(strlen(entry.subnqn) < sizeof(entry.subnqn));
	}
}

/* One PDU whose header is right: what the connection and the transfer make of it. */
static int
feed_pdu(struct wire_link *link, struct wire_xfer *xfer, const struct wire_pdu *pdu,
         const uint8_t *payload, struct wire_fault *fault)
{
	static const struct wire_ic_opts ours = { true, true, 0, 4, 131072 };
	struct wire_ic_resp resp;
	int rc = 0;

	switch (pdu->type) {
	case SPDK_NVME_TCP_PDU_TYPE_IC_REQ:
		return wire_ic_accept(link, &pdu->ic_req, &ours, &resp, fault);
	case SPDK_NVME_TCP_PDU_TYPE_IC_RESP:
		return wire_ic_confirm(link, &pdu->ic_resp, &ours, fault);
	case SPDK_NVME_TCP_PDU_TYPE_CAPSULE_CMD:
		feed_command(pdu, payload);
		return 0;
	case SPDK_NVME_TCP_PDU_TYPE_H2C_DATA:
		rc = wire_xfer_h2c_data(xfer, &pdu->data, fault);
		break;
	case SPDK_NVME_TCP_PDU_TYPE_C2H_DATA:
		feed_payload_to_host(pdu, payload);
		rc = wire_xfer_c2h_data(xfer, &pdu->data, fault);
		break;
	case SPDK_NVME_TCP_PDU_TYPE_R2T:
		rc = wire_xfer_r2t(link, xfer, &pdu->r2t, fault);
		break;
	default:
		return 0;
	}
	MUST(xfer->next_bytes <= xfer->end_bytes && xfer->r2t_outstanding <= link->r2t_max);
	return rc;
}

/* 0: go on; else the connection ended. */
static int
feed_one(struct wire_link *link, struct wire_xfer *xfer, struct stream *s, bool fix_digest)
{
	uint8_t hdr[WIRE_RX_HDR_BYTES_MAX] = { 0 };
	struct wire_fault fault = { 0 };
	struct wire_pdu pdu;

	if (s->left < WIRE_PDU_CH_BYTES) {
		return 1;
	}
	if (wire_pdu_begin(link, s->p, &pdu, &fault) != 0) {
		check_fault(link, &fault, s->p, WIRE_PDU_CH_BYTES);
		return 1;
	}
	MUST(pdu.hdr_bytes <= sizeof(hdr));
	MUST((uint64_t)pdu.hdr_bytes + pdu.pad_bytes + pdu.data_bytes + (pdu.ddgst ? 4 : 0) ==
	     pdu.plen);
	if (s->left < pdu.plen) {
		return 1;
	}
	memcpy(hdr, s->p, pdu.hdr_bytes);
	if (pdu.hdgst && fix_digest) {
		to_le32(hdr + pdu.hlen, wire_hdgst(hdr, pdu.hlen));
	}
	if (wire_pdu_decode(link, hdr, &pdu, &fault) != 0 ||
	    feed_pdu(link, xfer, &pdu, s->p + pdu.hdr_bytes + pdu.pad_bytes, &fault) != 0) {
		check_fault(link, &fault, hdr, pdu.hdr_bytes);
		return 1;
	}
	s->p += pdu.plen;
	s->left -= pdu.plen;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct wire_r2t r2t = {
		.cid = 1, .ttag = 2, .offset_bytes = 4096, .len_bytes = 8192
	};
	struct stream s;
	struct wire_link link;
	struct wire_xfer xfer;

	if (size < 2) {
		return 0;
	}
	s.p = data + 2;
	s.left = size - 2;
	wire_link_init(&link, WIRE_FUZZ_ROLE, 8192);
	link.r2t_max = 2;
	link.h2c_bytes_max = 131072;
	if (data[0] & 4) {
		link.phase = WIRE_READY;
		link.hdgst = data[0] & 1;
		link.ddgst = data[0] & 2;
		link.rx_align = 4 * ((data[0] >> 3) + 1);
	}
	wire_xfer_begin(&xfer, data[1] & 2 ? WIRE_TO_HOST : WIRE_TO_CONTROLLER, 1, 8192);
	if (link.role == WIRE_CONTROLLER) {
		wire_xfer_begin_r2t(&xfer, &r2t);
	}
	while (feed_one(&link, &xfer, &s, !(data[1] & 1)) == 0) {
	}
	return 0;
}
