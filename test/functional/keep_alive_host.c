/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A host that does nothing but keep alive: connects with one I/O queue, answers keep-alive until
 * its standard input closes. For measuring what a connected, idle host costs a target.
 *
 *	keep_alive_host ADDRESS PORT NQN
 */

#include "spdk/env.h"
#include "spdk/nvme.h"

#define KEEP_ALIVE_MS 5000

int
main(int argc, char **argv)
{
	struct spdk_nvme_transport_id trid = {};
	struct spdk_nvme_ctrlr_opts opts;
	struct spdk_env_opts env = { .opts_size = sizeof(env) };
	struct spdk_nvme_ctrlr *ctrlr;
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	if (argc != 4) {
		fprintf(stderr, "usage: keep_alive_host ADDRESS PORT NQN\n");
		return 2;
	}
	spdk_env_opts_init(&env);
	env.name = "keep_alive_host";
	if (spdk_env_init(&env) != 0) {
		return 1;
	}
	spdk_nvme_trid_populate_transport(&trid, SPDK_NVME_TRANSPORT_TCP);
	trid.adrfam = SPDK_NVMF_ADRFAM_IPV4;
	snprintf(trid.traddr, sizeof(trid.traddr), "%s", argv[1]);
	snprintf(trid.trsvcid, sizeof(trid.trsvcid), "%s", argv[2]);
	snprintf(trid.subnqn, sizeof(trid.subnqn), "%s", argv[3]);
	spdk_nvme_ctrlr_get_default_ctrlr_opts(&opts, sizeof(opts));
	opts.keep_alive_timeout_ms = KEEP_ALIVE_MS;
	ctrlr = spdk_nvme_connect(&trid, &opts, sizeof(opts));
	if (ctrlr == NULL) {
		return 1;
	}
	while (poll(&in, 1, KEEP_ALIVE_MS / 5) == 0) {
		if (spdk_nvme_ctrlr_process_admin_completions(ctrlr) < 0) {
			return 1;
		}
	}
	spdk_nvme_detach(ctrlr);
	spdk_env_fini();
	return 0;
}
