/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * I/O of bdevs on files, as far as it does not depend on what moves the bytes: what comes back
 * short or failed, and FLUSH by fdatasync() on a helper thread. On the channel's thread, but for
 * the work of the helpers. Timers: none.
 *
 * After a failed fdatasync() the kernel may have dropped what it could not write and calls the next
 * one good: it tells a write-back error once for each open file. So the bdev refuses writes and
 * flushes from then on, and no two fdatasync() run at once: else the one that hears nothing of the
 * error could be answered as good before the other is back. What comes meanwhile waits in the bdev,
 * not on a helper thread that another bdev needs, and has one fdatasync() together:
 *
 *	FLUSH a |-- fdatasync 1 --|
 *	FLUSH b    |..............|-- fdatasync 2 --|	begun after b and c came: good for both
 *	FLUSH c          |..........................|
 */

#include "file_internal.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk/util.h"

/* ---- Not whole ---- */

/** After a short count: send what is left of the buffer in which it ended. Buffer by buffer,
 * because the caller's iovecs are not ours to change. 0, -ENOMEM, -EINVAL when the buffers are too
 * short. */
static int
rw_send_rest(struct spdk_bdev_io *io, uint64_t done)
{
	const struct iovec *v = io->u.bdev.iovs, *end = v + io->u.bdev.iovcnt;
	uint64_t skip = done;
	struct iovec rest;

	for (; v < end && skip >= v->iov_len; v++) {
		skip -= v->iov_len;
	}
	if (v == end) {
		return -EINVAL;
	}
	rest.iov_base = (char *)v->iov_base + skip;
	rest.iov_len = v->iov_len - skip;
	return bdev_file_of(io)->kind->rw(io, &rest, 1, done) ? 0 : -ENOMEM;
}

/** A file system that knows no FALLOC_FL_ZERO_RANGE gets holes instead. */
static bool
wants_hole(struct spdk_bdev_io *io)
{
	return io->type == SPDK_BDEV_IO_TYPE_WRITE_ZEROES &&
	       bdev_file_io_of(io)->mode != BDEV_FILE_HOLE;
}

/** Go on with an I/O that is not simply done. 0: it is on its way again; -ENOMEM: it has to be
 * sent anew later; another errno: it failed. */
static int
io_go_on(struct spdk_bdev_io *io, int64_t res)
{
	struct bdev_file *file = bdev_file_of(io);

	if (res > 0) {
		return rw_send_rest(io, bdev_file_io_of(io)->done_bytes + (uint64_t)res);
	}
	if (res == -EOPNOTSUPP && wants_hole(io)) {
		atomic_store_explicit(&file->zero_mode, BDEV_FILE_HOLE, memory_order_relaxed);
		return file->kind->fallocate(io, BDEV_FILE_HOLE) ? 0 : -ENOMEM;
	}
	if (res == -EAGAIN || res == -EINTR) {
		return -ENOMEM;
	}
	return res == 0 ? -EIO : (int)res;
}

static void
log_failed(struct spdk_bdev_io *io, int64_t res, int rc)
{
	char shrunk[128];

	snprintf(shrunk, sizeof(shrunk),
	         "the file ends before: give it its size back, or take over the new one with %s",
	         bdev_file_of(io)->kind->rescan);
	SPDK_ERRLOG_RATELIMIT("bdev %s: %s of %" PRIu64 " blocks at %" PRIu64 ": %s\n",
	                      io->bdev->name, spdk_bdev_get_io_type_name(io->type),
	                      io->u.bdev.num_blocks, io->u.bdev.offset_blocks,
	                      res == 0 ? shrunk : spdk_strerror(-rc));
}

void
bdev_file_io_special(struct spdk_bdev_io *io, int64_t res)
{
	int rc;

	if (res == -EOPNOTSUPP && io->type == SPDK_BDEV_IO_TYPE_UNMAP) {
		/* A device without discard: the advice is not taken. */
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
		return;
	}
	rc = io_go_on(io, res);
	if (rc == -ENOMEM) {
		/* The layer sends all of it again, when others are done or a moment later. */
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
	} else if (rc != 0) {
		log_failed(io, res, rc);
		spdk_bdev_io_complete_aio_status(io, rc);
	}
}

/* ---- Flush ---- */

static void
flush_finished(void *arg)
{
	struct spdk_bdev_io *io = arg;

	if (bdev_file_io_of(io)->result == -ENOMEM) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
	} else {
		spdk_bdev_io_complete_aio_status(io, bdev_file_io_of(io)->result);
	}
}

/* The last of them takes the bdev's memory with it, maybe: it is not touched behind this. */
static void
flushes_answer(struct bdev_file_flushes *flushes, int result)
{
	struct bdev_file_io *ctx;

	while ((ctx = STAILQ_FIRST(flushes)) != NULL) {
		STAILQ_REMOVE_HEAD(flushes, flush_link);
		ctx->result = result;
		spdk_thread_send_msg(ctx->thread, flush_finished, spdk_bdev_io_from_ctx(ctx));
	}
}

static void
flushes_take(struct bdev_file_flushes *from, struct bdev_file_flushes *to)
{
	STAILQ_INIT(to);
	STAILQ_CONCAT(to, from);
}

/* On a helper thread. What waits now was submitted before this fdatasync() begins. */
static void
sync_work(struct env_work *work)
{
	struct bdev_file *file = SPDK_CONTAINEROF(work, struct bdev_file, sync.work);

	pthread_mutex_lock(&file->sync.lock);
	flushes_take(&file->sync.waiting, &file->sync.now);
	pthread_mutex_unlock(&file->sync.lock);
	if (bdev_file_has_failed(file)) {
		file->sync.result = -EIO;
		return;
	}
	file->sync.result = fdatasync(file->fd) == 0 ? 0 : -errno;
	if (file->sync.result != 0) {
		atomic_store_explicit(&file->flush_failed, true, memory_order_relaxed);
		SPDK_ERRLOG("bdev %s: fdatasync of %s: %s: data may be lost; writes and flushes "
		            "are refused until the bdev is made anew\n",
		            file->bdev.name, file->filename, spdk_strerror(-file->sync.result));
	}
}

/* Begin the next fdatasync(), or say that none runs. */
static void
sync_next(struct bdev_file *file)
{
	struct bdev_file_flushes refused;
	bool again;

	pthread_mutex_lock(&file->sync.lock);
	again = !STAILQ_EMPTY(&file->sync.waiting);
	file->sync.running = again;
	pthread_mutex_unlock(&file->sync.lock);
	if (!again || env_work_submit(&file->sync.work) == 0) {
		return;
	}
	pthread_mutex_lock(&file->sync.lock);
	flushes_take(&file->sync.waiting, &refused);
	file->sync.running = false;
	pthread_mutex_unlock(&file->sync.lock);
	flushes_answer(&refused, -ENOMEM);
}

static void
sync_work_done(struct env_work *work)
{
	struct bdev_file *file = SPDK_CONTAINEROF(work, struct bdev_file, sync.work);
	int result = file->sync.result;
	struct bdev_file_flushes done;

	flushes_take(&file->sync.now, &done);
	/* Before the answers: while one is owed the bdev is there. */
	sync_next(file);
	flushes_answer(&done, result);
}

void
bdev_file_flush(struct spdk_bdev_io *io)
{
	struct bdev_file *file = bdev_file_of(io);
	struct bdev_file_io *ctx = bdev_file_io_of(io);
	bool first;

	ctx->thread = spdk_get_thread();
	pthread_mutex_lock(&file->sync.lock);
	STAILQ_INSERT_TAIL(&file->sync.waiting, ctx, flush_link);
	first = !file->sync.running;
	file->sync.running = true;
	pthread_mutex_unlock(&file->sync.lock);
	if (first) {
		sync_next(file);
	}
}

void
bdev_file_sync_init(struct bdev_file *file)
{
	pthread_mutex_init(&file->sync.lock, NULL);
	STAILQ_INIT(&file->sync.waiting);
	STAILQ_INIT(&file->sync.now);
	file->sync.work.fn = sync_work;
	file->sync.work.done = sync_work_done;
}

void
bdev_file_sync_fini(struct bdev_file *file)
{
	pthread_mutex_destroy(&file->sync.lock);
}
