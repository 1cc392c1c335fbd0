/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Which hosts may connect to a subsystem: any, or those of a list. Target thread; Connect is
 * checked there too, so a change holds from the next Connect on. A host that is taken off the list
 * is disconnected by spdk_nvmf_subsystem_disconnect_host().
 */

#include "nvmf_internal.h"
#include "spdk_internal/usdt.h"

static struct spdk_nvmf_host *
subsystem_find_host(const struct spdk_nvmf_subsystem *subsystem, const char *hostnqn)
{
	struct spdk_nvmf_host *host;

	TAILQ_FOREACH(host, &subsystem->hosts, link) {
		if (strcmp(host->nqn, hostnqn) == 0) {
			return host;
		}
	}
	return NULL;
}

int
spdk_nvmf_subsystem_add_host(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn,
                             const struct spdk_json_val *params)
{
	struct spdk_nvmf_host *host;

	USDT_PROBE2(nvmf_subsystem_add_host, subsystem->nqn, hostnqn);
	assert(nvmf_tgt_on_thread(subsystem->tgt));
	if (!wire_nqn_is_valid(hostnqn)) {
		return -EINVAL;
	}
	if (subsystem_find_host(subsystem, hostnqn) != NULL) {
		return -EEXIST;
	}
	host = calloc(1, sizeof(*host));
	if (host == NULL) {
		return -ENOMEM;
	}
	snprintf(host->nqn, sizeof(host->nqn), "%s", hostnqn);
	TAILQ_INSERT_TAIL(&subsystem->hosts, host, link);
	nvmf_discovery_changed(subsystem->tgt);
	return 0;
}

int
spdk_nvmf_subsystem_remove_host(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn)
{
	struct spdk_nvmf_host *host;

	USDT_PROBE2(nvmf_subsystem_remove_host, subsystem->nqn, hostnqn);
	assert(nvmf_tgt_on_thread(subsystem->tgt));
	host = subsystem_find_host(subsystem, hostnqn);
	if (host == NULL) {
		return -ENOENT;
	}
	TAILQ_REMOVE(&subsystem->hosts, host, link);
	free(host);
	nvmf_discovery_changed(subsystem->tgt);
	return 0;
}

void
nvmf_subsystem_free_hosts(struct spdk_nvmf_subsystem *subsystem)
{
	struct spdk_nvmf_host *host;

	while ((host = TAILQ_FIRST(&subsystem->hosts)) != NULL) {
		TAILQ_REMOVE(&subsystem->hosts, host, link);
		free(host);
	}
}

int
spdk_nvmf_subsystem_set_allow_any_host(struct spdk_nvmf_subsystem *subsystem, bool allow_any_host)
{
	struct spdk_nvmf_subsystem_listener *listener;

	USDT_PROBE2(nvmf_subsystem_set_allow_any_host, subsystem->nqn, allow_any_host);
	assert(nvmf_tgt_on_thread(subsystem->tgt));
	if (subsystem->allow_any_host == allow_any_host) {
		return 0;
	}
	subsystem->allow_any_host = allow_any_host;
	listener = TAILQ_FIRST(&subsystem->listeners);
	if (allow_any_host && listener != NULL) {
		nvmf_listener_say(listener); /* one stands for all */
	}
	nvmf_discovery_changed(subsystem->tgt);
	return 0;
}

bool
spdk_nvmf_subsystem_get_allow_any_host(const struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->allow_any_host;
}

bool
spdk_nvmf_subsystem_host_allowed(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn)
{
	return subsystem->allow_any_host || subsystem_find_host(subsystem, hostnqn) != NULL;
}

struct spdk_nvmf_host *
spdk_nvmf_subsystem_get_first_host(struct spdk_nvmf_subsystem *subsystem)
{
	return TAILQ_FIRST(&subsystem->hosts);
}

struct spdk_nvmf_host *
spdk_nvmf_subsystem_get_next_host(struct spdk_nvmf_subsystem *subsystem,
                                  struct spdk_nvmf_host *prev_host)
{
	return TAILQ_NEXT(prev_host, link);
}

const char *
spdk_nvmf_host_get_nqn(const struct spdk_nvmf_host *host)
{
	return host->nqn;
}

/* ---- Disconnecting controllers ---- */

struct nvmf_disconnect {
	struct spdk_nvmf_subsystem *subsystem; /* compared, not followed: it may be deleted */
	struct spdk_nvmf_tgt *tgt;
	char subnqn[SPDK_NVMF_NQN_MAX_LEN + 1];
	char hostnqn[SPDK_NVMF_NQN_MAX_LEN + 1]; /* "": any */
	bool by_trid;
	struct spdk_nvme_transport_id trid;
	spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn;
	void *cb_arg;
	uint64_t timeout_ms;
	bool visited; /* all groups were told */
	struct spdk_poller *timer;
	TAILQ_ENTRY(nvmf_disconnect) link; /* tgt.disconnects */
};

/** Of fields that say "set once": any thread. */
static bool
disconnect_is_meant(const struct nvmf_disconnect *ctx, const struct spdk_nvmf_ctrlr *ctrlr)
{
	return (ctx->hostnqn[0] == '\0' || strcmp(ctrlr->hostnqn, ctx->hostnqn) == 0) &&
	       (!ctx->by_trid || nvmf_trid_equal(&ctrlr->listen_trid, &ctx->trid));
}

static void
disconnect_group(struct spdk_io_channel_iter *i)
{
	struct nvmf_disconnect *ctx = spdk_io_channel_iter_get_ctx(i);
	struct spdk_nvmf_poll_group *group;
	struct spdk_nvmf_qpair *qpair, *tmp;

	group = spdk_io_channel_get_ctx(spdk_io_channel_iter_get_channel(i));
	TAILQ_FOREACH_SAFE(qpair, &group->qpairs, link, tmp) {
		if (nvmf_qpair_is_of(qpair, ctx->subsystem) &&
		    disconnect_is_meant(ctx, qpair->ctrlr)) {
			spdk_nvmf_qpair_disconnect(qpair);
		}
	}
	spdk_for_each_channel_continue(i, 0);
}

static bool
disconnect_is_complete(const struct nvmf_disconnect *ctx)
{
	struct spdk_nvmf_subsystem *subsystem;
	struct spdk_nvmf_ctrlr *ctrlr;

	subsystem = spdk_nvmf_tgt_find_subsystem(ctx->tgt, ctx->subnqn);
	if (subsystem == NULL) {
		return true;
	}
	TAILQ_FOREACH(ctrlr, &subsystem->ctrlrs, link) {
		if (disconnect_is_meant(ctx, ctrlr)) {
			return false;
		}
	}
	return true;
}

static void
disconnect_finish(struct nvmf_disconnect *ctx, int status)
{
	TAILQ_REMOVE(&ctx->tgt->disconnects, ctx, link);
	spdk_poller_unregister(&ctx->timer);
	ctx->cb_fn(ctx->cb_arg, status);
	free(ctx);
}

void
nvmf_check_disconnects(struct spdk_nvmf_tgt *tgt)
{
	struct nvmf_disconnect *ctx, *tmp;

	TAILQ_FOREACH_SAFE(ctx, &tgt->disconnects, link, tmp) {
		if (ctx->visited && disconnect_is_complete(ctx)) {
			disconnect_finish(ctx, 0);
		}
	}
}

static int
disconnect_timeout(void *arg)
{
	disconnect_finish(arg, -ETIMEDOUT);
	return SPDK_POLLER_BUSY;
}

/** A status says that there was no memory to begin: no group was visited. */
static void
disconnect_visited(struct spdk_io_channel_iter *i, int status)
{
	struct nvmf_disconnect *ctx = spdk_io_channel_iter_get_ctx(i);

	ctx->visited = true;
	if (status != 0 || disconnect_is_complete(ctx)) {
		disconnect_finish(ctx, status);
		return;
	}
	if (ctx->timeout_ms == 0) {
		return;
	}
	ctx->timer = SPDK_POLLER_REGISTER(disconnect_timeout, ctx, ctx->timeout_ms * 1000);
	if (ctx->timer == NULL) {
		disconnect_finish(ctx, -ENOMEM);
	}
}

int
nvmf_subsystem_disconnect(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn,
                          const struct spdk_nvme_transport_id *trid,
                          spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn, void *cb_arg,
                          uint64_t timeout_ms)
{
	struct nvmf_disconnect *ctx;

	assert(nvmf_tgt_on_thread(subsystem->tgt));
	ctx = calloc(1, sizeof(*ctx));
	if (ctx == NULL) {
		return -ENOMEM;
	}
	if (hostnqn != NULL) {
		snprintf(ctx->hostnqn, sizeof(ctx->hostnqn), "%s", hostnqn);
	}
	if (trid != NULL) {
		ctx->by_trid = true;
		ctx->trid = *trid;
	}
	snprintf(ctx->subnqn, sizeof(ctx->subnqn), "%s", subsystem->nqn);
	ctx->subsystem = subsystem;
	ctx->tgt = subsystem->tgt;
	ctx->cb_fn = cb_fn;
	ctx->cb_arg = cb_arg;
	ctx->timeout_ms = timeout_ms;
	TAILQ_INSERT_TAIL(&ctx->tgt->disconnects, ctx, link);
	spdk_for_each_channel(ctx->tgt, disconnect_group, ctx, disconnect_visited);
	return 0;
}

int
spdk_nvmf_subsystem_disconnect_host(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn,
                                    spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn, void *cb_arg,
                                    uint64_t timeout_ms)
{
	return nvmf_subsystem_disconnect(subsystem, hostnqn, NULL, cb_fn, cb_arg, timeout_ms);
}
