/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Commands on ranges without data: flush, unmap, write zeroes; and FUA where it is a FLUSH that
 * follows. On the channel's thread.
 *
 * What a FLUSH means: all writes to the range that completed before it are durable when it
 * completes. A bdev without a volatile cache proves that there is nothing to do; any other gets the
 * command, and if it knows none it is refused, never answered as done.
 */

#include "bdev_internal.h"
#include "spdk/nvme_spec.h"

void
bdev_set_traits(struct spdk_bdev *bdev, const struct bdev_traits *traits)
{
	bdev->internal.traits_given = true;
	bdev->internal.traits_volatile = traits->volatile_cache;
	bdev->internal.traits_fua = traits->fua;
	bdev->internal.traits_atomic_blocks = spdk_max(1u, traits->atomic_blocks);
	bdev->internal.traits_reads_nothing = traits->reads_nothing;
}

void
bdev_get_traits(const struct spdk_bdev *bdev, struct bdev_traits *traits)
{
	bool given = bdev->internal.traits_given;

	traits->volatile_cache = !given || bdev->internal.traits_volatile;
	traits->fua = given && bdev->internal.traits_fua;
	traits->atomic_blocks = given ? bdev->internal.traits_atomic_blocks : 1;
	traits->reads_nothing = given && bdev->internal.traits_reads_nothing;
}

static bool
module_supports(const struct spdk_bdev *bdev, enum spdk_bdev_io_type type)
{
	return bdev->fn_table->io_type_supported(bdev->ctxt, type);
}

int
bdev_fua_prepare(struct spdk_bdev_io *io)
{
	struct bdev_traits traits;

	bdev_get_traits(io->bdev, &traits);
	if (traits.fua) {
		return 0;
	}
	io->u.bdev.nvme_cdw12.raw &= ~(uint32_t)SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS;
	if (!traits.volatile_cache) {
		return 0;
	}
	if (!module_supports(io->bdev, SPDK_BDEV_IO_TYPE_FLUSH)) {
		return -ENOTSUP;
	}
	io->internal.special |= BDEV_IO_FUA;
	return 0;
}

/** A filled bdev_io for a command on a range. */
static int
range_prepare(struct spdk_bdev_desc *desc, struct spdk_io_channel *_ch, uint8_t type,
              uint64_t offset_blocks, uint64_t num_blocks, struct spdk_bdev_io **out)
{
	struct spdk_bdev_channel *ch = spdk_io_channel_get_ctx(_ch);
	struct spdk_bdev *bdev = desc->bdev;
	struct spdk_bdev_io *io;

	if (!desc->write) {
		return -EBADF;
	}
	if (!bdev_in_range(bdev, offset_blocks, num_blocks)) {
		return -EINVAL;
	}
	io = bdev_io_get(ch);
	if (io == NULL) {
		return -ENOMEM;
	}
	io->bdev = bdev;
	io->type = type;
	io->num_retries = 0;
	memset(&io->u.bdev, 0, sizeof(io->u.bdev));
	io->u.bdev.offset_blocks = offset_blocks;
	io->u.bdev.num_blocks = num_blocks;
	io->internal.ch = ch;
	io->internal.desc = desc;
	io->internal.special = 0;
	*out = io;
	return 0;
}

static void
range_submit(struct spdk_bdev_io *io, spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	io->internal.cb = cb;
	io->internal.caller_ctx = cb_arg;
	if (bdev_range_is_long(io)) {
		io->internal.special |= BDEV_IO_LONG;
	}
	bdev_io_submit(io);
}

int
spdk_bdev_flush_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                       uint64_t offset_blocks, uint64_t num_blocks, spdk_bdev_io_completion_cb cb,
                       void *cb_arg)
{
	bool supported = module_supports(desc->bdev, SPDK_BDEV_IO_TYPE_FLUSH);
	struct bdev_traits traits;
	struct spdk_bdev_io *io;
	int rc;

	bdev_get_traits(desc->bdev, &traits);
	if (!supported && traits.volatile_cache) {
		return -ENOTSUP;
	}
	rc = range_prepare(desc, ch, SPDK_BDEV_IO_TYPE_FLUSH, offset_blocks, num_blocks, &io);
	if (rc != 0) {
		return rc;
	}
	if (supported) {
		range_submit(io, cb, cb_arg);
		return 0;
	}
	io->internal.cb = cb;
	io->internal.caller_ctx = cb_arg;
	io->internal.submit_tsc = spdk_get_ticks();
	TAILQ_INSERT_TAIL(&io->internal.ch->submitted, io, internal.ch_link);
	bdev_io_end(io, SPDK_BDEV_IO_STATUS_SUCCESS);
	return 0;
}

int
spdk_bdev_unmap_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                       uint64_t offset_blocks, uint64_t num_blocks, spdk_bdev_io_completion_cb cb,
                       void *cb_arg)
{
	struct spdk_bdev_io *io;
	int rc;

	if (!module_supports(desc->bdev, SPDK_BDEV_IO_TYPE_UNMAP)) {
		return -ENOTSUP;
	}
	rc = range_prepare(desc, ch, SPDK_BDEV_IO_TYPE_UNMAP, offset_blocks, num_blocks, &io);
	if (rc == 0) {
		range_submit(io, cb, cb_arg);
	}
	return rc;
}

int
spdk_bdev_write_zeroes_blocks(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch,
                              uint64_t offset_blocks, uint64_t num_blocks,
                              spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	bool native = module_supports(desc->bdev, SPDK_BDEV_IO_TYPE_WRITE_ZEROES);
	struct spdk_bdev_io *io;
	int rc;

	/* Zeros in place of separate metadata would be a lie about it. */
	if (!native &&
	    (!module_supports(desc->bdev, SPDK_BDEV_IO_TYPE_WRITE) || desc->bdev->md_len != 0)) {
		return -ENOTSUP;
	}
	rc = range_prepare(desc, ch, SPDK_BDEV_IO_TYPE_WRITE_ZEROES, offset_blocks, num_blocks,
	                   &io);
	if (rc != 0) {
		return rc;
	}
	if (!native) {
		io->internal.special |= BDEV_IO_ZEROES;
	}
	range_submit(io, cb, cb_arg);
	return 0;
}

int
spdk_bdev_flush(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, uint64_t offset,
                uint64_t length, spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	if (!bdev_to_blocks(desc->bdev, &offset, &length)) {
		return -EINVAL;
	}
	return spdk_bdev_flush_blocks(desc, ch, offset, length, cb, cb_arg);
}

int
spdk_bdev_unmap(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, uint64_t offset,
                uint64_t nbytes, spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	if (!bdev_to_blocks(desc->bdev, &offset, &nbytes)) {
		return -EINVAL;
	}
	return spdk_bdev_unmap_blocks(desc, ch, offset, nbytes, cb, cb_arg);
}

int
spdk_bdev_write_zeroes(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch, uint64_t offset,
                       uint64_t len, spdk_bdev_io_completion_cb cb, void *cb_arg)
{
	if (!bdev_to_blocks(desc->bdev, &offset, &len)) {
		return -EINVAL;
	}
	return spdk_bdev_write_zeroes_blocks(desc, ch, offset, len, cb, cb_arg);
}
