/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Memory domains: a list of them, and calls handed to the owner's functions. The list is under a
 * mutex; a domain's fields are set before it is shown to others. */

#include "spdk/dma.h"
#include "spdk/queue.h"
#include "spdk/util.h"
#include "spdk_internal/system_state.h"

struct spdk_memory_domain {
	enum spdk_dma_device_type type;
	spdk_memory_domain_pull_data_cb pull;
	spdk_memory_domain_push_data_cb push;
	spdk_memory_domain_transfer_data_cb transfer;
	spdk_memory_domain_translate_memory_cb translate;
	spdk_memory_domain_invalidate_data_cb invalidate;
	spdk_memory_domain_memzero_cb memzero;
	struct spdk_memory_domain_ctx *ctx; /* NULL, or &own_ctx */
	struct spdk_memory_domain_ctx own_ctx;
	char *id;
	TAILQ_ENTRY(spdk_memory_domain) link; /* under g_domains.lock */
};

static struct {
	pthread_mutex_t lock;
	/* The system's domain is the head of the list, and not on it. */
	struct spdk_memory_domain system;
	TAILQ_HEAD(, spdk_memory_domain) others;
} g_domains SYSTEM_STATE = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.system = { .type = SPDK_DMA_DEVICE_TYPE_DMA, .id = "system" },
	.others = TAILQ_HEAD_INITIALIZER(g_domains.others),
};

static void
domain_free(struct spdk_memory_domain *domain)
{
	if (domain != NULL) {
		free(domain->own_ctx.user_ctx);
		free(domain->id);
		free(domain);
	}
}

/* A context from a caller that knows less of the struct has less of it. */
static int
ctx_copy(struct spdk_memory_domain *domain, const struct spdk_memory_domain_ctx *ctx)
{
	struct spdk_memory_domain_ctx *own = &domain->own_ctx;

	memcpy(own, ctx, spdk_min(ctx->size, sizeof(*own)));
	domain->ctx = own;
	if (ctx->size < SPDK_SIZEOF(ctx, user_ctx_size) || own->user_ctx == NULL ||
	    own->user_ctx_size == 0) {
		own->user_ctx = NULL;
		own->user_ctx_size = 0;
		return 0;
	}
	own->user_ctx = malloc(own->user_ctx_size);
	if (own->user_ctx == NULL) {
		return -ENOMEM;
	}
	memcpy(own->user_ctx, ctx->user_ctx, own->user_ctx_size);
	return 0;
}

int
spdk_memory_domain_create(struct spdk_memory_domain **_domain, enum spdk_dma_device_type type,
                          struct spdk_memory_domain_ctx *ctx, const char *id)
{
	struct spdk_memory_domain *domain;

	if (_domain == NULL || (ctx != NULL && ctx->size == 0)) {
		return -EINVAL;
	}
	domain = calloc(1, sizeof(*domain));
	if (domain == NULL) {
		return -ENOMEM;
	}
	domain->type = type;
	if ((ctx != NULL && ctx_copy(domain, ctx) != 0) ||
	    (id != NULL && (domain->id = strdup(id)) == NULL)) {
		domain_free(domain);
		return -ENOMEM;
	}
	pthread_mutex_lock(&g_domains.lock);
	TAILQ_INSERT_TAIL(&g_domains.others, domain, link);
	pthread_mutex_unlock(&g_domains.lock);
	*_domain = domain;
	return 0;
}

void
spdk_memory_domain_destroy(struct spdk_memory_domain *domain)
{
	if (domain == NULL || domain == &g_domains.system) {
		return;
	}
	pthread_mutex_lock(&g_domains.lock);
	TAILQ_REMOVE(&g_domains.others, domain, link);
	pthread_mutex_unlock(&g_domains.lock);
	domain_free(domain);
}

/* ---- What a domain is ---- */

void
spdk_memory_domain_set_translation(struct spdk_memory_domain *domain,
                                   spdk_memory_domain_translate_memory_cb translate_cb)
{
	domain->translate = translate_cb;
}

void
spdk_memory_domain_set_invalidate(struct spdk_memory_domain *domain,
                                  spdk_memory_domain_invalidate_data_cb invalidate_cb)
{
	domain->invalidate = invalidate_cb;
}

void
spdk_memory_domain_set_pull(struct spdk_memory_domain *domain,
                            spdk_memory_domain_pull_data_cb pull_cb)
{
	domain->pull = pull_cb;
}

void
spdk_memory_domain_set_push(struct spdk_memory_domain *domain,
                            spdk_memory_domain_push_data_cb push_cb)
{
	domain->push = push_cb;
}

void
spdk_memory_domain_set_data_transfer(struct spdk_memory_domain *domain,
                                     spdk_memory_domain_transfer_data_cb transfer_cb)
{
	domain->transfer = transfer_cb;
}

void
spdk_memory_domain_set_memzero(struct spdk_memory_domain *domain,
                               spdk_memory_domain_memzero_cb memzero_cb)
{
	domain->memzero = memzero_cb;
}

struct spdk_memory_domain_ctx *
spdk_memory_domain_get_context(struct spdk_memory_domain *domain)
{
	return domain->ctx;
}

void *
spdk_memory_domain_get_user_context(struct spdk_memory_domain *domain, size_t *ctx_size)
{
	*ctx_size = domain->own_ctx.user_ctx_size;
	return domain->own_ctx.user_ctx;
}

enum spdk_dma_device_type
spdk_memory_domain_get_dma_device_type(struct spdk_memory_domain *domain)
{
	return domain->type;
}

const char *
spdk_memory_domain_get_dma_device_id(struct spdk_memory_domain *domain)
{
	return domain->id;
}

const char *
spdk_dma_device_type_get_name(enum spdk_dma_device_type type)
{
	if (type >= SPDK_DMA_DEVICE_VENDOR_SPECIFIC_TYPE_START &&
	    type <= SPDK_DMA_DEVICE_VENDOR_SPECIFIC_TYPE_END) {
		return "VENDOR";
	}
	switch (type) {
	case SPDK_DMA_DEVICE_TYPE_RDMA:
		return "RDMA";
	case SPDK_DMA_DEVICE_TYPE_DMA:
		return "DMA";
	case SPDK_DMA_DEVICE_TYPE_ACCEL:
		return "ACCEL";
	default:
		return "UNKNOWN";
	}
}

/* ---- Data ---- */

int
spdk_memory_domain_pull_data(struct spdk_memory_domain *src_domain, void *src_domain_ctx,
                             struct iovec *src_iov, uint32_t src_iov_cnt, struct iovec *dst_iov,
                             uint32_t dst_iov_cnt, spdk_memory_domain_data_cpl_cb cpl_cb,
                             void *cpl_cb_arg)
{
	if (src_domain->pull == NULL) {
		return -ENOTSUP;
	}
	return src_domain->pull(src_domain, src_domain_ctx, src_iov, src_iov_cnt, dst_iov,
	                        dst_iov_cnt, cpl_cb, cpl_cb_arg);
}

int
spdk_memory_domain_push_data(struct spdk_memory_domain *dst_domain, void *dst_domain_ctx,
                             struct iovec *dst_iov, uint32_t dst_iovcnt, struct iovec *src_iov,
                             uint32_t src_iovcnt, spdk_memory_domain_data_cpl_cb cpl_cb,
                             void *cpl_cb_arg)
{
	if (dst_domain->push == NULL) {
		return -ENOTSUP;
	}
	return dst_domain->push(dst_domain, dst_domain_ctx, dst_iov, dst_iovcnt, src_iov,
	                        src_iovcnt, cpl_cb, cpl_cb_arg);
}

int
spdk_memory_domain_transfer_data(struct spdk_memory_domain *dst_domain, void *dst_domain_ctx,
                                 struct iovec *dst_iov, uint32_t dst_iovcnt,
                                 struct spdk_memory_domain *src_domain, void *src_domain_ctx,
                                 struct iovec *src_iov, uint32_t src_iovcnt,
                                 struct spdk_memory_domain_translation_result *src_translation,
                                 spdk_memory_domain_data_cpl_cb cpl_cb, void *cpl_cb_arg)
{
	if (dst_domain->transfer == NULL) {
		return -ENOTSUP;
	}
	return dst_domain->transfer(dst_domain, dst_domain_ctx, dst_iov, dst_iovcnt, src_domain,
	                            src_domain_ctx, src_iov, src_iovcnt, src_translation, cpl_cb,
	                            cpl_cb_arg);
}

int
spdk_memory_domain_translate_data(struct spdk_memory_domain *src_domain, void *src_domain_ctx,
                                  struct spdk_memory_domain *dst_domain,
                                  struct spdk_memory_domain_translation_ctx *dst_domain_ctx,
                                  void *addr, size_t len,
                                  struct spdk_memory_domain_translation_result *result)
{
	if (src_domain->translate == NULL) {
		return -ENOTSUP;
	}
	return src_domain->translate(src_domain, src_domain_ctx, dst_domain, dst_domain_ctx, addr,
	                             len, result);
}

void
spdk_memory_domain_invalidate_data(struct spdk_memory_domain *domain, void *domain_ctx,
                                   struct iovec *iov, uint32_t iovcnt)
{
	if (domain->invalidate != NULL) {
		domain->invalidate(domain, domain_ctx, iov, iovcnt);
	}
}

int
spdk_memory_domain_memzero(struct spdk_memory_domain *domain, void *domain_ctx, struct iovec *iov,
                           uint32_t iovcnt, spdk_memory_domain_data_cpl_cb cpl_cb, void *cpl_cb_arg)
{
	if (domain->memzero == NULL) {
		return -ENOTSUP;
	}
	return domain->memzero(domain, domain_ctx, iov, iovcnt, cpl_cb, cpl_cb_arg);
}

/* ---- The list ---- */

static bool
id_fits(const struct spdk_memory_domain *domain, const char *id)
{
	return id == NULL || (domain->id != NULL && strcmp(domain->id, id) == 0);
}

struct spdk_memory_domain *
spdk_memory_domain_get_first(const char *id)
{
	if (id_fits(&g_domains.system, id)) {
		return &g_domains.system;
	}
	return spdk_memory_domain_get_next(&g_domains.system, id);
}

struct spdk_memory_domain *
spdk_memory_domain_get_next(struct spdk_memory_domain *prev, const char *id)
{
	struct spdk_memory_domain *domain;

	if (prev == NULL) {
		return NULL;
	}
	pthread_mutex_lock(&g_domains.lock);
	domain =
	        prev == &g_domains.system ? TAILQ_FIRST(&g_domains.others) : TAILQ_NEXT(prev, link);
	while (domain != NULL && !id_fits(domain, id)) {
		domain = TAILQ_NEXT(domain, link);
	}
	pthread_mutex_unlock(&g_domains.lock);
	return domain;
}

struct spdk_memory_domain *
spdk_memory_domain_get_system_domain(void)
{
	return &g_domains.system;
}
