/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The scan: which namespaces are active, then for each its identify data and its identifiers, and
 * where there may be other protection than that of 16 bits the formats' extension; then the ANA log
 * where there is one. One command at a time on the admin queue, under ctrlr->lock; at most one scan
 * a controller. What is not named any more becomes inactive.
 *
 *	LIST (a page of 1,024 ids at a time) -> for each id: DATA -> IDS -> FORMATS -> ... -> ANA
 *	-> over
 *
 * When the admin queue goes down, the command that is out is aborted, which ends the scan with
 * -ECANCELED.
 */

#include "spdk_internal/nvme.h"

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/util.h"

#define NS_PER_PAGE 1024
#define NVME_NSID_MAX 0xfffffffdu /* those above mean "none" and "all" */

struct nvme_ns_scan {
	struct spdk_nvme_ctrlr *ctrlr;
	nvme_ns_scan_done_fn done;
	uint32_t pages;
	uint32_t *nsids; /* grows by pages */
	uint32_t num_nsids;
	uint32_t next; /* index in nsids */
	struct spdk_nvme_ns_list page;
	uint8_t data[SPDK_NVME_IDENTIFY_BUFLEN];
};

static void scan_next_ns(struct nvme_ns_scan *scan);

static void
scan_free(struct nvme_ns_scan *scan)
{
	free(scan->nsids);
	spdk_free(scan);
}

void
nvme_ns_scan_free(struct spdk_nvme_ctrlr *ctrlr)
{
	struct nvme_ns_scan *scan = ctrlr->scan;

	/* Callers have disconnected the admin queue, so that no call-back is out. */
	ctrlr->ns_rescan = false;
	if (scan != NULL) {
		ctrlr->scan = NULL;
		scan_free(scan);
	}
}

static void
scan_end(struct nvme_ns_scan *scan, int rc)
{
	struct spdk_nvme_ctrlr *ctrlr = scan->ctrlr;
	nvme_ns_scan_done_fn done = scan->done;
	struct spdk_nvme_ns *ns;

	if (rc == 0) {
		RB_FOREACH(ns, nvme_ns_tree, &ctrlr->ns) {
			if (ns->active && !ns->seen) {
				nvme_ns_clear(ns);
			}
		}
	}
	ctrlr->scan = NULL;
	scan_free(scan);
	done(ctrlr, rc);
}

/* For the next command: of the controller's start, or of the event that began the scan. */
static void
scan_set_deadline(struct spdk_nvme_ctrlr *ctrlr)
{
	ctrlr->event_deadline_ticks = nvme_deadline_ms(ctrlr->opts.admin_timeout_ms);
	ctrlr->init.deadline_ticks = ctrlr->event_deadline_ticks;
}

/* Sends one command of the scan; ends the scan when it can't be sent. */
static void
scan_identify(struct nvme_ns_scan *scan, uint8_t cns, uint32_t nsid, void *buf,
              spdk_nvme_cmd_cb cb_fn)
{
	struct spdk_nvme_ctrlr *ctrlr = scan->ctrlr;
	int rc;

	scan_set_deadline(ctrlr);
	rc = nvme_ctrlr_cmd_identify(ctrlr, cns, nsid, buf, cb_fn, scan);
	if (rc != 0) {
		scan_end(scan, rc);
	}
}

/* Whether the scan is to go on after a command: not when its queue went down. */
static bool
scan_goes_on(struct nvme_ns_scan *scan, const struct spdk_nvme_cpl *cpl)
{
	if (spdk_nvme_cpl_is_aborted_sq_deletion(cpl)) {
		scan_end(scan, -ECANCELED);
		return false;
	}
	return true;
}

/* ---- The ANA log, last ---- */

static void
scan_ana_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct nvme_ns_scan *scan = arg;

	if (!scan_goes_on(scan, cpl)) {
		return;
	}
	if (spdk_nvme_cpl_is_success(cpl)) {
		nvme_ana_apply(scan->ctrlr);
	} else {
		SPDK_WARNLOG("%s: the ANA log can't be read; every path counts as optimized\n",
		             scan->ctrlr->trid.subnqn);
	}
	scan_end(scan, 0);
}

static void
scan_ana(struct nvme_ns_scan *scan)
{
	struct spdk_nvme_ctrlr *ctrlr = scan->ctrlr;

	scan_set_deadline(ctrlr);
	if (!ctrlr->cdata.cmic.anars || ctrlr->opts.disable_read_ana_log_page ||
	    nvme_ana_read(ctrlr, scan_ana_done, scan) != 0) {
		scan_end(scan, 0);
	}
}

/* ---- Each namespace ---- */

static void
scan_formats_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct nvme_ns_scan *scan = arg;
	struct spdk_nvme_ns *ns;

	if (!scan_goes_on(scan, cpl)) {
		return;
	}
	ns = nvme_ctrlr_find_ns(scan->ctrlr, scan->nsids[scan->next], false);
	if (spdk_nvme_cpl_is_success(cpl)) {
		nvme_ns_set_pi_format(ns, (const struct spdk_nvme_nvm_ns_data *)scan->data);
	} else {
		SPDK_WARNLOG("%s: namespace %u does not tell its protection format; it counts as "
		             "that of 16 bits\n",
		             scan->ctrlr->trid.subnqn, ns->id);
	}
	scan->next++;
	scan_next_ns(scan);
}

/* Only a controller with extended formats has others than the 16-bit guard, and answers this. */
static bool
scan_needs_formats(const struct spdk_nvme_ns *ns)
{
	return ns->ctrlr->cdata.ctratt.elbas && ns->csi == SPDK_NVME_CSI_NVM &&
	       (ns->flags & SPDK_NVME_NS_DPS_PI_SUPPORTED) != 0;
}

static void
scan_ids_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct nvme_ns_scan *scan = arg;
	struct spdk_nvme_ns *ns;

	if (!scan_goes_on(scan, cpl)) {
		return;
	}
	ns = nvme_ctrlr_find_ns(scan->ctrlr, scan->nsids[scan->next], false);
	if (spdk_nvme_cpl_is_success(cpl)) {
		memcpy(ns->id_desc_list, scan->data, sizeof(ns->id_desc_list));
		ns->csi = spdk_nvme_ns_get_csi(ns);
	}
	if (scan_needs_formats(ns)) {
		memset(scan->data, 0, sizeof(scan->data));
		scan_identify(scan, SPDK_NVME_IDENTIFY_NS_IOCS, ns->id, scan->data,
		              scan_formats_done);
		return;
	}
	scan->next++;
	scan_next_ns(scan);
}

static void
scan_data_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct nvme_ns_scan *scan = arg;
	struct spdk_nvme_ctrlr *ctrlr = scan->ctrlr;
	struct spdk_nvme_ns *ns;

	if (!scan_goes_on(scan, cpl)) {
		return;
	}
	ns = nvme_ctrlr_find_ns(ctrlr, scan->nsids[scan->next], true);
	if (ns == NULL) {
		scan_end(scan, -ENOMEM);
		return;
	}
	/* It may have been detached since the list was made. */
	if (spdk_nvme_cpl_is_error(cpl)) {
		scan->next++;
		scan_next_ns(scan);
		return;
	}
	memcpy(&ns->nsdata, scan->data, sizeof(ns->nsdata));
	ns->seen = true;
	ns->active = true;
	if (ns->ana_state == 0) {
		ns->ana_state = SPDK_NVME_ANA_OPTIMIZED_STATE;
	}
	nvme_ns_set_identify_data(ns);
	/* Descriptors came with NVMe 1.3. */
	if (ctrlr->vs.raw < SPDK_NVME_VERSION(1, 3, 0)) {
		scan->next++;
		scan_next_ns(scan);
		return;
	}
	memset(scan->data, 0, sizeof(scan->data));
	scan_identify(scan, SPDK_NVME_IDENTIFY_NS_ID_DESCRIPTOR_LIST, ns->id, scan->data,
	              scan_ids_done);
}

static void
scan_next_ns(struct nvme_ns_scan *scan)
{
	if (scan->next == scan->num_nsids) {
		scan_ana(scan);
		return;
	}
	memset(scan->data, 0, sizeof(scan->data));
	scan_identify(scan, SPDK_NVME_IDENTIFY_NS, scan->nsids[scan->next], scan->data,
	              scan_data_done);
}

/* ---- The list ---- */

/* Takes a page's ids, which must ascend. 1: another page follows; 0: that was the last. */
static int
scan_take_page(struct nvme_ns_scan *scan)
{
	uint32_t nsid_max = spdk_min(scan->ctrlr->cdata.nn, NVME_NSID_MAX);
	uint32_t last = scan->num_nsids > 0 ? scan->nsids[scan->num_nsids - 1] : 0;
	uint32_t *nsids;
	uint32_t i;

	nsids = realloc(scan->nsids, (scan->num_nsids + NS_PER_PAGE) * sizeof(*nsids));
	if (nsids == NULL) {
		return -ENOMEM;
	}
	scan->nsids = nsids;
	for (i = 0; i < NS_PER_PAGE && scan->page.ns_list[i] != 0; i++) {
		if (scan->page.ns_list[i] <= last || scan->page.ns_list[i] > nsid_max) {
			SPDK_ERRLOG("%s: the list of namespaces names %u after %u; ids ascend, up "
			            "to %u\n",
			            scan->ctrlr->trid.subnqn, scan->page.ns_list[i], last,
			            nsid_max);
			return -EPROTO;
		}
		last = scan->page.ns_list[i];
		nsids[scan->num_nsids++] = last;
	}
	return i == NS_PER_PAGE && ++scan->pages < NVME_ACTIVE_NS_PAGES_MAX;
}

static void
scan_list_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct nvme_ns_scan *scan = arg;
	int rc;

	if (!scan_goes_on(scan, cpl)) {
		return;
	}
	if (spdk_nvme_cpl_is_error(cpl)) {
		scan_end(scan, -EIO);
		return;
	}
	rc = scan_take_page(scan);
	if (rc < 0) {
		scan_end(scan, rc);
	} else if (rc > 0) {
		scan_identify(scan, SPDK_NVME_IDENTIFY_ACTIVE_NS_LIST,
		              scan->nsids[scan->num_nsids - 1], &scan->page, scan_list_done);
	} else {
		scan_next_ns(scan);
	}
}

int
nvme_ns_scan_start(struct spdk_nvme_ctrlr *ctrlr, nvme_ns_scan_done_fn done)
{
	struct nvme_ns_scan *scan;
	struct spdk_nvme_ns *ns;

	if (ctrlr->scan != NULL) {
		return -EBUSY;
	}
	scan = spdk_zmalloc(sizeof(*scan), 0, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	if (scan == NULL) {
		return -ENOMEM;
	}
	scan->ctrlr = ctrlr;
	scan->done = done;
	ctrlr->scan = scan;
	RB_FOREACH(ns, nvme_ns_tree, &ctrlr->ns) {
		ns->seen = false;
	}
	scan_identify(scan, SPDK_NVME_IDENTIFY_ACTIVE_NS_LIST, 0, &scan->page, scan_list_done);
	return 0;
}
