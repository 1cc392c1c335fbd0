/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Targets: create, find, destroy; the list of all of them; transports joining one.
 *
 * A target belongs to the thread that created it. It is an io_device: a poll group is its channel,
 * so that "do this on all groups" is spdk_for_each_channel(). Destroying goes: subsystems (which
 * must be inactive), transports, then the io_device; the caller destroys the poll groups first.
 */

#include "nvmf_internal.h"
#include "spdk_internal/usdt.h"

#include "spdk_internal/system_state.h"

static struct {
	TAILQ_HEAD(, spdk_nvmf_tgt) tgts; /* target threads; one in practice */
	uint64_t num_changes;             /* of any target's list of subsystems */
	uint32_t num_walks;               /* for which the numbers must stay unique */
} g_tgt SYSTEM_STATE = { .tgts = TAILQ_HEAD_INITIALIZER(g_tgt.tgts) };

bool
nvmf_tgt_on_thread(const struct spdk_nvmf_tgt *tgt)
{
	return tgt->thread == spdk_get_thread();
}

uint64_t
nvmf_lists_changed(void)
{
	return ++g_tgt.num_changes;
}

uint64_t
nvmf_lists_changes(void)
{
	return g_tgt.num_changes;
}

/* The numbers begin anew when nobody knows one. */
static void
lists_rest(void)
{
	if (TAILQ_EMPTY(&g_tgt.tgts) && g_tgt.num_walks == 0) {
		g_tgt.num_changes = 0;
	}
}

void
nvmf_lists_walk(bool begins)
{
	g_tgt.num_walks += begins ? 1 : -1;
	lists_rest();
}

bool
nvmf_tgt_exists(const struct spdk_nvmf_tgt *_tgt)
{
	const struct spdk_nvmf_tgt *tgt;

	TAILQ_FOREACH(tgt, &g_tgt.tgts, link) {
		if (tgt == _tgt) {
			return true;
		}
	}
	return false;
}

static int
tgt_read_opts(struct spdk_nvmf_tgt *tgt, const struct spdk_nvmf_target_opts *opts)
{
	int i;

	if (!SPDK_FIELD_VALID(opts, name)) {
		SPDK_ERRLOG("the options of a target have the size %zu\n", opts->size);
		return -EINVAL;
	}
	if (strnlen(opts->name, sizeof(opts->name)) == sizeof(opts->name)) {
		SPDK_ERRLOG("target name is longer than %d characters\n",
		            NVMF_TGT_NAME_MAX_LENGTH - 1);
		return -EINVAL;
	}
	snprintf(tgt->name, sizeof(tgt->name), "%s", opts->name);
	tgt->max_subsystems = SPDK_GET_FIELD(opts, max_subsystems, 0);
	if (tgt->max_subsystems == 0) {
		tgt->max_subsystems = NVMF_MAX_SUBSYSTEMS_DEFAULT;
	}
	if (tgt->max_subsystems > NVMF_MAX_SUBSYSTEMS_LIMIT) {
		SPDK_ERRLOG("max_subsystems %u is above %d\n", tgt->max_subsystems,
		            NVMF_MAX_SUBSYSTEMS_LIMIT);
		return -EINVAL;
	}
	for (i = 0; i < 3 && SPDK_FIELD_VALID(opts, crdt); i++) {
		tgt->crdt[i] = opts->crdt[i];
	}
	tgt->discovery_filter = SPDK_GET_FIELD(opts, discovery_filter, 0);
	tgt->dup_host_policy =
	        SPDK_GET_FIELD(opts, dup_host_policy, SPDK_NVMF_SUBSYSTEM_DUP_HOST_POLICY_ALLOW);
	return 0;
}

struct spdk_nvmf_tgt *
spdk_nvmf_tgt_create(struct spdk_nvmf_target_opts *opts)
{
	struct spdk_nvmf_tgt *tgt;

	USDT_PROBE1(nvmf_create_tgt, opts->name);
	if (spdk_nvmf_get_tgt(opts->name) != NULL) {
		SPDK_ERRLOG("there is a target named '%s' already\n", opts->name);
		return NULL;
	}
	tgt = calloc(1, sizeof(*tgt));
	if (tgt == NULL) {
		return NULL;
	}
	if (tgt_read_opts(tgt, opts) != 0) {
		free(tgt);
		return NULL;
	}
	tgt->subsystem_ids = spdk_bit_array_create(tgt->max_subsystems);
	if (tgt->subsystem_ids == NULL) {
		free(tgt);
		return NULL;
	}
	tgt->thread = spdk_get_thread();
	TAILQ_INIT(&tgt->subsystems);
	TAILQ_INIT(&tgt->transports);
	TAILQ_INIT(&tgt->referrals);
	TAILQ_INIT(&tgt->disconnects);
	TAILQ_INIT(&tgt->poll_groups);
	STAILQ_INIT(&tgt->adds);
	pthread_mutex_init(&tgt->mutex, NULL);
	spdk_io_device_register(tgt, nvmf_poll_group_channel_create,
	                        nvmf_poll_group_channel_destroy,
	                        sizeof(struct spdk_nvmf_poll_group), tgt->name);
	TAILQ_INSERT_TAIL(&g_tgt.tgts, tgt, link);
	return tgt;
}

void
nvmf_tgt_set_prepare(struct spdk_nvmf_tgt *tgt, nvmf_tgt_prepare_fn fn, void *arg)
{
	assert(nvmf_tgt_on_thread(tgt));
	tgt->prepare_fn = fn;
	tgt->prepare_arg = arg;
}

static void
tgt_unregistered(void *io_device)
{
	struct spdk_nvmf_tgt *tgt = io_device;
	spdk_nvmf_tgt_destroy_done_fn *cb_fn = tgt->destroy_cb_fn;
	void *cb_arg = tgt->destroy_cb_arg;

	assert(TAILQ_EMPTY(&tgt->subsystems) && TAILQ_EMPTY(&tgt->transports));
	assert(TAILQ_EMPTY(&tgt->disconnects));
	spdk_bit_array_free(&tgt->subsystem_ids);
	pthread_mutex_destroy(&tgt->mutex);
	free(tgt);
	if (cb_fn != NULL) {
		cb_fn(cb_arg, 0);
	}
}

static void
tgt_destroy_transports(void *arg)
{
	struct spdk_nvmf_tgt *tgt = arg;
	struct spdk_nvmf_transport *transport = TAILQ_FIRST(&tgt->transports);

	if (transport != NULL) {
		TAILQ_REMOVE(&tgt->transports, transport, link);
		spdk_nvmf_transport_destroy(transport, tgt_destroy_transports, tgt);
		return;
	}
	spdk_io_device_unregister(tgt, tgt_unregistered);
}

static void
tgt_destroy_subsystems(void *arg)
{
	struct spdk_nvmf_tgt *tgt = arg;
	struct spdk_nvmf_subsystem *subsystem;
	struct spdk_nvmf_referral *referral;
	int rc;

	while ((subsystem = TAILQ_FIRST(&tgt->subsystems)) != NULL) {
		rc = spdk_nvmf_subsystem_destroy(subsystem, tgt_destroy_subsystems, tgt);
		if (rc == -EINPROGRESS) {
			return;
		}
		if (rc != 0) {
			SPDK_ERRLOG("subsystem %s must be stopped before its target goes\n",
			            spdk_nvmf_subsystem_get_nqn(subsystem));
			tgt->destroying = false;
			if (tgt->destroy_cb_fn != NULL) {
				tgt->destroy_cb_fn(tgt->destroy_cb_arg, rc);
			}
			return;
		}
	}
	while ((referral = TAILQ_FIRST(&tgt->referrals)) != NULL) {
		TAILQ_REMOVE(&tgt->referrals, referral, link);
		free(referral);
	}
	TAILQ_REMOVE(&g_tgt.tgts, tgt, link);
	lists_rest();
	tgt_destroy_transports(tgt);
}

void
spdk_nvmf_tgt_destroy(struct spdk_nvmf_tgt *tgt, spdk_nvmf_tgt_destroy_done_fn cb_fn, void *cb_arg)
{
	USDT_PROBE1(nvmf_destroy_tgt, tgt->name);
	assert(nvmf_tgt_on_thread(tgt));
	tgt->destroying = true;
	tgt->destroy_cb_fn = cb_fn;
	tgt->destroy_cb_arg = cb_arg;
	tgt_destroy_subsystems(tgt);
}

const char *
spdk_nvmf_tgt_get_name(struct spdk_nvmf_tgt *tgt)
{
	return tgt->name;
}

struct spdk_nvmf_tgt *
spdk_nvmf_get_tgt(const char *name)
{
	struct spdk_nvmf_tgt *tgt;

	if (name == NULL) {
		tgt = TAILQ_FIRST(&g_tgt.tgts);
		return tgt != NULL && TAILQ_NEXT(tgt, link) == NULL ? tgt : NULL;
	}
	TAILQ_FOREACH(tgt, &g_tgt.tgts, link) {
		if (strcmp(tgt->name, name) == 0) {
			return tgt;
		}
	}
	return NULL;
}

bool
nvmf_tgt_is_busy(const struct spdk_nvmf_tgt *tgt)
{
	return tgt->prepare == NVMF_PREPARE_RUNNING || tgt->num_adding > 0;
}

bool
nvmf_tgt_is_of_rpc(const struct spdk_nvmf_tgt *tgt)
{
	return tgt->of_rpc;
}

struct spdk_nvmf_tgt *
spdk_nvmf_get_first_tgt(void)
{
	return TAILQ_FIRST(&g_tgt.tgts);
}

struct spdk_nvmf_tgt *
spdk_nvmf_get_next_tgt(struct spdk_nvmf_tgt *prev)
{
	return TAILQ_NEXT(prev, link);
}

/* ---- Adding a transport: groups first, then each group learns of it. ---- */

static void
add_transport_finish(struct add_transport *ctx, int status)
{
	ctx->tgt->num_adding--;
	if (status != 0) {
		TAILQ_REMOVE(&ctx->tgt->transports, ctx->transport, link);
		ctx->transport->tgt = NULL;
	}
	ctx->cb_fn(ctx->cb_arg, status);
	free(ctx);
}

static void
remove_transport_from_group(struct spdk_io_channel_iter *i)
{
	struct add_transport *ctx = spdk_io_channel_iter_get_ctx(i);
	struct spdk_io_channel *ch = spdk_io_channel_iter_get_channel(i);

	nvmf_poll_group_remove_transport(spdk_io_channel_get_ctx(ch), ctx->transport);
	spdk_for_each_channel_continue(i, 0);
}

static void
remove_transport_done(struct spdk_io_channel_iter *i, int status)
{
	struct add_transport *ctx = spdk_io_channel_iter_get_ctx(i);

	add_transport_finish(ctx, ctx->status);
}

static void
add_transport_to_group(struct spdk_io_channel_iter *i)
{
	struct add_transport *ctx = spdk_io_channel_iter_get_ctx(i);
	struct spdk_io_channel *ch = spdk_io_channel_iter_get_channel(i);
	int rc;

	rc = nvmf_poll_group_add_transport(spdk_io_channel_get_ctx(ch), ctx->transport);
	spdk_for_each_channel_continue(i, rc);
}

static void
add_transport_done(struct spdk_io_channel_iter *i, int status)
{
	struct add_transport *ctx = spdk_io_channel_iter_get_ctx(i);

	if (status == 0) {
		add_transport_finish(ctx, 0);
		return;
	}
	ctx->status = status;
	spdk_for_each_channel(ctx->tgt, remove_transport_from_group, ctx, remove_transport_done);
}

static void
add_transport_run(struct add_transport *ctx)
{
	struct spdk_nvmf_tgt *tgt = ctx->tgt;

	USDT_PROBE2(nvmf_tgt_add_transport, ctx->transport, tgt->name);
	if (spdk_nvmf_tgt_get_transport(tgt, ctx->transport->ops->name) != NULL) {
		ctx->cb_fn(ctx->cb_arg, -EEXIST);
		free(ctx);
		return;
	}
	tgt->num_adding++;
	ctx->transport->tgt = tgt;
	TAILQ_INSERT_TAIL(&tgt->transports, ctx->transport, link);
	spdk_for_each_channel(tgt, add_transport_to_group, ctx, add_transport_done);
}

/** The groups are there: go on with the transports that waited for them. */
static void
tgt_prepared(struct spdk_nvmf_tgt *tgt, int status)
{
	struct add_transport *ctx;

	tgt->prepare = status == 0 ? NVMF_PREPARE_DONE : NVMF_PREPARE_NONE;
	while ((ctx = STAILQ_FIRST(&tgt->adds)) != NULL) {
		STAILQ_REMOVE_HEAD(&tgt->adds, link);
		if (status != 0) {
			ctx->cb_fn(ctx->cb_arg, status);
			free(ctx);
		} else {
			add_transport_run(ctx);
		}
	}
}

void
spdk_nvmf_tgt_add_transport(struct spdk_nvmf_tgt *tgt, struct spdk_nvmf_transport *transport,
                            spdk_nvmf_tgt_add_transport_done_fn cb_fn, void *cb_arg)
{
	struct add_transport *ctx;

	assert(nvmf_tgt_on_thread(tgt));
	ctx = calloc(1, sizeof(*ctx));
	if (ctx == NULL) {
		cb_fn(cb_arg, -ENOMEM);
		return;
	}
	ctx->tgt = tgt;
	ctx->transport = transport;
	ctx->cb_fn = cb_fn;
	ctx->cb_arg = cb_arg;
	if (tgt->prepare_fn == NULL || tgt->prepare == NVMF_PREPARE_DONE) {
		add_transport_run(ctx);
		return;
	}
	STAILQ_INSERT_TAIL(&tgt->adds, ctx, link);
	if (tgt->prepare == NVMF_PREPARE_NONE) {
		tgt->prepare = NVMF_PREPARE_RUNNING;
		tgt->prepare_fn(tgt, tgt->prepare_arg, tgt_prepared);
	}
}

struct spdk_nvmf_transport *
spdk_nvmf_tgt_get_transport(struct spdk_nvmf_tgt *tgt, const char *transport_name)
{
	struct spdk_nvmf_transport *transport;

	TAILQ_FOREACH(transport, &tgt->transports, link) {
		if (strcasecmp(transport->ops->name, transport_name) == 0) {
			return transport;
		}
	}
	return NULL;
}

struct spdk_nvmf_transport *
spdk_nvmf_transport_get_first(struct spdk_nvmf_tgt *tgt)
{
	return TAILQ_FIRST(&tgt->transports);
}

struct spdk_nvmf_transport *
spdk_nvmf_transport_get_next(struct spdk_nvmf_transport *transport)
{
	return TAILQ_NEXT(transport, link);
}

int
spdk_nvmf_tgt_listen_ext(struct spdk_nvmf_tgt *tgt, const struct spdk_nvme_transport_id *trid,
                         struct spdk_nvmf_listen_opts *opts)
{
	struct spdk_nvmf_transport *transport;

	assert(nvmf_tgt_on_thread(tgt));
	transport = spdk_nvmf_tgt_get_transport(tgt, trid->trstring);
	if (transport == NULL) {
		SPDK_ERRLOG("no transport %s in target '%s': create it first\n", trid->trstring,
		            tgt->name);
		return -EINVAL;
	}
	return spdk_nvmf_transport_listen(transport, trid, opts);
}

int
spdk_nvmf_tgt_stop_listen(struct spdk_nvmf_tgt *tgt, const struct spdk_nvme_transport_id *trid)
{
	struct spdk_nvmf_transport *transport;

	assert(nvmf_tgt_on_thread(tgt));
	transport = spdk_nvmf_tgt_get_transport(tgt, trid->trstring);
	if (transport == NULL) {
		return -EINVAL;
	}
	return spdk_nvmf_transport_stop_listen(transport, trid);
}

/* ---- Finding subsystems ---- */

struct spdk_nvmf_subsystem *
spdk_nvmf_tgt_find_subsystem(struct spdk_nvmf_tgt *tgt, const char *subnqn)
{
	struct spdk_nvmf_subsystem *subsystem;

	TAILQ_FOREACH(subsystem, &tgt->subsystems, link) {
		if (strcmp(subsystem->nqn, subnqn) == 0) {
			return subsystem;
		}
	}
	return NULL;
}

struct spdk_nvmf_subsystem *
spdk_nvmf_subsystem_get_first(struct spdk_nvmf_tgt *tgt)
{
	return TAILQ_FIRST(&tgt->subsystems);
}

struct spdk_nvmf_subsystem *
spdk_nvmf_subsystem_get_next(struct spdk_nvmf_subsystem *subsystem)
{
	return TAILQ_NEXT(subsystem, link);
}
