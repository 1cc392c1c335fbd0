/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The file behind a bdev: open it, with O_DIRECT where the file system takes it at the bdev's block
 * size, and find out its sizes and what fallocate() can do. App thread.
 */

#include "file_internal.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"

#include <linux/fs.h>

#define DEFAULT_FILE_BLOCK 4096u
#define BLOCK_MAX 65536u

static int __attribute__((format(printf, 3, 4)))
fail(char why[BDEV_FILE_WHY_MAX], int rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, BDEV_FILE_WHY_MAX, fmt, ap);
	va_end(ap);
	return rc;
}

static int
open_error(const struct bdev_file_opts *opts, int err, char why[BDEV_FILE_WHY_MAX])
{
	const char *filename = opts->filename;

	switch (err) {
	case ENOENT:
		return fail(why, -err, "%s does not exist: make the file first, of the size wanted",
		            filename);
	case EACCES:
	case EPERM:
	case EROFS:
		return fail(why, -err,
		            "%s is not %s for this user (%s): change its rights, or run as a user "
		            "who may %s it",
		            filename, opts->readonly ? "readable" : "writable", spdk_strerror(err),
		            opts->readonly ? "read" : "write");
	case EISDIR:
		return fail(why, -err, "%s is a directory: name a file in it", filename);
	default:
		return fail(why, -err, "%s can't be opened: %s", filename, spdk_strerror(err));
	}
}

int
bdev_file_size(const struct bdev_file *file, uint64_t *size_bytes)
{
	struct stat st;

	if (file->is_blk) {
		return ioctl(file->fd, BLKGETSIZE64, size_bytes) == 0 ? 0 : -errno;
	}
	if (fstat(file->fd, &st) != 0) {
		return -errno;
	}
	*size_bytes = (uint64_t)st.st_size;
	return 0;
}

static int
choose_block_size(const struct bdev_file_opts *opts, struct bdev_file *file,
                  char why[BDEV_FILE_WHY_MAX])
{
	uint32_t least = 512;
	int sector;

	if (!file->is_blk && opts->block_size == 0 && file->kind->block_size_required) {
		return fail(why, -EINVAL,
		            "%s is a file, which has no block size of its own: name one in "
		            "block_size, 4096 or 512",
		            opts->filename);
	}
	if (file->is_blk) {
		if (ioctl(file->fd, BLKSSZGET, &sector) != 0) {
			return fail(why, -errno, "%s does not tell its sector size: %s",
			            opts->filename, spdk_strerror(errno));
		}
		least = (uint32_t)sector;
	}
	file->block_size = opts->block_size;
	file->block_size_given = opts->block_size != 0;
	if (opts->block_size == 0) {
		file->block_size = file->is_blk                            ? least
		                   : file->size_bytes % DEFAULT_FILE_BLOCK ? 512
		                                                           : DEFAULT_FILE_BLOCK;
	}
	if (file->block_size < least || file->block_size > BLOCK_MAX ||
	    !spdk_u32_is_pow2(file->block_size)) {
		return fail(why, -EINVAL,
		            "block_size %u does not suit %s: choose a power of two from %u to %u",
		            file->block_size, opts->filename, least, BLOCK_MAX);
	}
	return 0;
}

static int
check_size(const struct bdev_file_opts *opts, const struct bdev_file *file,
           char why[BDEV_FILE_WHY_MAX])
{
	if (file->size_bytes < file->block_size) {
		return fail(why, -EINVAL,
		            "%s is too small: it has %" PRIu64
		            " bytes, a block takes %u; make the file larger",
		            opts->filename, file->size_bytes, file->block_size);
	}
	if (file->size_bytes % file->block_size != 0) {
		return fail(why, -EINVAL,
		            "%s has an odd size: %" PRIu64
		            " bytes are not whole blocks of %u; change its size, or block_size",
		            opts->filename, file->size_bytes, file->block_size);
	}
	return 0;
}

/** Whether the file takes transfers of one block at odd block numbers past the page cache: 1, 0 or
 *  -ENOMEM. */
static int
direct_works(int fd, uint32_t block_size, uint64_t size_bytes)
{
	uint64_t offset = size_bytes >= 2ull * block_size ? block_size : 0;
	ssize_t n;
	void *buf;

	if (posix_memalign(&buf, 4096, block_size) != 0) {
		return -ENOMEM;
	}
	n = pread(fd, buf, block_size, (off_t)offset);
	free(buf);
	return n == (ssize_t)block_size;
}

/** Go on without the page cache when that works; the fd stays the same file. */
static int
try_direct(struct bdev_file *file, char why[BDEV_FILE_WHY_MAX])
{
	int works, flags = fcntl(file->fd, F_GETFL);

	if (flags < 0 || fcntl(file->fd, F_SETFL, flags | O_DIRECT) != 0) {
		return 0;
	}
	works = direct_works(file->fd, file->block_size, file->size_bytes);
	if (works < 0) {
		return fail(why, works, "no memory to try what the file can do");
	}
	if (works) {
		file->direct = true;
		file->align_log2 = 12;
	} else {
		fcntl(file->fd, F_SETFL, flags);
	}
	return 0;
}

/** A hole behind the end changes nothing, and tells whether holes can be made. A block device
 *  answers for itself at each unmap. */
static void
probe_punch(const struct bdev_file_opts *opts, struct bdev_file *file)
{
	if (!opts->fallocate || opts->readonly) {
		return;
	}
	file->punch = file->is_blk || fallocate(file->fd, BDEV_FILE_HOLE, (off_t)file->size_bytes,
	                                        file->block_size) == 0;
}

/** The file's place and birth: what stays the same from start to start. */
static void
find_identity(struct bdev_file *file)
{
	static const struct spdk_uuid namespace = { .u.raw = { 0x7c, 0x5a, 0x0f, 0x38, 0x52, 0x11,
		                                               0x4b, 0x6c, 0x8e, 0x07, 0x1b, 0xc4,
		                                               0x90, 0x2d, 0xe3, 0x55 } };
	struct statx stx;
	char text[128];

	if (file->is_blk ||
	    statx(file->fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &stx) != 0 ||
	    !(stx.stx_mask & STATX_BTIME)) {
		return;
	}
	snprintf(text, sizeof(text), "%" PRIu64 ":%" PRId64 ".%09u", (uint64_t)stx.stx_ino,
	         (int64_t)stx.stx_btime.tv_sec, stx.stx_btime.tv_nsec);
	spdk_uuid_generate_sha1(&file->identity, (struct spdk_uuid *)&namespace, text,
	                        strlen(text));
}

/** What the descriptor stands for. */
static int
identify(const struct bdev_file_opts *opts, struct bdev_file *file, char why[BDEV_FILE_WHY_MAX])
{
	struct stat st;
	int rc = fstat(file->fd, &st) == 0 ? 0 : -errno;

	if (rc == 0 && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		return fail(why, -ENOTBLK,
		            "%s is neither a file nor a block device: name one of these",
		            opts->filename);
	}
	if (rc == 0) {
		file->is_blk = S_ISBLK(st.st_mode);
		file->dev = file->is_blk ? st.st_rdev : st.st_dev;
		file->ino = file->is_blk ? 0 : st.st_ino;
		rc = bdev_file_size(file, &file->size_bytes);
	}
	if (rc != 0) {
		fail(why, rc, "%s does not tell its size: %s", opts->filename, spdk_strerror(-rc));
	}
	return rc;
}

int
bdev_file_probe(const struct bdev_file_opts *opts, struct bdev_file *file,
                char why[BDEV_FILE_WHY_MAX])
{
	int rc, mode = opts->readonly ? O_RDONLY : O_RDWR;

	/* O_NONBLOCK: a FIFO is opened in order to be refused, not to wait for its writer. It goes
	 * at once: io_uring would give up where it has to wait. */
	file->readonly = opts->readonly;
	file->fallocate = opts->fallocate;
	file->fd = open(opts->filename, mode | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0 || fcntl(file->fd, F_SETFL, mode) != 0) {
		return open_error(opts, errno, why);
	}
	rc = identify(opts, file, why);
	if (rc == 0) {
		rc = choose_block_size(opts, file, why);
	}
	if (rc == 0) {
		rc = check_size(opts, file, why);
	}
	if (rc == 0) {
		rc = try_direct(file, why);
	}
	if (rc == 0) {
		probe_punch(opts, file);
		find_identity(file);
	}
	return rc;
}
