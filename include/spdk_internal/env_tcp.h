/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * TCP descriptors of the machine, for the socket implementations: made, connected, accepted and
 * asked. Reading and writing is theirs. All of it runs on the caller's thread, blocks only where a
 * timeout is named, and answers with 0 (or a descriptor) or a negative errno.
 */

#ifndef SPDK_INTERNAL_ENV_TCP_H
#define SPDK_INTERNAL_ENV_TCP_H

#include "spdk/stdinc.h"

/** How a descriptor is set up; what the system does not grant is left out (logged at DEBUG). */
struct env_tcp_opts {
	uint32_t recv_buf_size;  /* bytes */
	uint32_t send_buf_size;  /* bytes */
	int priority;            /* 0: the system's */
	uint32_t ack_timeout_ms; /* 0: the system's */
	bool quickack;
	const char *src_addr; /* of a connect; NULL: any */
	uint16_t src_port;    /* 0: any */
};

/**
 * Begin to connect to \p ip (numeric, IPv6 also in brackets) without waiting.
 * \param family gets AF_INET or AF_INET6.
 * \return a non-blocking descriptor, the caller's; -EINVAL, -EAFNOSUPPORT and what socket(2),
 * bind(2) and connect(2) give.
 */
int env_tcp_connect(const char *ip, int port, const struct env_tcp_opts *opts, int *family);

/**
 * How that connect is getting on.
 * \param timeout_ms waits so long at most, not longer than to the next signal; -1: no limit.
 * \return 0 when it is up, -EAGAIN while undecided, else why it failed.
 */
int env_tcp_connect_result(int fd, int timeout_ms);

/** Listen; \p port 0: any free one. A non-blocking descriptor, the caller's. */
int env_tcp_listen(const char *ip, int port, const struct env_tcp_opts *opts, int *family);

/** The next connection: a non-blocking descriptor, the caller's. -EAGAIN when there is none (what
 *  befell others in the queue is passed over), -EMFILE, -ENOMEM, ... */
int env_tcp_accept(int fd);

/** Set up an accepted descriptor. */
void env_tcp_setup(int fd, int family, const struct env_tcp_opts *opts);

/** setsockopt(2) and getsockopt(2) of one int. */
int env_tcp_set_int(int fd, int level, int option, int value);
int env_tcp_get_int(int fd, int level, int option, int *value);

/** Let calls on \p fd wait, or not. */
int env_tcp_set_blocking(int fd, bool blocking);

/** Is the other end still there, as far as the system knows? Nothing is taken from the stream. */
bool env_tcp_is_up(int fd);

/**
 * Break the connection off: what was sent and not acknowledged is thrown away, the peer gets a
 * reset, and the system lets go of the memory it came from.
 */
void env_tcp_abort(int fd);

void env_tcp_close(int fd);

/** What to do about \p err (positive) of a connect or listen, for the end of a line in the log. */
const char *env_tcp_advice(int err, bool listening);

#endif /* SPDK_INTERNAL_ENV_TCP_H */
