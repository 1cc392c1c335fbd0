/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * I/O commands of the NVM command set, on the queue pair's thread. A read, write or compare that
 * fits in one command takes the short way in rw_submit(); ns_split.c makes several of the others.
 */

#include "ns_rw.h"

#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/util.h"

/** Protection of one block: guard, tags. */
static uint32_t
ns_pi_bytes(const struct spdk_nvme_ns *ns)
{
	return ns->pi_format == SPDK_NVME_16B_GUARD_PI ? 8 : 16;
}

uint32_t
nvme_ns_rw_block_bytes(const struct spdk_nvme_ns *ns, uint32_t io_flags)
{
	/* With PRACT and metadata of nothing but protection, the controller makes and strips it. */
	if ((io_flags & SPDK_NVME_IO_FLAGS_PRACT) != 0 &&
	    (ns->flags & SPDK_NVME_NS_EXTENDED_LBA_SUPPORTED) != 0 &&
	    (ns->flags & SPDK_NVME_NS_DPS_PI_SUPPORTED) != 0 && ns->md_size == ns_pi_bytes(ns)) {
		return ns->sector_size;
	}
	return ns->extended_lba_size;
}

static int
rw_submit(struct spdk_nvme_qpair *qpair, const struct nvme_rw *rw, uint64_t lba,
          uint32_t num_blocks, spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	const struct spdk_nvme_ns *ns = rw->ns;
	struct nvme_request *req;
	uint32_t block_bytes;

	if (spdk_unlikely(num_blocks == 0 ||
	                  (rw->payload.base == NULL && rw->payload.reset_sgl_fn == NULL) ||
	                  (rw->io_flags & ~SPDK_NVME_IO_FLAGS_VALID_MASK) != 0)) {
		return -EINVAL;
	}
	if (spdk_unlikely(rw->payload.md != NULL &&
	                  (ns->ctrlr->flags & SPDK_NVME_CTRLR_MPTR_SGL_SUPPORTED) == 0 &&
	                  nvme_ctrlr_is_fabrics(ns->ctrlr))) {
		/* Fabrics move metadata only inside the blocks. */
		return -EINVAL;
	}
	block_bytes = nvme_ns_rw_block_bytes(ns, rw->io_flags);
	if (spdk_unlikely(block_bytes == 0)) {
		return -ENXIO;
	}
	if (spdk_unlikely(num_blocks > nvme_ns_rw_blocks_max(ns, block_bytes) ||
	                  ns->sectors_per_boundary != 0 || rw->payload.reset_sgl_fn != NULL ||
	                  rw->payload.iovcnt > 1)) {
		/* A copy, so that the short way, inlined, needs none in memory. */
		struct nvme_rw copy = *rw;

		return nvme_ns_rw_submit_split(qpair, &copy, lba, num_blocks, cb_fn, cb_arg);
	}
	req = nvme_request_get(qpair, &rw->payload, num_blocks * block_bytes, cb_fn, cb_arg);
	if (spdk_unlikely(req == NULL)) {
		return -ENOMEM;
	}
	nvme_ns_rw_setup(req, rw, lba, num_blocks);
	return nvme_qpair_submit(qpair, req);
}

/* ---- What callers describe: without a payload rw_submit() refuses it ---- */

static inline struct nvme_rw
rw_buf(struct spdk_nvme_ns *ns, uint8_t opc, void *buf, uint32_t io_flags)
{
	return (struct nvme_rw){
		.ns = ns,
		.opc = opc,
		.io_flags = io_flags,
		.payload = { .base = buf },
	};
}

/* Behind call-backs, whose argument is that of the completion. */
static inline struct nvme_rw
rw_sgl(struct spdk_nvme_ns *ns, uint8_t opc, void *cb_arg, spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
       spdk_nvme_req_next_sge_cb next_sge_fn, uint32_t io_flags)
{
	struct nvme_rw rw = rw_buf(ns, opc, NULL, io_flags);

	if (spdk_likely(reset_sgl_fn != NULL && next_sge_fn != NULL)) {
		rw.payload.base = cb_arg;
		rw.payload.reset_sgl_fn = reset_sgl_fn;
		rw.payload.next_sge_fn = next_sge_fn;
	}
	return rw;
}

static inline struct nvme_rw
rw_iov(struct spdk_nvme_ns *ns, uint8_t opc, struct iovec *iov, uint32_t iovcnt)
{
	struct nvme_rw rw = rw_buf(ns, opc, iovcnt > 0 ? iov : NULL, 0);

	rw.payload.iovcnt = iovcnt;
	return rw;
}

static inline void
rw_set_md(struct nvme_rw *rw, void *md, uint16_t apptag_mask, uint16_t apptag)
{
	rw->payload.md = md;
	rw->apptag_mask = apptag_mask;
	rw->apptag = apptag;
}

/* Read what the caller's version of the options has; refuse what needs a part that is not built. */
static int
rw_apply_ext_opts(struct nvme_rw *rw, const struct spdk_nvme_ns_cmd_ext_io_opts *opts)
{
	rw->apptag_mask = 0xffff;
	if (opts == NULL) {
		return 0;
	}
	if (opts->size == 0) {
		return -EINVAL;
	}
	if (SPDK_GET_FIELD(opts, memory_domain, NULL) != NULL ||
	    SPDK_GET_FIELD(opts, accel_sequence, NULL) != NULL) {
		return -ENOTSUP;
	}
	rw->io_flags = SPDK_GET_FIELD(opts, io_flags, 0);
	rw_set_md(rw, SPDK_GET_FIELD(opts, metadata, NULL),
	          SPDK_GET_FIELD(opts, apptag_mask, 0xffff), SPDK_GET_FIELD(opts, apptag, 0));
	rw->cdw13 = SPDK_GET_FIELD(opts, cdw13, 0);
	return 0;
}

/* ---- Read, write, compare ---- */

/* The two that run millions of times a second have rw_submit() in them. */
__attribute__((flatten)) int
spdk_nvme_ns_cmd_read(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, void *payload,
                      uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                      uint32_t io_flags)
{
	struct nvme_rw rw = rw_buf(ns, SPDK_NVME_OPC_READ, payload, io_flags);

	return rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

__attribute__((flatten)) int
spdk_nvme_ns_cmd_write(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, void *payload,
                       uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                       uint32_t io_flags)
{
	struct nvme_rw rw = rw_buf(ns, SPDK_NVME_OPC_WRITE, payload, io_flags);

	return rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_compare(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, void *payload,
                         uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                         uint32_t io_flags)
{
	struct nvme_rw rw = rw_buf(ns, SPDK_NVME_OPC_COMPARE, payload, io_flags);

	return rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_read_with_md(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, void *payload,
                              void *metadata, uint64_t lba, uint32_t lba_count,
                              spdk_nvme_cmd_cb cb_fn, void *cb_arg, uint32_t io_flags,
                              uint16_t apptag_mask, uint16_t apptag)
{
	struct nvme_rw rw = rw_buf(ns, SPDK_NVME_OPC_READ, payload, io_flags);

	rw_set_md(&rw, metadata, apptag_mask, apptag);
	return rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_write_with_md(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                               void *payload, void *metadata, uint64_t lba, uint32_t lba_count,
                               spdk_nvme_cmd_cb cb_fn, void *cb_arg, uint32_t io_flags,
                               uint16_t apptag_mask, uint16_t apptag)
{
	struct nvme_rw rw = rw_buf(ns, SPDK_NVME_OPC_WRITE, payload, io_flags);

	rw_set_md(&rw, metadata, apptag_mask, apptag);
	return rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_compare_with_md(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                 void *payload, void *metadata, uint64_t lba, uint32_t lba_count,
                                 spdk_nvme_cmd_cb cb_fn, void *cb_arg, uint32_t io_flags,
                                 uint16_t apptag_mask, uint16_t apptag)
{
	struct nvme_rw rw = rw_buf(ns, SPDK_NVME_OPC_COMPARE, payload, io_flags);

	rw_set_md(&rw, metadata, apptag_mask, apptag);
	return rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_readv(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                       uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg, uint32_t io_flags,
                       spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                       spdk_nvme_req_next_sge_cb next_sge_fn)
{
	struct nvme_rw rw =
	        rw_sgl(ns, SPDK_NVME_OPC_READ, cb_arg, reset_sgl_fn, next_sge_fn, io_flags);

	return rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_writev(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                        uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg, uint32_t io_flags,
                        spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                        spdk_nvme_req_next_sge_cb next_sge_fn)
{
	struct nvme_rw rw =
	        rw_sgl(ns, SPDK_NVME_OPC_WRITE, cb_arg, reset_sgl_fn, next_sge_fn, io_flags);

	return rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_comparev(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                          uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                          uint32_t io_flags, spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                          spdk_nvme_req_next_sge_cb next_sge_fn)
{
	struct nvme_rw rw =
	        rw_sgl(ns, SPDK_NVME_OPC_COMPARE, cb_arg, reset_sgl_fn, next_sge_fn, io_flags);

	return rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_readv_with_md(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                               uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                               uint32_t io_flags, spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                               spdk_nvme_req_next_sge_cb next_sge_fn, void *metadata,
                               uint16_t apptag_mask, uint16_t apptag)
{
	struct nvme_rw rw =
	        rw_sgl(ns, SPDK_NVME_OPC_READ, cb_arg, reset_sgl_fn, next_sge_fn, io_flags);

	rw_set_md(&rw, metadata, apptag_mask, apptag);
	return rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_writev_with_md(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn,
                                void *cb_arg, uint32_t io_flags,
                                spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                                spdk_nvme_req_next_sge_cb next_sge_fn, void *metadata,
                                uint16_t apptag_mask, uint16_t apptag)
{
	struct nvme_rw rw =
	        rw_sgl(ns, SPDK_NVME_OPC_WRITE, cb_arg, reset_sgl_fn, next_sge_fn, io_flags);

	rw_set_md(&rw, metadata, apptag_mask, apptag);
	return rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_comparev_with_md(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                  uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn,
                                  void *cb_arg, uint32_t io_flags,
                                  spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                                  spdk_nvme_req_next_sge_cb next_sge_fn, void *metadata,
                                  uint16_t apptag_mask, uint16_t apptag)
{
	struct nvme_rw rw =
	        rw_sgl(ns, SPDK_NVME_OPC_COMPARE, cb_arg, reset_sgl_fn, next_sge_fn, io_flags);

	rw_set_md(&rw, metadata, apptag_mask, apptag);
	return rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_readv_ext(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                           uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                           spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                           spdk_nvme_req_next_sge_cb next_sge_fn,
                           struct spdk_nvme_ns_cmd_ext_io_opts *opts)
{
	struct nvme_rw rw = rw_sgl(ns, SPDK_NVME_OPC_READ, cb_arg, reset_sgl_fn, next_sge_fn, 0);

	return rw_apply_ext_opts(&rw, opts) ?: rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_writev_ext(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                            uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                            spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                            spdk_nvme_req_next_sge_cb next_sge_fn,
                            struct spdk_nvme_ns_cmd_ext_io_opts *opts)
{
	struct nvme_rw rw = rw_sgl(ns, SPDK_NVME_OPC_WRITE, cb_arg, reset_sgl_fn, next_sge_fn, 0);

	return rw_apply_ext_opts(&rw, opts) ?: rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_read_iov(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                          uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                          struct iovec *iov, uint32_t iov_count,
                          struct spdk_nvme_ns_cmd_ext_io_opts *opts)
{
	struct nvme_rw rw = rw_iov(ns, SPDK_NVME_OPC_READ, iov, iov_count);

	return rw_apply_ext_opts(&rw, opts) ?: rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_write_iov(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                           uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                           struct iovec *iov, uint32_t iov_count,
                           struct spdk_nvme_ns_cmd_ext_io_opts *opts)
{
	struct nvme_rw rw = rw_iov(ns, SPDK_NVME_OPC_WRITE, iov, iov_count);

	return rw_apply_ext_opts(&rw, opts) ?: rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_read_ext(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, void *payload,
                          uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                          struct spdk_nvme_ns_cmd_ext_io_opts *opts)
{
	struct nvme_rw rw = rw_buf(ns, SPDK_NVME_OPC_READ, payload, 0);

	return rw_apply_ext_opts(&rw, opts) ?: rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_write_ext(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, void *payload,
                           uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                           struct spdk_nvme_ns_cmd_ext_io_opts *opts)
{
	struct nvme_rw rw = rw_buf(ns, SPDK_NVME_OPC_WRITE, payload, 0);

	return rw_apply_ext_opts(&rw, opts) ?: rw_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

/* ---- Commands that move no blocks ---- */

static int
blocks_submit(struct spdk_nvme_qpair *qpair, const struct nvme_rw *rw, uint64_t lba,
              uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	struct nvme_request *req;

	/* NLB has 16 bits, 0's based. */
	if (lba_count == 0 || lba_count > UINT16_MAX + 1 ||
	    (rw->io_flags & ~SPDK_NVME_IO_FLAGS_VALID_MASK) != 0) {
		return -EINVAL;
	}
	req = nvme_request_get_contig(qpair, NULL, 0, cb_fn, cb_arg);
	if (req == NULL) {
		return -ENOMEM;
	}
	nvme_ns_rw_setup(req, rw, lba, lba_count);
	return nvme_qpair_submit(qpair, req);
}

int
spdk_nvme_ns_cmd_write_zeroes(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                              uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                              uint32_t io_flags)
{
	struct nvme_rw rw = { .ns = ns, .opc = SPDK_NVME_OPC_WRITE_ZEROES, .io_flags = io_flags };

	return blocks_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_verify(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                        uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg, uint32_t io_flags)
{
	struct nvme_rw rw = { .ns = ns, .opc = SPDK_NVME_OPC_VERIFY, .io_flags = io_flags };

	return blocks_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_write_uncorrectable(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                     uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn,
                                     void *cb_arg)
{
	struct nvme_rw rw = { .ns = ns, .opc = SPDK_NVME_OPC_WRITE_UNCORRECTABLE };

	return blocks_submit(qpair, &rw, lba, lba_count, cb_fn, cb_arg);
}

int
spdk_nvme_ns_cmd_flush(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                       spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	struct nvme_request *req = nvme_request_get_contig(qpair, NULL, 0, cb_fn, cb_arg);

	if (req == NULL) {
		return -ENOMEM;
	}
	req->cmd.opc = SPDK_NVME_OPC_FLUSH;
	req->cmd.nsid = ns->id;
	return nvme_qpair_submit(qpair, req);
}

int
spdk_nvme_ns_cmd_dataset_management(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                    uint32_t type, const struct spdk_nvme_dsm_range *ranges,
                                    uint16_t num_ranges, spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	struct nvme_request *req;

	if (ranges == NULL || num_ranges == 0 ||
	    num_ranges > SPDK_NVME_DATASET_MANAGEMENT_MAX_RANGES) {
		return -EINVAL;
	}
	req = nvme_request_get_contig(qpair, (void *)(uintptr_t)ranges,
	                              num_ranges * (uint32_t)sizeof(*ranges), cb_fn, cb_arg);
	if (req == NULL) {
		return -ENOMEM;
	}
	req->cmd.opc = SPDK_NVME_OPC_DATASET_MANAGEMENT;
	req->cmd.nsid = ns->id;
	req->cmd.cdw10_bits.dsm.nr = num_ranges - 1u;
	req->cmd.cdw11 = type;
	return nvme_qpair_submit(qpair, req);
}
