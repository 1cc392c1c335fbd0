/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The passthru bdev: I/O goes to the base, unchanged, and its status comes back.
 *
 * An entry (struct passthru) lives from create to delete; its bdev exists while there is a base:
 *
 *	WAITING --base registered (examine)--> BUILT --base removed, or delete--> CLOSING
 *	        <------------------------------------------------------------------ (or freed)
 *
 * All of it belongs to the app thread; I/O runs on any thread, on a channel that holds the base's.
 * The bdev is gone before the base is closed, and no channel is left then: teardown can't meet I/O.
 */

#include "passthru.h"
#include "spdk/json.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk_internal/bdev.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/system_state.h"
#include "spdk_internal/thread.h"

enum passthru_state {
	PASSTHRU_WAITING, /* no base of that name yet */
	PASSTHRU_BUILT,   /* the bdev is registered */
	PASSTHRU_CLOSING, /* destruct() has begun */
};

struct passthru {
	struct spdk_bdev bdev;
	enum passthru_state state;
	bool displaced; /* could not be built on its base when that came */
	bool forgotten; /* deleted: freed when closed, and then told to deleted_cb */
	spdk_bdev_unregister_cb deleted_cb;
	void *deleted_arg;
	char *name;
	char *base_name;
	struct spdk_uuid uuid; /* as given; null: none */
	struct spdk_bdev_desc *base_desc;
	struct spdk_bdev *base;
	TAILQ_ENTRY(passthru) link;
};

struct passthru_channel {
	struct spdk_io_channel *base_ch;
};

struct passthru_io {
	struct spdk_bdev_io_wait_entry wait;
	struct spdk_io_channel *ch;
};

static struct {
	TAILQ_HEAD(, passthru) all;
} g_passthru SYSTEM_STATE = { .all = TAILQ_HEAD_INITIALIZER(g_passthru.all) };

/* ---- I/O ---- */

static void passthru_submit_request(struct spdk_io_channel *ch, struct spdk_bdev_io *io);

/* The base's I/O is given back first, so that who submits from our caller's call-back finds it. */
static void
passthru_io_done(struct spdk_bdev_io *base_io, bool success, void *cb_arg)
{
	struct spdk_bdev_io *io = cb_arg;
	enum spdk_bdev_io_status status = spdk_bdev_io_set_base_io_status(io, base_io);

	spdk_bdev_free_io(base_io);
	spdk_bdev_io_complete(io, status);
}

static int
passthru_rw(struct passthru *pt, struct spdk_io_channel *ch, struct spdk_bdev_io *io, bool read)
{
	struct spdk_bdev_ext_io_opts opts = { .size = sizeof(opts) };

	opts.memory_domain = io->u.bdev.memory_domain;
	opts.memory_domain_ctx = io->u.bdev.memory_domain_ctx;
	opts.metadata = io->u.bdev.md_buf;
	opts.dif_check_flags_exclude_mask = ~io->u.bdev.dif_check_flags;
	opts.nvme_cdw12 = io->u.bdev.nvme_cdw12;
	opts.nvme_cdw13 = io->u.bdev.nvme_cdw13;
	return (read ? spdk_bdev_readv_blocks_ext : spdk_bdev_writev_blocks_ext)(
	        pt->base_desc, ch, io->u.bdev.iovs, io->u.bdev.iovcnt, io->u.bdev.offset_blocks,
	        io->u.bdev.num_blocks, passthru_io_done, io, &opts);
}

static int
passthru_forward(struct passthru *pt, struct spdk_io_channel *ch, struct spdk_bdev_io *io)
{
	uint64_t offset = io->u.bdev.offset_blocks, count = io->u.bdev.num_blocks;

	switch (io->type) {
	case SPDK_BDEV_IO_TYPE_READ:
		return passthru_rw(pt, ch, io, true);
	case SPDK_BDEV_IO_TYPE_WRITE:
		return passthru_rw(pt, ch, io, false);
	case SPDK_BDEV_IO_TYPE_UNMAP:
		return spdk_bdev_unmap_blocks(pt->base_desc, ch, offset, count, passthru_io_done,
		                              io);
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
		return spdk_bdev_write_zeroes_blocks(pt->base_desc, ch, offset, count,
		                                     passthru_io_done, io);
	case SPDK_BDEV_IO_TYPE_FLUSH:
		return spdk_bdev_flush_blocks(pt->base_desc, ch, offset, count, passthru_io_done,
		                              io);
	case SPDK_BDEV_IO_TYPE_RESET:
		return spdk_bdev_reset(pt->base_desc, ch, passthru_io_done, io);
	case SPDK_BDEV_IO_TYPE_ABORT:
		return spdk_bdev_abort(pt->base_desc, ch, io->u.abort.bio_to_abort,
		                       passthru_io_done, io);
	default:
		return -ENOTSUP;
	}
}

static void
passthru_resubmit(void *arg)
{
	struct spdk_bdev_io *io = arg;

	passthru_submit_request(((struct passthru_io *)io->driver_ctx)->ch, io);
}

static void
passthru_wait(struct spdk_io_channel *ch, struct spdk_bdev_io *io)
{
	struct passthru_channel *pc = spdk_io_channel_get_ctx(ch);
	struct passthru_io *ctx = (struct passthru_io *)io->driver_ctx;
	struct passthru *pt = io->bdev->ctxt;

	ctx->ch = ch;
	ctx->wait.bdev = pt->base;
	ctx->wait.cb_fn = passthru_resubmit;
	ctx->wait.cb_arg = io;
	ctx->wait.dep_unblock = false;
	if (spdk_bdev_queue_io_wait(pt->base, pc->base_ch, &ctx->wait) != 0) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
	}
}

static void
passthru_send(struct spdk_io_channel *ch, struct spdk_bdev_io *io)
{
	struct passthru_channel *pc = spdk_io_channel_get_ctx(ch);
	struct passthru *pt = io->bdev->ctxt;
	int rc = passthru_forward(pt, pc->base_ch, io);

	if (spdk_likely(rc == 0)) {
		return;
	}
	if (rc == -ENOMEM) {
		passthru_wait(ch, io);
	} else {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
	}
}

static void
passthru_have_buf(struct spdk_io_channel *ch, struct spdk_bdev_io *io, bool success)
{
	if (success) {
		passthru_send(ch, io);
	} else {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
	}
}

static void
passthru_submit_request(struct spdk_io_channel *ch, struct spdk_bdev_io *io)
{
	if (io->type == SPDK_BDEV_IO_TYPE_READ && io->u.bdev.iovs[0].iov_base == NULL) {
		/* Our caller looks for the data in this I/O, not in the base's. */
		spdk_bdev_io_get_buf(io, passthru_have_buf,
		                     io->u.bdev.num_blocks * io->bdev->blocklen);
	} else {
		passthru_send(ch, io);
	}
}

static bool
passthru_io_type_supported(void *ctx, enum spdk_bdev_io_type type)
{
	struct passthru *pt = ctx;

	switch (type) {
	case SPDK_BDEV_IO_TYPE_READ:
	case SPDK_BDEV_IO_TYPE_WRITE:
	case SPDK_BDEV_IO_TYPE_UNMAP:
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
	case SPDK_BDEV_IO_TYPE_FLUSH:
	case SPDK_BDEV_IO_TYPE_RESET:
	case SPDK_BDEV_IO_TYPE_ABORT:
		return spdk_bdev_io_type_supported(pt->base, type);
	default:
		return false;
	}
}

/* ---- Channels ---- */

static int
passthru_channel_create(void *io_device, void *ctx)
{
	struct passthru_channel *pc = ctx;
	struct passthru *pt = io_device;

	pc->base_ch = spdk_bdev_get_io_channel(pt->base_desc);
	return pc->base_ch == NULL ? -ENOMEM : 0;
}

static void
passthru_channel_destroy(void *io_device, void *ctx)
{
	struct passthru_channel *pc = ctx;

	spdk_put_io_channel(pc->base_ch);
}

static struct spdk_io_channel *
passthru_get_io_channel(void *ctx)
{
	return spdk_get_io_channel(ctx);
}

static int
passthru_get_memory_domains(void *ctx, struct spdk_memory_domain **domains, int array_size)
{
	struct passthru *pt = ctx;

	return spdk_bdev_get_memory_domains(pt->base, domains, array_size);
}

/* ---- Description ---- */

static int
passthru_dump_info_json(void *ctx, struct spdk_json_write_ctx *w)
{
	struct passthru *pt = ctx;

	spdk_json_write_named_object_begin(w, "passthru");
	spdk_json_write_named_string(w, "name", pt->name);
	spdk_json_write_named_string(w, "base_bdev_name", pt->base_name);
	spdk_json_write_object_end(w);
	return 0;
}

static void
write_create(struct spdk_json_write_ctx *w, const struct passthru *pt, const struct spdk_uuid *uuid)
{
	rpc_write_entry_begin(w, "bdev_passthru_create");
	spdk_json_write_named_string(w, "base_bdev_name", pt->base_name);
	spdk_json_write_named_string(w, "name", pt->name);
	if (!spdk_uuid_is_null(uuid)) {
		spdk_json_write_named_uuid(w, "uuid", uuid);
	}
	rpc_write_entry_end(w);
}

/** Whether another has its name or its base, or had them when the base came: the log said so. In a
 * saved configuration it would come first, and take the base from the one that has it now. */
static bool
is_displaced(const struct passthru *pt)
{
	const struct spdk_bdev *base = spdk_bdev_get_by_name(pt->base_name);

	return pt->state == PASSTHRU_WAITING &&
	       (spdk_bdev_get_by_name(pt->name) != NULL ||
	        (base != NULL &&
	         (pt->displaced || base->internal.claim_type != SPDK_BDEV_CLAIM_NONE)));
}

/* Those without a bdev. */
static int
passthru_config_json(struct spdk_json_write_ctx *w)
{
	struct passthru *pt;

	TAILQ_FOREACH(pt, &g_passthru.all, link) {
		if (pt->state != PASSTHRU_BUILT && !pt->forgotten && !is_displaced(pt)) {
			write_create(w, pt, &pt->uuid);
		}
	}
	return 0;
}

/* In the order of the bdevs, so that its base is there when it is made again: without
 * bdev_auto_examine it would wait for ever. */
static void
passthru_write_config_json(struct spdk_bdev *bdev, struct spdk_json_write_ctx *w)
{
	const struct passthru *pt = bdev->ctxt;

	if (!pt->forgotten) {
		write_create(w, pt, &bdev->uuid);
	}
}

/* ---- Life ---- */

static void
entry_free(struct passthru *pt)
{
	free(pt->name);
	free(pt->base_name);
	free(pt);
}

static void
entry_unlink(struct passthru *pt)
{
	TAILQ_REMOVE(&g_passthru.all, pt, link);
	entry_free(pt);
}

/** Close what build() opened. */
static void
base_close(struct passthru *pt)
{
	spdk_bdev_module_release_bdev(pt->base);
	spdk_bdev_close(pt->base_desc);
	pt->base_desc = NULL;
	pt->base = NULL;
	pt->state = PASSTHRU_WAITING;
}

/** The last channel is gone: nothing uses the base any more. */
static void
passthru_channels_gone(void *io_device)
{
	struct passthru *pt = io_device;

	base_close(pt);
	spdk_bdev_destruct_done(&pt->bdev, 0);
	if (pt->forgotten) {
		pt->deleted_cb(pt->deleted_arg, 0);
		entry_unlink(pt);
	}
}

static void
passthru_close(void *arg)
{
	spdk_io_device_unregister(arg, passthru_channels_gone);
}

/* The base was opened on the app thread and is closed there. */
static int
passthru_destruct(void *ctx)
{
	struct passthru *pt = ctx;

	pt->state = PASSTHRU_CLOSING;
	spdk_thread_exec_msg(spdk_thread_get_app_thread(), passthru_close, pt);
	return 1;
}

static const struct spdk_bdev_fn_table g_passthru_fn_table = {
	.destruct = passthru_destruct,
	.submit_request = passthru_submit_request,
	.io_type_supported = passthru_io_type_supported,
	.get_io_channel = passthru_get_io_channel,
	.dump_info_json = passthru_dump_info_json,
	.write_config_json = passthru_write_config_json,
	.get_memory_domains = passthru_get_memory_domains,
};

static void
base_event(enum spdk_bdev_event_type type, struct spdk_bdev *base, void *ctx)
{
	struct passthru *pt = ctx;

	switch (type) {
	case SPDK_BDEV_EVENT_REMOVE:
		if (pt->state == PASSTHRU_BUILT) {
			spdk_bdev_unregister(&pt->bdev, NULL, NULL);
		}
		break;
	case SPDK_BDEV_EVENT_RESIZE:
		if (pt->state == PASSTHRU_BUILT &&
		    spdk_bdev_notify_blockcnt_change(&pt->bdev, base->blockcnt) != 0) {
			SPDK_ERRLOG("bdev %s is in use and can't shrink with its base %s\n",
			            pt->name, base->name);
		}
		break;
	default:
		break;
	}
}

/** Fill the bdev after its base. */
static void
bdev_fill(struct passthru *pt)
{
	static const struct spdk_uuid namespace = { .u.raw = { 0x3e, 0x19, 0x7a, 0x11, 0x0c, 0x9f,
		                                               0x4d, 0x21, 0x9a, 0x5d, 0x63, 0x0e,
		                                               0xd4, 0x58, 0xb7, 0x02 } };
	const struct spdk_bdev *base = pt->base;
	struct bdev_traits traits;

	memset(&pt->bdev, 0, sizeof(pt->bdev));
	pt->bdev.name = pt->name;
	pt->bdev.product_name = (char *)"passthru";
	pt->bdev.uuid = pt->uuid;
	if (spdk_uuid_is_null(&pt->uuid)) {
		/* The same for the same base after each start. */
		spdk_uuid_generate_sha1(&pt->bdev.uuid, (struct spdk_uuid *)&namespace,
		                        (const char *)&base->uuid, sizeof(base->uuid));
	}
	pt->bdev.write_cache = base->write_cache;
	pt->bdev.required_alignment = base->required_alignment;
	pt->bdev.optimal_io_boundary = base->optimal_io_boundary;
	pt->bdev.blocklen = base->blocklen;
	pt->bdev.phys_blocklen = base->phys_blocklen;
	pt->bdev.blockcnt = base->blockcnt;
	pt->bdev.md_len = base->md_len;
	pt->bdev.md_interleave = base->md_interleave;
	pt->bdev.dif_type = base->dif_type;
	pt->bdev.dif_is_head_of_md = base->dif_is_head_of_md;
	pt->bdev.dif_check_flags = base->dif_check_flags;
	pt->bdev.dif_pi_format = base->dif_pi_format;
	pt->bdev.memory_domains_supported = base->memory_domains_supported;
	pt->bdev.numa = base->numa;
	pt->bdev.ctxt = pt;
	pt->bdev.fn_table = &g_passthru_fn_table;
	pt->bdev.module = &g_passthru_module;
	bdev_get_traits(base, &traits);
	/* The layer makes FUA true on the base, by a flush if it must. */
	traits.fua = traits.fua || !traits.volatile_cache ||
	             spdk_bdev_io_type_supported(pt->base, SPDK_BDEV_IO_TYPE_FLUSH);
	bdev_set_traits(&pt->bdev, &traits);
}

/** Open and claim the base and register the bdev. -ENODEV when there is no base. */
static int
build(struct passthru *pt)
{
	int rc;

	rc = spdk_bdev_open_ext(pt->base_name, true, base_event, pt, &pt->base_desc);
	if (rc != 0) {
		return rc;
	}
	pt->base = spdk_bdev_desc_get_bdev(pt->base_desc);
	rc = spdk_bdev_module_claim_bdev(pt->base, pt->base_desc, &g_passthru_module);
	if (rc != 0) {
		spdk_bdev_close(pt->base_desc);
		pt->base_desc = NULL;
		pt->base = NULL;
		return rc;
	}
	bdev_fill(pt);
	rc = thread_io_device_register(pt, passthru_channel_create, passthru_channel_destroy,
	                               sizeof(struct passthru_channel), pt->name);
	if (rc != 0) {
		base_close(pt);
		return rc;
	}
	pt->state = PASSTHRU_BUILT;
	rc = spdk_bdev_register(&pt->bdev);
	if (rc != 0) {
		spdk_io_device_unregister(pt, NULL);
		base_close(pt);
	}
	return rc;
}

static void
passthru_examine(struct spdk_bdev *bdev)
{
	struct passthru *pt;
	int rc;

	TAILQ_FOREACH(pt, &g_passthru.all, link) {
		if (pt->state == PASSTHRU_WAITING && strcmp(pt->base_name, bdev->name) == 0) {
			rc = build(pt);
			pt->displaced = rc == -EEXIST || rc == -EPERM;
			if (rc != 0) {
				SPDK_ERRLOG("bdev %s: not built on %s: %s\n", pt->name, bdev->name,
				            spdk_strerror(-rc));
			}
		}
	}
	spdk_bdev_module_examine_done(&g_passthru_module);
}

static struct passthru *
entry_find(const char *name)
{
	struct passthru *pt;

	TAILQ_FOREACH(pt, &g_passthru.all, link) {
		if (!pt->forgotten && strcmp(pt->name, name) == 0) {
			break;
		}
	}
	return pt;
}

/** Whether one waits for a base that can have one only. */
static bool
is_awaited(const char *base_name)
{
	const struct passthru *pt;

	TAILQ_FOREACH(pt, &g_passthru.all, link) {
		if (!pt->forgotten && pt->state == PASSTHRU_WAITING &&
		    strcmp(pt->base_name, base_name) == 0) {
			return true;
		}
	}
	return false;
}

int
passthru_create(const char *name, const char *base_name, const struct spdk_uuid *uuid)
{
	struct passthru *pt;
	int rc;

	if (entry_find(name) != NULL || spdk_bdev_get_by_name(name) != NULL) {
		return -EEXIST;
	}
	if (is_awaited(base_name)) {
		return -EPERM;
	}
	pt = calloc(1, sizeof(*pt));
	if (pt == NULL) {
		return -ENOMEM;
	}
	pt->name = strdup(name);
	pt->base_name = strdup(base_name);
	if (pt->name == NULL || pt->base_name == NULL) {
		entry_free(pt);
		return -ENOMEM;
	}
	pt->uuid = *uuid;
	TAILQ_INSERT_TAIL(&g_passthru.all, pt, link);
	rc = build(pt);
	if (rc == -ENODEV) {
		SPDK_NOTICELOG("bdev %s waits for its base %s\n", name, base_name);
		return 0;
	}
	if (rc != 0) {
		entry_unlink(pt);
	}
	return rc;
}

int
passthru_delete(const char *name, spdk_bdev_unregister_cb cb_fn, void *cb_arg)
{
	struct passthru *pt = entry_find(name);

	if (pt == NULL) {
		return -ENODEV;
	}
	if (pt->state == PASSTHRU_WAITING) {
		entry_unlink(pt);
		cb_fn(cb_arg, 0);
		return 0;
	}
	pt->forgotten = true;
	pt->deleted_cb = cb_fn;
	pt->deleted_arg = cb_arg;
	/* Refused when its base is going and took it along: it ends in passthru_channels_gone() as
	 * well. */
	spdk_bdev_unregister(&pt->bdev, NULL, NULL);
	return 0;
}

/* ---- Module ---- */

static int
passthru_init(void)
{
	return 0;
}

static int
passthru_get_ctx_size(void)
{
	return sizeof(struct passthru_io);
}

/* All bdevs are gone by now; what is left are entries without one. */
static void
passthru_fini(void)
{
	struct passthru *pt;

	while ((pt = TAILQ_FIRST(&g_passthru.all)) != NULL) {
		assert(pt->state == PASSTHRU_WAITING);
		entry_unlink(pt);
	}
}

struct spdk_bdev_module g_passthru_module SYSTEM_STATE = {
	.name = "passthru",
	.module_init = passthru_init,
	.module_fini = passthru_fini,
	.config_json = passthru_config_json,
	.get_ctx_size = passthru_get_ctx_size,
	.examine_config = passthru_examine,
};
