/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* See ut_fake.h. */

#include "ut_fake.h"

#define FABRIC SPDK_NVME_OPC_FABRIC
#define PROP_GET SPDK_NVMF_FABRIC_COMMAND_PROPERTY_GET
#define PROP_SET SPDK_NVMF_FABRIC_COMMAND_PROPERTY_SET

/* ---- A transport that remembers commands ---- */

struct fake g_fake;

static int
fake_submit(struct spdk_nvme_qpair *qpair, struct nvme_request *req)
{
	struct iovec iov[OUT_MAX];
	int rc;

	if (g_fake.submit_rc != 0) {
		return g_fake.submit_rc;
	}
	if (g_fake.num_out == g_fake.depth) {
		return -EAGAIN;
	}
	rc = nvme_request_to_iov(req, iov, g_fake.max_sges);
	if (rc < 0) {
		return rc;
	}
	g_fake.out[g_fake.num_out++] = req;
	return 0;
}

static void
take_out(uint32_t i)
{
	g_fake.num_out--;
	memmove(g_fake.out + i, g_fake.out + i + 1, (g_fake.num_out - i) * sizeof(g_fake.out[0]));
}

static uint64_t
property(uint32_t offset)
{
	switch (offset) {
	case 0x00:
		return 0x20ull << 32 | 0x1e0100ff; /* CAP */
	case 0x08:
		return 0x10400; /* VS */
	case 0x14:
		return g_fake.cc;
	default:
		/* CSTS: ready when enabled, shut down when asked to */
		return (g_fake.cc & 1) | ((g_fake.cc >> 14 & 3) != 0 ? 2 << 2 : 0);
	}
}

/* As a controller without a fault does. */
static void
answer_by_itself(struct nvme_request *req)
{
	const struct spdk_nvmf_fabric_prop_set_cmd *prop = (const void *)&req->cmd;
	struct spdk_nvme_cpl cpl = {};
	uint64_t value;

	fill_payload(req);
	if (req->cmd.opc == SPDK_NVME_OPC_FABRIC && prop->fctype == PROP_SET) {
		g_fake.cc = (uint32_t)prop->value.u64;
	} else if (req->cmd.opc == SPDK_NVME_OPC_FABRIC) {
		value = property(prop->ofst);
		cpl.cdw0 = (uint32_t)value;
		cpl.cdw1 = (uint32_t)(value >> 32);
	} else if (req->cmd.opc == SPDK_NVME_OPC_SET_FEATURES) {
		cpl.cdw0 = req->cmd.cdw11; /* as many queues as it wants */
	}
	nvme_request_complete(req, &cpl);
}

static int32_t
fake_process(struct spdk_nvme_qpair *qpair, uint32_t max)
{
	struct nvme_request *req;
	uint32_t i = 0;

	while (g_fake.automatic && i < g_fake.num_out) {
		req = g_fake.out[i];
		if (req->cmd.opc == SPDK_NVME_OPC_ASYNC_EVENT_REQUEST) {
			i++;
			continue;
		}
		take_out(i);
		answer_by_itself(req);
	}
	return 0;
}

static void
fake_abort(struct spdk_nvme_qpair *qpair, uint32_t dnr)
{
	uint32_t i, kept = 0;

	for (i = 0; i < g_fake.num_out; i++) {
		if (g_fake.out[i]->qpair == qpair) {
			nvme_request_fail(g_fake.out[i], SPDK_NVME_SCT_GENERIC,
			                  SPDK_NVME_SC_ABORTED_SQ_DELETION, dnr != 0);
		} else {
			g_fake.out[kept++] = g_fake.out[i];
		}
	}
	g_fake.num_out = kept;
}

static int
fake_connect(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair)
{
	g_fake.num_connects++;
	if (g_fake.connect_rc != 0) {
		return g_fake.connect_rc;
	}
	nvme_qpair_connect_done(qpair);
	return 0;
}

static void
fake_disconnect(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair)
{
	nvme_qpair_disconnect_done(qpair);
}

static uint32_t
fake_max_xfer(struct spdk_nvme_ctrlr *ctrlr)
{
	return 1u << 20;
}

static uint16_t
fake_max_sges(struct spdk_nvme_ctrlr *ctrlr)
{
	return g_fake.max_sges;
}

static int
fake_iterate(struct spdk_nvme_qpair *qpair, int (*fn)(struct nvme_request *req, void *arg),
             void *arg)
{
	uint32_t i;

	for (i = 0; i < g_fake.num_out; i++) {
		if (g_fake.out[i]->qpair == qpair) {
			fn(g_fake.out[i], arg);
		}
	}
	return 0;
}

static struct spdk_nvme_ctrlr *
fake_construct(const struct spdk_nvme_transport_id *trid, const struct spdk_nvme_ctrlr_opts *opts,
               void *devhandle)
{
	struct spdk_nvme_ctrlr *ctrlr = &g_fake.ctrlr;

	memset(ctrlr, 0, sizeof(*ctrlr));
	ctrlr->ops = &g_fake_ops;
	ctrlr->trid = *trid;
	ctrlr->opts = *opts;
	assert_int_equal(nvme_ctrlr_construct(ctrlr), 0);
	assert_int_equal(nvme_qpair_init(&g_fake.adminq, 0, ctrlr, 0, 48, true), 0);
	ctrlr->adminq = &g_fake.adminq;
	g_fake.adminq.queue_depth = 31;
	return ctrlr;
}

static int
fake_scan(struct spdk_nvme_probe_ctx *probe_ctx, bool direct_connect)
{
	return nvme_probe_one(&probe_ctx->trid, probe_ctx, NULL);
}

static int
fake_destruct(struct spdk_nvme_ctrlr *ctrlr)
{
	g_fake.num_destructed++;
	nvme_qpair_deinit(&g_fake.adminq);
	nvme_ctrlr_destruct_finish(ctrlr);
	return 0;
}

const struct spdk_nvme_transport_ops g_fake_ops = {
	.name = "FAKE",
	.type = SPDK_NVME_TRANSPORT_CUSTOM_FABRICS,
	.ctrlr_construct = fake_construct,
	.ctrlr_scan = fake_scan,
	.ctrlr_destruct = fake_destruct,
	.ctrlr_set_reg_4_async = nvme_fabric_set_reg_4_async,
	.ctrlr_get_reg_4_async = nvme_fabric_get_reg_4_async,
	.ctrlr_get_reg_8_async = nvme_fabric_get_reg_8_async,
	.ctrlr_get_max_xfer_size = fake_max_xfer,
	.ctrlr_get_max_sges = fake_max_sges,
	.ctrlr_connect_qpair = fake_connect,
	.ctrlr_disconnect_qpair = fake_disconnect,
	.qpair_abort_reqs = fake_abort,
	.qpair_submit_request = fake_submit,
	.qpair_process_completions = fake_process,
	.qpair_iterate_requests = fake_iterate,
};

/* The oldest command is answered. */
void
answer(uint8_t sct, uint8_t sc, uint32_t cdw0, uint32_t cdw1)
{
	struct nvme_request *req = g_fake.out[0];
	struct spdk_nvme_cpl cpl = {
		.cdw0 = cdw0,
		.cdw1 = cdw1,
		.status = { .sct = sct, .sc = sc },
	};

	assert_true(g_fake.num_out > 0);
	take_out(0);
	nvme_request_complete(req, &cpl);
}

void
fake_reset(void)
{
	memset(&g_fake, 0, sizeof(g_fake));
	g_fake.depth = OUT_MAX;
	g_fake.max_sges = 4;
}

void
start(void)
{
	struct spdk_nvme_ctrlr *ctrlr = &g_fake.ctrlr;
	struct spdk_nvme_transport_id trid = {};
	struct spdk_nvme_ctrlr_opts opts;

	fake_reset();
	spdk_nvme_trid_populate_transport(&trid, SPDK_NVME_TRANSPORT_CUSTOM_FABRICS);
	strcpy(trid.subnqn, "nqn.2024-01.io.basalt:ut");
	nvme_ctrlr_opts_copy(&opts, NULL, 0);
	opts.keep_alive_timeout_ms = 1000;
	fake_construct(&trid, &opts, NULL);
	assert_int_equal(nvme_qpair_init(&g_fake.ioq, 1, ctrlr, 0, 16, true), 0);
	TAILQ_INSERT_TAIL(&ctrlr->io_qpairs, &g_fake.ioq, ctrlr_link);
}

void
stop(void)
{
	nvme_qpair_disconnect(&g_fake.ioq);
	nvme_qpair_disconnect(&g_fake.adminq);
	assert_int_equal(g_fake.ioq.num_outstanding, 0);
	assert_int_equal(g_fake.adminq.num_outstanding, 0);
	nvme_qpair_deinit(&g_fake.ioq);
	nvme_qpair_deinit(&g_fake.adminq);
	nvme_ctrlr_destruct_finish(&g_fake.ctrlr);
}

/* ---- Coming up ---- */

const struct init_step g_init_steps[NUM_INIT_STEPS] = {
	{ "VS", FABRIC, PROP_GET, 0, 0x08, 0, 0, 0, 0x10400, 0 },
	{ "CAP", FABRIC, PROP_GET, 1, 0x00, 0, 0, 0, 0x1e0100ff, 0x20 },
	{ "CC", FABRIC, PROP_GET, 0, 0x14, 0, 0, 0, 1, 0 },
	{ "disable", FABRIC, PROP_SET, 0, 0x14, 0, 0, 0, 0, 0 },
	{ "still ready", FABRIC, PROP_GET, 0, 0x1c, 0, 0, 0, 1, 0 },
	{ "not ready", FABRIC, PROP_GET, 0, 0x1c, 0, 0, 0, 0, 0 },
	{ "enable", FABRIC, PROP_SET, 0, 0x14, 0x460001, 0, 0, 0, 0 },
	{ "not yet", FABRIC, PROP_GET, 0, 0x1c, 0, 0, 0, 0, 0 },
	{ "ready", FABRIC, PROP_GET, 0, 0x1c, 0, 0, 0, 1, 0 },
	{ "identify", SPDK_NVME_OPC_IDENTIFY, 0, 1, 0, 0, 0, 0, 0, 0 },
	{ "keep-alive time", SPDK_NVME_OPC_GET_FEATURES, 0, 0x0f, 0, 0, 0, 0, 2000, 0 },
	{ "queues", SPDK_NVME_OPC_SET_FEATURES, 0, 0x07, 0x03ff03ff, 0, 0, 0, 0x00070003, 0 },
	{ "namespaces", SPDK_NVME_OPC_IDENTIFY, 0, 2, 0, 0, 0, 0, 0, 0 },
	{ "namespace 3", SPDK_NVME_OPC_IDENTIFY, 3, 0, 0, 0, 0, 0, 0, 0 },
	{ "its ids", SPDK_NVME_OPC_IDENTIFY, 3, 3, 0, 0, 0, 0, 0, 0 },
	{ "events", SPDK_NVME_OPC_SET_FEATURES, 0, 0x0b, 0x11f, 0, 0, 0, 0, 0 },
};

/* Generation 9, with one entry. */
static void
fill_discovery_log(const struct nvme_request *req)
{
	struct {
		struct spdk_nvmf_discovery_log_page page;
		struct spdk_nvmf_discovery_log_page_entry entry;
	} log = { .page = { .genctr = 9, .numrec = 1 } };

	memcpy(log.entry.traddr, "there", 5);
	assert_true(req->cmd.cdw12 + req->payload_size <= sizeof(log));
	memcpy(req->payload.base, (uint8_t *)&log + req->cmd.cdw12, req->payload_size);
}

/* What identify commands bring. */
void
fill_payload(const struct nvme_request *req)
{
	struct spdk_nvme_ctrlr_data *cdata = req->payload.base;
	struct spdk_nvme_ns_data *nsdata = req->payload.base;
	uint8_t *bytes = req->payload.base;

	if (req->cmd.opc == SPDK_NVME_OPC_GET_LOG_PAGE &&
	    (req->cmd.cdw10 & 0xff) == SPDK_NVME_LOG_DISCOVERY) {
		fill_discovery_log(req);
	}
	if (req->cmd.opc != SPDK_NVME_OPC_IDENTIFY) {
		return;
	}
	memset(bytes, 0, req->payload_size);
	switch (req->cmd.cdw10 & 0xff) {
	case SPDK_NVME_IDENTIFY_CTRLR:
		cdata->nn = 8;
		cdata->mdts = 5; /* 128 KiB */
		cdata->kas = 1;
		cdata->aerl = 1;
		cdata->oaes.ns_attribute_notices = 1;
		cdata->vwc.present = 1;
		cdata->lpa.lpeds = 1;
		cdata->ctratt.elbas = g_fake.elbas;
		break;
	case SPDK_NVME_IDENTIFY_ACTIVE_NS_LIST:
		((uint32_t *)bytes)[0] = 3;
		break;
	case SPDK_NVME_IDENTIFY_NS:
		nsdata->nsze = nsdata->ncap = 1u << 20;
		nsdata->lbaf[0].lbads = 9;
		nsdata->lbaf[0].ms = g_fake.md_size;
		nsdata->flbas.extended = g_fake.md_size != 0;
		nsdata->dps.pit = g_fake.pi_type;
		break;
	case SPDK_NVME_IDENTIFY_NS_IOCS:
		((struct spdk_nvme_nvm_ns_data *)bytes)->elbaf[0].pif = g_fake.pif;
		break;
	case SPDK_NVME_IDENTIFY_NS_ID_DESCRIPTOR_LIST:
		bytes[0] = SPDK_NVME_NIDT_UUID;
		bytes[1] = 16;
		memset(bytes + 4, 0xab, 16);
		break;
	}
}

static void
check_init_step(const struct init_step *step)
{
	uint32_t queues = g_fake.ctrlr.opts.num_io_queues - 1;
	uint32_t cdw11 = step->cdw11;
	const struct spdk_nvme_cmd *cmd;
	uint8_t fctype;

	assert_int_equal(g_fake.num_out, 1);
	cmd = &g_fake.out[0]->cmd;
	assert_int_equal(cmd->opc, step->opc);
	if (step->opc == FABRIC) {
		fctype = ((const struct spdk_nvmf_capsule_cmd *)cmd)->fctype;
		assert_int_equal(fctype, step->nsid);
	} else {
		assert_int_equal(cmd->nsid, step->nsid);
	}
	assert_int_equal(cmd->cdw10, step->cdw10);
	/* After a reset no more queues are asked for than were granted. */
	if (step->opc == SPDK_NVME_OPC_SET_FEATURES && step->cdw10 == 7) {
		cdw11 &= queues << 16 | queues;
	}
	assert_int_equal(cmd->cdw11, cdw11);
	assert_int_equal(cmd->cdw12, step->cdw12);
}

/* Up to step `end`; returns the last result of the machine. */
int
play_init(size_t end)
{
	int rc = -EAGAIN;
	size_t i;

	for (i = 0; i < end; i++) {
		const struct init_step *step = &g_init_steps[i];
		int tries = 0;

		while (g_fake.num_out == 0 && tries++ < 4) {
			rc = nvme_ctrlr_process_init(&g_fake.ctrlr);
			assert_int_equal(rc, -EAGAIN);
		}
		check_init_step(step);
		fill_payload(g_fake.out[0]);
		answer(step->sct, step->sc, step->cdw0, step->cdw1);
	}
	return rc;
}

void
bring_up(void)
{
	int tries = 0;

	start();
	play_init(NUM_INIT_STEPS);
	while (nvme_ctrlr_process_init(&g_fake.ctrlr) == -EAGAIN) {
		assert_true(tries++ < 4);
	}
	assert_int_equal(g_fake.ctrlr.init.state, NVME_CTRLR_READY);
	/* AERL 1 means two event requests. */
	assert_int_equal(g_fake.num_out, 2);
	assert_int_equal(g_fake.out[1]->cmd.opc, SPDK_NVME_OPC_ASYNC_EVENT_REQUEST);
	assert_int_equal(nvme_qpair_connect(&g_fake.ioq), 0);
}
