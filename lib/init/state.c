/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The journal of changes. Each request that changes the configuration comes here before it runs
 * (rpc_set_gate), waits for its turn, and is answered when its record is durable:
 *
 *	REST -> RESERVING (space for the record) -> CHANGING (its handler runs)
 *	     -> APPENDING (write, fsync) -> REST, and perhaps -> REWRITING -> REST
 *
 * One change at a time: what is recorded runs again in the same order, and what a crash tears is
 * the one record that nobody was told of.
 *
 * A full disk is met before the change, by the reservation: the request is refused and nothing has
 * happened. When a write fails all the same, the change is in effect, and its request is answered
 * with an error that says so; the file is then `uncertain`, and before the next change it is
 * rewritten from the present configuration, or that change is refused.
 *
 * Changes wait for each other, but not for ever: while one has run for long, or the disk has not
 * answered for long, those that wait are refused, and so are new ones (state_busy.c). They have not
 * run, and their callers know it; the one that runs goes on, and is recorded when it is answered.
 *
 * All of it belongs to the app thread but for the store while work is out, which a helper thread
 * has. */

#include "spdk/log.h"
#include "spdk/rpc.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk/util.h"
#include "spdk_internal/jsonrpc.h"
#include "spdk_internal/rpc.h"
#include "spdk_internal/system_state.h"
#include "state_internal.h"

/* Rewritten when it is longer than this and twice as long as after the last time. */
#define REWRITE_MIN (64 * 1024)

static SYSTEM_STATE struct {
	struct state *state; /* NULL: no state file */
} g_state;

static void state_next(struct state *s);

static void
set_phase(struct state *s, enum state_phase phase)
{
	/* Each piece of work begins at rest, or follows the one before it as drawn above. */
	assert(phase == STATE_REST || s->phase == STATE_REST ||
	       (phase == STATE_CHANGING && s->phase == STATE_RESERVING) ||
	       (phase == STATE_APPENDING && s->phase == STATE_CHANGING));
	s->phase = phase;
	s->phase_began = spdk_get_ticks();
	s->told = false;
}

/* ---- Work on a helper thread ---- */

static void work_finished(void *arg);

static void
work_done(struct env_work *work)
{
	struct state *s = SPDK_CONTAINEROF(work, struct state, work);

	spdk_thread_send_msg(s->thread, work_finished, s);
}

static void
submit(struct state *s, void (*fn)(struct env_work *work))
{
	int rc;

	s->work.fn = fn;
	s->work.done = work_done;
	/* From here on work_rc is the helper's, which may be done before this returns. */
	rc = env_work_submit(&s->work);
	if (rc != 0) {
		s->work_rc = rc;
		spdk_thread_send_msg(s->thread, work_finished, s);
	}
}

static void
work_reserve(struct env_work *work)
{
	struct state *s = SPDK_CONTAINEROF(work, struct state, work);

	s->work_rc = state_store_reserve(&s->store, s->reserve_bytes);
}

static void
work_append(struct env_work *work)
{
	struct state *s = SPDK_CONTAINEROF(work, struct state, work);

	s->work_rc = state_store_append(&s->store, &s->buf);
}

static void
work_rewrite(struct env_work *work)
{
	struct state *s = SPDK_CONTAINEROF(work, struct state, work);

	s->work_rc =
	        s->buf.failed ? -ENOMEM : state_store_rewrite(&s->store, &s->buf, s->num_records);
}

/* ---- One change ---- */

static void
end_change(struct state *s)
{
	s->current = NULL;
	state_buf_free(&s->buf);
	set_phase(s, STATE_REST);
	state_next(s);
}

/* It has not run. */
static void
refuse(struct state *s, struct state_change *change, int rc)
{
	const char *remedy = rc == -ENOSPC || rc == -EDQUOT ? "Make room there and try again"
	                     : rc == -EFBIG
	                             ? "Raise the limit of a file's size (ulimit -f) and try again"
	                             : "Try again";

	rpc_error(change->request, rc, "%s was not done, for it can't be recorded in %s: %s. %s",
	          change->method->name, s->store.path, spdk_strerror(-rc), remedy);
}

/* It has run, and its record is not durable. */
static void
answer_unrecorded(struct state *s, int rc)
{
	char text[1024];

	snprintf(text, sizeof(text),
	         "%s is in effect, but not recorded in %s: %s. After a restart it may be gone, "
	         "unless the next change succeeds, which records everything",
	         s->current->method->name, s->store.path, spdk_strerror(-rc));
	SPDK_ERRLOG("%s\n", text);
	jsonrpc_request_release_error(s->current->request, rc, text);
	end_change(s);
}

/* The handler has answered. */
static void
change_answered(void *arg)
{
	struct state *s = arg;
	struct state_change *change = s->current;
	const struct spdk_json_val *result;
	/* Not what the request says, which may be an alias. */
	const struct spdk_json_val method = {
		.start = (void *)(uintptr_t)change->method->name,
		.len = (uint32_t)strlen(change->method->name),
		.type = SPDK_JSON_VAL_STRING,
	};

	if (jsonrpc_request_get_error(change->request) != 0) {
		jsonrpc_request_release(change->request);
		end_change(s);
		return;
	}
	if (!s->recording) {
		answer_unrecorded(s, -ECANCELED); /* the program stops */
		return;
	}
	result = state_parse_result(change->request);
	if (result != NULL && state_complete_params(change, result) == 0) {
		state_append_record(&s->buf, s->store.next_seq, &method, change->params);
	} else {
		s->buf.failed = true;
	}
	if (s->buf.failed) {
		s->store.uncertain = true; /* it lacks this change */
		answer_unrecorded(s, -ENOMEM);
		return;
	}
	set_phase(s, STATE_APPENDING);
	submit(s, work_append);
}

/* Any thread. */
static void
change_held(void *arg, struct spdk_jsonrpc_request *request)
{
	struct state *s = arg;

	spdk_thread_send_msg(s->thread, change_answered, s);
}

static void
run_change(struct state *s)
{
	struct state_change *change = s->current;

	if (state_complete_params(change, NULL) != 0) {
		refuse(s, change, -ENOMEM);
		end_change(s);
		return;
	}
	set_phase(s, STATE_CHANGING);
	jsonrpc_request_hold(change->request, change_held, s);
	rpc_run(change->request, change->method, change->params);
}

static void
begin_change(struct state *s, struct state_change *change)
{
	const char *secret = rpc_find_secret(change->method, change->params);

	s->current = change;
	if (secret != NULL) {
		rpc_error(change->request, -EPERM,
		          "%s: '%s' is a secret, and %s is no place for one. Put it into a file "
		          "of mode 0600, add that with keyring_file_add_key, and give the name "
		          "of the key instead",
		          change->method->name, secret, s->store.path);
		end_change(s);
		return;
	}
	s->reserve_bytes = state_record_bound(change);
	if (s->reserve_bytes > STATE_LINE_MAX) {
		refuse(s, change, -EMSGSIZE);
		end_change(s);
	} else if (s->store.len + s->reserve_bytes <= s->store.space_end) {
		run_change(s);
	} else {
		set_phase(s, STATE_RESERVING);
		submit(s, work_reserve);
	}
}

/* ---- The whole file ---- */

static void rewrite_finished(struct state *s, int rc);

/* The text grows by a slice in each step; then it goes to the disk. */
static void
rewrite_slice(void *arg)
{
	struct state *s = arg;
	int rc;

	if (state_config_slice(&s->config)) {
		spdk_thread_send_msg(s->thread, rewrite_slice, s);
		return;
	}
	rc = state_config_end(&s->config, &s->num_records);
	if (rc == 0) {
		submit(s, work_rewrite);
	} else {
		rewrite_finished(s, rc);
	}
}

/* 0, or why it was not begun. */
static int
begin_rewrite(struct state *s)
{
	int rc;

	if (s->replay.any_failed) {
		return -EROFS; /* it would lose what failed and was left out */
	}
	if (s->begin_empty) {
		s->begin_empty = false;
		s->num_records = 0;
		state_append_header(&s->buf, s->store.gen + 1);
		set_phase(s, STATE_REWRITING);
		submit(s, work_rewrite);
		return 0;
	}
	rc = state_config_begin(&s->config, &s->buf, s->store.gen + 1);
	if (rc != 0) {
		state_config_end(&s->config, &s->num_records);
		state_buf_free(&s->buf);
		return rc;
	}
	set_phase(s, STATE_REWRITING);
	spdk_thread_send_msg(s->thread, rewrite_slice, s);
	return 0;
}

static bool
is_rewrite_due(const struct state *s)
{
	return s->store.len > REWRITE_MIN && s->store.len > 2 * s->rewritten_len &&
	       !s->replay.any_failed;
}

static void
rewrite_failed(struct state *s, int rc)
{
	struct state_change *change = STAILQ_FIRST(&s->waiting);

	SPDK_ERRLOG("%s: can't be rewritten: %s\n", s->store.path, spdk_strerror(-rc));
	/* Who waits finds a file that can't be appended to. */
	if (s->store.uncertain && change != NULL) {
		STAILQ_REMOVE_HEAD(&s->waiting, link);
		refuse(s, change, rc);
	}
}

static void
rewrite_finished(struct state *s, int rc)
{
	spdk_subsystem_init_fn begin_fn = s->begin_fn;

	/* Not again before it has doubled, also when it failed. */
	s->rewritten_len = s->store.len;
	state_buf_free(&s->buf);
	set_phase(s, STATE_REST);
	if (rc != 0) {
		rewrite_failed(s, rc);
	}
	if (begin_fn != NULL) {
		s->begin_fn = NULL;
		s->recording = rc == 0;
		begin_fn(rc, s->cb_arg);
	}
	state_next(s);
}

static void
work_finished(void *arg)
{
	struct state *s = arg;
	int rc = s->work_rc;

	switch (s->phase) {
	case STATE_RESERVING:
		if (rc == 0 && s->recording) {
			run_change(s);
		} else {
			refuse(s, s->current, rc != 0 ? rc : -ECANCELED);
			end_change(s);
		}
		break;
	case STATE_APPENDING:
		if (rc == 0) {
			jsonrpc_request_release(s->current->request);
			end_change(s);
		} else {
			s->store.uncertain = true;
			answer_unrecorded(s, rc);
		}
		break;
	case STATE_REWRITING:
		rewrite_finished(s, rc);
		break;
	case STATE_REST:
	case STATE_CHANGING:
		assert(false && "no work is out");
		break;
	}
}

/* ---- The queue ---- */

static void
refuse_waiting(struct state *s, int rc)
{
	struct state_change *change;

	while ((change = STAILQ_FIRST(&s->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->waiting, link);
		refuse(s, change, rc);
	}
}

static void
step(void *arg)
{
	struct state *s = g_state.state;
	struct state_change *change;
	int rc;

	if (s == NULL || s->phase != STATE_REST || !s->recording || s->replay.cb_fn != NULL) {
		return;
	}
	if (!s->store.uncertain && is_rewrite_due(s) && begin_rewrite(s) == 0) {
		return;
	}
	change = STAILQ_FIRST(&s->waiting);
	if (change == NULL) {
		return;
	}
	if (s->store.uncertain) {
		rc = begin_rewrite(s);
		if (rc != 0) {
			rewrite_failed(s, rc);
			state_next(s);
		}
		return;
	}
	STAILQ_REMOVE_HEAD(&s->waiting, link);
	begin_change(s, change);
}

/* From a message of its own: many changes, each done at once, don't pile up on the stack. */
static void
state_next(struct state *s)
{
	spdk_subsystem_fini_fn end_fn = s->end_fn;

	if (end_fn != NULL && s->phase == STATE_REST) {
		s->end_fn = NULL;
		end_fn(s->cb_arg);
		return;
	}
	if (s->recording) {
		spdk_thread_send_msg(s->thread, step, NULL);
	}
}

static void
gate(struct spdk_jsonrpc_request *request, const struct rpc_method *method,
     const struct spdk_json_val *params)
{
	struct state *s = g_state.state;
	struct state_change *change;

	if (s->replay.calling) {
		rpc_run(request, method, params);
		return;
	}
	if (state_refuse_busy(s, request, method)) {
		return;
	}
	change = jsonrpc_request_alloc(request, sizeof(*change));
	if (change == NULL || !s->recording) {
		rpc_error(request, change == NULL ? -ENOMEM : -ECANCELED, "%s was not done: %s",
		          method->name, change == NULL ? "no memory" : "the program stops");
		return;
	}
	change->request = request;
	change->method = method;
	change->params = params;
	STAILQ_INSERT_TAIL(&s->waiting, change, link);
	step(NULL);
	if (!STAILQ_EMPTY(&s->waiting)) {
		state_watch_busy(s);
	}
}

/* ---- Life ---- */

int
state_open(const char *path)
{
	struct state *s = calloc(1, sizeof(*s));
	int rc;

	assert(g_state.state == NULL);
	if (s == NULL) {
		return -ENOMEM;
	}
	STAILQ_INIT(&s->waiting);
	rc = state_store_open(&s->store, path, &s->replay.content);
	if (rc != 0) {
		free(s);
		return rc;
	}
	s->replay.path = s->store.path;
	s->fresh = s->store.gen == 0;
	g_state.state = s;
	return 0;
}

bool
state_is_open(void)
{
	return g_state.state != NULL;
}

bool
state_is_fresh(void)
{
	return g_state.state != NULL && g_state.state->fresh;
}

static void
replayed(int rc, void *arg)
{
	struct state *s = arg;

	if (spdk_rpc_get_state() == SPDK_RPC_RUNTIME) {
		state_content_free(&s->replay.content);
	}
	s->replayed_fn(rc, s->replayed_arg);
	state_next(s); /* changes may have come meanwhile */
}

void
state_replay(spdk_subsystem_init_fn cb_fn, void *cb_arg, bool stop_on_error)
{
	struct state *s = g_state.state;

	s->replayed_fn = cb_fn;
	s->replayed_arg = cb_arg;
	state_replay_start(&s->replay, replayed, s, stop_on_error);
}

void
state_replay_cancel(void)
{
	struct state *s = g_state.state;

	if (s != NULL && s->replay.cb_fn != NULL && s->replay.rc == 0) {
		s->replay.rc = -ECANCELED;
	}
}

void
state_begin(bool with_config, spdk_subsystem_init_fn cb_fn, void *cb_arg)
{
	struct state *s = g_state.state;
	int rc;

	assert(!s->recording && s->phase == STATE_REST);
	s->thread = spdk_get_thread();
	rpc_set_gate(gate);
	if (s->store.gen > 0) {
		s->recording = true;
		cb_fn(0, cb_arg);
		return;
	}
	s->begin_fn = cb_fn;
	s->cb_arg = cb_arg;
	s->begin_empty = !with_config;
	rc = begin_rewrite(s);
	if (rc != 0) {
		rewrite_finished(s, rc);
	}
}

void
state_end(spdk_subsystem_fini_fn cb_fn, void *cb_arg)
{
	struct state *s = g_state.state;

	if (s == NULL) {
		cb_fn(cb_arg);
		return;
	}
	s->recording = false;
	s->begin_fn = NULL;
	refuse_waiting(s, -ECANCELED);
	spdk_poller_unregister(&s->timer);
	/* A handler that runs may take as long as it likes, or for ever: its change is not
	 * recorded. What is on its way to the disk is waited for. */
	if (s->phase == STATE_REST || s->phase == STATE_CHANGING) {
		cb_fn(cb_arg);
		return;
	}
	s->end_fn = cb_fn;
	s->cb_arg = cb_arg;
}

void
state_close(void)
{
	struct state *s = g_state.state;

	if (s == NULL) {
		return;
	}
	rpc_set_gate(NULL);
	env_work_drain();
	g_state.state = NULL;
	state_store_close(&s->store);
	state_content_free(&s->replay.content);
	state_buf_free(&s->buf);
	free(s);
}
