/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Tracepoints of NVMe/TCP hosts: each command is an object. Told to the trace file when it is made.
 */

#include "tcp.h"

void
nvme_tcp_trace_submit(const struct nvme_tcp_req *treq)
{
	const struct nvme_request *req = treq->req;

	trace_record(TRACE_NVME_TCP_SUBMIT, OWNER_ID_NONE, req->payload_size, (uintptr_t)req,
	             (uint64_t)(uintptr_t)req->cb_arg, (uint32_t)treq->cid, (uint32_t)req->cmd.opc,
	             req->cmd.cdw10, req->cmd.cdw11, req->cmd.cdw12);
}

void
nvme_tcp_trace_complete(const struct nvme_tcp_req *treq)
{
	const struct nvme_request *req = treq->req;

	trace_record(TRACE_NVME_TCP_COMPLETE, OWNER_ID_NONE, 0, (uintptr_t)req,
	             (uint64_t)(uintptr_t)req->cb_arg, (uint32_t)treq->cpl.cid,
	             (uint32_t)treq->cpl.status_raw);
}

static void
nvme_tcp_trace_register(void)
{
	static const struct spdk_trace_tpoint_opts opts[] = {
		{ "NVME_TCP_SUBMIT",
		  TRACE_NVME_TCP_SUBMIT,
		  OWNER_TYPE_NONE,
		  OBJECT_NVME_TCP_REQ,
		  1,
		  { { "ctx", SPDK_TRACE_ARG_TYPE_PTR, 8 },
		    { "cid", SPDK_TRACE_ARG_TYPE_INT, 4 },
		    { "opc", SPDK_TRACE_ARG_TYPE_INT, 4 },
		    { "dw10", SPDK_TRACE_ARG_TYPE_PTR, 4 },
		    { "dw11", SPDK_TRACE_ARG_TYPE_PTR, 4 },
		    { "dw12", SPDK_TRACE_ARG_TYPE_PTR, 4 } } },
		{ "NVME_TCP_COMPLETE",
		  TRACE_NVME_TCP_COMPLETE,
		  OWNER_TYPE_NONE,
		  OBJECT_NVME_TCP_REQ,
		  0,
		  { { "ctx", SPDK_TRACE_ARG_TYPE_PTR, 8 },
		    { "cid", SPDK_TRACE_ARG_TYPE_INT, 4 },
		    { "cpl", SPDK_TRACE_ARG_TYPE_PTR, 4 } } },
	};

	spdk_trace_register_object(OBJECT_NVME_TCP_REQ, 'p');
	spdk_trace_register_description_ext(opts, SPDK_COUNTOF(opts));
}

extern const struct spdk_trace_register_fn nvme_tcp_trace_group;
const struct spdk_trace_register_fn nvme_tcp_trace_group = { "nvme_tcp", TRACE_GROUP_NVME_TCP,
	                                                     nvme_tcp_trace_register, NULL };
