/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The TCP target against a host made of bytes: a socket in memory, whose other side the tests play
 * with the builders of lib/nvme_wire. One connection at a time, to the discovery service. Each
 * allocation from the accept to the answer of Connect fails in turn: the connection ends or the
 * command fails, nothing is lost, and the next connection is as good as the first.
 */

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>

#include "spdk/env.h"
#include "spdk/nvmf.h"
#include "spdk/util.h"
#include "spdk_internal/env.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/nvme_wire.h"
#include "spdk_internal/sock_module.h"
#include "ut_threads.h"

#define FAULTS_MAX 100

/* ---- Sockets in memory: they take the place of the posix implementation ---- */

struct mem_sock {
	struct spdk_sock base;
	int fd;
};

static struct {
	struct mem_sock *conn; /* the open one */
	bool waiting;          /* a connection can be accepted */
	uint8_t rx[8192];      /* host to target */
	size_t rx_len, rx_pos;
	bool rx_eof;
	uint8_t tx[8192]; /* target to host */
	size_t tx_len, tx_pos;
	int accepts;
} g_net;

extern struct spdk_net_impl g_posix_net_impl;

static struct spdk_sock *
mem_open(const struct spdk_sock_opts *opts)
{
	struct mem_sock *s = test_calloc(1, sizeof(*s));

	basalt_sock_init(&s->base, &g_posix_net_impl, opts);
	s->fd = env_event_create();
	if (s->fd < 0) {
		test_free(s);
		errno = ENOMEM;
		return NULL;
	}
	return &s->base;
}

static struct spdk_sock *
mem_listen(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	return mem_open(opts);
}

static struct spdk_sock *
mem_accept(struct spdk_sock *listener)
{
	struct spdk_sock *sock;

	g_net.accepts++;
	if (!g_net.waiting) {
		errno = EAGAIN;
		return NULL;
	}
	sock = mem_open(&listener->opts);
	if (sock != NULL) {
		g_net.waiting = false;
		g_net.conn = SPDK_CONTAINEROF(sock, struct mem_sock, base);
	}
	return sock;
}

static int
mem_close(struct spdk_sock *sock)
{
	struct mem_sock *s = SPDK_CONTAINEROF(sock, struct mem_sock, base);

	assert_true(TAILQ_EMPTY(&sock->queued) && TAILQ_EMPTY(&sock->done));
	if (s == g_net.conn) {
		g_net.conn = NULL;
	}
	env_event_close(s->fd);
	test_free(s);
	return 0;
}

static int
mem_getaddr(struct spdk_sock *sock, char *saddr, int slen, uint16_t *sport, char *caddr, int clen,
            uint16_t *cport)
{
	snprintf(saddr, slen, "127.0.0.1");
	snprintf(caddr, clen, "127.0.0.1");
	*sport = 4420;
	*cport = 40000;
	return 0;
}

static int
mem_get_fd(struct spdk_sock *sock)
{
	return SPDK_CONTAINEROF(sock, struct mem_sock, base)->fd;
}

static void
mem_writev_async(struct spdk_sock *sock, struct spdk_sock_request *req)
{
	sock_request_queue(sock, req);
}

static int
mem_flush(struct spdk_sock *sock)
{
	struct iovec iov[16];
	size_t total;
	int i, n;

	while ((n = basalt_sock_gather(sock, iov, 16, &total)) > 0) {
		for (i = 0; i < n; i++) {
			assert_true(g_net.tx_len + iov[i].iov_len <= sizeof(g_net.tx));
			memcpy(g_net.tx + g_net.tx_len, iov[i].iov_base, iov[i].iov_len);
			g_net.tx_len += iov[i].iov_len;
		}
		basalt_sock_sent(sock, total, false);
	}
	return basalt_sock_complete_done(sock);
}

static ssize_t
mem_readv(struct spdk_sock *sock, struct iovec *iov, int iovcnt)
{
	size_t len, total = 0;
	int i;

	for (i = 0; i < iovcnt; i++) {
		len = spdk_min(iov[i].iov_len, g_net.rx_len - g_net.rx_pos);
		memcpy(iov[i].iov_base, g_net.rx + g_net.rx_pos, len);
		g_net.rx_pos += len;
		total += len;
	}
	if (total == 0 && !g_net.rx_eof) {
		errno = EAGAIN;
		return -1;
	}
	return (ssize_t)total;
}

struct mem_group {
	struct spdk_sock_group_impl base;
	int fd;
};

static struct spdk_sock_group_impl *
mem_group_create(void)
{
	struct mem_group *group = test_calloc(1, sizeof(*group));

	group->fd = env_event_create();
	return &group->base;
}

static int
mem_group_nothing(struct spdk_sock_group_impl *group, struct spdk_sock *sock)
{
	return 0;
}

static struct spdk_sock_group *
mem_group_get_optimal(struct spdk_sock *sock, struct spdk_sock_group *hint)
{
	return NULL;
}

static int
mem_group_poll(struct spdk_sock_group_impl *group)
{
	struct spdk_sock *sock = TAILQ_FIRST(&group->socks);

	group->num_ready = 0;
	(void)mem_flush(sock);
	/* The call-backs may have closed it. */
	sock = TAILQ_FIRST(&group->socks);
	if (sock != NULL && (g_net.rx_pos < g_net.rx_len || g_net.rx_eof)) {
		group->ready[group->num_ready++] = sock;
		sock->ready_idx = group->num_ready;
	}
	return group->num_ready;
}

static int
mem_group_get_fd(struct spdk_sock_group_impl *group)
{
	return SPDK_CONTAINEROF(group, struct mem_group, base)->fd;
}

static int
mem_group_close(struct spdk_sock_group_impl *group)
{
	env_event_close(mem_group_get_fd(group));
	test_free(group);
	return 0;
}

static void
mem_install(void)
{
	/* All of it: what is not played here does not exist. */
	g_posix_net_impl = (struct spdk_net_impl){
		.name = g_posix_net_impl.name,
		.priority = g_posix_net_impl.priority,
		.opts = g_posix_net_impl.opts,
		.listen = mem_listen,
		.accept = mem_accept,
		.close = mem_close,
		.getaddr = mem_getaddr,
		.get_fd = mem_get_fd,
		.writev_async = mem_writev_async,
		.flush = mem_flush,
		.readv = mem_readv,
		.group_create = mem_group_create,
		.group_get_optimal = mem_group_get_optimal,
		.group_add_sock = mem_group_nothing,
		.group_remove_sock = mem_group_nothing,
		.group_poll = mem_group_poll,
		.group_get_fd = mem_group_get_fd,
		.group_close = mem_group_close,
	};
}

/* ---- The target ---- */

static struct {
	struct spdk_nvmf_tgt *tgt;
	struct spdk_nvmf_subsystem *discovery;
	struct spdk_nvmf_poll_group *group;
	struct spdk_nvme_transport_id trid;
} g_test;

static void
note(void *arg, int status)
{
	*(int *)arg = status;
}

static void
note_state(struct spdk_nvmf_subsystem *subsystem, void *arg, int status)
{
	*(int *)arg = status;
}

static void
note_end(void *arg)
{
	*(int *)arg = 0;
}

static void
tgt_start(void)
{
	struct spdk_nvmf_target_opts opts = { .size = sizeof(opts),
		                              .name = "ut",
		                              .max_subsystems = 2 };
	struct spdk_nvmf_transport_opts topts;
	struct spdk_nvmf_transport *transport;
	int status = 1;

	ut_threads_start(1);
	set_thread(0);
	assert_int_equal(spdk_iobuf_initialize(), 0);
	g_test.tgt = spdk_nvmf_tgt_create(&opts);
	assert_true(spdk_nvmf_transport_opts_init("TCP", &topts, sizeof(topts)));
	transport = spdk_nvmf_transport_create("TCP", &topts);
	assert_non_null(transport);
	spdk_nvmf_tgt_add_transport(g_test.tgt, transport, note, &status);
	poll_threads();
	assert_int_equal(status, 0);
	g_test.group = spdk_nvmf_poll_group_create(g_test.tgt);
	assert_non_null(g_test.group);
	g_test.discovery = spdk_nvmf_subsystem_create_ext(
	        g_test.tgt, SPDK_NVMF_DISCOVERY_NQN, SPDK_NVMF_SUBTYPE_DISCOVERY_CURRENT, NULL);
	spdk_nvmf_subsystem_set_allow_any_host(g_test.discovery, true);
	spdk_nvmf_subsystem_allow_any_listener(g_test.discovery, true);
	status = 1;
	assert_int_equal(spdk_nvmf_subsystem_start(g_test.discovery, note_state, &status), 0);
	poll_threads();
	assert_int_equal(status, 0);
	spdk_nvme_trid_populate_transport(&g_test.trid, SPDK_NVME_TRANSPORT_TCP);
	g_test.trid.adrfam = SPDK_NVMF_ADRFAM_IPV4;
	snprintf(g_test.trid.traddr, sizeof(g_test.trid.traddr), "127.0.0.1");
	snprintf(g_test.trid.trsvcid, sizeof(g_test.trid.trsvcid), "4420");
	assert_int_equal(spdk_nvmf_tgt_listen_ext(g_test.tgt, &g_test.trid, NULL), 0);
}

static void
tgt_stop(void)
{
	int status = 1;

	assert_int_equal(spdk_nvmf_tgt_stop_listen(g_test.tgt, &g_test.trid), 0);
	spdk_nvmf_subsystem_stop(g_test.discovery, note_state, &status);
	poll_threads();
	assert_int_equal(status, 0);
	status = 1;
	spdk_nvmf_poll_group_destroy(g_test.group, note, &status);
	poll_threads();
	assert_int_equal(status, 0);
	status = 1;
	spdk_nvmf_tgt_destroy(g_test.tgt, note, &status);
	poll_threads();
	assert_int_equal(status, 0);
	status = 1;
	spdk_iobuf_finish(note_end, &status);
	poll_threads();
	assert_int_equal(status, 0);
	ut_threads_stop();
}

/* ---- The host ---- */

static void
put(const void *bytes, size_t len)
{
	assert_true(g_net.rx_len + len <= sizeof(g_net.rx));
	memcpy(g_net.rx + g_net.rx_len, bytes, len);
	g_net.rx_len += len;
}

/* The next PDU of the target; false when there is none. */
static bool
get_pdu(const struct wire_link *link, struct wire_pdu *pdu)
{
	struct wire_fault fault;

	if (g_net.tx_pos == g_net.tx_len) {
		return false;
	}
	assert_int_equal(wire_pdu_begin(link, g_net.tx + g_net.tx_pos, pdu, &fault), 0);
	assert_true(g_net.tx_len - g_net.tx_pos >= pdu->plen);
	assert_int_equal(wire_pdu_decode(link, g_net.tx + g_net.tx_pos, pdu, &fault), 0);
	g_net.tx_pos += pdu->plen;
	return true;
}

enum outcome {
	NOT_ACCEPTED, /* the connection waits, or was closed */
	REFUSED,      /* Connect failed */
	CONNECTED
};

/* Connect to the discovery service with a queue of \p depth. */
static enum outcome
host_connect(struct wire_link *link, uint16_t depth)
{
	struct wire_ic_opts ours = { .r2t_max = 1 };
	struct wire_connect_cmd cc = { .cid = 7, .sqsize = depth - 1 };
	struct wire_connect_data cd = { .hostid = { 1 }, .cntlid = 0xffff };
	uint8_t hdr[WIRE_TX_HDR_BYTES_MAX], data[WIRE_CONNECT_DATA_BYTES];
	struct spdk_nvme_cmd cmd;
	struct wire_fault fault;
	struct wire_pdu pdu;

	memset(&g_net, 0, sizeof(g_net));
	wire_link_init(link, WIRE_HOST, 0);
	g_net.waiting = true;
	/* A port that is out of memory looks again after a while. */
	poll_threads_us(300 * 1000);
	if (g_net.conn == NULL) {
		return NOT_ACCEPTED;
	}
	put(hdr, wire_build_ic_req(hdr, &ours));
	poll_threads();
	assert_true(get_pdu(link, &pdu));
	assert_int_equal(wire_ic_confirm(link, &pdu.ic_resp, &ours, &fault), 0);
	snprintf(cd.subnqn, sizeof(cd.subnqn), "%s", SPDK_NVMF_DISCOVERY_NQN);
	snprintf(cd.hostnqn, sizeof(cd.hostnqn), "nqn.2026-01.io.basalt:host");
	wire_connect_cmd_encode(&cc, &cmd);
	wire_connect_data_encode(&cd, data);
	put(hdr, wire_build_cmd(link, hdr, &cmd, sizeof(data)));
	put(data, sizeof(data));
	poll_threads();
	assert_true(get_pdu(link, &pdu));
	assert_int_equal(pdu.type, SPDK_NVME_TCP_PDU_TYPE_CAPSULE_RESP);
	assert_int_equal(pdu.cpl.cid, 7);
	return spdk_nvme_cpl_is_success(&pdu.cpl) ? CONNECTED : REFUSED;
}

static void
host_close(void)
{
	g_net.rx_eof = true;
	poll_threads();
	assert_null(g_net.conn);
}

static void
test_connect(void **state)
{
	struct wire_link link;

	tgt_start();
	assert_int_equal(host_connect(&link, 32), CONNECTED);
	host_close();
	assert_int_equal(host_connect(&link, 32), CONNECTED);
	host_close();
	tgt_stop();
}

/* CVE-2024-46737 and its like: a queue whose memory can't be had. */
static void
test_no_memory(void **state)
{
	int seen[3] = { 0 };
	struct wire_link link;
	uint64_t nth, met;

	tgt_start();
	for (nth = 1, met = UINT64_MAX; met >= nth - 1; nth++) {
		assert_true(nth < FAULTS_MAX);
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		seen[host_connect(&link, 32)]++;
		met = env_fault_count(ENV_FAULT_HEAP);
		env_sim_fail_nth(ENV_FAULT_HEAP, 0);
		if (g_net.conn != NULL) {
			host_close();
		}
		g_net.waiting = false;
		poll_threads_us(300 * 1000);
		assert_int_equal(host_connect(&link, 32), CONNECTED);
		host_close();
	}
	/* Some failed before there was a connection, some in Connect; the last met no failure. */
	assert_true(seen[NOT_ACCEPTED] > 0);
	assert_true(seen[REFUSED] > 0);
	assert_true(seen[CONNECTED] > 0);
	tgt_stop();
}

/* Without memory the port is left alone for a while, not asked at each step. */
static void
test_port_rests(void **state)
{
	struct wire_link link;

	tgt_start();
	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	memset(&g_net, 0, sizeof(g_net));
	g_net.waiting = true;
	poll_threads_us(20 * 1000);
	env_sim_fail_nth(ENV_FAULT_HEAP, 0);
	assert_null(g_net.conn);
	assert_int_equal(g_net.accepts, 1);
	poll_threads();
	assert_int_equal(g_net.accepts, 1);
	poll_threads_us(200 * 1000); /* the port is looked at again ... */
	poll_threads_us(20 * 1000);  /* ... at its next turn */
	assert_true(g_net.accepts > 1);
	assert_int_equal(host_connect(&link, 32), CONNECTED);
	host_close();
	tgt_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_port_rests),
	};

	mem_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
