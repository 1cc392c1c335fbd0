/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What a transport of the NVMe over Fabrics target and lib/nvmf owe each other.
 */

#ifndef SPDK_NVMF_TRANSPORT_H
#define SPDK_NVMF_TRANSPORT_H

#include "basalt/deprecated.h"
#include "spdk/stdinc.h"
#include "spdk/bdev.h"
#include "spdk/env.h"
#include "spdk/nvme.h"
#include "spdk/nvme_spec.h"
#include "spdk/nvmf.h"
#include "spdk/nvmf_cmd.h"
#include "spdk/nvmf_spec.h"
#include "spdk/queue.h"
#include "spdk/queue_extras.h"
#include "spdk/thread.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_NVMF_MAX_SGL_ENTRIES 16
#define NVMF_REQ_MAX_BUFFERS 33
#define SPDK_NVMF_MIGR_MAX_PENDING_AERS 256
#define SPDK_NVMF_MAX_ASYNC_EVENTS 4
#define NVMF_DATA_BUFFER_ALIGNMENT 4096
#define NVMF_DATA_BUFFER_MASK 4095
#define SPDK_NVMF_DEFAULT_ACCEPT_POLL_RATE_US 10000
#define MAX_MEMPOOL_NAME_LENGTH 40

/** Register a transport before main(). For transports outside the library. */
#define SPDK_NVMF_TRANSPORT_REGISTER(name, transport_ops) \
	static void __attribute__((constructor)) _spdk_nvmf_transport_register_##name(void) \
	{ \
		spdk_nvmf_transport_register(transport_ops); \
	}

struct spdk_accel_sequence;
struct spdk_bdev_io;
struct spdk_bdev_io_wait_entry;
struct spdk_dif_ctx;
struct spdk_iobuf_channel;
struct spdk_iobuf_entry;
struct spdk_json_val;
struct spdk_json_write_ctx;
struct spdk_memory_domain;
struct spdk_nvme_cdata_fuses;
struct spdk_nvme_cdata_nvmf_specific;
struct spdk_nvme_cdata_oacs;
struct spdk_nvme_cdata_oncs;
struct spdk_nvme_cdata_sgls;
struct spdk_nvme_cmd;
struct spdk_nvme_cpl;
struct spdk_nvme_transport_id;
struct spdk_nvmf_capsule_cmd;
struct spdk_nvmf_ctrlr;
struct spdk_nvmf_ctrlr_data;
struct spdk_nvmf_ctrlr_feat;
struct spdk_nvmf_ctrlr_migr_data;
struct spdk_nvmf_discovery_log_page_entry;
struct spdk_nvmf_fabric_auth_recv_cmd;
struct spdk_nvmf_fabric_auth_send_cmd;
struct spdk_nvmf_fabric_connect_cmd;
struct spdk_nvmf_fabric_connect_rsp;
struct spdk_nvmf_fabric_prop_get_cmd;
struct spdk_nvmf_fabric_prop_get_rsp;
struct spdk_nvmf_fabric_prop_set_cmd;
struct spdk_nvmf_listen_opts;
struct spdk_nvmf_listener;
struct spdk_nvmf_ns;
struct spdk_nvmf_poll_group;
struct spdk_nvmf_poll_group_stat;
struct spdk_nvmf_qpair;
struct spdk_nvmf_qpair_auth;
struct spdk_nvmf_registers;
struct spdk_nvmf_request;
struct spdk_nvmf_subsystem;
struct spdk_nvmf_subsystem_poll_group;
struct spdk_nvmf_tgt;
struct spdk_nvmf_transport;
struct spdk_nvmf_transport_ops;
struct spdk_nvmf_transport_opts;
struct spdk_nvmf_transport_poll_group;
struct spdk_poller;
struct spdk_thread;

enum spdk_nvmf_zcopy_phase {
	NVMF_ZCOPY_PHASE_NONE = 0,
	NVMF_ZCOPY_PHASE_INIT = 1,
	NVMF_ZCOPY_PHASE_EXECUTE = 2,
	NVMF_ZCOPY_PHASE_END_PENDING = 3,
	NVMF_ZCOPY_PHASE_COMPLETE = 4,
	NVMF_ZCOPY_PHASE_INIT_FAILED = 5,
};

enum spdk_nvmf_qpair_state {
	SPDK_NVMF_QPAIR_UNINITIALIZED = 0,
	SPDK_NVMF_QPAIR_CONNECTING = 1,
	SPDK_NVMF_QPAIR_AUTHENTICATING = 2,
	SPDK_NVMF_QPAIR_ENABLED = 3,
	SPDK_NVMF_QPAIR_DEACTIVATING = 4,
	SPDK_NVMF_QPAIR_ERROR = 5,
};

union nvmf_h2c_msg {
	struct spdk_nvmf_capsule_cmd nvmf_cmd;
	struct spdk_nvme_cmd nvme_cmd;
	struct spdk_nvmf_fabric_prop_set_cmd prop_set_cmd;
	struct spdk_nvmf_fabric_prop_get_cmd prop_get_cmd;
	struct spdk_nvmf_fabric_connect_cmd connect_cmd;
	struct spdk_nvmf_fabric_auth_send_cmd auth_send_cmd;
	struct spdk_nvmf_fabric_auth_recv_cmd auth_recv_cmd;
};

union nvmf_c2h_msg {
	struct spdk_nvme_cpl nvme_cpl;
	struct spdk_nvmf_fabric_prop_get_rsp prop_get_rsp;
	struct spdk_nvmf_fabric_connect_rsp connect_rsp;
};

struct spdk_nvmf_request {
	struct spdk_nvmf_qpair *qpair;
	uint32_t length;
	uint8_t xfer;
	union {
		uint8_t raw;
		struct {
			uint8_t data_from_pool : 1;
			uint8_t first_fused : 1;
			uint8_t reservation_queued : 1;
			uint8_t reservation_waiting : 1;
			uint8_t rsvd : 4;
		};
	};
	uint8_t zcopy_phase;
	uint8_t iovcnt;
	union nvmf_h2c_msg *cmd;
	union nvmf_c2h_msg *rsp;
	STAILQ_ENTRY(spdk_nvmf_request) buf_link;
	TAILQ_ENTRY(spdk_nvmf_request) link;
	struct spdk_memory_domain *memory_domain;
	void *memory_domain_ctx;
	struct spdk_accel_sequence *accel_sequence;
	struct iovec iov[NVMF_REQ_MAX_BUFFERS];
	struct spdk_bdev_io_wait_entry bdev_io_wait;
	spdk_nvmf_nvme_passthru_cmd_cb cmd_cb_fn;
	struct spdk_nvmf_request *first_fused_req;
	struct spdk_nvmf_request *req_to_abort;
	struct spdk_poller *poller;
	struct spdk_bdev_io *zcopy_bdev_io;
	struct {
		struct spdk_iobuf_entry entry;
		uint32_t remaining_length;
	} iobuf;
	uint64_t timeout_tsc;
	uint32_t orig_nsid;
	STAILQ_ENTRY(spdk_nvmf_request) reservation_link;
};

typedef void (*spdk_nvmf_state_change_done)(void *cb_arg, int status);

struct spdk_nvmf_qpair {
	uint8_t state;
	uint8_t rsvd;
	uint16_t qid;
	uint16_t sq_head;
	uint16_t sq_head_max;
	struct spdk_nvmf_transport *transport;
	struct spdk_nvmf_ctrlr *ctrlr;
	struct spdk_nvmf_poll_group *group;
	union {
		struct spdk_nvmf_request *first_fused_req;
		struct spdk_nvmf_request *connect_req;
	};
	TAILQ_HEAD(, spdk_nvmf_request) outstanding;
	TAILQ_ENTRY(spdk_nvmf_qpair) link;
	spdk_nvmf_state_change_done state_cb;
	void *state_cb_arg;
	bool connect_received;
	bool disconnect_started;
	uint16_t trace_id;
	uint16_t queue_depth;
	struct spdk_nvmf_qpair_auth *auth;
	struct {
		uint32_t id_valid : 1;
		int32_t id : 31;
	} numa;
};

struct spdk_nvmf_transport_poll_group {
	struct spdk_nvmf_transport *transport;
	STAILQ_HEAD(, spdk_nvmf_request) pending_buf_queue;
	struct spdk_iobuf_channel *buf_cache;
	struct spdk_nvmf_poll_group *group;
	struct spdk_poller *poller;
	TAILQ_ENTRY(spdk_nvmf_transport_poll_group) link;
};

struct spdk_nvmf_poll_group {
	struct spdk_thread *thread;
	TAILQ_HEAD(, spdk_nvmf_transport_poll_group) tgroups;
	struct spdk_nvmf_subsystem_poll_group *sgroups;
	uint32_t num_sgroups;
	uint32_t current_unassociated_qpairs;
	TAILQ_HEAD(, spdk_nvmf_qpair) qpairs;
	struct spdk_nvmf_poll_group_stat stat;
	spdk_nvmf_poll_group_destroy_done_fn destroy_cb_fn;
	void *destroy_cb_arg;
	struct spdk_nvmf_tgt *tgt;
	struct spdk_poller *drain_poller;
	uint64_t drain_ticks;
	TAILQ_ENTRY(spdk_nvmf_poll_group) link;
	pthread_mutex_t mutex;
};

struct spdk_nvmf_listener {
	struct spdk_nvme_transport_id trid;
	uint32_t ref;
	char *sock_impl;
	TAILQ_ENTRY(spdk_nvmf_listener) link;
};

struct spdk_nvmf_ctrlr_data {
	uint8_t aerl;
	uint16_t kas;
	uint16_t vid;
	uint16_t ssvid;
	uint8_t ieee[3];
	uint8_t cntrltype;
	struct spdk_nvme_cdata_oacs oacs;
	struct spdk_nvme_cdata_oncs oncs;
	struct spdk_nvme_cdata_fuses fuses;
	struct spdk_nvme_cdata_sgls sgls;
	struct spdk_nvme_cdata_nvmf_specific nvmf_specific;
};

struct spdk_nvmf_transport {
	struct spdk_nvmf_tgt *tgt;
	const struct spdk_nvmf_transport_ops *ops;
	struct spdk_nvmf_transport_opts opts;
	uint32_t large_bufsize;
	uint32_t small_bufsize;
	char iobuf_name[MAX_MEMPOOL_NAME_LENGTH];
	TAILQ_HEAD(, spdk_nvmf_listener) listeners;
	TAILQ_ENTRY(spdk_nvmf_transport) link;
	pthread_mutex_t mutex;
};

typedef void (*spdk_nvmf_transport_qpair_fini_cb)(void *cb_arg);

struct spdk_nvmf_transport_ops {
	char name[SPDK_NVMF_TRSTRING_MAX_LEN];
	enum spdk_nvme_transport_type type;
	void (*opts_init)(struct spdk_nvmf_transport_opts *opts);
	struct spdk_nvmf_transport *(*create)(struct spdk_nvmf_transport_opts *opts);
	int (*create_async)(struct spdk_nvmf_transport_opts *opts,
	                    spdk_nvmf_transport_create_done_cb cb_fn, void *cb_arg);
	void (*dump_opts)(struct spdk_nvmf_transport *transport, struct spdk_json_write_ctx *w);
	void (*destroy)(struct spdk_nvmf_transport *transport,
	                spdk_nvmf_transport_destroy_done_cb cb_fn, void *cb_arg);
	int (*listen)(struct spdk_nvmf_transport *transport,
	              const struct spdk_nvme_transport_id *trid,
	              struct spdk_nvmf_listen_opts *opts);
	void (*listen_dump_opts)(struct spdk_nvmf_transport *transport,
	                         const struct spdk_nvme_transport_id *trid,
	                         struct spdk_json_write_ctx *w);
	void (*stop_listen)(struct spdk_nvmf_transport *transport,
	                    const struct spdk_nvme_transport_id *trid);
	int (*listen_associate)(struct spdk_nvmf_transport *transport,
	                        const struct spdk_nvmf_subsystem *subsystem,
	                        const struct spdk_nvme_transport_id *trid);
	int (*subsystem_add_ns)(struct spdk_nvmf_transport *transport,
	                        const struct spdk_nvmf_subsystem *subsystem,
	                        struct spdk_nvmf_ns *ns);
	void (*subsystem_remove_ns)(struct spdk_nvmf_transport *transport,
	                            const struct spdk_nvmf_subsystem *subsystem, uint32_t nsid);
	void (*cdata_init)(struct spdk_nvmf_transport *transport,
	                   struct spdk_nvmf_subsystem *subsystem,
	                   struct spdk_nvmf_ctrlr_data *cdata);
	void (*listener_discover)(struct spdk_nvmf_transport *transport,
	                          struct spdk_nvme_transport_id *trid,
	                          struct spdk_nvmf_discovery_log_page_entry *entry);
	struct spdk_nvmf_transport_poll_group *(*poll_group_create)(
	        struct spdk_nvmf_transport *transport, struct spdk_nvmf_poll_group *group);
	struct spdk_nvmf_transport_poll_group *(*get_optimal_poll_group)(
	        struct spdk_nvmf_qpair *qpair);
	void (*poll_group_destroy)(struct spdk_nvmf_transport_poll_group *group);
	int (*poll_group_add)(struct spdk_nvmf_transport_poll_group *group,
	                      struct spdk_nvmf_qpair *qpair);
	int (*poll_group_remove)(struct spdk_nvmf_transport_poll_group *group,
	                         struct spdk_nvmf_qpair *qpair);
	int (*poll_group_poll)(struct spdk_nvmf_transport_poll_group *group);
	void (*req_free)(struct spdk_nvmf_request *req);
	void (*req_complete)(struct spdk_nvmf_request *req);
	void (*req_get_buffers_done)(struct spdk_nvmf_request *req);
	void (*qpair_fini)(struct spdk_nvmf_qpair *qpair, spdk_nvmf_transport_qpair_fini_cb cb_fn,
	                   void *cb_args);
	int (*qpair_get_peer_trid)(struct spdk_nvmf_qpair *qpair,
	                           struct spdk_nvme_transport_id *trid);
	int (*qpair_get_local_trid)(struct spdk_nvmf_qpair *qpair,
	                            struct spdk_nvme_transport_id *trid);
	int (*qpair_get_listen_trid)(struct spdk_nvmf_qpair *qpair,
	                             struct spdk_nvme_transport_id *trid);
	void (*qpair_abort_request)(struct spdk_nvmf_qpair *qpair, struct spdk_nvmf_request *req);
	void (*poll_group_dump_stat)(struct spdk_nvmf_transport_poll_group *group,
	                             struct spdk_json_write_ctx *w);
	int (*subsystem_add_host)(struct spdk_nvmf_transport *transport,
	                          const struct spdk_nvmf_subsystem *subsystem, const char *hostnqn,
	                          const struct spdk_json_val *transport_specific);
	void (*subsystem_remove_host)(struct spdk_nvmf_transport *transport,
	                              const struct spdk_nvmf_subsystem *subsystem,
	                              const char *hostnqn);
	void (*subsystem_dump_host)(struct spdk_nvmf_transport *transport,
	                            const struct spdk_nvmf_subsystem *subsystem,
	                            const char *hostnqn, struct spdk_json_write_ctx *w);
};

struct spdk_nvmf_registers {
	union spdk_nvme_cap_register cap;
	union spdk_nvme_vs_register vs;
	union spdk_nvme_cc_register cc;
	union spdk_nvme_csts_register csts;
	union spdk_nvme_aqa_register aqa;
	uint64_t asq;
	uint64_t acq;
	uint32_t nssr;
	union spdk_nvme_crto_register crto;
};

struct spdk_nvmf_ctrlr_feat {
	union spdk_nvme_feat_arbitration arbitration;
	union spdk_nvme_feat_power_management power_management;
	union spdk_nvme_feat_error_recovery error_recovery;
	union spdk_nvme_feat_volatile_write_cache volatile_write_cache;
	union spdk_nvme_feat_number_of_queues number_of_queues;
	union spdk_nvme_feat_interrupt_coalescing interrupt_coalescing;
	union spdk_nvme_feat_interrupt_vector_configuration interrupt_vector_configuration;
	union spdk_nvme_feat_write_atomicity write_atomicity;
	union spdk_nvme_feat_async_event_configuration async_event_configuration;
	union spdk_nvme_feat_keep_alive_timer keep_alive_timer;
};

struct spdk_nvmf_ctrlr_migr_data {
	uint32_t data_size;
	uint32_t regs_size;
	uint32_t feat_size;
	uint32_t reserved;
	struct spdk_nvmf_registers regs;
	uint8_t regs_reserved[208];
	struct spdk_nvmf_ctrlr_feat feat;
	uint8_t feat_reserved[216];
	uint16_t cntlid;
	uint8_t acre;
	uint8_t num_aer_cids;
	uint32_t num_async_events;
	union spdk_nvme_async_event_completion async_events[SPDK_NVMF_MIGR_MAX_PENDING_AERS];
	uint16_t aer_cids[SPDK_NVMF_MAX_ASYNC_EVENTS];
	uint64_t notice_aen_mask;
	uint8_t unused[2516];
};

/** Make a transport known, before main(), by SPDK_NVMF_TRANSPORT_REGISTER(). \p ops is copied. */
void spdk_nvmf_transport_register(const struct spdk_nvmf_transport_ops *ops);

/**
 * Transport: hand a connection that was just accepted to the target, which picks a poll group
 * for it, or ends it by qpair_fini(). Any thread.
 */
void spdk_nvmf_tgt_new_qpair(struct spdk_nvmf_tgt *tgt, struct spdk_nvmf_qpair *qpair);

/** The controller's properties; its memory. Controller's thread. */
const struct spdk_nvmf_registers *spdk_nvmf_ctrlr_get_regs(struct spdk_nvmf_ctrlr *ctrlr);

/**
 * Transport: give back what spdk_nvmf_request_get_buffers() took, or stop waiting for it. On the
 * group's thread.
 */
void spdk_nvmf_request_free_buffers(struct spdk_nvmf_request *req,
                                    struct spdk_nvmf_transport_poll_group *group,
                                    struct spdk_nvmf_transport *transport);

/**
 * Transport: take a data buffer of \p length bytes for \p req: iov[0]. On the group's thread.
 * \return 0; -EINPROGRESS: there is none now, req_get_buffers_done() follows, in order of
 *   asking; -EINVAL: no buffer is as large.
 */
int spdk_nvmf_request_get_buffers(struct spdk_nvmf_request *req,
                                  struct spdk_nvmf_transport_poll_group *group,
                                  struct spdk_nvmf_transport *transport, uint32_t length);

/**
 * Transport: run a command whose data is here. It ends with req_complete(), perhaps within this
 * call. On the queue pair's thread.
 */
void spdk_nvmf_request_exec(struct spdk_nvmf_request *req);

/**
 * Give a request back to its transport without an answer. On the queue pair's thread. Always 0.
 */
int spdk_nvmf_request_free(struct spdk_nvmf_request *req);

/**
 * Answer a request: its rsp is filled but for what belongs to the queue. On the queue pair's
 * thread. Always 0.
 */
int spdk_nvmf_request_complete(struct spdk_nvmf_request *req);

/** Take a queue pair, of which nothing runs any more, out of its group. On the group's thread. */
void spdk_nvmf_poll_group_remove(struct spdk_nvmf_qpair *qpair);

/** The subsystem of a controller. Any thread. */
struct spdk_nvmf_subsystem *spdk_nvmf_ctrlr_get_subsystem(struct spdk_nvmf_ctrlr *ctrlr);

/** The controller's id. Any thread. */
uint16_t spdk_nvmf_ctrlr_get_id(struct spdk_nvmf_ctrlr *ctrlr);

/** Answer all event requests of the host "aborted". Controller's thread. */
void spdk_nvmf_ctrlr_abort_aer(struct spdk_nvmf_ctrlr *ctrlr);

/** The NUMA node that the queue pair's data is best on, or SPDK_ENV_NUMA_ID_ANY. */
static inline int32_t
spdk_nvmf_qpair_get_numa_id(struct spdk_nvmf_qpair *qpair)
{
	return qpair->numa.id_valid ? qpair->numa.id : SPDK_ENV_NUMA_ID_ANY;
}

/** Does \p qpair take commands, Connect included? */
static inline bool
spdk_nvmf_qpair_is_active(struct spdk_nvmf_qpair *qpair)
{
	return qpair->state == SPDK_NVMF_QPAIR_CONNECTING ||
	       qpair->state == SPDK_NVMF_QPAIR_AUTHENTICATING ||
	       qpair->state == SPDK_NVMF_QPAIR_ENABLED;
}

/** Is the data of \p req in a buffer of the bdev? */
static inline bool
spdk_nvmf_request_using_zcopy(const struct spdk_nvmf_request *req)
{
	return req->zcopy_phase != NVMF_ZCOPY_PHASE_NONE;
}

/** Direction of the data of \p req's command, by its opcode, or FCTYPE of a fabrics command. */
static inline enum spdk_nvme_data_transfer
spdk_nvmf_req_get_xfer(struct spdk_nvmf_request *req)
{
	uint8_t opc = req->cmd->nvme_cmd.opc;

	return spdk_nvme_opc_get_data_transfer(
	        opc == SPDK_NVME_OPC_FABRIC ? req->cmd->nvmf_cmd.fctype : opc);
}

/* ---- Dropped by SPDK ---- */

/** spdk_nvmf_request_exec(), which tells a fabrics command by itself. */
void spdk_nvmf_request_exec_fabrics(struct spdk_nvmf_request *req)
        BASALT_DEPRECATED("spdk_nvmf_request_exec()");

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_NVMF_TRANSPORT_H */
