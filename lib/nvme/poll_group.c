/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Poll groups: queue pairs of one thread, polled together; inside, one group of each transport
 * that occurs. Owner: the thread that polls. A transport's group finds the queue pairs with
 * something to do by itself; the rest (deadlines, time-outs, resets by other threads) is looked at
 * once a millisecond.
 */

#include "spdk_internal/nvme.h"

#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/log.h"
#include "spdk/util.h"

struct spdk_nvme_poll_group *
spdk_nvme_poll_group_create(void *ctx, struct spdk_nvme_accel_fn_table *table)
{
	struct spdk_nvme_poll_group *group = calloc(1, sizeof(*group));

	/* No transport hands work to an accel framework; the table is not needed. */
	if (group != NULL) {
		group->ctx = ctx;
		STAILQ_INIT(&group->tgroups);
	}
	return group;
}

void *
spdk_nvme_poll_group_get_ctx(struct spdk_nvme_poll_group *group)
{
	return group->ctx;
}

static struct spdk_nvme_transport_poll_group *
group_find_transport(struct spdk_nvme_poll_group *group, const struct spdk_nvme_transport_ops *ops)
{
	struct spdk_nvme_transport_poll_group *tgroup;

	STAILQ_FOREACH(tgroup, &group->tgroups, link) {
		if (tgroup->ops == ops) {
			return tgroup;
		}
	}
	tgroup = ops->poll_group_create();
	if (tgroup == NULL) {
		return NULL;
	}
	tgroup->group = group;
	tgroup->ops = ops;
	STAILQ_INIT(&tgroup->connected);
	STAILQ_INIT(&tgroup->disconnected);
	STAILQ_INSERT_TAIL(&group->tgroups, tgroup, link);
	return tgroup;
}

int
spdk_nvme_poll_group_add(struct spdk_nvme_poll_group *group, struct spdk_nvme_qpair *qpair)
{
	struct spdk_nvme_transport_poll_group *tgroup;

	if (qpair->state != NVME_QPAIR_DISCONNECTED || qpair->poll_group != NULL) {
		return -EINVAL;
	}
	tgroup = group_find_transport(group, qpair->ops);
	if (tgroup == NULL) {
		return -ENOMEM;
	}
	qpair->poll_group = tgroup;
	STAILQ_INSERT_TAIL(&tgroup->disconnected, qpair, poll_group_link);
	return 0;
}

int
spdk_nvme_poll_group_remove(struct spdk_nvme_poll_group *group, struct spdk_nvme_qpair *qpair)
{
	struct spdk_nvme_transport_poll_group *tgroup = qpair->poll_group;

	if (tgroup == NULL || tgroup->group != group) {
		return -ENOENT;
	}
	if (qpair->state != NVME_QPAIR_DISCONNECTED) {
		return -EINVAL;
	}
	STAILQ_REMOVE(&tgroup->disconnected, qpair, spdk_nvme_qpair, poll_group_link);
	qpair->poll_group = NULL;
	return 0;
}

void
nvme_poll_group_qpair_connected(struct spdk_nvme_qpair *qpair)
{
	struct spdk_nvme_transport_poll_group *tgroup = qpair->poll_group;

	if (tgroup != NULL) {
		STAILQ_REMOVE(&tgroup->disconnected, qpair, spdk_nvme_qpair, poll_group_link);
		STAILQ_INSERT_TAIL(&tgroup->connected, qpair, poll_group_link);
	}
}

void
nvme_poll_group_qpair_disconnected(struct spdk_nvme_qpair *qpair)
{
	struct spdk_nvme_transport_poll_group *tgroup = qpair->poll_group;

	if (tgroup != NULL) {
		STAILQ_REMOVE(&tgroup->connected, qpair, spdk_nvme_qpair, poll_group_link);
		STAILQ_INSERT_TAIL(&tgroup->disconnected, qpair, poll_group_link);
	}
}

static struct spdk_nvme_qpair *
group_find_to_delete(struct spdk_nvme_poll_group *group)
{
	struct spdk_nvme_transport_poll_group *tgroup;
	struct spdk_nvme_qpair *qpair;

	STAILQ_FOREACH(tgroup, &group->tgroups, link) {
		STAILQ_FOREACH(qpair, &tgroup->connected, poll_group_link) {
			if (qpair->delete_after_poll) {
				return qpair;
			}
		}
		STAILQ_FOREACH(qpair, &tgroup->disconnected, poll_group_link) {
			if (qpair->delete_after_poll) {
				return qpair;
			}
		}
	}
	return NULL;
}

/* Frees what call-backs of this poll gave back. Each search is a new one: call-backs of what is
 * aborted may free others. */
static __attribute__((noinline)) void
group_delete_pending(struct spdk_nvme_poll_group *group)
{
	struct spdk_nvme_qpair *qpair;

	while ((qpair = group_find_to_delete(group)) != NULL) {
		spdk_nvme_ctrlr_free_io_qpair(qpair);
	}
	group->num_to_delete = 0;
}

/* The rest of a poll is short and runs millions of times a second: what is rare stays out of it. */
static __attribute__((noinline)) void
group_attend(struct spdk_nvme_poll_group *group, uint64_t now)
{
	struct spdk_nvme_transport_poll_group *tgroup;
	struct spdk_nvme_qpair *qpair, *tmp;

	group->next_check_ticks = now + spdk_get_ticks_hz() / SPDK_SEC_TO_MSEC;
	STAILQ_FOREACH(tgroup, &group->tgroups, link) {
		STAILQ_FOREACH_SAFE(qpair, &tgroup->connected, poll_group_link, tmp) {
			nvme_qpair_attend(qpair);
		}
	}
}

static __attribute__((noinline)) void
group_tell_disconnected(struct spdk_nvme_transport_poll_group *tgroup,
                        spdk_nvme_disconnected_qpair_cb disconnected_qpair_cb)
{
	struct spdk_nvme_qpair *qpair, *tmp;

	STAILQ_FOREACH_SAFE(qpair, &tgroup->disconnected, poll_group_link, tmp) {
		if (!qpair->delete_after_poll) {
			disconnected_qpair_cb(qpair, tgroup->group->ctx);
		}
	}
}

int64_t
spdk_nvme_poll_group_process_completions(struct spdk_nvme_poll_group *group,
                                         uint32_t completions_per_qpair,
                                         spdk_nvme_disconnected_qpair_cb disconnected_qpair_cb)
{
	struct spdk_nvme_transport_poll_group *tgroup;
	int64_t result = 0; /* completions, or the first error */
	uint64_t now;

	if (spdk_unlikely(disconnected_qpair_cb == NULL)) {
		return -EINVAL;
	}
	if (spdk_unlikely(group->in_poll)) {
		/* From a call-back: nothing new can be there. */
		return 0;
	}
	group->in_poll = true;
	now = spdk_get_ticks();
	if (spdk_unlikely(now >= group->next_check_ticks)) {
		group_attend(group, now);
	}
	STAILQ_FOREACH(tgroup, &group->tgroups, link) {
		int64_t rc = tgroup->ops->poll_group_process_completions(
		        tgroup, completions_per_qpair, disconnected_qpair_cb);

		if (spdk_unlikely((rc | result) < 0)) {
			result = result < 0 ? result : rc;
		} else {
			result += rc;
		}
		if (spdk_unlikely(!STAILQ_EMPTY(&tgroup->disconnected))) {
			group_tell_disconnected(tgroup, disconnected_qpair_cb);
		}
	}
	group->in_poll = false;
	if (spdk_unlikely(group->num_to_delete > 0)) {
		group_delete_pending(group);
	}
	return result;
}

int
spdk_nvme_poll_group_all_connected(struct spdk_nvme_poll_group *group)
{
	struct spdk_nvme_transport_poll_group *tgroup;
	struct spdk_nvme_qpair *qpair;
	int rc = 0;

	STAILQ_FOREACH(tgroup, &group->tgroups, link) {
		if (!STAILQ_EMPTY(&tgroup->disconnected)) {
			return -EIO;
		}
		STAILQ_FOREACH(qpair, &tgroup->connected, poll_group_link) {
			if (qpair->state == NVME_QPAIR_CONNECTING) {
				rc = -EAGAIN;
			} else if (qpair->state != NVME_QPAIR_CONNECTED) {
				return -EIO;
			}
		}
	}
	return rc;
}

int
spdk_nvme_poll_group_destroy(struct spdk_nvme_poll_group *group)
{
	struct spdk_nvme_transport_poll_group *tgroup, *tmp;

	STAILQ_FOREACH(tgroup, &group->tgroups, link) {
		if (!STAILQ_EMPTY(&tgroup->connected) || !STAILQ_EMPTY(&tgroup->disconnected)) {
			return -EBUSY;
		}
	}
	STAILQ_FOREACH_SAFE(tgroup, &group->tgroups, link, tmp) {
		STAILQ_REMOVE(&group->tgroups, tgroup, spdk_nvme_transport_poll_group, link);
		tgroup->ops->poll_group_destroy(tgroup);
	}
	free(group);
	return 0;
}

/* ---- Statistics ---- */

int
spdk_nvme_poll_group_get_stats(struct spdk_nvme_poll_group *group,
                               struct spdk_nvme_poll_group_stat **stats)
{
	struct spdk_nvme_transport_poll_group *tgroup;
	struct spdk_nvme_poll_group_stat *result;
	uint32_t count = 0;

	if (group == NULL || stats == NULL) {
		return -EINVAL;
	}
	STAILQ_FOREACH(tgroup, &group->tgroups, link) {
		count++;
	}
	result = calloc(1, sizeof(*result));
	if (result == NULL) {
		return -ENOMEM;
	}
	result->transport_stat = calloc(spdk_max(count, 1u), sizeof(*result->transport_stat));
	if (result->transport_stat == NULL) {
		free(result);
		return -ENOMEM;
	}
	STAILQ_FOREACH(tgroup, &group->tgroups, link) {
		if (tgroup->ops->poll_group_get_stats != NULL &&
		    tgroup->ops->poll_group_get_stats(
		            tgroup, &result->transport_stat[result->num_transports]) == 0) {
			result->num_transports++;
		}
	}
	if (result->num_transports == 0) {
		free(result->transport_stat);
		free(result);
		return -ENOTSUP;
	}
	*stats = result;
	return 0;
}

void
spdk_nvme_poll_group_free_stats(struct spdk_nvme_poll_group *group,
                                struct spdk_nvme_poll_group_stat *stat)
{
	struct spdk_nvme_transport_poll_group *tgroup;
	uint32_t i;

	for (i = 0; i < stat->num_transports; i++) {
		STAILQ_FOREACH(tgroup, &group->tgroups, link) {
			if (tgroup->ops->type == stat->transport_stat[i]->trtype) {
				tgroup->ops->poll_group_free_stats(tgroup, stat->transport_stat[i]);
				break;
			}
		}
	}
	free(stat->transport_stat);
	free(stat);
}
