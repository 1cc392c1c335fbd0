/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Tracepoints of NVMe/TCP targets: each connection is an owner, each request an object, to which
 * the I/O of the bdev layer and the writes of the socket belong. Told to the trace file when it is
 * made.
 */

#include "tcp.h"

#define REQ(name_, id, new_) \
	{ \
		name_, id, OWNER_TYPE_NVMF_TCP, OBJECT_NVMF_TCP_IO, new_, \
		{ \
			{ "opc", SPDK_TRACE_ARG_TYPE_INT, 1 }, \
			{ \
				"cid", SPDK_TRACE_ARG_TYPE_INT, 2 \
			} \
		} \
	}
#define CONN(name_, id) \
	{ \
		name_, id, OWNER_TYPE_NVMF_TCP, OBJECT_NONE, 0, \
		{ \
			{ \
				0 \
			} \
		} \
	}

void
tcp_req_trace(const struct tcp_req *treq, uint16_t tpoint_id)
{
	if (trace_group_mask(TRACE_GROUP_NVMF_TCP) & (1ull << tpoint_id % 64)) {
		_spdk_trace_record(0, tpoint_id, treq->conn->qpair.trace_id, treq->req.length,
		                   (uintptr_t)&treq->req, 2, (uint32_t)treq->cmd.nvme_cmd.opc,
		                   (uint32_t)treq->cmd.nvme_cmd.cid);
	}
}

static void
nvmf_tcp_trace_register(void)
{
	static const struct spdk_trace_tpoint_opts opts[] = {
		REQ("TCP_REQ_NEW", TRACE_NVMF_TCP_NEW, 1),
		REQ("TCP_REQ_NEED_BUFFER", TRACE_NVMF_TCP_NEED_BUFFER, 0),
		REQ("TCP_REQ_TX_H_TO_C", TRACE_NVMF_TCP_H2C, 0),
		REQ("TCP_REQ_EXECUTING", TRACE_NVMF_TCP_EXECUTE, 0),
		REQ("TCP_REQ_EXECUTED", TRACE_NVMF_TCP_EXECUTED, 0),
		REQ("TCP_REQ_COMPLETED", TRACE_NVMF_TCP_COMPLETED, 0),
		CONN("TCP_QP_CREATE", TRACE_NVMF_TCP_QP_CREATE),
		CONN("TCP_QP_DISCONNECT", TRACE_NVMF_TCP_QP_DISCONNECT),
		CONN("TCP_QP_DESTROY", TRACE_NVMF_TCP_QP_DESTROY),
	};

	spdk_trace_register_owner_type(OWNER_TYPE_NVMF_TCP, 't');
	spdk_trace_register_object(OBJECT_NVMF_TCP_IO, 'r');
	spdk_trace_register_description_ext(opts, SPDK_COUNTOF(opts));
	spdk_trace_tpoint_register_relation(TRACE_BDEV_IO_START, OBJECT_NVMF_TCP_IO, 1);
	spdk_trace_tpoint_register_relation(TRACE_BDEV_IO_DONE, OBJECT_NVMF_TCP_IO, 0);
	spdk_trace_tpoint_register_relation(TRACE_SOCK_REQ_QUEUE, OBJECT_NVMF_TCP_IO, 0);
	spdk_trace_tpoint_register_relation(TRACE_SOCK_REQ_COMPLETE, OBJECT_NVMF_TCP_IO, 0);
}

extern const struct spdk_trace_register_fn nvmf_tcp_trace_group;
const struct spdk_trace_register_fn nvmf_tcp_trace_group = { "nvmf_tcp", TRACE_GROUP_NVMF_TCP,
	                                                     nvmf_tcp_trace_register, NULL };
