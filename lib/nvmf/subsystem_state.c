/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The states of a subsystem, on the target thread. Each step visits all poll groups:
 *
 *	INACTIVE -> ACTIVATING -> ACTIVE -> PAUSING -> PAUSED -> RESUMING -> ACTIVE
 *	                             \---------------------\----> DEACTIVATING -> INACTIVE
 *
 * One change at a time; a second call meanwhile gets -EBUSY. What has to happen while paused
 * (namespaces come and go) queues up in `ops`, whoever asked: RPC, hot removal. The end of each
 * change looks there.
 *
 * A visit that begins needs memory; without, its end is called with -ENOMEM and no group was seen.
 * A start or a pause then fails. What must happen (resume, stop, hot removal) is tried again 10 ms
 * later, by a timer that exists only then; when there is no memory for that either, whenever the
 * thread comes round.
 */

#include "nvmf_internal.h"
#include "spdk_internal/usdt.h"

static void
subsystem_set_state(struct spdk_nvmf_subsystem *subsystem, enum nvmf_subsystem_state state)
{
	static const uint8_t legal[] = {
		[NVMF_SUBSYSTEM_INACTIVE] = 1 << NVMF_SUBSYSTEM_ACTIVATING,
		[NVMF_SUBSYSTEM_ACTIVATING] =
		        1 << NVMF_SUBSYSTEM_ACTIVE | 1 << NVMF_SUBSYSTEM_DEACTIVATING,
		[NVMF_SUBSYSTEM_ACTIVE] =
		        1 << NVMF_SUBSYSTEM_PAUSING | 1 << NVMF_SUBSYSTEM_DEACTIVATING,
		[NVMF_SUBSYSTEM_PAUSING] = 1 << NVMF_SUBSYSTEM_PAUSED | 1 << NVMF_SUBSYSTEM_ACTIVE,
		[NVMF_SUBSYSTEM_PAUSED] =
		        1 << NVMF_SUBSYSTEM_RESUMING | 1 << NVMF_SUBSYSTEM_DEACTIVATING,
		[NVMF_SUBSYSTEM_RESUMING] = 1 << NVMF_SUBSYSTEM_ACTIVE | 1 << NVMF_SUBSYSTEM_PAUSED,
		[NVMF_SUBSYSTEM_DEACTIVATING] = 1 << NVMF_SUBSYSTEM_INACTIVE,
	};

	assert(legal[subsystem->state] & 1 << state);
	pthread_mutex_lock(&subsystem->tgt->mutex);
	subsystem->state = state;
	pthread_mutex_unlock(&subsystem->tgt->mutex);
}

static bool
subsystem_is_changing(const struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->state_cb_fn != NULL;
}

/* ---- Again, later ---- */

#define RETRY_US 10000

static void
retry_run(void *arg)
{
	struct nvmf_retry *retry = arg;

	spdk_poller_unregister(&retry->poller);
	retry->pending = false;
	retry->fn(retry->subsystem);
}

static int
retry_poll(void *arg)
{
	retry_run(arg);
	return SPDK_POLLER_BUSY;
}

/** Call \p fn soon. The subsystem is not freed meanwhile: it is changing, or op_running. */
static void
retry_later(struct nvmf_retry *retry, struct spdk_nvmf_subsystem *subsystem, void (*fn)(void *))
{
	assert(!retry->pending);
	retry->pending = true;
	retry->subsystem = subsystem;
	retry->fn = fn;
	retry->poller = SPDK_POLLER_REGISTER(retry_poll, retry, RETRY_US);
	if (retry->poller == NULL) {
		spdk_thread_send_msg(subsystem->tgt->thread, retry_run, retry);
	}
}

static void ops_go_on(void *arg);

static void
state_change_finish(struct spdk_nvmf_subsystem *subsystem, enum nvmf_subsystem_state state,
                    int status)
{
	spdk_nvmf_subsystem_state_change_done cb_fn = subsystem->state_cb_fn;

	USDT_PROBE4(nvmf_subsystem_change_state_done, subsystem->nqn, subsystem->change_to,
	            subsystem->change_from, status);
	subsystem_set_state(subsystem, state);
	subsystem->state_cb_fn = NULL;
	if (!STAILQ_EMPTY(&subsystem->ops) && !subsystem->op_running) {
		/* They waited for this change; not freed before: op_running. */
		subsystem->op_running = true;
		spdk_thread_send_msg(subsystem->tgt->thread, ops_go_on, subsystem);
	}
	cb_fn(subsystem, subsystem->state_cb_arg, status);
}

/** A caller that does not want to know: a change under way is told from none by its callback. */
static void
nobody_waits(struct spdk_nvmf_subsystem *subsystem, void *cb_arg, int status)
{
}

static void
state_change_begin(struct spdk_nvmf_subsystem *subsystem, enum nvmf_subsystem_state state,
                   spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg)
{
	static const uint8_t to[] = {
		[NVMF_SUBSYSTEM_ACTIVATING] = NVMF_SUBSYSTEM_ACTIVE,
		[NVMF_SUBSYSTEM_PAUSING] = NVMF_SUBSYSTEM_PAUSED,
		[NVMF_SUBSYSTEM_RESUMING] = NVMF_SUBSYSTEM_ACTIVE,
		[NVMF_SUBSYSTEM_DEACTIVATING] = NVMF_SUBSYSTEM_INACTIVE,
	};

	subsystem->change_from = (uint8_t)subsystem->state;
	subsystem->change_to = to[state];
	USDT_PROBE3(nvmf_subsystem_change_state, subsystem->nqn, subsystem->change_to,
	            subsystem->state);
	subsystem_set_state(subsystem, state);
	subsystem->state_cb_fn = cb_fn != NULL ? cb_fn : nobody_waits;
	subsystem->state_cb_arg = cb_arg;
}

/** A visit to a group begins. */
static struct spdk_nvmf_poll_group *
visit(struct spdk_io_channel_iter *i)
{
	struct spdk_nvmf_subsystem *subsystem = spdk_io_channel_iter_get_ctx(i);

	USDT_PROBE3(nvmf_pg_change_state, subsystem->nqn, subsystem->change_to,
	            spdk_thread_get_id(spdk_get_thread()));
	return spdk_io_channel_get_ctx(spdk_io_channel_iter_get_channel(i));
}

void
nvmf_subsystem_visited(struct spdk_io_channel_iter *i, int rc)
{
	struct spdk_nvmf_subsystem *subsystem = spdk_io_channel_iter_get_ctx(i);

	USDT_PROBE3(nvmf_pg_change_state_done, subsystem->nqn, subsystem->change_to,
	            spdk_thread_get_id(spdk_get_thread()));
	spdk_for_each_channel_continue(i, rc);
}

/* ---- Stop: controllers first, then the groups' channels ---- */

static void
stop_close_group(struct spdk_io_channel_iter *i)
{
	nvmf_sgroup_deactivate(visit(i), spdk_io_channel_iter_get_ctx(i));
	nvmf_subsystem_visited(i, 0);
}

static void stop_close(void *arg);

static void
stop_closed(struct spdk_io_channel_iter *i, int status)
{
	struct spdk_nvmf_subsystem *subsystem = spdk_io_channel_iter_get_ctx(i);

	if (status != 0) {
		retry_later(&subsystem->change_retry, subsystem, stop_close);
		return;
	}
	nvmf_discovery_changed(subsystem->tgt);
	state_change_finish(subsystem, NVMF_SUBSYSTEM_INACTIVE, subsystem->stop_status);
}

static void
stop_close(void *arg)
{
	struct spdk_nvmf_subsystem *subsystem = arg;

	spdk_for_each_channel(subsystem->tgt, stop_close_group, subsystem, stop_closed);
}

/** No controller is left, so no queue pair names the subsystem and nothing of it runs. */
static void
stop_check(struct spdk_nvmf_subsystem *subsystem)
{
	if (subsystem->groups_stopped && TAILQ_EMPTY(&subsystem->ctrlrs)) {
		subsystem->groups_stopped = false;
		stop_close(subsystem);
	}
}

static void
stop_disconnect_group(struct spdk_io_channel_iter *i)
{
	struct spdk_nvmf_subsystem *subsystem = spdk_io_channel_iter_get_ctx(i);
	struct spdk_nvmf_poll_group *group =
	        spdk_io_channel_get_ctx(spdk_io_channel_iter_get_channel(i));
	struct spdk_nvmf_qpair *qpair, *tmp;

	TAILQ_FOREACH_SAFE(qpair, &group->qpairs, link, tmp) {
		if (nvmf_qpair_is_of(qpair, subsystem)) {
			spdk_nvmf_qpair_disconnect(qpair);
		}
	}
	spdk_for_each_channel_continue(i, 0);
}

static void stop_disconnect(void *arg);

static void
stop_disconnected(struct spdk_io_channel_iter *i, int status)
{
	struct spdk_nvmf_subsystem *subsystem = spdk_io_channel_iter_get_ctx(i);

	if (status != 0) {
		retry_later(&subsystem->change_retry, subsystem, stop_disconnect);
		return;
	}
	subsystem->groups_stopped = true;
	stop_check(subsystem);
}

static void
stop_disconnect(void *arg)
{
	struct spdk_nvmf_subsystem *subsystem = arg;

	spdk_for_each_channel(subsystem->tgt, stop_disconnect_group, subsystem, stop_disconnected);
}

static void
stop_begin(struct spdk_nvmf_subsystem *subsystem, int status)
{
	subsystem->stop_status = status;
	stop_disconnect(subsystem);
}

int
spdk_nvmf_subsystem_stop(struct spdk_nvmf_subsystem *subsystem,
                         spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg)
{
	assert(nvmf_tgt_on_thread(subsystem->tgt));
	if (subsystem_is_changing(subsystem)) {
		return -EBUSY;
	}
	if (subsystem->state == NVMF_SUBSYSTEM_INACTIVE) {
		if (cb_fn != NULL) {
			cb_fn(subsystem, cb_arg, 0);
		}
		return 0;
	}
	state_change_begin(subsystem, NVMF_SUBSYSTEM_DEACTIVATING, cb_fn, cb_arg);
	stop_begin(subsystem, 0);
	return 0;
}

void
nvmf_subsystem_ctrlr_gone(struct spdk_nvmf_subsystem *subsystem)
{
	nvmf_check_disconnects(subsystem->tgt);
	if (subsystem->state == NVMF_SUBSYSTEM_DEACTIVATING) {
		stop_check(subsystem);
	}
}

/* ---- Start ---- */

static void
start_group(struct spdk_io_channel_iter *i)
{
	struct spdk_nvmf_subsystem *subsystem = spdk_io_channel_iter_get_ctx(i);
	struct spdk_nvmf_poll_group *group = visit(i);
	int rc;

	rc = nvmf_sgroup_update(group, subsystem);
	if (rc == 0) {
		nvmf_sgroup_activate(group, subsystem);
	}
	nvmf_subsystem_visited(i, rc);
}

static void
start_done(struct spdk_io_channel_iter *i, int status)
{
	struct spdk_nvmf_subsystem *subsystem = spdk_io_channel_iter_get_ctx(i);

	if (status != 0) {
		subsystem_set_state(subsystem, NVMF_SUBSYSTEM_DEACTIVATING);
		stop_begin(subsystem, status);
		return;
	}
	state_change_finish(subsystem, NVMF_SUBSYSTEM_ACTIVE, 0);
	nvmf_discovery_changed(subsystem->tgt);
}

int
spdk_nvmf_subsystem_start(struct spdk_nvmf_subsystem *subsystem,
                          spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg)
{
	assert(nvmf_tgt_on_thread(subsystem->tgt));
	if (subsystem_is_changing(subsystem) || subsystem->destroying) {
		return -EBUSY;
	}
	if (subsystem->state != NVMF_SUBSYSTEM_INACTIVE) {
		if (cb_fn != NULL) {
			cb_fn(subsystem, cb_arg, 0);
		}
		return 0;
	}
	state_change_begin(subsystem, NVMF_SUBSYSTEM_ACTIVATING, cb_fn, cb_arg);
	spdk_for_each_channel(subsystem->tgt, start_group, subsystem, start_done);
	return 0;
}

/* ---- Pause and resume ---- */

static void
pause_group(struct spdk_io_channel_iter *i)
{
	struct spdk_nvmf_subsystem *subsystem = spdk_io_channel_iter_get_ctx(i);

	nvmf_sgroup_pause(visit(i), subsystem, subsystem->pause_nsid, i);
}

static void
pause_done(struct spdk_io_channel_iter *i, int status)
{
	state_change_finish(spdk_io_channel_iter_get_ctx(i),
	                    status == 0 ? NVMF_SUBSYSTEM_PAUSED : NVMF_SUBSYSTEM_ACTIVE, status);
}

int
spdk_nvmf_subsystem_pause(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid,
                          spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg)
{
	assert(nvmf_tgt_on_thread(subsystem->tgt));
	if (subsystem_is_changing(subsystem)) {
		return -EBUSY;
	}
	if (subsystem->state == NVMF_SUBSYSTEM_PAUSED) {
		if (cb_fn != NULL) {
			cb_fn(subsystem, cb_arg, 0);
		}
		return 0;
	}
	if (subsystem->state != NVMF_SUBSYSTEM_ACTIVE) {
		return -EINVAL;
	}
	state_change_begin(subsystem, NVMF_SUBSYSTEM_PAUSING, cb_fn, cb_arg);
	subsystem->pause_nsid = nsid;
	spdk_for_each_channel(subsystem->tgt, pause_group, subsystem, pause_done);
	return 0;
}

/** A group that can't open a namespace's channel serves the others: to that namespace it answers
 *  "invalid namespace", and the caller of the resume learns of it. */
static void
resume_group(struct spdk_io_channel_iter *i)
{
	struct spdk_nvmf_subsystem *subsystem = spdk_io_channel_iter_get_ctx(i);
	struct spdk_nvmf_poll_group *group = visit(i);
	int rc;

	rc = nvmf_sgroup_update(group, subsystem);
	if (rc != 0) {
		subsystem->resume_status = rc;
	}
	nvmf_sgroup_activate(group, subsystem);
	nvmf_subsystem_visited(i, 0);
}

static void resume_groups(void *arg);

static void
resume_done(struct spdk_io_channel_iter *i, int status)
{
	struct spdk_nvmf_subsystem *subsystem = spdk_io_channel_iter_get_ctx(i);

	if (status != 0) {
		retry_later(&subsystem->change_retry, subsystem, resume_groups);
		return;
	}
	state_change_finish(subsystem, NVMF_SUBSYSTEM_ACTIVE, subsystem->resume_status);
}

static void
resume_groups(void *arg)
{
	struct spdk_nvmf_subsystem *subsystem = arg;

	spdk_for_each_channel(subsystem->tgt, resume_group, subsystem, resume_done);
}

int
spdk_nvmf_subsystem_resume(struct spdk_nvmf_subsystem *subsystem,
                           spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg)
{
	assert(nvmf_tgt_on_thread(subsystem->tgt));
	if (subsystem_is_changing(subsystem)) {
		return -EBUSY;
	}
	if (subsystem->state == NVMF_SUBSYSTEM_ACTIVE) {
		if (cb_fn != NULL) {
			cb_fn(subsystem, cb_arg, 0);
		}
		return 0;
	}
	if (subsystem->state != NVMF_SUBSYSTEM_PAUSED) {
		return -EINVAL;
	}
	state_change_begin(subsystem, NVMF_SUBSYSTEM_RESUMING, cb_fn, cb_arg);
	subsystem->resume_status = 0;
	resume_groups(subsystem);
	return 0;
}

/* ---- Things to do while paused, one after another ---- */

static struct nvmf_subsystem_op *
op_take(struct spdk_nvmf_subsystem *subsystem)
{
	struct nvmf_subsystem_op *op = STAILQ_FIRST(&subsystem->ops);

	STAILQ_REMOVE_HEAD(&subsystem->ops, link);
	op->queued = false;
	return op;
}

static void
op_finish(struct spdk_nvmf_subsystem *subsystem, struct nvmf_subsystem_op *op, int status)
{
	nvmf_paused_fn fn = op->fn;
	void *arg = op->arg;

	if (!op->must) {
		free(op);
		subsystem->num_ops--;
	}
	fn(subsystem, arg, status);
}

/** The next operation. */
static void
ops_go_on(void *arg)
{
	struct spdk_nvmf_subsystem *subsystem = arg;

	subsystem->op_running = false;
	nvmf_subsystem_run_ops(subsystem);
}

static void
op_resumed(struct spdk_nvmf_subsystem *subsystem, void *cb_arg, int status)
{
	ops_go_on(subsystem);
}

/** The pause failed, perhaps within the call that asked for it: go on by a message or a timer, not
 *  from here, where each failure would nest in the one before. */
static void
op_not_paused(struct spdk_nvmf_subsystem *subsystem, struct nvmf_subsystem_op *op, int status)
{
	if (op->must) {
		op->queued = true;
		STAILQ_INSERT_HEAD(&subsystem->ops, op, link);
		retry_later(&subsystem->op_retry, subsystem, ops_go_on);
		return;
	}
	op_finish(subsystem, op, status);
	spdk_thread_send_msg(subsystem->tgt->thread, ops_go_on, subsystem);
}

static void
op_paused(struct spdk_nvmf_subsystem *subsystem, void *cb_arg, int status)
{
	if (status != 0) {
		op_not_paused(subsystem, cb_arg, status);
		return;
	}
	op_finish(subsystem, cb_arg, 0);
	if (subsystem->state != NVMF_SUBSYSTEM_PAUSED ||
	    spdk_nvmf_subsystem_resume(subsystem, op_resumed, NULL) != 0) {
		ops_go_on(subsystem); /* the operation itself changed the state */
	}
}

/** It was destroyed while an operation was under way. */
static void
destroy_late(struct spdk_nvmf_subsystem *subsystem)
{
	nvmf_subsystem_destroy_cb cb_fn = subsystem->destroy_cb_fn;
	void *cb_arg = subsystem->destroy_cb_arg;

	nvmf_subsystem_free(subsystem);
	if (cb_fn != NULL) {
		cb_fn(cb_arg);
	}
}

void
nvmf_subsystem_run_ops(struct spdk_nvmf_subsystem *subsystem)
{
	struct nvmf_subsystem_op *op;

	if (subsystem->destroying && !subsystem->op_running) {
		destroy_late(subsystem);
		return;
	}
	while (!subsystem->op_running && !STAILQ_EMPTY(&subsystem->ops)) {
		if (subsystem_is_changing(subsystem) || subsystem->state == NVMF_SUBSYSTEM_PAUSED) {
			return; /* by somebody else, who goes on: state_change_finish() */
		}
		op = op_take(subsystem);
		if (subsystem->state == NVMF_SUBSYSTEM_INACTIVE) {
			op_finish(subsystem, op, 0);
			continue;
		}
		subsystem->op_running = true;
		(void)spdk_nvmf_subsystem_pause(subsystem, op->nsid, op_paused, op);
	}
}

void
nvmf_subsystem_fail_ops(struct spdk_nvmf_subsystem *subsystem)
{
	while (!STAILQ_EMPTY(&subsystem->ops)) {
		op_finish(subsystem, op_take(subsystem), -ENODEV);
	}
}

static void
op_queue(struct spdk_nvmf_subsystem *subsystem, struct nvmf_subsystem_op *op)
{
	op->queued = true;
	STAILQ_INSERT_TAIL(&subsystem->ops, op, link);
	nvmf_subsystem_run_ops(subsystem);
}

void
nvmf_subsystem_run_op(struct spdk_nvmf_subsystem *subsystem, struct nvmf_subsystem_op *op)
{
	assert(nvmf_tgt_on_thread(subsystem->tgt) && op->must && !op->queued);
	op_queue(subsystem, op);
}

void
nvmf_subsystem_drop_op(struct spdk_nvmf_subsystem *subsystem, struct nvmf_subsystem_op *op)
{
	if (op->queued) {
		STAILQ_REMOVE(&subsystem->ops, op, nvmf_subsystem_op, link);
		op->queued = false;
	}
}

int
nvmf_subsystem_run_paused(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid, nvmf_paused_fn fn,
                          void *arg)
{
	struct nvmf_subsystem_op *op;

	assert(nvmf_tgt_on_thread(subsystem->tgt));
	if (subsystem->num_ops >= NVMF_MAX_SUBSYSTEM_OPS || subsystem->destroying) {
		return -EBUSY;
	}
	op = calloc(1, sizeof(*op));
	if (op == NULL) {
		return -ENOMEM;
	}
	op->nsid = nsid;
	op->fn = fn;
	op->arg = arg;
	subsystem->num_ops++;
	op_queue(subsystem, op);
	return 0;
}
