/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * What the files of lib/bdev share.
 *
 * Objects and owners:
 *   registry (one)          g_bdev: lists and names, under g_bdev.lock; never taken on the I/O
 * path. mgmt channel (a thread) cache of spdk_bdev_io, iobuf channel, done list, queue for bdev_io.
 *   shared (a thread and a module channel) I/O outstanding in the module, and its -ENOMEM queue.
 *   bdev channel (a thread and a bdev) flags, list of I/O under way, statistics.
 *   desc (an open bdev)     owned by the thread that opened it.
 *
 * The path of an I/O: rw.c or cmd.c fills a bdev_io; submit.c hands it to the module when the
 * channel's flags are 0, else looks what is special; complete.c gets it back. A special I/O may
 * pass through the module several times (pieces.c, FUA) as the same bdev_io, so that it never needs
 * a second one: what a stack needs to make progress is held from the start.
 */

#ifndef BDEV_INTERNAL_H
#define BDEV_INTERNAL_H

#include "spdk/bdev_module.h"
#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/bdev.h"
#include "spdk_internal/thread.h"
#include "spdk_internal/trace.h"

/* Channel flags: a submit with none of them set goes straight to the module. */
enum bdev_ch_flags {
	BDEV_CH_RESET = 1u << 0, /* a reset runs: I/O fails as aborted */
	BDEV_CH_NOMEM = 1u << 1, /* others wait to be submitted again: queue behind them */
	BDEV_CH_SPLIT = 1u << 2, /* the bdev has limits of size or boundary of reads and writes */
	BDEV_CH_ALIGN = 1u << 3, /* the bdev wants aligned buffers */
};

/* spdk_bdev_module::internal.state */
enum bdev_module_state {
	MODULE_UNKNOWN,
	MODULE_LISTED,
	MODULE_UP,
};

/* spdk_bdev_io::internal.special */
enum bdev_io_special {
	BDEV_IO_PIECES = 1u << 0,     /* runs as a row of pieces; u and type are the piece's */
	BDEV_IO_ZEROES = 1u << 1,     /* the pieces' source is the zero buffer */
	BDEV_IO_FUA = 1u << 2,        /* a FLUSH follows the write */
	BDEV_IO_FUA_FLUSH = 1u << 3,  /* that FLUSH is under way */
	BDEV_IO_WAIT_BUF = 1u << 4,   /* queued at iobuf */
	BDEV_IO_WAIT_NOMEM = 1u << 5, /* queued for another submit */
	BDEV_IO_RESET = 1u << 6,
	BDEV_IO_ABORT = 1u << 7,
	BDEV_IO_BUF_FOR_MODULE = 1u << 9, /* the module waits for the buffer, the I/O is its */
	BDEV_IO_ABORTING = 1u << 10,      /* an abort of it went to the module */
	BDEV_IO_LONG = 1u << 11,          /* a range without data, longer than the bdev takes */
	BDEV_IO_TRACED = 1u << 12,        /* its end is to be recorded */
	BDEV_IO_HAS_BUF = 1u << 8,        /* internal.buf is to be put when the I/O is freed */
};

/** What makes the end of an I/O special; HAS_BUF only matters when it is freed. */
#define BDEV_IO_SPECIAL_END (~(uint32_t)BDEV_IO_HAS_BUF)

/** Bytes of the buffer that write_zeroes is emulated with. */
#define BDEV_ZERO_BUF_SIZE 65536u
/** bdev_ios that move between a thread's cache and the pool, or are allocated, at once. */
#define BDEV_IO_BATCH 32u
#define BDEV_NOMEM_RETRY_US 1000u

/** The layout is ours; SPDK's header leaves it open. */
struct spdk_bdev_io_error_stat {
	uint32_t error_status[-SPDK_MIN_BDEV_IO_STATUS];
};

struct bdev_mgmt_channel {
	/* bdev_io cache, a stack */
	struct spdk_bdev_io *cache;
	uint32_t cache_count;
	uint32_t cache_limit;      /* 0 while somebody waits */
	struct spdk_bdev_io *held; /* free, and kept for those who wait */
	/* > 0 while a module's submit_request() runs: completions go on the done list */
	uint32_t in_submit;
	struct spdk_bdev_io *done_first;
	struct spdk_bdev_io **done_last;
	struct thread_deferred done;
	/* channels with entries of spdk_bdev_queue_io_wait() */
	TAILQ_HEAD(, spdk_bdev_channel) waiting;
	struct thread_deferred wake;
	bool waking;
	TAILQ_HEAD(, bdev_shared) shared;
	uint32_t small_bufsize;
	uint32_t large_bufsize;
	struct spdk_iobuf_channel iobuf;
};

struct bdev_shared {
	uint32_t outstanding;     /* I/O in the module */
	uint32_t nomem_threshold; /* submit again when so few are left */
	bdev_io_tailq_t nomem;
	struct spdk_io_channel *module_ch;
	struct spdk_poller *poller;
	bool polling; /* the poller is not paused */
	uint32_t refs;
	TAILQ_HEAD(, spdk_bdev_channel) channels;
	TAILQ_ENTRY(bdev_shared) link;
};

struct spdk_bdev_channel {
	uint32_t flags; /* bdev_ch_flags */
	bool reserve_out;
	bool is_waiting; /* on mgmt->waiting */
	struct spdk_bdev *bdev;
	void (*submit)(struct spdk_io_channel *ch, struct spdk_bdev_io *io);
	struct spdk_io_channel *module_ch;
	struct bdev_mgmt_channel *mgmt;
	struct bdev_shared *shared;
	bdev_io_tailq_t submitted; /* oldest first */
	struct spdk_bdev_io_stat stat;
	struct spdk_bdev_io_error_stat errors;
	/* Cold. */
	struct spdk_bdev_io *reserve; /* progress when the pool is empty */
	void *own_buf;                /* progress when iobuf is empty; NULL where no I/O bounces */
	uint32_t own_buf_len;
	bool own_buf_out;
	struct spdk_io_channel *mgmt_ch;
	TAILQ_HEAD(, spdk_bdev_io_wait_entry) waiters;
	TAILQ_ENTRY(spdk_bdev_channel) wait_link;
	TAILQ_ENTRY(spdk_bdev_channel) shared_link;
};

struct spdk_bdev_desc {
	struct spdk_bdev *bdev;
	bool write;
	bool hide_metadata;
	bool closed;      /* the owner is gone; registry lock */
	bool msg_out;     /* an event message is under way, one of refs; registry lock */
	uint32_t pending; /* bit (1 << event type); registry lock */
	uint32_t
	        refs; /* the message, a walk of timeout.c; freed when closed and 0; registry lock */
	struct spdk_thread *thread;
	spdk_bdev_event_cb_t event_cb;
	void *event_ctx;
	struct spdk_bdev_module_claim *claim;
	/* timeout.c, desc thread */
	struct spdk_poller *timeout_poller;
	uint64_t timeout_ticks;
	spdk_bdev_io_timeout_cb timeout_cb;
	void *timeout_ctx;
	bool timeout_walk; /* one at a time */
	TAILQ_ENTRY(spdk_bdev_desc) link;
};

RB_HEAD(bdev_name_tree, spdk_bdev_name);
TAILQ_HEAD(bdev_list, spdk_bdev);
TAILQ_HEAD(bdev_module_list, spdk_bdev_module);
RB_PROTOTYPE(bdev_name_tree, spdk_bdev_name, node, bdev_name_cmp)
int bdev_name_cmp(struct spdk_bdev_name *a, struct spdk_bdev_name *b);

/** The registry. */
struct bdev_globals {
	pthread_mutex_t lock; /* bdevs, names, open_descs, status, claims */
	struct bdev_list bdevs;
	struct bdev_name_tree names;
	struct bdev_module_list modules; /* in-tree ones first, then in order of addition */
	struct spdk_bdev_opts opts;
	void *zero_buf;
	uint32_t num_bdevs; /* registered, and those whose destruct() is not done; under the lock */
	bool started;       /* initialize was called */
	bool up;            /* between initialize and finish */
};
extern struct bdev_globals g_bdev;

static inline void
bdev_lock(void)
{
	pthread_mutex_lock(&g_bdev.lock);
}

static inline void
bdev_unlock(void)
{
	pthread_mutex_unlock(&g_bdev.lock);
}

/** The io_device of a bdev; distinct from the bdev, which the module may register for itself. */
static inline void *
bdev_to_io_device(struct spdk_bdev *bdev)
{
	return (char *)bdev + 1;
}

static inline struct spdk_bdev *
bdev_from_io_device(void *io_device)
{
	return (struct spdk_bdev *)((char *)io_device - 1);
}

static inline bool
bdev_in_range(const struct spdk_bdev *bdev, uint64_t offset_blocks, uint64_t num_blocks)
{
	return num_blocks != 0 && offset_blocks < bdev->blockcnt &&
	       num_blocks <= bdev->blockcnt - offset_blocks;
}

/** Bytes to blocks; false when they are not whole blocks. */
static inline bool
bdev_to_blocks(const struct spdk_bdev *bdev, uint64_t *offset, uint64_t *len)
{
	uint32_t blocklen = bdev->blocklen;

	if (spdk_u32_is_pow2(blocklen)) {
		uint32_t shift = (uint32_t)__builtin_ctz(blocklen);

		if (((*offset | *len) & (blocklen - 1)) != 0) {
			return false;
		}
		*offset >>= shift;
		*len >>= shift;
		return true;
	}
	if (*offset % blocklen != 0 || *len % blocklen != 0) {
		return false;
	}
	*offset /= blocklen;
	*len /= blocklen;
	return true;
}

/* pool.c */
struct spdk_bdev_io *bdev_io_get_slow(struct spdk_bdev_channel *ch);
void bdev_io_put_slow(struct bdev_mgmt_channel *mgmt);
struct spdk_bdev_io *bdev_io_alloc_reserve(struct spdk_bdev_channel *ch);
void bdev_pool_init(size_t ctx_size_bytes);
/** Bytes of driver_ctx in each bdev_io. */
size_t bdev_pool_ctx_size(void);
void bdev_pool_fini(void);
void bdev_pool_drain(struct bdev_mgmt_channel *mgmt);
void bdev_wake_waiters(void *mgmt);

/** An I/O for the channel, NULL when there is none: -ENOMEM to the caller. */
static inline struct spdk_bdev_io *
bdev_io_get(struct spdk_bdev_channel *ch)
{
	struct bdev_mgmt_channel *mgmt = ch->mgmt;
	struct spdk_bdev_io *io = mgmt->cache;

	if (spdk_likely(io != NULL)) {
		mgmt->cache = io->internal.next;
		mgmt->cache_count--;
		return io;
	}
	return bdev_io_get_slow(ch);
}

/* channel.c */
int bdev_mgmt_init(void);
void bdev_mgmt_fini(spdk_io_device_unregister_cb cb_fn);
int bdev_channel_create(void *io_device, void *ctx);
void bdev_channel_destroy(void *io_device, void *ctx);
/** Fail all that waits in our queues on \p ch, not what is in the module. */
void bdev_channel_abort_queued(struct spdk_bdev_channel *ch);

/* submit.c */
/** Hand a filled bdev_io in: it will complete, never within this call. */
void bdev_io_submit_special(struct spdk_bdev_io *io);
/** To the module, or behind those that wait for memory. */
void bdev_io_to_module(struct spdk_bdev_io *io);
/** End an I/O that is not in the module, in this step but not in this call. */
void bdev_io_end(struct spdk_bdev_io *io, enum spdk_bdev_io_status status);
/** Of a bdev at registration: which flags each of its channels starts with. */
uint32_t bdev_limit_flags(const struct spdk_bdev *bdev);

/* fua.c, traits */
/** Prepare \p io for a caller who asked for FUA. 0, -ENOTSUP. */
int bdev_fua_prepare(struct spdk_bdev_io *io);

/* complete.c */
void bdev_done_run(void *mgmt);

/** Put \p io on the list of those that the current step completes. */
static inline void
bdev_done_push(struct bdev_mgmt_channel *mgmt, struct spdk_bdev_io *io)
{
	if (mgmt->done_first == NULL) {
		mgmt->done_last = &mgmt->done_first;
		thread_defer(&mgmt->done);
	}
	io->internal.next = NULL;
	*mgmt->done_last = io;
	mgmt->done_last = &io->internal.next;
}

/** Send \p io to its module; the counters are the caller's. */
static inline void
bdev_io_call_module(struct spdk_bdev_channel *ch, struct spdk_bdev_io *io)
{
	struct bdev_mgmt_channel *mgmt = ch->mgmt;

	ch->shared->outstanding++;
	mgmt->in_submit++;
	ch->submit(ch->module_ch, io);
	mgmt->in_submit--;
}

/** Submit a filled bdev_io; it completes later, never within this call. */
static inline void
bdev_io_submit(struct spdk_bdev_io *io)
{
	struct spdk_bdev_channel *ch = io->internal.ch;

	io->internal.status = SPDK_BDEV_IO_STATUS_PENDING;
	io->internal.submit_tsc = spdk_get_ticks();
	TAILQ_INSERT_TAIL(&ch->submitted, io, internal.ch_link);
	if (spdk_likely((ch->flags | io->internal.special | trace_group_mask(TRACE_GROUP_BDEV)) ==
	                0)) {
		bdev_io_call_module(ch, io);
	} else {
		bdev_io_submit_special(io);
	}
}

/** Most buffers of one piece. */
static inline uint32_t
bdev_segments_max(const struct spdk_bdev *bdev)
{
	uint32_t max = bdev->max_num_segments;

	return max == 0 ? SPDK_BDEV_IO_NUM_CHILD_IOV : spdk_min(max, SPDK_BDEV_IO_NUM_CHILD_IOV);
}

/* pieces.c */
/** Whether an UNMAP or WRITE_ZEROES is longer than the module takes at once. */
bool bdev_range_is_long(const struct spdk_bdev_io *io);
/** Whether the I/O has to run as a row of pieces on its channel. */
bool bdev_pieces_needed(const struct spdk_bdev_io *io);
void bdev_pieces_start(struct spdk_bdev_io *io);
/** One piece is back from the module. True: the whole I/O is done and u is the caller's again. */
bool bdev_pieces_done(struct spdk_bdev_io *io);
/** Put what the piece holds and give the caller's view back. */
void bdev_pieces_end(struct spdk_bdev_io *io);

/* buf.c */
void bdev_io_put_buf(struct spdk_bdev_io *io);
/** A data buffer for an I/O without one; \p cb runs now or later. */
void bdev_io_take_buf(struct spdk_bdev_io *io, spdk_bdev_io_get_buf_cb cb, uint64_t len_bytes);
/** Take an I/O out of the iobuf queue; false when it is not there. */
bool bdev_io_abort_buf_wait(struct spdk_bdev_io *io);

/* nomem.c */
int bdev_shared_get(struct spdk_bdev_channel *ch);
void bdev_shared_put(struct spdk_bdev_channel *ch);
void bdev_nomem_queue(struct spdk_bdev_io *io, bool at_head);
void bdev_nomem_retry(struct bdev_shared *shared);
void bdev_nomem_remove(struct spdk_bdev_io *io);

/* reset.c */
void bdev_reset_done(struct spdk_bdev_io *io);

/* abort.c */
/** True when the abort is complete, false when it goes on. */
bool bdev_abort_done(struct spdk_bdev_io *io);

/* stat.c */
void bdev_stat_init(struct spdk_bdev_io_stat *stat, struct spdk_bdev_io_error_stat *errors);
struct spdk_bdev_io_stat *bdev_stat_alloc(void);
void bdev_stat_free(struct spdk_bdev_io_stat *stat);
void bdev_stat_count_error(struct spdk_bdev_channel *ch, const struct spdk_bdev_io *io);

/* bdev.c */
/** A bdev is gone: the end of the layer may wait for it. Any thread. */
void bdev_fini_go_on(void);

/* register.c */
/** The last one who had a bdev open is gone: destroy it if it waits for that. */
void bdev_unopened_locked(struct spdk_bdev *bdev);

/* name.c */
int bdev_name_add_locked(struct spdk_bdev_name *name, struct spdk_bdev *bdev, const char *text);
void bdev_name_del_locked(struct spdk_bdev_name *name);
int bdev_alias_add_locked(struct spdk_bdev *bdev, const char *alias);
void bdev_alias_del_all_locked(struct spdk_bdev *bdev);
struct spdk_bdev *bdev_find_locked(const char *name);

/* examine.c */
void bdev_examine_registered(struct spdk_bdev *bdev);
/** Something a module was busy with is over: call who waits when it was the last. */
void bdev_examine_action_done(void);
bool bdev_any_action_locked(void);
void bdev_examine_fini(void);
/** Write up to \p max of what bdev_examine was called for, from the \p first on; how many. */
uint32_t bdev_examine_config_json(struct spdk_json_write_ctx *w, uint32_t first, uint32_t max);

/* claim.c */
void bdev_claim_release_desc_locked(struct spdk_bdev_desc *desc);
bool bdev_claim_forbids_write_locked(const struct spdk_bdev *bdev);

/* desc.c */
/** Open without an owner's call-back, to keep \p bdev during a call of ours. */
int bdev_hold(struct spdk_bdev *bdev, struct spdk_bdev_desc **desc);
/** The same by name. 0, -ENODEV, -ENOMEM. */
int bdev_hold_by_name(const char *name, struct spdk_bdev_desc **desc);
/**
 * A walk over all bdevs that may rest between two: the present one is held, and so stays in its
 * place of the list. Each bdev that is there all along comes exactly once.
 * \param held NULL inside before the first. 0 and the next; -ENOENT at the end, and -ENOMEM: NULL.
 */
int bdev_hold_next(struct spdk_bdev_desc **held);
void bdev_desc_unref(struct spdk_bdev_desc *desc);
/** Tell all who have \p bdev open; registry lock held. */
void bdev_desc_notify_all_locked(struct spdk_bdev *bdev, enum spdk_bdev_event_type type);

/* timeout.c */
void bdev_desc_stop_timeout(struct spdk_bdev_desc *desc);

#endif /* BDEV_INTERNAL_H */
