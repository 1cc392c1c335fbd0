/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The TCP transport: its options, its listening ports (target thread, woken by the port's
 * descriptor), its poll groups (a socket group each, woken by the group's descriptor), and the
 * table that lib/nvmf calls.
 */

#include "tcp.h"

#include "spdk/json.h"
#include "spdk_internal/system_state.h"

#define TCP_ACCEPT_PAUSE_US 100000
/* Buffers that a poll group keeps unless told otherwise; given back while anybody waits. */
#define TCP_SMALL_CACHE 128
#define TCP_LARGE_CACHE 16

/* ---- The transport ---- */

static void
tcp_opts_init(struct spdk_nvmf_transport_opts *opts)
{
	opts->max_queue_depth = 128;
	opts->max_qpairs_per_ctrlr = 128;
	opts->in_capsule_data_size = 4096;
	opts->max_io_size = 131072;
	opts->io_unit_size = 131072;
	opts->max_aq_depth = 128;
	opts->num_shared_buffers = 511;
	opts->iobuf_small_cache_size = UINT32_MAX;
	opts->iobuf_large_cache_size = UINT32_MAX;
	opts->abort_timeout_sec = 1;
}

struct tcp_specific {
	bool c2h_success;
	uint32_t sock_priority;
	uint16_t control_msg_num;
};

static const struct spdk_json_object_decoder g_specific_decoders[] = {
	{ "c2h_success", offsetof(struct tcp_specific, c2h_success), spdk_json_decode_bool, true },
	{ "sock_priority", offsetof(struct tcp_specific, sock_priority), spdk_json_decode_uint32,
	  true },
	{ "control_msg_num", offsetof(struct tcp_specific, control_msg_num),
	  spdk_json_decode_uint16, true },
};

static struct spdk_nvmf_transport *
tcp_create(struct spdk_nvmf_transport_opts *opts)
{
	struct tcp_specific specific = { .c2h_success = true };
	struct tcp_transport *transport;

	if (spdk_max(opts->max_queue_depth, opts->max_aq_depth) > TCP_DEPTH_MAX) {
		SPDK_ERRLOG("TCP: max_queue_depth is at most %d\n", TCP_DEPTH_MAX);
		return NULL;
	}
	if (opts->transport_specific != NULL &&
	    spdk_json_decode_object_relaxed(opts->transport_specific, g_specific_decoders,
	                                    SPDK_COUNTOF(g_specific_decoders), &specific) != 0) {
		SPDK_ERRLOG("TCP: c2h_success, sock_priority or control_msg_num is wrong\n");
		return NULL;
	}
	transport = calloc(1, sizeof(*transport));
	if (transport == NULL) {
		return NULL;
	}
	transport->c2h_success = specific.c2h_success;
	transport->sock_priority = specific.sock_priority;
	TAILQ_INIT(&transport->ports);
	return &transport->transport;
}

static struct tcp_transport *
tcp_of(struct spdk_nvmf_transport *transport)
{
	return SPDK_CONTAINEROF(transport, struct tcp_transport, transport);
}

static void
tcp_destroy(struct spdk_nvmf_transport *transport, spdk_nvmf_transport_destroy_done_cb cb_fn,
            void *cb_arg)
{
	assert(TAILQ_EMPTY(&tcp_of(transport)->ports));
	free(tcp_of(transport));
	if (cb_fn != NULL) {
		cb_fn(cb_arg);
	}
}

static void
tcp_dump_opts(struct spdk_nvmf_transport *transport, struct spdk_json_write_ctx *w)
{
	spdk_json_write_named_bool(w, "c2h_success", tcp_of(transport)->c2h_success);
	spdk_json_write_named_uint32(w, "sock_priority", tcp_of(transport)->sock_priority);
}

/* ---- Ports ---- */

static int
port_resume(void *arg)
{
	struct tcp_port *port = arg;

	spdk_poller_unregister(&port->pause);
	spdk_poller_resume(port->poller);
	return SPDK_POLLER_BUSY;
}

/** Out of descriptors or memory: the port stays readable, so look again later, not always. */
static void
port_pause(struct tcp_port *port)
{
	SPDK_ERRLOG_RATELIMIT("%s:%s: can't take connections: %s\n", port->trid.traddr,
	                      port->trid.trsvcid, spdk_strerror(errno));
	if (port->pause == NULL) {
		port->pause = SPDK_POLLER_REGISTER(port_resume, port, TCP_ACCEPT_PAUSE_US);
		if (port->pause != NULL) {
			spdk_poller_pause(port->poller);
		}
	}
}

static int
port_accept(void *arg)
{
	struct tcp_port *port = arg;
	struct spdk_sock *sock;
	struct tcp_conn *conn;
	int i;

	for (i = 0; i < TCP_ACCEPTS_MAX; i++) {
		errno = 0;
		sock = spdk_sock_accept(port->sock);
		if (sock == NULL) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
			    errno == ENOBUFS) {
				port_pause(port);
			}
			break;
		}
		conn = tcp_conn_create(port, sock);
		if (conn == NULL) {
			spdk_sock_close(&sock);
			errno = ENOMEM;
			port_pause(port);
			break;
		}
		spdk_nvmf_tgt_new_qpair(port->transport->transport.tgt, &conn->qpair);
	}
	return i > 0 ? SPDK_POLLER_BUSY : SPDK_POLLER_IDLE;
}

static struct tcp_port *
find_port(struct tcp_transport *transport, const struct spdk_nvme_transport_id *trid)
{
	struct tcp_port *port;

	TAILQ_FOREACH(port, &transport->ports, link) {
		if (strcmp(port->trid.traddr, trid->traddr) == 0 &&
		    strcmp(port->trid.trsvcid, trid->trsvcid) == 0) {
			return port;
		}
	}
	return NULL;
}

static void
port_free(struct tcp_port *port)
{
	spdk_poller_unregister(&port->pause);
	spdk_poller_unregister(&port->poller);
	if (port->sock != NULL) {
		spdk_sock_close(&port->sock);
	}
	free(port);
}

static int
port_open(struct tcp_port *port, const char *sock_impl)
{
	struct poller_opts poller = { .name = "nvmf_tcp_accept", .kind = POLLER_FD };
	struct spdk_sock_opts opts;
	long number = spdk_strtol(port->trid.trsvcid, 10);

	if (number < 0 || number > UINT16_MAX) {
		SPDK_ERRLOG("TCP port '%s' is not a number up to 65535\n", port->trid.trsvcid);
		return -EINVAL;
	}
	opts.opts_size = sizeof(opts);
	spdk_sock_get_default_opts(&opts);
	opts.priority = (int)port->transport->sock_priority;
	opts.ack_timeout = port->transport->transport.opts.ack_timeout;
	errno = 0;
	port->sock = spdk_sock_listen_ext(port->trid.traddr, (int)number, sock_impl, &opts);
	if (port->sock == NULL) {
		/* The socket has said why, and what to do. */
		return errno != 0 ? -errno : -EINVAL;
	}
	/* Asleep the descriptor wakes the thread; awake a look now and then will do. */
	poller.fd = sock_get_fd(port->sock);
	poller.period_us = port->transport->transport.opts.acceptor_poll_rate;
	port->poller = thread_poller_register(port_accept, port, &poller);
	return port->poller != NULL ? 0 : -ENOMEM;
}

static int
tcp_listen(struct spdk_nvmf_transport *transport, const struct spdk_nvme_transport_id *trid,
           struct spdk_nvmf_listen_opts *opts)
{
	struct tcp_port *port;
	int rc;

	if (opts != NULL && opts->secure_channel) {
		SPDK_ERRLOG("TLS is not built\n");
		return -ENOTSUP;
	}
	if (trid->adrfam != SPDK_NVMF_ADRFAM_IPV4 && trid->adrfam != SPDK_NVMF_ADRFAM_IPV6) {
		SPDK_ERRLOG("TCP listens on IPv4 and IPv6 addresses only\n");
		return -EINVAL;
	}
	port = calloc(1, sizeof(*port));
	if (port == NULL) {
		return -ENOMEM;
	}
	port->transport = tcp_of(transport);
	port->trid = *trid;
	rc = port_open(port, opts != NULL ? opts->sock_impl : NULL);
	if (rc != 0) {
		port_free(port);
		return rc;
	}
	TAILQ_INSERT_TAIL(&port->transport->ports, port, link);
	SPDK_NOTICELOG("listening on TCP %s port %s\n", trid->traddr, trid->trsvcid);
	return 0;
}

static void
tcp_stop_listen(struct spdk_nvmf_transport *transport, const struct spdk_nvme_transport_id *trid)
{
	struct tcp_port *port = find_port(tcp_of(transport), trid);

	if (port != NULL) {
		TAILQ_REMOVE(&port->transport->ports, port, link);
		port_free(port);
	}
}

/* ---- Poll groups ---- */

static int
group_poll(void *arg)
{
	struct tcp_group *group = arg;

	return spdk_sock_group_poll(group->sock_group) > 0 ? SPDK_POLLER_BUSY : SPDK_POLLER_IDLE;
}

static int
group_check_deadlines(void *arg)
{
	struct tcp_group *group = arg;
	struct tcp_conn *conn;

	group->now_s = spdk_get_ticks() / spdk_get_ticks_hz();
	TAILQ_FOREACH(conn, &group->conns, group_link) {
		tcp_conn_check_deadlines(conn);
	}
	return SPDK_POLLER_IDLE;
}

static void
group_free(struct tcp_group *group)
{
	spdk_poller_unregister(&group->timer);
	spdk_poller_unregister(&group->poller);
	if (group->sock_group != NULL) {
		spdk_sock_group_close(&group->sock_group);
	}
	free(group);
}

static int
group_open_pollers(struct tcp_group *group)
{
	struct poller_opts sockets = { .name = "nvmf_tcp", .kind = POLLER_FD };
	struct poller_opts timer = { .name = "nvmf_tcp_deadlines",
		                     .kind = POLLER_TIMED,
		                     .period_us = TCP_TIMER_PERIOD_US,
		                     .fd = -1 };

	group->sock_group = spdk_sock_group_create(group);
	if (group->sock_group == NULL) {
		return -ENOMEM;
	}
	sockets.fd = sock_group_get_fd(group->sock_group);
	sockets.counter = sock_group_get_counter(group->sock_group);
	group->poller = thread_poller_register(group_poll, group, &sockets);
	group->timer = thread_poller_register(group_check_deadlines, group, &timer);
	if (group->poller == NULL || group->timer == NULL) {
		return -ENOMEM;
	}
	spdk_poller_pause(group->timer);
	return 0;
}

static struct spdk_nvmf_transport_poll_group *
tcp_poll_group_create(struct spdk_nvmf_transport *transport, struct spdk_nvmf_poll_group *parent)
{
	const struct spdk_nvmf_transport_opts *opts = &transport->opts;
	struct tcp_group *group = calloc(1, sizeof(*group));
	uint32_t small, large;

	if (group == NULL) {
		return NULL;
	}
	TAILQ_INIT(&group->conns);
	if (group_open_pollers(group) != 0) {
		group_free(group);
		return NULL;
	}
	small = opts->iobuf_small_cache_size == UINT32_MAX ? TCP_SMALL_CACHE
	                                                   : opts->iobuf_small_cache_size;
	large = opts->iobuf_large_cache_size == UINT32_MAX ? TCP_LARGE_CACHE
	                                                   : opts->iobuf_large_cache_size;
	if (spdk_iobuf_channel_init(&group->iobuf, transport->iobuf_name, small, large) != 0) {
		group_free(group);
		return NULL;
	}
	group->group.buf_cache = &group->iobuf;
	return &group->group;
}

static void
tcp_poll_group_destroy(struct spdk_nvmf_transport_poll_group *tgroup)
{
	struct tcp_group *group = SPDK_CONTAINEROF(tgroup, struct tcp_group, group);

	assert(TAILQ_EMPTY(&group->conns));
	spdk_iobuf_channel_fini(&group->iobuf);
	group_free(group);
}

static int
tcp_poll_group_poll(struct spdk_nvmf_transport_poll_group *tgroup)
{
	return spdk_sock_group_poll(SPDK_CONTAINEROF(tgroup, struct tcp_group, group)->sock_group);
}

static void
tcp_poll_group_dump_stat(struct spdk_nvmf_transport_poll_group *tgroup,
                         struct spdk_json_write_ctx *w)
{
}

/* ---- Addresses, data for hosts ---- */

static void
fill_trid(struct spdk_nvme_transport_id *trid, const char *addr, uint16_t port)
{
	spdk_nvme_trid_populate_transport(trid, SPDK_NVME_TRANSPORT_TCP);
	trid->adrfam = strchr(addr, ':') != NULL ? SPDK_NVMF_ADRFAM_IPV6 : SPDK_NVMF_ADRFAM_IPV4;
	snprintf(trid->traddr, sizeof(trid->traddr), "%s", addr);
	snprintf(trid->trsvcid, sizeof(trid->trsvcid), "%u", port);
}

static int
tcp_get_peer_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid)
{
	fill_trid(trid, tcp_conn_of(qpair)->peer_addr, tcp_conn_of(qpair)->peer_port);
	return 0;
}

static int
tcp_get_local_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid)
{
	fill_trid(trid, tcp_conn_of(qpair)->local_addr, tcp_conn_of(qpair)->local_port);
	return 0;
}

static int
tcp_get_listen_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid)
{
	*trid = tcp_conn_of(qpair)->listen_trid;
	return 0;
}

static void
tcp_cdata_init(struct spdk_nvmf_transport *transport, struct spdk_nvmf_subsystem *subsystem,
               struct spdk_nvmf_ctrlr_data *cdata)
{
	cdata->nvmf_specific.ioccsz += transport->opts.in_capsule_data_size / 16;
	cdata->sgls.transport_sgl = 1;
}

static void
tcp_listener_discover(struct spdk_nvmf_transport *transport, struct spdk_nvme_transport_id *trid,
                      struct spdk_nvmf_discovery_log_page_entry *entry)
{
	entry->trtype = SPDK_NVMF_TRTYPE_TCP;
	entry->adrfam = (uint8_t)trid->adrfam;
	entry->treq.secure_channel = SPDK_NVMF_TREQ_SECURE_CHANNEL_NOT_SPECIFIED;
	entry->tsas.tcp.sectype = SPDK_NVME_TCP_SECURITY_NONE;
	spdk_strcpy_pad(entry->trsvcid, trid->trsvcid, sizeof(entry->trsvcid), ' ');
	spdk_strcpy_pad(entry->traddr, trid->traddr, sizeof(entry->traddr), ' ');
}

struct spdk_nvmf_transport_ops nvmf_tcp_transport SYSTEM_STATE = {
	.name = "TCP",
	.type = SPDK_NVME_TRANSPORT_TCP,
	.opts_init = tcp_opts_init,
	.create = tcp_create,
	.dump_opts = tcp_dump_opts,
	.destroy = tcp_destroy,
	.listen = tcp_listen,
	.stop_listen = tcp_stop_listen,
	.cdata_init = tcp_cdata_init,
	.listener_discover = tcp_listener_discover,
	.poll_group_create = tcp_poll_group_create,
	.poll_group_destroy = tcp_poll_group_destroy,
	.poll_group_add = tcp_poll_group_add,
	.poll_group_remove = tcp_poll_group_remove,
	.poll_group_poll = tcp_poll_group_poll,
	.req_free = tcp_req_free,
	.req_complete = tcp_req_complete,
	.req_get_buffers_done = tcp_req_get_buffers_done,
	.qpair_fini = tcp_qpair_fini,
	.qpair_get_peer_trid = tcp_get_peer_trid,
	.qpair_get_local_trid = tcp_get_local_trid,
	.qpair_get_listen_trid = tcp_get_listen_trid,
	.qpair_abort_request = tcp_qpair_abort_request,
	.poll_group_dump_stat = tcp_poll_group_dump_stat,
};
