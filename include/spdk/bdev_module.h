/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What a block device module is to the bdev layer: how it registers devices, gets I/O and completes
 * it, claims the devices below it and looks at new ones.
 *
 * A module fills a zeroed struct spdk_bdev (name, product_name, blocklen, blockcnt, fn_table,
 * module, ctxt, and what it knows of limits) and calls spdk_bdev_register() on the app thread. Its
 * submit_request() runs on the thread of the channel and may complete the I/O at once or later, on
 * that thread.
 */

#ifndef SPDK_BDEV_MODULE_H
#define SPDK_BDEV_MODULE_H

#include "basalt/deprecated.h"
#include "spdk/assert.h"
#include "spdk/stdinc.h"
#include "spdk/bdev.h"
#include "spdk/bdev_zone.h"
#include "spdk/dif.h"
#include "spdk/dma.h"
#include "spdk/nvme_spec.h"
#include "spdk/queue.h"
#include "spdk/queue_extras.h"
#include "spdk/scsi_spec.h"
#include "spdk/thread.h"
#include "spdk/tree.h"
#include "spdk/util.h"
#include "spdk/uuid.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_BDEV_CLAIM_NAME_LEN 32
#define SPDK_BDEV_RESET_IO_DRAIN_RECOMMENDED_VALUE 5
#define SPDK_BDEV_IO_NUM_CHILD_IOV 32

/** Register the module at \p module before main(). For modules outside the library. */
#define SPDK_BDEV_MODULE_REGISTER(name, module) \
	static void __attribute__((constructor)) _spdk_bdev_module_register_##name(void) \
	{ \
		spdk_bdev_module_list_add(module); \
	}

struct spdk_accel_sequence;
struct spdk_bdev;
struct spdk_bdev_alias;
struct spdk_bdev_aliases_list;
struct spdk_bdev_channel;
struct spdk_bdev_claim_opts;
struct spdk_bdev_desc;
struct spdk_bdev_fn_table;
struct spdk_bdev_io;
struct spdk_bdev_io_abort_params;
struct spdk_bdev_io_block_params;
struct spdk_bdev_io_internal_fields;
struct spdk_bdev_io_nvme_passthru_params;
struct spdk_bdev_io_reset_params;
struct spdk_bdev_io_stat;
struct spdk_bdev_io_wait_entry;
struct spdk_bdev_io_zone_mgmt_params;
struct spdk_bdev_module;
struct spdk_bdev_module_claim;
struct spdk_bdev_name;
struct spdk_dif_ctx;
struct spdk_dif_error;
struct spdk_io_channel;
struct spdk_iobuf_entry;
struct spdk_json_write_ctx;
struct spdk_memory_domain;
struct spdk_nvme_cmd;
struct spdk_thread;
struct spdk_uuid;

enum spdk_bdev_claim_type {
	SPDK_BDEV_CLAIM_NONE = 0,
	SPDK_BDEV_CLAIM_EXCL_WRITE = 1,
	SPDK_BDEV_CLAIM_READ_MANY_WRITE_ONE = 2,
	SPDK_BDEV_CLAIM_READ_MANY_WRITE_NONE = 3,
	SPDK_BDEV_CLAIM_READ_MANY_WRITE_SHARED = 4,
};

enum spdk_bdev_io_status {
	SPDK_BDEV_IO_STATUS_AIO_ERROR = -8,
	SPDK_BDEV_IO_STATUS_ABORTED = -7,
	SPDK_BDEV_IO_STATUS_FIRST_FUSED_FAILED = -6,
	SPDK_BDEV_IO_STATUS_MISCOMPARE = -5,
	SPDK_BDEV_IO_STATUS_NOMEM = -4,
	SPDK_BDEV_IO_STATUS_SCSI_ERROR = -3,
	SPDK_BDEV_IO_STATUS_NVME_ERROR = -2,
	SPDK_BDEV_IO_STATUS_FAILED = -1,
	SPDK_BDEV_IO_STATUS_PENDING = 0,
	SPDK_BDEV_IO_STATUS_SUCCESS = 1,
	SPDK_MIN_BDEV_IO_STATUS = -8,
};

struct spdk_bdev_module {
	int (*module_init)(void);
	void (*init_complete)(void);
	void (*fini_start)(void);
	void (*module_fini)(void);
	int (*config_json)(struct spdk_json_write_ctx *w);
	const char *name;
	int (*get_ctx_size)(void);
	void (*examine_config)(struct spdk_bdev *bdev);
	void (*examine_disk)(struct spdk_bdev *bdev);
	bool async_init;
	bool async_fini;
	bool async_fini_start;
	/** The layer's: zero before and after. */
	struct __bdev_module_internal_fields {
		uint32_t action_in_progress; /* init and examinations that are not done */
		uint8_t state;               /* enum module_state */
		TAILQ_ENTRY(spdk_bdev_module) tailq;
	} internal;
};

struct spdk_bdev_claim_opts {
	size_t opts_size;
	char name[SPDK_BDEV_CLAIM_NAME_LEN];
	uint64_t shared_claim_key;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_bdev_claim_opts) == 48, "the size is interface");

struct spdk_bdev_fn_table {
	int (*destruct)(void *ctx);
	void (*submit_request)(struct spdk_io_channel *ch, struct spdk_bdev_io *);
	bool (*io_type_supported)(void *ctx, enum spdk_bdev_io_type);
	struct spdk_io_channel *(*get_io_channel)(void *ctx);
	int (*dump_info_json)(void *ctx, struct spdk_json_write_ctx *w);
	void (*write_config_json)(struct spdk_bdev *bdev, struct spdk_json_write_ctx *w);
	uint64_t (*get_spin_time)(struct spdk_io_channel *ch);
	void *(*get_module_ctx)(void *ctx);
	int (*get_memory_domains)(void *ctx, struct spdk_memory_domain **domains, int array_size);
	int (*get_memory_domain_types)(void *ctx, enum spdk_dma_device_type *types,
	                               uint32_t array_size);
	void (*reset_device_stat)(void *ctx);
	void (*dump_device_stat_json)(void *ctx, struct spdk_json_write_ctx *w);
	bool (*accel_sequence_supported)(void *ctx, enum spdk_bdev_io_type type);
};

struct spdk_bdev_name {
	char *name;
	struct spdk_bdev *bdev;
	RB_ENTRY(spdk_bdev_name) node;
};

struct spdk_bdev_alias {
	struct spdk_bdev_name alias;
	TAILQ_ENTRY(spdk_bdev_alias) tailq;
};

struct spdk_bdev_module_claim {
	struct spdk_bdev_module *module;
	struct spdk_bdev_desc *desc;
	char name[SPDK_BDEV_CLAIM_NAME_LEN];
	TAILQ_ENTRY(spdk_bdev_module_claim) link;
};

typedef void (*spdk_bdev_unregister_cb)(void *cb_arg, int rc);

struct spdk_bdev_io_block_params {
	struct iovec *iovs;
	int iovcnt;
	uint64_t num_blocks;
	uint64_t offset_blocks;
	struct spdk_memory_domain *memory_domain;
	void *memory_domain_ctx;
	struct spdk_accel_sequence *accel_sequence;
	void *md_buf;
	struct iovec *fused_iovs;
	int fused_iovcnt;
	uint32_t dif_check_flags;
	union spdk_bdev_nvme_cdw12 nvme_cdw12;
	union spdk_bdev_nvme_cdw13 nvme_cdw13;
	struct {
		uint8_t populate : 1;
		uint8_t commit : 1;
		uint8_t start : 1;
	} zcopy;
	struct {
		void *bio_cb_arg;
	} abort;
	struct {
		uint64_t offset;
	} seek;
	struct {
		uint64_t src_offset_blocks;
	} copy;
	struct spdk_dif_ctx dif_ctx;
	struct spdk_dif_error dif_err;
};

struct spdk_bdev_io_reset_params {
	struct spdk_io_channel *ch_ref;
	struct {
		struct spdk_poller *poller;
		uint64_t stop_time_tsc;
	} wait_poller;
};

struct spdk_bdev_io_abort_params {
	struct spdk_bdev_io *bio_to_abort;
};

struct spdk_bdev_io_nvme_passthru_params {
	struct spdk_nvme_cmd cmd;
	struct iovec *iovs;
	int iovcnt;
	void *buf;
	size_t nbytes;
	void *md_buf;
	size_t md_len;
};

struct spdk_bdev_io_zone_mgmt_params {
	uint64_t zone_id;
	uint32_t num_zones;
	enum spdk_bdev_zone_action zone_action;
	void *buf;
};

typedef void (*spdk_bdev_io_get_buf_cb)(struct spdk_io_channel *ch, struct spdk_bdev_io *bdev_io,
                                        bool success);

/** The layer's share of an I/O; modules and applications go through functions. */
struct spdk_bdev_io_internal_fields {
	/* In the order of use between submit and complete. */
	struct spdk_bdev_channel *ch;
	struct spdk_bdev_desc *desc;
	spdk_bdev_io_completion_cb cb;
	void *caller_ctx;
	uint64_t submit_tsc;
	/** What the end of the I/O must see to: BDEV_IO_* of lib/bdev; 0 on the fast path. */
	uint32_t special;
	int8_t status;
	bool reserved; /* the channel's own I/O of last resort */
	TAILQ_ENTRY(spdk_bdev_io) ch_link;
	struct spdk_bdev_io *next; /* in the cache, the pool, or the list of finished ones */
	union {
		struct {
			uint32_t cdw0;
			uint8_t sct;
			uint8_t sc;
		} nvme;
		struct {
			uint8_t sc;
			uint8_t sk;
			uint8_t asc;
			uint8_t ascq;
		} scsi;
		int aio_result;
	} error;

	/* Only where the I/O is special. */
	TAILQ_ENTRY(spdk_bdev_io) link; /* waits to be submitted again, or for a reset to run */
	struct {
		void *ptr;
		uint64_t len;
	} buf; /* taken for a caller who gave none */
	spdk_bdev_io_get_buf_cb get_buf_cb;
	void *abort_cb_arg; /* of an abort: the cb_arg of those to abort */
	struct spdk_iobuf_entry iobuf;
	/** An I/O that runs as a row of pieces: what the caller gave, and how far it is. */
	struct {
		struct iovec *iovs;
		int iovcnt;
		uint8_t type;
		bool bounce; /* this piece goes through buf */
		void *md_buf;
		void *buf;
		uint64_t buf_len;
		uint64_t offset_blocks;
		uint64_t num_blocks;
		uint64_t done_blocks;
		uint64_t now_blocks;
		struct spdk_iov_xfer cursor; /* behind done_blocks */
	} piece;
};

struct spdk_bdev_io {
	struct spdk_bdev *bdev;
	uint8_t type;
	uint8_t reserved0;
	uint16_t num_retries;
	uint32_t reserved1;
	struct iovec iov;
	struct iovec child_iov[SPDK_BDEV_IO_NUM_CHILD_IOV];
	uint8_t reserved2[32];
	union {
		struct spdk_bdev_io_block_params bdev;
		struct spdk_bdev_io_reset_params reset;
		struct spdk_bdev_io_abort_params abort;
		struct spdk_bdev_io_nvme_passthru_params nvme_passthru;
		struct spdk_bdev_io_zone_mgmt_params zone_mgmt;
	} u;
	uint8_t reserved3[40];
	struct spdk_bdev_io_internal_fields internal;
	uint8_t reserved4[64];
	uint8_t driver_ctx[0];
};

typedef TAILQ_HEAD(, spdk_bdev_io) bdev_io_tailq_t;

struct spdk_bdev {
	void *ctxt;
	char *name;
	TAILQ_HEAD(spdk_bdev_aliases_list, spdk_bdev_alias) aliases;
	char *product_name;
	int write_cache;
	uint32_t blocklen;
	uint32_t phys_blocklen;
	uint32_t io_type_supported;
	uint64_t blockcnt;
	struct {
		uint32_t split_on_write_unit : 1;
		uint32_t split_on_optimal_io_boundary : 1;
		uint32_t md_interleave : 1;
		uint32_t dif_is_head_of_md : 1;
		uint32_t zoned : 1;
		uint32_t media_events : 1;
		uint32_t memory_domains_supported : 1;
		uint32_t reserved : 25;
	};
	uint32_t write_unit_size;
	uint16_t acwu;
	uint8_t required_alignment;
	uint8_t reserved1;
	uint32_t optimal_io_boundary;
	uint32_t preferred_write_alignment;
	uint32_t preferred_write_granularity;
	uint32_t optimal_write_size;
	uint32_t preferred_unmap_alignment;
	uint32_t preferred_unmap_granularity;
	uint32_t max_segment_size;
	uint32_t max_num_segments;
	uint32_t max_unmap;
	uint32_t max_unmap_segments;
	uint32_t max_write_zeroes;
	uint32_t max_copy;
	uint32_t max_rw_size;
	struct spdk_uuid uuid;
	uint32_t md_len;
	uint8_t reserved2[4];
	enum spdk_dif_type dif_type;
	enum spdk_dif_pi_format dif_pi_format;
	uint8_t reserved3[4];
	uint32_t dif_check_flags;
	uint8_t reserved4[8];
	uint64_t zone_size;
	uint32_t max_zone_append_size;
	uint32_t max_open_zones;
	uint32_t max_active_zones;
	uint32_t optimal_open_zones;
	uint8_t reserved6[4];
	union spdk_bdev_nvme_ctratt ctratt;
	uint32_t nsid;
	enum spdk_nvme_csi csi;
	uint16_t reset_io_drain_timeout;
	uint8_t reserved7[2];
	struct {
		uint32_t id_valid : 1;
		int32_t id : 31;
	} numa;
	uint32_t accel_sequence_supported;
	struct spdk_bdev_module *module;
	const struct spdk_bdev_fn_table *fn_table;
	/** The layer's: zero before spdk_bdev_register(). Under the registry's lock unless noted.
	 */
	struct __bdev_internal_fields {
		enum spdk_bdev_status status;
		bool examined;
		bool traits_given;
		uint8_t traits_volatile;       /* set once before register */
		uint8_t traits_fua;            /* set once before register */
		uint8_t traits_reads_nothing;  /* set once before register */
		uint32_t traits_atomic_blocks; /* set once before register */
		uint16_t trace_id;      /* set once at register: the owner of its trace records */
		uint32_t channel_flags; /* set once at register: what each channel must look at */
		enum spdk_bdev_claim_type claim_type;
		union __bdev_internal_claim {
			struct __bdev_internal_claim_v1 {
				struct spdk_bdev_module *module;
			} v1;
			struct __bdev_internal_claim_v2 {
				TAILQ_HEAD(v2_claims, spdk_bdev_module_claim) claims;
				uint64_t key;
			} v2;
		} claim;
		spdk_bdev_unregister_cb unregister_cb;
		void *unregister_ctx;
		struct spdk_thread *unregister_thread;
		TAILQ_HEAD(, spdk_bdev_desc) open_descs;
		TAILQ_ENTRY(spdk_bdev) link;
		struct spdk_bdev_io *reset_in_progress;
		bdev_io_tailq_t queued_resets;  /* for the next one */
		bdev_io_tailq_t served_resets;  /* end with the one that runs */
		bool frozen;                    /* channels made now refuse I/O until the thaw */
		struct spdk_bdev_io_stat *stat; /* of channels that are gone */
		struct spdk_bdev_name bdev_name;
	} internal;
};

typedef enum spdk_bdev_io_status spdk_bdev_io_status_t;

typedef STAILQ_HEAD(, spdk_bdev_io) bdev_io_stailq_t;

typedef TAILQ_HEAD(, lba_range) lba_range_tailq_t;

/** A buffer for a module's own use is there; \p aux_buf is NULL when there is none to be had. */
typedef void (*spdk_bdev_io_get_aux_buf_cb)(struct spdk_io_channel *ch,
                                            struct spdk_bdev_io *bdev_io, void *aux_buf);

/** Called for an I/O that is out; not 0 ends the walk. */
typedef int (*spdk_bdev_io_fn)(void *ctx, struct spdk_bdev_io *bdev_io);

/** The end of a walk over the I/O of a bdev. */
typedef void (*spdk_bdev_for_each_io_cb)(void *ctx, int rc);

/** How many I/O are out on all channels of a bdev. */
typedef void (*spdk_bdev_get_current_qd_cb)(struct spdk_bdev *bdev, uint64_t current_qd,
                                            void *cb_arg, int rc);

/** The end of quiescing, or of the opposite. */
typedef void (*spdk_bdev_quiesce_cb)(void *ctx, int status);

/* ---- Parts of a bdev, as bdevs ---- */

struct spdk_bdev_part_base;

typedef void (*spdk_bdev_part_base_free_fn)(void *ctx);

struct spdk_bdev_part {
	TAILQ_ENTRY(spdk_bdev_part) tailq;
	struct bdev_part_internal_fields {
		struct spdk_bdev bdev;
		struct spdk_bdev_part_base *base;
		uint64_t offset_blocks;
	} internal;
};

typedef TAILQ_HEAD(bdev_part_tailq, spdk_bdev_part) SPDK_BDEV_PART_TAILQ;

struct spdk_bdev_part_channel {
	struct spdk_bdev_part *part;
	struct spdk_io_channel *base_ch;
};

struct spdk_bdev_part_construct_opts {
	uint64_t opts_size;
	struct spdk_uuid uuid;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_bdev_part_construct_opts) == 24, "the size is interface");

/** The name of a kind of claim in RPCs. Any thread. */
const char *spdk_bdev_claim_get_name(enum spdk_bdev_claim_type claim_type);

/**
 * Fill \p opts with defaults.
 * \param size sizeof(*opts) of the caller.
 */
void spdk_bdev_claim_opts_init(struct spdk_bdev_claim_opts *opts, size_t size);

/**
 * Claim through an open descriptor; the claim ends with the descriptor. App thread.
 * \param type READ_MANY_WRITE_ONE: this descriptor alone writes (it is made writable).
 * READ_MANY_WRITE_NONE: nobody writes. READ_MANY_WRITE_SHARED: all who name the same key write.
 * \param opts name for RPCs and the key; NULL: none.
 * \return 0, -EINVAL for a wrong type or key, -EPERM when another claim or writer is in the way,
 * -EBUSY when \p desc claims already, -ENOMEM.
 */
int spdk_bdev_module_claim_bdev_desc(struct spdk_bdev_desc *desc, enum spdk_bdev_claim_type type,
                                     struct spdk_bdev_claim_opts *opts,
                                     struct spdk_bdev_module *module);

/**
 * Claim for one writer, the module. App thread.
 * \param desc made writable when not NULL.
 * \return 0, -EPERM when claimed.
 */
int spdk_bdev_module_claim_bdev(struct spdk_bdev *bdev, struct spdk_bdev_desc *desc,
                                struct spdk_bdev_module *module);

/** End a claim of spdk_bdev_module_claim_bdev(). App thread. */
void spdk_bdev_module_release_bdev(struct spdk_bdev *bdev);

/**
 * Make a bdev known. Modules may examine it within this call. App thread.
 * \param bdev the module's, until its destruct() ran.
 * \return 0, -EINVAL for fields that make no sense (logged), -EEXIST when the name or uuid is
 * taken, -ENOMEM.
 */
int spdk_bdev_register(struct spdk_bdev *bdev);

/**
 * Remove a bdev: its owners are told to close, queued I/O fails; after the last close and the last
 * channel the module's destruct() runs, then \p cb_fn (NULL: none) on this thread, with destruct's
 * negative errno, or -EBUSY when the removal had begun before.
 */
void spdk_bdev_unregister(struct spdk_bdev *bdev, spdk_bdev_unregister_cb cb_fn, void *cb_arg);

/**
 * spdk_bdev_unregister() by name or alias.
 * \return 0, -ENODEV when there is none or it is of another module; then \p cb_fn never runs.
 */
int spdk_bdev_unregister_by_name(const char *bdev_name, struct spdk_bdev_module *module,
                                 spdk_bdev_unregister_cb cb_fn, void *cb_arg);

/**
 * The end of a destruct() that returned a positive value.
 * \param bdeverrno 0 or a negative errno. Thread of the unregistration.
 */
void spdk_bdev_destruct_done(struct spdk_bdev *bdev, int bdeverrno);

/** The module has finished one examine_config() or examine_disk(). */
void spdk_bdev_module_examine_done(struct spdk_bdev_module *module);

/** The end of a module_init() of a module with async_init. */
void spdk_bdev_module_init_done(struct spdk_bdev_module *module);

/** The end of a module_fini() of a module with async_fini. */
void spdk_bdev_module_fini_done(void);

/** The end of a fini_start() of a module with async_fini_start. */
void spdk_bdev_module_fini_start_done(void);

/** Add another name. 0, -EEXIST when taken, -EINVAL, -ENOMEM. */
int spdk_bdev_alias_add(struct spdk_bdev *bdev, const char *alias);

/** Remove one of the other names. 0, -ENOENT. */
int spdk_bdev_alias_del(struct spdk_bdev *bdev, const char *alias);

/** Remove all other names. */
void spdk_bdev_alias_del_all(struct spdk_bdev *bdev);

/** The list of other names, the bdev's. */
const struct spdk_bdev_aliases_list *spdk_bdev_get_aliases(const struct spdk_bdev *bdev);

/**
 * Called by a module in submit_request(): make sure that the I/O has a data buffer, one from iobuf
 * when the caller gave none. Waits first come first served.
 * \param cb runs now or later, with false when the length can never be had. Not at all when the
 * wait is aborted: then the layer ends the I/O, and the module does not hear of it again. \param
 * len bytes, the blocks of the I/O.
 */
void spdk_bdev_io_get_buf(struct spdk_bdev_io *bdev_io, spdk_bdev_io_get_buf_cb cb, uint64_t len);

/** Make \p buf the one data buffer of the I/O. */
void spdk_bdev_io_set_buf(struct spdk_bdev_io *bdev_io, void *buf, size_t len);

/** Make \p md_buf the metadata buffer of the I/O. */
void spdk_bdev_io_set_md_buf(struct spdk_bdev_io *bdev_io, void *md_buf, size_t len);

/**
 * The module has finished the I/O. On its thread; also from within submit_request(). With
 * SPDK_BDEV_IO_STATUS_NOMEM the layer submits it again later.
 */
void spdk_bdev_io_complete(struct spdk_bdev_io *bdev_io, enum spdk_bdev_io_status status);

/** Store an NVMe status in the I/O and tell which spdk_bdev_io_status goes with it. */
enum spdk_bdev_io_status
spdk_bdev_io_set_nvme_status(struct spdk_bdev_io *bdev_io, uint32_t cdw0, int sct, int sc);

/** spdk_bdev_io_complete() with an NVMe status. */
void
spdk_bdev_io_complete_nvme_status(struct spdk_bdev_io *bdev_io, uint32_t cdw0, int sct, int sc);

/** Store a SCSI status in the I/O and tell which spdk_bdev_io_status goes with it. */
enum spdk_bdev_io_status
spdk_bdev_io_set_scsi_status(struct spdk_bdev_io *bdev_io, enum spdk_scsi_status sc,
                             enum spdk_scsi_sense sk, uint8_t asc, uint8_t ascq);

/** spdk_bdev_io_complete() with a SCSI status. */
void spdk_bdev_io_complete_scsi_status(struct spdk_bdev_io *bdev_io, enum spdk_scsi_status sc,
                                       enum spdk_scsi_sense sk, uint8_t asc, uint8_t ascq);

/** Store 0 or a negative errno in the I/O and tell which spdk_bdev_io_status goes with it. */
enum spdk_bdev_io_status spdk_bdev_io_set_aio_status(struct spdk_bdev_io *bdev_io, int aio_result);

/** spdk_bdev_io_complete() with 0 or a negative errno. */
void spdk_bdev_io_complete_aio_status(struct spdk_bdev_io *bdev_io, int aio_result);

/** Copy the status of an I/O to a base device and tell which spdk_bdev_io_status goes with it. */
enum spdk_bdev_io_status
spdk_bdev_io_set_base_io_status(struct spdk_bdev_io *bdev_io, const struct spdk_bdev_io *base_io);

/** spdk_bdev_io_complete() with the status of an I/O to a base device. */
void spdk_bdev_io_complete_base_io_status(struct spdk_bdev_io *bdev_io,
                                          const struct spdk_bdev_io *base_io);

/** The thread of the I/O. */
struct spdk_thread *spdk_bdev_io_get_thread(struct spdk_bdev_io *bdev_io);

/** The bdev channel of the I/O, for submitting to the same bdev. */
struct spdk_io_channel *spdk_bdev_io_get_io_channel(struct spdk_bdev_io *bdev_io);

/** spdk_get_ticks() when the I/O was submitted. */
uint64_t spdk_bdev_io_get_submit_tsc(struct spdk_bdev_io *bdev_io);

/**
 * The bdev has a new size; who has it open gets an event. App thread.
 * \param size blocks.
 * \return 0, -EBUSY when it would shrink while somebody has it open.
 */
int spdk_bdev_notify_blockcnt_change(struct spdk_bdev *bdev, uint64_t size);

/** The NVMe status of an I/O in SCSI terms. */
void
spdk_scsi_nvme_translate(const struct spdk_bdev_io *bdev_io, int *sc, int *sk, int *asc, int *ascq);

/**
 * Make a module outside the library known, before or after spdk_bdev_initialize(); any thread
 * before it, the app thread after.
 */
void spdk_bdev_module_list_add(struct spdk_bdev_module *bdev_module);

/** The module of that name, NULL when there is none. */
struct spdk_bdev_module *spdk_bdev_module_list_find(const char *name);

/** Add the counters of \p add to \p total. */
void spdk_bdev_add_io_stat(struct spdk_bdev_io_stat *total, struct spdk_bdev_io_stat *add);

/** Write the counters as members of the object that is open in \p w. */
void spdk_bdev_dump_io_stat_json(struct spdk_bdev_io_stat *stat, struct spdk_json_write_ctx *w);

/** Set counters back: all, extremes, errors or none. */
void spdk_bdev_reset_io_stat(struct spdk_bdev_io_stat *stat, enum spdk_bdev_reset_stat_mode mode);

/** The I/O whose driver_ctx is at \p ctx. */
static inline struct spdk_bdev_io *
spdk_bdev_io_from_ctx(void *ctx)
{
	return (struct spdk_bdev_io *)((uintptr_t)ctx - offsetof(struct spdk_bdev_io, driver_ctx));
}

/* ---- Dropped by SPDK ---- */

/** spdk_bdev_module_fini_done() under the name that it had. */
void spdk_bdev_module_finish_done(void) BASALT_DEPRECATED("spdk_bdev_module_fini_done()");

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_BDEV_MODULE_H */
