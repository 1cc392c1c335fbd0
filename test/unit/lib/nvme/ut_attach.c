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
	uint32_t failed;
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
failed(void *ctx, const struct spdk_nvme_transport_id *trid, int rc)
{
	assert_int_equal(rc, -EIO);
	assert_string_equal(trid->traddr, "here");
	g_seen.failed++;
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

/* The ways to attach in steps: each returns a context to be polled. */

static struct spdk_nvme_probe_ctx *
by_connect_async(void)
{
	return spdk_nvme_connect_async(&g_trid, NULL, attached);
}

static struct spdk_nvme_probe_ctx *
by_probe_async(void)
{
	return spdk_nvme_probe_async(&g_trid, &g_seen, probed, attached, NULL);
}

static struct spdk_nvme_probe_ctx *
by_probe_async_ext(void)
{
	return spdk_nvme_probe_async_ext(&g_trid, &g_seen, probed, attached, failed, NULL);
}

static const struct {
	struct spdk_nvme_probe_ctx *(*fn)(void);
	uint32_t probed;
	uint32_t failed; /* told of failures */
} g_ways[] = {
	{ by_connect_async, 0, 0 },
	{ by_probe_async, 1, 0 },
	{ by_probe_async_ext, 1, 1 },
};

static void
poll_probe(struct spdk_nvme_probe_ctx *probe_ctx)
{
	int polls = 0;

	assert_non_null(probe_ctx);
	while (spdk_nvme_probe_poll_async(probe_ctx) == -EAGAIN) {
		assert_true(polls++ < 100);
	}
}

static void
attach_in_steps(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_ways); i++) {
		begin();
		poll_probe(g_ways[i].fn());
		assert_int_equal(g_seen.probed, g_ways[i].probed);
		assert_int_equal(g_seen.attached, 1);
		assert_ptr_equal(g_seen.ctrlr, &g_fake.ctrlr);
		assert_int_equal(spdk_nvme_detach(g_seen.ctrlr), 0);
		assert_int_equal(g_fake.num_destructed, 1);
	}
}

static void
attach_fails_in_steps(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_ways); i++) {
		begin();
		g_fake.connect_rc = -EIO;
		poll_probe(g_ways[i].fn());
		assert_int_equal(g_seen.attached, 0);
		assert_int_equal(g_seen.failed, g_ways[i].failed);
		assert_int_equal(g_fake.num_destructed, 1);
	}
}

static void
attach_or_hear_why_not(void **state)
{
	begin();
	assert_int_equal(spdk_nvme_probe_ext(&g_trid, &g_seen, probed, attached, failed, NULL), 0);
	assert_int_equal(g_seen.attached, 1);
	assert_int_equal(spdk_nvme_detach(g_seen.ctrlr), 0);
	g_fake.connect_rc = -EIO;
	assert_int_equal(spdk_nvme_probe_ext(&g_trid, &g_seen, probed, attached, failed, NULL), 0);
	assert_int_equal(g_seen.attached, 1);
	assert_int_equal(g_seen.failed, 1);
	assert_int_equal(g_fake.num_destructed, 2);
}

/* ---- What is asked of an attached controller ---- */

static void
reset(void **state)
{
	struct spdk_nvme_ctrlr *ctrlr;

	begin();
	ctrlr = spdk_nvme_connect(&g_trid, NULL, 0);
	assert_int_equal(g_fake.num_connects, 1);
	assert_int_equal(spdk_nvme_ctrlr_reset(ctrlr), 0);
	assert_int_equal(g_fake.num_connects, 2);
	assert_int_equal(g_fake.cc & 1, 1);
	g_fake.connect_rc = -EIO;
	assert_int_equal(spdk_nvme_ctrlr_reset(ctrlr), -ENXIO);
	assert_true(spdk_nvme_ctrlr_is_failed(ctrlr));
	assert_int_equal(spdk_nvme_detach(ctrlr), 0);
}

static void
registers(void **state)
{
	struct spdk_nvme_ctrlr *ctrlr;

	begin();
	ctrlr = spdk_nvme_connect(&g_trid, NULL, 0);
	assert_int_equal(spdk_nvme_ctrlr_get_regs_csts(ctrlr).raw, 1);
	g_fake.cc = 0;
	assert_int_equal(spdk_nvme_ctrlr_get_regs_csts(ctrlr).raw, 0);
	assert_int_equal(spdk_nvme_detach(ctrlr), 0);
}

static void
log_read(void *arg, int rc, const struct spdk_nvme_cpl *cpl,
         struct spdk_nvmf_discovery_log_page *page)
{
	assert_int_equal(rc, 0);
	*(struct spdk_nvmf_discovery_log_page **)arg = page;
}

static void
discovery_log(void **state)
{
	struct spdk_nvme_transport_id trid = g_trid;
	struct spdk_nvmf_discovery_log_page *page = NULL;
	struct spdk_nvme_ctrlr *ctrlr;
	int polls = 0;

	begin();
	snprintf(trid.subnqn, sizeof(trid.subnqn), SPDK_NVMF_DISCOVERY_NQN);
	ctrlr = spdk_nvme_connect(&trid, NULL, 0);
	assert_non_null(ctrlr);
	assert_int_equal(spdk_nvme_ctrlr_get_discovery_log_page(ctrlr, log_read, &page), 0);
	while (page == NULL) {
		assert_true(polls++ < 10);
		assert_true(spdk_nvme_ctrlr_process_admin_completions(ctrlr) >= 0);
	}
	assert_int_equal(page->genctr, 9);
	assert_int_equal(page->numrec, 1);
	assert_string_equal((char *)page->entries[0].traddr, "there");
	free(page);
	assert_int_equal(spdk_nvme_detach(ctrlr), 0);
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
		cmocka_unit_test(attach_in_steps),
		cmocka_unit_test(attach_fails_in_steps),
		cmocka_unit_test(attach_or_hear_why_not),
		cmocka_unit_test(reset),
		cmocka_unit_test(registers),
		cmocka_unit_test(discovery_log),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
