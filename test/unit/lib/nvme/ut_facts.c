/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What a controller, a namespace, a queue pair and a transport say of themselves, and the texts of
 * commands and completions. Each value differs from 0 and from its neighbours. */

#include "ut_fake.h"

#include "spdk/log.h"

static void
controller(void **state)
{
	struct spdk_nvme_ctrlr *c = &g_fake.ctrlr;
	int qid;

	bring_up();
	c->flags = SPDK_NVME_CTRLR_COMPARE_AND_WRITE_SUPPORTED;
	c->cntlid = 7;
	c->cap.bits.nssrs = 1;
	assert_int_equal(spdk_nvme_ctrlr_get_flags(c), SPDK_NVME_CTRLR_COMPARE_AND_WRITE_SUPPORTED);
	assert_int_equal(spdk_nvme_ctrlr_get_id(c), 7);
	assert_int_equal(spdk_nvme_ctrlr_get_max_sges(c), 4);
	assert_int_equal(spdk_nvme_ctrlr_get_num_ns(c), 8);
	assert_true(spdk_nvme_ctrlr_is_nssr_supported(c));
	c->cap.bits.nssrs = 0;
	assert_false(spdk_nvme_ctrlr_is_nssr_supported(c));
	assert_int_equal(spdk_nvme_ctrlr_get_regs_cc(c).raw, 0x460001);
	assert_int_equal(spdk_nvme_ctrlr_get_regs_vs(c).raw, 0x10400);
	assert_true(spdk_nvme_ctrlr_get_regs_cap(c).raw == 0x201e0100ff);
	assert_int_equal(spdk_nvme_ctrlr_get_data(c)->mdts, 5);
	assert_int_equal(spdk_nvme_ctrlr_get_opts(c)->keep_alive_timeout_ms, 2000);
	assert_string_equal(spdk_nvme_ctrlr_get_transport_id(c)->subnqn,
	                    "nqn.2024-01.io.basalt:ut");
	assert_true(spdk_nvme_ctrlr_is_active_ns(c, 3));
	assert_false(spdk_nvme_ctrlr_is_active_ns(c, 4));
	nvme_ctrlr_find_ns(c, 5, true)->active = true;
	assert_int_equal(spdk_nvme_ctrlr_get_next_active_ns(c, 3), 5);
	assert_int_equal(spdk_nvme_ctrlr_get_next_active_ns(c, 5), 0);
	for (qid = 1; qid <= 4; qid++) {
		assert_int_equal(spdk_nvme_ctrlr_alloc_qid(c), qid);
	}
	assert_int_equal(spdk_nvme_ctrlr_alloc_qid(c), -1); /* no more were granted */
	spdk_nvme_ctrlr_free_qid(c, 3);
	assert_int_equal(spdk_nvme_ctrlr_alloc_qid(c), 3);
	stop();
}

/* A log page or a feature, and the field that says that it is there. */
static void
supported(void **state)
{
	struct spdk_nvme_ctrlr *c = &g_fake.ctrlr;

	bring_up();
	assert_true(spdk_nvme_ctrlr_is_log_page_supported(c, SPDK_NVME_LOG_HEALTH_INFORMATION));
	assert_true(spdk_nvme_ctrlr_is_log_page_supported(c, SPDK_NVME_LOG_CHANGED_NS_LIST));
	assert_false(spdk_nvme_ctrlr_is_log_page_supported(c, SPDK_NVME_LOG_COMMAND_EFFECTS_LOG));
	assert_false(spdk_nvme_ctrlr_is_log_page_supported(c, SPDK_NVME_LOG_DISCOVERY));
	assert_true(spdk_nvme_ctrlr_is_feature_supported(c, SPDK_NVME_FEAT_NUMBER_OF_QUEUES));
	assert_true(spdk_nvme_ctrlr_is_feature_supported(c, SPDK_NVME_FEAT_VOLATILE_WRITE_CACHE));
	assert_false(spdk_nvme_ctrlr_is_feature_supported(c, SPDK_NVME_FEAT_HOST_IDENTIFIER));
	assert_false(spdk_nvme_ctrlr_is_feature_supported(c, 0xff));
	c->cdata.lpa.cses = 1;
	c->cdata.ctratt.hids = 1;
	nvme_ctrlr_set_supported(c);
	assert_true(spdk_nvme_ctrlr_is_log_page_supported(c, SPDK_NVME_LOG_COMMAND_EFFECTS_LOG));
	assert_true(spdk_nvme_ctrlr_is_feature_supported(c, SPDK_NVME_FEAT_HOST_IDENTIFIER));
	stop();
}

static void
kind(void **state)
{
	struct spdk_nvme_ctrlr *c = &g_fake.ctrlr;

	bring_up();
	assert_true(spdk_nvme_ctrlr_is_fabrics(c));
	c->trid.trtype = SPDK_NVME_TRANSPORT_PCIE;
	assert_false(spdk_nvme_ctrlr_is_fabrics(c));
	c->trid.trtype = SPDK_NVME_TRANSPORT_CUSTOM_FABRICS;
	assert_false(spdk_nvme_ctrlr_is_discovery(c));
	c->cdata.cntrltype = SPDK_NVME_CTRLR_DISCOVERY;
	assert_true(spdk_nvme_ctrlr_is_discovery(c));
	c->cdata.cntrltype = SPDK_NVME_CTRLR_IO;
	assert_false(spdk_nvme_ctrlr_is_discovery(c));
	/* Before NVMe 2.0 only its name told. */
	snprintf(c->trid.subnqn, sizeof(c->trid.subnqn), SPDK_NVMF_DISCOVERY_NQN);
	assert_true(spdk_nvme_ctrlr_is_discovery(c));
	stop();
}

static void
removed(void *ctx, struct spdk_nvme_ctrlr *ctrlr)
{
	(*(int *)ctx)++;
}

static void
fails(void **state)
{
	struct spdk_nvme_ctrlr *c = &g_fake.ctrlr;
	struct spdk_nvme_transport_id trid, other;
	int count = 0;

	bring_up();
	trid = other = c->trid;
	snprintf(trid.traddr, sizeof(trid.traddr), "elsewhere");
	snprintf(other.subnqn, sizeof(other.subnqn), "nqn.2024-01.io.basalt:other");
	assert_int_equal(spdk_nvme_ctrlr_set_trid(c, &trid), -EPERM);
	g_fake.adminq.failure_reason = SPDK_NVME_QPAIR_FAILURE_REMOTE;
	assert_int_equal(spdk_nvme_ctrlr_get_admin_qp_failure_reason(c),
	                 SPDK_NVME_QPAIR_FAILURE_REMOTE);
	spdk_nvme_ctrlr_set_remove_cb(c, removed, &count);
	assert_ptr_equal(c->remove_cb, removed);
	assert_ptr_equal(c->remove_cb_arg, &count);
	assert_false(spdk_nvme_ctrlr_is_failed(c));
	spdk_nvme_ctrlr_fail(c);
	assert_true(spdk_nvme_ctrlr_is_failed(c));
	assert_int_equal(spdk_nvme_ctrlr_set_trid(c, &other), -EINVAL);
	assert_int_equal(spdk_nvme_ctrlr_set_trid(c, &trid), 0);
	assert_string_equal(c->trid.traddr, "elsewhere");
	stop();
}

static void namespace(void **state)
{
	struct spdk_nvme_ns_data nsdata = { .nlbaf = 3 };
	struct spdk_nvme_ns *ns;

	bring_up();
	ns = spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 3);
	assert_ptr_equal(spdk_nvme_ns_get_ctrlr(ns), &g_fake.ctrlr);
	assert_int_equal(spdk_nvme_ns_get_id(ns), 3);
	assert_true(spdk_nvme_ns_is_active(ns));
	assert_false(spdk_nvme_ns_is_active(spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 4)));
	assert_int_equal(spdk_nvme_ns_get_data(ns)->ncap, 1u << 20);
	assert_int_equal(spdk_nvme_ns_get_num_sectors(ns), 1u << 20);
	assert_int_equal(spdk_nvme_ns_get_size(ns), 512u << 20);
	assert_int_equal(spdk_nvme_ns_get_optimal_io_boundary(ns), 0);
	ns->nsdata.noiob = 64;
	ns->nsdata.anagrpid = 5;
	nvme_ns_set_identify_data(ns);
	assert_int_equal(spdk_nvme_ns_get_optimal_io_boundary(ns), 64);
	assert_int_equal(spdk_nvme_ns_get_ana_group_id(ns), 5);
	assert_int_equal(spdk_nvme_ns_get_ana_state(ns), SPDK_NVME_ANA_OPTIMIZED_STATE);
	ns->ana_state = SPDK_NVME_ANA_INACCESSIBLE_STATE;
	assert_int_equal(spdk_nvme_ns_get_ana_state(ns), SPDK_NVME_ANA_INACCESSIBLE_STATE);
	assert_int_equal(spdk_nvme_ns_get_max_io_xfer_size(ns), 131072);
	ns->nsdata.dlfeat.bits.read_value = SPDK_NVME_DEALLOC_READ_FF;
	assert_int_equal(spdk_nvme_ns_get_dealloc_logical_block_read_value(ns),
	                 SPDK_NVME_DEALLOC_READ_FF);
	ns->pi_type = SPDK_NVME_FMT_NVM_PROTECTION_TYPE2;
	assert_int_equal(spdk_nvme_ns_get_pi_type(ns), SPDK_NVME_FMT_NVM_PROTECTION_TYPE2);
	assert_ptr_equal(spdk_nvme_ns_get_vendor_specific(ns), ns->nsdata.vendor_specific);
	ns->flags = SPDK_NVME_NS_COMPARE_SUPPORTED;
	assert_true(spdk_nvme_ns_supports_compare(ns));
	assert_false(spdk_nvme_ns_supports_extended_lba(ns));
	assert_false(spdk_nvme_ns_supports_write_uncorrectable(ns));
	ns->flags = SPDK_NVME_NS_EXTENDED_LBA_SUPPORTED;
	assert_true(spdk_nvme_ns_supports_extended_lba(ns));
	ns->flags = SPDK_NVME_NS_WRITE_UNCORRECTABLE_SUPPORTED;
	assert_true(spdk_nvme_ns_supports_write_uncorrectable(ns));
	assert_false(spdk_nvme_ns_supports_compare(ns));
	/* The upper bits of the format count only with more than 16 formats. */
	nsdata.flbas.format = 2;
	nsdata.flbas.msb_format = 1;
	assert_int_equal(spdk_nvme_ns_get_format_index(&nsdata), 2);
	nsdata.nlbaf = 16;
	assert_int_equal(spdk_nvme_ns_get_format_index(&nsdata), 18);
	stop();
}

static void
namespace_ids(void **state)
{
	struct spdk_nvme_ns *ns;

	bring_up();
	ns = spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 3);
	assert_null(spdk_nvme_ns_get_nguid(ns));
	memset(ns->id_desc_list, 0, sizeof(ns->id_desc_list));
	ns->id_desc_list[0] = SPDK_NVME_NIDT_NGUID;
	ns->id_desc_list[1] = 16;
	ns->id_desc_list[4] = 0x77;
	assert_int_equal(spdk_nvme_ns_get_nguid(ns)[0], 0x77);
	assert_null(spdk_nvme_ns_get_uuid(ns));
	assert_int_equal(spdk_nvme_ns_get_csi(ns), SPDK_NVME_CSI_NVM);
	ns->id_desc_list[20] = SPDK_NVME_NIDT_CSI;
	ns->id_desc_list[21] = 1;
	ns->id_desc_list[24] = SPDK_NVME_CSI_ZNS;
	assert_int_equal(spdk_nvme_ns_get_csi(ns), SPDK_NVME_CSI_ZNS);
	ns->id_desc_list[21] = 2; /* no length that it may have */
	assert_int_equal(spdk_nvme_ns_get_csi(ns), SPDK_NVME_CSI_NVM);
	stop();
}

static void
queue_pair(void **state)
{
	bring_up();
	assert_int_equal(spdk_nvme_qpair_get_id(&g_fake.ioq), 1);
	assert_int_equal(spdk_nvme_qpair_get_id(&g_fake.adminq), 0);
	assert_true(spdk_nvme_qpair_is_admin_queue(&g_fake.adminq));
	assert_false(spdk_nvme_qpair_is_admin_queue(&g_fake.ioq));
	assert_int_equal(spdk_nvme_qpair_get_queue_depth(&g_fake.adminq), 31);
	assert_int_equal(spdk_nvme_qpair_get_num_outstanding_reqs(&g_fake.adminq), 2);
	spdk_nvme_qpair_set_abort_dnr(&g_fake.ioq, true);
	assert_true(g_fake.ioq.abort_dnr);
	stop();
}

/* ---- Notices ---- */

static void
attr_changed(void *arg, const uint32_t *nsids, uint32_t count)
{
}

static void
notices(void **state)
{
	struct spdk_nvme_ctrlr *c = &g_fake.ctrlr;
	int arg;

	bring_up();
	spdk_nvme_ctrlr_register_ns_attr_changed_callback(c, attr_changed, &arg);
	assert_ptr_equal(c->ns_attr_cb_fn, attr_changed);
	assert_ptr_equal(c->ns_attr_cb_arg, &arg);
	assert_true(c->read_changed_ns_list);
	spdk_nvme_ctrlr_disable_read_changed_ns_list_log_page(c);
	assert_false(c->read_changed_ns_list);
	stop();
}

/* ---- Transports ---- */

static const struct spdk_nvme_transport_ops g_other = {
	.name = "OTHER",
	.type = SPDK_NVME_TRANSPORT_CUSTOM_FABRICS,
};

static void
transports(void **state)
{
	assert_true(spdk_nvme_transport_available(SPDK_NVME_TRANSPORT_TCP));
	assert_false(spdk_nvme_transport_available(SPDK_NVME_TRANSPORT_FC));
	assert_true(spdk_nvme_transport_available_by_name("TCP"));
	assert_false(spdk_nvme_transport_available_by_name("OTHER"));
	spdk_nvme_transport_register(&g_other);
	assert_true(spdk_nvme_transport_available_by_name("OTHER"));
}

/* ---- Texts ---- */

static char g_log[512];

static void
keep_log(int level, const char *file, const int line, const char *func, const char *format,
         va_list args)
{
	vsnprintf(g_log, sizeof(g_log), format, args);
}

#define ASSERT_LOG(...) \
	do { \
		char expected_[512]; \
		snprintf(expected_, sizeof(expected_), __VA_ARGS__); \
		assert_string_equal(g_log, expected_); \
		g_log[0] = '\0'; \
	} while (0)

static void
texts(void **state)
{
	struct spdk_nvme_cmd cmd = { .opc = SPDK_NVME_OPC_WRITE, .cid = 3, .nsid = 1, .cdw10 = 8 };
	struct spdk_nvme_cpl cpl = { .cid = 3, .sqhd = 9 };
	struct spdk_nvme_qpair qpair = { .id = 4 };

	cpl.status.sct = SPDK_NVME_SCT_MEDIA_ERROR;
	cpl.status.sc = SPDK_NVME_SC_ACCESS_DENIED;
	spdk_log_open(keep_log);
	spdk_nvme_print_command(2, &cmd);
	ASSERT_LOG("WRITE (01) qid:2 cid:3 nsid:1 cdw10:00000008 cdw11:00000000 cdw12:00000000\n");
	spdk_nvme_qpair_print_command(&qpair, &cmd);
	ASSERT_LOG("WRITE (01) qid:4 cid:3 nsid:1 cdw10:00000008 cdw11:00000000 cdw12:00000000\n");
	spdk_nvme_print_completion_ext(2, &cpl, SPDK_NVME_OPC_WRITE);
	ASSERT_LOG("ACCESS DENIED (02/86) qid:2 cid:3 cdw0:0 sqhd:0009 p:0 m:0 dnr:0\n");
	spdk_nvme_qpair_print_completion_ext(&qpair, &cpl, SPDK_NVME_OPC_WRITE);
	ASSERT_LOG("ACCESS DENIED (02/86) qid:4 cid:3 cdw0:0 sqhd:0009 p:0 m:0 dnr:0\n");
	spdk_nvme_print_completion(2, &cpl);
	ASSERT_LOG("ACCESS DENIED (02/86) qid:2 cid:3 cdw0:0 sqhd:0009 p:0 m:0 dnr:0\n");
	spdk_nvme_qpair_print_completion(&qpair, &cpl);
	ASSERT_LOG("ACCESS DENIED (02/86) qid:4 cid:3 cdw0:0 sqhd:0009 p:0 m:0 dnr:0\n");
	spdk_log_open(NULL);
	assert_string_equal(spdk_nvme_cpl_get_status_type_string(&cpl.status), "MEDIA ERROR");
}

static const struct {
	uint8_t sct, sc;
	const char *fabric, *other; /* of a fabrics command, of one that nobody names */
} g_status_texts[] = {
	{ SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_SUCCESS, "SUCCESS", "SUCCESS" },
	{ SPDK_NVME_SCT_GENERIC, 0x7f, "GENERIC", "GENERIC" },
	{ SPDK_NVME_SCT_COMMAND_SPECIFIC, 0x80, "INCOMPATIBLE FORMAT", "CONFLICTING ATTRIBUTES" },
	{ SPDK_NVME_SCT_COMMAND_SPECIFIC, 0x01, "COMMAND SPECIFIC", "INVALID QUEUE IDENTIFIER" },
	{ SPDK_NVME_SCT_PATH, SPDK_NVME_SC_ABORTED_BY_HOST, "ABORTED BY HOST", "ABORTED BY HOST" },
	{ SPDK_NVME_SCT_VENDOR_SPECIFIC, 1, "VENDOR SPECIFIC", "VENDOR SPECIFIC" },
	{ 5, 1, "RESERVED", "RESERVED" },
};

static void
status_texts(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_status_texts); i++) {
		struct spdk_nvme_status status = { .sct = g_status_texts[i].sct,
			                           .sc = g_status_texts[i].sc };

		assert_string_equal(
		        spdk_nvme_cpl_get_status_string_ext(&status, SPDK_NVME_OPC_FABRIC),
		        g_status_texts[i].fabric);
		assert_string_equal(spdk_nvme_cpl_get_status_string(&status),
		                    g_status_texts[i].other);
	}
}

static void
protection_flags(void **state)
{
	uint32_t flags = 0;

	assert_int_equal(spdk_nvme_prchk_flags_parse(&flags, "prchk:reftag|guard"), 0);
	assert_int_equal(flags, SPDK_NVME_IO_FLAGS_PRCHK_REFTAG | SPDK_NVME_IO_FLAGS_PRCHK_GUARD);
	assert_string_equal(spdk_nvme_prchk_flags_str(flags), "prchk:reftag|guard");
	assert_string_equal(spdk_nvme_prchk_flags_str(SPDK_NVME_IO_FLAGS_PRCHK_GUARD),
	                    "prchk:guard");
	assert_null(spdk_nvme_prchk_flags_str(0));
	assert_int_equal(spdk_nvme_prchk_flags_parse(&flags, "check:guard"), -EINVAL);
}

static void
compared_ids(void **state)
{
	struct spdk_nvme_transport_id a = {}, b;

	assert_int_equal(
	        spdk_nvme_transport_id_parse(&a, "trtype:TCP adrfam:IPv4 traddr:1.2.3.4 trsvcid:1"),
	        0);
	b = a;
	assert_int_equal(spdk_nvme_transport_id_compare(&a, &b), 0);
	snprintf(b.trsvcid, sizeof(b.trsvcid), "2");
	assert_true(spdk_nvme_transport_id_compare(&a, &b) < 0);
	assert_true(spdk_nvme_transport_id_compare(&b, &a) > 0);
	b = a;
	snprintf(b.subnqn, sizeof(b.subnqn), "nqn.2024-01.io.basalt:b");
	assert_true(spdk_nvme_transport_id_compare(&a, &b) != 0);
}

static const struct {
	const char *text;
	enum spdk_nvme_transport_type trtype;
	bool is_fabrics;
} g_trtypes[] = {
	{ "PCIe", SPDK_NVME_TRANSPORT_PCIE, false },
	{ "pcie", SPDK_NVME_TRANSPORT_PCIE, false },
	{ "RDMA", SPDK_NVME_TRANSPORT_RDMA, true },
	{ "FC", SPDK_NVME_TRANSPORT_FC, true },
	{ "tCp", SPDK_NVME_TRANSPORT_TCP, true },
	{ "VFIOUSER", SPDK_NVME_TRANSPORT_VFIOUSER, false },
	{ "MINE", SPDK_NVME_TRANSPORT_CUSTOM, false },
};

static void
transport_types(void **state)
{
	enum spdk_nvme_transport_type trtype;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_trtypes); i++) {
		trtype = SPDK_NVME_TRANSPORT_CUSTOM_FABRICS;
		assert_int_equal(spdk_nvme_transport_id_parse_trtype(&trtype, g_trtypes[i].text),
		                 0);
		assert_int_equal(trtype, g_trtypes[i].trtype);
		assert_int_equal(spdk_nvme_trtype_is_fabrics(trtype), g_trtypes[i].is_fabrics);
	}
	assert_true(spdk_nvme_trtype_is_fabrics(SPDK_NVME_TRANSPORT_CUSTOM_FABRICS));
	assert_int_equal(spdk_nvme_transport_id_parse_trtype(&trtype, NULL), -EINVAL);
	assert_int_equal(spdk_nvme_transport_id_parse_trtype(NULL, "TCP"), -EINVAL);
}

static void
host_ids(void **state)
{
	struct spdk_nvme_host_id id = {};

	assert_int_equal(spdk_nvme_host_id_parse(&id, "trtype:TCP hostaddr:1.2.3.4 hostsvcid:55"),
	                 0);
	assert_string_equal(id.hostaddr, "1.2.3.4");
	assert_string_equal(id.hostsvcid, "55");
	assert_int_equal(spdk_nvme_host_id_parse(&id, "hostaddr:"), -EINVAL);
	assert_int_equal(spdk_nvme_host_id_parse(&id, NULL), -EINVAL);
	assert_int_equal(spdk_nvme_host_id_parse(NULL, ""), -EINVAL);
}

static void
transport_names(void **state)
{
	struct spdk_nvme_transport_id trid = {};

	assert_int_equal(spdk_nvme_transport_id_populate_trstring(&trid, "tcp"), 0);
	assert_string_equal(trid.trstring, "TCP");
	assert_int_equal(spdk_nvme_transport_id_populate_trstring(&trid, NULL), -EINVAL);
	assert_int_equal(spdk_nvme_transport_id_populate_trstring(
	                         &trid, "a name of 33 characters or longer"),
	                 -EINVAL);
	assert_string_equal(trid.trstring, "TCP");
	assert_string_equal(spdk_nvme_transport_id_adrfam_str(SPDK_NVMF_ADRFAM_IPV6), "IPv6");
	assert_string_equal(spdk_nvme_transport_id_adrfam_str(SPDK_NVMF_ADRFAM_FC), "FC");
	assert_null(spdk_nvme_transport_id_adrfam_str(SPDK_NVMF_ADRFAM_INTRA_HOST));
}

static void
transport_opts(void **state)
{
	struct spdk_nvme_transport_opts before, opts;

	spdk_nvme_transport_get_opts(&before, sizeof(before));
	assert_int_equal(before.opts_size, sizeof(before));
	opts = before;
	opts.rdma_srq_size = before.rdma_srq_size + 77;
	opts.tcp_connect_timeout_ms = before.tcp_connect_timeout_ms + 77;
	assert_int_equal(spdk_nvme_transport_set_opts(&opts, 0), -EINVAL);
	assert_int_equal(spdk_nvme_transport_set_opts(NULL, sizeof(opts)), -EINVAL);
	/* An older program knows only the first fields. */
	opts.opts_size = offsetof(struct spdk_nvme_transport_opts, tcp_connect_timeout_ms);
	assert_int_equal(spdk_nvme_transport_set_opts(&opts, sizeof(opts)), 0);
	spdk_nvme_transport_get_opts(&opts, sizeof(opts));
	assert_int_equal(opts.rdma_srq_size, before.rdma_srq_size + 77);
	assert_int_equal(opts.tcp_connect_timeout_ms, before.tcp_connect_timeout_ms);
	assert_int_equal(spdk_nvme_transport_set_opts(&before, sizeof(before)), 0);
}

/* The low bits of an opcode are the direction; a log page's length is 0's based dwords. */
static void
command_fields(void **state)
{
	assert_int_equal(spdk_nvme_opc_get_data_transfer(SPDK_NVME_OPC_FLUSH), SPDK_NVME_DATA_NONE);
	assert_int_equal(spdk_nvme_opc_get_data_transfer(SPDK_NVME_OPC_WRITE),
	                 SPDK_NVME_DATA_HOST_TO_CONTROLLER);
	assert_int_equal(spdk_nvme_opc_get_data_transfer(SPDK_NVME_OPC_IDENTIFY),
	                 SPDK_NVME_DATA_CONTROLLER_TO_HOST);
	assert_int_equal(spdk_nvme_opc_get_data_transfer(SPDK_NVME_OPC_DIRECTIVE_RECEIVE),
	                 SPDK_NVME_DATA_CONTROLLER_TO_HOST);
	assert_int_equal(spdk_nvme_bytes_to_numd(4), 0);
	assert_int_equal(spdk_nvme_bytes_to_numd(512), 127);
	assert_int_equal(spdk_nvme_bytes_to_numd(1u << 31), (1u << 29) - 1);
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
		cmocka_unit_test(controller),
		cmocka_unit_test(fails),
		cmocka_unit_test(namespace),
		cmocka_unit_test(namespace_ids),
		cmocka_unit_test(queue_pair),
		cmocka_unit_test(notices),
		cmocka_unit_test(transports),
		cmocka_unit_test(texts),
		cmocka_unit_test(protection_flags),
		cmocka_unit_test(compared_ids),
		cmocka_unit_test(kind),
		cmocka_unit_test(status_texts),
		cmocka_unit_test(transport_types),
		cmocka_unit_test(command_fields),
		cmocka_unit_test(supported),
		cmocka_unit_test(host_ids),
		cmocka_unit_test(transport_names),
		cmocka_unit_test(transport_opts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
