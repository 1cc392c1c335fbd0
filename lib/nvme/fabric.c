/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * What NVMe over Fabrics adds to every transport: registers by Property Get and Set, the Connect
 * command of each queue, and the scan that asks a discovery controller. Properties run under
 * ctrlr->lock on the admin queue; a Connect on its queue pair's thread, with the deadline of
 * fabrics_connect_timeout_us (the admin command timeout does not apply to it).
 */

#include "spdk_internal/nvme.h"
#include "spdk_internal/nvme_wire.h"

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"

/* ---- Properties ---- */

struct prop_ctx {
	spdk_nvme_reg_cb cb_fn;
	void *cb_arg;
	bool is_set;
	uint8_t size_bytes;
	uint64_t value;
};

static void
prop_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct prop_ctx *ctx = arg;
	uint64_t value = ctx->value;

	if (!ctx->is_set) {
		value = spdk_nvme_cpl_is_success(cpl) ? wire_prop_value_from_cpl(cpl) : 0;
		if (ctx->size_bytes == 4) {
			value &= UINT32_MAX;
		}
	}
	ctx->cb_fn(ctx->cb_arg, value, cpl);
	free(ctx);
}

static int
prop_send(struct spdk_nvme_ctrlr *ctrlr, const struct wire_prop *prop, spdk_nvme_reg_cb cb_fn,
          void *cb_arg)
{
	struct prop_ctx *ctx = calloc(1, sizeof(*ctx));
	struct nvme_request *req;
	int rc = -ENOMEM;

	if (ctx == NULL) {
		return -ENOMEM;
	}
	ctx->cb_fn = cb_fn;
	ctx->cb_arg = cb_arg;
	ctx->is_set = prop->is_set;
	ctx->size_bytes = prop->size_bytes;
	ctx->value = prop->value;

	nvme_ctrlr_lock(ctrlr);
	req = nvme_request_get_contig(ctrlr->adminq, NULL, 0, prop_done, ctx);
	if (req != NULL) {
		wire_prop_encode(prop, &req->cmd);
		rc = nvme_ctrlr_submit_admin(ctrlr, req);
	}
	nvme_ctrlr_unlock(ctrlr);
	if (rc != 0) {
		free(ctx);
	}
	return rc;
}

int
nvme_fabric_set_reg_4_async(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset, uint32_t value,
                            spdk_nvme_reg_cb cb_fn, void *cb_arg)
{
	struct wire_prop prop = {
		.is_set = true,
		.size_bytes = 4,
		.offset = offset,
		.value = value,
	};

	return prop_send(ctrlr, &prop, cb_fn, cb_arg);
}

int
nvme_fabric_set_reg_8_async(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset, uint64_t value,
                            spdk_nvme_reg_cb cb_fn, void *cb_arg)
{
	struct wire_prop prop = {
		.is_set = true,
		.size_bytes = 8,
		.offset = offset,
		.value = value,
	};

	return prop_send(ctrlr, &prop, cb_fn, cb_arg);
}

int
nvme_fabric_get_reg_4_async(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset, spdk_nvme_reg_cb cb_fn,
                            void *cb_arg)
{
	struct wire_prop prop = { .size_bytes = 4, .offset = offset };

	return prop_send(ctrlr, &prop, cb_fn, cb_arg);
}

int
nvme_fabric_get_reg_8_async(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset, spdk_nvme_reg_cb cb_fn,
                            void *cb_arg)
{
	struct wire_prop prop = { .size_bytes = 8, .offset = offset };

	return prop_send(ctrlr, &prop, cb_fn, cb_arg);
}

/* ---- Connect ---- */

/*
 * The queue pair and the command's call-back each hold the struct; the last one frees it. So a
 * cancelled Connect needs no answer, and a late answer touches no queue pair.
 */
struct nvme_fabric_connect {
	bool is_done;
	bool is_cancelled;
	struct spdk_nvme_cpl cpl;
	uint64_t deadline_ticks;
	uint8_t data[WIRE_CONNECT_DATA_BYTES];
};

static void
connect_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct nvme_fabric_connect *connect = arg;

	connect->is_done = true;
	connect->cpl = *cpl;
	if (connect->is_cancelled) {
		spdk_free(connect);
	}
}

void
nvme_fabric_connect_cancel(struct spdk_nvme_qpair *qpair)
{
	struct nvme_fabric_connect *connect = qpair->fabric_connect;

	if (connect == NULL) {
		return;
	}
	qpair->fabric_connect = NULL;
	if (connect->is_done) {
		spdk_free(connect);
	} else {
		connect->is_cancelled = true;
	}
}

static void
connect_fill_data(const struct spdk_nvme_qpair *qpair, void *buf)
{
	const struct spdk_nvme_ctrlr *ctrlr = qpair->ctrlr;
	struct wire_connect_data data;

	memset(&data, 0, sizeof(data));
	memcpy(data.hostid, ctrlr->opts.extended_host_id, sizeof(data.hostid));
	/* The admin queue takes any controller; the others belong to the one it got. */
	data.cntlid = qpair->id == 0 ? 0xffff : ctrlr->cntlid;
	snprintf(data.subnqn, sizeof(data.subnqn), "%s", ctrlr->trid.subnqn);
	snprintf(data.hostnqn, sizeof(data.hostnqn), "%s", ctrlr->opts.hostnqn);
	wire_connect_data_encode(&data, buf);
}

int
nvme_fabric_connect_start(struct spdk_nvme_qpair *qpair, uint32_t num_entries)
{
	const struct spdk_nvme_ctrlr_opts *opts = &qpair->ctrlr->opts;
	struct wire_connect_cmd cmd = { .qid = qpair->id };
	struct nvme_fabric_connect *connect;
	struct nvme_request *req;
	int rc;

	assert(num_entries >= 2 && num_entries <= UINT16_MAX + 1);
	nvme_fabric_connect_cancel(qpair);
	connect = spdk_zmalloc(sizeof(*connect), 0, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	if (connect == NULL) {
		return -ENOMEM;
	}
	req = nvme_request_get_contig(qpair, connect->data, sizeof(connect->data), connect_done,
	                              connect);
	if (req == NULL) {
		spdk_free(connect);
		return -ENOMEM;
	}
	cmd.sqsize = (uint16_t)(num_entries - 1);
	cmd.cattr = opts->disable_sq_flow_control ? 1 << 2 : 0;
	cmd.kato_ms = qpair->id == 0 ? opts->keep_alive_timeout_ms : 0;
	wire_connect_cmd_encode(&cmd, &req->cmd);
	req->flags |= NVME_REQ_CONNECT;
	connect_fill_data(qpair, connect->data);
	connect->deadline_ticks = nvme_deadline_ms(
	        SPDK_CEIL_DIV(opts->fabrics_connect_timeout_us, SPDK_MSEC_TO_USEC));
	rc = nvme_qpair_submit(qpair, req);
	if (rc != 0) {
		spdk_free(connect);
		return rc;
	}
	qpair->fabric_connect = connect;
	return 0;
}

static const char *
connect_reason(const struct spdk_nvme_cpl *cpl)
{
	if (cpl->status.sct != SPDK_NVME_SCT_COMMAND_SPECIFIC) {
		return "the command failed";
	}
	switch (cpl->status.sc) {
	case SPDK_NVMF_FABRIC_SC_INCOMPATIBLE_FORMAT:
		return "the target does not know this format of Connect";
	case SPDK_NVMF_FABRIC_SC_CONTROLLER_BUSY:
		return "the controller is busy";
	case SPDK_NVMF_FABRIC_SC_INVALID_PARAM:
		return "a parameter is wrong: look at the subsystem's and the host's NQN";
	case SPDK_NVMF_FABRIC_SC_RESTART_DISCOVERY:
		return "the subsystem has moved: discover it again";
	case SPDK_NVMF_FABRIC_SC_INVALID_HOST:
		return "the subsystem does not allow this host's NQN";
	default:
		return "the command failed";
	}
}

static int
connect_finish(struct spdk_nvme_qpair *qpair, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = qpair->ctrlr;
	union {
		struct spdk_nvme_cpl cpl;
		struct spdk_nvmf_fabric_connect_rsp rsp;
	} u = { .cpl = *cpl };

	if (spdk_nvme_cpl_is_error(cpl)) {
		SPDK_ERRLOG("%s: Connect of queue %u to %s:%s refused (%02x/%02x): %s\n",
		            ctrlr->trid.subnqn, qpair->id, ctrlr->trid.traddr, ctrlr->trid.trsvcid,
		            cpl->status.sct, cpl->status.sc, connect_reason(cpl));
		return cpl->status.sct == SPDK_NVME_SCT_COMMAND_SPECIFIC &&
		                       cpl->status.sc == SPDK_NVMF_FABRIC_SC_INVALID_HOST
		               ? -EACCES
		               : -EIO;
	}
	if (u.rsp.status_code_specific.success.authreq.atr != 0 ||
	    u.rsp.status_code_specific.success.authreq.ascr != 0) {
		SPDK_ERRLOG("%s: queue %u: the target asks for in-band authentication, which this "
		            "version does not offer\n",
		            ctrlr->trid.subnqn, qpair->id);
		return -EACCES;
	}
	if (qpair->id == 0) {
		ctrlr->cntlid = u.rsp.status_code_specific.success.cntlid;
	}
	return 0;
}

int
nvme_fabric_connect_poll(struct spdk_nvme_qpair *qpair)
{
	struct nvme_fabric_connect *connect = qpair->fabric_connect;
	struct spdk_nvme_ctrlr *ctrlr = qpair->ctrlr;
	int rc;

	if (connect == NULL) {
		return -ECANCELED;
	}
	if (!connect->is_done) {
		/* A deadline of 0 means none of its own: the state's deadline stands. */
		if (ctrlr->opts.fabrics_connect_timeout_us != 0 &&
		    spdk_get_ticks() > connect->deadline_ticks) {
			SPDK_ERRLOG("%s: no answer to Connect of queue %u within %" PRIu64 " ms\n",
			            ctrlr->trid.subnqn, qpair->id,
			            ctrlr->opts.fabrics_connect_timeout_us / SPDK_MSEC_TO_USEC);
			return -ETIMEDOUT;
		}
		return -EAGAIN;
	}
	rc = connect_finish(qpair, &connect->cpl);
	nvme_fabric_connect_cancel(qpair);
	return rc;
}
