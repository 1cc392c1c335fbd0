/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Builders of NVMe/TCP PDUs: header, header digest and padding into the caller's buffer. Every byte
 * up to the returned length is written, reserved fields as 0. Pure functions; any thread.
 */

#include "spdk/assert.h"
#include "spdk/endian.h"
#include "spdk/likely.h"
#include "spdk/util.h"
#include "spdk_internal/nvme_wire.h"

/* Inlined, so that hlen is a constant and clearing takes a few stores. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Begin a header: the common part, and zeroes behind it up to hlen. */
static ALWAYS_INLINE void
put_header(uint8_t *p, uint8_t type, uint8_t flags, uint8_t hlen, uint32_t plen)
{
	memset(p, 0, hlen);
	p[0] = type;
	p[1] = flags;
	p[2] = hlen;
	to_le32(p + 4, plen);
}

/*
 * Everything that follows from lengths and agreement: flags, PDO, PLEN, padding. The rest of the
 * header comes after it, the digest of all of it last, by finish(). Returns the offset of the data.
 */
static ALWAYS_INLINE size_t
put_ready_header(const struct wire_link *link, uint8_t *p, uint8_t type, uint8_t hlen,
                 uint32_t data_bytes)
{
	uint32_t hdr_bytes = hlen + (link->hdgst ? WIRE_DIGEST_BYTES : 0);
	uint8_t flags = link->hdgst ? SPDK_NVME_TCP_CH_FLAGS_HDGSTF : 0;
	uint32_t pdo = hdr_bytes;

	assert(link->phase == WIRE_READY);
	if (data_bytes == 0) {
		put_header(p, type, flags, hlen, hdr_bytes);
		return hdr_bytes;
	}
	if (link->tx_align > 4) {
		pdo = (hdr_bytes + link->tx_align - 1) / link->tx_align * link->tx_align;
	}
	assert(pdo <= WIRE_TX_HDR_BYTES_MAX);
	if (link->ddgst) {
		flags |= SPDK_NVME_TCP_CH_FLAGS_DDGSTF;
	}
	put_header(p, type, flags, hlen, pdo + data_bytes + (link->ddgst ? WIRE_DIGEST_BYTES : 0));
	p[3] = pdo;
	if (spdk_unlikely(pdo > hdr_bytes)) {
		memset(p + hdr_bytes, 0, pdo - hdr_bytes);
	}
	return pdo;
}

static ALWAYS_INLINE void
finish(const struct wire_link *link, uint8_t *p, uint8_t hlen)
{
	if (link->hdgst) {
		to_le32(p + hlen, wire_hdgst(p, hlen));
	}
}

size_t
wire_build_ic_req(void *buf, const struct wire_ic_opts *ours)
{
	uint8_t *p = buf;

	assert(ours->pda <= WIRE_PDA_MAX && ours->r2t_max > 0);
	put_header(p, SPDK_NVME_TCP_PDU_TYPE_IC_REQ, 0, WIRE_PDU_HLEN_MAX, WIRE_PDU_HLEN_MAX);
	p[10] = ours->pda;
	p[11] = (ours->hdgst ? 1 : 0) | (ours->ddgst ? 2 : 0);
	to_le32(p + 12, ours->r2t_max - 1);
	return WIRE_PDU_HLEN_MAX;
}

size_t
wire_build_ic_resp(void *buf, const struct wire_ic_resp *resp)
{
	uint8_t *p = buf;

	assert(resp->cpda <= WIRE_PDA_MAX && resp->h2c_bytes_max >= WIRE_MAXH2CDATA_MIN);
	put_header(p, SPDK_NVME_TCP_PDU_TYPE_IC_RESP, 0, WIRE_PDU_HLEN_MAX, WIRE_PDU_HLEN_MAX);
	to_le16(p + 8, resp->pfv);
	p[10] = resp->cpda;
	p[11] = (resp->hdgst ? 1 : 0) | (resp->ddgst ? 2 : 0);
	to_le32(p + 12, resp->h2c_bytes_max);
	return WIRE_PDU_HLEN_MAX;
}

size_t
wire_build_cmd(const struct wire_link *link, void *buf, const struct spdk_nvme_cmd *cmd,
               uint32_t in_capsule_bytes)
{
	uint8_t *p = buf;
	size_t len = put_ready_header(link, p, SPDK_NVME_TCP_PDU_TYPE_CAPSULE_CMD,
	                              WIRE_CAPSULE_CMD_HLEN, in_capsule_bytes);

	memcpy(p + WIRE_PDU_CH_BYTES, cmd, sizeof(*cmd));
	finish(link, p, WIRE_CAPSULE_CMD_HLEN);
	return len;
}

size_t
wire_build_resp(const struct wire_link *link, void *buf, const struct spdk_nvme_cpl *cpl)
{
	uint8_t *p = buf;
	size_t len =
	        put_ready_header(link, p, SPDK_NVME_TCP_PDU_TYPE_CAPSULE_RESP, WIRE_DATA_HLEN, 0);

	memcpy(p + WIRE_PDU_CH_BYTES, cpl, sizeof(*cpl));
	finish(link, p, WIRE_DATA_HLEN);
	return len;
}

static void
put_tags(uint8_t *p, uint16_t cid, uint16_t ttag, uint32_t offset_bytes, uint32_t len_bytes)
{
	to_le16(p + 8, cid);
	to_le16(p + 10, ttag);
	to_le32(p + 12, offset_bytes);
	to_le32(p + 16, len_bytes);
}

size_t
wire_build_h2c_data(const struct wire_link *link, void *buf, const struct wire_data *data)
{
	uint8_t *p = buf;
	size_t len = put_ready_header(link, p, SPDK_NVME_TCP_PDU_TYPE_H2C_DATA, WIRE_DATA_HLEN,
	                              data->len_bytes);

	assert(data->len_bytes > 0 && data->len_bytes <= link->h2c_bytes_max);
	p[1] |= data->last ? SPDK_NVME_TCP_H2C_DATA_FLAGS_LAST_PDU : 0;
	put_tags(p, data->cid, data->ttag, data->offset_bytes, data->len_bytes);
	finish(link, p, WIRE_DATA_HLEN);
	return len;
}

size_t
wire_build_c2h_data(const struct wire_link *link, void *buf, const struct wire_data *data)
{
	uint8_t *p = buf;
	size_t len = put_ready_header(link, p, SPDK_NVME_TCP_PDU_TYPE_C2H_DATA, WIRE_DATA_HLEN,
	                              data->len_bytes);

	assert(data->len_bytes > 0 && (data->last || !data->success));
	p[1] |= data->last ? SPDK_NVME_TCP_C2H_DATA_FLAGS_LAST_PDU : 0;
	p[1] |= data->success ? SPDK_NVME_TCP_C2H_DATA_FLAGS_SUCCESS : 0;
	put_tags(p, data->cid, 0, data->offset_bytes, data->len_bytes);
	finish(link, p, WIRE_DATA_HLEN);
	return len;
}

size_t
wire_build_r2t(const struct wire_link *link, void *buf, const struct wire_r2t *r2t)
{
	uint8_t *p = buf;
	size_t len = put_ready_header(link, p, SPDK_NVME_TCP_PDU_TYPE_R2T, WIRE_DATA_HLEN, 0);

	assert(r2t->len_bytes > 0);
	put_tags(p, r2t->cid, r2t->ttag, r2t->offset_bytes, r2t->len_bytes);
	finish(link, p, WIRE_DATA_HLEN);
	return len;
}

size_t
wire_build_term_req(const struct wire_link *link, void *buf, const struct wire_fault *fault,
                    const void *hdr, size_t hdr_bytes)
{
	uint8_t *p = buf;
	uint8_t type = link->role == WIRE_HOST ? SPDK_NVME_TCP_PDU_TYPE_H2C_TERM_REQ
	                                       : SPDK_NVME_TCP_PDU_TYPE_C2H_TERM_REQ;

	hdr_bytes = spdk_min(hdr_bytes, SPDK_NVME_TCP_TERM_REQ_ERROR_DATA_MAX_SIZE);
	put_header(p, type, 0, WIRE_DATA_HLEN, WIRE_DATA_HLEN + hdr_bytes);
	to_le16(p + 8, fault->fes);
	to_le32(p + 10, fault->fei);
	memcpy(p + WIRE_DATA_HLEN, hdr, hdr_bytes);
	return WIRE_DATA_HLEN + hdr_bytes;
}
