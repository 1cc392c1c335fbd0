/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Answers that may be long, written a piece at a time, so that a listing of thousands of objects
 * keeps no reactor from its I/O.
 *
 *	struct keys_pieces {
 *		struct rpc_pieces pieces;
 *		...			where it stands
 *	};
 *	static void
 *	rpc_get_keys(struct spdk_jsonrpc_request *request, void *params)
 *	{
 *		struct keys_pieces *k = jsonrpc_request_alloc(request, sizeof(*k));
 *		...
 *		k->pieces.next = write_key;	// one object; false: there is none left
 *		k->pieces.end = end_keys;	// closes the array
 *		w = spdk_jsonrpc_begin_result(request);
 *		spdk_json_write_array_begin(w);
 *		rpc_answer_in_pieces(request, w, &k->pieces);
 *	}
 *
 * Long answers are written one after the other, one slice in each step of the app thread. Until one
 * is complete, nothing more is run of what its connection sends, and changes to the configuration
 * by RPC wait: the answer is of one moment, and a batch is run in its order. What changes without
 * an RPC may come and go between two pieces: `next` must not keep a bare pointer to it.
 */

#ifndef SPDK_INTERNAL_RPC_PIECES_H
#define SPDK_INTERNAL_RPC_PIECES_H

#include "spdk/json.h"
#include "spdk/queue.h"

struct spdk_jsonrpc_request;

/** How much is written in one step, in bytes of JSON; some 100 us. */
#define RPC_SLICE_BYTES (16 * 1024)

struct rpc_pieces {
	/** Write a little, a few KiB at most. False: there was nothing left. */
	bool (*next)(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w);
	/** Exactly once, when all is written, or when nobody waits for the rest: let go of what is
	 *  held, close what the handler opened in \p w. The struct is not touched afterwards. */
	void (*end)(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w);
};

/**
 * Write a slice. Any thread.
 * \return whether there is more; false when the writer has failed.
 */
bool rpc_write_slice(struct spdk_json_write_ctx *w, struct rpc_pieces *pieces);

/** Write all, and end it: for who asks for the text in one go. */
void rpc_write_pieces(struct spdk_json_write_ctx *w, struct rpc_pieces *pieces);

/**
 * Write the result of \p request in pieces, and end it. App thread; without an spdk_thread it is
 * done before this returns.
 * \param w of spdk_jsonrpc_begin_result().
 */
void rpc_answer_in_pieces(struct spdk_jsonrpc_request *request, struct spdk_json_write_ctx *w,
                          struct rpc_pieces *pieces);

/** The servers are closed: end the answers that nobody waits for, refuse the changes that wait
 *  behind them. App thread. */
void rpc_pieces_stop(void);

#endif /* SPDK_INTERNAL_RPC_PIECES_H */
