/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs that say who reaches a subsystem, and where: hosts and listeners. */

#include "nvmf_rpc.h"

/* ---- Hosts ---- */

struct host_params {
	char *nqn;
	char *host;
	char *tgt_name;
	bool allow_any_host;
	uint64_t timeout_ms;
};

static const struct rpc_param add_host_params[] = {
	RPC_NQN(struct host_params),
	RPC_PARAM(struct host_params, host, RPC_STRING, .required = true, .help = "NQN of the host",
	          .cli = RPC_POSITIONAL),
	RPC_TGT_NAME(struct host_params, "-t/--tgt-name"),
};

static const struct rpc_param remove_host_params[] = {
	RPC_NQN(struct host_params),
	RPC_PARAM(struct host_params, host, RPC_STRING, .required = true, .help = "NQN of the host",
	          .cli = RPC_POSITIONAL),
	RPC_TGT_NAME(struct host_params, "-t/--tgt-name"),
	RPC_PARAM(struct host_params, timeout_ms, RPC_UINT64, .unit = "ms", .max = UINT32_MAX,
	          .help = "How long to wait for its queues to end; 0: until they have",
	          .cli = RPC_OPTION("-T/--timeout-ms")),
};

static const struct rpc_param allow_any_host_params[] = {
	RPC_NQN(struct host_params),
	RPC_PARAM(struct host_params, allow_any_host, RPC_BOOL, .required = true,
	          .help = "May any host connect",
	          .cli = { .kind = RPC_CLI_OPTION,
	                   .flags = "--allow-any-host",
	                   .action = "boolean_optional" }),
	RPC_TGT_NAME(struct host_params, "-t/--tgt-name"),
};

static void
rpc_nvmf_subsystem_add_host(struct spdk_jsonrpc_request *request, void *arg)
{
	struct host_params *params = arg;
	struct spdk_nvmf_subsystem *subsystem;
	int rc;

	subsystem = rpc_nvmf_get_subsystem(request, params->tgt_name, params->nqn);
	if (subsystem == NULL) {
		return;
	}
	rc = spdk_nvmf_subsystem_add_host(subsystem, params->host, NULL);
	if (rc != 0) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR, "host: can't add '%s': %s",
		          params->host,
		          rc == -EINVAL ? "it is not a valid NQN" : spdk_strerror(-rc));
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
remove_host_done(void *ctx, int status)
{
	if (status != 0) {
		rpc_error(ctx, status,
		          "the host is off the list, but some of its queues still end");
	} else {
		spdk_jsonrpc_send_bool_response(ctx, true);
	}
}

static void
rpc_nvmf_subsystem_remove_host(struct spdk_jsonrpc_request *request, void *arg)
{
	struct host_params *params = arg;
	struct spdk_nvmf_subsystem *subsystem;
	int rc;

	subsystem = rpc_nvmf_get_subsystem(request, params->tgt_name, params->nqn);
	if (subsystem == NULL) {
		return;
	}
	if (spdk_nvmf_subsystem_remove_host(subsystem, params->host) != 0) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "host: '%s' is not on the list", params->host);
		return;
	}
	if (subsystem->allow_any_host) {
		spdk_jsonrpc_send_bool_response(request, true);
		return;
	}
	rc = spdk_nvmf_subsystem_disconnect_host(subsystem, params->host, remove_host_done, request,
	                                         params->timeout_ms);
	if (rc != 0) {
		remove_host_done(request, rc);
	}
}

static void
rpc_nvmf_subsystem_allow_any_host(struct spdk_jsonrpc_request *request, void *arg)
{
	struct host_params *params = arg;
	struct spdk_nvmf_subsystem *subsystem;

	subsystem = rpc_nvmf_get_subsystem(request, params->tgt_name, params->nqn);
	if (subsystem != NULL) {
		spdk_nvmf_subsystem_set_allow_any_host(subsystem, params->allow_any_host);
		spdk_jsonrpc_send_bool_response(request, true);
	}
}

/* ---- Listeners ---- */

static const struct rpc_enum_value ana_states[] = {
	{ "optimized", SPDK_NVME_ANA_OPTIMIZED_STATE },
	{ "non_optimized", SPDK_NVME_ANA_NON_OPTIMIZED_STATE },
	{ "inaccessible", SPDK_NVME_ANA_INACCESSIBLE_STATE },
	{ NULL },
};

struct listener_params {
	char *nqn;
	char *tgt_name;
	struct rpc_nvmf_address listen_address;
	bool secure_channel;
	int32_t ana_state;
	char *sock_impl;
	int32_t numa_id;
	/* for the answer */
	struct spdk_jsonrpc_request *request;
	struct spdk_nvmf_subsystem *subsystem;
	struct spdk_nvme_transport_id trid;
};

static const struct rpc_param add_listener_params[] = {
	RPC_NQN(struct listener_params),
	RPC_TGT_NAME(struct listener_params, "-p/--tgt-name"),
	RPC_PARAM(struct listener_params, listen_address, RPC_OBJECT, .required = true,
	          .object = &rpc_nvmf_address_object, .help = "Where to listen"),
	RPC_PARAM(struct listener_params, secure_channel, RPC_BOOL,
	          .help = "Not built: must be false", .cli = RPC_OPTION("-k/--secure-channel")),
	RPC_PARAM(struct listener_params, ana_state, RPC_ENUM, .values = ana_states,
	          .dflt = "\"optimized\"", .help = "Not built: must be optimized",
	          .cli = RPC_OPTION("-n/--ana-state")),
	RPC_PARAM(struct listener_params, sock_impl, RPC_STRING,
	          .help = "Socket implementation; not given: the default one",
	          .cli = RPC_OPTION("-S/--sock-impl")),
	RPC_PARAM(struct listener_params, numa_id, RPC_INT32,
	          .help = "NUMA node of the network card: a hint", .cli = RPC_OPTION("--numa-id")),
};

static const struct rpc_param remove_listener_params[] = {
	RPC_NQN(struct listener_params),
	RPC_TGT_NAME(struct listener_params, "-p/--tgt-name"),
	RPC_PARAM(struct listener_params, listen_address, RPC_OBJECT, .required = true,
	          .object = &rpc_nvmf_address_object, .help = "Where it listens"),
};

static const struct rpc_param get_params[] = {
	RPC_NQN(struct listener_params),
	RPC_TGT_NAME(struct listener_params, "-t/--tgt-name"),
};

static void
add_listener_done(void *arg, int status)
{
	struct listener_params *params = arg;
	struct spdk_jsonrpc_request *request = params->request;

	if (status != 0) {
		spdk_nvmf_tgt_stop_listen(params->subsystem->tgt, &params->trid);
		rpc_error(request, RPC_NVMF_CODE, "listen_address: can't add %s:%s: %s",
		          params->trid.traddr, params->trid.trsvcid, spdk_strerror(-status));
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
rpc_nvmf_subsystem_add_listener(struct spdk_jsonrpc_request *request, void *arg)
{
	struct listener_params *params = arg;
	struct spdk_nvmf_listener_opts listener_opts;
	struct spdk_nvmf_listen_opts opts;
	int rc;

	params->request = request;
	params->subsystem = rpc_nvmf_get_subsystem(request, params->tgt_name, params->nqn);
	if (params->subsystem == NULL ||
	    rpc_nvmf_get_trid(request, &params->listen_address, &params->trid) != 0) {
		return;
	}
	if (params->secure_channel || params->ana_state != SPDK_NVME_ANA_OPTIMIZED_STATE) {
		rpc_error(request, RPC_NVMF_CODE, "%s: is not built in",
		          params->secure_channel ? "secure_channel" : "ana_state");
		return;
	}
	spdk_nvmf_listen_opts_init(&opts, sizeof(opts));
	opts.sock_impl = params->sock_impl;
	rc = spdk_nvmf_tgt_listen_ext(params->subsystem->tgt, &params->trid, &opts);
	if (rc != 0) {
		rpc_error(request, RPC_NVMF_CODE, "listen_address: can't listen on %s:%s: %s",
		          params->trid.traddr, params->trid.trsvcid, spdk_strerror(-rc));
		return;
	}
	spdk_nvmf_subsystem_listener_opts_init(&listener_opts, sizeof(listener_opts));
	spdk_nvmf_subsystem_add_listener_ext(params->subsystem, &params->trid, add_listener_done,
	                                     params, &listener_opts);
}

static void
remove_listener_done(void *ctx, int status)
{
	if (status != 0) {
		rpc_error(ctx, status,
		          "the listener is gone, but hosts that came through it are connected: "
		          "%s",
		          spdk_strerror(-status));
		return;
	}
	spdk_jsonrpc_send_bool_response(ctx, true);
}

static void
rpc_nvmf_subsystem_remove_listener(struct spdk_jsonrpc_request *request, void *arg)
{
	struct listener_params *params = arg;
	struct spdk_nvmf_subsystem *subsystem;
	int rc;

	subsystem = rpc_nvmf_get_subsystem(request, params->tgt_name, params->nqn);
	if (subsystem == NULL ||
	    rpc_nvmf_get_trid(request, &params->listen_address, &params->trid) != 0) {
		return;
	}
	if (spdk_nvmf_subsystem_remove_listener(subsystem, &params->trid) != 0) {
		rpc_error(request, RPC_NVMF_CODE, "listen_address: '%s' has no listener on %s:%s",
		          params->nqn, params->trid.traddr, params->trid.trsvcid);
		return;
	}
	spdk_nvmf_tgt_stop_listen(subsystem->tgt, &params->trid);
	rc = nvmf_subsystem_disconnect(subsystem, NULL, &params->trid, remove_listener_done,
	                               request, 0);
	if (rc != 0) {
		remove_listener_done(request, rc);
	}
}

static void
rpc_nvmf_subsystem_get_listeners(struct spdk_jsonrpc_request *request, void *arg)
{
	struct listener_params *params = arg;
	struct spdk_nvmf_subsystem_listener *listener;
	struct spdk_nvmf_subsystem *subsystem;
	struct spdk_json_write_ctx *w;

	subsystem = rpc_nvmf_get_subsystem(request, params->tgt_name, params->nqn);
	if (subsystem == NULL) {
		return;
	}
	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_array_begin(w);
	TAILQ_FOREACH(listener, &subsystem->listeners, link) {
		spdk_json_write_object_begin(w);
		rpc_nvmf_write_trid(w, "address", &listener->trid);
		spdk_json_write_named_array_begin(w, "ana_states");
		spdk_json_write_object_begin(w);
		spdk_json_write_named_uint32(w, "ana_group", 1);
		spdk_json_write_named_string(w, "ana_state", "optimized");
		spdk_json_write_object_end(w);
		spdk_json_write_array_end(w);
		spdk_json_write_object_end(w);
	}
	spdk_json_write_array_end(w);
	spdk_jsonrpc_end_result(request, w);
}

static const struct rpc_method access_methods[] = {
	{ .name = "nvmf_subsystem_add_host",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct host_params, add_host_params),
	  .handler = rpc_nvmf_subsystem_add_host,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Let a host connect to a subsystem" },
	{ .name = "nvmf_subsystem_remove_host",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct host_params, remove_host_params),
	  .handler = rpc_nvmf_subsystem_remove_host,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Take a host off the list, and disconnect it" },
	{ .name = "nvmf_subsystem_allow_any_host",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct host_params, allow_any_host_params),
	  .handler = rpc_nvmf_subsystem_allow_any_host,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Say whether any host may connect" },
	{ .name = "nvmf_subsystem_add_listener",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct listener_params, add_listener_params),
	  .handler = rpc_nvmf_subsystem_add_listener,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Let a subsystem be reached through an address" },
	{ .name = "nvmf_subsystem_remove_listener",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct listener_params, remove_listener_params),
	  .handler = rpc_nvmf_subsystem_remove_listener,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Let a subsystem be reached through an address no more" },
	{ .name = "nvmf_subsystem_get_listeners",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_OBSERVE,
	  RPC_PARAMS(struct listener_params, get_params),
	  .handler = rpc_nvmf_subsystem_get_listeners,
	  .result = RPC_RESULT_ARRAY,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "The addresses of a subsystem" },
};

const struct rpc_table nvmf_access_rpc_table = RPC_TABLE(access_methods);
