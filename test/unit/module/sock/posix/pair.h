/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * For tests of the TCP sockets, of whatever implementation: a connection over loopback, both ends
 * in this process, and requests that remember what they were told. Nothing sleeps: each wait is a
 * bounded number of polls with a bounded wait on a descriptor between them.
 */

#ifndef UT_POSIX_PAIR_H
#define UT_POSIX_PAIR_H

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>

#include "spdk/assert.h"
#include "spdk/env.h"
#include "spdk/util.h"
#include "spdk_internal/sock_module.h"

#define TRIES 1000
#define WAIT_MS 10

struct pair {
	struct spdk_sock *listener, *client, *server;
	struct spdk_sock_group *group; /* the server's */
	uint16_t port;
	int called;
	size_t taken;
	size_t take_max; /* a call-back reads so much at once; 0: nothing */
	uint8_t *into;
};

struct req {
	struct spdk_sock_request r;
	struct iovec iov[2];
	int err;   /* 1: not called back */
	int order; /* of the call-backs since g_done was 0 */
};

/** The implementation under test: what SOCK_IMPL in the environment names, else posix. */
const char *ut_impl(void);

/** Call-backs of requests so far. */
extern int g_done;

/** Wait a little until \p fd can be read. */
void wait_fd(int fd);
/** Counts, and reads up to p->take_max bytes to p->into. */
void server_ready(void *arg, struct spdk_sock_group *group, struct spdk_sock *sock);
struct spdk_sock *accept_wait(struct spdk_sock *listener);
/** A listener, a client, and its server in a group. */
void pair_open(struct pair *p, const char *ip);
void pair_close(struct pair *p);
void send_all(struct spdk_sock *sock, const void *data, size_t len);
/** Poll the group as a reactor would: not before its counter or its descriptor says so. */
int poll_group(struct pair *p);
void poll_until_taken(struct pair *p, size_t taken);
/** Queue \p len bytes in two vectors; fails when anything is called back inside. */
void req_submit(struct spdk_sock *sock, struct req *req, void *buf, size_t len);
/** Read what the server sent, and poll its group meanwhile. Returns how much came. */
size_t client_read_all(struct pair *p, uint8_t *into, size_t len);

#endif /* UT_POSIX_PAIR_H */
