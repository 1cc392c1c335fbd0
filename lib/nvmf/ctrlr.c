/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Controllers: from the admin queue's Connect to the last queue's end. A controller lives on the
 * thread of its admin queue; the list that it is in belongs to the target thread.
 *
 * Timers: keep-alive (KATO, or 2 minutes of silence for a discovery controller without one), while
 * the controller is enabled; association (a host that has not enabled its controller yet, or reset
 * or shut it down, and then stays away).
 *
 * Freeing takes two messages:
 *	controller thread: no queue, no hold   --(1)-->  target thread: out of the list
 *	controller thread: free                <--(2)--
 * The target thread sends others to the controller only while it is in the list, so they arrive
 * before (2): whoever holds a pointer from the list never finds it freed.
 */

#include "nvmf_internal.h"
#include "spdk_internal/usdt.h"

#define KATO_POLLS 4 /* looks per keep-alive timeout */

static uint64_t
ms_to_ticks(uint64_t ms)
{
	return ms * spdk_get_ticks_hz() / 1000;
}

/* ---- Making one: target thread ---- */

static uint16_t
subsystem_take_cntlid(struct spdk_nvmf_subsystem *subsystem)
{
	struct spdk_nvmf_ctrlr *ctrlr;
	uint32_t tries = subsystem->max_cntlid - subsystem->min_cntlid + 1;
	uint16_t cntlid;

	while (tries-- > 0) {
		cntlid = subsystem->next_cntlid;
		subsystem->next_cntlid =
		        cntlid == subsystem->max_cntlid ? subsystem->min_cntlid : cntlid + 1;
		TAILQ_FOREACH(ctrlr, &subsystem->ctrlrs, link) {
			if (ctrlr->cntlid == cntlid) {
				break;
			}
		}
		if (ctrlr == NULL) {
			return cntlid;
		}
	}
	SPDK_ERRLOG_RATELIMIT("%s: all controller ids from %u to %u are taken\n", subsystem->nqn,
	                      subsystem->min_cntlid, subsystem->max_cntlid);
	return 0;
}

static void
ctrlr_init_regs(struct spdk_nvmf_ctrlr *ctrlr)
{
	ctrlr->regs.cap.bits.mqes = ctrlr->transport->opts.max_queue_depth - 1;
	ctrlr->regs.cap.bits.cqr = 1;
	ctrlr->regs.cap.bits.to = 60; /* x 500 ms: a reset waits for what is in the bdev */
	ctrlr->regs.cap.bits.css = SPDK_NVME_CAP_CSS_NVM;
	ctrlr->regs.vs.bits.mjr = 1;
	ctrlr->regs.vs.bits.mnr = 4;
}

static void
ctrlr_init_cdata(struct spdk_nvmf_ctrlr *ctrlr)
{
	struct spdk_nvmf_ctrlr_data *cdata = &ctrlr->cdata;

	cdata->aerl = NVMF_MAX_AERS - 1;
	cdata->kas = ctrlr->transport->opts.kas;
	cdata->cntrltype = ctrlr->discovery ? SPDK_NVME_CTRLR_DISCOVERY : SPDK_NVME_CTRLR_IO;
	if (!ctrlr->discovery) {
		cdata->oncs.nvmdsmsv = 1;
		cdata->oncs.nvmwzsv = 1;
		cdata->oncs.raw &= ctrlr->transport->opts.oncs.raw;
	}
	cdata->sgls.supported = SPDK_NVME_SGLS_SUPPORTED;
	cdata->sgls.sgl_offset = 1;
	cdata->nvmf_specific.ioccsz = sizeof(struct spdk_nvme_cmd) / 16;
	cdata->nvmf_specific.iorcsz = sizeof(struct spdk_nvme_cpl) / 16;
	cdata->nvmf_specific.msdbd = 1;
	if (ctrlr->transport->ops->cdata_init != NULL) {
		ctrlr->transport->ops->cdata_init(ctrlr->transport, ctrlr->subsys, cdata);
	}
}

struct spdk_nvmf_ctrlr *
nvmf_ctrlr_alloc(struct spdk_nvmf_subsystem *subsystem, struct spdk_nvmf_qpair *qpair,
                 const struct wire_connect_data *data)
{
	struct spdk_nvmf_ctrlr *ctrlr;
	uint16_t cntlid = subsystem_take_cntlid(subsystem);

	if (cntlid == 0) {
		return NULL;
	}
	ctrlr = calloc(1, sizeof(*ctrlr));
	if (ctrlr == NULL) {
		return NULL;
	}
	ctrlr->transport = qpair->transport;
	ctrlr->qpair_mask = spdk_bit_array_create(ctrlr->transport->opts.max_qpairs_per_ctrlr);
	if (ctrlr->qpair_mask == NULL) {
		free(ctrlr);
		return NULL;
	}
	ctrlr->cntlid = cntlid;
	ctrlr->subsys = subsystem;
	ctrlr->discovery = subsystem->subtype != SPDK_NVMF_SUBTYPE_NVME;
	snprintf(ctrlr->hostnqn, sizeof(ctrlr->hostnqn), "%s", data->hostnqn);
	memcpy(ctrlr->hostid.u.raw, data->hostid, sizeof(data->hostid));
	USDT_PROBE4(nvmf_ctrlr_create, ctrlr, subsystem->nqn, spdk_thread_get_id(spdk_get_thread()),
	            spdk_get_ticks());
	ctrlr_init_regs(ctrlr);
	ctrlr_init_cdata(ctrlr);
	nvmf_ctrlr_reset_features(ctrlr);
	TAILQ_INSERT_TAIL(&subsystem->ctrlrs, ctrlr, link);
	return ctrlr;
}

/* ---- Timers ---- */

/** NVMe Base 2.0, 3.9: between CC.EN and reset or shutdown. A shutdown may wait for the bdev longer
 *  than the host's timeout, which says nothing meanwhile. */
static bool
ctrlr_keep_alive_is_active(const struct spdk_nvmf_ctrlr *ctrlr)
{
	return ctrlr->regs.csts.bits.rdy && ctrlr->stop == NVMF_CTRLR_RUNNING &&
	       ctrlr->regs.csts.bits.shst == SPDK_NVME_SHST_NORMAL;
}

static int
ctrlr_keep_alive_poll(void *arg)
{
	struct spdk_nvmf_ctrlr *ctrlr = arg;
	uint32_t kato_ms = ctrlr->feat.kato_ms != 0 ? ctrlr->feat.kato_ms : NVMF_DISCOVERY_KATO_MS;

	if (!ctrlr_keep_alive_is_active(ctrlr)) {
		ctrlr->last_keep_alive_ticks = spdk_get_ticks();
		return SPDK_POLLER_IDLE;
	}
	if (ctrlr->dying ||
	    spdk_get_ticks() - ctrlr->last_keep_alive_ticks < ms_to_ticks(kato_ms)) {
		return SPDK_POLLER_IDLE;
	}
	ctrlr->regs.csts.bits.cfs = 1;
	nvmf_ctrlr_kill(ctrlr, "no keep-alive within its time");
	return SPDK_POLLER_BUSY;
}

int
nvmf_ctrlr_set_kato(struct spdk_nvmf_ctrlr *ctrlr, uint32_t kato_ms)
{
	uint32_t unit = spdk_max(ctrlr->cdata.kas, 1) * NVMF_KAS_UNIT_MS;
	struct spdk_poller *poller = NULL;
	uint32_t period_ms;

	if (kato_ms != 0) {
		kato_ms = spdk_max(kato_ms, ctrlr->transport->opts.min_kato);
		kato_ms = spdk_min(spdk_round_up(kato_ms, unit), UINT32_MAX / unit * unit);
	}
	if (kato_ms != 0 || ctrlr->discovery) {
		period_ms = (kato_ms != 0 ? kato_ms : NVMF_DISCOVERY_KATO_MS) / KATO_POLLS;
		poller = SPDK_POLLER_REGISTER(ctrlr_keep_alive_poll, ctrlr,
		                              (uint64_t)spdk_max(period_ms, 1) * 1000);
		if (poller == NULL) {
			SPDK_ERRLOG("controller %u of %s: no memory for its keep-alive timer\n",
			            ctrlr->cntlid, ctrlr->subsys->nqn);
			return -ENOMEM;
		}
	}
	spdk_poller_unregister(&ctrlr->keep_alive_poller);
	ctrlr->keep_alive_poller = poller;
	ctrlr->feat.kato_ms = kato_ms;
	ctrlr->last_keep_alive_ticks = spdk_get_ticks();
	return 0;
}

static int
ctrlr_association_timeout(void *arg)
{
	struct spdk_nvmf_ctrlr *ctrlr = arg;

	nvmf_ctrlr_kill(ctrlr, "not enabled in time");
	return SPDK_POLLER_BUSY;
}

/** A host that has not enabled the controller, or reset it or shut it down, either goes on or goes
 *  away. -ENOMEM: it might stay for ever. */
static int
ctrlr_watch_association(struct spdk_nvmf_ctrlr *ctrlr)
{
	uint32_t timeout_ms = spdk_max(ctrlr->transport->opts.association_timeout, 1);

	spdk_poller_unregister(&ctrlr->association_poller);
	ctrlr->association_poller =
	        SPDK_POLLER_REGISTER(ctrlr_association_timeout, ctrlr, (uint64_t)timeout_ms * 1000);
	return ctrlr->association_poller != NULL ? 0 : -ENOMEM;
}

int
nvmf_ctrlr_start(struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvmf_qpair *admin, uint32_t kato_ms)
{
	int rc;

	assert(ctrlr->thread == spdk_get_thread());
	ctrlr->admin_qpair = admin;
	ctrlr->num_qpairs = 1;
	spdk_bit_array_set(ctrlr->qpair_mask, 0);
	rc = nvmf_ctrlr_set_kato(ctrlr, kato_ms);
	return rc == 0 ? ctrlr_watch_association(ctrlr) : rc;
}

/* ---- Disconnecting ---- */

static void
ctrlr_free_msg(void *arg)
{
	nvmf_ctrlr_free(arg);
}

void
nvmf_ctrlr_free(struct spdk_nvmf_ctrlr *ctrlr)
{
	USDT_PROBE4(nvmf_ctrlr_destruct, ctrlr, ctrlr->subsys->nqn,
	            spdk_thread_get_id(spdk_get_thread()), spdk_get_ticks());
	assert(ctrlr->num_qpairs == 0 && ctrlr->holds == 0 && ctrlr->num_aers == 0);
	spdk_bit_array_free(&ctrlr->qpair_mask);
	free(ctrlr);
}

static void
ctrlr_forget(void *arg)
{
	struct spdk_nvmf_ctrlr *ctrlr = arg;
	struct spdk_nvmf_subsystem *subsystem = ctrlr->subsys;

	TAILQ_REMOVE(&subsystem->ctrlrs, ctrlr, link);
	spdk_thread_send_msg(ctrlr->thread, ctrlr_free_msg, ctrlr);
	nvmf_subsystem_ctrlr_gone(subsystem);
}

static void
ctrlr_check_gone(struct spdk_nvmf_ctrlr *ctrlr)
{
	if (!ctrlr->dying || ctrlr->num_qpairs > 0 || ctrlr->holds > 0 || ctrlr->removing) {
		return;
	}
	ctrlr->removing = true;
	spdk_poller_unregister(&ctrlr->keep_alive_poller);
	spdk_poller_unregister(&ctrlr->association_poller);
	spdk_thread_send_msg(ctrlr->subsys->tgt->thread, ctrlr_forget, ctrlr);
}

static void
disconnect_io_group(struct spdk_io_channel_iter *i)
{
	struct spdk_nvmf_ctrlr *ctrlr = spdk_io_channel_iter_get_ctx(i);
	struct spdk_nvmf_poll_group *group;
	struct spdk_nvmf_qpair *qpair, *tmp;

	group = spdk_io_channel_get_ctx(spdk_io_channel_iter_get_channel(i));
	TAILQ_FOREACH_SAFE(qpair, &group->qpairs, link, tmp) {
		if (qpair->ctrlr == ctrlr && !nvmf_qpair_is_admin(qpair)) {
			spdk_nvmf_qpair_disconnect(qpair);
		}
	}
	spdk_for_each_channel_continue(i, 0);
}

static void disconnect_io_groups(void *arg);

/** A status says that there was no memory to begin: no group was visited. */
static void
disconnect_io_done(struct spdk_io_channel_iter *i, int status)
{
	struct spdk_nvmf_ctrlr *ctrlr = spdk_io_channel_iter_get_ctx(i);

	if (status != 0) {
		spdk_thread_send_msg(ctrlr->thread, disconnect_io_groups, ctrlr);
		return;
	}
	ctrlr->holds--;
	ctrlr_check_gone(ctrlr);
}

static void
disconnect_io_groups(void *arg)
{
	struct spdk_nvmf_ctrlr *ctrlr = arg;

	spdk_for_each_channel(ctrlr->subsys->tgt, disconnect_io_group, ctrlr, disconnect_io_done);
}

void
nvmf_ctrlr_disconnect_io_qpairs(struct spdk_nvmf_ctrlr *ctrlr)
{
	ctrlr->holds++;
	disconnect_io_groups(ctrlr);
}

void
nvmf_ctrlr_kill(struct spdk_nvmf_ctrlr *ctrlr, const char *why)
{
	assert(ctrlr->thread == spdk_get_thread());
	if (ctrlr->dying) {
		return;
	}
	ctrlr->dying = true;
	if (why != NULL) {
		SPDK_ERRLOG_RATELIMIT("controller %u of %s, host %s: disconnected: %s\n",
		                      ctrlr->cntlid, ctrlr->subsys->nqn, ctrlr->hostnqn, why);
	}
	nvmf_ctrlr_disconnect_io_qpairs(ctrlr);
	if (ctrlr->admin_qpair != NULL) {
		spdk_nvmf_qpair_disconnect(ctrlr->admin_qpair);
	}
}

/** I/O queues are gone, so nothing of a reset or shut-down controller runs any more. */
void
nvmf_ctrlr_check_stopped(struct spdk_nvmf_ctrlr *ctrlr)
{
	if (ctrlr->stop == NVMF_CTRLR_RUNNING || ctrlr->num_qpairs > 1 || ctrlr->dying) {
		return;
	}
	if (ctrlr->stop == NVMF_CTRLR_RESETTING) {
		ctrlr->regs.csts.raw = 0;
		nvmf_ctrlr_reset_features(ctrlr);
	} else {
		ctrlr->regs.csts.bits.shst = SPDK_NVME_SHST_COMPLETE;
	}
	ctrlr->stop = NVMF_CTRLR_RUNNING;
	if (ctrlr_watch_association(ctrlr) != 0) {
		nvmf_ctrlr_kill(ctrlr, "no memory for its association timer");
	}
}

void
nvmf_ctrlr_remove_qpair(struct spdk_nvmf_ctrlr *ctrlr, uint16_t qid)
{
	assert(ctrlr->thread == spdk_get_thread());
	assert(spdk_bit_array_get(ctrlr->qpair_mask, qid) && ctrlr->num_qpairs > 0);
	spdk_bit_array_clear(ctrlr->qpair_mask, qid);
	ctrlr->num_qpairs--;
	if (qid == 0) {
		ctrlr->admin_qpair = NULL;
		nvmf_ctrlr_kill(ctrlr, NULL);
	}
	nvmf_ctrlr_check_stopped(ctrlr);
	ctrlr_check_gone(ctrlr);
}

/* ---- Looking ---- */

struct spdk_nvmf_subsystem *
spdk_nvmf_ctrlr_get_subsystem(struct spdk_nvmf_ctrlr *ctrlr)
{
	return ctrlr->subsys;
}

uint16_t
spdk_nvmf_ctrlr_get_id(struct spdk_nvmf_ctrlr *ctrlr)
{
	return ctrlr->cntlid;
}

const struct spdk_nvmf_registers *
spdk_nvmf_ctrlr_get_regs(struct spdk_nvmf_ctrlr *ctrlr)
{
	return &ctrlr->regs;
}
