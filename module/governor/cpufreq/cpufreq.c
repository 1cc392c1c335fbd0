/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The governor over the kernel's cpufreq files: the same reach as SPDK's dpdk_governor, and its
 * name, without DPDK. It moves the upper limit of a core (scaling_max_freq), which each cpufreq
 * driver has, and leaves the rest to the kernel; at the end each core has the limit that it had
 * before.
 *
 * Steps are the driver's frequencies where it lists them, else 100 MHz apart between the core's
 * limits. A core of the program is the CPU of that number. init and deinit on the app thread, all
 * else on the scheduling core, never at the same time. */

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/scheduler.h"
#include "spdk/util.h"
#include "spdk_internal/env.h"
#include "spdk_internal/system_state.h"

#define PATH_BYTES 96
#define TEXT_BYTES_MAX 4096
#define STEP_KHZ 100000u

struct core_freq {
	uint32_t lcore;
	uint32_t before_khz; /* the limit to give back */
	uint32_t num;
	uint32_t at;                        /* the limit now, as an index */
	uint32_t khz[SPDK_MAX_LCORE_FREQS]; /* highest first */
};

static struct {
	struct core_freq *cores; /* ascending by lcore */
	uint32_t num_cores;
} g_cpufreq SYSTEM_STATE;

extern struct spdk_governor g_cpufreq_governor;

/* ---- Files ---- */

static void
file_path(char *path, uint32_t lcore, const char *name)
{
	snprintf(path, PATH_BYTES, "/sys/devices/system/cpu/cpu%u/cpufreq/%s", lcore, name);
}

/* The text of a file, to be freed; NULL: there is none. */
static char *
file_read(uint32_t lcore, const char *name)
{
	char path[PATH_BYTES];
	void *text;
	size_t len;

	file_path(path, lcore, name);
	return env_file_load(path, TEXT_BYTES_MAX, &text, &len) == 0 ? text : NULL;
}

static uint32_t
file_read_khz(uint32_t lcore, const char *name)
{
	char *text = file_read(lcore, name);
	unsigned long khz = text != NULL ? strtoul(text, NULL, 10) : 0;

	free(text);
	return khz <= UINT32_MAX ? (uint32_t)khz : 0;
}

static int
write_max(uint32_t lcore, uint32_t khz)
{
	char path[PATH_BYTES], text[16];

	file_path(path, lcore, "scaling_max_freq");
	snprintf(text, sizeof(text), "%u\n", khz);
	return env_file_write(path, text);
}

/* ---- What a core can ---- */

static int
khz_cmp(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left > right ? -1 : left < right;
}

static void
core_read_list(struct core_freq *core)
{
	char *text = file_read(core->lcore, "scaling_available_frequencies"), *rest = text, *end;
	unsigned long khz;

	while (text != NULL && core->num < SPDK_MAX_LCORE_FREQS) {
		khz = strtoul(rest, &end, 10);
		if (end == rest || khz == 0 || khz > UINT32_MAX) {
			break;
		}
		core->khz[core->num++] = (uint32_t)khz;
		rest = end;
	}
	free(text);
	qsort(core->khz, core->num, sizeof(core->khz[0]), khz_cmp);
}

/* From the highest down to the lowest, evenly when there would be too many. */
static void
core_make_list(struct core_freq *core)
{
	uint32_t high = file_read_khz(core->lcore, "cpuinfo_max_freq");
	uint32_t low = file_read_khz(core->lcore, "cpuinfo_min_freq");
	uint32_t step, khz;

	if (low == 0 || high < low) {
		return;
	}
	step = spdk_max(STEP_KHZ, (high - low) / (SPDK_MAX_LCORE_FREQS - 2) + 1);
	for (khz = high; khz > low && core->num<SPDK_MAX_LCORE_FREQS - 1; khz = khz - low> step
	                         ? khz - step
	                         : low) {
		core->khz[core->num++] = khz;
	}
	core->khz[core->num++] = low;
}

static int
core_init(struct core_freq *core, uint32_t lcore)
{
	core->lcore = lcore;
	core->before_khz = file_read_khz(lcore, "scaling_max_freq");
	if (core->before_khz == 0) {
		return -ENOENT;
	}
	core_read_list(core);
	if (core->num == 0) {
		core_make_list(core);
	}
	if (core->num == 0) {
		return -ENOENT;
	}
	while (core->at < core->num - 1 && core->khz[core->at] > core->before_khz) {
		core->at++;
	}
	/* Whether it may be written, found out without changing anything. */
	return write_max(lcore, core->before_khz);
}

static struct core_freq *
core_find(uint32_t lcore)
{
	uint32_t i;

	for (i = 0; i < g_cpufreq.num_cores; i++) {
		if (g_cpufreq.cores[i].lcore == lcore) {
			return &g_cpufreq.cores[i];
		}
	}
	return NULL;
}

static int
core_set(uint32_t lcore, uint32_t at)
{
	struct core_freq *core = core_find(lcore);
	int rc;

	if (core == NULL) {
		return -EINVAL;
	}
	if (core->at == at || at >= core->num) {
		return 0;
	}
	rc = write_max(lcore, core->khz[at]);
	if (rc != 0) {
		return rc;
	}
	core->at = at;
	return 1;
}

/* ---- The governor ---- */

static uint32_t
cpufreq_avail(uint32_t lcore, uint32_t *freqs, uint32_t num)
{
	const struct core_freq *core = core_find(lcore);

	if (core == NULL) {
		return 0;
	}
	memcpy(freqs, core->khz, spdk_min(num, core->num) * sizeof(freqs[0]));
	return core->num;
}

static uint32_t
cpufreq_current(uint32_t lcore)
{
	return core_find(lcore) != NULL ? file_read_khz(lcore, "scaling_cur_freq") : 0;
}

static int
cpufreq_up(uint32_t lcore)
{
	struct core_freq *core = core_find(lcore);

	return core_set(lcore, core != NULL && core->at > 0 ? core->at - 1 : 0);
}

static int
cpufreq_down(uint32_t lcore)
{
	struct core_freq *core = core_find(lcore);

	return core_set(lcore, core != NULL ? core->at + 1 : 0);
}

static int
cpufreq_max(uint32_t lcore)
{
	return core_set(lcore, 0);
}

static int
cpufreq_min(uint32_t lcore)
{
	struct core_freq *core = core_find(lcore);

	return core_set(lcore, core != NULL ? core->num - 1 : 0);
}

static int
cpufreq_capabilities(uint32_t lcore, struct spdk_governor_capabilities *capabilities)
{
	const struct core_freq *core = core_find(lcore);
	uint32_t i;

	if (core == NULL) {
		return -EINVAL;
	}
	/* It has priority when another core can't get as fast. */
	capabilities->priority = false;
	for (i = 0; i < g_cpufreq.num_cores; i++) {
		capabilities->priority |= g_cpufreq.cores[i].khz[0] < core->khz[0];
	}
	return 0;
}

static int
cpufreq_dump(struct spdk_json_write_ctx *w)
{
	char *driver;
	uint32_t i;

	spdk_json_write_named_array_begin(w, "cores");
	for (i = 0; i < g_cpufreq.num_cores; i++) {
		spdk_json_write_object_begin(w);
		spdk_json_write_named_uint32(w, "lcore_id", g_cpufreq.cores[i].lcore);
		spdk_json_write_named_uint32(w, "current_frequency",
		                             cpufreq_current(g_cpufreq.cores[i].lcore));
		spdk_json_write_object_end(w);
	}
	spdk_json_write_array_end(w);
	driver = g_cpufreq.num_cores > 0 ? file_read(g_cpufreq.cores[0].lcore, "scaling_driver")
	                                 : NULL;
	if (driver != NULL) {
		driver[strcspn(driver, "\n")] = '\0';
		spdk_json_write_named_string(w, "env", driver);
		free(driver);
	}
	return 0;
}

/* Give back to the first \p num cores the limits that they had. */
static void
cpufreq_give_back(uint32_t num)
{
	uint32_t i;

	for (i = 0; i < num; i++) {
		if (write_max(g_cpufreq.cores[i].lcore, g_cpufreq.cores[i].before_khz) != 0) {
			SPDK_ERRLOG("Core %u keeps its speed limit of %u kHz: give it back by hand "
			            "(%u)\n",
			            g_cpufreq.cores[i].lcore,
			            g_cpufreq.cores[i].khz[g_cpufreq.cores[i].at],
			            g_cpufreq.cores[i].before_khz);
		}
	}
	free(g_cpufreq.cores);
	g_cpufreq.cores = NULL;
	g_cpufreq.num_cores = 0;
}

static int
cpufreq_init(void)
{
	uint32_t lcore, num = 0;
	int rc;

	g_cpufreq.cores = calloc(spdk_env_get_core_count(), sizeof(g_cpufreq.cores[0]));
	if (g_cpufreq.cores == NULL) {
		return -ENOMEM;
	}
	SPDK_ENV_FOREACH_CORE(lcore) {
		rc = core_init(&g_cpufreq.cores[num], lcore);
		if (rc != 0) {
			SPDK_INFOLOG(scheduler, "The speed of core %u can't be set: %s\n", lcore,
			             strerror(-rc));
			cpufreq_give_back(0);
			return rc;
		}
		num++;
	}
	g_cpufreq.num_cores = num;
	return 0;
}

static void
cpufreq_deinit(void)
{
	cpufreq_give_back(g_cpufreq.num_cores);
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
