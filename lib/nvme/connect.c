/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Finding and letting go of controllers: probe, connect, detach, each as one call that waits and as
 * a start with a poll. Owns the list of attached controllers, guarded by a mutex, which any thread
 * may take; a probe context belongs to the thread that polls it. Every wait ends by the deadlines
 * of the controller's states.
 */

#include "spdk_internal/nvme.h"
#include "spdk_internal/system_state.h"

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"

static struct {
	pthread_mutex_t lock;
	TAILQ_HEAD(nvme_ctrlr_list, spdk_nvme_ctrlr) attached;
} g_driver SYSTEM_STATE = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.attached = TAILQ_HEAD_INITIALIZER(g_driver.attached),
};

/* Under the lock. The same subsystem may be attached as several hosts. */
static struct spdk_nvme_ctrlr *
driver_find(const struct spdk_nvme_transport_id *trid, const char *hostnqn)
{
	struct spdk_nvme_ctrlr *ctrlr;

	TAILQ_FOREACH(ctrlr, &g_driver.attached, link) {
		if (spdk_nvme_transport_id_compare(trid, &ctrlr->trid) == 0 &&
		    (hostnqn == NULL || strcmp(hostnqn, ctrlr->opts.hostnqn) == 0)) {
			return ctrlr;
		}
	}
	return NULL;
}

static void
driver_add(struct spdk_nvme_ctrlr *ctrlr)
{
	pthread_mutex_lock(&g_driver.lock);
	TAILQ_INSERT_TAIL(&g_driver.attached, ctrlr, link);
	ctrlr->is_attached = true;
	ctrlr->ref = 1;
	pthread_mutex_unlock(&g_driver.lock);
}

/* ---- Probe ---- */

/* An attached controller is not initialised twice: the user gets the one there is. 1: it was. */
static int
probe_attached(const struct spdk_nvme_transport_id *trid, struct spdk_nvme_probe_ctx *probe_ctx,
               const char *hostnqn)
{
	struct spdk_nvme_ctrlr *ctrlr;

	pthread_mutex_lock(&g_driver.lock);
	ctrlr = driver_find(trid, hostnqn);
	if (ctrlr == NULL || strcmp(trid->subnqn, SPDK_NVMF_DISCOVERY_NQN) == 0) {
		pthread_mutex_unlock(&g_driver.lock);
		return 0;
	}
	if (ctrlr->is_destructed) {
		pthread_mutex_unlock(&g_driver.lock);
		return -EBUSY;
	}
	ctrlr->ref++;
	pthread_mutex_unlock(&g_driver.lock);
	if (probe_ctx->attach_cb != NULL) {
		probe_ctx->attach_cb(probe_ctx->cb_ctx, &ctrlr->trid, ctrlr, &ctrlr->opts);
	}
	return 1;
}

int
nvme_probe_one(const struct spdk_nvme_transport_id *trid, struct spdk_nvme_probe_ctx *probe_ctx,
               void *devhandle)
{
	const struct spdk_nvme_transport_ops *ops = nvme_transport_find(trid->trstring);
	struct spdk_nvme_ctrlr_opts opts;
	struct spdk_nvme_ctrlr *ctrlr;
	int rc;

	assert(ops != NULL);
	nvme_ctrlr_opts_copy(&opts, probe_ctx->opts,
	                     probe_ctx->opts != NULL ? probe_ctx->opts->opts_size : 0);
	if (probe_ctx->probe_cb != NULL && !probe_ctx->probe_cb(probe_ctx->cb_ctx, trid, &opts)) {
		return 1;
	}
	rc = probe_attached(trid, probe_ctx, opts.hostnqn);
	if (rc != 0) {
		return rc < 0 ? rc : 0;
	}
	ctrlr = ops->ctrlr_construct(trid, &opts, devhandle);
	if (ctrlr == NULL) {
		SPDK_ERRLOG("%s at %s:%s: the controller can't be made\n", trid->subnqn,
		            trid->traddr, trid->trsvcid);
		if (probe_ctx->attach_fail_cb != NULL) {
			probe_ctx->attach_fail_cb(probe_ctx->cb_ctx, trid, -ENODEV);
		}
		return -ENODEV;
	}
	ctrlr->remove_cb = probe_ctx->remove_cb;
	ctrlr->remove_cb_arg = probe_ctx->cb_ctx;
	TAILQ_INSERT_TAIL(&probe_ctx->init_ctrlrs, ctrlr, link);
	return 0;
}

static int
probe_start(struct spdk_nvme_probe_ctx *probe_ctx, bool direct_connect)
{
	const struct spdk_nvme_transport_ops *ops;

	if (probe_ctx->trid.trstring[0] == '\0') {
		spdk_nvme_trid_populate_transport(&probe_ctx->trid, probe_ctx->trid.trtype);
	}
	ops = nvme_transport_find(probe_ctx->trid.trstring);
	if (ops == NULL) {
		SPDK_ERRLOG("there is no NVMe transport '%s' in this program\n",
		            probe_ctx->trid.trstring);
		return -ENODEV;
	}
	return ops->ctrlr_scan(probe_ctx, direct_connect);
}

static struct spdk_nvme_probe_ctx *
probe_ctx_new(const struct spdk_nvme_transport_id *trid, void *cb_ctx)
{
	struct spdk_nvme_probe_ctx *probe_ctx = calloc(1, sizeof(*probe_ctx));

	if (probe_ctx == NULL) {
		return NULL;
	}
	TAILQ_INIT(&probe_ctx->init_ctrlrs);
	probe_ctx->cb_ctx = cb_ctx;
	if (trid != NULL) {
		probe_ctx->trid = *trid;
	} else {
		spdk_nvme_trid_populate_transport(&probe_ctx->trid, SPDK_NVME_TRANSPORT_PCIE);
	}
	return probe_ctx;
}

static void
probe_ctx_free(struct spdk_nvme_probe_ctx *probe_ctx)
{
	struct spdk_nvme_ctrlr *ctrlr;

	while ((ctrlr = TAILQ_FIRST(&probe_ctx->init_ctrlrs)) != NULL) {
		TAILQ_REMOVE(&probe_ctx->init_ctrlrs, ctrlr, link);
		nvme_ctrlr_destruct(ctrlr);
	}
	free(probe_ctx);
}

struct spdk_nvme_probe_ctx *
spdk_nvme_probe_async_ext(const struct spdk_nvme_transport_id *trid, void *cb_ctx,
                          spdk_nvme_probe_cb probe_cb, spdk_nvme_attach_cb attach_cb,
                          spdk_nvme_attach_fail_cb attach_fail_cb, spdk_nvme_remove_cb remove_cb)
{
	struct spdk_nvme_probe_ctx *probe_ctx = probe_ctx_new(trid, cb_ctx);

	if (probe_ctx == NULL) {
		return NULL;
	}
	probe_ctx->probe_cb = probe_cb;
	probe_ctx->attach_cb = attach_cb;
	probe_ctx->attach_fail_cb = attach_fail_cb;
	probe_ctx->remove_cb = remove_cb;
	if (probe_start(probe_ctx, false) < 0) {
		probe_ctx_free(probe_ctx);
		return NULL;
	}
	return probe_ctx;
}

struct spdk_nvme_probe_ctx *
spdk_nvme_probe_async(const struct spdk_nvme_transport_id *trid, void *cb_ctx,
                      spdk_nvme_probe_cb probe_cb, spdk_nvme_attach_cb attach_cb,
                      spdk_nvme_remove_cb remove_cb)
{
	return spdk_nvme_probe_async_ext(trid, cb_ctx, probe_cb, attach_cb, NULL, remove_cb);
}

struct spdk_nvme_probe_ctx *
spdk_nvme_connect_async(const struct spdk_nvme_transport_id *trid,
                        const struct spdk_nvme_ctrlr_opts *opts, spdk_nvme_attach_cb attach_cb)
{
	struct spdk_nvme_probe_ctx *probe_ctx;

	if (trid == NULL) {
		return NULL;
	}
	/* The caller's options go back to it as the context of attach_cb. */
	probe_ctx = probe_ctx_new(trid, (void *)(uintptr_t)opts);
	if (probe_ctx == NULL) {
		return NULL;
	}
	if (opts != NULL) {
		nvme_ctrlr_opts_copy(&probe_ctx->opts_copy, opts, opts->opts_size);
		probe_ctx->opts = &probe_ctx->opts_copy;
	}
	probe_ctx->attach_cb = attach_cb;
	if (probe_start(probe_ctx, true) < 0) {
		probe_ctx_free(probe_ctx);
		return NULL;
	}
	return probe_ctx;
}

/* One step of one controller: attached, failed, or still on its way. */
static void
probe_poll_ctrlr(struct spdk_nvme_probe_ctx *probe_ctx, struct spdk_nvme_ctrlr *ctrlr)
{
	int rc = nvme_ctrlr_process_init(ctrlr);

	if (rc == -EAGAIN) {
		return;
	}
	TAILQ_REMOVE(&probe_ctx->init_ctrlrs, ctrlr, link);
	if (rc != 0) {
		if (probe_ctx->attach_fail_cb != NULL) {
			probe_ctx->attach_fail_cb(probe_ctx->cb_ctx, &ctrlr->trid, rc);
		}
		nvme_ctrlr_destruct(ctrlr);
		return;
	}
	driver_add(ctrlr);
	if (probe_ctx->attach_cb != NULL) {
		probe_ctx->attach_cb(probe_ctx->cb_ctx, &ctrlr->trid, ctrlr, &ctrlr->opts);
	}
}

int
spdk_nvme_probe_poll_async(struct spdk_nvme_probe_ctx *probe_ctx)
{
	struct spdk_nvme_ctrlr *ctrlr, *tmp;

	TAILQ_FOREACH_SAFE(ctrlr, &probe_ctx->init_ctrlrs, link, tmp) {
		probe_poll_ctrlr(probe_ctx, ctrlr);
	}
	if (!TAILQ_EMPTY(&probe_ctx->init_ctrlrs)) {
		return -EAGAIN;
	}
	free(probe_ctx);
	return 0;
}

static int
probe_wait(struct spdk_nvme_probe_ctx *probe_ctx)
{
	int rc;

	while ((rc = spdk_nvme_probe_poll_async(probe_ctx)) == -EAGAIN) {
		nvme_relax();
	}
	return rc;
}

int
spdk_nvme_probe_ext(const struct spdk_nvme_transport_id *trid, void *cb_ctx,
                    spdk_nvme_probe_cb probe_cb, spdk_nvme_attach_cb attach_cb,
                    spdk_nvme_attach_fail_cb attach_fail_cb, spdk_nvme_remove_cb remove_cb)
{
	struct spdk_nvme_probe_ctx *probe_ctx = spdk_nvme_probe_async_ext(
	        trid, cb_ctx, probe_cb, attach_cb, attach_fail_cb, remove_cb);

	if (probe_ctx == NULL) {
		return -1;
	}
	return probe_wait(probe_ctx);
}

int
spdk_nvme_probe(const struct spdk_nvme_transport_id *trid, void *cb_ctx,
                spdk_nvme_probe_cb probe_cb, spdk_nvme_attach_cb attach_cb,
                spdk_nvme_remove_cb remove_cb)
{
	return spdk_nvme_probe_ext(trid, cb_ctx, probe_cb, attach_cb, NULL, remove_cb);
}

static void
connect_attached(void *cb_ctx, const struct spdk_nvme_transport_id *trid,
                 struct spdk_nvme_ctrlr *ctrlr, const struct spdk_nvme_ctrlr_opts *opts)
{
	*(struct spdk_nvme_ctrlr **)cb_ctx = ctrlr;
}

struct spdk_nvme_ctrlr *
spdk_nvme_connect(const struct spdk_nvme_transport_id *trid,
                  const struct spdk_nvme_ctrlr_opts *opts, size_t opts_size)
{
	struct spdk_nvme_ctrlr *ctrlr = NULL;
	struct spdk_nvme_probe_ctx *probe_ctx;

	if (trid == NULL || (opts != NULL && opts_size == 0)) {
		return NULL;
	}
	probe_ctx = probe_ctx_new(trid, &ctrlr);
	if (probe_ctx == NULL) {
		return NULL;
	}
	if (opts != NULL) {
		nvme_ctrlr_opts_copy(&probe_ctx->opts_copy, opts, opts_size);
		probe_ctx->opts = &probe_ctx->opts_copy;
	}
	probe_ctx->attach_cb = connect_attached;
	if (probe_start(probe_ctx, true) < 0) {
		probe_ctx_free(probe_ctx);
		return NULL;
	}
	probe_wait(probe_ctx);
	return ctrlr;
}

/* ---- Detach ---- */

struct spdk_nvme_detach_ctx {
	TAILQ_HEAD(, detaching) list;
};

struct detaching {
	struct spdk_nvme_ctrlr *ctrlr;
	TAILQ_ENTRY(detaching) link;
};

/* 1: the last reference is gone and *entry waits for the shutdown; 0: others still hold it. */
static int
detach_start(struct spdk_nvme_ctrlr *ctrlr, struct detaching **entry)
{
	*entry = calloc(1, sizeof(**entry));
	if (*entry == NULL) {
		return -ENOMEM;
	}
	pthread_mutex_lock(&g_driver.lock);
	assert(ctrlr->ref > 0);
	if (--ctrlr->ref > 0) {
		pthread_mutex_unlock(&g_driver.lock);
		free(*entry);
		*entry = NULL;
		return 0;
	}
	ctrlr->is_destructed = true;
	pthread_mutex_unlock(&g_driver.lock);
	(*entry)->ctrlr = ctrlr;
	nvme_ctrlr_shutdown_start(ctrlr);
	return 1;
}

static int
detach_poll(struct detaching *entry)
{
	struct spdk_nvme_ctrlr *ctrlr = entry->ctrlr;

	if (nvme_ctrlr_shutdown_poll(ctrlr) == -EAGAIN) {
		return -EAGAIN;
	}
	pthread_mutex_lock(&g_driver.lock);
	TAILQ_REMOVE(&g_driver.attached, ctrlr, link);
	pthread_mutex_unlock(&g_driver.lock);
	nvme_ctrlr_destruct(ctrlr);
	free(entry);
	return 0;
}

int
spdk_nvme_detach(struct spdk_nvme_ctrlr *ctrlr)
{
	struct detaching *entry;
	int rc = detach_start(ctrlr, &entry);

	if (rc <= 0) {
		return rc;
	}
	while (detach_poll(entry) == -EAGAIN) {
		nvme_relax();
	}
	return 0;
}

int
spdk_nvme_detach_async(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_detach_ctx **detach_ctx)
{
	struct spdk_nvme_detach_ctx *ctx;
	struct detaching *entry;
	int rc;

	if (ctrlr == NULL || detach_ctx == NULL) {
		return -EINVAL;
	}
	ctx = *detach_ctx;
	if (ctx == NULL) {
		ctx = calloc(1, sizeof(*ctx));
		if (ctx == NULL) {
			return -ENOMEM;
		}
		TAILQ_INIT(&ctx->list);
	}
	rc = detach_start(ctrlr, &entry);
	if (rc <= 0) {
		if (*detach_ctx == NULL) {
			free(ctx);
		}
		return rc;
	}
	TAILQ_INSERT_TAIL(&ctx->list, entry, link);
	*detach_ctx = ctx;
	return 0;
}

int
spdk_nvme_detach_poll_async(struct spdk_nvme_detach_ctx *detach_ctx)
{
	struct detaching *entry, *tmp;

	if (detach_ctx == NULL) {
		return -EINVAL;
	}
	TAILQ_FOREACH_SAFE(entry, &detach_ctx->list, link, tmp) {
		TAILQ_REMOVE(&detach_ctx->list, entry, link);
		if (detach_poll(entry) == -EAGAIN) {
			/* In front: what follows `tmp` is still to be looked at. */
			TAILQ_INSERT_HEAD(&detach_ctx->list, entry, link);
		}
	}
	if (!TAILQ_EMPTY(&detach_ctx->list)) {
		return -EAGAIN;
	}
	free(detach_ctx);
	return 0;
}

void
spdk_nvme_detach_poll(struct spdk_nvme_detach_ctx *detach_ctx)
{
	while (detach_ctx != NULL && spdk_nvme_detach_poll_async(detach_ctx) == -EAGAIN) {
		nvme_relax();
	}
}

/* ---- Small things for all files ---- */

uint64_t
nvme_deadline_ms(uint64_t ms)
{
	return spdk_get_ticks() + ms * (spdk_get_ticks_hz() / SPDK_SEC_TO_MSEC);
}

void
nvme_relax(void)
{
	/* The simulator's clock moves only when somebody waits. */
	spdk_delay_us(1);
}
