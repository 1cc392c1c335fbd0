/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What a state file recorded, run again through the dispatcher that serves requests, in two passes.
 * In STARTUP: what may be called only there, and what may be called in both states and stands
 * before the first change that belongs to RUNTIME only. In RUNTIME: the rest, in its order; before
 * each the examination of bdevs comes to its end, as it had when the change was made.
 *
 * Before anything runs all names are looked up. Each change runs from a message of its own. App
 * thread. */

#include "spdk/log.h"
#include "spdk/rpc.h"
#include "spdk/thread.h"
#include "spdk_internal/jsonrpc.h"
#include "spdk_internal/rpc.h"
#include "state_internal.h"

/* What waits for everything that a change set off. Not all programs have it. */
#define WAIT_METHOD "bdev_wait_for_examine"

static void replay_step(void *arg);

static void
replay_done(struct state_replay *replay, int rc)
{
	spdk_subsystem_init_fn cb_fn = replay->cb_fn;

	replay->cb_fn = NULL;
	cb_fn(rc, replay->cb_arg);
}

/* Which pass each record belongs to; a name that does not exist ends it before it begins. */
static int
sort_records(struct state_replay *replay)
{
	bool runtime_begun = false;
	size_t i;

	for (i = 0; i < replay->content.num_records; i++) {
		struct state_record *record = &replay->content.records[i];
		char *name = spdk_json_strdup(record->method);
		uint32_t states = 0;
		int rc = name != NULL ? spdk_rpc_get_method_state_mask(name, &states) : -ENOENT;

		if (rc == 0) {
			rc = rpc_method_check(name, SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME);
		}
		free(name);
		if (rc != 0) {
			SPDK_ERRLOG("%s:%u: there is no method '%.*s' in this program. To start: "
			            "use the program that recorded it, or another file\n",
			            replay->path, record->line, (int)record->method->len,
			            (const char *)record->method->start);
			if (replay->stop_on_error) {
				return rc;
			}
			replay->any_failed = true;
			record->left_out = true;
		}
		runtime_begun |= states == SPDK_RPC_RUNTIME;
		record->second_pass = (states & SPDK_RPC_STARTUP) == 0 ||
		                      (runtime_begun && (states & SPDK_RPC_RUNTIME) != 0);
	}
	replay->sorted = true;
	return 0;
}

static bool
is_in_pass(const struct state_record *record)
{
	return !record->left_out &&
	       record->second_pass == (spdk_rpc_get_state() == SPDK_RPC_RUNTIME);
}

static void
record_done(void *arg, const struct jsonrpc_answer *answer)
{
	struct state_replay *replay = arg;
	const struct state_record *record = &replay->content.records[replay->next];

	if (answer->error_code != 0) {
		SPDK_ERRLOG("%s:%u: %.*s: %s\n", replay->path, record->line,
		            (int)record->method->len, (const char *)record->method->start,
		            answer->message);
		if (replay->stop_on_error) {
			SPDK_ERRLOG("%s: the program does not start without what it had. See to "
			            "what is missing, or go on without it: "
			            "--json-ignore-init-errors\n",
			            replay->path);
			replay->rc = replay->rc != 0 ? replay->rc : -EINVAL;
		} else {
			replay->any_failed = true;
		}
	}
	replay->next++;
	spdk_thread_send_msg(replay->thread, replay_step, replay);
}

static void
wait_done(void *arg, const struct jsonrpc_answer *answer)
{
	struct state_replay *replay = arg;

	spdk_thread_send_msg(replay->thread, replay_step, replay);
}

static int
call(struct state_replay *replay, const struct spdk_json_val *method,
     const struct spdk_json_val *params, jsonrpc_local_done_fn done)
{
	int rc;

	replay->calling = true;
	rc = jsonrpc_local_call(rpc_dispatch, method, params, done, replay);
	replay->calling = false;
	return rc;
}

/* Let come to its end what the last change set off. True: the next step comes after it. */
static bool
wait_for_last(struct state_replay *replay)
{
	static const struct spdk_json_val method = {
		.start = (void *)(uintptr_t)WAIT_METHOD,
		.len = sizeof(WAIT_METHOD) - 1,
		.type = SPDK_JSON_VAL_STRING,
	};

	replay->waiting = !replay->waiting && spdk_rpc_get_state() == SPDK_RPC_RUNTIME &&
	                  rpc_method_check(WAIT_METHOD, SPDK_RPC_RUNTIME) == 0;
	return replay->waiting && call(replay, &method, NULL, wait_done) == 0;
}

static void
replay_step(void *arg)
{
	struct state_replay *replay = arg;
	const struct state_record *records = replay->content.records;
	int rc;

	while (replay->next < replay->content.num_records && !is_in_pass(&records[replay->next])) {
		replay->next++;
	}
	if (replay->rc != 0 || replay->next == replay->content.num_records) {
		replay_done(replay, replay->rc);
		return;
	}
	if (wait_for_last(replay)) {
		return;
	}
	rc = call(replay, records[replay->next].method, records[replay->next].params, record_done);
	if (rc != 0) {
		SPDK_ERRLOG("%s:%u: no memory to run it\n", replay->path,
		            records[replay->next].line);
		replay_done(replay, rc);
	}
}

static void
replay_failed(void *arg)
{
	struct state_replay *replay = arg;

	replay_done(replay, replay->rc);
}

void
state_replay_start(struct state_replay *replay, spdk_subsystem_init_fn cb_fn, void *cb_arg,
                   bool stop_on_error)
{
	assert(replay->cb_fn == NULL);
	replay->cb_fn = cb_fn;
	replay->cb_arg = cb_arg;
	replay->stop_on_error = stop_on_error;
	replay->thread = spdk_get_thread();
	replay->next = 0;
	replay->waiting = false;
	replay->rc = replay->sorted ? 0 : sort_records(replay);
	spdk_thread_send_msg(replay->thread, replay->rc == 0 ? replay_step : replay_failed, replay);
}
