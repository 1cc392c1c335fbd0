/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * TODO(doc)
 */

#ifndef SPDK_SOCK_H
#define SPDK_SOCK_H

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
struct spdk_sock_initialize_opts;
struct spdk_sock_opts;
struct spdk_sock_request;

enum spdk_placement_mode {
	PLACEMENT_NONE = 0,
	PLACEMENT_NAPI = 1,
	PLACEMENT_CPU = 2,
	PLACEMENT_MARK = 3,
};

struct spdk_sock_request {
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
	int (*get_key)(uint8_t *out, int out_len, const char **cipher, const char *psk_identity, void *get_key_ctx);
	void *get_key_ctx;
	const char *tls_cipher_suites;
};

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

struct spdk_sock_initialize_opts {
	size_t opts_size;
	bool enable_interrupt_mode;
};

typedef void (*spdk_sock_connect_cb_fn)(void *cb_arg, int status);

typedef void (*spdk_sock_cb)(void *arg, struct spdk_sock_group *group, struct spdk_sock *sock);

void spdk_sock_get_default_initialize_opts(struct spdk_sock_initialize_opts *opts, size_t opts_size);

int spdk_sock_initialize(struct spdk_sock_initialize_opts *opts);

void spdk_sock_get_default_opts(struct spdk_sock_opts *opts);

int spdk_sock_getaddr(struct spdk_sock *sock, char *saddr, int slen, uint16_t *sport, char *caddr, int clen, uint16_t *cport);

const char *spdk_sock_get_impl_name(struct spdk_sock *sock);

struct spdk_sock *spdk_sock_connect(const char *ip, int port, const char *impl_name);

struct spdk_sock *spdk_sock_connect_ext(const char *ip, int port, const char *impl_name, struct spdk_sock_opts *opts);

struct spdk_sock *spdk_sock_connect_async(const char *ip, int port, const char *impl_name, struct spdk_sock_opts *opts, spdk_sock_connect_cb_fn cb_fn, void *cb_arg);

struct spdk_sock *spdk_sock_listen(const char *ip, int port, const char *impl_name);

struct spdk_sock *spdk_sock_listen_ext(const char *ip, int port, const char *impl_name, struct spdk_sock_opts *opts);

struct spdk_sock *spdk_sock_accept(struct spdk_sock *sock);

const char *spdk_sock_get_interface_name(struct spdk_sock *sock);

int32_t spdk_sock_get_numa_id(struct spdk_sock *sock);

int spdk_sock_close(struct spdk_sock **sock);

int spdk_sock_flush(struct spdk_sock *sock);

ssize_t spdk_sock_recv(struct spdk_sock *sock, void *buf, size_t len);

ssize_t spdk_sock_writev(struct spdk_sock *sock, struct iovec *iov, int iovcnt);

void spdk_sock_writev_async(struct spdk_sock *sock, struct spdk_sock_request *req);

ssize_t spdk_sock_readv(struct spdk_sock *sock, struct iovec *iov, int iovcnt);

int spdk_sock_recv_next(struct spdk_sock *sock, void **buf, void **ctx);

int spdk_sock_set_recvlowat(struct spdk_sock *sock, int nbytes);

int spdk_sock_set_recvbuf(struct spdk_sock *sock, int sz);

int spdk_sock_set_sendbuf(struct spdk_sock *sock, int sz);

bool spdk_sock_is_ipv6(struct spdk_sock *sock);

bool spdk_sock_is_ipv4(struct spdk_sock *sock);

bool spdk_sock_is_connected(struct spdk_sock *sock);

struct spdk_sock_group *spdk_sock_group_create(void *ctx);

void *spdk_sock_group_get_ctx(struct spdk_sock_group *sock_group);

int spdk_sock_group_add_sock(struct spdk_sock_group *group, struct spdk_sock *sock, spdk_sock_cb cb_fn, void *cb_arg);

int spdk_sock_group_remove_sock(struct spdk_sock_group *group, struct spdk_sock *sock);

int spdk_sock_group_provide_buf(struct spdk_sock_group *group, void *buf, size_t len, void *ctx);

int spdk_sock_group_poll(struct spdk_sock_group *group);

int spdk_sock_group_close(struct spdk_sock_group **group);

int spdk_sock_get_optimal_sock_group(struct spdk_sock *sock, struct spdk_sock_group **group, struct spdk_sock_group *hint);

int spdk_sock_impl_get_opts(const char *impl_name, struct spdk_sock_impl_opts *opts, size_t *len);

int spdk_sock_impl_set_opts(const char *impl_name, const struct spdk_sock_impl_opts *opts, size_t len);

int spdk_sock_set_default_impl(const char *impl_name);

const char *spdk_sock_get_default_impl(void);

void spdk_sock_write_config_json(struct spdk_json_write_ctx *w);

int spdk_sock_group_get_interruptfd(struct spdk_sock_group *group);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_SOCK_H */
