/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The ways to find and reach a controller, and a poll group, against a real target: prints TAP.
 *
 *	host_api PORT NQN
 */

#include "spdk/env.h"
#include "spdk/nvme.h"
#include "spdk/string.h"
#include "spdk/util.h"

#include <malloc.h>

#define MANY 1000

static struct {
	struct spdk_nvme_transport_id trid;
	struct spdk_nvme_ctrlr *attached;
	void *ctx;
	uint32_t probed, failed, done;
	int test, bad;
} g;

static void
check(bool ok, const char *what)
{
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ++g.test, what);
	g.bad += !ok;
}

static bool
probe_cb(void *ctx, const struct spdk_nvme_transport_id *trid, struct spdk_nvme_ctrlr_opts *opts)
{
	g.probed++;
	return true;
}

static bool
refuse_cb(void *ctx, const struct spdk_nvme_transport_id *trid, struct spdk_nvme_ctrlr_opts *opts)
{
	g.probed++;
	return false;
}

static void
attach_cb(void *ctx, const struct spdk_nvme_transport_id *trid, struct spdk_nvme_ctrlr *ctrlr,
          const struct spdk_nvme_ctrlr_opts *opts)
{
	g.attached = ctrlr;
	g.ctx = ctx;
}

static void
fail_cb(void *ctx, const struct spdk_nvme_transport_id *trid, int rc)
{
	g.failed++;
}

/* Follows a probe to its end; true if it attached, which is undone. */
static bool
followed(struct spdk_nvme_probe_ctx *probe_ctx, void *ctx)
{
	int rc = probe_ctx == NULL ? -ENODEV : -EAGAIN;
	bool ok;

	while (rc == -EAGAIN) {
		rc = spdk_nvme_probe_poll_async(probe_ctx);
	}
	ok = rc == 0 && g.attached != NULL && g.ctx == ctx;
	if (g.attached != NULL) {
		spdk_nvme_detach(g.attached);
	}
	g.attached = NULL;
	return ok;
}

static void
ways_to_connect(void)
{
	struct spdk_nvme_transport_id nowhere = g.trid;
	struct spdk_nvme_ctrlr_opts opts;
	int ctx;

	spdk_nvme_ctrlr_get_default_ctrlr_opts(&opts, sizeof(opts));
	check(followed(spdk_nvme_connect_async(&g.trid, &opts, attach_cb), &opts),
	      "connect_async attaches");
	check(followed(spdk_nvme_probe_async(&g.trid, &ctx, probe_cb, attach_cb, NULL), &ctx) &&
	              g.probed == 1,
	      "probe_async asks and attaches");
	check(followed(spdk_nvme_probe_async_ext(&g.trid, &ctx, probe_cb, attach_cb, fail_cb, NULL),
	               &ctx) &&
	              g.probed == 2 && g.failed == 0,
	      "probe_async_ext asks and attaches");
	check(!followed(spdk_nvme_probe_async(&g.trid, &ctx, refuse_cb, attach_cb, NULL), &ctx) &&
	              g.probed == 3,
	      "a probe that is refused attaches nothing");
	check(spdk_nvme_probe_ext(&g.trid, &ctx, probe_cb, attach_cb, fail_cb, NULL) == 0 &&
	              g.attached != NULL && g.failed == 0,
	      "probe_ext attaches");
	spdk_nvme_detach(g.attached);
	g.attached = NULL;
	snprintf(nowhere.subnqn, sizeof(nowhere.subnqn), "nqn.2026-01.io.basalt:nowhere");
	spdk_nvme_probe_ext(&nowhere, &ctx, probe_cb, attach_cb, fail_cb, NULL);
	check(g.attached == NULL && g.failed == 1, "probe_ext tells what failed");
}

static void
io_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	g.done += spdk_nvme_cpl_is_success(cpl);
}

static void
lost_cb(struct spdk_nvme_qpair *qpair, void *ctx)
{
}

static void
one_read(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_poll_group *group)
{
	struct spdk_nvme_io_qpair_opts opts;
	struct spdk_nvme_qpair *qpair;
	void *buf = spdk_zmalloc(4096, 4096, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	int rc = -ENOMEM;

	spdk_nvme_ctrlr_get_default_io_qpair_opts(ctrlr, &opts, sizeof(opts));
	opts.create_only = true;
	qpair = spdk_nvme_ctrlr_alloc_io_qpair(ctrlr, &opts, sizeof(opts));
	if (qpair != NULL && spdk_nvme_poll_group_add(group, qpair) == 0 &&
	    spdk_nvme_ctrlr_connect_io_qpair(ctrlr, qpair) == 0) {
		rc = spdk_nvme_ns_cmd_read(spdk_nvme_ctrlr_get_ns(ctrlr, 1), qpair, buf, 0, 8,
		                           io_done, NULL, 0);
	}
	while (rc >= 0 && g.done == 0) {
		rc = (int)spdk_nvme_poll_group_process_completions(group, 0, lost_cb);
	}
	check(g.done == 1, "a read through a poll group");
	spdk_nvme_ctrlr_free_io_qpair(qpair);
	spdk_free(buf);
}

static void
poll_group(void)
{
	struct spdk_nvme_ctrlr *ctrlr = spdk_nvme_connect(&g.trid, NULL, 0);
	struct spdk_nvme_poll_group *group = spdk_nvme_poll_group_create(&g, NULL);
	struct spdk_nvme_poll_group_stat *stat = NULL;
	size_t used;
	int i;

	check(ctrlr != NULL && group != NULL && spdk_nvme_poll_group_get_ctx(group) == &g,
	      "a poll group knows its context");
	one_read(ctrlr, group);
	check(spdk_nvme_poll_group_get_stats(group, &stat) == 0 && stat->num_transports == 1 &&
	              stat->transport_stat[0]->trtype == SPDK_NVME_TRANSPORT_TCP &&
	              stat->transport_stat[0]->tcp.nvme_completions >= 1 &&
	              stat->transport_stat[0]->tcp.polls > 0,
	      "a poll group counts");
	spdk_nvme_poll_group_free_stats(group, stat);
	used = mallinfo2().uordblks;
	for (i = 0; i < MANY; i++) {
		spdk_nvme_poll_group_get_stats(group, &stat);
		spdk_nvme_poll_group_free_stats(group, stat);
	}
	check(mallinfo2().uordblks < used + MANY * sizeof(*stat), "statistics are freed");
	check(spdk_nvme_poll_group_destroy(group) == 0, "a poll group that is empty goes");
	check(spdk_nvme_ctrlr_get_regs_csts(ctrlr).bits.rdy == 1, "a controller is ready");
	spdk_nvme_detach(ctrlr);
}

static void
reset(void)
{
	struct spdk_nvme_ctrlr *ctrlr = spdk_nvme_connect(&g.trid, NULL, 0);
	struct spdk_nvme_qpair *qpair = spdk_nvme_ctrlr_alloc_io_qpair(ctrlr, NULL, 0);
	int rc;

	check(spdk_nvme_ctrlr_reset(ctrlr) == 0 &&
	              spdk_nvme_qpair_process_completions(qpair, 0) == -ENXIO,
	      "a reset takes the queues down");
	rc = spdk_nvme_ctrlr_reconnect_io_qpair(qpair);
	g.done = 0;
	if (rc == 0) {
		rc = spdk_nvme_ns_cmd_flush(spdk_nvme_ctrlr_get_ns(ctrlr, 1), qpair, io_done, NULL);
	}
	while (rc >= 0 && g.done == 0) {
		rc = spdk_nvme_qpair_process_completions(qpair, 0);
	}
	check(g.done == 1, "a queue works again when it is reconnected");
	spdk_nvme_ctrlr_free_io_qpair(qpair);
	spdk_nvme_detach(ctrlr);
}

int
main(int argc, char **argv)
{
	struct spdk_env_opts env = { .opts_size = sizeof(env) };

	if (argc != 3) {
		fprintf(stderr, "usage: host_api PORT NQN\n");
		return 2;
	}
	spdk_env_opts_init(&env);
	env.name = "host_api";
	if (spdk_env_init(&env) != 0) {
		return 1;
	}
	spdk_nvme_trid_populate_transport(&g.trid, SPDK_NVME_TRANSPORT_TCP);
	g.trid.adrfam = SPDK_NVMF_ADRFAM_IPV4;
	snprintf(g.trid.traddr, sizeof(g.trid.traddr), "127.0.0.1");
	snprintf(g.trid.trsvcid, sizeof(g.trid.trsvcid), "%s", argv[1]);
	snprintf(g.trid.subnqn, sizeof(g.trid.subnqn), "%s", argv[2]);
	ways_to_connect();
	poll_group();
	reset();
	printf("1..%d\n", g.test);
	spdk_env_fini();
	return g.bad == 0 ? 0 : 1;
}
