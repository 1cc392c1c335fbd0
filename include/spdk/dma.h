/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Memory domains: memory that the processor may not reach by a pointer (on a device, behind a
 * protection domain, or not computed yet), and the functions by which others move data in and out
 * of it.
 *
 * The owner of a domain makes it, sets its functions before it shows it to anybody, and destroys it
 * when nobody uses it any more. Creating, destroying and walking are safe on any thread. Data
 * functions run on the caller's thread and return 0 when \p cpl_cb will be called, once, or a
 * negative errno when it never will be: -ENOTSUP where the owner set no such function.
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

/** Where an address of one domain is in another. */
struct spdk_memory_domain_translation_result {
	size_t size; /* of this struct, set by the caller */
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

/** What the destination of a translation needs to be told. */
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
	size_t size; /* of this struct, set by the caller */
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

/**
 * Make a domain.
 * \param domain set on success.
 * \param ctx copied, with the \p user_ctx_size bytes at its user_ctx; NULL: an empty one.
 * \param id names the device; copied. NULL: none.
 * \return 0; -EINVAL for a NULL \p domain or a context of size 0; -ENOMEM.
 */
int spdk_memory_domain_create(struct spdk_memory_domain **domain, enum spdk_dma_device_type type,
                              struct spdk_memory_domain_ctx *ctx, const char *id);

/** Set how addresses are translated. NULL here and below: not supported. */
void spdk_memory_domain_set_translation(struct spdk_memory_domain *domain,
                                        spdk_memory_domain_translate_memory_cb translate_cb);

/** Set how a translation is given up when it is no longer used. */
void spdk_memory_domain_set_invalidate(struct spdk_memory_domain *domain,
                                       spdk_memory_domain_invalidate_data_cb invalidate_cb);

/** Set how data moves from the domain to local memory. */
void spdk_memory_domain_set_pull(struct spdk_memory_domain *domain,
                                 spdk_memory_domain_pull_data_cb pull_cb);

/** Set how data moves from local memory to the domain. */
void spdk_memory_domain_set_push(struct spdk_memory_domain *domain,
                                 spdk_memory_domain_push_data_cb push_cb);

/** Set how data moves from another domain to this one. */
void spdk_memory_domain_set_data_transfer(struct spdk_memory_domain *domain,
                                          spdk_memory_domain_transfer_data_cb transfer_cb);

/** Set how memory of the domain is filled with zeroes. */
void spdk_memory_domain_set_memzero(struct spdk_memory_domain *domain,
                                    spdk_memory_domain_memzero_cb memzero_cb);

/** The domain's copy of the context; NULL when it was made without one. */
struct spdk_memory_domain_ctx *spdk_memory_domain_get_context(struct spdk_memory_domain *domain);

/**
 * The domain's copy of the user's part of the context; NULL when there is none.
 * \param ctx_size set to its length in bytes; may not be NULL.
 */
void *spdk_memory_domain_get_user_context(struct spdk_memory_domain *domain, size_t *ctx_size);

/** The kind of device that the memory belongs to. */
enum spdk_dma_device_type spdk_memory_domain_get_dma_device_type(struct spdk_memory_domain *domain);

/** The name given when it was made; NULL when there was none. Lasts as long as the domain. */
const char *spdk_memory_domain_get_dma_device_id(struct spdk_memory_domain *domain);

/** Free a domain that nobody uses. NULL, and the system's domain, stay. */
void spdk_memory_domain_destroy(struct spdk_memory_domain *domain);

/** Move data from \p src_domain to local memory. The vectors stay valid until \p cpl_cb. */
int spdk_memory_domain_pull_data(struct spdk_memory_domain *src_domain, void *src_domain_ctx,
                                 struct iovec *src_iov, uint32_t src_iov_cnt, struct iovec *dst_iov,
                                 uint32_t dst_iov_cnt, spdk_memory_domain_data_cpl_cb cpl_cb,
                                 void *cpl_cb_arg);

/** Move data from local memory to \p dst_domain. The vectors stay valid until \p cpl_cb. */
int spdk_memory_domain_push_data(struct spdk_memory_domain *dst_domain, void *dst_domain_ctx,
                                 struct iovec *dst_iov, uint32_t dst_iovcnt, struct iovec *src_iov,
                                 uint32_t src_iovcnt, spdk_memory_domain_data_cpl_cb cpl_cb,
                                 void *cpl_cb_arg);

/**
 * Move data between domains, by the function of \p dst_domain.
 * \param src_domain NULL: local memory.
 * \param src_translation where the source is in the destination, when it is known; else NULL.
 */
int spdk_memory_domain_transfer_data(struct spdk_memory_domain *dst_domain, void *dst_domain_ctx,
                                     struct iovec *dst_iov, uint32_t dst_iovcnt,
                                     struct spdk_memory_domain *src_domain, void *src_domain_ctx,
                                     struct iovec *src_iov, uint32_t src_iovcnt,
                                     struct spdk_memory_domain_translation_result *src_translation,
                                     spdk_memory_domain_data_cpl_cb cpl_cb, void *cpl_cb_arg);

/**
 * Where an address of \p src_domain is in \p dst_domain. Done when it returns.
 * \param result its size is set by the caller; the rest on success.
 * \return 0, or -errno; -ENOTSUP where the source set no function.
 */
int spdk_memory_domain_translate_data(struct spdk_memory_domain *src_domain, void *src_domain_ctx,
                                      struct spdk_memory_domain *dst_domain,
                                      struct spdk_memory_domain_translation_ctx *dst_domain_ctx,
                                      void *addr, size_t len,
                                      struct spdk_memory_domain_translation_result *result);

/** Give up what spdk_memory_domain_translate_data() gave. Nothing where the owner set no function.
 */
void spdk_memory_domain_invalidate_data(struct spdk_memory_domain *domain, void *domain_ctx,
                                        struct iovec *iov, uint32_t iovcnt);

/** Fill memory of \p domain with zeroes. The vector stays valid until \p cpl_cb. */
int spdk_memory_domain_memzero(struct spdk_memory_domain *domain, void *domain_ctx,
                               struct iovec *iov, uint32_t iovcnt,
                               spdk_memory_domain_data_cpl_cb cpl_cb, void *cpl_cb_arg);

/** The first domain, the system's included; with \p id the first that is so named. NULL: none. */
struct spdk_memory_domain *spdk_memory_domain_get_first(const char *id);

/** The domain behind \p prev, of those that spdk_memory_domain_get_first() shows. NULL: none. */
struct spdk_memory_domain *
spdk_memory_domain_get_next(struct spdk_memory_domain *prev, const char *id);

/** The domain of ordinary memory, id "system", type DMA. It is always there. */
struct spdk_memory_domain *spdk_memory_domain_get_system_domain(void);

/** "RDMA", "DMA", "ACCEL", "VENDOR", or "UNKNOWN". */
const char *spdk_dma_device_type_get_name(enum spdk_dma_device_type type);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_DMA_H */
