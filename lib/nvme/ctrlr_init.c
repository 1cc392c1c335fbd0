/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * How a controller comes up: one handler for each state of enum nvme_ctrlr_state, run by
 * nvme_ctrlr_process_init() under ctrlr->lock. A handler sends a command and sets `busy`; the
 * command's call-back goes to the next state. Each state has a deadline: that of an admin command,
 * or CAP.TO where the controller gets ready. Past it, or on an error, the state is ERROR, which
 * only a new start leaves. The handlers up to a controller that is ready are in ctrlr_enable.c.
 */

#include "ctrlr_init.h"

#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"

static const char *const g_state_names[NVME_CTRLR_NUM_STATES] = {
	[NVME_CTRLR_DISCONNECTED] = "disconnected",
	[NVME_CTRLR_CONNECT_ADMINQ] = "connect the admin queue",
	[NVME_CTRLR_WAIT_ADMINQ] = "connect the admin queue",
	[NVME_CTRLR_READ_VS] = "read the version",
	[NVME_CTRLR_READ_CAP] = "read the capabilities",
	[NVME_CTRLR_READ_CC] = "read the configuration",
	[NVME_CTRLR_DISABLE] = "disable",
	[NVME_CTRLR_WAIT_NOT_READY] = "wait until it is disabled",
	[NVME_CTRLR_ENABLE] = "enable",
	[NVME_CTRLR_WAIT_READY] = "wait until it is ready",
	[NVME_CTRLR_IDENTIFY] = "identify the controller",
	[NVME_CTRLR_KEEP_ALIVE] = "set the keep-alive time",
	[NVME_CTRLR_NUM_QUEUES] = "set the number of queues",
	[NVME_CTRLR_SCAN_NS] = "identify the namespaces",
	[NVME_CTRLR_CONFIGURE_AER] = "configure events",
	[NVME_CTRLR_TRANSPORT_READY] = "make the transport ready",
	[NVME_CTRLR_READY] = "ready",
	[NVME_CTRLR_ERROR] = "error",
};

const char *
nvme_ctrlr_state_name(enum nvme_ctrlr_state state)
{
	return g_state_names[state];
}

void
nvme_init_set_state_ms(struct spdk_nvme_ctrlr *ctrlr, enum nvme_ctrlr_state state,
                       uint64_t timeout_ms)
{
	/* Forward only; from anywhere to ERROR or DISCONNECTED. */
	assert(state > ctrlr->init.state || state == NVME_CTRLR_DISCONNECTED ||
	       (state == NVME_CTRLR_CONNECT_ADMINQ));
	assert(ctrlr->init.state != NVME_CTRLR_ERROR || state < NVME_CTRLR_WAIT_ADMINQ);
	ctrlr->init.state = state;
	ctrlr->init.busy = false;
	ctrlr->init.deadline_ticks = nvme_deadline_ms(timeout_ms);
	SPDK_DEBUGLOG(nvme, "%s: %s\n", ctrlr->trid.subnqn, g_state_names[state]);
}

void
nvme_init_set_state(struct spdk_nvme_ctrlr *ctrlr, enum nvme_ctrlr_state state)
{
	nvme_init_set_state_ms(ctrlr, state, ctrlr->opts.admin_timeout_ms);
}

void
nvme_init_fail(struct spdk_nvme_ctrlr *ctrlr, int rc)
{
	assert(rc < 0);
	if (ctrlr->init.state == NVME_CTRLR_ERROR || ctrlr->init.state == NVME_CTRLR_DISCONNECTED) {
		return;
	}
	SPDK_ERRLOG("%s at %s:%s: could not %s: %s\n", ctrlr->trid.subnqn, ctrlr->trid.traddr,
	            ctrlr->trid.trsvcid, g_state_names[ctrlr->init.state], spdk_strerror(-rc));
	ctrlr->init.rc = rc;
	nvme_init_set_state(ctrlr, NVME_CTRLR_ERROR);
	nvme_qpair_disconnect(ctrlr->adminq);
}

void
nvme_init_sent(struct spdk_nvme_ctrlr *ctrlr, int rc)
{
	if (rc == 0) {
		ctrlr->init.busy = true;
	} else {
		nvme_init_fail(ctrlr, rc);
	}
}

bool
nvme_init_done_ok(struct spdk_nvme_ctrlr *ctrlr, const struct spdk_nvme_cpl *cpl)
{
	/* An abort of a disconnect: whoever disconnects has set the state. */
	if (!ctrlr->init.busy) {
		return false;
	}
	ctrlr->init.busy = false;
	if (spdk_nvme_cpl_is_error(cpl)) {
		nvme_init_fail(ctrlr, -EIO);
		return false;
	}
	return true;
}

/* ---- Connect ---- */

static void
init_connect_adminq(struct spdk_nvme_ctrlr *ctrlr)
{
	int rc;

	/* The transport has deadlines of its own, and so has the fabrics Connect. */
	nvme_init_set_state(ctrlr, NVME_CTRLR_WAIT_ADMINQ);
	rc = nvme_qpair_connect(ctrlr->adminq);
	if (rc != 0) {
		nvme_init_fail(ctrlr, rc);
	}
}

static void
init_wait_adminq(struct spdk_nvme_ctrlr *ctrlr)
{
	if (spdk_nvme_qpair_is_connected(ctrlr->adminq)) {
		nvme_init_set_state(ctrlr, NVME_CTRLR_READ_VS);
	} else if (ctrlr->adminq->state != NVME_QPAIR_CONNECTING) {
		nvme_init_fail(ctrlr, -ECONNREFUSED);
	}
}

/* ---- Identify ---- */

static void
init_set_limits(struct spdk_nvme_ctrlr *ctrlr)
{
	const struct spdk_nvme_ctrlr_data *cdata = &ctrlr->cdata;
	uint64_t mdts_bytes;

	ctrlr->max_xfer_size = ctrlr->ops->ctrlr_get_max_xfer_size(ctrlr);
	ctrlr->max_sges = ctrlr->ops->ctrlr_get_max_sges(ctrlr);
	if (cdata->mdts > 0 && cdata->mdts < 32) {
		mdts_bytes = (uint64_t)ctrlr->page_size << cdata->mdts;
		ctrlr->max_xfer_size = (uint32_t)spdk_min(mdts_bytes, ctrlr->max_xfer_size);
	}
	ctrlr->flags = 0;
	if (cdata->sgls.supported != SPDK_NVME_SGLS_NOT_SUPPORTED) {
		ctrlr->flags |= SPDK_NVME_CTRLR_SGL_SUPPORTED;
	}
	if (cdata->sgls.supported == SPDK_NVME_SGLS_SUPPORTED_DWORD_ALIGNED) {
		ctrlr->flags |= SPDK_NVME_CTRLR_SGL_REQUIRES_DWORD_ALIGNMENT;
	}
	if (cdata->oacs.ssrs) {
		ctrlr->flags |= SPDK_NVME_CTRLR_SECURITY_SEND_RECV_SUPPORTED;
	}
	if (cdata->oacs.dirs) {
		ctrlr->flags |= SPDK_NVME_CTRLR_DIRECTIVES_SUPPORTED;
	}
	if (cdata->fuses.fcws) {
		ctrlr->flags |= SPDK_NVME_CTRLR_COMPARE_AND_WRITE_SUPPORTED;
	}
	if ((ctrlr->cap.bits.ams & SPDK_NVME_CAP_AMS_WRR) != 0) {
		ctrlr->flags |= SPDK_NVME_CTRLR_WRR_SUPPORTED;
	}
	nvme_ctrlr_set_supported(ctrlr);
}

static void
init_identify_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;

	if (!nvme_init_done_ok(ctrlr, cpl)) {
		return;
	}
	memcpy(&ctrlr->cdata, ctrlr->scratch, sizeof(ctrlr->cdata));
	init_set_limits(ctrlr);
	nvme_init_set_state(ctrlr, NVME_CTRLR_KEEP_ALIVE);
}

static void
init_identify(struct spdk_nvme_ctrlr *ctrlr)
{
	nvme_init_sent(ctrlr, nvme_ctrlr_cmd_identify(ctrlr, SPDK_NVME_IDENTIFY_CTRLR, 0,
	                                              ctrlr->scratch, init_identify_done, ctrlr));
}

/* ---- Keep-alive, queues ---- */

static void
init_after_keep_alive(struct spdk_nvme_ctrlr *ctrlr)
{
	/* A discovery controller has neither I/O queues nor namespaces. */
	nvme_init_set_state(ctrlr, spdk_nvme_ctrlr_is_discovery(ctrlr) ? NVME_CTRLR_CONFIGURE_AER
	                                                               : NVME_CTRLR_NUM_QUEUES);
}

static void
init_keep_alive_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;
	uint32_t timeout_ms = ctrlr->opts.keep_alive_timeout_ms;

	if (!ctrlr->init.busy) {
		return;
	}
	ctrlr->init.busy = false;
	if (spdk_nvme_cpl_is_success(cpl)) {
		/* The controller may have rounded what Connect asked for. */
		timeout_ms = cpl->cdw0;
	} else if (spdk_nvme_cpl_is_aborted_sq_deletion(cpl)) {
		nvme_init_fail(ctrlr, -EIO);
		return;
	}
	nvme_keep_alive_start(ctrlr, timeout_ms);
	init_after_keep_alive(ctrlr);
}

static void
init_keep_alive(struct spdk_nvme_ctrlr *ctrlr)
{
	if (ctrlr->opts.keep_alive_timeout_ms == 0) {
		nvme_keep_alive_start(ctrlr, 0);
		init_after_keep_alive(ctrlr);
		return;
	}
	if (ctrlr->cdata.kas == 0) {
		/* Fabrics controllers must have it; a discovery controller may leave KAS 0. */
		nvme_keep_alive_start(ctrlr, nvme_ctrlr_is_fabrics(ctrlr)
		                                     ? ctrlr->opts.keep_alive_timeout_ms
		                                     : 0);
		init_after_keep_alive(ctrlr);
		return;
	}
	nvme_init_sent(ctrlr,
	               spdk_nvme_ctrlr_cmd_get_feature(ctrlr, SPDK_NVME_FEAT_KEEP_ALIVE_TIMER, 0,
	                                               NULL, 0, init_keep_alive_done, ctrlr));
}

static void
init_num_queues_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;
	uint32_t granted = 0;

	if (!ctrlr->init.busy) {
		return;
	}
	ctrlr->init.busy = false;
	if (spdk_nvme_cpl_is_aborted_sq_deletion(cpl)) {
		nvme_init_fail(ctrlr, -EIO);
		return;
	}
	if (spdk_nvme_cpl_is_error(cpl)) {
		/* Administrative controllers refuse; they stay usable without I/O queues. */
		SPDK_INFOLOG(nvme, "%s: no I/O queues\n", ctrlr->trid.subnqn);
	} else {
		/* Both 0's based. */
		granted = spdk_min((cpl->cdw0 & 0xffff) + 1, (cpl->cdw0 >> 16) + 1);
	}
	/* qid_used was made for what was asked first; a controller that grants more gets no more.
	 */
	ctrlr->opts.num_io_queues = spdk_min(granted, ctrlr->opts.num_io_queues);
	nvme_init_set_state(ctrlr, NVME_CTRLR_SCAN_NS);
}

static void
init_num_queues(struct spdk_nvme_ctrlr *ctrlr)
{
	uint32_t count = ctrlr->opts.num_io_queues;

	if (count == 0) {
		nvme_init_set_state(ctrlr, NVME_CTRLR_SCAN_NS);
		return;
	}
	count--;
	nvme_init_sent(ctrlr, spdk_nvme_ctrlr_cmd_set_feature(
	                              ctrlr, SPDK_NVME_FEAT_NUMBER_OF_QUEUES, count << 16 | count,
	                              0, NULL, 0, init_num_queues_done, ctrlr));
}

/* ---- Namespaces, events, the end ---- */

static void
init_scan_done(struct spdk_nvme_ctrlr *ctrlr, int rc)
{
	if (!ctrlr->init.busy) {
		return;
	}
	ctrlr->init.busy = false;
	if (rc != 0) {
		nvme_init_fail(ctrlr, rc);
		return;
	}
	nvme_init_set_state(ctrlr, NVME_CTRLR_CONFIGURE_AER);
}

static void
init_scan_ns(struct spdk_nvme_ctrlr *ctrlr)
{
	int rc;

	/* It may end within the call. Each command of the scan sets the deadline anew. */
	ctrlr->init.busy = true;
	rc = nvme_ns_scan_start(ctrlr, init_scan_done);
	if (rc != 0) {
		ctrlr->init.busy = false;
		nvme_init_fail(ctrlr, rc);
	}
}

static void
init_aer_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;

	if (!ctrlr->init.busy) {
		return;
	}
	ctrlr->init.busy = false;
	if (spdk_nvme_cpl_is_aborted_sq_deletion(cpl)) {
		nvme_init_fail(ctrlr, -EIO);
		return;
	}
	if (spdk_nvme_cpl_is_success(cpl)) {
		int rc = nvme_aer_start(ctrlr);

		if (rc != 0) {
			nvme_init_fail(ctrlr, rc);
			return;
		}
	}
	nvme_init_set_state(ctrlr, NVME_CTRLR_TRANSPORT_READY);
}

static void
init_configure_aer(struct spdk_nvme_ctrlr *ctrlr)
{
	union spdk_nvme_feat_async_event_configuration config = { .raw = 0 };
	const struct spdk_nvme_cdata_oaes *oaes = &ctrlr->cdata.oaes;

	if (spdk_nvme_ctrlr_is_discovery(ctrlr)) {
		config.bits.discovery_log_change_notice = oaes->discovery_log_change_notices;
		/* Nothing to hear: an event request would only be refused. */
		if (config.raw == 0) {
			nvme_init_set_state(ctrlr, NVME_CTRLR_TRANSPORT_READY);
			return;
		}
	} else {
		config.bits.crit_warn.bits.available_spare = 1;
		config.bits.crit_warn.bits.temperature = 1;
		config.bits.crit_warn.bits.device_reliability = 1;
		config.bits.crit_warn.bits.read_only = 1;
		config.bits.crit_warn.bits.volatile_memory_backup = 1;
		config.bits.ns_attr_notice = oaes->ns_attribute_notices;
		config.bits.fw_activation_notice = oaes->fw_activation_notices;
		config.bits.ana_change_notice = oaes->ana_change_notices;
	}
	nvme_init_sent(ctrlr, spdk_nvme_ctrlr_cmd_set_feature(
	                              ctrlr, SPDK_NVME_FEAT_ASYNC_EVENT_CONFIGURATION, config.raw,
	                              0, NULL, 0, init_aer_done, ctrlr));
}

static void
init_transport_ready(struct spdk_nvme_ctrlr *ctrlr)
{
	int rc = ctrlr->ops->ctrlr_ready != NULL ? ctrlr->ops->ctrlr_ready(ctrlr) : 0;

	if (rc != 0) {
		nvme_init_fail(ctrlr, rc);
	} else {
		nvme_init_set_state(ctrlr, NVME_CTRLR_READY);
	}
}

/* ---- The machine ---- */

static void (*const g_init_handlers[NVME_CTRLR_NUM_STATES])(struct spdk_nvme_ctrlr *ctrlr) = {
	[NVME_CTRLR_CONNECT_ADMINQ] = init_connect_adminq,
	[NVME_CTRLR_WAIT_ADMINQ] = init_wait_adminq,
	[NVME_CTRLR_READ_VS] = nvme_init_read_vs,
	[NVME_CTRLR_READ_CAP] = nvme_init_read_cap,
	[NVME_CTRLR_READ_CC] = nvme_init_read_cc,
	[NVME_CTRLR_DISABLE] = nvme_init_disable,
	[NVME_CTRLR_WAIT_NOT_READY] = nvme_init_read_csts,
	[NVME_CTRLR_ENABLE] = nvme_init_enable,
	[NVME_CTRLR_WAIT_READY] = nvme_init_read_csts,
	[NVME_CTRLR_IDENTIFY] = init_identify,
	[NVME_CTRLR_KEEP_ALIVE] = init_keep_alive,
	[NVME_CTRLR_NUM_QUEUES] = init_num_queues,
	[NVME_CTRLR_SCAN_NS] = init_scan_ns,
	[NVME_CTRLR_CONFIGURE_AER] = init_configure_aer,
	[NVME_CTRLR_TRANSPORT_READY] = init_transport_ready,
};

void
nvme_ctrlr_start_init(struct spdk_nvme_ctrlr *ctrlr)
{
	nvme_init_set_state(ctrlr, NVME_CTRLR_CONNECT_ADMINQ);
	ctrlr->init.rc = 0;
}

int
nvme_ctrlr_process_init(struct spdk_nvme_ctrlr *ctrlr)
{
	struct nvme_init *init = &ctrlr->init;
	int32_t rc;

	nvme_ctrlr_lock(ctrlr);
	if (init->state > NVME_CTRLR_CONNECT_ADMINQ && init->state < NVME_CTRLR_READY) {
		rc = spdk_nvme_qpair_process_completions(ctrlr->adminq, 0);
		if (rc < 0) {
			nvme_init_fail(ctrlr, init->state == NVME_CTRLR_WAIT_ADMINQ ? -ECONNREFUSED
			                                                            : -ECONNRESET);
		} else if (spdk_get_ticks() > init->deadline_ticks) {
			nvme_init_fail(ctrlr, -ETIMEDOUT);
		}
	}
	if (!init->busy && g_init_handlers[init->state] != NULL) {
		g_init_handlers[init->state](ctrlr);
	}
	switch (init->state) {
	case NVME_CTRLR_READY:
		rc = 0;
		break;
	case NVME_CTRLR_ERROR:
		rc = init->rc;
		break;
	case NVME_CTRLR_DISCONNECTED:
		rc = -ENXIO;
		break;
	default:
		rc = -EAGAIN;
		break;
	}
	nvme_ctrlr_unlock(ctrlr);
	return rc;
}
