/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* CPUs of the process, pinning of threads, and the machine's topology from sysfs.
 *
 * The CPUs are those of the affinity that the calling thread has when env starts. The kernel keeps
 * every affinity within the cpuset of the task's cgroup (v1 and v2), so the cgroup needs no look of
 * its own. They are the set to which a thread is set free, too. */

#include "native.h"

#include "spdk/log.h"

#include <sched.h>
#include <sys/prctl.h>

#define CPU_PATH "/sys/devices/system/cpu/cpu%" PRIu32
#define NODE_PATH "/sys/devices/system/node"
#define PATH_BYTES 128
#define TEXT_BYTES 4096
/* The kernel refuses to tell a set that has no room for all CPUs it can have: 8,192 at most. */
#define KERNEL_CPUS_MAX 8192

static struct {
	struct spdk_cpuset cpus; /* set once by init */
} g_cpu SYSTEM_STATE;

static int
affinity_get(struct spdk_cpuset *set)
{
	cpu_set_t *mask = CPU_ALLOC(KERNEL_CPUS_MAX);
	size_t size = CPU_ALLOC_SIZE(KERNEL_CPUS_MAX);
	uint32_t i;
	int rc = 0;

	if (mask == NULL) {
		return -ENOMEM;
	}
	CPU_ZERO_S(size, mask);
	if (sched_getaffinity(0, size, mask) != 0) {
		rc = -errno;
	}
	spdk_cpuset_zero(set);
	for (i = 0; rc == 0 && i < SPDK_CPUSET_SIZE; i++) {
		if (CPU_ISSET_S(i, size, mask)) {
			spdk_cpuset_set_cpu(set, i, true);
		}
	}
	CPU_FREE(mask);
	return rc;
}

int
machine_pin(const struct spdk_cpuset *cpus)
{
	cpu_set_t *mask = CPU_ALLOC(SPDK_CPUSET_SIZE);
	size_t size = CPU_ALLOC_SIZE(SPDK_CPUSET_SIZE);
	uint32_t i;
	int rc = 0;

	if (mask == NULL) {
		return -ENOMEM;
	}
	CPU_ZERO_S(size, mask);
	for (i = 0; i < SPDK_CPUSET_SIZE; i++) {
		if (spdk_cpuset_get_cpu(cpus, i)) {
			CPU_SET_S(i, size, mask);
		}
	}
	if (sched_setaffinity(0, size, mask) != 0) {
		rc = -errno;
	}
	CPU_FREE(mask);
	return rc;
}

int
native_cpu_init(void)
{
	int rc = affinity_get(&g_cpu.cpus);

	if (rc != 0) {
		SPDK_ERRLOG("Can't learn on which CPUs this process may run: %s\n", strerror(-rc));
	}
	return rc;
}

void
native_cpu_fini(void)
{
	memset(&g_cpu, 0, sizeof(g_cpu));
}

void
machine_cpus(struct spdk_cpuset *set)
{
	spdk_cpuset_copy(set, &g_cpu.cpus);
}

void
spdk_unaffinitize_thread(void)
{
	if (spdk_cpuset_count(&g_cpu.cpus) > 0) {
		machine_pin(&g_cpu.cpus);
	}
}

void *
spdk_call_unaffinitized(void *cb(void *arg), void *arg)
{
	struct spdk_cpuset before = { 0 };
	void *ret;
	int rc;

	if (cb == NULL) {
		return NULL;
	}
	rc = affinity_get(&before);
	spdk_unaffinitize_thread();
	ret = cb(arg);
	if (rc == 0) {
		machine_pin(&before);
	}
	return ret;
}

void
env_thread_set_name(const char *name)
{
	prctl(PR_SET_NAME, name, 0, 0, 0);
}

void
env_thread_get_name(char *name)
{
	memset(name, 0, ENV_THREAD_NAME_BYTES);
	prctl(PR_GET_NAME, name, 0, 0, 0);
}

/* ---- Topology ---- */

int32_t
machine_cpu_numa(uint32_t cpu)
{
	char path[PATH_BYTES];
	int32_t node;

	for (node = 0; node < ENV_NUMA_MAX; node++) {
		snprintf(path, sizeof(path), CPU_PATH "/node%" PRId32, cpu, node);
		if (access(path, F_OK) == 0) {
			return node;
		}
	}
	/* A kernel without NUMA has no such link: all is one node. */
	return 0;
}

uint32_t
machine_numa_mask(void)
{
	char text[TEXT_BYTES];
	struct spdk_cpuset nodes = { 0 };
	uint32_t mask = 0;
	int i;

	if (native_read_text(NODE_PATH "/online", text, sizeof(text)) &&
	    env_cpuset_parse_list(text, &nodes) == 0) {
		for (i = 0; i < ENV_NUMA_MAX; i++) {
			mask |= spdk_cpuset_get_cpu(&nodes, (uint32_t)i) ? 1u << i : 0;
		}
	}
	return mask != 0 ? mask : 1;
}

bool
spdk_env_core_get_smt_cpuset(struct spdk_cpuset *cpuset, uint32_t core)
{
	char path[PATH_BYTES];
	char text[TEXT_BYTES];

	snprintf(path, sizeof(path), CPU_PATH "/topology/thread_siblings_list", core);
	return native_read_text(path, text, sizeof(text)) &&
	       env_cpuset_parse_list(text, cpuset) == 0;
}
