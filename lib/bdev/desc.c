/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Descriptors: a bdev opened by somebody. A descriptor belongs to the thread that opened it; events
 * go there as messages. The list of a bdev's descriptors and the fields that messages need are
 * under the registry lock. A descriptor has one message node: events that come while it is under
 * way are bits that it delivers too, so that telling can't fail.
 */

#include "bdev_internal.h"

static void
desc_free(struct spdk_bdev_desc *desc)
{
	free(desc->claim);
	free(desc);
}

void
bdev_desc_unref(struct spdk_bdev_desc *desc)
{
	bool last;

	bdev_lock();
	last = --desc->refs == 0 && desc->closed;
	bdev_unlock();
	if (last) {
		desc_free(desc);
	}
}

/** Take the next pending event; false when there is none or nobody to tell. */
static bool
take_event(struct spdk_bdev_desc *desc, enum spdk_bdev_event_type *type)
{
	static const enum spdk_bdev_event_type order[] = { SPDK_BDEV_EVENT_RESIZE,
		                                           SPDK_BDEV_EVENT_REMOVE };
	bool found = false;
	size_t i;

	bdev_lock();
	for (i = 0; i < SPDK_COUNTOF(order) && !found && !desc->closed; i++) {
		if (desc->pending & (1u << order[i])) {
			desc->pending &= ~(1u << order[i]);
			*type = order[i];
			found = true;
		}
	}
	if (!found) {
		desc->msg_out = false;
	}
	bdev_unlock();
	return found;
}

/* The call-back may close the descriptor; the message's reference keeps the struct. */
static void
deliver(void *arg)
{
	struct spdk_bdev_desc *desc = arg;
	enum spdk_bdev_event_type type;

	while (take_event(desc, &type)) {
		desc->event_cb(type, desc->bdev, desc->event_ctx);
	}
	bdev_desc_unref(desc);
}

void
bdev_desc_notify_all_locked(struct spdk_bdev *bdev, enum spdk_bdev_event_type type)
{
	struct spdk_bdev_desc *desc;

	TAILQ_FOREACH(desc, &bdev->internal.open_descs, link) {
		if (desc->event_cb == NULL) {
			continue;
		}
		desc->pending |= 1u << type;
		if (!desc->msg_out) {
			desc->msg_out = true;
			desc->refs++;
			spdk_thread_send_msg(desc->thread, deliver, desc);
		}
	}
}

static int
open_locked(struct spdk_bdev *bdev, struct spdk_bdev_desc *desc)
{
	if (bdev == NULL || bdev->internal.status != SPDK_BDEV_STATUS_READY) {
		return -ENODEV;
	}
	if (desc->write && bdev_claim_forbids_write_locked(bdev)) {
		return -EPERM;
	}
	if (desc->hide_metadata && bdev->md_len != 0 && bdev->md_interleave) {
		return -ENOTSUP;
	}
	desc->bdev = bdev;
	TAILQ_INSERT_TAIL(&bdev->internal.open_descs, desc, link);
	return 0;
}

int
bdev_hold(struct spdk_bdev *bdev, struct spdk_bdev_desc **_desc)
{
	struct spdk_bdev_desc *desc = calloc(1, sizeof(*desc));
	struct spdk_bdev *it;
	int rc;

	if (desc == NULL) {
		return -ENOMEM;
	}
	desc->thread = spdk_get_thread();
	bdev_lock();
	TAILQ_FOREACH(it, &g_bdev.bdevs, internal.link) {
		if (it == bdev) {
			break;
		}
	}
	rc = open_locked(it, desc);
	bdev_unlock();
	if (rc != 0) {
		desc_free(desc);
		return rc;
	}
	*_desc = desc;
	return 0;
}

int
bdev_hold_by_name(const char *name, struct spdk_bdev_desc **_desc)
{
	struct spdk_bdev_desc *desc = calloc(1, sizeof(*desc));
	int rc;

	if (desc == NULL) {
		return -ENOMEM;
	}
	desc->thread = spdk_get_thread();
	bdev_lock();
	rc = open_locked(bdev_find_locked(name), desc);
	bdev_unlock();
	if (rc != 0) {
		desc_free(desc);
		return rc;
	}
	*_desc = desc;
	return 0;
}

int
bdev_hold_next(struct spdk_bdev_desc **held)
{
	struct spdk_bdev_desc *desc = calloc(1, sizeof(*desc)), *prev = *held;
	struct spdk_bdev *bdev = NULL;

	if (desc != NULL) {
		desc->thread = spdk_get_thread();
		bdev_lock();
		bdev = prev == NULL ? TAILQ_FIRST(&g_bdev.bdevs)
		                    : TAILQ_NEXT(prev->bdev, internal.link);
		/* Those that are going away are passed over. */
		while (bdev != NULL && open_locked(bdev, desc) != 0) {
			bdev = TAILQ_NEXT(bdev, internal.link);
		}
		bdev_unlock();
	}
	if (prev != NULL) {
		spdk_bdev_close(prev);
	}
	*held = bdev != NULL ? desc : NULL;
	if (bdev == NULL && desc != NULL) {
		desc_free(desc);
		return -ENOENT;
	}
	return desc != NULL ? 0 : -ENOMEM;
}

void
spdk_bdev_open_opts_init(struct spdk_bdev_open_opts *opts, size_t opts_size)
{
	struct spdk_bdev_open_opts dflt = { .size = opts_size };

	if (opts == NULL || opts_size == 0) {
		SPDK_ERRLOG("no options, or of size 0\n");
		return;
	}
	memcpy(opts, &dflt, spdk_min(opts_size, sizeof(dflt)));
}

int
spdk_bdev_open_ext_v2(const char *bdev_name, bool write, spdk_bdev_event_cb_t event_cb,
                      void *event_ctx, struct spdk_bdev_open_opts *opts,
                      struct spdk_bdev_desc **_desc)
{
	struct spdk_bdev_desc *desc;
	int rc;

	if (event_cb == NULL || spdk_get_thread() == NULL) {
		SPDK_ERRLOG("bdev %s: opening takes an event call-back and an spdk_thread\n",
		            bdev_name);
		return -EINVAL;
	}
	if (opts != NULL && opts->size == 0) {
		SPDK_ERRLOG("bdev %s: the options for opening it have the size 0\n", bdev_name);
		return -EINVAL;
	}
	desc = calloc(1, sizeof(*desc));
	if (desc == NULL) {
		return -ENOMEM;
	}
	desc->write = write;
	desc->thread = spdk_get_thread();
	desc->event_cb = event_cb;
	desc->event_ctx = event_ctx;
	desc->hide_metadata = opts != NULL && SPDK_GET_FIELD(opts, hide_metadata, false);
	bdev_lock();
	rc = open_locked(bdev_find_locked(bdev_name), desc);
	bdev_unlock();
	if (rc != 0) {
		desc_free(desc);
		return rc;
	}
	*_desc = desc;
	return 0;
}

int
spdk_bdev_open_ext(const char *bdev_name, bool write, spdk_bdev_event_cb_t event_cb,
                   void *event_ctx, struct spdk_bdev_desc **desc)
{
	return spdk_bdev_open_ext_v2(bdev_name, write, event_cb, event_ctx, NULL, desc);
}

void
spdk_bdev_close(struct spdk_bdev_desc *desc)
{
	struct spdk_bdev *bdev = desc->bdev;
	bool last;

	assert(desc->thread == spdk_get_thread());
	bdev_desc_stop_timeout(desc);
	bdev_lock();
	TAILQ_REMOVE(&bdev->internal.open_descs, desc, link);
	bdev_claim_release_desc_locked(desc);
	desc->closed = true;
	last = desc->refs == 0;
	bdev_unopened_locked(bdev);
	bdev_unlock();
	if (last) {
		desc_free(desc);
	}
}

struct spdk_bdev *
spdk_bdev_desc_get_bdev(struct spdk_bdev_desc *desc)
{
	return desc->bdev;
}

uint32_t
spdk_bdev_desc_get_block_size(struct spdk_bdev_desc *desc)
{
	return desc->bdev->blocklen;
}

uint32_t
spdk_bdev_desc_get_md_size(struct spdk_bdev_desc *desc)
{
	return spdk_bdev_get_md_size(desc->bdev);
}

bool
spdk_bdev_desc_is_md_interleaved(struct spdk_bdev_desc *desc)
{
	return spdk_bdev_is_md_interleaved(desc->bdev);
}

bool
spdk_bdev_desc_is_md_separate(struct spdk_bdev_desc *desc)
{
	return spdk_bdev_is_md_separate(desc->bdev);
}

enum spdk_dif_type
spdk_bdev_desc_get_dif_type(struct spdk_bdev_desc *desc)
{
	return spdk_bdev_get_dif_type(desc->bdev);
}

enum spdk_dif_pi_format
spdk_bdev_desc_get_dif_pi_format(struct spdk_bdev_desc *desc)
{
	return spdk_bdev_get_dif_pi_format(desc->bdev);
}

bool
spdk_bdev_desc_is_dif_head_of_md(struct spdk_bdev_desc *desc)
{
	return spdk_bdev_is_dif_head_of_md(desc->bdev);
}

bool
spdk_bdev_desc_is_dif_check_enabled(struct spdk_bdev_desc *desc,
                                    enum spdk_dif_check_type check_type)
{
	return spdk_bdev_is_dif_check_enabled(desc->bdev, check_type);
}

bool
spdk_bdev_desc_hide_metadata(struct spdk_bdev_desc *desc)
{
	return desc->hide_metadata;
}
