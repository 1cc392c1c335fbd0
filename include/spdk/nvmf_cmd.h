/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What handlers of commands of the NVMe over Fabrics target use.
 */

#ifndef SPDK_NVMF_CMD_H
#define SPDK_NVMF_CMD_H

#include "basalt/deprecated.h"
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

/**
 * Fill \p cdata, all of it, with what Identify Controller answers. Controller's thread.
 * \return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE.
 */
int
spdk_nvmf_ctrlr_identify_ctrlr(struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvme_ctrlr_data *cdata);

/** Fill \p log_page, all of it: the commands that the controller has. Controller's thread. */
void spdk_nvmf_get_cmds_and_effects_log_page(struct spdk_nvmf_ctrlr *ctrlr,
                                             struct spdk_nvme_cmds_and_effect_log_page *log_page);

/** Fill \p log_page, all of it: the features that the controller has. Controller's thread. */
void
spdk_nvmf_get_feature_ids_effects_log_page(struct spdk_nvmf_ctrlr *ctrlr,
                                           struct spdk_nvme_feature_ids_effects_log_page *log_page);

/** Fill \p log_page, all of it: the log pages that the controller has. Controller's thread. */
void spdk_nvmf_get_supported_log_pages(struct spdk_nvmf_ctrlr *ctrlr,
                                       struct spdk_nvme_supported_log_pages *log_page);

/** The controller that \p req was sent to. On the queue pair's thread. */
struct spdk_nvmf_ctrlr *spdk_nvmf_request_get_ctrlr(struct spdk_nvmf_request *req);

/** The subsystem that \p req was sent to. On the queue pair's thread. */
struct spdk_nvmf_subsystem *spdk_nvmf_request_get_subsystem(struct spdk_nvmf_request *req);

/**
 * Copy \p buflen bytes from \p buf to the data of \p req, as far as that reaches.
 * \return the bytes copied.
 */
size_t spdk_nvmf_request_copy_from_buf(struct spdk_nvmf_request *req, void *buf, size_t buflen);

/**
 * Copy the data of \p req to \p buf, at most \p buflen bytes.
 * \return the bytes copied.
 */
size_t spdk_nvmf_request_copy_to_buf(struct spdk_nvmf_request *req, void *buf, size_t buflen);

/** The command of \p req; its memory. */
struct spdk_nvme_cmd *spdk_nvmf_request_get_cmd(struct spdk_nvmf_request *req);

/** The answer of \p req; its memory. */
struct spdk_nvme_cpl *spdk_nvmf_request_get_response(struct spdk_nvmf_request *req);

/* ---- Dropped by SPDK ---- */

/** The first piece of a request's data, NULL when there is none, and the length of all of it. */
void spdk_nvmf_request_get_data(struct spdk_nvmf_request *req, void **data, uint32_t *length)
        BASALT_DEPRECATED("spdk_nvmf_request_copy_to_buf()");

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_NVMF_CMD_H */
