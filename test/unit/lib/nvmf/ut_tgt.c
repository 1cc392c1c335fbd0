/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What belongs to a target, in order: targets, transports, subsystems, namespaces, hosts, poll
 * groups; and what it writes of itself: statistics and configuration. */

#include "ut_nvmf.h"

#include "spdk/json.h"

static const struct bdev_traits g_durable = { .atomic_blocks = 8 };

static void
done(void *arg, int status)
{
	*(int *)arg = status;
}

static void
state_done(struct spdk_nvmf_subsystem *subsystem, void *arg, int status)
{
	*(int *)arg = status;
}

/* ---- Lists ---- */

static void
test_targets(void **state)
{
	struct spdk_nvmf_target_opts opts = { .size = sizeof(opts), .name = "second" };
	struct spdk_nvmf_tgt *second;
	int status = 1;

	assert_null(spdk_nvmf_get_first_tgt());
	ut_start(&g_durable);
	assert_ptr_equal(spdk_nvmf_get_first_tgt(), g_ut.tgt);
	assert_null(spdk_nvmf_get_next_tgt(g_ut.tgt));
	assert_ptr_equal(spdk_nvmf_get_tgt(NULL), g_ut.tgt);
	second = spdk_nvmf_tgt_create(&opts);
	assert_non_null(second);
	assert_null(spdk_nvmf_tgt_create(&opts));
	assert_string_equal(spdk_nvmf_tgt_get_name(second), "second");
	assert_ptr_equal(spdk_nvmf_get_first_tgt(), g_ut.tgt);
	assert_ptr_equal(spdk_nvmf_get_next_tgt(g_ut.tgt), second);
	assert_null(spdk_nvmf_get_next_tgt(second));
	assert_ptr_equal(spdk_nvmf_get_tgt("second"), second);
	assert_null(spdk_nvmf_get_tgt("third"));
	assert_null(spdk_nvmf_get_tgt(NULL)); /* which of both? */
	spdk_nvmf_tgt_destroy(second, done, &status);
	poll_threads();
	assert_int_equal(status, 0);
	assert_null(spdk_nvmf_get_next_tgt(g_ut.tgt));
	ut_stop();
}

static void
keep_transport(void *arg, struct spdk_nvmf_transport *transport)
{
	*(struct spdk_nvmf_transport **)arg = transport;
}

static void
test_transports(void **state)
{
	struct spdk_nvmf_transport *second = NULL;
	struct spdk_nvmf_transport_opts opts;
	struct spdk_nvmf_transport_ops ops;
	int status = 1;

	ut_start(&g_durable);
	ops = *g_ut.transport->ops;
	snprintf(ops.name, sizeof(ops.name), "UT2");
	spdk_nvmf_transport_register(&ops);
	assert_true(spdk_nvmf_transport_opts_init("UT2", &opts, sizeof(opts)));
	assert_int_equal(spdk_nvmf_transport_create_async("ut2", &opts, keep_transport, &second),
	                 0);
	assert_null(spdk_nvmf_tgt_get_transport(g_ut.tgt, "UT2"));
	spdk_nvmf_tgt_add_transport(g_ut.tgt, second, done, &status);
	poll_threads();
	assert_int_equal(status, 0);
	assert_ptr_equal(spdk_nvmf_transport_get_first(g_ut.tgt), g_ut.transport);
	assert_ptr_equal(spdk_nvmf_transport_get_next(g_ut.transport), second);
	assert_null(spdk_nvmf_transport_get_next(second));
	assert_ptr_equal(spdk_nvmf_tgt_get_transport(g_ut.tgt, "ut2"), second);
	/* The poll group learnt of it. */
	assert_non_null(nvmf_poll_group_get_tgroup(g_ut.group, second));
	ut_stop();
}

static void
test_subsystems(void **state)
{
	ut_start(&g_durable);
	assert_ptr_equal(spdk_nvmf_subsystem_get_first(g_ut.tgt), g_ut.subsystem);
	assert_ptr_equal(spdk_nvmf_subsystem_get_next(g_ut.subsystem), g_ut.discovery);
	assert_null(spdk_nvmf_subsystem_get_next(g_ut.discovery));
	ut_stop();
}

static void
test_namespaces(void **state)
{
	struct spdk_nvmf_ns_opts opts = { .nsid = 9 };
	struct spdk_nvmf_subsystem *s;
	struct spdk_nvmf_ns *ns;
	int status = 1;

	ut_start(&g_durable);
	s = g_ut.subsystem;
	assert_int_equal(spdk_nvmf_subsystem_remove_ns(s, 1), -EBUSY);
	assert_int_equal(spdk_nvmf_subsystem_stop(s, state_done, &status), 0);
	poll_threads();
	assert_int_equal(status, 0);
	assert_int_equal(spdk_nvmf_subsystem_add_ns_ext(s, "ut1", &opts, sizeof(opts), NULL), 9);
	ns = spdk_nvmf_subsystem_get_first_ns(s);
	assert_int_equal(spdk_nvmf_ns_get_id(ns), 1);
	ns = spdk_nvmf_subsystem_get_next_ns(s, ns);
	assert_int_equal(spdk_nvmf_ns_get_id(ns), 9);
	assert_ptr_equal(spdk_nvmf_ns_get_bdev(ns), &g_ut.bdev2);
	assert_null(spdk_nvmf_subsystem_get_next_ns(s, ns));
	assert_int_equal(spdk_nvmf_subsystem_remove_ns(s, 1), 0);
	assert_int_equal(spdk_nvmf_subsystem_remove_ns(s, 1), -ENOENT);
	assert_ptr_equal(spdk_nvmf_subsystem_get_first_ns(s), ns);
	ut_stop();
}

static void
test_hosts(void **state)
{
	struct spdk_nvmf_subsystem *s;

	ut_start(&g_durable);
	s = g_ut.subsystem;
	spdk_nvmf_subsystem_set_allow_any_host(s, false);
	assert_int_equal(spdk_nvmf_subsystem_add_host(s, UT_HOST "1", NULL), 0);
	assert_int_equal(spdk_nvmf_subsystem_add_host(s, UT_HOST "2", NULL), 0);
	assert_int_equal(spdk_nvmf_subsystem_add_host(s, UT_HOST "2", NULL), -EEXIST);
	assert_true(spdk_nvmf_subsystem_host_allowed(s, UT_HOST "1"));
	assert_int_equal(spdk_nvmf_subsystem_remove_host(s, UT_HOST "1"), 0);
	assert_int_equal(spdk_nvmf_subsystem_remove_host(s, UT_HOST "1"), -ENOENT);
	assert_false(spdk_nvmf_subsystem_host_allowed(s, UT_HOST "1"));
	assert_string_equal(spdk_nvmf_host_get_nqn(spdk_nvmf_subsystem_get_first_host(s)),
	                    UT_HOST "2");
	spdk_nvmf_subsystem_set_allow_any_host(s, true);
	assert_true(spdk_nvmf_subsystem_host_allowed(s, UT_HOST "1"));
	ut_stop();
}

/* ---- Poll groups and queue pairs ---- */

/* Left to itself the target takes the groups in turn; a transport may know better. */
static void
test_optimal_group(void **state)
{
	struct spdk_nvmf_poll_group *second;
	struct ut_qpair *q[2];
	int i, status = 1;

	ut_start(&g_durable);
	second = spdk_nvmf_poll_group_create(g_ut.tgt);
	assert_non_null(second);
	g_ut.optimal = second;
	for (i = 0; i < 2; i++) {
		q[i] = ut_qpair_new();
		assert_ptr_equal(spdk_nvmf_get_optimal_poll_group(&q[i]->qpair), second);
		assert_ptr_equal(q[i]->qpair.group, second);
	}
	g_ut.optimal = NULL;
	assert_null(spdk_nvmf_get_optimal_poll_group(&q[0]->qpair));
	spdk_nvmf_poll_group_destroy(second, done, &status);
	poll_threads();
	assert_int_equal(status, 0);
	for (i = 0; i < 2; i++) {
		ut_qpair_free(q[i]);
	}
	ut_stop();
}

static void
test_addresses(void **state)
{
	static const struct {
		int (*fn)(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid);
		const char *traddr;
	} cases[] = {
		{ spdk_nvmf_qpair_get_peer_trid, "peer" },
		{ spdk_nvmf_qpair_get_local_trid, "local" },
		{ spdk_nvmf_qpair_get_listen_trid, "here" },
	};
	struct spdk_nvme_transport_id trid;
	size_t i;

	ut_begin(&g_durable, 0);
	for (i = 0; i < SPDK_COUNTOF(cases); i++) {
		memset(&trid, 0xff, sizeof(trid));
		assert_int_equal(cases[i].fn(&g_ut.q->qpair, &trid), 0);
		assert_string_equal(trid.trstring, "UT");
		assert_string_equal(trid.traddr, cases[i].traddr);
		assert_string_equal(trid.trsvcid, ""); /* what the transport leaves is 0 */
	}
	ut_end();
}

static void
test_states(void **state)
{
	static const struct {
		enum spdk_nvmf_qpair_state state;
		bool is_active;
	} cases[] = {
		{ SPDK_NVMF_QPAIR_UNINITIALIZED, false }, { SPDK_NVMF_QPAIR_CONNECTING, true },
		{ SPDK_NVMF_QPAIR_AUTHENTICATING, true }, { SPDK_NVMF_QPAIR_ENABLED, true },
		{ SPDK_NVMF_QPAIR_DEACTIVATING, false },  { SPDK_NVMF_QPAIR_ERROR, false },
	};
	struct spdk_nvmf_qpair qpair = {};
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(cases); i++) {
		qpair.state = cases[i].state;
		assert_int_equal(spdk_nvmf_qpair_is_active(&qpair), cases[i].is_active);
	}
	assert_int_equal(spdk_nvmf_qpair_get_numa_id(&qpair), SPDK_ENV_NUMA_ID_ANY);
	qpair.numa.id_valid = 1;
	qpair.numa.id = 3;
	assert_int_equal(spdk_nvmf_qpair_get_numa_id(&qpair), 3);
}

static void
test_direction(void **state)
{
	static const struct {
		uint8_t opc, fctype;
		enum spdk_nvme_data_transfer xfer;
	} cases[] = {
		{ SPDK_NVME_OPC_FLUSH, 0, SPDK_NVME_DATA_NONE },
		{ SPDK_NVME_OPC_WRITE, 0, SPDK_NVME_DATA_HOST_TO_CONTROLLER },
		{ SPDK_NVME_OPC_READ, 0, SPDK_NVME_DATA_CONTROLLER_TO_HOST },
		{ SPDK_NVME_OPC_FABRIC, SPDK_NVMF_FABRIC_COMMAND_CONNECT,
		  SPDK_NVME_DATA_HOST_TO_CONTROLLER },
		{ SPDK_NVME_OPC_FABRIC, SPDK_NVMF_FABRIC_COMMAND_PROPERTY_GET,
		  SPDK_NVME_DATA_NONE },
		{ SPDK_NVME_OPC_FABRIC, SPDK_NVMF_FABRIC_COMMAND_AUTHENTICATION_RECV,
		  SPDK_NVME_DATA_CONTROLLER_TO_HOST },
	};
	struct spdk_nvmf_request req = {};
	union nvmf_h2c_msg cmd = {};
	size_t i;

	req.cmd = &cmd;
	for (i = 0; i < SPDK_COUNTOF(cases); i++) {
		cmd.nvmf_cmd.opcode = cases[i].opc;
		cmd.nvmf_cmd.fctype = cases[i].fctype;
		assert_int_equal(spdk_nvmf_req_get_xfer(&req), cases[i].xfer);
	}
	assert_false(spdk_nvmf_request_using_zcopy(&req));
	req.zcopy_phase = NVMF_ZCOPY_PHASE_INIT;
	assert_true(spdk_nvmf_request_using_zcopy(&req));
}

/* ---- What a target writes ---- */

static char g_json[8192];

static int
keep_json(void *arg, const void *data, size_t size)
{
	assert_true(strlen(g_json) + size < sizeof(g_json));
	strncat(g_json, data, size);
	return 0;
}

static struct spdk_json_write_ctx *
json_begin(void)
{
	g_json[0] = '\0';
	return spdk_json_write_begin(keep_json, NULL, 0);
}

static void
test_stat(void **state)
{
	struct spdk_json_write_ctx *w;
	struct ut_qpair *q;

	ut_begin(&g_durable, 0);
	q = ut_qpair_new();
	g_ut.group->stat.pending_bdev_io = 5;
	w = json_begin();
	spdk_nvmf_poll_group_dump_stat(g_ut.group, w);
	assert_int_equal(spdk_json_write_end(w), 0);
	assert_string_equal(g_json,
	                    "{\"name\":\"ut_thread_1\",\"admin_qpairs\":1,\"io_qpairs\":1,"
	                    "\"current_admin_qpairs\":1,\"current_io_qpairs\":1,"
	                    "\"current_unassociated_qpairs\":1,\"pending_bdev_io\":5,"
	                    "\"completed_nvme_io\":1,\"transports\":[{\"trtype\":\"UT\"}]}");
	ut_disconnect(q);
	ut_qpair_free(q);
	ut_end();
}

static struct spdk_nvme_transport_id
address(const char *traddr)
{
	struct spdk_nvme_transport_id trid = { .trtype = SPDK_NVME_TRANSPORT_CUSTOM_FABRICS,
		                               .trstring = "UT",
		                               .trsvcid = "1" };

	snprintf(trid.traddr, sizeof(trid.traddr), "%s", traddr);
	return trid;
}

static void
add_listener(const char *traddr)
{
	struct spdk_nvme_transport_id trid = address(traddr);
	struct spdk_nvmf_listen_opts opts;
	int status = 1;

	spdk_nvmf_listen_opts_init(&opts, sizeof(opts));
	assert_int_equal(spdk_nvmf_tgt_listen_ext(g_ut.tgt, &trid, &opts), 0);
	spdk_nvmf_subsystem_add_listener(g_ut.subsystem, &trid, done, &status);
	assert_int_equal(status, 0);
}

static void
test_listeners(void **state)
{
	struct spdk_nvme_transport_id here = address("here"), there = address("there");
	struct spdk_nvmf_subsystem *s;

	ut_start(&g_durable);
	s = g_ut.subsystem;
	spdk_nvmf_subsystem_allow_any_listener(s, false);
	assert_false(spdk_nvmf_subsystem_listener_allowed(s, &here));
	add_listener("here");
	assert_true(spdk_nvmf_subsystem_listener_allowed(s, &here));
	assert_false(spdk_nvmf_subsystem_listener_allowed(s, &there));
	spdk_nvmf_subsystem_allow_any_listener(s, true);
	assert_true(spdk_nvmf_subsystem_listener_allowed(s, &there));
	spdk_nvmf_subsystem_allow_any_listener(s, false);
	assert_int_equal(spdk_nvmf_subsystem_remove_listener(s, &here), 0);
	assert_int_equal(spdk_nvmf_subsystem_remove_listener(s, &here), -ENOENT);
	assert_false(spdk_nvmf_subsystem_listener_allowed(s, &here));
	ut_stop();
}

static void
add_referral(void)
{
	struct spdk_nvmf_referral_opts opts = { .size = sizeof(opts), .secure_channel = true };

	snprintf(opts.trid.trstring, sizeof(opts.trid.trstring), "TCP");
	opts.trid.trtype = SPDK_NVME_TRANSPORT_TCP;
	opts.trid.adrfam = SPDK_NVMF_ADRFAM_IPV4;
	snprintf(opts.trid.traddr, sizeof(opts.trid.traddr), "10.0.0.1");
	snprintf(opts.trid.trsvcid, sizeof(opts.trid.trsvcid), "8009");
	assert_int_equal(spdk_nvmf_tgt_add_referral(g_ut.tgt, &opts), 0);
}

/* The calls that make the target again. */
static const char *const g_config[] = {
	"{\"method\":\"nvmf_set_max_subsystems\",\"params\":{\"max_subsystems\":4}}",
	"{\"method\":\"nvmf_set_crdt\",\"params\":{\"crdt1\":0,\"crdt2\":0,\"crdt3\":0}}",
	"{\"method\":\"nvmf_create_transport\",\"params\":{\"trtype\":\"UT\","
	"\"max_queue_depth\":32,\"max_io_qpairs_per_ctrlr\":3,\"in_capsule_data_size\":4096,"
	"\"max_io_size\":131072,\"max_aq_depth\":32,\"iobuf_small_cache_size\":0,"
	"\"iobuf_large_cache_size\":0,\"dif_insert_or_strip\":false,\"zcopy\":false,"
	"\"abort_timeout_sec\":0,\"ack_timeout\":0,\"data_wr_pool_size\":0,"
	"\"disable_command_passthru\":false,\"kas\":100,\"min_kato\":10000}}",
	"{\"method\":\"nvmf_create_subsystem\",\"params\":{\"nqn\":\"" UT_NQN "\","
	"\"allow_any_host\":true,\"serial_number\":\"00000000000000000000\","
	"\"model_number\":\"SPDK bdev Controller\",\"max_namespaces\":32,\"min_cntlid\":1,"
	"\"max_cntlid\":65519,\"ana_reporting\":false,\"dmrsl\":0,\"wzsl\":0,"
	"\"passthrough\":false,\"enable_nssr\":false}}",
	"{\"method\":\"nvmf_subsystem_add_host\",\"params\":{\"nqn\":\"" UT_NQN "\","
	"\"host\":\"" UT_HOST "\"}}",
	"{\"method\":\"nvmf_subsystem_add_ns\",\"params\":{\"nqn\":\"" UT_NQN "\","
	"\"namespace\":{\"nsid\":1,\"bdev_name\":\"ut0\","
	"\"nguid\":\"00112233445566778899AABBCCDDEEFF\","
	"\"uuid\":\"00112233-4455-6677-8899-aabbccddeeff\",\"no_auto_visible\":false}}}",
	"{\"method\":\"nvmf_subsystem_add_listener\",\"params\":{\"nqn\":\"" UT_NQN "\","
	"\"listen_address\":{\"trtype\":\"UT\",\"adrfam\":\"unknown\",\"traddr\":\"here\","
	"\"trsvcid\":\"1\"},\"secure_channel\":false}}",
	"{\"method\":\"nvmf_discovery_add_referral\",\"params\":{"
	"\"address\":{\"trtype\":\"TCP\",\"adrfam\":\"IPv4\",\"traddr\":\"10.0.0.1\","
	"\"trsvcid\":\"8009\"},\"secure_channel\":true,"
	"\"subnqn\":\"nqn.2014-08.org.nvmexpress.discovery\"}}",
};

static void
check_config(void)
{
	const char *at = g_json + 1;
	char entry[1024];
	size_t i, len;

	for (i = 0; i < SPDK_COUNTOF(g_config); i++) {
		len = strlen(g_config[i]);
		assert_true(len < sizeof(entry));
		memset(entry, 0, sizeof(entry));
		strncpy(entry, at, len);
		assert_string_equal(entry, g_config[i]);
		at += len;
		assert_int_equal(*at++, i + 1 < SPDK_COUNTOF(g_config) ? ',' : ']');
	}
	assert_string_equal(at, "");
}

static void
test_config(void **state)
{
	struct spdk_json_write_ctx *w;
	struct spdk_nvmf_ns *ns;

	ut_start(&g_durable);
	ns = spdk_nvmf_subsystem_get_ns(g_ut.subsystem, 1);
	spdk_uuid_parse(&ns->opts.uuid, "00112233-4455-6677-8899-aabbccddeeff");
	memcpy(ns->opts.nguid, &ns->opts.uuid, sizeof(ns->opts.nguid));
	assert_int_equal(spdk_nvmf_subsystem_add_host(g_ut.subsystem, UT_HOST, NULL), 0);
	add_listener("here");
	add_referral();
	w = json_begin();
	spdk_json_write_array_begin(w);
	spdk_nvmf_tgt_write_config_json(w, g_ut.tgt);
	spdk_json_write_array_end(w);
	assert_int_equal(spdk_json_write_end(w), 0);
	check_config();
	ut_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),       cmocka_unit_test(test_transports),
		cmocka_unit_test(test_subsystems),    cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_hosts),         cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_optimal_group), cmocka_unit_test(test_stat),
		cmocka_unit_test(test_states),        cmocka_unit_test(test_direction),
		cmocka_unit_test(test_config),        cmocka_unit_test(test_listeners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
