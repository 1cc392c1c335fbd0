/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The options of spdk_env_init(): their defaults, an own copy, and what is said about those that
 * mean nothing here. */

#include "machine.h"

#include "spdk/log.h"

#define DEFAULT_NAME "spdk"
#define DEFAULT_VIRTADDR 0x200000000000ull
/* Who compiles against this header has at least this much of the struct; a size beyond the second
 * is what an application's stack held that never heard of opts_size. */
#define MIN_OPTS_SIZE (offsetof(struct spdk_env_opts, opts_size) + sizeof(size_t))
#define MAX_OPTS_SIZE 4096

static void
opts_defaults(struct spdk_env_opts *opts)
{
	memset(opts, 0, sizeof(*opts));
	opts->name = DEFAULT_NAME;
	opts->shm_id = -1;
	opts->mem_size = -1;
	opts->main_core = -1;
	opts->mem_channel = -1;
	opts->base_virtaddr = DEFAULT_VIRTADDR;
	opts->opts_size = sizeof(*opts);
}

void
spdk_env_opts_init(struct spdk_env_opts *opts)
{
	struct spdk_env_opts dflt;
	size_t size;

	if (opts == NULL) {
		return;
	}
	size = opts->opts_size;
	if (size < MIN_OPTS_SIZE || size > MAX_OPTS_SIZE) {
		size = sizeof(*opts);
	}
	opts_defaults(&dflt);
	dflt.opts_size = size;
	memcpy(opts, &dflt, spdk_min(size, sizeof(*opts)));
}

static bool
dup_string(const char **field)
{
	if (*field == NULL) {
		return true;
	}
	*field = strdup(*field);
	return *field != NULL;
}

static bool
dup_addrs(struct spdk_pci_addr **addrs, size_t num)
{
	struct spdk_pci_addr *copy;

	if (*addrs == NULL || num == 0) {
		*addrs = NULL;
		return true;
	}
	copy = calloc(num, sizeof(*copy));
	if (copy != NULL) {
		memcpy(copy, *addrs, num * sizeof(*copy));
	}
	*addrs = copy;
	return copy != NULL;
}

int
env_opts_copy(const struct spdk_env_opts *src, struct env_opts_copy **out)
{
	struct env_opts_copy *copy;
	struct spdk_env_opts *o;
	bool ok;

	if (src->opts_size < MIN_OPTS_SIZE) {
		SPDK_ERRLOG("spdk_env_opts.opts_size is %zu: call spdk_env_opts_init() first\n",
		            src->opts_size);
		return -EINVAL;
	}
	copy = calloc(1, sizeof(*copy));
	if (copy == NULL) {
		SPDK_ERRLOG("No memory for the options of the environment\n");
		return -ENOMEM;
	}
	o = &copy->opts;
	opts_defaults(o);
	memcpy(o, src, spdk_min(src->opts_size, sizeof(*o)));
	o->opts_size = sizeof(*o);
	/* All are copied, also after a failure: then each pointer is ours or NULL. */
	ok = dup_string(&o->name);
	ok = dup_string(&o->core_mask) && ok;
	ok = dup_string(&o->lcore_map) && ok;
	ok = dup_string(&o->hugedir) && ok;
	ok = dup_string(&o->iova_mode) && ok;
	ok = dup_string(&o->vf_token) && ok;
	ok = dup_addrs(&o->pci_blocked, o->num_pci_addr) && ok;
	ok = dup_addrs(&o->pci_allowed, o->num_pci_addr) && ok;
	if (!ok) {
		SPDK_ERRLOG("No memory for the options of the environment\n");
		env_opts_free(copy);
		return -ENOMEM;
	}
	*out = copy;
	return 0;
}

void
env_opts_free(struct env_opts_copy *copy)
{
	if (copy == NULL) {
		return;
	}
	free((char *)copy->opts.name);
	free((char *)copy->opts.core_mask);
	free((char *)copy->opts.lcore_map);
	free((char *)copy->opts.hugedir);
	free((char *)copy->opts.iova_mode);
	free((char *)copy->opts.vf_token);
	free(copy->opts.pci_blocked);
	free(copy->opts.pci_allowed);
	free(copy);
}

uint64_t
env_opts_count_blocks(const struct env_opts_copy *copy)
{
	const struct spdk_env_opts *o;

	if (copy == NULL) {
		return 0;
	}
	o = &copy->opts;
	return 1 + (o->name != NULL) + (o->core_mask != NULL) + (o->lcore_map != NULL) +
	       (o->hugedir != NULL) + (o->iova_mode != NULL) + (o->vf_token != NULL) +
	       (o->pci_blocked != NULL) + (o->pci_allowed != NULL);
}

void
env_opts_inform(const struct spdk_env_opts *o)
{
	const struct {
		bool given;
		const char *option;
		const char *why;
	} rows[] = {
		{ o->shm_id >= 0 && env_shared() == NULL, "shm_id (-i)",
		  "this machine has one process" },
		{ o->shm_id >= 0 && env_shared() != NULL && o->no_huge && o->hugedir != NULL,
		  "no_huge", "the shared memory lies in the file system of huge_dir" },
		{ o->mem_channel > 0, "mem_channel (-n)", "channels are left to the hardware" },
		{ o->no_pci, "no_pci (-u)", "no PCI device is ever touched" },
		{ o->hugepage_single_segments, "hugepage_single_segments (-g)",
		  "each arena is one file anyhow" },
		{ o->unlink_hugepage, "unlink_hugepage (-R)", "no huge page file has a name" },
		{ o->num_pci_addr > 0, "pci_allowed, pci_blocked (-A, -B)",
		  "no PCI device is ever touched" },
		{ o->iova_mode != NULL && strcmp(o->iova_mode, "va") != 0, "iova_mode",
		  "devices use virtual addresses" },
		{ o->env_context != NULL, "env_context", "there is no EAL to pass it to" },
		{ o->vf_token != NULL, "vf_token", "no PCI device is ever touched" },
	};
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		if (rows[i].given) {
			SPDK_INFOLOG(env, "Option %s means nothing here: %s\n", rows[i].option,
			             rows[i].why);
		}
	}
}
