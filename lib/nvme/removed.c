/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What SPDK has dropped of nvme.h: thin wrappers of what took its place. Threads as there. */

#include "spdk_internal/nvme.h"

/* Of a command that nobody names: its specific codes are then those of NVM and admin commands. */
#define OPC_UNKNOWN 0xff

const char *
spdk_nvme_cpl_get_status_string(const struct spdk_nvme_status *status)
{
	return spdk_nvme_cpl_get_status_string_ext(status, OPC_UNKNOWN);
}

void
spdk_nvme_print_completion(uint16_t qid, struct spdk_nvme_cpl *cpl)
{
	spdk_nvme_print_completion_ext(qid, cpl, OPC_UNKNOWN);
}

void
spdk_nvme_qpair_print_completion(struct spdk_nvme_qpair *qpair, struct spdk_nvme_cpl *cpl)
{
	spdk_nvme_qpair_print_completion_ext(qpair, cpl, OPC_UNKNOWN);
}

struct spdk_nvme_ctrlr_reset_ctx {
	struct spdk_nvme_ctrlr *ctrlr;
};

int
spdk_nvme_ctrlr_reset_async(struct spdk_nvme_ctrlr *ctrlr,
                            struct spdk_nvme_ctrlr_reset_ctx **reset_ctx)
{
	struct spdk_nvme_ctrlr_reset_ctx *ctx = malloc(sizeof(*ctx));
	int rc = ctx != NULL ? spdk_nvme_ctrlr_disconnect(ctrlr) : -ENOMEM;

	if (rc != 0) {
		free(ctx);
		return rc;
	}
	spdk_nvme_ctrlr_reconnect_async(ctrlr);
	ctx->ctrlr = ctrlr;
	*reset_ctx = ctx;
	return 0;
}

int
spdk_nvme_ctrlr_reset_poll_async(struct spdk_nvme_ctrlr_reset_ctx *ctx)
{
	int rc = spdk_nvme_ctrlr_reconnect_poll_async(ctx->ctrlr);

	if (rc != -EAGAIN) {
		free(ctx);
	}
	return rc;
}
