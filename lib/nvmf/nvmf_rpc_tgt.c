/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs of targets: more of them, statistics, referrals. */

#include "nvmf_rpc.h"

const struct rpc_enum_value nvmf_rpc_discovery_filters[] = {
	{ "transport", SPDK_NVMF_TGT_DISCOVERY_FILTER_TYPE },
	{ "address", SPDK_NVMF_TGT_DISCOVERY_FILTER_ADDRESS },
	{ "svcid", SPDK_NVMF_TGT_DISCOVERY_FILTER_SVCID },
	{ NULL },
};

const struct rpc_enum_value nvmf_rpc_dup_host_policies[] = {
	{ "allow", SPDK_NVMF_SUBSYSTEM_DUP_HOST_POLICY_ALLOW },
	{ "restrict_per_listener", SPDK_NVMF_SUBSYSTEM_DUP_HOST_POLICY_RESTRICT_PER_LISTENER },
	{ NULL },
};

struct tgt_params {
	char *name;
	uint32_t max_subsystems;
	uint32_t discovery_filter;
	int32_t dup_host_policy;
};

static const struct rpc_param create_target_params[] = {
	RPC_PARAM(struct tgt_params, name, RPC_STRING, .required = true, .min = 1,
	          .max = NVMF_TGT_NAME_MAX_LENGTH - 1, .help = "Name of the target"),
	RPC_PARAM(struct tgt_params, max_subsystems, RPC_UINT32, .max = NVMF_MAX_SUBSYSTEMS_LIMIT,
	          .help = "Most subsystems that it can have; 0: 1024"),
	RPC_PARAM(struct tgt_params, discovery_filter, RPC_BITMASK,
	          .values = nvmf_rpc_discovery_filters,
	          .help = "Discovery shows only what matches the address that was asked"),
	RPC_PARAM(struct tgt_params, dup_host_policy, RPC_ENUM,
	          .values = nvmf_rpc_dup_host_policies, .dflt = "\"allow\"",
	          .help = "May a host connect twice through one listener"),
};

static void
rpc_nvmf_create_target(struct spdk_jsonrpc_request *request, void *arg)
{
	struct tgt_params *params = arg;
	struct spdk_nvmf_target_opts opts = { .size = sizeof(opts) };
	struct spdk_nvmf_tgt *tgt;

	if (spdk_nvmf_get_tgt(params->name) != NULL) {
		rpc_error(request, RPC_NVMF_CODE, "name: there is a target '%s' already",
		          params->name);
		return;
	}
	snprintf(opts.name, sizeof(opts.name), "%s", params->name);
	opts.max_subsystems = params->max_subsystems;
	opts.discovery_filter = params->discovery_filter;
	opts.dup_host_policy = params->dup_host_policy;
	tgt = spdk_nvmf_tgt_create(&opts);
	if (tgt == NULL) {
		rpc_error(request, -ENOMEM, "no memory for target '%s'", params->name);
		return;
	}
	tgt->of_rpc = true;
	rpc_answer_string(request, spdk_nvmf_tgt_get_name(tgt));
}

static const struct rpc_param delete_target_params[] = {
	RPC_PARAM(struct tgt_params, name, RPC_STRING, .required = true,
	          .help = "Name of the target"),
};

static void
delete_target_done(void *ctx, int status)
{
	struct spdk_jsonrpc_request *request = ctx;

	if (status != 0) {
		rpc_error(request, -EBUSY, "the target has subsystems that run: delete them first");
	} else {
		spdk_jsonrpc_send_bool_response(request, true);
	}
}

static void
rpc_nvmf_delete_target(struct spdk_jsonrpc_request *request, void *arg)
{
	struct tgt_params *params = arg;
	struct spdk_nvmf_tgt *tgt = rpc_nvmf_get_tgt(request, params->name, RPC_NVMF_CODE);

	if (tgt == NULL) {
		return;
	}
	if (tgt->num_poll_groups > 0 || tgt->prepare_fn != NULL) {
		rpc_error(request, -EBUSY, "name: target '%s' is %s", params->name,
		          tgt->prepare_fn != NULL ? "the program's own" : "in use");
		return;
	}
	spdk_nvmf_tgt_destroy(tgt, delete_target_done, request);
}

static void
rpc_nvmf_get_targets(struct spdk_jsonrpc_request *request, void *arg)
{
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_result(request);
	struct spdk_nvmf_tgt *tgt;

	spdk_json_write_array_begin(w);
	for (tgt = spdk_nvmf_get_first_tgt(); tgt != NULL; tgt = spdk_nvmf_get_next_tgt(tgt)) {
		spdk_json_write_string(w, spdk_nvmf_tgt_get_name(tgt));
	}
	spdk_json_write_array_end(w);
	spdk_jsonrpc_end_result(request, w);
}

/* ---- Statistics: each group writes its own, one after another ---- */

struct tgt_name {
	char *tgt_name;
};

static const struct rpc_param get_stats_params[] = {
	RPC_TGT_NAME(struct tgt_name, "-t/--tgt-name"),
};

struct get_stats {
	struct spdk_jsonrpc_request *request;
	struct spdk_json_write_ctx *w; /* from the first group on */
};

static void
get_stats_begin(struct get_stats *ctx)
{
	if (ctx->w == NULL) {
		ctx->w = spdk_jsonrpc_begin_result(ctx->request);
		spdk_json_write_object_begin(ctx->w);
		spdk_json_write_named_uint64(ctx->w, "tick_rate", spdk_get_ticks_hz());
		spdk_json_write_named_array_begin(ctx->w, "poll_groups");
	}
}

void
spdk_nvmf_poll_group_dump_stat(struct spdk_nvmf_poll_group *group, struct spdk_json_write_ctx *w)
{
	struct spdk_nvmf_transport_poll_group *tgroup;

	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "name", spdk_thread_get_name(group->thread));
	spdk_json_write_named_uint32(w, "admin_qpairs", group->stat.admin_qpairs);
	spdk_json_write_named_uint32(w, "io_qpairs", group->stat.io_qpairs);
	spdk_json_write_named_uint32(w, "current_admin_qpairs", group->stat.current_admin_qpairs);
	spdk_json_write_named_uint32(w, "current_io_qpairs", group->stat.current_io_qpairs);
	spdk_json_write_named_uint32(w, "current_unassociated_qpairs",
	                             group->current_unassociated_qpairs);
	spdk_json_write_named_uint64(w, "pending_bdev_io", group->stat.pending_bdev_io);
	spdk_json_write_named_uint64(w, "completed_nvme_io", group->stat.completed_nvme_io);
	spdk_json_write_named_array_begin(w, "transports");
	TAILQ_FOREACH(tgroup, &group->tgroups, link) {
		spdk_json_write_object_begin(w);
		spdk_json_write_named_string(w, "trtype", tgroup->transport->ops->name);
		if (tgroup->transport->ops->poll_group_dump_stat != NULL) {
			tgroup->transport->ops->poll_group_dump_stat(tgroup, w);
		}
		spdk_json_write_object_end(w);
	}
	spdk_json_write_array_end(w);
	spdk_json_write_object_end(w);
}

static void
get_stats_group(struct spdk_io_channel_iter *i)
{
	struct get_stats *ctx = spdk_io_channel_iter_get_ctx(i);

	get_stats_begin(ctx);
	spdk_nvmf_poll_group_dump_stat(spdk_io_channel_get_ctx(spdk_io_channel_iter_get_channel(i)),
	                               ctx->w);
	spdk_for_each_channel_continue(i, 0);
}

static void
get_stats_done(struct spdk_io_channel_iter *i, int status)
{
	struct get_stats *ctx = spdk_io_channel_iter_get_ctx(i);

	if (status != 0) {
		rpc_error(ctx->request, status, "no memory for the statistics");
	} else {
		get_stats_begin(ctx);
		spdk_json_write_array_end(ctx->w);
		spdk_json_write_object_end(ctx->w);
		spdk_jsonrpc_end_result(ctx->request, ctx->w);
	}
	free(ctx);
}

static void
rpc_nvmf_get_stats(struct spdk_jsonrpc_request *request, void *arg)
{
	struct tgt_name *params = arg;
	struct spdk_nvmf_tgt *tgt;
	struct get_stats *ctx;

	tgt = rpc_nvmf_get_tgt(request, params->tgt_name, SPDK_JSONRPC_ERROR_INTERNAL_ERROR);
	if (tgt == NULL) {
		return;
	}
	ctx = calloc(1, sizeof(*ctx));
	if (ctx == NULL) {
		rpc_error(request, -ENOMEM, "no memory for the statistics");
		return;
	}
	ctx->request = request;
	spdk_for_each_channel(tgt, get_stats_group, ctx, get_stats_done);
}

/* ---- Referrals ---- */

struct referral_params {
	char *tgt_name;
	struct rpc_nvmf_address address;
	bool secure_channel;
	char *subnqn;
};

static const struct rpc_param referral_params[] = {
	RPC_TGT_NAME(struct referral_params, "-p/--tgt-name"),
	RPC_PARAM(struct referral_params, address, RPC_OBJECT, .required = true,
	          .object = &rpc_nvmf_address_object,
	          .help = "Where the other discovery service is"),
	RPC_PARAM(struct referral_params, secure_channel, RPC_BOOL,
	          .help = "It wants a secure channel", .cli = RPC_OPTION("-k/--secure-channel")),
	RPC_PARAM(struct referral_params, subnqn, RPC_STRING, .max = SPDK_NVMF_NQN_MAX_LEN,
	          .help = "Its NQN; not given: the well-known one",
	          .cli = RPC_OPTION("-n/--subnqn")),
};

static const struct rpc_param remove_referral_params[] = {
	RPC_TGT_NAME(struct referral_params, "-p/--tgt-name"),
	RPC_PARAM(struct referral_params, address, RPC_OBJECT, .required = true,
	          .object = &rpc_nvmf_address_object,
	          .help = "Where the other discovery service is"),
	RPC_PARAM(struct referral_params, subnqn, RPC_STRING, .max = SPDK_NVMF_NQN_MAX_LEN,
	          .help = "Its NQN; not given: the well-known one",
	          .cli = RPC_OPTION("-n/--subnqn")),
};

static struct spdk_nvmf_tgt *
referral_decode(struct spdk_jsonrpc_request *request, struct referral_params *params,
                struct spdk_nvmf_referral_opts *opts)
{
	struct spdk_nvmf_tgt *tgt;

	tgt = rpc_nvmf_get_tgt(request, params->tgt_name, SPDK_JSONRPC_ERROR_INTERNAL_ERROR);
	if (tgt == NULL || rpc_nvmf_get_trid(request, &params->address, &opts->trid) != 0) {
		return NULL;
	}
	opts->size = sizeof(*opts);
	opts->secure_channel = params->secure_channel;
	if (params->subnqn != NULL) {
		snprintf(opts->trid.subnqn, sizeof(opts->trid.subnqn), "%s", params->subnqn);
	}
	return tgt;
}

static void
rpc_nvmf_discovery_add_referral(struct spdk_jsonrpc_request *request, void *arg)
{
	struct spdk_nvmf_referral_opts opts = { 0 };
	struct spdk_nvmf_tgt *tgt = referral_decode(request, arg, &opts);
	int rc;

	if (tgt == NULL) {
		return;
	}
	rc = spdk_nvmf_tgt_add_referral(tgt, &opts);
	if (rc != 0) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR, "can't add the referral: %s",
		          spdk_strerror(-rc));
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
rpc_nvmf_discovery_remove_referral(struct spdk_jsonrpc_request *request, void *arg)
{
	struct spdk_nvmf_referral_opts opts = { 0 };
	struct spdk_nvmf_tgt *tgt = referral_decode(request, arg, &opts);

	if (tgt == NULL) {
		return;
	}
	if (spdk_nvmf_tgt_remove_referral(tgt, &opts) != 0) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "there is no referral to %s:%s", opts.trid.traddr, opts.trid.trsvcid);
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
rpc_nvmf_discovery_get_referrals(struct spdk_jsonrpc_request *request, void *arg)
{
	struct tgt_name *params = arg;
	struct spdk_nvmf_referral *referral;
	struct spdk_json_write_ctx *w;
	struct spdk_nvmf_tgt *tgt;

	tgt = rpc_nvmf_get_tgt(request, params->tgt_name, SPDK_JSONRPC_ERROR_INTERNAL_ERROR);
	if (tgt == NULL) {
		return;
	}
	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_array_begin(w);
	TAILQ_FOREACH(referral, &tgt->referrals, link) {
		spdk_json_write_object_begin(w);
		rpc_nvmf_write_trid(w, "address", &referral->trid);
		spdk_json_write_named_bool(w, "secure_channel", referral->secure_channel);
		spdk_json_write_named_string(w, "subnqn", referral->trid.subnqn);
		spdk_json_write_object_end(w);
	}
	spdk_json_write_array_end(w);
	spdk_jsonrpc_end_result(request, w);
}

static const struct rpc_method tgt_methods[] = {
	{ .name = "nvmf_create_target",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  .hidden = true,
	  RPC_PARAMS(struct tgt_params, create_target_params),
	  .handler = rpc_nvmf_create_target,
	  .result = RPC_RESULT_STRING,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Make a further NVMe-oF target" },
	{ .name = "nvmf_delete_target",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  .hidden = true,
	  RPC_PARAMS(struct tgt_params, delete_target_params),
	  .handler = rpc_nvmf_delete_target,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Delete a target made by nvmf_create_target" },
	{ .name = "nvmf_get_targets",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_OBSERVE,
	  .hidden = true,
	  .handler = rpc_nvmf_get_targets,
	  .result = RPC_RESULT_ARRAY,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Names of the targets" },
	{ .name = "nvmf_get_stats",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_OBSERVE,
	  RPC_PARAMS(struct tgt_name, get_stats_params),
	  .handler = rpc_nvmf_get_stats,
	  .result = RPC_RESULT_OBJECT,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Counters of each poll group" },
	{ .name = "nvmf_discovery_add_referral",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct referral_params, referral_params),
	  .handler = rpc_nvmf_discovery_add_referral,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Name another discovery service in ours" },
	{ .name = "nvmf_discovery_remove_referral",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct referral_params, remove_referral_params),
	  .handler = rpc_nvmf_discovery_remove_referral,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Name another discovery service no more" },
	{ .name = "nvmf_discovery_get_referrals",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_OBSERVE,
	  RPC_PARAMS(struct tgt_name, get_stats_params),
	  .handler = rpc_nvmf_discovery_get_referrals,
	  .result = RPC_RESULT_ARRAY,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "The other discovery services that ours names" },
};

const struct rpc_table nvmf_tgt_rpc_table = RPC_TABLE(tgt_methods);
