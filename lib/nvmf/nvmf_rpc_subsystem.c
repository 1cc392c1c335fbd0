/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs of subsystems: create and start, stop and delete, show. */

#include "nvmf_rpc.h"
#include "spdk_internal/jsonrpc.h"
#include "spdk_internal/rpc_pieces.h"

struct create_subsystem {
	char *nqn;
	char *tgt_name;
	char *serial_number;
	char *model_number;
	char *admin_label;
	uint32_t max_namespaces;
	bool allow_any_host;
	bool ana_reporting;
	uint16_t min_cntlid;
	uint16_t max_cntlid;
	uint32_t dmrsl;
	uint8_t wzsl;
	bool passthrough;
	bool enable_nssr;
	struct spdk_jsonrpc_request *request; /* for the answer */
};

#define OPT(field, rtype, flags_, ...) \
	RPC_PARAM(struct create_subsystem, field, rtype, .cli = RPC_OPTION(flags_), __VA_ARGS__)

static const struct rpc_param create_subsystem_params[] = {
	RPC_NQN(struct create_subsystem),
	RPC_TGT_NAME(struct create_subsystem, "-t/--tgt-name"),
	OPT(serial_number, RPC_STRING, "-s/--serial-number", .max = SPDK_NVME_CTRLR_SN_LEN,
	    .help = "Serial number, printable ASCII"),
	OPT(model_number, RPC_STRING, "-d/--model-number", .max = SPDK_NVME_CTRLR_MN_LEN,
	    .help = "Model number, printable ASCII"),
	OPT(allow_any_host, RPC_BOOL, "-a/--allow-any-host",
	    .help = "Any host may connect, not only those of the list"),
	OPT(max_namespaces, RPC_UINT32, "-m/--max-namespaces", .max = NVMF_MAX_NAMESPACES_LIMIT,
	    .help = "Most namespaces, and the highest NSID; 0: 32"),
	OPT(ana_reporting, RPC_BOOL, "-r/--ana-reporting", .help = "Not built: must be false"),
	OPT(min_cntlid, RPC_UINT16, "-i/--min-cntlid", .dflt = "1", .help = "Lowest controller id"),
	OPT(max_cntlid, RPC_UINT16, "-I/--max-cntlid", .dflt = "65519",
	    .help = "Highest controller id"),
	OPT(dmrsl, RPC_UINT32, "--dmrsl", .unit = "blocks",
	    .help = "Most blocks of one range of a deallocation; 0: any"),
	OPT(wzsl, RPC_UINT8, "--wzsl", .max = 31,
	    .help = "Most 4 KiB pages of a Write Zeroes, as a power of two; 0: any"),
	OPT(passthrough, RPC_BOOL, "-p/--passthrough", .help = "Not built: must be false"),
	OPT(enable_nssr, RPC_BOOL, "-n/--enable-nssr", .help = "Not built: must be false"),
	OPT(admin_label, RPC_STRING, "--admin-label", .min = SPDK_NVMF_ADMIN_LABEL_MIN_LEN,
	    .max = SPDK_NVMF_ADMIN_LABEL_MAX_LEN, .help = "What the administrator calls it"),
};

static void
create_subsystem_started(struct spdk_nvmf_subsystem *subsystem, void *cb_arg, int status)
{
	struct create_subsystem *params = cb_arg;
	struct spdk_jsonrpc_request *request = params->request;

	if (status != 0) {
		spdk_nvmf_subsystem_destroy(subsystem, NULL, NULL);
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "subsystem '%s' can't start: %s", params->nqn, spdk_strerror(-status));
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
create_subsystem_opts(const struct create_subsystem *params, struct spdk_nvmf_subsystem_opts *opts)
{
	spdk_nvmf_subsystem_opts_init(SPDK_NVMF_SUBTYPE_NVME, opts, sizeof(*opts));
	opts->max_nsid = params->max_namespaces;
	opts->ana_reporting = params->ana_reporting;
	opts->passthrough = params->passthrough;
	opts->enable_nssr = params->enable_nssr;
	opts->wzsl = params->wzsl;
	opts->dmrsl = params->dmrsl;
	if (params->serial_number != NULL) {
		snprintf(opts->sn, sizeof(opts->sn), "%s", params->serial_number);
	}
	if (params->model_number != NULL) {
		snprintf(opts->mn, sizeof(opts->mn), "%s", params->model_number);
	}
	if (params->admin_label != NULL) {
		snprintf(opts->admin_label, sizeof(opts->admin_label), "%s", params->admin_label);
	}
}

static bool
is_printable(const char *s)
{
	for (; s != NULL && *s != '\0'; s++) {
		if (*s < 0x20 || *s > 0x7e) {
			return false;
		}
	}
	return true;
}

static bool
create_subsystem_check(struct spdk_jsonrpc_request *request, const struct create_subsystem *params)
{
	if (!is_printable(params->serial_number)) {
		rpc_error(request, RPC_NVMF_CODE, "serial_number: must be printable ASCII");
		return false;
	}
	if (!is_printable(params->model_number)) {
		rpc_error(request, RPC_NVMF_CODE, "model_number: must be printable ASCII");
		return false;
	}
	if (params->min_cntlid < NVMF_MIN_CNTLID || params->max_cntlid > NVMF_MAX_CNTLID ||
	    params->min_cntlid > params->max_cntlid) {
		rpc_error(request, RPC_NVMF_CODE,
		          "min_cntlid, max_cntlid: must be 1 to 65519, and not cross");
		return false;
	}
	if (params->ana_reporting || params->passthrough || params->enable_nssr) {
		rpc_error(request, RPC_NVMF_CODE, "%s: is not built in",
		          params->ana_reporting ? "ana_reporting"
		          : params->passthrough ? "passthrough"
		                                : "enable_nssr");
		return false;
	}
	return true;
}

static void
rpc_nvmf_create_subsystem(struct spdk_jsonrpc_request *request, void *arg)
{
	struct create_subsystem *params = arg;
	struct spdk_nvmf_subsystem_opts opts;
	struct spdk_nvmf_subsystem *subsystem;
	struct spdk_nvmf_tgt *tgt;
	int rc;

	tgt = rpc_nvmf_get_tgt(request, params->tgt_name, SPDK_JSONRPC_ERROR_INTERNAL_ERROR);
	if (tgt == NULL || !create_subsystem_check(request, params)) {
		return;
	}
	if (spdk_nvmf_tgt_find_subsystem(tgt, params->nqn) != NULL) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "nqn: there is a subsystem '%s' already", params->nqn);
		return;
	}
	create_subsystem_opts(params, &opts);
	subsystem = spdk_nvmf_subsystem_create_ext(tgt, params->nqn, SPDK_NVMF_SUBTYPE_NVME, &opts);
	if (subsystem == NULL) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "nqn: can't create subsystem '%s': see the log", params->nqn);
		return;
	}
	spdk_nvmf_subsystem_set_allow_any_host(subsystem, params->allow_any_host);
	spdk_nvmf_subsystem_set_cntlid_range(subsystem, params->min_cntlid, params->max_cntlid);
	params->request = request;
	rc = spdk_nvmf_subsystem_start(subsystem, create_subsystem_started, params);
	if (rc != 0) {
		create_subsystem_started(subsystem, params, rc);
	}
}

/* ---- Delete ---- */

struct subsystem_name {
	char *nqn;
	char *tgt_name;
	struct spdk_jsonrpc_request *request; /* for the answer */
};

static const struct rpc_param delete_subsystem_params[] = {
	RPC_NQN(struct subsystem_name),
	RPC_TGT_NAME(struct subsystem_name, "-t/--tgt-name"),
};

static void
delete_subsystem_done(void *arg)
{
	spdk_jsonrpc_send_bool_response(arg, true);
}

static void
delete_subsystem_stopped(struct spdk_nvmf_subsystem *subsystem, void *cb_arg, int status)
{
	struct spdk_jsonrpc_request *request = cb_arg;
	int rc;

	rc = spdk_nvmf_subsystem_destroy(subsystem, delete_subsystem_done, request);
	if (rc == 0) {
		delete_subsystem_done(request);
	} else if (rc != -EINPROGRESS) {
		rpc_error(request, rc, "the subsystem can't be deleted: %s", spdk_strerror(-rc));
	}
}

static void
rpc_nvmf_delete_subsystem(struct spdk_jsonrpc_request *request, void *arg)
{
	struct subsystem_name *params = arg;
	struct spdk_nvmf_subsystem *subsystem;
	int rc;

	subsystem = rpc_nvmf_get_subsystem(request, params->tgt_name, params->nqn);
	if (subsystem == NULL) {
		return;
	}
	rc = spdk_nvmf_subsystem_stop(subsystem, delete_subsystem_stopped, request);
	if (rc != 0) {
		rpc_error(request, rc, "nqn: subsystem '%s' is just being changed: try again",
		          params->nqn);
	}
}

/* ---- Show ---- */

static const struct rpc_param get_subsystems_params[] = {
	RPC_PARAM(struct subsystem_name, nqn, RPC_STRING, .help = "Only this subsystem",
	          .cli = RPC_POSITIONAL),
	RPC_TGT_NAME(struct subsystem_name, "-t/--tgt-name"),
};

void
nvmf_ns_write_ids(struct spdk_json_write_ctx *w, const struct spdk_nvmf_ns *ns)
{
	static const uint8_t zeroes[16];

	if (memcmp(ns->opts.nguid, zeroes, sizeof(ns->opts.nguid)) != 0) {
		spdk_json_write_named_bytearray(w, "nguid", ns->opts.nguid, sizeof(ns->opts.nguid));
	}
	if (memcmp(ns->opts.eui64, zeroes, sizeof(ns->opts.eui64)) != 0) {
		spdk_json_write_named_bytearray(w, "eui64", ns->opts.eui64, sizeof(ns->opts.eui64));
	}
	if (!spdk_uuid_is_null(&ns->opts.uuid)) {
		spdk_json_write_named_uuid(w, "uuid", &ns->opts.uuid);
	}
}

/* ---- nvmf_get_subsystems, in pieces ---- */

/* Where it stands in a subsystem's object. From LISTENERS on the object is open, and in it the
 * array of the part. */
enum show_part {
	SHOW_HEAD,
	SHOW_LISTENERS,
	SHOW_HOSTS,
	SHOW_NAMESPACES,
};

struct show {
	struct rpc_pieces pieces;
	struct nvmf_walk walk;
	const char *nqn; /* the request's; NULL: all */
	enum show_part part;
	uint32_t pos; /* in the list of the part */
};

static void
set_part(struct show *show, enum show_part part)
{
	show->part = part;
	show->pos = 0;
}

static void
write_head(struct show *show, struct spdk_json_write_ctx *w,
           const struct spdk_nvmf_subsystem *subsystem)
{
	bool nvme = subsystem->subtype == SPDK_NVMF_SUBTYPE_NVME;

	if (show->nqn != NULL && strcmp(show->nqn, subsystem->nqn) != 0) {
		nvmf_walk_next(&show->walk);
		return;
	}
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "nqn", subsystem->nqn);
	spdk_json_write_named_string(w, "subtype", nvme ? "NVMe" : "Discovery");
	spdk_json_write_named_array_begin(w, "listen_addresses");
	set_part(show, SHOW_LISTENERS);
}

/* Some elements from show->pos on; how many. */
static uint32_t
write_listeners(struct show *show, struct spdk_json_write_ctx *w,
                const struct spdk_nvmf_subsystem *subsystem)
{
	const struct spdk_nvmf_subsystem_listener *listener;
	uint32_t i = 0, num = 0;

	TAILQ_FOREACH(listener, &subsystem->listeners, link) {
		if (i++ >= show->pos && num < NVMF_PER_PIECE) {
			spdk_json_write_object_begin(w);
			rpc_nvmf_write_trid_members(w, &listener->trid);
			spdk_json_write_object_end(w);
			num++;
		}
	}
	show->pos += num;
	return num;
}

static uint32_t
write_hosts(struct show *show, struct spdk_json_write_ctx *w,
            const struct spdk_nvmf_subsystem *subsystem)
{
	const struct spdk_nvmf_host *host;
	uint32_t i = 0, num = 0;

	TAILQ_FOREACH(host, &subsystem->hosts, link) {
		if (i++ >= show->pos && num < NVMF_PER_PIECE) {
			spdk_json_write_object_begin(w);
			spdk_json_write_named_string(w, "nqn", host->nqn);
			spdk_json_write_object_end(w);
			num++;
		}
	}
	show->pos += num;
	return num;
}

static void
write_namespace(struct spdk_json_write_ctx *w, const struct spdk_nvmf_ns *ns)
{
	spdk_json_write_object_begin(w);
	spdk_json_write_named_uint32(w, "nsid", ns->nsid);
	spdk_json_write_named_string(w, "bdev_name", spdk_bdev_get_name(ns->bdev));
	/* What older scripts read. */
	spdk_json_write_named_string(w, "name", spdk_bdev_get_name(ns->bdev));
	nvmf_ns_write_ids(w, ns);
	spdk_json_write_object_end(w);
}

static uint32_t
write_namespaces(struct show *show, struct spdk_json_write_ctx *w,
                 struct spdk_nvmf_subsystem *subsystem)
{
	const struct spdk_nvmf_ns *ns;
	uint32_t num;

	for (num = 0; num < NVMF_PER_PIECE; num++) {
		ns = nvmf_ns_from(subsystem, show->pos + 1);
		if (ns == NULL) {
			break;
		}
		write_namespace(w, ns);
		show->pos = ns->nsid;
	}
	return num;
}

static void
write_nvme_members(struct spdk_json_write_ctx *w, const struct spdk_nvmf_subsystem *subsystem)
{
	spdk_json_write_named_string(w, "serial_number", subsystem->opts.sn);
	spdk_json_write_named_string(w, "model_number", subsystem->opts.mn);
	spdk_json_write_named_uint32(w, "max_namespaces", subsystem->opts.max_nsid);
	spdk_json_write_named_bool(w, "passthrough", false);
	spdk_json_write_named_uint32(w, "min_cntlid", subsystem->min_cntlid);
	spdk_json_write_named_uint32(w, "max_cntlid", subsystem->max_cntlid);
	spdk_json_write_named_uint32(w, "dmrsl", subsystem->opts.dmrsl);
	spdk_json_write_named_uint32(w, "wzsl", subsystem->opts.wzsl);
}

/* The object is complete. */
static void
end_subsystem(struct show *show, struct spdk_json_write_ctx *w)
{
	spdk_json_write_object_end(w);
	set_part(show, SHOW_HEAD);
}

static void
show_part(struct show *show, struct spdk_json_write_ctx *w, struct spdk_nvmf_subsystem *subsystem)
{
	switch (show->part) {
	case SHOW_HEAD:
		write_head(show, w, subsystem);
		break;
	case SHOW_LISTENERS:
		if (write_listeners(show, w, subsystem) == 0) {
			spdk_json_write_array_end(w);
			spdk_json_write_named_bool(w, "allow_any_host", subsystem->allow_any_host);
			spdk_json_write_named_array_begin(w, "hosts");
			set_part(show, SHOW_HOSTS);
		}
		break;
	case SHOW_HOSTS:
		if (write_hosts(show, w, subsystem) > 0) {
			break;
		}
		spdk_json_write_array_end(w);
		if (subsystem->subtype == SPDK_NVMF_SUBTYPE_NVME) {
			write_nvme_members(w, subsystem);
			spdk_json_write_named_array_begin(w, "namespaces");
			set_part(show, SHOW_NAMESPACES);
		} else {
			end_subsystem(show, w);
			nvmf_walk_next(&show->walk);
		}
		break;
	case SHOW_NAMESPACES:
		if (write_namespaces(show, w, subsystem) == 0) {
			spdk_json_write_array_end(w);
			end_subsystem(show, w);
			nvmf_walk_next(&show->walk);
		}
		break;
	}
}

/* Close what is open of a subsystem that has gone. */
static void
leave_subsystem(struct show *show, struct spdk_json_write_ctx *w)
{
	if (show->part != SHOW_HEAD) {
		spdk_json_write_array_end(w);
		end_subsystem(show, w);
	}
}

static bool
show_next(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct show *show = SPDK_CONTAINEROF(pieces, struct show, pieces);
	uint64_t seq = show->walk.seq;
	struct spdk_nvmf_subsystem *subsystem = nvmf_walk_at(&show->walk);

	if (show->walk.seq != seq) {
		leave_subsystem(show, w);
	}
	if (subsystem == NULL) {
		return false;
	}
	show_part(show, w, subsystem);
	return true;
}

static void
show_end(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct show *show = SPDK_CONTAINEROF(pieces, struct show, pieces);

	leave_subsystem(show, w);
	spdk_json_write_array_end(w);
	nvmf_walk_end(&show->walk);
}

static void
rpc_nvmf_get_subsystems(struct spdk_jsonrpc_request *request, void *arg)
{
	struct subsystem_name *params = arg;
	struct spdk_json_write_ctx *w;
	struct spdk_nvmf_tgt *tgt = rpc_nvmf_get_tgt(request, params->tgt_name, RPC_NVMF_CODE);
	struct show *show;

	if (tgt == NULL) {
		return;
	}
	if (params->nqn != NULL && spdk_nvmf_tgt_find_subsystem(tgt, params->nqn) == NULL) {
		rpc_error(request, RPC_NVMF_CODE, "nqn: there is no subsystem '%s'", params->nqn);
		return;
	}
	show = jsonrpc_request_alloc(request, sizeof(*show));
	if (show == NULL) {
		rpc_error(request, -ENOMEM, "no memory to list the subsystems");
		return;
	}
	show->pieces.next = show_next;
	show->pieces.end = show_end;
	show->nqn = params->nqn;
	nvmf_walk_begin(&show->walk, tgt);
	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_array_begin(w);
	rpc_answer_in_pieces(request, w, &show->pieces);
}

static const struct rpc_method subsystem_methods[] = {
	{ .name = "nvmf_create_subsystem",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct create_subsystem, create_subsystem_params),
	  .handler = rpc_nvmf_create_subsystem,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Create an NVMe-oF subsystem" },
	{ .name = "nvmf_delete_subsystem",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct subsystem_name, delete_subsystem_params),
	  .handler = rpc_nvmf_delete_subsystem,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Disconnect a subsystem's hosts and delete it" },
	{ .name = "nvmf_get_subsystems",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_OBSERVE,
	  RPC_PARAMS(struct subsystem_name, get_subsystems_params),
	  .handler = rpc_nvmf_get_subsystems,
	  .result = RPC_RESULT_ARRAY,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "The subsystems with all that hangs on them" },
};

const struct rpc_table nvmf_subsystem_rpc_table = RPC_TABLE(subsystem_methods);
