/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Controllers: making and freeing them, their admin queue's poll, failure, and small questions.
 * Any thread, under ctrlr->lock, which is recursive because call-backs run under it. How one comes
 * up is in ctrlr_init.c, how it is reset or shut down in ctrlr_reset.c.
 *
 * Freeing is safe because it comes last: the admin queue is disconnected before, which completes
 * (as aborted) every command whose call-back knows the controller, and all I/O queue pairs are
 * freed.
 */

#include "spdk_internal/nvme.h"

#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/util.h"

void
nvme_ctrlr_lock(struct spdk_nvme_ctrlr *ctrlr)
{
	pthread_mutex_lock(&ctrlr->lock);
}

void
nvme_ctrlr_unlock(struct spdk_nvme_ctrlr *ctrlr)
{
	pthread_mutex_unlock(&ctrlr->lock);
}

static int
ctrlr_lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;
	int rc = pthread_mutexattr_init(&attr);

	if (rc != 0) {
		return -rc;
	}
	rc = pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	if (rc == 0) {
		rc = pthread_mutex_init(lock, &attr);
	}
	pthread_mutexattr_destroy(&attr);
	return -rc;
}

int
nvme_ctrlr_construct(struct spdk_nvme_ctrlr *ctrlr)
{
	int rc;

	TAILQ_INIT(&ctrlr->io_qpairs);
	RB_INIT(&ctrlr->ns);
	ctrlr->read_changed_ns_list = ctrlr->opts.disable_read_changed_ns_list_log_page == 0;
	ctrlr->qid_used = calloc(ctrlr->opts.num_io_queues + 1, 1);
	ctrlr->scratch = spdk_zmalloc(SPDK_NVME_IDENTIFY_BUFLEN, SPDK_NVME_IDENTIFY_BUFLEN, NULL,
	                              SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	if (ctrlr->qid_used == NULL || ctrlr->scratch == NULL) {
		rc = -ENOMEM;
	} else {
		rc = ctrlr_lock_init(&ctrlr->lock);
	}
	if (rc != 0) {
		free(ctrlr->qid_used);
		spdk_free(ctrlr->scratch);
		return rc;
	}
	nvme_ctrlr_start_init(ctrlr);
	return 0;
}

void
nvme_ctrlr_destruct_finish(struct spdk_nvme_ctrlr *ctrlr)
{
	nvme_ns_scan_free(ctrlr);
	nvme_ctrlr_free_ns_all(ctrlr);
	free(ctrlr->qid_used);
	spdk_free(ctrlr->scratch);
	spdk_free(ctrlr->ana_log);
	pthread_mutex_destroy(&ctrlr->lock);
}

void
nvme_ctrlr_destruct(struct spdk_nvme_ctrlr *ctrlr)
{
	struct spdk_nvme_qpair *qpair;

	ctrlr->is_destructed = true;
	while ((qpair = TAILQ_FIRST(&ctrlr->io_qpairs)) != NULL) {
		SPDK_WARNLOG("%s: queue %u is still allocated at detach; freed\n",
		             ctrlr->trid.subnqn, qpair->id);
		spdk_nvme_ctrlr_free_io_qpair(qpair);
	}
	nvme_ctrlr_disconnect_adminq(ctrlr);
	/* Calls nvme_ctrlr_destruct_finish(), and frees the memory, which is the transport's. */
	ctrlr->ops->ctrlr_destruct(ctrlr);
}

void
nvme_ctrlr_disconnect_adminq(struct spdk_nvme_ctrlr *ctrlr)
{
	if (ctrlr->adminq != NULL) {
		nvme_ctrlr_lock(ctrlr);
		nvme_qpair_disconnect(ctrlr->adminq);
		nvme_ctrlr_unlock(ctrlr);
	}
}

void
nvme_ctrlr_fail(struct spdk_nvme_ctrlr *ctrlr, bool hot_remove)
{
	if (hot_remove) {
		ctrlr->is_removed = true;
	}
	if (ctrlr->is_failed) {
		return;
	}
	/* The one who disconnects on purpose knows. */
	if (ctrlr->is_disconnecting) {
		return;
	}
	ctrlr->is_failed = true;
	SPDK_ERRLOG("%s at %s:%s: the controller has failed\n", ctrlr->trid.subnqn,
	            ctrlr->trid.traddr, ctrlr->trid.trsvcid);
	nvme_qpair_disconnect(ctrlr->adminq);
}

void
spdk_nvme_ctrlr_fail(struct spdk_nvme_ctrlr *ctrlr)
{
	nvme_ctrlr_lock(ctrlr);
	nvme_ctrlr_fail(ctrlr, false);
	nvme_ctrlr_unlock(ctrlr);
}

bool
spdk_nvme_ctrlr_is_failed(struct spdk_nvme_ctrlr *ctrlr)
{
	return ctrlr->is_failed;
}

/* CSTS is kept as of the last poll: a fabric can't be asked in passing. */
static void
ctrlr_csts_done(void *arg, uint64_t value, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;

	ctrlr->csts_read = false;
	if (spdk_nvme_cpl_is_success(cpl)) {
		ctrlr->csts.raw = (uint32_t)value;
		ctrlr->csts_valid = true;
	}
}

int32_t
spdk_nvme_ctrlr_process_admin_completions(struct spdk_nvme_ctrlr *ctrlr)
{
	int32_t rc;

	nvme_ctrlr_lock(ctrlr);
	if (ctrlr->init.state == NVME_CTRLR_READY &&
	    (!nvme_keep_alive_poll(ctrlr) || !nvme_aer_poll(ctrlr))) {
		ctrlr->adminq->failure_reason = SPDK_NVME_QPAIR_FAILURE_UNKNOWN;
		nvme_ctrlr_fail(ctrlr, false);
	}
	rc = spdk_nvme_qpair_process_completions(ctrlr->adminq, 0);
	if (spdk_unlikely(rc < 0) && ctrlr->init.state == NVME_CTRLR_READY) {
		nvme_ctrlr_fail(ctrlr, false);
	}
	if (ctrlr->ops->ctrlr_process_transport_events != NULL) {
		ctrlr->ops->ctrlr_process_transport_events(ctrlr);
	}
	nvme_ctrlr_unlock(ctrlr);
	return rc;
}

/* ---- Questions ---- */

const struct spdk_nvme_ctrlr_data *
spdk_nvme_ctrlr_get_data(struct spdk_nvme_ctrlr *ctrlr)
{
	return &ctrlr->cdata;
}

const struct spdk_nvme_ctrlr_opts *
spdk_nvme_ctrlr_get_opts(struct spdk_nvme_ctrlr *ctrlr)
{
	return &ctrlr->opts;
}

const struct spdk_nvme_transport_id *
spdk_nvme_ctrlr_get_transport_id(struct spdk_nvme_ctrlr *ctrlr)
{
	return &ctrlr->trid;
}

union spdk_nvme_csts_register
spdk_nvme_ctrlr_get_regs_csts(struct spdk_nvme_ctrlr *ctrlr)
{
	union spdk_nvme_csts_register csts;

	nvme_ctrlr_lock(ctrlr);
	csts.raw = UINT32_MAX; /* what a device that is gone reads as */
	if (spdk_nvme_qpair_is_connected(ctrlr->adminq)) {
		uint64_t deadline = nvme_deadline_ms(ctrlr->opts.admin_timeout_ms);

		ctrlr->csts_valid = false;
		if (!ctrlr->csts_read && ctrlr->ops->ctrlr_get_reg_4_async(
		                                 ctrlr, offsetof(struct spdk_nvme_registers, csts),
		                                 ctrlr_csts_done, ctrlr) == 0) {
			ctrlr->csts_read = true;
		}
		while (ctrlr->csts_read && spdk_get_ticks() < deadline &&
		       spdk_nvme_qpair_process_completions(ctrlr->adminq, 0) >= 0) {
			nvme_relax();
		}
		if (ctrlr->csts_valid) {
			csts = ctrlr->csts;
		}
	}
	nvme_ctrlr_unlock(ctrlr);
	return csts;
}

union spdk_nvme_cc_register
spdk_nvme_ctrlr_get_regs_cc(struct spdk_nvme_ctrlr *ctrlr)
{
	return ctrlr->cc;
}

union spdk_nvme_cap_register
spdk_nvme_ctrlr_get_regs_cap(struct spdk_nvme_ctrlr *ctrlr)
{
	return ctrlr->cap;
}

union spdk_nvme_vs_register
spdk_nvme_ctrlr_get_regs_vs(struct spdk_nvme_ctrlr *ctrlr)
{
	return ctrlr->vs;
}

bool
spdk_nvme_ctrlr_is_discovery(struct spdk_nvme_ctrlr *ctrlr)
{
	return strcmp(ctrlr->trid.subnqn, SPDK_NVMF_DISCOVERY_NQN) == 0 ||
	       ctrlr->cdata.cntrltype == SPDK_NVME_CTRLR_DISCOVERY;
}

bool
spdk_nvme_ctrlr_is_fabrics(struct spdk_nvme_ctrlr *ctrlr)
{
	return nvme_ctrlr_is_fabrics(ctrlr);
}

uint16_t
spdk_nvme_ctrlr_get_id(struct spdk_nvme_ctrlr *ctrlr)
{
	return ctrlr->cntlid;
}

uint32_t
spdk_nvme_ctrlr_get_max_xfer_size(const struct spdk_nvme_ctrlr *ctrlr)
{
	return ctrlr->max_xfer_size;
}

uint16_t
spdk_nvme_ctrlr_get_max_sges(const struct spdk_nvme_ctrlr *ctrlr)
{
	return ctrlr->max_sges;
}

uint64_t
spdk_nvme_ctrlr_get_flags(struct spdk_nvme_ctrlr *ctrlr)
{
	return ctrlr->flags;
}

bool
spdk_nvme_ctrlr_is_nssr_supported(struct spdk_nvme_ctrlr *ctrlr)
{
	return ctrlr->cap.bits.nssrs != 0;
}

spdk_nvme_qp_failure_reason
spdk_nvme_ctrlr_get_admin_qp_failure_reason(struct spdk_nvme_ctrlr *ctrlr)
{
	return spdk_nvme_qpair_get_failure_reason(ctrlr->adminq);
}

int
spdk_nvme_ctrlr_set_trid(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_transport_id *trid)
{
	int rc = 0;

	nvme_ctrlr_lock(ctrlr);
	if (!ctrlr->is_failed) {
		rc = -EPERM;
	} else if (trid->trtype != ctrlr->trid.trtype ||
	           strcmp(trid->subnqn, ctrlr->trid.subnqn) != 0) {
		rc = -EINVAL;
	} else {
		ctrlr->trid = *trid;
	}
	nvme_ctrlr_unlock(ctrlr);
	return rc;
}

void
spdk_nvme_ctrlr_set_remove_cb(struct spdk_nvme_ctrlr *ctrlr, spdk_nvme_remove_cb remove_cb,
                              void *remove_ctx)
{
	nvme_ctrlr_lock(ctrlr);
	ctrlr->remove_cb = remove_cb;
	ctrlr->remove_cb_arg = remove_ctx;
	nvme_ctrlr_unlock(ctrlr);
}

/* ---- Log pages and features that can be asked for ---- */

static void
bitmap_set(uint64_t *map, uint8_t bit)
{
	map[bit / 64] |= 1ull << (bit % 64);
}

static bool
bitmap_get(const uint64_t *map, uint8_t bit)
{
	return (map[bit / 64] >> (bit % 64) & 1) != 0;
}

bool
spdk_nvme_ctrlr_is_log_page_supported(struct spdk_nvme_ctrlr *ctrlr, uint8_t log_page)
{
	return bitmap_get(ctrlr->log_pages, log_page);
}

bool
spdk_nvme_ctrlr_is_feature_supported(struct spdk_nvme_ctrlr *ctrlr, uint8_t feature_code)
{
	return bitmap_get(ctrlr->features, feature_code);
}

void
nvme_ctrlr_set_supported(struct spdk_nvme_ctrlr *ctrlr)
{
	static const uint8_t features[] = {
		SPDK_NVME_FEAT_ARBITRATION,
		SPDK_NVME_FEAT_POWER_MANAGEMENT,
		SPDK_NVME_FEAT_TEMPERATURE_THRESHOLD,
		SPDK_NVME_FEAT_ERROR_RECOVERY,
		SPDK_NVME_FEAT_NUMBER_OF_QUEUES,
		SPDK_NVME_FEAT_INTERRUPT_COALESCING,
		SPDK_NVME_FEAT_INTERRUPT_VECTOR_CONFIGURATION,
		SPDK_NVME_FEAT_WRITE_ATOMICITY,
		SPDK_NVME_FEAT_ASYNC_EVENT_CONFIGURATION,
	};
	const struct spdk_nvme_ctrlr_data *cdata = &ctrlr->cdata;
	size_t i;

	memset(ctrlr->log_pages, 0, sizeof(ctrlr->log_pages));
	memset(ctrlr->features, 0, sizeof(ctrlr->features));
	if (spdk_nvme_ctrlr_is_discovery(ctrlr)) {
		bitmap_set(ctrlr->log_pages, SPDK_NVME_LOG_DISCOVERY);
		bitmap_set(ctrlr->features, SPDK_NVME_FEAT_ASYNC_EVENT_CONFIGURATION);
		bitmap_set(ctrlr->features, SPDK_NVME_FEAT_KEEP_ALIVE_TIMER);
		return;
	}
	bitmap_set(ctrlr->log_pages, SPDK_NVME_LOG_ERROR);
	bitmap_set(ctrlr->log_pages, SPDK_NVME_LOG_HEALTH_INFORMATION);
	bitmap_set(ctrlr->log_pages, SPDK_NVME_LOG_FIRMWARE_SLOT);
	if (cdata->oaes.ns_attribute_notices) {
		bitmap_set(ctrlr->log_pages, SPDK_NVME_LOG_CHANGED_NS_LIST);
	}
	if (cdata->lpa.cses) {
		bitmap_set(ctrlr->log_pages, SPDK_NVME_LOG_COMMAND_EFFECTS_LOG);
	}
	if (cdata->cmic.anars) {
		bitmap_set(ctrlr->log_pages, SPDK_NVME_LOG_ASYMMETRIC_NAMESPACE_ACCESS);
	}
	for (i = 0; i < SPDK_COUNTOF(features); i++) {
		bitmap_set(ctrlr->features, features[i]);
	}
	if (cdata->vwc.present) {
		bitmap_set(ctrlr->features, SPDK_NVME_FEAT_VOLATILE_WRITE_CACHE);
	}
	if (cdata->kas != 0) {
		bitmap_set(ctrlr->features, SPDK_NVME_FEAT_KEEP_ALIVE_TIMER);
	}
	if (cdata->oncs.reservs) {
		bitmap_set(ctrlr->features, SPDK_NVME_FEAT_HOST_RESERVE_MASK);
		bitmap_set(ctrlr->features, SPDK_NVME_FEAT_HOST_RESERVE_PERSIST);
	}
	if (cdata->ctratt.hids) {
		bitmap_set(ctrlr->features, SPDK_NVME_FEAT_HOST_IDENTIFIER);
	}
}
