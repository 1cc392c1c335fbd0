/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Prints log pages: errors, health, firmware slots, command effects, and the discovery log. */

#include "identify.h"

#include "spdk/env.h"
#include "spdk/util.h"

/* Read into memory of our own; NULL when the controller does not give it. */
static void *
read_log(struct spdk_nvme_ctrlr *ctrlr, uint8_t lid, uint32_t size)
{
	struct wait wait = { .done = false };
	void *page = spdk_zmalloc(size, 4096, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);

	if (page == NULL) {
		fprintf(stderr, "out of memory\n");
		return NULL;
	}
	if (wait_for(ctrlr, &wait,
	             spdk_nvme_ctrlr_cmd_get_log_page(ctrlr, lid, SPDK_NVME_GLOBAL_NS_TAG, page,
	                                              size, 0, wait_done, &wait))) {
		return page;
	}
	spdk_free(page);
	return NULL;
}

static void
print_health(struct spdk_nvme_ctrlr *ctrlr)
{
	struct spdk_nvme_health_information_page *page =
	        read_log(ctrlr, SPDK_NVME_LOG_HEALTH_INFORMATION, sizeof(*page));
	uint64_t value[2];

	print_heading("Health Information");
	if (page == NULL) {
		print_field("Log Page", "Not Available");
		return;
	}
	print_field("Available Spare Space", "%s",
	            page->critical_warning.bits.available_spare ? "WARNING" : "OK");
	print_field("Temperature Warning", "%s",
	            page->critical_warning.bits.temperature ? "WARNING" : "OK");
	print_field("Device Reliability", "%s",
	            page->critical_warning.bits.device_reliability ? "WARNING" : "OK");
	print_field("Read Only", "%s", page->critical_warning.bits.read_only ? "Yes" : "No");
	print_field("Volatile Memory Backup", "%s",
	            page->critical_warning.bits.volatile_memory_backup ? "WARNING" : "OK");
	print_field("Current Temperature", "%u K (%d C)", page->temperature,
	            (int)page->temperature - 273);
	print_field("Available Spare", "%u%%", page->available_spare);
	print_field("Available Spare Threshold", "%u%%", page->available_spare_threshold);
	print_field("Life Percentage Used", "%u%%", page->percentage_used);
#define PRINT_U128(name, field) \
	memcpy(value, page->field, sizeof(value)); \
	print_u128(name, value)
	PRINT_U128("Data Units Read", data_units_read);
	PRINT_U128("Data Units Written", data_units_written);
	PRINT_U128("Host Read Commands", host_read_commands);
	PRINT_U128("Host Write Commands", host_write_commands);
	PRINT_U128("Controller Busy Time (minutes)", controller_busy_time);
	PRINT_U128("Power Cycles", power_cycles);
	PRINT_U128("Power On Hours", power_on_hours);
	PRINT_U128("Unsafe Shutdowns", unsafe_shutdowns);
	PRINT_U128("Unrecoverable Media Errors", media_errors);
	PRINT_U128("Lifetime Error Log Entries", num_error_info_log_entries);
#undef PRINT_U128
	print_field("Warning Temperature Time", "%u minutes", page->warning_temp_time);
	print_field("Critical Temperature Time", "%u minutes", page->critical_temp_time);
	spdk_free(page);
}

static void
print_errors(struct spdk_nvme_ctrlr *ctrlr)
{
	uint32_t count = spdk_min(spdk_nvme_ctrlr_get_data(ctrlr)->elpe + 1u, 64u);
	struct spdk_nvme_error_information_entry *entries =
	        read_log(ctrlr, SPDK_NVME_LOG_ERROR, count * (uint32_t)sizeof(*entries));
	uint32_t shown = 0;
	uint32_t i;

	print_heading("Error Log");
	for (i = 0; entries != NULL && i < count; i++) {
		const struct spdk_nvme_error_information_entry *entry = &entries[i];

		/* Count 0 marks a place that is not in use. */
		if (entry->error_count == 0) {
			continue;
		}
		printf("Entry %u: error %" PRIu64 ", queue %u, command %u, status %02x/%02x, "
		       "location 0x%04x, LBA %" PRIu64 ", namespace %u\n",
		       i, entry->error_count, entry->sqid, entry->cid, entry->status.sct,
		       entry->status.sc, entry->error_location, entry->lba, entry->nsid);
		shown++;
	}
	if (entries == NULL) {
		print_field("Log Page", "Not Available");
	} else if (shown == 0) {
		print_field("Entries", "None");
	}
	spdk_free(entries);
}

static void
print_firmware(struct spdk_nvme_ctrlr *ctrlr)
{
	struct spdk_nvme_firmware_page *page =
	        read_log(ctrlr, SPDK_NVME_LOG_FIRMWARE_SLOT, sizeof(*page));
	char name[24];
	size_t i;

	if (page == NULL) {
		return;
	}
	print_heading("Firmware Slots");
	print_field("Active Slot", "%u", page->afi.active_slot);
	if (page->afi.next_reset_slot != 0) {
		print_field("Slot after next Reset", "%u", page->afi.next_reset_slot);
	}
	for (i = 0; i < SPDK_COUNTOF(page->revision); i++) {
		if (page->revision[i][0] != 0) {
			snprintf(name, sizeof(name), "Slot %zu Revision", i + 1);
			print_text(name, page->revision[i], sizeof(page->revision[i]));
		}
	}
	spdk_free(page);
}

static void
print_effect(const char *kind, size_t opc, const struct spdk_nvme_cmds_and_effect_entry *entry)
{
	char name[40];

	if (!entry->csupp) {
		return;
	}
	snprintf(name, sizeof(name), "%s Command %02zxh", kind, opc);
	print_field(name, "Supported%s%s%s%s", entry->lbcc ? ", changes blocks" : "",
	            entry->ncc ? ", changes namespace" : "",
	            entry->nic ? ", changes inventory" : "",
	            entry->ccc ? ", changes controller" : "");
}

static void
print_effects(struct spdk_nvme_ctrlr *ctrlr)
{
	struct spdk_nvme_cmds_and_effect_log_page *page;
	size_t i;

	if (!spdk_nvme_ctrlr_is_log_page_supported(ctrlr, SPDK_NVME_LOG_COMMAND_EFFECTS_LOG)) {
		return;
	}
	page = read_log(ctrlr, SPDK_NVME_LOG_COMMAND_EFFECTS_LOG, sizeof(*page));
	if (page == NULL) {
		return;
	}
	print_heading("Commands Supported and Effects");
	for (i = 0; i < SPDK_COUNTOF(page->admin_cmds_supported); i++) {
		print_effect("Admin", i, &page->admin_cmds_supported[i]);
	}
	for (i = 0; i < SPDK_COUNTOF(page->io_cmds_supported); i++) {
		print_effect("I/O", i, &page->io_cmds_supported[i]);
	}
	spdk_free(page);
}

void
identify_logs(struct spdk_nvme_ctrlr *ctrlr)
{
	print_errors(ctrlr);
	print_health(ctrlr);
	print_firmware(ctrlr);
	print_effects(ctrlr);
}

/* ---- Discovery ---- */

struct discovery {
	bool done;
	int rc;
	struct spdk_nvmf_discovery_log_page *page;
};

static void
discovery_done(void *arg, int rc, const struct spdk_nvme_cpl *cpl,
               struct spdk_nvmf_discovery_log_page *page)
{
	struct discovery *d = arg;

	d->done = true;
	d->rc = rc;
	d->page = page;
}

static void
print_entry(uint64_t index, const struct spdk_nvmf_discovery_log_page_entry *entry)
{
	const char *trtype =
	        spdk_nvme_transport_id_trtype_str((enum spdk_nvme_transport_type)entry->trtype);
	const char *adrfam =
	        spdk_nvme_transport_id_adrfam_str((enum spdk_nvmf_adrfam)entry->adrfam);
	char title[48];

	snprintf(title, sizeof(title), "Discovery Log Entry %" PRIu64, index);
	print_heading(title);
	print_field("Transport Type", "%u (%s)", entry->trtype,
	            trtype != NULL ? trtype : "Unknown");
	print_field("Address Family", "%u (%s)", entry->adrfam,
	            adrfam != NULL ? adrfam : "Unknown");
	print_field("Subsystem Type", "%u (%s)", entry->subtype,
	            entry->subtype == SPDK_NVMF_SUBTYPE_NVME                ? "NVM Subsystem"
	            : entry->subtype == SPDK_NVMF_SUBTYPE_DISCOVERY         ? "Referral"
	            : entry->subtype == SPDK_NVMF_SUBTYPE_DISCOVERY_CURRENT ? "Current Discovery "
	                                                                      "Subsystem"
	                                                                    : "Unknown");
	print_field("Duplicate Returned Information", "%u",
	            entry->eflags & SPDK_NVMF_DISCOVERY_LOG_EFLAGS_DUPRETINFO);
	print_field("Secure Channel", "%s",
	            entry->treq.secure_channel == SPDK_NVMF_TREQ_SECURE_CHANNEL_REQUIRED
	                    ? "Required"
	            : entry->treq.secure_channel == SPDK_NVMF_TREQ_SECURE_CHANNEL_NOT_REQUIRED
	                    ? "Not Required"
	                    : "Not Specified");
	print_field("Port ID", "%u (0x%04x)", entry->portid, entry->portid);
	print_field("Controller ID", "%u (0x%04x)", entry->cntlid, entry->cntlid);
	print_field("Admin Max SQ Size", "%u", entry->asqsz);
	print_text("Transport Service Identifier", entry->trsvcid, sizeof(entry->trsvcid));
	print_text("NVM Subsystem Qualified Name", entry->subnqn, sizeof(entry->subnqn));
	print_text("Transport Address", entry->traddr, sizeof(entry->traddr));
}

void
identify_discovery(struct spdk_nvme_ctrlr *ctrlr)
{
	struct discovery d = { .done = false };
	uint64_t i;

	print_heading("Discovery Log Page");
	d.rc = spdk_nvme_ctrlr_get_discovery_log_page(ctrlr, discovery_done, &d);
	if (d.rc == 0) {
		poll_until(ctrlr, &d.done);
	}
	if (d.rc != 0 || d.page == NULL) {
		print_field("Log Page", "Not Available");
		return;
	}
	print_field("Generation Counter", "%" PRIu64, d.page->genctr);
	print_field("Number of Records", "%" PRIu64, d.page->numrec);
	print_field("Record Format", "%u", d.page->recfmt);
	for (i = 0; i < d.page->numrec; i++) {
		print_entry(i, &d.page->entries[i]);
	}
	free(d.page);
}
