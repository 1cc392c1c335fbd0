/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The smallest useful user of the NVMe driver, without framework and without an spdk_thread: find
 * controllers, and on each namespace write a block, read it back, and see whether it is the same.
 * What was in that block is lost.
 *
 *	spdk_nvme_probe() -> attach_cb() for each controller
 *	for each namespace: queue pair -> write -> poll -> read -> poll
 *	detach
 *
 * Nothing happens behind the program's back: a command is answered when the queue pair is polled.
 *
 *	build/examples/hello_world -r 'trtype:TCP adrfam:IPv4 traddr:127.0.0.1 trsvcid:4420
 *	                               subnqn:nqn.2016-06.io.spdk:basalt'
 */

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/nvme.h"
#include "spdk/string.h"

#include <getopt.h>

#define CTRLRS_MAX 16
#define TEXT "Hello world!\n"

static struct {
	struct spdk_nvme_transport_id trid;
	struct spdk_nvme_ctrlr *ctrlrs[CTRLRS_MAX];
	int num_ctrlrs;
} g_hello;

/** A command under way. */
struct wait {
	bool done;
	bool failed;
};

/* ---- Options ---- */

static void
usage(const char *program)
{
	printf("Usage: %s [options]\n"
	       "  -d, --hugemem-size MB    most memory for buffers\n"
	       "  -g, --mem-single-seg     hugepage memory in one file\n"
	       "  -h, --help               show this and end\n"
	       "  -i, --shmem-grp-id ID    shared memory group\n"
	       "  -r, --transport ID       which controller: 'trtype:TCP adrfam:IPv4\n"
	       "                           traddr:127.0.0.1 trsvcid:4420 [subnqn:nqn...]'\n"
	       "  -L, --logflag FLAG       switch a log flag on\n"
	       "      --iova-mode pa|va    addresses that devices see\n",
	       program);
}

/** -1: go on; else the exit status. */
static int
parse_opt(int opt, const char *program, struct spdk_env_opts *opts)
{
	switch (opt) {
	case 'd':
		opts->mem_size = (int)spdk_strtol(optarg, 10);
		return opts->mem_size < 0 ? 1 : -1;
	case 'g':
		opts->hugepage_single_segments = true;
		return -1;
	case 'i':
		opts->shm_id = (int)spdk_strtol(optarg, 10);
		return opts->shm_id < 0 ? 1 : -1;
	case 'r':
		return spdk_nvme_transport_id_parse(&g_hello.trid, optarg) != 0 ? 1 : -1;
	case 'L':
		return spdk_log_set_flag(optarg) != 0 ? 1 : -1;
	case 'I':
		opts->iova_mode = optarg;
		return -1;
	case 'h':
		usage(program);
		return 0;
	default:
		usage(program);
		return 1;
	}
}

static int
parse_args(int argc, char **argv, struct spdk_env_opts *opts)
{
	static const struct option long_opts[] = {
		{ "hugemem-size", required_argument, NULL, 'd' },
		{ "mem-single-seg", no_argument, NULL, 'g' },
		{ "help", no_argument, NULL, 'h' },
		{ "shmem-grp-id", required_argument, NULL, 'i' },
		{ "transport", required_argument, NULL, 'r' },
		{ "logflag", required_argument, NULL, 'L' },
		{ "iova-mode", required_argument, NULL, 'I' },
		{ NULL, 0, NULL, 0 },
	};
	int opt, rc = -1;

	while (rc < 0 && (opt = getopt_long(argc, argv, "d:ghi:r:L:", long_opts, NULL)) != -1) {
		rc = parse_opt(opt, argv[0], opts);
		if (rc > 0 && opt != '?' && opt != ':') {
			fprintf(stderr, "-%c: '%s' can't be used\n", opt, optarg);
		}
	}
	return rc;
}

/* ---- I/O ---- */

static void
command_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct wait *wait = arg;

	wait->done = true;
	wait->failed = spdk_nvme_cpl_is_error(cpl);
}

/** Poll until the command is answered. */
static bool
succeeds(struct spdk_nvme_qpair *qpair, struct wait *wait, int submit_rc)
{
	while (submit_rc == 0 && !wait->done) {
		if (spdk_nvme_qpair_process_completions(qpair, 0) < 0) {
			return false; /* the connection is lost */
		}
	}
	return submit_rc == 0 && !wait->failed;
}

/** Write a block and read it back. \param buf one block. */
static bool
hello_block(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair, char *buf, uint32_t size)
{
	struct wait wait = {};

	snprintf(buf, size, "%s", TEXT);
	if (!succeeds(qpair, &wait,
	              spdk_nvme_ns_cmd_write(ns, qpair, buf, 0, 1, command_done, &wait, 0))) {
		fprintf(stderr, "the write failed\n");
		return false;
	}
	memset(buf, 0, size);
	memset(&wait, 0, sizeof(wait));
	if (!succeeds(qpair, &wait,
	              spdk_nvme_ns_cmd_read(ns, qpair, buf, 0, 1, command_done, &wait, 0))) {
		fprintf(stderr, "the read failed\n");
		return false;
	}
	printf("%s", buf);
	return strcmp(buf, TEXT) == 0;
}

static bool
hello_ns(struct spdk_nvme_ctrlr *ctrlr, struct spdk_nvme_ns *ns)
{
	struct spdk_nvme_qpair *qpair = spdk_nvme_ctrlr_alloc_io_qpair(ctrlr, NULL, 0);
	uint32_t size = spdk_nvme_ns_get_sector_size(ns);
	char *buf = spdk_zmalloc(size, 4096, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	bool ok = false;

	printf("  Namespace %u: %" PRIu64 " bytes\n", spdk_nvme_ns_get_id(ns),
	       spdk_nvme_ns_get_size(ns));
	if (qpair == NULL || buf == NULL) {
		fprintf(stderr, "no queue pair, or no memory\n");
	} else {
		ok = hello_block(ns, qpair, buf, size);
	}
	spdk_free(buf);
	if (qpair != NULL) {
		spdk_nvme_ctrlr_free_io_qpair(qpair);
	}
	return ok;
}

static bool
hello_ctrlr(struct spdk_nvme_ctrlr *ctrlr)
{
	const struct spdk_nvme_ctrlr_data *data = spdk_nvme_ctrlr_get_data(ctrlr);
	uint32_t nsid;
	bool ok = true;

	printf("Controller %-20.20s\n", (const char *)data->sn);
	for (nsid = spdk_nvme_ctrlr_get_first_active_ns(ctrlr); nsid != 0;
	     nsid = spdk_nvme_ctrlr_get_next_active_ns(ctrlr, nsid)) {
		ok &= hello_ns(ctrlr, spdk_nvme_ctrlr_get_ns(ctrlr, nsid));
	}
	return ok;
}

/* ---- Probe ---- */

/** Whether to attach: yes, whatever it is. */
static bool
probe_cb(void *ctx, const struct spdk_nvme_transport_id *trid, struct spdk_nvme_ctrlr_opts *opts)
{
	return true;
}

static void
attach_cb(void *ctx, const struct spdk_nvme_transport_id *trid, struct spdk_nvme_ctrlr *ctrlr,
          const struct spdk_nvme_ctrlr_opts *opts)
{
	printf("Attached to %s\n", trid->traddr);
	if (g_hello.num_ctrlrs < CTRLRS_MAX) {
		g_hello.ctrlrs[g_hello.num_ctrlrs++] = ctrlr;
	} else {
		spdk_nvme_detach(ctrlr);
	}
}

static int
run(void)
{
	bool ok;
	int i;

	if (spdk_nvme_probe(&g_hello.trid, NULL, probe_cb, attach_cb, NULL) != 0) {
		fprintf(stderr, "the probe failed\n");
		return 1;
	}
	ok = g_hello.num_ctrlrs > 0;
	if (!ok) {
		fprintf(stderr, "no NVMe controller was found\n");
	}
	for (i = 0; i < g_hello.num_ctrlrs; i++) {
		ok &= hello_ctrlr(g_hello.ctrlrs[i]);
		spdk_nvme_detach(g_hello.ctrlrs[i]);
	}
	return ok ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	int rc;

	spdk_env_opts_init(&opts);
	opts.name = "hello_world";
	spdk_nvme_trid_populate_transport(&g_hello.trid, SPDK_NVME_TRANSPORT_PCIE);
	snprintf(g_hello.trid.subnqn, sizeof(g_hello.trid.subnqn), "%s", SPDK_NVMF_DISCOVERY_NQN);
	rc = parse_args(argc, argv, &opts);
	if (rc >= 0) {
		return rc;
	}
	if (spdk_env_init(&opts) < 0) {
		fprintf(stderr, "the environment can't be initialised\n");
		return 1;
	}
	rc = run();
	spdk_env_fini();
	return rc;
}
