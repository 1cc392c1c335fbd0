/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * spdk_nvme_perf: I/O load on NVMe namespaces, one polling thread a core, no framework.
 * Exit status: 0; 1 after an I/O error or a bad command line; 255 when nothing could be attached.
 */

#include "perf.h"

static void
on_signal(int signo)
{
	g_stop = true;
}

static void
set_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

static int
run(void)
{
	struct perf_worker *worker, *main_worker = NULL;
	int status = 0;

	printf("Initialization complete. Launching workers.\n");
	fflush(stdout);
	TAILQ_FOREACH(worker, &g_workers, link) {
		if (worker->lcore == spdk_env_get_main_core()) {
			main_worker = worker;
		} else if (spdk_env_thread_launch_pinned(worker->lcore, perf_worker_run, worker) !=
		           0) {
			fprintf(stderr, "core %u: no thread\n", worker->lcore);
			worker->status = 1;
			worker->has_ended = true;
		}
	}
	if (main_worker != NULL) {
		perf_worker_run(main_worker);
	}
	perf_workers_wait();
	perf_report();
	TAILQ_FOREACH(worker, &g_workers, link) {
		status |= worker->status;
	}
	return status;
}

int
main(int argc, char **argv)
{
	struct spdk_env_opts env_opts = { .opts_size = sizeof(env_opts) };
	int status;

	spdk_env_opts_init(&env_opts);
	env_opts.name = "perf";
	status = perf_parse_args(argc, argv, &env_opts);
	if (status >= 0) {
		return status;
	}
	if (spdk_env_init(&env_opts) < 0) {
		fprintf(stderr, "the environment can't be initialised\n");
		return 1;
	}
	set_signals();
	status = 255;
	if (perf_attach_all() == 0) {
		status = perf_workers_create() == 0 ? run() : 1;
	}
	perf_workers_free();
	perf_detach_all();
	spdk_env_fini();
	return status;
}
