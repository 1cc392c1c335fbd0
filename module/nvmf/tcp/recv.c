/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Receiving. A read fills the connection's buffer with as many PDUs as the socket has; they are
 * decoded in place. While data of a PDU is missing, a read puts it straight into the request's
 * buffer and only what follows into the connection's.
 *
 *	CH -> HDR -> DATA -> CH ...
 *	       \-> STALLED (no request, no buffer) -> DATA or CH
 *
 * All lengths come from nvme_wire, which checked them; here each copy is bounded by what the
 * request holds (asserted) and by what was received.
 */

#include "tcp.h"

static uint32_t
rx_avail(const struct tcp_conn *conn)
{
	return conn->rx_len - conn->rx_pos;
}

static const uint8_t *
rx_ptr(const struct tcp_conn *conn)
{
	return conn->rx_buf + conn->rx_pos;
}

static void
rx_next_pdu(struct tcp_conn *conn)
{
	conn->rx_state = TCP_RX_CH;
	conn->rx_req = NULL;
	conn->rx_since_s = 0;
}

/* ---- What a PDU does ---- */

static void
handle_ic_req(struct tcp_conn *conn, const void *hdr)
{
	struct wire_ic_opts ours = {
		.hdgst = true,
		.ddgst = true,
		.h2c_bytes_max = TCP_MAX_H2C_BYTES,
	};
	struct wire_ic_resp resp;
	struct wire_fault fault;

	if (wire_ic_accept(&conn->link, &conn->pdu.ic_req, &ours, &resp, &fault) != 0) {
		tcp_conn_fault(conn, &fault, hdr, conn->pdu.hdr_bytes);
		return;
	}
	conn->state = TCP_CONN_READY;
	conn->phase_since_s = conn->group->now_s;
	tcp_conn_send_ctl(conn, wire_build_ic_resp(conn->ctl_buf, &resp));
	rx_next_pdu(conn);
}

/** Where the data of the PDU goes: \p treq's buffer from \p offset on. */
static void
rx_expect_data(struct tcp_conn *conn, struct tcp_req *treq, uint32_t offset)
{
	const struct wire_pdu *pdu = &conn->pdu;

	assert(treq != NULL);
	conn->rx_req = treq;
	conn->rx_skip = pdu->pad_bytes;
	conn->rx_data_left = pdu->data_bytes;
	conn->rx_data_start = offset;
	conn->rx_data_offset = offset;
	conn->rx_ddgst_left = pdu->ddgst ? WIRE_DIGEST_BYTES : 0;
	conn->rx_state = TCP_RX_DATA;
}

static void
handle_capsule(struct tcp_conn *conn)
{
	int rc;

	if (conn->rx_state == TCP_RX_STALLED && conn->rx_req != NULL) {
		/* It waited for its buffer. */
		if (conn->rx_req->state == TCP_REQ_CAPSULE) {
			rx_expect_data(conn, conn->rx_req, 0);
		}
		return;
	}
	conn->rx_req = NULL;
	rc = tcp_req_begin(conn);
	if (spdk_unlikely(rc != 0)) {
		conn->rx_state = TCP_RX_STALLED;
	} else if (conn->pdu.data_bytes > 0) {
		rx_expect_data(conn, conn->rx_req, 0);
	} else if (conn->state == TCP_CONN_READY) {
		rx_next_pdu(conn);
	}
}

static void
handle_h2c_data(struct tcp_conn *conn, const void *hdr)
{
	const struct wire_data *data = &conn->pdu.data;
	struct tcp_req *treq = tcp_conn_find_req(conn, data->ttag);
	struct wire_fault fault;

	if (treq == NULL || treq->state != TCP_REQ_R2T) {
		wire_fault_unknown_tag(conn->pdu.type, true, &fault);
		tcp_conn_fault(conn, &fault, hdr, conn->pdu.hdr_bytes);
		return;
	}
	if (wire_xfer_h2c_data(&treq->xfer, data, &fault) != 0) {
		tcp_conn_fault(conn, &fault, hdr, conn->pdu.hdr_bytes);
		return;
	}
	assert(conn->pdu.data_bytes == data->len_bytes);
	assert((uint64_t)data->offset_bytes + data->len_bytes <= treq->buf_bytes);
	rx_expect_data(conn, treq, data->offset_bytes);
}

static void
handle_header(struct tcp_conn *conn, const void *hdr)
{
	switch (conn->pdu.type) {
	case SPDK_NVME_TCP_PDU_TYPE_CAPSULE_CMD:
		handle_capsule(conn);
		break;
	case SPDK_NVME_TCP_PDU_TYPE_H2C_DATA:
		handle_h2c_data(conn, hdr);
		break;
	case SPDK_NVME_TCP_PDU_TYPE_IC_REQ:
		handle_ic_req(conn, hdr);
		break;
	default:
		/* H2CTermReq: the host gives up. */
		SPDK_INFOLOG(nvmf_tcp, "%s:%u: the host ended the connection: FES %u\n",
		             conn->peer_addr, conn->peer_port, conn->pdu.term_req.fes);
		conn->link.phase = WIRE_TERMINATED;
		tcp_conn_close(conn);
		break;
	}
}

/** The data of a PDU is complete. */
static void
handle_data(struct tcp_conn *conn)
{
	struct tcp_req *treq = conn->rx_req;
	uint32_t crc;

	if (conn->pdu.ddgst && treq->buf_bytes > 0) {
		crc = wire_ddgst_update(WIRE_DDGST_START,
		                        (uint8_t *)treq->req.iov[0].iov_base + conn->rx_data_start,
		                        conn->pdu.data_bytes);
		if (!wire_ddgst_match(crc, conn->rx_ddgst)) {
			treq->sc = SPDK_NVME_SC_COMMAND_TRANSIENT_TRANSPORT_ERROR;
		}
	}
	rx_next_pdu(conn);
	if (treq->in_capsule || treq->xfer.next_bytes == treq->xfer.end_bytes) {
		tcp_req_run(treq);
	}
}

/* ---- Taking PDUs out of the buffer ---- */

/** Each returns whether it got on; false: more bytes are needed, or nothing more is to be done. */
static bool
rx_parse_ch(struct tcp_conn *conn)
{
	struct wire_fault fault;

	if (rx_avail(conn) < WIRE_PDU_CH_BYTES) {
		return false;
	}
	if (wire_pdu_begin(&conn->link, rx_ptr(conn), &conn->pdu, &fault) != 0) {
		tcp_conn_fault(conn, &fault, rx_ptr(conn), WIRE_PDU_CH_BYTES);
		return false;
	}
	conn->rx_state = TCP_RX_HDR;
	return true;
}

static bool
rx_parse_hdr(struct tcp_conn *conn)
{
	const uint8_t *hdr = rx_ptr(conn);
	struct wire_fault fault;

	if (rx_avail(conn) < conn->pdu.hdr_bytes) {
		return false;
	}
	conn->rx_pos += conn->pdu.hdr_bytes;
	if (wire_pdu_decode(&conn->link, hdr, &conn->pdu, &fault) != 0) {
		tcp_conn_fault(conn, &fault, hdr, conn->pdu.hdr_bytes);
		return false;
	}
	handle_header(conn, hdr);
	return conn->state == TCP_CONN_READY && conn->rx_state != TCP_RX_STALLED;
}

static void
rx_copy_data(struct tcp_conn *conn, uint32_t len)
{
	struct tcp_req *treq = conn->rx_req;

	if (treq->buf_bytes > 0) {
		assert(conn->rx_data_offset + len <= treq->buf_bytes);
		memcpy((uint8_t *)treq->req.iov[0].iov_base + conn->rx_data_offset, rx_ptr(conn),
		       len);
	}
	conn->rx_data_offset += len;
	conn->rx_data_left -= len;
	conn->rx_pos += len;
}

static bool
rx_parse_data(struct tcp_conn *conn)
{
	uint32_t len;

	len = spdk_min(conn->rx_skip, rx_avail(conn));
	conn->rx_skip -= len;
	conn->rx_pos += len;
	if (conn->rx_data_left > 0 && rx_avail(conn) > 0) {
		rx_copy_data(conn, spdk_min(conn->rx_data_left, rx_avail(conn)));
	}
	if (conn->rx_skip > 0 || conn->rx_data_left > 0) {
		return false;
	}
	len = spdk_min(conn->rx_ddgst_left, rx_avail(conn));
	memcpy(conn->rx_ddgst + WIRE_DIGEST_BYTES - conn->rx_ddgst_left, rx_ptr(conn), len);
	conn->rx_ddgst_left -= len;
	conn->rx_pos += len;
	if (conn->rx_ddgst_left > 0) {
		return false;
	}
	handle_data(conn);
	return true;
}

static bool
rx_parse_stalled(struct tcp_conn *conn)
{
	handle_capsule(conn);
	if (conn->rx_state == TCP_RX_STALLED) {
		return false;
	}
	conn->rx_since_s = conn->group->now_s; /* the time until here was ours */
	return true;
}

static void
rx_parse(struct tcp_conn *conn)
{
	bool more = true;

	while (more && conn->state <= TCP_CONN_READY && !conn->close_wanted) {
		switch (conn->rx_state) {
		case TCP_RX_CH:
			more = rx_parse_ch(conn);
			break;
		case TCP_RX_HDR:
			more = rx_parse_hdr(conn);
			break;
		case TCP_RX_DATA:
			more = rx_parse_data(conn);
			break;
		default:
			more = rx_parse_stalled(conn);
			break;
		}
	}
}

/* ---- Filling the buffer ---- */

/** The unread rest of the buffer, less than a header, moves to its front. */
static void
rx_compact(struct tcp_conn *conn)
{
	uint32_t left = rx_avail(conn);

	if (left > 0 && conn->rx_pos > 0) {
		memmove(conn->rx_buf, rx_ptr(conn), left);
	}
	conn->rx_pos = 0;
	conn->rx_len = left;
}

/** How many bytes came: 0: none now, < 0: the connection is over. \p short_read: the socket has no
 *  more. */
static ssize_t
rx_fill(struct tcp_conn *conn, bool *short_read)
{
	struct iovec iov[2];
	int iovcnt = 0;
	uint32_t direct = 0;
	ssize_t n;

	rx_compact(conn);
	if (conn->rx_state == TCP_RX_DATA && conn->rx_skip == 0 && conn->rx_data_left > 0 &&
	    conn->rx_req->buf_bytes > 0) {
		assert(conn->rx_len == 0);
		direct = conn->rx_data_left;
		assert(conn->rx_data_offset + direct <= conn->rx_req->buf_bytes);
		iov[iovcnt].iov_base =
		        (uint8_t *)conn->rx_req->req.iov[0].iov_base + conn->rx_data_offset;
		iov[iovcnt++].iov_len = direct;
	}
	iov[iovcnt].iov_base = conn->rx_buf + conn->rx_len;
	iov[iovcnt++].iov_len = TCP_RX_BUF_BYTES - conn->rx_len;
	n = spdk_sock_readv(conn->sock, iov, iovcnt);
	if (n <= 0) {
		return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -1;
	}
	*short_read = (size_t)n < direct + TCP_RX_BUF_BYTES - conn->rx_len;
	direct = (uint32_t)spdk_min((size_t)n, direct);
	conn->rx_data_offset += direct;
	conn->rx_data_left -= direct;
	conn->rx_len += (uint32_t)n - direct;
	return n;
}

/** After a TermReq: throw away what comes, until the peer closes. */
static void
rx_discard(struct tcp_conn *conn)
{
	ssize_t n;

	n = spdk_sock_recv(conn->sock, conn->rx_buf, sizeof(conn->rx_buf));
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) {
		tcp_conn_close(conn);
	}
}

void
tcp_conn_update_input(struct tcp_conn *conn)
{
	bool off = conn->state >= TCP_CONN_CLOSING || conn->rx_state == TCP_RX_STALLED;

	if (spdk_unlikely(off != conn->input_off)) {
		conn->input_off = off;
		sock_want_input(conn->sock, !off);
	}
}

void
tcp_conn_read(struct tcp_conn *conn)
{
	bool short_read = false;
	ssize_t n;
	int i;

	rx_parse(conn);
	for (i = 0; i < TCP_READS_MAX && !short_read; i++) {
		if (conn->state > TCP_CONN_READY || conn->close_wanted ||
		    conn->rx_state == TCP_RX_STALLED) {
			break;
		}
		n = rx_fill(conn, &short_read);
		if (n <= 0) {
			if (n < 0) {
				tcp_conn_close(conn);
			}
			break;
		}
		rx_parse(conn);
	}
	if (conn->state == TCP_CONN_TERM) {
		rx_discard(conn);
	}
	tcp_conn_update_input(conn);
	/* A PDU that has begun must end in time. */
	if (conn->rx_state == TCP_RX_CH && rx_avail(conn) == 0) {
		conn->rx_since_s = 0;
	} else if (conn->rx_since_s == 0) {
		conn->rx_since_s = conn->group->now_s;
	}
}
