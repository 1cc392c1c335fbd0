/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/dma.h: each call reaches the owner's function with each argument, or says that there is
 * none; the list; contexts of every size; no memory. */

#include "spdk/dma.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

static struct iovec g_src[2], g_dst[3];
static int g_ctx;
static char g_called[16];

static void
done(void *ctx, int rc)
{
}

static int
pull(struct spdk_memory_domain *src_domain, void *src_domain_ctx, struct iovec *src_iov,
     uint32_t src_iovcnt, struct iovec *dst_iov, uint32_t dst_iovcnt,
     spdk_memory_domain_data_cpl_cb cpl_cb, void *cpl_cb_arg)
{
	assert_ptr_equal(src_domain_ctx, &g_ctx);
	assert_true(src_iov == g_src && src_iovcnt == 2 && dst_iov == g_dst && dst_iovcnt == 3);
	assert_true(cpl_cb == done && cpl_cb_arg == g_called);
	strcat(g_called, "l");
	return -1;
}

static int
push(struct spdk_memory_domain *dst_domain, void *dst_domain_ctx, struct iovec *dst_iov,
     uint32_t dst_iovcnt, struct iovec *src_iov, uint32_t src_iovcnt,
     spdk_memory_domain_data_cpl_cb cpl_cb, void *cpl_cb_arg)
{
	assert_ptr_equal(dst_domain_ctx, &g_ctx);
	assert_true(src_iov == g_src && src_iovcnt == 2 && dst_iov == g_dst && dst_iovcnt == 3);
	assert_true(cpl_cb == done && cpl_cb_arg == g_called);
	strcat(g_called, "p");
	return -2;
}

static int
transfer(struct spdk_memory_domain *dst_domain, void *dst_domain_ctx, struct iovec *dst_iov,
         uint32_t dst_iovcnt, struct spdk_memory_domain *src_domain, void *src_domain_ctx,
         struct iovec *src_iov, uint32_t src_iovcnt,
         struct spdk_memory_domain_translation_result *src_translation,
         spdk_memory_domain_data_cpl_cb cpl_cb, void *cpl_cb_arg)
{
	assert_true(dst_domain_ctx == &g_ctx && src_domain_ctx == g_src);
	assert_true(src_iov == g_src && src_iovcnt == 2 && dst_iov == g_dst && dst_iovcnt == 3);
	assert_ptr_equal(src_domain, spdk_memory_domain_get_system_domain());
	assert_ptr_equal(src_translation, (void *)&g_ctx);
	assert_true(cpl_cb == done && cpl_cb_arg == g_called);
	strcat(g_called, "t");
	return -3;
}

static int
translate(struct spdk_memory_domain *src_domain, void *src_domain_ctx,
          struct spdk_memory_domain *dst_domain,
          struct spdk_memory_domain_translation_ctx *dst_domain_ctx, void *addr, size_t len,
          struct spdk_memory_domain_translation_result *result)
{
	assert_true(src_domain_ctx == &g_ctx && dst_domain_ctx == (void *)g_src);
	assert_ptr_equal(dst_domain, spdk_memory_domain_get_system_domain());
	assert_true(addr == g_dst && len == 77 && result == (void *)g_called);
	strcat(g_called, "a");
	return -4;
}

static void
invalidate(struct spdk_memory_domain *domain, void *domain_ctx, struct iovec *iov, uint32_t iovcnt)
{
	assert_true(domain_ctx == &g_ctx && iov == g_dst && iovcnt == 3);
	strcat(g_called, "i");
}

static int
memzero(struct spdk_memory_domain *domain, void *domain_ctx, struct iovec *iov, uint32_t iovcnt,
        spdk_memory_domain_data_cpl_cb cpl_cb, void *cpl_cb_arg)
{
	assert_true(domain_ctx == &g_ctx && iov == g_dst && iovcnt == 3);
	assert_true(cpl_cb == done && cpl_cb_arg == g_called);
	strcat(g_called, "z");
	return -5;
}

static void
expect_calls(struct spdk_memory_domain *d, bool set)
{
	struct spdk_memory_domain *sys = spdk_memory_domain_get_system_domain();

	g_called[0] = '\0';
	assert_int_equal(
	        spdk_memory_domain_pull_data(d, &g_ctx, g_src, 2, g_dst, 3, done, g_called),
	        set ? -1 : -ENOTSUP);
	assert_int_equal(
	        spdk_memory_domain_push_data(d, &g_ctx, g_dst, 3, g_src, 2, done, g_called),
	        set ? -2 : -ENOTSUP);
	assert_int_equal(spdk_memory_domain_transfer_data(d, &g_ctx, g_dst, 3, sys, g_src, g_src, 2,
	                                                  (void *)&g_ctx, done, g_called),
	                 set ? -3 : -ENOTSUP);
	assert_int_equal(spdk_memory_domain_translate_data(d, &g_ctx, sys, (void *)g_src, g_dst, 77,
	                                                   (void *)g_called),
	                 set ? -4 : -ENOTSUP);
	spdk_memory_domain_invalidate_data(d, &g_ctx, g_dst, 3);
	assert_int_equal(spdk_memory_domain_memzero(d, &g_ctx, g_dst, 3, done, g_called),
	                 set ? -5 : -ENOTSUP);
	assert_string_equal(g_called, set ? "lptaiz" : "");
}

static void
test_calls(void **state)
{
	struct spdk_memory_domain *d = NULL;

	assert_int_equal(spdk_memory_domain_create(&d, SPDK_DMA_DEVICE_TYPE_RDMA, NULL, "x"), 0);
	expect_calls(d, false);
	spdk_memory_domain_set_pull(d, pull);
	spdk_memory_domain_set_push(d, push);
	spdk_memory_domain_set_data_transfer(d, transfer);
	spdk_memory_domain_set_translation(d, translate);
	spdk_memory_domain_set_invalidate(d, invalidate);
	spdk_memory_domain_set_memzero(d, memzero);
	expect_calls(d, true);
	spdk_memory_domain_destroy(d);
}

static void
test_context(void **state)
{
	char user[] = "user";
	struct spdk_memory_domain_ctx ctx = { .size = sizeof(ctx),
		                              .user_ctx = user,
		                              .user_ctx_size = sizeof(user) };
	struct spdk_memory_domain *d;
	size_t size;

	assert_int_equal(spdk_memory_domain_create(&d, SPDK_DMA_DEVICE_TYPE_ACCEL, &ctx, NULL), 0);
	memset(user, 0, sizeof(user));
	assert_string_equal(spdk_memory_domain_get_user_context(d, &size), "user");
	assert_int_equal(size, sizeof(user));
	assert_ptr_not_equal(spdk_memory_domain_get_context(d), &ctx);
	assert_int_equal(spdk_memory_domain_get_context(d)->size, sizeof(ctx));
	assert_null(spdk_memory_domain_get_dma_device_id(d));
	assert_int_equal(spdk_memory_domain_get_dma_device_type(d), SPDK_DMA_DEVICE_TYPE_ACCEL);
	spdk_memory_domain_destroy(d);
	/* Of a program that knows the size alone. */
	ctx.size = sizeof(ctx.size);
	assert_int_equal(spdk_memory_domain_create(&d, SPDK_DMA_DEVICE_TYPE_DMA, &ctx, NULL), 0);
	assert_null(spdk_memory_domain_get_user_context(d, &size));
	assert_int_equal(size, 0);
	spdk_memory_domain_destroy(d);
	assert_int_equal(spdk_memory_domain_create(&d, SPDK_DMA_DEVICE_TYPE_DMA, NULL, NULL), 0);
	assert_null(spdk_memory_domain_get_context(d));
	spdk_memory_domain_destroy(d);
	ctx.size = 0;
	assert_int_equal(spdk_memory_domain_create(&d, SPDK_DMA_DEVICE_TYPE_DMA, &ctx, NULL),
	                 -EINVAL);
	assert_int_equal(spdk_memory_domain_create(NULL, SPDK_DMA_DEVICE_TYPE_DMA, NULL, NULL),
	                 -EINVAL);
}

static void
test_list(void **state)
{
	struct spdk_memory_domain *sys = spdk_memory_domain_get_system_domain(), *d[3];
	static const char *const ids[] = { "a", "b", "a" };
	size_t i;

	assert_ptr_equal(spdk_memory_domain_get_first(NULL), sys);
	assert_null(spdk_memory_domain_get_next(sys, NULL));
	assert_string_equal(spdk_memory_domain_get_dma_device_id(sys), "system");
	for (i = 0; i < SPDK_COUNTOF(d); i++) {
		assert_int_equal(
		        spdk_memory_domain_create(&d[i], SPDK_DMA_DEVICE_TYPE_DMA, NULL, ids[i]),
		        0);
	}
	assert_ptr_equal(spdk_memory_domain_get_next(sys, NULL), d[0]);
	assert_ptr_equal(spdk_memory_domain_get_next(d[0], NULL), d[1]);
	assert_ptr_equal(spdk_memory_domain_get_first("a"), d[0]);
	assert_ptr_equal(spdk_memory_domain_get_next(d[0], "a"), d[2]);
	assert_null(spdk_memory_domain_get_next(d[2], "a"));
	assert_null(spdk_memory_domain_get_next(NULL, "a"));
	assert_null(spdk_memory_domain_get_first("none"));
	assert_ptr_equal(spdk_memory_domain_get_first("system"), sys);
	spdk_memory_domain_destroy(d[0]);
	assert_ptr_equal(spdk_memory_domain_get_first("a"), d[2]);
	spdk_memory_domain_destroy(d[1]);
	spdk_memory_domain_destroy(d[2]);
	spdk_memory_domain_destroy(sys);
	spdk_memory_domain_destroy(NULL);
	assert_ptr_equal(spdk_memory_domain_get_first(NULL), sys);
	assert_null(spdk_memory_domain_get_next(sys, NULL));
}

static void
test_names(void **state)
{
	static const struct {
		int type;
		const char *name;
	} rows[] = {
		{ 0, "RDMA" },      { 1, "DMA" },       { 2, "ACCEL" },     { 3, "UNKNOWN" },
		{ 999, "UNKNOWN" }, { 1000, "VENDOR" }, { 1999, "VENDOR" }, { 2000, "UNKNOWN" },
	};
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		assert_string_equal(
		        spdk_dma_device_type_get_name((enum spdk_dma_device_type)rows[i].type),
		        rows[i].name);
	}
}

static void
test_no_memory(void **state)
{
	struct spdk_memory_domain_ctx ctx = { .size = sizeof(ctx),
		                              .user_ctx = &g_ctx,
		                              .user_ctx_size = sizeof(g_ctx) };
	struct spdk_memory_domain *d = NULL;
	long held = fail_alloc_held();
	int nth;

	for (nth = 0; nth < 3; nth++) {
		fail_alloc_after(nth);
		assert_int_equal(spdk_memory_domain_create(&d, SPDK_DMA_DEVICE_TYPE_DMA, &ctx, "x"),
		                 -ENOMEM);
		assert_null(d);
		assert_int_equal(fail_alloc_held(), held);
	}
	fail_alloc_after(-1);
	assert_null(spdk_memory_domain_get_first("x"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),     cmocka_unit_test(test_context),
		cmocka_unit_test(test_list),      cmocka_unit_test(test_names),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
