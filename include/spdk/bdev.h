/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Block devices: find one by name, open it, get a channel on each thread that does I/O, submit, and
 * get one call-back an I/O.
 *
 * Rules that hold for every function below unless its comment says otherwise:
 * - It is called on an spdk_thread. Registry functions (get_by_name, first, next, for_each, open)
 *   may be called on any of them; close on the thread that opened; I/O on the channel's thread.
 * - A submitting function that returns 0 calls back exactly once, on the same thread, and never
 *   before it returned; one that returns a negative errno never calls back.
 * - The call-back owns the struct spdk_bdev_io that it is given and ends with spdk_bdev_free_io().
 * - Buffers and iovec arrays belong to the caller and must stay until the call-back.
 * - -ENOMEM from a submitting function means that the pool of spdk_bdev_io is empty: use
 *   spdk_bdev_queue_io_wait() and submit again.
 */

#ifndef SPDK_BDEV_H
#define SPDK_BDEV_H

#include "spdk/assert.h"
#include "spdk/stdinc.h"
#include "spdk/dif.h"
#include "spdk/dma.h"
#include "spdk/nvme_spec.h"
#include "spdk/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_BDEV_SMALL_BUF_MAX_SIZE 8192
#define SPDK_BDEV_LARGE_BUF_MAX_SIZE 65536
#define SPDK_BDEV_MAX_INTERLEAVED_MD_SIZE 64

/** Bytes a buffer of \p x bytes of data takes together with its metadata, interleaved or not. */
#define SPDK_BDEV_BUF_SIZE_WITH_MD(x) (((x) / 512) * (512 + SPDK_BDEV_MAX_INTERLEAVED_MD_SIZE))

struct spdk_accel_sequence;
struct spdk_bdev;
struct spdk_bdev_channel_iter;
struct spdk_bdev_desc;
struct spdk_bdev_ext_io_opts;
struct spdk_bdev_io;
struct spdk_bdev_io_error_stat;
struct spdk_bdev_io_stat;
struct spdk_bdev_io_wait_entry;
struct spdk_bdev_media_event;
struct spdk_bdev_open_opts;
struct spdk_bdev_opts;
struct spdk_histogram_data;
struct spdk_io_channel;
struct spdk_json_write_ctx;
struct spdk_memory_domain;
struct spdk_uuid;

enum spdk_bdev_event_type {
	SPDK_BDEV_EVENT_REMOVE = 0,
	SPDK_BDEV_EVENT_RESIZE = 1,
	SPDK_BDEV_EVENT_MEDIA_MANAGEMENT = 2,
};

enum spdk_bdev_status {
	SPDK_BDEV_STATUS_INVALID = 0,
	SPDK_BDEV_STATUS_READY = 1,
	SPDK_BDEV_STATUS_UNREGISTERING = 2,
	SPDK_BDEV_STATUS_REMOVING = 3,
};

enum spdk_bdev_io_type {
	SPDK_BDEV_IO_TYPE_INVALID = 0,
	SPDK_BDEV_IO_TYPE_READ = 1,
	SPDK_BDEV_IO_TYPE_WRITE = 2,
	SPDK_BDEV_IO_TYPE_UNMAP = 3,
	SPDK_BDEV_IO_TYPE_FLUSH = 4,
	SPDK_BDEV_IO_TYPE_RESET = 5,
	SPDK_BDEV_IO_TYPE_NVME_ADMIN = 6,
	SPDK_BDEV_IO_TYPE_NVME_IO = 7,
	SPDK_BDEV_IO_TYPE_NVME_IO_MD = 8,
	SPDK_BDEV_IO_TYPE_WRITE_ZEROES = 9,
	SPDK_BDEV_IO_TYPE_ZCOPY = 10,
	SPDK_BDEV_IO_TYPE_GET_ZONE_INFO = 11,
	SPDK_BDEV_IO_TYPE_ZONE_MANAGEMENT = 12,
	SPDK_BDEV_IO_TYPE_ZONE_APPEND = 13,
	SPDK_BDEV_IO_TYPE_COMPARE = 14,
	SPDK_BDEV_IO_TYPE_COMPARE_AND_WRITE = 15,
	SPDK_BDEV_IO_TYPE_ABORT = 16,
	SPDK_BDEV_IO_TYPE_SEEK_HOLE = 17,
	SPDK_BDEV_IO_TYPE_SEEK_DATA = 18,
	SPDK_BDEV_IO_TYPE_COPY = 19,
	SPDK_BDEV_IO_TYPE_NVME_IOV_MD = 20,
	SPDK_BDEV_IO_TYPE_NVME_NSSR = 21,
	SPDK_BDEV_IO_TYPE_WRITE_UNCORRECTABLE = 22,
	SPDK_BDEV_NUM_IO_TYPES = 23,
};

enum spdk_bdev_qos_rate_limit_type {
	SPDK_BDEV_QOS_RW_IOPS_RATE_LIMIT = 0,
	SPDK_BDEV_QOS_RW_BPS_RATE_LIMIT = 1,
	SPDK_BDEV_QOS_R_BPS_RATE_LIMIT = 2,
	SPDK_BDEV_QOS_W_BPS_RATE_LIMIT = 3,
	SPDK_BDEV_QOS_NUM_RATE_LIMIT_TYPES = 4,
};

enum spdk_bdev_reset_stat_mode {
	SPDK_BDEV_RESET_STAT_ALL = 0,
	SPDK_BDEV_RESET_STAT_MAXMIN = 1,
	SPDK_BDEV_RESET_STAT_ERROR = 2,
	SPDK_BDEV_RESET_STAT_NONE = 3,
};

struct spdk_bdev_media_event {
	uint64_t offset;
	uint64_t num_blocks;
};

struct spdk_bdev_io_stat {
	uint64_t bytes_read;
	uint64_t num_read_ops;
	uint64_t bytes_written;
	uint64_t num_write_ops;
	uint64_t bytes_unmapped;
	uint64_t num_unmap_ops;
	uint64_t bytes_copied;
	uint64_t num_copy_ops;
	uint64_t read_latency_ticks;
	uint64_t max_read_latency_ticks;
	uint64_t min_read_latency_ticks;
	uint64_t write_latency_ticks;
	uint64_t max_write_latency_ticks;
	uint64_t min_write_latency_ticks;
	uint64_t unmap_latency_ticks;
	uint64_t max_unmap_latency_ticks;
	uint64_t min_unmap_latency_ticks;
	uint64_t copy_latency_ticks;
	uint64_t max_copy_latency_ticks;
	uint64_t min_copy_latency_ticks;
	uint64_t ticks_rate;
	struct spdk_bdev_io_error_stat *io_error;
};

struct spdk_bdev_opts {
	uint32_t bdev_io_pool_size;
	uint32_t bdev_io_cache_size;
	bool bdev_auto_examine;
	uint8_t reserved9[7];
	size_t opts_size;
	uint32_t iobuf_small_cache_size;
	uint32_t iobuf_large_cache_size;
} __attribute__((packed));
SPDK_STATIC_ASSERT(sizeof(struct spdk_bdev_opts) == 32, "the size is interface");

union spdk_bdev_nvme_ctratt {
	uint32_t raw;
	struct {
		uint32_t reserved : 16;
		uint32_t mem : 1;
		uint32_t reserved1 : 2;
		uint32_t fdps : 1;
		uint32_t reserved2 : 12;
	} bits;
};

union spdk_bdev_nvme_cdw12 {
	uint32_t raw;
	struct {
		uint32_t reserved : 20;
		uint32_t dtype : 4;
		uint32_t reserved2 : 8;
	} write;
};

union spdk_bdev_nvme_cdw13 {
	uint32_t raw;
	struct {
		uint32_t reserved : 16;
		uint32_t dspec : 16;
	} write;
};

struct spdk_bdev_ext_io_opts {
	size_t size;
	struct spdk_memory_domain *memory_domain;
	void *memory_domain_ctx;
	void *metadata;
	struct spdk_accel_sequence *accel_sequence;
	uint32_t dif_check_flags_exclude_mask;
	union spdk_bdev_nvme_cdw12 nvme_cdw12;
	union spdk_bdev_nvme_cdw13 nvme_cdw13;
} __attribute__((packed));
SPDK_STATIC_ASSERT(sizeof(struct spdk_bdev_ext_io_opts) == 52, "the size is interface");

struct spdk_bdev_open_opts {
	size_t size;
	bool hide_metadata;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_bdev_open_opts) == 16, "the size is interface");

/** Of an opening that waits for its bdev to come. */
struct spdk_bdev_open_async_opts {
	size_t size;
	uint64_t timeout_ms;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_bdev_open_async_opts) == 16, "the size is interface");

/** Which I/O a histogram counts, and how finely. */
struct spdk_bdev_enable_histogram_opts {
	size_t size;
	uint64_t min_nsec;
	uint64_t max_nsec;
	uint8_t io_type;
	uint8_t granularity;
} __attribute__((packed));
SPDK_STATIC_ASSERT(sizeof(struct spdk_bdev_enable_histogram_opts) == 26, "the size is interface");

typedef void (*spdk_bdev_io_wait_cb)(void *cb_arg);

struct spdk_bdev_io_wait_entry {
	struct spdk_bdev *bdev;
	spdk_bdev_io_wait_cb cb_fn;
	void *cb_arg;
	bool dep_unblock;
	uint8_t pad[7];
	TAILQ_ENTRY(spdk_bdev_io_wait_entry) link;
};

typedef void (*spdk_bdev_remove_cb_t)(void *remove_ctx);

typedef void (*spdk_bdev_event_cb_t)(enum spdk_bdev_event_type type, struct spdk_bdev *bdev,
                                     void *event_ctx);

typedef void (*spdk_bdev_io_completion_cb)(struct spdk_bdev_io *bdev_io, bool success,
                                           void *cb_arg);

typedef void (*spdk_bdev_wait_for_examine_cb)(void *arg);

typedef void (*spdk_bdev_init_cb)(void *cb_arg, int rc);

typedef void (*spdk_bdev_fini_cb)(void *cb_arg);

typedef void (*spdk_bdev_get_device_stat_cb)(struct spdk_bdev *bdev, struct spdk_bdev_io_stat *stat,
                                             void *cb_arg, int rc);

typedef void (*spdk_bdev_io_timeout_cb)(void *cb_arg, struct spdk_bdev_io *bdev_io);

typedef int (*spdk_for_each_bdev_fn)(void *ctx, struct spdk_bdev *bdev);

typedef void (*spdk_bdev_for_each_channel_msg)(struct spdk_bdev_channel_iter *i,
                                               struct spdk_bdev *bdev, struct spdk_io_channel *ch,
                                               void *ctx);

/** The end of switching histograms on or off. */
typedef void (*spdk_bdev_histogram_status_cb)(void *cb_arg, int status);

/** A bdev's histogram; \p histogram is the one that the caller gave. */
typedef void (*spdk_bdev_histogram_data_cb)(void *cb_arg, int status,
                                            struct spdk_histogram_data *histogram);

/** The end of an opening that waited for its bdev: 0 and \p desc, or a negative errno. */
typedef void (*spdk_bdev_open_async_cb_t)(struct spdk_bdev_desc *desc, int rc, void *cb_arg);

typedef void (*spdk_bdev_for_each_channel_done)(struct spdk_bdev *bdev, void *ctx, int status);

/**
 * Copy the options in force to \p opts.
 * \param opts_size sizeof(*opts) of the caller; later fields are left alone. Any thread.
 */
void spdk_bdev_get_opts(struct spdk_bdev_opts *opts, size_t opts_size);

/**
 * Change the options; meant for before spdk_bdev_initialize().
 * \param opts opts_size says how much of it is valid; the rest keeps its value. Copied.
 * \return 0, -EINVAL when opts_size is 0 or bdev_io_pool_size is too small for the caches of
 * all threads.
 */
int spdk_bdev_set_opts(struct spdk_bdev_opts *opts);

/**
 * Call \p cb_fn on this thread once no module examines a bdev any more; from within this call when
 * none does now.
 * \return 0, -ENOMEM.
 */
int spdk_bdev_wait_for_examine(spdk_bdev_wait_for_examine_cb cb_fn, void *cb_arg);

/**
 * Let all modules examine a bdev, now or when one of that name or alias is registered. Only when
 * automatic examination is off (spdk_bdev_opts::bdev_auto_examine).
 * \return 0, -EINVAL when automatic examination is on, -EEXIST when the name was given before,
 * -ENOMEM.
 */
int spdk_bdev_examine(const char *name);

/**
 * Start the bdev layer and its modules. App thread.
 * \param cb_fn runs when all modules are up (0) or one failed (its negative errno), maybe within
 * this call.
 */
void spdk_bdev_initialize(spdk_bdev_init_cb cb_fn, void *cb_arg);

/**
 * Unregister all bdevs, stop the modules, then the layer. App thread.
 * \param cb_fn runs when everything is given back.
 */
void spdk_bdev_finish(spdk_bdev_fini_cb cb_fn, void *cb_arg);

/** Write an array of the RPCs that would build the present configuration. */
void spdk_bdev_subsystem_config_json(struct spdk_json_write_ctx *w);

/** Name of the module that registered \p bdev. Any thread. */
const char *spdk_bdev_get_module_name(const struct spdk_bdev *bdev);

/**
 * The bdev with this name or alias, NULL when there is none. Nothing keeps it from being
 * removed: to use it, open it.
 */
struct spdk_bdev *spdk_bdev_get_by_name(const char *bdev_name);

/** The first registered bdev, NULL when there is none. */
struct spdk_bdev *spdk_bdev_first(void);

/** The one after \p prev, NULL at the end. */
struct spdk_bdev *spdk_bdev_next(struct spdk_bdev *prev);

/** The first bdev that no module has claimed, NULL when there is none. */
struct spdk_bdev *spdk_bdev_first_leaf(void);

/** The unclaimed one after \p prev, NULL at the end. */
struct spdk_bdev *spdk_bdev_next_leaf(struct spdk_bdev *prev);

/**
 * Fill \p opts with defaults: metadata not hidden.
 * \param opts_size sizeof(*opts) of the caller.
 */
void spdk_bdev_open_opts_init(struct spdk_bdev_open_opts *opts, size_t opts_size);

/**
 * Open a bdev by name or alias.
 * \param write whether I/O that changes it is allowed; refused while another module claims it.
 * \param event_cb required; runs on this thread: SPDK_BDEV_EVENT_REMOVE asks the owner to stop its
 * I/O, put its channels and close, RESIZE tells that the number of blocks changed.
 * \param desc set on success.
 * \return 0, -ENODEV when there is none or it is being removed, -EPERM when claimed and \p write,
 * -EINVAL without event_cb or thread, -ENOMEM.
 */
int spdk_bdev_open_ext(const char *bdev_name, bool write, spdk_bdev_event_cb_t event_cb,
                       void *event_ctx, struct spdk_bdev_desc **desc);

/**
 * spdk_bdev_open_ext() with options (copied; NULL: the defaults).
 * \return as spdk_bdev_open_ext(), and -ENOTSUP for hide_metadata on a bdev with interleaved
 * metadata.
 */
int spdk_bdev_open_ext_v2(const char *bdev_name, bool write, spdk_bdev_event_cb_t event_cb,
                          void *event_ctx, struct spdk_bdev_open_opts *opts,
                          struct spdk_bdev_desc **desc);

/**
 * Close \p desc, on the thread that opened it, after its channels are put. Events that are under
 * way to it are dropped. When the bdev waits for its last close to be removed, the removal goes on.
 */
void spdk_bdev_close(struct spdk_bdev_desc *desc);

/** NUMA node of the device, SPDK_ENV_NUMA_ID_ANY when it has none. Any thread. */
int32_t spdk_bdev_get_numa_id(struct spdk_bdev *bdev);

/**
 * Call \p fn for each bdev, which stays registered during its call.
 * \return the first value other than 0 that fn returned, which ends the walk; else 0.
 */
int spdk_for_each_bdev(void *ctx, spdk_for_each_bdev_fn fn);

/** spdk_for_each_bdev() over those that no module has claimed. */
int spdk_for_each_bdev_leaf(void *ctx, spdk_for_each_bdev_fn fn);

/**
 * spdk_for_each_bdev() over the \p count bdevs named in \p names, in that order.
 * \return also -ENODEV when one does not exist, after the call-backs for those before it.
 */
int
spdk_for_each_bdev_by_name(void *ctx, spdk_for_each_bdev_fn fn, const char **names, size_t count);

/** The bdev that \p desc has open. Any thread. */
struct spdk_bdev *spdk_bdev_desc_get_bdev(struct spdk_bdev_desc *desc);

/** Bytes a block as seen through \p desc, interleaved metadata included. */
uint32_t spdk_bdev_desc_get_block_size(struct spdk_bdev_desc *desc);

/** Bytes of metadata a block as seen through \p desc, 0: none. */
uint32_t spdk_bdev_desc_get_md_size(struct spdk_bdev_desc *desc);

/** Whether metadata lies behind the data of each block. */
bool spdk_bdev_desc_is_md_interleaved(struct spdk_bdev_desc *desc);

/** Whether metadata travels in a buffer of its own. */
bool spdk_bdev_desc_is_md_separate(struct spdk_bdev_desc *desc);

/** Kind of protection information, SPDK_DIF_DISABLE without metadata. */
enum spdk_dif_type spdk_bdev_desc_get_dif_type(struct spdk_bdev_desc *desc);

/** Layout of protection information. */
enum spdk_dif_pi_format spdk_bdev_desc_get_dif_pi_format(struct spdk_bdev_desc *desc);

/** Whether protection information is the first rather than the last of the metadata. */
bool spdk_bdev_desc_is_dif_head_of_md(struct spdk_bdev_desc *desc);

/** Whether the device checks that part of the protection information. */
bool spdk_bdev_desc_is_dif_check_enabled(struct spdk_bdev_desc *desc,
                                         enum spdk_dif_check_type check_type);

/** Whether \p desc was opened with metadata hidden. */
bool spdk_bdev_desc_hide_metadata(struct spdk_bdev_desc *desc);

/** Whether the I/O came through a descriptor that hides metadata. */
bool spdk_bdev_io_hide_metadata(struct spdk_bdev_io *bdev_io);

/** Bytes a block as seen by the owner of the I/O. */
uint32_t spdk_bdev_io_get_block_size(struct spdk_bdev_io *bdev_io);

/**
 * Watch the I/O submitted through \p desc, on any thread.
 * \param timeout_in_sec 0 ends the watch.
 * \param cb_fn runs on the I/O's thread about once a second for each I/O that is older; it may
 * abort it, and does not free it. \return 0, -ENOMEM. Thread of the descriptor.
 */
int spdk_bdev_set_timeout(struct spdk_bdev_desc *desc, uint64_t timeout_in_sec,
                          spdk_bdev_io_timeout_cb cb_fn, void *cb_arg);

/** Whether \p bdev does I/O of that type, itself or by emulation (WRITE_ZEROES by WRITE). Any
 * thread. */
bool spdk_bdev_io_type_supported(struct spdk_bdev *bdev, enum spdk_bdev_io_type io_type);

/** The name of a type in RPCs, NULL for one that does not exist. Any thread. */
const char *spdk_bdev_get_io_type_name(enum spdk_bdev_io_type io_type);

/** The type of that name, -1 when there is none. Any thread. */
int spdk_bdev_get_io_type(const char *io_type_string);

/** Let the module write its own members of the description of \p bdev. 0 or what the module
 * returned. */
int spdk_bdev_dump_info_json(struct spdk_bdev *bdev, struct spdk_json_write_ctx *w);

/** Name, owned by the bdev. Any thread. */
const char *spdk_bdev_get_name(const struct spdk_bdev *bdev);

/** Kind of device in words, owned by the bdev. Any thread. */
const char *spdk_bdev_get_product_name(const struct spdk_bdev *bdev);

/** Bytes a block, interleaved metadata included. Any thread. */
uint32_t spdk_bdev_get_block_size(const struct spdk_bdev *bdev);

/** Blocks that a write must be a multiple of, 1 for most. Any thread. */
uint32_t spdk_bdev_get_write_unit_size(const struct spdk_bdev *bdev);

/** Size in blocks. Any thread. */
uint64_t spdk_bdev_get_num_blocks(const struct spdk_bdev *bdev);

/** Alignment in bytes at which buffers need no copy; at least 1. Any thread. */
size_t spdk_bdev_get_buf_align(const struct spdk_bdev *bdev);

/** I/O that does not cross multiples of so many blocks is fastest; 0: no preference. Any thread. */
uint32_t spdk_bdev_get_optimal_io_boundary(const struct spdk_bdev *bdev);

/** Whether the module declared a volatile write cache. Any thread. */
bool spdk_bdev_has_write_cache(const struct spdk_bdev *bdev);

/** Identifier, owned by the bdev. Any thread. */
const struct spdk_uuid *spdk_bdev_get_uuid(const struct spdk_bdev *bdev);

/** Blocks that a compare-and-write does at once. Any thread. */
uint16_t spdk_bdev_get_acwu(const struct spdk_bdev *bdev);

/** Bytes of metadata a block, 0: none. Any thread. */
uint32_t spdk_bdev_get_md_size(const struct spdk_bdev *bdev);

/** Whether metadata lies behind the data of each block. Any thread. */
bool spdk_bdev_is_md_interleaved(const struct spdk_bdev *bdev);

/** Whether metadata travels in a buffer of its own. Any thread. */
bool spdk_bdev_is_md_separate(const struct spdk_bdev *bdev);

/** Whether it is a zoned device. Any thread. */
bool spdk_bdev_is_zoned(const struct spdk_bdev *bdev);

/** Bytes a block without metadata. Any thread. */
uint32_t spdk_bdev_get_data_block_size(const struct spdk_bdev *bdev);

/** Bytes that the medium writes at once. Any thread. */
uint32_t spdk_bdev_get_physical_block_size(const struct spdk_bdev *bdev);

/** Blocks; 0: no preference. Any thread. */
uint32_t spdk_bdev_get_preferred_write_alignment(const struct spdk_bdev *bdev);

/** Blocks; 0: no preference. Any thread. */
uint32_t spdk_bdev_get_preferred_write_granularity(const struct spdk_bdev *bdev);

/** Blocks; 0: no preference. Any thread. */
uint32_t spdk_bdev_get_optimal_write_size(const struct spdk_bdev *bdev);

/** Blocks; 0: no preference. Any thread. */
uint32_t spdk_bdev_get_preferred_unmap_alignment(const struct spdk_bdev *bdev);

/** Blocks; 0: no preference. Any thread. */
uint32_t spdk_bdev_get_preferred_unmap_granularity(const struct spdk_bdev *bdev);

/** Kind of protection information, SPDK_DIF_DISABLE without metadata. Any thread. */
enum spdk_dif_type spdk_bdev_get_dif_type(const struct spdk_bdev *bdev);

/** Layout of protection information. Any thread. */
enum spdk_dif_pi_format spdk_bdev_get_dif_pi_format(const struct spdk_bdev *bdev);

/** Whether protection information is the first of the metadata. Any thread. */
bool spdk_bdev_is_dif_head_of_md(const struct spdk_bdev *bdev);

/** Whether the device checks that part of the protection information. Any thread. */
bool
spdk_bdev_is_dif_check_enabled(const struct spdk_bdev *bdev, enum spdk_dif_check_type check_type);

/**
 * This thread's channel to the bdev; given back by spdk_put_io_channel() after all its I/O.
 * \return NULL when out of memory or when the module refuses.
 */
struct spdk_io_channel *spdk_bdev_get_io_channel(struct spdk_bdev_desc *desc);

/** What the module lets outside code see of a bdev, NULL when nothing. */
void *spdk_bdev_get_module_ctx(struct spdk_bdev_desc *desc);

/** spdk_bdev_read_blocks() in bytes; -EINVAL also when not a multiple of the block size. */
int spdk_bdev_read(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, void *buf,
                   uint64_t offset, uint64_t nbytes, spdk_bdev_io_completion_cb cb, void *cb_arg);

/**
 * Read into one buffer.
 * \param buf NULL: the layer takes a buffer (at most one large iobuf buffer) that lives until
 * spdk_bdev_free_io(); see spdk_bdev_io_get_iovec().
 * \return 0, -EINVAL when out of range or 0 blocks, -ENOMEM.
 */
int spdk_bdev_read_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, void *buf,
                          uint64_t offset_blocks, uint64_t num_blocks,
                          spdk_bdev_io_completion_cb cb, void *cb_arg);

/** spdk_bdev_read_blocks() with metadata in \p md, on a bdev with separate metadata; -EINVAL else.
 */
int spdk_bdev_read_blocks_with_md(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                                  void *buf, void *md, uint64_t offset_blocks, uint64_t num_blocks,
                                  spdk_bdev_io_completion_cb cb, void *cb_arg);

/** spdk_bdev_readv_blocks() in bytes; -EINVAL also when not a multiple of the block size. */
int spdk_bdev_readv(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, struct iovec *iov,
                    int iovcnt, uint64_t offset, uint64_t nbytes, spdk_bdev_io_completion_cb cb,
                    void *cb_arg);

/** Read into \p iovcnt buffers, whose lengths add up to what is read. As spdk_bdev_read_blocks().
 */
int spdk_bdev_readv_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                           struct iovec *iov, int iovcnt, uint64_t offset_blocks,
                           uint64_t num_blocks, spdk_bdev_io_completion_cb cb, void *cb_arg);

/** spdk_bdev_readv_blocks() with metadata in \p md, on a bdev with separate metadata; -EINVAL else.
 */
int
spdk_bdev_readv_blocks_with_md(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                               struct iovec *iov, int iovcnt, void *md, uint64_t offset_blocks,
                               uint64_t num_blocks, spdk_bdev_io_completion_cb cb, void *cb_arg);

/**
 * spdk_bdev_readv_blocks() with options.
 * \param opts read during the call only; NULL: none. A memory domain needs a bdev that supports
 * them, an accel sequence is refused.
 * \return also -ENOTSUP for an option that the bdev has not.
 */
int spdk_bdev_readv_blocks_ext(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                               struct iovec *iov, int iovcnt, uint64_t offset_blocks,
                               uint64_t num_blocks, spdk_bdev_io_completion_cb cb, void *cb_arg,
                               struct spdk_bdev_ext_io_opts *opts);

/** spdk_bdev_write_blocks() in bytes; -EINVAL also when not a multiple of the block size. */
int spdk_bdev_write(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, void *buf,
                    uint64_t offset, uint64_t nbytes, spdk_bdev_io_completion_cb cb, void *cb_arg);

/**
 * Write one buffer. Success means done, not durable: that takes spdk_bdev_flush_blocks() or FUA.
 * \return 0, -EBADF when opened for reading only, -EINVAL when out of range or 0 blocks, -ENOMEM.
 */
int spdk_bdev_write_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, void *buf,
                           uint64_t offset_blocks, uint64_t num_blocks,
                           spdk_bdev_io_completion_cb cb, void *cb_arg);

/** spdk_bdev_write_blocks() with metadata from \p md, on a bdev with separate metadata; -EINVAL
 * else. */
int spdk_bdev_write_blocks_with_md(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                                   void *buf, void *md, uint64_t offset_blocks, uint64_t num_blocks,
                                   spdk_bdev_io_completion_cb cb, void *cb_arg);

/** spdk_bdev_writev_blocks() in bytes; -EINVAL also when not a multiple of the block size. */
int spdk_bdev_writev(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, struct iovec *iov,
                     int iovcnt, uint64_t offset, uint64_t len, spdk_bdev_io_completion_cb cb,
                     void *cb_arg);

/** Write \p iovcnt buffers, whose lengths add up to what is written. As spdk_bdev_write_blocks().
 */
int spdk_bdev_writev_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                            struct iovec *iov, int iovcnt, uint64_t offset_blocks,
                            uint64_t num_blocks, spdk_bdev_io_completion_cb cb, void *cb_arg);

/** spdk_bdev_writev_blocks() with metadata from \p md, on a bdev with separate metadata; -EINVAL
 * else. */
int
spdk_bdev_writev_blocks_with_md(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                                struct iovec *iov, int iovcnt, void *md, uint64_t offset_blocks,
                                uint64_t num_blocks, spdk_bdev_io_completion_cb cb, void *cb_arg);

/**
 * spdk_bdev_writev_blocks() with options.
 * \param opts read during the call only; NULL: none. SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS in
 * nvme_cdw12.raw makes the write durable before the call-back: by the device, or by a FLUSH that
 * the layer adds. \return also -ENOTSUP for an option that the bdev has not.
 */
int spdk_bdev_writev_blocks_ext(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                                struct iovec *iov, int iovcnt, uint64_t offset_blocks,
                                uint64_t num_blocks, spdk_bdev_io_completion_cb cb, void *cb_arg,
                                struct spdk_bdev_ext_io_opts *opts);

/** spdk_bdev_write_zeroes_blocks() in bytes; -EINVAL also when not a multiple of the block size. */
int spdk_bdev_write_zeroes(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, uint64_t offset,
                           uint64_t len, spdk_bdev_io_completion_cb cb, void *cb_arg);

/**
 * Make a range read as zeros; by writing zeros where the module knows no better.
 * \return 0, -EBADF, -EINVAL, -ENOTSUP when the bdev does no writes either, -ENOMEM.
 */
int spdk_bdev_write_zeroes_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                                  uint64_t offset_blocks, uint64_t num_blocks,
                                  spdk_bdev_io_completion_cb cb, void *cb_arg);

/** spdk_bdev_unmap_blocks() in bytes; -EINVAL also when not a multiple of the block size. */
int spdk_bdev_unmap(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, uint64_t offset,
                    uint64_t nbytes, spdk_bdev_io_completion_cb cb, void *cb_arg);

/**
 * Tell that the contents of a range are not needed any more; what it reads as is the module's
 * choice. \return 0, -EBADF, -EINVAL, -ENOTSUP, -ENOMEM.
 */
int spdk_bdev_unmap_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                           uint64_t offset_blocks, uint64_t num_blocks,
                           spdk_bdev_io_completion_cb cb, void *cb_arg);

/** spdk_bdev_flush_blocks() in bytes; -EINVAL also when not a multiple of the block size. */
int spdk_bdev_flush(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, uint64_t offset,
                    uint64_t length, spdk_bdev_io_completion_cb cb, void *cb_arg);

/**
 * Make all writes to the range that completed before durable. The success is true through all
 * layers; it is immediate where no device below has a volatile cache.
 * \return 0, -EBADF, -EINVAL, -ENOTSUP when the bdev has a volatile cache and no way to flush it,
 * -ENOMEM.
 */
int spdk_bdev_flush_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                           uint64_t offset_blocks, uint64_t num_blocks,
                           spdk_bdev_io_completion_cb cb, void *cb_arg);

/**
 * Stop new I/O on all channels, fail what waits in queues, let the module reset the device, go on.
 * I/O that is submitted meanwhile fails as aborted. One reset at a time: others that come before
 * channels go on end with it, later ones with the next. \return 0, -EBADF, -ENOMEM.
 */
int spdk_bdev_reset(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                    spdk_bdev_io_completion_cb cb, void *cb_arg);

/**
 * Try to abort the I/O on this channel that was submitted with \p bio_cb_arg as cb_arg.
 * The call-back's success says that all of them were aborted, false that there was none or one
 * could not be. \return 0, -EINVAL when bio_cb_arg is NULL, -ENOTSUP, -ENOMEM.
 */
int spdk_bdev_abort(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, void *bio_cb_arg,
                    spdk_bdev_io_completion_cb cb, void *cb_arg);

/**
 * Give an I/O back, with the buffer that the layer took for it. On its thread, after its call-back
 * began.
 */
void spdk_bdev_free_io(struct spdk_bdev_io *bdev_io);

/**
 * After -ENOMEM: call \p entry once when an spdk_bdev_io is free for this channel, first come first
 * served. The entry (bdev, cb_fn, cb_arg set) stays the caller's, and unchanged until then.
 * \return 0, -EINVAL when one is free now or \p entry names another bdev.
 */
int spdk_bdev_queue_io_wait(struct spdk_bdev *bdev, struct spdk_io_channel *ch,
                            struct spdk_bdev_io_wait_entry *entry);

/** Copy the statistics of one channel, on its thread, and then reset by \p reset_mode. */
void
spdk_bdev_get_io_stat(struct spdk_bdev *bdev, struct spdk_io_channel *ch,
                      struct spdk_bdev_io_stat *stat, enum spdk_bdev_reset_stat_mode reset_mode);

/**
 * Add up the statistics of all channels and of those that are gone, then reset by \p reset_mode.
 * \param stat the caller's, with io_error NULL or valid, until \p cb.
 * \param cb runs on this thread with 0, or -ENOMEM within this call.
 */
void spdk_bdev_get_device_stat(struct spdk_bdev *bdev, struct spdk_bdev_io_stat *stat,
                               enum spdk_bdev_reset_stat_mode reset_mode,
                               spdk_bdev_get_device_stat_cb cb, void *cb_arg);

/**
 * The status of a completed I/O as NVMe status code type and code, whatever kind the module gave.
 * \param cdw0 the command specific result, 0 when there is none.
 */
void
spdk_bdev_io_get_nvme_status(const struct spdk_bdev_io *bdev_io, uint32_t *cdw0, int *sct, int *sc);

/** The status of a completed I/O in SCSI terms: status, sense key, ASC, ASCQ. */
void spdk_bdev_io_get_scsi_status(const struct spdk_bdev_io *bdev_io, int *sc, int *sk, int *asc,
                                  int *ascq);

/** The status of a completed I/O as 0 or a negative errno. */
void spdk_bdev_io_get_aio_status(const struct spdk_bdev_io *bdev_io, int *aio_result);

/** The data buffers of an I/O; either out pointer may be NULL. */
void spdk_bdev_io_get_iovec(struct spdk_bdev_io *bdev_io, struct iovec **iovp, int *iovcntp);

/** The metadata buffer of an I/O, NULL: none. */
void *spdk_bdev_io_get_md_buf(struct spdk_bdev_io *bdev_io);

/** The cb_arg of an I/O. */
void *spdk_bdev_io_get_cb_arg(struct spdk_bdev_io *bdev_io);

/**
 * The memory domains that the bdev understands.
 * \param domains NULL to count only.
 * \return how many there are (of which array_size are stored), 0 for none, negative errno.
 */
int spdk_bdev_get_memory_domains(struct spdk_bdev *bdev, struct spdk_memory_domain **domains,
                                 int array_size);

/** The kinds of memory domains that the bdev understands; as spdk_bdev_get_memory_domains(). */
int spdk_bdev_get_memory_domain_types(struct spdk_bdev *bdev, enum spdk_dma_device_type *types,
                                      uint32_t array_size);

/**
 * Go on to the next channel after \p fn of spdk_bdev_for_each_channel(), now or later, on its
 * thread. \param status other than 0 ends the walk with it.
 */
void spdk_bdev_for_each_channel_continue(struct spdk_bdev_channel_iter *i, int status);

/**
 * Call \p fn on each channel of the bdev, on its thread, one after the other.
 * \param cpl runs on this thread at the end; within this call with -ENOMEM when there is no memory
 * for the walk.
 */
void spdk_bdev_for_each_channel(struct spdk_bdev *bdev, spdk_bdev_for_each_channel_msg fn,
                                void *ctx, spdk_bdev_for_each_channel_done cpl);

/** Attributes of the NVMe controller behind the bdev, 0: none. Any thread. */
union spdk_bdev_nvme_ctratt spdk_bdev_get_nvme_ctratt(struct spdk_bdev *bdev);

/** NVMe namespace behind the bdev, 0: none. Any thread. */
uint32_t spdk_bdev_get_nvme_nsid(struct spdk_bdev *bdev);

/** NVMe command set of the bdev. Any thread. */
enum spdk_nvme_csi spdk_bdev_get_nvme_csi(const struct spdk_bdev *bdev);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_BDEV_H */
