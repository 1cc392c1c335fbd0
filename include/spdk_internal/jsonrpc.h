/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * JSON-RPC beyond spdk/jsonrpc.h: servers by address, what a poller needs to know of them, memory
 * that lives as long as a request, and requests that come from inside.
 */

#ifndef SPDK_INTERNAL_JSONRPC_H
#define SPDK_INTERNAL_JSONRPC_H

#include "spdk/jsonrpc.h"

/* ---- Limits; SPDK's where it has one ---- */

/** Longest request, or batch of requests, in bytes. */
#define JSONRPC_REQUEST_SIZE_MAX (256 * 1024)
/** Longest answer to one request, or to all requests of a batch, in bytes; errors not counted. */
#define JSONRPC_ANSWER_SIZE_MAX (32 * 1024 * 1024)
/** Connections served at once; others wait in the kernel. */
#define JSONRPC_CONNS_MAX 64
/** A connection is not read from while it has so many unanswered or unsent messages ... */
#define JSONRPC_CONN_MESSAGES_MAX 1024
/** ... or so many bytes of answers that its peer does not take. */
#define JSONRPC_CONN_UNSENT_MAX (4 * 1024 * 1024)
/** Requests that one poll takes from a connection; a batch may take several polls. */
#define JSONRPC_REQUESTS_PER_POLL 64
/** A request is complete so long after its first byte, or its connection is closed ... */
#define JSONRPC_REQUEST_TIMEOUT_S 30
/** ... and an answer is taken so long after the one before it. */
#define JSONRPC_ANSWER_TIMEOUT_S 60
/** While others wait for a place, a connection without a request may lose its own after this. */
#define JSONRPC_IDLE_S 60
/** Pause before a connection is accepted again, when that failed. */
#define JSONRPC_ACCEPT_PAUSE_S 1

/**
 * Listen at \p addr (a path, or "host:port", as env_stream_listen()). The caller's thread owns the
 * server from now on.
 * \return 0, or a negative errno: -EADDRINUSE, -EACCES, -ENAMETOOLONG, -EINVAL, -ENOMEM ...
 */
int jsonrpc_server_listen(const char *addr, spdk_jsonrpc_handle_request_fn handle_request,
                          struct spdk_jsonrpc_server **server);

struct env_peer;

/**
 * What a peer may do: a number from 0 on, kept with its requests; a negative errno turns it away.
 * \param fd of its connection.
 */
typedef int (*jsonrpc_authorize_fn)(int fd, const struct env_peer *peer);

/** Ask \p authorize about each peer that connects from now on. Without it root and the process's
 * own user are let in on a Unix-domain socket, all on TCP, with 0. */
void
jsonrpc_server_set_authorize(struct spdk_jsonrpc_server *server, jsonrpc_authorize_fn authorize);

/** What the peer that sent \p request may do, as above; INT_MAX for a request from inside. Any
 *  thread. */
int jsonrpc_request_get_rights(const struct spdk_jsonrpc_request *request);

/** A descriptor that is readable when a poll would find something to do. The server's. */
int jsonrpc_server_get_fd(struct spdk_jsonrpc_server *server);

/** Not 0 while requests that have been received wait for a poll: a POLLER_FD's counter. */
const uint32_t *jsonrpc_server_get_counter(struct spdk_jsonrpc_server *server);

/** As spdk_jsonrpc_server_poll(). \return how many connections had something to do. */
int jsonrpc_server_step(struct spdk_jsonrpc_server *server);

/**
 * When the server wants a step even if nothing arrives: the ticks at which a peer's time is over,
 * UINT64_MAX while no peer owes anything. May change with each step.
 */
uint64_t jsonrpc_server_get_deadline(const struct spdk_jsonrpc_server *server);

/**
 * Zeroed memory that is freed when \p request has been answered. The request's thread.
 * \return NULL when out of memory.
 */
void *jsonrpc_request_alloc(struct spdk_jsonrpc_request *request, size_t size_bytes);

/** The name of the method that \p request asks for, which lives as long as it. Any thread. */
const struct spdk_json_val *jsonrpc_request_get_method(const struct spdk_jsonrpc_request *request);

/**
 * Answer \p request with an error, a notification too (with the id null): for what is wrong with
 * the request itself.
 */
void jsonrpc_request_reject(struct spdk_jsonrpc_request *request, int error_code, const char *msg);

/**
 * Run nothing more of what the connection of \p request sends, and no later request of its batch,
 * until each such call has been undone: for requests that are not done when their handler returns,
 * and yet come before what was sent after them. The server's thread.
 */
void jsonrpc_request_block(struct spdk_jsonrpc_request *request);
void jsonrpc_request_unblock(struct spdk_jsonrpc_request *request);

/** Whether somebody may take the answer: false when its connection is gone. The server's thread. */
bool jsonrpc_request_is_wanted(const struct spdk_jsonrpc_request *request);

/* ---- Answers held back ---- */

/** A request has been answered; what follows is due to whoever holds it. The answerer's thread. */
typedef void (*jsonrpc_hold_fn)(void *ctx, struct spdk_jsonrpc_request *request);

/**
 * Call \p hold_fn instead of sending the answer to \p request, which lives on until it is released.
 * Before its handler runs.
 */
void jsonrpc_request_hold(struct spdk_jsonrpc_request *request, jsonrpc_hold_fn hold_fn, void *ctx);

/** Let the answer of a held request go; it is gone afterwards. Any thread. */
void jsonrpc_request_release(struct spdk_jsonrpc_request *request);

/** Answer a held request with an error instead. It is gone afterwards. Any thread. */
void jsonrpc_request_release_error(struct spdk_jsonrpc_request *request, int error_code,
                                   const char *msg);

/** The code of a held request's error; 0: it has a result. */
int jsonrpc_request_get_error(const struct spdk_jsonrpc_request *request);

/** The JSON text of a held request's result, which ends with the request; NULL for an error. */
const char *
jsonrpc_request_get_result(const struct spdk_jsonrpc_request *request, size_t *len_bytes);

/* ---- Requests from inside ---- */

/** The answer to a jsonrpc_local_call(). */
struct jsonrpc_answer {
	int error_code;      /* 0: a result */
	const char *message; /* of the error; "" for a result */
	const char *text;    /* the whole answer as JSON, with a 0 behind it */
	size_t text_len_bytes;
};

/** \param answer is gone after the call. */
typedef void (*jsonrpc_local_done_fn)(void *ctx, const struct jsonrpc_answer *answer);

/**
 * Run a request that no connection brought. \p done runs exactly once, perhaps before this returns,
 * on the thread that answers.
 * \param method, params values of a parsed text, which outlive the request; \p params may be NULL.
 * \return 0, or -ENOMEM and \p done does not run.
 */
int jsonrpc_local_call(spdk_jsonrpc_handle_request_fn handle_request,
                       const struct spdk_json_val *method, const struct spdk_json_val *params,
                       jsonrpc_local_done_fn done, void *ctx);

#endif /* SPDK_INTERNAL_JSONRPC_H */
