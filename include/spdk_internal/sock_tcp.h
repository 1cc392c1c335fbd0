/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What implementations over TCP descriptors of the machine have in common: how their sockets come
 * and go, the lists of a group, the frame of reads, writes and flushes, what can be asked, and
 * which group suits a socket. How bytes move is each one's own.
 *
 * All functions run on the thread that uses the socket; the map of placements is shared by all
 * threads, behind a short lock that is taken when a socket joins or leaves a group.
 */

#ifndef SPDK_INTERNAL_SOCK_TCP_H
#define SPDK_INTERNAL_SOCK_TCP_H

#include <sys/socket.h>

#include "spdk/util.h"
#include "spdk_internal/sock_module.h"

struct tcp_sock;

/** What an implementation has of its own. */
struct sock_tcp_ops {
	struct spdk_net_impl *impl;
	size_t size_bytes; /* of its struct, which begins zeroed */
	/** Its part of a new socket, which may be connected already. 0 or a negative errno; fini
	 *  follows in any case. */
	int (*init)(struct tcp_sock *sock);
	void (*fini)(struct tcp_sock *sock);
	/** It is CONNECTED now, or FAILED. */
	void (*settled)(struct tcp_sock *sock);
};

/* A socket: CONNECTING -> CONNECTED | FAILED; CONNECTED -> FAILED; LISTENING. */
enum sock_tcp_state {
	SOCK_TCP_LISTENING,
	SOCK_TCP_CONNECTING,
	SOCK_TCP_CONNECTED,
	SOCK_TCP_FAILED, /* `err` says why; only close is left */
};

/** An implementation embeds it first. */
struct tcp_sock {
	struct spdk_sock base;
	const struct sock_tcp_ops *ops;
	int fd;
	enum sock_tcp_state state;
	int err; /* FAILED: negative errno */
	int family;
	bool zcopy;    /* send without a copy where it pays */
	bool no_ahead; /* the user wants no bytes received ahead, or no more */
	bool no_input; /* nobody takes any now */
	bool on_work;
	bool on_pending;
	bool on_connecting;
	int placement_id; /* while in a group; -1: none */
	TAILQ_ENTRY(tcp_sock) work_link;
	TAILQ_ENTRY(tcp_sock) pending_link;
	TAILQ_ENTRY(tcp_sock) connecting_link;
	/* CONNECTING */
	spdk_sock_connect_cb_fn connect_cb;
	void *connect_arg;
	uint64_t deadline_ticks; /* 0: none */
	char *interface_name;    /* once asked for */
};

TAILQ_HEAD(tcp_sock_list, tcp_sock);

/** An implementation embeds it first in its part of a group. Each socket on a list counts in the
 *  group's counter. */
struct tcp_group {
	struct spdk_sock_group_impl base;
	struct tcp_sock_list work;       /* something to do or to tell */
	struct tcp_sock_list pending;    /* something to read that the descriptor does not show */
	struct tcp_sock_list connecting; /* with a deadline */
	uint32_t num_work;
	uint32_t num_pending;
};

#define SOCK_TCP_BUF_BYTES_DEFAULT (2 * 1024 * 1024)

/** Options as an implementation has them at first. */
#define SOCK_TCP_OPTS_DEFAULT \
	{ \
		.recv_buf_size = SOCK_TCP_BUF_BYTES_DEFAULT, \
		.send_buf_size = SOCK_TCP_BUF_BYTES_DEFAULT, .enable_recv_pipe = true, \
	}

static inline struct tcp_sock *
sock_tcp_of(struct spdk_sock *sock)
{
	return SPDK_CONTAINEROF(sock, struct tcp_sock, base);
}

static inline struct tcp_group *
sock_tcp_group_of(const struct tcp_sock *sock)
{
	return SPDK_CONTAINEROF(sock->base.group, struct tcp_group, base);
}

/* ---- Life ---- */

/** As their namesakes of spdk_net_impl, which pass their ops. Descriptors don't block. */
struct spdk_sock *sock_tcp_connect(const struct sock_tcp_ops *ops, const char *ip, int port,
                                   const struct spdk_sock_opts *opts);
struct spdk_sock *sock_tcp_connect_async(const struct sock_tcp_ops *ops, const char *ip, int port,
                                         const struct spdk_sock_opts *opts,
                                         spdk_sock_connect_cb_fn cb_fn, void *cb_arg);
struct spdk_sock *sock_tcp_listen(const struct sock_tcp_ops *ops, const char *ip, int port,
                                  const struct spdk_sock_opts *opts);

/** Look how a CONNECTING socket is getting on; may run the user's call-back. False when the socket
 *  is gone. */
bool sock_tcp_connect_progress(struct tcp_sock *sock);

/** Before a call of the user's: look how a CONNECTING socket is getting on. True, with EBADF, when
 *  that ended it: nothing of it is there any more. */
static inline bool
sock_tcp_is_gone(struct tcp_sock *sock)
{
	if (spdk_likely(sock->state != SOCK_TCP_CONNECTING) || sock_tcp_connect_progress(sock)) {
		return false;
	}
	errno = EBADF;
	return true;
}

/** What keeps a socket that is not connected from reading and sending: sets errno. */
static inline bool
sock_tcp_is_up(const struct tcp_sock *sock)
{
	if (spdk_likely(sock->state == SOCK_TCP_CONNECTED)) {
		return true;
	}
	errno = sock->state == SOCK_TCP_FAILED       ? -sock->err
	        : sock->state == SOCK_TCP_CONNECTING ? EAGAIN
	                                             : ENOTCONN;
	return false;
}

/* ---- The lists of a group ---- */

void sock_tcp_group_init(struct tcp_group *group);
/** A socket is in the group now, and leaves it: its deadline, and the map of placements. */
void sock_tcp_group_join(struct tcp_sock *sock, struct spdk_sock_group_impl *group);
void sock_tcp_group_leave(struct tcp_sock *sock);
/** It connects no longer. */
void sock_tcp_connecting_end(struct tcp_sock *sock);
/** Put the sockets whose connect has come too late on the work list. */
void sock_tcp_check_deadlines(struct tcp_group *group);
/** Add sockets of the pending list to ready[], in turn, \p max at most. */
void sock_tcp_take_pending(struct tcp_group *group, uint32_t max);

/** Let the group's next poll, or the next round of this one, look at \p sock; nothing outside of a
 *  group. */
static inline void
sock_tcp_work_later(struct tcp_sock *sock)
{
	struct tcp_group *group;

	if (sock->on_work || sock->base.group == NULL) {
		return;
	}
	group = sock_tcp_group_of(sock);
	sock->on_work = true;
	TAILQ_INSERT_TAIL(&group->work, sock, work_link);
	group->num_work++;
	sock_group_work_add(group->base.group);
}

/** The next of the work list, taken off it; NULL: none. */
static inline struct tcp_sock *
sock_tcp_work_take(struct tcp_group *group)
{
	struct tcp_sock *sock = TAILQ_FIRST(&group->work);

	if (sock != NULL) {
		TAILQ_REMOVE(&group->work, sock, work_link);
		sock->on_work = false;
		group->num_work--;
		sock_group_work_sub(group->base.group);
	}
	return sock;
}

/** Whether there is something to read that the group's descriptor does not show. */
static inline void
sock_tcp_pending_set(struct tcp_sock *sock, bool pending)
{
	struct tcp_group *group;

	if (pending == sock->on_pending || sock->base.group == NULL) {
		return;
	}
	group = sock_tcp_group_of(sock);
	sock->on_pending = pending;
	if (pending) {
		TAILQ_INSERT_TAIL(&group->pending, sock, pending_link);
		group->num_pending++;
		sock_group_work_add(group->base.group);
	} else {
		TAILQ_REMOVE(&group->pending, sock, pending_link);
		group->num_pending--;
		sock_group_work_sub(group->base.group);
	}
}

/** Put a socket into ready[], once. */
static inline void
sock_tcp_ready_add(struct tcp_group *group, struct tcp_sock *sock)
{
	if (sock->base.ready_idx == 0) {
		group->base.ready[group->base.num_ready++] = &sock->base;
		sock->base.ready_idx = group->base.num_ready;
	}
}

/* ---- The frame of what users call; the implementation's functions are inlined ---- */

/** sendmsg() that does not wait: bytes, or -1 and errno, of which EAGAIN stands for all that may
 *  pass. */
static inline ssize_t
sock_tcp_send(struct tcp_sock *sock, struct iovec *iov, int iovcnt)
{
	struct msghdr msg;
	ssize_t n;

	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = iov;
	msg.msg_iovlen = (size_t)iovcnt;
	n = sendmsg(sock->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && (errno == EINTR || errno == ENOBUFS || errno == EWOULDBLOCK)) {
		errno = EAGAIN;
	}
	return n;
}

/** \p send_queue sends what is queued as far as it goes: bytes, or -1 and errno; \p take_notices
 *  looks which sends without a copy were let go. */
static inline int
sock_tcp_flush(struct tcp_sock *sock, ssize_t (*send_queue)(struct tcp_sock *),
               void (*take_notices)(struct tcp_sock *))
{
	ssize_t sent = -1;
	int err;

	if (sock_tcp_is_gone(sock)) {
		return -1;
	}
	if (sock_tcp_is_up(sock)) {
		sent = send_queue(sock);
	}
	err = errno;
	take_notices(sock);
	if (!TAILQ_EMPTY(&sock->base.done)) {
		(void)basalt_sock_complete_done(&sock->base);
	}
	errno = err;
	return (int)spdk_min(sent, (ssize_t)INT_MAX);
}

/** Behind the queue. */
static inline ssize_t
sock_tcp_writev(struct tcp_sock *sock, struct iovec *iov, int iovcnt,
                ssize_t (*send_queue)(struct tcp_sock *))
{
	int err;

	if (sock_tcp_is_gone(sock) || !sock_tcp_is_up(sock)) {
		return -1;
	}
	if (!TAILQ_EMPTY(&sock->base.queued)) {
		err = send_queue(sock) < 0 ? errno : EAGAIN;
		/* The call-backs of what is out, or failed, wait for the next poll or flush. */
		sock_tcp_work_later(sock);
		if (err != EAGAIN || !TAILQ_EMPTY(&sock->base.queued)) {
			errno = err;
			return -1;
		}
	}
	return sock_tcp_send(sock, iov, iovcnt);
}

/** Queue a request. False when nothing can be sent any more: it fails. */
static inline bool
sock_tcp_queue(struct tcp_sock *sock, struct spdk_sock_request *req)
{
	sock_request_queue(&sock->base, req);
	if (spdk_likely(sock->state != SOCK_TCP_FAILED && sock->state != SOCK_TCP_LISTENING)) {
		return true;
	}
	basalt_sock_fail_queued(&sock->base,
	                        sock->state == SOCK_TCP_FAILED ? sock->err : -ENOTCONN);
	sock_tcp_work_later(sock);
	return false;
}

/** Should \p total_bytes go without a copy? */
static inline bool
sock_tcp_use_zcopy(const struct tcp_sock *sock, size_t total_bytes)
{
	return spdk_unlikely(sock->zcopy) &&
	       total_bytes >= sock->base.impl_opts.zerocopy_threshold &&
	       sock_zcopy_has_room(&sock->base);
}

/* ---- For the table of an implementation ---- */

#define SOCK_TCP_TABLE \
	.getaddr = sock_tcp_getaddr, .get_interface_name = sock_tcp_get_interface_name, \
	.get_numa_id = sock_tcp_get_numa_id, .close = sock_tcp_close, \
	.set_recvbuf = sock_tcp_set_recvbuf, .set_sendbuf = sock_tcp_set_sendbuf, \
	.is_ipv6 = sock_tcp_is_ipv6, .is_ipv4 = sock_tcp_is_ipv4, .get_fd = sock_tcp_get_fd, \
	.group_get_optimal = sock_tcp_get_optimal

int sock_tcp_getaddr(struct spdk_sock *sock, char *saddr, int slen, uint16_t *sport, char *caddr,
                     int clen, uint16_t *cport);
const char *sock_tcp_get_interface_name(struct spdk_sock *sock);
int32_t sock_tcp_get_numa_id(struct spdk_sock *sock);
struct spdk_sock *sock_tcp_accept(struct spdk_sock *listener);
int sock_tcp_close(struct spdk_sock *sock);
int sock_tcp_set_recvlowat(struct spdk_sock *sock, int nbytes);
int sock_tcp_set_recvbuf(struct spdk_sock *sock, int sz);
int sock_tcp_set_sendbuf(struct spdk_sock *sock, int sz);
bool sock_tcp_is_ipv6(struct spdk_sock *sock);
bool sock_tcp_is_ipv4(struct spdk_sock *sock);
bool sock_tcp_is_connected(struct spdk_sock *sock);
int sock_tcp_get_fd(struct spdk_sock *sock);
struct spdk_sock_group *sock_tcp_get_optimal(struct spdk_sock *sock, struct spdk_sock_group *hint);

/** A socket joins or leaves a group: keep the map from placements to groups. */
void sock_tcp_placement_join(struct tcp_sock *sock, struct spdk_sock_group *group);
void sock_tcp_placement_leave(struct tcp_sock *sock);

#endif /* SPDK_INTERNAL_SOCK_TCP_H */
