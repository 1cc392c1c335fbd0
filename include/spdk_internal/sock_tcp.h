/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What implementations over TCP descriptors of the machine have in common: how their sockets come
 * and go, what can be asked of them, and which group suits them. How bytes move is each one's own.
 *
 * All functions run on the thread that uses the socket; the map of placements is shared by all
 * threads, behind a short lock that is taken when a socket joins or leaves a group.
 */

#ifndef SPDK_INTERNAL_SOCK_TCP_H
#define SPDK_INTERNAL_SOCK_TCP_H

#include "spdk_internal/sock_module.h"

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
	int fd;
	enum sock_tcp_state state;
	int err; /* FAILED: negative errno */
	int family;
	bool zcopy;       /* send without a copy where it pays */
	int placement_id; /* while in a group; -1: none */
	/* CONNECTING */
	spdk_sock_connect_cb_fn connect_cb;
	void *connect_arg;
	uint64_t deadline_ticks; /* 0: none */
	char *interface_name;    /* once asked for */
};

/**
 * Begin to connect; NULL with errno (logged). \p size_bytes is that of the implementation's struct,
 * which begins zeroed. Its descriptor does not block.
 */
struct tcp_sock *sock_tcp_connect(struct spdk_net_impl *impl, size_t size_bytes, const char *ip,
                                  int port, const struct spdk_sock_opts *opts);

/** Remember whom to tell. */
void sock_tcp_connect_notify(struct tcp_sock *sock, spdk_sock_connect_cb_fn cb_fn, void *cb_arg);

/** Wait for the connection, as long as its options allow. 0, or a negative errno (logged). */
int sock_tcp_connect_wait(struct tcp_sock *sock, const char *ip, int port);

/** Look how a CONNECTING socket is getting on, deadline included: -EAGAIN, or, in its new state,
 *  its result. Queued writes have failed with it. Then sock_tcp_connect_tell() is due. */
int sock_tcp_connect_look(struct tcp_sock *sock);

/** Run the user's call-back. False when the socket is gone. */
bool sock_tcp_connect_tell(struct tcp_sock *sock, int status);

/** Listen, and accept; NULL with errno. */
struct tcp_sock *sock_tcp_listen(struct spdk_net_impl *impl, size_t size_bytes, const char *ip,
                                 int port, const struct spdk_sock_opts *opts);
struct tcp_sock *sock_tcp_accept(struct tcp_sock *listener, size_t size_bytes);

/** Close the descriptor and free the struct. */
void sock_tcp_free(struct tcp_sock *sock);

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

/** Should \p total_bytes go without a copy? */
static inline bool
sock_tcp_use_zcopy(const struct tcp_sock *sock, size_t total_bytes)
{
	return spdk_unlikely(sock->zcopy) &&
	       total_bytes >= sock->base.impl_opts.zerocopy_threshold &&
	       sock_zcopy_has_room(&sock->base);
}

/* For the table of an implementation. */
int sock_tcp_getaddr(struct spdk_sock *sock, char *saddr, int slen, uint16_t *sport, char *caddr,
                     int clen, uint16_t *cport);
const char *sock_tcp_get_interface_name(struct spdk_sock *sock);
int32_t sock_tcp_get_numa_id(struct spdk_sock *sock);
int sock_tcp_set_recvlowat(struct spdk_sock *sock, int nbytes);
int sock_tcp_set_recvbuf(struct spdk_sock *sock, int sz);
int sock_tcp_set_sendbuf(struct spdk_sock *sock, int sz);
bool sock_tcp_is_ipv6(struct spdk_sock *sock);
bool sock_tcp_is_ipv4(struct spdk_sock *sock);
int sock_tcp_get_fd(struct spdk_sock *sock);
struct spdk_sock_group *sock_tcp_get_optimal(struct spdk_sock *sock, struct spdk_sock_group *hint);

/** A socket joins or leaves a group: keep the map from placements to groups. */
void sock_tcp_placement_join(struct tcp_sock *sock, struct spdk_sock_group *group);
void sock_tcp_placement_leave(struct tcp_sock *sock);

#endif /* SPDK_INTERNAL_SOCK_TCP_H */
