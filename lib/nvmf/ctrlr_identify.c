/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Identify. Controller thread; namespaces are read while the command is counted as running, so the
 * subsystem can't be paused and they can't change. Each structure is built whole in a local buffer
 * of 4 KiB and copied to wherever the host wants it.
 */

#include "nvmf_internal.h"

#include "spdk/version.h"

#define IDENTIFY_BYTES SPDK_NVME_IDENTIFY_BUFLEN

/* ---- CNS 01h: controller ---- */

static bool
subsystem_has_volatile_cache(const struct spdk_nvmf_subsystem *subsystem)
{
	uint32_t i;

	for (i = 0; i < subsystem->opts.max_nsid; i++) {
		if (subsystem->ns[i] != NULL && subsystem->ns[i]->volatile_cache) {
			return true;
		}
	}
	return false;
}

/** Transfer limit as a power of two of 4 KiB pages. */
static uint8_t
ctrlr_mdts(const struct spdk_nvmf_ctrlr *ctrlr)
{
	return (uint8_t)spdk_u32log2(nvmf_transport_io_bytes_max(ctrlr->transport) / 4096);
}

static void
identify_ctrlr_common(const struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvme_ctrlr_data *cdata)
{
	const struct spdk_nvmf_ctrlr_data *own = &ctrlr->cdata;
	int i;

	spdk_strcpy_pad(cdata->fr, SPDK_VERSION_MAJOR_STRING SPDK_VERSION_MINOR_STRING,
	                sizeof(cdata->fr), ' ');
	cdata->mdts = ctrlr_mdts(ctrlr);
	cdata->cntlid = ctrlr->cntlid;
	cdata->ver = ctrlr->regs.vs;
	cdata->cntrltype = own->cntrltype;
	for (i = 0; i < 3; i++) {
		cdata->crdt[i] = ctrlr->subsys->tgt->crdt[i];
	}
	cdata->aerl = own->aerl;
	cdata->lpa.lpeds = 1;
	cdata->kas = own->kas;
	cdata->maxcmd = ctrlr->transport->opts.max_queue_depth;
	cdata->sgls = own->sgls;
	cdata->nvmf_specific = own->nvmf_specific;
	cdata->nvmf_specific.ctrattr.ctrlr_model = SPDK_NVMF_CTRLR_MODEL_DYNAMIC;
	snprintf((char *)cdata->subnqn, sizeof(cdata->subnqn), "%s", ctrlr->subsys->nqn);
	cdata->oaes.discovery_log_change_notices = ctrlr->discovery;
}

static void
identify_ctrlr_io(const struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvme_ctrlr_data *cdata)
{
	const struct spdk_nvmf_subsystem *subsystem = ctrlr->subsys;

	spdk_strcpy_pad(cdata->sn, subsystem->opts.sn, sizeof(cdata->sn), ' ');
	spdk_strcpy_pad(cdata->mn, subsystem->opts.mn, sizeof(cdata->mn), ' ');
	cdata->rab = 6;
	cdata->cmic.mports = 1;
	cdata->cmic.mctrs = 1;
	cdata->ctratt.hids = 1;
	cdata->oaes.ns_attribute_notices = 1;
	cdata->acl = NVMF_ABORT_LIMIT - 1;
	cdata->frmw.slot1_ro = 1;
	cdata->frmw.num_slots = 1;
	cdata->lpa.cses = 1;
	cdata->npss = 0;
	cdata->sqes.min = 6;
	cdata->sqes.max = 6;
	cdata->cqes.min = 4;
	cdata->cqes.max = 4;
	cdata->nn = subsystem->opts.max_nsid;
	cdata->oncs = ctrlr->cdata.oncs;
	cdata->vwc.present = subsystem_has_volatile_cache(subsystem);
	cdata->vwc.flush_broadcast = SPDK_NVME_FLUSH_BROADCAST_NOT_SUPPORTED;
}

int
spdk_nvmf_ctrlr_identify_ctrlr(struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvme_ctrlr_data *cdata)
{
	memset(cdata, 0, sizeof(*cdata));
	identify_ctrlr_common(ctrlr, cdata);
	if (!ctrlr->discovery) {
		identify_ctrlr_io(ctrlr, cdata);
	}
	return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
}

static enum spdk_nvmf_request_exec_status
identify_ctrlr(struct spdk_nvmf_request *req, void *buf)
{
	return spdk_nvmf_ctrlr_identify_ctrlr(req->qpair->ctrlr, buf);
}

/* ---- CNS 00h: namespace ---- */

static uint64_t
ns_num_blocks(const struct spdk_nvmf_ns *ns)
{
	return spdk_bdev_get_num_blocks(ns->bdev);
}

static void
identify_ns_fill(const struct spdk_nvmf_ns *ns, struct spdk_nvme_ns_data *nsdata)
{
	uint64_t eui64;
	uint64_t num_blocks = ns_num_blocks(ns);

	nsdata->nsze = num_blocks;
	nsdata->ncap = num_blocks;
	nsdata->nuse = num_blocks;
	nsdata->nsfeat.ns_atomic_write_unit = 1;
	nsdata->nawun = ns->atomic_blocks - 1;
	nsdata->nawupf = ns->atomic_blocks - 1;
	nsdata->nmic.shrns = 1;
	nsdata->noiob = (uint16_t)spdk_min(spdk_bdev_get_optimal_io_boundary(ns->bdev), UINT16_MAX);
	nsdata->lbaf[0].lbads = (uint8_t)spdk_u32log2(ns->block_size);
	memcpy(nsdata->nguid, ns->opts.nguid, sizeof(nsdata->nguid));
	memcpy(&eui64, ns->opts.eui64, sizeof(eui64));
	nsdata->eui64 = eui64;
}

/** CNS 00h, 05h, 08h: a number without a namespace reads as zeroes, one out of range fails. */
static enum spdk_nvmf_request_exec_status
identify_find_ns(struct spdk_nvmf_request *req, struct spdk_nvmf_ns **ns)
{
	struct spdk_nvmf_subsystem *subsystem = req->qpair->ctrlr->subsys;
	uint32_t nsid = req->cmd->nvme_cmd.nsid;

	*ns = nvmf_subsystem_ns(subsystem, nsid);
	if (nsid == 0 || nsid > subsystem->opts.max_nsid) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_NAMESPACE_OR_FORMAT);
	}
	return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
}

static enum spdk_nvmf_request_exec_status
identify_ns(struct spdk_nvmf_request *req, void *buf)
{
	struct spdk_nvmf_ns *ns;

	enum spdk_nvmf_request_exec_status rc = identify_find_ns(req, &ns);

	if (ns != NULL) {
		identify_ns_fill(ns, buf);
	}
	return rc;
}

/* ---- CNS 02h, 07h: list of namespaces ---- */

static enum spdk_nvmf_request_exec_status
identify_active_list(struct spdk_nvmf_request *req, void *buf)
{
	struct spdk_nvmf_subsystem *subsystem = req->qpair->ctrlr->subsys;
	struct spdk_nvme_ns_list *list = buf;
	uint32_t nsid = req->cmd->nvme_cmd.nsid;
	uint32_t n = 0;

	if (nsid >= 0xfffffffe) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_NAMESPACE_OR_FORMAT);
	}
	for (nsid++; nsid <= subsystem->opts.max_nsid && n < SPDK_COUNTOF(list->ns_list); nsid++) {
		if (subsystem->ns[nsid - 1] != NULL) {
			list->ns_list[n++] = nsid;
		}
	}
	return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
}

/* ---- CNS 03h: what a namespace is called ---- */

static uint8_t *
put_id_desc(uint8_t *p, uint8_t nidt, const void *nid, uint8_t len)
{
	struct spdk_nvme_ns_id_desc *desc = (struct spdk_nvme_ns_id_desc *)p;

	desc->nidt = nidt;
	desc->nidl = len;
	memcpy(desc->nid, nid, len);
	return p + sizeof(*desc) + len;
}

static enum spdk_nvmf_request_exec_status
identify_ns_id_list(struct spdk_nvmf_request *req, void *buf)
{
	static const uint8_t csi_nvm = SPDK_NVME_CSI_NVM;
	struct spdk_nvmf_ns *ns;
	uint8_t *p = buf;

	identify_find_ns(req, &ns);
	if (ns == NULL) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_NAMESPACE_OR_FORMAT);
	}
	if (!spdk_mem_all_zero(ns->opts.eui64, sizeof(ns->opts.eui64))) {
		p = put_id_desc(p, SPDK_NVME_NIDT_EUI64, ns->opts.eui64, sizeof(ns->opts.eui64));
	}
	if (!spdk_mem_all_zero(ns->opts.nguid, sizeof(ns->opts.nguid))) {
		p = put_id_desc(p, SPDK_NVME_NIDT_NGUID, ns->opts.nguid, sizeof(ns->opts.nguid));
	}
	if (!spdk_uuid_is_null(&ns->opts.uuid)) {
		p = put_id_desc(p, SPDK_NVME_NIDT_UUID, ns->opts.uuid.u.raw,
		                sizeof(ns->opts.uuid.u.raw));
	}
	put_id_desc(p, SPDK_NVME_NIDT_CSI, &csi_nvm, sizeof(csi_nvm));
	return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
}

/* ---- CNS 05h, 06h, 08h: by command set ---- */

static bool
csi_is_nvm(const struct spdk_nvmf_request *req)
{
	return req->cmd->nvme_cmd.cdw11 >> 24 == SPDK_NVME_CSI_NVM;
}

static enum spdk_nvmf_request_exec_status
identify_ns_iocs(struct spdk_nvmf_request *req, void *buf)
{
	struct spdk_nvmf_ns *ns;

	if (!csi_is_nvm(req)) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	return identify_find_ns(req, &ns); /* no protection information: all zeroes */
}

static enum spdk_nvmf_request_exec_status
identify_ctrlr_iocs(struct spdk_nvmf_request *req, void *buf)
{
	struct spdk_nvmf_subsystem *subsystem = req->qpair->ctrlr->subsys;
	struct spdk_nvme_nvm_ctrlr_data *data = buf;

	if (!csi_is_nvm(req)) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	data->wzsl = subsystem->opts.wzsl;
	data->dmrsl = subsystem->opts.dmrsl;
	return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
}

static enum spdk_nvmf_request_exec_status
identify_active_list_iocs(struct spdk_nvmf_request *req, void *buf)
{
	if (!csi_is_nvm(req)) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	return identify_active_list(req, buf);
}

static enum spdk_nvmf_request_exec_status
identify_ns_independent(struct spdk_nvmf_request *req, void *buf)
{
	struct spdk_nvme_ns_iocs_independent_data *data = buf;
	struct spdk_nvmf_ns *ns;
	enum spdk_nvmf_request_exec_status rc = identify_find_ns(req, &ns);

	if (ns != NULL) {
		data->nmic.shrns = 1;
		data->nsfeat.vwcnp = !ns->volatile_cache;
		data->nstat.nrdy = 1;
	}
	return rc;
}

/* ---- Dispatch ---- */

static enum spdk_nvmf_request_exec_status
identify_build(struct spdk_nvmf_request *req, void *buf)
{
	uint8_t cns = req->cmd->nvme_cmd.cdw10 & 0xff;

	if (cns == SPDK_NVME_IDENTIFY_CTRLR) {
		return identify_ctrlr(req, buf);
	}
	if (req->qpair->ctrlr->discovery) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
	switch (cns) {
	case SPDK_NVME_IDENTIFY_NS:
		return identify_ns(req, buf);
	case SPDK_NVME_IDENTIFY_ACTIVE_NS_LIST:
		return identify_active_list(req, buf);
	case SPDK_NVME_IDENTIFY_NS_ID_DESCRIPTOR_LIST:
		return identify_ns_id_list(req, buf);
	case SPDK_NVME_IDENTIFY_NS_IOCS:
		return identify_ns_iocs(req, buf);
	case SPDK_NVME_IDENTIFY_CTRLR_IOCS:
		return identify_ctrlr_iocs(req, buf);
	case SPDK_NVME_IDENTIFY_ACTIVE_NS_LIST_IOCS:
		return identify_active_list_iocs(req, buf);
	case SPDK_NVME_IDENTIFY_NS_IOCS_INDEPENDENT:
		return identify_ns_independent(req, buf);
	default:
		return nvmf_rsp_generic(req, SPDK_NVME_SC_INVALID_FIELD);
	}
}

enum spdk_nvmf_request_exec_status
nvmf_ctrlr_identify(struct spdk_nvmf_request *req)
{
	uint8_t buf[IDENTIFY_BYTES] __attribute__((aligned(8))) = { 0 };
	enum spdk_nvmf_request_exec_status rc;

	if (req->length < IDENTIFY_BYTES) {
		return nvmf_rsp_generic(req, SPDK_NVME_SC_DATA_SGL_LENGTH_INVALID);
	}
	rc = identify_build(req, buf);
	nvmf_request_put_data(req, buf, sizeof(buf), 0);
	return rc;
}
