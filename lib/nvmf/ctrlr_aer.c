/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Asynchronous events. Controller thread. A notice is one bit: pending when it happened, masked
 * from when the host was told until it reads the log page, so that a host that does not read is
 * not told twice. A pending notice goes out as soon as a request is there and it is not masked.
 */

#include "nvmf_internal.h"

static const struct {
	uint8_t info;
	uint8_t log_page;
} g_notices[NVMF_NUM_NOTICES] = {
	[NVMF_NOTICE_NS_CHANGED] = { SPDK_NVME_ASYNC_EVENT_NS_ATTR_CHANGED,
	                             SPDK_NVME_LOG_CHANGED_NS_LIST },
	[NVMF_NOTICE_DISCOVERY] = { SPDK_NVME_ASYNC_EVENT_DISCOVERY_LOG_CHANGE,
	                            SPDK_NVME_LOG_DISCOVERY },
};

static bool
notice_is_wanted(const struct spdk_nvmf_ctrlr *ctrlr, enum nvmf_notice notice)
{
	if (notice == NVMF_NOTICE_NS_CHANGED) {
		return ctrlr->feat.aec.bits.ns_attr_notice;
	}
	return ctrlr->feat.aec.bits.discovery_log_change_notice;
}

static void
aer_complete(struct spdk_nvmf_ctrlr *ctrlr, enum nvmf_notice notice)
{
	struct spdk_nvmf_request *req = ctrlr->aer[--ctrlr->num_aers];
	union spdk_nvme_async_event_completion event = { .raw = 0 };

	event.bits.async_event_type = SPDK_NVME_ASYNC_EVENT_TYPE_NOTICE;
	event.bits.async_event_info = g_notices[notice].info;
	event.bits.log_page_identifier = g_notices[notice].log_page;
	ctrlr->aer[ctrlr->num_aers] = NULL;
	req->rsp->nvme_cpl.cdw0 = event.raw;
	spdk_nvmf_request_complete(req);
}

static void
ctrlr_send_notices(struct spdk_nvmf_ctrlr *ctrlr)
{
	uint32_t i;

	for (i = 0; i < NVMF_NUM_NOTICES && ctrlr->num_aers > 0; i++) {
		if (ctrlr->aen_pending & ~ctrlr->aen_masked & 1u << i) {
			ctrlr->aen_pending &= ~(1u << i);
			ctrlr->aen_masked |= 1u << i;
			aer_complete(ctrlr, i);
		}
	}
}

void
nvmf_ctrlr_notify(struct spdk_nvmf_ctrlr *ctrlr, enum nvmf_notice notice)
{
	assert(ctrlr->thread == spdk_get_thread());
	if (ctrlr->dying || !notice_is_wanted(ctrlr, notice)) {
		return;
	}
	ctrlr->aen_pending |= 1u << notice;
	ctrlr_send_notices(ctrlr);
}

void
nvmf_ctrlr_unmask_notice(struct spdk_nvmf_ctrlr *ctrlr, enum nvmf_notice notice)
{
	ctrlr->aen_masked &= ~(1u << notice);
	ctrlr_send_notices(ctrlr);
}

/** The list is ascending, as every list of namespaces (NVMe Base 2.0, 5.16.1.5). */
static void
changed_ns_add(struct spdk_nvmf_ctrlr *ctrlr, uint32_t nsid)
{
	uint32_t count = spdk_min(ctrlr->changed_ns_count, SPDK_NVME_MAX_CHANGED_NAMESPACES);
	uint32_t i = 0;

	while (i < count && ctrlr->changed_ns[i] < nsid) {
		i++;
	}
	if (nsid != 0 && i < count && ctrlr->changed_ns[i] == nsid) {
		return;
	}
	if (nsid == 0 || count == SPDK_NVME_MAX_CHANGED_NAMESPACES) {
		ctrlr->changed_ns_count = SPDK_NVME_MAX_CHANGED_NAMESPACES + 1;
		return;
	}
	memmove(&ctrlr->changed_ns[i + 1], &ctrlr->changed_ns[i],
	        (count - i) * sizeof(ctrlr->changed_ns[0]));
	ctrlr->changed_ns[i] = nsid;
	ctrlr->changed_ns_count++;
}

void
nvmf_ctrlr_note_changed_ns(struct spdk_nvmf_ctrlr *ctrlr, uint32_t nsid)
{
	changed_ns_add(ctrlr, nsid);
	nvmf_ctrlr_notify(ctrlr, NVMF_NOTICE_NS_CHANGED);
}

enum spdk_nvmf_request_exec_status
nvmf_ctrlr_async_event_request(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_ctrlr *ctrlr = req->qpair->ctrlr;

	if (!ctrlr->regs.csts.bits.rdy) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_COMMAND_SEQUENCE_ERROR);
	}
	if (ctrlr->num_aers == NVMF_MAX_AERS) {
		return nvmf_rsp_fail(req, SPDK_NVME_SCT_COMMAND_SPECIFIC,
		                     SPDK_NVME_SC_ASYNC_EVENT_REQUEST_LIMIT_EXCEEDED);
	}
	ctrlr->aer[ctrlr->num_aers++] = req;
	ctrlr_send_notices(ctrlr);
	return SPDK_NVMF_REQUEST_EXEC_STATUS_ASYNCHRONOUS;
}

void
nvmf_ctrlr_drop_aers(struct spdk_nvmf_ctrlr *ctrlr)
{
	struct spdk_nvmf_request *req;

	while (ctrlr->num_aers > 0) {
		req = ctrlr->aer[--ctrlr->num_aers];
		ctrlr->aer[ctrlr->num_aers] = NULL;
		nvmf_request_drop(req);
	}
}

static void
aer_abort(struct spdk_nvmf_request *req)
{
	nvmf_rsp_set(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_ABORTED_BY_REQUEST);
	spdk_nvmf_request_complete(req);
}

void
nvmf_ctrlr_abort_aers(struct spdk_nvmf_ctrlr *ctrlr)
{
	struct spdk_nvmf_request *req;

	while (ctrlr->num_aers > 0) {
		req = ctrlr->aer[--ctrlr->num_aers];
		ctrlr->aer[ctrlr->num_aers] = NULL;
		aer_abort(req);
	}
}

void
spdk_nvmf_ctrlr_abort_aer(struct spdk_nvmf_ctrlr *ctrlr)
{
	nvmf_ctrlr_abort_aers(ctrlr);
}

bool
nvmf_ctrlr_abort_aer_cid(struct spdk_nvmf_ctrlr *ctrlr, uint16_t cid)
{
	struct spdk_nvmf_request *req;
	uint32_t i;

	for (i = 0; i < ctrlr->num_aers; i++) {
		if (ctrlr->aer[i]->cmd->nvme_cmd.cid == cid) {
			req = ctrlr->aer[i];
			ctrlr->aer[i] = ctrlr->aer[--ctrlr->num_aers];
			ctrlr->aer[ctrlr->num_aers] = NULL;
			aer_abort(req);
			return true;
		}
	}
	return false;
}
