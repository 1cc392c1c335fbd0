/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the files of lib/jsonrpc share.
 *
 *	server --- conn --- message --- request, request ...
 *
 * A message is one JSON text from a connection: a request, or a batch of them. It lives until its
 * answer has been sent or its connection is gone, and always until each of its requests has been
 * answered. Requests are answered on any thread; all else belongs to the server's thread.
 */

#ifndef JSONRPC_INTERNAL_H
#define JSONRPC_INTERNAL_H

#include <stdatomic.h>

#include "spdk/json.h"
#include "spdk/queue.h"
#include "spdk_internal/env.h"
#include "spdk_internal/jsonrpc.h"

struct jsonrpc_buf {
	char *data;
	size_t len;
	size_t cap;
};

/* Memory of a request; freed in one go. */
struct jsonrpc_chunk {
	struct jsonrpc_chunk *next;
	_Alignas(16) char data[];
};

enum request_state {
	REQUEST_NEW,      /* parsed */
	REQUEST_RUNNING,  /* the handler has it */
	REQUEST_WRITING,  /* a result is being written */
	REQUEST_HELD,     /* answered, and held back */
	REQUEST_ANSWERED, /* done; the answer is in `answer` */
};

struct spdk_jsonrpc_request {
	struct jsonrpc_message *msg;
	enum request_state state;
	bool notification;         /* no id: no answer */
	int error_code;            /* of the answer; 0: a result */
	const char *error_message; /* in `chunks`, or static */
	const struct spdk_json_val *method;
	const struct spdk_json_val *params; /* NULL when absent */
	const struct spdk_json_val *id;     /* NULL when absent */
	struct jsonrpc_buf answer;
	size_t prefix_len;       /* of `answer`: up to and with the id */
	bool drop;               /* the answer: nobody waits for it */
	jsonrpc_hold_fn hold_fn; /* NULL: the answer goes out at once */
	void *hold_ctx;
	bool too_long; /* the result was longer than an answer may be */
	struct spdk_json_write_ctx *writer;
	struct jsonrpc_chunk *chunks;
};

struct jsonrpc_message {
	void (*done)(struct jsonrpc_message *msg); /* all requests have been answered; any thread */
	struct spdk_jsonrpc_server *server;        /* NULL: a local call */
	struct spdk_jsonrpc_server_conn *conn;     /* NULL when gone; server's thread */
	TAILQ_ENTRY(jsonrpc_message) link;         /* conn->running, then conn->sending */
	STAILQ_ENTRY(jsonrpc_message) done_link;   /* server->done */
	jsonrpc_local_done_fn local_done;
	void *local_ctx;
	char *text; /* `values` point into it */
	struct spdk_json_val *values;
	int rights; /* of the peer, which may be gone */
	bool batch;
	bool broken;   /* a request could not be run: close the connection instead of answering */
	uint32_t next; /* of requests[], to be dispatched */
	const struct spdk_json_val *next_val; /* its value */
	/* Of the answers that are complete; bounds what a batch can make. Relaxed: a figure only.
	 */
	_Atomic size_t answer_bytes;
	/* Requests not answered, and one while the message is being dispatched. Who takes it to 0
	 * has seen all answers: release by the others, acquire by the last. */
	_Atomic uint32_t pending;
	struct jsonrpc_buf out;
	size_t sent;
	uint32_t num_requests;
	struct spdk_jsonrpc_request requests[];
};

TAILQ_HEAD(jsonrpc_message_list, jsonrpc_message);

struct conn_close_cb {
	spdk_jsonrpc_conn_closed_fn fn;
	void *ctx;
	STAILQ_ENTRY(conn_close_cb) link;
};

/* Finds where a JSON text may end, without looking at any byte twice. */
struct jsonrpc_frame {
	size_t pos;
	uint32_t depth;
	bool in_string;
	bool escaped;
	size_t retry_len; /* parse anew when so many bytes are there */
};

struct spdk_jsonrpc_server_conn {
	struct spdk_jsonrpc_server *server;
	TAILQ_ENTRY(spdk_jsonrpc_server_conn) link;
	int fd;
	int32_t pid;     /* of the peer; -1: unknown */
	int rights;      /* of the peer; see jsonrpc_server_set_authorize() */
	uint32_t events; /* watched now */
	bool eof;        /* nothing more is read: the peer sends no more, or sent nonsense */
	bool ready;      /* what was received waits for the next poll; see server->num_ready */
	/* Ticks; UINT64_MAX: none. What each is for stands in deadline.c. */
	uint64_t request_deadline;
	uint64_t answer_deadline;
	uint64_t active_at; /* the last time that anything happened */
	char *recv_buf;
	size_t recv_len;
	size_t recv_cap;
	struct jsonrpc_frame frame;
	struct jsonrpc_message *dispatching; /* in `running`, with requests not yet run; or NULL */
	uint32_t num_messages;               /* running and sending */
	uint32_t num_blocks;                 /* requests before whose end no other is run */
	size_t unsent;                       /* bytes in `sending` */
	struct jsonrpc_message_list running;
	struct jsonrpc_message_list sending;
	STAILQ_HEAD(, conn_close_cb) close_cbs;
};

struct spdk_jsonrpc_server {
	spdk_jsonrpc_handle_request_fn handle_request;
	jsonrpc_authorize_fn authorize; /* NULL: root and the own user */
	char *addr;
	int listen_fd;
	bool listening; /* listen_fd is watched */
	struct env_waiter *waiter;
	uint64_t deadline;        /* the earliest of all; UINT64_MAX: none */
	uint64_t accept_deadline; /* listen again then; UINT64_MAX: no */
	bool is_full;             /* a peer waits for a place */
	uint32_t num_conns;
	uint32_t num_ready;
	TAILQ_HEAD(, spdk_jsonrpc_server_conn) conns;
	/* Guards what follows: any thread may answer a request. */
	pthread_mutex_t lock;
	STAILQ_HEAD(, jsonrpc_message) done;
	uint32_t num_outstanding; /* messages not in `done` */
	bool shut_down;           /* no poll will come */
};

/* message.c */

/* A private copy of the text, parsed and decoded in place; the caller frees both. 0, -EINVAL when
 * it is not one whole value, -ENOMEM. */
int jsonrpc_parse_text(const char *text, size_t size, char **copy, struct spdk_json_val **values);

/* Take apart the complete JSON text [text, text + size). NULL when out of memory. */
struct jsonrpc_message *jsonrpc_message_create(const char *text, size_t size);
/* For an error about no request in particular: one request without an id, to be rejected. NULL when
 * out of memory. */
struct jsonrpc_message *jsonrpc_message_create_error(void);
/* Run its next requests, up to *budget of them, which goes down by each. True when all have been
 * run; the message may then be gone. */
bool jsonrpc_message_dispatch(struct jsonrpc_message *msg,
                              spdk_jsonrpc_handle_request_fn handle_request, uint32_t *budget);
/* One request less to wait for. */
void jsonrpc_message_put(struct jsonrpc_message *msg);
/* Put the answers together in msg->out. 0, or -ENOMEM. Empty when there is nothing to say. */
int jsonrpc_message_assemble(struct jsonrpc_message *msg);
void jsonrpc_message_free(struct jsonrpc_message *msg);

/* request.c */
void jsonrpc_request_free(struct spdk_jsonrpc_request *request);
/* What running needs: the writer and room for any error. 0 or -ENOMEM. */
int jsonrpc_request_start(struct spdk_jsonrpc_request *request);
int jsonrpc_buf_append(struct jsonrpc_buf *buf, const void *data, size_t len, size_t max);

/* conn.c */
int jsonrpc_conn_create(struct spdk_jsonrpc_server *server, int fd, const struct env_peer *peer,
                        int rights);
void jsonrpc_conn_close(struct spdk_jsonrpc_server_conn *conn);
/* Do what \p events allow. The connection may be gone afterwards. */
void jsonrpc_conn_process(struct spdk_jsonrpc_server_conn *conn, uint32_t events);
/* All requests of a message have been answered: send the answers. */
void jsonrpc_conn_message_done(struct spdk_jsonrpc_server_conn *conn, struct jsonrpc_message *msg);

/* Read no more from it, log why, tell its peer, and close it when the answers have been taken. 0,
 * or -errno: close it now. */
int jsonrpc_conn_refuse(struct spdk_jsonrpc_server_conn *conn, int code, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
/* The same, because what was received is no JSON, or \p if_incomplete. */
int jsonrpc_conn_refuse_text(struct spdk_jsonrpc_server_conn *conn, const char *if_incomplete);

/* Whether its next request has to wait for one before it. */
bool jsonrpc_conn_is_blocked(const struct spdk_jsonrpc_server_conn *conn);

/* deadline.c */
/* What the peer owes now that something has happened. \p reading: its bytes are read. */
void jsonrpc_conn_set_deadlines(struct spdk_jsonrpc_server_conn *conn, bool reading);
/* Find the earliest deadline anew. */
void jsonrpc_server_set_deadline(struct spdk_jsonrpc_server *server);
/* Part with those whose time is over; how many did. Not while events are being handled. */
int jsonrpc_server_expire(struct spdk_jsonrpc_server *server);

/* frame.c */
/*
 * Look for one JSON text at the start of a buffer.
 * \return its length with the white space before it, 0 when more bytes are needed, or -EILSEQ when
 * no more bytes can help. *start: its first byte.
 */
ssize_t jsonrpc_frame_find(struct jsonrpc_frame *frame, const char *buf, size_t len, size_t *start);

/* server.c */
/* A message's done(): hand it to the server's thread. Any thread. */
void jsonrpc_server_message_done(struct jsonrpc_message *msg);
/* There is room for a connection again. */
void jsonrpc_server_resume_listening(struct spdk_jsonrpc_server *server);

/* log.c */
void jsonrpc_log(const char *what, const char *text, size_t len);
bool jsonrpc_log_enabled(void);

#endif /* JSONRPC_INTERNAL_H */
