/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The tables at the end. */

#include "perf.h"

#define CORE_COLUMNS 13 /* " from core NN" */
#define SUMMARY_NAME_MAX 43

static const double g_percentiles[] = {
	0.01, 0.10,  0.25,  0.50,   0.75,    0.90,     0.95,      0.98,
	0.99, 0.995, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999,
};

static double
tsc_to_us(uint64_t tsc)
{
	return (double)tsc * SPDK_SEC_TO_USEC / (double)spdk_get_ticks_hz();
}

void
perf_print_line_of(char c, int count)
{
	while (count-- > 0) {
		putchar(c);
	}
	putchar('\n');
}

static double
nsw_iops(const struct perf_ns_worker *nsw)
{
	uint64_t tsc = nsw->worker->elapsed_tsc;

	return tsc != 0 ? (double)nsw->ios_done * (double)spdk_get_ticks_hz() / (double)tsc : 0;
}

static void
print_values(double iops, uint64_t ios, uint64_t total_tsc, uint64_t min_tsc, uint64_t max_tsc)
{
	printf(": %10.2f %10.2f %10.2f %10.2f %10.2f\n", iops,
	       iops * g_opts.io_size_bytes / (1024 * 1024),
	       ios != 0 ? tsc_to_us(total_tsc) / (double)ios : 0, tsc_to_us(min_tsc),
	       tsc_to_us(max_tsc));
}

static int
name_columns(void)
{
	struct perf_ns *ns;
	int columns = 0;

	TAILQ_FOREACH(ns, &g_namespaces, link) {
		columns = spdk_max(columns, (int)strlen(ns->name));
	}
	return columns;
}

static void
print_table(void)
{
	uint64_t ios = 0, total_tsc = 0, min_tsc = UINT64_MAX, max_tsc = 0;
	int columns = name_columns();
	struct perf_ns_worker *nsw;
	struct perf_worker *worker;
	double iops = 0;

	perf_print_line_of('=', 56);
	printf("%*s\n", columns + 60, "Latency(us)");
	printf("%-*s: %10s %10s %10s %10s %10s\n", columns + CORE_COLUMNS, "Device Information",
	       "IOPS", "MiB/s", "Average", "min", "max");
	TAILQ_FOREACH(worker, &g_workers, link) {
		TAILQ_FOREACH(nsw, &worker->ns_workers, link) {
			printf("%-*s from core %2u", columns, nsw->ns->name, worker->lcore);
			print_values(nsw_iops(nsw), nsw->ios_done, nsw->total_tsc,
			             nsw->ios_done != 0 ? nsw->min_tsc : 0, nsw->max_tsc);
			iops += nsw_iops(nsw);
			ios += nsw->ios_done;
			total_tsc += nsw->total_tsc;
			min_tsc = spdk_min(min_tsc, nsw->min_tsc);
			max_tsc = spdk_max(max_tsc, nsw->max_tsc);
		}
	}
	perf_print_line_of('=', 56);
	printf("%-*s", columns + CORE_COLUMNS, "Total");
	print_values(iops, ios, total_tsc, ios != 0 ? min_tsc : 0, max_tsc);
	printf("\n");
}

/* ---- Latency ---- */

struct percentile_walk {
	size_t next;
};

static void
print_percentile(void *ctx, uint64_t start, uint64_t end, uint64_t count, uint64_t total,
                 uint64_t so_far)
{
	struct percentile_walk *walk = ctx;

	if (count == 0) {
		return;
	}
	while (walk->next < SPDK_COUNTOF(g_percentiles) &&
	       (double)so_far / (double)total >= g_percentiles[walk->next]) {
		printf("%9.5f%% : %9.3fus\n", g_percentiles[walk->next] * 100, tsc_to_us(end));
		walk->next++;
	}
}

static void
print_bucket(void *ctx, uint64_t start, uint64_t end, uint64_t count, uint64_t total,
             uint64_t so_far)
{
	if (count != 0) {
		printf("%9.3f - %9.3f: %9.4f%%  (%9" PRIu64 ")\n", tsc_to_us(start), tsc_to_us(end),
		       (double)so_far * 100 / (double)total, count);
	}
}

static void
print_summaries(void)
{
	struct perf_ns_worker *nsw;
	struct perf_worker *worker;

	TAILQ_FOREACH(worker, &g_workers, link) {
		TAILQ_FOREACH(nsw, &worker->ns_workers, link) {
			struct percentile_walk walk = { .next = 0 };

			if (nsw->histogram == NULL) {
				continue;
			}
			printf("Summary latency data for %-43.43s from core %u:\n", nsw->ns->name,
			       worker->lcore);
			perf_print_line_of('=', 81);
			spdk_histogram_data_iterate(nsw->histogram, print_percentile, &walk);
			printf("\n");
		}
	}
}

static void
print_histograms(void)
{
	struct perf_ns_worker *nsw;
	struct perf_worker *worker;

	TAILQ_FOREACH(worker, &g_workers, link) {
		TAILQ_FOREACH(nsw, &worker->ns_workers, link) {
			if (nsw->histogram == NULL) {
				continue;
			}
			printf("Latency histogram for %-43.43s from core %u:\n", nsw->ns->name,
			       worker->lcore);
			perf_print_line_of('=', 81);
			printf("       Range in us     Cumulative    IO count\n");
			spdk_histogram_data_iterate(nsw->histogram, print_bucket, NULL);
			printf("\n");
		}
	}
}

static void
print_cpu_usage(void)
{
	struct perf_worker *worker;

	TAILQ_FOREACH(worker, &g_workers, link) {
		uint64_t polls = worker->busy_polls + worker->idle_polls;

		printf("Core %2u: %6.2f%% of %" PRIu64 " polls found completions\n", worker->lcore,
		       polls != 0 ? (double)worker->busy_polls * 100 / (double)polls : 0, polls);
	}
	printf("\n");
}

static void
print_transport_stats(void)
{
	struct perf_ns_worker *nsw;
	struct perf_worker *worker;

	TAILQ_FOREACH(worker, &g_workers, link) {
		TAILQ_FOREACH(nsw, &worker->ns_workers, link) {
			const struct spdk_nvme_tcp_stat *stat = &nsw->tcp_stat;

			printf("TCP transport of %s on core %u:\n", nsw->ns->name, worker->lcore);
			printf("\tpolls:              %" PRIu64 "\n", stat->polls);
			printf("\tidle_polls:         %" PRIu64 "\n", stat->idle_polls);
			printf("\tsock_completions:   %" PRIu64 "\n", stat->socket_completions);
			printf("\tnvme_completions:   %" PRIu64 "\n", stat->nvme_completions);
			printf("\tsubmitted_requests: %" PRIu64 "\n", stat->submitted_requests);
			printf("\tqueued_requests:    %" PRIu64 "\n", stat->queued_requests);
		}
	}
	printf("\n");
}

void
perf_report(void)
{
	print_table();
	if (g_opts.latency_level > 0) {
		print_summaries();
	}
	if (g_opts.latency_level > 1) {
		print_histograms();
	}
	if (g_opts.transport_stats) {
		print_transport_stats();
	}
	if (g_opts.cpu_usage) {
		print_cpu_usage();
	}
}
