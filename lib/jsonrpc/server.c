/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The server: a listening socket, its connections, and one descriptor that is readable when any of
 * them has something to do. All of it runs on the thread that polls; only an answer may come from
 * another, so finished messages go through a list with a lock, and a kick.
 *
 * Shutdown: stop listening, close the connections; requests that still run keep the server's memory
 * until the last of them is answered, on whichever thread.
 *
 * Who may connect to a Unix-domain socket: root, and the user that this process runs as, unless
 * whoever made the server decides otherwise. The mode of the socket says the same; this holds when
 * somebody has changed it. */

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/un.h>

#include "jsonrpc_internal.h"
#include "spdk/log.h"

#define EVENTS_PER_ROUND 32
#define ROUNDS_PER_POLL 2
#define ACCEPTS_PER_POLL 16

static void
server_free(struct spdk_jsonrpc_server *server)
{
	pthread_mutex_destroy(&server->lock);
	env_waiter_destroy(server->waiter);
	free(server->addr);
	free(server);
}

int
jsonrpc_server_listen(const char *addr, spdk_jsonrpc_handle_request_fn handle_request,
                      struct spdk_jsonrpc_server **_server)
{
	struct spdk_jsonrpc_server *server;
	int rc;

	server = calloc(1, sizeof(*server));
	if (server == NULL) {
		return -ENOMEM;
	}
	server->handle_request = handle_request;
	server->deadline = UINT64_MAX;
	server->accept_deadline = UINT64_MAX;
	TAILQ_INIT(&server->conns);
	STAILQ_INIT(&server->done);
	pthread_mutex_init(&server->lock, NULL);
	server->addr = strdup(addr);
	rc = server->addr != NULL ? env_waiter_create(&server->waiter) : -ENOMEM;
	if (rc == 0) {
		rc = env_stream_listen(addr);
	}
	if (rc < 0) {
		server_free(server);
		return rc;
	}
	server->listen_fd = rc;
	rc = env_waiter_add(server->waiter, server->listen_fd, EPOLLIN, server);
	if (rc != 0) {
		env_stream_unlisten(server->listen_fd, addr);
		server_free(server);
		return rc;
	}
	server->listening = true;
	*_server = server;
	return 0;
}

/* The text form that env takes. */
static int
format_addr(int domain, const struct sockaddr *addr, socklen_t addrlen, char *out, size_t size)
{
	char ip[INET6_ADDRSTRLEN];

	if (domain == AF_UNIX && addrlen >= offsetof(struct sockaddr_un, sun_path)) {
		const struct sockaddr_un *un = (const struct sockaddr_un *)addr;
		size_t len = addrlen - offsetof(struct sockaddr_un, sun_path);

		snprintf(out, size, "%.*s", (int)len, un->sun_path);
		return 0;
	}
	if (domain == AF_INET && addrlen >= sizeof(struct sockaddr_in)) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)addr;

		inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip));
		snprintf(out, size, "%s:%u", ip, ntohs(in->sin_port));
		return 0;
	}
	if (domain == AF_INET6 && addrlen >= sizeof(struct sockaddr_in6)) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;

		inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip));
		snprintf(out, size, "[%s]:%u", ip, ntohs(in6->sin6_port));
		return 0;
	}
	return -EINVAL;
}

struct spdk_jsonrpc_server *
spdk_jsonrpc_server_listen(int domain, int protocol, struct sockaddr *listen_addr,
                           socklen_t addrlen, spdk_jsonrpc_handle_request_fn handle_request)
{
	struct spdk_jsonrpc_server *server;
	char addr[sizeof(struct sockaddr_un) + 1];
	int rc;

	rc = format_addr(domain, listen_addr, addrlen, addr, sizeof(addr));
	if (rc == 0) {
		rc = jsonrpc_server_listen(addr, handle_request, &server);
	}
	return rc == 0 ? server : NULL;
}

int
jsonrpc_server_get_fd(struct spdk_jsonrpc_server *server)
{
	return env_waiter_fd(server->waiter);
}

const uint32_t *
jsonrpc_server_get_counter(struct spdk_jsonrpc_server *server)
{
	return &server->num_ready;
}

uint64_t
jsonrpc_server_get_deadline(const struct spdk_jsonrpc_server *server)
{
	return server->deadline;
}

void
jsonrpc_server_set_authorize(struct spdk_jsonrpc_server *server, jsonrpc_authorize_fn authorize)
{
	server->authorize = authorize;
}

/* What a peer may do, or -EACCES. */
static int
rights_of(struct spdk_jsonrpc_server *server, int fd, const struct env_peer *peer)
{
	if (server->authorize != NULL) {
		return server->authorize(fd, peer);
	}
	/* TCP knows no user (-1): who opens a TCP port decides who reaches it. */
	return peer->uid == -1 || peer->uid == 0 || peer->uid == (int64_t)env_get_uid() ? 0
	                                                                                : -EACCES;
}

static int
accept_one(struct spdk_jsonrpc_server *server)
{
	struct env_peer peer;
	int fd, rc, rights;

	fd = env_stream_accept(server->listen_fd, &peer);
	if (fd < 0) {
		return fd;
	}
	rights = rights_of(server, fd, &peer);
	if (rights < 0) {
		SPDK_ERRLOG_RATELIMIT("JSON-RPC: user %" PRId64
		                      " (process %d) may not control this program: root, its own "
		                      "user, and who has a role may (--rpc-role user:%" PRId64
		                      "=observe)\n",
		                      peer.uid, peer.pid, peer.uid);
		env_stream_close(fd);
		return 0;
	}
	rc = jsonrpc_conn_create(server, fd, &peer, rights);
	if (rc != 0) {
		env_stream_close(fd);
	}
	return rc;
}

static void
accept_some(struct spdk_jsonrpc_server *server)
{
	int i, rc = 0;

	for (i = 0; i < ACCEPTS_PER_POLL && rc == 0 && server->num_conns < JSONRPC_CONNS_MAX; i++) {
		rc = accept_one(server);
	}
	if (rc != 0 && rc != -EAGAIN) {
		SPDK_ERRLOG_RATELIMIT("JSON-RPC: a connection to %s was not accepted: %s\n",
		                      server->addr, strerror(-rc));
	}
	/* Who can't be served now must not wake us again and again. */
	server->is_full = i == 0 && server->num_conns == JSONRPC_CONNS_MAX;
	if (rc != 0 && rc != -EAGAIN) {
		server->accept_deadline =
		        spdk_get_ticks() + JSONRPC_ACCEPT_PAUSE_S * spdk_get_ticks_hz();
	}
	if (server->is_full || server->accept_deadline != UINT64_MAX) {
		env_waiter_remove(server->waiter, server->listen_fd);
		server->listening = false;
	}
}

void
jsonrpc_server_resume_listening(struct spdk_jsonrpc_server *server)
{
	if (!server->listening && server->listen_fd >= 0 &&
	    env_waiter_add(server->waiter, server->listen_fd, EPOLLIN, server) == 0) {
		server->listening = true;
		server->is_full = false;
		server->accept_deadline = UINT64_MAX;
	}
}

void
jsonrpc_server_message_done(struct jsonrpc_message *msg)
{
	struct spdk_jsonrpc_server *server = msg->server;
	bool shut_down, last;

	pthread_mutex_lock(&server->lock);
	server->num_outstanding--;
	shut_down = server->shut_down;
	last = server->num_outstanding == 0;
	if (!shut_down) {
		STAILQ_INSERT_TAIL(&server->done, msg, done_link);
		env_waiter_kick(server->waiter);
	}
	pthread_mutex_unlock(&server->lock);

	if (shut_down) {
		jsonrpc_message_free(msg);
		if (last) {
			server_free(server);
		}
	}
}

/* How many there were. */
static int
finish_done(struct spdk_jsonrpc_server *server)
{
	struct jsonrpc_message *msg;
	STAILQ_HEAD(, jsonrpc_message) done = STAILQ_HEAD_INITIALIZER(done);
	int num = 0;

	pthread_mutex_lock(&server->lock);
	STAILQ_SWAP(&done, &server->done, jsonrpc_message);
	pthread_mutex_unlock(&server->lock);

	while ((msg = STAILQ_FIRST(&done)) != NULL) {
		STAILQ_REMOVE_HEAD(&done, done_link);
		num++;
		if (msg->conn != NULL) {
			jsonrpc_conn_message_done(msg->conn, msg);
		} else {
			jsonrpc_message_free(msg);
		}
	}
	return num;
}

static int
handle_events(struct spdk_jsonrpc_server *server)
{
	struct env_wait_event events[EVENTS_PER_ROUND];
	int i, num;

	num = env_waiter_wait(server->waiter, 0, events, EVENTS_PER_ROUND);
	for (i = 0; i < num; i++) {
		if (events[i].tag == server) {
			accept_some(server);
		} else {
			jsonrpc_conn_process(events[i].tag, events[i].events);
		}
	}
	return num > 0 ? num : 0;
}

int
jsonrpc_server_step(struct spdk_jsonrpc_server *server)
{
	struct spdk_jsonrpc_server_conn *conn, *next;
	int round, num, busy = 0;

	TAILQ_FOREACH_SAFE(conn, &server->conns, link, next) {
		if (conn->ready) {
			busy++;
			jsonrpc_conn_process(conn, 0);
		}
	}
	/* More than one round: a connection's first request mostly follows at once. */
	for (round = 0; round < ROUNDS_PER_POLL; round++) {
		num = handle_events(server);
		busy += num;
		if (num == 0) {
			break;
		}
	}
	busy += finish_done(server);
	if (busy > 0) {
		jsonrpc_server_set_deadline(server);
	}
	if (server->deadline != UINT64_MAX && spdk_get_ticks() >= server->deadline) {
		busy += jsonrpc_server_expire(server);
		jsonrpc_server_set_deadline(server);
	}
	return busy;
}

int
spdk_jsonrpc_server_poll(struct spdk_jsonrpc_server *server)
{
	jsonrpc_server_step(server);
	return 0;
}

void
spdk_jsonrpc_server_shutdown(struct spdk_jsonrpc_server *server)
{
	STAILQ_HEAD(, jsonrpc_message) done = STAILQ_HEAD_INITIALIZER(done);
	struct spdk_jsonrpc_server_conn *conn;
	struct jsonrpc_message *msg;
	bool last;

	if (server->listening) {
		env_waiter_remove(server->waiter, server->listen_fd);
		server->listening = false;
	}
	env_stream_unlisten(server->listen_fd, server->addr);
	server->listen_fd = -1;
	finish_done(server); /* the last answers get their chance */
	while ((conn = TAILQ_FIRST(&server->conns)) != NULL) {
		jsonrpc_conn_close(conn);
	}

	pthread_mutex_lock(&server->lock);
	server->shut_down = true;
	last = server->num_outstanding == 0;
	STAILQ_SWAP(&done, &server->done, jsonrpc_message);
	pthread_mutex_unlock(&server->lock);
	/* Unless `last`, who answers the last request may free the server at any moment now. */
	while ((msg = STAILQ_FIRST(&done)) != NULL) {
		STAILQ_REMOVE_HEAD(&done, done_link);
		jsonrpc_message_free(msg);
	}
	if (last) {
		server_free(server);
	}
}
