/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * What a bdev is: one-line questions. Fields are set at registration; only the number of blocks
 * changes later. Any thread.
 */

#include "bdev_internal.h"

const char *
spdk_bdev_get_module_name(const struct spdk_bdev *bdev)
{
	return bdev->module->name;
}

const char *
spdk_bdev_get_name(const struct spdk_bdev *bdev)
{
	return bdev->name;
}

const char *
spdk_bdev_get_product_name(const struct spdk_bdev *bdev)
{
	return bdev->product_name;
}

uint32_t
spdk_bdev_get_block_size(const struct spdk_bdev *bdev)
{
	return bdev->blocklen;
}

uint32_t
spdk_bdev_get_write_unit_size(const struct spdk_bdev *bdev)
{
	return bdev->write_unit_size;
}

uint64_t
spdk_bdev_get_num_blocks(const struct spdk_bdev *bdev)
{
	return bdev->blockcnt;
}

size_t
spdk_bdev_get_buf_align(const struct spdk_bdev *bdev)
{
	return (size_t)1 << bdev->required_alignment;
}

uint32_t
spdk_bdev_get_optimal_io_boundary(const struct spdk_bdev *bdev)
{
	return bdev->optimal_io_boundary;
}

bool
spdk_bdev_has_write_cache(const struct spdk_bdev *bdev)
{
	return bdev->write_cache != 0;
}

const struct spdk_uuid *
spdk_bdev_get_uuid(const struct spdk_bdev *bdev)
{
	return &bdev->uuid;
}

uint16_t
spdk_bdev_get_acwu(const struct spdk_bdev *bdev)
{
	return bdev->acwu;
}

uint32_t
spdk_bdev_get_md_size(const struct spdk_bdev *bdev)
{
	return bdev->md_len;
}

bool
spdk_bdev_is_md_interleaved(const struct spdk_bdev *bdev)
{
	return bdev->md_len != 0 && bdev->md_interleave;
}

bool
spdk_bdev_is_md_separate(const struct spdk_bdev *bdev)
{
	return bdev->md_len != 0 && !bdev->md_interleave;
}

bool
spdk_bdev_is_zoned(const struct spdk_bdev *bdev)
{
	return bdev->zoned;
}

uint32_t
spdk_bdev_get_data_block_size(const struct spdk_bdev *bdev)
{
	return spdk_bdev_is_md_interleaved(bdev) ? bdev->blocklen - bdev->md_len : bdev->blocklen;
}

uint32_t
spdk_bdev_get_physical_block_size(const struct spdk_bdev *bdev)
{
	return bdev->phys_blocklen;
}

uint32_t
spdk_bdev_get_preferred_write_alignment(const struct spdk_bdev *bdev)
{
	return bdev->preferred_write_alignment;
}

uint32_t
spdk_bdev_get_preferred_write_granularity(const struct spdk_bdev *bdev)
{
	return bdev->preferred_write_granularity;
}

uint32_t
spdk_bdev_get_optimal_write_size(const struct spdk_bdev *bdev)
{
	return bdev->optimal_write_size;
}

uint32_t
spdk_bdev_get_preferred_unmap_alignment(const struct spdk_bdev *bdev)
{
	return bdev->preferred_unmap_alignment;
}

uint32_t
spdk_bdev_get_preferred_unmap_granularity(const struct spdk_bdev *bdev)
{
	return bdev->preferred_unmap_granularity;
}

enum spdk_dif_type
spdk_bdev_get_dif_type(const struct spdk_bdev *bdev)
{
	return bdev->md_len != 0 ? bdev->dif_type : SPDK_DIF_DISABLE;
}

enum spdk_dif_pi_format
spdk_bdev_get_dif_pi_format(const struct spdk_bdev *bdev)
{
	return bdev->dif_pi_format;
}

bool
spdk_bdev_is_dif_head_of_md(const struct spdk_bdev *bdev)
{
	return spdk_bdev_get_dif_type(bdev) != SPDK_DIF_DISABLE && bdev->dif_is_head_of_md;
}

enum spdk_nvme_csi
spdk_bdev_get_nvme_csi(const struct spdk_bdev *bdev)
{
	return bdev->csi;
}

union spdk_bdev_nvme_ctratt
spdk_bdev_get_nvme_ctratt(struct spdk_bdev *bdev)
{
	return bdev->ctratt;
}

uint32_t
spdk_bdev_get_nvme_nsid(struct spdk_bdev *bdev)
{
	return bdev->nsid;
}

int32_t
spdk_bdev_get_numa_id(struct spdk_bdev *bdev)
{
	return bdev->numa.id_valid ? bdev->numa.id : SPDK_ENV_NUMA_ID_ANY;
}

bool
spdk_bdev_is_dif_check_enabled(const struct spdk_bdev *bdev, enum spdk_dif_check_type check_type)
{
	switch (check_type) {
	case SPDK_DIF_CHECK_TYPE_REFTAG:
		return (bdev->dif_check_flags & SPDK_DIF_FLAGS_REFTAG_CHECK) != 0;
	case SPDK_DIF_CHECK_TYPE_APPTAG:
		return (bdev->dif_check_flags & SPDK_DIF_FLAGS_APPTAG_CHECK) != 0;
	case SPDK_DIF_CHECK_TYPE_GUARD:
		return (bdev->dif_check_flags & SPDK_DIF_FLAGS_GUARD_CHECK) != 0;
	default:
		return false;
	}
}

bool
spdk_bdev_io_type_supported(struct spdk_bdev *bdev, enum spdk_bdev_io_type io_type)
{
	bool supported = bdev->fn_table->io_type_supported(bdev->ctxt, io_type);

	if (!supported && io_type == SPDK_BDEV_IO_TYPE_WRITE_ZEROES && bdev->md_len == 0) {
		return bdev->fn_table->io_type_supported(bdev->ctxt, SPDK_BDEV_IO_TYPE_WRITE);
	}
	return supported;
}

static const char *const g_io_type_names[SPDK_BDEV_NUM_IO_TYPES] = {
	[SPDK_BDEV_IO_TYPE_READ] = "read",
	[SPDK_BDEV_IO_TYPE_WRITE] = "write",
	[SPDK_BDEV_IO_TYPE_UNMAP] = "unmap",
	[SPDK_BDEV_IO_TYPE_FLUSH] = "flush",
	[SPDK_BDEV_IO_TYPE_RESET] = "reset",
	[SPDK_BDEV_IO_TYPE_NVME_ADMIN] = "nvme_admin",
	[SPDK_BDEV_IO_TYPE_NVME_IO] = "nvme_io",
	[SPDK_BDEV_IO_TYPE_NVME_IO_MD] = "nvme_io_md",
	[SPDK_BDEV_IO_TYPE_WRITE_ZEROES] = "write_zeroes",
	[SPDK_BDEV_IO_TYPE_ZCOPY] = "zcopy",
	[SPDK_BDEV_IO_TYPE_GET_ZONE_INFO] = "get_zone_info",
	[SPDK_BDEV_IO_TYPE_ZONE_MANAGEMENT] = "zone_management",
	[SPDK_BDEV_IO_TYPE_ZONE_APPEND] = "zone_append",
	[SPDK_BDEV_IO_TYPE_COMPARE] = "compare",
	[SPDK_BDEV_IO_TYPE_COMPARE_AND_WRITE] = "compare_and_write",
	[SPDK_BDEV_IO_TYPE_ABORT] = "abort",
	[SPDK_BDEV_IO_TYPE_SEEK_HOLE] = "seek_hole",
	[SPDK_BDEV_IO_TYPE_SEEK_DATA] = "seek_data",
	[SPDK_BDEV_IO_TYPE_COPY] = "copy",
	[SPDK_BDEV_IO_TYPE_NVME_IOV_MD] = "nvme_iov_md",
	[SPDK_BDEV_IO_TYPE_NVME_NSSR] = "nvme_nssr",
	[SPDK_BDEV_IO_TYPE_WRITE_UNCORRECTABLE] = "write_uncorrectable",
};

const char *
spdk_bdev_get_io_type_name(enum spdk_bdev_io_type io_type)
{
	if (io_type <= SPDK_BDEV_IO_TYPE_INVALID || io_type >= SPDK_BDEV_NUM_IO_TYPES) {
		return NULL;
	}
	return g_io_type_names[io_type];
}

int
spdk_bdev_get_io_type(const char *io_type_string)
{
	int i;

	for (i = SPDK_BDEV_IO_TYPE_READ; i < SPDK_BDEV_NUM_IO_TYPES; i++) {
		if (strcmp(io_type_string, g_io_type_names[i]) == 0) {
			return i;
		}
	}
	return -1;
}

int
spdk_bdev_dump_info_json(struct spdk_bdev *bdev, struct spdk_json_write_ctx *w)
{
	return bdev->fn_table->dump_info_json == NULL
	               ? 0
	               : bdev->fn_table->dump_info_json(bdev->ctxt, w);
}

void *
spdk_bdev_get_module_ctx(struct spdk_bdev_desc *desc)
{
	struct spdk_bdev *bdev = desc->bdev;

	return bdev->fn_table->get_module_ctx == NULL ? NULL
	                                              : bdev->fn_table->get_module_ctx(bdev->ctxt);
}

int
spdk_bdev_get_memory_domains(struct spdk_bdev *bdev, struct spdk_memory_domain **domains,
                             int array_size)
{
	return bdev->fn_table->get_memory_domains == NULL
	               ? 0
	               : bdev->fn_table->get_memory_domains(bdev->ctxt, domains, array_size);
}

int
spdk_bdev_get_memory_domain_types(struct spdk_bdev *bdev, enum spdk_dma_device_type *types,
                                  uint32_t array_size)
{
	return bdev->fn_table->get_memory_domain_types == NULL
	               ? 0
	               : bdev->fn_table->get_memory_domain_types(bdev->ctxt, types, array_size);
}

/* ---- Of an I/O ---- */

bool
spdk_bdev_io_hide_metadata(struct spdk_bdev_io *io)
{
	return io->internal.desc->hide_metadata;
}

uint32_t
spdk_bdev_io_get_block_size(struct spdk_bdev_io *io)
{
	return io->bdev->blocklen;
}

void
spdk_bdev_io_get_iovec(struct spdk_bdev_io *io, struct iovec **iovp, int *iovcntp)
{
	bool data = io->type == SPDK_BDEV_IO_TYPE_READ || io->type == SPDK_BDEV_IO_TYPE_WRITE;

	if (iovp != NULL) {
		*iovp = data ? io->u.bdev.iovs : NULL;
	}
	if (iovcntp != NULL) {
		*iovcntp = data ? io->u.bdev.iovcnt : 0;
	}
}

void *
spdk_bdev_io_get_md_buf(struct spdk_bdev_io *io)
{
	bool data = io->type == SPDK_BDEV_IO_TYPE_READ || io->type == SPDK_BDEV_IO_TYPE_WRITE;

	return data ? io->u.bdev.md_buf : NULL;
}

void *
spdk_bdev_io_get_cb_arg(struct spdk_bdev_io *io)
{
	return io->internal.caller_ctx;
}

struct spdk_io_channel *
spdk_bdev_io_get_io_channel(struct spdk_bdev_io *io)
{
	return spdk_io_channel_from_ctx(io->internal.ch);
}

struct spdk_thread *
spdk_bdev_io_get_thread(struct spdk_bdev_io *io)
{
	return spdk_io_channel_get_thread(spdk_bdev_io_get_io_channel(io));
}

uint64_t
spdk_bdev_io_get_submit_tsc(struct spdk_bdev_io *io)
{
	return io->internal.submit_tsc;
}
