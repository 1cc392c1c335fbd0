/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Fabrics Property Get and Set: CAP, VS, CC, CSTS. On the controller's thread, which is the admin
 * queue's. CC is where a host enables, resets and shuts down the controller:
 *
 *	EN 0 -> 1   CSTS.RDY rises at once
 *	EN 1 -> 0   the I/O queues are disconnected; when the last has drained, CSTS is 0
 *	SHN != 0    the same; when the last has drained, CSTS.SHST is "complete"
 */

#include "nvmf_internal.h"

static enum spdk_nvmf_request_exec_status
property_invalid(struct spdk_nvmf_request *req)
{
	return nvmf_rsp_fail(req, SPDK_NVME_SCT_COMMAND_SPECIFIC,
	                     SPDK_NVMF_FABRIC_SC_INVALID_PARAM);
}

static int
property_read(struct spdk_nvmf_ctrlr *ctrlr, const struct wire_prop *prop, uint64_t *value)
{
	uint8_t size = 4;

	switch (prop->offset) {
	case offsetof(struct spdk_nvme_registers, cap):
		*value = ctrlr->regs.cap.raw;
		size = 8;
		break;
	case offsetof(struct spdk_nvme_registers, vs):
		*value = ctrlr->regs.vs.raw;
		break;
	case offsetof(struct spdk_nvme_registers, cc):
		*value = ctrlr->regs.cc.raw;
		break;
	case offsetof(struct spdk_nvme_registers, csts):
		*value = ctrlr->regs.csts.raw;
		break;
	default:
		return -EINVAL;
	}
	return prop->size_bytes == size ? 0 : -EINVAL;
}

/** Are the fields that count while the controller is enabled ones that we offer? */
static bool
cc_is_valid(const struct spdk_nvmf_ctrlr *ctrlr, union spdk_nvme_cc_register cc)
{
	if (cc.bits.css != SPDK_NVME_CC_CSS_NVM || cc.bits.mps != 0 || cc.bits.ams != 0) {
		return false;
	}
	if (ctrlr->discovery) {
		return true; /* it has no I/O queues whose entries could have a size */
	}
	return cc.bits.iosqes == 6 && cc.bits.iocqes == 4;
}

static bool
cc_enable(struct spdk_nvmf_ctrlr *ctrlr, union spdk_nvme_cc_register cc)
{
	if (!cc_is_valid(ctrlr, cc) || ctrlr->stop != NVMF_CTRLR_RUNNING ||
	    ctrlr->regs.csts.bits.shst != SPDK_NVME_SHST_NORMAL) {
		return false;
	}
	ctrlr->regs.csts.bits.rdy = 1;
	spdk_poller_unregister(&ctrlr->association_poller);
	return true;
}

static void
cc_stop(struct spdk_nvmf_ctrlr *ctrlr, enum nvmf_ctrlr_stop stop)
{
	ctrlr->stop = stop;
	nvmf_ctrlr_disconnect_io_qpairs(ctrlr);
	nvmf_ctrlr_check_stopped(ctrlr);
}

static bool
cc_write(struct spdk_nvmf_ctrlr *ctrlr, union spdk_nvme_cc_register cc)
{
	union spdk_nvme_cc_register old = ctrlr->regs.cc;

	if (cc.bits.en && !old.bits.en && !cc_enable(ctrlr, cc)) {
		return false;
	}
	if (cc.bits.en && old.bits.en &&
	    (cc.bits.css != old.bits.css || cc.bits.mps != old.bits.mps ||
	     cc.bits.ams != old.bits.ams || cc.bits.iosqes != old.bits.iosqes ||
	     cc.bits.iocqes != old.bits.iocqes)) {
		return false;
	}
	ctrlr->regs.cc = cc;
	if (!cc.bits.en && old.bits.en) {
		ctrlr->regs.cc.raw = 0;
		nvmf_ctrlr_abort_aers(ctrlr);
		cc_stop(ctrlr, NVMF_CTRLR_RESETTING);
	} else if (cc.bits.shn != 0 && old.bits.shn == 0) {
		ctrlr->regs.csts.bits.shst = SPDK_NVME_SHST_OCCURRING;
		cc_stop(ctrlr, NVMF_CTRLR_SHUTTING_DOWN);
	}
	return true;
}

enum spdk_nvmf_request_exec_status
nvmf_property_exec(struct spdk_nvmf_request *req)
{
	struct spdk_nvmf_ctrlr *ctrlr = req->qpair->ctrlr;
	struct wire_prop prop;
	struct wire_status status = {};
	union spdk_nvme_cc_register cc;
	uint64_t value = 0;

	if (wire_prop_decode(&req->cmd->nvme_cmd, &prop, &status) != 0) {
		wire_status_to_cpl(&status, &req->rsp->nvme_cpl);
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	if (property_read(ctrlr, &prop, &value) != 0) {
		return property_invalid(req);
	}
	if (!prop.is_set) {
		wire_prop_value_to_cpl(value, &req->rsp->nvme_cpl);
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	cc.raw = (uint32_t)prop.value;
	if (prop.offset != offsetof(struct spdk_nvme_registers, cc) || !cc_write(ctrlr, cc)) {
		return property_invalid(req);
	}
	return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
}
