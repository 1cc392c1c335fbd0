/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What bdevperf prints, in the formats that scripts read. App thread. */

#include "bdevperf.h"

#include "spdk/env.h"
#include "spdk/json.h"
#include "spdk/util.h"

#define MIB (1024.0 * 1024.0)

/** A line of the table. */
struct row {
	double runtime_sec;
	double iops;
	double mibps;
	double fails;
	double timeouts;
	double average_us;
	double min_us;
	double max_us;
};

static double
ticks_to_us(uint64_t ticks)
{
	return (double)ticks * SPDK_SEC_TO_USEC / (double)spdk_get_ticks_hz();
}

/** Latency out of the bdev layer's statistics: reads, writes and unmaps. */
static void
row_latency(struct row *row, const struct spdk_bdev_io_stat *s)
{
	uint64_t ops = s->num_read_ops + s->num_write_ops + s->num_unmap_ops;
	uint64_t ticks = s->read_latency_ticks + s->write_latency_ticks + s->unmap_latency_ticks;
	uint64_t min = UINT64_MAX, max;

	if (ops == 0) {
		return;
	}
	min = spdk_min(min, s->num_read_ops ? s->min_read_latency_ticks : UINT64_MAX);
	min = spdk_min(min, s->num_write_ops ? s->min_write_latency_ticks : UINT64_MAX);
	min = spdk_min(min, s->num_unmap_ops ? s->min_unmap_latency_ticks : UINT64_MAX);
	max = spdk_max(s->max_read_latency_ticks, s->max_write_latency_ticks);
	max = spdk_max(max, s->max_unmap_latency_ticks);
	row->average_us = ticks_to_us(ticks) / (double)ops;
	row->min_us = ticks_to_us(min);
	row->max_us = ticks_to_us(max);
}

static struct row
final_row(const struct job *job)
{
	struct row row = {};

	row.runtime_sec = ticks_to_us(job->run_ticks) / SPDK_SEC_TO_USEC;
	if (row.runtime_sec > 0) {
		row.iops = (double)job->completed / row.runtime_sec;
		row.fails = (double)job->failed / row.runtime_sec;
		row.timeouts = (double)job->timed_out / row.runtime_sec;
	}
	row.mibps = row.iops * (double)g_options.io_size / MIB;
	row_latency(&row, &job->stat);
	return row;
}

static void
total_add(struct row *total, const struct row *row, bool first)
{
	double weight = total->iops + row->iops;

	if (weight > 0) {
		total->average_us =
		        (total->average_us * total->iops + row->average_us * row->iops) / weight;
	}
	total->iops = weight;
	total->mibps += row->mibps;
	total->fails += row->fails;
	total->timeouts += row->timeouts;
	total->min_us = first ? row->min_us : spdk_min(total->min_us, row->min_us);
	total->max_us = spdk_max(total->max_us, row->max_us);
}

/* ---- Table ---- */

static void
print_line(void)
{
	static const char dashes[] = "========================================"
	                             "========================================"
	                             "=================================";

	printf("\r %s\n", dashes);
}

static void
print_header(void)
{
	printf("%*s\n", 107, "Latency(us)");
	printf("\r %-28s: %10s %10s %10s %10s %8s %10s %10s %10s\n", "Device Information",
	       "runtime(s)", "IOPS", "MiB/s", "Fail/s", "TO/s", "Average", "min", "max");
}

static void
print_job(const struct job *job, const struct row *row)
{
	const struct workload *w = g_options.workload;

	printf("Job: %s (Core Mask 0x%s, workload: %s", job->name, job->core_mask, w->name);
	if (w->kind == KIND_RW && w->read_percent < 0) {
		printf(", percentage: %d", g_options.read_percent);
	}
	printf(", depth: %d, IO size: %" PRIu64 ")\n", g_options.queue_depth, g_options.io_size);
	if (w->kind == KIND_VERIFY) {
		printf("\t Verification LBA range: start 0x%" PRIx64 " length 0x%" PRIx64 "\n",
		       job->first_unit * job->io_blocks, job->num_units * job->io_blocks);
	}
	printf("\t %-20s: %10.2f %10.2f %10.2f %10.2f %8.2f %10.2f %10.2f %10.2f\n", job->name,
	       row->runtime_sec, row->iops, row->mibps, row->fails, row->timeouts, row->average_us,
	       row->min_us, row->max_us);
}

static void
print_total(const struct row *row)
{
	print_line();
	printf("\r %-28s: %10s %10.2f %10.2f %10.2f %8.2f %10.2f %10.2f %10.2f\n", "Total", "",
	       row->iops, row->mibps, row->fails, row->timeouts, row->average_us, row->min_us,
	       row->max_us);
}

/* ---- Percentiles ---- */

static const double g_cutoffs[] = { 0.01, 0.10,  0.25,  0.50,   0.75,    0.90,     0.95,     0.98,
	                            0.99, 0.995, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999 };

static void
print_cutoffs(void *ctx, uint64_t start, uint64_t end, uint64_t count, uint64_t total,
              uint64_t so_far)
{
	size_t *next = ctx;

	while (count > 0 && *next < SPDK_COUNTOF(g_cutoffs) &&
	       (double)so_far / (double)total >= g_cutoffs[*next]) {
		printf("%9.5f%% : %9.3fus\n", g_cutoffs[*next] * 100, ticks_to_us(end));
		(*next)++;
	}
}

static void
print_bucket(void *ctx, uint64_t start, uint64_t end, uint64_t count, uint64_t total,
             uint64_t so_far)
{
	if (count > 0) {
		printf("%9.3f - %9.3f: %9.4f%%  (%9" PRIu64 ")\n", ticks_to_us(start),
		       ticks_to_us(end), (double)so_far * 100 / (double)total, count);
	}
}

static void
print_latencies(const struct job *job)
{
	size_t next = 0;

	print_line();
	printf("Latency percentiles: Job: %s (Core Mask 0x%s)\n", job->name, job->core_mask);
	print_line();
	spdk_histogram_data_iterate(job->histogram, print_cutoffs, &next);
	if (g_options.latency < 2) {
		return;
	}
	print_line();
	printf("Latency histogram: Job: %s (Core Mask 0x%s)\n", job->name, job->core_mask);
	print_line();
	spdk_histogram_data_iterate(job->histogram, print_bucket, NULL);
}

void
report_final(void)
{
	struct row row, total = {};
	struct job *job;

	print_header();
	TAILQ_FOREACH(job, &g_jobs, link) {
		row = final_row(job);
		print_job(job, &row);
		total_add(&total, &row, job == TAILQ_FIRST(&g_jobs));
	}
	print_total(&total);
	if (g_options.latency > 0) {
		TAILQ_FOREACH(job, &g_jobs, link) {
			print_latencies(job);
		}
	}
	fflush(stdout);
}

/* ---- While it runs ---- */

/** IOPS over the last period, with -P as a moving average. */
static double
period_iops(struct job *job, double period_sec)
{
	/* Pairs with the store in io.c, on the job's thread: a count to look at, so relaxed. */
	uint64_t completed = __atomic_load_n(&job->completed, __ATOMIC_RELAXED);
	double iops = (double)(completed - job->prev_completed) / period_sec;

	job->prev_completed = completed;
	if (g_options.ema_periods > 0) {
		job->ema_iops += (iops - job->ema_iops) * 2.0 / (g_options.ema_periods + 1);
		return job->ema_iops;
	}
	return iops;
}

void
report_progress(uint64_t period_ticks)
{
	double period_sec = ticks_to_us(period_ticks) / SPDK_SEC_TO_USEC;
	uint64_t start_tsc;
	struct row row, total = {};
	struct job *job;

	if (g_options.show_period_sec > 0) {
		print_header();
	}
	TAILQ_FOREACH(job, &g_jobs, link) {
		memset(&row, 0, sizeof(row));
		row.iops = period_iops(job, period_sec);
		row.mibps = row.iops * (double)g_options.io_size / MIB;
		/* Pairs with the store in job.c; as above. */
		start_tsc = __atomic_load_n(&job->start_tsc, __ATOMIC_RELAXED);
		row.runtime_sec = ticks_to_us(spdk_get_ticks() - start_tsc) / SPDK_SEC_TO_USEC;
		if (g_options.show_period_sec > 0) {
			print_job(job, &row);
		}
		total_add(&total, &row, job == TAILQ_FIRST(&g_jobs));
	}
	if (g_options.show_period_sec > 0) {
		print_total(&total);
		printf("\n");
	} else {
		printf("  %10.2f IOPS, %8.2f MiB/s\r", total.iops, total.mibps);
	}
	fflush(stdout);
}

/* ---- The answer of perform_tests ---- */

void
report_json(struct spdk_json_write_ctx *w)
{
	const struct workload *wl = g_options.workload;
	struct job *job;
	struct row row;

	spdk_json_write_object_begin(w);
	spdk_json_write_named_array_begin(w, "results");
	TAILQ_FOREACH(job, &g_jobs, link) {
		row = final_row(job);
		spdk_json_write_object_begin(w);
		spdk_json_write_named_string(w, "job", job->name);
		spdk_json_write_named_string_fmt(w, "core_mask", "0x%s", job->core_mask);
		spdk_json_write_named_string(w, "workload", wl->name);
		if (wl->kind == KIND_RW && wl->read_percent < 0) {
			spdk_json_write_named_int32(w, "percentage", g_options.read_percent);
		}
		spdk_json_write_named_string(w, "status", job->status == 0 ? "finished" : "failed");
		if (wl->kind == KIND_VERIFY) {
			spdk_json_write_named_object_begin(w, "verify_range");
			spdk_json_write_named_uint64(w, "start", job->first_unit * job->io_blocks);
			spdk_json_write_named_uint64(w, "length", job->num_units * job->io_blocks);
			spdk_json_write_object_end(w);
		}
		spdk_json_write_named_int32(w, "queue_depth", g_options.queue_depth);
		spdk_json_write_named_uint64(w, "io_size", g_options.io_size);
		spdk_json_write_named_double(w, "runtime", row.runtime_sec);
		spdk_json_write_named_double(w, "iops", row.iops);
		spdk_json_write_named_double(w, "mibps", row.mibps);
		spdk_json_write_named_uint64(w, "io_failed", job->failed);
		spdk_json_write_named_uint64(w, "io_timeout", job->timed_out);
		spdk_json_write_named_double(w, "avg_latency_us", row.average_us);
		spdk_json_write_named_double(w, "min_latency_us", row.min_us);
		spdk_json_write_named_double(w, "max_latency_us", row.max_us);
		spdk_json_write_object_end(w);
	}
	spdk_json_write_array_end(w);
	spdk_json_write_named_uint32(w, "core_count", spdk_env_get_core_count());
	spdk_json_write_object_end(w);
}
