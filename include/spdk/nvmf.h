/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The NVMe over Fabrics target: targets, subsystems, namespaces, hosts, listeners, transports.
 *
 * A target belongs to the thread that created it, the target thread, on which all of its
 * configuration happens. I/O runs on the threads that have a poll group.
 */

#ifndef SPDK_NVMF_H
#define SPDK_NVMF_H

#include "basalt/deprecated.h"
#include "spdk/assert.h"
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
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvmf_target_opts) == 296, "the size is interface");

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
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvmf_transport_opts) == 88, "the size is interface");

struct spdk_nvmf_listen_opts {
	size_t opts_size;
	const struct spdk_json_val *transport_specific;
	bool secure_channel;
	uint8_t reserved1[3];
	enum spdk_nvme_ana_state ana_state;
	char *sock_impl;
} __attribute__((packed));
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvmf_listen_opts) == 32, "the size is interface");

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
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvmf_subsystem_opts) == 345, "the size is interface");

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
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvmf_referral_opts) == 576, "the size is interface");

struct spdk_nvmf_host_opts {
	size_t size;
	const struct spdk_json_val *params;
	struct spdk_key *dhchap_key;
	struct spdk_key *dhchap_ctrlr_key;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvmf_host_opts) == 32, "the size is interface");

struct spdk_nvmf_subsystem_key_opts {
	size_t size;
	struct spdk_key *dhchap_key;
	struct spdk_key *dhchap_ctrlr_key;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvmf_subsystem_key_opts) == 24, "the size is interface");

struct spdk_nvmf_listener_opts {
	size_t opts_size;
	bool secure_channel;
	uint8_t reserved1[3];
	enum spdk_nvme_ana_state ana_state;
	char *sock_impl;
} __attribute__((packed));
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvmf_listener_opts) == 24, "the size is interface");

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
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvmf_ns_opts) == 73, "the size is interface");

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
	int (*ptpl_store)(const struct spdk_nvmf_ns *ns,
	                  const struct spdk_nvmf_reservation_info *info);
	int (*ptpl_load)(const struct spdk_nvmf_ns *ns, struct spdk_nvmf_reservation_info *info);
};

typedef bool (*spdk_nvmf_custom_discovery_filter)(
        const struct spdk_nvme_transport_id *listener_trid,
        const struct spdk_nvme_transport_id *discovery_cmd_source_trid);

typedef void (*spdk_nvmf_tgt_subsystem_listen_done_fn)(void *ctx, int status);

typedef void(spdk_nvmf_tgt_destroy_done_fn)(void *ctx, int status);

typedef void (*spdk_nvmf_poll_group_destroy_done_fn)(void *cb_arg, int status);

typedef void (*nvmf_qpair_disconnect_cb)(void *ctx);

typedef void (*nvmf_subsystem_destroy_cb)(void *cb_arg);

typedef void (*spdk_nvmf_subsystem_state_change_done)(struct spdk_nvmf_subsystem *subsystem,
                                                      void *cb_arg, int status);

typedef void (*spdk_nvmf_transport_create_done_cb)(void *cb_arg,
                                                   struct spdk_nvmf_transport *transport);

typedef void (*spdk_nvmf_transport_destroy_done_cb)(void *cb_arg);

typedef void (*spdk_nvmf_tgt_add_transport_done_fn)(void *cb_arg, int status);

typedef void (*spdk_nvmf_tgt_pause_polling_cb_fn)(void *cb_arg, int status);

typedef void (*spdk_nvmf_tgt_resume_polling_cb_fn)(void *cb_arg, int status);

/**
 * Fill \p opts with defaults: no secure channel, default socket implementation.
 * \param opts_size sizeof(*opts) of the caller; only so many bytes are written. Any thread.
 */
void spdk_nvmf_listen_opts_init(struct spdk_nvmf_listen_opts *opts, size_t opts_size);

/**
 * Fill \p opts with the defaults of a subsystem of \p type: 32 namespaces for an NVMe one.
 * \param opts_size sizeof(*opts) of the caller; only so many bytes are written. Any thread.
 */
void spdk_nvmf_subsystem_opts_init(enum spdk_nvmf_subtype type,
                                   struct spdk_nvmf_subsystem_opts *opts, size_t opts_size);

/**
 * Name another discovery service in the discovery log of \p tgt. Target thread.
 * \param opts copied; an empty subnqn is the well-known discovery NQN.
 * \return 0, also when it is named already; -EINVAL: not an NQN; -ENOMEM.
 */
int
spdk_nvmf_tgt_add_referral(struct spdk_nvmf_tgt *tgt, const struct spdk_nvmf_referral_opts *opts);

/**
 * Take back spdk_nvmf_tgt_add_referral(): the same address and NQN. Target thread.
 * \return 0, -ENOENT.
 */
int spdk_nvmf_tgt_remove_referral(struct spdk_nvmf_tgt *tgt,
                                  const struct spdk_nvmf_referral_opts *opts);

/** The first referral of \p tgt, or NULL. Target thread. */
struct spdk_nvmf_referral *spdk_nvmf_tgt_get_first_referral(struct spdk_nvmf_tgt *tgt);

/** The referral behind \p prev_referral, or NULL. Target thread. */
struct spdk_nvmf_referral *
spdk_nvmf_tgt_referral_get_next(struct spdk_nvmf_tgt *tgt,
                                struct spdk_nvmf_referral *prev_referral);

/** Address and NQN of a referral; valid until it is removed. Target thread. */
const struct spdk_nvme_transport_id *
spdk_nvmf_referral_get_trid(struct spdk_nvmf_referral *referral);

/**
 * Create a target; it belongs to the calling thread from then on.
 * \param opts copied; its size says which fields are there. The name must be unlike that of
 *   other targets.
 * \return NULL: the name is taken or too long, max_subsystems is above 65536, or no memory.
 */
struct spdk_nvmf_tgt *spdk_nvmf_tgt_create(struct spdk_nvmf_target_opts *opts);

/**
 * Destroy a target whose subsystems are stopped and whose poll groups are destroyed; its
 * subsystems and transports go with it. Target thread.
 * \param cb_fn called once at the end, perhaps within this call, with -EAGAIN when a subsystem
 *   still runs: nothing was destroyed then but subsystems before it. May be NULL.
 */
void
spdk_nvmf_tgt_destroy(struct spdk_nvmf_tgt *tgt, spdk_nvmf_tgt_destroy_done_fn cb_fn, void *cb_arg);

/** Name of \p tgt; the target's memory. Any thread. */
const char *spdk_nvmf_tgt_get_name(struct spdk_nvmf_tgt *tgt);

/** The target with \p name; with NULL the only one, NULL when there are several. Target thread. */
struct spdk_nvmf_tgt *spdk_nvmf_get_tgt(const char *name);

/** The first target, or NULL. Target thread. */
struct spdk_nvmf_tgt *spdk_nvmf_get_first_tgt(void);

/** The target behind \p prev, or NULL. Target thread. */
struct spdk_nvmf_tgt *spdk_nvmf_get_next_tgt(struct spdk_nvmf_tgt *prev);

/**
 * Write the RPC calls that make \p tgt as it is, as elements of the array that is open in \p w.
 * Target thread.
 */
void spdk_nvmf_tgt_write_config_json(struct spdk_json_write_ctx *w, struct spdk_nvmf_tgt *tgt);

/**
 * Accept connections on an address, for whichever subsystems have a listener there. Counted:
 * each call needs a spdk_nvmf_tgt_stop_listen(). Target thread.
 * \param opts may be NULL; copied.
 * \return 0; -EINVAL: no such transport in the target, or the address is wrong; -EADDRINUSE,
 *   -EACCES, -ENOMEM and other errors of the socket.
 */
int spdk_nvmf_tgt_listen_ext(struct spdk_nvmf_tgt *tgt, const struct spdk_nvme_transport_id *trid,
                             struct spdk_nvmf_listen_opts *opts);

/**
 * Take back one spdk_nvmf_tgt_listen_ext(). Connections that exist stay. Target thread.
 * \return 0, -EINVAL: no such transport, -ENOENT: nobody listens there.
 */
int spdk_nvmf_tgt_stop_listen(struct spdk_nvmf_tgt *tgt, const struct spdk_nvme_transport_id *trid);

/**
 * Make the calling thread serve queue pairs of \p tgt. One group a thread: a second call returns
 * the same.
 * \return NULL: no memory, or a transport or bdev refused.
 */
struct spdk_nvmf_poll_group *spdk_nvmf_poll_group_create(struct spdk_nvmf_tgt *tgt);

/** The poll group that the transport prefers for \p qpair, or NULL for any. Any thread. */
struct spdk_nvmf_poll_group *spdk_nvmf_get_optimal_poll_group(struct spdk_nvmf_qpair *qpair);

/**
 * Disconnect the group's queue pairs and free it. On its thread.
 * \param cb_fn called once on that thread, after the last queue pair has gone; must not be NULL.
 */
void spdk_nvmf_poll_group_destroy(struct spdk_nvmf_poll_group *group,
                                  spdk_nvmf_poll_group_destroy_done_fn cb_fn, void *cb_arg);

/**
 * Put a queue pair that belongs to no group yet into \p group. On the group's thread.
 * \return 0, -ENODEV: the group has no such transport, or is being destroyed; -1: the transport
 *   refused.
 */
int spdk_nvmf_poll_group_add(struct spdk_nvmf_poll_group *group, struct spdk_nvmf_qpair *qpair);

/**
 * Begin to disconnect \p qpair, and with an admin queue its whole controller. Commands in the
 * bdev are waited for, so that when it is gone nothing of it can reach media; after 15 s they are
 * aborted, after 20 s the bdev is reset. On the thread of its poll group.
 * \return 0, -EINPROGRESS: it is being disconnected already.
 */
int spdk_nvmf_qpair_disconnect(struct spdk_nvmf_qpair *qpair);

/**
 * The peer's address. On the thread of its poll group. 0, or a negative errno of the transport.
 */
int
spdk_nvmf_qpair_get_peer_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid);

/** Our end's address. On the thread of its poll group. 0, or a negative errno of the transport. */
int
spdk_nvmf_qpair_get_local_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid);

/**
 * The address that was listened on, as it was given. On the thread of its poll group. 0, or a
 * negative errno of the transport.
 */
int
spdk_nvmf_qpair_get_listen_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid);

/**
 * Create a subsystem; it is inactive, without hosts, listeners and namespaces. Target thread.
 * \param opts may be NULL; copied as far as its opts_size says. ANA reporting, passthrough and
 *   subsystem reset are refused.
 * \return NULL: the NQN is not valid or taken, an option is wrong, the target is full, or no
 *   memory; the log says which.
 */
struct spdk_nvmf_subsystem *
spdk_nvmf_subsystem_create_ext(struct spdk_nvmf_tgt *tgt, const char *nqn,
                               enum spdk_nvmf_subtype type,
                               const struct spdk_nvmf_subsystem_opts *opts);

/** Options of \p subsystem; its memory. Any thread. */
const struct spdk_nvmf_subsystem_opts *
spdk_nvmf_subsystem_get_opts(const struct spdk_nvmf_subsystem *subsystem);

/**
 * Free an inactive subsystem with its hosts, listeners and namespaces. Target thread.
 * \param cpl_cb called when, and only when, -EINPROGRESS was returned.
 * \return 0: it is gone; -EINPROGRESS: soon; -EAGAIN: it is not inactive; -EALREADY.
 */
int spdk_nvmf_subsystem_destroy(struct spdk_nvmf_subsystem *subsystem,
                                nvmf_subsystem_destroy_cb cpl_cb, void *cpl_cb_arg);

/**
 * Let hosts connect. Target thread.
 * \param cb_fn called once, perhaps within this call, with 0 or a negative errno (inactive
 *   again). May be NULL.
 * \return 0, -EBUSY and no callback: its state is changing.
 */
int spdk_nvmf_subsystem_start(struct spdk_nvmf_subsystem *subsystem,
                              spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg);

/**
 * Disconnect all hosts; when nothing of theirs runs any more the subsystem is inactive. Target
 * thread.
 * \param cb_fn called once, perhaps within this call. May be NULL.
 * \return 0, -EBUSY and no callback: its state is changing.
 */
int spdk_nvmf_subsystem_stop(struct spdk_nvmf_subsystem *subsystem,
                             spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg);

/**
 * Hold admin commands of all hosts, and I/O of namespace \p nsid (0: of none,
 * SPDK_NVME_GLOBAL_NS_TAG: of all), until spdk_nvmf_subsystem_resume(); commands that come
 * meanwhile wait. Target thread.
 * \param cb_fn called once when what ran has completed. May be NULL.
 * \return 0; -EBUSY: its state is changing; -EINVAL: it is not active; no callback then.
 */
int spdk_nvmf_subsystem_pause(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid,
                              spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg);

/**
 * End a pause; namespaces that were added or removed count from here on. Target thread.
 * \param cb_fn called once; a negative errno says that a namespace could not be opened on some
 *   thread. May be NULL.
 * \return 0; -EBUSY: its state is changing; -EINVAL: it is not paused; no callback then.
 */
int spdk_nvmf_subsystem_resume(struct spdk_nvmf_subsystem *subsystem,
                               spdk_nvmf_subsystem_state_change_done cb_fn, void *cb_arg);

/** The subsystem with \p subnqn, or NULL. Target thread. */
struct spdk_nvmf_subsystem *
spdk_nvmf_tgt_find_subsystem(struct spdk_nvmf_tgt *tgt, const char *subnqn);

/** The first subsystem of \p tgt, or NULL. Target thread. */
struct spdk_nvmf_subsystem *spdk_nvmf_subsystem_get_first(struct spdk_nvmf_tgt *tgt);

/** The subsystem behind \p subsystem, or NULL. Target thread. */
struct spdk_nvmf_subsystem *spdk_nvmf_subsystem_get_next(struct spdk_nvmf_subsystem *subsystem);

/**
 * Let the host with \p hostnqn connect. Target thread.
 * \param params options of transports: none has any; may be NULL.
 * \return 0, -EINVAL: not an NQN, -EEXIST, -ENOMEM.
 */
int spdk_nvmf_subsystem_add_host(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn,
                                 const struct spdk_json_val *params);

/**
 * Refuse the host from its next Connect on; what it has connected stays until
 * spdk_nvmf_subsystem_disconnect_host(). Target thread.
 * \return 0, -ENOENT.
 */
int spdk_nvmf_subsystem_remove_host(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn);

/**
 * Disconnect all queues that a host has to \p subsystem. Target thread.
 * \param cb_fn called once: 0 when they are gone, -ETIMEDOUT when they are not after \p
 *   timeout_ms (0: no limit), -ENOMEM (perhaps within this call).
 * \return 0, -ENOMEM and no callback.
 */
int spdk_nvmf_subsystem_disconnect_host(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn,
                                        spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn, void *cb_arg,
                                        uint64_t timeout_ms);

/**
 * Let any host connect, or only those of the list; holds from the next Connect on. Target
 * thread. Always 0.
 */
int
spdk_nvmf_subsystem_set_allow_any_host(struct spdk_nvmf_subsystem *subsystem, bool allow_any_host);

/** May any host connect? Target thread. */
bool spdk_nvmf_subsystem_get_allow_any_host(const struct spdk_nvmf_subsystem *subsystem);

/** May the host with \p hostnqn connect? Target thread. */
bool spdk_nvmf_subsystem_host_allowed(struct spdk_nvmf_subsystem *subsystem, const char *hostnqn);

/** The first host of the list, or NULL. Target thread. */
struct spdk_nvmf_host *spdk_nvmf_subsystem_get_first_host(struct spdk_nvmf_subsystem *subsystem);

/** The host behind \p prev_host, or NULL. Target thread. */
struct spdk_nvmf_host *spdk_nvmf_subsystem_get_next_host(struct spdk_nvmf_subsystem *subsystem,
                                                         struct spdk_nvmf_host *prev_host);

/** NQN of a host of the list; the host's memory. */
const char *spdk_nvmf_host_get_nqn(const struct spdk_nvmf_host *host);

/** spdk_nvmf_subsystem_add_listener_ext() with default options. */
void spdk_nvmf_subsystem_add_listener(struct spdk_nvmf_subsystem *subsystem,
                                      const struct spdk_nvme_transport_id *trid,
                                      spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn, void *cb_arg);

/**
 * Fill \p opts with defaults: no secure channel, ANA optimized.
 * \param size sizeof(*opts) of the caller; only so many bytes are written. Any thread.
 */
void spdk_nvmf_subsystem_listener_opts_init(struct spdk_nvmf_listener_opts *opts, size_t size);

/**
 * Let \p subsystem be reached through an address that the target listens on
 * (spdk_nvmf_tgt_listen_ext()), and name it in the discovery log. Target thread.
 * \param cb_fn called once, within this call: 0, -EEXIST, -EINVAL: nobody listens there,
 *   -ENOTSUP: an option that is not built, -ENOMEM.
 * \param opts may be NULL; copied.
 */
void spdk_nvmf_subsystem_add_listener_ext(struct spdk_nvmf_subsystem *subsystem,
                                          const struct spdk_nvme_transport_id *trid,
                                          spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn,
                                          void *cb_arg, struct spdk_nvmf_listener_opts *opts);

/**
 * Take back spdk_nvmf_subsystem_add_listener_ext(); connections stay. The address itself stays
 * open until spdk_nvmf_tgt_stop_listen(). Target thread.
 * \return 0, -ENOENT.
 */
int spdk_nvmf_subsystem_remove_listener(struct spdk_nvmf_subsystem *subsystem,
                                        const struct spdk_nvme_transport_id *trid);

/** May \p subsystem be reached through \p trid? Target thread. */
bool spdk_nvmf_subsystem_listener_allowed(struct spdk_nvmf_subsystem *subsystem,
                                          const struct spdk_nvme_transport_id *trid);

/** The first listener of \p subsystem, or NULL. Target thread. */
struct spdk_nvmf_subsystem_listener *
spdk_nvmf_subsystem_get_first_listener(struct spdk_nvmf_subsystem *subsystem);

/** The listener behind \p prev_listener, or NULL. Target thread. */
struct spdk_nvmf_subsystem_listener *
spdk_nvmf_subsystem_get_next_listener(struct spdk_nvmf_subsystem *subsystem,
                                      struct spdk_nvmf_subsystem_listener *prev_listener);

/** Address of a listener; its memory. Target thread. */
const struct spdk_nvme_transport_id *
spdk_nvmf_subsystem_listener_get_trid(struct spdk_nvmf_subsystem_listener *listener);

/**
 * Let \p subsystem be reached through any address of the target, or only through its listeners.
 * Target thread.
 */
void spdk_nvmf_subsystem_allow_any_listener(struct spdk_nvmf_subsystem *subsystem,
                                            bool allow_any_listener);

/** What spdk_nvmf_subsystem_allow_any_listener() said. Target thread. */
bool spdk_nvmf_subsystem_any_listener_allowed(struct spdk_nvmf_subsystem *subsystem);

/**
 * Which ids controllers get, 1 to 0xffef. Target thread.
 * \return 0, -EAGAIN: the subsystem is not inactive, -EINVAL.
 */
int spdk_nvmf_subsystem_set_cntlid_range(struct spdk_nvmf_subsystem *subsystem, uint16_t min_cntlid,
                                         uint16_t max_cntlid);

/**
 * Fill \p opts with zeroes: the first free NSID, the bdev's UUID.
 * \param opts_size sizeof(*opts) of the caller; only so many bytes are written. Any thread.
 */
void spdk_nvmf_ns_opts_get_defaults(struct spdk_nvmf_ns_opts *opts, size_t opts_size);

/**
 * Make a bdev a namespace; hosts are told. The subsystem must be inactive or paused, and sees it
 * when resumed. The bdev is claimed. Target thread.
 * \param opts may be NULL; copied as far as \p opts_size says.
 * \param ptpl_file must be NULL: there are no reservations.
 * \return the NSID; 0: the bdev is not there, in use, has metadata or an odd block size, the
 *   NSID is taken or too large, the subsystem is active; the log says which.
 */
uint32_t spdk_nvmf_subsystem_add_ns_ext(struct spdk_nvmf_subsystem *subsystem,
                                        const char *bdev_name, const struct spdk_nvmf_ns_opts *opts,
                                        size_t opts_size, const char *ptpl_file);

/**
 * Remove a namespace; hosts are told. The subsystem must be inactive, or paused for this \p
 * nsid. Target thread.
 * \return 0, -EBUSY: it is neither, -ENOENT.
 */
int spdk_nvmf_subsystem_remove_ns(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid);

/** The namespace with the lowest NSID, or NULL. Target thread. */
struct spdk_nvmf_ns *spdk_nvmf_subsystem_get_first_ns(struct spdk_nvmf_subsystem *subsystem);

/** The namespace behind \p prev_ns, or NULL. Target thread. */
struct spdk_nvmf_ns *spdk_nvmf_subsystem_get_next_ns(struct spdk_nvmf_subsystem *subsystem,
                                                     struct spdk_nvmf_ns *prev_ns);

/** The namespace with \p nsid, or NULL. Target thread. */
struct spdk_nvmf_ns *
spdk_nvmf_subsystem_get_ns(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid);

/** The lowest controller id. Any thread. */
uint16_t spdk_nvmf_subsystem_get_min_cntlid(const struct spdk_nvmf_subsystem *subsystem);

/** The highest controller id. Any thread. */
uint16_t spdk_nvmf_subsystem_get_max_cntlid(const struct spdk_nvmf_subsystem *subsystem);

/** NSID of \p ns. */
uint32_t spdk_nvmf_ns_get_id(const struct spdk_nvmf_ns *ns);

/** The bdev behind \p ns. Target thread. */
struct spdk_bdev *spdk_nvmf_ns_get_bdev(struct spdk_nvmf_ns *ns);

/**
 * Copy the options of \p ns as they count: with the ids that it really has. Target thread.
 * \param opts_size sizeof(*opts) of the caller; only so many bytes are written.
 */
void spdk_nvmf_ns_get_opts(const struct spdk_nvmf_ns *ns, struct spdk_nvmf_ns_opts *opts,
                           size_t opts_size);

/** NQN of \p subsystem; its memory. Any thread. */
const char *spdk_nvmf_subsystem_get_nqn(const struct spdk_nvmf_subsystem *subsystem);

/** Is it a discovery subsystem? Any thread. */
bool spdk_nvmf_subsystem_is_discovery(struct spdk_nvmf_subsystem *subsystem);

/**
 * Fill \p opts with the defaults of a transport.
 * \param opts_size sizeof(*opts) of the caller; only so many bytes are written. Any thread.
 * \return false: there is no such transport.
 */
bool spdk_nvmf_transport_opts_init(const char *transport_name,
                                   struct spdk_nvmf_transport_opts *opts, size_t opts_size);

/**
 * Create a transport, which belongs to no target yet.
 * \param opts from spdk_nvmf_transport_opts_init(); copied. A command moves at most what one
 *   large iobuf buffer holds, even if max_io_size is larger.
 * \return NULL: an option is wrong or no memory; the log says which.
 */
struct spdk_nvmf_transport *
spdk_nvmf_transport_create(const char *transport_name, struct spdk_nvmf_transport_opts *opts);

/**
 * spdk_nvmf_transport_create() with the answer by \p cb_fn, within this call.
 * \return 0: \p cb_fn was called; -EINVAL: it was not, an option is wrong or no memory.
 */
int
spdk_nvmf_transport_create_async(const char *transport_name, struct spdk_nvmf_transport_opts *opts,
                                 spdk_nvmf_transport_create_done_cb cb_fn, void *cb_arg);

/**
 * Close the addresses of a transport that belongs to no target, or whose target's poll groups
 * are gone, and free it. Target thread.
 * \param cb_fn called once, within this call; may be NULL. Always 0.
 */
int spdk_nvmf_transport_destroy(struct spdk_nvmf_transport *transport,
                                spdk_nvmf_transport_destroy_done_cb cb_fn, void *cb_arg);

/** The transport of \p tgt with that name, or NULL. Target thread. */
struct spdk_nvmf_transport *
spdk_nvmf_tgt_get_transport(struct spdk_nvmf_tgt *tgt, const char *transport_name);

/** The first transport of \p tgt, or NULL. Target thread. */
struct spdk_nvmf_transport *spdk_nvmf_transport_get_first(struct spdk_nvmf_tgt *tgt);

/** The transport behind \p transport, or NULL. Target thread. */
struct spdk_nvmf_transport *spdk_nvmf_transport_get_next(struct spdk_nvmf_transport *transport);

/** Options of \p transport; its memory. Any thread. */
const struct spdk_nvmf_transport_opts *
spdk_nvmf_get_transport_opts(struct spdk_nvmf_transport *transport);

/** Type of \p transport. Any thread. */
spdk_nvme_transport_type_t spdk_nvmf_get_transport_type(struct spdk_nvmf_transport *transport);

/** Name of \p transport, such as TCP; its memory. Any thread. */
const char *spdk_nvmf_get_transport_name(struct spdk_nvmf_transport *transport);

/**
 * Give a transport to \p tgt, which destroys it in the end. Target thread.
 * \param cb_fn called once, perhaps within this call: 0; -EEXIST: the target has one of that
 *   name; -ENOMEM; or what a poll group said. After an error the transport is the caller's
 *   again.
 */
void spdk_nvmf_tgt_add_transport(struct spdk_nvmf_tgt *tgt, struct spdk_nvmf_transport *transport,
                                 spdk_nvmf_tgt_add_transport_done_fn cb_fn, void *cb_arg);

/** spdk_nvmf_tgt_listen_ext() for a transport that is known. Target thread. */
int spdk_nvmf_transport_listen(struct spdk_nvmf_transport *transport,
                               const struct spdk_nvme_transport_id *trid,
                               struct spdk_nvmf_listen_opts *opts);

/** spdk_nvmf_tgt_stop_listen() for a transport that is known. Target thread. 0, -ENOENT. */
int spdk_nvmf_transport_stop_listen(struct spdk_nvmf_transport *transport,
                                    const struct spdk_nvme_transport_id *trid);

/** Write the counters of \p group as an object. On the group's thread. */
void
spdk_nvmf_poll_group_dump_stat(struct spdk_nvmf_poll_group *group, struct spdk_json_write_ctx *w);

/**
 * Raise the generation of the discovery log, and tell the hosts that are connected to it: all,
 * or the one with
 * \p hostnqn. Target thread.
 */
void spdk_nvmf_send_discovery_log_notice(struct spdk_nvmf_tgt *tgt, const char *hostnqn);

/* ---- Dropped by SPDK ---- */

/** spdk_nvmf_subsystem_create_ext() with default options but for \p num_ns, the highest namespace
 *  id; 0: the default. */
struct spdk_nvmf_subsystem *
spdk_nvmf_subsystem_create(struct spdk_nvmf_tgt *tgt, const char *nqn, enum spdk_nvmf_subtype type,
                           uint32_t num_ns) BASALT_DEPRECATED("spdk_nvmf_subsystem_create_ext()");

/** Whether the subsystem reports asymmetric access. */
bool spdk_nvmf_subsystem_get_ana_reporting(struct spdk_nvmf_subsystem *subsystem)
        BASALT_DEPRECATED("spdk_nvmf_subsystem_get_opts()");

/** Set that, while the subsystem is inactive: 0, -EAGAIN, or -ENOTSUP for true, which is not built.
 */
int spdk_nvmf_subsystem_set_ana_reporting(struct spdk_nvmf_subsystem *subsystem, bool ana_reporting)
        BASALT_DEPRECATED("spdk_nvmf_subsystem_create_ext()");

/** The highest namespace id of the subsystem. */
uint32_t spdk_nvmf_subsystem_get_max_namespaces(const struct spdk_nvmf_subsystem *subsystem)
        BASALT_DEPRECATED("spdk_nvmf_subsystem_get_opts()");

/** The same. */
uint32_t spdk_nvmf_subsystem_get_max_nsid(struct spdk_nvmf_subsystem *subsystem)
        BASALT_DEPRECATED("spdk_nvmf_subsystem_get_opts()");

/** NVMe, or discovery. */
enum spdk_nvmf_subtype spdk_nvmf_subsystem_get_type(struct spdk_nvmf_subsystem *subsystem)
        BASALT_DEPRECATED("spdk_nvmf_subsystem_get_opts()");

/** The serial number, for as long as the subsystem lives. */
const char *spdk_nvmf_subsystem_get_sn(const struct spdk_nvmf_subsystem *subsystem)
        BASALT_DEPRECATED("spdk_nvmf_subsystem_get_opts()");

/** The model number, for as long as the subsystem lives. */
const char *spdk_nvmf_subsystem_get_mn(const struct spdk_nvmf_subsystem *subsystem)
        BASALT_DEPRECATED("spdk_nvmf_subsystem_get_opts()");

/** Set the serial number: 0, -EAGAIN unless the subsystem is inactive, -EINVAL when it is no
 *  printable ASCII of at most 20 characters. */
int spdk_nvmf_subsystem_set_sn(struct spdk_nvmf_subsystem *subsystem, const char *sn)
        BASALT_DEPRECATED("spdk_nvmf_subsystem_create_ext()");

/** Set the model number, of at most 40 characters, in the same way. */
int spdk_nvmf_subsystem_set_mn(struct spdk_nvmf_subsystem *subsystem, const char *mn)
        BASALT_DEPRECATED("spdk_nvmf_subsystem_create_ext()");

/** spdk_nvmf_subsystem_any_listener_allowed() under the name that it had. */
bool spdk_nvmf_subsytem_any_listener_allowed(struct spdk_nvmf_subsystem *subsystem)
        BASALT_DEPRECATED("spdk_nvmf_subsystem_any_listener_allowed()");

/** The counters of the calling thread's poll group of \p tgt: 0, -EINVAL for a NULL, -ENOMEM. */
int spdk_nvmf_poll_group_get_stat(struct spdk_nvmf_tgt *tgt, struct spdk_nvmf_poll_group_stat *stat)
        BASALT_DEPRECATED("spdk_nvmf_poll_group_dump_stat()");

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_NVMF_H */
