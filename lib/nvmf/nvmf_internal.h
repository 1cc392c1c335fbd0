/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The objects of the target, and who owns them.
 *
 *	target (one thread, the "target thread": the one that created it)
 *	 |- subsystems - namespaces, hosts, listeners, list of controllers   target thread
 *	 |- transports - listening addresses                                 target thread
 *	 `- poll groups (an I/O channel each)                                a thread each
 *	      |- queue pairs -> requests                                     group's thread
 *	      `- sgroups: a group's view of each subsystem: is it paused, the bdev channels,
 *	         how many commands run                                       group's thread
 *	controller                                             thread of its admin queue
 *
 * A command touches only the objects of its group's thread, and fields that say "set once".
 * Everything else goes by message. A namespace is changed only while no admin command runs and
 * no I/O of it is outstanding (subsystem paused), so that readers of other threads need no lock.
 */

#ifndef NVMF_INTERNAL_H
#define NVMF_INTERNAL_H

#include "spdk/stdinc.h"
#include "spdk/bdev.h"
#include "spdk/bit_array.h"
#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/nvmf.h"
#include "spdk/nvmf_cmd.h"
#include "spdk/nvmf_transport.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk/util.h"
#include "spdk_internal/nvme_wire.h"
#include "spdk_internal/nvmf.h"

/* ---- Limits, all of them ---- */

#define NVMF_MAX_SUBSYSTEMS_DEFAULT 1024
#define NVMF_MAX_SUBSYSTEMS_LIMIT 65536
#define NVMF_MAX_NAMESPACES_DEFAULT 32
#define NVMF_MAX_NAMESPACES_LIMIT 65536
#define NVMF_MIN_CNTLID 1
#define NVMF_MAX_CNTLID 0xffef
#define NVMF_MAX_AERS SPDK_NVMF_MAX_ASYNC_EVENTS
#define NVMF_ABORT_LIMIT 4
#define NVMF_KAS_UNIT_MS 100
#define NVMF_MAX_SUBSYSTEM_OPS 1024
/** A discovery controller whose host set no keep-alive: NVMe Base 2.0, 3.9. */
#define NVMF_DISCOVERY_KATO_MS 120000
#define NVMF_IN_CAPSULE_ADMIN_BYTES 8192
/** Disconnect to the abort of what is in the bdev, and to the bdev's reset; in sum below CAP.TO. */
#define NVMF_DRAIN_ABORT_S 15
#define NVMF_DRAIN_RESET_S 20

/* ---- Target ---- */

TAILQ_HEAD(nvmf_subsystem_list, spdk_nvmf_subsystem);
TAILQ_HEAD(nvmf_transport_list, spdk_nvmf_transport);
TAILQ_HEAD(nvmf_referral_list, spdk_nvmf_referral);

/** Whether the poll groups of a target that makes them late are there. */
enum nvmf_prepare {
	NVMF_PREPARE_NONE,
	NVMF_PREPARE_RUNNING,
	NVMF_PREPARE_DONE,
};

/** A transport on its way into a target. */
struct add_transport {
	struct spdk_nvmf_tgt *tgt;
	struct spdk_nvmf_transport *transport;
	spdk_nvmf_tgt_add_transport_done_fn cb_fn;
	void *cb_arg;
	int status;
	STAILQ_ENTRY(add_transport) link;
};

struct spdk_nvmf_tgt {
	char name[NVMF_TGT_NAME_MAX_LENGTH];                      /* set once */
	struct spdk_thread *thread;                               /* set once */
	uint32_t max_subsystems;                                  /* set once */
	uint16_t crdt[3];                                         /* set once */
	uint32_t discovery_filter;                                /* set once */
	enum spdk_nvmf_subsystem_dup_host_policy dup_host_policy; /* set once */

	/* target thread */
	uint64_t discovery_genctr;
	uint64_t ns_generation; /* last one given to a namespace */
	struct spdk_bit_array *subsystem_ids;
	struct nvmf_subsystem_list subsystems;
	struct nvmf_transport_list transports;
	struct nvmf_referral_list referrals;
	TAILQ_HEAD(, nvmf_disconnect) disconnects; /* they wait for controllers to go: host.c */
	struct spdk_nvmf_poll_group *next_group;
	bool destroying;
	bool of_rpc; /* made by nvmf_create_target: goes with the program's own */
	enum nvmf_prepare prepare;
	uint32_t num_adding;               /* transports on their way into the groups */
	STAILQ_HEAD(, add_transport) adds; /* wait for the groups */
	nvmf_tgt_prepare_fn prepare_fn;
	void *prepare_arg;
	spdk_nvmf_tgt_destroy_done_fn *destroy_cb_fn;
	void *destroy_cb_arg;

	/** Guards the list of groups and their counts; and, for a group that is being made on its
	 *  own thread, the list of subsystems, their states and namespaces. */
	pthread_mutex_t mutex;
	TAILQ_HEAD(, spdk_nvmf_poll_group) poll_groups;
	uint32_t num_poll_groups;

	TAILQ_ENTRY(spdk_nvmf_tgt) link;
};

struct spdk_nvmf_referral {
	struct spdk_nvme_transport_id trid;
	bool secure_channel;
	TAILQ_ENTRY(spdk_nvmf_referral) link;
};

/* ---- Subsystem ---- */

enum nvmf_subsystem_state {
	NVMF_SUBSYSTEM_INACTIVE,   /* refuses to be connected to */
	NVMF_SUBSYSTEM_ACTIVATING, /* groups open their channels */
	NVMF_SUBSYSTEM_ACTIVE,
	NVMF_SUBSYSTEM_PAUSING,      /* groups drain */
	NVMF_SUBSYSTEM_PAUSED,       /* namespaces may be changed; commands wait */
	NVMF_SUBSYSTEM_RESUMING,     /* groups take the new namespaces over */
	NVMF_SUBSYSTEM_DEACTIVATING, /* controllers go */
};

struct spdk_nvmf_host {
	char nqn[SPDK_NVMF_NQN_MAX_LEN + 1];
	TAILQ_ENTRY(spdk_nvmf_host) link;
};

struct spdk_nvmf_subsystem_listener {
	struct spdk_nvmf_subsystem *subsystem;
	struct spdk_nvme_transport_id trid;
	struct spdk_nvmf_transport *transport;
	struct spdk_nvmf_listener_opts opts;
	uint16_t portid;
	TAILQ_ENTRY(spdk_nvmf_subsystem_listener) link;
};

/** Something that needs the subsystem paused; they run one after another. */
struct nvmf_subsystem_op {
	uint32_t nsid;
	bool must;   /* part of what it is for; a pause that fails is tried again */
	bool queued; /* in subsystem.ops */
	nvmf_paused_fn fn;
	void *arg;
	STAILQ_ENTRY(nvmf_subsystem_op) link;
};

/** All fields change only on the target thread and while the subsystem is paused or inactive. */
struct spdk_nvmf_ns {
	struct spdk_nvmf_subsystem *subsystem;
	uint32_t nsid;
	struct spdk_bdev *bdev;
	struct spdk_bdev_desc *desc;
	struct spdk_nvmf_ns_opts opts;
	uint32_t block_size;
	uint16_t atomic_blocks;
	bool volatile_cache;
	bool reads_nothing;
	bool unmap;
	uint64_t generation; /* unlike that of any other namespace */
	bool removing;       /* its bdev goes */
	struct nvmf_subsystem_op removal;
};

/** A step for which there was no memory. */
struct nvmf_retry {
	bool pending;
	struct spdk_nvmf_subsystem *subsystem;
	void (*fn)(void *subsystem);
	struct spdk_poller *poller;
};

TAILQ_HEAD(nvmf_ctrlr_list, spdk_nvmf_ctrlr);

struct spdk_nvmf_subsystem {
	struct spdk_nvmf_tgt *tgt;            /* set once */
	uint32_t id;                          /* set once: index into each group's sgroups */
	uint64_t seq;                         /* set once: grows with each that is created */
	char nqn[SPDK_NVMF_NQN_MAX_LEN + 1];  /* set once */
	enum spdk_nvmf_subtype subtype;       /* set once */
	struct spdk_nvmf_subsystem_opts opts; /* changes while inactive */
	uint16_t min_cntlid;                  /* changes while inactive */
	uint16_t max_cntlid;

	/* target thread */
	enum nvmf_subsystem_state state;
	uint8_t change_from; /* of enum nvmf_subsystem_state: the change under way, for who traces
	                      */
	uint8_t change_to;
	bool destroying;
	bool allow_any_host;
	bool allow_any_listener;
	uint16_t next_cntlid;
	uint16_t next_portid;
	TAILQ_HEAD(, spdk_nvmf_host) hosts;
	TAILQ_HEAD(, spdk_nvmf_subsystem_listener) listeners;
	struct nvmf_ctrlr_list ctrlrs;
	/** The controllers that are being stopped wait here for the last one. */
	bool groups_stopped;
	int stop_status;
	int resume_status;
	spdk_nvmf_subsystem_state_change_done state_cb_fn;
	void *state_cb_arg;
	uint32_t pause_nsid;
	STAILQ_HEAD(, nvmf_subsystem_op) ops;
	uint32_t num_ops; /* but those that must be */
	bool op_running;  /* or about to: the subsystem is not freed */
	struct nvmf_retry op_retry;
	struct nvmf_retry change_retry;
	nvmf_subsystem_destroy_cb destroy_cb_fn;
	void *destroy_cb_arg;

	/** opts.max_nsid pointers; changes while paused or inactive. */
	struct spdk_nvmf_ns **ns;

	TAILQ_ENTRY(spdk_nvmf_subsystem) link;
};

/* ---- Poll group ---- */

/** One namespace as a group sees it. */
struct nvmf_sgroup_ns {
	struct spdk_io_channel *channel; /* NULL: no such namespace */
	struct spdk_bdev_desc *desc;
	struct spdk_bdev *bdev;
	uint64_t generation;  /* of the namespace that the channel is for */
	uint64_t reset_ticks; /* when a drain of this group last reset the bdev */
	uint32_t block_size;
	uint32_t io_outstanding;
	bool paused;
	bool volatile_cache;
	bool reads_nothing;
};

enum nvmf_sgroup_state {
	NVMF_SGROUP_INACTIVE, /* commands are refused */
	NVMF_SGROUP_ACTIVE,
	NVMF_SGROUP_PAUSED, /* admin commands (and I/O of paused namespaces) wait */
};

/** A group's view of one subsystem. */
struct spdk_nvmf_subsystem_poll_group {
	enum nvmf_sgroup_state state;
	uint32_t num_ns;
	struct nvmf_sgroup_ns *ns;
	uint32_t mgmt_outstanding;
	STAILQ_HEAD(, spdk_nvmf_request) queued;
	/** While draining: who waits. */
	struct spdk_io_channel_iter *pause_iter;
};

/** How a request is counted: spdk_nvmf_request.rsvd. */
enum nvmf_req_count {
	NVMF_REQ_UNCOUNTED,
	NVMF_REQ_IO,      /* in ns[nsid].io_outstanding */
	NVMF_REQ_MGMT,    /* in sgroup.mgmt_outstanding */
	NVMF_REQ_QUEUED,  /* in sgroup.queued, not begun */
	NVMF_REQ_IO_HELD, /* as IO, and an abort or reset of a drain is in the bdev for it */
	NVMF_REQ_IO_DONE, /* as IO_HELD, but it came back before that: it waits to leave */
};

/* ---- Controller ---- */

struct nvmf_ctrlr_feat {
	uint32_t arbitration;
	uint32_t power_management;
	uint32_t temp_threshold[9][2];
	uint32_t error_recovery;
	uint32_t vwc;
	uint32_t num_queues;
	uint32_t write_atomicity;
	union spdk_nvme_feat_async_event_configuration aec;
	uint32_t kato_ms;
};

enum nvmf_ctrlr_stop {
	NVMF_CTRLR_RUNNING,
	NVMF_CTRLR_RESETTING,     /* CC.EN fell: I/O queues go, then CSTS.RDY falls */
	NVMF_CTRLR_SHUTTING_DOWN, /* CC.SHN: I/O queues go, then SHST is complete */
};

struct spdk_nvmf_ctrlr {
	uint16_t cntlid;                           /* set once */
	bool discovery;                            /* set once */
	char hostnqn[SPDK_NVMF_NQN_MAX_LEN + 1];   /* set once */
	struct spdk_uuid hostid;                   /* set once */
	struct spdk_nvmf_subsystem *subsys;        /* set once */
	struct spdk_thread *thread;                /* set once: the admin queue's */
	struct spdk_nvme_transport_id listen_trid; /* set once */
	struct spdk_nvmf_transport *transport;     /* set once: the admin queue's */
	struct spdk_nvmf_ctrlr_data cdata;         /* set once */

	/* controller thread */
	struct spdk_nvmf_qpair *admin_qpair;
	struct spdk_bit_array *qpair_mask;
	uint32_t num_qpairs;
	uint32_t holds; /* callbacks under way that name this controller */
	bool dying;     /* no further queue may join; also read by queues that have just joined */
	bool removing;  /* the target thread was asked to forget it */
	enum nvmf_ctrlr_stop stop;
	struct spdk_nvmf_registers regs;
	struct nvmf_ctrlr_feat feat;
	bool force_fua; /* the write cache is switched off; read by all queues */
	uint64_t last_keep_alive_ticks;
	struct spdk_poller *keep_alive_poller;
	struct spdk_poller *association_poller;
	struct spdk_nvmf_request *aer[NVMF_MAX_AERS];
	uint32_t num_aers;
	uint32_t aen_pending; /* bits: enum nvmf_notice */
	uint32_t aen_masked;
	uint32_t changed_ns_count; /* > 1024: too many to list */
	uint32_t changed_ns[SPDK_NVME_MAX_CHANGED_NAMESPACES];

	TAILQ_ENTRY(spdk_nvmf_ctrlr) link; /* target thread */
};

enum nvmf_notice {
	NVMF_NOTICE_NS_CHANGED,
	NVMF_NOTICE_DISCOVERY,
	NVMF_NUM_NOTICES,
};

/* ---- tgt.c ---- */

/** Is the caller on the target thread? All changes of the configuration are. */
bool nvmf_tgt_on_thread(const struct spdk_nvmf_tgt *tgt);

/* ---- poll_group.c, sgroup.c ---- */

int nvmf_poll_group_channel_create(void *io_device, void *ctx_buf);
void nvmf_poll_group_channel_destroy(void *io_device, void *ctx_buf);
/** Let \p group use \p transport, which was just added. */
int nvmf_poll_group_add_transport(struct spdk_nvmf_poll_group *group,
                                  struct spdk_nvmf_transport *transport);
void nvmf_poll_group_remove_transport(struct spdk_nvmf_poll_group *group,
                                      struct spdk_nvmf_transport *transport);
struct spdk_nvmf_transport_poll_group *
nvmf_poll_group_get_tgroup(struct spdk_nvmf_poll_group *group,
                           const struct spdk_nvmf_transport *transport);

/** Open the channels of \p subsystem's namespaces, close those of removed ones. */
int nvmf_sgroup_update(struct spdk_nvmf_poll_group *group, struct spdk_nvmf_subsystem *subsystem);
void
nvmf_sgroup_activate(struct spdk_nvmf_poll_group *group, struct spdk_nvmf_subsystem *subsystem);
void
nvmf_sgroup_deactivate(struct spdk_nvmf_poll_group *group, struct spdk_nvmf_subsystem *subsystem);
/** Stop admission; \p iter goes on when nothing of it runs any more. \p nsid 0: admin commands
 *  only; SPDK_NVME_GLOBAL_NS_TAG: I/O of all namespaces too. */
void nvmf_sgroup_pause(struct spdk_nvmf_poll_group *group, struct spdk_nvmf_subsystem *subsystem,
                       uint32_t nsid, struct spdk_io_channel_iter *iter);
void nvmf_sgroup_free(struct spdk_nvmf_subsystem_poll_group *sgroup);
/** Something completed while a pause waits. */
void nvmf_sgroup_check_paused(struct spdk_nvmf_subsystem_poll_group *sgroup);

/* ---- subsystem.c, subsystem_state.c ---- */

/** A poll group has made its part of a change of state: go on with the next. */
void nvmf_subsystem_visited(struct spdk_io_channel_iter *i, int rc);

/** Free an inactive subsystem and all that hangs on it. */
void nvmf_subsystem_free(struct spdk_nvmf_subsystem *subsystem);
/** Whether a text ends within \p max bytes and is printable ASCII. */
bool nvmf_is_ascii_text(const char *s, size_t max);
/** A controller was forgotten: a stop may go on. Target thread. */
void nvmf_subsystem_ctrlr_gone(struct spdk_nvmf_subsystem *subsystem);
/** Tell who waits for controllers of \p tgt to go, if it was that one. host.c. */
void nvmf_check_disconnects(struct spdk_nvmf_tgt *tgt);
/** Begin the next queued operation if none runs. */
void nvmf_subsystem_run_ops(struct spdk_nvmf_subsystem *subsystem);
/** Free operations that will never run, telling each -ENODEV. */
void nvmf_subsystem_fail_ops(struct spdk_nvmf_subsystem *subsystem);
/** Run \p op, which must be, in its turn; its fn gets 0, or -ENODEV: the subsystem is freed. */
void nvmf_subsystem_run_op(struct spdk_nvmf_subsystem *subsystem, struct nvmf_subsystem_op *op);
/** Take \p op back if it waits for its turn. */
void nvmf_subsystem_drop_op(struct spdk_nvmf_subsystem *subsystem, struct nvmf_subsystem_op *op);
/** Tell the controllers that namespace \p nsid changed. Target thread. */
void nvmf_subsystem_ns_changed(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid);

/* ---- ns.c ---- */

void nvmf_subsystem_free_namespaces(struct spdk_nvmf_subsystem *subsystem);

static inline struct spdk_nvmf_ns *
nvmf_subsystem_ns(const struct spdk_nvmf_subsystem *subsystem, uint32_t nsid)
{
	return nsid - 1 < subsystem->opts.max_nsid ? subsystem->ns[nsid - 1] : NULL;
}

/** nguid, eui64 and uuid of \p ns, where it has them. */
/** The first namespace with this number or a later one; NULL: there is none. */
struct spdk_nvmf_ns *nvmf_ns_from(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid);
void nvmf_ns_write_ids(struct spdk_json_write_ctx *w, const struct spdk_nvmf_ns *ns);

/* ---- host.c, listener.c ---- */

void nvmf_subsystem_free_hosts(struct spdk_nvmf_subsystem *subsystem);
void nvmf_subsystem_free_listeners(struct spdk_nvmf_subsystem *subsystem);
/** Log how far \p listener opens its subsystem. */
void nvmf_listener_say(const struct spdk_nvmf_subsystem_listener *listener);
/** Forget listeners of a transport that goes. */
void nvmf_subsystem_drop_transport(struct spdk_nvmf_subsystem *subsystem,
                                   struct spdk_nvmf_transport *transport);

/* ---- transport.c ---- */

/** Host data one command may move, in bytes: what one buffer of the iobuf pools holds. */
uint32_t nvmf_transport_io_bytes_max(const struct spdk_nvmf_transport *transport);
/** The options of \p transport as an object: what nvmf_create_transport takes. */
void
nvmf_transport_write_opts(struct spdk_json_write_ctx *w, struct spdk_nvmf_transport *transport);
/** The address that it listens on, NULL when it does not. */
struct spdk_nvmf_listener *nvmf_transport_find_listener(struct spdk_nvmf_transport *transport,
                                                        const struct spdk_nvme_transport_id *trid);

/* ---- qpair.c ---- */

/** A request of \p qpair is done with; go on with a disconnect that waits for the last one. */
void nvmf_qpair_check_drained(struct spdk_nvmf_qpair *qpair);

static inline struct spdk_nvmf_subsystem_poll_group *
nvmf_qpair_sgroup(const struct spdk_nvmf_qpair *qpair)
{
	return &qpair->group->sgroups[qpair->ctrlr->subsys->id];
}

/** Does \p qpair, found in its group, belong to a controller of \p subsystem? One that has drained
 *  does not: its controller may be freed on another thread already. */
static inline bool
nvmf_qpair_is_of(const struct spdk_nvmf_qpair *qpair, const struct spdk_nvmf_subsystem *subsystem)
{
	return qpair->ctrlr != NULL && qpair->state != SPDK_NVMF_QPAIR_ERROR &&
	       qpair->ctrlr->subsys == subsystem;
}

static inline bool
nvmf_qpair_is_admin(const struct spdk_nvmf_qpair *qpair)
{
	return qpair->qid == 0;
}

/* ---- drain.c ---- */

/** The timer of \p group; -ENOMEM. Unregistered with the group. */
int nvmf_drain_init(struct spdk_nvmf_poll_group *group);
/** \p qpair ends, but has commands outstanding: from here on they have a deadline. */
void nvmf_drain_begin(struct spdk_nvmf_qpair *qpair);

/* ---- request.c ---- */

/** Take a request that is not to be answered out of its queue pair and give it back. */
void nvmf_request_drop(struct spdk_nvmf_request *req);
/** Run a request that waited for its subsystem. */
void nvmf_request_run(struct spdk_nvmf_request *req);
/** Copy the \p len bytes of an answer from \p offset on into the request's data, which is 0 so far.
 */
void
nvmf_request_put_data(struct spdk_nvmf_request *req, const void *data, size_t len, uint64_t offset);

static inline void
nvmf_rsp_set(struct spdk_nvmf_request *req, uint8_t sct, uint8_t sc)
{
	req->rsp->nvme_cpl.status.sct = sct;
	req->rsp->nvme_cpl.status.sc = sc;
}

/** Fail for good: the host need not try again. */
static inline enum spdk_nvmf_request_exec_status
nvmf_rsp_fail(struct spdk_nvmf_request *req, uint8_t sct, uint8_t sc)
{
	nvmf_rsp_set(req, sct, sc);
	req->rsp->nvme_cpl.status.dnr = 1;
	return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
}

static inline enum spdk_nvmf_request_exec_status
nvmf_rsp_generic(struct spdk_nvmf_request *req, uint8_t sc)
{
	return nvmf_rsp_fail(req, SPDK_NVME_SCT_GENERIC, sc);
}

/* ---- connect.c, property.c ---- */

enum spdk_nvmf_request_exec_status nvmf_connect_exec(struct spdk_nvmf_request *req);
enum spdk_nvmf_request_exec_status nvmf_property_exec(struct spdk_nvmf_request *req);

/* ---- ctrlr*.c ---- */

/** Target thread. NULL when out of memory. */
struct spdk_nvmf_ctrlr *
nvmf_ctrlr_alloc(struct spdk_nvmf_subsystem *subsystem, struct spdk_nvmf_qpair *qpair,
                 const struct wire_connect_data *data);
void nvmf_ctrlr_free(struct spdk_nvmf_ctrlr *ctrlr);
/** Controller thread, once: the admin queue is connected. */
int
nvmf_ctrlr_start(struct spdk_nvmf_ctrlr *ctrlr, struct spdk_nvmf_qpair *admin, uint32_t kato_ms);
/** Controller thread: queue \p qid is gone. */
void nvmf_ctrlr_remove_qpair(struct spdk_nvmf_ctrlr *ctrlr, uint16_t qid);
/** Controller thread: disconnect everything, then free the controller. */
void nvmf_ctrlr_kill(struct spdk_nvmf_ctrlr *ctrlr, const char *why);
/** Controller thread: disconnect the I/O queues; nvmf_ctrlr_remove_qpair() sees the last one go. */
void nvmf_ctrlr_disconnect_io_qpairs(struct spdk_nvmf_ctrlr *ctrlr);
void nvmf_ctrlr_check_stopped(struct spdk_nvmf_ctrlr *ctrlr);
/** -ENOMEM: no timer, so the old timeout stays. */
int nvmf_ctrlr_set_kato(struct spdk_nvmf_ctrlr *ctrlr, uint32_t kato_ms);

enum spdk_nvmf_request_exec_status nvmf_ctrlr_admin_exec(struct spdk_nvmf_request *req);
enum spdk_nvmf_request_exec_status nvmf_ctrlr_identify(struct spdk_nvmf_request *req);
enum spdk_nvmf_request_exec_status nvmf_ctrlr_get_features(struct spdk_nvmf_request *req);
enum spdk_nvmf_request_exec_status nvmf_ctrlr_set_features(struct spdk_nvmf_request *req);
enum spdk_nvmf_request_exec_status nvmf_ctrlr_get_log_page(struct spdk_nvmf_request *req);
enum spdk_nvmf_request_exec_status nvmf_ctrlr_async_event_request(struct spdk_nvmf_request *req);
enum spdk_nvmf_request_exec_status nvmf_ctrlr_abort(struct spdk_nvmf_request *req);
/** Is there a feature \p fid? */
bool nvmf_ctrlr_has_feature(const struct spdk_nvmf_ctrlr *ctrlr, uint8_t fid);
/** The default values of a controller reset. */
void nvmf_ctrlr_reset_features(struct spdk_nvmf_ctrlr *ctrlr);

/** Controller thread: something happened that the host may want to know. */
void nvmf_ctrlr_notify(struct spdk_nvmf_ctrlr *ctrlr, enum nvmf_notice notice);
/** The same of namespace \p nsid; 0: of one or another. */
void nvmf_ctrlr_note_changed_ns(struct spdk_nvmf_ctrlr *ctrlr, uint32_t nsid);
/** The host read the log page of \p notice: it may be told anew. */
void nvmf_ctrlr_unmask_notice(struct spdk_nvmf_ctrlr *ctrlr, enum nvmf_notice notice);
/** Give back the event requests without an answer: their queue is going. */
void nvmf_ctrlr_drop_aers(struct spdk_nvmf_ctrlr *ctrlr);
/** Answer the event requests "aborted": the controller is being reset. */
void nvmf_ctrlr_abort_aers(struct spdk_nvmf_ctrlr *ctrlr);
/** Abort the event request with this CID; false when there is none. */
bool nvmf_ctrlr_abort_aer_cid(struct spdk_nvmf_ctrlr *ctrlr, uint16_t cid);

enum spdk_nvmf_request_exec_status
nvmf_ctrlr_io_exec(struct spdk_nvmf_request *req, struct nvmf_sgroup_ns *ns);

/** What the bdev I/O of \p req have as cb_arg, by which spdk_bdev_abort() finds them. */
static inline void *
nvmf_request_bdev_arg(struct spdk_nvmf_request *req)
{
	return req->cmd->nvme_cmd.opc == SPDK_NVME_OPC_DATASET_MANAGEMENT ? req->bdev_io_wait.cb_arg
	                                                                  : req;
}

/* ---- discovery.c ---- */

/** The discovery log of \p tgt changed: count, and tell the discovery controllers. Target thread.
 */
void nvmf_discovery_changed(struct spdk_nvmf_tgt *tgt);
enum spdk_nvmf_request_exec_status
nvmf_discovery_log_exec(struct spdk_nvmf_request *req, uint64_t offset, bool clear);

/* ---- trid.c ---- */

/** Same transport and address. */
bool
nvmf_trid_equal(const struct spdk_nvme_transport_id *a, const struct spdk_nvme_transport_id *b);

/* ---- walk.c ---- */

/** Where a walk over the subsystems of a target stands; it may rest. */
struct nvmf_walk {
	struct spdk_nvmf_tgt *tgt;             /* may be gone: nvmf_walk_tgt() */
	struct spdk_nvmf_subsystem *subsystem; /* may be gone: nvmf_walk_at() */
	uint64_t seq;                          /* its number; UINT64_MAX: behind the last */
	uint64_t num_changes;                  /* when the pointer was good */
};

void nvmf_walk_begin(struct nvmf_walk *walk, struct spdk_nvmf_tgt *tgt);
void nvmf_walk_end(struct nvmf_walk *walk);
/** NULL when the target is gone. */
struct spdk_nvmf_tgt *nvmf_walk_tgt(struct nvmf_walk *walk);
/** The subsystem at hand, or, when that is gone, the next (then walk->seq has changed); NULL: that
 *  was the last. */
struct spdk_nvmf_subsystem *nvmf_walk_at(struct nvmf_walk *walk);
/** Go on to the next. */
void nvmf_walk_next(struct nvmf_walk *walk);

/** tgt.c: a list of subsystems changes: a number that was never there before. */
uint64_t nvmf_lists_changed(void);
/** The last such number. */
uint64_t nvmf_lists_changes(void);
/** A walk begins, or ends: while there is one no number comes again. */
void nvmf_lists_walk(bool begins);
/** Whether \p tgt, a pointer and no more, is one of the targets. */
bool nvmf_tgt_exists(const struct spdk_nvmf_tgt *tgt);

#endif /* NVMF_INTERNAL_H */
