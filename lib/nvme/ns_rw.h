/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A read, write or compare on its way to become one request or several: ns_cmd.c, ns_split.c. */

#ifndef NVME_NS_RW_H
#define NVME_NS_RW_H

#include "spdk_internal/nvme.h"

struct nvme_rw {
	struct spdk_nvme_ns *ns;
	uint8_t opc;
	uint16_t apptag_mask;
	uint16_t apptag;
	uint32_t io_flags;
	uint32_t cdw13;
	struct nvme_payload payload;
};

/** Fill the command of \p req for \p num_blocks at \p lba. */
static inline void
nvme_ns_rw_setup(struct nvme_request *req, const struct nvme_rw *rw, uint64_t lba,
                 uint32_t num_blocks)
{
	struct spdk_nvme_cmd *cmd = &req->cmd;

	cmd->opc = rw->opc;
	cmd->fuse = rw->io_flags & SPDK_NVME_IO_FLAGS_FUSE_MASK;
	cmd->nsid = rw->ns->id;
	cmd->cdw10 = (uint32_t)lba;
	cmd->cdw11 = (uint32_t)(lba >> 32);
	cmd->cdw12 = (num_blocks - 1) | (rw->io_flags & SPDK_NVME_IO_FLAGS_CDW12_MASK);
	cmd->cdw13 = rw->cdw13;
	if (spdk_unlikely((rw->ns->flags & SPDK_NVME_NS_DPS_PI_SUPPORTED) != 0)) {
		/* Types 1 and 2 start the reference tag at the low bits of the LBA. */
		if (rw->ns->pi_type == SPDK_NVME_FMT_NVM_PROTECTION_TYPE1 ||
		    rw->ns->pi_type == SPDK_NVME_FMT_NVM_PROTECTION_TYPE2) {
			cmd->cdw14 = (uint32_t)lba;
		}
		cmd->cdw15 = ((uint32_t)rw->apptag_mask << 16) | rw->apptag;
	}
}

/** Bytes that a block takes in the host's memory. */
uint32_t nvme_ns_rw_block_bytes(const struct spdk_nvme_ns *ns, uint32_t io_flags);

/** Blocks of \p block_bytes that one command moves at most. */
static inline uint32_t
nvme_ns_rw_blocks_max(const struct spdk_nvme_ns *ns, uint32_t block_bytes)
{
	return block_bytes == ns->sector_size ? ns->sectors_per_max_io_no_md
	                                      : ns->sectors_per_max_io;
}

/** Submit in as many commands as the limits ask for: one, or a parent with children. */
int nvme_ns_rw_submit_split(struct spdk_nvme_qpair *qpair, const struct nvme_rw *rw, uint64_t lba,
                            uint32_t num_blocks, spdk_nvme_cmd_cb cb_fn, void *cb_arg);

#endif /* NVME_NS_RW_H */
