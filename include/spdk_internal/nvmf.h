/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What the tree uses of lib/nvmf beyond spdk/nvmf.h.
 */

#ifndef SPDK_INTERNAL_NVMF_H
#define SPDK_INTERNAL_NVMF_H

#include "spdk/nvmf.h"
#include "spdk_internal/rpc_table.h"

/** Names in RPCs: of the bits of discovery_filter, and of enum spdk_nvmf_subsystem_dup_host_policy.
 */
extern const struct rpc_enum_value nvmf_rpc_discovery_filters[];
extern const struct rpc_enum_value nvmf_rpc_dup_host_policies[];

/** Tell the target that its poll groups are there (0) or can't be made. Target thread. */
typedef void (*nvmf_tgt_prepared_fn)(struct spdk_nvmf_tgt *tgt, int status);

/** Make the target's poll groups, then call \p done. */
typedef void (*nvmf_tgt_prepare_fn)(struct spdk_nvmf_tgt *tgt, void *arg,
                                    nvmf_tgt_prepared_fn done);

/**
 * Have \p fn called before the target's first transport is added, so that a target that nobody
 * uses has no poll group. Target thread, before any transport.
 */
void nvmf_tgt_set_prepare(struct spdk_nvmf_tgt *tgt, nvmf_tgt_prepare_fn fn, void *arg);

/** Runs while a subsystem is paused; a status that is not 0 says that it could not be. */
typedef void (*nvmf_paused_fn)(struct spdk_nvmf_subsystem *subsystem, void *arg, int status);

/**
 * Call \p fn with \p subsystem paused for \p nsid (as for spdk_nvmf_subsystem_pause()), or at once
 * when it is inactive, and resume it afterwards. Calls queue up, unlike
 * spdk_nvmf_subsystem_pause(). Target thread.
 * \return 0: \p fn will run once, or -ENOMEM, -EBUSY (too many queued) and it never does.
 */
int nvmf_subsystem_run_paused(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid,
                              nvmf_paused_fn fn, void *arg);

/**
 * Disconnect the controllers of \p subsystem that are of host \p hostnqn (NULL: of any) and came
 * through \p trid (NULL: any address). As spdk_nvmf_subsystem_disconnect_host(). Target thread.
 */
int nvmf_subsystem_disconnect(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn,
                              const struct spdk_nvme_transport_id *trid,
                              spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn, void *cb_arg,
                              uint64_t timeout_ms);

/** Do poll groups of \p tgt come to be, or is a transport on its way into them? Target thread. */
bool nvmf_tgt_is_busy(const struct spdk_nvmf_tgt *tgt);

/** Did the RPC nvmf_create_target make \p tgt? It goes with the program's own. Target thread. */
bool nvmf_tgt_is_of_rpc(const struct spdk_nvmf_tgt *tgt);

/** Is \p subsystem stopped, and not about to start? Target thread. */
bool nvmf_subsystem_is_inactive(const struct spdk_nvmf_subsystem *subsystem);

/** May hosts connect to \p subsystem? Target thread. */
bool nvmf_subsystem_is_active(const struct spdk_nvmf_subsystem *subsystem);

struct rpc_pieces;

/** What spdk_nvmf_tgt_write_config_json() writes, in pieces. The target may go meanwhile. Target
 *  thread. \return NULL when out of memory. */
struct rpc_pieces *nvmf_tgt_config_pieces(struct spdk_nvmf_tgt *tgt);

#endif /* SPDK_INTERNAL_NVMF_H */
