/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Namespaces: a bdev under a number in a subsystem. Target thread. Added and removed while the
 * subsystem is paused or inactive; a bdev that goes away or changes its size is noticed here and
 * carried through: pause, remove, resume, tell the hosts.
 */

#include "nvmf_internal.h"
#include "spdk_internal/usdt.h"

#include "spdk/bdev_module.h"
#include "spdk_internal/bdev.h"
#include "spdk_internal/system_state.h"

static struct {
	struct spdk_bdev_module claimer; /* only its name counts: whoever finds the bdev taken */
} g_ns SYSTEM_STATE = { .claimer = { .name = "NVMe-oF Target" } };

void
spdk_nvmf_ns_opts_get_defaults(struct spdk_nvmf_ns_opts *opts, size_t opts_size)
{
	struct spdk_nvmf_ns_opts all;

	memset(&all, 0, sizeof(all));
	all.opts_size = opts_size;
	memcpy(opts, &all, spdk_min(opts_size, sizeof(all)));
}

/* ---- What the bdev tells us ---- */

static void
ns_free(struct spdk_nvmf_ns *ns)
{
	spdk_bdev_module_release_bdev(ns->bdev);
	spdk_bdev_close(ns->desc);
	free(ns);
}

static void
ns_removal_paused(struct spdk_nvmf_subsystem *subsystem, void *arg, int status)
{
	struct spdk_nvmf_ns *ns = arg;

	spdk_nvmf_subsystem_remove_ns(subsystem, ns->nsid);
}

static void
ns_bdev_event(enum spdk_bdev_event_type type, struct spdk_bdev *bdev, void *ctx)
{
	struct spdk_nvmf_ns *ns = ctx;

	switch (type) {
	case SPDK_BDEV_EVENT_REMOVE:
		/* The bdev waits for us: this takes no memory. */
		if (!ns->removing) {
			ns->removing = true;
			nvmf_subsystem_run_op(ns->subsystem, &ns->removal);
		}
		break;
	case SPDK_BDEV_EVENT_RESIZE:
		nvmf_subsystem_ns_changed(ns->subsystem, ns->nsid);
		break;
	default:
		break;
	}
}

/* ---- Add and remove ---- */

static uint32_t
ns_pick_nsid(struct spdk_nvmf_subsystem *subsystem, uint32_t wanted)
{
	uint32_t i;

	if (wanted != 0) {
		if (wanted > subsystem->opts.max_nsid) {
			SPDK_ERRLOG("%s: NSID %u is above its max_namespaces %u\n", subsystem->nqn,
			            wanted, subsystem->opts.max_nsid);
			return 0;
		}
		if (subsystem->ns[wanted - 1] != NULL) {
			SPDK_ERRLOG("%s: NSID %u is taken\n", subsystem->nqn, wanted);
			return 0;
		}
		return wanted;
	}
	for (i = 0; i < subsystem->opts.max_nsid; i++) {
		if (subsystem->ns[i] == NULL) {
			return i + 1;
		}
	}
	SPDK_ERRLOG("%s: all its %u NSIDs are taken\n", subsystem->nqn, subsystem->opts.max_nsid);
	return 0;
}

static int
ns_check_bdev(struct spdk_nvmf_subsystem *subsystem, struct spdk_bdev *bdev)
{
	uint32_t block_size = spdk_bdev_get_block_size(bdev);

	if (spdk_bdev_get_md_size(bdev) != 0) {
		SPDK_ERRLOG("%s: bdev %s has metadata, which namespaces do not support\n",
		            subsystem->nqn, spdk_bdev_get_name(bdev));
		return -ENOTSUP;
	}
	if (block_size < 512 || !spdk_u32_is_pow2(block_size)) {
		SPDK_ERRLOG("%s: bdev %s has blocks of %u bytes; a namespace needs a power of two "
		            "from 512\n",
		            subsystem->nqn, spdk_bdev_get_name(bdev), block_size);
		return -EINVAL;
	}
	return 0;
}

/** An NGUID that nobody gave is the UUID, which is the bdev's where nobody gave it. */
static void
ns_fill_ids(struct spdk_nvmf_ns *ns)
{
	if (spdk_uuid_is_null(&ns->opts.uuid)) {
		spdk_uuid_copy(&ns->opts.uuid, spdk_bdev_get_uuid(ns->bdev));
	}
	if (spdk_mem_all_zero(ns->opts.nguid, sizeof(ns->opts.nguid))) {
		memcpy(ns->opts.nguid, ns->opts.uuid.u.raw, sizeof(ns->opts.nguid));
	}
}

static void
ns_fill_traits(struct spdk_nvmf_ns *ns)
{
	struct bdev_traits traits;

	bdev_get_traits(ns->bdev, &traits);
	ns->block_size = spdk_bdev_get_block_size(ns->bdev);
	ns->volatile_cache = traits.volatile_cache;
	ns->reads_nothing = traits.reads_nothing;
	ns->atomic_blocks = spdk_max(1, spdk_min(traits.atomic_blocks, UINT16_MAX));
	ns->unmap = spdk_bdev_io_type_supported(ns->bdev, SPDK_BDEV_IO_TYPE_UNMAP);
}

static int
ns_open(struct spdk_nvmf_ns *ns, const char *bdev_name)
{
	struct spdk_nvmf_subsystem *subsystem = ns->subsystem;
	int rc;

	rc = spdk_bdev_open_ext(bdev_name, true, ns_bdev_event, ns, &ns->desc);
	if (rc != 0) {
		SPDK_ERRLOG("%s: can't open bdev %s: %s\n", subsystem->nqn, bdev_name,
		            spdk_strerror(-rc));
		return rc;
	}
	ns->bdev = spdk_bdev_desc_get_bdev(ns->desc);
	rc = ns_check_bdev(subsystem, ns->bdev);
	if (rc == 0) {
		rc = spdk_bdev_module_claim_bdev(ns->bdev, ns->desc, &g_ns.claimer);
		if (rc != 0) {
			SPDK_ERRLOG("%s: bdev %s is in use by another module\n", subsystem->nqn,
			            bdev_name);
		}
	}
	if (rc != 0) {
		spdk_bdev_close(ns->desc);
		return rc;
	}
	ns_fill_ids(ns);
	ns_fill_traits(ns);
	return 0;
}

uint32_t
spdk_nvmf_subsystem_add_ns_ext(struct spdk_nvmf_subsystem *subsystem, const char *bdev_name,
                               const struct spdk_nvmf_ns_opts *user_opts, size_t opts_size,
                               const char *ptpl_file)
{
	struct spdk_nvmf_ns_opts opts;
	struct spdk_nvmf_ns *ns;

	assert(nvmf_tgt_on_thread(subsystem->tgt));
	if (subsystem->state != NVMF_SUBSYSTEM_INACTIVE &&
	    subsystem->state != NVMF_SUBSYSTEM_PAUSED) {
		SPDK_ERRLOG("%s: pause it before adding a namespace\n", subsystem->nqn);
		return 0;
	}
	if (user_opts != NULL && opts_size == 0) {
		SPDK_ERRLOG("%s: the options of a namespace have the size 0\n", subsystem->nqn);
		return 0;
	}
	if (ptpl_file != NULL) {
		SPDK_ERRLOG("%s: reservations are not built: no ptpl_file\n", subsystem->nqn);
		return 0;
	}
	spdk_nvmf_ns_opts_get_defaults(&opts, sizeof(opts));
	if (user_opts != NULL) {
		memcpy(&opts, user_opts, spdk_min(opts_size, sizeof(opts)));
	}
	if (opts.no_auto_visible || opts.anagrpid != 0) {
		SPDK_ERRLOG("%s: namespaces hidden from hosts and ANA groups are not built\n",
		            subsystem->nqn);
		return 0;
	}
	opts.nsid = ns_pick_nsid(subsystem, opts.nsid);
	if (opts.nsid == 0) {
		return 0;
	}
	ns = calloc(1, sizeof(*ns));
	if (ns == NULL) {
		return 0;
	}
	ns->subsystem = subsystem;
	ns->nsid = opts.nsid;
	ns->opts = opts;
	ns->generation = ++subsystem->tgt->ns_generation;
	ns->removal.nsid = ns->nsid;
	ns->removal.must = true;
	ns->removal.fn = ns_removal_paused;
	ns->removal.arg = ns;
	if (ns_open(ns, bdev_name) != 0) {
		free(ns);
		return 0;
	}
	pthread_mutex_lock(&subsystem->tgt->mutex);
	subsystem->ns[ns->nsid - 1] = ns;
	pthread_mutex_unlock(&subsystem->tgt->mutex);
	nvmf_subsystem_ns_changed(subsystem, ns->nsid);
	USDT_PROBE2(nvmf_subsystem_add_ns, subsystem->nqn, ns->nsid);
	return ns->nsid;
}

int
spdk_nvmf_subsystem_remove_ns(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid)
{
	struct spdk_nvmf_ns *ns = nvmf_subsystem_ns(subsystem, nsid);

	USDT_PROBE2(nvmf_subsystem_remove_ns, subsystem->nqn, nsid);
	assert(nvmf_tgt_on_thread(subsystem->tgt));
	if (subsystem->state != NVMF_SUBSYSTEM_INACTIVE &&
	    subsystem->state != NVMF_SUBSYSTEM_PAUSED) {
		return -EBUSY;
	}
	if (ns == NULL) {
		return -ENOENT;
	}
	nvmf_subsystem_drop_op(subsystem, &ns->removal);
	pthread_mutex_lock(&subsystem->tgt->mutex);
	subsystem->ns[nsid - 1] = NULL;
	pthread_mutex_unlock(&subsystem->tgt->mutex);
	nvmf_subsystem_ns_changed(subsystem, nsid);
	ns_free(ns);
	return 0;
}

void
nvmf_subsystem_free_namespaces(struct spdk_nvmf_subsystem *subsystem)
{
	uint32_t i;

	for (i = 1; i <= subsystem->opts.max_nsid; i++) {
		if (subsystem->ns[i - 1] != NULL) {
			spdk_nvmf_subsystem_remove_ns(subsystem, i);
		}
	}
}

/* ---- Looking at them ---- */

struct spdk_nvmf_ns *
nvmf_ns_from(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid)
{
	uint32_t i;

	for (i = nsid - 1; i < subsystem->opts.max_nsid; i++) {
		if (subsystem->ns[i] != NULL) {
			return subsystem->ns[i];
		}
	}
	return NULL;
}

struct spdk_nvmf_ns *
spdk_nvmf_subsystem_get_first_ns(struct spdk_nvmf_subsystem *subsystem)
{
	return spdk_nvmf_subsystem_get_next_ns(subsystem, NULL);
}

struct spdk_nvmf_ns *
spdk_nvmf_subsystem_get_next_ns(struct spdk_nvmf_subsystem *subsystem, struct spdk_nvmf_ns *prev_ns)
{
	return nvmf_ns_from(subsystem, prev_ns != NULL ? prev_ns->nsid + 1 : 1);
}

struct spdk_nvmf_ns *
spdk_nvmf_subsystem_get_ns(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid)
{
	return nvmf_subsystem_ns(subsystem, nsid);
}

uint32_t
spdk_nvmf_ns_get_id(const struct spdk_nvmf_ns *ns)
{
	return ns->nsid;
}

struct spdk_bdev *
spdk_nvmf_ns_get_bdev(struct spdk_nvmf_ns *ns)
{
	return ns->bdev;
}

void
spdk_nvmf_ns_get_opts(const struct spdk_nvmf_ns *ns, struct spdk_nvmf_ns_opts *opts,
                      size_t opts_size)
{
	memcpy(opts, &ns->opts, spdk_min(opts_size, sizeof(ns->opts)));
}
