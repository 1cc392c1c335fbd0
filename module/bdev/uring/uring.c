/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The uring bdev: reads, writes and fallocate() through io_uring, FLUSH by fdatasync() on a helper
 * thread.
 *
 * A thread has one ring for all uring bdevs. What a step submits is collected and goes to the
 * kernel in one call at the end of the step (thread_defer), before the reactor may sleep. Timers:
 * none; the poller is counted (I/O in the ring) and the ring's descriptor wakes a reactor that
 * sleeps.
 *
 * Durability: the traits say "volatile, no FUA", with the page cache or without it, because neither
 * a disk's cache nor a file's metadata is safe before fdatasync(). After a failed fdatasync() the
 * kernel may have dropped what it could not write and calls the next one good: so the bdev refuses
 * writes and flushes from then on.
 */

#include "uring.h"
#include "spdk/env.h"
#include "spdk/json.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/bdev.h"
#include "spdk_internal/system_state.h"
#include "spdk_internal/thread.h"

#include <liburing.h>
#include <stdatomic.h>

#define RING_ENTRIES 512u
#define REAP_MAX 128u
#define DRAIN_TIMEOUT_SEC 30

struct uring_bdev {
	struct spdk_bdev bdev;
	char *filename;
	struct uring_file file; /* set once at create, but for size_bytes */
	/* Any thread sets it once; relaxed: it only has to be seen some day, by I/O that begins
	 * after the failed flush was answered, which the answer's message orders. */
	_Atomic bool flush_failed;
	/* fallocate() mode that writes zeros; only ever goes from ZERO_RANGE to PUNCH_HOLE;
	 * relaxed: either value is right. */
	_Atomic int zero_mode;
};

/** A thread's ring. */
struct uring_group {
	struct io_uring ring;
	uint32_t outstanding; /* in the ring, or on the way into it */
	struct thread_deferred submit;
	struct spdk_poller *poller;
};

struct uring_channel {
	struct uring_group *group;
	struct spdk_io_channel *group_ch;
};

struct uring_io {
	struct uring_group *group;
	uint64_t len_bytes; /* expected result; 0 for fallocate */
	int mode;           /* of fallocate */
	struct env_work work;
	struct spdk_thread *thread;
	int result;
};

extern struct spdk_bdev_module g_uring_module;

static struct uring_bdev *
uring_of(const struct spdk_bdev_io *io)
{
	return SPDK_CONTAINEROF(io->bdev, struct uring_bdev, bdev);
}

static inline struct uring_io *
ctx_of(struct spdk_bdev_io *io)
{
	return (struct uring_io *)io->driver_ctx;
}

/* ---- Ring ---- */

/* The kernel may refuse for the moment; then the next step tries again. */
static void
group_submit(void *arg)
{
	struct uring_group *group = arg;
	int rc;

	if (io_uring_sq_ready(&group->ring) == 0) {
		return;
	}
	rc = io_uring_submit(&group->ring);
	if (rc < 0 && rc != -EAGAIN && rc != -EBUSY && rc != -EINTR) {
		SPDK_ERRLOG_RATELIMIT("io_uring refuses I/O: %s\n", spdk_strerror(-rc));
	}
	if (io_uring_sq_ready(&group->ring) != 0) {
		thread_defer(&group->submit);
	}
}

/** A free entry of the ring, NULL when it is full. */
static struct io_uring_sqe *
group_get_sqe(struct uring_group *group)
{
	struct io_uring_sqe *sqe;

	if (spdk_unlikely(group->outstanding >= RING_ENTRIES)) {
		return NULL;
	}
	sqe = io_uring_get_sqe(&group->ring);
	if (spdk_likely(sqe != NULL)) {
		group->outstanding++;
		thread_defer(&group->submit);
	}
	return sqe;
}

static void io_complete(struct spdk_bdev_io *io, int res);

static int
group_poll(void *arg)
{
	struct uring_group *group = arg;
	struct io_uring_cqe *cqes[REAP_MAX];
	unsigned i, n = io_uring_peek_batch_cqe(&group->ring, cqes, REAP_MAX);
	struct {
		struct spdk_bdev_io *io;
		int res;
	} done[REAP_MAX];

	/* The entries go back before the call-backs submit anew. */
	for (i = 0; i < n; i++) {
		done[i].io = io_uring_cqe_get_data(cqes[i]);
		done[i].res = cqes[i]->res;
	}
	io_uring_cq_advance(&group->ring, n);
	group->outstanding -= n;
	for (i = 0; i < n; i++) {
		io_complete(done[i].io, done[i].res);
	}
	return n > 0 ? SPDK_POLLER_BUSY : SPDK_POLLER_IDLE;
}

static int
group_create(void *io_device, void *ctx)
{
	struct uring_group *group = ctx;
	struct poller_opts opts = { .name = "uring", .kind = POLLER_COUNTED };
	int rc;

	memset(group, 0, sizeof(*group));
	rc = io_uring_queue_init(RING_ENTRIES, &group->ring, 0);
	if (rc != 0) {
		SPDK_ERRLOG("no io_uring on this thread: %s%s\n", spdk_strerror(-rc),
		            rc == -EPERM || rc == -ENOSYS
		                    ? " (see /proc/sys/kernel/io_uring_disabled and seccomp)"
		                    : "");
		return rc;
	}
	group->submit.fn = group_submit;
	group->submit.arg = group;
	opts.counter = &group->outstanding;
	opts.fd = group->ring.ring_fd;
	group->poller = thread_poller_register(group_poll, group, &opts);
	if (group->poller == NULL) {
		io_uring_queue_exit(&group->ring);
		return -ENOMEM;
	}
	return 0;
}

static void
group_destroy(void *io_device, void *ctx)
{
	struct uring_group *group = ctx;

	assert(group->outstanding == 0);
	spdk_poller_unregister(&group->poller);
	io_uring_queue_exit(&group->ring);
}

/* ---- I/O ---- */

static bool rw_send(struct uring_group *group, struct spdk_bdev_io *io);
static bool fallocate_send(struct uring_group *group, struct spdk_bdev_io *io, int mode);

static void
io_resend(struct spdk_bdev_io *io)
{
	struct uring_io *ctx = ctx_of(io);
	bool sent = ctx->len_bytes != 0 ? rw_send(ctx->group, io)
	                                : fallocate_send(ctx->group, io, ctx->mode);

	if (!sent) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
	}
}

/** A file system that knows no FALLOC_FL_ZERO_RANGE gets holes instead; true when sent again. */
static bool
zero_by_hole(struct spdk_bdev_io *io)
{
	struct uring_bdev *ub = uring_of(io);
	int hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	if (io->type != SPDK_BDEV_IO_TYPE_WRITE_ZEROES || ctx_of(io)->mode == hole) {
		return false;
	}
	atomic_store_explicit(&ub->zero_mode, hole, memory_order_relaxed);
	ctx_of(io)->mode = hole;
	io_resend(io);
	return true;
}

static void
io_complete(struct spdk_bdev_io *io, int res)
{
	struct uring_io *ctx = ctx_of(io);

	if (spdk_likely(res >= 0 && (uint64_t)res == ctx->len_bytes)) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
		return;
	}
	if (res == -EAGAIN || res == -EINTR) {
		io_resend(io);
		return;
	}
	if (res == -EOPNOTSUPP && zero_by_hole(io)) {
		return;
	}
	if (res == -EOPNOTSUPP && io->type == SPDK_BDEV_IO_TYPE_UNMAP) {
		/* A device without discard: the advice is not taken. */
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
		return;
	}
	SPDK_ERRLOG_RATELIMIT("bdev %s: %s of %" PRIu64 " blocks at %" PRIu64 ": %s\n",
	                      io->bdev->name, spdk_bdev_get_io_type_name(io->type),
	                      io->u.bdev.num_blocks, io->u.bdev.offset_blocks,
	                      res < 0 ? spdk_strerror(-res) : "less transferred than asked for");
	spdk_bdev_io_complete_aio_status(io, res < 0 ? res : -EIO);
}

static bool
rw_send(struct uring_group *group, struct spdk_bdev_io *io)
{
	struct io_uring_sqe *sqe = group_get_sqe(group);
	uint64_t offset = io->u.bdev.offset_blocks * io->bdev->blocklen;
	const struct iovec *iovs = io->u.bdev.iovs;
	int iovcnt = io->u.bdev.iovcnt, fd = uring_of(io)->file.fd;
	bool read = io->type == SPDK_BDEV_IO_TYPE_READ;

	if (spdk_unlikely(sqe == NULL)) {
		return false;
	}
	ctx_of(io)->group = group;
	ctx_of(io)->len_bytes = io->u.bdev.num_blocks * io->bdev->blocklen;
	if (iovcnt == 1 && read) {
		io_uring_prep_read(sqe, fd, iovs[0].iov_base, (unsigned)iovs[0].iov_len, offset);
	} else if (iovcnt == 1) {
		io_uring_prep_write(sqe, fd, iovs[0].iov_base, (unsigned)iovs[0].iov_len, offset);
	} else if (read) {
		io_uring_prep_readv(sqe, fd, iovs, (unsigned)iovcnt, offset);
	} else {
		io_uring_prep_writev(sqe, fd, iovs, (unsigned)iovcnt, offset);
	}
	io_uring_sqe_set_data(sqe, io);
	return true;
}

static bool
fallocate_send(struct uring_group *group, struct spdk_bdev_io *io, int mode)
{
	struct io_uring_sqe *sqe = group_get_sqe(group);
	uint64_t blocklen = io->bdev->blocklen;

	if (spdk_unlikely(sqe == NULL)) {
		return false;
	}
	ctx_of(io)->group = group;
	ctx_of(io)->len_bytes = 0;
	ctx_of(io)->mode = mode;
	io_uring_prep_fallocate(sqe, uring_of(io)->file.fd, mode,
	                        (off_t)(io->u.bdev.offset_blocks * blocklen),
	                        (off_t)(io->u.bdev.num_blocks * blocklen));
	io_uring_sqe_set_data(sqe, io);
	return true;
}

/* ---- Flush ---- */

static void
flush_work(struct env_work *work)
{
	struct uring_io *ctx = SPDK_CONTAINEROF(work, struct uring_io, work);
	struct uring_bdev *ub = uring_of(spdk_bdev_io_from_ctx(ctx));

	ctx->result = fdatasync(ub->file.fd) == 0 ? 0 : -errno;
}

static void
flush_finished(void *arg)
{
	struct spdk_bdev_io *io = arg;
	struct uring_bdev *ub = uring_of(io);
	int rc = ctx_of(io)->result;

	if (rc != 0) {
		atomic_store_explicit(&ub->flush_failed, true, memory_order_relaxed);
		SPDK_ERRLOG(
		        "bdev %s: fdatasync of %s: %s: data may be lost; writes and flushes are "
		        "refused until the bdev is made anew\n",
		        ub->bdev.name, ub->filename, spdk_strerror(-rc));
	}
	spdk_bdev_io_complete_aio_status(io, rc);
}

static void
flush_work_done(struct env_work *work)
{
	struct uring_io *ctx = SPDK_CONTAINEROF(work, struct uring_io, work);

	spdk_thread_send_msg(ctx->thread, flush_finished, spdk_bdev_io_from_ctx(ctx));
}

static void
flush_send(struct spdk_bdev_io *io)
{
	struct uring_io *ctx = ctx_of(io);

	ctx->thread = spdk_get_thread();
	ctx->work.fn = flush_work;
	ctx->work.done = flush_work_done;
	if (env_work_submit(&ctx->work) != 0) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
	}
}

/* ---- Table ---- */

static void
uring_read_buf(struct spdk_io_channel *ch, struct spdk_bdev_io *io, bool success)
{
	struct uring_channel *uc = spdk_io_channel_get_ctx(ch);

	if (!success) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
	} else if (!rw_send(uc->group, io)) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
	}
}

/** True when the I/O is on its way, false when the ring is full. */
static bool
uring_send(struct uring_group *group, struct spdk_bdev_io *io)
{
	struct uring_bdev *ub = uring_of(io);

	switch (io->type) {
	case SPDK_BDEV_IO_TYPE_WRITE:
		return rw_send(group, io);
	case SPDK_BDEV_IO_TYPE_UNMAP:
		return fallocate_send(group, io, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
		return fallocate_send(group, io,
		                      atomic_load_explicit(&ub->zero_mode, memory_order_relaxed));
	case SPDK_BDEV_IO_TYPE_FLUSH:
		flush_send(io);
		return true;
	default:
		/* A reset gets here only when the kernel has not ended I/O for half a minute. */
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
		return true;
	}
}

static void
uring_submit_request(struct spdk_io_channel *ch, struct spdk_bdev_io *io)
{
	struct uring_channel *uc = spdk_io_channel_get_ctx(ch);

	if (io->type == SPDK_BDEV_IO_TYPE_READ) {
		spdk_bdev_io_get_buf(io, uring_read_buf,
		                     io->u.bdev.num_blocks * io->bdev->blocklen);
		return;
	}
	if (spdk_unlikely(
	            atomic_load_explicit(&uring_of(io)->flush_failed, memory_order_relaxed))) {
		spdk_bdev_io_complete_aio_status(io, -EIO);
		return;
	}
	if (!uring_send(uc->group, io)) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
	}
}

static bool
uring_io_type_supported(void *ctx, enum spdk_bdev_io_type type)
{
	struct uring_bdev *ub = ctx;

	switch (type) {
	case SPDK_BDEV_IO_TYPE_READ:
	case SPDK_BDEV_IO_TYPE_WRITE:
	case SPDK_BDEV_IO_TYPE_FLUSH:
	case SPDK_BDEV_IO_TYPE_RESET:
		return true;
	case SPDK_BDEV_IO_TYPE_UNMAP:
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
		return ub->file.punch;
	default:
		return false;
	}
}

static int
channel_create(void *io_device, void *ctx)
{
	struct uring_channel *uc = ctx;

	uc->group_ch = spdk_get_io_channel(&g_uring_module);
	if (uc->group_ch == NULL) {
		return -ENOMEM;
	}
	uc->group = spdk_io_channel_get_ctx(uc->group_ch);
	return 0;
}

static void
channel_destroy(void *io_device, void *ctx)
{
	struct uring_channel *uc = ctx;

	spdk_put_io_channel(uc->group_ch);
}

static struct spdk_io_channel *
uring_get_io_channel(void *ctx)
{
	return spdk_get_io_channel(ctx);
}

static int
uring_dump_info_json(void *ctx, struct spdk_json_write_ctx *w)
{
	struct uring_bdev *ub = ctx;

	spdk_json_write_named_object_begin(w, "uring");
	spdk_json_write_named_string(w, "filename", ub->filename);
	spdk_json_write_object_end(w);
	return 0;
}

static void
uring_write_config_json(struct spdk_bdev *bdev, struct spdk_json_write_ctx *w)
{
	struct uring_bdev *ub = bdev->ctxt;

	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "method", "bdev_uring_create");
	spdk_json_write_named_object_begin(w, "params");
	spdk_json_write_named_string(w, "name", bdev->name);
	spdk_json_write_named_uint32(w, "block_size", bdev->blocklen);
	spdk_json_write_named_string(w, "filename", ub->filename);
	spdk_json_write_named_uuid(w, "uuid", &bdev->uuid);
	spdk_json_write_object_end(w);
	spdk_json_write_object_end(w);
}

/* ---- Life ---- */

static void
uring_free(struct uring_bdev *ub)
{
	uring_file_close(&ub->file);
	free(ub->filename);
	free(ub->bdev.name);
	free(ub);
}

static void
uring_channels_gone(void *io_device)
{
	struct uring_bdev *ub = io_device;

	spdk_bdev_destruct_done(&ub->bdev, 0);
	uring_free(ub);
}

static int
uring_destruct(void *ctx)
{
	spdk_io_device_unregister(ctx, uring_channels_gone);
	return 1;
}

static const struct spdk_bdev_fn_table g_uring_fn_table = {
	.destruct = uring_destruct,
	.submit_request = uring_submit_request,
	.io_type_supported = uring_io_type_supported,
	.get_io_channel = uring_get_io_channel,
	.dump_info_json = uring_dump_info_json,
	.write_config_json = uring_write_config_json,
};

static void
bdev_fill(struct uring_bdev *ub, const struct uring_opts *opts)
{
	static const struct bdev_traits traits = { .volatile_cache = true, .atomic_blocks = 1 };
	char uuid[SPDK_UUID_STRING_LEN];

	ub->bdev.product_name = (char *)"URING bdev";
	ub->bdev.uuid = opts->uuid;
	if (spdk_uuid_is_null(&opts->uuid)) {
		/* Two bdevs on one file get along, but only the first has the file's identity. */
		spdk_uuid_fmt_lower(uuid, sizeof(uuid), &ub->file.identity);
		if (spdk_bdev_get_by_name(uuid) == NULL) {
			ub->bdev.uuid = ub->file.identity;
		}
	}
	ub->bdev.write_cache = 1;
	ub->bdev.blocklen = ub->file.block_size;
	ub->bdev.blockcnt = ub->file.size_bytes / ub->file.block_size;
	ub->bdev.required_alignment = ub->file.align_log2;
	ub->bdev.reset_io_drain_timeout = DRAIN_TIMEOUT_SEC;
	ub->bdev.ctxt = ub;
	ub->bdev.fn_table = &g_uring_fn_table;
	ub->bdev.module = &g_uring_module;
	bdev_set_traits(&ub->bdev, &traits);
	atomic_init(&ub->flush_failed, false);
	atomic_init(&ub->zero_mode, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE);
}

int
uring_create(const struct uring_opts *opts, char why[URING_WHY_MAX])
{
	struct uring_bdev *ub = calloc(1, sizeof(*ub));
	int rc = -ENOMEM;

	snprintf(why, URING_WHY_MAX, "no memory");
	if (ub == NULL) {
		return rc;
	}
	ub->file.fd = -1;
	ub->bdev.name = strdup(opts->name);
	ub->filename = strdup(opts->filename);
	if (ub->bdev.name == NULL || ub->filename == NULL) {
		goto fail;
	}
	rc = uring_file_open(opts, &ub->file, why);
	if (rc != 0) {
		goto fail;
	}
	bdev_fill(ub, opts);
	spdk_io_device_register(ub, channel_create, channel_destroy, sizeof(struct uring_channel),
	                        opts->name);
	rc = spdk_bdev_register(&ub->bdev);
	if (rc != 0) {
		snprintf(why, URING_WHY_MAX, "%s",
		         rc == -EEXIST ? "a bdev of that name or uuid exists" : spdk_strerror(-rc));
		spdk_io_device_unregister(ub, NULL);
		goto fail;
	}
	if (!ub->file.direct) {
		SPDK_NOTICELOG(
		        "bdev %s: %s goes through the page cache: O_DIRECT does not work there "
		        "with blocks of %u bytes\n",
		        opts->name, opts->filename, ub->file.block_size);
	}
	return 0;
fail:
	uring_free(ub);
	return rc;
}

int
uring_delete(const char *name, spdk_bdev_unregister_cb cb_fn, void *cb_arg)
{
	return spdk_bdev_unregister_by_name(name, &g_uring_module, cb_fn, cb_arg);
}

int
uring_rescan(const char *name, char why[URING_WHY_MAX])
{
	struct spdk_bdev *bdev = spdk_bdev_get_by_name(name);
	struct uring_bdev *ub;
	uint64_t size;
	int rc;

	if (bdev == NULL || bdev->module != &g_uring_module) {
		snprintf(why, URING_WHY_MAX, "no uring bdev is named %s", name);
		return -ENODEV;
	}
	ub = SPDK_CONTAINEROF(bdev, struct uring_bdev, bdev);
	rc = uring_file_size(&ub->file, &size);
	if (rc != 0) {
		snprintf(why, URING_WHY_MAX, "%s does not tell its size: %s", ub->filename,
		         spdk_strerror(-rc));
		return rc;
	}
	if (size < bdev->blocklen || size % bdev->blocklen != 0) {
		snprintf(why, URING_WHY_MAX,
		         "%s has an odd size: %" PRIu64 " bytes are not whole blocks of %u",
		         ub->filename, size, bdev->blocklen);
		return -EINVAL;
	}
	rc = spdk_bdev_notify_blockcnt_change(bdev, size / bdev->blocklen);
	if (rc != 0) {
		snprintf(why, URING_WHY_MAX, "%s shrank while bdev %s is in use", ub->filename,
		         name);
		return rc;
	}
	ub->file.size_bytes = size;
	return 0;
}

/* ---- Module ---- */

static int
uring_init(void)
{
	spdk_io_device_register(&g_uring_module, group_create, group_destroy,
	                        sizeof(struct uring_group), "bdev_uring");
	return 0;
}

static int
uring_get_ctx_size(void)
{
	return sizeof(struct uring_io);
}

static void
uring_gone(void *io_device)
{
	spdk_bdev_module_fini_done();
}

static void
uring_fini(void)
{
	spdk_io_device_unregister(&g_uring_module, uring_gone);
}

struct spdk_bdev_module g_uring_module SYSTEM_STATE = {
	.name = "uring",
	.module_init = uring_init,
	.module_fini = uring_fini,
	.get_ctx_size = uring_get_ctx_size,
	.async_fini = true,
};
