/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The commands that each function of the library makes, field by field: NVM Command Set 1.0 section
 * 3.2, NVMe Base 2.0 section 5. */

#include "ut_fake.h"

static uint32_t g_done;

static void
io_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	assert_ptr_equal(arg, &g_done);
	g_done++;
}

static uint8_t g_buf[4096], g_md[64];
static struct iovec g_iov = { g_buf, 1024 };
static struct spdk_nvme_ns_cmd_ext_io_opts g_ext = {
	.size = sizeof(g_ext),
	.io_flags = SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS,
	.metadata = g_md,
	.apptag_mask = 0xf0f0,
	.apptag = 0x1234,
	.cdw13 = 5,
};

static void
reset_sgl(void *arg, uint32_t offset)
{
	assert_int_equal(offset, 0);
}

static int
next_sge(void *arg, void **address, uint32_t *length)
{
	*address = g_buf;
	*length = 1024;
	return 0;
}

/* What was submitted last, which is then answered. */
static struct nvme_request g_last;

static void
take(int rc)
{
	const struct spdk_nvme_cpl cpl = {};
	struct nvme_request *req;

	assert_int_equal(rc, 0);
	assert_int_equal(g_fake.num_out, 3); /* behind the two event requests */
	req = g_fake.out[--g_fake.num_out];
	g_last = *req;
	g_done = 0;
	nvme_request_complete(req, &cpl);
	assert_int_equal(g_done, 1);
}

/* Two blocks from block 16 of namespace 3: the fields of every command that names blocks. */
static void
check_blocks(uint8_t opc, const void *md)
{
	assert_int_equal(g_last.cmd.opc, opc);
	assert_int_equal(g_last.cmd.nsid, 3);
	assert_int_equal(g_last.cmd.cdw10, 16);
	assert_int_equal(g_last.cmd.cdw11, 0);
	assert_int_equal(g_last.cmd.cdw12 & 0xffff, 1);
	assert_ptr_equal(g_last.payload.md, md);
}

static void
check_ext(uint8_t opc)
{
	check_blocks(opc, g_md);
	assert_int_equal(g_last.cmd.cdw12, 1 | SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS);
	assert_int_equal(g_last.cmd.cdw13, 5);
	assert_int_equal(g_last.cmd.cdw14, 16);
	assert_int_equal(g_last.cmd.cdw15, 0xf0f01234);
	assert_int_equal(g_last.payload_size, 1024);
}

#define IO &g_fake.ioq
#define CB io_done, &g_done
#define BLOCKS 16, 2

static struct spdk_nvme_ns *
up(void)
{
	struct spdk_nvme_ns *ns;

	bring_up();
	ns = spdk_nvme_ctrlr_get_ns(&g_fake.ctrlr, 3);
	ns->md_size = 8;
	ns->flags |= SPDK_NVME_NS_DPS_PI_SUPPORTED; /* so that tags are sent */
	ns->pi_type = SPDK_NVME_FMT_NVM_PROTECTION_TYPE1;
	/* Fabrics move metadata only inside the blocks, and log offsets are optional. */
	g_fake.ctrlr.trid.trtype = SPDK_NVME_TRANSPORT_PCIE;
	g_fake.ctrlr.cdata.lpa.lpeds = 1;
	return ns;
}

static void
reads_and_writes(void **state)
{
	struct spdk_nvme_ns *ns = up();

	take(spdk_nvme_ns_cmd_read_ext(ns, IO, g_buf, BLOCKS, CB, &g_ext));
	check_ext(SPDK_NVME_OPC_READ);
	take(spdk_nvme_ns_cmd_write_ext(ns, IO, g_buf, BLOCKS, CB, &g_ext));
	check_ext(SPDK_NVME_OPC_WRITE);
	take(spdk_nvme_ns_cmd_readv(ns, IO, BLOCKS, CB, 0, reset_sgl, next_sge));
	check_blocks(SPDK_NVME_OPC_READ, NULL);
	assert_int_equal(g_last.payload_size, 1024);
	take(spdk_nvme_ns_cmd_writev(ns, IO, BLOCKS, CB, 0, reset_sgl, next_sge));
	check_blocks(SPDK_NVME_OPC_WRITE, NULL);
	assert_int_equal(g_last.payload_size, 1024);
	take(spdk_nvme_ns_cmd_readv_ext(ns, IO, BLOCKS, CB, reset_sgl, next_sge, &g_ext));
	check_ext(SPDK_NVME_OPC_READ);
	take(spdk_nvme_ns_cmd_writev_ext(ns, IO, BLOCKS, CB, reset_sgl, next_sge, &g_ext));
	check_ext(SPDK_NVME_OPC_WRITE);
	take(spdk_nvme_ns_cmd_read_iov(ns, IO, BLOCKS, CB, &g_iov, 1, &g_ext));
	check_ext(SPDK_NVME_OPC_READ);
	take(spdk_nvme_ns_cmd_write_iov(ns, IO, BLOCKS, CB, &g_iov, 1, &g_ext));
	check_ext(SPDK_NVME_OPC_WRITE);
	stop();
}

static void
with_metadata(void **state)
{
	struct spdk_nvme_ns *ns = up();
	const uint32_t fua = SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS;

	take(spdk_nvme_ns_cmd_read_with_md(ns, IO, g_buf, g_md, BLOCKS, CB, fua, 0xff00, 0x21));
	check_blocks(SPDK_NVME_OPC_READ, g_md);
	assert_int_equal(g_last.cmd.cdw15, 0xff000021);
	take(spdk_nvme_ns_cmd_write_with_md(ns, IO, g_buf, g_md, BLOCKS, CB, fua, 0xff00, 0x21));
	check_blocks(SPDK_NVME_OPC_WRITE, g_md);
	assert_int_equal(g_last.cmd.cdw15, 0xff000021);
	take(spdk_nvme_ns_cmd_readv_with_md(ns, IO, BLOCKS, CB, fua, reset_sgl, next_sge, g_md, 1,
	                                    2));
	check_blocks(SPDK_NVME_OPC_READ, g_md);
	assert_int_equal(g_last.cmd.cdw15, 0x10002);
	take(spdk_nvme_ns_cmd_writev_with_md(ns, IO, BLOCKS, CB, fua, reset_sgl, next_sge, g_md, 1,
	                                     2));
	check_blocks(SPDK_NVME_OPC_WRITE, g_md);
	assert_int_equal(g_last.cmd.cdw15, 0x10002);
	stop();
}

static void
compares(void **state)
{
	struct spdk_nvme_ns *ns = up();

	take(spdk_nvme_ns_cmd_compare(ns, IO, g_buf, BLOCKS, CB, 0));
	check_blocks(SPDK_NVME_OPC_COMPARE, NULL);
	assert_ptr_equal(g_last.payload.base, g_buf);
	take(spdk_nvme_ns_cmd_comparev(ns, IO, BLOCKS, CB, 0, reset_sgl, next_sge));
	check_blocks(SPDK_NVME_OPC_COMPARE, NULL);
	take(spdk_nvme_ns_cmd_compare_with_md(ns, IO, g_buf, g_md, BLOCKS, CB, 0, 1, 2));
	check_blocks(SPDK_NVME_OPC_COMPARE, g_md);
	assert_int_equal(g_last.cmd.cdw15, 0x10002);
	take(spdk_nvme_ns_cmd_comparev_with_md(ns, IO, BLOCKS, CB, 0, reset_sgl, next_sge, g_md, 1,
	                                       2));
	check_blocks(SPDK_NVME_OPC_COMPARE, g_md);
	stop();
}

static void
without_data(void **state)
{
	struct spdk_nvme_ns *ns = up();
	struct spdk_nvme_dsm_range range = { .starting_lba = 16, .length = 2 };

	take(spdk_nvme_ns_cmd_verify(ns, IO, BLOCKS, CB, 0));
	check_blocks(SPDK_NVME_OPC_VERIFY, NULL);
	take(spdk_nvme_ns_cmd_write_uncorrectable(ns, IO, BLOCKS, CB));
	check_blocks(SPDK_NVME_OPC_WRITE_UNCORRECTABLE, NULL);
	take(spdk_nvme_ns_cmd_write_zeroes(ns, IO, BLOCKS, CB,
	                                   SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS));
	check_blocks(SPDK_NVME_OPC_WRITE_ZEROES, NULL);
	assert_int_equal(g_last.cmd.cdw12 >> 16, SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS >> 16);
	take(spdk_nvme_ns_cmd_flush(ns, IO, CB));
	assert_int_equal(g_last.cmd.opc, SPDK_NVME_OPC_FLUSH);
	assert_int_equal(g_last.cmd.nsid, 3);
	take(spdk_nvme_ns_cmd_dataset_management(ns, IO, SPDK_NVME_DSM_ATTR_DEALLOCATE, &range, 1,
	                                         CB));
	assert_int_equal(g_last.cmd.opc, SPDK_NVME_OPC_DATASET_MANAGEMENT);
	assert_int_equal(g_last.cmd.nsid, 3);
	assert_int_equal(g_last.cmd.cdw10, 0);
	assert_int_equal(g_last.cmd.cdw11, SPDK_NVME_DSM_ATTR_DEALLOCATE);
	assert_int_equal(g_last.payload_size, sizeof(range));
	stop();
}

static void
raw_io(void **state)
{
	struct spdk_nvme_ctrlr *c = &g_fake.ctrlr;
	struct spdk_nvme_cmd cmd = { .opc = 0x82, .nsid = 3, .cdw12 = 77 };

	up();
	take(spdk_nvme_ctrlr_cmd_io_raw_with_md(c, IO, &cmd, g_buf, 512, g_md, CB));
	assert_int_equal(g_last.cmd.opc, 0x82);
	assert_int_equal(g_last.cmd.cdw12, 77);
	assert_int_equal(g_last.payload_size, 512);
	assert_ptr_equal(g_last.payload.md, g_md);
	take(spdk_nvme_ctrlr_cmd_iov_raw_with_md(c, IO, &cmd, 1024, g_md, CB, reset_sgl, next_sge));
	assert_int_equal(g_last.cmd.opc, 0x82);
	assert_int_equal(g_last.payload_size, 1024);
	assert_ptr_equal(g_last.payload.md, g_md);
	stop();
}

static void
admin(void **state)
{
	struct spdk_nvme_ctrlr *c = &g_fake.ctrlr;

	up();
	take(spdk_nvme_ctrlr_cmd_get_feature_ns(c, 0x81, 5, g_buf, 64, CB, 3));
	assert_int_equal(g_last.cmd.opc, SPDK_NVME_OPC_GET_FEATURES);
	assert_int_equal(g_last.cmd.nsid, 3);
	assert_int_equal(g_last.cmd.cdw10, 0x81);
	assert_int_equal(g_last.cmd.cdw11, 5);
	take(spdk_nvme_ctrlr_cmd_set_feature_ns(c, 0x81, 5, 6, g_buf, 64, CB, 3));
	assert_int_equal(g_last.cmd.opc, SPDK_NVME_OPC_SET_FEATURES);
	assert_int_equal(g_last.cmd.nsid, 3);
	assert_int_equal(g_last.cmd.cdw12, 6);
	take(spdk_nvme_ctrlr_cmd_get_log_page_ext(c, 2, 3, g_buf, 4096, 8, 1u << 15, 7u << 16, 9,
	                                          CB));
	assert_int_equal(g_last.cmd.opc, SPDK_NVME_OPC_GET_LOG_PAGE);
	assert_int_equal(g_last.cmd.nsid, 3);
	assert_int_equal(g_last.cmd.cdw10, 2 | 1u << 15 | 1023u << 16);
	assert_int_equal(g_last.cmd.cdw11, 7u << 16);
	assert_int_equal(g_last.cmd.cdw12, 8);
	assert_int_equal(g_last.cmd.cdw14, 9);
	take(spdk_nvme_ctrlr_cmd_security_send(c, 1, 0x0203, 4, g_buf, 512, CB));
	assert_int_equal(g_last.cmd.opc, SPDK_NVME_OPC_SECURITY_SEND);
	assert_int_equal(g_last.cmd.cdw10, 1u << 24 | 0x0203u << 8 | 4);
	assert_int_equal(g_last.cmd.cdw11, 512);
	take(spdk_nvme_ctrlr_cmd_security_receive(c, 1, 0x0203, 4, g_buf, 512, CB));
	assert_int_equal(g_last.cmd.opc, SPDK_NVME_OPC_SECURITY_RECEIVE);
	assert_int_equal(g_last.cmd.cdw10, 1u << 24 | 0x0203u << 8 | 4);
	take(spdk_nvme_ctrlr_cmd_abort(c, &g_fake.ioq, 9, CB));
	assert_int_equal(g_last.cmd.opc, SPDK_NVME_OPC_ABORT);
	assert_int_equal(g_last.cmd.cdw10, 9u << 16 | 1);
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
		cmocka_unit_test(reads_and_writes), cmocka_unit_test(with_metadata),
		cmocka_unit_test(compares),         cmocka_unit_test(without_data),
		cmocka_unit_test(raw_io),           cmocka_unit_test(admin),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
