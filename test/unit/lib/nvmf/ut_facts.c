/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What a target, its subsystems, controllers and requests say of themselves. */

#include "ut_nvmf.h"

#include "spdk/nvmf_cmd.h"

static const struct bdev_traits g_durable = { .atomic_blocks = 8 };

static void
test_transport(void **state)
{
	const struct spdk_nvmf_transport_opts *opts;

	ut_start(&g_durable);
	assert_ptr_equal(spdk_nvmf_transport_get_first(g_ut.tgt), g_ut.transport);
	assert_null(spdk_nvmf_transport_get_next(g_ut.transport));
	assert_string_equal(spdk_nvmf_get_transport_name(g_ut.transport), "UT");
	assert_int_equal(spdk_nvmf_get_transport_type(g_ut.transport),
	                 SPDK_NVME_TRANSPORT_CUSTOM_FABRICS);
	opts = spdk_nvmf_get_transport_opts(g_ut.transport);
	assert_non_null(opts);
	assert_int_equal(opts->max_queue_depth, 32);
	assert_int_equal(opts->max_qpairs_per_ctrlr, 4);
	ut_stop();
}

static void
transport_made(void *arg, struct spdk_nvmf_transport *transport)
{
	(*(int *)arg)++;
}

static void
test_transport_unknown(void **state)
{
	struct spdk_nvmf_transport_opts opts;
	int made = 0;

	ut_start(&g_durable);
	assert_true(spdk_nvmf_transport_opts_init("ut", &opts, sizeof(opts)));
	assert_int_equal(spdk_nvmf_transport_create_async("NONE", &opts, transport_made, &made),
	                 -EINVAL);
	assert_int_equal(made, 0);
	ut_stop();
}

static void
fill_trid(struct spdk_nvme_transport_id *trid, const char *addr)
{
	memset(trid, 0, sizeof(*trid));
	trid->trtype = SPDK_NVME_TRANSPORT_CUSTOM_FABRICS;
	trid->adrfam = SPDK_NVMF_ADRFAM_INTRA_HOST;
	snprintf(trid->trstring, sizeof(trid->trstring), "UT");
	snprintf(trid->traddr, sizeof(trid->traddr), "%s", addr);
	snprintf(trid->trsvcid, sizeof(trid->trsvcid), "1");
}

static void
add_referral(const char *addr)
{
	struct spdk_nvmf_referral_opts opts = { .size = sizeof(opts) };

	fill_trid(&opts.trid, addr);
	assert_int_equal(spdk_nvmf_tgt_add_referral(g_ut.tgt, &opts), 0);
}

static void
test_referrals(void **state)
{
	struct spdk_nvmf_referral_opts opts = { .size = sizeof(opts) };
	struct spdk_nvmf_referral *first, *second;

	ut_start(&g_durable);
	assert_null(spdk_nvmf_tgt_get_first_referral(g_ut.tgt));
	add_referral("a");
	add_referral("b");
	first = spdk_nvmf_tgt_get_first_referral(g_ut.tgt);
	assert_string_equal(spdk_nvmf_referral_get_trid(first)->traddr, "a");
	second = spdk_nvmf_tgt_referral_get_next(g_ut.tgt, first);
	assert_string_equal(spdk_nvmf_referral_get_trid(second)->traddr, "b");
	assert_null(spdk_nvmf_tgt_referral_get_next(g_ut.tgt, second));
	fill_trid(&opts.trid, "a");
	assert_int_equal(spdk_nvmf_tgt_remove_referral(g_ut.tgt, &opts), 0);
	assert_ptr_equal(spdk_nvmf_tgt_get_first_referral(g_ut.tgt), second);
	assert_int_equal(spdk_nvmf_tgt_remove_referral(g_ut.tgt, &opts), -ENOENT);
	ut_stop();
}

static void
listened(void *arg, int status)
{
	*(int *)arg = status;
}

static void
add_listener(struct spdk_nvmf_subsystem *subsystem, const char *addr)
{
	struct spdk_nvme_transport_id trid;
	struct spdk_nvmf_listen_opts opts;
	int status = 1;

	fill_trid(&trid, addr);
	spdk_nvmf_listen_opts_init(&opts, sizeof(opts));
	assert_int_equal(spdk_nvmf_tgt_listen_ext(g_ut.tgt, &trid, &opts), 0);
	spdk_nvmf_subsystem_add_listener(subsystem, &trid, listened, &status);
	poll_threads();
	assert_int_equal(status, 0);
}

/* Only so many bytes as the caller has are written. */
static void
test_listen_opts(void **state)
{
	const size_t some = offsetof(struct spdk_nvmf_listen_opts, ana_state);
	struct spdk_nvmf_listener_opts opts;
	struct spdk_nvmf_listen_opts listen;

	memset(&opts, 0xff, sizeof(opts));
	spdk_nvmf_subsystem_listener_opts_init(&opts, sizeof(opts));
	assert_int_equal(opts.opts_size, sizeof(opts));
	assert_int_equal(opts.ana_state, SPDK_NVME_ANA_OPTIMIZED_STATE);
	assert_false(opts.secure_channel);
	memset(&listen, 0xff, sizeof(listen));
	spdk_nvmf_listen_opts_init(&listen, some);
	assert_int_equal(listen.opts_size, some);
	assert_false(listen.secure_channel);
	assert_int_equal((int)listen.ana_state, -1);
}

static void
check_hosts(struct spdk_nvmf_subsystem *s)
{
	struct spdk_nvmf_host *first, *second;

	assert_null(spdk_nvmf_subsystem_get_first_host(s));
	assert_int_equal(spdk_nvmf_subsystem_add_host(s, UT_HOST "1", NULL), 0);
	assert_int_equal(spdk_nvmf_subsystem_add_host(s, UT_HOST "2", NULL), 0);
	first = spdk_nvmf_subsystem_get_first_host(s);
	second = spdk_nvmf_subsystem_get_next_host(s, first);
	assert_string_equal(spdk_nvmf_host_get_nqn(first), UT_HOST "1");
	assert_string_equal(spdk_nvmf_host_get_nqn(second), UT_HOST "2");
	assert_null(spdk_nvmf_subsystem_get_next_host(s, second));
}

static void
check_listeners(struct spdk_nvmf_subsystem *s)
{
	struct spdk_nvmf_subsystem_listener *first, *second;

	assert_null(spdk_nvmf_subsystem_get_first_listener(s));
	add_listener(s, "here");
	add_listener(s, "there");
	first = spdk_nvmf_subsystem_get_first_listener(s);
	second = spdk_nvmf_subsystem_get_next_listener(s, first);
	assert_string_equal(spdk_nvmf_subsystem_listener_get_trid(first)->traddr, "here");
	assert_string_equal(spdk_nvmf_subsystem_listener_get_trid(second)->traddr, "there");
	assert_null(spdk_nvmf_subsystem_get_next_listener(s, second));
}

static void
test_subsystem(void **state)
{
	struct spdk_nvmf_subsystem *s;

	ut_start(&g_durable);
	s = spdk_nvmf_subsystem_create_ext(g_ut.tgt, UT_NQN "2", SPDK_NVMF_SUBTYPE_NVME, NULL);
	assert_non_null(s);
	assert_string_equal(spdk_nvmf_subsystem_get_nqn(s), UT_NQN "2");
	assert_false(spdk_nvmf_subsystem_is_discovery(s));
	assert_true(spdk_nvmf_subsystem_is_discovery(g_ut.discovery));
	assert_int_equal(spdk_nvmf_subsystem_get_opts(s)->max_namespaces, 32);
	assert_false(spdk_nvmf_subsystem_get_allow_any_host(s));
	spdk_nvmf_subsystem_set_allow_any_host(s, true);
	assert_true(spdk_nvmf_subsystem_get_allow_any_host(s));
	assert_false(spdk_nvmf_subsystem_any_listener_allowed(s));
	spdk_nvmf_subsystem_allow_any_listener(s, true);
	assert_true(spdk_nvmf_subsystem_any_listener_allowed(s));
	assert_int_equal(spdk_nvmf_subsystem_get_min_cntlid(s), 1);
	assert_int_equal(spdk_nvmf_subsystem_get_max_cntlid(s), 0xffef);
	assert_int_equal(spdk_nvmf_subsystem_set_cntlid_range(s, 7, 9), 0);
	assert_int_equal(spdk_nvmf_subsystem_get_min_cntlid(s), 7);
	assert_int_equal(spdk_nvmf_subsystem_get_max_cntlid(s), 9);
	check_hosts(s);
	check_listeners(s);
	assert_int_equal(spdk_nvmf_subsystem_destroy(s, NULL, NULL), 0);
	ut_stop();
}

static void
test_namespace(void **state)
{
	struct spdk_nvmf_ns_opts opts = {};
	struct spdk_nvmf_ns *ns;

	ut_start(&g_durable);
	ns = spdk_nvmf_subsystem_get_ns(g_ut.subsystem, 1);
	assert_non_null(ns);
	assert_ptr_equal(ns, spdk_nvmf_subsystem_get_first_ns(g_ut.subsystem));
	assert_null(spdk_nvmf_subsystem_get_ns(g_ut.subsystem, 2));
	assert_ptr_equal(spdk_nvmf_ns_get_bdev(ns), &g_ut.bdev);
	assert_int_equal(spdk_nvmf_ns_get_id(ns), 1);
	spdk_nvmf_ns_get_opts(ns, &opts, sizeof(opts));
	assert_int_equal(opts.nsid, 1);
	assert_int_equal(opts.opts_size, sizeof(opts));
	assert_int_equal(spdk_uuid_compare(&opts.uuid, spdk_bdev_get_uuid(&g_ut.bdev)), 0);
	ut_stop();
}

static void
test_controller(void **state)
{
	struct spdk_nvme_feature_ids_effects_log_page features;
	struct spdk_nvme_cmds_and_effect_log_page effects;
	struct spdk_nvme_supported_log_pages logs;
	struct spdk_nvme_transport_id trid = {};
	struct spdk_nvmf_ctrlr *ctrlr;
	struct ut_qpair *second;
	uint16_t cntlid;

	ut_begin(&g_durable, 0);
	ctrlr = g_ut.admin->qpair.ctrlr;
	assert_int_equal(spdk_nvmf_ctrlr_get_id(ctrlr), g_ut.cntlid);
	assert_true(g_ut.cntlid != 0);
	second = ut_admin(UT_NQN, &cntlid, 0);
	assert_true(cntlid != g_ut.cntlid);
	assert_int_equal(spdk_nvmf_ctrlr_get_id(second->qpair.ctrlr), cntlid);
	ut_disconnect(second);
	ut_qpair_free(second);
	assert_ptr_equal(spdk_nvmf_ctrlr_get_subsystem(ctrlr), g_ut.subsystem);
	assert_int_equal(spdk_nvmf_ctrlr_get_regs(ctrlr)->cc.bits.en, 1);
	assert_int_equal(spdk_nvmf_qpair_get_local_trid(&g_ut.q->qpair, &trid), 0);
	assert_string_equal(trid.traddr, "local");

	memset(&features, 0xff, sizeof(features));
	spdk_nvmf_get_feature_ids_effects_log_page(ctrlr, &features);
	assert_int_equal(features.fis[SPDK_NVME_FEAT_NUMBER_OF_QUEUES].fsupp, 1);
	assert_int_equal(features.fis[0xc7].fsupp, 0);
	memset(&logs, 0xff, sizeof(logs));
	spdk_nvmf_get_supported_log_pages(ctrlr, &logs);
	assert_int_equal(logs.lids[SPDK_NVME_LOG_HEALTH_INFORMATION].lsupp, 1);
	assert_int_equal(logs.lids[0xc7].lsupp, 0);
	memset(&effects, 0xff, sizeof(effects));
	spdk_nvmf_get_cmds_and_effects_log_page(ctrlr, &effects);
	assert_int_equal(effects.admin_cmds_supported[SPDK_NVME_OPC_IDENTIFY].csupp, 1);
	assert_int_equal(effects.admin_cmds_supported[SPDK_NVME_OPC_FORMAT_NVM].csupp, 0);
	assert_int_equal(effects.io_cmds_supported[SPDK_NVME_OPC_WRITE].lbcc, 1);
	assert_int_equal(effects.io_cmds_supported[SPDK_NVME_OPC_READ].lbcc, 0);
	assert_int_equal(effects.io_cmds_supported[SPDK_NVME_OPC_VERIFY].csupp, 0);
	ut_end();
}

static void
test_request(void **state)
{
	struct ut_req req = {};
	char from[16] = "written to it";

	ut_begin(&g_durable, 0);
	g_ut.hold = true;
	req.cmd.nvme_cmd.opc = SPDK_NVME_OPC_WRITE;
	req.cmd.nvme_cmd.nsid = 1;
	ut_exec(g_ut.q, &req, 512);
	assert_ptr_equal(spdk_nvmf_request_get_cmd(&req.req), &req.cmd.nvme_cmd);
	assert_ptr_equal(spdk_nvmf_request_get_response(&req.req), &req.rsp.nvme_cpl);
	assert_ptr_equal(spdk_nvmf_request_get_ctrlr(&req.req), g_ut.q->qpair.ctrlr);
	assert_ptr_equal(spdk_nvmf_request_get_subsystem(&req.req), g_ut.subsystem);
	assert_int_equal(spdk_nvmf_request_copy_from_buf(&req.req, from, sizeof(from)),
	                 sizeof(from));
	assert_string_equal((char *)req.data, "written to it");
	ut_release(true);
	poll_threads();
	assert_int_equal(req.completed, 1);
	ut_end();
}

static void
event_request(struct ut_req *req)
{
	memset(req, 0, sizeof(*req));
	req->cmd.nvme_cmd.opc = SPDK_NVME_OPC_ASYNC_EVENT_REQUEST;
}

static void
test_events_aborted(void **state)
{
	struct ut_req aer[2];
	int i;

	ut_begin_admin(&g_durable);
	for (i = 0; i < 2; i++) {
		event_request(&aer[i]);
		ut_exec(g_ut.admin, &aer[i], 0);
	}
	poll_threads();
	set_thread(1);
	spdk_nvmf_ctrlr_abort_aer(g_ut.admin->qpair.ctrlr);
	set_thread(0);
	poll_threads();
	for (i = 0; i < 2; i++) {
		assert_int_equal(aer[i].completed, 1);
		assert_int_equal(aer[i].rsp.nvme_cpl.status.sc, SPDK_NVME_SC_ABORTED_BY_REQUEST);
	}
	ut_end();
}

/* A host that is connected to the discovery service hears of it, unless another is meant. */
static void
test_discovery_notice(void **state)
{
	struct ut_qpair *admin;
	struct ut_req config, aer;
	uint16_t cntlid;

	ut_start(&g_durable);
	admin = ut_admin(SPDK_NVMF_DISCOVERY_NQN, &cntlid, 60000);
	memset(&config, 0, sizeof(config));
	config.cmd.nvme_cmd.opc = SPDK_NVME_OPC_SET_FEATURES;
	config.cmd.nvme_cmd.cdw10 = SPDK_NVME_FEAT_ASYNC_EVENT_CONFIGURATION;
	config.cmd.nvme_cmd.cdw11 = 1u << 31; /* discovery log changes */
	assert_int_equal(ut_run(admin, &config, 0), 0);
	event_request(&aer);
	ut_exec(admin, &aer, 0);
	spdk_nvmf_send_discovery_log_notice(g_ut.tgt, UT_HOST "-another");
	poll_threads();
	assert_int_equal(aer.completed, 0);
	spdk_nvmf_send_discovery_log_notice(g_ut.tgt, UT_HOST);
	poll_threads();
	assert_int_equal(aer.completed, 1);
	assert_int_equal(aer.rsp.nvme_cpl.cdw0, 0x70f002);
	ut_disconnect(admin);
	ut_qpair_free(admin);
	ut_stop();
}

static void
test_request_free(void **state)
{
	struct ut_req req = {};

	ut_begin(&g_durable, 0);
	req.req.qpair = &g_ut.q->qpair;
	set_thread(1);
	TAILQ_INSERT_TAIL(&req.req.qpair->outstanding, &req.req, link);
	assert_int_equal(spdk_nvmf_request_free(&req.req), 0);
	assert_true(TAILQ_EMPTY(&req.req.qpair->outstanding));
	set_thread(0);
	assert_int_equal(req.freed, 1);
	assert_int_equal(req.completed, 0);
	ut_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transport),      cmocka_unit_test(test_transport_unknown),
		cmocka_unit_test(test_referrals),      cmocka_unit_test(test_subsystem),
		cmocka_unit_test(test_namespace),      cmocka_unit_test(test_controller),
		cmocka_unit_test(test_request),        cmocka_unit_test(test_request_free),
		cmocka_unit_test(test_events_aborted), cmocka_unit_test(test_discovery_notice),
		cmocka_unit_test(test_listen_opts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
