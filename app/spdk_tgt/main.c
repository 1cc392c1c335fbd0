/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk_tgt: all targets that are built, configured by a file or by RPC. */

#include "spdk/event.h"
#include "spdk_internal/subsystem.h"

static const char *g_pid_path;

static void
spdk_tgt_usage(void)
{
	printf("  -f FILE                            write the process id to this file\n");
}

static int
spdk_tgt_parse_arg(int ch, char *arg)
{
	if (ch != 'f') {
		return -EINVAL;
	}
	g_pid_path = arg;
	return 0;
}

static int
save_pid(const char *path)
{
	FILE *file = fopen(path, "w");
	int rc;

	if (file == NULL) {
		fprintf(stderr, "The process id can't be written to %s: %s\n", path,
		        strerror(errno));
		return -errno;
	}
	rc = fprintf(file, "%d\n", getpid()) > 0 ? 0 : -EIO;
	return fclose(file) == 0 ? rc : -EIO;
}

static void
spdk_tgt_started(void *arg)
{
	if (g_pid_path != NULL && save_pid(g_pid_path) != 0) {
		spdk_app_stop(-EIO);
	}
}

int
main(int argc, char **argv)
{
	static const char *const subsystems[] = { "scheduler", "sock", "iobuf", "keyring",
		                                  "bdev",      "nvmf", NULL };
	struct spdk_app_opts opts;
	int rc;

	subsystem_select(subsystems);
	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "spdk_tgt";
	rc = spdk_app_parse_args(argc, argv, &opts, "f:", NULL, spdk_tgt_parse_arg, spdk_tgt_usage);
	if (rc != SPDK_APP_PARSE_ARGS_SUCCESS) {
		return rc;
	}
	rc = spdk_app_start(&opts, spdk_tgt_started, NULL);
	spdk_app_fini();
	return rc;
}
