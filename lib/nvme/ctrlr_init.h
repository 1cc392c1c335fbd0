/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The start of a controller: what the handlers in ctrlr_init.c and ctrlr_enable.c share. */

#ifndef NVME_CTRLR_INIT_H
#define NVME_CTRLR_INIT_H

#include "spdk_internal/nvme.h"

/** Go to \p state; it has as long as an admin command, or \p timeout_ms. */
void nvme_init_set_state(struct spdk_nvme_ctrlr *ctrlr, enum nvme_ctrlr_state state);
void nvme_init_set_state_ms(struct spdk_nvme_ctrlr *ctrlr, enum nvme_ctrlr_state state,
                            uint64_t timeout_ms);
/** Log what could not be done, disconnect, go to ERROR. */
void nvme_init_fail(struct spdk_nvme_ctrlr *ctrlr, int rc);
/** The end of a handler: \p rc of its submit. */
void nvme_init_sent(struct spdk_nvme_ctrlr *ctrlr, int rc);
/** The start of a call-back: false when there is nothing more to do. */
bool nvme_init_done_ok(struct spdk_nvme_ctrlr *ctrlr, const struct spdk_nvme_cpl *cpl);

/* ctrlr_enable.c: handlers */
void nvme_init_read_vs(struct spdk_nvme_ctrlr *ctrlr);
void nvme_init_read_cap(struct spdk_nvme_ctrlr *ctrlr);
void nvme_init_read_cc(struct spdk_nvme_ctrlr *ctrlr);
void nvme_init_disable(struct spdk_nvme_ctrlr *ctrlr);
void nvme_init_enable(struct spdk_nvme_ctrlr *ctrlr);
/** Until CSTS.RDY is what the state waits for. */
void nvme_init_read_csts(struct spdk_nvme_ctrlr *ctrlr);

#endif /* NVME_CTRLR_INIT_H */
