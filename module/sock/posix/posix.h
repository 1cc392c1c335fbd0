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
	bool blocked;  /* the network takes no more; in a group EPOLLOUT is armed */
	bool no_input; /* nobody wants it now: EPOLLIN is not armed */
	bool hung_up;  /* and the peer is gone: out of the group's set */
	bool no_pipe;  /* the user wants no bytes received ahead any more */
	bool on_flush;
	bool on_pending;
	bool on_connecting;
	/** Bytes received ahead of the user: [rpos, wpos) of pipe. Filled only when empty. */
	uint8_t *pipe;
	uint32_t rpos;
	uint32_t wpos;
	TAILQ_ENTRY(posix_sock) flush_link;
	TAILQ_ENTRY(posix_sock) pending_link;
	TAILQ_ENTRY(posix_sock) connecting_link;
};

static inline struct posix_sock *
posix_of(struct spdk_sock *sock)
{
	return SPDK_CONTAINEROF(sock, struct posix_sock, tcp.base);
}

TAILQ_HEAD(posix_list, posix_sock);

struct posix_group {
	struct spdk_sock_group_impl base;
	int epfd;
	struct posix_list
	        flush; /* something to send or to tell; each counts in the group's counter */
	struct posix_list pending;    /* bytes in the pipe; each counts too */
	struct posix_list connecting; /* with a deadline; each counts too */
	uint32_t num_flush;
	uint32_t num_pending;
};

/* io.c */

/** Take what is due to it from every list of its group. */
void posix_unlist(struct posix_sock *sock);
/** Let the group's next poll flush \p sock; nothing outside of a group. */
void posix_flush_later(struct posix_sock *sock);
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

/* connect.c */

struct spdk_sock *posix_connect(const char *ip, int port, const struct spdk_sock_opts *opts);
struct spdk_sock *posix_connect_async(const char *ip, int port, const struct spdk_sock_opts *opts,
                                      spdk_sock_connect_cb_fn cb_fn, void *cb_arg);
struct spdk_sock *posix_listen(const char *ip, int port, const struct spdk_sock_opts *opts);
struct spdk_sock *posix_accept(struct spdk_sock *_sock);
int posix_close(struct spdk_sock *_sock);
int posix_set_recvbuf(struct spdk_sock *_sock, int sz);
bool posix_is_connected(struct spdk_sock *_sock);
/** Look how a CONNECTING socket is getting on; may run the user's call-back. False when the socket
 *  is gone. */
bool posix_connect_progress(struct posix_sock *sock);

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

/* posix.c */

extern struct spdk_net_impl g_posix_net_impl;

#endif /* SOCK_POSIX_H */
