/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the files of the NVMe/TCP host share: controller, queue pair, request, group. */

#ifndef NVME_TCP_H
#define NVME_TCP_H

#include "spdk_internal/nvme.h"
#include "spdk_internal/nvme_wire.h"
#include "spdk_internal/trace.h"

#include "spdk/assert.h"
#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/sock.h"
#include "spdk/string.h"
#include "spdk/util.h"

enum {
	/** Memory segments of one command. */
	NVME_TCP_SGES_MAX = 16,
	/** What a capsule of the admin queue, and of a Connect, may carry: TCP transport 1.0, 3.3.
	 */
	NVME_TCP_ADMIN_IN_CAPSULE_BYTES = 8192,
	/** R2Ts that a command may have outstanding; what we offer in ICReq. */
	NVME_TCP_R2T_MAX = 1,
	/** Received bytes go here first, but for the bulk of large data. */
	NVME_TCP_RX_BYTES = 16384,
	/** Until the connection is there, and until ICResp is. */
	NVME_TCP_CONNECT_TIMEOUT_MS = 30000,
	NVME_TCP_IC_TIMEOUT_MS = 10000,
	/** Low bits of a command id are the request's place; those above count its uses. */
	NVME_TCP_CID_INDEX_BITS = 12,
};

/** One write to the socket. It belongs to the socket from writev_async to its call-back. */
struct nvme_tcp_send {
	struct spdk_sock_request sock_req;
	struct iovec iov[NVME_TCP_SGES_MAX + 2]; /* header, data, digest; right behind sock_req */
};
SPDK_STATIC_ASSERT(offsetof(struct nvme_tcp_send, iov) == sizeof(struct spdk_sock_request),
                   "sockets expect the vectors there");

enum nvme_tcp_req_flags {
	NVME_TCP_REQ_SENDING = 1 << 0,  /* `send` is the socket's */
	NVME_TCP_REQ_ANSWERED = 1 << 1, /* cpl is final; complete when not SENDING */
	NVME_TCP_REQ_BAD_DATA = 1 << 2, /* a data digest was wrong */
};

/** A command on the wire: made with its queue pair, found by command id. */
struct nvme_tcp_req {
	struct nvme_request *req; /* NULL: free, or aborted while SENDING */
	struct nvme_tcp_qpair *tqpair;
	union {
		SLIST_ENTRY(nvme_tcp_req) free_link;
		TAILQ_ENTRY(nvme_tcp_req) link; /* outstanding */
	};
	struct wire_xfer xfer;
	uint16_t cid;
	uint8_t flags;
	int iovcnt;
	struct spdk_nvme_cpl cpl;
	/** The R2T that is being answered: what of it is still to be handed to the socket. */
	uint16_t ttag;
	uint32_t r2t_offset;
	uint32_t r2t_left;
	uint8_t ddgst[WIRE_DIGEST_BYTES];
	struct iovec iov[NVME_TCP_SGES_MAX]; /* the payload */
	struct nvme_tcp_send send;
	uint8_t hdr[WIRE_TX_HDR_BYTES_MAX];
};
TAILQ_HEAD(nvme_tcp_req_list, nvme_tcp_req);

/** In order; each has a deadline, and ends in the next or in CLOSED. */
enum nvme_tcp_state {
	NVME_TCP_CLOSED,
	NVME_TCP_SOCK_CONNECTING,
	NVME_TCP_WAIT_IC,
	NVME_TCP_WAIT_CONNECT, /* the fabrics command */
	NVME_TCP_UP,
};

enum nvme_tcp_rx_state {
	NVME_TCP_RX_COMMON, /* WIRE_PDU_CH_BYTES */
	NVME_TCP_RX_HEADER, /* pdu.hdr_bytes in all */
	NVME_TCP_RX_SKIP,   /* padding; data of a TermReq */
	NVME_TCP_RX_DATA,
	NVME_TCP_RX_DIGEST,
};

struct nvme_tcp_qpair {
	struct spdk_nvme_qpair qpair;
	struct spdk_sock *sock; /* NULL: CLOSED */
	SLIST_HEAD(, nvme_tcp_req) free;
	struct nvme_tcp_req_list outstanding; /* in order of submit */
	struct wire_link link;
	struct nvme_tcp_req *reqs;
	uint32_t num_reqs;
	uint32_t in_capsule_bytes_max;
	enum nvme_tcp_state state;
	int connect_status; /* of the socket; 1: not known yet */
	/** Counts connections: who comes back from a call-back sees whether it is still his. */
	uint32_t generation;
	bool wants_poll; /* is in the group's needs_poll */
	TAILQ_ENTRY(nvme_tcp_qpair) poll_link;
	struct spdk_nvme_tcp_stat *stats; /* the group's, or own_stats */
	struct spdk_nvme_tcp_stat own_stats;

	/* Receiving. */
	enum nvme_tcp_rx_state rx_state;
	uint32_t rx_begin; /* of what is in rx_buf and not yet looked at */
	uint32_t rx_end;
	uint32_t rx_hdr; /* of the PDU that is being handled */
	struct wire_pdu rx_pdu;
	bool rx_drained;    /* the socket gave all it had */
	bool rx_stopped;    /* the limit of completions left PDUs in rx_buf */
	uint32_t rx_left;   /* bytes of SKIP or DATA */
	uint32_t rx_offset; /* in the command's data, where the next byte of DATA goes */
	uint32_t rx_crc;
	struct nvme_tcp_req *rx_req; /* of DATA and DIGEST */
	uint8_t *rx_buf;             /* NVME_TCP_RX_BYTES */

	/** ICReq and TermReq. */
	bool ctl_sending;
	struct nvme_tcp_send ctl_send;
	uint8_t ctl_hdr[WIRE_TERM_REQ_BYTES_MAX];
};

struct nvme_tcp_ctrlr {
	struct spdk_nvme_ctrlr ctrlr;
};

struct nvme_tcp_group {
	struct spdk_nvme_transport_poll_group tgroup;
	struct spdk_sock_group *sock_group;
	/** Queue pairs with received bytes in memory, of which their sockets tell nothing. */
	TAILQ_HEAD(, nvme_tcp_qpair) needs_poll;
	uint32_t num_needing;
	struct spdk_nvme_tcp_stat stats;
	uint32_t completions_per_qpair; /* of the poll that runs */
	int64_t num_completions;
};

static inline struct nvme_tcp_qpair *
nvme_tcp_qpair(struct spdk_nvme_qpair *qpair)
{
	return SPDK_CONTAINEROF(qpair, struct nvme_tcp_qpair, qpair);
}

static inline struct nvme_tcp_group *
nvme_tcp_group(struct spdk_nvme_transport_poll_group *tgroup)
{
	return SPDK_CONTAINEROF(tgroup, struct nvme_tcp_group, tgroup);
}

/* qpair.c */
struct spdk_nvme_qpair *
nvme_tcp_qpair_create(struct spdk_nvme_ctrlr *ctrlr, uint16_t qid, uint32_t queue_size,
                      enum spdk_nvme_qprio qprio, uint32_t num_requests, bool async);
int nvme_tcp_qpair_delete(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair);
int nvme_tcp_qpair_connect(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair);
void nvme_tcp_qpair_disconnect(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair);
void nvme_tcp_qpair_abort_reqs(struct spdk_nvme_qpair *qpair, uint32_t dnr);
void nvme_tcp_qpair_abort_aers(struct spdk_nvme_qpair *qpair);
int nvme_tcp_qpair_iterate(struct spdk_nvme_qpair *qpair,
                           int (*iter_fn)(struct nvme_request *req, void *arg), void *arg);
int32_t nvme_tcp_qpair_process_completions(struct spdk_nvme_qpair *qpair, uint32_t max);
/** Go on connecting with what has arrived. 0, or why it is over. */
int nvme_tcp_qpair_connect_step(struct nvme_tcp_qpair *tqpair);
/** The peer broke the protocol: tell it, and say so in the log. Returns -EPROTO. */
int nvme_tcp_qpair_fault(struct nvme_tcp_qpair *tqpair, const struct wire_fault *fault,
                         const void *hdr, size_t hdr_bytes);

/* send.c */
/** Once: what stays the same for every use of \p treq. */
void nvme_tcp_req_init(struct nvme_tcp_req *treq, struct nvme_tcp_qpair *tqpair, uint16_t cid);
int nvme_tcp_submit(struct spdk_nvme_qpair *qpair, struct nvme_request *req);
/** An R2T was checked and taken: send its data, now or when the write before it is out. */
void nvme_tcp_send_r2t_data(struct nvme_tcp_req *treq);
/** Hand ICReq or TermReq, built in ctl_hdr, to the socket. */
void nvme_tcp_send_ctl(struct nvme_tcp_qpair *tqpair, size_t len_bytes);
/** Complete an answered request whose buffers nobody uses any more. */
void nvme_tcp_req_complete(struct nvme_tcp_req *treq);

/* recv.c */
/** Receive and handle up to \p max commands' ends. Their number, or a negative errno. */
int32_t nvme_tcp_recv(struct nvme_tcp_qpair *tqpair, uint32_t max);
void nvme_tcp_recv_reset(struct nvme_tcp_qpair *tqpair);

/* group.c */
int nvme_tcp_group_add_sock(struct nvme_tcp_qpair *tqpair);
void nvme_tcp_group_remove_sock(struct nvme_tcp_qpair *tqpair);
void nvme_tcp_group_update_needs_poll(struct nvme_tcp_qpair *tqpair);
struct spdk_nvme_transport_poll_group *nvme_tcp_group_create(void);
int64_t nvme_tcp_group_process_completions(struct spdk_nvme_transport_poll_group *tgroup,
                                           uint32_t completions_per_qpair,
                                           spdk_nvme_disconnected_qpair_cb disconnected_qpair_cb);
int nvme_tcp_group_destroy(struct spdk_nvme_transport_poll_group *tgroup);
int nvme_tcp_group_get_stats(struct spdk_nvme_transport_poll_group *tgroup,
                             struct spdk_nvme_transport_poll_group_stat **stats);
void nvme_tcp_group_free_stats(struct spdk_nvme_transport_poll_group *tgroup,
                               struct spdk_nvme_transport_poll_group_stat *stats);

/* trace.c */
/** Record a command on its way, or its end, if that tracepoint is on. */
void nvme_tcp_trace_submit(const struct nvme_tcp_req *treq) TRACE_COLD;
void nvme_tcp_trace_complete(const struct nvme_tcp_req *treq) TRACE_COLD;

#endif /* NVME_TCP_H */
