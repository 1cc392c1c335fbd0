/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A poll group's view of a subsystem: the bdev channels of its namespaces, and the gate that a
 * pause closes. Runs on the group's thread; the subsystem's namespaces are read here only while the
 * subsystem is changing state, when the target thread leaves them alone.
 *
 *	INACTIVE --activate--> ACTIVE --pause--> PAUSED --activate--> ACTIVE
 *	    ^--------------------deactivate--------'------------------'
 *
 * A pause is complete when no command that it covers runs. Commands that come meanwhile wait in
 * `queued`, of which each queue pair can hold no more than its depth.
 */

#include "nvmf_internal.h"

#include "spdk_internal/bdev.h"

static void
sgroup_ns_close(struct nvmf_sgroup_ns *ns)
{
	assert(ns->io_outstanding == 0);
	if (ns->channel != NULL) {
		spdk_put_io_channel(ns->channel);
	}
	memset(ns, 0, sizeof(*ns));
}

static int
sgroup_ns_open(struct nvmf_sgroup_ns *info, struct spdk_nvmf_ns *ns)
{
	bool paused = info->paused;

	if (info->generation != ns->generation) {
		sgroup_ns_close(info);
		info->paused = paused;
		info->channel = spdk_bdev_get_io_channel(ns->desc);
		if (info->channel == NULL) {
			SPDK_ERRLOG("no I/O channel for bdev %s\n", spdk_bdev_get_name(ns->bdev));
			return -ENOMEM;
		}
	}
	info->generation = ns->generation;
	info->desc = ns->desc;
	info->bdev = ns->bdev;
	info->block_size = ns->block_size;
	info->volatile_cache = ns->volatile_cache;
	info->reads_nothing = ns->reads_nothing;
	return 0;
}

int
nvmf_sgroup_update(struct spdk_nvmf_poll_group *group, struct spdk_nvmf_subsystem *subsystem)
{
	struct spdk_nvmf_subsystem_poll_group *sgroup = &group->sgroups[subsystem->id];
	int rc, status = 0;
	uint32_t i;

	if (sgroup->ns == NULL && subsystem->opts.max_nsid > 0) {
		STAILQ_INIT(&sgroup->queued);
		sgroup->ns = calloc(subsystem->opts.max_nsid, sizeof(*sgroup->ns));
		if (sgroup->ns == NULL) {
			return -ENOMEM;
		}
		sgroup->num_ns = subsystem->opts.max_nsid;
	}
	assert(sgroup->num_ns == subsystem->opts.max_nsid);
	/* All of them, also behind one that fails: what was removed must not be used any more. */
	for (i = 0; i < sgroup->num_ns; i++) {
		if (subsystem->ns[i] == NULL) {
			if (sgroup->ns[i].channel != NULL) {
				sgroup_ns_close(&sgroup->ns[i]);
			}
			continue;
		}
		rc = sgroup_ns_open(&sgroup->ns[i], subsystem->ns[i]);
		if (rc != 0 && status == 0) {
			status = rc;
		}
	}
	return status;
}

/** Requests were queued in order of arrival and run in that order. */
static void
sgroup_run_queued(struct spdk_nvmf_subsystem_poll_group *sgroup)
{
	struct spdk_nvmf_request *req;

	assert(sgroup->state == NVMF_SGROUP_ACTIVE);
	while ((req = STAILQ_FIRST(&sgroup->queued)) != NULL) {
		STAILQ_REMOVE_HEAD(&sgroup->queued, reservation_link);
		req->rsvd = NVMF_REQ_UNCOUNTED;
		nvmf_request_run(req);
	}
}

void
nvmf_sgroup_activate(struct spdk_nvmf_poll_group *group, struct spdk_nvmf_subsystem *subsystem)
{
	struct spdk_nvmf_subsystem_poll_group *sgroup = &group->sgroups[subsystem->id];
	uint32_t i;

	if (sgroup->state == NVMF_SGROUP_INACTIVE) {
		STAILQ_INIT(&sgroup->queued);
	}
	for (i = 0; i < sgroup->num_ns; i++) {
		sgroup->ns[i].paused = false;
	}
	sgroup->state = NVMF_SGROUP_ACTIVE;
	sgroup_run_queued(sgroup);
}

void
nvmf_sgroup_deactivate(struct spdk_nvmf_poll_group *group, struct spdk_nvmf_subsystem *subsystem)
{
	struct spdk_nvmf_subsystem_poll_group *sgroup = &group->sgroups[subsystem->id];

	nvmf_sgroup_free(sgroup);
}

void
nvmf_sgroup_free(struct spdk_nvmf_subsystem_poll_group *sgroup)
{
	uint32_t i;

	assert(sgroup->mgmt_outstanding == 0 && sgroup->pause_iter == NULL);
	for (i = 0; i < sgroup->num_ns; i++) {
		sgroup_ns_close(&sgroup->ns[i]);
	}
	free(sgroup->ns);
	memset(sgroup, 0, sizeof(*sgroup));
	STAILQ_INIT(&sgroup->queued);
}

static bool
sgroup_is_drained(const struct spdk_nvmf_subsystem_poll_group *sgroup)
{
	uint32_t i;

	if (sgroup->mgmt_outstanding > 0) {
		return false;
	}
	for (i = 0; i < sgroup->num_ns; i++) {
		if (sgroup->ns[i].paused && sgroup->ns[i].io_outstanding > 0) {
			return false;
		}
	}
	return true;
}

void
nvmf_sgroup_check_paused(struct spdk_nvmf_subsystem_poll_group *sgroup)
{
	struct spdk_io_channel_iter *iter = sgroup->pause_iter;

	if (iter != NULL && sgroup_is_drained(sgroup)) {
		sgroup->pause_iter = NULL;
		nvmf_subsystem_visited(iter, 0);
	}
}

void
nvmf_sgroup_pause(struct spdk_nvmf_poll_group *group, struct spdk_nvmf_subsystem *subsystem,
                  uint32_t nsid, struct spdk_io_channel_iter *iter)
{
	struct spdk_nvmf_subsystem_poll_group *sgroup = &group->sgroups[subsystem->id];
	uint32_t i;

	assert(sgroup->pause_iter == NULL);
	sgroup->state = NVMF_SGROUP_PAUSED;
	for (i = 0; i < sgroup->num_ns; i++) {
		if (nsid == SPDK_NVME_GLOBAL_NS_TAG || nsid == i + 1) {
			sgroup->ns[i].paused = true;
		}
	}
	sgroup->pause_iter = iter;
	nvmf_sgroup_check_paused(sgroup);
}
