/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What a peer owes, and until when. Server's thread. Three times can run out:
 *
 *	request   a request began to arrive, and its end is missing; not while we don't read
 *	answer    an answer waits, and its peer does not take it; each answer has its own time
 *	place     all places are taken and somebody waits for one: the connection without a request
 *	          that was idle for longest gives up its own, if it was for JSONRPC_IDLE_S
 *
 * and one of ours: a pause after a connection could not be accepted. There is no limit to how long
 * a method runs, nor to idleness as such: clients keep their connections. The server knows the
 * earliest of all; while nobody owes anything there is none, and nobody wakes. */

#include "jsonrpc_internal.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"

#define REQUEST_TOO_LATE \
	"the end of a request did not come in " SPDK_STRINGIFY(JSONRPC_REQUEST_TIMEOUT_S) " s"

static uint64_t
seconds(uint64_t s)
{
	return s * spdk_get_ticks_hz();
}

void
jsonrpc_conn_set_deadlines(struct spdk_jsonrpc_server_conn *conn, bool reading)
{
	uint64_t now = spdk_get_ticks();

	conn->active_at = now;
	if (conn->recv_len == 0 || !reading) {
		conn->request_deadline = UINT64_MAX;
	} else if (conn->request_deadline == UINT64_MAX && !conn->ready) {
		conn->request_deadline = now + seconds(JSONRPC_REQUEST_TIMEOUT_S);
	}
	if (TAILQ_EMPTY(&conn->sending)) {
		conn->answer_deadline = UINT64_MAX;
	} else if (conn->answer_deadline == UINT64_MAX) {
		conn->answer_deadline = now + seconds(JSONRPC_ANSWER_TIMEOUT_S);
	}
}

/* When it may lose its place to another; UINT64_MAX while it is used. */
static uint64_t
idle_deadline(const struct spdk_jsonrpc_server_conn *conn)
{
	bool idle = conn->num_messages == 0 && conn->recv_len == 0 && !conn->ready;

	return idle ? conn->active_at + seconds(JSONRPC_IDLE_S) : UINT64_MAX;
}

void
jsonrpc_server_set_deadline(struct spdk_jsonrpc_server *server)
{
	struct spdk_jsonrpc_server_conn *conn;
	uint64_t deadline = server->accept_deadline;

	TAILQ_FOREACH(conn, &server->conns, link) {
		deadline = spdk_min(deadline, conn->request_deadline);
		deadline = spdk_min(deadline, conn->answer_deadline);
		if (server->is_full) {
			deadline = spdk_min(deadline, idle_deadline(conn));
		}
	}
	server->deadline = deadline;
}

/* The connection may be gone afterwards. */
static int
expire_conn(struct spdk_jsonrpc_server_conn *conn, uint64_t now)
{
	if (now >= conn->answer_deadline) {
		SPDK_ERRLOG_RATELIMIT("JSON-RPC, client process %d: an answer was not taken in %d "
		                      "s; its connection ends\n",
		                      conn->pid, JSONRPC_ANSWER_TIMEOUT_S);
		jsonrpc_conn_close(conn);
		return 1;
	}
	if (now < conn->request_deadline) {
		return 0;
	}
	if (jsonrpc_conn_refuse_text(conn, REQUEST_TOO_LATE) != 0) {
		jsonrpc_conn_close(conn);
	} else {
		jsonrpc_conn_process(conn, 0);
	}
	return 1;
}

/* One place for who waits; more when that one has been served. */
static int
make_room(struct spdk_jsonrpc_server *server, uint64_t now)
{
	struct spdk_jsonrpc_server_conn *conn, *longest = NULL;

	TAILQ_FOREACH(conn, &server->conns, link) {
		if (idle_deadline(conn) <= now &&
		    (longest == NULL || conn->active_at < longest->active_at)) {
			longest = conn;
		}
	}
	if (longest == NULL) {
		return 0;
	}
	SPDK_ERRLOG_RATELIMIT("JSON-RPC, client process %d: idle for %d s while others wait for "
	                      "one of the %d places; its connection ends\n",
	                      longest->pid, JSONRPC_IDLE_S, JSONRPC_CONNS_MAX);
	jsonrpc_conn_close(longest);
	return 1;
}

int
jsonrpc_server_expire(struct spdk_jsonrpc_server *server)
{
	struct spdk_jsonrpc_server_conn *conn, *next;
	uint64_t now = spdk_get_ticks();
	int num = 0;

	TAILQ_FOREACH_SAFE(conn, &server->conns, link, next) {
		num += expire_conn(conn, now);
	}
	if (server->is_full) {
		num += make_room(server, now);
	}
	if (now >= server->accept_deadline) {
		jsonrpc_server_resume_listening(server);
		num++;
	}
	return num;
}
