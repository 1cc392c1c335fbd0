/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* See mem_target.h. */

#include "mem_target.h"

struct mem_net g_nets[MEM_NETS];
struct mem_net *g_net = &g_nets[0];

/* ---- Sockets ---- */

struct mem_sock {
	struct spdk_sock base;
	struct mem_net *net;
	spdk_sock_connect_cb_fn cb_fn;
	void *cb_arg;
};

static struct spdk_sock_impl_opts g_mem_opts;
static struct spdk_net_impl g_mem_impl;

static struct mem_sock *
mem_sock(struct spdk_sock *sock)
{
	return SPDK_CONTAINEROF(sock, struct mem_sock, base);
}

static struct spdk_sock *
mem_connect_async(const char *ip, int port, const struct spdk_sock_opts *opts,
                  spdk_sock_connect_cb_fn cb_fn, void *cb_arg)
{
	struct mem_sock *s = calloc(1, sizeof(*s));
	struct mem_net *net = g_nets;

	while (net->sock != NULL) {
		net++;
		assert_true(net < g_nets + MEM_NETS);
	}
	if (s == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	basalt_sock_init(&s->base, &g_mem_impl, opts);
	s->net = net;
	s->cb_fn = cb_fn;
	s->cb_arg = cb_arg;
	net->sock = &s->base;
	net->rx_len = net->rx_pos = net->tx_len = net->tx_seen = 0;
	net->rx_eof = false;
	net->num_cids = 0;
	return &s->base;
}

static int
mem_close(struct spdk_sock *sock)
{
	struct mem_sock *s = mem_sock(sock);

	assert_true(TAILQ_EMPTY(&sock->queued) && TAILQ_EMPTY(&sock->done));
	assert_ptr_equal(s->net->sock, sock);
	s->net->sock = NULL;
	free(s);
	return 0;
}

static void
mem_send(struct mem_sock *s)
{
	struct mem_net *net = s->net;
	struct iovec iov[64];
	size_t total;
	int i, n;

	while (!net->tx_blocked && (n = basalt_sock_gather(&s->base, iov, 64, &total)) > 0) {
		assert_true(net->tx_len + total <= MEM_BYTES);
		for (i = 0; i < n; i++) {
			memcpy(net->tx + net->tx_len, iov[i].iov_base, iov[i].iov_len);
			net->tx_len += iov[i].iov_len;
		}
		basalt_sock_sent(&s->base, total, false);
	}
}

static void
mem_writev_async(struct spdk_sock *sock, struct spdk_sock_request *req)
{
	sock_request_queue(sock, req);
	if (mem_sock(sock)->net->tx_eager) {
		mem_send(mem_sock(sock));
	}
}

static void target_look(struct mem_net *net);

static int
mem_flush(struct spdk_sock *sock)
{
	struct mem_sock *s = mem_sock(sock);
	spdk_sock_connect_cb_fn cb_fn = s->cb_fn;

	if (s->net->never_connects) {
		errno = EAGAIN;
		return -1;
	}
	if (cb_fn != NULL) {
		s->cb_fn = NULL;
		cb_fn(s->cb_arg, 0);
	}
	mem_send(s);
	target_look(s->net);
	return basalt_sock_complete_done(sock);
}

static ssize_t
mem_readv(struct spdk_sock *sock, struct iovec *iov, int iovcnt)
{
	struct mem_net *net = mem_sock(sock)->net;
	size_t total = 0;
	int i;

	for (i = 0; i < iovcnt; i++) {
		size_t len = spdk_min(iov[i].iov_len, net->rx_len - net->rx_pos);

		memcpy(iov[i].iov_base, net->rx + net->rx_pos, len);
		net->rx_pos += len;
		total += len;
	}
	if (total == 0 && !net->rx_eof) {
		errno = EAGAIN;
		return -1;
	}
	return (ssize_t)total;
}

/* ---- Groups of them ---- */

static struct spdk_sock_group_impl *
mem_group_create(void)
{
	return calloc(1, sizeof(struct spdk_sock_group_impl));
}

static int
mem_group_change(struct spdk_sock_group_impl *group, struct spdk_sock *sock)
{
	return 0;
}

static int
mem_group_poll(struct spdk_sock_group_impl *group)
{
	struct mem_net *net;

	group->num_ready = 0;
	for (net = g_nets; net < g_nets + MEM_NETS; net++) {
		if (net->sock != NULL && net->sock->group == group) {
			mem_flush(net->sock);
		}
	}
	for (net = g_nets; net < g_nets + MEM_NETS; net++) {
		if (net->sock != NULL && net->sock->group == group &&
		    (net->rx_pos < net->rx_len || net->rx_eof)) {
			group->ready[group->num_ready++] = net->sock;
			net->sock->ready_idx = group->num_ready;
		}
	}
	return group->num_ready;
}

static int
mem_group_close(struct spdk_sock_group_impl *group)
{
	free(group);
	return 0;
}

static int
mem_group_get_fd(struct spdk_sock_group_impl *group)
{
	return -ENOTSUP;
}

static struct spdk_net_impl g_mem_impl = {
	.name = "mem",
	.priority = 1000,
	.opts = &g_mem_opts,
	.connect_async = mem_connect_async,
	.close = mem_close,
	.writev_async = mem_writev_async,
	.flush = mem_flush,
	.readv = mem_readv,
	.group_create = mem_group_create,
	.group_add_sock = mem_group_change,
	.group_remove_sock = mem_group_change,
	.group_poll = mem_group_poll,
	.group_get_fd = mem_group_get_fd,
	.group_close = mem_group_close,
};

/* ---- The target's side ---- */

static void
net_put(struct mem_net *net, const void *bytes, size_t len)
{
	assert_true(net->rx_len + len <= MEM_BYTES);
	memcpy(net->rx + net->rx_len, bytes, len);
	net->rx_len += len;
}

void
put(const void *bytes, size_t len)
{
	net_put(g_net, bytes, len);
}

void
put_resp(uint16_t cid, uint8_t sct, uint8_t sc)
{
	struct spdk_nvme_cpl cpl = { .cid = cid, .status = { .sct = sct, .sc = sc } };
	uint8_t hdr[WIRE_TX_HDR_BYTES_MAX];

	put(hdr, wire_build_resp(&g_net->link, hdr, &cpl));
}

void
put_data(uint16_t cid, uint32_t offset, uint32_t len, bool last, bool success, bool bad_digest)
{
	struct wire_data data = {
		.cid = cid,
		.offset_bytes = offset,
		.len_bytes = len,
		.last = last,
		.success = success,
	};
	uint8_t hdr[WIRE_TX_HDR_BYTES_MAX];
	static uint8_t bytes[64 * 1024];
	uint8_t digest[WIRE_DIGEST_BYTES];
	uint32_t i;

	for (i = 0; i < len; i++) {
		bytes[i] = (uint8_t)(offset + i);
	}
	put(hdr, wire_build_c2h_data(&g_net->link, hdr, &data));
	put(bytes, len);
	if (g_net->link.ddgst) {
		wire_ddgst_put(wire_ddgst_update(WIRE_DDGST_START, bytes, len), digest);
		digest[0] ^= bad_digest;
		put(digest, sizeof(digest));
	}
}

void
put_r2t(uint16_t cid, uint16_t ttag, uint32_t offset, uint32_t len)
{
	struct wire_r2t r2t = {
		.cid = cid,
		.ttag = ttag,
		.offset_bytes = offset,
		.len_bytes = len,
	};
	uint8_t hdr[WIRE_TX_HDR_BYTES_MAX];

	put(hdr, wire_build_r2t(&g_net->link, hdr, &r2t));
}

static void
target_answer_ic(struct mem_net *net, const uint8_t *req)
{
	struct wire_ic_opts ours = { .h2c_bytes_max = 4096 };
	uint8_t hdr[WIRE_TX_HDR_BYTES_MAX];
	struct wire_ic_resp resp;
	struct wire_fault fault;
	struct wire_pdu pdu;

	wire_link_init(&net->link, WIRE_CONTROLLER, 8192);
	assert_int_equal(wire_pdu_begin(&net->link, req, &pdu, &fault), 0);
	assert_int_equal(wire_pdu_decode(&net->link, req, &pdu, &fault), 0);
	assert_int_equal(wire_ic_accept(&net->link, &pdu.ic_req, &ours, &resp, &fault), 0);
	net_put(net, hdr, wire_build_ic_resp(hdr, &resp));
}

static void
target_take_cmd(struct mem_net *net, const struct spdk_nvme_cmd *cmd)
{
	const struct spdk_nvmf_capsule_cmd *fabric = (const struct spdk_nvmf_capsule_cmd *)cmd;
	uint8_t hdr[WIRE_TX_HDR_BYTES_MAX];
	struct spdk_nvme_cpl cpl = { .cid = cmd->cid };

	if (cmd->opc != SPDK_NVME_OPC_FABRIC ||
	    fabric->fctype != SPDK_NVMF_FABRIC_COMMAND_CONNECT) {
		assert_true(net->num_cids < MEM_CIDS_MAX);
		net->cids[net->num_cids++] = cmd->cid;
	} else if (net->answers_connect) {
		net_put(net, hdr, wire_build_resp(&net->link, hdr, &cpl));
	}
}

/* All PDUs that the host has wholly sent. */
static void
target_look(struct mem_net *net)
{
	struct spdk_nvme_tcp_common_pdu_hdr ch;
	struct spdk_nvme_cmd cmd;

	while (net->answers_ic && net->tx_len - net->tx_seen >= sizeof(ch)) {
		memcpy(&ch, net->tx + net->tx_seen, sizeof(ch));
		if (net->tx_len - net->tx_seen < ch.plen) {
			return;
		}
		if (ch.pdu_type == SPDK_NVME_TCP_PDU_TYPE_IC_REQ) {
			target_answer_ic(net, net->tx + net->tx_seen);
		} else if (ch.pdu_type == SPDK_NVME_TCP_PDU_TYPE_CAPSULE_CMD) {
			memcpy(&cmd, net->tx + net->tx_seen + sizeof(ch), sizeof(cmd));
			target_take_cmd(net, &cmd);
		}
		net->tx_seen += ch.plen;
	}
}

void
mem_reset(void)
{
	int i;

	for (i = 0; i < MEM_NETS; i++) {
		assert_null(g_nets[i].sock);
		memset(&g_nets[i], 0, sizeof(g_nets[i]));
	}
	g_net = &g_nets[0];
}

void
mem_answer_all(void)
{
	int i;

	for (i = 0; i < MEM_NETS; i++) {
		g_nets[i].answers_ic = true;
		g_nets[i].answers_connect = true;
	}
}

struct spdk_nvme_ctrlr *
mem_ctrlr_new(bool hdgst, bool ddgst)
{
	struct spdk_nvme_transport_id trid = { .adrfam = SPDK_NVMF_ADRFAM_IPV4 };
	struct spdk_nvme_ctrlr_opts opts;

	spdk_nvme_trid_populate_transport(&trid, SPDK_NVME_TRANSPORT_TCP);
	strcpy(trid.traddr, "127.0.0.1");
	strcpy(trid.trsvcid, "4420");
	strcpy(trid.subnqn, "nqn.2024-01.io.basalt:ut");
	spdk_nvme_ctrlr_get_default_ctrlr_opts(&opts, sizeof(opts));
	opts.header_digest = hdgst;
	opts.data_digest = ddgst;
	return nvme_transport_find("TCP")->ctrlr_construct(&trid, &opts, NULL);
}

/* ---- The group of tests ---- */

int
mem_setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	struct spdk_nvme_ctrlr *ctrlr;

	spdk_env_opts_init(&opts);
	if (spdk_env_init(&opts) != 0) {
		return -1;
	}
	spdk_net_impl_register(&g_mem_impl);
	if (spdk_sock_set_default_impl("mem") != 0) {
		return -1;
	}
	/* What is made once, such as the host's identity, is there before tests count. */
	ctrlr = mem_ctrlr_new(false, false);
	if (ctrlr == NULL) {
		return -1;
	}
	nvme_ctrlr_destruct(ctrlr);
	return 0;
}

int
mem_teardown(void **state)
{
	spdk_env_fini();
	return 0;
}
