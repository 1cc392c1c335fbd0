/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What the RPC files of the target share: finding what a request names, addresses, steps that pause
 * a subsystem.
 */

#ifndef NVMF_RPC_H
#define NVMF_RPC_H

#include "nvmf_internal.h"

#include "spdk/json.h"
#include "spdk_internal/rpc_table.h"

/** Elements of a list that one piece of an answer has at most. */
#define NVMF_PER_PIECE 16u

#define RPC_NVMF_CODE SPDK_JSONRPC_ERROR_INVALID_PARAMS

/** An address as requests give it. */
struct rpc_nvmf_address {
	char *trtype;
	char *adrfam;
	char *traddr;
	char *trsvcid;
};

extern const struct rpc_object rpc_nvmf_address_object;

#define RPC_TGT_NAME(ctype, flags_) \
	RPC_PARAM(ctype, tgt_name, RPC_STRING, .help = "Name of the target", \
	          .cli = RPC_OPTION(flags_))
#define RPC_NQN(ctype) \
	RPC_PARAM(ctype, nqn, RPC_STRING, .required = true, .help = "NQN of the subsystem", \
	          .cli = RPC_POSITIONAL)

/** The target named, or the only one. NULL: \p request was answered with \p code. */
struct spdk_nvmf_tgt *
rpc_nvmf_get_tgt(struct spdk_jsonrpc_request *request, const char *name, int code);
/** The subsystem named. NULL: \p request was answered. */
struct spdk_nvmf_subsystem *
rpc_nvmf_get_subsystem(struct spdk_jsonrpc_request *request, const char *tgt_name, const char *nqn);
/** 0 and the address, or -EINVAL and \p request was answered. */
int rpc_nvmf_get_trid(struct spdk_jsonrpc_request *request, const struct rpc_nvmf_address *address,
                      struct spdk_nvme_transport_id *trid);
/** {"trtype", "adrfam", "traddr", "trsvcid"} under \p name. */
void rpc_nvmf_write_trid(struct spdk_json_write_ctx *w, const char *name,
                         const struct spdk_nvme_transport_id *trid);
/** The members of such an object. */
void rpc_nvmf_write_trid_members(struct spdk_json_write_ctx *w,
                                 const struct spdk_nvme_transport_id *trid);

#endif /* NVMF_RPC_H */
