/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The discovery log page: any window of it equals that part of the whole. */

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>

#include "spdk/util.h"
#include "spdk_internal/nvme_wire.h"

#define NUMREC 3
#define PAGE_BYTES (1024 * (NUMREC + 1))

static void
entry_get(void *ctx, uint64_t index, struct wire_disc_entry *e)
{
	assert_true(index < NUMREC);
	e->trtype = SPDK_NVMF_TRTYPE_TCP;
	e->adrfam = SPDK_NVMF_ADRFAM_IPV4;
	e->subtype = SPDK_NVMF_SUBTYPE_NVME;
	e->treq = SPDK_NVMF_TREQ_SECURE_CHANNEL_NOT_REQUIRED;
	e->portid = index;
	e->cntlid = 0xffff;
	e->asqsz = 128;
	snprintf(e->trsvcid, sizeof(e->trsvcid), "%d", 4420 + (int)index);
	snprintf(e->traddr, sizeof(e->traddr), "127.0.0.1");
	memset(e->subnqn, 'a' + (int)index, SPDK_NVMF_NQN_MAX_LEN);
}

static const struct wire_disc_log g_log = { .genctr = 0x1122334455,
	                                    .numrec = NUMREC,
	                                    .get = entry_get };

static void
read_whole(uint8_t *page, size_t len)
{
	struct iovec iov = { page, len };

	memset(page, 0xaa, len);
	wire_disc_log_read(&g_log, 0, &iov, 1);
}

static void
test_decode(void **state)
{
	uint8_t page[PAGE_BYTES + 1024];
	struct wire_disc_header h;
	struct wire_disc_entry e, expected;
	int i;

	read_whole(page, sizeof(page));
	assert_int_equal(wire_disc_header_decode(page, 1024, &h), 0);
	assert_int_equal(h.genctr, g_log.genctr);
	assert_int_equal(h.numrec, NUMREC);
	for (i = 0; i < NUMREC; i++) {
		memset(&expected, 0, sizeof(expected));
		entry_get(NULL, i, &expected);
		assert_int_equal(wire_disc_entry_decode(page + 1024 * (i + 1), 1024, &e), 0);
		assert_memory_equal(&e, &expected, sizeof(e));
	}
	for (i = PAGE_BYTES; i < PAGE_BYTES + 1024; i++) {
		assert_int_equal(page[i], 0);
	}
}

static void
test_bytes(void **state)
{
	uint8_t page[PAGE_BYTES];

	read_whole(page, sizeof(page));
	assert_memory_equal(page, "\x55\x44\x33\x22\x11\0\0\0\x03\0\0\0\0\0\0\0\0\0", 18);
	assert_memory_equal(page + 2048, "\x03\x01\x02\x02\x01\0\xff\xff\x80\0\0\0", 12);
	assert_memory_equal(page + 2048 + 32, "4421    ", 8);
	assert_memory_equal(page + 2048 + 256, "bbb", 3);
	assert_memory_equal(page + 2048 + 512, "127.0.0.1  ", 11);
}

static void
test_windows(void **state)
{
	static const uint32_t offsets[] = { 0, 8, 1020, 1024, 1500, 3000, 4092, 4096, 5000 };
	static const uint32_t lens[] = { 1, 16, 1024, 1028, 4096 };
	uint8_t whole[16384], part[4096];
	size_t o, l;

	read_whole(whole, sizeof(whole));
	for (o = 0; o < SPDK_COUNTOF(offsets); o++) {
		for (l = 0; l < SPDK_COUNTOF(lens); l++) {
			struct iovec iov[3] = { { part, lens[l] / 3 }, { NULL, 0 } };

			iov[2].iov_base = part + lens[l] / 3;
			iov[2].iov_len = lens[l] - lens[l] / 3;
			memset(part, 0xaa, sizeof(part));
			wire_disc_log_read(&g_log, offsets[o], iov, 3);
			assert_memory_equal(part, whole + offsets[o], lens[l]);
		}
	}
}

static void
test_far_offset(void **state)
{
	static const uint64_t offsets[] = { UINT64_MAX, UINT64_MAX - 1023, 1ull << 40 };
	uint8_t part[512], zero[512] = { 0 };
	struct iovec iov = { part, sizeof(part) };
	size_t i;

	for (i = 1; i < SPDK_COUNTOF(offsets); i++) {
		memset(part, 0xaa, sizeof(part));
		wire_disc_log_read(&g_log, offsets[i], &iov, 1);
		assert_memory_equal(part, zero, sizeof(part));
	}
	/* A range that wraps round 2^64 does not come back to the start of the page. */
	memset(part, 0xaa, sizeof(part));
	wire_disc_log_read(&g_log, offsets[0], &iov, 1);
	assert_memory_equal(part, zero, sizeof(part));
}

static void
test_refused(void **state)
{
	uint8_t page[PAGE_BYTES];
	struct wire_disc_header h;
	struct wire_disc_entry e;

	read_whole(page, sizeof(page));
	assert_int_equal(wire_disc_header_decode(page, 1023, &h), -EINVAL);
	assert_int_equal(wire_disc_entry_decode(page + 1024, 1023, &e), -EINVAL);
	page[1024 + 256 + 223] = 'a'; /* 224 bytes of NQN */
	assert_int_equal(wire_disc_entry_decode(page + 1024, 1024, &e), -EPROTO);
	page[16] = 1;
	assert_int_equal(wire_disc_header_decode(page, 1024, &h), -EPROTO);
	page[16] = 0;
	page[12] = 1; /* 2^32 + 3 records */
	assert_int_equal(wire_disc_header_decode(page, 1024, &h), -EPROTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),  cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_windows), cmocka_unit_test(test_far_offset),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
