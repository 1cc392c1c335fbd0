/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The command line: SPDK's letters and names, and --verify, which SPDK's program has not. */

#include "options.h"

#include "spdk/log.h"
#include "spdk/sock.h"
#include "spdk/string.h"

struct perf_opts g_opts = {
	.num_qpairs = 1,
	.read_percent = 100,
	.buffer_align = 0x200,
	.keep_alive_ms = 10000,
};

enum {
	OPT_TRANSPORT_STATS = 256,
	OPT_IOVA_MODE,
	OPT_IO_QUEUE_SIZE,
	OPT_ZCOPY_THRESHOLD,
	OPT_ZCOPY_THRESHOLD_IMPL,
	OPT_TRANSPORT_TOS,
	OPT_RDMA_SRQ_SIZE,
	OPT_USE_EVERY_CORE,
	OPT_NO_HUGE,
	OPT_LOG_LEVEL,
	OPT_ENFORCE_NUMA,
	OPT_ENV_CONTEXT,
	OPT_FUA,
	OPT_DISABLE_SQ_FLOW_CONTROL,
	OPT_VERIFY,
};

static const struct option g_long_opts[] = {
	{ "warmup-time", required_argument, NULL, 'a' },
	{ "core-mask", required_argument, NULL, 'c' },
	{ "number-ios", required_argument, NULL, 'd' },
	{ "mem-single-seg", no_argument, NULL, 'g' },
	{ "help", no_argument, NULL, 'h' },
	{ "shmem-grp-id", required_argument, NULL, 'i' },
	{ "keepalive", required_argument, NULL, 'k' },
	{ "cpu-usage", no_argument, NULL, 'm' },
	{ "io-size", required_argument, NULL, 'o' },
	{ "io-depth", required_argument, NULL, 'q' },
	{ "transport", required_argument, NULL, 'r' },
	{ "hugemem-size", required_argument, NULL, 's' },
	{ "time", required_argument, NULL, 't' },
	{ "help-full", no_argument, NULL, 'v' },
	{ "io-pattern", required_argument, NULL, 'w' },
	{ "disable-zcopy", required_argument, NULL, 'z' },
	{ "buffer-alignment", required_argument, NULL, 'A' },
	{ "max-completion-per-poll", required_argument, NULL, 'C' },
	{ "disable-sq-cmb", no_argument, NULL, 'D' },
	{ "zipf", required_argument, NULL, 'F' },
	{ "enable-tcp-hdgst", no_argument, NULL, 'H' },
	{ "enable-tcp-ddgst", no_argument, NULL, 'I' },
	{ "enable-sw-latency-tracking", no_argument, NULL, 'L' },
	{ "rwmixread", required_argument, NULL, 'M' },
	{ "no-shst-notification", no_argument, NULL, 'N' },
	{ "io-unit-size", required_argument, NULL, 'O' },
	{ "num-qpairs", required_argument, NULL, 'P' },
	{ "continue-on-error", required_argument, NULL, 'Q' },
	{ "default-sock-impl", required_argument, NULL, 'S' },
	{ "logflag", required_argument, NULL, 'T' },
	{ "num-unused-qpairs", required_argument, NULL, 'U' },
	{ "enable-zcopy", required_argument, NULL, 'Z' },
	{ "transport-stats", no_argument, NULL, OPT_TRANSPORT_STATS },
	{ "iova-mode", required_argument, NULL, OPT_IOVA_MODE },
	{ "io-queue-size", required_argument, NULL, OPT_IO_QUEUE_SIZE },
	{ "zerocopy-threshold", required_argument, NULL, OPT_ZCOPY_THRESHOLD },
	{ "zerocopy-threshold-sock-impl", required_argument, NULL, OPT_ZCOPY_THRESHOLD_IMPL },
	{ "transport-tos", required_argument, NULL, OPT_TRANSPORT_TOS },
	{ "rdma-srq-size", required_argument, NULL, OPT_RDMA_SRQ_SIZE },
	{ "use-every-core", no_argument, NULL, OPT_USE_EVERY_CORE },
	{ "no-huge", no_argument, NULL, OPT_NO_HUGE },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "enforce-numa", no_argument, NULL, OPT_ENFORCE_NUMA },
	{ "env-context", required_argument, NULL, OPT_ENV_CONTEXT },
	{ "fua", no_argument, NULL, OPT_FUA },
	{ "disable-sq-flow-control", no_argument, NULL, OPT_DISABLE_SQ_FLOW_CONTROL },
	{ "verify", no_argument, NULL, OPT_VERIFY },
	{ NULL, 0, NULL, 0 },
};

static const char g_short_opts[] = "a:c:d:ghi:k:mo:q:r:s:t:v:w:z:A:C:DF:HILM:NO:P:Q:S:T:U:Z:";

static void
usage(FILE *f, const char *program, bool full)
{
	fprintf(f, "%s [options]\n", program);
	fprintf(f,
	        "  -q, --io-depth <n>        I/Os in flight per queue pair\n"
	        "  -o, --io-size <bytes>     size of an I/O; K and M are understood\n"
	        "  -w, --io-pattern <name>   read, write, randread, randwrite, rw, randrw\n"
	        "  -M, --rwmixread <0-100>   percent of reads in rw and randrw\n"
	        "  -t, --time <s>            how long to run\n"
	        "  -d, --number-ios <n>      I/Os per core and namespace; n%%: of the namespace\n"
	        "  -a, --warmup-time <s>     run so long before measuring\n"
	        "  -r, --transport <id>      target, up to %d times: 'trtype:TCP adrfam:IPv4\n"
	        "                            traddr:127.0.0.1 trsvcid:4420 [subnqn:nqn...]\n"
	        "                            [ns:<id>] [hostnqn:nqn...] [hostaddr:<own address>]'\n"
	        "  -c, --core-mask <mask>    cores to run on\n"
	        "  -P, --num-qpairs <n>      queue pairs per namespace and core\n"
	        "  -L                        latency percentiles; -LL: histogram, too\n"
	        "  --verify                  read each write back and compare (not in SPDK)\n"
	        "  -h, --help; --help-full   this text; all of it\n",
	        PERF_TRIDS_MAX);
	if (!full) {
		return;
	}
	fprintf(f, "  -A, --buffer-alignment <bytes>      of data buffers\n"
	           "  -C, --max-completion-per-poll <n>   0: no limit\n"
	           "  -D, --disable-sq-cmb                queues not in controller memory\n"
	           "  -F, --zipf <theta>                  zipf instead of even random offsets\n"
	           "  -H, -I                              TCP header digest, data digest\n"
	           "  -k, --keepalive <ms>                keep-alive time-out; 0: none\n"
	           "  -m, --cpu-usage                     busy polls of each core\n"
	           "  -N, --no-shst-notification          no shutdown of controllers\n"
	           "  -O, --io-unit-size <bytes>          pieces of memory of an I/O\n"
	           "  -Q, --continue-on-error <n>         log each nth error; 0: none\n"
	           "  -S, --default-sock-impl <name>      socket implementation\n"
	           "  -T, --logflag <name>                switch a log flag on\n"
	           "  -U, --num-unused-qpairs <n>         idle queue pairs per controller\n"
	           "  -z, -Z <name>                       no zero-copy, zero-copy send\n"
	           "  -g, -i <id>, -s <MB>, --no-huge     memory: one file, group, size, no "
	           "hugepages\n"
	           "  --disable-sq-flow-control           without submission queue flow control\n"
	           "  --enforce-numa                      memory from the node that is asked for\n"
	           "  --env-context <text>                for the environment\n"
	           "  --fua                               force unit access\n"
	           "  --iova-mode <pa|va>                 I/O addresses\n"
	           "  --io-queue-size <n>                 entries of an I/O queue\n"
	           "  --log-level <level>                 error, warning, notice, info, debug\n"
	           "  --rdma-srq-size <n>, --transport-tos <n>\n"
	           "  --transport-stats                   statistics of the transport\n"
	           "  --use-every-core                    each namespace on each core\n"
	           "  --zerocopy-threshold <bytes>, --zerocopy-threshold-sock-impl <name>\n");
}

/* ---- Options by kind. 1: not of this kind. ---- */

struct parse_state {
	struct spdk_env_opts *env_opts;
	bool needs_mix;
	bool has_mix;
	uint32_t mix;
	bool has_zcopy_threshold;
	uint32_t zcopy_threshold;
	const char *zcopy_impl;
};

static int
parse_env(int opt, struct parse_state *state)
{
	struct spdk_env_opts *env_opts = state->env_opts;
	uint32_t value;

	switch (opt) {
	case 'c':
		env_opts->core_mask = optarg;
		return 0;
	case 'g':
		env_opts->hugepage_single_segments = true;
		return 0;
	case 'i':
		if (perf_parse_u32("-i", optarg, 0, INT_MAX, &value) != 0) {
			return -EINVAL;
		}
		env_opts->shm_id = (int)value;
		return 0;
	case 's':
		if (perf_parse_u32("-s", optarg, 1, INT_MAX, &value) != 0) {
			return -EINVAL;
		}
		env_opts->mem_size = (int)value;
		return 0;
	case OPT_NO_HUGE:
		env_opts->no_huge = true;
		return 0;
	case OPT_IOVA_MODE:
		env_opts->iova_mode = optarg;
		return 0;
	case OPT_ENFORCE_NUMA:
		env_opts->enforce_numa = true;
		return 0;
	case OPT_ENV_CONTEXT:
		env_opts->env_context = optarg;
		return 0;
	default:
		return 1;
	}
}

static int
parse_number(int opt, struct parse_state *state)
{
	uint32_t value;

	switch (opt) {
	case 'a':
		return perf_parse_u64("-a", optarg, 0, 1u << 30, &g_opts.warmup_s);
	case 'd':
		return perf_parse_number_ios(optarg);
	case 'k':
		return perf_parse_u32("-k", optarg, 0, UINT32_MAX, &g_opts.keep_alive_ms);
	case 'o':
		return perf_parse_size("-o", optarg, &g_opts.io_size_bytes);
	case 'q':
		return perf_parse_u32("-q", optarg, 1, UINT16_MAX - 1, &g_opts.queue_depth);
	case 't':
		return perf_parse_u64("-t", optarg, 1, 1u << 30, &g_opts.time_s);
	case 'A':
		return perf_parse_u32("-A", optarg, 1, 1u << 21, &g_opts.buffer_align);
	case 'C':
		return perf_parse_u32("-C", optarg, 0, UINT32_MAX, &g_opts.completions_per_poll);
	case 'M':
		state->has_mix = true;
		return perf_parse_u32("-M", optarg, 0, 100, &state->mix);
	case 'O':
		return perf_parse_size("-O", optarg, &g_opts.io_unit_bytes);
	case 'P':
		return perf_parse_u32("-P", optarg, 1, UINT16_MAX, &g_opts.num_qpairs);
	case 'Q':
		g_opts.continue_on_error = true;
		return perf_parse_u32("-Q", optarg, 0, UINT32_MAX, &g_opts.quiet_count);
	case 'U':
		return perf_parse_u32("-U", optarg, 0, UINT16_MAX, &g_opts.num_unused_qpairs);
	case OPT_IO_QUEUE_SIZE:
		return perf_parse_u32("--io-queue-size", optarg, 2, UINT16_MAX,
		                      &g_opts.io_queue_size);
	case OPT_TRANSPORT_TOS:
		if (perf_parse_u32("--transport-tos", optarg, 0, UINT8_MAX, &value) != 0) {
			return -EINVAL;
		}
		g_opts.transport_tos = (uint8_t)value;
		return 0;
	case OPT_RDMA_SRQ_SIZE:
		return perf_set_srq_size(optarg);
	case OPT_ZCOPY_THRESHOLD:
		state->has_zcopy_threshold = true;
		return perf_parse_u32("--zerocopy-threshold", optarg, 0, UINT32_MAX,
		                      &state->zcopy_threshold);
	default:
		return 1;
	}
}

static int
parse_switch(int opt)
{
	switch (opt) {
	case 'm':
		g_opts.cpu_usage = true;
		return 0;
	case 'D':
		g_opts.disable_sq_cmb = true;
		return 0;
	case 'H':
		g_opts.header_digest = true;
		return 0;
	case 'I':
		g_opts.data_digest = true;
		return 0;
	case 'L':
		g_opts.latency_level++;
		return 0;
	case 'N':
		g_opts.no_shn = true;
		return 0;
	case OPT_TRANSPORT_STATS:
		g_opts.transport_stats = true;
		return 0;
	case OPT_USE_EVERY_CORE:
		g_opts.use_every_core = true;
		return 0;
	case OPT_FUA:
		g_opts.io_flags |= SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS;
		return 0;
	case OPT_DISABLE_SQ_FLOW_CONTROL:
		g_opts.disable_sq_flow_control = true;
		return 0;
	case OPT_VERIFY:
		g_opts.verify = true;
		return 0;
	default:
		return 1;
	}
}

static int
parse_text(int opt, struct parse_state *state)
{
	char *end;
	int rc;

	switch (opt) {
	case 'r':
		return perf_parse_trid(optarg);
	case 'w':
		rc = perf_parse_workload(optarg);
		state->needs_mix = rc == 1;
		return rc < 0 ? rc : 0;
	case 'F':
		g_opts.zipf_theta = strtod(optarg, &end);
		if (end == optarg || *end != '\0' || !(g_opts.zipf_theta > 0)) {
			fprintf(stderr, "-F: '%s' is not a positive number\n", optarg);
			return -EINVAL;
		}
		return 0;
	case 'S':
		if (spdk_sock_set_default_impl(optarg) != 0) {
			fprintf(stderr, "-S: there is no socket implementation '%s'\n", optarg);
			return -EINVAL;
		}
		return 0;
	case 'T':
		if (spdk_log_set_flag(optarg) != 0) {
			fprintf(stderr, "-T: there is no log flag '%s'\n", optarg);
			return -EINVAL;
		}
		return 0;
	case 'z':
	case 'Z':
		return perf_set_zcopy(optarg, NULL, opt == 'Z');
	case OPT_ZCOPY_THRESHOLD_IMPL:
		state->zcopy_impl = optarg;
		return 0;
	case OPT_LOG_LEVEL:
		return perf_set_log_level(optarg);
	default:
		return -EINVAL;
	}
}

static int
parse_opt(int opt, struct parse_state *state)
{
	int rc = parse_env(opt, state);

	if (rc > 0) {
		rc = parse_number(opt, state);
	}
	if (rc > 0) {
		rc = parse_switch(opt);
	}
	if (rc > 0) {
		rc = parse_text(opt, state);
	}
	return rc;
}

/* What only the whole command line shows. */
static int
check_args(struct parse_state *state)
{
	const char *missing = NULL;

	if (g_opts.queue_depth == 0) {
		missing = "-q (--io-depth)";
	} else if (g_opts.io_size_bytes == 0) {
		missing = "-o (--io-size)";
	} else if (g_opts.workload == NULL) {
		missing = "-w (--io-pattern)";
	} else if (g_opts.time_s == 0 && g_opts.num_ios == 0 && g_opts.num_ios_percent == 0) {
		missing = "-t (--time)";
	}
	if (missing != NULL) {
		fprintf(stderr, "%s is missing\n", missing);
		return -EINVAL;
	}
	if (state->needs_mix != state->has_mix) {
		fprintf(stderr, state->needs_mix ? "-w %s needs -M\n" : "-w %s takes no -M\n",
		        g_opts.workload);
		return -EINVAL;
	}
	if (state->has_mix) {
		g_opts.read_percent = state->mix;
	}
	if (g_opts.zipf_theta > 0 && !g_opts.is_random) {
		fprintf(stderr, "-F needs a random workload\n");
		return -EINVAL;
	}
	if (g_opts.verify && g_opts.io_size_bytes % sizeof(uint64_t) != 0) {
		fprintf(stderr, "--verify needs I/Os of a multiple of 8 bytes\n");
		return -EINVAL;
	}
	if (state->has_zcopy_threshold) {
		if (state->zcopy_impl == NULL) {
			fprintf(stderr, "--zerocopy-threshold needs "
			                "--zerocopy-threshold-sock-impl\n");
			return -EINVAL;
		}
		return perf_set_zcopy(state->zcopy_impl, &state->zcopy_threshold, false);
	}
	return 0;
}

int
perf_parse_args(int argc, char **argv, struct spdk_env_opts *env_opts)
{
	struct parse_state state = { .env_opts = env_opts };
	uint32_t i;
	int opt;

	while ((opt = getopt_long(argc, argv, g_short_opts, g_long_opts, NULL)) != -1) {
		if (opt == 'h' || opt == 'v') {
			usage(stdout, argv[0], opt == 'v');
			return 0;
		}
		if (opt == '?' || parse_opt(opt, &state) < 0) {
			usage(stderr, argv[0], false);
			return 1;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "'%s': devices of the kernel can't be driven by this program\n",
		        argv[optind]);
		return 1;
	}
	if (check_args(&state) != 0) {
		return 1;
	}
	if (g_opts.time_s == 0) {
		/* By number of I/Os: the time is only a fence. */
		g_opts.time_s = 1u << 30;
	}
	if (g_opts.num_trids == 0) {
		spdk_nvme_trid_populate_transport(&g_opts.trids[0].trid, SPDK_NVME_TRANSPORT_PCIE);
		g_opts.num_trids = 1;
	}
	env_opts->no_pci = true;
	for (i = 0; i < g_opts.num_trids; i++) {
		if (!spdk_nvme_trtype_is_fabrics(g_opts.trids[i].trid.trtype)) {
			env_opts->no_pci = false;
		}
	}
	return -1;
}
