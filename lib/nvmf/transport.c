/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Transports: which there are (the generated table, and those registered from outside), making and
 * destroying one, its listening addresses, and the data buffers of requests.
 *
 * A request's data is one buffer of the iobuf pools, and the largest transfer is what one large
 * buffer holds. So a request never holds one buffer while it waits for another, and any pool size
 * lets I/O progress: who waits, holds nothing.
 */

#include "nvmf_internal.h"
#include "spdk_internal/usdt.h"

#include "spdk_internal/system_state.h"

#define TRANSPORTS_MAX 8

extern struct spdk_nvmf_transport_ops *const g_nvmf_transport_table[];

static struct {
	struct spdk_nvmf_transport_ops registered[TRANSPORTS_MAX];
	uint32_t num_registered;
} g_transport SYSTEM_STATE;

static const struct spdk_nvmf_transport_ops *
transport_find_ops(const char *name)
{
	uint32_t i;

	for (i = 0; g_nvmf_transport_table[i] != NULL; i++) {
		if (strcasecmp(g_nvmf_transport_table[i]->name, name) == 0) {
			return g_nvmf_transport_table[i];
		}
	}
	for (i = 0; i < g_transport.num_registered; i++) {
		if (strcasecmp(g_transport.registered[i].name, name) == 0) {
			return &g_transport.registered[i];
		}
	}
	return NULL;
}

void
spdk_nvmf_transport_register(const struct spdk_nvmf_transport_ops *ops)
{
	if (transport_find_ops(ops->name) != NULL || g_transport.num_registered == TRANSPORTS_MAX) {
		SPDK_ERRLOG("transport %s is registered twice, or too many are\n", ops->name);
		return;
	}
	g_transport.registered[g_transport.num_registered++] = *ops;
}

bool
spdk_nvmf_transport_opts_init(const char *transport_name, struct spdk_nvmf_transport_opts *opts,
                              size_t opts_size)
{
	const struct spdk_nvmf_transport_ops *ops = transport_find_ops(transport_name);
	struct spdk_nvmf_transport_opts all;

	if (ops == NULL) {
		SPDK_ERRLOG("transport %s is not built in\n", transport_name);
		return false;
	}
	memset(&all, 0, sizeof(all));
	all.association_timeout = NVMF_DISCOVERY_KATO_MS;
	all.acceptor_poll_rate = SPDK_NVMF_DEFAULT_ACCEPT_POLL_RATE_US;
	all.disable_command_passthru = false;
	all.kas = 100;
	all.min_kato = 10000;
	all.oncs.raw = UINT16_MAX;
	all.fuses.raw = UINT16_MAX;
	ops->opts_init(&all);
	all.opts_size = opts_size;
	memcpy(opts, &all, spdk_min(opts_size, sizeof(all)));
	return true;
}

static int
transport_check_opts(const char *name, const struct spdk_nvmf_transport_opts *opts)
{
	if (opts->max_io_size < 4096 || !spdk_u32_is_pow2(opts->max_io_size)) {
		SPDK_ERRLOG("%s: max_io_size %u must be a power of two from 4096\n", name,
		            opts->max_io_size);
		return -EINVAL;
	}
	if (opts->max_aq_depth < SPDK_NVMF_MIN_ADMIN_MAX_SQ_SIZE ||
	    opts->max_aq_depth > SPDK_NVME_ADMIN_QUEUE_MAX_ENTRIES) {
		SPDK_ERRLOG("%s: max_aq_depth %u must be %d to %d\n", name, opts->max_aq_depth,
		            SPDK_NVMF_MIN_ADMIN_MAX_SQ_SIZE, SPDK_NVME_ADMIN_QUEUE_MAX_ENTRIES);
		return -EINVAL;
	}
	if (opts->max_queue_depth < SPDK_NVME_QUEUE_MIN_ENTRIES || opts->max_qpairs_per_ctrlr < 2) {
		SPDK_ERRLOG("%s: max_queue_depth must be 2 or more, and a controller needs an I/O "
		            "queue\n",
		            name);
		return -EINVAL;
	}
	if (opts->in_capsule_data_size % 16 != 0) {
		SPDK_ERRLOG("%s: in_capsule_data_size %u must be a multiple of 16\n", name,
		            opts->in_capsule_data_size);
		return -EINVAL;
	}
	if (opts->dif_insert_or_strip || opts->zcopy) {
		SPDK_ERRLOG("%s: dif_insert_or_strip and zcopy are not built\n", name);
		return -ENOTSUP;
	}
	return 0;
}

/** What one iobuf buffer holds is the most a command can move. */
static int
transport_fit_buffers(struct spdk_nvmf_transport *transport, const char *name,
                      struct spdk_nvmf_transport_opts *opts)
{
	struct spdk_iobuf_opts iobuf;

	spdk_iobuf_get_opts(&iobuf, sizeof(iobuf));
	transport->small_bufsize = iobuf.small_bufsize;
	transport->large_bufsize = iobuf.large_bufsize;
	if (opts->in_capsule_data_size > iobuf.large_bufsize) {
		SPDK_ERRLOG("%s: in_capsule_data_size %u is above the iobuf buffers of %u\n", name,
		            opts->in_capsule_data_size, iobuf.large_bufsize);
		return -EINVAL;
	}
	if (nvmf_transport_io_bytes_max(transport) < opts->max_io_size) {
		SPDK_NOTICELOG("%s: hosts are told to send at most %u bytes a command, which is "
		               "what an iobuf buffer holds\n",
		               name, nvmf_transport_io_bytes_max(transport));
	}
	return 0;
}

uint32_t
nvmf_transport_io_bytes_max(const struct spdk_nvmf_transport *transport)
{
	uint32_t fits = spdk_align32pow2(transport->large_bufsize + 1) / 2;

	return spdk_min(fits, transport->opts.max_io_size);
}

struct spdk_nvmf_transport *
spdk_nvmf_transport_create(const char *transport_name, struct spdk_nvmf_transport_opts *user_opts)
{
	const struct spdk_nvmf_transport_ops *ops = transport_find_ops(transport_name);
	struct spdk_nvmf_transport_opts opts;
	struct spdk_nvmf_transport *transport;

	USDT_PROBE1(nvmf_transport_create, transport_name);
	if (ops == NULL || user_opts->opts_size == 0) {
		SPDK_ERRLOG("transport %s is not built in, or its opts_size is 0\n",
		            transport_name);
		return NULL;
	}
	if (!spdk_nvmf_transport_opts_init(transport_name, &opts, sizeof(opts))) {
		return NULL;
	}
	memcpy(&opts, user_opts, spdk_min(user_opts->opts_size, sizeof(opts)));
	opts.opts_size = sizeof(opts);
	if (transport_check_opts(ops->name, &opts) != 0) {
		return NULL;
	}
	transport = ops->create(&opts);
	if (transport == NULL) {
		return NULL;
	}
	transport->ops = ops;
	transport->opts = opts;
	transport->opts.transport_specific = NULL;
	TAILQ_INIT(&transport->listeners);
	pthread_mutex_init(&transport->mutex, NULL);
	snprintf(transport->iobuf_name, sizeof(transport->iobuf_name), "nvmf_%s", ops->name);
	if (transport_fit_buffers(transport, ops->name, &opts) != 0 ||
	    spdk_iobuf_register_module(transport->iobuf_name) != 0) {
		ops->destroy(transport, NULL, NULL);
		return NULL;
	}
	return transport;
}

int
spdk_nvmf_transport_create_async(const char *transport_name, struct spdk_nvmf_transport_opts *opts,
                                 spdk_nvmf_transport_create_done_cb cb_fn, void *cb_arg)
{
	struct spdk_nvmf_transport *transport = spdk_nvmf_transport_create(transport_name, opts);

	if (transport == NULL) {
		return -EINVAL;
	}
	cb_fn(cb_arg, transport);
	return 0;
}

int
spdk_nvmf_transport_destroy(struct spdk_nvmf_transport *transport,
                            spdk_nvmf_transport_destroy_done_cb cb_fn, void *cb_arg)
{
	struct spdk_nvmf_listener *listener;

	USDT_PROBE1(nvmf_transport_destroy, transport);
	while ((listener = TAILQ_FIRST(&transport->listeners)) != NULL) {
		TAILQ_REMOVE(&transport->listeners, listener, link);
		transport->ops->stop_listen(transport, &listener->trid);
		free(listener);
	}
	pthread_mutex_destroy(&transport->mutex);
	spdk_iobuf_unregister_module(transport->iobuf_name);
	transport->ops->destroy(transport, cb_fn, cb_arg);
	return 0;
}

/* ---- Listening ---- */

void
spdk_nvmf_listen_opts_init(struct spdk_nvmf_listen_opts *opts, size_t opts_size)
{
	struct spdk_nvmf_listen_opts all;

	memset(&all, 0, sizeof(all));
	all.opts_size = opts_size;
	all.ana_state = SPDK_NVME_ANA_OPTIMIZED_STATE;
	memcpy(opts, &all, spdk_min(opts_size, sizeof(all)));
}

struct spdk_nvmf_listener *
nvmf_transport_find_listener(struct spdk_nvmf_transport *transport,
                             const struct spdk_nvme_transport_id *trid)
{
	struct spdk_nvmf_listener *listener;

	TAILQ_FOREACH(listener, &transport->listeners, link) {
		if (nvmf_trid_equal(&listener->trid, trid)) {
			return listener;
		}
	}
	return NULL;
}

int
spdk_nvmf_transport_listen(struct spdk_nvmf_transport *transport,
                           const struct spdk_nvme_transport_id *trid,
                           struct spdk_nvmf_listen_opts *opts)
{
	struct spdk_nvmf_listener *listener;
	struct spdk_nvmf_listen_opts all;
	int rc;

	USDT_PROBE3(nvmf_transport_listen, transport->ops->name, trid->traddr, trid->trsvcid);
	spdk_nvmf_listen_opts_init(&all, sizeof(all));
	if (opts != NULL && opts->opts_size == 0) {
		SPDK_ERRLOG("transport %s: the options for listening have the size 0\n",
		            transport->ops->name);
		return -EINVAL;
	}
	if (opts != NULL) {
		memcpy(&all, opts, spdk_min(opts->opts_size, sizeof(all)));
		all.opts_size = sizeof(all);
	}
	listener = nvmf_transport_find_listener(transport, trid);
	if (listener != NULL) {
		listener->ref++;
		return 0;
	}
	listener = calloc(1, sizeof(*listener));
	if (listener == NULL) {
		return -ENOMEM;
	}
	listener->ref = 1;
	listener->trid = *trid;
	rc = transport->ops->listen(transport, trid, &all);
	if (rc != 0) {
		free(listener);
		return rc;
	}
	TAILQ_INSERT_TAIL(&transport->listeners, listener, link);
	return 0;
}

int
spdk_nvmf_transport_stop_listen(struct spdk_nvmf_transport *transport,
                                const struct spdk_nvme_transport_id *trid)
{
	struct spdk_nvmf_listener *listener;

	USDT_PROBE3(nvmf_transport_stop_listen, transport->ops->name, trid->traddr, trid->trsvcid);
	listener = nvmf_transport_find_listener(transport, trid);
	if (listener == NULL) {
		return -ENOENT;
	}
	if (--listener->ref == 0) {
		TAILQ_REMOVE(&transport->listeners, listener, link);
		transport->ops->stop_listen(transport, &listener->trid);
		free(listener);
	}
	return 0;
}

/* ---- Looking ---- */

const struct spdk_nvmf_transport_opts *
spdk_nvmf_get_transport_opts(struct spdk_nvmf_transport *transport)
{
	return &transport->opts;
}

spdk_nvme_transport_type_t
spdk_nvmf_get_transport_type(struct spdk_nvmf_transport *transport)
{
	return transport->ops->type;
}

const char *
spdk_nvmf_get_transport_name(struct spdk_nvmf_transport *transport)
{
	return transport->ops->name;
}

/* ---- Buffers of requests ---- */

static void
request_buffer_ready(struct spdk_iobuf_entry *entry, void *buf)
{
	struct spdk_nvmf_request *req =
	        SPDK_CONTAINEROF(entry, struct spdk_nvmf_request, iobuf.entry);

	req->iov[0].iov_base = buf;
	req->iov[0].iov_len = req->iobuf.remaining_length;
	req->iovcnt = 1;
	req->data_from_pool = 1;
	req->iobuf.remaining_length = 0;
	req->qpair->transport->ops->req_get_buffers_done(req);
}

int
spdk_nvmf_request_get_buffers(struct spdk_nvmf_request *req,
                              struct spdk_nvmf_transport_poll_group *group,
                              struct spdk_nvmf_transport *transport, uint32_t length)
{
	void *buf;

	if (length == 0 || length > transport->large_bufsize) {
		return -EINVAL;
	}
	assert(!req->data_from_pool && req->iobuf.remaining_length == 0);
	buf = spdk_iobuf_get(group->buf_cache, length, &req->iobuf.entry, request_buffer_ready);
	if (buf == NULL) {
		req->iobuf.remaining_length = length;
		return -EINPROGRESS;
	}
	req->iov[0].iov_base = buf;
	req->iov[0].iov_len = length;
	req->iovcnt = 1;
	req->data_from_pool = 1;
	return 0;
}

void
spdk_nvmf_request_free_buffers(struct spdk_nvmf_request *req,
                               struct spdk_nvmf_transport_poll_group *group,
                               struct spdk_nvmf_transport *transport)
{
	if (req->data_from_pool) {
		spdk_iobuf_put(group->buf_cache, req->iov[0].iov_base, req->iov[0].iov_len);
		req->data_from_pool = 0;
	} else if (req->iobuf.remaining_length > 0) {
		spdk_iobuf_entry_abort(group->buf_cache, &req->iobuf.entry,
		                       req->iobuf.remaining_length);
		req->iobuf.remaining_length = 0;
	}
	req->iovcnt = 0;
}
