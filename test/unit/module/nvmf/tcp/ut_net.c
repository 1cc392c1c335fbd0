/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

#include "ut_net.h"

struct mem_sock {
	struct spdk_sock base;
	struct peer *peer; /* NULL: a listener */
	int fd;            /* of a listener */
	bool no_input;
	TAILQ_ENTRY(mem_sock) link;
};

static struct spdk_sock_impl_opts g_opts;
static struct {
	struct peer peers[NET_PEERS];
	uint32_t num_peers;
	uint32_t num_accepted;
} g_net;

static struct mem_sock *
mem_of(struct spdk_sock *sock)
{
	return SPDK_CONTAINEROF(sock, struct mem_sock, base);
}

/* ---- Sockets ---- */

static struct spdk_sock *
mem_listen(const char *ip, int port, const struct spdk_sock_opts *opts)
{
	struct mem_sock *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	basalt_sock_init(&s->base, &g_mem_net, opts);
	s->fd = env_sim_fd_create();
	return &s->base;
}

static struct spdk_sock *
mem_accept(struct spdk_sock *listener)
{
	struct mem_sock *s;

	if (g_net.num_accepted == g_net.num_peers) {
		errno = EAGAIN;
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	basalt_sock_init(&s->base, &g_mem_net, &listener->opts);
	s->peer = &g_net.peers[g_net.num_accepted++];
	s->peer->sock = s;
	return &s->base;
}

static int
mem_close(struct spdk_sock *sock)
{
	struct mem_sock *s = mem_of(sock);

	assert_true(TAILQ_EMPTY(&sock->queued) && TAILQ_EMPTY(&sock->done));
	if (s->peer != NULL) {
		s->peer->sock = NULL;
	} else {
		env_event_close(s->fd);
	}
	free(s);
	return 0;
}

static int
mem_getaddr(struct spdk_sock *sock, char *saddr, int slen, uint16_t *sport, char *caddr, int clen,
            uint16_t *cport)
{
	snprintf(saddr, (size_t)slen, "127.0.0.1");
	snprintf(caddr, (size_t)clen, "127.0.0.1");
	*sport = 4420;
	*cport = 40000;
	return 0;
}

static ssize_t
mem_readv(struct spdk_sock *sock, struct iovec *iov, int iovcnt)
{
	struct peer *p = mem_of(sock)->peer;
	size_t len, total = 0;
	int i;

	if (p->reset) {
		errno = ECONNRESET;
		return -1;
	}
	for (i = 0; i < iovcnt; i++) {
		len = spdk_min(iov[i].iov_len, p->in_len - p->in_pos);
		memcpy(iov[i].iov_base, p->to_target + p->in_pos, len);
		p->in_pos += len;
		total += len;
	}
	if (total == 0 && !p->eof) {
		errno = EAGAIN;
		return -1;
	}
	return (ssize_t)total;
}

static void
mem_writev_async(struct spdk_sock *sock, struct spdk_sock_request *req)
{
	sock_request_queue(sock, req);
}

static int
mem_flush(struct spdk_sock *sock)
{
	struct peer *p = mem_of(sock)->peer;
	struct iovec iov[64];
	size_t total;
	int i, n;

	if (p->reset) {
		basalt_sock_fail_queued(sock, -ECONNRESET);
	}
	while (!p->blocked && (n = basalt_sock_gather(sock, iov, 64, &total)) > 0) {
		assert_true(p->out_len + total <= NET_BYTES);
		for (i = 0; i < n; i++) {
			memcpy(p->from_target + p->out_len, iov[i].iov_base, iov[i].iov_len);
			p->out_len += iov[i].iov_len;
		}
		basalt_sock_sent(sock, total, false);
	}
	return basalt_sock_complete_done(sock);
}

static int
mem_get_fd(struct spdk_sock *sock)
{
	return mem_of(sock)->fd;
}

/* ---- Groups ---- */

static struct spdk_sock_group_impl *
mem_group_create(void)
{
	struct spdk_sock_group_impl *group = calloc(1, sizeof(*group));

	if (group == NULL) {
		errno = ENOMEM;
	}
	return group;
}

static int
mem_group_add(struct spdk_sock_group_impl *group, struct spdk_sock *sock)
{
	return 0;
}

static int
mem_group_remove(struct spdk_sock_group_impl *group, struct spdk_sock *sock)
{
	mem_of(sock)->no_input = false;
	return 0;
}

static int
mem_group_poll(struct spdk_sock_group_impl *group)
{
	struct spdk_sock *sock, *tmp;
	struct mem_sock *s;

	TAILQ_FOREACH_SAFE(sock, &group->socks, link, tmp) {
		(void)mem_flush(sock);
	}
	group->num_ready = 0;
	TAILQ_FOREACH(sock, &group->socks, link) {
		s = mem_of(sock);
		if (!s->no_input &&
		    (s->peer->in_pos < s->peer->in_len || s->peer->eof || s->peer->reset)) {
			s->peer->told++;
			group->ready[group->num_ready++] = sock;
			sock->ready_idx = group->num_ready;
		}
	}
	return group->num_ready;
}

static int
mem_group_get_fd(struct spdk_sock_group_impl *group)
{
	return -ENOTSUP;
}

static int
mem_group_close(struct spdk_sock_group_impl *group)
{
	free(group);
	return 0;
}

static void
mem_want_input(struct spdk_sock *sock, bool wanted)
{
	mem_of(sock)->no_input = !wanted;
}

struct spdk_net_impl g_mem_net = {
	.name = "mem",
	.priority = 1000,
	.opts = &g_opts,
	.listen = mem_listen,
	.accept = mem_accept,
	.close = mem_close,
	.getaddr = mem_getaddr,
	.readv = mem_readv,
	.writev_async = mem_writev_async,
	.flush = mem_flush,
	.get_fd = mem_get_fd,
	.group_create = mem_group_create,
	.group_add_sock = mem_group_add,
	.group_remove_sock = mem_group_remove,
	.group_poll = mem_group_poll,
	.group_get_fd = mem_group_get_fd,
	.group_close = mem_group_close,
	.want_input = mem_want_input,
};

/* ---- Hosts ---- */

void
net_reset(void)
{
	uint32_t i;

	for (i = 0; i < g_net.num_peers; i++) {
		assert_null(g_net.peers[i].sock);
	}
	memset(&g_net, 0, sizeof(g_net));
}

struct peer *
peer_connect(void)
{
	struct peer *p = &g_net.peers[g_net.num_peers++];

	assert_true(g_net.num_peers <= NET_PEERS);
	wire_link_init(&p->link, WIRE_HOST, 0);
	return p;
}

void
peer_put(struct peer *p, const void *bytes, size_t len)
{
	assert_true(p->in_len + len <= NET_BYTES);
	memcpy(p->to_target + p->in_len, bytes, len);
	p->in_len += len;
}

static struct wire_ic_opts
ic_opts(bool digests)
{
	struct wire_ic_opts opts = { .hdgst = digests, .ddgst = digests, .r2t_max = 1 };

	return opts;
}

void
peer_put_ic(struct peer *p, bool digests)
{
	struct wire_ic_opts opts = ic_opts(digests);
	uint8_t buf[WIRE_TX_HDR_BYTES_MAX];

	peer_put(p, buf, wire_build_ic_req(buf, &opts));
}

static void
put_payload(struct peer *p, const void *data, uint32_t len, bool bad_digest)
{
	uint8_t digest[WIRE_DIGEST_BYTES];

	if (len == 0) {
		return;
	}
	peer_put(p, data, len);
	if (p->link.ddgst) {
		wire_ddgst_put(wire_ddgst_update(WIRE_DDGST_START, data, len), digest);
		digest[0] ^= bad_digest;
		peer_put(p, digest, sizeof(digest));
	}
}

void
peer_put_cmd(struct peer *p, struct spdk_nvme_cmd *cmd, const void *data, uint32_t len)
{
	uint8_t hdr[WIRE_TX_HDR_BYTES_MAX];

	cmd->cid = ++p->cid;
	peer_put(p, hdr, wire_build_cmd(&p->link, hdr, cmd, len));
	put_payload(p, data, len, false);
}

void
peer_put_connect(struct peer *p, uint16_t qid, uint16_t cntlid, uint16_t depth)
{
	struct wire_connect_cmd connect = { .qid = qid, .sqsize = depth - 1 };
	struct wire_connect_data data = { .hostid = { 1 }, .cntlid = cntlid };
	uint8_t bytes[WIRE_CONNECT_DATA_BYTES];
	struct spdk_nvme_cmd cmd;

	snprintf(data.subnqn, sizeof(data.subnqn), "%s", UT_NQN);
	snprintf(data.hostnqn, sizeof(data.hostnqn), "%s", UT_HOST);
	wire_connect_cmd_encode(&connect, &cmd);
	wire_connect_data_encode(&data, bytes);
	peer_put_cmd(p, &cmd, bytes, sizeof(bytes));
}

void
peer_put_enable(struct peer *p)
{
	struct wire_prop prop = {
		.is_set = true, .size_bytes = 4, .offset = 0x14, .value = 0x00460001
	};
	struct spdk_nvme_cmd cmd;

	wire_prop_encode(&prop, &cmd);
	peer_put_cmd(p, &cmd, NULL, 0);
}

static void
put_rw(struct peer *p, uint8_t opc, enum wire_sgl_kind kind, uint32_t len, uint32_t in_capsule)
{
	static const uint8_t bytes[131072];
	struct wire_sgl sgl = { kind, len, 0 };
	struct spdk_nvme_cmd cmd = { .opc = opc, .nsid = 1, .cdw12 = len / 512 - 1 };

	wire_sgl_encode(&cmd, &sgl);
	peer_put_cmd(p, &cmd, bytes, in_capsule);
}

void
peer_put_rw(struct peer *p, bool write, uint32_t len, uint32_t in_capsule)
{
	put_rw(p, write ? SPDK_NVME_OPC_WRITE : SPDK_NVME_OPC_READ,
	       in_capsule > 0 ? WIRE_SGL_IN_CAPSULE : WIRE_SGL_TRANSPORT, len, in_capsule);
}

void
peer_put_unnamed(struct peer *p, uint32_t len, uint32_t extra)
{
	put_rw(p, SPDK_NVME_OPC_WRITE, WIRE_SGL_TRANSPORT, len, extra);
}

void
peer_put_data(struct peer *p, const struct wire_data *data, bool bad_digest)
{
	static const uint8_t bytes[131072 + 512];
	uint8_t hdr[WIRE_TX_HDR_BYTES_MAX];
	uint32_t max = p->link.h2c_bytes_max;

	p->link.h2c_bytes_max = UINT32_MAX; /* the builder would not send too much */
	peer_put(p, hdr, wire_build_h2c_data(&p->link, hdr, data));
	p->link.h2c_bytes_max = max;
	put_payload(p, bytes, data->len_bytes, bad_digest);
}

/* ---- What came back ---- */

static void
say(struct peer *p, const char *format, ...)
{
	size_t len = strlen(p->text);
	va_list args;

	va_start(args, format);
	if (len > 0) {
		p->text[len++] = ' ';
	}
	vsnprintf(p->text + len, sizeof(p->text) - len, format, args);
	va_end(args);
}

static void
say_pdu(struct peer *p, const struct wire_pdu *pdu)
{
	struct wire_ic_opts asked;
	struct wire_fault fault;

	switch (pdu->type) {
	case SPDK_NVME_TCP_PDU_TYPE_IC_RESP:
		asked = ic_opts(pdu->ic_resp.hdgst);
		assert_int_equal(wire_ic_confirm(&p->link, &pdu->ic_resp, &asked, &fault), 0);
		say(p, "ic");
		break;
	case SPDK_NVME_TCP_PDU_TYPE_CAPSULE_RESP:
		if (pdu->cpl.status.sct == 0 && pdu->cpl.status.sc == 0) {
			say(p, "ok");
		} else {
			say(p, "err:%x/%x%s", pdu->cpl.status.sct, pdu->cpl.status.sc,
			    pdu->cpl.status.dnr ? "*" : "");
		}
		break;
	case SPDK_NVME_TCP_PDU_TYPE_R2T:
		p->ttag = pdu->r2t.ttag;
		say(p, "r2t:%u+%u", pdu->r2t.offset_bytes, pdu->r2t.len_bytes);
		break;
	case SPDK_NVME_TCP_PDU_TYPE_C2H_DATA:
		say(p, "data:%u", pdu->data.len_bytes);
		break;
	default:
		say(p, "term:%u/%u", pdu->term_req.fes, pdu->term_req.fei);
		break;
	}
}

const char *
peer_text(struct peer *p)
{
	struct wire_fault fault;
	struct wire_pdu pdu;

	while (p->out_len - p->out_pos >= WIRE_PDU_CH_BYTES) {
		if (wire_pdu_begin(&p->link, p->from_target + p->out_pos, &pdu, &fault) != 0) {
			fail_msg("the target sent what no host takes: %s", fault.what);
		}
		if (p->out_len - p->out_pos < pdu.plen) {
			break;
		}
		if (wire_pdu_decode(&p->link, p->from_target + p->out_pos, &pdu, &fault) != 0) {
			fail_msg("the target sent what no host takes: %s", fault.what);
		}
		p->out_pos += pdu.plen;
		say_pdu(p, &pdu);
	}
	if (p->sock == NULL && strstr(p->text, "closed") == NULL) {
		say(p, "closed");
	}
	return p->text;
}
