/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Control streams in memory: a listener is a name, a connection two ends with a buffer each. A test
 * is the client by env_stream_connect(). What one end sends the other can receive at once. */

#include "sim.h"

#include "spdk_internal/env_fault.h"

#define STREAM_BUF_BYTES 65536
#define BACKLOG 128

struct stream {
	TAILQ_ENTRY(stream) link; /* in the listener's queue until accepted */
	struct sim_fd *fd;
	struct stream *peer; /* NULL: closed */
	bool eof;            /* the peer closed */
	size_t begin;        /* of what can be received, in a ring */
	size_t len;
	uint8_t buf[STREAM_BUF_BYTES];
};

TAILQ_HEAD(stream_list, stream);

struct listener {
	TAILQ_ENTRY(listener) link;
	struct sim_fd *fd;
	char *addr;
	struct stream_list waiting;
	uint32_t num_waiting;
};

TAILQ_HEAD(listener_list, listener);

static struct {
	struct listener_list listeners;
} g_streams SYSTEM_STATE = { .listeners = TAILQ_HEAD_INITIALIZER(g_streams.listeners) };

static struct listener *
listener_find(const char *addr)
{
	struct listener *l;

	TAILQ_FOREACH(l, &g_streams.listeners, link) {
		if (strcmp(l->addr, addr) == 0) {
			return l;
		}
	}
	return NULL;
}

/* Same limits as on the machine. */
static int
addr_check(const char *addr)
{
	const char *colon;

	if (addr == NULL || addr[0] == '\0') {
		return -EINVAL;
	}
	if (strchr(addr, '/') != NULL || strchr(addr, ':') == NULL) {
		return strlen(addr) < sizeof(((struct sockaddr_un *)0)->sun_path) ? 0
		                                                                  : -ENAMETOOLONG;
	}
	colon = strrchr(addr, ':');
	return env_port_is_valid(colon + 1) ? 0 : -EINVAL;
}

int
env_stream_listen(const char *addr)
{
	struct listener *l;
	int rc = addr_check(addr);

	if (rc != 0) {
		return rc;
	}
	if (listener_find(addr) != NULL) {
		return -EADDRINUSE;
	}
	if (env_fault(ENV_FAULT_STREAM)) {
		return -EMFILE;
	}
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		return -ENOMEM;
	}
	TAILQ_INIT(&l->waiting);
	l->addr = strdup(addr);
	l->fd = l->addr != NULL ? sim_fd_new(SIM_FD_LISTEN, l) : NULL;
	if (l->fd == NULL) {
		free(l->addr);
		free(l);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&g_streams.listeners, l, link);
	return l->fd->fd;
}

static void
stream_update(struct stream *s)
{
	uint32_t ready = 0;

	if (s->len > 0 || s->eof) {
		ready |= EPOLLIN;
	}
	if (s->eof) {
		ready |= EPOLLHUP | EPOLLRDHUP;
	}
	if (s->peer == NULL || s->peer->len < STREAM_BUF_BYTES) {
		ready |= EPOLLOUT;
	}
	sim_fd_set(s->fd, ready);
}

static void
stream_destroy(struct stream *s)
{
	if (s->peer != NULL) {
		s->peer->peer = NULL;
		s->peer->eof = true;
		stream_update(s->peer);
	}
	sim_fd_delete(s->fd);
	free(s);
}

static void
listener_destroy(struct listener *l)
{
	struct stream *s;

	while ((s = TAILQ_FIRST(&l->waiting)) != NULL) {
		TAILQ_REMOVE(&l->waiting, s, link);
		stream_destroy(s);
	}
	TAILQ_REMOVE(&g_streams.listeners, l, link);
	sim_fd_delete(l->fd);
	free(l->addr);
	free(l);
}

void
env_stream_unlisten(int fd, const char *addr)
{
	struct sim_fd *f = sim_fd_find(fd);

	assert(f != NULL && f->kind == SIM_FD_LISTEN);
	listener_destroy(f->obj);
}

static struct stream *
stream_new(void)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		return NULL;
	}
	s->fd = sim_fd_new(SIM_FD_STREAM, s);
	if (s->fd == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

int
env_stream_connect(const char *addr)
{
	struct stream *client, *server;
	struct listener *l;
	int rc = addr_check(addr);

	if (rc != 0) {
		return rc;
	}
	l = listener_find(addr);
	if (l == NULL) {
		return strchr(addr, '/') != NULL ? -ENOENT : -ECONNREFUSED;
	}
	if (l->num_waiting == BACKLOG) {
		return -EAGAIN;
	}
	if (env_fault(ENV_FAULT_STREAM)) {
		return -EMFILE;
	}
	client = stream_new();
	server = client != NULL ? stream_new() : NULL;
	if (server == NULL) {
		if (client != NULL) {
			stream_destroy(client);
		}
		return -ENOMEM;
	}
	client->peer = server;
	server->peer = client;
	stream_update(client);
	stream_update(server);
	TAILQ_INSERT_TAIL(&l->waiting, server, link);
	l->num_waiting++;
	/* Each arrival is an edge. */
	l->fd->edges++;
	l->fd->ready = EPOLLIN;
	return client->fd->fd;
}

int
env_stream_accept(int listen_fd, struct env_peer *peer)
{
	struct sim_fd *f = sim_fd_find(listen_fd);
	struct listener *l;
	struct stream *s;
	bool local;

	if (f == NULL || f->kind != SIM_FD_LISTEN) {
		return -EBADF;
	}
	l = f->obj;
	s = TAILQ_FIRST(&l->waiting);
	if (s == NULL) {
		return -EAGAIN;
	}
	if (env_fault(ENV_FAULT_STREAM)) {
		return -EMFILE;
	}
	TAILQ_REMOVE(&l->waiting, s, link);
	l->num_waiting--;
	sim_fd_set(l->fd, l->num_waiting > 0 ? EPOLLIN : 0);
	if (peer != NULL) {
		local = strchr(l->addr, '/') != NULL || strchr(l->addr, ':') == NULL;
		peer->pid = local ? 1 : -1;
		peer->uid = local ? 0 : -1;
		peer->gid = local ? 0 : -1;
	}
	return s->fd->fd;
}

bool
env_stream_peer_in_group(int fd, int64_t gid)
{
	return false;
}

int
env_stream_open_to_all(const char *addr)
{
	return listener_find(addr) != NULL ? 0 : -ENOENT;
}

static struct stream *
stream_of(int fd)
{
	struct sim_fd *f = sim_fd_find(fd);

	return f != NULL && f->kind == SIM_FD_STREAM ? f->obj : NULL;
}

ssize_t
env_stream_recv(int fd, void *buf, size_t len_bytes)
{
	struct stream *s = stream_of(fd);
	size_t num, i;

	if (s == NULL) {
		return -EBADF;
	}
	if (s->len == 0) {
		return s->eof ? 0 : -EAGAIN;
	}
	num = spdk_min(len_bytes, s->len);
	for (i = 0; i < num; i++) {
		((uint8_t *)buf)[i] = s->buf[(s->begin + i) % STREAM_BUF_BYTES];
	}
	s->begin = (s->begin + num) % STREAM_BUF_BYTES;
	s->len -= num;
	stream_update(s);
	if (s->peer != NULL) {
		stream_update(s->peer);
	}
	return (ssize_t)num;
}

ssize_t
env_stream_send(int fd, const void *buf, size_t len_bytes)
{
	struct stream *s = stream_of(fd);
	struct stream *to;
	size_t num, i;

	if (s == NULL) {
		return -EBADF;
	}
	to = s->peer;
	if (to == NULL) {
		return -EPIPE;
	}
	num = spdk_min(len_bytes, STREAM_BUF_BYTES - to->len);
	if (num == 0) {
		return len_bytes == 0 ? 0 : -EAGAIN;
	}
	for (i = 0; i < num; i++) {
		to->buf[(to->begin + to->len + i) % STREAM_BUF_BYTES] = ((const uint8_t *)buf)[i];
	}
	to->len += num;
	/* Each arrival is an edge. */
	to->fd->edges++;
	stream_update(to);
	stream_update(s);
	return (ssize_t)num;
}

void
env_stream_close(int fd)
{
	struct stream *s = stream_of(fd);

	if (s != NULL) {
		stream_destroy(s);
	}
}

void
sim_stream_fini(void)
{
	struct listener *l;

	while ((l = TAILQ_FIRST(&g_streams.listeners)) != NULL) {
		listener_destroy(l);
	}
}
