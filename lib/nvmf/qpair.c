/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Queue pairs, from the transport's accept to the end. On the poll group's thread, but for
 * spdk_nvmf_tgt_new_qpair(), which any thread may call.
 *
 *	UNINITIALIZED --poll_group_add--> CONNECTING --Connect--> ENABLED
 *	      any of them --spdk_nvmf_qpair_disconnect()--> DEACTIVATING --drained--> ERROR, freed
 *
 * Teardown, in the one order:
 *	1. stop admission: DEACTIVATING; spdk_nvmf_request_exec() refuses, bdev retries give up;
 *	2. drain: commands that wait for something of ours are given back; those in the bdev have a
 *	   deadline, behind which they are aborted: drain.c;
 *	3. fence: only when none is left does the controller forget the queue and the transport
 *	   close the connection: no I/O of it can reach media any more;
 *	4. free: by the transport.
 */

#include "nvmf_internal.h"
#include "spdk_internal/usdt.h"

#include "spdk_internal/thread.h"

/* ---- Begin ---- */

static void
new_qpair_refused(void *arg)
{
}

static void
new_qpair_on_group(void *arg)
{
	struct spdk_nvmf_qpair *qpair = arg;
	struct spdk_nvmf_poll_group *group = qpair->group;

	qpair->group = NULL;
	if (spdk_nvmf_poll_group_add(group, qpair) != 0) {
		qpair->state = SPDK_NVMF_QPAIR_ERROR;
		qpair->transport->ops->qpair_fini(qpair, new_qpair_refused, NULL);
	}
}

static struct spdk_nvmf_poll_group *
tgt_pick_group(struct spdk_nvmf_tgt *tgt, struct spdk_nvmf_qpair *qpair)
{
	struct spdk_nvmf_poll_group *group = spdk_nvmf_get_optimal_poll_group(qpair);

	if (group != NULL) {
		return group->destroy_cb_fn == NULL ? group : NULL;
	}
	group = tgt->next_group != NULL ? tgt->next_group : TAILQ_FIRST(&tgt->poll_groups);
	if (group == NULL || group->destroy_cb_fn != NULL) {
		return NULL;
	}
	tgt->next_group = TAILQ_NEXT(group, link);
	return group;
}

void
spdk_nvmf_tgt_new_qpair(struct spdk_nvmf_tgt *tgt, struct spdk_nvmf_qpair *qpair)
{
	struct spdk_nvmf_poll_group *group;

	USDT_PROBE2(nvmf_new_qpair, tgt->name, qpair);
	pthread_mutex_lock(&tgt->mutex);
	group = tgt_pick_group(tgt, qpair);
	if (group != NULL) {
		qpair->group = group;
		spdk_thread_send_msg(group->thread, new_qpair_on_group, qpair);
	}
	pthread_mutex_unlock(&tgt->mutex);
	if (group == NULL) {
		qpair->state = SPDK_NVMF_QPAIR_ERROR;
		qpair->transport->ops->qpair_fini(qpair, new_qpair_refused, NULL);
	}
}

/* ---- End ---- */

static void
qpair_freed(void *arg)
{
}

static void
qpair_free(struct spdk_nvmf_qpair *qpair)
{
	USDT_PROBE1(nvmf_transport_qpair_fini, qpair);
	qpair->transport->ops->qpair_fini(qpair, qpair_freed, NULL);
}

static void
qpair_left_ctrlr(void *arg)
{
	struct spdk_nvmf_qpair *qpair = arg;

	spdk_nvmf_poll_group_remove(qpair);
	qpair_free(qpair);
}

/** On the controller's thread. The group's thread leaves the queue pair alone meanwhile; the
 *  controller may be freed before that thread hears of it. */
static void
qpair_leave_ctrlr(void *arg)
{
	struct spdk_nvmf_qpair *qpair = arg;

	nvmf_ctrlr_remove_qpair(qpair->ctrlr, qpair->qid);
	spdk_thread_send_msg(qpair->group->thread, qpair_left_ctrlr, qpair);
}

/** Fence: nothing of the queue runs. From here on it does not name its controller any more: see
 *  nvmf_qpair_is_of(). Takes no memory, so that an end never fails. */
static void
qpair_drained(struct spdk_nvmf_qpair *qpair)
{
	assert(TAILQ_EMPTY(&qpair->outstanding) && qpair->state == SPDK_NVMF_QPAIR_DEACTIVATING);
	qpair->state = SPDK_NVMF_QPAIR_ERROR;
	if (qpair->ctrlr == NULL) {
		spdk_nvmf_poll_group_remove(qpair);
		qpair_free(qpair);
		return;
	}
	spdk_thread_exec_msg(qpair->ctrlr->thread, qpair_leave_ctrlr, qpair);
}

void
nvmf_qpair_check_drained(struct spdk_nvmf_qpair *qpair)
{
	if (spdk_unlikely(qpair->state == SPDK_NVMF_QPAIR_DEACTIVATING) &&
	    TAILQ_EMPTY(&qpair->outstanding)) {
		qpair_drained(qpair);
	}
}

/** Give back what waits for something of ours; what is in the bdev or in a message stays. */
static void
qpair_drop_waiting(struct spdk_nvmf_qpair *qpair)
{
	struct spdk_nvmf_subsystem_poll_group *sgroup;
	struct spdk_nvmf_request *req, *tmp;

	if (qpair->ctrlr == NULL) {
		return;
	}
	if (nvmf_qpair_is_admin(qpair)) {
		nvmf_ctrlr_drop_aers(qpair->ctrlr);
	}
	sgroup = nvmf_qpair_sgroup(qpair);
	TAILQ_FOREACH_SAFE(req, &qpair->outstanding, link, tmp) {
		if (req->rsvd == NVMF_REQ_QUEUED) {
			STAILQ_REMOVE(&sgroup->queued, req, spdk_nvmf_request, reservation_link);
			req->rsvd = NVMF_REQ_UNCOUNTED;
			nvmf_request_drop(req);
		}
	}
}

int
spdk_nvmf_qpair_disconnect(struct spdk_nvmf_qpair *qpair)
{
	struct spdk_nvmf_ctrlr *ctrlr = qpair->ctrlr;

	USDT_PROBE2(nvmf_qpair_disconnect, qpair, spdk_thread_get_id(spdk_get_thread()));
	assert(qpair->group != NULL && qpair->group->thread == spdk_get_thread());
	if (qpair->disconnect_started) {
		return -EINPROGRESS;
	}
	qpair->disconnect_started = true;
	qpair->state = SPDK_NVMF_QPAIR_DEACTIVATING;
	if (ctrlr != NULL && nvmf_qpair_is_admin(qpair)) {
		nvmf_ctrlr_kill(ctrlr, NULL);
	}
	/* The transport stops reading, gives back requests that wait for the peer or a buffer. */
	if (qpair->transport->ops->qpair_abort_request != NULL) {
		qpair->transport->ops->qpair_abort_request(qpair, NULL);
	}
	qpair_drop_waiting(qpair);
	if (TAILQ_EMPTY(&qpair->outstanding)) {
		nvmf_qpair_check_drained(qpair);
	} else {
		nvmf_drain_begin(qpair);
	}
	return 0;
}

int
spdk_nvmf_qpair_get_peer_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid)
{
	memset(trid, 0, sizeof(*trid));
	return qpair->transport->ops->qpair_get_peer_trid(qpair, trid);
}

int
spdk_nvmf_qpair_get_local_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid)
{
	memset(trid, 0, sizeof(*trid));
	return qpair->transport->ops->qpair_get_local_trid(qpair, trid);
}

int
spdk_nvmf_qpair_get_listen_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid)
{
	memset(trid, 0, sizeof(*trid));
	return qpair->transport->ops->qpair_get_listen_trid(qpair, trid);
}
