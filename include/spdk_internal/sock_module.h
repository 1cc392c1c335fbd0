/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Sockets from the inside: the table that an implementation fills, the part of a socket and of a
 * group that lib/sock and the implementations share, and what in-tree users may ask beyond
 * spdk/sock.h. Implementations outside of the tree register themselves by SPDK_NET_IMPL_REGISTER().
 *
 * A socket belongs to one thread at a time: the one that polls its group. Queued writes and bytes
 * that were received ahead count in the group's counter, so that a reactor knows whether it may
 * sleep on the group's descriptor.
 */

#ifndef SPDK_INTERNAL_SOCK_MODULE_H
#define SPDK_INTERNAL_SOCK_MODULE_H

#include "spdk/assert.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/sock.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- For implementations ---- */

#pragma GCC visibility push(default)

/** A group hands at most so many sockets to their call-backs in one poll of an implementation. */
#define SOCK_GROUP_READY_MAX 64

struct spdk_sock_group_impl;

/**
 * An implementation: `sock_impls` in the build lists it, or SPDK_NET_IMPL_REGISTER() adds it. Each
 * function behaves as its namesake in spdk/sock.h; errors are -1 or NULL with errno set. Those
 * marked "may be NULL" have an answer of their own in lib/sock when they are.
 */
struct spdk_net_impl {
	const char *name;
	int priority;                     /* the one with the highest is the default */
	struct spdk_sock_impl_opts *opts; /* its own, changed by spdk_sock_impl_set_opts() */

	/** Whether it can work on this machine: 0 or a negative errno, after a line in the log that
	 *  says what to do. Asked when it is named as the default and when a socket is opened. May
	 *  be NULL: it can. */
	int (*probe)(void);
	int (*getaddr)(struct spdk_sock *sock, char *saddr, int slen, uint16_t *sport, char *caddr,
	               int clen, uint16_t *cport);
	const char *(*get_interface_name)(struct spdk_sock *sock); /* may be NULL */
	int32_t (*get_numa_id)(struct spdk_sock *sock);            /* may be NULL */
	/** \p opts are complete: every field is set, impl_opts points to all options. */
	struct spdk_sock *(*connect)(const char *ip, int port, const struct spdk_sock_opts *opts);
	/** May be NULL: ENOTSUP. */
	struct spdk_sock *(*connect_async)(const char *ip, int port,
	                                   const struct spdk_sock_opts *opts,
	                                   spdk_sock_connect_cb_fn cb_fn, void *cb_arg);
	struct spdk_sock *(*listen)(const char *ip, int port, const struct spdk_sock_opts *opts);
	struct spdk_sock *(*accept)(struct spdk_sock *sock);
	/** Queued requests were aborted, it is in no group and no call-back of it runs: free it. */
	int (*close)(struct spdk_sock *sock);
	/** The socket will be closed, and requests in `sent` still use their buffers: make the
	 *  network let go of them, at once. May be NULL where nothing is ever in `sent`. */
	void (*let_go)(struct spdk_sock *sock);
	ssize_t (*readv)(struct spdk_sock *sock, struct iovec *iov, int iovcnt);
	ssize_t (*writev)(struct spdk_sock *sock, struct iovec *iov, int iovcnt);
	void (*writev_async)(struct spdk_sock *sock, struct spdk_sock_request *req);
	int (*flush)(struct spdk_sock *sock);
	/* These may be NULL: ENOTSUP, false. */
	int (*set_recvlowat)(struct spdk_sock *sock, int nbytes);
	int (*set_recvbuf)(struct spdk_sock *sock, int sz);
	int (*set_sendbuf)(struct spdk_sock *sock, int sz);
	bool (*is_ipv6)(struct spdk_sock *sock);
	bool (*is_ipv4)(struct spdk_sock *sock);
	bool (*is_connected)(struct spdk_sock *sock);
	int (*get_fd)(struct spdk_sock *sock); /* or -ENOTSUP */

	/** Its part of a group: made when the group is, for the default implementation, or when the
	 *  first of its sockets joins. */
	struct spdk_sock_group_impl *(*group_create)(void);
	/** The group that sockets with \p sock's placement go to; \p hint when it has none yet;
	 * NULL where placement is off. May be NULL: off. */
	struct spdk_sock_group *(*group_get_optimal)(struct spdk_sock *sock,
	                                             struct spdk_sock_group *hint);
	int (*group_add_sock)(struct spdk_sock_group_impl *group, struct spdk_sock *sock);
	int (*group_remove_sock)(struct spdk_sock_group_impl *group, struct spdk_sock *sock);
	/** Send what is queued, deliver completions, and put the sockets that can be read into
	 *  group->ready. Returns how many, or -1. */
	int (*group_poll)(struct spdk_sock_group_impl *group);
	int (*group_get_fd)(struct spdk_sock_group_impl *group); /* or -ENOTSUP; may be NULL */
	/** Make what group_get_fd() gives readable while \p fd is, too, until \p fd is closed: it
	 *  is another implementation's part of the group. May be NULL: lib/sock joins the two. */
	int (*group_watch)(struct spdk_sock_group_impl *group, int fd);
	int (*group_close)(struct spdk_sock_group_impl *group);
	/** As sock_want_input(). May be NULL: can't. */
	void (*want_input)(struct spdk_sock *sock, bool wanted);

	struct spdk_net_impl *next; /* of those registered from outside the tree */
};

TAILQ_HEAD(sock_request_list, spdk_sock_request);

/** Sends without a copy whose memory the network still uses, at most, of one socket. */
#define SOCK_ZCOPY_MAX 64

/** What all sockets share; an implementation embeds it first. All fields belong to the thread that
 *  uses the socket. */
struct spdk_sock {
	struct spdk_net_impl *net_impl;
	struct spdk_sock_group_impl *group; /* NULL: in none */
	spdk_sock_cb cb_fn;                 /* of the group: can be read */
	void *cb_arg;
	struct sock_request_list queued; /* not yet, or partly, handed to the network */
	struct sock_request_list sent;   /* handed over, and at least the first not let go yet */
	struct sock_request_list done;   /* their call-backs are due */
	int queued_iovcnt;
	int ready_idx;      /* its place + 1 in group->ready; 0: none */
	uint32_t callbacks; /* running in or for this socket: it must not be freed meanwhile */
	bool closed;        /* by the user; freed when `callbacks` gets 0 */
	bool draining;      /* call-backs of `done` run */
	/* Sends without a copy have numbers: all below zcopy_low were let go, of the next
	 * SOCK_ZCOPY_MAX those in the map. */
	uint32_t zcopy_next;
	uint32_t zcopy_low;
	uint64_t zcopy_map;
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
	struct env_waiter *waiter; /* joins the parts' descriptors; NULL: the first part's do */
	int fd;                    /* see sock_group_get_fd() */
	int event;                 /* of interrupt mode: set while counter is not 0; -1: off */
	STAILQ_HEAD(, spdk_sock_group_impl) impls;
	void *bufs_first; /* for spdk_sock_recv_next(), first in, first out */
	void *bufs_last;
};

/** Add an implementation, which stays the caller's and is never taken out. Any time, also before
 *  any of the library ran and while sockets of others exist; on the app thread after start. One
 *  without a name or a needed function, or whose name is taken, is logged and left out. */
void spdk_net_impl_register(struct spdk_net_impl *impl);

/** The implementation of that name, or NULL. Any thread. */
struct spdk_net_impl *spdk_net_impl_get_by_name(const char *name);

/** Register \p impl when the program, or the shared object that has it, is loaded. \p name is a
 *  word for the compiler, unlike all others. */
#define SPDK_NET_IMPL_REGISTER(name, impl) \
	static void __attribute__((constructor)) spdk_net_impl_register_##name(void) \
	{ \
		spdk_net_impl_register(impl); \
	}

/** The same, and make it the default, unless the configuration names another. \p name is its name
 *  without quotes. */
#define SPDK_NET_IMPL_REGISTER_DEFAULT(name, impl) \
	static void __attribute__((constructor)) spdk_net_impl_register_##name(void) \
	{ \
		spdk_net_impl_register(impl); \
		(void)spdk_sock_set_default_impl(#name); \
	}

/** Prepare the shared part of a new socket (zeroed memory). \p opts as connect() got them. */
void basalt_sock_init(struct spdk_sock *sock, struct spdk_net_impl *impl,
                      const struct spdk_sock_opts *opts);

/**
 * Run the call-backs of all requests in sock->done, in order. Not from inside a submit. When the
 * user closed the socket in one of them it is gone afterwards. Called by one of these call-backs it
 * does nothing: the call that runs them finds what is new.
 * \return how many; -1 when the socket is gone.
 */
int basalt_sock_complete_done(struct spdk_sock *sock);

/** Let all queued requests fail with \p err (negative): they are in sock->done, or in sock->sent
 *  behind those that the network still holds. */
void basalt_sock_fail_queued(struct spdk_sock *sock, int err);

/** Bracket any other call-back of the user's for this socket. basalt_sock_callback_end() returns
 *  false when the user closed the socket meanwhile: it is freed. */
static inline void
sock_callback_begin(struct spdk_sock *sock)
{
	sock->callbacks++;
}
bool basalt_sock_callback_end(struct spdk_sock *sock);

/** Append \p req to what is to be sent. */
static inline void
sock_request_queue(struct spdk_sock *sock, struct spdk_sock_request *req)
{
	req->internal.offset = 0;
	req->internal.pending_zcopy = false;
	TAILQ_INSERT_TAIL(&sock->queued, req, internal.link);
	sock->queued_iovcnt += req->iovcnt;
}

/** Gather the queued bytes into \p iov. Returns the number of elements, at most \p iov_max; their
 *  bytes go to \p total. */
int basalt_sock_gather(struct spdk_sock *sock, struct iovec *iov, int iov_max, size_t *total);

/**
 * Account for \p sent bytes of what basalt_sock_gather() gave: requests that are wholly sent go to
 * sock->done; or, with \p zcopy, which says that the network still uses their memory, to
 * sock->sent. Each such call, in turn, is one send without a copy: number zcopy_next.
 */
void basalt_sock_sent(struct spdk_sock *sock, size_t sent, bool zcopy);

/** May a further send go without a copy? */
static inline bool
sock_zcopy_has_room(const struct spdk_sock *sock)
{
	return sock->zcopy_next - sock->zcopy_low < SOCK_ZCOPY_MAX;
}

/** The network let go of the sends numbered \p first to \p last: what that completes goes to
 *  sock->done. Numbers that are not out are passed over. */
void basalt_sock_zcopy_done(struct spdk_sock *sock, uint32_t first, uint32_t last);

/** For sock_group_work_add(). */
void basalt_sock_group_wake(struct spdk_sock_group *group);

/** One piece of work for a poll of \p group more, or less, that its descriptor does not show. */
static inline void
sock_group_work_add(struct spdk_sock_group *group)
{
	if (group->counter++ == 0 && spdk_unlikely(group->event >= 0)) {
		basalt_sock_group_wake(group);
	}
}

static inline void
sock_group_work_sub(struct spdk_sock_group *group)
{
	assert(group->counter > 0);
	group->counter--;
}

#pragma GCC visibility pop

/* ---- For users in the tree ---- */

/**
 * A descriptor that is readable whenever polling \p group would find work that its counter does not
 * show: bytes arrived, a blocked socket can be written again. For a POLLER_FD poller. It belongs to
 * the group. In interrupt mode it shows what the counter counts, too.
 * \return -ENOTSUP when the implementation has none.
 */
static inline int
sock_group_get_fd(const struct spdk_sock_group *group)
{
	return group->fd;
}

/**
 * Not 0 while polling \p group has work that its descriptor does not show: bytes that were received
 * but not yet read by the user, queued writes that can go out, completions to deliver, connections
 * whose time runs out. Lives as long as the group.
 */
static inline const uint32_t *
sock_group_get_counter(const struct spdk_sock_group *group)
{
	return &group->counter;
}

/** The descriptor of a listening socket: readable while spdk_sock_accept() would find a connection.
 *  It belongs to the socket. -ENOTSUP when the implementation has none. */
static inline int
sock_get_fd(struct spdk_sock *sock)
{
	return sock->net_impl->get_fd(sock);
}

/**
 * Say whether the owner of \p sock takes input now; at first it does. While not, the group tells
 * nothing of it and does not keep its thread awake for it, not even when the peer hangs up; queued
 * writes go on and end. On the group's thread; forgotten when the socket leaves the group. Nothing
 * for a socket in no group, or where the implementation can't.
 */
static inline void
sock_want_input(struct spdk_sock *sock, bool wanted)
{
	if (sock->group != NULL && sock->net_impl->want_input != NULL) {
		sock->net_impl->want_input(sock, wanted);
	}
}

#ifdef __cplusplus
}
#endif

#endif /* SPDK_INTERNAL_SOCK_MODULE_H */
