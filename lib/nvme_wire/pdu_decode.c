/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * What arrives on an NVMe/TCP connection: the rules of each PDU type as a table, the checks of the
 * common header against it, and the decoder of each header. Pure functions; any thread.
 *
 *	byte 0     1      2     3     4..7    8..hlen-1         hlen
 *	    +------+------+-----+-----+------+-----------------+-------+-----+------+-------+
 *	    | type | flag | hlen| pdo | plen | rest of header  | hdgst | pad | data | ddgst |
 *	    +------+------+-----+-----+------+-----------------+-------+-----+------+-------+
 *	                                                                     ^ pdo          ^ plen
 */

#include "spdk/assert.h"
#include "spdk/endian.h"
#include "spdk/likely.h"
#include "spdk/util.h"
#include "spdk_internal/nvme_wire.h"

#define CH_TYPE 0
#define CH_FLAGS 1
#define CH_HLEN 2
#define CH_PDO 3
#define CH_PLEN 4

#define FLAG_LAST SPDK_NVME_TCP_H2C_DATA_FLAGS_LAST_PDU
#define FLAG_SUCCESS SPDK_NVME_TCP_C2H_DATA_FLAGS_SUCCESS

SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_cmd) == 64, "a command is 64 bytes");
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_cpl) == 16, "a completion is 16 bytes");

enum data_rule {
	DATA_NEVER,
	DATA_MAYBE,  /* CapsuleCmd */
	DATA_ALWAYS, /* H2CData, C2HData */
	DATA_TERM,   /* TermReq: up to 128 bytes right behind the header, never a digest */
};

/* The lines of the table that \p role receives, and when. */
struct pdu_rule {
	uint8_t hlen;   /* 0: no such type */
	uint8_t from;   /* enum wire_role of the sender */
	uint8_t phases; /* bit mask of enum wire_phase */
	uint8_t data;   /* enum data_rule */
	bool hdgst;     /* has a digest where one was agreed */
};

#define IN(phase) (1u << (phase))

static const struct pdu_rule g_rules[] = {
	[SPDK_NVME_TCP_PDU_TYPE_IC_REQ] = { 128, WIRE_HOST, IN(WIRE_AWAIT_IC), DATA_NEVER, false },
	[SPDK_NVME_TCP_PDU_TYPE_IC_RESP] = { 128, WIRE_CONTROLLER, IN(WIRE_AWAIT_IC), DATA_NEVER,
	                                     false },
	[SPDK_NVME_TCP_PDU_TYPE_H2C_TERM_REQ] = { 24, WIRE_HOST, IN(WIRE_AWAIT_IC) | IN(WIRE_READY),
	                                          DATA_TERM, false },
	[SPDK_NVME_TCP_PDU_TYPE_C2H_TERM_REQ] = { 24, WIRE_CONTROLLER,
	                                          IN(WIRE_AWAIT_IC) | IN(WIRE_READY), DATA_TERM,
	                                          false },
	[SPDK_NVME_TCP_PDU_TYPE_CAPSULE_CMD] = { 72, WIRE_HOST, IN(WIRE_READY), DATA_MAYBE, true },
	[SPDK_NVME_TCP_PDU_TYPE_CAPSULE_RESP] = { 24, WIRE_CONTROLLER, IN(WIRE_READY), DATA_NEVER,
	                                          true },
	[SPDK_NVME_TCP_PDU_TYPE_H2C_DATA] = { 24, WIRE_HOST, IN(WIRE_READY), DATA_ALWAYS, true },
	[SPDK_NVME_TCP_PDU_TYPE_C2H_DATA] = { 24, WIRE_CONTROLLER, IN(WIRE_READY), DATA_ALWAYS,
	                                      true },
	[SPDK_NVME_TCP_PDU_TYPE_R2T] = { 24, WIRE_CONTROLLER, IN(WIRE_READY), DATA_NEVER, true },
};

static __attribute__((cold, noinline)) int
refuse(struct wire_fault *fault, uint16_t fes, uint32_t fei, const char *what)
{
	fault->fes = fes;
	fault->fei = fei;
	fault->what = what;
	return -EPROTO;
}

static __attribute__((cold, noinline)) int
refuse_field(struct wire_fault *fault, uint32_t offset, const char *what)
{
	return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_INVALID_HEADER_FIELD, offset, what);
}

static const struct pdu_rule *
rule_find(uint8_t type, enum wire_role us)
{
	if (type >= SPDK_COUNTOF(g_rules) || g_rules[type].hlen == 0 || g_rules[type].from == us) {
		return NULL;
	}
	return &g_rules[type];
}

/* PLEN, PDO and the flag of a PDU with data behind its header. */
static int
begin_data(const struct wire_link *link, struct wire_pdu *pdu, struct wire_fault *fault)
{
	uint32_t ddgst_bytes = link->ddgst ? WIRE_DIGEST_BYTES : 0;

	if (spdk_unlikely(!!(pdu->flags & SPDK_NVME_TCP_CH_FLAGS_DDGSTF) != link->ddgst)) {
		return refuse_field(fault, CH_FLAGS, "data digest flag is not what was agreed");
	}
	if (spdk_unlikely(pdu->pdo < pdu->hdr_bytes)) {
		return refuse_field(fault, CH_PDO, "data starts inside the header");
	}
	if (link->rx_align != 4 ? pdu->pdo % link->rx_align != 0 : (pdu->pdo & 3) != 0) {
		return refuse_field(fault, CH_PDO, "data is not aligned as agreed");
	}
	if (spdk_unlikely(pdu->plen <= pdu->pdo + ddgst_bytes)) {
		return refuse_field(fault, CH_PLEN, "PDU ends before its data");
	}
	pdu->ddgst = link->ddgst;
	pdu->pad_bytes = pdu->pdo - pdu->hdr_bytes;
	pdu->data_bytes = pdu->plen - pdu->pdo - ddgst_bytes;
	return 0;
}

static int
begin_capsule(const struct wire_link *link, struct wire_pdu *pdu, struct wire_fault *fault)
{
	int rc;

	if (pdu->plen == pdu->hdr_bytes) {
		return 0;
	}
	if (pdu->plen < pdu->hdr_bytes) {
		return refuse_field(fault, CH_PLEN, "PDU ends inside its header");
	}
	rc = begin_data(link, pdu, fault);
	if (rc == 0 && pdu->data_bytes > link->in_capsule_bytes_max) {
		return refuse_field(fault, CH_PLEN, "more data in the capsule than it may carry");
	}
	return rc;
}

static int
begin_term_req(struct wire_pdu *pdu, struct wire_fault *fault)
{
	if (pdu->plen < pdu->hlen || pdu->plen > WIRE_TERM_REQ_BYTES_MAX) {
		return refuse_field(fault, CH_PLEN, "length of a TermReq out of range");
	}
	pdu->data_bytes = pdu->plen - pdu->hlen;
	return 0;
}

static int
begin_body(const struct wire_link *link, const struct pdu_rule *rule, struct wire_pdu *pdu,
           struct wire_fault *fault)
{
	int rc;

	switch (rule->data) {
	case DATA_MAYBE:
		return begin_capsule(link, pdu, fault);
	case DATA_ALWAYS:
		rc = begin_data(link, pdu, fault);
		if (rc == 0 && link->role == WIRE_CONTROLLER &&
		    pdu->data_bytes > link->h2c_bytes_max) {
			return refuse(fault,
			              SPDK_NVME_TCP_TERM_REQ_FES_DATA_TRANSFER_LIMIT_EXCEEDED, 0,
			              "more data in one H2CData than MAXH2CDATA");
		}
		return rc;
	case DATA_TERM:
		return begin_term_req(pdu, fault);
	default:
		if (pdu->plen != pdu->hdr_bytes) {
			return refuse_field(fault, CH_PLEN, "length is not that of the header");
		}
		return 0;
	}
}

int
wire_pdu_begin(const struct wire_link *link, const void *ch, struct wire_pdu *pdu,
               struct wire_fault *fault)
{
	const uint8_t *p = ch;
	const struct pdu_rule *rule = rule_find(p[CH_TYPE], link->role);
	bool hdgst;

	pdu->type = p[CH_TYPE];
	pdu->hlen = p[CH_HLEN];
	if (spdk_unlikely(rule == NULL)) {
		return refuse_field(fault, CH_TYPE, "PDU type is unknown or goes the other way");
	}
	if (spdk_unlikely(!(rule->phases & IN(link->phase)))) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_PDU_SEQUENCE_ERROR, 0,
		              "PDU type is not legal in this state of the connection");
	}
	if (spdk_unlikely(pdu->hlen != rule->hlen)) {
		return refuse_field(fault, CH_HLEN, "header length is not that of the type");
	}
	hdgst = link->hdgst && rule->hdgst;
	pdu->flags = p[CH_FLAGS];
	if (spdk_unlikely(rule->hdgst && !!(pdu->flags & SPDK_NVME_TCP_CH_FLAGS_HDGSTF) != hdgst)) {
		return refuse_field(fault, CH_FLAGS, "header digest flag is not what was agreed");
	}
	pdu->pdo = p[CH_PDO];
	pdu->plen = from_le32(p + CH_PLEN);
	pdu->hdgst = hdgst;
	pdu->ddgst = false;
	pdu->hdr_bytes = pdu->hlen + (hdgst ? WIRE_DIGEST_BYTES : 0);
	pdu->pad_bytes = 0;
	pdu->data_bytes = 0;
	return begin_body(link, rule, pdu, fault);
}

static int
decode_data(const uint8_t *p, struct wire_pdu *pdu, struct wire_fault *fault)
{
	struct wire_data *d = &pdu->data;

	d->cid = from_le16(p + 8);
	d->ttag = pdu->type == SPDK_NVME_TCP_PDU_TYPE_H2C_DATA ? from_le16(p + 10) : 0;
	d->offset_bytes = from_le32(p + 12);
	d->len_bytes = from_le32(p + 16);
	d->last = pdu->flags & FLAG_LAST;
	d->success = pdu->type == SPDK_NVME_TCP_PDU_TYPE_C2H_DATA && (pdu->flags & FLAG_SUCCESS);
	if (d->len_bytes != pdu->data_bytes) {
		return refuse_field(fault, 16, "DATAL disagrees with PLEN");
	}
	if (d->offset_bytes & 3) {
		return refuse_field(fault, 12, "DATAO is not a multiple of 4");
	}
	if ((d->len_bytes & 3) && !d->last) {
		return refuse_field(fault, 16, "DATAL is not a multiple of 4");
	}
	if (d->success && !d->last) {
		return refuse_field(fault, CH_FLAGS, "SUCCESS without LAST_PDU");
	}
	if (d->len_bytes > UINT32_MAX - d->offset_bytes) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_DATA_TRANSFER_OUT_OF_RANGE, 0,
		              "DATAO + DATAL wraps");
	}
	return 0;
}

static int
decode_r2t(const uint8_t *p, struct wire_pdu *pdu, struct wire_fault *fault)
{
	struct wire_r2t *r = &pdu->r2t;

	r->cid = from_le16(p + 8);
	r->ttag = from_le16(p + 10);
	r->offset_bytes = from_le32(p + 12);
	r->len_bytes = from_le32(p + 16);
	if (r->offset_bytes & 3) {
		return refuse_field(fault, 12, "R2TO is not a multiple of 4");
	}
	if (r->len_bytes == 0) {
		return refuse_field(fault, 16, "R2T for no data");
	}
	if (r->len_bytes > UINT32_MAX - r->offset_bytes) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_DATA_TRANSFER_OUT_OF_RANGE, 0,
		              "R2TO + R2TL wraps");
	}
	return 0;
}

static int
decode_ic_req(const uint8_t *p, struct wire_ic_req *r)
{
	uint32_t maxr2t = from_le32(p + 12);

	r->pfv = from_le16(p + 8);
	r->hpda = p[10];
	r->hdgst = p[11] & 1;
	r->ddgst = p[11] & 2;
	r->r2t_max = maxr2t == UINT32_MAX ? UINT32_MAX : maxr2t + 1;
	return 0;
}

static int
decode_ic_resp(const uint8_t *p, struct wire_ic_resp *r)
{
	r->pfv = from_le16(p + 8);
	r->cpda = p[10];
	r->hdgst = p[11] & 1;
	r->ddgst = p[11] & 2;
	r->h2c_bytes_max = from_le32(p + 12);
	return 0;
}

static int
decode_term_req(const uint8_t *p, struct wire_term_req *t)
{
	t->fes = from_le16(p + 8);
	t->fei = from_le32(p + 10);
	return 0;
}

int
wire_pdu_decode(const struct wire_link *link, const void *hdr, struct wire_pdu *pdu,
                struct wire_fault *fault)
{
	const uint8_t *p = hdr;

	assert(pdu->hdr_bytes == pdu->hlen + (pdu->hdgst ? WIRE_DIGEST_BYTES : 0));
	if (pdu->hdgst && wire_hdgst(p, pdu->hlen) != from_le32(p + pdu->hlen)) {
		return refuse(fault, SPDK_NVME_TCP_TERM_REQ_FES_HDGST_ERROR,
		              from_le32(p + pdu->hlen), "header digest is wrong");
	}
	switch (pdu->type) {
	case SPDK_NVME_TCP_PDU_TYPE_CAPSULE_CMD:
		memcpy(&pdu->cmd, p + WIRE_PDU_CH_BYTES, sizeof(pdu->cmd));
		return 0;
	case SPDK_NVME_TCP_PDU_TYPE_CAPSULE_RESP:
		memcpy(&pdu->cpl, p + WIRE_PDU_CH_BYTES, sizeof(pdu->cpl));
		return 0;
	case SPDK_NVME_TCP_PDU_TYPE_H2C_DATA:
	case SPDK_NVME_TCP_PDU_TYPE_C2H_DATA:
		return decode_data(p, pdu, fault);
	case SPDK_NVME_TCP_PDU_TYPE_R2T:
		return decode_r2t(p, pdu, fault);
	case SPDK_NVME_TCP_PDU_TYPE_IC_REQ:
		return decode_ic_req(p, &pdu->ic_req);
	case SPDK_NVME_TCP_PDU_TYPE_IC_RESP:
		return decode_ic_resp(p, &pdu->ic_resp);
	default:
		return decode_term_req(p, &pdu->term_req);
	}
}
