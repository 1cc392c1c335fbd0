/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Workers: one thread a core, each with queue pairs of its own in one poll group a namespace. A run
 * is: connect, start all tasks, poll until the time is over, drain, disconnect. The main core's
 * worker also looks after the controllers' admin queues.
 */

#include "perf.h"

#include "spdk/likely.h"
#include "spdk/string.h"

#define CONNECT_TIMEOUT_S 60
#define DRAIN_TIMEOUT_S 30
#define ADMIN_PERIOD_MS 100
#define STOP_PERIOD_MS 10

struct perf_workers g_workers = TAILQ_HEAD_INITIALIZER(g_workers);
volatile bool g_stop;

/* ---- Which namespace on which core ---- */

static int
worker_add_ns(struct perf_worker *worker, struct perf_ns *ns)
{
	struct perf_ns_worker *nsw = calloc(1, sizeof(*nsw));

	if (nsw == NULL) {
		return -ENOMEM;
	}
	printf("Associating %s with lcore %u\n", ns->name, worker->lcore);
	nsw->ns = ns;
	nsw->worker = worker;
	nsw->random = spdk_rand_xorshift64_seed();
	nsw->min_tsc = UINT64_MAX;
	TAILQ_INSERT_TAIL(&worker->ns_workers, nsw, link);
	return 0;
}

static int
associate_round_robin(void)
{
	struct perf_worker *worker = TAILQ_FIRST(&g_workers);
	struct perf_ns *ns = TAILQ_FIRST(&g_namespaces);
	uint32_t num_workers = 0, num_ns = 0, i;
	struct perf_worker *w;
	struct perf_ns *n;

	TAILQ_FOREACH(w, &g_workers, link) {
		num_workers++;
	}
	TAILQ_FOREACH(n, &g_namespaces, link) {
		num_ns++;
	}
	/* Until every core and every namespace has something to do. */
	for (i = 0; i < spdk_max(num_workers, num_ns); i++) {
		if (worker_add_ns(worker, ns) != 0) {
			return -ENOMEM;
		}
		worker = TAILQ_NEXT(worker, link);
		if (worker == NULL) {
			worker = TAILQ_FIRST(&g_workers);
		}
		ns = TAILQ_NEXT(ns, link);
		if (ns == NULL) {
			ns = TAILQ_FIRST(&g_namespaces);
		}
	}
	return 0;
}

static int
associate_all(void)
{
	struct perf_worker *worker;
	struct perf_ns *ns;

	TAILQ_FOREACH(worker, &g_workers, link) {
		TAILQ_FOREACH(ns, &g_namespaces, link) {
			if (worker_add_ns(worker, ns) != 0) {
				return -ENOMEM;
			}
		}
	}
	return 0;
}

int
perf_workers_create(void)
{
	struct perf_worker *worker;
	uint32_t lcore;

	SPDK_ENV_FOREACH_CORE(lcore) {
		worker = calloc(1, sizeof(*worker));
		if (worker == NULL) {
			return -ENOMEM;
		}
		worker->lcore = lcore;
		TAILQ_INIT(&worker->ns_workers);
		TAILQ_INSERT_TAIL(&g_workers, worker, link);
	}
	return g_opts.use_every_core ? associate_all() : associate_round_robin();
}

void
perf_workers_free(void)
{
	struct perf_ns_worker *nsw;
	struct perf_worker *worker;

	while ((worker = TAILQ_FIRST(&g_workers)) != NULL) {
		TAILQ_REMOVE(&g_workers, worker, link);
		while ((nsw = TAILQ_FIRST(&worker->ns_workers)) != NULL) {
			TAILQ_REMOVE(&worker->ns_workers, nsw, link);
			spdk_histogram_data_free(nsw->histogram);
			free(nsw);
		}
		free(worker);
	}
}

/* ---- Queue pairs ---- */

static void
qpair_disconnected(struct spdk_nvme_qpair *qpair, void *group_ctx)
{
	struct perf_ns_worker *nsw = group_ctx;

	if (!nsw->is_draining) {
		fprintf(stderr, "%s: queue %u lost its connection\n", nsw->ns->name,
		        spdk_nvme_qpair_get_id(qpair));
		nsw->worker->status = 1;
		nsw->is_draining = true;
	}
}

static struct spdk_nvme_qpair *
qpair_open(struct perf_ns_worker *nsw)
{
	struct spdk_nvme_ctrlr *ctrlr = nsw->ns->ctrlr;
	struct spdk_nvme_io_qpair_opts opts;
	struct spdk_nvme_qpair *qpair;

	spdk_nvme_ctrlr_get_default_io_qpair_opts(ctrlr, &opts, sizeof(opts));
	opts.delay_cmd_submit = true;
	opts.create_only = true;
	opts.async_mode = true;
	qpair = spdk_nvme_ctrlr_alloc_io_qpair(ctrlr, &opts, sizeof(opts));
	if (qpair == NULL) {
		return NULL;
	}
	if (spdk_nvme_poll_group_add(nsw->group, qpair) != 0 ||
	    spdk_nvme_ctrlr_connect_io_qpair(ctrlr, qpair) != 0) {
		spdk_nvme_ctrlr_free_io_qpair(qpair);
		return NULL;
	}
	return qpair;
}

static int
nsw_connect(struct perf_ns_worker *nsw)
{
	uint64_t deadline = spdk_get_ticks() + CONNECT_TIMEOUT_S * spdk_get_ticks_hz();
	uint32_t i;
	int rc;

	nsw->group = spdk_nvme_poll_group_create(nsw, NULL);
	nsw->qpairs = calloc(g_opts.num_qpairs, sizeof(*nsw->qpairs));
	if (nsw->group == NULL || nsw->qpairs == NULL) {
		return -ENOMEM;
	}
	for (i = 0; i < g_opts.num_qpairs; i++) {
		nsw->qpairs[i] = qpair_open(nsw);
		if (nsw->qpairs[i] == NULL) {
			fprintf(stderr, "%s: no I/O queue pair\n", nsw->ns->name);
			return -EIO;
		}
	}
	while ((rc = spdk_nvme_poll_group_all_connected(nsw->group)) == -EAGAIN) {
		spdk_nvme_poll_group_process_completions(nsw->group, 0, qpair_disconnected);
		if (spdk_get_ticks() > deadline) {
			return -ETIMEDOUT;
		}
	}
	return rc;
}

static void
nsw_keep_stats(struct perf_ns_worker *nsw)
{
	struct spdk_nvme_poll_group_stat *stat = NULL;
	uint32_t i;

	if (!g_opts.transport_stats || nsw->group == NULL ||
	    spdk_nvme_poll_group_get_stats(nsw->group, &stat) != 0) {
		return;
	}
	for (i = 0; i < stat->num_transports; i++) {
		if (stat->transport_stat[i]->trtype == SPDK_NVME_TRANSPORT_TCP) {
			nsw->tcp_stat = stat->transport_stat[i]->tcp;
		}
	}
	spdk_nvme_poll_group_free_stats(nsw->group, stat);
}

static void
nsw_disconnect(struct perf_ns_worker *nsw)
{
	uint32_t i;

	nsw_keep_stats(nsw);
	nsw->is_draining = true;
	for (i = 0; nsw->qpairs != NULL && i < g_opts.num_qpairs; i++) {
		spdk_nvme_ctrlr_free_io_qpair(nsw->qpairs[i]);
	}
	free(nsw->qpairs);
	nsw->qpairs = NULL;
	if (nsw->group != NULL) {
		spdk_nvme_poll_group_destroy(nsw->group);
		nsw->group = NULL;
	}
	perf_tasks_free(nsw);
}

static uint64_t
nsw_num_ios(const struct perf_ns_worker *nsw)
{
	if (g_opts.num_ios_percent != 0) {
		return spdk_max(nsw->ns->num_ios * g_opts.num_ios_percent / 100, (uint64_t)1);
	}
	return g_opts.num_ios;
}

static int
nsw_start(struct perf_ns_worker *nsw)
{
	int rc = nsw_connect(nsw);

	if (rc != 0) {
		fprintf(stderr, "%s: I/O queue pairs can't be connected: %s\n", nsw->ns->name,
		        spdk_strerror(-rc));
		return rc;
	}
	nsw->ios_left = nsw_num_ios(nsw);
	if (g_opts.latency_level > 0) {
		nsw->histogram = spdk_histogram_data_alloc();
		if (nsw->histogram == NULL) {
			return -ENOMEM;
		}
	}
	return perf_tasks_create(nsw);
}

/* ---- The run ---- */

/* False: nothing is left to submit; every namespace drains. */
static inline __attribute__((always_inline)) bool
poll_once(struct perf_worker *worker)
{
	struct perf_ns_worker *nsw;
	bool is_running = false;
	int64_t total = 0;

	TAILQ_FOREACH(nsw, &worker->ns_workers, link) {
		int64_t rc = spdk_nvme_poll_group_process_completions(
		        nsw->group, g_opts.completions_per_poll, qpair_disconnected);

		if (spdk_unlikely(rc < 0)) {
			fprintf(stderr, "%s: the poll failed: %s\n", nsw->ns->name,
			        spdk_strerror((int)-rc));
			worker->status = 1;
			nsw->is_draining = true;
		} else {
			total += rc;
		}
		is_running |= !nsw->is_draining;
	}
	if (total > 0) {
		worker->busy_polls++;
	} else {
		worker->idle_polls++;
	}
	return is_running;
}

static void
end_warmup(struct perf_worker *worker)
{
	struct perf_ns_worker *nsw;

	TAILQ_FOREACH(nsw, &worker->ns_workers, link) {
		nsw->ios_done = 0;
		nsw->total_tsc = 0;
		nsw->min_tsc = UINT64_MAX;
		nsw->max_tsc = 0;
		if (nsw->histogram != NULL) {
			spdk_histogram_data_reset(nsw->histogram);
		}
	}
}

static void
worker_loop(struct perf_worker *worker)
{
	bool is_main = worker->lcore == spdk_env_get_main_core();
	uint64_t hz = spdk_get_ticks_hz();
	uint64_t start = worker->start_tsc;
	uint64_t end = start + (g_opts.warmup_s + g_opts.time_s) * hz;
	uint64_t warmup_end = g_opts.warmup_s != 0 ? start + g_opts.warmup_s * hz : UINT64_MAX;
	uint64_t admin_next = is_main ? start : UINT64_MAX;
	bool is_running = true;
	uint64_t now = start;

	while (is_running && !g_stop && now <= end) {
		/* What is looked at seldom stays out of the loop that turns for every poll. */
		uint64_t next = spdk_min(now + hz * STOP_PERIOD_MS / SPDK_SEC_TO_MSEC, end);

		next = spdk_min(next, spdk_min(warmup_end, admin_next));
		do {
			is_running = poll_once(worker);
			now = spdk_get_ticks();
		} while (is_running && now < next);
		if (now >= warmup_end) {
			warmup_end = UINT64_MAX;
			start = now;
			end_warmup(worker);
		}
		if (now >= admin_next) {
			admin_next = now + hz * ADMIN_PERIOD_MS / SPDK_SEC_TO_MSEC;
			perf_poll_admin();
		}
	}
	worker->start_tsc = start;
	worker->elapsed_tsc = now - start;
}

static void
worker_drain(struct perf_worker *worker)
{
	uint64_t deadline = spdk_get_ticks() + DRAIN_TIMEOUT_S * spdk_get_ticks_hz();
	struct perf_ns_worker *nsw;
	bool more = true;

	TAILQ_FOREACH(nsw, &worker->ns_workers, link) {
		nsw->is_draining = true;
	}
	while (more) {
		more = false;
		poll_once(worker);
		TAILQ_FOREACH(nsw, &worker->ns_workers, link) {
			more = more || nsw->outstanding > 0;
		}
		if (more && spdk_get_ticks() > deadline) {
			fprintf(stderr, "core %u: I/O did not end within %d s; aborted\n",
			        worker->lcore, DRAIN_TIMEOUT_S);
			worker->status = 1;
			break;
		}
	}
}

int
perf_worker_run(void *arg)
{
	struct perf_worker *worker = arg;
	struct perf_ns_worker *nsw;
	int rc = 0;

	TAILQ_FOREACH(nsw, &worker->ns_workers, link) {
		if (rc == 0) {
			rc = nsw_start(nsw);
		}
	}
	if (rc == 0) {
		worker->start_tsc = spdk_get_ticks();
		TAILQ_FOREACH(nsw, &worker->ns_workers, link) {
			perf_tasks_start(nsw);
		}
		worker_loop(worker);
		worker_drain(worker);
		if (g_opts.num_ios != 0 || g_opts.num_ios_percent != 0) {
			/* So many I/Os took until the last one was back. */
			worker->elapsed_tsc = spdk_get_ticks() - worker->start_tsc;
		}
	} else {
		worker->status = 1;
	}
	TAILQ_FOREACH(nsw, &worker->ns_workers, link) {
		nsw_disconnect(nsw);
	}
	/* Only told: whoever needs what the worker wrote joins its thread. */
	__atomic_store_n(&worker->has_ended, true, __ATOMIC_RELAXED);
	return 0;
}

void
perf_workers_wait(void)
{
	struct perf_worker *worker;

	TAILQ_FOREACH(worker, &g_workers, link) {
		while (!__atomic_load_n(&worker->has_ended, __ATOMIC_RELAXED)) {
			perf_poll_admin();
			spdk_delay_us(1000);
		}
	}
	spdk_env_thread_wait_all();
}
