/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Jobs: work that takes long, which clients of the control socket can watch (job_get_jobs) and end
 * early (job_cancel). A job says that something is under way; it runs nothing itself.
 *
 *	static void
 *	rebuild_get_progress(void *ctx, uint64_t *done, uint64_t *total)
 *	...
 *	struct basalt_job_opts opts = {
 *		.opts_size = sizeof(opts),
 *		.name = "bdev_raid_rebuild", .description = "raid0, slot 2", .unit = "blocks",
 *		.get_progress = rebuild_get_progress, .cancel = rebuild_cancel, .ctx = rebuild,
 *	};
 *	rc = basalt_job_begin(&opts, &rebuild->job);
 *	...					the work; a cancel makes it end sooner
 *	basalt_job_end(rebuild->job, rc);
 *
 * All of it is for the app thread. The last BASALT_JOBS_ENDED_MAX jobs that ended stay listed with
 * what came of them, so that a client that asks now and then misses no end.
 */

#ifndef BASALT_JOB_H
#define BASALT_JOB_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/** How many jobs that have ended are still listed. */
#define BASALT_JOBS_ENDED_MAX 16

struct basalt_job;

struct basalt_job_opts {
	size_t opts_size;        /* set by the caller: sizeof of its struct */
	const char *name;        /* what kind of work: the method that began it; copied */
	const char *description; /* on what; copied; NULL: nothing more to say */
	const char *unit;        /* of progress, "blocks", "s"; copied; NULL: none */
	/**
	 * How far it is: of \p total, 0 when that is not known, \p done. Called while somebody
	 * lists the jobs, between begin and end. NULL: nobody knows.
	 */
	void (*get_progress)(void *ctx, uint64_t *done, uint64_t *total);
	/** Somebody asks for an early end: at most once, between begin and end, never within
	 *  begin. It may end the job before it returns. NULL: this work can't be ended early. */
	void (*cancel)(void *ctx);
	void *ctx; /* for both */
};

/**
 * A job begins. \p *job is valid until basalt_job_end().
 * \return 0, -EINVAL without a name or opts_size, -ENOMEM.
 */
int basalt_job_begin(const struct basalt_job_opts *opts, struct basalt_job **job);

/** The number by which clients know it, from 1 on; no number is used twice. */
uint64_t basalt_job_get_id(const struct basalt_job *job);

/** Whether somebody has asked for an early end. */
bool basalt_job_is_canceled(const struct basalt_job *job);

/**
 * It has ended, and \p job is gone; its call-backs are called no more.
 * \param rc 0 when it did what it was begun for, else a negative errno; -ECANCELED: not all of it,
 * for somebody asked for an early end.
 */
void basalt_job_end(struct basalt_job *job, int rc);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* BASALT_JOB_H */
