/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The I/O of aio bdevs: reads and writes through Linux native AIO, fallocate() on helper threads;
 * FLUSH and what comes back short are lib/bdev's (file_io.c).
 *
 * A thread has one context for all aio bdevs. What a step submits is collected and goes to the
 * kernel in one call at the end of the step (thread_defer). The poller is counted (I/O on its way)
 * and looks into the ring that the kernel shares (aio_context.c). For a reactor that sleeps the
 * kernel also sets an event at each completion. Taking that back costs a call, so it is done only
 * when polls found nothing for a while, and the ring is looked at once more behind it:
 *
 *	kernel: fills the ring, sets the event      poller: clears the event, looks at the ring
 *
 * If the event was set before it is cleared, the look sees what filled the ring; else it stays set
 * and wakes the reactor. Timers: none.
 */

#include "aio_internal.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"

#define REAP_MAX 128u
/** Polls in a row without a completion until the event is cleared. */
#define EMPTY_MAX 16u
/** Most works of one thread that the helpers have at once: they serve others too. */
#define WORKS_MAX 4u

static struct aio_io *
ctx_of(struct spdk_bdev_io *io)
{
	return (struct aio_io *)io->driver_ctx;
}

static struct aio_bdev *
aio_of(const struct spdk_bdev_io *io)
{
	return SPDK_CONTAINEROF(bdev_file_of(io), struct aio_bdev, file);
}

/* ---- Helper threads ---- */

static void works_start(struct aio_group *group);

static void
work_finished(void *arg)
{
	struct spdk_bdev_io *io = arg;
	struct aio_group *group = ctx_of(io)->file.group;

	group->num_works--;
	works_start(group);
	bdev_file_io_done(io, ctx_of(io)->file.result);
}

static void
work_done(struct env_work *work)
{
	struct aio_io *ctx = SPDK_CONTAINEROF(work, struct aio_io, work);

	spdk_thread_send_msg(ctx->file.thread, work_finished, spdk_bdev_io_from_ctx(ctx));
}

static void
works_start(struct aio_group *group)
{
	struct bdev_file_io *next;
	struct aio_io *ctx;

	while (group->num_works < WORKS_MAX && (next = STAILQ_FIRST(&group->works)) != NULL) {
		STAILQ_REMOVE_HEAD(&group->works, flush_link);
		ctx = SPDK_CONTAINEROF(next, struct aio_io, file);
		group->num_works++;
		if (env_work_submit(&ctx->work) != 0) {
			/* In a message, because this may run inside the submission. */
			next->result = -EAGAIN;
			spdk_thread_send_msg(next->thread, work_finished,
			                     spdk_bdev_io_from_ctx(ctx));
		}
	}
}

static void
work_send(struct spdk_bdev_io *io, void (*fn)(struct env_work *work))
{
	struct aio_io *ctx = ctx_of(io);
	struct aio_group *group = ctx->file.group;

	ctx->file.thread = spdk_get_thread();
	ctx->work.fn = fn;
	ctx->work.done = work_done;
	STAILQ_INSERT_TAIL(&group->works, &ctx->file, flush_link);
	works_start(group);
}

static void
fallocate_work(struct env_work *work)
{
	struct aio_io *ctx = SPDK_CONTAINEROF(work, struct aio_io, work);
	struct spdk_bdev_io *io = spdk_bdev_io_from_ctx(ctx);
	uint64_t blocklen = io->bdev->blocklen;
	int rc = fallocate(bdev_file_of(io)->fd, ctx->file.mode,
	                   (off_t)(io->u.bdev.offset_blocks * blocklen),
	                   (off_t)(io->u.bdev.num_blocks * blocklen));

	ctx->file.result = rc == 0 ? 0 : -errno;
}

static void
rw_work(struct env_work *work)
{
	struct aio_io *ctx = SPDK_CONTAINEROF(work, struct aio_io, work);
	struct spdk_bdev_io *io = spdk_bdev_io_from_ctx(ctx);
	uint64_t offset = io->u.bdev.offset_blocks * io->bdev->blocklen + ctx->file.done_bytes;
	bool read = io->type == SPDK_BDEV_IO_TYPE_READ;

	ctx->file.result = (int)aio_sys_rw(read, bdev_file_of(io)->fd, ctx->iovs,
	                                   (int)ctx->num_iovs, offset, 0);
}

/* ---- Context ---- */

/** An operation came back: bytes or a negative errno. */
static void
io_returned(struct spdk_bdev_io *io, int64_t res)
{
	bool nowait = ctx_of(io)->iocb.aio_rw_flags != 0;

	if (spdk_unlikely(nowait && (res == -EAGAIN || res == -EOPNOTSUPP))) {
		work_send(io, rw_work);
	} else {
		bdev_file_io_done(io, res);
	}
}

/* The kernel may take a part, or none for the moment; then the next step goes on. An error is of
 * the first alone. */
static void
group_submit(void *arg)
{
	struct aio_group *group = arg;
	struct iocb *bad = NULL;
	uint32_t taken = 0;
	int rc;

	rc = aio_sys_submit(group->context->id, group->num_queued, group->queued);
	if (spdk_likely(rc > 0)) {
		taken = (uint32_t)rc;
	} else if (rc != 0 && rc != -EAGAIN && rc != -EINTR && rc != -ENOMEM) {
		bad = group->queued[0];
		taken = 1;
		group->outstanding--;
	}
	group->num_queued -= taken;
	if (spdk_unlikely(group->num_queued != 0)) {
		memmove(group->queued, group->queued + taken,
		        group->num_queued * sizeof(group->queued[0]));
		thread_defer(&group->submit);
	}
	if (bad != NULL) {
		io_returned((struct spdk_bdev_io *)(uintptr_t)bad->aio_data, rc);
	}
}

/** Whether it is time to take the event back. */
static bool
event_is_stale(struct aio_group *group)
{
	if (!group->event_maybe_set) {
		return false;
	}
	return group->outstanding == 0 || ++group->num_empty >= EMPTY_MAX;
}

static int
group_poll(void *arg)
{
	struct aio_group *group = arg;
	struct io_event events[REAP_MAX];
	uint32_t i, n = aio_ring_take(group->context->id, events, REAP_MAX);

	if (n == 0 && event_is_stale(group)) {
		group->event_maybe_set = false;
		env_event_clear(group->event);
		n = aio_ring_take(group->context->id, events, REAP_MAX);
	}
	if (n == 0) {
		return SPDK_POLLER_IDLE;
	}
	group->event_maybe_set = true;
	group->num_empty = 0;
	group->outstanding -= n;
	for (i = 0; i < n; i++) {
		io_returned((struct spdk_bdev_io *)(uintptr_t)events[i].data, events[i].res);
	}
	return SPDK_POLLER_BUSY;
}

const char *
aio_group_remedy(int rc)
{
	switch (rc) {
	case -EAGAIN:
		return "the system has as many contexts as it may: raise the sysctl fs.aio-max-nr";
	case -ENOSYS:
		return "this kernel is built without it, or a seccomp filter hides it: use "
		       "bdev_uring_create";
	case -EPERM:
	case -EACCES:
		return "a container's seccomp filter forbids it: allow it there, or use "
		       "bdev_uring_create";
	case -EMFILE:
	case -ENFILE:
		return "raise the limit of open files (ulimit -n)";
	default:
		return "end something, and try again";
	}
}

int
aio_group_create(void *io_device, void *ctx)
{
	struct aio_group *group = ctx;
	struct poller_opts opts = { .name = "aio", .kind = POLLER_COUNTED };
	int rc;

	memset(group, 0, sizeof(*group));
	STAILQ_INIT(&group->works);
	group->event = env_event_create();
	rc = group->event < 0 ? group->event : aio_context_create(&group->context);
	if (rc == 0) {
		group->submit.fn = group_submit;
		group->submit.arg = group;
		opts.counter = &group->outstanding;
		opts.fd = group->event;
		group->poller = thread_poller_register(group_poll, group, &opts);
		rc = group->poller == NULL ? -ENOMEM : 0;
	}
	if (rc != 0) {
		SPDK_ERRLOG("no AIO on this thread: %s: %s\n", spdk_strerror(-rc),
		            aio_group_remedy(rc));
		aio_group_destroy(io_device, ctx);
	}
	return rc;
}

void
aio_group_destroy(void *io_device, void *ctx)
{
	struct aio_group *group = ctx;

	assert(group->outstanding == 0 && group->num_works == 0);
	spdk_poller_unregister(&group->poller);
	if (group->context != NULL) {
		aio_context_destroy(group->context);
	}
	if (group->event >= 0) {
		env_event_close(group->event);
	}
}

/* ---- I/O ---- */

bool
aio_rw(struct spdk_bdev_io *io, const struct iovec *iovs, int iovcnt, uint64_t done)
{
	struct aio_io *ctx = ctx_of(io);
	struct aio_group *group = ctx->file.group;
	struct iocb *iocb = &ctx->iocb;
	bool read = io->type == SPDK_BDEV_IO_TYPE_READ;

	if (spdk_unlikely(group->outstanding >= AIO_ENTRIES)) {
		return false;
	}
	ctx->file.len_bytes = io->u.bdev.num_blocks * io->bdev->blocklen;
	ctx->file.done_bytes = done;
	memset(iocb, 0, sizeof(*iocb));
	iocb->aio_data = (uintptr_t)io;
	iocb->aio_fildes = (uint32_t)bdev_file_of(io)->fd;
	iocb->aio_offset = (int64_t)(io->u.bdev.offset_blocks * io->bdev->blocklen + done);
	iocb->aio_flags = IOCB_FLAG_RESFD;
	iocb->aio_resfd = (uint32_t)group->event;
	iocb->aio_rw_flags = aio_of(io)->nowait_works ? RWF_NOWAIT : 0;
	if (iovcnt == 1) {
		ctx->one.iov_base = iovs->iov_base;
		ctx->one.iov_len = spdk_min(iovs->iov_len, (size_t)BDEV_FILE_RW_BYTES_MAX);
		ctx->iovs = &ctx->one;
		ctx->num_iovs = 1;
		iocb->aio_lio_opcode = read ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE;
		iocb->aio_buf = (uintptr_t)ctx->one.iov_base;
		iocb->aio_nbytes = ctx->one.iov_len;
	} else {
		ctx->iovs = iovs;
		ctx->num_iovs = (uint32_t)spdk_min(iovcnt, BDEV_FILE_RW_IOVS_MAX);
		iocb->aio_lio_opcode = read ? IOCB_CMD_PREADV : IOCB_CMD_PWRITEV;
		iocb->aio_buf = (uintptr_t)iovs;
		iocb->aio_nbytes = ctx->num_iovs;
	}
	group->outstanding++;
	group->queued[group->num_queued++] = iocb;
	thread_defer(&group->submit);
	return true;
}

bool
aio_fallocate(struct spdk_bdev_io *io, int mode)
{
	struct aio_io *ctx = ctx_of(io);

	ctx->file.len_bytes = 0;
	ctx->file.done_bytes = 0;
	ctx->file.mode = mode;
	work_send(io, fallocate_work);
	return true;
}

/* ---- Submit ---- */

static void
aio_read_buf(struct spdk_io_channel *ch, struct spdk_bdev_io *io, bool success)
{
	if (!success) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
	} else if (!aio_rw(io, io->u.bdev.iovs, io->u.bdev.iovcnt, 0)) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
	}
}

void
aio_submit_request(struct spdk_io_channel *ch, struct spdk_bdev_io *io)
{
	struct bdev_file_channel *channel = spdk_io_channel_get_ctx(ch);
	struct bdev_file *file = bdev_file_of(io);

	bdev_file_io_of(io)->group = channel->group;
	if (io->type == SPDK_BDEV_IO_TYPE_READ) {
		spdk_bdev_io_get_buf(io, aio_read_buf, io->u.bdev.num_blocks * io->bdev->blocklen);
		return;
	}
	if (spdk_unlikely(bdev_file_has_failed(file))) {
		spdk_bdev_io_complete_aio_status(io, -EIO);
		return;
	}
	switch (io->type) {
	case SPDK_BDEV_IO_TYPE_WRITE:
		if (spdk_unlikely(file->readonly)) {
			spdk_bdev_io_complete_nvme_status(
			        io, 0, SPDK_NVME_SCT_GENERIC,
			        SPDK_NVME_SC_COMMAND_NAMESPACE_IS_PROTECTED);
		} else if (!aio_rw(io, io->u.bdev.iovs, io->u.bdev.iovcnt, 0)) {
			spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
		}
		break;
	case SPDK_BDEV_IO_TYPE_UNMAP:
		aio_fallocate(io, BDEV_FILE_HOLE);
		break;
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
		aio_fallocate(io, bdev_file_zero_mode(file));
		break;
	case SPDK_BDEV_IO_TYPE_FLUSH:
		bdev_file_flush(io);
		break;
	default:
		/* A reset gets here only when the kernel has not ended I/O for half a minute. */
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
	}
}
