/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Reads and writes: check, fill a bdev_io, submit. On the channel's thread.
 */

#include "bdev_internal.h"
#include "spdk/nvme_spec.h"

/** What the public functions hand to the one that fills a bdev_io. */
struct rw_args {
	struct iovec *iovs; /* NULL: one buffer */
	int iovcnt;
	void *buf;
	void *md;
	uint64_t offset_blocks;
	uint64_t num_blocks;
	spdk_bdev_io_completion_cb cb;
	void *cb_arg;
};

/** The rw_args of a public function: its buffers, and what all of them have, by their names. */
#define RW_ARGS(...) \
	(&(struct rw_args){ __VA_ARGS__, .offset_blocks = offset_blocks, .num_blocks = num_blocks, \
	                    .cb = cb, .cb_arg = cb_arg })

/** A filled bdev_io in \p out, not yet submitted. */
static inline int
rw_prepare(struct spdk_bdev_desc *desc, struct spdk_io_channel *_ch, uint8_t type,
           const struct rw_args *a, struct spdk_bdev_io **out)
{
	struct spdk_bdev_channel *ch = spdk_io_channel_get_ctx(_ch);
	struct spdk_bdev *bdev = desc->bdev;
	struct spdk_bdev_io *io;

	if (type == SPDK_BDEV_IO_TYPE_WRITE && spdk_unlikely(!desc->write)) {
		return -EBADF;
	}
	if (spdk_unlikely(!bdev_in_range(bdev, a->offset_blocks, a->num_blocks))) {
		return -EINVAL;
	}
	io = bdev_io_get(ch);
	if (spdk_unlikely(io == NULL)) {
		return -ENOMEM;
	}
	io->bdev = bdev;
	io->type = type;
	io->num_retries = 0;
	if (a->iovs == NULL) {
		io->iov.iov_base = a->buf;
		io->iov.iov_len = a->num_blocks * bdev->blocklen;
		io->u.bdev.iovs = &io->iov;
		io->u.bdev.iovcnt = 1;
	} else {
		io->u.bdev.iovs = a->iovs;
		io->u.bdev.iovcnt = a->iovcnt;
	}
	io->u.bdev.num_blocks = a->num_blocks;
	io->u.bdev.offset_blocks = a->offset_blocks;
	io->u.bdev.memory_domain = NULL;
	io->u.bdev.memory_domain_ctx = NULL;
	io->u.bdev.accel_sequence = NULL;
	io->u.bdev.md_buf = a->md;
	io->u.bdev.dif_check_flags = bdev->dif_check_flags;
	io->u.bdev.nvme_cdw12.raw = 0;
	io->u.bdev.nvme_cdw13.raw = 0;
	io->internal.ch = ch;
	io->internal.desc = desc;
	io->internal.cb = a->cb;
	io->internal.caller_ctx = a->cb_arg;
	io->internal.special = 0;
	*out = io;
	return 0;
}

static inline int
rw_submit(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, uint8_t type,
          const struct rw_args *a)
{
	struct spdk_bdev_io *io;
	int rc = rw_prepare(desc, ch, type, a, &io);

	if (spdk_likely(rc == 0)) {
		bdev_io_submit(io);
	}
	return rc;
}

int
spdk_bdev_read_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, void *buf,
                      uint64_t offset_blocks, uint64_t num_blocks, spdk_bdev_io_completion_cb cb,
                      void *cb_arg)
{
	return rw_submit(desc, ch, SPDK_BDEV_IO_TYPE_READ, RW_ARGS(.buf = buf));
}

int
spdk_bdev_read(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, void *buf, uint64_t offset,
               uint64_t nbytes, spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	if (!bdev_to_blocks(desc->bdev, &offset, &nbytes)) {
		return -EINVAL;
	}
	return spdk_bdev_read_blocks(desc, ch, buf, offset, nbytes, cb, cb_arg);
}

int
spdk_bdev_read_blocks_with_md(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, void *buf,
                              void *md, uint64_t offset_blocks, uint64_t num_blocks,
                              spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	if (md != NULL && !spdk_bdev_is_md_separate(desc->bdev)) {
		return -EINVAL;
	}
	return rw_submit(desc, ch, SPDK_BDEV_IO_TYPE_READ, RW_ARGS(.buf = buf, .md = md));
}

int
spdk_bdev_readv_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, struct iovec *iov,
                       int iovcnt, uint64_t offset_blocks, uint64_t num_blocks,
                       spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	return rw_submit(desc, ch, SPDK_BDEV_IO_TYPE_READ, RW_ARGS(.iovs = iov, .iovcnt = iovcnt));
}

int
spdk_bdev_readv(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, struct iovec *iov,
                int iovcnt, uint64_t offset, uint64_t nbytes, spdk_bdev_io_completion_cb cb,
                void *cb_arg)
{
	if (!bdev_to_blocks(desc->bdev, &offset, &nbytes)) {
		return -EINVAL;
	}
	return spdk_bdev_readv_blocks(desc, ch, iov, iovcnt, offset, nbytes, cb, cb_arg);
}

int
spdk_bdev_readv_blocks_with_md(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                               struct iovec *iov, int iovcnt, void *md, uint64_t offset_blocks,
                               uint64_t num_blocks, spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	if (md != NULL && !spdk_bdev_is_md_separate(desc->bdev)) {
		return -EINVAL;
	}
	return rw_submit(desc, ch, SPDK_BDEV_IO_TYPE_READ,
	                 RW_ARGS(.iovs = iov, .iovcnt = iovcnt, .md = md));
}

int
spdk_bdev_write_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, void *buf,
                       uint64_t offset_blocks, uint64_t num_blocks, spdk_bdev_io_completion_cb cb,
                       void *cb_arg)
{
	return rw_submit(desc, ch, SPDK_BDEV_IO_TYPE_WRITE, RW_ARGS(.buf = buf));
}

int
spdk_bdev_write(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, void *buf, uint64_t offset,
                uint64_t nbytes, spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	if (!bdev_to_blocks(desc->bdev, &offset, &nbytes)) {
		return -EINVAL;
	}
	return spdk_bdev_write_blocks(desc, ch, buf, offset, nbytes, cb, cb_arg);
}

int
spdk_bdev_write_blocks_with_md(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, void *buf,
                               void *md, uint64_t offset_blocks, uint64_t num_blocks,
                               spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	if (md != NULL && !spdk_bdev_is_md_separate(desc->bdev)) {
		return -EINVAL;
	}
	return rw_submit(desc, ch, SPDK_BDEV_IO_TYPE_WRITE, RW_ARGS(.buf = buf, .md = md));
}

int
spdk_bdev_writev_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, struct iovec *iov,
                        int iovcnt, uint64_t offset_blocks, uint64_t num_blocks,
                        spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	return rw_submit(desc, ch, SPDK_BDEV_IO_TYPE_WRITE, RW_ARGS(.iovs = iov, .iovcnt = iovcnt));
}

int
spdk_bdev_writev(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, struct iovec *iov,
                 int iovcnt, uint64_t offset, uint64_t len, spdk_bdev_io_completion_cb cb,
                 void *cb_arg)
{
	if (!bdev_to_blocks(desc->bdev, &offset, &len)) {
		return -EINVAL;
	}
	return spdk_bdev_writev_blocks(desc, ch, iov, iovcnt, offset, len, cb, cb_arg);
}

int
spdk_bdev_writev_blocks_with_md(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                                struct iovec *iov, int iovcnt, void *md, uint64_t offset_blocks,
                                uint64_t num_blocks, spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	if (md != NULL && !spdk_bdev_is_md_separate(desc->bdev)) {
		return -EINVAL;
	}
	return rw_submit(desc, ch, SPDK_BDEV_IO_TYPE_WRITE,
	                 RW_ARGS(.iovs = iov, .iovcnt = iovcnt, .md = md));
}

/* ---- With options ---- */

#define OPT(opts, field, dflt) SPDK_GET_FIELD(opts, field, dflt)

/** Whether the bdev can do what \p opts ask for; before anything is taken. */
static int
opts_check(const struct spdk_bdev *bdev, const struct spdk_bdev_ext_io_opts *opts)
{
	if (opts->size < sizeof(opts->size)) {
		return -EINVAL;
	}
	if (OPT(opts, accel_sequence, NULL) != NULL) {
		return -ENOTSUP;
	}
	if (OPT(opts, memory_domain, NULL) != NULL && !bdev->memory_domains_supported) {
		return -ENOTSUP;
	}
	if (OPT(opts, metadata, NULL) != NULL && !spdk_bdev_is_md_separate(bdev)) {
		return -EINVAL;
	}
	return 0;
}

static int
rw_submit_ext(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, uint8_t type,
              struct rw_args *a, const struct spdk_bdev_ext_io_opts *opts)
{
	struct spdk_bdev_io *io;
	int rc;

	if (opts == NULL) {
		return rw_submit(desc, ch, type, a);
	}
	rc = opts_check(desc->bdev, opts);
	if (rc != 0) {
		return rc;
	}
	a->md = OPT(opts, metadata, NULL);
	rc = rw_prepare(desc, ch, type, a, &io);
	if (rc != 0) {
		return rc;
	}
	io->u.bdev.memory_domain = OPT(opts, memory_domain, NULL);
	io->u.bdev.memory_domain_ctx = OPT(opts, memory_domain_ctx, NULL);
	io->u.bdev.dif_check_flags &= ~OPT(opts, dif_check_flags_exclude_mask, 0u);
	if (SPDK_FIELD_VALID(opts, nvme_cdw12)) {
		io->u.bdev.nvme_cdw12 = opts->nvme_cdw12;
	}
	if (SPDK_FIELD_VALID(opts, nvme_cdw13)) {
		io->u.bdev.nvme_cdw13 = opts->nvme_cdw13;
	}
	if (type == SPDK_BDEV_IO_TYPE_WRITE &&
	    (io->u.bdev.nvme_cdw12.raw & SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS)) {
		rc = bdev_fua_prepare(io);
		if (rc != 0) {
			io->internal.status = SPDK_BDEV_IO_STATUS_FAILED;
			spdk_bdev_free_io(io);
			return rc;
		}
	}
	bdev_io_submit(io);
	return 0;
}

int
spdk_bdev_readv_blocks_ext(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                           struct iovec *iov, int iovcnt, uint64_t offset_blocks,
                           uint64_t num_blocks, spdk_bdev_io_completion_cb cb, void *cb_arg,
                           struct spdk_bdev_ext_io_opts *opts)
{
	return rw_submit_ext(desc, ch, SPDK_BDEV_IO_TYPE_READ,
	                     RW_ARGS(.iovs = iov, .iovcnt = iovcnt), opts);
}

int
spdk_bdev_writev_blocks_ext(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                            struct iovec *iov, int iovcnt, uint64_t offset_blocks,
                            uint64_t num_blocks, spdk_bdev_io_completion_cb cb, void *cb_arg,
                            struct spdk_bdev_ext_io_opts *opts)
{
	return rw_submit_ext(desc, ch, SPDK_BDEV_IO_TYPE_WRITE,
	                     RW_ARGS(.iovs = iov, .iovcnt = iovcnt), opts);
}
