/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Queue pairs over TCP: memory, connecting step by step, disconnecting, polling. Owner: the thread
 * that uses the queue pair.
 *
 *	CLOSED -> SOCK_CONNECTING -> WAIT_IC -> WAIT_CONNECT -> UP -> CLOSED
 *
 * Deadlines: the socket's connection by tcp_connect_timeout_ms (or NVME_TCP_CONNECT_TIMEOUT_MS),
 * ICResp by NVME_TCP_IC_TIMEOUT_MS, the fabrics Connect by fabric.c.
 *
 * Disconnecting closes the socket first: from then on nothing reads or writes the buffers of
 * commands. Then commands are aborted. A socket that is closed within one of its own call-backs
 * gives its writes back when that returns; a request whose write is still out stays off the free
 * list until then (send.c), and the memory of the queue pair stays until the poll is over
 * (nvme_qpair_leave_poll()).
 */

#include "tcp.h"

/* ---- Memory ---- */

static void
tcp_qpair_free(struct nvme_tcp_qpair *tqpair)
{
	nvme_qpair_deinit(&tqpair->qpair);
	spdk_free(tqpair->reqs);
	spdk_free(tqpair->rx_buf);
	spdk_free(tqpair);
}

struct spdk_nvme_qpair *
nvme_tcp_qpair_create(struct spdk_nvme_ctrlr *ctrlr, uint16_t qid, uint32_t queue_size,
                      enum spdk_nvme_qprio qprio, uint32_t num_requests, bool async)
{
	struct nvme_tcp_qpair *tqpair = spdk_zmalloc(sizeof(*tqpair), SPDK_CACHE_LINE_SIZE, NULL,
	                                             SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	uint32_t i;

	if (tqpair == NULL) {
		return NULL;
	}
	if (nvme_qpair_init(&tqpair->qpair, qid, ctrlr, qprio, num_requests, async) != 0) {
		tcp_qpair_free(tqpair);
		return NULL;
	}
	/* One place of a queue stays empty, to tell full from empty. */
	tqpair->num_reqs = queue_size - 1;
	tqpair->qpair.queue_depth = (uint16_t)spdk_min(tqpair->num_reqs, (uint32_t)UINT16_MAX);
	tqpair->reqs = spdk_zmalloc(tqpair->num_reqs * sizeof(*tqpair->reqs), SPDK_CACHE_LINE_SIZE,
	                            NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	tqpair->rx_buf = spdk_zmalloc(NVME_TCP_RX_BYTES, SPDK_CACHE_LINE_SIZE, NULL,
	                              SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	if (tqpair->reqs == NULL || tqpair->rx_buf == NULL) {
		tcp_qpair_free(tqpair);
		return NULL;
	}
	SLIST_INIT(&tqpair->free);
	TAILQ_INIT(&tqpair->outstanding);
	for (i = tqpair->num_reqs; i-- > 0;) {
		nvme_tcp_req_init(&tqpair->reqs[i], tqpair, (uint16_t)i);
		SLIST_INSERT_HEAD(&tqpair->free, &tqpair->reqs[i], free_link);
	}
	tqpair->stats = &tqpair->own_stats;
	return &tqpair->qpair;
}

int
nvme_tcp_qpair_delete(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair)
{
	assert(nvme_tcp_qpair(qpair)->state == NVME_TCP_CLOSED);
	tcp_qpair_free(nvme_tcp_qpair(qpair));
	return 0;
}

/* ---- Connect ---- */

static void
set_state(struct nvme_tcp_qpair *tqpair, enum nvme_tcp_state state, uint64_t timeout_ms)
{
	assert(state == NVME_TCP_CLOSED || state == tqpair->state + 1);
	tqpair->state = state;
	tqpair->qpair.deadline_ticks = timeout_ms != 0 ? nvme_deadline_ms(timeout_ms) : UINT64_MAX;
}

static void
sock_connected(void *arg, int status)
{
	struct nvme_tcp_qpair *tqpair = arg;

	assert(status <= 0);
	tqpair->connect_status = status;
}

/* The most data that a command of this queue may carry: fixed for admin, IOCCSZ for I/O. */
static uint32_t
in_capsule_bytes_max(const struct spdk_nvme_qpair *qpair)
{
	const struct spdk_nvme_ctrlr_data *cdata = &qpair->ctrlr->cdata;
	uint64_t capsule = (uint64_t)cdata->nvmf_specific.ioccsz * 16;

	if (qpair->id == 0) {
		return NVME_TCP_ADMIN_IN_CAPSULE_BYTES;
	}
	/* With an offset the data would not follow the command; TCP has none. */
	if (capsule <= sizeof(struct spdk_nvme_cmd) || cdata->nvmf_specific.icdoff != 0) {
		return 0;
	}
	return (uint32_t)spdk_min(capsule - sizeof(struct spdk_nvme_cmd), (uint64_t)UINT32_MAX);
}

static int
open_sock(struct nvme_tcp_qpair *tqpair, uint64_t timeout_ms)
{
	struct spdk_nvme_ctrlr *ctrlr = tqpair->qpair.ctrlr;
	struct spdk_sock_opts opts = { .opts_size = sizeof(opts) };
	long port = spdk_strtol(ctrlr->trid.trsvcid, 10);
	long src_port = 0;

	if (ctrlr->opts.src_svcid[0] != '\0') {
		src_port = spdk_strtol(ctrlr->opts.src_svcid, 10);
	}
	if (port <= 0 || port > UINT16_MAX || src_port < 0 || src_port > UINT16_MAX) {
		SPDK_ERRLOG("%s: '%s' is not a TCP port\n", ctrlr->trid.subnqn,
		            port <= 0 || port > UINT16_MAX ? ctrlr->trid.trsvcid
		                                           : ctrlr->opts.src_svcid);
		return -EINVAL;
	}
	spdk_sock_get_default_opts(&opts);
	opts.priority = ctrlr->trid.priority;
	opts.connect_timeout = (uint32_t)timeout_ms;
	if (ctrlr->opts.transport_ack_timeout != 0 && ctrlr->opts.transport_ack_timeout < 32) {
		opts.ack_timeout = 1u << ctrlr->opts.transport_ack_timeout;
	}
	if (ctrlr->opts.src_addr[0] != '\0') {
		opts.src_addr = ctrlr->opts.src_addr;
		opts.src_port = (uint16_t)src_port;
	}
	errno = EIO; /* of an implementation that does not say */
	tqpair->sock = spdk_sock_connect_async(ctrlr->trid.traddr, (int)port, NULL, &opts,
	                                       sock_connected, tqpair);
	/* The socket's implementation has logged why not. */
	return tqpair->sock != NULL ? 0 : -errno;
}

int
nvme_tcp_qpair_connect(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair)
{
	struct nvme_tcp_qpair *tqpair = nvme_tcp_qpair(qpair);
	struct spdk_nvme_transport_opts opts;
	uint64_t timeout_ms;
	int rc;

	assert(tqpair->state == NVME_TCP_CLOSED && tqpair->sock == NULL);
	spdk_nvme_transport_get_opts(&opts, sizeof(opts));
	timeout_ms = opts.tcp_connect_timeout_ms != 0 ? opts.tcp_connect_timeout_ms
	                                              : NVME_TCP_CONNECT_TIMEOUT_MS;
	nvme_tcp_recv_reset(tqpair);
	wire_link_init(&tqpair->link, WIRE_HOST, 0);
	tqpair->in_capsule_bytes_max = in_capsule_bytes_max(qpair);
	tqpair->connect_status = 1;
	tqpair->generation++;
	rc = open_sock(tqpair, timeout_ms);
	if (rc != 0) {
		return rc;
	}
	set_state(tqpair, NVME_TCP_SOCK_CONNECTING, timeout_ms);
	return qpair->poll_group != NULL ? nvme_tcp_group_add_sock(tqpair) : 0;
}

static void
send_ic_req(struct nvme_tcp_qpair *tqpair)
{
	const struct spdk_nvme_ctrlr_opts *opts = &tqpair->qpair.ctrlr->opts;
	struct wire_ic_opts ours = {
		.hdgst = opts->header_digest,
		.ddgst = opts->data_digest,
		.r2t_max = NVME_TCP_R2T_MAX,
	};

	nvme_tcp_send_ctl(tqpair, wire_build_ic_req(tqpair->ctl_hdr, &ours));
}

static int
step_sock(struct nvme_tcp_qpair *tqpair)
{
	const struct spdk_nvme_ctrlr *ctrlr = tqpair->qpair.ctrlr;

	if (tqpair->connect_status > 0) {
		return 0;
	}
	if (tqpair->connect_status < 0) {
		SPDK_ERRLOG("%s: no connection to %s:%s: %s\n", ctrlr->trid.subnqn,
		            ctrlr->trid.traddr, ctrlr->trid.trsvcid,
		            spdk_strerror(-tqpair->connect_status));
		return tqpair->connect_status;
	}
	/* A write of the connection before may still be with its socket, in a call-back. */
	if (tqpair->ctl_sending) {
		return 0;
	}
	set_state(tqpair, NVME_TCP_WAIT_IC, NVME_TCP_IC_TIMEOUT_MS);
	send_ic_req(tqpair);
	return 0;
}

int
nvme_tcp_qpair_connect_step(struct nvme_tcp_qpair *tqpair)
{
	int rc;

	switch (tqpair->state) {
	case NVME_TCP_SOCK_CONNECTING:
		return step_sock(tqpair);
	case NVME_TCP_WAIT_IC:
		if (tqpair->link.phase != WIRE_READY) {
			return 0;
		}
		set_state(tqpair, NVME_TCP_WAIT_CONNECT,
		          tqpair->qpair.ctrlr->opts.admin_timeout_ms);
		return nvme_fabric_connect_start(&tqpair->qpair, tqpair->num_reqs + 1);
	case NVME_TCP_WAIT_CONNECT:
		rc = nvme_fabric_connect_poll(&tqpair->qpair);
		if (rc == -EAGAIN) {
			return 0;
		}
		if (rc == 0) {
			set_state(tqpair, NVME_TCP_UP, 0);
			nvme_qpair_connect_done(&tqpair->qpair);
		}
		return rc;
	default:
		return 0;
	}
}

/* ---- Disconnect ---- */

int
nvme_tcp_qpair_fault(struct nvme_tcp_qpair *tqpair, const struct wire_fault *fault, const void *hdr,
                     size_t hdr_bytes)
{
	const struct spdk_nvme_ctrlr *ctrlr = tqpair->qpair.ctrlr;
	size_t len;

	SPDK_ERRLOG_RATELIMIT("%s: queue %u: the target broke the protocol: %s; disconnecting\n",
	                      ctrlr->trid.subnqn, tqpair->qpair.id, fault->what);
	tqpair->qpair.failure_reason = SPDK_NVME_QPAIR_FAILURE_UNKNOWN;
	if (!tqpair->ctl_sending && tqpair->link.phase != WIRE_TERMINATED) {
		len = wire_build_term_req(&tqpair->link, tqpair->ctl_hdr, fault, hdr, hdr_bytes);
		tqpair->link.phase = WIRE_TERMINATED;
		nvme_tcp_send_ctl(tqpair, len);
		/* As far as the socket takes it now; nobody waits for a peer that breaks rules. */
		spdk_sock_flush(tqpair->sock);
	}
	return -EPROTO;
}

void
nvme_tcp_qpair_disconnect(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_qpair *qpair)
{
	struct nvme_tcp_qpair *tqpair = nvme_tcp_qpair(qpair);

	tqpair->generation++;
	/* Writes that the socket gives back while it closes are followed by none. */
	tqpair->link.phase = WIRE_TERMINATED;
	if (tqpair->sock != NULL) {
		nvme_tcp_group_remove_sock(tqpair);
		spdk_sock_close(&tqpair->sock);
		tqpair->sock = NULL;
	}
	set_state(tqpair, NVME_TCP_CLOSED, 0);
	nvme_tcp_recv_reset(tqpair);
	nvme_qpair_disconnect_done(qpair);
}

static void
abort_one(struct nvme_tcp_req *treq, uint32_t dnr)
{
	struct nvme_tcp_qpair *tqpair = treq->tqpair;
	struct nvme_request *req = treq->req;

	treq->req = NULL;
	treq->r2t_left = 0;
	TAILQ_REMOVE(&tqpair->outstanding, treq, link);
	if ((treq->flags & NVME_TCP_REQ_SENDING) == 0) {
		SLIST_INSERT_HEAD(&tqpair->free, treq, free_link);
	}
	nvme_request_fail(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_ABORTED_SQ_DELETION, dnr != 0);
}

void
nvme_tcp_qpair_abort_reqs(struct spdk_nvme_qpair *qpair, uint32_t dnr)
{
	struct nvme_tcp_qpair *tqpair = nvme_tcp_qpair(qpair);
	struct nvme_tcp_req *treq;

	/* Call-backs can't add any: the queue pair admits nothing now. */
	while ((treq = TAILQ_FIRST(&tqpair->outstanding)) != NULL) {
		abort_one(treq, dnr);
	}
}

void
nvme_tcp_qpair_abort_aers(struct spdk_nvme_qpair *qpair)
{
	struct nvme_tcp_qpair *tqpair = nvme_tcp_qpair(qpair);
	struct nvme_tcp_req *treq, *tmp;

	TAILQ_FOREACH_SAFE(treq, &tqpair->outstanding, link, tmp) {
		if ((treq->req->flags & NVME_REQ_AER) != 0) {
			abort_one(treq, 0);
		}
	}
}

int
nvme_tcp_qpair_iterate(struct spdk_nvme_qpair *qpair,
                       int (*iter_fn)(struct nvme_request *req, void *arg), void *arg)
{
	struct nvme_tcp_qpair *tqpair = nvme_tcp_qpair(qpair);
	struct nvme_tcp_req *treq, *tmp;

	TAILQ_FOREACH_SAFE(treq, &tqpair->outstanding, link, tmp) {
		int rc = iter_fn(treq->req, arg);

		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

/* ---- Poll ---- */

static void
check_timeouts(struct nvme_tcp_qpair *tqpair)
{
	struct nvme_tcp_req *treq = TAILQ_FIRST(&tqpair->outstanding);
	uint64_t now = spdk_get_ticks();

	while (treq != NULL) {
		switch (nvme_request_check_timeout(treq->req, treq->cid, now)) {
		case NVME_TIMEOUT_NOT_YET:
			/* In order of submit: nor are those behind it. */
			return;
		case NVME_TIMEOUT_TOLD:
			/* Its call-back may have completed any of them: from the start. */
			treq = TAILQ_FIRST(&tqpair->outstanding);
			break;
		case NVME_TIMEOUT_PASS:
			treq = TAILQ_NEXT(treq, link);
			break;
		}
	}
}

static int
poll_connecting(struct nvme_tcp_qpair *tqpair)
{
	static const char *const what[] = {
		[NVME_TCP_SOCK_CONNECTING] = "no connection",
		[NVME_TCP_WAIT_IC] = "no ICResp",
		[NVME_TCP_WAIT_CONNECT] = "no answer to Connect",
	};
	const struct spdk_nvme_ctrlr *ctrlr = tqpair->qpair.ctrlr;
	int rc = nvme_tcp_qpair_connect_step(tqpair);

	if (rc == 0 && tqpair->qpair.state == NVME_QPAIR_CONNECTING &&
	    spdk_get_ticks() > tqpair->qpair.deadline_ticks) {
		SPDK_ERRLOG("%s: queue %u: %s:%s: %s in time\n", ctrlr->trid.subnqn,
		            tqpair->qpair.id, ctrlr->trid.traddr, ctrlr->trid.trsvcid,
		            what[tqpair->state]);
		rc = -ETIMEDOUT;
	}
	return rc;
}

int32_t
nvme_tcp_qpair_process_completions(struct spdk_nvme_qpair *qpair, uint32_t max)
{
	struct nvme_tcp_qpair *tqpair = nvme_tcp_qpair(qpair);
	uint32_t generation = tqpair->generation;
	int32_t rc, step;

	/* A connect that waits inside a group's poll gets no other flush. */
	if (qpair->poll_group == NULL || !qpair->poll_group->group->in_poll ||
	    spdk_unlikely(qpair->state == NVME_QPAIR_CONNECTING)) {
		tqpair->stats->polls++;
		/* Errors show up when reading. This may run call-backs of writes. */
		spdk_sock_flush(tqpair->sock);
		if (spdk_unlikely(tqpair->generation != generation)) {
			return 0;
		}
	}
	rc = 0;
	if (spdk_likely(tqpair->state != NVME_TCP_SOCK_CONNECTING)) {
		rc = nvme_tcp_recv(tqpair, max != 0 ? max : tqpair->num_reqs);
	}
	/* A call-back ended this connection, and maybe began another: not to be judged here. */
	if (spdk_unlikely(tqpair->generation != generation)) {
		return 0;
	}
	if (spdk_unlikely(rc < 0)) {
		SPDK_INFOLOG(nvme, "%s: queue %u: connection lost: %d\n", qpair->ctrlr->trid.subnqn,
		             qpair->id, rc);
		return rc;
	}
	if (spdk_unlikely(qpair->state == NVME_QPAIR_CONNECTING)) {
		step = poll_connecting(tqpair);
		if (step < 0) {
			return step;
		}
	}
	/* Not in a poll within a time-out's call-back: it would tell of the next, and so on. */
	if (spdk_unlikely(qpair->timeout_ticks != 0) && qpair->in_poll == 1) {
		check_timeouts(tqpair);
		if (tqpair->generation != generation) {
			return 0;
		}
	}
	nvme_tcp_group_update_needs_poll(tqpair);
	return rc;
}
