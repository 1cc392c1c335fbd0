/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Connections: begin, end, deadlines. On the poll group's thread.
 *
 *	IC -> READY -> TERM -> CLOSING -> CLOSED
 *	  \________\______________/^
 *
 * A connection is never ended from inside what found out: parsing, a write's callback and an answer
 * of lib/nvmf only set close_wanted, and the end runs by thread_defer() when they have returned.
 * lib/nvmf then stops admission (abort_request), drains, and when nothing can reach media any more
 * has it taken out of the group (the socket is closed: what was queued on it comes back) and freed,
 * by a message, so that whoever is below on the stack can finish.
 */

#include "tcp.h"

static void
conn_defer(struct tcp_conn *conn)
{
	if (conn->state < TCP_CONN_CLOSING && conn->qpair.group != NULL) {
		thread_defer(&conn->deferred);
	}
}

static void
conn_deferred(void *arg)
{
	struct tcp_conn *conn = arg;

	if (conn->state >= TCP_CONN_CLOSING) {
		return;
	}
	if (conn->close_wanted) {
		spdk_nvmf_qpair_disconnect(&conn->qpair);
	} else if (conn->resume_wanted) {
		conn->resume_wanted = false;
		tcp_conn_read(conn);
	}
}

void
tcp_conn_close(struct tcp_conn *conn)
{
	if (!conn->close_wanted) {
		conn->close_wanted = true;
		conn_defer(conn);
	}
}

void
tcp_conn_resume(struct tcp_conn *conn)
{
	if (!conn->resume_wanted) {
		conn->resume_wanted = true;
		conn_defer(conn);
	}
}

void
tcp_conn_fault(struct tcp_conn *conn, const struct wire_fault *fault, const void *hdr,
               size_t hdr_bytes)
{
	size_t len;

	SPDK_ERRLOG_RATELIMIT("%s:%u: connection ended: %s (FES %u, FEI %u)\n", conn->peer_addr,
	                      conn->peer_port, fault->what, fault->fes, fault->fei);
	len = wire_build_term_req(&conn->link, conn->ctl_buf, fault, hdr, hdr_bytes);
	conn->link.phase = WIRE_TERMINATED;
	conn->state = TCP_CONN_TERM;
	conn->phase_since_s = conn->group->now_s;
	conn->rx_pos = 0;
	conn->rx_len = 0;
	conn->rx_state = TCP_RX_CH;
	tcp_conn_free_waiting(conn);
	if (conn->ctl_pending) {
		/* The ICResp has not left: nobody is there who could read a TermReq. */
		tcp_conn_close(conn);
		return;
	}
	tcp_conn_send_ctl(conn, len);
}

/* ---- Deadlines ---- */

static bool
late(const struct tcp_conn *conn, uint64_t since_s, uint32_t limit_s)
{
	return conn->group->now_s - since_s > limit_s;
}

static const char *
conn_find_overdue(const struct tcp_conn *conn)
{
	const struct tcp_req *r2t = TAILQ_FIRST(&conn->r2t_reqs);

	if (conn->tx_pending > 0 && late(conn, conn->tx_since_s, TCP_TX_TIMEOUT_S)) {
		return "it does not take our answers";
	}
	if (conn->state == TCP_CONN_TERM) {
		return late(conn, conn->phase_since_s, TCP_TERM_TIMEOUT_S) ? "" : NULL;
	}
	if (conn->state == TCP_CONN_IC) {
		return late(conn, conn->phase_since_s, TCP_IC_TIMEOUT_S) ? "no ICReq came" : NULL;
	}
	if (conn->qpair.state == SPDK_NVMF_QPAIR_CONNECTING &&
	    late(conn, conn->phase_since_s, TCP_CONNECT_TIMEOUT_S)) {
		return "no Connect came";
	}
	if (r2t != NULL && late(conn, r2t->since_s, TCP_R2T_TIMEOUT_S)) {
		return "the data of a write did not come";
	}
	if (conn->rx_state != TCP_RX_STALLED && conn->rx_since_s != 0 &&
	    late(conn, conn->rx_since_s, TCP_PDU_TIMEOUT_S)) {
		return "the rest of a PDU did not come";
	}
	return NULL;
}

void
tcp_conn_check_deadlines(struct tcp_conn *conn)
{
	const char *why;

	if (conn->close_wanted || conn->state == TCP_CONN_CLOSING) {
		return; /* lib/nvmf has a deadline for what is in the bdev */
	}
	why = conn_find_overdue(conn);
	if (why == NULL) {
		return;
	}
	if (why[0] != '\0') {
		SPDK_ERRLOG_RATELIMIT("%s:%u: connection ended: %s in time\n", conn->peer_addr,
		                      conn->peer_port, why);
	}
	tcp_conn_close(conn);
}

/* ---- Begin ---- */

struct tcp_conn *
tcp_conn_create(struct tcp_port *port, struct spdk_sock *sock)
{
	struct tcp_conn *conn = calloc(1, sizeof(*conn));
	char peer[sizeof(conn->peer_addr) + sizeof(":65535")];
	uint16_t i;

	if (conn == NULL) {
		return NULL;
	}
	conn->sock = sock;
	conn->qpair.transport = &port->transport->transport;
	conn->qpair.state = SPDK_NVMF_QPAIR_UNINITIALIZED;
	conn->listen_trid = port->trid;
	conn->state = TCP_CONN_IC;
	conn->deferred.fn = conn_deferred;
	conn->deferred.arg = conn;
	STAILQ_INIT(&conn->free_reqs);
	TAILQ_INIT(&conn->r2t_reqs);
	TAILQ_INIT(&conn->qpair.outstanding);
	for (i = 0; i < TCP_REQS_AT_FIRST; i++) {
		tcp_req_init(conn, &conn->first_reqs[i], i);
	}
	/* Before Connect nobody knows which queue this is: as much as an admin capsule. */
	wire_link_init(&conn->link, WIRE_CONTROLLER, TCP_ADMIN_IN_CAPSULE_BYTES);
	conn->qpair.sq_head_max = TCP_REQS_AT_FIRST;
	spdk_sock_getaddr(sock, conn->local_addr, sizeof(conn->local_addr), &conn->local_port,
	                  conn->peer_addr, sizeof(conn->peer_addr), &conn->peer_port);
	snprintf(peer, sizeof(peer), "%s:%u", conn->peer_addr, conn->peer_port);
	conn->qpair.trace_id = spdk_trace_register_owner(OWNER_TYPE_NVMF_TCP, peer);
	trace_record(TRACE_NVMF_TCP_QP_CREATE, conn->qpair.trace_id, 0, 0);
	return conn;
}

static void
conn_readable(void *arg, struct spdk_sock_group *sock_group, struct spdk_sock *sock)
{
	tcp_conn_read(arg);
}

int
tcp_poll_group_add(struct spdk_nvmf_transport_poll_group *tgroup, struct spdk_nvmf_qpair *qpair)
{
	struct tcp_group *group = SPDK_CONTAINEROF(tgroup, struct tcp_group, group);
	struct tcp_conn *conn = tcp_conn_of(qpair);

	if (spdk_sock_group_add_sock(group->sock_group, conn->sock, conn_readable, conn) != 0) {
		SPDK_ERRLOG_RATELIMIT("%s:%u: can't be polled: %s\n", conn->peer_addr,
		                      conn->peer_port, spdk_strerror(errno));
		return -1;
	}
	if (TAILQ_EMPTY(&group->conns)) {
		/* The clock stood while nobody needed it. */
		group->now_s = spdk_get_ticks() / spdk_get_ticks_hz();
		spdk_poller_resume(group->timer);
	}
	conn->group = group;
	conn->phase_since_s = group->now_s;
	TAILQ_INSERT_TAIL(&group->conns, conn, group_link);
	return 0;
}

/* ---- End ---- */

/** lib/nvmf with NULL: admission stops; what waits for the peer or a buffer is given up. With a
 *  request, of an Abort: nothing, it runs on. */
void
tcp_qpair_abort_request(struct spdk_nvmf_qpair *qpair, struct spdk_nvmf_request *req)
{
	struct tcp_conn *conn = tcp_conn_of(qpair);

	if (req == NULL) {
		trace_record(TRACE_NVMF_TCP_QP_DISCONNECT, qpair->trace_id, 0, 0);
		conn->state = TCP_CONN_CLOSING;
		conn->rx_state = TCP_RX_CH;
		tcp_conn_free_waiting(conn);
		tcp_conn_update_input(conn);
	}
}

int
tcp_poll_group_remove(struct spdk_nvmf_transport_poll_group *tgroup, struct spdk_nvmf_qpair *qpair)
{
	struct tcp_conn *conn = tcp_conn_of(qpair);
	struct tcp_group *group = conn->group;

	assert(conn->state == TCP_CONN_CLOSING);
	/* Answers that the socket still takes go out; the others' requests come back by their
	 * callbacks, with their buffers, while the group is there to take them. */
	spdk_sock_flush(conn->sock);
	spdk_sock_group_remove_sock(group->sock_group, conn->sock);
	spdk_sock_close(&conn->sock);
	conn->state = TCP_CONN_CLOSED;
	assert(conn->tx_pending == 0);
	TAILQ_REMOVE(&group->conns, conn, group_link);
	if (TAILQ_EMPTY(&group->conns)) {
		spdk_poller_pause(group->timer);
	}
	return 0;
}

static void
conn_free(void *arg)
{
	struct tcp_conn *conn = arg;

	if (conn->sock != NULL) {
		spdk_sock_close(&conn->sock); /* it never got into a group */
	}
	trace_record(TRACE_NVMF_TCP_QP_DESTROY, conn->qpair.trace_id, 0, 0);
	spdk_trace_unregister_owner(conn->qpair.trace_id);
	free(conn->more_reqs);
	free(conn);
}

void
tcp_qpair_fini(struct spdk_nvmf_qpair *qpair, spdk_nvmf_transport_qpair_fini_cb cb_fn, void *cb_arg)
{
	spdk_thread_send_msg(spdk_get_thread(), conn_free, tcp_conn_of(qpair));
	if (cb_fn != NULL) {
		cb_fn(cb_arg);
	}
}
