/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the RPC files of the target share. App thread, which is the target thread there. */

#include "nvmf_rpc.h"

static const struct rpc_param address_params[] = {
	RPC_PARAM(struct rpc_nvmf_address, trtype, RPC_STRING, .required = true,
	          .max = SPDK_NVMF_TRSTRING_MAX_LEN, .help = "Transport: tcp",
	          .cli = RPC_OPTION("-t/--trtype")),
	RPC_PARAM(struct rpc_nvmf_address, adrfam, RPC_STRING, .help = "Address family: ipv4, ipv6",
	          .cli = RPC_OPTION("-f/--adrfam")),
	RPC_PARAM(struct rpc_nvmf_address, traddr, RPC_STRING, .required = true,
	          .max = SPDK_NVMF_TRADDR_MAX_LEN, .help = "Address: an IP address",
	          .cli = RPC_OPTION("-a/--traddr")),
	RPC_PARAM(struct rpc_nvmf_address, trsvcid, RPC_STRING, .max = SPDK_NVMF_TRSVCID_MAX_LEN,
	          .help = "Service: a port number", .cli = RPC_OPTION("-s/--trsvcid")),
};

const struct rpc_object rpc_nvmf_address_object = {
	.params = address_params,
	.num_params = SPDK_COUNTOF(address_params),
	.size_bytes = sizeof(struct rpc_nvmf_address),
};

struct spdk_nvmf_tgt *
rpc_nvmf_get_tgt(struct spdk_jsonrpc_request *request, const char *name, int code)
{
	struct spdk_nvmf_tgt *tgt = spdk_nvmf_get_tgt(name);

	if (tgt == NULL && name != NULL) {
		rpc_error(request, code, "tgt_name: there is no target '%s'", name);
	} else if (tgt == NULL) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "there are several targets, or none: say which by tgt_name");
	}
	return tgt;
}

struct spdk_nvmf_subsystem *
rpc_nvmf_get_subsystem(struct spdk_jsonrpc_request *request, const char *tgt_name, const char *nqn)
{
	struct spdk_nvmf_tgt *tgt = rpc_nvmf_get_tgt(request, tgt_name, RPC_NVMF_CODE);
	struct spdk_nvmf_subsystem *subsystem;

	if (tgt == NULL) {
		return NULL;
	}
	subsystem = spdk_nvmf_tgt_find_subsystem(tgt, nqn);
	if (subsystem == NULL) {
		rpc_error(request, RPC_NVMF_CODE, "nqn: there is no subsystem '%s'", nqn);
	}
	return subsystem;
}

static enum spdk_nvmf_adrfam
guess_adrfam(const char *traddr)
{
	return strchr(traddr, ':') != NULL ? SPDK_NVMF_ADRFAM_IPV6 : SPDK_NVMF_ADRFAM_IPV4;
}

int
rpc_nvmf_get_trid(struct spdk_jsonrpc_request *request, const struct rpc_nvmf_address *address,
                  struct spdk_nvme_transport_id *trid)
{
	memset(trid, 0, sizeof(*trid));
	if (spdk_nvme_transport_id_populate_trstring(trid, address->trtype) != 0 ||
	    spdk_nvme_transport_id_parse_trtype(&trid->trtype, address->trtype) != 0) {
		rpc_error(request, RPC_NVMF_CODE, "trtype: '%s' is not a transport",
		          address->trtype);
		return -EINVAL;
	}
	if (address->adrfam == NULL) {
		trid->adrfam = guess_adrfam(address->traddr);
	} else if (spdk_nvme_transport_id_parse_adrfam(&trid->adrfam, address->adrfam) != 0) {
		rpc_error(request, RPC_NVMF_CODE, "adrfam: '%s' is not an address family",
		          address->adrfam);
		return -EINVAL;
	}
	snprintf(trid->traddr, sizeof(trid->traddr), "%s", address->traddr);
	if (address->trsvcid != NULL) {
		snprintf(trid->trsvcid, sizeof(trid->trsvcid), "%s", address->trsvcid);
	}
	return 0;
}

void
rpc_nvmf_write_trid_members(struct spdk_json_write_ctx *w,
                            const struct spdk_nvme_transport_id *trid)
{
	const char *adrfam = spdk_nvme_transport_id_adrfam_str(trid->adrfam);

	spdk_json_write_named_string(w, "trtype", trid->trstring);
	spdk_json_write_named_string(w, "adrfam", adrfam != NULL ? adrfam : "unknown");
	spdk_json_write_named_string(w, "traddr", trid->traddr);
	spdk_json_write_named_string(w, "trsvcid", trid->trsvcid);
}

void
rpc_nvmf_write_trid(struct spdk_json_write_ctx *w, const char *name,
                    const struct spdk_nvme_transport_id *trid)
{
	spdk_json_write_named_object_begin(w, name);
	rpc_nvmf_write_trid_members(w, trid);
	spdk_json_write_object_end(w);
}
