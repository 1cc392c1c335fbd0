/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Prints a namespace. */

#include "identify.h"

#include "spdk/util.h"
#include "spdk/uuid.h"

static void
print_ids(struct spdk_nvme_ns *ns, const struct spdk_nvme_ns_data *nsdata)
{
	static const uint8_t zero[16];
	const struct spdk_uuid *uuid = spdk_nvme_ns_get_uuid(ns);
	char text[SPDK_UUID_STRING_LEN];
	size_t i;

	if (memcmp(nsdata->nguid, zero, sizeof(zero)) != 0) {
		char nguid[33];

		for (i = 0; i < 16; i++) {
			snprintf(nguid + 2 * i, 3, "%02x", nsdata->nguid[i]);
		}
		print_field("NGUID", "%s", nguid);
	}
	if (nsdata->eui64 != 0) {
		/* Big-endian on the wire. */
		print_field("EUI64", "%016" PRIx64, __builtin_bswap64(nsdata->eui64));
	}
	if (uuid != NULL) {
		spdk_uuid_fmt_lower(text, sizeof(text), uuid);
		print_field("UUID", "%s", text);
	}
}

static void
print_formats(struct spdk_nvme_ns *ns, const struct spdk_nvme_ns_data *nsdata)
{
	uint32_t i;

	print_field("Number of LBA Formats", "%u", nsdata->nlbaf + 1u);
	print_field("Current LBA Format", "#%02u", spdk_nvme_ns_get_active_format_index(ns));
	for (i = 0; i <= nsdata->nlbaf && i < SPDK_NVME_NS_MAX_LBA_FORMATS; i++) {
		struct spdk_nvme_ns_data_lbaf lbaf;
		char name[24];

		if (spdk_nvme_ns_get_format(ns, (uint8_t)i, &lbaf) != 0) {
			break;
		}
		snprintf(name, sizeof(name), "LBA Format #%02u", i);
		print_field(name, "Data Size: %u  Metadata Size: %u  Relative Performance: %u",
		            lbaf.lbads < 32 ? 1u << lbaf.lbads : 0, lbaf.ms, lbaf.rp);
	}
}

static void
print_sizes(struct spdk_nvme_ns *ns, const struct spdk_nvme_ns_data *nsdata)
{
	uint64_t sector = spdk_nvme_ns_get_sector_size(ns);

	print_field("Size (in LBAs)", "%" PRIu64 " (%" PRIu64 " MiB)", nsdata->nsze,
	            nsdata->nsze * sector >> 20);
	print_field("Capacity (in LBAs)", "%" PRIu64 " (%" PRIu64 " MiB)", nsdata->ncap,
	            nsdata->ncap * sector >> 20);
	print_field("Utilization (in LBAs)", "%" PRIu64 " (%" PRIu64 " MiB)", nsdata->nuse,
	            nsdata->nuse * sector >> 20);
	print_field("Sector Size", "%u", spdk_nvme_ns_get_sector_size(ns));
	print_field("Extended Sector Size", "%u", spdk_nvme_ns_get_extended_sector_size(ns));
	print_field("Metadata Size", "%u", spdk_nvme_ns_get_md_size(ns));
	print_field("Optimal I/O Boundary", "%u blocks", spdk_nvme_ns_get_optimal_io_boundary(ns));
	if (nsdata->nsfeat.optperf) {
		print_field("Preferred Write Granularity", "%u blocks", nsdata->npwg + 1u);
		print_field("Preferred Write Alignment", "%u blocks", nsdata->npwa + 1u);
		print_field("Preferred Deallocate Granularity", "%u blocks", nsdata->npdg + 1u);
		print_field("Preferred Deallocate Alignment", "%u blocks", nsdata->npda + 1u);
		print_field("Optimal Write Size", "%u blocks", nsdata->nows + 1u);
	}
	if (nsdata->nsfeat.ns_atomic_write_unit) {
		print_field("Atomic Write Unit (Normal)", "%u blocks", nsdata->nawun + 1u);
		print_field("Atomic Write Unit (PFail)", "%u blocks", nsdata->nawupf + 1u);
		print_field("Atomic Compare & Write Unit", "%u blocks", nsdata->nacwu + 1u);
		print_field("Atomic Boundary Size (Normal)", "%u blocks", nsdata->nabsn);
		print_field("Atomic Boundary Size (PFail)", "%u blocks", nsdata->nabspf);
		print_field("Atomic Boundary Offset", "%u blocks", nsdata->nabo);
	}
}

static void
print_reservations(const struct spdk_nvme_ns_data *nsdata)
{
	print_bool("Reservations", nsdata->nsrescap.raw != 0);
	if (nsdata->nsrescap.raw == 0) {
		return;
	}
	print_bool("Persist Through Power Loss", nsdata->nsrescap.rescap.ptpls);
	print_bool("Write Exclusive", nsdata->nsrescap.rescap.wes);
	print_bool("Exclusive Access", nsdata->nsrescap.rescap.eas);
	print_bool("Write Exclusive, Registrants Only", nsdata->nsrescap.rescap.weros);
	print_bool("Exclusive Access, Registrants Only", nsdata->nsrescap.rescap.earos);
	print_bool("Write Exclusive, All Registrants", nsdata->nsrescap.rescap.wears);
	print_bool("Exclusive Access, All Registrants", nsdata->nsrescap.rescap.eaars);
	print_bool("Ignore Existing Key", nsdata->nsrescap.rescap.ieks);
}

static const char *
ana_state_name(enum spdk_nvme_ana_state state)
{
	switch (state) {
	case SPDK_NVME_ANA_OPTIMIZED_STATE:
		return "Optimized";
	case SPDK_NVME_ANA_NON_OPTIMIZED_STATE:
		return "Non-Optimized";
	case SPDK_NVME_ANA_INACCESSIBLE_STATE:
		return "Inaccessible";
	case SPDK_NVME_ANA_PERSISTENT_LOSS_STATE:
		return "Persistent Loss";
	case SPDK_NVME_ANA_CHANGE_STATE:
		return "Change";
	}
	return "Unknown";
}

void
identify_ns(struct spdk_nvme_ns *ns, bool hex_dump)
{
	const struct spdk_nvme_ns_data *nsdata = spdk_nvme_ns_get_data(ns);
	uint32_t flags = spdk_nvme_ns_get_flags(ns);
	char title[32];

	snprintf(title, sizeof(title), "Namespace ID: %u", spdk_nvme_ns_get_id(ns));
	print_heading(title);
	if (hex_dump) {
		print_hex("Identify Namespace data", nsdata, sizeof(*nsdata));
	}
	print_field("Command Set Identifier", "%02x", spdk_nvme_ns_get_csi(ns));
	print_sizes(ns, nsdata);
	print_field("Thin Provisioning", "%s",
	            nsdata->nsfeat.thin_prov ? "Supported" : "Not Supported");
	print_field("Shared", "%s", nsdata->nmic.shrns ? "Yes" : "No");
	print_field("Write Protected", "%s", nsdata->nsattr.cwp ? "Yes" : "No");
	print_bool("Deallocate", flags & SPDK_NVME_NS_DEALLOCATE_SUPPORTED);
	print_bool("Deallocated/Unwritten Error", nsdata->nsfeat.dealloc_or_unwritten_error);
	print_field("Deallocated Read Value", "%s",
	            nsdata->dlfeat.bits.read_value == SPDK_NVME_DEALLOC_READ_00   ? "All 0x00"
	            : nsdata->dlfeat.bits.read_value == SPDK_NVME_DEALLOC_READ_FF ? "All 0xFF"
	                                                                          : "Unknown");
	print_bool("Deallocate in Write Zeroes", nsdata->dlfeat.bits.write_zero_deallocate);
	print_bool("Flush", flags & SPDK_NVME_NS_FLUSH_SUPPORTED);
	print_bool("Write Zeroes", flags & SPDK_NVME_NS_WRITE_ZEROES_SUPPORTED);
	print_bool("Compare", flags & SPDK_NVME_NS_COMPARE_SUPPORTED);
	print_reservations(nsdata);
	print_field("Metadata Transferred as", "%s",
	            nsdata->flbas.extended ? "Extended Data LBA" : "Separate Metadata Buffer");
	print_field("End-to-End Data Protection", "%s",
	            nsdata->dps.pit == 1   ? "Type 1"
	            : nsdata->dps.pit == 2 ? "Type 2"
	            : nsdata->dps.pit == 3 ? "Type 3"
	                                   : "Off");
	print_field("ANA Group ID", "%u", spdk_nvme_ns_get_ana_group_id(ns));
	print_field("ANA State", "%s", ana_state_name(spdk_nvme_ns_get_ana_state(ns)));
	print_field("NVM Set ID", "%u", nsdata->nvmsetid);
	print_field("Endurance Group ID", "%u", nsdata->endgid);
	print_ids(ns, nsdata);
	print_formats(ns, nsdata);
}
