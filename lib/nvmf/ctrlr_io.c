/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * I/O commands of the NVM command set, onto the bdev API. On the queue's thread; the request is
 * counted in its namespace, so channel and descriptor stay while it runs.
 *
 * Durability: FUA of a write, or a write cache that the host switched off, goes down with the write
 * as FUA; Write Zeroes is followed by a flush instead. A FUA read of a device with a volatile cache
 * flushes first. Flush is the bdev's flush, whatever it costs.
 *
 * A bdev without a free bdev_io (-ENOMEM) makes the request wait in its queue and try again. After
 * the queue pair began to disconnect nothing new is submitted.
 */

#include "nvmf_internal.h"

#include "spdk/bdev_module.h"

#define FUA SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS

static struct nvmf_sgroup_ns *
request_ns(struct spdk_nvmf_request *req)
{
	return &nvmf_qpair_sgroup(req->qpair)->ns[req->cmd->nvme_cmd.nsid - 1];
}

/** The bdev's size now: it may be resized. */
static inline uint64_t
ns_num_blocks(const struct nvmf_sgroup_ns *ns)
{
	return ns->bdev->blockcnt;
}

static bool
request_is_fua(const struct spdk_nvmf_request *req)
{
	return (req->cmd->nvme_cmd.cdw12 & FUA) || req->qpair->ctrlr->force_fua;
}

static void
io_done(struct spdk_bdev_io *bdev_io, bool success, void *arg)
{
	struct spdk_nvmf_request *req = arg;
	uint32_t cdw0;
	int sct, sc;

	if (spdk_unlikely(!success)) {
		spdk_bdev_io_get_nvme_status(bdev_io, &cdw0, &sct, &sc);
		nvmf_rsp_set(req, (uint8_t)sct, (uint8_t)sc);
	}
	spdk_bdev_free_io(bdev_io);
	spdk_nvmf_request_complete(req);
}

/** Answer a submit that failed at once. */
static enum spdk_nvmf_request_exec_status
io_refused(struct spdk_nvmf_request *req, int rc)
{
	switch (rc) {
	case -ENOTSUP:
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_OPCODE);
	case -EINVAL:
		/* The bdev shrank since the check. */
		return nvmf_rsp_generic(req, SPDK_NVME_SC_LBA_OUT_OF_RANGE);
	default:
		nvmf_rsp_set(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_INTERNAL_DEVICE_ERROR);
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
}

/** How a submit went; when the bdev is out of bdev_ios \p retry runs later. */
static enum spdk_nvmf_request_exec_status
io_submitted(struct spdk_nvmf_request *req, struct nvmf_sgroup_ns *ns, int rc,
             spdk_bdev_io_wait_cb retry)
{
	if (spdk_likely(rc == 0)) {
		return SPDK_NVMF_REQUEST_EXEC_STATUS_ASYNCHRONOUS;
	}
	if (rc == -ENOMEM) {
		req->bdev_io_wait.bdev = ns->bdev;
		req->bdev_io_wait.cb_fn = retry;
		req->bdev_io_wait.cb_arg = req;
		rc = spdk_bdev_queue_io_wait(ns->bdev, ns->channel, &req->bdev_io_wait);
		if (rc == 0) {
			req->qpair->group->stat.pending_bdev_io++;
			return SPDK_NVMF_REQUEST_EXEC_STATUS_ASYNCHRONOUS;
		}
		rc = -ENOMEM;
	}
	return io_refused(req, rc);
}

/** Before a second submit: may it still reach media? If not the request is completed. */
static bool
io_may_go_on(struct spdk_nvmf_request *req)
{
	if (spdk_likely(req->qpair->state != SPDK_NVMF_QPAIR_DEACTIVATING)) {
		return true;
	}
	nvmf_rsp_set(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_ABORTED_SQ_DELETION);
	spdk_nvmf_request_complete(req);
	return false;
}

static void
io_resubmitted(struct spdk_nvmf_request *req, enum spdk_nvmf_request_exec_status status)
{
	if (status == SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE) {
		spdk_nvmf_request_complete(req);
	}
}

/** Run the whole command again. */
static void
io_retry(void *arg)
{
	struct spdk_nvmf_request *req = arg;

	req->qpair->group->stat.pending_bdev_io--;
	if (io_may_go_on(req)) {
		io_resubmitted(req, nvmf_ctrlr_io_exec(req, request_ns(req)));
	}
}

/* ---- Read and write ---- */

/** SLBA and NLB of Read, Write, Write Zeroes, checked against the namespace. */
static bool
io_get_range(const struct spdk_nvme_cmd *cmd, const struct nvmf_sgroup_ns *ns, uint64_t *lba,
             uint64_t *num_blocks)
{
	uint64_t end = ns_num_blocks(ns);

	*lba = (uint64_t)cmd->cdw11 << 32 | cmd->cdw10;
	*num_blocks = (cmd->cdw12 & 0xffff) + 1;
	return *num_blocks <= end && *lba <= end - *num_blocks;
}

static bool
io_check_rw(struct spdk_nvmf_request *req, const struct nvmf_sgroup_ns *ns, uint64_t *lba,
            uint64_t *num_blocks)
{
	if (spdk_unlikely(!io_get_range(&req->cmd->nvme_cmd, ns, lba, num_blocks))) {
		nvmf_rsp_generic(req, SPDK_NVME_SC_LBA_OUT_OF_RANGE);
		return false;
	}
	/* Longer would send what the buffer held before, shorter would not fit. */
	if (spdk_unlikely(*num_blocks * ns->block_size != req->length)) {
		nvmf_rsp_generic(req, SPDK_NVME_SC_DATA_SGL_LENGTH_INVALID);
		return false;
	}
	return true;
}

static int
io_submit_read(struct spdk_nvmf_request *req, struct nvmf_sgroup_ns *ns, uint64_t lba,
               uint64_t num_blocks)
{
	if (spdk_unlikely(ns->reads_nothing)) {
		/* The buffer still has what it had for the host before. */
		spdk_iov_memset(req->iov, req->iovcnt, 0);
	}
	return spdk_bdev_readv_blocks(ns->desc, ns->channel, req->iov, req->iovcnt, lba, num_blocks,
	                              io_done, req);
}

static enum spdk_nvmf_request_exec_status
io_read_now(struct spdk_nvmf_request *req, struct nvmf_sgroup_ns *ns)
{
	uint64_t lba, num_blocks;
	int rc;

	if (!io_check_rw(req, ns, &lba, &num_blocks)) {
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	rc = io_submit_read(req, ns, lba, num_blocks);
	return io_submitted(req, ns, rc, io_retry);
}

static void
io_read_retry(void *arg)
{
	struct spdk_nvmf_request *req = arg;

	req->qpair->group->stat.pending_bdev_io--;
	if (io_may_go_on(req)) {
		io_resubmitted(req, io_read_now(req, request_ns(req)));
	}
}

static void
io_read_flushed(struct spdk_bdev_io *bdev_io, bool success, void *arg)
{
	struct spdk_nvmf_request *req = arg;
	struct nvmf_sgroup_ns *ns = request_ns(req);
	uint64_t lba, num_blocks;
	int rc;

	if (!success) {
		io_done(bdev_io, success, req);
		return;
	}
	spdk_bdev_free_io(bdev_io);
	if (!io_may_go_on(req)) {
		return;
	}
	if (!io_check_rw(req, ns, &lba, &num_blocks)) {
		spdk_nvmf_request_complete(req);
		return;
	}
	rc = io_submit_read(req, ns, lba, num_blocks);
	io_resubmitted(req, io_submitted(req, ns, rc, io_read_retry));
}

static enum spdk_nvmf_request_exec_status
io_read(struct spdk_nvmf_request *req, struct nvmf_sgroup_ns *ns)
{
	int rc;

	if (spdk_likely(!(req->cmd->nvme_cmd.cdw12 & FUA) || !ns->volatile_cache)) {
		return io_read_now(req, ns);
	}
	rc = spdk_bdev_flush_blocks(ns->desc, ns->channel, 0, ns_num_blocks(ns), io_read_flushed,
	                            req);
	return io_submitted(req, ns, rc, io_retry);
}

static enum spdk_nvmf_request_exec_status
io_write(struct spdk_nvmf_request *req, struct nvmf_sgroup_ns *ns)
{
	struct spdk_bdev_ext_io_opts opts;
	uint64_t lba, num_blocks;
	int rc;

	if (!io_check_rw(req, ns, &lba, &num_blocks)) {
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	if (spdk_likely(!request_is_fua(req))) {
		rc = spdk_bdev_writev_blocks(ns->desc, ns->channel, req->iov, req->iovcnt, lba,
		                             num_blocks, io_done, req);
	} else {
		memset(&opts, 0, sizeof(opts));
		opts.size = sizeof(opts);
		opts.nvme_cdw12.raw = FUA;
		rc = spdk_bdev_writev_blocks_ext(ns->desc, ns->channel, req->iov, req->iovcnt, lba,
		                                 num_blocks, io_done, req, &opts);
	}
	return io_submitted(req, ns, rc, io_retry);
}

/* ---- Flush ---- */

static enum spdk_nvmf_request_exec_status
io_flush(struct spdk_nvmf_request *req, struct nvmf_sgroup_ns *ns)
{
	int rc;

	rc = spdk_bdev_flush_blocks(ns->desc, ns->channel, 0, ns_num_blocks(ns), io_done, req);
	if (rc == -ENOTSUP && !ns->volatile_cache) {
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	return io_submitted(req, ns, rc, io_retry);
}

static void
io_flush_retry(void *arg)
{
	struct spdk_nvmf_request *req = arg;
	struct nvmf_sgroup_ns *ns = request_ns(req);
	int rc;

	req->qpair->group->stat.pending_bdev_io--;
	if (io_may_go_on(req)) {
		rc = spdk_bdev_flush_blocks(ns->desc, ns->channel, 0, ns_num_blocks(ns), io_done,
		                            req);
		io_resubmitted(req, io_submitted(req, ns, rc, io_flush_retry));
	}
}

/* ---- Write Zeroes ---- */

static void
io_zeroes_done(struct spdk_bdev_io *bdev_io, bool success, void *arg)
{
	struct spdk_nvmf_request *req = arg;
	struct nvmf_sgroup_ns *ns = request_ns(req);
	int rc;

	if (!success || !request_is_fua(req) || !ns->volatile_cache) {
		io_done(bdev_io, success, req);
		return;
	}
	spdk_bdev_free_io(bdev_io);
	if (io_may_go_on(req)) {
		rc = spdk_bdev_flush_blocks(ns->desc, ns->channel, 0, ns_num_blocks(ns), io_done,
		                            req);
		io_resubmitted(req, io_submitted(req, ns, rc, io_flush_retry));
	}
}

static enum spdk_nvmf_request_exec_status
io_write_zeroes(struct spdk_nvmf_request *req, struct nvmf_sgroup_ns *ns)
{
	uint8_t wzsl = req->qpair->ctrlr->subsys->opts.wzsl;
	uint64_t lba, num_blocks;
	int rc;

	if (!io_get_range(&req->cmd->nvme_cmd, ns, &lba, &num_blocks)) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_LBA_OUT_OF_RANGE);
	}
	if (wzsl != 0 && wzsl < 32 && num_blocks * ns->block_size > 4096ull << wzsl) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	rc = spdk_bdev_write_zeroes_blocks(ns->desc, ns->channel, lba, num_blocks, io_zeroes_done,
	                                   req);
	return io_submitted(req, ns, rc, io_retry);
}

/* ---- Dataset Management: one range after another ---- */

struct dsm {
	struct spdk_nvmf_request *req;
	uint32_t num_ranges;
	uint32_t next;
	struct spdk_nvme_dsm_range ranges[SPDK_NVME_DATASET_MANAGEMENT_MAX_RANGES];
};

static void dsm_next(struct dsm *dsm);

static void
dsm_finish(struct dsm *dsm)
{
	struct spdk_nvmf_request *req = dsm->req;

	free(dsm);
	spdk_nvmf_request_complete(req);
}

static void
dsm_range_done(struct spdk_bdev_io *bdev_io, bool success, void *arg)
{
	struct dsm *dsm = arg;
	uint32_t cdw0;
	int sct, sc;

	if (!success) {
		spdk_bdev_io_get_nvme_status(bdev_io, &cdw0, &sct, &sc);
		nvmf_rsp_set(dsm->req, (uint8_t)sct, (uint8_t)sc);
		dsm->next = dsm->num_ranges;
	}
	spdk_bdev_free_io(bdev_io);
	dsm_next(dsm);
}

static void
dsm_retry(void *arg)
{
	struct dsm *dsm = arg;

	dsm->req->qpair->group->stat.pending_bdev_io--;
	dsm_next(dsm);
}

static void
dsm_next(struct dsm *dsm)
{
	struct spdk_nvmf_request *req = dsm->req;
	struct nvmf_sgroup_ns *ns = request_ns(req);
	const struct spdk_nvme_dsm_range *range;
	enum spdk_nvmf_request_exec_status status;
	int rc;

	while (dsm->next < dsm->num_ranges && dsm->ranges[dsm->next].length == 0) {
		dsm->next++;
	}
	if (dsm->next == dsm->num_ranges) {
		dsm_finish(dsm);
		return;
	}
	if (req->qpair->state == SPDK_NVMF_QPAIR_DEACTIVATING) {
		nvmf_rsp_set(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_ABORTED_SQ_DELETION);
		dsm_finish(dsm);
		return;
	}
	range = &dsm->ranges[dsm->next];
	rc = spdk_bdev_unmap_blocks(ns->desc, ns->channel, range->starting_lba, range->length,
	                            dsm_range_done, dsm);
	if (rc == 0) {
		dsm->next++;
		return;
	}
	status = io_submitted(req, ns, rc, dsm_retry);
	if (status == SPDK_NVMF_REQUEST_EXEC_STATUS_ASYNCHRONOUS) {
		req->bdev_io_wait.cb_arg = dsm;
		return;
	}
	dsm_finish(dsm);
}

/** All ranges are checked before the first is touched. */
static bool
dsm_check(struct dsm *dsm, const struct nvmf_sgroup_ns *ns)
{
	uint32_t dmrsl = dsm->req->qpair->ctrlr->subsys->opts.dmrsl;
	uint64_t end = ns_num_blocks(ns);
	const struct spdk_nvme_dsm_range *range;
	uint32_t i;

	for (i = 0; i < dsm->num_ranges; i++) {
		range = &dsm->ranges[i];
		if (range->length > end || range->starting_lba > end - range->length) {
			nvmf_rsp_generic(dsm->req, SPDK_NVME_SC_LBA_OUT_OF_RANGE);
			return false;
		}
		if (dmrsl != 0 && range->length > dmrsl) {
			nvmf_rsp_fail(dsm->req, SPDK_NVME_SCT_COMMAND_SPECIFIC,
			              SPDK_NVME_SC_CMD_SIZE_LIMIT_SIZE_EXCEEDED);
			return false;
		}
	}
	return true;
}

static enum spdk_nvmf_request_exec_status
io_dsm(struct spdk_nvmf_request *req, struct nvmf_sgroup_ns *ns)
{
	uint32_t num_ranges = (req->cmd->nvme_cmd.cdw10 & 0xff) + 1;
	struct dsm *dsm;

	if (req->length < num_ranges * sizeof(struct spdk_nvme_dsm_range)) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_DATA_SGL_LENGTH_INVALID);
	}
	dsm = calloc(1, sizeof(*dsm));
	if (dsm == NULL) {
		nvmf_rsp_set(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_INTERNAL_DEVICE_ERROR);
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	dsm->req = req;
	dsm->num_ranges = num_ranges;
	req->bdev_io_wait.cb_arg = dsm; /* for nvmf_request_bdev_arg() */
	spdk_nvmf_request_copy_to_buf(req, dsm->ranges, num_ranges * sizeof(dsm->ranges[0]));
	/* Hints of other kinds, and deallocation where the bdev has none, are free to be ignored.
	 */
	if (!dsm_check(dsm, ns) || !(req->cmd->nvme_cmd.cdw11 & SPDK_NVME_DSM_ATTR_DEALLOCATE) ||
	    !spdk_bdev_io_type_supported(ns->bdev, SPDK_BDEV_IO_TYPE_UNMAP)) {
		free(dsm);
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	dsm_next(dsm);
	return SPDK_NVMF_REQUEST_EXEC_STATUS_ASYNCHRONOUS;
}

enum spdk_nvmf_request_exec_status
nvmf_ctrlr_io_exec(struct spdk_nvmf_request *req, struct nvmf_sgroup_ns *ns)
{
	switch (req->cmd->nvme_cmd.opc) {
	case SPDK_NVME_OPC_READ:
		return io_read(req, ns);
	case SPDK_NVME_OPC_WRITE:
		return io_write(req, ns);
	case SPDK_NVME_OPC_FLUSH:
		return io_flush(req, ns);
	case SPDK_NVME_OPC_WRITE_ZEROES:
		return req->qpair->ctrlr->cdata.oncs.nvmwzsv
		               ? io_write_zeroes(req, ns)
		               : nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_OPCODE);
	case SPDK_NVME_OPC_DATASET_MANAGEMENT:
		return req->qpair->ctrlr->cdata.oncs.nvmdsmsv
		               ? io_dsm(req, ns)
		               : nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_OPCODE);
	default:
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_OPCODE);
	}
}
