/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Time-outs of commands: the user is told once for each command that is out for longer than it
 * said. Nothing else happens: it is for the user to abort, reset or wait. Transports look for them
 * in their polls by nvme_request_check_timeout().
 */

#include "spdk_internal/nvme.h"

#include "spdk/env.h"
#include "spdk/util.h"

void
spdk_nvme_ctrlr_register_timeout_callback(struct spdk_nvme_ctrlr *ctrlr, uint64_t timeout_io_us,
                                          uint64_t timeout_admin_us, spdk_nvme_timeout_cb cb_fn,
                                          void *cb_arg)
{
	uint64_t ticks_per_ms = spdk_get_ticks_hz() / SPDK_SEC_TO_MSEC;
	struct spdk_nvme_qpair *qpair;

	nvme_ctrlr_lock(ctrlr);
	ctrlr->timeout_cb_fn = cb_fn;
	ctrlr->timeout_cb_arg = cb_arg;
	ctrlr->timeout_io_ticks = timeout_io_us * ticks_per_ms / SPDK_MSEC_TO_USEC;
	ctrlr->timeout_admin_ticks = timeout_admin_us * ticks_per_ms / SPDK_MSEC_TO_USEC;
	nvme_qpair_update_timeout(ctrlr->adminq);
	/* By SPDK's contract no I/O queue pair is in use on another thread meanwhile. */
	TAILQ_FOREACH(qpair, &ctrlr->io_qpairs, ctrlr_link) {
		nvme_qpair_update_timeout(qpair);
	}
	nvme_ctrlr_unlock(ctrlr);
}
