/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What Intel added to NVMe in its drives: features, log pages and their status codes.
 */

#ifndef SPDK_NVME_INTEL_H
#define SPDK_NVME_INTEL_H

#include "spdk/assert.h"
#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

enum spdk_nvme_intel_feat {
	SPDK_NVME_INTEL_FEAT_MAX_LBA = 193,
	SPDK_NVME_INTEL_FEAT_NATIVE_MAX_LBA = 194,
	SPDK_NVME_INTEL_FEAT_POWER_GOVERNOR_SETTING = 198,
	SPDK_NVME_INTEL_FEAT_SMBUS_ADDRESS = 200,
	SPDK_NVME_INTEL_FEAT_LED_PATTERN = 201,
	SPDK_NVME_INTEL_FEAT_RESET_TIMED_WORKLOAD_COUNTERS = 213,
	SPDK_NVME_INTEL_FEAT_LATENCY_TRACKING = 226,
};

enum spdk_nvme_intel_set_max_lba_command_status_code {
	SPDK_NVME_INTEL_EXCEEDS_AVAILABLE_CAPACITY = 192,
	SPDK_NVME_INTEL_SMALLER_THAN_MIN_LIMIT = 193,
	SPDK_NVME_INTEL_SMALLER_THAN_NS_REQUIREMENTS = 194,
};

enum spdk_nvme_intel_log_page {
	SPDK_NVME_INTEL_LOG_PAGE_DIRECTORY = 192,
	SPDK_NVME_INTEL_LOG_READ_CMD_LATENCY = 193,
	SPDK_NVME_INTEL_LOG_WRITE_CMD_LATENCY = 194,
	SPDK_NVME_INTEL_LOG_TEMPERATURE = 197,
	SPDK_NVME_INTEL_LOG_SMART = 202,
	SPDK_NVME_INTEL_MARKETING_DESCRIPTION = 221,
};

enum spdk_nvme_intel_smart_attribute_code {
	SPDK_NVME_INTEL_SMART_PROGRAM_FAIL_COUNT = 171,
	SPDK_NVME_INTEL_SMART_ERASE_FAIL_COUNT = 172,
	SPDK_NVME_INTEL_SMART_WEAR_LEVELING_COUNT = 173,
	SPDK_NVME_INTEL_SMART_E2E_ERROR_COUNT = 184,
	SPDK_NVME_INTEL_SMART_CRC_ERROR_COUNT = 199,
	SPDK_NVME_INTEL_SMART_MEDIA_WEAR = 226,
	SPDK_NVME_INTEL_SMART_HOST_READ_PERCENTAGE = 227,
	SPDK_NVME_INTEL_SMART_TIMER = 228,
	SPDK_NVME_INTEL_SMART_THERMAL_THROTTLE_STATUS = 234,
	SPDK_NVME_INTEL_SMART_RETRY_BUFFER_OVERFLOW_COUNTER = 240,
	SPDK_NVME_INTEL_SMART_PLL_LOCK_LOSS_COUNT = 243,
	SPDK_NVME_INTEL_SMART_NAND_BYTES_WRITTEN = 244,
	SPDK_NVME_INTEL_SMART_HOST_BYTES_WRITTEN = 245,
};

struct spdk_nvme_intel_log_page_directory {
	uint8_t version[2];
	uint8_t reserved[384];
	uint8_t read_latency_log_len;
	uint8_t reserved2;
	uint8_t write_latency_log_len;
	uint8_t reserved3[5];
	uint8_t temperature_statistics_log_len;
	uint8_t reserved4[9];
	uint8_t smart_log_len;
	uint8_t reserved5[37];
	uint8_t marketing_description_log_len;
	uint8_t reserved6[69];
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_intel_log_page_directory) == 512,
                   "the size is interface");

struct spdk_nvme_intel_rw_latency_page {
	uint16_t major_revison;
	uint16_t minor_revison;
	uint32_t buckets_32us[32];
	uint32_t buckets_1ms[31];
	uint32_t buckets_32ms[31];
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_intel_rw_latency_page) == 380, "the size is interface");

struct spdk_nvme_intel_temperature_page {
	uint64_t current_temperature;
	uint64_t shutdown_flag_last;
	uint64_t shutdown_flag_life;
	uint64_t highest_temperature;
	uint64_t lowest_temperature;
	uint64_t reserved[5];
	uint64_t specified_max_op_temperature;
	uint64_t reserved2;
	uint64_t specified_min_op_temperature;
	uint64_t estimated_offset;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_intel_temperature_page) == 112, "the size is interface");

struct spdk_nvme_intel_smart_attribute {
	uint8_t code;
	uint8_t reserved[2];
	uint8_t normalized_value;
	uint8_t reserved2;
	uint8_t raw_value[6];
	uint8_t reserved3;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_intel_smart_attribute) == 12, "the size is interface");

struct spdk_nvme_intel_smart_information_page {
	struct spdk_nvme_intel_smart_attribute attributes[13];
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_intel_smart_information_page) == 156,
                   "the size is interface");

union spdk_nvme_intel_feat_power_governor {
	uint32_t raw;
	struct {
		uint32_t power_governor_setting : 8;
		uint32_t reserved : 24;
	} bits;
};
SPDK_STATIC_ASSERT(sizeof(union spdk_nvme_intel_feat_power_governor) == 4, "the size is interface");

union spdk_nvme_intel_feat_smbus_address {
	uint32_t raw;
	struct {
		uint32_t reserved : 1;
		uint32_t smbus_controller_address : 8;
		uint32_t reserved2 : 23;
	} bits;
};
SPDK_STATIC_ASSERT(sizeof(union spdk_nvme_intel_feat_smbus_address) == 4, "the size is interface");

union spdk_nvme_intel_feat_led_pattern {
	uint32_t raw;
	struct {
		uint32_t feature_options : 24;
		uint32_t value : 8;
	} bits;
};
SPDK_STATIC_ASSERT(sizeof(union spdk_nvme_intel_feat_led_pattern) == 4, "the size is interface");

union spdk_nvme_intel_feat_reset_timed_workload_counters {
	uint32_t raw;
	struct {
		uint32_t reset : 1;
		uint32_t reserved : 31;
	} bits;
};
SPDK_STATIC_ASSERT(sizeof(union spdk_nvme_intel_feat_reset_timed_workload_counters) == 4,
                   "the size is interface");

union spdk_nvme_intel_feat_latency_tracking {
	uint32_t raw;
	struct {
		uint32_t enable : 32;
	} bits;
};
SPDK_STATIC_ASSERT(sizeof(union spdk_nvme_intel_feat_latency_tracking) == 4,
                   "the size is interface");

struct spdk_nvme_intel_marketing_description_page {
	uint8_t marketing_product[512];
	uint8_t reserved[3584];
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_intel_marketing_description_page) == 4096,
                   "the size is interface");

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_NVME_INTEL_H */
