/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Asymmetric namespace access: reads the log page and tells each namespace its state. Under
 * ctrlr->lock, in the poll of admin completions. The page comes from a peer: every length in it is
 * checked against the buffer.
 */

#include "spdk_internal/nvme.h"

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/util.h"

#define ANA_LOG_BYTES_MAX (1024 * 1024)

/* Header, one descriptor a group, each namespace id once. */
static uint32_t
ana_log_size(const struct spdk_nvme_ctrlr *ctrlr)
{
	const struct spdk_nvme_ctrlr_data *cdata = &ctrlr->cdata;
	uint64_t namespaces = cdata->mnan != 0 ? cdata->mnan : cdata->nn;
	uint64_t size = sizeof(struct spdk_nvme_ana_page) +
	                (uint64_t)cdata->nanagrpid * sizeof(struct spdk_nvme_ana_group_descriptor) +
	                namespaces * sizeof(uint32_t);

	size = spdk_min(size, (uint64_t)ANA_LOG_BYTES_MAX);
	return SPDK_ALIGN_CEIL((uint32_t)spdk_min(size, (uint64_t)ctrlr->max_xfer_size), 4);
}

int
nvme_ana_read(struct spdk_nvme_ctrlr *ctrlr, spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	uint32_t size = ana_log_size(ctrlr);

	if (ctrlr->ana_log == NULL || ctrlr->ana_log_size != size) {
		void *log = spdk_zmalloc(size, 64, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);

		if (log == NULL) {
			return -ENOMEM;
		}
		spdk_free(ctrlr->ana_log);
		ctrlr->ana_log = log;
		ctrlr->ana_log_size = size;
	}
	memset(ctrlr->ana_log, 0, size);
	return spdk_nvme_ctrlr_cmd_get_log_page(ctrlr, SPDK_NVME_LOG_ASYMMETRIC_NAMESPACE_ACCESS,
	                                        SPDK_NVME_GLOBAL_NS_TAG, ctrlr->ana_log, size, 0,
	                                        cb_fn, cb_arg);
}

static bool
ana_state_is_valid(uint8_t state)
{
	switch (state) {
	case SPDK_NVME_ANA_OPTIMIZED_STATE:
	case SPDK_NVME_ANA_NON_OPTIMIZED_STATE:
	case SPDK_NVME_ANA_INACCESSIBLE_STATE:
	case SPDK_NVME_ANA_PERSISTENT_LOSS_STATE:
	case SPDK_NVME_ANA_CHANGE_STATE:
		return true;
	default:
		return false;
	}
}

/* One descriptor at `p`, of which `left` bytes are there. Its length, or 0 when it is malformed. */
static uint32_t
ana_apply_group(struct spdk_nvme_ctrlr *ctrlr, const uint8_t *p, uint32_t left)
{
	struct spdk_nvme_ana_group_descriptor group;
	struct spdk_nvme_ns *ns;
	uint32_t i, nsid;

	if (left < sizeof(group)) {
		return 0;
	}
	memcpy(&group, p, sizeof(group));
	if (!ana_state_is_valid(group.ana_state) ||
	    group.num_of_nsid > (left - sizeof(group)) / sizeof(uint32_t)) {
		return 0;
	}
	for (i = 0; i < group.num_of_nsid; i++) {
		memcpy(&nsid, p + sizeof(group) + i * sizeof(nsid), sizeof(nsid));
		ns = nvme_ctrlr_find_ns(ctrlr, nsid, false);
		if (ns != NULL) {
			ns->ana_group_id = group.ana_group_id;
			ns->ana_state = (enum spdk_nvme_ana_state)group.ana_state;
		}
	}
	return (uint32_t)(sizeof(group) + group.num_of_nsid * sizeof(uint32_t));
}

void
nvme_ana_apply(struct spdk_nvme_ctrlr *ctrlr)
{
	const uint8_t *log = ctrlr->ana_log;
	struct spdk_nvme_ana_page page;
	uint32_t offset = sizeof(page);
	uint16_t i;

	if (ctrlr->ana_log_size < sizeof(page)) {
		return;
	}
	memcpy(&page, log, sizeof(page));
	for (i = 0; i < page.num_ana_group_desc; i++) {
		uint32_t len = ana_apply_group(ctrlr, log + offset, ctrlr->ana_log_size - offset);

		if (len == 0) {
			SPDK_ERRLOG("%s: descriptor %u of the ANA log is malformed\n",
			            ctrlr->trid.subnqn, i);
			return;
		}
		offset += len;
	}
}
