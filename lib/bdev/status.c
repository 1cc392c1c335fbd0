/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The status of an I/O: what the module gave (NVMe, SCSI, errno or just failed) and what the owner
 * asks for. NVMe sct/sc stay what they were from end to end.
 */

#include "bdev_internal.h"
#include "spdk/nvme_spec.h"
#include "spdk/scsi_spec.h"

/* ---- A module says ---- */

enum spdk_bdev_io_status
spdk_bdev_io_set_nvme_status(struct spdk_bdev_io *io, uint32_t cdw0, int sct, int sc)
{
	io->internal.error.nvme.cdw0 = cdw0;
	io->internal.error.nvme.sct = (uint8_t)sct;
	io->internal.error.nvme.sc = (uint8_t)sc;
	if (sct == SPDK_NVME_SCT_GENERIC && sc == SPDK_NVME_SC_SUCCESS) {
		return SPDK_BDEV_IO_STATUS_SUCCESS;
	}
	if (sct == SPDK_NVME_SCT_GENERIC && sc == SPDK_NVME_SC_ABORTED_BY_REQUEST) {
		return SPDK_BDEV_IO_STATUS_ABORTED;
	}
	return SPDK_BDEV_IO_STATUS_NVME_ERROR;
}

void
spdk_bdev_io_complete_nvme_status(struct spdk_bdev_io *io, uint32_t cdw0, int sct, int sc)
{
	spdk_bdev_io_complete(io, spdk_bdev_io_set_nvme_status(io, cdw0, sct, sc));
}

enum spdk_bdev_io_status
spdk_bdev_io_set_scsi_status(struct spdk_bdev_io *io, enum spdk_scsi_status sc,
                             enum spdk_scsi_sense sk, uint8_t asc, uint8_t ascq)
{
	if (sc == SPDK_SCSI_STATUS_GOOD) {
		io->internal.error.nvme.cdw0 = 0;
		return SPDK_BDEV_IO_STATUS_SUCCESS;
	}
	io->internal.error.scsi.sc = (uint8_t)sc;
	io->internal.error.scsi.sk = (uint8_t)sk;
	io->internal.error.scsi.asc = asc;
	io->internal.error.scsi.ascq = ascq;
	return SPDK_BDEV_IO_STATUS_SCSI_ERROR;
}

void
spdk_bdev_io_complete_scsi_status(struct spdk_bdev_io *io, enum spdk_scsi_status sc,
                                  enum spdk_scsi_sense sk, uint8_t asc, uint8_t ascq)
{
	spdk_bdev_io_complete(io, spdk_bdev_io_set_scsi_status(io, sc, sk, asc, ascq));
}

enum spdk_bdev_io_status
spdk_bdev_io_set_aio_status(struct spdk_bdev_io *io, int aio_result)
{
	if (aio_result == 0) {
		io->internal.error.nvme.cdw0 = 0;
		return SPDK_BDEV_IO_STATUS_SUCCESS;
	}
	io->internal.error.aio_result = aio_result;
	return SPDK_BDEV_IO_STATUS_AIO_ERROR;
}

void
spdk_bdev_io_complete_aio_status(struct spdk_bdev_io *io, int aio_result)
{
	spdk_bdev_io_complete(io, spdk_bdev_io_set_aio_status(io, aio_result));
}

enum spdk_bdev_io_status
spdk_bdev_io_set_base_io_status(struct spdk_bdev_io *io, const struct spdk_bdev_io *base_io)
{
	io->internal.error = base_io->internal.error;
	return (enum spdk_bdev_io_status)base_io->internal.status;
}

void
spdk_bdev_io_complete_base_io_status(struct spdk_bdev_io *io, const struct spdk_bdev_io *base_io)
{
	spdk_bdev_io_complete(io, spdk_bdev_io_set_base_io_status(io, base_io));
}

/* ---- The owner asks ---- */

void
spdk_bdev_io_get_nvme_status(const struct spdk_bdev_io *io, uint32_t *cdw0, int *sct, int *sc)
{
	uint32_t result = 0;

	*sct = SPDK_NVME_SCT_GENERIC;
	switch (io->internal.status) {
	case SPDK_BDEV_IO_STATUS_NVME_ERROR:
		*sct = io->internal.error.nvme.sct;
		*sc = io->internal.error.nvme.sc;
		result = io->internal.error.nvme.cdw0;
		break;
	case SPDK_BDEV_IO_STATUS_SUCCESS:
		*sc = SPDK_NVME_SC_SUCCESS;
		break;
	case SPDK_BDEV_IO_STATUS_ABORTED:
		*sc = SPDK_NVME_SC_ABORTED_BY_REQUEST;
		break;
	case SPDK_BDEV_IO_STATUS_FIRST_FUSED_FAILED:
		*sc = SPDK_NVME_SC_ABORTED_FAILED_FUSED;
		break;
	case SPDK_BDEV_IO_STATUS_MISCOMPARE:
		*sct = SPDK_NVME_SCT_MEDIA_ERROR;
		*sc = SPDK_NVME_SC_COMPARE_FAILURE;
		break;
	case SPDK_BDEV_IO_STATUS_AIO_ERROR:
		if (io->internal.error.aio_result == -ENOSPC) {
			*sc = SPDK_NVME_SC_CAPACITY_EXCEEDED;
			break;
		}
		*sc = SPDK_NVME_SC_INTERNAL_DEVICE_ERROR;
		break;
	default:
		*sc = SPDK_NVME_SC_INTERNAL_DEVICE_ERROR;
		break;
	}
	if (cdw0 != NULL) {
		*cdw0 = result;
	}
}

void
spdk_bdev_io_get_scsi_status(const struct spdk_bdev_io *io, int *sc, int *sk, int *asc, int *ascq)
{
	*asc = SPDK_SCSI_ASC_NO_ADDITIONAL_SENSE;
	*ascq = SPDK_SCSI_ASCQ_CAUSE_NOT_REPORTABLE;
	switch (io->internal.status) {
	case SPDK_BDEV_IO_STATUS_SUCCESS:
		*sc = SPDK_SCSI_STATUS_GOOD;
		*sk = SPDK_SCSI_SENSE_NO_SENSE;
		break;
	case SPDK_BDEV_IO_STATUS_SCSI_ERROR:
		*sc = io->internal.error.scsi.sc;
		*sk = io->internal.error.scsi.sk;
		*asc = io->internal.error.scsi.asc;
		*ascq = io->internal.error.scsi.ascq;
		break;
	case SPDK_BDEV_IO_STATUS_NVME_ERROR:
		spdk_scsi_nvme_translate(io, sc, sk, asc, ascq);
		break;
	case SPDK_BDEV_IO_STATUS_MISCOMPARE:
		*sc = SPDK_SCSI_STATUS_CHECK_CONDITION;
		*sk = SPDK_SCSI_SENSE_MISCOMPARE;
		*asc = SPDK_SCSI_ASC_MISCOMPARE_DURING_VERIFY_OPERATION;
		break;
	default:
		*sc = SPDK_SCSI_STATUS_CHECK_CONDITION;
		*sk = SPDK_SCSI_SENSE_ABORTED_COMMAND;
		break;
	}
}

void
spdk_bdev_io_get_aio_status(const struct spdk_bdev_io *io, int *aio_result)
{
	switch (io->internal.status) {
	case SPDK_BDEV_IO_STATUS_AIO_ERROR:
		*aio_result = io->internal.error.aio_result;
		break;
	case SPDK_BDEV_IO_STATUS_SUCCESS:
		*aio_result = 0;
		break;
	default:
		*aio_result = -EIO;
		break;
	}
}

/** NVMe status to SCSI: status, sense key, ASC, ASCQ; after the translation tables of the NVMe
 *  SCSI translation reference. */
static const struct {
	uint8_t sct, nvme_sc;
	uint8_t sc, sk, asc, ascq;
} g_nvme_to_scsi[] = {
#define GENERIC SPDK_NVME_SCT_GENERIC
#define CMD SPDK_NVME_SCT_COMMAND_SPECIFIC
#define MEDIA SPDK_NVME_SCT_MEDIA_ERROR
#define CHECK SPDK_SCSI_STATUS_CHECK_CONDITION
	{ GENERIC, SPDK_NVME_SC_SUCCESS, SPDK_SCSI_STATUS_GOOD, SPDK_SCSI_SENSE_NO_SENSE, 0, 0 },
	{ GENERIC, SPDK_NVME_SC_INVALID_OPCODE, CHECK, SPDK_SCSI_SENSE_ILLEGAL_REQUEST,
	  SPDK_SCSI_ASC_INVALID_COMMAND_OPERATION_CODE, 0 },
	{ GENERIC, SPDK_NVME_SC_INVALID_FIELD, CHECK, SPDK_SCSI_SENSE_ILLEGAL_REQUEST,
	  SPDK_SCSI_ASC_INVALID_FIELD_IN_CDB, 0 },
	{ GENERIC, SPDK_NVME_SC_DATA_TRANSFER_ERROR, CHECK, SPDK_SCSI_SENSE_MEDIUM_ERROR, 0, 0 },
	{ GENERIC, SPDK_NVME_SC_ABORTED_POWER_LOSS, SPDK_SCSI_STATUS_TASK_ABORTED,
	  SPDK_SCSI_SENSE_ABORTED_COMMAND, SPDK_SCSI_ASC_WARNING,
	  SPDK_SCSI_ASCQ_POWER_LOSS_EXPECTED },
	{ GENERIC, SPDK_NVME_SC_INTERNAL_DEVICE_ERROR, CHECK, SPDK_SCSI_SENSE_HARDWARE_ERROR,
	  SPDK_SCSI_ASC_INTERNAL_TARGET_FAILURE, 0 },
	{ GENERIC, SPDK_NVME_SC_ABORTED_BY_REQUEST, SPDK_SCSI_STATUS_TASK_ABORTED,
	  SPDK_SCSI_SENSE_ABORTED_COMMAND, 0, 0 },
	{ GENERIC, SPDK_NVME_SC_ABORTED_SQ_DELETION, SPDK_SCSI_STATUS_TASK_ABORTED,
	  SPDK_SCSI_SENSE_ABORTED_COMMAND, 0, 0 },
	{ GENERIC, SPDK_NVME_SC_INVALID_NAMESPACE_OR_FORMAT, CHECK, SPDK_SCSI_SENSE_ILLEGAL_REQUEST,
	  SPDK_SCSI_ASC_ACCESS_DENIED, SPDK_SCSI_ASCQ_INVALID_LU_IDENTIFIER },
	{ GENERIC, SPDK_NVME_SC_LBA_OUT_OF_RANGE, CHECK, SPDK_SCSI_SENSE_ILLEGAL_REQUEST,
	  SPDK_SCSI_ASC_LOGICAL_BLOCK_ADDRESS_OUT_OF_RANGE, 0 },
	{ GENERIC, SPDK_NVME_SC_NAMESPACE_NOT_READY, CHECK, SPDK_SCSI_SENSE_NOT_READY,
	  SPDK_SCSI_ASC_LOGICAL_UNIT_NOT_READY, 0 },
	{ GENERIC, SPDK_NVME_SC_RESERVATION_CONFLICT, SPDK_SCSI_STATUS_RESERVATION_CONFLICT,
	  SPDK_SCSI_SENSE_NO_SENSE, 0, 0 },
	{ CMD, SPDK_NVME_SC_ATTEMPTED_WRITE_TO_RO_RANGE, CHECK, SPDK_SCSI_SENSE_DATA_PROTECT,
	  SPDK_SCSI_ASC_WRITE_PROTECTED, 0 },
	{ MEDIA, SPDK_NVME_SC_WRITE_FAULTS, CHECK, SPDK_SCSI_SENSE_MEDIUM_ERROR,
	  SPDK_SCSI_ASC_PERIPHERAL_DEVICE_WRITE_FAULT, 0 },
	{ MEDIA, SPDK_NVME_SC_UNRECOVERED_READ_ERROR, CHECK, SPDK_SCSI_SENSE_MEDIUM_ERROR,
	  SPDK_SCSI_ASC_UNRECOVERED_READ_ERROR, 0 },
	{ MEDIA, SPDK_NVME_SC_GUARD_CHECK_ERROR, CHECK, SPDK_SCSI_SENSE_MEDIUM_ERROR,
	  SPDK_SCSI_ASC_LOGICAL_BLOCK_GUARD_CHECK_FAILED,
	  SPDK_SCSI_ASCQ_LOGICAL_BLOCK_GUARD_CHECK_FAILED },
	{ MEDIA, SPDK_NVME_SC_APPLICATION_TAG_CHECK_ERROR, CHECK, SPDK_SCSI_SENSE_MEDIUM_ERROR,
	  SPDK_SCSI_ASC_LOGICAL_BLOCK_APP_TAG_CHECK_FAILED,
	  SPDK_SCSI_ASCQ_LOGICAL_BLOCK_APP_TAG_CHECK_FAILED },
	{ MEDIA, SPDK_NVME_SC_REFERENCE_TAG_CHECK_ERROR, CHECK, SPDK_SCSI_SENSE_MEDIUM_ERROR,
	  SPDK_SCSI_ASC_LOGICAL_BLOCK_REF_TAG_CHECK_FAILED,
	  SPDK_SCSI_ASCQ_LOGICAL_BLOCK_REF_TAG_CHECK_FAILED },
	{ MEDIA, SPDK_NVME_SC_COMPARE_FAILURE, CHECK, SPDK_SCSI_SENSE_MISCOMPARE,
	  SPDK_SCSI_ASC_MISCOMPARE_DURING_VERIFY_OPERATION, 0 },
	{ MEDIA, SPDK_NVME_SC_ACCESS_DENIED, CHECK, SPDK_SCSI_SENSE_DATA_PROTECT,
	  SPDK_SCSI_ASC_ACCESS_DENIED, SPDK_SCSI_ASCQ_NO_ACCESS_RIGHTS },
#undef CHECK
#undef MEDIA
#undef CMD
#undef GENERIC
};

void
spdk_scsi_nvme_translate(const struct spdk_bdev_io *io, int *sc, int *sk, int *asc, int *ascq)
{
	int nvme_sct, nvme_sc;
	size_t i;

	spdk_bdev_io_get_nvme_status(io, NULL, &nvme_sct, &nvme_sc);
	*sc = SPDK_SCSI_STATUS_CHECK_CONDITION;
	*sk = SPDK_SCSI_SENSE_ILLEGAL_REQUEST;
	*asc = SPDK_SCSI_ASC_NO_ADDITIONAL_SENSE;
	*ascq = SPDK_SCSI_ASCQ_CAUSE_NOT_REPORTABLE;
	for (i = 0; i < SPDK_COUNTOF(g_nvme_to_scsi); i++) {
		if (g_nvme_to_scsi[i].sct == nvme_sct && g_nvme_to_scsi[i].nvme_sc == nvme_sc) {
			*sc = g_nvme_to_scsi[i].sc;
			*sk = g_nvme_to_scsi[i].sk;
			*asc = g_nvme_to_scsi[i].asc;
			*ascq = g_nvme_to_scsi[i].ascq;
			return;
		}
	}
}
