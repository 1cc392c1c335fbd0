/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The I/O of uring bdevs: reads, writes and fallocate() through io_uring; FLUSH and what comes back
 * short are lib/bdev's (file_io.c).
 *
 * A thread has one ring for all uring bdevs. What a step submits is collected and goes to the
 * kernel in one call at the end of the step (thread_defer), before the reactor may sleep. Timers:
 * none; the poller is counted (I/O in the ring) and the ring's descriptor wakes a reactor that
 * sleeps.
 */

#include "uring_internal.h"
#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"

#define RING_ENTRIES 512u
#define REAP_MAX 128u

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
		bdev_file_io_done(done[i].io, done[i].res);
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

bool
uring_rw(struct spdk_bdev_io *io, const struct iovec *iovs, int iovcnt, uint64_t done)
{
	struct bdev_file_io *ctx = bdev_file_io_of(io);
	struct io_uring_sqe *sqe = group_get_sqe(ctx->group);
	uint64_t offset = io->u.bdev.offset_blocks * io->bdev->blocklen + done;
	unsigned len = (unsigned)spdk_min(iovs[0].iov_len, (size_t)BDEV_FILE_RW_BYTES_MAX);
	unsigned num = (unsigned)spdk_min(iovcnt, BDEV_FILE_RW_IOVS_MAX);
	int fd = bdev_file_of(io)->fd;
	bool read = io->type == SPDK_BDEV_IO_TYPE_READ;

	if (spdk_unlikely(sqe == NULL)) {
		return false;
	}
	ctx->len_bytes = io->u.bdev.num_blocks * io->bdev->blocklen;
	ctx->done_bytes = done;
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

bool
uring_fallocate(struct spdk_bdev_io *io, int mode)
{
	struct bdev_file_io *ctx = bdev_file_io_of(io);
	struct io_uring_sqe *sqe = group_get_sqe(ctx->group);
	uint64_t blocklen = io->bdev->blocklen;

	if (spdk_unlikely(sqe == NULL)) {
		return false;
	}
	ctx->len_bytes = 0;
	ctx->done_bytes = 0;
	ctx->mode = mode;
	io_uring_prep_fallocate(sqe, bdev_file_of(io)->fd, mode,
	                        (off_t)(io->u.bdev.offset_blocks * blocklen),
	                        (off_t)(io->u.bdev.num_blocks * blocklen));
	io_uring_sqe_set_data(sqe, io);
	return true;
}

/* ---- Submit ---- */

static void
uring_read_buf(struct spdk_io_channel *ch, struct spdk_bdev_io *io, bool success)
{
	if (!success) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
	} else if (!uring_rw(io, io->u.bdev.iovs, io->u.bdev.iovcnt, 0)) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
	}
}

/** True when the I/O is on its way, false when the ring is full. */
static bool
uring_send(struct spdk_bdev_io *io)
{
	switch (io->type) {
	case SPDK_BDEV_IO_TYPE_WRITE:
		return uring_rw(io, io->u.bdev.iovs, io->u.bdev.iovcnt, 0);
	case SPDK_BDEV_IO_TYPE_UNMAP:
		return uring_fallocate(io, BDEV_FILE_HOLE);
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
		return uring_fallocate(io, bdev_file_zero_mode(bdev_file_of(io)));
	case SPDK_BDEV_IO_TYPE_FLUSH:
		bdev_file_flush(io);
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
	struct bdev_file_channel *channel = spdk_io_channel_get_ctx(ch);

	bdev_file_io_of(io)->group = channel->group;
	if (io->type == SPDK_BDEV_IO_TYPE_READ) {
		spdk_bdev_io_get_buf(io, uring_read_buf,
		                     io->u.bdev.num_blocks * io->bdev->blocklen);
		return;
	}
	if (spdk_unlikely(bdev_file_has_failed(bdev_file_of(io)))) {
		spdk_bdev_io_complete_aio_status(io, -EIO);
		return;
	}
	if (!uring_send(io)) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
	}
}
