/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Controllers and their namespaces: attached before the workers start, detached after they ended.
 * Main thread, but for perf_poll_admin(). */

#include "perf.h"

#include "spdk/string.h"

struct perf_namespaces g_namespaces = TAILQ_HEAD_INITIALIZER(g_namespaces);
static TAILQ_HEAD(, perf_ctrlr) g_ctrlrs = TAILQ_HEAD_INITIALIZER(g_ctrlrs);

static void
ns_name(struct perf_ns *ns, const struct spdk_nvme_transport_id *trid)
{
	uint32_t nsid = spdk_nvme_ns_get_id(ns->ns);

	if (spdk_nvme_trtype_is_fabrics(trid->trtype)) {
		snprintf(ns->name, sizeof(ns->name), "%s (addr:%s subnqn:%s) NSID %u",
		         trid->trstring, trid->traddr, trid->subnqn, nsid);
	} else {
		snprintf(ns->name, sizeof(ns->name), "%s (%s) NSID %u", trid->trstring,
		         trid->traddr, nsid);
	}
}

static void
add_ns(struct spdk_nvme_ctrlr *ctrlr, uint32_t nsid)
{
	const struct spdk_nvme_transport_id *trid = spdk_nvme_ctrlr_get_transport_id(ctrlr);
	struct spdk_nvme_ns *ns = spdk_nvme_ctrlr_get_ns(ctrlr, nsid);
	uint32_t block_bytes;
	struct perf_ns *entry;

	if (ns == NULL || !spdk_nvme_ns_is_active(ns)) {
		fprintf(stderr, "%s: there is no active namespace %u\n", trid->subnqn, nsid);
		return;
	}
	block_bytes = spdk_nvme_ns_get_extended_sector_size(ns);
	if (block_bytes == 0 || g_opts.io_size_bytes % block_bytes != 0 ||
	    spdk_nvme_ns_get_size(ns) < g_opts.io_size_bytes) {
		fprintf(stderr,
		        "%s: namespace %u left out: %u bytes an I/O do not fit its blocks of %u "
		        "bytes or its size of %" PRIu64 "\n",
		        trid->subnqn, nsid, g_opts.io_size_bytes, block_bytes,
		        spdk_nvme_ns_get_size(ns));
		return;
	}
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL) {
		fprintf(stderr, "out of memory\n");
		return;
	}
	entry->ctrlr = ctrlr;
	entry->ns = ns;
	entry->block_bytes = block_bytes;
	entry->blocks_per_io = g_opts.io_size_bytes / block_bytes;
	entry->num_ios = spdk_nvme_ns_get_num_sectors(ns) / entry->blocks_per_io;
	ns_name(entry, trid);
	if (g_opts.zipf_theta > 0) {
		entry->zipf = spdk_zipf_create(entry->num_ios, g_opts.zipf_theta, 0);
	}
	TAILQ_INSERT_TAIL(&g_namespaces, entry, link);
}

static int
add_unused_qpairs(struct perf_ctrlr *entry)
{
	uint32_t i;

	if (g_opts.num_unused_qpairs == 0) {
		return 0;
	}
	entry->unused_qpairs = calloc(g_opts.num_unused_qpairs, sizeof(*entry->unused_qpairs));
	if (entry->unused_qpairs == NULL) {
		return -ENOMEM;
	}
	for (i = 0; i < g_opts.num_unused_qpairs; i++) {
		entry->unused_qpairs[i] = spdk_nvme_ctrlr_alloc_io_qpair(entry->ctrlr, NULL, 0);
		if (entry->unused_qpairs[i] == NULL) {
			fprintf(stderr, "unused queue pair %u can't be made\n", i);
			return -EIO;
		}
	}
	return 0;
}

static void
add_ctrlr(struct spdk_nvme_ctrlr *ctrlr, const struct perf_trid *from)
{
	struct perf_ctrlr *entry = calloc(1, sizeof(*entry));
	uint32_t nsid;

	if (entry == NULL) {
		fprintf(stderr, "out of memory\n");
		spdk_nvme_detach(ctrlr);
		return;
	}
	entry->ctrlr = ctrlr;
	TAILQ_INSERT_TAIL(&g_ctrlrs, entry, link);
	if (add_unused_qpairs(entry) != 0) {
		return;
	}
	if (from->nsid != 0) {
		add_ns(ctrlr, from->nsid);
		return;
	}
	for (nsid = spdk_nvme_ctrlr_get_first_active_ns(ctrlr); nsid != 0;
	     nsid = spdk_nvme_ctrlr_get_next_active_ns(ctrlr, nsid)) {
		add_ns(ctrlr, nsid);
	}
}

static bool
probe_cb(void *cb_ctx, const struct spdk_nvme_transport_id *trid, struct spdk_nvme_ctrlr_opts *opts)
{
	const struct perf_trid *from = cb_ctx;
	/* Of an I/O that is split, the parts share the queue with their parent. */
	uint32_t parts = 1 + g_opts.io_size_bytes / (64 * 1024);
	uint64_t entries = (uint64_t)g_opts.queue_depth * parts + 1;

	opts->io_queue_size = (uint32_t)spdk_min(entries, (uint64_t)UINT16_MAX);
	if (g_opts.io_queue_size != 0) {
		opts->io_queue_size = g_opts.io_queue_size;
	}
	opts->io_queue_requests = (uint32_t)spdk_min(
	        (uint64_t)g_opts.queue_depth * (1 + SPDK_CEIL_DIV(g_opts.io_size_bytes, 4096)),
	        (uint64_t)UINT32_MAX);
	opts->header_digest = g_opts.header_digest;
	opts->data_digest = g_opts.data_digest;
	opts->no_shn_notification = g_opts.no_shn;
	opts->keep_alive_timeout_ms = g_opts.keep_alive_ms;
	opts->disable_sq_flow_control = g_opts.disable_sq_flow_control;
	opts->use_cmb_sqs = !g_opts.disable_sq_cmb;
	opts->transport_tos = g_opts.transport_tos;
	memcpy(opts->src_addr, from->host.hostaddr, sizeof(opts->src_addr));
	memcpy(opts->src_svcid, from->host.hostsvcid, sizeof(opts->src_svcid));
	if (from->hostnqn[0] != '\0') {
		memcpy(opts->hostnqn, from->hostnqn, sizeof(opts->hostnqn));
	}
	return true;
}

static void
attach_cb(void *cb_ctx, const struct spdk_nvme_transport_id *trid, struct spdk_nvme_ctrlr *ctrlr,
          const struct spdk_nvme_ctrlr_opts *opts)
{
	if (spdk_nvme_trtype_is_fabrics(trid->trtype)) {
		printf("Attached to NVMe over Fabrics controller at %s:%s: %s\n", trid->traddr,
		       trid->trsvcid, trid->subnqn);
	} else {
		printf("Attached to NVMe Controller at %s\n", trid->traddr);
	}
	add_ctrlr(ctrlr, cb_ctx);
}

int
perf_attach_all(void)
{
	uint32_t i;

	printf("Initializing NVMe Controllers\n");
	for (i = 0; i < g_opts.num_trids; i++) {
		struct perf_trid *from = &g_opts.trids[i];

		if (spdk_nvme_probe(&from->trid, from, probe_cb, attach_cb, NULL) != 0) {
			fprintf(stderr, "the probe of %s %s failed\n", from->trid.trstring,
			        from->trid.traddr);
			return -1;
		}
	}
	if (TAILQ_EMPTY(&g_ctrlrs)) {
		fprintf(stderr, "no controller could be attached\n");
		return -1;
	}
	if (TAILQ_EMPTY(&g_namespaces)) {
		fprintf(stderr, "no namespace to run I/O on\n");
		return -1;
	}
	return 0;
}

void
perf_poll_admin(void)
{
	struct perf_ctrlr *entry;

	TAILQ_FOREACH(entry, &g_ctrlrs, link) {
		spdk_nvme_ctrlr_process_admin_completions(entry->ctrlr);
	}
}

void
perf_detach_all(void)
{
	struct spdk_nvme_detach_ctx *detach_ctx = NULL;
	struct perf_ctrlr *entry;
	struct perf_ns *ns;
	uint32_t i;

	while ((ns = TAILQ_FIRST(&g_namespaces)) != NULL) {
		TAILQ_REMOVE(&g_namespaces, ns, link);
		spdk_zipf_free(&ns->zipf);
		free(ns);
	}
	while ((entry = TAILQ_FIRST(&g_ctrlrs)) != NULL) {
		TAILQ_REMOVE(&g_ctrlrs, entry, link);
		for (i = 0; entry->unused_qpairs != NULL && i < g_opts.num_unused_qpairs; i++) {
			spdk_nvme_ctrlr_free_io_qpair(entry->unused_qpairs[i]);
		}
		free(entry->unused_qpairs);
		spdk_nvme_detach_async(entry->ctrlr, &detach_ctx);
		free(entry);
	}
	if (detach_ctx != NULL) {
		spdk_nvme_detach_poll(detach_ctx);
	}
}
