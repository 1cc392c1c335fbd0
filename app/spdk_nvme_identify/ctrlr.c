/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Prints a controller: its address, registers, identify data and features. */

#include "identify.h"

#include "spdk/env.h"
#include "spdk/util.h"

static void
print_address(struct spdk_nvme_ctrlr *ctrlr)
{
	const struct spdk_nvme_transport_id *trid = spdk_nvme_ctrlr_get_transport_id(ctrlr);

	printf("=====================================================\n");
	if (spdk_nvme_ctrlr_is_fabrics(ctrlr)) {
		printf("NVMe over Fabrics controller at %s:%s: %s\n", trid->traddr, trid->trsvcid,
		       trid->subnqn);
	} else {
		printf("NVMe Controller at %s\n", trid->traddr);
	}
	printf("=====================================================\n");
}

static void
print_registers(struct spdk_nvme_ctrlr *ctrlr)
{
	union spdk_nvme_cap_register cap = spdk_nvme_ctrlr_get_regs_cap(ctrlr);
	union spdk_nvme_vs_register vs = spdk_nvme_ctrlr_get_regs_vs(ctrlr);
	union spdk_nvme_cc_register cc = spdk_nvme_ctrlr_get_regs_cc(ctrlr);
	union spdk_nvme_csts_register csts = spdk_nvme_ctrlr_get_regs_csts(ctrlr);

	print_heading("Registers");
	print_field("NVMe Specification Version (VS)", "%u.%u.%u", vs.bits.mjr, vs.bits.mnr,
	            vs.bits.ter);
	print_field("Maximum Queue Entries", "%u", cap.bits.mqes + 1u);
	print_field("Contiguous Queues Required", "%s", cap.bits.cqr ? "Yes" : "No");
	print_bool("Arbitration: Weighted Round Robin", cap.bits.ams & SPDK_NVME_CAP_AMS_WRR);
	print_bool("Arbitration: Vendor Specific", cap.bits.ams & SPDK_NVME_CAP_AMS_VS);
	print_field("Reset Timeout", "%u ms", cap.bits.to * 500u);
	print_field("Doorbell Stride", "%u bytes", 4u << cap.bits.dstrd);
	print_bool("NVM Subsystem Reset", cap.bits.nssrs);
	print_bool("Command Sets: NVM", cap.bits.css & SPDK_NVME_CAP_CSS_NVM);
	print_bool("Command Sets: I/O Command Sets", cap.bits.css & SPDK_NVME_CAP_CSS_IOCS);
	print_bool("Boot Partition", cap.bits.bps);
	print_field("Memory Page Size Minimum", "%" PRIu64 " bytes",
	            (uint64_t)1 << (12 + cap.bits.mpsmin));
	print_field("Memory Page Size Maximum", "%" PRIu64 " bytes",
	            (uint64_t)1 << (12 + cap.bits.mpsmax));
	print_bool("Persistent Memory Region", cap.bits.pmrs);
	print_bool("Controller Memory Buffer", cap.bits.cmbs);
	print_field("Controller Configuration (CC)", "0x%08x", cc.raw);
	print_field("Controller Status (CSTS)", "0x%08x (%s%s)", csts.raw,
	            csts.bits.rdy ? "ready" : "not ready", csts.bits.cfs ? ", fatal" : "");
}

static void
print_identity(const struct spdk_nvme_ctrlr_data *cdata)
{
	print_heading("Controller");
	print_field("Vendor ID", "%04x", cdata->vid);
	print_field("Subsystem Vendor ID", "%04x", cdata->ssvid);
	print_text("Serial Number", cdata->sn, sizeof(cdata->sn));
	print_text("Model Number", cdata->mn, sizeof(cdata->mn));
	print_text("Firmware Version", cdata->fr, sizeof(cdata->fr));
	print_field("Recommended Arb Burst", "%u", cdata->rab);
	print_field("IEEE OUI Identifier", "%02x %02x %02x", cdata->ieee[0], cdata->ieee[1],
	            cdata->ieee[2]);
	print_field("Controller ID", "%04x", cdata->cntlid);
	print_field("NVMe Specification Version (Identify)", "%u.%u.%u", cdata->ver.bits.mjr,
	            cdata->ver.bits.mnr, cdata->ver.bits.ter);
	print_field("Controller Type", "%s",
	            cdata->cntrltype == SPDK_NVME_CTRLR_IO               ? "I/O"
	            : cdata->cntrltype == SPDK_NVME_CTRLR_DISCOVERY      ? "Discovery"
	            : cdata->cntrltype == SPDK_NVME_CTRLR_ADMINISTRATIVE ? "Administrative"
	                                                                 : "Not Reported");
	print_text("Subsystem NQN", cdata->subnqn, sizeof(cdata->subnqn));
	print_field("May have multiple subsystem ports", "%s", cdata->cmic.mports ? "Yes" : "No");
	print_field("May have multiple controllers", "%s", cdata->cmic.mctrs ? "Yes" : "No");
	print_field("Associated with SR-IOV VF", "%s", cdata->cmic.ft ? "Yes" : "No");
}

static void
print_limits(struct spdk_nvme_ctrlr *ctrlr, const struct spdk_nvme_ctrlr_data *cdata)
{
	print_heading("Limits");
	if (cdata->mdts == 0) {
		print_field("Max Data Transfer Size", "Unlimited");
	} else {
		print_field("Max Data Transfer Size", "%u",
		            spdk_nvme_ctrlr_get_max_xfer_size(ctrlr));
	}
	print_field("Max Number of Namespaces", "%u", cdata->nn);
	print_field("Max Number of Allowed Namespaces", "%u", cdata->mnan);
	print_field("Max Number of I/O Queues", "%u",
	            spdk_nvme_ctrlr_get_opts(ctrlr)->num_io_queues);
	print_field("Max Outstanding Commands", "%u", cdata->maxcmd);
	print_field("Abort Command Limit", "%u", cdata->acl + 1u);
	print_field("Async Event Request Limit", "%u", cdata->aerl + 1u);
	print_field("Error Log Page Entries Supported", "%u", cdata->elpe + 1u);
	print_field("Number of Power States", "%u", cdata->npss + 1u);
	print_field("Submission Queue Entry Size", "%u to %u bytes", 1u << cdata->sqes.min,
	            1u << cdata->sqes.max);
	print_field("Completion Queue Entry Size", "%u to %u bytes", 1u << cdata->cqes.min,
	            1u << cdata->cqes.max);
	print_field("Keep Alive Granularity", "%u ms", cdata->kas * 100u);
	print_field("RTD3 Resume Latency", "%u us", cdata->rtd3r);
	print_field("RTD3 Entry Latency", "%u us", cdata->rtd3e);
	print_field("Warning Temperature", "%u K", cdata->wctemp);
	print_field("Critical Temperature", "%u K", cdata->cctemp);
	print_u128("Total NVM Capacity", cdata->tnvmcap);
	print_u128("Unallocated NVM Capacity", cdata->unvmcap);
	print_field("Atomic Write Unit (Normal)", "%u", cdata->awun + 1u);
	print_field("Atomic Write Unit (PFail)", "%u", cdata->awupf + 1u);
	print_field("Atomic Compare & Write Unit", "%u", cdata->acwu + 1u);
}

static void
print_admin_support(const struct spdk_nvme_ctrlr_data *cdata)
{
	print_heading("Admin Commands and Events");
	print_bool("Security Send/Receive", cdata->oacs.ssrs);
	print_bool("Format NVM", cdata->oacs.fnvms);
	print_bool("Firmware Activate/Download", cdata->oacs.fwds);
	print_bool("Namespace Management", cdata->oacs.nms);
	print_bool("Device Self-Test", cdata->oacs.dsts);
	print_bool("Directives", cdata->oacs.dirs);
	print_bool("NVMe-MI", cdata->oacs.nsrs);
	print_bool("Virtualization Management", cdata->oacs.vms);
	print_bool("Doorbell Buffer Config", cdata->oacs.dbcs);
	print_bool("Get LBA Status", cdata->oacs.glss);
	print_bool("Command & Feature Lockdown", cdata->oacs.cfls);
	print_bool("Namespace Attribute Notices", cdata->oaes.ns_attribute_notices);
	print_bool("Firmware Activation Notices", cdata->oaes.fw_activation_notices);
	print_bool("ANA Change Notices", cdata->oaes.ana_change_notices);
	print_bool("PLE Aggregate Log Change Notices", cdata->oaes.pleal_change_notices);
	print_bool("LBA Status Info Alert Notices", cdata->oaes.lba_sia_notices);
	print_bool("EGE Aggregate Log Change Notices", cdata->oaes.egealp_change_notices);
	print_bool("Normal NVM Subsystem Shutdown event", cdata->oaes.nnvm_sse);
	print_bool("Zone Descriptor Change Notices", cdata->oaes.zdes_change_notices);
	print_bool("Discovery Log Change Notices", cdata->oaes.discovery_log_change_notices);
	print_bool("Asymmetric Namespace Access", cdata->cmic.anars);
	print_field("ANA Transition Time", "%u s", cdata->anatt);
	print_field("ANA Group Identifier Maximum", "%u", cdata->anagrpmax);
	print_field("Number of ANA Group Identifiers", "%u", cdata->nanagrpid);
	print_bool("Per-Namespace SMART Log", cdata->lpa.smarts);
	print_bool("Command Effects Log Page", cdata->lpa.cses);
	print_bool("Get Log Page Extended Data", cdata->lpa.lpeds);
	print_bool("Telemetry Log Pages", cdata->lpa.ts);
	print_bool("Persistent Event Log Pages", cdata->lpa.pes);
	print_bool("Supported Log Pages Log Page", cdata->lpa.mlps);
	print_bool("Firmware Slot 1 Read-Only", cdata->frmw.slot1_ro);
	print_field("Number of Firmware Slots", "%u", cdata->frmw.num_slots);
}

static void
print_attributes(const struct spdk_nvme_ctrlr_data *cdata)
{
	print_heading("Controller Attributes");
	print_bool("128-bit Host Identifier", cdata->ctratt.hids);
	print_bool("Non-Operational Permissive Mode", cdata->ctratt.nopspm);
	print_bool("NVM Sets", cdata->ctratt.nsets);
	print_bool("Read Recovery Levels", cdata->ctratt.rrlvls);
	print_bool("Endurance Groups", cdata->ctratt.egs);
	print_bool("Predictable Latency Mode", cdata->ctratt.plm);
	print_bool("Traffic Based Keep Alive", cdata->ctratt.tbkas);
	print_bool("Namespace Granularity", cdata->ctratt.ng);
	print_bool("SQ Associations", cdata->ctratt.sqa);
	print_bool("UUID List", cdata->ctratt.ulist);
	print_bool("Multi-Domain Subsystem", cdata->ctratt.mds);
	print_bool("Fixed Capacity Management", cdata->ctratt.fcm);
	print_bool("Variable Capacity Management", cdata->ctratt.vcm);
	print_bool("Delete Endurance Group", cdata->ctratt.deg);
	print_bool("Delete NVM Set", cdata->ctratt.dnvms);
	print_bool("Extended LBA Formats", cdata->ctratt.elbas);
	print_bool("Flexible Data Placement", cdata->ctratt.fdps);
}

static void
print_nvm_support(const struct spdk_nvme_ctrlr_data *cdata)
{
	print_heading("NVM Command Set");
	print_bool("Compare", cdata->oncs.nvmcmps);
	print_bool("Write Uncorrectable", cdata->oncs.nvmwusv);
	print_bool("Dataset Management", cdata->oncs.nvmdsmsv);
	print_bool("Write Zeroes", cdata->oncs.nvmwzsv);
	print_bool("Set Features Save Field", cdata->oncs.ssfs);
	print_bool("Reservations", cdata->oncs.reservs);
	print_bool("Timestamp", cdata->oncs.tss);
	print_bool("Verify", cdata->oncs.nvmvfys);
	print_bool("Copy", cdata->oncs.nvmcpys);
	print_bool("Fused Compare & Write", cdata->fuses.fcws);
	print_field("Volatile Write Cache", "%s", cdata->vwc.present ? "Present" : "Not Present");
	print_field("Flush of all Namespaces", "%s",
	            cdata->vwc.flush_broadcast == SPDK_NVME_FLUSH_BROADCAST_SUPPORTED ? "Supported"
	            : cdata->vwc.flush_broadcast == SPDK_NVME_FLUSH_BROADCAST_NOT_SUPPORTED
	                    ? "Not Supported"
	                    : "Not Indicated");
	print_bool("Format applies to all Namespaces", cdata->fna.format_all_ns);
	print_bool("Erase applies to all Namespaces", cdata->fna.erase_all_ns);
	print_bool("Cryptographic Erase", cdata->fna.crypto_erase_supported);
	print_bool("Scatter-Gather Lists", cdata->sgls.supported != 0);
	print_field("SGL Dword Alignment", "%s",
	            cdata->sgls.supported == SPDK_NVME_SGLS_SUPPORTED_DWORD_ALIGNED
	                    ? "Required"
	                    : "Not Required");
	print_bool("SGL Keyed Data Block", cdata->sgls.keyed_sgl);
	print_bool("SGL Bit Bucket", cdata->sgls.bit_bucket_descriptor);
	print_bool("SGL Metadata Pointer", cdata->sgls.metadata_pointer);
	print_bool("SGL Oversized", cdata->sgls.oversized_sgl);
	print_bool("SGL Metadata Address", cdata->sgls.metadata_address);
	print_bool("SGL Offset", cdata->sgls.sgl_offset);
	print_bool("SGL Transport Data Block", cdata->sgls.transport_sgl);
}

static void
print_fabrics(const struct spdk_nvme_ctrlr_data *cdata)
{
	const struct spdk_nvme_cdata_nvmf_specific *nvmf = &cdata->nvmf_specific;

	print_heading("NVMe over Fabrics");
	print_field("I/O Queue Command Capsule Size", "%u bytes", nvmf->ioccsz * 16);
	print_field("I/O Queue Response Capsule Size", "%u bytes", nvmf->iorcsz * 16);
	print_field("In Capsule Data Offset", "%u bytes", nvmf->icdoff * 16u);
	print_field("Controller Model", "%s",
	            nvmf->ctrattr.ctrlr_model == SPDK_NVMF_CTRLR_MODEL_DYNAMIC ? "Dynamic"
	                                                                       : "Static");
	print_field("Max SGL Descriptors", "%u", nvmf->msdbd);
	print_bool("Disconnect of I/O Queues", nvmf->ofcs.disconnect);
}

static void
print_power_states(const struct spdk_nvme_ctrlr_data *cdata)
{
	uint32_t i;

	print_heading("Power States");
	for (i = 0; i <= cdata->npss && i < SPDK_COUNTOF(cdata->psd); i++) {
		const struct spdk_nvme_power_state *psd = &cdata->psd[i];
		/* In steps of 10 mW or of 0.1 mW. */
		uint64_t unit_100uw = psd->mps ? 1 : 100;
		char name[32];

		snprintf(name, sizeof(name), "Power State #%u", i);
		print_field(name,
		            "%s, max %" PRIu64 ".%04" PRIu64
		            " W, entry %u us, exit %u us, relative read %u/%u write %u/%u",
		            psd->nops ? "non-operational" : "operational",
		            psd->mp * unit_100uw / 10000, psd->mp * unit_100uw % 10000, psd->enlat,
		            psd->exlat, psd->rrt, psd->rrl, psd->rwt, psd->rwl);
	}
}

static void
print_features(struct spdk_nvme_ctrlr *ctrlr)
{
	static const struct {
		uint8_t fid;
		const char *name;
	} features[] = {
		{ SPDK_NVME_FEAT_ARBITRATION, "Arbitration" },
		{ SPDK_NVME_FEAT_POWER_MANAGEMENT, "Power Management" },
		{ SPDK_NVME_FEAT_TEMPERATURE_THRESHOLD, "Temperature Threshold" },
		{ SPDK_NVME_FEAT_ERROR_RECOVERY, "Error Recovery" },
		{ SPDK_NVME_FEAT_VOLATILE_WRITE_CACHE, "Volatile Write Cache" },
		{ SPDK_NVME_FEAT_NUMBER_OF_QUEUES, "Number of Queues" },
		{ SPDK_NVME_FEAT_WRITE_ATOMICITY, "Write Atomicity" },
		{ SPDK_NVME_FEAT_ASYNC_EVENT_CONFIGURATION, "Asynchronous Events" },
		{ SPDK_NVME_FEAT_KEEP_ALIVE_TIMER, "Keep Alive Timer" },
	};
	size_t i;

	print_heading("Active Features");
	for (i = 0; i < SPDK_COUNTOF(features); i++) {
		struct wait wait = { .done = false };

		if (!spdk_nvme_ctrlr_is_feature_supported(ctrlr, features[i].fid)) {
			continue;
		}
		if (wait_for(ctrlr, &wait,
		             spdk_nvme_ctrlr_cmd_get_feature(ctrlr, features[i].fid, 0, NULL, 0,
		                                             wait_done, &wait))) {
			print_field(features[i].name, "0x%08x", wait.cpl.cdw0);
		} else {
			print_field(features[i].name, "Not Available");
		}
	}
}

int
identify_ctrlr(struct spdk_nvme_ctrlr *ctrlr, bool hex_dump)
{
	const struct spdk_nvme_ctrlr_data *cdata = spdk_nvme_ctrlr_get_data(ctrlr);
	uint32_t nsid;

	print_address(ctrlr);
	if (hex_dump) {
		print_hex("Identify Controller data", cdata, sizeof(*cdata));
	}
	print_identity(cdata);
	print_registers(ctrlr);
	print_limits(ctrlr, cdata);
	print_admin_support(cdata);
	print_attributes(cdata);
	print_nvm_support(cdata);
	if (spdk_nvme_ctrlr_is_fabrics(ctrlr)) {
		print_fabrics(cdata);
	}
	print_features(ctrlr);
	if (spdk_nvme_ctrlr_is_discovery(ctrlr)) {
		identify_discovery(ctrlr);
	} else {
		print_power_states(cdata);
		identify_logs(ctrlr);
		for (nsid = spdk_nvme_ctrlr_get_first_active_ns(ctrlr); nsid != 0;
		     nsid = spdk_nvme_ctrlr_get_next_active_ns(ctrlr, nsid)) {
			identify_ns(spdk_nvme_ctrlr_get_ns(ctrlr, nsid), hex_dump);
		}
	}
	if (spdk_nvme_ctrlr_is_failed(ctrlr)) {
		fprintf(stderr, "the controller failed while it was asked\n");
		return 1;
	}
	return 0;
}
