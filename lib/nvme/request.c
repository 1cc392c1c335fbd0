/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Requests: one for each command, from an array that is as old as its queue pair, so that nothing
 * between submit and completion touches the heap. They are used on the queue pair's thread (the
 * admin queue's: under ctrlr->lock).
 *
 * A request is: free -> with its builder -> with the transport, or queued -> completed,
 * which makes it free and then calls back. A parent never goes to a transport: its children do, and
 * the last one to complete completes it.
 */

#include "spdk_internal/nvme.h"

#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/util.h"

struct nvme_request *
nvme_request_get_contig(struct spdk_nvme_qpair *qpair, void *buf, uint32_t payload_size,
                        spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	struct nvme_payload payload = { .base = buf };

	return nvme_request_get(qpair, &payload, payload_size, cb_fn, cb_arg);
}

static inline void
request_free(struct nvme_request *req)
{
	struct spdk_nvme_qpair *qpair = req->qpair;

	STAILQ_INSERT_HEAD(&qpair->free_reqs, req, link);
	qpair->num_outstanding--;
}

void
nvme_request_put(struct nvme_request *req)
{
	struct nvme_request *child;

	if (req->num_children > 0) {
		while ((child = STAILQ_FIRST(&req->children)) != NULL) {
			STAILQ_REMOVE_HEAD(&req->children, link);
			request_free(child);
		}
	}
	request_free(req);
}

/* Appends, or grows the vector before when the new piece follows it in memory. */
static inline int
iov_add(struct iovec *iov, int iovcnt, int iovcnt_max, void *addr, size_t len)
{
	if (iovcnt > 0 &&
	    (uint8_t *)iov[iovcnt - 1].iov_base + iov[iovcnt - 1].iov_len == (uint8_t *)addr) {
		iov[iovcnt - 1].iov_len += len;
		return iovcnt;
	}
	if (iovcnt == iovcnt_max) {
		return -E2BIG;
	}
	iov[iovcnt].iov_base = addr;
	iov[iovcnt].iov_len = len;
	return iovcnt + 1;
}

static int
request_sgl_to_iov(struct nvme_request *req, struct iovec *iov, int iovcnt_max)
{
	const struct nvme_payload *payload = &req->payload;
	uint32_t left = req->payload_size;
	int iovcnt = 0;

	payload->reset_sgl_fn(payload->base, req->payload_offset);
	while (left > 0) {
		void *addr = NULL;
		uint32_t len = 0;

		if (payload->next_sge_fn(payload->base, &addr, &len) != 0 || len == 0) {
			return -EFAULT;
		}
		len = spdk_min(len, left);
		iovcnt = iov_add(iov, iovcnt, iovcnt_max, addr, len);
		if (iovcnt < 0) {
			return iovcnt;
		}
		left -= len;
	}
	return iovcnt;
}

static int
request_vector_to_iov(struct nvme_request *req, struct iovec *iov, int iovcnt_max)
{
	const struct iovec *src = req->payload.base;
	size_t skip = req->payload_offset;
	size_t left = req->payload_size;
	int iovcnt = 0;
	uint32_t i;

	for (i = 0; i < req->payload.iovcnt && left > 0; i++) {
		size_t len;

		if (skip >= src[i].iov_len) {
			skip -= src[i].iov_len;
			continue;
		}
		len = spdk_min(src[i].iov_len - skip, left);
		iovcnt = iov_add(iov, iovcnt, iovcnt_max, (uint8_t *)src[i].iov_base + skip, len);
		if (iovcnt < 0) {
			return iovcnt;
		}
		skip = 0;
		left -= len;
	}
	return left == 0 ? iovcnt : -EFAULT;
}

int
nvme_request_to_iov(struct nvme_request *req, struct iovec *iov, int iovcnt_max)
{
	if (req->payload_size == 0) {
		return 0;
	}
	if (req->payload.reset_sgl_fn != NULL) {
		return request_sgl_to_iov(req, iov, iovcnt_max);
	}
	if (req->payload.iovcnt > 0) {
		return request_vector_to_iov(req, iov, iovcnt_max);
	}
	if (req->payload.base == NULL) {
		return -EFAULT;
	}
	iov[0].iov_base = (uint8_t *)req->payload.base + req->payload_offset;
	iov[0].iov_len = req->payload_size;
	return 1;
}

static __attribute__((cold, noinline)) void
request_log_error(const struct nvme_request *req, const struct spdk_nvme_cpl *cpl)
{
	const struct spdk_nvme_ctrlr *ctrlr = req->qpair->ctrlr;

	/* Aborts by us are told once, by whoever aborts. */
	if (ctrlr->opts.disable_error_logging || req->qpair->id == 0 ||
	    spdk_nvme_cpl_is_aborted_sq_deletion(cpl)) {
		return;
	}
	SPDK_ERRLOG_RATELIMIT("%s: queue %u: command %02x on namespace %u: %s (%02x/%02x)%s\n",
	                      ctrlr->trid.subnqn, req->qpair->id, req->cmd.opc, req->cmd.nsid,
	                      spdk_nvme_cpl_get_status_string_ext(&cpl->status, req->cmd.opc),
	                      cpl->status.sct, cpl->status.sc, cpl->status.dnr ? ", final" : "");
}

static __attribute__((noinline)) void
request_child_done(struct nvme_request *parent, const struct spdk_nvme_cpl *cpl)
{
	assert(parent->num_children > 0);
	if (spdk_nvme_cpl_is_error(cpl) && !spdk_nvme_cpl_is_error(&parent->parent_status)) {
		parent->parent_status = *cpl;
	}
	if (--parent->num_children == 0) {
		struct spdk_nvme_cpl status = parent->parent_status;

		nvme_request_complete(parent, &status);
	}
}

void
nvme_request_complete(struct nvme_request *req, const struct spdk_nvme_cpl *cpl)
{
	spdk_nvme_cmd_cb cb_fn = req->cb_fn;
	void *cb_arg = req->cb_arg;
	struct nvme_request *parent = req->parent;

	if (spdk_unlikely(spdk_nvme_cpl_is_error(cpl))) {
		request_log_error(req, cpl);
	}
	/* Freed first, so that the call-back can submit another even when this was the last one. */
	request_free(req);
	if (spdk_unlikely(parent != NULL)) {
		request_child_done(parent, cpl);
		return;
	}
	if (spdk_likely(cb_fn != NULL)) {
		cb_fn(cb_arg, cpl);
	}
}

void
nvme_request_fail(struct nvme_request *req, uint16_t sct, uint16_t sc, bool dnr)
{
	struct spdk_nvme_cpl cpl = {
		.sqid = req->qpair->id,
		.cid = req->cmd.cid,
		.status = { .sct = sct, .sc = sc, .dnr = dnr },
	};

	nvme_request_complete(req, &cpl);
}

enum nvme_timeout
nvme_request_check_timeout(struct nvme_request *req, uint16_t cid, uint64_t now)
{
	struct spdk_nvme_qpair *qpair = req->qpair;
	struct spdk_nvme_ctrlr *ctrlr = qpair->ctrlr;

	if ((req->flags & (NVME_REQ_AER | NVME_REQ_TIMED_OUT)) != 0 || req->submit_tick == 0) {
		return NVME_TIMEOUT_PASS;
	}
	if (now - req->submit_tick < qpair->timeout_ticks) {
		return NVME_TIMEOUT_NOT_YET;
	}
	req->flags |= NVME_REQ_TIMED_OUT;
	/* The user's queue pair handle for the admin queue is NULL. */
	ctrlr->timeout_cb_fn(ctrlr->timeout_cb_arg, ctrlr, qpair->id == 0 ? NULL : qpair, cid);
	return NVME_TIMEOUT_TOLD;
}
