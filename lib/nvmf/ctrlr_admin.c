/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Admin commands: which ones there are, Abort, Keep Alive. Controller thread. Identify, features,
 * log pages and events stand in files of their own.
 */

#include "nvmf_internal.h"

/* ---- Abort ---- */

struct abort {
	struct spdk_nvmf_request *req;
	struct spdk_nvmf_ctrlr *ctrlr;
	struct spdk_thread *thread;
	uint16_t sqid;
	uint16_t cid;
	bool aborted;
	struct spdk_io_channel_iter *iter; /* while the bdev looks */
};

/** The bdev's answer; the namespace is there: this command keeps its subsystem from pausing. */
static void
abort_bdev_done(struct spdk_bdev_io *bdev_io, bool success, void *arg)
{
	struct abort *ctx = arg;

	spdk_bdev_free_io(bdev_io);
	ctx->aborted = success;
	spdk_for_each_channel_continue(ctx->iter, 0);
}

static struct spdk_nvmf_request *
abort_find(const struct abort *ctx, struct spdk_nvmf_poll_group *group)
{
	struct spdk_nvmf_request *req;
	struct spdk_nvmf_qpair *qpair;

	TAILQ_FOREACH(qpair, &group->qpairs, link) {
		if (qpair->ctrlr != ctx->ctrlr || qpair->qid != ctx->sqid) {
			continue;
		}
		TAILQ_FOREACH(req, &qpair->outstanding, link) {
			if (req->cmd->nvme_cmd.cid == ctx->cid) {
				return req;
			}
		}
	}
	return NULL;
}

/** What waits for a paused subsystem was not begun and is taken back; of what is in the bdev, the
 *  bdev is asked. \return true: abort_bdev_done() follows. */
static bool
abort_request(struct abort *ctx, struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_subsystem_poll_group *sgroup = nvmf_qpair_sgroup(req->qpair);
	struct nvmf_sgroup_ns *ns;

	if (req->rsvd == NVMF_REQ_QUEUED) {
		STAILQ_REMOVE(&sgroup->queued, req, spdk_nvmf_request, reservation_link);
		req->rsvd = NVMF_REQ_UNCOUNTED;
		nvmf_rsp_set(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_ABORTED_BY_REQUEST);
		spdk_nvmf_request_complete(req);
		ctx->aborted = true;
		return false;
	}
	if (req->rsvd != NVMF_REQ_IO) {
		return false;
	}
	ns = &sgroup->ns[req->cmd->nvme_cmd.nsid - 1];
	return spdk_bdev_abort(ns->desc, ns->channel, nvmf_request_bdev_arg(req), abort_bdev_done,
	                       ctx) == 0;
}

static void
abort_in_group(struct spdk_io_channel_iter *i)
{
	struct abort *ctx = spdk_io_channel_iter_get_ctx(i);
	struct spdk_nvmf_request *req;

	req = abort_find(ctx, spdk_io_channel_get_ctx(spdk_io_channel_iter_get_channel(i)));
	ctx->iter = i;
	if (req == NULL || !abort_request(ctx, req)) {
		spdk_for_each_channel_continue(i, 0);
	}
}

static void
abort_done(struct spdk_io_channel_iter *i, int status)
{
	struct abort *ctx = spdk_io_channel_iter_get_ctx(i);
	struct spdk_nvmf_request *req = ctx->req;

	req->rsp->nvme_cpl.cdw0 = ctx->aborted ? 0 : 1; /* bit 0: was not aborted */
	free(ctx);
	spdk_nvmf_request_complete(req);
}

enum spdk_nvmf_request_exec_status
nvmf_ctrlr_abort(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_ctrlr *ctrlr = req->qpair->ctrlr;
	uint32_t cdw10 = req->cmd->nvme_cmd.cdw10;
	struct abort *ctx;

	req->rsp->nvme_cpl.cdw0 = 1;
	if ((cdw10 & 0xffff) == 0 && nvmf_ctrlr_abort_aer_cid(ctrlr, cdw10 >> 16)) {
		req->rsp->nvme_cpl.cdw0 = 0;
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	ctx = calloc(1, sizeof(*ctx));
	if (ctx == NULL) {
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	ctx->req = req;
	ctx->ctrlr = ctrlr;
	ctx->sqid = cdw10 & 0xffff;
	ctx->cid = cdw10 >> 16;
	spdk_for_each_channel(ctrlr->subsys->tgt, abort_in_group, ctx, abort_done);
	return SPDK_NVMF_REQUEST_EXEC_STATUS_ASYNCHRONOUS;
}

/* ---- The others ---- */

static enum spdk_nvmf_request_exec_status
ctrlr_keep_alive(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_ctrlr *ctrlr = req->qpair->ctrlr;

	if (ctrlr->feat.kato_ms == 0) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_KEEP_ALIVE_INVALID);
	}
	ctrlr->last_keep_alive_ticks = spdk_get_ticks();
	return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
}

/** What a discovery controller offers: NVMe Base 2.0, 3.1.2.3. */
static bool
discovery_offers(uint8_t opc)
{
	return opc == SPDK_NVME_OPC_IDENTIFY || opc == SPDK_NVME_OPC_GET_LOG_PAGE ||
	       opc == SPDK_NVME_OPC_KEEP_ALIVE || opc == SPDK_NVME_OPC_GET_FEATURES ||
	       opc == SPDK_NVME_OPC_SET_FEATURES;
}

enum spdk_nvmf_request_exec_status
nvmf_ctrlr_admin_exec(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_ctrlr *ctrlr = req->qpair->ctrlr;
	uint8_t opc = req->cmd->nvme_cmd.opc;

	assert(ctrlr->thread == spdk_get_thread());
	if (spdk_nvmf_req_get_xfer(req) == SPDK_NVME_DATA_CONTROLLER_TO_HOST) {
		/* Whatever a handler leaves unwritten: not what the buffer held before. */
		spdk_iov_memset(req->iov, req->iovcnt, 0);
	}
	if (!ctrlr->regs.csts.bits.rdy) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_COMMAND_SEQUENCE_ERROR);
	}
	if (ctrlr->discovery) {
		if (!discovery_offers(opc)) {
			return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_OPCODE);
		}
		if (ctrlr->feat.kato_ms == 0) {
			ctrlr->last_keep_alive_ticks = spdk_get_ticks();
		}
	}
	switch (opc) {
	case SPDK_NVME_OPC_IDENTIFY:
		return nvmf_ctrlr_identify(req);
	case SPDK_NVME_OPC_GET_LOG_PAGE:
		return nvmf_ctrlr_get_log_page(req);
	case SPDK_NVME_OPC_GET_FEATURES:
		return nvmf_ctrlr_get_features(req);
	case SPDK_NVME_OPC_SET_FEATURES:
		return nvmf_ctrlr_set_features(req);
	case SPDK_NVME_OPC_ABORT:
		return nvmf_ctrlr_abort(req);
	case SPDK_NVME_OPC_KEEP_ALIVE:
		return ctrlr_keep_alive(req);
	default:
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_OPCODE);
	}
}
