/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The I/O of uring bdevs: reads, writes and fallocate() through io_uring, FLUSH by fdatasync() on a
 * helper thread.
 *
 * A thread has one ring for all uring bdevs. What a step submits is collected and goes to the
 * kernel in one call at the end of the step (thread_defer), before the reactor may sleep. Timers:
 * none; the poller is counted (I/O in the ring) and the ring's descriptor wakes a reactor that
 * sleeps.
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

#include "uring_internal.h"
#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"

#define RING_ENTRIES 512u
#define REAP_MAX 128u
/** Most bytes and buffers of one operation; the rest follows as after any short count. */
#define RW_BYTES_MAX (1u << 30)
#define RW_IOVS_MAX 1024
#define HOLE_MODE (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

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

int
uring_group_probe(void)
{
	struct io_uring ring;
	int rc = io_uring_queue_init(RING_ENTRIES, &ring, 0);

	if (rc == 0) {
		io_uring_queue_exit(&ring);
	}
	return rc;
}

const char *
uring_group_remedy(int rc)
{
	switch (rc) {
	case -EPERM:
	case -EACCES:
		return "the sysctl kernel.io_uring_disabled or a container's seccomp filter "
		       "forbids "
		       "it; allow it there";
	case -ENOSYS:
		return "this kernel is built without it, or a seccomp filter hides it";
	case -ENOMEM:
		return "raise the limit of locked memory (ulimit -l), to which kernels before 5.12 "
		       "count rings";
	case -EMFILE:
	case -ENFILE:
		return "raise the limit of open files (ulimit -n)";
	default:
		return "look in the kernel's log";
	}
}

int
uring_group_create(void *io_device, void *ctx)
{
	struct uring_group *group = ctx;
	struct poller_opts opts = { .name = "uring", .kind = POLLER_COUNTED };
	int rc;

	memset(group, 0, sizeof(*group));
	rc = io_uring_queue_init(RING_ENTRIES, &group->ring, 0);
	if (rc != 0) {
		SPDK_ERRLOG("no io_uring on this thread: %s: %s\n", spdk_strerror(-rc),
		            uring_group_remedy(rc));
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

void
uring_group_destroy(void *io_device, void *ctx)
{
	struct uring_group *group = ctx;

	assert(group->outstanding == 0);
	spdk_poller_unregister(&group->poller);
	io_uring_queue_exit(&group->ring);
}

/* ---- I/O ---- */

/** Send a read or write of some buffers of \p io, at \p done bytes behind its begin. */
static bool
rw_send(struct uring_group *group, struct spdk_bdev_io *io, const struct iovec *iovs, int iovcnt,
        uint64_t done)
{
	struct io_uring_sqe *sqe = group_get_sqe(group);
	uint64_t offset = io->u.bdev.offset_blocks * io->bdev->blocklen + done;
	unsigned len = (unsigned)spdk_min(iovs[0].iov_len, (size_t)RW_BYTES_MAX);
	unsigned num = (unsigned)spdk_min(iovcnt, RW_IOVS_MAX);
	int fd = uring_of(io)->file.fd;
	bool read = io->type == SPDK_BDEV_IO_TYPE_READ;

	if (spdk_unlikely(sqe == NULL)) {
		return false;
	}
	ctx_of(io)->group = group;
	ctx_of(io)->len_bytes = io->u.bdev.num_blocks * io->bdev->blocklen;
	ctx_of(io)->done_bytes = done;
	if (num == 1 && read) {
		io_uring_prep_read(sqe, fd, iovs[0].iov_base, len, offset);
	} else if (num == 1) {
		io_uring_prep_write(sqe, fd, iovs[0].iov_base, len, offset);
	} else if (read) {
		io_uring_prep_readv(sqe, fd, iovs, num, offset);
	} else {
		io_uring_prep_writev(sqe, fd, iovs, num, offset);
	}
	io_uring_sqe_set_data(sqe, io);
	return true;
}

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
	return rw_send(ctx_of(io)->group, io, &rest, 1, done) ? 0 : -ENOMEM;
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
	ctx_of(io)->done_bytes = 0;
	ctx_of(io)->mode = mode;
	io_uring_prep_fallocate(sqe, uring_of(io)->file.fd, mode,
	                        (off_t)(io->u.bdev.offset_blocks * blocklen),
	                        (off_t)(io->u.bdev.num_blocks * blocklen));
	io_uring_sqe_set_data(sqe, io);
	return true;
}

/** A file system that knows no FALLOC_FL_ZERO_RANGE gets holes instead. */
static bool
wants_hole(const struct spdk_bdev_io *io, const struct uring_io *ctx)
{
	return io->type == SPDK_BDEV_IO_TYPE_WRITE_ZEROES && ctx->mode != HOLE_MODE;
}

/** Go on with an I/O that is not simply done. 0: it is in the ring again; -ENOMEM: it has to be
 * sent anew later; another errno: it failed. */
static int
io_go_on(struct spdk_bdev_io *io, int res)
{
	struct uring_io *ctx = ctx_of(io);

	if (res > 0) {
		return rw_send_rest(io, ctx->done_bytes + (uint64_t)res);
	}
	if (res == -EOPNOTSUPP && wants_hole(io, ctx)) {
		atomic_store_explicit(&uring_of(io)->zero_mode, HOLE_MODE, memory_order_relaxed);
		return fallocate_send(ctx->group, io, HOLE_MODE) ? 0 : -ENOMEM;
	}
	if (res == -EAGAIN || res == -EINTR) {
		return -ENOMEM;
	}
	return res == 0 ? -EIO : res;
}

static void
io_complete_special(struct spdk_bdev_io *io, int res)
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
		return;
	}
	if (rc != 0) {
		SPDK_ERRLOG_RATELIMIT(
		        "bdev %s: %s of %" PRIu64 " blocks at %" PRIu64 ": %s\n", io->bdev->name,
		        spdk_bdev_get_io_type_name(io->type), io->u.bdev.num_blocks,
		        io->u.bdev.offset_blocks,
		        res == 0 ? "the file ends before: give it its size back, or take over the "
		                   "new one with bdev_uring_rescan"
		                 : spdk_strerror(-rc));
		spdk_bdev_io_complete_aio_status(io, rc);
	}
}

static void
io_complete(struct spdk_bdev_io *io, int res)
{
	struct uring_io *ctx = ctx_of(io);

	if (spdk_likely(res >= 0 && ctx->done_bytes + (uint64_t)res == ctx->len_bytes)) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
	} else {
		io_complete_special(io, res);
	}
}

/* ---- Flush ---- */

static void
flush_finished(void *arg)
{
	struct spdk_bdev_io *io = arg;

	if (ctx_of(io)->result == -ENOMEM) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
	} else {
		spdk_bdev_io_complete_aio_status(io, ctx_of(io)->result);
	}
}

/* The last of them takes the bdev's memory with it, maybe: it is not touched behind this. */
static void
flushes_answer(struct uring_flushes *flushes, int result)
{
	struct uring_io *ctx;

	while ((ctx = STAILQ_FIRST(flushes)) != NULL) {
		STAILQ_REMOVE_HEAD(flushes, flush_link);
		ctx->result = result;
		spdk_thread_send_msg(ctx->thread, flush_finished, spdk_bdev_io_from_ctx(ctx));
	}
}

static void
flushes_take(struct uring_flushes *from, struct uring_flushes *to)
{
	STAILQ_INIT(to);
	STAILQ_CONCAT(to, from);
}

/* On a helper thread. What waits now was submitted before this fdatasync() begins. */
static void
sync_work(struct env_work *work)
{
	struct uring_bdev *ub = SPDK_CONTAINEROF(work, struct uring_bdev, sync.work);

	pthread_mutex_lock(&ub->sync.lock);
	flushes_take(&ub->sync.waiting, &ub->sync.now);
	pthread_mutex_unlock(&ub->sync.lock);
	if (atomic_load_explicit(&ub->flush_failed, memory_order_relaxed)) {
		ub->sync.result = -EIO;
		return;
	}
	ub->sync.result = fdatasync(ub->file.fd) == 0 ? 0 : -errno;
	if (ub->sync.result != 0) {
		atomic_store_explicit(&ub->flush_failed, true, memory_order_relaxed);
		SPDK_ERRLOG("bdev %s: fdatasync of %s: %s: data may be lost; writes and flushes "
		            "are refused until the bdev is made anew\n",
		            ub->bdev.name, ub->filename, spdk_strerror(-ub->sync.result));
	}
}

/* Begin the next fdatasync(), or say that none runs. */
static void
sync_next(struct uring_bdev *ub)
{
	struct uring_flushes refused;
	bool again;

	pthread_mutex_lock(&ub->sync.lock);
	again = !STAILQ_EMPTY(&ub->sync.waiting);
	ub->sync.running = again;
	pthread_mutex_unlock(&ub->sync.lock);
	if (!again || env_work_submit(&ub->sync.work) == 0) {
		return;
	}
	pthread_mutex_lock(&ub->sync.lock);
	flushes_take(&ub->sync.waiting, &refused);
	ub->sync.running = false;
	pthread_mutex_unlock(&ub->sync.lock);
	flushes_answer(&refused, -ENOMEM);
}

static void
sync_work_done(struct env_work *work)
{
	struct uring_bdev *ub = SPDK_CONTAINEROF(work, struct uring_bdev, sync.work);
	int result = ub->sync.result;
	struct uring_flushes done;

	flushes_take(&ub->sync.now, &done);
	/* Before the answers: while one is owed the bdev is there. */
	sync_next(ub);
	flushes_answer(&done, result);
}

static void
flush_send(struct spdk_bdev_io *io)
{
	struct uring_bdev *ub = uring_of(io);
	struct uring_io *ctx = ctx_of(io);
	bool first;

	ctx->thread = spdk_get_thread();
	pthread_mutex_lock(&ub->sync.lock);
	STAILQ_INSERT_TAIL(&ub->sync.waiting, ctx, flush_link);
	first = !ub->sync.running;
	ub->sync.running = true;
	pthread_mutex_unlock(&ub->sync.lock);
	if (first) {
		sync_next(ub);
	}
}

void
uring_sync_init(struct uring_bdev *ub)
{
	pthread_mutex_init(&ub->sync.lock, NULL);
	STAILQ_INIT(&ub->sync.waiting);
	STAILQ_INIT(&ub->sync.now);
	ub->sync.work.fn = sync_work;
	ub->sync.work.done = sync_work_done;
}

/* ---- Submit ---- */

static void
uring_read_buf(struct spdk_io_channel *ch, struct spdk_bdev_io *io, bool success)
{
	struct uring_channel *uc = spdk_io_channel_get_ctx(ch);

	if (!success) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
	} else if (!rw_send(uc->group, io, io->u.bdev.iovs, io->u.bdev.iovcnt, 0)) {
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
		return rw_send(group, io, io->u.bdev.iovs, io->u.bdev.iovcnt, 0);
	case SPDK_BDEV_IO_TYPE_UNMAP:
		return fallocate_send(group, io, HOLE_MODE);
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

void
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
