/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The I/O of a job: which, where, and what its end means. On the job's thread. */

#include "bdevperf.h"

#include "spdk/bdev_module.h"
#include "spdk/env.h"
#include "spdk/likely.h"
#include "spdk/string.h"
#include "spdk/util.h"

static void task_issue(struct task *task);

/* ---- Where ---- */

static inline bool
bit_test_set(uint64_t *map, uint64_t i)
{
	uint64_t bit = 1ull << (i % 64);
	bool was = (map[i / 64] & bit) != 0;

	map[i / 64] |= bit;
	return was;
}

static inline void
bit_clear(uint64_t *map, uint64_t i)
{
	map[i / 64] &= ~(1ull << (i % 64));
}

static uint64_t
next_sequential(struct job *job)
{
	uint64_t unit = job->next_unit;

	job->next_unit = unit + 1 == job->num_units ? 0 : unit + 1;
	return unit;
}

static uint64_t
next_random(struct job *job)
{
	uint64_t unit;

	if (job->zipf != NULL) {
		return spdk_zipf_generate(job->zipf);
	}
	/* The upper half of a 128-bit product: even, and no division. */
	unit = (uint64_t)(((unsigned __int128)spdk_rand_xorshift64(&job->rand_state) *
	                   job->num_units) >>
	                  64);
	if (job->used == NULL) {
		return unit;
	}
	if (job->num_used == job->num_units) {
		memset(job->used, 0, (job->num_units / 64 + 1) * sizeof(uint64_t));
		job->num_used = 0;
	}
	while (bit_test_set(job->used, unit)) {
		unit = unit + 1 == job->num_units ? 0 : unit + 1;
	}
	job->num_used++;
	return unit;
}

/** The next unit that no other I/O of a verify job has; there are more units than I/Os. */
static uint64_t
next_verify(struct job *job)
{
	uint64_t unit;

	do {
		unit = next_sequential(job);
	} while (bit_test_set(job->busy, unit));
	return unit;
}

/* ---- What ---- */

static enum spdk_bdev_io_type
pick_type(struct job *job)
{
	const struct workload *w = g_options.workload;
	int percent = w->read_percent >= 0 ? w->read_percent : g_options.read_percent;

	switch (w->kind) {
	case KIND_VERIFY:
		return SPDK_BDEV_IO_TYPE_WRITE;
	case KIND_UNMAP:
		return SPDK_BDEV_IO_TYPE_UNMAP;
	case KIND_FLUSH:
		return SPDK_BDEV_IO_TYPE_FLUSH;
	case KIND_WRITE_ZEROES:
		return SPDK_BDEV_IO_TYPE_WRITE_ZEROES;
	default:
		break;
	}
	if (percent == 100 ||
	    (percent != 0 && spdk_rand_xorshift64(&job->rand_state) % 100 < (uint64_t)percent)) {
		return SPDK_BDEV_IO_TYPE_READ;
	}
	return SPDK_BDEV_IO_TYPE_WRITE;
}

static void
fill_unique(struct task *task)
{
	uint64_t stamp = ++task->job->stamp;
	size_t i;

	for (i = 0; i + sizeof(stamp) <= task->iov.iov_len; i += 512) {
		memcpy((char *)task->iov.iov_base + i, &stamp, sizeof(stamp));
	}
}

/* ---- The end of an I/O ---- */

static void
fail(struct task *task, int rc)
{
	struct job *job = task->job;

	job->failed++;
	if (g_options.continue_on_failure || g_options.workload->resets) {
		return;
	}
	if (job->status == 0) {
		job->status = rc;
		fprintf(stderr, "%s: %s at block %" PRIu64 " failed: %s\n", job->name,
		        spdk_bdev_get_io_type_name(task->type), task->offset_blocks,
		        spdk_strerror(-rc));
	}
	job_drain(job);
}

/** A verify I/O goes from write to read to the next one. True when it goes on by itself. */
static bool
verify_step(struct task *task, bool success)
{
	struct job *job = task->job;

	if (success && task->type == SPDK_BDEV_IO_TYPE_WRITE) {
		task->type = SPDK_BDEV_IO_TYPE_READ;
		task_issue(task);
		return true;
	}
	bit_clear(job->busy, task->offset_blocks / job->io_blocks - job->first_unit);
	if (success && memcmp(task->iov.iov_base, task->verify_buf, task->iov.iov_len) != 0) {
		fprintf(stderr, "%s: blocks from %" PRIu64 " read back differently\n", job->name,
		        task->offset_blocks);
		fail(task, -EILSEQ);
	}
	return false;
}

static void
rest_or_next(struct task *task)
{
	struct job *job = task->job;

	if (spdk_likely(!job->draining)) {
		task_submit(task);
		return;
	}
	TAILQ_INSERT_HEAD(&job->tasks, task, link);
	if (job->depth == 0) {
		job_drain(job);
	}
}

static void
io_done(struct spdk_bdev_io *bdev_io, bool success, void *cb_arg)
{
	struct task *task = cb_arg;
	struct job *job = task->job;
	int rc;

	job->depth--;
	if (spdk_likely(success)) {
		/* Pairs with the load of report_progress(), which only shows it: relaxed. */
		__atomic_store_n(&job->completed, job->completed + 1, __ATOMIC_RELAXED);
		if (job->histogram != NULL) {
			spdk_histogram_data_tally(job->histogram,
			                          spdk_get_ticks() -
			                                  spdk_bdev_io_get_submit_tsc(bdev_io));
		}
	} else {
		spdk_bdev_io_get_aio_status(bdev_io, &rc);
		fail(task, rc);
	}
	spdk_bdev_free_io(bdev_io);
	if (g_options.workload->kind == KIND_VERIFY && verify_step(task, success)) {
		return;
	}
	rest_or_next(task);
}

/* ---- Submit ---- */

static int
issue(struct task *task)
{
	struct job *job = task->job;
	uint64_t offset = task->offset_blocks, count = job->io_blocks;

	switch (task->type) {
	case SPDK_BDEV_IO_TYPE_READ:
		if (task->verify_buf != NULL) {
			return spdk_bdev_read_blocks(job->desc, job->ch, task->verify_buf, offset,
			                             count, io_done, task);
		}
		return spdk_bdev_readv_blocks(job->desc, job->ch, &task->iov, 1, offset, count,
		                              io_done, task);
	case SPDK_BDEV_IO_TYPE_WRITE:
		return spdk_bdev_writev_blocks(job->desc, job->ch, &task->iov, 1, offset, count,
		                               io_done, task);
	case SPDK_BDEV_IO_TYPE_UNMAP:
		return spdk_bdev_unmap_blocks(job->desc, job->ch, offset, count, io_done, task);
	case SPDK_BDEV_IO_TYPE_FLUSH:
		return spdk_bdev_flush_blocks(job->desc, job->ch, offset, count, io_done, task);
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
		return spdk_bdev_write_zeroes_blocks(job->desc, job->ch, offset, count, io_done,
		                                     task);
	default:
		return -ENOTSUP;
	}
}

static void
issue_again(void *arg)
{
	struct task *task = arg;

	task->job->depth--;
	task_issue(task);
}

/** Submit \p task as it is. It counts as under way also while it waits for an spdk_bdev_io. */
static void
task_issue(struct task *task)
{
	struct job *job = task->job;
	int rc = issue(task);

	job->depth++;
	if (spdk_likely(rc == 0)) {
		return;
	}
	if (rc == -ENOMEM) {
		task->wait.bdev = spdk_bdev_desc_get_bdev(job->desc);
		task->wait.cb_fn = issue_again;
		task->wait.cb_arg = task;
		rc = spdk_bdev_queue_io_wait(task->wait.bdev, job->ch, &task->wait);
		if (rc == 0) {
			return;
		}
	}
	job->depth--;
	fail(task, rc);
	/* Refused at once is refused always: going on would spin. */
	if (job->status == 0) {
		job->status = rc;
	}
	job->draining = true;
	rest_or_next(task);
}

void
task_submit(struct task *task)
{
	struct job *job = task->job;
	const struct workload *w = g_options.workload;
	uint64_t unit;

	if (g_options.io_count != 0 && job->submitted == g_options.io_count) {
		TAILQ_INSERT_HEAD(&job->tasks, task, link);
		job_drain(job);
		return;
	}
	job->submitted++;
	task->type = pick_type(job);
	unit = w->kind == KIND_VERIFY ? next_verify(job)
	       : w->random            ? next_random(job)
	                              : next_sequential(job);
	task->offset_blocks = (job->first_unit + unit) * job->io_blocks;
	if (g_options.unique_writes && task->type == SPDK_BDEV_IO_TYPE_WRITE) {
		fill_unique(task);
	}
	task_issue(task);
}

/* ---- Life ---- */

static void *
buffer_new(uint64_t size, void **aligned)
{
	uint64_t total = size + g_options.buffer_offset;
	void *buf = NULL;

	if (g_options.plain_memory) {
		if (posix_memalign(&buf, 4096, total) != 0) {
			return NULL;
		}
	} else {
		buf = spdk_malloc(total, 4096, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	}
	*aligned = (char *)buf + g_options.buffer_offset;
	return buf;
}

static void
buffer_free(void *buf)
{
	if (g_options.plain_memory) {
		free(buf);
	} else {
		spdk_free(buf);
	}
}

void
task_free(struct task *task)
{
	if (task->buf != NULL) {
		buffer_free(task->buf);
	}
	free(task);
}

int
task_new(struct job *job)
{
	struct task *task = calloc(1, sizeof(*task));
	bool verify = g_options.workload->kind == KIND_VERIFY;
	uint64_t size = g_options.io_size, i;
	void *aligned;

	if (task == NULL) {
		return -ENOMEM;
	}
	task->job = job;
	task->buf = buffer_new(verify ? 2 * size : size, &aligned);
	if (task->buf == NULL) {
		free(task);
		return -ENOMEM;
	}
	task->iov.iov_base = aligned;
	task->iov.iov_len = size;
	task->verify_buf = verify ? (char *)aligned + size : NULL;
	for (i = 0; i < size; i++) {
		((uint8_t *)aligned)[i] = (uint8_t)spdk_rand_xorshift64(&job->rand_state);
	}
	TAILQ_INSERT_TAIL(&job->tasks, task, link);
	return 0;
}
