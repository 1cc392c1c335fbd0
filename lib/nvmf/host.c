/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Which hosts may connect to a subsystem: any, or those of a list. Target thread; Connect is
 * checked there too, so a change holds from the next Connect on. A host that is taken off the list
 * is disconnected by spdk_nvmf_subsystem_disconnect_host().
 */

#include "nvmf_internal.h"

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
	assert(nvmf_tgt_on_thread(subsystem->tgt));
	if (subsystem->allow_any_host != allow_any_host) {
		subsystem->allow_any_host = allow_any_host;
		nvmf_discovery_changed(subsystem->tgt);
	}
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

/* ---- Disconnecting one host ---- */

struct disconnect_host {
	struct spdk_nvmf_subsystem *subsystem; /* compared, not followed: it may be deleted */
	struct spdk_nvmf_tgt *tgt;
	char subnqn[SPDK_NVMF_NQN_MAX_LEN + 1];
	char hostnqn[SPDK_NVMF_NQN_MAX_LEN + 1];
	spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn;
	void *cb_arg;
	uint64_t deadline_ticks;
	struct spdk_poller *poller;
};

static void
disconnect_host_group(struct spdk_io_channel_iter *i)
{
	struct disconnect_host *ctx = spdk_io_channel_iter_get_ctx(i);
	struct spdk_nvmf_poll_group *group;
	struct spdk_nvmf_qpair *qpair, *tmp;

	group = spdk_io_channel_get_ctx(spdk_io_channel_iter_get_channel(i));
	TAILQ_FOREACH_SAFE(qpair, &group->qpairs, link, tmp) {
		if (nvmf_qpair_is_of(qpair, ctx->subsystem) &&
		    strcmp(qpair->ctrlr->hostnqn, ctx->hostnqn) == 0) {
			spdk_nvmf_qpair_disconnect(qpair);
		}
	}
	spdk_for_each_channel_continue(i, 0);
}

static bool
disconnect_host_is_gone(const struct disconnect_host *ctx)
{
	struct spdk_nvmf_subsystem *subsystem;
	struct spdk_nvmf_ctrlr *ctrlr;

	subsystem = spdk_nvmf_tgt_find_subsystem(ctx->tgt, ctx->subnqn);
	if (subsystem == NULL) {
		return true;
	}
	TAILQ_FOREACH(ctrlr, &subsystem->ctrlrs, link) {
		if (strcmp(ctrlr->hostnqn, ctx->hostnqn) == 0) {
			return false;
		}
	}
	return true;
}

static int
disconnect_host_poll(void *arg)
{
	struct disconnect_host *ctx = arg;
	bool gone = disconnect_host_is_gone(ctx);

	if (!gone && (ctx->deadline_ticks == 0 || spdk_get_ticks() < ctx->deadline_ticks)) {
		return SPDK_POLLER_IDLE;
	}
	spdk_poller_unregister(&ctx->poller);
	ctx->cb_fn(ctx->cb_arg, gone ? 0 : -ETIMEDOUT);
	free(ctx);
	return SPDK_POLLER_BUSY;
}

static void
disconnect_host_visited(struct spdk_io_channel_iter *i, int status)
{
	struct disconnect_host *ctx = spdk_io_channel_iter_get_ctx(i);

	if (disconnect_host_is_gone(ctx)) {
		ctx->cb_fn(ctx->cb_arg, 0);
		free(ctx);
		return;
	}
	ctx->poller = SPDK_POLLER_REGISTER(disconnect_host_poll, ctx, 1000);
	if (ctx->poller == NULL) {
		ctx->cb_fn(ctx->cb_arg, -ENOMEM);
		free(ctx);
	}
}

int
spdk_nvmf_subsystem_disconnect_host(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn,
                                    spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn, void *cb_arg,
                                    uint64_t timeout_ms)
{
	struct disconnect_host *ctx;

	assert(nvmf_tgt_on_thread(subsystem->tgt));
	ctx = calloc(1, sizeof(*ctx));
	if (ctx == NULL) {
		return -ENOMEM;
	}
	snprintf(ctx->hostnqn, sizeof(ctx->hostnqn), "%s", hostnqn);
	snprintf(ctx->subnqn, sizeof(ctx->subnqn), "%s", subsystem->nqn);
	ctx->subsystem = subsystem;
	ctx->tgt = subsystem->tgt;
	ctx->cb_fn = cb_fn;
	ctx->cb_arg = cb_arg;
	if (timeout_ms != 0) {
		ctx->deadline_ticks = spdk_get_ticks() + timeout_ms * (spdk_get_ticks_hz() / 1000);
	}
	spdk_for_each_channel(subsystem->tgt, disconnect_host_group, ctx, disconnect_host_visited);
	return 0;
}
