/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Admin commands, and raw commands of both kinds. Admin commands are sent under ctrlr->lock, from
 * any thread; their call-backs run in spdk_nvme_ctrlr_process_admin_completions().
 */

#include "spdk_internal/nvme.h"

#include "spdk/util.h"

int
nvme_ctrlr_submit_admin(struct spdk_nvme_ctrlr *ctrlr, struct nvme_request *req)
{
	return nvme_qpair_submit(ctrlr->adminq, req);
}

/* The command `cmd` with a contiguous payload. */
static int
admin_send_any(struct spdk_nvme_ctrlr *ctrlr, const struct spdk_nvme_cmd *cmd, void *payload,
               uint32_t payload_size, spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	struct nvme_request *req;
	int rc = -ENOMEM;

	nvme_ctrlr_lock(ctrlr);
	req = nvme_request_get_contig(ctrlr->adminq, payload, payload_size, cb_fn, cb_arg);
	if (req != NULL) {
		req->cmd = *cmd;
		rc = nvme_qpair_submit(ctrlr->adminq, req);
	}
	nvme_ctrlr_unlock(ctrlr);
	return rc;
}

/* The same for users, who leave NVME_ADMIN_REQUESTS_KEPT requests to the library. */
static int
admin_send(struct spdk_nvme_ctrlr *ctrlr, const struct spdk_nvme_cmd *cmd, void *payload,
           uint32_t payload_size, spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	const struct spdk_nvme_qpair *adminq = ctrlr->adminq;
	int rc = -ENOMEM;

	if (payload_size > 0 && payload == NULL) {
		return -EINVAL;
	}
	nvme_ctrlr_lock(ctrlr);
	if (adminq->num_reqs - adminq->num_outstanding > NVME_ADMIN_REQUESTS_KEPT) {
		rc = admin_send_any(ctrlr, cmd, payload, payload_size, cb_fn, cb_arg);
	}
	nvme_ctrlr_unlock(ctrlr);
	return rc;
}

int
nvme_ctrlr_cmd_identify(struct spdk_nvme_ctrlr *ctrlr, uint8_t cns, uint32_t nsid, void *payload,
                        spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	struct spdk_nvme_cmd cmd = { .opc = SPDK_NVME_OPC_IDENTIFY, .nsid = nsid };

	cmd.cdw10_bits.identify.cns = cns;
	return admin_send_any(ctrlr, &cmd, payload, SPDK_NVME_IDENTIFY_BUFLEN, cb_fn, cb_arg);
}

int
spdk_nvme_ctrlr_cmd_admin_raw(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_cmd *cmd, void *buf,
                              uint32_t len, spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	return admin_send(ctrlr, cmd, buf, len, cb_fn, cb_arg);
}

int
spdk_nvme_ctrlr_cmd_get_log_page_ext(struct spdk_nvme_ctrlr *ctrlr, uint8_t log_page, uint32_t nsid,
                                     void *payload, uint32_t payload_size, uint64_t offset,
                                     uint32_t cdw10, uint32_t cdw11, uint32_t cdw14,
                                     spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	struct spdk_nvme_cmd cmd = { .opc = SPDK_NVME_OPC_GET_LOG_PAGE, .nsid = nsid };
	uint32_t numd;

	if (payload_size == 0 || (payload_size & 3) != 0 || (offset & 3) != 0) {
		return -EINVAL;
	}
	/* Offsets came with NVMe 1.2.1; a controller says so by the extended data bit. */
	if (offset != 0 && ctrlr->cdata.lpa.lpeds == 0) {
		return -EINVAL;
	}
	numd = payload_size / 4 - 1;
	cmd.cdw10 = cdw10;
	cmd.cdw11 = cdw11;
	cmd.cdw14 = cdw14;
	cmd.cdw10_bits.get_log_page.lid = log_page;
	cmd.cdw10_bits.get_log_page.numdl = numd & 0xffff;
	cmd.cdw11_bits.get_log_page.numdu = numd >> 16;
	cmd.cdw12 = (uint32_t)offset;
	cmd.cdw13 = (uint32_t)(offset >> 32);
	return admin_send(ctrlr, &cmd, payload, payload_size, cb_fn, cb_arg);
}

int
spdk_nvme_ctrlr_cmd_get_log_page(struct spdk_nvme_ctrlr *ctrlr, uint8_t log_page, uint32_t nsid,
                                 void *payload, uint32_t payload_size, uint64_t offset,
                                 spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	return spdk_nvme_ctrlr_cmd_get_log_page_ext(ctrlr, log_page, nsid, payload, payload_size,
	                                            offset, 0, 0, 0, cb_fn, cb_arg);
}

/* ---- Features ---- */

int
spdk_nvme_ctrlr_cmd_set_feature_ns(struct spdk_nvme_ctrlr *ctrlr, uint8_t feature, uint32_t cdw11,
                                   uint32_t cdw12, void *payload, uint32_t payload_size,
                                   spdk_nvme_cmd_cb cb_fn, void *cb_arg, uint32_t ns_id)
{
	struct spdk_nvme_cmd cmd = {
		.opc = SPDK_NVME_OPC_SET_FEATURES,
		.nsid = ns_id,
		.cdw10 = feature,
		.cdw11 = cdw11,
		.cdw12 = cdw12,
	};

	return admin_send(ctrlr, &cmd, payload, payload_size, cb_fn, cb_arg);
}

int
spdk_nvme_ctrlr_cmd_set_feature(struct spdk_nvme_ctrlr *ctrlr, uint8_t feature, uint32_t cdw11,
                                uint32_t cdw12, void *payload, uint32_t payload_size,
                                spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	return spdk_nvme_ctrlr_cmd_set_feature_ns(ctrlr, feature, cdw11, cdw12, payload,
	                                          payload_size, cb_fn, cb_arg, 0);
}

int
spdk_nvme_ctrlr_cmd_get_feature_ns(struct spdk_nvme_ctrlr *ctrlr, uint8_t feature, uint32_t cdw11,
                                   void *payload, uint32_t payload_size, spdk_nvme_cmd_cb cb_fn,
                                   void *cb_arg, uint32_t ns_id)
{
	struct spdk_nvme_cmd cmd = {
		.opc = SPDK_NVME_OPC_GET_FEATURES,
		.nsid = ns_id,
		.cdw10 = feature,
		.cdw11 = cdw11,
	};

	return admin_send(ctrlr, &cmd, payload, payload_size, cb_fn, cb_arg);
}

int
spdk_nvme_ctrlr_cmd_get_feature(struct spdk_nvme_ctrlr *ctrlr, uint8_t feature, uint32_t cdw11,
                                void *payload, uint32_t payload_size, spdk_nvme_cmd_cb cb_fn,
                                void *cb_arg)
{
	return spdk_nvme_ctrlr_cmd_get_feature_ns(ctrlr, feature, cdw11, payload, payload_size,
	                                          cb_fn, cb_arg, 0);
}

/* ---- Abort ---- */

int
spdk_nvme_ctrlr_cmd_abort(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair,
                          uint16_t cid, spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	struct spdk_nvme_cmd cmd = { .opc = SPDK_NVME_OPC_ABORT };

	cmd.cdw10_bits.abort.sqid = qpair != NULL ? qpair->id : 0;
	cmd.cdw10_bits.abort.cid = cid;
	return admin_send(ctrlr, &cmd, NULL, 0, cb_fn, cb_arg);
}

struct abort_ext {
	struct spdk_nvme_ctrlr *ctrlr;
	void *cmd_cb_arg;
	spdk_nvme_cmd_cb cb_fn;
	void *cb_arg;
	uint32_t num_out; /* aborts sent and not answered */
	int rc;
	struct spdk_nvme_cpl cpl;
};

static void
abort_ext_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct abort_ext *ctx = arg;

	/* Success only if each one was aborted. */
	if (spdk_nvme_cpl_is_error(cpl) && !spdk_nvme_cpl_is_error(&ctx->cpl)) {
		ctx->cpl = *cpl;
	}
	ctx->cpl.cdw0 |= cpl->cdw0 & 1;
	if (--ctx->num_out == 0) {
		if (ctx->cb_fn != NULL) {
			ctx->cb_fn(ctx->cb_arg, &ctx->cpl);
		}
		free(ctx);
	}
}

static bool
abort_ext_matches(const struct abort_ext *ctx, const struct nvme_request *req)
{
	const struct nvme_request *top = req->parent != NULL ? req->parent : req;

	return top->cb_arg == ctx->cmd_cb_arg && top->cb_fn != abort_ext_done;
}

static int
abort_ext_visit(struct nvme_request *req, void *arg)
{
	struct abort_ext *ctx = arg;
	int rc;

	if (!abort_ext_matches(ctx, req)) {
		return 0;
	}
	rc = spdk_nvme_ctrlr_cmd_abort(ctx->ctrlr, req->qpair, req->cmd.cid, abort_ext_done, ctx);
	if (rc == 0) {
		ctx->num_out++;
	} else if (ctx->rc == 0) {
		ctx->rc = rc;
	}
	return 0;
}

/* Those that never left are completed here and now: there is nobody to ask. */
static void
abort_ext_queued(struct abort_ext *ctx, struct spdk_nvme_qpair *qpair)
{
	struct nvme_request_queue found = STAILQ_HEAD_INITIALIZER(found);
	struct nvme_request *req, *tmp;

	STAILQ_FOREACH_SAFE(req, &qpair->queued, link, tmp) {
		if (abort_ext_matches(ctx, req)) {
			STAILQ_REMOVE(&qpair->queued, req, nvme_request, link);
			STAILQ_INSERT_TAIL(&found, req, link);
		}
	}
	/* Call-backs may free the queue pair. */
	nvme_qpair_enter_poll(qpair);
	while ((req = STAILQ_FIRST(&found)) != NULL) {
		STAILQ_REMOVE_HEAD(&found, link);
		nvme_request_fail(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_ABORTED_BY_REQUEST,
		                  true);
	}
	nvme_qpair_leave_poll(qpair);
}

int
spdk_nvme_ctrlr_cmd_abort_ext(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair,
                              void *cmd_cb_arg, spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	struct abort_ext *ctx;
	int rc = 0;

	if (cmd_cb_arg == NULL) {
		return -EINVAL;
	}
	ctx = calloc(1, sizeof(*ctx));
	if (ctx == NULL) {
		return -ENOMEM;
	}
	nvme_ctrlr_lock(ctrlr);
	if (qpair == NULL) {
		qpair = ctrlr->adminq;
	}
	ctx->ctrlr = ctrlr;
	ctx->cmd_cb_arg = cmd_cb_arg;
	ctx->cb_fn = cb_fn;
	ctx->cb_arg = cb_arg;
	qpair->ops->qpair_iterate_requests(qpair, abort_ext_visit, ctx);
	/* SPDK's contract: -ENOENT when there is nothing to ask the controller for. */
	if (ctx->num_out == 0) {
		rc = ctx->rc != 0 ? ctx->rc : -ENOENT;
	}
	abort_ext_queued(ctx, qpair);
	if (rc != 0) {
		free(ctx);
	}
	nvme_ctrlr_unlock(ctrlr);
	return rc;
}

/* ---- Security, directives ---- */

static struct spdk_nvme_cmd
security_cmd(uint8_t opc, uint8_t secp, uint16_t spsp, uint8_t nssf, uint32_t payload_size)
{
	struct spdk_nvme_cmd cmd = { .opc = opc, .cdw11 = payload_size };

	cmd.cdw10_bits.sec_send_recv.nssf = nssf;
	cmd.cdw10_bits.sec_send_recv.spsp0 = spsp & 0xff;
	cmd.cdw10_bits.sec_send_recv.spsp1 = spsp >> 8;
	cmd.cdw10_bits.sec_send_recv.secp = secp;
	return cmd;
}

int
spdk_nvme_ctrlr_cmd_security_receive(struct spdk_nvme_ctrlr *ctrlr, uint8_t secp, uint16_t spsp,
                                     uint8_t nssf, void *payload, uint32_t payload_size,
                                     spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	struct spdk_nvme_cmd cmd =
	        security_cmd(SPDK_NVME_OPC_SECURITY_RECEIVE, secp, spsp, nssf, payload_size);

	return admin_send(ctrlr, &cmd, payload, payload_size, cb_fn, cb_arg);
}

int
spdk_nvme_ctrlr_cmd_security_send(struct spdk_nvme_ctrlr *ctrlr, uint8_t secp, uint16_t spsp,
                                  uint8_t nssf, void *payload, uint32_t payload_size,
                                  spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	struct spdk_nvme_cmd cmd =
	        security_cmd(SPDK_NVME_OPC_SECURITY_SEND, secp, spsp, nssf, payload_size);

	return admin_send(ctrlr, &cmd, payload, payload_size, cb_fn, cb_arg);
}

/* ---- Raw I/O commands ---- */

int
spdk_nvme_ctrlr_cmd_io_raw_with_md(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair,
                                   struct spdk_nvme_cmd *cmd, void *buf, uint32_t len, void *md_buf,
                                   spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	struct nvme_request *req;

	if ((len > 0 && buf == NULL) || (md_buf != NULL && nvme_ctrlr_is_fabrics(ctrlr))) {
		return -EINVAL;
	}
	req = nvme_request_get_contig(qpair, buf, len, cb_fn, cb_arg);
	if (req == NULL) {
		return -ENOMEM;
	}
	req->payload.md = md_buf;
	req->cmd = *cmd;
	return nvme_qpair_submit(qpair, req);
}

int
spdk_nvme_ctrlr_cmd_io_raw(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair,
                           struct spdk_nvme_cmd *cmd, void *buf, uint32_t len,
                           spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	return spdk_nvme_ctrlr_cmd_io_raw_with_md(ctrlr, qpair, cmd, buf, len, NULL, cb_fn, cb_arg);
}

int
spdk_nvme_ctrlr_cmd_iov_raw_with_md(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair,
                                    struct spdk_nvme_cmd *cmd, uint32_t len, void *md_buf,
                                    spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                                    spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                                    spdk_nvme_req_next_sge_cb next_sge_fn)
{
	struct nvme_payload payload = {
		.base = cb_arg,
		.reset_sgl_fn = reset_sgl_fn,
		.next_sge_fn = next_sge_fn,
		.md = md_buf,
	};
	struct nvme_request *req;

	if (reset_sgl_fn == NULL || next_sge_fn == NULL ||
	    (md_buf != NULL && nvme_ctrlr_is_fabrics(ctrlr))) {
		return -EINVAL;
	}
	req = nvme_request_get(qpair, &payload, len, cb_fn, cb_arg);
	if (req == NULL) {
		return -ENOMEM;
	}
	req->cmd = *cmd;
	return nvme_qpair_submit(qpair, req);
}
