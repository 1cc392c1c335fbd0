/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The NVMe host behind spdk/nvme.h: requests, queue pairs, controllers, and what a transport module
 * (module/nvme/<name>) calls. Nothing here needs an spdk_thread.
 *
 * A queue pair is used by one thread at a time. The admin queue pair and all of a controller's
 * fields that say so are guarded by ctrlr->lock, so that any thread may send admin commands.
 */

#ifndef SPDK_INTERNAL_NVME_H
#define SPDK_INTERNAL_NVME_H

#include "spdk/likely.h"
#include "spdk/nvme.h"
#include "spdk/queue.h"
#include "spdk/tree.h"
#include "spdk/uuid.h"

/* Limits, all in one place. */
enum {
	NVME_ADMIN_QUEUE_SIZE_DFLT = 32,
	NVME_ADMIN_QUEUE_SIZE_MAX = SPDK_NVME_ADMIN_QUEUE_MAX_ENTRIES,
	NVME_IO_QUEUE_SIZE_DFLT = 256,
	NVME_IO_QUEUE_REQUESTS_DFLT = 512,
	NVME_IO_QUEUES_DFLT = 1024,
	NVME_KEEP_ALIVE_MS_DFLT = 10000,
	NVME_RETRY_COUNT_DFLT = 4,
	NVME_ADMIN_TIMEOUT_MS_DFLT = 120000,
	NVME_FABRICS_CONNECT_TIMEOUT_US_DFLT = 500000,
	NVME_SHUTDOWN_TIMEOUT_MS_DFLT = 10000,
	NVME_AER_MAX = 8,
	/* Admin requests kept back from users, so that a controller that answers none of theirs is
	 * still asked for a sign of life: keep-alive, registers, the scan; and events beside. */
	NVME_ADMIN_REQUESTS_KEPT = 8,
	NVME_ADMIN_REQUESTS_EXTRA = NVME_AER_MAX + NVME_ADMIN_REQUESTS_KEPT,
	/* Longest chain of namespaces that a scan accepts; 1,024 a page. */
	NVME_ACTIVE_NS_PAGES_MAX = 64,
	NVME_DISCOVERY_ENTRIES_MAX = 16384,
	NVME_DISCOVERY_RETRIES_MAX = 5,
	NVME_TRANSPORTS_MAX = 16,
};

struct nvme_request;
STAILQ_HEAD(nvme_request_queue, nvme_request);

/** Where the data of a request is: contiguous memory, a vector, or behind two call-backs. */
struct nvme_payload {
	/** The buffer; the struct iovec array; or the call-backs' argument. */
	void *base;
	/** Set for call-backs, which are asked during submit only. */
	spdk_nvme_req_reset_sgl_cb reset_sgl_fn;
	spdk_nvme_req_next_sge_cb next_sge_fn;
	/** Separate metadata, or NULL. */
	void *md;
	/** Elements when base is a vector, else 0. */
	uint32_t iovcnt;
};

enum nvme_request_flags {
	/** Part of connecting: goes out before the queue pair is up. */
	NVME_REQ_CONNECT = 1 << 0,
	/** The time-out call-back was told of it. */
	NVME_REQ_TIMED_OUT = 1 << 1,
	/** An asynchronous event request: outstanding for as long as the controller likes. */
	NVME_REQ_AER = 1 << 2,
	/** Has a place in nvme_qpair.queued. */
	NVME_REQ_QUEUED = 1 << 3,
};

/** One command. Allocated in one array with its queue pair; owned by the queue pair's thread. */
struct nvme_request {
	struct spdk_nvme_cmd cmd;

	spdk_nvme_cmd_cb cb_fn;
	void *cb_arg;
	struct spdk_nvme_qpair *qpair;
	STAILQ_ENTRY(nvme_request) link; /* free or queued */
	uint32_t payload_offset;
	uint32_t payload_size;
	uint16_t flags;
	/** A parent's children that have not completed yet. */
	uint16_t num_children;
	uint32_t md_offset;
	struct nvme_request *parent;

	struct nvme_payload payload;
	/** When it was submitted; 0 when no time-out is watched. */
	uint64_t submit_tick;
	/** First error of a child; of a parent only. */
	struct spdk_nvme_cpl parent_status;
	/** A parent's children until they are submitted. */
	struct nvme_request_queue children;
	/** What the transport gave the request, while it has it. */
	void *transport_req;
};

enum nvme_qpair_state {
	NVME_QPAIR_DISCONNECTED,
	/** The transport connects; only NVME_REQ_CONNECT requests go out, others wait. */
	NVME_QPAIR_CONNECTING,
	NVME_QPAIR_CONNECTED,
	/** The transport lets go of what it has; nothing is admitted. */
	NVME_QPAIR_DISCONNECTING,
	/** Being freed. */
	NVME_QPAIR_DESTROYING,
};

/** Why a submit can't take the short way. */
enum nvme_qpair_slow {
	NVME_QPAIR_SLOW_STATE = 1 << 0,   /* not CONNECTED */
	NVME_QPAIR_SLOW_QUEUED = 1 << 1,  /* requests wait before this one */
	NVME_QPAIR_SLOW_TIMEOUT = 1 << 2, /* submit times are needed */
};

/** What the library knows of a queue pair; a transport embeds it in its own struct. */
struct spdk_nvme_qpair {
	const struct spdk_nvme_transport_ops *ops; /* set once at init */
	struct spdk_nvme_ctrlr *ctrlr;             /* set once at init */
	struct nvme_request_queue free_reqs;
	/** Requests that the transport has no room for, first come first served. */
	struct nvme_request_queue queued;
	uint32_t num_outstanding; /* taken from free_reqs */
	uint16_t id;
	uint8_t slow;  /* enum nvme_qpair_slow */
	uint8_t state; /* enum nvme_qpair_state */
	uint8_t qprio;
	/** spdk_nvme_qp_failure_reason. Owner; a reset on another thread writes it too (relaxed:
	 * the next poll sees it, and disconnects). */
	uint8_t failure_reason;
	bool abort_dnr;
	bool async; /* connect does not wait */
	bool delete_after_poll;
	uint8_t in_poll;      /* depth of completion contexts */
	uint16_t queue_depth; /* commands that fit; set by the transport */

	struct spdk_nvme_transport_poll_group *poll_group;
	STAILQ_ENTRY(spdk_nvme_qpair) poll_group_link;
	TAILQ_ENTRY(spdk_nvme_qpair) ctrlr_link; /* ctrlr->lock */
	uint64_t timeout_ticks;                  /* 0: none */
	/** Deadline of the connect or disconnect in progress. */
	uint64_t deadline_ticks;
	/** A fabrics Connect in flight: see fabric.c. */
	struct nvme_fabric_connect *fabric_connect;

	struct nvme_request *reqs;
	uint32_t num_reqs;
};

struct spdk_nvme_transport_poll_group {
	struct spdk_nvme_poll_group *group;
	const struct spdk_nvme_transport_ops *ops;
	STAILQ_HEAD(, spdk_nvme_qpair) connected; /* and connecting, disconnecting */
	STAILQ_HEAD(, spdk_nvme_qpair) disconnected;
	STAILQ_ENTRY(spdk_nvme_transport_poll_group) link;
};

struct spdk_nvme_poll_group {
	void *ctx;
	STAILQ_HEAD(, spdk_nvme_transport_poll_group) tgroups;
	bool in_poll;
	uint32_t num_to_delete;    /* queue pairs freed while in_poll */
	uint64_t next_check_ticks; /* of deadlines, time-outs and resets */
};

struct spdk_nvme_ns {
	struct spdk_nvme_ctrlr *ctrlr;
	uint32_t id;
	uint32_t sector_size;
	uint32_t extended_lba_size; /* sector_size plus interleaved metadata */
	uint32_t md_size;
	uint32_t sectors_per_max_io;
	uint32_t sectors_per_max_io_no_md;
	uint32_t sectors_per_boundary; /* 0: none */
	uint32_t flags;                /* enum spdk_nvme_ns_flags */
	enum spdk_nvme_pi_type pi_type;
	enum spdk_nvme_pi_format pi_format;
	enum spdk_nvme_csi csi;
	uint32_t ana_group_id;
	enum spdk_nvme_ana_state ana_state;
	bool active;
	bool seen; /* by the scan in progress */
	struct spdk_nvme_ns_data nsdata;
	uint8_t id_desc_list[4096];
	RB_ENTRY(spdk_nvme_ns) node;
};
RB_HEAD(nvme_ns_tree, spdk_nvme_ns);

/**
 * The life of a controller, in order. ctrlr_init.c has one handler per state; each state has a
 * deadline, and each ends in the next one, in ERROR, or by nvme_ctrlr_disconnect() in DISCONNECTED.
 */
enum nvme_ctrlr_state {
	NVME_CTRLR_DISCONNECTED,
	NVME_CTRLR_CONNECT_ADMINQ,
	NVME_CTRLR_WAIT_ADMINQ,
	NVME_CTRLR_READ_VS,
	NVME_CTRLR_READ_CAP,
	NVME_CTRLR_READ_CC,
	NVME_CTRLR_DISABLE,
	NVME_CTRLR_WAIT_NOT_READY,
	NVME_CTRLR_ENABLE,
	NVME_CTRLR_WAIT_READY,
	NVME_CTRLR_IDENTIFY,
	NVME_CTRLR_KEEP_ALIVE,
	NVME_CTRLR_NUM_QUEUES,
	NVME_CTRLR_SCAN_NS,
	NVME_CTRLR_CONFIGURE_AER,
	NVME_CTRLR_TRANSPORT_READY,
	NVME_CTRLR_READY,
	NVME_CTRLR_ERROR,
	NVME_CTRLR_NUM_STATES,
};

struct nvme_init {
	enum nvme_ctrlr_state state;
	/** A handler's command is out; its call-back moves on. */
	bool busy;
	uint64_t deadline_ticks;
	int rc; /* why ERROR */
};

/** The way down, ctrlr_reset.c. */
struct nvme_shutdown {
	enum {
		NVME_SHUTDOWN_IDLE,
		NVME_SHUTDOWN_NOTIFYING, /* CC.SHN is being written */
		NVME_SHUTDOWN_WAITING,   /* CSTS.SHST is being watched */
		NVME_SHUTDOWN_DONE,
	} state;
	bool busy;
	uint64_t deadline_ticks;
};

struct nvme_ns_scan;

struct spdk_nvme_ctrlr {
	pthread_mutex_t lock;                      /* recursive */
	const struct spdk_nvme_transport_ops *ops; /* set once */
	struct spdk_nvme_transport_id trid;
	struct spdk_nvme_ctrlr_opts opts;
	struct spdk_nvme_qpair *adminq;

	/* lock */
	struct nvme_init init;
	struct nvme_ns_tree ns;
	TAILQ_HEAD(, spdk_nvme_qpair) io_qpairs;
	bool is_failed;
	bool is_removed;
	bool is_resetting;
	bool is_disconnecting;
	bool is_destructed;
	bool is_attached;  /* in the list of attached controllers */
	uint32_t ref;      /* attaches minus detaches; driver lock */
	uint8_t *qid_used; /* one byte a queue id, opts.num_io_queues + 1 of them */

	union spdk_nvme_vs_register vs;
	union spdk_nvme_cap_register cap;
	union spdk_nvme_cc_register cc;
	union spdk_nvme_csts_register csts;
	bool csts_read; /* a read of CSTS is out */
	bool csts_valid;
	uint16_t cntlid;
	uint32_t max_xfer_size;
	uint32_t page_size;
	uint16_t max_sges;
	uint64_t flags;        /* enum spdk_nvme_ctrlr_flags */
	uint64_t log_pages[4]; /* bitmap of those supported */
	uint64_t features[4];

	/* Keep-alive, keep_alive.c. */
	uint64_t keep_alive_interval_ticks; /* 0: off */
	uint64_t keep_alive_next_tick;
	uint64_t keep_alive_sent_tick; /* 0: none outstanding */

	/* Events, aer.c. */
	spdk_nvme_aer_cb aer_cb_fn;
	void *aer_cb_arg;
	spdk_nvme_ns_attr_changed_cb ns_attr_cb_fn;
	void *ns_attr_cb_arg;
	uint8_t num_aers;
	bool read_changed_ns_list;
	bool ns_rescan;                /* another scan is due when this one ends */
	uint32_t num_event_reads;      /* log pages that events made us read */
	uint64_t event_deadline_ticks; /* of these, and of the scan: as of the last command */
	struct nvme_ns_scan *scan;

	/* Time-outs, timeout.c. */
	uint64_t timeout_io_ticks;
	uint64_t timeout_admin_ticks;
	spdk_nvme_timeout_cb timeout_cb_fn;
	void *timeout_cb_arg;

	spdk_nvme_remove_cb remove_cb;
	void *remove_cb_arg;

	struct spdk_nvme_ctrlr_data cdata;
	struct nvme_shutdown shutdown; /* lock */
	/** Landing place of identify data, for the handler that runs now; 4 KiB. */
	void *scratch;
	/** ANA log page as read last; NULL without. */
	void *ana_log;
	uint32_t ana_log_size;
	TAILQ_ENTRY(spdk_nvme_ctrlr) link; /* attached list or probe list */
};

/** A probe or connect in progress. */
struct spdk_nvme_probe_ctx {
	struct spdk_nvme_transport_id trid;
	const struct spdk_nvme_ctrlr_opts *opts; /* of a connect; NULL: defaults */
	void *cb_ctx;
	spdk_nvme_probe_cb probe_cb;
	spdk_nvme_attach_cb attach_cb;
	spdk_nvme_attach_fail_cb attach_fail_cb;
	spdk_nvme_remove_cb remove_cb;
	TAILQ_HEAD(, spdk_nvme_ctrlr) init_ctrlrs;
	struct spdk_nvme_ctrlr_opts opts_copy;
};

/* ---- Calls between files of lib/nvme, and from transports ---- */

static inline bool
nvme_ctrlr_is_fabrics(const struct spdk_nvme_ctrlr *ctrlr)
{
	return spdk_nvme_trtype_is_fabrics(ctrlr->trid.trtype);
}

/** Milliseconds from now on spdk_get_ticks()'s clock. */
uint64_t nvme_deadline_ms(uint64_t ms);
/** Give way for a moment inside a call that waits. */
void nvme_relax(void);

/* transport.c */
const struct spdk_nvme_transport_ops *nvme_transport_find(const char *trstring);

/* request.c */
/** A request off the queue pair's list, with cmd, flags and children cleared; NULL: none left. */
static inline struct nvme_request *
nvme_request_get(struct spdk_nvme_qpair *qpair, const struct nvme_payload *payload,
                 uint32_t payload_size, spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	struct nvme_request *req = STAILQ_FIRST(&qpair->free_reqs);

	if (spdk_unlikely(req == NULL)) {
		return NULL;
	}
	STAILQ_REMOVE_HEAD(&qpair->free_reqs, link);
	qpair->num_outstanding++;

	memset(&req->cmd, 0, sizeof(req->cmd));
	req->cb_fn = cb_fn;
	req->cb_arg = cb_arg;
	req->payload_offset = 0;
	req->payload_size = payload_size;
	req->flags = 0;
	req->num_children = 0;
	req->md_offset = 0;
	req->parent = NULL;
	req->submit_tick = 0;
	req->payload = *payload;
	return req;
}
struct nvme_request *
nvme_request_get_contig(struct spdk_nvme_qpair *qpair, void *buf, uint32_t payload_size,
                        spdk_nvme_cmd_cb cb_fn, void *cb_arg);
/** Back on the list, without a call-back; a parent with its children that are not submitted. */
void nvme_request_put(struct nvme_request *req);
/**
 * Describe the payload of \p req in at most \p iovcnt_max vectors; neighbours are joined.
 * \return number of vectors, -EFAULT when a call-back fails or gives too few bytes, -E2BIG.
 */
int nvme_request_to_iov(struct nvme_request *req, struct iovec *iov, int iovcnt_max);
/**
 * Complete \p req with \p cpl: free it, then call back. In a poll of its queue pair only. A child
 * completes its parent when it is the last.
 */
void nvme_request_complete(struct nvme_request *req, const struct spdk_nvme_cpl *cpl);
/** nvme_request_complete() with a status that the host makes. */
void nvme_request_fail(struct nvme_request *req, uint16_t sct, uint16_t sc, bool dnr);
enum nvme_timeout {
	NVME_TIMEOUT_NOT_YET, /* and so it is with those submitted after it */
	NVME_TIMEOUT_PASS,    /* none is watched, or the user knows */
	NVME_TIMEOUT_TOLD,    /* the user's call-back ran: what the caller held may be gone */
};
/** Whether \p req is over its time-out; tells the user once. */
enum nvme_timeout nvme_request_check_timeout(struct nvme_request *req, uint16_t cid, uint64_t now);

/* qpair.c */
int nvme_qpair_init(struct spdk_nvme_qpair *qpair, uint16_t id, struct spdk_nvme_ctrlr *ctrlr,
                    enum spdk_nvme_qprio qprio, uint32_t num_requests, bool async);
void nvme_qpair_deinit(struct spdk_nvme_qpair *qpair);
void nvme_qpair_set_state(struct spdk_nvme_qpair *qpair, enum nvme_qpair_state state);
/** nvme_qpair_submit() but for its short way; \p rc of that, when it was taken and failed, else 0.
 */
int nvme_qpair_submit_long(struct spdk_nvme_qpair *qpair, struct nvme_request *req, int rc);
/** Send \p req, or queue it. On an error it was given back and will not call back. */
static inline int
nvme_qpair_submit(struct spdk_nvme_qpair *qpair, struct nvme_request *req)
{
	int rc = 0;

	if (spdk_likely(qpair->slow == 0 && req->num_children == 0)) {
		rc = qpair->ops->qpair_submit_request(qpair, req);
		if (spdk_likely(rc == 0)) {
			return 0;
		}
	}
	return nvme_qpair_submit_long(qpair, req, rc);
}
/** After a transport completed requests in a poll: send those that wait. */
void nvme_qpair_send_queued(struct spdk_nvme_qpair *qpair);
/** Complete all that the library holds as aborted. */
void nvme_qpair_abort_queued(struct spdk_nvme_qpair *qpair, bool dnr);
/** Start connecting; without qpair->async waits until it is done. */
int nvme_qpair_connect(struct spdk_nvme_qpair *qpair);
/** Start or finish disconnecting; the transport calls nvme_qpair_disconnect_done(). */
void nvme_qpair_disconnect(struct spdk_nvme_qpair *qpair);
/** For transports: nothing of the queue pair is in flight any more. Aborts what is left. */
void nvme_qpair_disconnect_done(struct spdk_nvme_qpair *qpair);
/** For transports: the queue pair is up. */
void nvme_qpair_connect_done(struct spdk_nvme_qpair *qpair);
/** Now and then in a group's poll: what no event of the transport tells of. */
void nvme_qpair_attend(struct spdk_nvme_qpair *qpair);
/** Watch or unwatch time-outs, as ctrlr says. */
void nvme_qpair_update_timeout(struct spdk_nvme_qpair *qpair);
/** Mark the start and end of a completion context; the end frees a queue pair freed meanwhile.
 *  \return true when \p qpair is gone. */
void nvme_qpair_enter_poll(struct spdk_nvme_qpair *qpair);
bool nvme_qpair_leave_poll(struct spdk_nvme_qpair *qpair);

/* poll_group.c */
void nvme_poll_group_qpair_connected(struct spdk_nvme_qpair *qpair);
void nvme_poll_group_qpair_disconnected(struct spdk_nvme_qpair *qpair);

/* ctrlr.c, ctrlr_init.c */
int nvme_ctrlr_construct(struct spdk_nvme_ctrlr *ctrlr);
void nvme_ctrlr_destruct_finish(struct spdk_nvme_ctrlr *ctrlr);
/** Free \p ctrlr without a word to the device: one that never was attached, or that shut down. */
void nvme_ctrlr_destruct(struct spdk_nvme_ctrlr *ctrlr);
void nvme_ctrlr_fail(struct spdk_nvme_ctrlr *ctrlr, bool hot_remove);
void nvme_ctrlr_start_init(struct spdk_nvme_ctrlr *ctrlr);
/** One step: 0 when READY, -EAGAIN, or why ERROR. */
int nvme_ctrlr_process_init(struct spdk_nvme_ctrlr *ctrlr);
const char *nvme_ctrlr_state_name(enum nvme_ctrlr_state state);
void nvme_ctrlr_shutdown_start(struct spdk_nvme_ctrlr *ctrlr);
int nvme_ctrlr_shutdown_poll(struct spdk_nvme_ctrlr *ctrlr);
void nvme_ctrlr_disconnect_adminq(struct spdk_nvme_ctrlr *ctrlr);
void nvme_ctrlr_set_supported(struct spdk_nvme_ctrlr *ctrlr);
void nvme_ctrlr_lock(struct spdk_nvme_ctrlr *ctrlr);
void nvme_ctrlr_unlock(struct spdk_nvme_ctrlr *ctrlr);
/** \p opts with every field from defaults where \p src is too short to have it. */
void nvme_ctrlr_opts_copy(struct spdk_nvme_ctrlr_opts *opts, const struct spdk_nvme_ctrlr_opts *src,
                          size_t src_size);

/* ctrlr_cmd.c */
/** Identify into SPDK_NVME_IDENTIFY_BUFLEN bytes at \p payload. */
int nvme_ctrlr_cmd_identify(struct spdk_nvme_ctrlr *ctrlr, uint8_t cns, uint32_t nsid,
                            void *payload, spdk_nvme_cmd_cb cb_fn, void *cb_arg);
int nvme_ctrlr_submit_admin(struct spdk_nvme_ctrlr *ctrlr, struct nvme_request *req);

/* ns.c, ns_scan.c */
void nvme_ns_set_identify_data(struct spdk_nvme_ns *ns);
/** After nvme_ns_set_identify_data(); \p data is of the NVM command set. */
void nvme_ns_set_pi_format(struct spdk_nvme_ns *ns, const struct spdk_nvme_nvm_ns_data *data);
void nvme_ns_clear(struct spdk_nvme_ns *ns);
struct spdk_nvme_ns *nvme_ctrlr_find_ns(struct spdk_nvme_ctrlr *ctrlr, uint32_t nsid, bool create);
void nvme_ctrlr_free_ns_all(struct spdk_nvme_ctrlr *ctrlr);
typedef void (*nvme_ns_scan_done_fn)(struct spdk_nvme_ctrlr *ctrlr, int rc);
/** Ask the controller which namespaces are active, and about each; \p done runs in its poll. */
int nvme_ns_scan_start(struct spdk_nvme_ctrlr *ctrlr, nvme_ns_scan_done_fn done);
void nvme_ns_scan_free(struct spdk_nvme_ctrlr *ctrlr);
RB_PROTOTYPE(nvme_ns_tree, spdk_nvme_ns, node, nvme_ns_cmp)

/* ana.c */
int nvme_ana_read(struct spdk_nvme_ctrlr *ctrlr, spdk_nvme_cmd_cb cb_fn, void *cb_arg);
void nvme_ana_apply(struct spdk_nvme_ctrlr *ctrlr);

/* aer.c */
int nvme_aer_start(struct spdk_nvme_ctrlr *ctrlr);
/** False: what the controller is asked because of an event it has not answered in time. */
bool nvme_aer_poll(struct spdk_nvme_ctrlr *ctrlr);

/* keep_alive.c */
void nvme_keep_alive_start(struct spdk_nvme_ctrlr *ctrlr, uint32_t timeout_ms);
/** Send one when it is due. False: the controller has not answered in time. */
bool nvme_keep_alive_poll(struct spdk_nvme_ctrlr *ctrlr);

/* connect.c */
/** Offer what a transport's scan found at \p trid to the user; starts to initialise it. */
int nvme_probe_one(const struct spdk_nvme_transport_id *trid, struct spdk_nvme_probe_ctx *probe_ctx,
                   void *devhandle);

/* fabric.c: what every fabric's table can use */
int nvme_fabric_set_reg_4_async(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset, uint32_t value,
                                spdk_nvme_reg_cb cb_fn, void *cb_arg);
int nvme_fabric_set_reg_8_async(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset, uint64_t value,
                                spdk_nvme_reg_cb cb_fn, void *cb_arg);
int nvme_fabric_get_reg_4_async(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset,
                                spdk_nvme_reg_cb cb_fn, void *cb_arg);
int nvme_fabric_get_reg_8_async(struct spdk_nvme_ctrlr *ctrlr, uint32_t offset,
                                spdk_nvme_reg_cb cb_fn, void *cb_arg);
int nvme_fabric_scan(struct spdk_nvme_probe_ctx *probe_ctx, bool direct_connect);
/** Send Connect for a queue of \p num_entries commands. */
int nvme_fabric_connect_start(struct spdk_nvme_qpair *qpair, uint32_t num_entries);
/** 0 when the target accepted, -EAGAIN, or why not. */
int nvme_fabric_connect_poll(struct spdk_nvme_qpair *qpair);
/** Forget a Connect in progress. */
void nvme_fabric_connect_cancel(struct spdk_nvme_qpair *qpair);

#endif /* SPDK_INTERNAL_NVME_H */
