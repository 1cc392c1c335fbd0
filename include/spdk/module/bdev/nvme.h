/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Options of bdevs on NVMe controllers. The module is not built yet, and so are its functions.
 */

#ifndef SPDK_MODULE_BDEV_NVME_H
#define SPDK_MODULE_BDEV_NVME_H

#include "spdk/assert.h"
#include "spdk/nvme.h"
#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct spdk_bdev_nvme_ctrlr;

enum spdk_bdev_nvme_multipath_policy {
	SPDK_BDEV_NVME_MULTIPATH_POLICY_ACTIVE_PASSIVE = 0,
	SPDK_BDEV_NVME_MULTIPATH_POLICY_ACTIVE_ACTIVE = 1,
};

enum spdk_bdev_nvme_multipath_selector {
	SPDK_BDEV_NVME_MULTIPATH_SELECTOR_ROUND_ROBIN = 1,
	SPDK_BDEV_NVME_MULTIPATH_SELECTOR_QUEUE_DEPTH = 2,
};

enum spdk_bdev_timeout_action {
	SPDK_BDEV_NVME_TIMEOUT_ACTION_NONE = 0,
	SPDK_BDEV_NVME_TIMEOUT_ACTION_RESET = 1,
	SPDK_BDEV_NVME_TIMEOUT_ACTION_ABORT = 2,
};

struct spdk_bdev_nvme_ctrlr_opts {
	uint32_t prchk_flags;
	int32_t ctrlr_loss_timeout_sec;
	uint32_t reconnect_delay_sec;
	uint32_t fast_io_fail_timeout_sec;
	bool from_discovery_service;
	const char *psk;
	const char *dhchap_key;
	const char *dhchap_ctrlr_key;
	bool allow_unrecognized_csi;
	bool multipath;
	uint8_t multipath_policy;
	uint8_t multipath_selector;
	uint32_t multipath_min_io;
};

struct spdk_bdev_nvme_path_id {
	struct spdk_nvme_transport_id trid;
	struct spdk_nvme_host_id hostid;
};

struct spdk_bdev_nvme_opts {
	size_t opts_size;
	enum spdk_bdev_timeout_action action_on_timeout;
	uint32_t keep_alive_timeout_ms;
	uint64_t timeout_us;
	uint64_t timeout_admin_us;
	uint32_t transport_retry_count;
	uint32_t arbitration_burst;
	uint32_t low_priority_weight;
	uint32_t medium_priority_weight;
	uint32_t high_priority_weight;
	uint32_t io_queue_requests;
	uint64_t nvme_adminq_poll_period_us;
	uint64_t nvme_ioq_poll_period_us;
	bool delay_cmd_submit;
	uint8_t reserved73[3];
	int32_t bdev_retry_count;
	int32_t ctrlr_loss_timeout_sec;
	uint32_t reconnect_delay_sec;
	uint32_t fast_io_fail_timeout_sec;
	uint8_t transport_ack_timeout;
	bool disable_auto_failback;
	bool generate_uuids;
	uint8_t transport_tos;
	bool nvme_error_stat;
	bool io_path_stat;
	bool allow_accel_sequence;
	uint8_t reserved99[1];
	uint32_t rdma_srq_size;
	uint32_t rdma_max_cq_size;
	uint16_t rdma_cm_event_timeout_ms;
	uint8_t reserved110[2];
	uint32_t dhchap_digests;
	uint32_t dhchap_dhgroups;
	bool rdma_umr_per_io;
	uint8_t reserved121[3];
	uint32_t tcp_connect_timeout_ms;
	bool enable_flush;
	uint8_t multipath_policy;
	uint8_t multipath_selector;
	uint8_t reserved131[1];
	uint32_t multipath_min_io;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_bdev_nvme_opts) == 136, "the size is interface");

/** The end of attaching: how many names of bdevs were filled in, and 0 or a negative errno. */
typedef void (*spdk_bdev_nvme_create_cb)(void *ctx, size_t bdev_count, int rc);

/** The end of setting a policy: 0 or a negative errno. */
typedef void (*spdk_bdev_nvme_set_multipath_policy_cb)(void *cb_arg, int rc);

/** The end of detaching: 0 or a negative errno. */
typedef void (*spdk_bdev_nvme_delete_cb)(void *ctx, int rc);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_MODULE_BDEV_NVME_H */
