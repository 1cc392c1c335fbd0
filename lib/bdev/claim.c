/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Claims: how a module keeps others from writing to a bdev that it builds on. An exclusive claim
 * (v1) belongs to the module and lasts until it is released; shared claims (v2) belong to a
 * descriptor and end with it. All fields are under the registry lock.
 */

#include "bdev_internal.h"

const char *
spdk_bdev_claim_get_name(enum spdk_bdev_claim_type claim_type)
{
	switch (claim_type) {
	case SPDK_BDEV_CLAIM_NONE:
		return "not_claimed";
	case SPDK_BDEV_CLAIM_EXCL_WRITE:
		return "exclusive_write";
	case SPDK_BDEV_CLAIM_READ_MANY_WRITE_ONE:
		return "read_many_write_one";
	case SPDK_BDEV_CLAIM_READ_MANY_WRITE_NONE:
		return "read_many_write_none";
	case SPDK_BDEV_CLAIM_READ_MANY_WRITE_SHARED:
		return "read_many_write_shared";
	default:
		return "invalid_claim";
	}
}

bool
bdev_claim_forbids_write_locked(const struct spdk_bdev *bdev)
{
	return bdev->internal.claim_type != SPDK_BDEV_CLAIM_NONE;
}

int
spdk_bdev_module_claim_bdev(struct spdk_bdev *bdev, struct spdk_bdev_desc *desc,
                            struct spdk_bdev_module *module)
{
	int rc = 0;

	bdev_lock();
	if (bdev->internal.claim_type != SPDK_BDEV_CLAIM_NONE) {
		rc = -EPERM;
	} else {
		if (desc != NULL) {
			desc->write = true;
		}
		bdev->internal.claim_type = SPDK_BDEV_CLAIM_EXCL_WRITE;
		bdev->internal.claim.v1.module = module;
	}
	bdev_unlock();
	if (rc != 0) {
		SPDK_ERRLOG("bdev %s: module %s can't claim it, it is claimed already\n",
		            bdev->name, module->name);
	}
	return rc;
}

void
spdk_bdev_module_release_bdev(struct spdk_bdev *bdev)
{
	bdev_lock();
	assert(bdev->internal.claim_type == SPDK_BDEV_CLAIM_EXCL_WRITE);
	bdev->internal.claim_type = SPDK_BDEV_CLAIM_NONE;
	bdev->internal.claim.v1.module = NULL;
	bdev_unlock();
}

/* ---- Claims of descriptors ---- */

void
spdk_bdev_claim_opts_init(struct spdk_bdev_claim_opts *opts, size_t size)
{
	struct spdk_bdev_claim_opts dflt = { .opts_size = size };

	if (opts == NULL || size == 0) {
		SPDK_ERRLOG("no options, or of size 0\n");
		return;
	}
	memcpy(opts, &dflt, spdk_min(size, sizeof(dflt)));
}

static bool
other_writer(const struct spdk_bdev_desc *desc, bool claimed_ones_too)
{
	const struct spdk_bdev_desc *d;

	TAILQ_FOREACH(d, &desc->bdev->internal.open_descs, link) {
		if (d != desc && d->write && (claimed_ones_too || d->claim == NULL)) {
			return true;
		}
	}
	return false;
}

/** Whether \p desc may have a claim of \p type next to what there is. */
static int
v2_allowed_locked(const struct spdk_bdev_desc *desc, enum spdk_bdev_claim_type type, uint64_t key)
{
	const struct spdk_bdev *bdev = desc->bdev;
	bool none = bdev->internal.claim_type == SPDK_BDEV_CLAIM_NONE;

	if (desc->claim != NULL) {
		return -EBUSY;
	}
	switch (type) {
	case SPDK_BDEV_CLAIM_READ_MANY_WRITE_ONE:
		if (key != 0) {
			return -EINVAL;
		}
		return none && !other_writer(desc, true) ? 0 : -EPERM;
	case SPDK_BDEV_CLAIM_READ_MANY_WRITE_NONE:
		if (key != 0 || desc->write) {
			return -EINVAL;
		}
		return (none || bdev->internal.claim_type == type) && !other_writer(desc, true)
		               ? 0
		               : -EPERM;
	case SPDK_BDEV_CLAIM_READ_MANY_WRITE_SHARED:
		if (key == 0) {
			return -EINVAL;
		}
		if (!none &&
		    (bdev->internal.claim_type != type || bdev->internal.claim.v2.key != key)) {
			return -EPERM;
		}
		return other_writer(desc, false) ? -EPERM : 0;
	default:
		return -EINVAL;
	}
}

int
spdk_bdev_module_claim_bdev_desc(struct spdk_bdev_desc *desc, enum spdk_bdev_claim_type type,
                                 struct spdk_bdev_claim_opts *opts, struct spdk_bdev_module *module)
{
	bool named = opts != NULL && SPDK_FIELD_VALID(opts, name, opts->opts_size);
	uint64_t key =
	        opts == NULL ? 0 : SPDK_GET_FIELD(opts, shared_claim_key, 0, opts->opts_size);
	struct spdk_bdev_module_claim *claim;
	struct spdk_bdev *bdev = desc->bdev;
	int rc;

	if (opts != NULL && opts->opts_size == 0) {
		SPDK_ERRLOG("bdev %s: the options of the claim have the size 0\n",
		            spdk_bdev_get_name(bdev));
		return -EINVAL;
	}
	claim = calloc(1, sizeof(*claim));
	if (claim == NULL) {
		return -ENOMEM;
	}
	claim->module = module;
	claim->desc = desc;
	if (named) {
		snprintf(claim->name, sizeof(claim->name), "%.*s", (int)sizeof(opts->name) - 1,
		         opts->name);
	}
	bdev_lock();
	rc = v2_allowed_locked(desc, type, key);
	if (rc == 0) {
		if (bdev->internal.claim_type == SPDK_BDEV_CLAIM_NONE) {
			TAILQ_INIT(&bdev->internal.claim.v2.claims);
			bdev->internal.claim.v2.key = key;
			bdev->internal.claim_type = type;
		}
		TAILQ_INSERT_TAIL(&bdev->internal.claim.v2.claims, claim, link);
		desc->claim = claim;
		if (type != SPDK_BDEV_CLAIM_READ_MANY_WRITE_NONE) {
			desc->write = true;
		}
	}
	bdev_unlock();
	if (rc != 0) {
		SPDK_ERRLOG("bdev %s: module %s can't have a claim of type %s: %s\n", bdev->name,
		            module->name, spdk_bdev_claim_get_name(type), spdk_strerror(-rc));
		free(claim);
	}
	return rc;
}

void
bdev_claim_release_desc_locked(struct spdk_bdev_desc *desc)
{
	struct spdk_bdev *bdev = desc->bdev;

	if (desc->claim == NULL) {
		return;
	}
	TAILQ_REMOVE(&bdev->internal.claim.v2.claims, desc->claim, link);
	free(desc->claim);
	desc->claim = NULL;
	if (TAILQ_EMPTY(&bdev->internal.claim.v2.claims)) {
		bdev->internal.claim_type = SPDK_BDEV_CLAIM_NONE;
		bdev->internal.claim.v1.module = NULL;
	}
}
