/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Queue pairs that end while commands of theirs stay in the bdev. On the poll group's thread.
 *
 * Nothing of an association may reach media once its disconnect is complete, so a queue pair waits
 * for what is in the bdev; but not for ever:
 *	0 s                    disconnect: all of its commands get the deadline
 *	NVMF_DRAIN_ABORT_S     a line; each command is aborted, where the bdev can
 *	NVMF_DRAIN_RESET_S     what is still there: the bdev is reset, once for all that it has
 * A bdev that keeps a command after that is waited for: freeing the command's buffer would let it
 * write into foreign memory.
 *
 * An abort or reset uses the namespace's channel and descriptor, as the command does that it is
 * for: that command stays outstanding until both are back (NVMF_REQ_IO_HELD, NVMF_REQ_IO_DONE).
 *
 * Timer: one a group, each second, while a queue pair waits.
 */

#include "nvmf_internal.h"

#define DRAIN_POLL_US 1000000

static uint64_t
s_to_ticks(uint64_t s)
{
	return s * spdk_get_ticks_hz();
}

/** The abort or reset is back: the command may leave if it came back meanwhile. */
static void
drain_bdev_done(struct spdk_bdev_io *bdev_io, bool success, void *arg)
{
	struct spdk_nvmf_request *req = arg;
	bool done = req->rsvd == NVMF_REQ_IO_DONE;

	assert(done || req->rsvd == NVMF_REQ_IO_HELD);
	spdk_bdev_free_io(bdev_io);
	req->rsvd = NVMF_REQ_IO;
	if (done) {
		spdk_nvmf_request_complete(req);
	}
}

static void
drain_abort(struct spdk_nvmf_request *req, struct nvmf_sgroup_ns *ns)
{
	req->rsvd = NVMF_REQ_IO_HELD;
	if (spdk_bdev_abort(ns->desc, ns->channel, nvmf_request_bdev_arg(req), drain_bdev_done,
	                    req) != 0) {
		/* Not supported; or no memory, and the next look tries again. */
		req->rsvd = NVMF_REQ_IO;
	}
}

static void
drain_reset(struct spdk_nvmf_request *req, struct nvmf_sgroup_ns *ns, uint64_t due, uint64_t now)
{
	if (ns->reset_ticks >= due) {
		return; /* what the last one did not end the next won't */
	}
	req->rsvd = NVMF_REQ_IO_HELD;
	if (spdk_bdev_reset(ns->desc, ns->channel, drain_bdev_done, req) != 0) {
		req->rsvd = NVMF_REQ_IO; /* no memory: at the next look */
		return;
	}
	ns->reset_ticks = now;
	SPDK_WARNLOG("bdev %s is reset: it did not end commands of a queue that is gone\n",
	             spdk_bdev_get_name(ns->bdev));
}

/** One line a queue pair: at the first look behind the deadline. */
static void
drain_say(const struct spdk_nvmf_qpair *qpair, const struct nvmf_sgroup_ns *ns)
{
	SPDK_ERRLOG_RATELIMIT(
	        "%s: queue %u of host %s waits for bdev %s for more than %d s to end: its "
	        "commands are aborted, and the bdev is reset if that does not help\n",
	        qpair->ctrlr->subsys->nqn, qpair->qid, qpair->ctrlr->hostnqn,
	        spdk_bdev_get_name(ns->bdev), NVMF_DRAIN_ABORT_S);
}

/** All requests of a queue pair have the same deadline. */
static void
drain_look(struct spdk_nvmf_qpair *qpair, uint64_t last, uint64_t now)
{
	struct spdk_nvmf_subsystem_poll_group *sgroup = nvmf_qpair_sgroup(qpair);
	struct spdk_nvmf_request *req;
	struct nvmf_sgroup_ns *ns;
	uint64_t reset_due;
	bool said = false;

	TAILQ_FOREACH(req, &qpair->outstanding, link) {
		if (req->rsvd != NVMF_REQ_IO || now < req->timeout_tsc) {
			continue;
		}
		ns = &sgroup->ns[req->cmd->nvme_cmd.nsid - 1];
		if (!said && req->timeout_tsc > last) {
			drain_say(qpair, ns);
			said = true;
		}
		reset_due = req->timeout_tsc + s_to_ticks(NVMF_DRAIN_RESET_S - NVMF_DRAIN_ABORT_S);
		if (now < reset_due) {
			drain_abort(req, ns);
		} else {
			drain_reset(req, ns, reset_due, now);
		}
	}
}

static int
drain_poll(void *arg)
{
	struct spdk_nvmf_poll_group *group = arg;
	uint64_t last = group->drain_ticks;
	struct spdk_nvmf_qpair *qpair;
	bool waiting = false;

	/* Nothing leaves the list meanwhile: completions never run inside a submit. */
	group->drain_ticks = spdk_get_ticks();
	TAILQ_FOREACH(qpair, &group->qpairs, link) {
		if (qpair->state != SPDK_NVMF_QPAIR_DEACTIVATING) {
			continue;
		}
		waiting = true;
		if (qpair->ctrlr != NULL) {
			drain_look(qpair, last, group->drain_ticks);
		}
	}
	if (!waiting) {
		spdk_poller_pause(group->drain_poller);
	}
	return SPDK_POLLER_IDLE;
}

int
nvmf_drain_init(struct spdk_nvmf_poll_group *group)
{
	group->drain_poller = SPDK_POLLER_REGISTER(drain_poll, group, DRAIN_POLL_US);
	if (group->drain_poller == NULL) {
		return -ENOMEM;
	}
	spdk_poller_pause(group->drain_poller);
	return 0;
}

void
nvmf_drain_begin(struct spdk_nvmf_qpair *qpair)
{
	struct spdk_nvmf_poll_group *group = qpair->group;
	uint64_t deadline = spdk_get_ticks() + s_to_ticks(NVMF_DRAIN_ABORT_S);
	struct spdk_nvmf_request *req;

	TAILQ_FOREACH(req, &qpair->outstanding, link) {
		req->timeout_tsc = deadline;
	}
	spdk_poller_resume(group->drain_poller);
}
