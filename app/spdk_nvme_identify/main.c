/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * spdk_nvme_identify: connects to controllers and prints what they say of themselves. One thread,
 * no framework.
 */

#include "identify.h"

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/sock.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/app_number.h"

static struct {
	struct spdk_nvme_transport_id trid;
	bool trid_given;
	char hostnqn[SPDK_NVMF_NQN_MAX_LEN + 1];
	struct spdk_nvme_host_id host;
	bool hex_dump;
	int status;
	uint32_t num_found;
	struct spdk_nvme_detach_ctx *detach_ctx;
} g_app;

static void
usage(FILE *f, const char *program)
{
	fprintf(f, "%s [options]\n", program);
	fprintf(f, "  -r <transport id>  what to identify, for instance\n"
	           "                     'trtype:TCP adrfam:IPv4 traddr:127.0.0.1 trsvcid:4420 "
	           "subnqn:nqn...';\n"
	           "                     without subnqn: the discovery service there\n"
	           "                     (also: hostnqn:<NQN>, the host to be; hostaddr:<own "
	           "address>)\n"
	           "  -S <name>          default socket implementation\n"
	           "  -x                 dump identify data as hex\n"
	           "  -z[N]              zone report of zoned namespaces, the first N zones\n"
	           "  -o                 details of Open-Channel devices\n"
	           "  -L <flag>          switch a log flag on\n"
	           "  -i <id>            shared memory group\n"
	           "  -p <core>          core to run on\n"
	           "  -d, -s <MB>        hugepage memory\n"
	           "  -g                 hugepage memory in one file\n"
	           "  -v <pa|va>         IO virtual address mode\n"
	           "  --no-huge          ordinary memory\n"
	           "  -H                 this text\n");
	spdk_log_usage(f, "-L");
}

static int
parse_trid(const char *text)
{
	const char *hostnqn;
	size_t len;

	g_app.trid_given = true;
	if (spdk_nvme_transport_id_parse(&g_app.trid, text) != 0 ||
	    spdk_nvme_host_id_parse(&g_app.host, text) != 0) {
		fprintf(stderr, "-r: '%s' is not a transport id\n", text);
		return -EINVAL;
	}
	hostnqn = strcasestr(text, "hostnqn:");
	if (hostnqn != NULL) {
		hostnqn += strlen("hostnqn:");
		len = strcspn(hostnqn, " \t\n");
		if (len >= sizeof(g_app.hostnqn)) {
			fprintf(stderr, "-r: hostnqn is longer than %d characters\n",
			        SPDK_NVMF_NQN_MAX_LEN);
			return -EINVAL;
		}
		memcpy(g_app.hostnqn, hostnqn, len);
	}
	return 0;
}

static int
parse_number(char opt, int *out)
{
	long value;

	if (!app_parse_number(opt, optarg, 0, INT_MAX, &value)) {
		return -EINVAL;
	}
	*out = (int)value;
	return 0;
}

static int
parse_opt(int opt, struct spdk_env_opts *env_opts, char *core_mask, size_t core_mask_size)
{
	int core;

	switch (opt) {
	case 'd':
	case 's':
		return parse_number((char)opt, &env_opts->mem_size);
	case 'g':
		env_opts->hugepage_single_segments = true;
		return 0;
	case 'i':
		return parse_number('i', &env_opts->shm_id);
	case 'p':
		if (parse_number('p', &core) != 0) {
			return -EINVAL;
		}
		snprintf(core_mask, core_mask_size, "[%d]", core);
		env_opts->core_mask = core_mask;
		env_opts->main_core = core;
		return 0;
	case 'o':
	case 'z':
		/* Of devices and namespaces that this version does not attach: nothing to add. */
		return 0;
	case 'r':
		return parse_trid(optarg);
	case 'v':
		env_opts->iova_mode = optarg;
		return 0;
	case 'x':
		g_app.hex_dump = true;
		return 0;
	case 'L':
		if (spdk_log_set_flag(optarg) != 0) {
			fprintf(stderr, "-L: there is no log flag '%s'\n", optarg);
			return -EINVAL;
		}
		return 0;
	case 'S':
		if (spdk_sock_set_default_impl(optarg) != 0) {
			fprintf(stderr, "-S: there is no socket implementation '%s'\n", optarg);
			return -EINVAL;
		}
		return 0;
	case 'n':
		env_opts->no_huge = true;
		return 0;
	default:
		return -EINVAL;
	}
}

/* -1: go on; else the exit status. */
static int
parse_args(int argc, char **argv, struct spdk_env_opts *env_opts)
{
	static const struct option long_opts[] = {
		{ "logflag", required_argument, NULL, 'L' },
		{ "no-huge", no_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	static char core_mask[24];
	int opt;

	while ((opt = getopt_long(argc, argv, "d:gi:op:r:v:xz::HL:S:s:", long_opts, NULL)) != -1) {
		if (opt == 'H') {
			usage(stdout, argv[0]);
			return 0;
		}
		if (parse_opt(opt, env_opts, core_mask, sizeof(core_mask)) != 0) {
			usage(stderr, argv[0]);
			return 1;
		}
	}
	return -1;
}

static void
set_host(struct spdk_nvme_ctrlr_opts *opts)
{
	memcpy(opts->src_addr, g_app.host.hostaddr, sizeof(opts->src_addr));
	memcpy(opts->src_svcid, g_app.host.hostsvcid, sizeof(opts->src_svcid));
	if (g_app.hostnqn[0] != '\0') {
		memcpy(opts->hostnqn, g_app.hostnqn, sizeof(opts->hostnqn));
	}
}

static bool
probe_cb(void *cb_ctx, const struct spdk_nvme_transport_id *trid, struct spdk_nvme_ctrlr_opts *opts)
{
	set_host(opts);
	return true;
}

static void
attach_cb(void *cb_ctx, const struct spdk_nvme_transport_id *trid, struct spdk_nvme_ctrlr *ctrlr,
          const struct spdk_nvme_ctrlr_opts *opts)
{
	g_app.num_found++;
	g_app.status |= identify_ctrlr(ctrlr, g_app.hex_dump);
	spdk_nvme_detach_async(ctrlr, &g_app.detach_ctx);
}

static void
identify_fabric(void)
{
	struct spdk_nvme_ctrlr_opts opts;
	struct spdk_nvme_ctrlr *ctrlr;

	spdk_nvme_ctrlr_get_default_ctrlr_opts(&opts, sizeof(opts));
	set_host(&opts);
	ctrlr = spdk_nvme_connect(&g_app.trid, &opts, sizeof(opts));
	if (ctrlr == NULL) {
		fprintf(stderr, "no connection to %s at %s:%s\n", g_app.trid.subnqn,
		        g_app.trid.traddr, g_app.trid.trsvcid);
		g_app.status = 1;
		return;
	}
	attach_cb(NULL, &g_app.trid, ctrlr, &opts);
}

int
main(int argc, char **argv)
{
	struct spdk_env_opts env_opts = { .opts_size = sizeof(env_opts) };
	int rc;

	spdk_env_opts_init(&env_opts);
	env_opts.name = "identify";
	snprintf(g_app.trid.subnqn, sizeof(g_app.trid.subnqn), "%s", SPDK_NVMF_DISCOVERY_NQN);
	rc = parse_args(argc, argv, &env_opts);
	if (rc >= 0) {
		return rc;
	}
	if (!g_app.trid_given) {
		spdk_nvme_trid_populate_transport(&g_app.trid, SPDK_NVME_TRANSPORT_PCIE);
	}
	env_opts.no_pci = spdk_nvme_trtype_is_fabrics(g_app.trid.trtype);
	if (spdk_env_init(&env_opts) < 0) {
		fprintf(stderr, "the environment can't be initialised\n");
		return 1;
	}
	if (spdk_nvme_trtype_is_fabrics(g_app.trid.trtype)) {
		identify_fabric();
	} else if (spdk_nvme_probe(&g_app.trid, NULL, probe_cb, attach_cb, NULL) != 0) {
		fprintf(stderr, "the controllers can't be probed\n");
		g_app.status = 1;
	}
	spdk_nvme_detach_poll(g_app.detach_ctx);
	if (g_app.num_found == 0 && g_app.status == 0) {
		fprintf(stderr, "No NVMe controllers found.\n");
	}
	spdk_env_fini();
	return g_app.status;
}
