/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Controllers attached and let go: each attach holds a reference, the last detach shuts the
 * controller down and frees it. The fake controller answers by itself. */

#include "ut_fake.h"

#define CC_SHN(cc) ((cc) >> 14 & 3)

static struct spdk_nvme_transport_id g_trid = {
	.trtype = SPDK_NVME_TRANSPORT_CUSTOM_FABRICS,
	.trstring = "FAKE",
	.subnqn = "nqn.2024-01.io.basalt:ut",
	.traddr = "here",
};

static struct {
	bool wanted;
	uint32_t probed;
	uint32_t attached;
	struct spdk_nvme_ctrlr *ctrlr;
} g_seen;

static bool
probed(void *ctx, const struct spdk_nvme_transport_id *trid, struct spdk_nvme_ctrlr_opts *opts)
{
	assert_ptr_equal(ctx, &g_seen);
	assert_string_equal(trid->traddr, "here");
	g_seen.probed++;
	return g_seen.wanted;
}

static void
attached(void *ctx, const struct spdk_nvme_transport_id *trid, struct spdk_nvme_ctrlr *ctrlr,
         const struct spdk_nvme_ctrlr_opts *opts)
{
	g_seen.attached++;
	g_seen.ctrlr = ctrlr;
}

static void
begin(void)
{
	fake_reset();
	memset(&g_seen, 0, sizeof(g_seen));
	g_fake.automatic = true;
	g_seen.wanted = true;
}

static void
connect_and_detach(void **state)
{
	struct spdk_nvme_ctrlr *ctrlr;

	begin();
	ctrlr = spdk_nvme_connect(&g_trid, NULL, 0);
	assert_ptr_equal(ctrlr, &g_fake.ctrlr);
	assert_true(spdk_nvme_ctrlr_is_active_ns(ctrlr, 3));
	assert_int_equal(g_fake.cc & 1, 1);
	/* The second one gets the same, which stays until both have let go. */
	assert_ptr_equal(spdk_nvme_connect(&g_trid, NULL, 0), ctrlr);
	assert_int_equal(spdk_nvme_detach(ctrlr), 0);
	assert_int_equal(g_fake.num_destructed, 0);
	assert_int_equal(CC_SHN(g_fake.cc), 0);
	assert_int_equal(spdk_nvme_detach(ctrlr), 0);
	assert_int_equal(g_fake.num_destructed, 1);
	assert_int_equal(CC_SHN(g_fake.cc), SPDK_NVME_SHN_NORMAL);
	/* It is not in the list any more: this is another. */
	g_fake.cc = 0;
	assert_non_null(spdk_nvme_connect(&g_trid, NULL, 0));
	assert_int_equal(g_fake.cc & 1, 1);
	assert_int_equal(spdk_nvme_detach(ctrlr), 0);
	assert_int_equal(g_fake.num_destructed, 2);
}

static void
detach_without_notice(void **state)
{
	struct spdk_nvme_ctrlr_opts opts;
	struct spdk_nvme_ctrlr *ctrlr;

	begin();
	spdk_nvme_ctrlr_get_default_ctrlr_opts(&opts, sizeof(opts));
	opts.no_shn_notification = true;
	ctrlr = spdk_nvme_connect(&g_trid, &opts, sizeof(opts));
	assert_non_null(ctrlr);
	assert_int_equal(spdk_nvme_detach(ctrlr), 0);
	assert_int_equal(g_fake.num_destructed, 1);
	assert_int_equal(CC_SHN(g_fake.cc), 0);
}

/* A controller that does not answer is left behind after its time, of 10 s. */
static void
detach_from_one_that_hangs(void **state)
{
	struct spdk_nvme_ctrlr *ctrlr;
	uint64_t begin_ticks;

	begin();
	ctrlr = spdk_nvme_connect(&g_trid, NULL, 0);
	assert_non_null(ctrlr);
	g_fake.automatic = false;
	begin_ticks = spdk_get_ticks();
	assert_int_equal(spdk_nvme_detach(ctrlr), 0);
	assert_int_equal(g_fake.num_destructed, 1);
	assert_true(spdk_get_ticks() - begin_ticks >= 10 * spdk_get_ticks_hz());
	assert_true(spdk_get_ticks() - begin_ticks < 11 * spdk_get_ticks_hz());
}

static void
probe_and_detach_in_steps(void **state)
{
	struct spdk_nvme_detach_ctx *detach_ctx = NULL;
	int polls = 0;

	begin();
	g_seen.wanted = false;
	assert_int_equal(spdk_nvme_probe(&g_trid, &g_seen, probed, attached, NULL), 0);
	assert_int_equal(g_seen.probed, 1);
	assert_int_equal(g_seen.attached, 0);
	g_seen.wanted = true;
	assert_int_equal(spdk_nvme_probe(&g_trid, &g_seen, probed, attached, NULL), 0);
	assert_int_equal(g_seen.attached, 1);
	assert_int_equal(spdk_nvme_detach_async(g_seen.ctrlr, &detach_ctx), 0);
	assert_non_null(detach_ctx);
	assert_int_equal(g_fake.num_destructed, 0);
	while (spdk_nvme_detach_poll_async(detach_ctx) == -EAGAIN) {
		assert_true(polls++ < 10);
	}
	assert_true(polls > 0);
	assert_int_equal(g_fake.num_destructed, 1);
}

/* While it goes it can't be had. */
static void
attach_while_it_goes(void **state)
{
	struct spdk_nvme_detach_ctx *detach_ctx = NULL;
	struct spdk_nvme_ctrlr *ctrlr;

	begin();
	ctrlr = spdk_nvme_connect(&g_trid, NULL, 0);
	assert_int_equal(spdk_nvme_detach_async(ctrlr, &detach_ctx), 0);
	assert_null(spdk_nvme_connect(&g_trid, NULL, 0));
	assert_int_equal(g_fake.num_destructed, 0);
	spdk_nvme_detach_poll(detach_ctx);
	assert_int_equal(g_fake.num_destructed, 1);
}

static int
setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	assert_int_equal(spdk_env_init(&opts), 0);
	spdk_nvme_transport_register(&g_fake_ops);
	return 0;
}

static int
teardown(void **state)
{
	spdk_env_fini();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connect_and_detach),
		cmocka_unit_test(detach_without_notice),
		cmocka_unit_test(detach_from_one_that_hangs),
		cmocka_unit_test(probe_and_detach_in_steps),
		cmocka_unit_test(attach_while_it_goes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
