/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * PDUs: each rule of the common header as a row, headers byte by byte as the specification lays
 * them out, and what one side builds decoded by the other.
 */

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>

#include "spdk/endian.h"
#include "spdk/util.h"
#include "spdk_internal/nvme_wire.h"

#define CAPSULE_MAX 8192
#define H2C_MAX 65536

enum {
	ICREQ,
	ICRESP,
	H2CTERM,
	C2HTERM,
	CMD,
	RESP,
	H2C,
	C2H,
	R2T = 9
};
enum {
	BAD_FIELD = 1,
	BAD_SEQ,
	BAD_HDGST,
	BAD_RANGE,
	BAD_LIMIT,
	BAD_PARAM
};
enum {
	D0 = 0,
	DH = 1,
	DD = 2,
	DHD = 3
}; /* digests agreed */

static struct wire_link
link_make(enum wire_role role, enum wire_phase phase, int digests, uint8_t align)
{
	struct wire_link l;

	wire_link_init(&l, role, CAPSULE_MAX);
	l.phase = phase;
	l.hdgst = digests & 1;
	l.ddgst = digests & 2;
	l.rx_align = align;
	l.tx_align = align;
	l.h2c_bytes_max = H2C_MAX;
	return l;
}

struct begin_row {
	const char *name;
	uint8_t role, phase, digests, align;
	uint8_t type, flags, hlen, pdo;
	uint32_t plen;
	uint16_t fes; /* 0: accepted */
	uint32_t fei;
	uint32_t hdr_bytes, pad_bytes, data_bytes;
	bool ddgst;
};

#define C WIRE_CONTROLLER
#define H WIRE_HOST
#define IC WIRE_AWAIT_IC
#define RDY WIRE_READY
#define END WIRE_TERMINATED

static const struct begin_row begin_rows[] = {
	/* name, role, phase, digests, align, type, flags, hlen, pdo, plen, fes, fei, hdr, pad, data
	 */
	{ "icreq", C, IC, D0, 4, ICREQ, 0, 128, 0, 128, 0, 0, 128, 0, 0 },
	{ "icreq plen 127", C, IC, D0, 4, ICREQ, 0, 128, 0, 127, BAD_FIELD, 4 },
	{ "icreq plen 129", C, IC, D0, 4, ICREQ, 0, 128, 0, 129, BAD_FIELD, 4 },
	{ "icreq hlen 127", C, IC, D0, 4, ICREQ, 0, 127, 0, 128, BAD_FIELD, 2 },
	{ "icreq twice", C, RDY, D0, 4, ICREQ, 0, 128, 0, 128, BAD_SEQ, 0 },
	{ "icreq twice with digests", C, RDY, DHD, 4, ICREQ, 3, 128, 0, 132, BAD_SEQ, 0 },
	{ "icreq late", C, END, D0, 4, ICREQ, 0, 128, 0, 128, BAD_SEQ, 0 },
	{ "icreq to a host", H, IC, D0, 4, ICREQ, 0, 128, 0, 128, BAD_FIELD, 0 },
	{ "icresp", H, IC, D0, 4, ICRESP, 0, 128, 0, 128, 0, 0, 128, 0, 0 },
	{ "icresp twice", H, RDY, D0, 4, ICRESP, 0, 128, 0, 128, BAD_SEQ, 0 },
	{ "icresp to a controller", C, IC, D0, 4, ICRESP, 0, 128, 0, 128, BAD_FIELD, 0 },
	{ "cmd first", C, IC, D0, 4, CMD, 0, 72, 0, 72, BAD_SEQ, 0 },
	{ "cmd", C, RDY, D0, 4, CMD, 0, 72, 0, 72, 0, 0, 72, 0, 0 },
	{ "cmd plen 71", C, RDY, D0, 4, CMD, 0, 72, 0, 71, BAD_FIELD, 4 },
	{ "cmd plen 0", C, RDY, D0, 4, CMD, 0, 72, 72, 0, BAD_FIELD, 4 },
	{ "cmd hlen 255", C, RDY, DH, 4, CMD, 1, 255, 0, 259, BAD_FIELD, 2 },
	{ "cmd data", C, RDY, D0, 4, CMD, 0, 72, 72, 72 + 512, 0, 0, 72, 0, 512 },
	{ "cmd data most", C, RDY, D0, 4, CMD, 0, 72, 72, 72 + CAPSULE_MAX, 0, 0, 72, 0,
	  CAPSULE_MAX },
	{ "cmd data too much", C, RDY, D0, 4, CMD, 0, 72, 72, 73 + CAPSULE_MAX, BAD_FIELD, 4 },
	{ "cmd data 4G", C, RDY, D0, 4, CMD, 0, 72, 72, UINT32_MAX, BAD_FIELD, 4 },
	{ "cmd pdo in header", C, RDY, D0, 4, CMD, 0, 72, 68, 72 + 512, BAD_FIELD, 3 },
	{ "cmd pdo unaligned", C, RDY, D0, 4, CMD, 0, 72, 74, 74 + 512, BAD_FIELD, 3 },
	{ "cmd pad", C, RDY, D0, 4, CMD, 0, 72, 80, 80 + 512, 0, 0, 72, 8, 512 },
	{ "cmd pad, no data", C, RDY, D0, 4, CMD, 0, 72, 80, 80, BAD_FIELD, 4 },
	{ "cmd cpda 128", C, RDY, D0, 128, CMD, 0, 72, 128, 128 + 512, 0, 0, 72, 56, 512 },
	{ "cmd cpda 128 broken", C, RDY, D0, 128, CMD, 0, 72, 72, 72 + 512, BAD_FIELD, 3 },
	{ "cmd cpda 72, hdgst", C, RDY, DH, 72, CMD, 1, 72, 144, 144 + 4, 0, 0, 76, 68, 4 },
	{ "cmd hdgst", C, RDY, DH, 4, CMD, 1, 72, 0, 76, 0, 0, 76, 0, 0 },
	{ "cmd hdgst missing", C, RDY, DH, 4, CMD, 0, 72, 0, 72, BAD_FIELD, 1 },
	{ "cmd hdgst not agreed", C, RDY, D0, 4, CMD, 1, 72, 0, 76, BAD_FIELD, 1 },
	{ "cmd hdgst, plen 72", C, RDY, DH, 4, CMD, 1, 72, 0, 72, BAD_FIELD, 4 },
	{ "cmd ddgst", C, RDY, DD, 4, CMD, 2, 72, 72, 72 + 512 + 4, 0, 0, 72, 0, 512, true },
	{ "cmd ddgst, no data", C, RDY, DD, 4, CMD, 0, 72, 0, 72, 0, 0, 72, 0, 0, false },
	{ "cmd ddgst flag, no data", C, RDY, DD, 4, CMD, 2, 72, 0, 72, 0, 0, 72, 0, 0, false },
	{ "cmd ddgst missing", C, RDY, DD, 4, CMD, 0, 72, 72, 72 + 512, BAD_FIELD, 1 },
	{ "cmd ddgst not agreed", C, RDY, D0, 4, CMD, 2, 72, 72, 72 + 516, BAD_FIELD, 1 },
	{ "cmd ddgst only", C, RDY, DD, 4, CMD, 2, 72, 72, 76, BAD_FIELD, 4 },
	{ "cmd both", C, RDY, DHD, 4, CMD, 3, 72, 76, 76 + 512 + 4, 0, 0, 76, 0, 512, true },
	{ "cmd to a host", H, RDY, D0, 4, CMD, 0, 72, 0, 72, BAD_FIELD, 0 },
	{ "resp", H, RDY, D0, 4, RESP, 0, 24, 0, 24, 0, 0, 24, 0, 0 },
	{ "resp hdgst", H, RDY, DH, 4, RESP, 1, 24, 0, 28, 0, 0, 28, 0, 0 },
	{ "resp plen 25", H, RDY, D0, 4, RESP, 0, 24, 0, 25, BAD_FIELD, 4 },
	{ "resp to a controller", C, RDY, D0, 4, RESP, 0, 24, 0, 24, BAD_FIELD, 0 },
	{ "h2c", C, RDY, D0, 4, H2C, 4, 24, 24, 24 + 4096, 0, 0, 24, 0, 4096 },
	{ "h2c most", C, RDY, D0, 4, H2C, 4, 24, 24, 24 + H2C_MAX, 0, 0, 24, 0, H2C_MAX },
	{ "h2c above maxh2cdata", C, RDY, D0, 4, H2C, 4, 24, 24, 28 + H2C_MAX, BAD_LIMIT, 0 },
	{ "h2c no data", C, RDY, D0, 4, H2C, 4, 24, 24, 24, BAD_FIELD, 4 },
	{ "h2c pdo 0", C, RDY, D0, 4, H2C, 4, 24, 0, 24 + 4, BAD_FIELD, 3 },
	{ "h2c both, cpda 64", C, RDY, DHD, 64, H2C, 7, 24, 64, 64 + 8 + 4, 0, 0, 28, 36, 8, true },
	{ "h2c first", C, IC, D0, 4, H2C, 4, 24, 24, 24 + 4096, BAD_SEQ, 0 },
	{ "c2h", H, RDY, D0, 4, C2H, 12, 24, 24, 24 + 4096, 0, 0, 24, 0, 4096 },
	{ "c2h above maxh2cdata", H, RDY, D0, 4, C2H, 12, 24, 24, 28 + H2C_MAX, 0, 0, 24, 0,
	  H2C_MAX + 4 },
	{ "c2h pdo 255", H, RDY, D0, 4, C2H, 12, 24, 255, 255 + 4096, BAD_FIELD, 3 },
	{ "c2h pdo 252", H, RDY, D0, 4, C2H, 12, 24, 252, 252 + 4096, 0, 0, 24, 228, 4096 },
	{ "r2t", H, RDY, D0, 4, R2T, 0, 24, 0, 24, 0, 0, 24, 0, 0 },
	{ "r2t with data", H, RDY, D0, 4, R2T, 0, 24, 24, 28, BAD_FIELD, 4 },
	{ "r2t to a controller", C, RDY, D0, 4, R2T, 0, 24, 0, 24, BAD_FIELD, 0 },
	{ "type 8", C, RDY, D0, 4, 8, 0, 24, 0, 24, BAD_FIELD, 0 },
	{ "type 10", H, RDY, D0, 4, 10, 0, 24, 0, 24, BAD_FIELD, 0 },
	{ "type 255", C, IC, D0, 4, 255, 255, 255, 255, UINT32_MAX, BAD_FIELD, 0 },
	{ "h2cterm", C, RDY, DHD, 4, H2CTERM, 0, 24, 0, 24, 0, 0, 24, 0, 0 },
	{ "h2cterm first", C, IC, D0, 4, H2CTERM, 0, 24, 0, 152, 0, 0, 24, 0, 128 },
	{ "h2cterm 153", C, RDY, D0, 4, H2CTERM, 0, 24, 0, 153, BAD_FIELD, 4 },
	{ "h2cterm 23", C, RDY, D0, 4, H2CTERM, 0, 24, 0, 23, BAD_FIELD, 4 },
	{ "h2cterm after the end", C, END, D0, 4, H2CTERM, 0, 24, 0, 24, BAD_SEQ, 0 },
	{ "c2hterm", H, RDY, D0, 4, C2HTERM, 0, 24, 0, 96, 0, 0, 24, 0, 72 },
	{ "c2hterm to a controller", C, RDY, D0, 4, C2HTERM, 0, 24, 0, 24, BAD_FIELD, 0 },
};

static void
begin_one(const struct begin_row *r)
{
	struct wire_link link = link_make(r->role, r->phase, r->digests, r->align);
	struct wire_fault fault = { 0 };
	struct wire_pdu pdu;
	uint8_t ch[8] = { r->type, r->flags, r->hlen, r->pdo };
	int rc;

	to_le32(ch + 4, r->plen);
	memset(&pdu, 0xa5, sizeof(pdu));
	rc = wire_pdu_begin(&link, ch, &pdu, &fault);
	print_message("# %s\n", r->name);
	assert_int_equal(rc, r->fes ? -EPROTO : 0);
	assert_int_equal(fault.fes, r->fes);
	assert_int_equal(fault.fei, r->fei);
	if (rc != 0) {
		assert_non_null(fault.what);
		return;
	}
	assert_int_equal(pdu.hdr_bytes, r->hdr_bytes);
	assert_int_equal(pdu.pad_bytes, r->pad_bytes);
	assert_int_equal(pdu.data_bytes, r->data_bytes);
	assert_int_equal(pdu.ddgst, r->ddgst);
	assert_int_equal(pdu.plen, r->plen);
	assert_int_equal(pdu.hdr_bytes + pdu.pad_bytes + pdu.data_bytes + (pdu.ddgst ? 4 : 0),
	                 r->plen);
}

static void
test_begin(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(begin_rows); i++) {
		begin_one(&begin_rows[i]);
	}
}

struct field_row {
	const char *name;
	uint8_t role, type, flags;
	uint32_t data_bytes;
	uint32_t offset, len; /* DATAO and DATAL, R2TO and R2TL */
	uint16_t fes;
	uint32_t fei;
};

static const struct field_row field_rows[] = {
	{ "h2c", C, H2C, 4, 8, 16, 8, 0, 0 },
	{ "h2c datal short", C, H2C, 4, 8, 0, 4, BAD_FIELD, 16 },
	{ "h2c datal long", C, H2C, 4, 8, 0, 12, BAD_FIELD, 16 },
	{ "h2c datao odd", C, H2C, 4, 8, 2, 8, BAD_FIELD, 12 },
	{ "h2c odd, last", C, H2C, 4, 7, 16, 7, 0, 0 },
	{ "h2c odd, not last", C, H2C, 0, 7, 16, 7, BAD_FIELD, 16 },
	{ "h2c wraps", C, H2C, 4, 8, UINT32_MAX - 3, 8, BAD_RANGE, 0 },
	{ "h2c to the end of 32 bits", C, H2C, 4, 8, UINT32_MAX - 11, 8, 0, 0 },
	{ "c2h success", H, C2H, 12, 8, 0, 8, 0, 0 },
	{ "c2h success, not last", H, C2H, 8, 8, 0, 8, BAD_FIELD, 1 },
	{ "r2t", H, R2T, 0, 0, 4096, 4096, 0, 0 },
	{ "r2t for nothing", H, R2T, 0, 0, 4096, 0, BAD_FIELD, 16 },
	{ "r2t odd", H, R2T, 0, 0, 4097, 4, BAD_FIELD, 12 },
	{ "r2t wraps", H, R2T, 0, 0, UINT32_MAX - 3, 8, BAD_RANGE, 0 },
};

static void
test_fields(void **state)
{
	struct wire_fault fault;
	struct wire_pdu pdu;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(field_rows); i++) {
		const struct field_row *r = &field_rows[i];
		struct wire_link link = link_make(r->role, RDY, D0, 4);
		uint8_t h[24] = { r->type, r->flags, 24, r->data_bytes ? 24 : 0 };

		print_message("# %s\n", r->name);
		memset(&fault, 0, sizeof(fault));
		to_le32(h + 4, 24 + r->data_bytes);
		to_le16(h + 8, 0x1234);
		to_le16(h + 10, 0xabcd);
		to_le32(h + 12, r->offset);
		to_le32(h + 16, r->len);
		assert_int_equal(wire_pdu_begin(&link, h, &pdu, &fault), 0);
		assert_int_equal(wire_pdu_decode(&link, h, &pdu, &fault), r->fes ? -EPROTO : 0);
		assert_int_equal(fault.fes, r->fes);
		assert_int_equal(fault.fei, r->fei);
		if (r->fes == 0 && r->type == R2T) {
			assert_int_equal(pdu.r2t.cid, 0x1234);
			assert_int_equal(pdu.r2t.ttag, 0xabcd);
			assert_int_equal(pdu.r2t.offset_bytes, r->offset);
			assert_int_equal(pdu.r2t.len_bytes, r->len);
		} else if (r->fes == 0) {
			assert_int_equal(pdu.data.cid, 0x1234);
			assert_int_equal(pdu.data.ttag, r->type == H2C ? 0xabcd : 0);
			assert_int_equal(pdu.data.offset_bytes, r->offset);
			assert_int_equal(pdu.data.len_bytes, r->len);
			assert_int_equal(pdu.data.last, !!(r->flags & 4));
		}
	}
}

/* Decode what a builder wrote, and return the offset of the data. */
static struct wire_pdu
decode_ok(const struct wire_link *link, const uint8_t *buf, size_t len)
{
	struct wire_fault fault = { 0 };
	struct wire_pdu pdu;

	assert_int_equal(wire_pdu_begin(link, buf, &pdu, &fault), 0);
	assert_int_equal(pdu.hdr_bytes + pdu.pad_bytes, len);
	assert_int_equal(wire_pdu_decode(link, buf, &pdu, &fault), 0);
	return pdu;
}

static void
round_trip_cmd(struct wire_link *tx, struct wire_link *rx)
{
	struct spdk_nvme_cmd cmd;
	struct wire_fault fault;
	struct wire_pdu pdu;
	uint8_t buf[WIRE_TX_HDR_BYTES_MAX];
	size_t len;

	memset(&cmd, 0x5a, sizeof(cmd));
	len = wire_build_cmd(tx, buf, &cmd, 512);
	assert_int_equal(len % tx->tx_align, 0);
	pdu = decode_ok(rx, buf, len);
	assert_memory_equal(&pdu.cmd, &cmd, sizeof(cmd));
	assert_int_equal(pdu.data_bytes, 512);
	len = wire_build_cmd(tx, buf, &cmd, 0);
	pdu = decode_ok(rx, buf, len);
	assert_int_equal(pdu.data_bytes, 0);
	if (tx->hdgst) {
		buf[40] ^= 0x10;
		assert_int_equal(wire_pdu_decode(rx, buf, &pdu, &fault), -EPROTO);
		assert_int_equal(fault.fes, BAD_HDGST);
		assert_int_equal(fault.fei, from_le32(buf + 72));
	}
}

static void
assert_data_equal(const struct wire_data *a, const struct wire_data *b)
{
	assert_int_equal(a->cid, b->cid);
	assert_int_equal(a->ttag, b->ttag);
	assert_int_equal(a->offset_bytes, b->offset_bytes);
	assert_int_equal(a->len_bytes, b->len_bytes);
	assert_int_equal(a->last, b->last);
	assert_int_equal(a->success, b->success);
}

static void
round_trip_data(struct wire_link *host, struct wire_link *ctrlr)
{
	struct wire_data d = {
		.cid = 7, .ttag = 9, .offset_bytes = 8192, .len_bytes = 4096, .last = true
	};
	struct wire_r2t r = { .cid = 7, .ttag = 9, .offset_bytes = 8192, .len_bytes = 4096 };
	struct spdk_nvme_cpl cpl = {
		.cdw0 = 0x11223344, .sqhd = 3, .cid = 7, .status_raw = 0x8006
	};
	struct wire_pdu pdu;
	uint8_t buf[WIRE_TX_HDR_BYTES_MAX];

	pdu = decode_ok(ctrlr, buf, wire_build_h2c_data(host, buf, &d));
	assert_data_equal(&pdu.data, &d);
	d.ttag = 0;
	d.success = true;
	pdu = decode_ok(host, buf, wire_build_c2h_data(ctrlr, buf, &d));
	assert_data_equal(&pdu.data, &d);
	pdu = decode_ok(host, buf, wire_build_r2t(ctrlr, buf, &r));
	assert_memory_equal(&pdu.r2t, &r, sizeof(r));
	pdu = decode_ok(host, buf, wire_build_resp(ctrlr, buf, &cpl));
	assert_memory_equal(&pdu.cpl, &cpl, sizeof(cpl));
}

static void
test_round_trips(void **state)
{
	struct wire_link host, ctrlr;
	int digests, align;

	for (digests = D0; digests <= DHD; digests++) {
		for (align = 4; align <= 128; align += 4) {
			host = link_make(WIRE_HOST, RDY, digests, align);
			ctrlr = link_make(WIRE_CONTROLLER, RDY, digests, align);
			round_trip_cmd(&host, &ctrlr);
			round_trip_data(&host, &ctrlr);
		}
	}
}

struct ic_row {
	struct wire_ic_req req;
	struct wire_ic_opts ours;
	uint16_t fes;
	uint32_t fei;
	bool hdgst, ddgst;
	uint8_t rx_align, tx_align;
};

static const struct ic_row ic_rows[] = {
	{ { 0, 0, true, true, 1 }, { true, true, 0, 0, 131072 }, 0, 0, true, true, 4, 4 },
	{ { 0, 31, true, true, 1 }, { false, true, 3, 0, 4096 }, 0, 0, false, true, 16, 128 },
	{ { 0, 5, false, false, 9 }, { true, true, 31, 0, 4096 }, 0, 0, false, false, 128, 24 },
	{ { 0, 32, false, false, 1 }, { true, true, 0, 0, 4096 }, BAD_FIELD, 10 },
	{ { 1, 0, false, false, 1 }, { true, true, 0, 0, 4096 }, BAD_PARAM, 8 },
};

static void
test_ic_accept(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(ic_rows); i++) {
		const struct ic_row *r = &ic_rows[i];
		struct wire_link link = link_make(C, IC, D0, 4);
		struct wire_fault fault = { 0 };
		struct wire_ic_resp resp;
		int rc = wire_ic_accept(&link, &r->req, &r->ours, &resp, &fault);

		assert_int_equal(rc, r->fes ? -EPROTO : 0);
		assert_int_equal(fault.fes, r->fes);
		assert_int_equal(fault.fei, r->fei);
		assert_int_equal(link.phase, rc ? IC : RDY);
		if (rc != 0) {
			continue;
		}
		assert_int_equal(link.hdgst, r->hdgst);
		assert_int_equal(link.ddgst, r->ddgst);
		assert_int_equal(link.rx_align, r->rx_align);
		assert_int_equal(link.tx_align, r->tx_align);
		assert_int_equal(link.r2t_max, r->req.r2t_max);
		assert_int_equal(resp.h2c_bytes_max, r->ours.h2c_bytes_max);
	}
}

struct confirm_row {
	struct wire_ic_resp resp;
	struct wire_ic_opts ours;
	uint16_t fes;
	uint32_t fei;
};

static const struct confirm_row confirm_rows[] = {
	{ { 0, 0, true, true, 4096 }, { true, true, 0, 1, 0 }, 0, 0 },
	{ { 0, 0, false, false, 131072 }, { true, true, 0, 1, 0 }, 0, 0 },
	{ { 0, 0, true, false, 4096 }, { false, true, 0, 1, 0 }, BAD_FIELD, 11 },
	{ { 0, 0, false, true, 4096 }, { true, false, 0, 1, 0 }, BAD_FIELD, 11 },
	{ { 0, 32, false, false, 4096 }, { true, true, 0, 1, 0 }, BAD_FIELD, 10 },
	{ { 0, 0, false, false, 4092 }, { true, true, 0, 1, 0 }, BAD_FIELD, 12 },
	{ { 0, 0, false, false, 4098 }, { true, true, 0, 1, 0 }, BAD_FIELD, 12 },
	{ { 1, 0, false, false, 4096 }, { true, true, 0, 1, 0 }, BAD_PARAM, 8 },
};

static void
test_ic_confirm(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(confirm_rows); i++) {
		const struct confirm_row *r = &confirm_rows[i];
		struct wire_link link = link_make(H, IC, D0, 4);
		struct wire_fault fault = { 0 };
		int rc = wire_ic_confirm(&link, &r->resp, &r->ours, &fault);

		assert_int_equal(rc, r->fes ? -EPROTO : 0);
		assert_int_equal(fault.fes, r->fes);
		assert_int_equal(fault.fei, r->fei);
		assert_int_equal(link.phase, rc ? IC : RDY);
		if (rc == 0) {
			assert_int_equal(link.h2c_bytes_max, r->resp.h2c_bytes_max);
		}
	}
}

static void
test_ic_bytes(void **state)
{
	struct wire_ic_opts opts = { .hdgst = true, .ddgst = true, .pda = 3, .r2t_max = 5 };
	struct wire_link ctrlr = link_make(C, IC, D0, 4), host = link_make(H, IC, D0, 4);
	struct wire_ic_resp resp = { 0, 4, false, true, 131072 };
	uint8_t buf[128];
	struct wire_pdu pdu;

	assert_int_equal(wire_build_ic_req(buf, &opts), 128);
	assert_memory_equal(buf, "\0\0\x80\0\x80\0\0\0\0\0\x03\x03\x04\0\0\0", 16);
	pdu = decode_ok(&ctrlr, buf, 128);
	assert_int_equal(pdu.ic_req.hpda, 3);
	assert_int_equal(pdu.ic_req.r2t_max, 5);
	assert_true(pdu.ic_req.hdgst && pdu.ic_req.ddgst);
	to_le32(buf + 12, UINT32_MAX);
	pdu = decode_ok(&ctrlr, buf, 128);
	assert_int_equal(pdu.ic_req.r2t_max, UINT32_MAX);

	assert_int_equal(wire_build_ic_resp(buf, &resp), 128);
	assert_memory_equal(buf, "\x01\0\x80\0\x80\0\0\0\0\0\x04\x02\0\0\x02\0", 16);
	pdu = decode_ok(&host, buf, 128);
	assert_int_equal(pdu.ic_resp.cpda, 4);
	assert_false(pdu.ic_resp.hdgst);
	assert_true(pdu.ic_resp.ddgst);
	assert_int_equal(pdu.ic_resp.h2c_bytes_max, 131072);
}

static void
test_term_req(void **state)
{
	struct wire_fault fault = { BAD_FIELD, 0x04030201, "x" };
	struct wire_link host = link_make(H, RDY, DHD, 4), ctrlr = link_make(C, RDY, DHD, 4);
	uint8_t buf[WIRE_TERM_REQ_BYTES_MAX], bad[200];
	struct wire_pdu pdu;

	memset(bad, 0xee, sizeof(bad));
	assert_int_equal(wire_build_term_req(&host, buf, &fault, bad, 200), 152);
	assert_memory_equal(buf, "\x02\0\x18\0\x98\0\0\0\x01\0\x01\x02\x03\x04", 14);
	pdu = decode_ok(&ctrlr, buf, 24);
	assert_int_equal(pdu.term_req.fes, BAD_FIELD);
	assert_int_equal(pdu.term_req.fei, 0x04030201);
	assert_int_equal(pdu.data_bytes, 128);
	assert_memory_equal(buf + 24, bad, 128);
	assert_int_equal(wire_build_term_req(&ctrlr, buf, &fault, bad, 0), 24);
	pdu = decode_ok(&host, buf, 24);
	assert_int_equal(pdu.type, C2HTERM);
}

/* "123456789" has the CRC32C e3069283. */
static void
test_digest(void **state)
{
	char text[] = "123456789";
	struct iovec iov[] = { { text, 3 }, { text + 3, 0 }, { text + 3, 6 } };
	uint8_t out[4];
	uint32_t crc;

	assert_int_equal(wire_hdgst(text, 9), 0xe3069283);
	crc = wire_ddgst_update(WIRE_DDGST_START, text, 4);
	crc = wire_ddgst_update(crc, text + 4, 5);
	wire_ddgst_put(crc, out);
	assert_memory_equal(out, "\x83\x92\x06\xe3", 4);
	assert_int_equal(wire_ddgst_update_iov(WIRE_DDGST_START, iov, 3, 0, 9), crc);
	crc = wire_ddgst_update_iov(WIRE_DDGST_START, iov, 3, 0, 2);
	crc = wire_ddgst_update_iov(crc, iov, 3, 2, 5);
	crc = wire_ddgst_update_iov(crc, iov, 3, 7, 2);
	assert_true(wire_ddgst_match(crc, out));
	out[0] ^= 1;
	assert_false(wire_ddgst_match(crc, out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin),       cmocka_unit_test(test_fields),
		cmocka_unit_test(test_round_trips), cmocka_unit_test(test_ic_accept),
		cmocka_unit_test(test_ic_confirm),  cmocka_unit_test(test_ic_bytes),
		cmocka_unit_test(test_term_req),    cmocka_unit_test(test_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
