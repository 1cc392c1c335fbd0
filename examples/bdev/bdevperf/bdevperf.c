/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * bdevperf: command line, start and stop. With -z it waits for perform_tests (rpc.c), else it runs
 * once and ends.
 */

#include "bdevperf.h"

#include "spdk/env.h"
#include "spdk/event.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/subsystem.h"

struct options g_options = {
	.read_percent = -1,
};

static struct {
	bool bad_workload;
	FILE *rpc_log;
} g_app;

static const struct workload g_workloads[] = {
	{ "read", KIND_RW, false, 100, false },
	{ "write", KIND_RW, false, 0, false },
	{ "rw", KIND_RW, false, -1, false },
	{ "randread", KIND_RW, true, 100, false },
	{ "randwrite", KIND_RW, true, 0, false },
	{ "randrw", KIND_RW, true, -1, false },
	{ "verify", KIND_VERIFY, false, 0, false },
	{ "reset", KIND_VERIFY, false, 0, true },
	{ "unmap", KIND_UNMAP, false, 0, false },
	{ "flush", KIND_FLUSH, false, 0, false },
	{ "write_zeroes", KIND_WRITE_ZEROES, false, 0, false },
};

const struct workload *
workload_find(const char *name)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_workloads); i++) {
		if (strcmp(g_workloads[i].name, name) == 0) {
			return &g_workloads[i];
		}
	}
	return NULL;
}

static void
usage(void)
{
	size_t i;

	printf(" -q DEPTH          I/Os kept in flight on each bdev\n"
	       " -o SIZE           bytes in each I/O; K, M or G may follow\n"
	       " -w WORKLOAD       one of:");
	for (i = 0; i < SPDK_COUNTOF(g_workloads); i++) {
		printf(" %s", g_workloads[i].name);
	}
	printf("\n"
	       " -t SECONDS        how long to run\n"
	       " -M PERCENT        share of reads in rw and randrw\n"
	       " -T BDEV           only this bdev; default: all that are not claimed\n"
	       " -C                drive each bdev from every core\n"
	       " -E                the jobs of a core share one thread\n"
	       " -F THETA          random offsets of a Zipf distribution\n"
	       " -D                random offsets that do not repeat before all had their turn\n"
	       " -U                different data in each write\n"
	       " -H                data buffers of ordinary memory\n"
	       " -N                open bdevs with metadata hidden\n"
	       " -k SECONDS        count I/O that takes longer as timed out\n"
	       " -X                abort I/O that timed out\n"
	       " -f                go on after failed I/O\n"
	       " -l                print latency percentiles; twice: a histogram too\n"
	       " -S SECONDS        print the table every so often while it runs\n"
	       " -P PERIODS        with -S: moving average over so many periods\n"
	       " -z                wait for the RPC perform_tests\n"
	       " -J FILE           log RPC calls to a file\n"
	       " --io-count N      end each job after N I/Os (then -t may be left out)\n"
	       " --buffer-offset N move data buffers by N bytes off their alignment\n");
}

enum long_option {
	OPT_IO_COUNT = 0x10000,
	OPT_BUFFER_OFFSET,
};

static const struct option g_long_options[] = {
	{ "io-count", required_argument, NULL, OPT_IO_COUNT },
	{ "buffer-offset", required_argument, NULL, OPT_BUFFER_OFFSET },
	{ NULL, 0, NULL, 0 },
};

/** A number of at least \p min into \p out. */
static int
parse_int(int ch, const char *arg, long min, int *out)
{
	long value = spdk_strtol(arg, 10);

	if (value < min || value > INT_MAX) {
		fprintf(stderr, "-%c %s: a number of at least %ld is wanted\n", ch, arg, min);
		return -EINVAL;
	}
	*out = (int)value;
	return 0;
}

static int
parse_flag(int ch)
{
	switch (ch) {
	case 'C':
		g_options.every_core = true;
		return 0;
	case 'E':
		g_options.share_thread = true;
		return 0;
	case 'D':
		g_options.no_repeat = true;
		return 0;
	case 'U':
		g_options.unique_writes = true;
		return 0;
	case 'H':
		g_options.plain_memory = true;
		return 0;
	case 'N':
		g_options.hide_metadata = true;
		return 0;
	case 'X':
		g_options.abort_on_timeout = true;
		return 0;
	case 'f':
		g_options.continue_on_failure = true;
		return 0;
	case 'l':
		g_options.latency++;
		return 0;
	case 'z':
		g_options.wait_for_rpc = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int
parse_text(int ch, char *arg)
{
	bool prefix;
	char *end;

	switch (ch) {
	case 'w':
		g_options.workload = workload_find(arg);
		if (g_options.workload == NULL) {
			fprintf(stderr, "-w %s: no such workload\n", arg);
			g_app.bad_workload = true;
		}
		return g_options.workload == NULL ? -EINVAL : 0;
	case 'o':
		if (spdk_parse_capacity(arg, &g_options.io_size, &prefix) != 0 ||
		    g_options.io_size == 0) {
			fprintf(stderr, "-o %s: a size in bytes is wanted\n", arg);
			return -EINVAL;
		}
		return 0;
	case 'F':
		g_options.zipf_theta = strtod(arg, &end);
		return *end == '\0' && g_options.zipf_theta > 0 && g_options.zipf_theta != 1
		               ? 0
		               : -EINVAL;
	case 'T':
		g_options.bdev_name = arg;
		return 0;
	case 'J':
		g_app.rpc_log = fopen(arg, "w");
		if (g_app.rpc_log == NULL) {
			fprintf(stderr, "-J %s: %s\n", arg, strerror(errno));
		}
		return g_app.rpc_log == NULL ? -EINVAL : 0;
	case OPT_IO_COUNT:
		g_options.io_count = strtoull(arg, &end, 10);
		return *end == '\0' && g_options.io_count > 0 ? 0 : -EINVAL;
	case OPT_BUFFER_OFFSET:
		g_options.buffer_offset = strtoull(arg, &end, 10);
		return *end == '\0' && g_options.buffer_offset < 4096 ? 0 : -EINVAL;
	default:
		return parse_flag(ch);
	}
}

static int
parse_arg(int ch, char *arg)
{
	switch (ch) {
	case 'q':
		return parse_int(ch, arg, 1, &g_options.queue_depth);
	case 't':
		return parse_int(ch, arg, 1, &g_options.time_sec);
	case 'k':
		return parse_int(ch, arg, 1, &g_options.timeout_sec);
	case 'S':
		return parse_int(ch, arg, 1, &g_options.show_period_sec);
	case 'P':
		return parse_int(ch, arg, 1, &g_options.ema_periods);
	case 'M':
		if (parse_int(ch, arg, 0, &g_options.read_percent) != 0 ||
		    g_options.read_percent > 100) {
			fprintf(stderr, "-M %s: a percentage is wanted\n", arg);
			return -EINVAL;
		}
		return 0;
	default:
		return parse_text(ch, arg);
	}
}

/** 0, or the exit status. */
static int
check_options(void)
{
	if (!g_options.wait_for_rpc &&
	    (g_options.queue_depth == 0 || g_options.io_size == 0 || g_options.workload == NULL ||
	     (g_options.time_sec == 0 && g_options.io_count == 0))) {
		fprintf(stderr, "-q, -o, -w and -t (or --io-count) are needed\n");
		return 1;
	}
	if (g_options.workload != NULL && g_options.workload->kind == KIND_RW &&
	    g_options.workload->read_percent < 0 && g_options.read_percent < 0) {
		fprintf(stderr, "-w %s needs -M\n", g_options.workload->name);
		return 1;
	}
	if (g_options.zipf_theta > 0 && g_options.no_repeat) {
		fprintf(stderr, "-F and -D exclude each other\n");
		return 1;
	}
	return 0;
}

static void
finished(void *arg, int rc)
{
	spdk_app_stop(rc);
}

static void
started(void *arg)
{
	if (g_options.wait_for_rpc) {
		printf("Waiting for perform_tests...\n");
		fflush(stdout);
		return;
	}
	if (spdk_bdev_first() == NULL) {
		/* As SPDK's: somebody may still make one by RPC, and stop us. */
		fprintf(stderr, "There is no bdev to run on; stop with Ctrl-C.\n");
		return;
	}
	run_tests(finished, NULL);
}

static void
stop_when_idle(void)
{
	if (run_is_active()) {
		run_stop();
	} else {
		spdk_app_stop(0);
	}
}

int
main(int argc, char **argv)
{
	static const char *const subsystems[] = { "sock", "iobuf", "keyring", "bdev", NULL };
	struct spdk_app_opts opts;
	int rc;

	subsystem_select(subsystems);
	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "bdevperf";
	opts.rpc_addr = NULL;
	opts.shutdown_cb = stop_when_idle;
	rc = spdk_app_parse_args(argc, argv, &opts, "CDEF:HJ:M:NP:S:T:UXfk:lo:q:t:w:z",
	                         g_long_options, parse_arg, usage);
	if (rc != SPDK_APP_PARSE_ARGS_SUCCESS) {
		return g_app.bad_workload ? -EINVAL : rc;
	}
	rc = check_options();
	if (rc != 0) {
		return rc;
	}
	opts.rpc_log_file = g_app.rpc_log;
	rpc_register();
	rc = spdk_app_start(&opts, started, NULL);
	spdk_app_fini();
	if (g_app.rpc_log != NULL) {
		fclose(g_app.rpc_log);
	}
	return rc;
}
