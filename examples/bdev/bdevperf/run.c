/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A run: jobs for all bdevs, opened, started together, awaited, closed. App thread.
 *
 *	run_tests -> OPENING (each job_opened) -> RUNNING (each job_finished) -> CLOSING (each
 *	job_closed) -> done
 *
 * Timers: the line of progress, each second or each -S seconds.
 */

#include "bdevperf.h"

#include "spdk/env.h"
#include "spdk/string.h"
#include "spdk/util.h"

struct job_list g_jobs = TAILQ_HEAD_INITIALIZER(g_jobs);

static struct {
	bool active;
	bool running;
	bool stop;        /* asked for, maybe before it ran */
	uint32_t awaited; /* answers */
	int rc;
	uint64_t start_tsc; /* of RUNNING; 0: not yet */
	uint64_t end_tsc;
	struct spdk_poller *progress;
	uint64_t progress_tsc;
	void (*done)(void *arg, int rc);
	void *done_arg;
} g_run;

bool
run_is_active(void)
{
	return g_run.active;
}

static void
run_done(void)
{
	struct job *job;

	g_run.active = false;
	g_run.done(g_run.done_arg, g_run.rc);
	while ((job = TAILQ_FIRST(&g_jobs)) != NULL) {
		TAILQ_REMOVE(&g_jobs, job, link);
		job_free(job);
	}
}

/** Send \p fn to all jobs, which answer. */
static void
send_all(spdk_msg_fn fn)
{
	struct job *job;

	g_run.awaited = 0;
	TAILQ_FOREACH(job, &g_jobs, link) {
		g_run.awaited++;
	}
	TAILQ_FOREACH(job, &g_jobs, link) {
		spdk_thread_send_msg(job->thread, fn, job);
	}
}

void
job_closed(void *arg)
{
	if (--g_run.awaited == 0) {
		run_done();
	}
}

void
job_finished(void *arg)
{
	struct job *job = arg;

	if (job->status != 0 && g_run.rc == 0) {
		g_run.rc = job->status;
	}
	if (--g_run.awaited > 0) {
		return;
	}
	g_run.running = false;
	g_run.end_tsc = spdk_get_ticks();
	spdk_poller_unregister(&g_run.progress);
	report_final();
	send_all(job_close);
}

static int
progress(void *arg)
{
	uint64_t now = spdk_get_ticks();

	report_progress(now - g_run.progress_tsc);
	g_run.progress_tsc = now;
	return SPDK_POLLER_BUSY;
}

void
job_opened(void *arg)
{
	struct job *job = arg;
	uint32_t period = g_options.show_period_sec > 0 ? (uint32_t)g_options.show_period_sec : 1;

	if (job->status != 0 && g_run.rc == 0) {
		g_run.rc = job->status;
	}
	if (--g_run.awaited > 0) {
		return;
	}
	if (g_run.rc != 0 || g_run.stop) {
		send_all(job_close);
		return;
	}
	printf("Running I/O for %d seconds...\n", g_options.time_sec);
	fflush(stdout);
	g_run.running = true;
	g_run.progress_tsc = g_run.start_tsc = spdk_get_ticks();
	g_run.progress = spdk_poller_register_named(
	        progress, NULL, (uint64_t)period * SPDK_SEC_TO_USEC, "bdevperf_progress");
	send_all(job_run);
}

/* ---- Jobs ---- */

/** The thread of a job on \p core: its own, or with -E the one of the core. */
static int
job_thread(struct job *job)
{
	struct spdk_cpuset mask;
	struct job *other;

	spdk_cpuset_zero(&mask);
	spdk_cpuset_set_cpu(&mask, job->core, true);
	snprintf(job->core_mask, sizeof(job->core_mask), "%s", spdk_cpuset_fmt(&mask));
	if (g_options.share_thread) {
		TAILQ_FOREACH(other, &g_jobs, link) {
			if (other != job && other->core == job->core) {
				job->thread = other->thread;
				return 0;
			}
		}
	}
	job->thread = spdk_thread_create(job->name, &mask);
	job->owns_thread = true;
	return job->thread == NULL ? -ENOMEM : 0;
}

static int
add_job(const char *bdev_name, uint32_t core, uint32_t part, uint32_t num_parts)
{
	struct job *job = job_new(bdev_name, core, part, num_parts);
	int rc;

	if (job == NULL) {
		return -EINVAL;
	}
	rc = job_thread(job);
	if (rc != 0) {
		fprintf(stderr, "%s: no memory for a thread\n", bdev_name);
		job_free(job);
		return rc;
	}
	TAILQ_INSERT_TAIL(&g_jobs, job, link);
	return 0;
}

struct add_ctx {
	uint32_t next_core;
};

static int
add_bdev(void *ctx, struct spdk_bdev *bdev)
{
	struct add_ctx *add = ctx;
	uint32_t core, part = 0;
	int rc = 0;

	if (!g_options.every_core) {
		core = add->next_core;
		add->next_core = spdk_env_get_next_core(core);
		if (add->next_core == UINT32_MAX) {
			add->next_core = spdk_env_get_first_core();
		}
		return add_job(spdk_bdev_get_name(bdev), core, 0, 1);
	}
	SPDK_ENV_FOREACH_CORE(core) {
		if (rc == 0) {
			rc = add_job(spdk_bdev_get_name(bdev), core, part++,
			             spdk_env_get_core_count());
		}
	}
	return rc;
}

static void
run_failed(void *arg)
{
	run_done();
}

void
run_tests(void (*done)(void *arg, int rc), void *arg)
{
	struct add_ctx add = { .next_core = spdk_env_get_first_core() };
	const char *name = g_options.bdev_name;

	g_run.active = true;
	g_run.stop = false;
	g_run.start_tsc = g_run.end_tsc = 0;
	g_run.rc = 0;
	g_run.done = done;
	g_run.done_arg = arg;
	if (name != NULL) {
		g_run.rc = spdk_for_each_bdev_by_name(&add, add_bdev, &name, 1);
		if (g_run.rc == -ENODEV) {
			fprintf(stderr, "There is no bdev named %s.\n", name);
		}
	} else {
		g_run.rc = spdk_for_each_bdev_leaf(&add, add_bdev);
	}
	if (TAILQ_EMPTY(&g_jobs)) {
		if (g_run.rc == 0) {
			fprintf(stderr, "There is no bdev to run on.\n");
			g_run.rc = -ENODEV;
		}
		spdk_thread_send_msg(spdk_get_thread(), run_failed, NULL);
		return;
	}
	send_all(g_run.rc == 0 ? job_open : job_close);
}

static void
drain_msg(void *arg)
{
	job_drain(arg);
}

void
run_stop(void)
{
	struct job *job;

	g_run.stop = true;
	if (!g_run.running) {
		return;
	}
	TAILQ_FOREACH(job, &g_jobs, link) {
		spdk_thread_send_msg(job->thread, drain_msg, job);
	}
}

void
run_get_progress(uint64_t *done, uint64_t *total)
{
	uint64_t us_ticks = spdk_max(spdk_get_ticks_hz() / SPDK_SEC_TO_USEC, 1);
	uint64_t now = g_run.running ? spdk_get_ticks() : g_run.end_tsc;
	struct job *job;

	*done = *total = 0;
	if (g_options.io_count == 0) {
		*total = (uint64_t)g_options.time_sec * SPDK_SEC_TO_USEC;
		*done = spdk_min((now - g_run.start_tsc) / us_ticks, *total);
		return;
	}
	TAILQ_FOREACH(job, &g_jobs, link) {
		*total += g_options.io_count;
		*done += job->completed;
	}
}
