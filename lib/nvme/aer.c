/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Asynchronous events: as many requests as the controller allows (at most NVME_AER_MAX) wait on the
 * admin queue; each is sent again as soon as it was answered. Runs under ctrlr->lock in the poll of
 * admin completions.
 *
 * A namespace notice starts a scan, and the user hears of the event when the scan is over, so that
 * what it then reads is new. The changed-namespace log must be read to let the next notice come.
 */

#include "spdk_internal/nvme.h"

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/util.h"

struct aer_ns_event {
	struct spdk_nvme_ctrlr *ctrlr;
	struct spdk_nvme_ns_list changed;
};

static void aer_done(void *arg, const struct spdk_nvme_cpl *cpl);

static int
aer_send(struct spdk_nvme_ctrlr *ctrlr)
{
	struct nvme_request *req = nvme_request_get_contig(ctrlr->adminq, NULL, 0, aer_done, ctrlr);

	if (req == NULL) {
		return -ENOMEM;
	}
	req->cmd.opc = SPDK_NVME_OPC_ASYNC_EVENT_REQUEST;
	req->flags |= NVME_REQ_AER;
	return nvme_ctrlr_submit_admin(ctrlr, req);
}

int
nvme_aer_start(struct spdk_nvme_ctrlr *ctrlr)
{
	/* AERL is 0's based. */
	uint8_t count = (uint8_t)spdk_min(ctrlr->cdata.aerl + 1, NVME_AER_MAX);

	/* Never all of a short queue: other commands must get through. */
	count = (uint8_t)spdk_max(spdk_min(count, ctrlr->adminq->queue_depth / 2), 1);
	ctrlr->num_aers = 0;
	while (ctrlr->num_aers < count) {
		int rc = aer_send(ctrlr);

		if (rc != 0) {
			return rc;
		}
		ctrlr->num_aers++;
	}
	return 0;
}

/* ---- Log pages that events make us read: bounded in time, as all that a peer is asked ---- */

static void
aer_read_sent(struct spdk_nvme_ctrlr *ctrlr)
{
	ctrlr->num_event_reads++;
	ctrlr->event_deadline_ticks = nvme_deadline_ms(ctrlr->opts.admin_timeout_ms);
}

bool
nvme_aer_poll(struct spdk_nvme_ctrlr *ctrlr)
{
	if ((ctrlr->num_event_reads == 0 && ctrlr->scan == NULL) ||
	    spdk_get_ticks() <= ctrlr->event_deadline_ticks) {
		return true;
	}
	SPDK_ERRLOG("%s: the controller told of a change, but does not say within %u ms what it "
	            "is\n",
	            ctrlr->trid.subnqn, ctrlr->opts.admin_timeout_ms);
	return false;
}

static void
aer_tell_user(struct spdk_nvme_ctrlr *ctrlr, const struct spdk_nvme_cpl *cpl)
{
	if (ctrlr->aer_cb_fn != NULL && !ctrlr->is_destructed) {
		ctrlr->aer_cb_fn(ctrlr->aer_cb_arg, cpl);
	}
}

/* ---- Namespace notices ---- */

static void
aer_scan_done(struct spdk_nvme_ctrlr *ctrlr, int rc)
{
	union spdk_nvme_async_event_completion event = { .raw = 0 };
	struct spdk_nvme_cpl cpl = { .cdw0 = 0 };

	if (rc == -ECANCELED) {
		return;
	}
	if (rc != 0) {
		SPDK_ERRLOG("%s: namespaces changed, but can't be read anew: %d\n",
		            ctrlr->trid.subnqn, rc);
	}
	if (ctrlr->ns_rescan) {
		ctrlr->ns_rescan = false;
		if (nvme_ns_scan_start(ctrlr, aer_scan_done) == 0) {
			return;
		}
	}
	event.bits.async_event_type = SPDK_NVME_ASYNC_EVENT_TYPE_NOTICE;
	event.bits.async_event_info = SPDK_NVME_ASYNC_EVENT_NS_ATTR_CHANGED;
	event.bits.log_page_identifier = SPDK_NVME_LOG_CHANGED_NS_LIST;
	cpl.cdw0 = event.raw;
	aer_tell_user(ctrlr, &cpl);
}

static void
aer_rescan(struct spdk_nvme_ctrlr *ctrlr)
{
	if (ctrlr->scan != NULL) {
		/* The one under way may have passed what changed. */
		ctrlr->ns_rescan = true;
		return;
	}
	if (nvme_ns_scan_start(ctrlr, aer_scan_done) != 0) {
		SPDK_ERRLOG("%s: namespaces changed; no memory to look at them\n",
		            ctrlr->trid.subnqn);
	}
}

static void
aer_changed_list_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct aer_ns_event *event = arg;
	struct spdk_nvme_ctrlr *ctrlr = event->ctrlr;
	uint32_t count = 0;

	ctrlr->num_event_reads--;
	if (spdk_nvme_cpl_is_aborted_sq_deletion(cpl)) {
		spdk_free(event);
		return;
	}
	if (spdk_nvme_cpl_is_success(cpl)) {
		/* A first entry of all ones means more than fit: count 0 tells "look at all". */
		while (count < SPDK_NVME_MAX_CHANGED_NAMESPACES &&
		       event->changed.ns_list[count] != 0 &&
		       event->changed.ns_list[count] != SPDK_NVME_GLOBAL_NS_TAG) {
			count++;
		}
		if (ctrlr->ns_attr_cb_fn != NULL) {
			ctrlr->ns_attr_cb_fn(ctrlr->ns_attr_cb_arg, event->changed.ns_list, count);
		}
	}
	spdk_free(event);
	aer_rescan(ctrlr);
}

static void
aer_ns_changed(struct spdk_nvme_ctrlr *ctrlr)
{
	struct aer_ns_event *event;

	if (!ctrlr->read_changed_ns_list) {
		aer_rescan(ctrlr);
		return;
	}
	event = spdk_zmalloc(sizeof(*event), 0, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	if (event == NULL) {
		aer_rescan(ctrlr);
		return;
	}
	event->ctrlr = ctrlr;
	if (spdk_nvme_ctrlr_cmd_get_log_page(
	            ctrlr, SPDK_NVME_LOG_CHANGED_NS_LIST, SPDK_NVME_GLOBAL_NS_TAG, &event->changed,
	            sizeof(event->changed), 0, aer_changed_list_done, event) != 0) {
		spdk_free(event);
		aer_rescan(ctrlr);
		return;
	}
	aer_read_sent(ctrlr);
}

/* ---- ANA notices ---- */

struct aer_ana_event {
	struct spdk_nvme_ctrlr *ctrlr;
	struct spdk_nvme_cpl cpl;
};

static void
aer_ana_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct aer_ana_event *event = arg;

	event->ctrlr->num_event_reads--;
	if (spdk_nvme_cpl_is_success(cpl)) {
		nvme_ana_apply(event->ctrlr);
	}
	if (!spdk_nvme_cpl_is_aborted_sq_deletion(cpl)) {
		aer_tell_user(event->ctrlr, &event->cpl);
	}
	free(event);
}

static void
aer_ana_changed(struct spdk_nvme_ctrlr *ctrlr, const struct spdk_nvme_cpl *cpl)
{
	struct aer_ana_event *event = calloc(1, sizeof(*event));

	if (event != NULL) {
		event->ctrlr = ctrlr;
		event->cpl = *cpl;
		if (nvme_ana_read(ctrlr, aer_ana_done, event) == 0) {
			aer_read_sent(ctrlr);
			return;
		}
		free(event);
	}
	aer_tell_user(ctrlr, cpl);
}

static void
aer_handle(struct spdk_nvme_ctrlr *ctrlr, const struct spdk_nvme_cpl *cpl)
{
	union spdk_nvme_async_event_completion event = { .raw = cpl->cdw0 };

	if (event.bits.async_event_type == SPDK_NVME_ASYNC_EVENT_TYPE_NOTICE) {
		switch (event.bits.async_event_info) {
		case SPDK_NVME_ASYNC_EVENT_NS_ATTR_CHANGED:
			aer_ns_changed(ctrlr);
			return;
		case SPDK_NVME_ASYNC_EVENT_ANA_CHANGE:
			aer_ana_changed(ctrlr, cpl);
			return;
		default:
			break;
		}
	}
	aer_tell_user(ctrlr, cpl);
}

static void
aer_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;

	if (spdk_nvme_cpl_is_error(cpl)) {
		/* Aborted with the queue; or one more than the controller takes: make do with less.
		 */
		if (ctrlr->num_aers > 0) {
			ctrlr->num_aers--;
		}
		return;
	}
	aer_handle(ctrlr, cpl);
	if (aer_send(ctrlr) != 0) {
		SPDK_ERRLOG("%s: an event request can't be sent again\n", ctrlr->trid.subnqn);
		ctrlr->num_aers--;
	}
}

void
spdk_nvme_ctrlr_register_aer_callback(struct spdk_nvme_ctrlr *ctrlr, spdk_nvme_aer_cb aer_cb_fn,
                                      void *aer_cb_arg)
{
	nvme_ctrlr_lock(ctrlr);
	ctrlr->aer_cb_fn = aer_cb_fn;
	ctrlr->aer_cb_arg = aer_cb_arg;
	nvme_ctrlr_unlock(ctrlr);
}

void
spdk_nvme_ctrlr_register_ns_attr_changed_callback(struct spdk_nvme_ctrlr *ctrlr,
                                                  spdk_nvme_ns_attr_changed_cb cb_fn, void *cb_arg)
{
	nvme_ctrlr_lock(ctrlr);
	ctrlr->ns_attr_cb_fn = cb_fn;
	ctrlr->ns_attr_cb_arg = cb_arg;
	nvme_ctrlr_unlock(ctrlr);
}

void
spdk_nvme_ctrlr_disable_read_changed_ns_list_log_page(struct spdk_nvme_ctrlr *ctrlr)
{
	nvme_ctrlr_lock(ctrlr);
	ctrlr->read_changed_ns_list = false;
	nvme_ctrlr_unlock(ctrlr);
}
