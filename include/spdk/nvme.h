/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The NVMe host: finding controllers, queue pairs, admin and I/O commands. It needs the environment
 * (spdk_env_init()) and no spdk_thread.
 *
 * Threads: a controller's functions may be called from any thread, unless said otherwise; they take
 * its lock. A queue pair, and a poll group with all queue pairs in it, is used by one thread at a
 * time. A namespace may be asked anything from any thread; its commands belong to the queue pair's
 * thread.
 *
 * Commands: 0 means that cb_fn will run, once; a negative errno means that it never will. It runs
 * in a later poll of the queue pair (spdk_nvme_qpair_process_completions(), or its group's; for
 * admin commands spdk_nvme_ctrlr_process_admin_completions(), with the controller's lock held), or
 * while the queue pair is disconnected; never inside the submit. Buffers belong to the library from
 * submit to cb_fn. Errors that every command can give: -ENOMEM, no request is free: poll and try
 * again; -ENXIO, the queue pair is not connected or the controller has failed; -EINVAL, a parameter
 * is out of range or the I/O can't be split so that it fits; -EFAULT, the memory described is
 * shorter than the data.
 */

#ifndef SPDK_NVME_H
#define SPDK_NVME_H

#include "basalt/deprecated.h"
#include "spdk/assert.h"
#include "spdk/stdinc.h"
#include "spdk/nvme_spec.h"
#include "spdk/nvmf_spec.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_NVME_TRANSPORT_NAME_FC "FC"
#define SPDK_NVME_TRANSPORT_NAME_PCIE "PCIE"
#define SPDK_NVME_TRANSPORT_NAME_RDMA "RDMA"
#define SPDK_NVME_TRANSPORT_NAME_TCP "TCP"
#define SPDK_NVME_TRANSPORT_NAME_VFIOUSER "VFIOUSER"
#define SPDK_NVME_TRANSPORT_NAME_CUSTOM "CUSTOM"
#define SPDK_NVMF_PRIORITY_MAX_LEN 4

/** Register a transport before main(). For transports outside the library. */
#define SPDK_NVME_TRANSPORT_REGISTER(name, transport_ops) \
	static void __attribute__((constructor)) _spdk_nvme_transport_register_##name(void) \
	{ \
		spdk_nvme_transport_register(transport_ops); \
	}

struct ibv_context;
struct ibv_pd;
struct nvme_request;
struct spdk_event_handler_opts;
struct spdk_fd_group;
struct spdk_key;
struct spdk_memory_domain;
struct spdk_nvme_accel_fn_table;
struct spdk_nvme_cmd;
struct spdk_nvme_cpl;
struct spdk_nvme_ctrlr;
struct spdk_nvme_ctrlr_data;
struct spdk_nvme_ctrlr_key_opts;
struct spdk_nvme_ctrlr_list;
struct spdk_nvme_ctrlr_opts;
struct spdk_nvme_detach_ctx;
struct spdk_nvme_dsm_range;
struct spdk_nvme_format;
struct spdk_nvme_host_id;
struct spdk_nvme_io_qpair_opts;
struct spdk_nvme_ns;
struct spdk_nvme_ns_cmd_ext_io_opts;
struct spdk_nvme_ns_data;
struct spdk_nvme_ns_data_lbaf;
struct spdk_nvme_nvm_ctrlr_data;
struct spdk_nvme_nvm_ns_data;
struct spdk_nvme_pcie_stat;
struct spdk_nvme_poll_group;
struct spdk_nvme_poll_group_stat;
struct spdk_nvme_probe_ctx;
struct spdk_nvme_qpair;
struct spdk_nvme_rdma_device_stat;
struct spdk_nvme_rdma_hooks;
struct spdk_nvme_registers;
struct spdk_nvme_reservation_acquire_data;
struct spdk_nvme_reservation_key_data;
struct spdk_nvme_reservation_register_data;
struct spdk_nvme_scc_source_range;
struct spdk_nvme_status;
struct spdk_nvme_tcp_stat;
struct spdk_nvme_transport_id;
struct spdk_nvme_transport_ops;
struct spdk_nvme_transport_opts;
struct spdk_nvme_transport_poll_group;
struct spdk_nvme_transport_poll_group_stat;
struct spdk_nvmf_discovery_log_page;
struct spdk_pci_addr;
struct spdk_pci_device;
struct spdk_uuid;

enum spdk_nvme_qp_failure_reason {
	SPDK_NVME_QPAIR_FAILURE_NONE = 0,
	SPDK_NVME_QPAIR_FAILURE_LOCAL = 1,
	SPDK_NVME_QPAIR_FAILURE_REMOTE = 2,
	SPDK_NVME_QPAIR_FAILURE_UNKNOWN = 3,
	SPDK_NVME_QPAIR_FAILURE_RESET = 4,
};

enum spdk_nvme_transport_type {
	SPDK_NVME_TRANSPORT_PCIE = 256,
	SPDK_NVME_TRANSPORT_RDMA = 1,
	SPDK_NVME_TRANSPORT_FC = 2,
	SPDK_NVME_TRANSPORT_TCP = 3,
	SPDK_NVME_TRANSPORT_VFIOUSER = 1024,
	SPDK_NVME_TRANSPORT_CUSTOM = 4096,
	SPDK_NVME_TRANSPORT_CUSTOM_FABRICS = 4097,
};

enum spdk_nvme_ctrlr_flags {
	SPDK_NVME_CTRLR_SGL_SUPPORTED = 1,
	SPDK_NVME_CTRLR_SECURITY_SEND_RECV_SUPPORTED = 2,
	SPDK_NVME_CTRLR_WRR_SUPPORTED = 4,
	SPDK_NVME_CTRLR_COMPARE_AND_WRITE_SUPPORTED = 8,
	SPDK_NVME_CTRLR_SGL_REQUIRES_DWORD_ALIGNMENT = 16,
	SPDK_NVME_CTRLR_ZONE_APPEND_SUPPORTED = 32,
	SPDK_NVME_CTRLR_DIRECTIVES_SUPPORTED = 64,
	SPDK_NVME_CTRLR_MPTR_SGL_SUPPORTED = 128,
	SPDK_NVME_CTRLR_ACCEL_SEQUENCE_SUPPORTED = 256,
};

enum spdk_nvme_ns_flags {
	SPDK_NVME_NS_DEALLOCATE_SUPPORTED = 1,
	SPDK_NVME_NS_FLUSH_SUPPORTED = 2,
	SPDK_NVME_NS_RESERVATION_SUPPORTED = 4,
	SPDK_NVME_NS_WRITE_ZEROES_SUPPORTED = 8,
	SPDK_NVME_NS_DPS_PI_SUPPORTED = 16,
	SPDK_NVME_NS_EXTENDED_LBA_SUPPORTED = 32,
	SPDK_NVME_NS_WRITE_UNCORRECTABLE_SUPPORTED = 64,
	SPDK_NVME_NS_COMPARE_SUPPORTED = 128,
};

struct spdk_nvme_ctrlr_opts {
	uint32_t num_io_queues;
	bool use_cmb_sqs;
	bool no_shn_notification;
	bool enable_interrupts;
	uint8_t reserved7;
	enum spdk_nvme_cc_ams arb_mechanism;
	uint8_t arbitration_burst;
	uint8_t low_priority_weight;
	uint8_t medium_priority_weight;
	uint8_t high_priority_weight;
	uint32_t keep_alive_timeout_ms;
	uint8_t transport_retry_count;
	uint8_t reserved21[3];
	uint32_t io_queue_size;
	char hostnqn[SPDK_NVMF_NQN_MAX_LEN + 1];
	uint32_t io_queue_requests;
	char src_addr[SPDK_NVMF_TRADDR_MAX_LEN + 1];
	char src_svcid[SPDK_NVMF_TRSVCID_MAX_LEN + 1];
	uint8_t host_id[8];
	uint8_t extended_host_id[16];
	uint8_t reserved570[2];
	enum spdk_nvme_cc_css command_set;
	uint32_t admin_timeout_ms;
	bool header_digest;
	bool data_digest;
	bool disable_error_logging;
	uint8_t transport_ack_timeout;
	uint16_t admin_queue_size;
	uint8_t reserved586[6];
	size_t opts_size;
	uint64_t fabrics_connect_timeout_us;
	bool disable_read_ana_log_page;
	uint8_t reserved610[6];
	bool disable_sq_flow_control;
	uint8_t disable_read_changed_ns_list_log_page;
	uint8_t reserved617[200];
	uint8_t transport_tos;
	struct spdk_key *tls_psk;
	struct spdk_key *dhchap_key;
	struct spdk_key *dhchap_ctrlr_key;
	uint32_t dhchap_digests;
	uint32_t dhchap_dhgroups;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_ctrlr_opts) == 856, "the size is interface");

typedef void (*spdk_nvme_accel_completion_cb)(void *cb_arg, int status);

typedef void (*spdk_nvme_accel_step_cb)(void *cb_arg);

struct spdk_nvme_accel_fn_table {
	size_t table_size;
	uint8_t reserved8[8];
	void (*finish_sequence)(void *seq, spdk_nvme_accel_completion_cb cb_fn, void *cb_arg);
	void (*reverse_sequence)(void *seq);
	void (*abort_sequence)(void *seq);
	int (*append_crc32c)(void *ctx, void **seq, uint32_t *dst, struct iovec *iovs,
	                     uint32_t iovcnt, struct spdk_memory_domain *memory_domain,
	                     void *domain_ctx, uint32_t seed, spdk_nvme_accel_step_cb cb_fn,
	                     void *cb_arg);
	int (*append_copy)(void *ctx, void **seq, struct iovec *dst_iovs, uint32_t dst_iovcnt,
	                   struct spdk_memory_domain *dst_domain, void *dst_domain_ctx,
	                   struct iovec *src_iovs, uint32_t src_iovcnt,
	                   struct spdk_memory_domain *src_domain, void *src_domain_ctx,
	                   spdk_nvme_accel_step_cb cb_fn, void *cb_arg);
};

struct spdk_nvme_transport_id {
	char trstring[SPDK_NVMF_TRSTRING_MAX_LEN + 1];
	enum spdk_nvme_transport_type trtype;
	enum spdk_nvmf_adrfam adrfam;
	char traddr[SPDK_NVMF_TRADDR_MAX_LEN + 1];
	char trsvcid[SPDK_NVMF_TRSVCID_MAX_LEN + 1];
	char subnqn[SPDK_NVMF_NQN_MAX_LEN + 1];
	int priority;
};

struct spdk_nvme_host_id {
	char hostaddr[SPDK_NVMF_TRADDR_MAX_LEN + 1];
	char hostsvcid[SPDK_NVMF_TRSVCID_MAX_LEN + 1];
};

struct spdk_nvme_rdma_device_stat {
	const char *name;
	uint64_t polls;
	uint64_t idle_polls;
	uint64_t completions;
	uint64_t queued_requests;
	uint64_t total_send_wrs;
	uint64_t send_doorbell_updates;
	uint64_t total_recv_wrs;
	uint64_t recv_doorbell_updates;
};

struct spdk_nvme_pcie_stat {
	uint64_t polls;
	uint64_t idle_polls;
	uint64_t completions;
	uint64_t cq_mmio_doorbell_updates;
	uint64_t cq_shadow_doorbell_updates;
	uint64_t submitted_requests;
	uint64_t queued_requests;
	uint64_t sq_mmio_doorbell_updates;
	uint64_t sq_shadow_doorbell_updates;
};

struct spdk_nvme_tcp_stat {
	uint64_t polls;
	uint64_t idle_polls;
	uint64_t socket_completions;
	uint64_t nvme_completions;
	uint64_t submitted_requests;
	uint64_t queued_requests;
};

typedef enum spdk_nvme_transport_type spdk_nvme_transport_type_t;

struct spdk_nvme_transport_poll_group_stat {
	spdk_nvme_transport_type_t trtype;
	union {
		struct {
			uint32_t num_devices;
			struct spdk_nvme_rdma_device_stat *device_stats;
		} rdma;
		struct spdk_nvme_pcie_stat pcie;
		struct spdk_nvme_tcp_stat tcp;
	};
};

struct spdk_nvme_poll_group_stat {
	uint32_t num_transports;
	struct spdk_nvme_transport_poll_group_stat **transport_stat;
};

struct spdk_nvme_ns_cmd_ext_io_opts {
	size_t size;
	struct spdk_memory_domain *memory_domain;
	void *memory_domain_ctx;
	uint32_t io_flags;
	uint8_t reserved28[4];
	void *metadata;
	uint16_t apptag_mask;
	uint16_t apptag;
	uint32_t cdw13;
	void *accel_sequence;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_ns_cmd_ext_io_opts) == 56, "the size is interface");

struct spdk_nvme_ctrlr_key_opts {
	size_t size;
	struct spdk_key *dhchap_key;
	struct spdk_key *dhchap_ctrlr_key;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_ctrlr_key_opts) == 24, "the size is interface");

struct spdk_nvme_io_qpair_opts {
	enum spdk_nvme_qprio qprio;
	uint32_t io_queue_size;
	uint32_t io_queue_requests;
	union {
		bool delay_cmd_submit;
		bool delay_pcie_doorbell;
	};
	uint8_t reserved13[3];
	struct {
		struct spdk_nvme_cmd *vaddr;
		uint64_t paddr;
		uint64_t buffer_size;
	} sq;
	struct {
		struct spdk_nvme_cpl *vaddr;
		uint64_t paddr;
		uint64_t buffer_size;
	} cq;
	bool create_only;
	bool async_mode;
	bool disable_pcie_sgl_merge;
	uint8_t reserved67[5];
	size_t opts_size;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_io_qpair_opts) == 80, "the size is interface");

struct spdk_nvme_rdma_hooks {
	struct ibv_pd *(*get_ibv_pd)(const struct spdk_nvme_transport_id *trid,
	                             struct ibv_context *verbs);
	uint64_t (*get_rkey)(struct ibv_pd *pd, void *buf, size_t size);
	void (*put_rkey)(uint64_t key);
};

typedef void (*spdk_nvme_disconnected_qpair_cb)(struct spdk_nvme_qpair *qpair,
                                                void *poll_group_ctx);

typedef void (*spdk_nvme_reg_cb)(void *ctx, uint64_t value, const struct spdk_nvme_cpl *cpl);

struct spdk_nvme_transport_ops {
	char name[SPDK_NVMF_TRSTRING_MAX_LEN + 1];
	enum spdk_nvme_transport_type type;
	struct spdk_nvme_ctrlr *(*ctrlr_construct)(const struct spdk_nvme_transport_id *trid,
	                                           const struct spdk_nvme_ctrlr_opts *opts,
	                                           void *devhandle);
	int (*ctrlr_scan)(struct spdk_nvme_probe_ctx *probe_ctx, bool direct_connect);
	int (*ctrlr_destruct)(struct spdk_nvme_ctrlr *ctrlr);
	int (*ctrlr_enable)(struct spdk_nvme_ctrlr *ctrlr);
	int (*ctrlr_enable_interrupts)(struct spdk_nvme_ctrlr *ctrlr);
	int (*ctrlr_set_reg_4)(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset, uint32_t value);
	int (*ctrlr_set_reg_8)(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset, uint64_t value);
	int (*ctrlr_get_reg_4)(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset, uint32_t *value);
	int (*ctrlr_get_reg_8)(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset, uint64_t *value);
	int (*ctrlr_set_reg_4_async)(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset, uint32_t value,
	                             spdk_nvme_reg_cb cb_fn, void *cb_arg);
	int (*ctrlr_set_reg_8_async)(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset, uint64_t value,
	                             spdk_nvme_reg_cb cb_fn, void *cb_arg);
	int (*ctrlr_get_reg_4_async)(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset,
	                             spdk_nvme_reg_cb cb_fn, void *cb_arg);
	int (*ctrlr_get_reg_8_async)(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset,
	                             spdk_nvme_reg_cb cb_fn, void *cb_arg);
	uint32_t (*ctrlr_get_max_xfer_size)(struct spdk_nvme_ctrlr *ctrlr);
	uint16_t (*ctrlr_get_max_sges)(struct spdk_nvme_ctrlr *ctrlr);
	int (*ctrlr_reserve_cmb)(struct spdk_nvme_ctrlr *ctrlr);
	void *(*ctrlr_map_cmb)(struct spdk_nvme_ctrlr *ctrlr, size_t *size);
	int (*ctrlr_unmap_cmb)(struct spdk_nvme_ctrlr *ctrlr);
	int (*ctrlr_enable_pmr)(struct spdk_nvme_ctrlr *ctrlr);
	int (*ctrlr_disable_pmr)(struct spdk_nvme_ctrlr *ctrlr);
	void *(*ctrlr_map_pmr)(struct spdk_nvme_ctrlr *ctrlr, size_t *size);
	int (*ctrlr_unmap_pmr)(struct spdk_nvme_ctrlr *ctrlr);
	struct spdk_nvme_qpair *(*ctrlr_create_io_qpair)(
	        struct spdk_nvme_ctrlr *ctrlr, uint16_t qid,
	        const struct spdk_nvme_io_qpair_opts *opts);
	int (*ctrlr_delete_io_qpair)(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair);
	int (*ctrlr_connect_qpair)(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair);
	void (*ctrlr_disconnect_qpair)(struct spdk_nvme_ctrlr *ctrlr,
	                               struct spdk_nvme_qpair *qpair);
	void (*qpair_abort_reqs)(struct spdk_nvme_qpair *qpair, uint32_t dnr);
	int (*qpair_reset)(struct spdk_nvme_qpair *qpair);
	int (*qpair_submit_request)(struct spdk_nvme_qpair *qpair, struct nvme_request *req);
	int (*qpair_authenticate)(struct spdk_nvme_qpair *qpair);
	int32_t (*qpair_process_completions)(struct spdk_nvme_qpair *qpair,
	                                     uint32_t max_completions);
	int (*qpair_iterate_requests)(struct spdk_nvme_qpair *qpair,
	                              int (*iter_fn)(struct nvme_request *req, void *arg),
	                              void *arg);
	int (*qpair_get_fd)(struct spdk_nvme_qpair *qpair, struct spdk_event_handler_opts *opts);
	void (*admin_qpair_abort_aers)(struct spdk_nvme_qpair *qpair);
	struct spdk_nvme_transport_poll_group *(*poll_group_create)(void);
	int64_t (*poll_group_process_completions)(
	        struct spdk_nvme_transport_poll_group *tgroup, uint32_t completions_per_qpair,
	        spdk_nvme_disconnected_qpair_cb disconnected_qpair_cb);
	void (*poll_group_check_disconnected_qpairs)(
	        struct spdk_nvme_transport_poll_group *tgroup,
	        spdk_nvme_disconnected_qpair_cb disconnected_qpair_cb);
	int (*poll_group_destroy)(struct spdk_nvme_transport_poll_group *tgroup);
	int (*poll_group_get_stats)(struct spdk_nvme_transport_poll_group *tgroup,
	                            struct spdk_nvme_transport_poll_group_stat **stats);
	void (*poll_group_free_stats)(struct spdk_nvme_transport_poll_group *tgroup,
	                              struct spdk_nvme_transport_poll_group_stat *stats);
	int (*ctrlr_get_memory_domains)(const struct spdk_nvme_ctrlr *ctrlr,
	                                struct spdk_memory_domain **domains, int array_size);
	int (*ctrlr_ready)(struct spdk_nvme_ctrlr *ctrlr);
	volatile struct spdk_nvme_registers *(*ctrlr_get_registers)(struct spdk_nvme_ctrlr *ctrlr);
	int (*ctrlr_scan_attached)(struct spdk_nvme_probe_ctx *probe_ctx);
	int (*ctrlr_process_transport_events)(struct spdk_nvme_ctrlr *ctrlr);
};

struct spdk_nvme_transport_opts {
	uint32_t rdma_srq_size;
	uint8_t reserved4[4];
	size_t opts_size;
	uint32_t rdma_max_cq_size;
	uint16_t rdma_cm_event_timeout_ms;
	bool rdma_umr_per_io;
	uint8_t reserved23;
	uint32_t tcp_connect_timeout_ms;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_transport_opts) == 32, "the size is interface");

typedef enum spdk_nvme_qp_failure_reason spdk_nvme_qp_failure_reason;

typedef bool (*spdk_nvme_probe_cb)(void *cb_ctx, const struct spdk_nvme_transport_id *trid,
                                   struct spdk_nvme_ctrlr_opts *opts);

typedef void (*spdk_nvme_attach_cb)(void *cb_ctx, const struct spdk_nvme_transport_id *trid,
                                    struct spdk_nvme_ctrlr *ctrlr,
                                    const struct spdk_nvme_ctrlr_opts *opts);

typedef void (*spdk_nvme_attach_fail_cb)(void *cb_ctx, const struct spdk_nvme_transport_id *trid,
                                         int rc);

typedef void (*spdk_nvme_remove_cb)(void *cb_ctx, struct spdk_nvme_ctrlr *ctrlr);

typedef bool (*spdk_nvme_pcie_hotplug_filter_cb)(const struct spdk_pci_addr *addr);

typedef void (*spdk_nvme_cmd_cb)(void *ctx, const struct spdk_nvme_cpl *cpl);

typedef void (*spdk_nvme_aer_cb)(void *aer_cb_arg, const struct spdk_nvme_cpl *cpl);

typedef void (*spdk_nvme_ns_attr_changed_cb)(void *cb_arg, const uint32_t *changed_ns_list,
                                             uint32_t count);

typedef void (*spdk_nvme_timeout_cb)(void *cb_arg, struct spdk_nvme_ctrlr *ctrlr,
                                     struct spdk_nvme_qpair *qpair, uint16_t cid);

typedef void (*spdk_nvme_discovery_cb)(void *cb_arg, int rc, const struct spdk_nvme_cpl *cpl,
                                       struct spdk_nvmf_discovery_log_page *log_page);

typedef void (*spdk_nvme_req_reset_sgl_cb)(void *cb_arg, uint32_t offset);

typedef int (*spdk_nvme_req_next_sge_cb)(void *cb_arg, void **address, uint32_t *length);

typedef void (*spdk_nvme_authenticate_cb)(void *ctx, int status);

typedef void (*spdk_nvme_poll_group_interrupt_cb)(struct spdk_nvme_poll_group *group, void *ctx);

/** Whether this is a discovery controller: it has a discovery log and no namespaces. */
bool spdk_nvme_ctrlr_is_discovery(struct spdk_nvme_ctrlr *ctrlr);

/** Whether the controller is reached over a fabric (TCP, RDMA, FC), not a bus. */
bool spdk_nvme_ctrlr_is_fabrics(struct spdk_nvme_ctrlr *ctrlr);

/**
 * Fill \p opts with defaults. The host's NQN and id are random, and the same for the whole life of
 * the process.
 * \param opts_size bytes of \p opts that may be written: sizeof(*opts) of the caller's version.
 */
void spdk_nvme_ctrlr_get_default_ctrlr_opts(struct spdk_nvme_ctrlr_opts *opts, size_t opts_size);

/**
 * The options in force; io_queue_size, num_io_queues and keep_alive_timeout_ms are what the
 * controller granted. Lives as long as the controller.
 */
const struct spdk_nvme_ctrlr_opts *spdk_nvme_ctrlr_get_opts(struct spdk_nvme_ctrlr *ctrlr);

/**
 * Read a transport id: `key:value` or `key=value`, separated by blanks. Keys: trtype, adrfam,
 * traddr, trsvcid, subnqn, priority. Fields whose key is absent stay as they are; keys nobody
 * knows are logged.
 * \return 0, -EINVAL; the log says why.
 */
int spdk_nvme_transport_id_parse(struct spdk_nvme_transport_id *trid, const char *str);

/** Set trtype, and trstring to the name that belongs to it. */
void spdk_nvme_trid_populate_transport(struct spdk_nvme_transport_id *trid,
                                       enum spdk_nvme_transport_type trtype);

/**
 * Read the keys hostaddr and hostsvcid of a text as for spdk_nvme_transport_id_parse().
 * \return 0, -EINVAL.
 */
int spdk_nvme_host_id_parse(struct spdk_nvme_host_id *hostid, const char *str);

/**
 * Set trstring to \p trstring in capitals.
 * \return 0, -EINVAL when it is NULL or longer than SPDK_NVMF_TRSTRING_MAX_LEN.
 */
int
spdk_nvme_transport_id_populate_trstring(struct spdk_nvme_transport_id *trid, const char *trstring);

/**
 * The transport type of a name, in any case; a name nobody knows is SPDK_NVME_TRANSPORT_CUSTOM.
 * \return 0, -EINVAL for NULL.
 */
int spdk_nvme_transport_id_parse_trtype(enum spdk_nvme_transport_type *trtype, const char *str);

/** The name of a transport type, static; NULL when it has none. */
const char *spdk_nvme_transport_id_trtype_str(enum spdk_nvme_transport_type trtype);

/** The name of an address family, static; NULL when it has none. */
const char *spdk_nvme_transport_id_adrfam_str(enum spdk_nvmf_adrfam adrfam);

/**
 * The address family of a name, in any case.
 * \return 0, -EINVAL for NULL, -ENOENT for an unknown name.
 */
int spdk_nvme_transport_id_parse_adrfam(enum spdk_nvmf_adrfam *adrfam, const char *str);

/**
 * Order of two transport ids, as of strcmp(): type, address, family, service, NQN. 0: the same
 * place.
 */
int spdk_nvme_transport_id_compare(const struct spdk_nvme_transport_id *trid1,
                                   const struct spdk_nvme_transport_id *trid2);

/**
 * Add to \p prchk_flags what a text such as `prchk:reftag|guard` says
 * (SPDK_NVME_IO_FLAGS_PRCHK_*).
 * \return 0, -EINVAL.
 */
int spdk_nvme_prchk_flags_parse(uint32_t *prchk_flags, const char *str);

/** Such flags as text, static; NULL when none is set. */
const char *spdk_nvme_prchk_flags_str(uint32_t prchk_flags);

/** Whether this program has a transport of that type. */
bool spdk_nvme_transport_available(enum spdk_nvme_transport_type trtype);

/** Whether this program has a transport of that name, in any case. */
bool spdk_nvme_transport_available_by_name(const char *transport_name);

/**
 * Find controllers at \p trid and attach those that \p probe_cb says yes to. A discovery NQN
 * stands for all subsystems in that discovery log. Blocks; every wait in it has a deadline.
 * \param trid NULL: local PCIe devices.
 * \param probe_cb may change the options; runs in this call, as \p attach_cb, which then owns one
 * reference (spdk_nvme_detach()). A controller that is attached already comes with one more
 * reference.
 * \param remove_cb kept with the controller: it was removed.
 * \return 0 when the search itself went well, even if nothing was attached; negative when it did
 * not.
 */
int spdk_nvme_probe(const struct spdk_nvme_transport_id *trid, void *cb_ctx,
                    spdk_nvme_probe_cb probe_cb, spdk_nvme_attach_cb attach_cb,
                    spdk_nvme_remove_cb remove_cb);

/**
 * spdk_nvme_probe() that also tells of each controller that could not be attached: \p
 * attach_fail_cb.
 */
int spdk_nvme_probe_ext(const struct spdk_nvme_transport_id *trid, void *cb_ctx,
                        spdk_nvme_probe_cb probe_cb, spdk_nvme_attach_cb attach_cb,
                        spdk_nvme_attach_fail_cb attach_fail_cb, spdk_nvme_remove_cb remove_cb);

/**
 * Connect to the one controller at \p trid, a discovery controller too. Blocks, with deadlines.
 * \param opts NULL: defaults; opts_size: bytes of it that are valid.
 * \return a controller that the caller detaches; NULL after an error, which the log tells.
 */
struct spdk_nvme_ctrlr *
spdk_nvme_connect(const struct spdk_nvme_transport_id *trid,
                  const struct spdk_nvme_ctrlr_opts *opts, size_t opts_size);

/**
 * Start spdk_nvme_connect(); spdk_nvme_probe_poll_async() goes on with it. \p opts is copied; its
 * address comes back as cb_ctx of \p attach_cb.
 * \return NULL when it can't start.
 */
struct spdk_nvme_probe_ctx *
spdk_nvme_connect_async(const struct spdk_nvme_transport_id *trid,
                        const struct spdk_nvme_ctrlr_opts *opts, spdk_nvme_attach_cb attach_cb);

/**
 * Start spdk_nvme_probe(); spdk_nvme_probe_poll_async() goes on with it. Reading a discovery log
 * still blocks.
 * \return NULL when it can't start.
 */
struct spdk_nvme_probe_ctx *
spdk_nvme_probe_async(const struct spdk_nvme_transport_id *trid, void *cb_ctx,
                      spdk_nvme_probe_cb probe_cb, spdk_nvme_attach_cb attach_cb,
                      spdk_nvme_remove_cb remove_cb);

/** spdk_nvme_probe_async() with \p attach_fail_cb. */
struct spdk_nvme_probe_ctx *
spdk_nvme_probe_async_ext(const struct spdk_nvme_transport_id *trid, void *cb_ctx,
                          spdk_nvme_probe_cb probe_cb, spdk_nvme_attach_cb attach_cb,
                          spdk_nvme_attach_fail_cb attach_fail_cb, spdk_nvme_remove_cb remove_cb);

/**
 * One step of a probe or connect, on one thread. Call-backs of the probe run in it.
 * \return -EAGAIN: call again; 0: over, and \p probe_ctx is freed.
 */
int spdk_nvme_probe_poll_async(struct spdk_nvme_probe_ctx *probe_ctx);

/**
 * Give back a reference. With the last one the controller is shut down (CC.SHN, up to RTD3E or 10
 * s) and freed, with I/O queue pairs that still exist. Not in a call-back of this controller.
 * \return 0, -ENOMEM.
 */
int spdk_nvme_detach(struct spdk_nvme_ctrlr *ctrlr);

/**
 * Start spdk_nvme_detach(); several controllers may share one context.
 * \param detach_ctx in: NULL or a context; out: what spdk_nvme_detach_poll_async() goes on with.
 * Stays NULL when others hold references and there is nothing to wait for.
 * \return 0, -EINVAL, -ENOMEM.
 */
int spdk_nvme_detach_async(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_detach_ctx **detach_ctx);

/**
 * One step of all detaches in the context.
 * \return -EAGAIN: call again; 0: over, the context is freed; -EINVAL for NULL.
 */
int spdk_nvme_detach_poll_async(struct spdk_nvme_detach_ctx *detach_ctx);

/** Wait until all detaches in the context are over; it is freed. NULL is allowed. */
void spdk_nvme_detach_poll(struct spdk_nvme_detach_ctx *detach_ctx);

/**
 * Another address of the same subsystem for the next connect of a failed controller.
 * \return 0; -EPERM: it has not failed; -EINVAL: another transport or subsystem.
 */
int spdk_nvme_ctrlr_set_trid(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_transport_id *trid);

/** Replace the call-back for removal, and its argument. */
void spdk_nvme_ctrlr_set_remove_cb(struct spdk_nvme_ctrlr *ctrlr, spdk_nvme_remove_cb remove_cb,
                                   void *remove_ctx);

/**
 * Disconnect, connect again, and identify anew. Blocks, with deadlines. I/O queue pairs are
 * disconnected by their owners' next poll; the owners connect them again by
 * spdk_nvme_ctrlr_reconnect_io_qpair().
 * \return 0, also when another reset is under way; -ENXIO: removed, or it did not come up and has
 * failed.
 */
int spdk_nvme_ctrlr_reset(struct spdk_nvme_ctrlr *ctrlr);

/**
 * The first half of a reset: close the association, abort admin commands.
 * \return 0; -EBUSY: under way, or being detached; -ENXIO: removed.
 */
int spdk_nvme_ctrlr_disconnect(struct spdk_nvme_ctrlr *ctrlr);

/**
 * The second half of a reset: start to connect. Only after spdk_nvme_ctrlr_disconnect() gave 0.
 */
void spdk_nvme_ctrlr_reconnect_async(struct spdk_nvme_ctrlr *ctrlr);

/**
 * One step of it.
 * \return 0: up; -EAGAIN: call again; -ENXIO: failed.
 */
int spdk_nvme_ctrlr_reconnect_poll_async(struct spdk_nvme_ctrlr *ctrlr);

/** Take the controller for failed: its queue pairs go down and admit nothing until a reset. */
void spdk_nvme_ctrlr_fail(struct spdk_nvme_ctrlr *ctrlr);

/** Whether the controller has failed, by spdk_nvme_ctrlr_fail() or by itself. */
bool spdk_nvme_ctrlr_is_failed(struct spdk_nvme_ctrlr *ctrlr);

/** Identify data of the controller. Lives as long as it; a reset reads it anew. */
const struct spdk_nvme_ctrlr_data *spdk_nvme_ctrlr_get_data(struct spdk_nvme_ctrlr *ctrlr);

/** Controller status, read now: waits for the answer. All ones when it can't be read. */
union spdk_nvme_csts_register spdk_nvme_ctrlr_get_regs_csts(struct spdk_nvme_ctrlr *ctrlr);

/** Controller configuration, as last read or written. */
union spdk_nvme_cc_register spdk_nvme_ctrlr_get_regs_cc(struct spdk_nvme_ctrlr *ctrlr);

/** Controller capabilities, as read when it was connected. */
union spdk_nvme_cap_register spdk_nvme_ctrlr_get_regs_cap(struct spdk_nvme_ctrlr *ctrlr);

/** Version, as read when it was connected. */
union spdk_nvme_vs_register spdk_nvme_ctrlr_get_regs_vs(struct spdk_nvme_ctrlr *ctrlr);

/** The highest namespace id that is legal (NN); not how many are active. */
uint32_t spdk_nvme_ctrlr_get_num_ns(struct spdk_nvme_ctrlr *ctrlr);

/** The controller id (CNTLID). */
uint16_t spdk_nvme_ctrlr_get_id(struct spdk_nvme_ctrlr *ctrlr);

/** The most bytes that one command moves. Larger I/O is split. */
uint32_t spdk_nvme_ctrlr_get_max_xfer_size(const struct spdk_nvme_ctrlr *ctrlr);

/** The most memory segments that one command takes. I/O with more is split. */
uint16_t spdk_nvme_ctrlr_get_max_sges(const struct spdk_nvme_ctrlr *ctrlr);

/** Whether the namespace was active in the last scan. */
bool spdk_nvme_ctrlr_is_active_ns(struct spdk_nvme_ctrlr *ctrlr, uint32_t nsid);

/** The lowest active namespace id, 0: none. */
uint32_t spdk_nvme_ctrlr_get_first_active_ns(struct spdk_nvme_ctrlr *ctrlr);

/** The next active namespace id above \p prev_nsid, 0: none. */
uint32_t spdk_nvme_ctrlr_get_next_active_ns(struct spdk_nvme_ctrlr *ctrlr, uint32_t prev_nsid);

/** Whether identify data says that the controller has this log page. */
bool spdk_nvme_ctrlr_is_log_page_supported(struct spdk_nvme_ctrlr *ctrlr, uint8_t log_page);

/** Whether identify data says that the controller has this feature. */
bool spdk_nvme_ctrlr_is_feature_supported(struct spdk_nvme_ctrlr *ctrlr, uint8_t feature_code);

/**
 * Be told of asynchronous events, in the poll of admin completions. Of a namespace notice when the
 * namespaces were read anew. NULL: no more.
 */
void spdk_nvme_ctrlr_register_aer_callback(struct spdk_nvme_ctrlr *ctrlr,
                                           spdk_nvme_aer_cb aer_cb_fn, void *aer_cb_arg);

/**
 * Be told which namespaces a notice names, before they are read anew. \p count 0: too many to
 * name. The list lives until the call-back returns.
 */
void
spdk_nvme_ctrlr_register_ns_attr_changed_callback(struct spdk_nvme_ctrlr *ctrlr,
                                                  spdk_nvme_ns_attr_changed_cb cb_fn, void *cb_arg);

/**
 * From now on leave the log of changed namespaces, whose reading lets the next notice come, to the
 * user.
 */
void spdk_nvme_ctrlr_disable_read_changed_ns_list_log_page(struct spdk_nvme_ctrlr *ctrlr);

/**
 * Be told, once each, of commands that are out for longer than so many microseconds, in polls of
 * their queue pair (qpair NULL: admin). Nothing else happens to them. Event requests are left out.
 * While no other thread uses a queue pair of this controller.
 * \param timeout_io_us, timeout_admin_us 0: no time-out.
 * \param cb_fn NULL: no more.
 */
void spdk_nvme_ctrlr_register_timeout_callback(struct spdk_nvme_ctrlr *ctrlr,
                                               uint64_t timeout_io_us, uint64_t timeout_admin_us,
                                               spdk_nvme_timeout_cb cb_fn, void *cb_arg);

/**
 * Read the whole log of a discovery controller; again when it changes meanwhile.
 * \param cb_fn runs in the poll of admin completions: with rc 0 and a page from malloc() that it
 * frees, or a negative errno (-EAGAIN: it kept changing; -EFBIG: absurdly long) and NULL.
 * \return 0, -ENOMEM, -ENXIO.
 */
int spdk_nvme_ctrlr_get_discovery_log_page(struct spdk_nvme_ctrlr *ctrlr,
                                           spdk_nvme_discovery_cb cb_fn, void *cb_arg);

/**
 * Fill \p opts, of which \p opts_size bytes may be written, with what the controller's options
 * say.
 */
void
spdk_nvme_ctrlr_get_default_io_qpair_opts(struct spdk_nvme_ctrlr *ctrlr,
                                          struct spdk_nvme_io_qpair_opts *opts, size_t opts_size);

/**
 * Make an I/O queue pair, and connect it unless opts->create_only: waiting for that, or with
 * opts->async_mode not. The caller's thread owns it; spdk_nvme_ctrlr_free_io_qpair().
 * \param opts NULL: defaults; \p opts_size bytes of it are valid.
 * \return NULL: the controller is not up, all its queues are in use, no memory, no connection.
 */
struct spdk_nvme_qpair *
spdk_nvme_ctrlr_alloc_io_qpair(struct spdk_nvme_ctrlr *ctrlr,
                               const struct spdk_nvme_io_qpair_opts *opts, size_t opts_size);

/**
 * Connect a queue pair that was made with create_only or was disconnected. With async_mode 0 means
 * only that it has begun: spdk_nvme_qpair_is_connected() after polls tells the end.
 * \return 0; -EINVAL: connected already; -EAGAIN: still disconnecting; -ENXIO: the controller is
 * not up; or why it failed.
 */
int spdk_nvme_ctrlr_connect_io_qpair(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair);

/**
 * Close the connection. Commands that are out complete as aborted, in this call. Then it can be
 * connected again.
 */
void spdk_nvme_ctrlr_disconnect_io_qpair(struct spdk_nvme_qpair *qpair);

/**
 * Connect a queue pair again, after a reset or a lost connection.
 * \return 0, also when it is connected; -EAGAIN: not yet possible, or it failed: try again;
 * -ENXIO: the controller has failed; -ENODEV: it is removed.
 */
int spdk_nvme_ctrlr_reconnect_io_qpair(struct spdk_nvme_qpair *qpair);

/** Whether this is the admin queue. */
bool spdk_nvme_qpair_is_admin_queue(struct spdk_nvme_qpair *qpair);

/** How many commands can be out at once. */
uint16_t spdk_nvme_qpair_get_queue_depth(struct spdk_nvme_qpair *qpair);

/** Why the admin queue was disconnected last. */
spdk_nvme_qp_failure_reason
spdk_nvme_ctrlr_get_admin_qp_failure_reason(struct spdk_nvme_ctrlr *ctrlr);

/**
 * Disconnect and free. Commands that are out complete as aborted. Inside a call-back of it, or of
 * its poll group, it goes when that poll ends. NULL is allowed.
 * \return 0.
 */
int spdk_nvme_ctrlr_free_io_qpair(struct spdk_nvme_qpair *qpair);

/** Send \p cmd as it is, but for cid and data pointer, with \p len bytes at \p buf. */
int spdk_nvme_ctrlr_cmd_io_raw(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair,
                               struct spdk_nvme_cmd *cmd, void *buf, uint32_t len,
                               spdk_nvme_cmd_cb cb_fn, void *cb_arg);

/**
 * spdk_nvme_ctrlr_cmd_io_raw() with metadata apart; over a fabric \p md_buf must be NULL
 * (-EINVAL).
 */
int spdk_nvme_ctrlr_cmd_io_raw_with_md(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair,
                                       struct spdk_nvme_cmd *cmd, void *buf, uint32_t len,
                                       void *md_buf, spdk_nvme_cmd_cb cb_fn, void *cb_arg);

/** The same with the data behind call-backs, which are asked during the submit, with \p cb_arg. */
int spdk_nvme_ctrlr_cmd_iov_raw_with_md(struct spdk_nvme_ctrlr *ctrlr,
                                        struct spdk_nvme_qpair *qpair, struct spdk_nvme_cmd *cmd,
                                        uint32_t len, void *md_buf, spdk_nvme_cmd_cb cb_fn,
                                        void *cb_arg, spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                                        spdk_nvme_req_next_sge_cb next_sge_fn);

/**
 * Receive, and run call-backs of up to \p max_completions commands; 0: no limit but the queue's
 * size. Also carries on connecting.
 * \return how many; -ENXIO: not connected, and all that was out is aborted.
 */
int32_t
spdk_nvme_qpair_process_completions(struct spdk_nvme_qpair *qpair, uint32_t max_completions);

/** Why it was disconnected last. */
spdk_nvme_qp_failure_reason spdk_nvme_qpair_get_failure_reason(struct spdk_nvme_qpair *qpair);

/** Whether commands aborted by a disconnect carry "do not retry". */
void spdk_nvme_qpair_set_abort_dnr(struct spdk_nvme_qpair *qpair, bool dnr);

/** Whether it is connected. */
bool spdk_nvme_qpair_is_connected(struct spdk_nvme_qpair *qpair);

/**
 * Send \p cmd on the admin queue as it is, but for cid and data pointer, with \p len bytes at \p
 * buf.
 */
int spdk_nvme_ctrlr_cmd_admin_raw(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_cmd *cmd,
                                  void *buf, uint32_t len, spdk_nvme_cmd_cb cb_fn, void *cb_arg);

/** Whether the controller can reset its whole NVM subsystem (CAP.NSSRS). */
bool spdk_nvme_ctrlr_is_nssr_supported(struct spdk_nvme_ctrlr *ctrlr);

/**
 * Poll the admin queue: completions, events, keep-alive (call it at least every half of the
 * keep-alive time). Call-backs run with the controller's lock held.
 * \return how many; -ENXIO: not connected, the controller has failed.
 */
int32_t spdk_nvme_ctrlr_process_admin_completions(struct spdk_nvme_ctrlr *ctrlr);

/**
 * The namespace of that id, active or not; NULL when the id is out of range or memory is out. The
 * handle is good as long as the controller.
 */
struct spdk_nvme_ns *spdk_nvme_ctrlr_get_ns(struct spdk_nvme_ctrlr *ctrlr, uint32_t ns_id);

/**
 * Read \p payload_size bytes, a multiple of 4, of a log page from \p offset, a multiple of 4, on.
 * -EINVAL also for an offset that the controller can't do (LPA).
 */
int spdk_nvme_ctrlr_cmd_get_log_page(struct spdk_nvme_ctrlr *ctrlr, uint8_t log_page, uint32_t nsid,
                                     void *payload, uint32_t payload_size, uint64_t offset,
                                     spdk_nvme_cmd_cb cb_fn, void *cb_arg);

/**
 * The same with the rest of the command's dwords: log specific fields in \p cdw10, \p cdw11, \p
 * cdw14.
 */
int spdk_nvme_ctrlr_cmd_get_log_page_ext(struct spdk_nvme_ctrlr *ctrlr, uint8_t log_page,
                                         uint32_t nsid, void *payload, uint32_t payload_size,
                                         uint64_t offset, uint32_t cdw10, uint32_t cdw11,
                                         uint32_t cdw14, spdk_nvme_cmd_cb cb_fn, void *cb_arg);

/**
 * Ask the controller to abort the command \p cid of \p qpair (NULL: admin).
 * spdk_nvme_cpl_is_abort_success() tells.
 */
int spdk_nvme_ctrlr_cmd_abort(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair,
                              uint16_t cid, spdk_nvme_cmd_cb cb_fn, void *cb_arg);

/**
 * Ask to abort every command of \p qpair (NULL: admin) that was submitted with \p cmd_cb_arg. \p
 * cb_fn runs when all are answered; bit 0 of cdw0 is set when one was not aborted. Those that wait
 * in memory are completed as aborted at once. On the queue pair's thread.
 * \return 0; -ENOENT: none is with the controller; -EINVAL for a NULL argument; -ENOMEM, -ENXIO.
 */
int spdk_nvme_ctrlr_cmd_abort_ext(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair,
                                  void *cmd_cb_arg, spdk_nvme_cmd_cb cb_fn, void *cb_arg);

/** Set Features, for no namespace. */
int spdk_nvme_ctrlr_cmd_set_feature(struct spdk_nvme_ctrlr *ctrlr, uint8_t feature, uint32_t cdw11,
                                    uint32_t cdw12, void *payload, uint32_t payload_size,
                                    spdk_nvme_cmd_cb cb_fn, void *cb_arg);

/** Get Features, for no namespace. The value is in cdw0 of the completion. */
int spdk_nvme_ctrlr_cmd_get_feature(struct spdk_nvme_ctrlr *ctrlr, uint8_t feature, uint32_t cdw11,
                                    void *payload, uint32_t payload_size, spdk_nvme_cmd_cb cb_fn,
                                    void *cb_arg);

/** Get Features of a namespace. */
int spdk_nvme_ctrlr_cmd_get_feature_ns(struct spdk_nvme_ctrlr *ctrlr, uint8_t feature,
                                       uint32_t cdw11, void *payload, uint32_t payload_size,
                                       spdk_nvme_cmd_cb cb_fn, void *cb_arg, uint32_t ns_id);

/** Set Features of a namespace. */
int
spdk_nvme_ctrlr_cmd_set_feature_ns(struct spdk_nvme_ctrlr *ctrlr, uint8_t feature, uint32_t cdw11,
                                   uint32_t cdw12, void *payload, uint32_t payload_size,
                                   spdk_nvme_cmd_cb cb_fn, void *cb_arg, uint32_t ns_id);

/** Security Receive of protocol \p secp, specific \p spsp. */
int spdk_nvme_ctrlr_cmd_security_receive(struct spdk_nvme_ctrlr *ctrlr, uint8_t secp, uint16_t spsp,
                                         uint8_t nssf, void *payload, uint32_t payload_size,
                                         spdk_nvme_cmd_cb cb_fn, void *cb_arg);

/** Security Send of protocol \p secp, specific \p spsp. */
int spdk_nvme_ctrlr_cmd_security_send(struct spdk_nvme_ctrlr *ctrlr, uint8_t secp, uint16_t spsp,
                                      uint8_t nssf, void *payload, uint32_t payload_size,
                                      spdk_nvme_cmd_cb cb_fn, void *cb_arg);

/** What the controller can do: enum spdk_nvme_ctrlr_flags. */
uint64_t spdk_nvme_ctrlr_get_flags(struct spdk_nvme_ctrlr *ctrlr);

/** Where the controller is. Lives as long as it. */
const struct spdk_nvme_transport_id *
spdk_nvme_ctrlr_get_transport_id(struct spdk_nvme_ctrlr *ctrlr);

/**
 * Take a free I/O queue id. For transports.
 * \return the id, -1: none is left.
 */
int32_t spdk_nvme_ctrlr_alloc_qid(struct spdk_nvme_ctrlr *ctrlr);

/** Give it back. */
void spdk_nvme_ctrlr_free_qid(struct spdk_nvme_ctrlr *ctrlr, uint16_t qid);

/**
 * A new, empty poll group of the caller's thread. \p ctx goes to call-backs. \p table may be NULL;
 * no transport uses it.
 * \return NULL when out of memory.
 */
struct spdk_nvme_poll_group *
spdk_nvme_poll_group_create(void *ctx, struct spdk_nvme_accel_fn_table *table);

/**
 * Add a queue pair that is not connected and in no group.
 * \return 0; -EINVAL: it is one of these; -ENOMEM.
 */
int spdk_nvme_poll_group_add(struct spdk_nvme_poll_group *group, struct spdk_nvme_qpair *qpair);

/**
 * Take out a disconnected queue pair.
 * \return 0; -ENOENT: it is not in this group; -EINVAL: not disconnected.
 */
int spdk_nvme_poll_group_remove(struct spdk_nvme_poll_group *group, struct spdk_nvme_qpair *qpair);

/**
 * Free an empty group.
 * \return 0; -EBUSY: there are queue pairs in it.
 */
int spdk_nvme_poll_group_destroy(struct spdk_nvme_poll_group *group);

/**
 * Poll all queue pairs of the group, as spdk_nvme_qpair_process_completions() each.
 * \param disconnected_qpair_cb is called in each poll for each queue pair that is disconnected,
 * until it is connected again, removed or freed, which it may do itself.
 * \return how many commands completed; -EINVAL without a call-back; the first error of a
 * transport.
 */
int64_t
spdk_nvme_poll_group_process_completions(struct spdk_nvme_poll_group *group,
                                         uint32_t completions_per_qpair,
                                         spdk_nvme_disconnected_qpair_cb disconnected_qpair_cb);

/** \return 0: all are connected; -EAGAIN: some are on the way; -EIO: some are disconnected. */
int spdk_nvme_poll_group_all_connected(struct spdk_nvme_poll_group *group);

/** The context given at create. */
void *spdk_nvme_poll_group_get_ctx(struct spdk_nvme_poll_group *group);

/**
 * Statistics of each transport in the group; spdk_nvme_poll_group_free_stats(). On the group's
 * thread.
 * \return 0, -EINVAL, -ENOMEM, -ENOTSUP: no transport has any.
 */
int spdk_nvme_poll_group_get_stats(struct spdk_nvme_poll_group *group,
                                   struct spdk_nvme_poll_group_stat **stats);

/** Free what spdk_nvme_poll_group_get_stats() gave. */
void spdk_nvme_poll_group_free_stats(struct spdk_nvme_poll_group *group,
                                     struct spdk_nvme_poll_group_stat *stat);

/** Identify data of the namespace. Lives as long as the controller; a scan writes it anew. */
const struct spdk_nvme_ns_data *spdk_nvme_ns_get_data(struct spdk_nvme_ns *ns);

/** The namespace id. */
uint32_t spdk_nvme_ns_get_id(struct spdk_nvme_ns *ns);

/** Its controller. */
struct spdk_nvme_ctrlr *spdk_nvme_ns_get_ctrlr(struct spdk_nvme_ns *ns);

/** Whether it is active and has a size. */
bool spdk_nvme_ns_is_active(struct spdk_nvme_ns *ns);

/** The most bytes that one command moves. */
uint32_t spdk_nvme_ns_get_max_io_xfer_size(struct spdk_nvme_ns *ns);

/** Bytes of data in a block; 0: not active, or a format that can't be used. */
uint32_t spdk_nvme_ns_get_sector_size(struct spdk_nvme_ns *ns);

/** Bytes that a block takes in memory: with metadata, where that is interleaved. */
uint32_t spdk_nvme_ns_get_extended_sector_size(struct spdk_nvme_ns *ns);

/** Size in blocks. */
uint64_t spdk_nvme_ns_get_num_sectors(struct spdk_nvme_ns *ns);

/** Size in bytes of data. */
uint64_t spdk_nvme_ns_get_size(struct spdk_nvme_ns *ns);

/** Type of end-to-end protection. */
enum spdk_nvme_pi_type spdk_nvme_ns_get_pi_type(struct spdk_nvme_ns *ns);

/** Format of protection information, as Identify tells it: the 16-bit guard where the namespace has
 *  no protection, or its controller no extended formats. */
enum spdk_nvme_pi_format spdk_nvme_ns_get_pi_format(struct spdk_nvme_ns *ns);

/** Bytes of metadata of a block. */
uint32_t spdk_nvme_ns_get_md_size(struct spdk_nvme_ns *ns);

/** Which LBA format identify data says is in use. */
uint32_t spdk_nvme_ns_get_format_index(const struct spdk_nvme_ns_data *nsdata);

/** Which LBA format is in use. */
uint32_t spdk_nvme_ns_get_active_format_index(const struct spdk_nvme_ns *ns);

/** The vendor specific end of its identify data. */
const void *spdk_nvme_ns_get_vendor_specific(struct spdk_nvme_ns *ns);

/**
 * LBA format \p format_index.
 * \return 0; -EINVAL: there is none of that number.
 */
int spdk_nvme_ns_get_format(struct spdk_nvme_ns *ns, uint8_t format_index,
                            struct spdk_nvme_ns_data_lbaf *lbaf);

/** Whether metadata is interleaved with the data. */
bool spdk_nvme_ns_supports_extended_lba(struct spdk_nvme_ns *ns);

/** Whether it takes Write Uncorrectable. */
bool spdk_nvme_ns_supports_write_uncorrectable(struct spdk_nvme_ns *ns);

/** Whether it takes Compare. */
bool spdk_nvme_ns_supports_compare(struct spdk_nvme_ns *ns);

/** What deallocated blocks read as. */
enum spdk_nvme_dealloc_logical_block_read_value
spdk_nvme_ns_get_dealloc_logical_block_read_value(struct spdk_nvme_ns *ns);

/** I/O is split at multiples of so many blocks; 0: none. */
uint32_t spdk_nvme_ns_get_optimal_io_boundary(struct spdk_nvme_ns *ns);

/** Its NGUID, 16 bytes; NULL: none. Lives as long as the controller. */
const uint8_t *spdk_nvme_ns_get_nguid(const struct spdk_nvme_ns *ns);

/** Its UUID; NULL: none. Lives as long as the controller. */
const struct spdk_uuid *spdk_nvme_ns_get_uuid(const struct spdk_nvme_ns *ns);

/** Its I/O command set. */
enum spdk_nvme_csi spdk_nvme_ns_get_csi(const struct spdk_nvme_ns *ns);

/** What it can do: enum spdk_nvme_ns_flags. */
uint32_t spdk_nvme_ns_get_flags(struct spdk_nvme_ns *ns);

/** Its ANA group. */
uint32_t spdk_nvme_ns_get_ana_group_id(const struct spdk_nvme_ns *ns);

/** State of this path to it, as of the last ANA log; optimized without one. */
enum spdk_nvme_ana_state spdk_nvme_ns_get_ana_state(const struct spdk_nvme_ns *ns);

/**
 * Write \p lba_count blocks from contiguous memory; split into as many commands as the limits ask
 * for.
 * \param io_flags SPDK_NVME_IO_FLAGS_*.
 */
int spdk_nvme_ns_cmd_write(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, void *payload,
                           uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                           uint32_t io_flags);

/**
 * Write from scattered memory. \p reset_sgl_fn and \p next_sge_fn get \p cb_arg; they are asked
 * during the submit, and again in a poll for what had to wait.
 */
int spdk_nvme_ns_cmd_writev(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                            uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                            uint32_t io_flags, spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                            spdk_nvme_req_next_sge_cb next_sge_fn);

/**
 * spdk_nvme_ns_cmd_writev() with metadata apart (over a fabric NULL, else -EINVAL) and application
 * tags.
 */
int spdk_nvme_ns_cmd_writev_with_md(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                    uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn,
                                    void *cb_arg, uint32_t io_flags,
                                    spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                                    spdk_nvme_req_next_sge_cb next_sge_fn, void *metadata,
                                    uint16_t apptag_mask, uint16_t apptag);

/** spdk_nvme_ns_cmd_writev() with options. -ENOTSUP: a memory domain or an accel sequence. */
int spdk_nvme_ns_cmd_writev_ext(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn,
                                void *cb_arg, spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                                spdk_nvme_req_next_sge_cb next_sge_fn,
                                struct spdk_nvme_ns_cmd_ext_io_opts *opts);

/**
 * Write from \p iov, which must live until \p cb_fn. Options as for spdk_nvme_ns_cmd_writev_ext();
 * NULL: none.
 */
int spdk_nvme_ns_cmd_write_iov(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                               uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                               struct iovec *iov, uint32_t iov_count,
                               struct spdk_nvme_ns_cmd_ext_io_opts *opts);

/** spdk_nvme_ns_cmd_write() with options, as for spdk_nvme_ns_cmd_writev_ext(). */
int
spdk_nvme_ns_cmd_write_ext(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, void *payload,
                           uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                           struct spdk_nvme_ns_cmd_ext_io_opts *opts);

/**
 * spdk_nvme_ns_cmd_write() with metadata apart (over a fabric NULL, else -EINVAL) and application
 * tags.
 */
int spdk_nvme_ns_cmd_write_with_md(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                   void *payload, void *metadata, uint64_t lba, uint32_t lba_count,
                                   spdk_nvme_cmd_cb cb_fn, void *cb_arg, uint32_t io_flags,
                                   uint16_t apptag_mask, uint16_t apptag);

/** Make \p lba_count blocks, 65,536 at most, read as zeroes. */
int spdk_nvme_ns_cmd_write_zeroes(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                  uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn,
                                  void *cb_arg, uint32_t io_flags);

/** Let the controller read \p lba_count blocks, 65,536 at most, without moving them. */
int spdk_nvme_ns_cmd_verify(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                            uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                            uint32_t io_flags);

/** Mark \p lba_count blocks, 65,536 at most, as unreadable. */
int spdk_nvme_ns_cmd_write_uncorrectable(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                         uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn,
                                         void *cb_arg);

/**
 * Read \p lba_count blocks to contiguous memory, as spdk_nvme_ns_cmd_write(). A success with less
 * data than asked for becomes SPDK_NVME_SC_DATA_TRANSFER_ERROR.
 */
int spdk_nvme_ns_cmd_read(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, void *payload,
                          uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                          uint32_t io_flags);

/** Read to scattered memory, as spdk_nvme_ns_cmd_writev(). */
int spdk_nvme_ns_cmd_readv(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                           uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                           uint32_t io_flags, spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                           spdk_nvme_req_next_sge_cb next_sge_fn);

/** As spdk_nvme_ns_cmd_writev_with_md(), reading. */
int
spdk_nvme_ns_cmd_readv_with_md(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                               uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                               uint32_t io_flags, spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                               spdk_nvme_req_next_sge_cb next_sge_fn, void *metadata,
                               uint16_t apptag_mask, uint16_t apptag);

/** As spdk_nvme_ns_cmd_writev_ext(), reading. */
int spdk_nvme_ns_cmd_readv_ext(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                               uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                               spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                               spdk_nvme_req_next_sge_cb next_sge_fn,
                               struct spdk_nvme_ns_cmd_ext_io_opts *opts);

/** As spdk_nvme_ns_cmd_write_iov(), reading. */
int spdk_nvme_ns_cmd_read_iov(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                              uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                              struct iovec *iov, uint32_t iov_count,
                              struct spdk_nvme_ns_cmd_ext_io_opts *opts);

/** As spdk_nvme_ns_cmd_write_ext(), reading. */
int spdk_nvme_ns_cmd_read_ext(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, void *payload,
                              uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn,
                              void *cb_arg, struct spdk_nvme_ns_cmd_ext_io_opts *opts);

/** As spdk_nvme_ns_cmd_write_with_md(), reading. */
int spdk_nvme_ns_cmd_read_with_md(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                  void *payload, void *metadata, uint64_t lba, uint32_t lba_count,
                                  spdk_nvme_cmd_cb cb_fn, void *cb_arg, uint32_t io_flags,
                                  uint16_t apptag_mask, uint16_t apptag);

/**
 * Dataset Management of 1 to 256 ranges, which must live until \p cb_fn. \p type:
 * SPDK_NVME_DSM_ATTR_*.
 */
int spdk_nvme_ns_cmd_dataset_management(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                        uint32_t type, const struct spdk_nvme_dsm_range *ranges,
                                        uint16_t num_ranges, spdk_nvme_cmd_cb cb_fn, void *cb_arg);

/** Make durable what was written to the namespace and completed before. */
int spdk_nvme_ns_cmd_flush(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                           spdk_nvme_cmd_cb cb_fn, void *cb_arg);

/** Compare blocks with contiguous memory: SPDK_NVME_SC_COMPARE_FAILURE when they differ. */
int spdk_nvme_ns_cmd_compare(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, void *payload,
                             uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                             uint32_t io_flags);

/** Compare with scattered memory, as spdk_nvme_ns_cmd_writev(). */
int spdk_nvme_ns_cmd_comparev(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, uint64_t lba,
                              uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                              uint32_t io_flags, spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                              spdk_nvme_req_next_sge_cb next_sge_fn);

/** As spdk_nvme_ns_cmd_writev_with_md(), comparing. */
int spdk_nvme_ns_cmd_comparev_with_md(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                      uint64_t lba, uint32_t lba_count, spdk_nvme_cmd_cb cb_fn,
                                      void *cb_arg, uint32_t io_flags,
                                      spdk_nvme_req_reset_sgl_cb reset_sgl_fn,
                                      spdk_nvme_req_next_sge_cb next_sge_fn, void *metadata,
                                      uint16_t apptag_mask, uint16_t apptag);

/** As spdk_nvme_ns_cmd_write_with_md(), comparing. */
int spdk_nvme_ns_cmd_compare_with_md(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                                     void *payload, void *metadata, uint64_t lba,
                                     uint32_t lba_count, spdk_nvme_cmd_cb cb_fn, void *cb_arg,
                                     uint32_t io_flags, uint16_t apptag_mask, uint16_t apptag);

/**
 * The name of a status, static. \p opc: of the command; Fabrics commands have codes of their own.
 */
const char *spdk_nvme_cpl_get_status_string_ext(const struct spdk_nvme_status *status, uint8_t opc);

/** The name of a status code type, static. */
const char *spdk_nvme_cpl_get_status_type_string(const struct spdk_nvme_status *status);

/** Log a command of \p qpair at level NOTICE. */
void spdk_nvme_qpair_print_command(struct spdk_nvme_qpair *qpair, struct spdk_nvme_cmd *cmd);

/** Log a completion of \p qpair at level NOTICE; \p opc of its command. */
void spdk_nvme_qpair_print_completion_ext(const struct spdk_nvme_qpair *qpair,
                                          const struct spdk_nvme_cpl *cpl, uint8_t opc);

/** The queue id; 0: admin. */
uint16_t spdk_nvme_qpair_get_id(struct spdk_nvme_qpair *qpair);

/** Requests in use: with the controller, waiting, and parents of split I/O. */
uint32_t spdk_nvme_qpair_get_num_outstanding_reqs(struct spdk_nvme_qpair *qpair);

/** Log a command of queue \p qid at level NOTICE. */
void spdk_nvme_print_command(uint16_t qid, struct spdk_nvme_cmd *cmd);

/** Log a completion of queue \p qid at level NOTICE. */
void spdk_nvme_print_completion_ext(uint16_t qid, const struct spdk_nvme_cpl *cpl, uint8_t opc);

/**
 * Add a transport from outside the library; \p ops is copied. Also before main(); before
 * controllers exist. A name that is there already is left out, with a log line.
 */
void spdk_nvme_transport_register(const struct spdk_nvme_transport_ops *ops);

/** Read the options of all transports into \p opts, of which \p opts_size bytes may be written. */
void spdk_nvme_transport_get_opts(struct spdk_nvme_transport_opts *opts, size_t opts_size);

/**
 * Set them, as far as opts->opts_size and \p opts_size reach. Before controllers exist.
 * \return 0, -EINVAL.
 */
int spdk_nvme_transport_set_opts(const struct spdk_nvme_transport_opts *opts, size_t opts_size);

/** Whether \p trtype is a fabric, as opposed to a bus with memory that both sides see. */
static inline bool
spdk_nvme_trtype_is_fabrics(enum spdk_nvme_transport_type trtype)
{
	return trtype >= 0 && trtype != SPDK_NVME_TRANSPORT_CUSTOM &&
	       trtype != SPDK_NVME_TRANSPORT_PCIE && trtype != SPDK_NVME_TRANSPORT_VFIOUSER;
}

/* ---- Dropped by SPDK ---- */

struct spdk_nvme_ctrlr_reset_ctx;

/** spdk_nvme_cpl_get_status_string_ext() of a command whose opcode nobody knows. */
const char *spdk_nvme_cpl_get_status_string(const struct spdk_nvme_status *status)
        BASALT_DEPRECATED("spdk_nvme_cpl_get_status_string_ext()");

/** spdk_nvme_print_completion_ext() of a command whose opcode nobody knows. */
void spdk_nvme_print_completion(uint16_t qid, struct spdk_nvme_cpl *cpl)
        BASALT_DEPRECATED("spdk_nvme_print_completion_ext()");

/** spdk_nvme_qpair_print_completion_ext() of a command whose opcode nobody knows. */
void spdk_nvme_qpair_print_completion(struct spdk_nvme_qpair *qpair, struct spdk_nvme_cpl *cpl)
        BASALT_DEPRECATED("spdk_nvme_qpair_print_completion_ext()");

/**
 * Begin a reset.
 * \param reset_ctx out: for spdk_nvme_ctrlr_reset_poll_async(), which ends it.
 * \return 0, -EBUSY when one is under way, -ENXIO when the controller was removed, -ENOMEM.
 */
int spdk_nvme_ctrlr_reset_async(struct spdk_nvme_ctrlr *ctrlr,
                                struct spdk_nvme_ctrlr_reset_ctx **reset_ctx)
        BASALT_DEPRECATED("spdk_nvme_ctrlr_disconnect(), spdk_nvme_ctrlr_reconnect_async()");

/**
 * Go on with a reset.
 * \param ctrlr_reset_ctx freed but for -EAGAIN.
 * \return -EAGAIN: call again; 0, or -ENXIO when the controller has failed.
 */
int spdk_nvme_ctrlr_reset_poll_async(struct spdk_nvme_ctrlr_reset_ctx *ctrlr_reset_ctx)
        BASALT_DEPRECATED("spdk_nvme_ctrlr_reconnect_poll_async()");

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_NVME_H */
