/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * JSON-RPC 2.0: a server, the answers to requests, and a client.
 */

#ifndef SPDK_JSONRPC_H
#define SPDK_JSONRPC_H

#include "spdk/stdinc.h"
#include "spdk/log.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Codes of errors. Negative errno values are used beside them. */
#define SPDK_JSONRPC_ERROR_PARSE_ERROR -32700
#define SPDK_JSONRPC_ERROR_INVALID_REQUEST -32600
#define SPDK_JSONRPC_ERROR_METHOD_NOT_FOUND -32601
#define SPDK_JSONRPC_ERROR_INVALID_PARAMS -32602
#define SPDK_JSONRPC_ERROR_INTERNAL_ERROR -32603
#define SPDK_JSONRPC_ERROR_INVALID_STATE -1

struct spdk_json_val;
struct spdk_json_write_ctx;
struct spdk_jsonrpc_client;
struct spdk_jsonrpc_client_request;
struct spdk_jsonrpc_request;
struct spdk_jsonrpc_server;
struct spdk_jsonrpc_server_conn;

/** Runs a request; see spdk_jsonrpc_server_listen(). */
typedef void (*spdk_jsonrpc_handle_request_fn)(struct spdk_jsonrpc_request *request,
                                               const struct spdk_json_val *method,
                                               const struct spdk_json_val *params);

/** The connection closes; \p conn is gone after the call. */
typedef void (*spdk_jsonrpc_conn_closed_fn)(struct spdk_jsonrpc_server_conn *conn, void *arg);

/**
 * Listen for JSON-RPC connections. The calling thread owns the server.
 * \param domain AF_UNIX, AF_INET or AF_INET6.
 * \param protocol 0.
 * \param handle_request runs on the owner's thread for each request, and sees to it that it is
 * answered exactly once, at once or later, on any thread. Method and parameters live until then;
 * \p params is NULL when there are none.
 * \return the server, or NULL: the address can't be used, or memory is short.
 */
struct spdk_jsonrpc_server *
spdk_jsonrpc_server_listen(int domain, int protocol, struct sockaddr *listen_addr,
                           socklen_t addrlen, spdk_jsonrpc_handle_request_fn handle_request);

/**
 * Accept, receive, run and send what can be now; never waits. Peers whose time is over, for the end
 * of a request or for taking an answer, are parted with here. Owner's thread. Returns 0.
 */
int spdk_jsonrpc_server_poll(struct spdk_jsonrpc_server *server);

/**
 * Stop listening, close all connections and free the server. Requests that still run may be
 * answered later; the answers go nowhere. Owner's thread, not from within a poll.
 */
void spdk_jsonrpc_server_shutdown(struct spdk_jsonrpc_server *server);

/**
 * The connection that brought a request; NULL when it is gone or there was none. Owner's thread.
 */
struct spdk_jsonrpc_server_conn *spdk_jsonrpc_get_conn(struct spdk_jsonrpc_request *request);

/**
 * Call \p cb, once, when the connection closes. Owner's thread. 0, -EEXIST when the same pair is
 * there already, -ENOMEM.
 */
int spdk_jsonrpc_conn_add_close_cb(struct spdk_jsonrpc_server_conn *conn,
                                   spdk_jsonrpc_conn_closed_fn cb, void *ctx);

/** Take a call-back back. Owner's thread. 0, or -ENOENT when there is none. */
int spdk_jsonrpc_conn_del_close_cb(struct spdk_jsonrpc_server_conn *conn,
                                   spdk_jsonrpc_conn_closed_fn cb, void *ctx);

/**
 * Begin the result of a request: one value, by the writer returned, which is never NULL. Any
 * thread.
 */
struct spdk_json_write_ctx *spdk_jsonrpc_begin_result(struct spdk_jsonrpc_request *request);

/**
 * The result is complete: answer the request, which is gone afterwards. When the memory for it
 * was short, the answer is an error. Any thread.
 */
void spdk_jsonrpc_end_result(struct spdk_jsonrpc_request *request, struct spdk_json_write_ctx *w);

/** Answer a request with true or false. It is gone afterwards. Any thread. */
void spdk_jsonrpc_send_bool_response(struct spdk_jsonrpc_request *request, bool value);

/**
 * Answer a request with an error, also instead of a result that has been begun. It is gone
 * afterwards. Any thread.
 * \param error_code SPDK_JSONRPC_ERROR_* or a negative errno.
 * \param msg copied; what is above 1 KiB is cut.
 */
void spdk_jsonrpc_send_error_response(struct spdk_jsonrpc_request *request, int error_code,
                                      const char *msg);

/** As spdk_jsonrpc_send_error_response(), with a text made as by printf(). */
void
spdk_jsonrpc_send_error_response_fmt(struct spdk_jsonrpc_request *request, int error_code,
                                     const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/**
 * Log each request and answer at \p level; SPDK_LOG_DISABLED: don't. Before the server starts.
 */
void spdk_jsonrpc_set_log_level(enum spdk_log_level level);

/**
 * Also write each request and answer to \p file, which stays the caller's and open; NULL: don't.
 * Before the server starts.
 */
void spdk_jsonrpc_set_log_file(FILE *file);

/* ---- Client: one thread at a time; no spdk_thread and no started environment is needed ---- */

/** An answer. What is not there is NULL: either `result` or `error` is. */
struct spdk_jsonrpc_client_response {
	struct spdk_json_val *version; /* "2.0" */
	struct spdk_json_val *id;      /* null: about no request in particular */
	struct spdk_json_val *result;
	struct spdk_json_val *error; /* an object with "code" and "message" */
};

/** Reads a result; 0, or what the caller makes of another number. */
typedef int (*spdk_jsonrpc_client_response_parser)(void *parser_ctx,
                                                   const struct spdk_json_val *result);

/**
 * Connect to a server. Names of hosts are resolved, which may block; the connection itself may be
 * complete only later, see spdk_jsonrpc_client_poll().
 * \param addr AF_UNIX: a path; AF_INET: "host" or "host:port"; AF_INET6: "[host]", "[host]:port" or
 * an address. The port is 5260 unless given.
 * \return the client, for spdk_jsonrpc_client_close(); or NULL with errno set: nobody listens, the
 * address can't be used (EINVAL, EAFNOSUPPORT), or memory is short.
 */
struct spdk_jsonrpc_client *spdk_jsonrpc_client_connect(const char *addr, int addr_family);

/** Close the connection; unsent requests and answers not taken are freed with it. */
void spdk_jsonrpc_client_close(struct spdk_jsonrpc_client *client);

/** A new, empty request. NULL when out of memory. */
struct spdk_jsonrpc_client_request *spdk_jsonrpc_client_create_request(void);

/** Free a request that was not sent. NULL is allowed. */
void spdk_jsonrpc_client_free_request(struct spdk_jsonrpc_client_request *req);

/**
 * Begin a request of one call, or of one more inside a batch.
 * \param id below 0: a notification, which is not answered.
 * \param method NULL: the caller writes it.
 * \return a writer inside the call's object, for "params"; NULL when another call was begun and not
 * ended, or memory is short.
 */
struct spdk_json_write_ctx *spdk_jsonrpc_begin_request(struct spdk_jsonrpc_client_request *request,
                                                       int32_t id, const char *method);

/** The call is complete. What went wrong is told when the request is sent. */
void spdk_jsonrpc_end_request(struct spdk_jsonrpc_client_request *request,
                              struct spdk_json_write_ctx *w);

/**
 * Make the request a batch: the calls begun and ended from now on go together in one array. The
 * server answers them together; each answer is a response of its own here.
 * \return 0, -EINVAL when something was written before, -ENOMEM.
 */
int spdk_jsonrpc_begin_batch(struct spdk_jsonrpc_client_request *request);

/** The batch is complete. What went wrong is told when the request is sent. */
void spdk_jsonrpc_end_batch(struct spdk_jsonrpc_client_request *request);

/**
 * Hand a request over to be sent by the polls that follow. Several may be under way; their answers
 * come in any order and are known by their ids.
 * \return 0, and the request is the client's; else it stays the caller's: -ENOSPC when 64 wait to
 * be sent, -EINVAL when it is empty or not ended, -ENOMEM when memory was short while it was
 * written, or why the connection is gone.
 */
int spdk_jsonrpc_client_send_request(struct spdk_jsonrpc_client *client,
                                     struct spdk_jsonrpc_client_request *req);

/**
 * Send and receive.
 * \param timeout how long to wait for an answer, in milliseconds; 0: not at all, below 0: for ever.
 * \return the number of answers that can be taken; 0 when there are none yet; -ENOTCONN when the
 * connection is not complete yet (poll again). When the connection is gone, and what came before
 * was taken: -EIO when the server closed it, -EINVAL when what came was no answer, -EMSGSIZE when
 * it was longer than 64 MiB, or the errno of the socket; each poll says so again.
 */
int spdk_jsonrpc_client_poll(struct spdk_jsonrpc_client *client, int timeout);

/** Take the next answer, for spdk_jsonrpc_client_free_response(). NULL when there is none. */
struct spdk_jsonrpc_client_response *
spdk_jsonrpc_client_get_response(struct spdk_jsonrpc_client *client);

/** Free an answer with all that it points to. NULL is allowed. Also after the client was closed. */
void spdk_jsonrpc_client_free_response(struct spdk_jsonrpc_client_response *resp);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_JSONRPC_H */
