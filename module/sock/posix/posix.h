/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What the files of the posix implementation share.
 */

#ifndef SOCK_POSIX_H
#define SOCK_POSIX_H

#include "spdk/util.h"
#include "spdk_internal/sock_tcp.h"

/** Bytes that one read may take beyond what the user asked for. */
#define POSIX_PIPE_BYTES (64 * 1024)
/** Most vectors of one sendmsg(); a queue so long is sent without waiting for the next poll. */
#define POSIX_SEND_IOVS 128
/** Vectors of a read that still leave room for the pipe; longer ones go past it. */
#define POSIX_READ_IOVS 64

struct posix_sock {
	struct tcp_sock tcp;
	/** The last read took all there was: don't ask the system again before the group does. */
	bool drained;
	bool blocked; /* the network takes no more; in a group EPOLLOUT is armed */
	bool hung_up; /* nobody takes input, and the peer is gone: out of the group's set */
	/** Bytes received ahead of the user: [rpos, wpos) of pipe. Filled only when empty. */
	uint8_t *pipe;
	uint32_t rpos;
	uint32_t wpos;
};

static inline struct posix_sock *
posix_of(struct spdk_sock *sock)
{
	return SPDK_CONTAINEROF(sock, struct posix_sock, tcp.base);
}

struct posix_group {
	struct tcp_group tcp;
	int epfd;
};

static inline struct posix_group *
posix_group_of(struct spdk_sock_group_impl *group)
{
	return SPDK_CONTAINEROF(group, struct posix_group, tcp.base);
}

/* io.c */

/** Account for the pipe being empty or not. */
void posix_pending_update(struct posix_sock *sock);
ssize_t posix_readv(struct spdk_sock *_sock, struct iovec *iov, int iovcnt);
ssize_t posix_writev(struct spdk_sock *_sock, struct iovec *iov, int iovcnt);
void posix_writev_async(struct spdk_sock *_sock, struct spdk_sock_request *req);
int posix_flush(struct spdk_sock *_sock);

/* zcopy.c */

/** Take what the system says of sends without a copy. Returns how many notices there were. */
int posix_zcopy_take(struct posix_sock *sock);
void posix_let_go(struct spdk_sock *_sock);

/* group.c */

struct spdk_sock_group_impl *posix_group_create(void);
int posix_group_add_sock(struct spdk_sock_group_impl *_group, struct spdk_sock *_sock);
int posix_group_remove_sock(struct spdk_sock_group_impl *_group, struct spdk_sock *_sock);
int posix_group_poll(struct spdk_sock_group_impl *_group);
int posix_group_get_fd(struct spdk_sock_group_impl *_group);
int posix_group_watch(struct spdk_sock_group_impl *_group, int fd);
int posix_group_close(struct spdk_sock_group_impl *_group);
void posix_want_input(struct spdk_sock *_sock, bool wanted);
/** Watch for writability or not, as state and `blocked` say. */
void posix_group_rearm(struct posix_sock *sock);

#endif /* SOCK_POSIX_H */
