/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The rules of NVMe/TCP 1.0, as a table written from the specification, against every value that a
 * one-byte field can have: each type in each state of either role, each HLEN, each PDO under each
 * alignment, each combination of digest flags, each HPDA and CPDA.
 */

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>

#include "spdk/endian.h"
#include "spdk/util.h"
#include "spdk_internal/nvme_wire.h"

#define CAPSULE_MAX 8192
#define H2C_MAX 65536
#define BAD_FIELD 1
#define BAD_SEQ 2
#define BAD_PARAM 6

enum {
	AT_CH_TYPE = 0,
	AT_CH_FLAGS = 1,
	AT_CH_HLEN = 2,
	AT_CH_PDO = 3,
};

/* Which PDU, whose, how long, with what behind it: the PDU definitions of the specification. */
static const struct rule {
	const char *name;
	uint8_t type;
	enum wire_role to; /* who receives it */
	uint8_t hlen;
	bool before_ic; /* legal before ICReq and ICResp were exchanged */
	bool after_ic;
	bool digests; /* may have a header digest, and, with data, a data digest */
	bool data;    /* can carry data */
} rules[] = {
	{ "ICReq", 0x00, WIRE_CONTROLLER, 128, true, false, false, false },
	{ "ICResp", 0x01, WIRE_HOST, 128, true, false, false, false },
	{ "H2CTermReq", 0x02, WIRE_CONTROLLER, 24, true, true, false, false },
	{ "C2HTermReq", 0x03, WIRE_HOST, 24, true, true, false, false },
	{ "CapsuleCmd", 0x04, WIRE_CONTROLLER, 72, false, true, true, true },
	{ "CapsuleResp", 0x05, WIRE_HOST, 24, false, true, true, false },
	{ "H2CData", 0x06, WIRE_CONTROLLER, 24, false, true, true, true },
	{ "C2HData", 0x07, WIRE_HOST, 24, false, true, true, true },
	{ "R2T", 0x09, WIRE_HOST, 24, false, true, true, false },
};

static const struct rule *
rule_of(int type)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rules); i++) {
		if (rules[i].type == type) {
			return &rules[i];
		}
	}
	return NULL;
}

static struct wire_link
link_make(enum wire_role role, enum wire_phase phase, int digests, uint8_t align)
{
	struct wire_link l;

	wire_link_init(&l, role, CAPSULE_MAX);
	l.phase = phase;
	l.hdgst = digests & 1;
	l.ddgst = digests & 2;
	l.rx_align = align;
	l.h2c_bytes_max = H2C_MAX;
	return l;
}

/* A right common header, with the least data where data is possible. */
static void
ch_make(uint8_t *ch, const struct rule *r, const struct wire_link *link, uint8_t pdo)
{
	uint32_t hdr = r->hlen + (r->digests && link->hdgst ? 4 : 0);

	memset(ch, 0, 8);
	ch[0] = r->type;
	ch[2] = r->hlen;
	ch[1] = r->digests && link->hdgst ? 1 : 0;
	to_le32(ch + 4, hdr);
	if (r->data) {
		ch[1] |= link->ddgst ? 2 : 0;
		ch[3] = pdo != 0 ? pdo
		                 : (hdr + link->rx_align - 1) / link->rx_align * link->rx_align;
		to_le32(ch + 4, ch[3] + 4 + (link->ddgst ? 4 : 0));
	}
}

static void
begin(const struct wire_link *link, const uint8_t *ch, uint16_t fes, uint32_t fei)
{
	struct wire_fault fault = { 0 };
	struct wire_pdu pdu;
	int rc = wire_pdu_begin(link, ch, &pdu, &fault);

	if (rc != (fes ? -EPROTO : 0) || fault.fes != fes || fault.fei != fei) {
		print_error("type %u flags %u hlen %u pdo %u plen %u, role %d phase %d digests %d "
		            "align %u: rc %d FES %u FEI %u, want FES %u FEI %u\n",
		            ch[0], ch[1], ch[2], ch[3], from_le32(ch + 4), link->role, link->phase,
		            link->hdgst + 2 * link->ddgst, link->rx_align, rc, fault.fes, fault.fei,
		            fes, fei);
		fail();
	}
}

/* One type to one role in one state of the connection. */
static void
state_check(int type, enum wire_role role, enum wire_phase phase, int digests)
{
	static const struct rule none = { .hlen = 24 };
	const struct rule *r = rule_of(type);
	struct wire_link link = link_make(role, phase, digests, 4);
	uint8_t ch[8];
	bool legal;

	ch_make(ch, r != NULL ? r : &none, &link, 0);
	ch[0] = type;
	if (r == NULL || r->to != role) {
		begin(&link, ch, BAD_FIELD, AT_CH_TYPE);
		return;
	}
	legal = phase == WIRE_AWAIT_IC ? r->before_ic : phase == WIRE_READY ? r->after_ic : false;
	begin(&link, ch, legal ? 0 : BAD_SEQ, 0);
}

/* Each type of 256, to either role, in each state, with each agreement on digests. */
static void
test_states(void **state)
{
	int type, role, phase, digests;

	for (type = 0; type < 256; type++) {
		for (role = WIRE_HOST; role <= WIRE_CONTROLLER; role++) {
			for (phase = WIRE_AWAIT_IC; phase <= WIRE_TERMINATED; phase++) {
				for (digests = 0; digests < 4; digests++) {
					state_check(type, role, phase, digests);
				}
			}
		}
	}
}

static enum wire_phase
phase_of(const struct rule *r)
{
	return r->after_ic ? WIRE_READY : WIRE_AWAIT_IC;
}

/* Each HLEN, with and without a header digest behind it. */
static void
test_hlen(void **state)
{
	size_t i;
	int hlen, digests;

	for (i = 0; i < SPDK_COUNTOF(rules); i++) {
		for (digests = 0; digests < 4; digests++) {
			struct wire_link link =
			        link_make(rules[i].to, phase_of(&rules[i]), digests, 4);
			uint8_t ch[8];

			for (hlen = 0; hlen < 256; hlen++) {
				ch_make(ch, &rules[i], &link, 0);
				ch[2] = hlen;
				begin(&link, ch, hlen == rules[i].hlen ? 0 : BAD_FIELD,
				      hlen == rules[i].hlen ? 0 : AT_CH_HLEN);
			}
		}
	}
}

static void
pdo_check(const struct rule *r, const struct wire_link *link, uint8_t pdo)
{
	uint32_t hdr = r->hlen + (link->hdgst ? 4 : 0);
	bool good = pdo >= hdr && pdo % link->rx_align == 0;
	uint8_t ch[8];

	ch_make(ch, r, link, pdo);
	if (pdo < hdr) {
		/* Long enough for its header at least. */
		to_le32(ch + 4, hdr + 4 + (link->ddgst ? 4 : 0));
	}
	begin(link, ch, good ? 0 : BAD_FIELD, good ? 0 : AT_CH_PDO);
}

/* Each PDO under each alignment: not into the header, and a multiple. */
static void
test_pdo(void **state)
{
	size_t i;
	int pdo, align, digests;

	for (i = 0; i < SPDK_COUNTOF(rules); i++) {
		for (align = 4; rules[i].data && align <= 128; align += 4) {
			for (digests = 0; digests < 4; digests++) {
				struct wire_link link =
				        link_make(rules[i].to, WIRE_READY, digests, align);

				for (pdo = 1; pdo < 256; pdo++) {
					pdo_check(&rules[i], &link, pdo);
				}
			}
		}
	}
}

/* Each combination of the digest flags against each agreement. A data digest is of data only. */
static void
test_digest_flags(void **state)
{
	size_t i;
	int agreed, flags;

	for (i = 0; i < SPDK_COUNTOF(rules); i++) {
		for (agreed = 0; rules[i].digests && agreed < 4; agreed++) {
			for (flags = 0; flags < 4; flags++) {
				struct wire_link link =
				        link_make(rules[i].to, WIRE_READY, agreed, 4);
				int mask = rules[i].data ? 3 : 1;
				bool good = (flags & mask) == (agreed & mask);
				uint8_t ch[8];

				ch_make(ch, &rules[i], &link, 0);
				ch[1] = flags;
				begin(&link, ch, good ? 0 : BAD_FIELD, good ? 0 : AT_CH_FLAGS);
			}
		}
	}
}

/* PLEN: a header alone must be exactly that; behind PDO stands at least one byte, and its digest.
 */
static void
test_plen(void **state)
{
	size_t i;
	int digests;
	uint32_t plen;

	for (i = 0; i < SPDK_COUNTOF(rules); i++) {
		const struct rule *r = &rules[i];

		if (r->type == 0x02 || r->type == 0x03) {
			continue; /* TermReq: 24 to 152, in ut_pdu.c */
		}
		for (digests = 0; digests < 4; digests++) {
			struct wire_link link = link_make(r->to, phase_of(r), digests, 4);
			uint32_t hdr = r->hlen + (r->digests && link.hdgst ? 4 : 0);
			uint32_t least = hdr + 1 + (link.ddgst ? 4 : 0);
			uint8_t ch[8];

			for (plen = 0; plen < 256; plen++) {
				bool good =
				        r->data ? plen >= least || (r->type == 0x04 && plen == hdr)
				                : plen == hdr;

				ch_make(ch, r, &link, 0);
				to_le32(ch + 4, plen);
				begin(&link, ch, good ? 0 : BAD_FIELD, good ? 0 : 4);
			}
		}
	}
}

/* Each HPDA and CPDA: 0 to 31 dwords, 0's based; the other side's is the alignment of what we
 * send, ours of what we receive. */
static void
test_alignment_exchange(void **state)
{
	int theirs, ours;

	for (theirs = 0; theirs < 256; theirs++) {
		for (ours = 0; ours <= WIRE_PDA_MAX; ours++) {
			struct wire_ic_opts opts = { .pda = ours,
				                     .r2t_max = 1,
				                     .h2c_bytes_max = 4096 };
			struct wire_ic_req req = { .hpda = theirs, .r2t_max = 1 };
			struct wire_ic_resp resp = { .cpda = theirs, .h2c_bytes_max = 4096 };
			struct wire_link c = link_make(WIRE_CONTROLLER, WIRE_AWAIT_IC, 0, 4);
			struct wire_link h = link_make(WIRE_HOST, WIRE_AWAIT_IC, 0, 4);
			struct wire_fault fault = { 0 };
			struct wire_ic_resp answer;
			int want = theirs <= 31 ? 0 : -EPROTO;

			assert_int_equal(wire_ic_accept(&c, &req, &opts, &answer, &fault), want);
			assert_int_equal(wire_ic_confirm(&h, &resp, &opts, &fault), want);
			if (want != 0) {
				assert_int_equal(fault.fes, BAD_FIELD);
				assert_int_equal(fault.fei, 10);
				assert_int_equal(c.phase, WIRE_AWAIT_IC);
				assert_int_equal(h.phase, WIRE_AWAIT_IC);
				continue;
			}
			assert_int_equal(answer.cpda, ours);
			assert_int_equal(c.tx_align, 4 * (theirs + 1));
			assert_int_equal(c.rx_align, 4 * (ours + 1));
			assert_int_equal(h.tx_align, 4 * (theirs + 1));
			assert_int_equal(h.rx_align, 4 * (ours + 1));
		}
	}
}

/* A format other than 0 is an unsupported parameter, whoever asks. */
static void
test_formats(void **state)
{
	static const uint16_t pfvs[] = { 1, 2, 0xff, 0x100, 0x8000, 0xffff };
	struct wire_ic_opts opts = { .r2t_max = 1, .h2c_bytes_max = 4096 };
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(pfvs); i++) {
		struct wire_ic_req req = { .pfv = pfvs[i], .r2t_max = 1 };
		struct wire_ic_resp resp = { .pfv = pfvs[i], .h2c_bytes_max = 4096 }, answer;
		struct wire_link c = link_make(WIRE_CONTROLLER, WIRE_AWAIT_IC, 0, 4);
		struct wire_link h = link_make(WIRE_HOST, WIRE_AWAIT_IC, 0, 4);
		struct wire_fault fault = { 0 };

		assert_int_equal(wire_ic_accept(&c, &req, &opts, &answer, &fault), -EPROTO);
		assert_int_equal(fault.fes, BAD_PARAM);
		assert_int_equal(fault.fei, 8);
		memset(&fault, 0, sizeof(fault));
		assert_int_equal(wire_ic_confirm(&h, &resp, &opts, &fault), -EPROTO);
		assert_int_equal(fault.fes, BAD_PARAM);
		assert_int_equal(fault.fei, 8);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),  cmocka_unit_test(test_hlen),
		cmocka_unit_test(test_pdo),     cmocka_unit_test(test_digest_flags),
		cmocka_unit_test(test_plen),    cmocka_unit_test(test_alignment_exchange),
		cmocka_unit_test(test_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
