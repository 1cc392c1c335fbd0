/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What the files of the io_uring implementation share.
 */

#ifndef SOCK_URING_H
#define SOCK_URING_H

#include "spdk/assert.h"
#include "spdk/util.h"
#include "spdk_internal/sock_tcp.h"

#include <liburing.h>

/* Of Linux 6.10; liburing may be older than the kernel. */
#ifndef IORING_RECVSEND_BUNDLE
#define IORING_RECVSEND_BUNDLE (1U << 4)
#endif
#ifndef IORING_FEAT_RECVSEND_BUNDLE
#define IORING_FEAT_RECVSEND_BUNDLE (1U << 14)
#endif

/** Entries of a group's ring, and of its completion queue: one receive and one send a socket. */
#define URING_ENTRIES 512
#define URING_CQ_ENTRIES 4096
/** Of a socket's own ring: a send and its end; a notice of each send that is out. */
#define URING_OWN_ENTRIES 4
#define URING_OWN_CQ_ENTRIES (2 * SOCK_ZCOPY_MAX)
/** Buffers that a group's sockets receive into ahead of their users. */
#define URING_BUFS 128
#define URING_BUF_BYTES (16 * 1024)
/** A socket's own one, for when those are all taken or the system has no such thing. */
#define URING_OWN_BYTES (64 * 1024)
/** Most vectors of one send. */
#define URING_SEND_IOVS 128
/** So often does one poll of a group turn over its work list and its ring. */
#define URING_ROUNDS 4

/* What a completion is of: the low bits of its user_data. The rest is the socket; in a socket's own
 * ring, the number of a send without a copy. */
enum uring_op {
	URING_CANCEL = 0,
	URING_RECV = 1,
	URING_SEND = 2,   /* in the group's ring or in the socket's own */
	URING_POLL = 4,   /* readable; while connecting: writable */
	URING_NOTICE = 8, /* the socket's own ring has something */
};
#define URING_OP_BITS 4
#define URING_OP_MASK ((1ULL << URING_OP_BITS) - 1)

/** Bytes that arrived: [pos, len) of data. */
struct uring_buf {
	uint8_t *data;
	uint32_t pos;
	uint32_t len;
	int id;         /* in the group's set; -1: a socket's own */
	uint16_t place; /* of the set: when it was handed to the system, modulo 2^16 */
	STAILQ_ENTRY(uring_buf) link;
};

STAILQ_HEAD(uring_buf_list, uring_buf);

struct uring_sock {
	struct tcp_sock tcp;
	uint32_t in_ring;   /* of enum uring_op: what the ring, or its way there, has */
	uint32_t cancelled; /* of these: asked to end */
	bool use_own;       /* the group's buffers were all taken: once with its own */
	bool recv_own;      /* so does the one in the ring */
	bool copy_once;     /* the system had no room for a send without a copy */
	bool send_own;      /* the send is in its own ring */
	bool poll_ready;    /* no_ahead, listening: readable, and not read since */
	bool eof;           /* after what is in `input` */
	int in_err;         /* the same: negative errno */
	int out_err;        /* of the last send that failed */
	int lowat;
	size_t in_bytes;             /* in `input` */
	uint64_t send_data;          /* the user_data of the send in a ring */
	struct io_uring *own_ring;   /* of its sends without a copy; NULL: there was none yet */
	uint64_t out_bytes;          /* ever sent */
	struct uring_buf_list input; /* in the order of arrival */
	struct uring_buf own;        /* data NULL: never receives ahead */
	struct msghdr msg;           /* of the send in the ring, until it is submitted */
	struct iovec iov[URING_SEND_IOVS];
};

struct uring_group {
	struct tcp_group tcp;
	struct io_uring ring;
	struct io_uring_buf_ring *buf_ring; /* NULL: each socket with its own */
	uint8_t *buf_memory;
	bool zcopy;      /* the system can send without a copy */
	bool multishot;  /* and receive again and again */
	bool bundles;    /* into several buffers at once */
	bool own_failed; /* a socket got no ring of its own: said once */
	bool stuck;      /* entries wait to be submitted; counts in the group's counter */
	struct uring_buf bufs[URING_BUFS];
	uint8_t order[URING_BUFS]; /* the buffer at each place, modulo URING_BUFS */
};
SPDK_STATIC_ASSERT(URING_BUFS <= 256 && (URING_BUFS & (URING_BUFS - 1)) == 0, "order[], place");

static inline struct uring_sock *
uring_of(struct spdk_sock *sock)
{
	return SPDK_CONTAINEROF(sock, struct uring_sock, tcp.base);
}

static inline struct uring_group *
uring_group_of(const struct uring_sock *sock)
{
	return SPDK_CONTAINEROF(sock->tcp.base.group, struct uring_group, tcp.base);
}

/* input.c */

/** Let the ring receive, or watch, or not, as the socket's state says. False: the ring is full. */
bool uring_input_arm(struct uring_sock *sock);
/** Completions. */
void uring_recv_done(struct uring_sock *sock, const struct io_uring_cqe *cqe);
void uring_poll_done(struct uring_sock *sock, const struct io_uring_cqe *cqe);
/** Account for there being something to read or not. */
void uring_pending_update(struct uring_sock *sock);
/** The socket leaves its group: its bytes move to memory of its own. */
void uring_input_take_along(struct uring_sock *sock);
/** Forget what is to be read. */
void uring_input_drop(struct uring_sock *sock);
ssize_t sock_uring_readv(struct spdk_sock *_sock, struct iovec *iov, int iovcnt);

/* output.c */

/** Let the ring send what is queued, unless it does. False: the ring is full. */
bool uring_output_arm(struct uring_sock *sock);
void uring_send_done(struct uring_sock *sock, const struct io_uring_cqe *cqe);
ssize_t sock_uring_writev(struct spdk_sock *_sock, struct iovec *iov, int iovcnt);
void sock_uring_writev_async(struct spdk_sock *_sock, struct spdk_sock_request *req);
int sock_uring_flush(struct spdk_sock *_sock);

/* zcopy.c */

/** Send sock->msg without a copy, by a ring of its own. False: it has to be copied. */
bool uring_zcopy_send(struct uring_sock *sock);
/** Submit what waits, and take what is complete. */
void uring_zcopy_turn(struct uring_sock *sock);
/** Let the group's ring watch the socket's own while that owes something. False: it is full. */
bool uring_zcopy_arm(struct uring_sock *sock);
/** End the send in its own ring; the notices of earlier ones may come later, also elsewhere. */
void uring_zcopy_stop(struct uring_sock *sock);
void uring_zcopy_close(struct uring_sock *sock);
void sock_uring_let_go(struct spdk_sock *_sock);

/* group.c */

/** An entry for \p op of \p sock, which then is in the ring; NULL when that is full. */
struct io_uring_sqe *uring_sqe(struct uring_sock *sock, enum uring_op op);
/** Ask for the end of \p op, which is in the ring. False: the ring is full. */
bool uring_cancel(struct uring_sock *sock, enum uring_op op);
/** Submit, and take what is complete; runs no call-back of the user's. */
void uring_turn(struct uring_group *group);
struct spdk_sock_group_impl *sock_uring_group_create(void);
int sock_uring_group_add_sock(struct spdk_sock_group_impl *_group, struct spdk_sock *_sock);
int sock_uring_group_remove_sock(struct spdk_sock_group_impl *_group, struct spdk_sock *_sock);
int sock_uring_group_poll(struct spdk_sock_group_impl *_group);
int sock_uring_group_get_fd(struct spdk_sock_group_impl *_group);
int sock_uring_group_close(struct spdk_sock_group_impl *_group);
void sock_uring_want_input(struct spdk_sock *_sock, bool wanted);

/* ring.c */

int sock_uring_probe(void);
/** A ring for a socket of its own. 0 or a negative errno. */
int uring_own_open(struct io_uring *ring);
/** A group's ring and buffers. 0 or a negative errno. */
int uring_ring_open(struct uring_group *group);
void uring_ring_close(struct uring_group *group);
/** Hand a buffer of the group's set back to the system. */
void uring_buf_return(struct uring_group *group, struct uring_buf *buf);

#endif /* SOCK_URING_H */
