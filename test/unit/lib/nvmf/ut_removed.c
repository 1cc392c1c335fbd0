/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What SPDK has dropped of the target's interface, and still works here. */

#include "ut_nvmf.h"

static const struct bdev_traits g_durable = { .atomic_blocks = 8 };

static const struct {
	enum spdk_nvmf_subtype type;
	uint32_t num_ns;
	uint32_t max_nsid;
} g_created[] = {
	{ SPDK_NVMF_SUBTYPE_NVME, 0, 32 },
	{ SPDK_NVMF_SUBTYPE_NVME, 5, 5 },
	{ SPDK_NVMF_SUBTYPE_DISCOVERY, 5, 0 },
};

static void
test_create(void **state)
{
	struct spdk_nvmf_subsystem *s;
	size_t i;

	ut_start(&g_durable);
	for (i = 0; i < SPDK_COUNTOF(g_created); i++) {
		s = spdk_nvmf_subsystem_create(g_ut.tgt, UT_NQN "2", g_created[i].type,
		                               g_created[i].num_ns);
		assert_non_null(s);
		assert_string_equal(spdk_nvmf_subsystem_get_nqn(s), UT_NQN "2");
		assert_int_equal(spdk_nvmf_subsystem_get_type(s), g_created[i].type);
		assert_int_equal(spdk_nvmf_subsystem_get_max_namespaces(s), g_created[i].max_nsid);
		assert_int_equal(spdk_nvmf_subsystem_get_max_nsid(s), g_created[i].max_nsid);
		assert_int_equal(spdk_nvmf_subsystem_destroy(s, NULL, NULL), 0);
	}
	assert_null(spdk_nvmf_subsystem_create(g_ut.tgt, "no NQN", SPDK_NVMF_SUBTYPE_NVME, 0));
	ut_stop();
}

#define TEN "1234567890"

static const struct {
	const char *text;
	int sn_rc, mn_rc;
} g_texts[] = {
	{ "S N ~", 0, 0 },
	{ "", 0, 0 },
	{ TEN TEN, 0, 0 },
	{ TEN TEN "1", -EINVAL, 0 },
	{ TEN TEN TEN TEN, -EINVAL, 0 },
	{ TEN TEN TEN TEN "1", -EINVAL, -EINVAL },
	{ "\x7f", -EINVAL, -EINVAL },
	{ "\x1f", -EINVAL, -EINVAL },
	{ NULL, -EINVAL, -EINVAL },
};

/* What is refused changes nothing. */
static void
test_texts(void **state)
{
	const char *sn = "00000000000000000000", *mn = "SPDK bdev Controller";
	struct spdk_nvmf_subsystem *s;
	size_t i;

	ut_start(&g_durable);
	s = spdk_nvmf_subsystem_create(g_ut.tgt, UT_NQN "2", SPDK_NVMF_SUBTYPE_NVME, 0);
	assert_string_equal(spdk_nvmf_subsystem_get_sn(s), sn);
	assert_string_equal(spdk_nvmf_subsystem_get_mn(s), mn);
	for (i = 0; i < SPDK_COUNTOF(g_texts); i++) {
		assert_int_equal(spdk_nvmf_subsystem_set_sn(s, g_texts[i].text), g_texts[i].sn_rc);
		assert_int_equal(spdk_nvmf_subsystem_set_mn(s, g_texts[i].text), g_texts[i].mn_rc);
		sn = g_texts[i].sn_rc == 0 ? g_texts[i].text : sn;
		mn = g_texts[i].mn_rc == 0 ? g_texts[i].text : mn;
		assert_string_equal(spdk_nvmf_subsystem_get_sn(s), sn);
		assert_string_equal(spdk_nvmf_subsystem_get_mn(s), mn);
	}
	assert_int_equal(spdk_nvmf_subsystem_destroy(s, NULL, NULL), 0);
	ut_stop();
}

static void
test_set_while_it_runs(void **state)
{
	struct spdk_nvmf_subsystem *s;

	ut_start(&g_durable);
	s = g_ut.subsystem;
	assert_int_equal(spdk_nvmf_subsystem_set_sn(s, "X"), -EAGAIN);
	assert_int_equal(spdk_nvmf_subsystem_set_mn(s, "X"), -EAGAIN);
	assert_int_equal(spdk_nvmf_subsystem_set_ana_reporting(s, false), -EAGAIN);
	assert_string_equal(spdk_nvmf_subsystem_get_mn(s), "SPDK bdev Controller");
	ut_stop();
}

static void
test_access(void **state)
{
	struct spdk_nvmf_subsystem *s;

	ut_start(&g_durable);
	s = spdk_nvmf_subsystem_create(g_ut.tgt, UT_NQN "2", SPDK_NVMF_SUBTYPE_NVME, 0);
	assert_false(spdk_nvmf_subsytem_any_listener_allowed(s));
	spdk_nvmf_subsystem_allow_any_listener(s, true);
	assert_true(spdk_nvmf_subsytem_any_listener_allowed(s));
	assert_int_equal(spdk_nvmf_subsystem_set_ana_reporting(s, true), -ENOTSUP);
	assert_int_equal(spdk_nvmf_subsystem_set_ana_reporting(s, false), 0);
	assert_false(spdk_nvmf_subsystem_get_ana_reporting(s));
	assert_int_equal(spdk_nvmf_subsystem_destroy(s, NULL, NULL), 0);
	ut_stop();
}

static void
test_request_data(void **state)
{
	struct spdk_nvmf_request req = { .length = 512, .iovcnt = 1 };
	void *data = NULL;
	uint32_t length = 0;

	req.iov[0].iov_base = &req;
	spdk_nvmf_request_get_data(&req, &data, &length);
	assert_ptr_equal(data, &req);
	assert_int_equal(length, 512);
	req.length = 0;
	req.iovcnt = 0;
	spdk_nvmf_request_get_data(&req, &data, &length);
	assert_null(data);
	assert_int_equal(length, 0);
}

static void
test_stat(void **state)
{
	struct spdk_nvmf_poll_group_stat stat = {};
	struct ut_req req = {};

	ut_begin(&g_durable, 0);
	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_FLUSH;
	req.cmd.nvme_cmd.nsid = 1;
	assert_int_equal(ut_run(g_ut.q, &req, 0), 0);
	set_thread(1);
	assert_int_equal(spdk_nvmf_poll_group_get_stat(NULL, &stat), -EINVAL);
	assert_int_equal(spdk_nvmf_poll_group_get_stat(g_ut.tgt, NULL), -EINVAL);
	assert_int_equal(spdk_nvmf_poll_group_get_stat(g_ut.tgt, &stat), 0);
	set_thread(0);
	assert_int_equal(stat.admin_qpairs, 1);
	assert_int_equal(stat.io_qpairs, 1);
	assert_int_equal(stat.current_admin_qpairs, 1);
	assert_int_equal(stat.current_io_qpairs, 1);
	assert_int_equal(stat.pending_bdev_io, 0);
	assert_int_equal(stat.completed_nvme_io, 2); /* Connect of the I/O queue, and FLUSH */
	ut_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_set_while_it_runs),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_request_data),
		cmocka_unit_test(test_stat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
