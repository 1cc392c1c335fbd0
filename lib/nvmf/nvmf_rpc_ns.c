/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs of namespaces, and what shows the controllers and queues that use them. */

#include "nvmf_rpc.h"

struct ns_object {
	uint32_t nsid;
	char *bdev_name;
	char *nguid;
	char *eui64;
	struct spdk_uuid uuid;
	char *ptpl_file;
	uint32_t anagrpid;
	bool no_auto_visible;
	bool hide_metadata;
};

static const struct rpc_param ns_object_params[] = {
	RPC_PARAM(struct ns_object, nsid, RPC_UINT32, .max = UINT32_MAX - 1,
	          .generated = RPC_GENERATED_RESULT, .help = "Namespace id; 0: the first free one",
	          .cli = RPC_OPTION("-n/--nsid")),
	RPC_PARAM(struct ns_object, bdev_name, RPC_STRING, .required = true,
	          .help = "Name of the bdev", .cli = RPC_POSITIONAL),
	RPC_PARAM(struct ns_object, nguid, RPC_STRING, .help = "NGUID: 32 hex digits",
	          .cli = RPC_OPTION("-g/--nguid")),
	RPC_PARAM(struct ns_object, eui64, RPC_STRING, .help = "EUI-64: 16 hex digits",
	          .cli = RPC_OPTION("-e/--eui64")),
	RPC_PARAM(struct ns_object, uuid, RPC_UUID, .help = "UUID; not given: the bdev's",
	          .cli = RPC_OPTION("-u/--uuid")),
	RPC_PARAM(struct ns_object, ptpl_file, RPC_STRING,
	          .help = "Reservations are not built: must not be given",
	          .cli = RPC_OPTION("-p/--ptpl-file")),
	RPC_PARAM(struct ns_object, anagrpid, RPC_UINT32, .help = "ANA is not built: must be 0",
	          .cli = RPC_OPTION("-a/--anagrpid")),
	RPC_PARAM(struct ns_object, no_auto_visible, RPC_BOOL, .help = "Not built: must be false",
	          .cli = RPC_OPTION("-i/--no-auto-visible")),
	RPC_PARAM(struct ns_object, hide_metadata, RPC_BOOL, .deprecated = true,
	          .help = "Without effect: bdevs with metadata are refused",
	          .cli = RPC_OPTION("-N/--hide-metadata")),
};

static const struct rpc_object ns_object = {
	.params = ns_object_params,
	.num_params = SPDK_COUNTOF(ns_object_params),
	.size_bytes = sizeof(struct ns_object),
};

struct ns_params {
	char *nqn;
	struct ns_object ns;
	uint32_t nsid;
	char *tgt_name;
	/* for the answer */
	struct spdk_jsonrpc_request *request;
	struct spdk_nvmf_ns_opts opts;
};

static const struct rpc_param add_ns_params[] = {
	RPC_NQN(struct ns_params),
	RPC_PARAM_AS("namespace", struct ns_params, ns, RPC_OBJECT, .required = true,
	             .object = &ns_object, .help = "The namespace"),
	RPC_TGT_NAME(struct ns_params, "-t/--tgt-name"),
};

static const struct rpc_param remove_ns_params[] = {
	RPC_NQN(struct ns_params),
	RPC_PARAM(struct ns_params, nsid, RPC_UINT32, .required = true, .help = "Namespace id",
	          .cli = RPC_POSITIONAL),
	RPC_TGT_NAME(struct ns_params, "-t/--tgt-name"),
};

static bool
decode_hex(const char *text, uint8_t *out, size_t size)
{
	unsigned int byte;
	size_t i;

	if (strlen(text) != size * 2 || strspn(text, "0123456789abcdefABCDEF") != size * 2) {
		return false;
	}
	for (i = 0; i < size; i++) {
		if (sscanf(text + i * 2, "%2x", &byte) != 1) {
			return false;
		}
		out[i] = (uint8_t)byte;
	}
	return true;
}

static bool
add_ns_decode(struct spdk_jsonrpc_request *request, struct ns_params *params)
{
	const struct ns_object *ns = &params->ns;
	struct spdk_nvmf_ns_opts *opts = &params->opts;

	spdk_nvmf_ns_opts_get_defaults(opts, sizeof(*opts));
	opts->nsid = ns->nsid;
	opts->uuid = ns->uuid;
	if (ns->nguid != NULL && !decode_hex(ns->nguid, opts->nguid, sizeof(opts->nguid))) {
		rpc_error(request, RPC_NVMF_CODE, "nguid: must be 32 hex digits");
		return false;
	}
	if (ns->eui64 != NULL && !decode_hex(ns->eui64, opts->eui64, sizeof(opts->eui64))) {
		rpc_error(request, RPC_NVMF_CODE, "eui64: must be 16 hex digits");
		return false;
	}
	if (ns->ptpl_file != NULL || ns->anagrpid != 0 || ns->no_auto_visible) {
		rpc_error(request, RPC_NVMF_CODE, "%s: is not built in",
		          ns->ptpl_file != NULL ? "ptpl_file"
		          : ns->anagrpid != 0   ? "anagrpid"
		                                : "no_auto_visible");
		return false;
	}
	return true;
}

static void
add_ns_paused(struct spdk_nvmf_subsystem *subsystem, void *arg, int status)
{
	struct ns_params *params = arg;
	struct spdk_jsonrpc_request *request = params->request;
	struct spdk_json_write_ctx *w;
	uint32_t nsid = 0;

	if (status == 0) {
		nsid = spdk_nvmf_subsystem_add_ns_ext(subsystem, params->ns.bdev_name,
		                                      &params->opts, sizeof(params->opts), NULL);
	}
	if (nsid == 0) {
		rpc_error(request, RPC_NVMF_CODE,
		          "namespace: can't add bdev '%s' to '%s': see the log",
		          params->ns.bdev_name, params->nqn);
		return;
	}
	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_uint32(w, nsid);
	spdk_jsonrpc_end_result(request, w);
}

static void
rpc_nvmf_subsystem_add_ns(struct spdk_jsonrpc_request *request, void *arg)
{
	struct ns_params *params = arg;
	struct spdk_nvmf_subsystem *subsystem;
	int rc;

	subsystem = rpc_nvmf_get_subsystem(request, params->tgt_name, params->nqn);
	if (subsystem == NULL || !add_ns_decode(request, params)) {
		return;
	}
	params->request = request;
	rc = nvmf_subsystem_run_paused(subsystem, 0, add_ns_paused, params);
	if (rc != 0) {
		rpc_error(request, RPC_NVMF_CODE, "nqn: '%s' can't be paused: %s", params->nqn,
		          spdk_strerror(-rc));
	}
}

static void
remove_ns_paused(struct spdk_nvmf_subsystem *subsystem, void *arg, int status)
{
	struct ns_params *params = arg;
	struct spdk_jsonrpc_request *request = params->request;
	int rc = status;

	if (rc == 0) {
		rc = spdk_nvmf_subsystem_remove_ns(subsystem, params->nsid);
	}
	if (rc != 0) {
		rpc_error(request, RPC_NVMF_CODE, "nsid: can't remove %u from '%s': %s",
		          params->nsid, params->nqn, spdk_strerror(-rc));
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
rpc_nvmf_subsystem_remove_ns(struct spdk_jsonrpc_request *request, void *arg)
{
	struct ns_params *params = arg;
	struct spdk_nvmf_subsystem *subsystem;
	int rc;

	subsystem = rpc_nvmf_get_subsystem(request, params->tgt_name, params->nqn);
	if (subsystem == NULL) {
		return;
	}
	if (nvmf_subsystem_ns(subsystem, params->nsid) == NULL) {
		rpc_error(request, RPC_NVMF_CODE, "nsid: '%s' has no namespace %u", params->nqn,
		          params->nsid);
		return;
	}
	params->request = request;
	rc = nvmf_subsystem_run_paused(subsystem, params->nsid, remove_ns_paused, params);
	if (rc != 0) {
		rpc_error(request, RPC_NVMF_CODE, "nqn: '%s' can't be paused: %s", params->nqn,
		          spdk_strerror(-rc));
	}
}

static const struct rpc_method ns_methods[] = {
	{ .name = "nvmf_subsystem_add_ns",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct ns_params, add_ns_params),
	  .handler = rpc_nvmf_subsystem_add_ns,
	  .result = RPC_RESULT_NUMBER,
	  .cli_output = "none",
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Add a bdev to a subsystem as a namespace" },
	{ .name = "nvmf_subsystem_remove_ns",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct ns_params, remove_ns_params),
	  .handler = rpc_nvmf_subsystem_remove_ns,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Remove a namespace from a subsystem" },
};

const struct rpc_table nvmf_ns_rpc_table = RPC_TABLE(ns_methods);
