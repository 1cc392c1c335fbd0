/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * NVMe/TCP for the target: the structs of this module, its limits and its timers.
 *
 * A connection is a queue pair. It belongs to the thread of its poll group, and so do its requests.
 * Only the listening ports are the target thread's.
 */

#ifndef NVMF_TCP_H
#define NVMF_TCP_H

#include "spdk/stdinc.h"
#include "spdk/assert.h"
#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/nvmf_transport.h"
#include "spdk/sock.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/nvme_wire.h"
#include "spdk_internal/sock_module.h"
#include "spdk_internal/thread.h"
#include "spdk_internal/trace.h"

/* ---- Limits ---- */

#define TCP_RX_BUF_BYTES 16384 /* received ahead, for each connection */
#define TCP_READS_MAX 4        /* reads of one connection before others get their turn */
#define TCP_ACCEPTS_MAX 16     /* accepts of one port before others get their turn */
#define TCP_REQS_AT_FIRST 2    /* until Connect tells the depth */
#define TCP_DEPTH_MAX (UINT16_MAX + 1 - TCP_REQS_AT_FIRST) /* each request has a 16-bit tag */
#define TCP_ADMIN_IN_CAPSULE_BYTES 8192
#define TCP_MAX_H2C_BYTES 131072
#define TCP_TX_IOVS 3 /* header, data, digest and response */

/* ---- Timers, all of them: seconds that a peer may take ---- */

#define TCP_IC_TIMEOUT_S 10      /* accept to ICReq */
#define TCP_CONNECT_TIMEOUT_S 15 /* ICResp to a Connect that succeeded */
#define TCP_PDU_TIMEOUT_S 30     /* first byte of a PDU to its last */
#define TCP_R2T_TIMEOUT_S 30     /* R2T to the last byte of its data */
#define TCP_TX_TIMEOUT_S 30      /* queued bytes, and none of them leaves */
#define TCP_TERM_TIMEOUT_S 3     /* our TermReq to the peer's close */
#define TCP_TIMER_PERIOD_US 1000000

struct tcp_transport {
	struct spdk_nvmf_transport transport;
	bool c2h_success;             /* set once */
	uint32_t sock_priority;       /* set once */
	TAILQ_HEAD(, tcp_port) ports; /* target thread */
};

struct tcp_port {
	struct tcp_transport *transport;
	struct spdk_nvme_transport_id trid;
	struct spdk_sock *sock;
	struct spdk_poller *poller;
	struct spdk_poller *pause; /* until descriptors are there again */
	TAILQ_ENTRY(tcp_port) link;
};

struct tcp_group {
	struct spdk_nvmf_transport_poll_group group;
	struct spdk_sock_group *sock_group;
	struct spdk_iobuf_channel iobuf;
	struct spdk_poller *poller; /* sockets */
	struct spdk_poller *timer;  /* deadlines; runs while there are connections */
	uint64_t now_s;             /* the timer's clock, seconds */
	TAILQ_HEAD(, tcp_conn) conns;
};

/** Bytes on their way out, in the layout that lib/sock wants. */
struct tcp_tx {
	struct spdk_sock_request sock_req;
	struct iovec iov[TCP_TX_IOVS];
};
SPDK_STATIC_ASSERT(offsetof(struct tcp_tx, iov) == sizeof(struct spdk_sock_request),
                   "the vectors follow the request");

enum tcp_req_state {
	TCP_REQ_FREE,
	TCP_REQ_BUFFER,  /* waits for a data buffer */
	TCP_REQ_CAPSULE, /* its in-capsule data is arriving */
	TCP_REQ_R2T,     /* the host was asked for its data */
	TCP_REQ_RUNNING, /* lib/nvmf has it */
	TCP_REQ_SENDING, /* its answer is on its way */
};

struct tcp_req {
	struct spdk_nvmf_request req;
	struct tcp_conn *conn;
	uint16_t ttag; /* set once: its index */
	uint8_t state; /* enum tcp_req_state */
	uint8_t sc;    /* generic status that it fails with once its data is here */
	bool in_capsule;
	uint32_t sgl_offset; /* in-capsule: where the data begins */
	uint32_t buf_bytes;  /* what was taken from iobuf */
	uint64_t since_s;    /* R2T: when */
	struct wire_xfer xfer;
	union nvmf_h2c_msg cmd;
	union nvmf_c2h_msg rsp;
	TAILQ_ENTRY(tcp_req) link; /* conn: r2t_reqs */
	STAILQ_ENTRY(tcp_req) free_link;
	struct tcp_tx tx;
	struct tcp_tx r2t_tx;
	uint8_t tx_hdr[WIRE_TX_HDR_BYTES_MAX];
	uint8_t tx_tail[WIRE_DIGEST_BYTES + WIRE_TX_HDR_BYTES_MAX];
	uint8_t r2t_hdr[WIRE_TX_HDR_BYTES_MAX];
};

enum tcp_conn_state {
	TCP_CONN_IC,    /* nothing came yet; ICReq must */
	TCP_CONN_READY, /* commands */
	TCP_CONN_TERM,  /* a TermReq is on its way; what comes is thrown away until the peer closes
	                 */
	TCP_CONN_CLOSING, /* lib/nvmf drains the queue; nothing is read, what is queued goes out */
	TCP_CONN_CLOSED,  /* the socket is closed */
};

enum tcp_rx_state {
	TCP_RX_CH,      /* the common header */
	TCP_RX_HDR,     /* the rest of the header */
	TCP_RX_DATA,    /* padding, data, digest */
	TCP_RX_STALLED, /* the PDU waits for a request or a buffer of ours */
};

struct tcp_conn {
	struct spdk_nvmf_qpair qpair;
	struct tcp_group *group;
	struct spdk_sock *sock;
	struct wire_link link;
	uint8_t state;    /* enum tcp_conn_state */
	uint8_t rx_state; /* enum tcp_rx_state */
	bool close_wanted;
	bool resume_wanted;
	bool input_off; /* the socket group was told not to tell of input */

	/* receive */
	struct wire_pdu pdu;
	struct tcp_req *rx_req; /* RX_DATA: whose data; without a buffer it is thrown away */
	uint32_t rx_skip;       /* RX_DATA: padding left */
	uint32_t rx_data_left;
	uint32_t rx_data_offset; /* in rx_req's buffer: where the next byte goes */
	uint32_t rx_data_start;  /* where this PDU's data begins there */
	uint32_t rx_ddgst_left;
	uint8_t rx_ddgst[WIRE_DIGEST_BYTES];
	uint32_t rx_pos;
	uint32_t rx_len;

	/* requests */
	STAILQ_HEAD(, tcp_req) free_reqs;
	TAILQ_HEAD(, tcp_req) r2t_reqs; /* oldest first */
	struct tcp_req *more_reqs;
	uint32_t num_more_reqs;
	struct tcp_req first_reqs[TCP_REQS_AT_FIRST];

	/* send */
	uint32_t tx_pending;
	bool ctl_pending;
	struct tcp_tx ctl_tx; /* ICResp, then TermReq */
	uint8_t ctl_buf[WIRE_TERM_REQ_BYTES_MAX];

	/* deadlines, in seconds of the group's clock */
	uint64_t phase_since_s;
	uint64_t rx_since_s; /* 0: between PDUs */
	uint64_t tx_since_s; /* last time that bytes left, or that the queue began to fill */

	struct thread_deferred deferred;
	struct spdk_nvme_transport_id listen_trid;
	char local_addr[SPDK_NVMF_TRADDR_MAX_LEN + 1];
	char peer_addr[SPDK_NVMF_TRADDR_MAX_LEN + 1];
	uint16_t local_port;
	uint16_t peer_port;
	TAILQ_ENTRY(tcp_conn) group_link;
	uint8_t rx_buf[TCP_RX_BUF_BYTES];
};

static inline struct tcp_conn *
tcp_conn_of(struct spdk_nvmf_qpair *qpair)
{
	return SPDK_CONTAINEROF(qpair, struct tcp_conn, qpair);
}

static inline struct tcp_req *
tcp_req_of(struct spdk_nvmf_request *req)
{
	return SPDK_CONTAINEROF(req, struct tcp_req, req);
}

static inline struct tcp_transport *
tcp_conn_transport(struct tcp_conn *conn)
{
	return SPDK_CONTAINEROF(conn->qpair.transport, struct tcp_transport, transport);
}

/* ---- conn.c ---- */

/** A fresh connection on an accepted socket, which it then owns. NULL: no memory. */
struct tcp_conn *tcp_conn_create(struct tcp_port *port, struct spdk_sock *sock);
/** End the connection, soon: not within this call. */
void tcp_conn_close(struct tcp_conn *conn);
/** Go on parsing, soon: a request or a buffer became free. */
void tcp_conn_resume(struct tcp_conn *conn);
/** The peer broke the protocol: one line, a TermReq, and the end. */
void tcp_conn_fault(struct tcp_conn *conn, const struct wire_fault *fault, const void *hdr,
                    size_t hdr_bytes);
/** Send the \p len bytes of ctl_buf. */
void tcp_conn_send_ctl(struct tcp_conn *conn, size_t len);
/** Look at all deadlines. */
void tcp_conn_check_deadlines(struct tcp_conn *conn);

int tcp_poll_group_add(struct spdk_nvmf_transport_poll_group *group, struct spdk_nvmf_qpair *qpair);
int
tcp_poll_group_remove(struct spdk_nvmf_transport_poll_group *group, struct spdk_nvmf_qpair *qpair);
void tcp_qpair_abort_request(struct spdk_nvmf_qpair *qpair, struct spdk_nvmf_request *req);
void tcp_qpair_fini(struct spdk_nvmf_qpair *qpair, spdk_nvmf_transport_qpair_fini_cb cb_fn,
                    void *cb_arg);

/* ---- recv.c ---- */

/** Read and handle what the socket has. */
void tcp_conn_read(struct tcp_conn *conn);
/** Hear of input while the connection can take it, and only then: a socket that can be read, or
 *  whose peer hung up, keeps its thread awake. */
void tcp_conn_update_input(struct tcp_conn *conn);

/* ---- req.c ---- */

void tcp_req_init(struct tcp_conn *conn, struct tcp_req *treq, uint16_t ttag);
struct tcp_req *tcp_conn_find_req(struct tcp_conn *conn, uint16_t ttag);
/** Begin the command in conn->pdu. 0: begun, or failed with an answer; -EAGAIN: nothing free. */
int tcp_req_begin(struct tcp_conn *conn);
/** All its data is here. */
void tcp_req_run(struct tcp_req *treq);
/** Give up whatever waits for the peer or a buffer. */
void tcp_conn_free_waiting(struct tcp_conn *conn);
void tcp_req_release(struct tcp_req *treq);
void tcp_req_free(struct spdk_nvmf_request *req);
void tcp_req_complete(struct spdk_nvmf_request *req);
void tcp_req_get_buffers_done(struct spdk_nvmf_request *req);

/* ---- send.c ---- */

void tcp_send_response(struct tcp_req *treq);
void tcp_send_r2t(struct tcp_req *treq);

/* ---- trace.c ---- */

/** A record of a request, if that tracepoint is on. Out of line: the caller needs no frame for it.
 */
void tcp_req_trace(const struct tcp_req *treq, uint16_t tpoint_id) TRACE_COLD;

#endif /* NVMF_TCP_H */
