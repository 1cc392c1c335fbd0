/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Options of controllers: defaults, and copies between callers that were built with another size of
 * the struct. Any thread. The host's default identity lives here: random, and the same until the
 * environment ends.
 */

#include "spdk_internal/env.h"
#include "spdk_internal/nvme.h"
#include "spdk_internal/system_state.h"

#include "spdk/log.h"
#include "spdk/util.h"

static struct {
	pthread_mutex_t lock;
	bool has_host_id;
	struct spdk_uuid host_id;
	struct env_fini_hook at_fini;
} g_host SYSTEM_STATE = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
forget_host_identity(void)
{
	g_host.has_host_id = false;
	memset(&g_host.host_id, 0, sizeof(g_host.host_id));
	g_host.at_fini.fn = NULL;
}

static void
host_identity(uint8_t *host_id, char *hostnqn, size_t hostnqn_size)
{
	char uuid[SPDK_UUID_STRING_LEN];

	pthread_mutex_lock(&g_host.lock);
	if (!g_host.has_host_id) {
		spdk_uuid_generate(&g_host.host_id);
		g_host.has_host_id = true;
		g_host.at_fini.fn = forget_host_identity;
		env_at_fini(&g_host.at_fini);
	}
	memcpy(host_id, &g_host.host_id, sizeof(g_host.host_id));
	pthread_mutex_unlock(&g_host.lock);
	spdk_uuid_fmt_lower(uuid, sizeof(uuid), (const struct spdk_uuid *)host_id);
	snprintf(hostnqn, hostnqn_size, "%s%s", SPDK_NVMF_NQN_UUID_PRE, uuid);
}

static void
opts_default(struct spdk_nvme_ctrlr_opts *opts)
{
	memset(opts, 0, sizeof(*opts));
	opts->opts_size = sizeof(*opts);
	opts->num_io_queues = NVME_IO_QUEUES_DFLT;
	opts->arb_mechanism = SPDK_NVME_CC_AMS_RR;
	opts->keep_alive_timeout_ms = NVME_KEEP_ALIVE_MS_DFLT;
	opts->transport_retry_count = NVME_RETRY_COUNT_DFLT;
	opts->io_queue_size = NVME_IO_QUEUE_SIZE_DFLT;
	opts->io_queue_requests = NVME_IO_QUEUE_REQUESTS_DFLT;
	/* No command set of that number: take what the controller has. */
	opts->command_set = (enum spdk_nvme_cc_css)CHAR_BIT;
	opts->admin_timeout_ms = NVME_ADMIN_TIMEOUT_MS_DFLT;
	opts->admin_queue_size = NVME_ADMIN_QUEUE_SIZE_DFLT;
	opts->fabrics_connect_timeout_us = NVME_FABRICS_CONNECT_TIMEOUT_US_DFLT;
	opts->dhchap_digests = (1u << SPDK_NVMF_DHCHAP_HASH_SHA256) |
	                       (1u << SPDK_NVMF_DHCHAP_HASH_SHA384) |
	                       (1u << SPDK_NVMF_DHCHAP_HASH_SHA512);
	opts->dhchap_dhgroups =
	        (1u << SPDK_NVMF_DHCHAP_DHGROUP_NULL) | (1u << SPDK_NVMF_DHCHAP_DHGROUP_2048) |
	        (1u << SPDK_NVMF_DHCHAP_DHGROUP_3072) | (1u << SPDK_NVMF_DHCHAP_DHGROUP_4096) |
	        (1u << SPDK_NVMF_DHCHAP_DHGROUP_6144) | (1u << SPDK_NVMF_DHCHAP_DHGROUP_8192);
	host_identity(opts->extended_host_id, opts->hostnqn, sizeof(opts->hostnqn));
}

void
spdk_nvme_ctrlr_get_default_ctrlr_opts(struct spdk_nvme_ctrlr_opts *opts, size_t opts_size)
{
	struct spdk_nvme_ctrlr_opts dflt;

	assert(opts != NULL);
	opts_default(&dflt);
	memset(opts, 0, opts_size);
	memcpy(opts, &dflt, spdk_min(opts_size, sizeof(dflt)));
	if (SPDK_FIELD_VALID(opts, opts_size, opts_size)) {
		opts->opts_size = opts_size;
	}
}

/* Values that no controller could be made with are brought into range, and said so. */
static void
opts_limit(struct spdk_nvme_ctrlr_opts *opts)
{
	if (opts->admin_queue_size < SPDK_NVMF_MIN_ADMIN_MAX_SQ_SIZE) {
		opts->admin_queue_size = SPDK_NVMF_MIN_ADMIN_MAX_SQ_SIZE;
	}
	if (opts->admin_queue_size > NVME_ADMIN_QUEUE_SIZE_MAX) {
		SPDK_WARNLOG("admin_queue_size %u is more than %d; that is used\n",
		             opts->admin_queue_size, NVME_ADMIN_QUEUE_SIZE_MAX);
		opts->admin_queue_size = NVME_ADMIN_QUEUE_SIZE_MAX;
	}
	if (opts->io_queue_size < SPDK_NVME_IO_QUEUE_MIN_ENTRIES) {
		opts->io_queue_size = SPDK_NVME_IO_QUEUE_MIN_ENTRIES;
	}
	if (opts->io_queue_size > SPDK_NVME_IO_QUEUE_MAX_ENTRIES) {
		opts->io_queue_size = SPDK_NVME_IO_QUEUE_MAX_ENTRIES;
	}
	if (opts->num_io_queues > SPDK_NVME_MAX_IO_QUEUES) {
		opts->num_io_queues = SPDK_NVME_MAX_IO_QUEUES;
	}
	if (opts->io_queue_requests < opts->io_queue_size) {
		opts->io_queue_requests = opts->io_queue_size;
	}
	if (opts->admin_timeout_ms == 0) {
		opts->admin_timeout_ms = NVME_ADMIN_TIMEOUT_MS_DFLT;
	}
	opts->hostnqn[sizeof(opts->hostnqn) - 1] = '\0';
	opts->src_addr[sizeof(opts->src_addr) - 1] = '\0';
	opts->src_svcid[sizeof(opts->src_svcid) - 1] = '\0';
}

void
nvme_ctrlr_opts_copy(struct spdk_nvme_ctrlr_opts *opts, const struct spdk_nvme_ctrlr_opts *src,
                     size_t src_size)
{
	static const uint8_t zero[16];

	opts_default(opts);
	if (src != NULL) {
		struct spdk_nvme_ctrlr_opts dflt = *opts;

		memcpy(opts, src, spdk_min(src_size, sizeof(*opts)));
		if (opts->hostnqn[0] == '\0') {
			memcpy(opts->hostnqn, dflt.hostnqn, sizeof(opts->hostnqn));
		}
		if (memcmp(opts->extended_host_id, zero, sizeof(zero)) == 0) {
			memcpy(opts->extended_host_id, dflt.extended_host_id, sizeof(zero));
		}
	}
	opts->opts_size = sizeof(*opts);
	opts_limit(opts);
}
