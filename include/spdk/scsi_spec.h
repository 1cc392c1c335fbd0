/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * SCSI as the specifications define it: operation codes, sense data, pages and their numbers.
 */

#ifndef SPDK_SCSI_SPEC_H
#define SPDK_SCSI_SPEC_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_SCSI_GROUP_MASK 224
#define SPDK_SCSI_OPCODE_MASK 31
#define SPDK_SBC_START_STOP_UNIT_START_BIT 1
#define SPDK_SCSI_VEXT_REF_CHK 1
#define SPDK_SCSI_VEXT_APP_CHK 2
#define SPDK_SCSI_VEXT_GRD_CHK 4
#define SPDK_SCSI_VEXT_SIMPSUP 1
#define SPDK_SCSI_VEXT_ORDSUP 2
#define SPDK_SCSI_VEXT_HEADSUP 4
#define SPDK_SCSI_VEXT_PRIOR_SUP 8
#define SPDK_SCSI_VEXT_GROUP_SUP 16
#define SPDK_SCSI_VEXT_UASK_SUP 32
#define SPDK_SCSI_VEXT_V_SUP 1
#define SPDK_SCSI_VEXT_NV_SUP 2
#define SPDK_SCSI_VEXT_CRD_SUP 4
#define SPDK_SCSI_VEXT_WU_SUP 8
#define SPDK_SPC_VPD_DESIG_PIV 128
#define SPDK_SCSI_SECP_INFO 0
#define SPDK_SCSI_SECP_TCG 1
#define SPDK_SCSI_UNMAP_LBPU 128
#define SPDK_SCSI_UNMAP_LBPWS 64
#define SPDK_SCSI_UNMAP_LBPWS10 32
#define SPDK_SCSI_UNMAP_FULL_PROVISIONING 0
#define SPDK_SCSI_UNMAP_RESOURCE_PROVISIONING 1
#define SPDK_SCSI_UNMAP_THIN_PROVISIONING 2

struct spdk_scsi_cdb_inquiry;
struct spdk_scsi_cdb_inquiry_data;
struct spdk_scsi_desig_desc;
struct spdk_scsi_iscsi_transport_id;
struct spdk_scsi_mpage_policy_desc;
struct spdk_scsi_port_desc;
struct spdk_scsi_pr_in_full_status_data;
struct spdk_scsi_pr_in_full_status_desc;
struct spdk_scsi_pr_in_read_header;
struct spdk_scsi_pr_in_read_keys_data;
struct spdk_scsi_pr_in_read_reservations_data;
struct spdk_scsi_pr_in_report_capabilities_data;
struct spdk_scsi_pr_out_param_list;
struct spdk_scsi_pr_out_reg_and_move_param_list;
struct spdk_scsi_tgt_port_desc;
struct spdk_scsi_unmap_bdesc;
struct spdk_scsi_vpd_ext_inquiry;
struct spdk_scsi_vpd_page;

enum spdk_scsi_group_code {
	SPDK_SCSI_6BYTE_CMD = 0,
	SPDK_SCSI_10BYTE_CMD = 32,
	SPDK_SCSI_10BYTE_CMD2 = 64,
	SPDK_SCSI_16BYTE_CMD = 128,
	SPDK_SCSI_12BYTE_CMD = 160,
};

enum spdk_scsi_status {
	SPDK_SCSI_STATUS_GOOD = 0,
	SPDK_SCSI_STATUS_CHECK_CONDITION = 2,
	SPDK_SCSI_STATUS_CONDITION_MET = 4,
	SPDK_SCSI_STATUS_BUSY = 8,
	SPDK_SCSI_STATUS_INTERMEDIATE = 16,
	SPDK_SCSI_STATUS_INTERMEDIATE_CONDITION_MET = 20,
	SPDK_SCSI_STATUS_RESERVATION_CONFLICT = 24,
	SPDK_SCSI_STATUS_Obsolete = 34,
	SPDK_SCSI_STATUS_TASK_SET_FULL = 40,
	SPDK_SCSI_STATUS_ACA_ACTIVE = 48,
	SPDK_SCSI_STATUS_TASK_ABORTED = 64,
};

enum spdk_scsi_sense {
	SPDK_SCSI_SENSE_NO_SENSE = 0,
	SPDK_SCSI_SENSE_RECOVERED_ERROR = 1,
	SPDK_SCSI_SENSE_NOT_READY = 2,
	SPDK_SCSI_SENSE_MEDIUM_ERROR = 3,
	SPDK_SCSI_SENSE_HARDWARE_ERROR = 4,
	SPDK_SCSI_SENSE_ILLEGAL_REQUEST = 5,
	SPDK_SCSI_SENSE_UNIT_ATTENTION = 6,
	SPDK_SCSI_SENSE_DATA_PROTECT = 7,
	SPDK_SCSI_SENSE_BLANK_CHECK = 8,
	SPDK_SCSI_SENSE_VENDOR_SPECIFIC = 9,
	SPDK_SCSI_SENSE_COPY_ABORTED = 10,
	SPDK_SCSI_SENSE_ABORTED_COMMAND = 11,
	SPDK_SCSI_SENSE_VOLUME_OVERFLOW = 13,
	SPDK_SCSI_SENSE_MISCOMPARE = 14,
};

enum spdk_scsi_asc {
	SPDK_SCSI_ASC_NO_ADDITIONAL_SENSE = 0,
	SPDK_SCSI_ASC_PERIPHERAL_DEVICE_WRITE_FAULT = 3,
	SPDK_SCSI_ASC_LOGICAL_UNIT_NOT_READY = 4,
	SPDK_SCSI_ASC_WARNING = 11,
	SPDK_SCSI_ASC_LOGICAL_BLOCK_GUARD_CHECK_FAILED = 16,
	SPDK_SCSI_ASC_LOGICAL_BLOCK_APP_TAG_CHECK_FAILED = 16,
	SPDK_SCSI_ASC_LOGICAL_BLOCK_REF_TAG_CHECK_FAILED = 16,
	SPDK_SCSI_ASC_UNRECOVERED_READ_ERROR = 17,
	SPDK_SCSI_ASC_MISCOMPARE_DURING_VERIFY_OPERATION = 29,
	SPDK_SCSI_ASC_INVALID_COMMAND_OPERATION_CODE = 32,
	SPDK_SCSI_ASC_ACCESS_DENIED = 32,
	SPDK_SCSI_ASC_LOGICAL_BLOCK_ADDRESS_OUT_OF_RANGE = 33,
	SPDK_SCSI_ASC_INVALID_FIELD_IN_CDB = 36,
	SPDK_SCSI_ASC_LOGICAL_UNIT_NOT_SUPPORTED = 37,
	SPDK_SCSI_ASC_WRITE_PROTECTED = 39,
	SPDK_SCSI_ASC_CAPACITY_DATA_HAS_CHANGED = 42,
	SPDK_SCSI_ASC_FORMAT_COMMAND_FAILED = 49,
	SPDK_SCSI_ASC_SAVING_PARAMETERS_NOT_SUPPORTED = 57,
	SPDK_SCSI_ASC_INTERNAL_TARGET_FAILURE = 68,
};

enum spdk_scsi_ascq {
	SPDK_SCSI_ASCQ_CAUSE_NOT_REPORTABLE = 0,
	SPDK_SCSI_ASCQ_BECOMING_READY = 1,
	SPDK_SCSI_ASCQ_FORMAT_COMMAND_FAILED = 1,
	SPDK_SCSI_ASCQ_LOGICAL_BLOCK_GUARD_CHECK_FAILED = 1,
	SPDK_SCSI_ASCQ_LOGICAL_BLOCK_APP_TAG_CHECK_FAILED = 2,
	SPDK_SCSI_ASCQ_NO_ACCESS_RIGHTS = 2,
	SPDK_SCSI_ASCQ_LOGICAL_BLOCK_REF_TAG_CHECK_FAILED = 3,
	SPDK_SCSI_ASCQ_POWER_LOSS_EXPECTED = 8,
	SPDK_SCSI_ASCQ_INVALID_LU_IDENTIFIER = 9,
	SPDK_SCSI_ASCQ_CAPACITY_DATA_HAS_CHANGED = 9,
};

enum spdk_spc_opcode {
	SPDK_SPC_ACCESS_CONTROL_IN = 134,
	SPDK_SPC_ACCESS_CONTROL_OUT = 135,
	SPDK_SPC_EXTENDED_COPY = 131,
	SPDK_SPC_INQUIRY = 18,
	SPDK_SPC_LOG_SELECT = 76,
	SPDK_SPC_LOG_SENSE = 77,
	SPDK_SPC_MODE_SELECT_6 = 21,
	SPDK_SPC_MODE_SELECT_10 = 85,
	SPDK_SPC_MODE_SENSE_6 = 26,
	SPDK_SPC_MODE_SENSE_10 = 90,
	SPDK_SPC_PERSISTENT_RESERVE_IN = 94,
	SPDK_SPC_PERSISTENT_RESERVE_OUT = 95,
	SPDK_SPC_PREVENT_ALLOW_MEDIUM_REMOVAL = 30,
	SPDK_SPC_READ_ATTRIBUTE = 140,
	SPDK_SPC_READ_BUFFER = 60,
	SPDK_SPC_RECEIVE_COPY_RESULTS = 132,
	SPDK_SPC_RECEIVE_DIAGNOSTIC_RESULTS = 28,
	SPDK_SPC_REPORT_LUNS = 160,
	SPDK_SPC_REQUEST_SENSE = 3,
	SPDK_SPC_SEND_DIAGNOSTIC = 29,
	SPDK_SPC_TEST_UNIT_READY = 0,
	SPDK_SPC_WRITE_ATTRIBUTE = 141,
	SPDK_SPC_WRITE_BUFFER = 59,
	SPDK_SPC_SERVICE_ACTION_IN_12 = 171,
	SPDK_SPC_SERVICE_ACTION_OUT_12 = 169,
	SPDK_SPC_SERVICE_ACTION_IN_16 = 158,
	SPDK_SPC_SERVICE_ACTION_OUT_16 = 159,
	SPDK_SPC_VARIABLE_LENGTH = 127,
	SPDK_SPC_MO_CHANGE_ALIASES = 11,
	SPDK_SPC_MO_SET_DEVICE_IDENTIFIER = 6,
	SPDK_SPC_MO_SET_PRIORITY = 14,
	SPDK_SPC_MO_SET_TARGET_PORT_GROUPS = 10,
	SPDK_SPC_MO_SET_TIMESTAMP = 15,
	SPDK_SPC_MI_REPORT_ALIASES = 11,
	SPDK_SPC_MI_REPORT_DEVICE_IDENTIFIER = 5,
	SPDK_SPC_MI_REPORT_PRIORITY = 14,
	SPDK_SPC_MI_REPORT_SUPPORTED_OPERATION_CODES = 12,
	SPDK_SPC_MI_REPORT_SUPPORTED_TASK_MANAGEMENT_FUNCTIONS = 13,
	SPDK_SPC_MI_REPORT_TARGET_PORT_GROUPS = 10,
	SPDK_SPC_MI_REPORT_TIMESTAMP = 15,
	SPDK_SPC2_RELEASE_6 = 23,
	SPDK_SPC2_RELEASE_10 = 87,
	SPDK_SPC2_RESERVE_6 = 22,
	SPDK_SPC2_RESERVE_10 = 86,
};

enum spdk_scc_opcode {
	SPDK_SCC_MAINTENANCE_IN = 163,
	SPDK_SCC_MAINTENANCE_OUT = 164,
};

enum spdk_sbc_opcode {
	SPDK_SBC_COMPARE_AND_WRITE = 137,
	SPDK_SBC_FORMAT_UNIT = 4,
	SPDK_SBC_GET_LBA_STATUS = 1179806,
	SPDK_SBC_ORWRITE_16 = 139,
	SPDK_SBC_PRE_FETCH_10 = 52,
	SPDK_SBC_PRE_FETCH_16 = 144,
	SPDK_SBC_READ_6 = 8,
	SPDK_SBC_READ_10 = 40,
	SPDK_SBC_READ_12 = 168,
	SPDK_SBC_READ_16 = 136,
	SPDK_SBC_READ_ATTRIBUTE = 140,
	SPDK_SBC_READ_BUFFER = 60,
	SPDK_SBC_READ_CAPACITY_10 = 37,
	SPDK_SBC_READ_DEFECT_DATA_10 = 55,
	SPDK_SBC_READ_DEFECT_DATA_12 = 183,
	SPDK_SBC_READ_LONG_10 = 62,
	SPDK_SBC_REASSIGN_BLOCKS = 7,
	SPDK_SBC_SANITIZE = 72,
	SPDK_SBC_START_STOP_UNIT = 27,
	SPDK_SBC_SYNCHRONIZE_CACHE_10 = 53,
	SPDK_SBC_SYNCHRONIZE_CACHE_16 = 145,
	SPDK_SBC_UNMAP = 66,
	SPDK_SBC_VERIFY_10 = 47,
	SPDK_SBC_VERIFY_12 = 175,
	SPDK_SBC_VERIFY_16 = 143,
	SPDK_SBC_WRITE_6 = 10,
	SPDK_SBC_WRITE_10 = 42,
	SPDK_SBC_WRITE_12 = 170,
	SPDK_SBC_WRITE_16 = 138,
	SPDK_SBC_WRITE_AND_VERIFY_10 = 46,
	SPDK_SBC_WRITE_AND_VERIFY_12 = 174,
	SPDK_SBC_WRITE_AND_VERIFY_16 = 142,
	SPDK_SBC_WRITE_LONG_10 = 63,
	SPDK_SBC_WRITE_SAME_10 = 65,
	SPDK_SBC_WRITE_SAME_16 = 147,
	SPDK_SBC_XDREAD_10 = 82,
	SPDK_SBC_XDWRITE_10 = 80,
	SPDK_SBC_XDWRITEREAD_10 = 83,
	SPDK_SBC_XPWRITE_10 = 81,
	SPDK_SBC_SAI_READ_CAPACITY_16 = 16,
	SPDK_SBC_SAI_READ_LONG_16 = 17,
	SPDK_SBC_SAO_WRITE_LONG_16 = 17,
	SPDK_SBC_VL_READ_32 = 9,
	SPDK_SBC_VL_VERIFY_32 = 10,
	SPDK_SBC_VL_WRITE_32 = 11,
	SPDK_SBC_VL_WRITE_AND_VERIFY_32 = 12,
	SPDK_SBC_VL_WRITE_SAME_32 = 13,
	SPDK_SBC_VL_XDREAD_32 = 3,
	SPDK_SBC_VL_XDWRITE_32 = 4,
	SPDK_SBC_VL_XDWRITEREAD_32 = 7,
	SPDK_SBC_VL_XPWRITE_32 = 6,
};

enum spdk_mmc_opcode {
	SPDK_MMC_READ_DISC_STRUCTURE = 173,
	SPDK_MMC_BLANK = 161,
	SPDK_MMC_CLOSE_TRACK_SESSION = 91,
	SPDK_MMC_ERASE_10 = 44,
	SPDK_MMC_FORMAT_UNIT = 4,
	SPDK_MMC_GET_CONFIGURATION = 70,
	SPDK_MMC_GET_EVENT_STATUS_NOTIFICATION = 74,
	SPDK_MMC_GET_PERFORMANCE = 172,
	SPDK_MMC_INQUIRY = 18,
	SPDK_MMC_LOAD_UNLOAD_MEDIUM = 166,
	SPDK_MMC_MECHANISM_STATUS = 189,
	SPDK_MMC_MODE_SELECT_10 = 85,
	SPDK_MMC_MODE_SENSE_10 = 90,
	SPDK_MMC_PAUSE_RESUME = 75,
	SPDK_MMC_PLAY_AUDIO_10 = 69,
	SPDK_MMC_PLAY_AUDIO_12 = 165,
	SPDK_MMC_PLAY_AUDIO_MSF = 71,
	SPDK_MMC_PREVENT_ALLOW_MEDIUM_REMOVAL = 30,
	SPDK_MMC_READ_10 = 40,
	SPDK_MMC_READ_12 = 168,
	SPDK_MMC_READ_BUFFER = 60,
	SPDK_MMC_READ_BUFFER_CAPACITY = 92,
	SPDK_MMC_READ_CAPACITY = 37,
	SPDK_MMC_READ_CD = 190,
	SPDK_MMC_READ_CD_MSF = 185,
	SPDK_MMC_READ_DISC_INFORMATION = 81,
	SPDK_MMC_READ_DVD_STRUCTURE = 173,
	SPDK_MMC_READ_FORMAT_CAPACITIES = 35,
	SPDK_MMC_READ_SUB_CHANNEL = 66,
	SPDK_MMC_READ_TOC_PMA_ATIP = 67,
	SPDK_MMC_READ_TRACK_INFORMATION = 82,
	SPDK_MMC_REPAIR_TRACK = 88,
	SPDK_MMC_REPORT_KEY = 164,
	SPDK_MMC_REQUEST_SENSE = 3,
	SPDK_MMC_RESERVE_TRACK = 83,
	SPDK_MMC_SCAN = 186,
	SPDK_MMC_SEEK_10 = 43,
	SPDK_MMC_SEND_CUE_SHEET = 93,
	SPDK_MMC_SEND_DVD_STRUCTURE = 191,
	SPDK_MMC_SEND_KEY = 163,
	SPDK_MMC_SEND_OPC_INFORMATION = 84,
	SPDK_MMC_SET_CD_SPEED = 187,
	SPDK_MMC_SET_READ_AHEAD = 167,
	SPDK_MMC_SET_STREAMING = 182,
	SPDK_MMC_START_STOP_UNIT = 27,
	SPDK_MMC_STOP_PLAY_SCAN = 78,
	SPDK_MMC_SYNCHRONIZE_CACHE = 53,
	SPDK_MMC_TEST_UNIT_READY = 0,
	SPDK_MMC_VERIFY_10 = 47,
	SPDK_MMC_WRITE_10 = 162,
	SPDK_MMC_WRITE_12 = 170,
	SPDK_MMC_WRITE_AND_VERIFY_10 = 46,
	SPDK_MMC_WRITE_BUFFER = 59,
};

enum spdk_ssc_opcode {
	SPDK_SSC_ERASE_6 = 25,
	SPDK_SSC_FORMAT_MEDIUM = 4,
	SPDK_SSC_LOAD_UNLOAD = 27,
	SPDK_SSC_LOCATE_10 = 43,
	SPDK_SSC_LOCATE_16 = 146,
	SPDK_SSC_MOVE_MEDIUM_ATTACHED = 167,
	SPDK_SSC_READ_6 = 8,
	SPDK_SSC_READ_BLOCK_LIMITS = 5,
	SPDK_SSC_READ_ELEMENT_STATUS_ATTACHED = 180,
	SPDK_SSC_READ_POSITION = 52,
	SPDK_SSC_READ_REVERSE_6 = 15,
	SPDK_SSC_RECOVER_BUFFERED_DATA = 20,
	SPDK_SSC_REPORT_DENSITY_SUPPORT = 68,
	SPDK_SSC_REWIND = 1,
	SPDK_SSC_SET_CAPACITY = 11,
	SPDK_SSC_SPACE_6 = 17,
	SPDK_SSC_SPACE_16 = 145,
	SPDK_SSC_VERIFY_6 = 19,
	SPDK_SSC_WRITE_6 = 10,
	SPDK_SSC_WRITE_FILEMARKS_6 = 16,
};

enum spdk_spc_vpd {
	SPDK_SPC_VPD_DEVICE_IDENTIFICATION = 131,
	SPDK_SPC_VPD_EXTENDED_INQUIRY_DATA = 134,
	SPDK_SPC_VPD_MANAGEMENT_NETWORK_ADDRESSES = 133,
	SPDK_SPC_VPD_MODE_PAGE_POLICY = 135,
	SPDK_SPC_VPD_SCSI_PORTS = 136,
	SPDK_SPC_VPD_SOFTWARE_INTERFACE_IDENTIFICATION = 132,
	SPDK_SPC_VPD_SUPPORTED_VPD_PAGES = 0,
	SPDK_SPC_VPD_UNIT_SERIAL_NUMBER = 128,
	SPDK_SPC_VPD_BLOCK_LIMITS = 176,
	SPDK_SPC_VPD_BLOCK_DEV_CHARS = 177,
	SPDK_SPC_VPD_BLOCK_THIN_PROVISION = 178,
};

enum spdk_spc_peripheral_qualifier {
	SPDK_SPC_PERIPHERAL_QUALIFIER_CONNECTED = 0,
	SPDK_SPC_PERIPHERAL_QUALIFIER_NOT_CONNECTED = 1,
	SPDK_SPC_PERIPHERAL_QUALIFIER_NOT_CAPABLE = 3,
};

enum {
	SPDK_SPC_PERIPHERAL_DEVICE_TYPE_DISK = 0,
	SPDK_SPC_PERIPHERAL_DEVICE_TYPE_TAPE = 1,
	SPDK_SPC_PERIPHERAL_DEVICE_TYPE_DVD = 5,
	SPDK_SPC_PERIPHERAL_DEVICE_TYPE_CHANGER = 8,
	SPDK_SPC_VERSION_NONE = 0,
	SPDK_SPC_VERSION_SPC = 3,
	SPDK_SPC_VERSION_SPC2 = 4,
	SPDK_SPC_VERSION_SPC3 = 5,
	SPDK_SPC_VERSION_SPC4 = 6,
	SPDK_SPC_PROTOCOL_IDENTIFIER_FC = 0,
	SPDK_SPC_PROTOCOL_IDENTIFIER_PSCSI = 1,
	SPDK_SPC_PROTOCOL_IDENTIFIER_SSA = 2,
	SPDK_SPC_PROTOCOL_IDENTIFIER_IEEE1394 = 3,
	SPDK_SPC_PROTOCOL_IDENTIFIER_RDMA = 4,
	SPDK_SPC_PROTOCOL_IDENTIFIER_ISCSI = 5,
	SPDK_SPC_PROTOCOL_IDENTIFIER_SAS = 6,
	SPDK_SPC_PROTOCOL_IDENTIFIER_ADT = 7,
	SPDK_SPC_PROTOCOL_IDENTIFIER_ATA = 8,
	SPDK_SPC_VPD_CODE_SET_BINARY = 1,
	SPDK_SPC_VPD_CODE_SET_ASCII = 2,
	SPDK_SPC_VPD_CODE_SET_UTF8 = 3,
	SPDK_SPC_VPD_ASSOCIATION_LOGICAL_UNIT = 0,
	SPDK_SPC_VPD_ASSOCIATION_TARGET_PORT = 1,
	SPDK_SPC_VPD_ASSOCIATION_TARGET_DEVICE = 2,
	SPDK_SPC_VPD_IDENTIFIER_TYPE_VENDOR_SPECIFIC = 0,
	SPDK_SPC_VPD_IDENTIFIER_TYPE_T10_VENDOR_ID = 1,
	SPDK_SPC_VPD_IDENTIFIER_TYPE_EUI64 = 2,
	SPDK_SPC_VPD_IDENTIFIER_TYPE_NAA = 3,
	SPDK_SPC_VPD_IDENTIFIER_TYPE_RELATIVE_TARGET_PORT = 4,
	SPDK_SPC_VPD_IDENTIFIER_TYPE_TARGET_PORT_GROUP = 5,
	SPDK_SPC_VPD_IDENTIFIER_TYPE_LOGICAL_UNIT_GROUP = 6,
	SPDK_SPC_VPD_IDENTIFIER_TYPE_MD5_LOGICAL_UNIT = 7,
	SPDK_SPC_VPD_IDENTIFIER_TYPE_SCSI_NAME = 8,
};

enum spdk_scsi_pr_in_action_code {
	SPDK_SCSI_PR_IN_READ_KEYS = 0,
	SPDK_SCSI_PR_IN_READ_RESERVATION = 1,
	SPDK_SCSI_PR_IN_REPORT_CAPABILITIES = 2,
	SPDK_SCSI_PR_IN_READ_FULL_STATUS = 3,
};

enum spdk_scsi_pr_scope_code {
	SPDK_SCSI_PR_LU_SCOPE = 0,
};

enum spdk_scsi_pr_type_code {
	SPDK_SCSI_PR_WRITE_EXCLUSIVE = 1,
	SPDK_SCSI_PR_EXCLUSIVE_ACCESS = 3,
	SPDK_SCSI_PR_WRITE_EXCLUSIVE_REGS_ONLY = 5,
	SPDK_SCSI_PR_EXCLUSIVE_ACCESS_REGS_ONLY = 6,
	SPDK_SCSI_PR_WRITE_EXCLUSIVE_ALL_REGS = 7,
	SPDK_SCSI_PR_EXCLUSIVE_ACCESS_ALL_REGS = 8,
};

enum spdk_scsi_pr_out_service_action_code {
	SPDK_SCSI_PR_OUT_REGISTER = 0,
	SPDK_SCSI_PR_OUT_RESERVE = 1,
	SPDK_SCSI_PR_OUT_RELEASE = 2,
	SPDK_SCSI_PR_OUT_CLEAR = 3,
	SPDK_SCSI_PR_OUT_PREEMPT = 4,
	SPDK_SCSI_PR_OUT_PREEMPT_AND_ABORT = 5,
	SPDK_SCSI_PR_OUT_REG_AND_IGNORE_KEY = 6,
	SPDK_SCSI_PR_OUT_REG_AND_MOVE = 7,
};

struct spdk_scsi_cdb_inquiry {
	uint8_t opcode;
	uint8_t evpd;
	uint8_t page_code;
	uint8_t alloc_len[2];
	uint8_t control;
};

struct spdk_scsi_cdb_inquiry_data {
	uint8_t peripheral_device_type : 5;
	uint8_t peripheral_qualifier : 3;
	uint8_t rmb;
	uint8_t version;
	uint8_t response;
	uint8_t add_len;
	uint8_t flags;
	uint8_t flags2;
	uint8_t flags3;
	uint8_t t10_vendor_id[8];
	uint8_t product_id[16];
	uint8_t product_rev[4];
	uint8_t vendor[20];
	uint8_t ius;
	uint8_t reserved;
	uint8_t desc[];
};

struct spdk_scsi_vpd_page {
	uint8_t peripheral_device_type : 5;
	uint8_t peripheral_qualifier : 3;
	uint8_t page_code;
	uint8_t alloc_len[2];
	uint8_t params[];
};

struct spdk_scsi_vpd_ext_inquiry {
	uint8_t peripheral;
	uint8_t page_code;
	uint8_t alloc_len[2];
	uint8_t check;
	uint8_t sup;
	uint8_t sup2;
	uint8_t luiclr;
	uint8_t cbcs;
	uint8_t micro_dl;
	uint8_t reserved[54];
};

struct spdk_scsi_desig_desc {
	uint8_t code_set : 4;
	uint8_t protocol_id : 4;
	uint8_t type : 4;
	uint8_t association : 2;
	uint8_t reserved0 : 1;
	uint8_t piv : 1;
	uint8_t reserved1;
	uint8_t len;
	uint8_t desig[];
};

struct spdk_scsi_mpage_policy_desc {
	uint8_t page_code;
	uint8_t sub_page_code;
	uint8_t policy;
	uint8_t reserved;
};

struct spdk_scsi_tgt_port_desc {
	uint8_t code_set;
	uint8_t desig_type;
	uint8_t reserved;
	uint8_t len;
	uint8_t designator[];
};

struct spdk_scsi_port_desc {
	uint16_t reserved;
	uint16_t rel_port_id;
	uint16_t reserved2;
	uint16_t init_port_len;
	uint16_t init_port_id;
	uint16_t reserved3;
	uint16_t tgt_desc_len;
	uint8_t tgt_desc[];
};

struct spdk_scsi_iscsi_transport_id {
	uint8_t protocol_id : 4;
	uint8_t reserved1 : 2;
	uint8_t format : 2;
	uint8_t reserved2;
	uint16_t additional_len;
	uint8_t name[];
};

struct spdk_scsi_unmap_bdesc {
	uint64_t lba;
	uint32_t block_count;
	uint32_t reserved;
};

struct spdk_scsi_pr_in_read_header {
	uint32_t pr_generation;
	uint32_t additional_len;
};

struct spdk_scsi_pr_in_read_keys_data {
	struct spdk_scsi_pr_in_read_header header;
	uint64_t rkeys[];
};

struct spdk_scsi_pr_in_read_reservations_data {
	struct spdk_scsi_pr_in_read_header header;
	uint64_t rkey;
	uint32_t obsolete1;
	uint8_t reserved;
	uint8_t type : 4;
	uint8_t scope : 4;
	uint16_t obsolete2;
};

struct spdk_scsi_pr_in_report_capabilities_data {
	uint16_t length;
	uint8_t ptpl_c : 1;
	uint8_t reserved1 : 1;
	uint8_t atp_c : 1;
	uint8_t sip_c : 1;
	uint8_t crh : 1;
	uint8_t reserved2 : 3;
	uint8_t ptpl_a : 1;
	uint8_t reserved3 : 6;
	uint8_t tmv : 1;
	uint8_t reserved4 : 1;
	uint8_t wr_ex : 1;
	uint8_t reserved5 : 1;
	uint8_t ex_ac : 1;
	uint8_t reserved6 : 1;
	uint8_t wr_ex_ro : 1;
	uint8_t ex_ac_ro : 1;
	uint8_t wr_ex_ar : 1;
	uint8_t ex_ac_ar : 1;
	uint8_t reserved7 : 7;
	uint8_t reserved8[2];
};

struct spdk_scsi_pr_in_full_status_desc {
	uint64_t rkey;
	uint8_t reserved1[4];
	uint8_t r_holder : 1;
	uint8_t all_tg_pt : 1;
	uint8_t reserved2 : 6;
	uint8_t type : 4;
	uint8_t scope : 4;
	uint8_t reserved3[4];
	uint16_t relative_target_port_id;
	uint32_t desc_len;
	uint8_t transport_id[];
};

struct spdk_scsi_pr_in_full_status_data {
	struct spdk_scsi_pr_in_read_header header;
	struct spdk_scsi_pr_in_full_status_desc desc_list[];
};

struct spdk_scsi_pr_out_param_list {
	uint64_t rkey;
	uint64_t sa_rkey;
	uint8_t obsolete1[4];
	uint8_t aptpl : 1;
	uint8_t reserved1 : 1;
	uint8_t all_tg_pt : 1;
	uint8_t spec_i_pt : 1;
	uint8_t reserved2 : 4;
	uint8_t reserved3;
	uint16_t obsolete2;
	uint8_t param_data[];
};

struct spdk_scsi_pr_out_reg_and_move_param_list {
	uint64_t rkey;
	uint64_t sa_rkey;
	uint8_t reserved1;
	uint8_t aptpl : 1;
	uint8_t unreg : 1;
	uint8_t reserved2 : 6;
	uint16_t relative_target_port_id;
	uint32_t transport_id_len;
	uint8_t transport_id[];
};

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_SCSI_SPEC_H */
