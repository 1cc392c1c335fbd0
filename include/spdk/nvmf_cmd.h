/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * TODO(doc)
 */

#ifndef SPDK_NVMF_CMD_H
#define SPDK_NVMF_CMD_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct spdk_bdev;
struct spdk_bdev_desc;
struct spdk_io_channel;
struct spdk_nvme_cmd;
struct spdk_nvme_cmds_and_effect_log_page;
struct spdk_nvme_cpl;
struct spdk_nvme_ctrlr_data;
struct spdk_nvme_feature_ids_effects_log_page;
struct spdk_nvme_ns_data;
struct spdk_nvme_ns_iocs_independent_data;
struct spdk_nvme_supported_log_pages;
struct spdk_nvmf_ctrlr;
struct spdk_nvmf_request;
struct spdk_nvmf_subsystem;

enum spdk_nvmf_request_exec_status {
	SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE = 0,
	SPDK_NVMF_REQUEST_EXEC_STATUS_ASYNCHRONOUS = 1,
};

typedef int (*spdk_nvmf_custom_cmd_hdlr)(struct spdk_nvmf_request *req);

typedef void (*spdk_nvmf_nvme_passthru_cmd_cb)(struct spdk_nvmf_request *req);

int spdk_nvmf_ctrlr_identify_ctrlr(struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvme_ctrlr_data *cdata);

void spdk_nvmf_get_cmds_and_effects_log_page(struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvme_cmds_and_effect_log_page *log_page);

void spdk_nvmf_get_feature_ids_effects_log_page(struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvme_feature_ids_effects_log_page *log_page);

void spdk_nvmf_get_supported_log_pages(struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvme_supported_log_pages *log_page);

int spdk_nvmf_ns_identify_iocs_specific(struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvme_cmd *cmd, struct spdk_nvme_cpl *rsp, void *nsdata, size_t nsdata_size);

int spdk_nvmf_ctrlr_identify_iocs_specific(struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvme_cmd *cmd, struct spdk_nvme_cpl *rsp, void *cdata, size_t cdata_size);

int spdk_nvmf_identify_ns_iocs_independent(struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvme_cmd *cmd, struct spdk_nvme_cpl *rsp, struct spdk_nvme_ns_iocs_independent_data *nsdata);

int spdk_nvmf_ctrlr_identify_ns(struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvme_cmd *cmd, struct spdk_nvme_cpl *rsp, struct spdk_nvme_ns_data *nsdata);

int spdk_nvmf_ctrlr_identify_ns_ext(struct spdk_nvmf_request *req);

void spdk_nvmf_set_custom_admin_cmd_hdlr(uint8_t opc, spdk_nvmf_custom_cmd_hdlr hdlr);

void spdk_nvmf_set_passthru_admin_cmd(uint8_t opc, uint32_t forward_nsid);

int spdk_nvmf_bdev_ctrlr_nvme_passthru_admin(struct spdk_bdev *bdev, struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, struct spdk_nvmf_request *req, spdk_nvmf_nvme_passthru_cmd_cb cb_fn);

int spdk_nvmf_bdev_ctrlr_abort_cmd(struct spdk_bdev *bdev, struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, struct spdk_nvmf_request *req, struct spdk_nvmf_request *req_to_abort);

int spdk_nvmf_request_get_bdev(uint32_t nsid, struct spdk_nvmf_request *req, struct spdk_bdev **bdev, struct spdk_bdev_desc **desc, struct spdk_io_channel **ch);

struct spdk_nvmf_ctrlr *spdk_nvmf_request_get_ctrlr(struct spdk_nvmf_request *req);

struct spdk_nvmf_subsystem *spdk_nvmf_request_get_subsystem(struct spdk_nvmf_request *req);

size_t spdk_nvmf_request_copy_from_buf(struct spdk_nvmf_request *req, void *buf, size_t buflen);

size_t spdk_nvmf_request_copy_to_buf(struct spdk_nvmf_request *req, void *buf, size_t buflen);

struct spdk_nvme_cmd *spdk_nvmf_request_get_cmd(struct spdk_nvmf_request *req);

struct spdk_nvme_cpl *spdk_nvmf_request_get_response(struct spdk_nvmf_request *req);

struct spdk_nvmf_request *spdk_nvmf_request_get_req_to_abort(struct spdk_nvmf_request *req);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_NVMF_CMD_H */
