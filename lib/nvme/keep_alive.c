/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Keep-alive: a command on the admin queue every half of the time-out, sent by the poll of admin
 * completions, under ctrlr->lock. It works both ways: a controller that leaves one unanswered for
 * the whole time-out is taken for dead.
 */

#include "spdk_internal/nvme.h"

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/util.h"

void
nvme_keep_alive_start(struct spdk_nvme_ctrlr *ctrlr, uint32_t timeout_ms)
{
	ctrlr->opts.keep_alive_timeout_ms = timeout_ms;
	ctrlr->keep_alive_interval_ticks =
	        (uint64_t)timeout_ms * spdk_get_ticks_hz() / (2 * SPDK_SEC_TO_MSEC);
	ctrlr->keep_alive_next_tick = spdk_get_ticks() + ctrlr->keep_alive_interval_ticks;
	ctrlr->keep_alive_sent_tick = 0;
}

static void
keep_alive_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;

	ctrlr->keep_alive_sent_tick = 0;
	if (spdk_nvme_cpl_is_error(cpl) && !spdk_nvme_cpl_is_aborted_sq_deletion(cpl)) {
		SPDK_ERRLOG_RATELIMIT("%s: keep-alive refused (%02x/%02x)\n", ctrlr->trid.subnqn,
		                      cpl->status.sct, cpl->status.sc);
	}
}

static void
keep_alive_send(struct spdk_nvme_ctrlr *ctrlr, uint64_t now)
{
	struct nvme_request *req =
	        nvme_request_get_contig(ctrlr->adminq, NULL, 0, keep_alive_done, ctrlr);

	if (req == NULL) {
		/* The queue is full of commands, each of which keeps alive as well. Next poll. */
		return;
	}
	req->cmd.opc = SPDK_NVME_OPC_KEEP_ALIVE;
	if (nvme_ctrlr_submit_admin(ctrlr, req) == 0) {
		ctrlr->keep_alive_sent_tick = now;
		ctrlr->keep_alive_next_tick = now + ctrlr->keep_alive_interval_ticks;
	}
}

bool
nvme_keep_alive_poll(struct spdk_nvme_ctrlr *ctrlr)
{
	uint64_t now;

	if (ctrlr->keep_alive_interval_ticks == 0) {
		return true;
	}
	now = spdk_get_ticks();
	if (now < ctrlr->keep_alive_next_tick) {
		return true;
	}
	if (ctrlr->keep_alive_sent_tick == 0) {
		keep_alive_send(ctrlr, now);
		return true;
	}
	if (now - ctrlr->keep_alive_sent_tick < 2 * ctrlr->keep_alive_interval_ticks) {
		return true;
	}
	SPDK_ERRLOG("%s: no answer to keep-alive within %u ms\n", ctrlr->trid.subnqn,
	            ctrlr->opts.keep_alive_timeout_ms);
	ctrlr->keep_alive_interval_ticks = 0;
	return false;
}
