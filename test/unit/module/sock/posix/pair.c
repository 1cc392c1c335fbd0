/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* See pair.h. */

#include "pair.h"
#include <poll.h>

const char *
ut_impl(void)
{
	const char *name = getenv("SOCK_IMPL");

	return name != NULL ? name : "posix";
}

void
wait_fd(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	(void)poll(&pfd, 1, WAIT_MS);
}

void
server_ready(void *arg, struct spdk_sock_group *group, struct spdk_sock *sock)
{
	struct pair *p = arg;
	ssize_t n;

	p->called++;
	if (p->take_max == 0) {
		return;
	}
	n = spdk_sock_recv(sock, p->into != NULL ? p->into + p->taken : (uint8_t[65536]){ 0 },
	                   spdk_min(p->take_max, 65536u));
	p->taken += n > 0 ? n : 0;
}

struct spdk_sock *
accept_wait(struct spdk_sock *listener)
{
	struct spdk_sock *sock = NULL;
	int i;

	for (i = 0; sock == NULL && i < TRIES; i++) {
		wait_fd(sock_get_fd(listener));
		sock = spdk_sock_accept(listener);
	}
	assert_non_null(sock);
	return sock;
}

void
pair_open(struct pair *p, const char *ip)
{
	memset(p, 0, sizeof(*p));
	p->listener = spdk_sock_listen(ip, 0, ut_impl());
	assert_non_null(p->listener);
	assert_int_equal(spdk_sock_getaddr(p->listener, NULL, 0, &p->port, NULL, 0, NULL), 0);
	assert_null(spdk_sock_accept(p->listener));
	assert_int_equal(errno, EAGAIN);
	p->client = spdk_sock_connect(ip, p->port, ut_impl());
	assert_non_null(p->client);
	p->server = accept_wait(p->listener);
	p->group = spdk_sock_group_create(NULL);
	assert_non_null(p->group);
	assert_int_equal(spdk_sock_group_add_sock(p->group, p->server, server_ready, p), 0);
}

void
pair_close(struct pair *p)
{
	if (p->server != NULL) {
		assert_int_equal(spdk_sock_group_remove_sock(p->group, p->server), 0);
		assert_int_equal(spdk_sock_close(&p->server), 0);
	}
	assert_int_equal(*sock_group_get_counter(p->group), 0);
	assert_int_equal(spdk_sock_group_close(&p->group), 0);
	if (p->client != NULL) {
		assert_int_equal(spdk_sock_close(&p->client), 0);
	}
	assert_int_equal(spdk_sock_close(&p->listener), 0);
}

void
send_all(struct spdk_sock *sock, const void *data, size_t len)
{
	struct iovec iov = { (void *)data, len };

	assert_int_equal(spdk_sock_writev(sock, &iov, 1), len);
}

int
poll_group(struct pair *p)
{
	if (*sock_group_get_counter(p->group) == 0) {
		wait_fd(sock_group_get_fd(p->group));
	}
	return spdk_sock_group_poll(p->group);
}

void
poll_until_taken(struct pair *p, size_t taken)
{
	int i;

	for (i = 0; p->taken < taken && i < TRIES; i++) {
		assert_true(poll_group(p) >= 0);
	}
	assert_int_equal(p->taken, taken);
}

int g_done;
static int g_submitting;

static void
req_done(void *cb_arg, int err)
{
	struct req *req = cb_arg;

	assert_int_equal(g_submitting, 0);
	assert_int_equal(req->err, 1);
	req->err = err;
	req->order = ++g_done;
}

void
req_submit(struct spdk_sock *sock, struct req *req, void *buf, size_t len)
{
	memset(req, 0, sizeof(*req));
	req->err = 1;
	req->r.cb_fn = req_done;
	req->r.cb_arg = req;
	req->r.iovcnt = 2;
	req->iov[0].iov_base = buf;
	req->iov[0].iov_len = len / 3;
	req->iov[1].iov_base = (char *)buf + len / 3;
	req->iov[1].iov_len = len - len / 3;
	g_submitting++;
	spdk_sock_writev_async(sock, &req->r);
	g_submitting--;
}

size_t
client_read_all(struct pair *p, uint8_t *into, size_t len)
{
	size_t have = 0;
	ssize_t n;
	int i;

	for (i = 0; have < len && i < 100 * TRIES; i++) {
		assert_true(spdk_sock_group_poll(p->group) >= 0);
		n = spdk_sock_recv(p->client, into + have, len - have);
		if (n > 0) {
			have += n;
		} else if (*sock_group_get_counter(p->group) == 0) {
			wait_fd(sock_get_fd(p->client));
		}
	}
	return have;
}
