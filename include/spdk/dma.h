/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Words of memory domains: memory that a CPU pointer does not reach.
 */

#ifndef SPDK_DMA_H
#define SPDK_DMA_H

#include "spdk/assert.h"
#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_RDMA_DMA_DEVICE "SPDK_RDMA_DMA_DEVICE"

struct spdk_memory_domain;
struct spdk_memory_domain_ctx;
struct spdk_memory_domain_rdma_ctx;
struct spdk_memory_domain_translation_ctx;
struct spdk_memory_domain_translation_result;

enum spdk_dma_device_type {
	SPDK_DMA_DEVICE_TYPE_RDMA = 0,
	SPDK_DMA_DEVICE_TYPE_DMA = 1,
	SPDK_DMA_DEVICE_TYPE_ACCEL = 2,
	SPDK_DMA_DEVICE_VENDOR_SPECIFIC_TYPE_START = 1000,
	SPDK_DMA_DEVICE_VENDOR_SPECIFIC_TYPE_END = 1999,
};

struct spdk_memory_domain_translation_result {
	size_t size;
	uint32_t iov_count;
	struct iovec iov;
	struct iovec *iovs;
	struct spdk_memory_domain *dst_domain;
	union {
		struct {
			uint32_t lkey;
			uint32_t rkey;
		} rdma;
	};
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_memory_domain_translation_result) == 56,
                   "the size is interface");

struct spdk_memory_domain_translation_ctx {
	size_t size;
	union {
		struct {
			void *ibv_qp;
		} rdma;
	};
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_memory_domain_translation_ctx) == 16,
                   "the size is interface");

struct spdk_memory_domain_rdma_ctx {
	size_t size;
	void *ibv_pd;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_memory_domain_rdma_ctx) == 16, "the size is interface");

struct spdk_memory_domain_ctx {
	size_t size;
	void *user_ctx;
	size_t user_ctx_size;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_memory_domain_ctx) == 24, "the size is interface");

typedef void (*spdk_memory_domain_data_cpl_cb)(void *ctx, int rc);

typedef int (*spdk_memory_domain_pull_data_cb)(struct spdk_memory_domain *src_domain,
                                               void *src_domain_ctx, struct iovec *src_iov,
                                               uint32_t src_iovcnt, struct iovec *dst_iov,
                                               uint32_t dst_iovcnt,
                                               spdk_memory_domain_data_cpl_cb cpl_cb,
                                               void *cpl_cb_arg);

typedef int (*spdk_memory_domain_push_data_cb)(struct spdk_memory_domain *dst_domain,
                                               void *dst_domain_ctx, struct iovec *dst_iov,
                                               uint32_t dst_iovcnt, struct iovec *src_iov,
                                               uint32_t src_iovcnt,
                                               spdk_memory_domain_data_cpl_cb cpl_cb,
                                               void *cpl_cb_arg);

typedef int (*spdk_memory_domain_memzero_cb)(struct spdk_memory_domain *domain, void *domain_ctx,
                                             struct iovec *iov, uint32_t iovcnt,
                                             spdk_memory_domain_data_cpl_cb cpl_cb,
                                             void *cpl_cb_arg);

typedef int (*spdk_memory_domain_transfer_data_cb)(
        struct spdk_memory_domain *dst_domain, void *dst_domain_ctx, struct iovec *dst_iov,
        uint32_t dst_iovcnt, struct spdk_memory_domain *src_domain, void *src_domain_ctx,
        struct iovec *src_iov, uint32_t src_iovcnt,
        struct spdk_memory_domain_translation_result *src_translation,
        spdk_memory_domain_data_cpl_cb cpl_cb, void *cpl_cb_arg);

typedef int (*spdk_memory_domain_translate_memory_cb)(
        struct spdk_memory_domain *src_domain, void *src_domain_ctx,
        struct spdk_memory_domain *dst_domain,
        struct spdk_memory_domain_translation_ctx *dst_domain_ctx, void *addr, size_t len,
        struct spdk_memory_domain_translation_result *result);

typedef void (*spdk_memory_domain_invalidate_data_cb)(struct spdk_memory_domain *domain,
                                                      void *domain_ctx, struct iovec *iov,
                                                      uint32_t iovcnt);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_DMA_H */
