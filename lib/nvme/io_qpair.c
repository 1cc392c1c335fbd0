/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * I/O queue pairs as users see them: options, queue ids, allocate, connect, disconnect, reconnect,
 * free. Each call belongs to the thread that uses the queue pair; the controller's list and its
 * queue ids are under ctrlr->lock.
 *
 * Freeing inside a completion call-back marks the queue pair; it goes when the poll that runs the
 * call-back is over, because that poll still looks at it.
 */

#include "spdk_internal/nvme.h"

#include "spdk/assert.h"
#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/util.h"

void
spdk_nvme_ctrlr_get_default_io_qpair_opts(struct spdk_nvme_ctrlr *ctrlr,
                                          struct spdk_nvme_io_qpair_opts *opts, size_t opts_size)
{
	struct spdk_nvme_io_qpair_opts dflt = {
		.qprio = SPDK_NVME_QPRIO_URGENT,
		.io_queue_size = ctrlr->opts.io_queue_size,
		.io_queue_requests = ctrlr->opts.io_queue_requests,
		.opts_size = sizeof(dflt),
	};

	memset(opts, 0, opts_size);
	memcpy(opts, &dflt, spdk_min(opts_size, sizeof(dflt)));
	if (SPDK_FIELD_VALID(opts, opts_size, opts_size)) {
		opts->opts_size = opts_size;
	}
}
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_io_qpair_opts) == 80, "a field without a copy?");

/* ---- Queue ids ---- */

int32_t
spdk_nvme_ctrlr_alloc_qid(struct spdk_nvme_ctrlr *ctrlr)
{
	uint32_t qid;

	nvme_ctrlr_lock(ctrlr);
	for (qid = 1; qid <= ctrlr->opts.num_io_queues; qid++) {
		if (!ctrlr->qid_used[qid]) {
			ctrlr->qid_used[qid] = 1;
			nvme_ctrlr_unlock(ctrlr);
			return (int32_t)qid;
		}
	}
	nvme_ctrlr_unlock(ctrlr);
	SPDK_ERRLOG("%s: all %u I/O queues that the controller grants are in use\n",
	            ctrlr->trid.subnqn, ctrlr->opts.num_io_queues);
	return -1;
}

void
spdk_nvme_ctrlr_free_qid(struct spdk_nvme_ctrlr *ctrlr, uint16_t qid)
{
	nvme_ctrlr_lock(ctrlr);
	assert(qid > 0);
	ctrlr->qid_used[qid] = 0;
	nvme_ctrlr_unlock(ctrlr);
}

/* ---- Allocate and free ---- */

static struct spdk_nvme_qpair *
create_io_qpair(struct spdk_nvme_ctrlr *ctrlr, const struct spdk_nvme_io_qpair_opts *opts)
{
	struct spdk_nvme_qpair *qpair;
	int32_t qid;

	/* Only round robin has queues without priority. */
	if (opts->qprio != SPDK_NVME_QPRIO_URGENT && ctrlr->cc.bits.ams == SPDK_NVME_CC_AMS_RR) {
		SPDK_ERRLOG("%s: queue priority %u needs weighted round robin arbitration\n",
		            ctrlr->trid.subnqn, (unsigned)opts->qprio);
		return NULL;
	}
	qid = spdk_nvme_ctrlr_alloc_qid(ctrlr);
	if (qid < 0) {
		return NULL;
	}
	qpair = ctrlr->ops->ctrlr_create_io_qpair(ctrlr, (uint16_t)qid, opts);
	if (qpair == NULL) {
		SPDK_ERRLOG("%s: no memory for I/O queue %d\n", ctrlr->trid.subnqn, qid);
		spdk_nvme_ctrlr_free_qid(ctrlr, (uint16_t)qid);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&ctrlr->io_qpairs, qpair, ctrlr_link);
	return qpair;
}

struct spdk_nvme_qpair *
spdk_nvme_ctrlr_alloc_io_qpair(struct spdk_nvme_ctrlr *ctrlr,
                               const struct spdk_nvme_io_qpair_opts *user_opts, size_t opts_size)
{
	struct spdk_nvme_io_qpair_opts opts;
	struct spdk_nvme_qpair *qpair = NULL;

	spdk_nvme_ctrlr_get_default_io_qpair_opts(ctrlr, &opts, sizeof(opts));
	if (user_opts != NULL) {
		memcpy(&opts, user_opts, spdk_min(opts_size, sizeof(opts)));
	}
	opts.io_queue_size = spdk_min(opts.io_queue_size, ctrlr->opts.io_queue_size);
	opts.io_queue_size = spdk_max(opts.io_queue_size, (uint32_t)SPDK_NVME_IO_QUEUE_MIN_ENTRIES);
	opts.io_queue_requests = spdk_max(opts.io_queue_requests, 1u);

	nvme_ctrlr_lock(ctrlr);
	if (ctrlr->init.state == NVME_CTRLR_READY && !ctrlr->is_failed) {
		qpair = create_io_qpair(ctrlr, &opts);
	} else {
		SPDK_ERRLOG("%s: no I/O queue: the controller %s\n", ctrlr->trid.subnqn,
		            ctrlr->is_failed ? "has failed; reset it" : "is not up yet");
	}
	nvme_ctrlr_unlock(ctrlr);
	if (qpair == NULL || opts.create_only) {
		return qpair;
	}
	if (spdk_nvme_ctrlr_connect_io_qpair(ctrlr, qpair) != 0) {
		SPDK_ERRLOG("%s: I/O queue %u can't be connected\n", ctrlr->trid.subnqn, qpair->id);
		spdk_nvme_ctrlr_free_io_qpair(qpair);
		return NULL;
	}
	return qpair;
}

int
spdk_nvme_ctrlr_free_io_qpair(struct spdk_nvme_qpair *qpair)
{
	struct spdk_nvme_ctrlr *ctrlr;
	uint16_t qid;

	if (qpair == NULL) {
		return 0;
	}
	ctrlr = qpair->ctrlr;
	if (qpair->in_poll > 0 ||
	    (qpair->poll_group != NULL && qpair->poll_group->group->in_poll)) {
		if (!qpair->delete_after_poll && qpair->poll_group != NULL &&
		    qpair->poll_group->group->in_poll) {
			qpair->poll_group->group->num_to_delete++;
		}
		qpair->delete_after_poll = true;
		return 0;
	}
	/* Never left: call-backs of what is aborted now may free it again, which only marks it. */
	nvme_qpair_enter_poll(qpair);
	nvme_qpair_disconnect(qpair);
	assert(qpair->state == NVME_QPAIR_DISCONNECTED);
	if (qpair->poll_group != NULL) {
		spdk_nvme_poll_group_remove(qpair->poll_group->group, qpair);
	}
	nvme_qpair_set_state(qpair, NVME_QPAIR_DESTROYING);
	qid = qpair->id;
	nvme_ctrlr_lock(ctrlr);
	TAILQ_REMOVE(&ctrlr->io_qpairs, qpair, ctrlr_link);
	ctrlr->ops->ctrlr_delete_io_qpair(ctrlr, qpair);
	spdk_nvme_ctrlr_free_qid(ctrlr, qid);
	nvme_ctrlr_unlock(ctrlr);
	return 0;
}

/* ---- Connect and disconnect ---- */

int
spdk_nvme_ctrlr_connect_io_qpair(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair)
{
	if (ctrlr->is_removed || ctrlr->is_failed || ctrlr->init.state != NVME_CTRLR_READY) {
		return -ENXIO;
	}
	return nvme_qpair_connect(qpair);
}

void
spdk_nvme_ctrlr_disconnect_io_qpair(struct spdk_nvme_qpair *qpair)
{
	nvme_qpair_disconnect(qpair);
}

int
spdk_nvme_ctrlr_reconnect_io_qpair(struct spdk_nvme_qpair *qpair)
{
	struct spdk_nvme_ctrlr *ctrlr = qpair->ctrlr;

	if (ctrlr->is_removed) {
		return -ENODEV;
	}
	if (ctrlr->is_resetting || qpair->state == NVME_QPAIR_DISCONNECTING) {
		return -EAGAIN;
	}
	if (ctrlr->is_failed || qpair->state == NVME_QPAIR_DESTROYING) {
		return -ENXIO;
	}
	if (qpair->state != NVME_QPAIR_DISCONNECTED) {
		/* Of a reset: first the old connection goes. */
		if (qpair->failure_reason == SPDK_NVME_QPAIR_FAILURE_NONE) {
			return 0;
		}
		nvme_qpair_disconnect(qpair);
	}
	return nvme_qpair_connect(qpair) == 0 ? 0 : -EAGAIN;
}
