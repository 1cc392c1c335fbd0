/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Sockets from the inside: the table that an implementation fills, the part of a socket and of a
 * group that lib/sock and the implementations share, and what in-tree users may ask beyond
 * spdk/sock.h.
 *
 * A socket belongs to one thread at a time: the one that polls its group. Queued writes and bytes
 * that were received ahead count in the group's counter, so that a reactor knows whether it may
 * sleep on the group's descriptor.
 */

#ifndef SPDK_INTERNAL_SOCK_MODULE_H
#define SPDK_INTERNAL_SOCK_MODULE_H

#include "spdk/sock.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- For users in the tree ---- */

/**
 * A descriptor that is readable whenever polling \p group would find work that its counter does not
 * show: bytes arrived, a blocked socket can be written again. For a POLLER_FD poller. It belongs to
 * the group.
 * \return -ENOTSUP when the implementation has none.
 */
int sock_group_get_fd(struct spdk_sock_group *group);

/**
 * Not 0 while polling \p group has work that its descriptor does not show: bytes that were received
 * but not yet read by the user, queued writes that can go out, completions to deliver, connections
 * whose time runs out. Lives as long as the group.
 */
const uint32_t *sock_group_get_counter(struct spdk_sock_group *group);

/** The descriptor of a listening socket: readable while spdk_sock_accept() would find a connection.
 *  It belongs to the socket. -ENOTSUP when the implementation has none. */
int sock_get_fd(struct spdk_sock *sock);

/**
 * Say whether the owner of \p sock takes input now; at first it does. While not, the group tells
 * nothing of it and does not keep its thread awake for it, not even when the peer hangs up; queued
 * writes go on and end. On the group's thread; forgotten when the socket leaves the group. Nothing
 * for a socket in no group, or where the implementation can't.
 */
void sock_want_input(struct spdk_sock *sock, bool wanted);

/* ---- For implementations ---- */

/** A group hands at most so many sockets to their call-backs in one poll of an implementation. */
#define SOCK_GROUP_READY_MAX 64

struct spdk_sock_group_impl;

/**
 * An implementation: `sock_impls` in the build lists it, or spdk_net_impl_register() adds it. Each
 * function behaves as its namesake in spdk/sock.h; errors are -1 or NULL with errno set.
 */
struct spdk_net_impl {
	const char *name;
	int priority;                     /* the one with the highest is the default */
	struct spdk_sock_impl_opts *opts; /* its own, changed by spdk_sock_impl_set_opts() */

	int (*getaddr)(struct spdk_sock *sock, char *saddr, int slen, uint16_t *sport, char *caddr,
	               int clen, uint16_t *cport);
	const char *(*get_interface_name)(struct spdk_sock *sock);
	int32_t (*get_numa_id)(struct spdk_sock *sock);
	/** \p opts are complete: every field is set, impl_opts points to all options. */
	struct spdk_sock *(*connect)(const char *ip, int port, const struct spdk_sock_opts *opts);
	struct spdk_sock *(*connect_async)(const char *ip, int port,
	                                   const struct spdk_sock_opts *opts,
	                                   spdk_sock_connect_cb_fn cb_fn, void *cb_arg);
	struct spdk_sock *(*listen)(const char *ip, int port, const struct spdk_sock_opts *opts);
	struct spdk_sock *(*accept)(struct spdk_sock *sock);
	/** Queued requests were aborted, it is in no group and no call-back of it runs: free it. */
	int (*close)(struct spdk_sock *sock);
	ssize_t (*readv)(struct spdk_sock *sock, struct iovec *iov, int iovcnt);
	ssize_t (*writev)(struct spdk_sock *sock, struct iovec *iov, int iovcnt);
	void (*writev_async)(struct spdk_sock *sock, struct spdk_sock_request *req);
	int (*flush)(struct spdk_sock *sock);
	int (*set_recvlowat)(struct spdk_sock *sock, int nbytes);
	int (*set_recvbuf)(struct spdk_sock *sock, int sz);
	int (*set_sendbuf)(struct spdk_sock *sock, int sz);
	bool (*is_ipv6)(struct spdk_sock *sock);
	bool (*is_ipv4)(struct spdk_sock *sock);
	bool (*is_connected)(struct spdk_sock *sock);
	int (*get_fd)(struct spdk_sock *sock); /* or -ENOTSUP */

	struct spdk_sock_group_impl *(*group_create)(void);
	/** The group that sockets with \p sock's placement go to; \p hint when it has none yet;
	 * NULL where placement is off. */
	struct spdk_sock_group *(*group_get_optimal)(struct spdk_sock *sock,
	                                             struct spdk_sock_group *hint);
	int (*group_add_sock)(struct spdk_sock_group_impl *group, struct spdk_sock *sock);
	int (*group_remove_sock)(struct spdk_sock_group_impl *group, struct spdk_sock *sock);
	/** Send what is queued, deliver completions, and put the sockets that can be read into
	 *  group->ready. Returns how many, or -1. */
	int (*group_poll)(struct spdk_sock_group_impl *group);
	int (*group_get_fd)(struct spdk_sock_group_impl *group); /* or -ENOTSUP */
	int (*group_close)(struct spdk_sock_group_impl *group);
	/** As sock_want_input(); NULL: can't. */
	void (*want_input)(struct spdk_sock *sock, bool wanted);

	struct spdk_net_impl *next; /* of those registered from outside the tree */
};

TAILQ_HEAD(sock_request_list, spdk_sock_request);

/** What all sockets share; an implementation embeds it first. All fields belong to the thread that
 *  uses the socket. */
struct spdk_sock {
	struct spdk_net_impl *net_impl;
	struct spdk_sock_group_impl *group; /* NULL: in none */
	spdk_sock_cb cb_fn;                 /* of the group: can be read */
	void *cb_arg;
	struct sock_request_list queued; /* not yet, or partly, handed to the network */
	struct sock_request_list done;   /* wholly sent: their call-backs are due */
	int queued_iovcnt;
	int ready_idx;      /* its place + 1 in group->ready; 0: none */
	uint32_t callbacks; /* running in or for this socket: it must not be freed meanwhile */
	bool closed;        /* by the user; freed when `callbacks` gets 0 */
	bool draining;      /* call-backs of `done` run */
	TAILQ_ENTRY(spdk_sock) link; /* of the group */
	struct spdk_sock_opts opts;
	struct spdk_sock_impl_opts impl_opts;
};

/** One implementation's part of a group. */
struct spdk_sock_group_impl {
	struct spdk_net_impl *net_impl;
	struct spdk_sock_group *group;
	TAILQ_HEAD(, spdk_sock) socks;
	struct spdk_sock *ready[SOCK_GROUP_READY_MAX];
	int num_ready;
	STAILQ_ENTRY(spdk_sock_group_impl) link;
};

struct spdk_sock_group {
	uint32_t counter; /* see sock_group_get_counter() */
	bool polling;     /* call-backs of a poll may run: no other one, and no end */
	void *ctx;
	struct env_waiter *waiter; /* NULL unless several implementations have descriptors */
	STAILQ_HEAD(, spdk_sock_group_impl) impls;
};

/** Add an implementation from outside the tree, which stays the caller's. Before sockets exist. */
void spdk_net_impl_register(struct spdk_net_impl *impl);

/** Prepare the shared part of a new socket (zeroed memory). \p opts as connect() got them. */
void
sock_init(struct spdk_sock *sock, struct spdk_net_impl *impl, const struct spdk_sock_opts *opts);

/**
 * Run the call-backs of all requests in sock->done, in order. Not from inside a submit. When the
 * user closed the socket in one of them it is gone afterwards. Called by one of these call-backs it
 * does nothing: the call that runs them finds what is new.
 * \return how many; -1 when the socket is gone.
 */
int sock_complete_done(struct spdk_sock *sock);

/** Move all requests to sock->done, to be called back with \p err (negative). */
void sock_fail_queued(struct spdk_sock *sock, int err);

/** Bracket any other call-back of the user's for this socket. sock_callback_end() returns false
 * when the user closed the socket meanwhile: it is freed. */
static inline void
sock_callback_begin(struct spdk_sock *sock)
{
	sock->callbacks++;
}
bool sock_callback_end(struct spdk_sock *sock);

/** Append \p req to what is to be sent. */
static inline void
sock_request_queue(struct spdk_sock *sock, struct spdk_sock_request *req)
{
	req->internal.offset = 0;
	req->internal.zcopy_idx = 0; /* its errno, when it fails: nothing is sent without a copy */
	TAILQ_INSERT_TAIL(&sock->queued, req, internal.link);
	sock->queued_iovcnt += req->iovcnt;
}

/** Gather the queued bytes into \p iov. Returns the number of elements, at most \p iov_max; their
 *  bytes go to \p total. */
int sock_gather(struct spdk_sock *sock, struct iovec *iov, int iov_max, size_t *total);

/** Account for \p sent bytes of what sock_gather() gave: requests that are wholly sent go to
 *  sock->done. */
void sock_sent(struct spdk_sock *sock, size_t sent);

#ifdef __cplusplus
}
#endif

#endif /* SPDK_INTERNAL_SOCK_MODULE_H */
