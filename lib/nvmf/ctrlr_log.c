/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Get Log Page. Controller thread. A page is built whole in memory of its own size and the part
 * that was asked for copied out; what lies behind its end is 0. The discovery log is discovery.c's.
 */

#include "nvmf_internal.h"

struct log_page {
	uint8_t lid;
	size_t size_bytes;
	void (*build)(struct spdk_nvmf_ctrlr *ctrlr, void *page);
	bool discovery; /* a discovery controller has it */
};

static const uint8_t g_admin_opcodes[] = {
	SPDK_NVME_OPC_GET_LOG_PAGE, SPDK_NVME_OPC_IDENTIFY,     SPDK_NVME_OPC_ABORT,
	SPDK_NVME_OPC_SET_FEATURES, SPDK_NVME_OPC_GET_FEATURES, SPDK_NVME_OPC_ASYNC_EVENT_REQUEST,
	SPDK_NVME_OPC_KEEP_ALIVE,
};

static void
build_nothing(struct spdk_nvmf_ctrlr *ctrlr, void *page)
{
}

static void
build_health(struct spdk_nvmf_ctrlr *ctrlr, void *page)
{
	struct spdk_nvme_health_information_page *health = page;

	health->available_spare = 100;
}

static void
build_firmware(struct spdk_nvmf_ctrlr *ctrlr, void *page)
{
	struct spdk_nvme_firmware_page *firmware = page;
	struct spdk_nvme_ctrlr_data cdata;

	spdk_nvmf_ctrlr_identify_ctrlr(ctrlr, &cdata);
	firmware->afi.active_slot = 1;
	memcpy(firmware->revision[0], cdata.fr, sizeof(firmware->revision[0]));
}

/** Reading clears the list; a list of more than 1,024 is FFFFFFFFh. */
static void
build_changed_ns(struct spdk_nvmf_ctrlr *ctrlr, void *page)
{
	uint32_t *list = page;

	if (ctrlr->changed_ns_count > SPDK_NVME_MAX_CHANGED_NAMESPACES) {
		list[0] = UINT32_MAX;
	} else {
		memcpy(list, ctrlr->changed_ns, ctrlr->changed_ns_count * sizeof(list[0]));
	}
}

void
spdk_nvmf_get_cmds_and_effects_log_page(struct spdk_nvmf_ctrlr *ctrlr,
                                        struct spdk_nvme_cmds_and_effect_log_page *log_page)
{
	struct spdk_nvme_cmds_and_effect_entry *io = log_page->io_cmds_supported;
	size_t i;

	memset(log_page, 0, sizeof(*log_page));
	for (i = 0; i < SPDK_COUNTOF(g_admin_opcodes); i++) {
		log_page->admin_cmds_supported[g_admin_opcodes[i]].csupp = 1;
	}
	io[SPDK_NVME_OPC_READ].csupp = 1;
	io[SPDK_NVME_OPC_FLUSH].csupp = 1;
	io[SPDK_NVME_OPC_WRITE].csupp = 1;
	io[SPDK_NVME_OPC_WRITE].lbcc = 1;
	if (ctrlr->cdata.oncs.nvmwzsv) {
		io[SPDK_NVME_OPC_WRITE_ZEROES].csupp = 1;
		io[SPDK_NVME_OPC_WRITE_ZEROES].lbcc = 1;
	}
	if (ctrlr->cdata.oncs.nvmdsmsv) {
		io[SPDK_NVME_OPC_DATASET_MANAGEMENT].csupp = 1;
		io[SPDK_NVME_OPC_DATASET_MANAGEMENT].lbcc = 1;
	}
}

static void
build_effects(struct spdk_nvmf_ctrlr *ctrlr, void *page)
{
	spdk_nvmf_get_cmds_and_effects_log_page(ctrlr, page);
}

void
spdk_nvmf_get_feature_ids_effects_log_page(struct spdk_nvmf_ctrlr *ctrlr,
                                           struct spdk_nvme_feature_ids_effects_log_page *log_page)
{
	uint32_t fid;

	memset(log_page, 0, sizeof(*log_page));
	for (fid = 0; fid < SPDK_COUNTOF(log_page->fis); fid++) {
		if (nvmf_ctrlr_has_feature(ctrlr, (uint8_t)fid)) {
			log_page->fis[fid].fsupp = 1;
			log_page->fis[fid].cscpe = 1;
		}
	}
}

static void
build_feature_effects(struct spdk_nvmf_ctrlr *ctrlr, void *page)
{
	spdk_nvmf_get_feature_ids_effects_log_page(ctrlr, page);
}

static void
build_supported(struct spdk_nvmf_ctrlr *ctrlr, void *page)
{
	spdk_nvmf_get_supported_log_pages(ctrlr, page);
}

static const struct log_page g_log_pages[] = {
	{ SPDK_NVME_LOG_SUPPORTED_LOG_PAGES, sizeof(struct spdk_nvme_supported_log_pages),
	  build_supported, true },
	{ SPDK_NVME_LOG_ERROR, sizeof(struct spdk_nvme_error_information_entry), build_nothing },
	{ SPDK_NVME_LOG_HEALTH_INFORMATION, sizeof(struct spdk_nvme_health_information_page),
	  build_health },
	{ SPDK_NVME_LOG_FIRMWARE_SLOT, sizeof(struct spdk_nvme_firmware_page), build_firmware },
	{ SPDK_NVME_LOG_CHANGED_NS_LIST, sizeof(struct spdk_nvme_ns_list), build_changed_ns },
	{ SPDK_NVME_LOG_COMMAND_EFFECTS_LOG, sizeof(struct spdk_nvme_cmds_and_effect_log_page),
	  build_effects },
	{ SPDK_NVME_LOG_FEATURE_IDS_EFFECTS, sizeof(struct spdk_nvme_feature_ids_effects_log_page),
	  build_feature_effects },
};

void
spdk_nvmf_get_supported_log_pages(struct spdk_nvmf_ctrlr *ctrlr,
                                  struct spdk_nvme_supported_log_pages *log_page)
{
	size_t i;

	memset(log_page, 0, sizeof(*log_page));
	for (i = 0; i < SPDK_COUNTOF(g_log_pages); i++) {
		log_page->lids[g_log_pages[i].lid].lsupp =
		        !ctrlr->discovery || g_log_pages[i].discovery;
	}
	log_page->lids[SPDK_NVME_LOG_DISCOVERY].lsupp = ctrlr->discovery;
}

static const struct log_page *
find_log_page(const struct spdk_nvmf_ctrlr *ctrlr, uint8_t lid)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_log_pages); i++) {
		if (g_log_pages[i].lid == lid && (!ctrlr->discovery || g_log_pages[i].discovery)) {
			return &g_log_pages[i];
		}
	}
	return NULL;
}

static enum spdk_nvmf_request_exec_status
log_page_read(struct spdk_nvmf_request *req, const struct log_page *log, uint64_t offset)
{
	struct spdk_nvmf_ctrlr *ctrlr = req->qpair->ctrlr;
	bool retain = req->cmd->nvme_cmd.cdw10 & 1u << 15;
	void *page;

	if (offset > log->size_bytes) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	page = calloc(1, log->size_bytes);
	if (page == NULL) {
		nvmf_rsp_set(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_INTERNAL_DEVICE_ERROR);
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	log->build(ctrlr, page);
	nvmf_request_put_data(req, page, log->size_bytes, offset);
	free(page);
	if (log->lid == SPDK_NVME_LOG_CHANGED_NS_LIST && !retain) {
		ctrlr->changed_ns_count = 0;
		nvmf_ctrlr_unmask_notice(ctrlr, NVMF_NOTICE_NS_CHANGED);
	}
	return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
}

enum spdk_nvmf_request_exec_status
nvmf_ctrlr_get_log_page(struct spdk_nvmf_request *req)
{
	const struct spdk_nvme_cmd *cmd = &req->cmd->nvme_cmd;
	struct spdk_nvmf_ctrlr *ctrlr = req->qpair->ctrlr;
	uint64_t numd = (uint64_t)(cmd->cdw11 & 0xffff) << 16 | cmd->cdw10 >> 16;
	uint64_t offset = (uint64_t)cmd->cdw13 << 32 | cmd->cdw12;
	uint8_t lid = cmd->cdw10 & 0xff;
	const struct log_page *log;

	if (offset & 3) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	if ((numd + 1) * 4 > req->length) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_DATA_SGL_LENGTH_INVALID);
	}
	if (lid == SPDK_NVME_LOG_DISCOVERY && ctrlr->discovery) {
		return nvmf_discovery_log_exec(req, offset, !(cmd->cdw10 & 1u << 15));
	}
	log = find_log_page(ctrlr, lid);
	if (log == NULL) {
		return nvmf_rsp_fail(req, SPDK_NVME_SCT_COMMAND_SPECIFIC,
		                     SPDK_NVME_SC_INVALID_LOG_PAGE);
	}
	return log_page_read(req, log, offset);
}
