/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The life of a bdev in the registry.
 *
 *	(none) --register--> READY --unregister--> UNREGISTERING (queued I/O is failed)
 *	       --> REMOVING (no name any more; owners are asked to close) --last close-->
 *	       off the list --> io_device gone (last channel put) --> destruct() --> unregister_cb
 *
 * Registration and the steps of removal run on the app thread or the one that unregisters; the last
 * close, on any thread, only sends it a message. Safe because: from REMOVING on no name leads to
 * the bdev; after the last close nobody has it open; the io_device ends after its last channel; so
 * nothing can reach it when destruct() frees it.
 */

#include "bdev_internal.h"
#include "spdk/notify.h"
#include "spdk/uuid.h"
#include "spdk_internal/system_state.h"

struct bdev_globals g_bdev SYSTEM_STATE = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.bdevs = TAILQ_HEAD_INITIALIZER(g_bdev.bdevs),
	.names = RB_INITIALIZER(&g_bdev.names),
	.modules = TAILQ_HEAD_INITIALIZER(g_bdev.modules),
	.opts = {
		.bdev_io_pool_size = 64 * 1024 - 1,
		.bdev_io_cache_size = 256,
		.bdev_auto_examine = true,
		.opts_size = sizeof(struct spdk_bdev_opts),
		.iobuf_small_cache_size = 128,
		.iobuf_large_cache_size = 16,
	},
};

/** Why \p bdev can't be registered, NULL when it can. */
static const char *
bad_bdev(const struct spdk_bdev *bdev)
{
	uint64_t segments = (uint64_t)bdev->max_segment_size * bdev_segments_max(bdev);

	if (bdev->name == NULL || bdev->name[0] == '\0') {
		return "it has no name";
	}
	if (bdev->module == NULL || bdev->fn_table == NULL || bdev->product_name == NULL) {
		return "its module, fn_table or product_name is missing";
	}
	if (bdev->blocklen == 0 || bdev->blockcnt > UINT64_MAX / bdev->blocklen) {
		return "its block size is 0 or its size in bytes exceeds 64 bits";
	}
	if (bdev->required_alignment > 12) {
		return "it asks for an alignment of more than 4096 bytes";
	}
	if (segments != 0 && segments < bdev->blocklen) {
		return "its segment limits don't allow one block";
	}
	if (bdev->module->get_ctx_size != NULL &&
	    (size_t)bdev->module->get_ctx_size() > bdev_pool_ctx_size()) {
		return "its module was added after the start with a larger context than any before";
	}
	return NULL;
}

static int
names_add_locked(struct spdk_bdev *bdev)
{
	char uuid[SPDK_UUID_STRING_LEN];
	int rc;

	rc = bdev_name_add_locked(&bdev->internal.bdev_name, bdev, bdev->name);
	if (rc != 0) {
		return rc;
	}
	spdk_uuid_fmt_lower(uuid, sizeof(uuid), &bdev->uuid);
	rc = bdev_alias_add_locked(bdev, uuid);
	if (rc != 0) {
		bdev_name_del_locked(&bdev->internal.bdev_name);
	}
	return rc;
}

static void
init_fields(struct spdk_bdev *bdev)
{
	TAILQ_INIT(&bdev->aliases);
	TAILQ_INIT(&bdev->internal.open_descs);
	TAILQ_INIT(&bdev->internal.queued_resets);
	TAILQ_INIT(&bdev->internal.served_resets);
	bdev->internal.reset_in_progress = NULL;
	bdev->internal.frozen = false;
	bdev->internal.claim_type = SPDK_BDEV_CLAIM_NONE;
	bdev->internal.claim.v1.module = NULL;
	bdev->internal.status = SPDK_BDEV_STATUS_INVALID;
	bdev->internal.unregister_cb = NULL;
	bdev->internal.channel_flags = bdev_limit_flags(bdev);
	bdev->internal.bdev_name.name = NULL;
	if (bdev->phys_blocklen == 0) {
		bdev->phys_blocklen = spdk_bdev_get_data_block_size(bdev);
	}
	if (bdev->acwu == 0) {
		bdev->acwu = 1;
	}
	if (bdev->write_unit_size == 0) {
		bdev->write_unit_size = 1;
	}
	if (spdk_uuid_is_null(&bdev->uuid)) {
		spdk_uuid_generate(&bdev->uuid);
	}
}

static bool
on_app_thread(void)
{
	return spdk_get_thread() != NULL && spdk_get_thread() == spdk_thread_get_app_thread();
}

/** Everything that can fail. The bdev is found by its names from now on, but can't be opened. */
static int
register_parts(struct spdk_bdev *bdev)
{
	int rc;

	rc = thread_io_device_register(bdev_to_io_device(bdev), bdev_channel_create,
	                               bdev_channel_destroy, sizeof(struct spdk_bdev_channel),
	                               bdev->name);
	if (rc != 0) {
		return rc;
	}
	init_fields(bdev);
	bdev->internal.stat = bdev_stat_alloc();
	rc = -ENOMEM;
	if (bdev->internal.stat != NULL) {
		bdev_lock();
		rc = names_add_locked(bdev);
		bdev_unlock();
	}
	if (rc != 0) {
		bdev_stat_free(bdev->internal.stat);
		bdev->internal.stat = NULL;
		spdk_io_device_unregister(bdev_to_io_device(bdev), NULL);
	}
	return rc;
}

int
spdk_bdev_register(struct spdk_bdev *bdev)
{
	const char *why = bad_bdev(bdev);
	struct spdk_bdev_desc *held = NULL;
	int rc;

	if (why != NULL || !on_app_thread()) {
		SPDK_ERRLOG("bdev %s not registered: %s\n", bdev->name ? bdev->name : "(none)",
		            why ? why : "the caller is not on the app thread");
		return -EINVAL;
	}
	rc = register_parts(bdev);
	if (rc != 0) {
		SPDK_ERRLOG("bdev %s not registered: %s\n", bdev->name,
		            rc == -EEXIST ? "a bdev of its name or uuid exists"
		                          : spdk_strerror(-rc));
		return rc;
	}
	bdev->internal.trace_id = spdk_trace_register_owner(OWNER_TYPE_BDEV, bdev->name);
	bdev_lock();
	bdev->internal.status = SPDK_BDEV_STATUS_READY;
	g_bdev.num_bdevs++;
	TAILQ_INSERT_TAIL(&g_bdev.bdevs, bdev, internal.link);
	bdev_unlock();
	spdk_notify_send("bdev_register", bdev->name);
	/* Held, so that a module that removes it while examining does not pull it away from us. */
	rc = bdev_hold(bdev, &held);
	if (rc == 0) {
		bdev_examine_registered(bdev);
		spdk_bdev_close(held);
	} else {
		SPDK_ERRLOG("bdev %s: no memory to have it examined\n", bdev->name);
	}
	return 0;
}

/* ---- Removal ---- */

static void
unregister_reply(spdk_bdev_unregister_cb cb_fn, void *cb_arg, int rc)
{
	if (cb_fn != NULL) {
		cb_fn(cb_arg, rc);
	}
}

static void
bdev_gone(spdk_bdev_unregister_cb cb_fn, void *cb_arg, int rc)
{
	unregister_reply(cb_fn, cb_arg, rc);
	bdev_lock();
	g_bdev.num_bdevs--;
	bdev_unlock();
	bdev_fini_go_on();
}

/** No channel is left. */
static void
bdev_destroy(void *io_device)
{
	struct spdk_bdev *bdev = bdev_from_io_device(io_device);
	spdk_bdev_unregister_cb cb_fn = bdev->internal.unregister_cb;
	void *cb_arg = bdev->internal.unregister_ctx;
	int rc;

	bdev_stat_free(bdev->internal.stat);
	bdev->internal.stat = NULL;
	spdk_trace_unregister_owner(bdev->internal.trace_id);
	bdev->internal.trace_id = OWNER_ID_NONE;
	rc = bdev->fn_table->destruct(bdev->ctxt);
	/* A module that returned 0 or an error may have freed the bdev. */
	if (rc <= 0) {
		bdev_gone(cb_fn, cb_arg, rc);
	}
}

void
spdk_bdev_destruct_done(struct spdk_bdev *bdev, int bdeverrno)
{
	bdev_gone(bdev->internal.unregister_cb, bdev->internal.unregister_ctx, bdeverrno);
}

static void
last_close(void *arg)
{
	struct spdk_bdev *bdev = arg;

	spdk_io_device_unregister(bdev_to_io_device(bdev), bdev_destroy);
}

void
bdev_unopened_locked(struct spdk_bdev *bdev)
{
	if (bdev->internal.status != SPDK_BDEV_STATUS_REMOVING ||
	    !TAILQ_EMPTY(&bdev->internal.open_descs)) {
		return;
	}
	TAILQ_REMOVE(&g_bdev.bdevs, bdev, internal.link);
	bdev->internal.status = SPDK_BDEV_STATUS_INVALID;
	spdk_thread_send_msg(bdev->internal.unregister_thread, last_close, bdev);
}

static void
abort_queued_channel(struct spdk_bdev_channel_iter *i, struct spdk_bdev *bdev,
                     struct spdk_io_channel *_ch, void *ctx)
{
	bdev_channel_abort_queued(spdk_io_channel_get_ctx(_ch));
	spdk_bdev_for_each_channel_continue(i, 0);
}

static void unregister_walk(void *arg);

static void
abort_queued_done(struct spdk_bdev *bdev, void *ctx, int status)
{
	if (status == -ENOMEM) {
		/* I/O that waits must be failed, or its owner can't close: try until it works. */
		spdk_thread_send_msg(spdk_get_thread(), unregister_walk, bdev);
		return;
	}
	spdk_notify_send("bdev_unregister", bdev->name);
	bdev_lock();
	bdev->internal.status = SPDK_BDEV_STATUS_REMOVING;
	bdev_alias_del_all_locked(bdev);
	bdev_name_del_locked(&bdev->internal.bdev_name);
	bdev_desc_notify_all_locked(bdev, SPDK_BDEV_EVENT_REMOVE);
	bdev_unopened_locked(bdev);
	bdev_unlock();
}

static void
unregister_walk(void *arg)
{
	spdk_bdev_for_each_channel(arg, abort_queued_channel, NULL, abort_queued_done);
}

void
spdk_bdev_unregister(struct spdk_bdev *bdev, spdk_bdev_unregister_cb cb_fn, void *cb_arg)
{
	assert(spdk_get_thread() != NULL);
	bdev_lock();
	if (bdev->internal.status != SPDK_BDEV_STATUS_READY) {
		bdev_unlock();
		unregister_reply(cb_fn, cb_arg, -EBUSY);
		return;
	}
	bdev->internal.status = SPDK_BDEV_STATUS_UNREGISTERING;
	bdev->internal.unregister_cb = cb_fn;
	bdev->internal.unregister_ctx = cb_arg;
	bdev->internal.unregister_thread = spdk_get_thread();
	bdev_unlock();
	unregister_walk(bdev);
}

int
spdk_bdev_unregister_by_name(const char *bdev_name, struct spdk_bdev_module *module,
                             spdk_bdev_unregister_cb cb_fn, void *cb_arg)
{
	struct spdk_bdev_desc *held;
	struct spdk_bdev *bdev;
	int rc;

	bdev = spdk_bdev_get_by_name(bdev_name);
	if (bdev == NULL) {
		return -ENODEV;
	}
	rc = bdev_hold(bdev, &held);
	if (rc != 0) {
		return rc;
	}
	if (bdev->module == module) {
		spdk_bdev_unregister(bdev, cb_fn, cb_arg);
	} else {
		rc = -ENODEV;
	}
	spdk_bdev_close(held);
	return rc;
}

int
spdk_bdev_notify_blockcnt_change(struct spdk_bdev *bdev, uint64_t size)
{
	int rc = 0;

	if (bdev->blockcnt == size) {
		return 0;
	}
	bdev_lock();
	if (size < bdev->blockcnt && !TAILQ_EMPTY(&bdev->internal.open_descs)) {
		rc = -EBUSY;
	} else {
		bdev->blockcnt = size;
		bdev_desc_notify_all_locked(bdev, SPDK_BDEV_EVENT_RESIZE);
	}
	bdev_unlock();
	if (rc == 0) {
		spdk_notify_send("bdev_resize", bdev->name);
	}
	return rc;
}
