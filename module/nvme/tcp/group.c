/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Poll groups over TCP: one socket group. A poll of it sends what is queued and names the sockets
 * with something to read; beside those only the queue pairs in needs_poll are looked at, which hold
 * received bytes in their own memory. Owner: the thread that polls.
 */

#include "tcp.h"

struct spdk_nvme_transport_poll_group *
nvme_tcp_group_create(void)
{
	struct nvme_tcp_group *group = calloc(1, sizeof(*group));

	if (group == NULL) {
		return NULL;
	}
	TAILQ_INIT(&group->needs_poll);
	group->sock_group = spdk_sock_group_create(group);
	if (group->sock_group == NULL) {
		SPDK_ERRLOG("no socket group for NVMe/TCP: %s\n", spdk_strerror(errno));
		free(group);
		return NULL;
	}
	return &group->tgroup;
}

int
nvme_tcp_group_destroy(struct spdk_nvme_transport_poll_group *tgroup)
{
	struct nvme_tcp_group *group = nvme_tcp_group(tgroup);

	assert(TAILQ_EMPTY(&group->needs_poll));
	spdk_sock_group_close(&group->sock_group);
	free(group);
	return 0;
}

static void
poll_one(struct nvme_tcp_group *group, struct nvme_tcp_qpair *tqpair)
{
	int32_t rc;

	rc = spdk_nvme_qpair_process_completions(&tqpair->qpair, group->completions_per_qpair);
	if (spdk_likely(rc > 0)) {
		group->num_completions += rc;
	}
}

static void
sock_readable(void *arg, struct spdk_sock_group *sock_group, struct spdk_sock *sock)
{
	poll_one(spdk_sock_group_get_ctx(sock_group), arg);
}

int
nvme_tcp_group_add_sock(struct nvme_tcp_qpair *tqpair)
{
	struct nvme_tcp_group *group = nvme_tcp_group(tqpair->qpair.poll_group);

	if (spdk_sock_group_add_sock(group->sock_group, tqpair->sock, sock_readable, tqpair) != 0) {
		return -errno;
	}
	tqpair->stats = &group->stats;
	return 0;
}

static void
set_wants_poll(struct nvme_tcp_group *group, struct nvme_tcp_qpair *tqpair, bool wants_poll)
{
	if (wants_poll == tqpair->wants_poll) {
		return;
	}
	tqpair->wants_poll = wants_poll;
	if (wants_poll) {
		TAILQ_INSERT_TAIL(&group->needs_poll, tqpair, poll_link);
		group->num_needing++;
	} else {
		TAILQ_REMOVE(&group->needs_poll, tqpair, poll_link);
		group->num_needing--;
	}
}

void
nvme_tcp_group_remove_sock(struct nvme_tcp_qpair *tqpair)
{
	struct nvme_tcp_group *group;

	if (tqpair->qpair.poll_group == NULL) {
		return;
	}
	group = nvme_tcp_group(tqpair->qpair.poll_group);
	/* Fails when it never got in; that is fine. */
	spdk_sock_group_remove_sock(group->sock_group, tqpair->sock);
	set_wants_poll(group, tqpair, false);
	tqpair->stats = &tqpair->own_stats;
}

void
nvme_tcp_group_update_needs_poll(struct nvme_tcp_qpair *tqpair)
{
	if (spdk_unlikely(tqpair->rx_stopped != tqpair->wants_poll) &&
	    tqpair->qpair.poll_group != NULL) {
		set_wants_poll(nvme_tcp_group(tqpair->qpair.poll_group), tqpair,
		               tqpair->rx_stopped);
	}
}

static __attribute__((noinline)) void
poll_needing(struct nvme_tcp_group *group)
{
	struct nvme_tcp_qpair *tqpair;
	uint32_t n;

	/* Each that is there now in its turn. Call-backs may take any of them away. */
	for (n = group->num_needing; n > 0 && !TAILQ_EMPTY(&group->needs_poll); n--) {
		tqpair = TAILQ_FIRST(&group->needs_poll);
		TAILQ_REMOVE(&group->needs_poll, tqpair, poll_link);
		TAILQ_INSERT_TAIL(&group->needs_poll, tqpair, poll_link);
		poll_one(group, tqpair);
	}
}

int64_t
nvme_tcp_group_process_completions(struct spdk_nvme_transport_poll_group *tgroup,
                                   uint32_t completions_per_qpair,
                                   spdk_nvme_disconnected_qpair_cb disconnected_qpair_cb)
{
	struct nvme_tcp_group *group = nvme_tcp_group(tgroup);
	int num_events;

	group->completions_per_qpair = completions_per_qpair;
	group->num_completions = 0;
	group->stats.polls++;
	num_events = spdk_sock_group_poll(group->sock_group);
	if (spdk_unlikely(!TAILQ_EMPTY(&group->needs_poll))) {
		poll_needing(group);
	}
	if (spdk_unlikely(num_events < 0)) {
		return -errno;
	}
	if (num_events == 0 && group->num_completions == 0) {
		group->stats.idle_polls++;
	}
	return group->num_completions;
}

int
nvme_tcp_group_get_stats(struct spdk_nvme_transport_poll_group *tgroup,
                         struct spdk_nvme_transport_poll_group_stat **stats)
{
	struct spdk_nvme_transport_poll_group_stat *stat = calloc(1, sizeof(*stat));

	if (stat == NULL) {
		return -ENOMEM;
	}
	stat->trtype = SPDK_NVME_TRANSPORT_TCP;
	stat->tcp = nvme_tcp_group(tgroup)->stats;
	*stats = stat;
	return 0;
}

void
nvme_tcp_group_free_stats(struct spdk_nvme_transport_poll_group *tgroup,
                          struct spdk_nvme_transport_poll_group_stat *stats)
{
	free(stats);
}
