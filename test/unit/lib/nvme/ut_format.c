/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The format of a namespace: what Identify says of protection, and which commands ask for it. */

#include "ut_fake.h"

static const struct pi_case {
	const char *what;
	bool elbas;
	uint16_t md_size;
	uint8_t pi_type;
	uint8_t pif; /* as the controller says, if asked */
	bool asked;
	uint8_t sc; /* of its answer */
	enum spdk_nvme_pi_format format;
	uint32_t block_bytes; /* moved with PRACT, when the metadata stands in the blocks */
} g_pi_cases[] = {
	{ "no metadata", true, 0, 0, 2, false, 0, SPDK_NVME_16B_GUARD_PI, 512 },
	{ "no protection", true, 8, 0, 2, false, 0, SPDK_NVME_16B_GUARD_PI, 520 },
	{ "no extended formats", false, 8, 1, 2, false, 0, SPDK_NVME_16B_GUARD_PI, 512 },
	{ "16 bits", true, 8, 1, 0, true, 0, SPDK_NVME_16B_GUARD_PI, 512 },
	{ "16 bits and more metadata", true, 16, 1, 0, true, 0, SPDK_NVME_16B_GUARD_PI, 528 },
	{ "32 bits", true, 16, 1, 1, true, 0, SPDK_NVME_32B_GUARD_PI, 512 },
	{ "64 bits", true, 16, 3, 2, true, 0, SPDK_NVME_64B_GUARD_PI, 512 },
	{ "64 bits and more metadata", true, 64, 2, 2, true, 0, SPDK_NVME_64B_GUARD_PI, 576 },
	{ "a reserved one", true, 8, 1, 3, true, 0, SPDK_NVME_16B_GUARD_PI, 512 },
	{ "refused", true, 8, 1, 2, true, SPDK_NVME_SC_INVALID_FIELD, SPDK_NVME_16B_GUARD_PI, 512 },
};

/* The scan up to the identifiers of namespace 3, its last command but for this one. */
static void
pi_begin(const struct pi_case *c)
{
	start();
	g_fake.elbas = c->elbas;
	g_fake.md_size = c->md_size;
	g_fake.pi_type = c->pi_type;
	g_fake.pif = c->pif;
	play_init(NUM_INIT_STEPS - 1);
}

static void
pi_answer(const struct pi_case *c)
{
	const struct spdk_nvme_cmd *cmd = &g_fake.out[0]->cmd;

	assert_int_equal(g_fake.num_out, 1);
	assert_int_equal(cmd->opc, SPDK_NVME_OPC_IDENTIFY);
	assert_int_equal(cmd->nsid, 3);
	assert_int_equal(cmd->cdw10, SPDK_NVME_IDENTIFY_NS_IOCS);
	assert_int_equal(cmd->cdw11, SPDK_NVME_CSI_NVM << 24);
	fill_payload(g_fake.out[0]);
	answer(SPDK_NVME_SCT_GENERIC, c->sc, 0, 0);
}

/* The rest of the way up. */
static void
pi_end(void)
{
	int tries = 0;

	while (g_fake.num_out == 0) {
		assert_true(tries++ < 4);
		assert_int_equal(nvme_ctrlr_process_init(&g_fake.ctrlr), -EAGAIN);
	}
	assert_int_equal(g_fake.out[0]->cmd.opc, SPDK_NVME_OPC_SET_FEATURES);
	answer(0, 0, 0, 0);
	while (nvme_ctrlr_process_init(&g_fake.ctrlr) == -EAGAIN) {
		assert_true(tries++ < 8);
	}
	assert_int_equal(g_fake.ctrlr.init.state, NVME_CTRLR_READY);
	assert_int_equal(g_fake.num_out, 2); /* two event requests */
	assert_int_equal(nvme_qpair_connect(&g_fake.ioq), 0);
}

static void
io_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
}

static void
pi_check(const struct pi_case *c)
{
	static uint8_t buf[1024];
	struct spdk_nvme_ns *ns = spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 3);

	assert_int_equal(spdk_nvme_ns_get_pi_format(ns), c->format);
	assert_int_equal(spdk_nvme_ns_get_pi_type(ns), c->pi_type);
	assert_int_equal(spdk_nvme_ns_get_md_size(ns), c->md_size);
	assert_int_equal(spdk_nvme_ns_get_sector_size(ns), 512);
	assert_int_equal(spdk_nvme_ns_get_extended_sector_size(ns), 512 + c->md_size);
	assert_int_equal(spdk_nvme_ns_cmd_read(ns, &g_fake.ioq, buf, 0, 1, io_done, NULL,
	                                       SPDK_NVME_IO_FLAGS_PRACT),
	                 0);
	assert_int_equal(g_fake.out[2]->payload_size, c->block_bytes);
}

static void
protection_format(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_pi_cases); i++) {
		const struct pi_case *c = &g_pi_cases[i];

		print_message("# %s\n", c->what);
		pi_begin(c);
		if (c->asked) {
			nvme_ctrlr_process_init(&g_fake.ctrlr);
			pi_answer(c);
		}
		pi_end();
		pi_check(c);
		stop();
	}
}

/* A namespace that gets another format in its place: nothing of the old one stays. */
static void
format_changes(void **state)
{
	struct spdk_nvme_ns_data_lbaf lbaf = {};
	struct spdk_nvme_ns *ns;

	bring_up();
	ns = spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 3);
	assert_int_equal(spdk_nvme_ns_get_active_format_index(ns), 0);
	ns->nsdata.nlbaf = 1;
	ns->nsdata.lbaf[1].lbads = 12;
	ns->nsdata.flbas.format = 1;
	ns->pi_format = SPDK_NVME_64B_GUARD_PI;
	nvme_ns_set_identify_data(ns);
	assert_int_equal(spdk_nvme_ns_get_pi_format(ns), SPDK_NVME_16B_GUARD_PI);
	assert_int_equal(spdk_nvme_ns_get_sector_size(ns), 4096);
	assert_int_equal(spdk_nvme_ns_get_active_format_index(ns), 1);
	assert_int_equal(spdk_nvme_ns_get_format(ns, 1, &lbaf), 0);
	assert_int_equal(lbaf.lbads, 12);
	assert_int_equal(spdk_nvme_ns_get_format(ns, 2, &lbaf), -EINVAL);
	assert_int_equal(spdk_nvme_ns_get_format(ns, 0, NULL), -EINVAL);
	stop();
}

static int
setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	return spdk_env_init(&opts);
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
		cmocka_unit_test(protection_format),
		cmocka_unit_test(format_changes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
