/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A controller's way down and up again: disconnect, reconnect, reset; and the orderly shutdown
 * before a detach. Any thread, under ctrlr->lock.
 *
 * A reset closes the admin queue, which ends the association: the target then stops all of its I/O.
 * I/O queue pairs belong to other threads; they are marked, and their owners' next poll disconnects
 * them. Their owners connect them again by spdk_nvme_ctrlr_reconnect_io_qpair().
 *
 * Shutdown: CC.SHN is written, then CSTS.SHST read until it is complete, for RTD3E or 10 s at most;
 * a controller that does not answer is left behind.
 */

#include "spdk_internal/nvme.h"

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/util.h"

int
spdk_nvme_ctrlr_disconnect(struct spdk_nvme_ctrlr *ctrlr)
{
	struct spdk_nvme_qpair *qpair;
	int rc = 0;

	nvme_ctrlr_lock(ctrlr);
	if (ctrlr->is_removed) {
		rc = -ENXIO;
	} else if (ctrlr->is_resetting || ctrlr->is_destructed) {
		rc = -EBUSY;
	}
	if (rc != 0) {
		nvme_ctrlr_unlock(ctrlr);
		return rc;
	}
	ctrlr->is_resetting = true;
	ctrlr->is_disconnecting = true;
	ctrlr->keep_alive_interval_ticks = 0;
	TAILQ_FOREACH(qpair, &ctrlr->io_qpairs, ctrlr_link) {
		__atomic_store_n(&qpair->failure_reason, SPDK_NVME_QPAIR_FAILURE_RESET,
		                 __ATOMIC_RELAXED);
	}
	ctrlr->init.state = NVME_CTRLR_DISCONNECTED;
	ctrlr->init.busy = false;
	nvme_qpair_disconnect(ctrlr->adminq);
	nvme_ns_scan_free(ctrlr);
	ctrlr->num_aers = 0;
	ctrlr->is_disconnecting = false;
	ctrlr->is_failed = false;
	nvme_ctrlr_unlock(ctrlr);
	return 0;
}

void
spdk_nvme_ctrlr_reconnect_async(struct spdk_nvme_ctrlr *ctrlr)
{
	nvme_ctrlr_lock(ctrlr);
	nvme_ctrlr_start_init(ctrlr);
	nvme_ctrlr_unlock(ctrlr);
}

int
spdk_nvme_ctrlr_reconnect_poll_async(struct spdk_nvme_ctrlr *ctrlr)
{
	int rc = nvme_ctrlr_process_init(ctrlr);

	if (rc == -EAGAIN) {
		return -EAGAIN;
	}
	nvme_ctrlr_lock(ctrlr);
	ctrlr->is_resetting = false;
	if (rc != 0) {
		nvme_ctrlr_fail(ctrlr, false);
		rc = -ENXIO;
	}
	nvme_ctrlr_unlock(ctrlr);
	return rc;
}

int
spdk_nvme_ctrlr_reset(struct spdk_nvme_ctrlr *ctrlr)
{
	int rc = spdk_nvme_ctrlr_disconnect(ctrlr);

	if (rc != 0) {
		/* Whoever is at it already does the same. */
		return rc == -EBUSY ? 0 : rc;
	}
	spdk_nvme_ctrlr_reconnect_async(ctrlr);
	while ((rc = spdk_nvme_ctrlr_reconnect_poll_async(ctrlr)) == -EAGAIN) {
		nvme_relax();
	}
	return rc;
}

/* ---- Shutdown ---- */

static void
shutdown_end(struct spdk_nvme_ctrlr *ctrlr)
{
	ctrlr->shutdown.state = NVME_SHUTDOWN_DONE;
	ctrlr->shutdown.busy = false;
}

static void
shutdown_csts_done(void *arg, uint64_t value, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;
	union spdk_nvme_csts_register csts = { .raw = (uint32_t)value };

	ctrlr->shutdown.busy = false;
	if (spdk_nvme_cpl_is_error(cpl) || csts.bits.shst == SPDK_NVME_SHST_COMPLETE) {
		shutdown_end(ctrlr);
	}
}

static void
shutdown_cc_done(void *arg, uint64_t value, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;

	ctrlr->shutdown.busy = false;
	if (spdk_nvme_cpl_is_error(cpl)) {
		shutdown_end(ctrlr);
	} else if (ctrlr->shutdown.state == NVME_SHUTDOWN_NOTIFYING) {
		ctrlr->shutdown.state = NVME_SHUTDOWN_WAITING;
	}
}

void
nvme_ctrlr_shutdown_start(struct spdk_nvme_ctrlr *ctrlr)
{
	union spdk_nvme_cc_register cc;
	uint64_t timeout_ms;

	nvme_ctrlr_lock(ctrlr);
	ctrlr->is_disconnecting = true;
	ctrlr->shutdown.state = NVME_SHUTDOWN_DONE;
	if (spdk_nvme_qpair_is_connected(ctrlr->adminq) && !ctrlr->is_failed &&
	    !ctrlr->opts.no_shn_notification && ctrlr->init.state == NVME_CTRLR_READY) {
		timeout_ms = spdk_max((uint64_t)ctrlr->cdata.rtd3e / SPDK_MSEC_TO_USEC,
		                      (uint64_t)NVME_SHUTDOWN_TIMEOUT_MS_DFLT);
		ctrlr->shutdown.deadline_ticks = nvme_deadline_ms(timeout_ms);
		cc = ctrlr->cc;
		cc.bits.shn = SPDK_NVME_SHN_NORMAL;
		if (ctrlr->ops->ctrlr_set_reg_4_async(ctrlr,
		                                      offsetof(struct spdk_nvme_registers, cc),
		                                      cc.raw, shutdown_cc_done, ctrlr) == 0) {
			ctrlr->shutdown.busy = true;
			ctrlr->shutdown.state = NVME_SHUTDOWN_NOTIFYING;
		}
	}
	nvme_ctrlr_unlock(ctrlr);
}

int
nvme_ctrlr_shutdown_poll(struct spdk_nvme_ctrlr *ctrlr)
{
	struct nvme_shutdown *shutdown = &ctrlr->shutdown;
	int rc;

	nvme_ctrlr_lock(ctrlr);
	if (shutdown->state != NVME_SHUTDOWN_DONE) {
		if (spdk_nvme_qpair_process_completions(ctrlr->adminq, 0) < 0) {
			shutdown_end(ctrlr);
		} else if (spdk_get_ticks() > shutdown->deadline_ticks) {
			SPDK_WARNLOG("%s: the controller has not finished its shutdown in time\n",
			             ctrlr->trid.subnqn);
			shutdown_end(ctrlr);
		}
	}
	if (shutdown->state == NVME_SHUTDOWN_WAITING && !shutdown->busy) {
		if (ctrlr->ops->ctrlr_get_reg_4_async(ctrlr,
		                                      offsetof(struct spdk_nvme_registers, csts),
		                                      shutdown_csts_done, ctrlr) == 0) {
			shutdown->busy = true;
		} else {
			shutdown_end(ctrlr);
		}
	}
	rc = shutdown->state == NVME_SHUTDOWN_DONE ? 0 : -EAGAIN;
	nvme_ctrlr_unlock(ctrlr);
	return rc;
}
