/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Get and Set Features. Controller thread. One table says which features there are and what may be
 * done with each; the few with an effect have a function. None is saved across resets.
 */

#include "nvmf_internal.h"

#define TEMP_THRESHOLD_DEFAULT 0xffff
#define TEMP_SENSORS 9

typedef enum spdk_nvmf_request_exec_status (*feature_fn)(struct spdk_nvmf_request *req);

struct feature {
	feature_fn get;
	feature_fn set; /* NULL: not changeable */
	bool discovery; /* a discovery controller has it */
};

static struct spdk_nvmf_ctrlr *
req_ctrlr(struct spdk_nvmf_request *req)
{
	return req->qpair->ctrlr;
}

static enum spdk_nvmf_request_exec_status
answer(struct spdk_nvmf_request *req, uint32_t value)
{
	req->rsp->nvme_cpl.cdw0 = value;
	return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
}

static enum spdk_nvmf_request_exec_status
done(void)
{
	return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
}

/* ---- Plain values ---- */

static enum spdk_nvmf_request_exec_status
get_arbitration(struct spdk_nvmf_request *req)
{
	return answer(req, req_ctrlr(req)->feat.arbitration);
}

static enum spdk_nvmf_request_exec_status
set_arbitration(struct spdk_nvmf_request *req)
{
	req_ctrlr(req)->feat.arbitration = req->cmd->nvme_cmd.cdw11;
	return done();
}

static enum spdk_nvmf_request_exec_status
get_power(struct spdk_nvmf_request *req)
{
	return answer(req, req_ctrlr(req)->feat.power_management);
}

static enum spdk_nvmf_request_exec_status
set_power(struct spdk_nvmf_request *req)
{
	if (req->cmd->nvme_cmd.cdw11 & 0x1f) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD); /* only state 0 */
	}
	req_ctrlr(req)->feat.power_management = req->cmd->nvme_cmd.cdw11 & 0xff;
	return done();
}

static enum spdk_nvmf_request_exec_status
get_error_recovery(struct spdk_nvmf_request *req)
{
	return answer(req, req_ctrlr(req)->feat.error_recovery);
}

static enum spdk_nvmf_request_exec_status
set_error_recovery(struct spdk_nvmf_request *req)
{
	union spdk_nvme_feat_error_recovery value = { .raw = req->cmd->nvme_cmd.cdw11 };

	if (value.bits.dulbe) {
		/* No namespace reports deallocated blocks as errors. */
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	req_ctrlr(req)->feat.error_recovery = value.raw;
	return done();
}

static enum spdk_nvmf_request_exec_status
get_atomicity(struct spdk_nvmf_request *req)
{
	return answer(req, req_ctrlr(req)->feat.write_atomicity);
}

static enum spdk_nvmf_request_exec_status
set_atomicity(struct spdk_nvmf_request *req)
{
	req_ctrlr(req)->feat.write_atomicity = req->cmd->nvme_cmd.cdw11 & 1;
	return done();
}

static enum spdk_nvmf_request_exec_status
get_aec(struct spdk_nvmf_request *req)
{
	return answer(req, req_ctrlr(req)->feat.aec.raw);
}

static enum spdk_nvmf_request_exec_status
set_aec(struct spdk_nvmf_request *req)
{
	req_ctrlr(req)->feat.aec.raw = req->cmd->nvme_cmd.cdw11;
	return done();
}

/* ---- Temperature thresholds: kept, since there is nothing to measure ---- */

static uint32_t *
temp_threshold(struct spdk_nvmf_request *req)
{
	union spdk_nvme_feat_temperature_threshold t = { .raw = req->cmd->nvme_cmd.cdw11 };

	if (t.bits.tmpsel >= TEMP_SENSORS || t.bits.thsel > 1) {
		return NULL;
	}
	return &req_ctrlr(req)->feat.temp_threshold[t.bits.tmpsel][t.bits.thsel];
}

static enum spdk_nvmf_request_exec_status
get_temp_threshold(struct spdk_nvmf_request *req)
{
	uint32_t *value = temp_threshold(req);

	if (value == NULL) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	return answer(req, *value);
}

static enum spdk_nvmf_request_exec_status
set_temp_threshold(struct spdk_nvmf_request *req)
{
	union spdk_nvme_feat_temperature_threshold t = { .raw = req->cmd->nvme_cmd.cdw11 };
	struct spdk_nvmf_ctrlr *ctrlr = req_ctrlr(req);
	uint32_t *value = temp_threshold(req);
	uint32_t i;

	if (t.bits.tmpsel == 0xf && t.bits.thsel <= 1) {
		for (i = 0; i < TEMP_SENSORS; i++) {
			ctrlr->feat.temp_threshold[i][t.bits.thsel] = t.bits.tmpth;
		}
		return done();
	}
	if (value == NULL) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	*value = t.bits.tmpth;
	return done();
}

/* ---- Volatile write cache: off means that each write is durable before its answer ---- */

static enum spdk_nvmf_request_exec_status
get_vwc(struct spdk_nvmf_request *req)
{
	return answer(req, req_ctrlr(req)->feat.vwc);
}

static enum spdk_nvmf_request_exec_status
set_vwc(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_ctrlr *ctrlr = req_ctrlr(req);

	ctrlr->feat.vwc = req->cmd->nvme_cmd.cdw11 & 1;
	ctrlr->force_fua = ctrlr->feat.vwc == 0;
	return done();
}

/* ---- Number of queues ---- */

static enum spdk_nvmf_request_exec_status
get_num_queues(struct spdk_nvmf_request *req)
{
	return answer(req, req_ctrlr(req)->feat.num_queues);
}

/** What we offer, whatever the host asks for: it takes the smaller. Not after I/O queues exist. */
static enum spdk_nvmf_request_exec_status
set_num_queues(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_ctrlr *ctrlr = req_ctrlr(req);
	union spdk_nvme_feat_number_of_queues wanted = { .raw = req->cmd->nvme_cmd.cdw11 };

	if (ctrlr->num_qpairs > 1) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_COMMAND_SEQUENCE_ERROR);
	}
	if (wanted.bits.ncqr == UINT16_MAX || wanted.bits.nsqr == UINT16_MAX) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	return answer(req, ctrlr->feat.num_queues);
}

/* ---- Keep-alive timer, host identifier ---- */

static enum spdk_nvmf_request_exec_status
get_kato(struct spdk_nvmf_request *req)
{
	return answer(req, req_ctrlr(req)->feat.kato_ms);
}

static enum spdk_nvmf_request_exec_status
set_kato(struct spdk_nvmf_request *req)
{
	if (nvmf_ctrlr_set_kato(req_ctrlr(req), req->cmd->nvme_cmd.cdw11) != 0) {
		nvmf_rsp_set(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_INTERNAL_DEVICE_ERROR);
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	return answer(req, req_ctrlr(req)->feat.kato_ms);
}

/** Over fabrics it is the one of Connect: 128 bits, and never set. */
static enum spdk_nvmf_request_exec_status
get_host_id(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_ctrlr *ctrlr = req_ctrlr(req);

	if (!(req->cmd->nvme_cmd.cdw11 & 1)) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	if (req->length < sizeof(ctrlr->hostid)) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_DATA_SGL_LENGTH_INVALID);
	}
	nvmf_request_put_data(req, ctrlr->hostid.u.raw, sizeof(ctrlr->hostid), 0);
	return done();
}

static enum spdk_nvmf_request_exec_status
set_host_id(struct spdk_nvmf_request *req)
{
	return nvmf_rsp_generic(req, SPDK_NVME_SC_COMMAND_SEQUENCE_ERROR);
}

/* ---- The table ---- */

static const struct feature g_features[] = {
	[SPDK_NVME_FEAT_ARBITRATION] = { get_arbitration, set_arbitration },
	[SPDK_NVME_FEAT_POWER_MANAGEMENT] = { get_power, set_power },
	[SPDK_NVME_FEAT_TEMPERATURE_THRESHOLD] = { get_temp_threshold, set_temp_threshold },
	[SPDK_NVME_FEAT_ERROR_RECOVERY] = { get_error_recovery, set_error_recovery },
	[SPDK_NVME_FEAT_VOLATILE_WRITE_CACHE] = { get_vwc, set_vwc },
	[SPDK_NVME_FEAT_NUMBER_OF_QUEUES] = { get_num_queues, set_num_queues },
	[SPDK_NVME_FEAT_WRITE_ATOMICITY] = { get_atomicity, set_atomicity },
	[SPDK_NVME_FEAT_ASYNC_EVENT_CONFIGURATION] = { get_aec, set_aec, true },
	[SPDK_NVME_FEAT_KEEP_ALIVE_TIMER] = { get_kato, set_kato, true },
	[SPDK_NVME_FEAT_HOST_IDENTIFIER] = { get_host_id, set_host_id },
};

static const struct feature *
find_feature(const struct spdk_nvmf_ctrlr *ctrlr, uint8_t fid)
{
	const struct feature *feature;

	if (fid >= SPDK_COUNTOF(g_features) || g_features[fid].get == NULL) {
		return NULL;
	}
	feature = &g_features[fid];
	return !ctrlr->discovery || feature->discovery ? feature : NULL;
}

/** Keep-alive is the host's choice at Connect, which a reset keeps. */
static void
ctrlr_default_features(const struct spdk_nvmf_ctrlr *ctrlr, struct nvmf_ctrlr_feat *feat)
{
	uint32_t i, num_io_queues = ctrlr->transport->opts.max_qpairs_per_ctrlr - 2; /* 0's based */
	uint32_t kato_ms = ctrlr->feat.kato_ms;

	memset(feat, 0, sizeof(*feat));
	feat->arbitration = SPDK_NVME_ARBITRATION_BURST_UNLIMITED;
	feat->vwc = 1;
	feat->num_queues = num_io_queues << 16 | num_io_queues;
	feat->aec.bits.ns_attr_notice = !ctrlr->discovery;
	feat->aec.bits.discovery_log_change_notice = ctrlr->discovery;
	feat->kato_ms = kato_ms;
	for (i = 0; i < TEMP_SENSORS; i++) {
		feat->temp_threshold[i][0] = TEMP_THRESHOLD_DEFAULT;
	}
}

void
nvmf_ctrlr_reset_features(struct spdk_nvmf_ctrlr *ctrlr)
{
	struct nvmf_ctrlr_feat feat;

	ctrlr_default_features(ctrlr, &feat);
	ctrlr->feat = feat;
	ctrlr->force_fua = false;
	ctrlr->aen_pending = 0;
	ctrlr->aen_masked = 0;
	ctrlr->changed_ns_count = 0;
}

/** SEL: current and default; nothing is saved. */
static enum spdk_nvmf_request_exec_status
get_selected(struct spdk_nvmf_request *req, const struct feature *feature, uint8_t sel)
{
	struct spdk_nvmf_ctrlr *ctrlr = req_ctrlr(req);
	enum spdk_nvmf_request_exec_status rc;
	struct nvmf_ctrlr_feat keep;

	if (sel == 0) {
		return feature->get(req);
	}
	if (sel == 3) {
		return answer(req, feature->set != NULL ? 1 << 2 : 0); /* changeable */
	}
	if (sel > 3) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	keep = ctrlr->feat;
	ctrlr_default_features(ctrlr, &ctrlr->feat);
	rc = feature->get(req);
	ctrlr->feat = keep;
	return rc;
}

enum spdk_nvmf_request_exec_status
nvmf_ctrlr_get_features(struct spdk_nvmf_request *req)
{
	uint32_t cdw10 = req->cmd->nvme_cmd.cdw10;
	const struct feature *feature = find_feature(req_ctrlr(req), cdw10 & 0xff);

	if (feature == NULL) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	return get_selected(req, feature, cdw10 >> 8 & 7);
}

enum spdk_nvmf_request_exec_status
nvmf_ctrlr_set_features(struct spdk_nvmf_request *req)
{
	uint32_t cdw10 = req->cmd->nvme_cmd.cdw10;
	const struct feature *feature = find_feature(req_ctrlr(req), cdw10 & 0xff);

	if (feature == NULL) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	if (cdw10 >> 31) {
		return nvmf_rsp_fail(req, SPDK_NVME_SCT_COMMAND_SPECIFIC,
		                     SPDK_NVME_SC_FEATURE_ID_NOT_SAVEABLE);
	}
	return feature->set(req);
}

bool
nvmf_ctrlr_has_feature(const struct spdk_nvmf_ctrlr *ctrlr, uint8_t fid)
{
	return find_feature(ctrlr, fid) != NULL;
}
