/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Poll groups: the part of a target that lives on one thread. A group is the target's I/O channel
 * of that thread; it holds the queue pairs that the thread serves, a transport poll group for each
 * transport, and an sgroup for each subsystem.
 *
 * Destroying a group disconnects its queue pairs and ends when the last is gone.
 */

#include "nvmf_internal.h"
#include "spdk_internal/usdt.h"

struct spdk_nvmf_transport_poll_group *
nvmf_poll_group_get_tgroup(struct spdk_nvmf_poll_group *group,
                           const struct spdk_nvmf_transport *transport)
{
	struct spdk_nvmf_transport_poll_group *tgroup;

	TAILQ_FOREACH(tgroup, &group->tgroups, link) {
		if (tgroup->transport == transport) {
			return tgroup;
		}
	}
	return NULL;
}

int
nvmf_poll_group_add_transport(struct spdk_nvmf_poll_group *group,
                              struct spdk_nvmf_transport *transport)
{
	struct spdk_nvmf_transport_poll_group *tgroup;

	if (nvmf_poll_group_get_tgroup(group, transport) != NULL) {
		return 0;
	}
	tgroup = transport->ops->poll_group_create(transport, group);
	if (tgroup == NULL) {
		SPDK_ERRLOG("can't make a %s poll group on thread %s\n", transport->ops->name,
		            spdk_thread_get_name(group->thread));
		return -ENOMEM;
	}
	tgroup->transport = transport;
	tgroup->group = group;
	TAILQ_INSERT_TAIL(&group->tgroups, tgroup, link);
	USDT_PROBE3(nvmf_transport_poll_group_create, transport, spdk_thread_get_id(group->thread),
	            spdk_get_ticks());
	return 0;
}

void
nvmf_poll_group_remove_transport(struct spdk_nvmf_poll_group *group,
                                 struct spdk_nvmf_transport *transport)
{
	struct spdk_nvmf_transport_poll_group *tgroup;

	tgroup = nvmf_poll_group_get_tgroup(group, transport);
	if (tgroup != NULL) {
		TAILQ_REMOVE(&group->tgroups, tgroup, link);
		transport->ops->poll_group_destroy(tgroup);
	}
}

/** The group is made on its own thread, the subsystems belong to the target thread: it changes them
 *  under the same mutex. What it changes after this look reaches the group by a visit, as its
 *  channel exists. */
static int
poll_group_open_subsystems(struct spdk_nvmf_poll_group *group)
{
	struct spdk_nvmf_subsystem *subsystem;
	int rc = 0;

	pthread_mutex_lock(&group->tgt->mutex);
	TAILQ_FOREACH(subsystem, &group->tgt->subsystems, link) {
		if (rc != 0 || subsystem->state == NVMF_SUBSYSTEM_INACTIVE) {
			continue;
		}
		rc = nvmf_sgroup_update(group, subsystem);
		if (rc == 0) {
			nvmf_sgroup_activate(group, subsystem);
		}
	}
	pthread_mutex_unlock(&group->tgt->mutex);
	return rc;
}

static void
poll_group_free(struct spdk_nvmf_poll_group *group)
{
	struct spdk_nvmf_transport_poll_group *tgroup;
	uint32_t i;

	while ((tgroup = TAILQ_FIRST(&group->tgroups)) != NULL) {
		nvmf_poll_group_remove_transport(group, tgroup->transport);
	}
	for (i = 0; i < group->num_sgroups; i++) {
		nvmf_sgroup_free(&group->sgroups[i]);
	}
	free(group->sgroups);
	group->sgroups = NULL;
	spdk_poller_unregister(&group->drain_poller);
	pthread_mutex_destroy(&group->mutex);
}

int
nvmf_poll_group_channel_create(void *io_device, void *ctx_buf)
{
	struct spdk_nvmf_tgt *tgt = io_device;
	struct spdk_nvmf_poll_group *group = ctx_buf;
	struct spdk_nvmf_transport *transport;
	int rc;

	memset(group, 0, sizeof(*group));
	group->tgt = tgt;
	group->thread = spdk_get_thread();
	TAILQ_INIT(&group->tgroups);
	TAILQ_INIT(&group->qpairs);
	pthread_mutex_init(&group->mutex, NULL);
	group->sgroups = calloc(tgt->max_subsystems, sizeof(*group->sgroups));
	if (group->sgroups == NULL) {
		pthread_mutex_destroy(&group->mutex);
		return -ENOMEM;
	}
	group->num_sgroups = tgt->max_subsystems;
	rc = nvmf_drain_init(group);
	if (rc == 0) {
		rc = poll_group_open_subsystems(group);
	}
	TAILQ_FOREACH(transport, &tgt->transports, link) {
		if (rc == 0) {
			rc = nvmf_poll_group_add_transport(group, transport);
		}
	}
	if (rc != 0) {
		poll_group_free(group);
		return rc;
	}
	pthread_mutex_lock(&tgt->mutex);
	TAILQ_INSERT_TAIL(&tgt->poll_groups, group, link);
	tgt->num_poll_groups++;
	pthread_mutex_unlock(&tgt->mutex);
	return 0;
}

void
nvmf_poll_group_channel_destroy(void *io_device, void *ctx_buf)
{
	struct spdk_nvmf_tgt *tgt = io_device;
	struct spdk_nvmf_poll_group *group = ctx_buf;
	spdk_nvmf_poll_group_destroy_done_fn cb_fn = group->destroy_cb_fn;
	void *cb_arg = group->destroy_cb_arg;

	assert(TAILQ_EMPTY(&group->qpairs));
	pthread_mutex_lock(&tgt->mutex);
	TAILQ_REMOVE(&tgt->poll_groups, group, link);
	tgt->num_poll_groups--;
	if (tgt->next_group == group) {
		tgt->next_group = NULL;
	}
	pthread_mutex_unlock(&tgt->mutex);
	poll_group_free(group);
	if (cb_fn != NULL) {
		cb_fn(cb_arg, 0);
	}
}

struct spdk_nvmf_poll_group *
spdk_nvmf_poll_group_create(struct spdk_nvmf_tgt *tgt)
{
	struct spdk_io_channel *ch = spdk_get_io_channel(tgt);

	USDT_PROBE2(nvmf_create_poll_group, spdk_thread_get_id(spdk_get_thread()),
	            spdk_get_ticks());
	return ch != NULL ? spdk_io_channel_get_ctx(ch) : NULL;
}

/** Runs for each queue pair that goes; at the request to destroy only when there is none. */
static void
poll_group_check_empty(struct spdk_nvmf_poll_group *group)
{
	if (group->destroy_cb_fn != NULL && TAILQ_EMPTY(&group->qpairs)) {
		spdk_put_io_channel(spdk_io_channel_from_ctx(group));
	}
}

void
spdk_nvmf_poll_group_destroy(struct spdk_nvmf_poll_group *group,
                             spdk_nvmf_poll_group_destroy_done_fn cb_fn, void *cb_arg)
{
	struct spdk_nvmf_qpair *qpair, *tmp;

	USDT_PROBE2(nvmf_destroy_poll_group, spdk_thread_get_id(spdk_get_thread()),
	            spdk_get_ticks());
	assert(group->thread == spdk_get_thread());
	assert(cb_fn != NULL && group->destroy_cb_fn == NULL);
	/* No new queue pair: spdk_nvmf_tgt_new_qpair() sees a group without a way in. */
	pthread_mutex_lock(&group->tgt->mutex);
	group->destroy_cb_fn = cb_fn;
	group->destroy_cb_arg = cb_arg;
	pthread_mutex_unlock(&group->tgt->mutex);
	if (TAILQ_EMPTY(&group->qpairs)) {
		poll_group_check_empty(group);
		return;
	}
	/* The last that goes, perhaps within this loop, ends the group. */
	TAILQ_FOREACH_SAFE(qpair, &group->qpairs, link, tmp) {
		spdk_nvmf_qpair_disconnect(qpair);
	}
}

int
spdk_nvmf_poll_group_add(struct spdk_nvmf_poll_group *group, struct spdk_nvmf_qpair *qpair)
{
	struct spdk_nvmf_transport_poll_group *tgroup;
	int rc;

	USDT_PROBE2(nvmf_poll_group_add_qpair, qpair, spdk_thread_get_id(spdk_get_thread()));
	assert(group->thread == spdk_get_thread());
	tgroup = nvmf_poll_group_get_tgroup(group, qpair->transport);
	if (tgroup == NULL || group->destroy_cb_fn != NULL) {
		return -ENODEV;
	}
	TAILQ_INIT(&qpair->outstanding);
	qpair->group = group;
	qpair->ctrlr = NULL;
	qpair->disconnect_started = false;
	qpair->connect_received = false;
	USDT_PROBE3(nvmf_transport_poll_group_add, qpair, qpair->qid,
	            spdk_thread_get_id(group->thread));
	rc = qpair->transport->ops->poll_group_add(tgroup, qpair);
	if (rc != 0) {
		qpair->group = NULL;
		return rc;
	}
	TAILQ_INSERT_TAIL(&group->qpairs, qpair, link);
	group->current_unassociated_qpairs++;
	qpair->state = SPDK_NVMF_QPAIR_CONNECTING;
	return 0;
}

void
spdk_nvmf_poll_group_remove(struct spdk_nvmf_qpair *qpair)
{
	struct spdk_nvmf_poll_group *group = qpair->group;
	struct spdk_nvmf_transport_poll_group *tgroup;

	USDT_PROBE2(nvmf_poll_group_remove_qpair, qpair, spdk_thread_get_id(spdk_get_thread()));
	tgroup = nvmf_poll_group_get_tgroup(group, qpair->transport);
	assert(tgroup != NULL);
	USDT_PROBE3(nvmf_transport_poll_group_remove, qpair, qpair->qid,
	            spdk_thread_get_id(group->thread));
	qpair->transport->ops->poll_group_remove(tgroup, qpair);
	if (qpair->ctrlr == NULL) {
		group->current_unassociated_qpairs--;
	} else if (nvmf_qpair_is_admin(qpair)) {
		group->stat.current_admin_qpairs--;
	} else {
		group->stat.current_io_qpairs--;
	}
	TAILQ_REMOVE(&group->qpairs, qpair, link);
	qpair->group = NULL;
	poll_group_check_empty(group);
}

struct spdk_nvmf_poll_group *
spdk_nvmf_get_optimal_poll_group(struct spdk_nvmf_qpair *qpair)
{
	struct spdk_nvmf_transport *transport = qpair->transport;
	struct spdk_nvmf_transport_poll_group *tgroup = NULL;

	if (transport->ops->get_optimal_poll_group != NULL) {
		tgroup = transport->ops->get_optimal_poll_group(qpair);
	}
	return tgroup != NULL ? tgroup->group : NULL;
}
