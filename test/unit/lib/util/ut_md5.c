/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* MD5 against the test suite of RFC 1321. */

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>

#include "spdk/hexlify.h"
#include "spdk/md5.h"
#include "spdk/util.h"

static const struct {
	const char *text, *digest;
} g_rows[] = {
	{ "", "d41d8cd98f00b204e9800998ecf8427e" },
	{ "a", "0cc175b9c0f1b6a831c399e269772661" },
	{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
	{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
	{ "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
	{ "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
	  "57edf4a22be3c955ac49da2e2107b67a" },
};

/* In pieces of each size. */
static void
test_vectors(void **state)
{
	uint8_t digest[SPDK_MD5DIGEST_LEN];
	struct spdk_md5ctx ctx;
	size_t i, piece, at, len;
	char *hex;

	for (i = 0; i < SPDK_COUNTOF(g_rows); i++) {
		len = strlen(g_rows[i].text);
		for (piece = 1; piece <= len + 1; piece++) {
			assert_int_equal(spdk_md5init(&ctx), 1);
			for (at = 0; at < len; at += piece) {
				assert_int_equal(spdk_md5update(&ctx, g_rows[i].text + at,
				                                spdk_min(piece, len - at)),
				                 1);
			}
			assert_int_equal(spdk_md5final(digest, &ctx), 1);
			hex = spdk_hexlify((char *)digest, sizeof(digest));
			assert_string_equal(hex, g_rows[i].digest);
			free(hex);
		}
	}
}

static void
test_refused(void **state)
{
	uint8_t digest[SPDK_MD5DIGEST_LEN];
	struct spdk_md5ctx ctx = { NULL };

	assert_int_equal(spdk_md5init(NULL), -1);
	assert_int_equal(spdk_md5update(&ctx, "a", 1), -1);
	assert_int_equal(spdk_md5update(NULL, "a", 1), -1);
	assert_int_equal(spdk_md5final(digest, &ctx), -1);
	assert_int_equal(spdk_md5final(digest, NULL), -1);
	assert_int_equal(spdk_md5init(&ctx), 1);
	assert_int_equal(spdk_md5update(&ctx, NULL, 1), -1);
	assert_int_equal(spdk_md5update(&ctx, NULL, 0), 1);
	assert_int_equal(spdk_md5final(NULL, &ctx), -1); /* and frees */
	assert_null(ctx.md5ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
