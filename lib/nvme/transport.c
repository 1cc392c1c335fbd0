/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Which transports there are: those built in, from the generated table, and those that programs
 * register, also before main(). Registrations stay for the life of the process; they happen before
 * other threads use the library. The options of all transports live here, too.
 */

#include "spdk_internal/nvme.h"
#include "spdk_internal/system_state.h"

#include "spdk/assert.h"
#include "spdk/log.h"
#include "spdk/util.h"

extern struct spdk_nvme_transport_ops *const g_nvme_transport_table[];

#define TRANSPORT_OPTS_DFLT \
	{ \
		.rdma_srq_size = 0, .opts_size = sizeof(struct spdk_nvme_transport_opts), \
		.rdma_max_cq_size = 0, .rdma_cm_event_timeout_ms = 1000, .rdma_umr_per_io = false, \
		.tcp_connect_timeout_ms = 0 \
	}

static struct {
	struct spdk_nvme_transport_ops *registered[NVME_TRANSPORTS_MAX];
	uint32_t num_registered;
	struct spdk_nvme_transport_opts opts;
} g_transport SYSTEM_STATE = { .opts = TRANSPORT_OPTS_DFLT };

const struct spdk_nvme_transport_ops *
nvme_transport_find(const char *trstring)
{
	uint32_t i;

	for (i = 0; i < g_transport.num_registered; i++) {
		if (strcasecmp(g_transport.registered[i]->name, trstring) == 0) {
			return g_transport.registered[i];
		}
	}
	for (i = 0; g_nvme_transport_table[i] != NULL; i++) {
		if (strcasecmp(g_nvme_transport_table[i]->name, trstring) == 0) {
			return g_nvme_transport_table[i];
		}
	}
	return NULL;
}

void
spdk_nvme_transport_register(const struct spdk_nvme_transport_ops *ops)
{
	struct spdk_nvme_transport_ops *copy;

	if (nvme_transport_find(ops->name) != NULL) {
		SPDK_ERRLOG("NVMe transport %s is there already; the second one is left out\n",
		            ops->name);
		return;
	}
	if (g_transport.num_registered == NVME_TRANSPORTS_MAX) {
		SPDK_ERRLOG("NVMe transport %s: %d transports are registered; no more fit\n",
		            ops->name, NVME_TRANSPORTS_MAX);
		return;
	}
	copy = malloc(sizeof(*copy));
	if (copy == NULL) {
		SPDK_ERRLOG("NVMe transport %s: out of memory\n", ops->name);
		return;
	}
	*copy = *ops;
	g_transport.registered[g_transport.num_registered++] = copy;
}

bool
spdk_nvme_transport_available_by_name(const char *transport_name)
{
	return nvme_transport_find(transport_name) != NULL;
}

bool
spdk_nvme_transport_available(enum spdk_nvme_transport_type trtype)
{
	const char *name = spdk_nvme_transport_id_trtype_str(trtype);

	return name != NULL && nvme_transport_find(name) != NULL;
}

void
spdk_nvme_transport_get_opts(struct spdk_nvme_transport_opts *opts, size_t opts_size)
{
	if (opts == NULL || opts_size == 0) {
		SPDK_ERRLOG("no room for the NVMe transport options\n");
		return;
	}
	memset(opts, 0, opts_size);
	memcpy(opts, &g_transport.opts, spdk_min(opts_size, sizeof(g_transport.opts)));
	if (SPDK_FIELD_VALID(opts, opts_size, opts_size)) {
		opts->opts_size = opts_size;
	}
}

int
spdk_nvme_transport_set_opts(const struct spdk_nvme_transport_opts *opts, size_t opts_size)
{
	if (opts == NULL || opts_size < SPDK_SIZEOF(opts, opts_size) || opts->opts_size == 0) {
		SPDK_ERRLOG("the NVMe transport options need their size\n");
		return -EINVAL;
	}
	memcpy(&g_transport.opts, opts,
	       spdk_min(spdk_min(opts_size, opts->opts_size), sizeof(g_transport.opts)));
	g_transport.opts.opts_size = sizeof(g_transport.opts);
	return 0;
}
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvme_transport_opts) == 32, "a field without a copy?");
