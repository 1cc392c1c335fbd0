/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * One I/O: where it goes, its submit, its completion. On the worker's thread; nothing here
 * allocates while I/O runs.
 *
 * With --verify a write is read back at once and compared. Each task then has places of its own
 * (place modulo the number of tasks), so that no other task of this process writes there meanwhile.
 */

#include "perf.h"

#include "spdk/likely.h"
#include "spdk/string.h"

static void task_submit(struct perf_task *task, uint64_t now);

/* ---- Data ---- */

/* Every 8 bytes say where they belong and which write put them there. */
static inline uint64_t
verify_word(const struct perf_task *task, size_t i)
{
	return (task->place << 24 ^ i) * 0x9e3779b97f4a7c15ull + task->stamp;
}

static void
verify_fill(struct perf_task *task)
{
	uint64_t *words = (uint64_t *)task->buf;
	size_t i;

	task->stamp = spdk_rand_xorshift64(&task->nsw->random);
	for (i = 0; i < g_opts.io_size_bytes / sizeof(*words); i++) {
		words[i] = verify_word(task, i);
	}
}

static bool
verify_check(struct perf_task *task)
{
	const uint64_t *words = (const uint64_t *)task->buf;
	size_t i;

	for (i = 0; i < g_opts.io_size_bytes / sizeof(*words); i++) {
		if (words[i] != verify_word(task, i)) {
			fprintf(stderr,
			        "%s: data differs at byte %zu of the I/O at block %" PRIu64 "\n",
			        task->nsw->ns->name, i * sizeof(*words),
			        task->place * task->nsw->ns->blocks_per_io);
			return false;
		}
	}
	return true;
}

/* ---- Offsets ---- */

static void
task_choose_place(struct perf_task *task)
{
	struct perf_ns_worker *nsw = task->nsw;
	struct perf_ns *ns = nsw->ns;

	if (ns->zipf != NULL) {
		task->place = spdk_zipf_generate(ns->zipf);
	} else if (g_opts.is_random) {
		/* The upper half of a product: even, and without a division. */
		uint64_t random = spdk_rand_xorshift64(&nsw->random);

		task->place = (uint64_t)(((unsigned __int128)random * ns->num_ios) >> 64);
	} else {
		task->place = nsw->next_place++;
		if (nsw->next_place == ns->num_ios) {
			nsw->next_place = 0;
		}
	}
	if (spdk_unlikely(g_opts.verify)) {
		task->place -= task->place % nsw->num_tasks;
		task->place += task->index;
		if (task->place >= ns->num_ios) {
			task->place = task->index;
		}
	}
}

static bool
task_choose_read(struct perf_task *task)
{
	if (g_opts.read_percent == 100) {
		return true;
	}
	if (g_opts.read_percent == 0) {
		return false;
	}
	return spdk_rand_xorshift64(&task->nsw->random) % 100 < g_opts.read_percent;
}

/* ---- Scattered buffers ---- */

static void
task_reset_sgl(void *arg, uint32_t offset)
{
	struct perf_task *task = arg;

	task->iov_pos = 0;
	task->iov_offset = offset;
	while (task->iov_pos < task->iovcnt &&
	       task->iov_offset >= task->iovs[task->iov_pos].iov_len) {
		task->iov_offset -= (uint32_t)task->iovs[task->iov_pos].iov_len;
		task->iov_pos++;
	}
}

static int
task_next_sge(void *arg, void **address, uint32_t *length)
{
	struct perf_task *task = arg;
	struct iovec *iov;

	if (task->iov_pos == task->iovcnt) {
		return -1;
	}
	iov = &task->iovs[task->iov_pos++];
	*address = (uint8_t *)iov->iov_base + task->iov_offset;
	*length = (uint32_t)iov->iov_len - task->iov_offset;
	task->iov_offset = 0;
	return 0;
}

/* ---- Completion ---- */

static void
task_count(struct perf_task *task, uint64_t now)
{
	struct perf_ns_worker *nsw = task->nsw;
	uint64_t tsc = now - task->submit_tsc;

	nsw->ios_done++;
	nsw->total_tsc += tsc;
	if (spdk_unlikely(tsc < nsw->min_tsc)) {
		nsw->min_tsc = tsc;
	}
	if (spdk_unlikely(tsc > nsw->max_tsc)) {
		nsw->max_tsc = tsc;
	}
	if (spdk_unlikely(nsw->histogram != NULL)) {
		spdk_histogram_data_tally(nsw->histogram, tsc);
	}
}

static void
task_error(struct perf_task *task, const struct spdk_nvme_cpl *cpl)
{
	struct perf_ns_worker *nsw = task->nsw;

	nsw->errors++;
	if (!g_opts.continue_on_error) {
		if (nsw->errors == 1) {
			fprintf(stderr, "%s: %s failed (%02x/%02x): %s\n", nsw->ns->name,
			        task->is_read ? "read" : "write", cpl->status.sct, cpl->status.sc,
			        spdk_nvme_cpl_get_status_string_ext(
			                &cpl->status,
			                task->is_read ? SPDK_NVME_OPC_READ : SPDK_NVME_OPC_WRITE));
		}
		nsw->worker->status = 1;
		nsw->is_draining = true;
	} else if (g_opts.quiet_count != 0 &&
	           nsw->errors % g_opts.quiet_count == 1 % g_opts.quiet_count) {
		fprintf(stderr, "%s: error %" PRIu64 ": (%02x/%02x)\n", nsw->ns->name, nsw->errors,
		        cpl->status.sct, cpl->status.sc);
	}
}

static void
task_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct perf_task *task = arg;
	struct perf_ns_worker *nsw = task->nsw;
	uint64_t now = spdk_get_ticks();

	nsw->outstanding--;
	if (spdk_unlikely(spdk_nvme_cpl_is_error(cpl))) {
		task_error(task, cpl);
		/* Not to be read back. */
		task->checks = false;
		task->submit_tsc = 0;
	} else {
		task_count(task, now);
		if (spdk_unlikely(task->checks) && !verify_check(task)) {
			nsw->errors++;
			nsw->worker->status = 1;
			nsw->is_draining = true;
		}
	}
	if (spdk_likely(!nsw->is_draining)) {
		task_submit(task, now);
	}
}

/* ---- Submit ---- */

static int
task_send(struct perf_task *task)
{
	struct perf_ns *ns = task->nsw->ns;
	uint64_t lba = task->place * ns->blocks_per_io;

	if (spdk_unlikely(task->iovcnt > 0)) {
		return task->is_read
		               ? spdk_nvme_ns_cmd_readv(ns->ns, task->qpair, lba, ns->blocks_per_io,
		                                        task_done, task, g_opts.io_flags,
		                                        task_reset_sgl, task_next_sge)
		               : spdk_nvme_ns_cmd_writev(
		                         ns->ns, task->qpair, lba, ns->blocks_per_io, task_done,
		                         task, g_opts.io_flags, task_reset_sgl, task_next_sge);
	}
	if (task->is_read) {
		return spdk_nvme_ns_cmd_read(ns->ns, task->qpair, task->buf, lba, ns->blocks_per_io,
		                             task_done, task, g_opts.io_flags);
	}
	return spdk_nvme_ns_cmd_write(ns->ns, task->qpair, task->buf, lba, ns->blocks_per_io,
	                              task_done, task, g_opts.io_flags);
}

/* `now` is the clock, which an I/O that follows another at once is spared to look at. */
static void
task_submit(struct perf_task *task, uint64_t now)
{
	struct perf_ns_worker *nsw = task->nsw;
	int rc;

	if (nsw->ios_left != 0 && --nsw->ios_left == 0) {
		/* This one is the last. */
		nsw->is_draining = true;
	}
	if (spdk_unlikely(g_opts.verify) && !task->is_read && task->submit_tsc != 0 &&
	    !task->checks) {
		task->is_read = true;
		task->checks = true;
		memset(task->buf, 0xa5, g_opts.io_size_bytes);
	} else {
		task->checks = false;
		task_choose_place(task);
		task->is_read = task_choose_read(task);
		if (spdk_unlikely(g_opts.verify) && !task->is_read) {
			verify_fill(task);
		}
	}
	task->submit_tsc = spdk_unlikely(g_opts.verify) ? spdk_get_ticks() : now;
	rc = task_send(task);
	if (spdk_unlikely(rc != 0)) {
		fprintf(stderr, "%s: an I/O can't be submitted: %s\n", nsw->ns->name,
		        spdk_strerror(-rc));
		nsw->worker->status = 1;
		nsw->is_draining = true;
		return;
	}
	nsw->outstanding++;
}

void
perf_tasks_start(struct perf_ns_worker *nsw)
{
	uint32_t i;

	for (i = 0; i < nsw->num_tasks && !nsw->is_draining; i++) {
		task_submit(&nsw->tasks[i], spdk_get_ticks());
	}
}

/* ---- Memory ---- */

static int
task_init(struct perf_task *task, struct perf_ns_worker *nsw, uint32_t index)
{
	uint32_t i;

	task->nsw = nsw;
	task->index = index;
	task->qpair = nsw->qpairs[index % g_opts.num_qpairs];
	task->buf = spdk_dma_zmalloc(g_opts.io_size_bytes, g_opts.buffer_align, NULL);
	if (task->buf == NULL) {
		return -ENOMEM;
	}
	memset(task->buf, (int)(index % 8 + 1), g_opts.io_size_bytes);
	if (g_opts.io_unit_bytes == 0 || g_opts.io_unit_bytes >= g_opts.io_size_bytes) {
		return 0;
	}
	task->iovcnt = SPDK_CEIL_DIV(g_opts.io_size_bytes, g_opts.io_unit_bytes);
	task->iovs = calloc(task->iovcnt, sizeof(*task->iovs));
	if (task->iovs == NULL) {
		return -ENOMEM;
	}
	for (i = 0; i < task->iovcnt; i++) {
		uint32_t offset = i * g_opts.io_unit_bytes;

		task->iovs[i].iov_base = task->buf + offset;
		task->iovs[i].iov_len =
		        spdk_min(g_opts.io_unit_bytes, g_opts.io_size_bytes - offset);
	}
	return 0;
}

int
perf_tasks_create(struct perf_ns_worker *nsw)
{
	uint32_t i;

	nsw->num_tasks = g_opts.queue_depth * g_opts.num_qpairs;
	nsw->tasks = calloc(nsw->num_tasks, sizeof(*nsw->tasks));
	if (nsw->tasks == NULL) {
		return -ENOMEM;
	}
	if (g_opts.verify && nsw->num_tasks > nsw->ns->num_ios) {
		fprintf(stderr, "%s: too small for --verify at this depth\n", nsw->ns->name);
		return -EINVAL;
	}
	for (i = 0; i < nsw->num_tasks; i++) {
		if (task_init(&nsw->tasks[i], nsw, i) != 0) {
			fprintf(stderr, "no memory for %u I/Os of %u bytes\n", nsw->num_tasks,
			        g_opts.io_size_bytes);
			return -ENOMEM;
		}
	}
	return 0;
}

void
perf_tasks_free(struct perf_ns_worker *nsw)
{
	uint32_t i;

	for (i = 0; nsw->tasks != NULL && i < nsw->num_tasks; i++) {
		spdk_dma_free(nsw->tasks[i].buf);
		free(nsw->tasks[i].iovs);
	}
	free(nsw->tasks);
	nsw->tasks = NULL;
}
