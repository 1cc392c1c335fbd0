/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Open-channel drives, specification 2.0: commands, log pages and their data.
 */

#ifndef SPDK_NVME_OCSSD_SPEC_H
#define SPDK_NVME_OCSSD_SPEC_H

#include "spdk/assert.h"
#include "spdk/nvme_spec.h"
#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_NVME_OCSSD_MAX_LBAL_ENTRIES 64
#define SPDK_OCSSD_IO_FLAGS_LIMITED_RETRY (1u << 31)

enum spdk_ocssd_admin_opcode {
	SPDK_OCSSD_OPC_GEOMETRY = 226,
};

enum spdk_ocssd_io_opcode {
	SPDK_OCSSD_OPC_VECTOR_RESET = 144,
	SPDK_OCSSD_OPC_VECTOR_WRITE = 145,
	SPDK_OCSSD_OPC_VECTOR_READ = 146,
	SPDK_OCSSD_OPC_VECTOR_COPY = 147,
};

enum spdk_ocssd_log_page {
	SPDK_OCSSD_LOG_CHUNK_INFO = 202,
	SPDK_OCSSD_LOG_CHUNK_NOTIFICATION = 208,
};

enum spdk_ocssd_feat {
	SPDK_OCSSD_FEAT_MEDIA_FEEDBACK = 202,
};

enum spdk_ocssd_media_error_status_code {
	SPDK_OCSSD_SC_OFFLINE_CHUNK = 192,
	SPDK_OCSSD_SC_INVALID_RESET = 193,
	SPDK_OCSSD_SC_WRITE_FAIL_WRITE_NEXT_UNIT = 240,
	SPDK_OCSSD_SC_WRITE_FAIL_CHUNK_EARLY_CLOSE = 241,
	SPDK_OCSSD_SC_OUT_OF_ORDER_WRITE = 242,
	SPDK_OCSSD_SC_READ_HIGH_ECC = 208,
};

struct spdk_ocssd_dev_lba_fmt {
	uint8_t grp_len;
	uint8_t pu_len;
	uint8_t chk_len;
	uint8_t lbk_len;
	uint8_t reserved[4];
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_ocssd_dev_lba_fmt) == 8, "the size is interface");

struct spdk_ocssd_geometry_data {
	uint8_t mjr;
	uint8_t mnr;
	uint8_t reserved1[6];
	struct spdk_ocssd_dev_lba_fmt lbaf;
	struct {
		uint32_t vec_chk_cpy : 1;
		uint32_t multi_reset : 1;
		uint32_t reserved : 30;
	} mccap;
	uint8_t reserved2[12];
	uint8_t wit;
	uint8_t reserved3[31];
	uint16_t num_grp;
	uint16_t num_pu;
	uint32_t num_chk;
	uint32_t clba;
	uint8_t reserved4[52];
	uint32_t ws_min;
	uint32_t ws_opt;
	uint32_t mw_cunits;
	uint32_t maxoc;
	uint32_t maxocpu;
	uint8_t reserved5[44];
	uint32_t trdt;
	uint32_t trdm;
	uint32_t twrt;
	uint32_t twrm;
	uint32_t tcrst;
	uint32_t tcrsm;
	uint8_t reserved6[40];
	uint8_t reserved7[3071 - 255];
	uint8_t vs[4095 - 3071];
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_ocssd_geometry_data) == 4096, "the size is interface");

struct spdk_ocssd_chunk_information_entry {
	struct {
		uint8_t free : 1;
		uint8_t closed : 1;
		uint8_t open : 1;
		uint8_t offline : 1;
		uint8_t reserved : 4;
	} cs;
	struct {
		uint8_t seq_write : 1;
		uint8_t rnd_write : 1;
		uint8_t reserved1 : 2;
		uint8_t size_deviate : 1;
		uint8_t reserved2 : 3;
	} ct;
	uint8_t wli;
	uint8_t reserved[5];
	uint64_t slba;
	uint64_t cnlb;
	uint64_t wp;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_ocssd_chunk_information_entry) == 32,
                   "the size is interface");

struct spdk_ocssd_chunk_notification_entry {
	uint64_t nc;
	uint64_t lba;
	uint32_t nsid;
	struct {
		uint8_t error_rate_low : 1;
		uint8_t error_rate_medium : 1;
		uint8_t error_rate_high : 1;
		uint8_t unrecoverable : 1;
		uint8_t refreshed : 1;
		uint8_t rsvd : 3;
		uint8_t wit_exceeded : 1;
		uint8_t rsvd2 : 7;
	} state;
	struct {
		uint8_t lblk : 1;
		uint8_t chunk : 1;
		uint8_t pu : 1;
		uint8_t rsvd : 5;
	} mask;
	uint8_t rsvd[9];
	uint16_t nlb;
	uint8_t rsvd2[30];
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_ocssd_chunk_notification_entry) == 64,
                   "the size is interface");

struct spdk_ocssd_vector_cpl {
	uint64_t lba_status;
	uint16_t sqhd;
	uint16_t sqid;
	uint16_t cid;
	struct spdk_nvme_status status;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_ocssd_vector_cpl) == 16, "the size is interface");

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_NVME_OCSSD_SPEC_H */
