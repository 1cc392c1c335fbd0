/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/util.h: walking and copying vectors, cut in all ways, with empty elements among them. */

#include "spdk/util.h"

#include <setjmp.h>
#include <cmocka.h>

#define LEN 12

/* Lengths of the elements; -1 ends. Sums are LEN, but for the last two. */
static const int g_cuts[][6] = {
	{ 12, -1 },         { 1, 11, -1 },      { 11, 1, -1 },         { 0, 12, -1 }, { 12, 0, -1 },
	{ 4, 0, 0, 8, -1 }, { 3, 3, 3, 3, -1 }, { 0, 5, 0, 7, 0, -1 }, { 5, -1 },     { -1 },
};

static size_t
cut(struct iovec *iov, uint8_t *buf, const int *lens, size_t *total)
{
	size_t n;

	*total = 0;
	for (n = 0; lens[n] >= 0; n++) {
		iov[n].iov_base = lens[n] > 0 ? buf + *total : NULL;
		iov[n].iov_len = (size_t)lens[n];
		*total += (size_t)lens[n];
	}
	return n;
}

static void
test_copy(void **state)
{
	static const uint8_t text[LEN + 1] = "abcdefghijkl";
	size_t (*copies[])(struct iovec *, size_t, struct iovec *, size_t) = { spdk_iovcpy,
		                                                               spdk_iovmove };
	uint8_t src[LEN], dst[LEN + 1];
	struct iovec siov[6], diov[6];
	size_t s, d, c, scnt, dcnt, slen, dlen, want;

	for (s = 0; s < SPDK_COUNTOF(g_cuts); s++) {
		for (d = 0; d < SPDK_COUNTOF(g_cuts); d++) {
			for (c = 0; c < SPDK_COUNTOF(copies); c++) {
				memcpy(src, text, LEN);
				memset(dst, '#', sizeof(dst));
				scnt = cut(siov, src, g_cuts[s], &slen);
				dcnt = cut(diov, dst, g_cuts[d], &dlen);
				want = spdk_min(slen, dlen);
				assert_int_equal(copies[c](siov, scnt, diov, dcnt), want);
				assert_memory_equal(dst, text, want);
				assert_int_equal(dst[want], '#');
			}
		}
	}
}

/* Two vectors in step; the walk ends with the shorter one, here in the middle of an element. */
static void
test_two(void **state)
{
	static const int src_cut[] = { 5, 0, 7, -1 }, dst_cut[] = { 2, 4, 3, -1 };
	static const size_t pieces[] = { 2, 3, 1, 3 };
	uint8_t from[LEN], to[LEN];
	struct iovec siov[6], diov[6];
	struct spdk_ioviter iter;
	size_t scnt, dcnt, slen, dlen, n, len, pos = 0;
	void *src, *dst;

	scnt = cut(siov, from, src_cut, &slen);
	dcnt = cut(diov, to, dst_cut, &dlen);
	len = spdk_ioviter_first(&iter, siov, scnt, diov, dcnt, &src, &dst);
	for (n = 0; n < SPDK_COUNTOF(pieces); n++) {
		assert_int_equal(len, pieces[n]);
		assert_ptr_equal(src, from + pos);
		assert_ptr_equal(dst, to + pos);
		pos += len;
		len = spdk_ioviter_next(&iter, &src, &dst);
	}
	assert_int_equal(len, 0);
	assert_int_equal(pos, dlen);
	assert_int_equal(spdk_ioviter_next(&iter, &src, &dst), 0);
	assert_int_equal(spdk_ioviter_first(&iter, siov, 0, diov, dcnt, &src, &dst), 0);
}

/* Three vectors in step: the pieces are as long as all of them are in one piece. */
static void
test_three(void **state)
{
	uint8_t bufs[3][LEN];
	struct iovec iovs[3][6], *iov[3];
	size_t cnts[3], total;
	uint8_t raw[SPDK_IOVITER_SIZE(3)] __attribute__((aligned(8)));
	struct spdk_ioviter *iter = (struct spdk_ioviter *)raw;
	static const size_t pieces[] = { 1, 2, 1, 7, 1 }; /* of 1|11, 4|8, 3+..., ends merged */
	static const int cuts[3][4] = { { 1, 11, -1 }, { 3, 8, 1, -1 }, { 4, 7, 1, -1 } };
	void *out[3];
	size_t i, n, pos = 0, len;

	for (i = 0; i < 3; i++) {
		cnts[i] = cut(iovs[i], bufs[i], cuts[i], &total);
		iov[i] = iovs[i];
	}
	len = spdk_ioviter_firstv(iter, 3, iov, cnts, out);
	for (n = 0; n < SPDK_COUNTOF(pieces); n++) {
		assert_int_equal(len, pieces[n]);
		for (i = 0; i < 3; i++) {
			assert_ptr_equal(out[i], bufs[i] + pos);
		}
		pos += len;
		len = spdk_ioviter_nextv(iter, out);
	}
	assert_int_equal(len, 0);
	assert_int_equal(pos, LEN);
	assert_int_equal(spdk_ioviter_nextv(iter, out), 0);
	assert_int_equal(spdk_ioviter_firstv(iter, 0, iov, cnts, out), 0);
}

static void
test_memset(void **state)
{
	uint8_t buf[LEN + 1];
	struct iovec iov[6];
	size_t i, cnt, len;

	for (i = 0; i < SPDK_COUNTOF(g_cuts); i++) {
		memset(buf, '#', sizeof(buf));
		cnt = cut(iov, buf, g_cuts[i], &len);
		spdk_iov_memset(iov, (int)cnt, 'z');
		assert_true(len == 0 || (buf[0] == 'z' && buf[len - 1] == 'z'));
		assert_int_equal(buf[len], '#');
	}
}

/* Both ways through a buffer, in steps of every size. */
static void
test_xfer(void **state)
{
	static const uint8_t text[LEN + 1] = "abcdefghijkl";
	uint8_t mem[LEN + 1], back[LEN + 3];
	struct spdk_iov_xfer ix;
	struct iovec iov[6];
	size_t i, step, cnt, len, pos, got;

	for (i = 0; i < SPDK_COUNTOF(g_cuts); i++) {
		for (step = 1; step <= LEN + 2; step++) {
			memset(mem, '#', sizeof(mem));
			cnt = cut(iov, mem, g_cuts[i], &len);
			spdk_iov_xfer_init(&ix, iov, (int)cnt);
			for (pos = 0; pos < len; pos += got) {
				got = spdk_iov_xfer_from_buf(&ix, text + pos,
				                             spdk_min(step, LEN - pos));
				assert_int_equal(got, spdk_min(step, len - pos));
			}
			assert_int_equal(spdk_iov_xfer_from_buf(&ix, text, 1), 0);
			assert_memory_equal(mem, text, len);
			assert_int_equal(mem[len], '#');
			memset(back, '#', sizeof(back));
			spdk_iov_xfer_init(&ix, iov, (int)cnt);
			for (pos = 0; (got = spdk_iov_xfer_to_buf(&ix, back + pos, 1)) > 0; pos++) {
			}
			assert_int_equal(pos, len);
			assert_memory_equal(back, text, len);
		}
	}
}

static void
test_whole_buffers(void **state)
{
	uint8_t mem[LEN], buf[LEN] = "ABCDEFGHIJK", back[LEN + 1];
	struct iovec iov[6];
	size_t len, cnt;

	cnt = cut(iov, mem, g_cuts[7], &len);
	spdk_copy_buf_to_iovs(iov, (int)cnt, buf, LEN);
	assert_memory_equal(mem, buf, LEN);
	memset(back, '#', sizeof(back));
	spdk_copy_iovs_to_buf(back, 7, iov, (int)cnt);
	assert_memory_equal(back, "ABCDEFG##", 9);
	spdk_copy_iovs_to_buf(back, sizeof(back), iov, (int)cnt);
	assert_memory_equal(back, buf, LEN);
	assert_int_equal(back[LEN], '#');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),  cmocka_unit_test(test_two),
		cmocka_unit_test(test_three), cmocka_unit_test(test_memset),
		cmocka_unit_test(test_xfer),  cmocka_unit_test(test_whole_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
