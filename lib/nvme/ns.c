/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Namespaces: a tree by id in each controller. One that was there keeps its struct (and so its
 * handle stays good) until the controller is freed, active or not. Written by the scan under
 * ctrlr->lock; read by any thread.
 */

#include "spdk_internal/nvme.h"

#include "spdk/log.h"
#include "spdk/util.h"

static int
nvme_ns_cmp(struct spdk_nvme_ns *a, struct spdk_nvme_ns *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_GENERATE(nvme_ns_tree, spdk_nvme_ns, node, nvme_ns_cmp)

struct spdk_nvme_ns *
nvme_ctrlr_find_ns(struct spdk_nvme_ctrlr *ctrlr, uint32_t nsid, bool create)
{
	struct spdk_nvme_ns *ns;

	/* The key alone: the struct is too large for the stack. */
	ns = _RB_ROOT(&ctrlr->ns);
	while (ns != NULL && ns->id != nsid) {
		ns = nsid < ns->id ? RB_LEFT(ns, node) : RB_RIGHT(ns, node);
	}
	if (ns != NULL || !create) {
		return ns;
	}
	ns = calloc(1, sizeof(*ns));
	if (ns == NULL) {
		return NULL;
	}
	ns->ctrlr = ctrlr;
	ns->id = nsid;
	RB_INSERT(nvme_ns_tree, &ctrlr->ns, ns);
	return ns;
}

void
nvme_ctrlr_free_ns_all(struct spdk_nvme_ctrlr *ctrlr)
{
	struct spdk_nvme_ns *ns;

	while ((ns = _RB_ROOT(&ctrlr->ns)) != NULL) {
		RB_REMOVE(nvme_ns_tree, &ctrlr->ns, ns);
		free(ns);
	}
}

void
nvme_ns_clear(struct spdk_nvme_ns *ns)
{
	ns->active = false;
	ns->sector_size = 0;
	ns->extended_lba_size = 0;
	ns->md_size = 0;
	ns->pi_type = SPDK_NVME_FMT_NVM_PROTECTION_DISABLE;
	ns->pi_format = SPDK_NVME_16B_GUARD_PI;
	ns->sectors_per_max_io = 0;
	ns->sectors_per_max_io_no_md = 0;
	ns->sectors_per_boundary = 0;
	ns->flags = 0;
	ns->csi = SPDK_NVME_CSI_NVM;
	ns->ana_group_id = 0;
	ns->ana_state = SPDK_NVME_ANA_OPTIMIZED_STATE;
	memset(&ns->nsdata, 0, sizeof(ns->nsdata));
	memset(ns->id_desc_list, 0, sizeof(ns->id_desc_list));
}

static void
ns_set_flags(struct spdk_nvme_ns *ns)
{
	const struct spdk_nvme_ctrlr_data *cdata = &ns->ctrlr->cdata;
	const struct spdk_nvme_ns_data *nsdata = &ns->nsdata;

	ns->flags = 0;
	if (nsdata->flbas.extended) {
		ns->flags |= SPDK_NVME_NS_EXTENDED_LBA_SUPPORTED;
	}
	if (cdata->oncs.nvmdsmsv) {
		ns->flags |= SPDK_NVME_NS_DEALLOCATE_SUPPORTED;
	}
	if (cdata->oncs.nvmcmps) {
		ns->flags |= SPDK_NVME_NS_COMPARE_SUPPORTED;
	}
	if (cdata->vwc.present) {
		ns->flags |= SPDK_NVME_NS_FLUSH_SUPPORTED;
	}
	if (cdata->oncs.nvmwzsv) {
		ns->flags |= SPDK_NVME_NS_WRITE_ZEROES_SUPPORTED;
	}
	if (cdata->oncs.nvmwusv) {
		ns->flags |= SPDK_NVME_NS_WRITE_UNCORRECTABLE_SUPPORTED;
	}
	if (nsdata->nsrescap.raw != 0) {
		ns->flags |= SPDK_NVME_NS_RESERVATION_SUPPORTED;
	}
	if (ns->md_size > 0 && nsdata->dps.pit != 0) {
		ns->flags |= SPDK_NVME_NS_DPS_PI_SUPPORTED;
	}
}

void
nvme_ns_set_identify_data(struct spdk_nvme_ns *ns)
{
	const struct spdk_nvme_ns_data *nsdata = &ns->nsdata;
	uint32_t max_xfer = ns->ctrlr->max_xfer_size;
	const struct spdk_nvme_ns_data_lbaf *lbaf =
	        &nsdata->lbaf[spdk_nvme_ns_get_format_index(nsdata)];

	/* 512 bytes to 64 KiB are sizes that exist; anything else makes the namespace unusable. */
	if (lbaf->lbads < 9 || lbaf->lbads > 16) {
		ns->sector_size = 0;
		ns->extended_lba_size = 0;
		return;
	}
	ns->sector_size = 1u << lbaf->lbads;
	ns->md_size = lbaf->ms;
	ns->extended_lba_size = ns->sector_size + (nsdata->flbas.extended ? ns->md_size : 0);
	ns->pi_type = (enum spdk_nvme_pi_type)nsdata->dps.pit;
	ns->pi_format = SPDK_NVME_16B_GUARD_PI;
	ns_set_flags(ns);
	ns->sectors_per_max_io = spdk_max(max_xfer / ns->extended_lba_size, 1u);
	ns->sectors_per_max_io_no_md = spdk_max(max_xfer / ns->sector_size, 1u);
	/* NLB has 16 bits, 0's based. */
	ns->sectors_per_max_io = spdk_min(ns->sectors_per_max_io, UINT16_MAX + 1u);
	ns->sectors_per_max_io_no_md = spdk_min(ns->sectors_per_max_io_no_md, UINT16_MAX + 1u);
	ns->sectors_per_boundary = nsdata->noiob;
	ns->ana_group_id = nsdata->anagrpid;
}

void
nvme_ns_set_pi_format(struct spdk_nvme_ns *ns, const struct spdk_nvme_nvm_ns_data *data)
{
	uint32_t pif = data->elbaf[spdk_nvme_ns_get_format_index(&ns->nsdata)].pif;

	if (pif <= SPDK_NVME_64B_GUARD_PI) {
		ns->pi_format = (enum spdk_nvme_pi_format)pif;
	} else {
		SPDK_WARNLOG("%s: namespace %u has the unknown protection format %u\n",
		             ns->ctrlr->trid.subnqn, ns->id, pif);
	}
}

struct spdk_nvme_ns *
spdk_nvme_ctrlr_get_ns(struct spdk_nvme_ctrlr *ctrlr, uint32_t ns_id)
{
	struct spdk_nvme_ns *ns;

	if (ns_id == 0 || ns_id > ctrlr->cdata.nn) {
		return NULL;
	}
	nvme_ctrlr_lock(ctrlr);
	ns = nvme_ctrlr_find_ns(ctrlr, ns_id, true);
	nvme_ctrlr_unlock(ctrlr);
	return ns;
}

uint32_t
spdk_nvme_ctrlr_get_num_ns(struct spdk_nvme_ctrlr *ctrlr)
{
	return ctrlr->cdata.nn;
}

bool
spdk_nvme_ctrlr_is_active_ns(struct spdk_nvme_ctrlr *ctrlr, uint32_t nsid)
{
	struct spdk_nvme_ns *ns;
	bool active;

	nvme_ctrlr_lock(ctrlr);
	ns = nvme_ctrlr_find_ns(ctrlr, nsid, false);
	active = ns != NULL && ns->active;
	nvme_ctrlr_unlock(ctrlr);
	return active;
}

/* The first active one whose id is above `after`; 0: none. */
static uint32_t
next_active(struct spdk_nvme_ctrlr *ctrlr, uint32_t after)
{
	struct spdk_nvme_ns *ns, *best = NULL;

	nvme_ctrlr_lock(ctrlr);
	ns = _RB_ROOT(&ctrlr->ns);
	while (ns != NULL) {
		if (ns->id > after) {
			best = ns;
			ns = RB_LEFT(ns, node);
		} else {
			ns = RB_RIGHT(ns, node);
		}
	}
	while (best != NULL && !best->active) {
		best = RB_NEXT(nvme_ns_tree, &ctrlr->ns, best);
	}
	nvme_ctrlr_unlock(ctrlr);
	return best != NULL ? best->id : 0;
}

uint32_t
spdk_nvme_ctrlr_get_first_active_ns(struct spdk_nvme_ctrlr *ctrlr)
{
	return next_active(ctrlr, 0);
}

uint32_t
spdk_nvme_ctrlr_get_next_active_ns(struct spdk_nvme_ctrlr *ctrlr, uint32_t prev_nsid)
{
	return next_active(ctrlr, prev_nsid);
}

/* ---- Questions to a namespace ---- */

const struct spdk_nvme_ns_data *
spdk_nvme_ns_get_data(struct spdk_nvme_ns *ns)
{
	return &ns->nsdata;
}

uint32_t
spdk_nvme_ns_get_id(struct spdk_nvme_ns *ns)
{
	return ns->id;
}

struct spdk_nvme_ctrlr *
spdk_nvme_ns_get_ctrlr(struct spdk_nvme_ns *ns)
{
	return ns->ctrlr;
}

bool
spdk_nvme_ns_is_active(struct spdk_nvme_ns *ns)
{
	/* The host's own copy: a namespace without size can't be used. */
	return ns->active && ns->nsdata.ncap != 0;
}

uint32_t
spdk_nvme_ns_get_max_io_xfer_size(struct spdk_nvme_ns *ns)
{
	return ns->ctrlr->max_xfer_size;
}

uint32_t
spdk_nvme_ns_get_sector_size(struct spdk_nvme_ns *ns)
{
	return ns->sector_size;
}

uint32_t
spdk_nvme_ns_get_extended_sector_size(struct spdk_nvme_ns *ns)
{
	return ns->extended_lba_size;
}

uint64_t
spdk_nvme_ns_get_num_sectors(struct spdk_nvme_ns *ns)
{
	return ns->nsdata.nsze;
}

uint64_t
spdk_nvme_ns_get_size(struct spdk_nvme_ns *ns)
{
	return ns->nsdata.nsze * ns->sector_size;
}

uint32_t
spdk_nvme_ns_get_flags(struct spdk_nvme_ns *ns)
{
	return ns->flags;
}

enum spdk_nvme_pi_type
spdk_nvme_ns_get_pi_type(struct spdk_nvme_ns *ns)
{
	return ns->pi_type;
}

enum spdk_nvme_pi_format
spdk_nvme_ns_get_pi_format(struct spdk_nvme_ns *ns)
{
	return ns->pi_format;
}

uint32_t
spdk_nvme_ns_get_md_size(struct spdk_nvme_ns *ns)
{
	return ns->md_size;
}

uint32_t
spdk_nvme_ns_get_format_index(const struct spdk_nvme_ns_data *nsdata)
{
	/* With up to 16 formats the upper bits are reserved. */
	if (nsdata->nlbaf < 16) {
		return nsdata->flbas.format;
	}
	return ((uint32_t)nsdata->flbas.msb_format << 4) + nsdata->flbas.format;
}

uint32_t
spdk_nvme_ns_get_active_format_index(const struct spdk_nvme_ns *ns)
{
	return spdk_nvme_ns_get_format_index(&ns->nsdata);
}

int
spdk_nvme_ns_get_format(struct spdk_nvme_ns *ns, uint8_t format_index,
                        struct spdk_nvme_ns_data_lbaf *lbaf)
{
	if (lbaf == NULL || format_index > ns->nsdata.nlbaf ||
	    format_index >= SPDK_NVME_NS_MAX_LBA_FORMATS) {
		return -EINVAL;
	}
	*lbaf = ns->nsdata.lbaf[format_index];
	return 0;
}

const void *
spdk_nvme_ns_get_vendor_specific(struct spdk_nvme_ns *ns)
{
	return ns->nsdata.vendor_specific;
}

bool
spdk_nvme_ns_supports_extended_lba(struct spdk_nvme_ns *ns)
{
	return (ns->flags & SPDK_NVME_NS_EXTENDED_LBA_SUPPORTED) != 0;
}

bool
spdk_nvme_ns_supports_write_uncorrectable(struct spdk_nvme_ns *ns)
{
	return (ns->flags & SPDK_NVME_NS_WRITE_UNCORRECTABLE_SUPPORTED) != 0;
}

bool
spdk_nvme_ns_supports_compare(struct spdk_nvme_ns *ns)
{
	return (ns->flags & SPDK_NVME_NS_COMPARE_SUPPORTED) != 0;
}

enum spdk_nvme_dealloc_logical_block_read_value
spdk_nvme_ns_get_dealloc_logical_block_read_value(struct spdk_nvme_ns *ns)
{
	return (enum spdk_nvme_dealloc_logical_block_read_value)ns->nsdata.dlfeat.bits.read_value;
}

uint32_t
spdk_nvme_ns_get_optimal_io_boundary(struct spdk_nvme_ns *ns)
{
	return ns->sectors_per_boundary;
}

/* The identifier of type `nidt` in the descriptor list, with its length. */
static const uint8_t *
ns_find_id_desc(const struct spdk_nvme_ns *ns, enum spdk_nvme_nidt nidt, uint8_t len)
{
	size_t offset = 0;

	while (offset + sizeof(struct spdk_nvme_ns_id_desc) < sizeof(ns->id_desc_list)) {
		const uint8_t *desc = &ns->id_desc_list[offset];
		uint8_t nidl = desc[offsetof(struct spdk_nvme_ns_id_desc, nidl)];

		if (nidl == 0) {
			break;
		}
		if (offset + sizeof(struct spdk_nvme_ns_id_desc) + nidl >
		    sizeof(ns->id_desc_list)) {
			break;
		}
		if (desc[0] == nidt) {
			return nidl == len ? desc + sizeof(struct spdk_nvme_ns_id_desc) : NULL;
		}
		offset += sizeof(struct spdk_nvme_ns_id_desc) + nidl;
	}
	return NULL;
}

const uint8_t *
spdk_nvme_ns_get_nguid(const struct spdk_nvme_ns *ns)
{
	return ns_find_id_desc(ns, SPDK_NVME_NIDT_NGUID, 16);
}

const struct spdk_uuid *
spdk_nvme_ns_get_uuid(const struct spdk_nvme_ns *ns)
{
	return (const struct spdk_uuid *)ns_find_id_desc(ns, SPDK_NVME_NIDT_UUID,
	                                                 sizeof(struct spdk_uuid));
}

enum spdk_nvme_csi
spdk_nvme_ns_get_csi(const struct spdk_nvme_ns *ns)
{
	const uint8_t *csi = ns_find_id_desc(ns, SPDK_NVME_NIDT_CSI, 1);

	return csi != NULL ? (enum spdk_nvme_csi)csi[0] : SPDK_NVME_CSI_NVM;
}

uint32_t
spdk_nvme_ns_get_ana_group_id(const struct spdk_nvme_ns *ns)
{
	return ns->ana_group_id;
}

enum spdk_nvme_ana_state
spdk_nvme_ns_get_ana_state(const struct spdk_nvme_ns *ns)
{
	return ns->ana_state;
}
