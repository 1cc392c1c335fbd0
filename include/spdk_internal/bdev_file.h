/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Bdevs on a file or block device, whatever moves their data: what module/bdev/aio and
 * module/bdev/uring have in common. The file is opened and judged (lib/bdev/file_open.c), no two
 * bdevs have one (file.c), FLUSH is fdatasync() and what comes back short or failed is dealt with
 * in one way (file_io.c). A module moves bytes, and has a struct bdev_file_kind.
 */

#ifndef SPDK_INTERNAL_BDEV_FILE_H
#define SPDK_INTERNAL_BDEV_FILE_H

#include "spdk/bdev_module.h"
#include "spdk/likely.h"
#include "spdk/uuid.h"
#include "spdk_internal/env.h"

#include <stdatomic.h>

/** Room for a reason and a remedy in words. */
#define BDEV_FILE_WHY_MAX 512
/** fallocate() mode of a hole that keeps the size. */
#define BDEV_FILE_HOLE (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
/** Most bytes and buffers of one read or write; the rest follows as after any short count. */
#define BDEV_FILE_RW_BYTES_MAX (1u << 30)
#define BDEV_FILE_RW_IOVS_MAX 1024

/** What a bdev on a file is made of; the strings stay the caller's. */
struct bdev_file_opts {
	const char *name;
	const char *filename;
	uint32_t block_size;   /* 0: what suits the file */
	struct spdk_uuid uuid; /* null: made from the file's identity */
	bool readonly;
	bool fallocate; /* UNMAP and WRITE_ZEROES, where the file can */
};

struct bdev_file;

/** A module's share in its bdevs; constant. */
struct bdev_file_kind {
	size_t size_bytes; /* of the struct that begins with a struct bdev_file */
	/** Also the io_device whose channels are the groups of struct bdev_file_channel. */
	struct spdk_bdev_module *module;
	const char *product_name;
	const char *rescan; /* the method that takes over a new size */
	const struct spdk_bdev_fn_table *fn_table;
	/** A regular file has no block size of its own: it must be named. */
	bool block_size_required;
	/** Send a read or write of \p iovs, \p done bytes behind the begin of \p io; false when the
	 *  group is full. */
	bool (*rw)(struct spdk_bdev_io *io, const struct iovec *iovs, int iovcnt, uint64_t done);
	/** Send an fallocate() over the range of \p io; false when the group is full. */
	bool (*fallocate)(struct spdk_bdev_io *io, int mode);
};

STAILQ_HEAD(bdev_file_flushes, bdev_file_io);

struct bdev_file {
	struct spdk_bdev bdev; /* its ctxt is this struct */
	const struct bdev_file_kind *kind;
	LIST_ENTRY(bdev_file) link; /* app thread */
	char *filename;
	/* Set once, before the bdev is registered, but for size_bytes. */
	int fd;
	bool is_blk;
	bool readonly;
	bool direct;           /* O_DIRECT: no page cache */
	bool fallocate;        /* wanted by the user */
	bool punch;            /* wanted, and fallocate() can punch holes */
	bool block_size_given; /* by the user */
	uint8_t align_log2;    /* of buffers */
	uint32_t block_size;
	dev_t dev; /* the device itself, or where the file is */
	ino_t ino; /* 0 for a device */
	uint64_t size_bytes;
	struct spdk_uuid identity; /* the same for the same file after each start; null: unknown */
	/* fdatasync() of the file, one at a time; file_io.c says why. */
	struct {
		pthread_mutex_t lock;             /* short: never held over a system call */
		struct bdev_file_flushes waiting; /* for the next one; under lock */
		bool running;                     /* the work is with the helpers; under lock */
		struct bdev_file_flushes now;     /* what the running one is for; the work's */
		int result;                       /* the work's */
		struct env_work work;
	} sync;
	/* Set once, by the work; relaxed: it only has to be seen some day, by I/O that begins
	 * after the failed flush was answered, which the answer's message orders. */
	_Atomic bool flush_failed;
	/* fallocate() mode that writes zeros; only ever goes from ZERO_RANGE to PUNCH_HOLE;
	 * relaxed: either value is right. */
	_Atomic int zero_mode;
};

/** What a thread has of such a bdev: the module's group, which all its bdevs share. */
struct bdev_file_channel {
	void *group;
	struct spdk_io_channel *group_ch;
};

/** Begins the driver context of an I/O. */
struct bdev_file_io {
	void *group;
	uint64_t len_bytes;  /* all of it; 0 for fallocate */
	uint64_t done_bytes; /* of len_bytes, before what is on its way now */
	int mode;            /* of fallocate */
	/* Of a FLUSH, and for modules that use helper threads. */
	int result;
	struct spdk_thread *thread;
	STAILQ_ENTRY(bdev_file_io) flush_link;
};

/* ---- Life; app thread ---- */

/**
 * Open the file that \p opts name and make a bdev for it, not yet registered.
 * \param file to be given to bdev_file_register() or bdev_file_free().
 * \return 0, or a negative errno and the reason in words in \p why: -EBUSY another bdev has the
 * file, -EINVAL sizes, -ENOTBLK neither file nor device, -ENOMEM, errnos of open(2).
 */
int bdev_file_open(const struct bdev_file_kind *kind, const struct bdev_file_opts *opts,
                   struct bdev_file **file, char why[BDEV_FILE_WHY_MAX]);

/** Register the bdev. After an error (-EEXIST, -ENOMEM; \p why) \p file is gone. */
int bdev_file_register(struct bdev_file *file, char why[BDEV_FILE_WHY_MAX]);

/** Give back what bdev_file_open() made. */
void bdev_file_free(struct bdev_file *file);

/** Take over a new size of the file of the bdev \p name. 0, -ENODEV when it is not one of \p kind,
 *  or another negative errno; \p why. */
int
bdev_file_rescan(const struct bdev_file_kind *kind, const char *name, char why[BDEV_FILE_WHY_MAX]);

/** For the fn_table; \p ctx is the struct bdev_file. */
int bdev_file_destruct(void *ctx);
bool bdev_file_io_type_supported(void *ctx, enum spdk_bdev_io_type type);
struct spdk_io_channel *bdev_file_get_io_channel(void *ctx);

/* ---- I/O; on the channel's thread ---- */

static inline struct bdev_file *
bdev_file_of(const struct spdk_bdev_io *io)
{
	return SPDK_CONTAINEROF(io->bdev, struct bdev_file, bdev);
}

static inline struct bdev_file_io *
bdev_file_io_of(struct spdk_bdev_io *io)
{
	return (struct bdev_file_io *)io->driver_ctx;
}

/** After a failed FLUSH: writes and flushes are refused. */
static inline bool
bdev_file_has_failed(const struct bdev_file *file)
{
	return atomic_load_explicit(&file->flush_failed, memory_order_relaxed);
}

/** fallocate() mode of a WRITE_ZEROES. */
static inline int
bdev_file_zero_mode(const struct bdev_file *file)
{
	return atomic_load_explicit(&file->zero_mode, memory_order_relaxed);
}

/** Go on with an I/O that is not whole: \p res bytes or a negative errno came back. It is sent
 *  again in part, or completed. */
void bdev_file_io_special(struct spdk_bdev_io *io, int64_t res);

/** The kernel is done with what kind->rw() or kind->fallocate() sent: bytes or a negative errno. */
static inline void
bdev_file_io_done(struct spdk_bdev_io *io, int64_t res)
{
	struct bdev_file_io *ctx = bdev_file_io_of(io);

	if (spdk_likely(res >= 0 && ctx->done_bytes + (uint64_t)res == ctx->len_bytes)) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
	} else {
		bdev_file_io_special(io, res);
	}
}

/** Answer a FLUSH after an fdatasync() that began after this call. */
void bdev_file_flush(struct spdk_bdev_io *io);

#endif /* SPDK_INTERNAL_BDEV_FILE_H */
