/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A connection: bytes in, messages, bytes out. It belongs to the server's thread. It reads while
 * it may (see jsonrpc.h for the limits), answers in the order in which messages are done, and is
 * closed when its peer is gone, when a deadline is missed (deadline.c), or when nothing more is
 * read and all answers have been taken. What is no JSON ends the reading, for nobody can say where
 * the next request begins; the peer is told. Messages that still run when a connection goes lose
 * it, not their life.
 *
 *	recv_buf -> frame -> message: running -> (all answered) -> sending -> freed */

#include <sys/epoll.h>

#include "jsonrpc_internal.h"
#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk_internal/json.h"

#define RECV_START 4096
#define RECVS_PER_POLL 64

static void
conn_set_ready(struct spdk_jsonrpc_server_conn *conn, bool ready)
{
	if (conn->ready != ready) {
		conn->ready = ready;
		conn->server->num_ready += ready ? 1 : -1;
	}
}

int
jsonrpc_conn_create(struct spdk_jsonrpc_server *server, int fd, const struct env_peer *peer,
                    int rights)
{
	struct spdk_jsonrpc_server_conn *conn;
	int rc;

	conn = calloc(1, sizeof(*conn));
	if (conn == NULL) {
		return -ENOMEM;
	}
	conn->server = server;
	conn->fd = fd;
	conn->pid = peer->pid;
	conn->rights = rights;
	conn->events = EPOLLIN;
	conn->request_deadline = UINT64_MAX;
	conn->answer_deadline = UINT64_MAX;
	conn->active_at = spdk_get_ticks();
	TAILQ_INIT(&conn->running);
	TAILQ_INIT(&conn->sending);
	STAILQ_INIT(&conn->close_cbs);
	rc = env_waiter_add(server->waiter, fd, conn->events, conn);
	if (rc != 0) {
		free(conn);
		return rc;
	}
	TAILQ_INSERT_TAIL(&server->conns, conn, link);
	server->num_conns++;
	return 0;
}

static void
run_close_cbs(struct spdk_jsonrpc_server_conn *conn)
{
	struct conn_close_cb *cb;

	while ((cb = STAILQ_FIRST(&conn->close_cbs)) != NULL) {
		STAILQ_REMOVE_HEAD(&conn->close_cbs, link);
		cb->fn(conn, cb->ctx);
		free(cb);
	}
}

void
jsonrpc_conn_close(struct spdk_jsonrpc_server_conn *conn)
{
	struct spdk_jsonrpc_server *server = conn->server;
	struct jsonrpc_message *msg;

	run_close_cbs(conn);
	conn_set_ready(conn, false);
	while ((msg = TAILQ_FIRST(&conn->running)) != NULL) {
		TAILQ_REMOVE(&conn->running, msg, link);
		msg->conn = NULL;
	}
	if (conn->dispatching != NULL) {
		jsonrpc_message_put(conn->dispatching); /* the rest of it is not run */
	}
	while ((msg = TAILQ_FIRST(&conn->sending)) != NULL) {
		TAILQ_REMOVE(&conn->sending, msg, link);
		jsonrpc_message_free(msg);
	}
	env_waiter_remove(server->waiter, conn->fd);
	env_stream_close(conn->fd);
	TAILQ_REMOVE(&server->conns, conn, link);
	server->num_conns--;
	free(conn->recv_buf);
	free(conn);
	jsonrpc_server_resume_listening(server);
}

static bool
may_read(const struct spdk_jsonrpc_server_conn *conn)
{
	return conn->num_messages < JSONRPC_CONN_MESSAGES_MAX &&
	       conn->unsent < JSONRPC_CONN_UNSENT_MAX && conn->num_blocks == 0;
}

bool
jsonrpc_conn_is_blocked(const struct spdk_jsonrpc_server_conn *conn)
{
	return conn->num_blocks > 0;
}

void
jsonrpc_request_block(struct spdk_jsonrpc_request *request)
{
	struct spdk_jsonrpc_server_conn *conn = request->msg->conn;

	if (conn != NULL) {
		conn->num_blocks++;
	}
}

void
jsonrpc_request_unblock(struct spdk_jsonrpc_request *request)
{
	struct spdk_jsonrpc_server_conn *conn = request->msg->conn;

	if (conn != NULL) {
		assert(conn->num_blocks > 0);
		conn->num_blocks--;
		conn_set_ready(conn, true); /* the next step looks whether anything waited */
	}
}

bool
jsonrpc_request_is_wanted(const struct spdk_jsonrpc_request *request)
{
	return request->msg->server == NULL || request->msg->conn != NULL;
}

/* It runs from now on. */
static void
add_message(struct spdk_jsonrpc_server_conn *conn, struct jsonrpc_message *msg)
{
	struct spdk_jsonrpc_server *server = conn->server;

	msg->done = jsonrpc_server_message_done;
	msg->server = server;
	msg->conn = conn;
	msg->rights = conn->rights;
	TAILQ_INSERT_TAIL(&conn->running, msg, link);
	conn->num_messages++;
	pthread_mutex_lock(&server->lock);
	server->num_outstanding++;
	pthread_mutex_unlock(&server->lock);
}

static void
dispatch_some(struct spdk_jsonrpc_server_conn *conn, uint32_t *budget)
{
	if (jsonrpc_message_dispatch(conn->dispatching, conn->server->handle_request, budget)) {
		conn->dispatching = NULL;
	}
}

/* White space before a request does not count for its length, and may go on for ever. */
static void
drop_space(struct spdk_jsonrpc_server_conn *conn)
{
	size_t n = 0;

	while (n < conn->recv_len && strchr(" \t\r\n", conn->recv_buf[n]) != NULL &&
	       conn->recv_buf[n] != '\0') {
		n++;
	}
	if (n > 0) {
		conn->recv_len -= n;
		memmove(conn->recv_buf, conn->recv_buf + n, conn->recv_len);
		memset(&conn->frame, 0, sizeof(conn->frame));
	}
}

/* Run what has been received, up to a bound. 0, or -errno: close. */
static int
run_buffer(struct spdk_jsonrpc_server_conn *conn)
{
	struct jsonrpc_message *msg;
	size_t used = 0, start;
	uint32_t budget = JSONRPC_REQUESTS_PER_POLL;
	ssize_t n = 0;

	while (budget > 0 && conn->num_blocks == 0 &&
	       (conn->dispatching != NULL || may_read(conn))) {
		if (conn->dispatching != NULL) {
			dispatch_some(conn, &budget);
			continue;
		}
		if (conn->recv_len == used) {
			break; /* there may be no buffer at all */
		}
		n = jsonrpc_frame_find(&conn->frame, conn->recv_buf + used, conn->recv_len - used,
		                       &start);
		if (n <= 0) {
			break;
		}
		if (jsonrpc_log_enabled()) {
			jsonrpc_log("request: ", conn->recv_buf + used + start, (size_t)n - start);
		}
		msg = jsonrpc_message_create(conn->recv_buf + used + start, (size_t)n - start);
		if (msg == NULL) {
			SPDK_ERRLOG("JSON-RPC: no memory for a request of %zd bytes; the "
			            "connection is closed\n",
			            n);
			return -ENOMEM;
		}
		used += (size_t)n;
		add_message(conn, msg);
		conn->dispatching = msg;
		conn->request_deadline = UINT64_MAX; /* the next request has its own */
	}
	if (used > 0) {
		conn->recv_len -= used;
		memmove(conn->recv_buf, conn->recv_buf + used, conn->recv_len);
	}
	drop_space(conn);
	/* One that is blocked is made ready by who lets it go on. */
	conn_set_ready(conn, conn->num_blocks == 0 && (conn->dispatching != NULL ||
	                                               (budget == 0 && conn->recv_len > 0)));
	return n < 0 ? (int)n : 0;
}

/* Don't keep the room of a long request for ever. */
static void
shrink_buffer(struct spdk_jsonrpc_server_conn *conn)
{
	if (conn->recv_len == 0 && conn->recv_cap > RECV_START) {
		free(conn->recv_buf);
		conn->recv_buf = NULL;
		conn->recv_cap = 0;
	}
}

/* Room for at least one more byte. The limit counts the bytes of one request. */
static int
grow_buffer(struct spdk_jsonrpc_server_conn *conn)
{
	size_t cap = conn->recv_cap;
	char *buf;

	if (conn->recv_len < cap) {
		return 0;
	}
	if (cap == JSONRPC_REQUEST_SIZE_MAX) {
		return -EMSGSIZE;
	}
	cap = spdk_min(spdk_max(cap * 2, (size_t)RECV_START), (size_t)JSONRPC_REQUEST_SIZE_MAX);
	buf = realloc(conn->recv_buf, cap);
	if (buf == NULL) {
		SPDK_ERRLOG("JSON-RPC: out of memory; a connection is closed\n");
		return -ENOMEM;
	}
	conn->recv_buf = buf;
	conn->recv_cap = cap;
	return 0;
}

/* 0, -EAGAIN when there is nothing to read now, another -errno: close. */
static int
receive(struct spdk_jsonrpc_server_conn *conn)
{
	ssize_t n;
	int rc;

	rc = grow_buffer(conn);
	if (rc != 0) {
		return rc;
	}
	n = env_stream_recv(conn->fd, conn->recv_buf + conn->recv_len,
	                    conn->recv_cap - conn->recv_len);
	if (n < 0) {
		return (int)n;
	}
	if (n == 0) {
		conn->eof = true;
		return -EAGAIN;
	}
	conn->recv_len += (size_t)n;
	return 0;
}

int
jsonrpc_conn_refuse(struct spdk_jsonrpc_server_conn *conn, int code, const char *fmt, ...)
{
	struct jsonrpc_message *msg;
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	SPDK_ERRLOG_RATELIMIT("JSON-RPC, client process %d: %s; its connection ends\n", conn->pid,
	                      text);
	conn->eof = true;
	conn->recv_len = 0;
	conn_set_ready(conn, conn->dispatching != NULL);
	msg = jsonrpc_message_create_error();
	if (msg == NULL) {
		return -ENOMEM;
	}
	/* It takes the way of all answers, behind those that are complete. */
	add_message(conn, msg);
	jsonrpc_request_reject(&msg->requests[0], code, text);
	return 0;
}

int
jsonrpc_conn_refuse_text(struct spdk_jsonrpc_server_conn *conn, const char *if_incomplete)
{
	struct json_result result;
	const char *reason = "a request is an object";
	ssize_t rc;

	rc = json_parse(conn->recv_buf, conn->recv_len, NULL, 0, 0, &result);
	if (rc == SPDK_JSON_PARSE_INCOMPLETE) {
		return jsonrpc_conn_refuse(conn, SPDK_JSONRPC_ERROR_PARSE_ERROR, "%s",
		                           if_incomplete);
	}
	if (rc < 0) {
		reason = result.reason;
	}
	return jsonrpc_conn_refuse(conn, SPDK_JSONRPC_ERROR_PARSE_ERROR,
	                           "not JSON, line %u, column %u of the request: %s", result.line,
	                           result.column, reason);
}

/* Why the reading ended: 0, or -errno: close. */
static int
end_reading(struct spdk_jsonrpc_server_conn *conn, int rc)
{
	if (rc == -EMSGSIZE) {
		return jsonrpc_conn_refuse(conn, SPDK_JSONRPC_ERROR_INVALID_REQUEST,
		                           "the request is longer than %d bytes",
		                           JSONRPC_REQUEST_SIZE_MAX);
	}
	rc = rc == -EAGAIN ? 0 : rc;
	if (rc == -EILSEQ ||
	    (rc == 0 && conn->eof && !conn->ready && may_read(conn) && conn->recv_len > 0)) {
		return jsonrpc_conn_refuse_text(conn, "the end of a request is missing");
	}
	return rc;
}

static int
read_requests(struct spdk_jsonrpc_server_conn *conn)
{
	int rc, i;

	rc = run_buffer(conn);
	for (i = 0; i < RECVS_PER_POLL; i++) {
		if (rc != 0 || conn->eof || conn->ready || !may_read(conn)) {
			break;
		}
		rc = receive(conn);
		if (rc == 0) {
			rc = run_buffer(conn);
		}
	}
	shrink_buffer(conn);
	return end_reading(conn, rc);
}

/* 0, or -errno: close. */
static int
send_answers(struct spdk_jsonrpc_server_conn *conn)
{
	struct jsonrpc_message *msg;
	ssize_t n;

	while ((msg = TAILQ_FIRST(&conn->sending)) != NULL) {
		n = env_stream_send(conn->fd, msg->out.data + msg->sent, msg->out.len - msg->sent);
		if (n < 0) {
			return n == -EAGAIN ? 0 : (int)n;
		}
		msg->sent += (size_t)n;
		conn->unsent -= (size_t)n;
		if (msg->sent == msg->out.len) {
			TAILQ_REMOVE(&conn->sending, msg, link);
			conn->num_messages--;
			conn->answer_deadline = UINT64_MAX; /* the next answer has its own */
			jsonrpc_message_free(msg);
		}
	}
	return 0;
}

static int
watch(struct spdk_jsonrpc_server_conn *conn)
{
	bool reading = !conn->eof && may_read(conn);
	uint32_t events = reading ? EPOLLIN : 0;
	int rc = 0;

	if (!TAILQ_EMPTY(&conn->sending)) {
		events |= EPOLLOUT;
	}
	if (events != conn->events) {
		rc = env_waiter_modify(conn->server->waiter, conn->fd, events, conn);
		conn->events = events;
	}
	jsonrpc_conn_set_deadlines(conn, reading);
	return rc;
}

static bool
is_finished(const struct spdk_jsonrpc_server_conn *conn)
{
	return conn->eof && !conn->ready && conn->num_messages == 0;
}

void
jsonrpc_conn_process(struct spdk_jsonrpc_server_conn *conn, uint32_t events)
{
	int rc;

	rc = read_requests(conn);
	if (rc == 0) {
		rc = send_answers(conn);
	}
	if (rc == 0 && (events & (EPOLLHUP | EPOLLERR)) != 0 && !conn->ready &&
	    conn->num_blocks == 0 && (conn->eof || !may_read(conn))) {
		rc = -ECONNRESET; /* nobody is left to take an answer */
	}
	if (rc == 0) {
		rc = watch(conn);
	}
	if (rc != 0 || is_finished(conn)) {
		jsonrpc_conn_close(conn);
	}
}

void
jsonrpc_conn_message_done(struct spdk_jsonrpc_server_conn *conn, struct jsonrpc_message *msg)
{
	int rc;

	TAILQ_REMOVE(&conn->running, msg, link);
	if (msg->broken || jsonrpc_message_assemble(msg) != 0) {
		SPDK_ERRLOG("JSON-RPC: no memory for a request; its connection is closed\n");
		jsonrpc_message_free(msg);
		jsonrpc_conn_close(conn);
		return;
	}
	if (msg->out.len == 0) {
		conn->num_messages--;
		jsonrpc_message_free(msg);
	} else {
		if (jsonrpc_log_enabled()) {
			jsonrpc_log("response: ", msg->out.data, msg->out.len - 1);
		}
		conn->unsent += msg->out.len;
		TAILQ_INSERT_TAIL(&conn->sending, msg, link);
	}
	rc = send_answers(conn);
	if (rc == 0 && may_read(conn) && conn->recv_len > 0) {
		conn_set_ready(conn, true); /* reading may have stopped at a limit */
	}
	if (rc != 0 || watch(conn) != 0 || is_finished(conn)) {
		jsonrpc_conn_close(conn);
	}
}

struct spdk_jsonrpc_server_conn *
spdk_jsonrpc_get_conn(struct spdk_jsonrpc_request *request)
{
	return request->msg->conn;
}

int
spdk_jsonrpc_conn_add_close_cb(struct spdk_jsonrpc_server_conn *conn,
                               spdk_jsonrpc_conn_closed_fn cb, void *ctx)
{
	struct conn_close_cb *entry;

	STAILQ_FOREACH(entry, &conn->close_cbs, link) {
		if (entry->fn == cb && entry->ctx == ctx) {
			return -EEXIST;
		}
	}
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL) {
		return -ENOMEM;
	}
	entry->fn = cb;
	entry->ctx = ctx;
	STAILQ_INSERT_TAIL(&conn->close_cbs, entry, link);
	return 0;
}

int
spdk_jsonrpc_conn_del_close_cb(struct spdk_jsonrpc_server_conn *conn,
                               spdk_jsonrpc_conn_closed_fn cb, void *ctx)
{
	struct conn_close_cb *entry;

	STAILQ_FOREACH(entry, &conn->close_cbs, link) {
		if (entry->fn == cb && entry->ctx == ctx) {
			STAILQ_REMOVE(&conn->close_cbs, entry, conn_close_cb, link);
			free(entry);
			return 0;
		}
	}
	return -ENOENT;
}
