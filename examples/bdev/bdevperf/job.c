/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A job: opening its bdev, running, draining, closing. On the job's thread; timers: the end of the
 * run (-t), and a reset every second for the workload of that name.
 */

#include "bdevperf.h"

#include "spdk/env.h"
#include "spdk/string.h"
#include "spdk/util.h"

#define RESET_PERIOD_US 1000000u

static void
to_app(struct job *job, spdk_msg_fn fn)
{
	spdk_thread_send_msg(spdk_thread_get_app_thread(), fn, job);
}

/* ---- Make ---- */

void
job_free(struct job *job)
{
	spdk_zipf_free(&job->zipf);
	spdk_histogram_data_free(job->histogram);
	free(job->stat.io_error);
	free(job->used);
	free(job->busy);
	free(job->name);
	free(job);
}

static int
job_divide(struct job *job, const struct spdk_bdev *bdev, uint32_t part, uint32_t num_parts)
{
	uint64_t units;

	job->block_size = spdk_bdev_get_block_size(bdev);
	if (g_options.io_size % job->block_size != 0) {
		fprintf(stderr,
		        "%s: the I/O size %" PRIu64 " is no multiple of its block size %u\n",
		        job->name, g_options.io_size, job->block_size);
		return -EINVAL;
	}
	job->io_blocks = (uint32_t)(g_options.io_size / job->block_size);
	units = spdk_bdev_get_num_blocks(bdev) / job->io_blocks;
	/* Jobs that verify must not write each other's blocks. */
	if (g_options.workload->kind == KIND_VERIFY) {
		units /= num_parts;
		job->first_unit = units * part;
	}
	job->num_units = units;
	if (units == 0 ||
	    (g_options.workload->kind == KIND_VERIFY && units < (uint64_t)g_options.queue_depth)) {
		fprintf(stderr, "%s: too small for I/O of %" PRIu64 " bytes at depth %d\n",
		        job->name, g_options.io_size, g_options.queue_depth);
		return -EINVAL;
	}
	return 0;
}

struct job *
job_new(const char *bdev_name, uint32_t core, uint32_t part, uint32_t num_parts)
{
	struct spdk_bdev *bdev = spdk_bdev_get_by_name(bdev_name);
	struct job *job = calloc(1, sizeof(*job));
	bool random = g_options.workload->random;

	if (job == NULL || bdev == NULL) {
		free(job);
		return NULL;
	}
	TAILQ_INIT(&job->tasks);
	job->core = core;
	job->rand_state = spdk_rand_xorshift64_seed();
	job->name = strdup(bdev_name);
	if (job->name == NULL || job_divide(job, bdev, part, num_parts) != 0) {
		goto fail;
	}
	if (random && g_options.zipf_theta > 0) {
		job->zipf = spdk_zipf_create(job->num_units, g_options.zipf_theta, 0);
	}
	if (random && g_options.no_repeat) {
		job->used = calloc(job->num_units / 64 + 1, sizeof(uint64_t));
	}
	if (g_options.workload->kind == KIND_VERIFY) {
		job->busy = calloc(job->num_units / 64 + 1, sizeof(uint64_t));
	}
	if (g_options.latency > 0) {
		job->histogram = spdk_histogram_data_alloc();
	}
	if ((random && g_options.zipf_theta > 0 && job->zipf == NULL) ||
	    (random && g_options.no_repeat && job->used == NULL) ||
	    (g_options.workload->kind == KIND_VERIFY && job->busy == NULL) ||
	    (g_options.latency > 0 && job->histogram == NULL)) {
		goto fail;
	}
	return job;
fail:
	job_free(job);
	return NULL;
}

/* ---- Open ---- */

static void
bdev_event(enum spdk_bdev_event_type type, struct spdk_bdev *bdev, void *ctx)
{
	struct job *job = ctx;

	if (type == SPDK_BDEV_EVENT_REMOVE) {
		fprintf(stderr, "%s: removed during the run\n", job->name);
		job->status = -ENODEV;
		job_drain(job);
	}
}

static void
abort_done(struct spdk_bdev_io *bdev_io, bool success, void *cb_arg)
{
	struct job *job = cb_arg;

	job->depth--;
	spdk_bdev_free_io(bdev_io);
	if (job->draining) {
		job_drain(job);
	}
}

static void
io_timed_out(void *ctx, struct spdk_bdev_io *bdev_io)
{
	struct job *job = ctx;

	job->timed_out++;
	if (g_options.abort_on_timeout &&
	    spdk_bdev_abort(job->desc, job->ch, spdk_bdev_io_get_cb_arg(bdev_io), abort_done,
	                    job) == 0) {
		job->depth++;
	}
}

static int
job_setup(struct job *job)
{
	struct spdk_bdev_open_opts opts;
	int i, rc;

	spdk_bdev_open_opts_init(&opts, sizeof(opts));
	opts.hide_metadata = g_options.hide_metadata;
	rc = spdk_bdev_open_ext_v2(job->name, true, bdev_event, job, &opts, &job->desc);
	if (rc != 0) {
		return rc;
	}
	job->ch = spdk_bdev_get_io_channel(job->desc);
	if (job->ch == NULL) {
		return -ENOMEM;
	}
	for (i = 0; i < g_options.queue_depth; i++) {
		rc = task_new(job);
		if (rc != 0) {
			return rc;
		}
	}
	if (g_options.timeout_sec > 0) {
		rc = spdk_bdev_set_timeout(job->desc, (uint64_t)g_options.timeout_sec, io_timed_out,
		                           job);
	}
	return rc;
}

void
job_open(void *arg)
{
	struct job *job = arg;

	job->status = job_setup(job);
	if (job->status != 0) {
		fprintf(stderr, "%s: can't be used: %s\n", job->name, spdk_strerror(-job->status));
	}
	to_app(job, job_opened);
}

/* ---- Run ---- */

/** Stop submitting; when nothing is under way any more, the job has finished. */
void
job_drain(struct job *job)
{
	job->draining = true;
	spdk_poller_unregister(&job->end_timer);
	spdk_poller_unregister(&job->reset_timer);
	if (job->start_tsc == 0 || job->finished || job->depth > 0 || job->resetting) {
		return;
	}
	job->finished = true;
	job->run_ticks = spdk_get_ticks() - job->start_tsc;
	spdk_bdev_get_io_stat(spdk_bdev_desc_get_bdev(job->desc), job->ch, &job->stat,
	                      SPDK_BDEV_RESET_STAT_NONE);
	to_app(job, job_finished);
}

static int
run_is_over(void *arg)
{
	job_drain(arg);
	return SPDK_POLLER_BUSY;
}

static void
reset_done(struct spdk_bdev_io *bdev_io, bool success, void *cb_arg)
{
	struct job *job = cb_arg;

	job->resetting = false;
	if (!success) {
		fprintf(stderr, "%s: reset failed\n", job->name);
		job->status = -EIO;
		job->draining = true;
	}
	spdk_bdev_free_io(bdev_io);
	if (job->draining) {
		job_drain(job);
	}
}

static int
reset_device(void *arg)
{
	struct job *job = arg;

	if (!job->resetting && spdk_bdev_reset(job->desc, job->ch, reset_done, job) == 0) {
		job->resetting = true;
	}
	return SPDK_POLLER_BUSY;
}

void
job_run(void *arg)
{
	struct job *job = arg;
	struct task *task;

	/* Pairs with the load of report_progress(): relaxed. */
	__atomic_store_n(&job->start_tsc, spdk_get_ticks(), __ATOMIC_RELAXED);
	if (g_options.time_sec > 0) {
		job->end_timer = spdk_poller_register_named(
		        run_is_over, job, (uint64_t)g_options.time_sec * SPDK_SEC_TO_USEC,
		        "bdevperf_end");
	}
	if (g_options.workload->resets) {
		job->reset_timer = spdk_poller_register_named(reset_device, job, RESET_PERIOD_US,
		                                              "bdevperf_reset");
	}
	if (job->draining) {
		job_drain(job);
		return;
	}
	while (!job->draining && (task = TAILQ_FIRST(&job->tasks)) != NULL) {
		TAILQ_REMOVE(&job->tasks, task, link);
		task_submit(task);
	}
}

void
job_close(void *arg)
{
	struct job *job = arg;
	struct task *task;
	bool owns_thread;

	while ((task = TAILQ_FIRST(&job->tasks)) != NULL) {
		TAILQ_REMOVE(&job->tasks, task, link);
		task_free(task);
	}
	if (job->ch != NULL) {
		spdk_put_io_channel(job->ch);
	}
	if (job->desc != NULL) {
		spdk_bdev_close(job->desc);
	}
	owns_thread = job->owns_thread;
	to_app(job, job_closed); /* which may free the job */
	if (owns_thread) {
		spdk_thread_exit(spdk_get_thread());
	}
}
