/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The governor over the kernel's cpufreq files: the same reach as SPDK's dpdk_governor, and its
 * name, without DPDK. It moves the upper limit of a core (scaling_max_freq), which each cpufreq
 * driver has, and leaves the rest to the kernel; at the end each core has the limit that it had
 * before.
 *
 * Steps are the driver's frequencies where it lists them, else 100 MHz apart between the CPU's
 * limits. A core of the program has the CPUs that its thread is pinned to (--lcores may name others
 * than the core's number, and several), and all of them step together. Where a CPU belongs to two
 * cores, or threads are not pinned, there is nothing that a core's load could say of a CPU's speed,
 * and the governor is refused. init and deinit on the app thread, all else on the scheduling core,
 * never at the same time. */

#include "spdk/cpuset.h"
#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/scheduler.h"
#include "spdk/util.h"
#include "spdk_internal/env.h"
#include "spdk_internal/system_state.h"

#define PATH_BYTES 96
#define TEXT_BYTES_MAX 4096
#define STEP_KHZ 100000u

struct cpu_freq {
	uint32_t lcore; /* that it belongs to */
	uint32_t cpu;
	uint32_t before_khz; /* the limit to give back */
	uint32_t num;
	uint32_t at;                        /* the limit now, as an index */
	uint32_t khz[SPDK_MAX_LCORE_FREQS]; /* highest first */
};

static struct {
	struct cpu_freq *cpus; /* ascending by lcore */
	uint32_t num_cpus;
} g_cpufreq SYSTEM_STATE;

extern struct spdk_governor g_cpufreq_governor;

/* ---- Files ---- */

static void
file_path(char *path, uint32_t cpu, const char *name)
{
	snprintf(path, PATH_BYTES, "/sys/devices/system/cpu/cpu%u/cpufreq/%s", cpu, name);
}

/* The text of a file, to be freed; NULL: there is none. */
static char *
file_read(uint32_t cpu, const char *name)
{
	char path[PATH_BYTES];
	void *text;
	size_t len;

	file_path(path, cpu, name);
	return env_file_load(path, TEXT_BYTES_MAX, &text, &len) == 0 ? text : NULL;
}

static uint32_t
file_read_khz(uint32_t cpu, const char *name)
{
	char *text = file_read(cpu, name);
	unsigned long khz = text != NULL ? strtoul(text, NULL, 10) : 0;

	free(text);
	return khz <= UINT32_MAX ? (uint32_t)khz : 0;
}

static int
write_max(uint32_t cpu, uint32_t khz)
{
	char path[PATH_BYTES], text[16];

	file_path(path, cpu, "scaling_max_freq");
	snprintf(text, sizeof(text), "%u\n", khz);
	return env_file_write(path, text);
}

/* ---- What a CPU can ---- */

static int
khz_cmp(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left > right ? -1 : left < right;
}

static void
cpu_read_list(struct cpu_freq *cpu)
{
	char *text = file_read(cpu->cpu, "scaling_available_frequencies"), *rest = text, *end;
	unsigned long khz;

	while (text != NULL && cpu->num < SPDK_MAX_LCORE_FREQS) {
		khz = strtoul(rest, &end, 10);
		if (end == rest || khz == 0 || khz > UINT32_MAX) {
			break;
		}
		cpu->khz[cpu->num++] = (uint32_t)khz;
		rest = end;
	}
	free(text);
	qsort(cpu->khz, cpu->num, sizeof(cpu->khz[0]), khz_cmp);
}

/* From the highest down to the lowest, evenly when there would be too many. */
static void
cpu_make_list(struct cpu_freq *cpu)
{
	uint32_t high = file_read_khz(cpu->cpu, "cpuinfo_max_freq");
	uint32_t low = file_read_khz(cpu->cpu, "cpuinfo_min_freq");
	uint32_t step, khz;

	if (low == 0 || high < low) {
		return;
	}
	step = spdk_max(STEP_KHZ, (high - low) / (SPDK_MAX_LCORE_FREQS - 2) + 1);
	for (khz = high; khz > low && cpu->num<SPDK_MAX_LCORE_FREQS - 1; khz = khz - low> step
	                         ? khz - step
	                         : low) {
		cpu->khz[cpu->num++] = khz;
	}
	cpu->khz[cpu->num++] = low;
}

static int
cpu_init(struct cpu_freq *cpu, uint32_t lcore, uint32_t number)
{
	cpu->lcore = lcore;
	cpu->cpu = number;
	cpu->before_khz = file_read_khz(number, "scaling_max_freq");
	if (cpu->before_khz == 0) {
		return -ENOENT;
	}
	cpu_read_list(cpu);
	if (cpu->num == 0) {
		cpu_make_list(cpu);
	}
	if (cpu->num == 0) {
		return -ENOENT;
	}
	while (cpu->at < cpu->num - 1 && cpu->khz[cpu->at] > cpu->before_khz) {
		cpu->at++;
	}
	/* Whether it may be written, found out without changing anything. */
	return write_max(number, cpu->before_khz);
}

/* The first CPU of a core; NULL: it is none of ours. */
static struct cpu_freq *
core_first(uint32_t lcore)
{
	uint32_t i;

	for (i = 0; i < g_cpufreq.num_cpus; i++) {
		if (g_cpufreq.cpus[i].lcore == lcore) {
			return &g_cpufreq.cpus[i];
		}
	}
	return NULL;
}

static int
cpu_set(struct cpu_freq *cpu, uint32_t at)
{
	int rc;

	if (cpu->at == at) {
		return 0;
	}
	rc = write_max(cpu->cpu, cpu->khz[at]);
	if (rc != 0) {
		return rc;
	}
	cpu->at = at;
	return 1;
}

/* All CPUs of a core; 1 when any changed. */
static int
core_set(uint32_t lcore, uint32_t (*where)(const struct cpu_freq *cpu))
{
	struct cpu_freq *cpu = core_first(lcore), *end = &g_cpufreq.cpus[g_cpufreq.num_cpus];
	int rc, changed = 0;

	if (cpu == NULL) {
		return -EINVAL;
	}
	for (; cpu != end && cpu->lcore == lcore; cpu++) {
		rc = cpu_set(cpu, where(cpu));
		if (rc < 0) {
			return rc;
		}
		changed |= rc;
	}
	return changed;
}

/* ---- The governor ---- */

static uint32_t
cpufreq_avail(uint32_t lcore, uint32_t *freqs, uint32_t num)
{
	const struct cpu_freq *cpu = core_first(lcore);

	if (cpu == NULL) {
		return 0;
	}
	memcpy(freqs, cpu->khz, spdk_min(num, cpu->num) * sizeof(freqs[0]));
	return cpu->num;
}

static uint32_t
cpufreq_current(uint32_t lcore)
{
	const struct cpu_freq *cpu = core_first(lcore);

	return cpu != NULL ? file_read_khz(cpu->cpu, "scaling_cur_freq") : 0;
}

static uint32_t
step_up(const struct cpu_freq *cpu)
{
	return cpu->at > 0 ? cpu->at - 1 : 0;
}

static uint32_t
step_down(const struct cpu_freq *cpu)
{
	return cpu->at + 1 < cpu->num ? cpu->at + 1 : cpu->at;
}

static uint32_t
highest(const struct cpu_freq *cpu)
{
	return 0;
}

static uint32_t
lowest(const struct cpu_freq *cpu)
{
	return cpu->num - 1;
}

static int
cpufreq_up(uint32_t lcore)
{
	return core_set(lcore, step_up);
}

static int
cpufreq_down(uint32_t lcore)
{
	return core_set(lcore, step_down);
}

static int
cpufreq_max(uint32_t lcore)
{
	return core_set(lcore, highest);
}

static int
cpufreq_min(uint32_t lcore)
{
	return core_set(lcore, lowest);
}

static int
cpufreq_capabilities(uint32_t lcore, struct spdk_governor_capabilities *capabilities)
{
	const struct cpu_freq *cpu = core_first(lcore);
	uint32_t i;

	if (cpu == NULL) {
		return -EINVAL;
	}
	/* It has priority when another core can't get as fast. */
	capabilities->priority = false;
	for (i = 0; i < g_cpufreq.num_cpus; i++) {
		capabilities->priority |= g_cpufreq.cpus[i].khz[0] < cpu->khz[0];
	}
	return 0;
}

static int
cpufreq_dump(struct spdk_json_write_ctx *w)
{
	char *driver;
	uint32_t i;

	spdk_json_write_named_array_begin(w, "cores");
	for (i = 0; i < g_cpufreq.num_cpus; i++) {
		if (core_first(g_cpufreq.cpus[i].lcore) != &g_cpufreq.cpus[i]) {
			continue;
		}
		spdk_json_write_object_begin(w);
		spdk_json_write_named_uint32(w, "lcore_id", g_cpufreq.cpus[i].lcore);
		spdk_json_write_named_uint32(w, "current_frequency",
		                             cpufreq_current(g_cpufreq.cpus[i].lcore));
		spdk_json_write_object_end(w);
	}
	spdk_json_write_array_end(w);
	driver = g_cpufreq.num_cpus > 0 ? file_read(g_cpufreq.cpus[0].cpu, "scaling_driver") : NULL;
	if (driver != NULL) {
		driver[strcspn(driver, "\n")] = '\0';
		spdk_json_write_named_string(w, "env", driver);
		free(driver);
	}
	return 0;
}

/* Give back to \p num CPUs the limits that they had. */
static void
cpufreq_give_back(uint32_t num)
{
	const struct cpu_freq *cpu;
	uint32_t i;

	for (i = 0; i < num; i++) {
		cpu = &g_cpufreq.cpus[i];
		if (write_max(cpu->cpu, cpu->before_khz) != 0) {
			SPDK_ERRLOG("CPU %u keeps its speed limit of %u kHz: give it back by hand "
			            "(%u)\n",
			            cpu->cpu, cpu->khz[cpu->at], cpu->before_khz);
		}
	}
	free(g_cpufreq.cpus);
	g_cpufreq.cpus = NULL;
	g_cpufreq.num_cpus = 0;
}

/* Into `owned` the CPUs of all cores, and how many; 0: they say nothing of a core. */
static uint32_t
count_cpus(struct spdk_cpuset *owned)
{
	struct spdk_cpuset cpus;
	uint32_t lcore, num = 0;

	spdk_cpuset_zero(owned);
	SPDK_ENV_FOREACH_CORE(lcore) {
		if (!env_core_cpus(lcore, &cpus)) {
			SPDK_INFOLOG(scheduler, "Cores without -m or --lcores have no CPU of their "
			                        "own whose speed they could set\n");
			return 0;
		}
		num += spdk_cpuset_count(&cpus);
		spdk_cpuset_or(owned, &cpus);
	}
	if (spdk_cpuset_count(owned) != num) {
		SPDK_INFOLOG(scheduler, "Two cores share a CPU: its speed can't be set for both\n");
		return 0;
	}
	return num;
}

static int
core_init(uint32_t lcore)
{
	struct spdk_cpuset cpus;
	uint32_t number;
	int rc;

	env_core_cpus(lcore, &cpus);
	for (number = 0; number < SPDK_CPUSET_SIZE; number++) {
		if (!spdk_cpuset_get_cpu(&cpus, number)) {
			continue;
		}
		rc = cpu_init(&g_cpufreq.cpus[g_cpufreq.num_cpus], lcore, number);
		if (rc != 0) {
			SPDK_INFOLOG(scheduler, "The speed of CPU %u can't be set: %s\n", number,
			             strerror(-rc));
			return rc;
		}
		g_cpufreq.num_cpus++;
	}
	return 0;
}

static int
cpufreq_init(void)
{
	struct spdk_cpuset owned;
	uint32_t lcore, num = count_cpus(&owned);
	int rc;

	if (num == 0) {
		return -ENOTSUP;
	}
	g_cpufreq.cpus = calloc(num, sizeof(g_cpufreq.cpus[0]));
	if (g_cpufreq.cpus == NULL) {
		return -ENOMEM;
	}
	SPDK_ENV_FOREACH_CORE(lcore) {
		rc = core_init(lcore);
		if (rc != 0) {
			cpufreq_give_back(0);
			return rc;
		}
	}
	return 0;
}

static void
cpufreq_deinit(void)
{
	cpufreq_give_back(g_cpufreq.num_cpus);
}

struct spdk_governor g_cpufreq_governor SYSTEM_STATE = {
	.name = "dpdk_governor",
	.get_core_avail_freqs = cpufreq_avail,
	.get_core_curr_freq = cpufreq_current,
	.core_freq_up = cpufreq_up,
	.core_freq_down = cpufreq_down,
	.set_core_freq_max = cpufreq_max,
	.set_core_freq_min = cpufreq_min,
	.get_core_capabilities = cpufreq_capabilities,
	.dump_info_json = cpufreq_dump,
	.init = cpufreq_init,
	.deinit = cpufreq_deinit,
};
