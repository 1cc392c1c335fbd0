/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Queue pairs: the part that all transports share. Owner: the thread that uses the queue pair; for
 * the admin queue any thread under ctrlr->lock.
 *
 *	DISCONNECTED -> CONNECTING -> CONNECTED -> DISCONNECTING -> DISCONNECTED -> ...
 *	             -> DESTROYING
 *
 * CONNECTING may also go to DISCONNECTING. The short way of a submit is one test of `slow`, which
 * is 0 exactly when the queue pair is CONNECTED, nothing waits in front, and nobody watches
 * time-outs. A transport reports the end of its work by nvme_qpair_connect_done() and
 * nvme_qpair_disconnect_done(). Deadlines of connecting are the transport's.
 */

#include "spdk_internal/nvme.h"

#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/util.h"

int
nvme_qpair_init(struct spdk_nvme_qpair *qpair, uint16_t id, struct spdk_nvme_ctrlr *ctrlr,
                enum spdk_nvme_qprio qprio, uint32_t num_requests, bool async)
{
	uint32_t i;

	assert(num_requests > 0);
	memset(qpair, 0, sizeof(*qpair));
	qpair->ops = ctrlr->ops;
	qpair->ctrlr = ctrlr;
	qpair->id = id;
	qpair->qprio = (uint8_t)qprio;
	qpair->async = async;
	qpair->state = NVME_QPAIR_DISCONNECTED;
	qpair->slow = NVME_QPAIR_SLOW_STATE;
	STAILQ_INIT(&qpair->free_reqs);
	STAILQ_INIT(&qpair->queued);

	qpair->reqs = spdk_zmalloc(num_requests * sizeof(*qpair->reqs), SPDK_CACHE_LINE_SIZE, NULL,
	                           SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	if (qpair->reqs == NULL) {
		return -ENOMEM;
	}
	qpair->num_reqs = num_requests;
	for (i = 0; i < num_requests; i++) {
		qpair->reqs[i].qpair = qpair;
		STAILQ_INSERT_TAIL(&qpair->free_reqs, &qpair->reqs[i], link);
	}
	nvme_qpair_update_timeout(qpair);
	return 0;
}

void
nvme_qpair_deinit(struct spdk_nvme_qpair *qpair)
{
	nvme_fabric_connect_cancel(qpair);
	spdk_free(qpair->reqs);
	qpair->reqs = NULL;
	qpair->num_reqs = 0;
}

static bool
qpair_step_is_legal(enum nvme_qpair_state from, enum nvme_qpair_state to)
{
	switch (to) {
	case NVME_QPAIR_DISCONNECTED:
		return from == NVME_QPAIR_DISCONNECTING;
	case NVME_QPAIR_CONNECTING:
		return from == NVME_QPAIR_DISCONNECTED;
	case NVME_QPAIR_CONNECTED:
		return from == NVME_QPAIR_CONNECTING;
	case NVME_QPAIR_DISCONNECTING:
		return from == NVME_QPAIR_CONNECTED || from == NVME_QPAIR_CONNECTING;
	case NVME_QPAIR_DESTROYING:
		return from == NVME_QPAIR_DISCONNECTED;
	}
	return false;
}

void
nvme_qpair_set_state(struct spdk_nvme_qpair *qpair, enum nvme_qpair_state state)
{
	assert(qpair_step_is_legal(qpair->state, state));
	qpair->state = (uint8_t)state;
	if (state == NVME_QPAIR_CONNECTED) {
		qpair->slow &= (uint8_t)~NVME_QPAIR_SLOW_STATE;
	} else {
		qpair->slow |= NVME_QPAIR_SLOW_STATE;
	}
}

void
nvme_qpair_update_timeout(struct spdk_nvme_qpair *qpair)
{
	struct spdk_nvme_ctrlr *ctrlr = qpair->ctrlr;

	qpair->timeout_ticks =
	        qpair->id == 0 ? ctrlr->timeout_admin_ticks : ctrlr->timeout_io_ticks;
	if (ctrlr->timeout_cb_fn == NULL) {
		qpair->timeout_ticks = 0;
	}
	if (qpair->timeout_ticks != 0) {
		qpair->slow |= NVME_QPAIR_SLOW_TIMEOUT;
	} else {
		qpair->slow &= (uint8_t)~NVME_QPAIR_SLOW_TIMEOUT;
	}
}

/* ---- Submit ---- */

static void
qpair_queue(struct spdk_nvme_qpair *qpair, struct nvme_request *req)
{
	req->flags |= NVME_REQ_QUEUED;
	STAILQ_INSERT_TAIL(&qpair->queued, req, link);
	qpair->slow |= NVME_QPAIR_SLOW_QUEUED;
}

static int
qpair_submit_one(struct spdk_nvme_qpair *qpair, struct nvme_request *req)
{
	int rc;

	if (qpair->ctrlr->is_failed || qpair->state == NVME_QPAIR_DISCONNECTED ||
	    qpair->state == NVME_QPAIR_DISCONNECTING || qpair->state == NVME_QPAIR_DESTROYING) {
		return -ENXIO;
	}
	if (qpair->timeout_ticks != 0) {
		req->submit_tick = spdk_get_ticks();
	}
	if ((req->flags & NVME_REQ_CONNECT) == 0 &&
	    (qpair->state == NVME_QPAIR_CONNECTING || !STAILQ_EMPTY(&qpair->queued))) {
		qpair_queue(qpair, req);
		return 0;
	}
	rc = qpair->ops->qpair_submit_request(qpair, req);
	if (rc == -EAGAIN) {
		qpair_queue(qpair, req);
		return 0;
	}
	return rc;
}

/*
 * Children go out in order. When one is refused, those behind it are given back. If it was the
 * first, the caller hears it now; else the parent's call-back does, once those that went out are
 * back: the memory that they use must stay until then.
 */
static int
qpair_submit_children(struct spdk_nvme_qpair *qpair, struct nvme_request *parent)
{
	uint16_t num_sent = 0;
	struct nvme_request *child;
	int rc = 0;

	memset(&parent->parent_status, 0, sizeof(parent->parent_status));
	while ((child = STAILQ_FIRST(&parent->children)) != NULL) {
		STAILQ_REMOVE_HEAD(&parent->children, link);
		rc = qpair_submit_one(qpair, child);
		if (rc != 0) {
			STAILQ_INSERT_HEAD(&parent->children, child, link);
			break;
		}
		num_sent++;
	}
	if (rc == 0) {
		return 0;
	}
	if (num_sent == 0) {
		nvme_request_put(parent);
		return rc;
	}
	while ((child = STAILQ_FIRST(&parent->children)) != NULL) {
		STAILQ_REMOVE_HEAD(&parent->children, link);
		child->parent = NULL;
		nvme_request_put(child);
	}
	parent->num_children = num_sent;
	parent->parent_status.sqid = qpair->id;
	parent->parent_status.status.sct = SPDK_NVME_SCT_PATH;
	parent->parent_status.status.sc = SPDK_NVME_SC_HOST_PATH_ERROR;
	return 0;
}

int
nvme_qpair_submit_long(struct spdk_nvme_qpair *qpair, struct nvme_request *req, int rc)
{
	if (req->num_children > 0) {
		return qpair_submit_children(qpair, req);
	}
	if (rc == 0) {
		rc = qpair_submit_one(qpair, req);
	} else if (rc == -EAGAIN) {
		qpair_queue(qpair, req);
		rc = 0;
	}
	if (rc != 0) {
		nvme_request_put(req);
	}
	return rc;
}

void
nvme_qpair_send_queued(struct spdk_nvme_qpair *qpair)
{
	struct nvme_request *req;
	int rc;

	while (qpair->state == NVME_QPAIR_CONNECTED &&
	       (req = STAILQ_FIRST(&qpair->queued)) != NULL) {
		STAILQ_REMOVE_HEAD(&qpair->queued, link);
		rc = qpair->ops->qpair_submit_request(qpair, req);
		if (rc == -EAGAIN) {
			STAILQ_INSERT_HEAD(&qpair->queued, req, link);
			return;
		}
		req->flags &= (uint16_t)~NVME_REQ_QUEUED;
		if (rc != 0) {
			nvme_request_fail(req, SPDK_NVME_SCT_GENERIC,
			                  SPDK_NVME_SC_INTERNAL_DEVICE_ERROR, true);
		}
	}
	if (STAILQ_EMPTY(&qpair->queued)) {
		qpair->slow &= (uint8_t)~NVME_QPAIR_SLOW_QUEUED;
	}
}

void
nvme_qpair_abort_queued(struct spdk_nvme_qpair *qpair, bool dnr)
{
	struct nvme_request_queue aborted = STAILQ_HEAD_INITIALIZER(aborted);
	struct nvme_request *req;

	/* Only those of now: a call-back may submit again. */
	STAILQ_CONCAT(&aborted, &qpair->queued);
	qpair->slow &= (uint8_t)~NVME_QPAIR_SLOW_QUEUED;
	while ((req = STAILQ_FIRST(&aborted)) != NULL) {
		STAILQ_REMOVE_HEAD(&aborted, link);
		nvme_request_fail(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_ABORTED_SQ_DELETION,
		                  dnr);
	}
}

/* ---- Completion contexts ---- */

void
nvme_qpair_enter_poll(struct spdk_nvme_qpair *qpair)
{
	assert(qpair->in_poll < UINT8_MAX);
	qpair->in_poll++;
}

bool
nvme_qpair_leave_poll(struct spdk_nvme_qpair *qpair)
{
	assert(qpair->in_poll > 0);
	if (--qpair->in_poll == 0 && spdk_unlikely(qpair->delete_after_poll)) {
		/* In a group's poll the group frees it at the end: its lists are being walked. */
		if (qpair->poll_group == NULL || !qpair->poll_group->group->in_poll) {
			spdk_nvme_ctrlr_free_io_qpair(qpair);
		}
		return true;
	}
	return false;
}

static inline bool
qpair_is_up(const struct spdk_nvme_qpair *qpair)
{
	return qpair->state == NVME_QPAIR_CONNECTED || qpair->state == NVME_QPAIR_CONNECTING;
}

/* The controller failed, or somebody resets it: the owner is the one who takes the queue down. */
static inline bool
qpair_must_disconnect(const struct spdk_nvme_qpair *qpair)
{
	return __atomic_load_n(&qpair->failure_reason, __ATOMIC_RELAXED) !=
	               SPDK_NVME_QPAIR_FAILURE_NONE ||
	       (qpair->ctrlr->is_failed && qpair->id != 0);
}

void
nvme_qpair_attend(struct spdk_nvme_qpair *qpair)
{
	if (qpair_is_up(qpair) &&
	    (qpair_must_disconnect(qpair) || qpair->state == NVME_QPAIR_CONNECTING ||
	     qpair->timeout_ticks != 0)) {
		spdk_nvme_qpair_process_completions(qpair, 0);
	}
}

int32_t
spdk_nvme_qpair_process_completions(struct spdk_nvme_qpair *qpair, uint32_t max_completions)
{
	int32_t rc;

	if (spdk_unlikely(qpair->state == NVME_QPAIR_DISCONNECTED ||
	                  qpair->state == NVME_QPAIR_DESTROYING)) {
		return -ENXIO;
	}
	nvme_qpair_enter_poll(qpair);
	if (spdk_unlikely(qpair_must_disconnect(qpair))) {
		nvme_qpair_disconnect(qpair);
		rc = -ENXIO;
	} else {
		rc = qpair->ops->qpair_process_completions(qpair, max_completions);
		if (spdk_unlikely(rc < 0)) {
			nvme_qpair_disconnect(qpair);
		}
		if (spdk_unlikely(!qpair_is_up(qpair))) {
			rc = -ENXIO;
		} else if (spdk_unlikely((qpair->slow & NVME_QPAIR_SLOW_QUEUED) != 0)) {
			nvme_qpair_send_queued(qpair);
		}
	}
	if (nvme_qpair_leave_poll(qpair)) {
		return -ENXIO;
	}
	return rc;
}

/* ---- Connect and disconnect ---- */

void
nvme_qpair_connect_done(struct spdk_nvme_qpair *qpair)
{
	nvme_qpair_set_state(qpair, NVME_QPAIR_CONNECTED);
	nvme_qpair_send_queued(qpair);
}

static int
qpair_connect_wait(struct spdk_nvme_qpair *qpair)
{
	while (qpair->state == NVME_QPAIR_CONNECTING) {
		/* Disconnected, and perhaps freed by the call-back of a command that waited. */
		if (spdk_nvme_qpair_process_completions(qpair, 0) < 0) {
			return -EIO;
		}
		nvme_relax();
	}
	return qpair->state == NVME_QPAIR_CONNECTED ? 0 : -EIO;
}

int
nvme_qpair_connect(struct spdk_nvme_qpair *qpair)
{
	struct spdk_nvme_ctrlr *ctrlr = qpair->ctrlr;
	int rc;

	if (qpair->state != NVME_QPAIR_DISCONNECTED) {
		return qpair->state == NVME_QPAIR_DISCONNECTING ? -EAGAIN : -EINVAL;
	}
	qpair->failure_reason = SPDK_NVME_QPAIR_FAILURE_NONE;
	nvme_qpair_set_state(qpair, NVME_QPAIR_CONNECTING);
	nvme_poll_group_qpair_connected(qpair);
	rc = ctrlr->ops->ctrlr_connect_qpair(ctrlr, qpair);
	if (rc != 0) {
		nvme_qpair_disconnect(qpair);
		return rc;
	}
	if (!qpair->async) {
		return qpair_connect_wait(qpair);
	}
	return 0;
}

void
nvme_qpair_disconnect(struct spdk_nvme_qpair *qpair)
{
	struct spdk_nvme_ctrlr *ctrlr = qpair->ctrlr;

	if (qpair->state != NVME_QPAIR_CONNECTED && qpair->state != NVME_QPAIR_CONNECTING) {
		return;
	}
	nvme_qpair_set_state(qpair, NVME_QPAIR_DISCONNECTING);
	if (qpair->failure_reason == SPDK_NVME_QPAIR_FAILURE_NONE) {
		qpair->failure_reason = SPDK_NVME_QPAIR_FAILURE_LOCAL;
	}
	ctrlr->ops->ctrlr_disconnect_qpair(ctrlr, qpair);
}

void
nvme_qpair_disconnect_done(struct spdk_nvme_qpair *qpair)
{
	bool dnr = qpair->abort_dnr;

	if (qpair->state != NVME_QPAIR_DISCONNECTING) {
		return;
	}
	/*
	 * Still DISCONNECTING while the call-backs run, so that what they submit is refused.
	 * Nothing of this connection can complete any more: the transport has closed it.
	 */
	nvme_qpair_enter_poll(qpair);
	nvme_fabric_connect_cancel(qpair);
	qpair->ops->qpair_abort_reqs(qpair, dnr);
	nvme_qpair_abort_queued(qpair, dnr);
	nvme_qpair_set_state(qpair, NVME_QPAIR_DISCONNECTED);
	nvme_poll_group_qpair_disconnected(qpair);
	nvme_qpair_leave_poll(qpair);
}

/* ---- Small public functions ---- */

spdk_nvme_qp_failure_reason
spdk_nvme_qpair_get_failure_reason(struct spdk_nvme_qpair *qpair)
{
	return (spdk_nvme_qp_failure_reason)qpair->failure_reason;
}

void
spdk_nvme_qpair_set_abort_dnr(struct spdk_nvme_qpair *qpair, bool dnr)
{
	qpair->abort_dnr = dnr;
}

bool
spdk_nvme_qpair_is_connected(struct spdk_nvme_qpair *qpair)
{
	return qpair->state == NVME_QPAIR_CONNECTED;
}

bool
spdk_nvme_qpair_is_admin_queue(struct spdk_nvme_qpair *qpair)
{
	return qpair->id == 0;
}

uint16_t
spdk_nvme_qpair_get_queue_depth(struct spdk_nvme_qpair *qpair)
{
	return qpair->queue_depth;
}

uint16_t
spdk_nvme_qpair_get_id(struct spdk_nvme_qpair *qpair)
{
	return qpair->id;
}

uint32_t
spdk_nvme_qpair_get_num_outstanding_reqs(struct spdk_nvme_qpair *qpair)
{
	return qpair->num_outstanding;
}
