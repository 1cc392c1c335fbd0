/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Fabrics commands, connect data, SGL descriptors and names, as rows of bytes and verdicts. */

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>

#include "spdk/endian.h"
#include "spdk/util.h"
#include "spdk_internal/nvme_wire.h"

#define C WIRE_TO_CONTROLLER
#define H WIRE_TO_HOST

struct sgl_row {
	const char *name;
	uint8_t opc, psdt, id; /* type << 4 | subtype */
	uint64_t address;
	uint32_t len;
	enum wire_dir dir;
	uint32_t capsule;
	uint8_t sc;
	enum wire_sgl_kind kind;
};

static const struct sgl_row sgl_rows[] = {
	{ "transport", 2, 1, 0x5a, 0, 4096, H, 0, 0, WIRE_SGL_TRANSPORT },
	{ "transport write", 1, 2, 0x5a, 0, 4096, C, 0, 0, WIRE_SGL_TRANSPORT },
	{ "transport, address ignored", 1, 1, 0x5a, UINT64_MAX, 4, C, 0, 0, WIRE_SGL_TRANSPORT },
	{ "nothing", 2, 1, 0x5a, 0, 0, H, 0, 0, WIRE_SGL_NONE },
	{ "in capsule", 1, 1, 0x01, 0, 4096, C, 4096, 0, WIRE_SGL_IN_CAPSULE },
	{ "in capsule, part", 1, 1, 0x01, 512, 512, C, 4096, 0, WIRE_SGL_IN_CAPSULE },
	{ "in capsule, to the end", 1, 1, 0x01, 4092, 4, C, 4096, 0, WIRE_SGL_IN_CAPSULE },
	{ "in capsule, nothing at the end", 1, 1, 0x01, 4096, 0, C, 4096, 0, WIRE_SGL_NONE },
	{ "in capsule, too long", 1, 1, 0x01, 0, 4097, C, 4096,
	  SPDK_NVME_SC_DATA_SGL_LENGTH_INVALID },
	{ "in capsule, ends behind", 1, 1, 0x01, 4095, 2, C, 4096,
	  SPDK_NVME_SC_DATA_SGL_LENGTH_INVALID },
	{ "in capsule, starts behind", 1, 1, 0x01, 4097, 0, C, 4096,
	  SPDK_NVME_SC_INVALID_SGL_OFFSET },
	{ "in capsule, wraps", 1, 1, 0x01, UINT64_MAX - 3, 8, C, 4096,
	  SPDK_NVME_SC_INVALID_SGL_OFFSET },
	{ "in capsule, none there", 1, 1, 0x01, 0, 512, C, 0,
	  SPDK_NVME_SC_DATA_SGL_LENGTH_INVALID },
	{ "in capsule, a read", 2, 1, 0x01, 0, 512, H, 4096,
	  SPDK_NVME_SC_SGL_DESCRIPTOR_TYPE_INVALID },
	{ "address", 1, 1, 0x00, 0, 512, C, 4096, SPDK_NVME_SC_SGL_DESCRIPTOR_TYPE_INVALID },
	{ "keyed", 1, 1, 0x40, 0, 512, C, 4096, SPDK_NVME_SC_SGL_DESCRIPTOR_TYPE_INVALID },
	{ "keyed, invalidate", 1, 1, 0x4f, 0, 512, C, 4096,
	  SPDK_NVME_SC_SGL_DESCRIPTOR_TYPE_INVALID },
	{ "bit bucket", 2, 1, 0x10, 0, 512, H, 0, SPDK_NVME_SC_SGL_DESCRIPTOR_TYPE_INVALID },
	{ "segment", 1, 1, 0x20, 0, 16, C, 16, SPDK_NVME_SC_SGL_DESCRIPTOR_TYPE_INVALID },
	{ "last segment", 1, 1, 0x31, 0, 16, C, 16, SPDK_NVME_SC_SGL_DESCRIPTOR_TYPE_INVALID },
	{ "vendor", 1, 1, 0xf0, 0, 16, C, 16, SPDK_NVME_SC_SGL_DESCRIPTOR_TYPE_INVALID },
	{ "prp", 1, 0, 0x5a, 0, 16, C, 16, SPDK_NVME_SC_INVALID_FIELD },
	{ "psdt reserved", 1, 3, 0x5a, 0, 16, C, 16, SPDK_NVME_SC_INVALID_FIELD },
	{ "fabrics, psdt 0", 0x7f, 0, 0x01, 0, 1024, C, 1024, 0, WIRE_SGL_IN_CAPSULE },
};

static void
test_sgl(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(sgl_rows); i++) {
		const struct sgl_row *r = &sgl_rows[i];
		struct spdk_nvme_cmd cmd = { .opc = r->opc, .psdt = r->psdt };
		struct wire_sgl sgl;

		print_message("# %s\n", r->name);
		cmd.dptr.sgl1.address = r->address;
		cmd.dptr.sgl1.unkeyed.length = r->len;
		cmd.dptr.sgl1.unkeyed.type = r->id >> 4;
		cmd.dptr.sgl1.unkeyed.subtype = r->id & 15;
		assert_int_equal(wire_sgl_decode(&cmd, r->dir, r->capsule, &sgl), r->sc);
		if (r->sc == 0) {
			assert_int_equal(sgl.kind, r->kind);
			assert_int_equal(sgl.len_bytes, r->len);
			assert_int_equal(sgl.offset_bytes, r->id == 0x01 ? r->address : 0);
		}
	}
}

static void
test_sgl_encode(void **state)
{
	static const struct wire_sgl rows[] = {
		{ WIRE_SGL_NONE, 0, 0 },
		{ WIRE_SGL_IN_CAPSULE, 4096, 16 },
		{ WIRE_SGL_TRANSPORT, UINT32_MAX, 0 },
	};
	struct spdk_nvme_cmd cmd = { .opc = SPDK_NVME_OPC_WRITE };
	struct wire_sgl out;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		wire_sgl_encode(&cmd, &rows[i]);
		assert_int_equal(wire_sgl_decode(&cmd, C, 8192, &out), 0);
		assert_memory_equal(&out, &rows[i], sizeof(out));
	}
}

static void
test_dir(void **state)
{
	static const struct {
		uint8_t opc, fctype;
		enum wire_dir dir;
	} rows[] = {
		{ SPDK_NVME_OPC_FLUSH, 2, WIRE_NO_DATA },
		{ SPDK_NVME_OPC_WRITE, 0, C },
		{ SPDK_NVME_OPC_READ, 0, H },
		{ SPDK_NVME_OPC_WRITE_ZEROES, 0, WIRE_NO_DATA },
		{ SPDK_NVME_OPC_DATASET_MANAGEMENT, 0, C },
		{ 0x83, 0, WIRE_NO_DATA },
		{ 0x7f, 0, WIRE_NO_DATA },
		{ 0x7f, 1, C },
		{ 0x7f, 4, WIRE_NO_DATA },
		{ 0x7f, 5, C },
		{ 0x7f, 6, H },
	};
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		struct spdk_nvme_cmd cmd = { .opc = rows[i].opc, .nsid = rows[i].fctype };

		assert_int_equal(wire_cmd_dir(&cmd), rows[i].dir);
	}
}

static void
test_connect_cmd(void **state)
{
	struct wire_connect_cmd in = {
		.cid = 5, .qid = 3, .sqsize = 127, .cattr = 4, .kato_ms = 5000
	};
	struct wire_connect_cmd out = { 0 };
	struct wire_status st = { 0 };
	struct spdk_nvme_cmd cmd;
	uint8_t *p = (uint8_t *)&cmd;
	struct wire_sgl sgl;

	wire_connect_cmd_encode(&in, &cmd);
	assert_int_equal(p[0], 0x7f);
	assert_int_equal(p[4], 1);
	assert_int_equal(wire_sgl_decode(&cmd, wire_cmd_dir(&cmd), 1024, &sgl), 0);
	assert_int_equal(sgl.kind, WIRE_SGL_IN_CAPSULE);
	assert_int_equal(wire_connect_cmd_decode(&cmd, 127, &out, &st), 0);
	assert_int_equal(out.cid, 5);
	assert_int_equal(out.qid, 3);
	assert_int_equal(out.sqsize, 127);
	assert_int_equal(out.cattr, 4);
	assert_int_equal(out.kato_ms, 5000);
	assert_int_equal(wire_connect_cmd_decode(&cmd, 126, &out, &st), -EINVAL);
	assert_int_equal(st.sct, 1);
	assert_int_equal(st.sc, 0x82);
	assert_int_equal(st.offset, 44);
	assert_false(st.in_data);
	to_le16(p + 44, 0);
	assert_int_equal(wire_connect_cmd_decode(&cmd, 127, &out, &st), -EINVAL);
	assert_int_equal(st.offset, 44);
	to_le16(p + 40, 1);
	assert_int_equal(wire_connect_cmd_decode(&cmd, 127, &out, &st), -EINVAL);
	assert_int_equal(st.sc, 0x80);
}

#define SUBNQN 256
#define HOSTNQN 512

static void
test_connect_data(void **state)
{
	struct wire_connect_data in = { .hostid = { 1, 2, 3 }, .cntlid = 0xffff }, out;
	struct wire_status st = { 0 };
	struct spdk_nvme_cpl cpl = { 0 };
	uint8_t buf[1024];

	memset(in.subnqn, 's', 223);
	memset(in.hostnqn, 'h', 223);
	wire_connect_data_encode(&in, buf);
	assert_int_equal(buf[16], 0xff);
	assert_int_equal(buf[SUBNQN + 222], 's');
	assert_int_equal(buf[HOSTNQN + 223], 0);
	assert_int_equal(wire_connect_data_decode(buf, 1024, &out, &st), 0);
	assert_memory_equal(&in, &out, sizeof(in));

	assert_int_equal(wire_connect_data_decode(buf, 1023, &out, &st), -EINVAL);
	assert_int_equal(st.sct, 0);
	assert_int_equal(st.sc, SPDK_NVME_SC_DATA_SGL_LENGTH_INVALID);
	buf[HOSTNQN + 223] = 'h'; /* 224 bytes: not ended */
	assert_int_equal(wire_connect_data_decode(buf, 1024, &out, &st), -EINVAL);
	assert_int_equal(st.offset, HOSTNQN);
	buf[SUBNQN] = 0;
	assert_int_equal(wire_connect_data_decode(buf, 1024, &out, &st), -EINVAL);
	assert_int_equal(st.offset, SUBNQN);
	assert_true(st.in_data);
	wire_status_to_cpl(&st, &cpl);
	assert_int_equal(cpl.cdw0, 0x10000 | SUBNQN);
	assert_int_equal(cpl.status.sct, 1);
	assert_int_equal(cpl.status.sc, 0x82);
}

static void
test_prop(void **state)
{
	static const struct wire_prop rows[] = {
		{ 1, false, 8, 0, 0 },
		{ 2, false, 4, 0x1c, 0 },
		{ 3, true, 4, 0x14, 0x460001 },
		{ 4, true, 8, 0x28, 0x1122334455667788 },
	};
	struct wire_status st;
	struct wire_prop out = { 0 };
	struct spdk_nvme_cmd cmd;
	struct spdk_nvme_cpl cpl;
	uint8_t *p = (uint8_t *)&cmd;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		wire_prop_encode(&rows[i], &cmd);
		assert_int_equal(p[4], rows[i].is_set ? 0 : 4);
		assert_int_equal(p[40], rows[i].size_bytes == 8);
		memset(&out, 0, sizeof(out));
		assert_int_equal(wire_prop_decode(&cmd, &out, &st), 0);
		assert_int_equal(out.cid, rows[i].cid);
		assert_int_equal(out.offset, rows[i].offset);
		assert_int_equal(out.value, rows[i].value);
		assert_int_equal(out.size_bytes, rows[i].size_bytes);
	}
	to_le32(p + 44, 0x2c); /* 8 bytes at a multiple of 4 only */
	assert_int_equal(wire_prop_decode(&cmd, &out, &st), -EINVAL);
	assert_int_equal(st.sc, SPDK_NVME_SC_INVALID_FIELD);
	p[40] = 2;
	assert_int_equal(wire_prop_decode(&cmd, &out, &st), -EINVAL);
	wire_prop_value_to_cpl(0x1122334455667788, &cpl);
	assert_int_equal(cpl.cdw0, 0x55667788);
	assert_int_equal(wire_prop_value_from_cpl(&cpl), 0x1122334455667788);
}

static void
test_nqn(void **state)
{
	static const struct {
		const char *nqn;
		bool ok;
	} rows[] = {
		{ "nqn.2014-08.org.nvmexpress.discovery", true },
		{ "nqn.2016-06.io.spdk:cnode1", true },
		{ "nqn.2016-06.io.spdk:\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", true },
		{ "nqn.2016-06.io.spdk:", false },
		{ "nqn.2016-06.io.spdk", false },
		{ "nqn.2016-06.io.spdk:\xc3", false },
		{ "nqn.2016-06.io.spdk:\xed\xa0\x80", false },
		{ "nqn.2016-06.io.spdk:\xc0\xaf", false },
		{ "nqn.2016-06.io.spdk:\xff", false },
		{ "nqn.2016-06.io..spdk:a", false },
		{ "nqn.2016-06.io.-spdk:a", false },
		{ "nqn.2016-06.io.spdk-:a", false },
		{ "nqn.2016-06.io.3spdk:a", false },
		{ "nqn.2016-06.io.s_dk:a", false },
		{ "nqn.216-06.io.spdk:a", false },
		{ "nqn.2016_06.io.spdk:a", false },
		{ "nqn.2016-6.io.spdk:a", false },
		{ "nqm.2016-06.io.spdk:a", false },
		{ "", false },
		{ "nqn.2016-0", false },
		{ "nqn.2016-06.", false },
		{ "nqn.2014-08.org.nvmexpress:uuid:11111111-aaaa-bbdd-ffee-123456789abc", true },
		{ "nqn.2014-08.org.nvmexpress:uuid:11111111-aaaa-bbdd-ffee-123456789abcd", false },
		{ "nqn.2014-08.org.nvmexpress:uuid:11111111-aaaa-bbdd-ffee-123456789ab", false },
		{ "nqn.2014-08.org.nvmexpress:uuid:11111111aaaaa-bbdd-ffee-123456789abc", false },
		{ "nqn.2014-08.org.nvmexpress:uuid:1111111g-aaaa-bbdd-ffee-123456789abc", false },
	};
	char longest[300] = "nqn.2016-06.io.spdk:";
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		print_message("# %s\n", rows[i].ok ? rows[i].nqn : "(bad)");
		assert_int_equal(wire_nqn_is_valid(rows[i].nqn), rows[i].ok);
	}
	memset(longest + 20, 'x', 223 - 20);
	assert_true(wire_nqn_is_valid(longest));
	longest[223] = 'x';
	assert_false(wire_nqn_is_valid(longest));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sgl),          cmocka_unit_test(test_sgl_encode),
		cmocka_unit_test(test_dir),          cmocka_unit_test(test_connect_cmd),
		cmocka_unit_test(test_connect_data), cmocka_unit_test(test_prop),
		cmocka_unit_test(test_nqn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
