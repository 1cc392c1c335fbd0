/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Stream sockets for storage: non-blocking, gathered, polled in groups, behind implementations that
 * can be chosen by name.
 *
 * Functions that return int, ssize_t or a pointer report errors as -1 or NULL with errno set. A
 * socket is used by one thread at a time; once it is in a group, by the thread that polls the
 * group. No call-back of an asynchronous write runs inside spdk_sock_writev_async().
 */

#ifndef SPDK_SOCK_H
#define SPDK_SOCK_H

#include "spdk/assert.h"
#include "spdk/stdinc.h"
#include "spdk/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_TLS_VERSION_1_1 11
#define SPDK_TLS_VERSION_1_2 12
#define SPDK_TLS_VERSION_1_3 13

/** The \p i -th vector of an asynchronous request; the vectors follow the struct in memory. */
#define SPDK_SOCK_REQUEST_IOV(req, i) \
	((struct iovec *)(((uint8_t *)(req)) + sizeof(struct spdk_sock_request)) + (i))

struct spdk_json_write_ctx;
struct spdk_sock;
struct spdk_sock_group;
struct spdk_sock_impl_opts;
struct spdk_sock_opts;
struct spdk_sock_request;

enum spdk_placement_mode {
	PLACEMENT_NONE = 0,
	PLACEMENT_NAPI = 1,
	PLACEMENT_CPU = 2,
	PLACEMENT_MARK = 3,
};

/** An asynchronous write; iovcnt vectors follow it in memory. */
struct spdk_sock_request {
	/** Runs once: \p err is 0 or a negative errno. */
	void (*cb_fn)(void *cb_arg, int err);
	void *cb_arg;
	struct __sock_request_internal {
		TAILQ_ENTRY(spdk_sock_request) link;
		void *curr_list;
		uint32_t offset;
		uint32_t zcopy_idx;
		bool pending_zcopy;
	} internal;
	int iovcnt;
};

/** Options of an implementation. */
struct spdk_sock_impl_opts {
	uint32_t recv_buf_size;
	uint32_t send_buf_size;
	bool enable_recv_pipe;
	bool enable_zerocopy_send;
	bool enable_quickack;
	uint32_t enable_placement_id;
	bool enable_zerocopy_send_server;
	bool enable_zerocopy_send_client;
	uint32_t zerocopy_threshold;
	uint32_t tls_version;
	bool enable_ktls;
	uint8_t *psk_key;
	uint32_t psk_key_size;
	char *psk_identity;
	int (*get_key)(uint8_t *out, int out_len, const char **cipher, const char *psk_identity,
	               void *get_key_ctx);
	void *get_key_ctx;
	const char *tls_cipher_suites;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_sock_impl_opts) == 80, "the size is interface");

/** Options of one socket; opts_size is the caller's size of this struct. */
struct spdk_sock_opts {
	size_t opts_size;
	int priority;
	bool zcopy;
	uint8_t reserved13[3];
	uint32_t ack_timeout;
	uint8_t reserved[4];
	struct spdk_sock_impl_opts *impl_opts;
	size_t impl_opts_size;
	const char *src_addr;
	uint16_t src_port;
	uint8_t reserved50[2];
	uint32_t connect_timeout;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_sock_opts) == 56, "the size is interface");

/** Options of the socket layer; opts_size is the caller's size of this struct. */
struct spdk_sock_initialize_opts {
	size_t opts_size;
	bool enable_interrupt_mode;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_sock_initialize_opts) == 16, "the size is interface");

/** End of an asynchronous connect: \p status is 0 or a negative errno. */
typedef void (*spdk_sock_connect_cb_fn)(void *cb_arg, int status);

/** \p sock can be read. */
typedef void (*spdk_sock_cb)(void *arg, struct spdk_sock_group *group, struct spdk_sock *sock);

/**
 * Fill \p opts with the defaults, as far as \p opts_size, which is stored in it, reaches; nothing
 * (logged) when it is too small for itself or \p opts is NULL. Any thread.
 */
void
spdk_sock_get_default_initialize_opts(struct spdk_sock_initialize_opts *opts, size_t opts_size);

/**
 * Set how the socket layer works from now on. A program needs it only for interrupt mode: with
 * opts->enable_interrupt_mode groups that are created afterwards have a descriptor for
 * spdk_sock_group_get_interruptfd(). May be called again. On the app thread, before the groups.
 * \return 0, or -EINVAL for NULL or an opts_size too small for itself.
 */
int spdk_sock_initialize(struct spdk_sock_initialize_opts *opts);

/**
 * Fill \p opts with the defaults, as far as opts->opts_size, which the caller set, reaches; nothing
 * (logged) when it is too small for itself. Any thread.
 */
void spdk_sock_get_default_opts(struct spdk_sock_opts *opts);

/**
 * The addresses of both ends as text, and their ports (host order). Each of saddr, caddr, sport,
 * cport may be NULL. \p slen and \p clen are the sizes of the buffers in bytes.
 * \return 0, or -1: ENOTCONN, ENOSPC, EAFNOSUPPORT.
 */
int spdk_sock_getaddr(struct spdk_sock *sock, char *saddr, int slen, uint16_t *sport, char *caddr,
                      int clen, uint16_t *cport);

/**
 * The name of the implementation behind \p sock; lives as long as the program.
 */
const char *spdk_sock_get_impl_name(struct spdk_sock *sock);

/**
 * spdk_sock_connect_ext() with default options.
 */
struct spdk_sock *spdk_sock_connect(const char *ip, int port, const char *impl_name);

/**
 * Connect to \p ip (numeric, IPv6 also in brackets; no name is looked up) and \p port, and wait
 * until that succeeded or failed; at most opts->connect_timeout milliseconds if that is not 0.
 * \param impl_name NULL: the default implementation.
 * \param opts stays the caller's; NULL: defaults.
 * \return a socket that the caller closes, or NULL: EINVAL, ECONNREFUSED, ETIMEDOUT, EMFILE and
 * what else connect(2) gives.
 */
struct spdk_sock *
spdk_sock_connect_ext(const char *ip, int port, const char *impl_name, struct spdk_sock_opts *opts);

/**
 * Begin to connect, as spdk_sock_connect_ext(), without waiting. \p cb_fn runs once, with 0 or a
 * negative errno (-ETIMEDOUT after opts->connect_timeout ms), in a later poll of the socket's group
 * or a later call of spdk_sock_flush(), readv(), recv(), writev() or is_connected() for it; never
 * in this call, and not after spdk_sock_close(). Until then reads and writes give EAGAIN and queued
 * writes wait. After a failure the caller still closes the socket.
 */
struct spdk_sock *
spdk_sock_connect_async(const char *ip, int port, const char *impl_name,
                        struct spdk_sock_opts *opts, spdk_sock_connect_cb_fn cb_fn, void *cb_arg);

/**
 * spdk_sock_listen_ext() with default options.
 */
struct spdk_sock *spdk_sock_listen(const char *ip, int port, const char *impl_name);

/**
 * Listen at \p ip (numeric, IPv6 also in brackets) and \p port; 0: any free one, which
 * spdk_sock_getaddr() tells. Options are inherited by accepted sockets.
 * \return a socket that the caller closes, or NULL: EINVAL, EADDRINUSE, EADDRNOTAVAIL, EACCES,
 * EMFILE.
 */
struct spdk_sock *
spdk_sock_listen_ext(const char *ip, int port, const char *impl_name, struct spdk_sock_opts *opts);

/**
 * The next connection of a listening socket; the caller closes it.
 * \return NULL: EAGAIN when there is none; EMFILE, ENOMEM.
 */
struct spdk_sock *spdk_sock_accept(struct spdk_sock *sock);

/**
 * The network interface that has the socket's own address, NULL when unknown. Lives as long as the
 * socket. Makes system calls: not for the I/O path.
 */
const char *spdk_sock_get_interface_name(struct spdk_sock *sock);

/**
 * The NUMA node of that interface's device, SPDK_ENV_NUMA_ID_ANY (-1) when it has none.
 */
int32_t spdk_sock_get_numa_id(struct spdk_sock *sock);

/**
 * Close *sock, which must be in no group, and set it to NULL. The call-backs of queued writes run
 * with -ECANCELED before it returns. Inside a call-back of the same socket it is only marked, and
 * closed when that returns. While the network still uses the memory of writes that were sent
 * without a copy, the connection is reset, and they get -ECANCELED too: wait for their call-backs
 * to end it in peace. \return 0, or -1: EBADF for NULL, EBUSY while it is in a group.
 */
int spdk_sock_close(struct spdk_sock **sock);

/**
 * Send queued writes, and run the call-backs of those that are out; in such a call-back: after it.
 * \return bytes sent, or -1: EAGAIN when the network takes no more now, ECONNRESET, EPIPE,
 * ENOTCONN.
 */
int spdk_sock_flush(struct spdk_sock *sock);

/**
 * spdk_sock_readv() into one buffer.
 */
ssize_t spdk_sock_recv(struct spdk_sock *sock, void *buf, size_t len);

/**
 * Write now what the network takes. Queued writes go first.
 * \return bytes taken, or -1: EAGAIN, ECONNRESET, EPIPE.
 */
ssize_t spdk_sock_writev(struct spdk_sock *sock, struct iovec *iov, int iovcnt);

/**
 * Queue \p req: its iovcnt vectors, which follow it in memory, and what they point to belong to the
 * socket until req->cb_fn ran, with 0 or a negative errno. It goes out at the next poll of the
 * group or spdk_sock_flush(), gathered with others, or at once when many wait; the call-back runs
 * in one of these two, or in spdk_sock_close(), never in this call. Requests of one socket complete
 * in order.
 */
void spdk_sock_writev_async(struct spdk_sock *sock, struct spdk_sock_request *req);

/**
 * Take what has arrived, up to the length of \p iov; less is normal.
 * \return bytes taken, 0 at the end of the stream, or -1: EAGAIN when nothing is there, ECONNRESET,
 * ENOTCONN.
 */
ssize_t spdk_sock_readv(struct spdk_sock *sock, struct iovec *iov, int iovcnt);

/**
 * Take the next part of the stream in a buffer that was given to the socket's group by
 * spdk_sock_group_provide_buf(): the one given first. It is the caller's again.
 * \param buf gets the buffer. \param ctx what it was given with; may be NULL.
 * \return bytes in it, 0 at the end of the stream (then no buffer is taken), or -1: EAGAIN when
 * nothing is there, ENOBUFS when the group has no buffer, EINVAL for a socket in no group,
 * ECONNRESET, ENOTCONN.
 */
int spdk_sock_recv_next(struct spdk_sock *sock, void **buf, void **ctx);

/**
 * Let the group report the socket only from \p nbytes on. -1 with errno on failure.
 */
int spdk_sock_set_recvlowat(struct spdk_sock *sock, int nbytes);

/**
 * Ask for \p sz bytes of receive buffer of the system's; 0: leave that as it is, and receive no
 * more ahead of the reader. -1 with errno on failure.
 */
int spdk_sock_set_recvbuf(struct spdk_sock *sock, int sz);

/**
 * Ask for \p sz bytes of send buffer. -1 with errno on failure.
 */
int spdk_sock_set_sendbuf(struct spdk_sock *sock, int sz);

/**
 * Gone from SPDK since v20.01, which takes opts.priority: give what \p sock sends that priority
 * (SO_PRIORITY). -1 with errno on failure: EPERM, ENOTSUP where there is no such thing.
 */
int spdk_sock_set_priority(struct spdk_sock *sock, int priority);

/**
 * Is the socket an IPv6 one?
 */
bool spdk_sock_is_ipv6(struct spdk_sock *sock);

/**
 * Is the socket an IPv4 one?
 */
bool spdk_sock_is_ipv4(struct spdk_sock *sock);

/**
 * Is the other end still there, as far as the system knows? False while connecting.
 */
bool spdk_sock_is_connected(struct spdk_sock *sock);

/**
 * A new, empty group with the user's \p ctx. NULL: ENOMEM, EMFILE.
 */
struct spdk_sock_group *spdk_sock_group_create(void *ctx);

/**
 * What spdk_sock_group_create() got.
 */
void *spdk_sock_group_get_ctx(struct spdk_sock_group *sock_group);

/**
 * Put \p sock into \p group; \p cb_fn runs inside spdk_sock_group_poll() while the socket can be
 * read (which includes its end and its errors). On the thread that polls the group. \return 0, or
 * -1: EINVAL without cb_fn, EBUSY when it is in a group already, ENOMEM.
 */
int spdk_sock_group_add_sock(struct spdk_sock_group *group, struct spdk_sock *sock,
                             spdk_sock_cb cb_fn, void *cb_arg);

/**
 * Take \p sock out of \p group; its cb_fn does not run any more, also not in a poll that is going
 * on. \return 0, or -1: EINVAL when it is not in that group.
 */
int spdk_sock_group_remove_sock(struct spdk_sock_group *group, struct spdk_sock *sock);

/**
 * Give \p group a buffer for spdk_sock_recv_next() of its sockets. It belongs to the group until
 * that hands it out, or until the group is closed; meanwhile its first bytes are used to keep it.
 * \param len at least 32 bytes. \param ctx comes back with the buffer.
 * \return 0, or -1: EINVAL for NULL or a buffer that is too small.
 */
int spdk_sock_group_provide_buf(struct spdk_sock_group *group, void *buf, size_t len, void *ctx);

/**
 * Send the queued writes of all sockets, run call-backs of completed ones, look once for sockets
 * that can be read and call them back. Sockets may be closed, added and removed in the call-backs.
 * \return number of sockets called back, or -1: EBUSY inside a call-back of this group.
 */
int spdk_sock_group_poll(struct spdk_sock_group *group);

/**
 * Gone from SPDK since v26.05: spdk_sock_group_poll() that calls back at most \p max_events
 * sockets; the others are told of by the next poll. -1 with errno, also: EINVAL when \p max_events
 * is below 1.
 */
int spdk_sock_group_poll_count(struct spdk_sock_group *group, int max_events);

/**
 * Free *group and set it to NULL. \return 0, or -1: EBADF for NULL, EBUSY while it has sockets and
 * inside its own poll.
 */
int spdk_sock_group_close(struct spdk_sock_group **group);

/**
 * A descriptor that can be waited for: readable whenever spdk_sock_group_poll() would find work,
 * until that was called. It belongs to the group.
 * \return -1: ENOTSUP when the group was created without interrupt mode (see
 * spdk_sock_initialize()).
 */
int spdk_sock_group_get_interruptfd(struct spdk_sock_group *group);

/**
 * The group whose thread suits \p sock best by the implementation's placement option; \p hint when
 * no group has that placement yet; NULL in *group where placement is off. \return 0, or -1: EINVAL.
 */
int spdk_sock_get_optimal_sock_group(struct spdk_sock *sock, struct spdk_sock_group **group,
                                     struct spdk_sock_group *hint);

/**
 * Copy the options of the implementation, at most *len bytes of them, and set *len to what was
 * copied.
 * \return 0, or -1: EINVAL for NULL or an unknown name.
 */
int spdk_sock_impl_get_opts(const char *impl_name, struct spdk_sock_impl_opts *opts, size_t *len);

/**
 * Set the options of the implementation, the first \p len bytes of them, for sockets made from now
 * on. Strings and keys are not copied: they stay the caller's.
 * \return 0, or -1: EINVAL for NULL, an unknown name or len 0; ENOTSUP for what it can't do.
 */
int
spdk_sock_impl_set_opts(const char *impl_name, const struct spdk_sock_impl_opts *opts, size_t len);

/**
 * Name the implementation that a NULL name stands for. \return 0, or -1: EINVAL.
 */
int spdk_sock_set_default_impl(const char *impl_name);

/**
 * That name; NULL when there is no implementation.
 */
const char *spdk_sock_get_default_impl(void);

/**
 * Write the default implementation and all options as an array of RPCs. The app thread.
 */
void spdk_sock_write_config_json(struct spdk_json_write_ctx *w);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_SOCK_H */
