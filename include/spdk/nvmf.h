/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * TODO(doc)
 */

#ifndef SPDK_NVMF_H
#define SPDK_NVMF_H

#include "spdk/stdinc.h"
#include "spdk/nvme.h"
#include "spdk/nvme_spec.h"
#include "spdk/nvmf_spec.h"
#include "spdk/uuid.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define NVMF_TGT_NAME_MAX_LENGTH 256
#define SPDK_TLS_PSK_MAX_LEN 200
#define SPDK_NVMF_MAX_NUM_REGISTRANTS 16

struct spdk_bdev;
struct spdk_json_val;
struct spdk_json_write_ctx;
struct spdk_key;
struct spdk_nvme_cdata_fuses;
struct spdk_nvme_cdata_oncs;
struct spdk_nvme_rdma_hooks;
struct spdk_nvme_transport_id;
struct spdk_nvmf_host;
struct spdk_nvmf_host_opts;
struct spdk_nvmf_listen_opts;
struct spdk_nvmf_listener_opts;
struct spdk_nvmf_ns;
struct spdk_nvmf_ns_opts;
struct spdk_nvmf_ns_reservation_ops;
struct spdk_nvmf_poll_group;
struct spdk_nvmf_poll_group_stat;
struct spdk_nvmf_qpair;
struct spdk_nvmf_referral;
struct spdk_nvmf_referral_opts;
struct spdk_nvmf_registrant_info;
struct spdk_nvmf_reservation_info;
struct spdk_nvmf_subsystem;
struct spdk_nvmf_subsystem_key_opts;
struct spdk_nvmf_subsystem_listener;
struct spdk_nvmf_subsystem_opts;
struct spdk_nvmf_target_opts;
struct spdk_nvmf_tgt;
struct spdk_nvmf_transport;
struct spdk_nvmf_transport_opts;
struct spdk_uuid;

enum spdk_nvmf_tgt_discovery_filter {
	SPDK_NVMF_TGT_DISCOVERY_FILTER_ANY = 0,
	SPDK_NVMF_TGT_DISCOVERY_FILTER_TYPE = 1,
	SPDK_NVMF_TGT_DISCOVERY_FILTER_ADDRESS = 2,
	SPDK_NVMF_TGT_DISCOVERY_FILTER_SVCID = 3,
	SPDK_NVMF_TGT_DISCOVERY_FILTER_CUSTOM = 4,
};

enum spdk_nvmf_subsystem_dup_host_policy {
	SPDK_NVMF_SUBSYSTEM_DUP_HOST_POLICY_ALLOW = 0,
	SPDK_NVMF_SUBSYSTEM_DUP_HOST_POLICY_RESTRICT_PER_LISTENER = 1,
};

struct spdk_nvmf_target_opts {
	size_t size;
	char name[NVMF_TGT_NAME_MAX_LENGTH];
	uint32_t max_subsystems;
	uint16_t crdt[3];
	uint32_t discovery_filter;
	uint32_t dhchap_digests;
	uint32_t dhchap_dhgroups;
	enum spdk_nvmf_subsystem_dup_host_policy dup_host_policy;
};

struct spdk_nvmf_transport_opts {
	uint16_t max_queue_depth;
	uint16_t max_qpairs_per_ctrlr;
	uint32_t in_capsule_data_size;
	uint32_t max_io_size;
	uint32_t io_unit_size;
	uint32_t max_aq_depth;
	uint32_t num_shared_buffers;
	union {
		uint32_t buf_cache_size;
		uint32_t iobuf_small_cache_size;
	};
	bool dif_insert_or_strip;
	bool disable_command_passthru;
	uint8_t reserved30[2];
	uint32_t abort_timeout_sec;
	uint32_t association_timeout;
	const struct spdk_json_val *transport_specific;
	size_t opts_size;
	uint32_t acceptor_poll_rate;
	bool zcopy;
	uint8_t reserved61[3];
	uint32_t ack_timeout;
	uint32_t data_wr_pool_size;
	uint32_t min_kato;
	uint16_t kas;
	struct spdk_nvme_cdata_oncs oncs;
	struct spdk_nvme_cdata_fuses fuses;
	uint8_t reserved82[2];
	uint32_t iobuf_large_cache_size;
} __attribute__((packed));

struct spdk_nvmf_listen_opts {
	size_t opts_size;
	const struct spdk_json_val *transport_specific;
	bool secure_channel;
	uint8_t reserved1[3];
	enum spdk_nvme_ana_state ana_state;
	char *sock_impl;
} __attribute__((packed));

struct spdk_nvmf_subsystem_opts {
	size_t opts_size;
	enum spdk_nvmf_subtype type;
	union {
		uint32_t max_namespaces;
		uint32_t max_nsid;
	};
	char sn[SPDK_NVME_CTRLR_SN_LEN + 1];
	char mn[SPDK_NVME_CTRLR_MN_LEN + 1];
	bool ana_reporting;
	bool passthrough;
	bool enable_nssr;
	uint8_t reserved81[2];
	uint8_t wzsl;
	uint32_t dmrsl;
	char admin_label[SPDK_NVMF_ADMIN_LABEL_MAX_LEN + 1];
} __attribute__((packed));

struct spdk_nvmf_poll_group_stat {
	uint32_t admin_qpairs;
	uint32_t io_qpairs;
	uint32_t current_admin_qpairs;
	uint32_t current_io_qpairs;
	uint64_t pending_bdev_io;
	uint64_t completed_nvme_io;
};

struct spdk_nvmf_referral_opts {
	size_t size;
	struct spdk_nvme_transport_id trid;
	bool secure_channel;
	bool allow_any_host;
};

struct spdk_nvmf_host_opts {
	size_t size;
	const struct spdk_json_val *params;
	struct spdk_key *dhchap_key;
	struct spdk_key *dhchap_ctrlr_key;
};

struct spdk_nvmf_subsystem_key_opts {
	size_t size;
	struct spdk_key *dhchap_key;
	struct spdk_key *dhchap_ctrlr_key;
};

struct spdk_nvmf_listener_opts {
	size_t opts_size;
	bool secure_channel;
	uint8_t reserved1[3];
	enum spdk_nvme_ana_state ana_state;
	char *sock_impl;
} __attribute__((packed));

struct spdk_nvmf_ns_opts {
	uint32_t nsid;
	uint8_t nguid[16];
	uint8_t eui64[8];
	struct spdk_uuid uuid;
	uint8_t reserved44[4];
	size_t opts_size;
	uint32_t anagrpid;
	bool no_auto_visible;
	uint8_t reserved61[3];
	const struct spdk_json_val *transport_specific;
	bool hide_metadata;
} __attribute__((packed));

struct spdk_nvmf_registrant_info {
	uint64_t rkey;
	char host_uuid[SPDK_UUID_STRING_LEN];
};

struct spdk_nvmf_reservation_info {
	uint64_t crkey;
	uint8_t rtype;
	uint8_t ptpl_activated;
	char bdev_uuid[SPDK_UUID_STRING_LEN];
	char holder_uuid[SPDK_UUID_STRING_LEN];
	uint8_t reserved[3];
	uint8_t num_regs;
	struct spdk_nvmf_registrant_info registrants[SPDK_NVMF_MAX_NUM_REGISTRANTS];
};

struct spdk_nvmf_ns_reservation_ops {
	bool (*is_ptpl_capable)(const struct spdk_nvmf_ns *ns);
	int (*ptpl_store)(const struct spdk_nvmf_ns *ns, const struct spdk_nvmf_reservation_info *info);
	int (*ptpl_load)(const struct spdk_nvmf_ns *ns, struct spdk_nvmf_reservation_info *info);
};

typedef bool (*spdk_nvmf_custom_discovery_filter)(const struct spdk_nvme_transport_id *listener_trid, const struct spdk_nvme_transport_id *discovery_cmd_source_trid);

typedef void (*spdk_nvmf_tgt_subsystem_listen_done_fn)(void *ctx, int status);

typedef void (spdk_nvmf_tgt_destroy_done_fn)(void *ctx, int status);

typedef void(*spdk_nvmf_poll_group_destroy_done_fn)(void *cb_arg, int status);

typedef void (*nvmf_qpair_disconnect_cb)(void *ctx);

typedef void (*nvmf_subsystem_destroy_cb)(void *cb_arg);

typedef void (*spdk_nvmf_subsystem_state_change_done)(struct spdk_nvmf_subsystem *subsystem, void *cb_arg, int status);

typedef void (*spdk_nvmf_transport_create_done_cb)(void *cb_arg, struct spdk_nvmf_transport *transport);

typedef void (*spdk_nvmf_transport_destroy_done_cb)(void *cb_arg);

typedef void (*spdk_nvmf_tgt_add_transport_done_fn)(void *cb_arg, int status);

typedef void (*spdk_nvmf_tgt_pause_polling_cb_fn)(void *cb_arg, int status);

typedef void (*spdk_nvmf_tgt_resume_polling_cb_fn)(void *cb_arg, int status);

void spdk_nvmf_listen_opts_init(struct spdk_nvmf_listen_opts *opts, size_t opts_size);

void spdk_nvmf_subsystem_opts_init(enum spdk_nvmf_subtype type, struct spdk_nvmf_subsystem_opts *opts, size_t opts_size);

int spdk_nvmf_tgt_add_referral(struct spdk_nvmf_tgt *tgt, const struct spdk_nvmf_referral_opts *opts);

int spdk_nvmf_tgt_remove_referral(struct spdk_nvmf_tgt *tgt, const struct spdk_nvmf_referral_opts *opts);

struct spdk_nvmf_referral *spdk_nvmf_tgt_get_first_referral(struct spdk_nvmf_tgt *tgt);

struct spdk_nvmf_referral *spdk_nvmf_tgt_referral_get_next(struct spdk_nvmf_tgt *tgt, struct spdk_nvmf_referral *prev_referral);

int spdk_nvmf_referral_add_host(struct spdk_nvmf_referral *referral, const char *hostnqn);

int spdk_nvmf_referral_remove_host(struct spdk_nvmf_referral *referral, const char *hostnqn);

int spdk_nvmf_referral_set_allow_any_host(struct spdk_nvmf_referral *referral, bool allow_any_host);

bool spdk_nvmf_referral_get_allow_any_host(struct spdk_nvmf_referral *referral);

bool spdk_nvmf_referral_host_allowed(struct spdk_nvmf_referral *referral, const char *hostnqn);

struct spdk_nvmf_host *spdk_nvmf_referral_get_first_host(struct spdk_nvmf_referral *referral);

struct spdk_nvmf_host *spdk_nvmf_referral_get_next_host(struct spdk_nvmf_referral *referral, struct spdk_nvmf_host *prev_host);

const struct spdk_nvme_transport_id *spdk_nvmf_referral_get_trid(struct spdk_nvmf_referral *referral);

void spdk_nvmf_set_custom_discovery_filter(spdk_nvmf_custom_discovery_filter filter);

struct spdk_nvmf_tgt *spdk_nvmf_tgt_create(struct spdk_nvmf_target_opts *opts);

void spdk_nvmf_tgt_destroy(struct spdk_nvmf_tgt *tgt, spdk_nvmf_tgt_destroy_done_fn cb_fn, void *cb_arg);

const char *spdk_nvmf_tgt_get_name(struct spdk_nvmf_tgt *tgt);

struct spdk_nvmf_tgt *spdk_nvmf_get_tgt(const char *name);

struct spdk_nvmf_tgt *spdk_nvmf_get_first_tgt(void);

struct spdk_nvmf_tgt *spdk_nvmf_get_next_tgt(struct spdk_nvmf_tgt *prev);

void spdk_nvmf_tgt_write_config_json(struct spdk_json_write_ctx *w, struct spdk_nvmf_tgt *tgt);

int spdk_nvmf_tgt_listen_ext(struct spdk_nvmf_tgt *tgt, const struct spdk_nvme_transport_id *trid, struct spdk_nvmf_listen_opts *opts);

int spdk_nvmf_tgt_stop_listen(struct spdk_nvmf_tgt *tgt, const struct spdk_nvme_transport_id *trid);

struct spdk_nvmf_poll_group *spdk_nvmf_poll_group_create(struct spdk_nvmf_tgt *tgt);

struct spdk_nvmf_poll_group *spdk_nvmf_get_optimal_poll_group(struct spdk_nvmf_qpair *qpair);

void spdk_nvmf_poll_group_destroy(struct spdk_nvmf_poll_group *group, spdk_nvmf_poll_group_destroy_done_fn cb_fn, void *cb_arg);

int spdk_nvmf_poll_group_add(struct spdk_nvmf_poll_group *group, struct spdk_nvmf_qpair *qpair);

int spdk_nvmf_qpair_disconnect(struct spdk_nvmf_qpair *qpair);

int spdk_nvmf_qpair_get_peer_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid);

int spdk_nvmf_qpair_get_local_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid);

int spdk_nvmf_qpair_get_listen_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid);

struct spdk_nvmf_subsystem *spdk_nvmf_subsystem_create_ext(struct spdk_nvmf_tgt *tgt, const char *nqn, enum spdk_nvmf_subtype type, const struct spdk_nvmf_subsystem_opts *opts);

const struct spdk_nvmf_subsystem_opts *spdk_nvmf_subsystem_get_opts(const struct spdk_nvmf_subsystem *subsystem);

int spdk_nvmf_subsystem_destroy(struct spdk_nvmf_subsystem *subsystem, nvmf_subsystem_destroy_cb cpl_cb, void *cpl_cb_arg);

int spdk_nvmf_subsystem_start(struct spdk_nvmf_subsystem *subsystem, spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg);

int spdk_nvmf_subsystem_stop(struct spdk_nvmf_subsystem *subsystem, spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg);

int spdk_nvmf_subsystem_stop_for_destroy(struct spdk_nvmf_subsystem *subsystem, spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg);

int spdk_nvmf_subsystem_pause(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid, spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg);

int spdk_nvmf_subsystem_resume(struct spdk_nvmf_subsystem *subsystem, spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg);

struct spdk_nvmf_subsystem *spdk_nvmf_tgt_find_subsystem(struct spdk_nvmf_tgt *tgt, const char *subnqn);

struct spdk_nvmf_subsystem *spdk_nvmf_subsystem_get_first(struct spdk_nvmf_tgt *tgt);

struct spdk_nvmf_subsystem *spdk_nvmf_subsystem_get_next(struct spdk_nvmf_subsystem *subsystem);

int spdk_nvmf_ns_add_host(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid, const char *hostnqn, uint32_t flags);

int spdk_nvmf_ns_remove_host(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid, const char *hostnqn, uint32_t flags);

int spdk_nvmf_subsystem_add_host(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn, const struct spdk_json_val *params);

int spdk_nvmf_subsystem_add_host_ext(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn, struct spdk_nvmf_host_opts *opts);

int spdk_nvmf_subsystem_remove_host(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn);

int spdk_nvmf_subsystem_set_keys(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn, struct spdk_nvmf_subsystem_key_opts *opts);

int spdk_nvmf_subsystem_disconnect_host(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn, spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn, void *cb_arg, uint64_t timeout_ms);

int spdk_nvmf_subsystem_set_allow_any_host(struct spdk_nvmf_subsystem *subsystem, bool allow_any_host);

bool spdk_nvmf_subsystem_get_allow_any_host(const struct spdk_nvmf_subsystem *subsystem);

bool spdk_nvmf_subsystem_host_allowed(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn);

struct spdk_nvmf_host *spdk_nvmf_subsystem_get_first_host(struct spdk_nvmf_subsystem *subsystem);

struct spdk_nvmf_host *spdk_nvmf_subsystem_get_next_host(struct spdk_nvmf_subsystem *subsystem, struct spdk_nvmf_host *prev_host);

const char *spdk_nvmf_host_get_nqn(const struct spdk_nvmf_host *host);

void spdk_nvmf_subsystem_add_listener(struct spdk_nvmf_subsystem *subsystem, const struct spdk_nvme_transport_id *trid, spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn, void *cb_arg);

void spdk_nvmf_subsystem_listener_opts_init(struct spdk_nvmf_listener_opts *opts, size_t size);

void spdk_nvmf_subsystem_add_listener_ext(struct spdk_nvmf_subsystem *subsystem, const struct spdk_nvme_transport_id *trid, spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn, void *cb_arg, struct spdk_nvmf_listener_opts *opts);

int spdk_nvmf_subsystem_remove_listener(struct spdk_nvmf_subsystem *subsystem, const struct spdk_nvme_transport_id *trid);

bool spdk_nvmf_subsystem_listener_allowed(struct spdk_nvmf_subsystem *subsystem, const struct spdk_nvme_transport_id *trid);

struct spdk_nvmf_subsystem_listener *spdk_nvmf_subsystem_get_first_listener(struct spdk_nvmf_subsystem *subsystem);

struct spdk_nvmf_subsystem_listener *spdk_nvmf_subsystem_get_next_listener(struct spdk_nvmf_subsystem *subsystem, struct spdk_nvmf_subsystem_listener *prev_listener);

const struct spdk_nvme_transport_id *spdk_nvmf_subsystem_listener_get_trid(struct spdk_nvmf_subsystem_listener *listener);

void spdk_nvmf_subsystem_allow_any_listener(struct spdk_nvmf_subsystem *subsystem, bool allow_any_listener);

bool spdk_nvmf_subsystem_any_listener_allowed(struct spdk_nvmf_subsystem *subsystem);

void spdk_nvmf_subsystem_set_ana_state(struct spdk_nvmf_subsystem *subsystem, const struct spdk_nvme_transport_id *trid, enum spdk_nvme_ana_state ana_state, uint32_t anagrpid, spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn, void *cb_arg);

int spdk_nvmf_subsystem_get_ana_state(struct spdk_nvmf_subsystem *subsystem, const struct spdk_nvme_transport_id *trid, uint32_t anagrpid, enum spdk_nvme_ana_state *ana_state);

int spdk_nvmf_subsystem_set_ns_ana_group(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid, uint32_t anagrpid);

int spdk_nvmf_subsystem_set_cntlid_range(struct spdk_nvmf_subsystem *subsystem, uint16_t min_cntlid, uint16_t max_cntlid);

void spdk_nvmf_ns_opts_get_defaults(struct spdk_nvmf_ns_opts *opts, size_t opts_size);

uint32_t spdk_nvmf_subsystem_add_ns_ext(struct spdk_nvmf_subsystem *subsystem, const char *bdev_name, const struct spdk_nvmf_ns_opts *opts, size_t opts_size, const char *ptpl_file);

int spdk_nvmf_subsystem_remove_ns(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid);

struct spdk_nvmf_ns *spdk_nvmf_subsystem_get_first_ns(struct spdk_nvmf_subsystem *subsystem);

struct spdk_nvmf_ns *spdk_nvmf_subsystem_get_next_ns(struct spdk_nvmf_subsystem *subsystem, struct spdk_nvmf_ns *prev_ns);

struct spdk_nvmf_ns *spdk_nvmf_subsystem_get_ns(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid);

uint16_t spdk_nvmf_subsystem_get_min_cntlid(const struct spdk_nvmf_subsystem *subsystem);

uint16_t spdk_nvmf_subsystem_get_max_cntlid(const struct spdk_nvmf_subsystem *subsystem);

uint32_t spdk_nvmf_ns_get_id(const struct spdk_nvmf_ns *ns);

struct spdk_bdev *spdk_nvmf_ns_get_bdev(struct spdk_nvmf_ns *ns);

void spdk_nvmf_ns_get_opts(const struct spdk_nvmf_ns *ns, struct spdk_nvmf_ns_opts *opts, size_t opts_size);

const char *spdk_nvmf_subsystem_get_nqn(const struct spdk_nvmf_subsystem *subsystem);

bool spdk_nvmf_subsystem_is_discovery(struct spdk_nvmf_subsystem *subsystem);

bool spdk_nvmf_transport_opts_init(const char *transport_name, struct spdk_nvmf_transport_opts *opts, size_t opts_size);

struct spdk_nvmf_transport *spdk_nvmf_transport_create(const char *transport_name, struct spdk_nvmf_transport_opts *opts);

int spdk_nvmf_transport_create_async(const char *transport_name, struct spdk_nvmf_transport_opts *opts, spdk_nvmf_transport_create_done_cb cb_fn, void *cb_arg);

int spdk_nvmf_transport_destroy(struct spdk_nvmf_transport *transport, spdk_nvmf_transport_destroy_done_cb cb_fn, void *cb_arg);

struct spdk_nvmf_transport *spdk_nvmf_tgt_get_transport(struct spdk_nvmf_tgt *tgt, const char *transport_name);

struct spdk_nvmf_transport *spdk_nvmf_transport_get_first(struct spdk_nvmf_tgt *tgt);

struct spdk_nvmf_transport *spdk_nvmf_transport_get_next(struct spdk_nvmf_transport *transport);

const struct spdk_nvmf_transport_opts *spdk_nvmf_get_transport_opts(struct spdk_nvmf_transport *transport);

spdk_nvme_transport_type_t spdk_nvmf_get_transport_type(struct spdk_nvmf_transport *transport);

const char *spdk_nvmf_get_transport_name(struct spdk_nvmf_transport *transport);

void spdk_nvmf_tgt_add_transport(struct spdk_nvmf_tgt *tgt, struct spdk_nvmf_transport *transport, spdk_nvmf_tgt_add_transport_done_fn cb_fn, void *cb_arg);

int spdk_nvmf_tgt_pause_polling(struct spdk_nvmf_tgt *tgt, spdk_nvmf_tgt_pause_polling_cb_fn cb_fn, void *cb_arg);

int spdk_nvmf_tgt_resume_polling(struct spdk_nvmf_tgt *tgt, spdk_nvmf_tgt_resume_polling_cb_fn cb_fn, void *cb_arg);

int spdk_nvmf_transport_listen(struct spdk_nvmf_transport *transport, const struct spdk_nvme_transport_id *trid, struct spdk_nvmf_listen_opts *opts);

int spdk_nvmf_transport_stop_listen(struct spdk_nvmf_transport *transport, const struct spdk_nvme_transport_id *trid);

int spdk_nvmf_transport_stop_listen_async(struct spdk_nvmf_transport *transport, const struct spdk_nvme_transport_id *trid, struct spdk_nvmf_subsystem *subsystem, spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn, void *cb_arg);

void spdk_nvmf_poll_group_dump_stat(struct spdk_nvmf_poll_group *group, struct spdk_json_write_ctx *w);

void spdk_nvmf_rdma_init_hooks(struct spdk_nvme_rdma_hooks *hooks);

void spdk_nvmf_set_custom_ns_reservation_ops(const struct spdk_nvmf_ns_reservation_ops *ops);

void spdk_nvmf_send_discovery_log_notice(struct spdk_nvmf_tgt *tgt, const char *hostnqn);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_NVMF_H */
