/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The other end of a JSON-RPC server, on the simulated machine: bytes in, polls, bytes out. */

#ifndef UT_PEER_H
#define UT_PEER_H

#include "spdk_internal/env_sim.h"
#include "spdk_internal/jsonrpc.h"

#define PEER_ROOM (1024 * 1024)

struct peer {
	int fd;
	size_t len;
	bool closed; /* by the server */
	char text[PEER_ROOM];
};

static inline void
peer_take(struct peer *p)
{
	ssize_t n;

	do {
		n = env_stream_recv(p->fd, p->text + p->len, PEER_ROOM - 1 - p->len);
		p->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	p->closed = n == 0 || n == -ECONNRESET;
	p->text[p->len] = '\0';
}

/* Poll until nothing happens any more. */
static inline void
peer_settle(struct spdk_jsonrpc_server *server, struct peer *p)
{
	int idle = 0;

	while (idle < 3) {
		idle = jsonrpc_server_step(server) > 0 ? 0 : idle + 1;
		if (p != NULL) {
			peer_take(p);
		}
	}
}

static inline void
peer_open(struct peer *p, const char *addr)
{
	p->len = 0;
	p->closed = false;
	p->text[0] = '\0';
	p->fd = env_stream_connect(addr);
	assert_in_range(p->fd, 0, INT_MAX);
}

/* Send all, polling the server when its buffer is full. */
static inline void
peer_send(struct spdk_jsonrpc_server *server, struct peer *p, const char *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = env_stream_send(p->fd, data, len);
		if (n == -EAGAIN) {
			peer_settle(server, p);
			continue;
		}
		if (n < 0) {
			return;
		}
		data += n;
		len -= (size_t)n;
	}
}

/* The answers to \p text, up to now. */
static inline const char *
peer_ask(struct spdk_jsonrpc_server *server, struct peer *p, const char *text)
{
	p->len = 0;
	peer_send(server, p, text, strlen(text));
	peer_settle(server, p);
	return p->text;
}

#endif /* UT_PEER_H */
