/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Data transfers: each script is what a peer sends for one command, and which step is refused. */

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>

#include "spdk/util.h"
#include "spdk_internal/nvme_wire.h"

enum {
	OK,
	BAD_FIELD = 1,
	BAD_SEQ,
	BAD_HDGST,
	BAD_RANGE,
	BAD_LIMIT
};

#define CID 11
#define TTAG 22

struct step {
	uint16_t cid, ttag;
	uint32_t offset, len;
	bool last;
	uint16_t fes;
	uint32_t fei;
};

struct script {
	const char *name;
	enum wire_dir dir;
	uint32_t len; /* of the command, or of the R2T from 8192 */
	struct step steps[4];
};

/* Controller: R2T for len bytes from 8192; H2CData come. */
static const struct script h2c_scripts[] = {
	{ "one", WIRE_TO_CONTROLLER, 4096, { { CID, TTAG, 8192, 4096, true, OK } } },
	{ "two",
	  WIRE_TO_CONTROLLER,
	  4096,
	  { { CID, TTAG, 8192, 1024, false, OK }, { CID, TTAG, 9216, 3072, true, OK } } },
	{ "again",
	  WIRE_TO_CONTROLLER,
	  4096,
	  { { CID, TTAG, 8192, 1024, false, OK }, { CID, TTAG, 8192, 1024, false, BAD_RANGE } } },
	{ "gap", WIRE_TO_CONTROLLER, 4096, { { CID, TTAG, 8196, 4, false, BAD_RANGE } } },
	{ "from 0", WIRE_TO_CONTROLLER, 4096, { { CID, TTAG, 0, 4096, true, BAD_RANGE } } },
	{ "too long", WIRE_TO_CONTROLLER, 4096, { { CID, TTAG, 8192, 4100, true, BAD_RANGE } } },
	{ "after the end",
	  WIRE_TO_CONTROLLER,
	  4096,
	  { { CID, TTAG, 8192, 4096, true, OK }, { CID, TTAG, 12288, 4, true, BAD_RANGE } } },
	{ "last too early",
	  WIRE_TO_CONTROLLER,
	  4096,
	  { { CID, TTAG, 8192, 4, true, BAD_FIELD, 1 } } },
	{ "last missing",
	  WIRE_TO_CONTROLLER,
	  4096,
	  { { CID, TTAG, 8192, 4096, false, BAD_FIELD, 1 } } },
	{ "other ttag",
	  WIRE_TO_CONTROLLER,
	  4096,
	  { { CID, 23, 8192, 4096, true, BAD_FIELD, 10 } } },
	{ "other cid", WIRE_TO_CONTROLLER, 4096, { { 12, TTAG, 8192, 4096, true, BAD_FIELD, 8 } } },
};

/* Host: C2HData come for a command of len bytes. */
static const struct script c2h_scripts[] = {
	{ "one", WIRE_TO_HOST, 4096, { { CID, 0, 0, 4096, true, OK } } },
	{ "two",
	  WIRE_TO_HOST,
	  4096,
	  { { CID, 0, 0, 4, false, OK }, { CID, 0, 4, 4092, true, OK } } },
	{ "short",
	  WIRE_TO_HOST,
	  4096,
	  { { CID, 0, 0, 4, true, OK }, { CID, 0, 4, 4, true, BAD_SEQ } } },
	{ "for a write", WIRE_TO_CONTROLLER, 4096, { { CID, 0, 0, 4096, true, BAD_FIELD, 8 } } },
	{ "for no data", WIRE_NO_DATA, 0, { { CID, 0, 0, 4, true, BAD_FIELD, 8 } } },
	{ "too long", WIRE_TO_HOST, 4096, { { CID, 0, 0, 4100, true, BAD_RANGE } } },
	{ "gap", WIRE_TO_HOST, 4096, { { CID, 0, 4, 4, true, BAD_RANGE } } },
	{ "again",
	  WIRE_TO_HOST,
	  4096,
	  { { CID, 0, 0, 4, false, OK }, { CID, 0, 0, 4, false, BAD_RANGE } } },
	{ "other cid", WIRE_TO_HOST, 4096, { { 12, 0, 0, 4096, true, BAD_FIELD, 8 } } },
};

/* Host with MAXR2T 2: R2Ts come for a command of len bytes; none is answered meanwhile. */
static const struct script r2t_scripts[] = {
	{ "one", WIRE_TO_CONTROLLER, 4096, { { CID, 1, 0, 4096, false, OK } } },
	{ "two",
	  WIRE_TO_CONTROLLER,
	  8192,
	  { { CID, 1, 0, 4096, false, OK }, { CID, 2, 4096, 4096, false, OK } } },
	{ "three",
	  WIRE_TO_CONTROLLER,
	  8192,
	  { { CID, 1, 0, 4, false, OK },
	    { CID, 2, 4, 4, false, OK },
	    { CID, 3, 8, 4, false, BAD_LIMIT } } },
	{ "for a read", WIRE_TO_HOST, 4096, { { CID, 1, 0, 4096, false, BAD_FIELD, 8 } } },
	{ "for no data", WIRE_NO_DATA, 0, { { CID, 1, 0, 4, false, BAD_FIELD, 8 } } },
	{ "again",
	  WIRE_TO_CONTROLLER,
	  8192,
	  { { CID, 1, 0, 4, false, OK }, { CID, 2, 0, 4, false, BAD_RANGE } } },
	{ "too long", WIRE_TO_CONTROLLER, 4096, { { CID, 1, 0, 4100, false, BAD_RANGE } } },
	{ "beyond", WIRE_TO_CONTROLLER, 4096, { { CID, 1, 4096, 4, false, BAD_RANGE } } },
};

static int
step_run(char kind, struct wire_xfer *x, const struct step *s, struct wire_fault *fault)
{
	struct wire_data d = { .cid = s->cid,
		               .ttag = s->ttag,
		               .offset_bytes = s->offset,
		               .len_bytes = s->len,
		               .last = s->last };
	struct wire_r2t r = {
		.cid = s->cid, .ttag = s->ttag, .offset_bytes = s->offset, .len_bytes = s->len
	};
	struct wire_link link = { .role = WIRE_HOST, .phase = WIRE_READY, .r2t_max = 2 };

	switch (kind) {
	case 'h':
		return wire_xfer_h2c_data(x, &d, fault);
	case 'c':
		return wire_xfer_c2h_data(x, &d, fault);
	default:
		return wire_xfer_r2t(&link, x, &r, fault);
	}
}

static void
script_run(char kind, const struct script *s)
{
	struct wire_r2t r2t = {
		.cid = CID, .ttag = TTAG, .offset_bytes = 8192, .len_bytes = s->len
	};
	struct wire_xfer x;
	size_t i;

	print_message("# %c %s\n", kind, s->name);
	if (kind == 'h') {
		wire_xfer_begin_r2t(&x, &r2t);
	} else {
		wire_xfer_begin(&x, s->dir, CID, s->len);
	}
	for (i = 0; i < SPDK_COUNTOF(s->steps) && s->steps[i].cid != 0; i++) {
		const struct step *step = &s->steps[i];
		struct wire_fault fault = { 0 };
		uint32_t before = x.next_bytes;

		assert_int_equal(step_run(kind, &x, step, &fault), step->fes ? -EPROTO : 0);
		assert_int_equal(fault.fes, step->fes);
		assert_int_equal(fault.fei, step->fei);
		assert_int_equal(x.next_bytes, step->fes ? before : before + step->len);
	}
}

static void
test_scripts(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(h2c_scripts); i++) {
		script_run('h', &h2c_scripts[i]);
	}
	for (i = 0; i < SPDK_COUNTOF(c2h_scripts); i++) {
		script_run('c', &c2h_scripts[i]);
	}
	for (i = 0; i < SPDK_COUNTOF(r2t_scripts); i++) {
		script_run('r', &r2t_scripts[i]);
	}
}

static void
test_r2t_done(void **state)
{
	struct wire_link link = { .role = WIRE_HOST, .phase = WIRE_READY, .r2t_max = 1 };
	struct wire_r2t r = { .cid = CID, .len_bytes = 4 };
	struct wire_fault fault;
	struct wire_xfer x;
	uint32_t i;

	wire_xfer_begin(&x, WIRE_TO_CONTROLLER, CID, 400);
	for (i = 0; i < 100; i++) {
		r.offset_bytes = i * 4;
		assert_int_equal(wire_xfer_r2t(&link, &x, &r, &fault), 0);
		assert_int_equal(x.r2t_outstanding, 1);
		wire_xfer_r2t_done(&x);
	}
	assert_int_equal(x.next_bytes, x.end_bytes);
}

static void
test_unknown_tag(void **state)
{
	static const struct {
		uint8_t type;
		bool is_ttag;
		uint32_t fei;
	} rows[] = {
		{ SPDK_NVME_TCP_PDU_TYPE_H2C_DATA, false, 8 },
		{ SPDK_NVME_TCP_PDU_TYPE_H2C_DATA, true, 10 },
		{ SPDK_NVME_TCP_PDU_TYPE_R2T, false, 8 },
		{ SPDK_NVME_TCP_PDU_TYPE_C2H_DATA, false, 8 },
		{ SPDK_NVME_TCP_PDU_TYPE_CAPSULE_RESP, false, 20 },
	};
	struct wire_fault fault;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		wire_fault_unknown_tag(rows[i].type, rows[i].is_ttag, &fault);
		assert_int_equal(fault.fes, BAD_FIELD);
		assert_int_equal(fault.fei, rows[i].fei);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_r2t_done),
		cmocka_unit_test(test_unknown_tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
