/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* One line for long answers and for the changes that come while one is being written: each step of
 * the app thread serves the first in it, an answer by one slice, a change by running it. So all
 * long answers together take one slice of a step, no change comes between two pieces of one, and
 * nobody is overtaken: each waits for those that came before it, and answers never wait for
 * anything but their turn.
 *
 *	answer:  (queued) -> slice -> slice ... -> end -> answered
 *	change:  (queued, if the line is not empty) -> run
 *
 * What is in the line keeps its connection from running more (jsonrpc_request_block()). App thread.
 */

#include "rpc_internal.h"
#include "spdk/thread.h"
#include "spdk_internal/json.h"
#include "spdk_internal/rpc_pieces.h"
#include "spdk_internal/system_state.h"

/* A piece counts for so much at least: one that writes nothing has looked at something. */
#define PIECE_MIN_BYTES 64

struct turn {
	STAILQ_ENTRY(turn) link;
	struct spdk_jsonrpc_request *request;
	/* An answer: */
	struct rpc_pieces *pieces; /* NULL: a change */
	struct spdk_json_write_ctx *w;
	/* A change: */
	const struct rpc_method *method;
	void *params;
};

static SYSTEM_STATE struct {
	STAILQ_HEAD(, turn) line;
	bool asked; /* a message is out that serves the first */
} g_turns = {
	.line = STAILQ_HEAD_INITIALIZER(g_turns.line),
};

bool
rpc_write_slice(struct spdk_json_write_ctx *w, struct rpc_pieces *pieces)
{
	int64_t begin = json_write_tell(w), now = begin;
	int64_t num = 0;

	while (now >= 0 && now - begin + num * PIECE_MIN_BYTES < RPC_SLICE_BYTES) {
		if (!pieces->next(pieces, w)) {
			return false;
		}
		num++;
		now = json_write_tell(w);
	}
	return now >= 0;
}

void
rpc_write_pieces(struct spdk_json_write_ctx *w, struct rpc_pieces *pieces)
{
	while (rpc_write_slice(w, pieces)) {
	}
	pieces->end(pieces, w);
}

static void serve_first(void *arg);

static void
ask(void)
{
	if (!g_turns.asked && !STAILQ_EMPTY(&g_turns.line)) {
		g_turns.asked = true;
		spdk_thread_send_msg(spdk_get_thread(), serve_first, NULL);
	}
}

static void
take_place(struct turn *turn)
{
	jsonrpc_request_block(turn->request);
	STAILQ_INSERT_TAIL(&g_turns.line, turn, link);
	ask();
}

static struct turn *
leave_place(void)
{
	struct turn *turn = STAILQ_FIRST(&g_turns.line);

	STAILQ_REMOVE_HEAD(&g_turns.line, link);
	jsonrpc_request_unblock(turn->request);
	return turn;
}

/* The turn is gone with its request afterwards. */
static void
end_answer(struct turn *turn)
{
	turn->pieces->end(turn->pieces, turn->w);
	spdk_jsonrpc_end_result(turn->request, turn->w);
}

static void
serve_first(void *arg)
{
	struct turn *turn = STAILQ_FIRST(&g_turns.line);

	g_turns.asked = false;
	if (turn == NULL) {
		return;
	}
	if (turn->pieces == NULL) {
		leave_place();
		rpc_run_decoded(turn->request, turn->method, turn->params);
	} else if (!jsonrpc_request_is_wanted(turn->request) ||
	           !rpc_write_slice(turn->w, turn->pieces)) {
		leave_place();
		end_answer(turn);
	}
	ask();
}

void
rpc_answer_in_pieces(struct spdk_jsonrpc_request *request, struct spdk_json_write_ctx *w,
                     struct rpc_pieces *pieces)
{
	struct turn *turn;

	if (spdk_get_thread() == NULL) {
		rpc_write_pieces(w, pieces);
		spdk_jsonrpc_end_result(request, w);
		return;
	}
	turn = jsonrpc_request_alloc(request, sizeof(*turn));
	if (turn == NULL) {
		json_write_fail(w);
		pieces->end(pieces, w);
		spdk_jsonrpc_end_result(request, w);
		return;
	}
	turn->request = request;
	turn->pieces = pieces;
	turn->w = w;
	take_place(turn);
}

bool
rpc_wait_turn(struct spdk_jsonrpc_request *request, const struct rpc_method *method, void *params)
{
	struct turn *turn;

	if (STAILQ_EMPTY(&g_turns.line)) {
		return false;
	}
	turn = jsonrpc_request_alloc(request, sizeof(*turn));
	if (turn == NULL) {
		rpc_error(request, -ENOMEM, "%s was not done: no memory to wait", method->name);
		return true;
	}
	turn->request = request;
	turn->method = method;
	turn->params = params;
	take_place(turn);
	return true;
}

void
rpc_pieces_stop(void)
{
	STAILQ_HEAD(, turn) kept = STAILQ_HEAD_INITIALIZER(kept);
	struct turn *turn;

	while ((turn = STAILQ_FIRST(&g_turns.line)) != NULL) {
		if (jsonrpc_request_is_wanted(turn->request)) {
			STAILQ_REMOVE_HEAD(&g_turns.line, link);
			STAILQ_INSERT_TAIL(&kept, turn, link);
			continue;
		}
		leave_place();
		if (turn->pieces != NULL) {
			end_answer(turn);
		} else {
			rpc_error(turn->request, -ECANCELED, "%s was not done: the program stops",
			          turn->method->name);
		}
	}
	STAILQ_SWAP(&g_turns.line, &kept, turn);
}
