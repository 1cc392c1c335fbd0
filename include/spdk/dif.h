/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Words of protection information (T10 DIF): kinds, layouts, flags.
 */

#ifndef SPDK_DIF_H
#define SPDK_DIF_H

#include "spdk/assert.h"
#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_DIF_REFTAG_IGNORE 4294967295
#define SPDK_DIF_APPTAG_IGNORE 65535
#define SPDK_DIF_FLAGS_REFTAG_CHECK 67108864
#define SPDK_DIF_FLAGS_APPTAG_CHECK 134217728
#define SPDK_DIF_FLAGS_GUARD_CHECK 268435456
#define SPDK_DIF_FLAGS_NVME_PRACT 536870912
#define SPDK_DIF_REFTAG_ERROR 1
#define SPDK_DIF_APPTAG_ERROR 2
#define SPDK_DIF_GUARD_ERROR 4
#define SPDK_DIF_DATA_ERROR 8

struct spdk_dif_ctx;
struct spdk_dif_ctx_init_ext_opts;
struct spdk_dif_error;

enum spdk_dif_type {
	SPDK_DIF_DISABLE = 0,
	SPDK_DIF_TYPE1 = 1,
	SPDK_DIF_TYPE2 = 2,
	SPDK_DIF_TYPE3 = 3,
};

enum spdk_dif_check_type {
	SPDK_DIF_CHECK_TYPE_REFTAG = 1,
	SPDK_DIF_CHECK_TYPE_APPTAG = 2,
	SPDK_DIF_CHECK_TYPE_GUARD = 3,
};

enum spdk_dif_pi_format {
	SPDK_DIF_PI_FORMAT_16 = 0,
	SPDK_DIF_PI_FORMAT_32 = 1,
	SPDK_DIF_PI_FORMAT_64 = 2,
};

struct spdk_dif_ctx_init_ext_opts {
	size_t size;
	uint32_t dif_pi_format;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_dif_ctx_init_ext_opts) == 16, "the size is interface");

struct spdk_dif_ctx {
	uint32_t block_size;
	uint32_t guard_interval;
	uint32_t md_size;
	bool md_interleave;
	uint8_t dif_type;
	uint8_t dif_pi_format;
	uint8_t rsvd[1];
	uint32_t dif_flags;
	uint8_t rsvd2[4];
	uint64_t init_ref_tag;
	uint16_t app_tag;
	uint16_t apptag_mask;
	uint32_t data_offset;
	uint32_t ref_tag_offset;
	uint32_t remapped_init_ref_tag;
	uint64_t last_guard;
	uint64_t guard_seed;
};

struct spdk_dif_error {
	uint8_t err_type;
	uint8_t rsvd[7];
	uint64_t expected;
	uint64_t actual;
	uint32_t err_offset;
};

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_DIF_H */
