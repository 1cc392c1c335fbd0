/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The discovery log: read header, read entries in pieces, read the header again; start over when
 * the generation changed meanwhile (at most NVME_DISCOVERY_RETRIES_MAX times). Runs under
 * ctrlr->lock in the poll of a discovery controller's admin queue; each command has the admin
 * timeout of its caller. And the scan of a fabric, which probes what the log names.
 */

#include "spdk_internal/nvme.h"
#include "spdk_internal/nvme_wire.h"

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"

struct discovery {
	struct spdk_nvme_ctrlr *ctrlr;
	spdk_nvme_discovery_cb cb_fn;
	void *cb_arg;
	struct spdk_nvmf_discovery_log_page *page;   /* goes to the user in the end */
	struct spdk_nvmf_discovery_log_page *header; /* as read last */
	size_t page_bytes;
	size_t have_bytes;
	size_t asked_bytes;
	uint32_t retries;
};

static int discovery_read_header(struct discovery *d, spdk_nvme_cmd_cb cb_fn);

static void
discovery_finish(struct discovery *d, int rc, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvmf_discovery_log_page *page = rc == 0 ? d->page : NULL;

	if (page == NULL) {
		free(d->page);
	}
	/* The user owns the page from here on. */
	d->cb_fn(d->cb_arg, rc, cpl, page);
	spdk_free(d->header);
	free(d);
}

static void
discovery_check_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct discovery *d = arg;
	int rc;

	if (spdk_nvme_cpl_is_error(cpl)) {
		discovery_finish(d, -EIO, cpl);
		return;
	}
	if (d->header->genctr == d->page->genctr) {
		discovery_finish(d, 0, cpl);
		return;
	}
	if (++d->retries > NVME_DISCOVERY_RETRIES_MAX) {
		discovery_finish(d, -EAGAIN, cpl);
		return;
	}
	free(d->page);
	d->page = NULL;
	rc = discovery_read_header(d, NULL);
	if (rc != 0) {
		discovery_finish(d, rc, NULL);
	}
}

static int discovery_read_entries(struct discovery *d);

static void
discovery_entries_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct discovery *d = arg;
	int rc;

	if (spdk_nvme_cpl_is_error(cpl)) {
		discovery_finish(d, -EIO, cpl);
		return;
	}
	d->have_bytes += d->asked_bytes;
	rc = d->have_bytes < d->page_bytes ? discovery_read_entries(d)
	                                   : discovery_read_header(d, discovery_check_done);
	if (rc != 0) {
		discovery_finish(d, rc, NULL);
	}
}

static int
discovery_read_entries(struct discovery *d)
{
	d->asked_bytes = spdk_min(d->page_bytes - d->have_bytes, (size_t)SPDK_NVME_IDENTIFY_BUFLEN);
	return spdk_nvme_ctrlr_cmd_get_log_page(
	        d->ctrlr, SPDK_NVME_LOG_DISCOVERY, 0, (uint8_t *)d->page + d->have_bytes,
	        (uint32_t)d->asked_bytes, d->have_bytes, discovery_entries_done, d);
}

static void
discovery_header_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct discovery *d = arg;
	struct wire_disc_header header;
	int rc;

	if (spdk_nvme_cpl_is_error(cpl)) {
		discovery_finish(d, -EIO, cpl);
		return;
	}
	rc = wire_disc_header_decode(d->header, sizeof(*d->header), &header);
	if (rc == 0 && header.numrec > NVME_DISCOVERY_ENTRIES_MAX) {
		SPDK_ERRLOG("%s: the discovery log claims %" PRIu64
		            " entries; at most %d are read\n",
		            d->ctrlr->trid.traddr, header.numrec, NVME_DISCOVERY_ENTRIES_MAX);
		rc = -EFBIG;
	}
	if (rc != 0) {
		discovery_finish(d, rc, cpl);
		return;
	}
	d->page_bytes = sizeof(*d->page) + header.numrec * SPDK_NVMF_DISC_ENTRY_SIZE;
	d->page = calloc(1, d->page_bytes);
	if (d->page == NULL) {
		discovery_finish(d, -ENOMEM, NULL);
		return;
	}
	memcpy(d->page, d->header, sizeof(*d->page));
	d->have_bytes = sizeof(*d->page);
	if (header.numrec == 0) {
		discovery_finish(d, 0, cpl);
		return;
	}
	rc = discovery_read_entries(d);
	if (rc != 0) {
		discovery_finish(d, rc, NULL);
	}
}

static int
discovery_read_header(struct discovery *d, spdk_nvme_cmd_cb cb_fn)
{
	return spdk_nvme_ctrlr_cmd_get_log_page(d->ctrlr, SPDK_NVME_LOG_DISCOVERY, 0, d->header,
	                                        sizeof(*d->header), 0,
	                                        cb_fn != NULL ? cb_fn : discovery_header_done, d);
}

int
spdk_nvme_ctrlr_get_discovery_log_page(struct spdk_nvme_ctrlr *ctrlr, spdk_nvme_discovery_cb cb_fn,
                                       void *cb_arg)
{
	struct discovery *d = calloc(1, sizeof(*d));
	int rc = -ENOMEM;

	if (d == NULL) {
		return -ENOMEM;
	}
	d->ctrlr = ctrlr;
	d->cb_fn = cb_fn;
	d->cb_arg = cb_arg;
	d->header =
	        spdk_zmalloc(sizeof(*d->header), 0, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	if (d->header != NULL) {
		rc = discovery_read_header(d, NULL);
	}
	if (rc != 0) {
		spdk_free(d->header);
		free(d);
	}
	return rc;
}

/* ---- The scan of a fabric ---- */

static bool
discovery_entry_decode(const struct spdk_nvmf_discovery_log_page_entry *entry,
                       struct wire_disc_entry *out)
{
	if (wire_disc_entry_decode(entry, sizeof(*entry), out) != 0) {
		SPDK_WARNLOG("an entry of the discovery log is malformed; left out\n");
		return false;
	}
	return true;
}

/* The transport id that an entry names. */
static void
discovery_entry_to_trid(const struct wire_disc_entry *entry, struct spdk_nvme_transport_id *trid)
{
	memset(trid, 0, sizeof(*trid));
	spdk_nvme_trid_populate_transport(trid, (enum spdk_nvme_transport_type)entry->trtype);
	trid->adrfam = (enum spdk_nvmf_adrfam)entry->adrfam;
	snprintf(trid->traddr, sizeof(trid->traddr), "%s", entry->traddr);
	snprintf(trid->trsvcid, sizeof(trid->trsvcid), "%s", entry->trsvcid);
	snprintf(trid->subnqn, sizeof(trid->subnqn), "%s", entry->subnqn);
}

static void
scan_entries(struct spdk_nvme_probe_ctx *probe_ctx, const struct spdk_nvmf_discovery_log_page *page)
{
	uint64_t i;

	for (i = 0; i < page->numrec; i++) {
		struct spdk_nvme_transport_id trid;
		struct wire_disc_entry entry;

		if (!discovery_entry_decode(&page->entries[i], &entry)) {
			continue;
		}
		if (entry.subtype != SPDK_NVMF_SUBTYPE_NVME) {
			continue;
		}
		discovery_entry_to_trid(&entry, &trid);
		if (!spdk_nvme_transport_available_by_name(trid.trstring)) {
			SPDK_WARNLOG("%s: its transport %s is not built in; left out\n",
			             trid.subnqn, trid.trstring);
			continue;
		}
		trid.priority = probe_ctx->trid.priority;
		nvme_probe_one(&trid, probe_ctx, NULL);
	}
}

struct scan_wait {
	bool is_done;
	int rc;
	struct spdk_nvmf_discovery_log_page *page;
};

static void
scan_log_done(void *arg, int rc, const struct spdk_nvme_cpl *cpl,
              struct spdk_nvmf_discovery_log_page *page)
{
	struct scan_wait *wait = arg;

	wait->is_done = true;
	wait->rc = rc;
	wait->page = page;
}

/*
 * Blocks, as SPDK's scan does: a discovery controller is connected, asked, and let go before the
 * first probe call-back. Each wait ends: the connect by its deadlines, the log by admin_timeout_ms.
 */
int
nvme_fabric_scan(struct spdk_nvme_probe_ctx *probe_ctx, bool direct_connect)
{
	struct spdk_nvme_ctrlr_opts opts;
	struct spdk_nvme_ctrlr *ctrlr;
	struct scan_wait wait = { .is_done = false };
	uint64_t deadline;
	int rc;

	if (direct_connect || strcmp(probe_ctx->trid.subnqn, SPDK_NVMF_DISCOVERY_NQN) != 0) {
		return nvme_probe_one(&probe_ctx->trid, probe_ctx, NULL);
	}
	nvme_ctrlr_opts_copy(&opts, probe_ctx->opts,
	                     probe_ctx->opts != NULL ? probe_ctx->opts->opts_size : 0);
	ctrlr = spdk_nvme_connect(&probe_ctx->trid, &opts, sizeof(opts));
	if (ctrlr == NULL) {
		return -EIO;
	}
	rc = spdk_nvme_ctrlr_get_discovery_log_page(ctrlr, scan_log_done, &wait);
	deadline = nvme_deadline_ms(opts.admin_timeout_ms);
	while (rc == 0 && !wait.is_done) {
		if (spdk_nvme_ctrlr_process_admin_completions(ctrlr) < 0) {
			rc = -EIO;
		} else if (spdk_get_ticks() > deadline) {
			rc = -ETIMEDOUT;
		}
		nvme_relax();
	}
	/* Aborts what is outstanding, so that `wait` is not touched after this. */
	spdk_nvme_detach(ctrlr);
	rc = rc != 0 ? rc : wait.rc;
	if (rc == 0) {
		scan_entries(probe_ctx, wait.page);
	} else {
		SPDK_ERRLOG("%s:%s: the discovery log can't be read: %s\n", probe_ctx->trid.traddr,
		            probe_ctx->trid.trsvcid, spdk_strerror(-rc));
	}
	free(wait.page);
	return rc;
}
